// A clip's versions: the slider shows one after the other at the same moment of the clip,
// and what is not on the disk is joined again while its progress is shown.

import { $, api, localise } from './lib.js';

const every = 1000; // milliseconds between two looks at something that is being made
const settle = 250; // milliseconds that the slider rests before the player changes

const root = $('#history');
const [slider, film, still, away, bar, form] = ['#slider', '#film', '#still', '#away', '#joined', '#join'].map((s) => $(s));
const base = `/api/v1/clips/${encodeURIComponent(root.dataset.clip)}`;
const path = (url) => { const u = new URL(url, location.href); return u.pathname + u.search; };
const known = new Map(); // version → what the API said of it
let shown = Number(root.dataset.version);
let before = root.dataset.map; // the map shown before this one, whose changes are lit
let now = before;
let resting = 0;

/** Asks for a version; of those that are ready the answer is kept. */
async function ask(n) {
  if (known.has(n)) return known.get(n);
  const v = await api('GET', `${base}/versions/${n}`);
  if (v.state === 'ready') keep(n, v);
  return v;
}

function keep(n, v) {
  if (known.size > 300) known.delete(known.keys().next().value);
  known.set(n, v);
}

/** Goes to a version: its number at once, the rest as soon as it is known. */
function go(n) {
  shown = Math.min(Math.max(n, 1), Number(slider.max));
  slider.value = shown;
  $('#number').textContent = `Version ${shown}`;
  edges();
  catchUp();
}

let told = shown; // the version whose picture and map are on the page
let asking = false;

/** Asks for the version that is wanted, one at a time however fast the slider moves. */
async function catchUp() {
  if (asking) return;
  asking = true;
  while (told !== shown) {
    const n = shown;
    told = n;
    try {
      const v = await ask(n);
      words(v);
      clearTimeout(resting);
      resting = setTimeout(() => rest(v), settle);
    } catch (err) {
      if (n !== shown) continue;
      fail(err.message);
      told = 0; // so that it is asked for again when somebody comes back to it
      break;
    }
  }
  asking = false;
}

/** Shows the version at which the slider rests. */
function rest(v) {
  if (v.version !== shown) return;
  history.replaceState(null, '', `?v=${shown}`);
  mark(shown);
  show(v);
  if (v.state === 'queued' || v.state === 'running') watch(shown);
}

function edges() {
  $('#before').disabled = shown <= 1;
  $('#after').disabled = shown >= Number(slider.max);
  slider.setAttribute('aria-valuetext', `version ${shown} of ${slider.max}`);
}

function words(v) {
  const time = document.createElement('time');
  time.dateTime = v.rendered_at;
  time.dataset.exact = '';
  $('#when').replaceChildren(time);
  localise($('#when'));
  $('#filled').textContent = [...v.map].filter((c) => c === 'x').length.toLocaleString('en');
  still.src = v.poster_url ? path(v.poster_url) : root.dataset.original;
  still.alt = `A still of version ${v.version}`;
  [before, now] = [now, v.map];
  draw();
}

/** Shows a version's film at the moment where the player is, or what can be done to have it. */
function show(v) {
  const ready = v.state === 'ready';
  root.dataset.state = v.state;
  away.hidden = ready;
  film.hidden = !ready;
  form.action = `/clips/${encodeURIComponent(root.dataset.clip)}/versions/${v.version}/join`;
  film.setAttribute('aria-label', `Version ${v.version}`);
  if (!ready) { film.pause(); tell(v); return; }
  const src = path(v.video_url);
  if (film.getAttribute('src') === src) return;
  const [at, playing] = [film.currentTime, !film.paused && !film.ended];
  if (v.poster_url) film.poster = path(v.poster_url); else film.removeAttribute('poster');
  film.src = src;
  if (at > 0) film.addEventListener('loadedmetadata', () => { film.currentTime = at; if (playing) film.play().catch(() => {}); }, { once: true });
}

/** Says how a version that has no file stands. */
function tell(v) {
  const open = v.state === 'queued' || v.state === 'running';
  const failed = v.state === 'failed';
  $('#why').textContent = failed ? 'It could not be joined again.' : open ? 'It is being joined again …' : 'The film of this version is not kept. It can be joined again.';
  $('#detail').textContent = v.error ?? '';
  $('#detail').hidden = !failed;
  bar.hidden = !open;
  bar.value = v.progress;
  form.hidden = open;
}

function fail(message) {
  $('#why').textContent = message;
  away.hidden = false;
  bar.hidden = true;
  form.hidden = false;
}

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Looks how far the version is, as long as it is the one that is shown. */
async function watch(n) {
  while (n === shown) {
    await wait(every);
    let v;
    try { v = await ask(n); } catch { continue; } // out of reach, or busy: looked at again
    if (n !== shown) return;
    if (v.state === 'queued' || v.state === 'running') { tell(v); continue; }
    show(v);
    return;
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const n = shown;
  try {
    const v = await api('POST', `${base}/versions/${n}/join`);
    if (n !== shown) return;
    show(v);
    if (v.state !== 'ready') watch(n);
  } catch (err) { if (n === shown) fail(err.message); }
});

slider.addEventListener('input', () => go(Number(slider.value)));
$('#before').addEventListener('click', () => go(shown - 1));
$('#after').addEventListener('click', () => go(shown + 1));
document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, select, textarea, video')) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) { event.preventDefault(); go(shown + step); }
});
$('#versions').addEventListener('click', (event) => {
  const link = event.target.closest('a');
  const n = link && Number(new URL(link.href).searchParams.get('v'));
  if (!n || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(n);
  root.scrollIntoView({ block: 'start' });
});

/** Marks the version in the list. */
function mark(n) {
  for (const a of document.querySelectorAll('#versions a')) {
    if (Number(new URL(a.href).searchParams.get('v')) === n) a.setAttribute('aria-current', 'true'); else a.removeAttribute('aria-current');
  }
}

const canvas = $('#map');
const paint = getComputedStyle(root);

/** Draws the slots: filled ones, holes, and what changed since the version shown before. */
function draw() {
  const width = canvas.clientWidth - 20; // less its border
  if (width <= 0 || !now.length) return;
  const most = width < 500 ? 150 : 110;
  let high = 34;
  const columns = () => Math.max(1, Math.floor(width / high));
  const rows = () => Math.ceil(now.length / columns());
  while (high > 3 && rows() * high > most) high -= 1;
  const scale = devicePixelRatio || 1;
  const wide = width / columns();
  const gap = high > 12 ? 3 : high > 5 ? 1 : 0;
  canvas.width = width * scale;
  canvas.height = rows() * high * scale;
  canvas.style.height = `${rows() * high + 20}px`;
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const [lamp, hole, fresh] = ['--lamp', '--ink3', '--hot'].map((name) => paint.getPropertyValue(name));
  for (let i = 0; i < now.length; i += 1) {
    context.fillStyle = now[i] !== before[i] ? (now[i] === 'x' ? fresh : hole) : now[i] === 'x' ? lamp : hole;
    context.fillRect((i % columns()) * wide, Math.floor(i / columns()) * high, wide - gap, high - gap);
  }
}

/** Follows the film of the growth until it is made. */
async function grow() {
  const part = $('#growth');
  while (['queued', 'running'].includes(part.dataset.state)) {
    $('#growing-words').hidden = $('#growing').hidden = false;
    if ($('#grow')) $('#grow').hidden = true;
    await wait(every);
    let g;
    try { g = await api('GET', `${base}/growth`); } catch { continue; }
    $('#growing').value = g.progress;
    part.dataset.state = g.state;
    if (!['queued', 'running'].includes(g.state)) location.reload();
  }
}

$('#grow')?.addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const g = await api('POST', `${base}/growth`);
    $('#growth').dataset.state = g.state;
    grow();
  } catch (err) {
    $('#growing-words').textContent = err.message;
    $('#growing-words').hidden = false;
  }
});

new ResizeObserver(draw).observe(canvas.parentElement);
edges();
mark(shown);
draw();
grow();
if (['queued', 'running'].includes(root.dataset.state)) watch(shown);
