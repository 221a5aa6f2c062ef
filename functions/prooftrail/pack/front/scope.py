"""01_scope.json: what the pack is about, which accounts, units, regions and kinds of identity, and what is left out and why."""

import datetime as dt
from collections import Counter

import msgspec

from prooftrail.model.identity import Kind
from prooftrail.pack.files import PackFiles
from prooftrail.pack.registers.cells import whole_unicode
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView

PATH = "01_scope.json"


class ScopeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `status` is how the run shown came out for it, None for one that is not in this pack (`in_pack` false)."""

    id: str
    name: str | None
    ou_path: str | None
    ou_ids: tuple[str, ...]
    state: str | None
    management: bool
    joined_at: dt.datetime | None
    in_pack: bool
    status: str | None
    reason: str | None
    shown_from_run: str | None
    judged_in_run: str | None
    identities: int | None


class ScopeExclusion(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that scope.toml leaves out; `in_force` is as of the run shown."""

    item: str
    reason: str
    approver: str
    date: dt.date
    expires_on: dt.date | None
    in_force: bool


class ScopeOu(msgspec.Struct, frozen=True, kw_only=True):
    """One organizational unit by its path, with the accounts in it."""

    path: str
    accounts: int


class ScopeKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of identity that this version lists, with how many the pack has; zero is a count where accounts were read."""

    kind: str
    identities: int


class ScopeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When runs are due."""

    every_hours: int
    at_utc: str


class ScopeStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. `regions_enabled` and `regions_read` are over all accounts that told."""

    org_id: str | None
    management_account: str | None
    accounts_listed_whole: bool
    accounts: tuple[ScopeAccount, ...]
    ous: tuple[ScopeOu, ...]
    regions: tuple[str, ...]
    regions_enabled: tuple[str, ...]
    regions_not_known_in: tuple[str, ...]
    identity_kinds: tuple[ScopeKind, ...]
    exclusions: tuple[ScopeExclusion, ...]
    exclusions_from: str
    narrowed_to: tuple[str, ...] | None
    period_start: dt.date
    period_end: dt.date
    shown_run: str
    shown_at: dt.datetime
    known_until: dt.datetime
    schedule: ScopeSchedule | None


class Scope:
    """Writes the file once every account went by."""

    def __init__(self, period: PeriodView, files: PackFiles) -> None:
        self._period, self._files = period, files
        self._seen: dict[str, ScopeAccount] = {}
        self._kinds: Counter[Kind] = Counter()
        self._read: set[str] = set()
        self._enabled: set[str] = set()
        self._unknown: list[str] = []
        self._known = {one.id: one for one in period.context.accounts}

    def take(self, one: AccountView) -> None:
        """Note how an account stands; the organization as a whole is no account."""
        if one.of_organization:
            return
        self._kinds.update(listed.identity.kind for listed in one.listed)
        facts = one.facts
        if facts is None or facts.regions_enabled is None:
            self._unknown.append(one.account)
        if facts is not None:
            self._read |= set(facts.regions_read)
            self._enabled |= set(facts.regions_enabled or ())
        self._seen[one.account] = self._account(one.account, one)

    def finish(self, tally: Tally) -> None:
        """Write it; what was counted elsewhere is not needed."""
        del tally
        body = msgspec.json.encode(self.statement())
        with self._files.open(PATH) as file:
            file.write(msgspec.json.format(body, indent=2) + b"\n")

    def statement(self) -> ScopeStatement:
        """What is written."""
        period, context = self._period, self._period.context
        names = sorted({*self._seen, *(one.id for one in context.accounts)})
        accounts = tuple(self._seen.get(one) or self._account(one, None) for one in names)
        units = Counter(one.ou_path for one in accounts if one.ou_path)
        absent = "scope.toml" in context.governance.absent
        schedule = period.schedule
        return ScopeStatement(
            org_id=context.organization.id,
            management_account=context.organization.management_account,
            accounts_listed_whole=context.accounts_listed(),
            accounts=accounts,
            ous=tuple(ScopeOu(path=path, accounts=units[path]) for path in sorted(units)),
            regions=tuple(sorted(self._read)),
            regions_enabled=tuple(sorted(self._enabled)),
            regions_not_known_in=tuple(self._unknown),
            identity_kinds=tuple(ScopeKind(kind=kind.value, identities=self._kinds[kind]) for kind in Kind),
            exclusions=self._exclusions(),
            exclusions_from="no scope.toml was supplied: nothing is excluded" if absent else "scope.toml",
            narrowed_to=period.options.accounts,
            period_start=period.options.since,
            period_end=period.options.until,
            shown_run=period.as_of.run_id,
            shown_at=period.as_of.taken_at,
            known_until=period.clock,
            schedule=ScopeSchedule(every_hours=schedule.every_hours, at_utc=schedule.at) if schedule else None,
        )

    def _account(self, name: str, view: AccountView | None) -> ScopeAccount:
        known = self._known.get(name)
        called = known.name if known else None
        where = known.ou_path if known else None
        return ScopeAccount(
            id=name,
            name=self._shown((view.name if view else None) or called),
            ou_path=self._shown((view.ou_path if view else None) or where),
            ou_ids=known.ou_ids if known else (),
            state=known.state.value if known else None,
            management=known.management if known else False,
            joined_at=known.joined_at if known else None,
            in_pack=view is not None,
            status=view.status if view else None,
            reason=self._shown(view.reason) if view else None,
            shown_from_run=view.read_run.run_id if view and view.read_run else None,
            judged_in_run=view.judged_run.run_id if view and view.judged_run else None,
            identities=len(view.listed) if view and view.read_run else None,
        )

    def _exclusions(self) -> tuple[ScopeExclusion, ...]:
        found = self._period.context.governance.scope.exclude
        made = (
            ScopeExclusion(
                item=one.subject,
                reason=self._shown(one.reason) or "",
                approver=self._shown(one.approved_by) or "",
                date=one.approved_on,
                expires_on=one.expires_on,
                in_force=one.holds(self._period.as_of.taken_at),
            )
            for one in found
        )
        return tuple(sorted(made, key=lambda one: (one.item, one.date)))

    def _shown(self, text: str | None) -> str | None:
        return None if text is None else str(whole_unicode(self._period.reveal(text)))
