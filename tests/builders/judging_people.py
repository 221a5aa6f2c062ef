"""Users, their credentials, secrets and certificates as a check sees them: identities that state only what matters."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from prooftrail.governance import Governance
from prooftrail.governance.registers import BreakGlass, Drill, Legacy, ManualRotation, Registers
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model.iam import (
    AccessKey,
    MfaDevice,
    MfaKind,
    Role,
    Root,
    SamlProvider,
    Secret,
    SecretVersion,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
    User,
)
from prooftrail.model.identity import Basis, Classification, Identity, IdentityClass, Kind
from tests.builders.snapshots import an_identity
from tests.builders.times import ACCOUNT, NEVER, NOW, REGION, TEN_DAYS, ago, days

AGED = days(300)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


def around(limit: timedelta) -> list[tuple[timedelta, str]]:
    """A second below the limit, exactly at it, and a microsecond past it, with what each comes to."""
    return [(limit - SECOND, "PASS"), (limit, "PASS"), (limit + MICROSECOND, "FAIL")]


def declared(cls: IdentityClass) -> Classification:
    """A class a tag declares."""
    return Classification(cls=cls, basis=Basis.DECLARED, reason="its tag says so")


def user_id(name: str) -> str:
    """The id the user of that name has here."""
    return f"AIDA{name.upper():X<17}"


def user(
    name: str = "ada",
    *,
    password: bool | None = True,
    mfa: bool | None = True,
    devices: Iterable[MfaKind] | None = (MfaKind.VIRTUAL,),
    usage: Usage | None = None,
    changed: timedelta | None = AGED,
    kind: Kind = Kind.HUMAN_USER,
    cls: Classification | None = None,
    slots: tuple[tuple[bool, datetime], ...] | None = (),
    **known: Any,
) -> Identity:
    """A user who signed in yesterday with a password and MFA, and holds no key; unread fields are named unknown."""
    facts = User(
        path="/",
        password_enabled=password,
        password_changed_at=None if changed is None or not password else ago(changed),
        mfa_active=mfa,
        mfa_devices=None if devices is None else tuple(MfaDevice(serial=f"mfa/{one}", kind=one) for one in devices),
        key_slots=slots,
        certificates=known.pop("certificates", ()),
    )
    unread = {"password_enabled": password, "mfa_active": mfa, "mfa_devices": facts.mfa_devices, "key_slots": slots}
    last = Usage(tracked=True, last_used_at=ago(days(1))) if password else Usage(tracked=False)
    made: dict[str, Any] = {
        "id": user_id(name),
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "name": name,
        "kind": kind,
        "classification": cls or Classification(cls=IdentityClass.HUMAN, basis=Basis.INFERRED, reason="it signs in"),
        "usage": usage or last,
        "unknown": tuple(sorted(f"facts.{field}" for field, value in unread.items() if value is None)),
        **known,
    }
    return an_identity(facts, **made)


def key(
    of: Identity | None = None,
    *,
    name: str = "AKIAEXAMPLE000000001",
    age: timedelta | None = TEN_DAYS,
    usage: Usage = NEVER,
    status: str = "Active",
    inactive: timedelta | None = None,
    **known: Any,
) -> Identity:
    """An active access key of `of`, ten days old and never used."""
    owner = of or user()
    facts = AccessKey(
        user_id=owner.id,
        user_name=owner.name,
        status=status,
        inactive_since=None if inactive is None else ago(inactive),
    )
    made: dict[str, Any] = {
        "id": name,
        "arn": owner.arn,
        "name": name,
        "kind": Kind.ACCESS_KEY,
        "created_at": None if age is None else ago(age),
        "usage": usage,
        "parent": owner.id,
        **known,
    }
    return an_identity(facts, **made)


def service_credential(
    of: Identity | None = None,
    *,
    age: timedelta | None = TEN_DAYS,
    expires: timedelta | None = None,
    status: str = "Active",
    **known: Any,
) -> Identity:
    """An active credential for CodeCommit, which never expires unless `expires` from now."""
    owner = of or user()
    facts = ServiceSpecificCredential(
        user_id=owner.id,
        user_name=owner.name,
        service="codecommit.amazonaws.com",
        status=status,
        expires_at=None if expires is None else NOW + expires,
    )
    made: dict[str, Any] = {
        "id": "ACCAEXAMPLE000000001",
        "arn": f"{owner.arn}/ACCAEXAMPLE000000001",
        "name": "ACCAEXAMPLE000000001",
        "kind": Kind.SERVICE_SPECIFIC_CRED,
        "created_at": None if age is None else ago(age),
        "parent": owner.id,
        **known,
    }
    return an_identity(facts, **made)


def role(name: str = "worker", *, age: timedelta | None = AGED, usage: Usage = NEVER, **known: Any) -> Identity:
    """A workload role."""
    made: dict[str, Any] = {
        "id": f"AROA{name.upper():X<17}",
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "name": name,
        "created_at": None if age is None else ago(age),
        "usage": usage,
        **known,
    }
    return an_identity(Role(path="/", trust=(), trust_document="0" * 64), **made)


def root(*, usage: Usage = NEVER, **facts: Any) -> Identity:
    """The root with a password and MFA, without keys and certificates, never used."""
    made = {
        "password_enabled": True,
        "mfa_active": True,
        "access_keys_present": False,
        "certificates_present": False,
        "key_slots": (),
        **facts,
    }
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    return an_identity(
        Root(**made),
        id=arn,
        arn=arn,
        name="root",
        kind=Kind.ROOT,
        usage=usage,
        unknown=tuple(sorted(f"facts.{name}" for name, value in made.items() if value is None)),
    )


def secret(
    name: str = "db",
    *,
    value_age: timedelta | None = TEN_DAYS,
    age: timedelta | None = AGED,
    usage: Usage | None = None,
    unknown: tuple[str, ...] = (),
    **facts: Any,
) -> Identity:
    """A secret read yesterday, whose value is ten days old (None: not known), without automatic rotation."""
    made_at = None if value_age is None else ago(value_age)
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
    known = {
        "rotation_enabled": False,
        "versions": (SecretVersion(id="v1", stages=("AWSCURRENT",), created_at=made_at),),
        "value_created_at": made_at,
        "value_age_known": made_at is not None,
        **facts,
    }
    return an_identity(
        Secret(**known),
        id=arn,
        arn=arn,
        region=REGION,
        name=name,
        kind=Kind.SECRET,
        created_at=None if age is None else ago(age),
        usage=usage or Usage(tracked=True, last_used_at=ago(days(1) + SECOND)),
        unknown=tuple(
            sorted({*unknown, *(() if made_at or known["value_age_known"] else ("facts.value_created_at",))})
        ),
    )


def certificate(expires: timedelta | None = AGED) -> Identity:
    """A server certificate in IAM."""
    facts = ServerCertificate(path="/", expires_at=None if expires is None else NOW + expires)
    return an_identity(
        facts, id="ASCAEDGE", arn=f"arn:aws:iam::{ACCOUNT}:server-certificate/edge", name="edge", kind=Kind.CERTIFICATE
    )


def saml_provider(valid: timedelta | None = AGED) -> Identity:
    """A SAML provider."""
    arn = f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"
    facts = SamlProvider(valid_until=None if valid is None else NOW + valid)
    return an_identity(facts, id=arn, arn=arn, name="okta", kind=Kind.SAML_PROVIDER)


def registers(**entries: Any) -> Governance:
    """A policy with these registers."""
    return Governance(registers=Registers(**entries))


def _entry(identity: Identity | str, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "identity": identity if isinstance(identity, str) else identity.id,
        "reason": "nothing else serves",
        "approved_by": "person-ciso",
        "approved_on": (NOW - days(100)).date(),
        **known,
    }


def break_glass(identity: Identity | str, *drills: date, **known: Any) -> BreakGlass:
    """An entry of a hundred days ago, drilled on these days."""
    held = tuple(Drill(on=day, reference=f"DRILL-{day}") for day in drills)
    return BreakGlass(**_entry(identity, known), drills=held)


def legacy(identity: Identity | str, **known: Any) -> Legacy:
    """An entry of the legacy register."""
    return Legacy(**_entry(identity, known))


def manual_rotation(identity: Identity | str, **known: Any) -> ManualRotation:
    """An entry of the register of secrets rotated by hand."""
    return ManualRotation(**_entry(identity, known))


def a_limit(control: str, name: str, *values: int | bool) -> Thresholds:
    """One threshold the organization set: one value for all tiers, or four, critical first."""
    four = values if len(values) > 1 else values * 4
    names = ("critical", "high", "medium", "low")
    return Thresholds(
        version="2026.3",
        threshold=(
            Threshold(
                control=control,
                name=name,
                values=ByTier(**dict(zip(names, four, strict=True))),
                approved_by="person-ciso",
                approved_on=date(2026, 1, 1),
                effective_on=date(2026, 1, 2),
            ),
        ),
    )
