"""A shard of notices is sent: each letter once, whatever dies between two steps, and what became of it is sealed."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from prooftrail.adapters.embedded.outbox import Outbox
from prooftrail.adapters.embedded.sqlite_claims import SqliteClaims
from prooftrail.errors import ClaimsOpen, EvidenceMissing, EvidenceUnreadable, NoticeError
from prooftrail.evidence import layout
from prooftrail.flows.notice_commits import letters_name
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import Hop, ReachState, Sent, Undelivered
from prooftrail.settings import CLAIM_STALE_MINUTES, NOTICES_PER_SECOND
from tests.flows.posting import AT, LATER, ON, RUN, Post, a_letter, a_notice, pending, sealed_as
from tests.flows.world import Dying, Killed

WRITES = frozenset({"put", "claim", "take_over", "complete", "send", "invite", "state", "receipts", "forget", "read"})
NOTICES = (a_notice(1), a_notice(2), a_notice(3, held=Undelivered.CLOSED))


def test_what_is_to_be_sent_is_sent_and_what_is_held_is_not() -> None:
    post = Post()
    post.plan(NOTICES)
    assert post.send() == Delivery(sent=2, held=1, waiting=0, unreachable=0, failed=0)
    assert post.fake.arrived == [a_letter(one) for one in NOTICES[:2]]


def test_what_became_of_each_is_sealed_with_how_its_recipient_stood() -> None:
    post = Post()
    post.plan([a_notice(1)])
    post.send()
    end = post.end()
    assert end is not None
    assert end.sent == (
        Sent(
            notice=a_notice(1).id, recipient=a_notice(1).recipient, state=ReachState.DIRECT, hop=Hop.OWNER,
            how="memory", at=AT, message_id="message-1",
        ),
    )  # fmt: skip
    (row,) = end.reach
    assert (row.state, row.since, row.mailed_on, row.address) == (ReachState.DIRECT, ON, ON, a_notice(1).address)


def test_a_shard_that_was_sent_is_given_as_it_ended_and_nothing_is_done() -> None:
    post = Post()
    post.plan(NOTICES)
    first = post.send()
    again = post.send()
    assert (again.already, again.sent, again.held) == (True, first.sent, first.held)
    assert len(post.arrived()) == 2


def test_letters_go_out_at_the_pace_that_is_allowed() -> None:
    post = Post()
    post.plan([a_notice(n) for n in range(1, 6)])
    post.send()
    assert post.pauses == [1 / NOTICES_PER_SECOND] * 4


def test_one_that_was_refused_keeps_no_other_back_and_says_why() -> None:
    post = Post()
    post.plan([a_notice(1), a_notice(2)])
    post.fake.refusing = {a_letter(a_notice(1)).address}
    assert post.send() == Delivery(sent=1, held=0, waiting=0, unreachable=0, failed=1)
    end = post.end()
    assert end is not None
    assert [(one.message_id, one.error) for one in end.sent] == [
        (None, "1@example.com was refused."), ("message-1", None),
    ]  # fmt: skip
    assert [row.mailed_on for row in end.reach] == [None, ON]


def test_a_letter_that_is_not_what_was_planned_is_not_sent() -> None:
    post = Post()
    plan = post.plan([a_notice(1, content_sha256="0" * 64)])
    assert post.send().failed == 1
    assert post.arrived() == []
    assert plan.shards


def test_a_letter_with_another_address_than_was_planned_is_not_sent() -> None:
    post = Post()
    plan = post.plan([a_notice(1)])
    redirected = msgspec.structs.replace(a_letter(a_notice(1)), address="eve@example.com")
    post.letters.write(letters_name(RUN, plan.shards[0]), 0, [redirected])
    assert post.send().failed == 1
    assert post.arrived() == []


def test_letters_that_are_gone_are_said_to_be_and_nothing_is_sent() -> None:
    post = Post()
    post.plan([a_notice(1)])
    post.letters.lose()
    assert post.send() == Delivery(sent=0, held=0, waiting=0, unreachable=0, failed=1)
    end = post.end()
    assert end is not None
    assert str(end.sent[0].error).startswith("its letter is gone")


# addresses that have to confirm -----------------------------------------------------------------------------------


def confirming(*notices: object) -> Post:
    post = Post()
    post.fake._confirms = True
    return post


def test_an_address_that_is_asked_for_the_first_time_waits_and_gets_nothing() -> None:
    post, one = confirming(), a_notice(1, held=Undelivered.WAITING)
    post.plan([one])
    assert post.send() == Delivery(sent=0, held=0, waiting=1, unreachable=0, failed=0)
    assert post.fake.invited == [(one.recipient, a_letter(one).address)]
    end = post.end()
    assert end is not None
    assert end.sent == ()
    assert [(row.state, row.asked_on) for row in end.reach] == [(ReachState.PENDING, (ON,))]


def test_one_that_has_confirmed_by_now_gets_its_letter() -> None:
    post, one = confirming(), a_notice(1, held=Undelivered.WAITING)
    post.plan([one], reach=[pending(one, ON - timedelta(days=1))])
    post.fake.states[a_letter(one).address] = ReachState.CONFIRMED
    assert post.send() == Delivery(sent=1, held=0, waiting=0, unreachable=0, failed=0)
    assert post.fake.invited == []


@pytest.mark.parametrize(
    ("days_ago", "asked"),
    [((0,), False), ((2,), False), ((3,), True), ((4,), True), ((9, 6), False), ((10, 7), True), ((11, 8, 1), False)],
)
def test_an_address_is_asked_on_days_0_3_and_10(days_ago: tuple[int, ...], asked: bool) -> None:
    post, one = confirming(), a_notice(1, held=Undelivered.WAITING)
    post.plan([one], reach=[pending(one, *(ON - timedelta(days=ago) for ago in days_ago))])
    post.send()
    assert bool(post.fake.invited) is asked


def test_one_that_unsubscribed_since_it_was_planned_is_unreachable_and_says_so() -> None:
    post, one = confirming(), a_notice(1)
    post.plan([one], reach=[pending(one, date(2026, 1, 1), state=ReachState.CONFIRMED)])
    post.fake.states[a_letter(one).address] = ReachState.UNSUBSCRIBED
    assert post.send() == Delivery(sent=0, held=0, waiting=0, unreachable=1, failed=0)
    end = post.end()
    assert end is not None
    assert [(one.error, one.state) for one in end.sent] == [
        ("not sent: its address is unsubscribed", ReachState.UNSUBSCRIBED)
    ]
    assert [row.state for row in end.reach] == [ReachState.UNSUBSCRIBED]


def test_whoever_has_nothing_to_hear_today_is_still_asked_how_they_stand() -> None:
    post, one = confirming(), a_notice(1, address=sealed_as("q@example.com"))
    post.plan([], reach=[pending(one, date(2026, 1, 1), state=ReachState.CONFIRMED)])
    post.fake.states["q@example.com"] = ReachState.UNSUBSCRIBED
    assert post.send() == Delivery(sent=0, held=0, waiting=0, unreachable=0, failed=0)
    end = post.end()
    assert end is not None
    assert [(row.state, row.since, row.mailed_on) for row in end.reach] == [(ReachState.UNSUBSCRIBED, ON, None)]


def test_another_address_begins_anew() -> None:
    post, one = confirming(), a_notice(1, held=Undelivered.WAITING)
    old = pending(one, ON - timedelta(days=1))
    post.plan([one], reach=[type(old)(recipient=one.recipient, address="person-old", state=ReachState.CONFIRMED)])
    post.send()
    assert post.fake.invited == [(one.recipient, a_letter(one).address)]


# death and doubt --------------------------------------------------------------------------------------------------


def killed_after(post: Post, steps: int, **stores: object) -> bool:
    """Send in a process that dies at that step; True if it got to its end."""
    left = itertools.count(steps, -1)

    def budget() -> None:
        if next(left) == 0:
            raise Killed

    dying = {name: Dying(one, budget, WRITES) for name, one in stores.items()}
    try:
        post.process(**dying)(RUN, 0)
    except Killed:
        return False
    return True


def settled(post: Post) -> None:
    """Run again, twenty minutes later each time, until nothing is in doubt."""
    for _ in range(3):
        post.clock.at += LATER
        try:
            post.send()
        except ClaimsOpen:
            continue
        return
    pytest.fail("the shard never ended")


def test_killed_between_any_two_steps_no_letter_is_lost_or_doubled() -> None:
    steps, ended = 0, False
    while not ended:
        post = Post()
        post.plan(NOTICES)
        stores = {"locker": post.locker, "notifier": post.fake, "claims": post.claims, "letters": post.letters}
        ended = killed_after(post, steps, **stores)
        settled(post)
        assert sorted(post.arrived()) == [a_notice(1).id, a_notice(2).id], f"killed at step {steps}"
        end = post.end()
        assert end is not None
        assert {one.notice: bool(one.message_id) for one in end.sent} == {a_notice(1).id: True, a_notice(2).id: True}
        steps += 1
    assert steps > 20


def test_killed_between_any_two_steps_the_outbox_holds_each_letter_once(tmp_path: Path) -> None:
    steps, ended = 0, False
    while not ended:
        folder = tmp_path / f"{steps}"
        folder.mkdir()
        post = Post(Outbox(folder / "outbox"))
        post.claims = SqliteClaims(folder / "claims.sqlite")  # type: ignore[assignment]
        post.plan(NOTICES)
        stores = {"locker": post.locker, "notifier": post.notifier, "claims": post.claims, "letters": post.letters}
        ended = killed_after(post, steps, **stores)
        settled(post)
        names = sorted(one.name.partition(".")[0] for one in (folder / "outbox").iterdir())
        assert names == [a_notice(1).id, a_notice(2).id], f"killed at step {steps}"
        steps += 1
    assert steps > 20


def test_two_processes_at_one_shard_send_each_letter_once() -> None:
    post = Post()
    post.plan([a_notice(n) for n in range(1, 40)])

    def send(_: int) -> object:
        try:
            return post.send()
        except ClaimsOpen as doubt:
            return doubt

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    settled(post)
    assert sorted(post.arrived()) == [a_notice(n).id for n in range(1, 40)]


@pytest.mark.parametrize(
    ("minutes", "sent"), [(0, False), (CLAIM_STALE_MINUTES, False), (CLAIM_STALE_MINUTES + 1, True)]
)
def test_a_claim_somebody_left_open_is_driven_again_once_it_is_stale(minutes: int, sent: bool) -> None:
    post = Post()
    post.plan([a_notice(1), a_notice(2)])
    post.claims.claim(a_notice(1).id, run=RUN, at=AT)
    post.clock.at = AT + timedelta(minutes=minutes)
    if sent:
        assert post.send().sent == 2
    else:
        with pytest.raises(ClaimsOpen, match="it was claimed just now"):
            post.send()
        assert post.end() is None
    assert post.arrived() == [a_notice(2).id, a_notice(1).id][: 1 + sent]


def test_a_receipt_closes_an_open_claim_at_once_and_nothing_is_sent_again() -> None:
    post = Post()
    post.plan([a_notice(1)])
    post.claims.claim(a_notice(1).id, run=RUN, at=AT)
    post.fake.send(a_letter(a_notice(1)))
    assert post.send().sent == 1
    assert post.arrived() == [a_notice(1).id]


def test_a_letter_whose_end_is_not_known_stays_open_and_the_others_go_out() -> None:
    post = Post()
    post.plan([a_notice(1), a_notice(2)])
    send = post.fake.send

    def half(letter: object) -> str:
        message_id = send(letter)  # type: ignore[arg-type]
        if len(post.fake.arrived) == 1:
            raise TimeoutError("nobody answered")
        return message_id

    post.fake.send = half  # type: ignore[method-assign]
    with pytest.raises(ClaimsOpen, match="sending it ended in TimeoutError"):
        post.send()
    post.fake.send = send  # type: ignore[method-assign]
    settled(post)
    assert post.arrived() == [a_notice(1).id, a_notice(2).id]


def test_what_was_sent_stays_sent_though_its_address_is_gone_by_the_second_attempt() -> None:
    post, one = confirming(), a_notice(1)
    post.plan([one, a_notice(2)])
    post.fake.states = dict.fromkeys((a_letter(one).address, "2@example.com"), ReachState.CONFIRMED)
    post.claims.claim(a_notice(2).id, run=RUN, at=AT)
    with pytest.raises(ClaimsOpen):
        post.send()
    post.fake.states[a_letter(one).address] = ReachState.UNSUBSCRIBED
    settled(post)
    end = post.end()
    assert end is not None
    assert {each.notice: bool(each.message_id) for each in end.sent} == {one.id: True, a_notice(2).id: True}


def test_an_address_is_asked_once_a_day_however_often_the_shard_is_tried() -> None:
    post, one = confirming(), a_notice(1, held=Undelivered.WAITING)
    post.plan([one, a_notice(2)])
    post.fake.states["2@example.com"] = ReachState.CONFIRMED
    post.claims.claim(a_notice(2).id, run=RUN, at=AT)
    with pytest.raises(ClaimsOpen):
        post.send()
    settled(post)
    assert post.fake.invited == [(one.recipient, a_letter(one).address)]
    end = post.end()
    assert end is not None
    assert (ON,) in [row.asked_on for row in end.reach]


# what others could do ---------------------------------------------------------------------------------------------


def test_a_plan_of_somebody_else_is_not_sent() -> None:
    post = Post()
    forger = Post()
    forger.sealing = lambda locker=None, secret=b"f" * 32: Post.sealing(forger, locker, secret)  # type: ignore[method-assign]
    forger.locker = post.locker
    forger.plan([a_notice(1)])
    with pytest.raises(EvidenceUnreadable, match="was not written by this deployment"):
        post.send()
    assert post.arrived() == []


def test_a_shard_whose_bytes_are_not_those_planned_is_not_sent() -> None:
    post = Post()
    plan = post.plan([a_notice(1)])
    stored = post.locker._versions
    post.locker._versions = [
        (one, b"x" if one.key == plan.shards[0].key else body, until) for one, body, until in stored
    ]
    with pytest.raises(EvidenceUnreadable, match="is not what the plan of its run names"):
        post.send()


def test_an_end_that_somebody_else_wrote_is_not_believed() -> None:
    post = Post()
    post.plan([a_notice(1)])
    post.locker.put(
        layout.notices_sent_key(RUN, 0),
        b'{"record":"notices","run_id":"20261123T060000Z","on":"2026-11-23","what":"sent","part":0,"mac":"00"}\n',
        retain_until=None,
    )
    with pytest.raises(EvidenceUnreadable, match="was not written by this deployment"):
        post.send()


def test_a_run_without_a_plan_or_a_shard_that_is_none_is_said() -> None:
    post = Post()
    with pytest.raises(EvidenceMissing):
        post.send()
    post.plan([a_notice(1)])
    with pytest.raises(NoticeError, match="has no shard 1 of notices: it has 1"):
        post.send(1)
