"""The doors over stores in memory: what a deployed wiring gives, made of the flows' own fakes."""

import contextlib
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import msgspec

from prooftrail import handlers
from prooftrail.adapters.aws.work_bucket import Written
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.keep_ledger import KeepLedger
from prooftrail.flows.open_chain import Founder, OpenChain
from prooftrail.flows.plan_notices import PlanNotices
from prooftrail.flows.read_plan import ReadPlan
from prooftrail.flows.record_failure import RecordFailure
from prooftrail.flows.scan_account import ScanAccount
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.send_notices import SendNotices
from prooftrail.flows.start_run import StartRun
from prooftrail.flows.tell_ledger import TellLedger
from prooftrail.flows.tick import Tick
from prooftrail.flows.watch import Watch
from prooftrail.model.run import Run
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryClaims, MemoryLetters, MemoryNotifier, MemorySigner
from tests.flows.world import DAILY, HOME, World


class MemoryWork:
    """Lists between steps, kept."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Any]] = {}

    def write(self, run_id: str, name: str, items: Iterable[object]) -> Written:
        """Keep the items as the next step reads them."""
        key = f"work/{run_id}/{name}.jsonl"
        self.lists[key] = [msgspec.json.decode(msgspec.json.encode(one)) for one in items]
        return Written(bucket="work", key=key, count=len(self.lists[key]))


class MemoryExecutions:
    """Executions by name."""

    def __init__(self) -> None:
        self.started: dict[str, Run] = {}

    def start(self, run: Run) -> bool:
        """False where one of that name is there."""
        if run.id in self.started:
            return False
        self.started[run.id] = run
        return True


class Steps:
    """A run step by step, as the state machine takes it; `order` is what was called, and flows are made anew each time."""

    def __init__(self, world: World) -> None:
        self.world, self.work, self.executions = world, MemoryWork(), MemoryExecutions()
        self.organization: str | None = "o-example"
        self.order: list[str] = []
        self.witness = MemorySigner()
        self.notifier, self.claims, self.letters = MemoryNotifier(), MemoryClaims(), MemoryLetters()

    def wiring(self) -> Any:
        """What `DeployedWiring` gives."""
        world = self.world
        sealing = Sealing(world.locker, clock=world.clock, retention=Retention(), secret=world.fingerprints.secret())
        shared: dict[str, Any] = {"locker": world.locker, "sealing": sealing, "clock": world.clock}
        signed = shared | {"signer": world.signer, "pin": world.pin}
        keep = KeepLedger(
            locker=world.locker, ledger=world.ledger, tell=TellLedger(locker=world.locker, ledger=world.ledger)
        )
        judged: dict[str, Any] = {"judge": world.judge, "code": world.code}
        return SimpleNamespace(
            schedule=DAILY, clock=world.clock, locker=world.locker, pin=world.pin, work=self.work, keep_ledger=keep,
            forget_keys=lambda: None, turn_key=lambda _reason: None,
            tick=Tick(schedule=DAILY, executions=self.executions, clock=world.clock),
            founder=lambda: Founder(account=HOME, partition="aws", organization_id="o-example"),
            open_chain=OpenChain(
                **signed, schedule=DAILY, evidence_account="999999999999", witness=self.witness, organization_id=self.organization
            ),
            start_run=StartRun(
                **signed, **judged, organization=world, fingerprints=world.fingerprints, governance=world.governance,
                schedule=DAILY, role_name="prooftrail/ProoftrailReader", open_chain=None, takes_up=False,
                organization_id=self.organization,
            ),
            scan_account=ScanAccount(
                **shared, **judged, source=world, tell=None, fingerprints=world.fingerprints, regions=None
            ),
            record_failure=RecordFailure(**shared, fingerprints=world.fingerprints),
            close_run=CloseRun(**signed, **judged, keep=None),
            plan_notices=PlanNotices(**shared, pin=world.pin, letters=self.letters, confirms=True),
            sending=contextlib.nullcontext,
            send_notices=SendNotices(
                **shared, notifier=self.notifier, claims=self.claims, letters=self.letters, pause=lambda _: None
            ),
            read_plan=ReadPlan(locker=world.locker, sealing=sealing),
            watch=Watch(
                locker=world.locker, signer=self.witness, public_key=world.signer.public_key_pem(), clock=world.clock
            ),
        )  # fmt: skip

    def call(self, door: str, event: object) -> dict[str, Any]:
        """Go through a door."""
        self.order.append(door)
        answer: dict[str, Any] = getattr(handlers, door)(event, None)
        return answer

    def run(self, run: Run) -> dict[str, Any]:
        """All steps in the state machine's order."""
        event = {"run_id": run.id, "trigger": str(run.trigger)}
        self.call("open_chain", event)
        started = self.call("start_run", event)
        for item in [] if started["already"] else self.work.lists[started["items"]["key"]]:
            self.call("scan_account", item)
        closed = self.call("close_run", {"run_id": run.id})
        if closed["untold"]["count"]:
            self.call("tell_accounts", {"Items": self.work.lists[closed["untold"]["key"]]})
        self.call("record_run", {"run_id": run.id})
        self.notify(run)
        return closed

    def notify(self, run: Run) -> dict[str, Any]:
        """The steps that tell owners."""
        planned = self.call("plan_notices", {"run_id": run.id})
        for shard in planned["shards"]:
            self.call("send_notices", shard)
        return planned
