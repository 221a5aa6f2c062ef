"""What two snapshots of an account say became of its identities, and what neither of them can say."""

from typing import Any

import pytest

from prooftrail.inventory.changes import ChangeKind, changes
from prooftrail.model.iam import AttachedPolicy, SecretVersion
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GapReason, Reading
from prooftrail.model.snapshot import Snapshot
from tests.builders import (
    ACCOUNT,
    MEMBER,
    ORGANIZATION,
    OTHER_REGION,
    REGION,
    STRANGER,
    UNREAD,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_run,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_source,
    a_user,
    account_root,
    days,
    refused,
    replaced,
    settings_of,
    used,
    with_facts,
)

APPEARED, DISCOVERED, CHANGED = ChangeKind.APPEARED, ChangeKind.DISCOVERED, ChangeKind.CHANGED
DISAPPEARED, OUT_OF_REACH = ChangeKind.DISAPPEARED, ChangeKind.OUT_OF_REACH
ADMIN = AttachedPolicy(arn="arn:aws:iam::aws:policy/AdministratorAccess", name="AdministratorAccess")


def day(number: int, *observed: Observed, **known: Any) -> Snapshot:
    return a_snapshot(*observed, run=a_run(number), **known)


def told(before: Snapshot | None, after: Snapshot) -> list[tuple[str, str]]:
    """What and who, without the root."""
    return [(one.what, one.name) for one in changes(before, after) if one.name != "root"]


def fields(before: Snapshot, after: Snapshot) -> dict[str, tuple[str, str]]:
    """The fields of the one change there is."""
    (one,) = changes(before, after)
    assert one.what is CHANGED
    return {path: (left, came) for path, left, came in one.fields}


# who came and who went ----------------------------------------------------------------------------------------------


def test_who_is_listed_for_the_first_time_where_all_was_read_appeared() -> None:
    assert told(day(0), day(1, a_user())) == [(APPEARED, "ada")]


def test_who_is_listed_no_more_where_all_was_read_disappeared() -> None:
    assert told(day(0, a_user()), day(1)) == [(DISAPPEARED, "ada")]


def test_one_deleted_and_created_again_under_its_name_is_two_identities() -> None:
    old, new = a_user(id="AIDAOLD"), a_user(id="AIDANEW")
    assert [(one.what, one.id) for one in changes(day(0, old), day(1, new))] == [
        (APPEARED, "AIDANEW"),
        (DISAPPEARED, "AIDAOLD"),
    ]


def test_a_renamed_identity_is_the_same_one() -> None:
    before, after = day(0, a_role("old", id="AROA1")), day(1, a_role("new", id="AROA1"))
    assert set(fields(before, after)) == {"arn", "family", "name"}


def test_without_an_earlier_snapshot_everything_is_discovered_and_nothing_new() -> None:
    assert told(None, day(0, a_user(), a_role())) == [(DISCOVERED, "ada"), (DISCOVERED, "worker")]


@pytest.mark.parametrize("reason", GapReason)
def test_nothing_disappears_from_a_place_that_was_not_read_to_its_end(reason: GapReason) -> None:
    ada = a_user()
    before = day(0, ada, a_key(ada), a_role())
    after = day(1, principals=refused(reason), access_keys=refused(reason))
    assert told(before, after) == []


def test_nothing_disappears_from_a_place_that_was_read_too_late() -> None:
    late: Reading[Any] = a_reading(sources=[a_source(after=days(2))])
    assert told(day(0, a_role()), day(1, principals=late)) == []


def test_one_region_refused_hides_its_own_secrets_and_nobody_elses() -> None:
    here, there = a_secret("here"), a_secret("there", region=OTHER_REGION)
    after = day(1, secrets=((REGION, refused()), (OTHER_REGION, a_reading())))
    assert told(day(0, here, there), after) == [(DISAPPEARED, "there")]


def test_a_region_nobody_asked_for_this_time_hides_its_secrets() -> None:
    after = day(1, secrets=((REGION, a_reading()),), regions=a_reading(REGION, OTHER_REGION), regions_read=(REGION,))
    assert told(day(0, a_secret(region=OTHER_REGION)), after) == []


def test_a_secret_in_a_region_that_was_disabled_is_out_of_reach_and_not_gone() -> None:
    after = day(1, secrets=((REGION, a_reading()),), regions=a_reading(REGION))
    (one,) = changes(day(0, a_secret(region=OTHER_REGION)), after)
    assert (one.what, one.note) == (OUT_OF_REACH, f"region {OTHER_REGION} is no longer enabled")


def test_where_the_enabled_regions_are_not_known_none_is_called_disabled() -> None:
    after = day(1, secrets=((REGION, a_reading()),), regions=refused())
    assert told(day(0, a_secret(region=OTHER_REGION)), after) == []


def test_what_comes_back_after_a_refusal_is_not_new() -> None:
    before = day(0, principals=refused())
    (one,) = [each for each in changes(before, day(1, a_role())) if each.name == "worker"]
    assert one.what is DISCOVERED
    assert "was not read to its end" in str(one.note)


def test_what_was_created_since_is_new_wherever_it_stands() -> None:
    born_since = a_role(age=-days(0.5))
    assert told(day(0, principals=refused()), day(1, born_since)) == [(APPEARED, "worker")]


def test_two_accounts_cannot_be_compared() -> None:
    other = replaced(day(1), header=replaced(day(1).header, account=MEMBER))
    with pytest.raises(ValueError, match="cannot be compared"):
        changes(day(0), other)


# what changed -------------------------------------------------------------------------------------------------------


def test_a_change_names_field_and_both_values() -> None:
    before, after = day(0, a_role(boundary="arn:b1")), day(1, a_role(boundary=None))
    assert fields(before, after)["facts.boundary"] == ("arn:b1", "none")


def test_of_a_list_only_what_left_and_what_came_is_told() -> None:
    read = AttachedPolicy(arn="arn:aws:iam::aws:policy/ReadOnlyAccess", name="ReadOnlyAccess")
    found = fields(
        day(0, a_user(attached=(read,), groups=("a", "b"))), day(1, a_user(attached=(read, ADMIN), groups=("b",)))
    )
    assert found == {"facts.attached": ("none", ADMIN.arn), "facts.groups": ("a", "none")}


def test_trust_is_told_in_words() -> None:
    found = fields(day(0, a_role(trust=account_root(ACCOUNT))), day(1, a_role(trust=account_root(STRANGER))))
    assert found["facts.trust"][1] == f"Allow AWS:arn:aws:iam::{STRANGER}:root sts:AssumeRole"
    assert found["kind"] == ("role_cross_account", "role_third_party")


def test_slots_and_versions_are_told_in_words() -> None:
    key = a_key(age=days(0))
    rows = [a_report(a_row(ADA, keys=[a_slot(1, key=key, active=active)])) for active in (True, False)]
    slots = fields(day(0, ADA, report=rows[0]), day(1, ADA, report=rows[1]))["facts.key_slots"]
    assert slots == ("active key of 2026-11-22T06:00:00Z", "inactive key of 2026-11-22T06:00:00Z")
    version = SecretVersion(id="v2", stages=("AWSCURRENT",))
    found = fields(day(0, a_secret()), day(1, a_secret(versions=(version,))))
    assert found["facts.versions"] == ("v1 (AWSCURRENT)", "v2 (AWSCURRENT)")


def test_a_tag_is_a_field_of_its_own() -> None:
    found = fields(day(0, a_user(tags={"a.b": "1", "env": "p"})), day(1, a_user(tags={"a.b": "2", "owner": "x"})))
    assert found == {
        "owner": ("none", "x"),
        "owner.rung": ("none", "identity_tag"),
        "tags.a.b": ("1", "2"),
        "tags.env": ("p", "none"),
        "tags.owner": ("none", "x"),
    }


def test_a_long_value_is_cut_and_still_told_apart() -> None:
    found = fields(day(0, a_user(tags={"a": "x" * 999 + "1"})), day(1, a_user(tags={"a": "x" * 999 + "2"})))
    left, came = found["tags.a"]
    assert len(left) == len(came) == 200
    assert left != came


def test_use_makes_no_change() -> None:
    ada = a_user()
    key = a_key(ada)

    def seen(number: int, span: float) -> Snapshot:
        row = a_row(ada, password=True, keys=[a_slot(1, key=key, usage=used(days(span)))], usage=used(days(span)))
        return day(
            number, ada, key, a_role(usage=used(days(span))), a_secret(usage=used(days(span))), report=a_report(row)
        )

    assert changes(seen(0, 50), seen(1, 1)) == ()


def test_a_key_that_is_carried_over_did_not_change() -> None:
    ada, key = a_user(), a_key()
    assert changes(day(0, ada, key), day(1, ada, replaced(key, carried_from="20261122T060000Z"))) == ()


def test_a_snapshot_does_not_differ_from_itself() -> None:
    one = day(0, a_user(), a_key(), a_role(), a_secret(), a_service_credential())
    assert changes(one, one) == ()


# unknown is not a change --------------------------------------------------------------------------------------------

ADA = a_user()
PASSWORD = a_report(a_row(ADA, password=True, mfa=True))
ROLE = a_role(trust=account_root(STRANGER))
PROVIDED = {"role_settings": settings_of(ROLE, max_session_s=7200, description="d")}


@pytest.mark.parametrize(
    ("observed", "known", "silent"),
    [
        ([ADA], {"report": PASSWORD}, {"report": refused()}),
        ([ADA], {"report": PASSWORD}, {"report": a_report()}),
        ([ADA], {"report": PASSWORD}, {"report": PASSWORD, "mfa": refused()}),
        ([ROLE], PROVIDED, {"role_settings": refused()}),
        ([ROLE], {}, {"context": UNREAD}),
        ([a_secret()], {}, {"secrets": ((REGION, a_reading(a_secret(value_age=None))),)}),
        ([], {}, {"report": refused(), "summary_before": refused(), "summary_after": refused()}),
        ([ADA], {}, {"service_credentials": refused()}),
        (
            [with_facts(a_role(), trust=())],
            {"principals": a_reading(a_role())},
            {
                "principals": a_reading(
                    with_facts(a_role(), trust=()), gaps=[a_gap(GapReason.UNREADABLE, subject="worker")]
                )
            },
        ),
    ],
)
def test_a_fact_that_could_not_be_read_did_not_change_and_neither_did_its_return(
    observed: list[Observed], known: dict[str, Any], silent: dict[str, Any]
) -> None:
    told_day, silent_day = day(0, *observed, **known), day(1, *observed, **silent)
    assert changes(told_day, silent_day) == ()
    assert changes(silent_day, day(2, *observed, **known)) == ()


def test_a_change_beside_what_could_not_be_read_is_told() -> None:
    after = day(1, a_user(groups=("admins",)), report=refused())
    assert fields(day(0, ADA, report=PASSWORD), after) == {"facts.groups": ("none", "admins")}


def test_an_account_that_leaves_the_organization_changes_who_trusts_it() -> None:
    role = a_role(trust=account_root(MEMBER))
    left = replaced(ORGANIZATION, accounts=frozenset({ACCOUNT}))
    found = fields(day(0, role), day(1, role, context=left))
    assert found == {"kind": ("role_cross_account", "role_third_party")}


# replicas -----------------------------------------------------------------------------------------------------------

PRIMARY, REPLICA = a_secret(), a_secret(region=OTHER_REGION, replica_of=REGION)


def test_a_replica_is_neither_lost_when_its_primary_is_read_again_nor_new_when_it_is_not() -> None:
    alone = day(0, secrets=((REGION, refused()), (OTHER_REGION, a_reading(REPLICA))))
    folded = day(1, PRIMARY, REPLICA)
    assert [one.what for one in changes(alone, folded)] == [DISCOVERED]
    assert changes(folded, replaced(alone, header=day(2).header)) == ()


def test_a_replica_that_was_removed_is_a_change_of_its_primary() -> None:
    after = day(1, PRIMARY, secrets=((REGION, a_reading(PRIMARY)), (OTHER_REGION, a_reading())))
    assert fields(day(0, PRIMARY, REPLICA), after) == {"facts.replicas": (OTHER_REGION, "none")}
