"""One identity out of a locker: what it is, how it came to be so, and the way back to the bytes AWS sent."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import lines
from prooftrail.inventory.changes import Change
from prooftrail.model.iam import AccessKey, Role, Root, User
from prooftrail.model.identity import Identity
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.model.snapshot import CellRecord, Line, Snapshot

from . import sealing
from .locker_history import AsOf, Listed, LockerHistory, RunSummary, Standing
from .locker_inventory import InventoryRow, not_read, row_of
from .remembering import Remembering

_LINES: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_ARN_PARTS = 6
_JOINED: dict[type, tuple[Collector, ...]] = {
    User: (Collector.CREDENTIAL_REPORT, Collector.MFA_DEVICES),
    Root: (Collector.ACCOUNT_SUMMARY,),
    AccessKey: (Collector.CREDENTIAL_REPORT,),
    Role: (Collector.ROLE_SETTINGS,),
}
"""Sources beside its own cell from which the fields of an identity come."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that answers to what was asked for; `gone` where only snapshots older than those in force show it.

    `view` is what it was looked for in, with the people of the run that shows it.
    """

    listed: Listed
    standing: Standing
    view: AsOf
    gone: bool = False

    @property
    def identity(self) -> Identity:
        """The identity itself."""
        return self.listed.identity


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What one run showed to have happened to an identity; each field with what it was and what it became."""

    run_id: str
    taken_at: datetime
    what: str
    fields: tuple[tuple[str, str, str], ...] = ()
    note: str | None = None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A run that cannot say anything about the identity, because its account or its cell was not read whole."""

    run_id: str
    status: str
    reason: str | None


class Namesake(msgspec.Struct, frozen=True, kw_only=True):
    """Another identity that had the same ARN at some time, and the run that saw it last: a name was used again."""

    id: str
    last_seen_run: str


class RawLine(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of AWS in which the identity stands: the sealed object, the line in it, and how it was asked for."""

    key: str
    line: int
    api: str
    region: str
    parameters: tuple[tuple[str, str], ...]
    request_id: str | None
    date: str | None
    status: int


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind an identity in one run.

    `line` is its line in the uncompressed snapshot. `cell` lists it, `joined` are cells its other fields come from.
    `missing` says which part of the proof is gone, or is not what was sealed.
    """

    run_id: str
    taken_at: datetime
    seq: int
    manifest_sha256: str
    snapshot: SealedObject
    line: int | None
    cell: Cell | None
    joined: tuple[Cell, ...]
    raw: tuple[SealedObject, ...]
    raw_lines: tuple[RawLine, ...]
    missing: tuple[str, ...] = ()


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """All a locker tells of one identity as of a run: proofs begin with the run that shows it, then the one it was read in."""

    row: InventoryRow
    identity: Identity
    standing: Standing
    seen_in: RunSummary
    gone: bool
    credentials: tuple[Identity, ...]
    relatives: int
    events: tuple[Event, ...]
    unread: tuple[Unread, ...]
    namesakes: tuple[Namesake, ...]
    proofs: tuple[Proof, ...]


def find(history: LockerHistory, as_of: AsOf, asked: str) -> tuple[Match, ...]:
    """Every identity that has `asked` as id, ARN or name; if none has, by name whatever its case, then in older snapshots.

    Empty where nothing answers: what was not read may still hold it.
    """
    there = [(standing, one) for standing in as_of.standings for one in standing.listed]
    for same in (_exactly, _loosely):
        found = [
            Match(listed=one, standing=where, view=as_of) for where, one in there if same(one.identity, asked, as_of)
        ]
        if found:
            return _holders(found, asked)
    return _holders([match for one in as_of.standings for match in _gone(history, as_of, one, asked)], asked)


def could_hold(asked: str, account: str) -> bool:
    """False if `asked` is an ARN that names another account; True where nothing rules the account out."""
    parts = asked.split(":", _ARN_PARTS - 1)
    return len(parts) < _ARN_PARTS or parts[0] != "arn" or parts[4] in ("", account)


def unread_instead(as_of: AsOf, asked: str) -> str:
    """How a sentence ends that says nobody answers to `asked`: with what was not read and could hold it, if anything."""
    gaps = [one for one in not_read(as_of) if any(could_hold(asked, account) for account in one.accounts)]
    if not gaps:
        return "; every account and source that could hold it was read whole."
    return f". It may be in what was not read: {'; '.join(one.sentence for one in gaps)}."


def trail(history: LockerHistory, match: Match) -> Trail:
    """Everything about one match. What cannot be opened any more is named in the proof, never raised."""
    identity, standing, seen_in, as_of = match.identity, match.standing, match.listed.seen_in, match.view
    events, unread, namesakes = _life(history, as_of.run, identity)
    every = [one.identity for each in as_of.standings for one in each.listed if one.identity.id != identity.id]
    return Trail(
        row=row_of(match.listed, standing, as_of),
        identity=identity,
        standing=standing,
        seen_in=seen_in,
        gone=match.gone,
        credentials=tuple(one.identity for one in standing.listed if one.identity.parent == identity.id),
        relatives=sum(one.family == identity.family for one in every) if identity.family else 0,
        events=events,
        unread=unread,
        namesakes=namesakes,
        proofs=tuple(_proofs(history, seen_in, identity)),
    )


def proofs(history: LockerHistory, match: Match) -> tuple[Proof, ...]:
    """What stands behind one match, and nothing of its life: no older snapshot is opened for it."""
    return tuple(_proofs(history, match.listed.seen_in, match.identity))


def _holders(found: Sequence[Match], asked: str) -> tuple[Match, ...]:
    """The matches without the credentials of another match: a key is listed under its user's ARN."""
    ids = {one.identity.id for one in found}
    return tuple(
        one for one in found if one.identity.parent not in ids or asked in (one.identity.id, one.identity.name)
    )


def _exactly(one: Identity, asked: str, as_of: AsOf) -> bool:
    return asked in (one.id, one.arn, one.name) or asked in (as_of.reveal(one.arn), as_of.reveal(one.name))


def _loosely(one: Identity, asked: str, as_of: AsOf) -> bool:
    return as_of.reveal(one.name).casefold() == asked.casefold()


def _gone(history: LockerHistory, as_of: AsOf, standing: Standing, asked: str) -> Iterator[Match]:
    """Matches in the account's older snapshots, from the newest snapshot that has any."""
    if not could_hold(asked, standing.account):
        return
    for one in history.opened(standing.account, as_of.run, newest_first=True):
        there = one.snapshot.identities if one.snapshot else ()
        then = msgspec.structs.replace(
            standing, listed=tuple(Listed(identity=each, seen_in=one.run) for each in there), read_in=one.run
        )
        people = history.people(one.run, standing.account) | dict(as_of.people)
        view = msgspec.structs.replace(as_of, people=people)
        found = [each for each in then.listed if _exactly(each.identity, asked, view)]
        yield from (Match(listed=each, standing=then, view=view, gone=True) for each in found)
        if found:
            return


def _life(
    history: LockerHistory, until: RunSummary, identity: Identity
) -> tuple[tuple[Event, ...], tuple[Unread, ...], tuple[Namesake, ...]]:
    """What happened to the identity from run to run, the runs that could not tell, and who else had its ARN."""
    events: list[Event] = []
    unread: list[Unread] = []
    namesakes: dict[str, Namesake] = {}
    memory = Remembering()
    opened = {one.run.run_id: one for one in history.opened(identity.account, until)}
    for run in history.runs:
        one = opened.get(run.run_id)
        if run.taken_at > until.taken_at:
            break
        if one is None or one.snapshot is None:
            unread += _unread_account(history, run, identity, one.wrong if one else None)
            continue
        for each in one.snapshot.identities:
            if _is_namesake(each, identity):
                namesakes[each.id] = Namesake(id=each.id, last_seen_run=run.run_id)
        after = _only(one.snapshot, identity.id)
        unread += _unread_cell(run, after, identity)
        events += _events(run, memory.take(after))
    return tuple(events), tuple(unread), tuple(namesakes.values())


def _is_namesake(one: Identity, identity: Identity) -> bool:
    same = (one.arn, type(one.facts)) == (identity.arn, type(identity.facts))
    return same and one.id != identity.id and identity.parent is None


def _only(snapshot: Snapshot, identity_id: str) -> Snapshot:
    identities = tuple(one for one in snapshot.identities if one.id == identity_id)
    return msgspec.structs.replace(snapshot, identities=identities, policies=(), documents=())


def _events(run: RunSummary, found: Iterable[Change]) -> Iterator[Event]:
    for one in found:
        yield Event(run_id=run.run_id, taken_at=run.taken_at, what=one.what, fields=one.fields, note=one.note)


def _unread_account(history: LockerHistory, run: RunSummary, identity: Identity, wrong: str | None) -> Iterator[Unread]:
    covered = history.coverage(run.run_id, identity.account)
    if wrong:
        yield Unread(run_id=run.run_id, status="disbelieved", reason=wrong)
    elif covered:
        yield Unread(run_id=run.run_id, status=covered.status, reason=covered.reason)


def _unread_cell(run: RunSummary, snapshot: Snapshot, identity: Identity) -> Iterator[Unread]:
    cell = _cell(snapshot.cells, identity)
    if cell is None or cell.status is not CellStatus.OK:
        reason = cell.reason if cell else f"{identity.collector} was not read"
        yield Unread(run_id=run.run_id, status=cell.status if cell else "absent", reason=reason)


def _cell(cells: Iterable[Cell], identity: Identity) -> Cell | None:
    return next((one for one in cells if (one.collector, one.region) == (identity.collector, identity.region)), None)


def _proofs(history: LockerHistory, shown: RunSummary, identity: Identity) -> Iterator[Proof]:
    runs = [shown, *(one for one in history.runs if one.run_id == identity.carried_from)]
    for run in runs:
        for sealed in history.sealed(run.run_id, EvidenceKind.SNAPSHOT, identity.account):
            yield _proof(history, run, sealed, identity)


def _proof(history: LockerHistory, run: RunSummary, sealed: SealedObject, identity: Identity) -> Proof:
    missing: list[str] = []
    line: int | None = None
    cells: tuple[Cell, ...] = ()
    try:
        line, cells = _line_and_cells(sealed.key, history.open(run, sealed), identity)
    except (EvidenceMissing, EvidenceUnreadable) as error:
        missing.append(str(error))
    raw = history.sealed(run.run_id, EvidenceKind.RAW, identity.account)
    joined = _JOINED.get(type(identity.facts), ())
    raw_lines: list[RawLine] = []
    for one in raw:
        try:
            raw_lines += _raw_lines(one.key, history.open(run, one), identity)
        except (EvidenceMissing, EvidenceUnreadable) as error:
            missing.append(str(error))
    return Proof(
        run_id=run.run_id,
        taken_at=run.taken_at,
        seq=run.seq,
        manifest_sha256=run.manifest_sha256,
        snapshot=sealed,
        line=line,
        cell=_cell(cells, identity),
        joined=tuple(one for one in cells if one.collector in joined and one.region == GLOBAL),
        raw=raw,
        raw_lines=tuple(raw_lines),
        missing=tuple(missing),
    )


def _line_and_cells(key: str, body: bytes, identity: Identity) -> tuple[int | None, tuple[Cell, ...]]:
    line: int | None = None
    cells: list[Cell] = []
    for number, record in enumerate(lines.records(key, lines.unpack(key, body), _LINES), 1):
        if isinstance(record, CellRecord):
            cells.append(record.cell)
        elif isinstance(record, Identity) and record.id == identity.id:
            line = number
    return line, tuple(cells)


def _raw_lines(key: str, body: bytes, identity: Identity) -> Iterator[RawLine]:
    for number, one in enumerate(sealing.read_raw(key, body), 1):
        if identity.id in one.body or identity.arn in one.body:
            yield RawLine(
                key=key,
                line=number,
                api=one.api,
                region=one.region,
                parameters=one.parameters,
                request_id=one.request_id,
                date=one.date,
                status=one.status,
            )
