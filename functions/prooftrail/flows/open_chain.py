"""Writes the genesis, once: whose evidence this is, which key signs it, and which watchdog is to see it."""

import uuid
from collections.abc import Callable

import msgspec

from prooftrail.errors import ChainBroken, ConfigError
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Genesis
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Schedule
from prooftrail.ports import Clock, HeadPin, Locker, Signer

from . import head as chain_head
from .head import ChainEnd
from .sealing import Sealing


class Founder(msgspec.Struct, frozen=True, kw_only=True):
    """Whose chain it is; `organization_id` is None where an account stands alone."""

    account: str
    partition: str
    organization_id: str | None


class OpenChain:
    """Gives the end of the chain; where there is none yet, it writes the genesis first.

    `evidence_account` holds locker and keys, where that is known; `witness` is the watchdog's key, of which only the
    public half is asked for. `organization_id` is the one this deployment is for, None where none is named.
    """

    def __init__(
        self,
        *,
        locker: Locker,
        sealing: Sealing,
        signer: Signer,
        pin: HeadPin,
        schedule: Schedule | None,
        clock: Clock,
        evidence_account: str | None = None,
        witness: Signer | None = None,
        organization_id: str | None = None,
    ) -> None:
        self._locker, self._sealing, self._signer, self._pin = locker, sealing, signer, pin
        self._schedule, self._clock, self._evidence_account = schedule, clock, evidence_account
        self._witness, self._organization_id = witness, organization_id

    def __call__(self, founder: Callable[[], Founder]) -> ChainEnd:
        """The chain's end; `founder` is asked only where there is no chain.

        Raises ChainBroken where the chain does not hold, was there before, or the locker holds something else;
        ConfigError where it is another organization's.
        """
        end = self._end()
        chain_head.check_pin(end, self._pin, self._locker)
        if end is None:
            self._require_empty()
            end = self._begin(founder())
        self._require_organization(end.genesis.organization_id)
        return end

    def _end(self) -> ChainEnd | None:
        return chain_head.chain_end(self._locker, public_key=self._signer.public_key_pem())

    def _require_empty(self) -> None:
        stranger = next((one for one in self._locker.versions("") if one.key != layout.chain_key(0)), None)
        if stranger is not None:
            raise ChainBroken(
                f"{self._locker.describe()} holds {stranger.key} and no chain: a new locker must be empty. Choose another, or empty this one."
            )

    def _begin(self, founder: Founder) -> ChainEnd:
        self._require_organization(founder.organization_id)
        genesis = self._genesis(founder)
        body = manifest.seal(genesis, keyid=genesis.key_fingerprint, sign=self._signer.sign)
        self._sealing.commit(layout.chain_key(0), EvidenceKind.CHAIN, body)
        begun = self._end()  # another first run may have been quicker: then the chain is the one it began
        if begun is None:
            raise ChainBroken(
                f"{self._locker.describe()} does not show the genesis that was just written: check its permissions."
            )
        self._pin.remember(begun.head, locker_id=begun.genesis.locker_id())
        return begun

    def _genesis(self, founder: Founder) -> Genesis:
        pem = self._signer.public_key_pem()
        return Genesis(
            deployment_id=str(uuid.uuid4()),
            organization_id=founder.organization_id,
            account=founder.account,
            partition=founder.partition,
            locker=self._locker.describe(),
            public_key_pem=pem.decode(),
            key_fingerprint=envelope.fingerprint(pem),
            key_origin=self._signer.origin(),
            schedule=self._schedule,
            created_at=canonical.utc(self._clock.now()),
            evidence_account=self._evidence_account,
            witness_public_key_pem=self._witness.public_key_pem().decode() if self._witness else None,
        )

    def _require_organization(self, found: str | None) -> None:
        if self._organization_id not in (None, found):
            raise ConfigError(
                f"{self._locker.describe()} is for {found or 'a single account'}, and this deployment names the organization"
                f" {self._organization_id}: correct organization_id in cdk.json; each organization has a locker of its own."
            )
