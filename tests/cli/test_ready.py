"""`prooftrail ready`: a page a tired person can read, that promises no day which cannot come any more."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.lockers import ASSURANCE, DAYS, Prooftrail, Town
from tests.flows.world import MEMBER

LAST = "2026-11-04"


def answered(prooftrail: Prooftrail, town: Town, *options: object) -> dict[str, Any]:
    said = prooftrail("ready", town.address, *options, "--json")
    assert said.code == 0
    found: dict[str, Any] = json.loads(said.out)
    return found


def of(answer: dict[str, Any], control: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in answer["controls"] if one["control"] == control)
    return found


def test_the_page_leads_with_what_to_do_and_fits_a_hundred_columns(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("ready", town.address, "--audit-date", "2026-12-01", "--as-of", LAST)

    assert said.code == 0
    assert said.out.startswith(f"Ready for an audit on 2026-12-01?  As of run {DAYS[3]}")
    assert said.out.index("What to do first") < said.out.index("Days of operation and today")
    assert all(len(line) <= 100 for line in said.out.splitlines())


def test_days_are_those_of_the_locker_and_of_its_schedule(prooftrail: Prooftrail, town: Town) -> None:
    answer = answered(prooftrail, town, "--audit-date", "2026-11-15", "--as-of", LAST)

    assert (answer["since"], answer["of_days"], answer["days_left"], answer["lost"]) == ("2026-11-01", 14, 10, [])
    assert (of(answer, "IDC-16")["operated"], of(answer, "IDC-16")["by_then"]) == (4, 14)
    assert of(answer, "IDC-05")["testable"] is False
    assert [one["on"] for one in of(answer, "IDC-02")["lost"]] == ["2026-11-03"]  # the member was unreachable


def test_as_of_a_day_only_what_was_known_then_counts(prooftrail: Prooftrail, town: Town) -> None:
    answer = answered(prooftrail, town, "--audit-date", "2026-11-15", "--as-of", "2026-11-03")

    assert answer["as_of"]["run_id"] == DAYS[2]
    assert (of(answer, "IDC-16")["operated"], answer["days_left"]) == (3, 11)
    assert any(f"restore the reading of account {MEMBER}" in one["what"] for one in answer["actions"])


@pytest.mark.parametrize("as_of", ["2026-11-02", DAYS[1]])
def test_days_after_as_of_are_still_to_come_whatever_was_sealed_since(
    prooftrail: Prooftrail, town: Town, as_of: str
) -> None:
    answer = answered(prooftrail, town, "--audit-date", "2026-11-06", "--as-of", as_of)

    assert answer["as_of"]["run_id"] == DAYS[1]
    assert (answer["of_days"], answer["days_left"], answer["lost"]) == (5, 3, [])
    assert of(answer, "IDC-16")["operated"] == 2


def test_every_day_since_the_last_run_that_brought_none_is_lost(prooftrail: Prooftrail, town: Town) -> None:
    answer = answered(prooftrail, town, "--audit-date", "2026-11-15", "--as-of", "2026-11-08")

    today = datetime.now(UTC).date()  # noqa: TID251 - the command looks at the same clock
    first = date(2026, 11, 5)
    known = max(min(date(2026, 11, 8), today) - first + timedelta(days=1), timedelta()).days
    assert [one["on"] for one in answer["lost"]] == [str(first + timedelta(days=at)) for at in range(known)]


def test_an_audit_that_is_over_is_said_to_be(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("ready", town.address, "--audit-date", "2026-11-03", "--as-of", LAST)

    assert "The audit day was 1 day ago" in said.out
    assert "still show" not in said.out


def test_an_audit_before_the_first_run_has_no_day_to_show(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("ready", town.address, "--audit-date", "2026-10-01", "--as-of", LAST)

    assert said.code == 0
    assert "there is no day of operation to show" in " ".join(said.out.split())


def test_a_framework_leads_each_row_with_its_ids(prooftrail: Prooftrail, town: Town) -> None:
    answer = answered(prooftrail, town, "--audit-date", "2026-12-01", "--as-of", LAST, "--framework", "iso27001")

    assert answer["framework"] == "iso27001_2022"
    assert "A.5.9" in of(answer, "IDC-01")["ids"]
    said = prooftrail("ready", town.address, "--audit-date", "2026-12-01", "--as-of", LAST, "--framework", "iso27001")
    assert "IDS " in said.out
    assert "ISO/IEC 27001:2022" in said.out


def test_hostile_names_steer_no_terminal(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("ready", town.address, "--audit-date", "2026-12-01", "--as-of", LAST)

    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--audit-date", "soon"), "--audit-date takes a day"),
        (("--audit-date", "2199-01-01"), "more than ten years away"),
        (("--audit-date", "2026-12-01", "--framework", "iso9001"), "--framework takes one of"),
        (("--audit-date", "2026-12-01", "--from", "2190-01-01"), "still to come"),
        (("--audit-date", "0001-01-01"), "more than ten years away"),
        (("--audit-date", "2026-12-01", "--as-of", "yesterday"), "'yesterday' is neither a date"),
        (("--audit-date", "2026-12-01", "--days", "0"), "--days"),
        ((), "--audit-date"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(
    prooftrail: Prooftrail, town: Town, options: tuple[str, ...], told: str
) -> None:
    said = prooftrail("ready", town.address, *options)

    assert said.code == 2
    assert told in said.err


def test_a_locker_that_is_none_is_said(prooftrail: Prooftrail, tmp_path: Path) -> None:
    assert prooftrail("ready", tmp_path, "--audit-date", "2026-12-01").code == 3


def test_how_much_the_evidence_is_worth_is_said_with_it(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("ready", town.address, "--audit-date", "2026-12-01", "--as-of", LAST)

    assert ASSURANCE in said.out
