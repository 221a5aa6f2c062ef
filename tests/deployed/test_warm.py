"""A warm function keeps what it made: over two runs, no door makes a client of its own twice."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

import pytest

from prooftrail.deployed import NEEDS
from prooftrail.flows import head as chain_head
from tests.deployed.deployment import Run, deploy, two_runs_now, whole_run
from tests.emulators import Emulator

WATCHED = {"account", "iam", "organizations", "secretsmanager", "sso-admin"}
"""Services asked about an account. Their clients carry its credentials and record its answers, so they are one run's."""

RUNS = 2


@pytest.fixture(scope="module")
def made(ministack: Emulator, run: Run) -> dict[str, Counter[str]]:
    """The clients each door made over two runs, by service and region."""
    deployment = replace(deploy(ministack, "warm", run), doors="observed_doors")
    with ExitStack() as running:
        doors = {door: running.enter_context(deployment.function(door)) for door in NEEDS}
        for run_id in two_runs_now():
            whole_run(deployment, lambda door, event: doors[door].invoke(event), run_id)
        assert [one.seq for one in chain_head.read_chain(deployment.locker(), public_key=None).manifests] == [1, RUNS]
        return {door: Counter(function.said("client")) for door, function in doors.items()}


@pytest.mark.parametrize("door", NEEDS)
def test_a_warm_door_makes_no_client_of_its_own_twice(made: dict[str, Counter[str]], door: str) -> None:
    own = {client: times for client, times in made[door].items() if client.split()[0] not in WATCHED}
    assert own
    assert own == dict.fromkeys(own, 1)


@pytest.mark.parametrize("door", ["start_run", "scan_account"])
def test_each_run_makes_one_client_for_each_service_it_asks_about_an_account(
    made: dict[str, Counter[str]], door: str
) -> None:
    watched = {client: times for client, times in made[door].items() if client.split()[0] in WATCHED}
    assert "iam eu-central-1" in watched
    assert watched == dict.fromkeys(watched, RUNS)


def test_doors_that_read_no_account_make_no_client_for_one(made: dict[str, Counter[str]]) -> None:
    readers = {door for door, clients in made.items() if any(one.split()[0] in WATCHED for one in clients)}
    assert readers == {"start_run", "scan_account"}
