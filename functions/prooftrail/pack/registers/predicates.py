"""What the sealed snapshot and policy themselves say of a compensating control that no result of a control tests."""

from collections.abc import Mapping

import msgspec

from prooftrail.controls.exceptions import restricted
from prooftrail.governance.exceptions import Compensator
from prooftrail.model.iam import Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.gathered_exceptions import Cited, Near, Tested, tested
from prooftrail.pack.view import PeriodView

INFERRED = "INFERRED"


def came_to(
    each: Compensator, cited: Cited, near: Near, identities: Mapping[str, Identity], period: PeriodView
) -> Tested:
    """What the sealed results say of a compensating control; where they do not, what snapshot and policy say of it."""
    made = tested(each, cited, near)
    again = _looked_at(each, cited, identities, period) if made.inferred else None
    if again is None:
        return made
    return msgspec.structs.replace(made, status=again[0], reason=again[1], inferred=False)


def _looked_at(
    each: Compensator, cited: Cited, identities: Mapping[str, Identity], period: PeriodView
) -> tuple[ResultStatus, str] | None:
    """What it comes to by the facts of the run shown, and which they are; None where a pack cannot tell.

    Conditions of policies are not worked out again here, and nothing is for a judgement of an older run.
    """
    identity = identities.get(cited.result.identity or "")
    if identity is None or cited.at != period.as_of.taken_at:
        return None
    parent = identities.get(identity.parent) if identity.parent and identity.parent != identity.id else None
    if each.predicate == "restricted_owner":
        return _restricted(identity, parent, period)
    return _boundary(identity, parent) if each.predicate == "boundary_attached" else None


def _restricted(identity: Identity, parent: Identity | None, period: PeriodView) -> tuple[ResultStatus, str]:
    found = restricted(period.context.governance, identity, parent, period.as_of.taken_at)
    if isinstance(found, str):
        return ResultStatus.FAIL, f"Looked at again by the sealed snapshot and policy: {found}."
    owner, entry = found
    known = f"known by {identity.owner.rung.value}" + (f" on {identity.owner.where}" if identity.owner.where else "")
    until = f"through {entry.expires_on}" if entry.expires_on else "without an end"
    return ResultStatus.PASS, (
        f"Looked at again by the sealed snapshot and policy: its owner is {owner.id} ({known}), an active person of"
        f" owners.toml, and the restricted list names {entry.identity} with {entry.owner}, approved by {entry.approved_by}"
        f" on {entry.approved_on}, {until}."
    )


def _boundary(identity: Identity, parent: Identity | None) -> tuple[ResultStatus, str] | None:
    """Only that one is attached can be said: that none is could be that it was not read."""
    principal = identity if isinstance(identity.facts, User | Role) else parent
    if principal is None or not isinstance(principal.facts, User | Role) or not principal.facts.boundary:
        return None
    return ResultStatus.PASS, (
        f"Looked at again by the sealed snapshot: {principal.facts.boundary} is attached to {principal.name} as its boundary."
    )
