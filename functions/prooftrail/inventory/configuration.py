"""What of an identity is configuration: everything but use, and but what nobody could tell this time.

The hash of it makes history. Reasons are left out, because they are words about facts that are in it; so are a secret's
`last_changed_at` and a key's `inactive_since`, which only echo other changes, and the creation dates of versions, which their ids settle.
"""

from collections.abc import Iterable
from typing import Any

from prooftrail.model import canonical
from prooftrail.model.iam import AccessKey, Role, Secret
from prooftrail.model.identity import Facts, Identity

_NOT_CONFIGURATION = {
    AccessKey: frozenset({"inactive_since"}),
    Role: frozenset({"trust_document"}),
    Secret: frozenset({"last_changed_at", "value_age_known"}),
}
_NONE: frozenset[str] = frozenset()


def configuration(identity: Identity) -> str:
    """SHA-256 over the configuration of `identity`, its unknown fields left out: tomorrow's use gives the same hash."""
    return canonical.digest(sorted(known(identity).items()))


def known(identity: Identity) -> dict[str, object]:
    """The configuration by dotted path, without what is unknown; lists in an order of their own."""
    return {path: value for path, value in flat(identity).items() if not hidden(path, identity.unknown)}


def hidden(path: str, unknown: Iterable[str]) -> bool:
    """True if `path`, or what it lies in, is unknown."""
    return any(path == one or path.startswith(f"{one}.") for one in unknown)


def flat(identity: Identity) -> dict[str, object]:
    """The configuration by dotted path: `owner`, `tags.Team`, `facts.boundary`."""
    found: dict[str, object] = {
        "arn": identity.arn,
        "class": identity.classification.cls,
        "class.basis": identity.classification.basis,
        "created_at": identity.created_at,
        "family": identity.family,
        "kind": identity.kind,
        "name": identity.name,
        "owner": identity.owner.value,
        "owner.rung": identity.owner.rung,
        "parent": identity.parent,
        "purpose": identity.purpose.value,
        "purpose.rung": identity.purpose.rung,
    }
    found |= {f"tags.{one.key}": one.value for one in identity.tags or ()}
    return found | _facts(identity.facts)


def _facts(facts: Facts) -> dict[str, object]:
    left_out = _NOT_CONFIGURATION.get(type(facts), _NONE)
    found = {
        f"facts.{name}": _ordered(getattr(facts, name)) for name in facts.__struct_fields__ if name not in left_out
    }
    if isinstance(facts, Secret):
        found["facts.versions"] = tuple(sorted((one.id, one.stages) for one in facts.versions))
    return found


def _ordered(value: Any) -> object:
    if isinstance(value, tuple) and len(value) > 1:
        return tuple(sorted(value, key=canonical.encode))
    return value
