"""What of a bucket is to be taken away, by its chain and one listing, and everything that must not be taken away in silence."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.evidence import chain as chains
from prooftrail.evidence import layout, verify, waiting, witness
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import LARGEST
from prooftrail.evidence.pulled import Scope
from prooftrail.evidence.verify import Named, Seen
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import ObjectVersion
from prooftrail.ports.pulling import EvidenceSource

from . import ahead

_BROKEN = frozenset({Fault.UNREADABLE, Fault.SIGNATURE, Fault.KEY, Fault.LINK, Fault.SLOT, Fault.REPLAYED})
_STOPS = frozenset({Fault.CHANGED, Fault.HIDDEN, Fault.REPLACED, Fault.MISSING, Fault.UNREADABLE})
_TOLD = 10  # accounts named in a refusal
_UNNAMED_KEPT = 1000  # keys; whoever writes a million of them into a bucket must not fill a record


class Wanted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One version to be brought. `sha256` is None where no manifest says it; `waits` for what no manifest names yet."""

    key: str
    version_id: str | None
    size: int
    sha256: str | None
    stored_at: datetime
    waits: bool = False


class PullPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be brought, in order of key; `stops` are reasons to bring nothing, `doubts` only reasons to say so.

    `scope` is the one asked for, or that of everything where it leaves nothing out.
    """

    scope: Scope
    chain: Chain
    named: Mapping[str, Named]
    wanted: tuple[Wanted, ...]
    stops: tuple[Problem, ...]
    doubts: tuple[Problem, ...]
    disposed: tuple[str, ...]
    unnamed: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """All that is to be brought."""
        return sum(one.size for one in self.wanted)


def read_chain(source: EvidenceSource, *, fingerprint: str | None, now: datetime, workers: int) -> Chain:
    """The chain, read whole and checked. Raises EvidenceError with slot and fault where it does not hold, or is another's."""
    listed = [one for one in source.versions("chain/") if layout.Place(one.key).kind is EvidenceKind.CHAIN]
    if not listed:
        raise EvidenceError(
            f"{source.describe()} is no locker: it holds no chain. Check the address; a locker is a whole bucket."
        )
    _sound(source, verify.objects(_NOTHING, map(_seen, listed), now=now, store_keeps_time=True, open_runs={}, named={}))

    def body(one: ObjectVersion) -> tuple[int, bytes]:
        seq = layout.Place(one.key).seq or 0
        return seq, b"" if one.size > LARGEST else source.take(one.key, version_id=one.version_id).body

    found = chains.read(ahead.each(body, _first(listed), workers=workers, ahead=workers), public_key=None)
    _sound(source, [one for one in found.problems if one.fault in _BROKEN])
    if found.genesis is None:
        raise EvidenceError(f"{source.describe()} has no genesis ({layout.chain_key(0)}): nothing says whose it is.")
    if fingerprint and fingerprint not in {found.genesis.key_fingerprint, *(one.fingerprint for one in found.keys)}:
        raise EvidenceError(
            f"the chain of {source.describe()} is signed with the key {found.genesis.key_fingerprint}, not {fingerprint}:"
            " nothing was pulled. Ask whose it is before you believe any of it."
        )
    return found


def require_there(chain: Chain, scope: Scope, where: str) -> None:
    """Refuse a scope that nothing lies in. Raises ConfigError naming the days or accounts there are."""
    if scope.whole:
        return
    runs = sorted((one for one in chain.manifests), key=lambda one: one.run.taken_at)
    if not runs:
        raise ConfigError(f"{where} holds no run yet: leave --from, --to and --account out, or wait for the first.")
    held = [one for one in runs if scope.holds(one.run.taken_at)]
    first, last = runs[0].run.taken_at, runs[-1].run.taken_at
    if not held:
        raise ConfigError(
            f"no run of {where} was taken in the days asked for: there are {len(runs)}, from {first:%Y-%m-%d} to"
            f" {last:%Y-%m-%d}. Choose --from and --to among them."
        )
    known = {each.account for one in held for each in one.coverage}
    if unknown := sorted(set(scope.accounts or ()) - known):
        named = ", ".join(sorted(known)[:_TOLD]) + (f" and {len(known) - _TOLD} more" if len(known) > _TOLD else "")
        raise ConfigError(
            f"--account {unknown[0]}: no run of {where} in the days asked for planned for it. The accounts there are: {named}."
        )


def plan(source: EvidenceSource, chain: Chain, scope: Scope, *, now: datetime) -> PullPlan:
    """One listing of the whole bucket, held against the chain by the same rules as `verify`."""
    named = verify.expectations(chain)
    listing = _Listing(chain, named, scope)
    found = verify.objects(
        chain,
        listing.judged(source.versions("")),
        now=now,
        store_keeps_time=True,
        open_runs={},
        named={key: one for key, one in named.items() if scope.wants_named(one)},
    )
    found += listing.problems
    everything = not listing.waits_left and all(map(scope.wants_named, named.values()))
    return PullPlan(
        scope=Scope() if everything else scope,
        chain=chain,
        named=named,
        wanted=tuple(listing.wanted),
        stops=tuple(sorted({_placed(one, named, listing) for one in found if one.fault in _STOPS})),
        doubts=tuple(sorted({one for one in (*found, *chain.problems) if one.breaks and one.fault not in _STOPS})),
        disposed=tuple(sorted({one.where for one in found if one.fault is Fault.DISPOSED})),
        unnamed=tuple(listing.unnamed),
    )


class _Listing:
    """What is kept of a listing that goes by: what to bring, and names nobody vouches for."""

    def __init__(self, chain: Chain, named: Mapping[str, Named], scope: Scope) -> None:
        self._links = {layout.chain_key(one.seq): one.sha256 for one in chain.links}
        self._named, self._scope = named, scope
        self.wanted: list[Wanted] = []
        self.unnamed: list[str] = []
        self.waits_left = False
        self.problems: list[Problem] = []
        self.versions: dict[str, str] = {}

    def judged(self, versions: Iterable[ObjectVersion]) -> Iterator[Seen]:
        """What the chain speaks of, as `verify` wants it; everything else is decided on here."""
        for key, group in itertools.groupby(versions, key=lambda one: one.key):
            yield from self._each(key, list(group))

    def _each(self, key: str, group: list[ObjectVersion]) -> Iterator[Seen]:
        kind, known = layout.Place(key).kind, self._named.get(key)
        held = [one for one in group if not one.delete_marker]
        if len(group) > 1:
            self.versions[key] = ", ".join(one.version_id or "null" for one in group)
        if key in self._links:
            self._bring(key, held, self._links[key])
            yield from map(_seen, group)
        elif known is not None:
            if self._scope.wants_named(known):
                yield from self._of_manifest(known, group, held)
        elif kind is EvidenceKind.CHAIN:
            return  # sealed since the chain was read: the next pull brings it
        elif kind is EvidenceKind.WITNESS and all(one.size <= witness.LARGEST for one in held):
            self._word(key, group, held)
        elif len(group) == len(held) == 1 and waiting.may_be(key, held[0].size):
            if self._scope.wants(key, None):
                self._bring(key, held, None, waits=True)
            else:
                self.waits_left = True
        elif len(self.unnamed) < _UNNAMED_KEPT:
            self.unnamed.append(key)

    def _of_manifest(self, known: Named, group: list[ObjectVersion], held: list[ObjectVersion]) -> Iterator[Seen]:
        said = known.one.version_id
        ours = [one for one in held if said is None or one.version_id == said]
        self._bring(known.one.key, ours, known.one.stored_sha256)
        # The bytes are held against the manifest when they arrive: here they are taken for what it says.
        yield from (_seen(one, known.one.stored_sha256) for one in group)

    def _word(self, key: str, group: list[ObjectVersion], held: list[ObjectVersion]) -> None:
        """A word of the watchdog, which no manifest names: its own signature tells, once it is here."""
        if len(held) < len(group):
            detail = "a delete marker hides this word of the watchdog"
            self.problems.append(Problem(fault=Fault.HIDDEN, where=key, detail=detail))
        if len(held) > 1:
            detail = f"{len(held)} versions stand under this name, and a watchdog writes one"
            self.problems.append(Problem(fault=Fault.REPLACED, where=key, detail=detail))
        self._bring(key, held, None)

    def _bring(self, key: str, held: list[ObjectVersion], sha256: str | None, *, waits: bool = False) -> None:
        for one in held[:1]:
            self.wanted.append(
                Wanted(
                    key=key,
                    version_id=one.version_id,
                    size=one.size,
                    sha256=sha256,
                    stored_at=one.stored_at,
                    waits=waits,
                )
            )


def _sound(source: EvidenceSource, found: Iterable[Problem]) -> None:
    wrong = sorted(one for one in found if one.fault in _STOPS | _BROKEN)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        first = wrong[0]
        raise EvidenceError(
            f"the chain of {source.describe()} does not hold, and nothing was pulled: {first.fault} {first.where}:"
            f" {first.detail}{more}. Run `prooftrail verify {source.describe()}` to see all of it."
        )


def _placed(one: Problem, named: Mapping[str, Named], listing: _Listing) -> Problem:
    """The problem with the versions it is about."""
    known = named.get(one.where)
    sealed = f"the sealed version is {known.one.version_id}" if known and known.one.version_id else ""
    there = f"versions listed, oldest first: {listing.versions[one.where]}" if one.where in listing.versions else ""
    said = "; ".join(each for each in (one.detail, sealed, there) if each)
    return msgspec.structs.replace(one, detail=said)


def _seen(one: ObjectVersion, sha256: str | None = None) -> Seen:
    return Seen(
        key=one.key,
        version_id=one.version_id,
        stored_at=one.stored_at,
        sha256=None if one.delete_marker else sha256,
        size=one.size,
        latest=one.latest,
        delete_marker=one.delete_marker,
    )


def _first(listed: Iterable[ObjectVersion]) -> Iterator[ObjectVersion]:
    held = (one for one in listed if not one.delete_marker)
    return (next(of_a_key) for _, of_a_key in itertools.groupby(held, key=lambda one: one.key))


_NOTHING = Chain(genesis=None, links=(), problems=())
