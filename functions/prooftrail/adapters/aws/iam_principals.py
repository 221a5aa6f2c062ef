"""Users, roles, groups and customer policies of an account, with everything attached to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from prooftrail.model.account import RoleSettings
from prooftrail.model.canonical import utc
from prooftrail.model.iam import (
    AttachedPolicy,
    Group,
    InlinePolicy,
    ManagedPolicy,
    PolicyDocument,
    Role,
    Usage,
    User,
)
from prooftrail.model.identity import Observed
from prooftrail.model.organization import Tag
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading
from prooftrail.model.trust import TrustStatement

from .iam_documents import Documents
from .observer import Api, Collecting, Observer
from .wire import printable

GET_DETAILS = Api("iam", "get_account_authorization_details")
LIST_ROLES = Api("iam", "list_roles")

_WANTED = ["User", "Role", "Group", "LocalManagedPolicy"]  # AWS-managed policies are read once for the organization
_LONGEST_DETAIL = 300  # characters: what cannot be read may be of any length
_PAGE = 1000  # the most IAM gives; it may give fewer


class Principals(NamedTuple):
    """What GetAccountAuthorizationDetails showed. `listed` is True if every page was read: only then are these all."""

    reading: Reading[Observed]
    groups: tuple[Group, ...]
    policies: tuple[ManagedPolicy, ...]
    documents: tuple[PolicyDocument, ...]
    listed: bool

    @property
    def users(self) -> tuple[Observed, ...]:
        """The IAM users among them."""
        return tuple(one for one in self.reading.items if isinstance(one.facts, User))


def read_principals(observer: Observer) -> Principals:
    """Every user, role, group and customer policy, sorted by id; each policy document once, by its hash.

    A role whose trust is no policy is kept without statements and a gap says so; so is any document that is no JSON.
    What is listed twice, because something was made or deleted while we paged, is kept as last seen. A user's usage is
    untracked here: passwords and keys are the credential report's. A role's goes back 400 days at most.
    Source: IAM GetAccountAuthorizationDetails.
    """
    return _Principals(observer).read()


def read_role_settings(observer: Observer) -> Reading[RoleSettings]:
    """The longest session and the description of each role, which the bulk reading lacks. Source: IAM ListRoles."""
    found: Collecting[RoleSettings] = Collecting(observer)
    opening = Documents(
        observer.redactor, api=GET_DETAILS.name
    )  # the same documents: what is seen in them is one sighting
    for page in found.pages(LIST_ROLES, opening=opening, MaxItems=_PAGE):
        for row in page.get("Roles", ()):
            found.add(
                RoleSettings(
                    role_id=row["RoleId"],
                    max_session_s=row.get("MaxSessionDuration"),
                    description=row.get("Description"),
                )
            )
    return found.reading()


class _Principals:
    """One sweep over the pages."""

    def __init__(self, observer: Observer) -> None:
        self._found: Collecting[Observed] = Collecting(observer)
        self._documents = Documents(observer.redactor, api=GET_DETAILS.name)
        self._used: dict[str, PolicyDocument] = {}
        self._faults: dict[str, Gap] = {}

    def read(self) -> Principals:
        seen: dict[str, Observed] = {}
        groups: dict[str, Group] = {}
        policies: dict[str, ManagedPolicy] = {}
        for page in self._found.pages(GET_DETAILS, opening=self._documents, Filter=_WANTED, MaxItems=_PAGE):
            seen |= {row["UserId"]: self._user(row) for row in page.get("UserDetailList", ())}
            seen |= {row["RoleId"]: self._role(row) for row in page.get("RoleDetailList", ())}
            groups |= {row["GroupId"]: self._group(row) for row in page.get("GroupDetailList", ())}
            policies |= {row["PolicyId"]: self._policy(row) for row in page.get("Policies", ())}
        listed = self._found.complete
        for one in _sorted(seen):
            self._found.add(one)
        for gap in _sorted(self._faults):
            self._found.gap(gap)
        return Principals(self._found.reading(), _sorted(groups), _sorted(policies), _sorted(self._used), listed)

    def _user(self, row: Mapping[str, Any]) -> Observed:
        facts = User(
            path=row["Path"],
            groups=tuple(sorted(row.get("GroupList", ()))),
            attached=_attached(row),
            inline=self._inline(row, "UserPolicyList"),
            boundary=_boundary(row),
        )
        return _observed(row, row["UserId"], row["UserName"], facts, Usage(tracked=False))

    def _role(self, row: Mapping[str, Any]) -> Observed:
        document: PolicyDocument | None = row.get("AssumeRolePolicyDocument")
        facts = Role(
            path=row["Path"],
            trust=self._trust(row),
            trust_document=self._keep(document) if document else None,
            attached=_attached(row),
            inline=self._inline(row, "RolePolicyList"),
            boundary=_boundary(row),
            instance_profiles=tuple(sorted(profile["Arn"] for profile in row.get("InstanceProfileList", ()))),
        )
        last = row.get("RoleLastUsed") or {}
        usage = Usage(
            tracked=True,  # null means no use in the tracking period
            last_used_at=_at(last, "LastUsedDate"),
            region=last.get("Region"),
            source=GET_DETAILS.name,
        )
        return _observed(row, row["RoleId"], row["RoleName"], facts, usage)

    def _trust(self, row: Mapping[str, Any]) -> tuple[TrustStatement, ...]:
        document: PolicyDocument | None = row.get("AssumeRolePolicyDocument")
        if document is None:
            self._fault(row["RoleId"], row["RoleName"], "AWS sent no trust policy for this role")
            return ()
        try:
            return self._documents.trust(document)
        except ValueError as error:
            self._fault(row["RoleId"], row["RoleName"], f"the trust policy is none that can be read: {error}")
            return ()

    def _fault(self, key: str, subject: str, detail: str) -> None:
        shown = printable(detail)[:_LONGEST_DETAIL]
        self._faults[key] = Gap(api=GET_DETAILS.name, reason=GapReason.UNREADABLE, detail=shown, subject=subject)

    def _group(self, row: Mapping[str, Any]) -> Group:
        return Group(
            id=row["GroupId"],
            arn=row["Arn"],
            name=row["GroupName"],
            path=row["Path"],
            created_at=_at(row, "CreateDate"),
            attached=_attached(row),
            inline=self._inline(row, "GroupPolicyList"),
        )

    def _policy(self, row: Mapping[str, Any]) -> ManagedPolicy:
        versions = [(one["VersionId"], self._use(one["Document"])) for one in row.get("PolicyVersionList", ())]
        return ManagedPolicy(
            id=row["PolicyId"],
            arn=row["Arn"],
            name=row["PolicyName"],
            path=row["Path"],
            default_version=row["DefaultVersionId"],
            created_at=_at(row, "CreateDate"),
            updated_at=_at(row, "UpdateDate"),
            versions=tuple(sorted(versions)),
        )

    def _inline(self, row: Mapping[str, Any], name: str) -> tuple[InlinePolicy, ...]:
        policies = row.get(name, ())
        return tuple(
            sorted(InlinePolicy(name=one["PolicyName"], document=self._use(one["PolicyDocument"])) for one in policies)
        )

    def _use(self, document: PolicyDocument) -> str:
        if not self._documents.readable(document):
            self._fault(document.sha256, document.sha256, "a policy document is no JSON and is kept as it came")
        return self._keep(document)

    def _keep(self, document: PolicyDocument) -> str:
        self._used[document.sha256] = document
        return document.sha256


def _observed(row: Mapping[str, Any], identifier: str, name: str, facts: User | Role, usage: Usage) -> Observed:
    return Observed(
        id=identifier,
        arn=row["Arn"],
        region=GLOBAL,
        name=name,
        created_at=_at(row, "CreateDate"),
        tags=tuple(sorted(Tag(key=tag["Key"], value=tag["Value"]) for tag in row.get("Tags", ()))),
        facts=facts,
        usage=usage,
    )


def _attached(row: Mapping[str, Any]) -> tuple[AttachedPolicy, ...]:
    policies = row.get("AttachedManagedPolicies", ())
    return tuple(sorted(AttachedPolicy(arn=one["PolicyArn"], name=one["PolicyName"]) for one in policies))


def _boundary(row: Mapping[str, Any]) -> str | None:
    arn: str | None = (row.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return arn


def _at(row: Mapping[str, Any], name: str) -> datetime | None:
    at = row.get(name)
    return utc(at) if at is not None else None


def _sorted[T](by_id: Mapping[str, T]) -> tuple[T, ...]:
    return tuple(by_id[key] for key in sorted(by_id))
