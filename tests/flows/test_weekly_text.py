"""The weekly mail: what it says, in 72 columns of ASCII, and that a person can paste the check it gives."""

import shlex
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from prooftrail.cli.main import main
from prooftrail.evidence import envelope, layout
from prooftrail.flows.watch import WeeklyWord
from prooftrail.flows.weekly_text import COLUMNS, LONGEST_SUBJECT, Mail, Week, mail
from tests.flows.watched import Kennel
from tests.flows.world import DAY_1

GOLDEN = Path(__file__).parents[1] / "golden" / "weekly_mail.txt"


def a_mail(kennel: Kennel) -> Mail:
    return WeeklyWord(
        locker=kennel.locker,
        public_key=kennel.signer.public_key_pem(),
        witness_key=kennel.dog.public_key_pem(),
        clock=kennel.clock,
    )()


def steady(kennel: Kennel, said: Mail) -> str:
    """The mail with what is new in each test run (keys, and the hashes that follow from them) named instead."""
    found = kennel.verified()
    assert found.head
    assert found.locker_id
    named = {
        found.head.sha256: "H" * 64,
        found.locker_id: "L" * 64,
        envelope.fingerprint(kennel.signer.public_key_pem()): "K" * 64,
        envelope.fingerprint(kennel.dog.public_key_pem()): "W" * 64,
    }
    text = f"Subject: {said.subject}\n\n{said.text}"
    for value, name in named.items():
        text = text.replace(value, name)
    return text


def test_a_week_is_told_as_it_always_was() -> None:
    kennel = Kennel().days(3)
    kennel.run(5)
    kennel.unreachable = {"222222222222"}
    kennel.run(6)
    kennel.watch()
    kennel.clock.at = DAY_1 + timedelta(days=7, hours=2)
    assert steady(kennel, a_mail(kennel)) == GOLDEN.read_text()


def test_a_mail_writes_nothing_into_the_locker() -> None:
    kennel = Kennel().days(2)
    before = list(kennel.names())
    a_mail(kennel)
    assert list(kennel.names()) == before


def test_a_broken_chain_is_in_the_subject_and_named_in_the_text() -> None:
    kennel = Kennel().days(2)
    kennel.without(layout.chain_key(2))
    said = a_mail(kennel)
    assert said.subject == "Prooftrail 2026-11-02: LOOK NOW, the chain does not hold, memory:"
    assert "WRONG (1): the chain does not hold." in said.text
    assert "  HEAD chain/00000002.json: the watchdog (witness/00000002.json) saw" in said.text


def test_a_locker_without_a_chain_has_a_mail_too() -> None:
    kennel = Kennel()
    kennel.without(layout.chain_key(0))
    said = a_mail(kennel)
    assert said.subject == "Prooftrail 2026-11-01: no chain yet, memory:"
    assert "--expect-head" not in said.text
    assert "last runs: none" in said.text


@pytest.mark.parametrize("bucket", ["s3://b", "s3://" + "b" * 63])
def test_subjects_are_short_ascii_and_lines_narrow(bucket: str) -> None:
    kennel = Kennel().days(9)
    kennel.clock.at += timedelta(days=30)
    kennel.locker.put("witness/00000099.json", b"\x1b[31m\xe2\x80\xae", retain_until=None)
    kennel.locker.describe = lambda: bucket  # type: ignore[method-assign]
    said = a_mail(kennel)
    assert len(said.subject) <= LONGEST_SUBJECT
    assert (said.subject + said.text).isascii()
    assert (said.subject + said.text.replace("\n", "")).isprintable()
    wide = [line for line in said.text.splitlines() if len(line) > COLUMNS and bucket not in line]
    assert wide == []


@pytest.mark.parametrize(("ticks", "others"), [(10, ""), (11, "  and 1 more\n")])
def test_ten_missed_ticks_are_told_one_by_one(ticks: int, others: str) -> None:
    missed = tuple(DAY_1 + timedelta(days=number) for number in range(ticks))
    week = Week(
        at=DAY_1, locker="s3://b", locker_id=None, head=None, key_fingerprint="k", witness_fingerprint="w",
        witnessed=None, runs=(), missed_ticks=missed, broken=(),
    )  # fmt: skip
    said = mail(week)
    assert said.subject == f"Prooftrail 2026-11-01: {ticks} runs missing, s3://b"
    assert said.text.count("  2026-11-") == 10
    assert (others in said.text) is True
    assert ("more" in said.text) is bool(others)
    assert mail(msgspec.structs.replace(week, missed_ticks=missed[:1])).subject.endswith("1 run missing, s3://b")


def test_the_check_it_gives_can_be_pasted_and_says_intact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kennel = Kennel().days(3)
    text = a_mail(kennel).text
    began = text.index("  prooftrail verify")
    words = shlex.split(text[began : text.index("\n\n", began)].replace("\\\n", " "))
    assert words[:3] == ["prooftrail", "verify", "memory:"]
    for one in kennel.locker.versions(""):
        path = tmp_path / "locker" / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kennel.locker.get(one.key))
    status = main(["verify", str(tmp_path / "locker"), *words[3:]])
    said = capsys.readouterr()
    assert status == 0, said
    assert said.out.startswith("INTACT  ")
    assert "witnessed: another account, with a key of its own" in " ".join(said.out.split())
