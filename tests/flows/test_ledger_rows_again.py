"""The same outcome told twice, out of turn or without a past, and the cells it leaves behind."""

from prooftrail.flows.ledger_rows import ledger_change
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.ports import IdentityRow
from tests.builders import ACCOUNT, a_role, a_run, a_snapshot, a_user, refused
from tests.flows.ledgered import Ledgered, outcome, run


def rows_of(number: int, *observed: Observed) -> dict[str, IdentityRow]:
    """The rows a first outcome makes."""
    snapshot = a_snapshot(*observed, run=a_run(number))
    return {row.id: row for row in ledger_change(outcome(number), "sha", None, snapshot, {}).rows}


def test_telling_the_same_outcome_again_makes_the_same_change() -> None:
    before, after = a_snapshot(a_role()), a_snapshot(a_role(boundary="arn:b"), a_user(), run=a_run(1))
    known = rows_of(0, a_role())
    once = ledger_change(outcome(1), "sha", before, after, known)
    assert ledger_change(outcome(1), "sha", before, after, known) == once


def test_rows_already_written_by_this_run_are_not_told_as_another_change() -> None:
    before, after = a_snapshot(a_role()), a_snapshot(a_user(), run=a_run(1))
    rows = rows_of(0, a_role())
    once = ledger_change(outcome(1), "sha", before, after, rows)
    rows |= {row.id: row for row in once.rows}
    again = ledger_change(outcome(1), "sha", before, after, rows)
    assert set(again.history) <= set(once.history)
    assert again.rows == ()


def test_an_outcome_told_after_a_later_one_changes_no_row_and_loses_no_history() -> None:
    first, second = a_snapshot(a_role()), a_snapshot(a_role(boundary="arn:b"), run=a_run(1))
    late = ledger_change(outcome(1), "sha", first, second, rows_of(2, a_role()))
    assert late.rows == ()
    assert [(one.what, one.run_id) for one in late.history] == [("changed", run(1))]


def test_without_a_snapshot_to_compare_with_the_rows_are_compared() -> None:
    role, rows = a_role(), rows_of(0, a_role())
    same = ledger_change(outcome(1), "sha", None, a_snapshot(role, run=a_run(1)), rows)
    assert (same.rows, same.history) == ((), ())
    other = ledger_change(outcome(1), "sha", None, a_snapshot(a_role(boundary="b"), run=a_run(1)), rows)
    assert [row.name for row in other.rows] == ["worker"]


def test_a_cell_keeps_the_last_run_that_read_it_whole() -> None:
    ledger = Ledgered()
    place = (GLOBAL, "principals")
    ledger.tell(0, a_role())
    assert (ledger.cells[place].last_run, ledger.cells[place].last_ok_run) == (run(0), run(0))
    for number in (1, 2):
        ledger.tell(number, principals=refused())
        cell = ledger.cells[place]
        assert (cell.status, cell.last_run, cell.last_ok_run) == ("denied", run(number), run(0))
    ledger.tell(3, a_role())
    assert ledger.cells[place].last_ok_run == run(3)


def test_a_cell_that_was_never_read_whole_says_so() -> None:
    ledger = Ledgered()
    ledger.tell(0, principals=refused())
    assert ledger.cells[GLOBAL, "principals"].last_ok_run is None


def test_an_account_that_could_not_be_read_writes_its_cells_and_no_identity() -> None:
    unreachable = Cell(
        account=ACCOUNT, region=GLOBAL, collector=Collector.PRINCIPALS, status=CellStatus.UNREACHABLE, items=0
    )
    change = ledger_change(outcome(1, (unreachable,)), "sha", None, None, rows_of(0, a_role()))
    assert (change.rows, change.history) == ((), ())
    assert [(one.status, one.last_run) for one in change.cells] == [("unreachable", run(1))]
