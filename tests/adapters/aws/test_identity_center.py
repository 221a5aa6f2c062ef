"""Which permission sets there are, where they are looked for, and what a refusal leaves unknown."""

from collections.abc import Iterator
from typing import Any

import pytest

from prooftrail.adapters.aws.identity_center import read_permission_sets
from prooftrail.model.organization import PermissionSet
from prooftrail.model.reading import GapReason
from tests.adapters.aws.loopback import DENIED, HOME, THROTTLED, Aws, Refusal, days_ago, listening

INSTANCES, SETS = "sso:ListInstances", "sso:ListPermissionSets"
DESCRIBE, PROVISIONED = "sso:DescribePermissionSet", "sso:ListAccountsForProvisionedPermissionSet"
REGIONS = ("ap-south-1", HOME, "us-east-1")
INSTANCE, OTHER = "arn:aws:sso:::instance/ssoins-1111111111111111", "arn:aws:sso:::instance/ssoins-2222222222222222"
ADMIN, READ = f"{INSTANCE.replace('instance', 'permissionSet')}/ps-admin", f"{INSTANCE}/ps-read"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        yield it


def instance(arn: str = INSTANCE, **more: Any) -> dict[str, Any]:
    return {"InstanceArn": arn, "IdentityStoreId": "d-1234567890", "Status": "ACTIVE"} | more


def described(arn: str) -> dict[str, Any]:
    name = arn.rpartition("-")[2]
    return {
        "PermissionSet": {
            "PermissionSetArn": arn,
            "Name": name,
            "Description": f"for {name}",
            "CreatedDate": days_ago(500),
            "SessionDuration": "PT4H",
        }
    }


def seeded(aws: Aws) -> None:
    aws.pages(INSTANCES, "Instances", [instance()])
    aws.pages(SETS, "PermissionSets", [ADMIN], [READ])
    aws.answer(DESCRIBE, lambda asked: described(asked["PermissionSetArn"]))
    aws.pages(PROVISIONED, "AccountIds", ["222233334444"], ["111122223333"])


def found_in(aws: Aws, region: str, *, scope: bool = False) -> None:
    """An instance that shows itself in one region, to those who ask there (or, with `scope`, about all regions)."""

    def instances(asked: dict[str, Any]) -> dict[str, Any]:
        wide = scope and asked.get("RegionScope") == "ALL_REGIONS"
        return {"Instances": [instance(PrimaryRegion=region)] if wide or aws.asked[-1].region == region else []}

    aws.answer(INSTANCES, instances)


def test_permission_sets_are_read_with_their_sessions_and_accounts_over_all_pages(aws: Aws) -> None:
    seeded(aws)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert reading.complete
    assert reading.items == tuple(
        PermissionSet(
            arn=arn,
            instance_arn=INSTANCE,
            identity_store_id="d-1234567890",
            name=name,
            description=f"for {name}",
            created_at=days_ago(500),
            session_duration="PT4H",
            accounts=("111122223333", "222233334444"),
        )
        for arn, name in sorted([(ADMIN, "admin"), (READ, "read")])
    )
    assert aws.counts() == {DESCRIBE: 2, INSTANCES: 1, PROVISIONED: 4, SETS: 2}


def test_one_question_about_all_regions_finds_an_instance_elsewhere(aws: Aws) -> None:
    seeded(aws)
    found_in(aws, "us-east-1", scope=True)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert len(reading.items) == 2
    assert aws.count(INSTANCES) == 1
    assert {one.region for one in aws.asked if one.action != INSTANCES} == {"us-east-1"}


def test_an_endpoint_that_does_not_know_the_wider_question_is_asked_region_by_region(aws: Aws) -> None:
    seeded(aws)
    found_in(aws, "us-east-1")
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert len(reading.items) == 2
    assert [one.region for one in aws.asked if one.action == INSTANCES] == [HOME, "ap-south-1", "us-east-1"]


def test_an_endpoint_that_rejects_the_wider_question_is_asked_the_narrow_one(aws: Aws) -> None:
    seeded(aws)
    rejected = Refusal("ValidationException", "unknown member RegionScope")
    aws.answer(INSTANCES, lambda asked: rejected if "RegionScope" in asked else {"Instances": [instance()]})
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert len(reading.items) == 2
    assert reading.complete
    assert aws.count(INSTANCES) == 2


def test_no_instance_anywhere_is_a_complete_reading_of_nothing(aws: Aws) -> None:
    aws.pages(INSTANCES, "Instances", [])
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert reading.items == ()
    assert reading.complete
    assert aws.counts() == {INSTANCES: 3}


def test_an_instance_that_is_not_live_is_none(aws: Aws) -> None:
    aws.pages(INSTANCES, "Instances", [instance(Status="CREATE_FAILED")])
    assert read_permission_sets(aws.observer(), (HOME,)).complete
    assert aws.counts() == {INSTANCES: 1}


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_a_search_refused_everywhere_is_one_gap_that_names_the_regions(
    aws: Aws, refusal: Refusal, reason: GapReason
) -> None:
    aws.answer(INSTANCES, refusal)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert [(gap.api, gap.reason, gap.subject) for gap in reading.gaps] == [
        (INSTANCES, reason, "eu-west-1, ap-south-1, us-east-1")
    ]


def test_nothing_found_and_one_region_refused_is_a_gap(aws: Aws) -> None:
    aws.answer(INSTANCES, lambda _: DENIED if aws.asked[-1].region == "us-east-1" else {"Instances": []})
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert [(gap.reason, gap.subject) for gap in reading.gaps] == [(GapReason.DENIED, "us-east-1")]


def test_a_region_that_refused_before_the_instance_was_found_is_beside_the_point(aws: Aws) -> None:
    seeded(aws)
    aws.answer(INSTANCES, lambda _: {"Instances": [instance()]} if aws.asked[-1].region == "us-east-1" else DENIED)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert len(reading.items) == 2
    assert reading.complete


def test_an_accounts_own_instance_without_permission_sets_does_not_end_the_search(aws: Aws) -> None:
    seeded(aws)
    aws.answer(
        INSTANCES,
        lambda _: {"Instances": [instance(OTHER if aws.asked[-1].region == HOME else INSTANCE)]},
    )
    aws.answer(SETS, lambda asked: DENIED if asked["InstanceArn"] == OTHER else {"PermissionSets": [ADMIN]})
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert [one.arn for one in reading.items] == [ADMIN]
    assert reading.complete


def test_permission_sets_that_may_not_be_listed_are_a_gap(aws: Aws) -> None:
    seeded(aws)
    aws.answer(SETS, DENIED)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert reading.items == ()
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(SETS, GapReason.DENIED)]


def test_a_list_that_breaks_off_shows_what_came_and_a_gap(aws: Aws) -> None:
    seeded(aws)
    aws.pages(SETS, "PermissionSets", [ADMIN], THROTTLED)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert [one.arn for one in reading.items] == [ADMIN]
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(SETS, GapReason.THROTTLED)]


def test_a_list_that_never_ends_is_truncated(aws: Aws) -> None:
    seeded(aws)
    aws.endless(SETS, "PermissionSets", [ADMIN])
    assert [gap.reason for gap in read_permission_sets(aws.observer(), REGIONS).gaps] == [GapReason.TRUNCATED]


def test_a_description_that_is_refused_leaves_a_permission_set_without_one_and_a_gap(aws: Aws) -> None:
    seeded(aws)
    aws.answer(DESCRIBE, lambda asked: DENIED if asked["PermissionSetArn"] == READ else described(ADMIN))
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert {one.arn: one.session_duration for one in reading.items} == {ADMIN: "PT4H", READ: None}
    assert [(gap.api, gap.subject) for gap in reading.gaps] == [(DESCRIBE, READ)]


def test_accounts_that_are_not_read_to_the_end_are_unknown_and_not_few(aws: Aws) -> None:
    seeded(aws)
    aws.pages(PROVISIONED, "AccountIds", ["222233334444"], THROTTLED)
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert {one.accounts for one in reading.items} == {None}
    assert {gap.subject for gap in reading.gaps} == {ADMIN, READ}


def test_a_permission_set_deleted_while_we_read_is_left_out_without_a_gap(aws: Aws) -> None:
    seeded(aws)
    gone = Refusal("ResourceNotFoundException")
    aws.answer(DESCRIBE, lambda asked: gone if asked["PermissionSetArn"] == READ else described(ADMIN))
    reading = read_permission_sets(aws.observer(), REGIONS)
    assert [one.arn for one in reading.items] == [ADMIN]
    assert reading.complete
