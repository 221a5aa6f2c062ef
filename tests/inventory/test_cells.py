"""How far each source was read: late, out of time, refused, and what one refusal means for the others."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.inventory.cells import CLOCK_APART, LATE_AFTER
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, GapReason, Reading
from prooftrail.model.snapshot import AlternateContact, Snapshot
from tests.builders import (
    NOW,
    OTHER_REGION,
    REGION,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_run,
    a_snapshot,
    a_source,
    a_user,
    refused,
)

TICK = timedelta(0)
SECOND = timedelta(seconds=1)


def cell(snapshot: Snapshot, collector: Collector, region: str = GLOBAL) -> Cell:
    return next(one for one in snapshot.cells if (one.collector, one.region) == (collector, region))


def test_every_source_of_an_account_has_its_cell() -> None:
    found = {(one.collector, one.region) for one in a_snapshot().cells}
    organization = {
        Collector.ACCOUNTS,
        Collector.DELEGATED_ADMINISTRATORS,
        Collector.ORGANIZATION_POLICIES,
        Collector.ORGANIZATION_FEATURES,
        Collector.PERMISSION_SETS,
    }
    expected = {(one, GLOBAL) for one in Collector if one not in organization and one is not Collector.SECRETS}
    assert found == expected | {(Collector.SECRETS, REGION), (Collector.SECRETS, OTHER_REGION)}


def test_policies_of_aws_are_no_gap_where_the_run_has_read_them_and_one_where_nobody_could() -> None:
    assert cell(a_snapshot(), Collector.AWS_POLICIES).status is CellStatus.OK
    assert cell(a_snapshot(aws_policies=refused()), Collector.AWS_POLICIES).status is CellStatus.DENIED


def test_carried_contacts_are_whole_without_a_call_and_refused_ones_are_not() -> None:
    soc = AlternateContact(type="SECURITY", name=None, email="person-1", read_in="20251231T060000Z")
    carried = cell(a_snapshot(contacts=Reading(items=(soc,))), Collector.CONTACTS)
    assert (carried.status, carried.items, carried.sources, carried.gaps) == (CellStatus.OK, 1, (), ())
    assert cell(a_snapshot(contacts=refused()), Collector.CONTACTS).status is CellStatus.DENIED
    as_last_read = a_reading(soc, gaps=[a_gap(GapReason.THROTTLED)])
    assert cell(a_snapshot(contacts=as_last_read), Collector.CONTACTS).status is CellStatus.PARTIAL


def test_what_only_one_account_is_asked_has_a_cell_where_it_was_asked() -> None:
    snapshot = a_snapshot(features=a_reading("RootSessions"), permission_sets=refused())
    assert cell(snapshot, Collector.ORGANIZATION_FEATURES).status is CellStatus.OK
    assert cell(snapshot, Collector.PERMISSION_SETS).status is CellStatus.DENIED


def test_secrets_have_a_cell_for_each_region_that_was_read() -> None:
    snapshot = a_snapshot(secrets=((REGION, a_reading()), (OTHER_REGION, refused(GapReason.THROTTLED))))
    assert cell(snapshot, Collector.SECRETS, REGION).status is CellStatus.OK
    assert cell(snapshot, Collector.SECRETS, OTHER_REGION).status is CellStatus.THROTTLED


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (TICK, CellStatus.OK),
        (LATE_AFTER - SECOND, CellStatus.OK),
        (LATE_AFTER, CellStatus.OK),
        (LATE_AFTER + timedelta(microseconds=1), CellStatus.LATE),
        (LATE_AFTER + SECOND, CellStatus.LATE),
    ],
)
def test_a_cell_is_late_once_it_was_observed_more_than_six_hours_after_its_tick(
    after: timedelta, status: CellStatus
) -> None:
    snapshot = a_snapshot(mfa=a_reading(sources=[a_source(), a_source(after=after)]))
    assert cell(snapshot, Collector.MFA_DEVICES).status is status


@pytest.mark.parametrize(
    ("after", "status"), [(LATE_AFTER, CellStatus.OK), (LATE_AFTER + timedelta(microseconds=1), CellStatus.LATE)]
)
def test_a_manual_run_is_late_as_well_or_it_could_be_judged_as_of_any_day(after: timedelta, status: CellStatus) -> None:
    read: Reading[Any] = a_reading(sources=[a_source(after=after)])
    assert cell(a_snapshot(run=a_run(manual=True), mfa=read), Collector.MFA_DEVICES).status is status


def test_a_late_cell_of_a_manual_run_names_the_instant_it_is_judged_at() -> None:
    read: Reading[Any] = a_reading(sources=[a_source(after=timedelta(hours=7))])
    late = cell(a_snapshot(run=a_run(manual=True), mfa=read), Collector.MFA_DEVICES)
    assert late.reason == (
        "observed at 2026-11-22T13:00:00Z, more than 6 hours after the instant it is judged at, 2026-11-22T06:00:00Z"
    )


def test_a_late_cell_says_when_it_was_observed() -> None:
    late = cell(a_snapshot(mfa=a_reading(sources=[a_source(after=timedelta(hours=7))])), Collector.MFA_DEVICES)
    assert late.reason == "observed at 2026-11-22T13:00:00Z, more than 6 hours after its tick 2026-11-22T06:00:00Z"


def test_a_refusal_outweighs_lateness() -> None:
    both: Reading[Any] = a_reading(gaps=[a_gap()], sources=[a_source(after=LATE_AFTER * 2)])
    assert cell(a_snapshot(mfa=both), Collector.MFA_DEVICES).status is CellStatus.DENIED


@pytest.mark.parametrize(
    ("apart", "believed"),
    [
        (CLOCK_APART, True),
        (-CLOCK_APART, True),
        (CLOCK_APART + SECOND, False),
        (-CLOCK_APART - SECOND, False),
    ],
)
@pytest.mark.parametrize("end", ["aws_date_from", "aws_date_to"])
def test_a_clock_more_than_an_hour_from_awss_is_a_gap(apart: timedelta, believed: bool, end: str) -> None:
    source = a_source("iam:ListVirtualMFADevices", after=TICK, **{end: NOW + apart})
    found = cell(a_snapshot(mfa=a_reading(sources=[source])), Collector.MFA_DEVICES)
    assert (found.status is CellStatus.OK) is believed
    assert [gap.reason for gap in found.gaps] == ([] if believed else [GapReason.CLOCK])


def test_a_source_without_a_date_header_has_no_clock_to_disagree_with() -> None:
    source = a_source(aws_date_from=None, aws_date_to=None)
    assert cell(a_snapshot(mfa=a_reading(sources=[source])), Collector.MFA_DEVICES).status is CellStatus.OK


@pytest.mark.parametrize(
    ("ahead", "believed"), [(timedelta(minutes=59), True), (CLOCK_APART, True), (CLOCK_APART + SECOND, False)]
)
def test_something_created_more_than_an_hour_after_awss_own_clock_is_a_gap(ahead: timedelta, believed: bool) -> None:
    role = a_role(age=-ahead)
    snapshot = a_snapshot(role, principals=a_reading(role, sources=[a_source(after=TICK)]))
    found = cell(snapshot, Collector.PRINCIPALS)
    assert (found.status is CellStatus.OK) is believed
    assert [gap.subject for gap in found.gaps] == ([] if believed else [role.id])


def test_users_that_were_not_listed_were_not_asked_for_their_keys() -> None:
    ada = a_user()
    principals = a_reading(ada, gaps=[a_gap(GapReason.TRUNCATED)])
    found = cell(a_snapshot(ada, a_key(ada), principals=principals), Collector.ACCESS_KEYS)
    assert found.status is CellStatus.PARTIAL
    assert "nobody asked for the keys of the rest" in str(found.reason)


def test_a_trust_policy_that_cannot_be_read_hides_no_keys() -> None:
    principals = a_reading(a_user(), gaps=[a_gap(GapReason.UNREADABLE, subject="worker")])
    snapshot = a_snapshot(a_user(), principals=principals)
    assert cell(snapshot, Collector.PRINCIPALS).status is CellStatus.PARTIAL
    assert cell(snapshot, Collector.ACCESS_KEYS).status is CellStatus.OK


def test_a_report_that_forgot_a_user_is_not_whole() -> None:
    found = cell(a_snapshot(a_user(), report=a_report()), Collector.CREDENTIAL_REPORT)
    assert found.status is CellStatus.PARTIAL
    assert [gap.reason for gap in found.gaps] == [GapReason.DISAGREES]


def test_a_report_older_than_a_user_is_whole_all_the_same() -> None:
    young = a_user(age=timedelta(minutes=1))
    assert cell(a_snapshot(young, report=a_report()), Collector.CREDENTIAL_REPORT).status is CellStatus.OK


def test_both_summaries_make_one_cell() -> None:
    found = cell(a_snapshot(summary_before=refused()), Collector.ACCOUNT_SUMMARY)
    assert found.status is CellStatus.PARTIAL
    assert len(found.sources) == 2
