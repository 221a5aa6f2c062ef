"""Which conditions bind a principal to networks, and which hold what it makes to a permissions boundary."""

from typing import Any

import pytest

from prooftrail.risk.privilege import Privilege
from tests.builders.judging_privileges import allow, arn, deny, role, what_it_can_do

FENCE = arn("policy", "fence")
WRITES = ("iam:CreateRole", "iam:PutRolePolicy")
KEY = "iam:PermissionsBoundary"


def can(*statements: Any) -> Privilege:
    """What a role with these statements can do."""
    return what_it_can_do(role("worker", *statements))


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"ForAnyValue:IpAddress": {"aws:SourceIp": "192.0.2.1"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "17.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["17.0.0.0/8", "17.1.0.0/16"]}}, True),
        ({"IpAddress": {"aws:SourceIp": ["17.0.0.0/8", "18.0.0.0/32"]}}, False),
        ({"IpAddress": {"aws:SourceIp": "16.0.0.0/7"}}, False),
        ({"IpAddress": {"aws:SourceIp": "2a00::/29"}}, True),
        ({"IpAddress": {"aws:SourceIp": "2a00::/28"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}, False),
        ({"IpAddress": {"aws:SourceIp": "1.2.3.4/0"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "::/0"]}}, False),
        ({"IpAddress": {"aws:SourceIp": "${aws:PrincipalTag/ip}"}}, False),
        ({"IpAddressIfExists": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}, True),
        ({"StringLike": {"aws:SourceVpce": "vpce-*"}}, False),
        ({"StringLike": {"aws:SourceVpc": "?*"}}, False),
        ({"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"Null": {"aws:SourceVpce": "false"}}, False),
    ],
)  # fmt: skip
def test_an_allow_is_bound_to_networks_that_are_named_and_not_wide_as_the_internet(condition: Any, bound: bool) -> None:
    assert can(allow("s3:*", Condition=condition)).network_bound is bound


OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        (OUTSIDE, True),
        ({**OUTSIDE, "Bool": {"aws:ViaAWSService": "false"}}, True),
        ({**OUTSIDE, "BoolIfExists": {"aws:ViaAWSService": False}}, True),
        ({**OUTSIDE, "Bool": {"aws:ViaAWSService": "true"}}, False),
        ({**OUTSIDE, "StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}, False),
        ({**OUTSIDE, "Bool": {"aws:PrincipalIsAWSService": "false"}}, False),
        ({**OUTSIDE, "StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, True),
        ({**OUTSIDE, "StringNotLike": {"aws:SourceVpce": "vpce-*"}}, False),
        ({"Bool": {"aws:ViaAWSService": "false"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, False),
        ({"ForAnyValue:NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
    ],
)
def test_a_deny_binds_only_where_nothing_beside_the_network_escapes_it(condition: Any, bound: bool) -> None:
    assert can(allow("s3:*"), deny("*", Condition=condition)).network_bound is bound


@pytest.mark.parametrize(
    ("operator", "boundary", "enforced"),
    [
        ("StringEquals", FENCE, True),
        ("ForAnyValue:StringEquals", FENCE, True),
        ("ArnLike", "arn:aws:iam::*:policy/fence", True),
        ("StringEquals", "arn:aws:iam::${aws:PrincipalAccount}:policy/fence", True),
        ("StringEqualsIfExists", FENCE, False),
        ("ForAllValues:StringEquals", FENCE, False),
        ("StringEquals", [FENCE, "*"], False),
        ("StringLike", "?*", False),
        ("StringLike", arn("policy", "*"), False),
        ("StringEquals", "arn:aws:iam::aws:policy/AdministratorAccess", False),
    ],
)
def test_an_allow_enforces_a_boundary_it_demands_by_name(operator: str, boundary: Any, enforced: bool) -> None:
    found = can(allow(*WRITES, Condition={operator: {KEY: boundary}}))
    assert found.boundary_enforced is enforced


@pytest.mark.parametrize(
    ("operator", "enforced"),
    [
        ("StringNotEquals", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_a_deny_enforces_a_boundary_where_it_stands_without_one(operator: str, enforced: bool) -> None:
    found = can(allow(*WRITES), deny(*WRITES, Condition={operator: {KEY: FENCE}}))
    assert found.boundary_enforced is enforced


def test_who_may_take_the_named_boundary_away_is_held_to_none() -> None:
    held = {"StringEquals": {KEY: FENCE}}
    assert not can(allow(*WRITES, "iam:DeleteRolePermissionsBoundary", Condition=held)).boundary_enforced
    assert can(allow(*WRITES, "iam:PutRolePermissionsBoundary", Condition=held)).boundary_enforced
