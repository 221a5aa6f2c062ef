"""A run and its steps' commits: the schedule, the plan, each account's outcome, and the objects they name."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import msgspec

from prooftrail.settings import SCHEDULE_HOURS

from .canonical import run_id, tick_of, utc
from .reading import Cell
from .snapshot import RunTrigger

MOST_TICKS = 100_000
"""Ticks that are counted between two times: eleven years of hours. Times far apart are nobody's, and must not fill memory."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When runs are due: every `every_hours` hours counted from `at` (HH:MM, UTC) of each day.

    `every_hours` divides 24, or is 24 itself, so that every day has the same ticks.
    """

    every_hours: int
    at: str

    def __post_init__(self) -> None:
        if self.every_hours not in SCHEDULE_HOURS:
            raise ValueError(f"every_hours must divide 24 (1, 2, 3, 4, 6, 8, 12 or 24), not {self.every_hours}")
        hours, _, minutes = self.at.partition(":")
        if not (hours.isdigit() and minutes.isdigit() and len(self.at) == 5 and int(hours) < 24 and int(minutes) < 60):
            raise ValueError(f"at must be a UTC time like 06:00, not {self.at!r}")

    def worded(self) -> str:
        """As people say it."""
        return f"every {self.every_hours} h from {self.at} UTC"

    def latest(self, at: datetime) -> datetime:
        """The newest tick that is not after `at`."""
        hours, minutes = self.at.split(":")
        step = timedelta(hours=self.every_hours)
        day = utc(at).replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0) - timedelta(days=1)
        return day + (utc(at) - day) // step * step

    def between(self, after: datetime, before: datetime) -> tuple[datetime, ...]:
        """The ticks strictly after `after` and strictly before `before`, oldest first: the newest MOST_TICKS at most."""
        step, found = timedelta(hours=self.every_hours), list[datetime]()
        tick = self.latest(before)
        while tick > after and len(found) < MOST_TICKS:
            if tick < before:
                found.append(tick)
            tick -= step
        return tuple(reversed(found))


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep. `taken_at` is the only clock that judges; `tick` is None for a manual run, which satisfies no tick."""

    id: str
    taken_at: datetime
    trigger: RunTrigger
    tick: datetime | None = None
    caller: str | None = None

    @classmethod
    def scheduled(cls, tick: datetime, caller: str | None) -> Self:
        """The run of a schedule tick; its id is the tick, so a second start of the same tick is the same run."""
        return cls(id=run_id(tick), taken_at=utc(tick), trigger=RunTrigger.SCHEDULE, tick=utc(tick), caller=caller)

    @classmethod
    def manual(cls, now: datetime, caller: str | None) -> Self:
        """A run a person asked for, at the whole second of `now`."""
        second = utc(now).replace(microsecond=0)
        return cls(id=run_id(second), taken_at=second, trigger=RunTrigger.MANUAL, caller=caller)

    @classmethod
    def named(cls, name: str, trigger: RunTrigger) -> Self:
        """The run with the id `name`, as one step of a run hands it to the next. Raises ValueError for no run id."""
        at = tick_of(name)
        if run_id(at) != name:
            raise ValueError(f"{name!r} is no run id: write YYYYMMDDTHHMMSSZ")
        return cls.scheduled(at, None) if trigger is RunTrigger.SCHEDULE else cls.manual(at, None)


class EvidenceKind(StrEnum):
    """The kinds of sealed objects, each under its own prefix so that each can have its own retention."""

    CHAIN = "chain"
    PLAN = "plan"
    CONTEXT = "context"
    OUTCOME = "outcome"
    RAW = "raw"
    SNAPSHOT = "snapshot"
    PEOPLE = "people"
    ASSESSMENT = "assessment"
    TRANSITIONS = "transitions"
    FINDINGS = "findings"
    WITNESS = "witness"
    CUSTODY = "custody"
    NOTICES = "notices"
    ANSWERS = "answers"


class SealedObject(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One sealed object as a manifest names it.

    `sha256` is of the uncompressed canonical bytes and stands in the key of data objects; `stored_sha256` and `size`
    (bytes) are of what is stored; `count` is its lines. `version_id` is None where the store has no versions.
    """

    key: str
    kind: EvidenceKind
    sha256: str
    stored_sha256: str
    size: int
    count: int
    version_id: str | None = None
    retain_until: datetime | None = None


class Superseded(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """An object that no commit names, with the reason it exists all the same.

    `stored_sha256` is None for wire bodies and people, which the scanner does not read back: theirs is the hash in the name.
    """

    key: str
    size: int
    reason: str
    stored_sha256: str | None = None
    version_id: str | None = None


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account's last good snapshot lies, or its last findings, and the manifest that vouches for them."""

    run_id: str
    key: str
    stored_sha256: str
    seq: int


class PlanAction(StrEnum):
    """What the plan does about an account."""

    SCAN = "scan"
    SKIP = "skip"


class PlannedAccount(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="account"):
    """One account of the plan: read it, or leave it out for a reason that everyone can see.

    `previous` is its last good snapshot, `previous_findings` what was last found in it.
    """

    account: str
    action: PlanAction
    reason: str | None = None
    onboarding: bool = False
    previous: Pointer | None = None
    previous_findings: Pointer | None = None


class PlanHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="plan"):
    """The first line of a plan: the run, its context and the head of the chain it saw when it began.

    `mac` is this deployment's code over the whole plan: until a manifest is signed nothing else tells whose it is.
    `previous_findings` are those of the organization as a whole.
    """

    schema: str = "prooftrail.plan/1"
    run: Run
    locker_id: str
    context: SealedObject
    people: SealedObject | None = None
    raw: SealedObject | None = None
    head_seq: int
    head_sha256: str
    schedule: Schedule | None = None
    role_name: str | None = None
    previous_findings: Pointer | None = None
    started_at: datetime
    mac: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run set out to do; committed once, so that a second start does the same."""

    header: PlanHeader
    accounts: tuple[PlannedAccount, ...]


class OutcomeStatus(StrEnum):
    """How far an account was read: everything, with gaps, or not at all."""

    SEALED = "sealed"
    GAPS = "gaps"
    UNREACHABLE = "unreachable"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An account's commit for a run: the objects it sealed and the state of each cell. The first outcome wins.

    `mac` is this deployment's code over it, as in a plan.
    """

    schema: str = "prooftrail.outcome/1"
    run_id: str
    account: str
    status: OutcomeStatus
    reason: str | None = None
    started_at: datetime
    finished_at: datetime
    objects: tuple[SealedObject, ...] = ()
    cells: tuple[Cell, ...] = ()
    previous: Pointer | None = None
    notes: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    calls: int = 0
    throttled: int = 0
    mac: str = ""
