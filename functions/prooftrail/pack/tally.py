"""What is counted while the accounts go by once: everything that page one, charts and registers of the whole need."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prooftrail.model.iam import AccessKey, Secret
from prooftrail.model.identity import Identity, IdentityClass, Kind
from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus
from prooftrail.model.reading import CellStatus
from prooftrail.pack.registers.counted import not_explained
from prooftrail.pack.registers.gathered import Gathered
from prooftrail.pack.view import AccountView, Listed, PeriodView

AGE_BUCKETS = ((30, "up to 30 days"), (90, "31 to 90 days"), (180, "91 to 180 days"), (365, "181 to 365 days"))
"""Upper bounds in days, both included, and what each is called; older is OLDEST, without a date UNDATED."""

OLDEST, UNDATED = "over 365 days", "age not known"
UNPLANNED = "unplanned"
_MOST_KEPT = 200  # findings kept whole for the stories page one tells


@dataclass(slots=True)
class OwnerTally:
    """What one owner (as views name them) answers for."""

    identities: int = 0
    open: int = 0
    overdue: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FamilyTally:
    """The members of one family."""

    members: int = 0
    accounts: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    failing: Counter[str] = field(default_factory=Counter)
    owners: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Departed:
    """What registers list as last seen of accounts that the run shown did not plan for: it is part of no other count."""

    accounts: int = 0
    identities: int = 0
    results: int = 0
    open: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


class Tally:
    """Counts of the accounts of the run shown, as `take` was given them. Tiers are `critical` ... `low`, or `not scored`.

    Accounts that are not of that run any more (`unplanned`) are `departed`, and counted apart: no manifest counts them.
    """

    def __init__(self, period: PeriodView) -> None:
        self.period = period
        self.identities = self.unowned = self.stale_identities = 0
        self.by_class: Counter[tuple[str, str]] = Counter()
        self.by_kind: Counter[tuple[str, str]] = Counter()
        self.results: Counter[tuple[str, ResultStatus]] = Counter()
        self.results_by_tier: Counter[tuple[str, ResultStatus]] = Counter()
        self.findings: Counter[tuple[str, FindingStatus]] = Counter()
        self.overdue: Counter[str] = Counter()
        self.open_by_severity: Counter[str] = Counter()
        self.reopened = 0
        self.owners: dict[str, OwnerTally] = defaultdict(OwnerTally)
        self.families: dict[str, FamilyTally] = defaultdict(FamilyTally)
        self.ages: dict[str, Counter[str]] = defaultdict(Counter)
        self.cells: Counter[CellStatus] = Counter()
        self.statuses: Counter[str] = Counter()
        self.came = self.went = self.transient = 0
        self.gone_with_account = self.gone_keys = 0
        self.unexplained: list[tuple[str, str, int]] = []
        self.mended: list[tuple[str, Finding]] = []
        self.not_tested: Counter[str] = Counter()
        self.wrong: list[str] = list(period.wrong)
        self.rows: dict[str, int] = {}
        self.gathered = Gathered(period)
        self.departed = Departed()

    def take(self, one: AccountView) -> None:
        """Count one account, or the organization."""
        self.wrong += one.wrong
        if not one.of_organization:
            self.statuses[one.status] += 1
        self._presences(one)
        if one.status == UNPLANNED and not one.of_organization:
            self._leave(one)
            return
        self.gathered.take(one)
        self.cells.update(each.status for each in one.cells)
        self.unexplained += [
            (one.account, each.what, each.difference) for each in one.reconciliations if not_explained(one, each)
        ]
        self._identities(one)
        self._results(one)
        self._findings(one)

    def count(self, *statuses: ResultStatus) -> int:
        """How many results of these statuses there are over all controls."""
        return sum(number for (_, status), number in self.results.items() if status in statuses)

    def of_class(self, cls: IdentityClass) -> int:
        """How many identities are of a class."""
        return sum(number for (each, _), number in self.by_class.items() if each == cls)

    def _presences(self, one: AccountView) -> None:
        for each in one.presences:
            self.came += each.came is not None
            self.went += each.went is not None
            self.transient += each.came is not None and each.went is not None
            self.gone_with_account += each.went is not None and each.account_left
            self.gone_keys += each.went is not None and not each.account_left and each.kind == Kind.ACCESS_KEY.value

    def _leave(self, one: AccountView) -> None:
        self.gathered.leave(one)
        self.departed.accounts += 1
        self.departed.identities += len(one.listed)
        self.departed.kinds.update(each.identity.kind.value for each in one.listed)
        self.departed.results += len(one.results)
        self.departed.open += sum(each.status is FindingStatus.OPEN for each in one.findings)

    def _identities(self, one: AccountView) -> None:
        read_in = one.read_run.run_id if one.read_run else None
        for listed in one.listed:
            identity = listed.identity
            risk = one.risks.get(identity.id)
            tier = risk.tier.value if risk else "not scored"
            self.identities += 1
            self.stale_identities += one.stale or listed.seen_in != read_in
            self.by_class[identity.classification.cls.value, tier] += 1
            self.by_kind[identity.kind.value, tier] += 1
            owner = identity.owner.value
            if owner is None:
                self.unowned += 1
            else:
                mine = self.owners[owner]
                mine.identities += 1
                mine.tiers[tier] += 1
                mine.rungs[identity.owner.rung.value] += 1
                mine.accounts.add(one.account)
            if identity.family:
                family = self.families[identity.family]
                family.members += 1
                family.accounts.add(one.account)
                family.kinds[identity.kind.value] += 1
                family.tiers[tier] += 1
                family.owners |= {owner} if owner else set()
            self._age(one, listed.identity.kind.value, listed)

    def _age(self, one: AccountView, kind: str, listed: Listed) -> None:
        facts = listed.identity.facts
        if isinstance(facts, AccessKey) and facts.status == "Active":
            self.ages[kind][self._bucket(one, listed.identity.created_at)] += 1
        elif isinstance(facts, Secret):
            self.ages[kind][self._bucket(one, facts.value_created_at)] += 1

    def _bucket(self, one: AccountView, began: datetime | None) -> str:
        if began is None or one.read_run is None:
            return UNDATED
        days = (one.read_run.taken_at - began).days
        return next((name for most, name in AGE_BUCKETS if days <= most), OLDEST)

    def _results(self, one: AccountView) -> None:
        identities = one.identities()
        for each in one.results:
            self.results[each.control, each.status] += 1
            self.results_by_tier[each.tier.value if each.tier else "not scored", each.status] += 1
            if each.status is ResultStatus.NOT_TESTED:
                self.not_tested[each.reason] += 1
            if each.status is ResultStatus.FAIL:
                self._failing(each, identities)

    def _failing(self, each: Result, identities: Mapping[str, Identity]) -> None:
        identity = identities.get(each.identity) if each.identity else None
        if identity is not None and identity.family:
            self.families[identity.family].failing[each.control] += 1

    def _findings(self, one: AccountView) -> None:
        at = self.period.as_of.taken_at
        for each in one.findings:
            self.findings[each.control, each.status] += 1
            self.reopened += each.reopened > 0
            if each.status is FindingStatus.OPEN:
                late = each.exception is None and at > each.due_at
                self.open_by_severity[each.severity.value] += 1
                self.overdue[each.severity.value] += late
                if each.owner:
                    self.owners[each.owner].open += 1
                    self.owners[each.owner].overdue += late
            elif each.fixed_run and len(self.mended) < _MOST_KEPT:
                self.mended.append((one.account, each))
