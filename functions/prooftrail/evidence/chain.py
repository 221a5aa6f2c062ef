"""The chain of manifests: which one is the head, and whether each names the one before, in order, under one key."""

from collections.abc import Generator, Iterable, Iterator, Sequence

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

from . import envelope, layout, manifest, times
from .findings import Fault, Problem
from .keys_in_force import KeyInForce, KeysInForce
from .manifest import ChainContent, Genesis, Head, Manifest


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One chain object as read: its slot, the hash of its stored bytes, and what it states."""

    seq: int
    sha256: str
    content: ChainContent


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A chain as far as it could be read, and everything that is wrong with it.

    `keys` are those that sign it, oldest first; a rotation that does not hold brings in none.
    """

    genesis: Genesis | None
    links: tuple[Link, ...]
    problems: tuple[Problem, ...]
    keys: tuple[KeyInForce, ...] = ()

    @property
    def head(self) -> Head | None:
        """The newest readable manifest."""
        return Head(seq=self.links[-1].seq, sha256=self.links[-1].sha256) if self.links else None

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests in order, the genesis left out."""
        return tuple(link.content for link in self.links if isinstance(link.content, Manifest))

    def of_run(self, run_id: str) -> Link | None:
        """The link that sealed this run, if it is in the chain."""
        return next(
            (one for one in self.links if isinstance(one.content, Manifest) and one.content.run.id == run_id), None
        )


def read(files: Iterable[tuple[int, bytes]], *, public_key: bytes | None = None, keeps_lists: bool = True) -> Chain:
    """Read and check the chain's files, each with its slot: a generator in the chain's order, others in any.

    Signatures are checked with the genesis's key and, from a rotation on, the key that it brings in. Where `public_key`
    (PEM) comes from outside it must be one of these: else its own signatures are looked for, and nothing else will do.
    Without it no origin is proved. Every fault is a Problem; nothing is raised. Without `keeps_lists` a manifest's
    objects, superseded and coverage are checked like all else and not kept: many large manifests then take little memory.
    """
    problems: list[Problem] = []
    links: list[Link] = []
    keys = KeysInForce(public_key)
    for seq, data in files if isinstance(files, Generator) else sorted(files):
        try:
            links.append(_checked(_link(seq, data, keys), problems, keeps_lists=keeps_lists))
        except EvidenceUnreadable as error:
            problems.append(Problem(fault=Fault.UNREADABLE, where=layout.chain_key(seq), detail=str(error)))
        del data  # a manifest of a large organization is a hundred megabytes, and the next is about to be read
    genesis = links[0].content if links and links[0].seq == 0 and isinstance(links[0].content, Genesis) else None
    in_force, unsigned = keys.finish()
    problems += unsigned
    problems += _slots([seq for seq, _ in sorted(_slots_of(links, problems))])
    problems += _links(links, genesis)
    doubtful = {one.where for one in unsigned}
    problems += _keys_named([one for one in links if layout.chain_key(one.seq) not in doubtful], in_force)
    problems += times.told((link.seq, link.content) for link in links)
    return Chain(genesis=genesis, links=tuple(links), problems=tuple(sorted(set(problems))), keys=in_force)


def _link(seq: int, data: bytes, keys: KeysInForce) -> Link:
    key = layout.chain_key(seq)
    sealed = envelope.opened(key, data)
    link = Link(seq=seq, sha256=canonical.sha256(data), content=manifest.stated(key, sealed))
    keys.saw(seq, link.content, sealed)
    return link


def _checked(link: Link, problems: list[Problem], *, keeps_lists: bool) -> Link:
    """The link, its lists held against its Merkle root and, where they are not kept, left out."""
    one = link.content
    if not isinstance(one, Manifest):
        return link
    if manifest.objects_root(one.objects) != one.merkle_root:
        problems.append(_problem(Fault.LINK, link.seq, "its Merkle root is not that of the objects it lists"))
    return link if keeps_lists else msgspec.structs.replace(link, content=without_lists(one))


def without_lists(one: Manifest) -> Manifest:
    """A manifest by what it says of its run, in little memory: for who asks for nothing that it lists."""
    return msgspec.structs.replace(one, objects=(), superseded=(), coverage=())


def _slots_of(links: Sequence[Link], problems: Sequence[Problem]) -> Iterator[tuple[int, str]]:
    yield from ((link.seq, "") for link in links)
    for problem in problems:
        if problem.fault is Fault.UNREADABLE:
            yield layout.Place(problem.where).seq or 0, ""


def _slots(seqs: Sequence[int]) -> Iterator[Problem]:
    """Each hole once, however wide: somebody may have put a file into a slot far away."""
    expected = 0
    for seq in seqs:
        if seq > expected:
            what = "the genesis is gone" if expected == 0 else "the manifest of this slot is gone"
            wide = f" with all up to slot {seq - 1}" if seq - 1 > expected else ""
            yield _problem(Fault.SLOT, expected, f"{what}{wide}, and slot {seq} stands after it")
        expected = seq + 1


def _links(links: Sequence[Link], genesis: Genesis | None) -> Iterator[Problem]:
    locker_id = genesis.locker_id() if genesis else None
    before = {link.seq: link for link in links}
    runs: dict[str, int] = {}
    for link in links:
        one = link.content
        if isinstance(one, Genesis):
            if link.seq != 0:
                yield _problem(Fault.REPLAYED, link.seq, "a second genesis stands here")
            continue
        if one.seq != link.seq:
            yield _problem(Fault.REPLAYED, link.seq, f"this slot holds the manifest of slot {one.seq}")
        if locker_id and one.locker_id != locker_id:
            yield _problem(Fault.REPLAYED, link.seq, "this manifest belongs to another locker")
        previous = before.get(link.seq - 1)
        if previous and one.previous != Head(seq=previous.seq, sha256=previous.sha256):
            yield _problem(
                Fault.LINK,
                link.seq,
                f"it names {_short(one.previous)} before it, where {previous.seq}:{previous.sha256[:16]}… stands",
            )
        if not isinstance(one, Manifest):
            continue
        if one.run.id in runs:
            yield _problem(Fault.REPLAYED, link.seq, f"run {one.run.id} is sealed already in slot {runs[one.run.id]}")
        runs.setdefault(one.run.id, link.seq)


def _keys_named(links: Sequence[Link], keys: Sequence[KeyInForce]) -> Iterator[Problem]:
    """Every slot names the rotation that brought in the key in force there: the next run finds the key by it."""
    for link in links if keys and keys[0].since == 0 else ():  # without a genesis nobody can tell
        if not isinstance(link.content, Genesis):
            since = max(one.since for one in keys if one.since < link.seq) or None
            if link.content.key_since != since:
                named, there = _brought(link.content.key_since), _brought(since)
                yield _problem(Fault.LINK, link.seq, f"it names {named} for its key, which is {there}")


def _brought(since: int | None) -> str:
    return f"the one that slot {since} brought in" if since else "the genesis's own"


def _problem(fault: Fault, seq: int, detail: str) -> Problem:
    return Problem(fault=fault, where=layout.chain_key(seq), detail=detail)


def _short(head: Head) -> str:
    return f"{head.seq}:{head.sha256[:16]}…"
