"""Where evidence is taken from, and where what was seen on the way is kept."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from prooftrail.evidence.pulled import LockState, PulledObject, PullRecord

from . import Locker, ObjectVersion


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one version, and the lock that S3 showed with them."""

    body: bytes
    lock: LockState


class EvidenceSource(Protocol):
    """A bucket as somebody sees it who may read and nothing else; safe to ask from many threads."""

    def describe(self) -> str:
        """Its address, as a person would write it."""
        ...

    def caller(self) -> str | None:
        """Who asks, by ARN; None where AWS does not say."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker below `prefix`, in order of key, oldest first within a key."""
        ...

    def take(self, key: str, *, version_id: str | None) -> Taken:
        """One version whole. Raises EvidenceMissing, EvidenceUnreadable, AccessError naming the action."""
        ...

    def lock_of(self, key: str, *, version_id: str | None) -> LockState:
        """The lock of one version, its bytes left where they are."""
        ...


class PullNotes(Protocol):
    """What a pull writes down beside the copy, never in it."""

    def recall(self) -> dict[str, PulledObject]:
        """What earlier pulls into the same copy observed, by key; a line cut short by a kill is left out."""
        ...

    def note(self, one: PulledObject) -> None:
        """Write down one object soon, from any thread; a kill may lose the last few."""
        ...

    def state(self, record: PullRecord) -> None:
        """How far the pull is: replaces what was stated before."""
        ...

    def settle(self, objects: list[PulledObject]) -> None:
        """Replace all notes by these, in order of key."""
        ...


class Copy(Locker, Protocol):
    """A locker that evidence is pulled into."""

    def create(self) -> None:
        """Make the place if there is none."""
        ...

    def settle(self) -> None:
        """Make durable what was put."""
        ...
