"""Records that no manifest names yet: what was done, said and sent since the last run, for the next one to seal."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout, notices, waiting
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, SealedObject, Superseded
from prooftrail.ports import Locker, ObjectVersion

from . import head as chain_head

_ACTS = ("custody/", "answers/")
_NO_PLAN = "no plan of notices names it: another attempt was committed first, or this one was cut short"


class Unchained(msgspec.Struct, frozen=True, kw_only=True):
    """What the next manifest has to name: records, and parts of notices that no plan counts, both sorted by key."""

    objects: tuple[SealedObject, ...] = ()
    superseded: tuple[Superseded, ...] = ()


type Ours = Callable[[bytes, str, str], None]
"""Raises EvidenceUnreadable for bytes that do not bear this deployment's code (bytes, code, key)."""


def unchained(locker: Locker, *, public_key: bytes, ours: Ours | None = None) -> Unchained:
    """Custody records, answers and notices for the next manifest; each is sealed by one manifest and no other.

    Looked at is what was stored since a day before the last manifest was closed, of notices those of the runs of two
    days before; all of it where the store keeps no time of its own. What is not what its name tells is left out, and
    `verify` calls it UNLISTED; so are plans of notices, and what became of them, that `ours` refuses: we would sign them.
    """
    if not any(True for prefix in (*_ACTS, "notices/") for _ in locker.versions(prefix)):
        return Unchained()
    known = _Known(locker, public_key)
    acts = chain.from_iterable(locker.versions(prefix) for prefix in _ACTS)
    found = list(_sealed(locker, known.waiting(acts)))
    left: list[Superseded] = []
    for prefix in known.notice_prefixes():
        for run_notices in _by_run(known.waiting(locker.versions(prefix))):
            named, unnamed = _of_run(locker, list(_sealed(locker, run_notices, ours)), ours)
            found += named
            left += [one for one in unnamed if one.key not in known.superseded]
    return Unchained(objects=tuple(sorted(found)), superseded=tuple(sorted(left)))


class _Known:
    """What the last manifests name, read one at a time: a large organization's are too many at once."""

    def __init__(self, locker: Locker, public_key: bytes) -> None:
        self._keeps_time, self._last = locker.keeps_time, None
        self._named: set[str] = set()
        self._runs: list[str] = []
        self.superseded: set[str] = set()
        last: datetime | None = None
        for _, one in chain_head.manifests_back(locker, public_key=public_key):
            last = last or one.closed_at
            if locker.keeps_time and one.closed_at < last - waiting.RUNS:
                break
            self._note(one)
        self._since = last - waiting.WINDOW if last and locker.keeps_time else None

    def notice_prefixes(self) -> tuple[str, ...]:
        """Where notices can wait: years of them are not listed again each day."""
        return tuple(f"notices/{one}/" for one in sorted(self._runs)) if self._keeps_time else ("notices/",)

    def waiting(self, listed: Iterable[ObjectVersion]) -> Iterator[ObjectVersion]:
        """The version written first of each key that is of such a kind, recent, and that no manifest seals."""
        before: str | None = None
        for one in listed:
            if one.delete_marker or one.key in self._named or one.key == before:
                continue
            before = one.key
            recent = self._since is None or one.stored_at >= self._since
            if recent and layout.Place(one.key).kind in waiting.KINDS:
                yield one

    def _note(self, one: Manifest) -> None:
        self._runs.append(one.run.id)
        self._named.update(each.key for each in one.objects if each.kind in waiting.KINDS)
        self.superseded.update(each.key for each in one.superseded if each.key.startswith("notices/"))


def require_waiting(locker: Locker, one: ObjectVersion, ours: Ours | None) -> None:
    """Read a record that no manifest names yet. Raises EvidenceError for what none will ever name.

    Without `ours` nobody can tell whose plan of notices it is, or whose account of what became of one.
    """
    body = locker.get(one.key, version_id=one.version_id)
    waiting.read(one.key, body)
    place = layout.Place(one.key)
    if ours and place.kind is EvidenceKind.NOTICES and place.sha256 is None:
        ours(body, notices.code(one.key, body), one.key)


def _by_run(listed: Iterable[ObjectVersion]) -> Iterator[list[ObjectVersion]]:
    """The notices of each run, which stand one after another in the order of keys."""
    run: str | None = None
    found: list[ObjectVersion] = []
    for one in listed:
        here = layout.Place(one.key).run_id
        if found and here != run:
            yield found
            found = []
        run = here
        found.append(one)
    if found:
        yield found


def _of_run(
    locker: Locker, found: list[SealedObject], ours: Ours | None
) -> tuple[list[SealedObject], list[Superseded]]:
    """The plan of a run's notices with what it names, and what it does not; an end without a plan is neither."""
    counted = _counted(locker, layout.Place(found[0].key).run_id or "", ours) if found else frozenset[str]()
    named = [one for one in found if one.key in counted]
    stray = [one for one in found if one.key not in counted and layout.Place(one.key).sha256]
    left = [
        Superseded(
            key=one.key, size=one.size, reason=_NO_PLAN, version_id=one.version_id, stored_sha256=one.stored_sha256
        )
        for one in stray
    ]
    return named, left


def _counted(locker: Locker, run_id: str, ours: Ours | None) -> frozenset[str]:
    """Every key that the run's plan of notices makes count; nothing without a plan that can be read and is ours."""
    key = layout.notices_plan_key(run_id)
    try:
        body = locker.get(key)
        plan = notices.read_plan(key, body)
        if ours:
            ours(body, plan.mac, key)
    except EvidenceError:
        return frozenset()
    ends = (layout.notices_sent_key(run_id, number) for number in range(len(plan.shards)))
    return frozenset((key, *ends, *(one.key for one in notices.parts(plan))))


def _sealed(locker: Locker, listed: Iterable[ObjectVersion], ours: Ours | None = None) -> Iterator[SealedObject]:
    for one in listed:
        if not waiting.may_be(one.key, one.size):
            continue
        try:
            body = locker.get(one.key, version_id=one.version_id)
            record = waiting.read(one.key, body)
            if ours and layout.Place(one.key).sha256 is None:  # a fixed name: the first writer wins it
                ours(body, notices.code(one.key, body), one.key)
            until = locker.retained_until(one.key, version_id=one.version_id)
        except EvidenceError:
            continue
        yield SealedObject(
            key=one.key,
            kind=record.kind,
            sha256=record.sha256,
            stored_sha256=canonical.sha256(body),
            size=len(body),
            count=record.count,
            version_id=one.version_id,
            retain_until=until,
        )
