"""How often the owners of the demo's organization are written to in four weeks in which nobody mends anything."""

from pathlib import Path
from statistics import median

import pytest

from benchmarks.notice_rhythm import by_week, mails
from prooftrail.cli.main import main

DAYS = 28


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """How many mails each owner got in each of the four weeks, every tier open and everything sent."""
    out: Path = tmp_path_factory.mktemp("demo") / "made"
    assert main(["demo", "--out", str(out)]) == 0
    return by_week(mails(out / "evidence", DAYS), DAYS)


def test_after_the_first_week_the_median_owner_gets_at_most_one_mail_a_week(weeks: dict[str, list[int]]) -> None:
    later = [each[1:] for each in weeks.values()]
    assert median(sum(each) / len(each) for each in later) <= 1


def test_in_the_first_week_the_median_owner_gets_at_most_four_mails(weeks: dict[str, list[int]]) -> None:
    assert median(each[0] for each in weeks.values()) <= 4


def test_in_four_weeks_the_median_owner_gets_seven_mails_at_most(weeks: dict[str, list[int]]) -> None:
    assert len(weeks) >= 8
    assert median(map(sum, weeks.values())) <= 7
