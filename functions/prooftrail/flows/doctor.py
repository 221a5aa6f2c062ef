"""Says, before anything is sealed, what a scan would see and what it would not: account by account, action by action."""

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from prooftrail import permissions
from prooftrail.call_costs import Per
from prooftrail.errors import AccountUnreachable
from prooftrail.model.account import Count
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading
from prooftrail.permissions import Permission, Place

CALLS_PER_SECOND = 10
"""The pace an account is expected to allow, for estimates alone; a scan finds the real one."""

_NOT_SCANNED = {
    AccountState.PENDING_ACTIVATION: "AWS has not finished creating it",
    AccountState.SUSPENDED: "AWS suspended it",
    AccountState.PENDING_CLOSURE: "it is being closed",
    AccountState.CLOSED: "it is closed",
}
_KNOWN = {one.action: one for one in permissions.PERMISSIONS}
_UNTRIED = {"iam:GenerateCredentialReport": "trying it would make a report"}
# AWS's words for a refusal that no further Allow would mend.
_FORBIDDEN = re.compile(r"(?:explicit deny in an? |because no (?!identity))([\w-]+(?: [\w-]+)? (?:policy|boundary))")
_SUMMARY = {
    Per.USER: ("Users",),
    Per.ROLE: ("Roles",),
    Per.PRINCIPAL: ("Users", "Roles", "Groups", "Policies"),
    Per.PROVIDER: ("Providers",),
}
_UNCOUNTED = (Per.SECRET, Per.PARENT, Per.DELEGATE, Per.CONTROL_POLICY, Per.PERMISSION_SET)


class AccountProbe(Protocol):
    """One account, tried under the credentials a scan would use there."""

    def regions(self) -> Reading[str]:
        """The enabled regions."""

    def counts(self) -> Reading[Count]:
        """AWS's own counts of users, roles, groups and so on."""

    def attempt(self, actions: Iterable[str], *, region: str = GLOBAL) -> Reading[str]:
        """The actions AWS allows, and a gap whose `api` names each it does not; one in neither was not tried."""


class Probe(Protocol):
    """Tries what a scan would call; changes nothing and keeps nothing."""

    def caller(self) -> tuple[str, str, str]:
        """Account, ARN and partition of the caller. Raises AccessError where AWS does not say who we are."""

    def accounts(self) -> Reading[Account]:
        """The organization's accounts; at least the caller's own."""

    def account(self, account: str, *, direct: bool) -> AccountProbe:
        """What may be tried in one account. Raises AccountUnreachable where not one call can be made."""

    def unattributed(self) -> frozenset[str]:
        """The accounts entered so far whose role would not take the run id as SourceIdentity."""


class AccountCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One account: whether a scan would read it, why not, and what to do about it; `calls` is an estimate."""

    account: str
    name: str | None
    direct: bool
    scanned: bool
    reachable: bool
    reason: str | None = None
    code: str | None = None
    regions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    attributed: bool = True
    calls: int = 0


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """One action a scan needs and does not get, for one reason: where, and what will not be known.

    `where` pairs accounts with regions ("global" for what is asked once an account). `denied_by` names what forbids
    it where that is no lack of an Allow. `costs` says which cells become gaps; empty where another action shows the same.
    """

    action: str
    why: str
    place: Place
    reason: GapReason
    detail: str
    where: tuple[tuple[str, str], ...]
    denied_by: str | None
    costs: str


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: a sentence, the accounts it is for, and the policy as JSON text ("" where none helps)."""

    what: str
    accounts: tuple[str, ...]
    policy: str = ""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a first scan would take: calls, and minutes at CALLS_PER_SECOND an account; `besides` is not in it."""

    calls: int
    minutes: int
    besides: tuple[str, ...]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything doctor found; `untried` pairs each action that was tried nowhere with the reason."""

    caller_account: str
    caller_arn: str
    partition: str
    role_name: str
    accounts: tuple[AccountCheck, ...]
    missing: tuple[Missing, ...]
    untried: tuple[tuple[str, str], ...]
    fixes: tuple[Fix, ...]
    estimate: Estimate

    @property
    def healthy(self) -> bool:
        """True where every account that should be scanned can be entered and no missing action costs anything."""
        return all(one.reachable for one in self.accounts if one.scanned) and not any(one.costs for one in self.missing)


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    gap: Gap
    account: str
    region: str
    spared: bool

    @property
    def denied_by(self) -> str | None:
        said = _FORBIDDEN.search(self.gap.detail)
        return said[1] if said else None


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    check: AccountCheck
    refusals: tuple[_Refusal, ...] = ()
    untried: frozenset[str] = frozenset()


class Doctor:
    """Tries everything a scan under the same options would call, once for each account and region, side by side."""

    def __init__(
        self,
        probe: Probe,
        *,
        organization: bool,
        role_name: str,
        external_id: str | None = None,
        regions: tuple[str, ...] | None = None,
        workers: int = 8,
    ) -> None:
        self._probe, self._organization, self._workers = probe, organization, workers
        self._role_name, self._external_id, self._regions = role_name, external_id, regions

    def __call__(self, watch: Callable[[AccountCheck], None] = lambda _: None) -> Diagnosis:
        """The diagnosis; `watch` is told of each account as it is done, from any thread.

        Raises AccessError where AWS does not even say who we are: then there is nothing else to find out.
        """
        own, arn, partition = self._probe.caller()
        listed = self._probe.accounts().items if self._organization else (Account(id=own),)

        def examine(account: Account) -> _Seen:
            seen = self._examine(account, own)
            watch(seen.check)
            return seen

        with ThreadPoolExecutor(max_workers=self._workers) as threads:
            seen = list(threads.map(examine, listed))
        checks = tuple(one.check for one in seen)
        missing = _missing([refusal for one in seen for refusal in one.refusals])
        silent = [one.untried for one in seen if one.check.reachable]
        untried = frozenset.intersection(*silent) if silent else frozenset()
        return Diagnosis(
            caller_account=own,
            caller_arn=arn,
            partition=partition,
            role_name=self._role_name,
            accounts=checks,
            missing=missing,
            untried=tuple((one, _UNTRIED.get(one, "nothing to try it on")) for one in sorted(untried)),
            fixes=tuple(self._fixes(checks, missing, own, arn, partition)),
            estimate=self._estimate(checks),
        )

    def _examine(self, account: Account, own: str) -> _Seen:
        direct = account.id == own
        check = AccountCheck(account=account.id, name=account.name, direct=direct, scanned=True, reachable=True)
        if account.state in _NOT_SCANNED:
            return _Seen(check=replace(check, scanned=False, reachable=False, reason=_NOT_SCANNED[account.state]))
        try:
            probe = self._probe.account(account.id, direct=direct)
        except AccountUnreachable as error:
            return _Seen(check=replace(check, reachable=False, reason=error.detail, code=error.code))
        regions = self._regions or probe.regions().items
        questions = _questions(regions, organization=direct and self._organization)
        answers = {region: probe.attempt(actions, region=region) for region, actions in questions.items()}
        allowed = {action for one in answers.values() for action in one.items}
        refusals = tuple(
            _Refusal(gap=gap, account=account.id, region=region, spared=_KNOWN[gap.api].instead in allowed)
            for region, one in answers.items()
            for gap in one.gaps
        )
        refused = {one.gap.api for one in refusals}
        asked = {action for actions in questions.values() for action in actions}
        check = replace(
            check,
            regions=regions,
            missing=tuple(sorted(refused)),
            attributed=account.id not in self._probe.unattributed(),
            calls=_calls(Place.MEMBER, _counts(probe.counts(), len(regions))),
        )
        return _Seen(check=check, refusals=refusals, untried=frozenset(asked - allowed - refused))

    def _estimate(self, checks: tuple[AccountCheck, ...]) -> Estimate:
        """Accounts are read side by side, and one of them at its own pace: the longest or the sum decides."""
        each = [one.calls for one in checks if one.reachable]
        shared = _calls(Place.ORGANIZATION, {Per.MEMBER_ACCOUNT: len(checks)}) if self._organization else 0
        seconds = (max(max(each, default=0), sum(each) / self._workers) + shared) / CALLS_PER_SECOND
        besides = [one for one in permissions.PERMISSIONS if one.cost.per in _UNCOUNTED and not one.cost.only]
        return Estimate(
            calls=sum(each) + shared,
            minutes=math.ceil(seconds / 60),
            besides=tuple(f"{one.action}: {one.cost}" for one in besides),
        )

    def _fixes(
        self, checks: tuple[AccountCheck, ...], missing: tuple[Missing, ...], own: str, arn: str, partition: str
    ) -> Iterable[Fix]:
        shut = tuple(one.account for one in checks if one.code == "AccessDenied")
        trust = permissions.trust_policy(
            partition=partition, scanner_account=own, scanners=_scanners(arn), external_id=self._external_id
        )
        if shut:
            yield _fix(f"Create the role {self._role_name} with this trust policy.", shut, trust)
            yield _fix(f"Give the role {self._role_name} this policy.", shut, permissions.member_policy(partition))
        silent = tuple(one.account for one in checks if not one.attributed)
        if silent:
            yield _fix(f"Let the trust of {self._role_name} allow sts:SetSourceIdentity, as here.", silent, trust)
        for place, here, what in (
            (Place.MEMBER, False, f"Add this to the policy of the role {self._role_name}."),
            (Place.MEMBER, True, "Add this to the policy of the caller."),
            (Place.ORGANIZATION, True, "Add this to the policy of the caller, or call from the management account."),
        ):
            lacking = [one for one in missing if one.place is place and one.reason is GapReason.DENIED]
            granted, accounts = _lacking(lacking, own if here else None, own)
            if granted:
                statement = permissions.statements(granted, sid="ProoftrailNeeds", partition=partition)
                yield _fix(what, accounts, {"Version": permissions.VERSION, "Statement": statement})
        for one in missing:
            if one.denied_by:
                what = f"Make the {one.denied_by} that forbids {one.action} except the scanner: no Allow helps."
                yield Fix(what=what, accounts=tuple(sorted({account for account, _ in one.where})))


def _questions(regions: tuple[str, ...], *, organization: bool) -> dict[str, tuple[str, ...]]:
    """Which actions are tried where: once for the account, and the regional ones in each region."""
    member = permissions.at(Place.MEMBER)
    once = [one.action for one in member if not one.regional]
    once += [one.action for one in permissions.at(Place.ORGANIZATION)] if organization else []
    listed = tuple(one.action for one in member if one.cost.per is Per.REGION)
    all_regional = tuple(one.action for one in member if one.regional)
    first, *rest = regions or (None,)  # a region that lists answers the rest as any other does
    questions = {GLOBAL: tuple(once), **dict.fromkeys(rest, listed)}
    return {**questions, first: all_regional} if first else questions


def _counts(summary: Reading[Count], regions: int) -> dict[Per, int]:
    known = {one.name: one.value for one in summary.items}
    counts = {per: sum(known.get(name, 0) for name in names) for per, names in _SUMMARY.items()}
    return {**counts, Per.REGION: regions}


def _calls(place: Place, counts: Mapping[Per, int]) -> int:
    return sum(one.cost.calls(counts) for one in permissions.at(place))


def _missing(refusals: Iterable[_Refusal]) -> tuple[Missing, ...]:
    """The refusals of all accounts, one line for each action and reason."""
    groups: defaultdict[tuple[str, str, str], list[_Refusal]] = defaultdict(list)
    for one in refusals:
        groups[one.gap.api, one.gap.reason, one.denied_by or ""].append(one)
    return tuple(_line(_KNOWN[action], group) for (action, _, _), group in sorted(groups.items()))


def _line(permission: Permission, group: list[_Refusal]) -> Missing:
    where = tuple(sorted((one.account, one.region) for one in group))
    return Missing(
        action=permission.action,
        why=permission.why,
        place=permission.place,
        reason=group[0].gap.reason,
        detail=group[0].gap.detail,
        where=where,
        denied_by=group[0].denied_by,
        costs=_costs(permission, {(one.account, one.region) for one in group if not one.spared}),
    )


def _costs(permission: Permission, cells: set[tuple[str, str]]) -> str:
    """Accounts and regions whose cells become gaps, in words."""
    accounts, regions = {account for account, _ in cells}, {region for _, region in cells if region != GLOBAL}
    where = f"{len(accounts)} account(s)" + (f" in {len(regions)} region(s)" if regions else "")
    costs = f"{permission.collector} of {where}: gaps, and nothing that rests on them can pass"
    return "; ".join(filter(None, (costs, permission.lost))) if cells else ""


def _lacking(missing: Iterable[Missing], only: str | None, own: str) -> tuple[list[Permission], tuple[str, ...]]:
    """What an Allow would mend, and where: in the account `only`, or in all but the caller's own."""
    wanted: dict[str, set[str]] = {}
    for one in missing:
        accounts = {account for account, _ in one.where if (account == own if only else account != own)}
        if accounts and not one.denied_by:
            wanted[one.action] = accounts
    granted = [one for one in permissions.PERMISSIONS if one.action in wanted]
    return granted, tuple(sorted(set().union(*wanted.values())))


def _scanners(arn: str) -> tuple[str, ...]:
    """How a trust policy names the caller: a session's ARN does not tell its role's path."""
    kind, _, name = arn.split(":")[5].partition("/")
    if kind != "assumed-role":
        return (f"{kind}/{name}" if name else kind,)
    role = name.split("/")[0]
    return f"role/{role}", f"role/*/{role}"


def _fix(what: str, accounts: tuple[str, ...], policy: dict[str, Any]) -> Fix:
    return Fix(what=what, accounts=accounts, policy=json.dumps(policy, indent=2))
