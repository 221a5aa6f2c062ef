"""What would move results that fail or were not tested: each result under the one thing that moves most of them together."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from prooftrail.model.identity import Identity
from prooftrail.model.judgement import FindingStatus, Result, ResultStatus
from prooftrail.pack.view import AccountView, PeriodView

_ACTION = re.compile(r"\b[a-z][a-z0-9-]*:[A-Z][A-Za-z0-9]+\b")
_REFUSED = ("denied", "not authorized", "refuse")
_NOT_OURS = ("this version", "AWS tells no")
_OWNER = "IDC-02"
_MOVES = (ResultStatus.FAIL, ResultStatus.NOT_TESTED, ResultStatus.EXCEPTION)
_REASON = 160
_NEVER_READ = ". It has no results yet, so nobody knows how many this brings"


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do. `moved` is None where nobody knows how many results it brings: the account was never read.

    `failed`, `not_tested` and `stale` add up to `moved`; `stale` are results of an account that was not read now which
    were FAIL, NOT_TESTED or EXCEPTION when it last was, and 0 of them moves nothing but its days of operation. `due` is the earliest day by which a limit wants one of the
    findings mended, `start_by` the last day on which it must be done to show `shows` by the audit; None where it is too late.
    """

    what: str
    moved: int | None
    failed: int = 0
    not_tested: int = 0
    stale: int = 0
    excepted: int = 0
    controls: tuple[str, ...]
    accounts: int
    due: date | None = None
    overdue: bool = False
    start_by: date | None = None
    shows: str


class Unmovable(msgspec.Struct, frozen=True, kw_only=True):
    """Results that nothing the organization does makes tested, and why; say it to the auditor before he finds it."""

    reason: str
    results: int
    controls: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    counts: Counter[ResultStatus] = field(default_factory=Counter)
    stale: int = 0
    unknown: bool = False
    controls: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    due: datetime | None = None
    ends: date | None = None


class Actions:
    """Groups results as accounts go by. `left` are the days still to come before the audit, `wanted` those to show."""

    def __init__(
        self, period: PeriodView, controls: set[str], left: Sequence[date], wanted: int, now: datetime
    ) -> None:
        self._period, self._controls, self._now = period, controls, now
        self._left, self._wanted = left, wanted
        self._groups: dict[tuple[str, str, str], _Group] = defaultdict(_Group)
        self._unmovable: dict[str, _Group] = defaultdict(_Group)
        self._held = {one.id: one.expires_on for one in period.context.governance.exceptions.exception}
        self._titles = {one.id: one.title for one in period.catalog.controls}
        self._last = left[-1] if left else None

    def take(self, one: AccountView) -> None:
        """Put each of its results under what would move it."""
        if one.status == "unreachable":
            group = self._groups["restore", one.account, _clause(one.reason or one.unjudged or one.status)]
            older = [each for each in one.results if each.control in self._controls and each.status in _MOVES]
            group.accounts.add(one.account)
            group.stale += len(older)
            group.controls |= {each.control for each in older}
            group.unknown = not one.results
            return
        identities, due = one.identities(), _due(one)
        for each in one.results:
            if each.control in self._controls and each.status is not ResultStatus.PASS:
                self._result(one, each, identities, due)

    def ranked(self) -> tuple[tuple[Action, ...], tuple[Unmovable, ...]]:
        """What moves most first; an account nobody ever read before all."""
        made = [self._action(key, group) for key, group in self._settled()]
        made.sort(key=lambda one: (one.moved is not None, -(one.moved or 0), one.what))
        fixed = [
            Unmovable(reason=reason, results=sum(one.counts.values()), controls=tuple(sorted(one.controls)))
            for reason, one in self._unmovable.items()
        ]
        return tuple(made), tuple(sorted(fixed, key=lambda one: (-one.results, one.reason)))

    def _result(
        self,
        account: AccountView,
        one: Result,
        identities: Mapping[str, Identity],
        due: Mapping[tuple[str, str], datetime],
    ) -> None:
        if one.status is ResultStatus.FAIL:
            identity = identities.get(one.identity) if one.identity else None
            family = identity.family if identity else None
            key = ("family", family, one.control) if family else _alone(one.control, account.account)
            group = self._groups[key]
            at = due.get((one.control, one.subject))
            group.due = min(filter(None, (group.due, at)), default=None)
        elif one.status is ResultStatus.NOT_TESTED:
            reason = one.gaps[0] if one.gaps else one.reason
            allowed = next(iter(_ACTION.findall(reason)), None) if _any(_REFUSED, reason) else None
            if allowed:
                group = self._groups["grant", allowed, ""]
            elif _any(_NOT_OURS, reason):
                group = self._unmovable[reason]
            else:
                group = self._groups["look", reason, ""]
        elif one.status is ResultStatus.EXCEPTION and one.exception in self._held and self._ends(one.exception):
            group = self._groups["exception", one.exception, ""]
            group.ends = self._held[one.exception]
        else:
            return
        group.counts[one.status] += 1
        group.controls.add(one.control)
        group.accounts.add(account.account)

    def _ends(self, exception: str) -> bool:
        """True if the exception ends before the audit."""
        return self._last is not None and self._held[exception] <= self._last

    def _settled(self) -> Iterator[tuple[tuple[str, str, str], _Group]]:
        """The groups; a family of one result is no family, and goes with what stands alone."""
        merged: dict[tuple[str, str, str], _Group] = defaultdict(_Group)
        for key, group in self._groups.items():
            into = merged[_alone(key[2], next(iter(group.accounts))) if _single(key, group) else key]
            into.counts += group.counts
            into.stale += group.stale
            into.unknown |= group.unknown
            into.controls |= group.controls
            into.accounts |= group.accounts
            into.due = min(filter(None, (into.due, group.due)), default=None)
            into.ends = group.ends or into.ends
        yield from merged.items()

    def _action(self, key: tuple[str, str, str], one: _Group) -> Action:
        count = one.counts
        total = count.total() + one.stale
        needs_days = count[ResultStatus.NOT_TESTED] > 0 or key[0] == "restore"
        held = self._period.context.governance.thresholds.verified_after_runs
        needed = self._wanted if needs_days else held
        shows = f"{needed} days of operation" if needs_days else f"it holding for {needed} runs"
        due = one.due.astimezone(UTC).date() if one.due else one.ends
        return Action(
            what=self._period.reveal(self._said(key, one)),
            moved=None if one.unknown and not total else total,
            failed=count[ResultStatus.FAIL],
            not_tested=count[ResultStatus.NOT_TESTED],
            stale=one.stale,
            excepted=count[ResultStatus.EXCEPTION],
            controls=tuple(sorted(one.controls)),
            accounts=len(one.accounts - {"organization"}),
            due=due,
            overdue=one.due is not None and one.due < self._now,
            start_by=self._left[-needed] if 0 < needed <= len(self._left) else None,
            shows=shows,
        )

    def _said(self, key: tuple[str, str, str], one: _Group) -> str:
        kind, name, of = key
        where = _in(one.accounts)
        holder = (
            f"account {name} in owners.toml, or tag what it holds" if name.isdigit() else "what is of the organization"
        )
        title = self._titles.get(of or name, "")
        return {
            "restore": f"restore the reading of account {name}: {of}{_NEVER_READ if one.unknown else ''}",
            "grant": f"grant {name} to the member role {where}",
            "family": f"family {name}: one {'entry in owners.toml' if of == _OWNER else 'change'} mends {of} ({title}) {where}",
            "owner": f"name an owner for {holder}",
            "exception": f"exception {name} ends {one.ends}, before the audit: mend what it covers, or have it renewed",
            "look": f"look into what could not be tested: {name[:_REASON]}",
            "control": f"mend {name} ({title}) one by one {where}",
        }[kind]


def _single(key: tuple[str, str, str], group: _Group) -> bool:
    return key[0] == "family" and group.counts.total() == 1


def _alone(control: str, account: str) -> tuple[str, str, str]:
    """Where a result goes that nothing mends together with others of its kind: owners are named by account."""
    return ("owner", account, "") if control == _OWNER else ("control", control, "")


def _clause(text: str) -> str:
    """The first sentence of a reason, and no more of it than a line or two."""
    return text.partition(". ")[0][:_REASON].removesuffix(".")


def _due(one: AccountView) -> dict[tuple[str, str], datetime]:
    """When each open finding is due, by the limits in force."""
    return {(each.control, each.subject): each.due_at for each in one.findings if each.status is FindingStatus.OPEN}


def _any(words: Sequence[str], text: str) -> bool:
    return any(one in text for one in words)


def _in(accounts: set[str]) -> str:
    named = sorted(accounts - {"organization"})
    if not named:
        return "of the organization"
    return f"in {len(named)} accounts" if len(named) > 1 else f"in account {named[0]}"
