"""Puts together what tells owners, on this machine: letters go into the home's outbox and leave nothing behind elsewhere."""

from datetime import timedelta
from pathlib import Path

from prooftrail.adapters.embedded.home import FINGERPRINT_KEY, Home
from prooftrail.adapters.embedded.letters import DirectoryLetters
from prooftrail.adapters.embedded.outbox import Outbox
from prooftrail.adapters.embedded.sqlite_claims import SqliteClaims
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ConfigError
from prooftrail.flows.plan_notices import PlanNotices
from prooftrail.flows.remind_owners import RemindOwners
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.send_notices import SendNotices
from prooftrail.flows.unchained import Ours
from prooftrail.ports import Clock, Locker
from prooftrail.settings import Retention

from . import stores
from .options import Options


def console(home: Home, locker: Locker, sealing: Sealing, *, clock: Clock) -> RemindOwners:
    """Owners are told by files in `outbox/` of the home; claims and letters lie beside them."""
    letters = DirectoryLetters(home.path / "letters")
    plan = PlanNotices(locker=locker, sealing=sealing, pin=home, letters=letters, clock=clock, confirms=False)
    send = SendNotices(
        locker=locker,
        sealing=sealing,
        notifier=Outbox(home.path / "outbox"),
        claims=SqliteClaims(home.path / "claims.sqlite"),
        letters=letters,
        clock=clock,
        pause=_at_once,
        receipts_last=timedelta.max,  # a file stays
    )
    return RemindOwners(plan, send, plan.unended)


def remind(options: Options) -> RemindOwners:
    """What tells the owners of a locker that a scan of this machine sealed, with the home that goes with it.

    Raises ConfigError where there is no such home: its keys say whose plans are ours, and none is made here.
    """
    path = options.home_path()
    if not path.is_dir():
        raise ConfigError(f"there is no home directory at {path}: name the one the scan was made with by --home.")
    home, clock = Home(path), SystemClock()
    locker = stores.open_locker(options.locker, profile=options.profile)
    secret = stores.fingerprints_of(options, home).secret()
    sealing = Sealing(locker, clock=clock, retention=Retention(), secret=secret)
    return console(home, locker, sealing, clock=clock)


def ours(locker: Locker, home: Path) -> Ours | None:
    """What tells notices of the deployment whose home this is; None where the home holds no fingerprint key."""
    if not (home / FINGERPRINT_KEY).is_file():
        return None
    secret = Home(home).fingerprint_key().secret()
    return Sealing(locker, clock=SystemClock(), retention=Retention(), secret=secret).require_ours


def _at_once(_: float) -> None:
    """Files need no pace."""
