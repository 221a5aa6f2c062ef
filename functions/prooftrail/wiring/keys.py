"""Puts together the exchange of a signing key: whose chain, under which key until now, under which from now on."""

from dataclasses import dataclass
from pathlib import Path

from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ConfigError
from prooftrail.evidence.manifest import Head
from prooftrail.flows.head import require_chain
from prooftrail.flows.turn_key import TurnKey
from prooftrail.settings import Retention

from . import stores
from .options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What came of it: the new head, None where the new key was in force already; and where the old key file lies now."""

    head: Head | None
    public_key_pem: bytes
    kept: Path | None


def turn_key(options: Options, *, new_signer: str | None, reason: str) -> Turned:
    """Exchange the key of a locker; without `new_signer` the home makes a new one and keeps the old beside it.

    Raises ConfigError for keys that cannot be meant, ChainBroken where the chain holds under neither.
    """
    stores.apart(options)
    home = Home(options.home_path())
    own = new_signer is None
    if own and options.signer is not None:
        raise ConfigError("--signer is given and --new-signer is not: name the key that is to follow it.")
    if options.signer is None and home.public_key_pem() is None:
        raise ConfigError(f"{home.path} holds no signing key: name the home of this locker, or its key with --signer.")
    locker = stores.open_locker(options.locker, profile=options.profile)
    require_chain(locker)
    before = stores.signer_of(options, home)
    after = home.next_signer() if new_signer is None else stores.signer_at(new_signer, options)
    turn = TurnKey(
        locker=stores.locker_of(options),
        retention=Retention(),
        before=before,
        after=after,
        pin=home,
        clock=SystemClock(),
    )
    head = turn(reason)
    pem = after.public_key_pem()
    return Turned(head=head, public_key_pem=pem, kept=home.adopt_next_signer() if own else None)
