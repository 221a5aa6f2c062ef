"""Who can come in: every principal of every Allow statement, and what its conditions are worth."""

from datetime import date
from typing import Any

import msgspec
import pytest

from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.policy import AccountEntry
from prooftrail.model.identity import Kind
from prooftrail.model.organization import OrganizationFacts
from prooftrail.model.reading import Cell, CellStatus, Collector, Gap, GapReason
from prooftrail.risk.entry import Comer
from prooftrail.risk.trust import entries, organization_of
from tests.builders import ACCOUNT, MEMBER, STRANGER, a_role, account_root, oidc, saml, service, statement, the
from tests.builders.judging import a_context
from tests.builders.judging_trust import a_supplier, entry_of, snapshot_of, supplied_by, way_of

GAP = Gap(api="organizations:ListAccounts", reason=GapReason.THROTTLED, detail="slow down")
INSIDE = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}


def outsider(condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return account_root(STRANGER, condition=condition, **more)


def with_a_gap_in_the_accounts(**known: Any) -> Any:
    cell = Cell(
        account=ACCOUNT,
        region="global",
        collector=Collector.ACCOUNTS,
        status=CellStatus.PARTIAL,
        items=1,
        gaps=(GAP,),
    )
    return msgspec.structs.replace(a_context(), cells=(cell,), **known)


@pytest.mark.parametrize(
    ("trust", "comer", "account"),
    [
        (service("lambda"), Comer.SERVICE, None),
        (account_root(ACCOUNT), Comer.OWN_ACCOUNT, ACCOUNT),
        (account_root(MEMBER), Comer.INSIDE, MEMBER),
        (statement({"AWS": MEMBER}), Comer.INSIDE, MEMBER),
        (outsider(), Comer.OUTSIDE_UNKNOWN, STRANGER),
        (statement({"AWS": "AROAEXAMPLEGHOST000001"}), Comer.DELETED_PRINCIPAL, None),
        (statement({"CanonicalUser": "a" * 64}), Comer.UNTOLD, None),
        (saml(), Comer.SAML, None),
        (oidc("gitlab.com"), Comer.OIDC, None),
        (oidc("oidc.eks.eu-west-1.amazonaws.com/id/AB"), Comer.EKS_IRSA, None),
        (statement({"Service": "pods.eks.amazonaws.com"}), Comer.EKS_POD_IDENTITY, None),
        (statement("*"), Comer.ANYONE, None),
        (statement({"AWS": "*"}, condition=INSIDE), Comer.ANYONE, None),
        (statement({"AWS": f"arn:aws:iam::{MEMBER}:root"}, key="NotPrincipal"), Comer.ANYONE, None),
        (statement({"Service": "*"}), Comer.ANYONE, None),
    ],
)
def test_each_principal_is_one_way_in(trust: dict[str, Any], comer: Comer, account: str | None) -> None:
    way = way_of(trust)
    assert (way.comer, way.account) == (comer, account)


def test_a_way_names_its_statement_by_its_sid_or_its_place() -> None:
    named = {**account_root(MEMBER), "Sid": "Ops"}
    assert [one.statement for one in entry_of(service("lambda"), named).ways] == ["Ops", "statement 1"]


@pytest.mark.parametrize("trust", [statement("*", "sts:TagSession"), statement("*", effect="Deny")])
def test_nobody_comes_in_by_a_denial_or_by_tagging_alone(trust: dict[str, Any]) -> None:
    assert entry_of(trust).ways == ()


def test_a_trust_that_was_not_read_says_so_and_lets_nobody_be_told() -> None:
    about, snapshot = a_context(), snapshot_of(a_role(trust=statement("*")))
    role = msgspec.structs.replace(the(snapshot, "worker"), unknown=("facts.trust",))
    entry = entries(msgspec.structs.replace(snapshot, identities=(role,)), about)[role.id]
    assert entry.ways == ()
    assert entry.unread


def test_a_gap_in_the_account_list_makes_nobody_external() -> None:
    assert way_of(outsider(), context=with_a_gap_in_the_accounts()).comer is Comer.UNTOLD
    registered = with_a_gap_in_the_accounts(governance=supplied_by(a_supplier()).governance)
    assert way_of(outsider(), context=registered).comer is Comer.UNTOLD


def test_without_the_cell_of_the_account_list_the_list_is_not_complete() -> None:
    assert not organization_of(msgspec.structs.replace(a_context(), cells=())).complete


def test_a_single_account_knows_its_suppliers_by_the_register_alone() -> None:
    alone = msgspec.structs.replace(supplied_by(a_supplier()), organization=OrganizationFacts())
    assert way_of(outsider(), context=alone).comer is Comer.SUPPLIER
    assert way_of(account_root("888888888888"), context=alone).comer is Comer.UNTOLD


@pytest.mark.parametrize(
    ("relation", "comer"),
    [("supplier", Comer.SUPPLIER), ("own_organization", Comer.OWN_ORGANIZATION), ("aws", Comer.AWS_OWNED)],
)
def test_the_register_says_whom_an_outside_account_belongs_to(relation: str, comer: Comer) -> None:
    way = way_of(outsider(), context=supplied_by(a_supplier(relation=relation)))
    assert (way.comer, way.supplier, way.supplier_active) == (comer, "Cloudwatchers", True)


@pytest.mark.parametrize(
    ("last_day", "active"),
    [(date(2026, 11, 23), True), (date(2026, 11, 22), True), (date(2026, 11, 21), False)],
)
def test_a_contract_ends_with_its_last_day(last_day: date, active: bool) -> None:
    assert way_of(outsider(), context=supplied_by(a_supplier(active_until=last_day))).supplier_active is active


def test_an_entry_that_runs_outweighs_one_that_ended() -> None:
    ended = a_supplier(name="Before", active_until=date(2026, 2, 1))
    assert way_of(outsider(), context=supplied_by(ended, a_supplier())).supplier == "Cloudwatchers"


@pytest.mark.parametrize(
    "owners",
    [
        Owners(account=(AccountEntry(id=STRANGER, purpose="shop"),)),
        Owners(owner=(Owner(id="o", name="o", accounts=(STRANGER,)),)),
    ],
)
def test_an_account_the_policy_calls_ours_that_left_the_list_is_a_former_member(owners: Owners) -> None:
    assert (
        way_of(outsider(), context=a_context(Governance(owners=owners, pseudonymous=True))).comer is Comer.FORMER_MEMBER
    )


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ({"StringEquals": {"sts:ExternalId": "abc-123"}}, True),
        ({"StringEquals": {"STS:externalid": "abc-123"}}, True),
        ({"StringEquals": {"sts:ExternalId": ["abc", "def"]}}, True),
        ({"StringLike": {"sts:ExternalId": "abc-123"}}, True),
        (None, False),
        ({"StringEquals": {"sts:ExternalId": ""}}, False),
        ({"StringEquals": {"sts:ExternalId": ["abc", " "]}}, False),
        ({"StringEquals": {"sts:ExternalId": []}}, False),
        ({"StringLike": {"sts:ExternalId": "*"}}, False),
        ({"StringLike": {"sts:ExternalId": "abc-?"}}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "abc"}}, False),
        ({"ForAllValues:StringEquals": {"sts:ExternalId": "abc"}}, False),
        ({"StringEquals": {"sts:ExternalId": "${aws:PrincipalAccount}"}}, False),
        ({"StringNotEquals": {"sts:ExternalId": "abc"}}, False),
        ({"Null": {"sts:ExternalId": "false"}}, False),
    ],
)
def test_only_an_equality_with_something_in_it_asks_for_an_external_id(condition: Any, asked: bool) -> None:
    assert way_of(outsider(condition)).external_id is asked


def test_a_denial_unless_the_external_id_matches_asks_for_it() -> None:
    negated = {"StringNotEquals": {"sts:ExternalId": "abc"}}
    barred = statement("*", effect="Deny", condition=negated)
    assert way_of(outsider(), barred).external_id
    half = statement("*", effect="Deny", condition={**negated, "Bool": {"aws:SecureTransport": "true"}})
    assert not way_of(outsider(), half).external_id


def test_an_outsider_under_a_condition_only_insiders_meet_does_not_come_in() -> None:
    way = way_of(outsider(INSIDE))
    assert (way.comer, way.account, way.limited) == (Comer.INSIDE, None, True)


@pytest.mark.parametrize(
    ("arn", "whole"),
    [
        (f"arn:aws:iam::{MEMBER}:role/deploy", False),
        (f"arn:aws:iam::{MEMBER}:role/team-*", False),
        (f"arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/*", False),
        (f"arn:aws:iam::{MEMBER}:role/*/deploy", False),
        (f"arn:aws:iam::{MEMBER}:role/*", True),
        (f"arn:aws:iam::{MEMBER}:role/**", True),
        (f"arn:aws:iam::{MEMBER}:role/*/*", True),
        (f"arn:aws:iam::{MEMBER}:role/?*", True),
        (f"arn:aws:iam::{MEMBER}:role/*a*", True),
        (f"arn:aws:iam::{MEMBER}:role/a*", True),
        (f"arn:aws:iam::{MEMBER}:role/${{aws:username}}", True),
        (f"arn:aws:iam::{MEMBER}:r*", True),
        (f"arn:aws:iam::{MEMBER}:*", True),
        (f"arn:aws:iam::{MEMBER}:root", True),
        ("arn:aws:iam::*:role/deploy", True),
        ("arn:aws:iam::11112222*:role/deploy", True),
        ("arn:*:iam::*:*e*", True),
        ("*", True),
    ],
)
def test_an_account_root_is_all_of_the_account_unless_a_condition_names_its_principals(arn: str, whole: bool) -> None:
    way = way_of(account_root(MEMBER, condition={"ArnLike": {"aws:PrincipalArn": arn}}))
    assert way.whole_account is whole


def test_a_named_principal_is_not_a_whole_account() -> None:
    way = way_of(statement({"AWS": f"arn:aws:iam::{MEMBER}:role/scanner"}))
    assert not way.whole_account
    assert way.principals == (f"arn:aws:iam::{MEMBER}:role/scanner",)
    assert way.who == f"role/scanner of account {MEMBER} of the organization"


def test_anyone_of_a_named_account_comes_from_that_account() -> None:
    limited = {"StringEquals": {"aws:PrincipalAccount": [MEMBER, STRANGER]}}
    found = {one.comer: one.account for one in entry_of(statement("*", condition=limited)).ways}
    assert found == {Comer.ANYONE: None, Comer.INSIDE: MEMBER, Comer.OUTSIDE_UNKNOWN: STRANGER}


def test_what_every_request_carries_is_demanded_whether_or_not_it_exists() -> None:
    limited = {"StringEqualsIfExists": {"aws:PrincipalAccount": STRANGER}}
    found = {one.comer: one.account for one in entry_of(statement("*", condition=limited)).ways}
    assert found == {Comer.ANYONE: None, Comer.OUTSIDE_UNKNOWN: STRANGER}


@pytest.mark.parametrize(
    ("condition", "everyone"),
    [
        (INSIDE, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-ab12/*"}}, True),
        ({**INSIDE, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}, True),
        ({**INSIDE, "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/deploy"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-example", "aws:PrincipalAccount": ACCOUNT}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, False),
    ],
)
def test_only_belonging_to_the_organization_lets_in_all_of_it(condition: dict[str, Any], everyone: bool) -> None:
    found = entry_of(statement("*", condition=condition)).ways
    assert [one.whole_organization for one in found if one.comer is Comer.ANYONE] == [everyone]
    assert all(one.limited_by for one in found if one.comer is Comer.ANYONE)


def test_whether_an_organization_is_ours_is_not_told_without_knowing_our_own() -> None:
    about = msgspec.structs.replace(a_context(), organization=OrganizationFacts())
    found = entry_of(statement("*", condition=INSIDE), context=about).ways
    assert [one.whole_organization for one in found if one.comer is Comer.ANYONE] == [None]


def test_a_denial_that_spares_services_names_what_limits_all_others() -> None:
    spared = {
        "StringNotEquals": {"aws:PrincipalOrgID": "o-example"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    (way,) = entry_of(statement({"AWS": "*"}), statement("*", effect="Deny", condition=spared)).ways
    assert way.limited_by == ("aws:principalorgid o-example",)
    assert way.whole_organization is True


@pytest.mark.parametrize(
    ("who", "asked"), [("*", True), ({"AWS": "*"}, True), ({"Service": "*"}, False), ({"Federated": "*"}, False)]
)
def test_a_denial_demands_an_external_id_only_of_whom_it_speaks_to(who: Any, asked: bool) -> None:
    barred = statement(who, effect="Deny", condition={"StringNotEquals": {"sts:ExternalId": "abc-123"}})
    assert way_of(outsider(), barred, context=supplied_by(a_supplier())).external_id is asked


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u3164", "\ufeff\u2060"])
def test_an_external_id_nobody_can_read_is_none(name: str) -> None:
    condition = {"StringEquals": {"sts:ExternalId": name}}
    assert not way_of(outsider(condition), context=supplied_by(a_supplier())).external_id


def test_anyone_of_another_organization_is_unknown_from_outside() -> None:
    other = {"StringEquals": {"aws:PrincipalOrgID": "o-other"}}
    found = [one.comer for one in entry_of(statement("*", condition=other)).ways]
    assert found == [Comer.ANYONE, Comer.OUTSIDE_UNKNOWN]


def test_the_order_of_the_statements_does_not_matter_to_who_comes_in() -> None:
    trust = [{**service("lambda"), "Sid": "A"}, {**outsider(), "Sid": "B"}, {**saml(), "Sid": "C"}]
    assert entry_of(*trust) == entry_of(*reversed(trust))


@pytest.mark.parametrize(
    "issuer",
    [
        "oidc.eks.eu-west-1.amazonaws.com/id/AB",
        "oidc.eks.cn-north-1.amazonaws.com.cn/id/AB",
        "oidc-eks.eu-west-1.api.aws/id/AB",
        "oidc.eks.example.com/id/AB",
        "gitlab.com",
    ],
)
def test_what_the_inventory_calls_a_cluster_is_one_here(issuer: str) -> None:
    snapshot = snapshot_of(a_role(trust=oidc(issuer)))
    role = the(snapshot, "worker")
    cluster = entries(snapshot, a_context())[role.id].ways[0].comer is Comer.EKS_IRSA
    assert cluster is (role.kind is Kind.ROLE_WORKLOAD_EKS)
