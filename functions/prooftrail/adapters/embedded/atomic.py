"""Puts a file under its name whole or not at all; a killed writer leaves at most a draft that no name leads to."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

DRAFT = re.compile(r"~[0-9a-f]{32}")
"""The name of a file that is still being written. No evidence key can hold a `~`, so nothing ever reads one by name."""


def create(directory: int, name: str, body: bytes, *, mode: int, flushed: bool = True) -> None:
    """Write `name` into the open `directory`, durably, if nobody has; raises FileExistsError if somebody has.

    A hard link takes the name, because link(2) fails where rename(2) would replace: the first writer wins, between
    processes too. Without `flushed` the bytes are durable before the name is, which a crash may then take away again.
    Raises OSError where the file system has no hard links.
    """
    with _draft(directory, body, mode) as draft:
        os.link(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
    if flushed:
        os.fsync(directory)


def replace(directory: int, name: str, body: bytes, *, mode: int) -> None:
    """Write `name` into the open `directory`, durably, in place of what was there; a reader sees the old or the new."""
    with _draft(directory, body, mode) as draft:
        os.replace(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the directory `path`, closed afterwards."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _draft(directory: int, body: bytes, mode: int) -> Iterator[str]:
    """The name of a finished, flushed file; it is gone afterwards, whether or not it was given its real name."""
    name = f"~{secrets.token_hex(16)}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
