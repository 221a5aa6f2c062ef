"""Whose access key signed this request?"""

import base64
import binascii
import time
from dataclasses import dataclass

from moto.iam.models import IAMBackend, User, iam_backends

from prooftrail.demo.mends.call import Call, Refusal
from prooftrail.demo.mends.world import RoleSession

# An AWS key id carries its account: 40 bits after the four-letter prefix, one more in the next letter.
_OFFSET = 1 << 39


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The principal behind a key, as GetCallerIdentity would name it."""

    account: str
    arn: str
    user_id: str
    session: RoleSession | None = None
    user: User | None = None


def account_in_key(key_id: str) -> str | None:
    """The account number an AKIA… or ASIA… id carries, or None if it is no such id."""
    try:
        number = int.from_bytes(base64.b32decode(key_id[4:12]), "big") - _OFFSET
    except (binascii.Error, ValueError):
        return None
    if number < 0 or len(key_id) != 20:
        return None
    return f"{number * 2 + (key_id[12] in 'QRSTUVWXYZ234567'):012d}"


def iam_of(account: str, partition: str) -> IAMBackend:
    """Moto's IAM of one account."""
    return iam_backends[account][partition]


def caller_of(call: Call) -> Caller:
    """The caller, or AWS's refusal where the key is unknown, inactive or its session has ended."""
    if session := call.world.sessions.get(call.key_id):
        if time.monotonic() >= session.until_s:
            raise _expired(call.service)
        return Caller(
            account=session.account,
            arn=session.arn,
            user_id=f"{session.role_id}:{session.name}",
            session=session,
        )
    if call.world.strangers and account_in_key(call.key_id) is None:
        return Caller(account=call.account, arn=call.arn("iam", "root"), user_id=call.account)
    iam = iam_of(call.account, call.partition)
    key = iam.access_keys.get(call.key_id)
    user = iam.users.get(key.user_name) if key and key.user_name else None
    if key is None or user is None or key.status != "Active":
        raise _unknown(call.service)
    return Caller(account=call.account, arn=user.arn, user_id=user.id, user=user)


def _unknown(service: str) -> Refusal:
    code = {"iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId", "ec2": "AuthFailure"}
    text = "The security token included in the request is invalid."
    return Refusal(code.get(service, "UnrecognizedClientException"), text, status=_STATUS.get(service, 400))


def _expired(service: str) -> Refusal:
    code = {"iam": "ExpiredToken", "sts": "ExpiredToken", "ec2": "RequestExpired"}
    text = "The security token included in the request is expired"
    return Refusal(code.get(service, "ExpiredTokenException"), text, status=_STATUS.get(service, 400))


# The JSON services answer 400 to any bad credential; the others say so in the status.
_STATUS = {"iam": 403, "sts": 403, "account": 403, "ec2": 401}
