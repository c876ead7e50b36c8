// The form of a destination: help for the kind of address that is being typed, and a
// button for each kind that begins one.

import { $ } from './lib.js';

const form = $('#destination');
const url = form.elements.url;
const family = { ftps: 'ftpes', http: 'https' }; // whose help is the same

function show() {
  const typed = url.value.split(':', 1)[0].toLowerCase();
  const scheme = family[typed] ?? typed;
  for (const el of form.querySelectorAll('[data-help]')) el.hidden = el.dataset.help !== scheme;
  for (const el of form.querySelectorAll('[data-scheme]')) el.setAttribute('aria-pressed', el.dataset.scheme === scheme);
}

for (const button of form.querySelectorAll('[data-scheme]')) {
  button.addEventListener('click', () => {
    if (url.value === '' || url.value === url.dataset.like) {
      url.value = button.dataset.like;
      url.dataset.like = button.dataset.like;
    } else {
      url.value = url.value.replace(/^[a-z0-9]*:\/\/|^/i, `${button.dataset.scheme}://`);
    }
    url.focus();
    show();
  });
}
url.addEventListener('input', show);
show();

const secret = form.elements.secret;
secret.addEventListener('input', () => { secret.rows = Math.min(12, secret.value.split('\n').length); });
