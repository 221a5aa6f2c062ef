"""Access keys: who is asked about, who is carried, how a use is found, and what a contradiction is worth."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prooftrail.adapters.aws.access_keys import KeysRead, read_access_keys
from prooftrail.adapters.aws.credential_report import read_report, request_report
from prooftrail.adapters.aws.iam_key_slots import disagreement, match
from prooftrail.adapters.aws.iam_principals import read_principals
from prooftrail.model.account import CarriedKeys, Carry, Report
from prooftrail.model.iam import AccessKey, KeySlot, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.reading import CellStatus, Collector, GapReason, Reading, cell_of
from tests.adapters.aws.loopback import NOW, Aws, Refusal
from tests.adapters.aws.scripted import (
    BORN,
    DENIED,
    DETAILS,
    GENERATED,
    GONE,
    KEYS,
    LAST_USED,
    REPORT,
    THROTTLED,
    a_key,
    a_line,
    a_report,
    a_user,
    akia,
    an_account,
    by_user,
    details,
    key_row,
    keys_row,
    slot,
    stamp,
    user_id,
    watching,
    wire,
)

USED = datetime(2026, 2, 27, 9, 30, tzinfo=UTC)
EARLIER = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)


SPARES_ANN = "t"  # a seed that draws ten others of `many(40, ann=...)`


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def an_estate(
    aws: Aws, lines: Mapping[str, Mapping[str, str] | None], keys: Mapping[str, list[Any]] | None = None
) -> None:
    """Users with their report cells (None: not in the report) and the keys they really have."""
    aws.answer(DETAILS, details(*[a_user(name) for name in lines]))
    aws.answer(REPORT, a_report(*[a_line(name, **cells) for name, cells in lines.items() if cells is not None]))
    aws.answer(KEYS, by_user({name: keys_row(*rows) for name, rows in (keys or {}).items()}, otherwise=keys_row()))


def keys_of(
    aws: Aws, carry: Carry | None = None, *, report: Reading[Report] | None = None, now: datetime = NOW
) -> KeysRead:
    seen = watching(aws, now=now)
    if report is None:
        report = read_report(request_report(seen.observer))
    principals = read_principals(seen.observer)
    aws.asked.clear()
    return read_access_keys(seen.observer, principals=principals, report=report, carry=carry or Carry(seed=SPARES_ANN))


def carrying(*, slots: int = 1, active: bool = True, **users: list[Observed]) -> Carry:
    """What yesterday knew; the sample is of no user of these tests where there are enough others."""
    keys = {
        user_id(name): CarriedKeys(slots=((active, BORN),) * slots, keys=tuple(found)) for name, found in users.items()
    }
    return Carry(run_id="20260301T060000Z", keys=keys, seed=SPARES_ANN)


def many(count: int, **others: Mapping[str, str] | None) -> dict[str, Mapping[str, str] | None]:
    return {f"user{n:03}": {} for n in range(count)} | others


def asked_about(aws: Aws) -> list[str]:
    return sorted(one.parameters["UserName"] for one in aws.asked if one.action == KEYS)


def usage_of(read: KeysRead, key: str) -> Usage:
    return next(one.usage for one in read.reading.items if one.id == key)


def test_on_a_first_day_only_users_with_a_filled_slot_or_no_row_are_asked_about_beside_the_sample(aws: Aws) -> None:
    an_estate(aws, many(40, ann=slot(1), bob=None, cat=slot(2, active="false")), {"ann": [key_row("ann", akia("ANN"))]})
    read = keys_of(aws)
    assert {"ann", "bob", "cat"} <= set(asked_about(aws))
    assert len(asked_about(aws)) <= 3 + 10
    assert [(key.id, key.parent, key.created_at) for key in read.reading.items] == [(akia("ANN"), user_id("ann"), BORN)]


def test_a_key_is_read_whole_with_the_use_of_its_slot(aws: Aws) -> None:
    an_estate(
        aws, {"ann": slot(1, used="2026-02-27T09:30:00Z")}, {"ann": [key_row("ann", akia("ANN"), status="Inactive")]}
    )
    (key,) = keys_of(aws).reading.items
    assert key.facts == AccessKey(user_id=user_id("ann"), user_name="ann", status="Inactive")
    assert (key.arn, key.name, key.region, key.tags, key.carried_from) == (
        "arn:aws:iam::111122223333:user/ann",
        akia("ANN"),
        "global",
        (),
        None,
    )
    assert key.usage == Usage(tracked=True, last_used_at=USED, service="s3", region="eu-west-1", source=REPORT)
    assert aws.count(LAST_USED) == 0


def test_a_key_without_use_is_tracked_and_never_used(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1)}, {"ann": [key_row("ann", akia("ANN"))]})
    assert usage_of(keys_of(aws), akia("ANN")) == Usage(tracked=True, source=REPORT)


def test_unchanged_slots_spare_the_call_and_the_keys_are_carried_with_todays_use(aws: Aws) -> None:
    an_estate(aws, many(40, ann=slot(1, used="2026-02-27T09:30:00Z")))
    carry = carrying(ann=[a_key(akia("ANN"), carried_from="20260201T060000Z")])
    read = keys_of(aws, carry)
    assert "ann" not in asked_about(aws)
    assert len(asked_about(aws)) == 10
    (key,) = read.reading.items
    assert (key.id, key.carried_from, key.usage.last_used_at) == (akia("ANN"), "20260201T060000Z", USED)


def test_a_carried_key_names_the_run_that_read_it(aws: Aws) -> None:
    an_estate(aws, many(40, ann=slot(1)))
    (key,) = keys_of(aws, carrying(ann=[a_key(akia("ANN"))])).reading.items
    assert key.carried_from == "20260301T060000Z"


@pytest.mark.parametrize(
    "cells",
    [
        slot(1, active="false"),
        slot(1, born=BORN + timedelta(seconds=1)),
        slot(1) | slot(2, born=EARLIER),
        {"access_key_1_active": "true"},
        None,
    ],
)
def test_a_slot_that_changed_in_any_way_is_asked_about(aws: Aws, cells: Mapping[str, str] | None) -> None:
    an_estate(aws, many(40, ann=cells), {"ann": [key_row("ann", akia("NEW"), born=EARLIER)]})
    keys_of(aws, carrying(ann=[a_key(akia("ANN"))]))
    assert "ann" in asked_about(aws)


def test_slots_that_traded_places_are_not_a_change(aws: Aws) -> None:
    an_estate(aws, many(40, ann=slot(1, born=EARLIER) | slot(2)))
    carried = CarriedKeys(
        slots=((True, BORN), (True, EARLIER)), keys=(a_key(akia("ONE")), a_key(akia("TWO"), born=EARLIER))
    )
    read = keys_of(aws, Carry(run_id="r", keys={user_id("ann"): carried}, seed=SPARES_ANN))
    assert "ann" not in asked_about(aws)
    assert [key.id for key in read.reading.items] == [akia("ONE"), akia("TWO")]


def test_keys_that_were_not_all_read_yesterday_are_asked_about_today(aws: Aws) -> None:
    an_estate(aws, many(40, ann=slot(1)), {"ann": [key_row("ann", akia("ANN"))]})
    keys_of(aws, carrying(ann=[]))
    assert "ann" in asked_about(aws)


def test_a_user_made_anew_under_an_old_name_does_not_inherit_the_old_ones_row(aws: Aws) -> None:
    an_estate(aws, many(40, ann={**slot(1), "user_creation_time": "2019-01-01T00:00:00+00:00"}))
    assert keys_of(aws, carrying(ann=[a_key(akia("OLD"))])).reading.items == ()
    assert "ann" in asked_about(aws)


def test_without_a_report_everybody_is_asked_about_and_uses_are_asked_for(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1), "bob": {}}, {"ann": [key_row("ann", akia("ANN"))]})
    aws.answer(
        LAST_USED,
        wire({"UserName": "ann", "AccessKeyLastUsed": {"LastUsedDate": USED, "ServiceName": "s3", "Region": "N/A"}}),
    )
    read = keys_of(aws, carrying(ann=[a_key(akia("ANN"))]), report=Reading())
    assert asked_about(aws) == ["ann", "bob"]
    assert usage_of(read, akia("ANN")) == Usage(tracked=True, last_used_at=USED, service="s3", source=LAST_USED)
    assert (read.sampled, read.reading.complete) == ((), True)


def test_a_key_newer_than_the_report_has_its_use_asked_for(aws: Aws) -> None:
    young = key_row("ann", akia("NEW"), born=GENERATED + timedelta(seconds=20))
    an_estate(aws, {"ann": slot(1)}, {"ann": [key_row("ann", akia("OLD")), young]})
    aws.answer(LAST_USED, wire({"UserName": "ann", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}))
    read = keys_of(aws)
    assert [one.parameters for one in aws.asked if one.action == LAST_USED] == [
        {"Version": "2010-05-08", "AccessKeyId": akia("NEW")}
    ]
    assert usage_of(read, akia("NEW")) == Usage(tracked=True, source=LAST_USED)
    assert read.reading.complete


def test_two_keys_of_one_second_are_asked_for_only_if_their_slots_differ_in_use(aws: Aws) -> None:
    twins = [key_row("ann", akia("ONE")), key_row("ann", akia("TWO"))]
    aws.answer(LAST_USED, wire({"UserName": "ann", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}))
    an_estate(aws, {"ann": slot(1) | slot(2)}, {"ann": twins})
    keys_of(aws)
    assert aws.count(LAST_USED) == 0
    an_estate(aws, {"ann": slot(1) | slot(2, used="2026-02-27T09:30:00Z")}, {"ann": twins})
    keys_of(aws)
    assert aws.count(LAST_USED) == 2


def test_a_refused_use_is_a_gap_and_the_key_is_kept_without_a_statement(aws: Aws) -> None:
    an_estate(aws, {"ann": None}, {"ann": [key_row("ann", akia("ANN"))]})
    aws.answer(LAST_USED, DENIED)
    read = keys_of(aws)
    assert usage_of(read, akia("ANN")) == Usage(tracked=False)
    assert [(gap.api, gap.reason) for gap in read.reading.gaps] == [(LAST_USED, GapReason.DENIED)]


def test_a_key_that_is_gone_when_its_use_is_asked_for_is_left_out(aws: Aws) -> None:
    an_estate(aws, {"ann": None}, {"ann": [key_row("ann", akia("ANN"))]})
    aws.answer(LAST_USED, GONE)
    read = keys_of(aws)
    assert (read.reading.items, read.reading.complete) == ((), True)


def test_a_user_who_is_gone_by_now_is_no_gap(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1), "bob": slot(1)})
    aws.answer(KEYS, by_user({"ann": GONE, "bob": keys_row(key_row("bob", akia("BOB")))}))
    read = keys_of(aws)
    assert ([key.id for key in read.reading.items], read.reading.complete) == ([akia("BOB")], True)
    assert read.sampled == (user_id("bob"),)


def test_the_carried_keys_of_a_drawn_user_who_is_gone_by_now_go_with_him(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1), "bob": slot(1)})
    aws.answer(KEYS, by_user({"ann": GONE, "bob": keys_row(key_row("bob", akia("BOB")))}))
    read = keys_of(aws, carrying(ann=[a_key(akia("ANN"))], bob=[a_key(akia("BOB"), "bob")]))
    assert ([key.id for key in read.reading.items], read.reading.complete) == ([akia("BOB")], True)
    assert read.sampled == (user_id("bob"),)


def test_a_report_that_is_not_todays_spares_nobody_the_question(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1), "bob": {}}, {"ann": [key_row("ann", akia("ANN"))]})
    read = keys_of(aws, carrying(ann=[a_key(akia("ANN"))]), now=NOW + timedelta(hours=26))
    assert asked_about(aws) == ["ann", "bob"]
    assert [key.carried_from for key in read.reading.items] == [None]
    assert read.sampled == ()


def test_a_denial_for_one_user_is_a_gap_for_that_user(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1), "bob": slot(1), "cat": slot(1)})
    answers = {name: keys_row(key_row(name, akia(name.upper()))) for name in ("ann", "cat")}
    aws.answer(KEYS, by_user(answers, otherwise=DENIED))
    read = keys_of(aws)
    assert [key.id for key in read.reading.items] == [akia("ANN"), akia("CAT")]
    assert [(gap.api, gap.reason, gap.subject) for gap in read.reading.gaps] == [(KEYS, GapReason.DENIED, "bob")]
    assert cell_of("1", "global", Collector.ACCESS_KEYS, read.reading).status is CellStatus.PARTIAL


@pytest.mark.parametrize(("refusal", "status"), [(DENIED, CellStatus.DENIED), (THROTTLED, CellStatus.THROTTLED)])
def test_a_refusal_for_everybody_stops_after_three_calls_with_one_gap(
    aws: Aws, refusal: Refusal, status: CellStatus
) -> None:
    an_estate(aws, {f"user{n:03}": slot(1) for n in range(200)})
    aws.answer(KEYS, refusal)
    read = keys_of(aws)
    assert aws.count(KEYS) == 3
    (gap,) = read.reading.gaps
    assert (gap.subject, "3 of 200" in gap.detail) == (None, True)
    assert cell_of("1", "global", Collector.ACCESS_KEYS, read.reading).status is status


def test_throttling_that_does_not_end_stops_the_asking(aws: Aws) -> None:
    an_estate(aws, {f"user{n:03}": slot(1) for n in range(300)})
    aws.answer(KEYS, lambda parameters: keys_row() if parameters["UserName"] == "user000" else THROTTLED)
    read = keys_of(aws)
    assert aws.count(KEYS) < 60
    assert "were not asked" in read.reading.gaps[0].detail + read.reading.gaps[-1].detail


def test_users_that_were_not_all_listed_leave_a_gap_in_their_keys_too(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1)}, {"ann": [key_row("ann", akia("ANN"))]})
    aws.answer(DETAILS, details(a_user("ann")) | {"IsTruncated": "true"})
    read = keys_of(aws)
    assert [key.id for key in read.reading.items] == [akia("ANN")]
    assert [(gap.api, gap.reason) for gap in read.reading.gaps] == [(DETAILS, GapReason.TRUNCATED)]


def test_a_list_of_keys_that_is_cut_off_is_a_gap_for_its_user(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1)})
    aws.answer(KEYS, keys_row(key_row("ann", akia("ANN"))) | {"IsTruncated": "true"})
    read = keys_of(aws)
    assert (read.reading.items, [gap.reason for gap in read.reading.gaps]) == ((), [GapReason.TRUNCATED])


def test_a_user_named_by_an_address_is_asked_about_by_his_real_name(aws: Aws) -> None:
    name = "ann.smith@example.com"
    an_estate(aws, {name: slot(1)}, {name: [key_row(name, akia("ANN"))]})
    (key,) = keys_of(aws).reading.items
    assert asked_about(aws) == [name]
    assert isinstance(key.facts, AccessKey)
    assert key.facts.user_name.startswith("person-")


def test_the_sample_is_ten_users_the_seed_draws_and_costs_nothing_where_they_were_asked_about(aws: Aws) -> None:
    an_estate(
        aws,
        {f"user{n:03}": slot(1) for n in range(30)},
        {f"user{n:03}": [key_row(f"user{n:03}", akia(f"{n:03}"))] for n in range(30)},
    )
    one, same, other = (keys_of(aws, Carry(seed=seed)).sampled for seed in ("a", "a", "b"))
    assert len(one) == 10
    assert one == same != other
    assert aws.count(KEYS) == 30


def test_a_row_that_hides_a_key_is_found_out_by_the_sample(aws: Aws) -> None:
    an_estate(aws, {"ann": {}}, {"ann": [key_row("ann", akia("ANN"), born=GENERATED - timedelta(days=1))]})
    aws.answer(LAST_USED, wire({"UserName": "ann", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}))
    read = keys_of(aws)
    assert [(gap.reason, gap.subject) for gap in read.reading.gaps] == [(GapReason.DISAGREES, "ann")]
    assert [key.id for key in read.reading.items] == [akia("ANN")]


def test_a_live_answer_is_believed_over_the_carried_one(aws: Aws) -> None:
    an_estate(aws, {"ann": slot(1)}, {"ann": [key_row("ann", akia("ANN"), status="Inactive")]})
    read = keys_of(aws, carrying(ann=[a_key(akia("ANN"))]), now=GENERATED + timedelta(hours=3))
    (key,) = read.reading.items
    assert isinstance(key.facts, AccessKey)
    assert (key.facts.status, key.carried_from, read.reading.complete) == ("Inactive", None, True)


def a_slot(number: int, *, born: datetime | None = BORN, active: bool = True, used: datetime | None = None) -> KeySlot:
    return KeySlot(slot=number, active=active, rotated_at=born, usage=Usage(tracked=True, last_used_at=used))


ONE, TWO = a_key("ONE"), a_key("TWO")
LATE = BORN + timedelta(days=3)


@pytest.mark.parametrize(
    ("keys", "slots", "fits"),
    [
        ([ONE], [a_slot(1)], {"ONE": 1}),
        ([a_key("ONE", born=BORN.replace(microsecond=5))], [a_slot(2)], {"ONE": 2}),
        ([ONE, a_key("TWO", born=LATE)], [a_slot(1, born=LATE), a_slot(2)], {"ONE": 2, "TWO": 1}),
        ([ONE], [a_slot(1, born=LATE)], {"ONE": 1}),  # "created or last changed": the only key is the only slot
        ([ONE], [a_slot(1, born=None)], {"ONE": 1}),
        ([ONE], [a_slot(1, born=EARLIER - timedelta(days=999))], {}),  # older than the key: another key's slot
        ([ONE, a_key("TWO", born=EARLIER)], [a_slot(1), a_slot(2, born=USED)], {"ONE": 1, "TWO": 2}),
        ([ONE, a_key("NEW", born=NOW)], [a_slot(1)], {"ONE": 1}),
        ([ONE, TWO], [a_slot(1, used=USED), a_slot(2, used=USED)], {"ONE": 1, "TWO": 2}),
        ([ONE, TWO], [a_slot(1), a_slot(2, used=USED)], {}),
        ([ONE, a_key("TWO", status="Inactive")], [a_slot(1, active=False), a_slot(2, used=USED)], {"ONE": 2, "TWO": 1}),
        ([ONE, TWO], [a_slot(1, active=False), a_slot(2, used=USED)], {}),
        ([ONE, TWO, a_key("SIX")], [a_slot(1), a_slot(2)], {}),
        ([ONE], [], {}),
        ([], [a_slot(1)], {}),
    ],
)
def test_which_slot_is_which_key(keys: list[Observed], slots: list[KeySlot], fits: dict[str, int]) -> None:
    assert {key: found.slot for key, found in match(keys, slots, generated_at=GENERATED).items()} == fits


@pytest.mark.parametrize(
    ("uses", "fits"),
    [
        ({"ONE": EARLIER, "TWO": USED}, {"ONE": 1, "TWO": 2}),
        ({"ONE": USED, "TWO": None}, {"ONE": 2, "TWO": 1}),
        ({"ONE": EARLIER}, {"ONE": 1, "TWO": 2}),
        ({"ONE": USED, "TWO": USED}, {}),
        ({"ONE": None, "TWO": None}, {}),
        ({}, {}),
    ],
)
def test_twins_are_told_apart_by_the_use_they_had_yesterday(
    uses: dict[str, datetime | None], fits: dict[str, int]
) -> None:
    slots = [a_slot(1, used=EARLIER), a_slot(2, used=USED)]
    found = match([ONE, TWO], slots, generated_at=GENERATED, uses=uses)
    assert {key: one.slot for key, one in found.items()} == fits


OLD, FRESH = GENERATED + timedelta(hours=3), GENERATED + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("keys", "slots", "seen_at", "contradicts"),
    [
        ([ONE], [a_slot(1)], FRESH, False),
        ([], [], FRESH, False),
        ([a_key("NEW", born=GENERATED + timedelta(seconds=1))], [], FRESH, False),
        ([a_key("NEW", born=GENERATED - timedelta(minutes=4))], [], FRESH, False),  # IAM settles late
        ([ONE], [], FRESH, True),
        ([ONE], [], OLD, True),
        ([ONE, a_key("TWO", born=EARLIER)], [a_slot(1)], OLD, True),
        ([a_key("ONE", status="Inactive")], [a_slot(1)], FRESH, True),
        ([a_key("ONE", status="Inactive")], [a_slot(1)], OLD, False),
        ([a_key("ONE", status="Expired")], [a_slot(1, active=False)], FRESH, False),
        ([], [a_slot(1)], FRESH, True),
        ([], [a_slot(1)], OLD, False),
        ([ONE, TWO], [a_slot(1), a_slot(2, used=USED)], FRESH, False),
        (
            [ONE, a_key("TWO", born=EARLIER), a_key("SIX", born=USED)],
            [a_slot(1), a_slot(2, born=EARLIER)],
            FRESH,
            False,
        ),
    ],
)
def test_what_contradicts_a_row_and_what_its_age_explains(
    keys: list[Observed], slots: list[KeySlot], seen_at: datetime, contradicts: bool
) -> None:
    found = disagreement(keys, slots, generated_at=GENERATED, seen_at=seen_at)
    assert (found is not None) is contradicts


def test_stamps_are_awss() -> None:
    assert stamp(BORN) == "2025-06-01T08:00:00+00:00"
