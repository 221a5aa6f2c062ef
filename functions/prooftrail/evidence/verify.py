"""Whether what lies in a locker is what its chain says, object by object. Pure: the flow brings hashes and listings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import msgspec

from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, SealedObject, Superseded

from . import layout, times, waiting
from .chain import Chain
from .findings import Fault, Problem
from .layout import Place
from .manifest import LARGEST, Head, Manifest

LATEST_WRITE = timedelta(minutes=15)
"""How long after a manifest was closed the store may say it was written; clocks differ, and signing takes a moment."""

OPEN_RUN = timedelta(hours=6)
"""How long a run that is not in the chain may still be under way."""


UNREADABLE_SIZE = -1
"""Stands for the size of what is listed and cannot be read."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object as the store lists it; `sha256` is None for a delete marker.

    `waits` is True for a record of `waiting.KINDS` that is what its name tells: the next manifest will name it.
    """

    key: str
    version_id: str | None
    stored_at: datetime
    sha256: str | None
    size: int
    latest: bool = True
    delete_marker: bool = False
    waits: bool = False


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What some manifest says of a key; `sealed` is False for a superseded one, which need not be there."""

    key: str
    sha256: str | None
    size: int
    version_id: str | None
    retain_until: datetime | None
    closed_at: datetime
    seq: int
    sealed: bool


class Named(msgspec.Struct, frozen=True, gc=False):
    """A key as a manifest lists it. There are millions in a year, so this only points into the manifest.

    `other_sizes` (bytes) are what further manifests say of the same key.
    """

    one: SealedObject | Superseded
    by: Manifest
    other_sizes: tuple[int, ...] = ()

    def may_be(self, size: int) -> bool:
        """True if some manifest says that the object has this size."""
        return size == self.one.size or size in self.other_sizes

    def expected(self) -> Expected:
        """What the manifest says of it."""
        one, sealed = self.one, isinstance(self.one, SealedObject)
        return Expected(
            key=one.key,
            sha256=one.stored_sha256,
            size=one.size,
            version_id=one.version_id,
            retain_until=one.retain_until if isinstance(one, SealedObject) else None,
            closed_at=self.by.closed_at,
            seq=self.by.seq,
            sealed=sealed,
        )


def expectations(chain: Chain) -> dict[str, Named]:
    """Every object the chain names, by key: the first manifest that seals it counts, else the first that lists it."""
    named: dict[str, Named] = {}
    manifests = chain.manifests
    for by in manifests:
        for sealed in by.objects:
            _name(named, Named(sealed, by))
    for by in manifests:
        for left in by.superseded:
            _name(named, Named(left, by))
    return named


def _name(named: dict[str, Named], found: Named) -> None:
    first = named.setdefault(found.one.key, found)
    if not first.may_be(found.one.size):
        sizes = (*first.other_sizes, found.one.size)
        named[found.one.key] = msgspec.structs.replace(first, other_sizes=sizes)


def objects(
    chain: Chain,
    seen: Iterable[Seen],
    *,
    now: datetime,
    store_keeps_time: bool,
    open_runs: Mapping[str, datetime],
    named: Mapping[str, Named] | None = None,
) -> list[Problem]:
    """Every object that is not as the chain says, and every one it does not name; `named` are its expectations, once made.

    `seen` has the versions of a key one after another, and is read once. `store_keeps_time` says that `stored_at` is
    the store's own time and cannot be set by a writer. `open_runs` are runs with a plan in the locker that names a head
    of this chain, with their start.
    """
    named = expectations(chain) if named is None else named
    there: set[str] = set()
    problems: list[Problem] = []
    for key, group in groupby(seen, key=lambda one: one.key):
        versions = list(group)
        if key in there:
            raise ValueError(f"the versions of {key} are listed apart")
        there.add(key)
        kind = Place(key).kind
        if kind is EvidenceKind.CHAIN:
            problems += _chain_object(chain, key, versions, now, store_keeps_time)
        elif key in named:
            problems += _named(named[key].expected(), versions, now, store_keeps_time)
        elif kind in waiting.KINDS:
            problems.append(_waiting(chain, key, versions, store_keeps_time))
        else:
            problems += _unnamed(key, versions, now, open_runs)
    for key in sorted(named.keys() - there):
        if Place(key).kind is not EvidenceKind.CHAIN:
            problems += _named(named[key].expected(), (), now, store_keeps_time)
    return problems


def _waiting(chain: Chain, key: str, versions: Sequence[Seen], store_keeps_time: bool) -> Problem:
    """A record is written whenever somebody acts, answers or is told, and named by the next manifest: until then it is
    not yet chained. Notices wait only below a run of the chain: they are planned when it is closed.
    """
    last, run_id = next(reversed(chain.manifests), None), layout.Place(key).run_id
    recent = not store_keeps_time or last is None or versions[0].stored_at >= last.closed_at - waiting.WINDOW
    if run_id is not None:
        run = next((one for one in chain.manifests if one.run.id == run_id), None)
        recent &= run is not None and last is not None
        recent &= not store_keeps_time or (run and last and run.closed_at >= last.closed_at - waiting.RUNS) is True
    if len(versions) == 1 and versions[0].waits and recent:
        detail = f"{_WAITS[layout.Place(key).kind]} that the next manifest will name; no manifest vouches for it yet"
        return Problem(fault=Fault.NOT_YET_CHAINED, where=key, detail=detail)
    return Problem(fault=Fault.UNLISTED, where=key, detail="no manifest names it")


_WAITS: dict[EvidenceKind | None, str] = {
    EvidenceKind.CUSTODY: "a custody record",
    EvidenceKind.ANSWERS: "an answer",
    EvidenceKind.NOTICES: "a record of notices",
}


def _named(expected: Expected, versions: Sequence[Seen], now: datetime, store_keeps_time: bool) -> Iterator[Problem]:
    key, held = expected.key, [one for one in versions if not one.delete_marker]
    # A directory a locker was pulled into has no versions: there the bytes alone must be the sealed ones.
    ours = [one for one in held if expected.version_id is None or one.version_id in (None, expected.version_id)]
    if hidden := [one for one in versions if one.delete_marker]:
        yield from _hidden(expected, hidden, there=bool(held))
    if len(held) > 1:
        yield Problem(
            fault=Fault.REPLACED, where=key, detail=f"{len(held)} versions stand under this name, and one was sealed"
        )
    if not ours:
        if held:
            detail = "another version stands under a name that was sealed, and the sealed one is gone"
            yield Problem(fault=Fault.REPLACED, where=key, detail=detail)
        yield from _gone(expected, now)
        return
    one = ours[0]
    if one.size == UNREADABLE_SIZE:
        yield Problem(
            fault=Fault.UNREADABLE, where=key, detail=f"manifest {expected.seq} names it, and it cannot be read"
        )
    elif expected.sha256 not in (None, one.sha256) or one.size != expected.size:
        yield Problem(
            fault=Fault.CHANGED, where=key, detail=f"its bytes are not those that manifest {expected.seq} sealed"
        )
    if store_keeps_time and expected.sealed and one.stored_at > expected.closed_at + LATEST_WRITE:
        yield Problem(
            fault=Fault.BACKDATED,
            where=key,
            detail=f"the store received it after manifest {expected.seq} says it was sealed",
        )


def _hidden(expected: Expected, markers: Sequence[Seen], *, there: bool) -> Iterator[Problem]:
    """A marker from after the term is how a store disposes of what nobody holds any more; an earlier one hides evidence."""
    until = expected.retain_until
    if not expected.sealed:
        return  # it need not be there at all
    if until is None or any(one.stored_at < until for one in markers):
        detail = "a delete marker hides this object; the version below it is what counts"
        yield Problem(fault=Fault.HIDDEN, where=expected.key, detail=detail)
    elif there:
        detail = f"kept until {until:%Y-%m-%d} and marked for deletion since"
        yield Problem(fault=Fault.DISPOSED, where=expected.key, detail=detail)


def _gone(expected: Expected, now: datetime) -> Iterator[Problem]:
    if not expected.sealed:
        return
    if expected.retain_until and expected.retain_until <= now:
        yield Problem(
            fault=Fault.DISPOSED,
            where=expected.key,
            detail=f"kept until {expected.retain_until:%Y-%m-%d} and gone since",
        )
    else:
        yield Problem(
            fault=Fault.MISSING, where=expected.key, detail=f"manifest {expected.seq} sealed it, and it is not there"
        )


def _unnamed(key: str, versions: Sequence[Seen], now: datetime, open_runs: Mapping[str, datetime]) -> Iterator[Problem]:
    place = Place(key)
    began = open_runs.get(place.run_id or "")
    if began and -LATEST_WRITE <= now - began < OPEN_RUN and not any(one.delete_marker for one in versions):
        detail = f"run {place.run_id} is under way or was cut short; its manifest will name this, or the next one will say why not"
        yield Problem(fault=Fault.NOT_YET_CHAINED, where=key, detail=detail)
    else:
        yield Problem(fault=Fault.UNLISTED, where=key, detail="no manifest names it")


def _chain_object(
    chain: Chain, key: str, versions: Sequence[Seen], now: datetime, store_keeps_time: bool
) -> Iterator[Problem]:
    held = [one for one in versions if not one.delete_marker]
    if len(versions) > len(held):
        yield Problem(fault=Fault.HIDDEN, where=key, detail="a delete marker hides this manifest")
    if len(held) > 1:
        yield Problem(fault=Fault.REPLACED, where=key, detail=f"{len(held)} versions stand in this slot of the chain")
    if large := [one.size for one in held if one.size > LARGEST]:
        yield Problem(fault=Fault.UNREADABLE, where=key, detail=f"{large[0]:,} bytes: no chain object is so large")
    link = next((one for one in chain.manifests if one.seq == Place(key).seq), None)
    if link and held:
        yield from _closed(link, held[0].stored_at if store_keeps_time else None, now)


def _closed(one: Manifest, stored_at: datetime | None, now: datetime) -> Iterator[Problem]:
    """When a manifest says that it was closed, held against the store's own time, or else against our clock."""
    where = layout.chain_key(one.seq)
    if stored_at and stored_at - one.closed_at > LATEST_WRITE:
        detail = "the store received this manifest after it says it was closed"
        yield Problem(fault=Fault.BACKDATED, where=where, detail=detail)
    early = one.closed_at - stored_at > LATEST_WRITE if stored_at else one.closed_at - now > times.CLOCKS_APART
    if early:
        than = "the store received it" if stored_at else "it is now"
        detail = f"closed {canonical.timestamp(one.closed_at)}, it says, which is later than {than}"
        yield Problem(fault=Fault.MISDATED, where=where, detail=detail)


def expected_head(chain: Chain, expected: Head, told_by: str) -> Iterator[Problem]:
    """The chain must hold the head that somebody saw: one that is gone means the end was cut off or rewritten."""
    link = next((one for one in chain.links if one.seq == expected.seq), None)
    where = layout.chain_key(expected.seq)
    if link is None:
        yield Problem(fault=Fault.HEAD, where=where, detail=f"{told_by} saw this head, and the chain ends before it")
    elif link.sha256 != expected.sha256:
        yield Problem(
            fault=Fault.HEAD,
            where=where,
            detail=f"{told_by} saw {expected.sha256[:16]}… in this slot, and {link.sha256[:16]}… stands there",
        )


def silent_ticks(chain: Chain, now: datetime) -> tuple[datetime, ...]:
    """The ticks that came and went since the head, each more than OPEN_RUN ago, and are in no manifest.

    By the schedule and last tick of the newest manifest that has both; before there is one, by the genesis.
    """
    for one in reversed(chain.manifests):
        if one.schedule and one.last_tick:
            return one.schedule.between(one.last_tick, now - OPEN_RUN)
    genesis = chain.genesis
    return genesis.schedule.between(genesis.created_at, now - OPEN_RUN) if genesis and genesis.schedule else ()


def overdue(chain: Chain, now: datetime) -> Iterator[Problem]:
    """A note for ticks that came and went since the head, as far as the clock of who verifies can tell."""
    if since := silent_ticks(chain, now):
        detail = f"{len(since)} ticks were due from {since[0]:%Y-%m-%d %H:%M} UTC on and are in no manifest yet"
        yield Problem(fault=Fault.LATE_RUN, where=layout.chain_key(chain.links[-1].seq), detail=detail)
