"""What a run sealed, in one signed statement, and the genesis every chain begins with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.model.run import Run, Schedule, SealedObject, Superseded

from . import envelope, merkle

STATEMENT = "https://in-toto.io/Statement/v1"
GENESIS = "urn:prooftrail:genesis:1"
MANIFEST = "urn:prooftrail:manifest:1"


class Genesis(msgspec.Struct, frozen=True, kw_only=True):
    """Sequence 0: whose evidence this is and which key signs it. An auditor writes its hash down at the first visit."""

    deployment_id: str
    organization_id: str | None
    account: str
    partition: str
    locker: str
    public_key_pem: str
    key_fingerprint: str
    key_origin: str
    schedule: Schedule | None
    created_at: datetime

    def locker_id(self) -> str:
        """The name every manifest of this chain carries: the hash of all that the genesis says."""
        return canonical.digest(self)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest by its place and the SHA-256 of its stored bytes."""

    seq: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.sha256}"


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """Which code sealed a run: its version, and the hash over its source files."""

    version: str
    sha256: str


class AccountCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How one planned account came out; `cells_ok` of `cells` were read to their end."""

    account: str
    status: str
    reason: str | None
    identities: int
    cells: int
    cells_ok: int


class GovernanceInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The policy a run was made under, by hash, and what in it was loosened since the manifest before.

    `turned` is how many results that failed under the policy before do not fail under this one.
    """

    sha256: str
    loosened: tuple[str, ...] = ()
    turned: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one run sealed. `objects` and `superseded` are sorted by key; `last_tick` is the newest tick met or declared missed."""

    locker_id: str
    seq: int
    previous: Head
    run: Run
    schedule: Schedule | None
    last_tick: datetime | None
    missed_ticks: tuple[datetime, ...]
    started_at: datetime
    closed_at: datetime
    code: Code
    governance: GovernanceInForce
    previous_verified: bool
    organization_gaps: tuple[str, ...]
    coverage: tuple[AccountCoverage, ...]
    counts: tuple[tuple[str, int], ...]
    objects: tuple[SealedObject, ...]
    superseded: tuple[Superseded, ...]
    merkle_root: str
    calls: int
    throttled: int

    def gaps(self) -> bool:
        """True if the organization or a planned account was not read whole."""
        return bool(self.organization_gaps) or any(
            one.status != "sealed" for one in self.coverage if one.status != "skipped"
        )


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact of an in-toto statement: name and SHA-256 of the stored bytes."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """An in-toto statement; `predicate` is read once `predicateType` is known."""

    type_: str = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: msgspec.Raw


def objects_root(objects: Iterable[SealedObject]) -> str:
    """The Merkle root over the canonical bytes of each object's record, in order of key."""
    return merkle.root([canonical.encode(one) for one in sorted(objects)])


def seal(content: Genesis | Manifest, *, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed envelope of a genesis or manifest, as it is stored in the chain."""
    objects: Sequence[SealedObject] = content.objects if isinstance(content, Manifest) else ()
    statement = Statement(
        type_=STATEMENT,
        subject=tuple(Subject(name=one.key, digest={"sha256": one.stored_sha256}) for one in objects),
        predicate_type=MANIFEST if isinstance(content, Manifest) else GENESIS,
        predicate=msgspec.Raw(canonical.encode(content)),
    )
    return envelope.sealed(canonical.encode(statement), keyid=keyid, sign=sign)


def read(key: str, data: bytes) -> Genesis | Manifest:
    """What the chain object `key` states; its signature is not checked here. Raises EvidenceUnreadable."""
    body = envelope.opened(key, data).body()
    try:
        statement = canonical.decode(body, Statement)
        if statement.predicate_type == GENESIS:
            return canonical.decode(bytes(statement.predicate), Genesis)
        if statement.predicate_type != MANIFEST:
            raise EvidenceUnreadable(f"{key} states {statement.predicate_type!r}, which this version does not know.")
        manifest = canonical.decode(bytes(statement.predicate), Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no manifest: {error}.") from error
    named = tuple((one.name, one.digest.get("sha256")) for one in statement.subject)
    if named != tuple((one.key, one.stored_sha256) for one in manifest.objects):
        raise EvidenceUnreadable(f"{key} names other objects in its subject than in its manifest.")
    return manifest
