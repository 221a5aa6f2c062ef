"""Asking about many things: in parallel once it is known to help, and not for ever."""

import threading

import pytest

from prooftrail.adapters.aws.iam_each import each
from prooftrail.adapters.aws.observer import Collecting, Refused
from prooftrail.model.reading import Gap, GapReason
from tests.adapters.aws.loopback import listening
from tests.adapters.aws.scripted import watching


def a_refusal(reason: GapReason, subject: str = "x") -> Refused:
    return Refused(Gap(api="iam:ListAccessKeys", reason=reason, detail="refused", subject=subject))


@pytest.fixture
def found() -> Collecting[str]:
    with listening() as aws:
        return Collecting(watching(aws).observer)


def test_everything_is_asked_once(found: Collecting[str]) -> None:
    seen: list[int] = []
    each(found, range(500), seen.append)
    assert sorted(seen) == list(range(500))
    assert found.complete


def test_nothing_to_ask_about_is_fine(found: Collecting[str]) -> None:
    each(found, [], lambda _: pytest.fail("nothing to ask"))
    assert found.complete


def test_threads_share_the_work_after_the_first_answer(found: Collecting[str]) -> None:
    first, together = threading.Event(), threading.Barrier(4, timeout=5)

    def ask(number: int) -> None:
        if not first.is_set():
            first.set()
        elif number <= 4:
            together.wait()  # passes only if four are asked at the same time

    each(found, range(40), ask)
    assert not together.broken


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED, GapReason.UNREACHABLE])
def test_three_refusals_and_no_answer_end_it_with_one_gap(found: Collecting[str], reason: GapReason) -> None:
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        raise a_refusal(reason)

    each(found, range(5000), ask)
    assert asked == [0, 1, 2]
    (gap,) = found.reading().gaps
    assert (gap.reason, gap.subject) == (reason, None)
    assert gap.detail == "refused (so for the first 3 of 5000; the others were not asked)"


def test_refusals_of_all_of_a_few_things_stay_their_own(found: Collecting[str]) -> None:
    def ask(number: int) -> None:
        raise a_refusal(GapReason.DENIED, f"user{number}")

    each(found, range(3), ask)
    assert [gap.subject for gap in found.reading().gaps] == ["user0", "user1", "user2"]


def test_denials_after_an_answer_are_each_their_own_and_do_not_end_it(found: Collecting[str]) -> None:
    def ask(number: int) -> None:
        if number:
            raise a_refusal(GapReason.DENIED, f"user{number}")

    each(found, range(200), ask)
    assert len(found.reading().gaps) == 199


def test_many_failures_in_a_row_end_it_even_after_an_answer(found: Collecting[str]) -> None:
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        if number:
            raise a_refusal(GapReason.UNREACHABLE, f"user{number}")

    each(found, range(5000), ask)
    assert len(asked) < 60
    assert "were not asked after this" in next(gap.detail for gap in found.reading().gaps if gap.subject is None)


def test_a_defect_is_raised_at_once_and_not_taken_for_a_refusal(found: Collecting[str]) -> None:
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        if number == 7:
            raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        each(found, range(50_000), ask)
    assert len(asked) < 50_000
