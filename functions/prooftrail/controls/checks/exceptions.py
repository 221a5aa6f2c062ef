"""Whether the exceptions an organization accepted have the form IDC-32 asks: short, renewed seldom, approved by another, on their way out.

What stands in an exception's place is tested where it is applied, with the result it is applied to.
"""

from collections.abc import Iterator

from prooftrail.controls.exceptions import IDC, faults
from prooftrail.controls.verdict import Verdict
from prooftrail.evidence.context import Context
from prooftrail.governance.exceptions import AcceptedException
from prooftrail.governance.thresholds import Limits
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier

_ELSEWHERE = (
    "what it is applied to, and whether its compensating controls work there, is told with those results, not here"
)


def exceptions_form(context: Context, limits: Limits) -> Iterator[Verdict]:
    """IDC-32: a verdict for each exception, by its id; none where nothing is excepted. Reads the policy alone.

    PASS speaks of form and people only: such an exception may still be void for what it is applied to.

    FAIL for one that expired and still stands there, lasts longer or was renewed more often than its tier allows, was
    approved by its requester, whose risk owner or requester left, or whose milestone is past due and not done.
    NOT_APPLICABLE before the day of its approval.
    """
    for one in sorted(context.governance.exceptions.exception, key=lambda each: each.id):
        wrong = [*faults(one, context.governance, limits, context.run.taken_at), *_late(one, context)]
        ahead = one.approved_on > canonical.utc(context.run.taken_at).date()
        status = ResultStatus.FAIL if wrong else ResultStatus.NOT_APPLICABLE if ahead else ResultStatus.PASS
        yield Verdict(
            subject=one.id,
            subject_type=SubjectType.EXCEPTION,
            identity=None,
            status=status,
            reason=_reason(one, wrong, ahead=ahead),
            tier=Tier(one.tier),
            value=f"{one.lasts_days} days, renewed {one.renewals} times",
            limit=limits.described(IDC, "max_duration_days", Tier(one.tier)),
        )


def _late(one: AcceptedException, context: Context) -> Iterator[str]:
    today = canonical.utc(context.run.taken_at).date()
    for step in one.retirement:
        if step.done_on is None and step.due_on < today:
            yield f"its milestone {step.what!r} of {step.owner} was due on {step.due_on} and is not done"


def _reason(one: AcceptedException, wrong: list[str], *, ahead: bool) -> str:
    about = f"Exception {one.id} from {one.control} for {one.identity}"
    if wrong:
        return f"{about}: {'; '.join(wrong)}."
    if ahead:
        return f"{about} takes effect on {one.approved_on}; nothing rests on it before."
    approved = f"approved by {one.approver} on {one.approved_on} ({one.approval})"
    return f"{about} is in order in its form: through {one.expires_on}, {approved}; {_ELSEWHERE}."
