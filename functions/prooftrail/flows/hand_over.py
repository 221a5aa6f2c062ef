"""Puts on record to whom a pack was handed over: what it is, by its hash, and as of which head of the chain."""

import msgspec

from prooftrail.errors import ConfigError, EvidenceUnreadable
from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.manifest import Head
from prooftrail.model import canonical
from prooftrail.ports import Clock, Locker

from .locker_history import LockerHistory
from .open_pack import OpenPack
from .record_custody import RecordCustody

LONGEST = 300
"""Characters of a recipient, a reason or a reference."""

_SHOWN = 5


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed over. `files` counts all of the pack's; `head` is the chain's newest manifest now.

    `signed_by` is the fingerprint of the key that signed the pack, None where nobody did; `keys` are the chain's in
    force, newest last. `record` is the custody record, as it is sealed or would be.
    """

    record: Custody
    pack_sha256: str
    files: int
    size: int
    signed_by: str | None
    keys: tuple[str, ...]
    pack_head: Head
    head: Head


class HandOver:
    """Checks a pack whole, holds it against the locker it says it is of, and seals who got it."""

    def __init__(self, *, locker: Locker, record: RecordCustody, who: str, clock: Clock) -> None:
        self._locker, self._record, self._who, self._clock = locker, record, who, clock

    def plan(self, pack: OpenPack, *, to: str, reason: str, reference: str) -> Handover:
        """What would be sealed. Raises EvidenceUnreadable for a pack that is not as it states, or is of another locker."""
        for name, text in (("--to", to), ("--reason", reason), ("--reference", reference)):
            if len(text) > LONGEST:
                raise ConfigError(f"{name} is longer than {LONGEST} characters.")
        if not to.strip():
            raise ConfigError('--to is missing: who gets it, as "NAME, FIRM".')
        history = LockerHistory(self._locker)
        head = self._ours(pack, history)
        wrong = list(pack.wrong())
        if wrong:
            more = f" (and {len(wrong) - _SHOWN} more)" if len(wrong) > _SHOWN else ""
            raise EvidenceUnreadable(
                f"this pack is not as it states, so it is not handed over: {' '.join(wrong[:_SHOWN])}{more}"
            )
        stated = pack.stated
        return Handover(
            record=self._said(pack, head, to=to.strip(), reason=reason.strip(), reference=reference.strip()),
            pack_sha256=pack.sha256,
            files=len(stated.files) + 1,
            size=sum(one.size for one in stated.files),
            signed_by=stated.signed_by,
            keys=tuple(one.fingerprint for one in history.chain.keys),
            pack_head=stated.head,
            head=head,
        )

    def __call__(self, handover: Handover) -> str:
        """Seal the record; the next run's manifest names it. Gives its key."""
        return self._record(handover.record)

    def _ours(self, pack: OpenPack, history: LockerHistory) -> Head:
        """The head of the chain the pack is of. Raises EvidenceUnreadable where it is of another."""
        genesis, head, where = history.chain.genesis, history.chain.head, self._locker.describe()
        if genesis is None or head is None or history.problems:
            raise EvidenceUnreadable(
                f"the chain of {where} does not verify: run `prooftrail verify` before anything is handed over."
            )
        if genesis.locker_id() != pack.stated.locker_id:
            raise EvidenceUnreadable(f"this pack is of another locker than {where}: name its own with --locker.")
        if not any(
            (one.seq, one.sha256) == (pack.stated.head.seq, pack.stated.head.sha256) for one in history.chain.links
        ):
            raise EvidenceUnreadable(
                f"{where} does not have the head that this pack states, {pack.stated.head}: run `prooftrail verify`."
            )
        signed = pack.stated.signed_by
        if signed and signed not in {one.fingerprint for one in history.chain.keys}:
            raise EvidenceUnreadable(f"the key that signed this pack, {signed}, is none of the chain's in {where}.")
        if not pack.signature_holds(history.chain.keys):
            raise EvidenceUnreadable("the signature of this pack does not hold: get another copy, or make it again.")
        return head

    def _said(self, pack: OpenPack, head: Head, *, to: str, reason: str, reference: str) -> Custody:
        asked = pack.stated.options
        return Custody(
            action=CustodyAction.HANDOVER,
            who=self._who,
            at=canonical.utc(self._clock.now()).replace(microsecond=0),
            locker=self._locker.describe(),
            head=head,
            scope=f"pack of {asked.since} to {asked.until}, run {pack.stated.as_of}, head {pack.stated.head}",
            reason=f"to {to}" + (f": {reason}" if reason else ""),
            reference=reference,
            objects=len(pack.stated.files) + 1,
            objects_sha256=pack.sha256,
        )
