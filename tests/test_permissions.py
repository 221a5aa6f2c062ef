"""The one list of AWS actions is what the adapters call, no more and no less, and its policies fit AWS's limits."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from prooftrail import grants, permissions
from prooftrail.adapters.aws.questions import Api
from prooftrail.model.reading import Collector
from prooftrail.permissions import Permission, Place

ADAPTERS = Path(permissions.__file__).parent / "adapters" / "aws"
PARTITIONS = ("aws", "aws-us-gov", "aws-cn")
LONGEST_MANAGED_POLICY = 6144  # characters, blanks left out
LONGEST_SESSION_POLICY = 2048
READING = {one.action for one in permissions.PERMISSIONS if one.place in (Place.MEMBER, Place.ORGANIZATION)}


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text())) for path in sorted(ADAPTERS.glob("*.py"))]


def asked() -> set[str]:
    """Every operation some adapter has an Api constant for."""
    calls = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [node.args for node in calls if isinstance(node.func, ast.Name) and node.func.id == "Api"]
    pairs = [[str(one.value) for one in args if isinstance(one, ast.Constant)] for args in named]
    return {Api(*pair).name for pair in pairs if len(pair) == 2}


def spoken() -> set[str]:
    """Every action the locker, the ledger and the signer name when they call AWS."""
    text = "\n".join(path.read_text() for path, _ in trees())
    return set(re.findall(r"\b(?:s3|kms|dynamodb):[A-Z]\w+", text))


def compact(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def actions(policy: dict[str, Any], effect: str) -> set[str]:
    return {action for one in policy["Statement"] if one["Effect"] == effect for action in one["Action"]}


def test_every_call_an_adapter_can_make_is_granted() -> None:
    assert asked() - READING == set()


def test_everything_granted_for_reading_is_called() -> None:
    assert READING - asked() == set()


def test_what_the_stores_call_is_granted_and_the_rest_is_implied_by_it() -> None:
    stored = {one.action for one in permissions.at(Place.STORE)}
    by_functions = {action for use in grants.USES.values() for action in (*use.letters, *use.table)}
    assert spoken() - stored == set(grants.LEGAL_HOLD) | (by_functions - stored)
    assert stored - spoken() <= {"s3:PutObjectRetention", "dynamodb:DescribeTable"}


def test_no_action_is_listed_twice() -> None:
    listed = [one.action for one in permissions.PERMISSIONS]
    assert len(listed) == len(set(listed))


def test_every_reading_permission_names_the_collector_that_misses_it() -> None:
    known = {str(one) for one in Collector}
    assert {one.collector for one in permissions.PERMISSIONS if one.action in READING} == known


def test_every_reason_is_one_clause() -> None:
    for one in permissions.PERMISSIONS:
        assert 10 < len(one.why) < 90, one.action
        assert not one.why.endswith("."), one.action


def test_no_granted_action_reads_a_value() -> None:
    for denied in permissions.VALUE_READING:
        pattern = re.compile(denied.replace("*", ".*"))
        assert [action for action in READING if pattern.fullmatch(action)] == []


@pytest.mark.parametrize("partition", PARTITIONS)
def test_managed_policies_fit_their_limit_in_every_partition(partition: str) -> None:
    for policy in (permissions.member_policy(partition), permissions.management_policy(partition)):
        assert len(compact(policy)) <= LONGEST_MANAGED_POLICY


def test_the_session_policy_fits_its_limit() -> None:
    assert len(compact(permissions.session_policy())) <= LONGEST_SESSION_POLICY


@pytest.mark.parametrize("partition", PARTITIONS)
def test_policies_name_resources_of_their_own_partition_only(partition: str) -> None:
    policies = [
        permissions.member_policy(partition),
        permissions.management_policy(partition),
        permissions.scanner_policy(partition, role_name="prooftrail/Reader"),
        permissions.trust_policy(partition=partition, scanner_account="111122223333", scanners=("role/Scanner",)),
    ]
    for policy in policies:
        assert set(re.findall(r"arn:([^:]+):", compact(policy))) <= {partition}


def test_the_member_policy_allows_what_is_asked_there_and_forbids_values() -> None:
    policy = permissions.member_policy("aws")
    assert actions(policy, "Allow") == {one.action for one in permissions.at(Place.MEMBER)}
    assert actions(policy, "Deny") == set(permissions.VALUE_READING)


def test_a_member_session_may_do_what_is_asked_while_an_account_is_read_and_nothing_else() -> None:
    policy = permissions.session_policy()
    assert actions(policy, "Allow") == {one for one in READING if not one.startswith("organizations:")}
    assert actions(policy, "Deny") == set(permissions.VALUE_READING)


def test_sids_are_what_iam_accepts() -> None:
    policies = (permissions.member_policy("aws"), permissions.management_policy("aws"))
    for statement in [one for policy in policies for one in policy["Statement"]]:
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])


def test_the_trust_policy_lets_in_only_the_scanner_with_the_external_id_from_the_organization() -> None:
    policy = permissions.trust_policy(
        partition="aws-us-gov",
        scanner_account="111122223333",
        scanners=("role/prooftrail/ScannerExecution",),
        external_id="a-secret-word",
        organization_id="o-abcdefghij",
    )
    assert policy["Statement"] == [
        {
            "Sid": "OnlyTheScanner",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws-us-gov:iam::111122223333:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": ["arn:aws-us-gov:iam::111122223333:role/prooftrail/ScannerExecution"]},
                "StringEquals": {"sts:ExternalId": "a-secret-word", "aws:PrincipalOrgID": "o-abcdefghij"},
            },
        }
    ]


def test_a_trust_policy_without_external_id_or_organization_has_no_empty_condition() -> None:
    policy = permissions.trust_policy(partition="aws", scanner_account="111122223333", scanners=("user/jane",))
    assert list(policy["Statement"][0]["Condition"]) == ["ArnLike"]


def test_a_statement_is_made_for_each_resource() -> None:
    wanted = [
        permission("secretsmanager:ListSecrets"),
        permission("secretsmanager:ListSecretVersionIds"),
        permission("iam:ListRoles"),
    ]
    assert permissions.statements(wanted, sid="Needs", partition="aws-cn") == [
        {
            "Sid": "Needs1",
            "Effect": "Allow",
            "Action": ["iam:ListRoles", "secretsmanager:ListSecrets"],
            "Resource": "*",
        },
        {
            "Sid": "Needs2",
            "Effect": "Allow",
            "Action": ["secretsmanager:ListSecretVersionIds"],
            "Resource": "arn:aws-cn:secretsmanager:*:*:secret:*",
        },
    ]


def permission(action: str) -> Permission:
    return next(one for one in permissions.PERMISSIONS if one.action == action)
