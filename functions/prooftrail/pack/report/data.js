// What the pack holds, as rows of numbers and shared texts. Nothing of it is ever markup: all of it is set as text.
const data = JSON.parse(document.getElementById('data').textContent);
const PLACE = '\uE000'; // stands in a shared text for the name of the identity it is told of
const TIERS = ['low', 'medium', 'high', 'critical'];
const CLASSES = ['human', 'non-human', 'undetermined'];
const STATUS = { P: 'PASS', F: 'FAIL', E: 'EXCEPTION', A: 'NOT APPLICABLE', T: 'NOT TESTED', '-': 'no longer there' };
const ID = 0, NAME = 1, ACCOUNT = 2, KIND = 3, CLASS = 4, TIER = 5, RISK = 6, OWNER = 7, OWNER_HOW = 8, FAMILY = 9,
  CREATED = 10, USED = 11, ARN = 12, LINE = 13, SEEN = 14, LETTERS = 15, LINES = 16, TOLD = 17, PURPOSE = 18,
  PARENT = 19, CLASS_WHY = 20, KIND_WHY = 21, FACTS = 22, EVIDENCE = 23, WORDS = 24, NUMBER = 25;

const controlAt = new Map(data.controls.map((one, at) => [one[0], at]));
let byId = null;

data.identities.forEach((row, at) => { row[NUMBER] = at + 1; });

function identity(id) {
  if (!byId) {
    byId = new Map();
    for (const row of data.identities) if (!byId.has(row[ID])) byId.set(row[ID], row);
  }
  return byId.get(id);
}

function told(at, row) {
  return data.texts[at].replaceAll(PLACE, () => row[NAME]);
}

function words(row) {
  if (row[WORDS] === undefined) {
    const account = data.accounts[row[ACCOUNT]];
    row[WORDS] = [row[NAME], row[ID], told(row[ARN], row), owner(row), family(row), told(row[PURPOSE], row), account[0],
      account[1]].join('\n').toLowerCase();
  }
  return row[WORDS];
}

function matching(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => { const found = words(row); return wanted.every((one) => found.includes(one)); };
}

const spaced = (name) => name.replaceAll('_', ' ');
const owner = (row) => (row[OWNER] < 0 ? '' : data.ownerNames[row[OWNER]]);
const family = (row) => (row[FAMILY] < 0 ? '' : data.familyNames[row[FAMILY]]);
const kind = (row) => spaced(data.kinds[row[KIND]]);
const tier = (row) => (row[TIER] < 0 ? 'not scored' : TIERS[row[TIER]]);
const run = (at) => (at < 0 ? '' : data.runs[at]);
// An account's number and name, with a mark wherever what is shown of it is not what the run shown saw.
function accountName(at) {
  const one = data.accounts[at];
  return [one[0], one[1], markOf(one)].filter(Boolean).join(' ');
}

function markOf(one) {
  if (one[3] === 'unplanned') return '(not of the run shown)';
  if (!one[5]) return '';
  if (one[6] < 0) return '(never read)';
  return run(one[6]) === data.shown ? `(results stale: ${run(one[7]) || 'never judged'})` : `(stale: ${run(one[6])})`;
}

// How many identities are listed as an older run saw them, by the number of their owner or family; counted once.
const stale = new Map();
function staleOf(column, at) {
  if (!stale.has(column)) {
    const found = new Map();
    for (const row of data.identities) if (row[SEEN] >= 0) found.set(row[column], (found.get(row[column]) || 0) + 1);
    stale.set(column, found);
  }
  return stale.get(column).get(at) || 0;
}

const ownerAt = new Map(data.ownerNames.map((name, at) => [name, at]));
const familyAt = new Map(data.familyNames.map((name, at) => [name, at]));
const staleOwned = (name) => staleOf(OWNER, ownerAt.get(name));
const staleMembers = (name) => staleOf(FAMILY, familyAt.get(name));

function failing(row) {
  let count = 0;
  for (const one of row[LETTERS]) if (one === 'F') count += 1;
  return count;
}

function day(seconds, absent) {
  return seconds ? new Date(seconds * 1000).toISOString().slice(0, 10) : absent;
}

function used(row) {
  return row[USED] < 0 ? 'not known' : day(row[USED], 'no use on record');
}

// The line of the sealed assessment on which the result of a control stands.
function lineOf(row, control) {
  if (row[LETTERS][control] === '-') return null;
  let before = 0;
  for (let at = 0; at < control; at += 1) if (row[LETTERS][at] !== '-') before += 1;
  return Array.isArray(row[LINES]) ? row[LINES][before] : row[LINES] + before;
}

// The row of register 07 that stands for a line of an account's assessment, counted from 1.
function rowOf07(account, line) {
  const one = data.accounts[account];
  return one[10] + line - one[11] + 1;
}
