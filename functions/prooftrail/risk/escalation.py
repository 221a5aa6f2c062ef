"""Which published escalation paths a principal's policies complete, and what each would end in.

Every action of a path must be allowed. What makes it usable is its `target` rule (ruling 15): a role that may be passed
(scope, `iam:PassedToService`, the role's own trust) and stands higher; a policy in scope that is attached to the
principal, its groups or a role it may assume; itself, its group, or someone who stands higher. A path with no such
target "needs a target" and counts one class lower. Paths through running resources always do: which function or
instance runs with which role is not collected. Who may assume a role is followed inside the account, and named roles
of other accounts are left to those accounts. Where a target's own class is not known, the path is possible, not
proved. Judged by itself (no account to look at), a policy's path counts unless it needs a running resource.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import overload

import msgspec

from prooftrail.model.judgement import PrivilegeClass

from .account_graph import Among, Sort, Target
from .action_table import PATHS, PathRule, mask
from .asker import ASSUME, ITSELF, PASS, SHOWN, Asker
from .effective import Held, is_own
from .limits import BOUNDARY
from .patterns import wild
from .privilege import Grant, PathMatch

_MASKS = tuple((one, mask(one.required)) for one in PATHS)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a path would end in. `possible` is true where only something unread decides, `matched` false where it is no path."""

    targets: tuple[str, ...] = ()
    possible: bool = False
    matched: bool = True


_OTHERS = frozenset({"other-user", "user-without-password", "user-with-password", "other-role", "other-group"})
_PATIENCE = 32
"""Targets tried in vain before whole groups of them are left out together."""
NO_PATH = Outcome(matched=False)


def paths(asker: Asker) -> tuple[list[PathMatch], list[str]]:
    """The paths that are complete, sorted by id, and the ids of those that only something unread decides."""
    found: list[PathMatch] = []
    possible: list[str] = []
    for path, bits in _MASKS:
        trusted = path.target == "assume" and asker.named_by_trust
        if not trusted and not (asker.effective.live & bits == bits and asker.effective.may(path.required)):
            continue
        outcome = _outcome(asker, path)
        if outcome.matched:
            found.append(_match(asker, path, outcome))
        if outcome.possible and not outcome.targets:
            possible.append(path.id)
    return sorted(found), sorted(possible)


def _outcome(asker: Asker, path: PathRule) -> Outcome:
    if path.target == "running-resource":
        return Outcome()
    if not asker.graph.seen:
        return _by_itself(asker, path)
    outcome = _RULES[path.target](asker, path)
    if outcome.matched and not outcome.targets and not asker.graph.complete:
        return msgspec.structs.replace(outcome, possible=True)
    return outcome


def _by_itself(asker: Asker, path: PathRule) -> Outcome:
    """A path of a policy that is judged without an account: nothing to find, nothing ruled out but the principal itself."""
    if path.target == "assume":
        return Outcome()
    if path.target == "own-boundary":
        return NO_PATH
    if path.target in ("new-role", "new-user"):
        return _new(asker, path)
    if path.target in _OTHERS and all(one.endswith(f"/{ITSELF}") for one in asker.patterns(path.required[0])):
        return NO_PATH
    return Outcome(targets=("whatever it is allowed on",))


def _match(asker: Asker, path: PathRule, outcome: Outcome) -> PathMatch:
    shown = outcome.targets[:SHOWN]
    more = len(outcome.targets) - len(shown)
    return PathMatch(
        id=path.id,
        name=path.name,
        needs_target=not outcome.targets,
        targets=(*shown, f"and {more} more") if more else shown,
        grants=tuple(sorted(_grants(asker, path))),
    )


def _grants(asker: Asker, path: PathRule) -> set[Grant]:
    helds: list[Held] = []
    for action in path.required:
        helds += [one.held for one in asker.effective.scopes(action)[:1]]
    if helds:
        return {one.grant() for one in helds}
    return {
        Grant(policy=f"trust of {arn}", statement="trust", actions=(ASSUME,), resources=(arn,))
        for arn in asker.named_by_trust[:SHOWN]
    }


def _pick(
    asker: Asker, among: Among, actions: tuple[str, ...], *, rank: int, fits: Callable[[Target], bool] | None = None
) -> Outcome:
    """Targets above `rank`, other than the principal itself, on which every action is allowed."""
    own = None if asker.requester is None else asker.requester.arn
    service = asker.principal(among.service) if among.service else None
    patterns = {one.resource for one in asker.effective.scopes(actions[0], service=service)}

    def usable(arn: str) -> bool:
        target = asker.graph.targets[arn]
        return arn != own and (fits is None or fits(target)) and asker.allowed(actions, target, among.service)

    found = _first(asker.graph.above(among, rank, patterns), usable, patience=_PATIENCE)
    if found is None:
        among = asker.narrowed(among, actions, patience=_PATIENCE)
        found = _first(asker.graph.above(among, rank, patterns), usable)
    unsure = (one for pattern in patterns for one in asker.graph.unsure_among(among, pattern))
    return Outcome(targets=found, possible=not found and any(map(usable, unsure)))


@overload
def _first(arns: Iterable[str], usable: Callable[[str], bool]) -> tuple[str, ...]: ...
@overload
def _first(arns: Iterable[str], usable: Callable[[str], bool], *, patience: int) -> tuple[str, ...] | None: ...
def _first(
    arns: Iterable[str], usable: Callable[[str], bool], *, patience: int | None = None
) -> tuple[str, ...] | None:
    """The first few that are usable; None as soon as more than `patience` were not."""
    found: list[str] = []
    for at, arn in enumerate(arns):
        if usable(arn):
            found.append(arn)
            if len(found) == SHOWN:
                break
        elif patience is not None and at - len(found) >= patience:
            return None
    return tuple(found)


def _passed_role(asker: Asker, path: PathRule) -> Outcome:
    found: dict[str, None] = {}
    possible = False
    for service in path.services:
        one = _pick(asker, Among(Sort.ROLE, service=service), (PASS,), rank=asker.base_class.rank)
        found |= dict.fromkeys(one.targets)
        possible = possible or one.possible
    return Outcome(targets=tuple(found), possible=possible)


def _higher(among: Among) -> Callable[[Asker, PathRule], Outcome]:
    """Someone else who stands higher. What a principal may do to itself alone is no path."""

    def rule(asker: Asker, path: PathRule) -> Outcome:
        own = asker.requester.arn if asker.requester else None
        if all(is_own(pattern, own) for pattern in asker.patterns(path.required[0])):
            return NO_PATH
        return _pick(asker, among, path.required, rank=asker.base_class.rank)

    return rule


def _own(sort: Sort) -> Callable[[Asker, PathRule], Outcome]:
    """The principal itself, or a role whose trust names it."""

    def rule(asker: Asker, path: PathRule) -> Outcome:
        mine = [asker.requester.arn] if asker.requester and asker.potential.rank > asker.base_class.rank else []
        within = [one for one in mine if one in asker.graph.targets and asker.graph.targets[one].sort is sort]
        roles = asker.named_by_trust if sort is Sort.ROLE else ()
        within += [one for one in roles if asker.grows(asker.graph.targets[one])]
        targets = (asker.graph.targets[one] for one in within)
        return Outcome(targets=tuple(one.arn for one in targets if asker.allowed(path.required, one)))

    return rule


def _own_group(asker: Asker, path: PathRule) -> Outcome:
    if asker.potential.rank <= asker.base_class.rank:
        return Outcome()
    return Outcome(targets=tuple(one for one in asker.groups if asker.effective.allowed(path.required[0], one)))


def _other_group(asker: Asker, path: PathRule) -> Outcome:
    if asker.requester is None or not asker.requester.is_user:
        return Outcome()
    return _pick(asker, Among(Sort.GROUP), path.required, rank=asker.base_class.rank)


def _assumable_role(asker: Asker, path: PathRule) -> Outcome:
    def rewritable(target: Target) -> bool:
        return asker.allowed(path.required[:1], target)

    return Outcome(targets=tuple(asker.assumable(rewritable)))


def _in_both(sort: Sort) -> Callable[[Asker, PathRule], Outcome]:
    """Anyone else whom it may both give permissions and take over."""

    def rule(asker: Asker, path: PathRule) -> Outcome:
        return _pick(asker, Among(sort, grows=asker.base_class.rank), path.required, rank=-1)

    return rule


def _versioned(asker: Asker, action: str, arns: Iterable[str], *, older: bool = False) -> tuple[str, ...]:
    return tuple(
        one
        for one in sorted(set(arns))
        if one in asker.graph.policies
        and (not older or len(asker.graph.policies[one].versions) > 1)
        and asker.effective.allowed(action, one)
    )


def _own_policy(asker: Asker, path: PathRule) -> Outcome:
    """A policy attached to the principal, to its groups, or to a role it may assume."""
    older = path.target == "own-older-policy"
    mine = asker.policies if asker.potential.rank > asker.base_class.rank else ()
    found = _versioned(asker, path.required[0], mine, older=older)
    if not found and asker.rewrites(path.required[0]):
        freed = _freed(asker)
        found = freed.targets
        if freed.possible:
            return freed
    return Outcome(targets=found or _through_roles(asker, path.required[0], older=older))


def _own_boundary(asker: Asker, path: PathRule) -> Outcome:
    """Its own boundary, which it may take off or replace; without a boundary to lose there is no path."""
    if not asker.sheds(path.required[0]):
        return NO_PATH
    freed = _freed(asker)
    return freed if freed.targets or freed.possible else NO_PATH


def _freed(asker: Asker) -> Outcome:
    """Its boundary, if without it it stands higher or completes a path."""
    boundary = (asker.boundary,) if asker.boundary else ()
    if asker.freed.base_class.rank > asker.base_class.rank:
        return Outcome(targets=boundary)
    found, possible = paths(asker.freed)
    if any(not one.needs_target for one in found):
        return Outcome(targets=boundary)
    return Outcome(possible=bool(possible), matched=bool(possible))


def _new(asker: Asker, path: PathRule) -> Outcome:
    """A user or role it may make, under no boundary, and give permissions; it then acts as what it made."""
    known: dict[str, str | None] = {BOUNDARY: None}
    names = {one.resource for action in path.required for one in asker.effective.scopes(action)}
    made = (
        one for one in sorted(names) if all(asker.effective.allowed(each, one, known=known) for each in path.required)
    )
    found = next(made, None)
    return Outcome(targets=(f"a new {path.target.partition('-')[2]} ({found})",)) if found else NO_PATH


def _assumable_policy(asker: Asker, path: PathRule) -> Outcome:
    return Outcome(targets=_through_roles(asker, path.required[0]))


def _through_roles(asker: Asker, action: str, *, older: bool = False) -> tuple[str, ...]:
    """The policies in scope that are attached to roles it may assume."""

    def carries(target: Target) -> bool:
        return bool(_versioned(asker, action, target.attached, older=older))

    names = asker.assumable(carries, carrying=asker.patterns(action))
    roles = (asker.graph.targets[one] for one in names)
    return tuple(sorted({one for role in roles for one in _versioned(asker, action, role.attached, older=older)}))


def _policy_of_role(asker: Asker, path: PathRule) -> Outcome:
    policy_action, trust_action = path.required

    def carries(target: Target) -> bool:
        return bool(_versioned(asker, policy_action, target.attached))

    among = Among(Sort.ROLE, grows=asker.base_class.rank, carrying=frozenset(asker.patterns(policy_action)))
    return _pick(asker, among, (trust_action,), rank=-1, fits=carries)


def _assume(asker: Asker, _: PathRule) -> Outcome:
    """A role that is an administrator, or has a path to become one; named roles that are neither are no path."""
    rank = PrivilegeClass.PRIVESC.rank - 1
    targets = asker.assumable_above(rank)
    if targets:
        return Outcome(targets=tuple(targets))
    patterns = asker.patterns(ASSUME)
    possible = any(_doubtful(asker, one) for one in patterns) or any(
        one in asker.graph.unsure for one in asker.named_by_trust
    )
    return Outcome(matched=any(wild(one) for one in patterns), possible=possible)


def _doubtful(asker: Asker, pattern: str) -> bool:
    """True if it might assume a role to become more: the role's privilege, or the trust of a high one, was not read."""
    if asker.graph.unread_and_high(pattern, PrivilegeClass.PRIVESC.rank - 1):
        return True
    return any(asker.may_assume(one) for one in asker.graph.unsure_among(asker.open_roles, pattern))


_RULES: Mapping[str, Callable[[Asker, PathRule], Outcome]] = {
    "passed-role": _passed_role,
    "own-user": _own(Sort.USER),
    "own-role": _own(Sort.ROLE),
    "own-group": _own_group,
    "own-policy": _own_policy,
    "own-older-policy": _own_policy,
    "other-user": _higher(Among(Sort.USER)),
    "user-without-password": _higher(Among(Sort.USER, password=False)),
    "user-with-password": _higher(Among(Sort.USER, password=True)),
    "other-role": _higher(Among(Sort.ROLE)),
    "other-group": _other_group,
    "assumable-role": _assumable_role,
    "assumable-policy": _assumable_policy,
    "user-in-both": _in_both(Sort.USER),
    "role-in-both": _in_both(Sort.ROLE),
    "policy-of-role": _policy_of_role,
    "own-boundary": _own_boundary,
    "new-role": _new,
    "new-user": _new,
    "assume": _assume,
}
