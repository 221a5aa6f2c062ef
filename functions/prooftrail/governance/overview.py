"""A policy at a glance: how much each file says, what ends soon, and how far its approvals are known to be real."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from prooftrail.model import canonical

from .notices import TIERS
from .policy import FILES, Governance
from .words import approval

SOON_DAYS = 30
_VERIFIED, _TICKET, _DECLARED = "verified by signature", "with a ticket, not verified by us", "declared, not verified"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries each table of one file has; `given` is False where the file is absent.

    `keys` are its keys outside of such tables that differ from the built-in defaults.
    """

    file: str
    given: bool
    tables: tuple[tuple[str, int], ...]
    keys: tuple[str, ...] = ()


class Ending(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """An entry that ended, or ends within `SOON_DAYS`; `on` is its last day."""

    on: date
    file: str
    entry: str
    ended: bool


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """Whose notices go out: tiers that are open, those that open on a later day, and those planned only, highest first.

    `security_team` is the owner asked last, None where nobody is.
    """

    opened: tuple[str, ...]
    later: tuple[tuple[str, date], ...]
    closed: tuple[str, ...]
    security_team: str | None
    cap_per_day: int
    style: str
    weekly_on: str
    jurisdictions: tuple[str, ...]


def counted(policy: Governance) -> tuple[Counted, ...]:
    """The entries of every file, by table; tables without entries are left out."""
    found = []
    for name in FILES:
        part = getattr(policy, name.removesuffix(".toml"))
        tables = tuple((table, len(entries)) for table, entries in _tables(part) if entries)
        found.append(Counted(file=name, given=name not in policy.absent, tables=tables, keys=tuple(_keys(part))))
    return tuple(found)


def ending(policy: Governance, at: datetime) -> tuple[Ending, ...]:
    """Every entry whose last day (UTC) is past at `at` or at most `SOON_DAYS` ahead, soonest first."""
    today = canonical.utc(at).date()
    found = []
    for name, table, one in _entries(policy):
        last = getattr(one, "expires_on", None) or getattr(one, "active_until", None)
        if last and last <= today + timedelta(days=SOON_DAYS):
            found.append(Ending(on=last, file=name, entry=f"{table} {called(one)}", ended=last < today))
    return tuple(sorted(found))


def approvals(policy: Governance) -> tuple[tuple[str, int], ...]:
    """How many approvals rest on a verified signature, on a ticket, on a declaration only."""
    found: Counter[str] = Counter()
    for _, _, one in _entries(policy):
        if getattr(one, "approved_by", None) or hasattr(one, "approver"):
            found[_assurance(one)] += 1
    return tuple((said, found[said]) for said in (_VERIFIED, _TICKET, _DECLARED) if found[said])


def sending(policy: Governance, at: datetime) -> Sending:
    """Who is told at `at`, and what is planned only."""
    held = policy.notices
    opened = held.open_tiers(at)
    later = tuple((one.tier, one.from_day) for one in held.opened if one.tier not in opened)
    coming = {tier for tier, _ in later}
    return Sending(
        opened=opened,
        later=tuple(sorted(later, key=lambda one: TIERS.index(one[0]))),
        closed=tuple(one for one in TIERS if one not in opened and one not in coming),
        security_team=held.security_team,
        cap_per_day=held.cap_per_day,
        style=held.style,
        weekly_on=held.weekly_on,
        jurisdictions=tuple(one.name for one in held.jurisdiction),
    )


def called(one: Any) -> str:
    """What an entry of any table is called: what it is about, in its own words."""
    for name in ("subject", "matches", "id", "identity", "issuer", "person", "tier"):
        if isinstance(told := getattr(one, name, None), str):
            return told
    if hasattr(one, "environment"):
        return str(one.account or one.ou or ", ".join(one.values))
    parts = (getattr(one, "control", None), getattr(one, "name", None), getattr(one, "effective_on", None))
    return " ".join(str(part) for part in parts if part)


def _assurance(one: Any) -> str:
    if getattr(one, "assurance", None):
        return _VERIFIED
    return _TICKET if approval(getattr(one, "ticket", None)) != approval(None) else _DECLARED


def _entries(policy: Governance) -> Iterator[tuple[str, str, Any]]:
    for name in FILES:
        for table, entries in _tables(getattr(policy, name.removesuffix(".toml"))):
            yield from ((name, table, one) for one in entries)


def _keys(part: msgspec.Struct, default: Any = None) -> Iterator[str]:
    """The keys set to something of their own, those one level down with the name of their table."""
    for field in msgspec.structs.fields(part):
        value, usual = getattr(part, field.name), field.default if default is None else getattr(default, field.name)
        if isinstance(value, tuple) and any(isinstance(one, msgspec.Struct) for one in value):
            continue
        if isinstance(value, msgspec.Struct):
            inner = _keys(value, usual if isinstance(usual, msgspec.Struct) else None)
            yield from (f"{field.encode_name}.{key}" for key in inner)
        elif value != usual:
            yield field.encode_name


def _tables(part: msgspec.Struct) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The lists of tables in a part of the policy, those one level down too."""
    for field in part.__struct_fields__:
        value = getattr(part, field)
        if isinstance(value, tuple) and (not value or isinstance(value[0], msgspec.Struct)):
            yield field, value
        elif isinstance(value, msgspec.Struct):
            yield from ((f"{field}.{inner}", entries) for inner, entries in _tables(value) if entries)
