"""A sample anybody can draw again: the same inputs give the same items, whatever order they come in, and the shares add up."""

import hashlib
import hmac
from itertools import combinations
from math import ceil, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.sampling import MOST_CRITICAL, Item, allot, draw, rank, size_without_deviation

POPULATION = hashlib.sha256(b"a frozen list").hexdigest()
IDS = st.text(min_size=1, max_size=12).filter(lambda one: one.isprintable())
TIERS = ("critical", "high", "medium", "low", "")


@st.composite
def items(draw_: st.DrawFn) -> list[Item]:
    """A population with tiers and kinds; ids are any text."""
    ids = draw_(st.lists(IDS, unique=True, max_size=60))
    values = st.tuples(st.sampled_from(TIERS), st.sampled_from(("user", "role")))
    return [Item(id=one, values=draw_(values)) for one in ids]


def test_a_rank_is_what_openssl_would_print() -> None:
    """HMAC-SHA256 with the seed as key over the population's hash, a zero byte and the id; worked out apart from the code."""
    message = POPULATION.encode() + b"\x00" + "AKIAEXAMPLE/ä".encode()
    assert (
        rank("dice 4 2 6", POPULATION, "AKIAEXAMPLE/ä") == hmac.new(b"dice 4 2 6", message, hashlib.sha256).hexdigest()
    )


def test_a_known_draw_stays_what_it_was() -> None:
    """Whoever drew with `prooftrail.sample/1` must get the same items for ever; these are what `openssl dgst` and `sort` give."""
    found = draw((Item(id=f"item-{at}") for at in range(10)), n=3, seed="7", population_sha256="ab" * 32)
    assert [one.item_id for one in found.selected] == ["item-1", "item-9", "item-6"]


@given(items(), st.integers(1, 70), st.text(min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_a_population_does_not_matter(found: list[Item], n: int, seed: str, chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    asked = {"n": n, "seed": seed, "population_sha256": POPULATION, "tier_at": 0}
    assert draw(found, **asked) == draw(shuffled, **asked)  # type: ignore[arg-type]


@given(items(), st.integers(1, 70))
@settings(max_examples=80, deadline=None)
def test_the_shares_add_up_and_critical_items_are_all_there(found: list[Item], n: int) -> None:
    drawn = draw(found, n=n, seed="s", population_sha256=POPULATION, tier_at=0)
    critical = {one.id for one in found if one.values[0] == "critical"}
    assert sum(one.drawn for one in drawn.shares) == len(drawn.selected) == max(min(n, len(found)), len(critical))
    assert {one.stratum: one.items for one in drawn.shares} == _counted(found)
    chosen = {one.item_id for one in drawn.selected}
    assert critical <= chosen <= {one.id for one in found}
    assert [one.number for one in drawn.selected] == list(range(1, len(drawn.selected) + 1))


@given(items(), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_without_strata_the_lowest_ranks_are_taken(found: list[Item], n: int) -> None:
    bare = [Item(id=one.id) for one in found]
    chosen = draw(bare, n=n, seed="s", population_sha256=POPULATION).selected
    ranked = sorted((rank("s", POPULATION, one.id), one.id) for one in bare)
    assert [(one.rank, one.item_id) for one in chosen] == ranked[:n]


@pytest.mark.parametrize(
    ("critical", "whole"), [(0, False), (1, True), (MOST_CRITICAL, True), (MOST_CRITICAL + 1, False)]
)
def test_critical_items_are_all_taken_up_to_sixty(critical: int, whole: bool) -> None:
    found = [Item(id=f"c{at}", values=("critical",)) for at in range(critical)]
    found += [Item(id=f"l{at}", values=("low",)) for at in range(500)]
    drawn = draw(found, n=25, seed="s", population_sha256=POPULATION, tier_at=0)
    taken = sum(one.stratum == "critical" for one in drawn.selected)
    assert (taken == critical and any(one.whole for one in drawn.shares)) is whole


def test_more_critical_items_than_were_asked_for_are_taken_all_the_same_and_leave_nothing_for_others() -> None:
    found = [Item(id=f"c{at}", values=("critical",)) for at in range(30)] + [Item(id="low", values=("low",))]
    drawn = draw(found, n=25, seed="s", population_sha256=POPULATION, tier_at=0)
    assert {one.stratum: one.drawn for one in drawn.shares} == {"critical": 30, "low": 0}


def test_the_tier_is_nothing_special_where_it_is_no_stratum() -> None:
    found = [Item(id=f"c{at}", values=("critical",)) for at in range(10)]
    assert len(draw(found, n=4, seed="s", population_sha256=POPULATION).selected) == 4


@pytest.mark.parametrize(
    ("sizes", "n", "given_"),
    [
        ({}, 5, {}),
        ({"a": 10}, 0, {"a": 0}),
        ({"a": 10}, 3, {"a": 3}),
        ({"a": 2, "b": 2}, 9, {"a": 2, "b": 2}),
        ({"a": 1, "b": 1}, 1, {"a": 1, "b": 0}),  # equal remainders: by name
        ({"b": 1, "a": 1}, 1, {"a": 1, "b": 0}),
        ({"a": 50, "b": 30, "c": 20}, 10, {"a": 5, "b": 3, "c": 2}),
        ({"a": 5, "b": 3, "c": 2}, 4, {"a": 2, "b": 1, "c": 1}),
        ({"a": 1000, "b": 1}, 2, {"a": 1, "b": 1}),  # none is left out while another gives more than one
        ({"a": 1000, "b": 1, "c": 2}, 2, {"a": 1, "b": 0, "c": 1}),  # the larger first
        ({"a": 1000, "b": 1, "c": 2}, 3, {"a": 1, "b": 1, "c": 1}),
    ],
)
def test_what_is_left_is_shared_by_largest_remainder_and_nobody_is_forgotten(
    sizes: dict[str, int], n: int, given_: dict[str, int]
) -> None:
    assert allot(sizes, n) == given_


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 400), max_size=8), st.integers(0, 500))
def test_shares_sum_to_what_there_is_to_share_and_none_gives_more_than_it_has(sizes: dict[str, int], n: int) -> None:
    shares = allot(sizes, n)
    assert sum(shares.values()) == min(n, sum(sizes.values()))
    assert all(0 <= shares[one] <= sizes[one] for one in sizes)
    assert not sizes or n < len(sizes) or all(shares.values())


@pytest.mark.parametrize(
    ("confidence", "tolerable", "size"),
    [(90, 10, 22), (95, 10, 29), (90, 5, 45), (95, 5, 59), (99, 90, 2), (50, 50, 1)],
)
def test_sizes_of_a_large_population_are_those_of_the_tables(confidence: int, tolerable: int, size: int) -> None:
    assert size_without_deviation(confidence=confidence, tolerable=tolerable) == size
    assert size_without_deviation(confidence=confidence, tolerable=tolerable, population=500) == size
    assert abs(size - log(1 - confidence / 100) / log(1 - tolerable / 100)) < 1


@pytest.mark.parametrize(("population", "size"), [(0, 0), (1, 1), (2, 2), (20, 14), (25, 13), (100, 20), (499, 22)])
def test_a_small_population_needs_fewer(population: int, size: int) -> None:
    found = size_without_deviation(confidence=90, tolerable=10, population=population)
    assert found == size <= min(population, 22)


@pytest.mark.parametrize("population", [5, 8, 11])
def test_a_size_is_the_smallest_that_would_find_a_tolerable_rate_often_enough(population: int) -> None:
    """Counted one by one: of all samples of that size, at most 10 % may miss every deviating item."""
    deviating = ceil(population * 0.3)
    for n in range(population + 1):
        every = list(combinations(range(population), n))
        missed = sum(all(one >= deviating for one in chosen) for chosen in every)
        if missed * 10 <= len(every):
            assert size_without_deviation(confidence=90, tolerable=30, population=population) == n
            return
    pytest.fail("no size finds it")


@pytest.mark.parametrize("wrong", [0, 100, -1])
def test_a_rate_that_is_no_percentage_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="percentages"):
        size_without_deviation(confidence=90, tolerable=wrong)
    with pytest.raises(ValueError, match="percentages"):
        size_without_deviation(confidence=wrong, tolerable=10)


def test_suggestions_say_what_each_size_is_for() -> None:
    found = dict(sampling.suggestions(10_000))
    assert found["no deviation found, 95 % confident of fewer than 5 %"] == "59"
    assert found["a control that operates once a year"] == "1"


def _counted(found: list[Item]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.stratum] = counts.get(one.stratum, 0) + 1
    return dict(sorted(counts.items()))
