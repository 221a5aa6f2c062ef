"""Measures what `pull` makes of a store on this machine, beside a bare loop that reads the same objects with as many threads.

The bare loop asks for every object by version and throws the bytes away: no listing, no hashing, nothing written. What
pull takes longer is what checking and keeping costs, and most of that is one fsync a file, which is what lets a pull that
a crash cut short go on from every name it finds. Both begin with warm connections of their own.
"""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prooftrail.adapters.aws.s3_evidence import S3Evidence, client_config
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.file_signer import FileSigner, create_signing_key
from prooftrail.adapters.embedded.pull_notes import PullDirectory
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Code, Genesis, GovernanceInForce, Head, Manifest
from prooftrail.evidence.pulled import Scope
from prooftrail.flows.pull_evidence import PullEvidence
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Run, SealedObject

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests import emulators
from tests.emulators import REGION, Emulator

WORKERS = 16
SIZES = ((2_000, 20_000), (1_000, 200_000))
"""Objects, and bytes of each."""

_AT = datetime(2026, 11, 20, 6, tzinfo=UTC)
_RUN = Run.scheduled(_AT, None)


def pull() -> list[dict[str, Any]]:
    """A row a size: megabytes a second of the bare loop and of pull, and what of the one the other reaches."""
    folder = Path(tempfile.mkdtemp(prefix="prooftrail-pull-"))
    try:
        with emulators.ministack(folder) as store:
            return [_measured(store, folder, objects, size) for objects, size in SIZES]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measured(store: Emulator, folder: Path, objects: int, size: int) -> dict[str, Any]:
    bucket = f"evidence-{uuid.uuid4()}"
    _filled(store, bucket, folder, objects, size)
    bare_s = min(_bare(store, bucket) for _ in range(2))
    pulls = [_pulled(store, bucket, folder / f"copy-{bucket}-{each}") for each in range(2)]
    pull_s = min(seconds for seconds, _ in pulls)
    total = pulls[0][1] / 1e6
    return {
        "objects": objects,
        "megabytes": round(total, 1),
        "bare_s": round(bare_s, 2),
        "pull_s": round(pull_s, 2),
        "bare_mb_s": round(total / bare_s, 1),
        "pull_mb_s": round(total / pull_s, 1),
        "share_of_bare": round(bare_s / pull_s, 2),
    }


def _filled(store: Emulator, bucket: str, folder: Path, objects: int, size: int) -> None:
    """A locker of one run with as many raw objects."""
    emulators.assert_loopback(store.endpoint)
    s3 = store.s3(client_config(WORKERS))
    s3.create_bucket(
        Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    locker = S3Locker(s3, bucket, mode="GOVERNANCE")
    until = datetime.now(UTC) + timedelta(days=30)

    def put(number: int) -> SealedObject:
        body = os.urandom(size)
        sha = canonical.sha256(body)
        key = layout.data_key(EvidenceKind.RAW, _RUN.id, f"{number % 100:012d}", sha)
        stored = locker.put(key, body, retain_until=until)
        return SealedObject(
            key=key, kind=EvidenceKind.RAW, sha256=sha, stored_sha256=sha, size=size, count=1,
            version_id=stored.version_id, retain_until=stored.retain_until,
        )  # fmt: skip

    with ThreadPoolExecutor(WORKERS) as pool:
        made = tuple(sorted(pool.map(put, range(objects))))
    for seq, body in enumerate(_chain(_signer(folder / f"{bucket}.pem"), made)):
        locker.put(layout.chain_key(seq), body, retain_until=until)


def _signer(path: Path) -> FileSigner:
    create_signing_key(path)
    return FileSigner(path)


def _chain(signer: FileSigner, made: tuple[SealedObject, ...]) -> Iterator[bytes]:
    pem = signer.public_key_pem()
    keyid = envelope.fingerprint(pem)
    genesis = Genesis(
        deployment_id="benchmark", organization_id=None, account="1" * 12, partition="aws", locker="s3://benchmark",
        public_key_pem=pem.decode(), key_fingerprint=keyid, key_origin="file", schedule=None, created_at=_AT,
    )  # fmt: skip
    first = manifest.seal(genesis, keyid=keyid, sign=signer.sign)
    yield first
    one = Manifest(
        locker_id=genesis.locker_id(), seq=1, previous=Head(seq=0, sha256=canonical.sha256(first)), run=_RUN,
        schedule=None, last_tick=None, missed_ticks=(), started_at=_AT, closed_at=_AT,
        code=Code(version="benchmark", sha256="0" * 64), governance=GovernanceInForce(sha256="0" * 64),
        previous_verified=True, organization_gaps=(), coverage=(), counts=(), objects=made, superseded=(),
        merkle_root=manifest.objects_root(made), calls=0, throttled=0,
    )  # fmt: skip
    yield manifest.seal(one, keyid=keyid, sign=signer.sign)


def _bare(store: Emulator, bucket: str) -> float:
    s3 = store.s3()
    listed = [(one.key, one.version_id or "") for one in S3Evidence(s3, bucket).versions("")]

    def read(one: tuple[str, str]) -> int:
        return len(s3.get_object(Bucket=bucket, Key=one[0], VersionId=one[1])["Body"].read())

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(read, listed[:WORKERS]))
        began = time.perf_counter()
        sum(pool.map(read, listed))
        return time.perf_counter() - began


def _pulled(store: Emulator, bucket: str, to: Path) -> tuple[float, int]:
    flow = PullEvidence(
        source=S3Evidence(store.s3(client_config(WORKERS)), bucket), copy=CopyDirectory(to), notes=PullDirectory(to),
        clock=SystemClock(), version="benchmark", workers=WORKERS,
    )  # fmt: skip
    began = time.perf_counter()
    record = flow(Scope())
    seconds = time.perf_counter() - began
    if not record.finished:
        raise AssertionError(record.stopped)
    shutil.rmtree(to)
    return seconds, record.bytes
