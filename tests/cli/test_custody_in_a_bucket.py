"""A draw and a handover on record in a bucket with Object Lock: as whom AWS says it was, and kept as the genesis is."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.evidence import custody
from prooftrail.evidence.custody import CustodyAction
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
    """One sealed day, dated by the machine as the bucket is."""
    name, s3 = f"evidence-{uuid.uuid4()}", ministack.s3()
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    world, now = World(), datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the bucket's clock is the machine's
    world.judge = ControlMap()  # type: ignore[assignment]
    world.locker, world.clock.at = S3Locker(s3, name, mode="GOVERNANCE"), now
    world.sweep()(Run.manual(now, None))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint)
    return S3Locker(s3, name, mode="GOVERNANCE")


def test_a_draw_is_sealed_by_whom_aws_says_and_kept_as_the_genesis_is(
    bucket: S3Locker, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    asked = ("--population", "access-keys", "--size", "2", "--seed", "dice", "--seed-source", "auditor")
    said = prooftrail("sample", bucket.describe(), *asked, "-o", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    key = json.loads(said.out)["entered"]
    record = custody.read(key, bucket.get(key))
    assert (record.action, record.objects) == (CustodyAction.SAMPLE, 2)
    assert record.who.startswith("arn:aws:")
    kept, genesis = bucket.retained_until(key), bucket.retained_until("chain/00000000.json")
    assert kept is not None
    assert genesis is not None
    assert abs(kept - genesis) < timedelta(days=1)


def test_a_handover_is_sealed_in_the_bucket_the_pack_names(
    bucket: S3Locker, tmp_path: Path, prooftrail: Prooftrail
) -> None:
    today = datetime.now(UTC).date()  # noqa: TID251 - as above
    period = ("--from", (today - timedelta(days=1)).isoformat(), "--to", today.isoformat())
    made = prooftrail("pack", bucket.describe(), *period, "-o", tmp_path / "pack")
    assert made.code in (0, 1), made.err
    planned = prooftrail("handover", tmp_path / "pack", "--to", "Jane, Firm")
    assert "WOULD HAND OVER" in planned.out, planned.err
    assert not list(bucket.versions("custody/"))
    said = prooftrail("handover", tmp_path / "pack", "--to", "Jane, Firm", "--yes", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    record = custody.read(told["sealed"], bucket.get(told["sealed"]))
    assert (record.action, record.objects_sha256) == (CustodyAction.HANDOVER, told["pack_sha256"])
