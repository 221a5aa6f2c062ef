"""What waits in compressed memory comes back as it was, part by part; and each matter's part is known by its id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.flows.notice_index import MatterIndex
from prooftrail.flows.notice_spool import Parted, Spool


@pytest.mark.parametrize(
    "records", [[], ["a"], ["", "\n", "\r\n", "\u2028", "\x00"], ["x" * 70_000] * 5, [str(n) for n in range(40_000)]]
)
def test_records_come_back_in_their_order(records: list[str]) -> None:
    spool = Spool(str)
    for one in records:
        spool.add(one)
    assert list(spool.read()) == records


@given(st.lists(st.text(), max_size=50))
def test_equal_keys_lie_in_one_part_and_nothing_is_lost(keys: list[str]) -> None:
    parted = Parted(str, 4)
    for key in keys:
        parted.add(parted.part_of(key), key)
    read = [list(parted.read(part)) for part in range(4)]
    assert sorted(one for part in read for one in part) == sorted(keys)
    assert all(parted.part_of(one) == part for part, found in enumerate(read) for one in found)


@given(st.dictionaries(st.text(), st.integers(0, 255), max_size=50), st.text())
def test_the_part_of_each_matter_is_known_and_of_no_other(parts: dict[str, int], other: str) -> None:
    index = MatterIndex()
    for matter, part in parts.items():
        index.add(matter, part)
    assert {matter: index.part_of(matter) for matter in parts} == parts
    assert other in parts or index.part_of(other) is None


def test_what_is_added_after_a_question_is_known_too() -> None:
    index = MatterIndex()
    assert index.part_of("a") is None
    index.add("a", 3)
    assert index.part_of("a") == 3
