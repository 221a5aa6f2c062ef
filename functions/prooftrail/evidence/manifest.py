"""What a run sealed, in one signed statement, and the genesis every chain begins with."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.model.run import Run, Schedule, SealedObject, Superseded

from . import envelope, merkle

STATEMENT = "https://in-toto.io/Statement/v1"
GENESIS = "urn:prooftrail:genesis:1"
MANIFEST = "urn:prooftrail:manifest:1"
ROTATION = "urn:prooftrail:key-rotation:1"

LARGEST = 256 * 1024 * 1024
"""Bytes of a chain object that is still read: several times what 10,000 accounts need. A larger one is unreadable."""


class Genesis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sequence 0: whose evidence this is and which key signs it. An auditor writes its hash down at the first visit.

    `evidence_account` holds locker and key, where it is known; `witness_public_key_pem` is the key of the watchdog
    that is to see every head. What is None is left out, so that an older genesis keeps its hash.
    """

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
    evidence_account: str | None = None
    witness_public_key_pem: str | None = None

    def locker_id(self) -> str:
        """The name every manifest of this chain carries: the hash of all that the genesis says."""
        return canonical.digest(self)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest by its place and the SHA-256 of its stored bytes."""

    seq: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.sha256}"


class Code(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which code sealed a run: its version, the hash over its source files, and that of the bundle it was deployed in.

    `sha256` alone tells one code from another; `asset` is None where nothing was deployed.
    """

    version: str
    sha256: str
    asset: str | None = None


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


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """The chain's key is another from the next slot on: the key before signs this, the new one signs it from within.

    `possession` is base64 of the new key's DER signature over this statement with `possession` left empty. It names
    `previous`, so the new key's holder stands by all that came before. `key_since` is the slot of the rotation before.
    """

    locker_id: str
    seq: int
    previous: Head
    public_key_pem: str
    key_fingerprint: str
    key_origin: str
    reason: str
    rotated_at: datetime
    key_since: int | None
    possession: str = ""

    def to_be_signed(self) -> bytes:
        """What the new key signs."""
        return canonical.encode(msgspec.structs.replace(self, possession=""))


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one run sealed. `objects` and `superseded` are sorted by key; `last_tick` is the newest tick met or declared missed.

    `key_since` is the slot of the rotation that brought in the key this is signed with; None for the genesis's own.
    """

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
    key_since: int | None = None

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
    return merkle.root(canonical.encode(one) for one in sorted(objects))


type ChainContent = Genesis | Manifest | Rotation
"""What can stand in a slot of the chain."""

_TYPES: dict[str, type[ChainContent]] = {GENESIS: Genesis, MANIFEST: Manifest, ROTATION: Rotation}


def seal(content: ChainContent, *, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed envelope of a genesis, manifest or rotation, as it is stored in the chain."""
    return envelope.sealed(_statement(content), keyid=keyid, sign=sign)


def _statement(content: ChainContent) -> bytes:
    objects = content.objects if isinstance(content, Manifest) else ()
    stated = _Stated(
        type_=STATEMENT,
        subject=msgspec.Raw(_subjects(objects)),
        predicate_type=next(name for name, known in _TYPES.items() if isinstance(content, known)),
        predicate=msgspec.Raw(canonical.encode(content)),
    )
    return canonical.encode(stated)


class _Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A Statement with its subject unread: one of seventy thousand artifacts is large enough as bytes."""

    type_: str = msgspec.field(name="_type")
    subject: msgspec.Raw
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: msgspec.Raw


def _subjects(objects: Iterable[SealedObject]) -> bytes:
    """The subject of a statement over these objects, in its canonical bytes."""
    each = (canonical.encode(Subject(name=one.key, digest={"sha256": one.stored_sha256})) for one in objects)
    return b"[" + b",".join(each) + b"]"


def read(key: str, data: bytes) -> ChainContent:
    """What the chain object `key` states; its signature is not checked here. Raises EvidenceUnreadable."""
    return stated(key, envelope.opened(key, data))


def stated(key: str, sealed: envelope.Envelope) -> ChainContent:
    """What the opened envelope of `key` states. Raises EvidenceUnreadable."""
    try:
        statement = canonical.decode(sealed.body(), _Stated)
        known = _TYPES.get(statement.predicate_type)
        if known is None:
            raise EvidenceUnreadable(f"{key} states {statement.predicate_type!r}, which this version does not know.")
        content = msgspec.json.decode(statement.predicate, type=known)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no manifest: {error}.") from error
    if isinstance(content, Manifest) and memoryview(statement.subject) != _subjects(content.objects):
        raise EvidenceUnreadable(f"{key} names other objects in its subject than in its manifest.")
    return content


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What a chain object says of itself, without what it lists; None for what its type does not say."""

    type_: str = ""
    previous: Head | None = None
    key_since: int | None = None
    run: Run | None = None
    closed_at: datetime | None = None


def outline(key: str, sealed: envelope.Envelope) -> Outline:
    """The outline of what the opened envelope of `key` states: a manifest of any size in little memory.

    Its signature is not checked here, nor what it lists. Raises EvidenceUnreadable.
    """
    try:
        outer = canonical.decode(sealed.body(), _Stated)
        return msgspec.structs.replace(msgspec.json.decode(outer.predicate, type=Outline), type_=outer.predicate_type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no manifest: {error}.") from error
