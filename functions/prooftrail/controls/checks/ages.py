"""How long ago something was, as the instant that judges sees it, and the words for it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from prooftrail.model.canonical import utc
from prooftrail.model.judgement import Limit

_ZERO, _DAY = timedelta(0), timedelta(days=1)


def age(at: datetime, taken_at: datetime) -> timedelta:
    """How long before `taken_at` that was; zero for what is dated after it."""
    return max(_ZERO, taken_at - at)


def older(span: timedelta) -> Callable[[int | bool], bool]:
    """Says whether `span` breaks a limit in days: exactly the limit does not, a microsecond more does."""
    return lambda limit: span > timedelta(days=limit)


def in_days(span: timedelta, limit: Limit | None = None) -> str:
    """`410 days`, `1 day`, `less than a day`: whole days, cut off.

    `more than 45 days` where the days alone would read like the limit and there is more to it.
    """
    number = span // _DAY
    words = "1 day" if number == 1 else f"{number} days" if number else "less than a day"
    passed = limit is not None and words == limit.value and span > number * _DAY
    return f"more than {words}" if passed else words


def on(at: datetime) -> str:
    """The day, in UTC: `2026-11-22`."""
    return utc(at).date().isoformat()
