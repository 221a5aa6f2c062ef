"""IAM as a test tells it: an account's answers in AWS's wire forms, on the loopback server, and what was kept of them."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from prooftrail.adapters.aws.observer import Observer
from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import Report
from prooftrail.model.iam import AccessKey, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.reading import Reading
from prooftrail.ports import RawResponse
from tests.adapters.aws.loopback import ACCOUNT, HOME, NOW, Aws, Kept, Refusal, listening, unpaced
from tests.emulators import assert_loopback

BORN = datetime.fromisoformat("2025-06-01T08:00:00+00:00")
GENERATED = NOW - timedelta(minutes=1)
COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]
DENIED = Refusal("AccessDenied", "User: someone is not authorized to perform this", status=403)
THROTTLED = Refusal("Throttling", "Rate exceeded")
GONE = Refusal("NoSuchEntity", "The user cannot be found.", status=404)

DETAILS, ROLES = "iam:GetAccountAuthorizationDetails", "iam:ListRoles"
GENERATE, REPORT = "iam:GenerateCredentialReport", "iam:GetCredentialReport"
KEYS, LAST_USED = "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"
VIRTUAL, DEVICES = "iam:ListVirtualMFADevices", "iam:ListMFADevices"
SUMMARY, PASSWORD = "iam:GetAccountSummary", "iam:GetAccountPasswordPolicy"

_SESSION = boto3.Session("AKIATESTING", "testing", region_name=HOME)


def arn_of(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def user_id(name: str) -> str:
    letters = "".join(letter for letter in name.upper() if letter.isalnum())
    return f"AIDA{letters[:17]:0>17}"


def akia(name: str) -> str:
    """An access key id of AWS's length."""
    return f"AKIA{name:0>16}"


def wire(value: Any) -> Any:
    """A value as IAM writes it: booleans in lower case, policies percent-encoded, blobs in base64."""
    if isinstance(value, Mapping):
        return {name: wire(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [wire(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else value


def encoded(policy: Any) -> str:
    """A policy document as IAM sends it."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return urllib.parse.quote(text, safe="")


def trusting(principal: Mapping[str, Any] | str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return encoded({"Version": "2012-10-17", "Statement": [statement]})


LAMBDA = trusting({"Service": "lambda.amazonaws.com"})


def a_user(name: str, *, born: datetime = BORN, **more: Any) -> dict[str, Any]:
    row = {"UserName": name, "UserId": user_id(name), "Arn": arn_of("user", name), "Path": "/", "CreateDate": born}
    return row | more


def a_role(name: str, *, trust: str = LAMBDA, **more: Any) -> dict[str, Any]:
    row = {"RoleName": name, "RoleId": f"AROA{name.upper():0>17}", "Arn": arn_of("role", name), "Path": "/"}
    return row | {"CreateDate": BORN, "AssumeRolePolicyDocument": trust} | more


def details(*users: Mapping[str, Any], **lists: list[Any]) -> dict[str, Any]:
    page = {"UserDetailList": list(users), "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return wire(page | {"IsTruncated": False} | lists)  # type: ignore[no-any-return]


def key_row(user: str, identifier: str, *, born: datetime = BORN, status: str = "Active") -> dict[str, Any]:
    return {"UserName": user, "AccessKeyId": identifier, "Status": status, "CreateDate": born}


def keys_row(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return wire({"AccessKeyMetadata": list(rows), "IsTruncated": False})  # type: ignore[no-any-return]


def a_line(name: str, **cells: str) -> dict[str, str]:
    """A row of the credential report: a user without anything, but for `cells`."""
    nothing = {column: "false" if column.endswith("_active") else "N/A" for column in COLUMNS}
    who = {"user": name, "arn": arn_of("user", name), "user_creation_time": stamp(BORN), "password_enabled": "false"}
    return nothing | who | cells


def slot(number: int, *, born: datetime = BORN, active: str = "true", used: str = "N/A") -> dict[str, str]:
    name = f"access_key_{number}"
    known = used not in {"N/A", "not_supported"}
    return {
        f"{name}_active": active,
        f"{name}_last_rotated": stamp(born),
        f"{name}_last_used_date": used,
        f"{name}_last_used_region": "eu-west-1" if known else used,
        f"{name}_last_used_service": "s3" if known else used,
    }


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def a_report(*lines: Mapping[str, str] | str, columns: list[str] = COLUMNS) -> dict[str, Any]:
    """A report as GetCredentialReport sends it; a line may be raw text."""
    written = [one if isinstance(one, str) else ",".join(one.get(name, "N/A") for name in columns) for one in lines]
    content = "\n".join([",".join(columns), *written]).encode()
    return wire({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": GENERATED})  # type: ignore[no-any-return]


def a_key(
    identifier: str, user: str = "ann", *, born: datetime = BORN, status: str = "Active", **more: Any
) -> Observed:
    """An access key as the previous snapshot holds it."""
    facts = AccessKey(user_id=user_id(user), user_name=user, status=status)
    return Observed(
        id=identifier,
        arn=arn_of("user", user),
        region="global",
        name=identifier,
        created_at=born,
        tags=(),
        facts=facts,
        parent=user_id(user),
        **{"usage": Usage(tracked=True, source=REPORT), **more},
    )


@dataclass
class Steps:
    """Time that passes only where somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@dataclass
class Seen:
    """An observer and what it kept."""

    observer: Observer
    raw: list[RawResponse]
    redactor: Redactor


def watching(aws: Aws, *, attempts: int = 1, owner_tags: tuple[str, ...] = ("owner",), now: datetime = NOW) -> Seen:
    """An observer on the loopback server whose clients try `attempts` times."""
    assert_loopback(aws.url)
    raw, redactor = Kept(), Redactor(b"k" * 32, owner_tags)
    config = Config(
        retries={"total_max_attempts": attempts, "mode": "standard"},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=20,
    )

    def client_of(service: str, region: str) -> Any:
        return _SESSION.client(service, region_name=region, endpoint_url=aws.url, config=config)  # type: ignore[call-overload]  # any service

    observer = Observer(
        account=ACCOUNT,
        partition="aws",
        client_of=client_of,
        home_region=HOME,
        governors=unpaced(),
        clock=_At(now),
        raw=raw,
        redactor=redactor,
    )
    return Seen(observer, raw, redactor)


@contextmanager
def an_account() -> Iterator[Aws]:
    """An account that answers every question a scan asks: it holds nothing."""
    with listening() as aws:
        for action, answer in _EMPTY.items():
            aws.answer(action, answer)
        yield aws


def markers(*pages: Any) -> Callable[[dict[str, Any]], Any]:
    """One page after another by Marker; each but the last says that it is truncated."""

    def page(parameters: dict[str, Any]) -> Any:
        number = int(parameters.get("Marker", "0"))
        if isinstance(pages[number], Refusal):
            return pages[number]
        more = number + 1 < len(pages)
        return pages[number] | {"IsTruncated": str(more).lower()} | ({"Marker": str(number + 1)} if more else {})

    return page


def one_after_another(*answers: Any) -> Callable[[dict[str, Any]], Any]:
    """The first answer, then the second, and so on; the last for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def by_user(answers: Mapping[str, Any], otherwise: Any = None) -> Callable[[dict[str, Any]], Any]:
    """The answer that belongs to the UserName asked about."""
    return lambda parameters: answers.get(parameters["UserName"], otherwise)


def read_as(report: Report | None) -> Reading[Report]:
    return Reading(items=(report,) if report else ())


class _At:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


_EMPTY: dict[str, Any] = {
    GENERATE: {"State": "COMPLETE"},
    REPORT: a_report(),
    DETAILS: details(),
    ROLES: {"Roles": [], "IsTruncated": "false"},
    KEYS: keys_row(),
    VIRTUAL: {"VirtualMFADevices": [], "IsTruncated": "false"},
    DEVICES: {"MFADevices": [], "IsTruncated": "false"},
    SUMMARY: {"SummaryMap": [{"key": "Users", "value": 0}, {"key": "AccountMFAEnabled", "value": 1}]},
    PASSWORD: Refusal("NoSuchEntity", "The Password Policy cannot be found.", status=404),
    "iam:ListServiceSpecificCredentials": {"ServiceSpecificCredentials": [], "IsTruncated": "false"},
    "iam:ListSAMLProviders": {"SAMLProviderList": []},
    "iam:ListOpenIDConnectProviders": {"OpenIDConnectProviderList": []},
    "iam:ListServerCertificates": {"ServerCertificateMetadataList": [], "IsTruncated": "false"},
    "iam:ListOrganizationsFeatures": {"OrganizationId": "o-example", "EnabledFeatures": []},
    "iam:GetOutboundWebIdentityFederationInfo": Refusal("FeatureDisabled", "It is switched off.", status=404),
    "account:GetAlternateContact": Refusal("ResourceNotFoundException", "No such contact.", status=404),
    "account:ListRegions": {"Regions": [{"RegionName": HOME, "RegionOptStatus": "ENABLED"}]},
    "secretsmanager:ListSecrets": {"SecretList": []},
    "sso:ListInstances": {"Instances": []},
}
