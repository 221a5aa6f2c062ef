"""The custody log beside a pack: a line for each draw from it, each naming the SHA-256 of the line before.

A pack does not change any more, so what is drawn from it is on record beside it. Whoever holds the folder could begin
another log, or cut off its end: who writes down the last line's SHA-256 would see that.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

LARGEST = 64 * 1024 * 1024
"""Bytes of a log; each line has a few hundred."""

_SCHEMA = "prooftrail.draw-log/1"


class Draw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One draw. `number` counts from 1, `previous` is the SHA-256 of the line before without its line break."""

    schema: str = _SCHEMA
    number: int
    previous: str | None
    at: datetime
    actor: str
    action: str
    pack_sha256: str
    object: str
    population_sha256: str
    result: str
    reason: str


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A log that holds: its entries, and the SHA-256 of its last line, None where there is none."""

    entries: tuple[Draw, ...]
    end: str | None

    def draws_of(self, population_sha256: str) -> tuple[str, ...]:
        """The draws from this population that it has, in words, oldest first."""
        return tuple(one.object for one in self.entries if one.population_sha256 == population_sha256)


def read(where: str, body: bytes) -> Logged:
    """The log as it is written. Raises EvidenceUnreadable naming the line where it does not hold."""
    if body and not body.endswith(b"\n"):
        raise _broken(where, body.count(b"\n") + 1, "it is cut short")
    entries: list[Draw] = []
    end: str | None = None
    for number, line in enumerate(body.split(b"\n")[:-1], 1):
        try:
            one = canonical.decode(line, Draw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _broken(where, number, f"it is no entry: {error}") from error
        if canonical.encode(one) != line or one.schema != _SCHEMA:
            raise _broken(where, number, "it is not written as it was entered")
        if (one.number, one.previous) != (number, end):
            raise _broken(where, number, "it does not follow the line before it")
        entries.append(one)
        end = sha256_of(line)
    return Logged(entries=tuple(entries), end=end)


def line_of(entry: Draw, log: Logged) -> bytes:
    """The next line of a log, its break included; `number` and `previous` follow from the log."""
    one = msgspec.structs.replace(entry, number=len(log.entries) + 1, previous=log.end)
    return canonical.encode(one) + b"\n"


def sha256_of(line: bytes) -> str:
    """The hash of a line as the next one names it: without its break."""
    return canonical.sha256(line.removesuffix(b"\n"))


def selected_sha256(items: Sequence[str]) -> str:
    """The hash of what was drawn, in the order it was drawn, which says nothing of what it was."""
    return canonical.digest(list(items))


def _broken(where: str, number: int, why: str) -> EvidenceUnreadable:
    return EvidenceUnreadable(
        f"line {number} of {where} does not hold: {why}. Nothing is drawn while the log is broken: find out who changed"
        " it, keep it as it is with your papers, and move it away to begin another."
    )
