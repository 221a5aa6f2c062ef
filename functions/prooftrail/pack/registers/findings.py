"""17: every failure as a nonconformity record: what was asked, what was found, where the proof is, and what became of it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import FRAMEWORKS, by_framework
from prooftrail.controls.due import overdue
from prooftrail.controls.grading import Extent, extent_of, grade, recurrences
from prooftrail.model.judgement import Finding, FindingStatus, ResultStatus
from prooftrail.pack.registers.columns import (
    account_status,
    called,
    empty,
    instant,
    instant_of,
    number,
    shown,
    text,
    truth,
)
from prooftrail.pack.registers.results import first_failed
from prooftrail.pack.table import ColumnType, Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView

_BY_PEOPLE = "people write it: this version records what it measured and no corrective-action text"
_BY_ORGANIZATION = (
    "the organization judges it, by somebody who did not do the work: this version sees only whether a correction holds, "
    "see correction_held"
)

FINDINGS = Table(
    file="17_findings_capa",
    title="Findings and corrective action",
    about=(
        "One row per finding as it stands after the last judgement: open, fixed (seen mended once) or verified (stayed so"
        " for the number of runs policy asks). One finding is one control and one subject for as long as both exist. The"
        " grade is a suggestion, by the rule `prooftrail findings` goes by too; a person confirms it. That a failure is gone"
        " is a correction and no corrective action: root cause, action, whether it was effective and who closed it are the"
        " organization's to write, and those columns are empty."
    ),
    questions=(10, 14),
    sheet="Findings",
    columns=(
        text(
            "nc_id",
            "the finding's fingerprint: control and subject, and nothing that changes; with account_id it stands once",
        ),
        text("source", "scan: every row of this version"),
        text("clause", "ids of the pack's framework the control answers to"),
        text("control_id", "the control"),
        text("requirement", "what the control asks, in our words"),
        text("finding", "what was found, as a sentence"),
        text("evidence_refs", "the sealed objects and lines that prove it"),
        text(
            "grade",
            "major, minor or observation; none while an exception is in force. A control is as grave as the gravest of its rows",
        ),
        text("graded_by", "who graded"),
        instant("detected_at", "when it was first seen to fail"),
        empty("correction", "containment and correction", _BY_PEOPLE),
        empty("correction_at", "when", _BY_PEOPLE, ColumnType.DAY),
        text("extent", "where else: how much of the same control and family fails"),
        empty("root_cause", "why it happened", _BY_PEOPLE),
        empty("root_cause_method", "how that was found out", _BY_PEOPLE),
        empty("corrective_action", "what keeps it from coming back", _BY_PEOPLE),
        text("owner", "who is to mend it"),
        instant("due", "by when; see due_why"),
        instant("done_at", "the run that first saw it mended: when the correction was seen, not a corrective action"),
        empty("effectiveness_criterion", "what counts as effective", _BY_ORGANIZATION),
        empty("effectiveness_checked_at", "when that was checked", _BY_ORGANIZATION, ColumnType.INSTANT),
        empty("effectiveness_checked_by", "who checked", _BY_ORGANIZATION),
        empty("effectiveness_result", "what the check came to", _BY_ORGANIZATION),
        empty("closed_by", "who closed it", _BY_ORGANIZATION),
        number("reopened_count", "how often it came back after it was mended, under the same id"),
        text("grade_rule", "the rule the suggested grade rests on"),
        text("correction_held", "for how many runs the failure has stayed gone, of those policy asks"),
        instant("correction_seen_at", "the run that looked last whether it is still gone"),
        text(
            "recurrence_of",
            "the earlier finding of this control and the same ARN, mended before this one was opened under a new id",
        ),
        text("status", "open, fixed or verified"),
        text("severity", "how grave it is, which its due date follows"),
        text("tier", "the tier of the identity"),
        truth("overdue", "true if it is open, no exception covers it and its due date has passed as of the run shown"),
        text("due_why", "what the due date follows from"),
        text("account_id", "the account, or organization"),
        text("subject", "what failed"),
        text("name", "what people call it"),
        text("arn", "its ARN"),
        text("kind", "what it is"),
        text("family", "the family it belongs to, see 37_families"),
        truth("began_before_first_run", "true where nobody saw it begin: it was there when the first run came"),
        text("opened_run", "the run that first saw it fail"),
        instant(
            "failing_since",
            "when the present failing, or the last, was first seen: later than detected_at if it came back",
        ),
        text("last_seen_run", "the last run that saw it fail"),
        text("fixed_run", "the run that first saw it mended"),
        text("fixed_why", "what that run saw"),
        number("runs_held", "runs it has stayed mended"),
        text("unseen_since_run", "the run since which it could not be tested"),
        text("exception_id", "the exception that covers it"),
        text("evidence_id", "the sealed findings object"),
        number("evidence_line", "its line in the unpacked object, counted from 1"),
        truth("stale", "true where the run shown did not judge the account"),
        account_status(),
    ),
)


def _findings(one: AccountView, period: PeriodView) -> Iterator[Row]:
    failing = Counter((each.control, each.family) for each in one.findings if each.status is FindingStatus.OPEN)
    lines = {(each.control, each.subject): at for at, each in enumerate(one.results, one.first_result_line)}
    controls = {each.id: each for each in period.catalog.controls}
    clauses = {each.id: _clause(each, period.options.framework) for each in period.catalog.controls}
    identities, evidence = one.identities(), one.findings_object.id if one.findings_object else None
    again = recurrences(one.findings)
    extents = {each: extent_of(each, period.as_of.counts) for each in {each.control for each in one.findings}}
    for line, finding in enumerate(one.findings, start=2):
        earlier = again.get(finding.fingerprint)
        suggested, rule = _grade(finding, period, extents[finding.control], recurs=earlier is not None)
        identity = identities.get(finding.identity) if finding.identity else None
        control = controls.get(finding.control)
        yield (
            finding.fingerprint,
            "scan",
            clauses.get(finding.control),
            finding.control,
            control.statement if control else None,
            shown(period, finding.reason),
            _proof(one, finding, line, lines),
            suggested,
            "suggested by rule, a person confirms",
            finding.opened_at,
            None,
            None,
            _extent(finding, period, failing),
            None,
            None,
            None,
            shown(period, finding.owner),
            finding.due_at,
            instant_of(finding.fixed_run),
            *((None,) * 5),
            finding.reopened,
            rule,
            *_correction(finding, one, period),
            earlier,
            finding.status.value,
            finding.severity.value,
            finding.tier.value if finding.tier else None,
            overdue(finding, period.as_of.taken_at),
            shown(period, finding.due_why),
            one.account,
            shown(period, finding.subject),
            shown(period, finding.name or called(identity, finding.subject)),
            shown(period, finding.arn),
            finding.kind.value if finding.kind else None,
            shown(period, finding.family),
            finding.since_before,
            finding.opened_run,
            first_failed(finding, one.held_since.get((finding.control, finding.subject)))[0],
            finding.last_seen_run,
            finding.fixed_run,
            shown(period, finding.fixed_why),
            finding.held,
            finding.unseen_since,
            finding.exception,
            evidence,
            line if evidence else None,
            one.judged_run != period.as_of,
            one.account_status,
        )


def _clause(control: Control, framework: str) -> str | None:
    ids = [each for key, each in by_framework(control) if key == framework]
    return f"{FRAMEWORKS.get(framework, framework)}: {', '.join(ids)}" if ids else None


def _proof(one: AccountView, finding: Finding, line: int, lines: Mapping[tuple[str, str], int]) -> str | None:
    said = [f"{one.findings_object.id} line {line}"] if one.findings_object else []
    at = lines.get((finding.control, finding.subject))
    if one.assessment and at is not None:
        said.append(f"{one.assessment.id} line {at}")
    return "; ".join(said) or None


def _extent(finding: Finding, period: PeriodView, failing: Counter[tuple[str, str | None]]) -> str:
    key = f"result:{finding.control}:{ResultStatus.FAIL.value}"
    everywhere = (
        f"{finding.control} fails {period.as_of.counts.get(key, 0)} times in run {period.as_of.run_id}, all accounts"
    )
    if finding.family is None:
        return everywhere
    here = failing[finding.control, finding.family]
    return f"{here} open of the same family in this account, see 37_families for the others; {everywhere}"


def _correction(finding: Finding, one: AccountView, period: PeriodView) -> Row:
    """For how long the failure has stayed gone, and the run that looked last: of an open one there is nothing to say."""
    if finding.status is FindingStatus.OPEN or finding.fixed_run is None:
        return None, None
    asked = period.context.governance.thresholds.verified_after_runs
    at = one.judged_run.taken_at if one.judged_run else None
    runs = f"{finding.held} run{'' if finding.held == 1 else 's'}"
    if finding.status is FindingStatus.VERIFIED:
        return f"the correction held for {runs} ({asked} asked)", at
    return f"the correction held for {runs} so far ({asked} asked)", at


def _grade(finding: Finding, period: PeriodView, extent: Extent | None, *, recurs: bool) -> tuple[str, str]:
    """What speaks for major or minor, and the rule: an indication, for grading is the auditor's judgement."""
    if finding.status is FindingStatus.OPEN and finding.exception is not None:
        return "none while its exception is in force", f"exception {finding.exception} was applied: an accepted risk"
    found = grade(finding, period.as_of.taken_at, extent, recurs=recurs)
    return found.indication.value.partition(" ")[0], found.why


FINDING_REGISTERS = (Register(table=FINDINGS, each=_findings),)
