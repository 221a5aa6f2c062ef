"""How an auditor might grade what fails: an indicator derived when findings are read, never sealed, never a verdict.

ISO/IEC 17021-1 leaves major and minor to the auditor's judgement; this only says what speaks for which.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.model.judgement import Finding, FindingStatus, Tier

from .due import overdue

INDICATOR = "an indicator derived from open findings; grading is the auditor's judgement"

MANY = 10
"""Open findings of one control from which on it looks like a rule that is not kept rather than single lapses."""


class Indication(StrEnum):
    """What the open findings of one control speak for."""

    MAJOR = "major indicated"
    MINOR = "minor indicated"
    OBSERVATION = "observation indicated"


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """One control with open findings: what they speak for, why, and how many there are."""

    control: str
    indication: Indication
    why: str
    open: int
    overdue: int


def graded(findings: Iterable[Finding], at: datetime) -> tuple[Graded, ...]:
    """The indicator of every control with an open finding that no exception covers, by control."""
    by_control: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.status is FindingStatus.OPEN and one.exception is None:
            by_control[one.control].append(one)
    return tuple(_graded(control, found, at) for control, found in sorted(by_control.items()))


def _graded(control: str, found: list[Finding], at: datetime) -> Graded:
    late = [one for one in found if overdue(one, at)]
    worst = max((one.severity for one in found), key=lambda one: one.rank)
    indication, why = Indication.MINOR, f"the most severe is {worst}"
    if always := next((said for one in found if (said := _always_major(one))), None):
        indication, why = Indication.MAJOR, always
    elif len(found) >= MANY and worst.rank >= Tier.HIGH.rank:
        indication, why = Indication.MAJOR, f"{len(found)} are open, up to severity {worst}: a rule rather than a lapse"
    elif any(one.severity is Tier.CRITICAL for one in late):
        indication, why = Indication.MAJOR, "a critical one is past its due date"
    elif any(one.reopened and one.severity.rank >= Tier.HIGH.rank for one in found):
        indication, why = Indication.MAJOR, "one of high severity came back after it was fixed"
    elif worst is Tier.LOW and not late:
        indication, why = Indication.OBSERVATION, "all are of low severity and none is overdue"
    return Graded(control=control, indication=indication, why=why, open=len(found), overdue=len(late))


def _always_major(one: Finding) -> str | None:
    """What the control map calls major however often it happens, told by the words its check fails with."""
    words = one.reason.casefold()
    if one.control == "IDC-10" and "access key" in words:
        return "root has an access key"
    if one.control == "IDC-28" and "no condition limits" in words:
        return "anyone can assume a role"
    if one.control == "IDC-24" and "evidence" in words:
        return "whoever writes evidence can delete it"
    return None
