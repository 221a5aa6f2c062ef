"""The console's notifier: letters are files in a directory, and a file is its own receipt."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from prooftrail.adapters.embedded import atomic
from prooftrail.errors import NoticeError
from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Invitation, Letter

_FILE_MODE = 0o600
_ID = re.compile(r"[0-9a-f]{32,64}")
_NEW, _KEPT = ".new.txt", ".txt"


class Outbox:
    """Puts each letter into `path` as `ID.new.txt`; once its sending is recorded it is `ID.txt`.

    Nothing leaves the machine, so every address can be written to and none has to confirm.
    """

    how = "console"

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self, recipient: str, address: str) -> Invitation:  # noqa: ARG002 - a file reaches everybody
        """Always DIRECT."""
        return Invitation(state=ReachState.DIRECT)

    def invite(self, recipient: str, address: str) -> Invitation:
        """Nobody is asked; always DIRECT."""
        return self.state(recipient, address)

    def send(self, letter: Letter) -> str:
        """Write the letter, whole or not at all; again changes nothing. Raises NoticeError."""
        if not _ID.fullmatch(letter.id):
            raise NoticeError(f"{letter.id!r} is no notice: its letter was not written.")
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic.opened(self._path) as directory:
                if not (self._path / f"{letter.id}{_KEPT}").exists():
                    with contextlib.suppress(FileExistsError):  # it was sent before
                        atomic.create(directory, f"{letter.id}{_NEW}", _body(letter), mode=_FILE_MODE)
        except OSError as refused:
            raise self._refused("written", refused) from refused
        return _message(letter.id)

    def receipts(self) -> Iterator[tuple[str, str]]:
        """The letters whose sending is not recorded yet. Raises NoticeError where the directory cannot be read."""
        try:
            names = sorted(one.name for one in self._path.iterdir()) if self._path.exists() else []
        except OSError as refused:
            raise self._refused("read", refused) from refused
        for name in names:
            notice = name.removesuffix(_NEW)
            if notice != name and _ID.fullmatch(notice):
                yield notice, _message(notice)

    def forget(self, notices: tuple[str, ...]) -> None:
        """Rename the letters whose sending is recorded. Raises NoticeError."""
        for one in filter(_ID.fullmatch, notices):
            try:
                (self._path / f"{one}{_NEW}").replace(self._path / f"{one}{_KEPT}")
            except FileNotFoundError:
                continue  # renamed before
            except OSError as refused:
                raise self._refused("renamed in", refused) from refused

    def _refused(self, done: str, refused: OSError) -> NoticeError:
        return NoticeError(f"{self._path} cannot be {done}: {refused.strerror}. Make room, or check who owns it.")


def _message(notice: str) -> str:
    return f"file:{notice}"


def _body(letter: Letter) -> bytes:
    """The letter as a person reads it; an address or a subject of several lines cannot pass for more than one."""
    to, subject = (" ".join(one.split()) for one in (letter.address, letter.subject))
    return f"To: {to}\nSubject: {subject}\n\n{letter.text}\n".encode("utf-8", "replace")
