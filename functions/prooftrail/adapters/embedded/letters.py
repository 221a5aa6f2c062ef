"""Letters on their way, in a directory of the home that its owner alone can read."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from prooftrail.adapters.embedded import atomic
from prooftrail.errors import NoticeError
from prooftrail.ports.notices import Letter

_FILE_MODE = 0o600
_RUNS_KEPT = 3
_NAME = re.compile(r"(?P<run>[A-Za-z0-9]+)(?:-[A-Za-z0-9]+)?")
_LINE = msgspec.json.Decoder(Letter)


class DirectoryLetters:
    """One file a shard below `path`, as JSON Lines, until the shard has ended.

    Letters that were never sent stay for as long as their run is among the newest three.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, run_id: str, shard: int, letters: Iterable[Letter]) -> None:
        """Keep them, in place of what was there. Raises NoticeError."""
        body = b"".join(msgspec.json.encode(one) + b"\n" for one in letters)
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic.opened(self._path) as directory:
                atomic.replace(directory, self._name(run_id, shard), body, mode=_FILE_MODE)
            self._prune()
        except OSError as refused:
            raise NoticeError(f"{self._path} cannot be written: {refused.strerror}. Nothing was planned.") from refused

    def read(self, run_id: str, shard: int) -> Iterator[Letter]:
        """The letters of a shard, in their order. Raises NoticeError where they are gone or make no sense."""
        file = self._path / self._name(run_id, shard)
        try:
            lines = file.read_bytes().splitlines()
            yield from map(_LINE.decode, lines)
        except OSError as refused:
            raise NoticeError(f"{file} cannot be read: {refused.strerror}. The next run plans them anew.") from refused
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise NoticeError(f"{file} holds no letters ({wrong}). The next run plans them anew.") from wrong

    def forget(self, run_id: str, shard: int) -> None:
        """Remove the file of a shard; one that is gone is no fault. Raises NoticeError."""
        file = self._path / self._name(run_id, shard)
        try:
            file.unlink(missing_ok=True)
        except OSError as refused:
            raise NoticeError(
                f"{file} cannot be removed: {refused.strerror}. It holds names and addresses."
            ) from refused

    def _name(self, run_id: str, shard: int) -> str:
        if not _NAME.fullmatch(run_id):
            raise NoticeError(f"{run_id!r} names no letters.")
        return f"{run_id}.{shard:03d}.jsonl"

    def _prune(self) -> None:
        files = [one for one in self._path.iterdir() if one.name.endswith(".jsonl")]
        run_of = {one: one.name.partition(".")[0].partition("-")[0] for one in files}
        kept = sorted(set(run_of.values()))[-_RUNS_KEPT:]
        for one in files:
            if run_of[one] not in kept:
                one.unlink(missing_ok=True)
