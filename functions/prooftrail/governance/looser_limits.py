"""Which limits and environments of a policy ask less than those before: for most a larger number, for some a smaller."""

from collections.abc import Iterator, Mapping
from datetime import date

from prooftrail.model.judgement import Environment, Tier

from .policy import folded
from .thresholds import ByTier, EnvironmentEntry, Environments, LimitKey, Threshold, Thresholds, in_words

STRICTER_WHEN_LARGER = frozenset(
    {
        "branch_or_environment_pin_required",
        "coverage_percent",
        "match_rate_percent",
        "mfa_required",
        "min_length",
        "phishing_resistant_required",
        "retention_days_min",
        "reuse_prevention",
        "root_last_used_min_age_days",
        "warn_before_days",
        "warn_before_expiry_days",
    }
)
"""Thresholds that ask more when they grow (true is more than false); every other asks less."""

_RANKS = {one.value: rank for rank, one in enumerate(Environment)}


def looser_limits(
    before: Thresholds, after: Thresholds, defaults: Mapping[LimitKey, ByTier[int | bool]]
) -> Iterator[str]:
    """The limits that ask less, each tier on its own, from the first day on which they do."""
    keys = {(one.control, one.name) for one in (*before.threshold, *after.threshold)}
    for key in sorted(keys):
        old, new = _of(key, before), _of(key, after)
        days = sorted({one.effective_on for one in (*old, *new)})
        for tier in Tier:
            yield from _first(key, tier, days, old, new, defaults.get(key))
    if after.verified_after_runs < before.verified_after_runs:
        yield f"a finding is verified after {after.verified_after_runs} runs, {before.verified_after_runs} before"


def looser_environments(before: Environments, after: Environments) -> Iterator[str]:
    """The accounts, units and tag values that are judged as if less was at stake."""
    if _RANKS[after.default] < _RANKS[before.default]:
        yield f"accounts nobody classified now count as {after.default}, {before.default} before"
    old, new = _assigned(before), _assigned(after)
    for subject in sorted({*old, *new}):
        was, now = old.get(subject, before.default), new.get(subject, after.default)
        if _RANKS[now] < _RANKS[was] and (subject in new or _RANKS[was] > _RANKS[before.default]):
            yield f"{subject} now counts as {now}, {was} before"
    for unit in sorted(set(before.sensitive_ous) - set(after.sensitive_ous)):
        yield f"organizational unit {unit} no longer counts as sensitive"
    for tag in sorted(set(folded(after.tags)) - set(folded(before.tags))):
        yield f"tag {tag} now names an environment"


def _of(key: LimitKey, held: Thresholds) -> list[Threshold]:
    found = [one for one in held.threshold if (one.control, one.name) == key]
    return sorted(found, key=lambda one: one.effective_on)


def _first(
    key: LimitKey,
    tier: Tier,
    days: list[date],
    old: list[Threshold],
    new: list[Threshold],
    default: ByTier[int | bool] | None,
) -> Iterator[str]:
    """The first day on which a tier's limit asks less, if any."""
    for day in days:
        was, now = _at(old, day, tier, default), _at(new, day, tier, default)
        if _asks_less(key[1], was, now):
            told = f"{_said(key[1], was)} became {_said(key[1], now)}"
            yield f"{key[0]} {key[1]} at {tier}: {told}, from the first run that seals it, not before {day}"
            return


def _at(held: list[Threshold], day: date, tier: Tier, default: ByTier[int | bool] | None) -> int | bool | None:
    """The limit on a day; None for a default nobody told."""
    last = next((one for one in reversed(held) if one.effective_on <= day), None)
    return last.values.at(tier) if last else default.at(tier) if default else None


def _asks_less(name: str, was: int | bool | None, now: int | bool | None) -> bool:
    if was is None or now is None:
        return was is not now
    return now < was if name in STRICTER_WHEN_LARGER else now > was


def _said(name: str, value: int | bool | None) -> str:
    return "the built-in default" if value is None else in_words(name, value)


def _assigned(held: Environments) -> dict[str, str]:
    """What is assigned an environment, in words."""
    return {subject: one.environment for one in held.assign for subject in _subjects(one)}


def _subjects(one: EnvironmentEntry) -> Iterator[str]:
    if one.account:
        yield f"account {one.account}"
    if one.ou:
        yield f"organizational unit {one.ou}"
    yield from (f"tag value {value!r}" for value in folded(one.values))
