"""A seed nobody could choose: the SHA-256 of the first word the watchdog said after the population's run was closed."""

from collections.abc import Mapping

import msgspec

from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope, witnessed
from prooftrail.ports import Locker

from .locker_history import LockerHistory, RunSummary


class WitnessSeed(msgspec.Struct, frozen=True, kw_only=True):
    """The seed, and the word it is the hash of."""

    seed: str
    key: str
    said_at: str


def witness_seed(locker: Locker, history: LockerHistory, run: RunSummary) -> WitnessSeed:
    """The seed for a population of `run`. Only words that the genesis' watchdog signed count, and that saw the run.

    Raises ConfigError where there is none yet.
    """
    genesis = history.chain.genesis
    pem = genesis.witness_public_key_pem if genesis else None
    if pem is None:
        raise ConfigError(
            "the genesis of this chain names no watchdog: nobody outside the scanner gives a seed. Take one from the"
            " auditor: --seed TEXT --seed-source auditor."
        )
    raw = pem.encode()
    files = (  # a word is held against its signature here; when the store took it is `verify`'s affair
        witnessed.File(key=one.key, stored_at=run.closed_at, body=one.body) for one in locker.read_all("witness/")
    )
    key = witnessed.Key(pem=raw, fingerprint=envelope.fingerprint(raw), told=False)
    words, _ = witnessed.believed(history.chain, files, key=key, store=witnessed.Store(keeps_time=False, slots={}))
    heads = {one.seq: one.sha256 for one in history.chain.links}
    after = [one for one in words if _saw(one, run, heads)]
    if not after:
        raise ConfigError(
            f"no watchdog has spoken since run {run.run_id} was closed ({run.closed_at:%Y-%m-%dT%H:%M:%SZ}): it looks once"
            " a day, so draw after its next word, or take a seed from the auditor."
        )
    first = min(after, key=lambda one: (one.said.checked_at, one.said.key))
    return WitnessSeed(seed=first.sha256, key=first.said.key, said_at=f"{first.said.checked_at:%Y-%m-%dT%H:%M:%SZ}")


def _saw(one: witnessed.Word, run: RunSummary, heads: Mapping[int, str]) -> bool:
    """True if the word is about this chain with the run in it, and was said after the run was closed."""
    head = one.said.head
    return (
        head is not None
        and head.seq >= run.seq
        and heads.get(head.seq) == head.sha256
        and one.said.checked_at > run.closed_at
    )
