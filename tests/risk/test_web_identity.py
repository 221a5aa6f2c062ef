"""How far a token's subject is pinned, in every form an issuer writes it, and what only looks like a pin."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from prooftrail.risk.entry import Pin
from tests.builders import ACCOUNT, oidc, statement
from tests.builders.judging_trust import GITHUB, token, way_of

ORG, PROJECT = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"
CIRCLE = f"oidc.circleci.com/org/{ORG}"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
REPO, ENV = "{0a1b2c3d-0000-4000-8000-00000000000a}", "{0a1b2c3d-0000-4000-8000-00000000000b}"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
FULL, REPOSITORY, OWNER, NONE = Pin.FULL, Pin.REPOSITORY, Pin.OWNER, Pin.NONE
MAIN = "repo:acme/app:ref:refs/heads/main"

GITHUB_FORMS = [
    (MAIN, FULL),
    ("repo:acme/app:ref:refs/tags/v1", FULL),
    ("repo:acme/app:environment:production", FULL),
    ("repo:acme@9823471/ledger@55120934:environment:production", FULL),
    ("repo:acme@9823471/ledger@55120934:ref:refs/heads/main", FULL),
    ("repository_owner_id:9823471:repository_id:55120934:environment:production", FULL),
    ("repo:acme/app:*", REPOSITORY),
    ("repo:acme@9823471/ledger@55120934:*", REPOSITORY),
    ("repo:acme/app:ref:refs/heads/*", REPOSITORY),
    ("repo:acme/app:environment:prod*", REPOSITORY),
    ("repo:acme/app:pull_request", REPOSITORY),
    ("repository_id:55120934:*", REPOSITORY),
    ("repo:acme/*", OWNER),
    ("repo:acme/app*", OWNER),
    ("repo:acme/app-?:ref:refs/heads/main", OWNER),
    ("repo:acme/*:environment:production", OWNER),
    ("repo:acme@9823471/*", OWNER),
    ("repo:acme@9823471/ledger@5512*", OWNER),
    ("repository_owner_id:9823471:*", OWNER),
    ("repo:acme*", NONE),
    ("repo:acme@98*", NONE),
    ("repo:*/app:ref:refs/heads/main", NONE),
    ("repo:*", NONE),
    ("repo:?cme/app:*", NONE),
    ("repo:${aws:PrincipalTag/org}/app:*", NONE),
    ("*", NONE),
    ("", NONE),
    ("*:acme/app:ref:refs/heads/main", NONE),
]
OTHER_FORMS = [
    ("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:main", FULL),
    ("gitlab.com", "project_path:acme/team/payments:ref_type:tag:ref:v1", FULL),
    ("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:*", REPOSITORY),
    ("gitlab.com", "project_path:acme/payments:*", REPOSITORY),
    ("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main", OWNER),
    ("gitlab.com", "project_path:acme/pay*", OWNER),
    ("gitlab.com", "project_path:acme*", NONE),
    ("gitlab.example.org", "project_path:acme/payments:ref_type:branch:ref:main", FULL),
    ("gitlab.example.org", "project_path:acme/*", OWNER),
    (CIRCLE, f"org/{ORG}/project/{PROJECT}/user/*", REPOSITORY),
    (CIRCLE, f"org/{ORG}/project/{PROJECT}/user/*/vcs-origin/*/vcs-ref/refs/heads/main", FULL),
    (CIRCLE, f"org/{ORG}/project/{PROJECT}*", OWNER),
    (CIRCLE, f"org/{ORG}/project/*", OWNER),
    (CIRCLE, "*", OWNER),
    (BITBUCKET, f"{REPO}:{ENV}:*", FULL),
    (BITBUCKET, f"{REPO}*:{ENV}:*", FULL),
    (BITBUCKET, f"{REPO}:*", REPOSITORY),
    (BITBUCKET, f"{REPO[:-3]}*", OWNER),
    (BITBUCKET, "*", OWNER),
    ("app.terraform.io", "organization:acme:project:core:workspace:net:run_phase:apply", FULL),
    ("app.terraform.io", "organization:acme:project:core:workspace:net:run_phase:*", FULL),
    ("app.terraform.io", "organization:acme:project:*:workspace:net:run_phase:*", FULL),
    ("app.terraform.io", "organization:acme:project:core:workspace:*:run_phase:*", OWNER),
    ("app.terraform.io", "organization:acme:project:core:workspace:net*:run_phase:*", OWNER),
    ("app.terraform.io", "organization:acme*:project:core:workspace:net:run_phase:*", NONE),
    ("app.terraform.io", "organization:*:project:*:workspace:net:run_phase:*", NONE),
    ("agent.buildkite.com", "organization:acme:pipeline:app:ref:refs/heads/main:commit:*:step:*", FULL),
    ("agent.buildkite.com", "organization:acme:pipeline:app:*", REPOSITORY),
    ("agent.buildkite.com", "organization:acme:*", OWNER),
    ("agent.buildkite.com", "organization:acme*", NONE),
    ("vstoken.dev.azure.com/0a1b", "sc://acme/shop/prod", FULL),
    ("vstoken.dev.azure.com/0a1b", "sc://acme/shop/*", OWNER),
    ("idp.example.org", "machine-42", FULL),
    ("idp.example.org", "machine-*", NONE),
]


@pytest.mark.parametrize(("subject", "pin"), GITHUB_FORMS)
def test_a_github_subject_is_pinned_as_far_as_its_literal_beginning_goes(subject: str, pin: Pin) -> None:
    assert way_of(token(operator="StringLike", sub=subject)).pin is pin


@pytest.mark.parametrize(("issuer", "subject", "pin"), OTHER_FORMS)
def test_every_issuer_writes_subjects_in_a_form_of_its_own(issuer: str, subject: str, pin: Pin) -> None:
    assert way_of(token(issuer, operator="StringLike", sub=subject)).pin is pin


@pytest.mark.parametrize(
    "operator",
    [
        "ForAllValues:StringEquals",
        "ForAllValues:StringLike",
        "StringEqualsIfExists",
        "StringLikeIfExists",
        "StringNotEquals",
        "StringNotLike",
        "Null",
        "Bool",
    ],
)
def test_an_operator_that_passes_without_its_key_or_excludes_is_no_pin(operator: str) -> None:
    way = way_of(token(operator=operator, sub=MAIN))
    assert (way.pin, way.unpinned_why) == (NONE, "no condition on the subject fixes a repository or its owner")


@pytest.mark.parametrize("operator", ["StringEquals", "stringequals", "StringLike", "ForAnyValue:StringEquals"])
def test_an_operator_that_demands_its_key_is_a_pin(operator: str) -> None:
    assert way_of(token(operator=operator, sub=MAIN)).pin is FULL


def test_of_several_subjects_the_weakest_counts() -> None:
    assert way_of(token(sub=[MAIN, "repo:acme/other:environment:test"])).pin is FULL
    assert way_of(token(operator="StringLike", sub=[MAIN, "repo:acme/*"])).pin is OWNER
    assert way_of(token(operator="StringLike", sub=[MAIN, "repo:acme/app:*"])).pin is REPOSITORY


@pytest.mark.parametrize("operator", ["StringNotLike", "StringNotEquals", "StringNotLikeIfExists"])
def test_a_denial_of_every_other_subject_pins(operator: str) -> None:
    other = {operator: {f"{GITHUB}:sub": MAIN}}
    barred = statement("*", "sts:AssumeRoleWithWebIdentity", effect="Deny", condition=other)
    assert way_of(token(), barred).pin is FULL


def test_a_denial_that_hangs_on_more_than_the_subject_pins_nothing() -> None:
    both = {"StringNotLike": {f"{GITHUB}:sub": MAIN}, "StringEquals": {f"{GITHUB}:aud": "other"}}
    barred = statement("*", "sts:AssumeRoleWithWebIdentity", effect="Deny", condition=both)
    assert way_of(token(), barred).pin is NONE


@pytest.mark.parametrize(
    ("claims", "pin"),
    [
        ({"repository": "acme/app", "ref": "refs/heads/main"}, FULL),
        ({"repository_id": "55120934", "environment": "production"}, FULL),
        ({"repository": "acme/app"}, REPOSITORY),
        ({"repository_id": "55120934"}, REPOSITORY),
        ({"repository_owner_id": "9823471"}, OWNER),
        ({"sub": "repo:acme/app:pull_request", "environment": "production"}, FULL),
        ({"job_workflow_ref": "acme/ci/.github/workflows/deploy.yml@refs/heads/main"}, OWNER),
        (
            {
                "repository_owner_id": "9823471",
                "job_workflow_ref": "acme/ci/.github/workflows/deploy.yml@refs/heads/main",
            },
            FULL,
        ),
        ({"environment": "production"}, NONE),
        ({"actor": "octocat"}, NONE),
    ],
)
def test_the_claims_aws_checks_for_github_pin_as_well(claims: dict[str, str], pin: Pin) -> None:
    assert way_of(token(**claims)).pin is pin


def test_claims_of_one_issuer_pin_nothing_of_another() -> None:
    other = oidc("gitlab.com", condition={"StringEquals": {f"{GITHUB}:sub": MAIN}})
    assert way_of(other).pin is NONE


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, True),
        ({"StringEquals": {f"{GITHUB.upper()}:AUD": "sts.amazonaws.com"}}, True),
        ({"ForAnyValue:StringEquals": {f"{GITHUB}:aud": ["a", "b"]}}, True),
        ({"StringLike": {f"{GITHUB}:aud": "*"}}, False),
        ({"StringLike": {f"{GITHUB}:aud": "sts.*"}}, False),
        ({"ForAllValues:StringEquals": {f"{GITHUB}:aud": "a"}}, False),
        ({"StringEqualsIfExists": {f"{GITHUB}:aud": "a"}}, False),
        ({}, False),
    ],
)
def test_an_audience_is_asked_for_by_equality_alone(condition: dict[str, Any], asked: bool) -> None:
    assert way_of(oidc(GITHUB, condition=condition)).audience is asked


@pytest.mark.parametrize(
    ("issuer", "subject", "owners"),
    [
        (GITHUB, MAIN, ("acme",)),
        (GITHUB, "repo:acme@982/app@1:ref:refs/heads/main", ("acme@982",)),
        ("gitlab.com", "project_path:acme/team/app:*", ("acme/team",)),
        ("app.terraform.io", "organization:acme:*", ("acme",)),
        (BITBUCKET, f"{REPO}:*", ("acme",)),
    ],
)
def test_the_owner_is_named_as_the_token_names_it(issuer: str, subject: str, owners: tuple[str, ...]) -> None:
    assert way_of(token(issuer, operator="StringLike", sub=subject)).owners == owners


@pytest.mark.parametrize(
    ("subject", "pin"),
    [
        ("system:serviceaccount:etl:loader", FULL),
        (["system:serviceaccount:etl:loader", "system:serviceaccount:etl:writer"], FULL),
        ("system:serviceaccount:etl:*", NONE),
        ("system:serviceaccount:*:loader", NONE),
        ("system:serviceaccount:*:*", NONE),
        ("system:serviceaccount:etl:", NONE),
        ("system:serviceaccount:etl", NONE),
        (["system:serviceaccount:etl:loader", "system:serviceaccount:etl:*"], NONE),
        ("*", NONE),
    ],
)
def test_a_service_account_is_pinned_by_its_full_name_only(subject: Any, pin: Pin) -> None:
    assert way_of(token(EKS, operator="StringLike", sub=subject)).pin is pin


@pytest.mark.parametrize(("audience", "good"), [("sts.amazonaws.com", True), ("vault", False), (None, False)])
def test_a_cluster_token_must_be_made_for_sts(audience: str | None, good: bool) -> None:
    assert way_of(token(EKS, aud=audience, sub="system:serviceaccount:etl:loader")).audience is good


@pytest.mark.parametrize(
    ("tags", "pin"),
    [
        ({"kubernetes-namespace": "etl", "kubernetes-service-account": "loader"}, FULL),
        ({"kubernetes-namespace": "etl"}, NONE),
        ({"kubernetes-namespace": "etl", "kubernetes-service-account": "*"}, NONE),
        ({}, NONE),
    ],
)
def test_pod_identity_is_pinned_by_both_request_tags(tags: dict[str, str], pin: Pin) -> None:
    condition = {"StringLike": {f"aws:RequestTag/{name}": value for name, value in tags.items()}}
    assert way_of(statement({"Service": "pods.eks.amazonaws.com"}, condition=condition)).pin is pin


COGNITO = "cognito-identity.amazonaws.com"


def of_a_pool(condition: dict[str, Any] | None = None, pool: str | None = "eu-west-1:0a1b") -> dict[str, Any]:
    asked = {"StringEquals": {f"{COGNITO}:aud": pool}} if pool else {}
    return statement({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity", condition={**asked, **(condition or {})})


def amr(*values: str, operator: str = "ForAnyValue:StringLike") -> dict[str, Any]:
    return {operator: {f"{COGNITO}:amr": list(values)}}


def test_users_of_a_cognito_pool_are_held_to_their_pool() -> None:
    way = way_of(of_a_pool(amr("authenticated")))
    assert (way.pin, way.branch_pinned, way.audience, way.unpinned_why) == (FULL, True, True, None)
    assert way_of(of_a_pool(amr("authenticated"), pool=None)).pin is NONE


@pytest.mark.parametrize(
    ("condition", "pin"),
    [
        (amr("authenticated"), FULL),
        (amr("authenticated", operator="ForAnyValue:StringEquals"), FULL),
        (amr("graph.facebook.com"), FULL),
        (amr("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a:CognitoSignIn:*"), FULL),
        (amr("unauthenticated"), NONE),
        (amr("authenticated", "unauthenticated"), NONE),
        (amr("*authenticated"), NONE),
        (amr("*"), NONE),
        (amr(), NONE),
        (amr("${aws:PrincipalTag/amr}"), NONE),
        (amr("UNAUTHENTICATED", operator="StringEqualsIgnoreCase"), NONE),
        (amr("authenticated", operator="ForAllValues:StringLike"), NONE),
        (amr("authenticated", operator="StringLikeIfExists"), NONE),
        (None, NONE),
        ({"StringLike": {f"{COGNITO}:sub": "eu-west-1:0a1b2c3d"}}, FULL),
    ],
)
def test_guests_of_a_cognito_pool_are_anyone_on_the_internet(condition: dict[str, Any] | None, pin: Pin) -> None:
    way = way_of(of_a_pool(condition))
    assert way.pin is pin
    assert (way.unpinned_why is None) is (pin is FULL)
    assert pin is FULL or "anyone on the internet" in str(way.unpinned_why)


@pytest.mark.parametrize(
    ("who", "pin"),
    [
        ("*", FULL),
        ({"Federated": "*"}, FULL),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"}, FULL),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"}, NONE),
        ({"AWS": "*"}, NONE),
        ({"Service": "*"}, NONE),
    ],
)
def test_a_denial_pins_only_the_provider_it_speaks_to(who: Any, pin: Pin) -> None:
    other = {"StringNotLike": {f"{GITHUB}:sub": MAIN}}
    barred = statement(who, "sts:AssumeRoleWithWebIdentity", effect="Deny", condition=other)
    assert way_of(token(), barred).pin is pin


@pytest.mark.parametrize("name", ["\u200b", "\u2060\u200b", "\u3164", " ", "\t"])
def test_a_name_nobody_can_see_pins_nothing(name: str) -> None:
    assert way_of(token("idp.example.org", sub=name)).pin is NONE
    assert way_of(token(GITHUB, aud=name, sub=MAIN)).audience is False


RANK = {NONE: 0, OWNER: 1, REPOSITORY: 2, FULL: 3}


@given(cut=some.integers(min_value=0, max_value=len(MAIN)))
def test_a_star_never_pins_further_than_the_text_it_stands_for(cut: int) -> None:
    cut_off = way_of(token(operator="StringLike", sub=MAIN[:cut] + "*")).pin
    assert cut_off is not None
    assert RANK[cut_off] <= RANK[REPOSITORY]
