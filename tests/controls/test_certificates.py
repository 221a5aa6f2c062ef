"""Certificates and providers' metadata run long enough to be renewed in time (IDC-19)."""

from datetime import timedelta

import pytest

from prooftrail.controls.checks.certificates import idc_19
from prooftrail.governance import Governance
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from tests.builders import days
from tests.builders.judging import a_case, a_control, the_verdict, unknowing
from tests.builders.judging_people import MICROSECOND, SECOND, a_limit, certificate, saml_provider

CONTROL = a_control("IDC-19")


def status(one: Identity, tier: Tier = Tier.MEDIUM) -> ResultStatus:
    return the_verdict(idc_19(a_case(one, tier=tier), CONTROL)).status


@pytest.mark.parametrize(("tier", "warn"), [(Tier.CRITICAL, 60), (Tier.HIGH, 45), (Tier.MEDIUM, 30), (Tier.LOW, 30)])
@pytest.mark.parametrize(("more", "expected"), [(SECOND, "PASS"), (timedelta(0), "PASS"), (-MICROSECOND, "FAIL")])
def test_a_certificate_fails_once_less_is_left_than_the_warning(
    tier: Tier, warn: int, more: timedelta, expected: str
) -> None:
    assert status(certificate(days(warn) + more), tier) == expected
    assert status(saml_provider(days(warn) + more), tier) == expected


@pytest.mark.parametrize("left", [timedelta(0), -MICROSECOND, -days(200)])
def test_an_expired_certificate_fails(left: timedelta) -> None:
    assert status(certificate(left)) is ResultStatus.FAIL


def test_the_reason_says_when_and_how_long() -> None:
    said = the_verdict(idc_19(a_case(certificate(days(12))), CONTROL))
    assert said.reason == (
        "Server certificate edge expires on 2026-12-04, in 12 days; it is to be renewed 30 days before "
        "(built-in default of the control map, not approved by the organization)."
    )
    assert said.subject_type is SubjectType.CERTIFICATE
    said = the_verdict(idc_19(a_case(saml_provider(-days(10))), CONTROL))
    assert said.reason.startswith(
        "The metadata of SAML provider okta expired on 2026-11-12, 10 days ago; expired ones allowed: 0 ("
    )
    assert said.subject_type is SubjectType.PROVIDER


@pytest.mark.parametrize(
    "one",
    [
        certificate(None),
        saml_provider(None),
        unknowing(certificate(-days(1)), "facts.expires_at"),
        unknowing(saml_provider(), "facts"),
    ],
)
def test_an_expiry_that_was_not_read_is_not_tested(one: Identity) -> None:
    assert status(one) is ResultStatus.NOT_TESTED


@pytest.mark.parametrize(("allowed", "expected"), [(0, "FAIL"), (1, "FAIL"), (2, "PASS")])
def test_how_many_expired_ones_are_allowed_is_held_against_all_of_the_account(allowed: int, expected: str) -> None:
    governance = Governance(thresholds=a_limit("IDC-19", "expired_allowed", allowed))
    case = a_case(certificate(-days(5)), saml_provider(-days(9)), governance=governance)
    assert [one.status for one in idc_19(case, CONTROL)] == [expected] * 2


def test_an_expiry_that_was_not_read_leaves_open_whether_there_are_too_many() -> None:
    governance = Governance(thresholds=a_limit("IDC-19", "expired_allowed", 1))
    case = a_case(certificate(-days(5)), saml_provider(None), governance=governance)
    assert [one.status for one in idc_19(case, CONTROL)] == ["NOT_TESTED"] * 2
