"""Indicators, run by run, as the signed manifests state them, with the trend where two runs saw the same accounts the same way."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

import msgspec

from prooftrail.controls.catalog import Control
from prooftrail.governance.thresholds import in_words
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.pack.registers.columns import instant, number, text
from prooftrail.pack.registers.control_map import annex_ids, soa_lines
from prooftrail.pack.registers.coverage import ALL_ACCOUNTS, coverage_of, not_comparable, scope_of
from prooftrail.pack.registers.operation import in_order
from prooftrail.pack.registers.ticks import TickState, counted, results_of, ticks
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PackRun, PeriodView

_RECORDED = "records of which controls apply that are whole: one of each identity and one of the organization, NOT_TESTED counting as a result"

type _Counted = tuple[int, int | None]

_METRICS = Table(
    file="26_metrics",
    title="Indicators",
    about=(
        "One row for each indicator and each run of the period, in order of time, then figures of the state shown. Figures of runs "
        "are of all accounts, whatever the pack is narrowed to, those of the state shown of the accounts of this pack: scope says "
        "which. No trend is given between runs that did not see the same accounts the same way: a fall may be a loss of sight. "
        "Targets are limits of the control map or of thresholds.toml; an indicator without one has none."
    ),
    columns=(
        text("metric", "the indicator"),
        text("period", "the run it is of, or the days of the period"),
        text("value", "a number, or a share in percent; empty where nothing could be counted"),
        text("target", "the limit it is held against, and who set it"),
        text("owner", "who answers for it, as soa.toml says for its control"),
        text("trend", "against the run before: up, down, the same, or why the two cannot be compared"),
        instant("at", "the time of the run"),
        number("counted", "what was counted"),
        number("of", "of how many; empty for a plain number"),
        text("better", "whether up or down is better"),
        text("control_id", "the control it belongs to"),
        text("scope", "which accounts the figure is of"),
        number("accounts_whole", "accounts the run read whole"),
        number("accounts_to_read", "of how many it was to read"),
        number("accounts_skipped", "left out beside those"),
        text("run_id", "the run it is of, or whose state is shown"),
        number("manifest_seq", "slot of that run's manifest in the chain"),
    ),
    questions=(14,),
    sheet="Indicators",
)


class _Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator; `of` counts it in a run. `of_accounts` is False where what was not read cannot change it."""

    name: str
    better: str
    of: Callable[[PackRun], _Counted]
    control: str | None = None
    limit: str | None = None
    of_accounts: bool = True


def _share_passing(run: PackRun) -> _Counted:
    found = results_of(run)
    passed = found[ResultStatus.PASS]
    return passed, passed + found[ResultStatus.FAIL] + found[ResultStatus.EXCEPTION]


def _share_untested(run: PackRun) -> _Counted:
    found = results_of(run)
    return found[ResultStatus.NOT_TESTED], sum(found.values())


def _coverage(run: PackRun) -> _Counted:
    covered = coverage_of(run)
    return covered.whole, covered.to_read


def _applied(run: PackRun) -> _Counted:
    passed = counted(run, "IDC-04", ResultStatus.PASS)
    return passed, passed + counted(run, "IDC-04", ResultStatus.FAIL, ResultStatus.NOT_TESTED)


def _plain(name: str) -> Callable[[PackRun], _Counted]:
    return lambda run: (run.counts.get(name, 0), None)


_OF_RUNS = (
    _Metric(name="results that pass, of those tested", better="up", of=_share_passing),
    _Metric(name="results that could not be tested", better="down", of=_share_untested),
    _Metric(
        name="accounts read whole, of those to be read", better="up", of=_coverage, control="IDC-01", of_accounts=False
    ),
    _Metric(
        name=_RECORDED,
        better="up",
        of=_applied,
        control="IDC-04",
        limit="coverage_percent",
    ),
    _Metric(name="identities", better="neither", of=_plain("identities"), control="IDC-01"),
    _Metric(
        name="identities without an owner",
        better="down",
        of=lambda run: (run.counts.get("owner:none", 0), run.counts.get("identities", 0)),
        control="IDC-02",
    ),
    _Metric(name="identities of the highest tier", better="down", of=_plain("tier:critical"), control="IDC-03"),
    _Metric(name="findings open", better="down", of=_plain("finding:open"), control="IDC-34"),
    _Metric(name="findings opened", better="down", of=_plain("finding:opened"), control="IDC-34"),
    _Metric(name="findings fixed, not verified yet", better="neither", of=_plain("finding:fixed"), control="IDC-34"),
    _Metric(
        name="findings verified as mended, on record", better="up", of=_plain("finding:verified"), control="IDC-34"
    ),
    _Metric(
        name="ticks declared missed",
        better="down",
        of=lambda run: (len(run.missed_ticks), None),
        control="IDC-35",
        of_accounts=False,
    ),
    _Metric(name="results turned by loosened policy", better="down", of=lambda run: (run.governance.turned, None)),
)


def _metrics(period: PeriodView, tally: Tally) -> Iterator[Row]:
    runs = in_order(period)
    before = {after.run_id: one for one, after in pairwise(runs)}
    apart = {after.run_id: not_comparable(after, one) for one, after in pairwise(runs)}
    beside = {run.run_id: _beside(run) for run in period.runs}
    for metric in _OF_RUNS:
        control = _control(period, metric.control)
        for run in period.runs:
            known = before.get(run.run_id)
            trend = _trend(metric.of(run), metric.of(known)) if known else None
            if metric.of_accounts and trend is not None:
                trend = apart[run.run_id] or trend
            first = _row(period, metric, control, run.run_id, run.taken_at, metric.of(run), trend)
            yield (*first, *beside[run.run_id])
    yield from _of_period(period)
    yield from _of_state(period, tally)


def _beside(run: PackRun) -> Row:
    covered = coverage_of(run)
    return ALL_ACCOUNTS, covered.whole, covered.to_read, covered.left_out, run.run_id, run.seq


def _of_period(period: PeriodView) -> Iterator[Row]:
    due = [one for one in ticks(period) if one.state is not TickState.BEFORE_CHAIN]
    in_time = [one for one in due if one.state is TickState.IN_TIME]
    whole = sum(not one.in_part for one in in_time)
    span = f"{period.options.since} to {period.options.until}"
    for name, found in (
        ("runs in time, of those due", (len(in_time), len(due))),
        ("runs in time that read every account whole, of those due", (whole, len(due))),
    ):
        metric = _Metric(name=name, better="up", of=_share_passing, control="IDC-35")
        row = _row(period, metric, _control(period, metric.control), span, None, found, None)
        yield (*row, ALL_ACCOUNTS, *(None,) * 5)


def _of_state(period: PeriodView, tally: Tally) -> Iterator[Row]:
    """What the registers of this pack show, of its accounts, as page one counts it."""
    run, span = period.as_of, f"{period.options.since} to {period.options.until}"
    accounts = tally.statuses
    to_read = sum(accounts[one] for one in ("sealed", "gaps", "unreachable"))
    for name, better, found, control in (*_shown(tally), *(_shown_too(tally) if period.options.accounts else ())):
        metric = _Metric(name=name, better=better, of=_share_passing, control=control)
        row = _row(period, metric, _control(period, control), span, None, found, None)
        yield (*row, scope_of(period), accounts["sealed"], to_read, accounts["skipped"], run.run_id, run.seq)


type _Shown = tuple[str, str, _Counted, str | None]


def _shown(tally: Tally) -> tuple[_Shown, ...]:
    overdue, open_ = sum(tally.overdue.values()), sum(tally.open_by_severity.values())
    return (
        ("open findings overdue, in the run shown", "down", (overdue, open_), "IDC-34"),
        ("identities shown from an older run", "down", (tally.stale_identities, tally.identities), "IDC-01"),
    )


def _shown_too(tally: Tally) -> tuple[_Shown, ...]:
    """In a narrowed pack, what rows of runs say of all accounts, for those of the pack."""
    passed = tally.count(ResultStatus.PASS)
    tested = passed + tally.count(ResultStatus.FAIL, ResultStatus.EXCEPTION)
    untested, every = tally.count(ResultStatus.NOT_TESTED), sum(tally.results.values())
    critical = sum(number for (_, tier), number in tally.by_class.items() if tier == Tier.CRITICAL.value)
    return (
        ("results that pass, of those tested, in the run shown", "up", (passed, tested), None),
        ("results that could not be tested, in the run shown", "down", (untested, every), None),
        ("identities, in the run shown", "neither", (tally.identities, None), "IDC-01"),
        ("identities without an owner, in the run shown", "down", (tally.unowned, tally.identities), "IDC-02"),
        ("identities of the highest tier, in the run shown", "down", (critical, None), "IDC-03"),
        ("findings open, in the run shown", "down", (sum(tally.open_by_severity.values()), None), "IDC-34"),
    )


def _row(
    period: PeriodView,
    metric: _Metric,
    control: Control | None,
    span: str,
    at: datetime | None,
    found: _Counted,
    trend: str | None,
) -> Row:
    target = None
    if metric.limit and control is not None:
        limit = period.limits.described(control.id, metric.limit, Tier.CRITICAL)
        target = (
            f"{in_words(limit.name, period.limits.value(control.id, metric.limit, Tier.CRITICAL))} ({limit.set_by})"
        )
    owner = _owner(period, control) if control is not None else None
    return (
        metric.name,
        span,
        _value(found),
        target,
        owner,
        trend,
        canonical.utc(at) if at else None,
        *found,
        metric.better,
        metric.control,
    )


def _value(found: _Counted) -> str | None:
    part, of = found
    if of is None:
        return str(part)
    return percent(part, of)


def percent(part: int, of: int) -> str | None:
    """A share with one decimal, rounded down, so that 100.0 % is said of all and of nothing less; None of none."""
    if not of:
        return None
    tenths = part * 1000 // of
    return f"{tenths // 10}.{tenths % 10} %"


def _trend(now: _Counted, before: _Counted) -> str | None:
    if now[1] == 0 or before[1] == 0:
        return None
    one, other = now[0] * (before[1] or 1), before[0] * (now[1] or 1)
    return "the same" if one == other else "up" if one > other else "down"


def _control(period: PeriodView, name: str | None) -> Control | None:
    return next((one for one in period.catalog.controls if one.id == name), None)


def _owner(period: PeriodView, control: Control) -> str | None:
    lines = soa_lines(period)
    named = (lines[one].control_owner for one in annex_ids(control) if one in lines)
    return next((one for one in named if one), None)


REGISTERS = (Register(table=_METRICS, whole=_metrics),)
