"""Unused passwords, keys and roles (IDC-07, IDC-08): what counts from where, and what is not known."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.controls.checks.usage import idc_07, idc_08
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.model.iam import Usage
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from tests.builders import NEVER, NOW, UNTOLD, ago, days, used
from tests.builders.judging import a_case, a_control, a_risk, the_verdict, unknowing
from tests.builders.judging_people import (
    a_limit,
    around,
    break_glass,
    key,
    registers,
    role,
    service_credential,
    user,
    user_id,
)

UNUSED, ROLES = a_control("IDC-07"), a_control("IDC-08", kinds=[Kind.ROLE_WORKLOAD, Kind.ROLE_SSO])
DEFAULT = "built-in default of the control map, not approved by the organization"


def credential(one: Identity, *others: Identity, **known: Any) -> Verdict:
    """The verdict on `one`, of a user's password."""
    subject = f"{one.id}#password" if one.id.startswith("AIDA") else one.id
    return the_verdict(idc_07(a_case(one, *others, **known), UNUSED), subject)


def on_role(one: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_08(a_case(one, **known), ROLES))


@pytest.mark.parametrize(("idle", "status"), around(days(45)))
def test_a_password_fails_only_once_unused_past_the_limit(idle: timedelta, status: str) -> None:
    assert credential(user(usage=used(idle))).status == status


@pytest.mark.parametrize(("idle", "status"), around(days(45)))
def test_a_password_never_used_counts_from_its_last_change(idle: timedelta, status: str) -> None:
    assert credential(user(usage=NEVER, changed=idle)).status == status


@pytest.mark.parametrize(("idle", "status"), around(days(45)))
def test_a_key_fails_only_once_unused_past_the_limit(idle: timedelta, status: str) -> None:
    assert credential(key(age=days(1000), usage=used(idle))).status == status


@pytest.mark.parametrize(("age", "status"), around(days(45)))
def test_a_key_never_used_counts_from_its_creation(age: timedelta, status: str) -> None:
    assert credential(key(age=age, usage=NEVER)).status == status


@pytest.mark.parametrize(("idle", "status"), around(days(30)))
def test_a_critical_tier_has_its_own_limit(idle: timedelta, status: str) -> None:
    assert credential(key(usage=used(idle), age=days(900)), tier=Tier.CRITICAL).status == status


@pytest.mark.parametrize(("inactive", "status"), around(days(30)))
def test_an_inactive_key_must_be_deleted_in_time(inactive: timedelta, status: str) -> None:
    assert credential(key(status="Inactive", inactive=inactive, age=days(900))).status == status


def test_the_reason_says_the_value_the_limit_and_who_set_it() -> None:
    ada = user("deploy")
    said = credential(key(ada, age=days(900), usage=used(days(260.5))), ada)
    assert said.reason == (
        f"Active key AKIAEXAMPLE000000001 of user deploy was last used 260 days ago; the limit is 45 days ({DEFAULT})."
    )
    assert (said.value, said.subject_type, said.identity) == ("260 days", SubjectType.CREDENTIAL, said.subject)
    said = credential(user(usage=NEVER, changed=days(100)))
    assert said.reason == (
        f"The password of user ada was never used since it was set 100 days ago; the limit is 45 days ({DEFAULT})."
    )
    assert said.identity == user_id("ada")


def test_the_reason_for_an_inactive_key_says_since_when() -> None:
    said = credential(key(status="Inactive", inactive=days(31), age=days(900)))
    assert said.reason == (
        "Key AKIAEXAMPLE000000001 is inactive since at least 2026-10-22, 31 days ago, and is to be deleted; "
        f"the limit is 30 days ({DEFAULT})."
    )


def test_what_is_barely_past_the_limit_does_not_read_like_the_limit() -> None:
    said = credential(key(age=days(900), usage=used(days(45) + timedelta(hours=3))))
    assert "was last used more than 45 days ago; the limit is 45 days" in said.reason


def test_a_limit_the_organization_set_is_named_as_theirs() -> None:
    governance = Governance(thresholds=a_limit("IDC-07", "disable_after_days", 90))
    said = credential(key(age=days(900), usage=used(days(91))), governance=governance)
    assert "the limit is 90 days (thresholds.toml 2026.3, approved by person-ciso on 2026-01-01" in said.reason
    assert credential(key(age=days(900), usage=used(days(90))), governance=governance).status is ResultStatus.PASS


def test_a_use_dated_after_the_run_has_age_zero() -> None:
    assert credential(key(usage=Usage(tracked=True, last_used_at=NOW + days(2)))).status is ResultStatus.PASS


@pytest.mark.parametrize(
    "one",
    [
        key(usage=UNTOLD, age=days(900)),
        key(usage=UNTOLD, age=days(0)),
        key(usage=NEVER, age=None),
        unknowing(key(usage=NEVER, age=days(900)), "created_at"),
        key(status="Inactive", age=days(900)),
        user(password=None),
        unknowing(user(usage=used(days(200))), "facts.password_enabled"),
        user(usage=UNTOLD),
        user(usage=NEVER, changed=None),
        unknowing(user(usage=NEVER), "facts.password_changed_at"),
        service_credential(),
    ],
)
def test_what_was_not_read_is_not_tested(one: Identity) -> None:
    said = credential(one)
    assert said.status is ResultStatus.NOT_TESTED
    assert said.gaps


def test_a_user_without_a_password_has_nothing_to_disable() -> None:
    said = credential(user(password=False))
    assert (said.status, said.reason) == (ResultStatus.NOT_APPLICABLE, "User ada has no password.")


def test_an_inactive_service_credential_is_not_judged() -> None:
    assert credential(service_credential(status="Inactive")).status is ResultStatus.NOT_APPLICABLE


def test_between_two_tiers_with_other_limits_nothing_is_said() -> None:
    one = key(age=days(900), usage=used(days(40)))
    risks = {one.id: a_risk(one.id, Tier.CRITICAL, at_least=Tier.LOW)}
    said = credential(one, risks=risks)
    assert said.status is ResultStatus.NOT_TESTED
    assert "lies between low and critical" in said.reason
    older = key(age=days(900), usage=used(days(46)))
    assert credential(older, risks=risks).status is ResultStatus.FAIL


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_the_emergency_user_and_its_keys_may_lie_unused(status: str) -> None:
    ada = user(usage=used(days(300)))
    mine = key(ada, age=days(900), status=status, inactive=days(300))
    governance = registers(break_glass=(break_glass(ada),))
    for one, other in ((ada, mine), (mine, ada)):
        said = credential(one, other, governance=governance)
        assert said.status is ResultStatus.NOT_APPLICABLE
        assert said.reason == "User ada is registered for emergencies, and its use is judged by IDC-25."


def test_an_entry_that_lapsed_spares_nobody() -> None:
    ada = user(usage=used(days(300)))
    lapsed = break_glass(ada, expires_on=ago(days(1)).date())
    assert credential(ada, governance=registers(break_glass=(lapsed,))).status is ResultStatus.FAIL


@pytest.mark.parametrize(("idle", "status"), around(days(90)))
def test_a_role_fails_only_once_unused_past_the_limit(idle: timedelta, status: str) -> None:
    assert on_role(role(usage=used(idle))).status == status


@pytest.mark.parametrize(("age", "status"), around(days(90)))
def test_a_role_never_used_counts_from_its_creation(age: timedelta, status: str) -> None:
    assert on_role(role(age=age)).status == status


def test_a_role_without_a_use_says_how_far_back_aws_tells() -> None:
    assert on_role(role(age=days(120))).reason == (
        f"Role worker was never used since it was created 120 days ago; the limit is 90 days ({DEFAULT})."
    )
    old = on_role(role(age=days(900)))
    assert old.status is ResultStatus.FAIL
    assert old.reason == (
        "Role worker was not used in the 400 days AWS tracks, and was created 900 days ago; "
        f"the limit is 90 days ({DEFAULT})."
    )
    assert old.value == "at least 400 days"


@pytest.mark.parametrize(("limit", "status"), [(400, "FAIL"), (401, "NOT_TESTED"), (900, "PASS")])
def test_past_what_aws_tracks_nobody_knows_when_a_role_was_used(limit: int, status: str) -> None:
    governance = Governance(thresholds=a_limit("IDC-08", "unused_role_days", limit))
    assert on_role(role(age=days(900)), governance=governance).status == status


@pytest.mark.parametrize("one", [role(usage=UNTOLD), role(age=None), unknowing(role(), "usage")])
def test_a_role_of_whose_use_nothing_was_read_is_not_tested(one: Identity) -> None:
    assert on_role(one).status is ResultStatus.NOT_TESTED


def test_an_unused_role_of_identity_center_says_what_can_be_done() -> None:
    said = on_role(role("AWSReservedSSO_Admin", age=days(300), kind=Kind.ROLE_SSO))
    assert said.status is ResultStatus.FAIL
    assert "goes when its permission set is no longer assigned" in said.reason


def test_a_kind_the_control_does_not_list_has_no_row() -> None:
    assert not list(idc_08(a_case(role(kind=Kind.ROLE_SERVICE_LINKED)), ROLES))


def test_a_key_whose_user_was_not_listed_may_be_an_emergency_users() -> None:
    unused = key(age=days(1000), usage=NEVER)
    assert credential(unused).status is ResultStatus.FAIL
    said = credential(unused, governance=registers(break_glass=(break_glass(user()),)))
    assert said.status is ResultStatus.NOT_TESTED
    assert "its user was not listed" in said.reason
