"""What the watchdog and verification hold in memory: little of large chains, and nothing of what is too large to be one."""

from collections.abc import Callable, Iterator

import pytest

from prooftrail.evidence import chain, layout, manifest, verify, witness
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Head
from prooftrail.flows import verify_locker
from prooftrail.model import canonical
from prooftrail.ports import ObjectVersion
from tests.evidence.chains import KEY, a_genesis, a_manifest, an_object, sealed
from tests.flows.test_weekly_text import a_mail
from tests.flows.watched import Kennel


class Body(bytes):
    """Bytes that are counted for as long as somebody holds them."""

    alive = 0
    most = 0

    def __new__(cls, body: bytes) -> "Body":
        Body.alive += 1
        Body.most = max(Body.most, Body.alive)
        return super().__new__(cls, body)

    def __del__(self) -> None:
        Body.alive -= 1


def reading(kennel: Kennel, seen: Callable[[str, bytes], bytes]) -> None:
    real = kennel.locker.get

    def get(key: str, *, version_id: str | None = None) -> bytes:
        return seen(key, real(key, version_id=version_id))

    kennel.locker.get = get  # type: ignore[method-assign]


def test_however_many_words_there_are_one_manifest_is_in_memory_at_a_time() -> None:
    kennel = Kennel().days(9)
    for day in (10, 11, 12):
        kennel.run(day)
    Body.alive = Body.most = 0
    reading(kennel, lambda key, body: Body(body) if key.startswith("chain/") else body)
    seen = kennel.watch()
    assert (seen.broken, Body.most, Body.alive) == ((), 1, 0)


def test_a_chain_read_without_its_lists_is_checked_all_the_same() -> None:
    genesis = sealed(a_genesis())
    first = Head(seq=0, sha256=canonical.sha256(genesis))
    for root, faults in ((manifest.objects_root((an_object(),)), []), ("0" * 64, [Fault.LINK])):
        body = sealed(a_manifest(previous=first, objects=(an_object(),), merkle_root=root))
        read = chain.read([(0, genesis), (1, body)], public_key=KEY.pem, keeps_lists=False)
        assert [one.fault for one in read.problems] == faults
        assert [(one.objects, one.coverage, one.seq) for one in read.manifests] == [((), (), 1)]
        assert read.head == Head(seq=1, sha256=canonical.sha256(body))


@pytest.mark.parametrize(("over", "broken"), [(0, set()), (1, {("UNREADABLE", layout.chain_key(2))})])
def test_a_manifest_larger_than_any_is_unreadable_and_left_unread(
    over: int, broken: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kennel = Kennel()
    kennel.run(1)
    kennel.users["222222222222"] += [f"user-{number}" for number in range(9)]
    kennel.users["333333333333"] = ["zoe"]  # the second manifest is the largest
    kennel.run(2)
    size = len(kennel.locker.get(layout.chain_key(2)))
    assert size > len(kennel.locker.get(layout.chain_key(1)))
    for module in ("prooftrail.flows.watch_look", "prooftrail.flows.head", "prooftrail.evidence.verify"):
        monkeypatch.setattr(f"{module}.LARGEST", size - over)
    read: list[str] = []

    def noting(key: str, body: bytes) -> bytes:
        read.append(key)
        return body

    reading(kennel, noting)
    seen = kennel.watch()
    assert {(str(one.fault), one.where) for one in seen.broken} == broken
    assert (layout.chain_key(2) in read) is not bool(over)
    read.clear()
    assert ("last runs: not looked for" in a_mail(kennel).text) is bool(over)
    assert (layout.chain_key(2) in read) is not bool(over)
    read.clear()
    assert {one for one in kennel.faults() if one[1] == layout.chain_key(2)} == broken
    assert (layout.chain_key(2) in read) is not bool(over)


@pytest.mark.parametrize(("over", "broken"), [(0, False), (1, True)])
def test_a_word_larger_than_any_is_unreadable_and_left_unread(
    over: int, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kennel = Kennel().days(1)
    name = "witness/00000001.json"
    monkeypatch.setattr("prooftrail.evidence.witness.LARGEST", len(kennel.locker.get(name)) - over)
    read: list[str] = []

    def noting(key: str, body: bytes) -> bytes:
        read.append(key)
        return body

    reading(kennel, noting)
    assert [(str(one.fault), one.where) for one in kennel.watch().broken] == [("UNREADABLE", name)] * broken
    assert (name in read) is not broken


def test_a_long_word_of_the_watchdog_is_far_below_the_largest() -> None:
    kennel = Kennel().days(1)
    assert len(kennel.locker.get("witness/00000001.json")) * witness.MOST_TROUBLES < witness.LARGEST


def test_verification_lists_only_a_little_ahead_of_what_it_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_locker, "_AHEAD", 4)
    kennel = Kennel().days(3, watched=False)
    listed, done, apart = 0, 0, 0
    real, noted = kennel.locker.versions, verify.objects

    def versions(prefix: str) -> Iterator[ObjectVersion]:
        nonlocal listed
        for one in real(prefix):
            listed += prefix == ""
            yield one

    def objects(where: object, seen: Iterator[object], **known: object) -> object:
        def counted() -> Iterator[object]:
            nonlocal done, apart
            for one in seen:
                done += 1
                apart = max(apart, listed - done)
                yield one

        return noted(where, counted(), **known)  # type: ignore[arg-type]

    kennel.locker.versions = versions  # type: ignore[method-assign]
    monkeypatch.setattr(verify, "objects", objects)
    assert kennel.verified().problems == ()
    assert done > 20
    assert apart == 3
