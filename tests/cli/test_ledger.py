"""`prooftrail ledger`: the view is made again from the record, and every row that is not what the record makes is named."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from tests import emulators
from tests.cli.lockers import DAYS, Copy, Prooftrail
from tests.contracts.fakes import MemorySigner
from tests.contracts.tables import create_table
from tests.emulators import REGION, Emulator
from tests.flows.world import World

EVIDENCE, TOOLING = "222222222222", "111111111111"  # MiniStack takes an access key of 12 digits for an account
BUCKET, TABLE = "evidence-of-one-account", "ledger-of-another"


def alter(copy: Copy, statement: str) -> None:
    """Change the ledger behind everybody's back."""
    ledger = sqlite3.connect(copy.home / "ledger.sqlite")
    with ledger:
        ledger.execute(statement)
    ledger.close()


def differences(prooftrail: Prooftrail, copy: Copy) -> list[tuple[str, str, str, str | None]]:
    """What `check` finds."""
    said = prooftrail("ledger", "check", copy.address, "--home", copy.home, "--json")
    found = json.loads(said.out)
    assert said.code == found["exit_status"]
    return [(one["what"], one["rows"], one["key"], one["field"]) for one in found["differences"]]


def test_the_ledger_a_scan_left_is_equal_to_its_locker(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--ledger", tampered.home / "ledger.sqlite")
    assert said.code == 0
    assert "ledger.sqlite is equal to its locker" in said.out


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE identity SET owner = 'mallory' WHERE id = 'AIDA2bob'",
            ("differing field", "identity", "AIDA2bob", "owner"),
        ),
        (
            "UPDATE identity SET gone_run = NULL WHERE id = 'AIDA2svc-deploy'",
            ("differing field", "identity", "AIDA2svc-deploy", "gone_run"),
        ),
        ("DELETE FROM identity WHERE id = 'AIDA2bob'", ("missing row", "identity", "AIDA2bob", None)),
        (
            "INSERT INTO identity SELECT 'AIDAEXTRA', account, region, collector, arn, name, kind, cls, family, owner,"
            " owner_rung, purpose, parent, created_at, configuration, usage, due_on, first_seen_run, '99991231T000000Z',"
            " gone_run FROM identity WHERE id = 'AIDA2bob'",
            ("extra row", "identity", "AIDAEXTRA", None),
        ),
        (
            "DELETE FROM history WHERE id = 'AIDA2svc-deploy' AND what = 'disappeared'",
            ("missing row", "history", f"AIDA2svc-deploy {DAYS[3]}", None),
        ),
        (
            "UPDATE cell SET status = 'ok' WHERE account = '222222222222' AND collector = 'principals'",
            None,
        ),
        (
            "UPDATE cell SET last_ok_run = NULL WHERE account = '222222222222' AND collector = 'principals'",
            ("differing field", "cell", "222222222222 global principals", "last_ok_run"),
        ),
        (
            f"UPDATE run SET identities = 99 WHERE run_id = '{DAYS[0]}'",
            ("differing field", "run", DAYS[0], "identities"),
        ),
        (
            f"DELETE FROM outcome WHERE run_id = '{DAYS[0]}' AND account = '222222222222'",
            ("missing row", "outcome", f"{DAYS[0]} 222222222222", None),
        ),
    ],
)
def test_every_altered_row_is_named(
    statement: str, found: tuple[str, str, str, str | None] | None, prooftrail: Prooftrail, tampered: Copy
) -> None:
    alter(tampered, statement)
    assert differences(prooftrail, tampered) == ([] if found is None else [found])


def test_a_difference_is_told_with_both_sides_and_exit_1(prooftrail: Prooftrail, tampered: Copy) -> None:
    alter(tampered, "UPDATE identity SET purpose = '\x1b[31mnone' WHERE id = 'AIDA2bob'")
    said = prooftrail("ledger", "check", tampered.address, "--home", tampered.home)
    assert said.code == 1
    assert "is not what is in its locker" in said.out
    told = "differing field: identity AIDA2bob, purpose: \\x1b[31mnone in the ledger, tests by the locker"
    assert told in " ".join(said.out.split())


def test_rebuild_makes_an_empty_or_wrong_ledger_equal_again(prooftrail: Prooftrail, tampered: Copy) -> None:
    alter(tampered, "UPDATE identity SET owner = 'mallory'")
    said = prooftrail("ledger", "rebuild", tampered.address, "--home", tampered.home)
    assert said.code == 0
    assert "15 there, 2 gone" in said.out
    assert differences(prooftrail, tampered) == []
    fresh = tampered.home / "fresh.sqlite"
    assert prooftrail("ledger", "rebuild", tampered.address, "--ledger", fresh).code == 0
    assert prooftrail("ledger", "check", tampered.address, "--ledger", fresh).code == 0
    assert SqliteLedger(fresh).by_account("222222222222") == SqliteLedger(tampered.home / "ledger.sqlite").by_account(
        "222222222222"
    )


def test_a_ledger_is_not_rebuilt_from_a_chain_that_does_not_hold_and_stays_as_it_was(
    prooftrail: Prooftrail, tampered: Copy
) -> None:
    before = (tampered.home / "ledger.sqlite").read_bytes()
    tampered.resign(2, MemorySigner())
    said = prooftrail("ledger", "rebuild", tampered.address, "--home", tampered.home)
    assert (said.code, said.out) == (3, "")
    assert f"the chain of {tampered.address} does not verify (chain/0000000" in said.err
    assert "so no ledger can be held against it: run `prooftrail verify`" in said.err
    assert (tampered.home / "ledger.sqlite").read_bytes() == before


def test_evidence_that_is_gone_is_named_and_not_replayed(prooftrail: Prooftrail, tampered: Copy) -> None:
    gone = f"outcome/{DAYS[0]}/222222222222.json"
    tampered.remove(gone)
    said = prooftrail("ledger", "rebuild", tampered.address, "--ledger", tampered.home / "fresh.sqlite")
    assert said.code == 0
    assert f"prooftrail: warning: left out of the replay: {gone} is not in" in said.err


def test_both_or_neither_of_ledger_and_home_is_wrong_use(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--home", tampered.home, "--ledger", "x")
    assert said.code == 2
    assert "one of them only" in said.err


def test_a_ledger_that_is_not_there_is_wrong_use_and_is_not_made(prooftrail: Prooftrail, tampered: Copy) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--ledger", tampered.home / "typo.sqlite")
    assert (said.code, said.out) == (2, "")
    assert "there is no ledger at" in said.err
    assert not (tampered.home / "typo.sqlite").exists()


@pytest.fixture(scope="module")
def two_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A bucket with one run in the evidence account, and an empty table in the tooling account."""
    with emulators.no_aws_settings(), emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        emulators.assert_loopback(server.endpoint)
        s3 = boto3.Session(EVIDENCE, "x", region_name=REGION).client("s3", endpoint_url=server.endpoint)
        s3.create_bucket(
            Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        world = World()
        world.locker = S3Locker(s3, BUCKET, mode="GOVERNANCE")
        world.sweep()(world.day(1))
        tooling = boto3.Session(TOOLING, "x", region_name=REGION)
        create_table(tooling.client("dynamodb", endpoint_url=server.endpoint), TABLE)
        yield server


@pytest.fixture
def profiles(two_accounts: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`evidence` and `tooling` as a person has them, and `nowhere`, which names no region."""
    lines = []
    for name, account in (("evidence", EVIDENCE), ("tooling", TOOLING)):
        lines += [f"[profile {name}]", f"region = {REGION}", f"aws_access_key_id = {account}"]
        lines += ["aws_secret_access_key = x", f"endpoint_url = {two_accounts.endpoint}"]
    (tmp_path / "config").write_text("\n".join([*lines, "[profile nowhere]", "output = json", ""]))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")


@pytest.mark.usefixtures("profiles")
def test_evidence_and_ledger_of_two_accounts_are_each_opened_with_their_own_profile(prooftrail: Prooftrail) -> None:
    there = (f"s3://{BUCKET}", "--ledger", f"dynamodb:{TABLE}", "--profile", "evidence")
    alone = prooftrail("ledger", "check", *there)
    assert (alone.code, alone.out) == (3, "")
    assert f"there is no table {TABLE} in {REGION}" in alone.err
    both = (*there, "--ledger-profile", "tooling")
    assert prooftrail("ledger", "check", *both).code == 1
    rebuilt = prooftrail("ledger", "rebuild", *both)
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert prooftrail("ledger", "check", *both).code == 0


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ("--ledger-profile", "typo"),
            "no AWS session can be made: The config profile (typo) could not be found. Check --ledger-profile",
        ),
        (("--ledger-profile", "nowhere"), "add `region` to the profile that --ledger-profile names"),
        (("--profile", "nowhere"), "add `region` to the profile that --profile names"),
    ],
)
def test_a_profile_that_opens_no_ledger_is_told_by_its_option(
    given: tuple[str, ...], told: str, prooftrail: Prooftrail, tampered: Copy
) -> None:
    said = prooftrail("ledger", "check", tampered.address, "--ledger", f"dynamodb:{TABLE}", *given)
    assert (said.code, said.out) == (3, "")
    assert told in said.err


@pytest.mark.parametrize("ledger", [("--ledger", "ledger.sqlite"), ("--home", "home")])
def test_a_profile_for_a_ledger_that_is_a_file_is_wrong_use(
    ledger: tuple[str, str], prooftrail: Prooftrail, tampered: Copy
) -> None:
    said = prooftrail("ledger", "check", tampered.address, *ledger, "--ledger-profile", "tooling")
    assert (said.code, said.out) == (2, "")
    assert "--ledger-profile is for a ledger in DynamoDB" in said.err
