"""`prooftrail verify`: every way a locker can be tampered with is named with its place, and told by the exit code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from prooftrail.evidence import envelope, layout
from tests.builders.judging_keys import KeyJudge
from tests.cli.lockers import DAYS, Copy, Prooftrail, Town
from tests.contracts.fakes import MemorySigner
from tests.flows.watched import Kennel
from tests.flows.world import HOME


def head_of(prooftrail: Prooftrail, town: Town) -> str:
    """The head as `verify` prints it."""
    return str(json.loads(prooftrail("verify", town.address, "--json").out)["head"])


def fingerprint_of(town: Town) -> str:
    """The fingerprint of the signer, from the signer."""
    return envelope.fingerprint(town.signer.public_key_pem())


def test_an_untouched_locker_is_intact_against_its_home(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("verify", town.address, "--deep", "--home", town.home)
    assert said.code == 0
    assert said.out.startswith(f"INTACT  {town.address}\n")
    assert f"held against the key in {town.home}" in " ".join(said.out.split())
    assert "self-signed" in said.out
    assert fingerprint_of(town) in said.out
    assert head_of(prooftrail, town) in said.out
    assert "4 runs" in said.out
    assert "Wrong" not in said.out


def test_without_anything_from_outside_the_origin_is_not_checked_and_the_exit_is_3(
    prooftrail: Prooftrail, town: Town
) -> None:
    said = prooftrail("verify", town.address)
    assert said.code == 3
    assert said.out.startswith("INTERNALLY CONSISTENT, ORIGIN NOT CHECKED  ")
    assert "give --fingerprint, --public-key or --home from a source you trust" in " ".join(said.out.split())


def test_a_home_beside_the_locker_is_not_taken_unasked(prooftrail: Prooftrail, town: Town) -> None:
    assert town.home.is_dir()
    assert prooftrail("verify", town.address).code == 3


def test_a_head_alone_says_nothing_of_whose_key_it_is(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("verify", town.address, "--expect-head", head_of(prooftrail, town))
    assert said.code == 3
    assert "held against --expect-head; whose key signed it is not checked" in " ".join(said.out.split())


@pytest.mark.parametrize(
    "written",
    [
        lambda one: one,
        lambda one: one.upper(),
        lambda one: ":".join(one[at : at + 2] for at in range(0, 64, 2)),
        lambda one: " ".join(one[at : at + 4] for at in range(0, 64, 4)).upper(),
        lambda one: f" SHA256:{one}\n",
    ],
)
def test_a_fingerprint_is_taken_however_it_was_written_down(
    written: Callable[[str], str], prooftrail: Prooftrail, town: Town
) -> None:
    assert prooftrail("verify", town.address, "--fingerprint", written(fingerprint_of(town))).code == 0


def test_a_fingerprint_of_another_key_is_not_intact(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("verify", town.address, "--fingerprint", "0" * 64)
    assert said.code == 1
    assert "KEY" in said.out


def test_a_public_key_from_a_file_checks_the_origin(prooftrail: Prooftrail, town: Town, tampered: Copy) -> None:
    path = tampered.home / "given.pem"
    path.write_bytes(town.signer.public_key_pem())
    assert prooftrail("verify", town.address, "--public-key", path).code == 0
    path.write_bytes(MemorySigner().public_key_pem())
    assert prooftrail("verify", town.address, "--public-key", path).code == 1


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff" * 100])
def test_a_file_that_holds_no_key_is_wrong_use(
    content: bytes, prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    path = tampered.home / "given.pem"
    path.write_bytes(content)
    said = prooftrail("verify", town.address, "--public-key", path)
    assert (said.code, said.out) == (2, "")
    assert "holds no ECDSA P-256 public key in PEM" in said.err


def test_a_key_that_is_not_the_one_the_home_pins_is_wrong_use(
    prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    path = tampered.home / "given.pem"
    path.write_bytes(MemorySigner().public_key_pem())
    said = prooftrail("verify", town.address, "--public-key", path, "--home", town.home)
    assert said.code == 2
    assert "is not the key that --home" in said.err


def test_a_home_that_pins_nothing_is_wrong_use(prooftrail: Prooftrail, town: Town, tampered: Copy) -> None:
    for name in ("signing-key.pem", "head.json"):
        (tampered.home / name).unlink()
    said = prooftrail("verify", town.address, "--home", tampered.home)
    assert said.code == 2
    assert "pins nothing" in said.err


def flip(body: bytes) -> bytes:
    """The same number of bytes, one of them another."""
    return body[:-1] + bytes([body[-1] ^ 1])


def test_a_changed_byte_is_named_with_its_object(prooftrail: Prooftrail, tampered: Copy) -> None:
    key = tampered.first(f"snapshot/{DAYS[1]}")
    tampered.change(key, flip)
    said = prooftrail("verify", tampered.address, "--home", tampered.home)
    assert said.code == 1
    assert said.out.startswith("NOT INTACT  ")
    assert f"CHANGED               {key}\n" in said.out
    assert "its bytes are not those that manifest 2 sealed" in said.out


def test_a_removed_object_is_named(prooftrail: Prooftrail, tampered: Copy) -> None:
    key = tampered.first("raw")
    tampered.remove(key)
    found = json.loads(prooftrail("verify", tampered.address, "--home", tampered.home, "--json").out)
    assert [(one["fault"], one["where"]) for one in found["problems"]] == [("MISSING", key)]
    assert (found["verdict"], found["exit_status"]) == ("not intact", 1)


@pytest.mark.parametrize("name", ["notes.txt", f"raw/{DAYS[0]}/111111111111/{'0' * 64}.jsonl.gz"])
def test_an_added_object_is_named(name: str, prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.add(name, b"anything")
    found = json.loads(prooftrail("verify", tampered.address, "--home", tampered.home, "--json").out)
    assert [(one["fault"], one["where"]) for one in found["problems"]] == [("UNLISTED", name)]


def test_a_hostile_file_name_is_named_without_being_obeyed(prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.add("raw/\x1b[31mred\u202e", b"anything")
    said = prooftrail("verify", tampered.address, "--home", tampered.home)
    assert said.code == 1
    assert "raw/\\x1b[31mred\\u202e" in said.out
    assert "\x1b" not in said.out


def test_a_replayed_manifest_is_named(prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.add("chain/00000005.json", (tampered.address / "chain/00000002.json").read_bytes())
    found = json.loads(prooftrail("verify", tampered.address, "--home", tampered.home, "--json").out)
    assert found["exit_status"] == 1
    assert "REPLAYED" in {one["fault"] for one in found["problems"] if one["where"] == "chain/00000005.json"}


def test_a_replayed_object_is_named(prooftrail: Prooftrail, tampered: Copy) -> None:
    key = tampered.first(f"snapshot/{DAYS[3]}/111111111111")
    older = (tampered.address / tampered.first(f"snapshot/{DAYS[0]}/111111111111")).read_bytes()
    tampered.change(key, lambda _: older)
    found = json.loads(prooftrail("verify", tampered.address, "--home", tampered.home, "--json").out)
    assert [(one["fault"], one["where"]) for one in found["problems"]] == [("CHANGED", key)]


def test_a_manifest_signed_by_another_key_is_named(prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.resign(2, MemorySigner())
    found = json.loads(prooftrail("verify", tampered.address, "--json").out)
    assert found["exit_status"] == 1
    assert ("SIGNATURE", "chain/00000002.json") in {(one["fault"], one["where"]) for one in found["problems"]}


def test_a_whole_chain_made_with_another_key_is_consistent_until_the_key_is_known(
    prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    # Another town is what a forger with a key of their own would leave: nothing inside it is wrong.
    assert prooftrail("verify", town.address).code == 3
    other = tampered.home / "other.pem"
    other.write_bytes(MemorySigner().public_key_pem())
    said = prooftrail("verify", town.address, "--public-key", other)
    assert said.code == 1
    assert "KEY" in said.out
    assert "SIGNATURE" in said.out


def test_what_other_code_judged_otherwise_is_not_confirmed_and_the_exit_is_3(
    prooftrail: Prooftrail, tmp_path: Path
) -> None:
    town = Town(tmp_path)
    town.judge = KeyJudge()  # another code: it knows one control
    town.run(1)
    assert prooftrail("verify", town.address, "--home", town.home).code == 0
    said = prooftrail("verify", town.address, "--rederive", "--home", town.home)
    assert said.code == 3
    assert said.out.startswith("INTACT; RESULTS NOT HELD AGAINST THE CODE THAT SEALED THEM  ")
    assert "re-derived" in said.out
    assert "differ, see below" in " ".join(said.out.split())
    assert "Not confirmed (3): other code, or tampering" in said.out
    assert "NOT CONFIRMED" in said.out
    assert "NOT CONFIRMED" not in said.out.partition("none of it a sign of tampering")[2]
    assert "every line inside read and counted" in " ".join(said.out.split())
    verified = json.loads(prooftrail("verify", town.address, "--rederive", "--home", town.home, "--json").out)
    assert verified["rederived"]["runs"] == 1
    assert (verified["problems"], verified["exit_status"]) == ([], 3)
    assert {one["fault"] for one in verified["unconfirmed"]} == {"NOT CONFIRMED"}


def test_what_this_code_judged_is_judged_again_and_agrees(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("verify", town.address, "--rederive", "--home", town.home)
    assert said.code == 0
    assert "all agree" in said.out
    assert "OTHER CODE" not in said.out


def cut_off(copy: Copy) -> None:
    """Remove the last run whole, as if it had never been."""
    copy.remove("chain/00000004.json")
    copy.remove(f"plan/{DAYS[3]}.jsonl")
    for prefix in layout.run_prefixes(DAYS[3]):
        if prefix.endswith("/"):
            shutil.rmtree(copy.address / prefix)


def test_a_cut_off_end_shows_against_a_head_that_was_written_down(
    prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    head = head_of(prooftrail, town)
    cut_off(tampered)
    assert prooftrail("verify", tampered.address, "--fingerprint", fingerprint_of(town)).code == 0
    said = prooftrail("verify", tampered.address, "--fingerprint", fingerprint_of(town), "--expect-head", head)
    assert said.code == 1
    assert "HEAD                  chain/00000004.json" in said.out
    assert "--expect-head saw this head, and the chain ends before it" in said.out


def test_a_cut_off_end_shows_against_the_home(prooftrail: Prooftrail, tampered: Copy) -> None:
    cut_off(tampered)
    said = prooftrail("verify", tampered.address, "--home", tampered.home)
    assert said.code == 1
    assert "saw this head, and the chain ends before it" in " ".join(said.out.split())


def test_a_chain_that_is_gone_whole_is_a_finding_for_whoever_knows_its_head(
    prooftrail: Prooftrail, town: Town, tampered: Copy
) -> None:
    shutil.rmtree(tampered.address / "chain")
    assert prooftrail("verify", tampered.address).code == 3
    assert prooftrail("verify", tampered.address, "--home", tampered.home).code == 1


def test_a_line_that_was_miscounted_shows_only_to_a_deep_look(prooftrail: Prooftrail, tampered: Copy) -> None:
    quick = json.loads(prooftrail("verify", tampered.address, "--json").out)
    deep = json.loads(prooftrail("verify", tampered.address, "--deep", "--json").out)
    assert (quick["deep"], deep["deep"]) == (False, True)
    assert quick["problems"] == deep["problems"] == []


def test_one_run_can_be_verified_alone(prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.change(tampered.first(f"snapshot/{DAYS[1]}"), flip)
    home = ("--home", tampered.home)
    assert prooftrail("verify", tampered.address, "--run", DAYS[0], *home).code == 0
    assert prooftrail("verify", tampered.address, "--run", DAYS[1], *home).code == 1


def test_a_run_that_is_in_no_manifest_is_not_called_intact(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("verify", town.address, "--run", "20250101T000000Z", "--home", town.home)
    assert (said.code, said.out) == (3, "")
    assert "run 20250101T000000Z is in no manifest" in said.err


def test_every_reading_command_warns_where_the_chain_does_not_verify(prooftrail: Prooftrail, tampered: Copy) -> None:
    tampered.resign(2, MemorySigner())
    for command in (("runs",), ("inventory",), ("show", "ada"), ("changes",)):
        said = prooftrail(command[0], tampered.address, *command[1:], "--json")
        assert said.code == 0
        assert json.loads(said.out)
        assert said.err.splitlines()[0].startswith(
            f"prooftrail: warning: the chain of {tampered.address} does not verify (2 problems): run `prooftrail verify`"
        )


def witnessed_copy(kennel: Kennel, to: Path) -> Path:
    """The locker of a watched world in a directory."""
    for one in kennel.locker.versions(""):
        path = to / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kennel.locker.get(one.key))
    return to


def told(out: str, label: str) -> str:
    """What stands beside a label, in one line."""
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{label} "))
    found = [lines[at].strip().removeprefix(label).strip()]
    for line in lines[at + 1 :]:
        if not line.startswith(" " * 14):
            break
        found.append(line.strip())
    return " ".join(found)


def test_a_witnessed_chain_says_who_saw_it_and_that_the_watchdogs_key_is_the_geneses(
    prooftrail: Prooftrail, tmp_path: Path
) -> None:
    kennel = Kennel().days(4)
    address = witnessed_copy(kennel, tmp_path / "locker")
    key = tmp_path / "watchdog.pem"
    key.write_bytes(kennel.dog.public_key_pem())
    ours = ("--fingerprint", envelope.fingerprint(kennel.signer.public_key_pem()))
    said = prooftrail("verify", address, *ours)
    assert said.code == 0
    assert told(said.out, "assurance") == (
        "witnessed: another account, with a key of its own, saw each head within 48 h of its closing"
    )
    seen = "4 words, the last of slot 4 on 2026-11-04 07:00 UTC"
    open_ = "; its key is the one the genesis names: --witness-key checks whose it is"
    assert told(said.out, "witness") == seen + open_
    fingerprint = envelope.fingerprint(kennel.dog.public_key_pem())
    assert told(said.out, "its key") == fingerprint
    for given in (key, fingerprint, fingerprint.upper()):
        found = prooftrail("verify", address, *ours, "--witness-key", given)
        assert (found.code, told(found.out, "witness")) == (0, seen)
        assert "held against --fingerprint, --witness-key" in told(found.out, "origin")
    as_json = json.loads(prooftrail("verify", address, *ours, "--json").out)
    assert as_json["assurance"] == "witnessed"
    assert as_json["witness"]["words"] == 4


def test_what_keeps_a_chain_from_being_witnessed_is_said(prooftrail: Prooftrail, tmp_path: Path) -> None:
    kennel = Kennel(evidence_account=HOME)
    kennel.dog.account = HOME
    address = witnessed_copy(kennel.days(2), tmp_path / "locker")
    said = prooftrail("verify", address)
    assert told(said.out, "assurance").startswith("single account: ")
    assert f"its word is of account {HOME}, which is not shown to be another than the scanner's: it proves little" in (
        told(said.out, "witness")
    )


def test_another_key_of_the_watchdog_than_the_one_that_was_given_is_not_intact(
    prooftrail: Prooftrail, tmp_path: Path
) -> None:
    address = witnessed_copy(Kennel().days(1), tmp_path / "locker")
    said = prooftrail("verify", address, "--witness-key", "0" * 64)
    assert said.code == 1
    assert "KEY" in said.out


@pytest.mark.parametrize("given", ["nothing", "0" * 63])
def test_a_watchdogs_key_that_is_neither_file_nor_fingerprint_is_wrong_use(
    given: str, prooftrail: Prooftrail, town: Town
) -> None:
    said = prooftrail("verify", town.address, "--witness-key", given)
    assert (said.code, said.out) == (2, "")
    assert "is neither a file nor 64 hexadecimal digits" in said.err


def test_an_alarm_among_the_notes_is_not_called_harmless(prooftrail: Prooftrail, tmp_path: Path) -> None:
    kennel = Kennel().days(2)
    whole = kennel.locker
    kennel.without(layout.chain_key(2))
    written = str(kennel.watch(kennel.clock.at.replace(hour=9)).written)
    word, kennel.locker = kennel.locker.get(written), whole
    kennel.locker.put(written, word, retain_until=None)
    said = prooftrail("verify", witnessed_copy(kennel, tmp_path / "locker"))
    assert "look into each ALARM" in said.out
    assert "none of it a sign of tampering" not in said.out
