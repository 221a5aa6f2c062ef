"""What a source did not tell, by call and reason: of a thousand refusals of one kind the first speaks for all."""

from collections.abc import Iterator
from typing import Protocol

from prooftrail.model.reading import CellStatus, Collector, Gap, GapReason
from prooftrail.pack.view import Refused


class SourceRead(Protocol):
    """As much of a cell as is asked for here."""

    @property
    def region(self) -> str:
        """The region, or global."""

    @property
    def collector(self) -> Collector:
        """What was read."""

    @property
    def status(self) -> CellStatus:
        """How far."""

    @property
    def items(self) -> int:
        """How many it listed."""

    @property
    def reason(self) -> str | None:
        """Why it was not read to its end."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Everything it did not show."""


def refusals(cell: SourceRead) -> Iterator[Refused]:
    """What a source that was not read to its end refused: one for each call and reason, in order; nothing for a whole one."""
    if cell.status is CellStatus.OK:
        return
    groups: dict[tuple[str, GapReason], list[Gap]] = {}
    for gap in cell.gaps:
        groups.setdefault((gap.api, gap.reason), []).append(gap)
    if not groups:
        yield _refused(cell, cell.reason)
    for (api, reason), gaps in sorted(groups.items()):
        first = gaps[0]
        yield _refused(cell, first.detail, api=api, reason=reason, code=first.code, times=len(gaps))


def _refused(
    cell: SourceRead,
    detail: str | None,
    *,
    api: str | None = None,
    reason: GapReason | None = None,
    code: str | None = None,
    times: int = 1,
) -> Refused:
    return Refused(
        collector=cell.collector,
        region=cell.region,
        status=cell.status,
        items=cell.items,
        detail=detail,
        api=api,
        reason=reason,
        code=code,
        times=times,
    )
