"""The directory a pack is made in: beside its place under another name, and put there at the end, whole or not at all."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from prooftrail.errors import AccessError, ConfigError
from prooftrail.model import canonical
from prooftrail.pack.files import Written
from prooftrail.pack.integrity.statement import PATH, PREDICATE

_PATH = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
_BUFFER = 1 << 16
_LARGEST_STATEMENT = 256 * 1024 * 1024


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    payload: bytes


class _Stated(msgspec.Struct, frozen=True, kw_only=True):
    predicate_type: str = msgspec.field(name="predicateType")


class PackDirectory:
    """Satisfies PackFiles below `target` once its block ends without an error; else nothing of it is left.

    What stands at `target` must be nothing, an empty directory or, with `replace`, an earlier pack, which stays until the
    new one is complete. Raises ConfigError for anything else, AccessError where the disk refuses.
    """

    def __init__(self, target: Path, *, replace: bool = False) -> None:
        self._target, self._replace = Path(os.path.abspath(target)), replace
        self._draft: Path | None = None
        self._written: dict[str, Written] = {}
        self._taken: set[str] = set()

    @property
    def written(self) -> Mapping[str, Written]:
        """Every file that was closed, by path."""
        return self._written

    def __enter__(self) -> Self:
        self._require_free()
        with _speaking("made", self._target):
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._draft = Path(
                tempfile.mkdtemp(prefix=f".{self._target.name}-", suffix=".draft", dir=self._target.parent)
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        draft, self._draft = self._draft, None
        if draft is None:
            return
        try:
            if kind is None:
                self._put(draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError):  # of a temporary file of the workbook's: the disk of this machine, all the same
            with _speaking("made", self._target):
                raise error

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator["_Sink"]:
        """A new file of the pack. Raises ValueError for a path that is none, or was written before."""
        if self._draft is None:
            raise ValueError("a pack is written inside its block")
        parts = path.split("/")
        if not _PATH.fullmatch(path) or any(one in (".", "..") for one in parts):
            raise ValueError(f"{path!r} is no path of a pack: ASCII letters, digits and ._-/ only")
        if path.casefold() in self._taken:  # some disks know no case
            raise ValueError(f"{path!r} is written already")
        self._taken.add(path.casefold())
        place = self._draft.joinpath(*parts)
        with _speaking("written", self._target / path):
            place.parent.mkdir(parents=True, exist_ok=True)
            file = place.open("xb", buffering=_BUFFER)
        sink = _Sink(file, self._target / path)
        try:
            yield sink
        except BaseException:
            with contextlib.suppress(OSError):  # what is still to be written cannot be, and the draft goes anyway
                file.close()
            raise
        with _speaking("written", self._target / path):
            try:
                file.flush()
                os.fchmod(file.fileno(), _FILE_MODE)
            finally:
                file.close()
        self._written[path] = Written(sha256=sink.sha256(), size=sink.size)

    def _require_free(self) -> None:
        target = self._target
        if not os.path.lexists(target):
            return
        if target.is_symlink() or not target.is_dir():
            raise ConfigError(f"{target} is there and is no directory: name another with -o.")
        with _speaking("looked into", target):
            is_empty = not any(target.iterdir())
        if is_empty:
            return
        if not _is_pack(target):
            raise ConfigError(f"{target} is not empty and is no pack: name another directory with -o.")
        if not self._replace:
            raise ConfigError(f"{target} holds a pack already: name another directory with -o, or add --replace.")

    def _put(self, draft: Path) -> None:
        """Give the finished draft its name; an earlier pack steps aside first, and back where that fails."""
        self._require_free()  # somebody may have come in between
        with _speaking("put in place", self._target):
            for folder, _, _ in os.walk(draft):
                os.chmod(folder, _FOLDER_MODE)
            if not os.path.lexists(self._target) or not any(self._target.iterdir()):
                os.rename(draft, self._target)
                return
            aside = Path(tempfile.mkdtemp(prefix=f".{self._target.name}-", suffix=".old", dir=self._target.parent))
            self._target.rename(aside / "pack")
            try:
                draft.rename(self._target)
            except OSError:
                (aside / "pack").rename(self._target)
                raise
            finally:
                shutil.rmtree(aside, ignore_errors=True)


class _Sink:
    """Takes the bytes of one file, and hashes them on their way."""

    def __init__(self, file: IO[bytes], place: Path) -> None:
        self._file, self._place, self._hash, self.size = file, place, hashlib.sha256(), 0

    def write(self, data: bytes, /) -> object:
        """Add to the file."""
        with _speaking("written", self._place):
            self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def sha256(self) -> str:
        """Of everything written."""
        return self._hash.hexdigest()


def _is_pack(folder: Path) -> bool:
    """True if the directory holds what says of itself that it is a pack."""
    try:
        with (folder / PATH).open("rb") as file:
            body = file.read(_LARGEST_STATEMENT)
        return canonical.decode(canonical.decode(body, _Signed).payload, _Stated).predicate_type == PREDICATE
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def _speaking(done: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        remedy = "Make room" if refused.errno in (errno.ENOSPC, errno.EDQUOT) else "Check who may write there"
        raise AccessError(
            f"{path} cannot be {done}: {refused.strerror}. {remedy}, or name another with -o."
        ) from refused
