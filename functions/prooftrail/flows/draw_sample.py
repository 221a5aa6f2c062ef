"""Draws a sample from a frozen population and puts it on record before anybody sees it."""

from datetime import datetime
from typing import Protocol

import msgspec

from prooftrail.errors import AccessError, ConfigError
from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.manifest import Head
from prooftrail.model import canonical
from prooftrail.pack.sampling import draw_log, sampling
from prooftrail.pack.sampling import record as sample_record
from prooftrail.pack.sampling.record import TIER_COLUMNS, Population, Sample, SeedSource, said
from prooftrail.ports import Clock, Locker

from .custody_read import custody_records
from .record_custody import RecordCustody

LONGEST_SEED = 1000
"""Characters of a seed."""


class DrawLog(Protocol):
    """Where draws are on record."""

    def draws_of(self, population_sha256: str) -> tuple[str, ...]:
        """The draws from this population on record, oldest first, as `record.said` words them.

        Raises EvidenceUnreadable for a record that does not hold.
        """
        ...

    def enter(self, sample: Sample, *, reason: str) -> str:
        """Put the draw on record, durably, and say where. Raises AccessError where that is refused."""
        ...


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen population: what it lists, its bytes, and what it was taken from, in words."""

    population: Population
    body: bytes
    ref: str
    of: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be drawn. `seed_word` is the watchdog's word the seed comes from, None for any other seed."""

    size: int
    seed: str
    seed_source: SeedSource
    seed_word: str | None = None
    strata: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    reason: str = "audit sample"


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A draw, how many from the same population were on record before it, and where it is on record."""

    sample: Sample
    earlier: int
    entered: str


class DrawSample:
    """Draws, and enters each draw in the log first: what was not entered is not returned."""

    def __init__(self, *, log: DrawLog, who: str, clock: Clock) -> None:
        self._log, self._who, self._clock = log, who, clock

    def __call__(self, frozen: Frozen, wish: Wish) -> Drawing:
        """The same population, seed, size, strata and exclusions give the same sample, and another entry.

        Raises ConfigError for a wish that cannot be met, EvidenceUnreadable for a broken log, AccessError where the log
        takes no entry.
        """
        earlier = self._log.draws_of(frozen.population.sha256)
        sample = self._drawn(frozen, wish, earlier)
        return Drawing(sample=sample, earlier=len(earlier), entered=self._log.enter(sample, reason=wish.reason))

    def _drawn(self, frozen: Frozen, wish: Wish, earlier: tuple[str, ...]) -> Sample:
        population = frozen.population
        seed = _seed(wish.seed)
        strata = population.strata_columns(wish.strata)
        exclusions = sample_record.parse_exclusions(wish.exclude, population)
        items = population.items(strata, without=(one.item_id for one in exclusions))
        if wish.size < 1 or not items:
            raise ConfigError(
                f"population {population.name} has nothing to draw: {len(population.rows)} items,"
                f" {len(exclusions)} excluded, {wish.size} asked for."
            )
        tier_at = next((at for at, one in enumerate(strata) if one in TIER_COLUMNS), None)
        drawn = sampling.draw(items, n=wish.size, seed=seed, population_sha256=population.sha256, tier_at=tier_at)
        name = sample_record.sample_id(population.sha256, seed=seed, n=wish.size, strata=strata, exclusions=exclusions)
        used = sample_record.used_before(earlier, sample=name, seed=seed, source=wish.seed_source)
        return Sample(
            id=name,
            population_ref=frozen.ref,
            population_of=frozen.of,
            population_sha256=population.sha256,
            item_column=population.item_column,
            rows=len(population.rows),
            n=wish.size,
            seed=seed,
            seed_source=wish.seed_source,
            seed_word=wish.seed_word,
            independent=wish.seed_source is not SeedSource.OPERATOR and not exclusions and used is None,
            independence=sample_record.independence(wish.seed_source, excluded=len(exclusions), used_by=used),
            strata=strata,
            shares=drawn.shares,
            selected=drawn.selected,
            exclusions=exclusions,
            drawn_at=canonical.utc(self._clock.now()).replace(microsecond=0),
            drawn_by=self._who,
            redo_by_hand=sample_record.redo_by_hand(population, seed=seed, strata=strata, exclusions=len(exclusions)),
        )


class LockerDrawLog:
    """The custody records of a locker: each draw is sealed below `custody/`, and the next manifest names it."""

    def __init__(self, locker: Locker, *, head: Head, record: RecordCustody, reference: str) -> None:
        self._locker, self._head, self._record, self._reference = locker, head, record, reference

    def draws_of(self, population_sha256: str) -> tuple[str, ...]:
        """The draws from this population that its custody records tell of, oldest first."""
        found = [
            (one.at, key, one.scope)
            for key, one in custody_records(self._locker)
            if one.action is CustodyAction.SAMPLE and population_sha256 in one.scope
        ]
        return tuple(scope for _, _, scope in sorted(found))

    def enter(self, sample: Sample, *, reason: str) -> str:
        """Seal the record. Raises AccessError where whoever draws may read here and not write."""
        try:
            return self._record(self._custody(sample, reason))
        except AccessError as refused:
            raise AccessError(
                f"the draw cannot be put on record in {self._locker.describe()}, so it was not made: {refused} Draw from a"
                " pack, or from a copy of your own (`prooftrail pull`), which keep the record beside them."
            ) from refused

    def _custody(self, sample: Sample, reason: str) -> Custody:
        chosen = [one.item_id for one in sample.selected]
        return Custody(
            action=CustodyAction.SAMPLE,
            who=sample.drawn_by,
            at=sample.drawn_at,
            locker=self._locker.describe(),
            head=self._head,
            scope=said(sample),
            reason=reason,
            reference=self._reference or sample.id,
            objects=len(chosen),
            objects_sha256=draw_log.selected_sha256(chosen),
        )


def entry_of(sample: Sample, *, pack_sha256: str, reason: str) -> draw_log.Draw:
    """The draw as an entry of the log beside a pack; its place in the log is given when it is written."""
    return draw_log.Draw(
        number=0,
        previous=None,
        at=_whole(sample.drawn_at),
        actor=sample.drawn_by,
        action=CustodyAction.SAMPLE.value,
        pack_sha256=pack_sha256,
        object=said(sample),
        population_sha256=sample.population_sha256,
        result=f"{len(sample.selected)} drawn, {draw_log.selected_sha256([one.item_id for one in sample.selected])}",
        reason=reason,
    )


def _whole(at: datetime) -> datetime:
    return canonical.utc(at).replace(microsecond=0)


def _seed(seed: str) -> str:
    if not seed.strip() or len(seed) > LONGEST_SEED:
        raise ConfigError(f"--seed is missing, or longer than {LONGEST_SEED} characters.")
    try:
        seed.encode()
    except UnicodeEncodeError:
        raise ConfigError("--seed is no Unicode text: nobody could type it again.") from None
    return seed
