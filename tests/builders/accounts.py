"""What sources say of an account: report rows, summaries, gaps, and all readings together."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from prooftrail.model import canonical
from prooftrail.model.account import AccountReadings, Count, OutboundFederation, Report, RoleSettings, UserMfa
from prooftrail.model.iam import (
    AccessKey,
    KeySlot,
    MfaDevice,
    MfaKind,
    PasswordPolicy,
    PolicyDocument,
    ReportRow,
    Role,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
    User,
)
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading, Source
from tests.builders.times import ACCOUNT, NEVER, NOW, OTHER_REGION, REGION, UNTOLD, ago, days


def a_slot(number: int = 1, *, key: Observed | None = None, active: bool = True, usage: Usage = NEVER) -> KeySlot:
    """A key slot, filled in the second `key` was created; empty without a key."""
    return KeySlot(
        slot=number, active=active and key is not None, rotated_at=key.created_at if key else None, usage=usage
    )


def a_row(
    user: Observed,
    *,
    password: bool | None = False,
    mfa: bool = False,
    keys: Iterable[KeySlot] = (),
    usage: Usage = UNTOLD,
    **more: Any,
) -> ReportRow:
    """The report's row of `user`: no password, no MFA and no keys unless said."""
    known = {
        "created_at": user.created_at,
        "password_changed_at": user.created_at if password else None,
        "password_next_rotation": None,
        "certificates": (),
        **more,
    }
    return ReportRow(
        arn=user.arn,
        user=user.name,
        password_enabled=password,
        password_usage=usage,
        mfa_active=mfa,
        keys=tuple(keys),
        **known,
    )


def root_row(*, account: str = ACCOUNT, partition: str = "aws", mfa: bool = True, **more: Any) -> ReportRow:
    """The report's row of the root."""
    known = {"password_enabled": None, "password_usage": NEVER, "keys": (), "certificates": (), **more}
    return ReportRow(
        arn=f"arn:{partition}:iam::{account}:root",
        user="<root_account>",
        created_at=ago(days(1000)),
        password_changed_at=None,
        password_next_rotation=None,
        mfa_active=mfa,
        **known,
    )


def a_report(*rows: ReportRow, age: timedelta = timedelta(hours=1), root: bool = True) -> Reading[Report]:
    """A credential report, an hour old at the tick, with the root's row."""
    every = (root_row(), *rows) if root else rows
    return a_reading(Report(generated_at=NOW - age, columns=("user", "arn"), rows=every))


def a_source(api: str = "iam:Something", *, after: timedelta = timedelta(minutes=1), **more: Any) -> Source:
    """A source observed shortly after the tick, with AWS's clock and ours alike."""
    at = NOW + after
    known = {"aws_date_from": at, "aws_date_to": at, "region": GLOBAL, "calls": 1, **more}
    return Source(api=api, observed_from=at, observed_to=at, **known)


def a_reading[T](*items: T, gaps: Iterable[Gap] = (), sources: Iterable[Source] | None = None) -> Reading[T]:
    """A reading of `items`, whole unless there are gaps."""
    return Reading(items=items, gaps=tuple(gaps), sources=(a_source(),) if sources is None else tuple(sources))


def a_gap(reason: GapReason = GapReason.DENIED, *, api: str = "iam:Something", subject: str | None = None) -> Gap:
    """Something AWS refused."""
    return Gap(api=api, reason=reason, detail="not authorized", code="AccessDenied", subject=subject)


def refused(reason: GapReason = GapReason.DENIED) -> Reading[Any]:
    """A source that showed nothing."""
    return Reading(gaps=(a_gap(reason),), sources=(a_source(),))


def a_summary(at: timedelta = timedelta(seconds=30), **counts: int) -> Reading[Count]:
    """An account summary with these counts."""
    items = tuple(Count(name=name, value=value) for name, value in sorted(counts.items()))
    return a_reading(*items, sources=[a_source("iam:GetAccountSummary", after=at)])


def settings_of(*roles: Observed, max_session_s: int | None = 3600, description: str | None = None) -> Reading[Any]:
    """What ListRoles shows of these roles."""
    return a_reading(
        *(RoleSettings(role_id=one.id, max_session_s=max_session_s, description=description) for one in roles)
    )


def a_device(user: Observed, *, serial: str | None = None, kind: MfaKind = MfaKind.VIRTUAL) -> UserMfa:
    """An MFA device of a user."""
    device = MfaDevice(serial=serial or f"arn:aws:iam::{ACCOUNT}:mfa/{user.name}", kind=kind)
    return UserMfa(user_name=user.name, device=device)


def readings(*observed: Observed, documents: Iterable[PolicyDocument] = (), **known: Any) -> AccountReadings:
    """An account in which `observed` were listed, each by its own collector, and everything else was read and is empty.

    Roles have their settings, users their report rows (no password, no key), the summary agrees; `known` replaces any.
    """
    users = [one for one in observed if isinstance(one.facts, User)]
    roles = [one for one in observed if isinstance(one.facts, Role)]
    trusted = [trust_document_of(one) for one in roles]
    secrets: dict[str, list[Observed]] = {REGION: [], OTHER_REGION: []}
    for one in observed:
        if isinstance(one.facts, Secret):
            secrets.setdefault(one.region, []).append(one)
    summary = a_summary(Users=len(users), Roles=len(roles), Groups=0, Policies=0, Providers=0, ServerCertificates=0)
    made: dict[str, Any] = {
        "account": ACCOUNT,
        "regions": a_reading(*sorted(secrets)),
        "regions_read": tuple(sorted(secrets)),
        "summary_before": summary,
        "summary_after": summary,
        "principals": a_reading(*users, *roles),
        "groups": (),
        "policies": (),
        "documents": (*documents, *(one for one in trusted if one)),
        "role_settings": settings_of(*roles),
        "report": a_report(*(a_row(one) for one in users)),
        "access_keys": a_reading(*_of(observed, AccessKey)),
        "mfa": a_reading(),
        "service_credentials": a_reading(*_of(observed, ServiceSpecificCredential)),
        "password_policy": a_reading(PasswordPolicy(set=False)),
        "saml_providers": a_reading(),
        "oidc_providers": a_reading(),
        "server_certificates": a_reading(*_of(observed, ServerCertificate)),
        "outbound_federation": a_reading(OutboundFederation(enabled=False)),
        "secrets": tuple((region, a_reading(*found)) for region, found in sorted(secrets.items())),
        "contacts": a_reading(),
        "contacts_read_in": canonical.run_id(NOW),
        "started_at": NOW,
        "finished_at": NOW + timedelta(minutes=2),
    }
    return AccountReadings(**{**made, **known})


def trust_document_of(role: Observed) -> PolicyDocument | None:
    """A stand-in for the role's own trust document, under its hash."""
    facts = role.facts
    if not isinstance(facts, Role) or facts.trust_document is None:
        return None
    return PolicyDocument(sha256=facts.trust_document, text=json.dumps({"of": role.name}))


def _of(observed: Iterable[Observed], facts: type) -> list[Observed]:
    return [one for one in observed if isinstance(one.facts, facts)]
