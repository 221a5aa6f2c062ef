"""Joins what several sources say of one thing: users with their report rows and devices, roles with their settings.

A row is a user's only if both were created in the same second: a user created again under an old name is not the one in
the report, and nothing of the old one is said of it. What no source told stays None and is named in `unknown`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import cast

import msgspec

from prooftrail.model.account import AccountReadings, Report, RoleSettings
from prooftrail.model.canonical import timestamp
from prooftrail.model.iam import (
    AccessKey,
    MfaDevice,
    PermissionSetFacts,
    ReportRow,
    Role,
    Secret,
    ServiceSpecificCredential,
    Usage,
    User,
)
from prooftrail.model.identity import Observed
from prooftrail.model.organization import PermissionSet
from prooftrail.model.reading import GLOBAL

from .clouds import Clouds
from .key_usage import second, with_slot_usage
from .replicas import folded
from .root import is_root_row, observed_root

REPORT_TAKES = timedelta(minutes=5)
"""A user created this long before the report's own time, or later, may be missing: AWS was already making it."""

_REPORT_FIELDS = (
    "facts.certificates",
    "facts.key_slots",
    "facts.mfa_active",
    "facts.password_changed_at",
    "facts.password_enabled",
)
_SETTINGS_FIELDS = ("facts.description", "facts.max_session_s")


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """Which live credentials a user holds beside a password; None where the list of them was not read."""

    keys: bool | None = None
    service_credentials: bool | None = None


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """One thing with all that was said of it, which of its fields nobody could tell, and for a user why."""

    observed: Observed
    unknown: tuple[str, ...] = ()
    untold: str | None = None
    holdings: Holdings = Holdings()


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an account holds, joined, and how the report's rows met its users.

    `deleted` are rows of users that are listed no more; `newer` the ids of users the report is too old for; `rowless`
    those it should have had a row for.
    """

    items: tuple[Joined, ...]
    deleted: tuple[ReportRow, ...] = ()
    newer: tuple[str, ...] = ()
    rowless: tuple[str, ...] = ()


def join(readings: AccountReadings, *, partition: str) -> Join:
    """Every identity of the account with all that its sources say; the root is always one of them."""
    report = readings.report.items[0] if readings.report.items else None
    users = _of_type(readings.principals.items, User)
    rows = _rows_of(users, report)
    keys = tuple(_keys(readings, users, rows))
    service = tuple(_service_credentials(readings, users))
    taken = {row.arn for row in rows.values()}
    missing = [] if report is None else [one for one in users if one.id not in rows]
    newer = tuple(one.id for one in missing if report is not None and _too_new(one, report))
    excused = frozenset(newer)
    return Join(
        items=(
            _root(readings, partition),
            *_users(readings, users, rows, holdings=_holdings(readings, users, rows, keys, service)),
            *_roles(readings),
            *(Joined(observed=one) for one in (*keys, *service)),
            *_others(readings),
        ),
        deleted=tuple(row for row in (report.rows if report else ()) if not is_root_row(row) and row.arn not in taken),
        newer=newer,
        rowless=tuple(one.id for one in missing if one.id not in excused),
    )


def _of_type(items: Iterable[Observed], facts: type) -> list[Observed]:
    return [one for one in items if isinstance(one.facts, facts)]


def _root(readings: AccountReadings, partition: str) -> Joined:
    one = observed_root(readings, partition=partition)
    unknown = [f"facts.{name}" for name in one.facts.__struct_fields__ if getattr(one.facts, name) is None]
    return Joined(observed=one, unknown=tuple(sorted(unknown + ([] if one.created_at else ["created_at"]))))


def _rows_of(users: Iterable[Observed], report: Report | None) -> dict[str, ReportRow]:
    """The report row of each user that has one, by user id."""
    rows = {row.arn: row for row in (report.rows if report else ())}
    found = {}
    for one in users:
        row = rows.get(one.arn)
        if report and row and _same_birth(one, row, report):
            found[one.id] = row
    return found


def _same_birth(user: Observed, row: ReportRow, report: Report) -> bool:
    """Created in the same second; where one of the two times is missing, not after the report was made."""
    if user.created_at and row.created_at:
        return second(user.created_at) == second(row.created_at)
    return not user.created_at or user.created_at <= report.generated_at


def _too_new(user: Observed, report: Report) -> bool:
    return user.created_at is not None and user.created_at >= report.generated_at - REPORT_TAKES


def _users(
    readings: AccountReadings, users: list[Observed], rows: dict[str, ReportRow], *, holdings: dict[str, Holdings]
) -> Iterator[Joined]:
    devices: dict[str, list[MfaDevice]] = defaultdict(list)
    for seen in readings.mfa.items:
        devices[seen.user_name].append(seen.device)
    clouded, untagged = Clouds.of(readings.mfa.gaps, users), Clouds.of(readings.principals.gaps, users)
    for one in users:
        row = rows.get(one.id)
        mfa = tuple(sorted(set(devices[one.name]), key=lambda device: device.serial))
        in_doubt = clouded.over(one) or (row is None and not mfa)
        unknown = list(_REPORT_FIELDS) if row is None else _unsaid(row)
        unknown += ["facts.mfa_devices"] if in_doubt else []
        unknown += ["tags"] if one.tags is None and untagged.over(one) else []
        yield Joined(
            observed=_with_row(one, row, None if in_doubt and not mfa else mfa),
            unknown=tuple(sorted(unknown)),
            untold=_untold(one, readings) if row is None else None,
            holdings=holdings[one.id],
        )


def _unsaid(row: ReportRow) -> list[str]:
    return ["facts.password_enabled", "facts.password_changed_at"] if row.password_enabled is None else []


def _with_row(user: Observed, row: ReportRow | None, devices: tuple[MfaDevice, ...] | None) -> Observed:
    facts = msgspec.structs.replace(cast(User, user.facts), mfa_devices=devices)
    if row is None:
        return msgspec.structs.replace(user, facts=facts)
    facts = msgspec.structs.replace(
        facts,
        password_enabled=row.password_enabled,
        password_changed_at=row.password_changed_at,
        mfa_active=row.mfa_active,
        key_slots=tuple((slot.active, slot.rotated_at) for slot in row.keys if slot.rotated_at),
        certificates=tuple(slot for slot in row.certificates if slot.rotated_at or slot.active),
    )
    return msgspec.structs.replace(user, facts=facts, usage=row.password_usage)


def _untold(user: Observed, readings: AccountReadings) -> str:
    """Why the report says nothing of a user."""
    if not readings.report.items:
        return "the credential report could not be read"
    report = readings.report.items[0]
    made = timestamp(report.generated_at)
    if _too_new(user, report):
        return f"it was created when the credential report of {made} was made, or after"
    return f"the credential report of {made} has no row for it"


def _holdings(
    readings: AccountReadings,
    users: list[Observed],
    rows: dict[str, ReportRow],
    keys: tuple[Observed, ...],
    service: tuple[Observed, ...],
) -> dict[str, Holdings]:
    """Which credentials work beside a password; the report's slots stand in for a list of keys that was refused."""
    with_keys = {one.parent for one in keys if isinstance(one.facts, AccessKey) and one.facts.status == "Active"}
    with_service = {
        one.parent
        for one in service
        if isinstance(one.facts, ServiceSpecificCredential) and one.facts.status == "Active"
    }
    no_keys, no_service = (
        Clouds.of(readings.access_keys.gaps, users),
        Clouds.of(readings.service_credentials.gaps, users),
    )
    found = {}
    for one in users:
        row = rows.get(one.id)
        slots = None if row is None else any(slot.active for slot in row.keys)
        found[one.id] = Holdings(
            keys=one.id in with_keys or (slots if no_keys.over(one) else False),
            service_credentials=one.id in with_service or (None if no_service.over(one) else False),
        )
    return found


def _roles(readings: AccountReadings) -> Iterator[Joined]:
    settings = {one.role_id: one for one in readings.role_settings.items}
    roles = _of_type(readings.principals.items, Role)
    untagged = Clouds.of(readings.principals.gaps, roles)
    for one in roles:
        said = settings.get(one.id)
        unknown = list(_SETTINGS_FIELDS) if said is None else []
        unknown += ["facts.trust"] if _trust_unread(cast(Role, one.facts), untagged.over(one)) else []
        unknown += ["tags"] if one.tags is None and untagged.over(one) else []
        yield Joined(observed=one if said is None else _with_settings(one, said), unknown=tuple(sorted(unknown)))


def _trust_unread(role: Role, clouded: bool) -> bool:
    """No statements and a gap over the role: what stands in its trust was not understood, and is no closed door."""
    return role.trust_document is None or (clouded and not role.trust)


def _with_settings(role: Observed, said: RoleSettings) -> Observed:
    facts = cast(Role, role.facts)
    facts = msgspec.structs.replace(facts, max_session_s=said.max_session_s, description=said.description)
    return msgspec.structs.replace(role, facts=facts)


def _keys(readings: AccountReadings, users: list[Observed], rows: dict[str, ReportRow]) -> Iterator[Observed]:
    """The keys with their users as parents and their slots' usage."""
    ids = {one.name: one.id for one in users}
    by_user: dict[str | None, list[Observed]] = defaultdict(list)
    for one in readings.access_keys.items:
        facts = cast(AccessKey, one.facts)
        by_user[facts.user_id or ids.get(facts.user_name) or one.parent].append(one)
    for user, keys in by_user.items():
        for one in with_slot_usage(keys, rows.get(user) if user else None):
            yield msgspec.structs.replace(one, parent=user)


def _service_credentials(readings: AccountReadings, users: list[Observed]) -> Iterator[Observed]:
    """The service-specific credentials with the ids of their users, whom AWS names only."""
    ids = {one.name: one.id for one in users}
    for one in readings.service_credentials.items:
        facts = cast(ServiceSpecificCredential, one.facts)
        user = facts.user_id or ids.get(facts.user_name) or one.parent
        yield msgspec.structs.replace(one, parent=user, facts=msgspec.structs.replace(facts, user_id=user))


def _others(readings: AccountReadings) -> Iterator[Joined]:
    """Providers, certificates, permission sets and secrets; what a gap hides of one is unknown, not absent."""
    permission_sets = readings.permission_sets
    sets = () if permission_sets is None else tuple(_permission_set(one) for one in permission_sets.items)
    whole = (
        (readings.saml_providers.items, readings.saml_providers.gaps),
        (readings.oidc_providers.items, readings.oidc_providers.gaps),
        (readings.server_certificates.items, readings.server_certificates.gaps),
        (sets, permission_sets.gaps if permission_sets else ()),
    )
    for items, gaps in whole:
        clouds = Clouds.of(gaps, items)
        yield from (Joined(observed=one, unknown=_missing(one) if clouds.over(one) else ()) for one in items)
    yield from _secrets(readings)


def _missing(one: Observed) -> tuple[str, ...]:
    """The fields that stayed None."""
    unknown = [name for name in ("created_at", "tags") if getattr(one, name) is None]
    unknown += [f"facts.{name}" for name in one.facts.__struct_fields__ if getattr(one.facts, name) is None]
    return tuple(sorted(unknown))


def _secrets(readings: AccountReadings) -> Iterator[Joined]:
    """The secrets, replicas folded; where a region was not read, nobody knows in how many a secret is held."""
    asked = {region for region, _ in readings.secrets}
    scattered = not readings.regions.complete or not asked.issuperset(readings.regions.items)
    scattered = scattered or any(reading.gaps for _, reading in readings.secrets)
    for one in folded(secret for _, reading in readings.secrets for secret in reading.items):
        facts = cast(Secret, one.facts)
        unknown = ["facts.replicas"] if scattered else []
        unknown += [] if facts.value_created_at or facts.value_age_known else ["facts.value_created_at"]
        yield Joined(observed=one, unknown=tuple(unknown))


def _permission_set(one: PermissionSet) -> Observed:
    return Observed(
        id=one.arn,
        arn=one.arn,
        region=GLOBAL,
        name=one.name or one.arn.rpartition("/")[2],
        created_at=one.created_at,
        tags=None,
        facts=PermissionSetFacts(
            instance_arn=one.instance_arn,
            session_duration=one.session_duration,
            description=one.description,
            relay_state=one.relay_state,
            accounts=one.accounts,
        ),
        usage=Usage(tracked=False),
    )
