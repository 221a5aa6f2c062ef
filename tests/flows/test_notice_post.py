"""What a shard comes to where things go wrong: its day passes, letters or receipts are gone, addresses refuse, runs overlap."""

from datetime import date, timedelta

import pytest

from prooftrail.errors import AccessError, ClaimsOpen, NoticeError
from prooftrail.flows.notice_post import GIVEN_UP
from prooftrail.flows.send_notices import LATE, RECEIPTS_LAST, Delivery
from prooftrail.model.notice import NOT_KNOWN, Reach, ReachState, Undelivered
from prooftrail.ports.notices import Claim, Letter
from prooftrail.settings import NOTICES_PER_SECOND
from tests.flows.posting import AT, ON, RUN, Post, a_letter, a_notice, address_of, pending

ONE, TWO = a_notice(1), a_notice(2)
OVER = "its day was over before it was sent; the next run plans it anew"
GONE = "its letter is gone or is not what was planned, so it was not sent; the next run plans it anew"
LATER_RUN = "20261123T180000Z"


def ends(post: Post) -> dict[str, str | None]:
    """What became of each notice: its message id or its error."""
    end = post.end()
    assert end is not None
    return {one.notice: one.message_id or one.error for one in end.sent}


def rows(post: Post) -> dict[str, Reach]:
    end = post.end()
    assert end is not None
    return {one.recipient: one for one in end.reach}


def delivery(**known: int) -> Delivery:
    return Delivery(**{"sent": 0, "held": 0, "waiting": 0, "unreachable": 0, "failed": 0} | known)


# a day that is over -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planned_at", "after", "sent"),
    [
        ("06:30", timedelta(hours=17), True),  # the same day, however late
        ("23:30", timedelta(hours=1), True),
        ("23:30", LATE, True),
        ("23:30", LATE + timedelta(microseconds=1), False),
        ("06:30", timedelta(hours=18), False),
    ],
)
def test_what_nobody_began_to_send_goes_out_until_its_day_is_over(
    planned_at: str, after: timedelta, sent: bool
) -> None:
    post = Post()
    hour, minute = map(int, planned_at.split(":"))
    planned = AT.replace(hour=hour, minute=minute)
    post.plan([ONE], planned_at=planned)
    post.clock.at = planned + after
    assert post.send() == delivery(**{"sent" if sent else "failed": 1})
    assert ends(post) == {ONE.id: "message-1" if sent else OVER}
    assert bool(post.arrived()) is sent


def test_a_shard_whose_day_is_over_is_settled_by_claims_and_receipts_and_asks_no_address() -> None:
    post = Post()
    post.fake._confirms = True
    completed, taken, lost, never = (a_notice(n) for n in range(1, 5))
    waiting = a_notice(5, held=Undelivered.WAITING)
    post.plan([completed, taken, lost, never, waiting])
    for one in (completed, taken, lost):
        post.claims.claim(one.id, run=RUN, at=AT)
    post.claims.complete(completed.id, message_id="before", error=None)
    post.fake.send(a_letter(taken))
    post.clock.at = AT + timedelta(days=1)
    assert post.send() == delivery(sent=2, failed=2, waiting=1)
    assert ends(post) == {completed.id: "before", taken.id: "message-1", lost.id: OVER, never.id: OVER}
    assert (post.arrived(), post.fake.invited) == ([taken.id], [])
    assert {name: row.mailed_on for name, row in rows(post).items()} == {
        completed.recipient: ON, taken.recipient: ON, lost.recipient: None, never.recipient: None, waiting.recipient: None,
    }  # fmt: skip


def test_what_a_settled_shard_did_not_send_nobody_else_sends() -> None:
    post = Post()
    post.plan([ONE])
    post.clock.at = AT + timedelta(days=1)
    post.send()
    assert post.claims.claim(ONE.id, run=RUN, at=post.clock.at) == Claim(
        notice=ONE.id, run=RUN, claimed_at=post.clock.at, error=OVER
    )


# an end that nobody knows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "given_up"), [(GIVEN_UP, False), (GIVEN_UP + timedelta(microseconds=1), True)])
@pytest.mark.parametrize("held", [None, Undelivered.WAITING])
def test_what_stays_unknown_is_sealed_as_such_in_the_end(
    after: timedelta, given_up: bool, held: Undelivered | None
) -> None:
    post, one = Post(), a_notice(1, held=held)
    post.plan([one])
    post.claims.claim(one.id, run=RUN, at=AT)
    post.fake.deaf = True
    post.clock.at = AT + after
    if not given_up:
        with pytest.raises(ClaimsOpen, match="the queue of receipts cannot be read"):
            post.send()
        return
    assert post.send() == delivery(unknown=1)
    assert ends(post) == {one.id: NOT_KNOWN}
    assert (rows(post)[one.recipient].mailed_on, post.arrived()) == (ON, [])
    assert post.claims.claim(one.id, run=LATER_RUN, at=AT) == Claim(notice=one.id, run=RUN, claimed_at=AT)


@pytest.mark.parametrize(
    ("after", "end"), [(RECEIPTS_LAST, OVER), (RECEIPTS_LAST + timedelta(microseconds=1), NOT_KNOWN)]
)
def test_a_receipt_that_is_not_found_when_queues_have_let_go_of_it_says_nothing(after: timedelta, end: str) -> None:
    post = Post()
    post.plan([ONE])
    post.claims.claim(ONE.id, run=RUN, at=AT)
    post.clock.at = AT + after
    post.send()
    assert (ends(post), post.arrived()) == ({ONE.id: end}, [])


@pytest.mark.parametrize("deaf", [False, True])
def test_a_shard_whose_letters_are_gone_ends_too(deaf: bool) -> None:
    post = Post()
    post.plan([ONE, TWO])
    post.letters.lose()
    post.claims.claim(TWO.id, run=RUN, at=AT)
    post.fake.deaf = deaf
    post.clock.at = AT + timedelta(days=1)
    assert post.send() == (delivery(failed=1, unknown=1) if deaf else delivery(failed=2))
    assert ends(post) == {ONE.id: GONE, TWO.id: NOT_KNOWN if deaf else GONE}


def test_receipts_that_cannot_be_asked_for_in_any_other_way_leave_it_open_too() -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            return getattr(post.fake, name)

        def receipts(self) -> object:
            raise OSError("no route")

    post = Post()
    post.plan([ONE])
    post.claims.claim(ONE.id, run=RUN, at=AT)
    post.clock.at = AT + timedelta(hours=1)
    with pytest.raises(ClaimsOpen, match="its receipt cannot be asked for: OSError"):
        post.process(notifier=Broken())(RUN, 0)


# runs of one day --------------------------------------------------------------------------------------------------


def test_what_one_run_could_not_send_another_of_the_day_does() -> None:
    post = Post()
    post.plan([ONE])
    post.plan([ONE], run_id=LATER_RUN)
    post.fake.refusing = {address_of(1)}
    assert post.send() == delivery(failed=1)
    post.fake.refusing = set()
    assert post.process()(LATER_RUN, 0) == delivery(sent=1)
    assert post.process()(RUN, 0).failed == 1
    assert post.arrived() == [ONE.id]


def test_what_one_run_failed_to_send_it_does_not_try_again_itself() -> None:
    post = Post()
    post.plan([ONE])
    post.claims.claim(ONE.id, run=RUN, at=AT)
    post.claims.complete(ONE.id, message_id=None, error="refused before")
    assert post.send() == delivery(failed=1)
    assert (ends(post), post.arrived()) == ({ONE.id: "refused before"}, [])


def test_of_two_runs_that_take_a_failure_over_one_sends_it() -> None:
    class Slower:
        def __getattr__(self, name: str) -> object:
            return getattr(post.claims, name)

        def take_over(self, standing: Claim, **known: object) -> bool:
            assert post.claims.take_over(standing, run="20261123T120000Z", at=AT)
            return post.claims.take_over(standing, **known)  # type: ignore[arg-type]

    post = Post()
    post.plan([ONE], run_id=LATER_RUN)
    post.claims.claim(ONE.id, run=RUN, at=AT)
    post.claims.complete(ONE.id, message_id=None, error="refused")
    with pytest.raises(ClaimsOpen, match="somebody else is sending it"):
        post.process(claims=Slower())(LATER_RUN, 0)
    assert post.arrived() == []


def test_of_two_plans_of_a_day_that_did_not_know_of_each_other_one_mails_a_recipient() -> None:
    post = Post()
    other = a_notice(7, recipient=ONE.recipient)
    post.plan([ONE])
    post.plan([other, TWO], run_id=LATER_RUN)
    assert post.send() == delivery(sent=1)
    assert post.process()(LATER_RUN, 0) == delivery(sent=1, failed=1)
    assert post.arrived() == [ONE.id, TWO.id]


def test_where_the_first_was_refused_the_second_has_the_day() -> None:
    post = Post()
    other = a_notice(7, recipient=ONE.recipient)
    post.plan([ONE])
    post.plan([other], run_id=LATER_RUN)
    post.fake.refusing = {address_of(1)}
    assert post.send() == delivery(failed=1)
    assert post.process()(LATER_RUN, 0) == delivery(sent=1)
    assert post.arrived() == [other.id]


def test_while_it_is_not_known_whether_the_first_was_sent_the_second_is_not() -> None:
    post = Post()
    other = a_notice(7, recipient=ONE.recipient)
    post.plan([ONE])
    post.plan([other], run_id=LATER_RUN)
    with pytest.raises(ClaimsOpen):
        post.process(notifier=Refusing(post, "send", OSError("gone")))(RUN, 0)
    assert post.process()(LATER_RUN, 0) == delivery(failed=1)
    assert post.arrived() == []


# refusals ---------------------------------------------------------------------------------------------------------


class Refusing:
    """A notifier of which one question is refused."""

    def __init__(self, post: Post, name: str, error: Exception) -> None:
        self._fake, self._name, self._error = post.fake, name, error

    def __getattr__(self, name: str) -> object:
        return self._refuse if name == self._name else getattr(self._fake, name)

    def _refuse(self, *_: object) -> object:
        raise self._error


@pytest.mark.parametrize("held", [None, Undelivered.WAITING])
@pytest.mark.parametrize("name", ["state", "invite"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoticeError("no more topics."), "no more topics."),
        (AccessError("not allowed."), "not allowed."),
        (OSError("x"), "asking how its address stands ended in OSError"),
    ],
)
def test_an_address_that_cannot_be_asked_is_noted_and_counts_as_failed(
    name: str, held: Undelivered | None, error: Exception, said: str
) -> None:
    post, one = Post(), a_notice(1, held=held)
    post.fake._confirms = True
    yesterday = ON - timedelta(days=1)
    before = Reach(recipient=one.recipient, address=one.address, state=ReachState.PENDING, tried_on=(yesterday,))
    post.plan([one], reach=[before])
    assert post.process(notifier=Refusing(post, name, error))(RUN, 0) == delivery(failed=1)
    assert ends(post) == ({} if held else {one.id: said})
    row = rows(post)[one.recipient]
    assert (row.tried_on, row.detail, row.asked_on) == ((yesterday, ON), said, ())


def test_a_letter_that_is_refused_is_noted_and_one_that_is_taken_ends_the_row_of_them() -> None:
    post = Post()
    days = (ON - timedelta(days=2), ON - timedelta(days=1))
    before = [
        Reach(recipient=one.recipient, address=one.address, state=ReachState.DIRECT, tried_on=days)
        for one in (ONE, TWO)
    ]
    post.plan([ONE, TWO], reach=before)
    post.fake.refusing = {address_of(1)}
    post.send()
    found = rows(post)
    assert (found[ONE.recipient].tried_on, found[ONE.recipient].detail) == ((*days, ON), "1@example.com was refused.")
    assert found[TWO.recipient].tried_on == ()


def test_of_the_days_of_refusals_the_first_and_the_newest_nine_stay() -> None:
    post = Post()
    days = tuple(ON - timedelta(days=ago) for ago in range(10, 0, -1))
    post.plan(
        [ONE], reach=[Reach(recipient=ONE.recipient, address=ONE.address, state=ReachState.DIRECT, tried_on=days)]
    )
    post.fake.refusing = {address_of(1)}
    post.send()
    assert rows(post)[ONE.recipient].tried_on == (days[0], *days[2:], ON)


def test_one_whose_address_cannot_be_named_is_noted_each_day() -> None:
    post, one = Post(), a_notice(1, held=Undelivered.UNREACHABLE)
    post.plan([one])
    assert post.send() == delivery(unreachable=1)
    assert rows(post) == {
        one.recipient: Reach(
            recipient=one.recipient, address=one.address, state=ReachState.NO_ROUTE, since=ON, tried_on=(ON,),
            detail="its address cannot be named",
        )
    }  # fmt: skip


@pytest.mark.parametrize(("ago", "kept"), [(6, True), (7, False)])
def test_after_a_week_in_which_nothing_was_tried_it_is_tried_anew(ago: int, kept: bool) -> None:
    post = Post()
    tried = (ON - timedelta(days=ago),)
    post.plan([], reach=[Reach(recipient="person-q", address="person-x", state=ReachState.DIRECT, tried_on=tried)])
    post.send()
    assert rows(post)["person-q"].tried_on == (tried if kept else ())


# how an address stands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "found", "then"),
    [
        (ReachState.BOUNCED, ReachState.DIRECT, ReachState.BOUNCED),
        (ReachState.BOUNCED, ReachState.CONFIRMED, ReachState.BOUNCED),
        (ReachState.CONFIRMED, ReachState.PENDING, ReachState.UNSUBSCRIBED),
        (ReachState.UNSUBSCRIBED, ReachState.PENDING, ReachState.UNSUBSCRIBED),
        (ReachState.UNSUBSCRIBED, ReachState.CONFIRMED, ReachState.CONFIRMED),
        (ReachState.PENDING, ReachState.PENDING, ReachState.PENDING),
        (ReachState.PENDING, ReachState.CONFIRMED, ReachState.CONFIRMED),
        (ReachState.DIRECT, ReachState.BOUNCED, ReachState.BOUNCED),
    ],
)
def test_what_an_address_became_for_good_stays_whatever_is_asked_later(
    before: ReachState, found: ReachState, then: ReachState
) -> None:
    post = Post()
    post.fake._confirms = True
    post.fake.states[address_of(1)] = found
    since = date(2026, 11, 1)
    post.plan([ONE], reach=[pending(ONE, since, state=before)])
    post.send()
    row = rows(post)[ONE.recipient]
    assert (row.state, row.since) == (then, since if before is then else ON)
    assert bool(post.arrived()) is (then in (ReachState.CONFIRMED, ReachState.DIRECT))


def test_another_address_than_the_one_that_bounced_begins_anew() -> None:
    post = Post()
    bounced = Reach(
        recipient=ONE.recipient, address="person-old", state=ReachState.BOUNCED, mailed_on=date(2026, 11, 1)
    )
    post.plan([ONE], reach=[bounced])
    assert post.send().sent == 1
    assert rows(post)[ONE.recipient].state is ReachState.DIRECT


def test_the_day_of_a_weeks_summary_is_kept() -> None:
    post, one = Post(), a_notice(1, weekly=True)
    post.plan([one, TWO])
    post.send()
    assert {name: row.weekly_on for name, row in rows(post).items()} == {one.recipient: ON, TWO.recipient: None}


# what is left behind ----------------------------------------------------------------------------------------------


def test_letters_are_let_go_of_once_the_end_of_their_shard_is_sealed_and_not_before() -> None:
    post = Post()
    post.plan([ONE])
    post.claims.claim(ONE.id, run=RUN, at=AT)
    with pytest.raises(ClaimsOpen):
        post.send()
    assert len(post.letters._letters) == 1
    post.clock.at += timedelta(hours=1)
    post.send()
    assert post.letters._letters == {}


def test_letters_that_outlived_their_end_are_let_go_of_when_the_shard_is_met_again() -> None:
    post = Post()
    plan = post.plan([ONE])
    post.send()
    post.plan([ONE])
    assert len(post.letters._letters) == 1
    assert post.send().already
    assert (post.letters._letters, len(plan.shards)) == ({}, 1)


def test_the_time_a_letter_took_is_no_pause() -> None:
    post = Post()
    post.plan([a_notice(n) for n in range(1, 4)])
    apart, took = 1 / NOTICES_PER_SECOND, iter((0.4 / NOTICES_PER_SECOND, 2 / NOTICES_PER_SECOND, 0.0))
    send = post.fake.send

    def slowly(letter: Letter) -> str:
        post.clock.at += timedelta(seconds=next(took))
        return send(letter)

    post.fake.send = slowly  # type: ignore[method-assign]
    post.send()
    assert post.pauses == [pytest.approx(0.6 * apart)]
