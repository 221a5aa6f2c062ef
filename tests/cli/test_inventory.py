"""`prooftrail runs`, `inventory`, `show` and `changes`: what is known, what is not, and where the bytes lie."""

import csv
import io
import json
import shutil
import unicodedata
from typing import Any

import pytest

from prooftrail.evidence import lines
from tests.cli.lockers import ASSURANCE, DAYS, ESCAPE, FLOOD, FORMULA, MARKUP, Copy, Prooftrail, Town
from tests.cli.test_verify import flip
from tests.flows.world import HOME, MEMBER


def rows(prooftrail: Prooftrail, *arguments: object) -> list[dict[str, Any]]:
    """The inventory as data."""
    found: list[dict[str, Any]] = json.loads(prooftrail("inventory", *arguments, "--json").out)
    return found


def one_line(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def test_runs_lists_every_run_with_its_accounts_and_the_head(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("runs", town.address)
    lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert lines[0].split() == [
        "SEQ", "RUN", "TRIGGER", "RESULT", "PLANNED", "SEALED", "GAPS", "UNREACHABLE", "SKIPPED", "IDENTITIES",
    ]  # fmt: skip
    assert lines[3].split() == ["3", DAYS[2], "schedule", "gaps", "2", "1", "0", "1", "0", "5"]
    head = json.loads(prooftrail("verify", town.address, "--json").out)["head"]
    assert lines[-2:] == [f"head {head}", ASSURANCE]


def test_runs_as_data_has_hashes_and_missed_ticks(prooftrail: Prooftrail, town: Town) -> None:
    found = json.loads(prooftrail("runs", town.address, "--json").out)
    assert [one["run_id"] for one in found] == list(DAYS)
    assert (found[0]["seq"], found[0]["missed_ticks"], len(found[0]["manifest_sha256"])) == (1, [], 64)


def test_inventory_shows_everything_read_and_ends_with_the_classes(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("inventory", town.address)
    lines = said.out.splitlines()
    assert lines[0] == f"Identities as of 2026-11-04 06:00 UTC, run {DAYS[3]}"
    assert lines[1] == ASSURANCE
    assert lines[2] == "Every account and every source that was planned was read whole."
    assert f"{MEMBER} acct-2  10 identities" in lines
    assert lines[-1].startswith("15 identities: 2 human, 13 non-human, 0 undetermined; 14 without a known owner")
    assert max(map(len, lines)) <= 100


def test_what_was_not_read_stands_first_and_what_was_seen_before_is_kept_and_marked(
    prooftrail: Prooftrail, town: Town
) -> None:
    said = prooftrail("inventory", town.address, "--as-of", "2026-11-03")
    out = one_line(said.out)
    assert said.out.splitlines()[1:3] == [ASSURANCE, "Not read (3):"]
    assert f"account {MEMBER} (acct-2) was not read in this run (unreachable: sts:AssumeRole: no such role)" in out
    assert f"principals denied in account {MEMBER}: iam:GetAccountAuthorizationDetails: not authorized" in out
    assert f"5 identities not read this time, as seen 1 day ago in run {DAYS[1]}" in out
    assert f"5 identities not read this time, as seen 2 days ago in run {DAYS[0]}" in out
    assert "10 not read this time" in out


def test_an_identity_nobody_saw_leave_is_still_listed_with_the_run_that_saw_it(
    prooftrail: Prooftrail, town: Town
) -> None:
    seen = {
        row["name"]: (row["seen_in_run"], row["stale"]) for row in rows(prooftrail, town.address, "--as-of", DAYS[2])
    }
    assert seen["ada"] == (DAYS[2], False)
    assert seen["vault"] == (DAYS[1], True)
    assert seen["svc-deploy"] == (DAYS[0], True)
    assert "svc-deploy" not in {row["name"] for row in rows(prooftrail, town.address)}


def test_an_account_that_was_never_read_is_said_to_be_missing(prooftrail: Prooftrail, tampered: Copy) -> None:
    for day in DAYS:
        shutil.rmtree(tampered.address / "snapshot" / day / MEMBER, ignore_errors=True)
    said = prooftrail("inventory", tampered.address)
    assert f"account {MEMBER} (acct-2) was never read" in one_line(said.out)
    assert "a newer snapshot is not believed" in one_line(said.out)


def test_a_snapshot_that_is_not_what_was_sealed_is_not_believed_and_the_one_before_stands(
    prooftrail: Prooftrail, tampered: Copy
) -> None:
    tampered.change(tampered.first(f"snapshot/{DAYS[3]}/{HOME}"), flip)
    said = prooftrail("inventory", tampered.address, "--account", HOME)
    assert f"as seen 1 day ago in run {DAYS[2]}" in said.out
    assert "is not the object that manifest 4 sealed" in one_line(said.out)


def test_gaps_are_warnings_on_stderr_where_stdout_is_for_machines(prooftrail: Prooftrail, town: Town) -> None:
    for form in ("json", "csv"):
        said = prooftrail("inventory", town.address, "--as-of", DAYS[1], "--format", form)
        assert said.code == 0
        assert f"prooftrail: warning: not read: principals denied in account {MEMBER}" in said.err
        assert "denied" not in said.out


def test_json_has_every_field_of_the_contract(prooftrail: Prooftrail, town: Town) -> None:
    found = {row["name"]: row for row in rows(prooftrail, town.address)}
    assert {"id", "arn", "name", "kind", "class", "owner", "purpose", "account"} <= found["bob"].keys()
    assert found["worker"] | {} == {
        **found["worker"],
        "id": "AROAWORKERXXXXXXXXXXX",
        "arn": f"arn:aws:iam::{MEMBER}:role/worker",
        "kind": "role_workload",
        "class": "non_human",
        "owner": None,
        "owner_rung": "none",
        "account_name": "acct-2",
        "region": "global",
        "last_used_at": "2025-09-15T06:00:00Z",
        "last_use": "dated",
        "class_basis": "inferred",
        "seen_in_run": DAYS[3],
        "stale": False,
    }
    assert (found["bob"]["last_use"], found["playground"]["last_use"], found["root"]["last_use"]) == (
        "no_password",
        "never",
        "unknown",
    )


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--class", "human"), {"root"}),
        (("--class", "Non-Human", "--kind", "role_workload"), {"worker"}),
        (("--kind", "secret"), {"vault"}),
        (("--account", "1111-1111-1111", "--kind", "service_user"), {"ada", "kim@example.com"}),
        (("--unowned", "--kind", "secret"), set()),
    ],
)
def test_filters_narrow_and_nothing_else(
    arguments: tuple[str, ...], names: set[str], prooftrail: Prooftrail, town: Town
) -> None:
    assert {row["name"] for row in rows(prooftrail, town.address, *arguments)} == names


def test_credentials_stand_below_the_user_they_belong_to(prooftrail: Prooftrail, town: Town) -> None:
    lines = prooftrail("inventory", town.address, "--account", HOME).out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("ada "))
    assert lines[at + 1].startswith("  AKIA1ada ")


def test_families_are_counted_over_accounts(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("inventory", town.address, "--family")
    lines = said.out.splitlines()
    assert lines[4].split() == ["FAMILY", "KIND", "CLASS", "OWNER", "MEMBERS", "ACCOUNTS"]
    assert any(line.startswith("playground#") and line.split()[1:4] == ["role_third_party", "non-human", "nobody"] for line in lines)  # fmt: skip


def test_people_are_named_while_their_objects_are_kept_and_pseudonyms_stay_afterwards(
    prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    assert "kim@example.com" in prooftrail("inventory", town.address, "--account", HOME).out
    shutil.rmtree(tampered.address / "people")
    said = prooftrail("inventory", tampered.address, "--account", HOME)
    assert "kim@example.com" not in said.out
    assert "person-" in said.out
    found = rows(prooftrail, town.address, "--account", HOME)
    assert all("kim@" not in row["id"] for row in found)


def test_a_person_is_found_by_address_and_by_pseudonym(prooftrail: Prooftrail, town: Town) -> None:
    shown = json.loads(prooftrail("show", town.address, "kim@example.com", "--json").out)
    assert shown["name"] == "kim@example.com"
    again = json.loads(prooftrail("show", town.address, shown["id"], "--json").out)
    assert again["arn"] == shown["arn"]


HOSTILE_READS = (
    ("inventory",),
    ("inventory", "--family"),
    ("inventory", "--format", "csv"),
    ("inventory", "--json"),
    ("show", "playground"),
    ("show", "playground", "--json"),
    ("show", "vault"),
    ("show", "vault", "--json"),
    ("show", FORMULA),
    ("changes", "--from", DAYS[0]),
    ("changes", "--from", DAYS[0], "--json"),
)


@pytest.mark.parametrize("arguments", HOSTILE_READS)
def test_hostile_text_never_reaches_a_terminal_alive(
    arguments: tuple[str, ...], prooftrail: Prooftrail, town: Town
) -> None:
    said = prooftrail(arguments[0], town.address, *arguments[1:])
    assert said.code == 0
    for one in said.out + said.err:
        assert one in "\r\n" or unicodedata.category(one)[0] != "C"


def test_hostile_text_is_shown_as_it_is_and_as_text(prooftrail: Prooftrail, town: Town) -> None:
    said = one_line(prooftrail("show", town.address, "playground").out)
    assert MARKUP in said
    assert "\\x1b]0;owned\\x07" in said
    assert "\\u202egnp.exe" in said
    shown = json.loads(prooftrail("show", town.address, "playground", "--json").out)
    assert shown["facts"]["description"] == f"{MARKUP} {ESCAPE}"


def test_a_flood_of_text_is_cut_on_the_page_and_whole_in_json(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("show", town.address, "vault")
    assert "AAA…" in "".join(said.out.split())
    assert len(said.out) < 10_000
    shown = json.loads(prooftrail("show", town.address, "vault", "--json").out)
    assert FLOOD in {tag["value"] for tag in shown["tags"]}


def test_no_cell_of_the_csv_can_be_taken_for_a_formula(prooftrail: Prooftrail, town: Town) -> None:
    text = prooftrail("inventory", town.address, "--format", "csv").out
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == 15
    assert f"'{FORMULA}" in {row["name"] for row in found}
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in found for cell in row.values())
    assert {row["owner"] for row in found if row["name"] == "vault"} == {f"'{FORMULA}"}


def test_show_tells_what_whose_why_and_the_way_to_the_bytes(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("show", town.address, f"arn:aws:iam::{MEMBER}:user/bob")
    out = said.out
    assert said.code == 0
    assert out.startswith("bob  (service_user, non-human)\n")
    assert "class         non-human, inferred: it has no password and holds an active key" in out
    assert "owner         nobody is named" in out
    assert "access-key AKIA2bob, Active, created 93 days ago, last used never" in one_line(out)
    assert "manifest      chain/00000004.json" in out
    assert f"snapshot      snapshot/{DAYS[3]}/{MEMBER}/" in out
    assert f"raw           raw/{DAYS[3]}/{MEMBER}/" in out
    assert "listed by     principals in global: ok" in out
    assert "joined by     credential_report in global: ok" in out
    assert "line 1        iam:GetAccountAuthorizationDetails in global, request r-" in out


def test_show_points_at_the_line_that_holds_the_identity(prooftrail: Prooftrail, town: Town) -> None:
    proof = json.loads(prooftrail("show", town.address, "AIDA2bob", "--json").out)["proof"][0]
    key = proof["snapshot"]["key"]
    unpacked = lines.unpack(key, (town.address / key).read_bytes()).splitlines()
    assert json.loads(unpacked[proof["line"] - 1])["id"] == "AIDA2bob"
    raw = proof["raw_lines"][0]
    answers = lines.unpack(raw["key"], (town.address / raw["key"]).read_bytes()).splitlines()
    assert "AIDA2bob" in json.loads(answers[raw["line"] - 1])["body"]


def test_trust_is_told_in_words(prooftrail: Prooftrail, town: Town) -> None:
    out = one_line(prooftrail("show", town.address, "playground").out)
    assert "May be assumed by whomever account 999999999999 lets, by sts:AssumeRole, only if" in out


def test_never_unknown_and_a_date_are_three_answers(prooftrail: Prooftrail, town: Town) -> None:
    assert (
        "last used     415 days ago, 2025-09-15 06:00 UTC in us-east-1"
        in prooftrail("show", town.address, "worker").out
    )
    assert "last used     never, as far as AWS keeps record" in prooftrail("show", town.address, "playground").out
    root = prooftrail("show", town.address, f"arn:aws:iam::{HOME}:root").out
    assert "last used     unknown: nothing that was read tells" in root


def test_history_says_what_happened_and_which_runs_cannot_tell(prooftrail: Prooftrail, town: Town) -> None:
    out = one_line(prooftrail("show", town.address, "svc-deploy").out)
    assert f"it is not there as of run {DAYS[3]}: shown as run {DAYS[0]} saw it last" in out
    first, second = (
        out.index(f"run {DAYS[1]} cannot tell, denied"),
        out.index(f"run {DAYS[2]} cannot tell, unreachable"),
    )
    assert out.index("2026-11-01 06:00 UTC discovered") < first < second < out.index("2026-11-04 06:00 UTC disappeared")


def test_an_identity_in_what_could_not_be_read_is_shown_with_that_warning(prooftrail: Prooftrail, town: Town) -> None:
    out = one_line(prooftrail("show", town.address, "svc-deploy", "--as-of", DAYS[1]).out)
    assert f"what lists it (principals) could not be read in run {DAYS[1]}" in out


def test_several_of_one_name_are_listed_and_the_id_is_asked_for(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("show", town.address, "root")
    assert said.code == 2
    assert said.out.count(":root") == 2
    assert said.err == "prooftrail: 2 identities answer to 'root': ask again with the id of one.\n"
    assert len(json.loads(prooftrail("show", town.address, "root", "--json").out)) == 2


def test_nobody_of_that_name_says_what_was_not_read_that_could_hold_one(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("show", town.address, "mallory")
    assert (said.code, said.out) == (3, "")
    assert "every account and source that could hold it was read whole" in said.err
    said = prooftrail("show", town.address, "mallory", "--as-of", DAYS[2])
    assert f"It may be in what was not read: account {MEMBER} (acct-2) was not read in this run" in said.err
    said = prooftrail("show", town.address, f"arn:aws:iam::{HOME}:user/mallory", "--as-of", DAYS[2])
    assert "every account and source that could hold it was read whole" in said.err


@pytest.mark.parametrize(
    ("when", "run"),
    [
        ("2026-11-02", DAYS[1]),
        (DAYS[1], DAYS[1]),
        ("2026-11-02T06:00:00Z", DAYS[1]),
        ("2026-11-02T05:59:59Z", DAYS[0]),
        ("2026-11-02T08:00:00+02:00", DAYS[1]),
        ("2030-01-01", DAYS[3]),
    ],
)
def test_a_date_an_instant_and_a_run_name_the_run_in_force(
    when: str, run: str, prooftrail: Prooftrail, town: Town
) -> None:
    assert prooftrail("inventory", town.address, "--as-of", when).out.splitlines()[0].endswith(f"run {run}")


@pytest.mark.parametrize(
    ("when", "code", "part"),
    [
        ("yesterday", 2, "'yesterday' is neither a date (2026-11-22), an instant"),
        ("2026-13-01", 2, "is neither a date"),
        ("20261131T000000Z", 3, "run 20261131T000000Z is in no manifest"),
        ("2026-10-31", 3, f"was taken by 2026-10-31: the first is {DAYS[0]}"),
    ],
)
def test_a_time_that_names_no_run_is_one_sentence(
    when: str, code: int, part: str, prooftrail: Prooftrail, town: Town
) -> None:
    said = prooftrail("inventory", town.address, "--as-of", when)
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1)
    assert part in said.err


def test_an_account_the_locker_does_not_know_is_one_sentence(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("inventory", town.address, "--account", "333333333333")
    assert said.code == 3
    assert "account 333333333333 is in no plan up to run" in said.err


def test_changes_tell_what_came_and_went_and_where_nobody_could_look(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("changes", town.address, "--from", DAYS[0])
    out = one_line(said.out)
    assert "Not read, so that changes may be missing (3):" in said.out
    assert f"run {DAYS[2]}, account {MEMBER}, the account unreachable" in out
    assert "disappeared svc-deploy (service_user) AIDA2svc-deploy" in out
    assert "discovered carol (service_user) AIDA2carol" in out
    assert said.out.splitlines()[-1] == "2 disappeared, 2 discovered"


def test_changes_default_to_the_run_before_and_a_quiet_day_is_quiet(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("changes", town.address, "--to", DAYS[2], "--account", HOME)
    assert said.out.splitlines()[0] == f"Changes after run {DAYS[1]} (2026-11-02 06:00 UTC)"
    assert said.out.splitlines()[-1] == "nothing changed in what was read"


def test_a_departure_behind_a_refused_reading_is_told_once_it_can_be(prooftrail: Prooftrail, town: Town) -> None:
    found = json.loads(prooftrail("changes", town.address, "--from", DAYS[2], "--to", DAYS[3], "--json").out)
    gone = {one["id"] for step in found["steps"] for one in step["changes"] if one["what"] == "disappeared"}
    assert gone == {"AIDA2svc-deploy", "AKIA2svc-deploy"}


def test_changes_from_before_the_first_run_begin_with_first_readings(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("changes", town.address, "--from", "2020-01-01", "--to", DAYS[0])
    assert "Changes after the beginning" in said.out
    assert "first reading: 10 identities, nothing earlier to compare with" in said.out


def test_from_after_to_is_wrong_use(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("changes", town.address, "--from", DAYS[3], "--to", DAYS[0])
    assert said.code == 2
    assert "turn them round" in said.err
