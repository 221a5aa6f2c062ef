"""What AWS writes into the cells of a credential report, and what it means by each of its sentinels.

Source: IAM User Guide, "Get credential reports for your AWS account".
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime

from prooftrail.model.canonical import utc
from prooftrail.model.iam import CertificateSlot, KeySlot, ReportRow, Usage

SOURCE = "iam:GetCredentialReport"

_SLOTS = (1, 2)
_NEEDED = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    "mfa_active",
    *(f"access_key_{slot}_{what}" for slot in _SLOTS for what in ("active", "last_rotated", "last_used_date")),
    *(f"cert_{slot}_{what}" for slot in _SLOTS for what in ("active", "last_rotated")),
)
_NOT_APPLICABLE, _NO_INFORMATION, _NOT_SUPPORTED = "n/a", "no_information", "not_supported"
_SENTINELS = frozenset({_NOT_APPLICABLE, _NO_INFORMATION, _NOT_SUPPORTED, ""})


class Malformed(ValueError):
    """A report, or one row of it, is not what AWS documents; the message says in which way."""


def addresses(content: str) -> Iterator[str]:
    """The user names that hold an address, from the text of a report that is not yet redacted."""
    return (line.partition(",")[0].strip('"') for line in content.splitlines() if "@" in line)


def table(content: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """The column names and the rows. Raises Malformed for what is no CSV."""
    try:
        lines = [line for line in csv.reader(io.StringIO(content)) if line]
    except csv.Error as error:
        raise Malformed(f"the report is no CSV: {error}") from error
    return (tuple(lines[0]), lines[1:]) if lines else ((), [])


def missing_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns we cannot do without and the report does not have; it may have more, in any order."""
    return tuple(name for name in _NEEDED if name not in columns)


def row_of(columns: tuple[str, ...], line: list[str]) -> ReportRow:
    """One row. Raises Malformed.

    `no_information` for a password means that AWS has no use on record since it began to track on 2014-10-20: tracked,
    never used. `N/A` there means that there is no password, and says nothing. For a key's last use `N/A` means no use
    since 2015-04-22, where the slot holds a key; an empty slot says nothing. `not_supported` says nothing anywhere.
    An inactive key keeps its `last_rotated`; a slot is empty where that is `N/A` and `active` is not TRUE.
    """
    if len(line) != len(columns):
        raise Malformed(f"the row has {len(line)} fields and the report {len(columns)} columns")
    cells = dict(zip(columns, line, strict=True))
    return ReportRow(
        arn=cells["arn"],
        user=cells["user"],
        created_at=_time(cells, "user_creation_time"),
        password_enabled=_password_enabled(cells),
        password_usage=_password_usage(cells),
        password_changed_at=_time(cells, "password_last_changed"),
        password_next_rotation=_time(cells, "password_next_rotation"),
        mfa_active=_flag(cells, "mfa_active"),
        keys=tuple(_key(cells, slot) for slot in _SLOTS),
        certificates=tuple(_certificate(cells, slot) for slot in _SLOTS),
        additional_credentials=_text(cells, "additional_credentials_info"),
    )


def _password_enabled(cells: Mapping[str, str]) -> bool | None:
    return None if cells["password_enabled"].lower() == _NOT_SUPPORTED else _flag(cells, "password_enabled")


def _password_usage(cells: Mapping[str, str]) -> Usage:
    used_at = _time(cells, "password_last_used")
    known = used_at is not None or cells["password_last_used"].lower() == _NO_INFORMATION
    return Usage(tracked=known, last_used_at=used_at, source=SOURCE)


def _key(cells: Mapping[str, str], slot: int) -> KeySlot:
    name = f"access_key_{slot}"
    active, rotated_at = _flag_or_none(cells, f"{name}_active"), _time(cells, f"{name}_last_rotated")
    used_at = _time(cells, f"{name}_last_used_date")
    said = cells[f"{name}_last_used_date"].lower()
    filled = active or rotated_at is not None
    usage = Usage(
        tracked=used_at is not None or (filled and said in {_NOT_APPLICABLE, _NO_INFORMATION}),
        last_used_at=used_at,
        service=_text(cells, f"{name}_last_used_service"),
        region=_text(cells, f"{name}_last_used_region"),
        source=SOURCE,
    )
    return KeySlot(slot=slot, active=active, rotated_at=rotated_at, usage=usage)


def _certificate(cells: Mapping[str, str], slot: int) -> CertificateSlot:
    name = f"cert_{slot}"
    active = _flag_or_none(cells, f"{name}_active")
    return CertificateSlot(slot=slot, active=active, rotated_at=_time(cells, f"{name}_last_rotated"))


def _flag(cells: Mapping[str, str], name: str) -> bool:
    match cells[name].lower():
        case "true":
            return True
        case "false":
            return False
        case other:
            raise Malformed(f"{name} is neither TRUE nor FALSE: {other[:40]!r}")


def _flag_or_none(cells: Mapping[str, str], name: str) -> bool:
    """A slot's flag, where a sentinel means that there is nothing in the slot."""
    return cells[name].lower() not in _SENTINELS and _flag(cells, name)


def _time(cells: Mapping[str, str], name: str) -> datetime | None:
    text = cells.get(name, "")
    if text.lower() in _SENTINELS:
        return None
    try:
        return utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise Malformed(f"{name} is no time: {text[:40]!r}") from error


def _text(cells: Mapping[str, str], name: str) -> str | None:
    text = cells.get(name, "")
    return None if text.lower() in _SENTINELS else text
