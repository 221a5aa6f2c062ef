"""Says in words what an identity is made of: who may assume it, what it may do by name, how it signs in, when it was used."""

import re
from collections.abc import Iterator
from datetime import datetime

from prooftrail.cli import render
from prooftrail.cli.render import counted
from prooftrail.model.iam import (
    AccessKey,
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
from prooftrail.model.identity import Facts, Identity
from prooftrail.model.trust import PrincipalType, TrustStatement

_HOUR_S = 3600
_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")
_WHO = {
    PrincipalType.AWS: "",
    PrincipalType.SERVICE: "the service ",
    PrincipalType.FEDERATED: "whoever signs in through ",
    PrincipalType.CANONICAL_USER: "the canonical user ",
    PrincipalType.ANY: "",
}


def last_use(one: Identity, at: datetime) -> str:
    """When an identity was last used, relative to `at`: a date, never, or unknown, which are three different answers."""
    usage = one.usage
    if usage.last_used_at is None and isinstance(one.facts, User) and one.facts.password_enabled is False:
        return "it has no password to sign in with"
    if usage.last_used_at is None:
        return "never, as far as AWS keeps record" if usage.tracked else "unknown: nothing that was read tells"
    where = f" in {usage.region}" if usage.region else ""
    what = f", for {usage.service}{where}" if usage.service else where
    return f"{render.ago(usage.last_used_at, at)}, {render.moment(usage.last_used_at)}{render.safe(what)}"


def trust(facts: Facts) -> tuple[str, ...]:
    """A role's trust policy, a sentence a statement; nothing for what nobody assumes."""
    if not isinstance(facts, Role):
        return ()
    return tuple(map(_statement, facts.trust)) or ("nobody: its trust policy was not read or is empty",)


def _statement(one: TrustStatement) -> str:
    who = ", ".join(_principal(each.type, each.value) for each in one.principals) or "nobody"
    who = f"everybody except {who}" if one.not_principals else who
    what = ", ".join(one.actions)
    what = f"any action except {what}" if one.not_actions else what
    limits = " and ".join(f"{each.key} {each.operator} {' or '.join(each.values)}" for each in one.conditions)
    denied = "DENIED to " if one.effect == "Deny" else ""
    return f"{denied}{who}, by {what}" + (f", only if {limits}" if limits else ", without a condition")


def _principal(kind: PrincipalType, value: str) -> str:
    if value == "*":
        return "ANYBODY, in any account"
    account = _ACCOUNT.fullmatch(value) if kind is PrincipalType.AWS else None
    return f"whomever account {account[1]} lets" if account else f"{_WHO[kind]}{value}"


def permissions(facts: Facts) -> tuple[str, ...]:
    """The policies of a user or role by name; what they allow is not judged here."""
    if not isinstance(facts, User | Role):
        return ()
    groups = tuple(f"group {one}" for one in facts.groups) if isinstance(facts, User) else ()
    attached = tuple(f"attached {one.arn}" for one in facts.attached)
    inline = tuple(f"inline {one.name} (document sha256 {one.document})" for one in facts.inline)
    boundary = (f"limited by boundary {facts.boundary}",) if facts.boundary else ()
    return groups + attached + inline + boundary or ("no policy is attached",)


def sign_in(facts: Facts, at: datetime) -> Iterator[tuple[str, str]]:
    """Password and second factor of a user or root; unknown is neither yes nor no."""
    if isinstance(facts, User):
        changed = f", changed {render.ago(facts.password_changed_at, at)}" if facts.password_changed_at else ""
        yield "password", _yes(facts.password_enabled, "set" + changed, "none")
        yield "MFA", _yes(facts.mfa_active, _devices(facts), "none")
    elif isinstance(facts, Root):
        yield "password", _yes(facts.password_enabled, "set", "none")
        yield "MFA", _yes(facts.mfa_active, "on", "none")
        yield "access keys", _yes(facts.access_keys_present, "PRESENT", "none")
        yield "certificates", _yes(facts.certificates_present, "present", "none")


def _devices(facts: User) -> str:
    if not facts.mfa_devices:
        return "on"
    return ", ".join(f"{one.kind} {render.safe(one.serial)}" for one in facts.mfa_devices)


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "unknown" if value is None else yes if value else no


def particulars(facts: Facts, at: datetime) -> Iterator[tuple[str, str]]:
    """What is worth knowing of one type and of no other."""
    match facts:
        case AccessKey():
            yield "status", facts.status
        case ServiceSpecificCredential():
            yield "service", facts.service
            yield "status", facts.status
            yield "expires", render.moment(facts.expires_at) if facts.expires_at else "it never expires"
        case Role():
            yield from _role(facts)
        case Secret():
            yield from _secret(facts, at)
        case ServerCertificate():
            yield "expires", render.moment(facts.expires_at) if facts.expires_at else "unknown"
        case SamlProvider():
            yield "valid until", render.moment(facts.valid_until) if facts.valid_until else "unknown"
        case OidcProvider():
            yield "issuer", facts.url or "unknown"
            yield "audiences", "unknown" if facts.client_ids is None else ", ".join(facts.client_ids) or "none"
        case PermissionSetFacts():
            yield "session", facts.session_duration or "unknown"
            yield "provisioned", "unknown" if facts.accounts is None else counted(len(facts.accounts), "account")
            yield "assigned to", "not covered: this version does not collect assignments"
        case User() | Root():
            return


def _role(facts: Role) -> Iterator[tuple[str, str]]:
    if facts.description:
        yield "described", facts.description
    yield "session", "unknown" if facts.max_session_s is None else f"up to {facts.max_session_s / _HOUR_S:g} h"


def _secret(facts: Secret, at: datetime) -> Iterator[tuple[str, str]]:
    if facts.description:
        yield "described", facts.description
    every = f", every {counted(facts.rotate_after_days, 'day')}" if facts.rotate_after_days else ""
    yield "rotation", ("on" + every) if facts.rotation_enabled else "off"
    yield "rotated", render.ago(facts.last_rotated_at, at) if facts.last_rotated_at else "never, as far as AWS tells"
    yield "value age", render.ago(facts.value_created_at, at) if facts.value_created_at else "unknown"
    if facts.owning_service:
        yield "managed by", facts.owning_service
    if facts.replicas:
        yield "replicas", ", ".join(facts.replicas)
    if facts.deleted_at:
        yield "deletion", f"planned, asked for {render.moment(facts.deleted_at)}"
