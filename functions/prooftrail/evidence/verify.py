"""Whether what lies in a locker is what its chain says, object by object. Pure: the flow brings hashes and listings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from prooftrail.model.run import EvidenceKind

from . import layout
from .chain import Chain
from .custody import WINDOW
from .findings import Fault, Problem
from .layout import Place
from .manifest import Head

LATEST_WRITE = timedelta(minutes=15)
"""How long after a manifest was closed the store may say it was written; clocks differ, and signing takes a moment."""

OPEN_RUN = timedelta(hours=6)
"""How long a run that is not in the chain may still be under way."""


UNREADABLE_SIZE = -1
"""Stands for the size of what is listed and cannot be read."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object as the store lists it; `sha256` and `size` are None for a delete marker."""

    key: str
    version_id: str | None
    stored_at: datetime
    sha256: str | None
    size: int
    latest: bool = True
    delete_marker: bool = False


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


def expectations(chain: Chain) -> dict[str, list[Expected]]:
    """Every object the chain names, by key; what is sealed somewhere stands before what is superseded elsewhere."""
    by_key: dict[str, list[Expected]] = defaultdict(list)
    for one in chain.manifests:
        for sealed in one.objects:
            by_key[sealed.key].append(
                Expected(
                    key=sealed.key,
                    sha256=sealed.stored_sha256,
                    size=sealed.size,
                    version_id=sealed.version_id,
                    retain_until=sealed.retain_until,
                    closed_at=one.closed_at,
                    seq=one.seq,
                    sealed=True,
                )
            )
        for left in one.superseded:
            by_key[left.key].append(
                Expected(
                    key=left.key,
                    sha256=left.stored_sha256,
                    size=left.size,
                    version_id=left.version_id,
                    retain_until=None,
                    closed_at=one.closed_at,
                    seq=one.seq,
                    sealed=False,
                )
            )
    return {key: sorted(named, key=lambda each: not each.sealed) for key, named in by_key.items()}


def objects(
    chain: Chain, seen: Iterable[Seen], *, now: datetime, store_keeps_time: bool, open_runs: Mapping[str, datetime]
) -> list[Problem]:
    """Every object that is not as the chain says, and every one it does not name.

    `store_keeps_time` says that `stored_at` is the store's own time and cannot be set by a writer. `open_runs` are
    runs with a plan in the locker that names a head of this chain, with their start.
    """
    named = expectations(chain)
    there: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        there[one.key].append(one)
    problems: list[Problem] = []
    for key in sorted(named.keys() | there.keys()):
        if Place(key).kind is EvidenceKind.CHAIN:
            problems += _chain_object(chain, key, there.get(key, []), store_keeps_time)
        elif key in named:
            problems += _named(named[key][0], there.get(key, []), now, store_keeps_time)
        else:
            problems += _unnamed(key, there[key], now, open_runs)
    return [_custody(one, there, chain, store_keeps_time) for one in problems]


def _custody(problem: Problem, there: Mapping[str, Sequence[Seen]], chain: Chain, store_keeps_time: bool) -> Problem:
    """A custody record is written whenever somebody acts, and named by the next manifest: until then it is not yet chained."""
    place = Place(problem.where)
    if problem.fault is not Fault.UNLISTED or place.kind is not EvidenceKind.CUSTODY:
        return problem
    versions, last = there[problem.where], next(reversed(chain.manifests), None)
    waiting = not store_keeps_time or last is None or versions[0].stored_at >= last.closed_at - WINDOW
    if [one.sha256 for one in versions] != [place.sha256] or not waiting:
        return problem
    detail = "a custody record that the next manifest will name; nobody has signed it yet"
    return Problem(fault=Fault.NOT_YET_CHAINED, where=problem.where, detail=detail)


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


def _chain_object(chain: Chain, key: str, versions: Sequence[Seen], store_keeps_time: bool) -> Iterator[Problem]:
    held = [one for one in versions if not one.delete_marker]
    if len(versions) > len(held):
        yield Problem(fault=Fault.HIDDEN, where=key, detail="a delete marker hides this manifest")
    if len(held) > 1:
        yield Problem(fault=Fault.REPLACED, where=key, detail=f"{len(held)} versions stand in this slot of the chain")
    link = next((one for one in chain.manifests if one.seq == Place(key).seq), None)
    if link and held and store_keeps_time and held[0].stored_at > link.closed_at + LATEST_WRITE:
        yield Problem(
            fault=Fault.BACKDATED, where=key, detail="the store received this manifest after it says it was closed"
        )


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
