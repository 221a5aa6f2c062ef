"""A pack is bound to a head: where the locker lies, and whatever is sealed later, changes nothing of it."""

from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.pull_notes import PullDirectory, read_objects
from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable, NotInThisCopy
from prooftrail.evidence import answers as sealed_answers
from prooftrail.evidence import layout
from prooftrail.evidence.custody import Custody, CustodyAction, sealed
from prooftrail.evidence.pulled import Scope
from prooftrail.flows.build_pack import BuiltPack, Maker, build_pack
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.flows.pack_head import AskedHead, LockerAt, RecordsAt, require_head
from prooftrail.flows.pull_evidence import PullEvidence
from prooftrail.model.notice import Answer, AnswerKind
from prooftrail.pack.integrity.integrity import BUCKET, COPY, DIRECTORY, Locks
from tests.builders.pack_files import MemoryFiles
from tests.contracts.fakes import MemoryEvidence, MemoryLocker
from tests.flows.packing import NOVEMBER, judged_world, run
from tests.flows.watched import Kennel
from tests.flows.world import HOME, World

MAKER = Maker(version="0.0", code_sha256="0" * 64)
LOCKS = "integrity/object_lock_status.json"
OF_A_PLACE = [LOCKS, "integrity/pack.json"]


class Bucket(MemoryLocker):
    """A locker that says it is a bucket, and takes things when the world's clock says."""

    def describe(self) -> str:
        return "s3://evidence"


def bucket_world(*days: int) -> World:
    """Runs sealed into a bucket, with a custody record and an answer that the second of them names."""
    world = judged_world()
    world.locker = Bucket(now=world.clock.now)
    first, *later = days
    run(world, first)
    world.locker.put(*recorded(world), retain_until=None)
    world.locker.put(*answered(world), retain_until=None)
    return run(world, *later)


def recorded(world: World, reference: str = "ENG-1") -> tuple[str, bytes]:
    """A custody record of a hand-over, made now."""
    return sealed(
        Custody(
            action=CustodyAction.HANDOVER,
            who=f"arn:aws:iam::{HOME}:role/Admin",
            at=world.clock.at,
            locker=world.locker.describe(),
            head=LockerHistory(world.locker).chain.head,  # type: ignore[arg-type]
            scope="all",
            reason="the audit",
            reference=reference,
            objects=0,
            objects_sha256="0" * 64,
        )
    )


def answered(world: World) -> tuple[str, bytes]:
    """An answer nobody signed: in a bucket it counts by who may write there."""
    genesis = LockerHistory(world.locker).chain.genesis
    assert genesis is not None
    return sealed_answers.sealed(
        Answer(
            kind=AnswerKind.ACKNOWLEDGED,
            who=f"arn:aws:iam::{HOME}:role/Owner",
            at=world.clock.at,
            locker=genesis.locker_id(),
            matters=("m1",),
            identities=(),
            reason="seen",
            to=None,
        )
    )


def packed(locker: Any, head: AskedHead | None = None, **more: Any) -> tuple[dict[str, bytes], BuiltPack]:
    files = MemoryFiles()
    made = build_pack(locker, NOVEMBER, files, MAKER, head=head, **more)
    return files.files, made


def differing(one: dict[str, bytes], two: dict[str, bytes]) -> list[str]:
    return sorted(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))


def pulled(world: World, to: Path, scope: Scope | None = None) -> Path:
    assert isinstance(world.locker, MemoryLocker)
    PullEvidence(
        source=MemoryEvidence(world.locker), copy=CopyDirectory(to), notes=PullDirectory(to), clock=world.clock,
        version="test", workers=2,
    )(scope or Scope())  # fmt: skip
    return to


def test_bucket_directory_and_pulled_copy_give_the_same_pack_but_for_the_locks_that_were_seen(tmp_path: Path) -> None:
    world = bucket_world(1, 2, 3)
    copy = pulled(world, tmp_path / "copy")
    noted = read_objects(copy)
    shown = MemoryEvidence(world.locker)  # type: ignore[arg-type]
    in_bucket = Locks(read_from=BUCKET, of=lambda key: (shown.lock_of(key, version_id=None), None))
    in_copy = Locks(read_from=COPY, of=lambda key: (noted[key].lock, noted[key].observed_at))
    of_bucket, made = packed(world.locker, locks=in_bucket)
    assert (len(made.period.custody), len(made.period.answers)) == (1, 1)
    assert differing(of_bucket, packed(DirectoryLocker(copy), locks=in_copy)[0]) == OF_A_PLACE
    assert differing(of_bucket, packed(DirectoryLocker(copy), locks=Locks(read_from=DIRECTORY))[0]) == OF_A_PLACE


def test_what_is_sealed_and_written_later_changes_nothing_of_a_pack_of_the_same_head() -> None:
    world = bucket_world(1, 2)
    before, made = packed(world.locker)
    head = AskedHead(seq=made.period.head.seq, sha256=made.period.head.sha256)
    world.locker.put(*recorded(world, "ENG-2"), retain_until=None)
    assert differing(before, packed(world.locker)[0]) == []
    run(world, 3)
    world.locker.put(*recorded(world, "ENG-3"), retain_until=None)
    again, later = packed(world.locker, head)
    assert differing(before, again) == []
    assert (made.not_chained, later.not_chained) == (0, 2)
    newest, _ = packed(world.locker)
    assert len([path for path in newest if path.startswith("evidence/custody/")]) == 2


def test_a_word_of_the_watchdog_about_a_later_slot_is_not_in_the_pack_of_an_earlier_head() -> None:
    kennel = Kennel()
    kennel.run(1)
    before, made = packed(kennel.locker)
    kennel.run(2)
    kennel.watch()
    later, _ = packed(kennel.locker, AskedHead(seq=made.period.head.seq))
    assert differing(before, later) == []
    newest, _ = packed(kennel.locker)
    assert [one for one in newest if one.startswith("evidence/witness/")]


@pytest.fixture
def at_two() -> tuple[World, LockerAt]:
    world = bucket_world(1, 2, 3)
    return world, LockerAt(world.locker, AskedHead(seq=2))


def test_slots_above_the_head_are_neither_listed_nor_read(at_two: tuple[World, LockerAt]) -> None:
    _, cut = at_two
    assert [one.key for one in cut.versions("chain/")] == [layout.chain_key(seq) for seq in (0, 1, 2)]
    with pytest.raises(EvidenceMissing):
        cut.get(layout.chain_key(3))


def test_a_record_that_was_changed_since_its_manifest_named_it_is_not_believed(at_two: tuple[World, LockerAt]) -> None:
    world, cut = at_two
    records = RecordsAt(cut, LockerHistory(cut), bucket=True)
    [named] = records.versions("custody/")
    assert isinstance(world.locker, Bucket)
    world.locker._versions = [(v, b" " if v.key == named.key else b, u) for v, b, u in world.locker._versions]
    with pytest.raises(EvidenceUnreadable, match="is not what its manifest sealed"):
        records.get(named.key)


def test_a_record_that_is_gone_is_missed() -> None:
    world = bucket_world(1, 2)
    assert isinstance(world.locker, Bucket)
    world.locker._versions = [one for one in world.locker._versions if not one[0].key.startswith("custody/")]
    assert any("a custody record cannot be shown" in one for one in packed(world.locker)[1].period.wrong)


def test_an_answer_dated_before_the_manifest_before_the_one_that_names_it_does_not_count() -> None:
    world = judged_world()
    world.locker = Bucket(now=world.clock.now)
    run(world, 1)
    key, body = answered(world)  # of the first day, and brought on the third
    run(world, 2, 3)
    world.locker.put(key, body, retain_until=None)
    found = packed(run(world, 4).locker)[1].period
    assert found.answers == ()
    assert any("dated more than an hour from when the store received it" in one for one in found.wrong)


@pytest.mark.parametrize("sha256", [None, "own"])
def test_a_head_the_chain_has_is_taken(sha256: str | None) -> None:
    locker = bucket_world(1, 2).locker
    head = LockerHistory(locker).chain.head
    assert head is not None
    require_head(locker, AskedHead(seq=head.seq, sha256=head.sha256 if sha256 else None))


@pytest.mark.parametrize(("seq", "sha256", "said"), [(7, None, "has no such slot"), (1, "0" * 64, "another chain")])
def test_a_head_the_chain_does_not_have_is_refused(seq: int, sha256: str | None, said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        require_head(bucket_world(1, 2).locker, AskedHead(seq=seq, sha256=sha256))


def test_what_a_pull_did_not_come_to_is_not_called_gone() -> None:
    world = bucket_world(1)
    cut = LockerAt(world.locker, not_yet=lambda key: key == "plan/x")
    with pytest.raises(NotInThisCopy):
        cut.get("plan/x")
    with pytest.raises(EvidenceMissing, match="is not in the locker"):
        cut.get("plan/y")


def test_nothing_is_ever_put_into_it() -> None:
    with pytest.raises(NotImplementedError):
        LockerAt(bucket_world(1).locker).put("x", b"", retain_until=None)
