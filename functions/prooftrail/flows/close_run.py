"""Ends a run: compares outcomes with the plan, counts, and puts the signed manifest into the next slot of the chain."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from prooftrail.errors import (
    AccessError,
    AlreadySealed,
    ChainBroken,
    ConfigError,
    EvidenceError,
    EvidenceMissing,
    LedgerError,
)
from prooftrail.evidence import envelope, layout, manifest, times
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage, Code, GovernanceInForce, Head, Manifest
from prooftrail.governance import loosened
from prooftrail.governance.thresholds import ByTier, LimitKey
from prooftrail.model import canonical
from prooftrail.model.reading import CellStatus
from prooftrail.model.run import EvidenceKind, Plan, SealedObject, Superseded
from prooftrail.model.snapshot import RunTrigger
from prooftrail.ports import Clock, HeadPin, Locker, Signer

from . import head as chain_head
from . import judging, sealing
from .head import ChainEnd
from .judging import Judge, Judged, previous_findings
from .keep_ledger import KeepLedger
from .leftovers import Leftovers
from .same_code import require_same_code
from .sealing import Sealing
from .tally import Tally
from .unchained import unchained

_TRIES = 20  # slots lost to other runs before something else must be wrong


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the chain: its manifest and where it stands."""

    head: Head
    manifest: Manifest
    ledger_lags: str | None = None


class CloseRun:
    """Writes the manifest of a run, once: a run that is in the chain already gives the manifest that is there."""

    def __init__(
        self,
        *,
        locker: Locker,
        sealing: Sealing,
        signer: Signer,
        pin: HeadPin,
        keep: KeepLedger | None,
        judge: Judge,
        code: Code,
        clock: Clock,
    ) -> None:
        self._locker, self._sealing, self._signer, self._pin = locker, sealing, signer, pin
        self._keep, self._judge, self._code, self._clock = keep, judge, code, clock

    def __call__(self, plan: Plan, context: Context | None) -> Closed:
        """Seal the run; `context` may be None only for a run that is in the chain already.

        With `keep` the ledger is told here; without, by steps of their own. One that cannot be told is no reason to
        hide that the run is sealed: `ledger_lags` says so, and the next run, or a rebuild, makes up for it. Raises
        ChainBroken where the chain cannot be stood on, and ConfigError for a run that other code began.
        """
        if closed := self.already(plan):
            return closed
        if context is None:
            raise ChainBroken(f"run {plan.header.run.id} is in no manifest of {self._locker.describe()}.")
        require_same_code(context, self._code)
        return self._told(self._append(plan, context, self._signer.public_key_pem()))

    def already(self, plan: Plan) -> Closed | None:
        """The run as it stands in the chain, if it was closed before; the ledger is told what it lacks."""
        found = self._find(plan, self._signer.public_key_pem())
        return self._told(Closed(head=found[0], manifest=found[1])) if found else None

    def _told(self, closed: Closed) -> Closed:
        self._pin.remember(closed.head, locker_id=closed.manifest.locker_id)
        if self._keep is None:
            return closed
        try:
            self._keep(closed.head, closed.manifest)
        except (LedgerError, AccessError, EvidenceError) as error:
            return msgspec.structs.replace(closed, ledger_lags=str(error))
        return closed

    def _find(self, plan: Plan, pem: bytes) -> tuple[Head, Manifest] | None:
        since = plan.header.started_at
        return chain_head.find_run(self._locker, plan.header.run.id, since=since, public_key=pem)

    def _append(self, plan: Plan, context: Context, pem: bytes) -> Closed:
        tally = self._outcomes(plan)
        whole, note = self._judged(plan, context, tally.coverage(plan))
        named = _named(plan, tally.objects, self._sealed(plan, whole), self._plan_object(plan))
        for _ in range(_TRIES):
            end = chain_head.chain_end(self._locker, public_key=pem)
            if end is None:
                raise ChainBroken(
                    f"{self._locker.describe()} has no chain any more: restore it, or begin a new locker."
                )
            acts = unchained(self._locker, public_key=pem, ours=self._sealing.require_ours)
            objects = tuple(sorted([*named, *acts.objects]))
            made = self._manifest(plan, context, end, tally, objects, acts.superseded, whole, note)
            del end  # with it goes the manifest before, while this one is written out
            sealed = manifest.seal(made, keyid=envelope.fingerprint(pem), sign=self._signer.sign)
            try:
                self._locker.put(
                    layout.chain_key(made.seq), sealed, retain_until=self._sealing.until(EvidenceKind.CHAIN)
                )
            except AlreadySealed:
                # Another run took the slot: stand on it. If it was this same run, its manifest is ours.
                del sealed
                found = self._find(plan, pem)
                if found:
                    return Closed(head=found[0], manifest=found[1])
                continue
            return Closed(head=Head(seq=made.seq, sha256=canonical.sha256(sealed)), manifest=made)
        raise ChainBroken(
            f"no free slot in the chain of {self._locker.describe()} after {_TRIES} tries: is something writing there?"
        )

    def _outcomes(self, plan: Plan) -> Tally:
        """What was committed for the accounts of the plan; who has nothing of ours there counts as not read."""
        tally, run_id = Tally(), plan.header.run.id
        planned = {layout.outcome_key(run_id, one.account) for one in plan.accounts}
        for read in self._locker.read_all(f"{EvidenceKind.OUTCOME}/{run_id}/"):
            if read.body is None or read.key not in planned:
                continue
            try:
                tally.add(self._sealing.outcome(read.key, read.body))
            except EvidenceError:
                continue  # somebody else's
            tally.objects.append(self._sealing.known(EvidenceKind.OUTCOME, read, read.body))
        return tally

    def _judged(
        self, plan: Plan, context: Context, coverage: tuple[AccountCoverage, ...]
    ) -> tuple[Judged | None, str | None]:
        """What only the whole run can show, and what is to be said of it.

        A defect of ours there must not keep the run from its seal.
        """
        if not context.catalog:
            return None, None  # a run that was begun before anything was judged
        previous, note = previous_findings(self._locker, plan.header.previous_findings)
        try:
            judged = judging.organization(self._judge, context, coverage, previous=previous)
        except Exception as defect:  # noqa: BLE001  # whatever it is: what the accounts gave waits for the manifest
            detail = f"{type(defect).__name__}: {defect}"
            return None, f"organization: not judged, because of a defect of Prooftrail: {detail}"
        return judged, f"organization: {note}" if note else None

    def _sealed(self, plan: Plan, whole: Judged | None) -> list[SealedObject]:
        run_id, seal = plan.header.run.id, self._sealing.data
        return [seal(kind, run_id, layout.ORGANIZATION, packed) for kind, packed in (whole.packed() if whole else ())]

    def _plan_object(self, plan: Plan) -> SealedObject:
        """The plan as it lies there: closing reads it and never writes it."""
        key = layout.plan_key(plan.header.run.id)
        for read in self._locker.read_all(key):
            if read.key == key and read.body is not None:
                return self._sealing.known(EvidenceKind.PLAN, read, read.body)
        raise EvidenceMissing(key, self._locker.describe())

    def _manifest(
        self,
        plan: Plan,
        context: Context,
        end: ChainEnd,
        tally: Tally,
        named: tuple[SealedObject, ...],
        unplanned: tuple[Superseded, ...],
        whole: Judged | None,
        note: str | None,
    ) -> Manifest:
        header, last = plan.header, end.manifest
        leftovers = Leftovers(self._locker, public_key=self._signer.public_key_pem(), now=self._clock.now())
        left = leftovers(header.run.id, {one.key for one in named}, end.head, last)
        before = last.last_tick if last else None
        counts = tally.counts(context, whole.counts() if whole else {})
        draft = Manifest(
            locker_id=end.genesis.locker_id(),
            seq=end.head.seq + 1,
            previous=end.head,
            run=header.run,
            schedule=header.schedule,
            last_tick=_latest(before, header.run.tick),
            missed_ticks=(),
            started_at=header.started_at,
            closed_at=canonical.utc(self._clock.now()),
            code=self._code,
            governance=self._governance(context, last, counts),
            previous_verified=context.previous_verified,
            organization_gaps=(*_organization_gaps(context), *((note,) if note else ())),
            coverage=tally.coverage(plan),
            counts=counts,
            objects=named,
            superseded=tuple(sorted([*left, *unplanned])),
            merkle_root=manifest.objects_root(named),
            calls=tally.calls,
            throttled=tally.throttled,
            key_since=end.key_since,
        )
        missed = times.due(draft, last) if header.run.trigger is RunTrigger.SCHEDULE else ()
        return msgspec.structs.replace(draft, missed_ticks=missed)

    def _defaults(self, context: Context) -> Mapping[LimitKey, ByTier[int | bool]] | None:
        """The limits of the run's catalog; None where it has none, or one of code that is not ours."""
        try:
            return self._judge.catalog(context.catalog).defaults if context.catalog else None
        except ConfigError:
            return None

    def _governance(
        self, context: Context, last: Manifest | None, counts: tuple[tuple[str, int], ...]
    ) -> GovernanceInForce:
        now = context.governance
        before = last.governance.sha256 if last else None
        if before in (None, now.digest) or last is None:
            return GovernanceInForce(sha256=now.digest)
        then = sealing.context_of(self._locker, last).governance
        turned = dict(counts).get(judging.LOOSENED, 0)
        return GovernanceInForce(
            sha256=now.digest, loosened=loosened(then, now, self._defaults(context)), turned=turned
        )


def _named(
    plan: Plan, committed: list[SealedObject], whole: list[SealedObject], plan_object: SealedObject
) -> tuple[SealedObject, ...]:
    header = plan.header
    shared = [one for one in (header.context, header.people, header.raw) if one is not None]
    return tuple(sorted([plan_object, *shared, *committed, *whole]))


def _organization_gaps(context: Context) -> tuple[str, ...]:
    return tuple(f"{cell.collector}: {cell.reason}" for cell in context.cells if cell.status is not CellStatus.OK)


def _latest(before: datetime | None, tick: datetime | None) -> datetime | None:
    return max((one for one in (before, tick) if one is not None), default=None)
