"""Results, assessments and the findings folded from them, run after run."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from prooftrail.controls import parsing
from prooftrail.controls.findings import fold
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import (
    Assessment,
    AssessmentHeader,
    Finding,
    Findings,
    Result,
    ResultStatus,
    SubjectType,
    Tier,
    Transition,
)
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot
from tests.builders.judging import Unread, a_context, judged_snapshot
from tests.builders.snapshots import a_run, an_identity, replaced
from tests.builders.times import ACCOUNT, LONG, NOW, days

CATALOG = parsing.parse(parsing.shipped())
WORKER = "AROAEXAMPLE0000000001"


def a_result(
    status: ResultStatus = ResultStatus.FAIL,
    *,
    control: str = "IDC-08",
    subject: str = WORKER,
    tier: Tier | None = Tier.MEDIUM,
    **known: Any,
) -> Result:
    """A result about one identity; a failing one unless told."""
    made: dict[str, Any] = {
        "version": "1",
        "subject_type": SubjectType.PRINCIPAL,
        "identity": subject,
        "reason": f"It is {status}.",
        **known,
    }
    return Result(control=control, subject=subject, status=status, tier=tier, **made)


def an_assessment(*results: Result, run: Run | None = None, account: str = ACCOUNT) -> Assessment:
    """An assessment of these results."""
    of = run or a_run()
    header = AssessmentHeader(
        run_id=of.id,
        account=account,
        taken_at=of.taken_at,
        snapshot="a" * 64,
        catalog_version=CATALOG.version,
        catalog_sha256=CATALOG.sha256,
        model_version="test",
        governance_sha256="b" * 64,
        code_sha256="c" * 64,
    )
    return Assessment(header=header, results=results)


class Days:
    """One account, judged day after day: each `day` folds the results of the next one, and tells what it came to."""

    def __init__(self, governance: Governance | None = None) -> None:
        self.governance = governance or Governance()
        self.findings: Findings | None = None
        self.transitions: tuple[Transition, ...] = ()
        self.number = -1

    def day(
        self,
        *results: Result,
        identities: Iterable[Identity] | None = None,
        cells: Unread | None = None,
        **known: Any,
    ) -> dict[tuple[str, str], Finding]:
        """The next day's findings by control and subject; the worker is there unless `identities` says otherwise."""
        self.number += 1
        return self.again(*results, identities=identities, cells=cells, **known)

    def again(
        self,
        *results: Result,
        identities: Iterable[Identity] | None = None,
        cells: Unread | None = None,
        **known: Any,
    ) -> dict[tuple[str, str], Finding]:
        """The same day once more."""
        run = a_run(self.number)
        there = [a_worker()] if identities is None else list(identities)
        taken = judged_snapshot(*there, cells=cells, taken_at=NOW + days(self.number), **known)
        assessment = an_assessment(*results, run=run)
        self.findings, self.transitions = fold(self.findings, taken, assessment, self.context(run), CATALOG)
        return {(one.control, one.subject): one for one in self.findings.findings}

    def context(self, run: Run) -> Context:
        """The context of one day."""
        return a_context(self.governance, run=run)

    def only(self) -> Finding:
        """The one finding there is."""
        assert self.findings is not None
        (one,) = self.findings.findings
        return one


def a_worker(subject: str = WORKER, *, age: timedelta = LONG, **known: Any) -> Identity:
    """A role of that age on the first day."""
    return an_identity(**{"id": subject, "kind": Kind.ROLE_WORKLOAD, "created_at": NOW - age, **known})


def fold_one(
    previous: Findings | None, snapshot: Snapshot | None, assessment: Assessment, governance: Governance | None = None
) -> tuple[Findings, tuple[Transition, ...]]:
    """Fold once, under a context of the assessment's own run."""
    run = replaced(a_run(), id=assessment.header.run_id, taken_at=assessment.header.taken_at)
    return fold(previous, snapshot, assessment, a_context(governance, run=run), CATALOG)
