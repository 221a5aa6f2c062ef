"""Makes a locker of many runs out of one scanned run: `big_locker.py FROM TO RUNS`. For measuring verification alone."""

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.evidence import envelope, layout, lines, manifest
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.flows import head as chain_head
from prooftrail.flows import sealing
from prooftrail.flows.sealing import Sealing
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Run
from prooftrail.settings import Retention


def main(source: Path, target: Path, runs: int) -> None:
    """Copy the snapshot and raw objects of the last run of `source` into `runs` runs of a new chain."""
    given, made = DirectoryLocker(source), DirectoryLocker(target)
    made.create()
    signer = Home(Path(f"{target}-home")).create().signer()
    chain = chain_head.read_chain(given, public_key=None)
    last, genesis = chain.manifests[-1], chain.genesis
    assert genesis is not None
    pem = signer.public_key_pem()
    genesis = msgspec.structs.replace(genesis, public_key_pem=pem.decode(), key_fingerprint=envelope.fingerprint(pem))
    seal = Sealing(made, clock=SystemClock(), retention=Retention(), secret=b"")
    first = manifest.seal(genesis, keyid=envelope.fingerprint(pem), sign=signer.sign)
    made.put(layout.chain_key(0), first, retain_until=None)
    before = Head(seq=0, sha256=canonical.sha256(first))
    raw = sealing.read_raw(
        "", given.get(next(one.key for one in last.objects if "/1" in one.key and one.kind is EvidenceKind.RAW))
    )
    snapshot = sealing.read_snapshot(
        "", given.get(next(one.key for one in last.objects if one.kind is EvidenceKind.SNAPSHOT))
    )
    account = snapshot.header.account
    for number in range(1, runs + 1):
        run = Run.manual(last.run.taken_at + timedelta(hours=number), None)
        header = msgspec.structs.replace(snapshot.header, run_id=run.id)
        here = msgspec.structs.replace(snapshot, header=header)
        objects = tuple(sorted([
            seal.data(EvidenceKind.SNAPSHOT, run.id, account, lines.pack(here.lines())),
            seal.data(EvidenceKind.RAW, run.id, account, lines.pack(raw)),
        ]))  # fmt: skip
        one: Manifest = msgspec.structs.replace(
            last, locker_id=genesis.locker_id(), seq=number, previous=before, run=run, objects=objects, superseded=(),
            merkle_root=manifest.objects_root(objects), last_tick=None, missed_ticks=(),
        )  # fmt: skip
        body = manifest.seal(one, keyid=envelope.fingerprint(pem), sign=signer.sign)
        made.put(layout.chain_key(number), body, retain_until=None)
        before = Head(seq=number, sha256=canonical.sha256(body))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
