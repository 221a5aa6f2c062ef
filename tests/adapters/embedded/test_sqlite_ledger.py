"""What a file adds to the ledger's contract: locks, damage, other versions, other people's databases."""

import contextlib
import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest

from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from prooftrail.errors import LedgerError
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange, OutcomeRow, RunRow

ACCOUNT = "111111111111"
CHANGE = LedgerChange(
    outcome=OutcomeRow(run_id="20260101T060000Z", account=ACCOUNT, status="sealed", outcome_sha256="a"),
    history=(HistoryRow(id="AIDA1", run_id="20260101T060000Z", what="appeared"),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> SqliteLedger:
    made = SqliteLedger(path, busy_timeout_s=0.05)
    made.apply(CHANGE)
    return made


def run_sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        return [row for statement in statements for row in database.execute(statement)]


@pytest.mark.parametrize(
    ("table", "row"),
    [("identity", IdentityRow), ("history", HistoryRow), ("cell", CellRow), ("run", RunRow), ("outcome", OutcomeRow)],
)
def test_each_table_has_the_columns_of_its_row(
    ledger: SqliteLedger, path: Path, table: str, row: type[msgspec.Struct]
) -> None:
    columns = [name for _, name, *_ in run_sql(path, f"PRAGMA table_info({table})")]

    assert columns == [field.name for field in msgspec.structs.fields(row)]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("account = '1' ORDER BY id", "identity_by_account"),
        ("arn = '1' ORDER BY id", "identity_by_arn"),
        ("owner = '1' AND gone_run IS NULL ORDER BY id", "identity_by_owner"),
        ("due_on <= '1' AND gone_run IS NULL ORDER BY due_on, id", "identity_by_due_date"),
        ("id = '1'", "autoindex"),
    ],
)
def test_every_access_path_has_an_index_that_also_gives_the_order(
    ledger: SqliteLedger, path: Path, wanted: str, index: str
) -> None:
    plan = [str(row[-1]) for row in run_sql(path, f"EXPLAIN QUERY PLAN SELECT * FROM identity WHERE {wanted}")]

    assert len(plan) == 1
    assert index in plan[0]


def test_reading_makes_no_file_and_writing_makes_one_for_its_owner_alone(path: Path) -> None:
    ledger = SqliteLedger(path)
    assert ledger.accounts() == ()
    assert not path.exists()

    ledger.apply(CHANGE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["ledger.sqlite"]


def test_a_ledger_another_run_is_writing_to_is_said_to_be_in_use(ledger: SqliteLedger, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for ask in (lambda: ledger.apply(CHANGE), ledger.accounts, ledger.clear):
            with pytest.raises(LedgerError, match="in use by another run") as refused:
                ask()
            assert str(path) in str(refused.value)

    assert ledger.accounts() == (ACCOUNT,)


def test_a_run_killed_in_the_middle_leaves_the_ledger_as_it_was_before(ledger: SqliteLedger, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as killed:
        killed.execute("BEGIN IMMEDIATE")
        killed.execute("DELETE FROM outcome")

    assert ledger.outcome(CHANGE.outcome.run_id, ACCOUNT) == CHANGE.outcome


def test_a_ledger_of_another_version_is_refused_until_it_is_rebuilt(ledger: SqliteLedger, path: Path) -> None:
    run_sql(path, "PRAGMA user_version = 7")

    for ask in (lambda: ledger.apply(CHANGE), ledger.accounts):
        with pytest.raises(LedgerError, match=r"schema 7, this one knows 1.*prooftrail ledger rebuild"):
            ask()

    ledger.clear()
    assert ledger.accounts() == ()
    ledger.apply(CHANGE)
    assert ledger.accounts() == (ACCOUNT,)


def test_a_damaged_ledger_is_refused_until_it_is_rebuilt(ledger: SqliteLedger, path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))

    for ask in (lambda: ledger.apply(CHANGE), ledger.accounts):
        with pytest.raises(LedgerError, match=r"damaged.*prooftrail ledger rebuild") as refused:
            ask()
        assert str(path) in str(refused.value)

    ledger.clear()
    ledger.apply(CHANGE)
    assert ledger.accounts() == (ACCOUNT,)


def test_a_row_that_makes_no_sense_is_refused_with_the_fix(ledger: SqliteLedger, path: Path) -> None:
    run_sql(path, "UPDATE history SET fields = 'garbage'")
    with pytest.raises(LedgerError, match=r"makes no sense.*prooftrail ledger rebuild"):
        ledger.history("AIDA1")

    run_sql(path, "UPDATE history SET fields = '[[1, 2, 3]]'")
    with pytest.raises(LedgerError, match=r"makes no sense.*prooftrail ledger rebuild"):
        ledger.history("AIDA1")


def test_another_programs_database_is_neither_used_nor_cleared(path: Path) -> None:
    run_sql(path, "CREATE TABLE photographs (name TEXT)", "INSERT INTO photographs VALUES ('holiday')")
    ledger = SqliteLedger(path)

    for ask in (lambda: ledger.apply(CHANGE), ledger.accounts, ledger.clear):
        with pytest.raises(LedgerError, match="another program's database"):
            ask()
    assert run_sql(path, "SELECT * FROM photographs") == [("holiday",)]


def test_a_file_that_is_no_database_is_neither_used_nor_cleared(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    ledger = SqliteLedger(path)

    for ask in (lambda: ledger.apply(CHANGE), ledger.accounts, ledger.clear):
        with pytest.raises(LedgerError, match="ledger"):
            ask()
    assert path.read_bytes() == b"Dear diary, " * 100


def test_a_place_where_no_file_can_be_is_said_with_its_path(tmp_path: Path) -> None:
    for path in (tmp_path / "absent" / "ledger.sqlite", tmp_path):
        with pytest.raises(LedgerError, match="cannot be used") as refused:
            SqliteLedger(path).apply(CHANGE)
        assert str(path) in str(refused.value)


def test_a_path_with_the_signs_of_a_url_is_only_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#x %20.sqlite"
    SqliteLedger(path).apply(CHANGE)

    assert SqliteLedger(path).accounts() == (ACCOUNT,)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
