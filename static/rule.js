// The editor of a rule: a form of alternatives and terms, and the text, each made of the
// other by the site, so that both always mean the same; and a trial on past pictures.

import { $, api } from './lib.js';

const text = $('#text');
const builder = $('#builder');
const problem = $('#problem');
const wait = 350; // milliseconds without a key before what was typed is read

/** The operators in words, each with its negation. */
const words = {
  is: ['is', 'is not'], in: ['is one of', 'is none of'], has: ['has', 'has not'], 'has any': ['has any of', 'has none of'],
  'has all': ['has all of', 'has not all of'], 'starts with': ['starts with', 'does not start with'],
  'contains word': ['contains', 'does not contain'], '<': ['is less than', 'is not less than'], '<=': ['is at most', 'is not at most'],
  '>': ['is more than', 'is not more than'], '>=': ['is at least', 'is not at least'], between: ['is between', 'is not between'],
  'newer than': ['is newer than', 'is not newer than'], within: ['is within', 'is not within'],
  'is present': ['is present', 'is not present'], 'is missing': ['is missing', 'is not missing'],
};
const many = ['in', 'has any', 'has all'];
const none = ['is present', 'is missing'];

let fields = new Map();
let clauses = [];
let turn = 0; // the last question put to the site; older answers count no more
let timer;

/** Makes an element with properties and children. */
function make(tag, props = {}, ...children) {
  const el = Object.assign(document.createElement(tag), props);
  el.append(...children);
  return el;
}

function select(label, options, value, changed) {
  const el = make('select', { ariaLabel: label });
  for (const [key, name] of options) el.append(make('option', { value: key, textContent: name, selected: key === value }));
  el.addEventListener('change', () => changed(el.value));
  return el;
}

/** An input for one value; what is known of the field's values is offered. */
function input(term, i, label, extra = '') {
  const field = fields.get(term.field);
  const el = make('input', { value: term.values[i] ?? '', ariaLabel: label, className: extra, maxLength: 200, autocomplete: 'off' });
  if (field.type === 'number' || extra === 'short') el.inputMode = 'decimal';
  if (field.type === 'date' && term.op !== 'newer than') el.placeholder = '2026-03-31';
  if (field.values.length && !extra) el.setAttribute('list', `values-${term.field}`);
  el.addEventListener('input', () => { term.values[i] = el.value; later(fromForm); });
  return el;
}

function values(term) {
  const box = make('div', { className: 'values' });
  const label = `value of ${fields.get(term.field).label}`;
  if (none.includes(term.op)) return box;
  if (term.op === 'newer than') {
    const units = ['minutes', 'hours', 'days', 'weeks', 'months', 'years'];
    const unit = `${(term.values[1] ?? 'days').replace(/s$/, '')}s`;
    box.append(input(term, 0, 'how many', 'short'), select('unit of time', units.map((u) => [u, u]), unit, (u) => { term.values[1] = u; fromForm(); }));
    term.values[1] ??= 'days';
    return box;
  }
  if (term.op === 'within') {
    box.append(input(term, 0, 'kilometres', 'short'), make('span', { textContent: 'km of' }), input(term, 1, 'latitude', 'short'), make('span', { textContent: ',' }), input(term, 2, 'longitude', 'short'));
    return box;
  }
  if (term.op === 'between') {
    box.append(input(term, 0, `least ${label}`), make('span', { textContent: 'and' }), input(term, 1, `greatest ${label}`));
    return box;
  }
  const count = many.includes(term.op) ? Math.max(1, term.values.length) : 1;
  for (let i = 0; i < count; i += 1) box.append(input(term, i, label));
  if (many.includes(term.op)) {
    const more = make('button', { type: 'button', className: 'tool', textContent: '+', ariaLabel: `one more ${label}`, title: 'One more value' });
    more.addEventListener('click', () => { term.values.push(''); draw(term, term.values.length - 1); });
    box.append(more);
  }
  return box;
}

function row(clause, term) {
  const el = make('div', { className: 'term' });
  const field = fields.get(term.field);
  const names = [...fields.values()].map((f) => [f.field, f.label]);
  const ops = field.ops.flatMap((op) => [[op, words[op][0]], [`not ${op}`, words[op][1]]]);
  el.append(select('field', names, term.field, (name) => {
    const next = fields.get(name);
    if (next.type !== field.type || !next.ops.includes(term.op)) Object.assign(term, { op: next.ops[0], values: [] });
    Object.assign(term, { field: name });
    draw(term, 0);
    fromForm();
  }), select('operator', ops, `${term.not ? 'not ' : ''}${term.op}`, (key) => {
    const not = key.startsWith('not ');
    const op = not ? key.slice(4) : key;
    const shape = (o) => (none.includes(o) ? 0 : ({ between: 2, 'newer than': 3, within: 4 })[o] ?? 1);
    if (shape(op) !== shape(term.op)) term.values = [];
    else if (!many.includes(op) && shape(op) === 1) term.values.length = Math.min(1, term.values.length);
    Object.assign(term, { op, not });
    draw(term, 0);
    fromForm();
  }), values(term));
  const away = make('button', { type: 'button', className: 'tool', textContent: '×', ariaLabel: `remove the term about ${field.label}`, title: 'Remove the term' });
  away.addEventListener('click', () => {
    clause.splice(clause.indexOf(term), 1);
    clauses = clauses.filter((c) => c.length);
    if (!clauses.length) clauses = [[blank()]];
    draw(clauses[0][0], 0);
    fromForm();
  });
  el.append(away);
  return el;
}

const blank = () => ({ field: 'keyword', op: 'is', not: false, values: [] });

/** Draws the form; the focus goes to a value of the term, where one is named. */
function draw(focused, at) {
  const parts = [];
  let goal;
  clauses.forEach((clause, n) => {
    if (n) parts.push(make('p', { className: 'either', textContent: 'or' }));
    const box = make('fieldset', { className: 'clause' }, make('legend', { textContent: clauses.length > 1 ? `pictures, ${n + 1} of ${clauses.length}` : 'pictures whose' }));
    for (const term of clause) {
      const el = row(clause, term);
      if (term === focused) goal = el.querySelectorAll('.values input')[at] ?? $('select', el);
      box.append(el);
    }
    const more = make('button', { type: 'button', className: 'link', textContent: '+ and …' });
    more.addEventListener('click', () => { const t = blank(); clause.push(t); draw(t, 0); });
    box.append(more);
    parts.push(box);
  });
  const other = make('button', { type: 'button', className: 'btn slim ghost', textContent: 'or …' });
  other.addEventListener('click', () => { const t = blank(); clauses.push([t]); draw(t, 0); });
  builder.replaceChildren(...parts, make('p', { className: 'or' }, other));
  goal?.focus();
}

function later(f) {
  clearTimeout(timer);
  timer = setTimeout(f, wait);
}

function say(words, fine = false) {
  problem.textContent = words;
  problem.classList.toggle('fine', fine);
}

/** Asks the site for both forms of a rule; undefined where something newer was asked since. */
async function read(rule) {
  clearTimeout(timer);
  const mine = turn += 1;
  try {
    const both = await api('POST', '/api/v1/rules/read', rule);
    if (mine !== turn) return undefined;
    say('The rule can be read.', true);
    return both;
  } catch (err) {
    if (mine === turn) say(err.message);
    return undefined;
  }
}

const filled = () => clauses.map((c) => c.map((t) => ({ ...t, values: t.values.filter((v) => v.trim() !== '') })));

async function fromForm() {
  const both = await read({ clauses: filled() });
  if (both) text.value = both.text;
}

async function fromText() {
  if (!text.value.trim()) { turn += 1; say(''); return; }
  const both = await read({ text: text.value });
  if (!both) return;
  clauses = both.clauses.map((c) => c.map((t) => ({ not: false, values: [], ...t })));
  draw();
}

/** Makes a picture with why it matched or not. */
function shown(m) {
  const thumb = m.thumb_url ? make('img', { src: new URL(m.thumb_url).pathname, alt: '', loading: 'lazy', width: 160, height: 107 }) : '';
  return make('li', {}, make('figure', {}, thumb, make('figcaption', {}, make('b', { textContent: m.caption }), m.why)));
}

/** Shows what the rule would have matched. */
async function tryIt() {
  const button = $('#try');
  button.disabled = true;
  $('#tried').textContent = 'Looking …';
  try {
    const since = new Date(Date.now() - Number($('#days').value) * 86400e3).toISOString();
    const t = await api('POST', '/api/v1/rules/try', { rule: text.value, since });
    const perDay = t.per_day >= 10 ? Math.round(t.per_day) : t.per_day.toFixed(1);
    $('#tried').textContent = t.looked === 0 ? 'No picture was accepted in that time.'
      : `${t.matched} of ${t.looked} ${t.looked === 1 ? 'picture' : 'pictures'} matched: expect about ${perDay} a day.${t.all ? '' : ' Only the newest pictures were looked at.'}`;
    $('#found').replaceChildren(...t.items.map(shown));
    $('#others').replaceChildren(...t.others.map(shown));
    $('#not').hidden = t.others.length === 0;
  } catch (err) {
    $('#tried').textContent = err.message;
    $('#found').replaceChildren();
  } finally {
    button.disabled = false;
  }
}

const answer = await api('GET', '/api/v1/rules/fields');
fields = new Map(answer.items.map((f) => [f.field, f]));
for (const f of fields.values()) {
  if (!f.values.length) continue;
  document.body.append(make('datalist', { id: `values-${f.field}` }, ...f.values.map((v) => make('option', { value: v.name, label: (v.codes ?? []).join(' ') }))));
}
text.addEventListener('input', () => later(fromText));
$('#try').addEventListener('click', tryIt);
$('#rule').addEventListener('keydown', (event) => { // Enter in a value doesn't send the rule away
  if (event.key === 'Enter' && event.target.matches('#builder input')) { event.preventDefault(); fromForm(); }
});
const wrong = problem.textContent;
clauses = [[blank()]];
draw();
builder.hidden = false;
$('#trial').hidden = false;
if (text.value.trim()) await fromText();
if (wrong) say(wrong);
builder.dataset.ready = 'true';
