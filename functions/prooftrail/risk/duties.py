"""Which duties a principal's policies hold: writing IAM, and whether bounded; conflicting duties; and from where it may act."""

from collections.abc import Iterable

import msgspec

from .action_table import BITS, LISTS, ConflictRule, mask, named
from .effective import Effective, is_own, on_everything
from .limits import binds_network, enforces_boundary
from .policy_document import Statement

_IAM_WRITES = mask(LISTS.iam_writes)
_BOUNDARY_AWARE = mask(LISTS.boundary_aware)
_OWN_KEYS = mask(LISTS.own_keys)
_UNBOUNDING = mask(("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"))
"""A condition names the boundary these take away: held to one, they take away just that one."""


class Duties(msgspec.Struct, frozen=True, kw_only=True):
    """What `Privilege` says beside the class; see there."""

    iam_actions: tuple[str, ...] = ()
    boundary_enforced: bool = False
    network_bound: bool = False
    conflicts: tuple[str, ...] = ()


def duties(effective: Effective, *, own: str | None) -> Duties:
    """The duties of a principal with the ARN `own`; what it may do to its own keys writes no IAM."""
    writes = tuple(
        one
        for one in named(effective.live & _IAM_WRITES)
        if any(not (BITS[one.lower()] & _OWN_KEYS and is_own(each.resource, own)) for each in effective.scopes(one))
    )
    return Duties(
        iam_actions=writes,
        boundary_enforced=_enforced(effective, writes),
        network_bound=network_bound(effective),
        conflicts=tuple(sorted(found for rule in LISTS.conflict if (found := _conflict(effective, rule)))),
    )


def _enforced(effective: Effective, writes: Iterable[str]) -> bool:
    """True if every change to users and roles that AWS can hold to a boundary is held to one."""
    aware = [one for one in writes if BITS[one.lower()] & _BOUNDARY_AWARE]
    return bool(aware) and all(_held_to_boundary(effective, one) for one in aware)


def _held_to_boundary(effective: Effective, action: str) -> bool:
    bit = BITS[action.lower()]
    if bit & _UNBOUNDING:
        return False
    if any(one.bits & bit and on_everything(one) and enforces_boundary(one) for one in effective.denies):
        return True
    return all(enforces_boundary(one.held.statement) for one in effective.scopes(action))


def free_writes(boundary: Effective) -> frozenset[str]:
    """The changes to IAM that a boundary, taken by itself, leaves free; none if it limits changing IAM.

    Free is what it allows on everything without holding it to a boundary. What AWS cannot hold to one (an access key, a
    policy) is free only where something it can hold is free as well.
    """
    free = frozenset(one for one in named(boundary.live & _IAM_WRITES) if _is_free(boundary, one))
    return free if any(BITS[one.lower()] & _BOUNDARY_AWARE for one in free) else frozenset()


def _is_free(boundary: Effective, action: str) -> bool:
    bit = BITS[action.lower()]
    if not bit & _UNBOUNDING and any(
        one.bits & bit and on_everything(one) and enforces_boundary(one) for one in boundary.denies
    ):
        return False
    everywhere = (one.held.statement for one in boundary.scopes(action) if one.unconstrained)
    return any(bit & _UNBOUNDING or not enforces_boundary(one) for one in everywhere)


def network_bound(effective: Effective) -> bool:
    """True if everything it may do is allowed from named networks only, or denied everywhere else."""
    if any(denies_elsewhere(one) for one in effective.denies):
        return True
    return bool(effective.allows) and all(binds_network(one.statement) for one in effective.allows)


def denies_elsewhere(statement: Statement) -> bool:
    """True if a Deny takes everything away outside named networks: that holds whatever else allows."""
    everything = on_everything(statement) and not statement.not_actions and "*" in statement.actions
    return not statement.allow and everything and binds_network(statement)


def _conflict(effective: Effective, rule: ConflictRule) -> str | None:
    """The rule with the first actions that make it true. Only what is allowed anywhere counts: which bucket holds
    evidence is not known, but who may write and destroy in all of them may in that one."""
    first = [one for one in rule.first if effective.live & BITS[one.lower()] and effective.everywhere(one)]
    second = [one for one in rule.second if effective.live & BITS[one.lower()] and effective.everywhere(one)]
    if not first or not second:
        return None
    return f"{rule.name} ({first[0]}; {', '.join(second)})"
