#!/usr/bin/env python3
# ruff: noqa: T201, UP017, UP035, S603, PLR0912, C901, B905, PLC0415, PLR0911, PLR0915, TRY301
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

if __name__ == "__main__":  # A pack may hold a json.py: nothing that lies in it, or where you stand, is ever run.
    sys.dont_write_bytecode = True
    _given, _own = list(sys.path), (sys.base_prefix, sys.base_exec_prefix)
    sys.path[:] = [_one for _one in _given if _one and _one.startswith(_own)]
    import os

    try:
        _places = (os.curdir, os.path.dirname(os.path.abspath(__file__)), *sys.argv[1:])
        _never = {os.path.realpath(_one) for _one in _places if "\0" not in _one}
        sys.path[:] = [_one for _one in _given if _one and os.path.realpath(_one) not in _never]
    except (OSError, ValueError):
        pass  # a folder that is gone: what Python brings is enough

import argparse
import base64
import binascii
import contextlib
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
from functools import lru_cache
from typing import Any, Callable, Iterable, Iterator, NamedTuple

INTACT, NOT_INTACT, WRONG_USE, NOT_CHECKED = 0, 1, 2, 3

MIB = 1 << 20
LARGEST_STATEMENT = 256 * MIB  # bytes of pack.json or of a slot of the chain; several times what 10,000 accounts need
LARGEST_SMALL = 4 * MIB  # a watchdog's word
LARGEST_SAMPLE = 64 * MIB
LARGEST_UNPACKED = 4096 * MIB  # what one object may unpack to
LARGEST_LINE = 256 * MIB
MOST_SHOWN, MOST_KEPT = 100, 10_000  # faults printed, and told with --json; all are counted

EVIDENCE = "evidence/"
STATEMENT_PATH, POLICY_PATH = "integrity/pack.json", "policy/governance.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
IN_TOTO = "https://in-toto.io/Statement/v1"
PACK, GENESIS = "urn:prooftrail:pack:1", "urn:prooftrail:genesis:1"
MANIFEST, ROTATION, WITNESS = "urn:prooftrail:manifest:1", "urn:prooftrail:key-rotation:1", "urn:prooftrail:witness:1"
IN_TIME = timedelta(hours=48)  # in which a watchdog has to have seen a manifest
_POLICY = tuple(
    f"{one}.json" for one in ("scope", "owners", "thresholds", "registers", "suppliers", "soa", "exceptions", "notices")
)

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_HEX = re.compile(r"[0-9a-f]{64}")
_SLOT = re.compile(r"chain/(\d{8})\.json")
_WORD = re.compile(r"witness/(\d{8})(?:-(\d{8}T\d{6}Z))?\.json")
_BY_CONTENT = re.compile(r"(custody|answers|notices)/(?:.*[/-])?([0-9a-f]{64})\.(json|jsonl\.gz)")
_PSEUDONYM = re.compile(r"person-[0-9a-f]{20}")
_BLANKS = r"[\s\u200b-\u200f\u2060\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"'*(?:{_BLANKS}{_SIGN}|[\t\r])")
_GAP = r"[ \x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]"
_PART = re.compile(
    rf"([;\t\r\n]{_GAP}*)(?!{_GAP})(?='*{_GAP}*{_SIGN})"
)  # where another separator would begin a formula
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_PUBLIC_KEY = re.compile(
    rb'[{,]"public_key_pem":"(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\]+-----END PUBLIC KEY-----[\\n]*)"'
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
    """Text as a terminal may show it, not longer than that."""
    shown = str(text)
    return plain(shown if len(shown) <= longest else shown[:longest] + "…")


def plain(text: str) -> str:
    """Text in which whatever would move, hide or reorder it is written as its code: all that is printed passes here."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one == " " or unicodedata.category(one)[0] not in "CZ" else f"\\u{{{ord(one):x}}}" for one in text
    )


class Folder:
    """A pack's files by path. No link is followed and nothing outside is opened."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.sizes: dict[str, int] = {}
        self.strange: list[tuple[str, str]] = []
        self.judge: Callable[[str], None] | None = None  # asked of each file that is opened, where not all are hashed
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
        """The file, once the walk has seen it and `judge` was asked. Raises Wrong."""
        if self.judge:
            self.judge(path)
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
                body = file.read(self.sizes[path] + 1) or b""
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
    if sum(map(envelope.payload.count, (b",", b"[", b"{"))) > 10_000 + len(envelope.payload) // 8:
        raise Wrong(where, "holds more and smaller things than anything of ours: it is not unfolded")
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
        with contextlib.suppress(ValueError):  # of another drive
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
    """A slot of the chain as it was read; `manifest` is False for genesis and rotations.

    `since` and `until` are the earliest and the latest of the times a manifest gives: its run's name, tick and taking,
    and its closing. Whoever puts one of them off moves none of the others.
    """

    seq: int
    sha256: str
    manifest: bool
    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    closed: datetime | None = None
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
        self.faults: dict[tuple[str, str], None] = {}  # in the order they were found
        self.more_faults = 0
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
        self.newest: dict[tuple[str, str], str] = {}  # by kind and account, up to the run shown
        self.accounts: dict[str, set[str]] = {}  # of the run shown and the runs of the period, by run
        self.words: dict[str, tuple[datetime, str, dict[str, Any]]] = {}
        self.absent: Counter[tuple[str, str]] = Counter()
        self.signed = False
        self.unchecked: list[str] = []
        self.narrow = False
        self.origin: list[str] = []

    def fault(self, where: str, what: str) -> None:
        """Something that breaks the pack."""
        if len(self.faults) < MOST_KEPT:
            self.faults[safe(where, 300), what] = None
        elif (where, what) not in self.faults:
            self.more_faults += 1

    @property
    def shown(self) -> str:
        """The run whose state the pack shows."""
        return str(self.statement.get("as_of"))


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

ABSENT = "is not there, and the pack's statement lists it"
UNLISTED = "is no file of this pack: its statement does not list it"


def read_statement(folder: Folder, found: Found, signatures: Signatures) -> None:
    """Read integrity/pack.json. Raises Wrong where it is not there or not what it must be."""
    data = folder.read(STATEMENT_PATH, min(LARGEST_STATEMENT, 8 * MIB + 2048 * len(folder.sizes)))
    found.pack_sha256 = hashlib.sha256(data).hexdigest()
    envelope = opened(STATEMENT_PATH, data)
    del data
    if len(envelope.payload) > MIB and envelope.signature and not by_any_key(folder, signatures, envelope):
        raise Wrong(STATEMENT_PATH, "no key of the chain signed these bytes: its statement was not looked into")
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


def by_any_key(folder: Folder, signatures: Signatures, envelope: Envelope) -> bool:
    """True if a key that some small slot of the chain brings in signed this: told without reading any of it as JSON."""
    for path in [one for one, size in folder.sizes.items() if one.startswith(EVIDENCE + "chain/") and size < 16384]:
        with contextlib.suppress(Wrong):
            for pem in _PUBLIC_KEY.findall(opened(path, folder.read(path, 16384)).payload):
                key = key_der(path, pem.decode().replace("\\n", "\n"))
                if envelope.keyid == fingerprint(key):
                    return signatures.holds(key, envelope)
    return False


def check_files(folder: Folder, found: Found, hashed: Iterable[tuple[str, tuple[str, int] | Wrong]]) -> None:
    """Hold every file against the statement, and the statement against the folder."""
    said = list(hashed)
    for path, one in said:
        judge_file(found, path, one)
    for path in found.files:
        if path not in folder.sizes:
            found.fault(path, ABSENT)
    for path in sorted(folder.sizes.keys() - found.files.keys() - {STATEMENT_PATH}):
        found.fault(path, UNLISTED)
    for path, what in folder.strange:
        found.fault(path, what)
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


def judge_once(folder: Folder, found: Found) -> Callable[[str], None]:
    """For a walk: judges each file as it is opened, by the statement and, where one names it, by its manifest."""
    judged = {STATEMENT_PATH}

    def judge(path: str) -> None:
        if path in judged:
            return
        judged.add(path)
        if path not in found.files:
            raise Wrong(path, UNLISTED)
        if path not in folder.sizes:
            raise Wrong(path, ABSENT)
        judge_file(found, path, _hashed(folder, path)[1])
        judge_object(found, path)

    return judge


def judge_object(found: Found, path: str) -> bool:
    """True if a manifest names this file of evidence; other bytes than it sealed are a fault."""
    named = found.named.get(path[len(EVIDENCE) :]) if path.startswith(EVIDENCE) else None
    if named is None or named.stored is None:
        return False
    if found.files[path] != (named.stored, named.size):
        found.fault(path, f"the manifest of slot {named.seq} sealed other bytes under this name")
    return True


# --- c: the chain -----------------------------------------------------------------------------------------------------


class Chain:
    """Walks the slots in order and holds each against the one before, as `docs/evidence.md` describes."""

    def __init__(self, folder: Folder, found: Found, signatures: Signatures) -> None:
        self.folder, self.found, self.signatures = folder, found, signatures
        self._there = frozenset(one[len(EVIDENCE) :] for one in found.files if one.startswith(EVIDENCE))
        self._runs: dict[str, int] = {}
        self._closed: datetime | None = None
        options = found.statement.get("options")
        days = options if isinstance(options, dict) else {}
        self._period = [str(days.get(one)).replace("-", "") for one in ("since", "until")]

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
        self.found.checked.append(
            ("chain", f"{len(slots)} slots ({manifests} manifests) from genesis to head, {keys}; {how}")
        )

    def _fault(self, seq: int, what: str) -> None:
        self.found.fault(f"{EVIDENCE}chain/{seq:08d}.json", what)

    def _slot(self, seq: int) -> None:
        where = f"{EVIDENCE}chain/{seq:08d}.json"
        data = self.folder.read(where, LARGEST_STATEMENT)
        sha256, envelope = hashlib.sha256(data).hexdigest(), opened(where, data)
        del data
        if seq and not self._signed(seq, envelope):  # nobody's: it is not looked into
            self.found.slots[seq] = Slot(seq, sha256, manifest=False)
            return
        kind, predicate, subject = stated(where, envelope, GENESIS, MANIFEST, ROTATION)
        if kind == GENESIS:
            self._genesis(seq, where, predicate)
            self._signed(seq, envelope)
            self.found.slots[seq] = Slot(seq, sha256, manifest=False)
            return
        self._follows(seq, where, predicate)
        if kind == ROTATION:
            self._rotation(seq, where, predicate)
            self.found.slots[seq] = Slot(seq, sha256, manifest=False)
            return
        run, times = self._manifest(seq, where, predicate, subject, envelope.payload)
        policy = inside(predicate, "governance.sha256")
        self.found.slots[seq] = Slot(seq, sha256, True, run, min(times), max(times), times[0], policy)

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

    def _rotation(self, seq: int, where: str, one: dict[str, Any]) -> None:
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
        else:
            self.found.keys.append(Key(seq, key, str(one.get("key_origin"))))

    def _manifest(
        self, seq: int, where: str, one: dict[str, Any], subject: list[Any], payload: bytes
    ) -> tuple[str, list[datetime]]:
        about = field(where, one, "run", dict)
        run = field(where, about, "id", str)
        if run in self._runs:
            self._fault(seq, f"run {safe(run, 40)} is sealed already in slot {self._runs[run]}")
        self._runs.setdefault(run, seq)
        closed = moment(where, one.get("closed_at"))
        if self._closed and closed < self._closed - timedelta(hours=1):
            self._fault(seq, "it says that it was closed before the manifest before it")
        self._closed = closed
        times = [closed, *(moment(where, about[name]) for name in ("taken_at", "tick") if about.get(name))]
        with contextlib.suppress(ValueError):
            times.append(datetime.strptime(run, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc))
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
            if each["kind"] in SHOWN_BY and run <= self.found.shown:
                place = each["kind"], each["key"].split("/")[2]
                if self.found.newest.get(place, "").split("/")[1:2] <= [run]:
                    self.found.newest[place] = each["key"]
        if run == self.found.shown or self._period[0] <= run[:8] <= self._period[1]:
            self.found.accounts[run] = {str(each.get("account")) for each in one.get("coverage") or ()}
        self.found.absent.update({(kind, run): left for kind, left in kinds.items() if left})
        for each in one.get("superseded") or ():
            key, stored = field(where, each, "key", str), each.get("stored_sha256")
            if key in self._there:
                self.found.named.setdefault(
                    key, Named(seq, 0, len(objects), "superseded", None, stored, each["size"], 0)
                )
        return run, times


SHOWN_BY = ("snapshot", "assessment", "findings")  # the kinds of objects that rows of 03, 04, 07 and 17 cite


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


def check_policy(folder: Folder, found: Found) -> None:
    """policy/ is what the manifest of the run shown says was in force; the map of controls is what its assessments name."""
    shown = next((one for one in found.slots.values() if one.run and one.run == found.shown), None)
    if not shown or not shown.policy:
        return
    sha256 = {one: found.files.get(f"policy/{one}", ("", 0))[0] for one in (*_POLICY, "control_catalog.toml")}
    if POLICY_PATH not in found.files:
        found.fault(POLICY_PATH, f"is not in this pack, and the manifest of slot {shown.seq} states its hash")
    elif found.files[POLICY_PATH][0] != shown.policy:
        found.fault(POLICY_PATH, f"the manifest of slot {shown.seq} states another policy by hash")
    else:
        whole = parsed(POLICY_PATH, folder.read(POLICY_PATH, LARGEST_STATEMENT))
        for name in _POLICY:
            if hashlib.sha256(canonical(whole.get(name[:-5]))).hexdigest() != sha256[name]:
                found.fault(f"policy/{name}", "is not this part of governance.json")
    of_run = [one for one in found.named if one.startswith(f"assessment/{found.shown}/")]
    judged_by: Counter[str] = Counter()
    for key in of_run:
        try:
            judged_by[str(Lines(folder, EVIDENCE + key).at(1).get("catalog_sha256"))] += 1
        except Wrong as wrong:
            found.fault(wrong.where, wrong.what)
    others = sum(judged_by.values()) - judged_by[sha256["control_catalog.toml"]]
    if others:
        found.fault(
            "policy/control_catalog.toml", f"{others:,} assessments of the run shown name another map of controls"
        )
    found.checked.append(
        ("policy", f"governance.json by the manifest of slot {shown.seq}, {len(_POLICY)} files by governance.json,"
         f" control_catalog.toml by {len(of_run):,} assessments; README.md, risk_method.json and retention.json are only signed")
    )  # fmt: skip


def check_evidence(folder: Folder, found: Found) -> None:
    """Every object in the pack stands in a manifest with these bytes; what manifests name and is not here is counted."""
    waiting = matched = 0
    for path in found.files:
        key = path[len(EVIDENCE) :]
        if not path.startswith(EVIDENCE) or _SLOT.fullmatch(key) or _WORD.fullmatch(key):
            continue
        by_content = _BY_CONTENT.fullmatch(key)
        if judge_object(found, path):
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
    paths = sorted(one for one in found.files if _WORD.fullmatch(one[len(EVIDENCE) :]) and one.startswith(EVIDENCE))
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
    words = found.words
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
    sum_up_words(found, fingerprint(key), told)


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


def sum_up_words(found: Found, key: str, told: str | None) -> None:
    """What the words come to: which manifests they pin, how late, and whether each names the word before."""
    words = found.words
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
    manifests = [one for one in found.slots.values() if one.since and one.until]
    last = max((one.until for one in manifests if one.until), default=None)
    late = sum(
        one.seq in pinned and one.since is not None and pinned[one.seq] - one.since > IN_TIME for one in manifests
    )
    unseen = sum(one.seq not in pinned and bool(one.since and last and last - one.since > IN_TIME) for one in manifests)
    tail = sum(one.seq not in pinned for one in manifests) - unseen
    chain = {fingerprint(one.der) for one in found.keys}
    own = "its own key" if key not in chain else "a key of the chain itself, which proves nothing"
    source = "fingerprint as given" if told else "taken from the genesis, NOT compared with anything from outside"
    found.checked.append(
        ("witness", f"{len(words)} words pin {len(pinned)} of {len(found.slots)} slots, under {own} ({source})")
    )
    heard = []
    if late or unseen:
        heard.append(f"watchdog: {late} manifests seen later than 48 h after their run, {unseen} never seen")
    if not pinned:
        heard.append("watchdog: none of its words is in this pack, so it vouches for nothing here")
    (found.unchecked if told else found.notes).extend(heard)
    if tail:
        found.notes.append(
            f"the newest {tail} manifests, of the last 48 h, are pinned by no word yet: a head from outside does"
        )


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
    """A register whose rows cite sealed lines: the record they cite, and what each of its columns is held against.

    Of a column stands here the field of the record, ENTRY for what 03 and 04 say of the same identity, EMPTY for what
    nobody fills, or SIGNED: worked out from more than the line, and vouched for by the pack's signature alone.
    """

    kind: str
    record: str
    columns: dict[str, str]

    def those(self, *how: str) -> str:
        """The columns held in one of these ways."""
        return ", ".join(one for one, at in self.columns.items() if at in how) or "none"

    def held(self) -> str:
        """The columns held against the sealed line."""
        return ", ".join(one for one, at in self.columns.items() if at not in (ENTRY, EMPTY, SIGNED))


ENTRY, EMPTY, SIGNED = "~", "!", "-"


def _table(kind: str, record: str, columns: str) -> Table:
    named = (one.partition("=") for one in columns.split())
    return Table(
        kind, record, {one.rstrip("~!-"): at or (one[-1] if one[-1] in "~!-" else one) for one, _, at in named}
    )


TABLES = {
    "03_identity_inventory": _table("snapshot", "identity", """
        identity_id=id arn kind class=classification.class account_id=account account_name- ou_path- environment~ name
        created_at owner_id- owner_name- owner_status- purpose=purpose.value data_classification! last_used_at-
        last_used_source- credential_count- oldest_credential_age_days- mfa- privilege_class~ trust_summary-
        inherent_tier~ residual_tier! review_interval_days- last_review_at! next_review_due! exception_ids- status-
        first_seen- last_seen=@.run snapshot_id=@.evidence_id evidence_id=@.evidence_id evidence_line=@.line
        stale=@.stale class_basis=classification.basis class_reason=classification.reason kind_reason
        owner_known_by=owner.rung owner_where=owner.where purpose_known_by=purpose.rung credentials- tier_at_least~
        family parent_id=parent region not_read=unknown carried_from account_status=@.left"""),
    "04_risk_register": _table("assessment", "risk", """
        identity_id=identity model_version- impact likelihood points factors=@.factors floors inherent_tier=tier
        compensating_ids- residual_tier! risk_owner- accepted_at- computed_at=@.at account_id=@.account name~ arn~ kind~
        tier_at_least=tier_from certain=@.certain privilege_class=privilege privilege_at_most
        privilege_reason=privilege_why escalation_paths=paths environment environment_reason=environment_why
        possible_factors=@.possible unknown inherited_from owner- evidence_id=@.evidence_id evidence_line=@.line
        stale=@.stale account_status=@.left"""),
    "07_identity_control_results": _table("assessment", "result", """
        identity_id=identity control_id=control control_version=version tier result=status measured_value=value
        threshold=limit.value reason first_failed_at- fixed_at- exception_id=exception evidence_id=@.evidence_id
        evaluated_at=@.at evidence_line=@.line first_failed_how- subject subject_type account_id=@.account name~ arn~
        kind~ threshold_name=limit.name threshold_set_by=limit.set_by not_covered gaps finding_id- held_since_run-
        judged_in_run=@.run stale=@.stale account_status=@.left"""),
    "17_findings_capa": _table("findings", "finding", """
        nc_id=fingerprint source- clause- control_id=control requirement- finding=reason evidence_refs- grade- graded_by-
        detected_at=opened_at correction! correction_at! extent- root_cause! root_cause_method! corrective_action! owner
        due=due_at done_at=@.fixed_at effectiveness_criterion! effectiveness_checked_at! effectiveness_checked_by!
        effectiveness_result! closed_by! reopened_count=reopened grade_rule- correction_held- correction_seen_at-
        recurrence_of- status severity tier overdue=@.overdue due_why account_id=@.account subject name~ arn kind family
        began_before_first_run=since_before opened_run failing_since- last_seen_run fixed_run fixed_why runs_held=held
        unseen_since_run=unseen_since exception_id=exception evidence_id=@.evidence_id evidence_line=@.line
        stale=@.stale account_status=@.left"""),
}  # fmt: skip


@lru_cache(maxsize=4096)
def at_of(run: str | None) -> str | None:
    """The instant a run judges at, which its name gives."""
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", str(run))
    return "{}-{}-{}T{}:{}:{}Z".format(*found.groups()) if found else None


def around(found: Found, key: str, line: int, record: dict[str, Any]) -> dict[str, Any]:
    """A sealed record with what its place and its own fields come to, as columns tell it, below `@`."""
    _, run, account = key.split("/")[:3]
    kind, newest = found.named[key].kind, [run]
    if kind == "snapshot":  # an identity is stale as well where its account was not judged in the run shown
        newest += [found.newest.get((one, account), "//").split("/")[1] for one in ("snapshot", "assessment")]
    due, now = record.get("due_at"), account == "organization" or account in found.accounts.get(found.shown, ())
    more: dict[str, Any] = {
        "run": run, "account": account, "at": at_of(run), "line": line,
        "evidence_id": f"e-{str(found.named[key].stored)[:16]}",
        "left": "current" if now else "left or not planned",
        "stale": any(one != found.shown for one in newest),
    }  # fmt: skip
    if kind == "assessment":
        more["certain"] = record.get("tier") == record.get("tier_from")
        for name in ("factors", "possible"):
            more[name] = [f"{one['name']} +{one['points']}: {one['why']}" for one in record.get(name) or ()]
    elif kind == "findings":
        more["fixed_at"] = at_of(record.get("fixed_run"))
        open_ = record.get("status") == "open" and record.get("exception") is None
        more["overdue"] = bool(open_ and due and moment(key, at_of(found.shown)) > moment(key, due))
    return {**record, "@": more}


class Rows:
    """Holds every row of the four registers against the sealed line it cites, and counts that no line lacks its row."""

    def __init__(self, folder: Folder, found: Found) -> None:
        self._folder, self._found = folder, found
        self._people, self._by_id = people_of(folder, found), evidence_ids(found)
        self._key, self._lines = "", Lines(folder, "")
        self._cited: dict[str, set[int]] = {}
        self._listed: dict[tuple[str, str], dict[str, Any]] = {}  # rows of 03: what others repeat of them
        options = found.statement.get("options")
        asked = options.get("accounts") if isinstance(options, dict) else None
        self._accounts = {"organization", *(asked or (each for one in found.accounts.values() for each in one))}

    def check(self) -> None:
        """All four; whatever is wrong becomes a fault."""
        for name, table in TABLES.items():
            self._cited = {}
            try:
                rows = self._register(name, table)
            except Wrong as wrong:
                self._found.fault(wrong.where, wrong.what)
                continue
            said = field(STATEMENT_PATH, self._found.statement, "rows", dict).get(name)
            if said != rows:
                self._found.fault(f"{name}.csv", f"has {rows:,} rows, and the pack's statement says {safe(said, 20)}")
            self._count(f"{name}.csv", table)
            self._found.checked.append(
                ("rows", f"{name}.csv: {rows:,} rows held against {len(self._cited):,} sealed objects in {table.held()};"
                 f" against 03 and 04 in {table.those(ENTRY)}; empty: {table.those(EMPTY)};"
                 f" NOT held, only signed: {table.those(SIGNED)}")
            )  # fmt: skip
        for (account, who), row in self._listed.items():
            if "scored" not in row and any(row[one] is not None for one in _SCORED):
                self._found.fault("03_identity_inventory.csv", f"gives {safe(who)} of {account} a risk that 04 has not")

    def _register(self, name: str, table: Table) -> int:
        path, rows = name + ".csv", 0
        reader, twin = csv_rows(self._folder, path), Lines(self._folder, name + ".jsonl", packed=False).all()
        header = next(reader, [])
        if header != list(table.columns):
            strange = sorted({*header} ^ {*table.columns}) or header
            what = f"its header is not the one this register has ({safe(', '.join(strange), 200)})"
            raise Wrong(
                path, f"{what}: no row of it was held; of another version of the program, run that one's verify.py"
            )
        for rows, cells in enumerate(reader, 1):
            row = parsed(f"{name}.jsonl line {rows}", next(twin, b""))
            if list(row) != header or cells != [cell_of(one) for one in row.values()]:
                self._found.fault(f"{path} row {rows}", f"is not line {rows} of {name}.jsonl, its twin")
            if header == [*row]:
                self._row(f"{path} row {rows}", row, table)
        if next(twin, None) is not None:
            self._found.fault(f"{name}.jsonl", f"goes on after the {rows:,} rows of {path}")
        return rows

    def _row(self, where: str, row: dict[str, Any], table: Table) -> None:
        cites, line = row["evidence_id"], row["evidence_line"]
        key = self._by_id.get(str(cites))
        if key is None or not isinstance(line, int):
            self._found.fault(where, f"cites {safe(cites, 40)} line {safe(line, 12)}, which is not in this pack")
            return
        if key != self._key:  # rows come object by object: one open at a time is enough
            self._key, self._lines = key, Lines(self._folder, EVIDENCE + key)
        try:
            record = self._lines.at(line)
        except Wrong as wrong:
            self._found.fault(where, f"cites line {line} of {key}, which cannot be read: {wrong.what}")
            return
        if self._found.named[key].kind != table.kind or record.get("record") != table.record:
            self._found.fault(where, f"cites {safe(record.get('record'), 30)} in {key}, and no {table.record}")
            return
        if line in self._cited.setdefault(key, set()):
            self._found.fault(where, f"cites the same line as a row before it ({key} line {line})")
        self._cited[key].add(line)
        record = around(self._found, key, line, record)
        for column in differing(row, record, table, self._people):
            told = safe(inside(record, table.columns[column]), 120)
            self._found.fault(where, f"{column} is {safe(row[column], 120)!r}, and {key} line {line} says {told!r}")
        self._beside(where, row, record, table)

    def _beside(self, where: str, row: dict[str, Any], record: dict[str, Any], table: Table) -> None:
        """What a row repeats of the same identity's row in 03, and 03 of 04."""
        who = record.get("id" if table.record == "identity" else "identity")
        place = record["@"]["account"], str(who)
        if table.record == "identity":
            if place in self._listed:
                self._found.fault(where, f"lists {safe(who)} of account {place[0]} a second time")
            self._listed[place] = {one: row[one] for one in ("arn", "kind", "name", *_SCORED)}
            return
        entry = self._listed.get(place, {})
        wanted = {one: entry.get(one) for one in ("arn", "kind", "name") if table.columns[one] == ENTRY}
        if table.record == "risk":
            wanted |= {one: entry.get(one) for one in _SCORED if entry}
            entry["scored"] = True
        elif table.record == "finding" and record.get("name") is not None:
            wanted = {}
            if not same(row["name"], record["name"], self._people):
                self._found.fault(where, f"name is not {safe(record['name'], 120)!r}, which the sealed line says")
        elif isinstance(who, str) and "name" in entry:
            subject = str(row["subject"])
            part = subject[len(str(row.get("identity_id", ""))) :] if table.record == "result" else ""
            wanted["name"] = f"{entry['name']}{part if part.startswith('#') else ''}"
        else:
            wanted["name"] = row["subject"]
        for one, value in wanted.items():
            if row[one] != value:
                self._found.fault(where, f"{one} is {safe(row[one], 120)!r}, and 03 says {safe(value, 120)!r}")

    def _count(self, path: str, table: Table) -> None:
        """Rows rest on the newest object of each account that the manifests name, and on every record of it."""
        newest = {account: key for (kind, account), key in self._found.newest.items() if kind == table.kind}
        if table.kind == "findings":  # they stand beside the results of the same run
            runs = {
                account: key.split("/")[1]
                for (kind, account), key in self._found.newest.items()
                if kind == "assessment"
            }
            newest = {account: key for account, key in newest.items() if key.split("/")[1] == runs.get(account)}
        due = {key for account, key in newest.items() if account in self._accounts}
        for key in sorted(due - self._found.named.keys()):
            self._found.fault(path, f"the newest of its account that the manifests name is not in this pack: {key}")
        for key in sorted({*due, *self._cited} & self._found.named.keys()):
            if key not in due and table.kind != "snapshot":
                self._found.fault(path, f"rows cite {key}, which is not the newest of an account of this pack")
            sign = b'{"record":"' + table.record.encode() + b'"'
            try:
                there = sum(line.startswith(sign) for line in Lines(self._folder, EVIDENCE + key).all())
            except Wrong as wrong:
                self._found.fault(wrong.where, wrong.what)
                continue
            rows = len(self._cited.get(key, ()))
            if rows > there or (rows < there and key in due):
                self._found.fault(path, f"{rows:,} rows cite {key}, which holds {there:,} of the kind")


_SCORED = ("environment", "privilege_class", "inherent_tier", "tier_at_least")  # what 03 repeats of 04


def differing(row: dict[str, Any], record: dict[str, Any], table: Table, people: dict[str, str]) -> list[str]:
    """The columns of a row that do not say what the sealed record says, or are not there, or not empty as they must be."""
    wrong = []
    for column, path in table.columns.items():
        if path in (ENTRY, SIGNED):
            continue
        if column not in row or not same(row[column], None if path == EMPTY else inside(record, path), people):
            wrong.append(column)
    return wrong


def cell_of(value: Any) -> str:
    """A value as a cell shows it: nothing a spreadsheet would run, no control or direction characters, 32,767 at most."""
    if value is None or isinstance(value, (bool, int)):
        return "" if value is None else str(value).lower()
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    begin = "'" if _FORMULA.match(text) else ""
    shown = _UNSEEN.sub(_code_of, begin + _PART.sub(r"\1'", text))
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
    if shown == sealed:
        return type(shown) is type(sealed)
    if isinstance(shown, list) and isinstance(sealed, list):
        return len(shown) == len(sealed) and all(same(one, other, people) for one, other in zip(shown, sealed))
    if sealed in (None, []) and shown in (None, []):
        return True
    if not (isinstance(sealed, str) and isinstance(shown, str) and "person-" in sealed):
        return False
    if _PSEUDONYM.sub(lambda one: people.get(one[0], one[0]), sealed).casefold() == shown.casefold():
        return True  # a pseudonym stands for a text whatever its case
    if all(one in people for one in _PSEUDONYM.findall(sealed)):
        return False
    pattern = ".*".join(map(re.escape, _PSEUDONYM.split(sealed)))  # whom it stands for is not in this pack
    return re.fullmatch(pattern, shown, re.DOTALL | re.IGNORECASE) is not None


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


def file_named(found: Found, begins: str) -> str:
    """The register a person means by `07` or its name, of those the statement lists. Raises Usage."""
    stem = begins[:-4] if begins.endswith(".csv") else begins
    known = sorted(one for one in found.files if "/" not in one and one.endswith(".csv"))
    meant = [one for one in known if one == stem + ".csv"] or [one for one in known if one.startswith(stem + "_")]
    if len(meant) > 1:
        raise Usage(f"{begins} may be one of {' and '.join(meant)}: write its name")
    if not meant:
        raise Usage(f"{begins} is no register of this pack: {', '.join(known)}")
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
    cells = next((one for at, one in enumerate(csv_rows(folder, path)) if at == number), [])
    if cells != [cell_of(one) for one in row.values()]:
        found.fault(f"{path} row {number}", f"is not line {number} of {path[:-4]}.jsonl, its twin")
    wanted = row.get("evidence_id")
    if not isinstance(wanted, str):
        raise Usage(f"{path} cites no evidence in this row (it has no evidence_id)")
    key = evidence_ids(found).get(wanted)
    if key is None:
        for one in [each for each, (sha256, _) in found.files.items() if sha256.startswith(wanted[2:]) and wanted[2:]]:
            folder.open(one).close()  # says what is wrong with it
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
        wrong = differing(row, around(found, key, line, record), table, people_of(folder, found))
        for column in wrong:
            found.fault(f"{path} row {number}", f"{column} is not what the sealed line says")
        if wrong:
            yield "           the row DIFFERS from it in " + ", ".join(wrong)
        yield f"           held against it: {table.held()}; must be empty: {table.those(EMPTY)}"
        yield f"           NOT held here: {table.those(ENTRY)} (--rows holds them), {table.those(SIGNED)} (only signed)"
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
        below = f"{EVIDENCE}raw/{each}/{account}/"
        for raw_key in sorted(one[len(EVIDENCE) :] for one in found.files if one.startswith(below)):
            if raw_key not in found.named:
                folder.open(EVIDENCE + raw_key).close()
                raise Wrong(EVIDENCE + raw_key, "no manifest names it")
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


def row_of_control(folder: Folder, found: Found, asked: str) -> tuple[list[str], str, int]:
    """From a control, or an id of a framework it answers to, to the counts and one row, a failing one first.

    Rows of accounts that the manifest of the run shown does not name are counted apart.
    """
    path, wanted = file_named(found, "07"), {asked.upper()}
    mapping = csv_rows(folder, file_named(found, "05"))
    header = next(mapping, [])
    for row in mapping:
        cells = dict(zip(header, row))
        ids = {each.strip().upper() for one in cells.values() for each in re.split(r"[;,]", one)}
        if asked.upper() in ids:
            wanted.add(cells.get("control_id", ""))
    now = found.accounts.get(found.shown, set()) | {"organization"}
    counts: Counter[tuple[str, bool, str]] = Counter()
    first: dict[tuple[bool, str], int] = {}
    rows = csv_rows(folder, path)
    names = next(rows, [])
    if not {"control_id", "result", "account_id"} <= set(names):
        raise Wrong(path, "has no columns control_id, result and account_id")
    control, result, account = (names.index(one) for one in ("control_id", "result", "account_id"))
    for number, row in enumerate(rows, 1):
        if row[control] in wanted:
            gone = row[account] not in now
            counts[row[control], gone, row[result]] += 1
            first.setdefault((gone, row[result]), number)
    if not counts:
        raise Usage(f"no result in {path} is of {asked}, nor of a control that answers to it in 05_control_map.csv")
    lines = []
    for one in sorted({name for name, _, _ in counts}):
        told = [
            ", ".join(f"{number:,} {safe(status, 20)}" for (name, gone, status), number in sorted(counts.items())
                      if (name, gone) == (one, apart))
            for apart in (False, True)
        ]  # fmt: skip
        more = f", and {told[1]} of accounts that are not of the run shown any more" if told[1] else ""
        lines.append(f"control    {safe(one, 20)}: {told[0] or 'no result of an account of the run shown'}{more}")
    order = [(gone, one) for gone in (False, True) for one in ("FAIL", "EXCEPTION", "PASS", "NOT_TESTED")]
    walked = next((one for one in order if one in first), min(first))
    return [*lines, f"walked     the first {safe(walked[1], 20)}"], path, first[walked]


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


def bytes_of(path: str, largest: int) -> bytes:
    """A file somebody names. Raises Usage for what is no regular file, cannot be read, or is too large."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise Usage(f"{path} is no file")
            body = file.read(min(about.st_size, largest) + 1)
    except (OSError, ValueError) as error:
        raise Usage(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    if len(body) > largest:
        raise Usage(f"{path} has more than {largest:,} bytes: too large for what it should be")
    return body


def draw_again(folder: Folder, found: Found, path: str) -> Iterator[str]:
    """Draw a sample from its record and hold every field of the draw against it. Raises Usage or Wrong."""
    sample = parsed(path, bytes_of(path, LARGEST_SAMPLE))
    if sample.get("algorithm") != "prooftrail.sample/1":
        raise Usage(f"{path} was drawn by {safe(sample.get('algorithm'), 60)}, which is not known here")
    sha256, size = field(path, sample, "population_sha256", str), field(path, sample, "n", int)
    seed, source = field(path, sample, "seed", str), field(path, sample, "seed_source", str)
    population = next((one for one in found.files if found.files[one][0] == sha256), None)
    if population is None:
        named = f"{safe(sample.get('population_ref'), 80)} (SHA-256 {safe(sha256, 64)})"
        raise Wrong(path, f"its population {named} is no file of this pack")
    strata = [str(one) for one in field(path, sample, "strata", list)]
    left_out = {field(path, one, "item_id", str): one.get("reason") for one in field(path, sample, "exclusions", list)}
    column = field(path, sample, "item_column", str)
    rows = csv_rows(folder, population)
    header = next(rows, [])
    if column != next((one for one in ("item_id", "identity_id", "id") if one in header), None) or not {*strata} <= {
        *header
    }:
        raise Wrong(path, f"{population} has not the columns {column} and {', '.join(strata) or 'no others'}")
    tier = next((one for one in strata if one in ("tier", "inherent_tier", "residual_tier")), None)
    groups: dict[str, list[tuple[str, str]]] = {}
    critical: set[str] = set()
    items: set[str] = set()
    for row in rows:
        item = row[header.index(column)]
        if item in items:
            raise Wrong(path, f"{population} lists {safe(item, 80)} twice")
        items.add(item)
        if item not in left_out:
            rank = hmac.new(seed.encode(), sha256.encode() + b"\0" + item.encode(), hashlib.sha256).hexdigest()
            stratum = " / ".join(row[header.index(one)] or "(none)" for one in strata)
            groups.setdefault(stratum, []).append((rank, item))
            critical |= {stratum} if tier and row[header.index(tier)].lower() == "critical" else set()
    sizes = {name: len(groups[name]) for name in sorted(groups)}
    whole = critical if sum(sizes[one] for one in critical) <= 60 else set()
    whole = whole if sum(sizes.values()) > size else set(sizes)
    shares = shares_of(sizes, size, critical)
    drawn = [(name, *one) for name in sizes for one in sorted(groups[name])[: shares[name]]]
    asked = {"algorithm": "prooftrail.sample/1", "exclusions": sample["exclusions"], "n": size,
             "population_sha256": sha256, "seed": seed, "strata": strata}  # fmt: skip
    wanted: dict[str, Any] = {
        "id": hashlib.sha256(canonical(asked)).hexdigest()[:16],
        "rows": len(items),
        "shares": [{"stratum": one, "items": sizes[one], "drawn": shares[one], "whole": one in whole} for one in sizes],
        "selected": [{"number": at, "item_id": item, "stratum": name, "rank": rank}
                     for at, (name, rank, item) in enumerate(drawn, 1)],
        "independent": source in ("auditor", "witness"),
    }  # fmt: skip
    yield f"sample     {len(drawn)} of {len(items):,} items of {population}, n {size}"
    for one, there in sizes.items():
        yield f"stratum    {safe(one or 'all', 200)}: {shares[one]} of {there:,}"
    yield f"excluded   {len(left_out)} of {len(items):,}" + ("" if left_out else ": none")
    yield from (f"           {safe(one, 200)}: {safe(why or 'NO REASON GIVEN', 300)}" for one, why in left_out.items())
    yield from told_seed(found, path, sample, source)
    if left_out:
        yield "           NOT INDEPENDENT of who excluded: whoever leaves items out steers what is drawn"
        wanted.pop("independent")  # the record speaks of its seed alone
    for one, why in left_out.items():
        if one not in items or not why:
            found.fault(
                path, f"excludes {safe(one, 80)}, " + ("without a reason" if one in items else "which is no item")
            )
    for name, value in wanted.items():
        if sample.get(name) != value:
            found.fault(path, f"`{name}` is not what this draw comes to: {difference(value, sample.get(name))}")
    if not any(where == safe(path, 300) for where, _ in found.faults):
        yield "           drawn again with its seed: the same items, ranks and shares"


def difference(true: Any, said: Any) -> str:
    """Where two values part, shortly."""
    if isinstance(true, list) and isinstance(said, list):
        at = next((at for at, (one, other) in enumerate(zip(true, said)) if one != other), min(len(true), len(said)))
        true, said = (one[at] if at < len(one) else "nothing" for one in (true, said))
        return f"entry {at + 1} must be {safe(true, 200)}, and is {safe(said, 200)}"
    return f"it must be {safe(true, 200)}, and is {safe(said, 200)}"


def told_seed(found: Found, path: str, sample: dict[str, Any], source: str) -> Iterator[str]:
    """Whose the seed is: the watchdog's is held against its first word about the run shown, others are only claimed."""
    if source != "witness":
        yield f"seed       {safe(sample['seed'], 200)!r}: CLAIMED to be the {safe(source, 20)}'s; nothing here shows who chose it, or when"
        return
    shown = next((one for one in found.slots.values() if one.run == found.shown), None)
    after = [
        (said, key, sha256)
        for key, (said, sha256, word) in found.words.items()
        if shown and shown.closed and isinstance(word.get("head"), dict) and word.get("signature_held")
        and word["head"]["seq"] >= shown.seq and said > shown.closed
    ]  # fmt: skip
    if not after:
        found.fault(
            path, "its seed is said to be the watchdog's, and no word in this pack was said after the run shown"
        )
        return
    _, key, sha256 = min(after)
    if (sample.get("seed"), sample.get("seed_word")) != (sha256, key):
        found.fault(path, f"its seed is not the SHA-256 of {key}, the watchdog's first word after the run shown")
    yield f"seed       the SHA-256 of {key}, the watchdog's first word after the run shown; whose key that is: see witness"


# --- the answer -------------------------------------------------------------------------------------------------------


def examine(asked: argparse.Namespace) -> tuple[int, Found, list[str]]:
    """Do what was asked: the exit status, what was found, and the lines of a walk. Raises Usage."""
    folder, found, walked = Folder(asked.pack), Found(), list[str]()
    signatures = Signatures(asked.pack, asked.tool)
    try:
        read_statement(folder, found, signatures)
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
            check_policy(folder, found)
            check_evidence(folder, found)
            check_words(folder, found, signatures, asked.witness_fingerprint)
            if asked.rows:
                Rows(folder, found).check()
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
    folder.judge = judge_once(folder, found)
    Chain(folder, found, signatures).walk()
    check_pack(found, signatures)
    check_words(folder, found, signatures, asked.witness_fingerprint)
    if asked.sample:
        walked.extend(draw_again(folder, found, asked.sample))
        return
    if asked.control:
        lines, path, number = row_of_control(folder, found, asked.control)
        walked += lines
    else:
        begins, _, at = asked.row.rpartition(":")
        if not begins or not at.isdecimal() or not 0 < len(at) < 10 or int(at) == 0:
            raise Usage("--row takes a register and a row, counted from 1 below the header, like 07:123")
        path, number = file_named(found, begins), int(at)
    walked.extend(walk_row(folder, found, path, number))


def verdict(status: int, found: Found) -> str:
    """The answer in a sentence."""
    if status == NOT_INTACT:
        faults = len(found.faults) + found.more_faults
        return f"NOT INTACT: {faults:,} thing{'s do' if faults != 1 else ' does'} not hold"
    if status == NOT_CHECKED:
        return "consistent with itself, NOT VOUCHED FOR" if found.envelope else "unreadable: here is no pack"
    return "answered, from a pack whose origin is checked" if found.narrow else "intact, and its origin is checked"


def told(status: int, found: Found, walked: list[str]) -> Iterator[str]:
    """The report for people: the verdict, what is wrong, what was checked, what that does not prove."""
    yield f"{verdict(status, found)}   (exit status {status})"
    yield ""
    for where, what in list(found.faults)[:MOST_SHOWN]:
        yield f"  WRONG    {where}: {what}"
    if len(found.faults) > MOST_SHOWN:
        more = len(found.faults) + found.more_faults - MOST_SHOWN
        yield f"  WRONG    and {more:,} more: --json lists the first {MOST_KEPT:,}"
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
    try:
        mine = hashlib.sha256(bytes_of(os.path.abspath(__file__), LARGEST_SMALL)).hexdigest()
    except Usage:
        mine = "unknown: it cannot be read"
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


class Arguments(argparse.ArgumentParser):
    """Says what is wrong with a question in a way a terminal may show."""

    def error(self, message: str) -> Any:
        """Wrong use: status 2."""
        super().error(plain(message))


def arguments(given: list[str]) -> argparse.Namespace:
    """What was asked for. Exits with status 2 for wrong use."""
    read = Arguments(prog="verify.py", description=(__doc__ or "").split("\n", 1)[0], epilog="See VERIFY.md.")
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
            asked.fingerprints.append(fingerprint(key_der(path, bytes_of(path, MIB).decode("ascii"))))
        except (UnicodeDecodeError, Usage, Wrong) as error:
            read.error(f"--public-key {error}")
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
    """Check, report, and give the exit status; whatever a pack holds and wherever the report goes, no traceback."""
    asked = arguments(given)
    try:
        status, found, walked = examine(asked)
        lines = (
            [json.dumps(report(status, found, walked), indent=2)]
            if asked.json
            else map(plain, told(status, found, walked))
        )
        if sys.stdout is None:
            return NOT_CHECKED  # nobody can read the answer
        encoding = sys.stdout.encoding or "ascii"
        for line in lines:
            print(line.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except (Usage, OSError, subprocess.SubprocessError, *SHAPELESS) as error:
        usage = isinstance(error, Usage)
        with contextlib.suppress(OSError, ValueError):
            print(
                plain(f"{'' if usage else f'cannot be checked here: {type(error).__name__}: '}{error}"), file=sys.stderr
            )
        return WRONG_USE if usage else NOT_CHECKED
    return status


def run(given: list[str]) -> int:
    """The same for a process: what is left unwritten at the end is no success, and no traceback either."""
    try:
        status = main(given)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else WRONG_USE
    except KeyboardInterrupt:
        status = NOT_CHECKED
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            status = NOT_CHECKED
    return status


def report(status: int, found: Found, walked: list[str]) -> dict[str, Any]:
    """The report for machines."""
    head = max(found.slots.values(), default=None)
    return {
        "exit_status": status,
        "verdict": verdict(status, found),
        "faults": [{"file": where, "what": what} for where, what in found.faults],
        "faults_in_all": len(found.faults) + found.more_faults,
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
    sys.exit(run(sys.argv[1:]))
