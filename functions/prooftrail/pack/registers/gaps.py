"""24: everything that was not read or not judged, why, what hangs on it, and what to grant or do."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from prooftrail import permissions
from prooftrail.inventory.wording import counted
from prooftrail.model.judgement import Result, ResultStatus
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Gap, GapReason
from prooftrail.pack.registers.columns import instant, listing, number, shown, text
from prooftrail.pack.registers.of_period import period_gap_rows
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PackRun, PeriodView
from prooftrail.permissions import Permission, Place

GAPS = Table(
    file="24_gaps",
    title="Gaps",
    about=(
        "One row per thing that was not read, not judged, or is gone or damaged: sources refused or cut short in the last"
        " reading of an account, accounts not read, sealed objects that are not what was sealed, why results are"
        " NOT_TESTED, and ticks without a run or with a late one. What this version never collects is in 05_control_map"
        " and on page one."
    ),
    questions=(1, 12, 13),
    sheet="Gaps",
    columns=(
        instant("from", "since when; empty where that is not known"),
        instant("to", "until when; empty while it lasts as of the run shown"),
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
        listing("controls", "controls with a result that is NOT_TESTED for it"),
        number("results_not_tested", "results that are NOT_TESTED for it"),
        text("run_id", "the run this was seen in"),
        text("evidence_id", "the sealed object that shows it"),
    ),
)

_KIND, _CAUSE, _CONTROLS = 4, 5, 12  # columns
_BARRED = re.compile(r"(?:explicit deny in an? |because no (?!identity))([\w-]+(?: [\w-]+)? (?:policy|boundary))")
_ACTIONS = {one.action: one for one in permissions.PERMISSIONS}
_WHOSE = {
    Place.MEMBER: "the member role in this account (`prooftrail doctor` prints the policy)",
    Place.ORGANIZATION: "the scanner in the management account (`prooftrail doctor` prints the policy)",
    Place.SCANNER: "the scanner itself (`prooftrail doctor` prints the policy)",
    Place.STORE: "the scanner, on its store",
}
_TO_DO = {
    GapReason.THROTTLED: "nothing to grant: AWS asked to go slower; the next run reads again, or scan with fewer --workers",
    GapReason.UNREACHABLE: "see that the region answers and nothing between blocks it; the next run reads again",
    GapReason.NOT_READY: "nothing to grant: AWS had not finished its report; the next run reads it",
    GapReason.TRUNCATED: "the answer was cut off: the next run reads again; report it if it stays",
    GapReason.UNREADABLE: "AWS sent what cannot be read: keep the raw answer and report it",
    GapReason.CLOCK: "put the clock of the machine that scans right",
    GapReason.DISAGREES: "two sources of AWS disagree: compare them in the console, and see whether the next run agrees",
    GapReason.NOT_COVERED: "nothing to do: this version does not read it; ask for it elsewhere",
    GapReason.ERROR: "see the cause; the next run reads again",
}
_STATUS_TO_DO = {
    CellStatus.LATE: "it was read too long after the run's instant to count: start runs in time, or scan fewer accounts at once",
    CellStatus.ONBOARDING: "the account is new: AWS grants access to it within hours, and the next run reads it",
    CellStatus.DISABLED: "the region is not enabled: nothing to do unless something is expected there",
}
_SKIPPED_TO_DO = "nothing to grant where that is meant: the reason is AWS's own word, or the scope policy/ holds"


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
) -> Row:
    """One row of 24_gaps about what a run of an account did not show; `impact` is followed by the results it keeps from a verdict."""
    untested = list(results)
    controls = tuple(sorted({one.control for one in untested}))
    kept = f"{counted(len(untested), 'result is', 'results are')} NOT_TESTED" if untested else ""
    said = "; ".join(each for each in (impact, kept) if each)
    return (
        run.taken_at if run else None,
        None,
        account,
        region,
        kind,
        cause,
        said,
        remediation,
        status,
        code,
        api,
        times,
        controls,
        len(untested),
        run.run_id if run else None,
        evidence,
    )


def _gaps(one: AccountView, period: PeriodView) -> Iterator[Row]:
    yield from _account(one, period)
    yield from _damaged(one, period)
    explained: set[str] = set()
    testable = {each.id for each in period.catalog.controls if each.testable}
    untested = [each for each in one.results if each.status is ResultStatus.NOT_TESTED and each.control in testable]
    cells = one.cells if not one.of_organization or one.cells else period.context.cells
    for cell in cells:
        if cell.status is not CellStatus.OK:
            hit = [each for each in untested if any(_of_cell(said, cell) for said in each.gaps)]
            explained |= {said for each in hit for said in each.gaps if _of_cell(said, cell)}
            yield from _cell(cell, hit, one, period)
    yield from _untested(untested, explained, one, period)
    yield from _differences(one)


def _account(one: AccountView, period: PeriodView) -> Iterator[Row]:
    """The account as a whole: not read by the run shown, or not judged."""
    run, reason = period.as_of, shown(period, one.reason)
    if one.status not in ("sealed", "gaps") and not one.of_organization:
        older = "nothing of it is known: it was never read, and no control was tested for it"
        if one.read_run:
            older = f"it is shown as run {one.read_run.run_id} saw it, results too, and marked stale"
        yield gap_row(
            run=run,
            account=one.account,
            kind="account",
            cause=reason or one.status,
            impact=f"the account was not read in run {run.run_id}; {older}",
            remediation=_account_to_do(one),
            status=one.status,
        )
        return
    if one.unjudged:
        yield gap_row(
            run=run,
            account=one.account,
            kind="account",
            cause=shown(period, one.unjudged) or "",
            impact="no control was tested for it: it has no results, risks or findings in this pack",
            remediation="read it; if it was read, `prooftrail verify --rederive` says what keeps it from being judged",
            status="not judged",
        )
    elif one.judged_run is not None and one.judged_run != run:
        yield gap_row(
            run=run,
            account=one.account,
            kind="account",
            cause=f"run {run.run_id} did not judge it" + (f": {reason}" if reason else ""),
            impact=f"its results are those of run {one.judged_run.run_id} and are marked stale",
            remediation=_account_to_do(one),
            status="stale",
        )


def _account_to_do(one: AccountView) -> str:
    if one.status == "skipped":
        return _SKIPPED_TO_DO
    if one.status == "unplanned":
        return "see whether the account left the organization: the run shown did not plan for it"
    return "create the member role there with its trust policy, or lift what refuses sts:AssumeRole: `prooftrail doctor` says which"


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


def _cell(cell: Cell, hit: list[Result], one: AccountView, period: PeriodView) -> Iterator[Row]:
    """A source that was not read whole: a row for each call and reason."""
    groups: dict[tuple[str, GapReason], list[Gap]] = defaultdict(list)
    for gap in cell.gaps:
        groups[gap.api, gap.reason].append(gap)
    row = partial(
        gap_row,
        run=one.read_run or period.as_of,
        account=one.account,
        region=cell.region,
        kind=cell.collector.value,
        status=cell.status.value,
        results=hit,
        evidence=one.snapshot.id if one.snapshot else None,
    )
    if not groups:
        cause = shown(period, cell.reason) or f"the source is {cell.status.value}"
        to_do = _STATUS_TO_DO.get(cell.status, "see the cause; the next run reads again")
        yield row(cause=cause, impact=_impact(cell), remediation=to_do)
    for (api, _), gaps in sorted(groups.items()):
        first = gaps[0]
        more = f" (and {len(gaps) - 1} more of the kind)" if len(gaps) > 1 else ""
        yield row(
            cause=f"{api}: {shown(period, first.detail)}{more}",
            impact=_impact(cell, _ACTIONS.get(api)),
            remediation=_STATUS_TO_DO.get(cell.status) or remediation(first),
            code=first.code,
            api=api,
            times=len(gaps),
        )


def remediation(gap: Gap) -> str:
    """What to grant or do about one refusal; an explicit deny or a missing Allow above the account is named."""
    if gap.reason is not GapReason.DENIED:
        return _TO_DO[gap.reason]
    barred = _BARRED.search(gap.detail)
    if barred:
        return f"let the {barred[1]} that forbids it allow {gap.api}: granting it in the account would not help"
    known = _ACTIONS.get(gap.api)
    whose = _WHOSE[known.place] if known else "the role that reads"
    return f"grant {gap.api} to {whose}"


def _impact(cell: Cell, refused: Permission | None = None) -> str:
    what = cell.collector.value.replace("_", " ")
    if refused and refused.lost:
        return refused.lost
    why = f" ({refused.why})" if refused else ""
    rest = (
        "what is listed of it is true, and nothing absent can be called gone"
        if cell.items
        else "nothing is known of it"
    )
    return f"{what}{why} not read whole: {rest}"


def _of_cell(said: str, cell: Cell) -> bool:
    """True if a result's gap speaks of this cell: it begins with the source, and with its region where one is named."""
    name = cell.collector.value
    named = f"{name} in {cell.region} "
    return said.startswith(named) or (cell.region == GLOBAL and said.startswith((f"{name} is ", f"{name} was ")))


def _untested(untested: list[Result], explained: set[str], one: AccountView, period: PeriodView) -> Iterator[Row]:
    """Why results are NOT_TESTED, once a cause: what a row above explains is left out."""
    causes: dict[str, list[Result]] = defaultdict(list)
    for each in untested:
        said = [gap for gap in each.gaps if gap not in explained]
        for gap in said or ([] if each.gaps else [each.reason]):
            causes[gap].append(each)
    for cause, results in sorted(causes.items()):
        kinds = Counter(each.control for each in results)
        yield gap_row(
            run=one.judged_run,
            account=one.account,
            kind="control",
            cause=shown(period, cause) or "",
            impact=", ".join(f"{control}: {number}" for control, number in sorted(kinds.items())),
            remediation=_cause_to_do(cause),
            times=len(results),
            status=ResultStatus.NOT_TESTED.value,
            results=results,
            evidence=one.assessment.id if one.assessment else None,
        )


def _cause_to_do(cause: str) -> str:
    """What helps against a cause that is no refused call, as far as its words tell."""
    if "this version" in cause or "not collected" in cause:
        return "nothing to grant: this version does not read it; ask for the record elsewhere"
    if cause.startswith("AWS tells no"):
        return "nothing to grant: AWS does not tell it; ask its owner"
    return "see the cause; once it is mended the next run tests it"


def _never(period: PeriodView) -> Iterator[Row]:
    """Controls of which this version can test nothing, once each and not once an account."""
    for control in period.catalog.controls:
        number = period.as_of.counts.get(f"result:{control.id}:{ResultStatus.NOT_TESTED.value}", 0)
        if control.testable or not number:
            continue
        row = gap_row(
            run=period.as_of,
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
        if each.difference and each.explained is None:
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
