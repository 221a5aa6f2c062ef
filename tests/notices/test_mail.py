"""How much of a mail is told in full, in short, and only counted."""

import shlex
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.model import canonical
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Asked, Hop, Told
from prooftrail.notices import memory, naming, summary
from prooftrail.notices.digest import Draft
from prooftrail.notices.mail import LONGEST_NAMED, MOST_FULL, MOST_NAMED
from prooftrail.notices.summary import Tallies
from prooftrail.notices.wording import COLUMNS

from .letters import ACCOUNT, ADA, DAY, TODAY, a_call, a_draft, a_role
from .people import a_day, lasting, plan, sent_of
from .scenes import SCENES


@pytest.mark.parametrize(
    ("number", "short", "more"),
    [
        (1, 0, 0),
        (MOST_FULL, 0, 0),
        (MOST_FULL + 1, 1, 0),
        (MOST_NAMED, MOST_NAMED - MOST_FULL, 0),
        (MOST_NAMED + 1, MOST_NAMED - MOST_FULL, 1),
        (1_000, MOST_NAMED - MOST_FULL, 980),
    ],
)
def test_six_things_are_told_in_full_then_on_a_line_up_to_twenty_and_the_rest_counted(
    number: int, short: int, more: int
) -> None:
    draft = a_draft(*(a_call(a_role(f"n{one:04}", id=f"{one:032x}", identity=f"A{one}")) for one in range(number)))
    told, _, brief = draft.letter_text.partition("\nIn short:\n")
    assert len(draft.notice.items) == number - more
    assert told.count("\nId: ") == number - short - more
    assert [
        f"payments-prod: Shut role n{one:04}. Id: 000000000000\n" in brief.replace("\n  ", "")
        for one in range(MOST_FULL, number)
    ] == [True] * short + [False] * more
    assert f"{number:,} thing{'s' if number > 1 else ''} need" in draft.letter_text
    assert (f"and {short:,} more below\n" in draft.letter_text) is (short > 0)
    verb = "is due and follows" if more == 1 else "are due and follow"
    assert (f"{more:,} more {verb} on the next days: {more:,} medium." in draft.letter_text) is (more > 0)
    assert "prooftrail owner show s3://example-evidence 'Ada Lovelace'" in draft.letter_text


SERIOUS = (Tier.CRITICAL, Tier.LOW)


@pytest.mark.parametrize(("number", "days"), [(20, 1), (21, 2), (34, 2), (35, 3), (100, 7)])
def test_of_many_things_due_every_day_each_is_named_some_day_and_only_what_is_named_is_told(
    number: int, days: int
) -> None:
    told: dict[str, tuple[Asked, ...]] = {}
    for day in range(days):
        on = TODAY + timedelta(days=day)
        assert len(told) < number
        calls = (
            a_call(a_role(f"n{at:03}", id=one, identity=f"A{at}", tier=SERIOUS[at % 2]), asked=told.get(one, ()))
            for at, one in ((at, f"{at:012x}") for at in range(number))
        )
        draft = a_draft(*calls, day=msgspec.structs.replace(DAY, on=on))
        names = [one for item in draft.notice.items for one in item.matters]
        assert names[:3] == ["000000000000", "000000000002", "000000000004"]
        for one in names:
            assert one in draft.letter_text
            now = Asked(hop=Hop.OWNER, recipient=ADA, on=on, step="first", sent=True)
            told[one] = (*told.get(one, ()), now)
    assert len(told) == number


def test_what_is_counted_was_not_told_and_is_due_again() -> None:
    matters = [lasting(20, id=f"{at:032x}", identity=f"A{at}", tier=Tier.MEDIUM) for at in range(25)]
    told: dict[str, Told] = {}
    seen = []
    for number in range(2):
        planned = plan(a_day(number), matters, told)
        calls = [one for one in planned.calls if one.recipient == ADA]
        draft = a_draft(*calls, day=msgspec.structs.replace(DAY, on=TODAY + timedelta(days=number)))
        seen.append({one for item in draft.notice.items for one in item.matters})
        rows = {one.matter: one for one in planned.told}
        told = memory.remember(rows, [draft.notice], [sent_of(draft.notice)])
    assert [len(one) for one in seen] == [20, 5]
    assert seen[0] | seen[1] == {one.id for one in matters}
    assert all(one.asked for one in told.values())


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_every_matter_of_a_notice_stands_in_its_text(scene: Callable[[], Draft]) -> None:
    notice = scene().notice
    for item in notice.items if notice.style == "full" else ():
        ids = [one for one in item.matters if one[: naming.DIGITS] in notice.text]
        assert ids == list(item.matters) or f"{item.label.split()[-1]}' --control {item.control}" in notice.text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["IDC-08", "IDC-28"]), st.booleans()), max_size=60))
def test_whatever_is_called_what_is_told_is_named(made: list[tuple[int, str, bool]]) -> None:
    calls = [
        a_call(
            a_role(
                f"n{at}", id=canonical.digest(at)[:32], identity=f"A{identity}-{at if family else 0}", control=control,
                family=f"f{identity}#00" if family else None,
            )
        )
        for at, (identity, control, family) in enumerate(made)
    ]  # fmt: skip
    for notice in [a_draft(*calls).notice] if calls else []:
        for item in notice.items:
            for one in item.matters:
                assert one[: naming.DIGITS] in notice.text or f"#00' --control {item.control}" in notice.text


def is_too_wide(line: str) -> bool:
    """True unless the line is one argument, which would be another if it were broken."""
    bare = line.strip().removesuffix("\\").strip()
    return len(line) > COLUMNS and len(shlex.split(bare)) > 1


@settings(max_examples=40, deadline=None)
@given(st.text("ab /'\"é", min_size=1, max_size=250), st.text("ab-._ '", min_size=1, max_size=250))
def test_only_an_argument_that_cannot_be_broken_is_wider_than_72_columns(name: str, locker: str) -> None:
    roles = (a_role(name, id=f"{at:032x}", identity=f"A{at}", family=f"{name}#00", owner=name) for at in range(9))
    week = summary.weekly(Tallies(TODAY), on=TODAY, accounts=(ACCOUNT,))
    for draft in (
        a_draft(*map(a_call, roles), a_call(a_role(name)), names=lambda _: name, locker=locker, summary=week),
        a_draft(a_call(), names=lambda _: name, locker=locker, style="minimal"),
    ):
        assert not [one for one in draft.letter_text.split("\n") if len(one) > COLUMNS and is_too_wide(one)]


@pytest.mark.parametrize(("letters", "full"), [(1, MOST_FULL), (71, MOST_FULL), (72, MOST_FULL - 1)])
def test_fewer_things_are_told_in_full_where_they_are_long(letters: int, full: int) -> None:
    names = [f"{at}" * letters for at in range(8)]
    calls = [a_call(a_role(one, id=f"{at:032x}", identity=f"A{at}", reason=one * 3)) for at, one in enumerate(names)]
    told, _, brief = a_draft(*calls).letter_text.partition("\nIn short:\n")
    assert told.count("\nId: ") == full
    assert brief.count("Id: 0000") == 8 - full


def test_a_mail_of_many_things_stays_short() -> None:
    names = [f"{at:02}" * 10 for at in range(40)]
    calls = [a_call(a_role(one, id=f"{at:032x}", identity=f"A{at}", reason=one * 5)) for at, one in enumerate(names)]
    assert len(a_draft(*calls).letter_text) < LONGEST_NAMED + 2_000


def test_names_change_nothing_but_themselves() -> None:
    calls = [a_call(a_role(f"{ADA}-{at}", id=f"{at:032x}", identity=f"A{at}")) for at in range(9)]
    draft = a_draft(*calls, names=lambda text: text.replace(ADA, "Ada" * 20))
    for said in (draft.letter_text, draft.notice.text):
        told, _, brief = said.partition("\nIn short:\n")
        assert (told.count("\nId: "), brief.count("Id: 0000")) == (MOST_FULL, 3)
