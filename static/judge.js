// Judging: one frame at a time, by keyboard or touch. The answers go out together;
// without this script the page is a form that does the same.

import { $, api } from './lib.js';

const page = $('#judge');
if (page) new Judge(page).start();

function Judge(form) {
  const frames = [...form.querySelectorAll('.one')];
  const strip = $('#strip');
  let at = 0;
  let sending = false;

  const answer = (frame) => frame.querySelector('input[type=radio]:checked');
  const answered = () => frames.filter(answer);

  function show(i, focus = true) {
    at = Math.min(Math.max(i, 0), frames.length - 1);
    frames.forEach((frame, n) => { frame.hidden = n !== at; });
    for (const [n, item] of [...strip.children].entries()) {
      if (n === at) item.firstChild.setAttribute('aria-current', 'true'); else item.firstChild.removeAttribute('aria-current');
      if (n === at) strip.scrollLeft = item.offsetLeft - strip.offsetLeft - strip.clientWidth / 2; // scrollIntoView would move the page too
    }
    const next = frames[at + 1]?.querySelector('img.fill');
    if (next) next.loading = 'eager'; // ready when it is its turn
    if (focus) (answer(frames[at]) ?? frames[at].querySelector('input[type=radio]')).focus({ preventScroll: true });
  }

  function mark() {
    const done = answered().length;
    $('#progress').value = done;
    $('#tally').textContent = `${done} of ${frames.length}`;
    $('#send').disabled = done === 0 || sending;
    $('#send').textContent = sending ? 'Sending …' : `Send ${done} ${done === 1 ? 'answer' : 'answers'}`;
    for (const [n, item] of [...strip.children].entries()) {
      const given = answer(frames[n]);
      item.querySelector('span')?.remove();
      if (!given) continue;
      const sign = document.createElement('span');
      sign.textContent = given.dataset.key;
      sign.classList.toggle('no', Boolean(given.closest('.no')));
      item.firstChild.append(sign);
    }
  }

  /** Goes on to the next frame without an answer, or to the button when there is none. */
  function onward() {
    const order = [...frames.keys()].map((n) => (at + 1 + n) % frames.length);
    const next = order.find((n) => !answer(frames[n]));
    if (next === undefined) {
      $('#say').textContent = 'All are answered. Press Enter to send.';
      $('#send').focus({ preventScroll: true });
    } else {
      show(next);
    }
  }

  function chosen(event) {
    if (event.target.type !== 'radio') return;
    mark();
    $('#say').textContent = event.target.closest('label').textContent.trim();
    onward();
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || sending) return;
    const name = event.key.toUpperCase();
    const input = frames[at].querySelector(`input[data-key="${CSS.escape(name)}"]`);
    const lift = frames[at].querySelector('.lift input');
    if (name === 'S' && lift) lift.click();
    else if (name === 'ARROWRIGHT') show(at + 1);
    else if (name === 'ARROWLEFT') show(at - 1);
    else if (name === 'ENTER' && !event.target.closest('button, a, summary')) form.requestSubmit();
    else if (input) {
      input.checked = true;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    } else return;
    event.preventDefault();
  }

  function judgment(frame) {
    const value = answer(frame).value;
    const likeness = Number(value) || 0;
    return { frame: frame.dataset.frame, nudity: value === 'nudity', trying: value !== 'nobody', likeness };
  }

  async function send(event) {
    event.preventDefault();
    if (sending || answered().length === 0) return;
    sending = true;
    mark();
    $('#alert').hidden = true;
    try {
      const { accepted, wrong } = await api('POST', '/api/v1/judgments', { judgments: answered().map(judgment) });
      if (wrong.length > 0) explain(accepted, wrong);
      else location.reload();
    } catch (err) {
      sending = false;
      mark();
      $('#alert').textContent = `${err.message} Your answers are still here.`;
      $('#alert').hidden = false;
    }
  }

  /** Shows what was answered wrong of what the site knew, before the next page. */
  function explain(accepted, wrong) {
    $('#judged-words').textContent = `${accepted} ${accepted === 1 ? 'answer is' : 'answers are'} in. Of ${wrong.length === 1 ? 'this one' : 'these'} we knew the answer:`;
    $('#wrongs').replaceChildren(...wrong.map(explanation));
    document.removeEventListener('keydown', key);
    form.hidden = true;
    $('#judged').hidden = false;
    $('#go-on').focus(); // Enter goes on
    scrollTo(0, 0);
  }

  function explanation({ frame, said, right, reason }) {
    const item = document.createElement('li');
    item.className = 'panel';
    const pictures = frames.find((f) => f.dataset.frame === frame).querySelector('.pair').cloneNode(true);
    for (const image of pictures.querySelectorAll('img')) image.loading = 'eager';
    const words = document.createElement('p');
    words.append('You said ', bold(said), '; it is ', bold(right), '.');
    const why = document.createElement('p');
    why.className = 'lead';
    why.textContent = reason;
    item.append(pictures, words, why);
    return item;
  }

  function bold(text) {
    const b = document.createElement('b');
    b.textContent = text;
    return b;
  }

  function thumb(frame, n) {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-label', `Frame ${n + 1}`);
    const image = document.createElement('img');
    image.src = frame.dataset.thumb;
    image.alt = '';
    if (frame.querySelector('.lift')) image.className = 'veiled';
    button.append(image);
    button.addEventListener('click', () => show(n));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }

  this.start = () => {
    strip.replaceChildren(...frames.map(thumb));
    form.reset(); // browsers keep a form's answers over a reload; these went out already
    form.addEventListener('change', chosen);
    form.addEventListener('submit', send);
    document.addEventListener('keydown', key);
    mark();
    show(0, false);
  };
}
