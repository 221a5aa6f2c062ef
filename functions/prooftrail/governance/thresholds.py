"""`thresholds.toml`: the limits an organization sets over the catalog's defaults, the risk method it approved, environments."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from prooftrail.model import canonical
from prooftrail.model.judgement import Environment, Limit, Tier

from .words import AccountId, OuId, Text, approval

ControlId = Annotated[str, msgspec.Meta(pattern=r"^IDC-[0-9]{2}\Z")]
EnvironmentName = Annotated[str, msgspec.Meta(pattern=r"^(sandbox|nonprod|prod|security_or_management)\Z")]


class ByTier[T](msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value for each tier."""

    critical: T
    high: T
    medium: T
    low: T

    def at(self, tier: Tier) -> T:
        """The value for `tier`."""
        value: T = getattr(self, tier.value)
        return value


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit of one control, in effect from `effective_on` (UTC) on; units are in its name (`max_age_days`)."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    control: ControlId
    name: Text
    values: ByTier[int | bool]
    approved_by: Text
    approved_on: date
    effective_on: date
    ticket: Text | None = None

    def holds(self, at: datetime) -> bool:
        """True from its effective date on."""
        return self.effective_on <= canonical.utc(at).date()


class RiskMethod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version of the risk model the organization approved, by whom and since when."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    version: Text
    approved_by: Text
    approved_on: date
    effective_on: date


class EnvironmentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The environment of an account, of everything in a unit, or of accounts whose environment tag has one of `values`."""

    environment: EnvironmentName
    account: AccountId | None = None
    ou: OuId | None = None
    values: tuple[Text, ...] = ()


class Environments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an account's environment is told: its own entry, its unit's, its tag's value, else `default`.

    `default` is prod: what nobody classified is judged as if it mattered. `sensitive_ous` add one to impact.
    """

    tags: tuple[Text, ...] = ("environment", "env", "stage")
    default: EnvironmentName = Environment.PROD.value
    assign: tuple[EnvironmentEntry, ...] = ()
    sensitive_ous: tuple[OuId, ...] = ()


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`thresholds.toml`. `version` is the organization's own name for this set of limits."""

    version: Text | None = None
    threshold: tuple[Threshold, ...] = ()
    risk_method: RiskMethod | None = None
    environments: Environments = Environments()
    verified_after_runs: Annotated[int, msgspec.Meta(ge=1, le=365)] = 3


type LimitKey = tuple[str, str]
"""A control's id and the name of one of its thresholds."""


class Limits:
    """Every limit in force at one instant: what the organization set, else the catalog's default."""

    def __init__(self, defaults: Mapping[LimitKey, ByTier[int | bool]], thresholds: Thresholds, at: datetime) -> None:
        self._defaults = defaults
        self._version = thresholds.version
        self._set: dict[LimitKey, Threshold] = {}
        for one in sorted(thresholds.threshold, key=lambda each: each.effective_on):
            if one.holds(at):
                self._set[one.control, one.name] = one

    def value(self, control: str, name: str, tier: Tier) -> int | bool:
        """The limit for `tier`. Raises KeyError for a threshold the catalog does not have: a defect, not an input."""
        held = self._set.get((control, name))
        return held.values.at(tier) if held else self._defaults[control, name].at(tier)

    def described(self, control: str, name: str, tier: Tier) -> Limit:
        """The limit as a result states it: its value with the unit its name carries, and who set it."""
        value = self.value(control, name, tier)
        held = self._set.get((control, name))
        set_by = "built-in default of the control map, not approved by the organization"
        if held:
            version = f" {self._version}" if self._version else ""
            set_by = f"thresholds.toml{version}, approved by {held.approved_by} on {held.approved_on} ({approval(held.ticket)})"
        return Limit(name=name, value=in_words(name, value), set_by=set_by)


_UNITS = ("days", "hours", "minutes", "percent")


def unit_of(name: str) -> str | None:
    """The unit a threshold's name carries; None for a number of things, and for what is required or not."""
    return next((one for one in _UNITS if one in name.split("_")), None)


def in_words(name: str, value: int | bool) -> str:
    """A threshold's value with its unit: `90 days`, `1 hour`, `required`."""
    if isinstance(value, bool):
        return "required" if value else "not required"
    unit = unit_of(name)
    if unit is None:
        return str(value)
    return f"{value} {unit.removesuffix('s') if value == 1 and unit != 'percent' else unit}"
