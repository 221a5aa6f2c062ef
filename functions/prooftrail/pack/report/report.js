// Where one is, is in the hash and nowhere else: what is shown follows from it, so that a link or Back gives the same view.
const SECTIONS = ['summary', 'population', 'controls', 'identities', 'families', 'owners', 'history'];
const OF_PAGE = { control: 'controls', identity: 'identities', owner: 'owners', family: 'families' };
const PAGES = { identity: identityPage, owner: ownerPage, family: familyPage };
const title = document.title;
const main = document.getElementById('main');
let here = null;
let rendered = null;

function routed() {
  const [place, query] = [location.hash.slice(1).split('?', 1)[0], location.hash.split('?').slice(1).join('?')];
  const parts = place.split('/').map(plain);
  const params = new URLSearchParams(query);
  if (parts.length > 1 && parts[1] && Object.hasOwn(OF_PAGE, parts[0])) return { section: OF_PAGE[parts[0]], page: parts[0], name: parts.slice(1).join('/'), place, params };
  return { section: SECTIONS.includes(parts[0]) ? parts[0] : 'summary', page: null, name: null, place, params };
}

function plain(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

function change(edit, quietly) {
  const { place, params } = routed();
  edit(params);
  const query = params.toString();
  const to = `#${place || 'summary'}${query ? `?${query}` : ''}`;
  if (quietly) location.replace(to); else location.hash = to;
  render(); // at once: a second key must find what the first one did
}

function render() {
  if (rendered === location.hash) return;
  rendered = location.hash;
  const at = routed();
  const moved = here !== at.place;
  const first = here === null;
  for (const name of SECTIONS) document.getElementById(name).hidden = name !== at.section;
  for (const one of document.querySelectorAll('[data-nav]')) {
    if (one.dataset.nav === at.section) one.setAttribute('aria-current', 'page'); else one.removeAttribute('aria-current');
  }
  if (moved) open(at);
  for (const one of lists) if (one.into.isConnected && one.into.closest('section') === document.getElementById(at.section) && !one.into.hidden) one.show(at.params);
  here = at.place;
  if (moved) arrive(at, first);
}

function open(at) {
  const section = document.getElementById(at.section);
  for (const one of section.querySelectorAll('[data-fill]')) {
    one.hidden = at.page !== null;
    if (!at.page && !one.dataset.made) { makers[one.dataset.fill](one); one.dataset.made = 'yes'; }
  }
  if (at.section !== 'controls') for (const one of section.querySelectorAll(':scope > p')) one.hidden = at.page !== null;
  let single = section.querySelector(':scope > .single');
  if (single) { forget(single); single.remove(); }
  if (at.section === 'controls') {
    control(at);
    if (at.page && !controlAt.has(at.name)) { section.append(single = el('article', { class: 'single' })); missing(single, 'control', at.name); }
  }
  else if (at.page) {
    single = el('article', { class: 'single' });
    section.append(single);
    PAGES[at.page](single, at.name);
  }
}

function control(at) {
  document.getElementById('controls-all').hidden = at.page !== null;
  for (const one of document.querySelectorAll('article.control')) {
    one.hidden = one.dataset.control !== at.name;
    const failingOnes = one.querySelector('.failing');
    forget(failingOnes);
    failingOnes.replaceChildren();
    if (one.dataset.control === at.name) controlPage(failingOnes, at.name);
  }
}

function forget(inside) {
  for (let at = lists.length - 1; at >= 0; at -= 1) if (inside.contains(lists[at].into)) lists.splice(at, 1);
}

function arrive(at, first) {
  const section = document.getElementById(at.section);
  const single = section.querySelector(':scope > .single');
  const shown = at.page === 'control' ? document.getElementById(`h-${at.name}`) : single ? single.querySelector('h2') : section.querySelector('h1');
  const own = at.section === 'summary' ? '' : `${shown && at.page ? shown.textContent : section.querySelector('h1').textContent} – `;
  document.title = own + title;
  if (first && !location.hash) return;
  scrollTo(0, 0);
  if (shown) shown.focus({ preventScroll: true });
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', render);
render();
document.documentElement.dataset.ready = 'yes';
