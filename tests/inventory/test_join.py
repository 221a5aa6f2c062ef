"""How several sources become one thing, and what stays unknown where one of them is silent."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.inventory.join import REPORT_TAKES, Join, Joined, join
from prooftrail.model.account import AccountReadings
from prooftrail.model.iam import AccessKey, Role, Root, Secret, ServiceSpecificCredential, Usage, User
from prooftrail.model.reading import GapReason
from tests.builders import (
    NEVER,
    NOW,
    OTHER_REGION,
    REGION,
    UNTOLD,
    a_device,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_secret,
    a_service_credential,
    a_slot,
    a_summary,
    a_user,
    ago,
    days,
    readings,
    refused,
    replaced,
    root_row,
    settings_of,
    used,
    with_facts,
)

FROM_THE_REPORT = {
    "facts.certificates",
    "facts.key_slots",
    "facts.mfa_active",
    "facts.password_changed_at",
    "facts.password_enabled",
}


def joined(of: AccountReadings) -> Join:
    return join(of, partition="aws")


def named(of: AccountReadings, name: str) -> Joined:
    return next(one for one in joined(of).items if one.observed.name == name)


def user_facts(one: Joined) -> User:
    assert isinstance(one.observed.facts, User)
    return one.observed.facts


# users and their rows -----------------------------------------------------------------------------------------------


def test_a_user_has_what_its_report_row_says() -> None:
    ada = a_user()
    key = a_key(ada)
    row = a_row(ada, password=True, mfa=True, keys=[a_slot(1, key=key), a_slot(2)], usage=used(days(3)))
    facts = user_facts(found := named(readings(ada, key, report=a_report(row), mfa=a_reading(a_device(ada))), "ada"))
    assert (facts.password_enabled, facts.mfa_active) == (True, True)
    assert facts.key_slots == ((True, key.created_at),)
    assert facts.password_changed_at == ada.created_at
    assert found.observed.usage == used(days(3))
    assert found.unknown == ()


def test_a_user_created_again_under_the_same_name_is_not_the_one_in_the_report() -> None:
    old, new = a_user(id="AIDAOLD"), a_user(id="AIDANEW", age=timedelta(minutes=10))
    of = readings(new, report=a_report(a_row(old, password=True)))
    found = named(of, "ada")
    assert user_facts(found).password_enabled is None
    assert set(found.unknown) >= FROM_THE_REPORT
    assert [row.user for row in joined(of).deleted] == ["ada"]
    assert joined(of).newer == ("AIDANEW",)


def test_rows_and_users_meet_in_the_second_they_were_created_in() -> None:
    ada = a_user(age=timedelta(days=1, microseconds=-400_000))
    row = a_row(ada, password=True, created_at=(NOW - days(1)))
    assert user_facts(named(readings(ada, report=a_report(row)), "ada")).password_enabled is True


def test_a_row_without_a_creation_time_is_the_users_who_was_there_when_it_was_made() -> None:
    ada = a_user()
    late = a_user("bob", age=timedelta(minutes=10))
    of = readings(
        ada,
        late,
        report=a_report(a_row(ada, password=True, created_at=None), a_row(late, password=True, created_at=None)),
    )
    assert user_facts(named(of, "ada")).password_enabled is True
    assert user_facts(named(of, "bob")).password_enabled is None


@pytest.mark.parametrize(
    ("before_report", "newer"),
    [
        (-timedelta(hours=1), True),
        (timedelta(0), True),
        (REPORT_TAKES, True),
        (REPORT_TAKES + timedelta(seconds=1), False),
    ],
)
def test_a_user_the_report_is_too_old_for_is_told_from_one_it_forgot(before_report: timedelta, newer: bool) -> None:
    made = timedelta(hours=2)
    ada = a_user(age=made + before_report)
    found = joined(readings(ada, report=a_report(age=made)))
    assert bool(found.newer) is newer
    assert bool(found.rowless) is not newer


def test_rows_of_users_deleted_since_are_reported() -> None:
    ada, gone = a_user(), a_user("gone")
    found = joined(readings(ada, report=a_report(a_row(ada), a_row(gone))))
    assert [row.user for row in found.deleted] == ["gone"]


def test_the_reason_says_why_the_report_is_silent() -> None:
    old, new = a_user(), a_user("new", age=timedelta(0))
    assert named(readings(old, report=refused()), "ada").untold == "the credential report could not be read"
    assert "has no row for it" in str(named(readings(old, report=a_report()), "ada").untold)
    assert "was made, or after" in str(named(readings(new, report=a_report()), "new").untold)


# second factors -----------------------------------------------------------------------------------------------------


def test_a_refused_list_of_devices_never_becomes_no_device() -> None:
    ada = a_user()
    found = named(readings(ada, report=a_report(a_row(ada, mfa=True)), mfa=refused()), "ada")
    assert user_facts(found).mfa_devices is None
    assert "facts.mfa_devices" in found.unknown


def test_a_device_that_was_seen_is_told_even_if_others_may_be_hidden() -> None:
    ada = a_user()
    mfa = a_reading(a_device(ada), gaps=[a_gap()])
    found = named(readings(ada, report=a_report(a_row(ada, mfa=True)), mfa=mfa), "ada")
    assert [one.serial for one in user_facts(found).mfa_devices or ()] == [a_device(ada).device.serial]
    assert "facts.mfa_devices" in found.unknown


def test_a_gap_over_one_user_leaves_no_doubt_over_another() -> None:
    ada, bob = a_user(), a_user("bob")
    of = readings(ada, bob, mfa=a_reading(gaps=[a_gap(subject="bob")]))
    assert user_facts(named(of, "ada")).mfa_devices == ()
    assert user_facts(named(of, "bob")).mfa_devices is None


def test_a_gap_over_something_nobody_listed_leaves_all_in_doubt() -> None:
    of = readings(a_user(), mfa=a_reading(gaps=[a_gap(subject="somebody else")]))
    assert user_facts(named(of, "ada")).mfa_devices is None


def test_without_a_report_row_nobody_can_say_that_there_is_no_device() -> None:
    assert user_facts(named(readings(a_user(), report=refused()), "ada")).mfa_devices is None


# roles --------------------------------------------------------------------------------------------------------------


def test_a_role_has_the_settings_only_list_roles_shows() -> None:
    role = a_role()
    found = named(readings(role, role_settings=settings_of(role, max_session_s=7200, description="d")), "worker")
    assert isinstance(found.observed.facts, Role)
    assert (found.observed.facts.max_session_s, found.observed.facts.description) == (7200, "d")
    assert found.unknown == ()


def test_a_role_whose_settings_were_not_read_says_so() -> None:
    found = named(readings(a_role(), role_settings=refused()), "worker")
    assert found.unknown == ("facts.description", "facts.max_session_s")


# keys ---------------------------------------------------------------------------------------------------------------


def test_keys_belong_to_the_users_their_collector_names() -> None:
    ada = a_user()
    key = replaced(a_key(ada), parent=None)
    assert named(readings(ada, key), key.id).observed.parent == ada.id


def test_service_specific_credentials_find_their_user_by_name() -> None:
    ada = a_user()
    found = named(readings(ada, a_service_credential(ada)), "ACCAEXAMPLE000000001").observed
    assert isinstance(found.facts, ServiceSpecificCredential)
    assert (found.parent, found.facts.user_id) == (ada.id, ada.id)


def test_a_key_is_used_when_the_slot_of_its_second_says() -> None:
    ada = a_user()
    old, new = a_key(ada, id="AKIAOLD", age=days(90)), a_key(ada, id="AKIANEW", age=days(5))
    row = a_row(ada, keys=[a_slot(1, key=old, usage=used(days(80))), a_slot(2, key=new, usage=NEVER)])
    of = readings(ada, old, new, report=a_report(row))
    assert named(of, "AKIAOLD").observed.usage == used(days(80))
    assert named(of, "AKIANEW").observed.usage == NEVER


def test_two_keys_of_one_second_keep_what_was_read_of_each() -> None:
    ada = a_user()
    one = a_key(ada, id="AKIAONE", age=days(5), usage=used(days(1)))
    two = a_key(ada, id="AKIATWO", age=days(5), usage=UNTOLD)
    row = a_row(ada, keys=[a_slot(1, key=one, usage=used(days(4))), a_slot(2, key=two, usage=used(days(3)))])
    of = readings(ada, one, two, report=a_report(row))
    assert named(of, "AKIAONE").observed.usage == used(days(1))
    assert named(of, "AKIATWO").observed.usage == UNTOLD


def test_of_two_statements_of_use_the_newest_stands() -> None:
    ada = a_user()
    key = a_key(ada, usage=used(days(1)))
    row = a_row(ada, keys=[a_slot(1, key=key, usage=used(days(2)))])
    assert named(readings(ada, key, report=a_report(row)), key.id).observed.usage == used(days(1))


def test_a_use_once_seen_is_not_unseen_by_a_report_that_cannot_tell() -> None:
    ada = a_user()
    key = a_key(ada, usage=used(days(9)), carried_from="20261121T060000Z")
    row = a_row(ada, keys=[a_slot(1, key=key, usage=UNTOLD)])
    assert named(readings(ada, key, report=a_report(row)), key.id).observed.usage == used(days(9))


def test_the_row_of_a_former_user_says_nothing_of_a_new_users_key() -> None:
    old, new = a_user(id="AIDAOLD"), a_user(id="AIDANEW", age=days(1))
    key = a_key(new, age=days(1))
    row = a_row(old, keys=[a_slot(1, key=key, usage=used(days(0.5)))])
    assert named(readings(new, key, report=a_report(row)), key.id).observed.usage == UNTOLD


# the root -----------------------------------------------------------------------------------------------------------


def root_of(of: AccountReadings) -> tuple[Joined, Root]:
    found = named(of, "root")
    assert isinstance(found.observed.facts, Root)
    return found, found.observed.facts


def test_the_root_is_listed_even_where_nothing_was_read_of_it() -> None:
    found, facts = root_of(readings(report=refused(), summary_before=refused(), summary_after=refused()))
    assert facts == Root()
    assert found.observed.usage == UNTOLD
    assert "facts.mfa_active" in found.unknown
    assert "created_at" in found.unknown


def test_the_summary_speaks_of_the_root_before_the_older_report() -> None:
    summary = a_summary(AccountMFAEnabled=0, AccountAccessKeysPresent=1, AccountSigningCertificatesPresent=0)
    _, facts = root_of(readings(summary_after=summary, report=a_report(root_row(mfa=True), root=False)))
    assert (facts.mfa_active, facts.access_keys_present, facts.certificates_present) == (False, True, False)


def test_the_root_was_last_used_when_its_password_or_a_key_was() -> None:
    slot = a_slot(1, key=a_key(), usage=used(days(2)))
    report = a_report(root_row(password_usage=used(days(9)), keys=(slot, a_slot(2))), root=False)
    found, facts = root_of(readings(report=report))
    assert found.observed.usage == used(days(2))
    assert facts.access_keys_present is True
    assert facts.key_slots == ((True, slot.rotated_at),)


def test_the_root_of_another_partition_has_that_partitions_arn() -> None:
    found = join(readings(), partition="aws-us-gov").items[0].observed
    assert found.arn.startswith("arn:aws-us-gov:iam::")


# secrets ------------------------------------------------------------------------------------------------------------


def secrets_of(of: AccountReadings) -> dict[str, Secret]:
    return {
        one.observed.region: one.observed.facts for one in joined(of).items if isinstance(one.observed.facts, Secret)
    }


def test_a_replica_is_folded_into_its_primary() -> None:
    primary = a_secret(usage=used(days(9)))
    replica = a_secret(region=OTHER_REGION, replica_of=REGION, usage=used(days(1)))
    of = readings(primary, replica)
    assert secrets_of(of) == {REGION: with_facts(primary, replicas=(OTHER_REGION,)).facts}
    assert named(of, "db").observed.usage == used(days(1))


def test_a_replica_whose_primary_was_not_read_stays_listed() -> None:
    replica = a_secret(region=OTHER_REGION, replica_of=REGION)
    of = readings(replica, secrets=((REGION, refused()), (OTHER_REGION, a_reading(replica))))
    assert secrets_of(of)[OTHER_REGION].replica_of == REGION


def test_a_replica_of_another_secret_of_the_same_name_is_not_folded() -> None:
    primary = a_secret()
    stranger = replaced(a_secret(region=OTHER_REGION, replica_of=REGION), arn=f"{a_secret(region=OTHER_REGION).arn}2")
    assert set(secrets_of(readings(primary, stranger))) == {REGION, OTHER_REGION}


def test_where_a_region_was_refused_nobody_knows_all_replicas() -> None:
    of = readings(a_secret(), secrets=((REGION, a_reading(a_secret())), (OTHER_REGION, refused(GapReason.THROTTLED))))
    assert "facts.replicas" in named(of, "db").unknown


def test_the_age_of_a_value_that_could_not_be_read_is_unknown_and_that_of_no_value_is_not() -> None:
    unread = a_secret("unread", value_age=None)
    empty = a_secret("empty", value_age=None, value_age_known=True)
    of = readings(unread, empty)
    assert named(of, "unread").unknown == ("facts.value_created_at",)
    assert named(of, "empty").unknown == ()


def test_a_key_of_a_user_nobody_listed_keeps_its_users_id() -> None:
    key = a_key(a_user("ghost"))
    found = named(readings(key, principals=refused()), key.id).observed
    assert isinstance(found.facts, AccessKey)
    assert found.parent == found.facts.user_id


def test_usage_told_by_a_slot_is_the_slots_own() -> None:
    ada = a_user()
    key = a_key(ada)
    usage = Usage(
        tracked=True, last_used_at=ago(days(1)), service="s3", region=REGION, source="iam:GetCredentialReport"
    )
    row = a_row(ada, keys=[a_slot(1, key=key, usage=usage)])
    assert named(readings(ada, key, report=a_report(row)), key.id).observed.usage == usage


@pytest.mark.parametrize(
    "known",
    [{"regions": refused()}, {"regions": a_reading(REGION, OTHER_REGION, "us-west-2")}],
    ids=["refused", "more"],
)
def test_where_a_region_was_not_asked_nobody_knows_all_replicas(known: dict[str, Any]) -> None:
    assert "facts.replicas" in named(readings(a_secret(), **known), "db").unknown
    assert "facts.replicas" not in named(readings(a_secret()), "db").unknown
