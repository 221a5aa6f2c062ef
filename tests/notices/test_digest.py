"""A recipient's mail: what stands in it, in which order, under which id, and that two copies say the same."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop, NoticeItem, Undelivered
from prooftrail.notices import summary
from prooftrail.notices.day import Call
from prooftrail.notices.digest import Draft
from prooftrail.notices.summary import Tallies

from .letters import (
    ACCOUNT,
    ADA,
    BO,
    CY,
    KEY,
    LOCKER,
    OTHER,
    PEOPLE,
    TODAY,
    a_call,
    a_draft,
    a_matter,
    a_role,
    a_secret,
    asked,
)

SNS_LIMIT = 256 * 1024


def named(draft: Draft) -> list[str]:
    """The names its items go by, in their order."""
    return [one.label for one in draft.notice.items]


def test_a_notice_is_sealed_redacted_and_sent_revealed() -> None:
    call = a_call(asked=(asked(3, BO, Hop.DEPUTY),), step="again", route=("deputy: told 2026-11-20",))
    draft = a_draft(call)
    assert draft.notice.address == f"{ADA}-mail"
    assert (draft.notice.recipient, draft.notice.on, draft.notice.style) == (ADA, TODAY, "full")
    assert draft.notice.route == ("deputy: told 2026-11-20", "owner")
    assert (draft.notice.step, draft.notice.held, draft.notice.weekly) == ("again", None, False)
    assert draft.notice.items == (
        NoticeItem(
            matters=(call.matter.id,),
            identities=(KEY,),
            control="IDC-15",
            event=Event.ROTATION,
            accounts=(ACCOUNT,),
            tier=Tier.HIGH,
            step="again",
            hop=Hop.OWNER,
            due_on=call.matter.due_at.date(),
            label=KEY,
        ),
    )
    assert f"{BO} (deputy)" in draft.notice.text
    assert f"{PEOPLE[BO]} (deputy)" in draft.letter_text
    assert not any(name in draft.notice.text for name in PEOPLE.values())
    assert not any(token in draft.letter_text for token in PEOPLE)


def test_the_sealed_hash_is_of_what_is_sent() -> None:
    draft = a_draft(a_call())
    assert draft.notice.content_sha256 == canonical.sha256(f"{draft.letter_subject}\n{draft.letter_text}".encode())
    assert draft.notice.subject == draft.letter_subject


def test_the_same_calls_in_any_order_are_the_same_notice() -> None:
    calls = [a_call(), a_call(a_role()), a_call(a_secret())]
    assert len({a_draft(*some).notice.content_sha256 for some in permutations(calls)}) == 1
    assert len({canonical.digest(a_draft(*some).notice) for some in permutations(calls)}) == 1


def test_the_id_follows_what_is_told_and_not_how() -> None:
    one = a_draft(a_call()).notice.id
    assert len(one) == 32
    assert a_draft(a_call(a_matter(reason="Other words."))).notice.id == one
    assert a_draft(a_call(), names=lambda text: text).notice.id == one
    others = {
        a_draft(a_call(recipient=BO), recipient=BO).notice.id,
        a_draft(a_call(step="T-7")).notice.id,
        a_draft(a_call(a_matter(8))).notice.id,
        a_draft(a_call(a_matter(id="6a" * 16))).notice.id,
        a_draft(a_call(), a_call(a_role())).notice.id,
        a_draft(a_call(), summary=summary.weekly(Tallies(TODAY), on=TODAY, accounts=None)).notice.id,
        a_draft(a_call(hop=Hop.DEPUTY)).notice.id,
        a_draft(a_call(), style="minimal").notice.id,
    }
    assert len(others) == 8
    assert one not in others


def test_the_most_serious_comes_first_then_the_late_then_the_nearest_then_by_name() -> None:
    order = [("f", Tier.LOW, -9), ("c", Tier.HIGH, 2), ("b", Tier.HIGH, -1), ("e", Tier.HIGH, 3), ("d", Tier.HIGH, 3)]
    calls = [a_call(a_role(name, due, tier=tier, id=name * 32)) for name, tier, due in order]
    calls.append(a_call(a_role("a", 30, tier=Tier.CRITICAL, id="0" * 32)))
    assert named(a_draft(*calls)) == ["a", "b", "c", "d", "e", "f"]


def members(number: int, **known: object) -> list[Call]:
    """So many roles of one family."""
    return [
        a_call(a_role(f"r{one:03}", id=f"{one:032x}", identity=f"AROA{one}", family="r<n>#00", **known))  # type: ignore[arg-type]  # fields of a matter
        for one in range(number)
    ]


def test_what_stands_alike_in_a_family_is_one_line() -> None:
    draft = a_draft(*members(14), a_call(a_role("lone", id="7b" * 16)))
    assert named(draft) == ["lone", "14 of family r<n>#00"]
    assert len(draft.notice.items[1].matters) == 14
    assert draft.notice.items[1].identities == tuple(sorted(f"AROA{one}" for one in range(14)))
    assert draft.letter_subject == "[Prooftrail] 2 to do by 2026-12-14"
    assert "\nId: 'r<n>#00' --control IDC-08 --owner 'Ada Lovelace'\n" in draft.letter_text


@pytest.mark.parametrize(
    ("number", "known", "words"),
    [
        (2, {}, ["Ids: 000000000000,000000000001"]),
        (5, {}, ["Ids: 000000000000,000000000001,000000000002,000000000003,000000000004"]),
        (6, {}, ["Id: 'r<n>#00' --control IDC-08 --owner 'Ada Lovelace'"]),
        (6, {"owner": None}, ["Id: 'r<n>#00' --control IDC-08 --owner none"]),
        (
            6,
            {"family": "é#00"},
            ["Ids: 000000000000,000000000001,000000000002,000000000003,", "     000000000004,000000000005"],
        ),
    ],
)
def test_a_large_family_is_answered_for_by_control_and_owner_and_a_small_one_by_its_ids(
    number: int, known: dict[str, Any], words: list[str]
) -> None:
    made = [
        a_call(a_role(f"r{at}", id=f"{at:012x}" + "0" * 20, identity=f"A{at}", **{"family": "r<n>#00", **known}))
        for at in range(number)
    ]
    text = a_draft(*made).letter_text
    assert text[text.index("\nId") + 1 :].split("\n\n")[0].splitlines() == words


def test_a_family_of_two_owners_is_two_lines() -> None:
    calls = [
        *members(6, owner=ADA),
        *(a_call(a_role(id=f"{at:x}" * 32, family="r<n>#00", owner=BO)) for at in range(6)),
    ]
    draft = a_draft(*calls, recipient=CY)
    assert [len(one.matters) for one in draft.notice.items] == [6, 6]
    assert "--owner 'Ada Lovelace'" in draft.letter_text
    assert "--owner 'Bo Nilsson'" in draft.letter_text


@pytest.mark.parametrize(
    "other",
    [
        a_call(a_role(control="IDC-28", family="r<n>#00", id="8c" * 16)),
        a_call(a_role(event=Event.UNOWNED, family="r<n>#00", id="8c" * 16)),
        a_call(a_role(failing=False, family="r<n>#00", id="8c" * 16)),
        a_call(a_role(family="r<n>#01", id="8c" * 16)),
        a_call(a_role(family="r<n>#00", id="8c" * 16), step="T-7"),
        a_call(a_role(family="r<n>#00", id="8c" * 16), hop=Hop.DEPUTY),
        a_call(a_role(family="r<n>#00", id="8c" * 16), usage=False),
    ],
)
def test_what_differs_stands_alone(other: Call) -> None:
    assert len(a_draft(*members(3), other).notice.items) == 2


def test_a_family_is_as_serious_as_its_worst_and_as_near_as_its_first() -> None:
    calls = [*members(2), a_call(a_role("x", 3, tier=Tier.CRITICAL, id="9d" * 16, family="r<n>#00", account=OTHER))]
    (item,) = a_draft(*calls).notice.items
    assert (item.tier, str(item.due_on), item.accounts) == (Tier.CRITICAL, "2026-11-26", (ACCOUNT, OTHER))


def test_a_matter_called_twice_is_told_once() -> None:
    draft = a_draft(a_call(), a_call())
    assert [one.matters for one in draft.notice.items] == [("0a1b2c3d4e5f60718293a4b5c6d7e8f9",)]


def test_what_is_open_besides_is_counted_without_what_is_told() -> None:
    draft = a_draft(a_call(), open_matters={Tier.HIGH: 3, Tier.LOW: 2, Tier.CRITICAL: 0})
    assert "Open besides, not due to be told today: 2 high, 2 low." in draft.letter_text
    assert "Nothing else of yours is open." in a_draft(a_call(), open_matters={Tier.HIGH: 1}).letter_text
    passed_on = a_draft(a_call(hop=Hop.MANAGER, recipient=CY), recipient=CY, open_matters={Tier.HIGH: 1})
    assert "Nothing else" not in passed_on.letter_text


def test_what_is_told_as_a_deputy_s_is_not_taken_from_what_is_open_of_the_reader_s_own() -> None:
    calls = a_call(), a_call(a_role(), hop=Hop.DEPUTY), a_call(a_role("x", id="7e" * 16), hop=Hop.CONTACT)
    text = a_draft(*calls, open_matters={Tier.HIGH: 1, Tier.MEDIUM: 2}).letter_text
    assert "Open besides, not due to be told today: 2 medium." in text
    assert "Nothing else" not in text


@pytest.mark.parametrize(
    ("calls", "subject"),
    [
        ([a_call()], "1 to do by 2026-11-30"),
        ([a_call(a_matter(0))], "1 to do by 2026-11-23"),
        ([a_call(a_matter(-1))], "1 to do, 1 late"),
        ([a_call(), a_call(a_secret())], "2 to do by 2026-11-30"),
        ([a_call(), a_call(a_role())], "2 to do, first by 2026-11-30"),
        ([a_call(a_matter(-1)), a_call(a_role())], "2 to do, 1 late, next by 2026-12-14"),
        ([a_call(a_matter(tier=Tier.CRITICAL))], "1 to do, 1 critical by 2026-11-30"),
        ([a_call(a_matter(-1, tier=Tier.CRITICAL)), a_call(a_role())], "2 to do, 1 critical late, next by 2026-12-14"),
        (
            [a_call(a_matter(-1, tier=Tier.CRITICAL)), a_call(a_role(due=-1))],
            "2 to do, 2 late (1 critical)",
        ),
        ([a_call(a_matter(-1)), a_call(a_role(tier=Tier.CRITICAL))], "2 to do, 1 late, 1 critical, next by 2026-12-14"),
    ],
)
def test_a_subject_says_how_many_by_when_and_how_bad(calls: list[Call], subject: str) -> None:
    assert a_draft(*calls).letter_subject == f"[Prooftrail] {subject}"


@pytest.mark.parametrize(
    ("hops", "words"),
    [
        ([Hop.OWNER], "1 thing needs you. It is"),
        ([Hop.OWNER, Hop.OWNER], "2 things need you. The first is"),
        ([Hop.MANAGER], "1 thing needs you: it is passed on,"),
        ([Hop.MANAGER, Hop.MANAGER], "2 things need you: all are passed on,"),
        ([Hop.MANAGER, Hop.OWNER], "2 things need you: 1 of them is passed on,"),
        ([Hop.MANAGER, Hop.DEPUTY, Hop.OWNER], "3 things need you: 2 of them are passed on,"),
    ],
)
def test_the_first_line_says_what_was_passed_on(hops: list[Hop], words: str) -> None:
    calls = [a_call(a_role(f"n{at}", id=f"{at:032x}", identity=f"A{at}"), hop=hop) for at, hop in enumerate(hops)]
    assert " ".join(a_draft(*calls).letter_text.split()).startswith(words)


def test_things_of_one_identity_are_counted_as_such() -> None:
    calls = [
        a_call(a_role(id=f"{at:032x}", control=control)) for at, control in enumerate(("IDC-08", "IDC-28", "IDC-02"))
    ]
    draft = a_draft(*calls, a_call())
    assert draft.letter_text.startswith("4 things on 2 identities need you. The first is")
    assert draft.letter_subject == "[Prooftrail] 4 to do on 2 identities, first by 2026-11-30"
    account = a_call(a_matter(control="IDC-12", id="e" * 32, kind=None, identity=None, arn=None))
    assert a_draft(*calls, account).letter_subject == "[Prooftrail] 4 to do under 2 headings, first by 2026-11-30"


def test_minimal_names_nobody_and_nothing() -> None:
    calls = [a_call(a_matter(-1, tier=Tier.CRITICAL)), a_call(a_secret())]
    draft = a_draft(*calls, style="minimal", locker="demo/evidence")
    for said in (draft.letter_text, draft.letter_subject, draft.notice.text):
        for word in (KEY, "deploy", "payments", ACCOUNT, "critical", "secret", "key"):
            assert word not in said
    assert "2 things need you. The first was due on Sun 2026-11-22: 1 day late." in draft.letter_text
    assert draft.letter_subject == "[Prooftrail] 2 to do, 1 late, next by 2026-11-30"
    assert draft.letter_text.endswith("\nSee it with:\n  prooftrail owner show demo/evidence 'Ada Lovelace'\n")
    assert len(draft.letter_text.splitlines()) <= 6
    assert len(draft.notice.items) == 2
    mixed = a_draft(*calls, a_call(a_role(), hop=Hop.DEPUTY), style="minimal").letter_text
    assert mixed.endswith(f"\nSee it with:\n  prooftrail findings {LOCKER} --open\n")


def test_a_minimal_week_has_counts_alone() -> None:
    tallies = Tallies(TODAY)
    tallies.add(a_matter(-1))
    week = summary.weekly(tallies, on=TODAY, accounts=(ACCOUNT,), unread=(OTHER,))
    words = " ".join(a_draft(summary=week, style="minimal").letter_text.split())
    assert words == (
        "The week to Mon 2026-11-23: 1 finding open, 1 late, 0 unowned; 0 accounts not read."
        f" See it with: prooftrail findings {LOCKER} --open"
    )


@pytest.mark.parametrize("locker", ["demo/evidence", "s3://b", "my locker; reboot"])
def test_the_locker_is_quoted_wherever_it_stands(locker: str) -> None:
    text = a_draft(a_call(), locker=locker).letter_text
    safe = "'my locker; reboot'" if ";" in locker else locker
    assert f"prooftrail ack {safe} ID --reason 'REASON'" in text


def test_a_contact_of_one_account_looks_there_and_one_of_many_at_what_is_late() -> None:
    one, two = (a_call(a_role(id=where * 2, account=where), hop=Hop.CONTACT) for where in (ACCOUNT, OTHER))
    assert f"--account {ACCOUNT}" in a_draft(one).letter_text
    assert f"prooftrail findings {LOCKER} --overdue" in a_draft(one, two).letter_text


def test_what_is_held_says_why() -> None:
    held = a_draft(a_call(), held=Undelivered.CLOSED).notice
    assert held.held is Undelivered.CLOSED
    assert held.id == a_draft(a_call()).notice.id


def test_a_summary_may_stand_alone_or_behind_what_is_due() -> None:
    week = summary.weekly(Tallies(TODAY), on=TODAY, accounts=None)
    alone, both = a_draft(summary=week), a_draft(a_call(), summary=week)
    assert (alone.notice.weekly, alone.notice.step, alone.notice.items) == (True, "weekly", ())
    assert alone.letter_subject.startswith("[Prooftrail] week to 2026-11-23: ")
    assert alone.letter_text.startswith("The week to Mon 2026-11-23")
    assert both.letter_text.startswith("1 thing needs you.")
    assert "The week to Mon 2026-11-23" in both.letter_text
    assert both.letter_subject == "[Prooftrail] 1 to do by 2026-11-30"


def test_nothing_to_tell_is_no_mail() -> None:
    with pytest.raises(ValueError, match="nothing to tell"):
        a_draft()


def test_every_mail_says_how_to_answer_and_that_it_asks_for_no_password() -> None:
    text = " ".join(a_draft(a_call()).letter_text.split())
    assert "No reply to this mail is read." in text
    assert "prooftrail ack s3://example-evidence ID --reason 'REASON'" in text
    assert "prooftrail reassign s3://example-evidence ID --to OWNER" in text
    assert "We never ask for a password, a key or a code, and never link to a page to log in" in text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=2_000), min_size=1, max_size=30, unique=True))
def test_a_mail_stays_small_and_whole_whatever_names_look_like(names: list[str]) -> None:
    calls = [
        a_call(a_role(name, id=f"{at:032x}", identity=f"A{at % 5}", reason=name, used=name, family=None))
        for at, name in enumerate(names)
    ]
    draft = a_draft(*calls, names=lambda text: text)
    assert len(draft.letter_text.encode()) < SNS_LIMIT / 4
    assert all(len(one) <= 72 for one in draft.letter_text.split("\n"))
    assert draft.letter_text == draft.notice.text
    assert draft.letter_subject.isascii()
    assert len(draft.letter_subject) < 100


def test_a_mail_full_of_the_longest_names_stays_far_below_what_sns_takes() -> None:
    long: dict[str, Any] = {"reason": "€" * 65_536, "used": "€" * 9_999}
    for identities in (500, 1):
        calls = [
            a_call(a_role("€" * 65_536, id=f"{at:032x}", identity=f"A{at % identities}", **long)) for at in range(500)
        ]
        assert len(a_draft(*calls, names=lambda text: text).letter_text.encode()) < SNS_LIMIT / 8
