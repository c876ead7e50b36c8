// What several pages' scripts share. Importing it does nothing by itself.

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const steps = [['day', 86400], ['hour', 3600], ['minute', 60]];

/** Finds the one element of a selector. */
export const $ = (selector, root = document) => root.querySelector(selector);

/** Words a moment as "12 minutes ago", or as a local date when it is over a week away. */
export function ago(date, now = Date.now()) {
  const seconds = (date - now) / 1000;
  if (Math.abs(seconds) > 7 * 86400) return date.toLocaleDateString(undefined, { dateStyle: 'medium' });
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return 'just now';
}

/** Rewrites the <time> elements under root in the visitor's own words and time zone. */
export function localise(root = document) {
  for (const el of root.querySelectorAll('time[datetime]')) {
    const date = new Date(el.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    el.title = date.toLocaleString();
    el.textContent = el.hasAttribute('data-exact')
      ? date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }) : ago(date);
  }
}

/** Words a time of the clip, in seconds, as 1:07.3. */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`;
}

/** The token without which the site takes no change from a page. */
export const csrf = () => $('meta[name=csrf]')?.content ?? '';

/** Makes an Error of an answer that wasn't a success; status 0 means that none came. */
export function problem(status, answer, after) {
  const words = status === 0 ? 'The site can’t be reached. Please check your connection.' : `Something went wrong (${status}).`;
  return Object.assign(new Error(answer?.detail || words), { status, code: answer?.code ?? '', after: Number(after) || 0 });
}

/** Reads JSON; null where it isn't any. */
export function parse(text) {
  try { return JSON.parse(text); } catch { return null; }
}

/** Asks the API; gives the JSON it answers (null for none), or throws a problem. */
export async function api(method, url, body, options = {}) {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': csrf() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response, text;
  try {
    response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), ...options });
    text = await response.text();
  } catch {
    throw problem(0);
  }
  if (!response.ok) throw problem(response.status, parse(text), response.headers.get('Retry-After'));
  return parse(text);
}

/** Sends a form with XMLHttpRequest, which alone tells how much of it has gone out (0 to 1). */
export function send(url, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF-Token', csrf());
    request.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
    request.onload = () => {
      const answer = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(answer);
      else reject(problem(request.status, answer, request.getResponseHeader('Retry-After')));
    };
    request.onerror = request.onabort = request.ontimeout = () => reject(problem(0));
    request.send(form);
  });
}
