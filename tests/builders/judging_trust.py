"""Roles with the trust that matters to a test, and who comes in by it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from prooftrail.controls.case import Case
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.registers import OidcIssuer, Preset, Registers, Supplier, Suppliers
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass, Risk, Tier
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.entry import Entry, Way
from prooftrail.risk.privilege import Privilege
from prooftrail.risk.trust import entries, organization_of
from tests.builders.judging import a_case, a_context
from tests.builders.snapshots import a_snapshot, the
from tests.builders.things import a_role, oidc
from tests.builders.times import STRANGER

GITHUB = "token.actions.githubusercontent.com"
WHEN = date(2026, 1, 1)


def snapshot_of(*roles: Any, context: Context | None = None) -> Snapshot:
    """The snapshot of an account with these roles, classified as the organization tells."""
    about = context or a_context()
    return a_snapshot(*roles, context=organization_of(about), governance=about.governance)


def entry_of(*trust: dict[str, Any], context: Context | None = None) -> Entry:
    """Who comes in by this trust."""
    about = context or a_context()
    snapshot = snapshot_of(a_role(trust=trust), context=about)
    return entries(snapshot, about)[the(snapshot, "worker").id]


def way_of(*trust: dict[str, Any], context: Context | None = None) -> Way:
    """The one way in by this trust."""
    found = entry_of(*trust, context=context).ways
    assert len(found) == 1, found
    return found[0]


def token(
    issuer: str = GITHUB, *, operator: str = "StringEquals", aud: Any = "sts.amazonaws.com", **claims: Any
) -> Any:
    """A statement that takes the issuer's tokens; `sub` and other claims under `operator`, the audience by equality."""
    condition: dict[str, dict[str, Any]] = {}
    if aud is not None:
        condition.setdefault("StringEquals", {})[f"{issuer}:aud"] = aud
    for name, value in claims.items():
        condition.setdefault(operator, {})[f"{issuer}:{name}"] = value
    return oidc(issuer, condition=condition)


def trusting(
    *trust: dict[str, Any],
    context: Context | None = None,
    tier: Tier | Risk = Tier.MEDIUM,
    privilege: PrivilegeClass | None = None,
    at_most: PrivilegeClass | None = None,
    role: Mapping[str, Any] | None = None,
    unknown: Iterable[str] = (),
) -> tuple[Case, Identity]:
    """A case of one role with this trust, of this tier, and the role."""
    about = context or a_context()
    snapshot = snapshot_of(a_role(trust=trust, **(role or {})), context=about)
    identity = next(one for one in snapshot.identities if one.id.startswith("AROA"))
    if unknown:
        identity = msgspec.structs.replace(identity, unknown=tuple(unknown))
        snapshot = msgspec.structs.replace(snapshot, identities=(identity,))
    held = {} if privilege is None else {identity.id: a_privilege(identity.id, privilege, at_most)}
    case = a_case(
        snapshot=snapshot,
        context=about,
        risks={identity.id: tier},
        entries=entries(snapshot, about),
        privileges=held,
    )
    return case, identity


def a_privilege(principal: str, cls: PrivilegeClass, at_most: PrivilegeClass | None = None) -> Privilege:
    """What a principal can do; unresolved where `at_most` is above."""
    unresolved = ("a policy",) if at_most else ()
    return Privilege(principal=principal, cls=cls, at_most=at_most or cls, why="so it is", unresolved=unresolved)


def a_supplier(*accounts: str, **known: Any) -> Supplier:
    """A supplier of these accounts whose contract runs."""
    made: dict[str, Any] = {
        "name": "Cloudwatchers",
        "reason": "monitoring",
        "approved_by": "ciso",
        "approved_on": WHEN,
        **known,
    }
    return Supplier(accounts=accounts or (STRANGER,), **made)


def supplied_by(*suppliers: Supplier, **known: Any) -> Context:
    """The organization with these suppliers registered."""
    return a_context(Governance(suppliers=Suppliers(supplier=suppliers), **known))


def an_issuer(issuer: str = GITHUB, **known: Any) -> OidcIssuer:
    """A registered issuer."""
    return OidcIssuer(issuer=issuer, reason="pipelines", approved_by="ciso", approved_on=WHEN, **known)


def registering(*issuers: OidcIssuer, presets: Iterable[Preset] = ()) -> Context:
    """The organization with these issuers and presets registered."""
    return a_context(Governance(registers=Registers(oidc_issuer=issuers, preset=tuple(presets))))


def a_preset(name: str, **known: Any) -> Preset:
    """A preset that is switched on, owned and approved."""
    made: dict[str, Any] = {"enabled": True, "owner": "platform", "approved_by": "ciso", "approved_on": WHEN, **known}
    return Preset(name=name, **made)
