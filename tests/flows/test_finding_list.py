"""Findings as people work on them: a family once, the most pressing first, an accepted deviation never overdue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.flows.finding_list import FindingRow, WantedFindings, groups
from prooftrail.model.judgement import FindingStatus, SubjectType, Tier

AT = datetime(2026, 11, 22, 6, tzinfo=UTC)


def a_row(name: str, **other: Any) -> FindingRow:
    """An open finding about a role."""
    row = FindingRow(
        fingerprint=f"f-{name}",
        control="IDC-02",
        status=FindingStatus.OPEN,
        severity=Tier.HIGH,
        subject=name,
        subject_type=SubjectType.IDENTITY,
        name=name,
        arn=None,
        kind="role_workload",
        account="111122223333",
        account_name=None,
        owner=None,
        family=None,
        reason="nobody owns it",
        opened_run="20261101T060000Z",
        opened_at=AT - timedelta(days=21),
        since_before=False,
        due_at=AT + timedelta(days=7),
        due_why="14 days",
        overdue=False,
        fixed_run=None,
        fixed_why=None,
        reopened=0,
        unseen_since=None,
        exception=None,
        stale=False,
    )
    return msgspec.structs.replace(row, **other)


def test_members_of_a_family_in_many_accounts_are_one_finding() -> None:
    rows = [a_row(f"r{at}", family="cdk-<account>#12", account=f"{at:012}") for at in range(30)]
    (one,) = groups(rows)
    assert (one.label, len(one.members), len(one.accounts)) == ("cdk-<account>", 30, 30)


def test_a_lookalike_with_another_shape_is_told_apart() -> None:
    rows = [a_row("a", family="cdk-<account>#12"), a_row("b", family="cdk-<account>#99")]
    assert len(groups(rows)) == 2


def test_members_that_stand_differently_are_told_apart() -> None:
    family = "worker#12"
    rows = [
        a_row("a", family=family),
        a_row("b", family=family, status=FindingStatus.FIXED),
        a_row("c", family=family, exception="EX-1"),
    ]
    assert sorted(len(one.members) for one in groups(rows)) == [1, 1, 1]


def test_a_group_is_as_severe_and_as_due_as_its_worst_member() -> None:
    rows = [
        a_row("a", family="w#1", severity=Tier.MEDIUM, due_at=AT + timedelta(days=2)),
        a_row("b", family="w#1", severity=Tier.CRITICAL, due_at=AT + timedelta(days=9)),
    ]
    (one,) = groups(rows)
    assert (one.severity, one.due_at) == (Tier.CRITICAL, AT + timedelta(days=2))


def test_overdue_comes_first_then_severity_then_the_date() -> None:
    rows = [
        a_row("late-low", severity=Tier.LOW, overdue=True),
        a_row("soon", severity=Tier.CRITICAL, due_at=AT + timedelta(days=1)),
        a_row("later", severity=Tier.CRITICAL, due_at=AT + timedelta(days=5)),
        a_row("high"),
    ]
    assert [one.label for one in groups(reversed(rows))] == ["late-low", "soon", "later", "high"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (WantedFindings(), ["open", "fixed", "late"]),
        (WantedFindings(open=True), ["open", "late"]),
        (WantedFindings(overdue=True), ["late"]),
        (WantedFindings(owner="PAY"), ["late"]),
        (WantedFindings(control="IDC-15"), []),
    ],
)
def test_findings_are_narrowed_by_what_is_asked(wanted: WantedFindings, names: list[str]) -> None:
    rows = [a_row("open"), a_row("fixed", status=FindingStatus.FIXED), a_row("late", overdue=True, owner="Payments")]
    assert [one.name for one in rows if wanted.holds(one)] == names
