"""How an auditor might grade what fails: an indicator derived when findings are read, never sealed, never a verdict.

ISO/IEC 17021-1 leaves major and minor to the auditor's judgement; this only says what speaks for which. One rule grades
one finding, for the command line and for the register of a pack alike; a control is as grave as the gravest of its open ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.model.judgement import Finding, FindingStatus, ResultStatus, Tier

from .due import overdue

INDICATOR = "an indicator derived from open findings; grading is the auditor's judgement"

MANY = 10
"""Open findings of one control from which on it looks like a rule that is not kept, where nobody knows how many were tested."""

SEVERAL, SHARE_PERCENT = 5, 10
"""So many failing at least, and more than this share of those tested: a rule that is not kept rather than single lapses."""


class Indication(StrEnum):
    """What the open findings of one control speak for."""

    MAJOR = "major indicated"
    MINOR = "minor indicated"
    OBSERVATION = "observation indicated"

    @property
    def rank(self) -> int:
        """0 for an observation to 2 for a major nonconformity."""
        return (Indication.OBSERVATION, Indication.MINOR, Indication.MAJOR).index(self)


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How many results of one control failed in a run, over all accounts; `tested` is None where nobody knows of how many."""

    failed: int
    tested: int | None = None

    @property
    def many(self) -> bool:
        """True if so many fail that it is a rule rather than a lapse."""
        if self.tested is None:
            return self.failed >= MANY
        return self.failed >= SEVERAL and self._share_exceeded

    @property
    def few(self) -> bool:
        """True if few of those tested fail, so that one may be called isolated; never where the number is not known."""
        return self.tested is not None and not self._share_exceeded

    @property
    def _share_exceeded(self) -> bool:
        return self.tested is not None and self.failed * 100 > self.tested * SHARE_PERCENT

    def __str__(self) -> str:
        return f"{self.failed} of {self.tested} tested fail" if self.tested is not None else f"{self.failed} are open"


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """What one finding speaks for, and the rule that says so."""

    indication: Indication
    why: str


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """One control with open findings: what they speak for, why, and how many there are."""

    control: str
    indication: Indication
    why: str
    open: int
    overdue: int


def extent_of(control: str, counts: Mapping[str, int]) -> Extent | None:
    """How far a control failed by the counts of a run's manifest, accepted deviations among the tested; None where it tested nothing."""
    number = {one: counts.get(f"result:{control}:{one.value}", 0) for one in ResultStatus}
    tested = number[ResultStatus.PASS] + number[ResultStatus.FAIL] + number[ResultStatus.EXCEPTION]
    return Extent(failed=number[ResultStatus.FAIL], tested=tested) if tested else None


def recurrences(findings: Iterable[Finding]) -> dict[str, str]:
    """The findings that are an earlier one come back under a new id, each with the fingerprint of that earlier one.

    An earlier one is of the same control and the same ARN, and was seen mended no later than the run that opened this one: a
    user who was deleted and made anew has another id in AWS and the same ARN. Of one account, for fingerprints are its own.
    """
    together: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in findings:
        if one.arn is not None:
            together[one.control, one.arn].append(one)
    found: dict[str, str] = {}
    for group in together.values():
        mended = [one for one in group if one.fixed_run is not None] if len(group) > 1 else []
        for one in group if mended else ():
            earlier = [
                each for each in mended if each.subject != one.subject and (each.fixed_run or "") <= one.opened_run
            ]
            if earlier:
                found[one.fingerprint] = max(
                    earlier, key=lambda each: (each.fixed_run or "", each.fingerprint)
                ).fingerprint
    return found


def grade(one: Finding, at: datetime, extent: Extent | None, *, recurs: bool = False) -> Grade:
    """What one finding speaks for at `at`, in the run `extent` counts; of one that is mended, what spoke for it by itself.

    `recurs` is true where it is an earlier one come back under a new id. An accepted one is graded as if it were not:
    whoever shows it says so.
    """
    high, still = one.severity.rank >= Tier.HIGH.rank, one.status is FindingStatus.OPEN
    if always := _always_major(one):
        return Grade(indication=Indication.MAJOR, why=always)
    if high and still and extent is not None and extent.many:
        return Grade(indication=Indication.MAJOR, why=f"{extent}, this one of severity {one.severity}: a rule rather than a lapse")  # fmt: skip
    if one.severity is Tier.CRITICAL and overdue(one, at):
        return Grade(indication=Indication.MAJOR, why="a critical one is past its due date")
    if high and (one.reopened or recurs):
        how = f"came back {one.reopened} time{'s' if one.reopened > 1 else ''}" if one.reopened else "came back under a new id"  # fmt: skip
        return Grade(indication=Indication.MAJOR, why=f"one of {one.severity} severity {how} after it was fixed")
    return _lesser(one, at, extent if still else None)


def _lesser(one: Finding, at: datetime, extent: Extent | None) -> Grade:
    said = f"its severity is {one.severity}"
    said += ", it is past its due date" if overdue(one, at) else ""
    if one.status is not FindingStatus.OPEN:
        said += ", it is mended; how many failed beside it then is not weighed"
    elif extent is None or extent.tested is None:
        said += "; how many of those tested fail is not known"
    elif extent.few:
        said += f"; isolated: {extent}"
    else:
        said += f"; not isolated: {extent}"
    spread = extent is not None and (extent.many if extent.tested is None else not extent.few)
    observation = one.severity is Tier.LOW and not overdue(one, at) and not spread
    return Grade(
        indication=Indication.OBSERVATION if observation else Indication.MINOR,
        why=f"no rule for major holds: {said}" if not observation else said,
    )


def graded(findings: Iterable[Finding], at: datetime, counts: Mapping[str, int] | None = None) -> tuple[Graded, ...]:
    """The indicator of every control with an open finding that no exception covers, by control: that of the gravest of them.

    `counts` are those of the run's manifest; without them the extent is the number of open findings.
    """
    every = tuple(findings)
    again = recurrences(every)
    by_control: dict[str, list[Finding]] = defaultdict(list)
    for one in every:
        if one.status is FindingStatus.OPEN and one.exception is None:
            by_control[one.control].append(one)
    return tuple(_graded(control, found, at, counts, again) for control, found in sorted(by_control.items()))


def _graded(
    control: str, found: list[Finding], at: datetime, counts: Mapping[str, int] | None, again: Mapping[str, str]
) -> Graded:
    extent = Extent(failed=len(found)) if counts is None else extent_of(control, counts)
    grades = [grade(one, at, extent, recurs=one.fingerprint in again) for one in found]
    worst = max(grades, key=lambda one: one.indication.rank)
    late = sum(overdue(one, at) for one in found)
    return Graded(control=control, indication=worst.indication, why=worst.why, open=len(found), overdue=late)


def _always_major(one: Finding) -> str | None:
    """What the control map calls major however often it happens, told by the words its check fails with."""
    words = one.reason.casefold()
    if one.control == "IDC-10" and "access key" in words:
        return "root has an access key"
    if one.control == "IDC-28" and "no condition limits" in words:
        return "anyone can assume a role"
    if one.control == "IDC-24" and "evidence" in words:
        return "whoever writes evidence can delete it"
    if one.control == "IDC-35":
        return "the evidence itself did not hold"
    if one.control == "IDC-01":
        return "the inventory is not complete and no reconciliation explains it"
    return None
