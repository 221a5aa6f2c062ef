"""How the period was kept: what each control did at every tick, every run and missed run, and the gaps that follow."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from prooftrail.controls.catalog import Control
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.columns import instant, listing, number, text, truth
from prooftrail.pack.registers.coverage import ALL_ACCOUNTS, Coverage, coverage_of
from prooftrail.pack.registers.ticks import (
    Operation,
    Tick,
    TickState,
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
        "NOT_TESTED. Where that run did not read whole every account it was to read, it operated over part of the accounts only, "
        "and says so with the numbers; 38_operation_by_tick has each tick. Manual runs stand apart and satisfy no tick. Counts "
        "are of the signed manifests, of all accounts, whatever the pack is narrowed to, but for the last column."
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
        number("operated_in_part", "of the ticks operated, those whose run did not read whole all it was to read"),
        listing("operated_in_part_ticks", "each of them, with accounts read whole of those to be read"),
        text("scope", "which accounts the figures before this column are of"),
        listing("evidence", "the manifests of the runs at the start and at the end, as run id, slot and hash"),
        number(
            "failing_shown",
            "results that fail in the run shown, of the accounts of this pack, as 07 lists them but for accounts that left",
        ),
    ),
    questions=(10, 13),
    sheet="Operating effectiveness",
)


def _effectiveness(period: PeriodView, tally: Tally) -> Iterator[Row]:
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
            len(one.in_part),
            tuple(f"{canonical.timestamp(each.at)}: {_covered(each.coverage)}" for each in one.in_part),
            ALL_ACCOUNTS,
            tuple(dict.fromkeys(_manifest(each) for each in (one.first, one.last) if each)),
            _failing_shown(tally, control),
        )


def _covered(coverage: Coverage | None) -> str:
    return coverage.worded() if coverage else "no run"


def _manifest(run: PackRun) -> str:
    return f"run {run.run_id}, manifest {run.seq}:{run.manifest_sha256}"


def _failing_shown(tally: Tally, control: Control) -> int | None:
    """None where nothing was tested: that is not nothing failing."""
    found = {one: tally.results[control.id, one] for one in ResultStatus}
    judged = any(number for status, number in found.items() if status is not ResultStatus.NOT_TESTED)
    return found[ResultStatus.FAIL] if judged else None


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
        number("accounts_planned", "accounts the plan named, those that were left out among them"),
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
        number("accounts_to_read", "accounts planned without those left out: the base of every share of accounts"),
        text("coverage", "accounts read whole of those to be read; a run over part of them says nothing of the others"),
        text("scope", "which accounts the figures of the row are of"),
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
    covered, found = coverage_of(run), results_of(run)
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
        len(run.coverage),
        covered.whole,
        covered.gaps,
        covered.unread,
        covered.left_out,
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
        covered.to_read,
        covered.worded(),
        ALL_ACCOUNTS,
    )


_BY_TICK = Table(
    file="38_operation_by_tick",
    title="Operation of each control at each tick",
    about=(
        "One row for each control and each tick of the schedule: whether it operated, over how many of the accounts, and what "
        "it gave. Figures are of the signed manifest of the tick's run, of all accounts, whatever the pack is narrowed to. A "
        "result that is missing against another tick may be one of an account that was not read."
    ),
    columns=(
        text("control_id", "the control"),
        instant("tick", "the tick of the schedule"),
        text("state", "in time, late, missed, or before the chain began"),
        truth(
            "operated",
            "true if its run was in time and gave a result of the control that is not NOT_TESTED; empty before the chain",
        ),
        text("over", "`all accounts`, `part of the accounts`; empty where it did not operate"),
        number("accounts_whole", "accounts its run read whole"),
        number("accounts_to_read", "of how many it was to read"),
        number("accounts_skipped", "left out beside those"),
        number("results", "results it gave of this control"),
        number("pass", "that passed"),
        number("fail", "that failed"),
        number("exception", "that failed under an exception in force"),
        number("not_applicable", "that did not apply"),
        number("not_tested", "that could not be tested"),
        text("run_id", "the run of the tick; empty where there is none"),
        number("manifest_seq", "its slot in the chain"),
        text("scope", "which accounts the figures are of"),
    ),
    questions=(10, 13),
)


def _by_tick(period: PeriodView, _: Tally) -> Iterator[Row]:
    due = ticks(period)
    for control in period.catalog.controls:
        yield from (_at_tick(control.id, tick) for tick in due)


def _at_tick(control: str, tick: Tick) -> Row:
    run, covered = tick.run, tick.coverage
    if run is None or covered is None:
        operated = None if tick.state is TickState.BEFORE_CHAIN else False
        return (control, tick.at, tick.state.value, operated, *(None,) * 12, ALL_ACCOUNTS)
    acted = tick.state is TickState.IN_TIME and tested(run, control)
    found = tuple(counted(run, control, one) for one in ResultStatus)
    over = "part of the accounts" if covered.part else "all accounts"
    return (
        control,
        tick.at,
        tick.state.value,
        acted,
        over if acted else None,
        covered.whole,
        covered.to_read,
        covered.left_out,
        sum(found),
        *found,
        run.run_id,
        run.seq,
        ALL_ACCOUNTS,
    )


REGISTERS = (
    Register(table=_EFFECTIVENESS, whole=_effectiveness),
    Register(table=_RUNS, whole=_runs),
    Register(table=_BY_TICK, whole=_by_tick),
)
