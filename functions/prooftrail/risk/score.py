"""The inherent risk of every identity of an account: what it could do, how easily, and the tier that follows.

Where something was not read two scores are made: one of what was seen at the least, one of what could be at the most.
The first tier is taken without rotation and use, whose limits depend on it; then the ages are held against that tier's
limits and the score is made once more, and no further. Source: docs/risk-model.md.
"""

from collections.abc import Mapping

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance.thresholds import Limits
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
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass, Risk
from prooftrail.model.snapshot import Snapshot

from .entry import Entry
from .explain_score import unknown_of
from .factors import gather
from .gathering import Found, LimitOf, TierLimits
from .method import Scored, model, score
from .privilege import Privilege
from .surroundings import Surroundings

__all__ = ["Scored", "model", "risks", "score"]

ADMIN, NONE, METADATA = PrivilegeClass.ADMIN, PrivilegeClass.NONE, PrivilegeClass.METADATA_READ
SENSITIVE, ORDINARY = PrivilegeClass.SENSITIVE_DATA, PrivilegeClass.DATA_READ_NONSENSITIVE


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity may do, as far as the model asks: the class it has, the one it could have, and why."""

    cls: PrivilegeClass
    at_most: PrivilegeClass
    why: str
    paths: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def risks(
    snapshot: Snapshot,
    context: Context,
    *,
    privileges: Mapping[str, Privilege],
    entries: Mapping[str, Entry],
    limits: Limits,
) -> dict[str, Risk]:
    """The risk of every identity of the snapshot by its id; a credential carries that of the user it belongs to.

    Nothing is left out: what cannot be told is between two tiers, and `unknown` says why.
    """
    around = Surroundings(snapshot, context, privileges=privileges, entries=entries)
    limit_of = LimitOf(limits)
    found: dict[str, Risk] = {}
    later = []
    listed = {one.id for one in snapshot.identities}
    for one in snapshot.identities:
        if _belongs(one) and one.parent in listed:
            later.append(one)
        else:
            found[one.id] = _scored(one, around, limit_of)
    for one in later:
        holder = str(one.parent)
        found[one.id] = msgspec.structs.replace(found[holder], identity=one.id, inherited_from=holder)
    return {one.id: found[one.id] for one in snapshot.identities}


def _belongs(one: Identity) -> bool:
    return isinstance(one.facts, AccessKey | ServiceSpecificCredential) and one.parent not in (None, one.id)


def _scored(one: Identity, around: Surroundings, limit_of: LimitOf) -> Risk:
    power, gathered = _power(one, around), gather(one, around)
    low, high = _bounds(one, power, gathered.found(), around)
    found = gathered.with_ages(TierLimits(low.tier, high.tier, limit_of)) if gathered.aged else gathered.found()
    low, high = _bounds(one, power, found, around)
    place = around.place
    return Risk(
        identity=one.id,
        tier=high.tier,
        tier_from=low.tier,
        impact=high.impact,
        likelihood=high.likelihood,
        points=high.points,
        privilege=power.cls,
        privilege_at_most=power.at_most,
        privilege_why=power.why,
        paths=power.paths,
        environment=place.environment,
        environment_why=place.why,
        factors=found.present,
        possible=found.possible,
        floors=high.floors,
        unknown=_unknown(power, found, around),
    )


def _bounds(one: Identity, power: Power, found: Found, around: Surroundings) -> tuple[Scored, Scored]:
    """The score of what was seen at the least, and of what could be at the most."""
    place = around.place
    low = score(power.cls, place.lowest, found.lower, one.kind, place.sensitive is True)
    high = score(power.at_most, place.environment, found.upper, one.kind, place.sensitive is not False)
    return low, high


def _unknown(power: Power, found: Found, around: Surroundings) -> tuple[str, ...]:
    place = around.place
    units = ("whether its organizational unit is a sensitive one was not read",) if place.sensitive is None else ()
    return (*power.unread, *place.doubts, *units, *map(unknown_of, found.possible))


def _power(one: Identity, around: Surroundings) -> Power:
    """The privilege of a principal as its policies give it; for everything else what the model takes it for."""
    match one.facts:
        case User() | Role():
            power = _of_principal(around.privileges.get(one.id))
        case OidcProvider() | SamlProvider():
            power = _of_provider(one, around)
        case Root():
            power = _certain(ADMIN, "the root may do everything in its account")
        case Secret():
            power = _certain(SENSITIVE, "what it opens is not known, so the model takes it for sensitive data")
        case ServerCertificate():
            power = _certain(ORDINARY, "it proves who a server is and opens no AWS resource")
        case PermissionSetFacts():
            power = _open("this version does not collect the policies of permission sets")
        case _:
            power = _open("the user it belongs to is not listed")
    return power


def _certain(cls: PrivilegeClass, why: str) -> Power:
    return Power(cls=cls, at_most=cls, why=why)


def _open(why: str) -> Power:
    return Power(cls=NONE, at_most=ADMIN, why=why, unread=(why,))


def _of_principal(privilege: Privilege | None) -> Power:
    if privilege is None:
        return _open("its policies were not read")
    return Power(
        cls=privilege.cls,
        at_most=max(privilege.cls, privilege.at_most, key=lambda one: one.rank),
        why=privilege.why,
        paths=tuple(one.id for one in privilege.paths if not one.needs_target),
        unread=privilege.unresolved,
    )


def _of_provider(one: Identity, around: Surroundings) -> Power:
    """A provider vouches for whoever takes on the roles that trust it: the most any of them may do."""
    powers = {role.name: _of_principal(around.privileges.get(role.id)) for role in around.trusting(one)}
    cls, why = METADATA, "no role of this account trusts it"
    if powers:
        name = max(sorted(powers), key=lambda each: powers[each].cls.rank)
        cls = max(METADATA, powers[name].cls, key=lambda each: each.rank)
        why = f"it vouches for whoever takes on role {name}: {powers[name].why}"
    unread = tuple(sorted({reason for power in powers.values() for reason in power.unread}))
    at_most = max((cls, *(power.at_most for power in powers.values())), key=lambda each: each.rank)
    if not around.principals_whole:
        at_most, unread = ADMIN, (*unread, "not every role was read, and one of them may trust it")
    elif around.unread_trusts:
        held = [_of_principal(around.privileges.get(role.id)).at_most for role in around.unread_trusts]
        at_most = max((at_most, *held), key=lambda each: each.rank)
        unread = (*unread, f"the trust of {len(held)} roles was not read, and one of them may name it")
    return Power(cls=cls, at_most=at_most, why=why, unread=unread)
