"""What each Lambda door is told: read strictly, so that a word nobody reads is refused before anything is done."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from prooftrail.model.snapshot import RunTrigger

type RunId = Annotated[str, Meta(pattern=r"^[0-9]{8}T[0-9]{6}Z\Z")]
type AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
type Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
type Key = Annotated[str, Meta(min_length=1, max_length=1024)]


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a door is told; anything more, less or other is refused."""


class TickEvent(Event, frozen=True, kw_only=True):
    """From the scheduler the time it is for; by hand `{"manual": true}`."""

    scheduled_time: datetime | None = None
    manual: bool = False


class RunEvent(Event, frozen=True, kw_only=True):
    """The execution's own input."""

    run_id: RunId
    trigger: RunTrigger


class AccountEvent(Event, frozen=True, kw_only=True):
    """One account of a run's plan."""

    run_id: RunId
    account: AccountId


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """What Step Functions catches: an error's name and its cause, of which either may be missing."""

    error: str = msgspec.field(default="", name="Error")
    cause: str = msgspec.field(default="", name="Cause")


class FailureEvent(AccountEvent, frozen=True, kw_only=True):
    """An account whose scan failed for good, as the state machine caught it."""

    failure: Caught


class ClosingEvent(Event, frozen=True, kw_only=True):
    """A run that is to be closed, recorded, or told of."""

    run_id: RunId


class ShardEvent(ClosingEvent, frozen=True, kw_only=True):
    """One shard of a run's notices, counted from 0."""

    shard: Annotated[int, Meta(ge=0, le=999)]


class Telling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account's outcome for the ledger, and those of earlier runs it lacks."""

    account: AccountId
    key: Key
    sha256: Sha256
    earlier: tuple[tuple[Key, Sha256], ...] = ()


class TellingEvent(Event, frozen=True, kw_only=True):
    """A batch of them, as the state machine makes it."""

    items: Annotated[tuple[Telling, ...], Meta(min_length=1)] = msgspec.field(name="Items")
