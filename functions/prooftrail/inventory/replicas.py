"""Folds the replicas of a secret into their primary: one secret is one identity, however many regions hold it."""

from collections.abc import Iterable

import msgspec

from prooftrail.model.iam import Secret
from prooftrail.model.identity import Identity, Observed

from .key_usage import latest

_REGION_PART = 3  # of an ARN's parts


def folded(secrets: Iterable[Observed]) -> tuple[Observed, ...]:
    """The secrets with every replica whose primary is among them folded into it, its regions named and its use counted.

    A replica whose primary was not read stays listed, with `replica_of`: it exists, and nothing else shows it.
    """
    every = tuple(secrets)
    primaries = {one.arn: one for one in every if _replica_of(one) is None}
    members: dict[str, list[Observed]] = {}
    alone = []
    for one in every:
        home = _replica_of(one)
        if home is None:
            continue
        primary = in_region(one.arn, home)
        if primary in primaries:
            members.setdefault(primary, []).append(one)
        else:
            alone.append(one)
    return (*(_with(one, members.get(arn, [])) for arn, one in primaries.items()), *alone)


def in_region(arn: str, region: str) -> str:
    """The ARN the same secret has in `region`: a replica keeps its primary's name and suffix."""
    parts = arn.split(":")
    return ":".join((*parts[:_REGION_PART], region, *parts[_REGION_PART + 1 :]))


def folded_arns(identities: Iterable[Identity]) -> frozenset[str]:
    """The ARNs of all replicas that are folded into one of `identities`: listed or not, they are there."""
    return frozenset(
        in_region(one.arn, region)
        for one in identities
        if isinstance(one.facts, Secret)
        for region in one.facts.replicas
    )


def _replica_of(one: Observed) -> str | None:
    return one.facts.replica_of if isinstance(one.facts, Secret) else None


def _with(primary: Observed, replicas: list[Observed]) -> Observed:
    if not replicas or not isinstance(primary.facts, Secret):
        return primary
    regions = tuple(sorted({*primary.facts.replicas, *(one.region for one in replicas)}))
    return msgspec.structs.replace(
        primary,
        facts=msgspec.structs.replace(primary.facts, replicas=regions),
        usage=latest(primary.usage, *(one.usage for one in sorted(replicas, key=lambda one: one.region))),
    )
