"""The directory beside a copy of evidence, where a pull writes down from where it came and what it observed."""

import os
import threading
from pathlib import Path

import msgspec

from prooftrail.adapters.embedded import atomic
from prooftrail.errors import AccessError, EvidenceError
from prooftrail.evidence.pulled import PulledObject, PullRecord

RECORD, OBJECTS = "pull.json", "objects.jsonl"

_MODE = 0o644
_TOGETHER = 32  # lines written at once: what a kill loses of them is asked of S3 again, without the bytes
_LINE = msgspec.json.Decoder(PulledObject)
_RECORD = msgspec.json.Decoder(PullRecord)
_LARGEST_RECORD = 64 * 1024 * 1024  # bytes


def beside(copy: Path) -> Path:
    """Where the notes on a copy lie: beside it, because nothing but evidence lies in a locker."""
    whole = Path(os.path.abspath(copy))  # links are not followed: whoever renames a copy takes its notes along
    return whole.parent / f"{whole.name}-pull"


def read_record(copy: Path) -> PullRecord | None:
    """What the last pull into `copy` stated; None where none was made. Raises EvidenceError for a record that makes no sense."""
    path = beside(copy) / RECORD
    try:
        with path.open("rb") as file:
            return _RECORD.decode(file.read(_LARGEST_RECORD))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as refused:
        raise AccessError(
            f"{path} cannot be read: {refused.strerror}. Give the user who runs this the right to."
        ) from refused
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise EvidenceError(f"{path} is no record of a pull ({wrong}): pull again, or move it away.") from wrong


def read_objects(copy: Path) -> dict[str, PulledObject]:
    """What pulls into `copy` observed, by key; a line that was cut short is left out, and of two the later counts."""
    found: dict[str, PulledObject] = {}
    try:
        with (beside(copy) / OBJECTS).open("rb") as file:
            for line in file:
                try:
                    one = _LINE.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
                found[one.key] = one
    except FileNotFoundError:
        pass
    except OSError as refused:
        raise AccessError(f"{beside(copy) / OBJECTS} cannot be read: {refused.strerror}.") from refused
    return found


class PullDirectory:
    """The notes on the copy at `copy`; the directory is made when something is first written. Raises AccessError."""

    def __init__(self, copy: Path) -> None:
        self._copy, self._path = copy, beside(copy)
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []

    def recall(self) -> dict[str, PulledObject]:
        """What earlier pulls observed, by key."""
        return read_objects(self._copy)

    def note(self, one: PulledObject) -> None:
        """Add a line, a few at a time; a kill loses those, and leaves at most one that is cut short."""
        line = msgspec.json.encode(one) + b"\n"
        try:
            with self._lock:
                self._waiting.append(line)
                if len(self._waiting) < _TOGETHER:
                    return
                with (self._path / OBJECTS).open("ab") as file:
                    file.write(b"".join(self._waiting))
                self._waiting.clear()
        except OSError as refused:
            raise self._refused(OBJECTS, refused) from refused

    def state(self, record: PullRecord) -> None:
        """Replace `pull.json`."""
        self._replace(RECORD, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")

    def settle(self, objects: list[PulledObject]) -> None:
        """Replace `objects.jsonl`, sorted by key."""
        self._waiting.clear()
        ordered = sorted(objects, key=lambda one: one.key)
        self._replace(OBJECTS, b"".join(msgspec.json.encode(one) + b"\n" for one in ordered))

    def _replace(self, name: str, body: bytes) -> None:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic.opened(self._path) as directory:
                atomic.replace(directory, name, body, mode=_MODE)
        except OSError as refused:
            raise self._refused(name, refused) from refused

    def _refused(self, name: str, refused: OSError) -> AccessError:
        return AccessError(
            f"{self._path / name} cannot be written: {refused.strerror}. Make room, or name another directory."
        )
