"""The watchdog's door: what is wrong with the chain reaches its alarm as a number, and is no error."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from prooftrail.evidence import layout
from tests.contracts.fakes import MemorySigner
from tests.flows.world import DAY_1
from tests.handlers.doors import Steps

type Said = Callable[[], list[dict[str, Any]]]

NUMBERS = ("HeadBroken", "HeadAgeHours", "WitnessWritten", "MissedTicksSeen")


def two_days(steps: Steps) -> None:
    """Two days' runs, and the watchdog's clock three hours after the second tick.

    Made in a test and by no fixture: the doors' lines go where they went first.
    """
    for day in (1, 2):
        steps.run(steps.world.day(day))
    steps.world.clock.at = DAY_1 + timedelta(days=1, hours=3)


def numbers(said: Said) -> dict[str, list[float]]:
    """What the alarms were told of the watch: each number once, in one record."""
    [emf] = [one for one in said() if "_aws" in one]
    [told] = emf["_aws"]["CloudWatchMetrics"]
    assert (told["Namespace"], told["Dimensions"]) == ("Prooftrail", [["service"]])
    assert sorted(one["Name"] for one in told["Metrics"]) == sorted(name for name in emf if name in NUMBERS)
    return {name: emf[name] for name in NUMBERS if name in emf}


def look(steps: Steps, said: Said) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """The door's answer, and the numbers it told."""
    said()
    answer = steps.call("watch", {})
    return answer, numbers(said)


def test_a_chain_that_holds_is_zero_breaks_and_a_witness(steps: Steps, said: Said) -> None:
    two_days(steps)
    answer, told = look(steps, said)
    assert told == {"HeadBroken": [0], "HeadAgeHours": [2], "WitnessWritten": [1], "MissedTicksSeen": [0]}
    assert (answer["written"], answer["broken"]) == ("witness/00000002.json", 0)


def test_a_slot_that_was_written_over_reaches_the_alarm_and_is_witnessed_still(steps: Steps, said: Said) -> None:
    two_days(steps)
    steps.world.locker.replace(layout.chain_key(1), b"{}")  # type: ignore[attr-defined]
    answer, told = look(steps, said)
    assert told == {"HeadBroken": [1], "HeadAgeHours": [2], "WitnessWritten": [1], "MissedTicksSeen": [0]}
    assert (answer["written"], answer["broken"]) == ("witness/00000002.json", 1)


def test_a_head_that_is_hidden_reaches_the_alarm_and_the_line_says_where(steps: Steps, said: Said) -> None:
    two_days(steps)
    steps.world.locker.hide(layout.chain_key(2))  # type: ignore[attr-defined]
    said()
    answer = steps.call("watch", {})
    lines = said()
    [line] = [one for one in lines if one.get("message") == "watch"]
    assert [one.partition(":")[0] for one in line["broken"]] == ["HIDDEN chain/00000002.json"]
    assert (line["level"], line["HeadBroken"], answer["broken"]) == ("INFO", 1, 1)
    assert [one["HeadBroken"] for one in lines if "_aws" in one] == [[1]]


def test_a_chain_of_another_key_reaches_the_alarm(steps: Steps, said: Said) -> None:
    two_days(steps)
    steps.world.signer = MemorySigner()
    answer, told = look(steps, said)
    assert told["HeadBroken"] == [answer["broken"]]
    assert answer["broken"] >= 1


def test_a_second_look_without_news_writes_no_witness_and_says_so(steps: Steps, said: Said) -> None:
    two_days(steps)
    look(steps, said)
    steps.world.clock.at += timedelta(hours=1)
    assert look(steps, said)[1] == {
        "HeadBroken": [0],
        "HeadAgeHours": [3],
        "WitnessWritten": [0],
        "MissedTicksSeen": [0],
    }


def test_ticks_that_nobody_met_are_counted_under_a_name_that_no_run_clears(steps: Steps, said: Said) -> None:
    two_days(steps)
    steps.world.clock.at = DAY_1 + timedelta(days=3, hours=7)
    assert look(steps, said)[1] == {
        "HeadBroken": [0],
        "HeadAgeHours": [54],
        "WitnessWritten": [1],
        "MissedTicksSeen": [2],
    }


def test_an_empty_locker_has_no_age_and_no_witness(steps: Steps, said: Said) -> None:
    assert look(steps, said)[1] == {"HeadBroken": [0], "WitnessWritten": [0], "MissedTicksSeen": [0]}
