"""Who begins a chain, with what it begins, and when nobody may."""

import msgspec
import pytest

from prooftrail.errors import AccessError, ChainBroken, ConfigError
from prooftrail.evidence import layout
from prooftrail.evidence.manifest import Code
from prooftrail.flows.head import ChainEnd
from prooftrail.flows.open_chain import Founder, OpenChain
from prooftrail.flows.sealing import Sealing
from prooftrail.model.organization import OrganizationFacts
from prooftrail.model.run import Run
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.world import DAILY, HOME, Killed, World

FOUNDER = Founder(account=HOME, partition="aws", organization_id="o-example")
WATCHDOG = MemorySigner()


def opened(world: World, *, founder: Founder = FOUNDER, organization_id: str | None = None) -> ChainEnd:
    sealing = Sealing(world.locker, clock=world.clock, retention=Retention(), secret=world.fingerprints.secret())
    flow = OpenChain(
        locker=world.locker,
        sealing=sealing,
        signer=world.signer,
        pin=world.pin,
        schedule=DAILY,
        clock=world.clock,
        evidence_account="999999999999",
        witness=WATCHDOG,
        organization_id=organization_id,
    )
    return flow(lambda: founder)


def test_the_genesis_says_whose_it_is_who_keeps_it_and_who_watches_it() -> None:
    world = World()
    genesis = opened(world).genesis
    assert (genesis.account, genesis.partition, genesis.organization_id) == (HOME, "aws", "o-example")
    assert genesis.evidence_account == "999999999999"
    assert genesis.witness_public_key_pem == WATCHDOG.public_key_pem().decode()
    assert genesis.public_key_pem == world.signer.public_key_pem().decode()
    assert (genesis.schedule, genesis.created_at) == (DAILY, world.clock.at)
    assert world.pin.head is not None
    assert world.pin.head.seq == 0


def test_a_chain_is_opened_once_and_its_founder_asked_once() -> None:
    world = World()
    first = opened(world)

    def unasked() -> Founder:
        raise AssertionError

    again = OpenChain(
        locker=world.locker,
        sealing=Sealing(world.locker, clock=world.clock, retention=Retention(), secret=b"k" * 32),
        signer=world.signer,
        pin=world.pin,
        schedule=None,
        clock=world.clock,
    )
    assert again(unasked).head == first.head


def test_a_locker_that_holds_something_and_no_chain_is_refused() -> None:
    world = World()
    world.locker.put("notes/readme.txt", b"mine", retain_until=None)
    with pytest.raises(ChainBroken, match=r"holds notes/readme.txt and no chain: a new locker must be empty"):
        opened(world)


def test_a_locker_whose_chain_was_removed_gets_no_new_one() -> None:
    world = World()
    opened(world)
    world.locker = World().locker
    with pytest.raises(ChainBroken, match="holds no chain, and slot 0 was there before"):
        opened(world)
    assert list(world.names()) == []


def test_an_organization_other_than_the_named_one_gets_no_chain() -> None:
    world = World()
    with pytest.raises(ConfigError, match="is for o-example, and this deployment names the organization o-other"):
        opened(world, organization_id="o-other")
    assert list(world.names()) == []


def test_the_chain_of_another_organization_is_refused() -> None:
    world = World()
    opened(world)
    with pytest.raises(ConfigError, match="is for o-example, and this deployment names the organization o-other"):
        opened(world, organization_id="o-other")


def test_the_chain_of_a_single_account_is_refused_to_an_organization() -> None:
    world = World()
    opened(world, founder=msgspec.structs.replace(FOUNDER, organization_id=None))
    with pytest.raises(ConfigError, match="is for a single account"):
        opened(world, organization_id="o-example")


def test_where_aws_does_not_say_whose_it_is_nothing_is_written() -> None:
    world = World()

    def refused() -> Founder:
        raise AccessError(
            "AWS refused organizations:DescribeOrganization (AccessDenied): allow it to this step's role."
        )

    flow = OpenChain(
        locker=world.locker,
        sealing=Sealing(world.locker, clock=world.clock, retention=Retention(), secret=b"k" * 32),
        signer=world.signer,
        pin=world.pin,
        schedule=DAILY,
        clock=world.clock,
    )
    with pytest.raises(AccessError, match="DescribeOrganization"):
        flow(refused)
    assert list(world.names()) == []


def test_a_run_of_another_organization_than_the_named_one_is_refused_before_anything_of_it_is_sealed() -> None:
    from tests.handlers.doors import Steps

    steps = Steps(World())
    run = steps.world.day(1)
    steps.wiring().open_chain(lambda: FOUNDER)
    for found, sentence in (
        (OrganizationFacts(id="o-other"), "is in o-other"),
        (OrganizationFacts(), "is in no organization"),
    ):
        read = steps.world._organization

        def elsewhere(read=read, found=found, **known: object) -> object:  # type: ignore[no-untyped-def]
            return msgspec.structs.replace(read(**known), facts=found)

        steps.world._organization = elsewhere  # type: ignore[method-assign,assignment]
        with pytest.raises(ConfigError, match=f"{sentence}, and this deployment is for o-example"):
            steps.wiring().start_run(run)
        steps.world._organization = read  # type: ignore[method-assign]
    assert [layout.Place(one).kind for one in steps.world.names()] == ["chain"]


def cut_after_plan(world: World, run: Run) -> None:
    """Begin a run, and die before its first account."""
    world.reads = 0

    def dying(*_: object, **__: object) -> object:
        raise Killed

    read, world._account = world._account, dying  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        world.sweep()(run)
    world._account = read  # type: ignore[method-assign]


NEXT = Code(version="next", sha256="1" * 64)


def test_a_scheduled_run_that_other_code_began_is_left_for_the_next_tick() -> None:
    world = World()
    run = world.day(1)
    cut_after_plan(world, run)
    world.code = NEXT
    sentence = rf"run {run.id} was begun by Prooftrail test \(code 0{{16}}\), and this is next \(code 1{{16}}\)"
    with pytest.raises(ConfigError, match=sentence):
        world.sweep()(run)
    assert not world.sweep()(world.day(2)).already


def test_a_manual_run_that_other_code_began_is_begun_anew_and_one_of_the_same_code_is_finished() -> None:
    for code, resumed in ((NEXT, False), (World().code, True)):
        world = World()
        cut_after_plan(world, Run.manual(world.clock.at, None))
        world.code = code
        later = Run.manual(world.clock.at.replace(minute=5), None)
        swept = world.sweep()(later)
        assert (swept.resumed, swept.manifest.run.id == later.id) == (resumed, not resumed)
        assert world.verify().problems == ()


def test_a_run_that_other_code_sealed_is_simply_there() -> None:
    world = World()
    run = world.day(1)
    sealed = world.sweep()(run)
    world.code = NEXT
    again = world.sweep()(run)
    assert (again.already, again.head) == (True, sealed.head)
