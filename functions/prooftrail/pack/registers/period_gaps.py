"""Gaps that are of no one account: ticks without a run in time, what of the organization was not read, and doubtful evidence."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from prooftrail.model.reading import CellStatus, Collector
from prooftrail.pack.registers.ticks import Tick, TickState, counts, days_before_chain, shown, ticks
from prooftrail.pack.table import Row
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PackRun, PeriodView

_RUN = re.compile(r"\d{8}T\d{6}Z")


def period_gap_rows(period: PeriodView, tally: Tally) -> Iterator[Row]:
    """Rows of 24_gaps that are of no one account: from, to, account_id, region, kind, cause, impact, remediation."""
    yield from _days(period)
    for tick in ticks(period):
        if tick.state in (TickState.LATE, TickState.MISSED):
            yield _tick_gap(period, tick)
    yield from _organization_rows(period)
    for one in period.problems:
        impact = "what the chain proves of this is less than of the rest"
        yield _gap(None, None, "chain", one, impact, "run verify.py, and ask the operator in writing")
    for one in dict.fromkeys(tally.wrong):
        impact = "what it held is not in this pack"
        yield _gap(None, None, "evidence", one, impact, "ask for the retention record, or why it was altered")
    for one in period.copy:
        impact = "what is not in the copy is not shown here, which says nothing of it"
        yield _gap(None, None, "partial copy", one, impact, "pull the whole, and make the pack again from that")
    for notice in period.notices:
        if notice.status in ("not known", "not recorded"):
            said = f"notice {notice.id[:16]} of run {notice.run_id}: {notice.why or notice.status}"
            impact = "nobody can say whether it was sent"
            yield _gap(notice.sent_at, None, "notice", said, impact, "ask the recipient; do not count it as told")


def _days(period: PeriodView) -> Iterator[Row]:
    """Days of the period of which nothing is known: before the chain, and after the last run."""
    if days := days_before_chain(period):
        since = datetime.combine(period.options.since, time(), UTC)
        said = f"the chain began at {shown(period.genesis.created_at)}: {counts(days, 'day')} of the period were over by then"
        impact = "nothing is known of these days, and they count neither as operated nor as missed"
        yield _gap(since, period.genesis.created_at, "before the chain", said, impact, "rely on other evidence")
    if days := days_after_clock(period):
        start = max(period.clock, datetime.combine(period.options.since, time(), UTC))
        until = datetime.combine(period.options.until, time(), UTC) + timedelta(days=1)
        said = f"nothing is known after {shown(period.clock)}: {counts(days, 'day')} of the period were still to come"
        impact = "nothing is known of these days, and they count neither as operated nor as missed"
        yield _gap(start, until, "after the last run", said, impact, "make the pack again once they are over")


def _organization_rows(period: PeriodView) -> Iterator[Row]:
    for gap, since, until, last in _organization(period):
        told_there = last == period.as_of and _told_by_a_source(period, gap)
        if not told_there:
            impact = "accounts, policies or delegations may be missing from these runs"
            yield _gap(since, until, "organization", gap, impact, "grant what `prooftrail doctor` names")


def days_after_clock(period: PeriodView) -> int:
    """How many days of the period lie wholly after the last thing that is known; none of them was over, or looked at."""
    known = max(period.clock.date(), period.options.since - timedelta(days=1))
    return max(0, (period.options.until - known).days)


def organization_since(period: PeriodView, source: Collector) -> tuple[datetime, int]:
    """Since which run on end a source of the organization was not read whole, as manifests say, and how many runs that is."""
    since, runs = period.as_of.taken_at, 1
    for run in reversed([one for one in period.runs if one.taken_at < period.as_of.taken_at]):
        if not any(gap.startswith(f"{source.value}: ") for gap in run.organization_gaps):
            break
        since, runs = run.taken_at, runs + 1
    return since, runs


def _told_by_a_source(period: PeriodView, gap: str) -> bool:
    cells = [one for one in period.context.cells if one.status is not CellStatus.OK]
    return any(gap.startswith(f"{one.collector.value}: ") for one in cells)


def _organization(period: PeriodView) -> Iterator[tuple[str, datetime, datetime | None, PackRun]]:
    """Each gap of the organization with its first run, the first after it (None while it lasts), and its last."""
    open_: dict[str, tuple[str, datetime, PackRun]] = {}
    for run in period.runs:
        now = {_RUN.sub("", gap): gap for gap in run.organization_gaps}
        for key in [one for one in open_ if one not in now]:
            said, since, last = open_.pop(key)
            yield said, since, run.taken_at, last
        for key, gap in now.items():
            open_[key] = gap, open_[key][1] if key in open_ else run.taken_at, run
    for said, since, last in open_.values():
        yield said, since, None, last


def _tick_gap(period: PeriodView, tick: Tick) -> Row:
    if tick.state is TickState.LATE and tick.run is not None:
        impact = "no control operated in time for this tick"
        return _gap(
            tick.at, tick.run.closed_at, "late run", tick.cause, impact, "ask for the incident record of that day"
        )
    after = next((one.taken_at for one in period.runs if one.taken_at > tick.at), period.clock)
    impact = "what came and went between the runs around it was not seen, and no control operated"
    return _gap(tick.at, after, "missed run", tick.cause, impact, "cannot be made good; ask for the incident record")


def _gap(
    since: datetime | None, until: datetime | None, kind: str, cause: str | None, impact: str, remediation: str
) -> Row:
    return (since, until, None, None, kind, cause, impact, remediation)
