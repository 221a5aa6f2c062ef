"""What a chain says of time: when its runs began and were closed, which ticks they met, and by which schedule."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prooftrail.model import canonical
from prooftrail.model.run import Schedule
from prooftrail.model.snapshot import RunTrigger

from . import layout
from .findings import Fault, Problem
from .manifest import ChainContent, Genesis, Manifest

CLOCKS_APART = timedelta(hours=1)
"""How far the clocks of two machines that write one chain may differ."""

BEFORE_ITS_TICK = timedelta(minutes=5)
"""How much earlier than its tick a run may begin: the clock that wakes it is another than ours."""

BACK_DATED = timedelta(hours=6)
"""A manual run that began longer after the instant it is judged at than this was given another day than its own."""

_TOLD = 5  # ticks a problem tells one by one


def due(one: Manifest, before: Manifest | None) -> tuple[datetime, ...]:
    """The ticks since the last one that nobody met, for a scheduled run that follows `before`.

    They are those of the schedule in force until then: a run that shows another is the first that anybody knows it by.
    """
    schedule = (before.schedule if before else None) or one.schedule
    return _between(schedule, before.last_tick if before else None, one)


def told(contents: Iterable[tuple[int, ChainContent]]) -> Iterator[Problem]:
    """Everything a chain says of time that cannot be, or that somebody should know; slots in order."""
    before = _Before()
    for seq, content in contents:
        if isinstance(content, Manifest):
            yield from _dated(seq, content, before)
            yield from _met(seq, content, before)
            yield from _ticked(seq, content, before)
        before.saw(seq, content)


class _Before:
    """What the slots so far say. `contiguous` tells whether a slot follows right behind: over one that is gone nothing
    can be said of ticks, the gap itself is the problem.
    """

    def __init__(self) -> None:
        self.slot: int | None = None
        self.manifest: Manifest | None = None
        self.schedule: Schedule | None = None
        self.missed: set[datetime] = set()

    def contiguous(self, seq: int) -> bool:
        return self.slot is not None and seq == self.slot + 1

    @property
    def last(self) -> datetime | None:
        return self.manifest.last_tick if self.manifest else None

    def saw(self, seq: int, content: ChainContent) -> None:
        if isinstance(content, Manifest):
            self.slot, self.manifest = seq, content
            self.missed.update(content.missed_ticks)
        elif (isinstance(content, Genesis) and seq == 0) or self.contiguous(seq):
            self.slot = seq  # a rotation stands between two runs
        if isinstance(content, Genesis | Manifest):
            self.schedule = content.schedule or self.schedule


def _dated(seq: int, one: Manifest, before: _Before) -> Iterator[Problem]:
    if one.started_at - one.closed_at > CLOCKS_APART:
        detail = f"closed {_moment(one.closed_at)}, it says, and begun only {_moment(one.started_at)}"
        yield _problem(Fault.MISDATED, seq, detail)
    earlier = before.manifest
    if earlier and earlier.closed_at - one.closed_at > CLOCKS_APART:
        detail = f"closed {_moment(one.closed_at)}, it says, and manifest {earlier.seq} before it {_moment(earlier.closed_at)}"
        yield _problem(Fault.MISDATED, seq, detail)
    if one.run.trigger is RunTrigger.MANUAL and one.started_at - one.run.taken_at > BACK_DATED:
        detail = f"a manual run begun {_moment(one.started_at)} is judged as of {_moment(one.run.taken_at)}: it was back-dated"
        yield _problem(Fault.MISDATED, seq, detail)


def _met(seq: int, one: Manifest, before: _Before) -> Iterator[Problem]:
    """Notes for a run that stands out of its time; older code let an honest one do so."""
    earlier, tick = before.manifest, one.run.tick
    # Of two runs that overlap the one that was due first may be closed last.
    if earlier and one.started_at > earlier.closed_at and one.run.taken_at < earlier.run.taken_at:
        detail = (
            f"judged as of {_moment(one.run.taken_at)}, before run {earlier.run.id}, and begun after that was closed"
        )
        yield _problem(Fault.OFF_TIME, seq, detail)
    if tick is not None and tick - one.started_at > BEFORE_ITS_TICK:
        detail = f"begun {_moment(one.started_at)}, before its tick {_moment(tick)}"
        yield _problem(Fault.OFF_TIME, seq, detail)
    if tick in before.missed:
        detail = f"begun {_moment(one.started_at)}, when its tick {_moment(tick)} was declared missed already"
        yield _problem(Fault.OFF_TIME, seq, detail)


def _ticked(seq: int, one: Manifest, before: _Before) -> Iterator[Problem]:
    last, tick = one.last_tick, one.run.tick
    known = before.contiguous(seq)
    latest = max((at for at in (before.last, tick) if at is not None), default=None)
    if known and last != latest:
        detail = f"its last tick is {_said(last)}, where {_said(latest)} follows"
        yield _problem(Fault.TICK, seq, detail)
    elif last is not None and last - one.closed_at > CLOCKS_APART:
        yield _problem(Fault.TICK, seq, f"its last tick {_moment(last)} was still to come when it was closed")
    by_old = _between(before.schedule or one.schedule, before.last, one) if known else ()
    by_own = _between(one.schedule, before.last, one) if known else ()
    if known and one.run.trigger is RunTrigger.SCHEDULE and one.missed_ticks not in (by_old, by_own):
        yield _problem(Fault.TICK, seq, _undeclared(by_old, one))
    if before.schedule and one.schedule and one.schedule != before.schedule:
        silent = len(set(by_old) - set(one.missed_ticks))
        passed = f"; {silent} ticks of the one before passed without a run and are not declared" if silent else ""
        detail = f"runs are due {one.schedule.worded()} from here on, and were {before.schedule.worded()}{passed}"
        yield _problem(Fault.SCHEDULE, seq, detail)


def _undeclared(expected: tuple[datetime, ...], one: Manifest) -> str:
    silent = [_moment(tick) for tick in expected if tick not in one.missed_ticks]
    if not silent:
        return "it declares ticks as missed that were not due"
    more = f" and {len(silent) - _TOLD} others" if len(silent) > _TOLD else ""
    return f"missed ticks are not declared: {', '.join(silent[:_TOLD])}{more}"


def _between(schedule: Schedule | None, last: datetime | None, one: Manifest) -> tuple[datetime, ...]:
    if last is None or schedule is None or one.schedule is None or one.run.tick is None or one.run.tick <= last:
        return ()
    return schedule.between(last, one.run.tick)


def _said(at: datetime | None) -> str:
    return _moment(at) if at else "none"


def _moment(at: datetime | None) -> str:
    return canonical.timestamp(at) if at else ""


def _problem(fault: Fault, seq: int, detail: str) -> Problem:
    return Problem(fault=fault, where=layout.chain_key(seq), detail=detail)
