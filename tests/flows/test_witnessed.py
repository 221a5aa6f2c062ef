"""What verification makes of a watchdog's words: what they prove, what they lack, and every way to tamper with them."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.evidence import envelope, layout, manifest, witness
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.manifest import Head
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model import canonical
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.watched import EVIDENCE, Kennel, WatchdogSigner
from tests.flows.world import DAY_1, HOME, World


def fingerprint(signer: object) -> str:
    return envelope.fingerprint(signer.public_key_pem())  # type: ignore[attr-defined]


def test_a_chain_seen_in_time_by_another_account_is_witnessed() -> None:
    kennel = Kennel().days(4)
    found = kennel.verified()
    assert (found.verdict, found.assurance, found.problems, found.notes) == (
        Verdict.INTACT,
        Assurance.WITNESSED,
        (),
        (),
    )
    assert found.witness is not None
    assert (found.witness.words, found.witness.unseen, found.witness.late) == (4, 0, 0)
    assert (found.witness.own_key, found.witness.other_account, found.witness.account) == (True, True, EVIDENCE)
    assert (found.witness.head and found.witness.head.seq, found.witness.seen_at) == (4, kennel.clock.at)
    assert (found.witness.key_fingerprint, found.witness.key_told) == (fingerprint(kennel.dog), False)


def test_a_locker_that_was_never_to_be_witnessed_verifies_as_before() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.clock.at += timedelta(days=9)
    found = world.verify()
    assert (found.verdict, found.assurance, found.witness) == (Verdict.INTACT, Assurance.SINGLE_ACCOUNT, None)
    assert {str(one.fault) for one in found.notes} == {"TICK DUE"}


@pytest.mark.parametrize(
    ("age", "noted"),
    [
        (timedelta(hours=48), False),
        (timedelta(hours=48, microseconds=1), True),
    ],
)
def test_a_manifest_is_unwitnessed_once_it_is_older_than_48_hours(age: timedelta, noted: bool) -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.clock.at += age  # it was closed in the second it was begun
    assert (("UNWITNESSED", layout.chain_key(1)) in kennel.notes()) is noted
    found = kennel.verified()
    assert found.verdict is Verdict.INTACT
    assert found.assurance is Assurance.SINGLE_ACCOUNT


def test_unwitnessed_is_said_once_with_how_many_and_from_where_to_where() -> None:
    kennel = Kennel().days(1).days(5, watched=False)
    kennel.clock.at += timedelta(days=1, seconds=1)
    told = [one for one in kennel.verified().notes if one.fault == "UNWITNESSED"]
    assert [(one.where, one.detail.split(",")[0]) for one in told] == [
        (layout.chain_key(2), "3 manifests (slots 2 to 4) closed more than 48 h ago")
    ]


@pytest.mark.parametrize(
    ("after", "late"),
    [(timedelta(hours=48), 0), (timedelta(hours=48, microseconds=1), 1)],
)
def test_a_head_seen_later_than_48_hours_after_its_closing_was_not_seen_in_time(after: timedelta, late: int) -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.watch(kennel.clock.at + after)
    kennel.clock.at += timedelta(hours=1)
    found = kennel.verified()
    assert found.witness is not None
    assert (found.witness.late, found.witness.unseen) == (late, 0)
    assert found.assurance is (Assurance.SINGLE_ACCOUNT if late else Assurance.WITNESSED)


def test_a_later_word_pins_the_manifests_before_its_head() -> None:
    kennel = Kennel().days(2, watched=False)
    kennel.watch()
    kennel.clock.at += timedelta(days=2)
    found = kennel.verified()
    assert found.witness is not None
    assert (found.witness.unseen, found.witness.late) == (0, 0)


@pytest.mark.parametrize("evidence_account", [None, HOME])
def test_a_watchdog_in_the_scanners_own_account_proves_little(evidence_account: str | None) -> None:
    kennel = Kennel(evidence_account=evidence_account)
    kennel.dog.account = evidence_account or EVIDENCE
    found = kennel.days(4).verified()
    assert found.witness is not None
    assert (found.assurance, found.witness.other_account) == (Assurance.SINGLE_ACCOUNT, False)
    assert found.verdict is Verdict.INTACT


def test_a_word_of_another_account_than_the_one_the_genesis_names_is_not_that_accounts() -> None:
    kennel = Kennel()
    kennel.dog.account = HOME
    found = kennel.days(4).verified()
    assert found.witness is not None
    assert (found.assurance, found.witness.account) == (Assurance.SINGLE_ACCOUNT, HOME)


def test_a_watchdog_that_signs_with_the_chains_own_key_is_none() -> None:
    kennel = Kennel()
    kennel.dog = WatchdogSigner()
    kennel.dog.public_key_pem, kennel.dog.sign = kennel.signer.public_key_pem, kennel.signer.sign
    found = kennel.days(4).verified(witness_key=kennel.signer.public_key_pem())
    assert found.witness is not None
    assert (found.assurance, found.witness.own_key) == (Assurance.SINGLE_ACCOUNT, False)


def test_the_watchdogs_key_may_come_from_outside() -> None:
    kennel = Kennel(named=False)
    kennel.days(2)
    assert {one for one, _ in kennel.faults()} == {"UNLISTED"}  # nobody here can tell whose words these are
    found = kennel.verified(witness_key=kennel.dog.public_key_pem())
    assert found.problems == ()
    assert found.witness is not None
    assert (found.witness.key_told, found.witness.other_account) == (True, False)


def test_a_key_or_fingerprint_from_outside_that_is_not_the_genesiss_is_a_fault() -> None:
    kennel = Kennel().days(1)
    stranger = MemorySigner()
    assert ("KEY", layout.chain_key(0)) in kennel.faults(witness_key=stranger.public_key_pem())
    assert kennel.faults(witness_fingerprint=fingerprint(stranger)) == [("KEY", layout.chain_key(0))]
    assert kennel.faults(witness_fingerprint=fingerprint(kennel.dog)) == []
    assert Kennel(named=False).faults(witness_fingerprint=fingerprint(stranger)) == [("KEY", layout.chain_key(0))]


def test_a_head_that_was_witnessed_and_is_gone_breaks() -> None:
    kennel = Kennel().days(3)
    last = {one for one in kennel.names() if "20261103T060000Z" in one}
    kennel.without(layout.chain_key(3), *last)
    assert kennel.faults() == [("HEAD", layout.chain_key(3))]


def test_a_head_that_was_witnessed_and_replaced_breaks_though_its_signer_signed_the_other() -> None:
    kennel = Kennel().days(2)
    ours = kennel.locker.get(layout.chain_key(2))
    content = manifest.read(layout.chain_key(2), ours)
    other = msgspec.structs.replace(content, calls=9)
    body = manifest.seal(other, keyid=fingerprint(kennel.signer), sign=kennel.signer.sign)
    kennel.changed(layout.chain_key(2), body)
    assert ("HEAD", layout.chain_key(2)) in kennel.faults()


def test_a_slot_whose_store_time_is_not_the_one_that_was_seen_breaks() -> None:
    kennel = Kennel().days(2)
    honest = kennel.word("witness/00000002.json")
    assert honest.stored_at is not None
    earlier = msgspec.structs.replace(honest, stored_at=honest.stored_at - timedelta(seconds=1))
    kennel.without(honest.key)
    kennel.forge(earlier)
    assert kennel.faults() == [("BACKDATED", layout.chain_key(2))]


@pytest.mark.parametrize(
    ("after", "found"),
    [(timedelta(minutes=15), []), (timedelta(minutes=15, microseconds=1), [("BACKDATED", "witness/00000002.json")])],
)
def test_a_word_the_store_received_later_than_15_minutes_after_it_was_said_is_backdated(
    after: timedelta, found: list[tuple[str, str]]
) -> None:
    kennel = Kennel().days(2)
    honest = kennel.word("witness/00000002.json")
    kennel.without(honest.key)
    kennel.forge(honest, at=honest.checked_at + after)
    assert kennel.faults() == found


def test_ticks_the_watchdog_saw_pass_are_noted_with_what_became_of_them() -> None:
    kennel = Kennel().days(1)
    kennel.watch(DAY_1 + timedelta(days=2, hours=1))
    kennel.run(4)
    kennel.watch()
    notes = {str(one.fault): one for one in kennel.verified().notes}
    assert notes["TICK MISSED"].where == "witness/00000001-20261103T070000Z.json"
    assert notes["TICK MISSED"].detail == (
        "the watchdog saw 1 ticks pass without a run (2026-11-02T06:00:00Z): 1 declared missed by a manifest since"
    )


def test_an_alarm_the_watchdog_raised_is_still_said_when_all_holds_again() -> None:
    kennel = Kennel().days(2)
    whole = kennel.locker
    kennel.without(layout.chain_key(2))
    alarm = kennel.watch(kennel.clock.at + timedelta(hours=1))
    word = kennel.locker.get(str(alarm.written))
    kennel.locker = whole
    kennel.locker.put(str(alarm.written), word, retain_until=None)
    found = kennel.verified()
    assert (found.verdict, found.problems) == (Verdict.INTACT, ())
    assert [(str(one.fault), one.where) for one in found.notes] == [("ALARM", alarm.written)]


def test_a_word_kept_for_its_time_and_gone_since_is_disposed_of_and_before_that_missing() -> None:
    kennel = Kennel()
    kennel.retention = Retention(days={"witness": 2})
    kennel.days(4)
    kennel.without("witness/00000001.json")
    assert kennel.faults() == []
    assert ("DISPOSED ON SCHEDULE", "witness/00000001.json") in kennel.notes()
    kennel.without("witness/00000003.json")
    assert kennel.faults() == [("LINK", "witness/00000004.json")]


# what can be done to a word -------------------------------------------------------------------------------------------

WORDS = [witness.first_sight(seq) for seq in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def four_days() -> Kennel:
    return Kennel().days(4)


def copied(kennel: Kennel) -> Kennel:
    other = Kennel.__new__(Kennel)
    other.__dict__ |= kennel.__dict__
    other.clock = type(kennel.clock)(kennel.clock.at)
    other._rebuilt({one.key: kennel.locker.get(one.key) for one in kennel.locker.versions("")})
    return other


@pytest.mark.parametrize("key", WORDS[:-1])
def test_a_word_taken_away_breaks_the_next(key: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.without(key)
    assert [fault for fault, _ in kennel.faults()] == ["LINK"]


def test_the_last_words_taken_away_leave_their_manifests_unwitnessed(four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.without(*WORDS[2:])
    assert kennel.verified().witness != four_days.verified().witness  # the last slot that was seen is another
    kennel.clock.at += timedelta(days=2)
    assert ("UNWITNESSED", layout.chain_key(3)) in kennel.notes()
    assert kennel.verified().assurance is Assurance.SINGLE_ACCOUNT


def test_all_words_taken_away_leave_all_manifests_unwitnessed(four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.without(*WORDS)
    assert ("UNWITNESSED", layout.chain_key(1)) in kennel.notes()
    found = kennel.verified()
    assert found.witness is not None
    assert (found.witness.words, found.assurance) == (0, Assurance.SINGLE_ACCOUNT)


@settings(max_examples=60, deadline=None)
@given(key=st.sampled_from(WORDS), at=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_word_can_be_changed_unnoticed(four_days: Kennel, key: str, at: int, bit: int) -> None:
    kennel = copied(four_days)
    body = bytearray(kennel.locker.get(key))
    body[at % len(body)] ^= 1 << bit
    kennel.changed(key, bytes(body))
    assert key in {where for fault, where in kennel.faults() if fault in ("SIGNATURE", "UNREADABLE", "REPLAYED")}


NAMES = [
    *(witness.first_sight(seq) for seq in (0, 5, 99)),
    *(witness.later(seq, DAY_1 + timedelta(hours=1)) for seq in (1, 2, 5)),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", WORDS)
def test_a_word_replayed_under_another_name_is_named(name: str, source: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.locker.put(name, kennel.locker.get(source), retain_until=None)
    assert ("REPLAYED", name) in kennel.faults()


@pytest.mark.parametrize("source", WORDS[1:])
def test_a_word_put_in_the_place_of_another_is_named(source: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.changed(WORDS[0], kennel.locker.get(source))
    assert ("REPLAYED", WORDS[0]) in kennel.faults()


@pytest.mark.parametrize("name", NAMES)
def test_a_word_by_another_key_is_named(name: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    honest = kennel.word(WORDS[0])
    kennel.forge(msgspec.structs.replace(honest, key=name), signer=MemorySigner())
    assert kennel.faults() == [("SIGNATURE", name)]


def test_a_word_of_another_locker_is_named(four_days: Kennel) -> None:
    kennel = copied(four_days)
    honest = kennel.word(WORDS[3])
    name = witness.later(4, honest.checked_at)
    kennel.forge(msgspec.structs.replace(honest, key=name, locker_id="0" * 64))
    assert kennel.faults() == [("REPLAYED", name)]


def test_a_head_the_chain_never_had_breaks_even_in_a_word_of_the_true_key(four_days: Kennel) -> None:
    kennel = copied(four_days)
    honest, name = kennel.word(WORDS[3]), witness.first_sight(7)
    kennel.forge(msgspec.structs.replace(honest, key=name, head=Head(seq=7, sha256="0" * 64)))
    assert ("HEAD", layout.chain_key(7)) in kennel.faults()


@pytest.mark.parametrize("name", ["witness/notes.txt", "witness/1.json", "witness/00000001-2026.json"])
def test_what_no_watchdog_would_write_there_is_unlisted(name: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.locker.put(name, b"anything", retain_until=None)
    assert kennel.faults() == [("UNLISTED", name)]


@pytest.mark.parametrize("key", WORDS)
def test_a_word_hidden_or_written_over_in_a_bucket_is_named(key: str, four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.locker.hide(key)  # type: ignore[attr-defined]
    assert kennel.faults() == [("HIDDEN", key)]
    kennel.locker.replace(key, b"{}")  # type: ignore[attr-defined]
    assert kennel.faults() == [("HIDDEN", key), ("REPLACED", key)]


def test_a_word_too_large_to_be_one_is_not_read(four_days: Kennel) -> None:
    kennel = copied(four_days)
    kennel.locker.put("witness/00000005.json", b"x" * (256 * 1024 + 1), retain_until=None)
    assert kennel.faults() == [("UNREADABLE", "witness/00000005.json")]


def test_words_are_canonical_and_their_subject_is_the_head(four_days: Kennel) -> None:
    body = four_days.locker.get(WORDS[0])
    stated = msgspec.json.decode(envelope.opened(WORDS[0], body).body())
    digest = canonical.sha256(four_days.locker.get(layout.chain_key(1)))
    assert stated["subject"] == [{"name": layout.chain_key(1), "digest": {"sha256": digest}}]
    assert stated["predicateType"] == "urn:prooftrail:witness:1"
