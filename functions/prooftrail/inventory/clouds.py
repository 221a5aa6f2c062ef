"""Tells over which things a gap hangs: those it names, or all of a reading where it names none of them."""

from collections.abc import Iterable
from typing import Self

import msgspec

from prooftrail.model.identity import Observed
from prooftrail.model.reading import Gap


class Clouds(msgspec.Struct, frozen=True, kw_only=True):
    """What the gaps of one reading leave in doubt."""

    all: bool = False
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, gaps: Iterable[Gap], subjects: Iterable[Observed]) -> Self:
        """The doubt `gaps` cast over `subjects`: a gap whose subject is none of them, or that has none, is over all."""
        subjects = tuple(subjects)
        known = {name for one in subjects for name in _names(one)}
        named = [one.subject for one in gaps]
        return cls(
            all=any(name is None or name not in known for name in named),
            names=frozenset(name for name in named if name is not None),
        )

    def over(self, one: Observed) -> bool:
        """True if a gap may hide something of `one`."""
        return self.all or not self.names.isdisjoint(_names(one))


def _names(one: Observed) -> tuple[str, ...]:
    return one.id, one.arn, one.name
