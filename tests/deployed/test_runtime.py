"""The Runtime API of these tests behaves as AWS's: results, errors and failed starts come back as what they are."""

from pathlib import Path

import pytest

from tests.deployed import runtime
from tests.deployed.runtime import Answer

_CODE = """
import os, sys

seen = []

def twice(event, context):
    seen.append(event)
    return {"event": event, "seen": len(seen), "id": context.aws_request_id, "left": context.get_remaining_time_in_millis() > 0}

def refuses(event, context):
    raise ValueError("no such account")

def leaves(event, context):
    print("reached")
    os._exit(3)

def surroundings(event, context):
    return {"environment": sorted(os.environ), "path": sys.path[:1], "libraries": [one for one in sys.path if "site-packages" in one]}

def hangs(event, context):
    print("reached")
    while True:
        pass
"""


@pytest.fixture(scope="module")
def trifle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with a handful of handlers."""
    root = tmp_path_factory.mktemp("trifle")
    (root / "doors.py").write_text(_CODE)
    return root


def test_a_function_stays_warm_between_two_events(trifle: Path, place: Path) -> None:
    with runtime.function(trifle, "doors.twice", {}, place=place) as function:
        answers = [function.invoke({"n": number}).value() for number in (1, 2)]
    assert answers == [
        {"event": {"n": 1}, "seen": 1, "id": "00000000-0000-4000-8000-000000000001", "left": True},
        {"event": {"n": 2}, "seen": 2, "id": "00000000-0000-4000-8000-000000000002", "left": True},
    ]


def test_an_exception_is_an_error_with_type_and_message_and_the_next_event_is_served(trifle: Path, place: Path) -> None:
    with runtime.function(trifle, "doors.refuses", {}, place=place) as function:
        assert [function.invoke({}).refusal() for _ in range(2)] == [("ValueError", "no such account")] * 2


def test_a_handler_that_is_not_there_fails_at_the_start(trifle: Path, place: Path) -> None:
    with runtime.function(trifle, "nowhere.twice", {}, place=place) as function:
        kind, message = function.answer().refusal()
    assert (kind, message) == (
        "Runtime.ImportModuleError",
        "Unable to import module 'nowhere': No module named 'nowhere'",
    )


@pytest.mark.parametrize(("handler", "within_s"), [("doors.leaves", 30.0), ("doors.hangs", 1.0)])
def test_a_function_that_ends_or_overruns_its_time_leaves_no_answer(
    trifle: Path, place: Path, handler: str, within_s: float
) -> None:
    with runtime.function(trifle, handler, {}, place=place) as function:
        assert function.invoke({}, within_s=within_s) == Answer(ended=True)
        assert function.log() == "reached\n"


def test_nothing_of_the_tests_leaks_into_a_function(trifle: Path, place: Path) -> None:
    with runtime.function(trifle, "doors.surroundings", {"PROOFTRAIL_STAGE": "test"}, place=place) as function:
        seen = function.invoke({}).value()
    assert seen == {
        "environment": [
            "AWS_LAMBDA_RUNTIME_API",
            "LAMBDA_TASK_ROOT",
            "LC_CTYPE",
            "PROOFTRAIL_STAGE",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONPATH",
            "_HANDLER",
        ],
        "path": [str(trifle)],
        "libraries": [],
    }
