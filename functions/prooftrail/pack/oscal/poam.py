"""The plan of action and milestones: what is open, until when, and by which steps each accepted deviation ends.

Findings are grouped, for nobody reads ten thousand items: those under one exception, those of one family and control,
and the rest by account and control. A group of one is an item of its own. Every finding of a group is one of its risks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prooftrail.controls.catalog import Control
from prooftrail.model import canonical
from prooftrail.model.judgement import Finding, Tier
from prooftrail.pack.oscal.risks import risk_uuid
from prooftrail.pack.oscal.text import known, object_uuid, pack, packed, props, prose, title
from prooftrail.pack.view import PeriodView

type Key = tuple[str, str, str]
"""How a group came to be (`exception`, `family`, `account`), its name, and the control."""


@dataclass(slots=True)
class Group:
    """Open findings that are one item."""

    first: str
    due_at: datetime
    severity: Tier
    overdue: int = 0
    number: int = 0
    risks: bytearray = field(default_factory=bytearray)


class Groups:
    """Every open finding, by the item it belongs to."""

    def __init__(self, period: PeriodView) -> None:
        self._period = period
        self._groups: dict[Key, Group] = {}

    def add(self, finding: Finding, account: str) -> None:
        """Put an open finding into its group."""
        group = self._groups.get(key := _key(finding, account))
        if group is None:
            group = self._groups[key] = Group(finding.name or finding.subject, finding.due_at, finding.severity)
        group.risks += pack(risk_uuid(finding, account))
        group.number += 1
        group.due_at = min(group.due_at, finding.due_at)
        group.severity = max(group.severity, finding.severity, key=lambda one: one.rank)
        group.overdue += finding.exception is None and self._period.as_of.taken_at > finding.due_at

    def items(self, controls: Mapping[str, Control]) -> Iterator[dict[str, Any]]:
        """An item for each group; one that says nothing is open where nothing is, for OSCAL allows no empty plan."""
        for key, group in sorted(self._groups.items()):
            yield self._item(key, group, controls[key[2]])
        if not self._groups:
            where = "" if self._period.options.accounts is None else " in what this pack is narrowed to"
            yield {
                "uuid": object_uuid("poam-item", "none"),
                "title": "No finding was open",
                "description": prose(
                    f"In the run {self._period.as_of.run_id} no finding was open{where}. OSCAL asks for an item."
                ),
            }

    def _item(self, key: Key, group: Group, control: Control) -> dict[str, Any]:
        how, name, _ = key
        show, number = self._period.reveal, group.number
        of = {"exception": "under the exception", "family": "of the family", "account": "of account"}[how]
        where = f"{of} {show(name)}"
        what = show(group.first) if number == 1 else f"{number:,} findings {where}"
        told = f"{number:,} open, the first due on {canonical.timestamp(group.due_at)}, {group.overdue:,} overdue."
        return known(
            uuid=object_uuid("poam-item", *key),
            title=title(f"{control.id} {control.title}: {what}"),
            description=prose(f"{told} They are {where}. {control.nonconformity}"),
            props=props(
                control=control.id,
                **{how: show(name)},
                findings=number,
                overdue=group.overdue,
                severity=group.severity.value,
                due_at=canonical.timestamp(group.due_at),
            ),
            related_risks=[{"risk-uuid": each} for each in packed(group.risks)],
        )


def _key(finding: Finding, account: str) -> Key:
    if finding.exception:
        return "exception", finding.exception, finding.control
    if finding.family:
        return "family", finding.family, finding.control
    return "account", account, finding.control
