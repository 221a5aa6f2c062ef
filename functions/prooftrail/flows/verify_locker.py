"""Holds a locker against its chain: every manifest, every object, and with `deep` every line inside them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.evidence import envelope, layout, pulled, verify, waiting, witness, witnessed
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import NOTES, UNCONFIRMED, Fault, Problem
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.pulled import PartialCopy, PullRecord
from prooftrail.evidence.verify import UNREADABLE_SIZE, Named, Seen
from prooftrail.evidence.witnessed import Sighting
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker, ObjectVersion

from . import ahead, recount, recount_notices, sealing
from . import head as chain_head
from .rederive import Rederive, Rederived
from .unchained import Ours, require_waiting
from .verify_listing import Listing, listed

_WITHOUT_RUNS = ("chain/", "custody/", "answers/", "notices/", "witness/")  # what a look at one run needs beside it
_READERS = 8
_AHEAD = 128  # objects that are read before it is their turn: a year of them must never wait in memory


class Verdict(StrEnum):
    """What verification comes to."""

    INTACT = "intact"
    PARTIAL = "partial copy, intact as far as it goes"
    NOT_HELD = "intact; results not held against the code that sealed them"
    ORIGIN_NOT_CHECKED = "internally consistent, origin not checked"
    NOT_INTACT = "not intact"
    UNREADABLE = "unreadable"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What came from outside the locker: a key or its fingerprint, and heads somebody saw, each with who did.

    `witness_key` and `witness_fingerprint` are the watchdog's; without them its key is the one the genesis names.
    """

    public_key: bytes | None = None
    fingerprint: str | None = None
    witness_key: bytes | None = None
    witness_fingerprint: str | None = None
    heads: tuple[tuple[str, Head], ...] = ()

    @property
    def checks_origin(self) -> bool:
        """True if anything here says whose chain it must be."""
        return self.public_key is not None or self.fingerprint is not None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer: verdict, what was looked at, and every problem and note.

    `rederived` where it was judged again; `unconfirmed` is what came out otherwise there by other code than sealed it.
    `witness` is None where no watchdog was ever meant to look. `later_keys` took over by rotation: slot and fingerprint. `genesis` is the SHA-256 of slot 0.
    `partial` is there where a pull left something out, and tells what: nothing of that is among the problems.
    `record_refused` says why the record of a pull was not believed: then what is absent is MISSING whatever it says.
    """

    verdict: Verdict
    assurance: Assurance | None
    locker: str
    locker_id: str | None
    genesis: str | None = None
    head: Head | None
    key_fingerprint: str | None
    later_keys: tuple[tuple[int, str], ...] = ()
    runs: int
    objects: int
    bytes: int
    deep: bool
    rederived: Rederived | None = None
    partial: PartialCopy | None = None
    record_refused: str | None = None
    witness: Sighting | None = None
    problems: tuple[Problem, ...]
    unconfirmed: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...]


class VerifyLocker:
    """Verifies one locker, by whatever is known of it from outside; `ours` tells our own notices while none is chained.

    `pulled` is the record beside a copy: what its scope left out, and nothing else, may be absent, if it is this chain's.
    """

    def __init__(
        self, *, locker: Locker, clock: Clock, ours: Ours | None = None, pulled: PullRecord | None = None
    ) -> None:
        self._locker, self._clock, self._ours, self._pulled = locker, clock, ours, pulled

    def __call__(
        self, *, trust: Trust, deep: bool = False, run_id: str | None = None, rederive: Rederive | None = None
    ) -> Verified:
        """Check everything, or with `run_id` the chain and that run's objects; with `rederive` judge it again, too.

        Nothing is raised for what is wrong inside.
        """
        now = self._clock.now()
        chain = chain_head.read_chain(self._locker, public_key=trust.public_key)
        problems = list(chain.problems) + list(_outside(chain, trust))
        listing, named = Listing(), verify.expectations(chain)
        expected = verify.objects(
            chain,
            self._seen(named, listing, run_id),
            now=now,
            store_keeps_time=self._locker.keeps_time,
            open_runs=self._open_runs(chain),
            named=named,
        )
        refused = self._refused(chain)
        expected, partial = pulled.without_left_out(expected, None if refused else self._pulled, named)
        problems += [one for one in expected if run_id is None or _concerns(chain, run_id, one.where)]
        sighting, said = self._witnessed(chain, trust, listing, now)
        problems += said
        if run_id is None:
            problems += verify.overdue(chain, now)
        elif chain.of_run(run_id) is None:
            problems.append(
                Problem(fault=Fault.MISSING, where=run_id, detail="no manifest of this chain seals this run")
            )
        sound = listing.named.difference(one.where for one in problems if one.breaks)
        if deep:
            problems += self._deep(chain, sound, run_id, part=partial is not None)
        rederived = None
        if rederive:
            rederived, other = rederive(chain.manifests, sound, run_id=run_id)
            problems += other
        answer = self._answer(chain, trust, listing, problems, deep, partial)
        assurance = _assurance(chain, sighting, answer.problems)
        return msgspec.structs.replace(
            answer, rederived=rederived, witness=sighting, assurance=assurance, record_refused=refused
        )

    def _refused(self, chain: Chain) -> str | None:
        """Why the record of the pull is none of this chain's, if it is not."""
        if self._pulled is None:
            return None
        heads = {(one.seq, one.sha256) for one in chain.links}
        return self._pulled.misfit(chain.genesis, lambda one: (one.seq, one.sha256) in heads)

    def _listed(self, run_id: str | None) -> Iterator[ObjectVersion]:
        prefixes = ("",) if run_id is None else (*layout.run_prefixes(run_id), *_WITHOUT_RUNS)
        return (one for prefix in prefixes for one in self._locker.versions(prefix))

    def _witnessed(
        self, chain: Chain, trust: Trust, listing: Listing, now: datetime
    ) -> tuple[Sighting | None, list[Problem]]:
        key, wrong = _witness_key(chain, trust)
        store = witnessed.Store(keeps_time=self._locker.keeps_time, slots=listing.slots)
        files = list(ahead.each(self._word, listing.words, workers=_READERS, ahead=_AHEAD))
        sighting, problems = witnessed.look(chain, files, key=key, store=store, now=now)
        return sighting, wrong + problems

    def _word(self, one: ObjectVersion) -> witnessed.File:
        body = None
        if not one.delete_marker and one.size <= witness.LARGEST:
            try:
                body = self._locker.get(one.key, version_id=one.version_id)
            except EvidenceError:
                body = None
        return witnessed.File(key=one.key, stored_at=one.stored_at, body=body, delete_marker=one.delete_marker)

    def _seen(self, named: Mapping[str, Named], listing: Listing, run_id: str | None) -> Iterator[Seen]:
        """Everything but the watchdog's words, which no manifest names; theirs is a look of their own."""

        def seen(one: ObjectVersion) -> Seen:
            # What no manifest names, or has another size, needs no reading to be wrong; it may be of any size.
            known = named.get(one.key)
            if one.delete_marker:
                return listed(one, None)
            if known is None:
                return self._waiting(one) if waiting.may_be(one.key, one.size) else listed(one, None)
            return self._hashed(one) if known.may_be(one.size) else listed(one, None)

        for one in ahead.each(seen, listing.noting(self._listed(run_id)), workers=_READERS, ahead=_AHEAD):
            known = named.get(one.key)
            if known is None:
                yield one
                continue
            key = known.one.key  # the manifest's own string: with the listing's, a year's names would be kept twice
            listing.named.add(key)
            yield msgspec.structs.replace(one, key=key)

    def _hashed(self, one: ObjectVersion) -> Seen:
        try:
            return listed(one, canonical.sha256(self._locker.get(one.key, version_id=one.version_id)))
        except EvidenceError:  # gone since it was listed, or nothing a locker would have written
            return msgspec.structs.replace(listed(one, None), size=UNREADABLE_SIZE)

    def _waiting(self, one: ObjectVersion) -> Seen:
        try:
            require_waiting(self._locker, one, self._ours)
        except EvidenceError:  # it will be named by nobody
            return listed(one, None)
        return msgspec.structs.replace(listed(one, None), waits=True)

    def _open_runs(self, chain: Chain) -> dict[str, datetime]:
        """Runs with a plan that names a manifest of this chain, and no manifest of their own."""
        heads = {(link.seq, link.sha256) for link in chain.links}
        found = {}
        for one in self._locker.versions("plan/"):
            run_id = layout.Place(one.key).run_id
            if one.delete_marker or run_id is None or chain.of_run(run_id):
                continue
            try:
                plan = sealing.read_plan(one.key, self._locker.get(one.key, version_id=one.version_id))
            except EvidenceError:
                continue
            if (plan.header.head_seq, plan.header.head_sha256) in heads and plan.header.run.id == run_id:
                found[run_id] = one.stored_at  # the store's time: what the plan says of itself proves nothing yet
        return found

    def _deep(self, chain: Chain, sound: set[str], run_id: str | None, *, part: bool) -> list[Problem]:
        problems: list[Problem] = []
        for one in chain.manifests:
            if run_id is None or one.run.id == run_id:
                problems += recount.manifest(one, sound, self._locker, part=part)
        problems += recount_notices.notices(chain.manifests, sound, self._locker, run_id=run_id)
        return problems

    def _answer(
        self,
        chain: Chain,
        trust: Trust,
        listing: Listing,
        problems: list[Problem],
        deep: bool,
        partial: PartialCopy | None,
    ) -> Verified:
        breaking = tuple(sorted({one for one in problems if one.breaks}))
        unconfirmed = tuple(sorted({one for one in problems if one.fault in UNCONFIRMED}))
        genesis = chain.genesis
        return Verified(
            verdict=_verdict(chain, trust, breaking, unconfirmed, partial),
            assurance=None,
            locker=self._locker.describe(),
            locker_id=genesis.locker_id() if genesis else None,
            genesis=chain.links[0].sha256 if genesis else None,
            head=chain.head,
            key_fingerprint=genesis.key_fingerprint if genesis else None,
            later_keys=tuple((one.since, one.fingerprint) for one in chain.keys[1:]),
            runs=len(chain.manifests),
            objects=listing.objects,
            bytes=listing.bytes,
            deep=deep,
            partial=partial,
            problems=breaking,
            unconfirmed=unconfirmed,
            notes=tuple(sorted({one for one in problems if one.fault in NOTES})),
        )


def _verdict(
    chain: Chain,
    trust: Trust,
    breaking: tuple[Problem, ...],
    unconfirmed: tuple[Problem, ...],
    partial: PartialCopy | None,
) -> Verdict:
    if not chain.links and not breaking:
        return Verdict.UNREADABLE
    if breaking:
        return Verdict.NOT_INTACT
    if not trust.checks_origin:
        return Verdict.ORIGIN_NOT_CHECKED
    if unconfirmed:
        return Verdict.NOT_HELD
    return Verdict.PARTIAL if partial else Verdict.INTACT


def _outside(chain: Chain, trust: Trust) -> Iterator[Problem]:
    """What the chain must agree with because somebody outside says so."""
    for told_by, head in trust.heads:
        yield from verify.expected_head(chain, head, told_by)
    genesis = chain.genesis
    if genesis is None:
        return
    ours = {genesis.key_fingerprint, *(one.fingerprint for one in chain.keys)}
    if trust.fingerprint and trust.fingerprint not in ours:
        detail = f"the key's fingerprint is {genesis.key_fingerprint}, not {trust.fingerprint}"
        yield Problem(fault=Fault.KEY, where=layout.chain_key(0), detail=detail)
    if genesis.key_fingerprint != _fingerprint(genesis.public_key_pem.encode()):
        yield Problem(
            fault=Fault.KEY, where=layout.chain_key(0), detail="the genesis holds another key than the one it names"
        )


def _concerns(chain: Chain, run_id: str, where: str) -> bool:
    """Whether something wrong there belongs to a look at one run: its objects, and the chain."""
    link, place = chain.of_run(run_id), layout.Place(where)
    if place.kind in waiting.KINDS and place.run_id != run_id:
        return link is not None and any(one.key == where for one in link.content.objects)  # type: ignore[union-attr]
    return run_id in where or place.kind is EvidenceKind.CHAIN


def _assurance(chain: Chain, sighting: Sighting | None, breaking: tuple[Problem, ...]) -> Assurance | None:
    """How much the chain is worth; what does not hold is never called witnessed."""
    if chain.genesis is None:
        return None
    if sighting and sighting.witnessed and not breaking:
        return Assurance.WITNESSED
    return Assurance.SELF_SIGNED if chain.genesis.key_origin == "file" else Assurance.SINGLE_ACCOUNT


def _witness_key(chain: Chain, trust: Trust) -> tuple[witnessed.Key, list[Problem]]:
    """The watchdog's key: one from outside, else the genesis's; and what the two do not agree on."""
    held = chain.genesis.witness_public_key_pem if chain.genesis else None
    named = held.encode() if held else None
    ours = _fingerprint(named) if named else None
    pem = trust.witness_key or (named if ours else None)
    fingerprint = _fingerprint(pem) if pem else None
    wrong = []
    if named and ours is None:
        wrong.append("the genesis names a watchdog's key that is none")
    if trust.witness_key and ours and ours != fingerprint:
        wrong.append(f"the genesis names the watchdog's key {ours[:16]}…, not the one that was given")
    if trust.witness_fingerprint and trust.witness_fingerprint != fingerprint:
        what = f"the watchdog's key is {fingerprint}" if fingerprint else "the genesis names no watchdog's key"
        wrong.append(f"{what}, not {trust.witness_fingerprint}")
    told = trust.witness_key is not None or trust.witness_fingerprint is not None
    problems = [Problem(fault=Fault.KEY, where=layout.chain_key(0), detail=one) for one in wrong]
    return witnessed.Key(pem=pem, fingerprint=fingerprint, told=told), problems


def _fingerprint(pem: bytes) -> str | None:
    try:
        return envelope.fingerprint(pem)
    except ValueError:
        return None
