"""boto3 clients that knock on the simulated organization, and nowhere else."""

import csv
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlparse
from weakref import WeakKeyDictionary

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from prooftrail.demo.organization import SimulatedOrganization

FIRST_DAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
REPORT_DELAY = timedelta(seconds=0.05)
_SESSION = boto3.Session()
_SESSIONS: WeakKeyDictionary[SimulatedOrganization, dict[str, dict[str, str]]] = WeakKeyDictionary()
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)


@contextmanager
def opened(**wishes: Any) -> Iterator[SimulatedOrganization]:
    """An organization for as long as the `with` lasts, proved to listen on loopback."""
    with SimulatedOrganization(**{"first_day": FIRST_DAY, "report_delay": REPORT_DELAY} | wishes) as organization:
        assert urlparse(organization.endpoint_url).hostname == "127.0.0.1"
        yield organization


def client(
    organization: SimulatedOrganization,
    service: str,
    *,
    credentials: Mapping[str, str] | None = None,
    region: str | None = None,
) -> Any:
    """A client that tries once, for the scanner's user unless other credentials are given."""
    signed = tuple(sorted((credentials or organization.credentials()).items()))
    return _made(service, organization.endpoint_url, region or organization.home_region, signed)


@lru_cache(maxsize=64)
def _made(service: str, endpoint_url: str, region: str, signed: tuple[tuple[str, str], ...]) -> Any:
    """Clients are slow to make and hold nothing of the organization but its address."""
    return _SESSION.client(  # type: ignore[call-overload]  # the service is a parameter
        service, endpoint_url=endpoint_url, region_name=region, config=_ONCE, **dict(signed)
    )


def partition_of(organization: SimulatedOrganization) -> str:
    """The partition the home region lies in."""
    return _SESSION.get_partition_for_region(organization.home_region)


def role_arn(organization: SimulatedOrganization, account: str) -> str:
    """The reader's role in the account (by plan name)."""
    number = organization.account_id(account)
    return f"arn:{partition_of(organization)}:iam::{number}:role{organization.role_path}{organization.role_name}"


def assumed(organization: SimulatedOrganization, account: str, **more: Any) -> dict[str, str]:
    """Credentials of the reader's role in the account (by plan name)."""
    asked = {"RoleSessionName": "a-run", "ExternalId": organization.external_id, "SourceIdentity": "20260302T060000Z"}
    answer = client(organization, "sts").assume_role(RoleArn=role_arn(organization, account), **(asked | more))
    given = answer["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def inside(organization: SimulatedOrganization, account: str, service: str, **more: Any) -> Any:
    """A client standing in the account as the reader's role; one session an account is enough for all of them."""
    sessions = _SESSIONS.setdefault(organization, {})
    if account not in sessions:
        sessions[account] = assumed(organization, account)
    return client(organization, service, credentials=sessions[account], **more)


def every(an_api: Any, operation: str, rows: str, **asked: Any) -> list[Any]:
    """All rows of a paged operation."""
    return [row for page in an_api.get_paginator(operation).paginate(**asked) for row in page[rows]]


def refusal(failed: ClientError) -> tuple[str, int]:
    """Code and HTTP status."""
    return failed.response["Error"]["Code"], failed.response["ResponseMetadata"]["HTTPStatusCode"]


def details(an_iam: Any, kind: str, rows: str) -> list[Any]:
    """All rows of one list of the authorization details."""
    return every(an_iam, "get_account_authorization_details", rows, Filter=[kind])


def report_of(an_iam: Any) -> tuple[list[dict[str, str]], datetime]:
    """The account's credential report, awaited; and its time."""
    while an_iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(0.02)
    answer = an_iam.get_credential_report()
    return list(csv.DictReader(io.StringIO(answer["Content"].decode()))), answer["GeneratedTime"]
