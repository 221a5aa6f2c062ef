// Elements are made here and nowhere else; text is always text.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const one of children.flat()) if (one !== null && one !== undefined && one !== '') made.append(one);
  return made;
}

const CLIP = 90;
const MOST_AT_ONCE = 600;
const count = (value) => value.toLocaleString('en-US');
const link = (path, text) => el('a', { href: `#${path}` }, text);
const path = (...parts) => parts.map(encodeURIComponent).join('/');

function clip(text) {
  if (text.length <= CLIP) return text;
  return `${Array.from(text.slice(0, CLIP)).slice(0, -1).join('')}… (${count(text.length)} characters)`;
}

// The whole of a text: at once where it is short, else behind a summary that says how long it is, made when it is opened.
function whole(text) {
  if (text.length <= MOST_AT_ONCE) return text;
  const inside = el('p', { class: 'long' });
  const made = el('details', {}, el('summary', {}, clip(text)), inside);
  made.addEventListener('toggle', () => { if (!inside.firstChild) inside.append(...breakable(text)); });
  return made;
}

// Places to break in words of thousands of letters: without them a browser lays out one line for half a minute.
function breakable(text) {
  const made = [];
  for (const one of text.match(/\S{1,64}|\s+/gu) || []) {
    if (made.length) made.push(document.createElement('wbr'));
    made.push(one);
  }
  return made;
}

function status(letter) {
  const word = STATUS[letter];
  return el('span', { class: `s s-${word.toLowerCase().replaceAll(' ', '_')}` }, word);
}

function tierOf(name) {
  return el('span', { class: `tier tier-${name.replaceAll(' ', '-')}` }, name);
}

// Numbers stand to the right; days, runs and ids stay on one line.
const kindOf = (column) => (column.number ? 'n' : column.short ? 'w' : { account: 'a', reason: 'long-text', why: 'long-text' }[column.id] || null);

const PAGE = 100;
const lists = [];

// A list with search, filters, sorted columns and pages, all of whose state is in the hash under `key`.
// columns: {id, label, cell(row), sort(row), number}; filters: {id, label, options | search | check, test(value) -> (row) -> bool}
class List {
  constructor(into, spec) {
    Object.assign(this, spec);
    this.into = into;
    this.made = null;
    lists.push(this);
    this.build();
  }

  build() {
    this.inputs = new Map();
    const form = el('form', { class: 'filters', role: 'search', 'aria-label': `Filter: ${this.caption}` });
    for (const one of this.filters || []) form.append(this.field(one));
    form.append(el('p', { class: 'clear' }, this.clear = el('button', { type: 'button' }, 'Clear filters')));
    this.clear.addEventListener('click', () => { this.wipe(); });
    form.addEventListener('submit', (event) => event.preventDefault());
    this.said = el('p', { class: 'said', role: 'status', 'aria-live': 'polite' });
    this.head = el('tr', {}, this.columns.map((one) => this.heading(one)));
    this.body = el('tbody');
    this.unprinted = el('p', { class: 'print-only' });
    this.scroller = el('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': this.caption },
      el('table', {}, el('caption', {}, this.caption), el('thead', {}, this.head), this.body));
    this.pages = el('nav', { class: 'pages', 'aria-label': `Pages: ${this.caption}` });
    for (const [name, label] of [['first', 'First'], ['back', 'Previous'], ['next', 'Next'], ['last', 'Last']]) {
      const button = el('button', { type: 'button', 'data-page': name }, label);
      button.addEventListener('click', () => this.turn(name));
      this.pages.append(button);
    }
    this.into.replaceChildren(...(this.filters ? [form] : []), this.said, this.scroller, this.pages, this.unprinted);
  }

  name(id) { return this.key ? `${this.key}.${id}` : id; }

  field(one) {
    const id = `f-${this.key || 'list'}-${one.id}`;
    let input;
    if (one.options) {
      input = el('select', { id }, one.options().map(([value, label]) => el('option', { value }, clip(label))));
      input.addEventListener('change', () => this.set(one.id, input.value));
    } else if (one.check) {
      input = el('input', { id, type: 'checkbox' });
      input.addEventListener('change', () => this.set(one.id, input.checked ? 'yes' : ''));
    } else {
      input = el('input', { id, type: 'search', autocomplete: 'off', spellcheck: 'false' });
      let waiting = 0;
      input.addEventListener('input', () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.set(one.id, input.value, true), 120);
      });
    }
    this.inputs.set(one.id, input);
    return el('p', { class: one.check ? 'check' : null }, el('label', { for: id }, one.label), input);
  }

  heading(one) {
    const button = el('button', { type: 'button' }, one.label, el('span', { class: 'arrow', 'aria-hidden': 'true' }));
    button.addEventListener('click', () => {
      const [by, down] = this.order;
      this.set('sort', (by === one.id && !down ? '-' : '') + one.id);
    });
    return el('th', { scope: 'col', 'data-column': one.id, class: kindOf(one) }, button);
  }

  set(id, value, quietly) {
    change((params) => {
      if (value) params.set(this.name(id), value); else params.delete(this.name(id));
      params.delete(this.name('page'));
    }, quietly);
  }

  wipe() {
    change((params) => { for (const name of ['page', ...this.inputs.keys()]) params.delete(this.name(name)); });
  }

  turn(name) {
    const last = Math.max(1, Math.ceil(this.found.length / PAGE));
    const to = { first: 1, back: Math.max(1, this.page - 1), next: Math.min(last, this.page + 1), last }[name];
    change((params) => { if (to > 1) params.set(this.name('page'), to); else params.delete(this.name('page')); });
  }

  show(params) {
    const given = (id) => params.get(this.name(id)) || '';
    const sort = given('sort') || this.sorted;
    this.order = [sort.replace(/^-/, ''), sort.startsWith('-')];
    for (const [id, input] of this.inputs) {
      if (input.type === 'checkbox') input.checked = given(id) === 'yes';
      else if (input !== document.activeElement || input.tagName === 'SELECT') input.value = given(id);
    }
    const wanted = JSON.stringify([...this.inputs.keys()].map(given).concat(sort));
    if (this.made !== wanted) { this.find(given); this.made = wanted; }
    const last = Math.max(1, Math.ceil(this.found.length / PAGE));
    this.page = Math.min(last, Math.max(1, parseInt(given('page'), 10) || 1));
    this.fill(last);
  }

  find(given) {
    const tests = (this.filters || []).filter((one) => given(one.id)).map((one) => one.test(given(one.id)));
    const all = this.rows();
    this.all = all.length;
    const found = tests.length ? all.filter((row) => tests.every((test) => test(row))) : all.slice();
    const column = this.columns.find((one) => one.id === this.order[0]) || this.columns[0];
    this.order[0] = column.id;
    const sign = this.order[1] ? -1 : 1;
    const keyed = found.map((row, at) => [column.sort(row), at, row]);
    keyed.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1] - b[1]));
    this.found = keyed.map((one) => one[2]);
    this.narrowed = tests.length > 0;
  }

  fill(last) {
    const from = (this.page - 1) * PAGE;
    const shown = this.found.slice(from, from + PAGE);
    this.body.replaceChildren(...shown.map((row) => el('tr', {}, this.columns.map((one, at) =>
      el(at ? 'td' : 'th', { scope: at ? null : 'row', class: kindOf(one) }, one.cell(row))))));
    for (const one of this.head.children) {
      if (one.dataset.column === this.order[0]) one.setAttribute('aria-sort', this.order[1] ? 'descending' : 'ascending');
      else one.removeAttribute('aria-sort');
    }
    const rows = `${count(from + 1)} to ${count(from + shown.length)}`;
    const of = this.narrowed ? `${count(this.found.length)} of ${count(this.all)} match` : `${count(this.all)} in all`;
    this.said.textContent = shown.length ? `${of}; rows ${rows} are shown.` : this.narrowed ? `None of ${count(this.all)} match.` : this.empty;
    this.scroller.hidden = !shown.length;
    this.pages.hidden = last === 1;
    this.clear.parentElement.hidden = !this.narrowed;
    for (const one of this.pages.children) {
      const stuck = one.dataset.page === 'first' || one.dataset.page === 'back' ? this.page === 1 : this.page === last;
      one.setAttribute('aria-disabled', stuck ? 'true' : 'false');
    }
    const left = this.found.length - shown.length;
    this.unprinted.textContent = left ? `${count(left)} more rows of this list are not printed. ${this.file} holds all of them.` : '';
  }
}
