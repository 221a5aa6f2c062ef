"""What there is to tell: which findings, what is going to fail, and which exceptions that end, with everything about each."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from prooftrail.controls.fingerprints import fingerprint
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.governance.exceptions import Milestone
from prooftrail.model.identity import Kind, Known
from prooftrail.model.judgement import (
    Event,
    Finding,
    FindingStatus,
    Limit,
    ResultStatus,
    SubjectType,
    Tier,
    Upcoming,
)
from prooftrail.model.notice import Matter
from prooftrail.notices.matter import EXCEPTION_DAYS, of_exceptions, of_finding, of_upcoming
from tests.builders import ACCOUNT, NOW, a_run, days, replaced
from tests.builders.judging_exceptions import an_exception, excepting
from tests.builders.judging_findings import Days, a_result, a_worker
from tests.builders.judging_people import SECOND, certificate

RUN = a_run().id
LIMIT = Limit(name="unused_role_days", value="90 days", set_by="the board")
LAST = date(2026, 12, 31)


def a_finding(**known: Any) -> Finding:
    """The finding of a role of one owner, as folding makes it."""
    worker = a_worker(owner=Known(value="person-1"), family="worker:1234")
    (found,) = Days().day(a_result(limit=LIMIT), identities=[worker]).values()
    return replaced(found, **known)


def told(finding: Finding, **known: Any) -> Matter:
    found = of_finding(finding, ACCOUNT, known.get("read_in", RUN))
    assert found is not None
    return found


def test_an_open_finding_is_told_with_everything_about_it() -> None:
    worker = a_worker()
    assert told(a_finding(not_mine="x", person=True)) == Matter(
        id=fingerprint("IDC-08", worker.id),
        event=Event.UNUSED,
        control="IDC-08",
        account=ACCOUNT,
        subject=worker.id,
        identity=worker.id,
        kind=Kind.ROLE_WORKLOAD,
        arn=worker.arn,
        name="worker",
        family="worker:1234",
        owner="person-1",
        tier=Tier.MEDIUM,
        failing=True,
        since=NOW,
        since_before=True,
        due_at=NOW + days(30),
        reason="It is FAIL.",
        limit=LIMIT,
        used="never used",
        person=True,
        not_mine="x",
        read_in=RUN,
    )


@pytest.mark.parametrize("status", [FindingStatus.FIXED, FindingStatus.VERIFIED])
def test_what_is_mended_is_not_told(status: FindingStatus) -> None:
    assert of_finding(a_finding(status=status), ACCOUNT, RUN) is None


def test_what_is_accepted_is_not_told_until_the_exception_lapses() -> None:
    story = Days()
    (accepted,) = story.day(a_result(ResultStatus.EXCEPTION, exception="EX-1")).values()
    assert of_finding(accepted, ACCOUNT, RUN) is None
    (lapsed,) = story.day(a_result(exception="EX-1")).values()
    assert told(lapsed).due_at == NOW + days(31)


def test_what_could_not_be_seen_any_more_is_told_still_with_the_run_that_read_its_account() -> None:
    story = Days()
    story.day(a_result())
    (unseen,) = story.day(a_result(ResultStatus.NOT_TESTED)).values()
    assert (unseen.unseen_since, told(unseen, read_in=a_run(-3).id).read_in) == (a_run(1).id, a_run(-3).id)


def test_what_has_no_name_is_called_by_its_subject() -> None:
    about = a_result(control="IDC-12", subject=ACCOUNT, identity=None, subject_type=SubjectType.ACCOUNT)
    (found,) = Days().day(about).values()
    assert (told(found).name, told(found).kind, told(found).identity) == (ACCOUNT, None, None)


def expiring(left: timedelta) -> Finding:
    edge = certificate(left)
    (found,) = Days().day(a_result(control="IDC-19", subject=edge.id, identity=edge.id), identities=[edge]).values()
    return found


@pytest.mark.parametrize(
    ("left", "failing"), [(days(12), False), (timedelta(0), False), (-SECOND, True), (-days(9), True)]
)
def test_what_expires_is_told_by_its_expiry_and_fails_once_it_has_expired(left: timedelta, failing: bool) -> None:
    one = told(expiring(left))
    assert (one.event, one.due_at, one.failing) == (Event.EXPIRY, NOW + left, failing)
    assert (one.since, one.since_before) == ((NOW, True) if failing else (None, False))


def test_an_expiry_that_passes_while_nobody_can_look_fails_from_then_on() -> None:
    one = expiring(days(2))
    assert [told(one, read_in=a_run(day).id).failing for day in (0, 2, 3)] == [False, False, True]


def test_an_expiry_that_is_not_known_leaves_the_findings_own_due_date() -> None:
    one = replaced(expiring(days(2)), expires_at=None)
    assert (told(one).failing, told(one).due_at) == (True, one.due_at)


def test_an_expiry_decides_nothing_for_a_control_that_asks_for_something_else() -> None:
    one = a_finding(control="IDC-16", expires_at=NOW + days(2))
    assert (told(one).event, told(one).failing, told(one).due_at) == (Event.FINDING, True, one.due_at)


def test_the_same_certificate_is_one_matter_before_and_after_its_renewal_becomes_a_finding() -> None:
    found = expiring(days(12))
    before = of_upcoming(an_upcoming(fingerprint=found.fingerprint, due_at=NOW + days(12)), ACCOUNT, RUN)
    after = told(found)
    assert (before.id, before.failing, before.due_at) == (after.id, after.failing, after.due_at)


def an_upcoming(**known: Any) -> Upcoming:
    made: dict[str, Any] = {
        "fingerprint": "f" * 32,
        "event": Event.ROTATION,
        "control": "IDC-15",
        "subject": "AKIA1",
        "subject_type": SubjectType.CREDENTIAL,
        "identity": "AKIA1",
        "kind": Kind.ACCESS_KEY,
        "arn": "arn:aws:iam::111122223333:user/ada",
        "name": "AKIA1",
        "family": None,
        "owner": "person-1",
        "tier": Tier.HIGH,
        "due_at": NOW + days(5),
        "reason": "It is 55 days old.",
        "limit": LIMIT,
        "used": "never used",
        "person": True,
        "not_mine": "",
        **known,
    }
    return Upcoming(**made)


def test_what_is_going_to_fail_is_told_with_everything_about_it() -> None:
    assert of_upcoming(an_upcoming(), ACCOUNT, RUN) == Matter(
        id="f" * 32,
        event=Event.ROTATION,
        control="IDC-15",
        account=ACCOUNT,
        subject="AKIA1",
        identity="AKIA1",
        kind=Kind.ACCESS_KEY,
        arn="arn:aws:iam::111122223333:user/ada",
        name="AKIA1",
        family=None,
        owner="person-1",
        tier=Tier.HIGH,
        failing=False,
        since=None,
        since_before=False,
        due_at=NOW + days(5),
        reason="It is 55 days old.",
        limit=LIMIT,
        used="never used",
        person=True,
        not_mine="",
        read_in=RUN,
    )
    assert of_upcoming(an_upcoming(name=None), ACCOUNT, RUN).name == "AKIA1"


def endings(*entries: Any, on: date = LAST) -> list[Matter]:
    return list(of_exceptions(excepting(*entries), on, RUN))


def test_an_exception_that_ends_is_told_to_its_risk_owner_and_to_its_requester() -> None:
    first, second = endings(an_exception(identity="arn:aws:iam::111122223333:user/ada"), on=date(2026, 12, 2))
    assert first == Matter(
        id=first.id,
        event=Event.EXCEPTION,
        control="IDC-15",
        account="111122223333",
        subject="EX-1",
        identity=None,
        kind=None,
        arn="arn:aws:iam::111122223333:user/ada",
        name="EX-1",
        family=None,
        owner="payments",
        tier=Tier.MEDIUM,
        failing=False,
        since=None,
        since_before=False,
        due_at=datetime.fromisoformat("2026-12-31T23:59:59.999999+00:00"),
        reason=(
            "Exception EX-1 from IDC-15 for arn:aws:iam::111122223333:user/ada holds through 2026-12-31;"
            " what it accepts fails again the day after; not done of its retirement: replace it (due 2026-12-01)."
        ),
        limit=Limit(
            name="expires_on",
            value="2026-12-31",
            set_by="exceptions.toml, approved by jane on 2026-11-01 (declared, not verified)",
        ),
        used=None,
        person=False,
        not_mine=None,
        read_in=RUN,
    )
    assert second == replaced(first, id=second.id, owner="sam")
    assert first.id != second.id
    assert [one.id for one in endings(an_exception())] == [first.id, second.id]


@pytest.mark.parametrize("requester", ["payments", "Payments team"])
def test_one_person_is_told_once(requester: str) -> None:
    assert [one.owner for one in endings(an_exception(requester=requester))] == ["payments"]


@pytest.mark.parametrize(
    ("left", "told"), [(EXCEPTION_DAYS + 1, False), (EXCEPTION_DAYS, True), (1, True), (0, True), (-1, False)]
)
def test_an_exception_is_told_from_thirty_days_before_its_last_day_through_that_day(left: int, told: bool) -> None:
    assert bool(endings(an_exception(), on=LAST - days(left))) == told


def test_an_exception_that_does_not_hold_yet_does_not_end() -> None:
    later = an_exception(approved_on=date(2026, 12, 30))
    assert [bool(endings(later, on=date(2026, 12, day))) for day in (29, 30)] == [False, True]


@pytest.mark.parametrize(
    ("next_one", "ends"),
    [
        ({"approved_on": date(2027, 1, 1)}, False),
        ({"approved_on": date(2026, 11, 1)}, False),
        ({"approved_on": date(2027, 1, 2)}, True),
        ({"approved_on": date(2027, 1, 1), "control": "IDC-17"}, True),
        ({"approved_on": date(2027, 1, 1), "identity": "AIDAOTHER"}, True),
        ({"approved_on": date(2026, 11, 1), "expires_on": LAST}, True),
    ],
)
def test_an_exception_that_another_carries_on_without_a_gap_does_not_end(next_one: dict[str, Any], ends: bool) -> None:
    other = an_exception(**{"id": "EX-2", "expires_on": date(2027, 3, 1), **next_one})
    assert ("EX-1" in {one.subject for one in endings(an_exception(), other)}) == ends


@pytest.mark.parametrize(
    ("identity", "account", "arn"),
    [
        ("arn:aws:iam::111122223333:role/x", "111122223333", "arn:aws:iam::111122223333:role/x"),
        ("arn:aws:iam::111122223333:role/x-*", "111122223333", None),
        ("arn:aws-cn:iam::111122223333:role/x?", "111122223333", None),
        ("arn:aws:iam::*:role/x", ORGANIZATION, None),
        ("arn:aws:iam::1111222233334:role/x", ORGANIZATION, "arn:aws:iam::1111222233334:role/x"),
        ("arn:", ORGANIZATION, "arn:"),
        ("AIDAEXAMPLE0000000001", ORGANIZATION, None),
        ("worker:1234", ORGANIZATION, None),
        ("a:b:c:d:111122223333:e", ORGANIZATION, None),
    ],
)
def test_an_exception_lies_in_the_account_its_pattern_names_or_in_the_organization(
    identity: str, account: str, arn: str | None
) -> None:
    one = endings(an_exception(identity=identity))[0]
    assert (one.account, one.arn) == (account, arn)


def a_step(what: str, day: int, *, done: bool = False) -> Milestone:
    due = date(2026, 12, day)
    return Milestone(what=what, due_on=due, owner="payments", done_on=due if done else None)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((a_step("plan", 1, done=True),), ""),
        ((), ""),
        ((a_step("plan", 1, done=True), a_step("move", 9)), "; not done of its retirement: move (due 2026-12-09)"),
        ((a_step("b", 9), a_step("a", 2)), "; not done of its retirement: a (due 2026-12-02) and 1 more"),
    ],
)
def test_an_exception_that_ends_tells_what_of_its_way_out_is_not_done(steps: tuple[Milestone, ...], words: str) -> None:
    one = endings(an_exception(retirement=steps))[0]
    assert one.reason.endswith(f"what it accepts fails again the day after{words}.")


def test_hostile_text_of_an_exception_has_no_voice_in_its_reason() -> None:
    bad = "x\x1b[2J\n" + "y" * 70_000
    one = endings(an_exception(id=bad, identity=bad, retirement=(a_step(bad, 9),)))[0]
    assert one.reason.isprintable()
    assert len(one.reason) < 600


def test_exceptions_are_told_in_the_order_of_their_ids() -> None:
    found = endings(an_exception(id="EX-2", requester="payments"), an_exception(id="EX-1", requester="payments"))
    assert [one.subject for one in found] == ["EX-1", "EX-2"]
