"""`prooftrail ledger`: the view is made again from the record, and every row that is not what the record makes is named."""

import json
import sqlite3

import pytest

from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from tests.cli.lockers import DAYS, Copy, Prooftrail
from tests.contracts.fakes import MemorySigner


def alter(copy: Copy, statement: str) -> None:
    """Change the ledger behind everybody's back."""
    ledger = sqlite3.connect(copy.home / "ledger.sqlite")
    with ledger:
        ledger.execute(statement)
    ledger.close()


def differences(prooftrail: Prooftrail, copy: Copy) -> list[tuple[str, str, str, str | None]]:
    """What `check` finds."""
    said = prooftrail("ledger", "check", copy.address, "--home", copy.home, "--json")
    found = json.loads(said.out)
    assert said.code == found["exit_status"]
    return [(one["what"], one["rows"], one["key"], one["field"]) for one in found["differences"]]


def test_the_ledger_a_scan_left_is_equal_to_its_locker(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--ledger", tampered.home / "ledger.sqlite")
    assert said.code == 0
    assert "ledger.sqlite is equal to its locker" in said.out


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE identity SET owner = 'mallory' WHERE id = 'AIDA2bob'",
            ("differing field", "identity", "AIDA2bob", "owner"),
        ),
        (
            "UPDATE identity SET gone_run = NULL WHERE id = 'AIDA2svc-deploy'",
            ("differing field", "identity", "AIDA2svc-deploy", "gone_run"),
        ),
        ("DELETE FROM identity WHERE id = 'AIDA2bob'", ("missing row", "identity", "AIDA2bob", None)),
        (
            "INSERT INTO identity SELECT 'AIDAEXTRA', account, region, collector, arn, name, kind, cls, family, owner,"
            " owner_rung, purpose, parent, created_at, configuration, usage, due_on, first_seen_run, '99991231T000000Z',"
            " gone_run FROM identity WHERE id = 'AIDA2bob'",
            ("extra row", "identity", "AIDAEXTRA", None),
        ),
        (
            "DELETE FROM history WHERE id = 'AIDA2svc-deploy' AND what = 'disappeared'",
            ("missing row", "history", f"AIDA2svc-deploy {DAYS[3]}", None),
        ),
        (
            "UPDATE cell SET status = 'ok' WHERE account = '222222222222' AND collector = 'principals'",
            None,
        ),
        (
            "UPDATE cell SET last_ok_run = NULL WHERE account = '222222222222' AND collector = 'principals'",
            ("differing field", "cell", "222222222222 global principals", "last_ok_run"),
        ),
        (
            f"UPDATE run SET identities = 99 WHERE run_id = '{DAYS[0]}'",
            ("differing field", "run", DAYS[0], "identities"),
        ),
        (
            f"DELETE FROM outcome WHERE run_id = '{DAYS[0]}' AND account = '222222222222'",
            ("missing row", "outcome", f"{DAYS[0]} 222222222222", None),
        ),
    ],
)
def test_every_altered_row_is_named(
    statement: str, found: tuple[str, str, str, str | None] | None, prooftrail: Prooftrail, tampered: Copy
) -> None:
    alter(tampered, statement)
    assert differences(prooftrail, tampered) == ([] if found is None else [found])


def test_a_difference_is_told_with_both_sides_and_exit_1(prooftrail: Prooftrail, tampered: Copy) -> None:
    alter(tampered, "UPDATE identity SET purpose = '\x1b[31mnone' WHERE id = 'AIDA2bob'")
    said = prooftrail("ledger", "check", tampered.address, "--home", tampered.home)
    assert said.code == 1
    assert "is not what is in its locker" in said.out
    told = "differing field: identity AIDA2bob, purpose: \\x1b[31mnone in the ledger, tests by the locker"
    assert told in " ".join(said.out.split())


def test_rebuild_makes_an_empty_or_wrong_ledger_equal_again(prooftrail: Prooftrail, tampered: Copy) -> None:
    alter(tampered, "UPDATE identity SET owner = 'mallory'")
    said = prooftrail("ledger", "rebuild", tampered.address, "--home", tampered.home)
    assert said.code == 0
    assert "15 there, 2 gone" in said.out
    assert differences(prooftrail, tampered) == []
    fresh = tampered.home / "fresh.sqlite"
    assert prooftrail("ledger", "rebuild", tampered.address, "--ledger", fresh).code == 0
    assert prooftrail("ledger", "check", tampered.address, "--ledger", fresh).code == 0
    assert SqliteLedger(fresh).by_account("222222222222") == SqliteLedger(tampered.home / "ledger.sqlite").by_account(
        "222222222222"
    )


def test_a_ledger_is_not_rebuilt_from_a_chain_that_does_not_hold_and_stays_as_it_was(
    prooftrail: Prooftrail, tampered: Copy
) -> None:
    before = (tampered.home / "ledger.sqlite").read_bytes()
    tampered.resign(2, MemorySigner())
    said = prooftrail("ledger", "rebuild", tampered.address, "--home", tampered.home)
    assert (said.code, said.out) == (3, "")
    assert f"the chain of {tampered.address} does not verify (chain/0000000" in said.err
    assert "so no ledger can be held against it: run `prooftrail verify`" in said.err
    assert (tampered.home / "ledger.sqlite").read_bytes() == before


def test_evidence_that_is_gone_is_named_and_not_replayed(prooftrail: Prooftrail, tampered: Copy) -> None:
    gone = f"outcome/{DAYS[0]}/222222222222.json"
    tampered.remove(gone)
    said = prooftrail("ledger", "rebuild", tampered.address, "--ledger", tampered.home / "fresh.sqlite")
    assert said.code == 0
    assert f"prooftrail: warning: left out of the replay: {gone} is not in" in said.err


def test_both_or_neither_of_ledger_and_home_is_wrong_use(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--home", tampered.home, "--ledger", "x")
    assert said.code == 2
    assert "one of them only" in said.err


def test_a_ledger_that_is_not_there_is_wrong_use_and_is_not_made(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--ledger", tampered.home / "typo.sqlite")
    assert (said.code, said.out) == (2, "")
    assert "there is no ledger at" in said.err
    assert not (tampered.home / "typo.sqlite").exists()
