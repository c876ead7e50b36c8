// What every page has: local times, questions before something can't be undone, buttons
// that copy or tick, and pictures that move.

import { $, localise } from './lib.js';

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

// A clip's picture moves while it is looked at, unless the visitor asked for calm.
const calm = matchMedia('(prefers-reduced-motion: reduce)');
for (const type of ['pointerover', 'focusin']) {
  document.addEventListener(type, (event) => {
    const el = event.target.closest('[data-preview]');
    if (!el || calm.matches || $('.moves', el)) return;
    const moving = Object.assign(new Image(), { className: 'moves', alt: '', src: el.dataset.preview });
    (el.matches('.shot') ? el : $('.shot', el)).append(moving);
  });
}
for (const type of ['pointerout', 'focusout']) {
  document.addEventListener(type, (event) => {
    const el = event.target.closest('[data-preview]');
    if (el && !el.contains(event.relatedTarget)) $('.moves', el)?.remove();
  });
}

document.addEventListener('click', (event) => {
  const name = event.target.closest('[data-tick]')?.dataset.tick;
  if (!name) return;
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)];
  const on = boxes.some((box) => !box.checked); // all of them already: none
  for (const box of boxes) box.checked = on;
});

// On a small screen a navigation is a row that scrolls: it begins with the present entry in view.
for (const row of document.querySelectorAll('.tabs, .filters')) {
  const here = $('[aria-current]', row);
  if (here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

for (const el of document.querySelectorAll('[data-js]')) el.hidden = false;
localise();
