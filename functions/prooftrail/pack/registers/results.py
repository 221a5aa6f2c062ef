"""07: what every control came to for every subject, with the value, the limit and where the sealed line is."""

from collections.abc import Iterator

from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus
from prooftrail.pack.registers.columns import (
    account_status,
    all_shown,
    called,
    instant,
    instant_of,
    listing,
    number,
    shown,
    text,
    truth,
)
from prooftrail.pack.table import Register, Row, Table, Value
from prooftrail.pack.view import AccountView, PeriodView

FAILING = (ResultStatus.FAIL, ResultStatus.EXCEPTION)

RESULTS = Table(
    file="07_identity_control_results",
    title="Control results",
    about=(
        "One row per result of the last judgement of each account, 100 % of the subjects of each control, passes too."
        " PASS means that the test passed. NOT_TESTED is neither pass nor fail: the reason says what was missing."
        " Controls without an identity as their subject (accounts, the organization) have no identity_id."
    ),
    questions=(3, 10),
    sheet="Results",
    columns=(
        text(
            "identity_id",
            "the identity the subject is or belongs to, as in 03; empty for accounts and the organization",
        ),
        text("control_id", "the control, as in 05_control_map"),
        text("control_version", "the version of the control that judged"),
        text("tier", "the tier whose limits were applied; empty where the subject has none"),
        text("result", "PASS, FAIL, EXCEPTION, NOT_APPLICABLE or NOT_TESTED"),
        text("measured_value", "what was measured, in words with its unit"),
        text("threshold", "what it was held against, in words with its unit"),
        text("reason", "the result as a sentence"),
        instant("first_failed_at", "when the present or last failing began to be seen; see first_failed_how"),
        instant("fixed_at", "the run that first saw it mended; empty while it fails"),
        text("exception_id", "the exception that was applied, or that was void: the reason then says so"),
        text("evidence_id", "the sealed assessment, as in integrity/evidence_index.csv"),
        instant("evaluated_at", "the instant of the run that judged"),
        number("evidence_line", "its line in the unpacked assessment, counted from 1"),
        text("first_failed_how", "seen to begin, began before the first run, or seen again after it was mended"),
        text("subject", "what exactly was judged: an identity, a part of it (#password), an account, the organization"),
        text("subject_type", "what the control speaks about"),
        text("account_id", "the account, or organization"),
        text("name", "what people call the subject"),
        text("arn", "its ARN"),
        text("kind", "what the identity is"),
        text("threshold_name", "the limit's name in the control map"),
        text("threshold_set_by", "who set the limit"),
        listing("not_covered", "parts of the control this version does not collect"),
        listing("gaps", "what was refused this time"),
        text("finding_id", "its finding in 17_findings_capa, where it ever failed"),
        text("held_since_run", "the run since which it comes to this result"),
        text("judged_in_run", "the run that judged"),
        truth("stale", "true where the run shown did not judge the account, and this older judgement stands"),
        account_status(),
    ),
)


def findings_by_subject(one: AccountView) -> dict[tuple[str, str], Finding]:
    """The findings of an account by control and subject."""
    return {(each.control, each.subject): each for each in one.findings}


def first_failed(finding: Finding, held_since: str | None) -> tuple[Value, str]:
    """When the present failing (of a finding that is mended, the last) was first seen, and how far that is its beginning.

    A finding that came back keeps the day it was opened first; its present failing began when it was seen again.
    """
    if finding.reopened and finding.status is FindingStatus.OPEN:
        at = finding.returned_at or instant_of(held_since) or finding.opened_at
        return at, f"seen again after it was mended; first opened {finding.opened_run}"
    if finding.since_before:
        return finding.opened_at, "began before the first run: nobody saw when"
    return finding.opened_at, "seen to begin: the run before did not see it fail"


def _results(one: AccountView, period: PeriodView) -> Iterator[Row]:
    identities, findings = one.identities(), findings_by_subject(one)
    evidence = one.assessment.id if one.assessment else None
    run = one.judged_run
    judged: Row = (run.run_id if run else None, run != period.as_of, one.account_status)
    for line, result in enumerate(one.results, start=one.first_result_line):
        identity = identities.get(result.identity) if result.identity else None
        finding = findings.get((result.control, result.subject))
        since = one.held_since.get((result.control, result.subject))
        failed_at, how = first_failed(finding, since) if finding else (None, None)
        yield (
            shown(period, result.identity),
            result.control,
            result.version,
            result.tier.value if result.tier else None,
            result.status.value,
            shown(period, result.value),
            result.limit.value if result.limit else None,
            shown(period, result.reason),
            failed_at,
            instant_of(finding.fixed_run) if finding else None,
            result.exception,
            evidence,
            run.taken_at if run else None,
            line if evidence else None,
            how,
            *_subject(result, identity, one, period),
            finding.fingerprint if finding else None,
            since,
            *judged,
        )


def _subject(result: Result, identity: Identity | None, one: AccountView, period: PeriodView) -> Row:
    limit = result.limit
    return (
        shown(period, result.subject),
        result.subject_type.value,
        one.account,
        shown(period, called(identity, result.subject)),
        shown(period, identity.arn) if identity else None,
        identity.kind.value if identity else None,
        limit.name if limit else None,
        shown(period, limit.set_by) if limit else None,
        all_shown(period, result.not_covered),
        all_shown(period, result.gaps),
    )


RESULT_REGISTERS = (Register(table=RESULTS, each=_results),)
