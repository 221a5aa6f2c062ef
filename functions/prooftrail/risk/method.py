"""How the risk model scores: its classes, points, matrix and floors as data, and the pure function over them.

Source: `model.toml` beside this file, published in docs/risk-model.md.
"""

import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources

import msgspec

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Environment, PrivilegeClass, Tier

_LEAST, _MOST = 1, 5  # of impact and of likelihood


class FactorRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One factor: its points and what it says in words; `not_covered` says why this version never finds it."""

    points: int
    says: str
    not_covered: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The likelihood that holds from these points on."""

    points: int
    likelihood: int


class Matrix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tier of each impact (rows) and likelihood (columns)."""

    rows: tuple[tuple[Tier, ...], ...]


class Floor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier nothing falls below where kind and class are listed (or no list is given) and each list of factors has one."""

    name: str
    tier: Tier
    kinds: tuple[Kind, ...] = ()
    classes: tuple[PrivilegeClass, ...] = ()
    factors: tuple[tuple[str, ...], ...] = ()

    def holds(self, kind: Kind | None, privilege: PrivilegeClass, factors: frozenset[str]) -> bool:
        """True where this floor applies."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.classes or privilege in self.classes)
            and all(not factors.isdisjoint(any_of) for any_of in self.factors)
        )


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Kinds that are always low, whatever they may do."""

    name: str
    kinds: tuple[Kind, ...]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The risk model of one version. Raises ValueError where it is not whole or would rank more as less."""

    version: str
    sensitive_ou: int
    impact: dict[PrivilegeClass, int]
    environment: dict[Environment, int]
    factor: dict[str, FactorRule]
    exclusive: dict[str, tuple[str, ...]]
    step: tuple[Step, ...]
    matrix: Matrix
    floor: tuple[Floor, ...]
    cap: Cap

    def __post_init__(self) -> None:
        _require(set(self.impact) == set(PrivilegeClass), "every privilege class needs an impact")
        _require(set(self.environment) == set(Environment), "every environment needs a modifier")
        _require(_rising([self.impact[one] for one in PrivilegeClass]), "a higher class may not have a lower impact")
        _require(_rising([self.environment[one] for one in Environment]), "a higher environment may not count less")
        _require(_rising([one.points for one in self.step]) and self.step[0].points == 0, "steps rise from 0 points")
        _require([one.likelihood for one in self.step] == [*_LEVELS], "steps give the likelihoods 1 to 5")
        rows = [[one.rank for one in row] for row in self.matrix.rows]
        _require(len(rows) == _MOST and all(len(row) == _MOST for row in rows), "the matrix has five rows of five")
        _require(all(map(_rising, [*rows, *zip(*rows, strict=True)])), "the matrix may not fall")
        _require(all(one.points > 0 for one in self.factor.values()), "every factor has points")
        named = {name for floor in self.floor for any_of in floor.factors for name in any_of}
        named |= {name for group in self.exclusive.values() for name in group}
        _require(named <= set(self.factor), f"no factor is called {', '.join(sorted(named - set(self.factor)))}")

    @property
    def groups(self) -> dict[str, str]:
        """The group each factor belongs to, itself where it belongs to none."""
        return {name: name for name in self.factor} | {
            name: group for group, names in self.exclusive.items() for name in names
        }


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What the model makes of one identity; `floors` are those that hold, whether or not they lifted the tier."""

    impact: int
    likelihood: int
    points: int
    tier: Tier
    floors: tuple[str, ...] = ()


_LEVELS = range(_LEAST, _MOST + 1)


@cache
def model() -> Model:
    """The model of this version, read once."""
    text = resources.files(__package__).joinpath("model.toml").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Model:
    """The model in `text`. Raises ValueError for an unknown key, a missing class or a matrix that falls."""
    return msgspec.convert(tomllib.loads(text), Model)


def score(
    privilege: PrivilegeClass,
    environment: Environment,
    factors: Iterable[str],
    kind: Kind | None = None,
    sensitive_ou: bool = False,
) -> Scored:
    """Impact from class and place, likelihood from the points of the factors, the tier of both, lifted by the floors.

    Each factor counts once; a higher class or one factor more never gives a lower tier. Raises ValueError for a factor
    the model does not have.
    """
    return _score(privilege, environment, frozenset(factors), kind, sensitive_ou)


@lru_cache(maxsize=1 << 14)
def _score(
    privilege: PrivilegeClass, environment: Environment, factors: frozenset[str], kind: Kind | None, sensitive_ou: bool
) -> Scored:
    by = model()
    if unknown := factors - by.factor.keys():
        raise ValueError(f"the risk model has no factor {', '.join(sorted(unknown))}")
    if kind in by.cap.kinds:
        return Scored(impact=_LEAST, likelihood=_LEAST, points=0, tier=Tier.LOW, floors=(by.cap.name,))
    impact = by.impact[privilege] + by.environment[environment] + (by.sensitive_ou if sensitive_ou else 0)
    impact = max(_LEAST, min(_MOST, impact))
    points = sum(by.factor[name].points for name in factors)
    likelihood = max(one.likelihood for one in by.step if points >= one.points)
    floors = [one for one in by.floor if one.holds(kind, privilege, factors)]
    tiers = [by.matrix.rows[impact - 1][likelihood - 1], *(one.tier for one in floors)]
    return Scored(
        impact=impact,
        likelihood=likelihood,
        points=points,
        tier=max(tiers, key=lambda one: one.rank),
        floors=tuple(one.name for one in floors),
    )


def heaviest(factors: Iterable[str]) -> frozenset[str]:
    """The factors that count: of each group only the heaviest, the first listed in the model where two weigh the same."""
    by, groups = model(), _groups()
    order = {name: at for at, name in enumerate(by.factor)}
    kept: dict[str, str] = {}
    for name in sorted(factors, key=lambda one: (-by.factor[one].points, order[one])):
        kept.setdefault(groups[name], name)
    return frozenset(kept.values())


@cache
def _groups() -> dict[str, str]:
    return model().groups


def _rising(numbers: Iterable[int]) -> bool:
    listed = list(numbers)
    return listed == sorted(listed)


def _require(true: bool, what: str) -> None:
    if not true:
        raise ValueError(f"the risk model is not whole: {what}")
