"""What makes a pack checkable: its index, lock state, keys, guide and statement say what is so, and nothing made up."""

import base64
import csv
import io
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import utils

from prooftrail.evidence import envelope
from prooftrail.evidence.pulled import LockState
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_pack
from prooftrail.pack.integrity.integrity import INDEX_COLUMNS, Integrity
from prooftrail.pack.tally import Tally
from tests.builders.packs import some_evidence
from tests.pack.small_packs import KEY, WATCHDOG, Folder, Small, a_locker, a_pack, the_period


def statement_of(pack: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        base64.b64decode(json.loads((pack / integrity_statement.PATH).read_bytes())["payload"])
    )
    return found


def index_of(pack: Path) -> list[dict[str, str]]:
    text = (pack / "integrity/evidence_index.csv").read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def made(at: Path, *objects: Any, locker: Small | None = None, **period: Any) -> Path:
    """Integrity's part alone, over these objects, each with path and lock."""
    view = the_period(locker or a_locker(1), **period)
    files = Folder(at)
    part = Integrity(view, files, sign=KEY.sign, public_key=KEY.pem)
    for one in objects:
        part.add(*one)
    part.finish(Tally(view))
    return at


def locks_of(pack: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((pack / "integrity/object_lock_status.json").read_bytes())
    return found


def test_the_statement_lists_every_other_file_with_size_and_hash(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    there = {one.relative_to(pack).as_posix(): one.read_bytes() for one in pack.rglob("*") if one.is_file()}
    del there[integrity_statement.PATH]
    said = statement_of(pack)
    assert [(one["path"], one["sha256"], one["size"]) for one in said["predicate"]["files"]] == [
        (path, canonical.sha256(body), len(body)) for path, body in sorted(there.items())
    ]
    assert [one["name"] for one in said["subject"]] == sorted(there)


def test_the_statement_can_be_taken_for_no_manifest(tmp_path: Path) -> None:
    assert statement_of(a_pack(tmp_path / "pack"))["predicateType"] == "urn:prooftrail:pack:1"


def test_the_statement_says_of_what_it_is(tmp_path: Path) -> None:
    locker = a_locker(2)
    said = statement_of(a_pack(tmp_path / "pack", locker))["predicate"]
    assert said["locker_id"] == locker.genesis.locker_id()
    assert said["head"] == {"seq": 2, "sha256": locker.head.sha256}
    assert said["as_of"] == "20261102T060000Z"
    assert said["rows"]["07_identity_control_results"] == 2
    assert said["signed_by"] == KEY.fingerprint


def test_the_same_locker_and_options_give_the_same_bytes_but_for_the_signature(tmp_path: Path) -> None:
    locker = a_locker(2)
    first, second = a_pack(tmp_path / "a", locker), a_pack(tmp_path / "b", locker)
    differing = [
        one.relative_to(first).as_posix()
        for one in sorted(first.rglob("*"))
        if one.is_file() and one.read_bytes() != (second / one.relative_to(first)).read_bytes()
    ]
    assert set(differing) <= {integrity_statement.PATH}
    assert statement_of(first) == statement_of(second)


def test_a_pack_is_signed_with_the_lower_of_the_two_valid_signatures(tmp_path: Path) -> None:
    for _ in range(8):
        signature = integrity_statement.low_s(KEY.sign(b"pack"))
        _, s = utils.decode_dss_signature(signature)
        assert s <= 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
        assert envelope.holds(KEY.pem, signature, b"pack")


def test_the_index_names_each_object_its_place_and_whether_it_was_taken_along(tmp_path: Path) -> None:
    locker = a_locker(2)
    rows = index_of(a_pack(tmp_path / "pack", locker, without=["^raw/20261101"]))
    assert tuple(rows[0]) == INDEX_COLUMNS
    assert [one["key"] for one in rows] == [each.key for one in locker.manifests for each in one.objects]
    assert [one["key"] for one in rows if one["in_pack"] == "false"] == [
        each.key for each in locker.manifests[0].objects if each.kind is EvidenceKind.RAW
    ]


def test_what_a_spreadsheet_would_run_is_made_harmless_in_the_index(tmp_path: Path) -> None:
    pack = made(tmp_path / "pack", (some_evidence(version_id="=cmd|x"), None))
    assert index_of(pack)[0]["version_id"] == "'=cmd|x"


def test_a_directory_locks_nothing_and_the_pack_says_so(tmp_path: Path) -> None:
    said = locks_of(made(tmp_path / "pack", (some_evidence(), "evidence/x")))
    assert said["objects"] == []
    assert said["objects_by_mode"] == {"not observed": 1}
    assert "a directory locks nothing" in said["note"]


def test_a_lock_is_told_as_it_was_observed(tmp_path: Path) -> None:
    until = datetime(2029, 11, 1, tzinfo=UTC)
    lock = LockState(mode="COMPLIANCE", retain_until=until, legal_hold=True)
    seen = datetime(2026, 11, 2, 7, tzinfo=UTC)
    others = (some_evidence(), None, (LockState(), None))
    said = locks_of(made(tmp_path / "pack", (some_evidence(), None, (lock, seen)), others))
    assert said["objects_by_mode"] == {"COMPLIANCE": 1, "not locked": 1}
    assert said["objects"][0]["observed"]["legal_hold"] is True
    assert said["objects"][0]["observed"]["retain_until"] == "2029-11-01T00:00:00Z"
    assert [one["observed_at"] for one in said["objects"]] == ["2026-11-02T07:00:00Z", None]
    assert "ask S3" in said["note"]


def test_a_lock_that_could_not_be_observed_is_never_called_no_lock(tmp_path: Path) -> None:
    seen = LockState(unknown="AccessDenied"), None
    said = locks_of(made(tmp_path / "pack", (some_evidence(), None, seen), bucket=True))
    assert said["objects_by_mode"] == {"not observed": 1}
    assert said["objects"][0]["observed"]["unknown"] == "AccessDenied"


def test_a_bucket_that_was_not_asked_leaves_each_object_not_observed(tmp_path: Path) -> None:
    said = locks_of(made(tmp_path / "pack", (some_evidence(), None), bucket=True))
    assert (said["objects"], said["objects_by_mode"]) == ([], {"not observed": 1})
    assert "was not asked" in said["note"]


def test_the_keys_are_told_with_where_each_came_from(tmp_path: Path) -> None:
    locker = a_locker(1)
    locker.rotate()
    locker.run(1)
    pack = a_pack(tmp_path / "pack", locker)
    said = json.loads((pack / "integrity/keys.json").read_bytes())
    assert [(one["fingerprint"], one["brought_in_by_slot"]) for one in said["signing_keys"]] == [
        (one.fingerprint, one.since) for one in locker.keys
    ]
    assert said["rotations"] == [2]
    assert said["watchdog_key"]["fingerprint"] == WATCHDOG.fingerprint
    assert envelope.fingerprint((pack / "integrity/public_key.pem").read_bytes()) == locker.keys[-1].fingerprint


def test_the_verifier_is_shipped_word_for_word(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    assert (pack / "verify.py").read_bytes() == Path(verify_pack.__file__).read_bytes()
    assert canonical.sha256((pack / "verify.py").read_bytes()) in (pack / "VERIFY.md").read_text()


def section(pack: Path, heading: str) -> str:
    """The commands of a section of VERIFY.md."""
    part = (pack / "VERIFY.md").read_text().split(heading)[1].split("\n## ")[0]
    return "\n".join(one[4:] for one in part.splitlines() if one.startswith("    "))


def by_hand(pack: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    key = next((pack / "evidence/assessment").rglob("*.gz"))
    run, account, name = key.parts[-3], key.parts[-2], key.name.split(".", maxsplit=1)[0]
    script = section(pack, "## 3. By hand").replace("/tmp/", f"{tmp_path}/")
    script = script.replace("RUN/ACCOUNT/NAME", f"{run}/{account}/{name}").replace("grep NAME", f"grep {name}")
    return subprocess.run(["sh", "-e", "-c", script], cwd=pack, capture_output=True, text=True, check=False)


def test_the_commands_of_the_guide_check_a_pack_by_hand(tmp_path: Path) -> None:
    locker = a_locker(2)
    pack = a_pack(tmp_path / "pack", locker)
    said = by_hand(pack, tmp_path)
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("Verified OK") == 2
    assert KEY.fingerprint in said.stdout
    assert locker.head.sha256 in said.stdout


@pytest.mark.parametrize("name", ["05_control_map.csv", "evidence/chain/00000000.json"])
def test_the_commands_of_the_guide_find_a_changed_file(tmp_path: Path, name: str) -> None:
    pack = a_pack(tmp_path / "pack", a_locker(2))
    (pack / name).write_bytes((pack / name).read_bytes() + b" ")
    assert name in by_hand(pack, tmp_path).stdout


def test_the_guide_of_a_pseudonymised_pack_says_what_still_names_people(tmp_path: Path) -> None:
    options = msgspec.structs.replace(the_period(a_locker(1)).options, pseudonymise=True)
    assert "named after somebody still is" in (made(tmp_path / "a", options=options) / "VERIFY.md").read_text()
    assert "named after somebody still is" not in (made(tmp_path / "b") / "VERIFY.md").read_text()


def test_the_guide_gives_the_command_with_the_head(tmp_path: Path) -> None:
    locker = a_locker(2)
    text = (a_pack(tmp_path / "pack", locker) / "VERIFY.md").read_text()
    assert f"--head 2:{locker.head.sha256} " in text
