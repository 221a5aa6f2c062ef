"""STS: a role is assumed only if it is there, its account is alive and its trust policy says yes."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from moto.iam.models import Role

from prooftrail.demo.mends.call import Answer, Call, Refusal
from prooftrail.demo.mends.caller import Caller, caller_of, iam_of
from prooftrail.demo.mends.organizations import organization_of
from prooftrail.demo.mends.trust import Attempt, as_list, names, permits
from prooftrail.demo.mends.world import RoleSession

_CHAINED_MAX_S = 3600
_POLICY_MAX_CHARS = 2048


def _assume_role(call: Call) -> Mapping[str, Any]:
    caller, arn = caller_of(call), str(call.params["RoleArn"])
    role = _role_at(arn, call.partition)
    if role is None or not _trusts(role, call, caller):
        raise Refusal(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            status=403,
        )
    seconds = _duration_s(call, caller, role)
    session = _session(call, role, seconds)
    key = iam_of(role.account_id, call.partition).create_temp_access_key()
    with call.world.lock:
        call.world.sessions[key.access_key_id] = session
    return {
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": sha256(key.secret_access_key.encode()).hexdigest() * 4,
            "Expiration": _expiration(call, seconds),
        },
        "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{session.name}", "Arn": session.arn},
        "PackedPolicySize": len(session.policy) * 100 // _POLICY_MAX_CHARS if session.policy else None,
        "SourceIdentity": call.params.get("SourceIdentity"),
    }


def _session(call: Call, role: Role, seconds: int) -> RoleSession:
    name = str(call.params["RoleSessionName"])
    return RoleSession(
        account=role.account_id,
        role_name=role.name,
        role_id=role.id,
        arn=f"arn:{call.partition}:sts::{role.account_id}:assumed-role/{role.name}/{name}",
        name=name,
        policy=_session_policy(call),
        until_s=time.monotonic() + seconds,
    )


def _expiration(call: Call, seconds: int) -> datetime:
    """Later than now on the simulated clock and on the real one: SDKs refresh by the real one."""
    real = datetime.now(UTC)  # noqa: TID251  # the one place that must agree with the SDK's own clock
    return max(call.world.clock.now(), real).replace(microsecond=0) + timedelta(seconds=seconds)


def _role_at(arn: str, partition: str) -> Role | None:
    """The role in its account, unless the account is no active member of any organization it was in."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if not account.isdigit():
        return None
    organization = organization_of(account, partition)
    member = next((m for m in organization.accounts if m.id == account), None) if organization else None
    if member is not None and member.state != "ACTIVE":
        return None
    return next((role for role in iam_of(account, partition).roles.values() if role.arn == arn), None)


def _trusts(role: Role, call: Call, caller: Caller) -> bool:
    organization = organization_of(caller.account, call.partition)
    keys = {
        "sts:ExternalId": call.params.get("ExternalId"),
        "sts:RoleSessionName": call.params.get("RoleSessionName"),
        "sts:SourceIdentity": call.params.get("SourceIdentity"),
        "aws:PrincipalArn": _principal_arn(caller, call.partition),
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalOrgID": organization.org.id if organization and organization.org else None,
    }
    attempt = Attempt(
        account=caller.account,
        arn=_principal_arn(caller, call.partition),
        keys={name: str(value) for name, value in keys.items() if value is not None},
    )
    asked = {"sts:AssumeRole": True, "sts:SetSourceIdentity": "SourceIdentity" in call.params}
    asked["sts:TagSession"] = bool(call.params.get("Tags"))
    return all(permits(role.assume_role_policy_document, attempt, action) for action in asked if asked[action])


def _principal_arn(caller: Caller, partition: str) -> str:
    """A session acts as its role: conditions on the principal see the role's ARN."""
    if caller.session is None:
        return caller.arn
    roles = iam_of(caller.account, partition).roles
    role = roles.get(caller.session.role_id)
    return role.arn if role else caller.arn


def _duration_s(call: Call, caller: Caller, role: Role) -> int:
    asked = int(call.params.get("DurationSeconds") or 3600)
    if asked > int(role.max_session_duration or 3600):
        raise Refusal(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if caller.session is not None and asked > _CHAINED_MAX_S:
        raise Refusal(
            "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for role chaining."
        )
    return asked


def _session_policy(call: Call) -> str | None:
    policy = call.params.get("Policy")
    if policy is None:
        return None
    if len(policy) > _POLICY_MAX_CHARS:
        raise Refusal("PackedPolicyTooLarge", "The session policy is too large.")
    try:
        json.loads(policy)
    except ValueError as broken:
        raise Refusal("MalformedPolicyDocument", "The policy is not in the valid JSON format.") from broken
    return str(policy)


def session_allows(session: RoleSession, action: str) -> bool:
    """Whether the session's own policy leaves `action` open; resources and conditions are not looked at."""
    if session.policy is None:
        return True
    allowed = False
    for statement in as_list(json.loads(session.policy).get("Statement")):
        if names(as_list(statement.get("Action")), action):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _get_caller_identity(call: Call) -> Mapping[str, Any]:
    caller = caller_of(call)
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


ANSWERS: dict[str, Answer] = {"sts:AssumeRole": _assume_role, "sts:GetCallerIdentity": _get_caller_identity}
