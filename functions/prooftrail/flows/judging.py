"""What a run asks of the control map, and what its answers come to in numbers."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

import msgspec

from prooftrail.controls.catalog import Catalog
from prooftrail.errors import EvidenceError
from prooftrail.evidence import lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.lines import Packed
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.judgement import Assessment, Finding, Findings, Result, ResultStatus, Risk, Transition
from prooftrail.model.run import EvidenceKind, Pointer
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import Locker

from . import sealing

LOOSENED = "loosened:turned"
"""The count of results that failed under the policy before and do not under the one in force."""

ANEW = "the previous findings are not used, so every finding begins anew"
"""How the note of an outcome begins whose findings could not be folded with those before."""

NOT_JUDGED = "accounts:not_judged"
"""The count of accounts that were read and, by a defect of ours, not judged."""


class Judge(Protocol):
    """The control map, as the flows need it. Pure: the same arguments give the same values, whenever they are asked."""

    def text(self) -> str:
        """The catalog of this code, which a run seals in its context."""
        ...

    def catalog(self, text: str) -> Catalog:
        """A catalog as it was sealed. Raises ConfigError where it is none."""
        ...

    def account(self, snapshot: Snapshot, context: Context, *, catalog: Catalog, snapshot_sha256: str) -> Assessment:
        """Every risk and result of one account."""
        ...

    def organization(self, context: Context, coverage: tuple[AccountCoverage, ...], *, catalog: Catalog) -> Assessment:
        """The results that only a whole run can show."""
        ...

    def fold(
        self,
        previous: Findings | None,
        snapshot: Snapshot | None,
        assessment: Assessment,
        context: Context,
        catalog: Catalog,
    ) -> tuple[Findings, tuple[Transition, ...]]:
        """What became of the findings, and which results differ from the ones before; no snapshot for the organization."""
        ...


def counts(found: Iterable[object], run_id: str) -> Counter[str]:
    """What the lines of sealed judgements add up to, whatever else stands between them."""
    total: Counter[str] = Counter()
    for one in found:
        if isinstance(one, Result):
            total[f"result:{one.control}:{one.status}"] += 1
        elif isinstance(one, Risk):
            total[f"tier:{one.tier}"] += 1
        elif isinstance(one, Finding):
            total[f"finding:{one.status}"] += 1
            if one.opened_run == run_id:
                total["finding:opened"] += 1
        elif isinstance(one, Transition):
            total[f"transition:{one.before or 'none'}>{one.after or 'none'}"] += 1
    return total


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One account, or the organization, as judged in one run."""

    assessment: Assessment
    findings: Findings
    transitions: tuple[Transition, ...]

    def packed(self) -> tuple[tuple[EvidenceKind, Packed], ...]:
        """The objects it is sealed as."""
        return (
            (EvidenceKind.ASSESSMENT, lines.pack(self.assessment.lines())),
            (EvidenceKind.TRANSITIONS, lines.pack(self.transitions)),
            (EvidenceKind.FINDINGS, lines.pack(self.findings.lines())),
        )

    def counts(self) -> Counter[str]:
        """Results by control and status, identities by tier, findings by status and those opened now, transitions."""
        return counts(
            (*self.assessment.lines(), *self.findings.lines(), *self.transitions), self.findings.header.run_id
        )


def account(
    judge: Judge, snapshot: Snapshot, context: Context, *, snapshot_sha256: str, previous: Findings | None
) -> Judged:
    """One account judged under the context of its run, its findings folded with those before."""
    catalog = judge.catalog(context.catalog)
    assessment = judge.account(snapshot, context, catalog=catalog, snapshot_sha256=snapshot_sha256)
    findings, transitions = judge.fold(previous, snapshot, assessment, context, catalog)
    return Judged(assessment=assessment, findings=findings, transitions=transitions)


def organization(
    judge: Judge, context: Context, coverage: tuple[AccountCoverage, ...], *, previous: Findings | None
) -> Judged:
    """The organization as a whole, judged by how its accounts came out."""
    catalog = judge.catalog(context.catalog)
    assessment = judge.organization(context, coverage, catalog=catalog)
    findings, transitions = judge.fold(previous, None, assessment, context, catalog)
    return Judged(assessment=assessment, findings=findings, transitions=transitions)


def turned(judge: Judge, snapshot: Snapshot, context: Context, *, snapshot_sha256: str, now: Assessment) -> int:
    """How many results fail under the policy of the run before and not under this one; 0 where it is the same policy."""
    if context.governance_before is None:
        return 0
    before = msgspec.structs.replace(context, governance=context.governance_before)
    then = judge.account(snapshot, before, catalog=judge.catalog(context.catalog), snapshot_sha256=snapshot_sha256)
    failing = _failing(now)
    return sum(one not in failing for one in _failing(then))


def _failing(one: Assessment) -> set[tuple[str, str]]:
    return {(each.control, each.subject) for each in one.results if each.status is ResultStatus.FAIL}


def previous_findings(locker: Locker, pointer: Pointer | None) -> tuple[Findings | None, str | None]:
    """The findings a plan points to, their hash checked; where they are not to be believed, None and the reason."""
    if pointer is None:
        return None, None
    try:
        return sealing.read_findings(pointer.key, sealing.trusted(locker, pointer)), None
    except EvidenceError as error:
        return None, f"{ANEW}: {error}"
