"""The watchdog's signed word: which head it saw and when, and what of the chain did not hold then."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

from . import envelope, layout
from .findings import Problem
from .manifest import STATEMENT, Head, Statement, Subject

WITNESS = "urn:prooftrail:witness:1"

LARGEST = 256 * 1024
"""Bytes of a stored word; a watchdog says less, and nobody who writes more is read."""

MOST_TROUBLES = 50
"""Troubles a word holds; `troubles_in_all` counts the rest."""

_ACCOUNT = re.compile(r"arn:[^:]+:kms:[^:]*:(?P<account>\d{12}):.*")


class Trouble(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One thing that did not hold when the watchdog looked, as `verify` would have said it."""

    fault: str
    where: str
    detail: str


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """The word before: its name, the SHA-256 of its stored bytes, and until when it is kept (None: not known)."""

    key: str
    sha256: str
    retain_until: datetime | None


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """What a watchdog saw at `checked_at`. `key` is the word's own name, so that it says nothing under another.

    `head` is None where the locker held no chain; `stored_at` is the store's own time of the head's slot and `age_s`
    (seconds) counts from it. `missed_ticks` came and went without a run, by the sealed schedule, and are in no manifest
    yet. `previous` is the watchdog's word before. `account` is that of its key, None where the key lives in a file.
    """

    key: str
    locker_id: str | None
    head: Head | None
    stored_at: datetime | None
    checked_at: datetime
    age_s: int | None
    signature_held: bool
    link_held: bool
    previous_link_held: bool
    troubles: tuple[Trouble, ...]
    troubles_in_all: int
    last_tick: datetime | None
    missed_ticks: tuple[datetime, ...]
    previous: Earlier | None
    retain_until: datetime | None
    account: str | None
    key_fingerprint: str

    def says(self) -> tuple[object, ...]:
        """What is news if it changes: all but times, the name and the word before."""
        return (self.locker_id, self.head, self.stored_at, self.troubles, self.troubles_in_all, self.missed_ticks)


def first_sight(seq: int) -> str:
    """The name of the word about a head seen for the first time."""
    return f"witness/{seq:08d}.json"


def later(seq: int, at: datetime) -> str:
    """The name of a later word about the same slot: no newer head that day, or something new to say."""
    return f"witness/{seq:08d}-{canonical.run_id(at)}.json"


def account_of(origin: str) -> str | None:
    """The account in a KMS key's ARN; None for a key that lives elsewhere."""
    found = _ACCOUNT.fullmatch(origin)
    return found["account"] if found else None


def troubles(problems: Iterable[Problem]) -> tuple[Trouble, ...]:
    """What breaks, in order, each once."""
    found = {Trouble(fault=one.fault, where=one.where, detail=one.detail) for one in problems if one.breaks}
    return tuple(sorted(found))


def seal(word: Witness, *, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed envelope of a word, as it is stored; its subject is the head's slot."""
    head = word.head
    statement = Statement(
        type_=STATEMENT,
        subject=(Subject(name=layout.chain_key(head.seq), digest={"sha256": head.sha256}),) if head else (),
        predicate_type=WITNESS,
        predicate=msgspec.Raw(canonical.encode(word)),
    )
    return envelope.sealed(canonical.encode(statement), keyid=keyid, sign=sign)


def read(key: str, data: bytes) -> Witness:
    """What the object `key` states; its signature is not checked here. Raises EvidenceUnreadable."""
    body = envelope.opened(key, data).body()
    try:
        statement = canonical.decode(body, Statement)
        if statement.predicate_type != WITNESS:
            raise EvidenceUnreadable(f"{key} states {statement.predicate_type!r}, which is no watchdog's word.")
        word = canonical.decode(bytes(statement.predicate), Witness)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no watchdog's word: {error}.") from error
    named = tuple((one.name, one.digest.get("sha256")) for one in statement.subject)
    if named != (((layout.chain_key(word.head.seq), word.head.sha256),) if word.head else ()):
        raise EvidenceUnreadable(f"{key} names another head in its subject than in its word.")
    return word


def signed_by(key: str, data: bytes, pem: bytes) -> bool:
    """True if the envelope's signature is this key's. Raises EvidenceUnreadable where it is no envelope."""
    try:
        return envelope.verified(envelope.opened(key, data), pem)
    except ValueError:
        return False


def names(word: Witness) -> tuple[str, ...]:
    """The names a word may stand under, its own among them; a word that saw no head keeps the slot it missed."""
    seq = word.head.seq if word.head else layout.Place(word.key).seq
    return () if seq is None else (first_sight(seq), later(seq, word.checked_at))
