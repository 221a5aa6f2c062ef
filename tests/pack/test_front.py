"""Page one: every answer depends on what was read, nothing missing is left unsaid, and no conformity is claimed."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from prooftrail.evidence.assurance import WORDS, Assurance
from prooftrail.evidence.manifest import AccountCoverage, GovernanceInForce
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.soa import Soa, SoaLine
from prooftrail.governance.thresholds import RiskMethod, Thresholds
from prooftrail.model.iam import AccessKey
from prooftrail.model.identity import Kind, Known, Rung
from prooftrail.model.judgement import Finding, PrivilegeClass, ResultStatus, Tier
from prooftrail.pack.front.front import front
from prooftrail.pack.front.page_one import Answered, PageOne, Question
from prooftrail.pack.registers.control_map import annex_ids
from prooftrail.pack.view import AccountView, PackOptions, Word
from tests.builders.judging import a_risk
from tests.builders.judging_exceptions import BOUNDARY, NETWORK, an_exception, excepting
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_pack_run, an_account_view, an_unread_account_view, some_identities, the_catalog
from tests.builders.times import ACCOUNT, MEMBER, NOW, days
from tests.pack.notices_told import an_answer, mended, told
from tests.pack.period_rows import a_run_of, tallied

NOTHING = {"runs": (), "ticks_due": (), "ticks_met": {}}
FILE = re.compile(r"[A-Za-z0-9_./-]+(\.(csv|json|jsonl|md|html|xlsx|py)|/)")


def page_of(*views: AccountView, **changes: Any) -> PageOne:
    return front(*tallied(*views, **changes))


def asked(number: int, *views: AccountView, **changes: Any) -> Question:
    return page_of(*views, **changes).questions[number - 1]


def denied() -> AccountView:
    return an_unread_account_view(ACCOUNT)


def owned() -> AccountView:
    jane = Known(value="jane", rung=Rung.REGISTRY, where="owners.toml")
    return an_account_view(identities=tuple(replace(one, owner=jane) for one in some_identities()))


def whole_soa() -> Soa:
    ids = sorted({name for one in the_catalog().controls for name in annex_ids(one)})
    lines = (SoaLine(control=one, applicable=True, justification="x", policy="P", control_owner="jane") for one in ids)
    return Soa(line=tuple(lines))


def facts(page: PageOne, tone: str) -> str:
    return "\n".join(one.text for one in page.facts if one.tone == tone)


CONDITIONS: dict[str, dict[str, Any]] = {
    "a whole account": {},
    "nothing read": {"views": (denied(),)},
    "no run in the period": NOTHING,
    "nothing read and no run": {**NOTHING, "views": (denied(),)},
    "no schedule": {"schedule": None, "ticks_due": (), "ticks_met": {}},
    "a policy": {"governance": excepting(an_exception(), soa=whole_soa())},
    "narrowed": {"options": PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 30), accounts=(ACCOUNT,))},
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_there_are_fourteen_answers_under_every_condition_and_none_without_words(condition: dict[str, Any]) -> None:
    views = condition.get("views", ())
    page = page_of(*views, **{name: value for name, value in condition.items() if name != "views"})
    assert [one.number for one in page.questions] == list(range(1, 15))
    for one in page.questions:
        assert one.answer.strip()
        assert one.clause
        assert one.files
        assert all(FILE.fullmatch(file) for file in one.files)
        assert (one.missing is None) == (one.answered is Answered.ANSWERED)
    assert 0 < len(page.facts) <= 10
    assert page.gaps
    assert "no conformity with any standard" in page.verdict


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_what_is_not_collected_is_never_called_answered(condition: dict[str, Any]) -> None:
    views = condition.get("views", ())
    page = page_of(*views, **{name: value for name, value in condition.items() if name != "views"})
    assert {page.questions[number - 1].answered for number in (5, 6, 7)} == {Answered.NOT_COVERED}
    assert {one.what[:2] for one in page.not_covered} >= {"08", "09", "10", "12", "13", "18", "19", "21"}


@pytest.mark.parametrize("number", [2, 4, 8])
def test_where_nothing_was_read_nothing_of_identities_is_answered(number: int) -> None:
    assert asked(number, denied()).answered is Answered.NOT_COVERED


@pytest.mark.parametrize("number", [10, 13, 14])
def test_where_no_run_was_made_nothing_of_the_period_is_answered(number: int) -> None:
    assert asked(number, **NOTHING).answered is Answered.NOT_COVERED
    assert asked(number).answered is Answered.PARTLY


def test_a_pack_of_nothing_says_that_it_is_one() -> None:
    page = page_of(denied(), **NOTHING)
    assert "no account was read" in page.verdict
    assert page.gaps[0].startswith("0 runs were made in the period")
    assert facts(page, "good") == facts(page, "bad") == ""
    assert "There is no result of any control." in facts(page, "unknown")


@pytest.mark.parametrize(
    ("governance", "answered"),
    [
        (Governance(), Answered.PARTLY),
        (Governance(soa=Soa(line=whole_soa().line[1:])), Answered.PARTLY),
        (Governance(soa=Soa(line=(replace(whole_soa().line[0], policy=None), *whole_soa().line[1:]))), Answered.PARTLY),
        (
            Governance(soa=Soa(line=(replace(whole_soa().line[0], applicable=False), *whole_soa().line[1:]))),
            Answered.PARTLY,
        ),
        (Governance(soa=whole_soa()), Answered.ANSWERED),
    ],
)
def test_the_statement_of_applicability_answers_only_if_it_is_whole(governance: Governance, answered: Answered) -> None:
    assert asked(3, governance=governance).answered is answered


@pytest.mark.parametrize(
    ("views", "owners", "told", "answered"),
    [
        ((), (), (), Answered.PARTLY),
        ((owned(),), (), ("x",), Answered.PARTLY),
        ((), (Owner(id="jane", name="Jane"),), ("x",), Answered.PARTLY),
        ((owned(),), (Owner(id="jane", name="Jane"),), (), Answered.PARTLY),
        ((owned(),), (Owner(id="jane", name="Jane"),), ("x",), Answered.ANSWERED),
    ],
)
def test_ownership_is_answered_only_by_a_register_nothing_unowned_and_somebody_who_answered(
    views: tuple[AccountView, ...], owners: tuple[Owner, ...], told: tuple[str, ...], answered: Answered
) -> None:
    answers = tuple(an_answer() for _ in told)
    found = asked(4, *views, governance=Governance(owners=Owners(owner=owners)), answers=answers)
    assert found.answered is answered


def test_the_risk_method_must_have_been_approved_and_every_tier_be_certain() -> None:
    method = RiskMethod(version="1", approved_by="jane", approved_on=date(2026, 1, 1), effective_on=date(2026, 1, 1))
    approved = Governance(thresholds=Thresholds(risk_method=method))
    assert asked(2, governance=approved).answered is Answered.ANSWERED
    assert asked(2).answered is Answered.PARTLY
    unscored = an_account_view(risks={})
    assert "6 without a tier" in str(asked(2, unscored, governance=approved).missing)


def test_one_identity_is_followed_from_its_facts_to_its_tier_and_it_is_the_gravest() -> None:
    first, *others = some_identities()
    risks = {one.id: a_risk(one.id, Tier.LOW) for one in others} | {first.id: a_risk(first.id, Tier.HIGH)}
    assert f"For example {first.id}: impact " in asked(2, an_account_view(risks=risks)).answer
    assert "For example" not in asked(2, an_account_view(risks={})).answer


@pytest.mark.parametrize(
    ("governance", "answered"),
    [
        (Governance(absent=("exceptions.toml",)), Answered.PARTLY),
        (Governance(), Answered.ANSWERED),
        (excepting(an_exception()), Answered.PARTLY),
        (excepting(an_exception(assurance="signed by jane, verified")), Answered.ANSWERED),
    ],
)
def test_exceptions_are_answered_if_there_are_none_or_their_approval_is_verified(
    governance: Governance, answered: Answered
) -> None:
    assert asked(9, governance=governance).answered is answered


def test_scope_is_answered_only_if_every_account_was_read_whole() -> None:
    assert asked(1).answered is Answered.ANSWERED
    assert asked(1, an_account_view(), an_unread_account_view()).answered is Answered.PARTLY
    assert asked(1, an_account_view(status="gaps")).answered is Answered.PARTLY


WORD = Word(key="witness/4.json", seq=4, sha256="0" * 64, checked_at=NOW, sha256_of_word="1" * 64)


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({}, Answered.PARTLY),
        ({"bucket": True, "assurance": Assurance.TWO_ACCOUNTS}, Answered.PARTLY),
        ({"bucket": True, "assurance": Assurance.TWO_ACCOUNTS, "words": (WORD,)}, Answered.ANSWERED),
        ({"bucket": True, "assurance": Assurance.SINGLE_ACCOUNT, "words": (WORD,)}, Answered.PARTLY),
        ({"bucket": False, "assurance": Assurance.TWO_ACCOUNTS, "words": (WORD,)}, Answered.PARTLY),
        ({"bucket": True, "assurance": Assurance.TWO_ACCOUNTS, "words": (WORD,), "problems": ("x",)}, Answered.PARTLY),
    ],
)
def test_who_can_change_it_is_answered_by_a_locked_bucket_two_accounts_and_a_witness(
    changes: dict[str, Any], answered: Answered
) -> None:
    assert asked(11, **changes).answered is answered


@pytest.mark.parametrize("declared", list(Assurance))
def test_page_one_never_says_that_it_was_witnessed(declared: Assurance) -> None:
    page = page_of(assurance=declared, words=(WORD,))
    assert page.assurance != Assurance.WITNESSED
    assert WORDS[Assurance.WITNESSED] not in page.assurance_means
    assert "1 word of a watchdog" in page.assurance_means
    assert "only verify.py" in page.assurance_means


# Facts


def test_facts_are_ranked_bad_ones_first_and_unknown_is_never_crowded_out() -> None:
    page = page_of(an_account_view(), an_unread_account_view())
    tones = [one.tone for one in page.facts]
    assert tones == sorted(tones, key=("bad", "unknown", "note", "good").index)
    assert "1 of 2 accounts to be read could not be: " in facts(page, "unknown")


def test_what_is_unknown_takes_the_tenth_place_where_ten_things_are_bad() -> None:
    failing = ("IDC-10", "IDC-11", "IDC-12", "IDC-15", "IDC-17", "IDC-21", "IDC-26", "IDC-27")
    results = tuple(a_result(ResultStatus.FAIL, control=one, subject=some_identities()[0].id) for one in failing)
    changes = {"wrong": ("snapshot/x is gone",), "runs": (a_run_of(0),)}
    page = page_of(an_account_view(results=results), an_unread_account_view(), **changes)
    assert [one.tone for one in page.facts] == ["bad"] * 9 + ["unknown"]


def test_roles_that_let_anyone_in_come_first() -> None:
    worker = replace(some_identities()[4], kind=Kind.ROLE_PUBLIC, name="open")
    page = page_of(an_account_view(identities=(worker, *some_identities()[:4])))
    assert page.facts[0].text == f"1 role lets anyone in: open in {ACCOUNT}."


def test_administrators_without_an_owner_are_counted_once_and_not_again_for_their_keys() -> None:
    admin = {"privilege": PrivilegeClass.ADMIN, "privilege_at_most": PrivilegeClass.ADMIN}
    risks = {one.id: a_risk(one.id, Tier.HIGH, **admin) for one in some_identities()}
    risks |= {
        one.id: replace(risks[one.id], inherited_from=one.parent)
        for one in some_identities()
        if isinstance(one.facts, AccessKey)
    }
    assert "3 of 4 administrators have no owner." in facts(page_of(an_account_view(risks=risks)), "bad")


@pytest.mark.parametrize(("due", "overdue"), [(NOW, 0), (NOW - timedelta(microseconds=1), 3)])
def test_a_finding_is_overdue_only_past_its_due_date(due: Any, overdue: int) -> None:
    view = an_account_view()
    findings: tuple[Finding, ...] = tuple(replace(one, due_at=due) for one in view.findings)[:3]
    page = page_of(an_account_view(findings=findings))
    said = "3 of 3 open findings are past their due date (3 high)."
    assert (said in facts(page, "bad")) is bool(overdue)
    assert f"{overdue} of them overdue" in page.questions[9].answer


def test_missed_and_late_runs_void_exceptions_and_loosened_policy_are_bad() -> None:
    loosened = GovernanceInForce(sha256="8" * 64, loosened=("IDC-15 x",), turned=3)
    entry = an_exception(expires_on=NOW.date() - timedelta(days=1))
    runs = (a_run_of(-3), a_run_of(-1, closed_at=NOW), a_run_of(0, governance=loosened))
    said = facts(page_of(governance=excepting(entry), runs=runs), "bad")
    assert "Of 4 runs that were due 1 had no run and 1 came too late." in said
    assert "1 of 1 exception does not hold, or not everywhere (1 expired)." in said
    assert "Policy was loosened 1 time in the period (1 item), which turned 3 failing results." in said


def test_a_locker_in_which_nothing_fails_is_not_believed() -> None:
    passing = tuple(replace(one, status=ResultStatus.PASS) for one in an_account_view().results)
    page = page_of(an_account_view(results=passing))
    assert "not credible" in facts(page, "note")
    assert "not credible" not in facts(page_of(), "note")


def test_what_is_wrong_with_the_evidence_comes_before_everything_else() -> None:
    page = page_of(wrong=("snapshot/x is gone",))
    assert page.facts[0].text == "1 thing in the locker is not as sealed: snapshot/x is gone"
    assert "1 sealed object gone or not what was sealed, first: snapshot/x is gone" in page.gaps


# Gaps and the rest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runs": (a_run_of(-3), a_run_of(-1), a_run_of(0))}, "1 tick of the schedule missed"),
        ({"options": PackOptions(since=date(2026, 11, 10), until=date(2026, 11, 22))}, "7 days of the period lie before the chain began"),
        ({"options": PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 23))}, "1 day of the period not known: nothing is known after 2026-11-22 06:10 UTC."),
        ({"options": PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22), accounts=(ACCOUNT,)), "accounts": (ACCOUNT,)}, "narrowed to 1 of 3 accounts"),
        ({"runs": (a_run_of(0, organization_gaps=("ListPolicies denied",)),)}, "1 run did not read the organization whole, first: ListPolicies denied"),
        ({"problems": ("slot 2 forks",)}, "1 problem of the chain, first: slot 2 forks"),
        ({"governance": Governance(absent=("owners.toml", "soa.toml"))}, "2 policy files not supplied (owners.toml, soa.toml)"),
        ({}, "6 of 35 controls cannot be tested by this version: IDC-05, IDC-06, IDC-09, IDC-31, IDC-33, IDC-34."),
        ({}, "60 of 60 limits are defaults"),
    ],
)  # fmt: skip
def test_every_kind_of_gap_is_a_sentence_with_its_number(changes: dict[str, Any], said: str) -> None:
    assert any(said in one for one in page_of(**changes).gaps), page_of(**changes).gaps


def test_accounts_that_were_not_read_stand_with_the_reason_before_those_read_in_part() -> None:
    coverage = (
        AccountCoverage(account=ACCOUNT, status="gaps", reason="contacts denied", identities=5, cells=21, cells_ok=20),
        AccountCoverage(account=MEMBER, status="unreachable", reason="AWS refuses", identities=0, cells=0, cells_ok=0),
    )
    runs = (*(a_pack_run(day) for day in (-3, -2, -1)), a_pack_run(0, coverage=coverage))
    page = page_of(an_account_view(status="gaps"), an_unread_account_view(), runs=runs)
    assert page.gaps[0] == f"1 of 2 accounts could not be read in the run shown: {MEMBER}: AWS refuses"
    assert page.gaps[1] == f"1 of 2 accounts read in part: {ACCOUNT} (contacts denied)."
    assert page.coverage[0] == (
        "Read whole in the run shown: 0 of 2 accounts to be read; in part: 1; not at all: 1; left out beside those: 0."
    )


def test_what_is_listed_is_held_against_what_the_manifest_counts() -> None:
    counts = {"identities": 6, "result:IDC-02:FAIL": 4, "result:IDC-02:PASS": 2, "result:IDC-15:FAIL": 2}
    same = page_of(runs=(a_pack_run(0, counts=counts),)).coverage[-1]
    assert same == "The signed manifest of the run shown counts the same: 6 identities, 8 results."
    other = page_of(runs=(a_pack_run(0, counts={**counts, "identities": 7}),)).coverage[-1]
    assert "counts 7 identities and 8 results; this pack lists 6 and 8" in other


def test_accounts_that_left_are_on_page_one_as_a_gap_and_in_no_count() -> None:
    page = page_of(an_account_view(), an_account_view(account=MEMBER, status="unplanned", stale=True))
    assert any(one.startswith("1 account known from earlier runs") for one in page.gaps)
    assert page.scope[-1].startswith("6 identities of ")


def test_a_failure_that_was_found_told_fixed_and_verified_is_told_with_its_dates() -> None:
    finding = mended()
    changes: dict[str, Any] = {"notices": (told(finding, NOW - days(2)),)}
    page = page_of(an_account_view(findings=(finding,)), **changes)
    dates = "(found 2026-11-19, told 2026-11-20, fixed 2026-11-21, held for 3 runs)"
    assert f"For example: IDC-15 for {finding.subject} {dates}." in page.questions[9].answer
    assert "1 failure found, told, fixed and verified in the period." in facts(page, "good")


def test_without_such_a_failure_that_is_said_with_the_reason() -> None:
    assert "found, told, fixed and verified: none in period (no notice" in asked(10).answer


def test_texts_of_others_are_revealed_and_kept_on_one_line() -> None:
    hostile = an_unread_account_view(MEMBER)
    coverage = (
        AccountCoverage(
            account=MEMBER,
            status="unreachable",
            reason="person-1\n# \u202eevil\x1b[31m" + "x" * 999,
            identities=0,
            cells=0,
            cells_ok=0,
        ),
    )
    page = page_of(
        hostile, runs=(a_pack_run(0, coverage=coverage),), reveal=lambda text: text.replace("person-1", "Jane")
    )
    gap = next(one for one in page.gaps if MEMBER in one)
    assert "\n" not in gap
    assert "Jane # <U+202E>evil<U+001B>[31m" in gap
    assert len(gap) < 400


def test_the_same_period_gives_the_same_page() -> None:
    assert page_of() == page_of()


def test_an_empty_period_shows_the_run_before_it_and_says_so() -> None:
    page = page_of(**NOTHING)
    assert "which is the last one before the period" in page.as_of
    assert page.verdict.startswith("No run was made in the period")


# What an answer must not claim


def test_what_came_and_went_between_two_runs_is_said_to_be_unseen() -> None:
    said = asked(5).answer
    assert "Runs are 24 hours apart by the schedule" in said
    assert "is in no snapshot" in said
    assert "as far apart as 29_runs.csv says" in asked(5, schedule=None, ticks_due=(), ticks_met={}).answer


def test_a_custody_log_without_a_record_is_offered_with_that_number() -> None:
    assert "27_custody_log.csv holds 0 custody records and 0 answers: no hold, sample or hand-over" in asked(11).answer
    assert "holds 0 custody records and 1 answer" in asked(11, answers=(an_answer(),)).answer


def test_compensating_controls_that_no_sealed_result_speaks_of_are_counted_apart() -> None:
    key = some_identities()[0]
    entry = an_exception(NETWORK, BOUNDARY)
    result = a_result(ResultStatus.EXCEPTION, control="IDC-15", subject=key.id, exception=entry.id)
    said = asked(9, an_account_view(results=(result,)), governance=excepting(entry)).answer
    assert "0 PASS, 0 FAIL, 0 NOT_TESTED by sealed results, and 2 INFERRED" in said
    nothing = asked(9, governance=excepting(entry)).answer
    assert "0 PASS, 0 FAIL, 2 NOT_TESTED by sealed results, and 0 INFERRED" in nothing


def test_rotation_counts_the_rows_of_its_file_and_says_which_no_count_has() -> None:
    left = an_account_view(account=MEMBER, status="unplanned", stale=True)
    said = asked(8, an_account_view(), left).answer
    assert "2 rows of access keys: PASS 1, FAIL 1; 1 row of secrets: no result." in said
    assert (
        "Beside those it has 2 access keys and 1 secret of accounts that left, as last seen and marked stale." in said
    )
    assert "Beside those" not in asked(8).answer


def test_accounts_are_told_on_one_base_and_the_others_beside() -> None:
    coverage = tuple(
        AccountCoverage(account=one, status=status, reason=None, identities=0, cells=1, cells_ok=1)
        for one, status in ((ACCOUNT, "sealed"), (MEMBER, "skipped"))
    )
    views = (an_account_view(), an_account_view(account="3" * 12, status="unplanned", stale=True))
    page = page_of(*views, runs=(a_pack_run(0, coverage=coverage),))
    assert "its plan had 1 to be read and 1 left out." in page.scope[0]
    assert page.scope[0].endswith("This pack has 2 accounts, 1 of them known from earlier runs and not of that plan.")


def test_a_pseudonymised_pack_says_which_names_are_still_in_it() -> None:
    options = PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22), pseudonymise=True)
    said = dict(page_of(options=options).identification)["people"]
    assert "names of IAM users, roles and secrets" in said
    assert "may hold people's names" in said
    assert dict(page_of().identification)["people"] == "named"
