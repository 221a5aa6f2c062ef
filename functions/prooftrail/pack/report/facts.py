"""What an identity's page says of it beside name, owner and risk: what AWS shows of a user, key, role, secret and so on."""

from collections.abc import Iterator
from datetime import datetime

from prooftrail.model.iam import (
    AccessKey,
    CertificateSlot,
    OidcProvider,
    PermissionSetFacts,
    Role,
    Root,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import Identity
from prooftrail.pack.report.text import day


def facts_of(identity: Identity) -> Iterator[str]:
    """Facts as `label: value`, in the order they are read; what was not read says so."""
    yield f"Region: {identity.region}"
    match identity.facts:
        case User() as one:
            yield from _user(one)
        case Root() as one:
            yield f"Password: {_known(one.password_enabled)}"
            yield f"MFA: {_known(one.mfa_active)}"
            yield f"Access keys: {_known(one.access_keys_present)}"
        case AccessKey() as one:
            yield f"Key of user: {one.user_name}"
            yield f"Status: {one.status}"
        case ServiceSpecificCredential() as one:
            yield f"Credential of user: {one.user_name}"
            yield f"Service: {one.service}"
            yield f"Status: {one.status}"
            yield f"Expires: {day(one.expires_at, 'never')}"
        case Role() as one:
            yield from _role(one)
        case Secret() as one:
            yield from _secret(one)
        case _:
            yield from _proof(identity)
    if identity.usage.service:
        yield f"Last used for: {identity.usage.service}"
    if identity.tags is None:
        yield "Tags: not read"
    else:
        yield from (f"Tag {one.key}: {one.value}" for one in identity.tags)
    if identity.unknown:
        yield f"Not known this time: {', '.join(identity.unknown)}"


def _known(value: bool | None) -> str:
    return "not known" if value is None else "yes" if value else "no"


def _user(one: User) -> Iterator[str]:
    yield f"Password: {_known(one.password_enabled)}"
    if one.password_enabled:
        yield f"Password changed: {day(one.password_changed_at)}"
    yield f"MFA: {_known(one.mfa_active)}"
    yield f"Groups: {', '.join(one.groups) or 'none'}"
    yield f"Policies: {_policies(one)}"
    if one.certificates:
        yield f"Signing certificates: {_certificates(one.certificates)}"


def _certificates(slots: tuple[CertificateSlot, ...]) -> str:
    return f"{sum(each.active for each in slots)} active of {len(slots)}"


def _policies(one: User | Role) -> str:
    names = (*(each.name for each in one.attached), *(f"{each.name} (inline)" for each in one.inline))
    return ", ".join(names) or "none"


def _role(one: Role) -> Iterator[str]:
    yield f"Policies: {_policies(one)}"
    yield f"Permissions boundary: {one.boundary or 'none'}"
    hours = "not read" if one.max_session_s is None else f"{one.max_session_s // 60} minutes"
    yield f"Longest session: {hours}"


def _secret(one: Secret) -> Iterator[str]:
    yield f"Rotation: {'switched on' if one.rotation_enabled else 'switched off'}"
    if one.rotate_after_days is not None:
        yield f"Rotated every: {one.rotate_after_days} days"
    yield f"Last rotated: {day(one.last_rotated_at, 'never, as far as AWS shows')}"
    yield f"Value made: {_moment(one.value_created_at)}"
    if one.deleted_at:
        yield f"Planned for deletion: {day(one.deleted_at)}"


def _moment(at: datetime | None) -> str:
    return day(at, "not known")


def _proof(identity: Identity) -> Iterator[str]:
    match identity.facts:
        case SamlProvider() as one:
            yield f"Metadata valid until: {day(one.valid_until)}"
        case OidcProvider() as one:
            yield f"Issuer: {one.url or 'not read'}"
            yield f"Audiences: {'not read' if one.client_ids is None else ', '.join(one.client_ids) or 'none'}"
        case ServerCertificate() as one:
            yield f"Expires: {day(one.expires_at)}"
        case PermissionSetFacts() as one:
            yield f"Session: {one.session_duration or 'not read'}"
        case _:
            return
