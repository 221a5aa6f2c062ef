"""The registers that are of the period and the whole, and of no one account. Every text in them is revealed here, once."""

from collections.abc import Callable, Iterator

import msgspec

from prooftrail.pack.registers import (
    changes,
    control_map,
    exceptions,
    mended,
    metrics,
    operation,
    outsiders,
    people,
    requests,
    traceability,
)
from prooftrail.pack.registers.period_gaps import period_gap_rows as _gap_rows
from prooftrail.pack.table import Register, Row, Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

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
                *control_map.REGISTERS,
                *exceptions.REGISTERS,
                *people.REGISTERS,
                *outsiders.REGISTERS,
                *changes.REGISTERS,
                *metrics.REGISTERS,
                *operation.REGISTERS,
                *traceability.REGISTERS,
                *mended.REGISTERS,
            )
        ),
        key=lambda one: one.table.file,
    )
)
"""05 to 37, in order of their numbers."""

REQUEST_REGISTERS: tuple[Register, ...] = _all_shown(requests.REGISTERS)
"""35, which a pack has only where requests were handed in."""
