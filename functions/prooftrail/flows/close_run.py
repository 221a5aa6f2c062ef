"""Ends a run: compares outcomes with the plan, counts, and puts the signed manifest into the next slot of the chain."""

from collections import Counter
from datetime import datetime

import msgspec

from prooftrail.errors import AlreadySealed, ChainBroken
from prooftrail.evidence import chain, envelope, layout, manifest
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage, Code, GovernanceInForce, Head, Manifest
from prooftrail.evidence.verify import OPEN_RUN
from prooftrail.governance import loosened
from prooftrail.model import canonical
from prooftrail.model.reading import CellStatus
from prooftrail.model.run import EvidenceKind, Outcome, Plan, PlanAction, PlannedAccount, SealedObject, Superseded
from prooftrail.model.snapshot import RunTrigger
from prooftrail.ports import Clock, HeadPin, Ledger, Locker, ObjectVersion, Signer

from . import head as chain_head
from . import sealing
from .head import ChainEnd
from .sealing import Sealing
from .tell_ledger import TellLedger, run_row

_TRIES = 20  # slots lost to other runs before something else must be wrong


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the chain: its manifest and where it stands."""

    head: Head
    manifest: Manifest


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
        code: Code,
        clock: Clock,
    ) -> None:
        self._locker, self._sealing, self._signer, self._pin = locker, sealing, signer, pin
        self._ledger, self._tell, self._code, self._clock = ledger, tell, code, clock

    def __call__(self, plan: Plan, context: Context) -> Closed:
        """Seal the run. Raises ChainBroken where the chain cannot be stood on."""
        pem = self._signer.public_key_pem()
        found = chain_head.find_run(self._locker, plan.header.run.id, public_key=pem)
        closed = Closed(head=found[0], manifest=found[1]) if found else self._append(plan, context, pem)
        self._pin.remember(closed.head, locker_id=closed.manifest.locker_id)
        self._tell(closed.manifest)
        self._ledger.record_run(run_row(closed.head.sha256, closed.manifest))
        return closed

    def _append(self, plan: Plan, context: Context, pem: bytes) -> Closed:
        outcomes, objects = self._outcomes(plan)
        named = _named(plan, [outcome for outcome, _ in outcomes], objects, self._plan_object(plan))
        for _ in range(_TRIES):
            end = chain_head.chain_end(self._locker, public_key=pem)
            if end is None:
                raise ChainBroken(
                    f"{self._locker.describe()} has no chain any more: restore it, or begin a new locker."
                )
            if end.manifest is not None:
                self._tell(end.manifest)  # a run that died right after its manifest was not told yet
            made = self._manifest(plan, context, end, [outcome for outcome, _ in outcomes], named)
            body = manifest.seal(made, keyid=envelope.fingerprint(pem), sign=self._signer.sign)
            try:
                self._locker.put(layout.chain_key(made.seq), body, retain_until=self._sealing.until(EvidenceKind.CHAIN))
            except AlreadySealed:
                # Another run took the slot: stand on it. If it was this same run, its manifest is ours.
                found = chain_head.find_run(self._locker, plan.header.run.id, public_key=pem)
                if found:
                    return Closed(head=found[0], manifest=found[1])
                continue
            return Closed(head=Head(seq=made.seq, sha256=canonical.sha256(body)), manifest=made)
        raise ChainBroken(
            f"no free slot in the chain of {self._locker.describe()} after {_TRIES} tries: is something writing there?"
        )

    def _outcomes(self, plan: Plan) -> tuple[list[tuple[Outcome, SealedObject]], list[SealedObject]]:
        found = []
        for one in self._locker.versions(f"outcome/{plan.header.run.id}/"):
            if one.delete_marker or not one.latest:
                continue
            body = self._locker.get(one.key, version_id=one.version_id)
            sealed = self._sealing.known(one.key, EvidenceKind.OUTCOME, body, version_id=one.version_id)
            found.append((sealing.read_outcome(one.key, body), sealed))
        return found, [sealed for _, sealed in found]

    def _plan_object(self, plan: Plan) -> SealedObject:
        key = layout.plan_key(plan.header.run.id)
        return self._sealing.commit(key, EvidenceKind.PLAN, sealing.plan_bytes(plan), count=len(plan.accounts) + 1)[0]

    def _manifest(
        self, plan: Plan, context: Context, end: ChainEnd, outcomes: list[Outcome], named: tuple[SealedObject, ...]
    ) -> Manifest:
        header, last = plan.header, end.manifest
        before = last.last_tick if last else None
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
            governance=self._governance(context, last),
            previous_verified=context.previous_verified,
            organization_gaps=_organization_gaps(context),
            coverage=_coverage(plan, outcomes),
            counts=_sum(outcomes),
            objects=named,
            superseded=self._superseded(plan, named, last),
            merkle_root=manifest.objects_root(named),
            calls=sum(one.calls for one in outcomes),
            throttled=sum(one.throttled for one in outcomes),
        )
        missed = chain.due(draft, before) if header.run.trigger is RunTrigger.SCHEDULE else ()
        return msgspec.structs.replace(draft, missed_ticks=missed)

    def _governance(self, context: Context, last: Manifest | None) -> GovernanceInForce:
        now = context.governance
        before = last.governance.sha256 if last else None
        if before in (None, now.digest) or last is None:
            return GovernanceInForce(sha256=now.digest)
        return GovernanceInForce(sha256=now.digest, loosened=loosened(self._context_of(last).governance, now))

    def _context_of(self, last: Manifest) -> Context:
        return sealing.read_context(
            self._locker, next(one for one in last.objects if one.kind is EvidenceKind.CONTEXT), last.seq
        )

    def _superseded(self, plan: Plan, named: tuple[SealedObject, ...], last: Manifest | None) -> tuple[Superseded, ...]:
        """What this run, and runs that were begun and never closed, left behind without a commit naming it."""
        ours = {one.key for one in named}
        run_id = plan.header.run.id
        left = [
            _left(one, "another attempt of this run was committed first, or this one was cut short")
            for one in self._below(run_id)
            if one.key not in ours
        ]
        for other in self._abandoned(run_id, last):
            left += [
                _left(one, f"run {other} was begun and not closed when this manifest was written")
                for one in self._below(other)
            ]
        return tuple(sorted(left))

    def _below(self, run_id: str) -> list[ObjectVersion]:
        found = [one for prefix in layout.run_prefixes(run_id) for one in self._locker.versions(prefix)]
        return [one for one in found if not one.delete_marker]

    def _abandoned(self, run_id: str, last: Manifest | None) -> list[str]:
        """Runs with a plan, newer than the last closed one, that no manifest has: older ones were declared then."""
        since = min(last.run.id, canonical.run_id(last.started_at - OPEN_RUN)) if last else ""
        planned = {layout.Place(one.key).run_id for one in self._locker.versions("plan/")}
        pem = self._signer.public_key_pem()
        return sorted(
            one for one in planned
            if one and one != run_id and one >= since and chain_head.find_run(self._locker, one, public_key=pem) is None
        )  # fmt: skip


def _left(one: ObjectVersion, reason: str) -> Superseded:
    return Superseded(key=one.key, size=one.size, reason=reason, version_id=one.version_id)


def _named(
    plan: Plan, outcomes: list[Outcome], committed: list[SealedObject], plan_object: SealedObject
) -> tuple[SealedObject, ...]:
    header = plan.header
    shared = [one for one in (header.context, header.people, header.raw) if one is not None]
    return tuple(sorted([plan_object, *shared, *committed, *(one for outcome in outcomes for one in outcome.objects)]))


def _coverage(plan: Plan, outcomes: list[Outcome]) -> tuple[AccountCoverage, ...]:
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
            reason="no outcome was committed",
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


def _sum(outcomes: list[Outcome]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total.update(dict(outcome.counts))
    return tuple(sorted(total.items()))


def _latest(before: datetime | None, tick: datetime | None) -> datetime | None:
    return max((one for one in (before, tick) if one is not None), default=None)
