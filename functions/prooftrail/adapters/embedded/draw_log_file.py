"""The custody log beside a pack as a file that is only added to, flushed to the disk before anybody sees what it says."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from prooftrail.errors import AccessError, EvidenceUnreadable
from prooftrail.pack.sampling import draw_log
from prooftrail.pack.sampling.draw_log import Draw, Logged

LOG = "log.jsonl"


class DrawLogFile:
    """The log in `folder`, which is made when the first entry is. Two processes that enter at once wait for each other.

    Raises EvidenceUnreadable for a log that does not hold, AccessError where the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LOG

    def describe(self) -> str:
        """The file's path."""
        return str(self._path)

    @property
    def name(self) -> str:
        """What it is called where it lies."""
        return f"{self._folder.name}/{LOG}"

    def read(self) -> Logged:
        """What it holds; an empty log where there is none."""
        with self._speaking("read"):
            try:
                with _opened(self._path, os.O_RDONLY) as file:
                    return self._read(file)
            except FileNotFoundError:
                return Logged(entries=(), end=None)

    def append(self, entry: Callable[[Logged], Draw]) -> tuple[int, str]:
        """Add the entry that `entry` makes of the log as it is, and give its number and SHA-256 once it is on the disk."""
        with self._speaking("written"):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                log = self._read(file)
                line = draw_log.line_of(entry(log), log)
                _write(file, line)
                os.fsync(file)
            for folder in (self._folder, self._folder.parent):
                _flush(folder)
        return len(log.entries) + 1, draw_log.sha256_of(line)

    def _read(self, file: int) -> Logged:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > draw_log.LARGEST:
            raise EvidenceUnreadable(f"{self._path} is no log of draws: move it away, and keep it.")
        os.lseek(file, 0, os.SEEK_SET)
        parts = []
        while part := os.read(file, 1 << 20):
            parts.append(part)
        return draw_log.read(self.describe(), b"".join(parts))

    @contextlib.contextmanager
    def _speaking(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as refused:
            raise AccessError(
                f"the log of draws {self._path} cannot be {done}: {refused.strerror}. Nothing was drawn: make it possible,"
                " or work on a copy of the pack in a folder of your own."
            ) from refused


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(file: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(file, left) :]


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
