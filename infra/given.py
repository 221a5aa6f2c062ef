"""Reads one object of cdk.json: each value by its key, with its form checked, and nothing left over unread."""

import re
from collections.abc import Mapping
from typing import Any, Self


class StageError(ValueError):
    """A value in cdk.json is wrong; the message names the key and the fix."""


class Given:
    """The keys below `path`. Every wrong value raises StageError, which names the key's path and what to put there."""

    def __init__(self, path: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise StageError(f"cdk.json {path} is {values!r}: give an object with keys.")
        self.path, self._values, self._read = path, values, set[str]()

    def wrong(self, key: str, fix: str) -> StageError:
        """What to raise about a value that has the right form and still makes no sense."""
        found = f"is {self._values[key]!r}" if key in self._values else "is missing"
        return StageError(f"cdk.json {self.path}.{key} {found}: {fix}.")

    def has(self, key: str) -> bool:
        """Whether the key is there; null counts as not there."""
        self._read.add(key)
        return self._values.get(key) is not None

    def text(self, key: str, form: str, fix: str) -> str:
        """A text of the form of a regular expression, as a whole."""
        return self._formed(key, self._value(key, fix), form, fix)

    def maybe(self, key: str, form: str, fix: str) -> str | None:
        """The same, or None where the key is not there."""
        return self.text(key, form, fix) if self.has(key) else None

    def one_of(self, key: str, words: tuple[str, ...], *, default: str | None = None) -> str:
        """One of a few words."""
        if default is not None and not self.has(key):
            return default
        fix = f"it must be {' or '.join(words)}"
        value = self._value(key, fix)
        if value not in words:
            raise self.wrong(key, fix)
        return str(value)

    def whole(self, key: str, low: int, high: int, *, default: int | None = None, what: str) -> int:
        """A whole number from `low` to `high`, both among them."""
        if default is not None and not self.has(key):
            return default
        fix = f"give {what}, a whole number from {low:,} to {high:,}"
        value = self._value(key, fix)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(key, fix)
        return value

    def yes(self, key: str) -> bool:
        """True or false; false where the key is not there."""
        value = self._values[key] if self.has(key) else False
        if not isinstance(value, bool):
            raise self.wrong(key, "give true or false, without quotes")
        return value

    def is_word(self, key: str, word: str) -> bool:
        """Whether the key holds just this word, where a list would stand otherwise."""
        return bool(self.has(key) and self._values[key] == word)

    def texts(self, key: str, form: str, fix: str) -> tuple[str, ...]:
        """A list of texts of one form, none twice; empty where the key is not there."""
        if not self.has(key):
            return ()
        value = self._values[key]
        if not isinstance(value, list):
            raise self.wrong(key, f"give a list; in it, {fix}")
        found = tuple(self._formed(key, one, form, fix) for one in value)
        if len(set(found)) < len(found):
            raise self.wrong(key, "name each one once")
        return found

    def below(self, key: str) -> Self | None:
        """The object under a key; None where it is not there."""
        return type(self)(f"{self.path}.{key}", self._values[key]) if self.has(key) else None

    def keys(self, known: Mapping[str, Any]) -> list[str]:
        """The keys that are there, in their order; all must be known."""
        self._read.update(known)
        self.done()
        return list(self._values)

    def done(self) -> None:
        """Raises StageError if a key was never asked for: a word that nobody reads is most often a slip."""
        for key in self._values:
            if key not in self._read:
                there = ", ".join(sorted(self._read))
                raise StageError(f"cdk.json {self.path}.{key} is not a setting: take it out (there are: {there}).")

    def _value(self, key: str, fix: str) -> Any:
        if not self.has(key):
            raise self.wrong(key, fix)
        return self._values[key]

    def _formed(self, key: str, value: Any, form: str, fix: str) -> str:
        if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
            raise self.wrong(key, fix)
        return value
