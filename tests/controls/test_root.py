"""The root is locked down and left alone (IDC-10)."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.controls.checks.root import idc_10
from prooftrail.controls.verdict import Verdict
from prooftrail.model.iam import Usage
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType
from tests.builders import NEVER, UNTOLD, ago, days, used
from tests.builders.judging import a_case, a_control, the_verdict, unknowing
from tests.builders.judging_people import MICROSECOND, SECOND, break_glass, registers, root

CONTROL = a_control("IDC-10")
REPORTED_NOTHING = Usage(tracked=False, source="iam:GetCredentialReport")


def judged(one: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_10(a_case(one, **known), CONTROL))


def test_mfa_without_keys_passes() -> None:
    said = judged(root(usage=used(days(400))))
    assert (said.status, said.subject_type) == (ResultStatus.PASS, SubjectType.ROOT)
    assert said.reason == (
        "The root has no access keys and no signing certificates; it has MFA; the root was last used on 2025-10-18, "
        "400 days ago, and no occasion of that day is registered; at least 90 days must have passed since "
        "(built-in default of the control map, not approved by the organization)."
    )


@pytest.mark.parametrize("usage", [NEVER, REPORTED_NOTHING])
def test_no_root_credentials_at_all_pass_without_mfa(usage: Usage) -> None:
    said = judged(
        root(password_enabled=False, mfa_active=False, usage=usage),
        facts={"organization_features": ("RootCredentialsManagement",)},
    )
    assert said.status is ResultStatus.PASS
    assert "it has no password" in said.reason
    assert said.reason.endswith("the organization manages root credentials centrally.")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"access_keys_present": True}, "The root has access keys: delete them."),
        ({"certificates_present": True}, "The root has signing certificates: delete them."),
        ({"access_keys_present": True, "mfa_active": None}, "The root has access keys: delete them."),
        ({"mfa_active": False}, "The root signs in with a password and without MFA."),
    ],
)
def test_what_is_seen_to_be_wrong_fails_whatever_else_was_not_read(facts: dict[str, Any], words: str) -> None:
    said = judged(root(**facts))
    assert (said.status, said.reason) == (ResultStatus.FAIL, words)


@pytest.mark.parametrize(
    ("since", "status"), [(days(90) - SECOND, "FAIL"), (days(90), "PASS"), (days(90) + MICROSECOND, "PASS")]
)
def test_a_use_fails_until_it_lies_the_limit_back(since: timedelta, status: str) -> None:
    assert judged(root(usage=used(since))).status == status


def test_a_use_on_a_registered_day_passes_and_on_any_other_fails() -> None:
    day = ago(days(5)).date()
    one = root(usage=used(days(5)))
    assert judged(one, governance=registers(break_glass=(break_glass(one, day),))).status is ResultStatus.PASS
    other = judged(one, governance=registers(break_glass=(break_glass(one, day + timedelta(days=1)),)))
    assert other.status is ResultStatus.FAIL
    assert "The root was last used on 2026-11-17, 5 days ago, and no occasion of that day is registered" in other.reason


@pytest.mark.parametrize(
    "one",
    [
        root(mfa_active=None),
        root(access_keys_present=None),
        root(certificates_present=None),
        root(password_enabled=None, mfa_active=False),
        root(usage=UNTOLD),
        root(usage=REPORTED_NOTHING),
        root(password_enabled=False, usage=UNTOLD),
        unknowing(root(mfa_active=False), "facts.mfa_active"),
        unknowing(root(), "facts"),
    ],
)
def test_what_was_not_read_is_not_tested(one: Identity) -> None:
    said = judged(one)
    assert said.status is ResultStatus.NOT_TESTED
    assert said.gaps
