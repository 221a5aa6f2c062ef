"""`prooftrail handover`: a pack is given to somebody on record, once it is what it states and of the locker it names."""

import json
import shutil
from pathlib import Path

import pytest

from prooftrail.cli import main
from prooftrail.evidence import custody
from prooftrail.evidence.custody import CustodyAction
from prooftrail.pack.integrity import statement as integrity_statement
from tests.cli.lockers import Copy, Prooftrail, Town

TO = ("--to", "Jane Doe, Firm & Partner")


@pytest.fixture(scope="session")
def made(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of the town's four days, signed by its home; nobody may change it."""
    pack = tmp_path_factory.mktemp("handed") / "pack"
    asked = ("pack", str(town.address), "--from", "2026-11-01", "--to", "2026-11-04", "-o", str(pack))
    assert main.main([*asked, "--home", str(town.home)]) == 0
    return pack


@pytest.fixture
def pack(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "pack")
    return tmp_path / "pack"


def records(copy: Copy) -> list[Path]:
    return sorted((copy.address / "custody").glob("*")) if (copy.address / "custody").exists() else []


def test_without_yes_it_shows_what_would_be_sealed(pack: Path, tampered: Copy, prooftrail: Prooftrail) -> None:
    said = prooftrail("handover", pack, *TO, "--locker", tampered.address)
    assert said.code == 0, said.err
    assert "nothing is sealed without --yes" in said.out
    assert records(tampered) == []


def test_with_yes_a_custody_record_names_the_pack_and_who_got_it(
    pack: Path, tampered: Copy, prooftrail: Prooftrail
) -> None:
    more = ("--reason", "surveillance audit", "--reference", "ENG-7", "--by", "Ops Olaf", "--home", tampered.home)
    said = prooftrail("handover", pack, *TO, "--locker", tampered.address, *more, "--yes", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    record = custody.read(told["sealed"], (tampered.address / told["sealed"]).read_bytes())
    assert (record.action, record.who, record.reference) == (CustodyAction.HANDOVER, "Ops Olaf", "ENG-7")
    assert record.reason == "to Jane Doe, Firm & Partner: surveillance audit"
    assert record.objects_sha256 == told["pack_sha256"]
    assert record.objects == sum(one.is_file() for one in pack.rglob("*"))
    assert told["signed_by"] in told["keys"]


def test_the_recipient_is_told_what_to_compare(pack: Path, tampered: Copy, prooftrail: Prooftrail) -> None:
    planned = json.loads(prooftrail("handover", pack, *TO, "--locker", tampered.address, "--json").out)
    shown = prooftrail("handover", pack, *TO, "--locker", tampered.address).out
    head = planned["head"]
    for number in (planned["pack_sha256"], planned["keys"][-1], f"{head['seq']}:{head['sha256']}"):
        assert number in shown
    assert any(f"--pack-sha256 {planned['pack_sha256']}" in line for line in planned["receipt"])


def test_a_record_of_a_handover_keeps_the_locker_intact(pack: Path, tampered: Copy, prooftrail: Prooftrail) -> None:
    prooftrail("handover", pack, *TO, "--locker", tampered.address, "--yes")
    said = prooftrail("verify", tampered.address, "--home", tampered.home)
    assert said.code == 0
    assert records(tampered)[0].name in said.out


def _changed(pack: Path) -> None:
    path = pack / "03_identity_inventory.csv"
    path.write_bytes(path.read_bytes() + b"x")


def _removed(pack: Path) -> None:
    (pack / "index.html").unlink()


def _added(pack: Path) -> None:
    (pack / "more.csv").write_text("x")


def _forged(pack: Path) -> None:
    path = pack / integrity_statement.PATH
    told = json.loads(path.read_bytes())
    told["signatures"] = []
    path.write_bytes(json.dumps(told, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (_changed, "03_identity_inventory.csv is not the file"),
        (_removed, "index.html is not in"),
        (_added, "more.csv is no file of this pack"),
        (_forged, "signature of this pack does not hold"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_pack_that_is_not_what_it_states_is_not_handed_over(
    pack: Path, tampered: Copy, prooftrail: Prooftrail, harm: object, why: str
) -> None:
    harm(pack)  # type: ignore[operator]
    said = prooftrail("handover", pack, *TO, "--locker", tampered.address, "--yes")
    assert (said.code, said.out) == (3, "")
    assert why in said.err
    assert records(tampered) == []


def test_a_pack_of_another_locker_is_not_handed_over(pack: Path, tmp_path: Path, prooftrail: Prooftrail) -> None:
    other = Town(tmp_path / "other")
    other.run(1)
    said = prooftrail("handover", pack, *TO, "--locker", other.address, "--yes")
    assert said.code == 3
    assert "of another locker" in said.err


def test_a_locker_whose_end_was_cut_off_takes_no_handover(pack: Path, tampered: Copy, prooftrail: Prooftrail) -> None:
    tampered.remove("chain/00000004.json")
    said = prooftrail("handover", pack, *TO, "--locker", tampered.address, "--yes")
    assert said.code == 3
    assert "does not have the head that this pack states" in said.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (TO, "--locker is missing"),
        (("--to", " ", "--locker", "LOCKER"), "--to is missing"),
        (("--to", "x" * 301, "--locker", "LOCKER"), "--to is longer"),
        ((*TO, "--by", " ", "--locker", "LOCKER"), "--by takes a name"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    pack: Path, town: Town, prooftrail: Prooftrail, options: tuple[str, ...], why: str
) -> None:
    said = prooftrail("handover", pack, *(str(town.address) if one == "LOCKER" else one for one in options))
    assert said.code == 2
    assert why in said.err


def test_a_folder_that_is_no_pack_is_said(tmp_path: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("handover", tmp_path, *TO)
    assert said.code == 2
    assert "is no pack" in said.err


def test_a_home_of_another_locker_is_said(pack: Path, tampered: Copy, tmp_path: Path, prooftrail: Prooftrail) -> None:
    other = Town(tmp_path / "other")
    said = prooftrail("handover", pack, *TO, "--locker", tampered.address, "--home", other.home)
    assert said.code == 3
    assert "none of the chain's" in said.err


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_a_record_is_kept_no_longer_than_a_store_can(
    pack: Path, tampered: Copy, prooftrail: Prooftrail, yes: tuple[str, ...]
) -> None:
    asked = ("handover", pack, *TO, "--locker", tampered.address)

    said = prooftrail(*asked, "--keep-days", "3000000", *yes)

    assert said.code == 2
    assert "--keep-days takes 1 to 36,500 days" in said.err
    assert records(tampered) == []
    assert prooftrail(*asked, "--keep-days", "36500", *yes).code == 0
