"""Long-lived credentials: the age of keys (IDC-15), and the reason there are any (IDC-16)."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.controls.checks.keys import idc_15, idc_16
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.model.iam import CertificateSlot
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from prooftrail.model.reading import CellStatus, Collector
from tests.builders import NOW, ago, days
from tests.builders.judging import a_case, a_control, a_risk, the_verdict, unknowing
from tests.builders.judging_people import a_limit, around, key, legacy, registers, service_credential, user

DEFAULT = "built-in default of the control map, not approved by the organization"
PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
KEYS_PARTIAL = {Collector.ACCESS_KEYS: CellStatus.PARTIAL}
ADA = user("ada")


def aged(one: Identity, *others: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_15(a_case(ADA, one, *others, **known), a_control("IDC-15")), one.id)


def justified(one: Identity, *others: Identity, subject: str | None = None, **known: Any) -> Verdict:
    case = a_case(*({ADA.id: ADA} | {each.id: each for each in (one, *others)}).values(), **known)
    return the_verdict(idc_16(case, a_control("IDC-16")), subject or one.id)


@pytest.mark.parametrize(("tier", "limit"), [(Tier.CRITICAL, 30), (Tier.HIGH, 60), (Tier.MEDIUM, 90), (Tier.LOW, 90)])
def test_a_key_fails_only_once_past_the_limit(tier: Tier, limit: int) -> None:
    for age, status in around(days(limit)):
        assert aged(key(ADA, age=age), tier=tier).status == status


def test_the_reason_says_the_age_the_limit_and_who_set_it() -> None:
    said = aged(key(ADA, age=days(410)))
    assert (
        said.reason == f"Active key AKIAEXAMPLE000000001 of user ada is 410 days old; the limit is 90 days ({DEFAULT})."
    )
    assert (said.value, said.subject_type) == ("410 days", SubjectType.CREDENTIAL)
    assert said.limit is not None
    assert (said.limit.name, said.limit.value) == ("max_age_days", "90 days")


@pytest.mark.parametrize("status", ["Inactive", "Expired"])
def test_a_key_that_does_not_work_is_not_judged_by_its_age(status: str) -> None:
    said = aged(key(ADA, age=days(900), status=status))
    assert (said.status, said.reason) == (
        NOT_APPLICABLE,
        f"Key AKIAEXAMPLE000000001 of user ada is {status.lower()}.",
    )


@pytest.mark.parametrize(("overlap", "status"), around(days(7)))
def test_the_older_of_two_active_keys_fails_past_the_overlap(overlap: timedelta, status: str) -> None:
    old, new = key(ADA, name="AKIAOLD", age=days(60)), key(ADA, name="AKIANEW", age=overlap)
    assert aged(old, new).status == status
    assert aged(new, old).status is PASS


def test_the_reason_for_an_overlap_names_the_newer_key() -> None:
    old, new = key(ADA, name="AKIAOLD", age=days(60)), key(ADA, name="AKIANEW", age=days(9))
    assert aged(old, new).reason == (
        "Key AKIAOLD is still active 9 days after AKIANEW of the same user was created; "
        f"the limit is 7 days ({DEFAULT})."
    )


def test_a_key_too_old_in_both_ways_says_both() -> None:
    old, new = key(ADA, name="AKIAOLD", age=days(100)), key(ADA, name="AKIANEW", age=days(9))
    reason = aged(old, new).reason
    assert "is 100 days old" in reason
    assert "is still active 9 days after AKIANEW" in reason


def test_two_keys_of_one_second_leave_one_of_them_the_older() -> None:
    one, two = key(ADA, name="AKIA1", age=days(20)), key(ADA, name="AKIA2", age=days(20))
    assert [aged(one, two).status, aged(two, one).status] == [FAIL, PASS]


def test_an_inactive_key_and_another_users_key_are_no_overlap() -> None:
    bob = user("bob")
    old = key(ADA, name="AKIAOLD", age=days(60))
    others = key(ADA, name="AKIA2", age=days(20), status="Inactive"), bob, key(bob, name="AKIA3", age=days(20))
    assert aged(old, *others).status is PASS


def test_where_keys_were_not_all_listed_a_second_one_may_be_active() -> None:
    one = key(ADA)

    def partial(user: Identity, mine: Identity) -> Verdict:
        return the_verdict(idc_15(a_case(user, mine, cells=KEYS_PARTIAL), a_control("IDC-15")), mine.id)

    said = partial(user("ada", slots=None), one)
    assert said.status is NOT_TESTED
    assert said.gaps
    assert partial(user("ada", slots=((True, ago(days(10))), (False, ago(days(80))))), one).status is PASS
    assert partial(user("ada", slots=((True, ago(days(10))), (True, ago(days(80))))), one).status is NOT_TESTED
    assert partial(user("ada", slots=None), key(ADA, age=days(91))).status is FAIL


@pytest.mark.parametrize("one", [key(ADA, age=None), unknowing(key(ADA, age=days(900)), "created_at")])
def test_a_key_of_unknown_age_is_not_tested(one: Identity) -> None:
    said = aged(one)
    assert said.status is NOT_TESTED
    assert aged(key(ADA, name="AKIAOTHER"), one).status is NOT_TESTED


def test_a_key_dated_after_the_run_is_new() -> None:
    assert aged(key(ADA, age=-days(1))).status is PASS


def test_a_long_lived_key_fails_without_an_entry() -> None:
    said = justified(key(ADA))
    assert said.status is FAIL
    assert said.reason == (
        "Active key AKIAEXAMPLE000000001 of user ada is long-lived, and the legacy register does not say why."
    )
    assert justified(key(ADA, status="Inactive")).status is NOT_APPLICABLE


@pytest.mark.parametrize("named", [key(ADA).id, ADA.id, ADA.arn])
def test_an_entry_for_the_key_or_its_user_justifies_it(named: str) -> None:
    entry = legacy(named, expires_on=NOW.date())
    said = justified(key(ADA), governance=registers(legacy=(entry,)))
    assert (said.status, said.reason) == (
        PASS,
        "Active key AKIAEXAMPLE000000001 of user ada is in the legacy register until 2026-11-22: nothing else serves.",
    )


def test_an_entry_that_lapsed_yesterday_justifies_nothing_and_says_so() -> None:
    entry = legacy(ADA, expires_on=ago(days(1)).date())
    said = justified(key(ADA), governance=registers(legacy=(entry,)))
    assert said.status is FAIL
    assert "its entry in the legacy register holds only from 2026-08-14 until 2026-11-21" in said.reason


@pytest.mark.parametrize(("tier", "limit"), [(Tier.CRITICAL, 30), (Tier.HIGH, 90), (Tier.MEDIUM, 180), (Tier.LOW, 365)])
def test_a_service_credential_that_expires_within_its_limit_is_not_long_lived(tier: Tier, limit: int) -> None:
    for life, status in around(days(limit)):
        one = service_credential(ADA, age=days(5), expires=life - days(5))
        assert justified(one, tier=tier).status == status


def test_a_service_credential_without_expiry_needs_an_entry_and_at_high_tier_an_expiry() -> None:
    one = service_credential(ADA)
    said = justified(one)
    assert said.status is FAIL
    assert said.reason == (
        "Credential ACCAEXAMPLE000000001 of user ada for codecommit.amazonaws.com never expires, "
        "and the legacy register does not say why."
    )
    governance = registers(legacy=(legacy(ADA),))
    assert justified(one, governance=governance).status is PASS
    assert justified(one, governance=governance, tier=Tier.HIGH).status is FAIL
    unsure = {one.id: a_risk(one.id, Tier.HIGH, at_least=Tier.LOW)}
    assert justified(one, governance=governance, risks=unsure).status is NOT_TESTED


def test_a_service_credential_that_lives_too_long_says_until_when() -> None:
    said = justified(service_credential(ADA, age=days(10), expires=days(390)))
    assert said.reason == (
        "Credential ACCAEXAMPLE000000001 of user ada for codecommit.amazonaws.com lives 400 days, until 2027-12-17; "
        f"the limit is 180 days ({DEFAULT})."
    )


def test_a_service_credential_that_no_longer_works_is_not_judged() -> None:
    assert justified(service_credential(ADA, status="Inactive")).status is NOT_APPLICABLE
    assert justified(service_credential(ADA, expires=timedelta(0))).status is NOT_APPLICABLE


def test_a_service_credential_of_unknown_life_is_not_tested_unless_the_rest_is_too_long() -> None:
    assert justified(unknowing(service_credential(ADA), "facts.expires_at")).status is NOT_TESTED
    assert justified(service_credential(ADA, age=None, expires=days(100))).status is NOT_TESTED
    assert justified(service_credential(ADA, age=None, expires=days(181))).status is FAIL


def test_signing_certificates_are_judged_by_their_slots() -> None:
    slots = (CertificateSlot(slot=1, active=True, rotated_at=NOW), CertificateSlot(slot=2, active=False))
    one = user("ada", certificates=slots)
    said = justified(one, subject=f"{one.id}#certificate-1")
    assert (said.status, said.subject_type, said.identity) == (FAIL, SubjectType.CREDENTIAL, one.id)
    assert said.reason == (
        "Active signing certificate 1 of user ada is long-lived, and the legacy register does not say why."
    )
    assert justified(one, subject=f"{one.id}#certificate-2").status is NOT_APPLICABLE
    governance = registers(legacy=(legacy(one),))
    assert justified(one, subject=f"{one.id}#certificate-1", governance=governance).status is PASS


def test_certificates_that_were_not_read_are_not_tested_and_none_is_not_applicable() -> None:
    assert justified(ADA, subject=f"{ADA.id}#certificates").status is NOT_APPLICABLE
    one = unknowing(ADA, "facts.certificates")
    assert justified(one, subject=f"{one.id}#certificates").status is NOT_TESTED


def test_a_limit_the_organization_tightened_fails_what_passed() -> None:
    one = key(ADA, age=days(50))
    assert aged(one).status is PASS
    assert aged(one, governance=Governance(thresholds=a_limit("IDC-15", "max_age_days", 49))).status is FAIL


@pytest.mark.parametrize("one", [key(ADA), service_credential(ADA), service_credential(ADA, expires=days(1000))])
def test_the_legacy_register_may_name_a_user_that_was_not_listed(one: Identity) -> None:
    entered = registers(legacy=(legacy(ADA.id),))
    assert justified(one, governance=entered).status is PASS
    assert the_verdict(idc_16(a_case(one), a_control("IDC-16")), one.id).status is FAIL
    said = the_verdict(idc_16(a_case(one, governance=entered), a_control("IDC-16")), one.id)
    assert said.status is NOT_TESTED
    assert "that user was not listed" in said.reason
