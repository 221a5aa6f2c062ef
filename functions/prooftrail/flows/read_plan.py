"""The plan of a run and its context, for steps that are handed nothing but the run's id."""

from typing import NamedTuple

from prooftrail.errors import ConfigError
from prooftrail.evidence import layout
from prooftrail.evidence.context import Context
from prooftrail.model.run import Plan, PlanAction, PlannedAccount
from prooftrail.ports import Locker

from . import sealing
from .sealing import Sealing


class ReadPlan:
    """Reads what was committed for a run and keeps it until another run is asked for: all accounts of one share it."""

    def __init__(self, *, locker: Locker, sealing: Sealing) -> None:
        self._locker, self._sealing = locker, sealing
        self._plan: _PlanOf | None = None
        self._context: _ContextOf | None = None

    def plan(self, run_id: str) -> Plan:
        """This deployment's plan of the run, which never changes. Raises EvidenceMissing, or EvidenceUnreadable for anybody else's."""
        if self._plan is None or self._plan.run_id != run_id:
            key = layout.plan_key(run_id)
            plan = self._sealing.plan(key, self._locker.get(key))
            self._plan = _PlanOf(run_id, plan, {one.account: one for one in plan.accounts})
        return self._plan.plan

    def context(self, run_id: str) -> Context:
        """The context the plan names, its hash checked. Raises as `plan` does."""
        if self._context is None or self._context.run_id != run_id:
            header = self.plan(run_id).header
            context = sealing.read_context(self._locker, header.context, header.head_seq)
            self._context = _ContextOf(run_id, context)
        return self._context.context

    def account(self, run_id: str, account: str) -> PlannedAccount:
        """What the plan says of an account that is to be scanned. Raises ConfigError for any other, and as `plan` does."""
        self.plan(run_id)
        planned = self._plan.accounts.get(account) if self._plan else None
        if planned is None or planned.action is not PlanAction.SCAN:
            raise ConfigError(f"account {account} is not to be scanned in run {run_id}: its plan does not say so.")
        return planned


class _PlanOf(NamedTuple):
    run_id: str
    plan: Plan
    accounts: dict[str, PlannedAccount]


class _ContextOf(NamedTuple):
    run_id: str
    context: Context
