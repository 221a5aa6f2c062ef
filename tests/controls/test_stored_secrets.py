"""Secrets are renewed (IDC-17), used, and in no plain sight (IDC-18)."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.controls.checks.stored_secrets import idc_17, idc_18
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.model.iam import Usage
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import Sighting
from tests.builders import ACCOUNT, NEVER, OTHER_REGION, REGION, UNTOLD, ago, days, used
from tests.builders.judging import a_case, a_control, a_risk, the_verdict, unknowing
from tests.builders.judging_people import (
    MICROSECOND,
    SECOND,
    a_limit,
    around,
    manual_rotation,
    registers,
    role,
    secret,
    user,
)

DEFAULT = "built-in default of the control map, not approved by the organization"
PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
ONLY_SECRETS = a_control("IDC-18", kinds=[Kind.SECRET])


def rotated(one: Identity, tier: Tier | None = Tier.MEDIUM, **known: Any) -> Verdict:
    return the_verdict(idc_17(a_case(one, tier=tier, **known), a_control("IDC-17")))


def stored(one: Identity, *others: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_18(a_case(one, *others, **known), ONLY_SECRETS), one.id)


def seen(where: str, *, api: str = "secretsmanager:ListSecrets", detector: str = "github_token") -> Sighting:
    return Sighting(fingerprint="f" * 20, detector=detector, length=40, api=api, where=where)


@pytest.mark.parametrize(("tier", "limit"), [(Tier.CRITICAL, 30), (Tier.HIGH, 60), (Tier.MEDIUM, 90), (Tier.LOW, 180)])
def test_a_value_fails_only_once_past_the_limit(tier: Tier, limit: int) -> None:
    for age, status in around(days(limit)):
        assert rotated(secret(value_age=age, rotation_enabled=True), tier).status == status


def test_the_reason_says_the_age_of_the_value() -> None:
    said = rotated(secret(value_age=days(200), last_changed_at=ago(days(1)), last_rotated_at=ago(days(1))))
    assert said.reason == f"The value of secret db is 200 days old; the limit is 90 days ({DEFAULT})."
    assert said.subject_type is SubjectType.SECRET


@pytest.mark.parametrize("owner", ["rds", "redshift", "ecs-sc"])
def test_an_owner_with_managed_rotation_spares_a_secret(owner: str) -> None:
    said = rotated(secret(value_age=days(900), owning_service=owner), Tier.CRITICAL)
    assert said.status is NOT_APPLICABLE
    assert said.reason == f"Secret db belongs to {owner}, which rotates it by itself."


@pytest.mark.parametrize("owner", ["appflow", "databrew", "events", "sqlworkbench"])
def test_any_other_owner_does_not_and_the_age_decides(owner: str) -> None:
    assert rotated(secret(value_age=days(900), owning_service=owner)).status is FAIL
    said = rotated(secret(value_age=days(9), owning_service=owner), Tier.CRITICAL)
    assert said.status is PASS
    assert f"it belongs to {owner}, which does not rotate it, and is judged by its age" in said.reason


@pytest.mark.parametrize(
    ("tier", "status"), [(Tier.CRITICAL, FAIL), (Tier.HIGH, FAIL), (Tier.MEDIUM, PASS), (Tier.LOW, PASS)]
)
def test_rotation_switched_off_fails_at_the_upper_tiers_alone(tier: Tier, status: str) -> None:
    one = secret(value_age=days(1))
    assert rotated(one, tier).status == status
    assert rotated(one, tier, governance=registers(manual_rotation=(manual_rotation(one),))).status is PASS
    lapsed = manual_rotation(one, expires_on=ago(days(1)).date())
    assert rotated(one, tier, governance=registers(manual_rotation=(lapsed,))).status == status


def test_rotation_switched_off_is_told_either_way() -> None:
    assert rotated(secret(), Tier.HIGH).reason == (
        "The rotation of secret db is switched off at tier high, and it is not registered as rotated by hand."
    )
    assert "its rotation is switched off, which its tier allows" in rotated(secret()).reason
    one = secret()
    said = rotated(one, None, risks={one.id: a_risk(one.id, Tier.HIGH, at_least=Tier.LOW)})
    assert said.status is NOT_TESTED


def test_a_secret_of_which_the_value_is_not_dated_is_not_tested() -> None:
    said = rotated(secret(value_age=None))
    assert (said.status, said.reason) == (NOT_TESTED, "When the current value of secret db was made was not read.")
    assert rotated(unknowing(secret(value_age=days(900)), "facts.value_created_at")).status is NOT_TESTED
    assert rotated(secret(value_age=None), Tier.HIGH).status is FAIL
    alone = rotated(secret(value_age=None, replica_of=OTHER_REGION))
    assert alone.reason == f"Secret db is a replica, and its primary in {OTHER_REGION} was not read."


def test_a_secret_without_a_value_or_planned_for_deletion_has_nothing_to_renew() -> None:
    assert rotated(secret(value_age=None, value_age_known=True)).reason == "Secret db holds no value."
    going = secret(value_age=days(900), deleted_at=ago(days(2)))
    said = rotated(going, Tier.CRITICAL)
    assert (said.status, said.reason) == (
        NOT_APPLICABLE,
        "Secret db is planned for deletion (AWS dates it 2026-11-20).",
    )
    assert stored(going).status is NOT_APPLICABLE


def test_what_decides_nothing_is_a_remark() -> None:
    late = secret(value_age=days(20), rotation_enabled=True, rotate_after_days=7, last_rotated_at=ago(days(20)))
    assert rotated(late).reason.endswith("its rotation every 7 days looks overdue since 2026-11-09.")
    assert rotated(secret(value_age=days(80))).reason.endswith("it must be renewed within 10 days.")
    assert "renewed" not in rotated(secret(value_age=days(75))).reason


@pytest.mark.parametrize(("idle", "status"), around(days(90)))
def test_a_secret_fails_only_once_unread_past_the_limit(idle: timedelta, status: str) -> None:
    assert stored(secret(usage=used(idle))).status == status


@pytest.mark.parametrize(("age", "status"), around(days(90)))
def test_a_secret_never_read_counts_from_its_creation(age: timedelta, status: str) -> None:
    assert stored(secret(age=age, usage=NEVER)).status == status


def test_a_day_is_no_midnight() -> None:
    """AWS tells the day alone: what was read on the 24th may have been read until its last moment."""
    midnight = ago(days(90) + timedelta(hours=6))
    assert midnight.hour == 0
    day = Usage(tracked=True, last_used_at=midnight)
    assert stored(secret(usage=day)).status is PASS
    told = Usage(tracked=True, last_used_at=midnight - days(1))
    assert stored(secret(usage=told)).status is FAIL


def test_the_reason_says_when_it_was_last_read() -> None:
    assert stored(secret(usage=used(days(100)))).reason == (
        f"Secret db was last read 100 days ago; the limit is 90 days ({DEFAULT})."
    )
    assert stored(secret(age=days(200), usage=NEVER)).reason == (
        f"Secret db was never read since it was created 200 days ago; the limit is 90 days ({DEFAULT})."
    )


def test_a_region_that_was_not_seen_may_have_read_it() -> None:
    assert stored(unknowing(secret(usage=used(days(100))), "facts.replicas")).status is NOT_TESTED
    assert stored(secret(usage=used(days(100)), replica_of=OTHER_REGION)).status is NOT_TESTED
    assert stored(unknowing(secret(), "facts.replicas")).status is PASS


@pytest.mark.parametrize("one", [secret(usage=UNTOLD), secret(usage=NEVER, age=None), unknowing(secret(), "tags")])
def test_what_was_not_read_is_not_tested(one: Identity) -> None:
    said = stored(one)
    assert said.status is NOT_TESTED
    assert said.gaps


def test_what_a_service_rotates_is_its_own_to_remove() -> None:
    assert stored(secret(usage=NEVER, owning_service="rds")).status is PASS
    assert stored(secret(usage=NEVER, owning_service="appflow")).status is FAIL


def test_a_credential_in_plain_sight_fails_what_it_stands_at() -> None:
    one = secret()
    said = stored(one, secret("other"), sightings=[seen(f"{one.arn} Description")])
    assert said.status is FAIL
    assert said.reason == (
        "1 credential in plain sight at secret db "
        f"(github_token in secretsmanager:ListSecrets {one.arn} Description): revoke, then rotate; "
        f"the limit is 0 ({DEFAULT})."
    )
    assert stored(secret("other"), one, sightings=[seen(f"{one.arn} Description")]).status is PASS


def test_one_seen_at_a_replica_is_its_primarys() -> None:
    one = secret(replicas=(OTHER_REGION,))
    assert stored(one, sightings=[seen(one.arn.replace(REGION, OTHER_REGION) + " Value")]).status is FAIL


def test_a_secret_planned_for_deletion_does_not_hide_a_credential() -> None:
    one = secret(deleted_at=ago(days(1)))
    assert stored(one, sightings=[seen(f"{one.arn} Value")]).status is FAIL


def test_what_stands_at_an_identity_fails_it_and_what_stands_at_none_the_account() -> None:
    worker, ada = role(), user()
    sightings = [
        seen(f"{worker.arn} Value", api="iam:GetAccountAuthorizationDetails"),
        seen("ada ServiceCredentialAlias", api="iam:ListServiceSpecificCredentials"),
        seen("body", api="iam:ListRoles"),
    ]
    case = a_case(worker, ada, sightings=sightings)
    said = {one.subject: one for one in idc_18(case, ONLY_SECRETS)}
    assert set(said) == {worker.id, ada.id, ACCOUNT}
    assert {one.identity for one in said.values()} == {worker.id, ada.id, None}
    assert said[ada.id].subject_type is SubjectType.IDENTITY
    assert said[ada.id].reason.startswith("1 credential in plain sight at user ada (")
    assert said[ACCOUNT].subject_type is SubjectType.ACCOUNT
    assert said[ACCOUNT].reason.startswith("1 credential in plain sight (github_token in iam:ListRoles body)")
    every = {one.subject: one.status for one in idc_18(case, a_control("IDC-18"))}
    assert every == {worker.id: FAIL, ada.id: FAIL, ACCOUNT: FAIL}


def test_what_was_seen_at_another_kind_leaves_nothing_for_the_account() -> None:
    worker = role()
    case = a_case(worker, role("other"), sightings=[seen(f"{worker.arn} Value")])
    assert {one.subject: one.status for one in idc_18(case, ONLY_SECRETS)} == {worker.id: FAIL, ACCOUNT: PASS}


def test_a_place_that_was_cut_off_is_still_told() -> None:
    one = role("r" * 250)
    case = a_case(one, sightings=[seen(f"{one.arn} Value"[:200], api="iam:GetAccountAuthorizationDetails")])
    every = {verdict.subject: verdict.status for verdict in idc_18(case, a_control("IDC-18"))}
    assert every == {one.id: FAIL, ACCOUNT: PASS}


@pytest.mark.parametrize("unread", [Collector.PRINCIPALS, Collector.ROLE_SETTINGS, (Collector.SECRETS, REGION)])
def test_text_that_was_not_read_leaves_the_account_open(unread: Any) -> None:
    case = a_case(cells={unread: CellStatus.PARTIAL})
    said = the_verdict(idc_18(case, ONLY_SECRETS), ACCOUNT)
    assert said.status is NOT_TESTED
    assert said.gaps
    assert the_verdict(idc_18(a_case(), ONLY_SECRETS), ACCOUNT).status is PASS


def test_a_limit_the_organization_set_counts() -> None:
    one = secret(usage=used(days(100)))
    assert stored(one, governance=Governance(thresholds=a_limit("IDC-18", "unused_secret_days", 100))).status is PASS
    younger = secret(usage=used(days(100) + SECOND + MICROSECOND))
    assert (
        stored(younger, governance=Governance(thresholds=a_limit("IDC-18", "unused_secret_days", 100))).status is FAIL
    )


# regions nobody asked


UNASKED: list[tuple[dict[str, Any], str]] = [
    ({"cells": {Collector.REGIONS: CellStatus.DENIED}}, "which regions are enabled is not known: regions is denied"),
    ({"facts": {"regions_enabled": None}}, "which regions are enabled is not known"),
    ({"facts": {"regions_enabled": (REGION, OTHER_REGION, "us-west-2")}}, "secrets in us-west-2 were not asked for"),
]


@pytest.mark.parametrize(("known", "words"), UNASKED)
def test_a_region_nobody_asked_leaves_open_whether_a_secret_is_read_there(known: dict[str, Any], words: str) -> None:
    idle = secret(usage=used(days(200)), age=days(400))
    assert stored(idle).status is FAIL
    said = stored(idle, **known)
    assert said.status is NOT_TESTED
    assert words in said.reason
    assert stored(secret(usage=used(days(2)), age=days(400)), **known).status is PASS


@pytest.mark.parametrize(("known", "words"), UNASKED)
def test_a_region_nobody_asked_is_a_row_of_the_account(known: dict[str, Any], words: str) -> None:
    for check, control in ((idc_17, a_control("IDC-17")), (idc_18, ONLY_SECRETS)):
        said = the_verdict(check(a_case(secret(), **known), control), ACCOUNT)
        assert said.status is NOT_TESTED
        assert words in said.reason
