"""A chain whose key was exchanged: the old key signs the new one in, the new one stands by what came before."""

import base64
from datetime import timedelta

import msgspec

from prooftrail.evidence import chain
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Head, Manifest, Rotation
from prooftrail.model import canonical
from tests.evidence.chains import DAY_1, KEY, Key, a_chain, a_genesis, a_manifest, sealed

NEW = Key()


def a_rotation(seq: int, previous: bytes, *, to: Key = NEW, proof: Key | None = None, **known: object) -> Rotation:
    bare = Rotation(
        locker_id=a_genesis().locker_id(),
        seq=seq,
        previous=Head(seq=seq - 1, sha256=canonical.sha256(previous)),
        public_key_pem=to.pem.decode(),
        key_fingerprint=to.fingerprint,
        key_origin="file",
        reason="yearly",
        rotated_at=DAY_1 + timedelta(days=1),
        key_since=None,
    )
    bare = msgspec.structs.replace(bare, **known)
    signature = (proof or to).sign(bare.to_be_signed())
    return msgspec.structs.replace(bare, possession=base64.b64encode(signature).decode())


def rotated(*, proof: Key | None = None, signed_by: Key = KEY, after: Key = NEW) -> list[tuple[int, bytes]]:
    """A genesis and a manifest under the first key, the rotation, a manifest under the next."""
    files = a_chain(({},))
    files.append((2, sealed(a_rotation(2, files[1][1], proof=proof), signed_by)))
    return [*files, (3, sealed(the_manifest_after(files[2][1]), after))]


def the_manifest_after(previous: bytes) -> Manifest:
    return a_manifest(
        3,
        previous=Head(seq=2, sha256=canonical.sha256(previous)),
        key_since=2,
        missed_ticks=(DAY_1 + timedelta(days=1),),
    )


def faults(files: list[tuple[int, bytes]], public_key: bytes | None = None) -> set[tuple[Fault, str]]:
    return {(one.fault, one.where[6:14]) for one in chain.read(files, public_key=public_key).problems}


def test_a_chain_goes_on_under_the_key_that_its_rotation_brings_in() -> None:
    read = chain.read(rotated())
    assert read.problems == ()
    assert [(one.since, one.fingerprint) for one in read.keys] == [(0, KEY.fingerprint), (2, NEW.fingerprint)]
    assert [one.seq for one in read.manifests] == [1, 3]


def test_either_key_from_outside_proves_the_origin_of_the_whole_chain() -> None:
    assert faults(rotated(), KEY.pem) == set()
    assert faults(rotated(), NEW.pem) == set()


def test_a_stranger_s_key_from_outside_proves_nothing() -> None:
    found = faults(rotated(), Key().pem)
    assert (Fault.KEY, "00000000") in found
    assert {(Fault.SIGNATURE, f"0000000{seq}") for seq in range(4)} <= found


def test_the_old_key_signs_nothing_after_it_was_exchanged() -> None:
    assert faults(rotated(after=KEY)) == {(Fault.SIGNATURE, "00000003")}


def test_a_rotation_the_old_key_did_not_sign_brings_in_no_key() -> None:
    found = faults(rotated(signed_by=NEW))
    assert found == {(Fault.SIGNATURE, "00000002"), (Fault.SIGNATURE, "00000003")}


def test_nobody_can_hand_the_chain_to_a_key_whose_holder_did_not_agree() -> None:
    """Else a thief of the old key could make a forged chain end in a key that the auditor trusts."""
    found = faults(rotated(proof=KEY))
    assert found == {(Fault.SIGNATURE, "00000002"), (Fault.SIGNATURE, "00000003")}


def test_a_thief_of_the_old_key_who_cuts_the_chain_before_the_rotation_is_found_by_the_new_key() -> None:
    files = a_chain(({}, {}))
    assert faults(files) == set()
    assert (Fault.KEY, "00000000") in faults(files, NEW.pem)


def test_a_rotation_that_names_another_key_than_it_holds_brings_in_none() -> None:
    files = a_chain(({},))
    files.append((2, sealed(a_rotation(2, files[1][1], key_fingerprint=KEY.fingerprint))))
    assert faults(files) == {(Fault.SIGNATURE, "00000002")}


def test_a_rotation_moved_to_another_slot_or_locker_is_named() -> None:
    files = a_chain(({},))
    elsewhere = a_rotation(2, files[1][1], locker_id="another")
    assert (Fault.REPLAYED, "00000002") in faults([*files, (2, sealed(elsewhere))])
    late = a_rotation(5, files[1][1])
    assert (Fault.REPLAYED, "00000002") in faults([*files, (2, sealed(late))])


def test_a_key_can_be_exchanged_again() -> None:
    third, files = Key(), rotated()
    files.append((4, sealed(a_rotation(4, files[3][1], to=third, key_since=2), NEW)))
    read = chain.read(files, public_key=KEY.pem)
    assert read.problems == ()
    assert [one.since for one in read.keys] == [0, 2, 4]


def test_ticks_are_counted_across_a_rotation() -> None:
    files = rotated()
    silent = msgspec.structs.replace(the_manifest_after(files[2][1]), missed_ticks=())
    files[3] = (3, sealed(silent, NEW))
    assert faults(files) == {(Fault.TICK, "00000003")}
