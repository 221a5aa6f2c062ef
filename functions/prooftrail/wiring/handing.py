"""Puts a handover together: the pack, the locker it is of, and who hands it over."""

from dataclasses import dataclass
from pathlib import Path

from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope
from prooftrail.flows.hand_over import HandOver
from prooftrail.flows.open_pack import OpenPack
from prooftrail.ports import Clock

from . import custody, sampling, stores
from .options import BUCKET


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The pack, what seals, and where. `pinned` is the fingerprint a home directory remembers, from outside the locker."""

    pack: OpenPack
    hand_over: HandOver
    locker: str
    pinned: str | None


def open_handover(
    address: str,
    *,
    locker: str | None,
    home: Path | None,
    profile: str | None,
    by: str | None,
    keep_days: int | None = None,
    clock: Clock | None = None,
) -> Counter:
    """Everything `prooftrail handover` needs. Raises ConfigError where nothing says which locker the pack is of."""
    pack = sampling.open_pack(address)
    where = locker or (pack.stated.locker if pack.stated.locker.startswith(BUCKET) else None)
    if where is None:
        raise ConfigError(
            f"--locker is missing: the pack is of a directory called {pack.stated.locker!r}, and only you know where it lies."
        )
    pinned, _ = stores.pinned(home) if home else (None, None)
    keeper = custody.open_custodian(where, profile=profile, by=by, keep_days=keep_days)
    flow = HandOver(locker=keeper.locker, record=keeper.record, who=keeper.who, clock=clock or SystemClock())
    return Counter(pack=pack, hand_over=flow, locker=where, pinned=envelope.fingerprint(pinned) if pinned else None)
