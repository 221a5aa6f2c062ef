"""Failures that were mended in the period: found, told, fixed and verified, with the date of each."""

from collections.abc import Iterator

from prooftrail.model import canonical
from prooftrail.model.judgement import FindingStatus
from prooftrail.pack.registers.columns import instant, number, text, truth
from prooftrail.pack.registers.gathered import MOST_KEPT, Mended
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_MENDED = Table(
    file="36_mended_failures",
    title="Failures found, told, fixed and verified",
    about=(
        "One row for each finding that was observed fixed in a run of the period, complete stories first: found, told to "
        f"somebody, fixed, and held for as many runs as policy asks. At most {MOST_KEPT} that nobody was told of are listed. A "
        "notice from before the period is not in this pack, and told_at is then empty."
    ),
    columns=(
        text("nc_id", "the finding's fingerprint"),
        text("control_id", "the control"),
        text("identity_id", "the identity"),
        text("subject", "what failed"),
        text("account_id", "its account"),
        text("severity", "how grave it was"),
        instant("detected_at", "when it was first seen to fail"),
        text("detected_run", "in which run"),
        truth("since_before", "true if it was there before the first run, so that nobody saw it begin"),
        instant("told_at", "when the first notice of the period about it was handed over"),
        text("notification_id", "that notice"),
        instant("due_at", "when it was due"),
        text("fixed_run", "the run that saw it fixed"),
        instant("fixed_at", "the time of that run"),
        text("fixed_why", "what that run saw"),
        truth("in_time", "true if it was seen fixed by its due date"),
        truth("verified", "true if it stayed fixed for as many runs as policy asks"),
        number("held_runs", "for how many runs it has stayed fixed"),
        number("reopened", "how often it came back"),
        truth("complete", "true if it was found, told, fixed and verified"),
        text("evidence_id", "the sealed findings object"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
    ),
    questions=(10,),
    sheet="Mended failures",
)


def mended(period: PeriodView, tally: Tally) -> list[Mended]:
    """The findings fixed in a run of the period: complete stories first, then by the run that saw them fixed."""
    runs = {one.run_id for one in period.runs}
    found = [one for one in tally.gathered.mended if one.finding.fixed_run in runs]
    return sorted(
        found, key=lambda one: (not complete(one), one.finding.fixed_run or "", one.account, one.finding.fingerprint)
    )


def complete(one: Mended) -> bool:
    """True if it was found, told on or before the day it was seen fixed, and stayed fixed for as long as policy asks."""
    if one.told_at is None or one.finding.fixed_run is None or one.finding.status is not FindingStatus.VERIFIED:
        return False
    return one.told_at.date() <= canonical.tick_of(one.finding.fixed_run).date()


def _mended(period: PeriodView, tally: Tally) -> Iterator[Row]:
    for one in mended(period, tally):
        finding, run = one.finding, period.run_of(one.finding.fixed_run)
        fixed_at = run.taken_at if run else None
        yield (
            finding.fingerprint,
            finding.control,
            finding.identity,
            finding.subject,
            one.account,
            finding.severity.value,
            finding.opened_at,
            finding.opened_run,
            finding.since_before,
            one.told_at,
            one.notice,
            finding.due_at,
            finding.fixed_run,
            fixed_at,
            finding.fixed_why,
            fixed_at <= finding.due_at if fixed_at else None,
            finding.status is FindingStatus.VERIFIED,
            finding.held,
            finding.reopened,
            complete(one),
            one.evidence,
            one.line,
        )


REGISTERS = (Register(table=_MENDED, whole=_mended),)
