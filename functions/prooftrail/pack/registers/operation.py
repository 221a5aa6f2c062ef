"""How the period was kept: what each control did at every tick, every run and missed run, and the gaps that follow."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from prooftrail.controls.catalog import Control
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.columns import instant, listing, number, text, truth
from prooftrail.pack.registers.ticks import (
    Operation,
    Tick,
    counted,
    counts,
    of_control,
    results_of,
    sentence,
    tested,
    ticks,
)
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PackRun, PeriodView

_EFFECTIVENESS = Table(
    file="28_operating_effectiveness",
    title="Operating effectiveness",
    about=(
        "One row for each control: what was in force over the period, and at which ticks of the schedule it acted. A tick is "
        "operated where its own run was closed within 6 hours and gave at least one result of the control that is not "
        "NOT_TESTED. Manual runs stand apart and satisfy no tick. Counts are of the signed manifests, of all accounts."
    ),
    columns=(
        text("control_id", "the control"),
        text("title", "its short title"),
        text("operating", "ticks operated of those due, and each that was not, with the cause"),
        text("design", "version of the control and of the catalog, and what changed in the period"),
        text("catalog_sha256", "hash of the catalog in force in the run shown"),
        number("code_changes", "how often code changed in the period; the catalog is part of the code's hash"),
        number("policy_changes", "how often the policy in force changed"),
        number("ticks_due", "ticks since the chain began that were over when the newest manifest was closed"),
        number("operated", "ticks at which it acted in time"),
        number("missed", "ticks without a run"),
        listing("missed_ticks", "each of them with the cause"),
        number("late", "ticks whose run was closed too late to count"),
        listing("late_ticks", "each of them"),
        number("not_tested_only", "ticks whose run gave no result of it but NOT_TESTED"),
        listing("not_tested_only_ticks", "each of them"),
        number("days_before_the_chain", "days of the period from before the chain began, neither operated nor missed"),
        number("manual_runs", "runs a person started, which satisfy no tick"),
        text("start_run", "the run before the period, or its first: where the failures at the start are from"),
        number("failing_at_start", "results that failed there"),
        text("end_run", "the last run of the period"),
        number("failing_at_end", "results that failed there"),
        listing("loosened", "what policy asked less of that names this control, with the run"),
        number("results_turned", "results that failed under the policy before, in the runs that loosened it"),
        truth("testable", "false where this version can test no part of it"),
        text("why_not_testable", "why not"),
    ),
    questions=(10, 13),
    sheet="Operating effectiveness",
)


def _effectiveness(period: PeriodView, _: Tally) -> Iterator[Row]:
    due = ticks(period)
    for control in period.catalog.controls:
        one = of_control(period, control.id, due)
        loosened = tuple(_loosened(period, control.id))
        yield (
            control.id,
            control.title,
            _in_words(period, control, one),
            _design(period, control),
            period.catalog.sha256,
            code_changes(period),
            policy_changes(period),
            one.due,
            one.operated,
            len(one.missed),
            tuple(f"{canonical.timestamp(each.at)}: {each.cause}" for each in one.missed),
            len(one.late),
            tuple(f"{canonical.timestamp(each.at)}: {each.cause}" for each in one.late),
            len(one.untested),
            tuple(canonical.timestamp(each.at) for each in one.untested),
            one.days_before_chain,
            len(one.manual),
            one.first.run_id if one.first else None,
            counted(one.first, control.id, ResultStatus.FAIL) if _told(one.first, control) and one.first else None,
            one.last.run_id if one.last else None,
            counted(one.last, control.id, ResultStatus.FAIL) if _told(one.last, control) and one.last else None,
            tuple(f"{run.run_id}: {said}" for run, said in loosened),
            sum({run.run_id: run.governance.turned for run, _ in loosened}.values()) if loosened else 0,
            control.testable,
            control.why_not,
        )


def _told(run: PackRun | None, control: Control) -> bool:
    """True if the run tells how many results failed: nothing tested is not nothing failing."""
    return run is not None and tested(run, control.id)


def _in_words(period: PeriodView, control: Control, one: Operation) -> str:
    if control.testable:
        return sentence(period, one)
    return f"cannot be tested by this version, so it did not operate: {control.why_not}"


def _design(period: PeriodView, control: Control) -> str:
    said = f"version {control.version} of the control, catalog {period.catalog.version}"
    changed = code_changes(period)
    if not period.runs:
        return f"{said}, as of run {period.as_of.run_id}; no run of the period tells what was in force"
    if not changed:
        return f"{said}, the same in every run of the period (its code did not change)"
    return (
        f"{said} in the last run; code changed {counts(changed, 'time')} in the period, and whether the catalog did is in "
        "the contexts of those runs (23_scanner_changes)"
    )


def in_order(period: PeriodView) -> tuple[PackRun, ...]:
    """The run before the period, where there is one, and those of it."""
    return (*((period.before,) if period.before else ()), *period.runs)


def code_changes(period: PeriodView) -> int:
    """How often one run's code was another than that of the run before."""
    runs = in_order(period)
    return sum(one.code.sha256 != after.code.sha256 for one, after in pairwise(runs))


def policy_changes(period: PeriodView) -> int:
    """How often one run's policy was another than that of the run before."""
    runs = in_order(period)
    return sum(one.governance.sha256 != after.governance.sha256 for one, after in pairwise(runs))


def _loosened(period: PeriodView, control: str) -> Iterator[tuple[PackRun, str]]:
    for run in period.runs:
        yield from ((run, one) for one in run.governance.loosened if control in one)


_RUNS = Table(
    file="29_runs",
    title="Runs and missed runs",
    about=(
        "One row for each run of the period and for each tick of the schedule that has none, in order of time. Figures are "
        "those the signed manifest of the run states, of all accounts, whatever the pack is narrowed to."
    ),
    columns=(
        instant("tick", "the tick of the schedule; empty for a manual run"),
        text("run_id", "the run; empty where there is none"),
        text("state", "in time, late, missed, before the chain began, manual, or outside the schedule"),
        text("cause", "why it was not in time"),
        text("trigger", "what started it"),
        text("caller", "who ran it, as AWS named the caller"),
        instant("started_at", "when it began"),
        instant("closed_at", "when its manifest was signed"),
        number("minutes_after_tick", "from tick to manifest"),
        number("accounts_planned", "accounts the plan named"),
        number("accounts_whole", "of them read whole"),
        number("accounts_with_gaps", "read in part"),
        number("accounts_unreachable", "not read"),
        number("accounts_skipped", "left out, with the reason in 24_gaps"),
        number("identities", "identities listed"),
        number("pass", "results that passed"),
        number("fail", "that failed"),
        number("exception", "that failed under an exception in force"),
        number("not_applicable", "that did not apply"),
        number("not_tested", "that could not be tested"),
        number("findings_open", "findings open after it"),
        listing("organization_gaps", "what of the organization was not read"),
        number("calls", "calls to AWS"),
        number("throttled", "calls AWS put off"),
        text("code_version", "version of the code"),
        text("code_sha256", "hash of the code"),
        text("governance_sha256", "hash of the policy in force"),
        number("manifest_seq", "its slot in the chain"),
        text("manifest_sha256", "hash of the manifest as stored"),
        instant("witnessed_at", "when a watchdog says it first saw this manifest or a later one"),
    ),
    questions=(13,),
    sheet="Runs",
)


def _runs(period: PeriodView, _: Tally) -> Iterator[Row]:
    found: list[tuple[datetime, str, Row]] = []
    met = {one.run.run_id: one for one in ticks(period) if one.run is not None}
    blank = (None,) * (len(_RUNS.columns) - 4)
    found += (
        (one.at, "", (one.at, None, one.state.value, one.cause, *blank)) for one in ticks(period) if one.run is None
    )
    found += ((run.tick or run.taken_at, run.run_id, _run(run, met.get(run.run_id))) for run in period.runs)
    yield from (row for _, _, row in sorted(found, key=lambda each: each[:2]))


def _run(run: PackRun, tick: Tick | None) -> Row:
    states = [one.status for one in run.coverage]
    found = results_of(run)
    apart = "outside the schedule" if run.scheduled else "manual"
    return (
        run.tick,
        run.run_id,
        tick.state.value if tick else apart,
        tick.cause if tick else None,
        run.trigger.value,
        run.caller,
        run.started_at,
        run.closed_at,
        int((run.closed_at - run.tick).total_seconds()) // 60 if run.tick else None,
        len(states),
        states.count("sealed"),
        states.count("gaps"),
        states.count("unreachable"),
        states.count("skipped"),
        run.counts.get("identities", 0),
        *(found[one] for one in ResultStatus),
        run.counts.get("finding:open", 0),
        run.organization_gaps,
        run.calls,
        run.throttled,
        run.code.version,
        run.code.sha256,
        run.governance.sha256,
        run.seq,
        run.manifest_sha256,
        run.witnessed_at,
    )


REGISTERS = (
    Register(table=_EFFECTIVENESS, whole=_effectiveness),
    Register(table=_RUNS, whole=_runs),
)
