"""`prooftrail results`, `findings` and `overview`: what failed, what was not tested and why, and what matters first."""

import csv
import io
import json
from collections import Counter
from typing import Any

import pytest

from tests.cli.lockers import DAYS, ESCAPE, MARKUP, Prooftrail, Town
from tests.flows.world import HOME, MEMBER


def one_line(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def rows(prooftrail: Prooftrail, *arguments: object) -> list[dict[str, Any]]:
    """Results as data."""
    found: list[dict[str, Any]] = json.loads(prooftrail("results", *arguments, "--json").out)
    return found


def test_without_a_question_there_is_a_line_a_control_and_the_sum(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("results", town.address)
    lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert lines[0] == f"Results as of 2026-11-04 06:00 UTC, run {DAYS[3]}"
    assert sum(line.startswith("IDC-") for line in lines) >= 20
    assert "PASS means the test passed; it claims conformity with no standard" in said.out
    assert max(map(len, lines)) <= 100


def test_every_subject_has_one_result_a_control(prooftrail: Prooftrail, town: Town) -> None:
    seen = Counter((one["control"], one["account"], one["subject"]) for one in rows(prooftrail, town.address))
    assert max(seen.values()) == 1


def test_a_result_tells_the_limit_and_who_set_it(prooftrail: Prooftrail, town: Town) -> None:
    worker = next(one for one in rows(prooftrail, town.address, "--control", "IDC-08") if one["name"] == "worker")
    assert worker["status"] == "FAIL"
    assert "412 days" in worker["reason"] or "415 days" in worker["reason"]
    assert worker["limit"].endswith("days")
    assert worker["limit_set_by"] == "built-in default of the control map, not approved by the organization"


def test_results_are_narrowed_and_csv_has_the_same_rows(prooftrail: Prooftrail, town: Town) -> None:
    wanted = ("--result", "fail", "--account", MEMBER)
    found = rows(prooftrail, town.address, *wanted)
    assert {(one["status"], one["account"]) for one in found} == {("FAIL", MEMBER)}
    text = prooftrail("results", town.address, *wanted, "--format", "csv").out
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(found)


def test_fail_on_is_for_pipelines_and_reading_is_never_a_failure(prooftrail: Prooftrail, town: Town) -> None:
    assert prooftrail("results", town.address, "--result", "FAIL").code == 0
    assert prooftrail("results", town.address, "--fail-on", "FAIL").code == 1
    assert prooftrail("results", town.address, "--control", "IDC-33", "--fail-on", "FAIL").code == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--control", "15"), "--control takes an id like IDC-15"),
        (("--result", "FAILED"), "--result takes PASS, FAIL, EXCEPTION, NOT_APPLICABLE or NOT_TESTED"),
        (("--tier", "severe"), "--tier takes critical, high, medium or low"),
        (("--account", "999999999999"), "account 999999999999 is in no plan"),
    ],
)
def test_a_wrong_word_is_told_with_the_right_ones(
    prooftrail: Prooftrail, town: Town, wrong: tuple[str, str], told: str
) -> None:
    said = prooftrail("results", town.address, *wrong)
    assert said.code == 2
    assert told in said.err


def test_an_account_nobody_reached_keeps_its_last_judgement_and_says_so(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("results", town.address, "--as-of", DAYS[2])
    assert f"account {MEMBER} was not judged in this run: shown as run {DAYS[1]} judged it" in one_line(said.out)
    stale = {
        one["judged_in_run"] for one in rows(prooftrail, town.address, "--as-of", DAYS[2]) if one["account"] == MEMBER
    }
    assert stale == {DAYS[1]}


def test_what_was_refused_is_not_tested_and_never_passes(prooftrail: Prooftrail, town: Town) -> None:
    found = [one for one in rows(prooftrail, town.address, "--as-of", DAYS[1]) if one["account"] == MEMBER]
    inventory = [one for one in found if one["control"] == "IDC-01"]
    assert [one["status"] for one in inventory] == ["NOT_TESTED"]
    assert not [one for one in found if one["control"] == "IDC-11" and one["status"] == "PASS"]


def test_findings_have_a_life(prooftrail: Prooftrail, town: Town) -> None:
    found = json.loads(prooftrail("findings", town.address, "--json").out)
    gone = [one for one in found if one["name"].endswith("svc-deploy")]
    assert gone
    assert {one["status"] for one in gone} == {"fixed"}
    assert all("it is gone: " in one["fixed_why"] for one in gone)
    assert all(one["since_before"] for one in found if one["opened_run"] == DAYS[0])
    carol = [one for one in found if one["name"].endswith("carol")]
    assert {one["opened_run"] for one in carol} == {DAYS[3]}


def test_open_findings_are_those_that_still_fail(prooftrail: Prooftrail, town: Town) -> None:
    still_open = json.loads(prooftrail("findings", town.address, "--open", "--json").out)
    failing = [one for one in rows(prooftrail, town.address) if one["status"] in ("FAIL", "EXCEPTION")]
    assert {(one["control"], one["subject"]) for one in still_open} == {
        (one["control"], one["subject"]) for one in failing
    }


def test_nothing_hostile_reaches_the_terminal(prooftrail: Prooftrail, town: Town) -> None:
    for command in ("results", "findings", "overview"):
        arguments = ("--result", "FAIL") if command == "results" else ()
        said = prooftrail(command, town.address, *arguments)
        assert said.code == 0
        assert "\x1b" not in said.out
        assert "\u202e" not in said.out
        assert max(map(len, said.out.splitlines())) <= 100
    assert ESCAPE not in said.out
    assert MARKUP not in said.out or "<img" in said.out


def test_page_one_counts_classes_and_tiers_and_says_how_people_come_in(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("overview", town.address)
    out = one_line(said.out)
    assert said.out.splitlines()[0] == f"Page one, as of 2026-11-04 06:00 UTC, run {DAYS[3]}"
    for part in (
        "Identities by class and tier",
        "How people come in",
        "Results by control",
        "Long-lived credentials not known to be a person's",
        "Not tested:",
        "The most serious chains of fact",
        "Privilege is an upper bound: session policies are invisible.",
    ):
        assert part in out
    page = json.loads(prooftrail("overview", town.address, "--json").out)
    assert sum(one["total"] for one in page["classes"]) == sum(one["total"] for one in page["kinds"])
    assert {one["account"] for one in page["chains"]} <= {HOME, MEMBER}


def test_page_one_of_a_run_with_gaps_begins_with_them(prooftrail: Prooftrail, town: Town) -> None:
    lines = prooftrail("overview", town.address, "--as-of", DAYS[2]).out.splitlines()
    assert lines[2].startswith("Not judged in this run, or not whole (")


def test_an_account_that_was_read_with_gaps_is_not_called_judged_whole(prooftrail: Prooftrail, town: Town) -> None:
    for command in ("results", "risk", "overview", "findings"):
        page = one_line(prooftrail(command, town.address, "--as-of", DAYS[1]).out)
        assert "judged without what was refused: principals denied in account" in page
        assert "everything in it was read whole" not in page


def test_a_control_the_map_does_not_have_is_wrong_use(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("results", town.address, "--control", "IDC-99")
    assert said.code == 2
    assert "IDC-99 is none of this map's" in said.err


def test_page_one_adds_up_to_what_the_run_counted(prooftrail: Prooftrail, town: Town) -> None:
    page = json.loads(prooftrail("overview", town.address, "--json").out)
    runs = json.loads(prooftrail("runs", town.address, "--json").out)
    assert sum(one["total"] for one in page["classes"]) == runs[-1]["identities"]
    assert page["carried"] == 0
    earlier = json.loads(prooftrail("overview", town.address, "--as-of", DAYS[2], "--json").out)
    assert earlier["carried"] > 0
