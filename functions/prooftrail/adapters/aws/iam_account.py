"""The account as a whole: AWS's own counts, the password policy, providers, certificates and other short lists."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from prooftrail.model.account import Count, OutboundFederation
from prooftrail.model.canonical import utc
from prooftrail.model.iam import (
    OidcProvider,
    PasswordPolicy,
    SamlProvider,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
)
from prooftrail.model.identity import Facts, Observed
from prooftrail.model.organization import Tag
from prooftrail.model.reading import GLOBAL, Reading

from .iam_each import each
from .observer import Api, Collecting, Observer

GET_SUMMARY = Api("iam", "get_account_summary")
GET_PASSWORD_POLICY = Api("iam", "get_account_password_policy")
LIST_SERVICE_CREDENTIALS = Api("iam", "list_service_specific_credentials")
LIST_SAML = Api("iam", "list_saml_providers")
LIST_OIDC = Api("iam", "list_open_id_connect_providers")
GET_OIDC = Api("iam", "get_open_id_connect_provider")
LIST_CERTIFICATES = Api("iam", "list_server_certificates")
LIST_FEATURES = Api("iam", "list_organizations_features")
GET_OUTBOUND = Api("iam", "get_outbound_web_identity_federation_info")

_PAGE = 1000  # the most IAM gives
_NONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_SWITCHED_OFF = frozenset({"FeatureDisabled", "FeatureDisabledException"})
_NO_FEATURES = frozenset({
    "ServiceAccessNotEnabledException", "OrganizationNotFoundException", "OrganizationNotInAllFeaturesModeException",
})  # fmt: skip
"""Answers of ListOrganizationsFeatures that rule every feature out. Who may not ask gets another code, and a gap."""
_UNTOLD = Usage(tracked=False)


def read_summary(observer: Observer) -> Reading[Count]:
    """AWS's own counts and quotas, by name. Source: IAM GetAccountSummary."""
    found: Collecting[Count] = Collecting(observer)
    answer = found.ask(GET_SUMMARY) or {}
    for name, value in sorted(answer.get("SummaryMap", {}).items()):
        found.add(Count(name=name, value=value))
    return found.reading()


def read_password_policy(observer: Observer) -> Reading[PasswordPolicy]:
    """The account's password policy as one item; `set` is False where it has none. Source: IAM GetAccountPasswordPolicy."""
    found: Collecting[PasswordPolicy] = Collecting(observer)
    answer = found.ask(GET_PASSWORD_POLICY, absent=_NONE)
    if answer is not None:
        policy = answer.get("PasswordPolicy")
        found.add(PasswordPolicy(set=False) if policy is None else _password_policy(policy))
    return found.reading()


def read_service_credentials(observer: Observer, users: Iterable[Observed]) -> Reading[Observed]:
    """Every user's service-specific credentials, the API keys of Bedrock and CloudWatch Logs among them, sorted by id.

    Their `arn` is their user's, or their id where `users` lacks him: AWS gives them none. AWS tells no use.
    Source: IAM ListServiceSpecificCredentials with AllUsers.
    """
    found: Collecting[Observed] = Collecting(observer)
    by_name = {user.name: user for user in users}
    pages = found.pages(LIST_SERVICE_CREDENTIALS, AllUsers=True, MaxItems=_PAGE)
    rows = [row for page in pages for row in page.get("ServiceSpecificCredentials", ())]
    for row in sorted(rows, key=lambda row: str(row["ServiceSpecificCredentialId"])):
        found.add(_service_credential(row, by_name.get(row["UserName"])))
    return found.reading()


def read_saml_providers(observer: Observer) -> Reading[Observed]:
    """SAML providers by ARN; their tags are not in the list. Source: IAM ListSAMLProviders."""
    found: Collecting[Observed] = Collecting(observer)
    answer = found.ask(LIST_SAML) or {}
    for row in sorted(answer.get("SAMLProviderList", ()), key=lambda row: str(row["Arn"])):
        facts = SamlProvider(valid_until=_at(row, "ValidUntil"))
        found.add(_observed(row["Arn"], row["Arn"], _tail(row["Arn"]), facts, created_at=_at(row, "CreateDate")))
    return found.reading()


def read_oidc_providers(observer: Observer) -> Reading[Observed]:
    """OpenID Connect providers by ARN.

    One that AWS does not show in detail is kept with None there, and a gap; one that is gone by then is left out.
    Source: IAM ListOpenIDConnectProviders, GetOpenIDConnectProvider.
    """
    found: Collecting[Observed] = Collecting(observer)
    answer = found.ask(LIST_OIDC) or {}
    arns = sorted(row["Arn"] for row in answer.get("OpenIDConnectProviderList", ()))
    details: dict[str, Mapping[str, Any]] = {}

    def ask(arn: str) -> None:
        details[arn] = found.put(GET_OIDC, absent=_NONE, OpenIDConnectProviderArn=observer.redactor.reveal(arn))

    each(found, arns, ask)
    for arn in arns:
        if details.get(arn) != {}:
            found.add(_oidc_provider(arn, details.get(arn)))
    return found.reading()


def read_server_certificates(observer: Observer) -> Reading[Observed]:
    """The TLS certificates kept in IAM, sorted by id; their tags are not in the list. Source: IAM ListServerCertificates."""
    found: Collecting[Observed] = Collecting(observer)
    pages = found.pages(LIST_CERTIFICATES, MaxItems=_PAGE)
    rows = [row for page in pages for row in page.get("ServerCertificateMetadataList", ())]
    for row in sorted(rows, key=lambda row: str(row["ServerCertificateId"])):
        facts = ServerCertificate(path=row["Path"], expires_at=_at(row, "Expiration"))
        name, made = row["ServerCertificateName"], _at(row, "UploadDate")
        found.add(_observed(row["ServerCertificateId"], row["Arn"], name, facts, created_at=made))
    return found.reading()


def read_features(observer: Observer) -> Reading[str]:
    """The organization's switched-on features of central root access, sorted. Source: IAM ListOrganizationsFeatures."""
    found: Collecting[str] = Collecting(observer)
    answer = found.ask(LIST_FEATURES, absent=_NO_FEATURES) or {}
    for name in sorted(answer.get("EnabledFeatures", ())):
        found.add(name)
    return found.reading()


def read_outbound_federation(observer: Observer) -> Reading[OutboundFederation]:
    """Whether the account mints tokens for third parties, as one item. Source: IAM GetOutboundWebIdentityFederationInfo."""
    found: Collecting[OutboundFederation] = Collecting(observer)
    answer = found.ask(GET_OUTBOUND, absent=_SWITCHED_OFF)
    if answer is not None:
        enabled = bool(answer.get("JwtVendingEnabled"))
        found.add(OutboundFederation(enabled=enabled, issuer=answer.get("IssuerIdentifier")))
    return found.reading()


def _password_policy(policy: Mapping[str, Any]) -> PasswordPolicy:
    return PasswordPolicy(
        set=True,
        minimum_length=policy.get("MinimumPasswordLength"),
        require_symbols=policy.get("RequireSymbols"),
        require_numbers=policy.get("RequireNumbers"),
        require_uppercase=policy.get("RequireUppercaseCharacters"),
        require_lowercase=policy.get("RequireLowercaseCharacters"),
        max_age_days=policy.get("MaxPasswordAge"),
        reuse_prevention=policy.get("PasswordReusePrevention"),
        hard_expiry=policy.get("HardExpiry"),
        users_may_change=policy.get("AllowUsersToChangePassword"),
    )


def _service_credential(row: Mapping[str, Any], user: Observed | None) -> Observed:
    identifier, owner = row["ServiceSpecificCredentialId"], user.id if user else None
    facts = ServiceSpecificCredential(
        user_id=owner,
        user_name=row["UserName"],
        service=row["ServiceName"],
        status=row["Status"],
        alias=row.get("ServiceCredentialAlias"),
        expires_at=_at(row, "ExpirationDate"),
    )
    name = row.get("ServiceUserName") or row.get("ServiceCredentialAlias") or identifier
    arn = user.arn if user else identifier
    return _observed(identifier, arn, name, facts, created_at=_at(row, "CreateDate"), tags=(), parent=owner)


def _oidc_provider(arn: str, details: Mapping[str, Any] | None) -> Observed:
    if details is None:
        return _observed(arn, arn, _tail(arn), OidcProvider())
    facts = OidcProvider(
        url=details.get("Url"),
        client_ids=tuple(sorted(details.get("ClientIDList", ()))),
        thumbprints=tuple(sorted(details.get("ThumbprintList", ()))),
    )
    tags = tuple(sorted(Tag(key=tag["Key"], value=tag["Value"]) for tag in details.get("Tags", ())))
    return _observed(arn, arn, _tail(arn), facts, created_at=_at(details, "CreateDate"), tags=tags)


def _observed(
    identifier: str,
    arn: str,
    name: str,
    facts: Facts,
    *,
    created_at: datetime | None = None,
    tags: tuple[Tag, ...] | None = None,
    parent: str | None = None,
) -> Observed:
    return Observed(
        id=identifier,
        arn=arn,
        region=GLOBAL,
        name=name,
        created_at=created_at,
        tags=tags,
        facts=facts,
        usage=_UNTOLD,
        parent=parent,
    )


def _tail(arn: str) -> str:
    """What stands behind the type of a resource: `oidc-provider/host/id` is named `host/id`."""
    return arn.split(":", 5)[-1].partition("/")[2] or arn


def _at(row: Mapping[str, Any], name: str) -> datetime | None:
    at = row.get(name)
    return utc(at) if at is not None else None
