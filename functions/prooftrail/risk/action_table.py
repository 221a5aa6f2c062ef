"""What single actions are (data, credentials, permissions management), and which patterns of a policy name them.

Actions match without regard to case. The table knows about 300 actions that decide something; each has a bit, so that
what a statement names is one number. All other actions are told by their verb.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files

import msgspec

from .patterns import covers, wild


class ConflictRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two duties no single identity may hold: one of `first` together with one of `second`."""

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]


class ActionLists(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`actions.toml`."""

    credentials: tuple[str, ...]
    own_credentials: tuple[str, ...]
    sensitive_reads: tuple[str, ...]
    data_reads: tuple[str, ...]
    policy_writes: tuple[str, ...]
    iam_writes: tuple[str, ...]
    own_keys: tuple[str, ...]
    boundary_aware: tuple[str, ...]
    iam_core: tuple[str, ...]
    self_sufficient: tuple[str, ...]
    reading_verbs: tuple[str, ...]
    reading_patterns: tuple[str, ...]
    conflict: tuple[ConflictRule, ...]


class PathRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published escalation path; `target` names the rule that says what makes it usable."""

    id: str
    name: str
    category: str
    required: tuple[str, ...]
    target: str
    services: tuple[str, ...] = ()


class _Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: tuple[PathRule, ...]


def _shipped(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


LISTS = msgspec.convert(tomllib.loads(_shipped("actions.toml")), ActionLists)
PATHS = msgspec.convert(tomllib.loads(_shipped("escalation_paths.toml")), _Paths).path
"""Every published path, in the order of the file."""


def _every_action() -> dict[str, str]:
    """As AWS writes it, by its lower-case form; an earlier spelling stands."""
    lists = [one.required for one in PATHS]
    lists += [part for one in LISTS.conflict for part in (one.first, one.second)]
    lists += [
        LISTS.iam_writes,
        LISTS.own_keys,
        LISTS.policy_writes,
        LISTS.iam_core,
        LISTS.self_sufficient,
        LISTS.boundary_aware,
    ]
    lists += [LISTS.sensitive_reads, LISTS.data_reads, LISTS.credentials, LISTS.own_credentials]
    found: dict[str, str] = {}
    for action in (each for one in lists for each in one):
        found.setdefault(action.lower(), action)
    return found


WRITTEN = _every_action()
"""How AWS writes each known action, by its lower-case form."""

BITS = {action: 1 << at for at, action in enumerate(WRITTEN)}
"""The bit of each known action, by its lower-case form."""

EVERY = (1 << len(BITS)) - 1


def mask(actions: tuple[str, ...]) -> int:
    """The bits of these known actions."""
    found = 0
    for one in actions:
        found |= BITS[one.lower()]
    return found


def named(bits: int) -> tuple[str, ...]:
    """The known actions of these bits, sorted, as AWS writes them."""
    return tuple(sorted(WRITTEN[action] for action, bit in BITS.items() if bits & bit))


@lru_cache(maxsize=65536)
def matched(pattern: str) -> int:
    """The bits of the known actions a lower-case pattern names."""
    if not wild(pattern):
        return BITS.get(pattern, 0)
    found = 0
    for action, bit in BITS.items():
        if covers(pattern, action):
            found |= bit
    return found


@lru_cache(maxsize=65536)
def reads_only(pattern: str) -> bool:
    """True if a lower-case pattern names nothing but actions whose verb reads (`s3:list*`, `ec2:describeinstances`)."""
    verb = pattern.partition(":")[2]
    return pattern in LISTS.reading_patterns or any(verb.startswith(one) for one in LISTS.reading_verbs)
