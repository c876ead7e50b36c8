// How a subscriber's pictures are made: every change is shown at once on a recent picture.

import { $, api, send } from './lib.js';

const form = $('#order');
const making = $('#making');
const made = $('#made');
const wait = 400; // milliseconds without a change before it is tried
let turn = 0; // the last question put to the site; older answers count no more
let timer;

form.classList.add('scripted');

/** What the form asks for, as the preview's address. */
function asked() {
  const query = new URLSearchParams(new FormData(form));
  for (const name of ['_csrf', 'png']) query.delete(name);
  return query;
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Says why there is no picture, or nothing. */
function complain(words) {
  $('#cant').textContent = words;
  $('#cant').hidden = !words;
  made.hidden = Boolean(words);
  if (words) $('#named').textContent = $('#sized').textContent = '';
}

function tell(answer) {
  complain(answer.error ?? '');
  $('#beside').hidden = !answer.sidecar || Boolean(answer.error);
  $('#untouched').hidden = !answer.untouched || Boolean(answer.error);
  if (answer.error) return;
  $('#named').textContent = answer.name;
  $('#sized').textContent = `${answer.width} × ${answer.height} · ${size(answer.bytes)}`;
  $('#sidecar').textContent = answer.sidecar;
  if (made.getAttribute('src') === answer.source) return;
  made.width = answer.width;
  made.height = answer.height;
  made.src = answer.source;
}

async function show() {
  turn += 1;
  const mine = turn;
  making.classList.add('busy');
  let answer;
  try {
    answer = await api('GET', `${form.dataset.try}?${asked()}`);
  } catch (problem) {
    answer = { error: problem.message };
  }
  if (mine !== turn) return;
  tell(answer);
  if (made.complete || made.hidden) making.classList.remove('busy');
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(show, wait);
}

/** Keeps a PNG as soon as it was chosen, so that it can be seen before the order is saved. */
async function upload() {
  const file = $('#png').files[0];
  if (!file) return;
  const data = new FormData();
  data.set('png', file);
  try {
    const { image } = await send(form.dataset.mark, data, () => {});
    form.elements.mark_image.value = image;
    $('#png').value = '';
    $('.only-image small').textContent = 'It is kept; another one replaces it.';
    if (made) await show();
  } catch (problem) {
    if (made) complain(problem.message);
  }
}

$('#png').addEventListener('change', upload);
if (made) {
  made.addEventListener('load', () => making.classList.remove('busy'));
  made.addEventListener('error', () => making.classList.remove('busy'));
  form.addEventListener('input', (event) => { if (event.target.id !== 'png') later(); });
}
