"""The moments people name when they ask for a state of the past."""

from datetime import UTC, date, datetime, timedelta

from prooftrail.errors import ConfigError


def end_of(when: str) -> datetime:
    """The instant before which a run must have been taken: the end of a day, or just after an instant."""
    try:
        return datetime.combine(date.fromisoformat(when) + timedelta(days=1), datetime.min.time(), UTC)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(when)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{when!r} is neither a date (2026-11-22), an instant (2026-11-22T06:00:00Z) nor a run (20261122T060000Z)."
        ) from None
