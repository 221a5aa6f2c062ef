"""What counts as configuration, what is only use, and in how many days use is told."""

from datetime import timedelta
from typing import Any

import pytest

from prooftrail.inventory.changes import usage_bucket
from prooftrail.inventory.configuration import configuration
from prooftrail.model.canonical import digest
from prooftrail.model.iam import SecretVersion, Usage
from prooftrail.model.identity import Basis, Classification, IdentityClass, Kind, Known, Rung
from tests.builders import (
    NEVER,
    NOW,
    UNTOLD,
    a_key,
    a_report,
    a_role,
    a_row,
    a_secret,
    a_slot,
    a_snapshot,
    a_user,
    ago,
    an_identity,
    days,
    refused,
    replaced,
    tagged,
    the,
    used,
    with_facts,
)

SECRET = a_secret().facts


@pytest.mark.parametrize(
    "different",
    [
        {"usage": used(days(1))},
        {"carried_from": "20261121T060000Z"},
        {"kind_reason": "in other words"},
        {"classification": Classification(cls=IdentityClass.NON_HUMAN, basis=Basis.INFERRED, reason="in other words")},
        {"owner": Known(where="elsewhere")},
        {"purpose": Known(where="elsewhere")},
    ],
)
def test_use_and_words_are_no_configuration(different: dict[str, Any]) -> None:
    assert configuration(an_identity(**different)) == configuration(an_identity())


@pytest.mark.parametrize(
    "different",
    [
        {"arn": "arn:aws:iam::111122223333:role/renamed"},
        {"name": "renamed"},
        {"kind": Kind.ROLE_PUBLIC},
        {"classification": Classification(cls=IdentityClass.HUMAN, basis=Basis.INFERRED, reason="because")},
        {"classification": Classification(cls=IdentityClass.NON_HUMAN, basis=Basis.DECLARED, reason="because")},
        {"owner": Known(value="a")},
        {"owner": Known(rung=Rung.ACCOUNT)},
        {"purpose": Known(value="a")},
        {"created_at": ago(days(1))},
        {"tags": tagged({"a": "b"})},
        {"parent": "AIDA"},
        {"family": "f#1"},
        {"facts": a_role(boundary="b").facts},
        {"facts": a_role(max_session_s=3600).facts},
        {"facts": a_role(description="d").facts},
        {"facts": a_role(trust=[]).facts},
    ],
)
def test_everything_else_is(different: dict[str, Any]) -> None:
    base = an_identity(facts=a_role().facts)
    assert configuration(replaced(base, **different)) != configuration(base)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"last_changed_at": NOW}, False),
        ({"value_age_known": False}, False),
        ({"versions": (SecretVersion(id="v1", stages=("AWSCURRENT",)),)}, False),
        ({"versions": (SecretVersion(id="v2", stages=("AWSCURRENT",)),)}, True),
        ({"versions": (SecretVersion(id="v1", stages=("AWSCURRENT", "AWSPENDING")),)}, True),
        ({"last_rotated_at": NOW}, True),
        ({"value_created_at": NOW}, True),
        ({"deleted_at": NOW}, True),
        ({"rotation_enabled": True}, True),
        ({"replicas": ("eu-west-2",)}, True),
    ],
)
def test_a_rotation_is_configuration_and_the_echo_of_an_edit_is_not(change: dict[str, Any], counts: bool) -> None:
    base = an_identity(facts=SECRET)
    assert (configuration(with_facts(base, **change)) != configuration(base)) is counts


def test_dates_of_a_users_slots_are_configuration() -> None:
    ada, key = a_user(), a_key()
    with_key = the(a_snapshot(ada, report=a_report(a_row(ada, keys=[a_slot(1, key=key)]))), "ada")
    without = the(a_snapshot(ada), "ada")
    assert configuration(with_key) != configuration(without)


def test_the_reports_next_rotation_is_no_configuration() -> None:
    ada = a_user()
    one = a_snapshot(ada, report=a_report(a_row(ada, password=True, password_next_rotation=NOW)))
    other = a_snapshot(ada, report=a_report(a_row(ada, password=True)))
    assert configuration(the(one, "ada")) == configuration(the(other, "ada"))


def test_the_order_of_lists_is_no_configuration() -> None:
    one = an_identity(facts=a_role(instance_profiles=("a", "b")).facts)
    other = an_identity(facts=a_role(instance_profiles=("b", "a")).facts)
    assert configuration(one) == configuration(other)


def test_what_is_unknown_is_left_out_whatever_stands_there() -> None:
    unread = the(a_snapshot(a_role(), role_settings=refused()), "worker")
    assert configuration(unread) == configuration(with_facts(unread, max_session_s=43200, description="d"))


def test_unknown_tags_hide_every_tag() -> None:
    base = an_identity(unknown=("tags",))
    assert configuration(base) == configuration(replaced(base, tags=tagged({"a": "b"})))


def test_the_hash_is_a_sha256_over_known_fields_alone() -> None:
    found = configuration(an_identity())
    assert len(found) == len(digest(""))
    assert set(found) <= set("0123456789abcdef")


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (-days(1), "<=30"),
        (timedelta(0), "<=30"),
        (days(30) - SECOND, "<=30"),
        (days(30), "<=30"),
        (days(30) + timedelta(microseconds=1), "<=60"),
        (days(60), "<=60"),
        (days(60) + SECOND, "<=90"),
        (days(90), "<=90"),
        (days(90) + SECOND, "<=180"),
        (days(180), "<=180"),
        (days(180) + SECOND, ">180"),
        (days(4000), ">180"),
    ],
)
def test_use_is_told_in_buckets_whose_last_day_is_theirs(age: timedelta, bucket: str) -> None:
    assert usage_bucket(Usage(tracked=True, last_used_at=NOW - age), NOW) == bucket


def test_never_is_not_unknown() -> None:
    assert usage_bucket(NEVER, NOW) == "never"
    assert usage_bucket(UNTOLD, NOW) == "unknown"
