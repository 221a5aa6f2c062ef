"""What a watchdog looks at: its own earlier words, and as much of the chain as they do not pin already."""

from collections.abc import Iterable, Iterator

import msgspec

from prooftrail.errors import EvidenceError, EvidenceUnreadable
from prooftrail.evidence import chain, envelope, layout, manifest, verify, witness
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Head, Manifest, Rotation
from prooftrail.evidence.witness import Witness
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Locker, ObjectVersion

WORDS_BACK = 32
"""Words a watchdog reads back; `verify` reads all of them."""

SLOTS_BACK = 64
"""Manifests a watchdog reads before the head; those before its last word are pinned by it."""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A word of this watchdog, with the SHA-256 of its stored bytes."""

    said: Witness
    sha256: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is there: the watchdog's words newest first, the head, the end of the chain, and everything wrong with both.

    `names` are all names below `witness/`. `slot` is the first version of the head's slot; None where there is no chain.
    """

    own: tuple[Own, ...]
    names: frozenset[str]
    slot: ObjectVersion | None
    head: Head | None
    chain: Chain
    problems: tuple[Problem, ...]

    @property
    def last(self) -> Own | None:
        """The watchdog's last word."""
        return self.own[0] if self.own else None


def look(locker: Locker, *, public_key: bytes, witness_key: bytes) -> Look:
    """Look once. What is wrong inside is a Problem; AccessError where the store does not answer."""
    listed = [one for one in locker.versions("witness/") if layout.Place(one.key).kind is EvidenceKind.WITNESS]
    own, problems = _own(locker, listed, witness_key)
    slots, wrong = _slots(locker)
    head = max(slots, default=None)
    bodies = {seq: _body(locker, layout.chain_key(seq)) for seq in sorted(_wanted(list(slots), own))}
    bodies |= _rotations(locker, bodies)
    read = chain.read(bodies.items(), public_key=public_key)
    # Between the slots that were read lie some that were not: holes are told from the listing instead.
    problems += wrong + [one for one in read.problems if one.fault is not Fault.SLOT]
    problems += _kept(own, bodies)
    problems += _meant(read, witness_key)
    found = None if head is None else Head(seq=head, sha256=canonical.sha256(bodies[head]))
    slot = None if head is None else slots[head]
    names = frozenset(one.key for one in listed)
    ordered = tuple(sorted(set(problems)))
    return Look(own=tuple(own), names=names, slot=slot, head=found, chain=read, problems=ordered)


def _own(locker: Locker, listed: list[ObjectVersion], pem: bytes) -> tuple[list[Own], list[Problem]]:
    """The newest words, newest first, and what is wrong with words: a forged one is believed nothing."""
    first: dict[str, ObjectVersion] = {}
    problems: list[Problem] = []
    for one in listed:
        if one.delete_marker:
            problems.append(_problem(Fault.HIDDEN, one.key, "a delete marker hides this word of the watchdog"))
        elif first.setdefault(one.key, one) is not one:
            problems.append(_problem(Fault.REPLACED, one.key, "a second version stands under this word's name"))
    newest = sorted(first.values(), key=lambda one: (one.stored_at, one.key))[-WORDS_BACK:]
    own: list[Own] = []
    for one in newest:
        body = _body(locker, one.key)
        try:
            if not witness.signed_by(one.key, body, pem):
                problems.append(_problem(Fault.SIGNATURE, one.key, "the signature is not the watchdog's"))
                continue
            said = witness.read(one.key, body)
        except EvidenceUnreadable as error:
            problems.append(_problem(Fault.UNREADABLE, one.key, str(error)))
            continue
        if said.key == one.key:
            own.append(Own(said=said, sha256=canonical.sha256(body)))
        else:
            problems.append(_problem(Fault.REPLAYED, one.key, f"this word was said as {said.key}"))
    problems += _unlinked(own)
    return sorted(own, key=lambda one: (one.said.checked_at, one.said.key), reverse=True), problems


def _unlinked(own: list[Own]) -> Iterator[Problem]:
    """Words among those that were read whose predecessor is gone; the oldest one's may lie further back."""
    there = {one.said.key: one.sha256 for one in own}
    in_order = sorted(own, key=lambda one: (one.said.checked_at, one.said.key))
    for one in in_order[1:]:
        before = one.said.previous
        if before is None or there.get(before.key) != before.sha256:
            name = before.key if before else "no word"
            yield _problem(Fault.LINK, one.said.key, f"it names {name} before it, which is not what stands there")


def _slots(locker: Locker) -> tuple[dict[int, ObjectVersion], list[Problem]]:
    """The first version of each slot, and what the listing alone shows to be wrong."""
    slots: dict[int, ObjectVersion] = {}
    problems: list[Problem] = []
    for one in locker.versions("chain/"):
        seq = layout.Place(one.key).seq
        if seq is None:
            problems.append(_problem(Fault.UNLISTED, one.key, "no manifest is named like this"))
        elif one.delete_marker:
            problems.append(_problem(Fault.HIDDEN, one.key, "a delete marker hides this manifest"))
        elif slots.setdefault(seq, one) is not one:
            problems.append(_problem(Fault.REPLACED, one.key, "a second version stands in this slot of the chain"))
    hole = next((at for at, seq in enumerate(sorted(slots)) if at != seq), None)
    if hole is not None:
        problems.append(_problem(Fault.SLOT, layout.chain_key(hole), "this slot is empty, and a later one is not"))
    return slots, problems


def _wanted(slots: list[int], own: Iterable[Own]) -> set[int]:
    """The genesis, the last two, what came since the last word, and every slot a word names."""
    said = {one.said.head.seq for one in own if one.said.head}
    since = [seq for seq in slots if seq >= max(said, default=0)]
    return {0, *slots[-2:], *since[-SLOTS_BACK:], *said} & set(slots)


def _rotations(locker: Locker, bodies: dict[int, bytes]) -> dict[int, bytes]:
    """The slots that brought in the keys of what was read; without them no later signature can be checked."""
    found: dict[int, bytes] = {}
    waiting = [*bodies.items()]
    while waiting:
        seq, body = waiting.pop()
        try:
            content = manifest.read(layout.chain_key(seq), body)
        except EvidenceUnreadable:
            continue
        since = content.key_since if isinstance(content, Manifest | Rotation) else None
        if since is not None and 0 < since < seq and since not in bodies and since not in found:
            found[since] = _body(locker, layout.chain_key(since))
            waiting.append((since, found[since]))
    return found


def _kept(own: Iterable[Own], bodies: dict[int, bytes]) -> Iterator[Problem]:
    """Every head that a word saw whole must stand where it stood: else the end was cut off, or written anew."""
    for one in own:
        head = one.said.head
        if head is None or not one.said.signature_held:
            continue
        where, told = layout.chain_key(head.seq), f"the watchdog ({one.said.key})"
        if head.seq not in bodies:
            yield _problem(Fault.HEAD, where, f"{told} saw this head, and it is gone")
        elif canonical.sha256(bodies[head.seq]) != head.sha256:
            yield _problem(Fault.HEAD, where, f"{told} saw {head.sha256[:16]}… in this slot, and another stands there")


def _meant(read: Chain, witness_key: bytes) -> Iterator[Problem]:
    """The genesis names the key that is to witness; the word of another would be believed by nobody."""
    named = read.genesis.witness_public_key_pem if read.genesis else None
    if named and _fingerprint(named.encode()) != envelope.fingerprint(witness_key):
        yield _problem(Fault.KEY, layout.chain_key(0), "the genesis names another key of a watchdog than this one")


def _fingerprint(pem: bytes) -> str | None:
    try:
        return envelope.fingerprint(pem)
    except ValueError:
        return None


def last_manifest(read: Chain) -> Manifest | None:
    """The newest manifest that could be read."""
    return next(reversed(read.manifests), None)


def held(problems: Iterable[Problem], seq: int, faults: frozenset[Fault]) -> bool:
    """True if none of these faults was found in a slot."""
    return not any(one.where == layout.chain_key(seq) and one.fault in faults for one in problems)


def _body(locker: Locker, key: str) -> bytes:
    """The bytes under a key; what cannot be read at all is none, and is said to be unreadable."""
    try:
        return locker.get(key)
    except EvidenceError:
        return b""


def _problem(fault: Fault, where: str, detail: str) -> Problem:
    return Problem(fault=fault, where=where, detail=detail)


SIGNED = frozenset({Fault.SIGNATURE, Fault.KEY, Fault.UNREADABLE})
LINKED = frozenset({Fault.LINK, Fault.REPLAYED, Fault.SLOT, Fault.UNREADABLE})
GRACE = verify.OPEN_RUN
"""How long after a tick its run may still be under way."""
