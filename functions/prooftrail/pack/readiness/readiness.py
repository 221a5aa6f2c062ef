"""How ready the evidence is for an audit on a day: days each control will have operated, what no haste mends, and what to do first."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec

from prooftrail.controls import crosswalk
from prooftrail.controls.catalog import Control
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.readiness.actions import Action, Actions, Unmovable
from prooftrail.pack.view import LATE_AFTER, AccountView, PackRun, PeriodView

WANTED_DAYS = 25
"""Days of operation to aim for: of a control that operates daily auditors look at 20 to 25 days."""

_OPERATED, _EMPTY = "operated", "there was nothing of its kind to test"
_TESTED = (ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.NOT_APPLICABLE)


class DayLost(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which a control did not operate, and why: nothing done now brings it back."""

    on: date
    cause: str


class ControlReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """One control. `operated` days so far, `possible` days still to come; `lost` are days of its own, beyond those all lost.

    `empty` counts days on which every account was read whole and held nothing of its kind: neither operated nor lost.
    The last five count today's results. `why_not` says why this version cannot test it at all.
    """

    control: str
    title: str
    ids: tuple[str, ...]
    testable: bool
    why_not: str | None
    operated: int
    possible: int
    empty: int
    lost: tuple[DayLost, ...]
    passed: int
    failed: int
    exceptions: int
    not_applicable: int
    not_tested: int

    @property
    def by_then(self) -> int:
        """Days of operation there will be if nothing is missed."""
        return self.operated + self.possible


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. Days are UTC days with a due run, from `since` to the day before the audit; `of_days` are all of them.

    `lost` are days on which no control operated. `when` is `before` or `past`: an audit day that is today is past, since
    no whole day is left. `out_of_run` are accounts that the newest run left out by its scope.
    """

    audit_day: date
    today: date
    when: str
    since: date
    framework: str | None
    wanted_days: int
    of_days: int
    days_left: int
    lost: tuple[DayLost, ...]
    controls: tuple[ControlReadiness, ...]
    actions: tuple[Action, ...]
    unmovable: tuple[Unmovable, ...]
    notes: tuple[str, ...]


class Readiness:
    """Takes the accounts of a period one by one, then answers. `now` is who asks's clock, or the instant of --as-of."""

    def __init__(
        self,
        period: PeriodView,
        *,
        audit_day: date,
        now: datetime,
        framework: str | None = None,
        wanted_days: int = WANTED_DAYS,
    ) -> None:
        self._period, self._audit_day, self._now = period, audit_day, now
        self._framework, self._wanted = framework, wanted_days
        self._days = _Days(period, audit_day, now)
        self._results: Counter[tuple[str, ResultStatus]] = Counter()
        self._controls = tuple(one for one in period.catalog.controls if framework is None or _ids(one, framework))
        self._actions = Actions(period, {one.id for one in self._controls}, self._days.left, wanted_days, now)
        self._left_out: list[str] = []
        self._stale: list[str] = []
        self._unseen: list[AccountView] = []

    def take(self, one: AccountView) -> None:
        """Count one account, or the organization."""
        if one.status in ("skipped", "unplanned"):
            self._left_out.append(f"account {one.account} ({one.reason or one.status})")
            return
        if one.stale and not one.of_organization:
            if one.results:
                self._stale.append(one.account)
            elif one.status != "unreachable":
                self._unseen.append(one)
        for each in one.results:
            self._results[each.control, each.status] += 1
        self._actions.take(one)

    def answer(self) -> Ready:
        """Everything, controls in the catalog's order (by the framework's ids where one was asked for)."""
        days, today = self._days, self._now.astimezone(UTC).date()
        found = [self._control(one) for one in self._controls]
        if self._framework:
            found.sort(key=lambda one: (tuple(map(_numbers, one.ids)), one.control))
        actions, unmovable = self._actions.ranked()
        return Ready(
            audit_day=self._audit_day,
            today=today,
            when="before" if today < self._audit_day else "past",
            since=days.since,
            framework=self._framework,
            wanted_days=self._wanted,
            of_days=len(days.all),
            days_left=len(days.left),
            lost=tuple(DayLost(on=on, cause=cause) for on, cause in sorted(days.lost.items())),
            controls=tuple(found),
            actions=actions,
            unmovable=unmovable,
            notes=tuple(self._notes()),
        )

    def _control(self, one: Control) -> ControlReadiness:
        days = self._days.in_time if one.testable else {}
        came = {on: _came_to(one.id, runs) for on, runs in sorted(days.items())}
        lost = (DayLost(on=on, cause=cause) for on, cause in came.items() if cause not in (_OPERATED, _EMPTY))
        count = self._results
        return ControlReadiness(
            control=one.id,
            title=one.title,
            ids=_ids(one, self._framework),
            testable=one.testable,
            why_not=None if one.testable else one.why_not,
            operated=sum(each == _OPERATED for each in came.values()),
            possible=len(self._days.left) if one.testable else 0,
            empty=sum(each == _EMPTY for each in came.values()),
            lost=tuple(lost),
            passed=count[one.id, ResultStatus.PASS],
            failed=count[one.id, ResultStatus.FAIL],
            exceptions=count[one.id, ResultStatus.EXCEPTION],
            not_applicable=count[one.id, ResultStatus.NOT_APPLICABLE],
            not_tested=count[one.id, ResultStatus.NOT_TESTED],
        )

    def _notes(self) -> Iterator[str]:
        period, today = self._period, self._now.astimezone(UTC).date()
        if self._audit_day == today:
            yield "The audit is today: no whole day is left, and what is shown is what there is."
        elif self._audit_day < today:
            gone = (today - self._audit_day).days
            yield f"The audit day was {gone} day{'' if gone == 1 else 's'} ago: days are counted up to it, results and next actions are today's."
        if not self._days.all and self._audit_day <= self._days.since:
            yield f"The audit day is not after {self._days.since}, the first day that counts: there is no day of operation to show."
        if period.schedule is None:
            yield "No schedule is in force: no run is due, so no day counts. Scan with --schedule, or deploy."
        manual = sum(not one.scheduled for one in period.runs)
        if manual:
            yield f"{manual} manual run{'' if manual == 1 else 's'} in the period: evidence of its moment, and of no day's operation."
        if self._left_out:
            yield f"Left out of the newest run, and of the results here: {'; '.join(self._left_out[:5])}{_more(self._left_out)}."
        if self._stale:
            yield f"Results of {len(self._stale)} account{'' if len(self._stale) == 1 else 's'} are older than the newest run: {', '.join(self._stale[:5])}{_more(self._stale)}."
        if self._unseen:
            first, others = self._unseen[0], [one.account for one in self._unseen]
            yield f"{len(others)} account{'' if len(others) == 1 else 's'} read and without results here, first {first.account}: {(first.unjudged or first.status).removesuffix('.')}."
        yield from period.wrong[:5]


class _Days:
    """The days of the period by what became of them: `in_time` runs, days `lost` to all controls, days `left`."""

    def __init__(self, period: PeriodView, audit_day: date, now: datetime) -> None:
        end = datetime.combine(audit_day, datetime.min.time(), UTC)
        met = {at for at in period.ticks_met if at < end}
        due = {at for at in period.ticks_due if at < end} | met
        over = now - LATE_AFTER
        coming: set[datetime] = set()
        if period.schedule is not None:
            after = max((*due, period.clock - LATE_AFTER))
            silent = period.schedule.between(after, min(over, end)) if over > after else ()
            due |= set(silent)
            coming = {at for at in period.schedule.between(max(over, after), end) if at not in due}
        self.since = period.options.since
        self.all = {at.date() for at in due | coming}
        self.in_time: dict[date, list[PackRun]] = {}
        late: dict[date, list[PackRun]] = {}
        for one in period.runs:
            if one.tick is not None and one.scheduled and one.tick < end:
                (late if one.late else self.in_time).setdefault(one.tick.date(), []).append(one)
        self.left = sorted({at.date() for at in coming} - self.in_time.keys())
        gone = {at.date() for at in due} - self.in_time.keys() - set(self.left)
        self.lost = {on: _late(late[on]) if on in late else "no run was sealed for it" for on in gone}


def _late(runs: list[PackRun]) -> str:
    one = runs[0]
    hours = (one.closed_at - (one.tick or one.taken_at)) / timedelta(hours=1)
    return f"its run {one.run_id} was closed {hours:.1f} h after it was due, and counts for no day"


def _came_to(control: str, runs: list[PackRun]) -> str:
    """What a day's runs in time came to for a control: operated, nothing there to test, or why it was not tested."""
    if any(one.counts.get(f"result:{control}:{status}") for one in runs for status in _TESTED):
        return _OPERATED
    if any(one.counts.get(f"result:{control}:{ResultStatus.NOT_TESTED}") for one in runs):
        return "all its results are NOT_TESTED"
    if any(_whole(one) for one in runs):
        return _EMPTY
    return "no result of it, and not every account was read whole"


def _whole(run: PackRun) -> bool:
    """True if every planned account was read whole and judged: what is not among the results was not there."""
    judged = any(name.startswith("result:") for name in run.counts)
    return judged and not run.organization_gaps and all(one.status in ("sealed", "skipped") for one in run.coverage)


def _ids(one: Control, framework: str | None) -> tuple[str, ...]:
    if framework is None:
        return ()
    return tuple(each for key, each in crosswalk.by_framework(one) if key == framework)


def _numbers(one: str) -> tuple[str | int, ...]:
    """`A.5.9` before `A.5.16`."""
    return tuple(f"{int(part):06d}" if part.isdigit() else part for part in one.replace(" ", ".").split("."))


def _more(names: list[str]) -> str:
    return f" and {len(names) - 5} more" if len(names) > 5 else ""


def framework_named(asked: str, frameworks: Mapping[str, str] = crosswalk.FRAMEWORKS) -> str | None:
    """The key of a framework however people shorten it (`iso27001`, `soc2`, `nis2`); None for none, or more than one."""
    wanted = "".join(each for each in asked.lower() if each.isalnum())
    keys = {key: "".join(each for each in key if each.isalnum()) for key in frameworks}
    found = [key for key, plain in keys.items() if wanted and (plain == wanted or plain.startswith(wanted))]
    return found[0] if len(found) == 1 else None
