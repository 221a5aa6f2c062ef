"""A ledger that is told one day's outcome after another."""

from typing import Any

from prooftrail.flows.ledger_rows import ledger_change
from prooftrail.model.identity import Observed
from prooftrail.model.reading import Cell
from prooftrail.model.run import Outcome, OutcomeStatus
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange
from tests.builders import ACCOUNT, NOW, a_run, a_snapshot


class Ledgered:
    """A ledger in memory, told one day after another, each compared with the day before."""

    def __init__(self) -> None:
        self.rows: dict[str, IdentityRow] = {}
        self.cells: dict[tuple[str, str], CellRow] = {}
        self.history: list[HistoryRow] = []
        self.before: Snapshot | None = None

    def tell(self, number: int, *observed: Observed, **known: Any) -> LedgerChange:
        """One day's outcome, applied."""
        return self.told(number, a_snapshot(*observed, run=a_run(number), **known))

    def told(self, number: int, after: Snapshot) -> LedgerChange:
        change = ledger_change(
            outcome(number, after.cells), "sha", self.before, after, self.rows, cells=self.cells.values()
        )
        self.rows |= {row.id: row for row in change.rows}
        self.cells |= {(row.region, row.collector): row for row in change.cells}
        self.history += change.history
        self.before = after
        return change

    def life(self, key: str) -> list[tuple[str, str]]:
        """What happened to one identity, and when."""
        return [(one.what, one.run_id) for one in self.history if one.id == key]


def outcome(number: int, cells: tuple[Cell, ...] = ()) -> Outcome:
    return Outcome(
        run_id=a_run(number).id,
        account=ACCOUNT,
        status=OutcomeStatus.SEALED,
        started_at=NOW,
        finished_at=NOW,
        cells=cells,
    )


def run(number: int) -> str:
    return a_run(number).id
