"""The credential report: one per account, made on request, kept for four hours, written in AWS's own sentinels."""

import csv
import io
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import AccessKey, SigningCertificate, User

from prooftrail.demo.mends.call import Answer, Call, Refusal
from prooftrail.demo.mends.caller import iam_of
from prooftrail.demo.mends.world import Beyond, Report, ReportForm, Root

KEPT = timedelta(hours=4)
_KEY = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active"),
    *(f"access_key_{slot}_{column}" for slot in (1, 2) for column in _KEY),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated", "additional_credentials_info"),
)

type Cell = str | bool | datetime

_NO_KEY: tuple[Cell, ...] = (False, "N/A", "N/A", "N/A", "N/A")
_NO_CERTIFICATE: tuple[Cell, ...] = (False, "N/A")


def _generate(call: Call) -> Mapping[str, Any]:
    """STARTED once, INPROGRESS while it is made, COMPLETE until four simulated hours have passed."""
    with call.world.lock:
        report = call.world.reports.get(call.account)
        if report is None or call.world.clock.now() - report.generated >= KEPT:
            call.world.reports[call.account] = _begun(call)
            old = "No report exists." if report is None else "The last report has expired."
            return {"State": "STARTED", "Description": f"{old} Starting a new report generation task"}
        return {"State": "COMPLETE" if _ready(call, report) else "INPROGRESS"}


def _get(call: Call) -> Mapping[str, Any]:
    with call.world.lock:
        report = call.world.reports.get(call.account)
        if report is None:
            raise Refusal("ReportNotPresent", "No report exists. Use GenerateCredentialReport to make one.")
        if not _ready(call, report):
            raise Refusal("ReportInProgress", "The credential report is still being generated.")
        if call.world.clock.now() - report.generated >= KEPT:
            raise Refusal("ReportExpired", "The most recent credential report has expired.")
        return {"Content": report.content, "ReportFormat": "text/csv", "GeneratedTime": report.generated}


def _ready(call: Call, report: Report) -> bool:
    if call.account in call.world.stuck_reports:
        return False
    return time.monotonic() - report.started_s >= call.world.report_delay.total_seconds()


def _begun(call: Call) -> Report:
    """A report shows the account at the moment it was asked for: whoever is born later is not in it."""
    at = call.world.clock.now().replace(microsecond=0)
    return Report(started_s=time.monotonic(), generated=at, content=_written(call))


def _written(call: Call) -> str:
    beyond = call.world.beyond(call.account)
    root = beyond.root or Root(created=datetime(2019, 1, 1, tzinfo=UTC))
    max_age = iam_of(call.account, call.partition).account_password_policy
    expires_days = max_age.max_password_age if max_age else None
    rows = [_root_row(call, root)]
    rows += [_user_row(user, beyond, expires_days) for user in iam_of(call.account, call.partition).users.values()]
    width = len(COLUMNS) if beyond.report.additional_column else len(COLUMNS) - 1
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(COLUMNS[:width])
    sheet.writerows([_cell(cell, beyond.report) for cell in row[:width]] for row in rows)
    return text.getvalue()


def _cell(cell: Cell, form: ReportForm) -> str:
    if isinstance(cell, bool):
        return str(cell).upper() if form.upper else str(cell).lower()
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%dT%H:%M:%S}" + ("Z" if form.zulu else "+00:00")
    return cell


def _root_row(call: Call, root: Root) -> list[Cell]:
    """The root user's row: `not_supported` wherever AWS does not say, and no password under central management."""
    key: list[Cell] = [True, root.key_created, "N/A", "N/A", "N/A"] if root.key_created else [*_NO_KEY]
    password: list[Cell] = (
        [False, "N/A", "N/A", "N/A"]
        if root.managed
        else ["not_supported", root.password_last_used or "no_information", "not_supported", "not_supported"]
    )
    certificate: list[Cell] = [True, root.created] if root.signing_certificate else [*_NO_CERTIFICATE]
    arn = call.arn("iam", "root")
    who: list[Cell] = ["<root_account>", arn, root.created, *password, root.mfa and not root.managed]
    return [*who, *key, *_NO_KEY, *certificate, *_NO_CERTIFICATE, ""]


def _user_row(user: User, beyond: Beyond, expires_days: int | None) -> list[Cell]:
    keys = [cell for slot in (0, 1) for cell in _key_cells(user.access_keys, slot)]
    held = list(user.signing_certificates.values())
    certificates = [cell for slot in (0, 1) for cell in _certificate_cells(held, slot)]
    return [
        user.name,
        user.arn,
        user.create_date,
        *_password_cells(user, beyond, expires_days),
        bool(user.mfa_devices),
        *keys,
        *certificates,
        beyond.additional_credentials.get(user.name, ""),
    ]


def _password_cells(user: User, beyond: Beyond, expires_days: int | None) -> list[Cell]:
    if not user.password:
        return [False, "N/A", "N/A", "N/A"]
    changed = beyond.password_changed.get(user.id, user.create_date)
    following: Cell = changed + timedelta(days=expires_days) if expires_days else "N/A"
    return [True, user.password_last_used or "no_information", changed, following]


def _key_cells(keys: list[AccessKey], slot: int) -> list[Cell]:
    """A key's five cells: an inactive one keeps its dates, a never used one has none."""
    if slot >= len(keys):
        return [*_NO_KEY]
    key = keys[slot]
    used: list[Cell] = ["N/A"] * 3
    if key.last_used:
        used = [key.last_used.timestamp, key.last_used.region, key.last_used.service]
    return [key.status == "Active", key.create_date, *used]


def _certificate_cells(held: list[SigningCertificate], slot: int) -> list[Cell]:
    return [held[slot].status == "Active", held[slot].upload_date] if slot < len(held) else [*_NO_CERTIFICATE]


ANSWERS: dict[str, Answer] = {"iam:GenerateCredentialReport": _generate, "iam:GetCredentialReport": _get}
