"""A pack made of a bucket with Object Lock, and of the copy an auditor pulled: one pack, and two accounts of the locks."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.flows.control_map import ControlMap
from prooftrail.model.run import Run
from tests import emulators
from tests.cli.lockers import Prooftrail
from tests.emulators import REGION, Emulator
from tests.flows.world import World


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.no_aws_settings(), emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        emulators.assert_loopback(server.endpoint)
        yield server


@pytest.fixture
def bucket(ministack: Emulator, monkeypatch: pytest.MonkeyPatch) -> S3Locker:
    """One sealed day, dated by the machine as the bucket is, each object held for its time."""
    name, s3 = f"evidence-{uuid.uuid4()}", ministack.s3()
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    world, now = World(), datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the bucket's clock is the machine's
    world.judge = ControlMap()  # type: ignore[assignment]
    world.locker, world.clock.at = S3Locker(s3, name, mode="GOVERNANCE"), now
    world.sweep()(Run.manual(now, None))
    for key, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ENDPOINT_URL": ministack.endpoint,
    }.items():
        monkeypatch.setenv(key, value)
    return S3Locker(s3, name, mode="GOVERNANCE")


def locks_of(pack: Path) -> dict[str, Any]:
    return dict(json.loads((pack / "integrity/object_lock_status.json").read_text()))


def test_bucket_and_pulled_copy_give_one_pack_and_each_its_own_account_of_the_locks(
    bucket: S3Locker, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    one, two, copy = tmp_path / "one", tmp_path / "two", tmp_path / "copy"
    assert prooftrail("pack", bucket.describe(), "--unsigned", "-o", one).code == 0
    assert prooftrail("pull", bucket.describe(), copy).code in (0, 1)
    assert prooftrail("pack", copy, "--unsigned", "-o", two).code == 0

    here, there = ({each.relative_to(at) for each in at.rglob("*") if each.is_file()} for at in (one, two))
    assert here == there
    differ = sorted(str(each) for each in here if (one / each).read_bytes() != (two / each).read_bytes())
    assert differ == ["integrity/object_lock_status.json", "integrity/pack.json"]

    of_bucket, of_copy = locks_of(one), locks_of(two)
    assert (of_bucket["read_from"], of_copy["read_from"]) == ("bucket", "copy pulled from a bucket")
    assert set(of_bucket["objects_by_mode"]) <= {"GOVERNANCE", "not observed"}
    assert of_bucket["objects_by_mode"]["GOVERNANCE"] == len(of_bucket["objects"])
    for each in of_bucket["objects"]:
        assert each["observed"]["retain_until"] >= each["manifest_says_retain_until"][:19]
        assert (each["observed"]["legal_hold"], each["observed_at"]) == (False, None)
    assert all(each["observed_at"] for each in of_copy["objects"])
    seen = {each["key"]: each["observed"] for each in of_copy["objects"]}
    assert [each["key"] for each in of_bucket["objects"] if seen[each["key"]] != each["observed"]] == []
