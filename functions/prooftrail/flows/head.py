"""The end of a locker's chain: what the next run stands on, and whether it may."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from prooftrail.errors import ChainBroken, EvidenceError
from prooftrail.evidence import chain, envelope, layout
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import LARGEST, ROTATION, Genesis, Head, Manifest, Outline, Rotation, outline
from prooftrail.model.run import Pointer, SealedObject
from prooftrail.ports import HeadPin, Locker

_CLOCKS_APART = timedelta(hours=1)  # how far the clocks of two machines that write one chain may differ


class ChainEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The genesis, the head, the newest manifest (None before the first run), and what is wrong with them.

    The manifest is at the head, or before it where the head is a rotation. `key_since` is the slot of the rotation
    that brought in the key in force; None for the genesis's own.
    """

    genesis: Genesis
    head: Head
    manifest: Manifest | None
    problems: tuple[Problem, ...]
    key_since: int | None = None

    @property
    def verified(self) -> bool:
        """True if signature, slot and link of the head hold."""
        return not any(one.breaks for one in self.problems)


def read_chain(locker: Locker, *, public_key: bytes | None) -> Chain:
    """The whole chain, every file read and checked; one that is larger than any chain object is not read."""
    large = {layout.Place(one.key).seq for one in locker.versions("chain/") if one.size > LARGEST}
    files = ((seq, b"" if seq in large else _file(locker, seq)) for seq in _slots(locker))
    return chain.read(files, public_key=public_key)


def require_chain(locker: Locker) -> None:
    """Refuse a place that holds no chain. Raises EvidenceError, or AccessError where it cannot be looked into."""
    if not any(True for _ in locker.versions("chain/")):
        raise EvidenceError(
            f"{locker.describe()} is no locker: it holds no chain. Check the address, or begin one with `prooftrail scan`."
        )


def chain_end(locker: Locker, *, public_key: bytes) -> ChainEnd | None:
    """The end of the chain, checked with our own key; None where the locker holds no chain at all.

    Raises ChainBroken where it cannot be stood on: another key, no genesis, a bad signature, a broken link.
    """
    slots = _slots(locker)
    if not slots:
        return None
    hole = next((seq for seq, slot in enumerate(slots) if slot != seq), None)
    if hole == 0:
        raise ChainBroken(
            f"{locker.describe()} has no genesis ({layout.chain_key(0)}): restore it, or begin a new locker."
        )
    if hole is not None:
        raise ChainBroken(
            f"{locker.describe()} has lost {layout.chain_key(hole)}, or holds manifests that were never sealed after it: "
            "run `prooftrail verify`, restore it, or begin a new locker."
        )
    read = chain.read(_files(locker, _end_slots(locker, slots)), public_key=public_key)
    # Between those that bring in keys and the last two lie slots that are there and were not read: no hole.
    problems = tuple(one for one in read.problems if one.fault is not Fault.SLOT)
    # A clock that was wrong once would else end the locker for good: `verify` and the watchdog say it.
    wrong = [one for one in problems if one.breaks and one.fault is not Fault.MISDATED]
    if read.genesis is None or read.head is None or wrong:
        first = next(iter(wrong), None)
        raise ChainBroken(
            f"the chain of {locker.describe()} does not hold: {first.where + ': ' + first.detail if first else 'no genesis'}. Run `prooftrail verify` to see all of it."
        )
    if read.keys[-1].fingerprint != envelope.fingerprint(public_key):
        raise ChainBroken(
            f"the chain of {locker.describe()} is signed with another key since {layout.chain_key(read.keys[-1].since)}:"
            " use the new one."
        )
    return ChainEnd(
        genesis=read.genesis,
        head=read.head,
        manifest=next(reversed(read.manifests), None),
        problems=problems,
        key_since=read.keys[-1].since or None,
    )


def check_pin(end: ChainEnd | None, pin: HeadPin, locker: Locker) -> None:
    """Refuse a chain that ends before the head we saw last, or holds another in its place. Raises ChainBroken."""
    seen = pin.recall()
    if seen is None:
        return
    if end is None:
        raise ChainBroken(
            f"{locker.describe()} holds no chain, and slot {seen.seq} was there before: all of it was removed, or what "
            "remembers that (--home, or the ledger table) belongs to another locker. Restore it, or begin with both new."
        )
    if seen.seq > end.head.seq:
        raise ChainBroken(
            f"{locker.describe()} ends at slot {end.head.seq}, and slot {seen.seq} was there before: the end was cut off. Restore it, or begin a new locker."
        )
    there = chain.read([(seen.seq, _file(locker, seen.seq))]).links
    if not there or there[0].sha256 != seen.sha256:
        raise ChainBroken(
            f"{layout.chain_key(seen.seq)} is not the manifest we saw there before: run `prooftrail verify`."
        )


def manifests_back(
    locker: Locker, *, public_key: bytes | None, at: Head | None = None
) -> Iterator[tuple[Head, Manifest]]:
    """The manifests from the newest back to the first, each read when it is asked for.

    The end is believed by the chain's own keys, the given one among them, and each before it by the hash that the next
    one names; `at` is a head that is believed already, to begin with. Where the end does not hold, the newest that the
    given key itself signed is where it begins. What is not believed is left out.
    """
    slots = _slots(locker)
    expected = at or _own_head(locker, slots, public_key)
    for seq in reversed(slots):
        if at is not None and seq > at.seq:
            continue
        read = chain.read([(seq, _file(locker, seq))], public_key=public_key)
        for link in read.links:
            head, one = Head(seq=link.seq, sha256=link.sha256), link.content
            if head != expected and any(each.fault is Fault.SIGNATURE for each in read.problems):
                continue
            expected = None if isinstance(one, Genesis) else one.previous
            if isinstance(one, Manifest):
                yield head, one


def find_run(
    locker: Locker, run_id: str, *, since: datetime, public_key: bytes | None, at: Head | None = None
) -> tuple[Head, Manifest] | None:
    """The manifest that sealed a run begun at `since`, looked for from the end of the chain back to that time."""
    for seq in reversed(_slots(locker)):
        one = None if at is not None and seq > at.seq else _outline(locker, seq)
        if one is not None and one.run is not None and one.run.id == run_id:
            break
        if one is not None and one.closed_at is not None and one.closed_at < since - _CLOCKS_APART:
            return None
    else:
        return None
    # What only looks like it must be believed, too.
    for head, found in manifests_back(locker, public_key=public_key, at=at):
        if found.run.id == run_id:
            return head, found
        if found.closed_at < since - _CLOCKS_APART:
            return None
    return None


def pointer_to(found: SealedObject, one: Manifest) -> Pointer:
    """Where an object lies, and the manifest that vouches for it."""
    return Pointer(run_id=one.run.id, key=found.key, stored_sha256=found.stored_sha256, seq=one.seq)


def signers(locker: Locker) -> dict[str, datetime | None]:
    """The chain's own keys by fingerprint, each with when it was exchanged; None for the one in force."""
    slots = _slots(locker)
    wanted = {0, *slots[-1:], *_brought_in(locker, slots[-1:])} & set(slots)
    read = chain.read(_files(locker, wanted))
    turned = {one.seq: one.content.rotated_at for one in read.links if isinstance(one.content, Rotation)}
    ends = [*(turned.get(one.since) for one in read.keys[1:]), None]
    return {one.fingerprint: end for one, end in zip(read.keys, ends, strict=False)}


def _file(locker: Locker, seq: int) -> bytes:
    """The bytes in a slot; what cannot be read at all is none, and the chain says so."""
    try:
        return locker.get(layout.chain_key(seq))
    except EvidenceError:
        return b""


def _own_head(locker: Locker, slots: list[int], public_key: bytes | None) -> Head | None:
    """The end of the chain, where the key in force there signed it, and the given one is a key of the chain; else None.

    The key in force at the end may be a later one than is given, or the end a rotation that the given one did not sign.
    """
    wanted = {0, *slots[-1:], *_brought_in(locker, slots[-1:])} & set(slots)
    read = chain.read(_files(locker, wanted), public_key=public_key)
    doubts = (Fault.SIGNATURE, Fault.KEY, Fault.REPLAYED, Fault.UNREADABLE)
    return None if any(one.fault in doubts for one in read.problems) else read.head


def _files(locker: Locker, slots: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Each slot once, in order, read when it is asked for."""
    return ((seq, _file(locker, seq)) for seq in sorted(set(slots)))


def _end_slots(locker: Locker, slots: list[int]) -> set[int]:
    """What tells where a chain ends and whose it is: the newest manifest, its neighbours, and what brought in each key."""
    found = {0}
    for seq in reversed(slots):
        one = _outline(locker, seq)
        found |= {seq, max(seq - 1, 0)}
        if one is None or one.type_ != ROTATION:
            break
    return (found | set(_brought_in(locker, slots[-1:]))) & set(slots)


def _brought_in(locker: Locker, end: Sequence[int]) -> Iterator[int]:
    """The rotations that lead to the key a slot says it is signed with, newest first."""
    since = next(iter(end), None)
    while since is not None:
        one = _outline(locker, since)
        # A slot names an older rotation, or none: anything else would lead in circles.
        since = one.key_since if one and one.key_since is not None and one.key_since < since else None
        if since:
            yield since


def _outline(locker: Locker, seq: int) -> Outline | None:
    """What a slot says of itself; None where that cannot be read."""
    key = layout.chain_key(seq)
    try:
        return outline(key, envelope.opened(key, _file(locker, seq)))
    except EvidenceError:
        return None


def _slots(locker: Locker) -> list[int]:
    places = {one.key: layout.Place(one.key).seq for one in locker.versions("chain/") if not one.delete_marker}
    return sorted(seq for seq in places.values() if seq is not None)
