"""`prooftrail pack`, as a shell runs it: what it makes, who signs it, and every wrong word it is given."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.pull_notes import PullDirectory
from prooftrail.cli.pack_requests import read_requests
from prooftrail.evidence import envelope
from prooftrail.evidence.pulled import Scope
from prooftrail.flows.pull_evidence import PullEvidence
from tests.cli.lockers import Copy, Prooftrail, Town
from tests.contracts.fakes import MemoryEvidence, MemoryLocker
from tests.flows.world import HOME, MEMBER

LAST = ("--from", "2026-11-04", "--to", "2026-11-04")


def as_json(prooftrail: Prooftrail, *arguments: object) -> dict[str, Any]:
    said = prooftrail("pack", *arguments, "--json")
    assert (said.code, said.err) == (0, "")
    return dict(json.loads(said.out))


def test_a_pack_is_made_signed_and_can_be_verified_with_its_own_verifier(
    town: Town, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    said = prooftrail("pack", town.address, "-o", tmp_path / "pack")
    fingerprint = envelope.fingerprint(town.signer.public_key_pem())
    assert said.code == 0
    assert said.out.startswith(f"PACKED  {tmp_path / 'pack'}\n")
    for text in (fingerprint, "self-signed", f"open {tmp_path / 'pack'}/index.html", "verify.py --fingerprint <"):
        assert text in said.out
    assert "packing: " in said.err
    verifier = subprocess.run(
        [sys.executable, tmp_path / "pack" / "verify.py", "--fingerprint", fingerprint],
        capture_output=True, check=False, cwd=tmp_path, text=True,
    )  # fmt: skip
    assert verifier.returncode == 0, verifier.stdout


def test_twice_the_same_pack_comes_out_signature_included(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    one, two = (as_json(prooftrail, town.address, *LAST, "-o", tmp_path / name) for name in ("one", "two"))
    assert one | {"pack": ""} == two | {"pack": ""}
    for path in (each for each in (tmp_path / "one").rglob("*") if each.is_file()):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path


def test_as_json_it_says_what_a_machine_wants(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    found = as_json(prooftrail, town.address, "-o", tmp_path / "pack")
    assert (found["since"], found["until"], found["as_of"]) == ("2026-11-01", "2026-11-04", "20261104T060000Z")
    assert (found["assurance"], found["exit_status"], found["unsigned_why"]) == ("self-signed", 0, None)
    assert found["rows"]["29_runs"] == 4
    assert found["files"] == sum(one.is_file() for one in (tmp_path / "pack").rglob("*"))


def test_without_a_place_it_is_named_after_locker_and_period(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert prooftrail("pack", town.address, *LAST, "--unsigned").code == 0
    assert os.listdir(tmp_path) == ["pack-evidence-2026-11-04-2026-11-04"]


def test_pseudonymised_it_says_what_still_names_people(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("pack", town.address, *LAST, "--unsigned", "--pseudonymise", "-o", tmp_path / "pack")
    assert "an IAM user named after somebody still is" in said.out
    assert not (tmp_path / "pack/evidence/people").exists()


# who signs -------------------------------------------------------------------------------------------------------


def test_where_no_key_is_at_hand_it_is_unsigned_and_says_what_that_means(
    tampered: Copy, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    shutil.rmtree(tampered.home)
    said = prooftrail("pack", tampered.address, *LAST, "-o", tmp_path / "pack")
    assert said.code == 0
    assert "signed by     nobody: there is no key at" in said.out
    assert "An unsigned pack shows that its files belong together, not who made it." in said.out


def test_asked_for_unsigned_it_is(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    found = as_json(prooftrail, town.address, *LAST, "--unsigned", "-o", tmp_path / "pack")
    assert (found["signed_by"], found["unsigned_why"]) == (None, "it was asked for unsigned")
    assert json.loads((tmp_path / "pack/integrity/pack.json").read_text())["signatures"] == []


def test_a_home_of_another_locker_signs_nothing(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    Home(tmp_path / "home").signer()
    found = as_json(prooftrail, town.address, *LAST, "--home", tmp_path / "home", "-o", tmp_path / "pack")
    assert found["signed_by"] is None
    assert "is none of the chain's" in found["unsigned_why"]


def test_a_signer_that_is_none_of_the_chains_is_refused(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    Home(tmp_path / "home").signer()
    key = tmp_path / "home/signing-key.pem"
    said = prooftrail("pack", town.address, *LAST, "--signer", key, "-o", tmp_path / "pack")
    assert (said.code, said.out, (tmp_path / "pack").exists()) == (2, "", False)
    assert "is none of the chain's" in said.err


def test_the_chains_own_key_may_be_named(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    key = town.home / "signing-key.pem"
    found = as_json(prooftrail, town.address, *LAST, "--signer", key, "-o", tmp_path / "pack")
    assert found["signed_by"] == envelope.fingerprint(town.signer.public_key_pem())


# where it goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "pack", "chain/pack", "../home/pack", ".."])
def test_a_pack_is_never_made_in_a_locker_or_a_home_or_around_them(
    tampered: Copy, prooftrail: Prooftrail, inside: str
) -> None:
    before = sorted(tampered.address.parent.rglob("*"))
    said = prooftrail("pack", tampered.address, "-o", tampered.address / inside, "--replace")
    assert (said.code, said.out) == (2, "")
    assert "name a directory apart from it" in said.err
    assert sorted(tampered.address.parent.rglob("*")) == before


def test_a_link_into_the_locker_leads_nowhere(tampered: Copy, tmp_path: Path, prooftrail: Prooftrail) -> None:
    (tmp_path / "link").symlink_to(tampered.address, target_is_directory=True)
    said = prooftrail("pack", tampered.address, "-o", tmp_path / "link" / "pack")
    assert (said.code, (tampered.address / "pack").exists()) == (2, False)


def test_an_earlier_pack_stays_unless_replacing_was_asked_for(
    town: Town, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    command = ("pack", town.address, *LAST, "--unsigned", "-o", tmp_path / "pack")
    assert prooftrail(*command).code == 0
    said = prooftrail(*command)
    assert (said.code, said.out) == (2, "")
    assert "add --replace" in said.err
    assert prooftrail(*command, "--replace").code == 0
    assert os.listdir(tmp_path) == ["pack"]


def test_what_is_no_pack_is_never_replaced(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/thesis.txt").write_text("ten years")
    said = prooftrail("pack", town.address, "--replace", "-o", tmp_path / "thesis")
    assert said.code == 2
    assert (tmp_path / "thesis/thesis.txt").read_text() == "ten years"


# wrong words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "yesterday"), "--from takes a day like 2026-07-01, not 'yesterday'"),
        (("--to", "2026-02-30"), "--to takes a day like 2026-07-01"),
        (("--from", "2026-11-03", "--to", "2026-11-02"), "--from 2026-11-03 lies after --to 2026-11-02"),
        (("--framework", "cobit"), "--framework takes iso27001, csf, 800-53, owasp, ai-rmf, cis, soc2, pci, nis2"),
        (("--accounts", "12"), "--accounts takes the 12 digits of each account, with commas, not '12'"),
        (("--accounts", " , "), "--accounts names no account"),
        (("--head", "newest"), "--head takes a slot, or SEQ:SHA256 as `prooftrail pack` prints it, not 'newest'"),
        (("--accounts", "999999999999"), "--accounts 999999999999: no run of"),
        (("--unsigned", "--signer", "key.pem"), "--unsigned and --signer ask for two things"),
        (("--request", "/nowhere/requests.csv"), "--request /nowhere/requests.csv cannot be read"),
        (("--home", "/nowhere"), "there is no home directory at /nowhere"),
    ],
)
def test_wrong_use_is_said_in_a_sentence_and_makes_nothing(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, arguments: tuple[str, ...], sentence: str
) -> None:
    said = prooftrail("pack", town.address, *arguments, "-o", tmp_path / "pack")
    assert (said.code, said.out, os.listdir(tmp_path)) == (2, "", [])
    assert sentence in said.err


@pytest.mark.parametrize("name", ["", "nothing-here"])
def test_without_a_chain_or_a_run_nothing_is_made(tmp_path: Path, prooftrail: Prooftrail, name: str) -> None:
    (tmp_path / "locker").mkdir()
    said = prooftrail("pack", tmp_path / "locker" / name, "-o", tmp_path / "pack")
    assert (said.code, said.out, (tmp_path / "pack").exists()) == (3, "", False)


def test_a_period_before_the_first_run_makes_nothing(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("pack", town.address, "--to", "2026-10-01", "--from", "2026-09-01", "-o", tmp_path / "pack")
    assert (said.code, os.listdir(tmp_path)) == (3, [])
    assert "its first run is 20261101T060000Z" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "2026-10-01"), "--to 2026-10-01 lies before the first run, of 2026-11-01: choose a later day"),
        (("--from", "2026-12-01"), "--from 2026-12-01 lies after the newest run, of 2026-11-04"),
        (("--head", "9"), "--head 9: the chain of"),
        (("--head", f"2:{'0' * 64}"), "this is another chain, or it was changed since"),
    ],
)
def test_what_the_locker_does_not_have_is_said_of_what_was_given(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, arguments: tuple[str, ...], sentence: str
) -> None:
    said = prooftrail("pack", town.address, *arguments, "-o", tmp_path / "pack")
    assert (said.code, said.out, os.listdir(tmp_path)) == (3, "", [])
    assert sentence in said.err


# the same pack again ---------------------------------------------------------------------------------------------


def test_the_command_it_prints_makes_the_same_pack_again(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("pack", town.address, "--head", "2", "--unsigned", "-o", tmp_path / "one")
    [line] = [one for one in said.out.splitlines() if one.startswith("the same pack again: ")]
    again = shlex.split(line.removeprefix("the same pack again: prooftrail "))
    assert again[again.index("--head") + 1].startswith("2:")
    again[again.index("AGAIN")] = str(tmp_path / "two")
    assert prooftrail(*again, "--unsigned").code == 0
    for path in (each for each in (tmp_path / "one").rglob("*") if each.is_file()):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path
    command = " ".join(again).replace(str(town.address), "LOCKER").replace(str(tmp_path / "two"), "AGAIN")
    assert command in (tmp_path / "one/VERIFY.md").read_text()


def test_a_pack_of_an_older_head_can_be_verified_with_its_own_verifier(
    town: Town, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    assert as_json(prooftrail, town.address, "--head", "2", "-o", tmp_path / "pack")["as_of"] == "20261102T060000Z"
    verifier = subprocess.run(
        [sys.executable, tmp_path / "pack" / "verify.py", "--fingerprint",
         envelope.fingerprint(town.signer.public_key_pem()), "--rows"],
        capture_output=True, check=False, cwd=tmp_path, text=True,
    )  # fmt: skip
    assert verifier.returncode == 0, verifier.stdout
    assert not (tmp_path / "pack/evidence/chain/00000003.json").exists()


def test_records_that_nobody_has_signed_yet_are_counted_on_the_command_line_alone(
    tampered: Copy, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    command = ("pack", tampered.address, "-o", tmp_path / "pack", "--replace")
    assert "no manifest up to its head names" not in prooftrail(*command).out
    before = {one: one.read_bytes() for one in (tmp_path / "pack").rglob("*") if one.is_file()}
    tampered.add(f"custody/20261104T070000Z-{'0' * 64}.json", b"{}")
    said = prooftrail(*command)
    assert "1 custody record, answer or notice in the locker is not in the pack" in said.out
    assert {one: one.read_bytes() for one in (tmp_path / "pack").rglob("*") if one.is_file()} == before


# copies ----------------------------------------------------------------------------------------------------------


def pulled(town: Town, to: Path, **scope: Any) -> Path:
    """The town's locker, pulled as from a bucket that holds the same."""
    bucket = MemoryLocker()
    for one in town.locker.versions(""):
        bucket.put(one.key, town.locker.get(one.key), retain_until=None)
    PullEvidence(
        source=MemoryEvidence(bucket), copy=CopyDirectory(to), notes=PullDirectory(to), clock=town.clock,
        version="test", workers=2,
    )(Scope(**scope))  # fmt: skip
    return to


def accused(pack: Path) -> list[str]:
    """What of a pack says that evidence was altered or is gone."""
    words = ("not as sealed", "gone or not what was sealed", "why it was altered", "gone or damaged")
    rows = (pack / "24_gaps.csv").read_text()
    front = (pack / "00_README.md").read_text()
    return [one for one in words if one in rows or (one in front and one != "gone or damaged")]


def test_a_whole_pull_is_whole_and_gives_the_pack_of_the_directory(
    town: Town, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    copy = pulled(town, tmp_path / "copy")
    as_json(prooftrail, copy, "--home", town.home, "-o", tmp_path / "one")
    as_json(prooftrail, town.address, "--home", town.home, "-o", tmp_path / "two")
    names = {one.relative_to(tmp_path / name) for name in ("one", "two") for one in (tmp_path / name).rglob("*.*")}
    differ = [
        str(one) for one in names if (tmp_path / "one" / one).read_bytes() != (tmp_path / "two" / one).read_bytes()
    ]
    assert sorted(differ) == ["integrity/object_lock_status.json", "integrity/pack.json"]
    said = json.loads((tmp_path / "one/integrity/object_lock_status.json").read_text())
    assert said["read_from"] == "copy pulled from a bucket"
    assert {one["observed_at"] is not None for one in said["objects"]} == {True}


@pytest.mark.parametrize(
    ("scope", "asked", "named"),
    [
        ({"accounts": (MEMBER,)}, (), f"all runs, account {MEMBER}"),
        ({"since": date(2026, 11, 3)}, (), "runs from 2026-11-03 on, all accounts"),
        ({"since": date(2026, 11, 3)}, ("--from", "2026-11-01"), "runs from 2026-11-03 on, all accounts"),
        ({"accounts": (MEMBER,)}, ("--accounts", HOME), f"all runs, account {MEMBER}"),
    ],
)
def test_a_pack_of_a_part_says_on_page_one_that_it_is_and_accuses_nobody(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, scope: dict[str, Any], asked: tuple[str, ...], named: str
) -> None:
    copy = pulled(town, tmp_path / "copy", **scope)
    found = as_json(prooftrail, copy, *asked, "--unsigned", "-o", tmp_path / "pack")
    [said] = [one for one in found["gaps"] if "partial copy" in one]
    assert f"partial copy of memory: ({named})" in said
    assert accused(tmp_path / "pack") == []
    assert "partial copy" in (tmp_path / "pack/24_gaps.csv").read_text()


def test_without_asking_a_pack_of_a_part_is_of_what_was_pulled(
    town: Town, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    copy = pulled(town, tmp_path / "copy", since=date(2026, 11, 3), accounts=(MEMBER,))
    found = as_json(prooftrail, copy, "--unsigned", "-o", tmp_path / "pack")
    assert (found["since"], found["until"]) == ("2026-11-03", "2026-11-04")
    assert f"--accounts {MEMBER}" in found["again"]


def test_a_record_of_another_pull_makes_no_part_of_a_copy(town: Town, tmp_path: Path, prooftrail: Prooftrail) -> None:
    copy = pulled(town, tmp_path / "copy", accounts=(MEMBER,))
    record = tmp_path / "copy-pull/pull.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"locker_id": "0" * 64}))
    found = as_json(prooftrail, copy, "--unsigned", "-o", tmp_path / "pack")
    assert any("The record of a pull beside the locker is not believed" in one for one in found["gaps"])
    assert accused(tmp_path / "pack")  # what is not there is gone, as far as anybody can tell


# requests --------------------------------------------------------------------------------------------------------

BOM = "\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        'id,request\nR-1,All keys\nR-2,"Leavers, please"\n',
        f"{BOM}ID;Request\r\nR-1;All keys\r\n\r\nR-2;Leavers, please\r\n",
        "due\tid\trequest\nmonday\tR-1\tAll keys\n\tR-2\tLeavers, please",
    ],
)
def test_a_request_list_is_read_however_a_spreadsheet_saved_it(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, text: str
) -> None:
    (tmp_path / "requests.csv").write_text(text, encoding="utf-8", newline="")
    asked = ("--request", tmp_path / "requests.csv")
    found = as_json(prooftrail, town.address, *LAST, "--unsigned", *asked, "-o", tmp_path / "pack")
    assert found["rows"]["35_requests"] == 2
    register = (tmp_path / "pack/35_requests.csv").read_text()
    assert "R-1,All keys" in register
    assert 'R-2,"Leavers, please"' in register


def test_lines_with_faults_are_kept_and_all_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = "Ref,Description\nR-1,one\nR-1,two\n,three\nR-4\nR-5," + "x" * 4001 + "\n\x1b[2J,=cmd()\n\x1b[2J,Q1\n"
    (tmp_path / "requests.csv").write_text(body)
    found = read_requests(tmp_path / "requests.csv")
    assert [(name, asked[:5]) for name, asked in found] == [
        ("R-1", "one"), ("R-1", "two"), ("", "three"), ("R-4", ""), ("R-5", "xxxxx"), ("\x1b[2J", "=cmd("), ("\x1b[2J", "Q1"),
    ]  # fmt: skip
    assert len(found[4][1]) == 4000
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert [one in said for one in (
        "5 faults, kept and marked in 35_requests", "line 3: the id 'R-1' stands on line 2 too", "line 4: the id is missing",
        "line 5: the request is missing", "line 6: it is longer than 4,000 characters, and is cut there", "line 8: the id",
    )] == [True] * 6  # fmt: skip


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "line 1 names no column id and no column request"),
        (b"id\n1\n", "line 1 names no column request"),
        (b"id,request\n", "holds no request"),
        (b"id,request\nR-1,\xfc\n", "line 2 is not UTF-8"),
        (b'id,request\nR-1,"one\n', "line 2: unexpected end of data"),
        (b"id,request\n" + b"".join(b"%d,x\n" % one for one in range(1001)), "holds 1,001 requests"),
        (b"x" * 1_000_001, "no request list is so large"),
    ],
)
def test_a_request_list_that_is_none_is_refused_with_the_line(
    town: Town, tmp_path: Path, prooftrail: Prooftrail, body: bytes, sentence: str
) -> None:
    (tmp_path / "requests.csv").write_bytes(body)
    said = prooftrail("pack", town.address, "--request", tmp_path / "requests.csv", "-o", tmp_path / "pack")
    assert (said.code, (tmp_path / "pack").exists()) == (2, False)
    assert sentence in said.err
