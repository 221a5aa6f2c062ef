"""Ends a run: compares outcomes with the plan, counts, and puts the signed manifest into the next slot of the chain."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from prooftrail.errors import AccessError, AlreadySealed, ChainBroken, ConfigError, EvidenceError, LedgerError
from prooftrail.evidence import chain, envelope, layout, manifest
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage, Code, GovernanceInForce, Head, Manifest
from prooftrail.governance import loosened
from prooftrail.governance.thresholds import ByTier, LimitKey
from prooftrail.model import canonical
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.run import EvidenceKind, Outcome, Plan, PlanAction, PlannedAccount, SealedObject
from prooftrail.model.snapshot import RunTrigger
from prooftrail.ports import Clock, HeadPin, Ledger, Locker, Signer

from . import head as chain_head
from . import judging, sealing
from .head import ChainEnd
from .judging import Judge, Judged, previous_findings
from .leftovers import Leftovers
from .sealing import Sealing
from .tell_ledger import TellLedger, run_row

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
        ledger: Ledger,
        tell: TellLedger,
        judge: Judge,
        code: Code,
        clock: Clock,
    ) -> None:
        self._locker, self._sealing, self._signer, self._pin = locker, sealing, signer, pin
        self._ledger, self._tell, self._judge, self._code, self._clock = ledger, tell, judge, code, clock

    def __call__(self, plan: Plan, context: Context | None) -> Closed:
        """Seal the run; `context` may be None only for a run that is in the chain already.

        A ledger that cannot be told is no reason to hide that the run is sealed: `ledger_lags` says so, and the next
        run, or a rebuild, makes up for it. Raises ChainBroken where the chain cannot be stood on.
        """
        pem = self._signer.public_key_pem()
        found = self._find(plan, pem)
        if found is None and context is None:
            raise ChainBroken(f"run {plan.header.run.id} is in no manifest of {self._locker.describe()}.")
        if found is not None:
            closed = Closed(head=found[0], manifest=found[1])
        elif context is not None:
            closed = self._append(plan, context, pem)
        self._pin.remember(closed.head, locker_id=closed.manifest.locker_id)
        try:
            self._tell(closed.manifest)
            self._ledger.record_run(run_row(closed.head.sha256, closed.manifest))
        except (LedgerError, AccessError) as error:
            return msgspec.structs.replace(closed, ledger_lags=str(error))
        return closed

    def already(self, plan: Plan) -> Closed | None:
        """The run as it stands in the chain, if it was closed before; the ledger is told what it lacks."""
        return self(plan, None) if self._find(plan, self._signer.public_key_pem()) else None

    def _find(self, plan: Plan, pem: bytes) -> tuple[Head, Manifest] | None:
        since = plan.header.started_at
        return chain_head.find_run(self._locker, plan.header.run.id, since=since, public_key=pem)

    def _append(self, plan: Plan, context: Context, pem: bytes) -> Closed:
        outcomes, objects = self._outcomes(plan)
        whole, note = self._judged(plan, context, [outcome for outcome, _ in outcomes])
        objects += self._sealed(plan, whole)
        named = _named(plan, [outcome for outcome, _ in outcomes], objects, self._plan_object(plan))
        for _ in range(_TRIES):
            end = chain_head.chain_end(self._locker, public_key=pem)
            if end is None:
                raise ChainBroken(
                    f"{self._locker.describe()} has no chain any more: restore it, or begin a new locker."
                )
            if end.manifest is not None:
                # A run that died right after its manifest was not told yet.
                self._tell(end.manifest)
                self._ledger.record_run(run_row(end.head.sha256, end.manifest))
            made = self._manifest(plan, context, end, [outcome for outcome, _ in outcomes], named, whole, note)
            body = manifest.seal(made, keyid=envelope.fingerprint(pem), sign=self._signer.sign)
            try:
                self._locker.put(layout.chain_key(made.seq), body, retain_until=self._sealing.until(EvidenceKind.CHAIN))
            except AlreadySealed:
                # Another run took the slot: stand on it. If it was this same run, its manifest is ours.
                found = self._find(plan, pem)
                if found:
                    return Closed(head=found[0], manifest=found[1])
                continue
            return Closed(head=Head(seq=made.seq, sha256=canonical.sha256(body)), manifest=made)
        raise ChainBroken(
            f"no free slot in the chain of {self._locker.describe()} after {_TRIES} tries: is something writing there?"
        )

    def _outcomes(self, plan: Plan) -> tuple[list[tuple[Outcome, SealedObject]], list[SealedObject]]:
        found = []
        for planned in plan.accounts:
            key = layout.outcome_key(plan.header.run.id, planned.account)
            try:
                body = self._locker.get(key)
                outcome = self._sealing.outcome(key, body)
            except EvidenceError:
                continue  # none was committed, or somebody else's stands there: the account counts as not read
            found.append((outcome, self._sealing.known(key, EvidenceKind.OUTCOME, body)))
        return found, [sealed for _, sealed in found]

    def _judged(self, plan: Plan, context: Context, outcomes: list[Outcome]) -> tuple[Judged | None, str | None]:
        """What only the whole run can show, and what is to be said of it.

        A defect of ours there must not keep the run from its seal.
        """
        if not context.catalog:
            return None, None  # a run that was begun before anything was judged
        previous, note = previous_findings(self._locker, plan.header.previous_findings)
        try:
            judged = judging.organization(self._judge, context, coverage_of(plan, outcomes), previous=previous)
        except Exception as defect:  # noqa: BLE001  # whatever it is: what the accounts gave waits for the manifest
            detail = f"{type(defect).__name__}: {defect}"
            return None, f"organization: not judged, because of a defect of Prooftrail: {detail}"
        return judged, f"organization: {note}" if note else None

    def _sealed(self, plan: Plan, whole: Judged | None) -> list[SealedObject]:
        run_id, seal = plan.header.run.id, self._sealing.data
        return [seal(kind, run_id, layout.ORGANIZATION, packed) for kind, packed in (whole.packed() if whole else ())]

    def _plan_object(self, plan: Plan) -> SealedObject:
        key = layout.plan_key(plan.header.run.id)
        return self._sealing.commit(
            key, EvidenceKind.PLAN, self._sealing.signed_plan(plan), count=len(plan.accounts) + 1
        )[0]

    def _manifest(
        self,
        plan: Plan,
        context: Context,
        end: ChainEnd,
        outcomes: list[Outcome],
        named: tuple[SealedObject, ...],
        whole: Judged | None,
        note: str | None,
    ) -> Manifest:
        header, last = plan.header, end.manifest
        leftovers = Leftovers(self._locker, public_key=self._signer.public_key_pem(), now=self._clock.now())
        left = leftovers(header.run.id, {one.key for one in named}, end.head)
        before = last.last_tick if last else None
        counts = counts_of(outcomes, context, whole.counts() if whole else {})
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
            coverage=coverage_of(plan, outcomes),
            counts=counts,
            objects=named,
            superseded=left,
            merkle_root=manifest.objects_root(named),
            calls=sum(one.calls for one in outcomes),
            throttled=sum(one.throttled for one in outcomes),
        )
        missed = chain.due(draft, before) if header.run.trigger is RunTrigger.SCHEDULE else ()
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
    plan: Plan, outcomes: list[Outcome], committed: list[SealedObject], plan_object: SealedObject
) -> tuple[SealedObject, ...]:
    header = plan.header
    shared = [one for one in (header.context, header.people, header.raw) if one is not None]
    return tuple(sorted([plan_object, *shared, *committed, *(one for outcome in outcomes for one in outcome.objects)]))


def coverage_of(plan: Plan, outcomes: list[Outcome]) -> tuple[AccountCoverage, ...]:
    """How each planned account came out, as a manifest states it."""
    by_account = {one.account: one for one in outcomes}
    return tuple(_covered(one, by_account.get(one.account)) for one in plan.accounts)


def _covered(planned: PlannedAccount, outcome: Outcome | None) -> AccountCoverage:
    if planned.action is PlanAction.SKIP:
        return AccountCoverage(
            account=planned.account, status="skipped", reason=planned.reason, identities=0, cells=0, cells_ok=0
        )
    if outcome is None:
        return AccountCoverage(
            account=planned.account,
            status="unreachable",
            reason="no outcome of ours was committed",
            identities=0,
            cells=0,
            cells_ok=0,
        )
    return AccountCoverage(
        account=planned.account,
        status=outcome.status,
        reason=outcome.reason,
        identities=dict(outcome.counts).get("identities", 0),
        cells=len(outcome.cells),
        cells_ok=sum(cell.status is CellStatus.OK for cell in outcome.cells),
    )


def _organization_gaps(context: Context) -> tuple[str, ...]:
    return tuple(f"{cell.collector}: {cell.reason}" for cell in context.cells if cell.status is not CellStatus.OK)


def counts_of(
    outcomes: list[Outcome], context: Context | None, organization: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """The counts of all outcomes and of the organization's own judgement, added up, and the calls all accounts share."""
    total: Counter[str] = Counter(organization)
    for outcome in outcomes:
        total.update(dict(outcome.counts))
    for cell in context.cells if context else ():
        if cell.collector is Collector.AWS_POLICIES:
            total[f"calls:{cell.collector}"] += sum(source.calls for source in cell.sources)
    return tuple(sorted(total.items()))


def _latest(before: datetime | None, tick: datetime | None) -> datetime | None:
    return max((one for one in (before, tick) if one is not None), default=None)
