"""`prooftrail rotate-key`, as a person meets it: one link more, either key proves the chain, and nothing half done stays."""

import json
import shutil
from pathlib import Path

from prooftrail.adapters.embedded.home import Home
from tests.cli.lockers import Copy, Prooftrail


def keys(home: Path) -> list[str]:
    return sorted(one.name for one in home.iterdir() if "signing-key" in one.name)


def test_the_chain_goes_on_under_a_new_key_and_either_fingerprint_proves_it(
    tampered: Copy, prooftrail: Prooftrail
) -> None:
    old = Home(tampered.home).signer().fingerprint()
    said = prooftrail("rotate-key", tampered.address, "--home", tampered.home, "--reason", "yearly", "--json")
    new = json.loads(said.out)["key_fingerprint"]
    assert said.code == 0
    assert new != old
    for fingerprint in (old, new):
        assert prooftrail("verify", tampered.address, "--fingerprint", fingerprint).code == 0
    assert keys(tampered.home) == [f"signing-key-until-{old[:16]}.pem", "signing-key.pem"]


def test_verify_names_the_key_and_the_slot_that_brought_it_in(tampered: Copy, prooftrail: Prooftrail) -> None:
    prooftrail("rotate-key", tampered.address, "--home", tampered.home, "--reason", "yearly")
    page = prooftrail("verify", tampered.address, "--home", tampered.home)
    assert page.code == 0
    assert f"from 5      {Home(tampered.home).signer().fingerprint()}" in page.out


def test_an_exchange_that_died_before_the_home_took_the_key_is_finished_by_the_next_one(
    tampered: Copy, prooftrail: Prooftrail, tmp_path: Path
) -> None:
    next_key = tampered.home / "next-signing-key.pem"
    Home(tampered.home).next_signer()
    shutil.copy(next_key, tmp_path / "kept.pem")
    old = tampered.home / "signing-key.pem"
    shutil.copy(old, tmp_path / "old.pem")
    prooftrail("rotate-key", tampered.address, "--home", tampered.home, "--reason", "yearly")
    shutil.copy(tmp_path / "old.pem", old)
    shutil.copy(tmp_path / "kept.pem", next_key)
    said = prooftrail("rotate-key", tampered.address, "--home", tampered.home, "--reason", "yearly")
    assert "the new key was in force already" in said.out
    assert not next_key.exists()
    assert prooftrail("verify", tampered.address, "--home", tampered.home).code == 0


def test_another_locker_s_home_changes_nothing(tampered: Copy, prooftrail: Prooftrail, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    Home(stranger).signer()
    said = prooftrail("rotate-key", tampered.address, "--home", stranger, "--reason", "yearly")
    assert said.code == 3
    assert "does not hold" in said.err
    assert prooftrail("verify", tampered.address, "--home", tampered.home).code == 0


def test_a_home_without_a_key_is_refused_and_none_is_made(
    tampered: Copy, prooftrail: Prooftrail, tmp_path: Path
) -> None:
    said = prooftrail("rotate-key", tampered.address, "--home", tmp_path / "empty", "--reason", "yearly")
    assert said.code == 2
    assert "holds no signing key" in said.err
    assert not (tmp_path / "empty").exists()


def test_a_reason_is_asked_for(tampered: Copy, prooftrail: Prooftrail) -> None:
    said = prooftrail("rotate-key", tampered.address, "--home", tampered.home, "--reason", " ")
    assert said.code == 2
    assert "--reason takes 1 to 200 characters" in said.err
