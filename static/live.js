// Pages whose numbers move: every few seconds the page is asked for anew, and what is
// marked data-live takes over what changed. Nothing is asked while nobody looks.

import { localise } from './lib.js';

const every = 5000; // milliseconds
const most = 60_000; // between two tries while the site can't be reached
let wait = every;
let timer;
const shown = new Map(); // what each part took over last

/** Takes over the parts that changed, except one that somebody is working in. */
function take(fresh) {
  for (const el of document.querySelectorAll('[data-live]')) {
    const now = fresh.getElementById(el.id);
    if (!now || el.contains(document.activeElement)) continue;
    if (now.innerHTML === shown.get(el)) continue;
    shown.set(el, now.innerHTML);
    el.replaceChildren(...document.importNode(now, true).childNodes);
    localise(el);
  }
}

async function look() {
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'error' });
    if (!response.ok) throw new Error(response.statusText);
    take(new DOMParser().parseFromString(await response.text(), 'text/html'));
    wait = every;
  } catch {
    wait = Math.min(wait * 2, most);
  }
  next();
}

function next() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, wait);
}

document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : look()));
next();
