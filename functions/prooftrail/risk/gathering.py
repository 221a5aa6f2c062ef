"""What speaks for and against an identity while its factors are gathered: what is so, what could be, and what has an age."""

from datetime import timedelta

import msgspec

from prooftrail.governance.thresholds import LimitKey, Limits
from prooftrail.model.judgement import Factor, Tier

from .method import heaviest, model

_QUOTED_AT_MOST = 2  # facts behind one factor; the rest are counted


type Span = tuple[timedelta, timedelta | None]
"""Between which two an age lies; None where nothing bounds it."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """The factor of what is older than a limit, and that of what is older than twice the limit, where there is one."""

    once: str
    twice: str | None = None


ROTATION = Overdue(once="rotation_overdue", twice="rotation_overdue_2x")
UNUSED = Overdue(once="unused_over_limit")


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """Something whose age is held against a limit once the first tier is known, because the limit depends on it.

    `what` reads before its age: `access key AKIA… was created`.
    """

    overdue: Overdue
    limit: LimitKey
    span: Span
    what: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The factors of one identity with the fact each rests on: those that are so, and those that could not be told."""

    present: tuple[Factor, ...] = ()
    possible: tuple[Factor, ...] = ()

    @property
    def lower(self) -> frozenset[str]:
        """The names of what counts at least."""
        return frozenset(one.name for one in self.present)

    @property
    def upper(self) -> frozenset[str]:
        """The names of what counts at most."""
        return heaviest({*self.lower, *(one.name for one in self.possible)})


class Gathering:
    """Collects the facts behind the factors of one identity, in any order."""

    def __init__(self) -> None:
        self._sure: dict[str, set[str]] = {}
        self._maybe: dict[str, set[str]] = {}
        self.aged: list[Aged] = []

    def sure(self, factor: str, why: str) -> None:
        """`factor` is present, because of `why`."""
        self._sure.setdefault(factor, set()).add(why)

    def maybe(self, factor: str, why: str) -> None:
        """Nobody could tell whether `factor` is present, because of `why`."""
        self._maybe.setdefault(factor, set()).add(why)

    def told(self, known: bool, factor: str, why: str) -> None:
        """`factor` is present where the fact behind it is `known`, else it may be."""
        (self.sure if known else self.maybe)(factor, why)

    def has(self, *factors: str) -> bool | None:
        """True if one of `factors` is present, None if one may be, False if none is."""
        if any(one in self._sure for one in factors):
            return True
        return None if any(one in self._maybe for one in factors) else False

    def age(self, overdue: Overdue, limit: LimitKey, span: Span, what: str) -> None:
        """Something is as old as `span` says, and `limit` decides whether that is too old."""
        self.aged.append(Aged(overdue=overdue, limit=limit, span=span, what=what))

    def found(self) -> Found:
        """What was gathered, without what is only a lesser degree of something else that is so."""
        present = heaviest(self._sure)
        possible = heaviest({*self._maybe, *present}) - present
        return Found(present=_factors(present, self._sure), possible=_factors(possible, self._maybe))

    def with_ages(self, limits: "TierLimits") -> Found:
        """What was gathered, and whatever is older than the limits of the tiers it could have."""
        whole = self._copy()
        for one in self.aged:
            limits.hold(one, whole)
        return whole.found()

    def _copy(self) -> "Gathering":
        copy = Gathering()
        copy._sure = {name: set(whys) for name, whys in self._sure.items()}
        copy._maybe = {name: set(whys) for name, whys in self._maybe.items()}
        return copy


class TierLimits:
    """The limits of the tiers an identity could have: the laxest one is what breaks for certain, the strictest may."""

    def __init__(self, low: Tier, high: Tier, value: "LimitOf") -> None:
        self._tiers = [tier for tier in Tier if low.rank <= tier.rank <= high.rank]
        self._value = value

    def hold(self, one: Aged, to: Gathering) -> None:
        """Tell `to` which factors the age of `one` gives. Exactly the limit is within it."""
        values = [self._value(one.limit, tier) for tier in self._tiers]
        laxest, strictest = max(values), min(values)
        at_least, at_most = one.span
        for times, factor in ((2, one.overdue.twice), (1, one.overdue.once)):
            if factor is None:
                continue
            if at_least > timedelta(days=laxest * times):
                to.sure(factor, f"{one.what} {_days(at_least)} ago, where its tier without this allows {laxest} days")
            elif at_most is None:
                to.maybe(factor, f"{one.what} at an unknown time, where its tier without this allows {strictest} days")
            elif at_most > timedelta(days=strictest * times):
                about = "" if at_least == at_most else "up to "
                told = f"{one.what} {about}{_days(at_most)} ago, where its tier without this allows {_between(strictest, laxest)} days"
                to.maybe(factor, told)


class LimitOf:
    """Gives the value of a threshold at a tier, and remembers it: every identity asks for the same few."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[tuple[LimitKey, Tier], int] = {}

    def __call__(self, limit: LimitKey, tier: Tier) -> int:
        """Whole days."""
        if (limit, tier) not in self._known:
            self._known[limit, tier] = int(self._limits.value(*limit, tier))
        return self._known[limit, tier]


def _factors(names: frozenset[str], whys: dict[str, set[str]]) -> tuple[Factor, ...]:
    points = model().factor
    ordered = sorted(names, key=lambda name: (-points[name].points, name))
    return tuple(Factor(name=name, points=points[name].points, why=_why(whys[name])) for name in ordered)


def _why(whys: set[str]) -> str:
    every = sorted(whys)
    shown = "; ".join(every[:_QUOTED_AT_MOST])
    return shown if len(every) <= _QUOTED_AT_MOST else f"{shown}; and {len(every) - _QUOTED_AT_MOST} more like it"


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}"


def _between(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"
