"""Since when a key is inactive: what the sealed snapshots can tell, and no more."""

from datetime import datetime

import msgspec

from prooftrail.inventory.changes import changes
from prooftrail.inventory.configuration import configuration
from prooftrail.inventory.inactivity import with_inactive_since
from prooftrail.model.iam import AccessKey
from prooftrail.model.snapshot import Snapshot
from tests.builders import a_key, a_run, a_snapshot, a_user, the

DAYS = [a_run(day).taken_at for day in range(5)]


def day(number: int, status: str, *, listed: bool = True) -> Snapshot:
    user = a_user("ann")
    key = a_key(user)
    key = msgspec.structs.replace(key, facts=msgspec.structs.replace(key.facts, status=status))
    keys = (key,) if listed else ()
    return a_snapshot(user, *keys, run=a_run(number))


def the_key(snapshot: Snapshot) -> AccessKey:
    facts = next(one.facts for one in snapshot.identities if isinstance(one.facts, AccessKey))
    assert isinstance(facts, AccessKey)
    return facts


def seen(*statuses: str) -> list[datetime | None]:
    """What each of the following days says, where the key had these states."""
    before, found = None, []
    for number, status in enumerate(statuses):
        before = with_inactive_since(day(number, status), before)
        found.append(the_key(before).inactive_since)
    return found


def test_an_active_key_has_no_such_date() -> None:
    assert seen("Active", "Active") == [None, None]


def test_it_is_the_tick_of_the_first_snapshot_that_shows_the_key_inactive() -> None:
    assert seen("Active", "Inactive", "Inactive", "Expired") == [None, DAYS[1], DAYS[1], DAYS[1]]


def test_a_key_that_was_active_in_between_begins_anew() -> None:
    assert seen("Inactive", "Active", "Inactive") == [DAYS[0], None, DAYS[2]]


def test_a_snapshot_from_before_such_dates_were_kept_counts_from_its_own_tick() -> None:
    assert the_key(with_inactive_since(day(3, "Inactive"), day(2, "Inactive"))).inactive_since == DAYS[2]


def test_a_key_the_last_snapshot_does_not_hold_counts_from_now() -> None:
    before = with_inactive_since(day(1, "Inactive", listed=False), day(0, "Inactive"))
    assert the_key(with_inactive_since(day(2, "Inactive"), before)).inactive_since == DAYS[2]


def test_the_date_is_neither_configuration_nor_a_change() -> None:
    undated, dated = day(1, "Inactive"), with_inactive_since(day(1, "Inactive"), day(0, "Inactive"))
    name = next(one.id for one in dated.identities if isinstance(one.facts, AccessKey))
    assert configuration(the(undated, name)) == configuration(the(dated, name))
    assert changes(undated, msgspec.structs.replace(dated)) == ()
