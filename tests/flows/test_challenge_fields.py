"""Field by field: what AWS itself dates after the reading is a later change, and everything else that differs is a mismatch."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.flows import challenge_events
from prooftrail.flows.challenge_fields import Compared, Side, Verdict, compare
from prooftrail.model.iam import InlinePolicy, MfaDevice, MfaKind, SecretVersion, Usage
from prooftrail.model.identity import HOME, Identity
from prooftrail.model.organization import Tag
from tests.builders.judging_people import key, role, root, secret, user
from tests.builders.times import NOW, days

SECOND = timedelta(seconds=1)
SINCE = NOW
LATER, BEFORE = NOW + days(1), NOW - days(1)
PERSON, OTHER = "person-00000000000000000001", "person-00000000000000000002"


def facts(one: Identity, **changes: Any) -> Identity:
    """The same with other facts."""
    return msgspec.structs.replace(one, facts=msgspec.structs.replace(one.facts, **changes))


def held(
    then: Identity,
    now: Identity,
    *,
    people: Mapping[str, str] = {},
    live_people: Mapping[str, str] = {},
    documents: Mapping[str, str] = {},
) -> Compared:
    """One identity against itself two days later."""

    def named(text: str, who: Mapping[str, str]) -> str:
        for pseudonym, person in who.items():
            text = text.replace(pseudonym, person)
        return text

    return compare(
        Side(identity=then, documents=documents, reveal=lambda text: named(text, people)),
        Side(identity=now, documents=documents, reveal=lambda text: named(text, live_people)),
        since=SINCE,
        now=NOW + days(2),
    )


def verdicts(found: Compared) -> dict[str, Verdict]:
    return {one.path: one.verdict for one in found.differences}


def test_the_same_is_the_same_in_every_field() -> None:
    for one in (user(), key(), role(), secret(), root()):
        found = held(one, one)
        assert (found.differences, found.withheld) == ((), ())
        assert found.same > 5


@pytest.mark.parametrize(
    ("at", "verdict"), [(LATER, Verdict.LATER), (SINCE + SECOND, Verdict.LATER), (SINCE, Verdict.MISMATCH)]
)
def test_a_password_is_a_later_change_only_if_aws_dates_it_after_the_reading(at: object, verdict: Verdict) -> None:
    then = user(changed=days(30))
    assert verdicts(held(then, facts(then, password_changed_at=at))) == {"facts.password_changed_at": verdict}


def test_a_password_that_came_is_dated_and_one_that_went_is_not() -> None:
    without = facts(user(), password_enabled=False, password_changed_at=None)
    with_one = facts(user(), password_enabled=True, password_changed_at=LATER)
    assert set(verdicts(held(without, with_one)).values()) == {Verdict.LATER}
    assert verdicts(held(with_one, without))["facts.password_enabled"] is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (((True, BEFORE), (True, LATER)), Verdict.LATER),
        (((True, LATER),), Verdict.MISMATCH),  # one came, and the one that went is dated by nothing
        (((False, BEFORE),), Verdict.MISMATCH),
        ((), Verdict.MISMATCH),
        (((True, BEFORE), (True, BEFORE - SECOND)), Verdict.MISMATCH),  # it was there, and not in the evidence
    ],
)
def test_a_new_key_is_dated_and_a_changed_or_deleted_one_is_not(now: tuple[Any, ...], verdict: Verdict) -> None:
    then = user(slots=((True, BEFORE),))
    found = held(then, facts(then, key_slots=now))
    assert verdicts(found) == {"facts.key_slots": verdict}
    assert bool(found.differences[0].events) is (verdict is Verdict.MISMATCH)


def test_a_device_that_was_enabled_since_is_dated_and_one_that_was_taken_away_is_not() -> None:
    device = MfaDevice(serial="mfa/one", kind=MfaKind.VIRTUAL, enabled_at=LATER)
    bare = facts(user(), mfa_active=False, mfa_devices=())
    guarded = facts(user(), mfa_active=True, mfa_devices=(device,))
    assert set(verdicts(held(bare, guarded)).values()) == {Verdict.LATER}
    assert set(verdicts(held(guarded, bare)).values()) == {Verdict.MISMATCH}


def test_a_secrets_own_date_of_change_covers_all_of_it() -> None:
    then = secret(last_changed_at=BEFORE)
    now = facts(
        then, last_changed_at=LATER, rotation_enabled=True, versions=(SecretVersion(id="v2", stages=("AWSCURRENT",)),)
    )
    assert set(verdicts(held(then, now)).values()) == {Verdict.LATER}
    silent = facts(now, last_changed_at=BEFORE)
    assert set(verdicts(held(then, silent)).values()) == {Verdict.MISMATCH}


def test_a_date_of_aws_that_went_back_is_a_mismatch_whatever_else_is_dated() -> None:
    then = secret(last_rotated_at=BEFORE, last_changed_at=BEFORE)
    now = facts(then, last_rotated_at=BEFORE - days(5), last_changed_at=LATER)
    assert verdicts(held(then, now)) == {"facts.last_rotated_at": Verdict.MISMATCH}


def test_a_creation_that_differs_cannot_be_a_later_change() -> None:
    then = secret(last_changed_at=BEFORE)
    now = msgspec.structs.replace(facts(then, last_changed_at=LATER), created_at=LATER)
    found = [one for one in held(then, now).differences if one.path == "created_at"]
    assert [(one.verdict, one.events) for one in found] == [(Verdict.MISMATCH, ())]
    assert "AWS never changes it" in found[0].why


@pytest.mark.parametrize(
    ("then", "now", "wrong"),
    [
        (BEFORE, BEFORE, False),
        (BEFORE, LATER, False),
        (BEFORE + SECOND, BEFORE, True),
        (BEFORE, None, True),
        (None, None, False),
        (None, LATER, False),
    ],
)
def test_a_last_use_only_moves_on(then: Any, now: Any, wrong: bool) -> None:
    sealed, live = (key(usage=Usage(tracked=True, last_used_at=at)) for at in (then, now))
    assert ("usage.last_used_at" in verdicts(held(sealed, live))) is wrong


def test_a_last_use_aws_cannot_tell_or_forgets_is_no_contradiction() -> None:
    old = Usage(tracked=True, last_used_at=NOW - days(400))
    assert verdicts(held(role(usage=old), role(usage=Usage(tracked=True)))) == {}
    assert verdicts(held(role(usage=old), role(usage=Usage(tracked=False)))) == {}
    recent = Usage(tracked=True, last_used_at=NOW - days(397))
    assert verdicts(held(role(usage=recent), role(usage=Usage(tracked=True)))) == {
        "usage.last_used_at": Verdict.MISMATCH
    }


def test_people_are_compared_as_they_are_called_in_any_case() -> None:
    then, now = (msgspec.structs.replace(role(), tags=(Tag(key="owner", value=one),)) for one in (PERSON, OTHER))
    who, other = {PERSON: "Kim@example.com"}, {OTHER: "kim@EXAMPLE.com"}
    assert held(then, now, people=who, live_people=other).differences == ()
    assert verdicts(held(then, now, people=who, live_people={OTHER: "eve@example.com"})) == {
        "tags.owner": Verdict.MISMATCH
    }


def test_people_nobody_can_name_are_withheld_and_what_stands_beside_them_is_not() -> None:
    then, now = (msgspec.structs.replace(role(), tags=(Tag(key="owner", value=one),)) for one in (PERSON, OTHER))
    assert held(then, now, live_people={OTHER: "kim@example.com"}).withheld == ("tags.owner",)
    beside = msgspec.structs.replace(now, tags=(Tag(key="owner", value=f"not {OTHER}"),))
    assert verdicts(held(then, beside, live_people={OTHER: "kim@example.com"})) == {"tags.owner": Verdict.MISMATCH}


def test_what_one_side_could_not_tell_is_no_difference_and_no_agreement() -> None:
    told, untold = user(), user(mfa=None, devices=None)
    then, now = held(untold, told), held(told, untold)
    assert (then.unknown_then, then.differences) == (("facts.mfa_active", "facts.mfa_devices"), ())
    assert (now.not_reread, now.differences) == (("facts.mfa_active", "facts.mfa_devices"), ())
    assert then.same == now.same < held(told, told).same


def test_an_inline_policy_is_compared_by_its_text() -> None:
    """The hash of a document with a person in it differs with the key of the pseudonyms: its text does not."""
    then, now = (facts(user(), inline=(InlinePolicy(name="p", document=one),)) for one in ("a" * 64, "b" * 64))
    same = {"a" * 64: f'{{"Sid":"{PERSON}"}}', "b" * 64: f'{{"Sid":"{OTHER}"}}'}
    who: dict[str, Any] = {"people": {PERSON: "kim"}, "live_people": {OTHER: "kim"}}
    assert held(then, now, documents=same, **who).differences == ()
    other = same | {"b" * 64: '{"Sid":"eve"}'}
    found = held(then, now, documents=other, **who)
    assert [(one.path, one.events) for one in found.differences] == [
        ("facts.inline", ("PutUserPolicy", "DeleteUserPolicy"))
    ]


def test_what_prooftrail_makes_of_an_identity_is_not_what_aws_says_of_it() -> None:
    then = user()
    now = msgspec.structs.replace(then, family="another", purpose=role().purpose)
    assert held(then, now).differences == ()


def test_every_field_that_a_call_can_change_has_an_event_to_look_for() -> None:
    """A field without one would leave an auditor with nothing to look for."""
    without = {
        f"{one.__name__}.{name}"
        for one in HOME
        for name in one.__struct_fields__  # type: ignore[attr-defined]
        if not challenge_events.of_type(one, f"facts.{name}")
    }
    assert without == {"AccessKey.user_id", "AccessKey.inactive_since", "OidcProvider.url"}
