"""Patterns of policies: what they match, cover and meet, held against trying every short text."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.risk.action_table import WRITTEN, matched, named
from prooftrail.risk.patterns import covers, overlaps, unconstrained

PATTERN = st.text("ab*?", max_size=4)
TEXTS = ["".join(one) for length in range(6) for one in product("abc", repeat=length)]


@given(PATTERN, PATTERN)
def test_a_pattern_that_covers_another_matches_all_it_matches(one: str, other: str) -> None:
    if covers(one, other):
        assert all(covers(one, text) for text in TEXTS if covers(other, text))


@given(PATTERN, PATTERN)
def test_patterns_meet_where_some_text_is_matched_by_both(one: str, other: str) -> None:
    assert overlaps(one, other) == overlaps(other, one)
    if any(covers(one, text) and covers(other, text) for text in TEXTS):
        assert overlaps(one, other)
    elif len(one) + len(other) <= 5:
        assert not overlaps(one, other)


@pytest.mark.parametrize(
    ("resource", "everything"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:s3:::*/*", True),
        ("arn:aws:s3:::bucket/*", False),
        ("arn:aws:s3:::bucket*", False),
        ("arn:aws:dynamodb:*:*:table/*", True),
        ("arn:aws:dynamodb:*:*:table/app-*", False),
        ("arn:aws:secretsmanager:*:111122223333:secret:*", True),
        ("arn:aws:sqs:*:*:queue", False),
        ("arn:aws:iam::*", True),
        ("arn:aws:iam::*:role/team/*", False),
    ],
)
def test_a_resource_is_without_limit_where_nothing_of_its_sort_is_left_out(resource: str, everything: bool) -> None:
    assert unconstrained(resource) is everything


def test_every_known_action_is_found_by_its_own_name_and_by_its_service() -> None:
    for action, written in WRITTEN.items():
        assert named(matched(action)) == (written,)
        assert written in named(matched(f"{action.partition(':')[0]}:*"))
