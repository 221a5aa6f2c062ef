"""Keys kept in files: the signing key, and the key of fingerprints and pseudonyms; each is made once and not shown."""

import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.adapters.embedded import atomic
from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope

PRIVATE_MODE = 0o600
FINGERPRINT_BYTES = 32
_LARGEST_KEY_BYTES = 64 * 1024


class FileSigner:
    """Signs with the ECDSA P-256 key in the PEM file `path`.

    The key lies beside what it signs, so its signatures are *self-signed*: they show change by others, not by the
    holder. Raises ConfigError, on construction, for a file that is missing, open to others, or no such key.
    """

    def __init__(self, path: Path) -> None:
        self._key = _parse(_read_private(path), path)

    def public_key_pem(self) -> bytes:
        """The public half, PEM, SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def fingerprint(self) -> str:
        """The fingerprint of the public half."""
        return envelope.fingerprint(self.public_key_pem())

    def origin(self) -> str:
        """`file`."""
        return "file"

    def sign(self, message: bytes) -> bytes:
        """A DER ECDSA signature over SHA-256 of `message`; the same message gives the same signature (RFC 6979)."""
        return self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class FileFingerprintKey:
    """Reads the 32 secret bytes in the file `path`; raises ConfigError, on construction, for anything else."""

    def __init__(self, path: Path) -> None:
        self._secret = _read_private(path)
        if len(self._secret) != FINGERPRINT_BYTES:
            raise ConfigError(
                f"{path} holds {len(self._secret)} bytes, not the {FINGERPRINT_BYTES} of a fingerprint key: put it back"
                " from a backup; under another key nobody in earlier evidence is recognized."
            )

    def secret(self) -> bytes:
        """The 32 bytes."""
        return self._secret


def create_signing_key(path: Path) -> None:
    """Write a new P-256 key (PKCS#8, PEM, mode 0600) unless `path` exists; the first of several writers wins."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _create(path, pem)


def create_fingerprint_key(path: Path) -> None:
    """Write 32 random bytes (mode 0600) unless `path` exists; the first of several writers wins."""
    _create(path, secrets.token_bytes(FINGERPRINT_BYTES))


def _create(path: Path, body: bytes) -> None:
    if os.path.lexists(path):
        return
    try:
        with atomic.opened(path.parent) as directory:
            atomic.create(directory, path.name, body, mode=PRIVATE_MODE)
    except FileExistsError:
        return
    except OSError as refused:
        raise ConfigError(f"{path} cannot be made: {refused.strerror}. Name a directory you may write in.") from refused


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            body = file.read(_LARGEST_KEY_BYTES)
    except OSError as refused:
        raise ConfigError(
            f"{path} cannot be read: {refused.strerror}. Check the path and who owns the file."
        ) from refused
    if mode & ~PRIVATE_MODE:
        raise ConfigError(f"{path} is open to others (mode {mode:04o}): run `chmod 600 {path}`, or replace the key.")
    return body


def _parse(pem: bytes, path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The parser's own words may quote the file, so they are not passed on.
        raise ConfigError(
            f"{path} holds no signing key that can be read: put back the unencrypted PKCS#8 PEM file from a backup, or"
            " move it away to begin a new chain under a new key."
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"{path} holds another kind of key: signatures need ECDSA on P-256 (prime256v1).")
    return key
