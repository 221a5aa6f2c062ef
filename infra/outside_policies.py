"""Policies that belong into accounts where nothing of ours is deployed: their owners put them in place, word by word.

`python -m infra.outside_policies` writes them below `docs/`. Words in capitals are to be filled in: PARTITION, STAGE,
the accounts TOOLING and EVIDENCE, and COPY, the name of the second account's bucket.
"""

import json
import sys
from pathlib import Path
from typing import Any

from prooftrail import grants, permissions
from prooftrail.permissions import Place

_DOCS = Path(__file__).parent.parent / "docs"
DELEGATION = _DOCS / "organization-delegation-policy.json"
REPLICA = _DOCS / "replica-bucket-policy.json"

COPIES = ("s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags")
"""What S3 does in the second account's bucket in our replication role's name."""


def delegation_policy() -> dict[str, Any]:
    """For the organization itself: the tooling account may ask what a run asks of it, and change nothing.

    Any read-only action of AWS Organizations may be delegated so; an account may be a delegated administrator of no
    service. Source: AWS Organizations, "Resource-based policy examples".
    """
    asked = (one.action for one in permissions.at(Place.ORGANIZATION) if one.action.startswith("organizations:"))
    statement = {
        "Sid": "ProoftrailReadsTheOrganization",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:PARTITION:iam::TOOLING:root"},
        "Action": sorted(asked),
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def replica_policy() -> dict[str, Any]:
    """For the bucket that takes the copy: our replication role writes there, and reads and deletes nothing.

    The role is meant by a condition, so that the policy can be put before the role is there. The bucket itself needs
    versioning and Object Lock, and public access blocked.
    """
    role = f"arn:PARTITION:iam::EVIDENCE:role/{grants.role_path('STAGE', 'Replication')}"
    statement = {
        "Sid": "ProoftrailCopies",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:PARTITION:iam::EVIDENCE:root"},
        "Action": list(COPIES),
        "Resource": "arn:PARTITION:s3:::COPY/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": role}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def documents() -> dict[Path, str]:
    """Each file and what it holds."""
    made = {DELEGATION: delegation_policy(), REPLICA: replica_policy()}
    return {path: json.dumps(one, indent=2) + "\n" for path, one in made.items()}


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.name}: {len(text):,} characters\n")
