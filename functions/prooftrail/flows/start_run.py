"""Begins a run: stand on a chain that holds, see the organization, seal what all accounts share, commit the plan."""

from datetime import timedelta

import msgspec

from prooftrail.errors import ChainBroken, ConfigError, EvidenceError, EvidenceMissing
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.lines import LineWriter
from prooftrail.evidence.manifest import Code
from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance
from prooftrail.model.account import OrganizationReadings
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import GLOBAL, Cell, Collector, cell_of
from prooftrail.model.run import (
    EvidenceKind,
    Plan,
    PlanAction,
    PlanHeader,
    PlannedAccount,
    Pointer,
    Run,
    Schedule,
)
from prooftrail.model.snapshot import RunTrigger
from prooftrail.ports import Clock, FingerprintKey, HeadPin, Locker, OrganizationSource, Signer
from prooftrail.settings import ONBOARDING_HOURS

from . import head as chain_head
from . import sealing
from .head import ChainEnd
from .judging import Judge
from .open_chain import Founder, OpenChain
from .same_code import other_code
from .sealing import Sealing
from .tick import require_present

RESUME = timedelta(hours=6)
"""A manual run cut short less than this ago is finished rather than begun again."""

_LEFT_OUT = {
    AccountState.PENDING_ACTIVATION: "AWS has not finished creating it",
    AccountState.SUSPENDED: "AWS suspended it",
    AccountState.PENDING_CLOSURE: "it is being closed",
    AccountState.CLOSED: "it is closed",
}


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A committed plan and the context every account shares."""

    plan: Plan
    context: Context
    resumed: bool


class StartRun:
    """Commits the plan of a run, once: a second start of the same run gives the plan that is there.

    Without `open_chain` the chain must be there already. `takes_up` lets a manual run finish another that was cut
    short; where a run has a name of its own elsewhere, it must not. `organization_id` is the only one to be scanned.
    """

    def __init__(
        self,
        *,
        locker: Locker,
        sealing: Sealing,
        signer: Signer,
        pin: HeadPin,
        organization: OrganizationSource,
        fingerprints: FingerprintKey,
        governance: Governance,
        judge: Judge,
        schedule: Schedule | None,
        role_name: str | None,
        code: Code,
        clock: Clock,
        open_chain: OpenChain | None,
        takes_up: bool = True,
        organization_id: str | None = None,
    ) -> None:
        self._locker, self._sealing, self._signer, self._pin = locker, sealing, signer, pin
        self._open_chain, self._takes_up, self._organization_id = open_chain, takes_up, organization_id
        self._organization, self._fingerprints, self._governance = organization, fingerprints, governance
        self._judge, self._schedule, self._role_name, self._code, self._clock = judge, schedule, role_name, code, clock

    def __call__(self, run: Run) -> Started:
        """Begin `run`, or take up the unfinished one it stands for.

        A run that other code began and nobody closed is not taken up: its results would not be one code's. Raises
        ConfigError for it, for another organization or another time than the present; ChainBroken where nothing may be
        appended; AccessError where AWS does not say who we are.
        """
        end = chain_head.chain_end(self._locker, public_key=self._signer.public_key_pem())
        chain_head.check_pin(end, self._pin, self._locker)
        if end is None and self._open_chain is None:
            raise ChainBroken(_no_chain(self._locker))
        if end is not None and (unfinished := self._unfinished(run, end)):
            context = self.context_of(unfinished)
            different = other_code(context, self._code)
            if different is None or self.closed(unfinished):
                return Started(plan=unfinished, context=context, resumed=True)
            if unfinished.header.run.id == run.id:
                raise different
        return self._begin(run, end)

    def closed(self, plan: Plan) -> bool:
        """Whether the run of this plan is in the chain already."""
        since, pem = plan.header.started_at, self._signer.public_key_pem()
        return chain_head.find_run(self._locker, plan.header.run.id, since=since, public_key=pem) is not None

    def context_of(self, plan: Plan) -> Context:
        """The context a plan names, its hash checked."""
        return sealing.read_context(self._locker, plan.header.context, plan.header.head_seq)

    def _unfinished(self, run: Run, end: ChainEnd) -> Plan | None:
        if run.trigger is RunTrigger.SCHEDULE or not self._takes_up:
            return self._plan(run.id)
        planned = (one.key for one in self._locker.versions("plan/") if layout.Place(one.key).kind is EvidenceKind.PLAN)
        for name in sorted(planned, reverse=True):
            try:
                plan = self._sealing.plan(name, self._locker.get(name))
            except EvidenceError:
                continue  # not ours, or no plan: the next manifest says what it is
            same_end = plan.header.head_sha256 == end.head.sha256
            recent = timedelta() <= run.taken_at - plan.header.run.taken_at < RESUME
            return plan if same_end and recent and plan.header.run.trigger is RunTrigger.MANUAL else None
        return None

    def _plan(self, run_id: str) -> Plan | None:
        key = layout.plan_key(run_id)
        try:
            return self._sealing.plan(key, self._locker.get(key))
        except EvidenceMissing:
            return None

    def _begin(self, run: Run, end: ChainEnd | None) -> Started:
        started_at = self._clock.now()
        require_present(run, started_at)
        raw, redactor, before = LineWriter(), self._redactor(), self._context_before(end)
        known = before.managed_policies if before else ()
        seen = self._organization.read(run=run, raw=raw, redactor=redactor, known=known)
        self._require_organization(seen)
        run = msgspec.structs.replace(run, caller=redactor.text(seen.caller_arn))
        end = end or self._opened(seen)
        pointers, judged = self._pointers(end)
        context = self._context(run, seen, end, redactor, before)
        sealed_context = self._sealing.context(run.id, lines.pack([context]))
        header = PlanHeader(
            run=run,
            locker_id=end.genesis.locker_id(),
            context=sealed_context,
            people=self._sealing.data(EvidenceKind.PEOPLE, run.id, layout.ORGANIZATION, lines.pack(redactor.people())),
            raw=self._sealing.data(EvidenceKind.RAW, run.id, layout.ORGANIZATION, raw.finish()),
            head_seq=end.head.seq,
            head_sha256=end.head.sha256,
            schedule=self._schedule,
            role_name=self._role_name,
            previous_findings=judged.get(layout.ORGANIZATION),
            started_at=started_at,
        )
        accounts = tuple(
            planned(one, run, context, pointers.get(one.id), judged.get(one.id)) for one in context.accounts
        )
        plan = Plan(header=header, accounts=accounts)
        key = layout.plan_key(run.id)
        _, committed = self._sealing.commit(
            key, EvidenceKind.PLAN, self._sealing.signed_plan(plan), count=len(plan.accounts) + 1
        )
        winner = self._sealing.plan(key, committed)
        return Started(
            plan=winner, context=self.context_of(winner), resumed=winner.header.started_at != plan.header.started_at
        )

    def _redactor(self) -> Redactor:
        return Redactor(self._fingerprints.secret(), self._governance.scope.tags.owner)

    def _opened(self, seen: OrganizationReadings) -> ChainEnd:
        if self._open_chain is None:
            raise ChainBroken(_no_chain(self._locker))
        founder = Founder(account=seen.caller_account, partition=seen.partition, organization_id=seen.facts.id)
        return self._open_chain(lambda: founder)

    def _require_organization(self, seen: OrganizationReadings) -> None:
        """Refuse to scan another organization than the one that is named; where AWS refuses to say, that is a gap."""
        found, named = seen.facts.id, self._organization_id
        if named is None or found == named or (found is None and not seen.accounts.complete):
            return
        there = f"is in {found}" if found else "is in no organization"
        raise ConfigError(
            f"account {seen.caller_account} {there}, and this deployment is for {named}: correct organization_id in cdk.json,"
            " and give another organization a deployment and a locker of its own."
        )

    def _context_before(self, end: ChainEnd | None) -> Context | None:
        """The context of the head's run; None before the first run, and where it is not to be believed any more.

        Without it every policy of AWS's is read again, and what a loosening turned is not counted.
        """
        try:
            return sealing.context_of(self._locker, end.manifest) if end and end.manifest else None
        except EvidenceError:
            return None

    def _context(
        self, run: Run, seen: OrganizationReadings, end: ChainEnd, redactor: Redactor, before: Context | None
    ) -> Context:
        governance = self._governance.redacted(redactor)
        last = before.governance if before else None
        return Context(
            run=run,
            partition=seen.partition,
            caller_account=seen.caller_account,
            caller_arn=redactor.text(seen.caller_arn),
            organization=seen.facts,
            accounts=tuple(sorted(seen.accounts.items, key=lambda one: one.id)),
            delegated_administrators=seen.delegated_administrators.items,
            policies=seen.policies.items,
            cells=_organization_cells(seen),
            governance=governance,
            code=self._code,
            previous=end.head,
            previous_verified=end.verified,
            sightings=seen.sightings,
            managed_policies=tuple(sorted(seen.aws_policies.items)) if seen.aws_policies else (),
            governance_before=last if last is not None and last.digest != governance.digest else None,
            catalog=self._judge.text(),
        )

    def _pointers(self, end: ChainEnd) -> tuple[dict[str, Pointer], dict[str, Pointer]]:
        """Each account's last good snapshot and its last findings: of the head's own run, else what that run's plan says."""
        last = end.manifest
        if last is None:
            return {}, {}
        named = next(one for one in last.objects if one.kind is EvidenceKind.PLAN)
        plan = sealing.read_plan(named.key, sealing.trusted(self._locker, chain_head.pointer_to(named, last)))
        read = {one.account: one.previous for one in plan.accounts if one.previous is not None}
        judged = {one.account: one.previous_findings for one in plan.accounts if one.previous_findings is not None}
        if plan.header.previous_findings is not None:
            judged[layout.ORGANIZATION] = plan.header.previous_findings
        found = {EvidenceKind.SNAPSHOT: read, EvidenceKind.FINDINGS: judged}
        for one in last.objects:
            account = layout.Place(one.key).account
            if one.kind in found and account:
                found[one.kind][account] = chain_head.pointer_to(one, last)
        return read, judged


def _no_chain(locker: Locker) -> str:
    return f"{locker.describe()} has no genesis, and this step may not write one: open the chain first (open_chain)."


def planned(
    account: Account, run: Run, context: Context, previous: Pointer | None, findings: Pointer | None
) -> PlannedAccount:
    """What a plan says of an account: for what to do and why it follows from context and run alone."""
    reason = _LEFT_OUT.get(account.state) or _excluded(context.governance, account, run)
    joined = account.joined_at
    return PlannedAccount(
        account=account.id,
        action=PlanAction.SKIP if reason else PlanAction.SCAN,
        reason=reason,
        onboarding=joined is not None and run.taken_at - joined < timedelta(hours=ONBOARDING_HOURS),
        previous=previous,
        previous_findings=findings,
    )


def _excluded(governance: Governance, account: Account, run: Run) -> str | None:
    exclusion = governance.excluded(account.id, account.ou_ids, run.taken_at)
    if exclusion is None:
        return None
    until = f" until {exclusion.expires_on}" if exclusion.expires_on else ""
    return f"governance excludes {exclusion.subject}{until}: {exclusion.reason} (approved by {exclusion.approved_by})"


def _organization_cells(seen: OrganizationReadings) -> tuple[Cell, ...]:
    account = seen.caller_account
    readings = (
        (Collector.ACCOUNTS, seen.accounts),
        (Collector.DELEGATED_ADMINISTRATORS, seen.delegated_administrators),
        (Collector.ORGANIZATION_POLICIES, seen.policies),
        *(((Collector.AWS_POLICIES, seen.aws_policies),) if seen.aws_policies is not None else ()),
    )
    return tuple(cell_of(account, GLOBAL, collector, reading) for collector, reading in readings)
