"""GetAccountAuthorizationDetails: four lists behind one marker, with everything but credentials."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from moto.iam.models import AWSManagedPolicy, Group, InstanceProfile, ManagedPolicy, Role, User

from prooftrail.demo.mends.call import Answer, Call, page_by_marker
from prooftrail.demo.mends.caller import iam_of
from prooftrail.demo.mends.iam_lists import boundary, last_used, role_row
from prooftrail.demo.mends.iam_policies import as_boundary, policy_row, version_row

type Item = User | Group | Role | ManagedPolicy

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def _wanted(call: Call) -> Iterator[tuple[str, Item]]:
    """What the filter asks for, each with the list it belongs to. AWS-managed policies only if attached."""
    iam, kinds = iam_of(call.account, call.partition), set(call.params.get("Filter") or ())
    if not kinds or "User" in kinds:
        yield from (("UserDetailList", user) for user in iam.users.values())
    if not kinds or "Group" in kinds:
        yield from (("GroupDetailList", group) for group in iam.groups.values())
    if not kinds or "Role" in kinds:
        yield from (("RoleDetailList", role) for role in iam.roles.values())
    for policy in iam.managed_policies.values():
        kind = "AWSManagedPolicy" if isinstance(policy, AWSManagedPolicy) else "LocalManagedPolicy"
        if (not kinds or kind in kinds) and (kind == "LocalManagedPolicy" or policy.attachment_count):
            yield "Policies", policy


def _place(listed: tuple[str, Item]) -> str:
    """Users before groups before roles before policies, each by name: the order the marker walks."""
    name, item = listed
    return f"{_LISTS.index(name)}/{item.arn if isinstance(item, ManagedPolicy) else item.name}"


def _documents(policies: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"PolicyName": name, "PolicyDocument": quote(text)} for name, text in policies.items()]


def _groups_by_user(call: Call) -> dict[str, list[str]]:
    """Group names by user id: moto looks through every group for every user."""
    membership: dict[str, list[str]] = {}
    for group in iam_of(call.account, call.partition).groups.values():
        for user in group.users:
            membership.setdefault(user.id, []).append(group.name)
    return membership


def _user(user: User, groups: list[str], bound: str | None) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "UserPolicyList": _documents(user.policies),
        "GroupList": groups,
        "AttachedManagedPolicies": user.attached_managed_policies,
        "PermissionsBoundary": boundary(bound),
        "Tags": user.tags or [],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.create_date,
        "GroupPolicyList": _documents(group.policies),
        "AttachedManagedPolicies": group.attached_managed_policies,
    }


def _role(role: Role, profiles: list[InstanceProfile]) -> dict[str, Any]:
    listed = role_row(role)
    row = {name: listed[name] for name in listed if name not in {"Description", "MaxSessionDuration"}}
    return row | {
        "InstanceProfileList": [_profile(profile) for profile in profiles],
        "RolePolicyList": _documents(role.policies),
        "AttachedManagedPolicies": role.attached_managed_policies,
        "PermissionsBoundary": boundary(role.permissions_boundary_arn),
        "Tags": role.tags or [],
        "RoleLastUsed": last_used(role),
    }


def _profile(profile: InstanceProfile) -> dict[str, Any]:
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": [role_row(role) for role in profile.roles],
    }


def _policy(call: Call, policy: ManagedPolicy) -> dict[str, Any]:
    bound = as_boundary(call, policy.arn)
    row = policy_row(policy, attachments=policy.attachment_count, as_boundary=bound)
    return row | {"PolicyVersionList": [version_row(version) for version in policy.versions]}


def _get_account_authorization_details(call: Call) -> Mapping[str, Any]:
    page, paging = page_by_marker(call, _wanted(call), _place)
    membership, bounds = _groups_by_user(call), call.world.beyond(call.account).user_boundaries
    profiles = list(iam_of(call.account, call.partition).instance_profiles.values())
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS}
    for name, item in page:
        match item:
            case User():
                rows[name].append(_user(item, membership.get(item.id, []), bounds.get(item.id)))
            case Group():
                rows[name].append(_group(item))
            case Role():
                rows[name].append(_role(item, [p for p in profiles if item in p.roles]))
            case ManagedPolicy():
                rows[name].append(_policy(call, item))
    return {**rows, **paging}


ANSWERS: dict[str, Answer] = {"iam:GetAccountAuthorizationDetails": _get_account_authorization_details}
