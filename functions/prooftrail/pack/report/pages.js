// The lists and single pages. Each maker fills its place once; later visits only bring it up to date.
const ORGANIZATION = 'organization';
const ANY = ['', 'any'];
const options = (values, label) => () => [ANY, ...values.map((one) => [one, label ? label(one) : one])];
const sortedKinds = [...data.kinds].sort();

const identityColumns = [
  { id: 'name', label: 'Name', cell: (row) => link(path('identity', row[ID]), clip(row[NAME] || row[ID])), sort: (row) => row[NAME].toLowerCase() },
  { id: 'tier', label: 'Tier', cell: (row) => tierOf(tier(row)), sort: (row) => row[TIER] },
  { id: 'failing', label: 'Failing', number: true, cell: (row) => count(failing(row)), sort: failing },
  { id: 'kind', label: 'Kind', cell: kind, sort: kind },
  { id: 'class', label: 'Class', cell: (row) => CLASSES[row[CLASS]], sort: (row) => row[CLASS] },
  { id: 'account', label: 'Account', cell: (row) => accountName(row[ACCOUNT]), sort: (row) => data.accounts[row[ACCOUNT]][0] },
  { id: 'owner', label: 'Owner', cell: (row) => (row[OWNER] < 0 ? 'none known' : link(path('owner', owner(row)), clip(owner(row)))), sort: (row) => owner(row).toLowerCase() },
  { id: 'used', label: 'Last used', short: true, cell: used, sort: (row) => row[USED] },
  { id: 'created', label: 'Created', short: true, cell: (row) => day(row[CREATED], 'not known'), sort: (row) => row[CREATED] },
  { id: 'read', label: 'Read', short: true, cell: (row) => (row[SEEN] < 0 ? 'in the run shown' : `stale: ${run(row[SEEN])}`), sort: (row) => run(row[SEEN]) },
];

const identityFilters = [
  { id: 'q', label: 'Search name, id, ARN, owner, purpose', test: matching },
  { id: 'class', label: 'Class', options: options(CLASSES), test: (value) => (row) => CLASSES[row[CLASS]] === value },
  { id: 'kind', label: 'Kind', options: options(sortedKinds, spaced), test: (value) => (row) => data.kinds[row[KIND]] === value },
  { id: 'tier', label: 'Tier', options: options([...TIERS].reverse().concat('not scored')), test: (value) => (row) => tier(row) === value },
  { id: 'account', label: 'Account', options: () => [ANY, ...data.accounts.map((one, at) => [one[0], accountName(at)]).filter((one) => one[0] !== ORGANIZATION)], test: (value) => (row) => data.accounts[row[ACCOUNT]][0] === value },
  { id: 'owned', label: 'Has an owner', options: () => [ANY, ['yes', 'owner known'], ['no', 'no owner known']], test: (value) => (row) => (row[OWNER] < 0) === (value === 'no') },
  { id: 'owner', label: 'Owner contains', test: (value) => { const low = value.toLowerCase(); return (row) => owner(row).toLowerCase().includes(low); } },
  { id: 'control', label: 'Control', options: () => [ANY, ...data.controls.map((one) => [one[0], `${one[0]} ${one[1]}`])], test: (value) => { const at = controlAt.get(value); return (row) => at !== undefined && row[LETTERS][at] !== '-'; } },
  { id: 'result', label: 'Result of it, or of any', options: () => [ANY, ...['F', 'E', 'T', 'P', 'A'].map((one) => [one, STATUS[one]])], test: (value) => {
    const at = controlAt.get(routed().params.get('control') || '');
    return at === undefined ? (row) => row[LETTERS].includes(value) : (row) => row[LETTERS][at] === value;
  } },
  { id: 'stale', label: 'Only those not read in the run shown', check: true, test: () => (row) => row[SEEN] >= 0 },
];

const INVENTORY = '03_identity_inventory.csv';

const makers = {
  identities: (into) => new List(into, { key: '', caption: 'Identities, as of the run shown', columns: identityColumns, filters: identityFilters, rows: () => data.identities, sorted: '-tier', file: INVENTORY, empty: 'No identity is listed. See the known gaps on page one.' }),
  families: (into) => new List(into, { key: '', caption: 'Families: identities that belong together', file: '37_families.csv', empty: 'No family was found.', sorted: '-members', rows: () => data.families, filters: [
    { id: 'q', label: 'Search name', test: (value) => { const low = value.toLowerCase(); return (row) => row[0].toLowerCase().includes(low); } },
  ], columns: [
    { id: 'name', label: 'Family', cell: (row) => link(path('family', row[0]), clip(row[0])), sort: (row) => row[0].toLowerCase() },
    { id: 'members', label: 'Members', number: true, cell: (row) => count(row[1]), sort: (row) => row[1] },
    { id: 'stale', label: 'Stale', number: true, cell: (row) => count(staleMembers(row[0])), sort: (row) => staleMembers(row[0]) },
    { id: 'accounts', label: 'Accounts', number: true, cell: (row) => count(row[2]), sort: (row) => row[2] },
    { id: 'kinds', label: 'Kinds', cell: (row) => spaced(row[3].join(', ')), sort: (row) => row[3].join() },
    { id: 'tiers', label: 'Tiers', cell: (row) => tiers(row[4]), sort: (row) => weight(row[4]) },
    { id: 'failing', label: 'Failing controls', cell: (row) => row[5].map(([id, many]) => `${id} (${count(many)})`).join(', ') || 'none', sort: (row) => row[5].reduce((sum, one) => sum + one[1], 0) },
  ] }),
  owners: (into) => new List(into, { key: '', caption: 'Owners, by what they answer for', file: '32_owner_register.csv', empty: 'No identity has a known owner.', sorted: '-overdue', rows: () => data.owners, filters: [
    { id: 'q', label: 'Search owner', test: (value) => { const low = value.toLowerCase(); return (row) => row[0].toLowerCase().includes(low); } },
  ], columns: [
    { id: 'name', label: 'Owner', cell: (row) => link(path('owner', row[0]), clip(row[0])), sort: (row) => row[0].toLowerCase() },
    { id: 'identities', label: 'Identities', number: true, cell: (row) => count(row[1]), sort: (row) => row[1] },
    { id: 'stale', label: 'Stale', number: true, cell: (row) => count(staleOwned(row[0])), sort: (row) => staleOwned(row[0]) },
    { id: 'open', label: 'Open findings', number: true, cell: (row) => count(row[2]), sort: (row) => row[2] },
    { id: 'overdue', label: 'Overdue', number: true, cell: (row) => count(row[3]), sort: (row) => row[3] },
    { id: 'accounts', label: 'Accounts', number: true, cell: (row) => count(row[4]), sort: (row) => row[4] },
    { id: 'tiers', label: 'Tiers', cell: (row) => tiers(row[5]), sort: (row) => weight(row[5]) },
  ] }),
  accounts: (into) => new List(into, { key: 'a', caption: 'Accounts, and the organization as a whole: how each was read', file: '24_gaps.csv', empty: 'No account is listed.', sorted: 'account', rows: () => data.accounts, filters: [
    { id: 'q', label: 'Search account, name, unit, reason', test: (value) => { const low = value.toLowerCase(); return (row) => `${row[0]}\n${row[1]}\n${row[2]}\n${row[3]}\n${row[4]}`.toLowerCase().includes(low); } },
    { id: 'gaps', label: 'Only those not read whole', check: true, test: () => (row) => row[3] !== 'sealed' },
  ], columns: [
    { id: 'account', label: 'Account', short: true, cell: (row) => row[0] === ORGANIZATION ? 'organization' : link(`identities?account=${encodeURIComponent(row[0])}`, row[0]), sort: (row) => row[0] },
    { id: 'name', label: 'Name', cell: (row) => (row[0] === ORGANIZATION ? 'the organization as a whole' : clip(row[1]) || 'not known'), sort: (row) => row[1].toLowerCase() },
    { id: 'ou', label: 'Unit', cell: (row) => (row[0] === ORGANIZATION ? '' : clip(row[2]) || 'not known'), sort: (row) => row[2] },
    { id: 'status', label: 'How it was read', cell: (row) => row[3], sort: (row) => row[3] },
    { id: 'why', label: 'Why', cell: (row) => whole(row[4]), sort: (row) => row[4] },
    { id: 'shown', label: 'Shown from run', short: true, cell: (row) => run(row[6]) || 'never read', sort: (row) => run(row[6]) },
    { id: 'sources', label: 'Sources whole', cell: (row) => `${count(row[14])} of ${count(row[15])}`, sort: (row) => row[14] - row[15] },
    { id: 'identities', label: 'Identities', number: true, cell: (row) => count(row[12]), sort: (row) => row[12] },
    { id: 'failing', label: 'Failing results', number: true, cell: (row) => count(row[13]), sort: (row) => row[13] },
  ] }),
  intervals: (into) => new List(into, { key: 'i', caption: 'Failures that began or ended in the period', file: '30_result_intervals.csv', empty: 'As far as results were sealed, no failure began or ended in the period. Failures that stood all period long are with their controls.', sorted: '-began', rows: () => data.intervals, filters: [
    { id: 'q', label: 'Search subject or reason', test: (value) => { const low = value.toLowerCase(); return (row) => `${subject(row)}\n${row[1]}\n${data.texts[row[7]]}`.toLowerCase().includes(low); } },
    { id: 'control', label: 'Control', options: () => [ANY, ...data.controls.map((one) => [one[0], `${one[0]} ${one[1]}`])], test: (value) => (row) => row[0] === controlAt.get(value) },
    { id: 'stands', label: 'Only those that stand', check: true, test: () => (row) => row[5] < 0 },
  ], columns: [
    { id: 'subject', label: 'Subject', cell: (row) => subjectLink(row), sort: (row) => subject(row).toLowerCase() },
    { id: 'account', label: 'Account', cell: (row) => accountName(row[3]), sort: (row) => data.accounts[row[3]][0] },
    { id: 'control', label: 'Control', cell: (row) => controlLink(row[0]), sort: (row) => row[0] },
    { id: 'began', label: 'Began', cell: (row) => el('div', {}, el('span', { class: 'w' }, run(row[4]) || 'not known'), row[8] < 0 ? '' : ` ${data.texts[row[8]]}`), sort: (row) => run(row[4]) },
    { id: 'ended', label: 'Ended', short: true, cell: (row) => run(row[5]) || 'stands', sort: (row) => run(row[5]) || '~' },
    { id: 'after', label: 'Came to', cell: (row) => (row[6] === '-' ? 'its subject is gone' : status(row[6])), sort: (row) => row[6] },
    { id: 'reason', label: 'Reason given then', cell: (row) => whole(row[9] < 0 ? data.texts[row[7]] : `${data.texts[row[7]]} NOT CERTAIN: ${data.texts[row[9]]}`), sort: (row) => row[7] },
  ] }),
  presences: (into) => new List(into, { key: 'c', caption: 'Identities that came or went in the period', file: '02_identities_came_and_went.csv', empty: 'No identity came or went in the period, as far as complete readings show.', sorted: '-came', rows: () => data.presences, filters: [
    { id: 'q', label: 'Search name or id', test: (value) => { const low = value.toLowerCase(); return (row) => `${row[1]}\n${row[0]}`.toLowerCase().includes(low); } },
  ], columns: [
    { id: 'name', label: 'Name', cell: (row) => (identity(row[0]) ? link(path('identity', row[0]), clip(row[1] || row[0])) : clip(row[1] || `${row[0]} (name not known)`)), sort: (row) => row[1].toLowerCase() },
    { id: 'kind', label: 'Kind', cell: (row) => spaced(row[2]) || 'not known', sort: (row) => row[2] },
    { id: 'account', label: 'Account', cell: (row) => accountName(row[3]), sort: (row) => data.accounts[row[3]][0] },
    { id: 'created', label: 'Created', short: true, cell: (row) => day(row[4], 'not known'), sort: (row) => row[4] },
    { id: 'came', label: 'First seen in', short: true, cell: (row) => run(row[5]) || 'before the period', sort: (row) => run(row[5]) },
    { id: 'went', label: 'Gone in', short: true, cell: (row) => (run(row[6]) ? `${run(row[6])}${row[7] ? ', with its account' : ''}` : row[7] ? 'nobody can say' : 'still there'), sort: (row) => run(row[6]) },
  ] }),
};

const weight = (found) => found.reduce((sum, [name, many]) => sum + many * 1000 ** (TIERS.indexOf(name) + 1), 0);
const tiers = (found) => [...TIERS].reverse().concat('not scored').map((name) => [name, (found.find((one) => one[0] === name) || [0, 0])[1]])
  .filter((one) => one[1]).map(([name, many]) => `${count(many)} ${name}`).join(', ');
const controlLink = (at) => (at < 0 ? 'not in the catalog shown' : link(path('control', data.controls[at][0]), data.controls[at][0]));
const subject = (row) => { const one = row[2] && identity(row[2]); return one ? one[NAME] : row[1]; };
const subjectLink = (row) => (row[2] && identity(row[2]) ? link(path('identity', row[2]), clip(subject(row))) : clip(row[1]));

function facts(...pairs) {
  return el('dl', { class: 'ids' }, pairs.filter((one) => one && one[1] !== '').map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, typeof value === 'string' ? whole(value) : value))));
}

// Everything that has a control's result other than passed: failing first.
function subjects(control) {
  const found = [];
  for (const row of data.identities) {
    if (!'FET'.includes(row[LETTERS][control])) continue;
    for (let at = 0; at < row[TOLD].length; at += 4) {
      if (row[TOLD][at] === control) found.push({ row, name: row[NAME], account: row[ACCOUNT], letter: row[LETTERS][control], reason: told(row[TOLD][at + 1], row), since: row[TOLD][at + 2], due: row[TOLD][at + 3], line: lineOf(row, control) });
    }
  }
  for (const one of data.others) {
    if (one[3] === control && 'FET'.includes(one[4])) found.push({ row: null, name: one[0], account: one[2], letter: one[4], reason: data.texts[one[6]], since: one[7], due: one[8], line: one[5] });
  }
  return found;
}

// Which run saw the subject of a result: an older one's stands there as stale.
function readIn(one) {
  if (one.row) return one.row[SEEN] < 0 ? 'in the run shown' : `stale: ${run(one.row[SEEN])}`;
  const account = data.accounts[one.account];
  return account[5] ? `stale: ${run(account[7]) || run(account[6]) || 'never read'}` : 'in the run shown';
}

const command = (register, number) => el('code', { class: 'command' }, `python3 verify.py . --row ${register}:${number}`);

function controlPage(into, id) {
  const at = controlAt.get(id);
  if (at === undefined) return;
  into.replaceChildren(el('h3', {}, 'Subjects that did not pass'), el('div', {}));
  new List(into.lastChild, { key: 's', caption: `Subjects of ${id} that did not pass`, file: '07_identity_control_results.csv', empty: 'Every subject that was tested passed, or there is none.', sorted: 'result', rows: () => subjects(at), filters: [
    { id: 'q', label: 'Search subject or reason', test: (value) => { const low = value.toLowerCase(); return (one) => `${one.name}\n${one.reason}`.toLowerCase().includes(low); } },
    { id: 'result', label: 'Result', options: () => [ANY, ['F', 'FAIL'], ['E', 'EXCEPTION'], ['T', 'NOT TESTED']], test: (value) => (one) => one.letter === value },
  ], columns: [
    { id: 'subject', label: 'Subject', cell: (one) => (one.row ? link(path('identity', one.row[ID]), clip(one.name || one.row[ID])) : clip(one.name)), sort: (one) => one.name.toLowerCase() },
    { id: 'result', label: 'Result', cell: (one) => status(one.letter), sort: (one) => 'FET'.indexOf(one.letter) },
    { id: 'account', label: 'Account', cell: (one) => accountName(one.account), sort: (one) => data.accounts[one.account][0] },
    { id: 'reason', label: 'Reason', cell: (one) => whole(one.reason), sort: (one) => one.reason },
    { id: 'since', label: 'So since', short: true, cell: (one) => run(one.since) || 'not known', sort: (one) => run(one.since) },
    { id: 'due', label: 'Due', short: true, cell: (one) => day(one.due, '–'), sort: (one) => one.due },
    { id: 'read', label: 'Read', cell: (one) => readIn(one), sort: (one) => readIn(one) },
    { id: 'row', label: 'Row of 07', number: true, cell: (one) => count(rowOf07(one.account, one.line)), sort: (one) => rowOf07(one.account, one.line) },
  ] });
}

function ownerPage(into, name) {
  const one = data.owners.find((row) => row[0] === name) || (ownerAt.has(name) ? [name, 0, 0, 0, 0, []] : null);
  if (!one) return missing(into, 'owner', name);
  into.replaceChildren(back('owners', 'All owners'), heading(name, 'Owner'), facts(['Identities', count(one[1])], older(staleOwned(name)), ['Open findings', count(one[2])], ['Overdue', count(one[3])], ['Tiers', tiers(one[5])]), el('div', {}));
  new List(into.lastChild, { key: 'm', caption: 'Identities of this owner', columns: identityColumns, rows: () => data.identities.filter((row) => owner(row) === name && row[OWNER] >= 0), sorted: '-tier', file: INVENTORY, empty: 'None is listed.' });
  return undefined;
}

// Of an account that is not of the run shown no count has what is listed; of the others every count has it.
const older = (many) => (many ? ['Stale', `${count(many)} listed below as an older run saw them; no count has what is of an account not of the run shown`] : null);

function familyPage(into, name) {
  const one = data.families.find((row) => row[0] === name) || (familyAt.has(name) ? [name, 0, 0, [], [], []] : null);
  if (!one) return missing(into, 'family', name);
  into.replaceChildren(back('families', 'All families'), heading(name, 'Family'), facts(['Members', count(one[1])], older(staleMembers(name)), ['Accounts', count(one[2])], ['Kinds', spaced(one[3].join(', '))], ['Tiers', tiers(one[4])], ['Failing controls', one[5].map(([id, many]) => `${id} (${count(many)})`).join(', ') || 'none']), el('div', {}));
  new List(into.lastChild, { key: 'm', caption: 'Members of this family', columns: identityColumns, rows: () => data.identities.filter((row) => row[FAMILY] >= 0 && family(row) === name), sorted: '-tier', file: INVENTORY, empty: 'None is listed.' });
  return undefined;
}

function heading(name, what) {
  return el('h2', { tabindex: '-1' }, el('span', { class: 'what' }, `${what} `), clip(name));
}

const back = (section, label) => el('p', {}, link(section, `← ${label}`));

function missing(into, what, name) {
  into.replaceChildren(heading(name, `No such ${what}:`), el('p', {}, `This report lists no ${what} of that name or id. It may have gone before the run shown; see History.`));
}

const KEY = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

function sealed(evidence, line) {
  if (!evidence) return 'no evidence is kept';
  const key = `evidence/${evidence[1]}`;
  return el('span', {}, `line ${count(line)} of ${evidence[0]}: `, KEY.test(key) ? el('a', { href: key }, key) : el('code', {}, key));
}
