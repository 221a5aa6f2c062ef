"""A world with a watchdog: its own key and account, and a chain whose genesis names them from the first day."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from prooftrail.evidence import envelope, layout, manifest, witness
from prooftrail.evidence.manifest import Genesis
from prooftrail.evidence.witness import Witness
from prooftrail.flows.verify_locker import Trust, Verified, VerifyLocker
from prooftrail.flows.watch import Watch, Watched
from prooftrail.ports import ObjectVersion
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryLocker, MemorySigner
from tests.flows.world import DAILY, DAY_1, HOME, World

EVIDENCE = "333333333333"


class WatchdogSigner:
    """A key that says it lives in KMS, in an account."""

    def __init__(self, account: str = EVIDENCE) -> None:
        self.inner, self.account = MemorySigner(), account
        self.public_key_pem, self.sign = self.inner.public_key_pem, self.inner.sign

    def origin(self) -> str:
        return f"arn:aws:kms:eu-central-1:{self.account}:alias/prooftrail-test-witness"


class Kennel(World):
    """A world whose genesis names `dog`'s key and `evidence_account` where `named`, else neither."""

    def __init__(self, *, named: bool = True, evidence_account: str | None = EVIDENCE) -> None:
        super().__init__()
        self.dog: Any = WatchdogSigner()
        self.retention: Retention | None = None
        pem = self.signer.public_key_pem()
        genesis = Genesis(
            deployment_id="d",
            organization_id="o-example",
            account=HOME,
            partition="aws",
            locker=self.locker.describe(),
            public_key_pem=pem.decode(),
            key_fingerprint=envelope.fingerprint(pem),
            key_origin="arn:aws:kms:eu-central-1:333333333333:alias/prooftrail-test-signing",
            schedule=DAILY,
            created_at=DAY_1 - timedelta(minutes=1),
            evidence_account=evidence_account if named else None,
            witness_public_key_pem=self.dog.public_key_pem().decode() if named else None,
        )
        body = manifest.seal(genesis, keyid=genesis.key_fingerprint, sign=self.signer.sign)
        self.locker.put(layout.chain_key(0), body, retain_until=None)

    def run(self, day: int) -> None:
        """One scheduled run."""
        self.sweep()(self.day(day))

    def watch(self, at: datetime | None = None) -> Watched:
        """The watchdog's look, an hour after the tick of the day it is, or then."""
        self.clock.at = at or self.clock.at.replace(hour=7, minute=0, second=0)
        return Watch(
            locker=self.locker,
            signer=self.dog,
            public_key=self.signer.public_key_pem(),
            clock=self.clock,
            retention=self.retention,
        )()

    def days(self, number: int, *, watched: bool = True) -> "Kennel":
        """Scheduled runs day after day, each seen an hour later."""
        for day in range(1, number + 1):
            self.run(day)
            if watched:
                self.watch()
        return self

    def verified(self, **known: object) -> Verified:
        """Verify with the signer's key from outside, and whatever else is known."""
        trust = Trust(**({"public_key": self.signer.public_key_pem()} | known))  # type: ignore[arg-type]
        return VerifyLocker(locker=self.locker, clock=self.clock)(trust=trust, deep=True)

    def faults(self, **known: object) -> list[tuple[str, str]]:
        """What verification finds wrong, without words."""
        return [(str(one.fault), one.where) for one in self.verified(**known).problems]

    def notes(self) -> list[tuple[str, str]]:
        """What it notes."""
        return [(str(one.fault), one.where) for one in self.verified().notes]

    def word(self, key: str) -> Witness:
        """A word as it stands in the locker."""
        return witness.read(key, self.locker.get(key))

    def words(self) -> list[str]:
        """The names of all words."""
        return sorted({*self.names("witness/")})

    def forge(self, word: Witness, *, signer: Any = None, key: str | None = None, at: datetime | None = None) -> None:
        """Write a word nobody looked for, by the watchdog's own key or another."""
        signer, before = signer or self.dog, self.clock.at
        self.clock.at = at or before
        body = witness.seal(word, keyid=envelope.fingerprint(signer.public_key_pem()), sign=signer.sign)
        self.locker.put(key or word.key, body, retain_until=None)
        self.clock.at = before

    def without(self, *keys: str) -> None:
        """The locker as it were had these never been there: what a directory, or the store's owner, could do."""
        self._rebuilt({one.key: self.locker.get(one.key) for one in self.locker.versions("") if one.key not in keys})

    def changed(self, key: str, body: bytes) -> None:
        """The locker with other bytes under one name, written at the same time."""
        bodies = {one.key: self.locker.get(one.key) for one in self.locker.versions("")}
        self._rebuilt(bodies | {key: body})

    def _rebuilt(self, bodies: dict[str, bytes]) -> None:
        there: dict[str, ObjectVersion] = {one.key: one for one in self.locker.versions("")}
        moment = self.clock.at
        inner = MemoryLocker(now=lambda: moment)
        for key in sorted(bodies):
            moment = there[key].stored_at if key in there else self.clock.at
            inner.put(key, bodies[key], retain_until=None)
        moment = self.clock.at
        inner._now = self.clock.now
        same = {one.key: one.version_id for one in there.values()}
        inner._versions = [
            (msgspec.structs.replace(one, version_id=same.get(one.key, one.version_id)), body, until)
            for one, body, until in inner._versions
        ]
        self.locker = inner
