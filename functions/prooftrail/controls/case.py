"""Everything a check may look at when it judges one account: the snapshot, the run's context, and what risk made of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import Limits
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import Limit, ResultStatus, Risk, Tier
from prooftrail.model.organization import Account
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.entry import Entry
from prooftrail.risk.privilege import Privilege


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A value held against a limit whose tier may not be certain: PASS, FAIL, or NOT_TESTED with `why` between two tiers."""

    status: ResultStatus
    limit: Limit
    why: str | None = None


class Case:
    """One account to be judged. Nothing here reads a clock: `taken_at` is the only one that judges."""

    def __init__(
        self,
        snapshot: Snapshot,
        context: Context,
        *,
        limits: Limits,
        privileges: Mapping[str, Privilege],
        entries: Mapping[str, Entry],
        risks: Mapping[str, Risk],
    ) -> None:
        self.snapshot, self.context, self.limits = snapshot, context, limits
        self.privileges, self.entries, self.risks = privileges, entries, risks
        self.taken_at = snapshot.header.taken_at

    @property
    def governance(self) -> Governance:
        """The policy in force for this run."""
        return self.context.governance

    @property
    def account(self) -> Account:
        """The account that is judged."""
        return self.snapshot.account.account

    @cached_property
    def by_id(self) -> dict[str, Identity]:
        """Every identity of the snapshot by its AWS id."""
        return {one.id: one for one in self.snapshot.identities}

    @cached_property
    def _children(self) -> dict[str, list[Identity]]:
        found: dict[str, list[Identity]] = defaultdict(list)
        for one in self.snapshot.identities:
            if one.parent and one.parent != one.id:
                found[one.parent].append(one)
        return found

    @cached_property
    def _cells(self) -> dict[tuple[Collector, str], Cell]:
        return {(one.collector, one.region): one for one in self.snapshot.cells}

    @cached_property
    def _kinds(self) -> dict[Kind, list[Identity]]:
        found: dict[Kind, list[Identity]] = defaultdict(list)
        for one in self.snapshot.identities:
            found[one.kind].append(one)
        return found

    def of_kinds(self, kinds: Iterable[Kind]) -> Iterator[Identity]:
        """The identities of these kinds, in the order of the snapshot for each kind."""
        for kind in kinds:
            yield from self._kinds.get(kind, ())

    def children(self, identity: Identity) -> list[Identity]:
        """The credentials of a user."""
        return self._children.get(identity.id, [])

    def parent(self, identity: Identity) -> Identity | None:
        """The user a credential belongs to; None where it was not listed."""
        return self.by_id.get(identity.parent) if identity.parent else None

    def gap(self, collector: Collector, region: str = GLOBAL) -> str | None:
        """Why this source cannot be relied on for absence, None where it was read to its end.

        A source without a cell was not read at all.
        """
        cell = self._cells.get((collector, region))
        if cell is None:
            return f"{collector} was not read"
        if cell.status is CellStatus.OK:
            return None
        return f"{collector} is {cell.status}: {cell.reason}" if cell.reason else f"{collector} is {cell.status}"

    def doubt(self, identity: Identity, *fields: str) -> str | None:
        """Why one of these dotted fields of `identity` is no statement, None where all of them are.

        `facts` covers every field below it, as `Identity.unknown` does.
        """
        for field in fields if identity.unknown else ():
            if any(one == field or field.startswith(f"{one}.") for one in identity.unknown):
                return f"{field.removeprefix('facts.')} of {identity.name} was not read"
        return None

    def tier(self, identity_id: str) -> Tier | None:
        """The tier whose limits are shown: the highest the facts allow."""
        risk = self.risks.get(identity_id)
        return risk.tier if risk else None

    def tiers(self, identity_id: str) -> tuple[Tier, ...]:
        """The tiers the identity could have, lowest first; every one of them where it was not scored."""
        risk = self.risks.get(identity_id)
        return _between(risk.tier_from, risk.tier) if risk else tuple(Tier)

    def compare(self, control: str, name: str, identity_id: str, *, over: Callable[[int | bool], bool]) -> Compared:
        """Hold a value against the limit of the identity's tier; where the tier is not certain, against both ends.

        `over(limit)` says whether the value breaks a limit. FAIL only if it breaks every limit it could have, PASS only
        if it breaks none of them; else NOT_TESTED. An identity without a score could have any tier.
        """
        risk, could = self.risks.get(identity_id), self.tiers(identity_id)
        low, high = could[0], could[-1]
        broken = [over(self.limits.value(control, name, tier)) for tier in could]
        shown = self.limits.described(control, name, high)
        if all(broken):
            return Compared(status=ResultStatus.FAIL, limit=shown)
        if not any(broken):
            return Compared(status=ResultStatus.PASS, limit=shown)
        unknown = "; ".join(risk.unknown) if risk and risk.unknown else "its risk was not scored"
        why = f"its tier lies between {low} and {high}, whose limits differ: {unknown}"
        return Compared(status=ResultStatus.NOT_TESTED, limit=shown, why=why)


@cache
def _between(low: Tier, high: Tier) -> tuple[Tier, ...]:
    return tuple(tier for tier in Tier if low.rank <= tier.rank <= high.rank)


class Over:
    """Says whether a measured number breaks a limit: more than the limit breaks it, exactly the limit does not."""

    def __init__(self, measured: float) -> None:
        self.measured = measured

    def __call__(self, limit: int | bool) -> bool:
        return self.measured > limit
