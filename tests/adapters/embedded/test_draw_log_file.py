"""The log of draws on a disk, and the folder a sample is put into: added to and made once, never written over."""

from pathlib import Path
from threading import Thread

import pytest

from prooftrail.adapters.embedded.draw_log_file import DrawLogFile
from prooftrail.adapters.embedded.sample_folder import SampleFolder
from prooftrail.errors import AccessError, ConfigError, EvidenceUnreadable
from tests.pack.test_draw_log import a_draw


def test_entries_are_added_and_numbered(tmp_path: Path) -> None:
    log = DrawLogFile(tmp_path / "pack-custody")
    assert log.read().entries == ()
    numbers = [log.append(lambda _: a_draw())[0] for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert log.append(lambda _: a_draw())[1] == log.read().end


def test_two_that_draw_at_once_wait_for_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "pack-custody"
    threads = [Thread(target=lambda: DrawLogFile(folder).append(lambda _: a_draw())) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(DrawLogFile(folder).read().entries) == 8


def test_a_broken_log_takes_no_entry(tmp_path: Path) -> None:
    log = DrawLogFile(tmp_path)
    log.append(lambda _: a_draw())
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Ada", b"Eve"))
    log.append(lambda _: a_draw())  # its own line is well formed still: the next one names other bytes
    path.write_bytes(path.read_bytes().replace(b"Eve", b"Ada"))
    before = path.read_bytes()
    with pytest.raises(EvidenceUnreadable, match="line 2"):
        log.append(lambda _: a_draw())
    assert path.read_bytes() == before


def test_a_log_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    (tmp_path / "log.jsonl").symlink_to(target)
    with pytest.raises(AccessError, match="Nothing was drawn"):
        DrawLogFile(tmp_path).append(lambda _: a_draw())
    assert target.read_bytes() == b""


def test_a_log_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(AccessError, match="cannot be written"):
        DrawLogFile(blocked / "pack-custody").append(lambda _: a_draw())


def test_a_folder_takes_a_file_once_and_the_same_bytes_again(tmp_path: Path) -> None:
    folder = SampleFolder(tmp_path / "sample")
    folder.require_free()
    folder.write("items/001.json", b"one")
    folder.write("items/001.json", b"one")
    with pytest.raises(ConfigError, match="not written over"):
        folder.write("items/001.json", b"two")
    assert (tmp_path / "sample/items/001.json").read_bytes() == b"one"
    assert folder.holds("items/001.json")
    assert not folder.holds("items/002.json")


def test_a_folder_with_something_in_it_is_not_free(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        SampleFolder(tmp_path).require_free()
    with pytest.raises(ConfigError, match="no folder"):
        SampleFolder(tmp_path / "notes").require_free()
