"""What the watchdog's words are worth: each held against its key, its name, the chain, the store and the word before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.settings import UNWITNESSED_AFTER_HOURS

from . import layout, verify, witness
from .chain import Chain
from .findings import Fault, Problem
from .manifest import Head, Manifest
from .witness import Witness

IN_TIME = timedelta(hours=UNWITNESSED_AFTER_HOURS)
"""How long after a manifest was closed a watchdog has to have seen it, itself included."""

_TOLD = 5  # ticks a note tells one by one


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One version below `witness/`; `body` is None for a delete marker, and for what cannot be read."""

    key: str
    stored_at: datetime
    body: bytes | None
    delete_marker: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word that holds: `seen_at` is when it was said at the latest, by the store's time where that can be trusted."""

    said: Witness
    sha256: str
    seen_at: datetime


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What the watchdog's words come to.

    `unseen` and `late` count manifests older than 48 h that no word pins, or pins later than 48 h after closing. The
    four conditions of a witnessed chain stand apart, so that what is missing can be said; `key_told` is True if the
    watchdog's key, or its fingerprint, came from outside the locker.
    """

    words: int
    head: Head | None
    seen_at: datetime | None
    key_fingerprint: str | None
    key_told: bool
    own_key: bool
    other_account: bool
    account: str | None
    unseen: int
    late: int

    @property
    def in_time(self) -> bool:
        """True if each manifest older than 48 h was seen within 48 h of its closing, and anything was seen at all."""
        return bool(self.words) and not self.unseen and not self.late

    @property
    def witnessed(self) -> bool:
        """True if another account, with another key, saw each head in time."""
        return self.in_time and self.own_key and self.other_account


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """What the store says of the chain's slots: when it took each (the first version), if it keeps time itself."""

    keeps_time: bool
    slots: Mapping[int, datetime]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """The watchdog's key as it is known: `told` where key or fingerprint came from outside the locker."""

    pem: bytes | None
    fingerprint: str | None
    told: bool


def look(
    chain: Chain, files: Iterable[File], *, key: Key, store: Store, now: datetime
) -> tuple[Sighting | None, list[Problem]]:
    """Hold every word against all it must agree with. None, and nothing said, where no watchdog was ever meant."""
    there = list(files)
    words, problems = believed(chain, there, key=key, store=store)
    if not there and key.pem is None:
        return None, problems
    problems += _links(words, now)
    problems += _notes(words, chain)
    sighting = _sighting(chain, words, key, store, now)
    problems += _unseen(chain, words, sighting, store, now)
    return sighting, problems


def believed(chain: Chain, files: Iterable[File], *, key: Key, store: Store) -> tuple[list[Word], list[Problem]]:
    """The words that hold, in order of name, and what is wrong with each for itself."""
    versions: dict[str, list[File]] = defaultdict(list)
    for one in files:
        versions[one.key].append(one)
    problems: list[Problem] = []
    words: list[Word] = []
    for name in sorted(versions):
        problems += _stored(name, versions[name])
        found = next((one for one in versions[name] if not one.delete_marker), None)
        if found:
            word, wrong = _word(chain, found, key, store)
            problems += wrong
            words += [word] if word else []
    return words, problems


def _stored(name: str, versions: Sequence[File]) -> Iterator[Problem]:
    held = [one for one in versions if not one.delete_marker]
    if len(held) < len(versions):
        yield _problem(Fault.HIDDEN, name, "a delete marker hides this word of the watchdog")
    if len(held) > 1:
        detail = f"{len(held)} versions stand under this name, and a watchdog writes one"
        yield _problem(Fault.REPLACED, name, detail)


def _word(chain: Chain, file: File, key: Key, store: Store) -> tuple[Word | None, list[Problem]]:
    """A word and what does not hold of it; None where it is nobody's, or of no use here."""
    if file.body is None:
        return None, [_problem(Fault.UNREADABLE, file.key, "it cannot be read")]
    if key.pem is None:
        detail = "the genesis names no key of a watchdog: give --witness-key, or ask who wrote this"
        return None, [_problem(Fault.UNLISTED, file.key, detail)]
    try:
        said = witness.read(file.key, file.body)
        ours = witness.signed_by(file.key, file.body, key.pem)
    except EvidenceUnreadable as error:
        return None, [_problem(Fault.UNREADABLE, file.key, str(error))]
    if not ours:
        return None, [_problem(Fault.SIGNATURE, file.key, "the signature is not the watchdog's over these bytes")]
    if wrong := list(_elsewhere(chain, said, file)):
        return None, wrong
    seen_at = max(said.checked_at, file.stored_at) if store.keeps_time else said.checked_at
    return Word(said=said, sha256=canonical.sha256(file.body), seen_at=seen_at), list(
        _against(chain, said, file, store)
    )


def _elsewhere(chain: Chain, said: Witness, file: File) -> Iterator[Problem]:
    """A true word of the watchdog that was said of something else."""
    if said.key != file.key or file.key not in witness.names(said):
        yield _problem(Fault.REPLAYED, file.key, f"this word was said as {said.key}")
    if chain.genesis and said.locker_id not in (None, chain.genesis.locker_id()):
        yield _problem(Fault.REPLAYED, file.key, "this word was said of another locker")


def _against(chain: Chain, said: Witness, file: File, store: Store) -> Iterator[Problem]:
    if store.keeps_time and file.stored_at > said.checked_at + verify.LATEST_WRITE:
        detail = "the store received this word long after it says it was said"
        yield _problem(Fault.BACKDATED, file.key, detail)
    if said.head is None or not said.signature_held:
        return  # it saw nothing of ours there, and said so
    gone = list(verify.expected_head(chain, said.head, f"the watchdog ({file.key})"))
    yield from gone
    at = store.slots.get(said.head.seq)
    if store.keeps_time and not gone and said.stored_at and at and at != said.stored_at:
        where = layout.chain_key(said.head.seq)
        detail = f"the watchdog saw it stored {_moment(said.stored_at)}, and the store now says {_moment(at)}"
        yield _problem(Fault.BACKDATED, where, detail)


def _links(words: Sequence[Word], now: datetime) -> Iterator[Problem]:
    """Each word names the one before: a word that was taken away leaves one that names nothing."""
    there = {one.said.key: one.sha256 for one in words}
    in_order = sorted(words, key=lambda one: (one.said.checked_at, one.said.key))
    for number, one in enumerate(in_order):
        before = one.said.previous
        if before is None:
            if number:
                yield _problem(Fault.LINK, one.said.key, "it names no word before it, and there is one")
        elif before.key not in there and before.retain_until and before.retain_until <= now:
            detail = f"kept until {before.retain_until:%Y-%m-%d} and gone since"
            yield _problem(Fault.DISPOSED, before.key, detail)
        elif there.get(before.key) != before.sha256:
            yield _problem(Fault.LINK, one.said.key, f"it names {before.key} before it, which is gone or another")


def _notes(words: Sequence[Word], chain: Chain) -> Iterator[Problem]:
    missed: dict[datetime, str] = {}
    for one in words:
        for tick in one.said.missed_ticks:
            missed.setdefault(tick, one.said.key)
    if missed:
        ticks = sorted(missed)
        yield _problem(Fault.TICK_MISSED, missed[ticks[0]], _ticks(ticks, chain))
    alarms = [one for one in words if one.said.troubles]
    if alarms:
        first = min(alarms, key=lambda one: one.said.checked_at).said
        said, trouble = f"{len(alarms)} of the watchdog's words", first.troubles[0]
        what = f"{trouble.fault} at {trouble.where}: {trouble.detail}"
        detail = f"{said} say that the chain did not hold; the first, of {_moment(first.checked_at)}: {what}"
        yield _problem(Fault.ALARM, first.key, detail)


def _ticks(ticks: Sequence[datetime], chain: Chain) -> str:
    declared = {tick for one in chain.manifests for tick in one.missed_ticks}
    met = {one.run.tick for one in chain.manifests}
    counts = {
        "declared missed by a manifest since": sum(tick in declared for tick in ticks),
        "met late": sum(tick in met for tick in ticks),
        "in no manifest": sum(tick not in declared and tick not in met for tick in ticks),
    }
    told = ", ".join(_moment(tick) for tick in ticks[:_TOLD]) + (" and others" if len(ticks) > _TOLD else "")
    became = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    return f"the watchdog saw {len(ticks)} ticks pass without a run ({told}): {became}"


def _closed(one: Manifest, store: Store) -> datetime:
    """When a manifest was closed, at the latest: a store that keeps time cannot have taken it before."""
    taken = store.slots.get(one.seq) if store.keeps_time else None
    return min(one.closed_at, taken) if taken else one.closed_at


def _old(chain: Chain, store: Store, now: datetime) -> list[Manifest]:
    """The manifests that a watchdog should have seen by now: those closed more than 48 h ago."""
    return [one for one in chain.manifests if now - _closed(one, store) > IN_TIME]


def pinned_at(chain: Chain, words: Sequence[Word]) -> dict[int, datetime]:
    """By slot, when a word first pinned what stands there: the word's head names all before it through their links."""
    hashes = {link.seq: link.sha256 for link in chain.links}
    found: dict[int, datetime] = {}
    for one in words:
        head = one.said.head
        if head and one.said.signature_held and hashes.get(head.seq) == head.sha256:
            found[head.seq] = min(one.seen_at, found.get(head.seq, one.seen_at))
    earliest: datetime | None = None
    pinned: dict[int, datetime] = {}
    for seq in sorted(hashes, reverse=True):
        earliest = min((at for at in (earliest, found.get(seq)) if at), default=None)
        if earliest:
            pinned[seq] = earliest
    return pinned


def _sighting(chain: Chain, words: Sequence[Word], key: Key, store: Store, now: datetime) -> Sighting:
    pinned, genesis = pinned_at(chain, words), chain.genesis
    last = max(words, key=lambda one: (one.said.checked_at, one.said.key), default=None)
    accounts = {one.said.account for one in words}
    old = _old(chain, store, now)
    late = sum(one.seq in pinned and pinned[one.seq] - _closed(one, store) > IN_TIME for one in old)
    meant = genesis is not None and genesis.evidence_account not in (None, genesis.account)
    return Sighting(
        words=len(words),
        head=last.said.head if last else None,
        seen_at=last.seen_at if last else None,
        key_fingerprint=key.fingerprint,
        key_told=key.told,
        own_key=genesis is not None and key.fingerprint not in {one.fingerprint for one in chain.keys},
        other_account=meant and genesis is not None and accounts == {genesis.evidence_account},
        account=last.said.account if last else None,
        unseen=sum(one.seq not in pinned for one in old),
        late=late,
    )


def _unseen(chain: Chain, words: Sequence[Word], sighting: Sighting, store: Store, now: datetime) -> Iterator[Problem]:
    if not sighting.unseen:
        return
    pinned = pinned_at(chain, words)
    slots = [one.seq for one in _old(chain, store, now) if one.seq not in pinned]
    number = f"{len(slots)} manifests (slots {slots[0]} to {slots[-1]})" if len(slots) > 1 else "this manifest"
    detail = f"{number} closed more than {UNWITNESSED_AFTER_HOURS} h ago, and no watchdog's word says that it saw them"
    yield _problem(Fault.UNWITNESSED, layout.chain_key(slots[0]), detail)


def _moment(at: datetime) -> str:
    return canonical.timestamp(at)


def _problem(fault: Fault, where: str, detail: str) -> Problem:
    return Problem(fault=fault, where=where, detail=detail)
