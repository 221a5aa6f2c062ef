"""When a finding is due and how severe it is: both follow from the tier, and grace moves the due date, never a result."""

from datetime import datetime, timedelta

import msgspec

from prooftrail.governance.thresholds import Limits
from prooftrail.model.judgement import Finding, FindingStatus, Limit, Result, Tier

_SLA = {"IDC-21": ("IDC-21", "remediation_days")}
_USUAL = ("IDC-34", "remediate_days")
_OWNER = "IDC-02"
_DISCOVERED = "days_allowed_without_owner_after_discovery"
_LEFT = "days_to_reassign_after_owner_leaves"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A due date and the sentence that says what it is made of."""

    at: datetime
    why: str


def grace(limits: Limits, tier: Tier | None, *, left: bool) -> Limit:
    """The grace IDC-02 gives, which its failing result carries: to replace an owner who left, or to find out the rest."""
    return limits.described(_OWNER, _LEFT if left else _DISCOVERED, tier or Tier.CRITICAL)


def severity(result: Result) -> Tier:
    """The tier of what fails; an identity without one could be of the highest, an account or a policy has none: high."""
    return result.tier or (Tier.HIGH if result.identity is None else Tier.CRITICAL)


def due(result: Result, since: datetime, limits: Limits) -> Due:
    """When what began to count at `since` must be mended: the days its tier allows, and grace where a control gives any.

    Raises KeyError for a threshold the catalog lacks: a defect.
    """
    tier = severity(result)
    names = [_SLA.get(result.control, _USUAL)]
    if result.control == _OWNER:
        left = result.limit is not None and result.limit.name == _LEFT
        names.append((_OWNER, _LEFT if left else _DISCOVERED))
    days = sum(int(limits.value(*name, tier)) for name in names)
    told = [limits.described(*name, tier) for name in names]
    more = f", and {told[1].value} of grace ({told[1].set_by})" if len(told) > 1 else ""
    at = f"tier {tier}" if result.tier else f"severity {tier}"
    why = f"{told[0].value} to mend what fails at {at} ({told[0].set_by}){more}"
    return Due(at=since + timedelta(days=days), why=why)


def overdue(finding: Finding, at: datetime) -> bool:
    """True if it is open at `at`, past its due date, and no exception is in force; exactly on the due date is in time."""
    return finding.status is FindingStatus.OPEN and finding.exception is None and at > finding.due_at


def began(finding: Finding) -> str:
    """Since when it fails, in words; what was there before the first run began at a time nobody saw."""
    if finding.since_before:
        return f"failing since before {finding.opened_run}"
    again = "" if not finding.reopened else f", reopened {finding.reopened} time{'s' if finding.reopened > 1 else ''}"
    return f"failing since {finding.opened_run}{again}"
