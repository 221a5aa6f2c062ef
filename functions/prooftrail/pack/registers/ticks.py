"""How the period's schedule was kept, and what each control did at each tick of it: operated, late, missed, or not tested.

A tick is met by a run of its own that was closed in time. A manual run meets none. A tick from before the chain began
was due to nobody. All counts are of manifests, which speak of every account, whatever the pack is narrowed to.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.coverage import Coverage, coverage_of, narrowed
from prooftrail.pack.view import LATE_AFTER, PackRun, PeriodView

_MOST_NAMED = 5
_COUNT = "result"


class TickState(StrEnum):
    """What became of one tick of the schedule."""

    IN_TIME = "in time"
    LATE = "late"
    MISSED = "missed"
    BEFORE_CHAIN = "before the chain began"


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """One tick that was due in the period. `cause` says why it was not met in time; None where it was.

    `coverage` is what its run saw of the estate, None where there is no run.
    """

    at: datetime
    state: TickState
    run: PackRun | None = None
    cause: str | None = None
    coverage: Coverage | None = None

    @property
    def in_part(self) -> bool:
        """True if its run did not read whole all that it was to read."""
        return self.coverage is not None and self.coverage.part


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What one control did in the period. `due` counts the ticks since the chain began; a tick is in one list only.

    `operated` are runs of a tick, in time, that gave at least one result that is not NOT_TESTED; `untested` were in time and
    gave none. `in_part` are those of `operated` whose run did not read every account whole. `first` and `last` are the runs whose failures stand for the start and the end, None where there is no run.
    """

    control: str
    due: int
    operated: int
    missed: tuple[Tick, ...]
    late: tuple[Tick, ...]
    untested: tuple[Tick, ...]
    in_part: tuple[Tick, ...]
    days_before_chain: int
    manual: tuple[PackRun, ...]
    first: PackRun | None
    last: PackRun | None


def ticks(period: PeriodView) -> tuple[Tick, ...]:
    """Every tick that was due, oldest first, with what became of it."""
    return tuple(_tick(period, at) for at in period.ticks_due)


def of_control(period: PeriodView, control: str, due: Iterable[Tick]) -> Operation:
    """What `control` did at the ticks `due`, which are those of `ticks`."""
    by_state: dict[TickState, list[Tick]] = {one: [] for one in TickState}
    for tick in due:
        by_state[tick.state].append(tick)
    in_time = by_state[TickState.IN_TIME]
    untested = tuple(one for one in in_time if one.run is None or not tested(one.run, control))
    idle = {one.at for one in untested}
    in_part = tuple(one for one in in_time if one.in_part and one.at not in idle)
    missed, late = tuple(by_state[TickState.MISSED]), tuple(by_state[TickState.LATE])
    return Operation(
        control=control,
        due=len(in_time) + len(missed) + len(late),
        operated=len(in_time) - len(untested),
        missed=missed,
        late=late,
        untested=untested,
        in_part=in_part,
        days_before_chain=days_before_chain(period),
        manual=manual_runs(period),
        first=period.before or (period.runs[0] if period.runs else None),
        last=period.runs[-1] if period.runs else None,
    )


def manual_runs(period: PeriodView) -> tuple[PackRun, ...]:
    """The runs a person started: they stand apart and satisfy no tick."""
    return tuple(one for one in period.runs if not one.scheduled)


def counted(run: PackRun, control: str, *statuses: ResultStatus) -> int:
    """How many results of these statuses a control had in a run."""
    return sum(run.counts.get(f"{_COUNT}:{control}:{one.value}", 0) for one in statuses)


def tested(run: PackRun, control: str) -> bool:
    """True if the control gave at least one result that is not NOT_TESTED."""
    return counted(run, control, *(one for one in ResultStatus if one is not ResultStatus.NOT_TESTED)) > 0


def results_of(run: PackRun) -> Mapping[ResultStatus, int]:
    """All results of a run by status."""
    found = dict.fromkeys(ResultStatus, 0)
    for name, number in run.counts.items():
        kind, _, rest = name.partition(":")
        if kind == _COUNT:
            found[ResultStatus(rest.rpartition(":")[2])] += number
    return found


def sentence(period: PeriodView, one: Operation) -> str:
    """`operated 91 of 92, on 1 of them over part of the accounts (2026-08-02: 6 of 11); 2026-08-14 missed: no run`."""
    if not one.due:
        return "; ".join((nothing_due(period), *_apart(one)))
    several = several_a_day(period)
    said = [f"operated {one.operated} of {one.due}{_over_part(one, several=several)}"]
    said += _named(one.missed, several, lambda tick: f"missed: {tick.cause}")
    said += _named(one.late, several, lambda _: "late")
    said += _named(one.untested, several, lambda _: "not tested: no result but NOT_TESTED")
    return "; ".join((*said, *_apart(one)))


def nothing_due(period: PeriodView) -> str:
    """Why no tick was due in the period that this chain could have met."""
    began = period.genesis.created_at.date()
    if period.schedule is None:
        return "no schedule is declared, so nothing was due"
    if period.options.until < began:
        return f"nothing operated: the chain began on {began}, after the period"
    if period.options.since > period.clock.date():
        return f"nothing operated yet: nothing is known after {shown(period.clock)}"
    return "no tick of the schedule was over in the period, so nothing was due"


def schedule_kept(period: PeriodView) -> str:
    """One sentence: runs due, met in time, late and missed, and what stands apart."""
    due = ticks(period)
    number = {state: sum(one.state is state for one in due) for state in TickState}
    all_due = len(due) - number[TickState.BEFORE_CHAIN]
    manual = len(manual_runs(period))
    apart = f"; {counts(manual, 'manual run')} {'stands' if manual == 1 else 'stand'} apart" if manual else ""
    before = days_before_chain(period)
    lie = "lies" if before == 1 else "lie"
    apart += f"; {counts(before, 'day')} of the period {lie} before the chain began" if before else ""
    if not all_due:
        return f"{_capital(nothing_due(period))}{apart}."
    kept = f"{number[TickState.IN_TIME]} in time, {number[TickState.LATE]} late, {number[TickState.MISSED]} missed"
    return f"{counts(all_due, 'run')} {'was' if all_due == 1 else 'were'} due by the schedule: {kept}{apart}{_kept_in_part(period, due)}."


def _kept_in_part(period: PeriodView, due: Iterable[Tick]) -> str:
    in_time = [one for one in due if one.state is TickState.IN_TIME]
    found = [one for one in in_time if one.in_part]
    if not found:
        return ""
    named = of_accounts(found, several=several_a_day(period))
    return f"; {len(found)} of the {len(in_time)} in time did not read every account whole ({named}){narrowed(period)}"


def of_accounts(found: Iterable[Tick], *, several: bool) -> str:
    """`2026-11-21: 6 of 11`, accounts read whole of those to be read, for the ticks that saw least, in order of time."""
    seen = [(one, one.coverage) for one in found if one.coverage is not None]
    least = sorted(seen, key=lambda each: (each[1].share, each[0].at))[:_MOST_NAMED]
    words = [
        f"{tick_name(one.at, several=several)}: {covered.shortly()}"
        for one, covered in sorted(least, key=lambda each: each[0].at)
    ]
    beyond = len(seen) - _MOST_NAMED
    return ", ".join(words) + (f", and {beyond} more with as many or more" if beyond > 0 else "")


def _over_part(one: Operation, *, several: bool) -> str:
    if not one.in_part:
        return ""
    number = len(one.in_part)
    every = "" if number == 1 else "each "
    which = every if number == one.operated else f"on {number} of them "
    return f", {which}over part of the accounts ({of_accounts(one.in_part, several=several)})"


def days_before_chain(period: PeriodView) -> int:
    """How many days of the period were over before the chain began: they count neither as operated nor as missed."""
    began = period.genesis.created_at.date()
    end = min(began, period.options.until + timedelta(days=1))
    return max(0, (end - period.options.since).days)


def shown(at: datetime) -> str:
    """An instant for people, to the minute."""
    return f"{canonical.utc(at):%Y-%m-%d %H:%M} UTC"


def counts(number: int, noun: str) -> str:
    """`1 run`, `2 runs`, `1 identity`, `3 identities`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun.removesuffix('y')}ies" if noun.endswith("ty") else f"{number} {noun}s"


def _tick(period: PeriodView, at: datetime) -> Tick:
    name = period.ticks_met.get(at)
    if name is None and at < period.genesis.created_at:
        began = shown(period.genesis.created_at)
        return Tick(at=at, state=TickState.BEFORE_CHAIN, cause=f"the chain began at {began}")
    if name is None:
        return Tick(at=at, state=TickState.MISSED, cause=_no_run(period, at))
    run = period.run_of(name)
    if run is None:
        return Tick(at=at, state=TickState.MISSED, cause=f"the manifest of its run {name} cannot be read")
    covered = coverage_of(run)
    if run.late:
        hours = int(LATE_AFTER.total_seconds()) // 3600
        cause = f"closed at {shown(run.closed_at)}, more than {hours} h after its tick"
        return Tick(at=at, state=TickState.LATE, run=run, cause=cause, coverage=covered)
    return Tick(at=at, state=TickState.IN_TIME, run=run, coverage=covered)


def _no_run(period: PeriodView, at: datetime) -> str:
    declared = next((one for one in period.runs if at in one.missed_ticks), None)
    if declared is None:
        return "no run"
    return f"no run, as manifest {declared.seq} of {declared.taken_at.date()} declares"


def _apart(one: Operation) -> tuple[str, ...]:
    manual = (f"{counts(len(one.manual), 'manual run')} apart",) if one.manual else ()
    before = (f"{counts(one.days_before_chain, 'day')} before the chain began",) if one.days_before_chain else ()
    return (*manual, *before)


def _named(found: tuple[Tick, ...], several: bool, said: Callable[[Tick], str]) -> list[str]:
    words = [f"{tick_name(one.at, several=several)} {said(one)}" for one in found[:_MOST_NAMED]]
    beyond = len(found) - _MOST_NAMED
    if beyond > 0:
        words.append(f"and {beyond} more {said(found[-1]).partition(':')[0]}")
    return words


def tick_name(at: datetime, *, several: bool) -> str:
    """The day of a tick, with its time where a day has several."""
    return f"{canonical.utc(at):%Y-%m-%d %H:%M}" if several else f"{canonical.utc(at):%Y-%m-%d}"


def several_a_day(period: PeriodView) -> bool:
    """True if one day has more than one tick, so that a day alone names none."""
    return len({one.date() for one in period.ticks_due}) < len(period.ticks_due)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
