"""What time is it in the simulated organization?"""

import time
from datetime import UTC, datetime


class SimulatedClock:
    """Stands at a tick and then runs at the pace of real seconds; it never looks at the calendar."""

    def __init__(self, tick: datetime) -> None:
        self.move_to(tick)

    def move_to(self, tick: datetime) -> None:
        """Stand at `tick` (aware) from now on."""
        if tick.tzinfo is None:
            raise ValueError(f"the tick {tick} says no time zone: give an aware UTC time")
        self._tick, self._since = tick.astimezone(UTC), time.monotonic()

    @property
    def tick(self) -> datetime:
        """Where the clock was last put: the same in every run with the same days."""
        return self._tick

    def now(self) -> datetime:
        """The tick plus the real seconds since it was set, aware, UTC."""
        return datetime.fromtimestamp(self._tick.timestamp() + time.monotonic() - self._since, UTC)
