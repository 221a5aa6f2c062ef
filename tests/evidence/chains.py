"""Builds chains that state only what a test is about; signed with a key made for the test run."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.evidence import envelope, manifest
from prooftrail.evidence.manifest import ChainContent, Code, Genesis, GovernanceInForce, Head, Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Run, Schedule, SealedObject, Superseded

DAY_1 = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
DAILY = Schedule(every_hours=24, at="06:00")


class Key:
    """A P-256 key with what the chain needs of it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.fingerprint = envelope.fingerprint(self.pem)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


KEY = Key()


def a_genesis(key: Key = KEY) -> Genesis:
    return Genesis(
        deployment_id="d",
        organization_id="o-example",
        account="111111111111",
        partition="aws",
        locker="demo/evidence",
        public_key_pem=key.pem.decode(),
        key_fingerprint=key.fingerprint,
        key_origin="file",
        schedule=DAILY,
        created_at=DAY_1,
    )


def an_object(key: str = "", body: bytes = b"body", **known: object) -> SealedObject:
    sha = canonical.sha256(body)
    key = key or f"raw/20261101T060000Z/111111111111/{sha}.jsonl.gz"
    fields = {"key": key, "kind": EvidenceKind.RAW, "sha256": sha, "stored_sha256": sha, "size": len(body), "count": 1}
    return SealedObject(**(fields | known))  # type: ignore[arg-type]


def a_manifest(seq: int = 1, *, previous: Head, genesis: Genesis | None = None, **known: object) -> Manifest:
    run = known.get("run", Run.scheduled(DAY_1 + timedelta(days=seq - 1), None))
    assert isinstance(run, Run)
    tick = run.taken_at
    objects = tuple(sorted(known.pop("objects", ())))  # type: ignore[call-overload]
    made = Manifest(
        locker_id=(genesis or a_genesis()).locker_id(),
        seq=seq,
        previous=previous,
        run=run,
        schedule=DAILY,
        last_tick=tick,
        missed_ticks=(),
        started_at=tick,
        closed_at=tick + timedelta(minutes=2),
        code=Code(version="1", sha256="c"),
        governance=GovernanceInForce(sha256="g"),
        previous_verified=True,
        organization_gaps=(),
        coverage=(),
        counts=(),
        objects=objects,
        superseded=(),
        merkle_root=manifest.objects_root(objects),
        calls=0,
        throttled=0,
    )
    return msgspec.structs.replace(made, **known)


def sealed(content: ChainContent, key: Key = KEY) -> bytes:
    return manifest.seal(content, keyid=key.fingerprint, sign=key.sign)


def a_chain(days: Sequence[dict[str, object]] = ({}, {}), key: Key = KEY) -> list[tuple[int, bytes]]:
    """The files of a chain: a genesis, then a manifest for each day with what is particular to it."""
    genesis = a_genesis(key)
    files = [(0, sealed(genesis, key))]
    for seq, known in enumerate(days, 1):
        previous = Head(seq=seq - 1, sha256=canonical.sha256(files[-1][1]))
        made = a_manifest(seq, previous=previous, genesis=genesis, **known)
        files.append((seq, sealed(made, key)))
    return files


def superseded(key: str, size: int = 4) -> Superseded:
    return Superseded(key=key, size=size, reason="cut short")
