"""Puts a scan together from what its options name, and the checks that come before one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail import governance as policy
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.source_code import this_code
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.controls import governed, parsing
from prooftrail.errors import ConfigError, ProoftrailError
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.doctor import Doctor
from prooftrail.flows.keep_ledger import KeepLedger
from prooftrail.flows.open_chain import OpenChain
from prooftrail.flows.rederive import Rederive
from prooftrail.flows.scan_account import ScanAccount
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.start_run import StartRun
from prooftrail.flows.sweep import Sweep
from prooftrail.flows.tell_ledger import TellLedger
from prooftrail.governance import Governance
from prooftrail.model import canonical
from prooftrail.model.run import Run, Schedule
from prooftrail.ports import Clock, Locker
from prooftrail.settings import Retention

from . import reminding, stores
from .options import BUCKET, Options

if TYPE_CHECKING:
    from prooftrail.adapters.aws.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A ready embedded wiring: the sweep, and what names its next run."""

    sweep: Sweep
    clock: Clock
    schedule: Schedule | None

    def next_run(self) -> Run:
        """The run of the latest tick where there is a schedule, else one a person asked for, now."""
        now = self.clock.now()
        return Run.scheduled(self.schedule.latest(now), None) if self.schedule else Run.manual(now, None)


def embedded(options: Options, *, clock: Clock | None = None) -> Deployment:
    """Wire a scan that runs in this process. Makes the home if need be; asks AWS only who we are.

    Raises ConfigError for an option that cannot be meant, AccessError where AWS does not say who we are.
    """
    from prooftrail.adapters.aws.account_source import AwsAccountSource  # noqa: PLC0415
    from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
    from prooftrail.adapters.aws.organizations import AwsOrganizationSource  # noqa: PLC0415
    from prooftrail.flows.control_map import ControlMap  # noqa: PLC0415

    regions, clock = options.region_list(), clock or SystemClock()
    sessions, governors = _sessions(options), Governors()
    partition = sessions.caller().partition
    stores.apart(options)
    home = Home(options.home_path()).create()
    locker, ledger, signer = stores.locker_of(options), stores.ledger_of(options, home), stores.signer_of(options, home)
    fingerprints = stores.fingerprints_of(options, home)
    sealing = Sealing(locker, clock=clock, retention=Retention(), secret=fingerprints.secret())
    code, judge, tell = this_code(), ControlMap(), TellLedger(locker=locker, ledger=ledger)
    scan = ScanAccount(
        locker=locker,
        sealing=sealing,
        source=AwsAccountSource(sessions, clock=clock, governors=governors, partition=partition),
        judge=judge,
        tell=tell,
        fingerprints=fingerprints,
        regions=regions,
        code=code,
        clock=clock,
    )
    open_chain = OpenChain(
        locker=locker, sealing=sealing, signer=signer, pin=home, schedule=options.schedule, clock=clock
    )
    start = StartRun(
        locker=locker,
        sealing=sealing,
        signer=signer,
        pin=home,
        organization=AwsOrganizationSource(
            sessions, clock=clock, governors=governors, organization=options.organization
        ),
        fingerprints=fingerprints,
        governance=governance(options.governance),
        judge=judge,
        schedule=options.schedule,
        role_name=options.role_name if options.organization else None,
        code=code,
        clock=clock,
        open_chain=open_chain,
    )
    close = CloseRun(
        locker=locker,
        sealing=sealing,
        signer=signer,
        pin=home,
        keep=KeepLedger(locker=locker, ledger=ledger, tell=tell),
        judge=judge,
        code=code,
        clock=clock,
    )
    # What lies in a bucket is a deployment's, which tells owners itself: files here would pass for notices they got.
    remind = None if options.locker.startswith(BUCKET) else reminding.console(home, locker, sealing, clock=clock)
    sweep = Sweep(start=start, scan=scan, close=close, workers=options.workers, remind=remind)
    return Deployment(sweep=sweep, clock=clock, schedule=options.schedule)


def doctor(options: Options) -> Doctor:
    """Wire the check of what a scan with these options would see. Makes nothing."""
    from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
    from prooftrail.adapters.aws.probe import AwsProbe  # noqa: PLC0415

    clock = SystemClock()
    probe = AwsProbe(
        _sessions(options), clock=clock, governors=Governors(), source_identity=canonical.run_id(clock.now())
    )
    return Doctor(
        probe,
        organization=options.organization,
        role_name=options.role_name,
        external_id=options.external_id,
        regions=options.region_list(),
        workers=options.workers,
    )


def check_stores(options: Options) -> tuple[str, ...]:
    """What is wrong with locker, signer, governance as the options name them, a sentence each; makes nothing."""
    wrong = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: governance(options.governance),
        lambda: stores.locker_of(options) if options.locker.startswith(BUCKET) else None,
        lambda: stores.kms_signer(options),
    )
    for check in checks:
        try:
            check()
        except ProoftrailError as error:
            wrong.append(str(error))
    return tuple(wrong)


def governance(folder: Path | None) -> Governance:
    """The policy in `folder`, held against the control map of this code; without one, the built-in defaults.

    Raises ConfigError naming file and key.
    """
    if folder is None:
        return policy.parse({})
    if not folder.is_dir():
        raise ConfigError(f"there is no governance directory at {folder}: check --governance.")
    try:
        files = {one: (folder / one).read_bytes() for one in policy.FILES if (folder / one).exists()}
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}. Check its permissions.") from error
    return policy.parse(files, governed.known_controls(parsing.parse(parsing.shipped())))


def _sessions(options: Options) -> "Sessions":
    from prooftrail.adapters.aws.sessions import Sessions  # noqa: PLC0415

    return Sessions(
        role_name=options.role_name,
        external_id=options.external_id,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        credentials=options.credentials,
    )


def clock() -> Clock:
    """The clock every real run looks at."""
    return SystemClock()


def rederive(locker: Locker) -> Rederive:
    """What judges sealed evidence again by the code at hand."""
    from prooftrail.flows.control_map import ControlMap  # noqa: PLC0415

    return Rederive(locker=locker, judge=ControlMap(), code=this_code())
