"""Draws a sample that anybody can draw again: a rank for each item, made of a seed and the frozen population's hash.

`prooftrail.sample/1`: the rank of an item is HMAC-SHA256 with the seed (UTF-8) as key over the population's SHA-256 in
lower-case hexadecimal (ASCII), a zero byte, and the item's id (UTF-8). Of each stratum the lowest ranks are taken.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, groupby
from math import comb

import msgspec

ALGORITHM = "prooftrail.sample/1"
CRITICAL = "critical"
MOST_CRITICAL = 60
"""With the tier among the strata, critical items are all taken where the population has no more of them than this."""

NO_VALUE = "(none)"
_SEPARATOR = " / "
_SMALL = 500  # items: below, the sizes of an infinite population would ask for too many


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a population: its id, and its value of each stratum, in the order the strata were asked for."""

    id: str
    values: tuple[str, ...] = ()

    @property
    def stratum(self) -> str:
        """The name of the stratum it lies in; the empty one where nothing is stratified."""
        return _SEPARATOR.join(one or NO_VALUE for one in self.values)


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the sample: its number there, from 1, its stratum, and its rank in hexadecimal."""

    number: int
    item_id: str
    stratum: str
    rank: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one stratum; `whole` where every item of it had to be taken."""

    stratum: str
    items: int
    drawn: int
    whole: bool = False


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, by stratum and rank, and how it spreads over the strata, by name."""

    selected: tuple[Selected, ...]
    shares: tuple[Share, ...]


def rank(seed: str, population_sha256: str, item_id: str) -> str:
    """The rank of one item, as 64 hexadecimal digits, which sort as the bytes do."""
    message = population_sha256.encode("ascii") + b"\0" + item_id.encode()
    return hmac.digest(seed.encode(), message, "sha256").hex()


def draw(items: Iterable[Item], *, n: int, seed: str, population_sha256: str, tier_at: int | None = None) -> Drawn:
    """The sample of `n` items; all of them where there are no more. The order they come in does not matter.

    `tier_at` says which of an item's values is its tier, None where tiers are no stratum. Critical items that must all
    be taken are taken even where they are more than `n`. Ids must differ.
    """
    strata = {name: tuple(found) for name, found in groupby(sorted(items, key=_by_stratum), key=_stratum)}
    sizes = {name: len(found) for name, found in strata.items()}
    whole = _taken_whole(strata, tier_at) if sum(sizes.values()) > n else frozenset(sizes)
    left = max(n - sum(sizes[one] for one in whole), 0)
    drawn = {one: sizes[one] for one in whole}
    drawn |= allot({name: size for name, size in sizes.items() if name not in whole}, left)
    chosen = [
        (name, each, item_id)
        for name, found in strata.items()
        for each, item_id in sorted((rank(seed, population_sha256, one.id), one.id) for one in found)[: drawn[name]]
    ]
    return Drawn(
        selected=tuple(
            Selected(number=at, item_id=item_id, stratum=name, rank=each)
            for at, (name, each, item_id) in enumerate(chosen, 1)
        ),
        shares=tuple(Share(stratum=name, items=sizes[name], drawn=drawn[name], whole=name in whole) for name in strata),
    )


def allot(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of `n` each stratum gives: in proportion, by largest remainder, ties by name.

    Then a stratum without any gets one of the stratum that gives most, largest first, for as long as one gives more than
    one. None gives more than it has; `n` beyond all of them is all of them.
    """
    total = sum(sizes.values())
    n = min(n, total)
    given = {name: n * size // total for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(n * sizes[name] % total), name))
    for name in by_remainder[: n - sum(given.values())]:
        given[name] += 1
    for name in sorted((one for one in sizes if not given[one] and sizes[one]), key=lambda one: (-sizes[one], one)):
        most = min(given, key=lambda one: (-given[one], one))
        if given[most] > 1:
            given[most], given[name] = given[most] - 1, 1
    return given


def size_without_deviation(*, confidence: int, tolerable: int, population: int | None = None) -> int:
    """How many items must show no deviation, for a confidence (percent) that fewer than `tolerable` percent deviate.

    ceil(ln(1 - c) / ln(1 - t)) for a large population; below 500 items the hypergeometric count, never more than there
    are. Raises ValueError for a percentage outside 1 to 99.
    """
    if not (1 <= confidence <= 99 and 1 <= tolerable <= 99):
        raise ValueError("confidence and tolerable rate are percentages from 1 to 99")
    if population is None or population >= _SMALL:  # in whole numbers: a logarithm's last digit must not decide
        return next(n for n in count(1) if (100 - tolerable) ** n * 100 <= (100 - confidence) * 100**n)
    deviating = -(-population * tolerable // 100)
    for n in range(population):
        if comb(population - deviating, n) * 100 <= (100 - confidence) * comb(population, n):
            return n
    return population


FREQUENCIES = (
    ("once a year", "1"),
    ("once a quarter", "2"),
    ("once a month", "2 to 5"),
    ("once a week", "5 to 15"),
    ("once a day", "20 to 25"),
    ("many times a day, or on each event", "25 to 40, up to 60 at high risk"),
)
"""How often a control operates, and with how many items people commonly start. Practice, and no standard's rule."""

RATES = ((90, 10), (95, 10), (90, 5), (95, 5))
"""Pairs of confidence and tolerable rate, in percent, that sizes are suggested for."""


def suggestions(population: int) -> tuple[tuple[str, str], ...]:
    """Sizes to choose from, each with what it is for; a help, and no decision."""
    rates = (
        (
            f"no deviation found, {confidence} % confident of fewer than {tolerable} %",
            str(size_without_deviation(confidence=confidence, tolerable=tolerable, population=population)),
        )
        for confidence, tolerable in RATES
    )
    return (*((f"a control that operates {often}", size) for often, size in FREQUENCIES), *rates)


def _stratum(one: Item) -> str:
    return one.stratum


def _by_stratum(one: Item) -> tuple[str, str]:
    return one.stratum, one.id


def _taken_whole(strata: Mapping[str, Sequence[Item]], tier_at: int | None) -> frozenset[str]:
    if tier_at is None:
        return frozenset()
    critical = frozenset(name for name, found in strata.items() if found[0].values[tier_at].lower() == CRITICAL)
    return critical if sum(len(strata[one]) for one in critical) <= MOST_CRITICAL else frozenset()
