"""How people come in: MFA (IDC-11), the password policy (IDC-12), federation (IDC-13), people and software (IDC-14)."""

from collections.abc import Iterable
from typing import Any

import pytest

from prooftrail.controls.checks.people import idc_11, idc_12, idc_13, idc_14
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.model.iam import MfaKind, PasswordPolicy
from prooftrail.model.identity import Basis, Classification, Identity, IdentityClass, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.risk.entry import Comer, Entry, Way
from tests.builders import ACCOUNT, MEMBER, NOW
from tests.builders.judging import a_case, a_control, a_risk, the_verdict, unknowing
from tests.builders.judging_people import a_limit, break_glass, declared, key, registers, role, user, user_id

DEFAULT = "built-in default of the control map, not approved by the organization"
PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
HUMAN, SOFTWARE = declared(IdentityClass.HUMAN), declared(IdentityClass.NON_HUMAN)
UNTOLD_CLASS = Classification(cls=IdentityClass.UNDETERMINED, basis=Basis.INFERRED, reason="nothing tells")
KEYS_DENIED = {Collector.ACCESS_KEYS: CellStatus.DENIED}


def mfa(one: Identity, tier: Tier | None = Tier.MEDIUM, **known: Any) -> Verdict:
    return the_verdict(idc_11(a_case(one, tier=tier, **known), a_control("IDC-11")), one.id)


def federated(one: Identity, *others: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_13(a_case(one, *others, **known), a_control("IDC-13")), one.id)


def crossed(one: Identity, *others: Identity, **known: Any) -> Verdict:
    return the_verdict(idc_14(a_case(one, *others, **known), a_control("IDC-14")), one.id)


def policy(*users: Identity, held: PasswordPolicy | None, **known: Any) -> Verdict:
    return the_verdict(idc_12(a_case(*users, facts={"password_policy": held}, **known), a_control("IDC-12")))


def test_a_password_without_mfa_fails() -> None:
    said = mfa(user(mfa=False, devices=()))
    assert (said.status, said.subject_type) == (FAIL, SubjectType.PRINCIPAL)
    assert said.reason == (f"User ada signs in with a password and without MFA, which its tier requires ({DEFAULT}).")


def test_a_password_with_mfa_passes_and_none_needs_none() -> None:
    assert mfa(user()).status is PASS
    assert mfa(user(password=False, mfa=False, devices=())).status is NOT_APPLICABLE


def test_mfa_the_organization_does_not_require_passes() -> None:
    governance = Governance(thresholds=a_limit("IDC-11", "mfa_required", False))
    assert mfa(user(mfa=False, devices=()), governance=governance).status is PASS


@pytest.mark.parametrize(
    ("devices", "status"),
    [
        ((MfaKind.FIDO,), PASS),
        ((MfaKind.FIDO, MfaKind.VIRTUAL), PASS),
        ((MfaKind.VIRTUAL,), FAIL),
        ((MfaKind.HARDWARE,), FAIL),
        ((), FAIL),
        (None, NOT_TESTED),
    ],
)
def test_the_critical_tier_asks_for_a_security_key(devices: Iterable[MfaKind] | None, status: str) -> None:
    assert mfa(user(devices=devices), Tier.CRITICAL).status == status
    assert mfa(user(devices=devices), Tier.HIGH).status is PASS


def test_the_reason_names_the_devices_there_are() -> None:
    assert mfa(user(), Tier.CRITICAL).reason == (
        f"User ada has no FIDO security key, which its tier requires: its devices are virtual ({DEFAULT})."
    )


@pytest.mark.parametrize(
    "one",
    [
        user(password=None),
        user(mfa=None),
        unknowing(user(mfa=False, devices=()), "facts.mfa_active"),
        unknowing(user(mfa=False, devices=()), "facts"),
        user(mfa=False),
    ],
)
def test_mfa_that_was_not_read_or_is_contradicted_is_not_tested(one: Identity) -> None:
    said = mfa(one)
    assert said.status is NOT_TESTED
    assert said.gaps


def test_a_tier_that_is_not_certain_leaves_the_security_key_open() -> None:
    one = user()
    assert mfa(one, None, risks={one.id: a_risk(one.id, Tier.CRITICAL, at_least=Tier.LOW)}).status is NOT_TESTED
    assert mfa(user(devices=(MfaKind.FIDO,)), None).status is PASS


STRONG = PasswordPolicy(set=True, minimum_length=14, reuse_prevention=24)


@pytest.mark.parametrize(
    ("length", "reuse", "status"),
    [(14, 24, PASS), (13, 24, FAIL), (15, 24, PASS), (14, 23, FAIL), (14, None, FAIL), (None, 24, FAIL)],
)
def test_a_policy_is_held_against_both_of_its_limits(length: int | None, reuse: int | None, status: str) -> None:
    held = PasswordPolicy(set=True, minimum_length=length, reuse_prevention=reuse)
    assert policy(user(), held=held).status == status


def test_the_policy_is_the_accounts_and_its_reason_says_what_it_asks() -> None:
    said = policy(user(), held=PasswordPolicy(set=True, minimum_length=8, reuse_prevention=24))
    assert (said.subject, said.subject_type, said.identity) == (ACCOUNT, SubjectType.ACCOUNT, None)
    assert said.reason == f"The password policy asks for 8 characters; at least 14 are required ({DEFAULT})."


def test_without_a_policy_awss_default_applies_only_where_there_are_passwords() -> None:
    said = policy(user(), user("bob"), held=PasswordPolicy(set=False))
    assert said.status is FAIL
    assert said.reason == ("The account has no password policy, so AWS's default applies to 2 users with a password.")
    assert policy(user(password=False), held=PasswordPolicy(set=False)).status is NOT_APPLICABLE
    assert policy(held=PasswordPolicy(set=False)).status is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("users", "held", "cells"),
    [
        ((user(password=None),), PasswordPolicy(set=False), {}),
        ((user(),), None, {Collector.PASSWORD_POLICY: CellStatus.DENIED}),
        ((), STRONG, {Collector.CREDENTIAL_REPORT: CellStatus.DENIED}),
        ((), STRONG, {Collector.PRINCIPALS: CellStatus.DENIED}),
    ],
)
def test_a_policy_or_passwords_that_were_not_read_are_not_tested(
    users: tuple[Identity, ...], held: PasswordPolicy | None, cells: Any
) -> None:
    said = policy(*users, held=held, cells=cells)
    assert said.status is NOT_TESTED
    assert said.gaps


def test_a_policy_must_be_enough_for_the_strictest_tier_with_a_password() -> None:
    governance = Governance(thresholds=a_limit("IDC-12", "min_length", 20, 14, 14, 14))
    ada, bob = user(), user("bob", password=None)
    assert policy(ada, held=STRONG, governance=governance).status is PASS
    assert policy(ada, held=STRONG, governance=governance, tier=Tier.CRITICAL).status is FAIL
    critical = {bob.id: Tier.CRITICAL}
    assert policy(ada, bob, held=STRONG, governance=governance, risks=critical).status is NOT_TESTED
    cells = {Collector.PRINCIPALS: CellStatus.PARTIAL}
    assert policy(ada, held=STRONG, governance=governance, cells=cells).status is NOT_TESTED
    assert policy(ada, held=STRONG, cells=cells).status is PASS


@pytest.mark.parametrize("cls", [None, UNTOLD_CLASS, HUMAN])
def test_a_user_with_a_password_is_to_be_federated(cls: Classification | None) -> None:
    said = federated(user(cls=cls))
    assert said.status is FAIL
    assert said.reason == (
        "User ada signs in with a password and is an IAM user: people are to come in through federation; "
        f"the account has 1 of them; the limit is 0 ({DEFAULT})."
    )


def test_a_user_declared_a_persons_fails_without_a_password() -> None:
    said = federated(user(password=False, cls=HUMAN))
    assert said.status is FAIL
    assert said.reason.startswith("User ada is declared to be a person's and is an IAM user")


def test_software_is_judged_elsewhere() -> None:
    said = federated(user(cls=SOFTWARE, kind=Kind.SERVICE_USER))
    assert (said.status, said.reason) == (
        NOT_APPLICABLE,
        "User ada is declared to be software's, and is judged by IDC-14.",
    )
    assert federated(user(password=False, kind=Kind.USER, cls=UNTOLD_CLASS)).status is NOT_APPLICABLE


def test_an_emergency_user_need_not_be_federated() -> None:
    one = user()
    assert federated(one, governance=registers(break_glass=(break_glass(one),))).status is NOT_APPLICABLE


@pytest.mark.parametrize(
    "one",
    [
        user(password=None),
        unknowing(user(), "tags"),
        unknowing(user(cls=SOFTWARE), "tags", "class"),
        unknowing(user(password=False, cls=HUMAN), "tags"),
        unknowing(user(cls=HUMAN), "class"),
    ],
)
def test_who_may_be_a_person_is_not_tested(one: Identity) -> None:
    assert federated(one).status is NOT_TESTED


@pytest.mark.parametrize(("allowed", "status"), [(0, FAIL), (1, FAIL), (2, PASS)])
def test_how_many_are_allowed_is_held_against_all_of_the_account(allowed: int, status: str) -> None:
    governance = Governance(thresholds=a_limit("IDC-13", "iam_human_users_allowed", allowed))
    assert federated(user(), user("bob"), governance=governance).status == status


def test_a_user_that_was_not_read_leaves_open_whether_there_are_too_many() -> None:
    governance = Governance(thresholds=a_limit("IDC-13", "iam_human_users_allowed", 1))
    assert federated(user(), user("bob", password=None), governance=governance).status is NOT_TESTED
    assert federated(user(), governance=governance).status is PASS


@pytest.mark.parametrize(("allowed", "status"), [(0, FAIL), (2, FAIL), (3, PASS)])
def test_how_many_may_be_both_is_held_against_all_of_the_account(allowed: int, status: str) -> None:
    governance = Governance(thresholds=a_limit("IDC-14", "allowed", allowed))
    users = [user(name) for name in ("ada", "bob", "cyd")]
    case = a_case(*users, *(key(one, name=f"AKIA{one.name}") for one in users), governance=governance)
    said = [one for one in idc_14(case, a_control("IDC-14")) if one.subject in {each.id for each in users}]
    assert [one.status for one in said] == [status] * 3


def test_one_that_was_not_read_leaves_open_whether_too_many_are_both() -> None:
    governance = Governance(thresholds=a_limit("IDC-14", "allowed", 1))
    ada, bob = user(), user("bob", password=None)
    said = crossed(ada, key(ada), bob, key(bob, name="AKIABOB"), governance=governance)
    assert said.status is NOT_TESTED
    assert "how many more the account has is not known" in said.reason
    assert crossed(ada, key(ada), governance=governance).status is PASS


@pytest.mark.parametrize("cls", [None, UNTOLD_CLASS, HUMAN, SOFTWARE])
def test_a_password_and_a_key_on_one_user_fail_whoever_it_stands_for(cls: Classification | None) -> None:
    ada = user(cls=cls)
    said = crossed(ada, key(ada))
    assert said.status is FAIL
    assert said.reason == (
        "User ada has a password and an active access key: whether a person or software uses it, one of the two is "
        f"wrong; the limit is 0 ({DEFAULT})."
    )
    assert crossed(unknowing(ada, "tags"), key(ada)).status is FAIL


@pytest.mark.parametrize(
    ("password", "cls", "keyed", "status"),
    [
        (True, None, False, PASS),
        (False, None, True, PASS),
        (False, HUMAN, True, FAIL),
        (True, SOFTWARE, False, FAIL),
        (False, SOFTWARE, True, PASS),
        (False, UNTOLD_CLASS, False, NOT_APPLICABLE),
    ],
)
def test_a_user_is_a_persons_or_softwares(password: bool, cls: Classification | None, keyed: bool, status: str) -> None:
    ada = user(password=password, cls=cls)
    keys = [key(ada)] if keyed else [key(ada, status="Inactive")]
    assert crossed(ada, *keys).status == status


def test_where_keys_were_not_listed_the_reports_slots_tell() -> None:
    slot = (True, NOW)
    assert crossed(user(slots=(slot,)), cells=KEYS_DENIED).status is FAIL
    assert crossed(user(slots=()), cells=KEYS_DENIED).status is PASS
    said = crossed(user(slots=None), cells=KEYS_DENIED)
    assert said.status is NOT_TESTED
    assert "whether user ada holds an active access key is not known" in said.reason.lower()


@pytest.mark.parametrize(
    "one", [user(password=None), unknowing(user(), "tags"), unknowing(user(cls=SOFTWARE), "class")]
)
def test_what_decides_between_people_and_software_and_was_not_read_is_not_tested(one: Identity) -> None:
    assert crossed(one).status is NOT_TESTED


LAMBDA = Way(comer=Comer.SERVICE, who="lambda.amazonaws.com")
OKTA = Way(comer=Comer.SAML, who="okta")
ROOT = Way(comer=Comer.OWN_ACCOUNT, who="everyone this account allows", whole_account=True)
EVERYONE = Way(comer=Comer.ANYONE, who="anyone, limited by condition", limited=True, limited_by=("aws:PrincipalOrgID",))
SSO = f"arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"


def as_principal(arn: str, who: str = "a principal", comer: Comer = Comer.OWN_ACCOUNT, **known: Any) -> Way:
    return Way(comer=comer, who=who, principals=(arn,), **known)


@pytest.mark.parametrize(
    ("ways", "status"),
    [
        ((LAMBDA,), PASS),
        ((LAMBDA, OKTA), FAIL),
        ((LAMBDA, ROOT), FAIL),
        ((LAMBDA, Way(comer=Comer.ANYONE, who="anyone")), FAIL),
        ((LAMBDA, EVERYONE), FAIL),
        ((LAMBDA, as_principal(SSO, comer=Comer.INSIDE)), FAIL),
        ((LAMBDA, as_principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_01/ada")), FAIL),
        ((LAMBDA, as_principal(f"arn:aws:iam::{MEMBER}:role/deploy", comer=Comer.INSIDE)), NOT_TESTED),
        ((LAMBDA, as_principal("arn:aws:iam::999999999999:user/eve", comer=Comer.UNTOLD)), NOT_TESTED),
        ((LAMBDA, as_principal(f"arn:aws:iam::{ACCOUNT}:role/nobody")), NOT_TESTED),
        ((LAMBDA, Way(comer=Comer.UNTOLD, who="a principal whose account cannot be told")), NOT_TESTED),
        ((LAMBDA, Way(comer=Comer.DELETED_PRINCIPAL, who="a deleted principal")), PASS),
        ((OKTA,), PASS),
        ((as_principal(SSO), OKTA), PASS),
        ((), PASS),
    ],
)
def test_a_role_lets_in_software_or_people(ways: tuple[Way, ...], status: str) -> None:
    one = role()
    assert crossed(one, entries={one.id: Entry(role=one.id, ways=ways)}).status == status


@pytest.mark.parametrize(
    ("other", "status"),
    [
        (user("ada", cls=HUMAN), FAIL),
        (user("ada"), FAIL),
        (user("robot", password=False, kind=Kind.SERVICE_USER, cls=SOFTWARE), PASS),
        (user("who", password=False, kind=Kind.USER, cls=UNTOLD_CLASS), NOT_TESTED),
        (user("ada", cls=HUMAN, unknown=("tags",)), NOT_TESTED),
        (role("deploy", classification=SOFTWARE), PASS),
        (role("people", classification=HUMAN), FAIL),
        (role("deploy", classification=SOFTWARE, unknown=("class",)), NOT_TESTED),
    ],
)
def test_a_principal_of_the_account_beside_software_is_what_it_is_known_to_be(other: Identity, status: str) -> None:
    one = role("app")
    for arn in (other.arn, f"{other.arn[:-1]}*"):
        ways = (LAMBDA, as_principal(arn, who=f"{other.name} of this account"))
        found = crossed(one, other, entries={one.id: Entry(role=one.id, ways=ways)})
        assert found.status == status
        assert other.name in found.reason
        assert ("alone" in found.reason) == (status == PASS)


def test_a_session_of_a_role_stands_for_the_role() -> None:
    one, people = role("app"), role("people", classification=HUMAN)
    way = as_principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/people/ada")
    assert crossed(one, people, entries={one.id: Entry(role=one.id, ways=(LAMBDA, way))}).status is FAIL


def test_whom_a_pattern_names_is_not_known_where_principals_were_not_all_listed() -> None:
    one, robot = role("app"), role("deploy", classification=SOFTWARE)
    gap = {Collector.PRINCIPALS: CellStatus.PARTIAL}
    entries = {one.id: Entry(role=one.id, ways=(LAMBDA, as_principal(f"arn:aws:iam::{ACCOUNT}:role/dep*")))}
    assert crossed(one, robot, entries=entries).status is PASS
    assert crossed(one, robot, entries=entries, cells=gap).status is NOT_TESTED


def test_the_reason_names_who_is_let_in() -> None:
    one = role()
    assert crossed(one, entries={one.id: Entry(role=one.id, ways=(LAMBDA, OKTA))}).reason == (
        f"Role worker lets in software (lambda.amazonaws.com) and people (okta); the limit is 0 ({DEFAULT})."
    )


def test_a_trust_that_was_not_read_is_not_tested() -> None:
    one = role()
    assert crossed(one).status is NOT_TESTED
    assert crossed(one, entries={one.id: Entry(role=one.id, unread="it is no JSON")}).status is NOT_TESTED
    known = {one.id: Entry(role=one.id, ways=(LAMBDA, OKTA))}
    assert crossed(unknowing(one, "facts.trust"), entries=known).status is NOT_TESTED


def test_a_kind_the_control_does_not_list_has_no_row() -> None:
    only = a_control("IDC-13", kinds=[Kind.HUMAN_USER])
    found = list(idc_13(a_case(user(), user("robot", kind=Kind.SERVICE_USER), key()), only))
    assert [one.identity for one in found] == [user_id("ada")]
