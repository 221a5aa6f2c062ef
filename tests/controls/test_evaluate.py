"""One account judged as a whole: every check runs, every subject has one result, and the same facts give the same bytes."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from prooftrail.controls import evaluate, parsing
from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.checks import table
from prooftrail.controls.evaluate import judge
from prooftrail.controls.grading import Indication, graded
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException, Compensator, Exceptions, Milestone
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model import canonical
from prooftrail.model.iam import OidcProvider, SamlProvider
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Assessment, Result, ResultStatus, SubjectType
from prooftrail.model.snapshot import Snapshot
from tests.builders import (
    ACCOUNT,
    MEMBER,
    NOW,
    STRANGER,
    a_certificate,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_run,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_summary,
    a_user,
    account_root,
    days,
    oidc,
    replaced,
    saml,
    service,
    something,
    statement,
    used,
)
from tests.builders.judging import a_context
from tests.builders.judging_findings import fold_one

CATALOG = parsing.parse(parsing.shipped())
PASS, FAIL, EXCEPTION = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.EXCEPTION
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
KEY_ID = "AKIAEXAMPLE000000001"


def everything() -> Snapshot:
    """An account with an identity of every kind an account can have."""
    ada, bot = a_user("ada"), a_user("bot", tags={"identity-class": "machine"})
    key, credential = a_key(bot), a_service_credential(bot)
    roles = (
        a_role("worker"),
        a_role("ci", trust=oidc("token.actions.githubusercontent.com")),
        a_role("vendor", trust=account_root(STRANGER)),
        a_role("cross", trust=account_root(MEMBER)),
        a_role("public", trust=statement({"AWS": "*"})),
        a_role("federated", trust=saml()),
        a_role("mixed", trust=[service("ec2"), account_root(MEMBER)]),
        a_role("eks", trust=oidc("oidc.eks.eu-west-1.amazonaws.com/id/ABC")),
        a_role("AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/", trust=service("x")),
        a_role("AWSReservedSSO_Ops_0123456789abcdef", path="/aws-reserved/sso.amazonaws.com/", trust=saml("AWSSSO")),
    )
    okta = something(SamlProvider(), arn=f"arn:aws:iam::{ACCOUNT}:saml-provider/okta")
    gitlab = something(OidcProvider(url="gitlab.com"), arn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com")
    counts = {"Users": 2, "Roles": len(roles), "Groups": 0, "Policies": 0, "Providers": 2, "ServerCertificates": 1}
    return a_snapshot(
        ada,
        bot,
        key,
        *roles,
        a_secret(),
        a_certificate(),
        service_credentials=a_reading(credential),
        saml_providers=a_reading(okta),
        oidc_providers=a_reading(gitlab),
        summary_before=a_summary(**counts),
        summary_after=a_summary(**counts),
        report=a_report(a_row(ada), a_row(bot, keys=[a_slot(key=key)])),
    )


def judged(snapshot: Snapshot, governance: Governance | None = None, **known: Any) -> Assessment:
    context = a_context(governance, **known)
    return judge(snapshot, context, catalog=CATALOG, snapshot_sha256="a" * 64)


@pytest.fixture(scope="module")
def whole() -> Assessment:
    return judged(everything())


def the_result(assessment: Assessment, control: str, subject: str) -> Result:
    (one,) = [one for one in assessment.results if (one.control, one.subject) == (control, subject)]
    return one


def test_an_account_with_every_kind_of_identity_is_judged_without_a_kind_left_out(whole: Assessment) -> None:
    kinds = {one.kind for one in everything().identities}
    assert kinds >= set(Kind) - {Kind.PERMISSION_SET, Kind.USER, Kind.HUMAN_USER}
    linked = [one for one in whole.results if one.control == "IDC-04"]
    assert len(linked) == len(everything().identities)
    assert {one.status for one in linked} == {PASS}, [one.reason for one in linked if one.status is not PASS]


def test_every_control_that_is_not_the_organizations_alone_gives_a_result(whole: Assessment) -> None:
    silent = {one.id for one in CATALOG.controls} - {one.control for one in whole.results}
    assert silent == {one.id for one in CATALOG.controls if one.of_organization}


def test_one_subject_has_one_result_and_results_are_sorted(whole: Assessment) -> None:
    keys = [(one.control, one.subject) for one in whole.results]
    assert max(Counter(keys).values()) == 1
    by_identity = [(one.identity or one.subject, one.control, one.subject) for one in whole.results]
    assert by_identity == sorted(by_identity)


def test_every_identity_has_a_risk_and_they_are_sorted(whole: Assessment) -> None:
    assert [one.identity for one in whole.risks] == sorted(one.id for one in everything().identities)


def test_a_row_is_given_only_for_kinds_the_control_lists(whole: Assessment) -> None:
    kinds = {one.id: one.kind for one in everything().identities}
    doors = {"IDC-26", "IDC-27", "IDC-28", "IDC-29"}  # judged for whatever role opens such a door, whatever its kind
    for one in whole.results:
        if one.identity is not None and one.control not in doors:
            assert kinds[one.identity] in CATALOG.control(one.control).kinds, one.control


def test_a_subject_is_of_a_type_its_control_declares(whole: Assessment) -> None:
    for one in whole.results:
        stands_for_the_unlisted = one.subject == ACCOUNT and one.status is NOT_TESTED
        declared = one.subject_type in CATALOG.control(one.control).subject
        assert declared or stands_for_the_unlisted, (one.control, one.subject_type)


def test_every_reason_is_a_sentence(whole: Assessment) -> None:
    for one in whole.results:
        assert one.reason.endswith((".", "!", "?")), one
        assert len(one.reason.split()) >= 4, one


def test_a_control_nothing_can_be_tested_of_is_one_not_tested_row_for_the_account(whole: Assessment) -> None:
    for control in ("IDC-05", "IDC-06", "IDC-09"):
        (one,) = [each for each in whole.results if each.control == control]
        assert (one.subject, one.subject_type, one.status) == (ACCOUNT, SubjectType.ACCOUNT, NOT_TESTED)
        assert str(CATALOG.control(control).why_not) in one.reason


def test_what_a_control_does_not_cover_is_carried_by_every_result_it_applies_to(whole: Assessment) -> None:
    for one in whole.results:
        parts = CATALOG.control(one.control).not_covered
        if one.status is NOT_APPLICABLE:
            assert one.not_covered == ()
        else:
            assert set(parts) <= set(one.not_covered)
            assert len(set(one.not_covered)) == len(one.not_covered)


def test_the_header_says_what_was_judged_and_by_what(whole: Assessment) -> None:
    header = whole.header
    assert (header.run_id, header.account, header.taken_at) == (a_run().id, ACCOUNT, NOW)
    assert (header.snapshot, header.catalog_sha256) == ("a" * 64, CATALOG.sha256)
    assert header.governance_sha256 == Governance().digest
    assert "privilege is an upper bound: session policies are not visible" in header.notes


def test_the_order_of_identities_never_matters(whole: Assessment) -> None:
    turned = everything()
    turned = replaced(turned, identities=turned.identities[::-1], cells=turned.cells[::-1])
    assert canonical.encode(judged(turned)) == canonical.encode(whole)


def an_account_with_a_key(age: timedelta) -> Snapshot:
    bot = a_user("bot", tags={"identity-class": "machine"})
    key = a_key(bot, age=age, usage=used(days(1)))
    return a_snapshot(bot, key, report=a_report(a_row(bot, keys=[a_slot(key=key, usage=used(days(1)))])))


def tightened(to: int, effective_on: date = NOW.date()) -> Governance:  # noqa: B008 - a date cannot change
    limit = Threshold(
        control="IDC-15",
        name="max_age_days",
        values=ByTier(critical=to, high=to, medium=to, low=to),
        approved_by="board",
        approved_on=date(2026, 1, 1),
        effective_on=effective_on,
    )
    return Governance(thresholds=Thresholds(threshold=(limit,)))


@pytest.mark.parametrize(("age", "status"), [(days(20), PASS), (days(20) + timedelta(microseconds=1), FAIL)])
def test_a_limit_the_organization_set_is_the_one_that_judges(age: timedelta, status: ResultStatus) -> None:
    one = the_result(judged(an_account_with_a_key(age), tightened(20)), "IDC-15", KEY_ID)
    assert one.status is status
    assert one.limit is not None
    assert "approved by board" in one.limit.set_by


def test_a_limit_that_takes_effect_tomorrow_does_not_judge_today() -> None:
    late = tightened(20, date(2026, 11, 23))
    assert the_result(judged(an_account_with_a_key(days(21)), late), "IDC-15", KEY_ID).status is PASS


def excepted(*, compensated_by: str, expires_on: date = date(2026, 12, 1)) -> Governance:
    entry = AcceptedException(
        id="EX-1",
        identity=KEY_ID,
        control="IDC-15",
        reason="the vendor rotates it next month",
        tier="critical",
        requester="eve",
        risk_owner="ada",
        approver="bob",
        approved_on=date(2026, 11, 10),
        expires_on=expires_on,
        compensating=(Compensator(sp80053="AC-2(12)", control=compensated_by),),
        retirement=(Milestone(what="move to a role", due_on=date(2026, 12, 1), owner="eve"),),
    )
    return Governance(exceptions=Exceptions(exception=(entry,)))


def test_an_accepted_deviation_is_an_exception_and_names_its_entry() -> None:
    one = the_result(judged(an_account_with_a_key(days(300)), excepted(compensated_by="IDC-23")), "IDC-15", KEY_ID)
    assert (one.status, one.exception) == (EXCEPTION, "EX-1")


@pytest.mark.parametrize(
    "governance",
    [excepted(compensated_by="IDC-02"), excepted(compensated_by="IDC-23", expires_on=date(2026, 11, 21))],
    ids=["its compensator fails", "it expired"],
)
def test_an_exception_that_is_void_leaves_the_failure_and_says_why(governance: Governance) -> None:
    one = the_result(judged(an_account_with_a_key(days(300)), governance), "IDC-15", KEY_ID)
    assert (one.status, one.exception) == (FAIL, "EX-1")
    assert "EX-1 is void" in one.reason


def twice(case: Case, _: Control) -> Iterator[Verdict]:
    for status in (PASS, FAIL):
        yield Verdict(
            subject=case.account.id, subject_type=SubjectType.ACCOUNT, identity=None, status=status, reason="So."
        )


def test_a_check_that_judges_one_subject_twice_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.CHECKS, "IDC-12", twice)
    with pytest.raises(ValueError, match=f"IDC-12 judges {ACCOUNT} twice"):
        judged(a_snapshot())


def test_a_control_without_a_check_leaves_a_stated_gap_in_what_applies() -> None:
    fewer = {name: check for name, check in table.CHECKS.items() if name != "IDC-08"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evaluate.table, "CHECKS", fewer)
        said = judged(a_snapshot(a_role()))
    (one,) = [each for each in said.results if each.control == "IDC-04" and each.subject.startswith("AROA")]
    assert (one.status, one.gaps) == (NOT_TESTED, ("IDC-08 gave no result for it",))


def test_what_the_map_calls_major_is_recognised_by_the_words_its_checks_fail_with() -> None:
    counts = {"Users": 0, "Roles": 1, "Groups": 0, "Policies": 0, "Providers": 0, "ServerCertificates": 0}
    keyed = a_summary(**counts, AccountAccessKeysPresent=1)
    snapshot = a_snapshot(a_role("open", trust=statement({"AWS": "*"})), summary_before=keyed, summary_after=keyed)
    found, _ = fold_one(None, snapshot, judged(snapshot))
    said = {one.control: one.indication for one in graded(found.findings, NOW)}
    assert (said["IDC-10"], said["IDC-28"]) == (Indication.MAJOR, Indication.MAJOR)
