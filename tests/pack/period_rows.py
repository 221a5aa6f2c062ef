"""A period and what was tallied of it, and the rows of one register as dictionaries."""

from typing import Any

from prooftrail.controls import parsing
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import Limits
from prooftrail.pack.front.page_one import Question
from prooftrail.pack.registers.of_period import registers_asked_for
from prooftrail.pack.table import Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PackRun, PeriodView
from tests.builders.judging import a_context
from tests.builders.packs import a_pack_run, a_period, an_account_view, the_catalog
from tests.builders.times import NOW


def a_period_under(governance: Governance | None = None, **changes: Any) -> PeriodView:
    """A period whose run shown was made under this policy."""
    if governance is None:
        return a_period(**changes)
    known = changes.pop("known", {})
    context = a_context(governance, catalog=parsing.shipped(), **known)
    limits = Limits(the_catalog().defaults, governance.thresholds, NOW)
    return a_period(context=context, limits=limits, **changes)


def tallied(*views: AccountView, governance: Governance | None = None, **changes: Any) -> tuple[PeriodView, Tally]:
    """A period, and everything counted of these accounts (one that was read whole, unless told)."""
    period = a_period_under(governance, **changes)
    tally = Tally(period)
    for one in views or (an_account_view(),):
        tally.take(one)
    return period, tally


def rows(file: str, period: PeriodView, tally: Tally) -> list[dict[str, Value]]:
    """The rows of the register whose file begins like that."""
    register = next(one for one in registers_asked_for(period) if one.table.file.startswith(file))
    assert register.whole is not None
    names = [one.name for one in register.table.columns]
    return [dict(zip(names, row, strict=True)) for row in register.whole(period, tally)]


def a_run_of(day: int, control: str = "IDC-15", **changes: Any) -> PackRun:
    """A run in which this control passed once, unless told."""
    return a_pack_run(day, **{"counts": {f"result:{control}:PASS": 1}, **changes})


def question(number: int, found: tuple[Question, ...]) -> Question:
    """One of the fourteen."""
    return found[number - 1]
