"""Counts held against AWS's own, and which differences are none."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.model.identity import Observed
from prooftrail.model.reading import GapReason
from prooftrail.model.snapshot import Reconciliation
from tests.builders import (
    OTHER_REGION,
    REGION,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_snapshot,
    a_summary,
    a_user,
    days,
    refused,
)

BEFORE = timedelta(seconds=30)  # when the builders' first summary is taken
DURING, LONG_AGO = timedelta(seconds=-31), days(400)
KEYS = "access keys"
REPORT = "users and root against report rows"


def held(what: str, *observed: Observed, **known: Any) -> Reconciliation:
    snapshot = a_snapshot(*observed, **known)
    return next(one for one in snapshot.reconciliations if one.what == what)


def roles(old: int, young: int = 0) -> list[Observed]:
    """Roles that were there all along, and some that were made while we read."""
    return [a_role(f"old{n}", age=LONG_AGO) for n in range(old)] + [a_role(f"new{n}", age=DURING) for n in range(young)]


def test_counts_that_agree_need_no_explanation() -> None:
    one = held("roles", *roles(2))
    assert (one.counted, one.independent, one.difference, one.explained) == (2, 2, 0, None)
    assert one.independent_source == "iam:GetAccountSummary"


@pytest.mark.parametrize(
    ("old", "young", "before", "after", "difference", "explained"),
    [
        (10, 0, 10, 10, 0, False),
        (10, 0, 10, 11, -1, True),  # one was created after we listed
        (10, 0, 10, 9, 1, True),  # one was deleted after we listed
        (10, 1, 10, 11, 0, False),  # one was created before we listed
        (9, 0, 10, 9, 0, False),  # one was deleted before we listed
        (10, 1, 10, 10, 1, True),  # one was created, listed, and deleted
        (10, 0, 11, 12, -2, False),
        (9, 0, 10, 10, -1, False),  # one is missing and nothing explains it
        (11, 0, 10, 10, 1, False),  # one too many, and it is old
        (10, 2, 10, 11, 1, True),
        (10, 1, 9, 9, 2, False),  # of two too many, one is old
    ],
)
def test_a_difference_is_churn_only_where_counts_or_creation_dates_show_it(
    old: int, young: int, before: int, after: int, difference: int, explained: bool
) -> None:
    one = held(
        "roles", *roles(old, young), summary_before=a_summary(Roles=before), summary_after=a_summary(Roles=after)
    )
    assert one.difference == difference
    assert (one.explained is not None) is explained


def test_something_created_less_than_a_minute_before_the_first_count_may_be_missing_from_it() -> None:
    known = {"summary_before": a_summary(BEFORE, Roles=0), "summary_after": a_summary(Roles=0)}
    assert held("roles", a_role(age=-BEFORE), **known).explained is not None
    assert held("roles", a_role(age=timedelta(minutes=1) - BEFORE), **known).explained is not None
    assert held("roles", a_role(age=timedelta(minutes=1, seconds=1) - BEFORE), **known).explained is None


@pytest.mark.parametrize(("counted", "explained"), [(1, True), (2, False), (0, False), (4, False)])
def test_a_count_of_roles_may_leave_out_exactly_the_service_linked_ones(counted: int, explained: bool) -> None:
    linked = [a_role(f"AWSServiceRoleFor{n}", age=LONG_AGO, path="/aws-service-role/x.amazonaws.com/") for n in "ab"]
    count = a_summary(Roles=counted)
    one = held("roles", *roles(1), *linked, summary_before=count, summary_after=count)
    assert (one.difference, one.explained is not None) == (3 - counted, explained)


def test_one_summary_is_enough_to_count_against() -> None:
    assert held("users", a_user(), summary_after=refused()).independent == 1
    assert held("users", a_user(), summary_before=refused()).independent == 1


def test_without_a_summary_there_is_no_second_count_and_it_says_so() -> None:
    one = held("users", a_user(), summary_before=refused(), summary_after=refused())
    assert one.independent is None
    assert one.explained == "the account summary could not be read, so there is no second count"


def test_what_was_listed_on_two_pages_is_counted_once() -> None:
    assert held("users", principals=a_reading(a_user(), a_user()), summary_after=a_summary(Users=1)).difference == 0


def test_a_listing_that_was_cut_short_stays_an_unexplained_difference() -> None:
    known = {"principals": refused(), "summary_before": a_summary(Users=5), "summary_after": a_summary(Users=5)}
    assert (one := held("users", **known)).difference == -5
    assert one.explained is None


def test_every_count_of_the_summary_is_held_against_ours() -> None:
    names = {one.what for one in a_snapshot().reconciliations}
    assert names == {
        "users",
        "roles",
        "groups",
        "customer-managed policies",
        "identity providers",
        "server certificates",
        "regions",
        KEYS,
        REPORT,
    }


def test_access_keys_have_no_second_count_and_it_says_so() -> None:
    ada = a_user()
    one = held(KEYS, ada, a_key(ada))
    assert (one.counted, one.independent, one.explained) == (1, None, "AWS gives no second count of access keys")


# report rows --------------------------------------------------------------------------------------------------------


def test_users_and_root_are_as_many_as_report_rows() -> None:
    one = held(REPORT, a_user(), a_user("bob"))
    assert (one.counted, one.independent, one.difference, one.explained) == (3, 3, 0, None)


def test_users_born_after_the_report_and_rows_of_users_gone_explain_a_difference() -> None:
    young, gone = a_user("young", age=timedelta(0)), a_user("gone")
    one = held(REPORT, a_user(), young, report=a_report(a_row(a_user())))
    assert (one.difference, one.explained) == (1, "1 user was created when the report was made or after")
    other = held(REPORT, a_user(), report=a_report(a_row(a_user()), a_row(gone)))
    assert (other.difference, other.explained) == (-1, "1 row is of a user deleted since (gone)")


def test_one_born_and_one_gone_are_told_though_the_counts_agree() -> None:
    report = a_report(a_row(a_user()), a_row(a_user("gone")))
    one = held(REPORT, a_user(), a_user("young", age=timedelta(0)), report=report)
    assert one.difference == 0
    assert (
        one.explained
        == "1 user was created when the report was made or after and 1 row is of a user deleted since (gone)"
    )


def test_a_row_that_should_be_there_and_is_not_is_never_explained_away() -> None:
    young = a_user("young", age=timedelta(0))
    one = held(REPORT, a_user(), young, report=a_report())
    assert (one.difference, one.explained) == (2, None)


def test_where_users_were_not_listed_to_the_end_no_row_is_called_deleted() -> None:
    principals = a_reading(a_user(), gaps=[a_gap(GapReason.TRUNCATED)])
    report = a_report(a_row(a_user()), a_row(a_user("bob")))
    assert held(REPORT, principals=principals, report=report).explained is None


def test_without_a_report_there_is_no_second_count_of_users() -> None:
    one = held(REPORT, a_user(), report=refused())
    assert one.independent is None
    assert "could not be read" in str(one.explained)


# regions and the sample ---------------------------------------------------------------------------------------------


def test_regions_nobody_asked_for_are_named() -> None:
    one = held("regions", regions=a_reading(REGION, OTHER_REGION), regions_read=(REGION,))
    assert (one.counted, one.independent, one.difference) == (1, 2, -1)
    assert one.explained == f"this run was not asked to read {OTHER_REGION}"


def test_where_regions_could_not_be_listed_nobody_says_all_were_read() -> None:
    one = held("regions", regions=refused(), regions_read=(REGION,))
    assert (one.independent, one.explained) == (
        None,
        "the enabled regions could not be listed, so there is no second count",
    )


def test_sampled_rows_that_a_live_answer_contradicts_are_counted() -> None:
    ada, bob = a_user(), a_user("bob")
    gap = a_gap(GapReason.DISAGREES, subject="bob")
    one = held("sampled report rows", ada, bob, access_keys=a_reading(gaps=[gap]), sampled=(ada.id, bob.id))
    assert (one.counted, one.independent, one.difference) == (2, 1, 1)
