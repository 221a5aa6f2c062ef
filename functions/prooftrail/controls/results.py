"""How a verdict becomes a result: with the control's version, and with the parts this version does not collect."""

from prooftrail.model.judgement import Result, ResultStatus, SubjectType

from .catalog import Control
from .verdict import Verdict


def result(control: Control, verdict: Verdict, *, exception: str | None = None) -> Result:
    """A verdict as it is sealed, with the parts of the control this version does not collect.

    A control that does not apply leaves nothing out. A part named twice is named once.
    """
    not_covered: tuple[str, ...] = ()
    if verdict.status is not ResultStatus.NOT_APPLICABLE:
        merged = tuple(dict.fromkeys((*verdict.not_covered, *control.not_covered)))
        # One tuple for all results of a control: an account may have a hundred thousand of them.
        not_covered = control.not_covered if merged == control.not_covered else merged
    return Result(
        control=control.id,
        version=control.version,
        subject=verdict.subject,
        subject_type=verdict.subject_type,
        identity=verdict.identity,
        status=verdict.status,
        reason=verdict.reason,
        tier=verdict.tier,
        value=verdict.value,
        limit=verdict.limit,
        not_covered=not_covered,
        gaps=verdict.gaps,
        exception=exception,
    )


def untestable(control: Control, subject: str, subject_type: SubjectType) -> Verdict:
    """The one row of a control of which today's collection can test nothing."""
    reason = f"Not tested: {control.why_not}."
    return Verdict(
        subject=subject,
        subject_type=subject_type,
        identity=None,
        status=ResultStatus.NOT_TESTED,
        reason=reason,
        gaps=(control.why_not,) if control.why_not else (),
    )
