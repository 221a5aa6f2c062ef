"""Custody records: who did what with sealed evidence, when, why, and under which case; sealed like evidence itself."""

from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

from . import layout
from .manifest import Head

LARGEST = 256 * 1024
"""Bytes; a record says little, and what is larger is none."""

MOST_NAMED = 50
"""Refused objects a record names; its counts are of all."""


class CustodyAction(StrEnum):
    """What was done with evidence."""

    HOLD = "legal hold placed"
    RELEASE = "legal hold released"
    HANDOVER = "handed over"
    SAMPLE = "sample drawn"


class Custody(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `who` is the caller's ARN, `scope` what was asked for, `reference` the case.

    `objects` and `objects_sha256` are the count and hash of the list of what is in scope (canonical JSON of sorted key
    and version). The record of an intent is written before the act: `outcome_of` is None. Another names it there when
    something was refused or gone, with the counts and the first few.
    """

    schema: str = "prooftrail.custody/1"
    action: CustodyAction
    who: str
    at: datetime
    locker: str
    head: Head
    scope: str
    reason: str
    reference: str
    objects: int
    objects_sha256: str
    outcome_of: str | None = None
    done: int | None = None
    gone: int | None = None
    refused: int | None = None
    refusals: tuple[str, ...] = ()


def sealed(record: Custody) -> tuple[str, bytes]:
    """Name and canonical bytes of a record."""
    body = canonical.encode(record)
    return layout.custody_key(record.at, canonical.sha256(body)), body


def read(key: str, data: bytes) -> Custody:
    """The record under `key`: its bytes must be those its name tells. Raises EvidenceUnreadable."""
    place = layout.Place(key)
    if place.sha256 != canonical.sha256(data):
        raise EvidenceUnreadable(f"{key} does not hold what its name says.")
    try:
        record = canonical.decode(data, Custody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no custody record: {error}.") from error
    if layout.custody_key(record.at, place.sha256) != key or canonical.encode(record) != data:
        raise EvidenceUnreadable(f"{key} is not written as it is sealed: canonical, under its own time.")
    return record
