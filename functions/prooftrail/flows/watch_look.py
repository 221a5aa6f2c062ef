"""What a watchdog looks at: its own earlier words, and as much of the chain as they do not pin already."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from prooftrail.errors import EvidenceError, EvidenceUnreadable
from prooftrail.evidence import chain, envelope, layout, manifest, verify, witness
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import LARGEST, ROTATION, Head, Manifest, Outline
from prooftrail.evidence.witness import Witness
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Locker, ObjectVersion

WORDS_BACK = 32
"""Words a watchdog reads back; `verify` reads all of them."""

WORDS_FURTHEST = 400
"""Words it looks through beyond those, where all of them tell of trouble, for the newest that tells of none."""

SLOTS_BACK = 64
"""Manifests a watchdog reads before the head; those before its last word are pinned by it."""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A word of this watchdog, with the SHA-256 of its stored bytes."""

    said: Witness
    sha256: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is there: the watchdog's words newest first, the head, the end of the chain, and everything wrong with both.

    `names` are all names below `witness/`. `slot` is the first version of the head's slot; None where there is no chain.
    The chain's manifests are without what they list. `public_key` (PEM) is the key it was held against; `pending` the
    fingerprint of a newer one that no rotation has brought in yet. `too_large` are slots that nobody is to read.
    """

    own: tuple[Own, ...]
    names: frozenset[str]
    slot: ObjectVersion | None
    head: Head | None
    chain: Chain
    problems: tuple[Problem, ...]
    public_key: bytes
    pending: str | None = None
    too_large: frozenset[int] = frozenset()

    @property
    def exchanged_in(self) -> int | None:
        """The slot of the rotation that brought in the key in force; None for the genesis's own."""
        return self.chain.keys[-1].since or None if self.chain.keys else None

    @property
    def last(self) -> Own | None:
        """The watchdog's last word."""
        return self.own[0] if self.own else None


def look(
    locker: Locker, *, public_key: bytes, witness_key: bytes, before: Callable[[], bytes | None] | None = None
) -> Look:
    """Look once. What is wrong inside is a Problem; AccessError where the store does not answer.

    `before` is asked for the public key that was in force before `public_key`, where the chain does not lead to that.
    """
    listed = [one for one in locker.versions("witness/") if layout.Place(one.key).kind is EvidenceKind.WITNESS]
    own, problems = _own(locker, listed, witness_key)
    first, wrong = _slots(locker)
    slots = _Slots(locker, first)
    wanted = _wanted(slots, own)
    read = slots.read(wanted, public_key)
    gone = list(_kept(own, slots))
    held_against, pending = public_key, None
    # Who holds the key before may cut the chain off and go on with that: then a head that we saw is gone.
    if not gone and (older := _in_force(read, public_key, before)):
        held_against, pending = older, envelope.fingerprint(public_key)
        read = slots.read(wanted, older)
    # Between the slots that were read lie some that were not: holes are told from the listing instead.
    problems += wrong + gone + [one for one in read.problems if one.fault is not Fault.SLOT]
    problems += _meant(read, witness_key)
    head = max(first, default=None)
    return Look(
        own=tuple(own),
        names=frozenset(one.key for one in listed),
        slot=None if head is None else first[head],
        head=None if head is None else Head(seq=head, sha256=slots.sha256(head)),
        chain=read,
        problems=tuple(sorted(set(problems))),
        public_key=held_against,
        pending=pending,
        too_large=slots.too_large,
    )


def _in_force(read: Chain, public_key: bytes, before: Callable[[], bytes | None] | None) -> bytes | None:
    """The key before, where it is the one in force and nothing leads from it to the newest yet; else None."""
    keys = [one.fingerprint for one in read.keys]
    if before is None or not keys or envelope.fingerprint(public_key) in keys:
        return None
    older = before()
    return older if older and envelope.fingerprint(older) == keys[-1] else None


class _Slots:
    """The slots of the chain, one in memory at a time: a manifest of a large organization is a hundred megabytes."""

    def __init__(self, locker: Locker, first: Mapping[int, ObjectVersion]) -> None:
        self._locker, self._hashes = locker, dict[int, str]()
        self.there = sorted(first)
        self.too_large = frozenset(seq for seq, one in first.items() if one.size > LARGEST)

    def read(self, wanted: Iterable[int], public_key: bytes) -> Chain:
        """Those slots read and checked, each without what it lists."""
        in_order = sorted(set(wanted) - self.too_large)
        return chain.read(((seq, self._body(seq)) for seq in in_order), public_key=public_key, keeps_lists=False)

    def sha256(self, seq: int) -> str:
        """The hash of what stands in a slot; of nothing where it cannot be read."""
        if seq not in self._hashes:
            self._body(seq)
        return self._hashes[seq]

    def outline(self, seq: int) -> Outline | None:
        """What a slot says of itself; None where that cannot be read."""
        key = layout.chain_key(seq)
        try:
            return manifest.outline(key, envelope.opened(key, self._body(seq)))
        except EvidenceUnreadable:
            return None

    def _body(self, seq: int) -> bytes:
        body = b"" if seq in self.too_large else _body(self._locker, layout.chain_key(seq))
        self._hashes[seq] = canonical.sha256(body)
        return body


def _own(locker: Locker, listed: list[ObjectVersion], pem: bytes) -> tuple[list[Own], list[Problem]]:
    """The newest words, newest first, and what is wrong with words: a forged one is believed nothing."""
    first: dict[str, ObjectVersion] = {}
    problems: list[Problem] = []
    for one in listed:
        if one.delete_marker:
            problems.append(_problem(Fault.HIDDEN, one.key, "a delete marker hides this word of the watchdog"))
        elif first.setdefault(one.key, one) is not one:
            problems.append(_problem(Fault.REPLACED, one.key, "a second version stands under this word's name"))
    in_order = sorted(first.values(), key=lambda one: (one.stored_at, one.key))
    own: list[Own] = []
    for one in in_order[-WORDS_BACK:]:
        word, wrong = _word(locker, one, pem)
        own += [word] if word else []
        problems += wrong
    problems += _unlinked(own)
    if own and all(one.said.troubles for one in own):
        own += _untroubled(locker, in_order[-WORDS_BACK - WORDS_FURTHEST : -WORDS_BACK], pem)
    return sorted(own, key=lambda one: (one.said.checked_at, one.said.key), reverse=True), problems


def _word(locker: Locker, one: ObjectVersion, pem: bytes) -> tuple[Own | None, list[Problem]]:
    """A word, or None and what is wrong with it."""
    body = b"" if one.size > witness.LARGEST else _body(locker, one.key)
    try:
        if not witness.signed_by(one.key, body, pem):
            return None, [_problem(Fault.SIGNATURE, one.key, "the signature is not the watchdog's")]
        said = witness.read(one.key, body)
    except EvidenceUnreadable as error:
        return None, [_problem(Fault.UNREADABLE, one.key, str(error))]
    if said.key != one.key:
        return None, [_problem(Fault.REPLAYED, one.key, f"this word was said as {said.key}")]
    return Own(said=said, sha256=canonical.sha256(body)), []


def _untroubled(locker: Locker, older: list[ObjectVersion], pem: bytes) -> list[Own]:
    """The newest older word that found nothing wrong: a forged end does not become true by standing for a month."""
    for one in reversed(older):
        word, _ = _word(locker, one, pem)
        if word and not word.said.troubles:
            return [word]
    return []


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
        elif one.size > LARGEST:
            problems.append(_problem(Fault.UNREADABLE, one.key, f"{one.size:,} bytes: no chain object is so large"))
    hole = next((at for at, seq in enumerate(sorted(slots)) if at != seq), None)
    if hole is not None:
        problems.append(_problem(Fault.SLOT, layout.chain_key(hole), "this slot is empty, and a later one is not"))
    return slots, problems


def _wanted(slots: _Slots, own: Iterable[Own]) -> set[int]:
    """The genesis, the last two, what came since the last word, what a word found wrong, and what brought in the keys.

    What a word saw whole is not read again: its hash tells whether it stands there still.
    """
    words = [one.said for one in own]
    said = {one.head.seq for one in words if one.head}
    doubted = {one.head.seq for one in words if one.head and not (one.signature_held and one.link_held)}
    since = [seq for seq in slots.there if seq >= max(said, default=0)]
    found = {0, *slots.there[-2:], *since[-SLOTS_BACK:], *doubted}
    for seq in slots.there[-2:]:
        found |= set(_rotations(slots, seq))
    return found & set(slots.there)


def _rotations(slots: _Slots, end: int) -> Iterator[int]:
    """The rotations that lead to the key a slot says it is signed with, newest first."""
    at, one = end, slots.outline(end)
    while one and one.key_since and one.key_since < at and one.key_since in slots.there:
        at = one.key_since
        one = slots.outline(at)
        yield at
        if one and one.type_ != ROTATION:
            return


def _kept(own: Iterable[Own], slots: _Slots) -> Iterator[Problem]:
    """Every head that a word saw whole must stand where it stood: else the end was cut off, or written anew."""
    for one in own:
        head = one.said.head
        if head is None or not one.said.signature_held:
            continue
        where, told = layout.chain_key(head.seq), f"the watchdog ({one.said.key})"
        if head.seq not in slots.there:
            yield _problem(Fault.HEAD, where, f"{told} saw this head, and it is gone")
        elif slots.sha256(head.seq) != head.sha256:
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
