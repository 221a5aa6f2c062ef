"""The life of a finding, run after run: what moves it, what does not, when it is due, and which transitions are told."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.controls import due
from prooftrail.controls.due import began, overdue
from prooftrail.controls.events import event_of
from prooftrail.controls.findings import fold
from prooftrail.controls.fingerprints import fingerprint
from prooftrail.controls.grading import Indication, graded, recurrences
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import Exceptions
from prooftrail.governance.policy import Owner, Owners
from prooftrail.governance.thresholds import ByTier, Limits, Threshold, Thresholds
from prooftrail.model.iam import Root, Secret
from prooftrail.model.identity import Identity, IdentityClass, Kind, Known, Rung
from prooftrail.model.judgement import (
    Event,
    Finding,
    FindingStatus,
    Limit,
    Result,
    ResultStatus,
    SubjectType,
    Tier,
)
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import AlternateContact
from tests.builders import ACCOUNT, MEMBER, NOW, REGION, UNTOLD, a_run, an_identity, days, replaced, tagged, used
from tests.builders.judging import a_context, judged_snapshot, unknowing
from tests.builders.judging_exceptions import an_exception
from tests.builders.judging_findings import CATALOG, WORKER, Days, a_result, a_worker, an_assessment, fold_one
from tests.builders.judging_people import (
    certificate,
    declared,
    key,
    role,
    root,
    saml_provider,
    secret,
    service_credential,
    user,
)

PASS, FAIL, EXCEPTION = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.EXCEPTION
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
OPEN, FIXED, VERIFIED = FindingStatus.OPEN, FindingStatus.FIXED, FindingStatus.VERIFIED
KEY = ("IDC-08", WORKER)


def lived(*statuses: ResultStatus, governance: Governance | None = None) -> Finding:
    days_ = Days(governance)
    for status in statuses:
        days_.day(a_result(status))
    return days_.only()


def test_a_failing_result_opens_a_finding_about_its_identity() -> None:
    worker = a_worker(owner=Known(value="ada", rung=Rung.IDENTITY_TAG), family="worker:1234")
    found = Days().day(a_result(), identities=[worker])[KEY]
    assert found.status is OPEN
    assert found.fingerprint == fingerprint(*KEY)
    assert (found.kind, found.arn, found.name) == (worker.kind, worker.arn, worker.name)
    assert (found.owner, found.family) == ("ada", "worker:1234")
    assert (found.severity, found.tier) == (Tier.MEDIUM, Tier.MEDIUM)
    assert found.opened_run == found.last_seen_run == a_run().id


@pytest.mark.parametrize("status", [PASS, NOT_APPLICABLE, NOT_TESTED])
def test_what_does_not_fail_opens_nothing(status: ResultStatus) -> None:
    assert Days().day(a_result(status)) == {}


def test_a_fingerprint_is_of_control_and_subject_and_of_nothing_else() -> None:
    other = [fingerprint("IDC-08", "AROA2"), fingerprint("IDC-07", WORKER), fingerprint("IDC-0", f"8{WORKER}")]
    assert len({fingerprint(*KEY), *other}) == 4
    assert lived(FAIL, FAIL).fingerprint == fingerprint(*KEY)


def test_a_finding_stays_open_from_its_first_day_while_the_result_fails() -> None:
    one = lived(FAIL, FAIL, FAIL)
    assert (one.status, one.opened_run, one.opened_at) == (OPEN, a_run().id, NOW)
    assert one.last_seen_run == a_run(2).id
    assert one.reopened == 0


@pytest.mark.parametrize("good", [PASS, NOT_APPLICABLE])
def test_a_finding_is_fixed_when_first_seen_so_and_verified_after_three_more_runs(good: ResultStatus) -> None:
    assert lived(FAIL, good).status is FIXED
    assert lived(FAIL, good).fixed_run == a_run(1).id
    assert lived(FAIL, good).fixed_why == f"It is {good}."
    assert [lived(FAIL, *[good] * number).status for number in (1, 2, 3, 4, 5)] == [
        FIXED,
        FIXED,
        FIXED,
        VERIFIED,
        VERIFIED,
    ]


def test_the_organization_says_after_how_many_runs_a_fix_is_verified() -> None:
    one = Governance(thresholds=Thresholds(verified_after_runs=1))
    assert lived(FAIL, PASS, governance=one).status is FIXED
    assert lived(FAIL, PASS, PASS, governance=one).status is VERIFIED


@pytest.mark.parametrize("fixed_runs", [1, 4])
def test_a_fixed_or_verified_finding_that_fails_again_is_reopened_and_counted(fixed_runs: int) -> None:
    one = lived(FAIL, *[PASS] * fixed_runs, FAIL)
    assert (one.status, one.reopened, one.held) == (OPEN, 1, 0)
    assert (one.fixed_run, one.fixed_why) == (None, None)
    assert (one.opened_run, one.opened_at) == (a_run().id, NOW)


@pytest.mark.parametrize("good", [PASS, NOT_APPLICABLE])
@pytest.mark.parametrize("good_runs", [1, 2, 3])
def test_a_finding_that_comes_back_before_its_fix_was_verified_keeps_its_due_date(
    good_runs: int, good: ResultStatus
) -> None:
    one = lived(FAIL, *[good] * good_runs, FAIL)
    assert (one.due_at, one.due_why) == (NOW + days(30), lived(FAIL).due_why)
    assert (one.status, one.reopened, one.opened_at) == (OPEN, 1, NOW)


def test_good_runs_in_between_never_buy_time_however_often() -> None:
    one = lived(*[FAIL, PASS] * 20, FAIL)
    assert (one.due_at, one.reopened) == (NOW + days(30), 20)
    assert overdue(one, one.due_at + days(1) / 86_400_000_000)


@pytest.mark.parametrize("good_runs", [4, 5])
def test_a_verified_finding_that_comes_back_gets_the_days_of_its_tier_anew(good_runs: int) -> None:
    one = lived(FAIL, *[PASS] * good_runs, FAIL)
    assert one.due_at == NOW + days(good_runs + 1 + 30)
    assert lived(FAIL, *[PASS] * good_runs, FAIL, PASS, FAIL).due_at == one.due_at


@pytest.mark.parametrize(("good_runs", "returned"), [(3, None), (4, 5), (5, 6)])
def test_a_finding_says_when_it_came_back_after_it_was_verified(good_runs: int, returned: int | None) -> None:
    one = lived(FAIL, *[PASS] * good_runs, FAIL)
    assert one.returned_at == (None if returned is None else NOW + days(returned))
    assert lived(FAIL, *[PASS] * good_runs, FAIL, PASS, FAIL).returned_at == one.returned_at


def test_a_finding_that_comes_back_at_a_higher_tier_is_due_sooner() -> None:
    story = Days()
    story.day(a_result(tier=Tier.LOW))
    story.day(a_result(PASS, tier=Tier.LOW))
    assert story.day(a_result(tier=Tier.CRITICAL))[KEY].due_at == NOW + days(2 + 7)


def test_every_return_is_counted() -> None:
    assert lived(FAIL, PASS, FAIL, PASS, FAIL).reopened == 2


def test_what_could_not_be_tested_stays_open_and_says_since_when() -> None:
    one = lived(FAIL, NOT_TESTED, NOT_TESTED)
    assert (one.status, one.unseen_since, one.last_seen_run) == (OPEN, a_run(1).id, a_run().id)
    assert one.reason == "It is FAIL."
    assert lived(FAIL, NOT_TESTED, FAIL).unseen_since is None


def test_a_run_that_could_not_test_does_not_count_towards_verification() -> None:
    assert lived(FAIL, PASS, NOT_TESTED, NOT_TESTED, NOT_TESTED, NOT_TESTED).status is FIXED


def test_an_accepted_deviation_stays_open_marked_and_is_never_overdue() -> None:
    story = Days()
    story.day(a_result())
    story.day(a_result(EXCEPTION, exception="EX-7"))
    one = story.only()
    assert (one.status, one.exception) == (OPEN, "EX-7")
    assert not overdue(one, NOW + days(1000))


def test_an_exception_that_lapses_gives_the_days_of_the_tier_anew() -> None:
    story = Days()
    story.day(a_result(EXCEPTION, exception="EX-7"))
    for _ in range(60):
        story.day(a_result(EXCEPTION, exception="EX-7"))
    story.day(a_result(FAIL, exception="EX-7", reason="Exception EX-7 is void: it expired."))
    one = story.only()
    assert one.exception is None
    assert one.due_at == NOW + days(61 + 30)
    assert overdue(one, one.due_at + days(1))


@pytest.mark.parametrize(
    ("tier", "allowed"), [(Tier.CRITICAL, 7), (Tier.HIGH, 14), (Tier.MEDIUM, 30), (Tier.LOW, 90), (None, 7)]
)
def test_the_due_date_follows_from_the_tier_and_an_unknown_tier_counts_as_the_highest(
    tier: Tier | None, allowed: int
) -> None:
    one = Days().day(a_result(tier=tier))[KEY]
    assert one.due_at == NOW + days(allowed)
    assert one.severity is (tier or Tier.CRITICAL)
    assert one.tier is tier
    assert f"{allowed} days to mend" in one.due_why


def limit_of(control: str, name: str, days_: int) -> Threshold:
    return Threshold(
        control=control,
        name=name,
        values=ByTier(critical=days_, high=days_, medium=days_, low=days_),
        approved_by="risk board",
        approved_on=NOW.date(),
        effective_on=NOW.date(),
    )


@pytest.mark.parametrize(("left", "grace"), [(False, 7), (True, 3)], ids=["to find out", "to hand over"])
@pytest.mark.parametrize("value", [None, "bob"])
def test_grace_moves_the_due_date_of_what_idc_02_asks_and_not_the_result(
    value: str | None, left: bool, grace: int
) -> None:
    set_ = Thresholds(threshold=(limit_of("IDC-02", "days_to_reassign_after_owner_leaves", 3),))
    story = Days(Governance(thresholds=set_))
    carried = due.grace(Limits(CATALOG.defaults, set_, NOW), Tier.HIGH, left=left)
    one = story.day(a_result(control="IDC-02", tier=Tier.HIGH, value=value, limit=carried))["IDC-02", WORKER]
    assert one.status is OPEN
    assert one.due_at == NOW + days(14 + grace)
    assert f"{grace} days of grace" in one.due_why


def test_escalation_paths_have_days_of_their_own() -> None:
    set_ = limit_of("IDC-21", "remediation_days", 1)
    story = Days(Governance(thresholds=Thresholds(threshold=(set_,))))
    found = story.day(a_result(control="IDC-21"), a_result())
    assert found["IDC-21", WORKER].due_at == NOW + days(1)
    assert found[KEY].due_at == NOW + days(30)


def test_a_rising_tier_moves_the_due_date_forward_and_a_falling_one_leaves_it() -> None:
    story = Days()
    story.day(a_result(tier=Tier.LOW))
    risen = story.day(a_result(tier=Tier.CRITICAL))[KEY]
    assert (risen.severity, risen.due_at) == (Tier.CRITICAL, NOW + days(1 + 7))
    fallen = story.day(a_result(tier=Tier.LOW))[KEY]
    assert (fallen.severity, fallen.due_at) == (Tier.LOW, NOW + days(1 + 7))


def test_exactly_on_the_due_date_a_finding_is_in_time() -> None:
    one = lived(FAIL)
    assert not overdue(one, one.due_at)
    assert overdue(one, one.due_at + days(1) / 86_400_000_000)
    assert not overdue(lived(FAIL, PASS), NOW + days(1000))


def test_what_was_there_before_the_first_run_fails_since_before_it() -> None:
    one = lived(FAIL)
    assert one.since_before
    assert began(one) == f"failing since before {a_run().id}"


def test_what_was_seen_to_pass_before_began_to_fail_in_front_of_us() -> None:
    one = lived(PASS, FAIL)
    assert not one.since_before
    assert began(one) == f"failing since {a_run(1).id}"


def test_what_was_born_after_the_first_run_did_not_fail_before_it() -> None:
    story = Days()
    story.day(a_result(PASS))
    young = a_worker("AROA2", age=-days(1))
    assert not story.day(a_result(PASS), a_result(subject="AROA2"), identities=[a_worker(), young])[
        "IDC-08", "AROA2"
    ].since_before


def test_what_could_not_be_tested_before_may_have_failed_all_along() -> None:
    assert lived(NOT_TESTED, NOT_TESTED, FAIL).since_before


def test_what_came_into_sight_late_but_is_older_than_the_first_run_may_have_failed_all_along() -> None:
    story = Days()
    story.day(a_result(PASS))
    found = story.day(a_result(PASS), a_result(subject="AROA2"), identities=[a_worker(), a_worker("AROA2")])
    assert found["IDC-08", "AROA2"].since_before


def test_an_identity_that_is_gone_is_fixed_where_its_place_was_read_to_the_end() -> None:
    story = Days()
    story.day(a_result())
    one = story.day(identities=[])[KEY]
    assert one.status is FIXED
    assert one.fixed_why == "it is gone: principals in global was read to its end and does not list it"


@pytest.mark.parametrize("status", [CellStatus.DENIED, CellStatus.PARTIAL, CellStatus.LATE])
def test_an_identity_nobody_could_look_for_keeps_its_finding_open(status: CellStatus) -> None:
    story = Days()
    story.day(a_result())
    one = story.day(identities=[], cells={Collector.PRINCIPALS: status})[KEY]
    assert (one.status, one.unseen_since) == (OPEN, a_run(1).id)
    assert story.findings is not None
    assert [held.subject for held in story.findings.held] == [WORKER]


SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"


def a_home_case(identity: str, kind: Kind, collector: Collector) -> Any:
    return pytest.param(identity, kind, collector, id=kind)


@pytest.mark.parametrize(
    ("identity", "kind", "collector"),
    [
        a_home_case("AKIAEXAMPLE000000001", Kind.ACCESS_KEY, Collector.ACCESS_KEYS),
        a_home_case("ACCAEXAMPLE000000001", Kind.SERVICE_SPECIFIC_CRED, Collector.SERVICE_SPECIFIC_CREDENTIALS),
        a_home_case("AIDAEXAMPLE000000001", Kind.SERVICE_USER, Collector.PRINCIPALS),
        a_home_case("ASCAEXAMPLE000000001", Kind.CERTIFICATE, Collector.SERVER_CERTIFICATES),
        a_home_case(SECRET, Kind.SECRET, Collector.SECRETS),
        a_home_case(f"arn:aws:iam::{ACCOUNT}:saml-provider/okta", Kind.SAML_PROVIDER, Collector.SAML_PROVIDERS),
        a_home_case(f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com", Kind.OIDC_PROVIDER, Collector.OIDC_PROVIDERS),
    ],
)
def test_each_kind_is_looked_for_where_it_lives(identity: str, kind: Kind, collector: Collector) -> None:
    def after(cells: Any) -> FindingStatus:
        story = Days()
        story.day(a_result(subject=identity), identities=[a_worker(identity, kind=kind)])
        return story.day(identities=[], cells=cells)["IDC-08", identity].status

    assert after({collector: CellStatus.DENIED}) is OPEN
    assert after({}) is FIXED
    others = {one: CellStatus.DENIED for one in Collector if one is not collector}
    assert after(others) is FIXED


def test_a_secret_of_a_region_that_was_switched_off_is_out_of_sight_and_not_gone() -> None:
    story = Days()
    story.day(a_result(subject=SECRET), identities=[a_worker(SECRET, kind=Kind.SECRET)])
    found = story.day(identities=[], facts={"regions_enabled": ("us-east-1",)})
    assert found["IDC-08", SECRET].status is OPEN


def test_a_secret_that_turns_out_to_be_a_replica_is_judged_with_its_primary() -> None:
    story = Days()
    replica = SECRET.replace(REGION, "us-east-1")
    story.day(a_result(subject=replica), identities=[a_worker(replica, kind=Kind.SECRET)])
    facts = Secret(rotation_enabled=False, replicas=("us-east-1",))
    primary = an_identity(facts, id=SECRET, arn=SECRET, kind=Kind.SECRET, region=REGION)
    found = story.day(identities=[primary])["IDC-08", replica]
    assert found.fixed_why == "it is judged together with the secret it is a replica of"


def test_an_identity_a_control_asks_nothing_of_any_more_is_not_failing_it_any_more() -> None:
    story = Days()
    story.day(a_result())
    one = story.day(identities=[a_worker(kind=Kind.ROLE_SERVICE_LINKED)])[KEY]
    assert one.fixed_why == "IDC-08 asks nothing of it any more: it is a role service linked"


@pytest.mark.parametrize(("status", "ends"), [(CellStatus.OK, FIXED), (CellStatus.PARTIAL, OPEN)])
def test_a_credential_no_longer_seen_is_gone_only_where_the_texts_were_read(status: CellStatus, ends: Any) -> None:
    story = Days()
    story.day(a_result(control="IDC-18"))
    assert story.day(cells={Collector.ROLE_SETTINGS: status})["IDC-18", WORKER].status is ends


def test_an_identity_nobody_can_tell_the_kind_of_this_time_keeps_its_finding_open() -> None:
    story = Days()
    story.day(a_result())
    doubtful = a_worker(kind=Kind.ROLE_CROSS_ACCOUNT, unknown=("class", "kind"))
    one = story.day(identities=[doubtful])[KEY]
    assert (one.status, one.unseen_since) == (OPEN, a_run(1).id)
    assert story.transitions == ()


def test_an_accounts_finding_is_told_to_whoever_owns_its_root() -> None:
    root = an_identity(
        Root(), id=f"arn:aws:iam::{ACCOUNT}:root", kind=Kind.ROOT, owner=Known(value="ada", rung=Rung.ACCOUNT)
    )
    result = a_result(control="IDC-12", subject=ACCOUNT, identity=None, subject_type=SubjectType.ACCOUNT)
    found = Days().day(result, identities=[root])["IDC-12", ACCOUNT]
    assert (found.owner, found.kind, found.arn) == ("ada", None, None)


def test_the_first_run_tells_no_transition() -> None:
    story = Days()
    story.day(a_result(), a_result(PASS, control="IDC-20"))
    assert story.transitions == ()


def test_every_result_that_differs_is_told_with_its_reason_and_nothing_else() -> None:
    story = Days()
    story.day(a_result(PASS), a_result(control="IDC-20"))
    story.day(a_result(FAIL), a_result(control="IDC-20"), a_result(PASS, control="IDC-21"))
    told = [(one.control, one.before, one.after, one.reason) for one in story.transitions]
    assert told == [("IDC-08", PASS, FAIL, "It is FAIL."), ("IDC-21", None, PASS, "It is PASS.")]


def test_a_subject_that_is_gone_is_told_once() -> None:
    story = Days()
    story.day(a_result(PASS))
    story.day(identities=[])
    assert [(one.before, one.after) for one in story.transitions] == [(PASS, None)]
    story.day(identities=[])
    assert story.transitions == ()


def test_a_subject_out_of_sight_is_no_transition() -> None:
    story = Days()
    story.day(a_result(PASS))
    story.day(identities=[], cells={Collector.PRINCIPALS: CellStatus.DENIED})
    assert story.transitions == ()
    story.day(a_result(PASS))
    assert story.transitions == ()


def test_held_says_since_which_run_a_result_is_what_it_is() -> None:
    story = Days()
    for status in (PASS, FAIL, FAIL):
        story.day(a_result(status))
    assert story.findings is not None
    assert [(one.status, one.since) for one in story.findings.held] == [(FAIL, a_run(1).id)]
    assert story.findings.header.first_run == a_run().id


def test_the_organization_has_findings_without_a_snapshot() -> None:
    unread = a_result(control="IDC-01", subject=MEMBER, identity=None, subject_type=SubjectType.ACCOUNT)
    first = an_assessment(unread, account=ORGANIZATION)
    before, _ = fold_one(None, None, first)
    assert before.findings[0].status is OPEN
    after, told = fold_one(before, None, an_assessment(run=a_run(1), account=ORGANIZATION))
    assert after.findings[0].status is FIXED
    assert after.findings[0].fixed_why == "IDC-01 states nothing about it any more"
    assert [(one.before, one.after) for one in told] == [(FAIL, None)]


@pytest.mark.parametrize("called", ["jane", "Jane Doe", "jane@example.com", "JANE DOE"])
def test_what_is_wrong_with_an_exception_is_told_to_whoever_answers_for_its_risk(called: str) -> None:
    jane = Owner(id="jane", name="Jane Doe", email="jane@example.com")
    policy = Governance(
        owners=Owners(owner=(jane,)), exceptions=Exceptions(exception=(an_exception(risk_owner=called),))
    )
    lapsed, unknown = (
        a_result(control="IDC-32", subject=name, identity=None, subject_type=SubjectType.EXCEPTION)
        for name in (an_exception().id, "EX-GONE")
    )
    context = a_context(policy)
    found, _ = fold(None, None, an_assessment(lapsed, unknown, account=ORGANIZATION), context, CATALOG)
    assert {one.subject: one.owner for one in found.findings} == {an_exception().id: "jane", "EX-GONE": None}


def test_findings_of_another_account_cannot_be_followed() -> None:
    before, _ = fold_one(None, judged_snapshot(), an_assessment())
    with pytest.raises(ValueError, match="cannot be followed"):
        fold_one(before, judged_snapshot(), an_assessment(account=MEMBER, run=a_run(1)))


def seen(one: Identity, *others: Identity, control: str = "IDC-20", **known: Any) -> Finding:
    """The finding of `one` as it stands after a day on which it fails."""
    told = {key: known.pop(key) for key in ("limit", "subject") if key in known}
    result = a_result(control=control, identity=one.id, **{"subject": one.id, **told})
    (found,) = Days().day(result, identities=[one, *others], **known).values()
    return found


def test_a_finding_carries_the_limit_its_result_was_held_against() -> None:
    limit = Limit(name="unused_role_days", value="90 days", set_by="the board")
    assert seen(a_worker(), limit=limit).limit == limit
    assert seen(a_worker()).limit is None


YESTERDAY = used(days(1))
ADA, OKTA = user("ada"), saml_provider()
KEY_OF_ADA, CREDENTIAL = key(ADA), service_credential(ADA)
NO_KEYS = {Collector.ACCESS_KEYS: CellStatus.DENIED}


@pytest.mark.parametrize(
    ("one", "others", "words"),
    [
        (role(usage=YESTERDAY), (), "last used 2026-11-21"),
        (role(age=days(400)), (), "never used"),
        (role(age=days(400) + days(1) / 86_400), (), "not used in the 400 days AWS tracks"),
        (role(age=None), (), "not used in the 400 days AWS tracks"),
        (role(usage=UNTOLD), (), "last use not known"),
        (unknowing(role(usage=YESTERDAY), "usage"), (), "last use not known"),
        (key(ADA, age=days(900)), (ADA,), "never used"),
        (key(ADA, usage=used(days(40))), (ADA,), "last used 2026-10-13"),
        (secret(usage=used(days(2))), (), "last used 2026-11-20"),
        (root(usage=used(days(2))), (), "last used 2026-11-20"),
        (ADA, (), "last used 2026-11-21"),
        (ADA, (key(ADA, usage=used(timedelta(0))),), "last used 2026-11-22"),
        (ADA, (key(ADA, usage=UNTOLD),), "last use not known"),
        (user("ada", password=None), (), "last use not known"),
        (user("ada", password=False), (key(ADA, usage=used(days(3))),), "last used 2026-11-19"),
        (user("ada", password=False), (key(ADA),), "never used"),
        (user("ada", password=False), (), None),
        (CREDENTIAL, (ADA,), None),
        (certificate(), (), None),
        (OKTA, (), None),
    ],
)
def test_a_finding_tells_the_last_use_as_far_as_aws_does(
    one: Identity, others: tuple[Identity, ...], words: str | None
) -> None:
    assert seen(one, *others).used == words


def test_a_key_that_was_not_listed_may_have_been_used_since() -> None:
    assert seen(ADA, cells=NO_KEYS).used == "last use not known"
    assert seen(ADA, subject=f"{ADA.id}#password", cells=NO_KEYS).used == "last used 2026-11-21"
    assert seen(ADA, subject=f"{ADA.id}#certificate-1").used is None


@pytest.mark.parametrize(
    ("one", "others", "person"),
    [
        (ADA, (), True),
        (KEY_OF_ADA, (ADA,), True),
        (KEY_OF_ADA, (), False),
        (role(), (), False),
        (role(classification=declared(IdentityClass.HUMAN)), (), True),
        (user("ada", cls=declared(IdentityClass.UNDETERMINED)), (), True),
        (user("ci", cls=declared(IdentityClass.NON_HUMAN), kind=Kind.SERVICE_USER), (), False),
    ],
)
def test_a_finding_says_whether_its_use_is_a_persons(one: Identity, others: tuple[Identity, ...], person: bool) -> None:
    assert seen(one, *others).person is person


@pytest.mark.parametrize(
    ("mine", "parents", "told"),
    [
        ({}, {}, None),
        ({"prooftrail:not-mine": "ask person-2"}, {}, "ask person-2"),
        ({"ProofTrail:Not-Mine": ""}, {}, ""),
        ({}, {"prooftrail:NOT-MINE": "moved"}, "moved"),
        ({"prooftrail:not-mine": "mine says"}, {"prooftrail:not-mine": "its user says"}, "mine says"),
        ({"not-mine": "yes", "prooftrail:not-mine-at-all": "yes"}, {}, None),
    ],
)
def test_a_tag_of_the_identity_or_of_its_user_says_that_it_is_not_theirs(
    mine: dict[str, str], parents: dict[str, str], told: str | None
) -> None:
    assert seen(key(ADA, tags=tagged(mine)), user("ada", tags=tagged(parents))).not_mine == told


def test_what_a_tag_said_counts_until_the_tags_are_read_again() -> None:
    story, signed = Days(), a_worker(tags=tagged({"prooftrail:not-mine": "not ours"}))
    assert story.day(a_result(), identities=[signed])[KEY].not_mine == "not ours"
    unread = unknowing(a_worker(tags=None), "tags")
    assert story.day(a_result(), identities=[unread])[KEY].not_mine == "not ours"
    assert story.day(a_result(), identities=[a_worker()])[KEY].not_mine is None


@pytest.mark.parametrize(
    ("one", "expires_at"),
    [(certificate(days(9)), NOW + days(9)), (saml_provider(-days(9)), NOW - days(9)), (certificate(None), None)],
)
def test_a_finding_of_what_expires_says_when(one: Identity, expires_at: Any) -> None:
    assert seen(one, control="IDC-19").expires_at == expires_at


def test_the_header_carries_the_accounts_contacts_where_they_were_read() -> None:
    contact = AlternateContact(type="SECURITY", name=None, email="person-9", read_in=a_run().id)
    for contacts in (None, (), (contact,)):
        story = Days()
        story.day(facts={"contacts": contacts})
        assert story.findings is not None
        assert story.findings.header.contacts == contacts


def test_findings_of_the_organization_have_nothing_upcoming_and_nobody_to_contact() -> None:
    found, _ = fold_one(None, None, an_assessment(a_result(PASS, control="IDC-15"), account=ORGANIZATION))
    assert (found.upcoming, found.header.contacts) == ((), None)


@pytest.mark.parametrize(
    ("control", "owner", "event"),
    [
        ("IDC-02", None, Event.UNOWNED),
        ("IDC-02", "person-1", Event.FINDING),
        ("IDC-07", None, Event.UNUSED),
        ("IDC-08", "person-1", Event.UNUSED),
        ("IDC-15", None, Event.ROTATION),
        ("IDC-16", None, Event.FINDING),
        ("IDC-17", None, Event.ROTATION),
        ("IDC-18", None, Event.FINDING),
        ("IDC-19", None, Event.EXPIRY),
    ],
)
def test_what_a_finding_is_told_as_follows_from_its_control(control: str, owner: str | None, event: Event) -> None:
    one = seen(a_worker(owner=Known(value=owner)), control=control)
    assert event_of(one) is event


SUBJECTS = ("AROA1", "AROA2", "AROA3")
results = st.lists(
    st.builds(
        lambda subject, control, status, tier: a_result(status, subject=subject, control=control, tier=tier),
        st.sampled_from(SUBJECTS),
        st.sampled_from(["IDC-02", "IDC-08", "IDC-21"]),
        st.sampled_from(list(ResultStatus)),
        st.sampled_from([*Tier, None]),
    ),
    unique_by=lambda one: (one.control, one.subject),
    max_size=9,
)
there = st.sets(st.sampled_from(SUBJECTS))
cells = st.sampled_from([{}, {Collector.PRINCIPALS: CellStatus.DENIED}])
stories = st.lists(st.tuples(results, there, cells), min_size=1, max_size=5)


def told(story: list[tuple[list[Result], set[str], Any]], *, twice: bool = False) -> Days:
    days_ = Days()
    for found, present, unread in story:
        identities = [a_worker(one) for one in sorted(present | {one.subject for one in found})]
        days_.day(*found, identities=identities, cells=unread)
        if twice:
            before = days_.findings
            days_.again(*found, identities=identities, cells=unread)
            assert days_.transitions == ()
            assert days_.findings == before
    return days_


@settings(max_examples=60, deadline=None)
@given(stories)
def test_folding_a_run_once_more_changes_nothing(story: list[tuple[list[Result], set[str], Any]]) -> None:
    assert told(story, twice=True).findings == told(story).findings


@settings(max_examples=60, deadline=None)
@given(stories, st.randoms())
def test_the_order_of_results_never_matters(story: list[tuple[list[Result], set[str], Any]], random: Any) -> None:
    mixed = [(random.sample(found, len(found)), present, unread) for found, present, unread in story]
    one, other = told(story), told(mixed)
    assert one.findings == other.findings
    assert one.transitions == other.transitions


@settings(max_examples=60, deadline=None)
@given(stories)
def test_nothing_is_fixed_but_by_a_result_or_a_place_that_was_read(
    story: list[tuple[list[Result], set[str], Any]],
) -> None:
    days_ = Days()
    for found, present, unread in story:
        before = {} if days_.findings is None else {(one.control, one.subject): one for one in days_.findings.findings}
        identities = [a_worker(one) for one in sorted(present | {one.subject for one in found})]
        after = days_.day(*found, identities=identities, cells=unread)
        assert before.keys() <= after.keys()
        by_key = {(one.control, one.subject): one.status for one in found}
        for name, one in after.items():
            if name in before and before[name].status is OPEN and one.status is not OPEN:
                good = by_key.get(name) in (PASS, NOT_APPLICABLE)
                assert good or (name not in by_key and (name[1] in {each.id for each in identities} or not unread))


def a_finding(**known: Any) -> Finding:
    return replaced(lived(FAIL), **known)


@pytest.mark.parametrize(
    ("findings", "indication"),
    [
        ([a_finding(severity=Tier.LOW)], Indication.OBSERVATION),
        ([a_finding(severity=Tier.MEDIUM)], Indication.MINOR),
        ([a_finding(severity=Tier.LOW, due_at=NOW - days(1))], Indication.MINOR),
        ([a_finding(severity=Tier.CRITICAL)], Indication.MINOR),
        ([a_finding(severity=Tier.CRITICAL, due_at=NOW - days(1))], Indication.MAJOR),
        ([a_finding(severity=Tier.HIGH, reopened=1)], Indication.MAJOR),
        ([a_finding(severity=Tier.HIGH, subject=str(number)) for number in range(9)], Indication.MINOR),
        ([a_finding(severity=Tier.HIGH, subject=str(number)) for number in range(10)], Indication.MAJOR),
        ([a_finding(control="IDC-10", reason="Root has an access key.")], Indication.MAJOR),
        ([a_finding(control="IDC-10", reason="Root has no MFA.")], Indication.MINOR),
        ([a_finding(control="IDC-28", reason="Anybody may come in, and no condition limits who that is.")], Indication.MAJOR),
        ([a_finding(control="IDC-24", reason="It writes evidence and may delete it.")], Indication.MAJOR),
    ],
)  # fmt: skip
def test_what_open_findings_speak_for(findings: list[Finding], indication: Indication) -> None:
    (one,) = graded(findings, NOW)
    assert one.indication is indication
    assert one.open == len(findings)


@pytest.mark.parametrize(
    ("failed", "passed", "indication", "why"),
    [
        (4, 0, Indication.MINOR, "not isolated: 4 of 4 tested fail"),
        (5, 0, Indication.MAJOR, "5 of 5 tested fail"),
        (5, 44, Indication.MAJOR, "5 of 49 tested fail"),
        (5, 45, Indication.MINOR, "isolated: 5 of 50 tested fail"),
        (0, 0, Indication.MINOR, "how many of those tested fail is not known"),
    ],
)
def test_how_many_of_those_tested_fail_tells_a_rule_from_a_lapse(
    failed: int, passed: int, indication: Indication, why: str
) -> None:
    one = a_finding(severity=Tier.HIGH)
    counts = {f"result:{one.control}:FAIL": failed, f"result:{one.control}:PASS": passed}
    (said,) = graded([one], NOW, counts)
    assert said.indication is indication
    assert why in said.why


def test_a_control_is_as_grave_as_the_gravest_of_its_findings() -> None:
    low, late = a_finding(severity=Tier.LOW), a_finding(severity=Tier.CRITICAL, subject="s2", due_at=NOW - days(1))
    (said,) = graded([low, late], NOW, {f"result:{low.control}:FAIL": 2, f"result:{low.control}:PASS": 98})
    assert (said.indication, said.why) == (Indication.MAJOR, "a critical one is past its due date")


def test_a_recurrence_is_of_the_same_control_and_arn_and_of_one_that_was_mended_before() -> None:
    arn, first, then = "arn:test:iam::1:user/u", "20261101T060000Z", "20261102T060000Z"
    old = a_finding(subject="OLD", fingerprint="f-old", arn=arn, status=FIXED, fixed_run=then)
    again = a_finding(subject="NEW", fingerprint="f-new", arn=arn, opened_run=then)
    beside = a_finding(subject="BESIDE", fingerprint="f-beside", arn=arn, opened_run=first)
    other = a_finding(subject="OTHER", fingerprint="f-other", arn=arn, opened_run=then, control="IDC-01")
    unnamed = a_finding(subject="NONE", fingerprint="f-none", arn=None, opened_run=then)
    assert recurrences([old, again, beside, other, unnamed]) == {"f-new": "f-old"}


def test_what_is_fixed_or_accepted_speaks_for_nothing() -> None:
    assert graded([a_finding(status=FIXED), a_finding(exception="EX-1")], NOW) == ()
