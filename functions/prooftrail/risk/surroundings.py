"""What stands around an identity in its snapshot, looked up once for the whole account so that scoring stays linear."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping

from prooftrail.evidence.context import Context
from prooftrail.governance.matching import first
from prooftrail.model.iam import Role
from prooftrail.model.identity import Identity
from prooftrail.model.organization import Account
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.snapshot import Sighting, Snapshot

from .entry import Entry
from .environment import Place, alone, placed
from .privilege import Privilege

_CUT_AT = 200  # characters of a sighting's place that are kept


class Doubt:
    """Over whom the gaps of one source hang: those it names, or everybody where it names nobody it knows."""

    def __init__(self, cell: Cell | None, collector: Collector, known: frozenset[str]) -> None:
        self._named: frozenset[str] = frozenset()
        self._all = cell is None or (cell.status is not CellStatus.OK and not cell.gaps)
        reason = f": {cell.reason}" if cell and cell.reason else ""
        self.why = f"{collector} is {cell.status}{reason}" if cell else f"{collector} was not read"
        if cell is not None:
            self._named = frozenset(gap.subject for gap in cell.gaps if gap.subject is not None)
            self._all = self._all or any(gap.subject is None or gap.subject not in known for gap in cell.gaps)

    def over(self, one: Identity) -> bool:
        """True if a gap may hide something of `one`."""
        return self._all or not self._named.isdisjoint((one.id, one.arn, one.name))


class Surroundings:
    """One account's snapshot, ready to be asked about any of its identities."""

    def __init__(
        self,
        snapshot: Snapshot,
        context: Context,
        *,
        privileges: Mapping[str, Privilege],
        entries: Mapping[str, Entry],
    ) -> None:
        self.taken_at = snapshot.header.taken_at
        self.privileges, self.entries = privileges, entries
        self.alone = alone(context)
        self.place = placed(snapshot.account.account, context)
        self.account_tags_unread = snapshot.account.account.tags is None and not self.alone
        self.inactive = frozenset(one.id for one in context.governance.owners.owner if not one.active)
        self._context = context
        self._accounts = {one.id: one for one in context.accounts}
        self._places: dict[str, Place] = {snapshot.account.account.id: self.place}
        names = frozenset(name for one in snapshot.identities for name in (one.id, one.arn, one.name))
        cells = {one.collector: one for one in snapshot.cells if one.region == GLOBAL}
        self.keys, self.service_credentials = (
            Doubt(cells.get(one), one, names) for one in (Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS)
        )
        self.principals_whole = _whole(cells.get(Collector.PRINCIPALS))
        self._children: dict[str, list[Identity]] = defaultdict(list)
        for one in snapshot.identities:
            if one.parent and one.parent != one.id:
                self._children[one.parent].append(one)
        self._exposed = _exposed(snapshot)
        self._trusting, self.unread_trusts = _trusting(snapshot.identities)

    def children(self, one: Identity) -> list[Identity]:
        """The credentials of a user."""
        return self._children.get(one.id, [])

    def place_of(self, account: str) -> Place:
        """Where another account stands; nothing was read of one that is not in the list, so it may be anywhere."""
        if account not in self._places:
            self._places[account] = placed(self._accounts.get(account, Account(id=account)), self._context)
        return self._places[account]

    def exposed(self, one: Identity) -> tuple[list[Sighting], list[Sighting]]:
        """The sightings in what belongs to `one`, and those that may: they name it as they could name another."""
        return self._exposed.get(one.id, ([], []))

    def trusting(self, provider: Identity) -> list[Identity]:
        """The roles whose trust names a provider."""
        return self._trusting.get(provider.arn, [])

    def break_glass(self, one: Identity) -> bool:
        """True for an identity that is registered for emergencies at `taken_at`."""
        return first(self._context.governance.registers.break_glass, one, self.taken_at) is not None


def _whole(cell: Cell | None) -> bool:
    return cell is not None and cell.status is CellStatus.OK


def _trusting(identities: Iterable[Identity]) -> tuple[dict[str, list[Identity]], list[Identity]]:
    """Roles by the providers they name, and those whose trust was not read."""
    named: dict[str, list[Identity]] = defaultdict(list)
    unread = []
    for one in identities:
        if not isinstance(one.facts, Role):
            continue
        if "facts.trust" in one.unknown or "facts" in one.unknown:
            unread.append(one)
        allowed = (statement for statement in one.facts.trust if statement.effect == "Allow")
        for arn in sorted({who.value for statement in allowed for who in statement.principals}):
            named[arn].append(one)
    return named, unread


def _exposed(snapshot: Snapshot) -> dict[str, tuple[list[Sighting], list[Sighting]]]:
    """Sightings by the identity they stand in. A place begins with an ARN, an id or a name, then a blank, then a field.

    A bare name that several identities, groups or policies bear is everybody's doubt and nobody's fact. A place that
    was cut may have lost the end of an ARN.
    """
    found: dict[str, tuple[list[Sighting], list[Sighting]]] = defaultdict(lambda: ([], []))
    if not snapshot.sightings:
        return found
    exact: dict[str, list[str]] = defaultdict(list)
    named: dict[str, list[str]] = defaultdict(list)
    for one in snapshot.identities:
        for key in {one.id, one.arn} if one.parent is None else {one.id}:
            exact[key].append(one.id)
        if one.name not in (one.id, one.arn):
            named[one.name].append(one.id)
    for name in (*(one.name for one in snapshot.groups), *(one.name for one in snapshot.policies)):
        named[name].append("")
    arns = sorted(exact)
    for sighting in snapshot.sightings:
        begins = sighting.where.split(" ", 1)[0]
        ids = exact.get(begins) or named.get(begins) or _cut(begins, arns, exact)
        for id_ in ids:
            if id_:
                found[id_][0 if len(ids) == 1 else 1].append(sighting)
    return found


def _cut(begins: str, arns: list[str], exact: Mapping[str, list[str]]) -> list[str]:
    if len(begins) < _CUT_AT:
        return []
    at, ids = bisect_left(arns, begins), []
    while at < len(arns) and arns[at].startswith(begins):
        ids += exact[arns[at]]
        at += 1
    return ids
