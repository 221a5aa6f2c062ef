"""Builds exceptions that hold, and what an account looks like in which they do."""

from datetime import date
from typing import Any

from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.exceptions import AcceptedException, Compensator, Exceptions, Milestone
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType

OWNER_LIST = (
    Owner(id="jane", name="Jane Doe", email="jane@example.com"),
    Owner(id="sam", name="Sam Poe"),
    Owner(id="payments", name="Payments team", kind="team"),
)
NETWORK = Compensator(sp80053="AC-3", predicate="network_condition")
BOUNDARY = Compensator(sp80053="AC-6", predicate="boundary_attached")
RESTRICTED = Compensator(sp80053="AC-5", predicate="restricted_owner")


def passing(control: str) -> Compensator:
    """A compensating control that another control's result tests."""
    return Compensator(sp80053="AC-6", control=control)


def an_exception(*compensating: Compensator, **known: Any) -> AcceptedException:
    """An exception from IDC-15 at tier medium from 2026-11-01 through 2026-12-31, compensated by IDC-20 unless told."""
    made: dict[str, Any] = {
        "id": "EX-1",
        "identity": "AIDAEXAMPLE0000000001",
        "control": "IDC-15",
        "reason": "the mainframe is slow",
        "tier": "medium",
        "requester": "sam",
        "risk_owner": "payments",
        "approver": "jane",
        "approved_on": date(2026, 11, 1),
        "expires_on": date(2026, 12, 31),
        "compensating": compensating or (passing("IDC-20"),),
        "retirement": (Milestone(what="replace it", due_on=date(2026, 12, 1), owner="payments"),),
    }
    return AcceptedException(**{**made, **known})


def excepting(*entries: AcceptedException, owners: tuple[Owner, ...] = OWNER_LIST, **parts: Any) -> Governance:
    """A policy with these exceptions."""
    return Governance(owners=Owners(owner=owners), exceptions=Exceptions(exception=entries), **parts)


def a_verdict(
    identity: Identity | None, status: ResultStatus = ResultStatus.FAIL, *, subject: str | None = None
) -> Verdict:
    """A raw verdict on an identity, or on an account."""
    of = subject or (identity.id if identity else "111122223333")
    kind = SubjectType.IDENTITY if identity else SubjectType.ACCOUNT
    return Verdict(
        subject=of,
        subject_type=kind,
        identity=identity.id if identity else None,
        status=status,
        reason=f"{of} came to {status}.",
    )
