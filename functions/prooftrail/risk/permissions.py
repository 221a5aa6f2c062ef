"""What every user and role of an account can do: its class, the escalation paths it completes, and the statements that say so.

An upper bound, for session policies are invisible and conditions are taken to hold (see `conditions`); said once here
and on page one. A policy or boundary that was not read makes nothing certain, neither what it may allow nor what it
may deny: the class is then NONE and `at_most` says what it could be. Equal sets of policies are worked out once.
"""

from collections.abc import Mapping

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.model.iam import Role, Root, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import Snapshot

from . import duties as duties_of
from .account_graph import AccountGraph, Sort, Target, target_of
from .action_table import LISTS, PATHS, mask
from .asker import Asker
from .classes import Reached, reached, touches_itself
from .duties import Duties
from .effective import Effective, Held, Home
from .escalation import paths
from .guardrails import Guardrails, guardrails
from .holdings import Holding, Shelf
from .privilege import PathMatch, Privilege

ONE_LOWER = PrivilegeClass.RESOURCE_POLICY_WRITE
"""What a path counts as that needs a target: one class below PRIVESC (ruling 15)."""

_PATH_ACTIONS = mask(tuple(action for one in PATHS for action in one.required))
_KEYS_OF_ITS_OWN = mask(LISTS.iam_writes)


class _Principal(msgspec.Struct, kw_only=True):
    """One principal while it is worked out. `service_linked` roles are bound by no guardrail."""

    identity: Identity
    holding: Holding
    asker: Asker
    reached: Reached
    duties: Duties
    service_linked: bool

    @property
    def doubts(self) -> tuple[str, ...]:
        """What of its own was not read."""
        boundary = self.holding.boundary_unread
        return (*self.holding.unresolved, *((boundary,) if boundary else ()))


def privileges(snapshot: Snapshot, context: Context) -> dict[str, Privilege]:
    """What each user, role and root of the account can do, by identity id."""
    account = _Account(snapshot, context)
    found = {one.identity.id: account.privilege(one) for one in account.principals}
    for one in snapshot.identities:
        if isinstance(one.facts, Root):
            found[one.id] = Privilege(
                principal=one.id,
                cls=PrivilegeClass.ADMIN,
                at_most=PrivilegeClass.ADMIN,
                why="the root of an account may do everything in it",
            )
    return found


class _Account:
    """One account while its principals are worked out."""

    def __init__(self, snapshot: Snapshot, context: Context) -> None:
        self.shelf = Shelf(snapshot, context)
        self.home = Home(context.partition, snapshot.header.account)
        self.guards: Guardrails = guardrails(snapshot.account.account, context)
        self.graph = _graph(snapshot, context)
        self._effective: dict[tuple[str, ...], Effective] = {}
        self._reached: dict[tuple[int, str | None], Reached] = {}
        self._duties: dict[tuple[int, str | None], Duties] = {}
        self.principals = tuple(
            self._principal(one) for one in snapshot.identities if isinstance(one.facts, User | Role)
        )
        boundaries = self._boundaries()
        self._left_free = {arn: duties_of.free_writes(one) for arn, one in boundaries.items()}
        self.graph.ceilings = {arn: reached(one).cls for arn, one in boundaries.items()}
        self._groups = {one.arn: self.shelf.of_group(one) for one in self.shelf.groups.values()}
        unread = {arn for arn, holding in self._groups.items() if holding.unresolved}
        self.graph.unsure = frozenset(unread | {one.identity.arn for one in self.principals if one.doubts})
        self._settle()

    def _principal(self, identity: Identity) -> _Principal:
        holding = self.shelf.holding(identity)
        linked = isinstance(identity.facts, Role) and identity.facts.path.startswith("/aws-service-role/")
        effective = self._of(holding, linked)
        groups = identity.facts.groups if isinstance(identity.facts, User) else ()
        known = [self.shelf.groups[one] for one in groups if one in self.shelf.groups]
        held = {*_attached(identity), *(policy.arn for one in known for policy in one.attached)}
        base = self._class(effective, identity.arn)
        asker = Asker(
            requester=holding.requester,
            effective=effective,
            base_class=base.cls,
            graph=self.graph,
            boundary=holding.boundary_arn,
            groups=tuple(sorted(one.arn for one in known)),
            policies=tuple(sorted(one for one in held if one in self.shelf.policies)),
        )
        return _Principal(
            identity=identity,
            holding=holding,
            asker=asker,
            reached=base,
            duties=self._duty(effective, identity.arn),
            service_linked=linked,
        )

    def _of(self, holding: Holding, service_linked: bool = False) -> Effective:
        personal = (holding.identity,) if holding.personal else ()
        key = (*holding.key, *personal, "service-linked" if service_linked else "")
        if key not in self._effective:
            guards = () if service_linked else self.guards.statements
            self._effective[key] = Effective(holding.held(), boundary=holding.ceiling(), guards=guards, home=self.home)
        return self._effective[key]

    def _class(self, effective: Effective, arn: str) -> Reached:
        key = (id(effective), arn if touches_itself(effective) else None)
        if key not in self._reached:
            self._reached[key] = reached(effective, own=key[1])
        return self._reached[key]

    def _duty(self, effective: Effective, arn: str) -> Duties:
        key = (id(effective), arn if effective.live & _KEYS_OF_ITS_OWN else None)
        if key not in self._duties:
            self._duties[key] = duties_of.duties(effective, own=key[1])
        return self._duties[key]

    def _boundaries(self) -> dict[str, Effective]:
        """What each boundary that was read leaves to whoever may do everything else."""
        found: dict[str, Effective] = {}
        for one in self.principals:
            arn, statements = one.holding.boundary_arn, one.holding.boundary
            if arn is not None and statements is not None and arn not in found:
                found[arn] = Effective((Held(policy=arn, statement=each) for each in statements), home=self.home)
        return found

    def _settle(self) -> None:
        """Follow what each can become until nothing moves; the order of the principals makes no difference."""
        standing = {one.identity.arn: one.reached.cls for one in self.principals if not one.doubts}
        standing |= {arn: reached(self._of(holding)).cls for arn, holding in self._groups.items()}
        waiting = [one for one in self.principals if not one.doubts and self._may_rise(one)]
        while True:
            self.graph.settle(standing)
            risen = {one.identity.arn: self._stands(one) for one in waiting}
            moved = {arn: cls for arn, cls in risen.items() if cls.rank > standing[arn].rank}
            if not moved:
                return
            standing |= moved
            waiting = [one for one in waiting if standing[one.identity.arn].rank < PrivilegeClass.PRIVESC.rank]

    def _may_rise(self, one: _Principal) -> bool:
        if one.reached.cls is PrivilegeClass.ADMIN:
            return False
        return bool(one.asker.effective.live & _PATH_ACTIONS) or bool(one.asker.named_by_trust)

    def _stands(self, one: _Principal) -> PrivilegeClass:
        found, _ = paths(one.asker)
        return self._with_paths(one, found)[0]

    def _with_paths(self, one: _Principal, found: list[PathMatch]) -> tuple[PrivilegeClass, str]:
        """The class with what its paths add, and why in words."""
        full = [path for path in found if not path.needs_target]
        if full:
            return PrivilegeClass.PRIVESC, f"it can make itself more than it is, by {_told(full)}"
        cls, why = one.reached.cls, one.reached.why
        if found and cls.rank < ONE_LOWER.rank:
            cls, why = ONE_LOWER, f"{_told(found)} would give it more, if a target for it exists"
        strongest = next(iter(one.asker.assumable_above(cls.rank)), None)
        if strongest is not None:
            return self.graph.standing[strongest], f"it may assume {strongest}"
        return cls, why

    def privilege(self, one: _Principal) -> Privilege:
        """The answer for one principal."""
        found, possible = paths(one.asker) if self._may_rise(one) else ([], [])
        cls, why = self._with_paths(one, found) if self._may_rise(one) else (one.reached.cls, one.reached.why)
        if one.doubts:
            return self._doubtful(one, found, possible, would_be=cls, why=why)
        at_most = cls if not possible or cls.rank >= PrivilegeClass.PRIVESC.rank else PrivilegeClass.PRIVESC
        unread = () if at_most is cls else (f"whom {', '.join(possible)} would reach was not read",)
        full = tuple(path for path in found if not path.needs_target)
        grants = tuple(sorted({grant for path in full for grant in path.grants})) if full else one.reached.grants
        return msgspec.structs.replace(
            self._common(one),
            cls=cls,
            at_most=at_most,
            why=why,
            grants=grants,
            paths=tuple(found),
            possible_paths=tuple(possible),
            writes_iam=bool(one.duties.iam_actions),
            network_bound=one.duties.network_bound,
            conflicts=one.duties.conflicts,
            unresolved=unread,
        )

    def _doubtful(
        self, one: _Principal, found: list[PathMatch], possible: list[str], *, would_be: PrivilegeClass, why: str
    ) -> Privilege:
        """Nothing is certain: what was not read may allow everything, or deny it. An unread boundary only takes away."""
        boundary_only = not one.holding.unresolved
        at_most = would_be if boundary_only else PrivilegeClass.ADMIN
        by_deny = any(duties_of.denies_elsewhere(each) for each in one.asker.effective.denies)
        return msgspec.structs.replace(
            self._common(one),
            cls=PrivilegeClass.NONE,
            at_most=at_most,
            why=f"not known, {'; '.join(one.doubts)}; by what was read: {why}",
            possible_paths=tuple(sorted({*possible, *(path.id for path in found)})),
            writes_iam=None if not boundary_only or one.duties.iam_actions else False,
            network_bound=True if by_deny else None,
            possible_conflicts=one.duties.conflicts,
            unresolved=tuple(sorted(one.doubts)),
        )

    def _limits_iam(self, one: _Principal) -> bool | None:
        free = self._left_free.get(one.holding.boundary_arn or "")
        if free is None:
            return None
        return not one.asker.boundary_is_loose and free.isdisjoint(one.duties.iam_actions)

    def _common(self, one: _Principal) -> Privilege:
        bits, named = 0, set[str]()
        for held in one.asker.effective.allows:
            bits |= held.statement.bits
            named |= set(held.statement.actions)
        return Privilege(
            principal=one.identity.id,
            cls=PrivilegeClass.NONE,
            at_most=PrivilegeClass.NONE,
            why="",
            iam_actions=one.duties.iam_actions,
            boundary=one.holding.boundary_arn,
            boundary_enforced=one.duties.boundary_enforced,
            boundary_limits_iam=self._limits_iam(one),
            guardrails=() if one.service_linked else self.guards.lowering(bits, frozenset(named)),
            guardrails_considered=self.guards.considered and not one.service_linked,
        )


def _graph(snapshot: Snapshot, context: Context) -> AccountGraph:
    targets = [found for one in snapshot.identities if (found := target_of(one)) is not None]
    targets += [Target(arn=one.arn, sort=Sort.GROUP, name=one.name) for one in snapshot.groups]
    cell = next((one for one in snapshot.cells if one.collector is Collector.PRINCIPALS), None)
    return AccountGraph(
        targets,
        policies=snapshot.policies,
        account=snapshot.header.account,
        partition=context.partition,
        complete=cell is not None and cell.status is CellStatus.OK,
    )


def _attached(identity: Identity) -> Mapping[str, None]:
    facts = identity.facts
    return dict.fromkeys(one.arn for one in facts.attached) if isinstance(facts, User | Role) else {}


def _told(found: list[PathMatch], most: int = 3) -> str:
    """The first paths in words, with the first target of each."""
    told = [f"{one.id} ({one.name}{f' on {one.targets[0]}' if one.targets else ''})" for one in found[:most]]
    left = len(found) - len(told)
    return ", ".join(told) + (f" and {left} more" if left else "")
