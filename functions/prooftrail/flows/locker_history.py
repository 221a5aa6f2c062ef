"""What a locker tells: its runs, and every account as it stood at any of them; no AWS, no key, nothing unproved believed."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence.assurance import Assurance, declared
from prooftrail.evidence.chain import Link
from prooftrail.evidence.findings import Problem
from prooftrail.evidence.manifest import AccountCoverage, Manifest
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.inventory.changes import disabled, read_whole
from prooftrail.model import canonical
from prooftrail.model.identity import HOME, Identity
from prooftrail.model.reading import Cell, Collector
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.model.snapshot import RunTrigger, Snapshot
from prooftrail.ports import Locker

from . import head as chain_head
from . import sealing
from .moments import end_of

_RUN_ID = re.compile(r"\d{8}T\d{6}Z")
_LOOKED_BACK = 10  # older snapshots that may show what the newest could not read
_LISTING = frozenset(HOME.values())  # other collectors list no identity: nothing of theirs can stand further back
UNPLANNED = "unplanned"
"""How a run came out for an account it did not plan for: the account had left, or was not there yet."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run in the chain, as its manifest states it; the five numbers after `status` count accounts."""

    seq: int
    run_id: str
    taken_at: datetime
    closed_at: datetime
    trigger: RunTrigger
    status: str
    planned: int
    sealed: int
    gaps: int
    unreachable: int
    skipped: int
    identities: int
    missed_ticks: tuple[datetime, ...]
    manifest_sha256: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed snapshot with its content, or with what is `wrong`: gone, or not what its manifest sealed."""

    run: RunSummary
    sealed: SealedObject
    snapshot: Snapshot | None = None
    wrong: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An identity, and the run whose snapshot shows it."""

    identity: Identity
    seen_in: RunSummary


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One account as it stood at a run.

    `status` is how that run came out for it (`sealed`, `gaps`, `unreachable`, `skipped`, or `unplanned`), `reason` why.
    `snapshot` is the newest one at or before the run, of run `read_in`, without its policy documents; None where the
    account was never read.
    `listed` is everything in it, and what older snapshots show in places that this one could not read: nobody saw that
    leave. `disbelieved` names newer snapshots that are not what their manifest sealed, each with what is wrong.
    """

    account: str
    name: str | None
    status: str
    reason: str | None
    stale: bool
    read_in: RunSummary | None = None
    sealed: SealedObject | None = None
    snapshot: Snapshot | None = None
    listed: tuple[Listed, ...] = ()
    disbelieved: tuple[str, ...] = ()


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Every account as of one run, what was refused then, who pseudonyms still are, and what the genesis says it is worth."""

    run: RunSummary
    standings: tuple[Standing, ...]
    organization_cells: tuple[Cell, ...]
    people: Mapping[str, str]
    assurance: Assurance | None

    def reveal(self, text: str) -> str:
        """`text` with the people named while their `people/` objects are kept; a pseudonym nobody can resolve stays."""
        return PSEUDONYM.sub(lambda match: self.people.get(match[0], match[0]), text)


class LockerHistory:
    """Reads one locker.

    What is wrong with the chain is carried in `problems`, never raised: a damaged locker still shows what it holds.
    Raises EvidenceError where there is no chain at all, and AccessError where the locker cannot be reached.
    """

    def __init__(self, locker: Locker) -> None:
        self._locker = locker
        chain_head.require_chain(locker)
        chain = chain_head.read_chain(locker, public_key=None)
        self.chain = chain
        self.problems: tuple[Problem, ...] = tuple(one for one in chain.problems if one.breaks)
        self.assurance = declared(chain.genesis)
        self._links: dict[str, Link] = {}
        for link in chain.links:
            if isinstance(link.content, Manifest):
                self._links.setdefault(link.content.run.id, link)
        self.runs: tuple[RunSummary, ...] = tuple(
            sorted(map(_summary, self._links.values()), key=lambda one: (one.taken_at, one.seq))
        )
        self._snapshots = self._by_account()

    def warning(self) -> str | None:
        """The sentence every command prints first where the chain does not verify; None where it does."""
        if not self.problems:
            return None
        found = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        return f"the chain of {self._locker.describe()} does not verify ({found}): run `prooftrail verify`."

    def manifest(self, run_id: str) -> Manifest:
        """The manifest that sealed the run. Raises EvidenceError naming the run where none did."""
        link = self._links.get(run_id)
        if link is None or not isinstance(link.content, Manifest):
            raise EvidenceError(
                f"run {run_id} is in no manifest of {self._locker.describe()}: `prooftrail runs` lists those that are."
            )
        return link.content

    def run(self, when: str | None = None) -> RunSummary:
        """The run a person means: a run id, the last run of a day or before an instant (ISO 8601, UTC), or the newest.

        Raises ConfigError for what is none of these, EvidenceError where no such run is sealed.
        """
        if when is not None and _RUN_ID.fullmatch(when):
            self.manifest(when)
            return next(one for one in self.runs if one.run_id == when)
        until = None if when is None else end_of(when)
        found = [one for one in self.runs if until is None or one.taken_at < until]
        if not found:
            raise EvidenceError(self._none_by(when))
        return found[-1]

    def run_or_none(self, when: str) -> RunSummary | None:
        """As `run`, but None for a day or instant before the first run."""
        until = None if _RUN_ID.fullmatch(when) else end_of(when)
        return self.run(when) if until is None or any(one.taken_at < until for one in self.runs) else None

    def before(self, run: RunSummary) -> RunSummary | None:
        """The run before this one, by `taken_at`; None for the first."""
        at = self.runs.index(run)
        return self.runs[at - 1] if at else None

    def as_of(self, run: RunSummary, *, account: str | None = None) -> AsOf:
        """Every account the locker knew by then (or one of them), with the newest snapshot at or before `run`.

        An account that run did not read keeps its older snapshot and is stale. A snapshot whose bytes are not those
        its manifest sealed is not believed: the one before it stands, and `disbelieved` says so.
        """
        covered = self.accounts(run)
        names, cells = self._organization(run)
        standings = tuple(
            self._standing(one, run, covered.get(one), names.get(one))
            for one in sorted(covered)
            if account in (None, one)
        )
        people = self._people(run, standings)
        return AsOf(run=run, standings=standings, organization_cells=cells, people=people, assurance=self.assurance)

    def accounts(self, run: RunSummary) -> dict[str, AccountCoverage | None]:
        """Every account any run planned for up to `run`, with how `run` came out for it; None where it did not plan for it."""
        earlier = (one for one in self.runs if one.taken_at <= run.taken_at)
        known: dict[str, AccountCoverage | None] = {
            each.account: None for one in earlier for each in self.manifest(one.run_id).coverage
        }
        return known | {each.account: each for each in self.manifest(run.run_id).coverage}

    def opened(self, account: str, until: RunSummary, *, newest_first: bool = False) -> Iterator[Opened]:
        """The sealed snapshots of an account up to a run, each opened when its turn comes; a damaged one says so."""
        found = [one for one in self._snapshots.get(account, ()) if one[0].taken_at <= until.taken_at]
        for run, sealed in reversed(found) if newest_first else found:
            try:
                snapshot = sealing.read_snapshot(sealed.key, self.open(run, sealed))
                yield Opened(run=run, sealed=sealed, snapshot=snapshot)
            except (EvidenceMissing, EvidenceUnreadable) as error:
                yield Opened(run=run, sealed=sealed, wrong=str(error))

    def open(self, run: RunSummary, sealed: SealedObject) -> bytes:
        """The stored bytes the run's manifest vouches for. Raises EvidenceMissing or EvidenceUnreadable."""
        body = self._locker.get(sealed.key, version_id=sealed.version_id)
        if canonical.sha256(body) != sealed.stored_sha256:
            raise EvidenceUnreadable(
                f"{sealed.key} is not the object that manifest {run.seq} sealed: run `prooftrail verify`."
            )
        return body

    def sealed(self, run_id: str, kind: EvidenceKind, account: str) -> tuple[SealedObject, ...]:
        """The objects of a kind that a run sealed for an account (or for `layout.ORGANIZATION`)."""
        named = self.manifest(run_id).objects
        place = f"/{account}/"
        return tuple(one for one in named if one.kind is kind and place in one.key)

    def coverage(self, run_id: str, account: str) -> AccountCoverage | None:
        """How the run came out for the account; None where it was not planned."""
        return next((one for one in self.manifest(run_id).coverage if one.account == account), None)

    def people(self, run: RunSummary, account: str) -> dict[str, str]:
        """What pseudonyms stand for, as far as the `people/` objects of the run are kept and are what was sealed."""
        found: dict[str, str] = {}
        for where in (account, layout.ORGANIZATION):
            for one in self.sealed(run.run_id, EvidenceKind.PEOPLE, where):
                try:
                    found = sealing.read_people(one.key, self.open(run, one)) | found
                except (EvidenceMissing, EvidenceUnreadable):
                    continue
        return found

    def _by_account(self) -> dict[str, list[tuple[RunSummary, SealedObject]]]:
        found: dict[str, list[tuple[RunSummary, SealedObject]]] = defaultdict(list)
        for run in self.runs:
            for one in self.manifest(run.run_id).objects:
                account = layout.Place(one.key).account if one.kind is EvidenceKind.SNAPSHOT else None
                if account:
                    found[account].append((run, one))
        return found

    def _standing(self, account: str, run: RunSummary, covered: AccountCoverage | None, name: str | None) -> Standing:
        disbelieved: list[str] = []
        standing = Standing(
            account=account,
            name=name,
            status=covered.status if covered else UNPLANNED,
            reason=covered.reason if covered else f"run {run.run_id} did not plan for it",
            stale=True,
        )
        for one in self.opened(account, run, newest_first=True):
            if one.snapshot is None:
                disbelieved.append(one.wrong or one.sealed.key)
                continue
            return msgspec.structs.replace(
                standing,
                name=name or one.snapshot.account.account.name,
                stale=one.run != run,
                read_in=one.run,
                sealed=one.sealed,
                snapshot=msgspec.structs.replace(one.snapshot, policies=(), documents=()),
                listed=tuple(self._listed(account, one)),
                disbelieved=tuple(disbelieved),
            )
        return msgspec.structs.replace(standing, disbelieved=tuple(disbelieved))

    def _listed(self, account: str, newest: Opened) -> Iterator[Listed]:
        for one, at in listed(newest, self.opened(account, newest.run, newest_first=True)):
            if at.snapshot:
                yield Listed(identity=at.snapshot.identities[one], seen_in=at.run)

    def _organization(self, run: RunSummary) -> tuple[dict[str, str | None], tuple[Cell, ...]]:
        """Names of accounts and the organization's cells from the run's context; nothing where that is gone."""
        manifest = self.manifest(run.run_id)
        sealed = next((one for one in manifest.objects if one.kind is EvidenceKind.CONTEXT), None)
        if sealed is None:
            return {}, ()
        try:
            context = sealing.read_context(self._locker, sealed, run.seq)
        except (EvidenceMissing, EvidenceUnreadable):
            return {}, ()
        return {one.id: one.name for one in context.accounts}, context.cells

    def _people(self, run: RunSummary, standings: tuple[Standing, ...]) -> dict[str, str]:
        found = self.people(run, layout.ORGANIZATION)
        for one in standings:
            for seen_in in {each.seen_in.run_id: each.seen_in for each in one.listed}.values():
                found = self.people(seen_in, one.account) | found
        return found

    def _none_by(self, when: str | None) -> str:
        where = self._locker.describe()
        if not self.runs:
            return f"{where} holds no run yet: its chain has nothing but its genesis. Seal one with `prooftrail scan`."
        first = self.runs[0]
        return f"no run of {where} was taken by {when}: the first is {first.run_id}."


def listed(newest: Opened, back: Iterable[Opened]) -> Iterator[tuple[int, Opened]]:
    """Everything in the newest snapshot, then what older ones show in places that no newer one read whole.

    Each is its number in the snapshot that shows it, and that snapshot. `back` are the account's snapshots, newest first.
    """
    if newest.snapshot is None:
        return
    yield from ((number, newest) for number in range(len(newest.snapshot.identities)))
    seen = {one.id for one in newest.snapshot.identities}
    places = {place for place in unread(newest.snapshot) if place[0] in _LISTING}
    for behind, older in enumerate(back) if places else ():
        if not places or behind > _LOOKED_BACK:
            return
        for number, one in enumerate(older.snapshot.identities if older.snapshot else ()):
            if one.id not in seen and (one.collector, one.region) in places:
                seen.add(one.id)
                yield number, older
        places &= unread(older.snapshot) if older.snapshot else places


def unread(snapshot: Snapshot) -> set[tuple[Collector, str]]:
    """The places (collector and region) the snapshot did not read whole, so that it cannot say what left them."""
    places = {(one.collector, one.region) for one in snapshot.cells}
    return {place for place in places if not read_whole(snapshot, *place) and not disabled(snapshot, place[1])}


def _summary(link: Link) -> RunSummary:
    one = link.content
    if not isinstance(one, Manifest):
        raise TypeError("only manifests are runs")
    came_out = Counter(each.status for each in one.coverage)
    return RunSummary(
        seq=link.seq,
        run_id=one.run.id,
        taken_at=one.run.taken_at,
        closed_at=one.closed_at,
        trigger=one.run.trigger,
        status="gaps" if one.gaps() else "sealed",
        planned=len(one.coverage),
        sealed=came_out["sealed"],
        gaps=came_out["gaps"],
        unreachable=came_out["unreachable"],
        skipped=came_out["skipped"],
        identities=dict(one.counts).get("identities", 0),
        missed_ticks=one.missed_ticks,
        manifest_sha256=link.sha256,
    )
