"""Policies that others put in place: the files are what the code gives, and let in what a run or the copy needs."""

import json
from typing import Any

import pytest

from infra import outside_policies
from infra.state_stack import StateStack
from prooftrail import grants, permissions
from prooftrail.grants import Role

from .policy_engine import Request, allowed
from .stages import COPY, EVIDENCE, TOOLING, a_stage
from .templates import Rendered

STAGE = a_stage(replica=COPY)
FILLED = {
    "PARTITION": "aws",
    "TOOLING": TOOLING,
    "EVIDENCE": EVIDENCE,
    "STAGE": STAGE.name,
    "COPY": "prooftrail-evidence-copy",
}


def filled(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy as its reader fills it in, by replacing words."""
    text = json.dumps(policy)
    for word, value in FILLED.items():
        text = text.replace(word, value)
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_files_are_what_the_code_gives() -> None:
    for path, text in outside_policies.documents().items():
        assert path.read_text(encoding="utf-8") == text, "run `python -m infra.outside_policies`"
    assert len(outside_policies.documents()) == 2


def asked(role: Role) -> set[str]:
    """What a role asks of AWS Organizations."""
    calls = (one.action for one in grants.USES[role].calls)
    return {one for one in (*calls, *grants.USES[role].extra) if one.startswith("organizations:")}


def test_the_delegation_is_what_a_run_asks_of_the_organization_and_nothing_that_changes_it() -> None:
    (statement,) = filled(outside_policies.delegation_policy())["Statement"]
    assert set(statement["Action"]) == asked(Role.START) | asked(Role.SCAN) | asked(Role.SEAL)
    assert all(one.split(":")[1].startswith(("Describe", "List")) for one in statement["Action"])
    assert all(one in {known.action for known in permissions.PERMISSIONS} for one in statement["Action"])


@pytest.mark.parametrize("role", [Role.START, Role.SEAL])
def test_the_tooling_account_is_let_in_and_the_evidence_account_is_not(role: Role) -> None:
    policy = filled(outside_policies.delegation_policy())
    for action in asked(role):
        assert allowed(policy, Request(by=STAGE.names().role_arn(role), action=action, on="*"))
        assert not allowed(policy, Request(by=STAGE.names().role_arn(Role.WATCH), action=action, on="*"))


def test_the_copy_is_written_by_the_replication_role_alone() -> None:
    policy, on = filled(outside_policies.replica_policy()), f"{COPY.bucket_arn}/raw/a"
    for action in outside_policies.COPIES:
        assert allowed(policy, Request(by=STAGE.role_arn("Replication"), action=action, on=on))
        assert not allowed(policy, Request(by=f"arn:aws:iam::{EVIDENCE}:role/Admin", action=action, on=on))
    for action in ("s3:GetObject", "s3:PutObject", "s3:ReplicateDelete", "s3:DeleteObject"):
        assert not allowed(policy, Request(by=STAGE.role_arn("Replication"), action=action, on=on))


def test_the_copys_bucket_and_the_role_here_say_the_same() -> None:
    role = Rendered(StateStack, STAGE).one("AWS::IAM::Role", RoleName="Prooftrail-prod-Replication")
    (policy,) = role["Policies"]
    (copies,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "Copies")
    (there,) = filled(outside_policies.replica_policy())["Statement"]
    assert (sorted(copies["Action"]), copies["Resource"]) == (there["Action"], there["Resource"])


def test_no_word_is_left_to_fill_in_that_the_guide_does_not_name() -> None:
    for policy in (outside_policies.delegation_policy(), outside_policies.replica_policy()):
        left = {word for word in json.dumps(filled(policy)).replace('"', " ").split() if word.isupper()}
        assert left == {"AWS"} or left == set()
