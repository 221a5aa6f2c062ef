"""An AWS Organization that is not there: moto on loopback, made AWS-like, whose day is a parameter."""

from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Self

from moto.core.base_backend import BackendDict
from moto.organizations.models import organizations_backends

from prooftrail.demo.clock import SimulatedClock
from prooftrail.demo.estate import days, landing_zone
from prooftrail.demo.estate.estate import Estate
from prooftrail.demo.estate.site import StoryLine
from prooftrail.demo.faithful import install
from prooftrail.demo.faults import Faults
from prooftrail.demo.governance import governance_files
from prooftrail.demo.mends.world import World
from prooftrail.demo.server import LoopbackServer
from prooftrail.risk.method import model

# Moto keeps its accounts in the process: a second organization would write into the first.
_ONLY_ONE = Lock()


class SimulatedOrganization:
    """Lives as long as its `with`: on entering it is seeded and served, on leaving nothing of it remains.

    The same `accounts`, `seed`, `first_day` and `partition` give the same names, ids and dates. `first_day` is the
    tick of day 1 and must be aware.
    """

    endpoint_url: str
    management_account_id: str
    role_name: str = landing_zone.READER
    role_path: str = landing_zone.READER_PATH
    external_id: str
    home_region: str
    faults: Faults
    world: World

    def __init__(
        self,
        *,
        accounts: int = 12,
        seed: int = 7,
        first_day: datetime,
        partition: str = "aws",
        report_delay: timedelta = timedelta(seconds=0.3),
    ) -> None:
        self._accounts, self._seed, self._partition = accounts, seed, partition
        self._clock = SimulatedClock(first_day)
        self._first_day, self._report_delay = self._clock.tick, report_delay
        self._day = 0
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        if not _ONLY_ONE.acquire(blocking=False):
            raise RuntimeError("a simulated organization is already open in this process: leave it first")
        with ExitStack() as failing:
            failing.callback(_ONLY_ONE.release)
            failing.callback(_forget)
            _forget()
            installed = failing.enter_context(install(self._clock, report_delay=self._report_delay, strangers=False))
            self.world, self.faults = installed.world, installed.faults
            self._seed_estate()
            server = LoopbackServer(self._clock)
            server.start()
            failing.callback(server.stop)
            self.endpoint_url = server.url
            self.set_day(1)
            self._undo = failing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _seed_estate(self) -> None:
        self._estate = Estate(
            self.world,
            accounts=self._accounts,
            seed=self._seed,
            first_day=self._first_day,
            partition=self._partition,
        )
        days.before_the_first(self._estate)
        self.management_account_id = self._estate.management.id
        self.home_region = self._estate.management.home
        self.external_id = self._estate.external_id

    def credentials(self) -> dict[str, str]:
        """The key pair of the scanner's user in the management account, as boto3 wants it."""
        key = self._estate.scanner_key
        return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}

    def account_id(self, name: str) -> str:
        """The number of the account with that plan name, e.g. `payments-prod`."""
        return self._estate.sites[name].id

    def account_ids(self) -> dict[str, str]:
        """Every seeded account, by plan name, whether or not it is still in the organization."""
        return {name: site.id for name, site in self._estate.sites.items()}

    def governance_files(self) -> dict[str, bytes]:
        """The organization's own policy: its eight governance files, name to text."""
        return governance_files(
            self._estate.account_numbers(),
            vendor=self._estate.vendor,
            partition=self._partition,
            first_day=self._first_day,
            risk_model=model().version,
        )

    def set_day(self, day: int) -> datetime:
        """Move to that day's tick and let the days up to it happen, each once; returns the tick.

        The clock is put to the tick even if the day has already come; it never goes back to an earlier day.
        """
        if day < max(self._day, 1):
            raise ValueError(f"day {day} is over: the simulated organization is at day {max(self._day, 1)}")
        with self.world.lock:
            for following in range(max(self._day, 1) + 1, day + 1):
                self._clock.move_to(self._estate.tick(following))
                days.live_through(self._estate, following)
            self._day = day
            self._clock.move_to(self._estate.tick(day))
        return self._clock.tick

    def now(self) -> datetime:
        """The simulated time: the day's tick and the real seconds since `set_day`."""
        return self._clock.now()

    def calls(self) -> Counter[tuple[str, str]]:
        """How often each (account, action) was asked so far, e.g. `("111122223333", "iam:ListAccessKeys")`."""
        with self.world.lock:
            return Counter(self.world.calls)

    def story(self) -> list[StoryLine]:
        """What was put there on purpose, and what has happened up to the present day."""
        return list(self._estate.lines)


def _forget() -> None:
    """Empty every backend of moto, and the table of members it forgets to empty."""
    BackendDict.reset()
    organizations_backends.master_accounts.clear()
