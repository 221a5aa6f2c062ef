"""What every place for letters promises, held against the fake, the home's directory and S3 as two servers speak it."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.letters import DirectoryLetters
from prooftrail.errors import NoticeError
from prooftrail.ports.notices import Letter, Letters
from tests.contracts.aws_post import letters_on
from tests.contracts.fakes import MemoryLetters

RUN = "20261123T060000Z-0123456789abcdef"


def a_letter(number: int = 1, text: str = "text\n") -> Letter:
    return Letter(id=f"{number:032x}", recipient="person-1", address="ada@example.com", subject="to do", text=text)


def memory(_: pytest.FixtureRequest, __: Path) -> Letters:
    return MemoryLetters()


def directory(_: pytest.FixtureRequest, folder: Path) -> Letters:
    return DirectoryLetters(folder / "letters")


def moto(request: pytest.FixtureRequest, _: Path) -> Letters:
    return letters_on(request.getfixturevalue("moto"))


def ministack(request: pytest.FixtureRequest, _: Path) -> Letters:
    return letters_on(request.getfixturevalue("ministack"))


PLACES: dict[str, Callable[[pytest.FixtureRequest, Path], Letters]] = {
    "memory": memory,
    "directory": directory,
    "moto": moto,
    "ministack": ministack,
}
"""Every place for letters, by name; a new one joins here."""


@pytest.fixture(params=list(PLACES))
def letters(request: pytest.FixtureRequest, tmp_path: Path) -> Letters:
    return PLACES[request.param](request, tmp_path)


def test_letters_are_read_in_their_order_shard_by_shard(letters: Letters) -> None:
    letters.write(RUN, 0, [a_letter(2), a_letter(1)])
    letters.write(RUN, 1, [a_letter(3)])
    assert list(letters.read(RUN, 0)) == [a_letter(2), a_letter(1)]
    assert list(letters.read(RUN, 1)) == [a_letter(3)]


def test_written_again_is_the_same_as_once(letters: Letters) -> None:
    for _ in range(2):
        letters.write(RUN, 0, iter([a_letter(1)]))
    assert list(letters.read(RUN, 0)) == [a_letter(1)]


def test_a_shard_without_letters_is_empty_and_not_gone(letters: Letters) -> None:
    letters.write(RUN, 0, [])
    assert list(letters.read(RUN, 0)) == []


@pytest.mark.parametrize(("run_id", "shard"), [(RUN, 1), ("20261124T060000Z", 0)])
def test_letters_that_are_gone_are_said_to_be(letters: Letters, run_id: str, shard: int) -> None:
    letters.write(RUN, 0, [a_letter(1)])
    with pytest.raises(NoticeError):
        list(letters.read(run_id, shard))


@pytest.mark.parametrize("text", ["", "\n\n", "\u2028\u0085 \x1b[31m", "<b>&amp;", "\U0001f511" * 100, "x" * 65_536])
def test_a_text_comes_back_as_it_was(letters: Letters, text: str) -> None:
    letters.write(RUN, 0, [a_letter(1, text), a_letter(2)])
    assert list(letters.read(RUN, 0)) == [a_letter(1, text), a_letter(2)]


def test_letters_can_be_let_go_of_and_of_another_shard_they_stay(letters: Letters) -> None:
    letters.write(RUN, 0, [a_letter(1)])
    letters.write(RUN, 1, [a_letter(2)])
    for _ in range(2):
        letters.forget(RUN, 0)
    assert list(letters.read(RUN, 1)) == [a_letter(2)]


def test_the_home_removes_letters_that_are_let_go_of(tmp_path: Path) -> None:
    letters = DirectoryLetters(tmp_path / "letters")
    letters.write(RUN, 0, [a_letter(1)])
    letters.forget(RUN, 0)
    assert list((tmp_path / "letters").iterdir()) == []
    letters.forget(RUN, 7)


def test_the_home_says_that_letters_cannot_be_removed(tmp_path: Path) -> None:
    (tmp_path / "letters" / f"{RUN}.000.jsonl").mkdir(parents=True)
    with pytest.raises(NoticeError, match="It holds names and addresses"):
        DirectoryLetters(tmp_path / "letters").forget(RUN, 0)


def test_the_home_shows_letters_to_nobody_else(tmp_path: Path) -> None:
    DirectoryLetters(tmp_path / "letters").write(RUN, 0, [a_letter()])
    (file,) = (tmp_path / "letters").iterdir()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_home_keeps_the_letters_of_the_newest_three_runs(tmp_path: Path) -> None:
    letters = DirectoryLetters(tmp_path / "letters")
    for day in range(1, 6):
        letters.write(f"202611{day:02d}T060000Z-{day:016x}", 0, [a_letter(day)])
    assert sorted(one.name[:8] for one in (tmp_path / "letters").iterdir()) == ["20261103", "20261104", "20261105"]


@pytest.mark.parametrize("name", ["../outside", "a/b", "", "a.b", "a-b-c"])
def test_the_home_takes_no_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoticeError, match="names no letters"):
        DirectoryLetters(tmp_path / "letters").write(name, 0, [])


def test_the_home_says_that_a_damaged_file_holds_no_letters(tmp_path: Path) -> None:
    letters = DirectoryLetters(tmp_path / "letters")
    letters.write(RUN, 0, [a_letter()])
    (file,) = (tmp_path / "letters").iterdir()
    file.write_bytes(b"{")
    with pytest.raises(NoticeError, match="holds no letters"):
        list(letters.read(RUN, 0))
