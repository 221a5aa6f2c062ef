"""What there is to tell: open findings, what is going to fail, and exceptions that end, each as a matter of its owner."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache

from prooftrail.controls.events import event_of
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException
from prooftrail.inventory.wording import plain
from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Finding, FindingStatus, Limit, Tier, Upcoming
from prooftrail.model.notice import Matter

EXCEPTION_DAYS = 30
"""How many days before its last day somebody hears of an exception first. Source: the risk model, section 6."""

_ID_DIGITS = 32
_ACCOUNT_PART = 4  # of an ARN's parts
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_PATTERN = re.compile(r"[*?]")
_tick_of = lru_cache(maxsize=16)(canonical.tick_of)  # a million matters were read by a few runs


def of_finding(finding: Finding, account: str, read_in: str) -> Matter | None:
    """What an open finding is told as; None where it is not open, or an exception is in force.

    What expires is told by its expiry, and fails once it has expired: until then its owner has that long, although the
    control asks for its renewal before. An expiry that is not known leaves the finding's own due date.
    """
    if finding.status is not FindingStatus.OPEN or finding.exception is not None:
        return None
    event = event_of(finding)
    expiry = finding.expires_at if event is Event.EXPIRY else None
    failing = expiry is None or expiry < _tick_of(read_in)
    return Matter(
        id=finding.fingerprint,
        event=event,
        control=finding.control,
        account=account,
        subject=finding.subject,
        identity=finding.identity,
        kind=finding.kind,
        arn=finding.arn,
        name=finding.name or finding.subject,
        family=finding.family,
        owner=finding.owner,
        tier=finding.severity,
        failing=failing,
        since=(finding.returned_at or finding.opened_at) if failing else None,
        since_before=finding.since_before and failing and finding.returned_at is None,
        due_at=expiry or finding.due_at,
        reason=finding.reason,
        limit=finding.limit,
        used=finding.used,
        person=finding.person,
        not_mine=finding.not_mine,
        read_in=read_in,
    )


def of_upcoming(upcoming: Upcoming, account: str, read_in: str) -> Matter:
    """What is going to fail, as a matter that does not fail yet."""
    return Matter(
        id=upcoming.fingerprint,
        event=upcoming.event,
        control=upcoming.control,
        account=account,
        subject=upcoming.subject,
        identity=upcoming.identity,
        kind=upcoming.kind,
        arn=upcoming.arn,
        name=upcoming.name or upcoming.subject,
        family=upcoming.family,
        owner=upcoming.owner,
        tier=upcoming.tier,
        failing=False,
        since=None,
        since_before=False,
        due_at=upcoming.due_at,
        reason=upcoming.reason,
        limit=upcoming.limit,
        used=upcoming.used,
        person=upcoming.person,
        not_mine=upcoming.not_mine,
        read_in=read_in,
    )


def of_exceptions(governance: Governance, on: date, read_in: str) -> Iterator[Matter]:
    """Every exception in force that ends within 30 days of `on`: to its risk owner, and to its requester if that is another.

    By its id. One that a later entry carries on, for the same identity and control without a gap, does not end.
    `read_in` is the run whose policy it is.
    """
    for one in sorted(governance.exceptions.exception, key=lambda each: each.id):
        in_force = one.approved_on <= on <= one.expires_on
        if not in_force or (one.expires_on - on).days > EXCEPTION_DAYS or _carried_on(one, governance):
            continue
        yield _ending(one, one.risk_owner, read_in)
        if not governance.same_person(one.requester, one.risk_owner):
            yield _ending(one, one.requester, read_in)


def _carried_on(one: AcceptedException, governance: Governance) -> bool:
    """Whether another entry begins by the day after its last day and lasts longer."""
    return any(
        other.identity == one.identity
        and other.control == one.control
        and other.expires_on > one.expires_on
        and (other.approved_on - one.expires_on).days <= 1
        for other in governance.exceptions.exception
    )


def _ending(one: AcceptedException, person: str, run: str) -> Matter:
    last = one.expires_on.isoformat()
    approved = f"approved by {one.approver} on {one.approved_on} ({one.approval})"
    named = one.identity.startswith("arn:") and not _PATTERN.search(one.identity)
    return Matter(
        id=canonical.digest(("exception", one.id, person))[:_ID_DIGITS],
        event=Event.EXCEPTION,
        control=one.control,
        account=_account(one.identity),
        subject=one.id,
        identity=None,
        kind=None,
        arn=one.identity if named else None,
        name=one.id,
        family=None,
        owner=person,
        tier=Tier(one.tier),
        failing=False,
        since=None,
        since_before=False,
        due_at=datetime.combine(one.expires_on, time.max, UTC),
        reason=_reason(one),
        limit=Limit(name="expires_on", value=last, set_by=f"exceptions.toml, {approved}"),
        used=None,
        person=False,
        not_mine=None,
        read_in=run,
    )


def _reason(one: AcceptedException) -> str:
    """Until when it holds, what then happens, and what of its way out is not done yet."""
    words = (
        f"Exception {plain(one.id)} from {one.control} for {plain(one.identity)} holds through {one.expires_on};"
        " what it accepts fails again the day after"
    )
    open_steps = [step for step in one.retirement if step.done_on is None]
    if open_steps:
        first = min(open_steps, key=lambda step: step.due_on)
        more = f" and {len(open_steps) - 1} more" if len(open_steps) > 1 else ""
        words = f"{words}; not done of its retirement: {plain(first.what)} (due {first.due_on}){more}"
    return f"{words}."


def _account(identity: str) -> str:
    """The account an ARN or ARN pattern names; the organization where it names none, or any."""
    parts = identity.split(":", _ACCOUNT_PART + 1)
    if identity.startswith("arn:") and len(parts) > _ACCOUNT_PART and _ACCOUNT.match(parts[_ACCOUNT_PART]):
        return parts[_ACCOUNT_PART]
    return ORGANIZATION
