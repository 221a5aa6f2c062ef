"""One principal that is asked for its escalation paths: what it may do to whom, what it may assume, what it could become."""

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import islice

import msgspec

from prooftrail.model.judgement import PrivilegeClass

from .account_graph import AccountGraph, Among, Sort, Target
from .classes import reached
from .effective import Effective
from .limits import BOUNDARY
from .requester import Requester

ASSUME, PASS = "sts:AssumeRole", "iam:PassRole"
ITSELF = "this-principal"
"""What stands for the principal's own name in a policy that is judged by itself."""

_KINDS = 256
"""Kinds of trust a principal is held against one by one; so many in one account are roles that stand alone."""

SHOWN = 5
"""Targets an answer names."""

_UNBOUNDING = {
    True: ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
    False: ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
}
SET_VERSION = "iam:SetDefaultPolicyVersion"
_REWRITING = ("iam:CreatePolicyVersion", SET_VERSION)


class Asker(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One principal that is asked for its paths. `base_class` is what it can do without any; `groups` are group ARNs.

    `policies` are the customer-managed policies attached to it and its groups.
    """

    requester: Requester | None
    effective: Effective
    base_class: PrivilegeClass
    graph: AccountGraph
    boundary: str | None = None
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    @cached_property
    def potential(self) -> PrivilegeClass:
        """What it could make of itself: everything, unless a boundary it cannot get rid of stops it."""
        if self.boundary is None or self.requester is None or self.boundary_is_loose:
            return PrivilegeClass.ADMIN
        return self.graph.ceiling(self.boundary)

    @cached_property
    def boundary_is_loose(self) -> bool:
        """True if it has a boundary that it may take off, replace by a wider one, or rewrite."""
        if self.boundary is None or self.requester is None:
            return False
        return any(map(self.sheds, _UNBOUNDING[self.requester.is_user])) or any(map(self.rewrites, _REWRITING))

    def sheds(self, action: str) -> bool:
        """True if it may take off its boundary by this action, or put a wider one in its place."""
        if self.boundary is None or self.requester is None or action not in _UNBOUNDING[self.requester.is_user]:
            return False
        removes = action.startswith("iam:Delete")
        left = [self.boundary] if removes else self.graph.wider(self.boundary, SHOWN)
        arn = self.requester.arn
        return any(self.effective.allowed(action, arn, known={BOUNDARY: one}) for one in left)

    def rewrites(self, action: str) -> bool:
        """True if it may change what its own boundary says by this action."""
        policy = self.graph.policies.get(self.boundary or "")
        if policy is None or (action == SET_VERSION and len(policy.versions) < 2):
            return False
        return self.effective.allowed(action, policy.arn) is not None

    @cached_property
    def freed(self) -> "Asker":
        """The same principal without its boundary."""
        effective = self.effective.unbounded
        own = None if self.requester is None else self.requester.arn
        return msgspec.structs.replace(
            self, effective=effective, boundary=None, base_class=reached(effective, own=own).cls
        )

    def allowed(self, actions: Iterable[str], target: Target, service: str | None = None) -> bool:
        """True if it may do all of these to one target."""
        known = self._known(target.boundary, service)
        return all(self.effective.allowed(one, target.arn, known=known) for one in actions)

    def narrowed(self, among: Among, actions: Iterable[str], *, patience: int) -> Among:
        """The same targets without whole groups on which it may not do all of these: those under a boundary for which
        nothing allows them, and those of a Deny without conditions that names more than `patience`."""
        graph, sort = self.graph, among.sort
        barred = frozenset(one for one in self.effective.barred(actions) if len(graph.matching(sort, one)) > patience)
        if len(graph.boundaries[sort]) > patience:
            return among._replace(barred=barred)
        left = {one for one in graph.boundaries[sort] if self._under(one, actions, among.service)}
        return among._replace(barred=barred, boundaries=None if left == graph.boundaries[sort] else frozenset(left))

    def _under(self, boundary: str | None, actions: Iterable[str], service: str | None) -> bool:
        """True if it may do all of these to someone under this boundary."""
        known = self._known(boundary, service)
        return all(self.effective.reaches(one, known) for one in actions)

    def _known(self, boundary: str | None, service: str | None) -> dict[str, str | None]:
        known: dict[str, str | None] = {BOUNDARY: boundary}
        if service and (principal := self.principal(service)):
            known["iam:passedtoservice"] = principal
        return known

    def principal(self, service: str) -> str | None:
        """How conditions name a service; None in China, where some have two names."""
        return None if self.graph.partition == "aws-cn" else f"{service}.amazonaws.com"

    def patterns(self, action: str) -> list[str]:
        """The resource patterns on which it may do something."""
        return sorted({one.resource for one in self.effective.scopes(action)})

    def assumable(self, fits: Callable[[Target], bool], *, carrying: Iterable[str] = ()) -> list[str]:
        """The first few roles it may assume (by its own policies, or because the trust names it) that fit, by ARN.

        Only roles count whose boundary would let them become more than this principal is. Where only roles can fit that
        hold a policy, `carrying` are the patterns that name such policies.
        """
        found = [one for one in self.named_by_trust if self.grows(self.graph.targets[one])]
        found = [one for one in found if fits(self.graph.targets[one])]
        among = Among(Sort.ROLE, grows=self.base_class.rank, trusts=self.open_trusts, carrying=frozenset(carrying))
        for pattern in self.patterns(ASSUME):
            opened = self.graph.open_to_account(among, pattern)
            wanted = (one for one in opened if fits(self.graph.targets[one]))
            found += islice((one for one in wanted if self.may_assume(one)), SHOWN)
        return sorted(set(found))[:SHOWN]

    @cached_property
    def named_by_trust(self) -> tuple[str, ...]:
        """The roles whose trust names it, and that nothing denies it."""
        if self.requester is None:
            return ()
        found = self.graph.naming(self.requester)
        return tuple(one for one in found if one != self.requester.arn and not self.effective.forbids(ASSUME, one))

    @cached_property
    def open_trusts(self) -> frozenset[int] | None:
        """The kinds of trust that leave it to its policies to come in; None where all do, or there are too many to ask."""
        kinds = self.graph.kinds
        if self.requester is None or len(kinds) > _KINDS:
            return None
        root = self.graph.account_root
        found = frozenset(one for one, role in kinds.items() if role.lets(self.requester, root) is not False)
        return None if len(found) == len(kinds) else found

    @property
    def open_roles(self) -> Among:
        """The roles whose trust leaves it to the account who may assume them, and does not keep it out."""
        return Among(Sort.ROLE, open=True, trusts=self.open_trusts)

    def may_assume(self, arn: str) -> bool:
        """True if the role's trust leaves it to the account's policies, and they allow it."""
        if self.requester is None or arn == self.requester.arn:
            return False
        target = self.graph.targets[arn]
        return target.lets(self.requester, self.graph.account_root) is not False and self.allowed((ASSUME,), target)

    def assumable_above(self, rank: int) -> list[str]:
        """The first few roles above `rank` it may assume, highest class first."""
        found = [one for one in self.named_by_trust if self.graph.rank(one) > rank]
        own = 0
        for arn in self.graph.above(self.open_roles, rank, self.patterns(ASSUME)):
            if self.may_assume(arn):
                found.append(arn)
                own += 1
            if own >= SHOWN:
                break
        return sorted(set(found), key=lambda arn: (-self.graph.rank(arn), arn))[:SHOWN]

    def grows(self, target: Target) -> bool:
        """True if the target's own boundary would let it become more than this principal is."""
        return self.graph.ceiling(target.boundary).rank > self.base_class.rank
