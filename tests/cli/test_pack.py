"""`prooftrail pack`, as a shell runs it: what it makes, who signs it, and every wrong word it is given."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.embedded.home import Home
from prooftrail.evidence import envelope
from tests.cli.lockers import Copy, Prooftrail, Town

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
        (("--accounts", "12"), "takes the 12 digits of an account, not '12'"),
        (("--accounts", " , "), "--accounts names no account"),
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


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "line 1 names no column id and no column request"),
        (b"id\n1\n", "line 1 names no column request"),
        (b"id,request\n", "holds no request"),
        (b"id,request\nR-1,one\nR-1,two\n", "line 3: the id 'R-1' stands twice"),
        (b"id,request\n,one\n", "line 2: the id is missing"),
        (b"id,request\nR-1\n", "line 2: the request is missing"),
        (b"id,request\nR-1,\xfc\n", "line 2 is not UTF-8"),
        (b'id,request\nR-1,"one\n', "line 2: unexpected end of data"),
        (b"id,request\nR-1," + b"x" * 4001 + b"\n", "line 2: the request is longer than 4,000 characters"),
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
