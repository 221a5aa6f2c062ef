"""Holds a locker against its chain: every manifest, every object, and with `deep` every line inside them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.evidence import envelope, layout, verify
from prooftrail.evidence.chain import Chain
from prooftrail.evidence.findings import NOTES, UNCONFIRMED, Fault, Problem
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.verify import UNREADABLE_SIZE, Seen
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker, ObjectVersion

from . import head as chain_head
from . import recount, sealing
from .rederive import Rederive, Rederived

_READERS = 8


class Verdict(StrEnum):
    """What verification comes to."""

    INTACT = "intact"
    NOT_HELD = "intact; results not held against the code that sealed them"
    ORIGIN_NOT_CHECKED = "internally consistent, origin not checked"
    NOT_INTACT = "not intact"
    UNREADABLE = "unreadable"


class Assurance(StrEnum):
    """How much a sound chain is worth, by who could have forged it."""

    SELF_SIGNED = "self-signed"
    SINGLE_ACCOUNT = "single account"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What came from outside the locker: a key or its fingerprint, and heads somebody saw, each with who did."""

    public_key: bytes | None = None
    fingerprint: str | None = None
    heads: tuple[tuple[str, Head], ...] = ()

    @property
    def checks_origin(self) -> bool:
        """True if anything here says whose chain it must be."""
        return self.public_key is not None or self.fingerprint is not None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer: verdict, what was looked at, and every problem and note.

    `rederived` where it was judged again; `unconfirmed` is what came out otherwise there by other code than sealed it.
    """

    verdict: Verdict
    assurance: Assurance | None
    locker: str
    locker_id: str | None
    head: Head | None
    key_fingerprint: str | None
    runs: int
    objects: int
    bytes: int
    deep: bool
    rederived: Rederived | None = None
    problems: tuple[Problem, ...]
    unconfirmed: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...]


class VerifyLocker:
    """Verifies one locker, by whatever is known of it from outside."""

    def __init__(self, *, locker: Locker, clock: Clock) -> None:
        self._locker, self._clock = locker, clock

    def __call__(
        self, *, trust: Trust, deep: bool = False, run_id: str | None = None, rederive: Rederive | None = None
    ) -> Verified:
        """Check everything, or with `run_id` the chain and that run's objects; with `rederive` judge it again, too.

        Nothing is raised for what is wrong inside.
        """
        now = self._clock.now()
        chain = chain_head.read_chain(self._locker, public_key=trust.public_key)
        problems = list(chain.problems) + list(_outside(chain, trust))
        seen = list(self._seen(chain, run_id))
        expected = verify.objects(
            chain, seen, now=now, store_keeps_time=self._locker.keeps_time, open_runs=self._open_runs(chain)
        )
        problems += [
            one
            for one in expected
            if run_id is None or run_id in one.where or layout.Place(one.where).kind is EvidenceKind.CHAIN
        ]
        if run_id is None:
            problems += verify.overdue(chain, now)
        elif chain.of_run(run_id) is None:
            problems.append(
                Problem(fault=Fault.MISSING, where=run_id, detail="no manifest of this chain seals this run")
            )
        sound = {one.key for one in seen} - {one.where for one in problems if one.breaks}
        if deep:
            problems += self._deep(chain, sound, run_id)
        rederived = None
        if rederive:
            rederived, other = rederive(chain.manifests, sound, run_id=run_id)
            problems += other
        answer = self._answer(chain, trust, seen, problems, deep)
        return msgspec.structs.replace(answer, rederived=rederived)

    def _seen(self, chain: Chain, run_id: str | None) -> Iterator[Seen]:
        prefixes = ("",) if run_id is None else (*layout.run_prefixes(run_id), "chain/")
        listed = [one for prefix in prefixes for one in self._locker.versions(prefix)]
        sizes = {key: {one.size for one in named} for key, named in verify.expectations(chain).items()}

        def seen(one: ObjectVersion) -> Seen:
            # What no manifest names, or has another size, needs no reading to be wrong; it may be of any size.
            return self._hashed(one) if one.size in sizes.get(one.key, ()) else _listed(one, None)

        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            yield from pool.map(seen, listed)

    def _hashed(self, one: ObjectVersion) -> Seen:
        try:
            return _listed(one, canonical.sha256(self._locker.get(one.key, version_id=one.version_id)))
        except EvidenceError:  # gone since it was listed, or nothing a locker would have written
            return msgspec.structs.replace(_listed(one, None), size=UNREADABLE_SIZE)

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

    def _deep(self, chain: Chain, sound: set[str], run_id: str | None) -> list[Problem]:
        problems: list[Problem] = []
        for one in chain.manifests:
            if run_id is None or one.run.id == run_id:
                problems += recount.manifest(one, sound, self._locker)
        return problems

    def _answer(self, chain: Chain, trust: Trust, seen: list[Seen], problems: list[Problem], deep: bool) -> Verified:
        breaking = tuple(sorted({one for one in problems if one.breaks}))
        unconfirmed = tuple(sorted({one for one in problems if one.fault in UNCONFIRMED}))
        genesis = chain.genesis
        return Verified(
            verdict=_verdict(chain, trust, breaking, unconfirmed),
            assurance=None
            if genesis is None
            else Assurance.SELF_SIGNED
            if genesis.key_origin == "file"
            else Assurance.SINGLE_ACCOUNT,
            locker=self._locker.describe(),
            locker_id=genesis.locker_id() if genesis else None,
            head=chain.head,
            key_fingerprint=genesis.key_fingerprint if genesis else None,
            runs=len(chain.manifests),
            objects=len(seen),
            bytes=sum(one.size for one in seen if one.size > 0),
            deep=deep,
            problems=breaking,
            unconfirmed=unconfirmed,
            notes=tuple(sorted({one for one in problems if one.fault in NOTES})),
        )


def _listed(one: ObjectVersion, sha256: str | None) -> Seen:
    return Seen(
        key=one.key,
        version_id=one.version_id,
        stored_at=one.stored_at,
        sha256=None if one.delete_marker else sha256,
        size=one.size,
        latest=one.latest,
        delete_marker=one.delete_marker,
    )


def _verdict(chain: Chain, trust: Trust, breaking: tuple[Problem, ...], unconfirmed: tuple[Problem, ...]) -> Verdict:
    if not chain.links and not breaking:
        return Verdict.UNREADABLE
    if breaking:
        return Verdict.NOT_INTACT
    if not trust.checks_origin:
        return Verdict.ORIGIN_NOT_CHECKED
    return Verdict.NOT_HELD if unconfirmed else Verdict.INTACT


def _outside(chain: Chain, trust: Trust) -> Iterator[Problem]:
    """What the chain must agree with because somebody outside says so."""
    for told_by, head in trust.heads:
        yield from verify.expected_head(chain, head, told_by)
    genesis = chain.genesis
    if genesis is None:
        return
    if trust.fingerprint and trust.fingerprint != genesis.key_fingerprint:
        detail = f"the key's fingerprint is {genesis.key_fingerprint}, not {trust.fingerprint}"
        yield Problem(fault=Fault.KEY, where=layout.chain_key(0), detail=detail)
    if genesis.key_fingerprint != _fingerprint(genesis.public_key_pem.encode()):
        yield Problem(
            fault=Fault.KEY, where=layout.chain_key(0), detail="the genesis holds another key than the one it names"
        )


def _fingerprint(pem: bytes) -> str | None:
    try:
        return envelope.fingerprint(pem)
    except ValueError:
        return None
