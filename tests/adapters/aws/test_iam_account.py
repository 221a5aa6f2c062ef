"""The short lists of an account: each whole, each refused on its own."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from prooftrail.adapters.aws import iam_account as lists
from prooftrail.adapters.aws.iam_principals import read_principals
from prooftrail.adapters.aws.observer import Observer
from prooftrail.model.account import Count, OutboundFederation
from prooftrail.model.iam import (
    OidcProvider,
    PasswordPolicy,
    SamlProvider,
    ServerCertificate,
    ServiceSpecificCredential,
)
from prooftrail.model.organization import Tag
from prooftrail.model.reading import CellStatus, Collector, GapReason, Reading, cell_of
from tests.adapters.aws.loopback import Aws, Refusal
from tests.adapters.aws.scripted import (
    BORN,
    DENIED,
    DETAILS,
    GONE,
    PASSWORD,
    SUMMARY,
    THROTTLED,
    a_user,
    an_account,
    arn_of,
    details,
    markers,
    user_id,
    watching,
    wire,
)

SERVICES, SAML = "iam:ListServiceSpecificCredentials", "iam:ListSAMLProviders"
OIDC, OIDC_ONE = "iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"
CERTIFICATES, FEATURES = "iam:ListServerCertificates", "iam:ListOrganizationsFeatures"
OUTBOUND = "iam:GetOutboundWebIdentityFederationInfo"
EXPIRES = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
GITHUB = arn_of("oidc-provider", "token.actions.githubusercontent.com")

type Reader = Callable[[Observer], Reading[Any]]

READERS: dict[str, Reader] = {
    SUMMARY: lists.read_summary,
    PASSWORD: lists.read_password_policy,
    SERVICES: lambda observer: lists.read_service_credentials(observer, ()),
    SAML: lists.read_saml_providers,
    OIDC: lists.read_oidc_providers,
    CERTIFICATES: lists.read_server_certificates,
    FEATURES: lists.read_features,
    OUTBOUND: lists.read_outbound_federation,
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


@pytest.mark.parametrize(
    ("refusal", "reason", "status"),
    [
        (DENIED, GapReason.DENIED, CellStatus.DENIED),
        (THROTTLED, GapReason.THROTTLED, CellStatus.THROTTLED),
        (Refusal("InvalidAction"), GapReason.NOT_COVERED, CellStatus.PARTIAL),
    ],
)
@pytest.mark.parametrize("api", READERS)
def test_each_list_refused_is_a_gap_of_its_own(
    aws: Aws, api: str, refusal: Refusal, reason: GapReason, status: CellStatus
) -> None:
    aws.answer(api, refusal)
    reading = READERS[api](watching(aws).observer)
    assert (reading.items, [(gap.api, gap.reason) for gap in reading.gaps]) == ((), [(api, reason)])
    assert cell_of("1", "global", Collector.SAML_PROVIDERS, reading).status is status


@pytest.mark.parametrize("api", [SERVICES, CERTIFICATES])
def test_each_paged_list_cut_off_is_a_gap(aws: Aws, api: str) -> None:
    aws.answer(api, {"IsTruncated": "true"})
    assert [gap.reason for gap in READERS[api](watching(aws).observer).gaps] == [GapReason.TRUNCATED]


@pytest.mark.parametrize("api", READERS)
def test_each_list_costs_one_call_and_names_its_source(aws: Aws, api: str) -> None:
    reading = READERS[api](watching(aws).observer)
    assert aws.counts() == {api: 1}
    assert [(source.api, source.calls) for source in reading.sources] == [(api, 1)]
    assert reading.complete


def test_the_summary_is_awss_own_counts_by_name(aws: Aws) -> None:
    aws.answer(SUMMARY, {"SummaryMap": [{"key": "Users", "value": 7}, {"key": "Groups", "value": 2}]})
    assert lists.read_summary(watching(aws).observer).items == (
        Count(name="Groups", value=2),
        Count(name="Users", value=7),
    )


def test_no_password_policy_is_an_answer(aws: Aws) -> None:
    assert lists.read_password_policy(watching(aws).observer).items == (PasswordPolicy(set=False),)


def test_a_password_policy_is_read_whole_and_what_aws_leaves_out_is_none(aws: Aws) -> None:
    policy = {"MinimumPasswordLength": 14, "RequireSymbols": True, "RequireNumbers": False, "ExpirePasswords": True}
    more = {"MaxPasswordAge": 90, "AllowUsersToChangePassword": True, "RequireUppercaseCharacters": True}
    aws.answer(
        PASSWORD, wire({"PasswordPolicy": policy | more | {"RequireLowercaseCharacters": True, "HardExpiry": False}})
    )
    assert lists.read_password_policy(watching(aws).observer).items == (
        PasswordPolicy(
            set=True,
            minimum_length=14,
            require_symbols=True,
            require_numbers=False,
            require_uppercase=True,
            require_lowercase=True,
            max_age_days=90,
            reuse_prevention=None,
            hard_expiry=False,
            users_may_change=True,
        ),
    )


def test_service_credentials_of_all_users_are_read_over_all_pages(aws: Aws) -> None:
    row = {"UserName": "ann", "Status": "Active", "ServiceName": "bedrock.amazonaws.com", "CreateDate": BORN}
    bedrock = row | {
        "ServiceSpecificCredentialId": "ACCATWO",
        "ServiceCredentialAlias": "BedrockAPIKey-1",
        "ExpirationDate": EXPIRES,
    }
    git = row | {
        "ServiceSpecificCredentialId": "ACCAONE",
        "UserName": "gone",
        "ServiceName": "codecommit.amazonaws.com",
    }
    pages = [wire({"ServiceSpecificCredentials": [one]}) for one in (bedrock, git | {"ServiceUserName": "gone-at-1"})]
    aws.answer(SERVICES, markers(*pages))
    aws.answer(DETAILS, details(a_user("ann")))
    observer = watching(aws).observer
    first, second = lists.read_service_credentials(observer, read_principals(observer).users).items
    assert (first.id, first.arn, first.name, first.parent) == ("ACCAONE", "ACCAONE", "gone-at-1", None)
    assert (second.id, second.arn, second.parent, second.created_at) == (
        "ACCATWO",
        arn_of("user", "ann"),
        user_id("ann"),
        BORN,
    )
    assert second.facts == ServiceSpecificCredential(
        user_id=user_id("ann"),
        user_name="ann",
        service="bedrock.amazonaws.com",
        status="Active",
        alias="BedrockAPIKey-1",
        expires_at=EXPIRES,
    )
    assert aws.asked[-1].parameters["AllUsers"] == "true"


def test_saml_providers_have_their_validity_and_no_tags_were_read(aws: Aws) -> None:
    row = {"Arn": arn_of("saml-provider", "Okta"), "ValidUntil": EXPIRES, "CreateDate": BORN}
    aws.answer(SAML, {"SAMLProviderList": [row]})
    (provider,) = lists.read_saml_providers(watching(aws).observer).items
    assert (provider.id, provider.name, provider.created_at, provider.tags) == (row["Arn"], "Okta", BORN, None)
    assert provider.facts == SamlProvider(valid_until=EXPIRES)


def test_an_oidc_provider_is_read_in_detail(aws: Aws) -> None:
    aws.answer(OIDC, {"OpenIDConnectProviderList": [{"Arn": GITHUB}]})
    detail = {
        "Url": "token.actions.githubusercontent.com",
        "ClientIDList": ["sts.amazonaws.com"],
        "ThumbprintList": ["ab", "aa"],
    }
    aws.answer(OIDC_ONE, detail | {"CreateDate": BORN, "Tags": [{"Key": "team", "Value": "ci"}]})
    (provider,) = lists.read_oidc_providers(watching(aws).observer).items
    assert (provider.id, provider.name) == (GITHUB, "token.actions.githubusercontent.com")
    assert (provider.created_at, provider.tags) == (BORN, (Tag(key="team", value="ci"),))
    assert provider.facts == OidcProvider(
        url="token.actions.githubusercontent.com", client_ids=("sts.amazonaws.com",), thumbprints=("aa", "ab")
    )


def test_an_oidc_provider_not_shown_in_detail_is_kept_with_a_gap_and_one_that_is_gone_is_not(aws: Aws) -> None:
    arns = [arn_of("oidc-provider", host) for host in ("a.example", "b.example", "c.example")]
    aws.answer(OIDC, {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]})
    answers = dict(zip(arns, [{"Url": "a.example", "CreateDate": BORN}, DENIED, GONE], strict=True))
    aws.answer(OIDC_ONE, lambda parameters: answers[parameters["OpenIDConnectProviderArn"]])
    reading = lists.read_oidc_providers(watching(aws).observer)
    assert [provider.name for provider in reading.items] == ["a.example", "b.example"]
    assert reading.items[1].facts == OidcProvider()
    assert [(gap.api, gap.subject) for gap in reading.gaps] == [(OIDC_ONE, arns[1])]


def test_server_certificates_are_read_over_all_pages_with_their_expiry(aws: Aws) -> None:
    rows = [
        {
            "ServerCertificateName": name,
            "ServerCertificateId": f"ASCA{name}",
            "Arn": arn_of("server-certificate", name),
            "Path": "/",
        }
        for name in ("web", "api")
    ]
    pages = [{"ServerCertificateMetadataList": [row | {"UploadDate": BORN, "Expiration": EXPIRES}]} for row in rows]
    aws.answer(CERTIFICATES, markers(*pages))
    reading = lists.read_server_certificates(watching(aws).observer)
    assert [(one.id, one.name, one.created_at) for one in reading.items] == [
        ("ASCAapi", "api", BORN),
        ("ASCAweb", "web", BORN),
    ]
    assert reading.items[0].facts == ServerCertificate(path="/", expires_at=EXPIRES)


@pytest.mark.parametrize(
    "code",
    ["ServiceAccessNotEnabledException", "OrganizationNotFoundException", "OrganizationNotInAllFeaturesModeException"],
)
def test_an_organization_that_cannot_have_a_feature_has_none(aws: Aws, code: str) -> None:
    aws.answer(FEATURES, Refusal(code))
    reading = lists.read_features(watching(aws).observer)
    assert (reading.items, reading.complete) == ((), True)


def test_who_may_not_ask_for_features_does_not_know_them(aws: Aws) -> None:
    aws.answer(FEATURES, Refusal("AccountNotManagementOrDelegatedAdministratorException"))
    assert [gap.reason for gap in lists.read_features(watching(aws).observer).gaps] == [GapReason.DENIED]


def test_features_are_read(aws: Aws) -> None:
    aws.answer(FEATURES, {"OrganizationId": "o-1", "EnabledFeatures": ["RootSessions", "RootCredentialsManagement"]})
    assert lists.read_features(watching(aws).observer).items == ("RootCredentialsManagement", "RootSessions")


@pytest.mark.parametrize(
    ("answer", "federation"),
    [
        (Refusal("FeatureDisabled", status=404), OutboundFederation(enabled=False)),
        (Refusal("FeatureDisabledException", status=404), OutboundFederation(enabled=False)),
        (
            wire({"JwtVendingEnabled": False, "IssuerIdentifier": "https://i"}),
            OutboundFederation(enabled=False, issuer="https://i"),
        ),
        (
            wire({"JwtVendingEnabled": True, "IssuerIdentifier": "https://i"}),
            OutboundFederation(enabled=True, issuer="https://i"),
        ),
    ],
)
def test_whether_tokens_are_minted_for_third_parties(aws: Aws, answer: object, federation: OutboundFederation) -> None:
    aws.answer(OUTBOUND, answer)
    reading = lists.read_outbound_federation(watching(aws).observer)
    assert (reading.items, reading.complete) == ((federation,), True)
