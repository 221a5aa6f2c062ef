"""Reads JSON text so that it says one thing only: no name twice in one object, no number that JSON does not have."""

import json
from typing import Any


def read(text: str) -> Any:
    """The value of a JSON text.

    Raises ValueError, in words that say what is wrong and where: of two values under one name readers choose
    differently, and which one the author of the text meant, or AWS took, cannot be told.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} stands twice in one object")
        found[key] = value
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
