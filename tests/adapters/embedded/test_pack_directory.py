"""The directory a pack is made in: whole or not there, never over something else, and nothing but plain paths in it."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prooftrail.adapters.embedded.pack_directory import PackDirectory
from prooftrail.errors import AccessError, ConfigError
from prooftrail.model import canonical
from prooftrail.pack.integrity.statement import PATH, PREDICATE


def made(target: Path, *, replace: bool = False, text: bytes = b"one") -> PackDirectory:
    """A pack of two files."""
    statement = canonical.encode({"predicateType": PREDICATE})
    with PackDirectory(target, replace=replace) as files:
        for path, body in (("a/b.txt", text), (PATH, canonical.encode({"payload": statement, "signatures": []}))):
            with files.open(path) as sink:
                sink.write(body)
    return files


def _broken_off(files: PackDirectory) -> None:
    with files.open("a") as sink:
        sink.write(b"1")
    raise RuntimeError


def below(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def test_a_pack_is_there_once_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "pack"
    with PackDirectory(target) as files:
        with files.open("03_identity_inventory.csv") as sink:
            sink.write(b"id\r\n")
            sink.write(b"1\r\n")
        assert not target.exists()
    assert (target / "03_identity_inventory.csv").read_bytes() == b"id\r\n1\r\n"
    assert below(tmp_path / "new") == ["pack", "pack/03_identity_inventory.csv"]


def test_each_file_is_told_with_hash_and_size_once_it_is_closed(tmp_path: Path) -> None:
    with PackDirectory(tmp_path / "pack") as files, files.open("a") as sink:
        sink.write(b"12")
        assert "a" not in files.written
        sink.write(b"345")
    one = files.written["a"]
    assert (one.sha256, one.size) == (hashlib.sha256(b"12345").hexdigest(), 5)


def test_files_can_be_read_by_everybody_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        made(tmp_path / "pack")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "pack/a/b.txt").stat().st_mode) == 0o644
    assert {stat.S_IMODE((tmp_path / one).stat().st_mode) for one in ("pack", "pack/a")} == {0o755}


def test_a_pack_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    files = PackDirectory(tmp_path / "pack")
    with pytest.raises(RuntimeError), files:
        _broken_off(files)
    assert below(tmp_path) == []


def test_a_file_that_breaks_off_does_not_count(tmp_path: Path) -> None:
    with PackDirectory(tmp_path / "pack") as files:
        with pytest.raises(RuntimeError), files.open("a"):
            raise RuntimeError
        assert files.written == {}


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../out", "a/../b", "a//b", "a/", "./a", "a b", "ü", "a\\b", "a\n", "a:b", "~"]
)
def test_a_path_that_is_none_of_a_pack_is_refused(tmp_path: Path, path: str) -> None:
    files = PackDirectory(tmp_path / "pack")
    with files, pytest.raises(ValueError, match="is no path of a pack"), files.open(path):
        pass


@pytest.mark.parametrize("again", ["a/B.txt", "A/b.TXT"])
def test_no_path_is_written_twice_not_even_in_another_case(tmp_path: Path, again: str) -> None:
    with PackDirectory(tmp_path / "pack") as files:
        with files.open("a/B.txt"):
            pass
        with pytest.raises(ValueError, match="written already"), files.open(again):
            pass


def test_outside_its_block_nothing_is_written(tmp_path: Path) -> None:
    files = made(tmp_path / "pack")
    with pytest.raises(ValueError, match="inside its block"), files.open("late"):
        pass


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    made(tmp_path / "pack")
    assert (tmp_path / "pack/a/b.txt").read_bytes() == b"one"


def test_an_earlier_pack_is_replaced_only_if_that_was_asked_for(tmp_path: Path) -> None:
    made(tmp_path / "pack")
    with pytest.raises(ConfigError, match="holds a pack already: name another directory with -o, or add --replace"):
        made(tmp_path / "pack", text=b"two")
    assert (tmp_path / "pack/a/b.txt").read_bytes() == b"one"
    made(tmp_path / "pack", replace=True, text=b"two")
    assert (tmp_path / "pack/a/b.txt").read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path)) == ["pack"]


def test_replacing_that_breaks_off_leaves_the_earlier_pack(tmp_path: Path) -> None:
    made(tmp_path / "pack")
    with pytest.raises(RuntimeError), PackDirectory(tmp_path / "pack", replace=True):
        raise RuntimeError
    assert (tmp_path / "pack/a/b.txt").read_bytes() == b"one"
    assert sorted(os.listdir(tmp_path)) == ["pack"]


def _full(target: Path) -> None:
    target.mkdir()
    (target / "thesis.txt").write_text("ten years")


def _looks_like_one(target: Path) -> None:
    (target / "integrity").mkdir(parents=True)
    (target / PATH).write_bytes(canonical.encode({"payload": b'{"predicateType":"urn:other"}'}))


def _file(target: Path) -> None:
    target.write_text("a file")


def _link(target: Path) -> None:
    target.symlink_to(target.parent, target_is_directory=True)


@pytest.mark.parametrize("there", [_full, _looks_like_one, _file, _link])
def test_what_is_no_pack_is_never_replaced(tmp_path: Path, there: Callable[[Path], None]) -> None:
    there(tmp_path / "pack")
    before = below(tmp_path)
    with pytest.raises(ConfigError, match="name another"):
        made(tmp_path / "pack", replace=True)
    assert below(tmp_path) == before


def test_what_somebody_put_there_meanwhile_stays(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not empty and is no pack"), PackDirectory(tmp_path / "pack"):
        _full(tmp_path / "pack")
    assert below(tmp_path) == ["pack", "pack/thesis.txt"]


def test_a_place_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessError, match=r"cannot be made: .* name another with -o"):
        made(tmp_path / "file" / "pack")


class FullDisk:
    """A file on a disk that takes `room` more bytes: what does not fit is refused when it is written, flushed or closed."""

    def __init__(self, file: Any, room: int, at: str) -> None:
        self._file, self._room, self._at, self._bytes = file, room, at, 0

    def write(self, data: bytes) -> int:
        self._bytes += len(data)
        return self._refusing("write") or int(self._file.write(data))

    def flush(self) -> None:
        self._refusing("flush")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
        self._refusing("close")

    def fileno(self) -> int:
        return int(self._file.fileno())

    def _refusing(self, what: str) -> int:
        if self._bytes > self._room and what in (self._at, "close"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return 0


@pytest.mark.parametrize("at", ["write", "flush", "close"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, *, replace: bool
) -> None:
    if replace:
        made(tmp_path / "pack")
    before, opened = below(tmp_path), Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, *a, **k: FullDisk(opened(self, *a, **k), 4, at) if a == ("xb",) else opened(self, *a, **k),
    )
    with pytest.raises(AccessError, match=r"a/b.txt cannot be written: No space left on device. Make room"):
        made(tmp_path / "pack", replace=True, text=b"too long for it")
    monkeypatch.undo()
    assert below(tmp_path) == before


def test_a_temporary_file_that_finds_no_room_is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(AccessError, match=r"pack cannot be made: No space left on device. Make room"),
        PackDirectory(tmp_path / "pack"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/workbook")
    assert below(tmp_path) == []


def test_a_directory_that_nobody_may_write_in_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")  # as for anybody but root

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(
        AccessError, match=r"pack cannot be made: Permission denied. Check who may write there, or name another with -o"
    ):
        made(tmp_path / "pack")
    assert below(tmp_path) == []
