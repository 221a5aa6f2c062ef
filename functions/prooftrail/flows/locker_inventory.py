"""The inventory as a locker holds it at one run: a row an identity, and first of all what could not be read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from prooftrail.model.iam import User
from prooftrail.model.identity import Identity, IdentityClass, Kind
from prooftrail.model.reading import GLOBAL, Cell, CellStatus

from .locker_history import UNPLANNED, AsOf, Listed, Standing

_WHOLE = (CellStatus.OK, CellStatus.DISABLED)  # a region that is switched off holds nothing to read
_KINDS = {one: at for at, one in enumerate(Kind)}
_NAMED_AT_MOST = 4  # accounts or regions in one sentence; beyond it they are counted
_DISBELIEVED = 3  # snapshots of one account told one by one


class LastUse(StrEnum):
    """What is known of the last use: a date, AWS's statement that there is none, or no statement at all.

    NO_PASSWORD is a user who cannot sign in: use, if any, is that of its credentials.
    """

    DATED = "dated"
    NEVER = "never"
    UNKNOWN = "unknown"
    NO_PASSWORD = "no_password"


class InventoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One identity as of a run, people named where that is still possible; `id` is as AWS gives it and as it was sealed.

    `last_used_at` is None unless `last_use` is `dated`.
    `unknown` names fields whose source was refused: their value, None among them, is no statement.
    `seen_in_run` is the run whose snapshot shows it; it is `stale` where that is an older run than the one asked about,
    because the account, or the place the identity lives in, could not be read since.
    """

    id: str
    arn: str
    name: str
    kind: Kind
    cls: IdentityClass = msgspec.field(name="class")
    owner: str | None
    purpose: str | None
    account: str
    account_name: str | None
    region: str
    family: str | None
    parent: str | None
    created_at: datetime | None
    last_used_at: datetime | None
    last_use: LastUse
    class_basis: str
    class_reason: str
    kind_reason: str
    owner_rung: str
    owner_where: str | None
    unknown: tuple[str, ...]
    seen_in_run: str
    seen_at: datetime
    stale: bool


class NotRead(msgspec.Struct, frozen=True, kw_only=True):
    """Something this view cannot speak about: where, how the reading ended, and one sentence for people."""

    accounts: tuple[str, ...]
    status: str
    sentence: str
    collector: str | None = None
    regions: tuple[str, ...] = ()
    reason: str | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which identities are asked for; what is not set does not narrow."""

    cls: IdentityClass | None = None
    kind: Kind | None = None
    unowned: bool = False

    def holds(self, row: InventoryRow) -> bool:
        """True for a row that is asked for."""
        return (
            self.cls in (None, row.cls)
            and self.kind in (None, row.kind)
            and not (self.unowned and row.owner is not None)
        )


EVERYTHING = Wanted()


def rows(as_of: AsOf, wanted: Wanted = EVERYTHING) -> Iterator[InventoryRow]:
    """The rows asked for, by account, what was seen last first, then kind and name; credentials follow their user."""
    for standing in as_of.standings:
        found = [row_of(one, standing, as_of) for one in standing.listed]
        holders = {row.id: row for row in found}
        ordered = sorted(found, key=lambda row: _order(row, holders))
        yield from filter(wanted.holds, sorted(ordered, key=lambda row: row.seen_in_run, reverse=True))


def _order(row: InventoryRow, holders: Mapping[str, InventoryRow]) -> tuple[int, str, str, bool, int, str]:
    holder = holders.get(row.parent or "", row)
    return _KINDS[holder.kind], holder.name, holder.id, row is not holder, _KINDS[row.kind], row.id


def row_of(listed: Listed, standing: Standing, as_of: AsOf) -> InventoryRow:
    """An identity as a row."""
    one = listed.identity
    return InventoryRow(
        id=one.id,
        arn=as_of.reveal(one.arn),
        name=as_of.reveal(one.name),
        kind=one.kind,
        cls=one.classification.cls,
        owner=None if one.owner.value is None else as_of.reveal(one.owner.value),
        purpose=None if one.purpose.value is None else as_of.reveal(one.purpose.value),
        account=one.account,
        account_name=None if standing.name is None else as_of.reveal(standing.name),
        region=one.region,
        family=one.family,
        parent=one.parent,
        created_at=one.created_at,
        last_used_at=one.usage.last_used_at,
        last_use=_last_use(one),
        class_basis=one.classification.basis,
        class_reason=as_of.reveal(one.classification.reason),
        kind_reason=as_of.reveal(one.kind_reason),
        owner_rung=one.owner.rung,
        owner_where=None if one.owner.where is None else as_of.reveal(one.owner.where),
        unknown=one.unknown,
        seen_in_run=listed.seen_in.run_id,
        seen_at=listed.seen_in.taken_at,
        stale=listed.seen_in != as_of.run,
    )


def _last_use(one: Identity) -> LastUse:
    if one.usage.last_used_at is not None:
        return LastUse.DATED
    if isinstance(one.facts, User) and one.facts.password_enabled is False:
        return LastUse.NO_PASSWORD
    return LastUse.NEVER if one.usage.tracked else LastUse.UNKNOWN


def not_read(as_of: AsOf) -> tuple[NotRead, ...]:
    """All that was not read whole: accounts first, then what stands in for them, then single sources."""
    accounts = [one for standing in as_of.standings for one in _account(standing, as_of)]
    cells = [cell for one in as_of.standings if one.snapshot for cell in one.snapshot.cells]
    return (*accounts, *_sources([*as_of.organization_cells, *cells], as_of))


def _account(standing: Standing, as_of: AsOf) -> Iterator[NotRead]:
    who = f"account {standing.account}" + (f" ({as_of.reveal(standing.name)})" if standing.name else "")
    reason = as_of.reveal(standing.reason) if standing.reason else None
    how = f"{standing.status}: {reason}" if reason else standing.status
    if standing.read_in is None and any("not in this copy" in one for one in standing.disbelieved):
        told = f"{who}: no snapshot of it can be shown from here: whatever is in it is missing here"
    elif standing.read_in is None:
        told = f"{who} was never read ({how}): whatever is in it is missing here"
    elif standing.status == UNPLANNED:
        told = f"{who} was not among the accounts of this run: shown as run {standing.read_in.run_id} saw it last"
    elif standing.stale:
        told = f"{who} was not read in this run ({how}): shown as run {standing.read_in.run_id} saw it"
    else:
        told = ""
    if told:
        yield NotRead(accounts=(standing.account,), status=standing.status, sentence=told, reason=reason)
    for number, wrong in enumerate(standing.disbelieved[:_DISBELIEVED]):
        left = len(standing.disbelieved) - _DISBELIEVED if number == _DISBELIEVED - 1 else 0
        more = f" (and {left} older ones)" if left > 0 else ""
        sentence = f"{who}: a newer snapshot is not believed: {wrong}{more}"
        yield NotRead(accounts=(standing.account,), status="disbelieved", sentence=sentence, reason=wrong)


def _sources(cells: Iterable[Cell], as_of: AsOf) -> Iterator[NotRead]:
    """Cells that were not read whole, told together where collector, status and reason are the same."""
    alike: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.status not in _WHOLE:
            alike[cell.collector, cell.status, as_of.reveal(cell.reason or "no reason was given")].append(cell)
    for (collector, status, reason), found in sorted(alike.items()):
        accounts = tuple(sorted({one.account for one in found}))
        regions = tuple(sorted({one.region for one in found} - {GLOBAL}))
        where = _listed(accounts, "account") + (f", {_listed(regions, 'region')}" if regions else "")
        yield NotRead(
            accounts=accounts,
            status=status,
            sentence=f"{collector} {status} in {where}: {reason}",
            collector=collector,
            regions=regions,
            reason=reason,
        )


def _listed(names: tuple[str, ...], what: str) -> str:
    if len(names) > _NAMED_AT_MOST:
        return f"{len(names)} {what}s"
    return f"{what}{'s' if len(names) > 1 else ''} {', '.join(names)}"
