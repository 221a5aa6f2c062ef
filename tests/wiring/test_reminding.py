"""On one machine owners are told by files: in the home, for its owner's eyes only, each once."""

import stat
from pathlib import Path

from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.sqlite_claims import SqliteClaims
from prooftrail.wiring import reminding
from tests.flows.telling import ADA, BO, Telling


def test_letters_are_files_in_the_homes_outbox_and_nobody_else_can_read_them(tmp_path: Path) -> None:
    world, home = Telling(), Home(tmp_path / "home").create()
    run_id = world.scanned(1)
    assert world.pin.head is not None
    home.remember(world.pin.head, locker_id="a" * 64)
    remind = reminding.console(home, world.locker, world.sealing(), clock=world.clock)
    for _ in range(2):
        reminded = remind(run_id)
        assert reminded.error is None
    assert [one.already for one in reminded.deliveries] == [True]
    files = sorted((home.path / "outbox").iterdir())
    assert sorted(one.read_text(encoding="utf-8").splitlines()[0] for one in files) == [f"To: {ADA}", f"To: {BO}"]
    assert {one.name.partition(".")[2] for one in files} == {"txt"}
    assert list((home.path / "letters").iterdir()) == []
    private = [home.path / "claims.sqlite", *files]
    assert {stat.S_IMODE(one.stat().st_mode) for one in private} == {0o600}
    assert {stat.S_IMODE((home.path / one).stat().st_mode) for one in ("outbox", "letters")} == {0o700}


def test_letters_that_were_not_sent_wait_for_nobody_else_to_read_and_are_settled_by_the_next_days_run(
    tmp_path: Path,
) -> None:
    world, home = Telling(), Home(tmp_path / "home").create()
    first = world.scanned(1)
    assert world.pin.head is not None
    home.remember(world.pin.head, locker_id="a" * 64)
    remind = reminding.console(home, world.locker, world.sealing(), clock=world.clock)
    remind._plan(first)
    (waiting,) = (home.path / "letters").iterdir()
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o600
    second = world.scanned(2)
    home.remember(world.pin.head, locker_id="a" * 64)
    reminded = remind(second)
    assert (reminded.error, [one.failed for one in reminded.settled]) == (None, [2])
    assert list((home.path / "letters").iterdir()) == []
    assert len(list((home.path / "outbox").iterdir())) == 2


def test_on_one_machine_a_letter_that_was_not_written_is_known_not_to_be_however_late(tmp_path: Path) -> None:
    world, home = Telling(), Home(tmp_path / "home").create()
    first = world.scanned(1)
    assert world.pin.head is not None
    home.remember(world.pin.head, locker_id="a" * 64)
    remind = reminding.console(home, world.locker, world.sealing(), clock=world.clock)
    plan = remind._plan(first)
    for one in world.notices(plan):
        SqliteClaims(home.path / "claims.sqlite").claim(one.id, run=first, at=world.clock.at)
    last = world.scanned(6)
    home.remember(world.pin.head, locker_id="a" * 64)
    reminded = remind(last)
    assert (reminded.error, [one.failed for one in reminded.settled]) == (None, [2])
    assert len(list((home.path / "outbox").iterdir())) == 2
