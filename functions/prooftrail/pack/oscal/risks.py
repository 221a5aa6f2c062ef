"""An open finding as an OSCAL risk: until when it is to be mended, what mitigates it meanwhile, and how an exception ends."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from prooftrail.controls.catalog import Control
from prooftrail.governance.exceptions import AcceptedException, Compensator, Milestone
from prooftrail.model import canonical
from prooftrail.model.judgement import Finding
from prooftrail.pack.oscal.subjects import ORIGIN
from prooftrail.pack.oscal.text import known, object_uuid, props, prose, title, token

type Outcome = Callable[[Compensator, Finding], str]
"""What a compensating control came to for the subject of a finding, as 16_compensating_tests says it."""


def risk_uuid(finding: Finding, account: str) -> str:
    """The risk of a finding: its fingerprint stands once in an account, and may stand in the organization, too."""
    return object_uuid("risk", account, finding.fingerprint)


def observation_uuid(control: str, subject: str, account: str) -> str:
    """The observation of one result of an account, or of the organization."""
    return object_uuid("observation", account, control, subject)


def risk(
    finding: Finding,
    control: Control,
    account: str,
    exceptions: Mapping[str, AcceptedException],
    outcome: Outcome,
    show: Callable[[str], str],
) -> dict[str, Any]:
    """The risk of one open finding; with an exception that was applied it is an approved deviation until that ends."""
    accepted = exceptions.get(finding.exception) if finding.exception else None
    name = finding.name or finding.subject
    until = _last_second(accepted.expires_on) if accepted else finding.due_at
    factors = [_factor(each, accepted, finding, account, outcome) for each in accepted.compensating] if accepted else []
    return known(
        uuid=risk_uuid(finding, account),
        title=title(f"{control.id} {control.title}: {show(name)}"),
        description=prose(show(finding.reason)),
        statement=prose(control.nonconformity),
        props=_told(finding, account, accepted, show),
        status="deviation-approved" if finding.exception else "open",
        origins=ORIGIN,
        mitigating_factors=factors,
        deadline=canonical.timestamp(until),
        remediations=[_retirement(accepted, show)] if accepted and accepted.retirement else [],
    )


def _told(
    finding: Finding, account: str, accepted: AcceptedException | None, show: Callable[[str], str]
) -> list[dict[str, str]]:
    return props(
        control=finding.control,
        account=account,
        subject=show(finding.subject),
        identity_id=show(finding.identity) if finding.identity and finding.identity != finding.subject else None,
        family=show(finding.family) if finding.family else None,
        owner=show(finding.owner) if finding.owner else None,
        severity=finding.severity.value,
        tier=finding.tier.value if finding.tier else None,
        fingerprint=finding.fingerprint,
        opened_at=canonical.timestamp(finding.opened_at),
        opened_before_first_run="true" if finding.since_before else None,
        due_at=canonical.timestamp(finding.due_at),
        reopened=finding.reopened or None,
        not_tested_since=finding.unseen_since,
        exception=show(finding.exception) if finding.exception else None,
        accepted_by=show(accepted.approver) if accepted else None,
        approval=show(accepted.approval) if accepted else None,
        renewals=accepted.renewals if accepted else None,
    )


def _factor(
    one: Compensator, accepted: AcceptedException, finding: Finding, account: str, outcome: Outcome
) -> dict[str, Any]:
    """A compensating control with its SP 800-53 id, and what its test came to in the run shown."""
    test, came = one.control or one.predicate or "no test", outcome(one, finding)
    return {
        "uuid": object_uuid("mitigating-factor", accepted.id, account, finding.fingerprint, one.sp80053, test),
        "description": prose(f"{one.sp80053}, tested in the run shown by {test.replace('_', ' ')}: {came}"),
        "props": props(sp800_53=token(one.sp80053), test=test, result=came),
    }


def _retirement(accepted: AcceptedException, show: Callable[[str], str]) -> dict[str, Any]:
    done = all(one.done_on for one in accepted.retirement)
    return {
        "uuid": object_uuid("retirement", accepted.id),
        "lifecycle": "completed" if done else "planned",
        "title": title(f"How the exception {show(accepted.id)} ends"),
        "description": prose(show(accepted.reason)),
        "tasks": [_milestone(at, one, accepted, show) for at, one in enumerate(accepted.retirement)],
    }


def _milestone(at: int, one: Milestone, accepted: AcceptedException, show: Callable[[str], str]) -> dict[str, Any]:
    return {
        "uuid": object_uuid("milestone", accepted.id, str(at)),
        "type": "milestone",
        "title": title(show(one.what)),
        "props": props(owner=show(one.owner), done_on=one.done_on.isoformat() if one.done_on else None),
        "timing": {"on-date": {"date": canonical.timestamp(datetime.combine(one.due_on, time(), UTC))}},
    }


def _last_second(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)
