// What every page has: local times, questions before something can't be undone, and
// buttons that copy.

import { localise } from './lib.js';

document.addEventListener('submit', (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Press Ctrl+C'; // the field is selected; only the clipboard is closed to us
  }
});

for (const el of document.querySelectorAll('[data-js]')) el.hidden = false;
localise();
