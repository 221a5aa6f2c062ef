"""On which line of a TOML text a key stands: what the parser of the standard library does not tell.

Only text that parsed is read here, so nothing is checked; the walk knows as much TOML as finding keys takes.
"""

import re
from typing import Final

type Path = tuple[str | int, ...]
"""Keys and, within arrays, places counted from zero: `("exclude", 0, "reason")`."""

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.?)""")
_LONG: Final = ('"""', "'''")
_OPEN, _CLOSE = "[{", "]}"


class Lines:
    """The lines of every table and key of one text."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text.replace("\r\n", "\n"), 0, 1
        self._table: Path = ()
        self._found: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        while self._at < len(self._text):
            self._statement()

    def of(self, path: Path) -> int:
        """The line of what stands at `path`, else of the nearest thing around it; 1 for the text as a whole."""
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 1)

    def _statement(self) -> None:
        """One line that begins something, with all lines its value takes."""
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._skip(1)
        one = self._text[self._at : self._at + 1]
        if one == "[":
            self._header()
        elif one not in ("", "\n", "#"):
            self._key()
        self._to_end_of_line()

    def _header(self) -> None:
        is_list = self._text.startswith("[[", self._at)
        self._skip(2 if is_list else 1)
        *outer, last = self._keys()
        path = (*self._inside(tuple(outer)), last)
        if is_list:
            at = self._counts.get(path, -1) + 1
            self._counts[path] = at
            self._found.setdefault(path, self._line)
            path = (*path, at)
        self._table = path
        self._found.setdefault(path, self._line)

    def _inside(self, keys: tuple[str, ...]) -> Path:
        """The path of a table that is named from the top: within an array, its newest entry is meant."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            self._found.setdefault(path, self._line)  # a table may be named by what is in it alone
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _key(self) -> None:
        path = self._table
        for key in self._keys():
            path = (*path, key)
            self._found.setdefault(path, self._line)
        self._value(path)

    def _keys(self) -> list[str]:
        """The parts of a dotted key; stands behind it then."""
        keys = []
        while match := _PART.match(self._text, self._at):
            keys.append(next(one for one in match.groups()[:3] if one is not None))
            self._skip(match.end() - self._at)
            if not match[4]:
                break
        return keys

    def _value(self, path: Path) -> None:
        """Walks over one value, noting the line on which each entry of a list begins."""
        self._skip(1)  # the sign of equality
        depth, entry, fresh = 0, 0, False
        while self._at < len(self._text):
            one = self._text[self._at]
            if one == "\n" and depth == 0:
                return
            if one == "#":
                self._comment()
                continue
            if fresh and not one.isspace() and one not in _CLOSE:
                self._found.setdefault((*path, entry), self._line)
                fresh = False
            if one in "\"'":
                self._string()
                continue
            if one in _OPEN:
                depth += 1
                fresh = fresh or (depth == 1 and one == "[")
            elif one in _CLOSE:
                depth -= 1
            elif one == "," and depth == 1:
                entry, fresh = entry + 1, True
            self._skip(1)

    def _string(self) -> None:
        mark = self._text[self._at : self._at + 3]
        if mark not in _LONG:
            mark = mark[0]
        at = self._at + len(mark)
        while at < len(self._text) and not self._text.startswith(mark, at):
            at += 2 if self._text[at] == "\\" and mark[0] == '"' else 1
        at += len(mark)
        while len(mark) == len(_LONG[0]) and self._text.startswith(mark[0], at):
            at += 1  # up to two quotes may stand before the three that end it
        self._skip(at - self._at)

    def _comment(self) -> None:
        end = self._text.find("\n", self._at)
        self._skip((end if end >= 0 else len(self._text)) - self._at)

    def _to_end_of_line(self) -> None:
        self._comment()
        self._skip(1)

    def _skip(self, size: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + size)
        self._at += size
