"""A day's notices as they lie in a locker: the commit, its parts, and what became of each shard; hashes and codes checked."""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence import notices as sealed_notices
from prooftrail.evidence.lines import LineWriter
from prooftrail.evidence.notices import NoticeLine
from prooftrail.model import canonical
from prooftrail.model.notice import Notice, NoticesPart, NoticesPlan, Reach, Sent, Told
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.ports import Locker

from .sealing import Sealing

_PART_LINES = 50_000  # a part of what is remembered is sealed, and leaves memory, at this many lines


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard came to: what was tried, and how each of its recipients stands since."""

    sent: tuple[Sent, ...]
    reach: tuple[Reach, ...]


def signed_plan(plan: NoticesPlan, sealing: Sealing) -> bytes:
    """The commit of a day as it is written, with this deployment's code over it."""
    code = sealing.code(canonical.encode(msgspec.structs.replace(plan, mac="")))
    return canonical.encode(msgspec.structs.replace(plan, mac=code))


def read_plan(locker: Locker, run_id: str, *, sealing: Sealing | None) -> NoticesPlan:
    """A run's commit, of this deployment where `sealing` can tell. Raises EvidenceError for none, or anybody else's."""
    key = layout.notices_plan_key(run_id)
    body = locker.get(key)
    plan = sealed_notices.read_plan(key, body)
    if sealing:
        sealing.require_ours(body, plan.mac, key)
    return plan


def read_part(locker: Locker, sealed: SealedObject) -> Iterator[NoticeLine]:
    """The lines of a part, its hash checked before the first. Raises EvidenceError."""
    body = locker.get(sealed.key, version_id=sealed.version_id)
    if canonical.sha256(body) != sealed.stored_sha256:
        raise EvidenceUnreadable(f"{sealed.key} is not what the plan of its run names: run `prooftrail verify`.")
    return sealed_notices.lines(sealed.key, body)


def end_body(run_id: str, shard: int, on: date, ended: Ended, sealing: Sealing) -> bytes:
    """What became of a shard as it is written: its header carries this deployment's code over all of it."""
    header = NoticesPart(run_id=run_id, on=on, what="sent", part=shard)
    rest = b"".join(canonical.encode(one) + b"\n" for one in (*ended.sent, *ended.reach))
    code = sealing.code(canonical.encode(header) + b"\n" + rest)
    return canonical.encode(msgspec.structs.replace(header, mac=code)) + b"\n" + rest


def read_end(locker: Locker, run_id: str, shard: int, *, sealing: Sealing | None) -> Ended | None:
    """What became of a shard; None where that is not recorded yet. Raises EvidenceError for what is not ours."""
    key = layout.notices_sent_key(run_id, shard)
    try:
        body = locker.get(key)
    except EvidenceMissing:
        return None
    return decode_end(key, body, run_id=run_id, shard=shard, sealing=sealing)


def decode_end(key: str, body: bytes, *, run_id: str, shard: int, sealing: Sealing | None) -> Ended:
    """The record of a shard's end. Raises EvidenceUnreadable for none, or anybody else's."""
    header, *rest = sealed_notices.lines(key, body)
    if not isinstance(header, NoticesPart):
        raise EvidenceUnreadable(f"{key} does not begin with a part's header.")
    if sealing:
        sealing.require_ours(body, header.mac, key)
    if (header.run_id, header.part) != (run_id, shard):
        raise EvidenceUnreadable(f"{key} is of run {header.run_id}, shard {header.part}: somebody moved it.")
    return Ended(
        sent=tuple(one for one in rest if isinstance(one, Sent)),
        reach=tuple(one for one in rest if isinstance(one, Reach)),
    )


class PartWriter:
    """Seals lines as parts of a day, each when it is full, so that little of them lies in memory."""

    def __init__(self, sealing: Sealing, run_id: str, on: date, what: str) -> None:
        self._sealing, self._run_id, self._on, self._what = sealing, run_id, on, what
        self._writer: LineWriter | None = None
        self._count = 0
        self.sealed: list[SealedObject] = []

    def add(self, record: Told | Reach | Notice) -> None:
        """Append a line."""
        if self._writer is None:
            self._writer = LineWriter()
            part = len(self.sealed)
            self._writer.add(NoticesPart(run_id=self._run_id, on=self._on, what=self._what, part=part))
        self._writer.add(record)
        self._count += 1
        if self._count >= _PART_LINES:
            self.finish()

    def finish(self, *, empty: bool = False) -> SealedObject | None:
        """Seal what was added since the last part; a part without lines only where `empty` asks for it."""
        if self._writer is None:
            if not empty:
                return None
            self._writer = LineWriter()
            part = len(self.sealed)
            self._writer.add(NoticesPart(run_id=self._run_id, on=self._on, what=self._what, part=part))
        self.sealed.append(self._sealing.notices(self._run_id, self._writer.finish()))
        self._writer, self._count = None, 0
        return self.sealed[-1]


def records_of[T](found: Iterable[NoticeLine], kind: type[T]) -> Iterator[T]:
    """The lines of one kind."""
    return (one for one in found if isinstance(one, kind))


def commit_plan(sealing: Sealing, plan: NoticesPlan) -> NoticesPlan:
    """Commit a day, or give the one that was committed first.

    Raises EvidenceUnreadable where somebody else's lies under the name.
    """
    key = layout.notices_plan_key(plan.run_id)
    _, body = sealing.commit(key, EvidenceKind.NOTICES, signed_plan(plan, sealing))
    found = sealed_notices.read_plan(key, body)
    sealing.require_ours(body, found.mac, key)
    return found


def letters_name(run_id: str, shard: SealedObject) -> str:
    """What the letters of a shard are kept under: another plan of the same run never writes over the one that counts."""
    return f"{run_id}-{shard.sha256[:16]}"
