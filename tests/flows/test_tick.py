"""Which run a tick starts, and under which name."""

from datetime import UTC, datetime, timedelta

import pytest

from prooftrail.errors import ConfigError
from prooftrail.flows.tick import Tick, Ticked, run_named
from prooftrail.model.run import Schedule
from prooftrail.model.snapshot import RunTrigger
from tests.flows.world import DAILY, DAY_1, StillClock
from tests.handlers.doors import MemoryExecutions

SIX_HOURLY = Schedule(every_hours=6, at="05:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("scheduled", "run_id"),
    [
        ("2026-11-22T05:00:00", "20261122T050000Z"),
        ("2026-11-22T05:00:59", "20261122T050000Z"),
        ("2026-11-22T10:59:59", "20261122T050000Z"),
        ("2026-11-22T11:00:00", "20261122T110000Z"),
        ("2026-11-22T04:59:59", "20261121T230000Z"),
    ],
)
def test_a_delivery_is_of_the_latest_tick_not_after_the_time_it_is_for(scheduled: str, run_id: str) -> None:
    tick = Tick(schedule=SIX_HOURLY, executions=MemoryExecutions(), clock=StillClock(at("2026-11-22T18:00:00")))
    assert tick(at(scheduled)) == Ticked(run_id=run_id, started=True)


def test_a_tick_that_is_delivered_twice_starts_one_run() -> None:
    executions = MemoryExecutions()
    tick = Tick(schedule=DAILY, executions=executions, clock=StillClock(DAY_1 + timedelta(hours=3)))
    assert [tick(DAY_1), tick(DAY_1)] == [
        Ticked(run_id="20261101T060000Z", started=True),
        Ticked(run_id="20261101T060000Z", started=False),
    ]
    assert [(one.id, one.trigger) for one in executions.started.values()] == [("20261101T060000Z", RunTrigger.SCHEDULE)]


@pytest.mark.parametrize(
    ("now", "run_id"),
    [
        (DAY_1 + timedelta(seconds=1, microseconds=900_000), "20261101T060001Z"),
        (
            DAY_1 + timedelta(microseconds=1),
            "20261101T055959Z",
        ),  # not the tick's own name: that tick would count as met
        (DAY_1 - timedelta(microseconds=1), "20261101T055959Z"),
    ],
)
def test_a_manual_run_is_of_the_present_second_and_never_takes_a_ticks_name(now: datetime, run_id: str) -> None:
    executions = MemoryExecutions()
    assert Tick(schedule=DAILY, executions=executions, clock=StillClock(now))(None).run_id == run_id
    assert executions.started[run_id].trigger is RunTrigger.MANUAL


@pytest.mark.parametrize(("ahead", "refused"), [(timedelta(minutes=5), False), (timedelta(minutes=5, seconds=1), True)])
def test_a_tick_five_minutes_ahead_is_a_clock_that_differs_and_one_further_is_refused(
    ahead: timedelta, refused: bool
) -> None:
    tick = Tick(schedule=DAILY, executions=MemoryExecutions(), clock=StillClock(DAY_1 - ahead))
    if not refused:
        assert tick(DAY_1).started
        return
    with pytest.raises(ConfigError, match="lies ahead of this machine's clock"):
        tick(DAY_1)


@pytest.mark.parametrize(
    ("ago", "refused"), [(timedelta(hours=24), False), (timedelta(hours=24, microseconds=1), True)]
)
def test_a_tick_a_day_gone_is_caught_up_and_one_longer_gone_is_refused(ago: timedelta, refused: bool) -> None:
    executions = MemoryExecutions()
    tick = Tick(schedule=DAILY, executions=executions, clock=StillClock(DAY_1 + ago))
    if not refused:
        assert tick(DAY_1).started
        return
    with pytest.raises(ConfigError, match=r"too long ago .* the next run declares it missed"):
        tick(DAY_1)
    assert executions.started == {}


@pytest.mark.parametrize("name", ["", "20261101", "20261301T060000Z", "20261101T06000Z", "20261101T060000Z "])
def test_what_is_no_run_id_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no run id"):
        run_named(name, RunTrigger.MANUAL, schedule=DAILY, now=DAY_1)


def test_a_run_id_gives_the_run_back_that_it_was_made_of() -> None:
    scheduled = run_named("20261101T060000Z", RunTrigger.SCHEDULE, schedule=DAILY, now=DAY_1)
    manual = run_named("20261101T055959Z", RunTrigger.MANUAL, schedule=DAILY, now=DAY_1)
    assert (scheduled.tick, scheduled.taken_at) == (DAY_1, DAY_1)
    assert (manual.tick, manual.taken_at) == (None, DAY_1 - timedelta(seconds=1))


def test_a_time_of_day_that_is_no_tick_can_only_be_a_manual_run() -> None:
    with pytest.raises(ConfigError, match=r"is no tick of the schedule \(every 24 h from 06:00 UTC\)"):
        run_named("20261101T050000Z", RunTrigger.SCHEDULE, schedule=DAILY, now=DAY_1)
