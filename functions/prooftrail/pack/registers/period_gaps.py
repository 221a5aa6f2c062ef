"""Gaps that are of no one account: ticks without a run in time, what of the organization was not read, and doubtful evidence."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

from prooftrail.pack.registers.ticks import Tick, TickState, counts, days_before_chain, shown, ticks
from prooftrail.pack.table import Row
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView


def period_gap_rows(period: PeriodView, tally: Tally) -> Iterator[Row]:
    """Rows of 24_gaps that are of no one account: from, to, account_id, region, kind, cause, impact, remediation."""
    if days := days_before_chain(period):
        since = datetime.combine(period.options.since, time(), UTC)
        said = f"the chain began at {shown(period.genesis.created_at)}: {counts(days, 'day')} of the period were over by then"
        impact = "nothing is known of these days, and they count neither as operated nor as missed"
        yield _gap(since, period.genesis.created_at, "before the chain", said, impact, "rely on other evidence")
    for tick in ticks(period):
        if tick.state in (TickState.LATE, TickState.MISSED):
            yield _tick_gap(period, tick)
    for run in period.runs:
        for gap in run.organization_gaps:
            impact = "accounts, policies or delegations may be missing from this run"
            yield _gap(run.taken_at, run.taken_at, "organization", gap, impact, "grant what `prooftrail doctor` names")
    for one in period.problems:
        impact = "what the chain proves of this is less than of the rest"
        yield _gap(None, None, "chain", one, impact, "run verify.py, and ask the operator in writing")
    for one in dict.fromkeys(tally.wrong):
        impact = "what it held is not in this pack"
        yield _gap(None, None, "evidence", one, impact, "ask for the retention record, or why it was altered")
    for notice in period.notices:
        if notice.status in ("not known", "not recorded"):
            said = f"notice {notice.id[:16]} of run {notice.run_id}: {notice.why or notice.status}"
            impact = "nobody can say whether it was sent"
            yield _gap(notice.sent_at, None, "notice", said, impact, "ask the recipient; do not count it as told")


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
