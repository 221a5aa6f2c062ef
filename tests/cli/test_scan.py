"""What a scan refuses before it begins, and what it says when there is nothing to do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prooftrail.cli.main import main
from prooftrail.demo.organization import SimulatedOrganization
from tests.emulators import assert_loopback, no_aws_settings


@pytest.fixture(scope="module")
def organization() -> Iterator[SimulatedOrganization]:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the command asks the machine's clock too
    with no_aws_settings(), SimulatedOrganization(accounts=1, first_day=now) as it:
        assert_loopback(it.endpoint_url)
        yield it


@pytest.fixture(autouse=True)
def settings(organization: SimulatedOrganization, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = organization.credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["aws_secret_access_key"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_ENDPOINT_URL", organization.endpoint_url)


@pytest.mark.parametrize("inside", ["evidence", "evidence/home", "evidence/a/b"])
def test_a_home_in_the_locker_is_refused_before_anything_is_written(
    inside: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locker = tmp_path / "evidence"
    assert main(["scan", "--locker", str(locker), "--home", str(tmp_path / inside)]) == 2
    assert "keys do not belong among evidence" in capsys.readouterr().err
    assert not locker.exists()


@pytest.mark.parametrize("regions", ["", ",", "US-EAST-1", "all,us-east-1", "useast1", "us-east-1;id"])
def test_regions_that_cannot_be_regions_are_refused(
    regions: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "--locker", str(tmp_path / "evidence"), "--regions", regions]) == 2
    assert "names no regions" in capsys.readouterr().err


def test_a_tick_that_is_sealed_already_is_not_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = ["scan", "--locker", str(tmp_path / "evidence"), "--regions", "us-east-1", "--schedule", "24@00:00"]
    assert main(scan) in (0, 1)
    first = capsys.readouterr().out
    assert "--regions left the others out" in first
    assert main(scan) in (0, 1)
    assert "was sealed already: nothing was asked" in capsys.readouterr().out


def test_a_file_that_is_no_ledger_is_known_before_the_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("buy milk")
    assert main(["scan", "--locker", str(tmp_path / "evidence"), "--ledger", str(file)]) == 3
    assert "notes.txt" in capsys.readouterr().err
    assert not (tmp_path / "evidence" / "chain").exists()
    assert file.read_text() == "buy milk"


def test_doctor_finds_nothing_to_mend_where_everything_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--regions", "us-east-1"]) == 0
    assert "A scan would see everything it asks for." in capsys.readouterr().out


def test_doctor_names_what_is_refused_what_it_costs_and_the_policy_to_add(
    organization: SimulatedOrganization, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.faults.deny("*", "iam:ListAccessKeys")
    try:
        assert main(["doctor", "--regions", "us-east-1"]) == 1
    finally:
        organization.faults.clear()
    said = capsys.readouterr().out
    assert "iam:ListAccessKeys" in said
    assert "access_keys" in said
    assert '"Action"' in said
