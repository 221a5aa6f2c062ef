"""A listing that AWS's own count contradicts is not whole, and nothing it lacks is called gone."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.inventory.changes import ChangeKind, changes
from prooftrail.model.identity import Observed
from prooftrail.model.reading import Cell, CellStatus, Collector, GapReason
from prooftrail.model.snapshot import Snapshot
from tests.builders import a_gap, a_reading, a_report, a_role, a_row, a_snapshot, a_summary, a_user, days, refused


def counting(*observed: Observed, known: dict[str, Any] | None = None, **counts: int) -> Snapshot:
    """An account of which AWS counts so many before the reading and after it."""
    summary = a_summary(timedelta(seconds=30), **counts)
    return a_snapshot(*observed, **{"summary_before": summary, "summary_after": summary, **(known or {})})


def contradicted(snapshot: Snapshot) -> set[Collector]:
    return {one.collector for one in snapshot.cells if any(_disagrees(gap) for gap in one.gaps)}


def _disagrees(gap: Any) -> bool:
    return gap.reason is GapReason.DISAGREES and "iam:GetAccountSummary counts" in gap.detail


def cell(snapshot: Snapshot, collector: Collector) -> Cell:
    return next(one for one in snapshot.cells if one.collector is collector)


def test_a_user_aws_still_counts_and_does_not_list_makes_the_listing_partial() -> None:
    found = counting(a_user(), Users=2)
    principals = cell(found, Collector.PRINCIPALS)
    assert principals.status is CellStatus.PARTIAL
    assert str(principals.reason) == (
        "iam:GetAccountAuthorizationDetails: 1 users were listed and iam:GetAccountSummary counts 2"
    )
    assert contradicted(found) == {Collector.PRINCIPALS, Collector.ACCESS_KEYS}


def test_a_user_aws_still_counts_is_not_called_gone() -> None:
    ada, bob = a_user(), a_user("bob")
    report = a_report(a_row(ada), a_row(bob))
    before = counting(ada, bob, Users=2, known={"report": report})
    after = counting(ada, Users=2, known={"report": report})
    assert [one.name for one in changes(before, after) if one.what is ChangeKind.DISAPPEARED] == []
    gone = counting(ada, Users=1, known={"report": report})
    assert [one.name for one in changes(before, gone) if one.what is ChangeKind.DISAPPEARED] == ["bob"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Users", {Collector.PRINCIPALS, Collector.ACCESS_KEYS}),
        ("Roles", {Collector.PRINCIPALS}),
        ("Groups", {Collector.PRINCIPALS}),
        ("Policies", {Collector.PRINCIPALS}),
        ("Providers", {Collector.SAML_PROVIDERS, Collector.OIDC_PROVIDERS}),
        ("ServerCertificates", {Collector.SERVER_CERTIFICATES}),
    ],
)
def test_each_count_doubts_the_cells_that_list_the_thing(name: str, cells: set[Collector]) -> None:
    counts: dict[str, Any] = {name: 1}
    found = counting(**counts)
    assert contradicted(found) == cells
    assert {cell(found, one).status for one in cells} == {CellStatus.PARTIAL}


def test_more_than_aws_counts_is_a_contradiction_too() -> None:
    assert contradicted(counting(a_role(age=days(400)), Roles=0)) == {Collector.PRINCIPALS}


def test_counts_that_agree_or_moved_with_the_account_contradict_nothing() -> None:
    assert contradicted(counting(a_user(), Users=1)) == set()
    moved: dict[str, Any] = {"summary_before": a_summary(Users=2), "summary_after": a_summary(Users=1)}
    assert contradicted(a_snapshot(a_user(), **moved)) == set()


def test_without_a_second_count_there_is_no_contradiction() -> None:
    assert contradicted(a_snapshot(a_user(), summary_before=refused(), summary_after=refused())) == set()


def test_a_listing_that_was_refused_or_cut_short_explains_its_own_difference() -> None:
    denied = counting(Users=2, known={"principals": refused()})
    assert cell(denied, Collector.PRINCIPALS).status is CellStatus.DENIED
    cut = counting(Users=2, known={"principals": a_reading(a_user(), gaps=[a_gap(GapReason.TRUNCATED)])})
    assert contradicted(denied) == contradicted(cut) == set()
    assert contradicted(counting(Providers=1, known={"saml_providers": refused()})) == set()


def test_a_gap_about_one_thing_that_was_listed_explains_no_difference() -> None:
    principals = a_reading(a_user(), gaps=[a_gap(GapReason.UNREADABLE, subject="worker")])
    found = counting(Users=2, known={"principals": principals})
    assert contradicted(found) == {Collector.PRINCIPALS, Collector.ACCESS_KEYS}
