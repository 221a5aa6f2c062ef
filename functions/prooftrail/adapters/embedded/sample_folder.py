"""The folder a sample and its evidence are put into: made once, never written over."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from prooftrail.errors import AccessError, ConfigError


class SampleFolder:
    """A folder at `path`, for its owner only. Paths in it are relative, of ASCII letters, digits and `._-/`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def describe(self) -> str:
        """The folder's path."""
        return str(self._path)

    def require_free(self) -> None:
        """Raise ConfigError where something lies there that is not ours to write over."""
        with self._speaking():
            if self._path.is_symlink() or (self._path.exists() and not self._path.is_dir()):
                raise ConfigError(f"{self._path} is no folder: name another with -o.")
            if self._path.is_dir() and any(self._path.iterdir()):
                raise ConfigError(
                    f"{self._path} is not empty, and nothing in it is written over: name another with -o."
                )

    def holds(self, name: str) -> bool:
        """True if that file is there: the same sample was gathered before, and may have been worked on since."""
        with self._speaking():
            return (self._path / name).is_file()

    def write(self, path: str, body: bytes) -> None:
        """Write one file; the same bytes again are no harm, so that what was cut short can be finished.

        Raises ConfigError for a file that is there with other bytes.
        """
        place = self._path / path
        with self._speaking():
            if place.is_file() and not place.is_symlink() and place.read_bytes() == body:
                return
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(body)

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as there:
            raise ConfigError(
                f"{there.filename} is there already, and is not written over: name another folder with -o."
            ) from there
        except OSError as refused:
            raise AccessError(
                f"{self._path} cannot be written: {refused.strerror}. Name another folder with -o."
            ) from refused
