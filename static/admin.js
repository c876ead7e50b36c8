// The team's pages: a video goes up with a progress bar, and imports and renders show
// how far they are.

import { $, api, send } from './lib.js';

const every = 1500; // milliseconds between two looks at something under way

for (const el of document.querySelectorAll('[data-import]')) watch(el, `/api/v1/imports/${el.dataset.import}`);
for (const el of document.querySelectorAll('[data-render]')) watch(el, `/api/v1/renders/${el.dataset.render}`);

/** Says how long something still takes, where that can be told. */
function timeLeft(seconds) {
  if (seconds === null || seconds === undefined) return '';
  if (seconds < 90) return ` · ${seconds} s left`;
  return ` · ${Math.round(seconds / 60)} min left`;
}

/** Shows how far an import or a render is, and loads the page again when it has ended. */
async function watch(el, url) {
  while (['queued', 'running'].includes(el.dataset.state)) {
    await new Promise((resolve) => { setTimeout(resolve, every); });
    let now;
    try {
      now = await api('GET', url);
    } catch (err) {
      if (err.status === 404) return location.reload();
      continue; // out of reach, or busy: looked at again
    }
    const bar = $('progress', el);
    if (bar) bar.value = now.progress;
    const chip = $('.chip', el);
    chip.className = `chip ${now.state}`;
    chip.textContent = now.state === 'running' ? `running ${Math.floor(now.progress * 100)} %${timeLeft(now.seconds_left)}` : now.state;
    const units = $('[data-units]', el);
    if (units && now.units) units.textContent = `${now.units_encoded} encoded, ${now.units_reused} reused of ${now.units}`;
    el.dataset.state = now.state;
    if (!['queued', 'running'].includes(now.state)) return location.reload();
  }
}

const form = $('#upload');
if (form) {
  const { video: file, title, slug } = form.elements;
  const short = (text) => text.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60).replace(/^-+|-+$/g, '');
  let own = false; // the short name was typed by hand

  file.addEventListener('change', () => {
    const chosen = file.files[0];
    const large = chosen && chosen.size > Number(form.dataset.max);
    file.setCustomValidity(large ? 'This video is larger than the site takes.' : '');
    if (!chosen || title.value) return;
    title.value = chosen.name.replace(/\.[^.]*$/, '').replace(/[_-]+/g, ' ');
    if (!own) slug.value = short(title.value);
  });
  title.addEventListener('input', () => { if (!own) slug.value = short(title.value); });
  slug.addEventListener('input', () => { own = slug.value !== ''; });

  form.hidden = false; // without this script it could not send
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const words = $('#uploading-words');
    $('#alert').hidden = true;
    $('#upload-go').disabled = true;
    $('#uploading').hidden = false;
    try {
      await send(form.action, new FormData(form), (share) => {
        $('#uploaded').value = share;
        words.textContent = share < 1 ? `Uploading … ${Math.floor(share * 100)} %` : 'Uploaded. Waiting for the answer …';
      });
      location.reload(); // the import is listed at the top
    } catch (err) {
      $('#alert').textContent = err.message;
      $('#alert').hidden = false;
      $('#alert').scrollIntoView({ block: 'nearest' });
      $('#uploading').hidden = true;
      $('#upload-go').disabled = false;
    }
  });
}
