"""What was seen of several findings of one identity: a sentence each, with limit, day and id."""

from typing import Any

import pytest

from prooftrail.model.judgement import Event, Limit, Tier
from prooftrail.model.notice import Matter

from .letters import DEFAULT, a_call, a_draft, a_role


def words(*matters: Matter, **known: Any) -> str:
    return " ".join(a_draft(*(a_call(one, **known) for one in matters)).letter_text.split())


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "- It is so. Limit: 1 day. Due Mon 2026-12-14. Id: 222222222222 "),
        ({"due": 0}, "- It is so. Limit: 1 day. Due Mon 2026-11-23. Id: 222222222222 "),
        ({"due": -1}, "- It is so. Limit: 1 day. Was due Sun 2026-11-22. Id: 222222222222 "),
        ({"tier": Tier.LOW}, "- It is so. Limit: 1 day. Low, due Mon 2026-12-14. Id: 222222222222 "),
        ({"limit": None}, "- It is so. Due Mon 2026-12-14. Id: 222222222222 "),
        ({"failing": False}, "- It is so. Limit: 1 day. Fails from Mon 2026-12-14 on. Id: 222222222222 "),
        ({"failing": False, "event": Event.EXPIRY}, "Limit: 1 day. Expires Mon 2026-12-14. Id: 222222222222 "),
        ({"reason": "x" * 300}, f"{'x' * 10}... Limit: 1 day."),
    ],
)
def test_each_finding_is_a_sentence_with_its_limit_its_day_and_its_id(known: dict[str, object], said: str) -> None:
    made: dict[str, object] = {
        "id": "2" * 32, "control": "IDC-02", "reason": "It is so", "limit": Limit(name="x", value="1 day", set_by="CISO"),
        **known,
    }  # fmt: skip
    found = words(a_role(id="1" * 32), a_role(**made))  # type: ignore[arg-type]  # fields of a matter
    assert said.replace("x" * 10, "") in found.replace("x" * 10, "")
    assert found.count("What we saw:") == 1
    assert found.count("Last use:") == 1


def test_who_set_the_limits_is_told_once() -> None:
    found = words(a_role(id="1" * 32), a_role(id="2" * 32, control="IDC-28"))
    assert found.count(DEFAULT) == 1
    assert f"Limits set by: {DEFAULT}" in found


@pytest.mark.parametrize(
    ("number", "full", "short", "blocks"),
    [(2, 2, 0, 1), (8, 8, 0, 1), (9, 8, 1, 1), (20, 8, 12, 1), (22, 10, 12, 2), (40, 16, 24, 2)],
)
def test_eight_findings_of_one_identity_are_told_in_full_and_twelve_in_short(
    number: int, full: int, short: int, blocks: int
) -> None:
    every = [a_role(id=f"{at:012x}" + "0" * 20, control="IDC-28") for at in range(number)]
    draft = a_draft(*map(a_call, every))
    found = " ".join(draft.letter_text.split())
    assert (
        found.count("Role nightly-export was last used 120 days ago. Limit: 90 days. Due Mon 2026-12-14. Id:") == full
    )
    assert found.count("- IDC-28. Due Mon 2026-12-14. Id: ") == short
    assert found.count("Ids: ") == blocks
    assert sorted(one for item in draft.notice.items for one in item.matters) == [one.id for one in every]
    assert all(one.id[:12] in draft.letter_text for one in every)


def test_nothing_of_a_person_is_told_of_any_finding_where_the_law_asks_it() -> None:
    found = words(a_role(id="1" * 32, person=True), a_role(id="2" * 32, control="IDC-07", person=True), usage=False)
    for word in ("120 days", "2026-07-26", "Last use"):
        assert word not in found
