#!/usr/bin/env python3
# ruff: noqa: T201, UP017, UP035, S603, PLR0912, C901, B905, PLC0415, TRY301
"""Check an audit pack of Prooftrail: what lies here, who signed it, and where each row of it comes from.

This file needs Python 3.9 or newer and nothing of ours. Signatures (ECDSA P-256) are checked with `cryptography` where
it can be imported, else with the `openssl` program; it says which. It asks no network, follows no link, and writes
nothing but two small temporary files for openssl, outside the pack.

    python3 verify.py                                      the folder this file lies in
    python3 verify.py PACK --fingerprint F                 F from outside: a mail, a letter, a telephone call
    python3 verify.py PACK --fingerprint F --expect-head SEQ:SHA256 --rows
    python3 verify.py PACK --row 07:123                    one row, back to the bytes AWS sent
    python3 verify.py PACK --control A.5.18                from a control to a failing row, and on to the bytes
    python3 verify.py PACK --sample 25_sample_1.json       draw a sample again

Exit status: 0 intact and origin checked; 1 not intact; 3 unreadable, or consistent with its origin not checked; 2 wrong
use. A changed verify.py cannot accuse itself: run a copy that you got elsewhere, or compare its SHA-256.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # A pack may hold a json.py: nothing that lies beside this file is ever run.
    sys.dont_write_bytecode = True
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]

import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import io
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unicodedata
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Iterable, Iterator, NamedTuple

INTACT, NOT_INTACT, WRONG_USE, NOT_CHECKED = 0, 1, 2, 3

MIB = 1 << 20
LARGEST_STATEMENT = 256 * MIB  # bytes of pack.json or of a slot of the chain; several times what 10,000 accounts need
LARGEST_SMALL = 4 * MIB  # a watchdog's word, a sample
LARGEST_UNPACKED = 4096 * MIB  # what one object may unpack to
LARGEST_LINE = 256 * MIB
MOST_SHOWN = 100  # faults printed; --json has all

EVIDENCE = "evidence/"
STATEMENT_PATH, POLICY_PATH = "integrity/pack.json", "policy/governance.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
IN_TOTO = "https://in-toto.io/Statement/v1"
PACK, GENESIS = "urn:prooftrail:pack:1", "urn:prooftrail:genesis:1"
MANIFEST, ROTATION, WITNESS = "urn:prooftrail:manifest:1", "urn:prooftrail:key-rotation:1", "urn:prooftrail:witness:1"
IN_TIME = timedelta(hours=48)  # how long after its closing a watchdog has to have seen a manifest

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_HEX = re.compile(r"[0-9a-f]{64}")
_SLOT = re.compile(r"chain/(\d{8})\.json")
_WORD = re.compile(r"witness/(\d{8})(?:-(\d{8}T\d{6}Z))?\.json")
_BY_CONTENT = re.compile(r"(custody|answers|notices)/(?:.*[/-])?([0-9a-f]{64})\.(json|jsonl\.gz)")
_PSEUDONYM = re.compile(r"person-[0-9a-f]{20}")
_BLANKS = r"[\s\u200b-\u200f\u2060\ufeff]*"
_FORMULA = re.compile(rf"'*(?:{_BLANKS}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_AFTER = re.compile(
    rb'","payloadType":"application/vnd\.in-toto\+json","signatures":\['
    rb'(?:\{"keyid":"([0-9a-f]{64})","sig":"([A-Za-z0-9+/=]{8,200})"\})?\]\}'
)


class Wrong(Exception):
    """Something is not what it must be; `where` is the file."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what = where, what


SHAPELESS = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What Python says where something is shaped otherwise than anything of ours: a fault of the pack, and no traceback."""


class Usage(Exception):
    """The question cannot be asked like that."""


# --- what lies in the folder -----------------------------------------------------------------------------------------


def safe(text: object, longest: int = 400) -> str:
    """Text as a terminal may show it: whatever would move, hide or reorder it is written as its code."""
    shown = str(text)
    cut = shown if len(shown) <= longest else shown[:longest] + "…"
    return "".join(
        one if one == " " or unicodedata.category(one)[0] not in "CZ" else f"\\u{{{ord(one):x}}}" for one in cut
    )


class Folder:
    """A pack's files by path. No link is followed and nothing outside is opened."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.sizes: dict[str, int] = {}
        self.strange: list[tuple[str, str]] = []
        self._walk("", 0)

    def _walk(self, below: str, depth: int) -> None:
        if depth > 12:
            self.strange.append((below, "folders lie deeper than any pack has them"))
            return
        try:
            with os.scandir(os.path.join(self.root, below) if below else self.root) as found:
                entries = sorted(found, key=lambda one: one.name)
        except OSError as error:
            self.strange.append((below or ".", f"cannot be listed: {error.strerror}"))
            return
        if below and not entries:
            self.strange.append((below + "/", "an empty folder, which no pack has"))
        for one in entries:
            path = below + "/" + one.name if below else one.name
            try:
                about = one.stat(follow_symlinks=False)
            except OSError as error:
                self.strange.append((path, f"cannot be looked at: {error.strerror}"))
                continue
            if stat.S_ISDIR(about.st_mode):
                self._walk(path, depth + 1)
            elif stat.S_ISREG(about.st_mode):
                self.sizes[path] = about.st_size
            else:
                kind = "a link" if stat.S_ISLNK(about.st_mode) else "neither a file nor a folder"
                self.strange.append((path, f"{kind}: a pack has files only, and nothing was followed"))

    def open(self, path: str) -> io.FileIO:
        """The file, once the walk has seen it. Raises Wrong."""
        if path not in self.sizes:
            raise Wrong(path, "is not there")
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            file = io.FileIO(os.open(os.path.join(self.root, *path.split("/")), flags), "r")
        except OSError as error:
            raise Wrong(path, f"cannot be opened: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Wrong(path, "is no file any more")
        return file

    def read(self, path: str, largest: int) -> bytes:
        """All bytes of a file. Raises Wrong for one larger than `largest`."""
        if self.sizes.get(path, 0) > largest:
            raise Wrong(path, f"{self.sizes[path]:,} bytes: too large for what it should be")
        try:
            with self.open(path) as file:
                body = file.read(largest + 1) or b""
        except OSError as error:
            raise Wrong(path, f"cannot be read: {error.strerror}") from error
        return body

    def hashed(self, path: str) -> tuple[str, int]:
        """SHA-256 and size of a file as it is read now. Raises Wrong."""
        digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(MIB))
        try:
            with self.open(path) as file:
                while True:
                    got = file.readinto(buffer)
                    if not got:
                        return digest.hexdigest(), size
                    digest.update(buffer[:got])
                    size += got
        except OSError as error:
            raise Wrong(path, f"cannot be read: {error.strerror}") from error


# --- JSON and envelopes, each in the one way it is written ------------------------------------------------------------

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def parsed(where: str, data: bytes) -> dict[str, Any]:
    """The JSON object in `data`. Raises Wrong for anything else, however deep, long or ill encoded."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError, MemoryError) as error:
        raise Wrong(where, f"is no JSON of ours ({type(error).__name__})") from error
    if not isinstance(value, dict):
        raise Wrong(where, "holds no JSON object")
    return value


def canonical(value: Any) -> bytes:
    """The bytes in which a value is sealed: its fields in the order they were written, no blanks, UTF-8."""
    return bytes(_dump(value).encode("utf-8"))


def field(where: str, of: Any, name: str, kind: type) -> Any:
    """A field that must be there and of a kind. Raises Wrong."""
    value = of.get(name) if isinstance(of, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Wrong(where, f"does not say `{name}`, or not as {kind.__name__}")
    return value


class Envelope(NamedTuple):
    """A DSSE envelope, opened: the payload, the key it says signed it, and the signature (both None where unsigned)."""

    payload: bytes
    keyid: str | None
    signature: bytes | None

    def digest(self) -> bytes:
        """What was signed: type and payload, each with its length."""
        kind = PAYLOAD_TYPE.encode()
        digest = hashlib.sha256(b"DSSEv1 %d %s %d " % (len(kind), kind, len(self.payload)))
        digest.update(self.payload)
        return digest.digest()


def opened(where: str, data: bytes) -> Envelope:
    """The envelope in `data`. There is one way to write it, so that no byte can change unnoticed. Raises Wrong."""
    strict = "is not written as it is sealed: one canonical envelope with one signature"
    end = data.find(b'"', 12)
    after = _AFTER.fullmatch(data, end) if data.startswith(b'{"payload":"') and end > 0 else None
    if after is None:
        raise Wrong(where, strict)
    payload = unbase64(where, data[12:end])
    signature = unbase64(where, after[2]) if after[2] else None
    if signature is not None and der(signature) is None:
        raise Wrong(where, "its signature is not written in the one way DER has")
    return Envelope(payload, after[1].decode() if after[1] else None, signature)


def unbase64(where: str, text: bytes) -> bytes:
    """Bytes of base64 in the one way they are written. Raises Wrong."""
    try:
        body = binascii.a2b_base64(text)
    except binascii.Error as error:
        raise Wrong(where, "holds base64 that is none") from error
    if base64.b64encode(body) != text:
        raise Wrong(where, "holds base64 in another way than it is sealed")
    return body


def stated(where: str, envelope: Envelope, *types: str) -> tuple[str, dict[str, Any], list[Any]]:
    """Type, predicate and subject of the in-toto statement inside. Raises Wrong for a type not among `types`."""
    statement = parsed(where, envelope.payload)
    kind = field(where, statement, "predicateType", str)
    if statement.get("_type") != IN_TOTO or kind not in types:
        raise Wrong(where, f"states {safe(kind, 80)!r}, which has no place here")
    return kind, field(where, statement, "predicate", dict), field(where, statement, "subject", list)


# --- keys and signatures ----------------------------------------------------------------------------------------------

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")  # what stands before a P-256 key in DER


def der(signature: bytes) -> tuple[int, int] | None:
    """r and s of a signature in strict DER; None for any other way to write them."""
    numbers, rest = [], signature[2:]
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return None
    while rest:
        if len(rest) < 3 or rest[0] != 2 or not 0 < rest[1] <= len(rest) - 2:
            return None
        number, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if number[0] & 0x80 or (number[0] == 0 and len(number) > 1 and not number[1] & 0x80):
            return None
        numbers.append(int.from_bytes(number, "big"))
    if len(numbers) != 2 or not all(0 < one < _ORDER for one in numbers):
        return None
    return numbers[0], numbers[1]


def key_der(where: str, pem: str) -> bytes:
    """The DER SubjectPublicKeyInfo in a PEM text. Raises Wrong for what is no ECDSA P-256 public key."""
    found = re.fullmatch(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*", pem)
    try:
        body = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        body = b""
    if len(body) != len(_SPKI) + 64 or not body.startswith(_SPKI):
        raise Wrong(where, "holds no ECDSA P-256 public key in PEM")
    return body


def fingerprint(key: bytes) -> str:
    """SHA-256 of the key in DER: what is compared over the telephone."""
    return hashlib.sha256(key).hexdigest()


_KNOWN_KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000472dc9f38e4f36fdd6a6fb18f13df82d57caace"
    "34a298b91e60ef0f985a8bf0649c5d119f946d3036709bbf3a0b77dcff0e9009b6f0dec7feb7217d674b178c17"
)
_KNOWN_SIGNATURE = bytes.fromhex(
    "3045022100c226f147f51294380aa593cbeca6194aed0f6b6124a42e6df9a1bda8749f11a502207e79388afce7e2"
    "42096e1134509b2fd72a959ab92185e9e4e4d42ff4f8a740f9"
)
_KNOWN_DIGEST = hashlib.sha256(b"prooftrail").digest()

Check = Callable[[bytes, bytes, bytes], bool]  # key in DER, signature in DER, SHA-256 digest


def tells(check: Check) -> bool:
    """True if a tool says yes to a known signature, and no to it over something else."""
    known, other = (_KNOWN_KEY, _KNOWN_SIGNATURE), hashlib.sha256(b"another").digest()
    return check(*known, _KNOWN_DIGEST) and not check(*known, other)


class Signatures:
    """Checks signatures with what this machine has, after it has shown on a known one that it can tell right from wrong."""

    def __init__(self, root: str, tool: str) -> None:
        self.name = "nothing: neither `cryptography` nor `openssl` is here"
        self._check: Check | None = None
        for name, make in (("cryptography", self._cryptography), ("openssl", self._openssl)):
            if tool not in ("any", name):
                continue
            check, said = make(root)
            if check is not None and tells(check):
                self.name, self._check = said, check
                return

    @property
    def can(self) -> bool:
        """True if signatures can be checked here."""
        return self._check is not None

    def holds(self, key: bytes, envelope: Envelope) -> bool:
        """True if the envelope's signature is this key's; True as well where none can be checked, see `can`."""
        if envelope.keyid != fingerprint(key) or envelope.signature is None:
            return False
        return self.over(key, envelope.signature, envelope.digest())

    def over(self, key: bytes, signature: bytes, digest: bytes) -> bool:
        """The same for a bare signature over a SHA-256 digest."""
        return self._check is None or self._check(key, signature, digest)

    def _cryptography(self, _: str) -> tuple[Check | None, str]:
        try:
            import cryptography
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import ec, utils
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return None, ""  # a broken build panics in its own way, and is as good as none

        def check(key: bytes, signature: bytes, digest: bytes) -> bool:
            try:
                loaded = serialization.load_der_public_key(key)
                if not isinstance(loaded, ec.EllipticCurvePublicKey):
                    return False
                loaded.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
            except (InvalidSignature, ValueError):
                return False
            return True

        return check, f"cryptography {cryptography.__version__} (Python)"

    def _openssl(self, root: str) -> tuple[Check | None, str]:
        program = shutil.which("openssl")
        if program is None:
            return None, ""
        program = os.path.realpath(program)
        if os.path.commonpath([program, os.path.realpath(root)]) == os.path.realpath(root):
            return None, ""  # a pack that brings its own judge

        def check(key: bytes, signature: bytes, digest: bytes) -> bool:
            lines = base64.encodebytes(key).decode()
            with tempfile.TemporaryDirectory(prefix="verify-pack-") as place:
                pem, sig = os.path.join(place, "key.pem"), os.path.join(place, "signature")
                with open(pem, "w", encoding="ascii") as file:
                    file.write(f"-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n")
                with open(sig, "wb") as binary:
                    binary.write(signature)
                ask = [str(program), "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-sigfile", sig]
                said = subprocess.run(ask, input=digest, capture_output=True, check=False, timeout=60)
            return said.returncode == 0

        try:
            asked = subprocess.run([str(program), "version"], capture_output=True, check=False, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return None, ""
        return check, f"{program} ({safe(asked.stdout.decode('ascii', 'replace').partition('(')[0].strip(), 80)})"


# --- what was found ---------------------------------------------------------------------------------------------------


class Slot(NamedTuple):
    """A slot of the chain as it was read; `manifest` is False for genesis and rotations."""

    seq: int
    sha256: str
    manifest: bool
    run: str | None
    closed: datetime | None
    policy: str | None = None


class Key(NamedTuple):
    """A key of the chain and the slot that brought it in."""

    since: int
    der: bytes
    origin: str


class Named(NamedTuple):
    """An object of the pack as a manifest names it; `stored` is None where the manifest could not say."""

    seq: int
    number: int
    of: int
    kind: str
    sha256: str | None
    stored: str | None
    size: int
    lines: int


class Found:
    """Everything that was looked at, and what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.checked: list[tuple[str, str]] = []
        self.statement: dict[str, Any] = {}
        self.files: dict[str, tuple[str, int]] = {}
        self.envelope: Envelope | None = None
        self.pack_sha256 = ""
        self.genesis: dict[str, Any] = {}
        self.locker_id = ""
        self.slots: dict[int, Slot] = {}
        self.keys: list[Key] = []
        self.named: dict[str, Named] = {}
        self.absent: Counter[tuple[str, str]] = Counter()
        self.signed = False
        self.unchecked: list[str] = []
        self.narrow = False
        self.origin: list[str] = []

    def fault(self, where: str, what: str) -> None:
        """Something that breaks the pack."""
        if (where, what) not in self.faults:
            self.faults.append((where, what))


def moment(where: str, text: object) -> datetime:
    """An instant as it is sealed, `2026-11-22T06:00:00Z`. Raises Wrong."""
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError as error:
        raise Wrong(where, f"{safe(text, 40)!r} is no time") from error
    if at.tzinfo is None:
        raise Wrong(where, f"{safe(text, 40)!r} is no time with a zone")
    return at.astimezone(timezone.utc)


# --- a: every file, by the pack's own statement -----------------------------------------------------------------------


def read_statement(folder: Folder, found: Found) -> None:
    """Read integrity/pack.json. Raises Wrong where it is not there or not what it must be."""
    data = folder.read(STATEMENT_PATH, LARGEST_STATEMENT)
    found.pack_sha256 = hashlib.sha256(data).hexdigest()
    envelope = opened(STATEMENT_PATH, data)
    _, predicate, subject = stated(STATEMENT_PATH, envelope, PACK)
    try:
        rewritten = canonical(parsed(STATEMENT_PATH, envelope.payload))
    except (ValueError, RecursionError) as error:
        raise Wrong(STATEMENT_PATH, "holds text that has no UTF-8") from error
    if rewritten != envelope.payload:
        raise Wrong(STATEMENT_PATH, "its statement is not written as it is sealed")
    files: dict[str, tuple[str, int]] = {}
    for one in field(STATEMENT_PATH, predicate, "files", list):
        path, sha256 = field(STATEMENT_PATH, one, "path", str), field(STATEMENT_PATH, one, "sha256", str)
        if not _PATH.fullmatch(path) or path == STATEMENT_PATH or path in files:
            raise Wrong(STATEMENT_PATH, f"names a file {safe(path, 100)!r}, which no pack can hold, or twice")
        if not _HEX.fullmatch(sha256):
            raise Wrong(STATEMENT_PATH, f"gives no SHA-256 of {safe(path, 100)}")
        files[path] = sha256, field(STATEMENT_PATH, one, "size", int)
    if [(one, {"sha256": files[one][0]}) for one in files] != [
        (one.get("name"), one.get("digest")) for one in subject if isinstance(one, dict)
    ]:
        raise Wrong(STATEMENT_PATH, "names other files in its subject than in its predicate")
    found.envelope, found.statement, found.files = envelope, predicate, files


def check_files(folder: Folder, found: Found, hashed: Iterable[tuple[str, tuple[str, int] | Wrong]]) -> None:
    """Hold every file against the statement, and the statement against the folder."""
    said = list(hashed)
    for path, one in said:
        judge_file(found, path, one)
    for path in found.files:
        if path not in folder.sizes:
            found.fault(path, "is not there, and the pack's statement lists it")
    for path in sorted(folder.sizes.keys() - found.files.keys() - {STATEMENT_PATH}):
        found.fault(safe(path), "is no file of this pack: its statement does not list it")
    for path, what in folder.strange:
        found.fault(safe(path), what)
    total = sum(folder.sizes[path] for path in found.files if path in folder.sizes)
    found.checked.append(("files", f"{len(said):,} of {len(found.files):,} there and hashed, {total:,} bytes"))


def _hashed(folder: Folder, path: str) -> tuple[str, tuple[str, int] | Wrong]:
    try:
        return path, folder.hashed(path)
    except Wrong as wrong:
        return path, wrong


def judge_file(found: Found, path: str, said: tuple[str, int] | Wrong) -> None:
    """Hold one file's hash and size against the statement."""
    sha256, size = found.files[path]
    if isinstance(said, Wrong):
        found.fault(said.where, said.what)
    elif said[1] != size:
        found.fault(path, f"has {said[1]:,} bytes, and {size:,} were sealed")
    elif said[0] != sha256:
        found.fault(path, f"its bytes are not those that were sealed (SHA-256 {said[0][:16]}…, not {sha256[:16]}…)")


# --- c: the chain -----------------------------------------------------------------------------------------------------


class Chain:
    """Walks the slots in order and holds each against the one before, as `docs/evidence.md` describes."""

    def __init__(
        self, folder: Folder, found: Found, signatures: Signatures, *, runs: frozenset[str] | None = None
    ) -> None:
        """`runs`: only their manifests are read for what they list, all others for their signatures."""
        self.folder, self.found, self.signatures, self.runs = folder, found, signatures, runs
        self._there = frozenset(one[len(EVIDENCE) :] for one in folder.sizes if one.startswith(EVIDENCE))
        self._runs: dict[str, int] = {}
        self._closed: datetime | None = None
        self._skipped = 0

    def walk(self) -> None:
        """Read every slot; whatever is wrong becomes a fault."""
        slots = sorted(int(match[1]) for match in map(_SLOT.fullmatch, self._there) if match)
        expected = 0
        for seq in slots:
            if seq > expected:
                wide = f" to {seq - 1}" if seq - 1 > expected else ""
                self._fault(expected, f"slot {expected}{wide} is gone, and slot {seq} stands after it")
            expected = seq + 1
            try:
                self._slot(seq)
            except Wrong as wrong:
                self.found.fault(wrong.where, wrong.what)
            except SHAPELESS as error:
                self._fault(seq, f"is shaped as nothing of ours ({type(error).__name__})")
        if not slots:
            self._fault(0, "there is no chain in this pack")
        manifests = sum(one.manifest for one in self.found.slots.values())
        keys = f"{len(self.found.keys)} key{'s' if len(self.found.keys) != 1 else ''}"
        how = f"signatures checked with {self.signatures.name}" if self.signatures.can else "signatures NOT CHECKED"
        more = f"; the lists of {self._skipped} were not read for this question" if self._skipped else ""
        self.found.checked.append(
            ("chain", f"{len(slots)} slots ({manifests} manifests) from genesis to head, {keys}; {how}{more}")
        )

    def _fault(self, seq: int, what: str) -> None:
        self.found.fault(f"{EVIDENCE}chain/{seq:08d}.json", what)

    def _slot(self, seq: int) -> None:
        where = f"{EVIDENCE}chain/{seq:08d}.json"
        data = self.folder.read(where, LARGEST_STATEMENT)
        sha256, envelope = hashlib.sha256(data).hexdigest(), opened(where, data)
        del data
        of_runs = (b'"run":{"id":"%s"' % one.encode() in envelope.payload for one in self.runs or ())
        if self.runs is not None and len(envelope.payload) > 65536 and not any(of_runs):
            self._skipped += 1
            self._signed(seq, envelope)
            self.found.slots[seq] = Slot(seq, sha256, manifest=True, run=None, closed=None)
            return
        kind, predicate, subject = stated(where, envelope, GENESIS, MANIFEST, ROTATION)
        if kind == GENESIS:
            self._genesis(seq, where, predicate)
        held = self._signed(seq, envelope)
        if kind != GENESIS:
            self._follows(seq, where, predicate)
        run = closed = None
        if kind == ROTATION:
            self._rotation(seq, where, predicate, held=held)
        elif kind == MANIFEST:
            run, closed = self._manifest(seq, where, predicate, subject, envelope.payload)
        policy = inside(predicate, "governance.sha256")
        self.found.slots[seq] = Slot(seq, sha256, kind == MANIFEST, run, closed, policy)

    def _genesis(self, seq: int, where: str, predicate: dict[str, Any]) -> None:
        if seq != 0:
            raise Wrong(where, "a second genesis stands here")
        self.found.genesis, self.found.locker_id = predicate, hashlib.sha256(canonical(predicate)).hexdigest()
        key = key_der(where, field(where, predicate, "public_key_pem", str))
        if fingerprint(key) != predicate.get("key_fingerprint"):
            self._fault(seq, "the genesis holds another key than the one it names")
        self.found.keys.append(Key(0, key, str(predicate.get("key_origin"))))

    def _signed(self, seq: int, envelope: Envelope) -> bool:
        if not self.found.keys:
            self._fault(seq, "there is no genesis to take the key from: its signature is not checked")
            return False
        if not self.signatures.holds(self.found.keys[-1].der, envelope):
            self._fault(seq, "its signature is not that of the key in force over these bytes")
            return False
        return True

    def _follows(self, seq: int, where: str, one: dict[str, Any]) -> None:
        if field(where, one, "seq", int) != seq:
            self._fault(seq, f"this slot holds what was sealed for slot {one['seq']}")
        if self.found.locker_id and one.get("locker_id") != self.found.locker_id:
            self._fault(seq, "it belongs to another locker than this genesis")
        before = self.found.slots.get(seq - 1)
        if before and one.get("previous") != {"seq": before.seq, "sha256": before.sha256}:
            self._fault(seq, f"it does not name what stands before it ({before.seq}:{before.sha256[:16]}…)")
        since = self.found.keys[-1].since if self.found.keys else 0
        if self.found.keys and one.get("key_since") != (since or None):
            self._fault(seq, "it names another rotation for its key than the one that brought it in")

    def _rotation(self, seq: int, where: str, one: dict[str, Any], *, held: bool) -> None:
        key = key_der(where, field(where, one, "public_key_pem", str))
        try:
            possession = base64.b64decode(field(where, one, "possession", str), validate=True)
        except (binascii.Error, ValueError):
            possession = b""
        said = hashlib.sha256(canonical({**one, "possession": ""})).digest()
        if der(possession) is None or not self.signatures.over(key, possession, said):
            self._fault(seq, "the new key did not sign its own rotation: it is not in force")
        elif fingerprint(key) != one.get("key_fingerprint"):
            self._fault(seq, "the rotation holds another key than the one it names")
        elif held:
            self.found.keys.append(Key(seq, key, str(one.get("key_origin"))))

    def _manifest(
        self, seq: int, where: str, one: dict[str, Any], subject: list[Any], payload: bytes
    ) -> tuple[str, datetime]:
        run = field(where, field(where, one, "run", dict), "id", str)
        if run in self._runs:
            self._fault(seq, f"run {safe(run, 40)} is sealed already in slot {self._runs[run]}")
        self._runs.setdefault(run, seq)
        closed = moment(where, one.get("closed_at"))
        if self._closed and closed < self._closed - timedelta(hours=1):
            self._fault(seq, "it says that it was closed before the manifest before it")
        self._closed = closed
        objects = field(where, one, "objects", list)
        if not all(map(_is_object, objects)) or objects != sorted(objects, key=_key):
            raise Wrong(where, "does not list its objects as they are sealed, in order of key")
        if merkle_root(leaves_of(payload, objects)) != one.get("merkle_root"):
            self._fault(seq, "its Merkle root is not that of the objects it lists")
        named = ((each["key"], {"sha256": each["stored_sha256"]}) for each in objects)
        if len(subject) != len(objects) or any(
            (each.get("name"), each.get("digest")) != said for each, said in zip(subject, named)
        ):
            self._fault(seq, "it names other objects in its subject than in its manifest")
        kinds = Counter(each["kind"] for each in objects)
        for number, each in enumerate(objects, 1):
            if each["key"] in self._there:
                kinds[each["kind"]] -= 1
                told = [each[name] for name in ("kind", "sha256", "stored_sha256", "size", "count")]
                self.found.named.setdefault(each["key"], Named(seq, number, len(objects), *told))
        self.found.absent.update({(kind, run): left for kind, left in kinds.items() if left})
        for each in one.get("superseded") or ():
            key, stored = field(where, each, "key", str), each.get("stored_sha256")
            if key in self._there:
                self.found.named.setdefault(
                    key, Named(seq, 0, len(objects), "superseded", None, stored, each["size"], 0)
                )
        return run, closed


def _key(one: dict[str, Any]) -> str:
    return str(one["key"])


def _is_object(one: Any) -> bool:
    """True for a record with all that an object of a manifest says."""
    get = one.get if isinstance(one, dict) else {}.get
    return (
        type(get("key")) is type(get("kind")) is type(get("sha256")) is type(get("stored_sha256")) is str
        and type(get("size")) is type(get("count")) is int
    )


def leaves_of(payload: bytes, objects: list[dict[str, Any]]) -> Iterable[bytes]:
    """The canonical bytes of each object: cut out of the payload where that is plain to see, else written anew."""
    begin = payload.find(b',"objects":[{') + 12
    pieces = payload[begin : payload.find(b"}]", begin)].strip(b"{").split(b"},{") if begin > 11 else []
    if (
        payload.count(b',"objects":[') == 1
        and len(pieces) == len(objects)
        and b"\\" not in payload[begin : begin + sum(map(len, pieces))]
    ):
        return (b"{" + one + b"}" for one in pieces)
    return map(canonical, objects)


def merkle_root(leaves: Iterable[bytes]) -> str:
    """The Merkle tree hash of RFC 6962, section 2.1; of no leaves, SHA-256 of nothing."""
    sha256 = hashlib.sha256
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) & ~1 :]
    return level[0].hex()


# --- b and d: who signed the pack, and whether a manifest names its evidence ------------------------------------------


def check_pack(found: Found, signatures: Signatures) -> None:
    """The pack's own signature, by the key in force at the head, and that its statement is about this chain."""
    envelope, said, head = found.envelope, found.statement, max(found.slots.values(), default=None)
    if envelope is None or head is None:
        return
    if said.get("locker_id") != found.locker_id:
        found.fault(STATEMENT_PATH, "its statement is about another locker than the chain in this pack")
    if said.get("head") != {"seq": head.seq, "sha256": head.sha256}:
        found.fault(STATEMENT_PATH, f"its statement names another head than the chain's ({head.seq}:{head.sha256})")
    if said.get("as_of") not in {one.run for one in found.slots.values()} and not found.narrow:
        found.fault(STATEMENT_PATH, "no manifest of the chain sealed the run it says it shows")
    level = assurance(found).partition(":")[0]
    if said.get("assurance") not in (level, "witnessed" if level == "two accounts" else level):
        found.fault(
            STATEMENT_PATH, f"it calls its evidence {safe(said.get('assurance'), 40)!r}; by its genesis it is {level}"
        )
    key = found.keys[-1].der if found.keys else b""
    if envelope.signature is None:
        found.unchecked.append("the pack is UNSIGNED: nobody vouches for its tables, only the chain for its evidence")
        if said.get("signed_by") is not None:
            found.fault(STATEMENT_PATH, "its statement says that it is signed, and the signature is gone")
        return
    numbers = der(envelope.signature)
    if numbers is None or numbers[1] > _ORDER // 2:
        found.fault(STATEMENT_PATH, "its signature is not written in the one way a pack has (low s)")
    elif said.get("signed_by") != envelope.keyid or not signatures.holds(key, envelope):
        found.fault(STATEMENT_PATH, "its signature is not that of the key in force at the chain's head")
    else:
        found.signed = signatures.can


def check_policy(found: Found) -> None:
    """policy/governance.json is what the manifest of the run shown says was in force."""
    shown = next((one for one in found.slots.values() if one.run == found.statement.get("as_of")), None)
    if shown and shown.policy and found.files.get(POLICY_PATH, (shown.policy, 0))[0] != shown.policy:
        found.fault(POLICY_PATH, f"the manifest of slot {shown.seq} states another policy by hash")


def check_evidence(folder: Folder, found: Found) -> None:
    """Every object in the pack stands in a manifest with these bytes; what manifests name and is not here is counted."""
    waiting = matched = 0
    for path, (sha256, size) in found.files.items():
        key = path[len(EVIDENCE) :]
        if not path.startswith(EVIDENCE) or _SLOT.fullmatch(key) or _WORD.fullmatch(key):
            continue
        named, by_content = found.named.get(key), _BY_CONTENT.fullmatch(key)
        if named and named.stored is not None:
            if (sha256, size) != (named.stored, named.size):
                found.fault(path, f"the manifest of slot {named.seq} sealed other bytes under this name")
            matched += 1
        elif by_content and content_sha256(folder, path) == by_content[2]:
            waiting += 1
        else:
            found.fault(path, "no manifest names it")
    found.checked.append(("evidence", f"{matched:,} objects are what the manifests sealed"))
    if waiting:
        found.notes.append(f"{waiting} records are not yet chained: the next manifest will name them, none does now")
    if found.absent:
        kinds: Counter[str] = Counter()
        for (kind, _), number in found.absent.items():
            kinds[kind] += number
        told = ", ".join(f"{number:,} {safe(kind, 20)}" for kind, number in sorted(kinds.items()))
        runs = len({run for _, run in found.absent})
        found.notes.append(f"not in this pack, of {runs} runs: {told}; the chain names them, the locker has them")


def content_sha256(folder: Folder, path: str) -> str | None:
    """SHA-256 of what a file unpacks to; None where it cannot be unpacked."""
    digest = hashlib.sha256()
    try:
        for line in Lines(folder, path, path.endswith(".gz")).all():
            digest.update(line)
    except Wrong:
        return None
    return digest.hexdigest()


def check_words(folder: Folder, found: Found, signatures: Signatures, told: str | None) -> None:
    """The watchdog's words: signature, name, the head each saw, and the word before it."""
    pem, paths = found.genesis.get("witness_public_key_pem"), []
    paths = sorted(one for one in folder.sizes if _WORD.fullmatch(one[len(EVIDENCE) :]) and one.startswith(EVIDENCE))
    if not isinstance(pem, str):
        for path in paths:
            found.fault(path, "the genesis names no key of a watchdog, so nobody can have said this")
        if told:
            found.fault(EVIDENCE + "chain/00000000.json", "the genesis names no watchdog's key, and one was given")
        found.checked.append(("witness", "none: the genesis names no watchdog"))
        return
    key = key_der(EVIDENCE + "chain/00000000.json", pem)
    if told and told != fingerprint(key):
        found.fault(EVIDENCE + "chain/00000000.json", f"its watchdog's key is {fingerprint(key)}, not the one given")
    words: dict[str, tuple[datetime, str, dict[str, Any]]] = {}
    for path in paths:
        try:
            data = folder.read(path, LARGEST_SMALL)
            envelope = opened(path, data)
            _, word, subject = stated(path, envelope, WITNESS)
            if not signatures.holds(key, envelope):
                raise Wrong(path, "its signature is not the watchdog's over these bytes")
            said = moment(path, word.get("checked_at"))
            judge_word(found, path, word, subject)
            words[path[len(EVIDENCE) :]] = said, hashlib.sha256(data).hexdigest(), word
        except Wrong as wrong:
            found.fault(wrong.where, wrong.what)
        except SHAPELESS as error:
            found.fault(path, f"is shaped as nothing of ours ({type(error).__name__})")
    sum_up_words(found, words, fingerprint(key), told)


def judge_word(found: Found, path: str, word: dict[str, Any], subject: list[Any]) -> None:
    """Hold one word against its name and the chain. Raises Wrong."""
    key, head = path[len(EVIDENCE) :], word.get("head")
    if word.get("key") != key:
        raise Wrong(path, f"this word was said as {safe(word.get('key'), 60)}")
    if word.get("locker_id") not in (None, found.locker_id):
        raise Wrong(path, "this word was said of another locker")
    if head is None or not word.get("signature_held"):
        return
    seq, sha256 = field(path, head, "seq", int), field(path, head, "sha256", str)
    if subject != [{"name": f"chain/{seq:08d}.json", "digest": {"sha256": sha256}}]:
        raise Wrong(path, "names another head in its subject than in its word")
    if seq not in found.slots or found.slots[seq].sha256 != sha256:
        found.fault(
            f"{EVIDENCE}chain/{seq:08d}.json", f"the watchdog saw {seq}:{sha256[:16]}… ({key}), which is not here"
        )


def sum_up_words(
    found: Found, words: dict[str, tuple[datetime, str, dict[str, Any]]], key: str, told: str | None
) -> None:
    """What the words come to: which manifests they pin, how late, and whether each names the word before."""
    pinned: dict[int, datetime] = {}
    ordered = sorted(words.items(), key=lambda one: (one[1][0], one[0]))
    for number, (name, (said, _, word)) in enumerate(ordered):
        before = word.get("previous")
        if isinstance(before, dict):
            there = words.get(str(before.get("key")))
            if there is None or there[1] != before.get("sha256"):
                found.fault(
                    EVIDENCE + name, f"it names {safe(before.get('key'), 60)} before it, which is gone or another"
                )
        elif number:
            found.fault(EVIDENCE + name, "it names no word before it, and there is one")
        head = word.get("head")
        if isinstance(head, dict) and word.get("signature_held"):
            for seq in range(int(head["seq"]), -1, -1):
                if seq in pinned:
                    break
                pinned[seq] = said
        if word.get("troubles"):
            found.notes.append(f"the watchdog said that something did not hold: {safe(name)}; ask what became of it")
    manifests = [one for one in found.slots.values() if one.manifest and one.closed]
    last = max((one.closed for one in manifests if one.closed), default=None)
    late = sum(
        one.seq in pinned and one.closed is not None and pinned[one.seq] - one.closed > IN_TIME for one in manifests
    )
    unseen = [
        one.seq for one in manifests if one.seq not in pinned and one.closed and last and last - one.closed > IN_TIME
    ]
    chain = {fingerprint(one.der) for one in found.keys}
    own = "its own key" if key not in chain else "a key of the chain itself, which proves nothing"
    source = "fingerprint as given" if told else "taken from the genesis, NOT compared with anything from outside"
    found.checked.append(
        ("witness", f"{len(words)} words pin {len(pinned)} of {len(found.slots)} slots, under {own} ({source})")
    )
    if late or unseen:
        heard = f"watchdog: {late} manifests seen later than 48 h after closing, {len(unseen)} never seen"
        (found.unchecked if told else found.notes).append(heard)


def check_outside(found: Found, asked: argparse.Namespace) -> None:
    """What somebody outside told, held against the pack: only this shows whose it is."""
    first = EVIDENCE + "chain/00000000.json"
    keys = {fingerprint(one.der): one for one in found.keys}
    for told in asked.fingerprints:
        if told not in keys:
            here = ", ".join(keys) or "no key"
            found.fault(first, f"the chain is signed with {here}, and not with {told}, which was given")
            continue
        found.origin.append(f"fingerprint {told[:16]}…")
        if keys[told] is not found.keys[-1]:
            found.notes.append(
                "the fingerprint given is of an older key, replaced since: who got hold of it later could have gone on from"
                " before the exchange. Ask for the newest fingerprint or a head as well"
            )
    for seq, sha256 in asked.heads:
        if seq not in found.slots or found.slots[seq].sha256 != sha256:
            where, stands = f"{EVIDENCE}chain/{seq:08d}.json", found.slots.get(seq)
            has = f"{stands.sha256[:16]}… stands there" if stands else "the chain ends before it"
            found.fault(where, f"somebody saw {sha256[:16]}… in this slot, and {has}")
        else:
            found.origin.append(f"head {seq}:{sha256[:16]}…")
    if asked.pack_sha256:
        content = hashlib.sha256(found.envelope.payload).hexdigest() if found.envelope else ""
        if asked.pack_sha256 not in (found.pack_sha256, content):
            found.fault(STATEMENT_PATH, f"its SHA-256 is {found.pack_sha256}, not {asked.pack_sha256}, which was given")
        else:
            found.origin.append(f"pack SHA-256 {asked.pack_sha256[:16]}…")
            found.unchecked = [one for one in found.unchecked if "UNSIGNED" not in one]
    if not asked.fingerprints and not asked.pack_sha256:
        found.unchecked.append(
            "ORIGIN NOT CHECKED: give --fingerprint (or --public-key, --pack-sha256) from a source outside this pack"
        )


# --- e: rows held against the lines they cite -------------------------------------------------------------------------


class Lines:
    """The lines of an object, unpacked as they are asked for; a later line is cheap after an earlier one."""

    def __init__(self, folder: Folder, path: str, packed: bool = True) -> None:
        self._folder, self.path, self._packed = folder, path, packed
        self._at, self._lines = 0, iter(())  # type: tuple[int, Iterator[bytes]]
        self._last = b""

    def all(self) -> Iterator[bytes]:
        """Every line with its end. Raises Wrong for a stream that is cut short, goes on, or is too large."""
        engine, rest, total = zlib.decompressobj(31), b"", 0
        with self._folder.open(self.path) as file:
            while True:
                piece = file.read(MIB)
                try:
                    while True:
                        data = engine.decompress(piece or b"", 4 * MIB) if self._packed else piece or b""
                        total += len(data)
                        lines = (rest + data).split(b"\n")
                        rest = lines.pop()
                        if total > LARGEST_UNPACKED or len(rest) > LARGEST_LINE:
                            raise Wrong(self.path, "unpacks to more than any evidence of ours")
                        for one in lines:
                            yield one + b"\n"
                        piece = engine.unconsumed_tail if self._packed else b""
                        if not piece:
                            break
                except zlib.error as error:
                    raise Wrong(self.path, f"cannot be unpacked: {error}") from error
                if self._packed and (engine.unused_data or engine.eof):
                    if engine.unused_data or file.read(1):
                        raise Wrong(self.path, "has something after its packed stream")
                    break
                if piece == b"" and not engine.unconsumed_tail and file.tell() >= self._folder.sizes[self.path]:
                    break
        if self._packed and not engine.eof:
            raise Wrong(self.path, "its packed stream is cut short")
        if rest:
            yield rest

    def at(self, number: int) -> dict[str, Any]:
        """The record in a line, counted from 1. Raises Wrong where there is none."""
        if number < self._at or self._at == 0:
            self._at, self._lines = 0, self.all()
        while self._at < number:
            line = next(self._lines, None)
            if line is None:
                raise Wrong(self.path, f"has no line {number}")
            self._last, self._at = line, self._at + 1
        return parsed(f"{self.path} line {number}", self._last)


class Table(NamedTuple):
    """A register whose rows cite sealed lines: the record they cite, and which field each column must hold."""

    kind: str
    record: str
    columns: dict[str, str]


TABLES = {
    "03_identity_inventory": Table("snapshot", "identity", {
        "identity_id": "id", "arn": "arn", "kind": "kind", "account_id": "account", "name": "name", "region": "region",
        "class": "classification.class", "created_at": "created_at",}),
    "04_risk_register": Table("assessment", "risk", {
        "identity_id": "identity", "impact": "impact", "likelihood": "likelihood", "points": "points",
        "inherent_tier": "tier", "tier_at_least": "tier_from", "privilege_class": "privilege"}),
    "07_identity_control_results": Table("assessment", "result", {
        "identity_id": "identity", "control_id": "control", "control_version": "version", "tier": "tier",
        "result": "status", "measured_value": "value", "threshold": "limit.value", "reason": "reason",
        "subject": "subject"}),
    "17_findings_capa": Table("findings", "finding", {
        "nc_id": "fingerprint", "control_id": "control", "subject": "subject", "finding": "reason", "status": "status",
        "severity": "severity", "tier": "tier", "due": "due_at", "opened_run": "opened_run"}),
}  # fmt: skip


def check_rows(folder: Folder, found: Found) -> None:
    """Hold every row of the four registers against the sealed line it cites, and count that no line lacks its row."""
    people, by_id = people_of(folder, found), evidence_ids(found)
    for name, table in TABLES.items():
        cited: dict[str, set[int]] = {}
        sealed: dict[str, Lines] = {}
        rows, path = 0, name + ".csv"
        try:
            reader, twin = csv_rows(folder, path), Lines(folder, name + ".jsonl", packed=False).all()
            header = next(reader, [])
            if not {"evidence_id", "evidence_line"} <= set(header):
                raise Wrong(path, "has no columns evidence_id and evidence_line")
            for rows, cells in enumerate(reader, 1):
                where = f"{path} row {rows}"
                row = parsed(f"{name}.jsonl line {rows}", next(twin, b""))
                if list(row) != header or cells != [cell_of(one) for one in row.values()]:
                    found.fault(where, f"is not line {rows} of {name}.jsonl, its twin")
                check_row(found, where, row, table, by_id, sealed, folder, people, cited)
            if next(twin, None) is not None:
                found.fault(f"{name}.jsonl", f"goes on after the {rows:,} rows of {path}")
        except Wrong as wrong:
            found.fault(wrong.where, wrong.what)
        if found.statement.get("rows", {}).get(name, rows) != rows:
            found.fault(path, f"has {rows:,} rows, and the pack's statement says {found.statement['rows'][name]:,}")
        count_lines(folder, found, path, table, cited)
        found.checked.append(("rows", f"{path}: {rows:,} rows held against {len(cited):,} sealed objects"))


def check_row(found: Found, where: str, row: dict[str, Any], table: Table, by_id: dict[str, str],
              sealed: dict[str, Lines], folder: Folder, people: dict[str, str], cited: dict[str, set[int]]) -> None:  # fmt: skip
    """One row: the object it cites is here and of the right kind, the line is there, and says the same."""
    cites, line = row.get("evidence_id"), row.get("evidence_line")
    key = by_id.get(str(cites))
    if key is None or not isinstance(line, int):
        found.fault(where, f"cites {safe(cites, 40)} line {safe(line, 12)}, which is not in this pack")
        return
    if key not in sealed:
        sealed.clear()  # rows come object by object: one open at a time is enough
        sealed[key] = Lines(folder, EVIDENCE + key)
    record = sealed[key].at(line)
    if found.named[key].kind != table.kind or record.get("record") != table.record:
        found.fault(where, f"cites {safe(record.get('record'), 30)} in {key}, and no {table.record}")
        return
    if line in cited.setdefault(key, set()):
        found.fault(where, f"cites the same line as a row before it ({key} line {line})")
    cited[key].add(line)
    for column in differing(row, record, table, people):
        told = safe(inside(record, table.columns[column]), 120)
        found.fault(where, f"{column} is {safe(row[column], 120)!r}, and {key} line {line} says {told!r}")


def differing(row: dict[str, Any], record: dict[str, Any], table: Table, people: dict[str, str]) -> list[str]:
    """The columns of a row that do not say what the sealed record says."""
    columns = [one for one in table.columns if one in row]
    return [one for one in columns if not same(row[one], inside(record, table.columns[one]), people)]


def cell_of(value: Any) -> str:
    """A value as a cell shows it: nothing a spreadsheet would run, no control or direction characters, 32,767 at most."""
    if value is None or isinstance(value, (bool, int)):
        return "" if value is None else str(value).lower()
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    shown = _UNSEEN.sub(_code_of, "'" + text if _FORMULA.match(text) else text)
    if len(shown) <= 32767:
        return shown
    note = " [cut here: {} more characters, whole in the .jsonl file]"
    kept = 32767 - len(note.format(len(shown)))
    return shown[:kept] + note.format(len(shown) - kept)


def _code_of(one: re.Match[str]) -> str:
    code = ord(one[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def inside(record: Any, path: str) -> Any:
    """A field of a record by its path; None where there is none."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def same(shown: Any, sealed: Any, people: dict[str, str]) -> bool:
    """True if a value is what is sealed, with pseudonyms revealed as far as the pack says whom they stand for."""
    if shown == sealed or not (isinstance(sealed, str) and isinstance(shown, str) and "person-" in sealed):
        return bool(shown == sealed)
    if _PSEUDONYM.sub(lambda one: people.get(one[0], one[0]), sealed).casefold() == shown.casefold():
        return True  # a pseudonym stands for a text whatever its case
    if all(one in people for one in _PSEUDONYM.findall(sealed)):
        return False
    pattern = ".*".join(map(re.escape, _PSEUDONYM.split(sealed)))  # whom it stands for is not in this pack
    return re.fullmatch(pattern, shown, re.DOTALL | re.IGNORECASE) is not None


def count_lines(folder: Folder, found: Found, path: str, table: Table, cited: dict[str, set[int]]) -> None:
    """Every record of the newest object of each account has its row: a row that was left out shows here."""
    newest: dict[str, str] = {}
    for key in sorted(one for one, named in found.named.items() if named.kind == table.kind):
        newest[key.split("/")[2]] = key
    sign = b'{"record":"' + table.record.encode() + b'"'
    for key in sorted({*newest.values(), *cited}):
        try:
            there = sum(line.startswith(sign) for line in Lines(folder, EVIDENCE + key).all())
        except Wrong as wrong:
            found.fault(wrong.where, wrong.what)
            continue
        rows = len(cited.get(key, ()))
        if rows > there or (rows < there and key in newest.values()):
            found.fault(path, f"{rows:,} rows cite {key}, which holds {there:,} of the kind")


def csv_rows(folder: Folder, path: str) -> Iterator[list[str]]:
    """The rows of a CSV, header first, unpacked cell by cell. Raises Wrong."""
    csv.field_size_limit(16 * MIB)
    try:
        with folder.open(path) as raw:
            text = io.TextIOWrapper(io.BufferedReader(raw, MIB), encoding="utf-8", newline="")
            yield from csv.reader(text, strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Wrong(path, f"is no CSV in UTF-8: {safe(error)}") from error


def evidence_ids(found: Found) -> dict[str, str]:
    """The objects of this pack by the short name rows cite them by."""
    return {f"e-{one.stored[:16]}": key for key, one in found.named.items() if one.stored}


def people_of(folder: Folder, found: Found) -> dict[str, str]:
    """What pseudonyms stand for, as far as people objects are in the pack."""
    people: dict[str, str] = {}
    for key, named in found.named.items():
        if named.kind == "people":
            lines = Lines(folder, EVIDENCE + key)
            for number in range(1, named.lines + 1):
                try:
                    one = lines.at(number)
                except Wrong as wrong:
                    found.fault(wrong.where, wrong.what)
                    break
                if one.get("record") == "person":
                    people[str(one.get("pseudonym"))] = str(one.get("text"))
    return people


# --- f: from a row to the bytes AWS sent, and back from a control -----------------------------------------------------


def file_named(folder: Folder, begins: str) -> str:
    """The register a person means by `07` or its name. Raises Usage."""
    stem = begins[:-4] if begins.endswith(".csv") else begins
    known = sorted(one for one in folder.sizes if "/" not in one and one.endswith(".csv"))
    meant = [one for one in known if one == stem + ".csv" or one.startswith(stem + "_")]
    if len(meant) != 1:
        raise Usage(f"{safe(begins, 60)} is no register of this pack: {', '.join(known)}")
    return meant[0]


def row_at(folder: Folder, path: str, number: int) -> dict[str, Any]:
    """The nth row below the header, from the register's JSON Lines twin, which has a row a line. Raises Usage or Wrong."""
    at = 0
    for at, line in enumerate(Lines(folder, path[:-4] + ".jsonl", packed=False).all(), 1):
        if at == number:
            return parsed(f"{path[:-4]}.jsonl line {number}", line)
    raise Usage(f"{path} has {at:,} rows")


def walk_row(folder: Folder, found: Found, path: str, number: int) -> Iterator[str]:
    """The way from a row to its sealed line, and to the answers of AWS in which its identity stands."""
    row = row_at(folder, path, number)
    yield f"row        {path}, row {number}"
    for column, cell in row.items():
        if cell not in (None, []):
            yield f"           {safe(column, 40)}: {safe(cell_of(cell), 300)}"
    wanted = row.get("evidence_id")
    if not isinstance(wanted, str):
        raise Usage(f"{path} cites no evidence in this row (it has no evidence_id)")
    key = evidence_ids(found).get(wanted)
    if key is None:
        raise Wrong(f"{path} row {number}", f"cites {safe(wanted, 40)}, which is not in this pack")
    yield from cited_object(folder, found, key)
    line = row.get("evidence_line")
    if not isinstance(line, int):
        return
    record = Lines(folder, EVIDENCE + key).at(line)
    yield f"line       {line} of the unpacked object: gunzip -c {EVIDENCE}{key} | sed -n {line}p"
    yield f"           {safe(_dump(record), 2000)}"
    table = TABLES.get(path[:-4])
    if table:
        wrong = differing(row, record, table, people_of(folder, found))
        for column in wrong:
            found.fault(f"{path} row {number}", f"{column} is not what the sealed line says")
        yield "           the row " + ("DIFFERS from it in " + ", ".join(wrong) if wrong else "agrees with it")
    who = record.get("id") if record.get("record") == "identity" else record.get("identity")
    if not isinstance(who, str):
        subject = record.get("subject")  # of an account that the organization's answers speak about
        who = subject if isinstance(subject, str) and subject.isdigit() and subject not in key else None
    yield from raw_answers(folder, found, key, who)


def cited_object(folder: Folder, found: Found, key: str) -> Iterator[str]:
    """Where the chain names an object, and whether the copy here is that."""
    named = found.named[key]
    slot = found.slots[named.seq]
    yield f"object     {EVIDENCE}{key}"
    yield f"manifest   slot {slot.seq} ({slot.sha256}), entry {named.number} of {named.of}"
    said = folder.hashed(EVIDENCE + key)[0]
    if said != named.stored:
        found.fault(EVIDENCE + key, "is not what its manifest sealed")
    yield f"stored     SHA-256 {said}: {'as sealed' if said == named.stored else 'NOT AS SEALED'}"
    unpacked = content_sha256(folder, EVIDENCE + key)
    if unpacked != named.sha256:
        found.fault(EVIDENCE + key, "does not unpack to what its manifest sealed")
    yield f"unpacked   SHA-256 {unpacked}: {'as sealed' if unpacked == named.sha256 else 'NOT AS SEALED'}"


def raw_answers(folder: Folder, found: Found, key: str, who: str | None) -> Iterator[str]:
    """The answers of AWS of that run in which the identity stands; of the run it was carried from, where it was."""
    _, run, account = key.split("/")[:3]
    sought, runs = {who} if who else set(), [run]
    for other, named in found.named.items():
        if who and named.kind == "snapshot" and other.startswith(f"snapshot/{run}/{account}/"):
            for raw in Lines(folder, EVIDENCE + other).all():
                if who.encode() in raw and raw.startswith(b'{"record":"identity"'):
                    one = parsed(EVIDENCE + other, raw)
                    if one.get("id") == who:
                        sought |= {each for each in (one.get("arn"),) if isinstance(each, str)}
                        runs += [one["carried_from"]] if isinstance(one.get("carried_from"), str) else []
    if who is None:
        yield "answers    the row is about no single identity; all that AWS answered about the whole:"
    number = 0
    for each in runs:
        for raw_key in sorted(one for one in found.named if one.startswith(f"raw/{each}/{account}/")):
            for line, answer, body in answers_in(folder, raw_key, sought):
                number += 1
                if number <= 25:
                    yield from told_answer(raw_key, line, answer, body, sought)
    if number > 25:
        yield f"           and {number - 25} more"
    if not number:
        for each in runs:
            yield f"answers    of run {safe(each, 30)} none is in this pack. Ask for the objects of its manifest below raw/{safe(each, 30)}/{account}/:"
            yield from (f"           {one}" for one in asked_for(folder, found, f"raw/{each}/{account}/"))


def answers_in(folder: Folder, key: str, sought: set[str]) -> Iterator[tuple[int, dict[str, Any], str]]:
    """The lines of an object of raw answers that name what is sought, each with its number; all where nothing is."""
    signs = [_dump(one)[1:-1].encode() for one in sought]
    for number, line in enumerate(Lines(folder, EVIDENCE + key).all(), 1):
        if not signs or any(one in line for one in signs):
            answer = parsed(f"{EVIDENCE}{key} line {number}", line)
            body = str(answer.get("body"))
            if not sought or any(one in body for one in sought):
                yield number, answer, body


def told_answer(key: str, line: int, answer: dict[str, Any], body: str, sought: set[str]) -> Iterator[str]:
    """One answer as it came: how it was asked for, and what stands around the identity."""
    asked = ", ".join(
        f"{safe(one[0], 60)}={safe(one[1], 80)}" for one in answer.get("parameters") or () if len(one) == 2
    )
    yield f"answer     {safe(answer.get('api'), 80)} in {safe(answer.get('region'), 30)} ({asked or 'no parameters'}): status {safe(answer.get('status'), 5)}"
    yield f"           request {safe(answer.get('request_id'), 80)}, AWS's Date {safe(answer.get('date'), 60)}"
    yield f"           gunzip -c {EVIDENCE}{key} | sed -n {line}p"
    at = min((body.find(one) for one in sought if one in body), default=0)
    yield f"           …{safe(body[max(0, at - 100) : at + 300], 600)}…"


def asked_for(folder: Folder, found: Found, prefix: str) -> Iterator[str]:
    """The objects below a prefix as manifests name them, with the hash of what is stored."""
    run = prefix.split("/")[1]
    for seq in sorted(found.slots, reverse=True):
        where = f"{EVIDENCE}chain/{seq:08d}.json"
        _, one, _ = stated(where, opened(where, folder.read(where, LARGEST_STATEMENT)), GENESIS, MANIFEST, ROTATION)
        if one.get("run", {}).get("id") == run:
            for each in one.get("objects", ()):
                if str(each.get("key")).startswith(prefix):
                    yield f"{safe(each.get('key'), 200)} (stored SHA-256 {safe(each.get('stored_sha256'), 64)}, slot {seq})"
            return
    yield "no manifest of this chain is of that run"


def row_of_control(folder: Folder, asked: str) -> tuple[list[str], str, int]:
    """From a control, or an id of a framework it answers to, to the counts and one row, a failing one first."""
    path, wanted = file_named(folder, "07"), {asked.upper()}
    mapping = csv_rows(folder, file_named(folder, "05"))
    header = next(mapping, [])
    for row in mapping:
        cells = dict(zip(header, row))
        ids = {each.strip().upper() for one in cells.values() for each in re.split(r"[;,]", one)}
        if asked.upper() in ids:
            wanted.add(cells.get("control_id", ""))
    lines: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[str, int] = {}
    rows = csv_rows(folder, path)
    names = next(rows, [])
    control, result = names.index("control_id"), names.index("result")
    for number, row in enumerate(rows, 1):
        if row[control] in wanted:
            counts[row[control], row[result]] += 1
            first.setdefault(row[result], number)
    if not counts:
        raise Usage(
            f"no result in {path} is of {safe(asked, 40)}, nor of a control that answers to it in 05_control_map.csv"
        )
    for one in sorted({name for name, _ in counts}):
        told = ", ".join(
            f"{number:,} {safe(status, 20)}" for (name, status), number in sorted(counts.items()) if name == one
        )
        lines.append(f"control    {safe(one, 20)}: {told}")
    status = next((one for one in ("FAIL", "EXCEPTION", "PASS", "NOT_TESTED") if one in first), min(first))
    return [*lines, f"walked     the first {safe(status, 20)}"], path, first[status]


def shares_of(sizes: dict[str, int], size: int, critical: set[str]) -> dict[str, int]:
    """How many items of each stratum are drawn: up to 60 critical ones all, the rest in proportion, by largest remainder."""
    whole = critical if sum(sizes[one] for one in critical) <= 60 else set()
    if sum(sizes.values()) <= size:
        return dict(sizes)
    left = {one: sizes[one] for one in sizes if one not in whole}
    total = sum(left.values())
    size = min(max(size - sum(sizes[one] for one in whole), 0), total)
    given = {one: size * left[one] // total for one in left} if total else {}
    for one in sorted(left, key=lambda one: (-(size * left[one] % total), one))[: size - sum(given.values())]:
        given[one] += 1
    for one in sorted((one for one in left if not given[one]), key=lambda one: (-left[one], one)):
        most = min(given, key=lambda each: (-given[each], each))
        if given[most] > 1:
            given[most], given[one] = given[most] - 1, 1
    return {**{one: sizes[one] for one in whole}, **given}


def draw_again(folder: Folder, found: Found, path: str) -> Iterator[str]:
    """Draw a sample from its record and hold the two against each other. Raises Usage, Wrong or OSError."""
    try:
        with open(path, "rb") as file:
            sample = parsed(path, file.read(LARGEST_STATEMENT))
    except OSError as error:
        raise Usage(f"{safe(path)} cannot be read: {error.strerror}") from error
    if sample.get("algorithm") != "prooftrail.sample/1":
        raise Usage(f"{safe(path)} was drawn by {safe(sample.get('algorithm'), 60)}, which is not known here")
    name, sha256 = str(sample.get("population_ref")), field(path, sample, "population_sha256", str)
    population = next((one for one in found.files if found.files[one][0] == sha256), None)
    if population is None:
        raise Wrong(path, f"its population {safe(name, 80)} (SHA-256 {safe(sha256, 64)}) is no file of this pack")
    judge_file(found, *_hashed(folder, population))
    seed, column = field(path, sample, "seed", str).encode(), field(path, sample, "item_column", str)
    left_out = {str(one.get("item_id")) for one in sample.get("exclusions") or () if isinstance(one, dict)}
    strata = [str(one) for one in sample.get("strata") or ()]
    rows = csv_rows(folder, population)
    header = next(rows, [])
    if column not in header or not set(strata) <= set(header):
        raise Wrong(path, f"{population} has not the columns {column} and {', '.join(strata) or 'no others'}")
    tier = next((one for one in strata if one in ("tier", "inherent_tier", "residual_tier")), None)
    groups: dict[str, list[tuple[str, str]]] = {}
    critical: set[str] = set()
    for row in rows:
        item = row[header.index(column)]
        if item not in left_out:
            rank = hmac.new(seed, sha256.encode("ascii") + b"\0" + item.encode("utf-8"), hashlib.sha256).hexdigest()
            stratum = " / ".join(row[header.index(one)] or "(none)" for one in strata)
            groups.setdefault(stratum, []).append((rank, item))
            critical |= {stratum} if tier and row[header.index(tier)].lower() == "critical" else set()
    total, size = sum(map(len, groups.values())), field(path, sample, "n", int)
    shares = shares_of({name: len(group) for name, group in groups.items()}, size, critical)
    drawn = {item for name, group in groups.items() for _, item in sorted(group)[: shares[name]]}
    said = {str(one.get("item_id")) for one in field(path, sample, "selected", list)}
    yield f"sample     {len(said)} of {total:,} items of {population}, seed by {safe(sample.get('seed_source'), 20)}"
    if drawn != said:
        raise Wrong(
            path,
            f"these were not drawn: {safe(sorted(said - drawn), 300)}; these were: {safe(sorted(drawn - said), 300)}",
        )
    yield "           drawn again with its seed: the same items"


# --- the answer -------------------------------------------------------------------------------------------------------


def examine(asked: argparse.Namespace) -> tuple[int, Found, list[str]]:
    """Do what was asked: the exit status, what was found, and the lines of a walk. Raises Usage."""
    folder, found, walked = Folder(asked.pack), Found(), list[str]()
    signatures = Signatures(asked.pack, asked.tool)
    try:
        read_statement(folder, found)
        found.checked.append(("statement", f"{STATEMENT_PATH} has SHA-256 {found.pack_sha256}"))
        if asked.row or asked.control or asked.sample:
            narrow(folder, found, signatures, asked, walked)
        else:
            with ThreadPoolExecutor(max_workers=asked.threads) as pool:  # hashes while the chain is walked
                there = [one for one in found.files if one in folder.sizes]
                hashed = pool.map(lambda path: _hashed(folder, path), there)
                Chain(folder, found, signatures).walk()
                check_files(folder, found, hashed)
            check_pack(found, signatures)
            check_policy(found)
            check_evidence(folder, found)
            check_words(folder, found, signatures, asked.witness_fingerprint)
            if asked.rows:
                check_rows(folder, found)
    except Wrong as wrong:
        found.fault(wrong.where, wrong.what)
    except SHAPELESS as error:
        found.fault(STATEMENT_PATH, f"something it leads to is shaped as nothing of ours ({type(error).__name__})")
    if found.envelope:
        check_outside(found, asked)
    if not signatures.can:
        found.unchecked.append(f"signatures NOT CHECKED with {signatures.name}")
    if STATEMENT_PATH not in folder.sizes and not any(one.startswith(EVIDENCE) for one in folder.sizes):
        return NOT_CHECKED, found, walked
    return NOT_INTACT if found.faults else NOT_CHECKED if found.unchecked else INTACT, found, walked


def narrow(folder: Folder, found: Found, signatures: Signatures, asked: argparse.Namespace, walked: list[str]) -> None:
    """Answer one question, looking only at what leads to its answer."""
    found.narrow = True
    found.notes.append("only what leads to this answer was looked at; run verify.py without the question for the rest")
    path, number = "", 0
    if asked.row:
        begins, _, at = asked.row.rpartition(":")
        if not begins or not at.isdigit() or not 0 < len(at) < 10 or int(at) == 0:
            raise Usage("--row takes a register and a row, counted from 1 below the header, like 07:123")
        path, number = file_named(folder, begins), int(at)
    elif asked.control:
        lines, path, number = row_of_control(folder, asked.control)
        walked += lines
    cited = str(row_at(folder, path, number).get("evidence_id") or "")[2:] if path else ""
    objects = [one for one, (sha256, _) in found.files.items() if cited and sha256.startswith(cited)]
    runs = frozenset(one.split("/")[2] for one in objects if one.count("/") > 2)
    looked = [
        path,
        path[:-4] + ".jsonl" if path else "",
        *objects,
        *(one for one in folder.sizes if asked.control and one.startswith("05_")),
    ]
    for one in looked:
        if one in found.files:
            judge_file(found, *_hashed(folder, one))
        elif one:
            found.fault(safe(one), "is no file of this pack: its statement does not list it")
    Chain(folder, found, signatures, runs=runs).walk()
    check_pack(found, signatures)
    for line in walk_row(folder, found, path, number) if path else draw_again(folder, found, asked.sample):
        walked.append(line)


def verdict(status: int, found: Found) -> str:
    """The answer in a sentence."""
    if status == NOT_INTACT:
        return f"NOT INTACT: {len(found.faults):,} thing{'s do' if len(found.faults) != 1 else ' does'} not hold"
    if status == NOT_CHECKED:
        return "consistent with itself, NOT VOUCHED FOR" if found.envelope else "unreadable: here is no pack"
    return "answered, from a pack whose origin is checked" if found.narrow else "intact, and its origin is checked"


def told(status: int, found: Found, walked: list[str]) -> Iterator[str]:
    """The report for people: the verdict, what is wrong, what was checked, what that does not prove."""
    yield f"{verdict(status, found)}   (exit status {status})"
    yield ""
    for where, what in found.faults[:MOST_SHOWN]:
        yield f"  WRONG    {where}: {what}"
    if len(found.faults) > MOST_SHOWN:
        yield f"  WRONG    and {len(found.faults) - MOST_SHOWN:,} more: --json lists them all"
    yield from (f"  OPEN     {one}" for one in found.unchecked)
    yield from (f"  note     {one}" for one in found.notes)
    if walked:
        yield ""
        yield from walked
    yield ""
    options = found.statement.get("options") or {}
    if found.statement and isinstance(options, dict):
        yield f"locker     {safe(found.statement.get('locker'))} ({safe(found.locker_id)})"
        since, until = safe(options.get("since"), 20), safe(options.get("until"), 20)
        yield f"period     {since} to {until}, as of run {safe(found.statement.get('as_of'), 30)}"
        head = max(found.slots.values(), default=None)
        yield f"head       {head.seq}:{head.sha256}" if head else "head       none"
    for number, key in enumerate(found.keys):
        how = "the genesis names it" if number == 0 else f"a rotation in slot {key.since} brought it in"
        yield f"key        {fingerprint(key.der)} ({safe(key.origin, 120)}; {how})"
    yield f"assurance  {assurance(found)}"
    yield f"origin     {', '.join(found.origin) + ' agreed with what you gave' if found.origin else 'nothing from outside was given'}"
    for what, detail in found.checked:
        yield f"{what:<10} {detail}"
    with open(os.path.abspath(__file__), "rb") as file:
        mine = hashlib.sha256(file.read()).hexdigest()
    shipped = found.files.get("verify.py", ("", 0))[0]
    yield f"verify.py  SHA-256 {mine}{'' if shipped == mine else ' (not the one this pack ships)'}: a changed one cannot accuse itself"
    yield ""
    yield "Does not prove: that AWS told the truth, or that what was read was all there is (see 24_gaps and 02);"
    yield "  that whoever holds the signing key, or administers the scanner, sealed what was true;"
    yield "  anything about bytes nobody saw sealed in time. Who is detected at what, and who is not: VERIFY.md."


def assurance(found: Found) -> str:
    """Who could have made all of it up, by what the genesis says."""
    one = found.genesis
    if one.get("key_origin") == "file":
        return "self-signed: whoever holds the key file could have made all of this"
    if one.get("evidence_account") not in (None, one.get("account")):
        return "two accounts: so says the genesis, evidence and key lie in another account than the scanner"
    return "single account: its administrator could forge what nobody else witnessed"


def arguments(given: list[str]) -> argparse.Namespace:
    """What was asked for. Exits with status 2 for wrong use."""
    read = argparse.ArgumentParser(
        prog="verify.py", description=(__doc__ or "").split("\n", 1)[0], epilog="See VERIFY.md."
    )
    read.add_argument(
        "pack", nargs="?", default=os.path.dirname(os.path.abspath(__file__)), help="default: the folder of this file"
    )
    read.add_argument("--fingerprint", action="append", default=[], help="of the signing key, from outside the pack")
    read.add_argument("--public-key", action="append", default=[], help="PEM file with the signing key, from outside")
    read.add_argument("--expect-head", action="append", default=[], metavar="SEQ:SHA256", help="a head somebody saw")
    read.add_argument("--witness-fingerprint", help="of the watchdog's key, from outside the pack")
    read.add_argument("--pack-sha256", help=f"of {STATEMENT_PATH}, from outside the pack")
    read.add_argument("--rows", action="store_true", help="hold every row of 03, 04, 07 and 17 against its sealed line")
    read.add_argument("--row", metavar="FILE:N", help="walk from a row to the bytes AWS sent, as 07:123")
    read.add_argument("--control", metavar="ID", help="walk from a control, as A.5.18 or IDC-15")
    read.add_argument("--sample", metavar="FILE", help="draw a sample again from its record")
    read.add_argument("--json", action="store_true", help="the report for machines")
    read.add_argument("--threads", type=int, default=min(8, os.cpu_count() or 1), help=argparse.SUPPRESS)
    read.add_argument(
        "--tool", choices=("any", "cryptography", "openssl", "none"), default="any", help="what checks signatures"
    )
    asked = read.parse_args(given)
    asked.heads, asked.fingerprints = [], [_hex(read, one.replace(":", "")) for one in asked.fingerprint]
    for one in asked.expect_head:
        seq, _, sha256 = one.partition(":")
        if not seq.isdigit() or len(seq) > 8:
            read.error(f"--expect-head {safe(one, 90)}: write SEQ:SHA256")
        asked.heads.append((int(seq), _hex(read, sha256)))
    for path in asked.public_key:
        try:
            with open(path, encoding="ascii") as file:
                asked.fingerprints.append(fingerprint(key_der(path, file.read(MIB))))
        except (OSError, UnicodeDecodeError, Wrong) as error:
            read.error(f"--public-key {safe(error)}")
    asked.pack_sha256 = _hex(read, asked.pack_sha256) if asked.pack_sha256 else None
    asked.witness_fingerprint = _hex(read, asked.witness_fingerprint) if asked.witness_fingerprint else None
    if not os.path.isdir(asked.pack):
        read.error(f"{safe(asked.pack)} is no folder")
    if bool(asked.row) + bool(asked.control) + bool(asked.sample) > 1 or asked.threads < 1:
        read.error("ask one of --row, --control and --sample at a time")
    return asked


def _hex(read: argparse.ArgumentParser, text: str) -> str:
    if not _HEX.fullmatch(text.lower()):
        read.error(f"{safe(text, 90)!r} is no SHA-256: 64 hexadecimal digits")
    return text.lower()


def main(given: list[str]) -> int:
    """Check, report, and give the exit status; whatever a pack holds, no traceback."""
    asked = arguments(given)
    try:
        status, found, walked = examine(asked)
    except Usage as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except (OSError, subprocess.SubprocessError) as error:
        print(f"cannot be checked here: {safe(error)}", file=sys.stderr)
        return NOT_CHECKED
    lines = [json.dumps(report(status, found, walked), indent=2)] if asked.json else told(status, found, walked)
    encoding = sys.stdout.encoding or "ascii"
    try:
        for line in lines:
            print(line.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever listened has gone: the status still tells
    return status


def report(status: int, found: Found, walked: list[str]) -> dict[str, Any]:
    """The report for machines."""
    head = max(found.slots.values(), default=None)
    return {
        "exit_status": status,
        "verdict": verdict(status, found),
        "faults": [{"file": where, "what": what} for where, what in found.faults],
        "not_checked": found.unchecked,
        "notes": found.notes,
        "checked": [{"what": what, "detail": detail} for what, detail in found.checked],
        "head": f"{head.seq}:{head.sha256}" if head else None,
        "keys": [{"fingerprint": fingerprint(one.der), "since": one.since} for one in found.keys],
        "pack_sha256": found.pack_sha256,
        "origin_checked_against": found.origin,
        "not_in_this_pack": [
            {"run": run, "kind": kind, "objects": n} for (kind, run), n in sorted(found.absent.items())
        ],
        "walk": walked,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
