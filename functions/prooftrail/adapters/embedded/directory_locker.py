"""A locker in a directory: files written once, whole, read-only.

A directory enforces nothing: whoever may write in it may change it. What it gives is that no writer of ours replaces
another's file, and that everything in it, whoever put it there, is listed, so that `verify` can hold it against the
signed chain.
"""

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from prooftrail.adapters.embedded import atomic
from prooftrail.errors import AccessError, AlreadySealed, EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.ports import ObjectVersion, Read, Stored

_CHARACTERS = re.compile(r"[A-Za-z0-9._/-]*")
_SEALED_MODE = 0o444
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}
_NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW


class DirectoryLocker:
    """A locker below `root`, which must exist when it is first used (`create` makes it).

    Symbolic links inside it are listed as what they are and never followed. Permission and disk errors raise
    AccessError, names that could leave the locker EvidenceError.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def keeps_time(self) -> bool:
        """False: whoever owns a file can set its time."""
        return False

    def create(self) -> None:
        """Make the directory, for its owner only, if there is none; what exists stays as it is."""
        with self._speaking("made", self._root):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def describe(self) -> str:
        """The directory's path."""
        return str(self._root)

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:  # noqa: ARG002 - nothing holds it
        """Write `body` under a name nobody has written yet, whole or not at all, and readable only.

        Nothing here holds a file until `retain_until`, so the answer is None for whatever was asked. Raises
        AlreadySealed.
        """
        *folders, name = _parts(key)
        with self._speaking("written", self._root / key), self._folder(folders, create=True) as folder:
            try:
                atomic.create(folder, name, body, mode=_SEALED_MODE)
            except FileExistsError:
                raise AlreadySealed(key) from None
        return Stored(version_id=None, retain_until=None)

    def get(self, key: str, *, version_id: str | None = None) -> bytes:  # noqa: ARG002 - there is one
        """The bytes of the key. Raises EvidenceMissing, and EvidenceUnreadable for what is no regular file.

        A name has one version here, so `version_id` (a bucket's, in a pulled copy) changes nothing.
        """
        *folders, name = _parts(key)
        with self._reading(key), self._folder(folders) as folder:
            # O_NONBLOCK: somebody may have put a named pipe here, and opening it must not wait for a writer.
            descriptor = os.open(name, _NO_FOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise self._no_file(key)
                return file.read()

    def read_all(self, prefix: str) -> Iterator[Read]:
        """Every file below `prefix`, in order of key; what is no regular file, or no name for evidence, has no body."""
        for one in self.versions(prefix):
            try:
                body = self.get(one.key)
            except EvidenceError:
                body = None
            yield Read(key=one.key, body=body, version_id=None, retain_until=None)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every file below `prefix`, in order of key, also links, pipes and names that no key could have.

        Left out are directories, which hold nothing by themselves, and the drafts of killed writers. `stored_at` is
        the time of last modification.
        """
        folders = prefix.split("/")[:-1]
        _parts("/".join([*folders, "any"]))
        missing = contextlib.suppress(FileNotFoundError)
        with (
            missing,
            self._speaking("listed", self._root / prefix, missing_is_ours=True),
            self._folder(folders) as folder,
        ):
            yield from self._walk(folder, "".join(f"{one}/" for one in folders), prefix)

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:  # noqa: ARG002 - as above
        """None: a directory lets go of anything. Raises EvidenceMissing."""
        *folders, name = _parts(key)
        with self._reading(key), self._folder(folders) as folder:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        return None

    def _walk(self, folder: int, below: str, prefix: str) -> Iterator[ObjectVersion]:
        with self._speaking("listed", self._root / below), os.scandir(folder) as entries:
            found = sorted(_listed(entry, below) for entry in entries if not _is_draft(entry))
        for key, name in found:
            if not key.startswith(prefix):
                continue
            with (
                contextlib.suppress(FileNotFoundError),
                self._speaking("listed", self._root / key, missing_is_ours=True),
            ):
                if key.endswith("/"):
                    with _subfolder(folder, name, self._root / key) as inner:
                        yield from self._walk(inner, key, prefix)
                else:
                    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    at = datetime.fromtimestamp(facts.st_mtime, UTC)
                    yield ObjectVersion(key=key, version_id=None, size=facts.st_size, stored_at=at)

    @contextlib.contextmanager
    def _folder(self, folders: Sequence[str], *, create: bool = False) -> Iterator[int]:
        """A descriptor of the folder, reached from the root one step at a time, so that no link can lead elsewhere."""
        with contextlib.ExitStack() as steps:
            try:
                folder = steps.enter_context(atomic.opened(self._root))
            except FileNotFoundError:
                raise self._no_locker() from None
            for at, name in enumerate(folders):
                if create:
                    _make(folder, name)
                place = self._root.joinpath(*folders[: at + 1])
                folder = steps.enter_context(_subfolder(folder, name, place))
            yield folder

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        try:
            with self._speaking("read", self._root / key, missing_is_ours=True):
                yield
        except FileNotFoundError:
            raise EvidenceMissing(key, self.describe()) from None

    @contextlib.contextmanager
    def _speaking(self, done: str, path: Path, *, missing_is_ours: bool = False) -> Iterator[None]:
        """Turns what the operating system refuses into a sentence; "not found" passes where the caller judges it."""
        try:
            yield
        except OSError as refused:
            if missing_is_ours and isinstance(refused, FileNotFoundError):
                raise
            if refused.errno == errno.ELOOP:
                raise self._no_file(str(path.relative_to(self._root))) from refused
            raise AccessError(f"{path} cannot be {done}: {refused.strerror}. {_remedy(refused)}") from refused

    def _no_file(self, key: str) -> EvidenceUnreadable:
        return EvidenceUnreadable(f"{self._root / key} is not a regular file: move it out of the locker and verify.")

    def _no_locker(self) -> AccessError:
        return AccessError(f"there is no locker at {self._root}: check the path, or make one with `prooftrail scan`.")


def _parts(key: str) -> list[str]:
    parts = key.split("/")
    if not _CHARACTERS.fullmatch(key) or any(part in ("", ".", "..") for part in parts):
        raise EvidenceError(f"{key!r} is no name for evidence: use a relative path of ASCII letters, digits and ._-")
    return parts


def _is_draft(entry: os.DirEntry[str]) -> bool:
    return bool(atomic.DRAFT.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False)


def _listed(entry: os.DirEntry[str], below: str) -> tuple[str, str]:
    """The key and the name of an entry; a directory's key ends in `/`, so that keys come in the order of a bucket's.

    A name that is not UTF-8 gets a key that can be printed and sealed.
    """
    name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
    return below + name + ("/" if entry.is_dir(follow_symlinks=False) else ""), entry.name


@contextlib.contextmanager
def _subfolder(folder: int, name: str, place: Path) -> Iterator[int]:
    try:
        descriptor = os.open(name, _NO_FOLLOW | os.O_DIRECTORY, dir_fd=folder)
    except NotADirectoryError as refused:
        raise EvidenceError(f"{place} is not a directory of its own: move it out of the locker.") from refused
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _make(folder: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        return
    os.fsync(folder)


def _remedy(refused: OSError) -> str:
    if refused.errno == errno.EACCES:
        return "Give the user who runs this the right to, or name another locker."
    if refused.errno in _NO_HARD_LINKS:
        return "Its file system may have no hard links: put the locker on one that has (ext4, xfs, APFS)."
    if refused.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room, then run it again: what was sealed stays sealed."
    return "Check the disk and the path, then run it again."
