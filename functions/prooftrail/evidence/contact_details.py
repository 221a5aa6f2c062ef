"""Takes the people out of an account's alternate contacts: of each its type is kept and pseudonyms, and nothing else.

By the names of the members, not by the shape of their text: a name, a title and a telephone number have none.
"""

import json
from collections.abc import Callable
from typing import Any

API = "account:GetAlternateContact"
NOT_KEPT = "[not kept]"
"""Stands where a title, a telephone number or a member that nobody knows yet stood."""

_PEOPLE = frozenset({"EmailAddress", "Name"})
_HOLDING = frozenset({"AlternateContact", "Error"})
_SAID = frozenset({"AlternateContactType", "Code", "Message", "__type", "code", "message"})  # redacted as any text is

type Pseudonym = Callable[[str], str]
"""Gives what stands for an address or a name."""


def without_details(answer: Any, pseudonym: Pseudonym) -> tuple[Any, int]:
    """An answer of `API`, or a refusal, with nothing of a person left in it, and how many texts were replaced.

    What AWS may add one day is not kept either. A blank name or address names nobody and gets no pseudonym.
    """
    if not isinstance(answer, dict):
        return NOT_KEPT, 1
    out, count = {}, 0
    for name, value in answer.items():
        out[name], replaced = _member(name, value, pseudonym)
        count += replaced
    return out, count


def body_without_details(raw: str, pseudonym: Pseudonym) -> tuple[str, int]:
    """The same for a wire body; one that is no JSON is nothing botocore reads a contact from, and stays as it came."""
    try:
        answer = json.loads(raw)
    except ValueError:
        return raw, 0
    clean, count = without_details(answer, pseudonym)
    return json.dumps(clean, separators=(",", ":")), count


def _member(name: str, value: Any, pseudonym: Pseudonym) -> tuple[Any, int]:
    if value is None:
        return None, 0
    if name in _HOLDING:
        return without_details(value, pseudonym)
    if isinstance(value, str) and name in _SAID:
        return value, 0
    if isinstance(value, str) and name in _PEOPLE and value.strip():
        return pseudonym(value.encode("utf-8", "replace").decode()), 1  # half a surrogate pair cannot be sealed
    return NOT_KEPT, 1
