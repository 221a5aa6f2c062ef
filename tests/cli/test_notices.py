"""`prooftrail remind`, `notices`, `owners` and `owner show`: what is told, what became of it, and whom nothing reaches."""

import hashlib
import json
import re
from pathlib import Path

import msgspec
import pytest

from prooftrail.cli import exits, main, notices, owners, render
from prooftrail.governance import parse
from prooftrail.model.notice import NoticesPlan
from prooftrail.wiring import reminding
from tests.builders import a_role
from tests.cli.lockers import Prooftrail, Town
from tests.flows.world import HOME, MEMBER, StillClock
from tests.governance.entries import of

OWNERS = f"""
[[owner]]
id = "payments"
name = "Payments Team"
email = "payments@example.com"
manager = "jane"
kind = "team"

[[owner]]
id = "jane"
name = "Jane Doe"
email = "jane@example.com"

[[owner]]
id = "gone"
name = "Gone Team"
email = "gone@example.com"
active = false

[[account]]
id = "{HOME}"
owner = "payments"

[[account]]
id = "{MEMBER}"
owner = "gone"
"""
OPEN = "\n".join(
    f'[[opened]]\ntier = "{tier}"\napproved_by = "jane"\napproved_on = 2026-10-01\n'
    for tier in ("critical", "high", "medium", "low")
)
TEAM = 'security_team = "jane"\n'


def a_town(root: Path, notices: str, *, days: int = 1) -> Town:
    town = Town(root)
    town.governance = parse(of(owners=OWNERS, notices=notices))
    town.more = {one: [a_role("platform", account=one, id=f"AROA{one[0]}PLATFORM")] for one in (HOME, MEMBER)}
    for day in range(1, days + 1):
        town.run(day)
    return town


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """One day; nothing is open, so nothing was sent."""
    town = a_town(tmp_path, TEAM)
    monkeypatch.setattr(reminding, "SystemClock", lambda: StillClock(town.clock.at))
    return town


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """One day; every tier is open, and nobody was told yet."""
    town = a_town(tmp_path, TEAM + OPEN)
    monkeypatch.setattr(reminding, "SystemClock", lambda: StillClock(town.clock.at))
    return town


def listed(prooftrail: Prooftrail, *arguments: object) -> list[dict[str, object]]:
    said = prooftrail(*arguments, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert isinstance(found, list)
    return found


def letters(town: Town) -> list[str]:
    return sorted(one.read_text() for one in (town.home / "outbox").glob("*.txt"))


def test_a_dry_run_prints_what_would_be_sent_and_seals_nothing(prooftrail: Prooftrail, opened: Town) -> None:
    rows = listed(prooftrail, "remind", opened.address, "--dry-run")
    assert {"owner", "route", "step", "subject", "body", "items"} <= rows[0].keys()
    assert "payments" in [one["owner"] for one in rows]
    assert not list(opened.locker.versions("notices/"))
    assert not (opened.home / "outbox").exists()


def test_reminding_sends_what_the_dry_run_showed_word_for_word(prooftrail: Prooftrail, opened: Town) -> None:
    shown = listed(prooftrail, "remind", opened.address, "--dry-run")
    said = prooftrail("remind", opened.address, "--home", opened.home)
    assert said.code == 0, said.err
    sent = letters(opened)
    assert len(sent) == len(shown)
    assert all(any(str(one["body"]) in letter for letter in sent) for one in shown)


def test_reminding_twice_sends_once(prooftrail: Prooftrail, opened: Town) -> None:
    first = prooftrail("remind", opened.address, "--home", opened.home)
    before = letters(opened)
    again = prooftrail("remind", opened.address, "--home", opened.home)
    assert (first.code, again.code) == (0, 0)
    assert letters(opened) == before


def test_nothing_is_sent_while_no_tier_is_open_and_all_of_it_is_planned(prooftrail: Prooftrail, quiet: Town) -> None:
    assert prooftrail("remind", quiet.address, "--home", quiet.home).code == 0
    assert letters(quiet) == []
    rows = listed(prooftrail, "notices", quiet.address)
    assert rows
    assert {one["status"] for one in rows} == {"not sent"}
    assert {one["why"] for one in rows} == {"its tier is not open yet"}


def test_a_preview_counts_mails_by_recipient_as_if_every_tier_were_open(prooftrail: Prooftrail, quiet: Town) -> None:
    said = prooftrail("remind", quiet.address, "--preview")
    assert said.code == 0, said.err
    assert "payments" in said.out
    assert "no tier: see [[opened]] in notices.toml" in said.out
    assert {one["held"] for one in listed(prooftrail, "remind", quiet.address, "--preview")} == {None}


def test_an_owner_narrows_what_is_shown(prooftrail: Prooftrail, opened: Town) -> None:
    rows = listed(prooftrail, "remind", opened.address, "--dry-run", "--owner", "PAYMENTS")
    assert [one["owner"] for one in rows] == ["payments"]
    assert listed(prooftrail, "remind", opened.address, "--dry-run", "--owner", "nobody-here") == []


def test_each_notice_is_told_with_its_end_and_its_manifest(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    (row,) = listed(prooftrail, "notices", opened.address, "--owner", "payments@")
    assert (row["status"], row["how"], row["state"], row["chained_in"]) == ("sent", "console", "direct", None)
    assert str(row["message_id"]).startswith("file:")
    opened.run(2)
    (row,) = listed(prooftrail, "notices", opened.address, "--owner", "payments@", "--to", "2026-11-01")
    assert row["chained_in"] == 2


def test_days_narrow_the_list(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    assert listed(prooftrail, "notices", opened.address, "--from", "2026-11-02") == []
    assert listed(prooftrail, "notices", opened.address, "--to", "2026-10-31") == []
    assert listed(prooftrail, "notices", opened.address, "--from", "2026-11-01", "--to", "2026-11-01")
    assert prooftrail("notices", opened.address, "--from", "yesterday").code == exits.WRONG_USE


def test_a_notice_says_that_sending_is_no_receipt(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    for command in (("notices", opened.address), ("owner", "show", opened.address, "payments")):
        assert "no proof that anybody received or read it" in prooftrail(*command).out


def test_a_part_that_was_changed_is_named_and_not_shown(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    plan = next(one.key for one in opened.locker.versions("notices/") if one.key.endswith("plan.json"))
    (shard,) = msgspec.json.decode(opened.locker.get(plan), type=NoticesPlan).shards
    path = opened.address / shard.key
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-8] + b"AAAABBBB")
    said = prooftrail("notices", opened.address)
    assert shard.key in said.err
    assert "sent" not in [line.split()[0] for line in said.out.splitlines() if line.startswith("  ")]


def test_owners_are_listed_with_what_is_theirs_and_whether_they_are_reached(
    prooftrail: Prooftrail, opened: Town
) -> None:
    rows = {str(one["id"]): one for one in listed(prooftrail, "owners", opened.address)}
    assert rows["payments"]["open"]
    assert (rows["payments"]["state"], rows["payments"]["mailed_on"]) == ("pending", None)
    assert (rows["gone"]["state"], rows["gone"]["active"]) == ("left", False)
    assert rows["jane"]["identities"] == 0
    prooftrail("remind", opened.address, "--home", opened.home)
    rows = {str(one["id"]): one for one in listed(prooftrail, "owners", opened.address)}
    assert (rows["payments"]["state"], rows["payments"]["mailed_on"]) == ("direct", "2026-11-01")


def test_only_those_out_of_reach_are_listed_on_request(prooftrail: Prooftrail, opened: Town) -> None:
    assert [one["id"] for one in listed(prooftrail, "owners", opened.address, "--unreachable")] == ["gone"]
    both = prooftrail("owners", opened.address, "--unreachable", "--unowned")
    assert both.code == exits.WRONG_USE


def test_what_nobody_owns_is_listed_by_family(prooftrail: Prooftrail, tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.run(1)
    rows = listed(prooftrail, "owners", town.address, "--unowned")
    assert sum(len(one["members"]) for one in rows) > 0  # type: ignore[arg-type,misc]
    assert "everything has an owner" not in prooftrail("owners", town.address, "--unowned").out


def test_one_owner_is_found_by_id_name_or_address(prooftrail: Prooftrail, opened: Town) -> None:
    for asked in ("payments", "PAYMENTS TEAM", "payments@example.com", "ayments T"):
        said = prooftrail("owner", "show", opened.address, asked)
        assert (said.code, "payments@example.com" in said.out) == (0, True), said.err


def test_an_owner_nobody_knows_and_one_that_could_be_several_are_wrong_use(
    prooftrail: Prooftrail, opened: Town
) -> None:
    nobody = prooftrail("owner", "show", opened.address, "nobody-here")
    several = prooftrail("owner", "show", opened.address, "e")
    assert (nobody.code, several.code) == (exits.WRONG_USE, exits.WRONG_USE)
    assert "`prooftrail owners" in nobody.err
    assert "Give the id" in several.err


def test_a_locker_in_aws_is_reminded_by_its_deployment(prooftrail: Prooftrail) -> None:
    said = prooftrail("remind", "s3://evidence")
    assert (said.code, "--dry-run" in said.err) == (exits.WRONG_USE, True)


@pytest.mark.parametrize("options", [("--dry-run", "--preview"), ("--as-of", "2026-11-02"), ("--owner", "jane")])
def test_options_that_cannot_be_meant_are_refused(
    prooftrail: Prooftrail, opened: Town, options: tuple[str, ...]
) -> None:
    said = prooftrail("remind", opened.address, *options)
    assert said.code == exits.WRONG_USE
    assert not list(opened.locker.versions("notices/"))


def test_what_a_manifest_names_and_is_gone_is_said(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    opened.run(2)
    folder = opened.address / "notices" / "20261101T060000Z"
    (folder / "sent-000.jsonl").unlink()
    said = prooftrail("notices", opened.address, "--to", "2026-11-01")
    assert "sent-000.jsonl is gone, and manifest 2 names it" in said.err
    for one in folder.iterdir():
        one.unlink()
    said = prooftrail("notices", opened.address, "--to", "2026-11-01")
    assert "plan.json" in said.err
    assert "plan.json" in prooftrail("owner", "show", opened.address, "payments").err


def test_a_row_says_whether_its_text_is_the_one_that_was_sent(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    for row in listed(prooftrail, "notices", opened.address):
        content = f"{row['subject']}\n{row['text']}".encode()
        assert row["exact"] == (hashlib.sha256(content).hexdigest() == row["content_sha256"])


def test_days_in_the_wrong_order_are_refused(prooftrail: Prooftrail, opened: Town) -> None:
    said = prooftrail("notices", opened.address, "--from", "2026-11-03", "--to", "2026-11-01")
    assert (said.code, "lies after" in said.err) == (exits.WRONG_USE, True)


def test_what_no_manifest_names_yet_is_held_against_the_homes_own_code(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    whole = prooftrail("verify", opened.address, "--home", opened.home)
    assert (whole.code, "NOT YET CHAINED" in whole.out) == (0, True)
    path = opened.address / "notices" / "20261101T060000Z" / "sent-000.jsonl"
    path.chmod(0o600)
    path.write_bytes(re.sub(rb'"message_id":"file:', b'"message_id":"fake:', path.read_bytes()))
    forged = prooftrail("verify", opened.address, "--home", opened.home)
    assert forged.code == 1
    assert "UNLISTED" in forged.out
    assert "sent-000.jsonl" in forged.out


def test_the_ladder_is_shown_by_an_example_each(opened: Town, capsys: pytest.CaptureFixture[str]) -> None:
    for day in (2, 3):
        opened.clock.at = opened.day(day).taken_at
        opened.run(day)
    view, ledger, log = owners.opened(str(opened.address), None, None)
    notices.at_work(render.console(), log, view, ledger.owners())
    assert capsys.readouterr().out == ""  # nothing was told yet
    assert main.main(["remind", str(opened.address), "--home", str(opened.home)]) == 0
    capsys.readouterr()
    view, ledger, log = owners.opened(str(opened.address), None, None)
    notices.at_work(render.console(), log, view, ledger.owners())
    shown = capsys.readouterr().out
    assert "the ladder at work" in shown
    assert "first " in shown
    assert "Gone Team: has left" in shown


def test_what_owners_rests_on_and_cannot_be_read_is_said(prooftrail: Prooftrail, opened: Town) -> None:
    prooftrail("remind", opened.address, "--home", opened.home)
    assert prooftrail("owners", opened.address).err == ""
    plan = next(one.key for one in opened.locker.versions("notices/") if one.key.endswith("plan.json"))
    (reach,) = msgspec.json.decode(opened.locker.get(plan), type=NoticesPlan).reach
    (opened.address / reach.key).unlink()
    assert "how some owners are reached is not known" in prooftrail("owners", opened.address).err
    (opened.address / plan).unlink()
    opened.unreachable = {MEMBER}
    opened.run(2)
    said = prooftrail("owners", opened.address)
    assert f"account {MEMBER}" in said.err
