"""A locker as a pack sees it: up to one head of its chain, and of what is written beside runs only what manifests up to it name.

What is sealed later, and where the locker lies (a bucket, a directory, a copy), changes nothing of what is read here.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable, NotInThisCopy
from prooftrail.evidence import layout
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.ports import Locker, ObjectVersion, Read, Stored

from .locker_history import LockerHistory

RECORDS = ("custody/", "answers/", "notices/")
"""Where what was done, said and sent is written between two runs, for the next manifest to name."""

_BUCKET = "s3://"
_RECORDED = frozenset({EvidenceKind.CUSTODY, EvidenceKind.ANSWERS, EvidenceKind.NOTICES})
_STAMP = len("20261104T060000Z")


class AskedHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head a pack is asked for: its slot, and the SHA-256 that must stand there, None where nobody named one."""

    seq: int
    sha256: str | None = None


class LockerAt:
    """A locker whose chain ends at a head; None is its newest. Satisfies Locker, and nothing can be put into it.

    What is missing is said without naming the machine: such sentences stand in packs. `not_yet` is true for a key that
    is not there because a pull has not come so far.
    """

    keeps_time: bool = False  # what the store says of its own time is no part of what was sealed

    def __init__(
        self, locker: Locker, head: AskedHead | None = None, *, not_yet: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._locker, self._until, self._not_yet = locker, head.seq if head else None, not_yet

    def describe(self) -> str:
        """Where it lies, for errors that end the command."""
        return self._locker.describe()

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key. Raises EvidenceMissing and EvidenceUnreadable, of the same words wherever the locker lies."""
        if not self._is_within(key):
            raise EvidenceMissing(key, "the locker up to this head")
        try:
            return self._locker.get(key, version_id=version_id)
        except NotInThisCopy:
            raise
        except EvidenceMissing:
            if self._not_yet(key):
                raise NotInThisCopy(key, "", "all of it, and that has not finished", "the bucket") from None
            raise EvidenceMissing(key, "the locker") from None
        except EvidenceError as error:
            raise EvidenceUnreadable(f"{key} cannot be read as it is stored: run `prooftrail verify`.") from error

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version below `prefix`, the chain only up to the head, and the watchdog's words only about slots up to it."""
        return (one for one in self._locker.versions(prefix) if self._is_within(one.key))

    def read_all(self, prefix: str) -> Iterator[Read]:
        """The version written first of every key below `prefix`."""
        return (one for one in self._locker.read_all(prefix) if self._is_within(one.key))

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:
        """Until when the store holds the version."""
        return self._locker.retained_until(key, version_id=version_id)

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:
        """Never: a pack is made of what is there."""
        raise NotImplementedError(f"{key}, {len(body)} bytes, {retain_until}: a pack writes nothing into a locker")

    def _is_within(self, key: str) -> bool:
        if self._until is None:
            return True
        seq = layout.Place(key).seq
        return seq is None or seq <= self._until


class RecordsAt(LockerAt):
    """The same, with records as the manifests up to the head name them, and time as they tell it.

    An answer counts as it would in the locker the genesis names: in a bucket by who may write there, else by its key.
    """

    def __init__(self, locker: LockerAt, history: LockerHistory, *, bucket: bool) -> None:
        super().__init__(locker)
        self.keeps_time = bucket
        self._inner = locker
        self._named: dict[str, tuple[SealedObject, datetime]] = {}
        self._known: set[str] = set()
        before: datetime | None = None
        for one in history.chain.manifests:
            self._note(one, before)
            before = one.started_at
        self._clock = history.chain.manifests[-1].closed_at if history.chain.manifests else None

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Of records what is named; what was kept for its time and is gone since is not missed."""
        if not prefix.startswith(RECORDS):
            yield from super().versions(prefix)
            return
        mine = {key: one for key, one in sorted(self._named.items()) if key.startswith(prefix)}
        ended = {
            key
            for key, (one, _) in mine.items()
            if one.retain_until and self._clock and one.retain_until <= self._clock
        }
        there = {one.key for one in self._inner.versions(prefix)} if ended else set[str]()
        for key, (one, stored_at) in mine.items():
            if key not in ended or key in there:
                yield ObjectVersion(key=key, version_id=one.version_id, size=one.size, stored_at=stored_at)

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes, of a record only if they are what was sealed."""
        if layout.Place(key).kind not in _RECORDED:
            return super().get(key, version_id=version_id)
        if key not in self._named:
            raise EvidenceMissing(key, "any manifest up to this head")
        body = super().get(key, version_id=version_id)
        if canonical.sha256(body) != self._named[key][0].stored_sha256:
            raise EvidenceUnreadable(f"{key} is not what its manifest sealed: run `prooftrail verify`.")
        return body

    def not_chained(self) -> int:
        """How many records lie in the locker that no manifest up to the head names."""
        keys = {one.key for prefix in RECORDS for one in self._inner.versions(prefix) if not one.delete_marker}
        return sum(layout.Place(one).kind in _RECORDED for one in keys - self._known)

    def _note(self, manifest: Manifest, before: datetime | None) -> None:
        for one in manifest.objects:
            if one.kind in _RECORDED:
                self._known.add(one.key)
                self._named.setdefault(one.key, (one, _between(one.key, before, manifest.closed_at)))
        self._known.update(one.key for one in manifest.superseded if one.key.startswith(RECORDS))


def require_head(locker: Locker, head: AskedHead) -> None:
    """Refuse a head that the chain does not have. Raises EvidenceError."""
    slots = [seq for one in locker.versions("chain/") if (seq := layout.Place(one.key).seq) is not None]
    if head.seq not in slots:
        raise EvidenceError(
            f"--head {head.seq}: the chain of {locker.describe()} has no such slot, its newest is {max(slots, default=0)}."
            " `prooftrail runs` lists them."
        )
    sha256 = canonical.sha256(locker.get(layout.chain_key(head.seq)))
    if head.sha256 is not None and head.sha256 != sha256:
        raise EvidenceError(
            f"--head {head.seq}:{head.sha256[:16]}…: slot {head.seq} of {locker.describe()} is {sha256[:16]}…: this is another"
            " chain, or it was changed since. Run `prooftrail verify` with --expect-head."
        )


def is_of_bucket(history: LockerHistory) -> bool:
    """True if the genesis says that the locker is a bucket, wherever this copy of it lies."""
    genesis = history.chain.genesis
    return genesis is not None and genesis.locker.startswith(_BUCKET)


def _between(key: str, before: datetime | None, closed: datetime) -> datetime:
    """When a record came into the locker, as the chain tells: its own time, where that lies between the two manifests.

    The one before was begun without it, so it came later; the one that names it was closed with it.
    """
    stamp = key.partition("/")[2][:_STAMP]
    try:
        at = canonical.tick_of(stamp)
    except ValueError:
        at = closed
    return min(max(at, before or at), closed)
