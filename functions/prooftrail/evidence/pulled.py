"""What taking evidence away leaves beside the copy: from where, which part of it, and the locks that S3 showed on the way.

Nobody signs this: it tells what was asked for, so that a part is never taken for the whole, and what was observed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind

from . import layout
from .findings import Fault, Problem
from .manifest import Genesis, Head
from .verify import Named

SCHEMA = "prooftrail.pull/1"

UNSIGNED = "so says the record beside the copy, which nobody signed: it is the word of whoever pulled"
"""What has to stand beside whatever such a record says."""

_WORDED = 5  # accounts named in a sentence
_LISTED = 20  # names in a list on a terminal

_ALWAYS = frozenset({EvidenceKind.CHAIN, EvidenceKind.WITNESS, EvidenceKind.CUSTODY})


class LockState(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The Object Lock of one version as S3 answered; `unknown` says why what is None was not observed, else None is none.

    `mode` is COMPLIANCE or GOVERNANCE.
    """

    mode: str | None = None
    retain_until: datetime | None = None
    legal_hold: bool | None = None
    unknown: str | None = None


class PulledObject(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One object of the copy: `sha256` and `size` (bytes) are of what is stored, `stored_at` is S3's LastModified."""

    key: str
    version_id: str | None
    size: int
    sha256: str
    stored_at: datetime
    lock: LockState
    observed_at: datetime


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which part was asked for: runs taken on days from `since` to `until` (UTC, both included), and these accounts."""

    since: date | None = None
    until: date | None = None
    accounts: tuple[str, ...] | None = None

    @property
    def whole(self) -> bool:
        """True if nothing was left out."""
        return self.since is None and self.until is None and self.accounts is None

    def worded(self) -> str:
        """As a person would say it."""
        days = {
            (False, False): "all runs",
            (True, False): f"runs from {self.since} on",
            (False, True): f"runs until {self.until}",
            (True, True): f"runs from {self.since} to {self.until}",
        }[self.since is not None, self.until is not None]
        if self.accounts is None:
            return f"{days}, all accounts"
        named = ", ".join(self.accounts[:_WORDED])
        more = f" and {len(self.accounts) - _WORDED} more" if len(self.accounts) > _WORDED else ""
        return f"{days}, {'accounts' if len(self.accounts) > 1 else 'account'} {named}{more}"

    def holds(self, at: datetime) -> bool:
        """True if a run taken at `at` belongs to it."""
        on = canonical.utc(at).date()
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def wants(self, key: str, sealed_by: datetime | None) -> bool:
        """True if the object belongs to the copy; `sealed_by` is when the run was taken whose manifest names it.

        Chain, witness and custody always do. Of an account nothing else does than of a run in scope; what is of no
        account goes with its run, or with the run that names it.
        """
        place = layout.Place(key)
        if self.whole or place.kind is None or place.kind in _ALWAYS:
            return True
        if self.accounts is not None and place.account not in (None, layout.ORGANIZATION, *self.accounts):
            return False
        if sealed_by is None and place.run_id is None:
            return self.until is None  # an answer that waits for the next manifest
        return _taken_in(self, place.run_id) or (sealed_by is not None and self.holds(sealed_by))

    def wants_named(self, one: Named) -> bool:
        """True if what a manifest names belongs to the copy."""
        return self.wants(one.one.key, one.by.run.taken_at)


def _taken_in(scope: Scope, run_id: str | None) -> bool:
    if run_id is None:
        return False
    try:
        return scope.holds(canonical.tick_of(run_id))
    except ValueError:  # shaped like a run, and no date: nobody's
        return False


class PullRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One pull. `finished` is False while it is under way, was cut short or stopped (`stopped` then says why, `stops` at what).

    `objects` and `bytes` are all that now lies in the copy, `fetched` what this pull brought. `left_out` counts the
    objects that manifests name and the scope does not want. `disposed` are keys whose retention ended and that are gone, `unnamed` keys
    that no manifest names and that were not taken. `doubts` are faults of the store's own listing that did not stop it.
    """

    schema: str = SCHEMA
    bucket: str
    scope: Scope
    started_at: datetime
    ended_at: datetime | None = None
    finished: bool = False
    stopped: str | None = None
    stops: tuple[Problem, ...] = ()
    caller: str | None
    locker_id: str
    key_fingerprint: str
    origin_checked: bool
    head: Head
    objects: int = 0
    bytes: int = 0
    fetched: int = 0
    fetched_bytes: int = 0
    left_out: int = 0
    runs_left_out: tuple[str, ...] = ()
    disposed: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    doubts: tuple[Problem, ...] = ()
    locks_observed: int = 0
    tool_version: str

    def misfit(self, genesis: Genesis | None, has: Callable[[Head], bool]) -> str | None:
        """What it says that is not so of the chain in the copy, in words; None where it is the record of this one.

        `has` tells whether the chain has a head. Anybody who knows the chain could write a record that fits: it is
        nobody's signature.
        """
        if genesis is None:
            return "the copy has no genesis that it could be held against"
        if self.locker_id != genesis.locker_id():
            return f"it is of locker {self.locker_id[:16]}…, and this is a copy of {genesis.locker_id()[:16]}…"
        if self.key_fingerprint != genesis.key_fingerprint:
            return f"it names the key {self.key_fingerprint[:16]}…, and the genesis {genesis.key_fingerprint[:16]}…"
        if not has(self.head):
            return f"it names the head {self.head.seq}:{self.head.sha256[:16]}…, which the chain does not have"
        return None


def named_some(names: Sequence[str], most: int = _LISTED) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - most:,} more (--json names all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


class PartialCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that lacks what its scope left out: `left_out` counts the objects that are not there for that reason.

    `accounts`, `kinds` and `runs` are all that these objects are of, sorted; a run by its id.
    """

    source: str
    scope: Scope
    left_out: int
    finished: bool
    accounts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def worded(self) -> str:
        """The sentence that stands beside every verdict about it."""
        lacks = f"{self.left_out:,} {'object' if self.left_out == 1 else 'objects'} of {self.source} were left out"
        ended = "" if self.finished else "; the pull has not finished"
        return f"{self.scope.worded()}; {lacks}{ended}; {UNSIGNED}"


def without_left_out(
    found: list[Problem], record: PullRecord | None, named: Mapping[str, Named]
) -> tuple[list[Problem], PartialCopy | None]:
    """The problems that are none of a scope's making, and what it left out; None where nothing is absent because of it.

    Give no record that does not fit the chain.
    """
    if record is None or record.scope.whole:
        return found, None
    absent, kept = list[Named](), list[Problem]()
    for one in found:
        by = named.get(one.where) if one.fault in (Fault.MISSING, Fault.DISPOSED) else None
        if by is None or record.scope.wants_named(by):
            kept.append(one)
        else:
            absent.append(by)
    if not absent:
        return kept, None
    places = [(layout.Place(one.one.key), one.by.run.id) for one in absent]
    return kept, PartialCopy(
        source=record.bucket,
        scope=record.scope,
        left_out=len(absent),
        finished=record.finished,
        accounts=tuple(sorted({place.account for place, _ in places if place.account})),
        kinds=tuple(sorted({place.kind.value for place, _ in places if place.kind})),
        runs=tuple(sorted({place.run_id or by for place, by in places})),
    )
