"""Which runs of a period did not read or judge an account whole, and what of it they did not read: told from manifests.

An outcome is opened only for a run that read the account in part, so a period that was read whole costs nothing.
"""

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.reading import CellStatus, Collector, Gap
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.registers.refusals import refusals
from prooftrail.pack.view import READ, UNPLANNED, Shortfall

from .locker_history import LockerHistory, RunSummary
from .pack_objects import PackObjects, evidence_id
from .pack_period import Bounds

_GAPS = "gaps"


class _Cell(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A cell of an outcome without its sources, which are most of it and are not asked for."""

    region: str
    collector: Collector
    status: CellStatus
    items: int
    reason: str | None = None
    gaps: tuple[Gap, ...] = ()


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    account: str
    run_id: str
    cells: tuple[_Cell, ...] = ()


_OUTCOME = msgspec.json.Decoder(_Outcome)


class Shortfalls:
    """Tells one account's shortfalls over the runs of a period, or of the run shown where the period has none."""

    def __init__(self, history: LockerHistory, objects: PackObjects, found: Bounds) -> None:
        self._history, self._objects = history, objects
        self._runs = found.runs or (found.as_of,)
        self._covered = {
            run.run_id: {each.account: each for each in history.manifest(run.run_id).coverage} for run in self._runs
        }

    def of(self, account: str, wrong: list[str]) -> tuple[Shortfall, ...]:
        """Its shortfalls, oldest first; `wrong` takes what is not what was sealed."""
        judged = {run.run_id for run, _ in self._objects.of(EvidenceKind.ASSESSMENT, account)}
        return tuple(
            found for run in self._runs if (found := self._shortfall(run, account, run.run_id in judged, wrong))
        )

    def _shortfall(self, run: RunSummary, account: str, judged: bool, wrong: list[str]) -> Shortfall | None:
        if account == layout.ORGANIZATION:
            return (
                None
                if judged
                else Shortfall(run_id=run.run_id, at=run.taken_at, status="sealed", reason=None, judged=False)
            )
        covered = self._covered[run.run_id].get(account)
        if covered is None:
            reason = "the run did not plan for it: it had left, was not there yet, or was not in AWS's list"
            return Shortfall(run_id=run.run_id, at=run.taken_at, status=UNPLANNED, reason=reason, judged=False)
        if _whole(covered) and judged:
            return None
        short = Shortfall(
            run_id=run.run_id,
            at=run.taken_at,
            status=covered.status,
            reason=covered.reason,
            judged=judged and covered.status in READ,
        )
        return self._told(short, run, account, wrong) if covered.status == _GAPS else short

    def _told(self, short: Shortfall, run: RunSummary, account: str, wrong: list[str]) -> Shortfall:
        """With what the outcome says was not read."""
        for sealed in self._objects.of_run(EvidenceKind.OUTCOME, account, run.run_id):
            try:
                found = _OUTCOME.decode(self._objects.read(sealed))
            except (EvidenceMissing, EvidenceUnreadable) as error:
                wrong.append(str(error))
                return msgspec.structs.replace(short, refused=None, unknown=str(error))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                said = f"{sealed[1].key} is no outcome: {error}."
                wrong.append(said)
                return msgspec.structs.replace(short, refused=None, unknown=said)
            refused = tuple(each for cell in found.cells for each in refusals(cell))
            return msgspec.structs.replace(short, refused=refused, evidence=evidence_id(sealed[1]))
        return msgspec.structs.replace(short, refused=None, unknown="its manifest names no outcome of it")


def _whole(one: AccountCoverage) -> bool:
    return one.status == "sealed" and one.cells == one.cells_ok
