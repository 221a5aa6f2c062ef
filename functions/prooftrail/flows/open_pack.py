"""Opens a pack for whoever works with it: its own statement, and each file only if it is the one that is stated."""

from collections.abc import Iterator, Sequence

import msgspec

from prooftrail.errors import ConfigError, EvidenceError, EvidenceUnreadable
from prooftrail.evidence import envelope
from prooftrail.evidence.envelope import Envelope
from prooftrail.evidence.keys_in_force import KeyInForce
from prooftrail.evidence.manifest import STATEMENT, Statement
from prooftrail.model import canonical
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity.statement import PackStatement
from prooftrail.ports import Locker

POPULATIONS = "populations/"
_INDEX = "populations/index.csv"


class OpenPack:
    """A pack read through `files`, whose keys are the pack's paths. Raises EvidenceUnreadable where it states nothing."""

    def __init__(self, files: Locker) -> None:
        self._files = files
        path = integrity_statement.PATH
        body, self.envelope = _opened(path, files.get(path))
        self.sha256 = canonical.sha256(body)
        self.stated = _stated(path, body)
        self._listed = {one.path: one for one in self.stated.files}

    @property
    def populations(self) -> tuple[str, ...]:
        """The names of the populations it has."""
        found = (one for one in self._listed if one.startswith(POPULATIONS) and one.endswith(".csv") and one != _INDEX)
        return tuple(sorted(one.removeprefix(POPULATIONS).removesuffix(".csv") for one in found))

    def read(self, path: str) -> bytes:
        """The bytes of a file, which must be those that are stated. Raises EvidenceUnreadable, EvidenceMissing."""
        listed = self._listed.get(path)
        if listed is None:
            raise EvidenceUnreadable(f"{path} is no file of this pack: its statement does not list it.")
        body = self._files.get(path)
        if len(body) != listed.size or canonical.sha256(body) != listed.sha256:
            raise EvidenceUnreadable(
                f"{path} is not the file that the pack states: nothing is taken from it. Run `python3 verify.py` on the"
                " pack, and get another copy."
            )
        return body

    def signature_holds(self, keys: Sequence[KeyInForce]) -> bool:
        """True if the key it says signed it did, or if it says that nobody did."""
        if self.envelope is None or self.stated.signed_by is None:
            return self.envelope is None and self.stated.signed_by is None
        key = next((one for one in keys if one.fingerprint == self.stated.signed_by), None)
        return key is not None and envelope.verified(self.envelope, key.pem.encode())

    def population(self, name: str) -> tuple[str, bytes]:
        """Path and bytes of a population. Raises ConfigError for a name it does not have."""
        if name not in self.populations:
            raise ConfigError(
                f"--population {name!r} is no population of this pack: it has {', '.join(self.populations) or 'none'}."
            )
        path = f"{POPULATIONS}{name}.csv"
        return path, self.read(path)

    def wrong(self) -> Iterator[str]:
        """A sentence for each file that is not as stated, not there, or not listed at all."""
        there = {one.key for one in self._files.versions("")}
        for path in self._listed:
            try:
                self.read(path)
            except EvidenceError as error:
                yield str(error)
        for path in sorted(there - self._listed.keys() - {integrity_statement.PATH}):
            yield f"{path} is no file of this pack: its statement does not list it."


class _Unsigned(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    payload: bytes
    payload_type: str
    signatures: tuple[()]


def _opened(path: str, data: bytes) -> tuple[bytes, Envelope | None]:
    """The statement's bytes and its envelope, None where nobody signed it. Raises EvidenceUnreadable."""
    try:
        unsigned = canonical.decode(data, _Unsigned)
    except (msgspec.DecodeError, UnicodeDecodeError):
        sealed = envelope.opened(path, data)
        return sealed.body(), sealed
    return unsigned.payload, None


def _stated(path: str, body: bytes) -> PackStatement:
    try:
        said = canonical.decode(body, Statement)
        if (said.type_, said.predicate_type) != (STATEMENT, integrity_statement.PREDICATE):
            raise EvidenceUnreadable(f"{path} states {said.predicate_type!r}, which is no pack.")
        return canonical.decode(bytes(said.predicate), PackStatement)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{path} is no statement of a pack: {error}.") from error
