"""`prooftrail sample` as an auditor types it: on a pack and on a locker, with the evidence of each item beside it."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import pytest

from prooftrail.cli import main
from prooftrail.evidence import custody
from prooftrail.evidence.custody import CustodyAction
from prooftrail.model import canonical
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_pack
from tests.cli.lockers import Copy, Prooftrail, Town

PERIOD = ("--from", "2026-11-01", "--to", "2026-11-04")
AUDITOR = ("--seed", "dice 4 2", "--seed-source", "auditor")


@pytest.fixture(scope="session")
def made(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of the town's four days; nobody may change it."""
    pack = tmp_path_factory.mktemp("packed") / "pack"
    assert main.main(["pack", str(town.address), *PERIOD, "-o", str(pack), "--home", str(town.home)]) == 0
    return pack


@pytest.fixture
def pack(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to draw from and to tamper with."""
    shutil.copytree(made, tmp_path / "pack")
    return tmp_path / "pack"


def folder_of(pack: Path) -> Path:
    """The one sample that lies beside the pack."""
    (found,) = pack.with_name("pack-samples").iterdir()
    return found


def record_of(folder: Path) -> dict[str, object]:
    (found,) = folder.glob("25_sample_*.json")
    return json.loads(found.read_text())  # type: ignore[no-any-return]


def test_a_sample_of_a_pack_is_logged_and_its_evidence_lies_beside_it(pack: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("sample", pack, "--population", "access-keys", "--size", "3", *AUDITOR, "--by", "Ada")
    assert said.code == 0, said.err
    folder = folder_of(pack)
    record = record_of(folder)
    chosen = [one["item_id"] for one in record["selected"]]  # type: ignore[attr-defined]
    assert len(chosen) == 3
    assert all(one in said.out for one in chosen)
    with (folder / "sample.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["item_id"] for one in rows] == chosen
    assert {(one["auditor_result"], one["auditor_remark"]) for one in rows} == {("", "")}
    frozen = (folder / "access-keys.csv").read_bytes()
    assert frozen == (pack / "populations/access-keys.csv").read_bytes()
    assert record["population_sha256"] == canonical.sha256(frozen)
    log = (pack.with_name("pack-custody") / "log.jsonl").read_text()
    assert (log.count("\n"), "Ada" in log, str(record["id"]) in log) == (1, True, True)


def test_every_item_leads_to_the_bytes_it_rests_on(pack: Path, prooftrail: Prooftrail) -> None:
    prooftrail("sample", pack, "--population", "users", "--size", "9", *AUDITOR)
    folder = folder_of(pack)
    for path in sorted((folder / "items").iterdir()):
        told = json.loads(path.read_text())
        place = told["identity"]["places"][0]
        body = (folder / "evidence" / place["key"]).read_bytes()
        assert canonical.sha256(body) == place["stored_sha256"]
        line = json.loads(gunzipped(body).splitlines()[place["line"] - 1])
        assert line == told["identity"]["sealed"]
        assert told["identity"]["shown"]["name"] in told["item_id"]
        assert canonical.sha256((folder / "evidence" / place["manifest"]).read_bytes()) == place["manifest_sha256"]
        for one in (*told["results"], *told["findings"], *([told["risk"]] if told["risk"] else [])):
            at = one["place"]
            sealed = json.loads(gunzipped((folder / "evidence" / at["key"]).read_bytes()).splitlines()[at["line"] - 1])
            assert (sealed.get("control"), sealed.get("identity")) == (
                one["sealed"].get("control"),
                one["sealed"].get("identity"),
            )


def gunzipped(body: bytes) -> bytes:

    return gzip.decompress(body)


def test_the_raw_answers_of_aws_lie_beside_the_items(pack: Path, prooftrail: Prooftrail) -> None:
    prooftrail("sample", pack, "--population", "users", "--size", "2", *AUDITOR)
    folder = folder_of(pack)
    for path in (folder / "items").iterdir():
        answers = json.loads(path.read_text())["answers_of_aws"]
        assert answers
        for one in answers:
            line = gunzipped((folder / "evidence" / one["key"]).read_bytes()).splitlines()[one["line"] - 1]
            assert json.loads(line)["api"] == one["api"]


def test_a_draw_that_is_made_again_gives_the_same_and_leaves_the_papers_alone(
    pack: Path, prooftrail: Prooftrail
) -> None:
    asked = ("sample", pack, "--population", "users", "--size", "2", *AUDITOR)
    prooftrail(*asked)
    papers = folder_of(pack) / "sample.csv"
    papers.write_text(papers.read_text() + "my own remark")
    before = record_of(folder_of(pack))
    again = prooftrail(*asked)
    assert again.code == 0
    assert "left as it is" in again.out
    assert "1 time" in again.out
    assert papers.read_text().endswith("my own remark")
    assert record_of(folder_of(pack)) == before


def test_a_pack_and_its_locker_give_the_same_sample(
    pack: Path, tampered: Copy, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    asked = ("--population", "access-keys", "--size", "3", *AUDITOR, "--json")
    one = prooftrail("sample", pack, *asked)
    other = prooftrail("sample", tampered.address, *asked, *PERIOD, "-o", tmp_path / "out")
    first, second = (json.loads(each.out)["sample"] for each in (one, other))
    assert (first["id"], first["selected"]) == (second["id"], second["selected"])
    key = json.loads(other.out)["entered"]
    record = custody.read(key, (tampered.address / key).read_bytes())
    assert record.action is CustodyAction.SAMPLE


def test_the_packs_own_verifier_draws_it_again(
    pack: Path, prooftrail: Prooftrail, capsys: pytest.CaptureFixture[str]
) -> None:
    prooftrail("sample", pack, "--population", "identities", "--size", "6", "--strata", "tier,kind", *AUDITOR)
    (record,) = folder_of(pack).glob("25_sample_*.json")
    verify_pack.main([str(pack), "--sample", str(record)])
    assert "drawn again with its seed: the same items" in capsys.readouterr().out


def test_an_operators_seed_is_marked_wherever_the_draw_is_shown(pack: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail(
        "sample", pack, "--population", "users", "--size", "2", "--seed", "1", "--seed-source", "operator"
    )
    folder = folder_of(pack)
    assert "NOT INDEPENDENT" in said.out
    assert "NOT INDEPENDENT" in (folder / "sample.md").read_text()
    assert "NOT INDEPENDENT" in (pack.with_name("pack-custody") / "log.jsonl").read_text()
    assert record_of(folder)["independent"] is False


def test_a_later_draw_with_the_same_seed_is_marked_and_the_first_is_first_in_this_copys_log_alone(
    pack: Path, prooftrail: Prooftrail
) -> None:
    drawn = ("sample", pack, "--population", "users", "--size", "2", "--seed", "1", "--seed-source", "auditor")
    first, later = (prooftrail(*drawn, *more) for more in ((), ("--strata", "kind")))
    alone = "first in this copy's log: another copy has a log of its own"
    assert alone in " ".join(first.out.split())
    assert "NOT INDEPENDENT" not in first.out
    assert "NOT INDEPENDENT: this seed was used before" in " ".join(later.out.split())
    assert alone not in " ".join(later.out.split())
    said = [one.read_text() for one in pack.with_name("pack-samples").glob("*/sample.md")]
    assert [alone in one for one in said].count(True) == 1
    assert ["NOT INDEPENDENT: this seed was used before" in one for one in said].count(True) == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--size", "3"), "--seed-source is missing"),
        (("--size", "3", "--seed-source", "dice"), "takes auditor, witness or operator"),
        (("--size", "3", "--seed-source", "auditor"), "--seed is missing"),
        (("--size", "3", "--seed-source", "witness", "--seed", "1"), "--seed is not given"),
        (("--size", "3", "--seed-source", "witness"), "names no watchdog"),
        (AUDITOR, "--size is missing"),
        ((*AUDITOR, "--size", "3", "--strata", "colour"), "no column"),
        ((*AUDITOR, "--size", "3", "--exclude", "nobody:why"), "names no item"),
        ((*AUDITOR, "--size", "3", "--from", "2026-11-01"), "for a locker"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_not_logged(
    pack: Path, prooftrail: Prooftrail, options: tuple[str, ...], why: str
) -> None:
    said = prooftrail("sample", pack, "--population", "users", *options)
    assert (said.code, said.out) == (2, "")
    assert why in said.err
    assert not pack.with_name("pack-custody").exists()


def test_a_population_there_is_not_is_named_with_those_there_are(
    pack: Path, town: Town, prooftrail: Prooftrail
) -> None:
    for source in (pack, town.address):
        said = prooftrail("sample", source, "--population", "keys", "--size", "3", *AUDITOR)
        assert said.code == 2
        assert "access-keys" in said.err


def test_a_population_that_was_changed_is_not_drawn_from(pack: Path, prooftrail: Prooftrail) -> None:
    path = pack / "populations/users.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    said = prooftrail("sample", pack, "--population", "users", "--size", "2", *AUDITOR)
    assert said.code == 3
    assert "populations/users.csv is not the file that the pack states" in said.err
    assert not pack.with_name("pack-custody").exists()


def test_a_pack_whose_statement_was_written_again_is_not_drawn_from(pack: Path, prooftrail: Prooftrail) -> None:
    """Hashes that agree with each other are worth nothing where the signature over them is gone."""
    path = pack / integrity_statement.PATH
    told = json.loads(path.read_bytes())
    told["signatures"] = []
    path.write_bytes(json.dumps(told, separators=(",", ":")).encode())
    said = prooftrail("sample", pack, "--population", "users", "--size", "2", *AUDITOR)
    assert said.code == 3
    assert "signature of this pack does not hold" in said.err


def test_a_broken_log_stops_the_draw(pack: Path, prooftrail: Prooftrail) -> None:
    asked = ("sample", pack, "--population", "users", "--size", "2", *AUDITOR)
    prooftrail(*asked)
    log = pack.with_name("pack-custody") / "log.jsonl"
    log.write_text(log.read_text().replace("sample drawn", "sample shown"))
    prooftrail(*asked)
    log.write_text(log.read_text().replace("sample shown", "sample drawn", 1))
    said = prooftrail(*asked)
    assert said.code == 3
    assert "line 2 of" in said.err
    assert said.out == ""


def test_what_lies_in_a_folder_is_not_written_over_and_nothing_is_drawn(
    pack: Path, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes").write_text("x")
    said = prooftrail("sample", pack, "--population", "users", "--size", "2", *AUDITOR, "-o", tmp_path / "mine")
    assert said.code == 2
    assert "not empty" in said.err
    assert not pack.with_name("pack-custody").exists()


def test_names_that_attack_a_terminal_a_spreadsheet_or_markdown_stay_text(pack: Path, prooftrail: Prooftrail) -> None:
    """The town has a user called =HYPERLINK(0), a role with escapes and a secret tagged with markup."""
    said = prooftrail("sample", pack, "--population", "identities", "--size", "500", *AUDITOR)
    assert "\x1b]" not in said.out
    folder = folder_of(pack)
    assert "\x1b" not in (folder / "sample.md").read_text()
    assert "<img" not in (folder / "sample.md").read_text()
    with (folder / "sample.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=HYPERLINK(0)" in cells
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@"))]


def test_suggestions_draw_nothing(pack: Path, prooftrail: Prooftrail) -> None:
    said = prooftrail("sample", pack, "--population", "users", "--suggest")
    assert said.code == 0
    assert "the decision is the auditor's" in said.out
    assert not pack.with_name("pack-custody").exists()


def test_a_finding_and_a_result_lead_to_their_identity(pack: Path, prooftrail: Prooftrail) -> None:
    prooftrail("sample", pack, "--population", "results-failing", "--size", "4", *AUDITOR)
    for path in sorted((folder_of(pack) / "items").iterdir()):
        told = json.loads(path.read_text())
        assert told["cited"]["sealed"]["record"] == "result"
        assert told["cited"]["sealed"]["control"] in told["item_id"]
        assert told["identity"] is not None or told["cited"]["sealed"].get("identity") is None
