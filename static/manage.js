// A contributor's own page keeps itself up to date while there is something to wait for.

import { $, localise } from './lib.js';

const soon = 4000; // milliseconds while the picture is being made ready
const later = 20000;

async function look() {
  if (document.hidden) return plan();
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    const fresh = $('#status', new DOMParser().parseFromString(await answer.text(), 'text/html'));
    if (answer.ok && fresh && differs(fresh)) {
      localise(fresh);
      $('#status').replaceWith(document.adoptNode(fresh));
    }
  } catch { /* out of reach for now: asked again below */ }
  plan();
}

/** Compares without the times, which read differently every minute. */
function differs(fresh) {
  const bare = (root) => {
    const copy = root.cloneNode(true);
    for (const el of copy.querySelectorAll('time')) el.replaceChildren();
    for (const el of copy.querySelectorAll('[title]')) el.removeAttribute('title');
    return copy.innerHTML;
  };
  return bare(fresh) !== bare($('#status'));
}

function plan() {
  if ($('#status').dataset.settled === 'true') return;
  setTimeout(look, $('#status img[alt="Your picture"]') ? later : soon);
}

plan();
