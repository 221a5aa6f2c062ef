"""A function that is killed anywhere leaves nothing that a retry cannot finish, and one clean outcome."""

from dataclasses import replace

from prooftrail.evidence import layout
from prooftrail.flows import head as chain_head
from tests.deployed.deployment import ACCOUNT, Run, deploy, this_second
from tests.emulators import Emulator


def test_a_scan_killed_after_each_of_its_writes_in_turn_leaves_one_clean_outcome(ministack: Emulator, run: Run) -> None:
    deployment = replace(deploy(ministack, "killed", run), doors="observed_doors")
    begun = {"run_id": this_second(), "trigger": "manual"}
    item = {"run_id": begun["run_id"], "account": ACCOUNT}
    for door in ("open_chain", "start_run"):
        deployment.ask(door, begun).value()

    last: list[str] = []
    for writes in range(1, 40):
        with deployment.function("scan_account", STOP_AFTER_WRITES=str(writes)) as function:
            answer = function.invoke(item)
            if not answer.ended:
                break
            last = function.said("written")
            assert len(last) == writes
    assert writes > 5  # a scan that seals raw answers, snapshot, judgement and outcome
    assert last[-1].endswith(layout.outcome_key(begun["run_id"], ACCOUNT)), "the last write is the commit"
    assert function.said("written") == [], "a retry after the commit writes nothing"
    assert answer.value()["account"] == ACCOUNT

    closed = deployment.ask("close_run", {"run_id": begun["run_id"]}).value()
    assert closed["unreachable"] == 0
    (manifest,) = chain_head.read_chain(deployment.locker(), public_key=None).manifests
    outcomes = [one for one in deployment.locker().versions("outcome/") if one.key.endswith(f"/{ACCOUNT}.json")]
    assert len(outcomes) == 1
    assert manifest.superseded, "what the killed attempts left is named"
    stored = {one.key for one in deployment.locker().versions("") if begun["run_id"] in one.key}
    assert stored == {one.key for one in (*manifest.objects, *manifest.superseded)}
    assert deployment.verified().verdict == "intact"


def test_a_close_killed_before_or_after_the_manifest_is_closed_once(ministack: Emulator, run: Run) -> None:
    deployment = replace(deploy(ministack, "closing", run), doors="observed_doors")
    begun = {"run_id": this_second(), "trigger": "manual"}
    for door in ("open_chain", "start_run"):
        deployment.ask(door, begun).value()
    deployment.ask("scan_account", {"run_id": begun["run_id"], "account": ACCOUNT}).value()
    writes = 1
    while True:
        with deployment.function("close_run", STOP_AFTER_WRITES=str(writes)) as function:
            answer = function.invoke({"run_id": begun["run_id"]})
            if not answer.ended:
                break
        writes += 1
    assert writes > 2
    assert answer.value()["seq"] == 1
    assert [one.seq for one in chain_head.read_chain(deployment.locker(), public_key=None).manifests] == [1]
    assert deployment.verified().verdict == "intact"
