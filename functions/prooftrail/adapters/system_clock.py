"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the present instant in UTC; the one place that asks the machine for it."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)  # noqa: TID251
