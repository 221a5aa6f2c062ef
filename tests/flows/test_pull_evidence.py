"""Evidence is taken away whole, checked as it comes, and nothing that is wrong with it passes in silence."""

import json
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from prooftrail.adapters.embedded import pull_notes
from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.partial_directory import PartialDirectory
from prooftrail.adapters.embedded.pull_notes import PullDirectory
from prooftrail.errors import AccessError, ConfigError, EvidenceError, EvidenceMissing, NotInThisCopy
from prooftrail.evidence import envelope, layout
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.pulled import PullRecord, Scope, named_some
from prooftrail.flows import head as chain_head
from prooftrail.flows.pull_evidence import PullEvidence, Pulling
from prooftrail.flows.verify_locker import Trust, Verdict, Verified, VerifyLocker
from prooftrail.model.run import EvidenceKind
from tests.contracts.fakes import MemoryEvidence, MemoryLocker
from tests.flows.world import HOME, MEMBER, World

RUNS = ("20261101T060000Z", "20261102T060000Z", "20261103T060000Z")


class Taken(NamedTuple):
    """A world of three days, its bucket as an auditor sees it, and the directory it is pulled into."""

    world: World
    source: MemoryEvidence
    to: Path

    def pull(self, scope: Scope | None = None, **options: Any) -> PullRecord:
        flow = PullEvidence(
            source=self.source, copy=CopyDirectory(self.to), notes=PullDirectory(self.to), clock=self.world.clock,
            version="test", workers=options.pop("workers", 4),
        )  # fmt: skip
        return flow(scope or Scope(), **options)

    @property
    def bucket(self) -> MemoryLocker:
        found: Any = self.world.locker
        assert isinstance(found, MemoryLocker)
        return found

    def verify(self, *, deep: bool = True) -> Verified:
        record = pull_notes.read_record(self.to)
        check = VerifyLocker(locker=DirectoryLocker(self.to), clock=self.world.clock, pulled=record)
        return check(trust=Trust(public_key=self.world.signer.public_key_pem()), deep=deep)

    def first(self, prefix: str) -> str:
        return next(one.key for one in self.bucket.versions(prefix))

    def drop(self, key: str) -> None:
        self.bucket._versions = [one for one in self.bucket._versions if one[0].key != key]

    def change(self, key: str) -> None:
        """The same version with other bytes of the same length: what no store should do."""
        self.bucket._versions = [
            (one, bytes(len(body)) if one.key == key else body, until) for one, body, until in self.bucket._versions
        ]


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    world = World()
    for number in (1, 2, 3):
        world.sweep()(world.day(number))
    assert isinstance(world.locker, MemoryLocker)
    return Taken(world, MemoryEvidence(world.locker), tmp_path / "copy")


def test_a_whole_bucket_is_pulled_byte_for_byte_and_verifies_as_intact(taken: Taken) -> None:
    record = taken.pull()

    there = {one.key: DirectoryLocker(taken.to).get(one.key) for one in DirectoryLocker(taken.to).versions("")}
    assert there == {one.key: taken.bucket.get(one.key) for one in taken.bucket.versions("")}
    assert (record.finished, record.objects, record.fetched) == (True, len(there), len(there))
    assert record.bytes == sum(map(len, there.values()))
    assert taken.verify().verdict is Verdict.INTACT
    assert taken.verify().partial is None


def test_nothing_but_evidence_lies_in_the_copy_and_the_notes_lie_beside_it(taken: Taken) -> None:
    taken.pull()

    assert {path.name for path in taken.to.parent.iterdir()} == {"copy", "copy-pull"}
    assert {path.name for path in (taken.to.parent / "copy-pull").iterdir()} == {"pull.json", "objects.jsonl"}
    stated = json.loads((taken.to.parent / "copy-pull" / "pull.json").read_text())
    assert (stated["bucket"], stated["caller"], stated["finished"]) == ("memory:", "an auditor", True)


def test_each_object_is_noted_with_its_version_its_hash_and_the_lock_that_was_seen(taken: Taken) -> None:
    taken.pull()

    noted = pull_notes.read_objects(taken.to)
    key = taken.first(f"raw/{RUNS[0]}")
    (listed,) = taken.bucket.versions(key)
    assert noted[key].version_id == listed.version_id
    assert noted[key].stored_at == listed.stored_at
    assert noted[key].lock.mode == "COMPLIANCE"
    assert noted[key].lock.retain_until == taken.bucket.retained_until(key)
    assert set(noted) == {one.key for one in taken.bucket.versions("")}


def test_locks_that_may_not_be_seen_are_unknown_and_say_why(taken: Taken) -> None:
    taken.source.locks_shown = False

    record = taken.pull()

    assert (record.finished, record.locks_observed) == (True, 0)
    assert {one.lock.unknown for one in pull_notes.read_objects(taken.to).values()} == {
        "s3:GetObjectRetention is not allowed"
    }


def test_what_lies_there_with_the_right_hash_is_not_fetched_again(taken: Taken) -> None:
    taken.pull()
    chain = len(list(taken.bucket.versions("chain/")))
    taken.source.taken.clear()

    record = taken.pull()

    assert (record.fetched, record.finished) == (0, True)
    assert len(taken.source.taken) == chain  # read to know what to look for, and left out of the count


def test_locks_that_a_kill_forgot_are_looked_at_again_without_the_bytes(taken: Taken) -> None:
    taken.pull()
    (taken.to.parent / "copy-pull" / "objects.jsonl").unlink()

    record = taken.pull()

    assert (record.fetched, record.locks_observed) == (0, record.objects)


class Cut(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_pull_that_is_cut_short_goes_on_where_it_stopped(taken: Taken, after: int) -> None:
    objects = len(list(taken.bucket.versions("")))
    chain = len(list(taken.bucket.versions("chain/")))
    left, lock = [after + chain], threading.Lock()

    def cut(_: str) -> None:
        with lock:
            left[0] -= 1
            if left[0] < 0:
                raise Cut

    taken.source.on_take = cut
    with pytest.raises(Cut):
        taken.pull()
    stated = pull_notes.read_record(taken.to)
    assert stated is not None
    assert (stated.finished, stated.stopped) == (False, "it was interrupted")
    there = len(list(DirectoryLocker(taken.to).versions("")))
    assert 0 < there < objects
    assert taken.verify(deep=False).verdict is Verdict.NOT_INTACT

    taken.source.on_take = lambda _: None
    record = taken.pull()

    assert (record.fetched, record.objects) == (objects - there, objects)
    assert taken.verify().verdict is Verdict.INTACT


def test_progress_counts_up_to_all_there_is(taken: Taken) -> None:
    seen: list[Pulling] = []

    record = taken.pull(progress=seen.append)

    assert (seen[0].objects, seen[0].bytes) == (0, 0)
    assert [one.objects for one in seen] == sorted(one.objects for one in seen)
    assert (
        (seen[-1].objects, seen[-1].bytes) == (seen[-1].of_objects, seen[-1].of_bytes) == (record.objects, record.bytes)
    )


SEALED = f"snapshot/{RUNS[1]}"


def test_changed_bytes_stop_it_with_key_and_version_and_are_not_kept(taken: Taken) -> None:
    key = taken.first(SEALED)
    (listed,) = taken.bucket.versions(key)
    taken.change(key)

    record = taken.pull()

    (stop,) = record.stops
    assert (stop.fault, stop.where) == (Fault.CHANGED, key)
    assert str(listed.version_id) in stop.detail
    assert not record.finished
    assert 0 < record.objects < len(list(taken.bucket.versions("")))
    with pytest.raises(EvidenceMissing):
        DirectoryLocker(taken.to).get(key)


def test_a_hidden_object_stops_it_before_anything_is_brought(taken: Taken) -> None:
    key = taken.first(SEALED)
    taken.bucket.hide(key)

    record = taken.pull()

    assert [(one.fault, one.where) for one in record.stops] == [(Fault.HIDDEN, key)]
    (listed, marker) = taken.bucket.versions(key)
    assert f"the sealed version is {listed.version_id}" in record.stops[0].detail
    assert str(marker.version_id) in record.stops[0].detail
    assert record.objects == 0


def test_a_second_version_stops_it_with_both_named(taken: Taken) -> None:
    key = taken.first(SEALED)
    taken.bucket.replace(key, b"forged")

    record = taken.pull()

    assert [(one.fault, one.where) for one in record.stops] == [(Fault.REPLACED, key)]
    for one in taken.bucket.versions(key):
        assert str(one.version_id) in record.stops[0].detail


def test_a_missing_object_stops_it_and_every_one_is_named(taken: Taken) -> None:
    gone = sorted(one.key for one in taken.bucket.versions(SEALED))
    for key in gone:
        taken.drop(key)

    record = taken.pull()

    assert [(one.fault, one.where) for one in record.stops] == [(Fault.MISSING, key) for key in gone]


def test_what_was_disposed_of_on_schedule_is_listed_and_stops_nothing(taken: Taken) -> None:
    gone = sorted(one.key for one in taken.bucket.versions("raw/"))
    for key in gone:
        taken.drop(key)
    taken.world.clock.at += timedelta(days=410)

    record = taken.pull()

    assert record.finished
    assert [one for one in record.disposed if one.startswith("raw/")] == gone
    assert taken.verify().verdict is Verdict.INTACT


@pytest.mark.parametrize("wrong", ["hidden", "replaced", "gone", "changed"])
def test_a_chain_that_does_not_hold_stops_it_with_slot_and_fault_and_nothing_is_written(
    taken: Taken, wrong: str
) -> None:
    slot = layout.chain_key(2)
    match wrong:
        case "hidden":
            taken.bucket.hide(slot)
        case "replaced":
            taken.bucket.replace(slot, b"{}")
        case "gone":
            taken.drop(slot)
        case _:
            taken.change(slot)

    with pytest.raises(EvidenceError, match=slot):
        taken.pull()
    assert not taken.to.exists()


def test_another_key_than_was_told_stops_it(taken: Taken) -> None:
    ours = envelope.fingerprint(taken.world.signer.public_key_pem())

    with pytest.raises(EvidenceError, match=f"{ours}, not {'0' * 64}"):
        taken.pull(fingerprint="0" * 64)

    assert taken.pull(fingerprint=ours).origin_checked


@pytest.mark.parametrize("action", ["s3:ListBucketVersions", "s3:GetObjectVersion"])
def test_what_is_refused_is_named(taken: Taken, action: str) -> None:
    taken.source.refusing.add(action)

    with pytest.raises(AccessError, match=action):
        taken.pull()


def test_a_place_without_a_chain_is_no_locker(tmp_path: Path) -> None:
    world = World()
    assert isinstance(world.locker, MemoryLocker)

    with pytest.raises(EvidenceError, match="holds no chain"):
        Taken(world, MemoryEvidence(world.locker), tmp_path / "copy").pull()


def test_other_bytes_that_lie_there_stop_it_and_are_left_as_they_are(taken: Taken) -> None:
    taken.pull()
    file = taken.to / taken.first(SEALED)
    file.chmod(0o644)
    file.write_bytes(b"something else")

    with pytest.raises(EvidenceError, match="holds other bytes"):
        taken.pull()
    assert file.read_bytes() == b"something else"


def test_a_directory_that_holds_something_else_is_not_pulled_into(taken: Taken) -> None:
    taken.to.mkdir()
    (taken.to / "notes.txt").write_text("mine")

    with pytest.raises(EvidenceError, match=r"already holds notes\.txt"):
        taken.pull()


def test_a_bucket_whose_end_was_cut_off_since_the_last_pull_is_told(taken: Taken) -> None:
    taken.pull()
    for one in list(taken.bucket.versions("")):
        if RUNS[2] in one.key or one.key == layout.chain_key(3):
            taken.drop(one.key)

    with pytest.raises(EvidenceError, match="its end was cut off since"):
        taken.pull()


def test_what_no_manifest_names_is_left_and_said(taken: Taken) -> None:
    taken.bucket.put("raw/stray.gz", b"whose?", retain_until=None)

    record = taken.pull()

    assert (record.finished, record.unnamed) == (True, ("raw/stray.gz",))
    assert taken.verify().verdict is Verdict.INTACT


def test_later_runs_are_brought_by_the_next_pull_alone(taken: Taken) -> None:
    before = taken.pull()
    taken.world.sweep()(taken.world.day(4))

    record = taken.pull()

    assert record.objects == len(list(taken.bucket.versions("")))
    assert record.fetched == record.objects - before.objects


# a part -------------------------------------------------------------------------------------------------------------

DAY_2 = Scope(since=date(2026, 11, 2), until=date(2026, 11, 2))
ONE_ACCOUNT = Scope(accounts=(MEMBER,))


def test_a_copy_of_some_days_has_the_whole_chain_and_those_runs_alone(taken: Taken) -> None:
    record = taken.pull(DAY_2)

    there = [one.key for one in DirectoryLocker(taken.to).versions("")]
    assert [one for one in there if one.startswith("chain/")] == [layout.chain_key(seq) for seq in range(4)]
    assert {layout.Place(one).run_id for one in there} - {None} == {RUNS[1]}
    assert record.runs_left_out == (RUNS[0], RUNS[2])
    assert record.left_out == len(list(taken.bucket.versions(""))) - len(there)


def test_a_copy_of_one_account_has_its_objects_and_those_of_no_account(taken: Taken) -> None:
    taken.pull(ONE_ACCOUNT)

    there = [one.key for one in DirectoryLocker(taken.to).versions("")]
    assert not [one for one in there if HOME in one]
    assert [one for one in there if MEMBER in one]
    for kind in (EvidenceKind.PLAN, EvidenceKind.CONTEXT):
        assert len([one for one in there if one.startswith(f"{kind}/")]) == 3


@pytest.mark.parametrize("scope", [DAY_2, ONE_ACCOUNT])
def test_a_part_verifies_as_a_part_and_never_as_intact(taken: Taken, scope: Scope) -> None:
    record = taken.pull(scope)

    verified = taken.verify()

    assert verified.verdict is Verdict.PARTIAL
    assert verified.problems == ()
    assert all("not in this copy" in one.detail for one in verified.notes if one.fault is Fault.NOT_ADDED_UP)
    assert verified.partial is not None
    assert verified.partial.left_out == record.left_out
    assert scope.worded() in verified.partial.worded()


@pytest.mark.parametrize(
    "scope",
    [
        Scope(since=date(2026, 11, 1)),
        Scope(since=date(2020, 1, 1), until=date(2026, 11, 3)),
        Scope(accounts=(HOME, MEMBER)),
    ],
)
def test_a_scope_that_leaves_nothing_out_makes_a_whole_copy(taken: Taken, scope: Scope) -> None:
    record = taken.pull(scope)

    assert (record.scope, record.left_out, record.runs_left_out) == (Scope(), 0, ())
    assert record.objects == len({one.key for one in taken.bucket.versions("")})
    assert (taken.verify().verdict, taken.verify().partial) == (Verdict.INTACT, None)


def test_a_copy_that_was_whole_is_a_part_once_the_same_scope_leaves_something_out(taken: Taken) -> None:
    scope = Scope(until=date(2026, 11, 3))
    taken.pull(scope)
    taken.world.sweep()(taken.world.day(4))

    record = taken.pull(scope)

    assert (record.scope, record.runs_left_out) == (scope, ("20261104T060000Z",))
    assert taken.verify().partial is not None


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (Scope(since=date(2030, 1, 1)), "there are 3, from 2026-11-01 to 2026-11-03"),
        (Scope(until=date(2026, 10, 31)), "there are 3, from 2026-11-01 to 2026-11-03"),
        (Scope(accounts=("999999999999",)), f"--account 999999999999: .* {HOME}, {MEMBER}"),
        (Scope(accounts=(HOME, "999999999999"), until=date(2026, 11, 1)), "--account 999999999999"),
    ],
)
def test_a_scope_that_nothing_lies_in_is_refused_and_brings_nothing(taken: Taken, scope: Scope, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        taken.pull(scope)

    assert not taken.to.exists()


def test_what_is_missing_from_a_part_and_in_its_scope_stays_missing(taken: Taken) -> None:
    taken.pull(DAY_2)
    key = taken.first(f"snapshot/{RUNS[1]}")
    (taken.to / key).unlink()

    verified = taken.verify()

    assert verified.verdict is Verdict.NOT_INTACT
    assert [(one.fault, one.where) for one in verified.problems] == [(Fault.MISSING, key)]
    assert verified.partial is not None


def test_a_part_without_its_record_is_judged_as_a_whole(taken: Taken) -> None:
    taken.pull(DAY_2)
    (taken.to.parent / "copy-pull" / "pull.json").unlink()

    assert taken.verify().verdict is Verdict.NOT_INTACT


def test_a_record_excuses_absence_and_nothing_else(taken: Taken) -> None:
    taken.pull()
    record = pull_notes.read_record(taken.to)
    assert record is not None
    PullDirectory(taken.to).state(msgspec.structs.replace(record, scope=DAY_2))
    file = taken.to / taken.first(f"snapshot/{RUNS[0]}")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    assert [one.fault for one in taken.verify(deep=False).problems] == [Fault.CHANGED]


def test_a_part_names_every_account_kind_and_run_of_what_is_absent_and_whose_word_it_is(taken: Taken) -> None:
    taken.pull(ONE_ACCOUNT)

    partial = taken.verify().partial

    assert partial is not None
    assert HOME in partial.accounts
    assert MEMBER not in partial.accounts
    assert partial.runs == RUNS
    assert {"snapshot", "outcome"} <= set(partial.kinds)
    assert "which nobody signed" in partial.worded()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"locker_id": "0" * 64}, "it is of locker 0000000000000000"),
        ({"key_fingerprint": "0" * 64}, "it names the key 0000000000000000"),
        ({"head": Head(seq=3, sha256="0" * 64)}, "it names the head 3:0000000000000000"),
        ({"head": Head(seq=-9, sha256="0" * 64)}, "it names the head -9:"),
    ],
)
def test_a_record_of_another_chain_excuses_nothing(taken: Taken, changes: dict[str, Any], why: str) -> None:
    record = msgspec.structs.replace(taken.pull(ONE_ACCOUNT), **changes)
    PullDirectory(taken.to).state(record)
    there = {one.key for one in DirectoryLocker(taken.to).versions("")}

    verified = taken.verify(deep=False)

    assert verified.verdict is Verdict.NOT_INTACT
    assert verified.partial is None
    assert why in (verified.record_refused or "")
    missing = {one.where for one in verified.problems if one.fault is Fault.MISSING}
    assert missing == {one.key for one in taken.bucket.versions("")} - there
    with pytest.raises(EvidenceMissing) as raised:
        PartialDirectory(taken.to, record).get(taken.first(f"snapshot/{RUNS[0]}/{HOME}"))
    assert not isinstance(raised.value, NotInThisCopy)


def test_a_record_fits_as_long_as_the_chain_has_the_head_it_names(taken: Taken) -> None:
    record = taken.pull(DAY_2)
    taken.world.sweep()(taken.world.day(4))
    chain = chain_head.read_chain(taken.bucket, public_key=None)

    assert record.head.seq == len(chain.links) - 2
    assert (
        record.misfit(chain.genesis, {Head(seq=one.seq, sha256=one.sha256) for one in chain.links}.__contains__) is None
    )
    assert record.misfit(None, lambda _: True) is not None


@pytest.mark.parametrize(("many", "said"), [(0, ""), (20, "019"), (21, "019 and 1 more (--json names all)")])
def test_a_list_on_a_terminal_says_how_many_more_there_are(many: int, said: str) -> None:
    assert named_some([f"{one:03}" for one in range(many)]).endswith(said)


def test_a_part_becomes_whole_when_the_rest_is_pulled(taken: Taken) -> None:
    taken.pull(DAY_2)
    record = taken.pull()

    assert (record.objects, record.left_out) == (len(list(taken.bucket.versions(""))), 0)
    assert taken.verify().verdict is Verdict.INTACT
    assert set(pull_notes.read_objects(taken.to)) == {one.key for one in taken.bucket.versions("")}


def test_what_was_left_out_is_told_apart_from_what_is_missing(taken: Taken) -> None:
    record = taken.pull(ONE_ACCOUNT)
    part = PartialDirectory(taken.to, record)
    ours, other = taken.first(f"snapshot/{RUNS[0]}/{MEMBER}"), taken.first(f"snapshot/{RUNS[0]}/{HOME}")
    (taken.to / ours).unlink()

    with pytest.raises(NotInThisCopy, match="not in this copy of memory:, which was pulled for all runs, account"):
        part.get(other)
    with pytest.raises(EvidenceMissing) as missing:
        part.get(ours)
    assert not isinstance(missing.value, NotInThisCopy)


@pytest.mark.parametrize(
    ("scope", "worded"),
    [
        (Scope(), "all runs, all accounts"),
        (Scope(since=date(2026, 7, 1)), "runs from 2026-07-01 on, all accounts"),
        (Scope(until=date(2026, 9, 30)), "runs until 2026-09-30, all accounts"),
        (DAY_2, "runs from 2026-11-02 to 2026-11-02, all accounts"),
        (ONE_ACCOUNT, f"all runs, account {MEMBER}"),
        (Scope(accounts=tuple(f"{one:012d}" for one in range(7))), "and 2 more"),
    ],
)
def test_a_scope_is_said_in_words(scope: Scope, worded: str) -> None:
    assert worded in scope.worded()


def test_a_name_shaped_like_a_run_that_is_no_date_is_wanted_by_nobody() -> None:
    assert not DAY_2.wants("plan/99999999T999999Z.jsonl", None)


def test_notes_that_a_kill_cut_short_are_read_without_the_last_line(taken: Taken) -> None:
    taken.pull()
    path = taken.to.parent / "copy-pull" / "objects.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])

    assert len(pull_notes.read_objects(taken.to)) == len(whole.splitlines()) - 1
    assert taken.pull().objects == len(whole.splitlines())


def test_a_record_that_makes_no_sense_is_said_and_not_overlooked(taken: Taken) -> None:
    taken.pull()
    (taken.to.parent / "copy-pull" / "pull.json").write_text("{}")

    with pytest.raises(EvidenceError, match="no record of a pull"):
        pull_notes.read_record(taken.to)
