// The page on which a visitor shoots a frame: a slot is leased, the camera opened, a
// picture taken (or chosen), looked at and sent.
//
//   start ─► asking ─► live ─► review ─► sending ─► /m/{secret}
//              └► file ──────────┘  ◄───────┘ on any error, with the picture kept

import { $, api, csrf, problem, send } from './lib.js';

const root = $('#shoot');
const widest = 1280; // pixels: what the clip can use

if (root) new Shoot(root).listen();

function Shoot(page) {
  const lasts = Number(page.dataset.lease) * 1000;
  const [camera, pose, ghost, still, file, form] = ['#camera', '#pose', '#ghost', '#still', '#file', '#form'].map((id) => $(id));
  let step = 'start';
  let slot = Number(page.dataset.slot) || 0; // the one asked for, then the one held
  let lease = null; // {token, ends}: ends by performance.now(), which no wrong clock disturbs
  let taking = null; // the request for a lease that is under way
  let picture = null; // {blob, origin, url}
  let stream = null;
  let counting = null; // ends the countdown
  let touched = performance.now();
  let seen = performance.now();

  function go(to) {
    step = page.dataset.step = to;
    for (const el of page.querySelectorAll('[data-on]')) el.hidden = !el.dataset.on.split(' ').includes(to);
    const flip = to === 'live' && mirrored();
    for (const el of [$('#mirror'), pose]) el.classList.toggle('mirrored', flip);
    $('#flipped').hidden = !flip;
    if (to !== 'live') $('#turn').hidden = true;
  }

  function say(text) { $('#say').textContent = text; }

  /** Shows a sentence; soft ones are news rather than trouble. No text takes it away. */
  function tell(text, soft = false) {
    const box = $('#alert');
    box.textContent = text ?? '';
    box.classList.toggle('soft', soft);
    box.hidden = !text;
    if (text) box.scrollIntoView({ block: 'nearest' });
  }

  // ── the lease ──

  /** Gives a lease that still runs, taking the slot again where it has run out. moved: it is another slot. */
  async function hold() {
    if (lease && performance.now() < lease.ends) return { moved: false };
    taking ??= take().finally(() => { taking = null; });
    return taking;
  }

  async function take() {
    const wanted = slot;
    let got;
    try {
      got = await ask(wanted);
    } catch (err) {
      if (!wanted || !['slot_taken', 'no_slot'].includes(err.code)) throw err;
      got = await ask(0);
    }
    keep(got);
    return { moved: wanted !== 0 && got.slot !== wanted, wanted };
  }

  const ask = (n) => api('POST', `/api/v1/clips/${encodeURIComponent(page.dataset.clip)}/leases`, n ? { slot: n } : {});

  function keep(got) {
    lease = { token: got.token, ends: performance.now() + lasts };
    slot = got.slot;
    const reference = new URL(got.reference_url, location.href);
    if (!pose.src.endsWith(reference.pathname)) pose.src = reference.pathname + reference.search;
    ghost.src = pose.src;
    pose.alt = `The pose of slot ${slot}`;
    $('#slot').textContent = `Slot ${slot}`;
    $('#timer').hidden = false;
    tick();
  }

  const moved = (wanted) => `Slot ${wanted} is in somebody else’s hands now, so here is slot ${slot} with its own pose.`;

  /** Keeps the lease while somebody is there: the page seen within two minutes, and used within a lease's time. */
  async function renew() {
    const now = performance.now();
    if (!document.hidden) seen = now;
    if (!lease || now >= lease.ends || lease.ends - now > lasts / 2) return;
    if (now - seen > 120000 || now - touched > lasts) return;
    const held = lease;
    try {
      await api('PATCH', `/api/v1/leases/${held.token}`);
      held.ends = performance.now() + lasts;
    } catch (err) {
      if (err.status === 410 || err.status === 404) held.ends = 0; // taken again when it is needed; other failures are tried again
    }
  }

  function release() {
    if (!lease) return;
    fetch(`/api/v1/leases/${lease.token}`, { method: 'DELETE', keepalive: true, headers: { 'X-CSRF-Token': csrf(), Accept: 'application/json' } })
      .catch(() => {}); // the page is leaving: the slot comes back by itself when its time runs out
    lease = null;
  }

  function tick() {
    if (!lease) return;
    const s = Math.max(0, Math.ceil((lease.ends - performance.now()) / 1000));
    $('#left').textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
    if (s === 60) say('One minute left for this slot.');
  }

  /** Notes that somebody is there, and takes the slot again where it has run out meanwhile. */
  function touch() {
    touched = performance.now();
    if (!lease || touched < lease.ends || step === 'sending') return;
    hold().then((h) => h.moved && tell(moved(h.wanted), true)).catch(() => {}); // sending asks again, and tells
  }

  // ── the camera ──

  const troubles = {
    Insecure: 'Browsers open the camera only on secure (https) pages, and this one isn’t. You can choose a picture instead.',
    NotAllowedError: 'This page isn’t allowed to use your camera. Allow it with the camera sign near the address bar and try again, or choose a picture.',
    NotFoundError: 'No camera was found. Plug one in and try again, or choose a picture.',
    NotReadableError: 'Your camera is busy: another program may be using it. Close that one and try again, or choose a picture.',
    OverconstrainedError: 'Your camera can’t do what we asked of it. Try again, or choose a picture.',
    AbortError: 'Your camera stopped. Try again, or choose a picture.',
    InvalidStateError: 'Your browser wasn’t ready for the camera. Try again, or choose a picture.',
    SecurityError: 'The camera is switched off for this page. You can choose a picture instead.',
    TypeError: 'Your browser doesn’t open its camera for this page. You can choose a picture instead.',
  };

  async function open(device) {
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error('no camera API'), { name: isSecureContext ? 'TypeError' : 'Insecure' });
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(device ? { deviceId: { ideal: device } } : { facingMode: 'user' }) };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: false, video });
    } catch (err) {
      if (err.name !== 'OverconstrainedError') throw err;
      return navigator.mediaDevices.getUserMedia({ audio: false, video: true });
    }
  }

  function close() {
    counting?.();
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = camera.srcObject = null;
  }

  const mirrored = () => stream?.getVideoTracks()[0]?.getSettings().facingMode !== 'environment';

  /** Takes a lease and opens the camera, both from the visitor's tap. */
  async function start(device) {
    tell();
    go('asking');
    const hint = setTimeout(() => { $('#hint').hidden = false; }, 5000); // a question that is ignored never settles
    const [held, opened] = await Promise.allSettled([hold(), open(device)]);
    clearTimeout(hint);
    $('#hint').hidden = true;
    if (step !== 'asking') { // a picture was chosen meanwhile
      for (const track of opened.value?.getTracks() ?? []) track.stop();
      return;
    }
    if (opened.value) stream = opened.value;
    if (held.reason) {
      close();
      go('start');
      return tell(held.reason.message);
    }
    const news = held.value.moved ? moved(held.value.wanted) : '';
    if (opened.reason) return lacking(opened.reason, news);
    tell(news, true);
    await show();
  }

  /** Offers the file instead, and says why; news is what there was to say besides. */
  function lacking(err, news = '') {
    go('file');
    tell(`${troubles[err.name] ?? `The camera can’t be opened (${err.name}). Try again, or choose a picture.`} ${news}`);
    $('#nocamera [data-choose]').focus({ preventScroll: true });
  }

  async function show() {
    camera.srcObject = stream;
    try {
      await camera.play();
    } catch (err) {
      if (err.name !== 'AbortError') return lacking(err); // another start came in between
    }
    stream.getVideoTracks()[0].addEventListener('ended', () => step === 'live' && lacking({ name: 'AbortError' }));
    go('live');
    $('#turn').hidden = !(camera.videoHeight > camera.videoWidth && pose.naturalWidth > pose.naturalHeight);
    $('#shoot-it').focus({ preventScroll: true });
    await choices();
  }

  /** Offers the cameras where there are several; their names are known only after permission. */
  async function choices() {
    const all = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === 'videoinput');
    const now = stream?.getVideoTracks()[0]?.getSettings().deviceId;
    $('#cameras').replaceChildren(...all.map((d, i) => new Option(d.label || `Camera ${i + 1}`, d.deviceId, false, d.deviceId === now)));
    $('#cameras-label').hidden = all.length < 2;
  }

  // ── the picture ──

  /** Counts down, then takes the picture; pressed again, it stops counting. */
  function count() {
    if (counting) return counting();
    let n = Number($('#timer-length').value);
    const button = $('#shoot-it');
    const words = button.innerHTML;
    const shown = $('#count');
    const end = () => { clearInterval(timer); counting = null; shown.hidden = true; button.innerHTML = words; };
    const beat = () => {
      if (n === 0) { end(); return capture(); }
      shown.textContent = n;
      say(String(n));
      n -= 1;
    };
    button.textContent = 'Stop';
    shown.hidden = false;
    const timer = setInterval(beat, 1000);
    counting = () => { end(); say('Stopped.'); };
    beat();
  }

  /** Draws what the camera sees now, unmirrored, at most 1280 pixels wide. */
  async function capture() {
    const blob = await draw(camera, camera.videoWidth, camera.videoHeight);
    if (!blob) return tell('Your camera gave no picture. Please try again.');
    const flash = $('#you').appendChild(Object.assign(document.createElement('div'), { className: 'white' }));
    setTimeout(() => flash.remove(), 400);
    say('Photo taken.');
    close();
    review(blob, 'webcam');
  }

  function draw(image, width, height) {
    const scale = Math.min(1, widest / width);
    const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(width * scale), height: Math.round(height * scale) });
    if (!canvas.width || !canvas.height) return null;
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.92); });
  }

  /** Takes a chosen file: scaled here, upright and without metadata, or as it is where the browser can't read it. */
  async function choose() {
    const chosen = file.files[0];
    file.value = '';
    if (!chosen) return;
    tell();
    close();
    review(await shrink(chosen) ?? chosen, 'upload');
    try {
      const held = await hold();
      if (held.moved) tell(moved(held.wanted), true);
    } catch (err) {
      tell(err.message); // the picture stays; sending asks for a slot again
    }
  }

  async function shrink(chosen) {
    try {
      const bitmap = await createImageBitmap(chosen, { imageOrientation: 'from-image' });
      return await draw(bitmap, bitmap.width, bitmap.height);
    } catch {
      return null; // not an image to this browser: the site will say what it thinks of it
    }
  }

  function review(blob, origin) {
    if (picture) URL.revokeObjectURL(picture.url);
    picture = { blob, origin, url: URL.createObjectURL(blob) };
    still.src = picture.url;
    go('review');
    form.focus({ preventScroll: true });
    $('#you').scrollIntoView({ block: 'nearest' });
  }

  async function retake() {
    tell();
    if (picture.origin === 'upload') return file.click();
    await start();
  }

  // ── sending ──

  async function submit(event) {
    event.preventDefault();
    if (step !== 'review') return;
    tell();
    go('sending');
    try {
      const receipt = await deliver(2);
      if (!receipt) return;
      lease = null;
      location.assign(new URL(receipt.manage_url, location.href).pathname);
    } catch (err) {
      go('review');
      tell(trouble(err));
    }
  }

  /** Sends the picture, taking the slot again up to tries times where it was lost; null where that made another slot of it. */
  async function deliver(tries) {
    const held = await hold();
    if (held.moved) {
      go('review');
      tell(`${moved(held.wanted)} Your picture is kept: send it for this slot, or retake it.`, true);
      return null;
    }
    const body = new FormData();
    body.append('name', $('#name').value.trim());
    body.append('consent', String($('#consent').checked));
    body.append('origin', picture.origin);
    body.append('photo', picture.blob, 'frame.jpg');
    const bar = $('#sent');
    bar.value = 0;
    try {
      return await send(`/api/v1/leases/${lease.token}/frame`, body, (share) => {
        bar.value = share;
        $('#going').textContent = share < 1 ? `Sending … ${Math.round(share * 100)} %` : 'Sent. Waiting for the answer …';
      });
    } catch (err) {
      if (tries === 0 || (err.status !== 410 && err.status !== 404)) throw err;
      lease = null;
      return deliver(tries - 1);
    }
  }

  function trouble(err) {
    if (err.code === 'lease_used') return err.message;
    const again = err.after ? ` Try again in ${err.after} seconds.` : '';
    return `${err.message}${again} Your picture is still here.`;
  }

  function leave() {
    release();
    close();
  }

  /** A page that comes back from the browser's memory finds its slot, and its camera, again. */
  function back(event) {
    if (!event.persisted) return;
    if (step === 'live' || step === 'asking') start();
    else if (step !== 'start') hold().catch((err) => tell(err.message));
  }

  this.listen = () => {
    $('#start').addEventListener('click', () => start());
    $('#retry').addEventListener('click', () => start());
    $('#shoot-it').addEventListener('click', count);
    $('#retake').addEventListener('click', retake);
    $('#cameras').addEventListener('change', (e) => { close(); start(e.target.value); });
    $('#onion').addEventListener('input', (e) => { ghost.style.opacity = e.target.value / 100; });
    ghost.style.opacity = 0;
    for (const button of page.querySelectorAll('[data-choose]')) {
      button.addEventListener('click', () => file.click());
      button.hidden = false;
    }
    file.addEventListener('change', choose);
    form.addEventListener('submit', submit);
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, touch);
    document.addEventListener('visibilitychange', () => { seen = performance.now(); });
    addEventListener('pagehide', leave);
    addEventListener('pageshow', back);
    setInterval(tick, 1000);
    setInterval(renew, 10000);
    $('#start').hidden = false; // now that it does something
  };
}
