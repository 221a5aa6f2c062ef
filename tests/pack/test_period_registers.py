"""The registers of the period: policy as sealed, what results say of it, and what was told, each row true where data is missing."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.manifest import Code, GovernanceInForce, Head
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.exceptions import AcceptedException
from prooftrail.governance.registers import Registers, Restricted, Supplier, Suppliers
from prooftrail.governance.soa import Soa, SoaLine
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model.iam import Role, User
from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus, Tier
from prooftrail.model.trust import Condition, Principal, PrincipalType, TrustStatement
from prooftrail.pack.registers.control_map import left_of
from prooftrail.pack.registers.metrics import percent
from prooftrail.pack.registers.of_period import PERIOD_REGISTERS, REQUEST_REGISTERS
from prooftrail.pack.table import ColumnType, Value
from prooftrail.pack.view import AccountView, PackAnswer
from tests.builders.judging_exceptions import BOUNDARY, NETWORK, RESTRICTED, an_exception, excepting, passing
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_period, an_account_view, an_unread_account_view, some_identities
from tests.builders.times import ACCOUNT, MEMBER, NOW, STRANGER, days
from tests.pack.notices_told import a_notice, an_answer, mended, told
from tests.pack.period_rows import a_run_of, rows, tallied

KEY = some_identities()[0]
EXPECTED = {"05", "06", "15", "16", "20", "22", "23", "26", "27", "28", "29", "31", "32", "33", "34", "36", "37", "38"}


def view_of(*results: Result, **changes: Any) -> AccountView:
    return an_account_view(results=tuple(results), **changes)


def listed(value: Value) -> tuple[str, ...]:
    assert isinstance(value, tuple)
    return value


def the_row(file: str, found: tuple[Any, Any]) -> dict[str, Any]:
    (row,) = rows(file, *found)
    return row


def test_every_register_is_there_once_with_columns_that_have_a_meaning() -> None:
    assert {one.table.file[:2] for one in PERIOD_REGISTERS} == EXPECTED
    assert [one.table.file for one in REQUEST_REGISTERS] == ["35_requests"]
    for one in (*PERIOD_REGISTERS, *REQUEST_REGISTERS):
        names = [column.name for column in one.table.columns]
        assert len(names) == len(set(names))
        assert all(column.about for column in one.table.columns)


@pytest.mark.parametrize(
    ("file", "first"),
    [
        ("15", "exception_id,identity_id,control_id,reason,inherent_tier,residual_tier,risk_owner,requester,approver,"
               "approved_at,expires_at,renewals,compensating,retirement_milestones,next_milestone_due,status,closed_at"),
        ("16", "exception_id,compensating_id,sp80053,description,test,result,tested_at,evidence_id"),
        ("20", "notification_id,identity_id,owner_id,kind,step,due_at,sent_at,sns_message_id,delivery_status,"
               "acknowledged_at,escalation_level"),
        ("22", "account_id,supplier,contract_ref,owner,purpose,external_id_present,last_assessed_at,end_date"),
        ("23", "version,code_sha256,change_ref,approved_by,deployed_at,tests_ref"),
        ("26", "metric,period,value,target,owner,trend"),
        ("27", "at,actor,action,object,result"),
        ("05", "control_id,version,title,statement,policy_ref,control_owner,kinds,test_ref,thresholds_by_tier,"
               "review_interval_by_tier,evidence_types,iso,csf,sp80053,owasp_nhi,ai_rmf,cis,soa_ref,effective_from,"
               "approved_by,approved_at"),
        ("06", "annex_a_id,title,applicable,reason,status,control_ids,evidence_refs,last_result,open_ncs"),
    ],
)  # fmt: skip
def test_columns_auditors_expect_come_first_in_their_order(file: str, first: str) -> None:
    table = next(one.table for one in PERIOD_REGISTERS if one.table.file.startswith(file))
    wanted = first.split(",")
    assert [one.name for one in table.columns][: len(wanted)] == wanted


def test_values_are_of_their_columns_type_and_columns_that_say_why_they_are_empty_are() -> None:
    kinds = {
        ColumnType.TEXT: str,
        ColumnType.INTEGER: int,
        ColumnType.BOOLEAN: bool,
        ColumnType.INSTANT: datetime,
        ColumnType.DAY: date,
        ColumnType.LIST: tuple,
    }
    period, tally = tallied(governance=excepting(an_exception()), notices=(a_notice(),), answers=(an_answer(),))
    for register in PERIOD_REGISTERS:
        assert register.whole is not None
        for row in register.whole(period, tally):
            for column, value in zip(register.table.columns, row, strict=True):
                assert value is None or type(value) is kinds[column.type], (register.table.file, column.name, value)
                assert value is None or column.why_empty is None


# Exceptions


def excepted(entry: AcceptedException, status: ResultStatus, reason: str = "It fails.") -> Result:
    return a_result(status, control=entry.control, subject=KEY.id, reason=reason, exception=entry.id)


def status_of(entry: AcceptedException, *results: Result) -> Any:
    return the_row("15", tallied(view_of(*results), governance=excepting(entry)))["status"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expires_on": NOW.date()}, "in force"),
        ({"expires_on": NOW.date() - timedelta(days=1)}, "expired"),
        ({"approved_on": NOW.date() + timedelta(days=1)}, "not yet in effect"),
    ],
)
def test_an_exception_holds_through_its_last_day(changes: dict[str, Any], status: str) -> None:
    entry = an_exception(**changes)
    assert status_of(entry, excepted(entry, ResultStatus.EXCEPTION)) == status


def test_an_exception_that_a_failing_result_calls_void_is_void_and_says_why() -> None:
    entry = an_exception()
    reason = "It is old. Exception EX-1 is void: its compensating control AC-6 (IDC-20) does not hold: FAIL for x."
    found = tallied(view_of(excepted(entry, ResultStatus.FAIL, reason)), governance=excepting(entry))
    row = the_row("15", found)
    assert row["status"] == "void"
    assert row["void_because"] == ("its compensating control AC-6 (IDC-20) does not hold: FAIL for x",)
    assert (row["results_accepted"], row["results_void"]) == (0, 1)


def test_an_exception_that_holds_for_one_result_and_not_for_another_is_in_force_in_part() -> None:
    entry = an_exception()
    other = replace(excepted(entry, ResultStatus.FAIL), subject="another")
    assert status_of(entry, excepted(entry, ResultStatus.EXCEPTION), other) == "in force in part"


def test_an_exception_of_unfit_form_is_void_even_if_nothing_fails_by_it() -> None:
    entry = an_exception(approver="sam")
    assert status_of(entry) == "void"


def test_an_exception_that_nothing_fails_by_is_not_called_in_force_alone() -> None:
    assert status_of(an_exception()) == "in order in form, and named by no result of this pack"


def test_an_entry_the_policy_lost_is_shown_as_removed() -> None:
    before = excepting(an_exception(id="EX-0"))
    period, tally = tallied(governance=excepting(an_exception()), known={"governance_before": before})
    assert [(one["exception_id"], one["status"]) for one in rows("15", period, tally)][1] == (
        "EX-0",
        "removed from the policy",
    )


def test_next_milestone_is_the_first_that_is_not_done() -> None:
    row = the_row("15", tallied(governance=excepting(an_exception())))
    assert row["next_milestone_due"] == date(2026, 12, 1)
    assert row["approval"] == "declared, not verified"


@pytest.mark.parametrize(
    ("of", "result"),
    [
        (ResultStatus.PASS, "PASS"),
        (ResultStatus.FAIL, "FAIL"),
        (ResultStatus.EXCEPTION, "FAIL"),
        (ResultStatus.NOT_TESTED, "NOT_TESTED"),
    ],
)
def test_a_compensating_control_passes_only_if_its_sealed_result_does(of: ResultStatus, result: str) -> None:
    entry = an_exception(passing("IDC-20"))
    results = (excepted(entry, ResultStatus.FAIL), a_result(of, control="IDC-20", subject=KEY.id))
    row = the_row("16", tallied(view_of(*results), governance=excepting(entry)))
    assert (row["result"], row["tested_at"], row["subject"]) == (result, NOW, KEY.id)
    assert row["evidence_line"] == an_account_view().first_result_line + 1


def test_the_user_of_a_key_stands_in_where_the_key_has_no_result() -> None:
    entry = an_exception(passing("IDC-20"))
    results = (
        excepted(entry, ResultStatus.FAIL),
        a_result(ResultStatus.NOT_APPLICABLE, control="IDC-20", subject=KEY.id),
        a_result(ResultStatus.FAIL, control="IDC-20", subject=str(KEY.parent), reason="The user is bad."),
    )
    row = the_row("16", tallied(view_of(*results), governance=excepting(entry)))
    assert (row["result"], row["reason"]) == ("FAIL", "The user is bad.")


VOID = "It is old. Exception EX-1 is void: its compensating control AC-3 (network condition) does not hold: {}; its compensating control AC-5 (restricted owner) does not hold: nobody."


@pytest.mark.parametrize(
    ("status", "reason", "results"),
    [
        (ResultStatus.EXCEPTION, "Accepted.", ["INFERRED", "FAIL"]),
        (ResultStatus.FAIL, "It is old. Exception EX-1 is void: it was renewed 9 times.", ["INFERRED", "FAIL"]),
        (ResultStatus.FAIL, VOID.format("no condition"), ["FAIL", "FAIL"]),
        (ResultStatus.FAIL, VOID.format("NOT_TESTED: not every policy was read"), ["NOT_TESTED", "FAIL"]),
    ],
)
def test_a_predicate_is_what_the_reason_of_the_result_says(
    status: ResultStatus, reason: str, results: list[str]
) -> None:
    entry = an_exception(NETWORK, RESTRICTED)
    found = rows("16", *tallied(view_of(excepted(entry, status, reason)), governance=excepting(entry)))
    assert [one["result"] for one in found] == results


def test_what_is_only_inferred_says_where_to_look() -> None:
    entry = an_exception(NETWORK)
    row = the_row("16", tallied(view_of(excepted(entry, ResultStatus.EXCEPTION)), governance=excepting(entry)))
    assert row["result"] == "INFERRED"
    assert str(row["reason"]).startswith(
        "The exception was applied, which it is only while this holds. Look at the cond"
    )
    assert KEY.id in str(row["reason"])


OWNED = some_identities()[1]


@pytest.mark.parametrize(
    ("named", "result", "reason"),
    [
        (OWNED.id, "PASS", f"its owner is jane (known by registry on owners.toml), an active person of owners.toml, and the restricted list names {OWNED.id} with jane, approved by mona on 2026-11-01, without an end."),
        (OWNED.parent, "PASS", f"the restricted list names {OWNED.parent} with jane"),
        ("another", "FAIL", "the restricted list has no entry in effect for it and its owner."),
    ],
)  # fmt: skip
def test_a_restricted_owner_is_looked_up_again_in_snapshot_and_policy(named: str, result: str, reason: str) -> None:
    entry = an_exception(RESTRICTED)
    listed = Restricted(identity=named, reason="R", approved_by="mona", approved_on=date(2026, 11, 1), owner="jane")
    governance = excepting(entry, registers=Registers(restricted=(listed,)))
    view = view_of(replace(excepted(entry, ResultStatus.EXCEPTION), subject=OWNED.id, identity=OWNED.id))
    row = the_row("16", tallied(view, governance=governance))
    assert row["result"] == result
    assert reason in str(row["reason"])


@pytest.mark.parametrize(("boundary", "result"), [("arn:test:iam::1:policy/edge", "PASS"), (None, "INFERRED")])
def test_a_boundary_that_is_attached_is_shown_and_that_there_is_none_is_no_finding_of_a_pack(
    boundary: str | None, result: str
) -> None:
    machine = some_identities()[3]
    assert isinstance(machine.facts, User)
    bound = replace(machine, facts=replace(machine.facts, boundary=boundary))
    entry = an_exception(BOUNDARY)
    of_key = replace(excepted(entry, ResultStatus.EXCEPTION), subject=OWNED.id, identity=OWNED.id)
    view = an_account_view(results=(of_key,), identities=(OWNED, bound))
    row = the_row("16", tallied(view, governance=excepting(entry)))
    assert row["result"] == result
    assert (str(boundary) in str(row["reason"])) == (boundary is not None)


@pytest.mark.parametrize(
    ("scored", "inherent", "difference"),
    [
        (Tier.CRITICAL, "critical", "HIGHER: scored critical, accepted at high"),
        (Tier.HIGH, "high", "as accepted"),
        (Tier.LOW, "low", "lower: scored low, accepted at high"),
        (None, None, None),
    ],
)
def test_the_tier_scored_now_stands_beside_the_one_that_was_accepted(
    scored: Tier | None, inherent: str | None, difference: str | None
) -> None:
    entry = an_exception(tier="high")
    result = replace(excepted(entry, ResultStatus.EXCEPTION), tier=scored)
    row = the_row("15", tallied(view_of(result), governance=excepting(entry)))
    assert (row["inherent_tier"], row["accepted_at_tier"], row["tier_difference"]) == (inherent, "high", difference)


def test_nothing_is_tested_on_behalf_of_an_exception_that_no_failing_result_names() -> None:
    row = the_row("16", tallied(governance=excepting(an_exception())))
    assert (row["result"], row["tested_at"]) == ("NOT_TESTED", None)


# Notices, owners, interviews


@pytest.mark.parametrize(
    ("answers", "at"),
    [
        ((), None),
        ((an_answer(),), NOW + timedelta(hours=1)),
        ((an_answer(matters=("other",)),), None),
        ((an_answer(at=NOW - timedelta(seconds=1)),), None),
        ((an_answer(at=NOW + days(2)), an_answer(key="answers/0.json")), NOW + timedelta(hours=1)),
    ],
)
def test_an_acknowledgement_counts_for_the_matters_it_names_once_they_were_told(
    answers: tuple[PackAnswer, ...], at: datetime | None
) -> None:
    assert the_row("20", tallied(notices=(a_notice(),), answers=answers))["acknowledged_at"] == at


def test_a_message_id_is_of_sns_only_where_sns_sent_it() -> None:
    by_mail = the_row("20", tallied(notices=(a_notice(how="ses"),)))
    assert (by_mail["sns_message_id"], by_mail["message_id"], by_mail["sent_by"]) == (None, "m-1", "ses")


def test_a_notice_that_was_not_sent_says_why_and_is_acknowledged_by_nobody() -> None:
    held = a_notice(status="not sent", why="the day's cap is reached", sent_at=None, message_id=None, how=None)
    row = the_row("20", tallied(notices=(held,), answers=(an_answer(),)))
    assert (row["delivery_status"], row["sent_at"], row["acknowledged_at"]) == ("not sent", None, None)


def test_the_owner_register_lists_owners_names_only_tags_know_and_nobody() -> None:
    policy = Governance(owners=Owners(owner=(Owner(id="sam", name="Sam Poe", active=False),)))
    found = {one["owner_id"]: one for one in rows("32", *tallied(governance=policy, notices=(a_notice(),)))}
    assert list(found) == ["jane", "sam", "nobody"]
    assert (found["sam"]["active"], found["sam"]["identities"], found["sam"]["last_told_at"]) == (False, 0, None)
    assert (found["jane"]["registered"], found["jane"]["identities"], found["jane"]["last_told_at"]) == (False, 2, NOW)
    assert found["nobody"]["identities"] == 4


def test_owners_suppliers_and_notices_say_where_to_look() -> None:
    period, tally = tallied(notices=(a_notice(),))
    shown = {(one.evidence, one.line) for one in an_account_view().listed}
    owned = [one for one in rows("32", period, tally) if one["identities"]]
    assert owned
    assert all((one["evidence_id"], one["evidence_line"]) in shown for one in owned)
    (notice,) = {one["plan_key"] for one in rows("20", period, tally)}
    assert notice == f"notices/{a_notice().run_id}/plan.json"


def test_an_owner_who_goes_by_several_names_is_one_row() -> None:
    policy = Governance(owners=Owners(owner=(Owner(id="j.doe", name="Jane", email="JANE"),)))
    found = {one["owner_id"]: one["identities"] for one in rows("32", *tallied(governance=policy))}
    assert found == {"j.doe": 2, "nobody": 4}


def test_whoever_owns_what_fails_most_is_to_be_asked_and_so_is_who_accepted_it() -> None:
    failing = a_result(ResultStatus.FAIL, control="IDC-15", subject=some_identities()[1].id)
    found = tallied(view_of(failing), governance=excepting(an_exception()))
    asked = [(one["whom"], one["failing"]) for one in rows("34", *found) if one["control_id"] == "IDC-15"]
    assert asked == [("Jane Doe", 1), ("Payments team", None)]


def test_a_control_for_which_nobody_is_named_says_so() -> None:
    found = next(one for one in rows("34", *tallied()) if one["control_id"] == "IDC-12")
    assert found["whom"] is None
    assert "nobody is named" in str(found["why"])


# Policy, code, custody, suppliers


def test_the_map_states_limits_by_tier_and_who_set_them() -> None:
    values = ByTier(critical=30, high=60, medium=90, low=90)
    limit = Threshold(
        control="IDC-15",
        name="max_age_days",
        values=values,
        approved_by="jane",
        approved_on=date(2026, 1, 2),
        effective_on=date(2026, 1, 3),
    )
    policy = Governance(thresholds=Thresholds(threshold=(limit,), version="7"))
    row = next(one for one in rows("05", *tallied(governance=policy)) if one["control_id"] == "IDC-15")
    said = "max_age_days: critical 30 days, high 60 days, medium 90 days, low 90 days (thresholds.toml 7, approved by jane on 2026-01-02 (declared, not verified))"
    assert said in row["thresholds_by_tier"]
    assert (row["effective_from"], row["approved_by"], row["approved_at"]) == (
        ("max_age_days: 2026-01-03",),
        ("jane",),
        ("2026-01-02",),
    )
    assert row["policy_ref"] == ()


def test_without_a_statement_of_applicability_every_row_says_so() -> None:
    found = rows("06", *tallied())
    assert {one["reason"] for one in found} == {"no statement of applicability was supplied (soa.toml has no lines)"}
    assert {one["applicable"] for one in found} == {None}
    assert "A.5.18" in {one["annex_a_id"] for one in found}


def test_lines_of_the_statement_and_ids_without_a_line_stand_side_by_side() -> None:
    lines = (
        SoaLine(control="A.5.17", applicable=True, justification="we have secrets", control_owner="jane"),
        SoaLine(control="A.7.4", applicable=False, justification="no offices"),
    )
    found = {
        one["annex_a_id"]: one
        for one in rows(
            "06",
            *tallied(
                governance=Governance(soa=Soa(line=lines, version="7", approved_by="ines", approved_on=NOW.date()))
            ),
        )
    }
    assert found["A.5.17"]["last_result"] == "PASS 1, FAIL 1"
    assert found["A.5.17"]["open_ncs"] == 1
    assert (found["A.7.4"]["applicable"], found["A.7.4"]["last_result"]) == (False, None)
    assert found["A.5.18"]["reason"] == "no line was supplied"
    approved = ("soa_version", "soa_approved_by", "soa_approved_on")
    assert [found["A.5.18"][one] for one in approved] == [None, None, None]
    assert [found["A.5.17"][one] for one in approved] == ["7", "ines", NOW.date()]


def test_a_line_is_tested_in_part_while_a_part_of_a_control_is_not_covered_and_touched_where_none_tests_it() -> None:
    view = view_of(
        *(a_result(control=one, subject=f"s-{one}") for one in ("IDC-12", "IDC-15", "IDC-18", "IDC-29", "IDC-35"))
    )
    found = {one["annex_a_id"]: one for one in rows("06", *tallied(view))}
    assert {one["status"] for one in found.values()} == {
        "tested in part",
        "touched: no control tests what it asks",
        "not tested",
    }
    assert (found["A.5.33"]["status"], found["A.5.28"]["status"]) == ("tested in part", "tested in part")
    assert any("object lock" in one for one in listed(found["A.5.33"]["not_covered"]))
    assert (found["A.8.28"]["status"][:7], found["A.8.28"]["tested_by"], found["A.8.28"]["touched_by"]) == (
        "touched",
        (),
        ("IDC-18",),
    )
    assert any("source code" in one for one in listed(found["A.8.28"]["not_covered"]))
    assert found["A.8.22"]["touched_by"] == ("IDC-29",)
    assert (found["A.5.17"]["tested_by"], found["A.5.17"]["touched_by"]) == (("IDC-12", "IDC-15", "IDC-18"), ())
    assert found["A.8.28"]["evidence_line"] == an_account_view().first_result_line + 2


def test_traceability_names_the_parts_that_are_not_tested() -> None:
    chain = [one for one in rows("33", *tallied()) if one["control_id"] == "IDC-35"]
    assert chain
    assert all(any("object lock" in each for each in listed(one["not_covered"])) for one in chain)


def test_a_control_of_which_nothing_is_left_out_makes_a_line_tested() -> None:
    whole = [one for one in a_period().catalog.controls if one.testable and not one.not_covered]
    assert whole
    assert left_of(whole) == ()


def test_traceability_goes_both_ways_and_names_a_failing_result_to_pull() -> None:
    found = rows("33", *tallied())
    forward = next(one for one in found if one["framework_ids"] == ("A.5.17",) and one["control_id"] == "IDC-15")
    back = next(one for one in found if one["direction"] == "control to requirements" and one["control_id"] == "IDC-15")
    assert (forward["pass"], forward["fail"], forward["example_result"]) == (1, 1, "FAIL")
    assert forward["evidence_line"] == an_account_view().first_result_line + [
        one.status is ResultStatus.FAIL and one.control == "IDC-15" for one in an_account_view().results
    ].index(True)
    assert "ISO/IEC 27001:2022 A.5.17" in back["framework_ids"]
    assert found[0]["framework"] == "ISO/IEC 27001:2022"


def test_a_change_of_policy_is_loosened_or_tightened_or_other() -> None:
    runs = (
        a_run_of(-2),
        a_run_of(-1, governance=GovernanceInForce(sha256="8" * 64)),
        a_run_of(0, governance=GovernanceInForce(sha256="7" * 64, loosened=("x",), turned=2)),
    )
    found = [(one["change"], one["from_sha256"], one["turned"]) for one in rows("31", *tallied(runs=runs))]
    assert found == [("in force at the start", None, 0), ("tightened or other", "9" * 64, 0), ("loosened", "8" * 64, 2)]


def test_each_version_of_the_scanner_has_its_first_and_last_run() -> None:
    runs = (a_run_of(-2), a_run_of(-1), a_run_of(0, code=Code(version="0.2.0", sha256="d" * 64)))
    found = [(one["version"], one["first_run"], one["runs"]) for one in rows("23", *tallied(runs=runs))]
    assert found == [("0.1.0", runs[0].run_id, 2), ("0.2.0", runs[2].run_id, 1)]


def test_custody_and_answers_stand_in_order_of_time() -> None:
    record = Custody(
        action=CustodyAction.HOLD,
        who="arn:op",
        at=NOW + days(1),
        locker="l",
        head=Head(seq=4, sha256="0" * 64),
        scope="run x",
        reason="case",
        reference="C-1",
        objects=3,
        objects_sha256="1" * 64,
        outcome_of="custody/a.json",
        done=2,
        gone=0,
        refused=1,
    )
    found = rows("27", *tallied(custody=(("custody/b.json", record),), answers=(an_answer(),)))
    assert [(one["action"], one["result"]) for one in found] == [
        ("acknowledged", "sealed"),
        ("legal hold placed", "2 done, 0 gone, 1 refused"),
    ]


def test_a_supplier_whose_contract_ended_is_registered_and_not_in_effect() -> None:
    entry = Supplier(
        name="Watch",
        accounts=(STRANGER,),
        reason="monitoring",
        approved_by="jane",
        approved_on=date(2026, 1, 1),
        active_until=NOW.date() - timedelta(days=1),
    )
    row = the_row("22", tallied(governance=Governance(suppliers=Suppliers(supplier=(entry,)))))
    assert (row["standing"], row["external_id_present"], row["roles"]) == ("registered and not in effect", None, 0)


def a_role(*statements: TrustStatement) -> AccountView:
    worker = some_identities()[4]
    assert isinstance(worker.facts, Role)
    role = replace(worker, facts=replace(worker.facts, trust=statements))
    return an_account_view(
        identities=(role,), results=(a_result(ResultStatus.FAIL, control="IDC-26", subject=role.id),)
    )


def lets_in(who: str, *, external_id: bool = False, effect: str = "Allow") -> TrustStatement:
    asked = (Condition(operator="StringEquals", key="sts:externalid", values=("x",)),) if external_id else ()
    principal = Principal(type=PrincipalType.AWS, value=who)
    return TrustStatement(effect=effect, principals=(principal,), actions=("sts:AssumeRole",), conditions=asked)


@pytest.mark.parametrize(
    ("statements", "present"),
    [
        ((lets_in(STRANGER, external_id=True),), True),
        ((lets_in(STRANGER),), False),
        ((lets_in(STRANGER, external_id=True), lets_in(STRANGER)), False),
        ((lets_in(f"arn:aws:iam::{STRANGER}:root"),), False),
    ],
)
def test_an_external_id_is_there_if_every_statement_that_lets_the_account_in_asks_for_one(
    statements: tuple[TrustStatement, ...], present: bool
) -> None:
    row = the_row("22", tallied(a_role(*statements)))
    assert (row["account_id"], row["external_id_present"], row["standing"]) == (STRANGER, present, "in no entry")
    assert (row["roles"], row["roles_without_external_id"], row["roles_failing"]) == (1, int(not present), 1)


@pytest.mark.parametrize(
    "statement", [lets_in(ACCOUNT), lets_in(MEMBER), lets_in(STRANGER, effect="Deny"), lets_in("*")]
)
def test_members_denials_and_everyone_are_no_suppliers(statement: TrustStatement) -> None:
    assert rows("22", *tallied(a_role(statement))) == []


# Figures


@pytest.mark.parametrize(
    ("part", "of", "said"),
    [
        (0, 3, "0.0 %"),
        (2, 3, "66.6 %"),
        (999, 1000, "99.9 %"),
        (9999, 10000, "99.9 %"),
        (3, 3, "100.0 %"),
        (0, 0, None),
    ],
)
def test_only_all_of_them_is_a_hundred_percent(part: int, of: int, said: str | None) -> None:
    assert percent(part, of) == said


def test_an_indicator_moves_against_the_run_before_the_period_too() -> None:
    before, now = a_run_of(-1, counts={"finding:open": 5}), a_run_of(0, counts={"finding:open": 4})
    found = next(one for one in rows("26", *tallied(runs=(now,), before=before)) if one["metric"] == "findings open")
    assert (found["value"], found["trend"], found["period"]) == ("4", "down", now.run_id)
    alone = next(one for one in rows("26", *tallied(runs=(now,))) if one["metric"] == "findings open")
    assert alone["trend"] is None


def test_a_share_of_nothing_has_no_value() -> None:
    found = next(
        one for one in rows("26", *tallied(runs=(a_run_of(0, counts={}),))) if "of those tested" in str(one["metric"])
    )
    assert (found["value"], found["counted"], found["of"]) == (None, 0, 0)


@pytest.mark.parametrize(
    ("finding", "at", "complete"),
    [
        (mended(), NOW - days(2), True),
        (mended(), None, False),
        (mended(), NOW, False),
        (mended(status=FindingStatus.FIXED), NOW - days(2), False),
    ],
)
def test_a_story_is_whole_if_it_was_told_before_it_was_fixed_and_then_verified(
    finding: Finding, at: datetime | None, complete: bool
) -> None:
    notices = (told(finding, at),) if at else ()
    row = the_row("36", tallied(an_account_view(findings=(finding,)), notices=notices))
    assert (row["complete"], row["told_at"]) == (complete, at)
    assert row["fixed_at"] == NOW - days(1)


def test_what_was_fixed_before_the_period_is_no_story_of_it() -> None:
    assert rows("36", *tallied(an_account_view(findings=(mended(fixed_run="20260101T060000Z"),)))) == []


def test_a_family_is_listed_from_two_members_on() -> None:
    alike = [replace(one, family="deploy#0123456789abcdef") for one in some_identities()[2:4]]
    alone = replace(some_identities()[4], family="alone#0123456789abcdef")
    view = an_account_view(identities=(*alike, alone))
    row = the_row("37", tallied(view))
    assert (row["label"], row["members"], row["accounts"]) == ("deploy", 2, 1)


# What must hold of all of them


def test_accounts_that_are_not_of_the_run_any_more_are_counted_apart() -> None:
    gone = an_account_view(account=MEMBER, status="unplanned", stale=True)
    _, tally = tallied(an_account_view(), gone)
    alone = tallied()[1]
    assert (tally.identities, sum(tally.results.values())) == (alone.identities, sum(alone.results.values()))
    assert (tally.departed.accounts, tally.departed.identities, tally.departed.open) == (1, 6, len(gone.findings))


def test_every_text_is_revealed() -> None:
    policy = excepting(an_exception(requester="person-1", risk_owner="person-2", approver="person-3"))
    period, tally = tallied(
        governance=policy, notices=(a_notice(recipient="person-4"),), reveal=lambda text: text.replace("person-", "P")
    )
    assert [one["approver"] for one in rows("15", period, tally)] == ["P3"]
    assert [one["recipient"] for one in rows("20", period, tally)] == ["P4"]


@pytest.mark.parametrize("views", [(), (an_unread_account_view(),)])
def test_registers_of_an_empty_locker_are_made_and_say_nothing_that_is_not_so(views: tuple[AccountView, ...]) -> None:
    period, tally = tallied(*(views or (an_unread_account_view(),)), runs=(), ticks_due=(), ticks_met={})
    for one in PERIOD_REGISTERS:
        assert one.whole is not None
        found = list(one.whole(period, tally))
        assert all(len(row) == len(one.table.columns) for row in found)
    assert rows("29", period, tally) == []
    assert rows("36", period, tally) == []


def test_the_same_views_give_the_same_rows() -> None:
    made = []
    for _ in range(2):
        period, tally = tallied(governance=excepting(an_exception()), notices=(a_notice(),))
        made.append([list(one.whole(period, tally)) for one in PERIOD_REGISTERS if one.whole])
    assert made[0] == made[1]
