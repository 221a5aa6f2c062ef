"""Which runs were due on each day of the period and what became of them: as a calendar, and as a table of every run."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from prooftrail.model.canonical import utc
from prooftrail.pack.registers.coverage import Coverage, coverage_of
from prooftrail.pack.registers.ticks import Tick, TickState, manual_runs, ticks
from prooftrail.pack.report.charts import framed
from prooftrail.pack.report.text import Html, counted, day, esc, folded, instant, table
from prooftrail.pack.view import LATE_AFTER, PackRun, PeriodView

_CELL, _LEFT, _TOP = 62, 74, 34
_ROOM = 5  # characters beside the day of the month
_MOST_DAYS = 400  # drawn; the table has all
_HOURS = int(LATE_AFTER.total_seconds() // 3600)


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day: its ticks by what became of them, and how many runs a person started.

    `part` are ticks met in time by a run that did not read whole all it was to read, `least` the coverage of that run of
    the day which read least.
    """

    on: date
    met: int
    part: int
    late: int
    missed: int
    before: int
    manual: int
    least: Coverage | None = None

    @property
    def state(self) -> str:
        """The gravest thing that happened: `missed`, `late`, `part`, `met`, `before`, or `none` where nothing was due."""
        return next((name for name in ("missed", "late", "part", "met", "before") if getattr(self, name)), "none")


SIGNS = {"met": "✓", "part": "△", "late": "◐", "missed": "✕", "before": "–", "none": "·"}
WORDS = {
    "met": "in time, every account read whole",
    "part": "in time, over part of the accounts (read whole / to be read, or percent)",
    "late": "late",
    "missed": "missed",
    "before": "before the chain began",
    "none": "none due",
}
_NAMES = {
    TickState.IN_TIME: "met",
    TickState.LATE: "late",
    TickState.MISSED: "missed",
    TickState.BEFORE_CHAIN: "before",
}
_BECAME = {"met": "in time, over all accounts", "part": "in time, over part of the accounts"}
_EVERY = ("met", "part", *(name for name in _NAMES.values() if name != "met"))


def days(period: PeriodView) -> tuple[Day, ...]:
    """Every day of the period, to its end or to the last that is known of."""
    became: dict[date, Counter[str]] = defaultdict(Counter)
    least: dict[date, Coverage] = {}
    for tick in ticks(period):
        on, name = utc(tick.at).date(), _name(tick)
        became[on][name] += 1
        if name == "part" and tick.coverage and (on not in least or tick.coverage.share < least[on].share):
            least[on] = tick.coverage
    for run in manual_runs(period):
        became[utc(run.taken_at).date()]["manual"] += 1
    last = min(period.options.until, max(utc(period.clock).date(), period.options.since))
    found = []
    for ahead in range((last - period.options.since).days + 1):
        on = period.options.since + timedelta(days=ahead)
        counts = {name: became[on][name] for name in _EVERY}
        found.append(Day(on=on, manual=became[on]["manual"], least=least.get(on), **counts))
    return tuple(found)


def _name(tick: Tick) -> str:
    name = _NAMES[tick.state]
    return "part" if name == "met" and tick.in_part else name


def calendar(period: PeriodView) -> str:
    """The calendar: a week a row, Monday first; each day has a sign, so that colour is not all that tells it."""
    found = days(period)[-_MOST_DAYS:]
    first = found[0].on - timedelta(days=found[0].on.weekday())
    weeks = (found[-1].on - first).days // 7 + 1
    names = "".join(
        f'<text class="small" x="{_LEFT + at * _CELL + _CELL // 2}" y="22" text-anchor="middle">{name}</text>'
        for at, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    )
    cells = "".join(_cell(one, first) for one in found)
    labels = "".join(
        f'<text class="small" x="0" y="{_TOP + at * 44 + 25}">{day(first + timedelta(weeks=at))[5:]}</text>'
        for at in range(weeks)
    )
    total = Counter({name: sum(getattr(one, name) for one in found) for name in (*_EVERY, "manual")})
    told = (
        f"{counted(total['met'] + total['part'], 'run')} in time{_in_part(total['part'])}, {total['late']} late, {total['missed']} missed,"
        f" {total['manual']} started by a person, from {day(found[0].on)} to {day(found[-1].on)}."
    )
    svg = framed("calendar", "Calendar of runs", told, _LEFT + 7 * _CELL, _TOP + weeks * 44, names + labels + cells)
    return f"{svg}{_legend()}<p>{esc(told)} The runs are in the table below.</p>"


def _in_part(number: int) -> str:
    return f", {number} of them over part of the accounts" if number else ""


def _legend() -> str:
    made = "".join(f'<li><span class="sign c-{name}">{SIGNS[name]}</span> {WORDS[name]}</li>' for name in SIGNS)
    return f'<ul class="legend">{made}<li><span class="sign">M</span> a run a person started; satisfies nothing due</li></ul>'


def _cell(one: Day, first: date) -> str:
    week, column = divmod((one.on - first).days, 7)
    x, y = _LEFT + column * _CELL, _TOP + week * 44
    met = one.met + one.part
    due = met + one.late + one.missed + one.before
    sign = SIGNS[one.state] + (f" {met}/{due}" if due > 1 else "") + (" M" if one.manual else "")
    tip = f"{day(one.on)}: {met} in time{_in_part(one.part)}, {one.late} late, {one.missed} missed, {one.manual} manual"
    read = ""
    if one.least is not None:
        tip += f"; {one.least.worded()}{' in the one that read least' if one.part > 1 else ''}"
        shown = f"{one.least.whole}/{one.least.to_read}"
        if len(shown) > _ROOM:
            shown = f"{one.least.whole * 100 // one.least.to_read} %"
        read = f'<text class="small read" x="{x + _CELL - 7}" y="{y + 16}" text-anchor="end">{shown}</text>'
    return (
        f'<g class="c-{one.state}"><title>{tip}</title><rect x="{x + 2}" y="{y + 2}" width="{_CELL - 4}" height="40" rx="3"/>'
        f'<text class="small" x="{x + 7}" y="{y + 16}">{one.on.day}</text>{read}'
        f'<text x="{x + _CELL // 2 + 4}" y="{y + 33}" text-anchor="middle">{sign}</text></g>'
    )


def runs_table(period: PeriodView) -> str:
    """Every tick that was due and every run a person started, oldest first, missed ones in their place."""
    heads = (
        "Due or started",
        "Run",
        "What became of it",
        "Closed",
        "Accounts read whole, of those to be read",
        "First witnessed",
        "Manifest",
    )
    caption = f"Runs of the period: what was due, met, late (closed more than {_HOURS} h after) and missed"
    rows = tuple(_rows(period))
    made = table(caption, heads, rows, short=frozenset({0, 1, 3, 6}))
    return folded(made, len(rows), "runs, due or started", "29_runs.csv")


def _rows(period: PeriodView) -> Iterator[tuple[object, ...]]:
    due: list[tuple[datetime, Tick | PackRun]] = [(one.at, one) for one in ticks(period)]
    met = {one.run.run_id for _, one in due if isinstance(one, Tick) and one.run}
    due += [(run.taken_at, run) for run in period.runs if run.run_id not in met]
    for at, one in sorted(due, key=lambda pair: (pair[0], isinstance(pair[1], PackRun))):
        run = one if isinstance(one, PackRun) else one.run
        if run is None:
            yield instant(at), "no run", _became(one), "", "", "", ""
            continue
        yield (
            instant(at),
            run.run_id,
            _became(one),
            instant(run.closed_at),
            coverage_of(run).told(),
            instant(run.witnessed_at, "no witness"),
            Html(f"<code>{esc(run.manifest_sha256[:16])}…</code>"),
        )


def _became(one: Tick | PackRun) -> Html:
    if isinstance(one, PackRun):
        why = "of a tick that was not due" if one.scheduled else "manual: satisfies nothing due"
        return Html(f'<span class="sign">M</span> {why}')
    name = _name(one)
    cause = f": {esc(one.cause)}" if one.cause else ""
    return Html(f'<span class="sign c-{name}">{SIGNS[name]}</span> {_BECAME.get(name, WORDS[name])}{cause}')
