"""A whole pack: the same bytes every time, complete whatever the locker lacks, and nobody named who is not to be."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import ConfigError
from prooftrail.evidence.custody import Custody, CustodyAction, sealed
from prooftrail.evidence.pulled import LockState
from prooftrail.flows import pack_objects
from prooftrail.flows.build_pack import BuiltPack, Maker, build_pack
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.model import canonical
from prooftrail.pack.integrity.integrity import COPY, Locks
from prooftrail.pack.view import PackOptions
from tests.builders.pack_files import MemoryFiles
from tests.cli.lockers import MARKUP, Town, copied, four_days
from tests.contracts.fakes import MemoryLocker
from tests.flows.packing import NOVEMBER, Tampered, judged_world, run
from tests.flows.world import HOME, MEMBER, World

MAKER = Maker(version="0.0", code_sha256="0" * 64)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return four_days(tmp_path_factory.mktemp("built"))


def built(locker: Any, maker: Maker = MAKER, **asked: Any) -> tuple[dict[str, bytes], BuiltPack]:
    """The files of a pack of November, and what was made."""
    files = MemoryFiles()
    found = build_pack(locker, msgspec.structs.replace(NOVEMBER, **asked), files, maker)
    return files.files, found


def stated(files: dict[str, bytes]) -> dict[str, Any]:
    """What the pack's statement says."""
    envelope = json.loads(files["integrity/pack.json"])
    return json.loads(msgspec.json.decode(canonical.encode(envelope["payload"]), type=bytes))["predicate"]  # type: ignore[no-any-return]


def texts(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Every byte of a pack as somebody can read it: archives opened, streams unpacked."""
    for path, body in files.items():
        yield path, body
        if path.endswith(".gz"):
            yield path, gzip.decompress(body)
        if path.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                yield from ((f"{path}/{one}", archive.read(one)) for one in archive.namelist())


def test_a_pack_holds_its_parts_and_states_every_one_of_them(town: Town) -> None:
    files, found = built(town.locker)
    assert {
        *("00_README.md", "index.html", "verify.py", "VERIFY.md", "register.xlsx", "data_dictionary.csv"),
        *("01_scope.json", "03_identity_inventory.csv", "03_identity_inventory.jsonl", "populations/index.csv"),
        *("oscal/assessment-results.json", "ocsf/compliance_findings.jsonl", "integrity/evidence_index.csv"),
        "evidence/chain/00000000.json",
    } <= files.keys()
    said = {one["path"]: (one["sha256"], one["size"]) for one in stated(files)["files"]}
    assert said == {
        path: (canonical.sha256(body), len(body)) for path, body in files.items() if path != "integrity/pack.json"
    }
    assert found.evidence == sum(path.startswith("evidence/") for path in files)


def test_evidence_lies_under_its_key_as_it_is_stored(town: Town) -> None:
    files, _ = built(town.locker)
    copies = {path.removeprefix("evidence/"): body for path, body in files.items() if path.startswith("evidence/")}
    assert copies == {key: town.locker.get(key) for key in copies}
    assert [one.seq for one in LockerHistory(_as_locker(copies)).runs] == [1, 2, 3, 4]


def test_the_same_locker_and_options_give_the_same_bytes(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = msgspec.structs.replace(MAKER, sign=town.signer.sign, public_key=town.signer.public_key_pem())
    first, _ = built(town.locker, maker)
    monkeypatch.setattr(pack_objects, "_READERS", 1)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.chdir(tmp_path)
    second, _ = built(DirectoryLocker(copied(town, tmp_path).address), maker)
    assert sorted(first) == sorted(second)
    assert [path for path in first if first[path] != second[path]] == []


def test_no_path_of_this_machine_is_in_a_pack(town: Town) -> None:
    files, _ = built(town.locker, since=date(2026, 11, 4))
    here = str(town.address.parent).encode()
    sealed_ones = ("evidence/chain/00000000.json", "integrity/object_lock_status.json")
    assert [path for path, body in texts(files) if here in body and not path.startswith(sealed_ones)] == []


def test_an_empty_period_gives_a_whole_pack_that_says_so(town: Town) -> None:
    files, found = built(town.locker, since=date(2026, 11, 20))
    assert found.period.runs == ()
    assert stated(files)["as_of"] == "20261104T060000Z"
    assert files.keys() >= {"00_README.md", "index.html", "29_runs.csv", "register.xlsx"}


def test_one_run_gives_a_whole_pack() -> None:
    files, found = built(run(judged_world(), 1).locker)
    assert (found.tally.identities, len(found.period.runs)) == (8, 1)
    assert files["03_identity_inventory.csv"].count(b"\r\n") == 9


@pytest.mark.parametrize("how", ["unreachable", "refused"])
def test_where_nothing_could_be_read_a_pack_is_made_all_the_same_and_says_it(how: str) -> None:
    world = judged_world()
    setattr(world, how, {HOME, MEMBER})
    files, found = built(run(world, 1, 2).locker)
    assert found.page_one.gaps
    assert files["24_gaps.csv"].count(b"\r\n") > 1
    assert "index.html" in files


@pytest.mark.parametrize(
    "kind", ["snapshot", "assessment", "findings", "transitions", "raw", "people", "outcome", "plan", "witness"]
)
def test_whatever_is_lost_or_damaged_a_pack_is_made_and_holds_no_such_copy(kind: str) -> None:
    world = run(judged_world(), 1, 2)
    for how in ("lost", "changed"):
        files, found = built(Tampered(world.locker, **{how: f"{kind}/"}))
        assert [path for path in files if path.startswith(f"evidence/{kind}/")] == []
        if kind not in ("people", "witness"):
            assert found.tally.wrong


def test_hostile_names_stay_text(town: Town) -> None:
    files, _ = built(town.locker)
    assert MARKUP.encode() not in files["index.html"]
    for path in (one for one in files if one.endswith(".csv")):
        cells = [cell for line in files[path].split(b"\r\n") for cell in line.split(b",")]
        assert not [one for one in cells if one.startswith((b"=", b'"='))], path


def test_narrowed_to_an_account_nothing_of_another_is_in_it() -> None:
    files, found = built(run(judged_world(), 1, 2).locker, accounts=(MEMBER,))
    assert found.period.accounts == (MEMBER,)
    assert [path for path in files if f"/{HOME}/" in path] == []
    assert b"AIDA1ada" not in files["03_identity_inventory.csv"] + files["07_identity_control_results.csv"]


def peopled() -> World:
    """A world of somebody with an address as a name, of whom also a custody record tells."""
    world = judged_world()
    world.users[MEMBER] = ["jane@example.com", "svc-deploy"]
    run(world, 1)
    record = Custody(
        action=CustodyAction.HANDOVER,
        who=f"arn:aws:sts::{HOME}:assumed-role/Admin/jane@example.com",
        at=world.clock.at,
        locker="memory:",
        head=LockerHistory(world.locker).chain.head,  # type: ignore[arg-type]
        scope="all",
        reason="Jane Doe asked for it",
        reference="case 1, jane@example.com",
        objects=0,
        objects_sha256="0" * 64,
    )
    world.locker.put(*sealed(record), retain_until=None)
    return run(world, 2)


def test_pseudonymised_no_byte_of_a_pack_names_anybody() -> None:
    files, _ = built(peopled().locker, pseudonymise=True)
    named = [path for path, body in texts(files) if b"jane" in body.lower()]
    assert named == []


def test_named_unless_pseudonymised_people_are_in_the_pack() -> None:
    files, _ = built(peopled().locker)
    assert b"jane@example.com" in files["03_identity_inventory.csv"]
    assert [path for path in files if path.startswith("evidence/custody/")]


def test_a_period_that_is_none_writes_nothing() -> None:
    files = MemoryFiles()
    asked = PackOptions(since=date(2026, 11, 2), until=date(2026, 11, 1))
    with pytest.raises(ConfigError):
        build_pack(run(World(), 1).locker, asked, files, MAKER)
    assert files.files == {}


def test_requests_of_the_auditor_become_a_register() -> None:
    files, _ = built(run(judged_world(), 1).locker, requests=(("R-1", "Key inventory"),))
    assert b"R-1" in files["35_requests.csv"]
    assert "35_requests.csv" not in built(run(judged_world(), 1).locker)[0]


def test_what_is_said_of_the_locker_and_its_locks_is_in_the_pack() -> None:
    files = MemoryFiles()
    world = run(judged_world(), 1)
    said = ("it was made from a partial copy of s3://evidence",)
    locks = Locks(read_from=COPY, of=lambda _: (LockState(mode="COMPLIANCE"), None))
    found = build_pack(world.locker, NOVEMBER, files, MAKER, copy=said, locks=locks)
    assert any(said[0] in one for one in found.page_one.gaps)
    assert said[0].encode() in files.files["24_gaps.csv"]
    assert b"COMPLIANCE" in files.files["integrity/object_lock_status.json"]


def test_a_part_of_the_evidence_accuses_nobody() -> None:
    files = MemoryFiles()
    world = run(judged_world(), 1)
    found = build_pack(world.locker, NOVEMBER, files, MAKER, copy=("it was made from a partial copy",))
    assert found.tally.wrong == []
    assert [one for one in found.page_one.facts if "not as sealed" in one.text] == []
    assert b"altered" not in files.files["24_gaps.csv"]


def test_progress_counts_every_account_and_ends() -> None:
    steps: list[tuple[int, int, str]] = []
    build_pack(run(judged_world(), 1).locker, NOVEMBER, MemoryFiles(), MAKER, progress=lambda *step: steps.append(step))
    assert steps[0] == (0, 0, "reading the chain")
    assert [one[:2] for one in steps[1:]] == [(at, 4) for at in range(5)]
    assert [one[2] for one in steps[1:3]] == [f"account {HOME}", f"account {MEMBER}"]


def _as_locker(copies: dict[str, bytes]) -> MemoryLocker:
    locker = MemoryLocker()
    for key, body in copies.items():
        locker.put(key, body, retain_until=None)
    return locker
