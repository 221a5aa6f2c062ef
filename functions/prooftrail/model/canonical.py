"""One encoding for everything that is hashed: deterministic JSON, and SHA-256 over it.

The bytes equal RFC 8785 because sealed maps have ASCII keys, integers stay below 2^53, there are no floats,
datetimes are UTC with `Z`, and text is valid Unicode. Tests hold the encoder against an independent RFC 8785
implementation.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> bytes:
    """The canonical bytes of `value`: equal values give equal bytes, on any machine.

    Raises TypeError for what has no canonical form and UnicodeEncodeError for lone surrogates (adapters mend those).
    """
    return _encoder.encode(value)


def decode[T](data: bytes, as_type: type[T]) -> T:
    """Read canonical bytes strictly: an unknown tag, a missing field or a wrong type raises `msgspec.DecodeError`."""
    return msgspec.json.decode(data, type=as_type)


def sha256(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes of `value`."""
    return sha256(encode(value))


def utc(at: datetime) -> datetime:
    """`at` in UTC. A naive datetime is refused: nobody can say when it was."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be sealed: {at.isoformat()}")
    return at.astimezone(UTC)


def run_id(at: datetime) -> str:
    """The name of the run that belongs to the tick `at`: `YYYYMMDDTHHMMSSZ`, which sorts by time."""
    return utc(at).strftime("%Y%m%dT%H%M%SZ")


def tick_of(run: str) -> datetime:
    """The tick a run id names; raises ValueError for anything that is not a run id."""
    return datetime.strptime(run, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def timestamp(at: datetime) -> str:
    """`at` as it is printed and sealed: ISO 8601, UTC, with `Z`, seconds where there is no fraction."""
    return utc(at).isoformat().replace("+00:00", "Z")
