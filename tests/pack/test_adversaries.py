"""Each cell of VERIFY.md's matrix that says *detected* is an attack here, and what it says is needed is what is needed."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from prooftrail.evidence.assurance import Assurance
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.integrity import adversaries as integrity_adversaries
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_guide
from prooftrail.pack.integrity.adversaries import Act, Adversary, Needs
from tests.builders.packs import a_pack_run
from tests.evidence.chains import Key
from tests.pack.small_packs import (
    KEY,
    NEXT_KEY,
    OTHER_KEY,
    WATCHDOG,
    Said,
    Small,
    a_locker,
    a_pack,
    reseal,
    the_period,
    the_records,
    verify,
)

FINGERPRINT = ("--fingerprint", KEY.fingerprint)
WITNESSED = (*FINGERPRINT, "--witness-fingerprint", WATCHDOG.fingerprint)
GOVERNANCE = "policy/governance.json"

type Attack = Callable[[Path], tuple[Said, Said]]
"""Gives what verify.py says with what the cell asks for, and what it says to somebody who holds less."""

ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    def known(made: Attack) -> Attack:
        ATTACKS[name] = made
        return made

    return known


def head_of(locker: Small) -> tuple[str, str]:
    """What somebody outside wrote down."""
    return "--expect-head", str(locker.head)


@attack("file added")
def _file_added(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack)
    (pack / "evidence/raw/20261103T060000Z/000000000000").mkdir()
    (pack / f"evidence/raw/20261103T060000Z/000000000000/{'0' * 64}.jsonl.gz").write_bytes(b"")
    return verify(pack), before


@attack("file altered")
def _file_altered(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack)
    path = pack / "07_identity_control_results.csv"
    path.write_bytes(path.read_bytes().replace(b"FAIL", b"PASS"))
    return verify(pack), before


@attack("file removed")
def _file_removed(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack)
    next((pack / "evidence/raw").rglob("*.gz")).unlink()
    return verify(pack), before


@attack("policy altered")
def _policy_altered(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack)
    path = pack / GOVERNANCE
    path.write_bytes(path.read_bytes().replace(b"{", b"{ ", 1))
    return verify(pack), before


@attack("policy altered, truly signed")
def _policy_altered_and_signed(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack, *FINGERPRINT)
    (pack / GOVERNANCE).write_bytes(b"{}")
    reseal(pack, KEY)
    return verify(pack, *FINGERPRINT), before


@attack("re-signed by own key")
def _resigned(at: Path) -> tuple[Said, Said]:
    return _forged_whole(at, a_locker(3, key=OTHER_KEY))


@attack("fork by own key")
def _forked_by_own_key(at: Path) -> tuple[Said, Said]:
    locker = a_locker(3, key=OTHER_KEY)
    locker.run(3, {})
    return _forged_whole(at, locker)


@attack("time altered by own key")
def _time_altered_by_own_key(at: Path) -> tuple[Said, Said]:
    locker = Small(OTHER_KEY, watchdog=None)
    locker.run(0, started_at=locker.genesis.created_at - timedelta(days=300), closed_at=locker.genesis.created_at)
    return _forged_whole(at, locker)


def _forged_whole(at: Path, locker: Small) -> tuple[Said, Said]:
    pack = a_pack(at, locker)
    return verify(pack, *FINGERPRINT), verify(pack)


@attack("chain cut by outsider")
def _cut_by_outsider(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack)
    (pack / "evidence/chain/00000003.json").unlink()
    reseal(pack, OTHER_KEY)
    return verify(pack), before


@attack("older pack")
def _older_pack(at: Path) -> tuple[Said, Said]:
    locker = a_locker(2)
    pack = a_pack(at, locker)
    locker.run(2)
    return verify(pack, *FINGERPRINT, *head_of(locker)), verify(pack, *FINGERPRINT)


def true_and_forged() -> tuple[Small, Small]:
    """What was sealed, and what whoever may sign seals in its place."""
    true, forged = a_locker(3), a_locker(1)
    records = the_records("20261102T060000Z")
    records[EvidenceKind.ASSESSMENT] = [
        one | {"status": "PASS"} if "status" in one else one for one in records[EvidenceKind.ASSESSMENT]
    ]
    forged.run(1, records)
    forged.run(2)
    return true, forged


@attack("rewritten by the true key")
def _rewritten(at: Path) -> tuple[Said, Said]:
    true, forged = true_and_forged()
    pack = a_pack(at, forged)
    return verify(pack, *FINGERPRINT, *head_of(true)), verify(pack, *FINGERPRINT)


@attack("rewritten, words kept")
def _rewritten_words_kept(at: Path) -> tuple[Said, Said]:
    true, forged = true_and_forged()
    words = {key: body for key, body in true.files.items() if key.startswith("witness/")}
    unseen = a_pack(at / "unseen", forged, without=["^witness/"])
    return verify(a_pack(at / "pack", forged, also=words, without=["^witness/"]), *WITNESSED), verify(
        unseen, *FINGERPRINT
    )


@attack("rewritten, words left out")
def _rewritten_words_left_out(at: Path) -> tuple[Said, Said]:
    _, forged = true_and_forged()
    for day in (3, 4):
        forged.run(day)
    pack = a_pack(at, forged, without=["^witness/"])
    return verify(pack, *WITNESSED), verify(pack, *FINGERPRINT)


@attack("rewritten and closed late")
def _rewritten_and_closed_late(at: Path) -> tuple[Said, Said]:
    end, forged = a_locker(5).manifests[-1].closed_at, Small()
    for day in range(5):
        forged.run(day, closed_at=end)
        forged.word(end + timedelta(hours=1)) if day == 0 else None
    said = verify(a_pack(at / "pack", forged), *WITNESSED)
    assert any("never seen" in one for one in said.not_checked)
    return said, verify(a_pack(at / "less", forged), *FINGERPRINT)


@attack("seen late")
def _seen_late(at: Path) -> tuple[Said, Said]:
    locker = a_locker(1)
    backdated = locker.run(1)
    for day in (2, 3, 4):
        locker.run(day)
    locker.word(backdated.closed_at + timedelta(days=3, hours=1))
    pack = a_pack(at, locker)
    return verify(pack, *WITNESSED), verify(pack, *FINGERPRINT)


@attack("closed out of order")
def _closed_out_of_order(at: Path) -> tuple[Said, Said]:
    locker = a_locker(2)
    closed = locker.manifests[0].closed_at - timedelta(days=1)
    before = verify(a_pack(at / "before", locker))
    locker.run(2, closed_at=closed)
    return verify(a_pack(at / "pack", locker)), before


@attack("false row, truly signed")
def _false_row(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at, rows=lambda found: found["07_identity_control_results"][0].update(result="PASS"))
    return verify(pack, *FINGERPRINT, "--rows"), verify(pack, *FINGERPRINT)


@attack("column renamed, truly signed")
def _column_renamed(at: Path) -> tuple[Said, Said]:
    def rename(found: dict[str, list[dict[str, Any]]]) -> None:
        for row in found["07_identity_control_results"]:
            cells = {"Result" if name == "result" else name: value for name, value in row.items()}
            row.clear()
            row.update(cells | {"Result": "PASS"})

    pack = a_pack(at, rows=rename)
    return verify(pack, *FINGERPRINT, "--rows"), verify(pack, *FINGERPRINT)


@attack("older results, truly signed")
def _older_results(at: Path) -> tuple[Said, Said]:
    locker = a_locker(2)
    newest = locker.manifests.pop()
    shown = a_pack_run(run_id=newest.run.id, seq=newest.seq, governance=newest.governance)
    pack = a_pack(at, locker, as_of=shown, without=["^(snapshot|assessment|findings)/20261102"])
    return verify(pack, *FINGERPRINT, "--rows"), verify(pack, *FINGERPRINT)


@attack("account left out, truly signed")
def _account_left_out(at: Path) -> tuple[Said, Said]:
    def empty(found: dict[str, list[dict[str, Any]]]) -> None:
        for rows in found.values():
            rows.clear()

    pack = a_pack(at, rows=empty, without=["^(snapshot|assessment|findings)/"])
    return verify(pack, *FINGERPRINT, "--rows"), verify(pack, *FINGERPRINT)


@attack("statement rewritten")
def _statement_rewritten(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack, *FINGERPRINT)
    (pack / "05_control_map.csv").write_text("control_id,iso\r\nIDC-15,everything\r\n")
    reseal(pack, OTHER_KEY)
    assert verify(pack).status == 1
    reseal(pack, None)
    said = verify(pack, *FINGERPRINT)
    assert any("UNSIGNED" in one for one in said.not_checked)
    return said, before


@attack("parts of the policy altered, truly signed")
def _parts_of_the_policy_altered(at: Path) -> tuple[Said, Said]:
    pack = a_pack(at)
    before = verify(pack, *FINGERPRINT)
    for name in ("thresholds.json", "exceptions.json", "control_catalog.toml"):
        (pack / "policy" / name).write_bytes(b"{}")
    reseal(pack, KEY)
    said = verify(pack, *FINGERPRINT)
    assert len(said.faults) == 3
    return said, before


@attack("slot removed, truly signed")
def _slot_removed(at: Path) -> tuple[Said, Said]:
    locker = a_locker(3)
    before = verify(a_pack(at / "before", locker))
    del locker.files["chain/00000002.json"]
    return verify(a_pack(at / "pack", locker)), before


@attack("left out of the pack")
def _left_out(at: Path) -> tuple[Said, Said]:
    pack, whole = a_pack(at / "pack", without=["^findings/20261103"]), a_pack(at / "whole")
    said, before = verify(pack), verify(whole)
    assert any("1 findings" in one for one in said.notes)
    assert not any("not in this pack" in one for one in before.notes)
    return msgspec.structs.replace(said, status=1), before


@attack("cut by the true key")
def _cut(at: Path) -> tuple[Said, Said]:
    true, cut = a_locker(3), a_locker(2)
    pack = a_pack(at, cut)
    return verify(pack, *FINGERPRINT, *head_of(true)), verify(pack, *FINGERPRINT)


@attack("cut, words kept")
def _cut_words_kept(at: Path) -> tuple[Said, Said]:
    true, cut = a_locker(3), a_locker(2)
    late = {key: body for key, body in true.files.items() if key.startswith("witness/")}
    without = a_pack(at / "without", cut)
    return verify(a_pack(at / "pack", cut, also=late, without=["^witness/"]), *WITNESSED), verify(without, *WITNESSED)


@attack("fork by an exchanged key")
def _fork_by_old_key(at: Path) -> tuple[Said, Said]:
    true, forged = a_locker(2), a_locker(2)
    true.rotate()
    true.run(2)
    forged.run(2, {})
    pack = a_pack(at, forged)
    assert verify(pack, "--fingerprint", NEXT_KEY.fingerprint).status == 1
    return verify(pack, *FINGERPRINT, *head_of(true)), verify(pack, *FINGERPRINT)


@pytest.mark.parametrize("name", sorted(integrity_adversaries.proofs()))
def test_what_the_matrix_calls_detected_is_detected(tmp_path: Path, name: str) -> None:
    said, less = ATTACKS[name](tmp_path / "at")
    assert said.status in (1, 3)
    assert less.status != said.status or less.status == 3
    assert not less.faults


def test_every_attack_here_stands_in_the_matrix() -> None:
    assert set(ATTACKS) == integrity_adversaries.proofs()


def test_every_cell_says_something_and_every_detected_one_rests_on_an_attack() -> None:
    for level in Assurance:
        for who in Adversary:
            for act in Act:
                cell = integrity_adversaries.shown(level, who, act)
                assert cell
                assert all((one.proof is None) == (one.needs is Needs.NOTHING) for one in cell)


def test_the_watchdog_is_called_upon_only_where_it_stands_apart() -> None:
    for level in (Assurance.SELF_SIGNED, Assurance.SINGLE_ACCOUNT):
        text = "\n".join(integrity_adversaries.matrix(level))
        assert Needs.WITNESS.value not in text
    text = "\n".join(integrity_adversaries.matrix(Assurance.TWO_ACCOUNTS))
    assert Needs.WITNESS.value in text


def test_nobody_is_promised_that_both_administrators_are_caught_without_a_head() -> None:
    for act in (Act.FORK, Act.INSERT, Act.TRUNCATE):
        needs = {one.needs for one in integrity_adversaries.shown(Assurance.WITNESSED, Adversary.BOTH, act)}
        assert needs <= {Needs.HEAD, Needs.NOTHING}


def test_the_last_48_hours_are_declared_wherever_the_watchdog_is_called_upon_against_a_rewriting() -> None:
    for act in set(Act) - {Act.TRUNCATE}:
        cell = integrity_adversaries.shown(Assurance.WITNESSED, Adversary.SCANNER, act)
        assert any("48 h before the newest run" in one.by for one in cell if one.needs is Needs.NOTHING)


def test_what_was_rewritten_in_the_last_48_hours_is_not_detected_as_declared(tmp_path: Path) -> None:
    forged = a_locker(3)
    forged.run(3, {})
    assert verify(a_pack(tmp_path / "pack", forged), *WITNESSED).status == 0


# --- what no cell promises, and verify.py says of itself --------------------------------------------------------------


def test_a_changed_verifier_cannot_accuse_itself_but_another_copy_does(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    (pack / "verify.py").write_text("print('intact, and its origin is checked')\n")
    said = verify(pack, *FINGERPRINT)
    assert said.status == 1
    assert said.blames("verify.py")


def test_a_true_signature_of_the_true_key_over_another_pack_is_not_detected_without_rows(tmp_path: Path) -> None:
    """Declared: whoever may sign can state a false table; so the matrix must not promise more."""
    pack = a_pack(tmp_path / "pack")
    (pack / "05_control_map.csv").write_text("control_id,iso\r\nIDC-15,everything\r\n")
    reseal(pack, KEY)
    assert verify(pack, *FINGERPRINT, "--rows").status == 0


def test_evidence_that_no_manifest_names_is_named_though_the_pack_is_signed(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", also={f"raw/20261103T060000Z/111111111111/{'0' * 64}.jsonl.gz": b"x"})
    assert verify(pack, *FINGERPRINT).blames("raw/20261103") == "no manifest names it"


def test_evidence_other_than_its_manifest_sealed_is_named_though_the_pack_is_signed(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    path = next((pack / "evidence/raw").rglob("*.gz"))
    path.write_bytes(path.read_bytes() + b" ")
    reseal(pack, KEY)
    assert "sealed other bytes" in verify(pack, *FINGERPRINT).blames(path.name)


@pytest.mark.parametrize("by", [{"signed_by": OTHER_KEY}, {"possessed_by": OTHER_KEY}])
def test_a_rotation_that_not_both_keys_signed_brings_in_no_key(tmp_path: Path, by: dict[str, Key]) -> None:
    locker = a_locker(1)
    locker.rotate(**by)
    locker.run(1)
    said = verify(a_pack(tmp_path / "pack", locker), *FINGERPRINT)
    assert said.status == 1
    assert said.blames("chain/00000002.json")
    assert said.blames("chain/00000003.json")


def test_a_word_said_as_another_or_by_another_key_is_named(tmp_path: Path) -> None:
    locker = a_locker(2)
    locker.files["witness/00000001-20261105T060000Z.json"] = locker.files["witness/00000001.json"]
    locker.word(locker.manifests[-1].closed_at + timedelta(hours=2), key=OTHER_KEY)
    said = verify(a_pack(tmp_path / "pack", locker), *FINGERPRINT)
    assert "was said as" in said.blames("witness/00000001-20261105")
    assert "not the watchdog's" in said.blames("witness/00000002-")


def test_a_word_taken_away_leaves_one_that_names_nothing(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", without=["^witness/00000002"])
    assert "gone or another" in verify(pack, *FINGERPRINT).blames("witness/00000003.json")


def test_a_word_where_no_watchdog_was_meant_is_nobodys(tmp_path: Path) -> None:
    locker = a_locker(1, watchdog=None)
    locker.word(locker.manifests[0].closed_at)
    assert "nobody can have said this" in verify(a_pack(tmp_path / "pack", locker), *FINGERPRINT).blames("witness/")


def test_a_pack_of_another_lockers_chain_is_not_taken_for_this_one(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", locker_id="0" * 64)
    assert "another locker" in verify(pack, *FINGERPRINT).faults[integrity_statement.PATH]


@pytest.mark.parametrize(
    ("genesis", "level", "status"),
    [
        ({}, Assurance.SELF_SIGNED, 0),
        ({}, Assurance.SINGLE_ACCOUNT, 1),
        ({}, Assurance.WITNESSED, 1),
        ({"key_origin": "arn:x:kms:eu-west-1:1:key/1"}, Assurance.SINGLE_ACCOUNT, 0),
        ({"key_origin": "arn:x:kms:eu-west-1:1:key/1"}, Assurance.TWO_ACCOUNTS, 1),
        ({"key_origin": "arn:x:kms:eu-west-1:1:key/1", "evidence_account": "222222222222"}, Assurance.TWO_ACCOUNTS, 0),
        ({"key_origin": "arn:x:kms:eu-west-1:1:key/1", "evidence_account": "222222222222"}, Assurance.WITNESSED, 0),
        ({"key_origin": "arn:x:kms:eu-west-1:1:key/1", "evidence_account": "111111111111"}, Assurance.TWO_ACCOUNTS, 1),
    ],
)
def test_a_pack_cannot_call_its_evidence_better_than_its_genesis_does(
    tmp_path: Path, genesis: dict[str, str], level: Assurance, status: int
) -> None:
    pack = a_pack(tmp_path / "pack", a_locker(1, **genesis), assurance=level)
    assert verify(pack, *FINGERPRINT).status == status


def test_a_run_cannot_be_sealed_twice(tmp_path: Path) -> None:
    locker = a_locker(1)
    locker.run(0, {})
    assert "sealed already in slot 1" in verify(a_pack(tmp_path / "pack", locker), *FINGERPRINT).blames("00000002")


@pytest.mark.parametrize("level", list(Assurance))
def test_the_guide_is_headed_by_its_assurance_and_gives_no_fingerprint_to_compare_with(level: Assurance) -> None:
    text = verify_guide.guide(the_period(a_locker(1), assurance=level), verifier_sha256="f" * 64)
    assert f"**{level.value}**" in text
    assert KEY.fingerprint not in text
    assert text.index("from outside the pack") < text.index("verify.py --fingerprint") < text.index("does not prove")


def test_the_guides_tables_have_three_cells_a_row() -> None:
    text = verify_guide.guide(the_period(a_locker(1)), verifier_sha256="f" * 64)
    rows = [one for one in text.splitlines() if one.startswith("| ") and "prooftrail heads" not in one]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", one)) in (3, 4) for one in rows)


def test_the_guide_says_what_an_unsigned_pack_is_worth_in_every_pack(tmp_path: Path) -> None:
    # Who makes a pack again has no key: the guide may not differ for that.
    text = (a_pack(tmp_path / "pack") / "VERIFY.md").read_text()

    assert "Where verify.py says UNSIGNED" in text
    assert text.index("UNSIGNED") < text.index("--pack-sha256")
