"""What registers of the whole need of single results and identities, taken up while the accounts go by once.

Nothing here grows with the estate but what is bounded by policy, by what was told to owners, or by a stated maximum.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from prooftrail.model.iam import Role
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import Finding, FindingStatus, PrivilegeClass, Result, ResultStatus, Risk
from prooftrail.model.reading import CellStatus
from prooftrail.model.trust import PrincipalType, TrustStatement
from prooftrail.pack.registers.gathered_exceptions import Cited, Near, Tested, cited_in
from prooftrail.pack.registers.predicates import came_to
from prooftrail.pack.registers.request_words import folded, pieces_of
from prooftrail.pack.view import AccountView, Listed, PackNotice, PeriodView

MOST_KEPT = 2_000
"""Excepted subjects of one exception, and mended findings, that are kept whole; what is beyond is counted."""

_BEST_EXAMPLE = (
    ResultStatus.FAIL,
    ResultStatus.EXCEPTION,
    ResultStatus.PASS,
    ResultStatus.NOT_APPLICABLE,
    ResultStatus.NOT_TESTED,
)
_EXTERNAL_ID = "sts:externalid"


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is not open any more, with the evidence of it, and the first notice of the period that told of it."""

    account: str
    finding: Finding
    evidence: str | None
    line: int | None
    told_at: datetime | None
    notice: str | None


class Trusted:
    """The roles that let an account from outside in, by that account."""

    def __init__(self) -> None:
        self.roles = self.without_external_id = self.failing = 0
        self.accounts: set[str] = set()
        self.example: str | None = None
        self.cited: tuple[str, int] | None = None


class Unowned:
    """What nobody owns."""

    def __init__(self) -> None:
        self.tiers: Counter[str] = Counter()
        self.accounts: set[str] = set()
        self.open = self.overdue = 0


class Gathered:
    """What `take` was given, account by account."""

    def __init__(self, period: PeriodView) -> None:
        self._period = period
        governance = period.context.governance
        self._exceptions = {one.id: one for one in governance.exceptions.exception}
        self.told = dict(_first_told(period.notices))
        self.excepted: dict[str, list[Cited]] = defaultdict(list)
        self.excepted_beyond: Counter[str] = Counter()
        self.tested: dict[str, list[Tested]] = defaultdict(list)
        self.forms: dict[str, Cited] = {}
        self.examples: dict[str, Cited] = {}
        self.owners_failing: dict[str, Counter[str | None]] = defaultdict(Counter)
        self.owned: dict[str | None, tuple[str, int]] = {}
        self.owner_of_matter: dict[str, str | None] = {}
        self.mended: list[Mended] = []
        self.unowned = Unowned()
        self.gravest: Risk | None = None
        self.privileged = self.privileged_unowned = 0
        self.public_roles: list[tuple[str, str]] = []
        self.regions_enabled: set[str] = set()
        self.regions_read: set[str] = set()
        self.regions_unknown: list[str] = []
        self.cells_read = self.cells_whole = 0
        self.current_identities = self.stale_results = 0
        self.clocks_compared = 0
        self.clocks_apart_s = 0
        self.trusted: dict[str, Trusted] = defaultdict(Trusted)
        self.asked = {piece: Counter[str]() for _, asked in period.options.requests for piece in pieces_of(asked)}
        self.accounts: list[str] = []
        self.unjudged: list[tuple[str, str]] = []
        self.stale: list[tuple[str, str]] = []
        self._members = {one.id for one in period.context.accounts}
        self._suppliers = {account for each in governance.suppliers.supplier for account in each.accounts}

    def leave(self, one: AccountView) -> None:
        """Note an account that is not of the run shown any more: what it had is asked for still, and counted nowhere."""
        self.accounts.append(one.account)
        self._ask(one.account, "01_scope")
        for listed in one.listed if self.asked else ():
            self._ask(one.account, "03_identity_inventory")
            self._ask(listed.identity.id, "03_identity_inventory", listed.identity.arn, listed.identity.name)

    def take(self, one: AccountView) -> None:
        """Take up one account, or the organization."""
        if not one.of_organization:
            self._account(one)
        shown = self._period.as_of.run_id
        self.current_identities += len(one.listed) if one.read_run and one.read_run.run_id == shown else 0
        self.stale_results += len(one.results) if one.judged_run is None or one.judged_run.run_id != shown else 0
        identities = one.identities()
        for listed in one.listed:
            self._identity(one, listed)
        excepted, failing = self._results(one, identities)
        self._compensating(one, excepted, identities)
        self._roles(one, failing)
        self._findings(one)

    def _account(self, one: AccountView) -> None:
        self.accounts.append(one.account)
        self._ask(one.account, "01_scope", *(() if one.name is None else (one.name,)))
        if one.unjudged:
            self.unjudged.append((one.account, one.unjudged))
        if one.stale and one.read_run is not None:
            self.stale.append((one.account, one.read_run.run_id))
        if one.facts is not None:
            self.regions_read |= set(one.facts.regions_read)
            self.regions_enabled |= set(one.facts.regions_enabled or ())
        if one.facts is None or one.facts.regions_enabled is None:
            self.regions_unknown.append(one.account)
        for cell in one.cells:
            self.cells_read += cell.status is not CellStatus.DISABLED
            self.cells_whole += cell.status is CellStatus.OK
            for source in cell.sources:
                if source.aws_date_from is not None:
                    self.clocks_compared += 1
                    apart = int(abs((source.observed_from - source.aws_date_from).total_seconds()))
                    self.clocks_apart_s = max(self.clocks_apart_s, apart)

    def _identity(self, one: AccountView, listed: Listed) -> None:
        identity, risk = listed.identity, one.risks.get(listed.identity.id)
        if self.asked:
            self._ask(one.account, "03_identity_inventory")
            self._ask(identity.id, "03_identity_inventory", identity.arn, identity.name)
        self.owned.setdefault(identity.owner.value, (listed.evidence, listed.line))
        if identity.owner.value is None:
            self.unowned.tiers[risk.tier.value if risk else "not scored"] += 1
            self.unowned.accounts.add(one.account)
        if identity.kind is Kind.ROLE_PUBLIC:
            self.public_roles.append((one.account, identity.name))
        if risk is None or risk.inherited_from is not None:
            return
        if risk.privilege is PrivilegeClass.ADMIN:
            self.privileged += 1
            self.privileged_unowned += identity.owner.value is None
        if self.gravest is None or _gravity(risk) > _gravity(self.gravest):
            self.gravest = risk

    def _ask(self, name: str, file: str, *more: str) -> None:
        for text in dict.fromkeys(folded(self._period.reveal(each)) for each in (name, *more)):
            if text in self.asked:
                self.asked[text][file] += 1

    def _results(self, one: AccountView, identities: Mapping[str, Identity]) -> tuple[list[Cited], set[str]]:
        excepted, failing = list[Cited](), set[str]()
        for at, result in enumerate(one.results):
            better = self._better(result)
            if not (better or result.exception or result.status is ResultStatus.FAIL or result.control == "IDC-32"):
                continue
            cited = cited_in(one, at, result)
            if better:
                self.examples[result.control] = cited
            if result.control == "IDC-32":
                self.forms[result.subject] = cited
            elif result.exception:
                excepted.append(cited)
            if result.status is ResultStatus.FAIL:
                identity = identities.get(result.identity) if result.identity else None
                if identity is not None:
                    self.owners_failing[result.control][identity.owner.value] += 1
                if result.control == "IDC-26" and result.identity:
                    failing.add(result.identity)
        return excepted, failing

    def _better(self, result: Result) -> bool:
        known = self.examples.get(result.control)
        if known is None:
            return True
        if known.result.status is ResultStatus.FAIL:
            return False
        return _BEST_EXAMPLE.index(result.status) < _BEST_EXAMPLE.index(known.result.status)

    def _compensating(self, one: AccountView, excepted: list[Cited], identities: Mapping[str, Identity]) -> None:
        wanted = {
            each.control
            for cited in excepted
            if (entry := self._exceptions.get(cited.result.exception or ""))
            for each in entry.compensating
            if each.control
        }
        near = Near(one, wanted, identities)
        for cited in excepted:
            name = cited.result.exception or ""
            if len(self.excepted[name]) >= MOST_KEPT:
                self.excepted_beyond[name] += 1
                continue
            self.excepted[name].append(cited)
            entry = self._exceptions.get(name)
            named = entry.compensating if entry else ()
            self.tested[name] += (came_to(each, cited, near, identities, self._period) for each in named)

    def _roles(self, one: AccountView, failing: set[str]) -> None:
        for listed in one.listed:
            facts = listed.identity.facts
            if not isinstance(facts, Role):
                continue
            for account, bare in _outsiders(facts.trust).items():
                if account == one.account or (account in self._members and account not in self._suppliers):
                    continue
                known = self.trusted[account]
                known.roles += 1
                known.without_external_id += bare
                known.failing += listed.identity.id in failing
                known.accounts.add(one.account)
                known.example = known.example or listed.identity.id
                known.cited = known.cited or (listed.evidence, listed.line)

    def _findings(self, one: AccountView) -> None:
        for at, each in enumerate(one.findings):
            told = self.told.get(each.fingerprint)
            if told is not None:
                self.owner_of_matter[each.fingerprint] = each.owner
            if each.status is FindingStatus.OPEN:
                if each.owner is None:
                    self.unowned.open += 1
                    self.unowned.overdue += each.exception is None and self._period.as_of.taken_at > each.due_at
                continue
            if each.fixed_run is None:
                continue
            if told is None and len(self.mended) >= MOST_KEPT:
                continue
            self.mended.append(
                Mended(
                    account=one.account,
                    finding=each,
                    evidence=one.findings_object.id if one.findings_object else None,
                    line=at + 2 if one.findings_object else None,
                    told_at=told.sent_at if told else None,
                    notice=told.id if told else None,
                )
            )


def _first_told(notices: Iterable[PackNotice]) -> Iterator[tuple[str, PackNotice]]:
    """Each matter with the earliest notice that was sent about it; later ones come first, so that a dict keeps it."""
    sent = [one for one in notices if one.sent_at is not None]
    for one in sorted(sent, key=lambda each: (str(each.sent_at), each.id), reverse=True):
        for item in one.items:
            yield from ((matter, one) for matter in item.matters)


def _outsiders(trust: tuple[TrustStatement, ...]) -> dict[str, bool]:
    """Every account that statements name, and whether one of them lets it in without an external id."""
    found: dict[str, bool] = {}
    for one in trust:
        if one.effect != "Allow" or one.not_principals:
            continue
        bare = not any(each.key == _EXTERNAL_ID for each in one.conditions)
        for who in one.principals:
            account = _account_in(who.value) if who.type is PrincipalType.AWS else None
            if account:
                found[account] = found.get(account, False) or bare
    return found


def _gravity(one: Risk) -> tuple[int, int, int, int]:
    return one.tier_from.rank, one.impact, one.likelihood, one.points


def _account_in(principal: str) -> str | None:
    account = principal.split(":")[4] if principal.count(":") >= 5 else principal
    return account if account.isdigit() and len(account) == 12 else None
