"""The watchdog: its word for every head, again each day without a newer one, and what it says when something is wrong."""

from datetime import timedelta

import msgspec
import pytest

from prooftrail.evidence import layout, witness
from prooftrail.evidence.manifest import Head
from prooftrail.flows.turn_key import TurnKey
from prooftrail.model import canonical
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.watched import EVIDENCE, Kennel
from tests.flows.world import DAY_1


def head_of(kennel: Kennel, seq: int) -> Head:
    return Head(seq=seq, sha256=canonical.sha256(kennel.locker.get(layout.chain_key(seq))))


def test_a_head_seen_first_gets_a_signed_word_that_says_all_it_saw() -> None:
    kennel = Kennel()
    kennel.run(1)
    seen = kennel.watch()
    assert (seen.head, seen.head_age_hours, seen.missed_ticks, seen.broken) == (head_of(kennel, 1), 0, (), ())
    assert seen.written == "witness/00000001.json"
    word = kennel.word("witness/00000001.json")
    assert (word.head, word.checked_at) == (head_of(kennel, 1), DAY_1 + timedelta(hours=1))
    assert (word.stored_at, word.age_s) == (DAY_1 + timedelta(seconds=5), 3595)
    assert (word.signature_held, word.link_held, word.previous_link_held) == (True, True, True)
    assert (word.troubles, word.previous, word.account) == ((), None, EVIDENCE)
    assert (word.last_tick, word.missed_ticks) == (DAY_1, ())
    assert witness.signed_by(word.key, kennel.locker.get(word.key), kennel.dog.public_key_pem())


def test_words_name_the_one_before() -> None:
    kennel = Kennel().days(3)
    first, second, third = (kennel.word(witness.first_sight(seq)) for seq in (1, 2, 3))
    assert first.previous is None
    assert second.previous is not None
    assert third.previous is not None
    assert (second.previous.key, third.previous.key) == (first.key, second.key)
    assert third.previous.sha256 == canonical.sha256(kennel.locker.get(second.key))


def test_a_word_is_kept_as_long_as_its_kind() -> None:
    kennel = Kennel()
    kennel.retention = Retention(days={"witness": 7})
    kennel.run(1)
    kennel.watch()
    until = DAY_1 + timedelta(hours=1, days=7)
    assert kennel.locker.retained_until("witness/00000001.json") == until
    assert kennel.word("witness/00000001.json").retain_until == until


def test_a_second_look_the_same_day_writes_nothing() -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.watch()
    again = kennel.watch(DAY_1 + timedelta(hours=2))
    assert (again.written, again.words) == (None, 1)
    assert kennel.words() == ["witness/00000001.json"]


def test_a_head_that_stays_leaves_a_dated_word_each_day_with_the_ticks_that_passed() -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.watch()
    second = kennel.watch(DAY_1 + timedelta(days=2, hours=1))
    assert second.written == "witness/00000001-20261103T070000Z.json"
    assert second.missed_ticks == (DAY_1 + timedelta(days=1),)
    assert second.head_age_hours == 48
    third = kennel.watch(DAY_1 + timedelta(days=3, hours=1))
    assert third.written == "witness/00000001-20261104T070000Z.json"
    assert kennel.word(third.written).missed_ticks == (DAY_1 + timedelta(days=1), DAY_1 + timedelta(days=2))


@pytest.mark.parametrize(
    ("late", "missed"),
    [(timedelta(hours=6), 0), (timedelta(hours=6, microseconds=1), 1)],
)
def test_a_tick_is_missed_once_its_six_hours_of_grace_are_over(late: timedelta, missed: int) -> None:
    kennel = Kennel()
    kennel.run(1)
    assert len(kennel.watch(DAY_1 + timedelta(days=1) + late).missed_ticks) == missed


def test_a_scanner_that_never_ran_after_its_chain_was_begun_misses_its_ticks() -> None:
    seen = Kennel().watch(DAY_1 + timedelta(days=1, hours=1))
    assert (seen.head and seen.head.seq, seen.missed_ticks) == (0, (DAY_1,))


def test_where_nothing_was_ever_begun_there_is_nothing_to_say() -> None:
    kennel = Kennel()
    kennel.without(layout.chain_key(0))
    seen = kennel.watch()
    assert (seen.head, seen.head_age_hours, seen.broken, seen.written) == (None, None, (), None)


def test_an_end_that_was_cut_off_is_broken_and_the_word_says_so_still() -> None:
    kennel = Kennel().days(3)
    kennel.without(layout.chain_key(3))
    seen = kennel.watch(kennel.clock.at + timedelta(hours=1))
    assert [(one.fault, one.where) for one in seen.broken] == [("HEAD", layout.chain_key(3))]
    assert seen.written == "witness/00000002-20261103T080000Z.json"
    word = kennel.word(seen.written)
    assert [one.fault for one in word.troubles] == ["HEAD"]
    assert word.head == head_of(kennel, 2)


def test_a_chain_that_is_gone_whole_is_broken_and_the_word_says_what_was_there() -> None:
    kennel = Kennel().days(2)
    kennel.without(*(layout.chain_key(seq) for seq in range(3)))
    seen = kennel.watch(kennel.clock.at + timedelta(hours=1))
    assert seen.head is None
    assert {one.fault for one in seen.broken} == {"HEAD"}
    assert seen.written == "witness/00000002-20261102T080000Z.json"
    assert kennel.word(seen.written).head is None


def test_a_head_that_was_replaced_is_broken() -> None:
    kennel = Kennel().days(2)
    other = Kennel()
    other.signer = kennel.signer
    other.__dict__["locker"] = kennel.locker
    kennel.changed(layout.chain_key(2), kennel.locker.get(layout.chain_key(1)))
    seen = kennel.watch(kennel.clock.at + timedelta(hours=1))
    assert {"HEAD", "REPLAYED"} <= {str(one.fault) for one in seen.broken}
    word = kennel.word(str(seen.written))
    assert (word.link_held, word.head and word.head.seq) == (False, 2)


@pytest.mark.parametrize("what", ["hide", "second version"])
def test_a_slot_somebody_wrote_over_in_a_bucket_is_broken(what: str) -> None:
    kennel = Kennel().days(2)
    slot = layout.chain_key(1)
    if what == "hide":
        kennel.locker.hide(slot)  # type: ignore[attr-defined]
    else:
        kennel.locker.replace(slot, b"{}")  # type: ignore[attr-defined]
    assert ("HIDDEN" if what == "hide" else "REPLACED", slot) in {
        (str(one.fault), one.where) for one in kennel.watch().broken
    }


def test_a_hole_far_back_is_seen_without_reading_what_lies_between() -> None:
    kennel = Kennel().days(4)
    kennel.without(layout.chain_key(2))
    assert ("SLOT", layout.chain_key(2)) in {(str(one.fault), one.where) for one in kennel.watch().broken}


def test_a_manifest_by_another_key_is_broken() -> None:
    kennel = Kennel().days(1)
    kennel.signer = MemorySigner()
    seen = kennel.watch(kennel.clock.at + timedelta(hours=1))
    assert {"KEY"} <= {str(one.fault) for one in seen.broken}
    assert kennel.word(str(seen.written)).signature_held is False


def test_a_watchdog_the_genesis_does_not_name_says_so() -> None:
    kennel = Kennel()
    kennel.dog = MemorySigner()
    kennel.run(1)
    assert [(str(one.fault), one.where) for one in kennel.watch().broken] == [("KEY", layout.chain_key(0))]


def test_a_forged_word_is_believed_nothing_and_breaks() -> None:
    kennel = Kennel().days(2)
    honest = kennel.word("witness/00000002.json")
    kennel.forge(
        msgspec.structs.replace(honest, key="witness/00000009.json", head=Head(seq=9, sha256="0" * 64)),
        signer=MemorySigner(),
    )
    seen = kennel.watch()
    assert [(str(one.fault), one.where) for one in seen.broken] == [("SIGNATURE", "witness/00000009.json")]


def test_a_word_that_is_gone_breaks_the_next() -> None:
    kennel = Kennel().days(3)
    kennel.without("witness/00000002.json")
    assert ("LINK", "witness/00000003.json") in {(str(one.fault), one.where) for one in kennel.watch().broken}


def test_a_word_that_was_hidden_in_a_bucket_is_broken_and_is_read_still() -> None:
    kennel = Kennel().days(2)
    kennel.locker.hide("witness/00000001.json")  # type: ignore[attr-defined]
    seen = kennel.watch(kennel.clock.at + timedelta(hours=1))
    assert [(str(one.fault), one.where) for one in seen.broken] == [("HIDDEN", "witness/00000001.json")]
    assert [one.fault for one in kennel.word(str(seen.written)).troubles] == ["HIDDEN"]


def test_a_word_that_was_written_over_is_broken_and_its_first_version_counts() -> None:
    kennel = Kennel().days(2)
    kennel.locker.replace("witness/00000001.json", b"{}")  # type: ignore[attr-defined]
    assert [(str(one.fault), one.where) for one in kennel.watch(kennel.clock.at + timedelta(hours=1)).broken] == [
        ("REPLACED", "witness/00000001.json")
    ]


def test_a_name_taken_by_another_does_not_keep_the_watchdog_silent() -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.locker.put("witness/00000001.json", b"squatted", retain_until=None)
    seen = kennel.watch()
    assert seen.written == "witness/00000001-20261101T070000Z.json"
    assert [str(one.fault) for one in seen.broken] == ["UNREADABLE"]


class Prefixes:
    """A locker that lets its reader into some prefixes only."""

    def __init__(self, kennel: Kennel, allowed: tuple[str, ...]) -> None:
        self._inner, self._allowed = kennel.locker, allowed

    def __getattr__(self, name: str) -> object:
        def call(key: str, *args: object, **known: object) -> object:
            assert key.startswith(self._allowed), f"{name} of {key}"
            return getattr(self._inner, name)(key, *args, **known)

        return call


def test_a_watchdog_looks_at_the_chain_and_its_own_words_and_nothing_else() -> None:
    kennel = Kennel().days(2)
    kennel.run(3)
    kennel.locker = Prefixes(kennel, ("chain/", "witness/"))  # type: ignore[assignment]
    assert kennel.watch().written == "witness/00000003.json"


@pytest.mark.parametrize("told", ["the key before", "the key in force"])
def test_a_chain_whose_key_was_exchanged_holds_for_whoever_knows_either_key(told: str) -> None:
    kennel = Kennel().days(1)
    before, after = kennel.signer, MemorySigner()
    turn = TurnKey(
        locker=kennel.locker,
        retention=Retention(),
        before=before,
        after=after,
        pin=kennel.pin,
        clock=kennel.clock,
    )
    assert turn("yearly") is not None
    kennel.signer = after
    for day in (2, 3, 4):
        kennel.run(day)
    if told == "the key before":
        kennel.signer = before
    seen = kennel.watch()
    assert (seen.broken, seen.written) == ((), "witness/00000005.json")
    assert kennel.faults() == []
    found = kennel.verified().witness
    assert found is not None
    assert (found.unseen, found.late, found.own_key) == (0, 1, True)


def test_a_look_reads_what_its_last_word_does_not_pin_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prooftrail.flows.watch_look.WORDS_BACK", 2)
    kennel = Kennel().days(9)
    kennel.run(10)
    read: list[str] = []
    real = kennel.locker.get

    def counting(key: str, *, version_id: str | None = None) -> bytes:
        read.append(key)
        return real(key, version_id=version_id)

    kennel.locker.get = counting  # type: ignore[method-assign]
    kennel.watch()
    words = [witness.first_sight(seq) for seq in (8, 9)]
    # The last two first say which keys there are; slot 8 is pinned by a word, so that its hash is enough.
    slots = [layout.chain_key(seq) for seq in (9, 10, 0, 9, 10, 8)]
    assert read == [*words, *slots]
