"""What somebody tried on real packs: each of it is named, said not to be checked, or said not to be held."""

import base64
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_pack
from tests.builders.packs import a_pack_run, a_period
from tests.pack.small_packs import (
    ACCOUNT,
    KEY,
    REGISTERS,
    ROLE,
    USER,
    WATCHDOG,
    Small,
    a_locker,
    a_pack,
    a_sample,
    reseal,
    the_records,
    verify,
)

SHIPPED = Path(verify_pack.__file__)
ORIGIN = ("--fingerprint", KEY.fingerprint)
INVENTORY, RISKS, RESULTS, FINDINGS = REGISTERS


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return a_pack(tmp_path / "pack")


def raw_of(pack: Path, run: str = "20261103") -> Path:
    return next((pack / "evidence/raw").glob(f"{run}*/*/*.gz"))


# --- the walk judges what it opens ------------------------------------------------------------------------------------


def forge(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"req-1", b"req-9")))


@pytest.mark.parametrize("asked", [("--row", "07:1"), ("--row", "03:1"), ("--control", "A.5.17")])
def test_answers_of_aws_that_were_exchanged_are_named_and_not_told(pack: Path, asked: tuple[str, str]) -> None:
    path = raw_of(pack)
    forge(path)
    said = verify(pack, *ORIGIN, *asked)
    assert said.status == 1
    assert said.blames(path.name)


def test_answers_that_were_exchanged_and_truly_signed_are_not_what_the_manifest_sealed(pack: Path) -> None:
    path = raw_of(pack)
    forge(path)
    reseal(pack, KEY)
    assert "sealed other bytes" in verify(pack, *ORIGIN, "--row", "07:1").blames(path.name)


@pytest.mark.parametrize("kind", ["raw", "snapshot", "assessment", "people"])
def test_a_listed_object_on_the_way_that_is_not_there_is_a_fault(pack: Path, kind: str) -> None:
    gone = next((pack / f"evidence/{kind}").glob("20261103*/*/*.gz"))
    gone.unlink()
    said = verify(pack, *ORIGIN, "--row", "07:1")
    assert said.status == 1
    assert said.blames(gone.name).startswith("is not there, and the pack's statement lists it")
    assert "not in this pack. Ask" not in said.walk


def test_answers_no_manifest_names_are_not_told(tmp_path: Path) -> None:
    key = f"raw/20261103T060000Z/{ACCOUNT}/{'0' * 64}.jsonl.gz"
    body = gzip.compress(json.dumps({"api": "iam:Fake", "body": f"<Id>{USER}</Id>"}).encode() + b"\n")
    said = verify(a_pack(tmp_path / "pack", also={key: body}), *ORIGIN, "--row", "07:1")
    assert said.blames(key) == "no manifest names it"
    assert "iam:Fake" not in said.walk


def test_answers_of_an_older_run_that_are_in_the_pack_are_told(tmp_path: Path) -> None:
    locker = a_locker(1, watchdog=None)
    later = the_records("20261102T060000Z", carried_from=locker.manifests[0].run.id)
    later[EvidenceKind.RAW] = later[EvidenceKind.RAW][1:]
    locker.run(1, later)
    assert "request req-1" in verify(a_pack(tmp_path / "pack", locker), "--row", "07:1").walk


# --- only files the statement lists decide ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["05.csv", "05_another.csv", "07.csv"])
def test_a_file_the_statement_does_not_list_decides_nothing(pack: Path, name: str) -> None:
    (pack / name).write_text("control_id,iso\r\nIDC-15,A.5.99\r\n")
    assert verify_pack.main([str(pack), "--control", "A.5.99"]) == 2
    assert "IDC-15: 1 FAIL" in verify(pack, *ORIGIN, "--control", "A.5.17").walk


def test_a_listed_map_that_is_not_there_is_a_fault_whatever_lies_beside_it(pack: Path) -> None:
    (pack / "05_control_map.csv").rename(pack / "05.csv")
    said = verify(pack, *ORIGIN, "--control", "A.5.17")
    assert said.status == 1
    assert said.blames("05_control_map.csv")


def test_a_number_two_registers_have_asks_which(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("02_population_reconciliation.csv", "02_identities_came_and_went.csv"):
        (pack / name).write_text("a\r\n")
    reseal(pack, KEY)
    assert verify_pack.main([str(pack), "--row", "02:3"]) == 2
    said = capsys.readouterr().err
    assert "02_identities_came_and_went.csv and 02_population_reconciliation.csv" in said


# --- rows -------------------------------------------------------------------------------------------------------------


def test_every_column_of_the_four_registers_is_known_and_said_to_be_held_or_not() -> None:
    for name, (table, _, _, _) in REGISTERS.items():
        assert [one.name for one in table.columns] == list(verify_pack.TABLES[name].columns)


@pytest.mark.parametrize("register", list(REGISTERS))
@pytest.mark.parametrize("change", ["renamed", "gone", "more"])
def test_a_register_with_another_header_is_a_fault_though_it_is_truly_signed(
    tmp_path: Path, register: str, change: str
) -> None:
    def other(registers: dict[str, list[dict[str, Any]]]) -> None:
        for row in registers[register]:
            cells = dict(row)
            row.clear()
            for name, value in cells.items():
                if name == "kind" and change == "renamed":
                    row["Kind"] = value
                elif name != "kind" or change == "more":
                    row[name] = value
            if change == "more":
                row["remark"] = "all is well"

    said = verify(a_pack(tmp_path / "pack", rows=other), *ORIGIN, "--rows")
    assert said.status == 1
    assert "its header is not the one" in said.blames(f"{register}.csv")


HELD = {
    INVENTORY: {"arn": "x", "class": "human", "account_id": "2", "created_at": "2026-01-01T00:00:00Z", "family": "f",
                "residual_tier": "low", "inherent_tier": "low", "environment": "dev", "privilege_class": "none",
                "tier_at_least": "low", "purpose": "p", "region": "r", "stale": True, "last_seen": "r",
                "carried_from": "r", "not_read": ["x"], "last_review_at": "2026-01-01T00:00:00Z", "parent_id": "p",
                "account_status": "left or not planned"},
    RISKS: {"residual_tier": "low", "name": "x", "arn": "x", "kind": "x", "factors": [], "floors": ["F1"],
            "certain": False, "computed_at": "2026-01-01T00:00:00Z", "account_id": "2", "stale": True, "points": 0,
            "privilege_class": "none", "environment": "dev"},
    RESULTS: {"exception_id": "E1", "account_id": "2", "arn": "x", "name": "x", "kind": "x", "stale": True,
              "evaluated_at": "2026-01-01T00:00:00Z", "judged_in_run": "r", "threshold": "9", "threshold_set_by": "x",
              "gaps": ["x"], "subject": "x", "tier": "low", "measured_value": "0"},
    FINDINGS: {"overdue": False, "closed_by": "x", "exception_id": "E1", "due": "2027-01-01T00:00:00Z", "status": "fixed",
               "name": "x", "corrective_action": "x", "owner": "x", "severity": "low", "done_at": "2026-01-01T00:00:00Z",
               "reopened_count": 3, "effectiveness_result": "effective", "began_before_first_run": True, "runs_held": 9},
}  # fmt: skip


@pytest.mark.parametrize(("register", "column"), [(one, each) for one, columns in HELD.items() for each in columns])
def test_a_false_cell_of_a_held_column_is_named_though_it_is_truly_signed(
    tmp_path: Path, register: str, column: str
) -> None:
    def false(registers: dict[str, list[dict[str, Any]]]) -> None:
        registers[register][0][column] = HELD[register][column]

    said = verify(a_pack(tmp_path / "pack", a_locker(1), rows=false), *ORIGIN, "--rows")
    assert said.status == 1
    assert column in said.blames(f"{register}.csv row 1") + said.blames(f"{RISKS}.csv row 1")


def test_the_report_of_rows_says_which_columns_are_held_and_which_are_not(pack: Path) -> None:
    ran = subprocess.run([sys.executable, "-I", SHIPPED, pack, "--rows"], capture_output=True, text=True, check=False)
    told = next(one for one in ran.stdout.splitlines() if one.startswith("rows") and RESULTS in one)
    held, _, signed = told.partition("NOT held, only signed: ")
    assert "exception_id" in held
    assert signed == "first_failed_at, fixed_at, first_failed_how, finding_id, held_since_run"


def without_account(registers: dict[str, list[dict[str, Any]]]) -> None:
    for rows in registers.values():
        rows.clear()


def test_an_account_left_out_of_the_registers_and_of_the_evidence_is_missed(tmp_path: Path) -> None:
    left_out = [f"^(snapshot|assessment|findings)/.*/{ACCOUNT}/"]
    said = verify(a_pack(tmp_path / "pack", rows=without_account, without=left_out), *ORIGIN, "--rows")
    assert said.status == 1
    for register in REGISTERS:
        assert "the newest of its account" in said.blames(f"{register}.csv")


def test_results_of_an_older_run_cannot_stand_for_the_newest(tmp_path: Path) -> None:
    locker = a_locker(2)
    newest = locker.manifests.pop()
    pack = a_pack(tmp_path / "older", locker, as_of=as_of(newest), without=["^(snapshot|assessment|findings)/20261102"])
    said = verify(pack, *ORIGIN, "--rows")
    assert said.status == 1
    assert "the newest of its account" in said.blames(f"{RESULTS}.csv")
    assert "not the newest" in said.blames(f"{RESULTS}.csv")


def as_of(manifest: Any) -> Any:
    return a_pack_run(run_id=manifest.run.id, seq=manifest.seq, governance=manifest.governance)


def test_an_account_no_newer_run_read_keeps_its_older_objects(tmp_path: Path) -> None:
    locker = a_locker(1)
    newest = the_records("20261102T060000Z")
    locker.run(1, {EvidenceKind.RAW: newest[EvidenceKind.RAW]})
    said = verify(a_pack(tmp_path / "pack", locker), *ORIGIN, "--rows")
    assert (said.status, said.faults) == (0, {})


def test_a_pack_of_other_accounts_need_not_have_this_ones(tmp_path: Path) -> None:
    options = msgspec.structs.replace(a_period().options, accounts=("222222222222",))
    left_out = [f"^(snapshot|assessment|findings)/.*/{ACCOUNT}/"]
    pack = a_pack(tmp_path / "pack", rows=without_account, without=left_out, options=options)
    assert verify(pack, *ORIGIN, "--rows").faults == {}


# --- rows of accounts that have left ----------------------------------------------------------------------------------


def test_results_of_an_account_that_has_left_are_counted_apart(tmp_path: Path) -> None:
    locker = a_locker(1)
    other = AccountCoverage(account="222222222222", status="sealed", reason=None, identities=0, cells=1, cells_ok=1)
    locker.run(1, {EvidenceKind.RAW: []}, coverage=(other,))
    options = msgspec.structs.replace(a_period().options, since=date(2026, 11, 1))

    def left(registers: dict[str, list[dict[str, Any]]]) -> None:
        for rows in registers.values():
            for row in rows:
                row["account_status"] = "left or not planned"

    pack = a_pack(tmp_path / "pack", locker, rows=left, options=options)
    assert verify(pack, *ORIGIN, "--rows").faults == {}
    walk = verify(pack, *ORIGIN, "--control", CONTROL).walk
    assert (
        "no result of an account of the run shown, and 1 FAIL, 1 PASS of accounts that are not of the run shown any more"
        in walk
    )


CONTROL = "IDC-15"


# --- policy -----------------------------------------------------------------------------------------------------------

DERIVED = [
    f"{one}.json" for one in ("scope", "owners", "thresholds", "registers", "suppliers", "soa", "exceptions", "notices")
]


@pytest.mark.parametrize("name", ["governance.json", "control_catalog.toml", *DERIVED])
@pytest.mark.parametrize("change", ["gone", "other"])
def test_policy_is_what_was_in_force_though_the_pack_is_truly_signed(pack: Path, name: str, change: str) -> None:
    path = pack / "policy" / name
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b" ")
    reseal(pack, KEY)
    said = verify(pack, *ORIGIN)
    assert said.status == 1
    assert said.blames(f"policy/{name}")


# --- samples ----------------------------------------------------------------------------------------------------------


def test_exclusions_are_told_with_their_reasons_and_called_not_independent(pack: Path, tmp_path: Path) -> None:
    path = a_sample(pack, tmp_path / "s.json", size=1, strata=("kind",), exclude={ROLE: "known to be fine"})
    said = verify(pack, *ORIGIN, "--sample", str(path))
    assert said.status == 0
    assert "excluded   1 of 2" in said.walk
    assert f"{ROLE}: known to be fine" in said.walk
    assert "NOT INDEPENDENT of who excluded" in said.walk
    assert "stratum    human_user: 1 of 1" in said.walk


@pytest.mark.parametrize("exclude", [{ROLE: ""}, {"AROANOBODY": "is none"}])
def test_an_exclusion_without_a_reason_or_of_nothing_is_a_fault(
    pack: Path, tmp_path: Path, exclude: dict[str, str]
) -> None:
    path = a_sample(pack, tmp_path / "s.json", size=1, exclude=exclude)
    assert "excludes" in verify(pack, *ORIGIN, "--sample", str(path)).blames("s.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", 9), ("rank", "0" * 64), ("stratum", "x"), ("item_id", "x")],
)
def test_each_field_of_what_was_drawn_is_held(pack: Path, tmp_path: Path, field: str, value: Any) -> None:
    path = a_sample(pack, tmp_path / "s.json", size=2)
    record = json.loads(path.read_bytes())
    record["selected"][1][field] = value
    path.write_text(json.dumps(record))
    assert "`selected`" in verify(pack, *ORIGIN, "--sample", str(path)).blames("s.json")


def test_a_seed_said_to_be_the_watchdogs_is_held_against_its_word(tmp_path: Path) -> None:
    locker = a_locker(2)
    pack, word = a_pack(tmp_path / "pack", locker), locker.words[-1].key
    seed = canonical.sha256(locker.files[word])
    true = a_sample(pack, tmp_path / "true.json", size=1, seed=seed, seed_source="witness", seed_word=word)
    said = verify(pack, *ORIGIN, "--sample", str(true))
    assert said.status == 0
    assert f"the SHA-256 of {word}" in said.walk
    for name, text, of in (("dice", "dice", word), ("other", seed, locker.words[0].key), ("none", "dice", None)):
        path = a_sample(pack, tmp_path / f"{name}.json", size=1, seed=text, seed_source="witness", seed_word=of)
        assert "its seed is not" in verify(pack, *ORIGIN, "--sample", str(path)).blames(name)


def test_a_watchdogs_seed_without_any_word_is_a_fault(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", without=["^witness/"])
    path = a_sample(pack, tmp_path / "s.json", size=1, seed_source="witness", seed_word="witness/00000003.json")
    assert "no word in this pack" in verify(pack, *ORIGIN, "--sample", str(path)).blames("s.json")


@pytest.mark.parametrize("option", ["--sample", "--public-key"])
def test_a_pipe_given_as_a_file_is_wrong_use_and_never_waited_for(pack: Path, tmp_path: Path, option: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    asked = [sys.executable, "-I", SHIPPED, pack, option, tmp_path / "pipe"]
    assert subprocess.run(asked, capture_output=True, check=False, timeout=20).returncode == 2


# --- what starves it --------------------------------------------------------------------------------------------------


def test_many_missing_files_are_counted_in_time(pack: Path) -> None:
    path = pack / integrity_statement.PATH
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    more = [{"path": f"zz/{at}", "sha256": "0" * 64, "size": 1} for at in range(20_000)]
    statement["predicate"]["files"] += more
    statement["subject"] += [{"name": one["path"], "digest": {"sha256": one["sha256"]}} for one in more]
    body = json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()
    path.write_bytes(integrity_statement.sealed(body, keyid=KEY.fingerprint, sign=KEY.sign))
    began = time.process_time()
    ran = subprocess.run([sys.executable, "-I", SHIPPED, pack], capture_output=True, text=True, check=False)
    assert "NOT INTACT: 20,000 things do not hold" in ran.stdout
    assert ran.stdout.count("WRONG") == 101
    assert len(verify(pack).faults) == verify_pack.MOST_KEPT
    assert time.process_time() - began < 10


@pytest.mark.parametrize("piece", [b"[],", b'"a",', b"0,", b"{},", b"[[]],"])
@pytest.mark.parametrize(
    "where", [integrity_statement.PATH, "evidence/chain/00000002.json", "evidence/witness/00000002.json"]
)
def test_what_would_unfold_to_much_more_is_not_unfolded(pack: Path, where: str, piece: bytes) -> None:
    payload = b'{"_type":"x","a":[' + piece * (6_000_000 // len(piece)) + b"0]}"
    sealed = integrity_statement.sealed(payload, keyid=None, sign=None)
    (pack / where).write_bytes(sealed)

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))

    asked = [sys.executable, "-I", SHIPPED, pack, "--threads", "1"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False, preexec_fn=little, timeout=60)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "MemoryError" not in ran.stdout + ran.stderr


def test_a_large_statement_no_key_of_the_chain_signed_is_not_looked_into(pack: Path) -> None:
    body = b'{"_type":"' + b"x" * 2_000_000 + b'"}'
    forged = integrity_statement.sealed(body, keyid=WATCHDOG.fingerprint, sign=WATCHDOG.sign)
    (pack / integrity_statement.PATH).write_bytes(forged)
    assert "was not looked into" in verify(pack, *ORIGIN).faults[integrity_statement.PATH]


# --- what is printed, and where to ------------------------------------------------------------------------------------

ESCAPES = "\x1b[2J\x1b[31m\u202egnp\x07"


def visible(text: str) -> bool:
    return not any(one in text for one in "\x1b\u202e\x07")


def test_nothing_that_would_move_a_terminal_is_printed(pack: Path, tmp_path: Path) -> None:
    (pack / f"02_{ESCAPES}.csv").write_text("x")
    (pack / f"evidence/{ESCAPES}").write_text("x")
    sample = a_sample(pack, tmp_path / f"{ESCAPES}.json", size=1, exclude={ROLE: ESCAPES}, seed_source=ESCAPES)
    for asked in ((), ("--row", f"02{ESCAPES}:1"), ("--sample", str(sample)), ("--control", ESCAPES), (f"--{ESCAPES}",),
                  ("--sample", f"/nowhere/{ESCAPES}"), ("--public-key", f"/nowhere/{ESCAPES}")):  # fmt: skip
        ran = subprocess.run([sys.executable, "-I", SHIPPED, pack, *asked], capture_output=True, text=True, check=False)
        assert "Traceback" not in ran.stderr
        assert visible(ran.stdout + ran.stderr), asked


SINKS: dict[str, str] = {
    "closed": ">&-",
    "both closed": ">&- 2>&-",
    "full": "> /dev/full",
    "error full": "2> /dev/full > /dev/full",
    "nobody listens": "| exit 0",
}


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("asked", ["", "--json", "--help", "--fingerprint abc"])
def test_an_answer_nobody_can_read_is_no_success_and_no_traceback(pack: Path, sink: str, asked: str) -> None:
    said = pack.parent / "status"
    command = f"{{ {sys.executable} -I {SHIPPED} {pack} {asked}; echo $? > {said}; }} {SINKS[sink]}"
    if sink == "nobody listens":
        command = f"{{ sleep 0.2; {sys.executable} -I {SHIPPED} {pack} {asked}; echo $? > {said}; }} | true"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
    wanted = {"2"} if "fingerprint" in asked else {"0", "3"} if "help" in asked else {"3"}
    assert said.read_text().strip() in wanted | ({"3"} if "error" in sink or "both" in sink else set())


@pytest.mark.parametrize("path", ["", ":/nowhere", ".", "{pack}", ".:/nowhere:{pack}/."])
def test_code_that_lies_beside_it_is_not_run_whatever_pythonpath_says(pack: Path, path: str) -> None:
    for name in ("json", "hmac", "cryptography", "argparse", "contextlib", "csv", "datetime", "typing"):
        (pack / f"{name}.py").write_text("print('owned')\nraise SystemExit(0)\n")
    known = {"PYTHONPATH": path.format(pack=pack)}
    for place in (pack, pack.parent):
        ran = subprocess.run(
            [sys.executable, pack / "verify.py", pack],
            cwd=place,
            env=known,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "owned" not in ran.stdout + ran.stderr
        assert ran.returncode == 1


def test_an_openssl_on_another_drive_is_no_traceback(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def apart(_: list[str]) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", apart)
    assert verify(pack, *ORIGIN, "--tool", "openssl").status == 0


# --- the watchdog -----------------------------------------------------------------------------------------------------

WITNESSED = (*ORIGIN, "--witness-fingerprint", WATCHDOG.fingerprint)


def test_heads_rewritten_with_a_late_closing_and_no_words_are_not_vouched_for(tmp_path: Path) -> None:
    end = a_locker(5).manifests[-1].closed_at
    forged = Small()
    for day in range(5):
        forged.run(day, closed_at=end)
    said = verify(a_pack(tmp_path / "pack", forged), *WITNESSED)
    assert said.status == 3
    assert any("3 never seen" in one for one in said.not_checked)


def test_no_word_at_all_is_not_vouched_for(tmp_path: Path) -> None:
    locker = Small()
    locker.run(0)
    said = verify(a_pack(tmp_path / "pack", locker), *WITNESSED)
    assert said.status == 3
    assert any("none of its words" in one for one in said.not_checked)


def test_seen_manifests_rewritten_without_their_words_show_once_they_are_older_than_48_hours(tmp_path: Path) -> None:
    forged = a_locker(2)
    for day in (2, 3, 4, 5):
        forged.run(day)
    said = verify(a_pack(tmp_path / "pack", forged), *WITNESSED)
    assert said.status == 3
    assert any("2 never seen" in one for one in said.not_checked)


def test_the_last_48_hours_are_said_to_be_pinned_by_nothing(tmp_path: Path) -> None:
    forged = a_locker(3)
    forged.run(3)
    said = verify(a_pack(tmp_path / "pack", forged), *WITNESSED)
    assert said.status == 0
    assert any("the newest 1 manifests, of the last 48 h, are pinned by no word" in one for one in said.notes)


def test_a_word_within_48_hours_of_the_run_is_in_time(tmp_path: Path) -> None:
    locker = a_locker(1)
    locker.word(locker.run(1).closed_at + timedelta(hours=47))
    assert verify(a_pack(tmp_path / "pack", locker), *WITNESSED).status == 0
