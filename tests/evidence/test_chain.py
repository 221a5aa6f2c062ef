"""The chain: any manifest changed, moved, dropped, added or signed by another key is named with its slot."""

import base64
import json
from datetime import timedelta

import msgspec
import pytest

from prooftrail.evidence import chain
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.model import canonical
from prooftrail.model.run import Run
from tests.evidence.chains import DAY_1, KEY, Key, a_chain, a_genesis, a_manifest, an_object, sealed


def faults(files: list[tuple[int, bytes]], public_key: bytes | None = None) -> set[tuple[Fault, str]]:
    return {(one.fault, one.where[6:14]) for one in chain.read(files, public_key=public_key).problems}


def test_a_whole_chain_has_no_problem_and_knows_its_head() -> None:
    files = a_chain()
    read = chain.read(files, public_key=KEY.pem)
    assert read.problems == ()
    assert read.head == Head(seq=2, sha256=canonical.sha256(files[-1][1]))
    assert [one.seq for one in read.manifests] == [1, 2]


def test_the_order_in_which_files_are_read_does_not_matter() -> None:
    files = a_chain(({}, {}, {}))
    assert chain.read(reversed(files)) == chain.read(files)


def test_an_empty_locker_has_an_empty_chain() -> None:
    read = chain.read([])
    assert (read.genesis, read.head, read.problems) == (None, None, ())


def test_a_manifest_from_the_middle_that_is_gone_is_named_by_its_slot() -> None:
    files = a_chain(({}, {}, {}))
    assert faults([files[0], files[1], files[3]]) == {(Fault.SLOT, "00000002")}


def test_a_missing_genesis_is_named_and_nothing_is_called_verified() -> None:
    found = faults(a_chain()[1:])
    assert (Fault.SLOT, "00000000") in found
    assert (Fault.SIGNATURE, "00000001") in found


def test_a_manifest_signed_by_another_key_is_named() -> None:
    files, other = a_chain(), Key()
    content = chain.read(files).manifests[1]
    files[2] = (2, sealed(content, other))
    assert faults(files) == {(Fault.SIGNATURE, "00000002")}


def test_a_chain_remade_whole_under_another_key_fails_against_the_key_from_outside() -> None:
    forged = a_chain(key=Key())
    assert faults(forged) == set()
    assert (Fault.KEY, "00000000") in faults(forged, KEY.pem)
    assert (Fault.SIGNATURE, "00000001") in faults(forged, KEY.pem)


def test_a_manifest_changed_and_signed_again_breaks_the_link_after_it() -> None:
    files = a_chain()
    content = msgspec.structs.replace(chain.read(files).manifests[0], calls=99)
    files[1] = (1, sealed(content))
    assert faults(files) == {(Fault.LINK, "00000002")}


def test_a_changed_byte_breaks_signature_and_link() -> None:
    files = a_chain()
    raw = json.loads(files[1][1])
    body = base64.b64decode(raw["payload"]).replace(b'"calls":0', b'"calls":7')
    raw["payload"] = base64.b64encode(body).decode()
    files[1] = (1, canonical.encode(raw))
    assert faults(files) == {(Fault.SIGNATURE, "00000001"), (Fault.LINK, "00000002")}


def test_an_older_manifest_put_into_a_later_slot_is_a_replay() -> None:
    files = a_chain()
    files.append((3, files[1][1]))
    assert (Fault.REPLAYED, "00000003") in faults(files)


def test_a_manifest_of_another_locker_is_a_replay() -> None:
    files = a_chain()
    other = msgspec.structs.replace(a_genesis(), deployment_id="another")
    previous = Head(seq=2, sha256=canonical.sha256(files[-1][1]))
    files.append((3, sealed(a_manifest(3, previous=previous, genesis=other))))
    assert faults(files) == {(Fault.REPLAYED, "00000003")}


def test_one_run_sealed_twice_is_a_replay() -> None:
    same = {"run": Run.scheduled(DAY_1, None), "last_tick": DAY_1}
    assert (Fault.REPLAYED, "00000002") in faults(a_chain((same, same)))


def test_a_second_genesis_is_a_replay() -> None:
    files = a_chain()
    files.append((3, files[0][1]))
    assert (Fault.REPLAYED, "00000003") in faults(files)


def test_a_manifest_that_cannot_be_read_keeps_its_slot_and_is_named() -> None:
    files = a_chain(({}, {}, {}))
    files[2] = (2, b"not json")
    assert (Fault.UNREADABLE, "00000002") in faults(files)
    assert (Fault.SLOT, "00000002") not in faults(files)


def test_a_merkle_root_that_is_not_that_of_the_objects_is_named() -> None:
    assert faults(a_chain(({"objects": (an_object(),), "merkle_root": "00"},))) == {(Fault.LINK, "00000001")}


def test_subjects_that_differ_from_the_manifest_are_unreadable() -> None:
    files = a_chain(({"objects": (an_object(),)},))
    raw = json.loads(files[1][1])
    statement = json.loads(base64.b64decode(raw["payload"]))
    statement["subject"] = []
    raw["payload"] = base64.b64encode(canonical.encode(statement)).decode()
    files[1] = (1, canonical.encode(raw))
    assert (Fault.UNREADABLE, "00000001") in faults(files)


SECOND_DAY_MISSED = {"run": Run.scheduled(DAY_1 + timedelta(days=2), None), "last_tick": DAY_1 + timedelta(days=2)}


def test_a_missed_tick_that_nobody_declared_is_named() -> None:
    (problem,) = chain.read(a_chain(({}, SECOND_DAY_MISSED))).problems
    assert (problem.fault, problem.detail) == (Fault.TICK, "missed ticks are not declared: 2026-11-02T06:00:00Z")


def test_a_missed_tick_that_is_declared_is_no_problem() -> None:
    declared = SECOND_DAY_MISSED | {"missed_ticks": (DAY_1 + timedelta(days=1),)}
    assert faults(a_chain(({}, declared))) == set()


def test_a_tick_declared_missed_that_was_met_is_named() -> None:
    assert faults(a_chain(({}, {"missed_ticks": (DAY_1,)}))) == {(Fault.TICK, "00000002")}


def test_a_manual_run_meets_no_tick_and_declares_none() -> None:
    at = DAY_1 + timedelta(hours=30)
    manual = {"run": Run.manual(at, None), "last_tick": DAY_1, "missed_ticks": ()}
    third = {"run": Run.scheduled(DAY_1 + timedelta(days=2), None), "last_tick": DAY_1 + timedelta(days=2)}
    declared = third | {"missed_ticks": (DAY_1 + timedelta(days=1),)}
    assert faults(a_chain(({}, manual, declared))) == set()
    assert faults(a_chain(({}, manual, third))) == {(Fault.TICK, "00000003")}


@pytest.mark.parametrize("seq", [1, 2])
def test_the_link_of_a_run_is_found_by_its_id(seq: int) -> None:
    read = chain.read(a_chain())
    link = read.of_run(read.manifests[seq - 1].run.id)
    assert link is not None
    assert isinstance(link.content, Manifest)
    assert link.seq == seq
    assert read.of_run("20200101T000000Z") is None
