"""The registers that are of the period and the whole, and of no one account. Every text in them is revealed here, once."""

from collections.abc import Callable, Iterator

import msgspec

from . import (
    period_registers_change,
    period_registers_controls,
    period_registers_exceptions,
    period_registers_mended,
    period_registers_metrics,
    period_registers_operation,
    period_registers_outside,
    period_registers_people,
    period_registers_requests,
    period_registers_traceability,
)
from .period_registers_gaps import period_gap_rows as _gap_rows
from .table import Register, Row, Value
from .tally import Tally
from .view import PeriodView

type _Whole = Callable[[PeriodView, Tally], Iterator[Row]]


def period_gap_rows(period: PeriodView, tally: Tally) -> Iterator[Row]:
    """Rows of 24_gaps that are of no one account: from, to, account_id, region, kind, cause, impact, remediation."""
    return _shown(_gap_rows)(period, tally)


def registers_asked_for(period: PeriodView) -> tuple[Register, ...]:
    """The registers of this period: those of requests only where there are any."""
    return (*PERIOD_REGISTERS, *REQUEST_REGISTERS) if period.options.requests else PERIOD_REGISTERS


def _shown(whole: _Whole) -> _Whole:
    def rows(period: PeriodView, tally: Tally) -> Iterator[Row]:
        for row in whole(period, tally):
            yield tuple(_revealed(period, value) for value in row)

    return rows


def _revealed(period: PeriodView, value: Value) -> Value:
    if isinstance(value, str):
        return period.reveal(value)
    if isinstance(value, tuple):
        return tuple(map(period.reveal, value))
    return value


def _all_shown(registers: tuple[Register, ...]) -> tuple[Register, ...]:
    return tuple(msgspec.structs.replace(one, whole=_shown(one.whole)) if one.whole else one for one in registers)


PERIOD_REGISTERS: tuple[Register, ...] = tuple(
    sorted(
        _all_shown(
            (
                *period_registers_controls.REGISTERS,
                *period_registers_exceptions.REGISTERS,
                *period_registers_people.REGISTERS,
                *period_registers_outside.REGISTERS,
                *period_registers_change.REGISTERS,
                *period_registers_metrics.REGISTERS,
                *period_registers_operation.REGISTERS,
                *period_registers_traceability.REGISTERS,
                *period_registers_mended.REGISTERS,
            )
        ),
        key=lambda one: one.table.file,
    )
)
"""05 to 37, in order of their numbers."""

REQUEST_REGISTERS: tuple[Register, ...] = _all_shown(period_registers_requests.REGISTERS)
"""35, which a pack has only where requests were handed in."""
