"""The governor against a token bucket in simulated time: nothing sleeps, the same every run."""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from prooftrail.adapters.aws.governor import Governor, Governors


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Bucket:
    """AWS's side: takes a call if there is a token, and puts in `rate(t)` tokens a second up to `burst`."""

    clock: Clock
    rate: Callable[[float], float | None]
    burst: float
    tokens: float = field(init=False)
    filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens, self.filled_at = self.burst, self.clock.now

    def takes(self) -> bool:
        rate = self.rate(self.clock.now - 1000.0)
        if rate is None:
            return True
        self.tokens = min(self.burst, self.tokens + (self.clock.now - self.filled_at) * rate)
        self.filled_at = self.clock.now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Outcome:
    seconds: float
    throttled: int


def simulated(
    calls: int, rate: Callable[[float], float | None], burst: float, *, threads: int, latency_s: float = 0.03
) -> Outcome:
    """`threads` workers make `calls` calls as botocore does: each attempt paced, a refused one again after a backoff."""
    clock, chance = Clock(), random.Random(1)
    governor, bucket = Governor(monotonic=clock.monotonic), Bucket(clock, rate, burst)
    left_to_do, throttled = [calls], [0]

    def worker() -> Iterator[float]:
        while left_to_do[0] > 0:
            left_to_do[0] -= 1
            attempt = 0
            while True:
                yield from governor.waits()
                left_at = clock.now
                yield latency_s / 2
                taken = bucket.takes()
                yield latency_s / 2
                if taken:
                    governor.answered()
                    break
                governor.refused(left_at)
                throttled[0] += 1
                yield min(chance.random() * 2**attempt, 20)
                attempt += 1

    agenda = [(clock.now, n, worker()) for n in range(threads)]
    heapq.heapify(agenda)
    order = threads
    while agenda:
        clock.now, _, one = heapq.heappop(agenda)
        if (wait := next(one, None)) is not None:
            heapq.heappush(agenda, (clock.now + wait, order, one))
            order += 1
    return Outcome(clock.now - 1000.0, throttled[0])


@pytest.mark.parametrize("threads", [10, 12, 16])
@pytest.mark.parametrize("latency_s", [0.03, 0.1])
@pytest.mark.parametrize(("rate", "burst"), [(20, 40), (20, 20), (5, 10), (5, 40), (100, 40), (100, 200)])
def test_two_thousand_calls_end_within_a_tenth_of_the_buckets_floor_and_hardly_any_is_refused(
    rate: float, burst: float, latency_s: float, threads: int
) -> None:
    floor = max((2000 - burst) / rate, 2000 * latency_s / threads)
    outcome = simulated(2000, lambda _: rate, burst, threads=threads, latency_s=latency_s)
    assert outcome.seconds <= 1.10 * floor
    assert outcome.throttled < 0.03 * 2000


@pytest.mark.parametrize("threads", [10, 12, 16])
@pytest.mark.parametrize(("calls", "rate", "burst"), [(500, 20, 40), (500, 5, 40), (5000, 20, 40), (5000, 100, 1000)])
def test_a_small_and_a_large_account_do_as_well(calls: int, rate: float, burst: float, threads: int) -> None:
    outcome = simulated(calls, lambda _: rate, burst, threads=threads)
    assert outcome.seconds <= 1.10 * (calls - burst) / rate
    assert outcome.throttled < 0.03 * calls


@pytest.mark.parametrize("threads", [10, 16])
def test_where_aws_sets_no_limit_the_threads_do_the_limiting(threads: int) -> None:
    outcome = simulated(2000, lambda _: None, 0, threads=threads)
    assert outcome.seconds <= 1.10 * 2000 * 0.03 / threads
    assert outcome.throttled == 0


def test_a_limit_that_falls_is_believed_soon() -> None:
    outcome = simulated(3000, lambda t: 100 if t < 10 else 10, 40, threads=12)
    floor = 10 + (3000 - 40 - 1000) / 10
    assert outcome.seconds <= 1.10 * floor
    assert outcome.throttled < 0.03 * 3000


def test_a_limit_that_rises_is_found_again() -> None:
    outcome = simulated(8000, lambda t: 10 if t < 30 else 100, 40, threads=12)
    floor = 30 + (8000 - 40 - 300) / 100
    assert outcome.seconds <= 1.25 * floor
    assert outcome.throttled < 0.03 * 8000


def test_calls_refused_together_slow_us_down_once() -> None:
    clock = Clock()
    governor = Governor(monotonic=clock.monotonic)
    before = governor.rate
    clock.now += 1
    governor.refused(left_at=clock.now - 0.02)
    once = governor.rate
    governor.refused(left_at=clock.now - 0.01)
    assert once < before
    assert governor.rate == once
    assert governor.throttled == 2


def test_the_rate_never_falls_to_nothing() -> None:
    clock = Clock()
    governor = Governor(monotonic=clock.monotonic)
    for _ in range(200):
        clock.now += 60
        governor.refused(left_at=clock.now - 0.01)
    assert governor.rate >= 0.2


def test_acquire_sleeps_until_its_turn() -> None:
    clock, slept = Clock(), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += seconds

    governor = Governor(monotonic=clock.monotonic, sleep=sleep)
    first, second = governor.acquire(), governor.acquire()
    assert slept == [pytest.approx(1 / governor.rate)]
    assert second - first == pytest.approx(1 / governor.rate)


def test_each_service_of_each_account_has_its_own_pace() -> None:
    governors = Governors()
    assert governors.of("111122223333", "iam") is governors.of("111122223333", "iam")
    assert governors.of("111122223333", "iam") is not governors.of("444455556666", "iam")
    assert governors.of("111122223333", "iam") is not governors.of("111122223333", "secretsmanager")
