"""What is known of a region's secrets, when a further call is spared, and what a refusal leaves unknown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prooftrail.adapters.aws.secrets_manager import read_secrets
from prooftrail.model.account import CarriedSecret, Carry
from prooftrail.model.iam import Secret, SecretVersion, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.organization import Tag
from prooftrail.model.reading import GapReason, Reading
from tests.adapters.aws.loopback import ACCOUNT, DENIED, HOME, THROTTLED, Aws, Refusal, days_ago, listening

LIST, VERSIONS = "secretsmanager:ListSecrets", "secretsmanager:ListSecretVersionIds"
FIRST, SECOND, THIRD = "v1" * 16, "v2" * 16, "v3" * 16
CREATED, CHANGED = days_ago(400), days_ago(30)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        yield it


def arn(name: str, region: str = HOME) -> str:
    return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-AbCdEf"


def row(
    name: str = "db", *, region: str = HOME, stages: dict[str, list[str]] | None = None, **more: Any
) -> dict[str, Any]:
    """A secret that was changed since it was created, so that ListSecrets alone cannot date its value."""
    shown = {
        "ARN": arn(name, region),
        "Name": name,
        "CreatedDate": CREATED,
        "LastChangedDate": CHANGED,
        "SecretVersionsToStages": {FIRST: ["AWSCURRENT"]} if stages is None else stages,
    }
    return {key: value for key, value in (shown | more).items() if value is not None}


def version(number: str, *stages: str, made: datetime | None = CHANGED) -> dict[str, Any]:
    return {"VersionId": number, "VersionStages": list(stages), "CreatedDate": made}


def listed(aws: Aws, *rows: dict[str, Any], versions: Any = None) -> None:
    aws.pages(LIST, "SecretList", list(rows))
    answered = [version(FIRST, "AWSCURRENT")] if versions is None else versions
    aws.answer(VERSIONS, answered if isinstance(answered, Refusal) else {"ARN": "a", "Name": "n", "Versions": answered})


def read(aws: Aws, carry: Carry | None = None, **more: Any) -> Reading[Observed]:
    return read_secrets(aws.observer(), region=HOME, carry=carry or Carry(), **more)


def secret_of(reading: Reading[Observed], name: str = "db") -> Secret:
    facts = next(one.facts for one in reading.items if one.name == name)
    assert isinstance(facts, Secret)
    return facts


def carried(name: str, *versions: SecretVersion, made: datetime | None, region: str = HOME) -> Carry:
    return Carry(
        run_id="20260301T060000Z", secrets={arn(name, region): CarriedSecret(versions=versions, value_created_at=made)}
    )


def test_every_field_of_a_secret_is_kept(aws: Aws) -> None:
    listed(
        aws,
        row(
            Type="salesforce",
            Description="the shop's database",
            KmsKeyId="alias/shop",
            RotationEnabled=True,
            RotationLambdaARN="arn:aws:lambda:eu-west-1:111122223333:function:rotate",
            RotationRules={"AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)"},
            LastRotatedDate=days_ago(31),
            LastAccessedDate=days_ago(2),
            OwningService="rds",
            Tags=[{"Key": "team", "Value": "shop"}, {"Key": "app", "Value": "till"}],
        ),
    )
    (secret,) = read(aws).items
    assert secret == Observed(
        id=arn("db"),
        arn=arn("db"),
        region=HOME,
        name="db",
        created_at=CREATED,
        tags=(Tag(key="app", value="till"), Tag(key="team", value="shop")),
        facts=Secret(
            rotation_enabled=True,
            rotation_lambda="arn:aws:lambda:eu-west-1:111122223333:function:rotate",
            rotate_after_days=30,
            rotation_schedule="rate(30 days)",
            last_rotated_at=days_ago(31),
            last_changed_at=CHANGED,
            owning_service="rds",
            managed_type="salesforce",
            kms_key="alias/shop",
            description="the shop's database",
            versions=(SecretVersion(id=FIRST, stages=("AWSCURRENT",), created_at=CHANGED),),
            value_created_at=CHANGED,
            value_age_known=True,
        ),
        usage=Usage(tracked=True, last_used_at=days_ago(2), region=HOME, source=LIST),
    )


def test_times_are_utc(aws: Aws) -> None:
    listed(aws, row())
    (secret,) = read(aws).items
    assert secret.created_at is not None
    assert secret.created_at.tzinfo is UTC


def test_a_secret_nobody_ever_read_has_no_use_on_record_which_is_a_fact(aws: Aws) -> None:
    listed(aws, row())
    (secret,) = read(aws).items
    assert secret.usage == Usage(tracked=True, last_used_at=None, region=HOME, source=LIST)


def test_a_secret_without_rotation_or_tags_says_so(aws: Aws) -> None:
    listed(aws, row())
    reading = read(aws)
    assert secret_of(reading).rotation_enabled is False
    assert reading.items[0].tags == ()


def test_all_pages_are_read_and_secrets_planned_for_deletion_are_asked_for(aws: Aws) -> None:
    aws.pages(LIST, "SecretList", [row("a", LastChangedDate=CREATED)], [row("b", LastChangedDate=CREATED)])
    reading = read(aws)
    assert [one.name for one in reading.items] == ["a", "b"]
    assert reading.complete
    assert aws.asked[0].parameters == {"IncludePlannedDeletion": True, "MaxResults": 100}


def test_a_region_without_secrets_is_a_complete_reading(aws: Aws) -> None:
    listed(aws)
    reading = read(aws)
    assert reading.items == ()
    assert reading.complete


# When the value was made


def test_the_value_dates_from_its_current_version_and_not_from_the_secret(aws: Aws) -> None:
    stages = {FIRST: ["AWSPREVIOUS"], SECOND: ["AWSCURRENT"]}
    versions = [version(FIRST, "AWSPREVIOUS", made=CREATED), version(SECOND, "AWSCURRENT", made=days_ago(100))]
    listed(aws, row(stages=stages), versions=versions)
    secret = secret_of(read(aws))
    assert secret.value_created_at == days_ago(100)
    assert [(one.id, one.stages, one.created_at) for one in secret.versions] == [
        (FIRST, ("AWSPREVIOUS",), CREATED),
        (SECOND, ("AWSCURRENT",), days_ago(100)),
    ]


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(milliseconds=16), timedelta(seconds=5)])
def test_a_secret_nothing_was_done_to_needs_no_further_call(aws: Aws, apart: timedelta) -> None:
    listed(aws, row(LastChangedDate=CREATED + apart))
    secret = secret_of(read(aws))
    assert (secret.value_created_at, secret.value_age_known) == (CREATED, True)
    assert aws.count(VERSIONS) == 0


def test_a_secret_that_was_touched_later_is_asked_about_even_if_it_has_one_version(aws: Aws) -> None:
    listed(aws, row(LastChangedDate=CREATED + timedelta(seconds=5, milliseconds=1)))
    assert secret_of(read(aws)).value_created_at == CHANGED
    assert aws.count(VERSIONS) == 1


def test_a_rotation_date_does_not_date_a_value_that_someone_wrote_by_hand_since(aws: Aws) -> None:
    listed(aws, row(RotationEnabled=True, LastRotatedDate=days_ago(200)), versions=[version(FIRST, "AWSCURRENT")])
    assert secret_of(read(aws)).value_created_at == CHANGED


def test_a_version_dated_yesterday_is_not_asked_about_again(aws: Aws) -> None:
    listed(aws, row(), versions=DENIED)
    known = carried("db", SecretVersion(id=FIRST, stages=("AWSCURRENT",), created_at=days_ago(99)), made=days_ago(99))
    secret = secret_of(read(aws, known))
    assert (secret.value_created_at, secret.value_age_known) == (days_ago(99), True)
    assert aws.count(VERSIONS) == 0


def test_a_version_that_was_not_there_yesterday_is_asked_about(aws: Aws) -> None:
    listed(aws, row(stages={SECOND: ["AWSCURRENT"]}), versions=[version(SECOND, "AWSCURRENT")])
    known = carried("db", SecretVersion(id=FIRST, stages=("AWSCURRENT",), created_at=days_ago(99)), made=days_ago(99))
    assert secret_of(read(aws, known)).value_created_at == CHANGED
    assert aws.count(VERSIONS) == 1


def test_a_label_moved_back_to_an_older_version_dates_the_value_from_that_version(aws: Aws) -> None:
    listed(aws, row(stages={FIRST: ["AWSCURRENT"], SECOND: ["AWSPREVIOUS"]}))
    known = carried(
        "db",
        SecretVersion(id=FIRST, stages=("AWSPREVIOUS",), created_at=days_ago(300)),
        SecretVersion(id=SECOND, stages=("AWSCURRENT",), created_at=days_ago(99)),
        made=days_ago(99),
    )
    assert secret_of(read(aws, known)).value_created_at == days_ago(300)
    assert aws.count(VERSIONS) == 0


def test_a_secret_without_a_value_is_known_to_have_none(aws: Aws) -> None:
    listed(aws, row(stages={}), versions=[])
    reading = read(aws)
    secret = secret_of(reading)
    assert (secret.value_created_at, secret.value_age_known) == (None, True)
    assert reading.complete


def test_a_secret_that_had_no_value_yesterday_is_not_asked_about_while_no_version_is_current(aws: Aws) -> None:
    listed(aws, row(stages={}), versions=DENIED)
    secret = secret_of(read(aws, carried("db", made=None)))
    assert (secret.value_created_at, secret.value_age_known) == (None, True)
    assert aws.count(VERSIONS) == 0


def test_the_first_value_of_a_secret_that_had_none_is_asked_about(aws: Aws) -> None:
    listed(aws, row())
    assert secret_of(read(aws, carried("db", made=None))).value_created_at == CHANGED


def test_a_version_without_a_value_yet_is_kept_beside_the_dated_ones(aws: Aws) -> None:
    listed(aws, row(stages={FIRST: ["AWSCURRENT"], SECOND: ["AWSPENDING"]}))
    versions = secret_of(read(aws)).versions
    assert [(one.id, one.stages, one.created_at) for one in versions] == [
        (FIRST, ("AWSCURRENT",), CHANGED),
        (SECOND, ("AWSPENDING",), None),
    ]


def test_what_the_later_call_says_of_a_label_wins_over_a_list_that_lags(aws: Aws) -> None:
    listed(aws, row(stages={FIRST: ["AWSCURRENT"]}), versions=[version(SECOND, "AWSCURRENT", made=days_ago(1))])
    secret = secret_of(read(aws))
    assert secret.versions == (SecretVersion(id=SECOND, stages=("AWSCURRENT",), created_at=days_ago(1)),)
    assert secret.value_created_at == days_ago(1)


def test_a_secret_planned_for_deletion_is_listed_and_its_value_not_asked_about(aws: Aws) -> None:
    listed(aws, row(DeletedDate=days_ago(3)), versions=DENIED)
    reading = read(aws)
    secret = secret_of(reading)
    assert (secret.deleted_at, secret.value_age_known) == (days_ago(3), False)
    assert reading.complete
    assert aws.count(VERSIONS) == 0


# Replicas


def test_a_replica_names_its_primary_and_the_primary_names_nobody(aws: Aws) -> None:
    listed(aws, row("replica", PrimaryRegion="us-east-1"), row("primary", PrimaryRegion=HOME))
    reading = read(aws)
    assert secret_of(reading, "replica").replica_of == "us-east-1"
    assert secret_of(reading, "primary").replica_of is None


def test_a_replica_is_not_dated_by_dates_that_may_be_its_own(aws: Aws) -> None:
    listed(aws, row(PrimaryRegion="us-east-1", LastChangedDate=CREATED), versions=[version(FIRST, "AWSCURRENT")])
    assert secret_of(read(aws)).value_created_at == CHANGED


def test_a_replica_is_spared_the_call_where_its_primary_was_dated_yesterday(aws: Aws) -> None:
    listed(aws, row(PrimaryRegion="us-east-1"), versions=DENIED)
    one = SecretVersion(id=FIRST, stages=("AWSCURRENT",), created_at=days_ago(9))
    assert secret_of(read(aws, carried("db", one, made=days_ago(9), region="us-east-1"))).value_created_at == days_ago(
        9
    )


def test_a_replica_is_left_undated_where_its_primary_is_read_too(aws: Aws) -> None:
    listed(aws, row(PrimaryRegion="us-east-1"), versions=DENIED)
    reading = read(aws, also_read=frozenset({"us-east-1", HOME}))
    assert secret_of(reading).value_age_known is False
    assert reading.complete
    assert aws.count(VERSIONS) == 0


# What is refused


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_a_refused_list_is_a_gap_and_shows_no_secret(aws: Aws, refusal: Refusal, reason: GapReason) -> None:
    aws.answer(LIST, refusal)
    reading = read(aws)
    assert reading.items == ()
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(LIST, reason)]


def test_a_list_that_breaks_off_shows_what_came_and_a_gap(aws: Aws) -> None:
    aws.pages(LIST, "SecretList", [row("a", LastChangedDate=CREATED)], THROTTLED)
    reading = read(aws)
    assert [one.name for one in reading.items] == ["a"]
    assert [gap.reason for gap in reading.gaps] == [GapReason.THROTTLED]


def test_a_list_that_never_ends_is_truncated(aws: Aws) -> None:
    aws.endless(LIST, "SecretList", [row("a", LastChangedDate=CREATED)])
    assert [gap.reason for gap in read(aws).gaps] == [GapReason.TRUNCATED]


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_a_refused_version_list_leaves_that_secret_undated_and_the_others_dated(
    aws: Aws, refusal: Refusal, reason: GapReason
) -> None:
    listed(aws, row("a"), row("b"))
    dated = {"ARN": "a", "Name": "n", "Versions": [version(FIRST, "AWSCURRENT")]}
    aws.answer(VERSIONS, lambda asked: refusal if asked["SecretId"] == arn("a") else dated)
    reading = read(aws)
    assert [(gap.api, gap.reason, gap.subject) for gap in reading.gaps] == [(VERSIONS, reason, arn("a"))]
    assert secret_of(reading, "a").value_age_known is False
    assert secret_of(reading, "a").versions == (SecretVersion(id=FIRST, stages=("AWSCURRENT",)),)
    assert secret_of(reading, "b").value_created_at == CHANGED


def test_a_version_list_cut_short_before_the_current_version_is_a_gap_and_no_date(aws: Aws) -> None:
    listed(aws, row())
    aws.pages(VERSIONS, "Versions", [version(SECOND, "AWSPREVIOUS")], THROTTLED)
    reading = read(aws)
    assert secret_of(reading).value_age_known is False
    assert [gap.reason for gap in reading.gaps] == [GapReason.THROTTLED]


def test_a_secret_deleted_between_the_two_calls_is_left_out_without_a_gap(aws: Aws) -> None:
    listed(aws, row("gone"), row("here"))
    dated = {"ARN": "a", "Name": "n", "Versions": [version(FIRST, "AWSCURRENT")]}
    gone = Refusal("ResourceNotFoundException")
    aws.answer(VERSIONS, lambda asked: gone if asked["SecretId"] == arn("gone") else dated)
    reading = read(aws)
    assert [one.name for one in reading.items] == ["here"]
    assert reading.complete


def test_a_secret_whose_name_may_not_be_kept_is_listed_under_another(aws: Aws) -> None:
    listed(aws, row("mail/jane.doe@example.com"))
    reading = read(aws)
    (secret,) = reading.items
    assert "jane.doe" not in repr(reading)
    assert isinstance(secret.facts, Secret)
    assert secret.facts.value_age_known is reading.complete, "what AWS could not be asked about is a gap"


def test_a_secret_whose_name_looks_like_a_credential_cannot_be_asked_about_and_is_a_gap(aws: Aws) -> None:
    listed(aws, row("ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2))
    reading = read(aws)
    (secret,) = reading.items
    assert "ghp_" not in repr(reading)
    assert isinstance(secret.facts, Secret)
    assert secret.facts.value_age_known is reading.complete


def test_a_value_is_never_asked_for(aws: Aws) -> None:
    listed(aws, row("a"), row("b", stages={THIRD: ["AWSCURRENT"]}), versions=[version(THIRD, "AWSCURRENT")])
    read(aws)
    assert set(aws.counts()) == {LIST, VERSIONS}
