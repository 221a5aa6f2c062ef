"""Claims of notices in an SQLite file of their own: a ledger that is made again must not make letters go out again."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from prooftrail.errors import LedgerError
from prooftrail.model import canonical
from prooftrail.ports.notices import Claim

_FILE_MODE = 0o600
_SCHEMA = """CREATE TABLE IF NOT EXISTS claim (
    notice TEXT PRIMARY KEY, run TEXT NOT NULL, claimed_at TEXT NOT NULL, message_id TEXT, error TEXT) STRICT"""
_TO_BE_HAD = "message_id IS NULL AND error IS :error AND (error IS NULL OR run <> :run)"


class SqliteClaims:
    """Claims in the file `path`, made by the first claim; any number of processes may use it.

    A writer waits up to `busy_timeout_s` seconds for another. What cannot be used raises LedgerError with the path.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = 15.0) -> None:
        self._path, self._busy_timeout_s = path, busy_timeout_s

    def claim(self, notice: str, *, run: str, at: datetime) -> Claim | None:
        """Ours if nobody has it (None), else the claim that stands."""
        with self._writing() as claims:
            made = claims.execute(
                "INSERT OR IGNORE INTO claim (notice, run, claimed_at) VALUES (?, ?, ?)",
                (notice, run, canonical.timestamp(at)),
            )
            if made.rowcount:
                return None
            found = claims.execute("SELECT run, claimed_at, message_id, error FROM claim WHERE notice = ?", (notice,))
            by, claimed_at, message_id, error = found.fetchone()
        since = datetime.fromisoformat(claimed_at)
        return Claim(notice=notice, run=by, claimed_at=since, message_id=message_id, error=error)

    def take_over(self, standing: Claim, *, run: str, at: datetime) -> bool:
        """Ours if the claim is as it was seen, and open or another run's failure."""
        seen = {"notice": standing.notice, "before": canonical.timestamp(standing.claimed_at), "error": standing.error}
        with self._writing() as claims:
            changed = claims.execute(
                "UPDATE claim SET claimed_at = :at, run = :run, error = NULL"  # noqa: S608
                f" WHERE notice = :notice AND claimed_at = :before AND {_TO_BE_HAD}",
                {**seen, "run": run, "at": canonical.timestamp(at)},
            )
            return changed.rowcount == 1

    def complete(self, notice: str, *, message_id: str | None, error: str | None) -> None:
        """What became of it; one that is known to be sent stays so."""
        with self._writing() as claims:
            claims.execute(
                "UPDATE claim SET message_id = ?, error = ? WHERE notice = ? AND message_id IS NULL",
                (message_id, error, notice),
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            # Made here, because SQLite would let everybody read it.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, _FILE_MODE))
            connected = sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
            with contextlib.closing(connected) as claims:
                claims.execute("BEGIN IMMEDIATE")
                claims.execute(_SCHEMA)
                if not any(column == "run" for _, column, *_ in claims.execute("PRAGMA table_info(claim)")):
                    claims.execute("ALTER TABLE claim ADD COLUMN run TEXT NOT NULL DEFAULT ''")  # an older file's
                yield claims
                claims.execute("COMMIT")
        except sqlite3.Error as refused:
            raise LedgerError(
                f"{self._path} cannot be used ({refused}): nothing is sent without it. Wait for another run to end, or"
                " move a damaged file away: what was claimed in it may then be sent again."
            ) from refused
        except OSError as refused:
            raise LedgerError(f"{self._path} cannot be used: {refused.strerror}. Check path and owner.") from refused
