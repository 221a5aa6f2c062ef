"""The home directory: what belongs to the person who scans, and must not lie among the evidence."""

from pathlib import Path
from typing import Self

import msgspec

from prooftrail.adapters.embedded import atomic, file_signer
from prooftrail.adapters.embedded.file_signer import FileFingerprintKey, FileSigner
from prooftrail.errors import ConfigError
from prooftrail.evidence.manifest import Head
from prooftrail.model import canonical

FINGERPRINT_KEY = "fingerprint-key"
"""The file that holds the key of pseudonyms and of our own commits."""


class PinnedHead(msgspec.Struct, frozen=True, kw_only=True):
    """What `head.json` holds: the newest head this home has seen, and of which locker."""

    seq: int
    sha256: str
    locker_id: str


class Home:
    """A directory with `signing-key.pem`, `fingerprint-key`, `ledger.sqlite` and `head.json`.

    It is made (mode 0700) by the first method that has something to keep; reading makes nothing. Whatever is wrong
    with a file in it raises ConfigError with the path and the fix.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ledger(self) -> Path:
        """Where the ledger of the embedded wiring lies."""
        return self.path / "ledger.sqlite"

    def create(self) -> Self:
        """Make the directory, for its owner only, if there is none; what exists stays as it is."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as refused:
            raise ConfigError(f"{self.path} cannot be made: {refused.strerror}. Name another with --home.") from refused
        return self

    def signer(self) -> FileSigner:
        """The signer of this home; its key is made at the first call."""
        self.create()
        file_signer.create_signing_key(self._signing_key)
        return FileSigner(self._signing_key)

    def next_signer(self) -> FileSigner:
        """The signer that is to follow; its key is made at the first call and lies beside until it is adopted."""
        self.create()
        file_signer.create_signing_key(self._next_key)
        return FileSigner(self._next_key)

    def adopt_next_signer(self) -> Path:
        """Make the next key this home's own, and give where the one before lies now; doing it again changes nothing.

        Raises ConfigError where a file cannot be moved: nothing is lost then, and the command may be repeated.
        """
        kept = self.path / f"signing-key-until-{FileSigner(self._signing_key).fingerprint()[:16]}.pem"
        try:
            if not kept.exists():
                kept.hardlink_to(self._signing_key)
            self._next_key.replace(self._signing_key)
        except OSError as refused:
            raise ConfigError(
                f"{self._next_key} cannot take the place of {self._signing_key}: {refused.strerror}. Free the directory"
                " and run the command again."
            ) from refused
        return kept

    def fingerprint_key(self) -> FileFingerprintKey:
        """The fingerprint key of this home, made at the first call."""
        path = self.create().path / FINGERPRINT_KEY
        file_signer.create_fingerprint_key(path)
        return FileFingerprintKey(path)

    def public_key_pem(self) -> bytes | None:
        """The public half of the signing key, to check signatures against; None if this home has never signed."""
        return FileSigner(self._signing_key).public_key_pem() if self._signing_key.exists() else None

    def recall(self) -> Head | None:
        """The head last remembered, which a locker cut off at its end is held against; None if there is none."""
        pinned = self.head()
        return Head(seq=pinned.seq, sha256=pinned.sha256) if pinned else None

    def head(self) -> PinnedHead | None:
        """The head last remembered, with the locker it is of; None if there is none."""
        try:
            return canonical.decode(self._head.read_bytes(), PinnedHead)
        except FileNotFoundError:
            return None
        except OSError as refused:
            raise ConfigError(f"{self._head} cannot be read: {refused.strerror}. Check who owns it.") from refused
        except msgspec.DecodeError as wrong:
            raise ConfigError(
                f"{self._head} is no head of a chain ({wrong}): put it back from a backup, or remove it and pass"
                " --expect-head from a source you trust."
            ) from wrong

    def remember(self, head: Head, *, locker_id: str) -> None:
        """Keep `head` in place of the one before; a reader at the same time sees the one or the other.

        An older head of the same locker changes nothing: a run that is told again must not move the pin back.
        """
        held = self.head()
        if held is not None and held.locker_id == locker_id and held.seq > head.seq:
            return
        body = canonical.encode(PinnedHead(seq=head.seq, sha256=head.sha256, locker_id=locker_id))
        try:
            with atomic.opened(self.create().path) as directory:
                atomic.replace(directory, self._head.name, body, mode=file_signer.PRIVATE_MODE)
        except OSError as refused:
            raise ConfigError(
                f"{self._head} cannot be written: {refused.strerror}. Make room or name another --home."
            ) from refused

    @property
    def _signing_key(self) -> Path:
        return self.path / "signing-key.pem"

    @property
    def _next_key(self) -> Path:
        return self.path / "next-signing-key.pem"

    @property
    def _head(self) -> Path:
        return self.path / "head.json"
