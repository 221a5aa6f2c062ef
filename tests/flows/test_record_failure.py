"""What is sealed of an account whose scan broke off: that it is missing and why, and nothing that nobody may read."""

import json

import pytest

from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.record_failure import LONGEST_REASON, SOMEBODY, RecordFailure, reason_of
from prooftrail.flows.sealing import Sealing
from prooftrail.model.run import Outcome, OutcomeStatus, PlanAction, PlannedAccount
from prooftrail.settings import Retention
from tests.flows.world import MEMBER, World

RUN = "20261101T060000Z"
PLANNED = PlannedAccount(account=MEMBER, action=PlanAction.SCAN)
TRACE = {"stackTrace": ["  File handlers.py, line 1, in scan_account"]}


def told(kind: str, message: str) -> str:
    return json.dumps({"errorType": kind, "errorMessage": message} | TRACE)


def recorded(world: World, error: str, cause: str) -> Outcome:
    sealing = Sealing(world.locker, clock=world.clock, retention=Retention(), secret=world.fingerprints.secret())
    record = RecordFailure(locker=world.locker, sealing=sealing, fingerprints=world.fingerprints, clock=world.clock)
    return record(PLANNED, run_id=RUN, error=error, cause=cause)


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        ("States.Timeout", "", "the scan did not end in the time it is given (States.Timeout)"),
        ("States.TaskFailed", told("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 900.00 seconds"),
         "the scan did not end in the time it is given (Sandbox.Timedout)"),
        ("Lambda.Unknown", '{"errorMessage": "2026-11-22T05:15:00Z 1 Task timed out after 900.00 seconds"}',
         "the scan did not end in the time it is given (Sandbox.Timedout)"),
        ("Runtime.ExitError", told("Runtime.ExitError", "signal: killed"),
         "the scan was stopped, most likely for want of memory (Runtime.ExitError)"),
        ("KeyError", told("KeyError", "'hunter2hunter2'"),
         "the scan broke off because of a defect or a failing service (KeyError)"),
        ("AccessError", told("AccessError", "AWS refused s3:PutObject on s3://bucket/raw (AccessDenied)."),
         "AWS refused s3:PutObject on s3://bucket/raw (AccessDenied)."),
        ("Lambda.TooManyRequestsException", "Rate Exceeded.",
         "no function was free for the scan (Lambda.TooManyRequestsException)"),
        ("", "", "the scan broke off because of a defect or a failing service (no name)"),
        ("<script>alert(1)</script>", "[1, 2]", "the scan broke off because of a defect or a failing service (no name)"),
        ("x", told("E" * 81, ""), "the scan broke off because of a defect or a failing service (x)"),
        ("x", '{"errorType": 7, "errorMessage": ["a"]}', "the scan broke off because of a defect or a failing service (x)"),
    ],
)  # fmt: skip
def test_the_reason_names_the_error_and_quotes_nothing_but_our_own_sentences(
    error: str, cause: str, reason: str
) -> None:
    assert reason_of(error, cause, Redactor(b"k" * 32)) == reason


def test_an_address_in_one_of_our_sentences_is_a_fixed_word_and_a_long_one_is_cut() -> None:
    reason = reason_of("ConfigError", told("ConfigError", "ask jane@example.com " + "x" * 600), Redactor(b"k" * 32))
    assert "jane" not in reason
    assert reason.startswith(f"ask {SOMEBODY} x")  # no pseudonym: nothing would say whose
    assert len(reason) == LONGEST_REASON


@pytest.mark.parametrize(("length", "cut"), [(LONGEST_REASON, False), (LONGEST_REASON + 1, True)])
def test_a_sentence_is_kept_whole_up_to_its_limit(length: int, cut: bool) -> None:
    sentence = "word " * (length // 5) + "w" * (length % 5)
    assert (reason_of("", told("LedgerError", sentence), Redactor(b"k" * 32)) != sentence) is cut


def test_a_failure_is_an_outcome_that_says_why_and_stands() -> None:
    world = World()
    first = recorded(world, "States.Timeout", "")
    assert (first.run_id, first.account, first.status) == (RUN, MEMBER, OutcomeStatus.UNREACHABLE)
    assert first.reason == "the scan did not end in the time it is given (States.Timeout)"
    assert (first.objects, first.cells) == ((), ())
    assert recorded(world, "KeyError", "") == first
    assert list(world.names()) == [f"outcome/{RUN}/{MEMBER}.json"]


def test_a_scan_that_committed_before_it_broke_off_keeps_its_outcome() -> None:
    world = World()
    sealed = world.sweep()(world.day(1))
    found = recorded(world, "States.Timeout", "")
    assert (found.status, [one.status for one in sealed.manifest.coverage]) == (OutcomeStatus.SEALED, ["sealed"] * 2)
