"""What a set of policies allows after its denies, its boundary and the organization's guardrails: an upper bound.

An upper bound, because session policies, resource policies' denies and the conditions of a request are invisible here
(see `conditions`). A Deny removes an action only where it certainly applies; one on some resources removes those and
no more. A boundary allows nothing by itself: it only keeps what both it and a policy allow.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from .action_table import BITS
from .conditions import still_allows, surely_denies
from .patterns import covers, overlaps, unconstrained, wild
from .policy_document import Statement
from .privilege import Grant

_NOTHING: Mapping[str, str | None] = {}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A statement and the policy it stands in, as a grant names it."""

    policy: str
    statement: Statement

    def grant(self) -> Grant:
        """The statement as an answer quotes it; `NotAction` and `NotResource` are marked with `!`."""
        one = self.statement
        return Grant(
            policy=self.policy,
            statement=one.label,
            actions=tuple(f"!{each}" for each in one.written) if one.not_actions else one.written,
            resources=tuple(f"!{each}" for each in one.resources) if one.not_resources else one.resources,
        )


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """A resource pattern on which an action is allowed, and the statement that allows it.

    `unconstrained` is true if nothing of the sort the action can be about is left out.
    """

    resource: str
    held: Held
    unconstrained: bool = False


def on_resource(statement: Statement, resource: str) -> bool:
    """True if the statement speaks of every resource the text or pattern names."""
    if statement.not_resources:
        return not any(overlaps(one, resource) for one in statement.resources)
    return any(covers(one, resource) for one in statement.resources)


def on_everything(statement: Statement) -> bool:
    """True if the statement speaks of every resource there is."""
    return not statement.resources if statement.not_resources else "*" in statement.resources


def is_own(resource: str, own: str | None) -> bool:
    """True if a pattern names the user or role with the ARN `own` and nobody else, in whichever account it says.

    Names are unique in an account, so that the path in front of one makes no difference.
    """
    if own is None or resource == own:
        return own is not None
    head, _, name = resource.rpartition("/")
    sort, _, path = head.partition("/")
    same = sort.rpartition(":")[2] == own.partition("/")[0].rpartition(":")[2] and name == own.rpartition("/")[2]
    return same and ":iam::" in sort and not wild(path) and not wild(name)


class Home(NamedTuple):
    """The partition and the account a principal acts in; any account where that is not known."""

    partition: str = "aws"
    account: str = "*"

    def everything(self, action: str) -> str:
        """What `*` means for an action of IAM: everything of the one sort it can be about."""
        if not action.startswith("iam:"):
            return "*"
        sort = next((sort for word, sort in _SORTS if word in action), "*")
        return f"arn:{self.partition}:iam::{self.account}:{sort}" if sort else "*"

    def about(self, action: str, resource: str) -> bool:
        """True if the action can be about something the pattern names: its own service, and of IAM its account and sort."""
        if action.startswith("iam:"):
            named = _partition(resource)
            everything = (self if named is None else self._replace(partition=named)).everything(action)
            return overlaps(resource, everything) if everything != "*" else covers(resource, everything)
        service = "iam" if action.startswith("sts:assume") else action.partition(":")[0]
        of = _service(resource)
        return of is None or of.startswith(_ELSEWHERE.get(service, service))

    def unconstrained(self, action: str, resource: str) -> bool:
        """True if the pattern leaves out nothing of the sort the action can be about."""
        if action.startswith("iam:") and self.account != "*":
            return covers(resource, self.everything(action))
        return unconstrained(resource)


def _service(resource: str) -> str | None:
    """The service an ARN pattern names; None where it leaves that open."""
    parts = resource.split(":", 3)
    return parts[2] if len(parts) == 4 and not wild(":".join(parts[:3])) else None


def _partition(resource: str) -> str | None:
    """The partition an ARN pattern names; None where it leaves that open."""
    parts = resource.split(":", 2)
    return parts[1] if len(parts) == 3 and not wild(parts[0] + parts[1]) else None


_ELSEWHERE: Mapping[str, str | tuple[str, ...]] = {
    "ebs": "ec2", "ec2-instance-connect": "ec2", "efs": "elasticfilesystem", "finspace-api": "finspace",
    "gamelist": "gamelift", "opensearch": ("es", "opensearch"), "rds-data": "rds", "redshift-data": "redshift",
    "sso": ("sso", "identitystore"), "ssm": ("ssm", "ec2", "ecs"), "sts": ("sts", "iam"),
}  # fmt: skip
"""The services whose resources the actions of these are about, where those are not their own."""

_SORTS = (
    ("accountpasswordpolicy", ""),
    ("accountalias", ""),
    ("securitytokenservice", ""),
    ("organizationsroot", ""),
    ("delegationrequest", "delegation-request/*"),
    ("virtualmfadevice", "mfa/*"),
    ("mfadevice", "user/*"),
    ("servercertificate", "server-certificate/*"),
    ("signingcertificate", "user/*"),
    ("sshpublickey", "user/*"),
    ("password", "user/*"),
    ("instanceprofile", "instance-profile/*"),
    ("samlprovider", "saml-provider/*"),
    ("openidconnectprovider", "oidc-provider/*"),
    ("group", "group/*"),
    ("user", "user/*"),
    ("loginprofile", "user/*"),
    ("accesskey", "user/*"),
    ("servicespecificcredential", "user/*"),
    ("role", "role/*"),
    ("policy", "policy/*"),
)


class Effective:
    """The policies of one principal, taken together. `boundary` is None where it has none (or none could be read)."""

    def __init__(
        self,
        held: Iterable[Held],
        *,
        boundary: Iterable[Statement] | None = None,
        guards: Iterable[Statement] = (),
        home: Home | None = None,
    ) -> None:
        self._home = home or Home()
        listed = tuple(held)
        self._unbounded = (listed, tuple(guards))
        self.allows = tuple(one for one in listed if one.statement.allow)
        ceiling = None if boundary is None else tuple(boundary)
        self.ceiling = None if ceiling is None else tuple(one for one in ceiling if one.allow)
        self.denies = (
            *(one.statement for one in listed if not one.statement.allow),
            *(one for one in ceiling or () if not one.allow),
            *guards,
        )

    @cached_property
    def unbounded(self) -> "Effective":
        """The same policies without the boundary."""
        if self.ceiling is None:
            return self
        listed, guards = self._unbounded
        return Effective(listed, guards=guards, home=self._home)

    @cached_property
    def live(self) -> int:
        """The known actions that are allowed on some resource and not denied on all of them."""
        found = 0
        for one in self.allows:
            found |= one.statement.bits
        for denied in self.denies:
            if not denied.conditions and on_everything(denied):
                found &= ~denied.bits
        if self.ceiling is not None:
            kept = 0
            for statement in self.ceiling:
                kept |= statement.bits
            found &= kept
        return found

    def may(self, actions: Iterable[str]) -> bool:
        """True if every one of these known actions is allowed on some resource."""
        return all(self.scopes(one) for one in actions)

    @cached_property
    def _scopes(self) -> dict[tuple[str, str | None], tuple[Scope, ...]]:
        return {}

    def scopes(self, action: str, *, service: str | None = None) -> tuple[Scope, ...]:
        """Where a known action is allowed, pattern by pattern, what is denied whole left out and the boundary applied.

        `service` is whom a role is passed to, where that is known.
        """
        key = (action.lower(), service)
        if key not in self._scopes:
            self._scopes[key] = tuple(self._find(key[0], _passed(service)))
        return self._scopes[key]

    def _find(self, action: str, known: Mapping[str, str | None]) -> Iterator[Scope]:
        bit, everything = BITS[action], self._home.everything(action)
        if not self.live & bit:
            return
        for one in self.allows:
            if not one.statement.bits & bit or not still_allows(one.statement, known):
                continue
            for resource in _named(one.statement, everything):
                if not self._home.about(action, resource):
                    continue
                for kept in self._under_ceiling(resource, bit, known):
                    if self._home.about(action, kept) and not self._denied(kept, bit, known):
                        free = self._home.unconstrained(action, kept)
                        yield Scope(resource=kept, held=one, unconstrained=free)

    def _under_ceiling(self, resource: str, bit: int, known: Mapping[str, str | None]) -> Iterator[str]:
        if self.ceiling is None:
            yield resource
            return
        kept = {
            each
            for one in self.ceiling
            if one.bits & bit and still_allows(one, known)
            for each in _common(resource, one)
        }
        yield from sorted(kept)

    def _denied(self, resource: str, bit: int, known: Mapping[str, str | None]) -> bool:
        return any(one.bits & bit and on_resource(one, resource) and surely_denies(one, known) for one in self.denies)

    def allowed(self, action: str, resource: str, *, known: Mapping[str, str | None] = _NOTHING) -> Held | None:
        """The first statement that allows a known action on one resource, None where nothing does or a Deny stands.

        `known` are the request's condition values that are known (service passed to, boundary of the target).
        """
        bit = BITS[action.lower()]
        if not self.live & bit or self._denied(resource, bit, known):
            return None
        if self.ceiling is not None and not any(
            one.bits & bit and on_resource(one, resource) and still_allows(one, known) for one in self.ceiling
        ):
            return None
        return next(
            (
                one
                for one in self.allows
                if one.statement.bits & bit
                and on_resource(one.statement, resource)
                and still_allows(one.statement, known)
            ),
            None,
        )

    def reaches(self, action: str, known: Mapping[str, str | None]) -> bool:
        """True if a known action is allowed on some resource when the request's condition values are these."""
        return next(self._find(action.lower(), known), None) is not None

    def barred(self, actions: Iterable[str]) -> frozenset[str]:
        """The resource patterns on which a Deny without conditions takes away one of these known actions."""
        bits = 0
        for one in actions:
            bits |= BITS[one.lower()]
        denies = (one for one in self.denies if one.bits & bits and not one.conditions and not one.not_resources)
        return frozenset(each for one in denies for each in one.resources)

    def forbids(self, action: str, resource: str) -> bool:
        """True if a Deny certainly stands against a known action on one resource, whoever else allows it."""
        return self._denied(resource, BITS[action.lower()], _NOTHING)

    def everywhere(self, action: str) -> Held | None:
        """The statement that allows a known action on everything of its sort; None where each is constrained."""
        return next((one.held for one in self.scopes(action) if one.unconstrained), None)

    def survives(self, pattern: str) -> bool:
        """True if some action a lower-case pattern names may be left after denies on everything and the boundary."""
        for one in self.denies:
            if not one.conditions and on_everything(one) and _names_all(one, pattern):
                return False
        return self.ceiling is None or any(_names_some(one, pattern) for one in self.ceiling)


def _named(statement: Statement, everything: str) -> Iterator[str]:
    """The patterns a statement names for an action, `*` as everything that action can be about."""
    if statement.not_resources:
        if not any(covers(one, everything) for one in statement.resources):
            yield everything
        return
    for one in statement.resources:
        yield everything if one == "*" else one


def _passed(service: str | None) -> Mapping[str, str | None]:
    return _NOTHING if service is None else {"iam:passedtoservice": service}


def _common(resource: str, ceiling: Statement) -> Iterator[str]:
    """The narrower of two patterns that meet, for each pattern of a boundary's statement."""
    if ceiling.not_resources:
        if not any(covers(one, resource) for one in ceiling.resources):
            yield resource
        return
    for one in ceiling.resources:
        if covers(one, resource):
            yield resource
        elif overlaps(one, resource):
            yield one


def _names_all(statement: Statement, pattern: str) -> bool:
    if statement.not_actions:
        return not any(overlaps(one, pattern) for one in statement.actions)
    return any(covers(one, pattern) for one in statement.actions)


def _names_some(statement: Statement, pattern: str) -> bool:
    if statement.not_actions:
        return not any(covers(one, pattern) for one in statement.actions)
    return any(overlaps(one, pattern) for one in statement.actions)
