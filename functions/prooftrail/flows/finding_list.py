"""The findings of a locker as people work on them: members of one family told once, the most pressing first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from prooftrail.model.judgement import Finding, FindingStatus, SubjectType, Tier

from .locker_history import AsOf
from .locker_judgement import Judgements, findings


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One finding in one account; people are named where that is still possible."""

    fingerprint: str
    control: str
    status: FindingStatus
    severity: Tier
    subject: str
    subject_type: SubjectType
    name: str
    arn: str | None
    kind: str | None
    account: str
    account_name: str | None
    owner: str | None
    family: str | None
    reason: str
    opened_run: str
    opened_at: datetime
    since_before: bool
    due_at: datetime
    due_why: str
    overdue: bool
    fixed_run: str | None
    fixed_why: str | None
    reopened: int
    unseen_since: str | None
    exception: str | None
    stale: bool


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as it is told: of a family with all its members that fail alike, or of one subject.

    The severity is the highest of its members, the due date the earliest. `failing` counts members that are open.
    """

    control: str
    label: str
    family: str | None
    severity: Tier
    opened_at: datetime
    due_at: datetime
    overdue: bool
    owners: tuple[str, ...]
    accounts: tuple[str, ...]
    members: tuple[FindingRow, ...]


class WantedFindings(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings are asked for; what is not set does not narrow. An accepted deviation is open, and never overdue."""

    open: bool = False
    overdue: bool = False
    owner: str | None = None
    control: str | None = None

    def holds(self, row: FindingRow) -> bool:
        """True for a row that is asked for."""
        return (
            (not self.open or row.status is FindingStatus.OPEN)
            and (not self.overdue or row.overdue)
            and self.control in (None, row.control)
            and (self.owner is None or self.owner.casefold() in (row.owner or "").casefold())
        )


def rows(found: Judgements, as_of: AsOf) -> Iterator[FindingRow]:
    """Every finding as a row; overdue is told at the instant of the run asked about."""
    names = {one.account: one.name for one in as_of.standings}
    for judged, one in findings(found):
        name = names.get(judged.account)
        yield _row(one, judged.account, name, as_of, stale=judged.run != as_of.run)


def _row(one: Finding, account: str, account_name: str | None, as_of: AsOf, *, stale: bool) -> FindingRow:
    reveal = as_of.reveal
    overdue = one.status is FindingStatus.OPEN and one.exception is None and as_of.run.taken_at > one.due_at
    return FindingRow(
        fingerprint=one.fingerprint,
        control=one.control,
        status=one.status,
        severity=one.severity,
        subject=one.subject,
        subject_type=one.subject_type,
        name=reveal(one.name or one.subject),
        arn=reveal(one.arn) if one.arn else None,
        kind=one.kind,
        account=account,
        account_name=reveal(account_name) if account_name else None,
        owner=reveal(one.owner) if one.owner else None,
        family=one.family,
        reason=reveal(one.reason),
        opened_run=one.opened_run,
        opened_at=one.opened_at,
        since_before=one.since_before,
        due_at=one.due_at,
        due_why=reveal(one.due_why),
        overdue=overdue,
        fixed_run=one.fixed_run,
        fixed_why=reveal(one.fixed_why) if one.fixed_why else None,
        reopened=one.reopened,
        unseen_since=one.unseen_since,
        exception=one.exception,
        stale=stale,
    )


def groups(found: Iterable[FindingRow]) -> tuple[Group, ...]:
    """The rows told together by control and family, overdue first, then by severity, due date and name.

    Members of one family that stand differently (open, fixed, accepted) are told apart.
    """
    together: dict[tuple[str, str, str, str | None], list[FindingRow]] = defaultdict(list)
    for one in found:
        together[one.control, one.family or f"{one.account}/{one.subject}", one.status, one.exception].append(one)
    made = [_group(tuple(sorted(members, key=_place))) for members in together.values()]
    return tuple(
        sorted(made, key=lambda one: (not one.overdue, -one.severity.rank, one.due_at, one.control, one.label))
    )


def _place(one: FindingRow) -> tuple[str, str, str]:
    return one.account, one.name, one.subject


def _group(members: tuple[FindingRow, ...]) -> Group:
    first = members[0]
    accounts = tuple(sorted({one.account for one in members}))
    family = first.family.rpartition("#")[0] if first.family and len(members) > 1 else None
    return Group(
        control=first.control,
        label=family or first.name,
        family=first.family,
        severity=max((one.severity for one in members), key=lambda tier: tier.rank),
        opened_at=min(one.opened_at for one in members),
        due_at=min(one.due_at for one in members),
        overdue=any(one.overdue for one in members),
        owners=tuple(sorted({one.owner for one in members if one.owner})),
        accounts=accounts,
        members=members,
    )
