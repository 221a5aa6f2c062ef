"""What is sealed between two runs and named by the next manifest: custody records, answers, and each day's notices."""

from datetime import timedelta

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind

from . import answers, custody, layout, notices

KINDS = frozenset({EvidenceKind.CUSTODY, EvidenceKind.ANSWERS, EvidenceKind.NOTICES})
"""Kinds that no run writes on its way: until a manifest names them, nobody has signed them."""

WINDOW = timedelta(days=1)
"""A record stored this long before the last manifest was closed may still be unnamed: clocks differ, runs take time."""

RUNS = 2 * WINDOW
"""Notices of a run closed longer than this before the last manifest was are not looked for any more."""

_LARGEST = {
    EvidenceKind.CUSTODY: custody.LARGEST,
    EvidenceKind.ANSWERS: answers.LARGEST,
    EvidenceKind.NOTICES: notices.LARGEST,
}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a manifest names it: SHA-256 of its uncompressed bytes, and its lines."""

    kind: EvidenceKind
    sha256: str
    count: int


def may_be(key: str, size: int) -> bool:
    """True if a record of these bytes can lie under `key`: nothing larger is read."""
    kind = layout.Place(key).kind
    return kind in _LARGEST and 0 <= size <= _LARGEST[kind]


def read(key: str, body: bytes) -> Record:
    """The record under `key`: what it holds is what its name tells. Raises EvidenceUnreadable."""
    kind, sha = layout.Place(key).kind, canonical.sha256(body)
    if kind is EvidenceKind.CUSTODY:
        custody.read(key, body)
    elif kind is EvidenceKind.ANSWERS:
        answers.read(key, body)
    elif kind is not EvidenceKind.NOTICES:
        raise EvidenceUnreadable(f"{key} is no record that waits for a manifest.")
    elif key == layout.notices_plan_key(layout.Place(key).run_id or ""):
        notices.read_plan(key, body)
    else:
        held = notices.content(key, body)
        return Record(kind=kind, sha256=held.sha256, count=held.count)
    return Record(kind=kind, sha256=sha, count=1)
