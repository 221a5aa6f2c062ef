"""Whether a plan reads, and leaves out, whom it has to: that follows from the run and its context, and nothing else."""

from collections.abc import Iterator

from prooftrail.evidence import layout
from prooftrail.evidence.context import Context
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.model.run import Plan, PlannedAccount

from . import start_run


def problems(plan: Plan, context: Context, *, ours: bool) -> Iterator[Problem]:
    """Everything the plan says otherwise than it has to; DERIVED where the code at hand sealed it (`ours`)."""
    where = layout.plan_key(plan.header.run.id)
    for fault, detail in _differences(plan, context):
        by = f"sealed by other code (version {context.code.version}): {detail}"
        if ours:
            yield Problem(fault=Fault.DERIVED, where=where, detail=detail)
        else:
            yield Problem(fault=fault, where=where, detail=by)


def _differences(plan: Plan, context: Context) -> Iterator[tuple[Fault, str]]:
    """Each with what it is where other code wrote it: another reason for the same is only worded otherwise."""
    if [one.account for one in plan.accounts] != [one.id for one in context.accounts]:
        yield Fault.NOT_CONFIRMED, "its plan lists other accounts than the organization had"
        return
    for account, found in zip(context.accounts, plan.accounts, strict=True):
        due = start_run.planned(account, plan.header.run, context, None, None)
        if _decided(found) == _decided(due):
            continue
        reworded = (found.action, found.onboarding) == (due.action, due.onboarding)
        detail = f"account {account.id}: its plan says to {_does(found)}, where context and run say to {_does(due)}"
        yield Fault.OTHER_CODE if reworded else Fault.NOT_CONFIRMED, detail


def _decided(one: PlannedAccount) -> tuple[object, ...]:
    return one.action, one.reason, one.onboarding


def _does(one: PlannedAccount) -> str:
    young = ", as one that is being onboarded" if one.onboarding else ""
    return f"{one.action} it{f' ({one.reason})' if one.reason else ''}{young}"
