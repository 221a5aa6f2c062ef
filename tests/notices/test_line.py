"""Which of the things to do about one identity is told first, and what is left beside it."""

import pytest

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event
from prooftrail.model.notice import Matter
from prooftrail.notices import grouping
from prooftrail.notices.line import Line, line

from .letters import TODAY, a_call, a_draft, a_matter, a_role, a_scene, a_secret, limit


def of(*matters: Matter) -> Line:
    """The one thing these matters make."""
    (thing,) = grouping.things(grouping.ordered(map(a_call, matters), TODAY))
    return line(thing, a_scene())


def key(control: str, **known: object) -> Matter:
    return a_matter(**{"id": control, "control": control, "limit": None, **known})  # type: ignore[arg-type]  # fields


def role(control: str, **known: object) -> Matter:
    return a_role(**{"id": control, "control": control, "limit": None, **known})  # type: ignore[arg-type]  # fields


def user(control: str, **known: object) -> Matter:
    made = {"id": control, "control": control, "kind": Kind.HUMAN_USER, "name": "carol", "identity": "AIDA", **known}
    return a_matter(**made)  # type: ignore[arg-type]  # fields


KEYS = (key("IDC-15"), key("IDC-16"), key("IDC-07"))
ROLES = tuple(map(role, ("IDC-02", "IDC-20", "IDC-22", "IDC-28", "IDC-29")))
CAROL = tuple(map(user, ("IDC-02", "IDC-07", "IDC-11", "IDC-13", "IDC-14", "IDC-20")))
SECRET = a_secret(id="IDC-17"), a_secret(id="IDC-18", control="IDC-18", reason="Secret was read 400 days ago.")
OVERLAP = key("IDC-15", limit=limit("two_active_keys_overlap_days", "7 days"))


@pytest.mark.parametrize(
    ("matters", "first", "then", "if_it_stays"),
    [
        (KEYS, "IDC-07", [], ["IDC-16", "IDC-15"]),
        (KEYS[:2], "IDC-16", [], ["IDC-15"]),
        ((OVERLAP, KEYS[1]), "IDC-15", [], ["IDC-16"]),
        (ROLES, "IDC-28", ["IDC-29", "IDC-20", "IDC-22", "IDC-02"], []),
        ((*ROLES, role("IDC-08")), "IDC-08", [], ["IDC-28", "IDC-29", "IDC-20", "IDC-22", "IDC-02"]),
        ((role("IDC-18"), role("IDC-08")), "IDC-18", ["IDC-08"], []),
        (CAROL, "IDC-07", ["IDC-20", "IDC-13", "IDC-02"], ["IDC-11", "IDC-14"]),
        (SECRET, "IDC-18", [], ["IDC-17"]),
        ((KEYS[0], key("IDC-07", failing=False)), "IDC-15", ["IDC-07"], []),
        ((role("IDC-02"), role("IDC-99")), "IDC-02", ["IDC-99"], []),
    ],
)
def test_what_settles_most_is_told_first(
    matters: tuple[Matter, ...], first: str, then: list[str], if_it_stays: list[str]
) -> None:
    for some in (matters, matters[::-1]):
        found = of(*some)
        assert found.matter.id == first
        assert [one.told.first.id for one in found.others if not one.settled] == then
        assert [one.told.first.id for one in found.others if one.settled] == if_it_stays


def test_an_owner_nobody_named_counts_as_a_record_whatever_its_control() -> None:
    unowned = role("IDC-28", event=Event.UNOWNED, id="u")
    assert of(unowned, role("IDC-30")).matter.id == "IDC-30"


def test_one_block_tells_the_steps_of_one_control_alone() -> None:
    text = a_draft(*map(a_call, KEYS)).letter_text
    assert text.count("\nDo:") == 1
    assert "create-access-key" not in text
    assert "That settles the rest. If it has to stay: replace it by a role" in text


def test_what_is_left_to_do_stands_on_a_line_each() -> None:
    assert (
        "\nThen: keep accounts outside production out of it.\n"
        "Then: take administrator rights from it, or register it.\n"
        "Then: set a boundary for it, or register it.\n"
        "Then: name the owner of it.\n"
    ) in a_draft(*map(a_call, ROLES)).letter_text


def test_a_family_is_spoken_of_as_many() -> None:
    calls = [
        a_call(a_role(f"r{at}", id=f"{control}{at}", identity=f"A{at}", control=control, family="r<n>#00"))
        for at in range(3)
        for control in ("IDC-28", "IDC-22")
    ]
    draft = a_draft(*calls)
    assert len(draft.notice.items) == 2
    assert "Then: set a boundary for them, or register it." in draft.letter_text
    assert "\nIds: IDC-220,IDC-221,IDC-222,IDC-280,\n     IDC-281,IDC-282\n\n" in draft.letter_text
    assert "    Ids: IDC-220,IDC-221,IDC-222\n" in draft.letter_text


def test_what_is_told_together_is_answered_by_the_ids_of_all_of_it() -> None:
    assert "\nIds: IDC-07,IDC-15,IDC-16\n" in a_draft(*map(a_call, KEYS)).letter_text
