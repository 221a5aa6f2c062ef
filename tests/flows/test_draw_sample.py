"""A draw is on record before it is seen; who gave the seed stands everywhere; the watchdog's seed is nobody's choice."""

from datetime import timedelta

import pytest

from prooftrail.errors import AccessError, ConfigError, EvidenceUnreadable
from prooftrail.evidence import custody, witness
from prooftrail.evidence.custody import CustodyAction
from prooftrail.evidence.manifest import Head
from prooftrail.flows.draw_sample import DrawSample, Frozen, LockerDrawLog, Wish
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.flows.record_custody import RecordCustody
from prooftrail.flows.verify_locker import Verdict
from prooftrail.flows.witness_seed import witness_seed
from prooftrail.model import canonical
from prooftrail.pack.sampling.record import NOT_INDEPENDENT, Sample, SeedSource, read_population, said
from prooftrail.ports import Locker, Stored
from tests.contracts.fakes import MemoryLocker
from tests.flows.watched import Kennel
from tests.flows.world import DAY_1, StillClock, World

BODY = b"item_id,tier\r\n" + b"".join(f"k{at},{'high' if at % 2 else 'low'}\r\n".encode() for at in range(40))
FROZEN = Frozen(
    population=read_population("access-keys", BODY), body=BODY, ref="populations/access-keys.csv", of="here"
)


class Book:
    """A log in memory that remembers the order of things."""

    def __init__(self) -> None:
        self.entered: list[Sample] = []
        self.refuses = False

    def draws_of(self, population_sha256: str) -> tuple[str, ...]:
        return tuple(said(one) for one in self.entered if one.population_sha256 == population_sha256)

    def enter(self, sample: Sample, *, reason: str) -> str:
        if self.refuses:
            raise AccessError("no")
        self.entered.append(sample)
        return f"line {len(self.entered)}: {reason}"


def wish(**changes: object) -> Wish:
    """A draw of five by the auditor's seed."""
    return Wish(**{"size": 5, "seed": "dice", "seed_source": SeedSource.AUDITOR} | changes)  # type: ignore[arg-type]


def drawer(book: Book) -> DrawSample:
    return DrawSample(log=book, who="Ada", clock=StillClock())


def test_the_same_draw_gives_the_same_sample_and_is_entered_again() -> None:
    book = Book()
    first, second = (drawer(book)(FROZEN, wish(strata=("tier",))) for _ in range(2))
    assert first.sample == second.sample
    assert (first.earlier, second.earlier, len(book.entered)) == (0, 1, 2)


def test_another_seed_is_another_sample_of_the_same_population_and_is_counted() -> None:
    book = Book()
    found = [drawer(book)(FROZEN, wish(seed=seed)) for seed in ("1", "2", "3")]
    assert len({one.sample.id for one in found}) == 3
    assert [one.earlier for one in found] == [0, 1, 2]


def test_nothing_is_drawn_where_it_cannot_be_put_on_record() -> None:
    book = Book()
    book.refuses = True
    with pytest.raises(AccessError):
        drawer(book)(FROZEN, wish())


@pytest.mark.parametrize("source", SeedSource)
def test_the_record_says_whose_seed_it_was(source: SeedSource) -> None:
    sample = drawer(Book())(FROZEN, wish(seed_source=source)).sample
    assert sample.independent is (source is not SeedSource.OPERATOR)
    assert (sample.independence == NOT_INDEPENDENT) is (source is SeedSource.OPERATOR)


def test_an_excluded_item_is_not_drawn_and_stands_in_the_record() -> None:
    first = drawer(Book())(FROZEN, wish()).sample.selected[0].item_id
    sample = drawer(Book())(FROZEN, wish(exclude=(f"{first}:seen last year",))).sample
    assert first not in {one.item_id for one in sample.selected}
    assert [(one.item_id, one.reason) for one in sample.exclusions] == [(first, "seen last year")]
    assert sample.rows == 40


def test_a_draw_with_exclusions_is_not_independent_whoever_gave_the_seed() -> None:
    sample = drawer(Book())(FROZEN, wish(exclude=("k1:new", "k2:new"))).sample
    assert not sample.independent
    assert "NOT INDEPENDENT: 2 items were kept out of the draw by name" in sample.independence
    assert said(sample).endswith("2 excluded; seed 'dice' of the auditor, NOT INDEPENDENT")


@pytest.mark.parametrize(
    "changes", [{"strata": ("tier",)}, {"size": 6}, {"seed_source": SeedSource.OPERATOR}, {"exclude": ("k1:new",)}]
)
@pytest.mark.parametrize("seed", ["dice", 'it\'s "6"', "x; seed 'dice' of the auditor"])
def test_a_seed_that_was_used_on_other_terms_before_is_not_independent(changes: dict[str, object], seed: str) -> None:
    book = Book()
    first = drawer(book)(FROZEN, wish(seed=seed) if "exclude" in changes else wish(seed=seed, **changes)).sample
    later = drawer(book)(FROZEN, wish(seed=seed, **changes) if "exclude" in changes else wish(seed=seed)).sample
    assert not later.independent
    assert f"this seed was used before for a draw from this population (sample {first.id})" in later.independence
    assert drawer(book)(FROZEN, wish(seed="another")).sample.independent


def test_drawing_the_first_draw_with_a_seed_again_is_as_independent_as_it_was() -> None:
    book = Book()
    first, other, again = (drawer(book)(FROZEN, wish(size=size)).sample for size in (5, 6, 5))
    assert (first.independent, other.independent, again.independent) == (True, False, True)
    assert first == again


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seed": ""}, "--seed is missing"),
        ({"seed": "  "}, "--seed is missing"),
        ({"seed": "x" * 1001}, "longer than"),
        ({"seed": "\udcff"}, "no Unicode text"),
        ({"size": 0}, "nothing to draw"),
        ({"strata": ("colour",)}, "no column"),
        ({"exclude": ("k1",)}, "names no item"),
        ({"exclude": tuple(f"k{at}:all of them" for at in range(40))}, "nothing to draw"),
    ],
)
def test_a_wish_that_cannot_be_met_is_not_entered(changes: dict[str, object], why: str) -> None:
    book = Book()
    with pytest.raises(ConfigError, match=why):
        drawer(book)(FROZEN, wish(**changes))
    assert not book.entered


def test_a_seed_of_the_longest_length_is_taken() -> None:
    assert drawer(Book())(FROZEN, wish(seed="x" * 1000)).sample.seed == "x" * 1000


# --- in a locker ----------------------------------------------------------------------------------------------------------


def locker_log(locker: Locker) -> LockerDrawLog:
    head = LockerHistory(locker).chain.head
    assert head is not None
    return LockerDrawLog(locker, head=head, record=RecordCustody(locker), reference="ENG-7")


def test_a_draw_from_a_locker_is_a_custody_record_that_the_next_manifest_names() -> None:
    world = World()
    world.sweep()(world.day(1))
    drawing = DrawSample(log=locker_log(world.locker), who="arn:aws:iam::1:user/ada", clock=world.clock)(FROZEN, wish())
    record = custody.read(drawing.entered, world.locker.get(drawing.entered))
    assert (record.action, record.who, record.reference) == (CustodyAction.SAMPLE, "arn:aws:iam::1:user/ada", "ENG-7")
    assert record.objects == 5
    assert record.objects_sha256 == canonical.digest([one.item_id for one in drawing.sample.selected])
    assert FROZEN.population.sha256 in record.scope
    world.sweep()(world.day(2))
    assert drawing.entered in {one.key for one in LockerHistory(world.locker).manifest("20261102T060000Z").objects}
    assert world.verify().verdict is Verdict.INTACT


def test_a_locker_counts_the_draws_it_has_on_record_and_each_population_for_itself() -> None:
    world = World()
    world.sweep()(world.day(1))
    log, other = locker_log(world.locker), read_population("users", BODY + b"one-more,low\r\n")
    for number in range(3):
        world.clock.at += timedelta(seconds=1)
        drawing = DrawSample(log=log, who="Ada", clock=world.clock)(FROZEN, wish())
        assert drawing.earlier == number
    assert log.draws_of(other.sha256) == ()
    again = DrawSample(log=log, who="Ada", clock=world.clock)(FROZEN, wish(strata=("tier",)))
    assert not again.sample.independent
    assert "NOT INDEPENDENT" not in custody.read(drawing.entered, world.locker.get(drawing.entered)).scope


def test_an_operators_seed_is_marked_in_the_custody_record() -> None:
    world = World()
    world.sweep()(world.day(1))
    drawing = DrawSample(log=locker_log(world.locker), who="Ops", clock=world.clock)(
        FROZEN, wish(seed_source=SeedSource.OPERATOR)
    )
    assert "NOT INDEPENDENT" in custody.read(drawing.entered, world.locker.get(drawing.entered)).scope


class ReadOnly(MemoryLocker):
    """Lets itself be read and refuses every write, as it does to an auditor."""

    def put(self, key: str, body: bytes, *, retain_until: object) -> Stored:
        raise AccessError(f"{key} may not be written by these credentials.")


def test_who_may_only_read_is_told_to_take_a_pack_or_a_copy() -> None:
    log = LockerDrawLog(ReadOnly(), head=Head(seq=1, sha256="0" * 64), record=RecordCustody(ReadOnly()), reference="")
    with pytest.raises(AccessError, match=r"it was not made: .*prooftrail pull"):
        DrawSample(log=log, who="Ada", clock=StillClock())(FROZEN, wish())


# --- the watchdog's seed --------------------------------------------------------------------------------------------------


def watched_days(days: int) -> Kennel:
    kennel = Kennel()
    for day in range(1, days + 1):
        kennel.run(day)
        kennel.watch()
    return kennel


def seed_of(kennel: Kennel, run_id: str) -> str:
    history = LockerHistory(kennel.locker)
    return witness_seed(kennel.locker, history, history.run(run_id)).seed


def test_the_seed_is_the_hash_of_the_first_word_after_the_run() -> None:
    kennel = watched_days(3)
    assert seed_of(kennel, "20261102T060000Z") == canonical.sha256(kennel.locker.get(witness.first_sight(2)))


def test_a_later_word_changes_nothing() -> None:
    kennel = watched_days(2)
    before = seed_of(kennel, "20261101T060000Z")
    kennel.run(3)
    kennel.watch()
    assert seed_of(kennel, "20261101T060000Z") == before


def test_there_is_no_seed_before_the_watchdog_has_spoken() -> None:
    kennel = watched_days(1)
    kennel.run(2)
    with pytest.raises(ConfigError, match="no watchdog has spoken since run 20261102T060000Z"):
        seed_of(kennel, "20261102T060000Z")


def test_a_chain_that_names_no_watchdog_has_no_such_seed() -> None:
    kennel = Kennel(named=False)
    kennel.run(1)
    with pytest.raises(ConfigError, match="names no watchdog"):
        seed_of(kennel, "20261101T060000Z")


def test_a_word_that_somebody_else_signed_gives_no_seed() -> None:
    """Else whoever may write below witness/ could choose the sample."""
    kennel, other = watched_days(1), Kennel()
    kennel.run(2)
    other.locker = kennel.locker
    forged = witness.read(witness.first_sight(1), kennel.locker.get(witness.first_sight(1)))
    head = LockerHistory(kennel.locker).chain.head
    assert head is not None
    key = witness.first_sight(head.seq)
    said = type(forged)(
        **{name: getattr(forged, name) for name in forged.__struct_fields__}
        | {"key": key, "head": head, "checked_at": DAY_1 + timedelta(days=1, hours=2)}
    )
    kennel.locker.put(key, witness.seal(said, keyid="x", sign=other.dog.sign), retain_until=None)
    with pytest.raises(ConfigError, match="no watchdog has spoken"):
        seed_of(kennel, "20261102T060000Z")


def test_a_population_without_ids_cannot_even_be_frozen() -> None:
    with pytest.raises(EvidenceUnreadable):
        read_population("x", b"a,b\r\n1,2\r\n")
