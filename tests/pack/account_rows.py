"""The rows a register gives for views, by the name of the column."""

from prooftrail.pack.table import Register, Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView


def rows_of(register: Register, *views: AccountView, period: PeriodView) -> list[dict[str, Value]]:
    """What the accounts give."""
    names = [one.name for one in register.table.columns]
    found = [row for one in views if register.each for row in register.each(one, period)]
    return [dict(zip(names, row, strict=True)) for row in found]


def rows_of_whole(register: Register, *views: AccountView, period: PeriodView) -> list[dict[str, Value]]:
    """What is of no one account, once these were counted."""
    tally, names = Tally(period), [one.name for one in register.table.columns]
    for one in views:
        tally.take(one)
    rows = register.whole(period, tally) if register.whole else ()
    return [dict(zip(names, row, strict=True)) for row in rows]
