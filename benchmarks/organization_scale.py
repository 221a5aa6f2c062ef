"""An organization of 10,000 accounts through the real plan, map and close code: `organization_scale.py [ACCOUNTS] [DAYS] [WORDS]`.

Accounts and their outcomes are synthetic, of realistic count and size, and so are the objects they name (a few bytes
each: closing lists them and never reads them). StartRun, CloseRun, the lockers and verification are the real ones,
each in a process of its own. The last day is closed through the S3 locker, against a bucket on loopback that waits
30 ms before each answer. The watchdog looks at a chain of WORDS + 1 manifests like the last one, all but the last of
which have a word.
"""

import gc
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.evidence import envelope, layout
from prooftrail.evidence.manifest import Code, Manifest
from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.control_map import ControlMap
from prooftrail.flows.keep_ledger import Untold
from prooftrail.flows.open_chain import OpenChain
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.start_run import StartRun
from prooftrail.governance import Governance
from prooftrail.model import canonical
from prooftrail.model.account import OrganizationReadings
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.organization import Account, AccountState, OrganizationFacts, Tag
from prooftrail.model.reading import Cell, CellStatus, Collector, Reading, Source
from prooftrail.model.run import EvidenceKind, Outcome, OutcomeStatus, PlannedAccount, Run, Schedule, SealedObject
from prooftrail.ports import Locker, RawSink
from prooftrail.settings import Retention

WAIT_MS = 30
FIRST = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
DAILY = Schedule(every_hours=24, at="05:00")
SECRET = b"s" * 32
CODE = Code(version="measured", sha256="0" * 64)
HOME = "100000000000"
KINDS = (*layout.DATA_KINDS,)
REGIONS = 17


class DayClock:
    """Stands an hour after the tick of its day."""

    def __init__(self, day: int) -> None:
        self._at = FIRST + timedelta(days=day - 1, hours=1)

    def now(self) -> datetime:
        """That hour."""
        return self._at


class Organization:
    """As many accounts as wanted, and AWS's own policies."""

    def __init__(self, accounts: int) -> None:
        self._accounts = accounts

    def read(
        self,
        *,
        run: Run,  # noqa: ARG002 - as the port has it
        raw: RawSink,  # noqa: ARG002 - as the port has it
        redactor: Redactor,  # noqa: ARG002 - as the port has it
        known: tuple[AwsManagedPolicy, ...] = (),
    ) -> OrganizationReadings:
        """The organization, read whole."""
        tags = tuple(Tag(key=one, value=f"{one}-value") for one in ("CostCenter", "Owner", "Stage"))
        accounts = tuple(
            Account(
                id=f"{int(HOME) + number}",
                name=f"workload-{number:05d}",
                arn=f"arn:aws:organizations::{HOME}:account/o-example/{int(HOME) + number}",
                email=f"p:{number:032x}",
                state=AccountState.ACTIVE,
                joined_at=FIRST - timedelta(days=900),
                joined_method="CREATED",
                ou_path="Root/Workloads/Production",
                ou_ids=("r-root", "ou-root-workloads", "ou-root-production"),
                tags=tags,
            )
            for number in range(self._accounts)
        )
        # As many as AWS publishes, with texts of the usual length.
        policies = known or tuple(
            AwsManagedPolicy(arn=f"arn:aws:iam::aws:policy/Policy{one:04d}", version="v1", text="x" * 2_500)
            for one in range(1_400)
        )
        return OrganizationReadings(
            caller_account=HOME,
            caller_arn=f"arn:aws:sts::{HOME}:assumed-role/scanner/run",
            partition="aws",
            facts=OrganizationFacts(id="o-example", management_account=HOME, feature_set="ALL"),
            accounts=Reading(items=accounts),
            delegated_administrators=Reading(),
            policies=Reading(),
            aws_policies=Reading(items=policies),
        )


def run_of(day: int) -> Run:
    """The run of a day, counted from one."""
    return Run.scheduled(FIRST + timedelta(days=day - 1), None)


def sealing_of(locker: Locker, day: int) -> Sealing:
    """What seals into the locker on a day."""
    return Sealing(locker, clock=DayClock(day), retention=Retention(), secret=SECRET)


def start(root: Path, day: int, accounts: int) -> dict[str, Any]:
    """The real StartRun on a directory: it reads the manifest before, and points every account to what lies there."""
    locker, home, clock = DirectoryLocker(root / "locker"), Home(root / "home").create(), DayClock(day)
    locker.create()
    seal, signer = sealing_of(locker, day), home.signer()
    begin = StartRun(
        locker=locker,
        sealing=seal,
        signer=signer,
        pin=home,
        organization=Organization(accounts),
        fingerprints=home.fingerprint_key(),
        governance=Governance(),
        judge=ControlMap(),
        schedule=DAILY,
        role_name="prooftrail/ProoftrailReader",
        code=CODE,
        clock=clock,
        open_chain=OpenChain(locker=locker, sealing=seal, signer=signer, pin=home, schedule=DAILY, clock=clock),
    )
    started = begin(run_of(day))
    items = b"".join(
        canonical.encode({"run_id": run_of(day).id, "account": one.account}) + b"\n" for one in started.plan.accounts
    )
    return {
        "plan": len(locker.get(layout.plan_key(run_of(day).id))),
        "work_list": len(items),
        "pointers": sum(one.previous is not None for one in started.plan.accounts),
    }


def fill(root: Path, day: int, _: int) -> dict[str, Any]:
    """Every account's outcome and the objects it names, straight into the directory."""
    locker, place = DirectoryLocker(root / "locker"), root / "locker"
    seal, run = sealing_of(locker, day), run_of(day)
    plan = seal.plan(layout.plan_key(run.id), locker.get(layout.plan_key(run.id)))
    size = 0
    for planned in plan.accounts:
        objects = tuple(_objects(place, run, planned.account))
        body = seal.signed_outcome(_outcome(run, planned, objects))
        _write(place / layout.outcome_key(run.id, planned.account), body)
        size += len(body)
    return {"outcomes": size}


def _objects(place: Path, run: Run, account: str) -> Iterator[SealedObject]:
    for kind in KINDS:
        body = f"{kind} {run.id} {account}".encode()
        sha = canonical.sha256(body)
        key = layout.data_key(kind, run.id, account, sha)
        _write(place / key, body)
        yield SealedObject(
            key=key, kind=kind, sha256=sha, stored_sha256=sha, size=len(body), count=1000,
            version_id=sha[:32], retain_until=run.taken_at + timedelta(days=1100),
        )  # fmt: skip


def _outcome(run: Run, planned: PlannedAccount, objects: tuple[SealedObject, ...]) -> Outcome:
    places = [("global", one) for one in list(Collector)[:16]]
    places += [(f"eu-region-{one}", Collector.SECRETS) for one in range(REGIONS)]
    counts = {
        "identities": 1000,
        **{f"kind:{one}": 60 for one in range(16)},
        **{f"result:{one}": 90 for one in range(40)},
    }
    return Outcome(
        run_id=run.id,
        account=planned.account,
        status=OutcomeStatus.SEALED,
        started_at=run.taken_at,
        finished_at=run.taken_at + timedelta(minutes=1),
        objects=objects,
        cells=tuple(_cell(run, planned.account, region, collector) for region, collector in places),
        previous=planned.previous,
        counts=tuple(sorted(counts.items())),
        calls=140,
    )


def _cell(run: Run, account: str, region: str, collector: Collector) -> Cell:
    at = run.taken_at
    source = Source(
        api=f"iam:{collector}", region=region, calls=3, request_ids=("0" * 36,),
        observed_from=at, observed_to=at, aws_date_from=at, aws_date_to=at,
    )  # fmt: skip
    return Cell(account=account, region=region, collector=collector, status=CellStatus.OK, items=60, sources=(source,))


def _write(place: Path, body: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(body)


def close(root: Path, day: int, _: int) -> dict[str, Any]:
    """The real CloseRun on the directory."""
    return _close(root, day, DirectoryLocker(root / "locker"))


def close_s3(root: Path, day: int, _: int) -> dict[str, Any]:
    """The real CloseRun through the real S3 client, which talks to a directory that calls itself a bucket."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    from prooftrail.adapters.aws.s3_locker import S3Locker  # noqa: PLC0415

    command = [sys.executable, str(Path(__file__).with_name("object_server.py")), str(root / "locker"), str(WAIT_MS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{int(server.stdout.readline())}",
            region_name="eu-central-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # the server on loopback asks for none
            config=Config(max_pool_connections=16, s3={"addressing_style": "path"}),
        )
        try:
            return _close(root, day, S3Locker(client, "evidence", mode="COMPLIANCE"))
        finally:
            server.terminate()


def _close(root: Path, day: int, locker: Locker) -> dict[str, Any]:
    home, run = Home(root / "home"), run_of(day)
    seal, clock = sealing_of(locker, day), DayClock(day)
    plan = seal.plan(layout.plan_key(run.id), locker.get(layout.plan_key(run.id)))
    from prooftrail.flows import sealing  # noqa: PLC0415

    context = sealing.read_context(locker, plan.header.context, plan.header.head_seq)
    closer = CloseRun(
        locker=locker, sealing=seal, signer=home.signer(), pin=home, keep=None, judge=ControlMap(), code=CODE, clock=clock
    )  # fmt: skip
    closed = closer(plan, context)
    gone = {one.sha256 for one in closed.manifest.objects}
    assert len(gone) >= len(plan.accounts) * (len(KINDS) + 1)
    answer = {
        "run_id": run.id, "seq": closed.head.seq, "sha256": closed.head.sha256, "gaps": closed.manifest.gaps(), "unreachable": 0,
        "untold": {"bucket": "b" * 63, "key": f"untold/{run.id}.jsonl", "count": len(plan.accounts)},
    }  # fmt: skip
    return {
        "manifest": len((root / "locker" / layout.chain_key(closed.head.seq)).read_bytes()),
        "objects": len(closed.manifest.objects),
        "superseded": len(closed.manifest.superseded),
        "payload": max(len(json.dumps(answer)), len(_batch(closed.manifest))),
    }


def _batch(one: Manifest) -> bytes:
    """The largest payload between steps: twenty outcomes for one telling."""
    told = [
        Untold(account=str(layout.Place(each.key).account), key=each.key, sha256=each.stored_sha256)
        for each in one.objects
        if each.kind is EvidenceKind.OUTCOME
    ]
    return canonical.encode({"Items": told[:20]})


def verify(root: Path, day: int, _: int) -> dict[str, Any]:
    """The whole locker held against its chain."""
    from prooftrail.flows.verify_locker import Trust, VerifyLocker  # noqa: PLC0415

    pem = Home(root / "home").public_key_pem()
    locker = DirectoryLocker(root / "locker")
    verified = VerifyLocker(locker=locker, clock=DayClock(day))(trust=Trust(public_key=pem))
    return {"verdict": verified.verdict, "objects": verified.objects, "problems": len(verified.problems)}


def lengthen(root: Path, words: int, _: int) -> dict[str, Any]:
    """A chain of as many manifests as the watchdog has words and one more, each the last real one told anew."""
    from prooftrail.evidence import manifest  # noqa: PLC0415
    from prooftrail.evidence.manifest import Head  # noqa: PLC0415

    signer, source, place = Home(root / "home").signer(), DirectoryLocker(root / "locker"), root / "watched"
    end = max(one.key for one in source.versions("chain/"))
    like = manifest.read(end, source.get(end))
    assert isinstance(like, Manifest)
    locker = DirectoryLocker(place)
    locker.create()
    body = source.get(layout.chain_key(0))
    locker.put(layout.chain_key(0), body, retain_until=None)
    for day in range(1, words + 2):
        run, clock = run_of(day), DayClock(day)
        told = msgspec.structs.replace(
            like, seq=day, previous=Head(seq=day - 1, sha256=canonical.sha256(body)), run=run, last_tick=run.tick,
            started_at=run.taken_at, closed_at=clock.now(),
        )  # fmt: skip
        body = manifest.seal(told, keyid=envelope.fingerprint(signer.public_key_pem()), sign=signer.sign)
        locker.put(layout.chain_key(day), body, retain_until=None)
        if day <= words:
            _watchdog(root, day)()
    return {"manifest": len(body), "words": words}


def watch(root: Path, day: int, _: int) -> dict[str, Any]:
    """The watchdog's look of that day."""
    seen = _watchdog(root, day)()
    return {"words": seen.words, "broken": len(seen.broken)}


def weekly(root: Path, day: int, _: int) -> dict[str, Any]:
    """The watchdog's mail of that day."""
    from prooftrail.flows.watch import WeeklyWord  # noqa: PLC0415

    home = Home(root / "home")
    word = WeeklyWord(
        locker=DirectoryLocker(root / "watched"), public_key=home.signer().public_key_pem(), witness_key=_dog(root).public_key_pem(),
        clock=DayClock(day),
    )  # fmt: skip
    return {"subject": word().subject.split(",")[0]}


def _watchdog(root: Path, day: int) -> Any:
    from prooftrail.flows.watch import Watch  # noqa: PLC0415

    return Watch(
        locker=DirectoryLocker(root / "watched"), signer=_dog(root), public_key=Home(root / "home").signer().public_key_pem(),
        clock=DayClock(day),
    )  # fmt: skip


def _dog(root: Path) -> Any:
    return Home(root / "dog").create().signer()


def ledger(root: Path, _: int, __: int) -> dict[str, Any]:
    """What one account of 1,000 identities makes the ledger write: first, unchanged, and with 1 % of them changed."""
    from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger  # noqa: PLC0415
    from prooftrail.demo.reference.organization import inside  # noqa: PLC0415
    from prooftrail.demo.reference.population import population  # noqa: PLC0415
    from prooftrail.flows.ledger_rows import ledger_change  # noqa: PLC0415

    made, context = population(1000)
    kept = SqliteLedger(root / "ledger.db")
    shown = made.snapshot(run=run_of(1), organization=inside(context.accounts), governance=context.governance)
    changed = random.Random(4).sample(range(len(shown.identities)), len(shown.identities) // 100)  # repeatable
    identities = tuple(
        msgspec.structs.replace(one, name=one.name + "-renamed") if number in changed else one
        for number, one in enumerate(shown.identities)
    )
    days = (
        ("first", shown),
        ("unchanged", shown),
        ("one_percent", msgspec.structs.replace(shown, identities=identities)),
    )
    before, found = None, {"identities": len(shown.identities)}
    for number, (name, snapshot) in enumerate(days, 1):
        header = msgspec.structs.replace(snapshot.header, run_id=run_of(number).id)
        after = msgspec.structs.replace(snapshot, header=header)
        account = header.account
        outcome = Outcome(
            run_id=header.run_id, account=account, status=OutcomeStatus.SEALED, started_at=FIRST, finished_at=FIRST, cells=after.cells
        )  # fmt: skip
        rows = {one.id: one for one in kept.by_account(account)}
        change = ledger_change(outcome, "0" * 64, before, after, rows, cells=kept.cells(account))
        kept.apply(change)
        before = after
        found |= {
            f"{name}_rows": len(change.rows),
            f"{name}_history": len(change.history),
            f"{name}_cells": len(change.cells),
        }
    return found


STEPS: dict[str, Callable[[Path, int, int], dict[str, Any]]] = {
    "start": start, "fill": fill, "close": close, "close_s3": close_s3, "verify": verify, "ledger": ledger,
    "lengthen": lengthen, "watch": watch, "weekly": weekly,
}  # fmt: skip


def measured(step: str, root: Path, day: int, accounts: int) -> dict[str, Any]:
    """One step in a process of its own: CPU seconds, wall seconds, peak MB, and what it found."""
    command = [sys.executable, __file__, step, str(root), str(day), str(accounts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(step: str, root: Path, day: int, accounts: int) -> None:
    """What the process does: import everything first, so that the figures are the step's."""
    gc.collect()
    began, cpu = time.perf_counter(), time.process_time()
    found = STEPS[step](root, day, accounts)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "peak_mb": round(peak), **found}))


def main(accounts: int, days: int, words: int) -> None:
    """All days, then verification and the watchdog; the table as docs/benchmarks.md has it."""
    print(f"| {accounts:,} accounts | CPU s | wall s | peak MB | what it found |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="organization-") as made:
        root = Path(made)
        for day in range(1, days + 1):
            for step in ("start", "fill", "close_s3" if day == days else "close"):
                _row(f"{step}, day {day}", measured(step, root, day, accounts))
        _row(f"verify, {days} runs", measured("verify", root, days, accounts))
        _row("ledger, one account", measured("ledger", root, 1, accounts))
        measured("lengthen", root, words, accounts)
        for step in ("watch", "weekly"):
            _row(f"{step}, {words} words", measured(step, root, words + 1, accounts))


def _row(name: str, found: dict[str, Any]) -> None:
    rest = ", ".join(
        f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}"
        for key, value in found.items()
        if key not in ("cpu_s", "wall_s", "peak_mb")
    )
    print(f"| {name} | {found['cpu_s']} | {found['wall_s']} | {found['peak_mb']} | {rest} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 4:
        child(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        asked = [int(one) for one in sys.argv[1:]]
        main(*(asked + [10_000, 3, 9][len(asked) :]))
