"""What the steps of the proof share: where everything is, who asks, and how a step says what it expected and saw."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from e2e.servers import REGION, SECRET, Door, assert_loopback

STAGE = "e2e"
_CONFIG = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=120)


class StepFailed(AssertionError):
    """A step saw something else than it has to: what was expected, what was seen, and where to look."""


@dataclass(kw_only=True)
class Proof:
    """One pass of the proof. Accounts are by name; `logs` takes everything that is written on the way."""

    endpoint: str
    door: Door
    logs: Path
    accounts: dict[str, str] = field(default_factory=dict)
    organization_id: str = ""
    stage: dict[str, Any] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    session: Any = field(default_factory=lambda: boto3.Session(region_name=REGION))

    def client(self, service: Any, account: str) -> Any:
        """A client under the root of an account, which MiniStack lets past identity and bucket policies."""
        return self.client_with(service, {"aws_access_key_id": self.accounts[account], "aws_secret_access_key": SECRET})

    def client_as(self, service: Any, account: str, role: str, **request: str) -> Any:
        """A client under a role, assumed by `account`; every policy counts for it."""
        return self.client_with(service, session_keys(self.client("sts", account), role, **request))

    def client_with(self, service: Any, keys: dict[str, str]) -> Any:
        """A client with these credentials."""
        return self.session.client(service, endpoint_url=assert_loopback(self.endpoint), config=_CONFIG, **keys)

    @property
    def evidence_bucket(self) -> str:
        """The bucket the State stack makes."""
        return f"prooftrail-{STAGE}-evidence-{self.accounts['evidence']}-{REGION}"

    @property
    def table(self) -> str:
        """The table the Ledger stack makes."""
        return f"prooftrail-{STAGE}-ledger"

    def key_arn(self, name: str) -> str:
        """The alias ARN of a key in the evidence account."""
        return f"arn:aws:kms:{REGION}:{self.accounts['evidence']}:alias/prooftrail-{STAGE}-{name}"

    def invoke(self, account: str, door: str, event: dict[str, Any]) -> Any:
        """What a function answers. Raises StepFailed with its error and the tail of its log."""
        name = f"prooftrail-{STAGE}-{door.replace('_', '-')}"
        answer = self.client("lambda", account).invoke(FunctionName=name, Payload=json.dumps(event))
        said = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise StepFailed(f"{name} failed on {event}: {said[:1500]}\n{self.log_tail(account, name)}")
        return json.loads(said)

    def log_tail(self, account: str, function: str, lines: int = 15) -> str:
        """The newest lines of a function's log."""
        return "\n".join(f"    {line[:600]}" for line in self._lines(account, f"/aws/lambda/{function}")[-lines:])

    def keep_logs(self) -> None:
        """Writes every log group to a file beside the other logs, for whoever has to find out."""
        for account in ("tooling", "evidence"):
            with suppress(ClientError, BotoCoreError):
                groups = self.client("logs", account).describe_log_groups()["logGroups"]
                for name in (one["logGroupName"] for one in groups):
                    text = "\n".join(self._lines(account, name))
                    (self.logs / f"log{name.replace('/', '-')}.txt").write_text(text)

    def _lines(self, account: str, group: str) -> list[str]:
        try:
            pages = self.client("logs", account).get_paginator("filter_log_events").paginate(logGroupName=group)
            return [one["message"].rstrip() for page in pages for one in page["events"]]
        except ClientError as error:
            return [f"(no log {group}: {error})"]


def session_keys(sts: Any, role: str, **request: str) -> dict[str, str]:
    """The credentials of a session of `role`."""
    given = sts.assume_role(RoleArn=role, RoleSessionName="e2e", **request)["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def expect(what: str, expected: Any, seen: Any) -> None:
    """Fails the step unless what was seen is exactly what was expected."""
    if expected != seen:
        raise StepFailed(f"{what}\n  expected: {_short(expected)}\n  seen:     {_short(seen)}")


def refused(what: str, codes: tuple[str, ...], call: Callable[[], Any]) -> None:
    """Fails the step unless AWS refuses `call` with one of `codes`."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in codes:
            raise StepFailed(f"{what} was refused with {code}, not with {' or '.join(codes)}: {error}") from error
        return
    raise StepFailed(f"{what}\n  expected: refused with {' or '.join(codes)}\n  seen:     it was done")


def until[T](what: str, look: Callable[[], T | None], *, seconds: float) -> T:
    """What `look` gives as soon as it is not None. Fails the step after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.25)
    raise StepFailed(f"{what}: not within {seconds:.0f} s")


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    """Seconds since the block began."""
    began = time.monotonic()
    yield lambda: time.monotonic() - began


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
    return text if len(text) <= 1500 else f"{text[:1500]} … ({len(text)} characters)"
