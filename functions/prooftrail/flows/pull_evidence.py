"""Takes evidence away with rights to read and nothing else: by manifest and recorded version, checked as it arrives."""

from collections.abc import Callable, Iterator

import msgspec

from prooftrail.errors import AlreadySealed, EvidenceError, EvidenceMissing, EvidenceUnreadable, ProoftrailError
from prooftrail.evidence import layout, waiting
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Genesis, Head
from prooftrail.evidence.pulled import LockState, PulledObject, PullRecord, Scope
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock
from prooftrail.ports.pulling import Copy, EvidenceSource, PullNotes

from . import ahead, pull_plan
from .pull_plan import PullPlan, Wanted

_AHEAD = 4  # objects a worker that wait to be noted; their bytes are on the disk by then


class Pulling(msgspec.Struct, frozen=True, kw_only=True):
    """How far a pull is: objects and bytes that are in place, of all that are wanted, and what was fetched of them."""

    objects: int
    of_objects: int
    bytes: int
    of_bytes: int
    fetched: int = 0
    fetched_bytes: int = 0


_UNSEEN = LockState(unknown="it was not looked at")

type Progress = Callable[[Pulling], None]


class PullEvidence:
    """Pulls one bucket into one directory. `version` is that of the tool, for the record."""

    def __init__(
        self, *, source: EvidenceSource, copy: Copy, notes: PullNotes, clock: Clock, version: str, workers: int = 16
    ) -> None:
        self._source, self._copy, self._notes = source, copy, notes
        self._clock, self._version, self._workers = clock, version, workers

    def __call__(self, scope: Scope, *, fingerprint: str | None = None, progress: Progress | None = None) -> PullRecord:
        """Bring what the scope wants and is not in place yet; what was brought stays, however this ends.

        The record's scope is that of everything where the one asked for left nothing out. Raises ConfigError for one that
        nothing lies in. A record with `stops` says what is changed, hidden, replaced or missing, by key and version. Raises EvidenceError
        for a chain that does not hold and for a directory that holds something else, AccessError naming what to allow.
        """
        started = self._clock.now()
        chain = pull_plan.read_chain(self._source, fingerprint=fingerprint, now=started, workers=self._workers)
        pull_plan.require_there(chain, scope, self._source.describe())
        plan = pull_plan.plan(self._source, chain, scope, now=started)
        scope = plan.scope
        self._copy.create()
        there = self._there(plan)
        record = PullRecord(
            bucket=self._source.describe(),
            scope=scope,
            started_at=started,
            caller=self._source.caller(),
            locker_id=_genesis(chain).locker_id(),
            key_fingerprint=_genesis(chain).key_fingerprint,
            origin_checked=fingerprint is not None,
            head=_head(chain),
            stops=plan.stops,
            left_out=sum(not scope.wants_named(one) and key not in there for key, one in plan.named.items()),
            runs_left_out=tuple(one.run.id for one in chain.manifests if not scope.holds(one.run.taken_at)),
            disposed=plan.disposed,
            unnamed=plan.unnamed,
            doubts=plan.doubts,
            tool_version=self._version,
        )
        return _Pull(self, plan, there, record, progress or (lambda _: None)).run()

    def _there(self, plan: PullPlan) -> dict[str, int]:
        """What lies in the directory, by size. Raises EvidenceError for anything that is not of this chain."""
        there = {one.key: one.size for one in self._copy.versions("")}
        wanted = {one.key for one in plan.wanted}
        for key in sorted(there, key=lambda each: (layout.Place(each).kind is not EvidenceKind.CHAIN, each)):
            if key not in wanted and key not in plan.named and layout.Place(key).kind not in waiting.KINDS:
                of_chain = layout.Place(key).kind is EvidenceKind.CHAIN
                what = (
                    f"{self._source.describe()} has no such slot: its end was cut off since, or this is another's copy"
                    if of_chain
                    else "no manifest of this bucket names it"
                )
                raise EvidenceError(
                    f"{self._copy.describe()} already holds {key}, and {what}: nothing was pulled. Name an empty directory."
                )
        return there


class _Pull:
    """One pull under way."""

    def __init__(
        self, of: PullEvidence, plan: PullPlan, there: dict[str, int], record: PullRecord, progress: Progress
    ) -> None:
        self._source, self._copy, self._notes = of._source, of._copy, of._notes  # noqa: SLF001 - its other half
        self._clock, self._workers = of._clock, of._workers  # noqa: SLF001 - its other half
        self._plan, self._there, self._progress = plan, there, progress
        self._record = record
        self._rows = {key: one for key, one in self._notes.recall().items() if key in there}
        self._at = Pulling(objects=0, of_objects=len(plan.wanted), bytes=0, of_bytes=plan.bytes)

    def run(self) -> PullRecord:
        """Bring everything, and state how it ended, whatever that was."""
        self._notes.state(self._stated(None))
        self._notes.settle(list(self._rows.values()))
        if self._plan.stops:
            return self._end(f"{len(self._plan.stops)} objects are not as they were sealed; nothing more was brought")
        ended: str | None = "it was interrupted"
        try:
            ended = self._bring_all()
        except ProoftrailError as error:
            ended = str(error)
            raise
        finally:
            record = self._end(ended)
        return record

    def _bring_all(self) -> str | None:
        """None once all is in place, else why it stopped."""
        self._progress(self._at)
        for one in self._each():
            if isinstance(one, Problem):
                self._record = msgspec.structs.replace(self._record, stops=(one,))
                return "an object is not as it was sealed"
            if one is not None:
                self._progress(self._at)
        return None

    def _each(self) -> Iterator[PulledObject | Problem | None]:
        made = ahead.each(self._bring, self._plan.wanted, workers=self._workers, ahead=_AHEAD * self._workers)
        for wanted, (one, fetched) in zip(self._plan.wanted, made, strict=True):
            if isinstance(one, PulledObject):
                self._rows[one.key] = one
            elif one is None:
                self._record = msgspec.structs.replace(self._record, unnamed=(*self._record.unnamed, wanted.key))
            self._at = Pulling(
                objects=self._at.objects + 1,
                of_objects=self._at.of_objects,
                bytes=self._at.bytes + wanted.size,
                of_bytes=self._at.of_bytes,
                fetched=self._at.fetched + fetched,
                fetched_bytes=self._at.fetched_bytes + (wanted.size if fetched else 0),
            )
            yield one

    def _bring(self, wanted: Wanted) -> tuple[PulledObject | Problem | None, bool]:
        """What became of one object, and whether it was fetched now; None for a record that is not what its name tells."""
        if wanted.key in self._there and wanted.sha256 is not None:
            return self._in_place(wanted, wanted.sha256), False
        try:
            taken = self._source.take(wanted.key, version_id=wanted.version_id)
        except EvidenceMissing:
            return _wrong(Fault.MISSING, wanted, "it was listed, and is gone since"), False
        except EvidenceUnreadable as error:
            return _wrong(Fault.UNREADABLE, wanted, str(error)), False
        sha = canonical.sha256(taken.body)
        if len(taken.body) != wanted.size or wanted.sha256 not in (None, sha):
            return _wrong(Fault.CHANGED, wanted, f"its bytes are not those that were sealed: they hash to {sha}"), True
        if wanted.waits and not _is_record(wanted.key, taken.body):
            return None, True
        self._put(wanted, taken.body)
        row = self._row(wanted, sha)
        row = msgspec.structs.replace(row, lock=taken.lock, observed_at=self._clock.now())
        self._notes.note(row)
        return row, True

    def _in_place(self, wanted: Wanted, sha256: str) -> PulledObject:
        """An object that an earlier pull brought: held against its hash, and its lock looked at if nobody did."""
        if canonical.sha256(self._copy.get(wanted.key)) != sha256:
            raise self._other(wanted.key)
        row = self._row(wanted, sha256)
        known = self._rows.get(wanted.key)
        if known is not None and (known.version_id, known.sha256) == (row.version_id, row.sha256):
            return known
        lock = self._source.lock_of(wanted.key, version_id=wanted.version_id)
        row = msgspec.structs.replace(row, lock=lock, observed_at=self._clock.now())
        self._notes.note(row)
        return row

    def _put(self, wanted: Wanted, body: bytes) -> None:
        try:
            self._copy.put(wanted.key, body, retain_until=None)
        except AlreadySealed:
            if self._copy.get(wanted.key) != body:
                raise self._other(wanted.key) from None

    def _other(self, key: str) -> EvidenceError:
        return EvidenceError(
            f"{self._copy.describe()} holds other bytes under {key} than were sealed: they were left as they are. Move the"
            " file away, or name an empty directory, and pull again."
        )

    def _row(self, wanted: Wanted, sha256: str) -> PulledObject:
        return PulledObject(
            key=wanted.key,
            version_id=wanted.version_id,
            size=wanted.size,
            sha256=sha256,
            stored_at=wanted.stored_at,
            lock=_UNSEEN,
            observed_at=wanted.stored_at,
        )

    def _end(self, stopped: str | None) -> PullRecord:
        self._copy.settle()
        self._notes.settle(list(self._rows.values()))
        record = self._stated(stopped, ended=True)
        self._notes.state(record)
        return record

    def _stated(self, stopped: str | None, *, ended: bool = False) -> PullRecord:
        rows = self._rows.values()
        return msgspec.structs.replace(
            self._record,
            ended_at=self._clock.now() if ended else None,
            finished=ended and stopped is None,
            stopped=stopped,
            objects=len(rows),
            bytes=sum(one.size for one in rows),
            fetched=self._at.fetched,
            fetched_bytes=self._at.fetched_bytes,
            locks_observed=sum(one.lock.unknown is None for one in rows),
        )


def _is_record(key: str, body: bytes) -> bool:
    try:
        waiting.read(key, body)
    except EvidenceUnreadable:
        return False
    return True


def _wrong(fault: Fault, wanted: Wanted, detail: str) -> Problem:
    return Problem(fault=fault, where=wanted.key, detail=f"version {wanted.version_id or 'null'}: {detail}")


def _genesis(chain: Chain) -> Genesis:
    if chain.genesis is None:
        raise TypeError("a chain without a genesis is not pulled")
    return chain.genesis


def _head(chain: Chain) -> Head:
    if chain.head is None:
        raise TypeError("a chain without a head is not pulled")
    return chain.head
