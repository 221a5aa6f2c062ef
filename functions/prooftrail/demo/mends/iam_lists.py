"""IAM's lists of users, groups, roles and keys: paged, and with no member AWS leaves out of a list."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from moto.iam.models import AccessKey, Group, ManagedPolicy, Role, User

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_marker
from prooftrail.demo.mends.caller import caller_of, iam_of


def user_of(call: Call, name: str) -> User:
    """The named user of the caller's account."""
    user = iam_of(call.account, call.partition).users.get(name)
    if user is None:
        raise Refusal("NoSuchEntity", f"The user with name {name} cannot be found.")
    return user


def boundary(arn: str | None) -> dict[str, str] | None:
    """A permissions boundary as AWS writes it."""
    if not arn:
        return None
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


def user_row(user: User) -> dict[str, Any]:
    """A user as lists show it: no tags, no boundary."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "PasswordLastUsed": user.password_last_used if user.password else None,
    }


def role_row(role: Role) -> dict[str, Any]:
    """A role as lists show it: no tags, no boundary, no last use."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        "Description": role.description or None,
        "MaxSessionDuration": int(role.max_session_duration or 3600),
    }


def last_used(role: Role) -> dict[str, Any]:
    """RoleLastUsed: an empty structure where AWS saw no use in its tracking period."""
    return {"LastUsedDate": role.last_used, "Region": role.last_used_region} if role.last_used else {}


def under[T: User | Group | Role | ManagedPolicy](call: Call, items: Iterable[T]) -> list[T]:
    """The items below the path prefix the caller asked for."""
    prefix = call.params.get("PathPrefix") or "/"
    return [item for item in items if item.path.startswith(prefix)]


def _list_users(call: Call) -> Mapping[str, Any]:
    users = under(call, iam_of(call.account, call.partition).users.values())
    page, paging = page_by_marker(call, users, lambda user: user.name)
    return {"Users": [user_row(user) for user in page], **paging}


def _list_groups(call: Call) -> Mapping[str, Any]:
    groups = under(call, iam_of(call.account, call.partition).groups.values())
    page, paging = page_by_marker(call, groups, lambda group: group.name)
    rows = [
        {"Path": g.path, "GroupName": g.name, "GroupId": g.id, "Arn": g.arn, "CreateDate": g.create_date} for g in page
    ]
    return {"Groups": rows, **paging}


def _list_roles(call: Call) -> Mapping[str, Any]:
    roles = under(call, iam_of(call.account, call.partition).roles.values())
    page, paging = page_by_marker(call, roles, lambda role: role.name)
    return {"Roles": [role_row(role) for role in page], **paging}


def _get_role(call: Call) -> Mapping[str, Any]:
    name = call.params["RoleName"]
    role = next((r for r in iam_of(call.account, call.partition).roles.values() if r.name == name), None)
    if role is None:
        raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.")
    more = {"Tags": role.tags or None, "PermissionsBoundary": boundary(role.permissions_boundary_arn)}
    return {"Role": role_row(role) | more | {"RoleLastUsed": last_used(role)}}


def _list_access_keys(call: Call) -> Mapping[str, Any]:
    caller = caller_of(call)
    user = user_of(call, call.params.get("UserName") or (caller.user.name if caller.user else ""))
    page, paging = page_by_marker(call, user.access_keys, lambda key: key.access_key_id)
    return {"AccessKeyMetadata": [_key_row(user, key) for key in page], **paging}


def _key_row(user: User, key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "AccessKeyId": key.access_key_id,
        "Status": key.status,
        "CreateDate": key.create_date,
    }


def _get_access_key_last_used(call: Call) -> Mapping[str, Any]:
    key = iam_of(call.account, call.partition).access_keys.get(call.params["AccessKeyId"])
    if key is None or key.user_name is None:
        raise Refusal(
            "AccessDenied",
            f"User: {caller_of(call).arn} is not authorized to perform: iam:GetAccessKeyLastUsed "
            f"on resource: access key {call.params['AccessKeyId']}",
            status=403,
        )
    used = key.last_used
    if used is None:
        return {"UserName": key.user_name, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    shown = {"LastUsedDate": used.timestamp, "ServiceName": used.service, "Region": used.region}
    return {"UserName": key.user_name, "AccessKeyLastUsed": shown}


ANSWERS: dict[str, Answer] = {
    "iam:ListUsers": _list_users,
    "iam:ListGroups": _list_groups,
    "iam:ListRoles": _list_roles,
    "iam:GetRole": _get_role,
    "iam:ListAccessKeys": _list_access_keys,
    "iam:GetAccessKeyLastUsed": _get_access_key_last_used,
}
