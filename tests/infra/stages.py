"""Stages for tests: one prod-like deployment over three accounts, and as JSON in the form of cdk.json."""

from datetime import date
from typing import Any

from infra.stage import Auditor, Replica, Stage

TOOLING = "111111111111"
EVIDENCE = "222222222222"
MANAGEMENT = "333333333333"
REPLICA = "444444444444"
AUDIT_FIRM = "555555555555"
STRANGER = "666666666666"
ORGANIZATION = "o-exampleorg1"
ROOT = "r-exam"

AUDITOR = Auditor(
    principal=f"arn:aws:iam::{AUDIT_FIRM}:role/Engagement", external_id="audit-2027", until=date(2027, 3, 31)
)
COPY = Replica(bucket_arn="arn:aws:s3:::prooftrail-evidence-copy", account=REPLICA)


def a_stage(**changes: Any) -> Stage:
    """A stage `prod` in COMPLIANCE over three accounts, with everything optional left at its default."""
    given: dict[str, Any] = {
        "name": "prod",
        "region": "eu-central-1",
        "tooling_account": TOOLING,
        "evidence_account": EVIDENCE,
        "management_account": MANAGEMENT,
        "organization_id": ORGANIZATION,
        "organizational_units": (ROOT,),
        "lock_mode": "COMPLIANCE",
        "security_team": ("security@example.com",),
        "auditors": ("auditor@example.com",),
        "external_id": "prooftrail-prod",
        "legal_hold_principals": (f"arn:aws:iam::{EVIDENCE}:role/LegalCounsel",),
    }
    return Stage(**(given | changes))


def as_json(**changes: Any) -> dict[str, Any]:
    """What cdk.json holds for such a stage; a change of None takes the key out."""
    given: dict[str, Any] = {
        "region": "eu-central-1",
        "tooling_account": TOOLING,
        "evidence_account": EVIDENCE,
        "management_account": MANAGEMENT,
        "organization_id": ORGANIZATION,
        "organizational_units": [ROOT],
        "lock_mode": "COMPLIANCE",
        "acknowledge_irreversible_days": 3650,
        "addresses": {"security_team": ["security@example.com"], "auditors": ["auditor@example.com"]},
        "external_id": "prooftrail-prod",
        "legal_hold_principals": [f"arn:aws:iam::{EVIDENCE}:role/LegalCounsel"],
    }
    return {key: value for key, value in (given | changes).items() if value is not None}
