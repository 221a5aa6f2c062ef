"""The words of a mail: they fit 72 columns, nothing in them is live, and each line tells what its reader needs."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Answer, AnswerKind, Hop
from prooftrail.notices import wording
from prooftrail.notices.digest import Draft
from prooftrail.notices.wording import COLUMNS, left, listing, shown, typable, wrapped

from .letters import (
    ACCOUNT,
    ADA,
    BO,
    CY,
    DAY,
    DEFAULT,
    KEY,
    LOCKER,
    OPS,
    OTHER,
    PEOPLE,
    SEC,
    TODAY,
    a_call,
    a_draft,
    a_matter,
    a_role,
    asked,
    at,
    limit,
)
from .scenes import GOLDEN, SCENES, written


@pytest.mark.parametrize("name", SCENES)
def test_a_mail_reads_as_it_was_reviewed(name: str) -> None:
    assert written(SCENES[name]()) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_no_reviewed_mail_is_left_over() -> None:
    assert sorted(one.stem for one in GOLDEN.glob("*.txt")) == sorted(SCENES)


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_mail_fits_72_columns_and_is_plain(scene: Callable[[], Draft]) -> None:
    draft = scene()
    for text in (draft.letter_text, draft.notice.text):
        assert max(map(len, text.splitlines())) <= COLUMNS
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        assert text.endswith("\n")
        assert "\n\n\n" not in text


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_mail_holds_no_link_of_its_own(scene: Callable[[], Draft]) -> None:
    text = scene().letter_text.replace("s3://", "").replace("file://", "")
    assert "://" not in text
    assert "www." not in text


@pytest.mark.parametrize("name", [one for one in SCENES if "week" not in one])
def test_what_and_by_when_stand_at_the_top(name: str) -> None:
    draft = SCENES[name]()
    top = "\n".join(draft.letter_text.splitlines()[:4])
    assert str(min(one.due_on for one in draft.notice.items)) in top
    assert f"{draft.letter_subject.split()[1]} thing" in top


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("first_notice", "aws secretsmanager rotate-secret --secret-id payments/db"),
        ("late_owner", "aws iam create-access-key --user-name deploy"),
        ("family", "aws iam attach-role-policy --role-name stacksets-exec-01"),
        ("without_usage", "aws iam update-access-key --access-key-id AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_the_first_command_is_the_first_thing_to_do(name: str, command: str) -> None:
    lines = [one.strip() for one in SCENES[name]().letter_text.splitlines()]
    assert next(one for one in lines if one.startswith("aws ")).startswith(command)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-2, "2 days late"),
        (-1, "1 day late"),
        (0, "due today"),
        (1, "due tomorrow"),
        (2, "2 days left"),
        (365, "365 days left"),
    ],
)
def test_the_due_day_itself_is_in_time(days: int, words: str) -> None:
    assert left(TODAY + timedelta(days=days), TODAY) == words


def test_a_day_is_told_with_its_name() -> None:
    assert [wording.day(date(2026, 11, 23 + number)) for number in range(7)] == [
        "Mon 2026-11-23",
        "Tue 2026-11-24",
        "Wed 2026-11-25",
        "Thu 2026-11-26",
        "Fri 2026-11-27",
        "Sat 2026-11-28",
        "Sun 2026-11-29",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", "plain"),
        ("a\nb", "a?b"),
        ("a\r\x1b[31mb", "a??[31mb"),
        ("a\u202eb\u2066c\u200bd", "a?b?c?d"),
        ("Jörg Åström", "Jörg Åström"),
        ("माया", "माया"),
        ("李雷", "李雷"),
        ("e\u0301", "é"),
        ("x\u0301\u0302\u0303", "x\u0301??"),
        ("\ud7ff\ue000", "??"),
        ("<b>&amp;", "<b>&amp;"),
        ("see https://evil.example", "see https: //evil.example"),
        ("WWW.evil.example", "WWW .evil.example"),
        ("mailto:x", "mailto :x"),
        ("a\u00a0b", "a b"),
    ],
)
def test_a_name_loses_what_could_speak_for_itself(text: str, words: str) -> None:
    assert shown(text) == words


@pytest.mark.parametrize(("length", "cut"), [(99, 99), (100, 100), (101, 100), (65_536, 100)])
def test_a_long_name_is_cut_and_the_cut_is_shown(length: int, cut: int) -> None:
    found = shown("x" * length)
    assert len(found) == cut
    assert found.endswith("...") == (length > 100)


@given(st.text(max_size=300))
def test_nothing_shown_breaks_a_line(text: str) -> None:
    assert len(shown(text, longest=500).splitlines()) <= 1


@given(st.text(max_size=400), st.sampled_from(["", "  ", "Why: "]), st.sampled_from(["", "  ", "     "]))
def test_no_wrapped_line_is_wider_than_72_columns_and_no_word_is_lost(text: str, first: str, rest: str) -> None:
    lines = wrapped(text, first, rest)
    assert all(len(line) <= COLUMNS for line in lines)
    assert "".join("".join(lines).split()) == "".join((first + text).split())


@pytest.mark.parametrize(("width", "lines"), [(COLUMNS, 1), (COLUMNS + 1, 2)])
def test_a_text_of_exactly_72_columns_stands_on_one_line(width: int, lines: int) -> None:
    words = "a " * (width // 2) + "b" * (width % 2)
    assert len(wrapped(words.strip() if len(words.strip()) == width else words[:-1] + "b")) == lines


@pytest.mark.parametrize(("length", "fits"), [(300, True), (301, False)])
def test_a_very_long_name_is_not_typed(length: int, fits: bool) -> None:
    assert typable("x" * length) is fits


def test_a_broken_command_is_the_same_command() -> None:
    words = ["aws", "iam", "tag-role", "--role-name", "r" * 60, "--tags", "Key=a,Value='b c'", "--flag", "--other", "x"]
    lines = wording.command(words)
    assert "".join(line.removesuffix("\\") for line in lines).split() == " ".join(words).split()
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert not lines[-1].endswith("\\")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "nobody"),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c", "d", "e"], "a, b, c, d and e"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 more"),
    ],
)
def test_a_few_names_and_how_many_more(names: list[str], words: str) -> None:
    assert listing(names) == words


def text(*calls: object, **known: object) -> str:
    """A letter as one line of words."""
    return " ".join(a_draft(*calls, **known).letter_text.split())  # type: ignore[arg-type]  # calls and keywords of a_draft


@pytest.mark.parametrize(
    ("hop", "recipient", "words"),
    [
        (Hop.DEPUTY, BO, "You get this as deputy. Asked before: Ada Lovelace (owner) on 2026-11-20. It is still open. Do it in"),
        (Hop.MANAGER, CY, "You get this as manager. Asked before: Ada Lovelace (owner) on 2026-11-20. It is still open. You need not"),
        (Hop.CONTACT, OPS, "You get this as contact of the account. Asked before: Ada Lovelace (owner) on 2026-11-20."),
        (Hop.SECURITY, SEC, "You are the last to be asked: have it shut, or have an exception approved."),
    ],
)  # fmt: skip
def test_each_hop_is_told_its_part(hop: Hop, recipient: str, words: str) -> None:
    call = a_call(a_matter(-9), hop=hop, step="overdue 9", recipient=recipient, asked=(asked(3),))
    found = text(call, recipient=recipient)
    assert words in found
    assert "escalated to you" in found
    assert "it is passed on, for nobody nearer acted or could be asked" in found


def test_somebody_who_left_is_not_said_to_have_been_asked() -> None:
    gone = asked(2, sent=False, why="left")
    found = text(a_call(hop=Hop.DEPUTY, recipient=BO, asked=(gone,), route=("owner: left",)), recipient=BO)
    assert "Asked before: Ada Lovelace (owner) could not be reached: left." in found
    assert "because owners.toml names you as deputy of the owner (owner: left)." in found


def test_hops_where_nobody_stands_are_told_together() -> None:
    nobody = [asked(2, "", hop, sent=False, why="nobody is named") for hop in (Hop.DEPUTY, Hop.MANAGER)]
    found = text(a_call(hop=Hop.CONTACT, recipient=OPS, asked=(asked(3), asked(1), *nobody)), recipient=OPS)
    said = "Asked before: Ada Lovelace (owner) on 2026-11-20 and 2026-11-22; no deputy or manager is named."
    assert said in found


@pytest.mark.parametrize(
    ("route", "hops", "words"),
    [
        (("owner: nobody owns it",), [(Hop.OWNER, "nobody owns it")], "nobody owns it"),
        (
            ("owner: nobody owns it", "deputy: nobody is named", "manager: nobody is named"),
            [(Hop.OWNER, "nobody owns it"), (Hop.DEPUTY, "nobody is named"), (Hop.MANAGER, "nobody is named")],
            "nobody owns it",
        ),
        (
            ("deputy: nobody is named", "manager: nobody is named"),
            [(Hop.DEPUTY, "nobody is named"), (Hop.MANAGER, "nobody is named")],
            "no deputy or manager is named",
        ),
    ],
)
def test_where_nobody_stands_nobody_is_said_to_be_out_of_reach(
    route: tuple[str, ...], hops: list[tuple[Hop, str]], words: str
) -> None:
    missed = tuple(asked(2, "", hop, sent=False, why=why) for hop, why in hops)
    found = text(a_call(hop=Hop.CONTACT, recipient=OPS, asked=missed, route=route), recipient=OPS)
    assert f"You get this as contact of the account. Nobody nearer could be asked: {words}. It is still open." in found
    assert f"because you are the contact of the account ({words})." in found


@pytest.mark.parametrize(
    ("kind", "account", "may"),
    [
        (Kind.ACCESS_KEY, ACCOUNT, True),
        (Kind.HUMAN_USER, ACCOUNT, True),
        (Kind.ROLE_WORKLOAD, ACCOUNT, True),
        (Kind.ROOT, ACCOUNT, False),
        (Kind.ROLE_SSO, ACCOUNT, False),
        (Kind.CERTIFICATE, ACCOUNT, False),
        (None, ACCOUNT, False),
        (None, "organization", False),
    ],
)
@pytest.mark.parametrize(("hop", "who"), [(Hop.CONTACT, OPS), (Hop.SECURITY, SEC)])
@pytest.mark.parametrize("known", [{}, {"not_mine": "x"}, {"event": Event.UNOWNED}])
def test_only_what_can_be_shut_is_said_to_be(
    kind: Kind | None, account: str, may: bool, hop: Hop, who: str, known: dict[str, Any]
) -> None:
    one = a_matter(kind=kind, account=account, **known)
    found = text(a_call(one, hop=hop, recipient=who), recipient=who).partition("Your part: ")[2].partition("Why: ")[0]
    assert any(words in found for words in ("You may shut it", "have it shut", "or shut it")) is may


def test_the_organization_is_never_an_account_to_look_in() -> None:
    one = a_matter(kind=None, identity=None, account="organization", control="IDC-35")
    draft = a_draft(a_call(one, hop=Hop.CONTACT, recipient=OPS), recipient=OPS)
    assert "--account" not in draft.letter_text
    assert f"\n  prooftrail findings {LOCKER} --open\n" in draft.letter_text


def test_the_same_part_in_several_things_is_told_once() -> None:
    calls = [
        a_call(one, hop=Hop.MANAGER, recipient=CY, asked=(asked(3),)) for one in (a_matter(), a_role(), a_role("x"))
    ]
    found = text(*calls, recipient=CY)
    assert found.count("You need not do it yourself") == 1
    assert found.count("Your part: as in 1.") == 1


@pytest.mark.parametrize(("hop", "who"), [(Hop.CONTACT, OPS), (Hop.SECURITY, SEC)])
def test_what_somebody_disowned_is_to_be_given_to_somebody(hop: Hop, who: str) -> None:
    found = text(a_call(a_matter(not_mine="ask the data team"), hop=hop, recipient=who), recipient=who)
    assert "Somebody tagged it as not theirs: find who answers for it" in found
    assert 'Tagged as not theirs, in the words of whoever tagged it: "ask the data team"' in found
    assert "first notice" in found
    assert "escalated" not in found


def test_only_whoever_it_may_belong_to_is_shown_how_to_disown_it() -> None:
    assert "Not yours? Tag it" in text(a_call())
    assert "Not yours" not in text(a_call(hop=Hop.MANAGER, recipient=CY), recipient=CY)
    unowned = a_role(event=Event.UNOWNED, control="IDC-02")
    assert "Not yours" not in text(a_call(unowned, hop=Hop.CONTACT, recipient=OPS), recipient=OPS)


@pytest.mark.parametrize(
    ("step", "before", "words"),
    [
        ("first", False, "first notice"),
        ("T-7", False, "first notice"),
        ("T-7", True, "reminder"),
        ("due", True, "due today - reminder"),
        ("overdue 3", True, "3 days late - reminder"),
        ("again", True, "reminder"),
        ("handed over", True, "handed over to you"),
    ],
)
def test_a_step_has_a_word(step: str, before: bool, words: str) -> None:
    due = {"due": 0, "overdue 3": -3}.get(step, 7)
    call = a_call(a_matter(due), step=step, asked=(asked(7),) if before else ())
    assert words in text(call)


def test_what_was_handed_over_says_so_at_the_end_too() -> None:
    assert "You get this mail because it was handed over to you." in text(a_call(step="handed over"))


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("arn:aws:sts::1:assumed-role/Ops/p-ada", "arn:aws:sts::1:assumed-role/Ops/Ada Lovelace"),
        (f"key:{'ab' * 32}", "whoever holds the key abababababab"),
    ],
)
@pytest.mark.parametrize(
    ("matter", "step", "told"),
    [("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "handed over", True), ("0" * 32, "handed over", False), ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "again", False)],
)  # fmt: skip
def test_whoever_it_is_handed_to_reads_by_whom_and_why(who: str, said: str, matter: str, step: str, told: bool) -> None:
    every = [
        Answer(kind=kind, who=who, at=at(-1), locker="l", matters=(matter,), reason=why, to=to)
        for kind, why, to in (
            (AnswerKind.REASSIGNED, "older", BO),
            (AnswerKind.REASSIGNED, 'moved, says "evil.com"', ADA),
            (AnswerKind.ACKNOWLEDGED, "later", None),
        )
    ]
    day = msgspec.structs.replace(DAY, answers=tuple(every))
    found = text(a_call(step=step), day=day)
    assert (f"Handed over by {said} on 2026-11-22: \"moved, says 'evil .com'\"" in found) is told
    assert ("Handed over by" in found) is told


@pytest.mark.parametrize(("read_in", "told"), [("20261123T060000Z", False), ("20261122T060000Z", True)])
def test_what_was_not_read_today_is_not_confirmed(read_in: str, told: bool) -> None:
    found = text(a_call(a_matter(read_in=read_in)))
    assert ("Not confirmed since 2026-11-22: the account could not be read." in found) is told


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event.ROTATION, "from Mon 2026-11-30 on it is past its limit and counts as failing."),
        (Event.UNUSED, "from Mon 2026-11-30 on it is past its limit and counts as failing."),
        (Event.EXPIRY, "on Mon 2026-11-30 it expires, and what relies on it stops."),
    ],
)
def test_what_still_passes_says_what_will_happen(event: Event, words: str) -> None:
    assert f"What comes: {words}" in text(a_call(a_matter(event=event, failing=False)))


@pytest.mark.parametrize("control", ["IDC-07", "IDC-15"])
@pytest.mark.parametrize("failing", [True, False])
def test_how_a_person_uses_it_is_left_out_where_the_law_asks_it(control: str, failing: bool) -> None:
    used = "last used 2026-09-23"
    key = a_matter(
        control=control, person=True, failing=failing, used=used, reason="It was last used 61 days ago, from Malta."
    )
    found = a_draft(a_call(key, usage=False))
    for said in (found.letter_text, found.notice.text):
        for word in ("61", "2026-09", "Malta", "Last use", "never used", "nobody uses it"):
            assert word not in said
    assert "Last use: 2026-09-23, 61 days ago" in text(a_call(key, usage=True))
    machine = a_matter(control=control, person=False, used=used)
    assert "Last use: 2026-09-23, 61 days ago" in text(a_call(machine, usage=False))


@pytest.mark.parametrize(
    ("used", "words"),
    [
        ("last used 2026-11-24", "2026-11-24, today"),
        ("last used 2026-11-23", "2026-11-23, today"),
        ("last used 2026-11-22", "2026-11-22, 1 day ago"),
        ("last used 2026-11-21", "2026-11-21, 2 days ago"),
        ("never used", "never used"),
        ("last use not known", "last use not known"),
        ("not used in the 400 days AWS tracks", "not used in the 400 days AWS tracks"),
        ("last used long ago", "last used long ago"),
    ],
)
def test_a_last_use_is_told_with_how_long_ago_it_was(used: str, words: str) -> None:
    assert f"\nLast use: {words}\n" in a_draft(a_call(a_matter(used=used))).letter_text


def test_a_use_that_is_not_told_is_said_to_be_unknown() -> None:
    assert "Last use: AWS does not tell it" in text(a_call(a_matter(used=None)))


@pytest.mark.parametrize(("value", "told"), [("0", False), ("1", True), ("0 days", True), ("required", True)])
def test_a_limit_of_nothing_at_all_is_left_out(value: str, told: bool) -> None:
    found = text(a_call(a_matter(reason="It is so.", limit=limit("any", value))))
    assert (f"Limit: {value} ({DEFAULT})" in found) is told
    assert ("Limit" in found) is told


def test_the_limit_is_told_once_whoever_approved_it_and_on_the_same_lines_in_both_copies() -> None:
    draft = SCENES["limit_approved"]()
    for said, cy in ((draft.letter_text, PEOPLE[CY]), (draft.notice.text, CY)):
        assert said.count("60 days") == 1
        assert said.count(cy) == 1
    assert draft.letter_text == draft.notice.text.replace(f"by {CY} on", f"by {PEOPLE[CY]} on").replace(
        ADA, f"'{PEOPLE[ADA]}'"
    )


def test_the_limit_is_told_once_and_with_who_set_it() -> None:
    found = text(a_call())
    assert found.count("90 days") == 1
    assert "Limit: 90 days (built-in default of the control map, not approved by the organization)" in found


def test_the_second_of_a_kind_repeats_no_steps_but_its_commands() -> None:
    other = a_matter(8, id="4e" * 16, name="AKIAOTHER", identity="AKIAOTHER", arn="arn:aws:iam::1:user/batch")
    found = text(a_call(), a_call(other))
    assert "Do: as in 1, and so the undo. For this one: 1. " in found
    assert found.count("aws iam create-access-key --user-name batch") == 1
    assert "aws iam update-access-key --access-key-id AKIAOTHER --status Inactive" in found.replace("\\ ", "")
    assert found.count("aws iam delete-access-key") == 1
    assert found.count("Undo:") == 1


def test_the_organization_and_accounts_without_a_name_have_a_place() -> None:
    whole = a_matter(account="organization", kind=None, identity=None, arn=None, control="IDC-35", name="organization")
    assert "Where: the organization as a whole" in text(a_call(whole))
    unnamed = a_draft(a_call(a_matter(account=OTHER)), accounts={OTHER: None}).letter_text
    assert f"\nWhere: account {OTHER}\n" in unnamed


PHISH = "login.aws-signin.evil.com/reset?x=1 or help@evil.com"


def test_what_anybody_wrote_has_no_place_to_click_on() -> None:
    user = a_matter(
        kind=Kind.HUMAN_USER,
        name="help@evil.com",
        arn=f"arn:aws:iam::{ACCOUNT}:user/help@evil.com",
        reason=f"User {PHISH} has a password.",
        used=PHISH,
        not_mine=f'"{PHISH}"',
        family=f"{PHISH}#00",
    )
    role = a_role(PHISH, id="5f" * 16)
    calls = a_call(user, hop=Hop.CONTACT), a_call(role, asked=(asked(1, "boss@evil.com", sent=False, why="left"),))
    for said in (draft := a_draft(*calls, accounts={ACCOUNT: "evil.com"})).letter_text, draft.notice.text:
        prose = [one for one in said.splitlines() if not one.startswith("     ")]  # as commands do
        assert not [one for one in prose if "evil.com" in one]
        assert "evil .com" in said
    assert "--user-name help@evil.com" in draft.letter_text


def test_whoever_the_policy_knows_keeps_their_address() -> None:
    known = {BO: "bo@example.com", ADA: "ada@example.com"}
    call = a_call(hop=Hop.DEPUTY, recipient=BO, asked=(asked(1),))
    found = text(call, recipient=BO, names=lambda one: known.get(one, one))
    assert "Asked before: ada@example.com (owner) on 2026-11-22." in found


HOSTILE = "x\n\x1b[2J\u202e<script>alert(1)</script> https://evil.example/login " + "A" * 65_536


def test_a_hostile_name_stays_short_quiet_and_out_of_every_command() -> None:
    bad = a_matter(
        name=HOSTILE,
        arn=f"arn:aws:iam::1:user/{HOSTILE}",
        reason=HOSTILE,
        used=HOSTILE,
        not_mine=HOSTILE,
        family=f"{HOSTILE}#00",
        kind=Kind.HUMAN_USER,
    )
    hostile = {one: f"{HOSTILE}{one}" for one in PEOPLE}
    calls = [
        a_call(bad, route=(HOSTILE,), asked=(asked(3, BO, Hop.DEPUTY), asked(2, sent=False, why=HOSTILE))),
        a_call(a_role(HOSTILE, id="5f" * 16), hop=Hop.MANAGER, asked=(asked(3, BO),)),
    ]
    draft = a_draft(*calls, names=lambda one: hostile.get(one, one), accounts={"111122223333": HOSTILE})
    for said in (draft.letter_text, draft.notice.text):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "https://" not in said
        assert len(said.encode()) < 12_000
        assert max(map(len, said.splitlines())) <= COLUMNS
        assert not any("script" in line for line in said.splitlines() if line.lstrip().startswith("aws "))
    assert draft.letter_subject.isascii()
    assert HOSTILE[:3] not in draft.letter_subject


def test_a_subject_never_names_anything() -> None:
    found = a_draft(a_call(a_matter(tier=Tier.CRITICAL, due_at=at(-1)))).letter_subject
    assert found == "[Prooftrail] 1 to do, 1 critical late"
    assert KEY not in found
    assert PEOPLE[ADA] not in found
