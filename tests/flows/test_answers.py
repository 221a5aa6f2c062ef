"""Answers: what is sealed of one, in whose name, without an address in it; and which of those in a locker are believed."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from prooftrail.errors import AccessError, ConfigError, EvidenceUnreadable
from prooftrail.evidence import answers as sealed_answers
from prooftrail.evidence import envelope, layout
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.answered import Meant
from prooftrail.flows.answers import Answers, Said, SayAnswer, Voice, answers, keyed_with, locker_id, new_owner
from prooftrail.flows.locker_history import AsOf, LockerHistory
from prooftrail.governance import Governance, Owner
from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Answer, AnswerKind, Matter
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.telling import Telling
from tests.flows.test_turn_key import turn
from tests.flows.world import DAY_1, HOME, World
from tests.governance.entries import OWNERS, policy

ARN = "arn:aws:sts::333333333333:assumed-role/Owners/session"
SECRET = b"k" * 32


def a_matter(name: str = "ada", tier: Tier = Tier.HIGH) -> Matter:
    return Matter(
        id=canonical.digest(name)[:32], event=Event.ROTATION, control="IDC-15", account=HOME, subject=name, identity=name,
        kind=None, arn=None, name=name, family=None, owner=None, tier=tier, failing=True, since=DAY_1, since_before=False,
        due_at=DAY_1, reason="old", limit=None, used=None, person=False, not_mine=None, read_in="20261101T060000Z",
    )  # fmt: skip


MEANT = Meant(what="identity", label="ada", matters=(a_matter("b"), a_matter("a")), identities=("AIDA1ada",))


@pytest.fixture
def world() -> World:
    world = World()
    world.sweep()(world.day(1))
    world.clock.at = DAY_1 + timedelta(hours=3, microseconds=7)
    return world


def say(
    world: World,
    *,
    arn: str | None = ARN,
    signer: MemorySigner | None = None,
    secret: bytes | None = SECRET,
    reason: str = "on it",
    kind: AnswerKind = AnswerKind.ACKNOWLEDGED,
    to: Owner | None = None,
    keep_days: int | None = None,
) -> Said:
    voice = Voice(arn=arn, signer=signer, secret=secret)
    flow = SayAnswer(locker=world.locker, voice=voice, clock=world.clock, retention=Retention(), keep_days=keep_days)
    return flow(MEANT, kind, reason=reason, to=to)


def heard(world: World, since: datetime = DAY_1) -> Answers:
    return answers(world.locker, since)


class Directory:
    """A locker that, like a directory, keeps no time of its own."""

    keeps_time = False

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


# what is sealed --------------------------------------------------------------------------------------------------------


def test_an_answer_says_who_when_why_and_for_what_and_is_kept_for_its_term(world: World) -> None:
    said = say(world)
    assert said.answer == Answer(
        kind=AnswerKind.ACKNOWLEDGED, who=ARN, at=DAY_1 + timedelta(hours=3), locker=locker_id(world.locker),
        matters=tuple(sorted(one.id for one in MEANT.matters)), identities=("AIDA1ada",), reason="on it",
    )  # fmt: skip
    assert sealed_answers.read(said.key, world.locker.get(said.key)) == said.answer
    assert world.locker.retained_until(said.key) == DAY_1 + timedelta(days=1100, hours=3)
    assert heard(world) == Answers(items=((said.key, said.answer, False),))


def test_it_is_kept_as_long_as_it_is_told(world: World) -> None:
    assert world.locker.retained_until(say(world, keep_days=5).key) == DAY_1 + timedelta(days=5, hours=3)


def test_a_key_that_answers_is_known_by_its_fingerprint_and_its_signature_holds(world: World) -> None:
    signer = MemorySigner()
    said = say(world, arn=None, signer=signer)
    assert said.answer.who == f"key:{envelope.fingerprint(signer.public_key_pem())}"
    assert heard(world) == Answers(items=((said.key, said.answer, True),))


def test_a_caller_of_aws_who_signs_speaks_as_the_key(world: World) -> None:
    signer = MemorySigner()
    said = say(world, signer=signer)
    assert said.answer.who == f"key:{envelope.fingerprint(signer.public_key_pem())}"
    assert [(key, signed) for key, _, signed in heard(world).items] == [(said.key, True)]


def test_nobody_cannot_answer(world: World) -> None:
    with pytest.raises(ConfigError, match="nobody is known to answer"):
        say(world, arn=None)


@pytest.mark.parametrize("signer", [None, MemorySigner()])
def test_the_same_said_twice_in_one_second_is_the_same_and_a_second_later_another(
    world: World, signer: MemorySigner | None
) -> None:
    first, again = say(world, signer=signer), say(world, signer=signer)
    assert (again.key, first.again, again.again) == (first.key, False, True)
    assert say(world, signer=signer, reason="other").key != first.key
    world.clock.at += timedelta(seconds=1)
    assert not say(world, signer=signer).again
    assert len(heard(world).items) == 3


def test_addresses_in_a_reason_are_sealed_as_pseudonyms(world: World) -> None:
    said = say(world, reason="ask jane@example.com")
    assert said.answer.reason == f"ask {Redactor(SECRET).pseudonym('jane@example.com')}"
    assert b"@" not in world.locker.get(said.key)


@pytest.mark.parametrize(
    "reason", ["ask jane@example.com", "team @oncall", "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]
)
def test_without_the_key_of_pseudonyms_an_address_or_credential_is_refused(world: World, reason: str) -> None:
    with pytest.raises(ConfigError, match="name the home of this locker with --home"):
        say(world, secret=None, reason=reason)
    assert heard(world) == Answers()


def test_a_session_named_by_an_address_is_sealed_without_it(world: World) -> None:
    person = ARN.replace("session", "jane@example.com")
    assert say(world, arn=person).answer.who == ARN.replace("session", Redactor(SECRET).pseudonym("jane@example.com"))
    assert say(world, arn=person, secret=None).answer.who == ARN.replace("session", "(address left out)")


def test_where_it_may_not_be_written_it_says_who_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AccessError("s3:PutObject is refused.")

    monkeypatch.setattr(world.locker, "put", refused)
    with pytest.raises(AccessError, match=r"takes no answer from arn:aws:sts::.*only who may write answers/.*refused"):
        say(world)


# which are believed --------------------------------------------------------------------------------------------------


def test_answers_are_heard_from_a_second_on_oldest_first(world: World) -> None:
    keys = []
    for _ in range(3):
        world.clock.at += timedelta(seconds=1)
        keys.append(say(world).key)
    at = (DAY_1 + timedelta(hours=3)).replace(microsecond=0)
    assert [key for key, _, _ in heard(world).items] == keys
    assert [key for key, _, _ in heard(world, at + timedelta(seconds=2)).items] == keys[1:]
    assert heard(world, at + timedelta(seconds=4)) == Answers()


def heard_in_a_directory(world: World) -> Answers:
    return answers(Directory(world.locker), DAY_1)  # type: ignore[arg-type]


def test_in_a_directory_only_what_the_chains_own_key_signed_is_believed(world: World) -> None:
    unsigned = say(world)
    world.clock.at += timedelta(seconds=1)
    stranger = say(world, arn=None, signer=MemorySigner())
    world.clock.at += timedelta(seconds=1)
    own = say(world, arn=None, signer=world.signer)
    assert heard_in_a_directory(world) == Answers(
        items=((own.key, own.answer, True),),
        gaps=(
            f"an answer does not count: {unsigned.key} is signed by nobody, and a directory does not say who wrote it.",
            f"an answer does not count: {stranger.key} is signed with a key that is none of the chain's, and a directory"
            " does not say who wrote it.",
        ),
    )
    assert len(heard(world).items) == 3


def test_in_a_directory_a_key_of_the_chain_is_heard_until_it_was_exchanged(world: World) -> None:
    before, after = world.signer, MemorySigner()
    first = say(world, arn=None, signer=before)
    world.clock.at += timedelta(hours=1)
    turn(world, before, after)
    at_the_time = say(world, arn=None, signer=before)
    world.clock.at += timedelta(seconds=1)
    old, new = say(world, arn=None, signer=before), say(world, arn=None, signer=after)
    found = heard_in_a_directory(world)
    assert {key for key, _, _ in found.items} == {first.key, at_the_time.key, new.key}
    assert found.gaps == (
        f"an answer does not count: {old.key} is signed with a key of the chain that was exchanged before.",
    )
    world.users["222222222222"].append("eve")
    world.sweep()(world.day(2))
    assert heard_in_a_directory(world) == found


def test_a_fresh_key_in_anothers_name_hands_nothing_over(world: World) -> None:
    fresh = MemorySigner()
    bare = msgspec.structs.replace(
        say(world).answer,
        who="arn:aws:sts::111122223333:assumed-role/Admin/ciso",
        public_key_pem=fresh.public_key_pem().decode(),
    )
    signature = canonical_base64(fresh.sign(bare.to_be_signed()))
    key, body = sealed_answers.sealed(msgspec.structs.replace(bare, signature=signature))
    world.locker.put(key, body, retain_until=None)
    assert key not in {one for one, _, _ in heard(world).items}
    assert heard(world).gaps == (
        f"an answer does not count: {key} is signed by a key in another's name: a key answers for itself alone.",
    )


@pytest.mark.parametrize(
    ("apart", "believed"),
    [
        (timedelta(hours=1), True),
        (timedelta(hours=1, seconds=1), False),
        (-timedelta(hours=1), True),
        (-timedelta(hours=1, seconds=1), False),
    ],
)
def test_an_answer_dated_otherwise_than_the_store_received_it_is_not_believed(
    world: World, apart: timedelta, believed: bool
) -> None:
    at = world.clock.at.replace(microsecond=0)
    said = say(world)
    key, body = sealed_answers.sealed(msgspec.structs.replace(said.answer, at=at + apart))
    world.clock.at = at
    world.locker.put(key, body, retain_until=None)
    assert (key in [one for one, _, _ in heard(world).items]) is believed
    assert [("dated more than an hour" in one) for one in heard(world).gaps] == ([] if believed else [True])


def test_an_answer_of_another_locker_is_not_believed(world: World) -> None:
    said = say(world)
    key, body = sealed_answers.sealed(msgspec.structs.replace(said.answer, locker="0" * 64))
    world.locker.put(key, body, retain_until=None)
    assert [one for one, _, _ in heard(world).items] == [said.key]
    assert heard(world).gaps == (f"an answer does not count: {key} was given in another locker.",)


def other_key(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, public_key_pem=MemorySigner().public_key_pem().decode())


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda one: msgspec.structs.replace(one, reason="all is well"), "bears a signature that does not hold"),
        (lambda one: msgspec.structs.replace(one, who="key:" + "0" * 64), "bears a signature that does not hold"),
        (lambda one: msgspec.structs.replace(one, signature="!"), "bears a signature that does not hold"),
        (lambda one: msgspec.structs.replace(one, public_key_pem="no key"), "bears a signature that does not hold"),
        (other_key, "bears a signature that does not hold"),
        (lambda one: msgspec.structs.replace(one, signature=None), "a key without a signature, or a signature without"),
        (lambda one: msgspec.structs.replace(one, public_key_pem=None), "a key without a signature, or a signature"),
        (
            lambda one: msgspec.structs.replace(one, signature=None, public_key_pem=None),
            "says that a key answers, and no key signed it",
        ),
        (lambda one: msgspec.structs.replace(one, matters=()), "answers for nothing"),
        (lambda one: msgspec.structs.replace(one, to="person-" + "a" * 20), "names a new owner where none is taken on"),
        (lambda one: msgspec.structs.replace(one, kind=AnswerKind.REASSIGNED), "or none where one is"),
    ],
)  # fmt: skip
def test_what_somebody_else_made_of_an_answer_does_not_count(
    world: World, forge: Callable[[Answer], Answer], says: str
) -> None:
    said = say(world, arn=None, signer=MemorySigner())
    key, body = sealed_answers.sealed(forge(said.answer))
    with pytest.raises(EvidenceUnreadable, match=says):
        sealed_answers.read(key, body)
    world.locker.put(key, body, retain_until=None)
    assert [one for one, _, _ in heard(world).items] == [said.key]
    (gap,) = heard(world).gaps
    assert key in gap
    assert says in gap


def test_a_key_may_not_speak_for_another(world: World) -> None:
    mine, theirs = MemorySigner(), MemorySigner()
    said = say(world, arn=None, signer=mine)
    bare = msgspec.structs.replace(
        said.answer, who=f"key:{envelope.fingerprint(theirs.public_key_pem())}", signature=None
    )
    signature = canonical_base64(mine.sign(bare.to_be_signed()))
    key, body = sealed_answers.sealed(msgspec.structs.replace(bare, signature=signature))
    with pytest.raises(EvidenceUnreadable, match="a key in another's name: a key answers for itself alone"):
        sealed_answers.read(key, body)


def canonical_base64(value: bytes) -> str:
    import base64

    return base64.b64encode(value).decode()


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * (sealed_answers.LARGEST + 1)], ids=["empty", "other", "too large"])
def test_what_is_no_answer_is_told_and_does_not_count(world: World, body: bytes) -> None:
    key = layout.answer_key(world.clock.at, "0" * 64)
    world.locker.put(key, body, retain_until=None)
    assert heard(world).items == ()
    assert key in heard(world).gaps[0]


# to whom ------------------------------------------------------------------------------------------------------------------


REDACTED = policy(owners=OWNERS + '[[owner]]\nid = "old"\nname = "Old Team"\nactive = false\n').redacted(
    Redactor(SECRET)
)


def view(people: dict[str, str]) -> AsOf:
    history = World()
    history.sweep()(history.day(1))
    run = LockerHistory(history.locker).run()
    return AsOf(run=run, standings=(), organization_cells=(), people=people, assurance=Assurance.SELF_SIGNED)


def named() -> dict[str, str]:
    redactor = Redactor(SECRET)
    return {
        redactor.pseudonym(one): one
        for one in ("jane", "Jane Doe", "jane@example.com", "payments", "Payments team", "old", "Old Team")
    }


@pytest.mark.parametrize(
    "asked", ["jane", "JANE", " Jane Doe ", "Doe, Jane", "jane@example.com", Redactor(SECRET).pseudonym("jane")]
)
def test_a_new_owner_is_known_by_any_of_its_names_while_they_can_be_told(asked: str) -> None:
    assert new_owner(REDACTED, asked, view(named()), secret=None) == REDACTED.owners.owner[0]


@pytest.mark.parametrize("asked", ["jane", "Jane Doe", "jane@example.com"])
def test_a_new_owner_is_known_by_the_key_of_pseudonyms_where_names_are_gone(asked: str) -> None:
    assert new_owner(REDACTED, asked, view({}), secret=SECRET) == REDACTED.owners.owner[0]
    with pytest.raises(ConfigError, match="no owner of the newest sealed policy is called so"):
        new_owner(REDACTED, asked, view({}), secret=None)


def test_nobody_is_told_with_who_is_close_and_who_has_left_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--to 'paymnets': no owner .* did you mean payments"):
        new_owner(REDACTED, "paymnets", view(named()), secret=None)
    with pytest.raises(ConfigError, match="`prooftrail owners` lists them"):
        new_owner(REDACTED, "zzzzzz", view(named()), secret=None)
    with pytest.raises(ConfigError, match="--to 'old': Old Team has left; name somebody who is there"):
        new_owner(REDACTED, "old", view(named()), secret=None)


def test_a_hand_over_names_the_new_owner_by_pseudonym(world: World) -> None:
    jane = new_owner(REDACTED, "jane", view(named()), secret=None)
    said = say(world, kind=AnswerKind.REASSIGNED, to=jane)
    assert said.answer.to == Redactor(SECRET).pseudonym("jane")
    assert heard(world).items == ((said.key, said.answer, False),)


@pytest.mark.parametrize("to", ["old", "nobody"])
def test_nothing_is_handed_to_who_is_no_active_owner_of_the_policy_in_force(world: World, to: str) -> None:
    jane = say(world, kind=AnswerKind.REASSIGNED, to=new_owner(REDACTED, "jane", view(named()), secret=None))
    token = Redactor(SECRET).pseudonym(to)
    key, body = sealed_answers.sealed(msgspec.structs.replace(jane.answer, to=token))
    world.locker.put(key, body, retain_until=None)
    found = answers(world.locker, DAY_1, REDACTED)
    assert found == Answers(
        items=((jane.key, jane.answer, False),),
        gaps=(
            f"an answer does not count: {key} hands over to somebody who is no active owner of the policy in force.",
        ),
    )
    assert len(answers(world.locker, DAY_1).items) == 2


def test_a_plan_hands_nothing_to_somebody_who_is_no_owner_and_says_so() -> None:
    telling = Telling()
    telling.told(1)
    run_id = telling.scanned(2)
    to = Redactor(telling.fingerprints.secret()).pseudonym("nobody")
    answer = Answer(
        kind=AnswerKind.REASSIGNED,
        who=ARN,
        at=telling.clock.at.replace(microsecond=0),
        locker=locker_id(telling.locker),
        matters=("0" * 32,),
        reason="moved",
        to=to,
    )
    key, body = sealed_answers.sealed(answer)
    telling.locker.put(key, body, retain_until=None)
    assert telling.planner()(run_id).gaps == (
        f"an answer does not count: {key} hands over to somebody who is no active owner of the policy in force.",
    )


def test_the_key_of_pseudonyms_is_told_from_another() -> None:
    assert keyed_with(REDACTED, SECRET)
    assert not keyed_with(REDACTED, b"x" * 32)
    assert not keyed_with(Governance(), SECRET)


def test_escalation_pauses_for_the_days_of_each_tier() -> None:
    meant = Meant(
        what="family",
        label="f",
        matters=(a_matter("a", Tier.LOW), a_matter("b", Tier.CRITICAL), a_matter("c", Tier.LOW)),
    )
    on = DAY_1.date()
    assert meant.pauses(on) == ((Tier.CRITICAL, on + timedelta(days=3)), (Tier.LOW, on + timedelta(days=30)))
