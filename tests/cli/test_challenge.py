"""`prooftrail challenge` as an auditor types it: what it prints, what it can be pasted as, and how it ends."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from prooftrail import wiring
from prooftrail.cli import challenge
from prooftrail.flows.challenge import ChallengeLocker
from prooftrail.flows.locker_history import LockerHistory
from tests.cli.lockers import Prooftrail, Town
from tests.flows.world import HOME, MEMBER


@pytest.fixture
def live(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """The town as it is now, read by whoever `challenge` opens; its days go on from the last."""
    before = (town.users, town.unreachable, set(town.keys_off), town.clock.at)

    def opened(options: wiring.Options, history: LockerHistory) -> ChallengeLocker:
        return ChallengeLocker(
            history=history,
            source=town,
            account=HOME,
            who="arn:aws:iam::1:user/ada",
            secret=b"0" * 32,
            clock=town.clock,
        )

    monkeypatch.setattr(challenge, "open_challenge", opened)
    yield town
    town.users, town.unreachable, town.keys_off, town.clock.at = before


def test_all_that_agrees_ends_well_and_says_a_sentence_to_paste(town: Town, live: Town, prooftrail: Prooftrail) -> None:
    said = prooftrail("challenge", town.address, "--sample", "100", "--seed", "dice", "--role-name", "r")
    assert said.code == 0, said.err + said.out
    assert "MISMATCH" not in said.out.replace("do not match", "")
    one_line = " ".join(said.out.split())
    assert "agree in every field compared" in one_line
    assert "as arn:aws:iam::1:user/ada" in one_line
    assert "\x1b" not in said.out


def test_a_mismatch_ends_badly_and_says_what_to_look_for(town: Town, live: Town, prooftrail: Prooftrail) -> None:
    live.keys_off = {"bob"}
    said = prooftrail("challenge", town.address, "--sample", "100", "--seed", "dice", "--role-name", "r")
    assert said.code == 1
    assert "status: sealed Active → now Inactive" in said.out
    assert "UpdateAccessKey" in said.out


def test_nothing_reread_ends_as_nothing_done(town: Town, live: Town, prooftrail: Prooftrail) -> None:
    live.unreachable = {HOME, MEMBER}
    said = prooftrail("challenge", town.address, "--sample", "5", "--seed", "dice", "--role-name", "r")
    assert said.code == 3
    assert "NOT RE-READ" in said.out


def test_it_says_first_how_much_was_read_again_and_that_fewer_than_half_proves_little(
    town: Town, live: Town, prooftrail: Prooftrail
) -> None:
    said = prooftrail("challenge", town.address, "--sample", "100", "--seed", "dice")  # the member is not read

    told = said.out.splitlines()
    assert said.code == 3
    assert re.fullmatch(r"  \d of \d+ items of the sample read again: FEWER THAN HALF, which proves little", told[1])
    one_line = " ".join(said.out.split())
    assert "--role-name (and --external-id" in one_line
    assert "name them with --account" in one_line
    assert f"this challenge proves little, and nothing of account {MEMBER}." in one_line


def test_a_sample_of_the_accounts_that_can_be_read_is_enough_and_says_that_it_is_of_them_alone(
    town: Town, live: Town, prooftrail: Prooftrail
) -> None:
    said = prooftrail("challenge", town.address, "--sample", "100", "--seed", "dice", "--account", HOME)

    assert said.code == 0
    assert "FEWER" not in said.out
    assert f"population all of account {HOME} alone" in " ".join(said.out.split())


def test_without_a_seed_it_says_that_it_is_not_independent(town: Town, live: Town, prooftrail: Prooftrail) -> None:
    assert "NOT INDEPENDENT" in prooftrail("challenge", town.address, "--sample", "3").out


def test_as_data_it_has_counts_and_the_same_sentence(town: Town, live: Town, prooftrail: Prooftrail) -> None:
    live.keys_off = {"bob"}
    asked = ("challenge", town.address, "--sample", "100", "--seed", "dice", "--role-name", "r", "--json")
    told: dict[str, Any] = json.loads(prooftrail(*asked).out)
    assert told["mismatches"] == told["counts"]["MISMATCH"] == 1
    assert sum(told["counts"].values()) == len(told["items"])
    assert "1 do not match" in told["summary"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--population", "colours"), "--population takes"),
        (("--seed", " "), "--seed is empty"),
        (("--account", "12"), "12 digits"),
        (("--account", "999999999999"), "knows no such account"),
        (("--regions", ""), "names no regions"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    town: Town, live: Town, prooftrail: Prooftrail, options: tuple[str, ...], why: str
) -> None:
    said = prooftrail("challenge", town.address, *options)
    assert (said.code, said.out) == (2, "")
    assert why in said.err
