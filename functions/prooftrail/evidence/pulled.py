"""What taking evidence away leaves beside the copy: from where, which part of it, and the locks that S3 showed on the way.

Nobody signs this: it tells what was asked for, so that a part is never taken for the whole, and what was observed.
"""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind

from . import layout
from .findings import Fault, Problem
from .manifest import Head
from .verify import Named

SCHEMA = "prooftrail.pull/1"

_WORDED = 5  # accounts named in a sentence

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


class PartialCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that lacks what its scope left out: `left_out` counts the objects that are not there for that reason."""

    source: str
    scope: Scope
    left_out: int
    finished: bool

    def worded(self) -> str:
        """The sentence that stands beside every verdict about it."""
        lacks = f"{self.left_out:,} {'object' if self.left_out == 1 else 'objects'} of {self.source} were left out"
        return f"{self.scope.worded()}; {lacks}{'' if self.finished else '; the pull has not finished'}"


def without_left_out(
    found: list[Problem], record: PullRecord | None, named: Mapping[str, Named]
) -> tuple[list[Problem], PartialCopy | None]:
    """The problems that are none of a scope's making, and what it left out; None where nothing is absent because of it."""
    if record is None or record.scope.whole:
        return found, None
    absent, kept = 0, list[Problem]()
    for one in found:
        by = named.get(one.where) if one.fault in (Fault.MISSING, Fault.DISPOSED) else None
        if by is None or record.scope.wants_named(by):
            kept.append(one)
        else:
            absent += 1
    if not absent:
        return kept, None
    return kept, PartialCopy(source=record.bucket, scope=record.scope, left_out=absent, finished=record.finished)
