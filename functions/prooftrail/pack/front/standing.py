"""What page one counts: accounts by how they came out, controls that can be tested, exceptions by how they stand."""

from collections import Counter

import msgspec

from prooftrail.model.judgement import FindingStatus, ResultStatus
from prooftrail.pack.registers.exceptions import EXPIRED, IN_PART, VOID, status_of
from prooftrail.pack.registers.mended import complete, mended
from prooftrail.pack.registers.ticks import Tick, TickState, counts, ticks
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of the pack by how the run shown came out for them. `unplanned` are not of that run any more."""

    whole: int
    gaps: int
    unread: int
    skipped: int
    unplanned: int

    @property
    def wanted(self) -> int:
        """Those the run meant to read."""
        return self.whole + self.gaps + self.unread

    @property
    def known(self) -> int:
        """All of the pack."""
        return self.wanted + self.skipped + self.unplanned

    @property
    def read(self) -> int:
        """Those of which at least something was read."""
        return self.whole + self.gaps


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that several sentences of page one share."""

    accounts: Accounts
    due: tuple[Tick, ...]
    missed: int
    late: int
    exceptions: Counter[str]
    open: int
    overdue: int
    results: int
    tested: int
    untestable: tuple[str, ...]
    stories: int
    mended: int

    @property
    def doubtful(self) -> int:
        """Exceptions that do not hold, or not for everything that they name."""
        return self.exceptions[VOID] + self.exceptions[EXPIRED] + self.exceptions[IN_PART]


def standing(period: PeriodView, tally: Tally) -> Standing:
    """Counts what was taken up."""
    statuses, due = tally.statuses, ticks(period)
    total = sum(tally.results.values())
    fixed = mended(period, tally)
    return Standing(
        accounts=Accounts(
            whole=statuses["sealed"],
            gaps=statuses["gaps"],
            unread=statuses["unreachable"],
            skipped=statuses["skipped"],
            unplanned=sum(statuses.values())
            - sum(statuses[one] for one in ("sealed", "gaps", "unreachable", "skipped")),
        ),
        due=due,
        missed=sum(one.state is TickState.MISSED for one in due),
        late=sum(one.state is TickState.LATE for one in due),
        exceptions=Counter(status_of(period, tally, one) for one in period.context.governance.exceptions.exception),
        open=sum(number for (_, status), number in tally.findings.items() if status is FindingStatus.OPEN),
        overdue=sum(tally.overdue.values()),
        results=total,
        tested=total - tally.count(ResultStatus.NOT_TESTED),
        untestable=tuple(one.id for one in period.catalog.controls if not one.testable),
        stories=sum(map(complete, fixed)),
        mended=len(fixed),
    )


def accounts_in_words(accounts: Accounts) -> str:
    """How the accounts came out, in one clause without an end."""
    read = f"read whole in the run shown: {accounts.whole} of {counts(accounts.wanted, 'account')} to be read"
    return f"{read}; in part: {accounts.gaps}; not at all: {accounts.unread}; left out beside those: {accounts.skipped}"


def shortened(text: str, *, longest: int = 240) -> str:
    """A text that is not ours, on one line and no longer than `longest` characters."""
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"


def listed(found: list[str], *, most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    beyond = len(found) - most
    return ", ".join(found[:most]) + (f" and {beyond} more" if beyond > 0 else "")
