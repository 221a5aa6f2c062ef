"""Which entry of a register speaks of an identity: by its AWS id, by an ARN pattern, or by its family."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from re import Pattern
from typing import Protocol

from .policy import pattern


class Entry(Protocol):
    """An entry of a register or an exception: whom it names, and when it holds."""

    @property
    def identity(self) -> str:
        """An id, an ARN pattern or a family."""
        ...

    def holds(self, at: datetime) -> bool:
        """True while the entry is in effect."""
        ...


class Named(Protocol):
    """What of an identity an entry may name it by."""

    @property
    def id(self) -> str:
        """AWS's unique id."""
        ...

    @property
    def arn(self) -> str:
        """The ARN."""
        ...

    @property
    def family(self) -> str | None:
        """The family with its shape, None where it has none."""
        ...


@cache
def _compiled(text: str) -> Pattern[str]:
    return pattern(text)


def names(entry: Entry, one: Named) -> bool:
    """True if `entry` names this identity, whether or not it holds; a lookalike name has another family."""
    wanted = entry.identity
    if wanted.startswith("arn:"):
        return _compiled(wanted).fullmatch(one.arn) is not None
    return wanted in (one.id, one.family)


def first[E: Entry](entries: Iterable[E], one: Named, at: datetime) -> E | None:
    """The first entry that names this identity and holds at `at`."""
    return next((entry for entry in entries if names(entry, one) and entry.holds(at)), None)


def lapsed[E: Entry](entries: Iterable[E], one: Named, at: datetime) -> E | None:
    """The first entry that names this identity and does not hold at `at`: what a reason can say instead of nothing."""
    return next((entry for entry in entries if names(entry, one) and not entry.holds(at)), None)
