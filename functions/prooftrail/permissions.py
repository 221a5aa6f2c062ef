"""Every AWS action this product calls, once: why, where, how often, and what is not known without it.

A leaf: infrastructure builds its policies from here, `doctor` explains itself with it, and a test holds it against the
calls in the adapters. Nothing here reads a value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .call_costs import Cost, Per

VERSION = "2012-10-17"

VALUE_READING = (
    "ec2:GetPasswordData",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "lambda:GetFunction",
    "s3:GetObject*",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter*",
    "sts:AssumeRole*",
)
"""What no session in a scanned account may do, whatever else a role or a resource policy allows: read a value, or go on."""


class Place(StrEnum):
    """Whose credentials make a call, and where.

    MEMBER: the member role's in each account, or the caller's own where it stands in the account. ORGANIZATION: the
    caller's, in the management account or as a delegated administrator. SCANNER: the caller's, to get that far.
    STORE: the caller's, on the bucket, the table and the key that hold evidence; not used for a locker in a directory.
    """

    MEMBER = "member"
    ORGANIZATION = "organization"
    SCANNER = "scanner"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One action: why it is called, with whose credentials, how often, and which collector's cells miss it.

    `collector` is None where no cell hangs on it. `resource` is the narrowest ARN pattern that still covers everything
    to be read, `{partition}` left open. `instead` is an action that shows the same, so that one of the two is enough.
    `lost` says, as a clause, what a refusal costs beside the collector's cells.
    """

    action: str
    why: str
    place: Place
    cost: Cost
    collector: str | None
    resource: str = "*"
    instead: str | None = None
    lost: str | None = None

    @property
    def regional(self) -> bool:
        """Whether it is called in every region rather than once for the account."""
        return self.cost.per in (Per.REGION, Per.SECRET)


_NARROWED = {
    "account:GetAlternateContact": "arn:{partition}:account::*:account",  # its own, not those of an organization's
    "iam:ListAccessKeys": "arn:{partition}:iam::*:user/*",
    "iam:GetOpenIDConnectProvider": "arn:{partition}:iam::*:oidc-provider/*",
    "secretsmanager:ListSecretVersionIds": "arn:{partition}:secretsmanager:*:*:secret:*",
    "sts:AssumeRole": "arn:{partition}:iam::*:role/{role_name}",
    "sts:SetSourceIdentity": "arn:{partition}:iam::*:role/{role_name}",
}
_STORES = {"s3": "arn:{partition}:s3:::{bucket}/*", "dynamodb": "{table_arn}", "kms": "{key_arn}"}
_BUCKET = "arn:{partition}:s3:::{bucket}"
_INSTEAD = {"account:ListRegions": "ec2:DescribeRegions", "ec2:DescribeRegions": "account:ListRegions"}
_LOST = {
    "account:GetAlternateContact": "where no owner answers, reminders of these accounts go to their owners' tags or to the "
    "address of their root user",
}


def _permissions(place: Place, *rows: tuple[str, str, str | None, Cost]) -> tuple[Permission, ...]:
    return tuple(
        Permission(
            action=action,
            why=why,
            place=place,
            cost=cost,
            collector=collector,
            resource=_NARROWED.get(action, "*"),
            instead=_INSTEAD.get(action),
            lost=_LOST.get(action),
        )
        for action, why, collector, cost in rows
    )


def _stored(action: str, why: str, per: Per, resource: str | None = None) -> Permission:
    where = resource or _STORES[action.partition(":")[0]]
    return Permission(action=action, why=why, place=Place.STORE, cost=Cost(per=per), collector=None, resource=where)


_ACCOUNT, _REGION, _RUN = Cost(per=Per.ACCOUNT), Cost(per=Per.REGION), Cost(per=Per.RUN)
_TWO_SLOTS = Cost(per=Per.USER, only="where two slots of the report fit one key")
_NO_VIRTUAL = Cost(per=Per.USER, only="where the report shows MFA and the virtual list shows none")
_NO_REGIONS = Cost(per=Per.ACCOUNT, only="where account:ListRegions is refused")
_EVERY_ACCOUNT = Cost(per=Per.RUN, only="before the accounts, once for all of them")
_UNSEEN = Cost(per=Per.MANAGED_POLICY, only="where the last run knew no such version, or this one could not read it")
_UNLISTED = Cost(per=Per.MANAGED_POLICY, only="where the run could not read what AWS manages for all accounts at once")
_NO_PATHS = Cost(per=Per.PARENT, only="where organizations:ListAccounts sends no paths")
_EACH_MEMBER, _MEMBERS = Cost(per=Per.MEMBER_ACCOUNT), Cost(per=Per.MEMBER_ACCOUNT, page=20)
_BOTH_CONTACTS = Cost(per=Per.ACCOUNT, times=2, every="a week")
_EACH_POLICY, _EACH_SET = Cost(per=Per.CONTROL_POLICY), Cost(per=Per.PERMISSION_SET)
_PRINCIPALS, _ROLES, _USERS = (Cost(per=per, page=1000) for per in (Per.PRINCIPAL, Per.ROLE, Per.USER))

_MEMBER = _permissions(
    Place.MEMBER,
    (
        "iam:GetAccountAuthorizationDetails",
        "users, roles, groups and customer policies with all that is attached to them",
        "principals",
        _PRINCIPALS,
    ),
    ("iam:GetAccountSummary", "AWS's own counts, to prove that nothing was missed", "account_summary", _ACCOUNT),
    ("iam:ListRoles", "the longest session and the description of each role", "role_settings", _ROLES),
    ("iam:GenerateCredentialReport", "asks AWS to make the credential report", "credential_report", _ACCOUNT),
    ("iam:GetCredentialReport", "passwords, MFA, key slots and their last use", "credential_report", _ACCOUNT),
    ("iam:ListAccessKeys", "the ids and states of a user's access keys", "access_keys", Cost(per=Per.USER)),
    ("iam:GetAccessKeyLastUsed", "the last use of a key the report cannot tell apart", "access_keys", _TWO_SLOTS),
    ("iam:ListVirtualMFADevices", "virtual MFA devices of all users at once", "mfa_devices", _USERS),
    ("iam:ListMFADevices", "the passkeys and hardware devices of a user", "mfa_devices", _NO_VIRTUAL),
    (
        "iam:ListServiceSpecificCredentials",
        "credentials for single services, API keys for Bedrock among them",
        "service_specific_credentials",
        _ACCOUNT,
    ),
    ("iam:GetAccountPasswordPolicy", "the rules passwords follow", "password_policy", _ACCOUNT),
    ("iam:ListSAMLProviders", "who may vouch for people through SAML", "saml_providers", _ACCOUNT),
    ("iam:ListOpenIDConnectProviders", "who may vouch for software by OpenID Connect", "oidc_providers", _ACCOUNT),
    ("iam:GetOpenIDConnectProvider", "its audiences and thumbprints", "oidc_providers", Cost(per=Per.PROVIDER)),
    ("iam:ListServerCertificates", "certificates in IAM and when they expire", "server_certificates", _ACCOUNT),
    (
        "iam:GetOutboundWebIdentityFederationInfo",
        "whether the account mints tokens for third parties",
        "outbound_federation",
        _ACCOUNT,
    ),
    (
        "iam:ListPolicies",
        "the policies AWS manages, and which version of each is in force",
        "aws_policies",
        _EVERY_ACCOUNT,
    ),
    ("iam:GetPolicyVersion", "what a policy that AWS manages allows", "aws_policies", _UNSEEN),
    ("iam:GetPolicy", "which version of such a policy an account has", "aws_policies", _UNLISTED),
    ("account:GetAlternateContact", "whom to tell where an owner does not answer", "contacts", _BOTH_CONTACTS),
    ("account:ListRegions", "which regions are switched on, so that none is forgotten", "regions", _ACCOUNT),
    ("ec2:DescribeRegions", "the same, where Account Management does not answer", "regions", _NO_REGIONS),
    ("secretsmanager:ListSecrets", "secrets, their rotation, use and versions; no value", "secrets", _REGION),
    (
        "secretsmanager:ListSecretVersionIds",
        "when the current version of a secret was made; no value",
        "secrets",
        Cost(per=Per.SECRET),
    ),
)

_ORGANIZATION = _permissions(
    Place.ORGANIZATION,
    ("organizations:DescribeOrganization", "which organization this is and who manages it", "accounts", _RUN),
    ("organizations:ListAccounts", "every account, the suspended ones too", "accounts", _MEMBERS),
    ("organizations:ListRoots", "the name of the root and the policy types in force", "accounts", _RUN),
    (
        "organizations:ListOrganizationalUnitsForParent",
        "the names of organizational units",
        "accounts",
        Cost(per=Per.PARENT),
    ),
    ("organizations:ListAccountsForParent", "where accounts sit", "accounts", _NO_PATHS),
    ("organizations:ListTagsForResource", "the tags of an account", "accounts", _EACH_MEMBER),
    (
        "organizations:ListDelegatedAdministrators",
        "which accounts act for the organization",
        "delegated_administrators",
        _RUN,
    ),
    (
        "organizations:ListDelegatedServicesForAccount",
        "for which services they do",
        "delegated_administrators",
        Cost(per=Per.DELEGATE),
    ),
    ("organizations:ListPolicies", "service and resource control policies", "organization_policies", _RUN),
    ("organizations:DescribePolicy", "what a policy says", "organization_policies", _EACH_POLICY),
    ("organizations:ListTargetsForPolicy", "whom it binds", "organization_policies", _EACH_POLICY),
    ("iam:ListOrganizationsFeatures", "whether root is managed centrally", "organization_features", _RUN),
    ("sso:ListInstances", "where IAM Identity Center lives", "permission_sets", _RUN),
    ("sso:ListPermissionSets", "the permission sets", "permission_sets", Cost(per=Per.PERMISSION_SET, page=100)),
    ("sso:DescribePermissionSet", "how long the sessions of one last", "permission_sets", _EACH_SET),
    ("sso:ListAccountsForProvisionedPermissionSet", "the accounts one reaches", "permission_sets", _EACH_SET),
)

_SCANNER = _permissions(
    Place.SCANNER,
    ("sts:GetCallerIdentity", "who we are; AWS refuses it to nobody", None, _RUN),
    ("sts:AssumeRole", "enters an account by its member role", None, _EACH_MEMBER),
    ("sts:SetSourceIdentity", "leaves the run id in the account's CloudTrail", None, _EACH_MEMBER),
)

_STORE = (
    _stored("s3:PutObject", "seals evidence", Per.OBJECT),
    _stored("s3:PutObjectRetention", "asks the bucket to keep what it takes", Per.OBJECT),
    _stored("s3:GetObjectVersion", "reads the chain and the previous snapshots", Per.OBJECT),
    _stored("s3:GetObjectRetention", "shows until when an object is kept", Per.OBJECT),
    _stored("s3:ListBucketVersions", "shows what was written, hidden or replaced", Per.RUN, _BUCKET),
    _stored("s3:GetBucketObjectLockConfiguration", "makes sure that the bucket lets nothing go", Per.RUN, _BUCKET),
    _stored("kms:Sign", "signs the manifest", Per.RUN),
    _stored("kms:GetPublicKey", "lets anyone check the signature", Per.RUN),
    _stored("kms:GenerateMac", "makes the secret that pseudonyms are keyed with", Per.RUN),
    _stored("dynamodb:GetItem", "finds one row of the ledger", Per.ROW),
    _stored("dynamodb:PutItem", "writes a run or an outcome", Per.ACCOUNT),
    _stored("dynamodb:BatchWriteItem", "writes what changed", Per.ROW),
    _stored("dynamodb:Query", "finds rows by account, owner or date", Per.ROW),
    _stored("dynamodb:Scan", "empties the ledger before it is made again", Per.ROW),
)

PERMISSIONS: tuple[Permission, ...] = (*_MEMBER, *_ORGANIZATION, *_SCANNER, *_STORE)


def at(place: Place) -> tuple[Permission, ...]:
    """The permissions one kind of credentials needs."""
    return tuple(one for one in PERMISSIONS if one.place is place)


def statements(wanted: Iterable[Permission], *, sid: str = "Prooftrail", **names: str) -> list[dict[str, Any]]:
    """The fewest Allow statements that grant exactly `wanted`: one for each resource, in the order they come up.

    `names` fill in the resources: `partition`, and whichever of `role_name`, `bucket`, `table_arn`, `key_arn` occur.
    """
    by_resource: dict[str, list[str]] = {}
    for one in wanted:
        by_resource.setdefault(one.resource.format(**names), []).append(one.action)
    return [
        {"Sid": f"{sid}{number}", "Effect": "Allow", "Action": sorted(actions), "Resource": resource}
        for number, (resource, actions) in enumerate(by_resource.items(), start=1)
    ]


def member_policy(partition: str) -> dict[str, Any]:
    """What the member role may do in each account: read metadata, and never a value."""
    allowed = statements(at(Place.MEMBER), sid="ReadIdentities", partition=partition)
    never = {"Sid": "NeverReadValues", "Effect": "Deny", "Action": list(VALUE_READING), "Resource": "*"}
    return {"Version": VERSION, "Statement": [*allowed, never]}


def management_policy(partition: str) -> dict[str, Any]:
    """What the caller needs in the management account or as a delegated administrator, beside the member policy."""
    allowed = statements(at(Place.ORGANIZATION), sid="ReadOrganization", partition=partition)
    return {"Version": VERSION, "Statement": allowed}


def scanner_policy(partition: str, *, role_name: str) -> dict[str, Any]:
    """What lets the scanner enter the accounts; `role_name` with its path."""
    allowed = statements(at(Place.SCANNER), sid="EnterAccounts", partition=partition, role_name=role_name)
    return {"Version": VERSION, "Statement": allowed}


def trust_policy(
    *,
    partition: str,
    scanner_account: str,
    scanners: tuple[str, ...],
    external_id: str | None = None,
    organization_id: str | None = None,
) -> dict[str, Any]:
    """Who may take the member role: `scanners` of the scanner's account, such as `role/prooftrail/ScannerExecution`.

    The account is the principal and they are a condition, so that the trust survives a role's re-creation: a role
    named as principal turns into a dead unique id when it is deleted.
    """
    equals = {"sts:ExternalId": external_id, "aws:PrincipalOrgID": organization_id}
    arns = [f"arn:{partition}:iam::{scanner_account}:{scanner}" for scanner in scanners]
    condition: dict[str, Any] = {"ArnLike": {"aws:PrincipalArn": arns}}
    if any(equals.values()):
        condition["StringEquals"] = {key: value for key, value in equals.items() if value}
    statement = {
        "Sid": "OnlyTheScanner",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{scanner_account}:root"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": condition,
    }
    return {"Version": VERSION, "Statement": [statement]}


def session_policy() -> dict[str, Any]:
    """What a session of the member role may do, at most: the product's own calls, even if the role is an administrator's.

    The Deny is not idle beside the Allow: a resource policy that names the session is not bounded by what is merely
    not allowed.
    """
    readable = [one.action for one in PERMISSIONS if one.place is Place.MEMBER or _asked_by_account(one)]
    allowed = {"Effect": "Allow", "Action": sorted(readable), "Resource": "*"}
    denied = {"Effect": "Deny", "Action": list(VALUE_READING), "Resource": "*"}
    return {"Version": VERSION, "Statement": [allowed, denied]}


def _asked_by_account(one: Permission) -> bool:
    """Organization-wide questions that are asked while an account is read, not before."""
    return one.place is Place.ORGANIZATION and not one.action.startswith("organizations:")
