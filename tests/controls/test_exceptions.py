"""An exception spares a failing result only while everything it was accepted on still holds, and says why where it does not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from prooftrail.controls.catalog import Catalog
from prooftrail.controls.checks.exceptions import exceptions_form
from prooftrail.controls.exceptions import Applied, apply
from prooftrail.controls.parsing import parse, shipped
from prooftrail.controls.verdict import Verdict
from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException, Compensator, Milestone
from prooftrail.governance.registers import Registers, Restricted
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model.iam import AccessKey, User
from prooftrail.model.identity import Identity, Kind, Known
from prooftrail.model.judgement import PrivilegeClass, ResultStatus, SubjectType, Tier
from prooftrail.model.run import Run
from prooftrail.risk.privilege import Privilege
from tests.builders.judging import a_case, a_context, a_control, a_risk, limits, the_verdict, unknowing
from tests.builders.judging_exceptions import (
    BOUNDARY,
    NETWORK,
    OWNER_LIST,
    RESTRICTED,
    a_verdict,
    an_exception,
    excepting,
    passing,
)
from tests.builders.snapshots import an_identity, replaced, with_facts
from tests.builders.times import ACCOUNT

PASS, FAIL, NOT_TESTED = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_TESTED
EXCEPTION, NOT_APPLICABLE = ResultStatus.EXCEPTION, ResultStatus.NOT_APPLICABLE
AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
CATALOG = Catalog(
    version="1",
    sha256="0" * 64,
    controls=tuple(
        replaced(a_control(f"IDC-{number:02}"), exceptable=number not in (4, 32)) for number in range(1, 36)
    ),
)
USER = an_identity(
    User(path="/"),
    id="AIDAEXAMPLE0000000001",
    arn=f"arn:aws:iam::{ACCOUNT}:user/mainframe",
    name="mainframe",
    kind=Kind.SERVICE_USER,
    family="mainframe-*#0123456789ab",
    owner=Known(value="jane"),
)
KEY = an_identity(
    AccessKey(user_id=USER.id, user_name=USER.name, status="Active"),
    id="AKIAEXAMPLE000000001",
    arn=USER.arn,
    name="AKIAEXAMPLE000000001",
    kind=Kind.ACCESS_KEY,
    parent=USER.id,
    owner=Known(value="jane"),
)
OTHER_KEY = replaced(KEY, id="AKIAEXAMPLE000000002", name="AKIAEXAMPLE000000002")


def judged(
    *entries: AcceptedException,
    governance: Governance | None = None,
    verdicts: Mapping[str, Sequence[Verdict]] | None = None,
    identities: tuple[Identity, ...] = (USER, KEY),
    at: datetime = AT,
    **known: Any,
) -> dict[tuple[str, str], Applied]:
    """What becomes of a failing key whose user passes IDC-20, unless told otherwise."""
    case = a_case(*identities, governance=governance or excepting(*entries), taken_at=at, **known)
    raw = {"IDC-15": (a_verdict(KEY),), "IDC-20": (a_verdict(USER, PASS),)}
    return apply(case, CATALOG, raw | dict(verdicts or {}))


def of_key(*entries: AcceptedException, **known: Any) -> Applied:
    """The same for the key alone."""
    return judged(*entries, **known)["IDC-15", KEY.id]


def test_an_exception_that_holds_spares_the_result_and_says_until_when_and_how_far_the_approval_is_known() -> None:
    found = of_key(an_exception())
    assert found.status is EXCEPTION
    assert found.exception == "EX-1"
    assert found.reason == (
        "AKIAEXAMPLE000000001 came to FAIL. Accepted through 2026-12-31 as exception EX-1, approved by jane"
        " (declared, not verified): the mainframe is slow."
    )


@pytest.mark.parametrize(
    "identity", [KEY.id, USER.id, USER.arn, "arn:aws:iam::*:user/main*", "mainframe-*#0123456789ab"]
)
def test_a_credential_is_named_by_itself_or_by_its_user(identity: str) -> None:
    assert of_key(an_exception(identity=identity)).status is EXCEPTION


@pytest.mark.parametrize(
    ("identity", "control"),
    [
        ("AIDASOMEBODYELSE00001", "IDC-15"),
        ("arn:aws:iam::*:user/mainfram", "IDC-15"),
        ("mainframe-*#ba9876543210", "IDC-15"),
        (USER.id, "IDC-16"),
    ],
)
def test_an_exception_of_something_else_changes_nothing(identity: str, control: str) -> None:
    assert judged(an_exception(identity=identity, control=control)) == {}


@pytest.mark.parametrize("status", [PASS, NOT_TESTED, NOT_APPLICABLE])
def test_only_a_failure_is_excepted(status: ResultStatus) -> None:
    assert judged(an_exception(), verdicts={"IDC-15": (a_verdict(KEY, status),)}) == {}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), "it is approved from 2026-11-01 on only"),
        (datetime(2026, 11, 1, tzinfo=UTC), None),
        (datetime(2027, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), None),
        (datetime(2027, 1, 1, tzinfo=UTC), "it expired after 2026-12-31"),
    ],
)
def test_an_exception_is_void_before_its_approval_and_from_the_day_after_its_last(
    at: datetime, why: str | None
) -> None:
    found = of_key(an_exception(), at=at)
    assert found.status is (FAIL if why else EXCEPTION)
    assert found.reason.startswith("AKIAEXAMPLE000000001 came to FAIL. ")
    if why:
        assert f"Exception EX-1 is void: {why}." in found.reason


@pytest.mark.parametrize(("days", "holds"), [(179, True), (180, True), (181, False)])
def test_an_exception_may_last_as_long_as_its_tier_allows_and_no_day_longer(days: int, holds: bool) -> None:
    found = of_key(an_exception(expires_on=date(2026, 11, 1) + timedelta(days=days)))
    assert found.status is (EXCEPTION if holds else FAIL)
    if not holds:
        assert "it lasts 181 days, and at tier medium the limit is 180 days (built-in default" in found.reason


@pytest.mark.parametrize(("renewals", "holds"), [(2, True), (3, False)])
def test_an_exception_may_be_renewed_as_often_as_its_tier_allows(renewals: int, holds: bool) -> None:
    found = of_key(an_exception(renewals=renewals))
    assert found.status is (EXCEPTION if holds else FAIL)
    if not holds:
        assert "it was renewed 3 times, and at tier medium the limit is 2" in found.reason


def test_a_tighter_limit_never_turns_a_failure_into_an_exception_and_a_set_one_names_who_set_it() -> None:
    tight = Threshold(
        control="IDC-32",
        name="max_duration_days",
        values=ByTier(critical=1, high=1, medium=30, low=30),
        approved_by="jane",
        approved_on=date(2026, 11, 1),
        effective_on=date(2026, 11, 1),
    )
    found = of_key(governance=excepting(an_exception(), thresholds=Thresholds(threshold=(tight,))))
    assert found.status is FAIL
    assert "the limit is 30 days (thresholds.toml, approved by jane on 2026-11-01" in found.reason


@pytest.mark.parametrize("requester", ["jane", "JANE ", "Jane Doe", "jane@example.com"])
def test_nobody_approves_his_own_request_under_whichever_name(requester: str) -> None:
    found = of_key(an_exception(requester=requester))
    assert found.status is FAIL
    assert "its requester approved it" in found.reason


def gone(*left: str) -> tuple[Any, ...]:
    """The owners, some of whom have left."""
    return tuple(replaced(one, active=one.id not in left) for one in OWNER_LIST)


@pytest.mark.parametrize(
    ("left", "why"),
    [
        ("jane", "the owner of AKIAEXAMPLE000000001 has left"),
        ("payments", "its risk owner payments has left"),
        ("sam", "its requester sam has left"),
    ],
)
def test_an_exception_is_void_when_somebody_it_rests_on_leaves(left: str, why: str) -> None:
    found = of_key(governance=excepting(an_exception(), owners=gone(left)))
    assert found.status is FAIL
    assert why in found.reason


@pytest.mark.parametrize(
    ("risk", "why"),
    [
        (a_risk(KEY.id, Tier.LOW), None),
        (a_risk(KEY.id, Tier.MEDIUM), None),
        (a_risk(KEY.id, Tier.HIGH), "the tier is high, and the risk was accepted at medium"),
        (
            a_risk(KEY.id, Tier.HIGH, at_least=Tier.LOW),
            "the tier may be as high as high (its policies were not read), and the risk was accepted at medium",
        ),
    ],
)
def test_an_exception_is_void_when_the_tier_rises_or_may_have_risen(risk: Any, why: str | None) -> None:
    found = of_key(an_exception(), risks={KEY.id: risk})
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or why in found.reason


def test_an_exception_is_void_where_the_risk_was_not_scored() -> None:
    assert "was not scored" in of_key(an_exception(), tier=None).reason


def test_the_controls_that_guard_exceptions_cannot_be_excepted() -> None:
    found = judged(an_exception(control="IDC-04"), verdicts={"IDC-04": (a_verdict(KEY),)})
    assert found["IDC-04", KEY.id].status is FAIL
    assert "IDC-04 cannot be excepted" in found["IDC-04", KEY.id].reason


@pytest.mark.parametrize(
    ("verdicts", "why"),
    [
        ((a_verdict(USER, PASS),), None),
        ((a_verdict(KEY, PASS), a_verdict(USER, FAIL)), None),
        ((a_verdict(KEY, NOT_APPLICABLE), a_verdict(USER, PASS)), None),
        ((a_verdict(USER, FAIL),), f"AC-6 (IDC-20) does not hold: FAIL for {USER.id}: {USER.id} came to FAIL"),
        ((a_verdict(USER, NOT_TESTED),), "NOT_TESTED for AIDAEXAMPLE0000000001"),
        ((a_verdict(USER, PASS, subject="a"), a_verdict(USER, FAIL, subject="b")), "FAIL for b"),
        ((a_verdict(KEY, FAIL), a_verdict(USER, PASS)), "FAIL for AKIAEXAMPLE000000001"),
        ((a_verdict(USER, NOT_APPLICABLE),), "no result of it for this subject"),
        ((), "no result of it for this subject"),
    ],
)
def test_a_compensating_control_must_pass_for_the_nearest_it_was_tested_on(
    verdicts: tuple[Verdict, ...], why: str | None
) -> None:
    found = of_key(an_exception(), verdicts={"IDC-20": verdicts})
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or why in found.reason


def test_a_user_s_exception_is_compensated_by_all_of_its_credentials_together() -> None:
    def of_user(*statuses: ResultStatus) -> ResultStatus:
        keys = (a_verdict(KEY, statuses[0]), a_verdict(OTHER_KEY, statuses[1]))
        raw = {"IDC-13": (a_verdict(USER),), "IDC-15": keys}
        entry = an_exception(passing("IDC-15"), control="IDC-13")
        return judged(entry, verdicts=raw, identities=(USER, KEY, OTHER_KEY))["IDC-13", USER.id].status

    assert of_user(PASS, PASS) is EXCEPTION
    assert of_user(PASS, FAIL) is FAIL
    assert of_user(NOT_TESTED, PASS) is FAIL


@pytest.mark.parametrize(
    ("bound", "why"), [(True, None), (False, "no condition binds everything"), (None, "NOT_TESTED: not every policy")]
)
def test_a_network_condition_must_be_effective_for_the_user_of_a_key(bound: bool | None, why: str | None) -> None:
    can = Privilege(
        principal=USER.id,
        cls=PrivilegeClass.WRITE_LIMITED,
        at_most=PrivilegeClass.WRITE_LIMITED,
        why="w",
        network_bound=bound,
    )
    found = of_key(an_exception(NETWORK), privileges={USER.id: can})
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or f"AC-3 (network condition) does not hold: {why}" in found.reason


def test_a_network_condition_nobody_computed_is_not_tested() -> None:
    assert "NOT_TESTED: not every policy" in of_key(an_exception(NETWORK)).reason


BOUND = with_facts(USER, boundary=f"arn:aws:iam::{ACCOUNT}:policy/bound")


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (BOUND, None),
        (USER, "mainframe has no permissions boundary"),
        (unknowing(BOUND, "facts.boundary"), "NOT_TESTED: boundary of mainframe was not read"),
        (unknowing(USER, "facts"), "NOT_TESTED: boundary of mainframe was not read"),
    ],
)
def test_a_boundary_must_be_attached_and_must_have_been_read(user: Identity, why: str | None) -> None:
    found = of_key(an_exception(BOUNDARY), identities=(user, KEY))
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or why in found.reason


def restricted(owner: str = "jane", identity: str = USER.id, **known: Any) -> Registers:
    """A restricted list of one."""
    made = {"reason": "r", "approved_by": "sam", "approved_on": date(2026, 11, 1), **known}
    return Registers(restricted=(Restricted(identity=identity, owner=owner, **made),))


@pytest.mark.parametrize(
    ("listed", "owner", "why"),
    [
        (restricted(), "jane", None),
        (restricted("Jane Doe", USER.arn), "jane", None),
        (restricted(), "payments", "its owner is no person"),
        (restricted(), None, "its owner is no person"),
        (restricted("sam"), "jane", "the restricted list has no entry in effect"),
        (restricted(identity="AIDASOMEBODYELSE00001"), "jane", "the restricted list has no entry in effect"),
        (restricted(expires_on=date(2026, 11, 21)), "jane", "the restricted list has no entry in effect"),
        (Registers(), "jane", "the restricted list has no entry in effect"),
    ],
)
def test_a_restricted_owner_is_a_named_person_on_the_list(
    listed: Registers, owner: str | None, why: str | None
) -> None:
    key = replaced(KEY, owner=Known(value=owner))
    found = of_key(governance=excepting(an_exception(RESTRICTED), registers=listed), identities=(USER, key))
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or why in found.reason


def test_every_reason_why_an_exception_is_void_is_told() -> None:
    found = of_key(an_exception(NETWORK, BOUNDARY, renewals=9), at=datetime(2027, 2, 1, tzinfo=UTC))
    assert found.reason.count(";") == 3


def test_of_several_exceptions_the_one_that_holds_counts_in_whichever_order() -> None:
    entries = (an_exception(id="EX-1", renewals=9), an_exception(id="EX-2"), an_exception(id="EX-3"))
    for order in permutations(entries):
        assert of_key(*order).exception == "EX-2"
    for order in permutations([replaced(one, renewals=9) for one in entries]):
        assert of_key(*order).exception == "EX-3"


def test_one_exception_never_compensates_another() -> None:
    first = an_exception(passing("IDC-16"), id="EX-1")
    second = an_exception(passing("IDC-15"), id="EX-2", control="IDC-16")
    raw = {"IDC-15": (a_verdict(KEY),), "IDC-16": (a_verdict(KEY),)}
    found = judged(first, second, verdicts=raw)
    assert [found[control, KEY.id].status for control in raw] == [FAIL, FAIL]


@pytest.mark.parametrize(
    ("compensator", "verdicts", "why"),
    [
        (passing("IDC-20"), (a_verdict(None, PASS),), None),
        (passing("IDC-20"), (a_verdict(None, PASS, subject="999988887777"), a_verdict(USER, PASS)), "no result of it"),
        (passing("IDC-20"), (a_verdict(None, FAIL),), "FAIL for 111122223333"),
        (NETWORK, (), "111122223333 is no identity"),
    ],
)
def test_an_account_is_named_by_its_id_and_compensated_by_its_own_results(
    compensator: Compensator, verdicts: tuple[Verdict, ...], why: str | None
) -> None:
    entry = an_exception(compensator, control="IDC-12", identity="111122223333")
    found = judged(entry, verdicts={"IDC-12": (a_verdict(None),), "IDC-20": verdicts})["IDC-12", "111122223333"]
    assert found.status is (FAIL if why else EXCEPTION)
    assert why is None or why in found.reason


@pytest.mark.parametrize(
    "requester",
    [
        "Ann  Lee", "ANN LEE", "Ann\u00a0Lee", "Ann\u200b Lee", "Lee, Ann",
        "Ann Lee <ann@example.com>", "\uff21nn Lee",
    ],
)  # fmt: skip
def test_nobody_approves_his_own_request_under_another_spelling_also_once_names_are_replaced(requester: str) -> None:
    entry = an_exception(requester=requester, approver="Ann Lee")
    for governance in (excepting(entry), excepting(entry).redacted(Redactor(b"k" * 32))):
        assert "its requester approved it" in the_verdict(list(form_of(governance))).reason


def test_somebody_who_left_has_left_under_every_spelling() -> None:
    entry = an_exception(requester="Poe, Sam")
    for governance in (excepting(entry, owners=gone("sam")), excepting(entry, owners=gone("sam")).redacted(REDACTOR)):
        assert "has left" in the_verdict(list(form_of(governance))).reason


def test_a_policy_without_names_judges_as_the_one_with_names_did() -> None:
    redactor = Redactor(b"k" * 32)
    key = replaced(KEY, owner=Known(value=redactor.pseudonym("jane")))
    for entry, status in ((an_exception(), EXCEPTION), (an_exception(requester="Jane Doe"), FAIL)):
        sealed = excepting(entry).redacted(redactor)
        assert of_key(governance=sealed, identities=(USER, key)).status is status
    left = excepting(an_exception(), owners=gone("jane")).redacted(redactor)
    assert "has left" in of_key(governance=left, identities=(USER, key)).reason


def test_a_run_judges_by_the_policy_it_sealed_so_that_a_back_dated_entry_turns_no_earlier_result() -> None:
    earlier, back_dated = Governance(), excepting(an_exception(approved_on=date(2026, 7, 5)))
    assert judged(governance=earlier) == {}
    assert of_key(governance=back_dated).status is EXCEPTION


REDACTOR = Redactor(b"k" * 32)


def form_of(governance: Governance) -> Iterator[Verdict]:
    """What IDC-32 comes to under this policy."""
    return exceptions_form(a_context(governance, run=Run.manual(AT, None)), limits(at=AT))


def form(*entries: AcceptedException, at: datetime = AT, owners: tuple[Any, ...] = OWNER_LIST) -> list[Verdict]:
    """What IDC-32 comes to."""
    context = a_context(excepting(*entries, owners=owners), run=Run.manual(at, None))
    return list(exceptions_form(context, limits(at=at)))


LATE = Milestone(what="replace it", due_on=date(2026, 11, 21), owner="payments")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (an_exception(), None),
        (an_exception(expires_on=date(2026, 11, 22)), None),
        (an_exception(expires_on=date(2026, 11, 21)), "it expired after 2026-11-21"),
        (an_exception(expires_on=date(2027, 4, 30)), None),
        (an_exception(expires_on=date(2027, 5, 1)), "it lasts 181 days"),
        (an_exception(renewals=3), "it was renewed 3 times"),
        (an_exception(requester="Jane Doe"), "its requester approved it"),
        (an_exception(retirement=(LATE,)), "its milestone 'replace it' of payments was due on 2026-11-21"),
        (an_exception(retirement=(replaced(LATE, done_on=date(2026, 11, 20)),)), None),
        (an_exception(retirement=(replaced(LATE, due_on=date(2026, 11, 22)),)), None),
    ],
)
def test_idc_32_judges_the_form_of_each_exception(entry: AcceptedException, why: str | None) -> None:
    found = the_verdict(form(entry), "EX-1")
    assert found.status is (FAIL if why else PASS)
    assert found.subject_type is SubjectType.EXCEPTION
    assert found.tier is Tier.MEDIUM
    assert found.reason.startswith(f"Exception EX-1 from IDC-15 for {USER.id}")
    assert why in found.reason if why else "(declared, not verified)" in found.reason


def test_idc_32_says_of_no_exception_that_it_holds_where_only_its_form_was_judged() -> None:
    found = the_verdict(form(an_exception(BOUNDARY)), "EX-1")
    assert found.status is PASS
    assert "holds" not in found.reason
    assert "is in order in its form: through 2026-12-31" in found.reason
    assert found.reason.endswith("whether its compensating controls work there, is told with those results, not here.")
    part = next(one for one in parse(shipped()).control("IDC-32").parts if "compensating" in one.what)
    assert not part.covered


def test_idc_32_gives_no_row_without_exceptions_and_says_what_is_not_in_effect_yet() -> None:
    assert form() == []
    ahead = the_verdict(form(an_exception(approved_on=date(2026, 11, 23))))
    assert ahead.status is NOT_APPLICABLE
    assert ahead.reason.endswith("takes effect on 2026-11-23; nothing rests on it before.")


def test_idc_32_lists_exceptions_by_id_in_whichever_order_they_stand() -> None:
    entries = [an_exception(id=f"EX-{number}") for number in (1, 2, 3)]
    assert form(*entries) == form(*reversed(entries))
