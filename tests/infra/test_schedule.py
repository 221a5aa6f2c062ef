"""When things are due: every cadence as a cron, to the last minute of a day."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from infra.alarms import silent_hours
from infra.schedule import daily_watch, runs, weekly_mail
from infra.stage import Cadence
from prooftrail.settings import SCHEDULE_HOURS

START = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every_hours", "at", "expression"),
    [
        (24, "05:00", "cron(0 5 * * ? *)"),
        (24, "00:00", "cron(0 0 * * ? *)"),
        (24, "23:59", "cron(59 23 * * ? *)"),
        (12, "05:30", "cron(30 5,17 * * ? *)"),
        (12, "23:59", "cron(59 11,23 * * ? *)"),
        (8, "23:59", "cron(59 7,15,23 * * ? *)"),
        (6, "05:00", "cron(0 5,11,17,23 * * ? *)"),
        (4, "23:59", "cron(59 3,7,11,15,19,23 * * ? *)"),
        (3, "01:00", "cron(0 1,4,7,10,13,16,19,22 * * ? *)"),
        (2, "23:59", "cron(59 1,3,5,7,9,11,13,15,17,19,21,23 * * ? *)"),
        (1, "23:59", "cron(59 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23 * * ? *)"),
    ],
)
def test_a_cadence_is_the_same_hours_every_day(every_hours: int, at: str, expression: str) -> None:
    assert runs(Cadence(every_hours=every_hours, at=at)) == expression


def test_the_table_above_names_every_cadence_there_is() -> None:
    assert SCHEDULE_HOURS == (1, 2, 3, 4, 6, 8, 12, 24)


@pytest.mark.parametrize("every_hours", SCHEDULE_HOURS)
@pytest.mark.parametrize("at", ["00:00", "05:00", "12:34", "23:59"])
def test_ticks_are_evenly_spaced_over_midnight(every_hours: int, at: str) -> None:
    minute, hours = runs(Cadence(every_hours=every_hours, at=at)).removeprefix("cron(").split(" ")[:2]
    ticks = [
        START + timedelta(days=day, hours=int(hour), minutes=int(minute)) for day in (0, 1) for hour in hours.split(",")
    ]
    assert {later - earlier for earlier, later in itertools.pairwise(ticks)} == {timedelta(hours=every_hours)}
    assert f"{at}" in {f"{tick:%H:%M}" for tick in ticks}


@pytest.mark.parametrize(
    ("at", "watch", "mail"),
    [
        ("00:00", "cron(0 3 * * ? *)", "cron(0 4 ? * MON *)"),
        ("05:00", "cron(0 8 * * ? *)", "cron(0 9 ? * MON *)"),
        ("20:59", "cron(59 23 * * ? *)", "cron(59 0 ? * MON *)"),
        ("21:00", "cron(0 0 * * ? *)", "cron(0 1 ? * MON *)"),
        ("23:59", "cron(59 2 * * ? *)", "cron(59 3 ? * MON *)"),
    ],
)
def test_the_watchdog_looks_three_hours_after_the_tick_and_writes_on_mondays(at: str, watch: str, mail: str) -> None:
    assert (daily_watch(Cadence(every_hours=24, at=at)), weekly_mail(Cadence(every_hours=24, at=at))) == (watch, mail)


def first_alarm(sealed: list[datetime], cadence: Cadence) -> datetime | None:
    """When the alarm on missing runs first sounds: at an hour's end after so many whole hours without a word."""
    hours = silent_hours(cadence)
    words = {one.replace(minute=0, second=0) for one in sealed}
    now = min(words) + timedelta(hours=hours)
    while now <= max(words) + timedelta(hours=1):
        if not words & {now - timedelta(hours=back) for back in range(1, hours + 1)}:
            return now
        now += timedelta(hours=1)
    return None


@pytest.mark.parametrize("every_hours", SCHEDULE_HOURS)
@pytest.mark.parametrize("at", [timedelta(), timedelta(hours=5), timedelta(hours=23, minutes=59)])
@pytest.mark.parametrize("took", [timedelta(minutes=2), timedelta(minutes=59), timedelta(hours=3)])
def test_a_missed_run_is_told_within_two_hours_of_when_it_should_have_been_sealed(
    every_hours: int, at: timedelta, took: timedelta
) -> None:
    tick = timedelta(hours=every_hours)
    due = START + at + 3 * tick + took
    sealed = [START + at + number * tick + took for number in range(3)]
    much_later = due + timedelta(days=3)
    told = first_alarm([*sealed, much_later], Cadence(every_hours=every_hours, at="00:00"))
    assert told is not None
    assert timedelta() < told - due <= timedelta(hours=2)


@pytest.mark.parametrize("every_hours", SCHEDULE_HOURS)
@pytest.mark.parametrize(
    ("longer", "alarms"),
    [(timedelta(minutes=-50), False), (timedelta(hours=1), False), (timedelta(hours=2), True)],
)
def test_a_run_that_takes_an_hour_longer_is_no_alarm_and_two_hours_are(
    every_hours: int, longer: timedelta, alarms: bool
) -> None:
    tick = timedelta(hours=every_hours)
    sealed = [START + tick * number + timedelta(minutes=55) for number in range(3)]
    late = START + 3 * tick + timedelta(minutes=55) + longer
    assert (first_alarm([*sealed, late], Cadence(every_hours=every_hours, at="00:00")) is not None) is alarms


@pytest.mark.parametrize("every_hours", SCHEDULE_HOURS)
def test_cloudwatch_looks_back_as_far_as_the_alarm_needs(every_hours: int) -> None:
    """PutMetricAlarm: with periods of an hour and more, seven days."""
    assert silent_hours(Cadence(every_hours=every_hours, at="00:00")) * 3600 <= 604_800
