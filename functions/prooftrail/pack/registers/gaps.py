"""24: everything that was not read or not judged, why, what hangs on it, and what to grant or do."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from prooftrail.inventory.wording import counted
from prooftrail.model.judgement import Result, ResultStatus
from prooftrail.pack.registers.columns import instant, instant_of, listing, number, shown, text
from prooftrail.pack.registers.counted import not_explained
from prooftrail.pack.registers.gap_words import account_to_do, cause_to_do, impact_of, of_source, to_do
from prooftrail.pack.registers.of_period import period_gap_rows
from prooftrail.pack.registers.period_gaps import organization_since
from prooftrail.pack.registers.refusals import refusals
from prooftrail.pack.registers.stretches import (
    NOT_JUDGED,
    Stretch,
    begun,
    of_account,
    of_sources,
    older_shown,
    untested_from,
    untested_since,
)
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import READ, AccountView, PackRun, PeriodView, Refused

GAPS = Table(
    file="24_gaps",
    title="Gaps",
    about=(
        "One row per thing that was not read, not judged, or is gone or damaged: sources refused or cut short, accounts not"
        " read, left out or in no plan, sealed objects that are not what was sealed, why results are"
        " NOT_TESTED, and ticks without a run or with a late one. Sources and accounts are told over the whole period, from"
        " run to run: one row per stretch, `to` empty while it lasts. Results and differences of counts are those of the run"
        " shown: of what lasts. Gaps of kind control (NOT_TESTED) that are over are in 30_result_intervals and"
        " 38_operation_by_tick and not here; `controls` and `results_not_tested` are filled only for what lasts. `from` never"
        " lies before the period's first run: `beginning` says whether the run before the period had it too. What this version never collects is in 05_control_map"
        " and on page one."
    ),
    questions=(1, 12, 13),
    sheet="Gaps",
    columns=(
        instant(
            "from",
            "the first run of the period that showed it, see beginning; of results that are NOT_TESTED the first of them",
        ),
        instant("to", "the first run that looked and saw it no more; empty while it lasts as of the run shown"),
        text("account_id", "the account, organization, or empty for the run as a whole"),
        text("region", "the region; global for what has none"),
        text("kind", "the source (principals, secrets ...), account, control, evidence, or tick"),
        text("cause", "what happened, as AWS or the manifest says"),
        text("impact", "what is not known because of it"),
        text("remediation", "what to grant or do"),
        text("status", "denied, throttled, partial, unreachable, skipped, NOT_TESTED, missed ..."),
        text("code", "the error code AWS sent"),
        text("api", "the call that was refused"),
        number("times", "how often in this row's place"),
        listing("controls", "controls with a result that is NOT_TESTED for it; empty for what is over"),
        number("results_not_tested", "results that are NOT_TESTED for it in the run shown; empty for what is over"),
        text("run_id", "the last run this was seen in"),
        text("evidence_id", "the sealed object that shows it"),
        number(
            "runs", "how many runs of this stretch showed it; those that read nothing of the account are not among them"
        ),
        text(
            "beginning",
            "before the period (the run before it had it too), seen to begin, not known whether it began before the period,"
            " or there in the first run looked at; empty where that was not looked for",
        ),
        text("ended_by", "what the first run after it did; empty while it lasts"),
    ),
)

_KIND, _CAUSE, _CONTROLS = 4, 5, 12  # columns


def gap_row(
    *,
    run: PackRun | None,
    account: str | None,
    kind: str,
    cause: str,
    impact: str,
    remediation: str,
    status: str,
    region: str = "global",
    code: str | None = None,
    api: str | None = None,
    times: int = 1,
    results: Iterable[Result] = (),
    evidence: str | None = None,
    stretch: Stretch | None = None,
    since: datetime | None = None,
    beginning: str | None = None,
) -> Row:
    """One row of 24_gaps about what a run of an account did not show; `impact` is followed by the results it keeps from a verdict.

    `stretch` says from when to when; without it the gap began with `run`, or `since`. Of what is over no results are counted.
    """
    untested, over = list(results), stretch is not None and stretch.until is not None
    controls = tuple(sorted({one.control for one in untested}))
    kept = f"{counted(len(untested), 'result is', 'results are')} NOT_TESTED" if untested else ""
    said = "; ".join(each for each in (impact, kept) if each)
    return (
        stretch.since if stretch else since or (run.taken_at if run else None),
        stretch.until if stretch else None,
        account,
        region,
        kind,
        cause,
        said,
        f"it is over; if it comes back: {remediation}" if over else remediation,
        status,
        code,
        api,
        times,
        controls,
        None if over else len(untested),
        stretch.run_id if stretch else run.run_id if run else None,
        evidence,
        stretch.runs if stretch else None,
        stretch.beginning if stretch else beginning,
        stretch.ended_by if stretch else None,
    )


def _gaps(one: AccountView, period: PeriodView) -> Iterator[Row]:
    yield from _account(one, period)
    yield from _damaged(one, period)
    explained, older = set[str](), older_shown(one)
    testable = {each.id for each in period.catalog.controls if each.testable}
    untested = [each for each in one.results if each.status is ResultStatus.NOT_TESTED and each.control in testable]
    for stretch in _sources(one, period):
        refused, hit = stretch.refused, list[Result]()
        if refused is None:
            continue
        if stretch.until is None:
            hit = [each for each in untested if any(of_source(said, refused) for said in each.gaps)]
            explained |= {said for each in hit for said in each.gaps if of_source(said, refused)}
        yield _source(refused, stretch, hit, one, period, older.get((refused.collector, refused.region)))
    yield from _untested(untested, explained, one, period)
    yield from _differences(one)


def _sources(one: AccountView, period: PeriodView) -> list[Stretch]:
    """What sources did not tell; of the organization, whose older readings no view has, as far back as manifests say so."""
    if not one.of_organization:
        return of_sources(one, period, to_do)
    found: list[Stretch] = []
    for cell in one.cells or period.context.cells:
        since, runs = organization_since(period, cell.collector)
        said = f"{cell.collector.value}: "
        had = period.before is not None and any(gap.startswith(said) for gap in period.before.organization_gaps)
        looked = bool(period.runs) and since > period.runs[0].taken_at
        since, beginning = begun(period, since, had, looked=looked)
        found += [
            Stretch(since, period.as_of.run_id, beginning, each.status.value, refused=each, runs=runs)
            for each in refusals(cell)
        ]
    return found


def _account(one: AccountView, period: PeriodView) -> Iterator[Row]:
    """The account as a whole: not read by a run of the period, or not judged; what the run shown says comes first."""
    stretches = of_account(one, period)
    standing = stretches.pop() if stretches and stretches[-1].until is None else None
    yield from _standing(one, period, standing)
    for each in stretches:
        unjudged = each.status == NOT_JUDGED
        runs = f"{counted(each.runs, 'run')} of the period"
        impact = f"{runs} read it and sealed no results: no control was tested for it then"
        if not unjudged:
            impact = f"{runs} read nothing of it: no control was tested for it then, and what changed was not seen"
        yield gap_row(
            run=None,
            account=one.account,
            kind="account",
            cause=shown(period, each.reason) or each.status,
            impact=impact,
            remediation=account_to_do(each.status),
            status=each.status,
            times=each.runs,
            stretch=each,
        )


def _standing(one: AccountView, period: PeriodView, stretch: Stretch | None) -> Iterator[Row]:
    run, reason = period.as_of, shown(period, one.reason)
    row = partial(gap_row, run=run, account=one.account, kind="account", stretch=stretch)
    if one.status not in READ and not one.of_organization:
        older = "nothing of it is known: it was never read, and no control was tested for it"
        if one.read_run:
            older = f"it is shown as run {one.read_run.run_id} saw it, results too, and marked stale"
        yield row(
            cause=reason or one.status,
            impact=f"the account was not read in run {run.run_id}; {older}",
            remediation=account_to_do(one.status),
            status=one.status,
        )
        return
    if one.unjudged:
        yield row(
            cause=shown(period, one.unjudged) or "",
            impact="no control was tested for it: it has no results, risks or findings in this pack",
            remediation=account_to_do(NOT_JUDGED),
            status=NOT_JUDGED,
        )
    elif one.judged_run is not None and one.judged_run != run:
        yield row(
            cause=f"run {run.run_id} did not judge it" + (f": {reason}" if reason else ""),
            impact=f"its results are those of run {one.judged_run.run_id} and are marked stale",
            remediation=account_to_do(one.status),
            status="stale",
        )


def _damaged(one: AccountView, period: PeriodView) -> Iterator[Row]:
    for said in dict.fromkeys(one.wrong):
        yield gap_row(
            run=None,
            account=one.account,
            kind="evidence",
            cause=shown(period, said) or "",
            impact="what that object held is not in this pack, or an older one stands for it",
            remediation="run `prooftrail verify`; take the object from a copy whose hash is the one the manifest names",
            status="gone or damaged",
        )
    for said in dict.fromkeys(one.left_out):
        yield gap_row(
            run=None,
            account=one.account,
            kind="partial copy",
            cause=shown(period, said) or "",
            impact="what that object holds is not in this pack, or an older one stands for it",
            remediation="pull the whole, or this account and these days, and make the pack again from that",
            status="left out of the copy",
        )


def _source(
    refused: Refused, stretch: Stretch, hit: list[Result], one: AccountView, period: PeriodView, older: str | None
) -> Row:
    """A source that was not read whole: one call and reason of it."""
    said = shown(period, refused.detail) or f"the source is {refused.status.value}"
    over = stretch.until is not None
    more = f" (and {refused.times - 1} more of the kind)" if refused.times > 1 else ""
    return gap_row(
        run=None,
        account=one.account,
        region=refused.region,
        kind=refused.collector.value,
        cause=f"{refused.api}: {said}{more}" if refused.api else said,
        impact=impact_of(refused, over=over, older=None if over else older),
        remediation=to_do(refused),
        status=refused.status.value,
        code=refused.code,
        api=refused.api,
        times=refused.times,
        results=hit,
        evidence=stretch.evidence,
        stretch=stretch,
    )


def _untested(untested: list[Result], explained: set[str], one: AccountView, period: PeriodView) -> Iterator[Row]:
    """Why results are NOT_TESTED, once a cause: what a row above explains is left out."""
    causes: dict[str, list[Result]] = defaultdict(list)
    for each in untested:
        said = [gap for gap in each.gaps if gap not in explained]
        for gap in said or ([] if each.gaps else [each.reason]):
            causes[gap].append(each)
    for cause, results in sorted(causes.items()):
        kinds = Counter(each.control for each in results)
        held_since = min(
            (held for each in results if (held := one.held_since.get((each.control, each.subject)))), default=None
        )
        since, beginning = untested_from(instant_of(held_since), one, period)
        yield gap_row(
            run=one.judged_run,
            since=since,
            beginning=beginning,
            account=one.account,
            kind="control",
            cause=shown(period, cause) or "",
            impact=", ".join(f"{control}: {number}" for control, number in sorted(kinds.items())),
            remediation=cause_to_do(cause),
            times=len(results),
            status=ResultStatus.NOT_TESTED.value,
            results=results,
            evidence=one.assessment.id if one.assessment else None,
        )


def _never(period: PeriodView) -> Iterator[Row]:
    """Controls of which this version can test nothing, once each and not once an account."""
    for control in period.catalog.controls:
        number = period.as_of.counts.get(f"result:{control.id}:{ResultStatus.NOT_TESTED.value}", 0)
        if control.testable or not number:
            continue
        first = untested_since(period, control.id)
        looked = bool(period.runs) and first > period.runs[0].taken_at
        counted_before = period.before.counts if period.before else {}
        had = bool(counted_before.get(f"result:{control.id}:{ResultStatus.NOT_TESTED.value}", 0))
        since, beginning = begun(period, first, had, looked=looked)
        row = gap_row(
            run=period.as_of,
            since=since,
            beginning=beginning,
            account=None,
            kind="control",
            cause=control.why_not or "this version cannot test it",
            impact=f"{control.id}: {counted(number, 'result is', 'results are')} NOT_TESTED, over all accounts",
            remediation="nothing to grant: this version does not read it; ask for the record elsewhere",
            status=ResultStatus.NOT_TESTED.value,
            times=number,
        )
        yield (*row[:_CONTROLS], (control.id,), number, *row[_CONTROLS + 2 :])


def _differences(one: AccountView) -> Iterator[Row]:
    for each in one.reconciliations:
        if not_explained(one, each):
            yield gap_row(
                run=one.read_run,
                account=one.account,
                kind="reconciliation",
                cause=f"{each.what}: {each.counted} by {each.counted_by}, {each.independent} by {each.independent_source}",
                impact=f"a difference of {each.difference} is NOT EXPLAINED: the population may not be complete",
                remediation="compare both lists in the account; the next run counts again",
                status="not explained",
                evidence=one.snapshot.id if one.snapshot else None,
            )


def _of_period(period: PeriodView, tally: Tally) -> Iterator[Row]:
    """What no account shows, the columns those rows do not have left empty; what accounts have told is not told again."""
    yield from _never(period)
    told = {shown(period, each) for each in tally.wrong} - {shown(period, each) for each in period.wrong}
    for row in period_gap_rows(period, tally):
        if row[_KIND] != "evidence" or row[_CAUSE] not in told:
            yield (*row, *(None,) * (len(GAPS.columns) - len(row)))


GAP_REGISTERS: tuple[Register, ...] = (Register(table=GAPS, each=_gaps, whole=_of_period),)
