"""What every ledger promises, held against the fake, SQLite, and DynamoDB as two servers speak it."""

import contextlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger
from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from prooftrail.errors import LedgerError
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, Ledger, LedgerChange, OutcomeRow, RunRow
from tests.contracts import cuts
from tests.contracts.fakes import MemoryLedger
from tests.contracts.tables import create_table
from tests.emulators import Emulator

FIRST, SECOND, THIRD = "20260101T060000Z", "20260102T060000Z", "20260103T060000Z"
ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
KINDS_OF_ROW = ["history", "identity", "cell", "outcome"]


@dataclass(frozen=True)
class Place:
    """A ledger in a new place, and a way to cut it off before it writes its first row of a kind."""

    ledger: Ledger
    cut_before: Callable[[str], contextlib.AbstractContextManager[None]]


@pytest.fixture(params=["memory", "sqlite", "moto", "ministack"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        memory = MemoryLedger()
        return Place(memory, lambda kind: cuts.memory(memory, kind))
    if request.param == "sqlite":
        path = tmp_path / "ledger.sqlite"
        return Place(SqliteLedger(path), lambda kind: cuts.sqlite(path, kind))
    emulator: Emulator = request.getfixturevalue(request.param)
    client, table = emulator.dynamodb(CLIENT_CONFIG), f"ledger-{uuid.uuid4()}"
    create_table(client, table)
    return Place(DynamoDbLedger(client, table), lambda kind: cuts.dynamodb(client, kind))


@pytest.fixture
def ledger(place: Place) -> Ledger:
    return place.ledger


def an_identity(identity: str = "AIDAEXAMPLE1", run: str = FIRST, **facts: Any) -> IdentityRow:
    facts = {"account": ACCOUNT, "name": "alice", "owner": None, "due_on": None, "gone_run": None} | facts
    return IdentityRow(
        id=identity,
        region="global",
        collector="principals",
        arn=facts.pop("arn", f"arn:aws:iam::{facts['account']}:user/{facts['name']}"),
        kind="iam_user",
        cls="human",
        family=facts.pop("family", None),
        owner_rung="tag" if facts["owner"] else "none",
        purpose=facts.pop("purpose", None),
        parent=None,
        created_at=datetime(2025, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC),
        configuration="c" * 64,
        usage="<=30",
        first_seen_run=FIRST,
        changed_run=run,
        **facts,
    )


def a_change(*rows: IdentityRow, run: str = FIRST, account: str = ACCOUNT, **parts: Any) -> LedgerChange:
    outcome = OutcomeRow(run_id=run, account=account, status="sealed", outcome_sha256=f"{run}{account}")
    return LedgerChange(outcome=outcome, rows=rows, **parts)


def a_cell(run: str = FIRST, **facts: Any) -> CellRow:
    facts = {"account": ACCOUNT, "region": "global", "collector": "principals", "status": "ok"} | facts
    return CellRow(last_run=run, last_ok_run=facts.pop("last_ok_run", run), **facts)


def a_whole_change(run: str = FIRST) -> LedgerChange:
    """One of everything, with every optional field both set and unset."""
    full = an_identity("AIDAFULL", run, owner="team-a", due_on="2026-02-01", family="f" * 64, purpose="deploys ✓")
    bare = an_identity("AKIABARE", run, arn="", name="")
    history = (
        HistoryRow(id="AIDAFULL", run_id=run, what="changed", fields=(("owner", "", "team-a"), ("path", "/", "/ö/"))),
        HistoryRow(id="AKIABARE", run_id=run, what="appeared"),
    )
    cells = (a_cell(run), a_cell(run, region="eu-west-1", collector="secrets", status="denied", last_ok_run=None))
    return a_change(full, bare, run=run, history=history, cells=cells)


def everything(ledger: Ledger) -> tuple[object, ...]:
    """All that can be read of a ledger."""
    identities = tuple(row for account in ledger.accounts() for row in ledger.by_account(account))
    return (
        identities,
        tuple(ledger.history(row.id) for row in identities),
        tuple(ledger.cells(account) for account in ledger.accounts()),
        tuple(ledger.outcomes(run) for run in (FIRST, SECOND, THIRD)),
        ledger.runs(),
        ledger.due(until="9999-12-31"),
        ledger.by_owner("team-a"),
        ledger.find(arn=f"arn:aws:iam::{ACCOUNT}:user/alice"),
    )


def test_a_new_ledger_knows_nothing(ledger: Ledger) -> None:
    assert everything(ledger) == ((), (), (), ((), (), ()), (), (), (), ())
    assert ledger.identity("AIDAFULL") is None
    assert ledger.outcome(FIRST, ACCOUNT) is None
    assert ledger.describe()


def test_every_row_reads_back_as_it_was_written(ledger: Ledger) -> None:
    change = a_whole_change()
    ledger.apply(change)

    assert ledger.by_account(ACCOUNT) == change.rows
    assert [ledger.identity(row.id) for row in change.rows] == list(change.rows)
    assert tuple(row for one in change.rows for row in ledger.history(one.id)) == change.history
    assert sorted(ledger.cells(ACCOUNT), key=repr) == sorted(change.cells, key=repr)
    assert ledger.outcome(FIRST, ACCOUNT) == change.outcome
    assert ledger.accounts() == (ACCOUNT,)


def test_applying_a_change_twice_is_the_same_as_once(ledger: Ledger) -> None:
    ledger.apply(a_whole_change())
    once = everything(ledger)

    ledger.apply(a_whole_change())

    assert everything(ledger) == once


def test_a_row_of_a_later_run_is_not_overwritten_by_an_earlier_one(ledger: Ledger) -> None:
    later = an_identity(run=SECOND, owner="team-b", due_on="2026-03-01")
    cell = a_cell(SECOND, status="denied", last_ok_run=FIRST)
    ledger.apply(a_change(later, run=SECOND, cells=(cell,)))

    ledger.apply(a_change(an_identity(run=FIRST, owner="team-a"), run=FIRST, cells=(a_cell(FIRST),)))

    assert ledger.identity(later.id) == later
    assert ledger.by_owner("team-a") == ()
    assert ledger.cells(ACCOUNT) == (cell,)
    assert [one.run_id for run in (FIRST, SECOND) for one in ledger.outcomes(run)] == [FIRST, SECOND]


def test_within_one_run_what_is_applied_last_stays(ledger: Ledger) -> None:
    """An attempt that was cut short may have seen something else than the one whose outcome was committed."""
    ledger.apply(a_change(an_identity(owner="team-a"), cells=(a_cell(status="partial"),)))
    committed = an_identity(owner="team-b")

    ledger.apply(a_change(committed, cells=(a_cell(status="ok"),)))

    assert ledger.by_account(ACCOUNT) == (committed,)
    assert ledger.by_owner("team-a") == ()
    assert ledger.cells(ACCOUNT) == (a_cell(status="ok"),)


def test_the_order_in_which_changes_arrive_leaves_no_trace(ledger: Ledger) -> None:
    runs = [a_whole_change(run) for run in (FIRST, SECOND, THIRD)]
    for change in (runs[2], runs[0], runs[1], runs[0]):
        ledger.apply(change)
    shuffled = everything(ledger)

    ledger.clear()
    for change in runs:
        ledger.apply(change)

    assert everything(ledger) == shuffled
    assert [row.run_id for row in ledger.history("AIDAFULL")] == [FIRST, SECOND, THIRD]


def test_a_later_run_takes_the_place_of_an_earlier_one_in_every_access_path(ledger: Ledger) -> None:
    ledger.apply(a_change(an_identity(run=FIRST, owner="team-a", due_on="2026-02-01")))
    moved = an_identity(run=SECOND, name="bob", owner="team-b", due_on="2026-05-01")

    ledger.apply(a_change(moved, run=SECOND))

    assert ledger.by_owner("team-a") == ()
    assert ledger.by_owner("team-b") == (moved,)
    assert ledger.due(until="2026-04-30") == ()
    assert ledger.due(until="2026-05-01") == (moved,)
    assert ledger.find(arn=f"arn:aws:iam::{ACCOUNT}:user/alice") == ()
    assert ledger.find(arn=moved.arn) == (moved,)


def test_a_gone_identity_stays_in_its_account_and_belongs_to_nobody(ledger: Ledger) -> None:
    gone = an_identity(run=SECOND, owner="team-a", due_on="2026-02-01", gone_run=SECOND)
    ledger.apply(a_change(an_identity(owner="team-a", due_on="2026-02-01")))

    ledger.apply(a_change(gone, run=SECOND))

    assert ledger.by_account(ACCOUNT) == (gone,)
    assert ledger.identity(gone.id) == gone
    assert ledger.find(arn=gone.arn) == (gone,)
    assert ledger.by_owner("team-a") == ()
    assert ledger.due(until="2027-01-01") == ()


def test_a_name_that_was_used_again_finds_both_who_had_it(ledger: Ledger) -> None:
    first, second = an_identity("AIDAOLD", gone_run=FIRST), an_identity("AIDANEW")
    ledger.apply(a_change(first, second))

    assert ledger.find(arn=first.arn) == (second, first)


def test_each_account_has_its_own_identities_cells_and_outcomes(ledger: Ledger) -> None:
    here = an_identity("AIDAHERE", owner="team-a")
    there = an_identity("AIDATHERE", account=OTHER_ACCOUNT, owner="team-a")
    ledger.apply(a_change(here, cells=(a_cell(),)))
    ledger.apply(a_change(there, account=OTHER_ACCOUNT))

    assert ledger.accounts() == (ACCOUNT, OTHER_ACCOUNT)
    assert (ledger.by_account(ACCOUNT), ledger.by_account(OTHER_ACCOUNT)) == ((here,), (there,))
    assert (ledger.cells(ACCOUNT), ledger.cells(OTHER_ACCOUNT)) == ((a_cell(),), ())
    assert [one.account for one in ledger.outcomes(FIRST)] == [ACCOUNT, OTHER_ACCOUNT]
    assert ledger.by_owner("team-a") == (here, there)


def test_due_identities_come_soonest_first_and_not_after_the_day_asked_for(ledger: Ledger) -> None:
    days = ["2026-02-03", "2026-02-01", "2026-02-02", "2026-02-01", "2025-12-31", "2026-02-04"]
    rows = [an_identity(f"AIDA{number}", due_on=day) for number, day in enumerate(days)]
    ledger.apply(a_change(*rows, an_identity("AIDANEVER")))

    found = [(row.due_on, row.id) for row in ledger.due(until="2026-02-03")]

    assert found == sorted((row.due_on, row.id) for row in rows[:5])


def test_an_account_without_identities_is_known_by_its_outcome(ledger: Ledger) -> None:
    ledger.apply(a_change(account=OTHER_ACCOUNT))

    assert ledger.accounts() == (OTHER_ACCOUNT,)
    assert ledger.by_account(OTHER_ACCOUNT) == ()


def test_a_runs_row_is_written_over_and_runs_come_oldest_first(ledger: Ledger) -> None:
    opened = RunRow(
        run_id=SECOND, seq=None, trigger="schedule", status="open", manifest_sha256=None, accounts=3, identities=0
    )
    closed = RunRow(
        run_id=SECOND, seq=2, trigger="schedule", status="closed", manifest_sha256="a" * 64, accounts=3, identities=99
    )
    earlier = RunRow(
        run_id=FIRST, seq=1, trigger="manual", status="closed", manifest_sha256="b" * 64, accounts=3, identities=98
    )
    for row in (opened, earlier, closed):
        ledger.record_run(row)

    assert ledger.runs() == (earlier, closed)


def test_answers_are_whole_also_where_they_take_more_than_one_page(ledger: Ledger) -> None:
    """DynamoDB ends a page at 1 MB."""
    rows = tuple(
        an_identity(f"AIDA{number:03d}", purpose="p" * 40_000, owner="team-a", due_on="2026-02-01")
        for number in range(60)
    )
    ledger.apply(a_change(*rows))

    assert ledger.by_account(ACCOUNT) == rows
    assert ledger.by_owner("team-a") == rows
    assert ledger.due(until="2026-02-01") == rows


def test_clearing_forgets_everything_and_the_ledger_can_be_filled_again(ledger: Ledger) -> None:
    new = everything(ledger)
    many = tuple(an_identity(f"AIDA{number:03d}") for number in range(60))
    ledger.apply(a_whole_change())
    ledger.apply(a_change(*many, run=SECOND))
    ledger.record_run(_an_open_run())

    ledger.clear()

    assert everything(ledger) == new
    assert ledger.identity("AIDAFULL") is None
    assert ledger.history("AIDAFULL") == ()
    ledger.apply(a_whole_change())
    assert ledger.by_account(ACCOUNT) == a_whole_change().rows


@pytest.mark.parametrize("kind", KINDS_OF_ROW)
def test_a_change_that_was_cut_short_has_no_outcome_and_is_completed_by_doing_it_again(place: Place, kind: str) -> None:
    with place.cut_before(kind), pytest.raises((cuts.Cut, LedgerError)):
        place.ledger.apply(a_whole_change())

    assert place.ledger.outcome(FIRST, ACCOUNT) is None
    assert place.ledger.outcomes(FIRST) == ()

    place.ledger.apply(a_whole_change())
    assert place.ledger.outcome(FIRST, ACCOUNT) == a_whole_change().outcome
    assert place.ledger.by_account(ACCOUNT) == a_whole_change().rows
    assert place.ledger.history("AKIABARE") == a_whole_change().history[1:]


def test_changes_applied_at_the_same_time_are_all_there_and_the_latest_run_stays(ledger: Ledger) -> None:
    runs = [f"202601{day:02d}T060000Z" for day in range(1, 9)]
    changes = [a_change(an_identity(run=run), an_identity(f"AIDA{run}", run), run=run) for run in runs]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ledger.apply, changes))

    latest = ledger.identity("AIDAEXAMPLE1")
    assert latest is not None
    assert latest.changed_run == runs[-1]
    assert len(ledger.by_account(ACCOUNT)) == len(runs) + 1
    assert all(ledger.outcome(run, ACCOUNT) for run in runs)


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1; --", "a#b", "%", "OWN#x", "=cmd|' /C calc'!A0", "\u202e<b>", "x" * 1000]
)
def test_names_written_by_an_attacker_are_only_names(ledger: Ledger, hostile: str) -> None:
    row = an_identity("AIDAHOSTILE", name=hostile, owner=hostile, purpose=hostile, due_on="2026-01-01")
    ledger.apply(a_change(row, an_identity("AIDAOTHER", owner="team-a")))

    assert ledger.by_owner(hostile) == (row,)
    assert ledger.find(arn=row.arn) == (row,)
    assert ledger.identity("AIDAHOSTILE") == row


def _an_open_run() -> RunRow:
    return RunRow(
        run_id=FIRST, seq=None, trigger="manual", status="open", manifest_sha256=None, accounts=1, identities=1
    )
