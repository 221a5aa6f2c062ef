"""Which part each matter of today lies in: eight bytes a matter, so that a million of them can be asked for."""

from array import array
from bisect import bisect_left

_PARTS = 256
_CELL = 0xFFFF_FFFF_FFFF_FF00


class MatterIndex:
    """Takes every matter with its part, then tells the part by the matter's id."""

    def __init__(self) -> None:
        self._cells = array("Q")
        self._sorted = True

    def add(self, matter: str, part: int) -> None:
        """Note that the matter lies in the part (0 to 255)."""
        self._cells.append(_cell(matter) | part)
        self._sorted = False

    def part_of(self, matter: str) -> int | None:
        """Its part; None where today knows no such matter."""
        if not self._sorted:
            self._cells, self._sorted = array("Q", sorted(self._cells)), True
        wanted = _cell(matter)
        at = bisect_left(self._cells, wanted)
        if at == len(self._cells) or self._cells[at] - wanted >= _PARTS:
            return None
        return self._cells[at] - wanted


def _cell(matter: str) -> int:
    # Python's own hash, keyed anew in each process: nobody can make two ids that meet, and nothing of it is stored. Of its
    # bits 56 are kept: among a million matters two that meet are one chance in a hundred thousand, and then one of them is
    # told a step too many.
    return (hash(matter) << 8) & _CELL
