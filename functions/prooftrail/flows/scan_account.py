"""Reads one account, seals what was seen, judges it, and commits both, once however often it is tried."""

from collections import Counter

import msgspec

from prooftrail.errors import AccountUnreachable, EvidenceMissing
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.lines import LineWriter
from prooftrail.evidence.manifest import Code
from prooftrail.evidence.redaction import Redactor
from prooftrail.inventory import assemble
from prooftrail.inventory.context import OrgContext
from prooftrail.inventory.inactivity import with_inactive_since
from prooftrail.model.account import AccountReadings
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import Cell, CellStatus, Collector
from prooftrail.model.run import EvidenceKind, Outcome, OutcomeStatus, PlannedAccount, Pointer, Run, SealedObject
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import AccountSource, Clock, FingerprintKey, Locker, Target

from . import judging
from .carry import carry_of
from .judging import Judge, previous_findings
from .same_code import require_same_code
from .sealing import Sealing
from .tell_ledger import TellLedger, previous_snapshot


class ScanAccount:
    """Gives the outcome of one account in one run; the first commit wins, and later attempts return it.

    `tell` is None where the ledger is told by another process, which cannot remember what this one read.
    """

    def __init__(
        self,
        *,
        locker: Locker,
        sealing: Sealing,
        source: AccountSource,
        judge: Judge,
        tell: TellLedger | None,
        fingerprints: FingerprintKey,
        regions: tuple[str, ...] | None,
        code: Code,
        clock: Clock,
    ) -> None:
        self._locker, self._sealing, self._source, self._tell = locker, sealing, source, tell
        self._judge, self._fingerprints, self._regions, self._clock = judge, fingerprints, regions, clock
        self._code = code

    def __call__(self, planned: PlannedAccount, *, run: Run, context: Context) -> Outcome:
        """Read, seal, judge, commit. An account that cannot be read is an outcome too.

        Raises ConfigError where other code began the run and nothing is committed yet.
        """
        if committed := self._committed(run.id, planned.account):
            return committed
        require_same_code(context, self._code)
        return self._attempt(planned, run, context)

    def _committed(self, run_id: str, account: str) -> Outcome | None:
        key = layout.outcome_key(run_id, account)
        try:
            return self._sealing.outcome(key, self._locker.get(key))
        except EvidenceMissing:
            return None

    def _attempt(self, planned: PlannedAccount, run: Run, context: Context) -> Outcome:
        before, note = previous_snapshot(self._locker, planned.previous)
        draft = Outcome(
            run_id=run.id,
            account=planned.account,
            status=OutcomeStatus.UNREACHABLE,
            started_at=self._clock.now(),
            finished_at=self._clock.now(),
            previous=planned.previous if before else None,
            notes=(note,) if note else (),
        )
        raw = LineWriter()
        redactor = Redactor(self._fingerprints.secret(), context.governance.scope.tags.owner)
        carry = carry_of(before, run=run, account=planned.account, policies=context.managed_policies)
        try:
            readings = self._source.read(
                self._target(planned, context), run=run, carry=carry, raw=raw, redactor=redactor
            )
        except AccountUnreachable as unreachable:
            reason = _why(unreachable, planned, redactor)
            return self._commit(msgspec.structs.replace(draft, reason=reason))
        after = assemble.assemble(
            readings,
            account=_account(context, draft.account),
            run=run,
            context=org_context(context),
            governance=context.governance,
        )
        after = with_inactive_since(after, before)
        if committed := self._committed(run.id, planned.account):
            return committed  # another attempt was quicker: what we read need not be left behind
        seen = _read(draft, readings, after, self._evidence(after, run, raw, redactor))
        judged = self._judged(seen, after, context, planned.previous_findings, redactor)
        outcome = self._commit(judged)
        if self._tell is not None and outcome.objects == judged.objects:
            self._tell.remember(before, after)
        return outcome

    def _evidence(self, snapshot: Snapshot, run: Run, raw: LineWriter, redactor: Redactor) -> tuple[SealedObject, ...]:
        account, seal = snapshot.header.account, self._sealing.data
        return (
            seal(EvidenceKind.RAW, run.id, account, raw.finish()),
            seal(EvidenceKind.PEOPLE, run.id, account, lines.pack(redactor.people())),
            seal(EvidenceKind.SNAPSHOT, run.id, account, lines.pack(snapshot.lines())),
        )

    def _judged(
        self, seen: Outcome, snapshot: Snapshot, context: Context, previous: Pointer | None, redactor: Redactor
    ) -> Outcome:
        """The outcome with what was judged; a defect of ours there must not cost the evidence, which is sealed already."""
        if not context.catalog:
            return seen  # a run that was begun before anything was judged
        findings, note = previous_findings(self._locker, previous)
        sealed = next(one for one in seen.objects if one.kind is EvidenceKind.SNAPSHOT)
        try:
            judged = judging.account(self._judge, snapshot, context, snapshot_sha256=sealed.sha256, previous=findings)
            turned = judging.turned(
                self._judge, snapshot, context, snapshot_sha256=sealed.sha256, now=judged.assessment
            )
        except Exception as defect:  # noqa: BLE001  # whatever it is: the snapshot waits for code that can judge it
            return _not_judged(seen, redactor.text(f"{type(defect).__name__}: {defect}"))
        objects = (self._sealing.data(kind, seen.run_id, seen.account, packed) for kind, packed in judged.packed())
        counts = dict(seen.counts) | judged.counts() | ({judging.LOOSENED: turned} if turned else {})
        return msgspec.structs.replace(
            seen,
            objects=(*seen.objects, *objects),
            counts=tuple(sorted(counts.items())),
            notes=(*seen.notes, *((note,) if note else ())),
        )

    def _commit(self, outcome: Outcome) -> Outcome:
        outcome = msgspec.structs.replace(outcome, finished_at=self._clock.now())
        key = layout.outcome_key(outcome.run_id, outcome.account)
        _, body = self._sealing.commit(key, EvidenceKind.OUTCOME, self._sealing.signed_outcome(outcome))
        return self._sealing.outcome(key, body)

    def _target(self, planned: PlannedAccount, context: Context) -> Target:
        direct = planned.account == context.caller_account
        return Target(
            account=planned.account,
            direct=direct,
            organization_level=direct and context.organization.id is not None,
            regions=self._regions,
        )


def _read(draft: Outcome, readings: AccountReadings, snapshot: Snapshot, objects: tuple[SealedObject, ...]) -> Outcome:
    """The outcome of an account that was read; a region that is disabled is no gap."""
    partial = [cell for cell in snapshot.cells if cell.status not in (CellStatus.OK, CellStatus.DISABLED)]
    return msgspec.structs.replace(
        draft,
        status=OutcomeStatus.GAPS if partial else OutcomeStatus.SEALED,
        reason=_partial(partial, len(snapshot.cells)) if partial else None,
        objects=objects,
        cells=snapshot.cells,
        counts=_counts(snapshot),
        calls=readings.calls,
        throttled=readings.throttled,
    )


def _not_judged(seen: Outcome, defect: str) -> Outcome:
    """The outcome of an account whose evidence stands and which nobody has judged."""
    detail = f"it was read and not judged, because of a defect of Prooftrail: {defect}"
    return msgspec.structs.replace(
        seen,
        status=OutcomeStatus.GAPS,
        reason=f"{detail}; {seen.reason}" if seen.reason else detail,
        counts=tuple(sorted((*seen.counts, (judging.NOT_JUDGED, 1)))),
    )


def _partial(cells: list[Cell], all_cells: int) -> str:
    """Which cells were not read whole, in words: `principals denied, secrets throttled (17)`."""
    counted = Counter((cell.collector, cell.status) for cell in cells)
    named = ", ".join(
        f"{collector} {status}{f' ({number})' if number > 1 else ''}"
        for (collector, status), number in sorted(counted.items())
    )
    return f"{len(cells)} of {all_cells} cells were not read whole: {named}"


_ACCOUNT_LIST = "organizations:ListAccounts"


def org_context(context: Context) -> OrgContext:
    """What the inventory needs to know of the organization.

    Only a gap in the list itself makes the list incomplete: tags and unit names that were refused hide no account.
    """
    accounts = next(cell for cell in context.cells if cell.collector is Collector.ACCOUNTS)
    return OrgContext(
        organization=context.organization.id,
        management_account=context.organization.management_account,
        accounts=frozenset(one.id for one in context.accounts),
        complete=not any(gap.api == _ACCOUNT_LIST for gap in accounts.gaps),
        partition=context.partition,
    )


def _account(context: Context, account: str) -> Account:
    return next((one for one in context.accounts if one.id == account), Account(id=account, state=AccountState.UNKNOWN))


def _why(unreachable: AccountUnreachable, planned: PlannedAccount, redactor: Redactor) -> str:
    detail = redactor.text(unreachable.detail)
    return f"onboarding, it joined less than two days ago: {detail}" if planned.onboarding else detail


def _counts(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {"identities": len(snapshot.identities)}
    for one in snapshot.identities:
        for name in (f"kind:{one.kind}", f"class:{one.classification.cls}", f"owner:{one.owner.rung}"):
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts.items()))
