"""Indicators, run by run, as the signed manifests state them, with the trend against the run before."""

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
from prooftrail.pack.registers.operation import in_order
from prooftrail.pack.registers.ticks import TickState, counted, results_of, ticks
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PackRun, PeriodView

type _Counted = tuple[int, int | None]

_METRICS = Table(
    file="26_metrics",
    title="Indicators",
    about=(
        "One row for each indicator and each run of the period, in order of time, and figures of the whole period last. Figures of runs "
        "are of all accounts, whatever the pack is narrowed to; those of the period are of the accounts of this pack. Targets "
        "are limits of the control map or of thresholds.toml; an indicator without one has none."
    ),
    columns=(
        text("metric", "the indicator"),
        text("period", "the run it is of, or the days of the period"),
        text("value", "a number, or a share in percent; empty where nothing could be counted"),
        text("target", "the limit it is held against, and who set it"),
        text("owner", "who answers for it, as soa.toml says for its control"),
        text("trend", "against the run before: up, down, or the same"),
        instant("at", "the time of the run"),
        number("counted", "what was counted"),
        number("of", "of how many; empty for a plain number"),
        text("better", "whether up or down is better"),
        text("control_id", "the control it belongs to"),
    ),
    questions=(14,),
    sheet="Indicators",
)


class _Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator; `of` counts it in a run."""

    name: str
    better: str
    of: Callable[[PackRun], _Counted]
    control: str | None = None
    limit: str | None = None


def _share_passing(run: PackRun) -> _Counted:
    found = results_of(run)
    passed = found[ResultStatus.PASS]
    return passed, passed + found[ResultStatus.FAIL] + found[ResultStatus.EXCEPTION]


def _share_untested(run: PackRun) -> _Counted:
    found = results_of(run)
    return found[ResultStatus.NOT_TESTED], sum(found.values())


def _coverage(run: PackRun) -> _Counted:
    states = [one.status for one in run.coverage if one.status != "skipped"]
    return states.count("sealed"), len(states)


def _applied(run: PackRun) -> _Counted:
    passed = counted(run, "IDC-04", ResultStatus.PASS)
    return passed, passed + counted(run, "IDC-04", ResultStatus.FAIL, ResultStatus.NOT_TESTED)


def _plain(name: str) -> Callable[[PackRun], _Counted]:
    return lambda run: (run.counts.get(name, 0), None)


_OF_RUNS = (
    _Metric(name="results that pass, of those tested", better="up", of=_share_passing),
    _Metric(name="results that could not be tested", better="down", of=_share_untested),
    _Metric(name="accounts read whole, of those in scope", better="up", of=_coverage, control="IDC-01"),
    _Metric(
        name="identities of which every control gave a result",
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
        name="ticks declared missed", better="down", of=lambda run: (len(run.missed_ticks), None), control="IDC-35"
    ),
    _Metric(name="results turned by loosened policy", better="down", of=lambda run: (run.governance.turned, None)),
)


def _metrics(period: PeriodView, tally: Tally) -> Iterator[Row]:
    runs = in_order(period)
    before = {after.run_id: one for one, after in pairwise(runs)}
    for metric in _OF_RUNS:
        control = _control(period, metric.control)
        for run in period.runs:
            known = before.get(run.run_id)
            trend = _trend(metric.of(run), metric.of(known)) if known else None
            yield _row(period, metric, control, run.run_id, run.taken_at, metric.of(run), trend)
    yield from _of_period(period, tally)


def _of_period(period: PeriodView, tally: Tally) -> Iterator[Row]:
    due = [one for one in ticks(period) if one.state is not TickState.BEFORE_CHAIN]
    in_time = sum(one.state is TickState.IN_TIME for one in due)
    span = f"{period.options.since} to {period.options.until}"
    overdue = sum(tally.overdue.values()), sum(tally.open_by_severity.values())
    for name, better, found, control in (
        ("runs in time, of those due", "up", (in_time, len(due)), "IDC-35"),
        ("open findings overdue, in the run shown", "down", overdue, "IDC-34"),
        ("identities shown from an older run", "down", (tally.stale_identities, tally.identities), "IDC-01"),
    ):
        metric = _Metric(name=name, better=better, of=_share_passing, control=control)
        yield _row(period, metric, _control(period, control), span, None, found, None)


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
