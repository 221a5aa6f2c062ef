"""What a role is by those its trust lets in, and what is not said where the organization is not known."""

from typing import Any

import pytest

from prooftrail.governance import Governance, parse
from prooftrail.inventory.context import OrgContext
from prooftrail.model.identity import Identity, IdentityClass, Kind
from prooftrail.model.reading import GapReason
from tests.builders import (
    ACCOUNT,
    ALONE,
    MANAGEMENT,
    MEMBER,
    ORGANIZATION,
    STRANGER,
    UNREAD,
    a_gap,
    a_reading,
    a_role,
    a_snapshot,
    account_root,
    oidc,
    saml,
    service,
    statement,
    the,
    with_facts,
)

HUMAN, NON_HUMAN, UNDETERMINED = IdentityClass.HUMAN, IdentityClass.NON_HUMAN, IdentityClass.UNDETERMINED
GITHUB = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
ANYONE = statement({"AWS": "*"})
USER = f"arn:aws:iam::{MEMBER}:user/jane"
SSO = f"arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"
GONE = "AROAJQABLZS4A3QDU576Q"


def judged(
    *trust: dict[str, Any], context: OrgContext = ORGANIZATION, governance: Governance | None = None
) -> Identity:
    """The role that trusts this, as the inventory judges it."""
    return the(a_snapshot(a_role(trust=trust), context=context, governance=governance), "worker")


def said(*trust: dict[str, Any], **known: Any) -> tuple[Kind, IdentityClass]:
    one = judged(*trust, **known)
    return one.kind, one.classification.cls


def from_root(partition: str) -> dict[str, Any]:
    return statement({"AWS": f"arn:{partition}:iam::{MEMBER}:root"})


@pytest.mark.parametrize(
    ("trust", "kind", "cls"),
    [
        ([service("lambda")], Kind.ROLE_WORKLOAD, NON_HUMAN),
        ([service("ec2", "lambda")], Kind.ROLE_WORKLOAD, NON_HUMAN),
        ([service("ec2"), service("lambda")], Kind.ROLE_WORKLOAD, NON_HUMAN),
        ([statement({"Service": "ec2.amazonaws.com.cn"})], Kind.ROLE_WORKLOAD, NON_HUMAN),
        ([service("pods.eks")], Kind.ROLE_WORKLOAD_EKS, NON_HUMAN),
        ([service("pods.eks"), oidc(EKS)], Kind.ROLE_WORKLOAD_EKS, NON_HUMAN),
        ([oidc(EKS)], Kind.ROLE_WORKLOAD_EKS, NON_HUMAN),
        ([oidc("oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC")], Kind.ROLE_WORKLOAD_EKS, NON_HUMAN),
        ([oidc("oidc-eks.eu-west-1.api.aws/id/ABC")], Kind.ROLE_WORKLOAD_EKS, NON_HUMAN),
        ([oidc("oidc.eks.eu-west-1.amazonaws.com.evil.example/id/ABC")], Kind.ROLE_CICD, UNDETERMINED),
        ([oidc(GITHUB)], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc(f"{GITHUB}/acme")], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc(f"{GITHUB}.evil.example")], Kind.ROLE_CICD, UNDETERMINED),
        ([oidc("gitlab.com")], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc("oidc.circleci.com/org/1a2b")], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc")], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc("app.terraform.io")], Kind.ROLE_CICD, NON_HUMAN),
        ([oidc("login.example.com")], Kind.ROLE_CICD, UNDETERMINED),
        ([oidc(GITHUB), oidc("login.example.com")], Kind.ROLE_CICD, UNDETERMINED),
        ([statement({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity")],
         Kind.ROLE_CICD, UNDETERMINED),
        ([saml()], Kind.ROLE_SAML, HUMAN),
        ([account_root(ACCOUNT)], Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN),
        ([account_root(MEMBER)], Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN),
        ([statement({"AWS": MEMBER})], Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN),
        ([account_root(MANAGEMENT)], Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN),
        ([statement({"AWS": USER})], Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED),
        ([statement({"AWS": SSO})], Kind.ROLE_CROSS_ACCOUNT, HUMAN),
        ([statement({"AWS": [SSO, USER]})], Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED),
        ([account_root(MEMBER, condition={"Bool": {"aws:MultiFactorAuthPresent": True}})],
         Kind.ROLE_CROSS_ACCOUNT, HUMAN),
        ([account_root(MEMBER, condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})],
         Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN),
        ([account_root(MEMBER, condition={"ArnLike": {"aws:PrincipalArn": SSO}})], Kind.ROLE_CROSS_ACCOUNT, HUMAN),
        ([account_root(STRANGER)], Kind.ROLE_THIRD_PARTY, NON_HUMAN),
        ([account_root(STRANGER), account_root(MEMBER)], Kind.ROLE_THIRD_PARTY, NON_HUMAN),
        ([ANYONE], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([statement("*")], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([statement({"Federated": "*"}, "sts:AssumeRoleWithWebIdentity")], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([statement({"Service": "*"})], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([ANYONE, service("lambda")], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([statement({"AWS": "arn:aws:iam::*:root"})], Kind.ROLE_PUBLIC, UNDETERMINED),
        ([service("lambda"), account_root(MEMBER)], Kind.ROLE_MIXED, NON_HUMAN),
        ([service("ec2"), service("pods.eks")], Kind.ROLE_MIXED, NON_HUMAN),
        ([service("lambda"), oidc(GITHUB)], Kind.ROLE_MIXED, NON_HUMAN),
        ([saml(), account_root(MEMBER)], Kind.ROLE_MIXED, UNDETERMINED),
        ([saml(), statement({"AWS": SSO})], Kind.ROLE_MIXED, HUMAN),
        ([oidc("login.example.com"), service("lambda")], Kind.ROLE_MIXED, UNDETERMINED),
    ],
)  # fmt: skip
def test_a_role_is_what_those_it_lets_in_make_it(trust: list[dict[str, Any]], kind: Kind, cls: IdentityClass) -> None:
    assert said(*trust) == (kind, cls)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_partition_is_read_alike(partition: str) -> None:
    assert said(from_root(partition)) == (Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN)
    provider = f"arn:{partition}:iam::{ACCOUNT}:saml-provider/okta"
    assert said(statement({"Federated": provider}, "sts:AssumeRoleWithSAML")) == (Kind.ROLE_SAML, HUMAN)


# who is outside -----------------------------------------------------------------------------------------------------


def test_a_gap_in_the_account_list_makes_nobody_external() -> None:
    one = judged(account_root(STRANGER), context=UNREAD)
    assert (one.kind, one.classification.cls) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert "the account list was not read completely, so inside and outside cannot be told" in one.kind_reason
    assert {"class", "kind"} <= set(one.unknown)


def test_an_account_the_incomplete_list_does_show_is_inside_all_the_same() -> None:
    listed = OrgContext(organization="o-example", accounts=frozenset({ACCOUNT, MEMBER}), complete=False)
    assert said(account_root(MEMBER), context=listed) == (Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN)


def test_without_an_organization_other_accounts_cannot_be_told_inside_or_outside() -> None:
    one = judged(account_root(STRANGER), context=ALONE)
    assert (one.kind, one.classification.cls) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert "there is no organization, so other accounts cannot be told inside or outside" in one.kind_reason
    assert one.unknown == ()


def test_without_an_organization_the_account_itself_is_no_stranger() -> None:
    assert said(account_root(ACCOUNT), context=ALONE) == (Kind.ROLE_CROSS_ACCOUNT, NON_HUMAN)


# who is not let in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trust",
    [
        [],
        [statement({"AWS": "*"}, effect="Deny")],
        [statement({"AWS": "*"}, "sts:TagSession")],
        [statement({"AWS": "*"}, ["sts:SetSourceIdentity", "iam:PassRole"])],
        [{"Effect": "Allow", "Principal": {"AWS": "*"}, "NotAction": "sts:*"}],
    ],
)
def test_what_is_no_permission_to_take_on_the_role_lets_nobody_in(trust: list[dict[str, Any]]) -> None:
    one = judged(*trust)
    assert (one.kind, one.classification.cls) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert one.kind_reason == "it lets nobody in"


@pytest.mark.parametrize(
    "action", ["*", "sts:*", "sts:Assume*", "STS:ASSUMEROLE", ["sts:TagSession", "sts:AssumeRole"]]
)
def test_every_way_of_writing_the_action_lets_in(action: object) -> None:
    assert said(statement({"AWS": "*"}, action)) == (Kind.ROLE_PUBLIC, UNDETERMINED)


def test_not_action_lets_in_unless_it_leaves_out_every_way_in() -> None:
    one = {"Effect": "Allow", "Principal": {"AWS": "*"}, "NotAction": "sts:AssumeRoleWithSAML"}
    assert said(one) == (Kind.ROLE_PUBLIC, UNDETERMINED)


def test_everyone_but_a_few_is_anyone() -> None:
    one = {"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "sts:AssumeRole"}
    assert said(one) == (Kind.ROLE_PUBLIC, UNDETERMINED)


def test_a_deleted_principal_comes_in_no_more() -> None:
    one = judged(statement({"AWS": GONE}))
    assert (one.kind, one.classification.cls) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert one.kind_reason == f"it trusts the deleted principal {GONE} and nobody else"


def test_a_deleted_principal_does_not_change_what_the_others_make_of_a_role() -> None:
    one = judged(statement({"AWS": [GONE, f"arn:aws:iam::{STRANGER}:root"]}))
    assert (one.kind, one.classification.cls) == (Kind.ROLE_THIRD_PARTY, NON_HUMAN)
    assert f"the deleted principal {GONE}" in one.kind_reason


def test_a_principal_of_no_known_form_is_no_claim() -> None:
    assert said(statement({"AWS": "who knows"})) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert said(statement({"CanonicalUser": "79a59df900b949e5"})) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)


# trust that was not understood --------------------------------------------------------------------------------------


def test_trust_that_cannot_be_read_claims_least_and_says_why() -> None:
    role = with_facts(a_role(), trust=(), trust_document=None)
    one = the(a_snapshot(role), "worker")
    assert (one.kind, one.classification.cls) == (Kind.ROLE_CROSS_ACCOUNT, UNDETERMINED)
    assert one.kind_reason == "its trust policy cannot be read, so who may take it on is not known"
    assert {"class", "facts.trust", "family", "kind"} <= set(one.unknown)


def test_trust_that_was_kept_and_not_understood_is_no_closed_door() -> None:
    role = with_facts(a_role(), trust=())
    principals = a_reading(role, gaps=[a_gap(GapReason.UNREADABLE, subject="worker")])
    one = the(a_snapshot(role, principals=principals), "worker")
    assert "cannot be read" in one.kind_reason
    assert "facts.trust" in one.unknown


# what governance adds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issuer", "known"),
    [
        ("ci.example.com", True),
        ("ci.example.com/team", True),
        ("git.example.com/_services/token", True),
        ("git.example.com/_services/token/acme", True),
        ("git.example.com", False),
        ("build-7.example.org", True),
        ("build.evil.example.org", False),
        ("ci.example.com.evil.example", False),
    ],
)
def test_governance_adds_issuers_of_build_pipelines(issuer: str, known: bool) -> None:
    listed = '["https://ci.example.com", "git.example.com/_services/token", "build*.example.org"]'
    added = parse({"scope.toml": f"[ci]\nissuers = {listed}".encode()})
    assert said(oidc(issuer), governance=added) == (Kind.ROLE_CICD, NON_HUMAN if known else UNDETERMINED)


def test_hostile_names_stand_in_reasons_as_harmless_text() -> None:
    one = judged(oidc("evil.example/\x1b[31m<script>\u202e" + "x" * 5000))
    assert one.kind_reason.isascii()
    assert one.kind_reason.isprintable()
    assert len(one.kind_reason) < 200


def test_a_long_list_of_principals_is_cut_in_the_reason_and_counted() -> None:
    names = [f"svc{number}" for number in range(9)]
    assert judged(service(*names)).kind_reason.endswith("the service svc2.amazonaws.com and 6 more")
