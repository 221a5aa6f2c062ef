"""Exchanges the key a chain is signed with: one link, signed by the key before, that the new key stands by from within."""

import base64

import msgspec

from prooftrail.errors import AccessError, AlreadySealed, ChainBroken, ConfigError
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Head, Rotation
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, HeadPin, Locker, Signer
from prooftrail.settings import Retention

from . import head as chain_head
from .head import ChainEnd

_TRIES = 20  # slots lost to runs before something else must be wrong


class TurnKey:
    """Brings the key of `after` into force where the chain is still under that of `before`."""

    def __init__(
        self, *, locker: Locker, retention: Retention, before: Signer, after: Signer, pin: HeadPin, clock: Clock
    ) -> None:
        self._locker, self._retention, self._before, self._after = locker, retention, before, after
        self._pin, self._clock = pin, clock

    def __call__(self, reason: str) -> Head | None:
        """Write the rotation and give the new head; None where there is no chain, or it is under the new key already.

        Raises ChainBroken where the chain holds under neither key, and whatever refuses a signature.
        """
        for _ in range(_TRIES):
            end = self._end()
            if end is None:
                return None
            chain_head.check_pin(end, self._pin, self._locker)
            body = manifest.seal(
                self._rotation(end, reason),
                keyid=envelope.fingerprint(self._before.public_key_pem()),
                sign=self._before.sign,
            )
            seq, until = end.head.seq + 1, self._retention.until(EvidenceKind.CHAIN, canonical.utc(self._clock.now()))
            try:
                self._locker.put(layout.chain_key(seq), body, retain_until=until)
            except AlreadySealed:
                continue  # a run, or another exchange, took the slot
            head = Head(seq=seq, sha256=canonical.sha256(body))
            self._pin.remember(head, locker_id=end.genesis.locker_id())
            return head
        raise ChainBroken(
            f"no free slot in the chain of {self._locker.describe()} after {_TRIES} tries: is something writing there?"
        )

    def _end(self) -> ChainEnd | None:
        """The end of a chain that is under the key before; None where there is nothing to exchange."""
        try:
            chain_head.chain_end(self._locker, public_key=self._after.public_key_pem())
        except ChainBroken as broken:
            try:
                pem = self._before.public_key_pem()
            except (ConfigError, AccessError) as none:
                raise ChainBroken(f"{broken} No key before ours stands ready either: {none}") from none
            return chain_head.chain_end(self._locker, public_key=pem)
        return None

    def _rotation(self, end: ChainEnd, reason: str) -> Rotation:
        pem = self._after.public_key_pem()
        bare = Rotation(
            locker_id=end.genesis.locker_id(),
            seq=end.head.seq + 1,
            previous=end.head,
            public_key_pem=pem.decode(),
            key_fingerprint=envelope.fingerprint(pem),
            key_origin=self._after.origin(),
            reason=reason,
            rotated_at=canonical.utc(self._clock.now()),
            key_since=end.key_since,
        )
        possession = base64.b64encode(self._after.sign(bare.to_be_signed())).decode()
        return msgspec.structs.replace(bare, possession=possession)
