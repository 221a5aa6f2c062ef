"""`prooftrail hold` against a bucket with Object Lock: shown first, done with --yes, listed, released, and on record."""

import json
import uuid
from collections.abc import Iterator

import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.evidence import custody
from prooftrail.evidence.custody import CustodyAction
from tests import emulators
from tests.cli.lockers import Prooftrail, Town
from tests.emulators import REGION, Emulator
from tests.flows.world import World

RUN = "20261101T060000Z"
WHY = ("--reason", "an inquiry", "--case", "C-7")


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.no_aws_settings(), emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        emulators.assert_loopback(server.endpoint)
        yield server


@pytest.fixture
def bucket(ministack: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    name, s3 = f"evidence-{uuid.uuid4()}", ministack.s3()
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    world = World()
    world.locker = S3Locker(s3, name, mode="GOVERNANCE")
    world.sweep()(world.day(1))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint)
    return name


def keys(ministack: Emulator, bucket: str) -> set[str]:
    return {one.key for one in S3Locker(ministack.s3(), bucket).versions("")}


def test_without_yes_it_is_shown_what_would_be_held_and_nothing_is_changed(
    prooftrail: Prooftrail, ministack: Emulator, bucket: str
) -> None:
    before = keys(ministack, bucket)
    said = prooftrail("hold", f"s3://{bucket}", "--run", RUN, *WHY)
    assert said.code == 0, said.err
    assert said.out.startswith("WOULD HOLD (nothing is changed without --yes)\n")
    assert f"{len(before)} versions of 1 run, with chain and witnesses" in " ".join(said.out.split())
    assert keys(ministack, bucket) == before
    assert prooftrail("hold", f"s3://{bucket}", "--list").out == f"0 versions of {len(before)} held (all)\n"


def test_held_listed_released_and_every_act_on_record(prooftrail: Prooftrail, ministack: Emulator, bucket: str) -> None:
    address, before = f"s3://{bucket}", keys(ministack, bucket)
    done = json.loads(prooftrail("hold", address, "--all", *WHY, "--yes", "--json").out)
    assert (done["action"], done["versions"], done["done"]["done"]) == ("hold", len(before), len(before))
    assert "arn:aws" in done["as"]
    again = prooftrail("hold", address, "--run", RUN, *WHY, "--yes")
    assert (again.code, again.out.splitlines()[0]) == (0, "DONE")
    listed = json.loads(prooftrail("hold", address, "--list", "--json").out)
    assert before <= {one["key"] for one in listed["held"]}
    locker = S3Locker(ministack.s3(), bucket)
    record = custody.read(done["done"]["record"], locker.get(done["done"]["record"]))
    assert (record.action, record.reason, record.reference) == (CustodyAction.HOLD, "an inquiry", "C-7")
    assert (record.objects, record.objects_sha256, record.who) == (len(before), done["list_sha256"], done["as"])
    assert locker.retained_until(done["done"]["record"]) is not None
    assert prooftrail("hold", address, "--all", *WHY, "--release", "--yes").code == 0
    assert json.loads(prooftrail("hold", address, "--list", "--run", RUN, "--json").out)["held"] == []


def test_a_directory_holds_nothing(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("hold", town.address, "--all", *WHY)
    assert (said.code, said.out) == (2, "")
    assert "is a directory, and a directory holds nothing: legal holds are S3's" in said.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((*WHY,), "what is to be held?"),
        (("--all", "--run", RUN, *WHY), "--all takes everything"),
        (("--all", "--reason", "x"), "--case is missing"),
        (("--all", "--case", "x"), "--reason is missing"),
        (("--all", "--reason", " ", "--case", "x"), "--reason is missing"),
        (("--all", "--reason", "x" * 501, "--case", "x"), "--reason is longer than 500 characters"),
        (("--account", "12", *WHY), "--account takes the 12 digits"),
        (("--from", "yesterday", *WHY), "--from takes a day like 2026-11-22"),
        (("--to", "2026-13-01", *WHY), "--to takes a day like 2026-11-22"),
        (("--list", "--yes"), "--list changes nothing"),
        (("--list", "--release"), "--list changes nothing"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use_and_asks_nothing(
    given: tuple[str, ...], told: str, prooftrail: Prooftrail
) -> None:
    said = prooftrail("hold", "s3://evidence", *given)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_run_that_is_not_there_is_wrong_use(prooftrail: Prooftrail, bucket: str) -> None:
    said = prooftrail("hold", f"s3://{bucket}", "--run", "20250101T000000Z", *WHY)
    assert said.code == 2
    assert "is in scope (run 20250101T000000Z)" in said.err
