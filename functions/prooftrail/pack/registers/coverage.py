"""How much of the estate one run saw: accounts read whole, of those it was to read; those left out are said beside.

The base is the same wherever a share of accounts is told: accounts planned to be read in that run, without those that
policy or their own state left out. All of it is of manifests, so of every account, whatever the pack is narrowed to.
"""

import msgspec

from prooftrail.pack.view import PackRun, PeriodView

ALL_ACCOUNTS = "all accounts"
_WHOLE, _GAPS, _UNREAD, _LEFT_OUT = "sealed", "gaps", "unreachable", "skipped"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of one run by how they came out. `organization` is False where not all of the organization was read."""

    whole: int
    gaps: int
    unread: int
    left_out: int
    organization: bool

    @property
    def to_read(self) -> int:
        """Those the run was to read: the base of every share."""
        return self.whole + self.gaps + self.unread

    @property
    def part(self) -> bool:
        """True where something that was to be read was not: a result of such a run says nothing of what it did not see."""
        return self.whole < self.to_read or not self.organization

    @property
    def share(self) -> float:
        """Accounts read whole of those to be read; 0 where none was to be read."""
        return self.whole / self.to_read if self.to_read else 0.0

    def shortly(self) -> str:
        """`6 of 11`."""
        return f"{self.whole} of {self.to_read}"

    def told(self) -> str:
        """`6 of 11, 1 left out`, where a heading says of what."""
        return f"{self.shortly()}{f', {self.left_out} left out' if self.left_out else ''}"

    def worded(self) -> str:
        """`6 of 11 accounts read whole, 1 left out`, with a word on the organization where it was not read whole."""
        noun = "account" if self.to_read == 1 else "accounts"
        out = f", {self.left_out} left out" if self.left_out else ""
        return (
            f"{self.shortly()} {noun} read whole{out}{'' if self.organization else ', the organization not read whole'}"
        )


def coverage_of(run: PackRun) -> Coverage:
    """How much the run saw, as its manifest says."""
    states = [one.status for one in run.coverage]
    return Coverage(
        whole=states.count(_WHOLE),
        gaps=states.count(_GAPS),
        unread=len(states) - sum(states.count(one) for one in (_WHOLE, _GAPS, _LEFT_OUT)),
        left_out=states.count(_LEFT_OUT),
        organization=not run.organization_gaps,
    )


def not_comparable(now: PackRun, before: PackRun) -> str | None:
    """Why counts of two runs cannot be held against each other; None where both saw the same accounts the same way."""
    if _seen(now) == _seen(before):
        return None
    one, other = coverage_of(now), coverage_of(before)
    if one.shortly() == other.shortly():
        return f"not comparable: {one.worded()}, but not the same as in the run before"
    return f"not comparable: {one.worded()}; {other.shortly()} in the run before"


def scope_of(period: PeriodView) -> str:
    """What figures worked out from the accounts of the pack are of."""
    if period.options.accounts is None:
        return ALL_ACCOUNTS
    return (
        f"the {len(period.accounts)} accounts of this pack"
        if len(period.accounts) != 1
        else "the 1 account of this pack"
    )


def narrowed(period: PeriodView) -> str:
    """What to add to a figure of a manifest in a narrowed pack; nothing where the pack has all accounts."""
    return "" if period.options.accounts is None else ", counted over all accounts, not only those of this pack"


def _seen(run: PackRun) -> tuple[frozenset[tuple[str, str, int]], bool]:
    read = frozenset(
        (one.account, one.status, one.cells - one.cells_ok) for one in run.coverage if one.status != _LEFT_OUT
    )
    return read, bool(run.organization_gaps)
