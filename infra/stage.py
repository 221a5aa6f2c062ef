"""One deployment's choices, from cdk.json: typed, validated, with every wrong value named by its key."""

from dataclasses import dataclass
from typing import Any, Self

from constructs import Node

from prooftrail.settings import RETENTION_DAYS

_MODES = ("GOVERNANCE", "COMPLIANCE")
_KEYS = {"lock_mode", "default_retention_days", "acknowledge_irreversible_days"}


class StageError(ValueError):
    """A value in cdk.json is wrong; the message names the key and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage. `default_retention_days` is what the bucket locks an object for that was written without a date."""

    name: str
    lock_mode: str
    default_retention_days: int

    @classmethod
    def of(cls, node: Node) -> Self:
        """The stage named by `-c stage=NAME`, or `dev`. Raises StageError."""
        name = node.try_get_context("stage") or "dev"
        stages = node.try_get_context("stages") or {}
        if name not in stages:
            raise StageError(f"stage {name!r} is not in cdk.json (there are: {', '.join(sorted(stages)) or 'none'}).")
        return cls.parse(name, stages[name])

    @classmethod
    def parse(cls, name: str, given: dict[str, Any]) -> Self:
        """A stage from its JSON. COMPLIANCE cannot be undone, so its days must be written twice. Raises StageError."""
        where = f"cdk.json stages.{name}"
        if unknown := sorted(given.keys() - _KEYS):
            raise StageError(f"{where}.{unknown[0]} is not a setting (there are: {', '.join(sorted(_KEYS))}).")
        mode = given.get("lock_mode")
        if mode not in _MODES:
            raise StageError(f"{where}.lock_mode must be GOVERNANCE or COMPLIANCE, not {mode!r}.")
        days = given.get("default_retention_days", min(RETENTION_DAYS.values()))
        if not isinstance(days, int) or not 1 <= days <= 36_500:
            raise StageError(f"{where}.default_retention_days must be whole days from 1 to 36500, not {days!r}.")
        if mode == "COMPLIANCE" and given.get("acknowledge_irreversible_days") != days:
            raise StageError(
                f"{where}.acknowledge_irreversible_days must be {days}: COMPLIANCE keeps every object that long, "
                "and nobody, AWS included, can shorten it."
            )
        return cls(name=name, lock_mode=mode, default_retention_days=days)
