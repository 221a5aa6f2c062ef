"""IDC-26 to IDC-30: who may come in, and for how long; in words that name the principal and the statement."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from prooftrail.controls.case import Case
from prooftrail.controls.checks.sessions import duration
from prooftrail.controls.checks.trust import CHECKS
from prooftrail.controls.verdict import Verdict
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.policy import Exclusion, Scope
from prooftrail.governance.thresholds import ByTier, EnvironmentEntry, Environments, Threshold, Thresholds
from prooftrail.model.iam import OidcProvider, PermissionSetFacts
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.model.organization import OrganizationFacts
from prooftrail.model.reading import Cell, CellStatus, Collector, Gap, GapReason
from tests.builders import ACCOUNT, MANAGEMENT, MEMBER, NOW, STRANGER, account_root, oidc, saml, service, statement
from tests.builders.judging import a_case, a_context, a_control, a_risk, an_account, the_verdict
from tests.builders.judging_trust import (
    GITHUB,
    WHEN,
    a_supplier,
    an_issuer,
    registering,
    supplied_by,
    token,
    trusting,
)
from tests.builders.snapshots import an_identity

PASS, FAIL, NA, NT = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_APPLICABLE, ResultStatus.NOT_TESTED
CRITICAL, HIGH, MEDIUM, LOW = Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM, Tier.LOW
KEYED = {"StringEquals": {"sts:ExternalId": "abc-123"}}
OURS = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}
MAIN, ANY_BRANCH = "repo:acme/app:ref:refs/heads/main", "repo:acme/app:*"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
POD = {"Service": "pods.eks.amazonaws.com"}
KINDS = {
    "IDC-26": (Kind.ROLE_THIRD_PARTY, Kind.ROLE_PUBLIC, Kind.ROLE_MIXED),
    "IDC-27": (Kind.ROLE_CICD, Kind.ROLE_WORKLOAD_EKS, Kind.ROLE_MIXED, Kind.OIDC_PROVIDER),
    "IDC-28": (
        Kind.ROLE_WORKLOAD,
        Kind.ROLE_THIRD_PARTY,
        Kind.ROLE_CROSS_ACCOUNT,
        Kind.ROLE_SAML,
        Kind.ROLE_PUBLIC,
        Kind.ROLE_MIXED,
    ),
    "IDC-29": (Kind.ROLE_WORKLOAD, Kind.ROLE_CICD, Kind.ROLE_CROSS_ACCOUNT, Kind.ROLE_PUBLIC, Kind.ROLE_MIXED),
    "IDC-30": (Kind.ROLE_THIRD_PARTY, Kind.ROLE_CROSS_ACCOUNT, Kind.ROLE_SAML, Kind.ROLE_SSO, Kind.PERMISSION_SET),
}


def verdicts(control: str, case: Case) -> list[Verdict]:
    return list(CHECKS[control](case, a_control(control, kinds=KINDS[control], not_covered=("analyzer",))))


def judged(control: str, *trust: dict[str, Any], **known: Any) -> Verdict:
    return the_verdict(verdicts(control, trusting(*trust, **known)[0]))


def excluding(account: str) -> Context:
    gone = Exclusion(account=account, reason="another team reads it", approved_by="ciso", approved_on=WHEN)
    return a_context(Governance(scope=Scope(exclude=(gone,))))


def outsider(condition: dict[str, Any] | None = None) -> dict[str, Any]:
    return account_root(STRANGER, condition=condition)


def unlisted(context: Context | None = None) -> Context:
    gap = Gap(api="organizations:ListAccounts", reason=GapReason.DENIED, detail="no")
    cell = Cell(
        account=ACCOUNT, region="global", collector=Collector.ACCOUNTS, status=CellStatus.PARTIAL, items=1, gaps=(gap,)
    )
    return msgspec.structs.replace(context or a_context(), cells=(cell,))


# IDC-26


def test_an_account_nobody_registered_fails_and_is_named_with_its_statement() -> None:
    found = judged("IDC-26", {**outsider(KEYED), "Sid": "Vendor"})
    assert found.status is FAIL
    assert STRANGER in found.reason
    assert "statement Vendor" in found.reason
    assert found.limit is not None


@pytest.mark.parametrize(
    ("supplier", "condition", "status"),
    [
        (a_supplier(), KEYED, PASS),
        (a_supplier(), None, FAIL),
        (a_supplier(relation="own_organization"), None, PASS),
        (a_supplier(relation="aws"), None, PASS),
        (a_supplier(active_until=date(2026, 11, 22)), KEYED, PASS),
        (a_supplier(active_until=date(2026, 11, 21)), KEYED, FAIL),
        (a_supplier(approved_on=date(2026, 11, 23)), KEYED, FAIL),
    ],
)
def test_a_supplier_needs_a_running_contract_and_an_external_id(supplier: Any, condition: Any, status: Any) -> None:
    assert judged("IDC-26", outsider(condition), context=supplied_by(supplier)).status is status


def test_a_contract_that_ended_is_told_with_its_date() -> None:
    context = supplied_by(a_supplier(active_until=date(2026, 6, 30)))
    assert "its contract ended on 2026-06-30" in judged("IDC-26", outsider(KEYED), context=context).reason


def test_a_deleted_principal_is_told_and_comes_in_no_more() -> None:
    ghost = statement({"AWS": "AIDAEXAMPLEGHOST000001"})
    assert judged("IDC-26", ghost, outsider(KEYED), context=supplied_by(a_supplier())).status is PASS
    assert verdicts("IDC-26", trusting(ghost)[0]) == []


def test_a_gap_in_the_account_list_leaves_the_row_and_tests_nothing() -> None:
    found = judged("IDC-26", outsider(), context=unlisted())
    assert (found.status, bool(found.gaps)) == (NT, True)


def test_a_role_that_lets_in_members_only_has_no_row() -> None:
    assert verdicts("IDC-26", trusting(account_root(MEMBER))[0]) == []


def test_a_mixed_role_without_an_outsider_is_not_applicable() -> None:
    found = judged("IDC-26", account_root(MEMBER), service("lambda"))
    assert (found.status, found.reason) == (NA, "No account outside the organization can come in.")


@pytest.mark.parametrize("condition", [None, KEYED, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}])
def test_a_role_anyone_can_take_on_is_left_to_idc_28_and_never_said_to_let_nobody_in(condition: Any) -> None:
    found = judged("IDC-26", statement("*", condition=condition))
    assert (found.status, found.reason) == (NA, "Anyone (statement 1) can come in, judged by IDC-28.")
    beside = judged("IDC-26", statement("*", condition=condition), outsider(KEYED), context=supplied_by(a_supplier()))
    assert beside.status is PASS
    assert "anyone (statement 1) can come in, judged by IDC-28" in beside.reason


@pytest.mark.parametrize(
    ("barred", "status"),
    [
        ({"StringNotEquals": {"aws:PrincipalAccount": STRANGER}}, FAIL),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}, FAIL),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}, NA),
    ],
)
@pytest.mark.parametrize("spared", [{}, {"Bool": {"aws:PrincipalIsAWSService": "false"}}])
def test_anyone_a_condition_limits_to_outsiders_comes_from_outside(barred: Any, status: Any, spared: Any) -> None:
    denied = statement("*", effect="Deny", condition={**barred, **spared})
    assert judged("IDC-26", statement("*"), denied, service("lambda")).status is status


@pytest.mark.parametrize("control", ["IDC-26", "IDC-27", "IDC-28", "IDC-29"])
def test_a_trust_that_was_not_read_is_not_tested(control: str) -> None:
    assert judged(control, account_root(MEMBER), unknown=("facts.trust",)).status is NT


def test_an_outsider_only_insiders_can_be_is_nobody_from_outside() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}
    assert verdicts("IDC-26", trusting(outsider(condition), service("lambda"))[0])[0].status is NA


# IDC-27


@pytest.mark.parametrize(
    ("subject", "tier", "status"),
    [
        (MAIN, CRITICAL, PASS),
        (ANY_BRANCH, CRITICAL, FAIL),
        (ANY_BRANCH, HIGH, FAIL),
        (ANY_BRANCH, MEDIUM, PASS),
        (ANY_BRANCH, LOW, PASS),
        ("repo:acme/*", LOW, FAIL),
        ("repo:acme/app*", LOW, FAIL),
        ("*", LOW, FAIL),
    ],
)
def test_a_pipeline_is_held_to_repository_and_where_the_tier_asks_to_branch(
    subject: str, tier: Tier, status: ResultStatus
) -> None:
    assert judged("IDC-27", token(operator="StringLike", sub=subject), tier=tier).status is status


def test_between_two_tiers_a_missing_branch_is_not_tested() -> None:
    risk = a_risk("x", HIGH, at_least=MEDIUM)
    assert judged("IDC-27", token(operator="StringLike", sub=ANY_BRANCH), tier=risk).status is NT
    assert judged("IDC-27", token(operator="StringLike", sub="*"), tier=risk).status is FAIL


def test_a_missing_audience_fails_and_names_the_issuer_and_the_statement() -> None:
    found = judged("IDC-27", token(aud=None, sub=MAIN))
    assert found.status is FAIL
    assert f"{GITHUB} (statement 1): no condition demands an audience" in found.reason


def test_for_all_values_is_no_pin() -> None:
    assert judged("IDC-27", token(operator="ForAllValues:StringLike", sub=MAIN)).status is FAIL


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ({}, PASS),
        ({"audiences": ("sts.amazonaws.com",)}, PASS),
        ({"audiences": ("vault",)}, FAIL),
        ({"owners": ("acme",)}, PASS),
        ({"owners": ("Acme@9823471",)}, PASS),
        ({"owners": ("acm",)}, FAIL),
        ({"owners": ("rival",)}, FAIL),
    ],
)
def test_a_registered_issuer_is_held_to_its_audiences_and_owners(known: Any, status: ResultStatus) -> None:
    found = judged("IDC-27", token(sub=MAIN), context=registering(an_issuer(f"https://{GITHUB}/", **known)))
    assert found.status is status
    assert not any("not supplied" in one for one in found.not_covered)


def test_what_was_not_supplied_about_an_issuer_is_said_and_the_rest_decides() -> None:
    found = judged("IDC-27", token(sub=MAIN))
    assert found.status is PASS
    assert found.not_covered[-1] == f"whether {GITHUB} is intended was not supplied in registers.toml"


@pytest.mark.parametrize(
    ("subject", "audience", "status"),
    [
        ("system:serviceaccount:etl:loader", "sts.amazonaws.com", PASS),
        ("system:serviceaccount:etl:*", "sts.amazonaws.com", FAIL),
        ("system:serviceaccount:etl:loader", None, FAIL),
        ("system:serviceaccount:etl:loader", "vault", FAIL),
    ],
)
def test_a_service_account_needs_audience_and_full_name(subject: str, audience: Any, status: ResultStatus) -> None:
    found = judged("IDC-27", token(EKS, operator="StringLike", aud=audience, sub=subject), tier=CRITICAL)
    assert found.status is status


def test_pod_identity_passes_by_name_and_is_not_tested_without() -> None:
    tags = {"aws:RequestTag/kubernetes-namespace": "etl", "aws:RequestTag/kubernetes-service-account": "loader"}
    assert judged("IDC-27", statement(POD, condition={"StringEquals": tags})).status is PASS
    found = judged("IDC-27", statement(POD))
    assert found.status is NT
    assert "namespace" in found.reason


def a_provider(issuer: str = GITHUB, *, clients: Any = ("sts.amazonaws.com",), **known: Any) -> Identity:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    facts = OidcProvider(url=issuer, client_ids=clients)
    return an_identity(facts, id=arn, arn=arn, name=issuer, kind=Kind.OIDC_PROVIDER, **known)


@pytest.mark.parametrize(
    ("provider", "context", "status"),
    [
        (a_provider(), a_context(), PASS),
        (a_provider(clients=("a", "b")), a_context(), NT),
        (a_provider(clients=None), a_context(), NT),
        (a_provider(unknown=("facts.client_ids",)), a_context(), NT),
        (a_provider(), registering(an_issuer(audiences=("sts.amazonaws.com",))), PASS),
        (
            a_provider(clients=("sts.amazonaws.com", "x")),
            registering(an_issuer(audiences=("sts.amazonaws.com",))),
            FAIL,
        ),
        (a_provider("gitlab.com"), registering(an_issuer()), PASS),
        (a_provider("gitlab.com", clients=None), registering(an_issuer()), NT),
        (a_provider(EKS), registering(an_issuer()), PASS),
        (a_provider(EKS, clients=("sts.amazonaws.com", "vault")), a_context(), FAIL),
    ],
)
def test_a_provider_takes_no_audience_nobody_intended(provider: Identity, context: Context, status: Any) -> None:
    assert the_verdict(verdicts("IDC-27", a_case(provider, context=context))).status is status


def test_an_issuer_the_register_leaves_out_is_told_alike_for_its_provider_and_for_a_role() -> None:
    context = registering(an_issuer())
    said = the_verdict(verdicts("IDC-27", a_case(a_provider("gitlab.com"), context=context)))
    missing = "whether gitlab.com is intended was not supplied in registers.toml"
    assert (said.status, said.not_covered) == (PASS, (missing,))
    assert "the issuer gitlab.com is not among those registers.toml lists" in said.reason
    role = judged("IDC-27", token("gitlab.com", sub="project_path:acme/app:ref_type:branch:ref:main"), context=context)
    assert (role.status, role.not_covered) == (PASS, (missing,))


# IDC-28


def test_anyone_without_a_limit_fails_and_with_one_passes() -> None:
    found = judged("IDC-28", statement("*"))
    assert found.status is FAIL
    assert "statement 1" in found.reason
    limited = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}
    assert judged("IDC-28", statement("*", condition=limited)).status is PASS
    assert judged("IDC-28", statement("*", condition=KEYED)).status is FAIL


@pytest.mark.parametrize(
    ("trust", "tier", "status"),
    [
        (account_root(MEMBER), CRITICAL, FAIL),
        (account_root(MEMBER), HIGH, FAIL),
        (account_root(MEMBER), MEDIUM, PASS),
        (account_root(MEMBER), a_risk("x", HIGH, at_least=MEDIUM), NT),
        (account_root(ACCOUNT), CRITICAL, PASS),
        (outsider(), CRITICAL, PASS),
        (statement({"AWS": f"arn:aws:iam::{MEMBER}:role/scanner"}), CRITICAL, PASS),
        (
            account_root(MEMBER, condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/scanner"}}),
            CRITICAL,
            PASS,
        ),
        *(
            (account_root(MEMBER, condition={"ArnLike": {"aws:PrincipalArn": anyone}}), CRITICAL, FAIL)
            for anyone in (f"arn:aws:iam::{MEMBER}:role/**", ["arn:aws:iam::*:role/*a*", "arn:*:iam::*:*e*"])
        ),
        (saml(), CRITICAL, PASS),
        (service("lambda"), CRITICAL, PASS),
    ],
)
def test_a_whole_account_inside_is_too_many_for_a_critical_or_high_role(trust: Any, tier: Any, status: Any) -> None:
    assert judged("IDC-28", trust, tier=tier).status is status


@pytest.mark.parametrize(
    ("condition", "tier", "status"),
    [
        (OURS, CRITICAL, FAIL),
        (OURS, HIGH, FAIL),
        (OURS, MEDIUM, PASS),
        (OURS, a_risk("x", HIGH, at_least=MEDIUM), NT),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-ab12/*"}}, HIGH, FAIL),
        ({**OURS, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}, HIGH, FAIL),
        ({**OURS, "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/deploy"}}, HIGH, PASS),
        ({"StringEquals": {"aws:PrincipalAccount": MEMBER}}, HIGH, FAIL),
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": MEMBER}}, HIGH, FAIL),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, HIGH, PASS),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, HIGH, PASS),
    ],
)
def test_a_whole_organization_is_no_less_than_one_of_its_accounts(condition: Any, tier: Any, status: Any) -> None:
    barred = {
        operator.replace("Equals", "NotEquals").replace("ForAnyValue:", ""): keys
        for operator, keys in condition.items()
    }
    barred = {operator.replace("Like", "NotLike"): keys for operator, keys in barred.items()}
    assert judged("IDC-28", statement("*", condition=condition), tier=tier).status is status
    if len(barred) == 1:
        denied = statement({"AWS": "*"}, effect="Deny", condition=barred)
        assert judged("IDC-28", statement({"AWS": "*"}), denied, tier=tier).status is status


def test_whether_a_whole_organization_is_ours_is_not_tested_where_ours_is_not_known() -> None:
    context = msgspec.structs.replace(unlisted(), organization=OrganizationFacts())
    assert judged("IDC-28", statement("*", condition=OURS), tier=HIGH, context=context).status is NT


def test_what_limits_anyone_is_named_in_the_remark() -> None:
    spared = {
        "StringNotEquals": {"aws:PrincipalOrgID": "o-example"},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    found = judged("IDC-28", statement({"AWS": "*"}), statement("*", effect="Deny", condition=spared))
    assert found.status is PASS
    assert found.reason.endswith("limited by condition (statement 1): aws:principalorgid o-example.")


@pytest.mark.parametrize("who", [{"Service": "*"}, {"Federated": "*"}])
def test_a_denial_of_others_leaves_anyone_unlimited(who: Any) -> None:
    denied = statement(who, effect="Deny", condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}})
    assert judged("IDC-28", statement({"AWS": "*"}), denied).status is FAIL


def test_an_account_inside_only_if_it_is_ours_is_not_tested_without_the_account_list() -> None:
    trust = account_root(MEMBER, condition=OURS)
    nobody = msgspec.structs.replace(unlisted(), accounts=(an_account(),))
    assert judged("IDC-28", trust, tier=HIGH).status is FAIL
    assert judged("IDC-28", trust, tier=HIGH, context=nobody).status is NT
    assert judged("IDC-28", outsider(OURS), tier=HIGH).status is PASS


def test_guests_of_an_identity_pool_fail_and_are_called_anyone() -> None:
    pool = "cognito-identity.amazonaws.com"
    asked = {"StringEquals": {f"{pool}:aud": "eu-west-1:0a1b"}}
    for signed_in, status in ((None, FAIL), ("unauthenticated", FAIL), ("authenticated", PASS)):
        more = {"ForAnyValue:StringLike": {f"{pool}:amr": signed_in}} if signed_in else {}
        door = statement({"Federated": pool}, "sts:AssumeRoleWithWebIdentity", condition={**asked, **more})
        found = judged("IDC-27", door)
        assert found.status is status
        assert ("anyone on the internet" in found.reason) is (status is FAIL)


def test_whether_a_whole_account_stands_inside_is_not_tested_without_the_account_list() -> None:
    assert judged("IDC-28", outsider(), tier=HIGH, context=unlisted()).status is NT


# IDC-29


def placed_in(**environments: str) -> Context:
    read = Cell(
        account=MANAGEMENT,
        region="global",
        collector=Collector.DELEGATED_ADMINISTRATORS,
        status=CellStatus.OK,
        items=0,
    )
    assign = tuple(EnvironmentEntry(environment=name, account=one[1:]) for one, name in environments.items())
    made = a_context(Governance(thresholds=Thresholds(environments=Environments(assign=assign))))
    return msgspec.structs.replace(made, cells=(*made.cells, read))


@pytest.mark.parametrize(
    ("there", "here", "status"),
    [
        ("nonprod", "prod", FAIL),
        ("sandbox", "prod", FAIL),
        ("nonprod", "security_or_management", FAIL),
        ("prod", "prod", PASS),
        ("security_or_management", "prod", PASS),
        ("nonprod", "nonprod", NA),
        ("sandbox", "nonprod", NA),
    ],
)
def test_no_account_below_production_may_come_into_production(there: str, here: str, status: Any) -> None:
    context = placed_in(**{f"_{MEMBER}": there, f"_{ACCOUNT}": here})
    assert judged("IDC-29", account_root(MEMBER), context=context).status is status


def test_an_edge_names_the_account_and_why_it_is_below_production() -> None:
    found = judged("IDC-29", account_root(MEMBER), context=placed_in(**{f"_{MEMBER}": "sandbox"}))
    assert found.status is FAIL
    assert f"ccount {MEMBER} of the organization (statement 1)" in found.reason


def test_anyone_of_the_organization_is_also_whoever_stands_below_production() -> None:
    everyone = statement("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}})
    assert judged("IDC-29", everyone, context=placed_in(**{f"_{MEMBER}": "nonprod"})).status is FAIL
    assert judged("IDC-29", everyone, context=placed_in()).status is PASS


def test_an_account_whose_environment_was_not_read_is_not_tested() -> None:
    accounts = (an_account(), an_account(MEMBER, tags=None), an_account(MANAGEMENT, management=True))
    context = msgspec.structs.replace(placed_in(), accounts=accounts)
    assert judged("IDC-29", account_root(MEMBER), context=context).status is NT


def test_an_account_that_may_stand_below_production_itself_is_not_tested() -> None:
    context = placed_in(**{f"_{MEMBER}": "nonprod"})
    case, role = trusting(account_root(MEMBER), context=context)
    assert the_verdict(verdicts("IDC-29", case), role.id).status is FAIL
    unplaced = msgspec.structs.replace(case.snapshot.account, account=an_account(tags=None))
    snapshot = msgspec.structs.replace(case.snapshot, account=unplaced)
    found = the_verdict(verdicts("IDC-29", a_case(snapshot=snapshot, context=context, entries=case.entries)), role.id)
    assert found.status is NT
    assert "may come in and is nonprod" in found.reason
    assert "but this account's is not certain: its tags were not read" in found.reason


def test_an_account_nobody_can_place_is_not_tested_here() -> None:
    context = msgspec.structs.replace(unlisted(placed_in()))
    assert judged("IDC-29", outsider(), context=context).status is NT


# IDC-30


@pytest.mark.parametrize(
    ("seconds", "tier", "status"),
    [
        (3600, CRITICAL, PASS),
        (3601, CRITICAL, FAIL),
        (14399, HIGH, PASS),
        (14400, HIGH, PASS),
        (14401, HIGH, FAIL),
        (43200, LOW, PASS),
        (43200, MEDIUM, FAIL),
        (3600, a_risk("x", CRITICAL, at_least=LOW), PASS),
        (7200, a_risk("x", CRITICAL, at_least=LOW), NT),
        (43200, a_risk("x", CRITICAL, at_least=MEDIUM), FAIL),
    ],
)
def test_a_session_of_exactly_the_limit_passes(seconds: int, tier: Any, status: ResultStatus) -> None:
    _, role = trusting(saml(), tier=tier)
    longer = msgspec.structs.replace(role, facts=msgspec.structs.replace(role.facts, max_session_s=seconds))
    again = a_case(longer, risks={role.id: tier})
    assert the_verdict(verdicts("IDC-30", again)).status is status


@pytest.mark.parametrize("unknown", [("facts.max_session_s",), ("facts",)])
def test_a_session_that_was_not_read_is_not_tested(unknown: tuple[str, ...]) -> None:
    assert judged("IDC-30", saml(), unknown=unknown).status is NT


def a_permission_set(lasts: str | None, **known: Any) -> Identity:
    facts = PermissionSetFacts(instance_arn="arn:aws:sso:::instance/ssoins-1", session_duration=lasts)
    return an_identity(facts, id="ps", arn="ps", name="Admins", kind=Kind.PERMISSION_SET, **known)


READ = Cell(account=ACCOUNT, region="global", collector=Collector.PERMISSION_SETS, status=CellStatus.OK, items=1)


@pytest.mark.parametrize(
    ("lasts", "tier", "status"),
    [
        ("PT1H", CRITICAL, PASS),
        ("PT1H0M1S", CRITICAL, FAIL),
        ("PT12H", LOW, PASS),
        ("PT12H", HIGH, FAIL),
        ("P1D", LOW, FAIL),
        ("PT90M", HIGH, PASS),
        ("an hour", LOW, NT),
        ("PT", LOW, NT),
    ],
)
def test_people_behind_identity_center_are_judged_by_their_permission_set(lasts: str, tier: Tier, status: Any) -> None:
    assert the_verdict(verdicts("IDC-30", a_case(a_permission_set(lasts), tier=tier))).status is status


def test_a_permission_set_without_a_duration_has_the_default_only_where_all_was_read() -> None:
    case = a_case(a_permission_set(None), tier=CRITICAL)
    assert the_verdict(verdicts("IDC-30", case)).status is NT
    whole = msgspec.structs.replace(case.snapshot, cells=(*case.snapshot.cells, READ))
    assert the_verdict(verdicts("IDC-30", a_case(snapshot=whole, tier=CRITICAL))).status is PASS


def test_a_role_of_identity_center_is_left_to_its_permission_set() -> None:
    found = of_identity_center()
    assert found.status is NA
    assert (
        f"of this run only account {MANAGEMENT} lists those, and its results say what was read of them" in found.reason
    )


def of_identity_center(
    *others: Identity, context: Context | None = None, cells: tuple[Cell, ...] = (), account: str = ACCOUNT
) -> Verdict:
    """What IDC-30 says of a role Identity Center made."""
    case, role = trusting(saml(), role={"path": "/aws-reserved/sso.amazonaws.com/"}, context=context, tier=CRITICAL)
    facts = msgspec.structs.replace(case.snapshot.account, account=an_account(account))
    known = {"account": facts, "identities": (role, *others), "cells": (*case.snapshot.cells, *cells)}
    snapshot = msgspec.structs.replace(case.snapshot, **known)
    return the_verdict(verdicts("IDC-30", a_case(snapshot=snapshot, context=case.context)), role.id)


LISTING = Gap(api="sso:ListInstances", reason=GapReason.DENIED, detail="no", subject="us-east-1, eu-west-1")
DESCRIBING = Gap(api="sso:DescribePermissionSet", reason=GapReason.DENIED, detail="no", subject="ps")
BLOCKED = msgspec.structs.replace(READ, status=CellStatus.DENIED, items=0, reason="no", gaps=(LISTING,))
IN_PART = msgspec.structs.replace(READ, status=CellStatus.PARTIAL, reason="no", gaps=(DESCRIBING,))


@pytest.mark.parametrize(
    ("known", "status", "words"),
    [
        ({"cells": (READ,), "others": True}, NA, "the permission sets are judged instead"),
        ({"cells": (IN_PART,), "others": True}, NA, "the permission sets are judged instead"),
        ({"cells": (READ,)}, NT, "no permission set was found"),
        ({"cells": (BLOCKED,)}, NT, "they may not all have been listed: permission_sets is denied"),
        ({"context": a_context(organization=OrganizationFacts())}, NT, "this run saw no organization"),
        ({"account": MANAGEMENT}, NT, "the permission sets were not read"),
        ({"context": excluding(MANAGEMENT)}, NT, f"account {MANAGEMENT}, which alone could list them, is excluded"),
    ],
)
def test_a_role_of_identity_center_is_not_tested_where_nothing_judges_its_permission_set(
    known: dict[str, Any], status: ResultStatus, words: str
) -> None:
    others = (a_permission_set("PT1H"),) if known.pop("others", False) else ()
    found = of_identity_center(*others, **known)
    assert found.status is status
    assert words in found.reason


@pytest.mark.parametrize("text", ["", "P", "1H", "PT-1H", "PT1.5H", "pt1h"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration(text) is None


# All of them


def tolerant(control: str, name: str, allowed: int) -> Context:
    values: Any = ByTier(critical=allowed, high=allowed, medium=allowed, low=allowed)
    one = Threshold(control=control, name=name, values=values, approved_by="ciso", approved_on=WHEN, effective_on=WHEN)
    return a_context(Governance(thresholds=Thresholds(threshold=(one,))))


@pytest.mark.parametrize(
    ("control", "name", "trust"),
    [
        ("IDC-26", "unregistered_external_accounts_allowed", outsider(KEYED)),
        ("IDC-27", "wildcard_sub_allowed", token(operator="StringLike", sub="repo:acme/*")),
        ("IDC-28", "public_trust_allowed", statement("*")),
    ],
)
def test_what_the_organization_allows_passes_and_one_more_fails(control: str, name: str, trust: Any) -> None:
    found = judged(control, trust, context=tolerant(control, name, 1))
    assert found.status is PASS
    assert found.limit is not None
    assert "thresholds.toml" in found.limit.set_by
    assert judged(control, trust, context=tolerant(control, name, 0)).status is FAIL


@pytest.mark.parametrize("control", sorted(CHECKS))
def test_service_linked_roles_have_no_row(control: str) -> None:
    case, _ = trusting(service("support"), role={"path": "/aws-service-role/support.amazonaws.com/"})
    assert verdicts(control, case) == []


def test_judging_reads_no_clock() -> None:
    case, _ = trusting(oidc(GITHUB))
    assert case.taken_at == NOW
    assert verdicts("IDC-27", case) == verdicts("IDC-27", case)


TRUSTS = [
    outsider(),
    outsider(KEYED),
    outsider({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
    account_root(MEMBER),
    account_root(MEMBER, condition=OURS),
    account_root(ACCOUNT),
    statement("*"),
    statement({"Service": "*"}, effect="Deny", condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}),
    statement("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
    statement("*", condition={"StringEquals": {"aws:PrincipalAccount": [MEMBER, STRANGER]}}),
    statement("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-other"}}),
    statement({"AWS": "AROAEXAMPLEGHOST000001"}),
    token(sub=MAIN),
    token(operator="StringLike", sub="repo:acme/*"),
    token(EKS, sub="system:serviceaccount:etl:loader"),
    statement(POD),
    saml(),
    service("lambda"),
]
REGISTERED = supplied_by(a_supplier())


@given(some.lists(some.sampled_from(TRUSTS), min_size=1, max_size=3), some.sampled_from(Tier), some.booleans())
def test_a_gap_never_makes_a_pass_nor_a_failure(trust: list[Any], tier: Tier, supplied: bool) -> None:
    context = REGISTERED if supplied else a_context()
    for control in sorted(CHECKS):
        whole = {one.subject: one.status for one in verdicts(control, trusting(*trust, tier=tier, context=context)[0])}
        for known in ({"context": unlisted(context)}, {"context": context, "unknown": ("facts.trust",)}):
            for one in verdicts(control, trusting(*trust, tier=tier, **known)[0]):
                assert one.status in (NT, NA) or whole.get(one.subject) is one.status, (control, one.reason)


@given(some.lists(some.sampled_from(TRUSTS), min_size=1, max_size=4, unique_by=repr), some.randoms())
def test_the_order_of_statements_never_turns_a_result(trust: list[Any], chance: Any) -> None:
    named = [{**one, "Sid": f"S{number}"} for number, one in enumerate(trust)]
    mixed = chance.sample(named, len(named))
    for control in sorted(CHECKS):
        assert verdicts(control, trusting(*named)[0]) == verdicts(control, trusting(*mixed)[0])
