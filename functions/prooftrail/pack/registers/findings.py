"""17: every failure as a nonconformity record: what was asked, what was found, where the proof is, and what became of it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import FRAMEWORKS, by_framework
from prooftrail.model.judgement import Finding, FindingStatus, ResultStatus, Tier
from prooftrail.pack.registers.columns import called, empty, instant, instant_of, number, shown, text, truth
from prooftrail.pack.registers.results import first_failed
from prooftrail.pack.table import ColumnType, Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView

_BY_PEOPLE = "people write it: this version records what it measured and no corrective-action text"
_MANY_PERCENT = 10
"""More than so many percent of the subjects tested of one control failing speaks for a major nonconformity ..."""

_FEW = 20
"""... where so many were tested at least: of fewer a percentage says little."""

FINDINGS = Table(
    file="17_findings_capa",
    title="Findings and corrective action",
    about=(
        "One row per finding as it stands after the last judgement: open, fixed (seen mended once) or verified (stayed so"
        " for the number of runs policy asks). One finding is one control and one subject for as long as both exist. The"
        " grade is a suggestion by rule; a person confirms it. What people write (root cause, corrective action) is not"
        " collected: those columns are empty for the organization to fill."
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
        text("grade", "major, minor, or none while an exception is in force"),
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
        instant("done_at", "the run that first saw it mended"),
        text("effectiveness_criterion", "what counts as effective"),
        instant("effectiveness_checked_at", "the run that checked last"),
        text("effectiveness_checked_by", "who checked"),
        text("effectiveness_result", "what the check came to"),
        text("closed_by", "who closed it: the scan, when it was verified"),
        number("reopened_count", "how often it came back after it was mended"),
        text("grade_rule", "the rule the suggested grade rests on"),
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
    ),
)


def _findings(one: AccountView, period: PeriodView) -> Iterator[Row]:
    failing = Counter((each.control, each.family) for each in one.findings if each.status is FindingStatus.OPEN)
    lines = {(each.control, each.subject): at for at, each in enumerate(one.results, one.first_result_line)}
    controls = {each.id: each for each in period.catalog.controls}
    clauses = {each.id: _clause(each, period.options.framework) for each in period.catalog.controls}
    identities, evidence = one.identities(), one.findings_object.id if one.findings_object else None
    for line, finding in enumerate(one.findings, start=2):
        grade, rule = _grade(finding, period)
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
            grade,
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
            *_effectiveness(finding, one, period),
            finding.reopened,
            rule,
            finding.status.value,
            finding.severity.value,
            finding.tier.value if finding.tier else None,
            _late(finding, period),
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


def _effectiveness(finding: Finding, one: AccountView, period: PeriodView) -> Row:
    """Criterion, when it was checked, by whom, what came out, and who closed it: all of it by the scan."""
    runs = period.context.governance.thresholds.verified_after_runs
    criterion = f"it passes in {runs} runs in a row" if runs > 1 else "it passes once more"
    if finding.status is FindingStatus.OPEN or finding.fixed_run is None:
        return criterion, None, None, None, None
    at = one.judged_run.taken_at if one.judged_run else None
    if finding.status is FindingStatus.VERIFIED:
        return criterion, at, "scan", f"effective: it has held for {finding.held} runs", "scan"
    return criterion, at, "scan", f"not yet: it has held for {finding.held} of {runs} runs", None


def _late(finding: Finding, period: PeriodView) -> bool:
    return finding.status is FindingStatus.OPEN and finding.exception is None and period.as_of.taken_at > finding.due_at


def _grade(finding: Finding, period: PeriodView) -> tuple[str, str]:
    """What speaks for major or minor, and the rule: an indication, for grading is the auditor's judgement."""
    if finding.status is FindingStatus.OPEN and finding.exception is not None:
        return "none while its exception is in force", f"exception {finding.exception} was applied: an accepted risk"
    if always := _always_major(finding):
        return "major", always
    if finding.reopened:
        return "major", f"the same nonconformity came back {finding.reopened} time{'s' if finding.reopened > 1 else ''}"
    allowed = finding.due_at - finding.opened_at
    if (
        _late(finding, period)
        and finding.tier is Tier.CRITICAL
        and period.as_of.taken_at > finding.opened_at + 2 * allowed
    ):
        return "major", "a critical-tier identity fails for more than twice the time it was given"
    share = _share(finding.control, period)
    if finding.status is FindingStatus.OPEN and finding.severity.rank >= Tier.HIGH.rank and share is not None:
        failed, tested = share
        if tested >= _FEW and failed * 100 > tested * _MANY_PERCENT:
            return "major", f"more than {_MANY_PERCENT} % of what {finding.control} tested fails ({failed} of {tested})"
    return "minor", "an isolated deviation: none of the rules for major holds"


def _always_major(finding: Finding) -> str | None:
    """What is major however often it happens, told by the words its check fails with."""
    words = finding.reason.casefold()
    if finding.control == "IDC-10" and "access key" in words:
        return "the root user has an access key"
    if finding.control == "IDC-01" and finding.status is FindingStatus.OPEN:
        return "the inventory is not complete and no reconciliation explains it"
    if finding.control in ("IDC-24", "IDC-35") and "evidence" in words:
        return "whoever writes evidence can delete it"
    return None


def _share(control: str, period: PeriodView) -> tuple[int, int] | None:
    """How many failed of those tested in the run shown, exceptions among the tested; None where none was."""
    counts = period.as_of.counts
    number = {each: counts.get(f"result:{control}:{each.value}", 0) for each in ResultStatus}
    tested = number[ResultStatus.PASS] + number[ResultStatus.FAIL] + number[ResultStatus.EXCEPTION]
    return (number[ResultStatus.FAIL], tested) if tested else None


FINDING_REGISTERS = (Register(table=FINDINGS, each=_findings),)
