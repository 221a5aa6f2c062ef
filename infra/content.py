"""What a package holds, whatever carries it: one hash for a directory and for a zip, and a zip that is always the same.

Anyone can recompute the hash with no tool of ours: it is the SHA-256 over one line a file, `HASH MODE PATH`, in byte
order of paths, where HASH is the file's SHA-256, MODE is `x` where its owner may execute it and `-` elsewhere.
"""

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
_FILE_MODE = 0o100644 << 16
_UNIX = 3


class ContentError(ValueError):
    """Something that is no package, or one that two tools could unpack differently; the message names what and where."""


class _File(NamedTuple):
    path: str
    executable: bool
    content: bytes


def content_hash(package: Path) -> str:
    """The hash over what `package`, a directory or a zip, holds; times, owners, order and compression do not count.

    Raises ContentError for what is neither, and for links, names that occur twice and names that lead out of it.
    """
    files = _in_directory(package) if package.is_dir() else _in_zip(package)
    lines: dict[bytes, bytes] = {}
    for one in files:
        name = _sound(one.path, package).encode()
        if name in lines:
            raise ContentError(f"{package} holds {one.path} twice: which of them runs depends on who unpacks it.")
        mode = b"x" if one.executable else b"-"
        lines[name] = hashlib.sha256(one.content).hexdigest().encode() + b" " + mode + b" " + name + b"\n"
    if not lines:
        raise ContentError(f"{package} holds no file: name a function package, or the directory it was unpacked to.")
    return hashlib.sha256(b"".join(lines[name] for name in sorted(lines))).hexdigest()


def zipped(folder: Path, into: Path) -> None:
    """Write all files of `folder` to the zip `into`: sorted by path, readable by all, executable by none, undated."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for one in sorted(_in_directory(folder), key=lambda file: file.path.encode()):
            entry = zipfile.ZipInfo(one.path, _EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _FILE_MODE, _UNIX
            package.writestr(entry, one.content, compresslevel=9)


def _in_directory(folder: Path) -> Iterator[_File]:
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ContentError(f"{path} is a link: a package holds files only.")
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield _File(name, bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes())


def _in_zip(package: Path) -> Iterator[_File]:
    try:
        with zipfile.ZipFile(package) as opened:
            for entry in opened.infolist():
                mode = entry.external_attr >> 16
                if stat.S_ISLNK(mode):
                    raise ContentError(f"{package}: {entry.filename} is a link: a package holds files only.")
                if not entry.is_dir():
                    yield _File(entry.filename, bool(mode & stat.S_IXUSR), opened.read(entry))
    except FileNotFoundError as error:
        raise ContentError(f"there is no {package}: name a function package, or its directory.") from error
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise ContentError(f"{package} cannot be read as a zip: {error}. Download it again.") from error


def _sound(name: str, package: Path) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or not name.isprintable() or "\\" in name:
        raise ContentError(f"{package} holds a file named {name!r}, which could lie elsewhere than it says.")
    return name
