"""A small world in which owners are told: two owners with old keys, everything opened unless told, every store at hand."""

from datetime import date
from typing import Any

import msgspec

from prooftrail.flows import notice_commits
from prooftrail.flows.notice_commits import records_of
from prooftrail.flows.plan_notices import PlanNotices
from prooftrail.flows.remind_owners import Reminded, RemindOwners
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.send_notices import SendNotices
from prooftrail.governance import Governance
from prooftrail.governance.notices import Notices, Opening
from prooftrail.governance.policy import Owner, Owners
from prooftrail.model.notice import Notice, NoticesPlan, Told
from prooftrail.model.run import Run
from prooftrail.ports.notices import Letter
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryClaims, MemoryLetters, MemoryLocker, MemoryNotifier
from tests.flows.world import HOME, MEMBER, World

ADA, BO, SEC = "ada@example.com", "bo@example.com", "sec@example.com"
TIERS = ("critical", "high", "medium", "low")


def opened(*tiers: str, **known: Any) -> Notices:
    """A policy that opened these tiers, whose weekly summary never comes unless told."""
    entries = tuple(Opening(tier=one, approved_by="ciso", approved_on=date(2026, 1, 1)) for one in tiers)
    return Notices(opened=entries, **{"weekly_on": "never", "security_team": "sec", **known})


class Telling(World):
    """Ada owns what is in one account, Bo what is in the other; each has a key that is past its limit."""

    def __init__(self, notices: Notices | None = None, *, confirms: bool = False) -> None:
        super().__init__()
        self.judge.limit = 30
        self.users = {HOME: ["ada"], MEMBER: ["bob"]}
        self.confirms = confirms
        self.notifier, self.claims, self.letters = MemoryNotifier(confirms=confirms), MemoryClaims(), MemoryLetters()
        self.policy(notices or opened(*TIERS))

    @property
    def memory(self) -> MemoryLocker:
        """The locker, with what others could do to it."""
        assert isinstance(self.locker, MemoryLocker)
        return self.locker

    def policy(self, notices: Notices) -> None:
        """Put another policy in force."""
        owners = (
            Owner(id="ada", name="Ada", email=ADA, accounts=(HOME,)),
            Owner(id="bo", name="Bo", email=BO, accounts=(MEMBER,)),
            Owner(id="sec", name="Security", email=SEC, kind="team"),
        )
        self.governance = Governance(owners=Owners(owner=owners), notices=notices)

    def sealing(self, locker: Any = None) -> Sealing:
        return Sealing(
            locker or self.locker, clock=self.clock, retention=Retention(), secret=self.fingerprints.secret()
        )

    def planner(self, **stores: Any) -> PlanNotices:
        """A fresh process that plans."""
        locker = stores.get("locker", self.locker)
        return PlanNotices(
            locker=locker,
            sealing=self.sealing(locker),
            pin=self.pin,
            letters=stores.get("letters", self.letters),
            clock=self.clock,
            confirms=self.confirms,
        )

    def sender(self, **stores: Any) -> SendNotices:
        """A fresh process that sends."""
        locker = stores.get("locker", self.locker)
        return SendNotices(
            locker=locker,
            sealing=self.sealing(locker),
            notifier=stores.get("notifier", self.notifier),
            claims=stores.get("claims", self.claims),
            letters=stores.get("letters", self.letters),
            clock=self.clock,
            pause=lambda _: None,
        )

    def scanned(self, number: int) -> str:
        """Scan on a day, and give the run's id."""
        run = self.day(number)
        self.sweep()(run)
        return run.id

    def planned(self, number: int) -> NoticesPlan:
        """Scan and plan, and send nothing."""
        return self.planner()(self.scanned(number))

    def told(self, number: int) -> NoticesPlan:
        """Scan, plan and send."""
        reminded = self.remind(self.scanned(number))
        assert reminded.error is None
        assert reminded.plan is not None
        return reminded.plan

    def remind(self, run_id: str, **stores: Any) -> Reminded:
        """Plan and send in a fresh process."""
        planner = self.planner(**stores)
        return RemindOwners(planner, self.sender(**stores), planner.unended)(run_id)

    def scanned_again(self) -> str:
        """Scan once more now, by hand, and give the run's id."""
        run = Run.manual(self.clock.at, None)
        self.sweep()(run)
        return run.id

    def driven(self, run_id: str) -> NoticesPlan:
        """Plan and send as a state machine does: the plan first, then what it says is open, then its own shards."""
        plan = self.planner()(run_id)
        for run, shard in (*plan.unended, *((run_id, shard) for shard in range(len(plan.shards)))):
            self.sender()(run, shard)
        return plan

    def still_open(self) -> list[str]:
        """The runs with a shard of which nothing says what became of it."""
        runs = {one.split("/")[1] for one in self.names("notices/") if one.endswith("plan.json")}
        plans = [notice_commits.read_plan(self.locker, one, sealing=self.sealing()) for one in sorted(runs)]
        ends = {
            (one.run_id, shard): notice_commits.read_end(self.locker, one.run_id, shard, sealing=self.sealing())
            for one in plans
            for shard in range(len(one.shards))
        }
        return [run for (run, _), end in ends.items() if end is None]

    def notices(self, plan: NoticesPlan) -> list[Notice]:
        """What a plan holds, by recipient's address."""
        found = [one for part in plan.shards for one in records_of(notice_commits.read_part(self.locker, part), Notice)]
        return sorted(found, key=lambda one: one.address or "")

    def held(self, plan: NoticesPlan) -> dict[str, str | None]:
        """Why each notice is held, by the name of who it is for."""
        names = {self.sealing().pseudonym(text): text for text in ("ada", "bo", "sec", ADA, BO, SEC)}
        return {names[one.recipient]: one.held and one.held.name for one in self.notices(plan)}

    def remembered(self, plan: NoticesPlan) -> list[Told]:
        """What a plan remembers."""
        return [one for part in plan.told for one in records_of(notice_commits.read_part(self.locker, part), Told)]

    def arrived(self) -> list[str]:
        """The addresses that got a letter, in order."""
        return [one.address for one in self.notifier.arrived]

    def waiting(self) -> list[Letter]:
        """Every letter that was kept for sending."""
        return [one for shard in self.letters._letters.values() for one in shard if one.text]

    def damage(self, key: str, body: bytes = b"x") -> None:
        """Put other bytes in the place of what is stored, as somebody with the disk could."""
        self.memory._versions = [
            (one, body if one.key == key else stored, until) for one, stored, until in self.memory._versions
        ]

    def lose(self, prefix: str) -> None:
        """Remove everything below a prefix."""
        self.memory._versions = [one for one in self.memory._versions if not one[0].key.startswith(prefix)]


def without_mac(plan: NoticesPlan) -> bytes:
    """A plan as somebody without our key would write it."""
    return msgspec.json.encode(msgspec.structs.replace(plan, mac="0" * 64), order="deterministic")
