"""Starts the run that is due: one execution for each tick, under the run's own name, however often it is asked for."""

import re
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from prooftrail.errors import ConfigError
from prooftrail.evidence.times import BACK_DATED, BEFORE_ITS_TICK
from prooftrail.model import canonical
from prooftrail.model.run import Run, Schedule
from prooftrail.model.snapshot import RunTrigger
from prooftrail.ports import Clock

CLOCKS_APART = BEFORE_ITS_TICK
"""A tick further ahead of our clock than this is nobody's."""

CATCH_UP = timedelta(hours=24)
"""A tick longer gone than this, the longest step a schedule has, is not run any more: the next run declares it missed."""

_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}")


class Executions(Protocol):
    """Carries runs from step to step, each under its own name."""

    def start(self, run: Run) -> bool:
        """Start the run's execution; False where one of that name is there already, whatever became of it."""
        ...


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    """The run that is under way; `started` is False where it was before."""

    run_id: str
    started: bool


class Tick:
    """Starts a run for the latest tick, or by hand for the present second."""

    def __init__(self, *, schedule: Schedule, executions: Executions, clock: Clock) -> None:
        self._schedule, self._executions, self._clock = schedule, executions, clock

    def __call__(self, scheduled: datetime | None) -> Ticked:
        """Start the run `scheduled` is for: of the latest tick not after it, so that a late delivery is still that tick.

        None starts a manual run. Raises ConfigError for a time that lies ahead, or longer ago than a tick is caught up.
        """
        run = self._manual() if scheduled is None else self._due(scheduled)
        if not _NAME.fullmatch(run.id):
            raise ConfigError(f"{run.id!r} cannot name an execution: 1 to 80 of 0-9, A-Z, a-z, - and _.")
        return Ticked(run_id=run.id, started=self._executions.start(run))

    def _due(self, scheduled: datetime) -> Run:
        now = self._clock.now()
        require_past(scheduled, now)
        run = Run.scheduled(self._schedule.latest(scheduled), None)
        require_present(run, now)
        return run

    def _manual(self) -> Run:
        run = Run.manual(self._clock.now(), None)
        if self._schedule.latest(run.taken_at) == run.taken_at:
            # In a tick's own second it would take the tick's name, and the tick would count as met.
            run = Run.manual(run.taken_at - timedelta(seconds=1), None)
        return run


def require_present(run: Run, now: datetime) -> None:
    """Raises ConfigError for a run that is to be judged as of another time than its own.

    That is a time ahead, a tick more than 24 h ago, or for a manual run an instant more than 6 h ago. One that has its
    plan already may be finished later: each cell then says that it was read late.
    """
    require_past(run.taken_at, now)
    if now - run.taken_at <= (BACK_DATED if run.tick is None else CATCH_UP):
        return
    since = f"{canonical.timestamp(run.taken_at)} is too long ago ({canonical.timestamp(now)} now)"
    if run.tick is None:
        raise ConfigError(f"{since} to judge anything as of then: start a manual run for the present moment.")
    raise ConfigError(f"{since} for its tick to be run: the next run declares it missed. Start that, or a manual one.")


def require_past(at: datetime, now: datetime) -> None:
    """Raises ConfigError for a time more than 5 minutes ahead: nothing is judged as of a day that has not come."""
    if at - now > CLOCKS_APART:
        raise ConfigError(
            f"{canonical.timestamp(at)} lies ahead of this machine's clock ({canonical.timestamp(now)}): check who asked."
        )


def run_named(run_id: str, trigger: RunTrigger, *, schedule: Schedule, now: datetime) -> Run:
    """The run that an execution was started for. Raises ConfigError for no run id, no tick of `schedule`, or a future one."""
    try:
        run = Run.named(run_id, trigger)
    except ValueError as error:
        raise ConfigError(f"run_id {run_id!r} is no run id: write YYYYMMDDTHHMMSSZ.") from error
    require_past(run.taken_at, now)
    if run.tick is not None and schedule.latest(run.tick) != run.tick:
        raise ConfigError(
            f"run_id {run_id} is no tick of the schedule ({schedule.worded()}): start a manual run, with"
            ' {"manual": true}.'
        )
    return run
