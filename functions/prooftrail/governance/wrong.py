"""What is wrong in a governance file: where it stands, and the sentence that says how to mend it."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from .policy import folded
from .toml_lines import Lines, Path


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: the file, the path of what it is in, and what to do; `key` is the one below it that has to go.

    Without path and key the file as a whole is meant.
    """

    file: str
    path: Path
    says: str
    key: str | None = None

    @property
    def place(self) -> Path:
        """Whose line is named."""
        return (*self.path, self.key) if self.key else self.path

    def sentence(self, lines: Mapping[str, Lines]) -> str:
        """File, line, key and fix, as one sentence."""
        if not self.place:
            return f"{self.file} {self.says}"
        where = f"{in_words(self.path)}: " if self.path else ""
        return f"{self.file}, line {lines[self.file].of(self.place)}: {where}{self.says}"


def in_words(path: Path) -> str:
    """`exclude, entry 1: reason`: people count from one."""
    told = ""
    for before, one in zip((None, *path), path, strict=False):
        if isinstance(one, int):
            told += f", entry {one + 1}"
        else:
            told += f": {one}" if isinstance(before, int) else f".{one}" if told else one
    return told


def twice(file: str, entries: Iterable[tuple[Path, str]], what: str, fix: str) -> Iterator[Wrong]:
    """Every text that stands a second time, without regard to case."""
    seen: dict[str, Path] = {}
    for path, text in entries:
        plain = folded((text,))[0]
        if plain in seen:
            said = f"the {what} {text!r} stands twice (first in {in_words(seen[plain])}); {fix}."
            yield Wrong(file=file, path=path, says=said)
        seen.setdefault(plain, path)


def unmatchable(file: str, patterns: Iterable[tuple[Path, str | None]]) -> Iterator[Wrong]:
    """Every pattern that can never match, because addresses are replaced before anything is compared."""
    for path, pattern in patterns:
        parts = (pattern or "").replace(":", "/").split("/")
        if any("@" in part and ("*" in part or "?" in part) for part in parts):
            yield Wrong(
                file=file,
                path=path,
                says=(
                    f"{pattern!r} has a wildcard beside an @, which can never match, because addresses are replaced"
                    " before anything is compared; write each address out, or match by id."
                ),
            )
