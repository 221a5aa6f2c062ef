"""The watchdog while the signing key is exchanged: what is pending, what is done, and what only looks like either."""

from collections.abc import Callable

import pytest

from prooftrail.evidence import envelope, layout
from prooftrail.flows.turn_key import TurnKey
from prooftrail.flows.watch import Watch, Watched, WeeklyWord
from prooftrail.flows.weekly_text import Mail
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.watched import Kennel
from tests.flows.world import Pin


def print_of(signer: MemorySigner) -> str:
    return envelope.fingerprint(signer.public_key_pem())


def watched(kennel: Kennel, newest: MemorySigner, before: Callable[[], bytes | None] | None) -> Watched:
    return Watch(
        locker=kennel.locker, signer=kennel.dog, public_key=newest.public_key_pem(), clock=kennel.clock, before=before
    )()


def mailed(kennel: Kennel, newest: MemorySigner, before: Callable[[], bytes | None] | None) -> Mail:
    return WeeklyWord(
        locker=kennel.locker,
        public_key=newest.public_key_pem(),
        witness_key=kennel.dog.public_key_pem(),
        clock=kennel.clock,
        before=before,
    )()


def turned(kennel: Kennel, after: MemorySigner) -> None:
    turn = TurnKey(
        locker=kennel.locker,
        retention=Retention(),
        before=kennel.signer,
        after=after,
        pin=kennel.pin,
        clock=kennel.clock,
    )
    assert turn("yearly") is not None
    kennel.signer = after


def never() -> bytes | None:
    raise AssertionError("the key before was asked for, and the chain leads to the newest")


def faults(seen: Watched) -> set[tuple[str, str]]:
    return {(str(one.fault), one.where) for one in seen.broken}


def test_a_newer_key_that_signs_nothing_yet_is_pending_and_breaks_nothing() -> None:
    kennel, newest = Kennel().days(2), MemorySigner()
    kennel.run(3)
    seen = watched(kennel, newest, kennel.signer.public_key_pem)
    assert (seen.broken, seen.pending_key, seen.exchanged_in) == ((), print_of(newest), None)
    word = kennel.word(str(seen.written))
    assert (word.signature_held, word.link_held, word.troubles) == (True, True, ())
    assert kennel.faults() == []


def test_a_mail_between_names_the_key_in_force_and_the_pending_one() -> None:
    kennel, newest = Kennel().days(1), MemorySigner()
    said = mailed(kennel, newest, kennel.signer.public_key_pem)
    assert said.subject == "Prooftrail 2026-11-01: head 1, memory:"
    assert f"fingerprint of the key that signs\n  {print_of(kennel.signer)}\n" in said.text
    assert f"an exchange is pending: this newer key signs nothing yet\n  {print_of(newest)}\n" in said.text
    assert f"--fingerprint \\\n{print_of(kennel.signer)} \\\n" in said.text
    assert "20261101T060000Z  slot 1" in said.text


@pytest.mark.parametrize("told", ["nothing", "none", "another"])
def test_a_key_that_nothing_leads_to_is_broken_where_the_one_before_is_not_in_force(told: str) -> None:
    kennel, newest = Kennel().days(1), MemorySigner()
    before = {"nothing": None, "none": lambda: None, "another": MemorySigner().public_key_pem}[told]
    seen = watched(kennel, newest, before)
    assert ("KEY", layout.chain_key(0)) in faults(seen)
    assert seen.pending_key is None
    assert "pending" not in mailed(kennel, newest, before).text


def test_an_exchange_that_is_done_is_told_by_its_slot_and_asks_for_no_key_before() -> None:
    kennel, newest = Kennel().days(1), MemorySigner()
    turned(kennel, newest)
    seen = watched(kennel, newest, never)
    assert (seen.broken, seen.pending_key, seen.exchanged_in) == ((), None, 2)
    kennel.run(2)
    assert watched(kennel, newest, never).exchanged_in == 2
    said = mailed(kennel, newest, never)
    assert "the key that signs was exchanged\n  in slot 2\n" in said.text
    assert f"fingerprint of the key that signs\n  {print_of(newest)}\n" in said.text
    assert "20261101T060000Z  slot 1" in said.text, "runs from before the exchange are runs still"


def a_chain_cut_before_its_exchange() -> tuple[Kennel, MemorySigner, MemorySigner]:
    """Seen whole with the new key; then whoever has the old one cuts it off before the rotation and goes on with that."""
    kennel, newest = Kennel().days(1), MemorySigner()
    before = kennel.signer
    turned(kennel, newest)
    kennel.run(2)
    assert watched(kennel, newest, before.public_key_pem).broken == ()
    kennel.without(
        *(layout.chain_key(seq) for seq in (2, 3)), *(one for one in kennel.names("") if "/20261102T" in one)
    )
    kennel.signer, kennel.pin = before, Pin()
    kennel.run(3)
    return kennel, newest, before


def test_a_thief_of_the_key_before_who_cuts_the_chain_is_no_pending_exchange() -> None:
    kennel, newest, before = a_chain_cut_before_its_exchange()
    seen = watched(kennel, newest, before.public_key_pem)
    assert seen.head
    assert seen.head.seq == 2
    assert {("HEAD", layout.chain_key(3)), ("KEY", layout.chain_key(0))} <= faults(seen)
    assert seen.pending_key is None
    assert kennel.word(str(seen.written)).signature_held is False
    assert "LOOK NOW" in mailed(kennel, newest, before.public_key_pem).subject


def test_a_cut_chain_does_not_become_true_by_standing_until_no_word_read_back_saw_it_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("prooftrail.flows.watch_look.WORDS_BACK", 2)
    kennel, newest, before = a_chain_cut_before_its_exchange()
    for day in (4, 5, 6, 7):
        assert ("HEAD", layout.chain_key(3)) in faults(watched(kennel, newest, before.public_key_pem)), day
        kennel.run(day)
    monkeypatch.setattr("prooftrail.flows.watch_look.WORDS_FURTHEST", 0)
    assert ("HEAD", layout.chain_key(3)) not in faults(watched(kennel, newest, before.public_key_pem))


def test_a_key_of_a_strangers_that_the_key_before_brought_in_is_no_pending_exchange() -> None:
    kennel, newest, stranger = Kennel().days(1), MemorySigner(), MemorySigner()
    before = kennel.signer
    turned(kennel, stranger)
    kennel.run(2)
    seen = watched(kennel, newest, before.public_key_pem)
    assert ("KEY", layout.chain_key(0)) in faults(seen)
    assert seen.pending_key is None
