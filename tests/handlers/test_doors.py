"""The doors: events read strictly, answers that are references, one line a unit of work, numbers for the alarms."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prooftrail import handlers
from prooftrail.deployed import NEEDS
from prooftrail.errors import AccessError, ChainBroken, ConfigError, EvidenceMissing, LedgerError
from prooftrail.evidence.manifest import Code
from prooftrail.flows import head as chain_head
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.reading import Gap, GapReason
from tests.flows.world import HOME, MEMBER, Killed
from tests.handlers.doors import Steps

ROOT = Path(__file__).parents[2]
RUN = "20261101T060000Z"
ITEM = {"run_id": RUN, "account": MEMBER}

type Said = Callable[[], list[dict[str, Any]]]


def test_there_is_a_door_for_every_set_of_settings_infrastructure_gives() -> None:
    assert [one for one in NEEDS if not callable(getattr(handlers, one, None))] == []


def test_importing_the_doors_asks_nothing_of_the_environment_and_takes_no_client_along() -> None:
    told = "import prooftrail.handlers, sys; print(*(m in sys.modules for m in ('boto3', 'pynamodb', 'cryptography', 'moto')))"
    seen = subprocess.run(
        [sys.executable, "-c", told],
        env={"PYTHONPATH": str(ROOT / "functions"), "PATH": os.environ.get("PATH", "")},  # noqa: TID251
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == ["False"] * 4


def test_a_function_without_its_settings_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers._wiring.cache_clear()
    for variable in [one for one in os.environ if one.startswith("PROOFTRAIL_")]:  # noqa: TID251
        monkeypatch.delenv(variable)
    with pytest.raises(ConfigError, match="PROOFTRAIL_STAGE is not set"):
        handlers.close_run({"run_id": RUN}, None)


@pytest.mark.parametrize(
    ("door", "event", "field"),
    [
        ("tick", {"scheduled_time": "soon"}, r"\$.scheduled_time"),
        ("tick", {"scheduled_time": "2026-11-22T05:00:00"}, "`scheduled_time` has no zone"),
        ("tick", {}, "`scheduled_time`"),
        ("tick", {"manual": False}, "`scheduled_time`"),
        ("tick", {"manual": True, "scheduled_time": "2026-11-22T05:00:00Z"}, "`scheduled_time`"),
        ("tick", {"manual": True, "account": HOME}, "unknown field `account`"),
        ("open_chain", {"run_id": RUN}, "`trigger`"),
        ("start_run", {"run_id": RUN, "trigger": "whim"}, r"\$.trigger"),
        ("start_run", {"run_id": "../../plan", "trigger": "manual"}, r"\$.run_id"),
        ("start_run", {"run_id": f"{RUN}\n", "trigger": "manual"}, r"run_id"),
        ("scan_account", {"run_id": RUN}, "`account`"),
        ("scan_account", {"run_id": RUN, "account": "12345678901"}, r"\$.account"),
        ("scan_account", {"run_id": RUN, "account": 123456789012}, r"\$.account"),
        ("scan_account", {"run_id": RUN, "account": f"{MEMBER}\n"}, r"\$.account"),
        ("scan_account", ITEM | {"run_id": f"{RUN}\n"}, r"\$.run_id"),
        ("record_failure", ITEM | {"account": f"{MEMBER}\n", "failure": {}}, r"\$.account"),
        ("close_run", {"run_id": f"{RUN}\n"}, r"\$.run_id"),
        ("record_run", {"run_id": f"{RUN}\n"}, r"\$.run_id"),
        ("tell_accounts", {"Items": [{"account": f"{MEMBER}\n", "key": "k", "sha256": "0" * 64}]}, r"\[0\].account"),
        ("tell_accounts", {"Items": [{"account": MEMBER, "key": "k", "sha256": "0" * 64 + "\n"}]}, r"\[0\].sha256"),
        ("scan_account", [], "object"),
        ("scan_account", None, "object"),
        ("record_failure", ITEM, "`failure`"),
        ("record_failure", ITEM | {"failure": "States.Timeout"}, r"\$.failure"),
        ("close_run", {"run_id": 1}, r"\$.run_id"),
        ("tell_accounts", {"Items": []}, r"\$.Items"),
        ("tell_accounts", {"Items": [{"account": MEMBER, "key": "k", "sha256": "short"}]}, r"\$.Items\[0\].sha256"),
        ("tell_accounts", {}, "`Items`"),
        ("record_run", {"run": RUN}, "`run`"),
        ("watch", {"force": True}, "`force`"),
        ("weekly", {"to": "somebody"}, "`to`"),
    ],
)
def test_a_malformed_event_is_an_error_that_names_the_field(
    steps: Steps, said: Said, door: str, event: object, field: str
) -> None:
    with pytest.raises(ConfigError, match=field):
        steps.call(door, event)
    [line] = said()
    assert (line["level"], line["message"], line["error"]) == ("ERROR", door, "ConfigError")


def test_a_run_goes_from_tick_to_ledger_with_references_between_the_steps(steps: Steps) -> None:
    run = steps.world.day(1)
    ticked = steps.call("tick", {"scheduled_time": "2026-11-01T06:00:00Z"})
    closed = steps.run(run)
    assert ticked == {"run_id": RUN, "started": True}
    assert steps.work.lists[f"work/{RUN}/accounts.jsonl"] == [
        {"run_id": RUN, "account": HOME},
        {"run_id": RUN, "account": MEMBER},
    ]
    verified = steps.world.verify()
    assert (verified.verdict, verified.problems) == (Verdict.INTACT, ())
    assert closed == {
        "run_id": RUN,
        "seq": 1,
        "sha256": steps.world.pin.head.sha256 if steps.world.pin.head else None,
        "gaps": False,
        "unreachable": 0,
        "untold": {"bucket": "work", "key": f"work/{RUN}/untold.jsonl", "count": 2},
    }
    assert [(one.run_id, one.status) for one in steps.world.ledger.runs()] == [(RUN, "sealed")]


def test_a_run_that_is_started_again_after_it_was_sealed_scans_nothing_and_seals_nothing(steps: Steps) -> None:
    run = steps.world.day(1)
    first = steps.run(run)
    reads = steps.world.reads
    again = steps.run(run)
    assert steps.order.count("scan_account") == 2
    assert steps.world.reads == reads
    assert (again["seq"], again["sha256"]) == (first["seq"], first["sha256"])
    assert again["untold"]["count"] == 0


def test_a_second_start_of_a_run_gives_the_plan_that_is_there(steps: Steps) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    assert steps.call("start_run", event) == steps.call("start_run", event)
    assert list(steps.world.names("plan/")) == [f"plan/{RUN}.jsonl"]


def test_a_manual_run_has_its_own_name_even_right_after_one_that_was_cut_short(steps: Steps) -> None:
    first, second = "20261101T060500Z", "20261101T060600Z"
    steps.world.clock.at = steps.world.day(1).taken_at + timedelta(minutes=7)
    steps.call("open_chain", {"run_id": first, "trigger": "manual"})
    steps.call("start_run", {"run_id": first, "trigger": "manual"})
    assert steps.call("start_run", {"run_id": second, "trigger": "manual"})["run_id"] == second


def test_a_scan_and_its_repetition_give_one_outcome(steps: Steps) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    first = steps.call("scan_account", ITEM)
    assert steps.call("scan_account", ITEM) == first
    assert steps.world.reads == 1


def test_a_recorded_failure_stands_against_the_scan_that_comes_late(steps: Steps) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    failed = steps.call("record_failure", ITEM | {"failure": {"Error": "States.Timeout"}})
    assert failed == {"account": MEMBER, "status": "unreachable"}
    assert steps.call("scan_account", ITEM)["status"] == "unreachable"


def test_an_account_that_is_in_no_plan_is_neither_scanned_nor_recorded(steps: Steps) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    stranger = {"run_id": RUN, "account": "333333333333"}
    with pytest.raises(ConfigError, match="333333333333 is not to be scanned"):
        steps.call("scan_account", stranger)
    with pytest.raises(ConfigError, match="333333333333 is not to be scanned"):
        steps.call("record_failure", stranger | {"failure": {"Error": "States.Timeout"}})
    with pytest.raises(EvidenceMissing):
        steps.call("scan_account", {"run_id": "20261102T060000Z", "account": MEMBER})


def test_a_start_without_a_chain_signs_none_and_says_so(steps: Steps) -> None:
    with pytest.raises(ChainBroken, match="has no genesis, and this step may not write one"):
        steps.call("start_run", {"run_id": steps.world.day(1).id, "trigger": "schedule"})
    assert list(steps.world.names()) == []


def test_steps_of_other_code_leave_a_run_that_is_under_way_alone(steps: Steps) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    steps.world.code = Code(version="next", sha256="1" * 64)
    for door, asked in (("start_run", event), ("scan_account", ITEM), ("close_run", {"run_id": RUN})):
        with pytest.raises(ConfigError, match="wait for the next tick"):
            steps.call(door, asked)
    steps.world.code = Code(version="test", sha256="0" * 64)
    steps.call("scan_account", ITEM)


def test_a_schedule_run_id_that_is_no_tick_is_refused_so_that_nobody_meets_a_tick_by_hand(steps: Steps) -> None:
    steps.world.day(2)
    with pytest.raises(ConfigError, match="is no tick of the schedule"):
        steps.call("start_run", {"run_id": "20261102T050000Z", "trigger": "schedule"})


def test_closing_counts_for_the_alarms_and_says_all_of_it_in_one_line(steps: Steps, said: Said) -> None:
    steps.world.unreachable = {MEMBER}
    said()
    steps.run(steps.world.day(1))
    lines = said()
    [closing] = [one for one in lines if one.get("message") == "close_run"]
    numbers = {
        "RunSealed": 1,
        "AccountsUnreachable": 1,
        "AccountsWithGaps": 0,
        "AccountsNotListed": 0,
        "MissedTicks": 0,
    }
    assert numbers.items() <= closing.items()
    assert closing["service"].startswith("prooftrail-")
    [emf] = [one for one in lines if "RunSealed" in one and "_aws" in one]
    [metric] = emf["_aws"]["CloudWatchMetrics"]
    assert (metric["Namespace"], metric["Dimensions"]) == ("Prooftrail", [["service"]])
    assert {name: [value] for name, value in numbers.items()}.items() <= emf.items()
    assert [one["message"] for one in lines if "message" in one] == [
        "open_chain", "start_run", "scan_account", "scan_account", "close_run", "tell_accounts", "record_run",
        "plan_notices",
    ]  # fmt: skip


@pytest.mark.parametrize(("api", "told"), [("organizations:ListAccounts", 1), ("organizations:ListTagsForResource", 0)])
def test_an_organization_whose_accounts_are_not_listed_is_told_of_and_sealed_as_such(
    steps: Steps, said: Said, api: str, told: int
) -> None:
    """Whoever is missing then is in no plan, so that nobody is unreachable: silence would look like a good run."""
    steps.world.organization_gaps = (Gap(api=api, reason=GapReason.DENIED, detail="may not"),)
    said()
    closed = steps.run(steps.world.day(1))
    [emf] = [one for one in said() if "RunSealed" in one and "_aws" in one]
    assert (emf["AccountsNotListed"], emf["AccountsUnreachable"], closed["gaps"]) == ([told], [0], True)
    (manifest,) = chain_head.read_chain(steps.world.locker, public_key=None).manifests
    assert manifest.organization_gaps == (f"accounts: {api}: may not",)


@pytest.mark.parametrize(
    "failure", [{"Error": "States.Timeout"}, {"Error": "States.Timeout", "Cause": ""}, {"Cause": ""}, {}]
)
def test_a_failure_is_recorded_whatever_of_it_was_caught(steps: Steps, failure: dict[str, str]) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    assert steps.call("record_failure", ITEM | {"failure": failure})["status"] == "unreachable"


def test_a_ledger_that_cannot_be_told_hides_no_run_and_is_told_of(
    steps: Steps, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise LedgerError("the table is gone.")

    monkeypatch.setattr(steps.world.ledger, "runs", refuse)
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    said()
    closed = steps.call("close_run", {"run_id": RUN})
    assert (closed["seq"], closed["untold"]["count"]) == (1, 0)
    assert [one["ledger"] for one in said() if "ledger" in one] == ["the table is gone."]
    with pytest.raises(LedgerError, match="the table is gone"):
        steps.call("record_run", {"run_id": RUN})
    assert [one["LedgerLag"] for one in said() if "_aws" in one] == [[1.0]]


def test_a_defect_is_raised_as_it_is_and_its_words_stay_out_of_the_line(
    steps: Steps, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise KeyError("jane@example.com")

    monkeypatch.setattr(handlers, "_wiring", broken)
    with pytest.raises(KeyError):
        steps.call("close_run", {"run_id": RUN})
    [line] = said()
    assert (line["error"], line["detail"]) == ("KeyError", "a defect of Prooftrail")


def test_one_account_that_cannot_be_told_keeps_none_of_the_batch_back(steps: Steps) -> None:
    run = steps.world.day(1)
    event = {"run_id": run.id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    for account in (HOME, MEMBER):
        steps.call("scan_account", {"run_id": run.id, "account": account})
    untold = steps.work.lists[steps.call("close_run", {"run_id": run.id})["untold"]["key"]]
    wrong = untold[0] | {"sha256": "0" * 64}
    with pytest.raises(Exception, match="is not the outcome that was sealed"):
        steps.call("tell_accounts", {"Items": [wrong, untold[1]]})
    assert [one.account for one in steps.world.ledger.outcomes(run.id)] == [MEMBER]
    with pytest.raises(LedgerError, match=f"lacks 1 outcomes of run {RUN}"):
        steps.call("record_run", {"run_id": RUN})
    steps.call("tell_accounts", {"Items": untold})
    assert steps.call("record_run", {"run_id": RUN}) == {"run_id": RUN, "seq": 1}


def test_a_scan_that_was_cut_short_is_repeated_by_a_role_that_may_not_read_what_it_wrote(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"run_id": steps.world.day(1).id, "trigger": "schedule"}
    steps.call("open_chain", event)
    steps.call("start_run", event)
    get = steps.world.locker.get

    def refusing(key: str, *, version_id: str | None = None) -> bytes:
        if key.startswith(("raw/", "people/")):
            raise AccessError(f"AWS refused s3:GetObjectVersion on {key} (AccessDenied).")
        return get(key, version_id=version_id)

    def cut(*_: object) -> bytes:
        raise Killed

    monkeypatch.setattr(steps.world.locker, "get", refusing)
    with monkeypatch.context() as ending:
        ending.setattr(Sealing, "signed_outcome", cut)
        with pytest.raises(Killed):
            steps.call("scan_account", ITEM)
    assert steps.call("scan_account", ITEM)["status"] == "sealed"
    steps.call("scan_account", ITEM | {"account": HOME})
    steps.call("close_run", {"run_id": RUN})
    monkeypatch.setattr(steps.world.locker, "get", get)
    assert steps.world.verify().problems == ()
