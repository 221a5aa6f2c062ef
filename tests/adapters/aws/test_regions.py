"""Which regions are read, and what it takes not to know."""

from collections.abc import Iterator

import pytest

from prooftrail.adapters.aws.regions import read_regions
from prooftrail.model.reading import GapReason
from tests.adapters.aws.loopback import DENIED, THROTTLED, Aws, Refusal, listening

LIST, DESCRIBE = "account:ListRegions", "ec2:DescribeRegions"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        yield it


def named(*regions: str) -> list[dict[str, str]]:
    return [{"RegionName": region, "RegionOptStatus": "ENABLED"} for region in regions]


def in_ec2(*regions: tuple[str, str]) -> dict[str, list[dict[str, str]]]:
    return {"regionInfo": [{"regionName": name, "optInStatus": status} for name, status in regions]}


def test_the_enabled_regions_are_read_over_all_pages_and_sorted(aws: Aws) -> None:
    aws.pages(LIST, "Regions", named("us-east-1"), named("eu-west-1"), [])
    reading = read_regions(aws.observer())
    assert reading.items == ("eu-west-1", "us-east-1")
    assert reading.complete
    assert aws.counts() == {LIST: 3}


def test_only_regions_that_are_switched_on_are_asked_for(aws: Aws) -> None:
    aws.pages(LIST, "Regions", named("us-east-1"))
    read_regions(aws.observer())
    assert aws.asked[0].parameters == {"MaxResults": 50, "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}


@pytest.mark.parametrize("refusal", [DENIED, THROTTLED, Refusal("UnknownOperationException", status=404)])
def test_where_account_management_refuses_ec2_answers_and_nothing_is_missing(aws: Aws, refusal: Refusal) -> None:
    aws.answer(LIST, refusal)
    aws.answer(DESCRIBE, in_ec2(("us-east-1", "opt-in-not-required"), ("af-south-1", "opted-in")))
    reading = read_regions(aws.observer())
    assert reading.items == ("af-south-1", "us-east-1")
    assert reading.gaps == ()
    assert [source.api for source in reading.sources] == [LIST, DESCRIBE]


def test_a_region_that_is_not_opted_in_to_is_not_read(aws: Aws) -> None:
    aws.answer(LIST, DENIED)
    aws.answer(DESCRIBE, in_ec2(("us-east-1", "opt-in-not-required"), ("af-south-1", "not-opted-in")))
    assert read_regions(aws.observer()).items == ("us-east-1",)


def test_both_refusing_are_two_gaps_and_no_region(aws: Aws) -> None:
    aws.answer(LIST, DENIED)
    aws.answer(DESCRIBE, Refusal("UnauthorizedOperation", status=403))
    reading = read_regions(aws.observer())
    assert reading.items == ()
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(LIST, GapReason.DENIED), (DESCRIBE, GapReason.DENIED)]


def test_a_list_that_breaks_off_is_answered_by_ec2_as_a_whole(aws: Aws) -> None:
    aws.pages(LIST, "Regions", named("us-east-1"), THROTTLED)
    aws.answer(DESCRIBE, in_ec2(("us-east-1", "opt-in-not-required"), ("eu-west-1", "opt-in-not-required")))
    reading = read_regions(aws.observer())
    assert reading.items == ("eu-west-1", "us-east-1")
    assert reading.complete


def test_a_list_that_never_ends_counts_as_refused(aws: Aws) -> None:
    aws.endless(LIST, "Regions", named("us-east-1"))
    aws.answer(DESCRIBE, Refusal("UnauthorizedOperation", status=403))
    reading = read_regions(aws.observer())
    assert [gap.reason for gap in reading.gaps] == [GapReason.TRUNCATED, GapReason.DENIED]
    assert aws.count(LIST) == 2
