"""On one machine owners are told by files: in the home, for its owner's eyes only, each once."""

import stat
from pathlib import Path

from prooftrail.adapters.embedded.home import Home
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
    private = [home.path / "claims.sqlite", *files, *(home.path / "letters").iterdir()]
    assert {stat.S_IMODE(one.stat().st_mode) for one in private} == {0o600}
    assert {stat.S_IMODE((home.path / one).stat().st_mode) for one in ("outbox", "letters")} == {0o700}
