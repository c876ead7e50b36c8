// The home page: the clip stands at the moment that was asked for, and the map of the
// slots lets a visitor pick one.

import { $, api, clock } from './lib.js';

const video = $('#clip');
const holes = $('#holes');

if (video?.dataset.at > 0) stand(video, Number(video.dataset.at));
if (holes) new Holes(holes, video).start();

/** Shows the clip's picture at the second; the first press on play starts a second earlier, so that it isn't missed. */
function stand(clip, at) {
  const inside = at + 0.02; // well within the frame that begins there
  const seek = () => { clip.currentTime = inside; };
  if (clip.readyState > 0) seek(); else clip.addEventListener('loadedmetadata', seek, { once: true });
  clip.addEventListener('play', () => {
    if (Math.abs(clip.currentTime - inside) < 0.1) clip.currentTime = Math.max(0, at - 1);
  }, { once: true });
}

function Holes(root, clip) {
  const canvas = $('#map');
  const field = $('#slot');
  const map = root.dataset.map;
  const paint = getComputedStyle(root);
  const colours = { x: paint.getPropertyValue('--lamp'), w: paint.getPropertyValue('--pink'), '.': paint.getPropertyValue('--ink3') };
  let grid = { columns: 1, wide: 8, high: 8 }; // cells in CSS pixels
  let places = null; // the timeline, asked for once somebody wants to know more
  let playing = 0; // number of the slot that the clip is at

  /** Finds the largest cells with which all slots fit into a strip. */
  function measure() {
    const width = canvas.clientWidth - 20; // less its border
    const most = width < 500 ? 260 : 190;
    let high = 40;
    const columns = () => Math.max(1, Math.floor(width / high));
    const rows = () => Math.ceil(map.length / columns());
    while (high > 5 && rows() * high > most) high -= 1;
    grid = { columns: columns(), wide: width / columns(), high };
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = rows() * high * scale;
    canvas.style.height = `${rows() * high + 20}px`;
    draw();
  }

  function draw() {
    const context = canvas.getContext('2d');
    const scale = devicePixelRatio || 1;
    const gap = grid.high > 12 ? 3 : 1;
    const box = (n) => [((n - 1) % grid.columns) * grid.wide, Math.floor((n - 1) / grid.columns) * grid.high, grid.wide - gap, grid.high - gap];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let n = 1; n <= map.length; n += 1) {
      context.fillStyle = colours[map[n - 1]];
      context.fillRect(...box(n));
    }
    context.lineWidth = 3;
    for (const [n, colour] of [[playing, '--paper'], [Number(field.value), '--hot']]) {
      if (!(n >= 1 && n <= map.length)) continue;
      context.strokeStyle = paint.getPropertyValue(colour);
      context.strokeRect(...box(n));
    }
  }

  const timeline = () => (places ??= api('GET', `/api/v1/clips/${encodeURIComponent(root.dataset.clip)}/timeline`).then((t) => t.items));

  function pick(event) {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - 10) / grid.wide);
    const row = Math.floor((event.clientY - box.top - 10) / grid.high);
    const n = row * grid.columns + Math.min(Math.max(column, 0), grid.columns - 1) + 1;
    if (n < 1 || n > map.length) return;
    field.value = n;
    choose();
  }

  /** Shows the pose of the slot in the field, with the frame that fills it. */
  async function choose() {
    const n = Number(field.value);
    draw();
    if (!(n >= 1 && n <= map.length)) return;
    $('#peek').hidden = false;
    $('#peek-pose').src = `/clips/${encodeURIComponent(root.dataset.clip)}/poses/${n}.jpg`;
    $('#peek-frame').hidden = true;
    const words = { x: 'filled; a newer frame can take over', w: 'somebody’s frame is waiting for its judges', '.': 'a hole' };
    $('#about').textContent = `Slot ${n}: ${words[map[n - 1]]}.`;
    let place;
    try {
      place = (await timeline()).find((p) => p.number === n);
    } catch {
      places = null; // the pose is there already; the time is asked for again with the next slot
      return;
    }
    if (!place || Number(field.value) !== n) return;
    $('#about').textContent = `Slot ${n}, at ${clock(place.start)}: ${words[map[n - 1]]}.`;
    if (place.thumb_url) {
      $('#peek-frame').src = new URL(place.thumb_url, location.href).pathname;
      $('#peek-frame').hidden = false;
    }
  }

  /** Lets the map follow the clip. */
  async function follow() {
    let all;
    try { all = await timeline(); } catch { places = null; return; }
    const now = clip.currentTime;
    let at = 0;
    for (const p of all) {
      if (p.start > now) break;
      at = p.number;
    }
    if (at !== playing) { playing = at; draw(); }
  }

  this.start = () => {
    canvas.addEventListener('click', pick);
    field.addEventListener('input', choose);
    clip?.addEventListener('timeupdate', follow);
    new ResizeObserver(measure).observe(canvas.parentElement);
    measure();
  };
}
