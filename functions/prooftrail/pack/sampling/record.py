"""The record of a draw: from which frozen population, with whose seed, what was taken, and how to draw it again by hand."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.errors import ConfigError, EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.sampling import Item, Selected, Share

ID_COLUMNS = ("item_id", "identity_id", "id")
"""Where the id of an item stands, the first of these that the population has."""

TIER_COLUMNS = ("tier", "inherent_tier", "residual_tier")
_ID_LENGTH = 16  # hexadecimal digits of a sample's id


class SeedSource(StrEnum):
    """Who gave the seed."""

    AUDITOR = "auditor"
    WITNESS = "witness"
    OPERATOR = "operator"


MARK = ", NOT INDEPENDENT"
"""Ends the sentence of a draw that is not."""

NOT_INDEPENDENT = "NOT INDEPENDENT: the operator chose the seed, and could have tried others until a sample pleased."
_SETTLED = "if size and strata were settled before anybody knew the seed"
_INDEPENDENT = {
    SeedSource.AUDITOR: (
        f"independent, if the auditor chose the seed and told nobody before the population was frozen, and {_SETTLED}"
    ),
    SeedSource.WITNESS: (
        "independent of the operator, as far as the watchdog is, whose word was said after the run was closed, and"
        f" {_SETTLED}"
    ),
}
FIRST = "first in this copy's log: another copy has a log of its own"
"""What is said of a draw before which none from its population is on record."""


class Exclusion(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """An item that was not to be drawn, and why."""

    item_id: str
    reason: str


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen list as it was handed over: its bytes' SHA-256, and its rows with their cells as they stand in the file."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    item_column: str

    def cell(self, row: Sequence[str], column: str) -> str:
        """One cell of a row; empty where the population has no such column."""
        return row[self.columns.index(column)] if column in self.columns else ""

    def row_of(self) -> dict[str, tuple[str, ...]]:
        """Each row by its item's id."""
        return {self.cell(one, self.item_column): one for one in self.rows}

    def strata_columns(self, asked: Iterable[str]) -> tuple[str, ...]:
        """The columns meant by the strata. Raises ConfigError for one that the population does not have."""
        found = []
        for one in asked:
            column = next(
                (each for each in (one, *(TIER_COLUMNS if one == "tier" else ())) if each in self.columns), None
            )
            if column is None:
                raise ConfigError(
                    f"--strata {one!r} is no column of population {self.name}: it has {', '.join(self.columns)}."
                )
            found.append(column)
        return tuple(found)

    def items(self, strata: Sequence[str], without: Iterable[str] = ()) -> tuple[Item, ...]:
        """What can be drawn, each with its values of these columns."""
        left_out = frozenset(without)
        found = ((self.cell(one, self.item_column), one) for one in self.rows)
        return tuple(
            Item(id=item_id, values=tuple(self.cell(row, column) for column in strata))
            for item_id, row in found
            if item_id not in left_out
        )


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A draw on record. `rows` counts the population, `n` is the size asked for; `independent` is False for the operator's
    seed, with exclusions, and where the seed was used before for another draw: `independence` says which.

    `strata` are the columns it is stratified by. `population_of` says what the population was taken from: a pack by its
    SHA-256, or a locker and its run. `seed_word` is the watchdog's word that the seed is the SHA-256 of.
    """

    id: str
    algorithm: str = sampling.ALGORITHM
    population_ref: str
    population_of: str
    population_sha256: str
    item_column: str
    rows: int
    n: int
    seed: str
    seed_source: SeedSource
    seed_word: str | None
    independent: bool
    independence: str
    strata: tuple[str, ...]
    shares: tuple[Share, ...]
    selected: tuple[Selected, ...]
    exclusions: tuple[Exclusion, ...]
    drawn_at: datetime
    drawn_by: str
    redo_by_hand: tuple[str, ...]


def read_population(name: str, body: bytes) -> Population:
    """The population as its CSV has it. Raises EvidenceUnreadable for what is no list of items with ids of their own."""
    try:
        columns, *rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise EvidenceUnreadable(f"population {name} is no CSV with a header: {error}.") from error
    item_column = next((one for one in ID_COLUMNS if one in columns), None)
    if item_column is None:
        raise EvidenceUnreadable(f"population {name} has no column {' or '.join(ID_COLUMNS)}: nothing names its items.")
    if any(len(one) != len(columns) for one in rows):
        raise EvidenceUnreadable(f"population {name} has rows of other lengths than its header.")
    at = columns.index(item_column)
    twice = [item for item, times in Counter(one[at] for one in rows).items() if times > 1]
    if twice:
        raise EvidenceUnreadable(
            f"population {name} lists {twice[0]!r} more than once: an item can be drawn only once."
        )
    return Population(
        name=name,
        sha256=canonical.sha256(body),
        columns=tuple(columns),
        rows=tuple(map(tuple, rows)),
        item_column=item_column,
    )


def parse_exclusions(said: Iterable[str], population: Population) -> tuple[Exclusion, ...]:
    """`ID:REASON`, each about an item of the population, by id; ids may hold colons. Raises ConfigError."""
    ids = population.row_of().keys()
    found: dict[str, Exclusion] = {}
    for one in said:
        item = max((each for each in _beginnings(one) if each in ids), key=len, default=None)
        if item is None:
            raise ConfigError(f"--exclude {one!r} names no item of population {population.name}: write ID:REASON.")
        reason = one[len(item) + 1 :].strip()
        if not reason:
            raise ConfigError(f"--exclude {item}: a reason is missing; nothing is left out of a sample without one.")
        if item in found:
            raise ConfigError(f"--exclude names {item} twice.")
        found[item] = Exclusion(item_id=item, reason=reason)
    return tuple(sorted(found.values()))


def sample_id(
    population_sha256: str, *, seed: str, n: int, strata: Sequence[str], exclusions: Sequence[Exclusion]
) -> str:
    """The id of a draw: the same inputs give the same id, and nothing else does."""
    of = {
        "algorithm": sampling.ALGORITHM,
        "population_sha256": population_sha256,
        "seed": seed,
        "n": n,
        "strata": list(strata),
        "exclusions": exclusions,
    }
    return canonical.digest(of)[:_ID_LENGTH]


def population_of(taken_from: str, run_id: str) -> str:
    """What a population was taken from, in words, and which accounts are in it: those of one run, whatever period was asked for."""
    return f"{taken_from}, as of run {run_id}: of the accounts that this run planned for"


def file_of(sample: Sample) -> str:
    """The name the record of a draw is kept under."""
    return f"25_sample_{sample.id}.json"


def independence(source: SeedSource, *, excluded: int = 0, used_by: str | None = None) -> str:
    """How far the draw can be called independent of who is audited; what it is not begins with NOT INDEPENDENT.

    `excluded` counts the exclusions; `used_by` is the id of another draw that this seed was used for before.
    """
    against = [] if source in _INDEPENDENT else [NOT_INDEPENDENT]
    if excluded:
        what = "one item was" if excluded == 1 else f"{excluded:,} items were"
        against.append(
            f"NOT INDEPENDENT: {what} kept out of the draw by name, so that no seed could choose what is excluded."
        )
    if used_by:
        against.append(
            f"NOT INDEPENDENT: this seed was used before for a draw from this population (sample {used_by}) of other size,"
            " strata, exclusions or giver of the seed: whoever knows a seed can try them until a sample pleases."
        )
    return " ".join(against) or _INDEPENDENT[source]


def used_before(entries: Iterable[str], *, sample: str, seed: str, source: SeedSource) -> str | None:
    """The id of the first draw with this seed, where that was another than this one; None where it was not, or there is none.

    `entries` are the draws from one population as `said` words them, oldest first.
    """
    for one in entries:
        ends = [f"; seed {seed!r} of the {each}{mark}" for each in SeedSource for mark in ("", MARK)]
        if one.endswith(tuple(ends)):
            found = one.removeprefix("sample ").partition(":")[0]
            same = found == sample and one.removesuffix(MARK).endswith(f" of the {source}")
            return None if same else found
    return None


def said(sample: Sample) -> str:
    """The draw in one sentence, as the record keeps it, and as `used_before` reads it."""
    strata = f", by {' and '.join(sample.strata)}" if sample.strata else ""
    left_out = f", {len(sample.exclusions)} excluded" if sample.exclusions else ""
    return (
        f"sample {sample.id}: {sample.n} of {sample.rows} items of {sample.population_ref} ({sample.population_sha256})"
        f"{strata}{left_out}; seed {sample.seed!r} of the {sample.seed_source}{'' if sample.independent else MARK}"
    )


def redo_by_hand(population: Population, *, seed: str, strata: Sequence[str], exclusions: int) -> tuple[str, ...]:
    """The draw again with nothing of ours."""
    key = seed.encode().hex()
    told = [
        f"sha256sum {population.name}.csv must print {population.sha256}.",
        f"For each value ID of its column {population.item_column}{' but for the exclusions' if exclusions else ''}, as it stands there, the rank is"
        " what this prints:"
        f" printf '%s\\0%s' {population.sha256} \"$ID\" | openssl dgst -sha256 -mac HMAC -macopt hexkey:{key}",
    ]
    if strata:
        told.append(
            f"Group the items by {' and '.join(strata)}. Sort each group by rank and take as many from its top as `shares`"
            " says it gives."
        )
        told.append(
            f"`shares`: with the tier among the strata all critical items are taken where there are at most {sampling.MOST_CRITICAL} of"
            " them; what is left of n is shared in proportion to the size of each other group, the fractions cut off,"
            " the rest going one each to the largest remainders (ties by name); then each group without any, the"
            " largest first, gets one of the group that gives most, as long as that one gives more than one."
        )
    else:
        told.append("Sort by rank and take the n items at the top; all of them where there are no more than n.")
    return tuple(told)


def _beginnings(said: str) -> Iterable[str]:
    """Every part of `said` that ends before one of its colons."""
    return (said[:at] for at, one in enumerate(said) if one == ":")
