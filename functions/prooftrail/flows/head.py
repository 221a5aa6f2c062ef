"""The end of a locker's chain: what the next run stands on, and whether it may."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from prooftrail.errors import ChainBroken, EvidenceError
from prooftrail.evidence import chain, layout
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Genesis, Head, Manifest
from prooftrail.model.run import Pointer, SealedObject
from prooftrail.ports import HeadPin, Locker

_CLOCKS_APART = timedelta(hours=1)  # how far the clocks of two machines that write one chain may differ


class ChainEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The genesis, the head and the manifest there (None where the head is the genesis), and what is wrong with them."""

    genesis: Genesis
    head: Head
    manifest: Manifest | None
    problems: tuple[Problem, ...]

    @property
    def verified(self) -> bool:
        """True if signature, slot and link of the head hold."""
        return not any(one.breaks for one in self.problems)


def read_chain(locker: Locker, *, public_key: bytes | None) -> Chain:
    """The whole chain, every file read and checked."""
    return chain.read(((seq, _file(locker, seq)) for seq in _slots(locker)), public_key=public_key)


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
    wanted = sorted({0, *slots[-2:]})
    read = chain.read(((seq, _file(locker, seq)) for seq in wanted), public_key=public_key)
    # Between the genesis and the last two lie slots that are there and were not read: no hole.
    problems = tuple(one for one in read.problems if one.fault is not Fault.SLOT)
    if read.genesis is None or read.head is None or any(one.breaks for one in problems):
        first = next((one for one in problems if one.breaks), None)
        raise ChainBroken(
            f"the chain of {locker.describe()} does not hold: {first.where + ': ' + first.detail if first else 'no genesis'}. Run `prooftrail verify` to see all of it."
        )
    last = read.links[-1].content
    return ChainEnd(
        genesis=read.genesis, head=read.head, manifest=last if isinstance(last, Manifest) else None, problems=problems
    )


def check_pin(end: ChainEnd | None, pin: HeadPin, locker: Locker) -> None:
    """Refuse a chain that ends before the head we saw last, or holds another in its place. Raises ChainBroken."""
    seen = pin.recall()
    if seen is None:
        return
    if end is None:
        raise ChainBroken(
            f"{locker.describe()} holds no chain, and slot {seen.seq} was there before: all of it was removed, or --home "
            "belongs to another locker. Restore it, or name a new --home for a new locker."
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


def manifests_back(locker: Locker, *, public_key: bytes) -> Iterator[tuple[Head, Manifest]]:
    """The manifests from the newest back to the first, each read when it is asked for; unreadable ones are left out."""
    for seq in reversed(_slots(locker)):
        for link in chain.read([(seq, _file(locker, seq))], public_key=public_key).links:
            if isinstance(link.content, Manifest):
                yield Head(seq=link.seq, sha256=link.sha256), link.content


def find_run(locker: Locker, run_id: str, *, since: datetime, public_key: bytes) -> tuple[Head, Manifest] | None:
    """The manifest that sealed a run begun at `since`, looked for from the end of the chain back to that time."""
    for head, one in manifests_back(locker, public_key=public_key):
        if one.run.id == run_id:
            return head, one
        if one.closed_at < since - _CLOCKS_APART:
            return None
    return None


def pointer_to(found: SealedObject, one: Manifest) -> Pointer:
    """Where an object lies, and the manifest that vouches for it."""
    return Pointer(run_id=one.run.id, key=found.key, stored_sha256=found.stored_sha256, seq=one.seq)


def _file(locker: Locker, seq: int) -> bytes:
    """The bytes in a slot; what cannot be read at all is none, and the chain says so."""
    try:
        return locker.get(layout.chain_key(seq))
    except EvidenceError:
        return b""


def _slots(locker: Locker) -> list[int]:
    places = {one.key: layout.Place(one.key).seq for one in locker.versions("chain/") if not one.delete_marker}
    return sorted(seq for seq in places.values() if seq is not None)
