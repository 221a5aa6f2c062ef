"""What would be told is shown without telling it: the same texts as are sent, and nothing is written, asked or needed."""

from datetime import date

import pytest

from prooftrail.flows.locker_history import LockerHistory
from prooftrail.flows.preview_notices import Preview, preview
from prooftrail.model.notice import Undelivered
from tests.flows.telling import ADA, BO, TIERS, Telling, opened
from tests.flows.world import MEMBER


def previewed(
    world: Telling, *, on: date | None = None, everything_open: bool = False, owner: str | None = None
) -> Preview:
    history = LockerHistory(world.locker)
    return preview(
        world.locker, history, history.as_of(history.run()), on=on, everything_open=everything_open, owner=owner
    )


def test_the_texts_shown_are_those_that_are_sent() -> None:
    world = Telling()
    run_id = world.scanned(1)
    shown = {one.notice.id: (one.letter_subject, one.letter_text) for one in previewed(world).drafts}
    world.remind(run_id)
    assert shown == {one.id: (one.subject, one.text) for one in world.notifier.arrived}


def test_looking_writes_nothing() -> None:
    world = Telling()
    world.scanned(1)
    before = list(world.names())
    previewed(world, everything_open=True)
    assert list(world.names()) == before


def test_what_is_not_open_is_shown_as_held_and_without_that_as_it_would_be() -> None:
    world = Telling(opened())
    world.scanned(1)
    assert [one.notice.held for one in previewed(world).drafts] == [Undelivered.CLOSED] * 2
    assert [one.notice.held for one in previewed(world, everything_open=True).drafts] == [None] * 2


def test_an_opening_of_a_later_day_counts_on_that_day() -> None:
    world = Telling(opened(*TIERS))
    world.scanned(1)
    assert [one.notice.held for one in previewed(world, on=date(2026, 11, 4)).drafts] == [None] * 2


@pytest.mark.parametrize(
    ("owner", "addresses"), [("ada", [ADA]), ("BO@", [BO]), ("example.com", [ADA, BO]), ("eve", [])]
)
def test_one_owner_can_be_asked_for_by_a_part_of_name_or_address(owner: str, addresses: list[str]) -> None:
    world = Telling()
    world.scanned(1)
    pseudonyms = {world.sealing().pseudonym(one): one for one in (ADA, BO)}
    shown = previewed(world, owner=owner)
    assert sorted(pseudonyms[one.notice.address or ""] for one in shown.drafts) == addresses
    assert dict(shown.counts)["planned"] == 2


def test_what_was_told_before_is_remembered_for_a_later_day() -> None:
    world = Telling()
    world.told(1)
    assert previewed(world, on=date(2026, 11, 2)).drafts == ()


def test_an_account_that_cannot_be_read_is_stated_here_too() -> None:
    world = Telling()
    world.unreachable = {MEMBER}
    world.scanned(1)
    assert previewed(world).gaps == (f"account {MEMBER}: not told of: it was never read and judged",)
