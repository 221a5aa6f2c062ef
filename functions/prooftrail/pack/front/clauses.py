"""Clauses of answers that take some working out: what came and went, failures from end to end, and what counts leave out."""

from collections import Counter
from itertools import pairwise

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.coverage import narrowed, not_comparable
from prooftrail.pack.registers.mended import complete, mended
from prooftrail.pack.registers.operation import in_order
from prooftrail.pack.registers.ticks import counts
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_TESTED = (ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_TESTED)


def stories(period: PeriodView, tally: Tally) -> str:
    """Up to three failures with the date of each step, or that there is none and why."""
    found = {
        one.finding.identity or one.finding.subject: one for one in reversed(mended(period, tally)) if complete(one)
    }
    whole = list(reversed(found.values()))[:3]
    if not whole:
        why = "no notice of the period tells of a finding that was since fixed and held for as many runs as policy asks"
        return f"Failures found, told, fixed and verified: none in period ({why})."
    told = []
    for one in whole:
        run = period.run_of(one.finding.fixed_run)
        fixed = run.taken_at.date() if run else one.finding.fixed_run
        dates = f"found {one.finding.opened_at.date()}, told {one.told_at.date() if one.told_at else ''}, fixed {fixed}, held for {counts(one.finding.held, 'run')}"
        told.append(f"{one.finding.control} for {one.finding.subject} ({dates})")
    return f"For example: {'; '.join(told)}."


def compensating(period: PeriodView, tally: Tally) -> str:
    """What compensating controls came to, as file 16 has it: what is only inferred apart from what a sealed result says."""
    every = [one for each in tally.gathered.tested.values() for one in each]
    sealed = Counter(one.status for one in every if not one.inferred)
    entries = period.context.governance.exceptions.exception
    sealed[ResultStatus.NOT_TESTED] += sum(
        max(1, len(one.compensating)) for one in entries if not tally.gathered.tested.get(one.id)
    )
    counted = ", ".join(f"{sealed[one]} {one.value}" for one in _TESTED)
    inferred = sum(one.inferred for one in every)
    return (
        f"Compensating controls in the run shown (file 16): {counted} by sealed results, and {inferred} INFERRED from what "
        "became of the exception alone."
    )


def went(period: PeriodView, tally: Tally) -> str:
    """What came and went, and that snapshots cannot see what was born and gone between two of them."""
    schedule = period.schedule
    apart = (
        f"{counts(schedule.every_hours, 'hour')} apart by the schedule"
        if schedule
        else "as far apart as 29_runs.csv says"
    )
    unseen = (
        f"Runs are {apart}: an identity that came and went between two of them, or while its account was not read, is in no "
        "snapshot and so not in file 02, and CloudTrail, which would show it, is not read."
    )
    if not tally.came and not tally.went:
        return f"In the period no run saw an identity come or go. {unseen}"
    both = f"{tally.transient} of them both came and went" if tally.transient else "none of them both"
    left = f", {tally.gone_with_account} with an account that left" if tally.gone_with_account else ""
    return f"In the period runs saw {tally.came} come and {tally.went} go{left}, {both}. {unseen}"


def rows_beside(tally: Tally) -> str:
    """Rows of file 11 about keys and secrets that no count of results has."""
    gone, kinds = tally.gone_keys, tally.departed.kinds
    keys, secrets = kinds[Kind.ACCESS_KEY.value], kinds[Kind.SECRET.value]
    found = []
    if keys or secrets:
        said = f"{counts(keys, 'access key')} and {counts(secrets, 'secret')} of accounts that left, as last seen and marked stale"
        found.append(said)
    if gone:
        found.append(
            f"{counts(gone, 'access key')} that went in the period, as the old one of a pair or in a row of its own"
        )
    return f" Beside those it has {'; and '.join(found)}." if found else ""


def comparable(period: PeriodView) -> str:
    """How many runs cannot be held against the one before, as a clause; nothing where all can."""
    pairs = list(pairwise(in_order(period)))
    apart = sum(not_comparable(after, one) is not None for one, after in pairs)
    said = f" (not so for {apart} of {counts(len(pairs), 'pair')} of runs)" if apart else ""
    return f"{said}{narrowed(period)}"
