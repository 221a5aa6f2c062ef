"""A newer signing key is deployed: the next run signs it in with the one before, whichever step meets it first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ChainBroken
from prooftrail.flows.verify_locker import Trust, Verdict, VerifyLocker
from prooftrail.grants import Key
from tests.handlers.deployment import Deployment, deployment, ticks

type Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path, accounts=2) as it:
        yield it


def first_key(made: Deployment) -> str:
    """The fingerprint of the key that opened the chain, as somebody outside wrote it down."""
    found = VerifyLocker(locker=locker(made), clock=SystemClock())(trust=Trust())
    assert found.key_fingerprint is not None
    return found.key_fingerprint


def locker(made: Deployment) -> S3Locker:
    return S3Locker(made.stores.s3(), str(made.settings.bucket))


def assert_whole(made: Deployment, fingerprint: str, *, slots: list[int]) -> None:
    found = VerifyLocker(locker=locker(made), clock=SystemClock())(trust=Trust(fingerprint=fingerprint), deep=True)
    assert (found.verdict, found.problems) == (Verdict.INTACT, ())
    assert [slot for slot, _ in found.later_keys] == slots


def test_the_first_step_of_the_next_run_brings_the_new_key_in_and_tells_the_alarm_once(
    made: Deployment, said: Said
) -> None:
    first, second = ticks(2)
    made.run(first)
    noted = first_key(made)
    made.exchange_key()
    assert [one for one in said() if "KeyExchanged" in one] == []
    made.run(second)
    assert [one["KeyExchanged"] for one in said() if "_aws" in one and "KeyExchanged" in one] == [[1]]
    assert_whole(made, noted, slots=[2])


def test_functions_that_were_warm_before_the_exchange_take_the_new_key_up(made: Deployment) -> None:
    first, second = ticks(2)
    event = {"run_id": second, "trigger": "schedule"}
    made.run(first)
    noted = first_key(made)
    made.warm("open_chain", event, made.exchange_key, event)
    accounts = made.call("start_run", event)
    for item in made.lines(accounts["items"]):
        made.call("scan_account", item)
    closed = made.call("close_run", {"run_id": second})
    made.call("tell_accounts", {"Items": made.lines(closed["untold"])})
    made.call("record_run", {"run_id": second})
    assert_whole(made, noted, slots=[2])


@pytest.mark.parametrize("door", ["start_run", "close_run"])
def test_a_step_that_was_warm_before_another_signed_the_new_key_in_goes_on(made: Deployment, door: str) -> None:
    first, second = ticks(2)
    made.run(first)
    noted = first_key(made)
    event = {"run_id": second, "trigger": "schedule"}
    known = {"start_run": {"run_id": first, "trigger": "schedule"}, "close_run": {"run_id": first}}[door]

    def exchange() -> None:
        made.exchange_key()
        with made.aside():
            made.call("open_chain", event)
            if door == "close_run":
                made.call("start_run", event)

    made.warm(door, known, exchange, event if door == "start_run" else {"run_id": second})
    made.run(second)
    assert_whole(made, noted, slots=[2])


def test_a_run_that_was_under_way_is_closed_under_the_new_key(made: Deployment) -> None:
    (only,) = ticks(1)
    event = {"run_id": only, "trigger": "schedule"}
    made.call("open_chain", event)
    noted = first_key(made)
    started = made.call("start_run", event)
    for item in made.lines(started["items"]):
        made.call("scan_account", item)
    made.exchange_key()
    closed = made.call("close_run", {"run_id": only})
    made.call("tell_accounts", {"Items": made.lines(closed["untold"])})
    made.call("record_run", {"run_id": only})
    assert_whole(made, noted, slots=[1])


def test_a_key_that_nobody_signed_in_stops_the_run_with_a_sentence(made: Deployment) -> None:
    first, second = ticks(2)
    made.run(first)
    made.exchange_key()
    made.stores.kms().delete_alias(AliasName=made.names.alias(Key.PREVIOUS))
    with pytest.raises(ChainBroken, match="No key before ours stands ready either"):
        made.call("open_chain", {"run_id": second, "trigger": "schedule"})
