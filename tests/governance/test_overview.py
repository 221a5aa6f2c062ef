"""What a policy says at a glance: how much, what ends soon, and how its approvals are known."""

from datetime import UTC, date, datetime

import pytest

from prooftrail.governance import parse
from prooftrail.governance.overview import approvals, counted, ending
from tests.governance.entries import EXCEPTION, SUPPLIER, THRESHOLD, policy, registered
from tests.governance.test_signature import read, signed

ASSIGN = "[[environments.assign]]\nenvironment = 'sandbox'\nvalues = ['dev']\n"


def test_entries_are_counted_by_table_and_absent_files_are_told_from_empty_ones() -> None:
    held = policy(thresholds=THRESHOLD + ASSIGN, soa="")
    found = {one.file: one for one in counted(held)}
    assert found["thresholds.toml"].tables == (("threshold", 1), ("environments.assign", 1))
    assert found["owners.toml"].tables == (("owner", 2),)
    assert (found["soa.toml"].given, found["soa.toml"].tables) == (True, ())
    assert not found["scope.toml"].given


def test_keys_that_are_set_outside_of_tables_are_counted_too() -> None:
    scope = '[tags]\nplaceholders = ["changeme"]\nclass = ["kind"]\n[name_hints]\nhuman = ["*.*"]\n'
    held = policy(scope=scope, thresholds="verified_after_runs = 5\n[environments]\ndefault = 'nonprod'\n" + ASSIGN)
    found = {one.file: one for one in counted(held)}
    assert found["scope.toml"].keys == ("tags.class", "tags.placeholders", "name_hints.human")
    assert found["thresholds.toml"].keys == ("environments.default", "verified_after_runs")
    assert not any(one.keys for one in counted(policy()) if one.file != "owners.toml")


def test_what_is_written_as_the_default_is_no_key_of_ones_own() -> None:
    method = "[risk_method]\nversion = '1'\napproved_by = 'J'\napproved_on = 2026-11-02\neffective_on = 2026-11-02\n"
    found = {
        one.file: one.keys for one in counted(policy(scope="[tags]\nhuman = ['human', 'person']", thresholds=method))
    }
    assert found["scope.toml"] == ()
    assert "risk_method.version" in found["thresholds.toml"]


@pytest.mark.parametrize(
    ("at", "ended"),
    [
        (datetime(2027, 2, 28, 23, 59, tzinfo=UTC), None),
        (datetime(2027, 3, 1, tzinfo=UTC), False),
        (datetime(2027, 3, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2027, 4, 1, tzinfo=UTC), True),
    ],
)
def test_an_entry_is_told_of_from_thirty_days_before_its_last_day(at: datetime, ended: bool | None) -> None:
    found = ending(policy(exceptions=EXCEPTION), at)
    assert [one.ended for one in found] == ([] if ended is None else [ended])
    assert [(one.on, one.entry) for one in found] == [(date(2027, 3, 31), "exception EX-1")] * len(found)


def test_a_contract_ends_too_and_what_has_no_end_does_not() -> None:
    held = policy(suppliers=SUPPLIER, registers=registered("privileged"))
    assert [one.entry for one in ending(held, datetime(2030, 1, 1, tzinfo=UTC))] == ["supplier Watcher Ltd"]


def test_approvals_are_counted_by_what_is_known_of_them() -> None:
    held = policy(registers=registered("privileged", 'ticket = "T-1"') + registered("legacy"), thresholds=THRESHOLD)
    assert approvals(held) == (("with a ticket, not verified by us", 1), ("declared, not verified", 2))
    assert approvals(read(signed())) == (("verified by signature", 1),)
    assert approvals(parse({})) == ()
