"""Charts as inline SVG, each with a title, a description and a table of the same numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.coverage import Coverage, coverage_of
from prooftrail.pack.report.text import counted, day, esc, folded, number, table
from prooftrail.pack.tally import AGE_BUCKETS, OLDEST, UNDATED, Tally
from prooftrail.pack.view import PackRun, PeriodView

TIERS = ("critical", "high", "medium", "low", "not scored")
_WIDTH, _BAR, _GAP, _LABEL = 560, 26, 12, 150
_NUMBERED = frozenset(range(1, 12))
_FEW = 7  # runs whose numbers fit below a chart
SERIES = (ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.NOT_TESTED)
_ALSO = (*SERIES, ResultStatus.NOT_APPLICABLE)


def framed(name: str, title: str, told: str, width: int, height: int, body: str) -> str:
    """A chart with its title and what it shows in a sentence."""
    return (
        f'<figure class="chart"><svg role="img" viewBox="0 0 {width} {height}" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{esc(title)}</title><desc id="{name}-d">{esc(told)}</desc>{body}</svg></figure>'
    )


def population(tally: Tally) -> str:
    """Identities by class and tier."""
    rows = [(cls.replace("_", "-"), _by_tier(tally.by_class, cls)) for cls in ("human", "non_human", "undetermined")]
    told = f"{counted(tally.identities, 'identity', 'identities')}: " + ", ".join(
        f"{number(sum(each.values()))} {name}" for name, each in rows
    )
    chart = _bars("population", "Identities by class and tier", told, rows, TIERS)
    kinds = sorted(
        {kind for kind, _ in tally.by_kind}, key=lambda one: (-sum(_by_tier(tally.by_kind, one).values()), one)
    )
    by_kind = [(one.replace("_", " "), _by_tier(tally.by_kind, one)) for one in kinds]
    return (
        chart
        + _key(TIERS, "tier")
        + _table("Identities by class and tier", "Class", rows, TIERS)
        + _table("Identities by kind and tier", "Kind", by_kind, TIERS)
    )


def ages(tally: Tally) -> str:
    """How old active access keys and the values of secrets are."""
    buckets = (*(name for _, name in AGE_BUCKETS), OLDEST, UNDATED)
    rows = [(kind.replace("_", " "), tally.ages[kind]) for kind in sorted(tally.ages)]
    if not rows:
        return "<p>No active access key and no secret is listed.</p>"
    told = "; ".join(
        f"{name}: " + ", ".join(f"{number(each[bucket])} {bucket}" for bucket in buckets if each[bucket])
        for name, each in rows
    )
    return (
        _bars("ages", "Age of active access keys and of secrets' values", told, rows, buckets)
        + _key(buckets, "age")
        + _table("Age of active access keys and of secrets' values", "Kind", rows, buckets)
    )


def _by_tier(counts: Mapping[tuple[str, str], int], name: str) -> Counter[str]:
    return Counter({tier: counts[name, tier] for tier in TIERS if (name, tier) in counts})


def _bars(name: str, title: str, told: str, rows: Sequence[tuple[str, Counter[str]]], parts: Sequence[str]) -> str:
    most = max((sum(each.values()) for _, each in rows), default=0) or 1
    body = "".join(_bar(at, label, each, parts, most) for at, (label, each) in enumerate(rows))
    return framed(name, title, told, _WIDTH, len(rows) * (_BAR + _GAP) + 8, body)


def _bar(at: int, label: str, counts: Counter[str], parts: Sequence[str], most: int) -> str:
    y, x, made = at * (_BAR + _GAP) + 4, float(_LABEL), []
    room = _WIDTH - _LABEL - 64
    made.append(f'<text x="0" y="{y + 18}">{esc(label)}</text>')
    for index, part in enumerate(parts):
        width = counts[part] * room / most
        if not width:
            continue
        shown = f'<text class="in p{index}" x="{x + width / 2:.1f}" y="{y + 18}" text-anchor="middle">{number(counts[part])}</text>'
        made.append(
            f'<rect class="p{index}" x="{x:.1f}" y="{y}" width="{max(width, 1):.1f}" height="{_BAR}">'
            f"<title>{esc(label)}, {esc(part)}: {number(counts[part])}</title></rect>"
        )
        made.append(shown if width > 10 * len(number(counts[part])) + 6 else "")
        x += width
    made.append(f'<text x="{x + 6:.1f}" y="{y + 18}">{number(sum(counts.values()))}</text>')
    return "".join(made)


def _key(parts: Iterable[str], what: str) -> str:
    made = "".join(f'<li><span class="key p{at}"></span> {esc(one)}</li>' for at, one in enumerate(parts))
    return f'<ul class="legend" aria-label="Key: {what}, in the order of the bars from left to right">{made}</ul>'


def _table(caption: str, first: str, rows: Sequence[tuple[str, Counter[str]]], parts: Sequence[str]) -> str:
    made = [(name, *(each[one] for one in parts), sum(each.values())) for name, each in rows]
    return table(caption, (first, *parts, "all"), made, numeric=_NUMBERED)


def over_time(period: PeriodView) -> str:
    """What all controls came to in each run of the period."""
    if not period.runs:
        return "<p>No run was taken in the period, so there is nothing to draw.</p>"
    counts = [(run, totals(run)) for run in period.runs]
    last = counts[-1][1]
    told = f"Of {counted(len(counts), 'run')}; in the last one " + ", ".join(
        f"{number(last[one])} {one.value.replace('_', ' ')}" for one in SERIES
    )
    covered = [coverage_of(run) for run in period.runs]
    told += f". {_sight(covered)}"
    chart = _lines("results", "Results of all controls in each run, with accounts read whole", told, counts)
    rows = [
        (run.run_id, day(run.taken_at), coverage_of(run).told(), *(each[one] for one in _ALSO)) for run, each in counts
    ]
    heads = (
        "Run",
        "Taken on",
        "Accounts read whole, of those to be read",
        *(one.value.replace("_", " ") for one in _ALSO),
    )
    listed = table(
        "Results of all controls in each run, of all accounts the run read, whatever this pack is narrowed to",
        heads,
        rows,
        numeric=frozenset(range(3, 9)),
        short=frozenset({0, 1}),
    )
    key = f"Key: each line ends with its name and has marks of its own. {_sight(covered)}"
    if any(one.part for one in covered):
        key += (
            " A △ below a run says that it saw part of them (read whole / to be read): a line that falls or rises there may be a"
            " change of sight and not of state."
        )
    return f"{chart}<p>{esc(key)}</p>{folded(listed, len(rows), 'runs with their results', '29_runs.csv')}"


def _sight(covered: Sequence[Coverage]) -> str:
    """How many accounts the runs read whole."""
    least, most = (pick(covered, key=lambda one: one.share).shortly() for pick in (min, max))
    part = sum(one.part for one in covered)
    if not part:
        return "Each run read every account whole that it was to read."
    between = least if least == most else f"from {least} to {most}"
    return f"Accounts read whole: {between} to be read; {part} of {counted(len(covered), 'run')} saw part of them."


def totals(run: PackRun) -> Counter[ResultStatus]:
    """The results of a run by status, over all controls, as its manifest sums them."""
    found: Counter[ResultStatus] = Counter()
    for name, count in run.counts.items():
        if name.startswith("result:"):
            found[ResultStatus(name.rsplit(":", 1)[1])] += count
    return found


_MARKS = {
    ResultStatus.PASS: '<circle cx="{x}" cy="{y}" r="3"/>',
    ResultStatus.FAIL: '<path d="M{x} {y}m-4-4l8 8m0-8l-8 8"/>',
    ResultStatus.EXCEPTION: '<path d="M{x} {y}m0-5l5 5l-5 5l-5-5z"/>',
    ResultStatus.NOT_TESTED: '<rect x="{x}" y="{y}" width="6" height="6" transform="translate(-3 -3)"/>',
}


def _lines(name: str, title: str, told: str, counts: Sequence[tuple[PackRun, Counter[ResultStatus]]]) -> str:
    left, top, wide, high = 66, 14, 366, 210
    most = max(max(each[one] for one in SERIES) for _, each in counts) or 1
    body = [
        f'<path class="axis" d="M{left} {top}V{top + high}H{left + wide}"/>',
        f'<text class="small" x="{left - 6}" y="{top + 5}" text-anchor="end">{number(most)}</text>',
        f'<text class="small" x="{left - 6}" y="{top + high}" text-anchor="end">0</text>',
        f'<text class="small" x="{left}" y="{top + high + 18}">{day(counts[0][0].taken_at)}</text>',
        f'<text class="small" x="{left + wide}" y="{top + high + 18}" text-anchor="end">{day(counts[-1][0].taken_at)}</text>',
    ]
    began = counts[0][0].taken_at
    span = (counts[-1][0].taken_at - began).total_seconds() or 1.0
    at = [left + (run.taken_at - began).total_seconds() * wide / span for run, _ in counts]
    ends: list[tuple[float, ResultStatus]] = []
    every = max(1, len(counts) // 20)
    body += _seen(at, [run for run, _ in counts], top + high)
    for one in SERIES:
        points = [(x, top + high - each[one] * high / most) for x, (_, each) in zip(at, counts, strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        marks = "".join(_MARKS[one].format(x=f"{x:.1f}", y=f"{y:.1f}") for x, y in points[::every])
        body.append(f'<g class="line l-{one.value.lower()}"><polyline points="{line}"/>{marks}</g>')
        ends.append((points[-1][1], one))
    low = 0.0
    for y, one in sorted(ends):
        low = max(y + 4, low + 20)
        body.append(f'<text x="{left + wide + 10}" y="{low:.1f}">{one.value.replace("_", " ")}</text>')
    return framed(name, title, told, _WIDTH, top + high + 60, "".join(body))


def _seen(at: Sequence[float], runs: Sequence[PackRun], bottom: int) -> Iterator[str]:
    """A mark below each run that saw part of the accounts; where few runs are drawn each has its numbers."""
    few = len(runs) <= _FEW
    for x, run in zip(at, runs, strict=True):
        covered = coverage_of(run)
        if not (covered.part or few):
            continue
        sign = f"{'△ ' if covered.part else ''}{covered.whole}/{covered.to_read}"
        mark = (
            f'<text class="small" x="{x:.1f}" y="{bottom + 40}" text-anchor="middle">{sign}</text>'
            if few
            else f'<path class="part" d="M{x:.1f} {bottom + 30}l-3 7h6z"/>'
        )
        yield f"<g><title>{esc(f'{day(run.taken_at)}: {covered.worded()}')}</title>{mark}</g>"
