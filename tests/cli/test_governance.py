"""`prooftrail governance`: every mistake of a policy at once, what a policy would change, and what an approver signs."""

import json
from pathlib import Path

import pytest

from prooftrail.governance import FILES, parse
from tests.cli.lockers import DAYS, Prooftrail, Said, Town
from tests.governance.entries import EXCEPTION, OWNERS, THRESHOLD, of, registered
from tests.governance.test_policy import SHIPPED
from tests.governance.test_signature import MESSAGE, signed

ADMIN = "arn:aws:iam::*:role/platform-admin"


def written(folder: Path, **files: str) -> Path:
    """A directory with these files beside the usual owners."""
    folder.mkdir()
    for name, body in of(**files).items():
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Two days under two policies: on the second an exception came and somebody became privileged."""
    town = Town(tmp_path_factory.mktemp("ruled"))
    town.governance = parse(of(thresholds=THRESHOLD))
    town.run(1)
    town.governance = parse(of(thresholds=THRESHOLD, exceptions=EXCEPTION, registers=registered("privileged")))
    town.run(2)
    return town


def checked(prooftrail: Prooftrail, folder: Path) -> Said:
    return prooftrail("governance", "check", folder)


def test_the_policy_that_is_shipped_is_sound(prooftrail: Prooftrail) -> None:
    said = checked(prooftrail, SHIPPED)
    assert said.code == 0
    assert "is sound" in said.out
    assert all(name in said.out for name in FILES)
    assert said.err == ""


def test_a_sound_policy_is_counted_and_its_approvals_are_weighed(prooftrail: Prooftrail, tmp_path: Path) -> None:
    folder = written(tmp_path / "g", thresholds=THRESHOLD, exceptions=signed())
    said = checked(prooftrail, folder)
    assert said.code == 0
    assert "exceptions.toml   exception 1, allowed_signer 1" in said.out
    assert "soa.toml          absent: its built-in defaults apply" in said.out
    assert "notices.toml      absent: nothing is sent, and what would be is planned all the same" in said.out
    assert "Notices: nothing is sent, all is planned. No security_team is asked last; at most 500 a day." in said.out
    assert "1 approval verified by signature" in said.out
    assert "1 approval declared, not verified" in said.out


def test_it_says_which_tiers_are_sent_and_who_is_asked_last(prooftrail: Prooftrail, tmp_path: Path) -> None:
    opened = "".join(
        f'[[opened]]\ntier = "{tier}"\napproved_by = "J"\napproved_on = {on}\n'
        for tier, on in (("critical", "2020-01-01"), ("high", "2020-01-01"), ("medium", "2999-01-01"))
    )
    folder = written(tmp_path / "g", notices='security_team = "jane"\ncap_per_day = 20\n' + opened)
    said = checked(prooftrail, folder)
    assert said.code == 0
    line = "Notices: critical, high are sent; medium from 2999-01-01 on; low only planned. jane is asked last; at most 20 a day."
    assert line in said.out
    told = json.loads(prooftrail("governance", "check", folder, "--json").out)["notices"]
    assert (told["opened"], told["later"], told["closed"]) == (
        ["critical", "high"],
        [["medium", "2999-01-01"]],
        ["low"],
    )
    assert "owner, entry 2: has no address" in said.err


def test_what_has_ended_is_a_warning_and_no_mistake(prooftrail: Prooftrail, tmp_path: Path) -> None:
    old = EXCEPTION.replace("2026-11-02", "2020-11-02").replace("2027-03-31", "2021-03-31")
    said = checked(prooftrail, written(tmp_path / "g", exceptions=old))
    assert said.code == 0
    assert "warning: exceptions.toml: exception EX-1 ended on 2021-03-31" in said.err


def test_a_limit_that_changes_nothing_is_a_warning_and_no_mistake(prooftrail: Prooftrail, tmp_path: Path) -> None:
    idle = THRESHOLD.replace("IDC-15", "IDC-22").replace("max_age_days", "unbounded_iam_writers_allowed")
    folder = written(tmp_path / "g", thresholds=idle)
    said = checked(prooftrail, folder)
    assert said.code == 0
    assert "warning: thresholds.toml: IDC-22 unbounded_iam_writers_allowed has no effect in this version" in said.err
    told = json.loads(prooftrail("governance", "check", folder, "--json").out)["without_effect"]
    assert len(told) == 1
    assert "has no effect" not in checked(prooftrail, written(tmp_path / "h", thresholds=THRESHOLD)).err


def test_what_can_hardly_be_meant_is_a_warning_and_no_mistake(prooftrail: Prooftrail, tmp_path: Path) -> None:
    folder = written(tmp_path / "g", exceptions=EXCEPTION.replace("Sam Poe", "Jane  Doe"), scope="[tags]\nhuman=['me']")
    said = checked(prooftrail, folder)
    assert said.code == 0
    assert "scope.toml        1 key set: tags.human" in said.out
    assert "warning: exceptions.toml, line 10: exception, entry 1: approver: the requester approved it" in said.err
    assert len(json.loads(prooftrail("governance", "check", folder, "--json").out)["warnings"]) == 1


def test_every_mistake_is_told_with_its_file_and_line(prooftrail: Prooftrail, tmp_path: Path) -> None:
    folder = written(tmp_path / "g", scope="[tag]", thresholds=THRESHOLD.replace("max_age_days", "max_age"))
    (folder / "threshold.toml").write_text("")
    said = checked(prooftrail, folder)
    assert said.code == 2
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].startswith("prooftrail: threshold.toml is no governance file of this version")
    assert lines[1] == "prooftrail: scope.toml, line 1: unknown key 'tag'; did you mean tags?"
    assert lines[2].startswith("prooftrail: thresholds.toml, line 4: threshold, entry 1: name: IDC-15 has no threshold")
    assert lines[3].endswith("has 3 mistakes.")


def test_the_answer_is_json_where_asked_for(prooftrail: Prooftrail, tmp_path: Path) -> None:
    sound = json.loads(prooftrail("governance", "check", written(tmp_path / "a"), "--json").out)
    assert sound["sound"] is True
    wrong = prooftrail("governance", "check", written(tmp_path / "b", scope="[tag]"), "--json")
    assert wrong.code == json.loads(wrong.out)["exit_status"] == 2
    assert len(json.loads(wrong.out)["wrong"]) == 1


def test_a_directory_that_is_not_there_is_no_empty_policy(prooftrail: Prooftrail, tmp_path: Path) -> None:
    said = checked(prooftrail, tmp_path / "nowhere")
    assert said.code == 2
    assert "there is no governance directory at" in said.err


def test_a_run_is_held_against_the_one_before_it(prooftrail: Prooftrail, ruled: Town) -> None:
    said = prooftrail("governance", "diff", DAYS[1], "--locker", ruled.address)
    assert said.code == 0
    assert f"The policy: run {DAYS[0]} → run {DAYS[1]}" in said.out
    assert "LOOSENED  IDC-15 is now excepted for AIDAEXAMPLE0000000001 until 2027-03-31 (EX-1)" in said.out
    assert f"LOOSENED  {ADMIN} is now registered as privileged" in said.out
    assert "+ exceptions.toml: exception EX-1 added" in said.out
    assert f"+ registers.toml: privileged {ADMIN} added" in said.out
    assert "person-" not in said.out


def test_a_directory_is_held_against_a_run_under_the_same_pseudonyms(
    prooftrail: Prooftrail, ruled: Town, tmp_path: Path
) -> None:
    same = written(tmp_path / "same", thresholds=THRESHOLD, exceptions=EXCEPTION, registers=registered("privileged"))
    at = ("--locker", ruled.address, "--home", ruled.home)
    assert "nothing differs" in prooftrail("governance", "diff", DAYS[1], same, *at).out
    other = written(
        tmp_path / "other",
        owners=OWNERS.replace("Jane Doe", "Jane Roe"),
        thresholds=THRESHOLD.replace("low = 90", "low = 91"),
        exceptions=EXCEPTION.replace("2027-03-31", "2027-04-01"),
    )
    said = prooftrail("governance", "diff", DAYS[1], other, *at)
    assert "LOOSENED  IDC-15 max_age_days at low: 90 days became 91 days, from the first run that seals it" in said.out
    assert "What is loosened takes effect with the run that seals it first" in said.out
    assert "LOOSENED  exception EX-1 lasts longer, until 2027-04-01" in said.out
    assert "~ exceptions.toml: exception EX-1 changed" in said.out
    assert "expires_on: 2027-03-31 → 2027-04-01" in said.out
    assert "name: Jane Doe → Jane Roe" in said.out
    assert f"- registers.toml: privileged {ADMIN} removed" in said.out
    found = json.loads(prooftrail("governance", "diff", DAYS[1], other, *at, "--json").out)
    assert len(found["loosened"]) == 2


def test_a_directory_needs_the_home_whose_key_makes_the_pseudonyms(
    prooftrail: Prooftrail, ruled: Town, tmp_path: Path
) -> None:
    folder = written(tmp_path / "g")
    at = ("governance", "diff", DAYS[1], folder, "--locker", ruled.address)
    for home in ((), ("--home", tmp_path)):
        said = prooftrail(*at, *home)
        assert said.code == 2
        assert "sealed policies hold pseudonyms" in said.err
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "fingerprint-key").write_bytes(b"s" * 32)
    (stranger / "fingerprint-key").chmod(0o600)
    assert "another fingerprint key" in prooftrail(*at, "--home", stranger).err


def test_the_first_run_has_none_before_it(prooftrail: Prooftrail, ruled: Town) -> None:
    said = prooftrail("governance", "diff", DAYS[0], "--locker", ruled.address)
    assert said.code == 2
    assert "is the first" in said.err


def test_what_an_approver_signs_is_printed_and_nothing_beside_it(prooftrail: Prooftrail, tmp_path: Path) -> None:
    folder = written(tmp_path / "g", exceptions=EXCEPTION)
    assert prooftrail("governance", "bytes", "EX-1", folder).out.encode() == MESSAGE
    assert "has no exception 'EX-9'" in prooftrail("governance", "bytes", "EX-9", folder).err
    assert "there is no exceptions.toml" in prooftrail("governance", "bytes", "EX-1", written(tmp_path / "h")).err
