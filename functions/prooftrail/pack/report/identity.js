// One identity: what it is, whose, how risky and why, and what each control came to, down to the line that says so.
function identityPage(into, id) {
  const row = identity(id);
  if (!row) return missing(into, 'identity', id);
  const account = data.accounts[row[ACCOUNT]];
  const ownEvidence = row[EVIDENCE] ? `line ${count(row[LINE])} of ${row[EVIDENCE]}` : sealed(account[8], row[LINE]);
  into.replaceChildren(
    back('identities', 'All identities'),
    heading(row[NAME] || row[ID], kind(row)),
    facts(
      ['Name', whole(row[NAME])], ['Id', whole(row[ID])], ['ARN', whole(told(row[ARN], row))],
      ['Account', accountName(row[ACCOUNT])], ['Unit', account[2]],
      ['Kind', `${kind(row)} (${told(row[KIND_WHY], row)})`],
      ['Class', `${CLASSES[row[CLASS]]} (${told(row[CLASS_WHY], row)})`],
      ['Owner', row[OWNER] < 0 ? 'none known' : link(path('owner', owner(row)), clip(owner(row)))],
      ['Owner known by', row[OWNER] < 0 ? '' : told(row[OWNER_HOW], row)],
      ['Purpose', whole(told(row[PURPOSE], row)) || 'not stated'],
      ['Family', row[FAMILY] < 0 ? 'none' : link(path('family', family(row)), clip(family(row)))],
      row[PARENT] ? ['Belongs to', identity(row[PARENT]) ? link(path('identity', row[PARENT]), clip(identity(row[PARENT])[NAME])) : row[PARENT]] : null,
      ['Created', day(row[CREATED], 'not known')], ['Last used', used(row)],
      ...row[FACTS].map((at) => split(told(at, row))),
      ['Read in', row[SEEN] < 0 ? `${data.shown}, the run shown` : `${run(row[SEEN])}: stale, not read since`],
    ),
    ...risk(row), ...belongings(row),
    el('h3', {}, 'Results'),
    el('p', {}, 'What passed or does not apply has its sentence in register 07: the last column finds its row there, and the bytes behind it.'),
    results(row),
    el('h3', {}, 'Evidence'),
    el('p', {}, 'Its facts: ', ownEvidence, '. To walk from them to the bytes AWS sent, in the folder of the pack: ', command('03', row[NUMBER])),
    el('p', {}, 'Its results: ', account[9] ? `evidence ${account[9][0]}, on the lines given above.` : 'none are kept.'),
  );
  return undefined;
}

function split(text) {
  const at = text.indexOf(': ');
  return [clip(text.slice(0, at)), whole(text.slice(at + 2)) || 'empty'];
}

function belongings(row) {
  const found = data.identities.filter((one) => one[PARENT] === row[ID] && one !== row);
  if (!found.length) return [];
  return [el('h3', {}, 'What belongs to it'), el('ul', {}, found.map((one) => el('li', {}, link(path('identity', one[ID]), clip(one[NAME] || one[ID])), `: ${kind(one)}, ${count(failing(one))} failing`)))];
}

function risk(row) {
  if (row[RISK] < 0) return [el('h3', {}, 'Risk'), el('p', {}, 'It was not scored.')];
  const [low, impact, likelihood, points, privilege, most, why, place, placeWhy, factors, floors, unknown, from] = data.risks[row[RISK]];
  const list = (title, texts) => (texts.length ? [el('h4', {}, title), el('ul', {}, texts.map((at) => el('li', {}, whole(told(at, row)))))] : []);
  const heir = from && identity(from);
  return [
    el('h3', {}, 'Risk'),
    el('p', {}, tierOf(tier(row)), low === row[TIER] ? '' : ` (at the least ${TIERS[low]}: something was not read)`,
      ` Impact ${impact} of 5, likelihood ${likelihood} of 5 from ${points} points.`),
    from ? el('p', {}, 'The score of ', heir ? link(path('identity', from), clip(heir[NAME])) : from, ', to which it belongs.') : '',
    facts(
      ['What it may do', `${spaced(privilege)}: ${told(why, row)}`],
      ['At the most', most === privilege ? '' : spaced(most)],
      ['Where it acts', `${spaced(place)}: ${told(placeWhy, row)}`],
    ),
    ...list('Factors', factors), ...list('Floors', floors), ...list('Not known', unknown),
  ];
}

function results(row) {
  const kept = new Map();
  for (let at = 0; at < row[TOLD].length; at += 4) {
    const control = row[TOLD][at];
    kept.set(control, [...(kept.get(control) || []), row[TOLD].slice(at + 1, at + 4)]);
  }
  const rows = [];
  for (let control = 0; control < row[LETTERS].length; control += 1) {
    const letter = row[LETTERS][control];
    if (letter === '-') continue;
    for (const [reason, since, due] of kept.get(control) || [[-1, -1, 0]]) {
      const line = lineOf(row, control);
      rows.push(el('tr', {},
        el('th', { scope: 'row' }, controlLink(control), ` ${data.controls[control][1]}`),
        el('td', {}, status(letter)),
        el('td', { class: 'long-text' }, reason < 0 ? '' : whole(told(reason, row))),
        el('td', { class: 'w' }, reason < 0 ? '' : run(since) || 'not known'),
        el('td', { class: 'w' }, day(due, '')),
        el('td', { class: 'n' }, count(line)),
        el('td', {}, command('07', rowOf07(row[ACCOUNT], line)))));
    }
  }
  if (!rows.length) return el('p', {}, 'No control gave a result for it.');
  const heads = ['Control', 'Result', 'Reason', 'So since', 'Due', 'Line', 'To the bytes'];
  return el('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'Results of this identity' },
    el('table', {}, el('caption', {}, 'What each control came to for this identity'),
      el('thead', {}, el('tr', {}, heads.map((one) => el('th', { scope: 'col' }, one)))), el('tbody', {}, rows)));
}
