"""What a deployed function is told through its environment: written by infrastructure, read by the wiring.

A leaf that both sides import, so that a variable has one name and one form. Each function is given what its step
needs and nothing else; a step that asks for what it was not given gets a sentence that names the variable.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

PREFIX = "PROOFTRAIL_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A function's settings; None for what its step does not need.

    `signing_key`, `previous_signing_key`, `witness_key`, `fingerprint_key` are ARNs of keys or of their aliases. `regions` None scans all
    enabled ones. `retention_days` is by kind of evidence. `at` and `every_hours` are the schedule. `asset_sha256` is
    the hash of the code that was deployed.

    `notifier` is `sns` or `ses`. Owners' topics begin with `topic_prefix` and are encrypted with `notices_key`, an ARN;
    `receipts_queue` is the name of the queue of receipts, in the key's account and region. `mail_from` and `configuration_set` are for `ses`.
    """

    stage: str
    asset_sha256: str
    evidence_account: str | None = None
    bucket: str | None = None
    work_bucket: str | None = None
    table: str | None = None
    signing_key: str | None = None
    previous_signing_key: str | None = None
    witness_key: str | None = None
    fingerprint_key: str | None = None
    role_name: str | None = None
    external_id: str | None = None
    organization_id: str | None = None
    regions: tuple[str, ...] | None = None
    every_hours: int | None = None
    at: str | None = None
    lock_mode: str | None = None
    retention_days: dict[str, int] | None = None
    state_machine: str | None = None
    topic: str | None = None
    notifier: str | None = None
    topic_prefix: str | None = None
    receipts_queue: str | None = None
    notices_key: str | None = None
    mail_from: str | None = None
    configuration_set: str | None = None

    def variables(self) -> dict[str, str]:
        """The environment that says this; what is None is left out."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return {f"{PREFIX}{name.upper()}": _written(value) for name, value in given.items() if value is not None}

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`. Raises ValueError naming the variable that is missing or makes no sense."""
        given: dict[str, Any] = {}
        for one in fields(cls):
            variable = f"{PREFIX}{one.name.upper()}"
            if (text := environment.get(variable)) is not None:
                wanted = one.type.__name__ if isinstance(one.type, type) else str(one.type)
                given[one.name] = _read(variable, text, wanted)
        for required in ("stage", "asset_sha256"):
            if required not in given:
                raise ValueError(f"{PREFIX}{required.upper()} is not set: deploy the function with `cdk deploy`.")
        return cls(**given)

    def need(self, name: str) -> Any:
        """The setting `name`. Raises ValueError naming its variable where this function was not given one."""
        value = getattr(self, name)
        if value is None:
            raise ValueError(f"{PREFIX}{name.upper()} is not set, and this step needs it: deploy the function again.")
        return value


def _written(value: Any) -> str:
    if isinstance(value, str | int):
        return str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _read(variable: str, text: str, wanted: str) -> Any:
    if wanted.startswith("str"):
        return text
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{variable} is no JSON ({error}): deploy the function again.") from error
    if wanted.startswith("int") and isinstance(value, int):
        return value
    if wanted.startswith("tuple") and isinstance(value, list):
        return tuple(value)
    if wanted.startswith("dict") and isinstance(value, dict):
        return value
    raise ValueError(f"{variable} is {text!r}, which is not {wanted}: deploy the function again.")


_LOCKER = ("bucket", "lock_mode", "retention_days", "fingerprint_key")
_SCHEDULE = ("every_hours", "at")

NEEDS: Mapping[str, tuple[str, ...]] = {
    "tick": ("state_machine", *_SCHEDULE),
    "open_chain": (
        *_LOCKER,
        *_SCHEDULE,
        "evidence_account",
        "organization_id",
        "previous_signing_key",
        "signing_key",
        "table",
        "witness_key",
    ),
    "start_run": (*_LOCKER, *_SCHEDULE, "organization_id", "role_name", "signing_key", "table", "work_bucket"),
    "scan_account": (*_LOCKER, "external_id", "regions", "role_name"),
    "record_failure": _LOCKER,
    "close_run": (*_LOCKER, "previous_signing_key", "signing_key", "table", "work_bucket"),
    "tell_accounts": ("bucket", "table"),
    "record_run": ("bucket", "table"),
    "plan_notices": (*_LOCKER, "notifier", "table", "work_bucket"),
    "send_notices": (
        *_LOCKER,
        "configuration_set",
        "mail_from",
        "notices_key",
        "notifier",
        "receipts_queue",
        "table",
        "topic_prefix",
        "work_bucket",
    ),
    "watch": ("bucket", "lock_mode", "previous_signing_key", "retention_days", "signing_key", "witness_key"),
    "weekly": ("bucket", "previous_signing_key", "signing_key", "topic", "witness_key"),
}
"""The settings each door of `handlers` is given, beside `stage` and `asset_sha256`."""
