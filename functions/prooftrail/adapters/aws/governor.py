"""Keeps calls to one service of one account just under what AWS will take, without a guess at what that is.

AWS refuses a call when its token bucket is empty, so between two refusals it took exactly as many calls as it put
tokens in: two refusals measure the limit. Until the first one we go fast, because most accounts never refuse; then
slowly, so that the bucket refills while we look for its next bottom; from then on just under the measured rate, rising
by a thousandth an answer and falling back at each refusal with a better measurement. The bucket's own burst absorbs
that swing, so almost nothing is refused and almost nothing is left unused.
"""

import threading
import time
from collections.abc import Callable, Iterator

_FIRST_RATE = 250.0  # calls a second before anything is known: more than ten threads reach at 40 ms a call
_FLAT = 60  # answers before the first rate is raised: a small account needs no more, a small bucket is empty by then
_FAST = 3.0  # calls a second more for every further answer before the first refusal
_FIRST_FALL = 20  # the first refusal divides the rate by this: far under most limits, so that the search begins below
_PROBE = 4.0  # calls a second more for every answer until a refusal gave a measurement
_SAMPLE = 8  # answers between two refusals that make a measurement
_TRUST = 10  # answers at which half of a measurement's error is thought to be gone
_UNSURE, _SURE = 0.5, 0.95  # part of the measured rate that is used: of one with no answers behind it, of a good one
_CLIMB = 0.001  # part of the rate added per answer while near the measured rate
_NEAR, _HUNT = 1.15, 0.02  # this far above it unrefused, the limit must have risen: climb by this part per answer
_RESERVE = 3  # calls' worth of time to wait after a refusal: jitter then meets tokens, not the bottom
_WINDOW_S = 30.0  # a measurement looks back at most this long, once it has _WINDOW_ANSWERS
_WINDOW_ANSWERS = 100
_FALLEN = 0.7  # the latest measurement is under this part of the long one: the limit itself has fallen, believe it
_RISEN = 1.5  # refused only this far above the measured rate: the limit itself has risen, measure it anew
_FELT = 1.5  # calls leaving within this many intervals of the rate feel it; where threads are the limit it must not run away
_GRAIN_S = 1e-6  # no sleep is shorter
_SLOWEST = 0.2  # calls a second; one call in five seconds is the least that still ends


class Governor:
    """Paces the calls of one (account, service). Safe for any number of threads."""

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._rate, self._measured, self._felt = _FIRST_RATE, 0.0, True
        self._last_left = self._held_until = self._last_fall = self._anchor = float("-inf")
        self._answers = self._since_anchor = self._since_fall = 0
        self.calls = self.throttled = 0

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        return self._rate

    def acquire(self) -> float:
        """Wait for this call's turn; returns when it may leave. Gives the instant the call left, for `refused`."""
        for wait in self.waits():
            self._sleep(wait)
        return self._monotonic()

    def waits(self) -> Iterator[float]:
        """Seconds to wait, again and again until the turn has come: who waits learns of every change of the rate."""
        while (wait := self._take()) > 0:
            yield wait

    def _take(self) -> float:
        """0 where this call may leave now (then it has), else the seconds after which to ask again."""
        with self._lock:
            now = self._monotonic()
            free_at = max(self._held_until, self._last_left + 1 / self._rate)
            if free_at - now > _GRAIN_S:
                return free_at - now
            self._felt = now - self._last_left < _FELT / self._rate
            self._last_left = now
            self.calls += 1
            return 0.0

    def answered(self) -> None:
        """An answer that was no refusal for pace: go a little faster."""
        with self._lock:
            self._answers += 1
            self._since_anchor += 1
            self._since_fall += 1
            if self._felt:
                self._rate += self._rise()

    def _rise(self) -> float:
        if self._anchor < 0:
            return _FAST if self._answers > _FLAT else 0.0
        if not self._measured:
            return _PROBE
        return self._rate * (_CLIMB if self._rate < self._measured * _NEAR else _HUNT)

    def refused(self, left_at: float) -> None:
        """A refusal for pace of a call that left at `left_at`: slow down, once for all calls that were under way together."""
        with self._lock:
            self.throttled += 1
            if left_at > self._last_fall:
                self._fall(self._monotonic())

    def _fall(self, now: float) -> None:
        first, since = self._anchor < 0, self._last_fall
        self._last_fall = now
        if first:
            self._search(now, self._rate / _FIRST_FALL)
        elif self._measured and self._rate > self._measured * _RISEN:
            self._search(now, self._measured)
        else:
            self._measure(now, since)
        self._since_fall = 0

    def _search(self, now: float, rate: float) -> None:
        """Begin below the limit and rise until the next refusal measures it."""
        self._rate, self._measured = rate, 0.0
        self._look_back_to(now, 0)

    def _measure(self, now: float, since: float) -> None:
        """Both ends of the window are moments at which the bucket was empty, so answers over time is its refill."""
        whole = (self._since_anchor + 1) / max(now - self._anchor, 1e-3)
        lately = (self._since_fall + 1) / max(now - since, 1e-3)
        if lately < whole * _FALLEN and self._since_fall < _SAMPLE:
            self._look_back_to(since, self._since_fall)
            whole = lately
        seen = self._since_anchor
        self._rate = max(whole * (_UNSURE + (_SURE - _UNSURE) * seen / (seen + _TRUST)), _SLOWEST)
        self._measured = whole if seen >= _SAMPLE else 0.0
        self._held_until = now + _RESERVE / max(whole, 1.0)
        if now - self._anchor > _WINDOW_S and seen >= _WINDOW_ANSWERS:
            self._look_back_to(now, 0)

    def _look_back_to(self, instant: float, answers: int) -> None:
        self._anchor, self._since_anchor = instant, answers


class Governors:
    """The governor of each (account, service), made when first asked for."""

    def __init__(self, make: Callable[[], Governor] = Governor) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._by_service: dict[tuple[str, str], Governor] = {}

    def of(self, account: str, service: str) -> Governor:
        """The one governor of this service in this account."""
        with self._lock:
            if (account, service) not in self._by_service:
                self._by_service[(account, service)] = self._make()
            return self._by_service[(account, service)]
