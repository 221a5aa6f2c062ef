"""How ready a locker is for an audit on a day, from what is sealed and the schedule in force."""

from datetime import date, datetime

import msgspec

from prooftrail.errors import ConfigError
from prooftrail.model import canonical
from prooftrail.pack.readiness.readiness import WANTED_DAYS, Readiness, Ready
from prooftrail.pack.view import PeriodView
from prooftrail.ports import Locker

from .locker_history import LockerHistory, RunSummary
from .pack_head import AskedHead, LockerAt
from .pack_views import open_views

_FURTHEST_DAYS = 3660


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: the audit's day, the first day that counts (None: the first run's), and whom it is for.

    `as_of` is the newest run that is looked at: schedule, clock and state are those its manifest knew. None for the newest.
    """

    audit_day: date
    since: date | None = None
    as_of: RunSummary | None = None
    framework: str | None = None
    wanted_days: int = WANTED_DAYS


def ready(locker: Locker, asked: Asked, *, now: datetime) -> tuple[Ready, PeriodView]:
    """The answer, and the period it was read from. Raises ConfigError for a day that is none, EvidenceError without runs."""
    today = canonical.utc(now).date()
    if abs((asked.audit_day - today).days) > _FURTHEST_DAYS:
        raise ConfigError(
            f"--audit-date {asked.audit_day} is more than ten years away from {today}: name the audit that is next."
        )
    history = LockerHistory(locker)
    history.run()  # says so where there is none
    if asked.since and asked.since > today:
        raise ConfigError(f"--from {asked.since} is still to come: name the day from which operation counts.")
    since = asked.since or history.runs[0].taken_at.date()
    head = AskedHead(seq=asked.as_of.seq) if asked.as_of else None
    views = open_views(LockerAt(locker, head), since=since, until=max(since, today))
    made = Readiness(
        views.period,
        audit_day=asked.audit_day,
        now=now,
        framework=asked.framework,
        wanted_days=asked.wanted_days,
    )
    for one in views.accounts():
        made.take(one)
    return made.answer(), views.period
