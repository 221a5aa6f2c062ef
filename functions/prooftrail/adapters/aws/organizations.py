"""Which accounts there are, where they sit, who acts for the organization and which policies bind it."""

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from prooftrail.evidence.redaction import PSEUDONYM, Redactor
from prooftrail.model.account import OrganizationReadings
from prooftrail.model.canonical import utc
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.organization import (
    Account,
    AccountState,
    DelegatedAdministrator,
    OrganizationFacts,
    OrganizationPolicy,
    PolicyTarget,
    Tag,
)
from prooftrail.model.reading import Reading
from prooftrail.model.run import Run
from prooftrail.ports import Clock, RawSink

from .account_tags import read_tags
from .aws_policies import read_published
from .governor import Governors
from .observer import Api, Collecting, Observer
from .sessions import Caller, Sessions

DESCRIBE_ORGANIZATION = Api("organizations", "describe_organization")
LIST_ACCOUNTS = Api("organizations", "list_accounts")
LIST_ROOTS = Api("organizations", "list_roots")
LIST_UNITS = Api("organizations", "list_organizational_units_for_parent")
LIST_ACCOUNTS_FOR_PARENT = Api("organizations", "list_accounts_for_parent")
LIST_ADMINISTRATORS = Api("organizations", "list_delegated_administrators")
LIST_SERVICES = Api("organizations", "list_delegated_services_for_account")
LIST_POLICIES = Api("organizations", "list_policies")
DESCRIBE_POLICY = Api("organizations", "describe_policy")
LIST_TARGETS = Api("organizations", "list_targets_for_policy")

POLICY_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_TOKEN = ("NextToken", "NextToken")
_PAGE = 20  # the most AWS Organizations gives
_THREADS = 8
_NOT_IN_USE = frozenset({"AWSOrganizationsNotInUseException"})
_RETIRED = frozenset({"AccountNotRegisteredException", "AccountNotFoundException"})
_DELETED = frozenset({"PolicyNotFoundException"})
# How AWS says that a policy type does not exist here or is switched off.
_NO_SUCH_TYPE = frozenset({
    "InvalidInputException", "PolicyTypeNotEnabledException", "UnsupportedAPIEndpointException",
})  # fmt: skip
_STATES = frozenset(AccountState)
_CONTAINER = re.compile(r"(?:r|ou)-[0-9a-z-]+")


class AwsOrganizationSource:
    """Reads the organization the caller belongs to, or only the caller's account where `organization` is False.

    What AWS refuses is a gap in the one reading it belongs to; only AccessError (nobody can say who we
    are) is raised. A caller outside any organization has a list of one account, and that list is complete.

    Tags are the one thing that takes a call for each account, some ten a second. `tags_within` is how long they are
    asked for: those of the accounts after it are unknown, by one gap, rather than the whole reading lost. None asks on.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        clock: Clock,
        governors: Governors,
        organization: bool,
        tags_within: timedelta | None = None,
    ) -> None:
        self._sessions, self._clock, self._governors, self._organization = sessions, clock, governors, organization
        self._tags_within = tags_within

    def read(
        self,
        *,
        run: Run,  # noqa: ARG002  # the port's
        raw: RawSink,
        redactor: Redactor,
        known: tuple[AwsManagedPolicy, ...] = (),
    ) -> OrganizationReadings:
        """Accounts, delegated administrators, service and resource control policies, and the policies AWS manages.

        Source: AWS Organizations, asked in the caller's home region under the caller's own credentials, and IAM there.
        """
        caller = self._sessions.caller()
        observer = Observer(
            account=caller.account,
            partition=caller.partition,
            client_of=self._sessions.direct(),
            home_region=self._sessions.region,
            governors=self._governors,
            clock=self._clock,
            raw=raw,
            redactor=redactor,
        )
        published = read_published(observer, known)
        accounts: Collecting[Account] = Collecting(observer)
        described = accounts.ask(DESCRIBE_ORGANIZATION, absent=_NOT_IN_USE) if self._organization else {}
        if described == {}:
            accounts.add(Account(id=caller.account))
            return _readings(caller, observer, OrganizationFacts(), accounts.reading(), Reading(), Reading(), published)
        facts = _facts((described or {}).get("Organization", {}))
        enabled = _read_accounts(accounts, caller.account, facts, self._tags_within)
        return _readings(
            caller,
            observer,
            facts,
            accounts.reading(),
            _read_administrators(Collecting(observer)),
            _read_policies(Collecting(observer), enabled),
            published,
        )


def list_accounts(observer: Observer) -> Reading[Account]:
    """The accounts with what ListAccounts alone tells; the caller's own is always among them, beside any gap."""
    found: Collecting[Account] = Collecting(observer)
    rows = _rows(_paged(found, LIST_ACCOUNTS, absent=_NOT_IN_USE, MaxResults=_PAGE))
    for row in rows:
        found.add(_account(observer.redactor, row, (), {}, None, OrganizationFacts()))
    if all(row["Id"] != observer.account for row in rows):
        found.add(Account(id=observer.account))
    return found.reading()


def _readings(
    caller: Caller,
    observer: Observer,
    facts: OrganizationFacts,
    accounts: Reading[Account],
    administrators: Reading[DelegatedAdministrator],
    policies: Reading[OrganizationPolicy],
    published: Reading[AwsManagedPolicy],
) -> OrganizationReadings:
    return OrganizationReadings(
        caller_account=caller.account,
        caller_arn=caller.arn,
        partition=caller.partition,
        facts=facts,
        accounts=accounts,
        delegated_administrators=administrators,
        policies=policies,
        aws_policies=published,
        sightings=observer.redactor.sightings(),
        calls=observer.calls,
        throttled=observer.throttled,
    )


def _facts(organization: Mapping[str, Any]) -> OrganizationFacts:
    return OrganizationFacts(
        id=organization.get("Id"),
        management_account=organization.get("MasterAccountId"),
        feature_set=organization.get("FeatureSet"),
    )


def _read_accounts(
    accounts: Collecting[Account], own: str, facts: OrganizationFacts, tags_within: timedelta | None
) -> frozenset[str] | None:
    """Fills `accounts`; gives the policy types in force, None where the roots were not read.

    The caller's own account is always among them: where ListAccounts was refused, alone, beside the gap.
    """
    rows = _rows(_paged(accounts, LIST_ACCOUNTS, MaxResults=_PAGE))
    if not rows:
        accounts.add(Account(id=own, management=own == facts.management_account))
        return None
    roots = [root for page in _paged(accounts, LIST_ROOTS, MaxResults=_PAGE) for root in page.get("Roots", [])]
    paths, names = _places(accounts, rows, {root["Id"]: root["Name"] for root in roots})
    tags = read_tags(accounts, sorted((row["Id"] for row in rows), key=lambda one: (one != own, one)), tags_within)
    for row in rows:
        path = paths.get(row["Id"], ())
        accounts.add(_account(accounts.observer.redactor, row, path, names, tags.get(row["Id"]), facts))
    if all(row["Id"] != own for row in rows):
        accounts.add(Account(id=own, management=own == facts.management_account))
    if not roots:
        return None
    return frozenset(kind["Type"] for root in roots for kind in root.get("PolicyTypes", []))


def _rows(pages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The accounts of all pages by id, each once: the list may shift while it is read."""
    by_id = {row["Id"]: row for page in pages for row in page.get("Accounts", [])}
    return [row for _, row in sorted(by_id.items())]


def _account(
    redactor: Redactor,
    row: Mapping[str, Any],
    path: tuple[str, ...],
    names: Mapping[str, str],
    tags: tuple[Tag, ...] | None,
    facts: OrganizationFacts,
) -> Account:
    state = str(row.get("State") or row.get("Status"))
    email, joined = row.get("Email"), row.get("JoinedTimestamp")
    if email and not PSEUDONYM.fullmatch(email):
        email = redactor.pseudonym(email)  # an address that does not look like one
    return Account(
        id=row["Id"],
        name=row.get("Name"),
        arn=row.get("Arn"),
        email=email,
        state=AccountState(state) if state in _STATES else AccountState.UNKNOWN,
        joined_at=utc(joined) if joined else None,
        joined_method=row.get("JoinedMethod"),
        ou_path="/".join(names[step] for step in path) if path and all(step in names for step in path) else None,
        ou_ids=path,
        tags=tags,
        management=row["Id"] == facts.management_account,
    )


def _places(
    accounts: Collecting[Account], rows: list[dict[str, Any]], names: dict[str, str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The way from the root down to each account as ids, and the names of roots and units on it.

    The accounts' own `Paths` say where each sits, and then only units that hold units are asked for names; an
    Organizations that sends no paths is walked down from its roots.
    """
    paths = {row["Id"]: _steps(row["Paths"][0]) for row in rows if row.get("Paths")}
    if not paths:
        return _walked(accounts, names)
    parents = sorted({parent for path in paths.values() for parent in path[:-1]})
    for units in _at_once(lambda parent: _units(accounts, parent), parents):
        names |= units
    return paths, names


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if _CONTAINER.fullmatch(step))


def _units(accounts: Collecting[Account], parent: str) -> dict[str, str]:
    pages = _paged(accounts, LIST_UNITS, ParentId=parent, MaxResults=_PAGE)
    return {unit["Id"]: unit["Name"] for page in pages for unit in page.get("OrganizationalUnits", [])}


def _walked(accounts: Collecting[Account], names: dict[str, str]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    places: dict[str, tuple[str, ...]] = {}
    level: list[tuple[str, ...]] = [(root,) for root in sorted(names)]
    while level:
        below: list[tuple[str, ...]] = []
        found = _at_once(lambda path: (path, _held(accounts, path[-1]), _units(accounts, path[-1])), level)
        for path, held, units in found:
            places |= dict.fromkeys(held, path)
            names |= units
            below += [(*path, unit) for unit in units]
        level = below
    return places, names


def _held(accounts: Collecting[Account], parent: str) -> list[str]:
    pages = _paged(accounts, LIST_ACCOUNTS_FOR_PARENT, ParentId=parent, MaxResults=_PAGE)
    return [row["Id"] for page in pages for row in page.get("Accounts", [])]


def _read_administrators(found: Collecting[DelegatedAdministrator]) -> Reading[DelegatedAdministrator]:
    pages = _paged(found, LIST_ADMINISTRATORS, MaxResults=_PAGE)
    rows = {row["Id"]: row for page in pages for row in page.get("DelegatedAdministrators", [])}
    for account, services in _at_once(lambda one: (one, _services(found, one)), sorted(rows)):
        enabled = rows[account].get("DelegationEnabledDate")
        if services != ():  # one who administers nothing any more was retired while we read
            found.add(
                DelegatedAdministrator(account=account, services=services, enabled_at=utc(enabled) if enabled else None)
            )
    return found.reading()


def _services(found: Collecting[DelegatedAdministrator], account: str) -> tuple[str, ...] | None:
    pages = list(_paged(found, LIST_SERVICES, absent=_RETIRED, AccountId=account, MaxResults=_PAGE))
    if not pages or pages[-1].get("NextToken"):
        return None
    return tuple(sorted(one["ServicePrincipal"] for page in pages for one in page.get("DelegatedServices", [])))


def _read_policies(
    found: Collecting[OrganizationPolicy], enabled: frozenset[str] | None
) -> Reading[OrganizationPolicy]:
    """Every policy of both types; that a type is not in force here is an answer, not a gap."""
    rows = []
    for kind in POLICY_TYPES:
        absent = _NO_SUCH_TYPE if enabled is not None and kind not in enabled else frozenset()
        pages = _paged(found, LIST_POLICIES, absent=absent, Filter=kind, MaxResults=_PAGE)
        rows += [row for page in pages for row in page.get("Policies", [])]
    for policy in _at_once(lambda row: _policy(found, row), sorted(rows, key=lambda row: str(row["Id"]))):
        if policy is not None:
            found.add(policy)
    return found.reading()


def _policy(found: Collecting[OrganizationPolicy], row: Mapping[str, Any]) -> OrganizationPolicy | None:
    """The policy with what it says and whom it binds; None where it was deleted while we read."""
    described = found.ask(DESCRIBE_POLICY, absent=_DELETED, PolicyId=row["Id"])
    if described == {}:
        return None
    pages = list(_paged(found, LIST_TARGETS, absent=_DELETED, PolicyId=row["Id"], MaxResults=_PAGE))
    whole = pages and not pages[-1].get("NextToken")
    targets = [_target(one) for page in pages for one in page.get("Targets", [])]
    return OrganizationPolicy(
        id=row["Id"],
        arn=row["Arn"],
        name=row["Name"],
        type=row["Type"],
        aws_managed=bool(row.get("AwsManaged")),
        document=described["Policy"].get("Content") if described else None,
        targets=tuple(sorted(targets)) if whole else None,
    )


def _target(one: Mapping[str, Any]) -> PolicyTarget:
    return PolicyTarget(id=one["TargetId"], type=one["Type"], name=one.get("Name"))


def _paged(found: Collecting[Any], api: Api, **parameters: Any) -> Iterable[dict[str, Any]]:
    return found.pages(api, token=_TOKEN, **parameters)


def _at_once[A, B](ask: Callable[[A], B], things: Iterable[A]) -> list[B]:
    """`ask` of every thing, side by side, in the order of `things`."""
    with ThreadPoolExecutor(max_workers=_THREADS) as threads:
        return list(threads.map(ask, things))
