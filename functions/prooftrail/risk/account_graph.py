"""Who and what an account holds that an escalation could end in, found by pattern without looking at everything.

Whom a pattern names is searched by index (see `arn_index`), and what makes a target fit for a path (`Among`) is sorted
out once for all principals, from the highest class down, so that tens of thousands of principals stay linear. What AWS
does not let anyone change or pass (service-linked and Identity Center roles) is no target.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from heapq import merge
from itertools import accumulate
from typing import NamedTuple

import msgspec

from prooftrail.model.iam import ManagedPolicy, Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.model.trust import Principal, PrincipalType, TrustStatement

from .arn_index import ArnIndex
from .conditions import holds
from .patterns import covers
from .requester import Requester

_RESERVED = ("/aws-service-role/", "/aws-reserved/")
_ASSUMING = ("sts:assumerole", "sts:*", "*")


class Sort(StrEnum):
    """What a target is."""

    USER = "user"
    ROLE = "role"
    GROUP = "group"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Something an escalation may end in. `password` is None where it is not known or makes no sense.

    `attached` are the managed policies it holds itself. `trust` is None where a role's trust was not read.
    """

    arn: str
    sort: Sort
    name: str
    boundary: str | None = None
    password: bool | None = None
    attached: tuple[str, ...] = ()
    trust: tuple[TrustStatement, ...] | None = ()

    def services(self) -> Iterator[str]:
        """The services that may run with the role, as its trust names them (`lambda.amazonaws.com`)."""
        for statement in self.trust or ():
            if statement.effect == "Allow" and not statement.not_principals:
                yield from (one.value for one in statement.principals if one.type is PrincipalType.SERVICE)

    def open_to(self, account: str, account_root: str) -> bool:
        """True if some statement lets the whole account, or anyone, assume the role, and none keeps all of it out."""
        everyone = ("*", account, account_root)
        about = [one for one in self.trust or () if _assuming(one)]
        named = [one for one in about if any(who.value in everyone for who in one.principals)]
        if any(one.effect == "Deny" and not one.conditions and not one.not_principals for one in named):
            return False
        return any(one.effect == "Allow" and (one.not_principals or one in named) for one in about)

    def lets(self, requester: Requester, account_root: str) -> bool | None:
        """True if the trust names this principal itself, None if it leaves it to the account's policies, False if neither.

        A session of a role is that role, and a Deny that certainly stands is stronger than either.
        """
        answer: bool | None = False
        everyone = ("*", requester.account, account_root)
        for statement in self.trust or ():
            if not _assuming(statement):
                continue
            if statement.effect == "Deny":
                if _refuses(statement, requester, everyone):
                    return False
            elif _speaks_to(statement, requester):
                named = any(_is(one, requester) for one in statement.principals)
                if statement.not_principals:
                    answer = answer if answer or named else None
                elif named:
                    answer = True
                elif answer is False and any(one.value in everyone for one in statement.principals):
                    answer = None
        return answer


def _assuming(statement: TrustStatement) -> bool:
    named = any(covers(one.lower(), "sts:assumerole") or one.lower() in _ASSUMING for one in statement.actions)
    return named != statement.not_actions


def _speaks_to(statement: TrustStatement, requester: Requester) -> bool:
    return statement.effect == "Allow" and all(holds(one, requester.known) is not False for one in statement.conditions)


def _refuses(statement: TrustStatement, requester: Requester, everyone: tuple[str, ...]) -> bool:
    """True if a Deny certainly stands against all of a principal's sessions."""
    named = any(one.value in (requester.arn, requester.id, *everyone) for one in statement.principals)
    if statement.not_principals:
        named = not named and not any(_is(one, requester) for one in statement.principals)
    return named and all(holds(one, requester.known) is True for one in statement.conditions)


def _is(principal: Principal, requester: Requester) -> bool:
    """True if a trust names this principal, or a session of it."""
    if principal.type is not PrincipalType.AWS:
        return False
    sessions = requester.sessions
    return principal.value in (requester.arn, requester.id) or (
        sessions is not None and principal.value.startswith(sessions)
    )


def target_of(identity: Identity) -> Target | None:
    """A user or role as a target; None for what AWS lets nobody change."""
    facts = identity.facts
    if isinstance(facts, User):
        return Target(
            arn=identity.arn,
            sort=Sort.USER,
            name=identity.name,
            boundary=facts.boundary,
            password=None if "facts.password_enabled" in identity.unknown else facts.password_enabled,
            attached=tuple(one.arn for one in facts.attached),
        )
    if isinstance(facts, Role) and not facts.path.startswith(_RESERVED):
        return Target(
            arn=identity.arn,
            sort=Sort.ROLE,
            name=identity.name,
            boundary=facts.boundary,
            attached=tuple(one.arn for one in facts.attached),
            trust=None if "facts.trust" in identity.unknown else facts.trust,
        )
    return None


class Among(NamedTuple):
    """Which targets may serve a path, whoever asks. What is left at None (or False) leaves nobody out.

    `service` may run with the role (an unread trust might let it), the user's console `password` may be like that, the
    boundary lets it stand above a rank (`grows`), and a role's trust leaves to the account who assumes it (`open`).
    `boundaries` are those it may have, `trusts` the kinds of trust (see `AccountGraph.kinds`), `barred` the patterns that must not name it, `carrying` patterns of the
    customer-managed policies of which it holds one.
    """

    sort: Sort
    service: str | None = None
    password: bool | None = None
    grows: int | None = None
    open: bool = False
    boundaries: frozenset[str | None] | None = None
    trusts: frozenset[int] | None = None
    barred: frozenset[str] = frozenset()
    carrying: frozenset[str] = frozenset()


class AccountGraph:
    """The targets of one account. `standing` is what each can do as far as it was worked out, `unsure` whose is not known.

    `seen` is false where there is no account to look at (a policy judged by itself): then nothing can be found, and
    nothing ruled out. `complete` is false where the account's principals were not read whole.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        policies: Iterable[ManagedPolicy] = (),
        account: str = "",
        partition: str = "aws",
        seen: bool = True,
        complete: bool = True,
    ) -> None:
        self.seen, self.complete, self.partition = seen, complete, partition
        self.account_root = f"arn:{partition}:iam::{account}:root"
        self.targets: dict[str, Target] = {one.arn: one for one in targets}
        self.policies: Mapping[str, ManagedPolicy] = {one.arn: one for one in policies}
        self.standing: dict[str, PrivilegeClass] = {}
        self.unsure: frozenset[str] = frozenset()
        self.unread_trusts = frozenset(one.arn for one in self.targets.values() if one.trust is None)
        self.ceilings: dict[str, PrivilegeClass] = {}
        self._arns = {sort: ArnIndex(one.arn for one in self.targets.values() if one.sort is sort) for sort in Sort}
        self.boundaries = {
            sort: frozenset(one.boundary for one in self.targets.values() if one.sort is sort) for sort in Sort
        }
        self._by_ceiling: list[str] | None = None
        self._shelf = ArnIndex(self.policies)
        self._holders: dict[str, list[str]] = defaultdict(list)
        for one in self.targets.values():
            for policy in one.attached:
                self._holders[policy].append(one.arn)
        self._ordered: dict[tuple[Among, str], list[str]] = {}
        self._unsure: dict[tuple[Among, str], list[str]] = {}
        self._opened: dict[tuple[Among, str], list[str]] = {}
        self._unread_and_high: dict[tuple[str, int], bool] = {}
        self._running: dict[str, set[str]] = defaultdict(set)
        for one in self.targets.values():
            for service in one.services():
                for name in accumulate(service.split(".")[:-1], "{}.{}".format):
                    self._running[name].add(one.arn)
        self._open = frozenset(one.arn for one in self.targets.values() if one.open_to(account, self.account_root))
        numbers: dict[tuple[TrustStatement, ...], int] = {}
        trusts = {arn: self.targets[arn].trust or () for arn in sorted(self._open)}
        self._kind = {arn: numbers.setdefault(trust, len(numbers)) for arn, trust in trusts.items()}
        self.kinds: dict[int, Target] = {number: self.targets[arn] for arn, number in self._kind.items()}
        """One role of each trust that leaves it to the account who may assume it."""
        self._named: dict[str, list[str]] = defaultdict(list)
        for one in self.targets.values():
            for statement in one.trust or ():
                for who in statement.principals:
                    session = ":assumed-role/" in who.value
                    self._named[who.value.rpartition("/")[0] + "/" if session else who.value].append(one.arn)

    def settle(self, standing: Mapping[str, PrivilegeClass]) -> None:
        """Take over what everyone can do by now."""
        self.standing = dict(standing)
        self._ordered.clear()
        self._unread_and_high.clear()

    def rank(self, arn: str) -> int:
        """The rank of a target's class."""
        return self.standing.get(arn, PrivilegeClass.NONE).rank

    def wider(self, boundary: str | None, most: int) -> list[str]:
        """A few boundaries under which somebody could become more than under this one, AWS's AdministratorAccess first."""
        if self._by_ceiling is None:
            self._by_ceiling = sorted(self.ceilings, key=lambda arn: (-self.ceilings[arn].rank, arn))
        found = (one for one in self._by_ceiling[:most] if self.ceilings[one].rank > self.ceiling(boundary).rank)
        return [f"arn:{self.partition}:iam::aws:policy/AdministratorAccess", *found]

    def ceiling(self, boundary: str | None) -> PrivilegeClass:
        """The most someone under this boundary could ever become; an unread boundary excludes nothing."""
        return PrivilegeClass.ADMIN if boundary is None else self.ceilings.get(boundary, PrivilegeClass.ADMIN)

    def matching(self, sort: Sort, pattern: str) -> list[str]:
        """The targets of a sort that an ARN pattern names, in order of ARN."""
        return self._arns[sort].matching(pattern)

    def unsure_among(self, among: Among, pattern: str) -> list[str]:
        """Those a pattern names whose privilege is not known."""
        return self._kept(self._unsure, among, pattern, self.unsure.__contains__) if self.unsure else []

    def open_to_account(self, among: Among, pattern: str) -> list[str]:
        """The roles a pattern names whose trust leaves it to the account's policies who may assume them, by ARN."""
        return self._kept(self._opened, among._replace(open=True), pattern)

    def unread_and_high(self, pattern: str, rank: int) -> bool:
        """True if a pattern names a role whose trust was not read and that stands above `rank`, or may."""
        key = (pattern, rank)
        if key not in self._unread_and_high:
            named = self.matching(Sort.ROLE, pattern) if self.unread_trusts else []
            unread = (one for one in named if one in self.unread_trusts)
            self._unread_and_high[key] = any(one in self.unsure or self.rank(one) > rank for one in unread)
        return self._unread_and_high[key]

    def above(self, among: Among, rank: int, patterns: Iterable[str]) -> Iterator[str]:
        """The targets whose class is above `rank` and that one of the patterns names, highest class first."""
        lists = [self._descending(among, pattern) for pattern in set(patterns)]
        everyone = len(self._arns[among.sort].arns)
        if any(len(self.matching(among.sort, pattern)) == everyone for pattern in set(patterns)):
            lists = [self._descending(among, "*")]
        last = None
        for arn in merge(*lists, key=self._by_class) if len(lists) > 1 else iter(lists[0] if lists else ()):
            if self.rank(arn) <= rank:
                return
            if arn != last:
                yield arn
            last = arn

    def _by_class(self, arn: str) -> tuple[int, str]:
        return (-self.rank(arn), arn)

    def _descending(self, among: Among, pattern: str) -> list[str]:
        """Those a pattern names, highest class first."""
        key = (among, pattern)
        if key not in self._ordered:
            anyone = Among(among.sort)
            if among == anyone or among.carrying:
                fitting = (one for one in self._named_in(among, pattern) if self._fits(among, one))
                self._ordered[key] = sorted(fitting, key=self._by_class)
            else:
                self._ordered[key] = [one for one in self._descending(anyone, pattern) if self._fits(among, one)]
        return self._ordered[key]

    def _kept(
        self, kept: dict[tuple[Among, str], list[str]], among: Among, pattern: str,
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> list[str]:  # fmt: skip
        key = (among, pattern)
        if key not in kept:
            named = self._named_in(among, pattern)
            kept[key] = [one for one in named if wanted(one) and self._fits(among, one)]
        return kept[key]

    def _named_in(self, among: Among, pattern: str) -> list[str]:
        """Those a pattern names; of a few that carry certain policies, those."""
        if not among.carrying:
            return self.matching(among.sort, pattern)
        policies = {one for each in among.carrying for one in self._shelf.matching(each)}
        holders = {one for each in policies for one in self._holders.get(each, ()) if covers(pattern, one)}
        return sorted(one for one in holders if self.targets[one].sort is among.sort)

    def _fits(self, among: Among, arn: str) -> bool:
        target = self.targets[arn]
        return (
            (not among.open or arn in self._open)
            and (among.service is None or arn in self._running.get(among.service, ()) or target.trust is None)
            and (among.password is None or target.password is not (not among.password))
            and (among.grows is None or self.ceiling(target.boundary).rank > among.grows)
            and (among.boundaries is None or target.boundary in among.boundaries)
            and (among.trusts is None or self._kind.get(arn) in among.trusts)
            and not any(covers(one, arn) for one in among.barred)
        )

    def naming(self, requester: Requester) -> list[str]:
        """The roles whose trust names this principal itself."""
        names = (requester.arn, requester.id, requester.sessions or "")
        found = {arn for one in names for arn in self._named.get(one, ())}
        return sorted(one for one in found if self.targets[one].lets(requester, self.account_root) is True)
