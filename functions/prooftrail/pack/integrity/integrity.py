"""What makes a pack checkable: an index of its evidence, lock state, keys, the verifier, and last its own signed statement.

Nothing here is believed by `verify.py` for being written: it recomputes everything from the chain and the bytes.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import msgspec

from prooftrail.evidence import envelope
from prooftrail.evidence.pulled import LockState
from prooftrail.model import canonical
from prooftrail.pack.files import PackFiles, Sink
from prooftrail.pack.integrity import policy, verify_guide
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, Evidence, PeriodView

INDEX_COLUMNS = (
    "evidence_id",
    "key",
    "kind",
    "run_id",
    "manifest_seq",
    "account_id",
    "sha256",
    "stored_sha256",
    "size",
    "lines",
    "version_id",
    "retain_until",
    "in_pack",
)
"""Columns of evidence_index.csv. `size` (bytes) and `stored_sha256` are of what is stored, `sha256` of what it unpacks to."""

BUCKET, DIRECTORY, COPY = "bucket", "directory", "copy pulled from a bucket"
"""Where the evidence of a pack was read."""

type Observed = tuple[LockState, datetime | None]
"""A lock, and when it was observed; None while the pack was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """Where the evidence was read, and the lock of a key as it was observed there; None where it was not."""

    read_from: str
    of: Callable[[str], Observed | None] = lambda _: None


_INDEX, _LOCKS = "integrity/evidence_index.csv", "integrity/object_lock_status.json"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Integrity:
    """The last part of a pack. `add` takes every object of the period's manifests, in order; `finish` closes everything.

    `sign` gives a DER ECDSA P-256 signature of the key in force at the head; without it the pack says that it is
    unsigned. `public_key` is that key, PEM; without it the newest of the chain's. `read_from`
    says where the evidence was read (None: where the genesis says): it stands in object_lock_status.json and nowhere else.
    """

    def __init__(
        self,
        period: PeriodView,
        files: PackFiles,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        public_key: bytes | None = None,
        read_from: str | None = None,
    ) -> None:
        self._period, self._files, self._sign = period, files, sign
        self._public_key = public_key or (period.keys[-1].pem.encode() if period.keys else None)
        self._index = _Open(files.open(_INDEX))
        self._locks = _Locks(period, files, read_from or (BUCKET if period.bucket else DIRECTORY))
        self._kinds: Counter[tuple[str, bool]] = Counter()
        self._index.write(_csv(INDEX_COLUMNS))

    def take(self, one: AccountView) -> None:
        """Nothing of an account is needed here."""

    def add(self, one: Evidence, path_in_pack: str | None, seen: Observed | None = None) -> None:
        """One object as its manifest names it, where its copy lies (None: not taken along), and its lock as observed."""
        self._kinds[one.kind.value, path_in_pack is not None] += 1
        cells = (
            *(one.id, one.key, one.kind.value, one.run_id, one.seq, one.account, one.sha256, one.stored_sha256),
            *(one.size, one.count, one.version_id, one.retain_until and canonical.timestamp(one.retain_until)),
            "true" if path_in_pack else "false",
        )
        self._index.write(_csv(cells))
        self._locks.add(one, seen)

    def finish(self, tally: Tally) -> None:
        """Write everything that is left, the signed statement last: it lists every other file."""
        self._index.close()
        self._locks.close()
        self._write("integrity/keys.json", _pretty(_keys(self._period)))
        if self._public_key:
            self._write("integrity/public_key.pem", self._public_key)
        self._write("verify.py", verifier())
        sha256 = canonical.sha256(verifier())
        text = verify_guide.guide(self._period, verifier_sha256=sha256)
        self._write("VERIFY.md", text.encode())
        for path, body in policy.files(self._period):
            self._write(path, body)
        body = integrity_statement.statement(self._period, self._files.written, tally.rows, keyid=self._keyid())
        self._write(integrity_statement.PATH, integrity_statement.sealed(body, keyid=self._keyid(), sign=self._sign))

    def _keyid(self) -> str | None:
        """The fingerprint of the key that signs; None where nobody does."""
        return envelope.fingerprint(self._public_key) if self._sign and self._public_key else None

    def _write(self, path: str, body: bytes) -> None:
        with self._files.open(path) as file:
            file.write(body)


class _Open:
    """A file of the pack that is written to for as long as the pack is made."""

    def __init__(self, door: AbstractContextManager[Sink]) -> None:
        self._door, self._sink = door, door.__enter__()

    def write(self, data: bytes) -> None:
        self._sink.write(data)

    def close(self) -> None:
        self._door.__exit__(None, None, None)


class _Locks:
    """object_lock_status.json: what the store said of each object, one a line; never what it should have said."""

    def __init__(self, period: PeriodView, files: PackFiles, read_from: str) -> None:
        self._file = _Open(files.open(_LOCKS))
        self._modes: Counter[str] = Counter()
        self._from, self._any = read_from, False
        head = {
            "schema": "prooftrail.object-lock-status/1",
            "locker": period.locker,
            "read_from": read_from,
        }
        self._file.write(canonical.encode(head)[:-1] + b',"objects":[')

    def add(self, one: Evidence, seen: Observed | None) -> None:
        """An object: its lock where it was observed, and nothing made up where it was not."""
        lock, at = seen or (None, None)
        mode = (lock.mode or (None if lock.unknown else "not locked")) if lock else None
        self._modes[mode or "not observed"] += 1
        if lock is None:
            return  # thousands of lines that say nothing; the count at the end says it once
        stated = canonical.timestamp(one.retain_until) if one.retain_until else None
        row: dict[str, Any] = {"key": one.key, "version_id": one.version_id, "manifest_says_retain_until": stated}
        row |= {"observed": msgspec.to_builtins(lock), "observed_at": canonical.timestamp(at) if at else None}
        self._file.write((b",\n" if self._any else b"\n") + canonical.encode(row))
        self._any = True

    def close(self) -> None:
        """End the list and say what it comes to."""
        summary = {"objects_by_mode": dict(sorted(self._modes.items())), "note": self._note()}
        self._file.write(b"\n]," + canonical.encode(summary)[1:] + b"\n")
        self._file.close()

    def _note(self) -> str:
        if self._any:
            when = "when it was pulled (observed_at)" if self._from == COPY else "while this pack was made"
            return (
                f"As the store answered {when}. It is the account of whoever read it: ask S3 yourself with GetObjectRetention"
                " and GetObjectLegalHold, on the version that the manifest names. What is not listed was not read for this"
                " pack, and its lock not observed."
            )
        if self._from == BUCKET:
            return "Not observed: the store was not asked for the lock of any object."
        if self._from == COPY:
            return "Not observed: the notes of the pull beside the copy name none of these objects."
        return "Not observed: the locker is a directory, and a directory locks nothing. `retain_until` in evidence_index.csv is what was asked for."


def verifier() -> bytes:
    """The text of verify.py, word for word."""
    return resources.files(__package__).joinpath("verify_pack.py").read_bytes()


def _keys(period: PeriodView) -> dict[str, Any]:
    """Every key of the chain, where it came from, and how to be sure of it."""
    witness = period.genesis.witness_public_key_pem
    return {
        "schema": "prooftrail.keys/1",
        "read_this": "Compare a fingerprint with one you got elsewhere: a key that travels with what it signs proves nothing.",
        "fingerprint_is": "SHA-256 over the key's DER SubjectPublicKeyInfo",
        "algorithm": "ECDSA P-256 with SHA-256",
        "locker_id": period.locker_id,
        "signing_keys": [
            {
                "fingerprint": one.fingerprint,
                "origin": one.origin,
                "origin_means": _origin(one.origin),
                "brought_in_by_slot": one.since,
                "how": "the genesis names it" if one.since == 0 else "a rotation that both keys signed",
                "public_key_pem": one.pem,
            }
            for one in period.keys
        ],
        "rotations": [one.since for one in period.keys if one.since],
        "watchdog_key": {"fingerprint": envelope.fingerprint(witness.encode()), "public_key_pem": witness}
        if witness
        else None,
    }


def _origin(origin: str) -> str:
    if origin == "file":
        return "a file beside the scanner: whoever could read it could sign"
    return (
        "a key in AWS KMS, by its ARN: it cannot be taken out; who may use it is for its policy and CloudTrail to say"
    )


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(canonical.encode(value), indent=2) + b"\n"


def _csv(cells: tuple[object, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(list(_guarded(cells)))
    return text.getvalue().encode()


def _guarded(cells: tuple[object, ...]) -> Iterator[str]:
    for one in cells:
        text = "" if one is None else str(one)
        yield "'" + text if text.startswith(_FORMULA) else text
