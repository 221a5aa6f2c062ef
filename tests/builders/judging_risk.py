"""Builds what a score is made from: an organization that was read whole, principals with their privilege and their ways in."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.policy import Owner, Owners
from prooftrail.model.iam import AccessKey, Role, Root, Secret, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity, Kind, Known
from prooftrail.model.judgement import Factor, PrivilegeClass, Risk
from prooftrail.model.organization import DelegatedAdministrator
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, Gap, GapReason
from prooftrail.risk.entry import Comer, Entry, Way
from prooftrail.risk.privilege import Privilege
from prooftrail.risk.score import risks
from tests.builders import judging
from tests.builders.snapshots import an_identity
from tests.builders.times import ACCOUNT, MANAGEMENT, NEVER, NOW, REGION, UNTOLD, ago, days, used

OWNED = Known(value="team-a")
DAY = days(1)
FRESH = used(DAY)
ROOT_OU, UNIT, TEAM = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"
LIMITED = PrivilegeClass.WRITE_LIMITED


def organization(
    governance: Governance | None = None,
    *,
    delegated: Iterable[str] = (),
    administrators: CellStatus = CellStatus.OK,
    gaps: Iterable[str] = (),
    **known: Any,
) -> Context:
    """A run's context in which the organization was read whole; `gaps` name the APIs the administrators' cell lacks."""
    missing = tuple(Gap(api=api, reason=GapReason.DENIED, detail="not authorized") for api in gaps)
    cells = (
        Cell(account=MANAGEMENT, region=GLOBAL, collector=Collector.ACCOUNTS, status=CellStatus.OK, items=3),
        Cell(
            account=MANAGEMENT,
            region=GLOBAL,
            collector=Collector.DELEGATED_ADMINISTRATORS,
            status=administrators,
            items=0,
            gaps=missing,
        ),
    )
    administers = tuple(DelegatedAdministrator(account=one, services=("guardduty",)) for one in delegated)
    return judging.a_context(governance, **{"cells": cells, "delegated_administrators": administers, **known})


def a_person(name: str = "ada", *, password: bool | None = True, mfa: bool | None = True, **known: Any) -> Identity:
    """An owned user with a password it used yesterday, and MFA."""
    facts = User(path="/", password_enabled=password, mfa_active=mfa, mfa_devices=(), key_slots=())
    made = {"kind": Kind.HUMAN_USER, "usage": FRESH, **known}
    return _made(facts, name, f"AIDA{name.upper():X<17}", f"user/{name}", **made)


def a_machine(name: str = "deploy", **known: Any) -> Identity:
    """An owned user without a password."""
    facts = User(path="/", password_enabled=False, mfa_active=False, mfa_devices=(), key_slots=())
    made = {"kind": Kind.SERVICE_USER, "usage": UNTOLD, **known}
    return _made(facts, name, f"AIDA{name.upper():X<17}", f"user/{name}", **made)


def a_key_of(user: Identity, *, age: timedelta = DAY, number: int = 1, active: bool = True, **known: Any) -> Identity:
    """A key of `user`, a day old and used yesterday."""
    facts = AccessKey(user_id=user.id, user_name=user.name, status="Active" if active else "Inactive")
    made = {"usage": FRESH, "parent": user.id, "created_at": NOW - age, "tags": (), **known}
    key = f"AKIA{user.name.upper():X<15}{number}"
    return _made(facts, key, key, f"user/{user.name}", kind=Kind.ACCESS_KEY, **made)


def a_service_key_of(user: Identity, **facts: Any) -> Identity:
    """A credential of `user` for one service, which never expires."""
    about: dict[str, Any] = {"user_id": user.id, "user_name": user.name, "service": "codecommit", "status": "Active"}
    of, key = ServiceSpecificCredential(**{**about, **facts}), f"ACCA{user.name.upper():X<17}"
    made = {"kind": Kind.SERVICE_SPECIFIC_CRED, "usage": UNTOLD, "parent": user.id}
    return _made(of, key, key, f"user/{user.name}/{key}", **made)


def a_worker(name: str = "worker", **known: Any) -> Identity:
    """An owned role that was used yesterday."""
    facts = Role(path="/", trust=(), trust_document="0" * 64)
    made = {"kind": Kind.ROLE_WORKLOAD, "usage": FRESH, **known}
    return _made(facts, name, f"AROA{name.upper():X<17}", f"role/{name}", **made)


def a_vault(name: str = "db", *, value_age: timedelta | None = DAY, **known: Any) -> Identity:
    """An owned secret, its value set and read yesterday."""
    facts = Secret(rotation_enabled=True, value_created_at=None if value_age is None else NOW - value_age)
    made = {"usage": FRESH, "region": REGION, **known}
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
    return _made(facts, name, arn, "", **{**made, "arn": arn, "kind": Kind.SECRET})


def the_root(**facts: Any) -> Identity:
    """The root with a password and MFA, and no key."""
    made = {"password_enabled": True, "mfa_active": True, "access_keys_present": False, "certificates_present": False}
    of = Root(**{**made, "key_slots": (), **facts})
    return _made(of, "root", f"arn:aws:iam::{ACCOUNT}:root", "root", kind=Kind.ROOT, usage=NEVER, tags=None)


def _made(facts: Any, name: str, id_: str, path: str, **known: Any) -> Identity:
    made = {"arn": f"arn:aws:iam::{ACCOUNT}:{path}", "owner": OWNED, "created_at": ago(days(400)), **known}
    return an_identity(facts, name=name, id=id_, **made)


def may(one: Identity, cls: PrivilegeClass = LIMITED, **known: Any) -> Privilege:
    """A privilege that was resolved to the end, bound to a network unless told otherwise."""
    made = {"at_most": cls, "why": "it does so", "network_bound": True, **known}
    return Privilege(principal=one.id, cls=cls, **made)


def lets_in(one: Identity, *ways: Way) -> Entry:
    """A role's ways in."""
    return Entry(role=one.id, ways=ways)


def a_way(comer: Comer, **known: Any) -> Way:
    """One way in."""
    return Way(comer=comer, who=f"some {comer.replace('_', ' ')}", **known)


def scores(
    *identities: Identity,
    context: Context | None = None,
    governance: Governance | None = None,
    privileges: Iterable[Privilege] | None = None,
    entries: Iterable[Entry] = (),
    **known: Any,
) -> dict[str, Risk]:
    """The risk of each identity by name. Principals may write a little unless told, roles are trusted by a service."""
    about = context or organization(governance)
    principals = [one for one in identities if isinstance(one.facts, User | Role)]
    can = {one.principal: one for one in map(may, principals)} if privileges is None else {}
    can |= {one.principal: one for one in privileges or ()}
    roles = [one for one in principals if isinstance(one.facts, Role)]
    ways = {one.id: lets_in(one, a_way(Comer.SERVICE)) for one in roles} | {one.role: one for one in entries}
    snapshot = judging.judged_snapshot(*identities, **known)
    limits = judging.limits(about.governance)
    found = risks(snapshot, about, privileges=can, entries=ways, limits=limits)
    assert set(found) == {one.id for one in identities}
    return {one.name: found[one.id] for one in snapshot.identities}


def the_score(one: Identity, *others: Identity, **known: Any) -> Risk:
    """The risk of one identity among others."""
    return scores(one, *others, **known)[one.name]


def present(risk: Risk) -> dict[str, int]:
    """The factors that are so, with their points."""
    return _points(risk.factors)


def possible(risk: Risk) -> dict[str, int]:
    """The factors nobody could tell."""
    return _points(risk.possible)


def _points(factors: Iterable[Factor]) -> dict[str, int]:
    return {one.name: one.points for one in factors}


def without_owner(one: Identity) -> Identity:
    """The same identity, and nobody named as its owner."""
    return msgspec.structs.replace(one, owner=Known())


def owners(**active: bool) -> Governance:
    """A registry in which these owners are active or not."""
    found = (Owner(id=name.replace("_", "-"), name=name, active=is_active) for name, is_active in active.items())
    return Governance(owners=Owners(owner=tuple(found)), pseudonymous=True)
