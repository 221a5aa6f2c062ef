"""`prooftrail pull` on an emulated bucket: what an auditor with rights to read, and none else, takes away and can check."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.awsrequest import AWSResponse

from prooftrail.adapters.aws.s3_evidence import S3Evidence, client_config
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.embedded import pull_notes
from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.pull_notes import PullDirectory
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError
from prooftrail.evidence import envelope, layout
from prooftrail.evidence.pulled import Scope
from prooftrail.flows.pull_evidence import PullEvidence
from tests import emulators
from tests.cli.lockers import DAYS, Prooftrail, Town
from tests.emulators import REGION, Emulator, assert_loopback
from tests.flows.world import HOME, MEMBER


class Bucket(NamedTuple):
    """The town's locker in an emulated bucket, and what others could do to it."""

    emulator: Emulator
    name: str

    @property
    def address(self) -> str:
        return f"s3://{self.name}"

    def hide(self, key: str) -> None:
        self.emulator.s3().delete_object(Bucket=self.name, Key=key)

    def replace(self, key: str, body: bytes) -> None:
        self.emulator.s3().put_object(Bucket=self.name, Key=key, Body=body)

    def remove(self, key: str) -> None:
        for one in S3Locker(self.emulator.s3(), self.name).versions(key):
            self.emulator.s3().delete_object(Bucket=self.name, Key=key, VersionId=one.version_id or "")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.no_aws_settings(), emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        assert_loopback(server.endpoint)
        yield server


def filled(emulator: Emulator, town: Town) -> Bucket:
    """A bucket of its own with every object of the town: no lock, so that a test can take away what it needs to."""
    s3, name = emulator.s3(), f"evidence-{uuid.uuid4()}"
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    locker = S3Locker(s3, name)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda one: locker.put(one.key, one.body or b"", retain_until=None),
                DirectoryLocker(town.address).read_all(""),
            )
        )
    return Bucket(emulator, name)


@pytest.fixture(scope="module")
def shared(emulator: Emulator, town: Town) -> Bucket:
    """One bucket for all tests that only read."""
    return filled(emulator, town)


@pytest.fixture
def bucket(emulator: Emulator, town: Town) -> Bucket:
    """One to tamper with."""
    return filled(emulator, town)


@pytest.fixture(autouse=True)
def settings(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_loopback(emulator.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)


def one_line(text: str) -> str:
    return " ".join(text.split())


def ours(town: Town) -> str:
    return envelope.fingerprint(town.signer.public_key_pem())


def test_a_bucket_is_pulled_whole_and_the_copy_verifies_deep_with_nothing_but_the_fingerprint(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    pulled = prooftrail("pull", shared.address, tmp_path / "copy", "--fingerprint", ours(town))

    assert pulled.code == 0
    assert pulled.out.startswith(f"PULLED  {shared.address} to {tmp_path / 'copy'}\n")
    assert "held against --fingerprint" in one_line(pulled.out)
    verified = prooftrail("verify", tmp_path / "copy", "--deep", "--fingerprint", ours(town))
    assert verified.code == 0
    assert verified.out.startswith("INTACT  ")
    assert f"copy of {shared.address}, pulled 2" in one_line(verified.out)
    for file in town.address.rglob("*"):
        if file.is_file():
            assert (tmp_path / "copy" / file.relative_to(town.address)).read_bytes() == file.read_bytes()


def test_where_no_terminal_is_progress_is_plain_lines_on_stderr_and_quiet_is_none(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path
) -> None:
    said = prooftrail("pull", shared.address, tmp_path / "copy")
    quiet = prooftrail("pull", shared.address, tmp_path / "other", "--quiet")

    assert said.err.startswith("pulling ")
    assert said.err.splitlines()[-1].startswith("100%: ")
    assert "/s, 0.0 s left" in said.err
    assert quiet.err == ""


def test_json_alone_is_on_stdout_and_says_where_everything_lies(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path
) -> None:
    said = json.loads(prooftrail("pull", shared.address, tmp_path / "copy", "--quiet", "--json").out)

    assert (said["finished"], said["exit_status"], said["stops"]) == (True, 0, [])
    assert said["notes"] == str(tmp_path / "copy-pull")
    assert said["caller"]


@pytest.mark.parametrize("what", ["hidden", "replaced", "missing"])
def test_what_is_wrong_in_the_bucket_stops_it_with_exit_1_key_and_version(
    prooftrail: Prooftrail, bucket: Bucket, town: Town, tmp_path: Path, what: str
) -> None:
    key = min(one.key for one in DirectoryLocker(town.address).versions(f"snapshot/{DAYS[0]}/"))
    {
        "hidden": lambda: bucket.hide(key),
        "replaced": lambda: bucket.replace(key, b"forged"),
        "missing": lambda: bucket.remove(key),
    }[what]()
    there = [one.version_id for one in S3Locker(bucket.emulator.s3(), bucket.name).versions(key)]

    said = prooftrail("pull", bucket.address, tmp_path / "copy")

    assert said.code == 1
    assert said.out.startswith("STOPPED  ")
    assert f"{what.upper()} {key}" in one_line(said.out)
    for version in there:
        assert str(version) in one_line(said.out).replace(" ", "") or str(version) in one_line(said.out)


def test_a_broken_chain_is_refused_with_slot_and_fault(prooftrail: Prooftrail, bucket: Bucket, tmp_path: Path) -> None:
    bucket.remove(layout.chain_key(2))

    said = prooftrail("pull", bucket.address, tmp_path / "copy", "--quiet")

    assert said.code == 3
    assert f"SLOT {layout.chain_key(2)}" in said.err
    assert not (tmp_path / "copy").exists()


def test_some_days_and_accounts_make_a_part_that_every_command_says_is_one(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    said = prooftrail("pull", shared.address, copy, "--to", "2026-11-02", "--account", HOME, "--quiet")
    assert said.out.startswith("PULLED IN PART  ")

    verified = prooftrail("verify", copy, "--deep", "--fingerprint", ours(town))
    assert verified.code == 3
    assert verified.out.startswith(f"PARTIAL COPY, INTACT AS FAR AS IT GOES  {copy}\n")
    assert f"runs until 2026-11-02, account {HOME}; " in one_line(verified.out)
    assert "nobody signed" in one_line(verified.out)
    assert "exit status 3 and not 0, because" in one_line(verified.out)
    assert re.search(rf" accounts \d: [\w, ]*{MEMBER}", one_line(verified.out))
    unchecked = prooftrail("verify", copy)
    assert unchecked.out.startswith("PARTIAL COPY: INTERNALLY CONSISTENT, ORIGIN NOT CHECKED  ")
    found = json.loads(prooftrail("verify", copy, "--json", "--fingerprint", ours(town)).out)
    assert found["partial"]["left_out"] > 0
    assert "intact" not in found["verdict"].replace("partial copy, intact as far as it goes", "")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'{"scope": 7}'])
def test_a_record_that_makes_no_sense_keeps_nobody_from_reading_and_verify_refuses_it(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path, body: bytes
) -> None:
    copy = tmp_path / "copy"
    prooftrail("pull", shared.address, copy, "--quiet")
    record = tmp_path / "copy-pull" / "pull.json"
    record.write_bytes(body)

    read, verified = prooftrail("overview", copy), prooftrail("verify", copy)

    assert read.code in (0, 1)
    assert "is no record of a pull" in read.err
    assert (verified.code, "is no record of a pull" in verified.err) == (3, True)
    assert prooftrail("pull", shared.address, copy, "--quiet").code == 0
    assert prooftrail("overview", copy).err == ""


def test_the_record_of_another_locker_is_not_believed_and_that_is_said(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    prooftrail("pull", shared.address, copy, "--account", HOME, "--quiet")
    record = tmp_path / "copy-pull" / "pull.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"locker_id": "0" * 64}))

    verified = prooftrail("verify", copy, "--fingerprint", ours(town))

    assert verified.code == 1
    assert verified.out.startswith(f"NOT INTACT  {copy}\n")
    assert "does not fit its chain" in one_line(verified.out)
    assert "MISSING" in verified.out
    assert "does not fit its chain" in prooftrail("overview", copy).err
    assert json.loads(prooftrail("verify", copy, "--json").out)["pulled"] is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--account", "999999999999"), f"{HOME}, {MEMBER}"),
        (("--from", "2030-01-01"), "there are 4, from 2026-11-01 to 2026-11-04"),
    ],
)
def test_a_part_that_is_none_is_wrong_use_and_says_what_there_is(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    said = prooftrail("pull", shared.address, tmp_path / "copy", *options)

    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert not (tmp_path / "copy").exists()


def test_a_scope_that_leaves_nothing_out_is_pulled_whole_and_verifies_as_intact(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    said = prooftrail("pull", shared.address, tmp_path / "copy", "--from", "2026-11-01", "--to", "2026-11-04")

    assert said.out.startswith("PULLED  ")
    assert "runs from 2026-11-01 to 2026-11-04, all accounts leaves nothing out" in one_line(said.out)
    verified = prooftrail("verify", tmp_path / "copy", "--fingerprint", ours(town))
    assert (verified.code, verified.out[:8]) == (0, "INTACT  ")


@pytest.mark.parametrize("command", ["runs", "inventory", "overview", "results", "findings", "risk", "changes"])
def test_a_reading_command_on_a_part_states_the_gap_and_ends_well(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path, command: str
) -> None:
    copy = tmp_path / "copy"
    prooftrail("pull", shared.address, copy, "--account", HOME, "--quiet")

    said = prooftrail(command, copy)

    assert said.code in (0, 1)
    assert f"this is a part of {shared.address} (all runs, account {HOME})" in said.err
    if command not in ("runs", "changes"):
        assert "not in this copy" in one_line(said.out + said.err)
        assert f"account {MEMBER} was never read" not in one_line(said.out)


def test_a_part_that_lacks_an_object_of_its_scope_is_not_intact(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    prooftrail("pull", shared.address, copy, "--account", HOME, "--quiet")
    gone = next((copy / "snapshot" / DAYS[0] / HOME).iterdir())
    gone.unlink()

    said = prooftrail("verify", copy, "--fingerprint", ours(town))

    assert said.code == 1
    assert said.out.startswith("PARTIAL COPY: NOT INTACT  ")
    assert f"MISSING {gone.relative_to(copy)}" in one_line(said.out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("/evidence", "copy"), "is a directory, and pull takes evidence from a bucket"),
        (("s3://", "copy"), "names no bucket"),
        (("s3://a/b", "copy"), "a locker is a whole bucket"),
        (("s3://a", "s3://b"), "is no directory"),
        (("s3://a", "copy", "--from", "July"), "--from takes a day"),
        (("s3://a", "copy", "--from", "2026-02-02", "--to", "2026-02-01"), "is later than"),
        (("s3://a", "copy", "--account", "12"), "12 digits"),
        (("s3://a", "copy", "--fingerprint", "12"), "64 hexadecimal digits"),
        (("s3://a", "copy", "--workers", "0"), "--workers"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(prooftrail: Prooftrail, arguments: tuple[str, ...], told: str) -> None:
    said = prooftrail("pull", *arguments)

    assert said.code == 2
    assert told in said.err


def test_who_interrupts_it_is_told_that_the_same_command_goes_on(
    prooftrail: Prooftrail, shared: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CopyDirectory, "put", interrupted)
    said = prooftrail("pull", shared.address, tmp_path / "copy", "--quiet")
    assert said.code == 130
    assert "the same command goes on from there" in said.err
    assert json.loads((tmp_path / "copy-pull" / "pull.json").read_text())["stopped"] == "it was interrupted"


INTERRUPTED = """
import itertools, os, signal, sys
from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.cli import main

put, numbers = CopyDirectory.put, itertools.count(1)

def then_interrupted(self, *args, **kwargs):
    stored = put(self, *args, **kwargs)
    if next(numbers) == 20:
        os.kill(os.getpid(), signal.SIGINT)
    return stored

CopyDirectory.put = then_interrupted
sys.exit(main.main(sys.argv[1:]))
"""


def test_a_signal_in_the_middle_leaves_what_the_same_command_goes_on_from(
    prooftrail: Prooftrail, shared: Bucket, town: Town, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    asked = ("pull", shared.address, str(copy), "--quiet", "--workers", "2")

    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *asked], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (130, "")
    assert "the same command goes on from there" in ended.stderr
    assert "Traceback" not in ended.stderr
    first = pull_notes.read_record(copy)
    assert first is not None
    assert (first.finished, first.stopped) == (False, "it was interrupted")
    left = sorted(one for one in copy.rglob("*") if one.is_file())
    assert all(one.read_bytes() == (town.address / one.relative_to(copy)).read_bytes() for one in left)

    again = json.loads(prooftrail(*asked, "--json").out)

    assert again["finished"]
    assert 0 < again["fetched"] <= again["objects"] - 20
    assert prooftrail("verify", copy, "--deep", "--fingerprint", ours(town)).out.startswith("INTACT  ")


def test_a_bucket_that_is_not_there_is_said(prooftrail: Prooftrail, tmp_path: Path) -> None:
    said = prooftrail("pull", f"s3://absent-{uuid.uuid4()}", tmp_path / "copy")

    assert said.code == 3
    assert "there is no bucket" in said.err


class Reader:
    """A principal who may list versions and read them by version, and is refused everything else."""

    ALLOWED = frozenset({"ListObjectVersions", "GetObject"})

    def __init__(self, s3: Any) -> None:
        self.asked: set[str] = set()
        s3.meta.events.register("before-send.s3", self._sent)
        s3.meta.events.register("after-call.s3.GetObject", self._without_locks)

    def _sent(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        operation = event_name.rsplit(".", 1)[-1]
        self.asked.add(operation)
        by_version = operation != "GetObject" or "versionId=" in request.url
        if operation in self.ALLOWED and by_version:
            return None
        body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        return AWSResponse(request.url, 403, {"content-type": "application/xml"}, _Raw(body))

    def _without_locks(self, parsed: dict[str, Any], **_: Any) -> None:
        for name in [name for name in parsed if name.startswith("ObjectLock")]:
            del parsed[name]


class _Raw:
    """As much of a body as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def test_listing_and_reading_versions_is_all_it_needs_and_locks_are_then_unknown(
    shared: Bucket, tmp_path: Path
) -> None:
    s3 = shared.emulator.s3(client_config(4))
    reader = Reader(s3)
    to = tmp_path / "copy"
    flow = PullEvidence(
        source=S3Evidence(s3, shared.name), copy=CopyDirectory(to), notes=PullDirectory(to), clock=SystemClock(),
        version="test", workers=4,
    )  # fmt: skip

    record = flow(Scope())

    assert (record.finished, record.locks_observed) == (True, 0)
    assert reader.asked == {"ListObjectVersions", "GetObject", "GetObjectRetention", "GetObjectLegalHold"}
    assert {one.lock.unknown for one in pull_notes.read_objects(to).values()} == {
        "s3:GetObjectRetention is not allowed and s3:GetObjectLegalHold is not allowed"
    }


def test_who_may_not_even_read_is_told_which_action_to_allow(shared: Bucket, tmp_path: Path) -> None:
    s3 = shared.emulator.s3(client_config(4))
    reader = Reader(s3)
    reader.ALLOWED = frozenset({"ListObjectVersions"})  # type: ignore[misc]  # of this one alone
    to = tmp_path / "copy"
    flow = PullEvidence(
        source=S3Evidence(s3, shared.name), copy=CopyDirectory(to), notes=PullDirectory(to), clock=SystemClock(),
        version="test", workers=4,
    )  # fmt: skip

    with pytest.raises(AccessError, match=r"AWS refused s3:GetObjectVersion on s3://"):
        flow(Scope())
