"""Tries each action the scanner needs, as cheaply as AWS lets it, and changes nothing."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from botocore import xform_name

from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import Count
from prooftrail.model.organization import Account
from prooftrail.model.reading import GLOBAL, Reading
from prooftrail.ports import Clock, RawResponse

from .governor import Governors
from .observer import Api, Collecting, Observer
from .organizations import list_accounts
from .questions import Refused
from .regions import read_regions
from .sessions import Sessions

# The permission was there; what it was tried on was not.
_ANSWERS = frozenset({
    "AWSOrganizationsNotInUseException", "AccountNotRegisteredException", "FeatureDisabled", "NoSuchEntity",
    "OrganizationNotFoundException", "OrganizationNotInAllFeaturesModeException", "PolicyNotFoundException",
    "ReportExpired", "ReportInProgress", "ReportNotPresent", "ResourceNotFoundException",
    "ServiceAccessNotEnabledException",
})  # fmt: skip
_NOBODY = "prooftrail-doctor-asks-for-nobody"
_SERVICES = {"sso": "sso-admin"}


class _Try(NamedTuple):
    """How to try an action: fixed parameters, parameters learned from earlier answers, and what its own answer teaches.

    `needs` maps a parameter to the name of what was learned; without it the action is not tried. `teaches` names
    something by the way to it through the answer.
    """

    parameters: Mapping[str, Any] = {}
    needs: Mapping[str, str] = {}
    teaches: Mapping[str, tuple[str | int, ...]] = {}


_ONE_ITEM, _ONE_RESULT = {"MaxItems": 1}, {"MaxResults": 1}
_TRIES: dict[str, _Try] = {
    "iam:GetAccountAuthorizationDetails": _Try(
        {"Filter": ["User"], "MaxItems": 1}, teaches={"user": ("UserDetailList", 0, "UserName")}
    ),
    "iam:GetAccountSummary": _Try(),
    "iam:ListRoles": _Try(_ONE_ITEM),
    "iam:GetCredentialReport": _Try(),
    "iam:ListAccessKeys": _Try(
        _ONE_ITEM, {"UserName": "user"}, teaches={"key": ("AccessKeyMetadata", 0, "AccessKeyId")}
    ),
    "iam:GetAccessKeyLastUsed": _Try(needs={"AccessKeyId": "key"}),
    "iam:ListVirtualMFADevices": _Try(_ONE_ITEM),
    "iam:ListMFADevices": _Try(_ONE_ITEM, {"UserName": "user"}),
    "iam:ListServiceSpecificCredentials": _Try({"AllUsers": True, "MaxItems": 1}),
    "iam:GetAccountPasswordPolicy": _Try(),
    "iam:ListSAMLProviders": _Try(),
    "iam:ListOpenIDConnectProviders": _Try(teaches={"provider": ("OpenIDConnectProviderList", 0, "Arn")}),
    "iam:GetOpenIDConnectProvider": _Try(needs={"OpenIDConnectProviderArn": "provider"}),
    "iam:ListServerCertificates": _Try(_ONE_ITEM),
    "iam:GetOutboundWebIdentityFederationInfo": _Try(),
    "iam:ListPolicies": _Try(
        {"Scope": "AWS", "MaxItems": 1},
        teaches={"published": ("Policies", 0, "Arn"), "version": ("Policies", 0, "DefaultVersionId")},
    ),
    "iam:GetPolicyVersion": _Try(needs={"PolicyArn": "published", "VersionId": "version"}),
    "iam:GetPolicy": _Try(needs={"PolicyArn": "published"}),
    "account:GetAlternateContact": _Try({"AlternateContactType": "SECURITY"}),
    "account:ListRegions": _Try(_ONE_RESULT),
    "ec2:DescribeRegions": _Try(),
    "secretsmanager:ListSecrets": _Try(_ONE_RESULT, teaches={"secret": ("SecretList", 0, "ARN")}),
    "secretsmanager:ListSecretVersionIds": _Try(_ONE_RESULT, {"SecretId": "secret"}),
    "organizations:DescribeOrganization": _Try(),
    "organizations:ListAccounts": _Try(_ONE_RESULT),
    "organizations:ListRoots": _Try(_ONE_RESULT, teaches={"root": ("Roots", 0, "Id")}),
    "organizations:ListOrganizationalUnitsForParent": _Try(_ONE_RESULT, {"ParentId": "root"}),
    "organizations:ListAccountsForParent": _Try(_ONE_RESULT, {"ParentId": "root"}),
    "organizations:ListTagsForResource": _Try(needs={"ResourceId": "account"}),
    "organizations:ListDelegatedAdministrators": _Try(_ONE_RESULT),
    "organizations:ListDelegatedServicesForAccount": _Try(_ONE_RESULT, {"AccountId": "account"}),
    "organizations:ListPolicies": _Try(
        {"Filter": "SERVICE_CONTROL_POLICY", "MaxResults": 1}, teaches={"policy": ("Policies", 0, "Id")}
    ),
    "organizations:DescribePolicy": _Try(needs={"PolicyId": "policy"}),
    "organizations:ListTargetsForPolicy": _Try(_ONE_RESULT, {"PolicyId": "policy"}),
    "iam:ListOrganizationsFeatures": _Try(),
    "sso:ListInstances": _Try(
        _ONE_RESULT,
        teaches={"instance": ("Instances", 0, "InstanceArn"), "centre": ("Instances", 0, "PrimaryRegion")},
    ),
    "sso:ListPermissionSets": _Try(_ONE_RESULT, {"InstanceArn": "instance"}, {"set": ("PermissionSets", 0)}),
    "sso:DescribePermissionSet": _Try(needs={"InstanceArn": "instance", "PermissionSetArn": "set"}),
    "sso:ListAccountsForProvisionedPermissionSet": _Try(
        _ONE_RESULT, {"InstanceArn": "instance", "PermissionSetArn": "set"}
    ),
}


class _Nowhere:
    """A probe leaves no evidence."""

    def add(self, response: RawResponse) -> None:
        """Keep nothing."""


class AwsProbe:
    """Tries what a scan under the same options would call. Nothing is generated, written or kept."""

    def __init__(self, sessions: Sessions, *, clock: Clock, governors: Governors, source_identity: str) -> None:
        self._sessions, self._clock, self._governors = sessions, clock, governors
        self._source_identity = source_identity

    def caller(self) -> tuple[str, str, str]:
        """Account, ARN and partition of the caller. Raises AccessError where AWS does not say who we are."""
        caller = self._sessions.caller()
        return caller.account, caller.arn, caller.partition

    def accounts(self) -> Reading[Account]:
        """The accounts of the organization with name and state alone; the caller's own where the list is refused."""
        return list_accounts(self._observer(self._sessions.caller().account, direct=True))

    def account(self, account: str, *, direct: bool) -> "AwsAccountProbe":
        """What may be tried in one account. Raises AccountUnreachable where not one call can be made."""
        return AwsAccountProbe(self._observer(account, direct=direct))

    def unattributed(self) -> frozenset[str]:
        """The accounts whose role may be taken without SourceIdentity only."""
        return frozenset(self._sessions.unattributed)

    def _observer(self, account: str, *, direct: bool) -> Observer:
        partition = self._sessions.caller().partition
        if direct:
            client_of = self._sessions.direct()
        else:
            client_of = self._sessions.member(account, partition=partition, source_identity=self._source_identity)
        return Observer(
            account=account,
            partition=partition,
            client_of=client_of,
            home_region=self._sessions.region,
            governors=self._governors,
            clock=self._clock,
            raw=_Nowhere(),
            redactor=Redactor(secrets.token_bytes(32)),
        )


class AwsAccountProbe:
    """One account, tried under the credentials a scan would use there."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def regions(self) -> Reading[str]:
        """The enabled regions."""
        return read_regions(self._observer)

    def counts(self) -> Reading[Count]:
        """AWS's own counts of users, roles, groups and so on. Source: IAM GetAccountSummary."""
        found: Collecting[Count] = Collecting(self._observer)
        summary = (found.ask(_api("iam:GetAccountSummary")) or {}).get("SummaryMap", {})
        for name, value in sorted(summary.items()):
            found.add(Count(name=name, value=value))
        return found.reading()

    def attempt(self, actions: Iterable[str], *, region: str = GLOBAL) -> Reading[str]:
        """The actions that AWS allows, and a gap for each that it does not.

        An action in neither was not tried: trying it would change something, or there was nothing to try it on. A
        refusal that only says that the thing asked for is not there counts as allowed.
        """
        found: Collecting[str] = Collecting(self._observer, region=region)
        known = {"account": self._observer.account, "user": _NOBODY, "provider": self._no_provider(), "secret": _NOBODY}
        for action in actions:
            parameters = _parameters(action, known)
            if parameters is not None and self._allowed(found, action, parameters, known):
                found.add(action)
        return found.reading()

    def _allowed(self, found: Collecting[str], action: str, parameters: dict[str, Any], known: dict[str, str]) -> bool:
        collecting = found
        if action.startswith("sso:") and "centre" in known:
            collecting = Collecting(self._observer, region=known["centre"])
        try:
            answer = collecting.put(_api(action), **parameters)
        except Refused as refused:
            if refused.gap.code in _ANSWERS:
                return True
            found.gap(msgspec.structs.replace(refused.gap, subject=None))
            return False
        for name, way in _TRIES[action].teaches.items():
            learned = _found(answer, way)
            if learned:
                known[name] = self._observer.redactor.reveal(learned)
        return True

    def _no_provider(self) -> str:
        observer = self._observer
        return f"arn:{observer.partition}:iam::{observer.account}:oidc-provider/{_NOBODY}"


def _api(action: str) -> Api:
    prefix, _, operation = action.partition(":")
    return Api(_SERVICES.get(prefix, prefix), xform_name(operation))


def _parameters(action: str, known: Mapping[str, str]) -> dict[str, Any] | None:
    attempt = _TRIES.get(action)
    if attempt is None or any(name not in known for name in attempt.needs.values()):
        return None
    return {**attempt.parameters, **{parameter: known[name] for parameter, name in attempt.needs.items()}}


def _found(answer: Any, way: tuple[str | int, ...]) -> str | None:
    for step in way:
        try:
            answer = answer[step]
        except (KeyError, IndexError):
            return None
    return str(answer)
