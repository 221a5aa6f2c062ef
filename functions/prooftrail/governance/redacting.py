"""Replaces people's names in a policy: each type says which of its texts name a person, and every other is searched for addresses.

A type's `PEOPLE` are its fields that name somebody, or several, `PLAIN` those that stay as they are.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec


class Redacting(Protocol):
    """What replaces people's names: `evidence.redaction.Redactor`, seen from below."""

    def pseudonym(self, person: str) -> str:
        """The pseudonym of an address or owner."""
        ...

    def text(self, value: str) -> str:
        """The text with every address replaced."""
        ...


def without_names[T: msgspec.Struct](value: T, redactor: Redacting, spelt: Callable[[str], str]) -> T:
    """`value`, and everything in it, with pseudonyms in the place of names and addresses.

    `spelt` gives every spelling of one person the same text: pseudonyms of two spellings have nothing in common.
    """
    people, plain = getattr(type(value), "PEOPLE", ()), getattr(type(value), "PLAIN", ())
    changed: dict[str, Any] = {}
    for field in value.__struct_fields__:
        old = getattr(value, field)
        if field in people and isinstance(old, str):
            changed[field] = redactor.pseudonym(spelt(old))
        elif field in people and isinstance(old, tuple):
            changed[field] = tuple(redactor.pseudonym(spelt(one)) for one in old)
        elif field not in plain:
            changed[field] = _redacted(old, redactor, spelt)
    return msgspec.structs.replace(value, **changed)


def _redacted(value: Any, redactor: Redacting, spelt: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, tuple):
        return tuple(_redacted(one, redactor, spelt) for one in value)
    return without_names(value, redactor, spelt) if isinstance(value, msgspec.Struct) else value
