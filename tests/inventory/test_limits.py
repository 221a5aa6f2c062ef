"""What limits a trust statement that names anyone, and what only looks as if it did (ruling 13)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from prooftrail.model.identity import Identity, Kind
from tests.builders import ACCOUNT, ALONE, MEMBER, ORGANIZATION, STRANGER, UNREAD, a_role, a_snapshot, statement, the

CROSS, THIRD, PUBLIC = Kind.ROLE_CROSS_ACCOUNT, Kind.ROLE_THIRD_PARTY, Kind.ROLE_PUBLIC
INSIDE = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}


def judged(*trust: dict[str, Any], context: Any = ORGANIZATION) -> Identity:
    return the(a_snapshot(a_role(trust=trust), context=context), "worker")


def anyone(condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return statement({"AWS": "*"}, condition=condition, **more)


def deny(condition: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return statement("*", effect="Deny", condition=condition, **more)


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (INSIDE, CROSS),
        ({"StringEquals": {"AWS:principalorgid": "o-example"}}, CROSS),
        ({"StringLike": {"aws:PrincipalOrgID": "o-example"}}, CROSS),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, CROSS),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-ab12/ou-ab12-1/*"}}, CROSS),
        ({"StringEquals": {"aws:PrincipalAccount": MEMBER}}, CROSS),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}, CROSS),
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": MEMBER}}, CROSS),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/*"}}, CROSS),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:*:iam::{MEMBER}:role/deploy"}}, CROSS),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, THIRD),
        ({"StringEquals": {"aws:PrincipalAccount": STRANGER}}, THIRD),
        ({"StringEquals": {"aws:PrincipalAccount": [MEMBER, STRANGER]}}, THIRD),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-example", "aws:PrincipalAccount": STRANGER}}, CROSS),
        (None, PUBLIC),
        ({"StringEquals": {"sts:ExternalId": "shared-secret"}}, PUBLIC),
        ({"StringEquals": {"aws:PrincipalOrgID": ["o-example", "*"]}}, PUBLIC),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, PUBLIC),
        ({"StringLike": {"aws:PrincipalOrgID": "*"}}, PUBLIC),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalTag/org}"}}, PUBLIC),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}, PUBLIC),
        ({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-example/*"}}, PUBLIC),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}, PUBLIC),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}, PUBLIC),
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, PUBLIC),
        ({"StringLike": {"aws:PrincipalAccount": "4444*"}}, PUBLIC),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, PUBLIC),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{ACCOUNT}"}}, PUBLIC),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, PUBLIC),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, PUBLIC),
        ({"StringEquals": {"aws:PrincipalOrgID": []}}, PUBLIC),
    ],
)
def test_only_where_the_principal_comes_from_limits_anyone(condition: dict[str, Any] | None, kind: Kind) -> None:
    assert judged(anyone(condition)).kind is kind


def test_values_are_matched_with_regard_to_case() -> None:
    assert judged(anyone({"StringEquals": {"aws:PrincipalOrgID": "O-EXAMPLE"}})).kind is not CROSS


NOT_OURS = {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}


@pytest.mark.parametrize(
    ("denial", "kind"),
    [
        (deny(NOT_OURS), CROSS),
        (deny({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}), CROSS),
        (deny({**NOT_OURS, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}, action="*"), CROSS),
        (deny({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-example/*"}}, action="*"), CROSS),
        (deny({"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{STRANGER}:*"}}), THIRD),
        (deny(NOT_OURS, action="sts:TagSession"), PUBLIC),
        (deny({**NOT_OURS, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), PUBLIC),
        (deny({**NOT_OURS, "StringNotLike": {"aws:PrincipalTag/team": "a"}}), PUBLIC),
        (deny({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}), PUBLIC),
        (deny({"StringNotLike": {"aws:PrincipalOrgID": "*"}}), PUBLIC),
        (deny({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-example/*"}}), PUBLIC),
        (statement({"AWS": "*"}, effect="Deny", condition=NOT_OURS), CROSS),
        (statement({"AWS": ["*", STRANGER], "Service": "*"}, effect="Deny", condition=NOT_OURS), CROSS),
        (statement({"Service": "*"}, effect="Deny", condition=NOT_OURS), PUBLIC),
        (statement({"Federated": "*"}, effect="Deny", condition=NOT_OURS), PUBLIC),
        (statement({"CanonicalUser": "*"}, effect="Deny", condition=NOT_OURS), PUBLIC),
        (deny({"Bool": {"aws:PrincipalIsAWSService": "false"}}), PUBLIC),
        (statement({"AWS": STRANGER}, effect="Deny", condition=NOT_OURS), PUBLIC),
        (statement({"AWS": STRANGER}, effect="Deny", condition=NOT_OURS, key="NotPrincipal"), PUBLIC),
    ],
)
def test_a_deny_limits_anyone_only_if_it_leaves_the_organization_and_nobody_else(
    denial: dict[str, Any], kind: Kind
) -> None:
    assert judged(anyone(), denial).kind is kind


def test_a_deny_on_one_way_in_does_not_close_the_others() -> None:
    assert judged(anyone(action="sts:*"), deny(NOT_OURS, action="sts:AssumeRole")).kind is PUBLIC
    assert judged(anyone(action="sts:*"), deny(NOT_OURS, action="sts:*")).kind is CROSS


@pytest.mark.parametrize(
    ("action", "kind"), [("sts:AssumeRole", CROSS), ("sts:AssumeRoleWithWebIdentity", PUBLIC), ("sts:*", PUBLIC)]
)
def test_a_denial_of_every_aws_principal_leaves_whoever_comes_by_token(action: str, kind: Kind) -> None:
    barred = statement({"AWS": "*"}, action, effect="Deny", condition=NOT_OURS)
    assert judged(statement("*", action), barred).kind is kind
    assert judged(statement("*", action), deny(NOT_OURS, action=action)).kind is CROSS


def test_a_denial_speaks_to_each_principal_of_a_statement_by_itself() -> None:
    several = statement({"AWS": "*", "Service": "ec2.amazonaws.com"})
    assert judged(several, statement({"AWS": "*"}, effect="Deny", condition=NOT_OURS)).kind is Kind.ROLE_MIXED
    assert judged(several, statement({"Service": "*"}, effect="Deny", condition=NOT_OURS)).kind is PUBLIC


@pytest.mark.parametrize(
    ("operator", "pattern", "kind"),
    [
        ("ArnLike", f"arn:*:iam::{MEMBER}:role/deploy", CROSS),
        ("StringLike", f"arn:aws:iam::{MEMBER}:role/*", CROSS),
        ("StringLike", f"arn:*:iam::{MEMBER}:role/deploy", PUBLIC),
        ("StringLike", f"arn:aws:*:*:{MEMBER}:*", PUBLIC),
    ],
)
def test_a_star_of_text_before_the_account_may_hide_another_account(operator: str, pattern: str, kind: Kind) -> None:
    assert judged(anyone({operator: {"aws:PrincipalArn": pattern}})).kind is kind
    barred = operator.replace("Like", "NotLike")
    assert judged(anyone(), deny({barred: {"aws:PrincipalArn": pattern}})).kind is kind


def test_a_limit_nobody_can_place_is_no_outsider() -> None:
    other = anyone({"StringEquals": {"aws:PrincipalAccount": STRANGER}})
    assert judged(other, context=UNREAD).kind is CROSS
    assert judged(other, context=ALONE).kind is CROSS
    assert "cannot be told" in judged(other, context=UNREAD).kind_reason


def test_an_organizations_id_places_its_accounts_without_their_list() -> None:
    assert judged(anyone(INSIDE), context=UNREAD).unknown == ()
    assert judged(anyone({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}), context=UNREAD).kind is THIRD


def test_the_source_of_a_call_limits_services_only() -> None:
    limit = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert judged(statement({"Service": "*"}, condition=limit)).kind is Kind.ROLE_WORKLOAD
    assert judged(statement({"Service": "*"}, condition={"StringLike": {"aws:SourceArn": "*"}})).kind is PUBLIC


@pytest.mark.parametrize(
    ("condition", "limited"),
    [
        ({"StringEquals": {"aws:SourceAccount": [ACCOUNT, MEMBER]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}, True),
        ({"StringEquals": {"aws:SourceOrgID": "o-example"}}, True),
        ({"StringEquals": {"aws:SourceOrgID": "${aws:ResourceOrgID}"}}, True),
        ({"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-example/r-ab12/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:${aws:ResourceAccount}:*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::trail"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::trail/*"}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*:::trail"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:apigateway:eu-west-1::/restapis/*"}}, False),
        ({"ArnLike": {"aws:SourceArn": [f"arn:aws:sns:*:{ACCOUNT}:*", "arn:aws:sns:*:*:*"]}}, False),
        ({"StringLike": {"aws:SourceAccount": "????????????"}}, False),
        ({"StringLike": {"aws:SourceAccount": "1111*"}}, False),
        ({"StringLike": {"aws:SourceOrgID": "o-*"}}, False),
        ({"StringEquals": {"aws:SourceAccount": []}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": STRANGER}}, False),
    ],
)
def test_every_service_is_limited_only_by_naming_whom_it_acts_for(condition: dict[str, Any], limited: bool) -> None:
    assert judged(statement({"Service": "*"}, condition=condition)).kind is (Kind.ROLE_WORKLOAD if limited else PUBLIC)


def test_the_reason_says_to_whom_anyone_is_limited() -> None:
    assert judged(anyone(INSIDE)).kind_reason == "it trusts anyone, limited by condition to the organization"


_PRINCIPALS = some.sampled_from(
    ["*", {"AWS": "*"}, {"AWS": MEMBER}, {"AWS": STRANGER}, {"Service": "ec2.amazonaws.com"}, {"Federated": "x"}, {}]
)
_ACTIONS = some.sampled_from(["sts:AssumeRole", "sts:*", "*", "sts:TagSession", "s3:GetObject", []])
_CONDITIONS: Any = some.sampled_from([None, INSIDE, NOT_OURS, {"StringEquals": {"sts:ExternalId": "x"}}, {"Null": {}}])
_statements = some.lists(
    some.builds(
        statement,
        _PRINCIPALS,
        _ACTIONS,
        effect=some.sampled_from(["Allow", "Deny"]),
        condition=_CONDITIONS,
        key=some.sampled_from(["Principal", "NotPrincipal"]),
    ),
    max_size=4,
)


@given(_statements, _statements)
def test_another_allow_never_makes_a_role_for_anyone_less_than_that(
    trust: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    allows = [one for one in more if one["Effect"] == "Allow"]
    if judged(*trust).kind is PUBLIC:
        assert judged(*trust, *allows).kind is PUBLIC


@given(_statements)
def test_every_trust_gives_a_kind_and_a_reason(trust: list[dict[str, Any]]) -> None:
    one = judged(*trust)
    assert one.kind.startswith("role_")
    assert one.kind_reason
    assert one.classification.reason
