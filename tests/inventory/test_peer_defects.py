"""Four defects found in leading peers (field study, section 0), which this layer makes impossible.

The verdicts live in the controls; what they rest on is made here, and here unknown, unused and used are three things.
"""

import pytest

from prooftrail.inventory.changes import ChangeKind, changes, usage_bucket
from prooftrail.model.identity import IdentityClass, Kind
from prooftrail.model.reading import CellStatus, Collector, GapReason
from tests.builders import (
    NEVER,
    NOW,
    UNTOLD,
    a_key,
    a_report,
    a_row,
    a_run,
    a_slot,
    a_snapshot,
    a_user,
    days,
    refused,
    the,
    used,
)

THREE_YEARS = days(3 * 365)


def test_peer_defect_1_an_active_key_that_was_never_used_is_never_used_and_not_just_now() -> None:
    ada = a_user(age=THREE_YEARS)
    key = a_key(ada, age=THREE_YEARS)
    one = the(a_snapshot(ada, key, report=a_report(a_row(ada, keys=[a_slot(1, key=key, usage=NEVER)]))), key.id)
    assert one.usage == NEVER
    assert usage_bucket(one.usage, NOW) == "never"
    assert one.created_at == NOW - THREE_YEARS


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED, GapReason.NOT_READY])
def test_peer_defect_2_an_unreadable_report_makes_no_account_without_users(reason: GapReason) -> None:
    ada = a_user()
    key = a_key(ada)
    snapshot = a_snapshot(ada, key, report=refused(reason), run=a_run(1))
    cell = next(one for one in snapshot.cells if one.collector is Collector.CREDENTIAL_REPORT)
    assert cell.status is not CellStatus.OK
    assert cell.reason
    user = the(snapshot, "ada")
    assert (user.kind, user.classification.cls) == (Kind.USER, IdentityClass.UNDETERMINED)
    assert "facts.password_enabled" in user.unknown
    assert the(snapshot, key.id).usage == UNTOLD
    assert changes(a_snapshot(ada, key), snapshot) == ()


@pytest.mark.parametrize("inactive_slot", [1, 2])
def test_peer_defect_3_each_key_is_told_by_its_own_slot_whichever_is_inactive(inactive_slot: int) -> None:
    ada = a_user(age=THREE_YEARS)
    idle, fresh = a_key(ada, id="AKIAIDLE", age=THREE_YEARS), a_key(ada, id="AKIAFRESH", age=days(10), active=False)
    active_slot = 3 - inactive_slot
    slots = [
        a_slot(active_slot, key=idle, usage=used(THREE_YEARS)),
        a_slot(inactive_slot, key=fresh, active=False, usage=used(days(1))),
    ]
    row = a_row(ada, keys=sorted(slots, key=lambda one: one.slot))
    snapshot = a_snapshot(ada, idle, fresh, report=a_report(row))
    assert usage_bucket(the(snapshot, "AKIAIDLE").usage, NOW) == ">180"
    assert usage_bucket(the(snapshot, "AKIAFRESH").usage, NOW) == "<=30"
    assert the(snapshot, "ada").kind is Kind.SERVICE_USER


def test_peer_defect_3_a_key_created_today_has_age_zero_and_was_never_used() -> None:
    ada = a_user()
    key = a_key(ada, age=days(0))
    one = the(a_snapshot(ada, key), key.id)
    assert one.created_at == NOW
    assert usage_bucket(one.usage, NOW) == "unknown"


@pytest.mark.parametrize("reason", list(GapReason))
def test_peer_defect_4_an_error_is_never_never_used(reason: GapReason) -> None:
    ada = a_user()
    twins = [a_key(ada, id=f"AKIA{number}", age=days(100)) for number in (1, 2)]
    row = a_row(ada, keys=[a_slot(number, key=key, usage=used(days(1))) for number, key in enumerate(twins, 1)])
    for report in (a_report(row), refused(reason)):
        snapshot = a_snapshot(ada, *twins, report=report)
        for key in twins:
            assert the(snapshot, key.id).usage == UNTOLD
            assert usage_bucket(the(snapshot, key.id).usage, NOW) == "unknown"


@pytest.mark.parametrize("reason", list(GapReason))
def test_peer_defect_4_an_error_never_makes_a_key_disappear(reason: GapReason) -> None:
    ada = a_user()
    before = a_snapshot(ada, a_key(ada))
    after = a_snapshot(ada, access_keys=refused(reason), run=a_run(1))
    assert not [one for one in changes(before, after) if one.what is ChangeKind.DISAPPEARED]
