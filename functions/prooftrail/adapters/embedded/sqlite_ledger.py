"""A ledger in one SQLite file: each change is one transaction, so that it is there whole or not at all."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.errors import LedgerError
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange, OutcomeRow, RunRow

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x50726674  # "Prft": how a file of ours is told from another's database
_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = slice(68, 72)  # https://www.sqlite.org/fileformat.html, section 1.3
_FILE_MODE = 0o600
_REBUILD = "move it away and make it again with `prooftrail ledger rebuild`"

_SCHEMA = (
    """CREATE TABLE identity (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, collector TEXT NOT NULL, arn TEXT NOT NULL,
        name TEXT NOT NULL, kind TEXT NOT NULL, cls TEXT NOT NULL, family TEXT, owner TEXT, owner_rung TEXT NOT NULL,
        purpose TEXT, parent TEXT, created_at TEXT, configuration TEXT NOT NULL, usage TEXT NOT NULL, due_on TEXT,
        first_seen_run TEXT NOT NULL, changed_run TEXT NOT NULL, gone_run TEXT) STRICT""",
    "CREATE INDEX identity_by_account ON identity (account, id)",
    "CREATE INDEX identity_by_arn ON identity (arn, id)",
    "CREATE INDEX identity_by_owner ON identity (owner, id) WHERE gone_run IS NULL",
    "CREATE INDEX identity_by_due_date ON identity (due_on, id) WHERE gone_run IS NULL",
    """CREATE TABLE history (
        id TEXT NOT NULL, run_id TEXT NOT NULL, what TEXT NOT NULL, fields TEXT NOT NULL,
        PRIMARY KEY (id, run_id)) STRICT""",
    """CREATE TABLE cell (
        account TEXT NOT NULL, region TEXT NOT NULL, collector TEXT NOT NULL, status TEXT NOT NULL,
        last_run TEXT NOT NULL, last_ok_run TEXT, PRIMARY KEY (account, region, collector)) STRICT""",
    """CREATE TABLE run (
        run_id TEXT PRIMARY KEY, seq INTEGER, trigger TEXT NOT NULL, status TEXT NOT NULL, manifest_sha256 TEXT,
        accounts INTEGER NOT NULL, identities INTEGER NOT NULL) STRICT""",
    """CREATE TABLE outcome (
        run_id TEXT NOT NULL, account TEXT NOT NULL, status TEXT NOT NULL, outcome_sha256 TEXT NOT NULL,
        PRIMARY KEY (run_id, account)) STRICT""",
    "CREATE TABLE account (account TEXT PRIMARY KEY) STRICT",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


def _upsert(table: str, row: type[msgspec.Struct], key: str, *, unless: str = "") -> str:
    """The statement that writes a row in place of the one with the same `key`, unless that holds a later `unless`."""
    columns = [field.name for field in msgspec.structs.fields(row)]
    places = ", ".join(f":{column}" for column in columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    later = f" WHERE excluded.{unless} >= {table}.{unless}" if unless else ""
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names come from the code alone
        f" ON CONFLICT ({key}) DO UPDATE SET {changes}{later}"
    )


_WRITE_IDENTITY = _upsert("identity", IdentityRow, "id", unless="changed_run")
_WRITE_CELL = _upsert("cell", CellRow, "account, region, collector", unless="last_run")
_WRITE_RUN = _upsert("run", RunRow, "run_id")
_WRITE_OUTCOME = _upsert("outcome", OutcomeRow, "run_id, account")
_ADD_HISTORY = "INSERT OR IGNORE INTO history (id, run_id, what, fields) VALUES (:id, :run_id, :what, :fields)"
_ADD_ACCOUNT = "INSERT OR IGNORE INTO account (account) VALUES (?)"


class _Unusable(LedgerError):
    """The file is a ledger of ours that cannot be used; `clear` may replace it."""


class SqliteLedger:
    """A ledger in the file `path`, made by the first write; before that it reads as an empty one.

    Any number of threads and processes may use it; a writer waits up to `busy_timeout_s` seconds for another. A file
    that is locked longer, damaged, of another version or not ours raises LedgerError with its path and the fix.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = 15.0) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s

    def describe(self) -> str:
        """The file's path."""
        return str(self._path)

    def apply(self, change: LedgerChange) -> None:
        """Write the change in one transaction; rows that a later run wrote stay, history that exists stays."""
        accounts = {row.account for row in change.rows} | {cell.account for cell in change.cells}
        with self._writing() as ledger:
            ledger.executemany(_ADD_ACCOUNT, [(account,) for account in sorted(accounts | {change.outcome.account})])
            ledger.executemany(_ADD_HISTORY, [_columns(row) for row in change.history])
            ledger.executemany(_WRITE_IDENTITY, [_columns(row) for row in change.rows])
            ledger.executemany(_WRITE_CELL, [_columns(row) for row in change.cells])
            ledger.execute(_WRITE_OUTCOME, _columns(change.outcome))

    def outcome(self, run_id: str, account: str) -> OutcomeRow | None:
        """The outcome row if that outcome's change was applied whole."""
        found = self._rows(OutcomeRow, "SELECT * FROM outcome WHERE run_id = ? AND account = ?", run_id, account)
        return found[0] if found else None

    def outcomes(self, run_id: str) -> tuple[OutcomeRow, ...]:
        """All outcomes of a run, by account."""
        return self._rows(OutcomeRow, "SELECT * FROM outcome WHERE run_id = ? ORDER BY account", run_id)

    def record_run(self, row: RunRow) -> None:
        """Write or overwrite the run's row."""
        with self._writing() as ledger:
            ledger.execute(_WRITE_RUN, _columns(row))

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, oldest first."""
        return self._rows(RunRow, "SELECT * FROM run ORDER BY run_id")

    def identity(self, identity_id: str) -> IdentityRow | None:
        """One identity by AWS's unique id; an access key's is its key id."""
        found = self._rows(IdentityRow, "SELECT * FROM identity WHERE id = ?", identity_id)
        return found[0] if found else None

    def find(self, *, arn: str) -> tuple[IdentityRow, ...]:
        """Identities by ARN, by id."""
        return self._rows(IdentityRow, "SELECT * FROM identity WHERE arn = ? ORDER BY id", arn)

    def by_account(self, account: str) -> tuple[IdentityRow, ...]:
        """All identities of an account, gone ones too, by id."""
        return self._rows(IdentityRow, "SELECT * FROM identity WHERE account = ? ORDER BY id", account)

    def by_owner(self, owner: str) -> tuple[IdentityRow, ...]:
        """All identities of an owner that are not gone, by id."""
        wanted = "SELECT * FROM identity WHERE owner = ? AND gone_run IS NULL ORDER BY id"
        return self._rows(IdentityRow, wanted, owner)

    def due(self, *, until: str) -> tuple[IdentityRow, ...]:
        """Identities due by `until` (included) that are not gone, soonest first, then by id."""
        wanted = "SELECT * FROM identity WHERE due_on <= ? AND gone_run IS NULL ORDER BY due_on, id"
        return self._rows(IdentityRow, wanted, until)

    def history(self, identity_id: str) -> tuple[HistoryRow, ...]:
        """The change history of an identity, oldest first."""
        return self._rows(HistoryRow, "SELECT * FROM history WHERE id = ? ORDER BY run_id", identity_id)

    def cells(self, account: str) -> tuple[CellRow, ...]:
        """The cells of an account, by region and collector."""
        return self._rows(CellRow, "SELECT * FROM cell WHERE account = ? ORDER BY region, collector", account)

    def accounts(self) -> tuple[str, ...]:
        """Every account any applied change named, in order."""
        with self._reading() as ledger:
            return tuple(row["account"] for row in ledger.execute("SELECT account FROM account ORDER BY account"))

    def clear(self) -> None:
        """Forget everything; a ledger of ours that is damaged or of another version is replaced by an empty one."""
        try:
            with self._writing() as ledger:
                for table in ("identity", "history", "cell", "run", "outcome", "account"):
                    ledger.execute(f"DELETE FROM {table}")  # noqa: S608 - names come from the line above
        except _Unusable:
            self._discard()
            with self._writing():
                pass

    def _rows[T](self, as_type: type[T], statement: str, *values: str) -> tuple[T, ...]:
        with self._reading() as ledger:
            return tuple(_read(row, as_type) for row in ledger.execute(statement, values))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._speaking(), self._connected(":memory:" if self._is_fresh() else self._uri("rw")) as ledger:
            self._prepare(ledger)
            yield ledger

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._speaking():
            # Made here, because SQLite would let everybody read it.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, _FILE_MODE))
            with self._connected(self._uri("rw")) as ledger:
                ledger.execute("BEGIN IMMEDIATE")
                self._prepare(ledger)
                yield ledger
                ledger.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self, target: str) -> Iterator[sqlite3.Connection]:
        ledger = sqlite3.connect(target, uri=True, timeout=self._busy_timeout_s, isolation_level=None)
        with contextlib.closing(ledger):  # what was not committed is rolled back here
            ledger.row_factory = sqlite3.Row
            yield ledger

    def _prepare(self, ledger: sqlite3.Connection) -> None:
        """Make the schema where there is nothing yet; refuse what another version or another program made."""
        version = ledger.execute("PRAGMA user_version").fetchone()[0]
        application = ledger.execute("PRAGMA application_id").fetchone()[0]
        if (version, application) == (SCHEMA_VERSION, _APPLICATION_ID):
            return
        if application == _APPLICATION_ID:
            raise _Unusable(
                f"{self._path} was written by another version (schema {version}, this one knows {SCHEMA_VERSION}):"
                f" use that version, or {_REBUILD}."
            )
        if ledger.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise LedgerError(f"{self._path} is another program's database: name another file with --ledger.")
        for statement in _SCHEMA:
            ledger.execute(statement)

    def _is_fresh(self) -> bool:
        try:
            return self._path.stat().st_size == 0
        except FileNotFoundError:
            return True

    def _uri(self, mode: str) -> str:
        return f"{self._path.absolute().as_uri()}?mode={mode}"

    def _discard(self) -> None:
        """Remove the file, if its first bytes say that it is ours."""
        with self._speaking():
            with self._path.open("rb") as file:
                start = file.read(_APPLICATION_ID_AT.stop)
            if not start.startswith(_MAGIC) or start[_APPLICATION_ID_AT] != _APPLICATION_ID.to_bytes(4):
                raise LedgerError(f"{self._path} is not known to be a ledger, so it stays: {_REBUILD}.")
            for suffix in ("-journal", "-wal", "-shm", ""):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turns what SQLite and the operating system say into a sentence."""
        try:
            yield
        except sqlite3.Error as refused:
            raise _sentence(self._path, refused) from refused
        except OSError as refused:
            raise LedgerError(f"{self._path} cannot be used: {refused.strerror}. Check path and owner.") from refused
        except (msgspec.ValidationError, json.JSONDecodeError) as wrong:
            raise _Unusable(f"{self._path} holds a row that makes no sense ({wrong}): {_REBUILD}.") from wrong


def _sentence(path: Path, refused: sqlite3.Error) -> LedgerError:
    # The low byte is the result code, the rest only says more: https://www.sqlite.org/rescode.html
    code = getattr(refused, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError(f"{path} is in use by another run: wait until that has ended, then run this again.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _Unusable(f"{path} is damaged or no ledger ({refused}): {_REBUILD}.")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return LedgerError(f"{path} cannot be used ({refused}): check the disk, the directory and their owner.")
    return LedgerError(f"{path} refused ({refused}): if it happens again, {_REBUILD}.")


def _columns(row: msgspec.Struct) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(row)
    if isinstance(row, HistoryRow):
        values["fields"] = json.dumps(values["fields"])
    return values


def _read[T](row: sqlite3.Row, as_type: type[T]) -> T:
    values: dict[str, Any] = dict(zip(row.keys(), row, strict=True))
    if as_type is HistoryRow:
        values["fields"] = json.loads(values["fields"])
    return msgspec.convert(values, as_type)
