"""Brings the ledger up to what the chain holds: told after the manifest, once, from the snapshots it vouches for."""

import threading

from prooftrail.errors import EvidenceError, EvidenceUnreadable
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Outcome, Pointer
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import Ledger, Locker, RunRow

from . import sealing
from .ledger_rows import ledger_change

_MOST_REMEMBERED = 50_000  # identities kept in memory between an account's scan and the end of the run


class TellLedger:
    """Tells the ledger the outcomes of runs that are in the chain, and only those: it is a view of the chain.

    Snapshots this process just made may be remembered, so that they need not be read back.
    """

    def __init__(self, *, locker: Locker, ledger: Ledger) -> None:
        self._locker, self._ledger = locker, ledger
        self._remembered: dict[tuple[str, str], tuple[Snapshot | None, Snapshot]] = {}
        self._room = _MOST_REMEMBERED
        self._lock = threading.Lock()

    def remember(self, before: Snapshot | None, after: Snapshot) -> None:
        """Keep an account's snapshots until its outcome is told, while there is room."""
        with self._lock:
            if len(after.identities) <= self._room:
                self._room -= len(after.identities)
                self._remembered[after.header.run_id, after.header.account] = (before, after)

    def __call__(self, key: str, sha256: str) -> None:
        """Tell the outcome at `key`; doing it twice is the same as once.

        Raises EvidenceError where it is gone, or not what the chain says by `sha256`.
        """
        body = self._locker.get(key)
        if canonical.sha256(body) != sha256:
            raise EvidenceUnreadable(f"{key} is not the outcome that was sealed: run `prooftrail verify`.")
        self._tell(sealing.read_outcome(key, body), sha256)

    def _tell(self, outcome: Outcome, outcome_sha256: str) -> None:
        before, after = self._snapshots(outcome)
        rows = {one.id: one for one in self._ledger.by_account(outcome.account)} if after else {}
        cells = self._ledger.cells(outcome.account)
        self._ledger.apply(ledger_change(outcome, outcome_sha256, before, after, rows, cells=cells))

    def _snapshots(self, outcome: Outcome) -> tuple[Snapshot | None, Snapshot | None]:
        with self._lock:
            held = self._remembered.pop((outcome.run_id, outcome.account), None)
        sealed = next((one for one in outcome.objects if one.kind is EvidenceKind.SNAPSHOT), None)
        if sealed is None:
            return None, None
        if held is not None:
            return held
        after = sealing.read_snapshot(sealed.key, self._locker.get(sealed.key))
        return previous_snapshot(self._locker, outcome.previous)[0], after


def previous_snapshot(locker: Locker, pointer: Pointer | None) -> tuple[Snapshot | None, str | None]:
    """The snapshot a plan points to, its hash checked; where it is not to be believed, None and the reason."""
    if pointer is None:
        return None, None
    try:
        return sealing.read_snapshot(pointer.key, sealing.trusted(locker, pointer)), None
    except EvidenceError as error:
        return None, f"the previous snapshot is not used: {error}"


def run_row(manifest_sha256: str, one: Manifest) -> RunRow:
    """A closed run as the ledger keeps it."""
    return RunRow(
        run_id=one.run.id,
        seq=one.seq,
        trigger=one.run.trigger,
        status="gaps" if one.gaps() else "sealed",
        manifest_sha256=manifest_sha256,
        accounts=len(one.coverage),
        identities=dict(one.counts).get("identities", 0),
    )
