"""What a manifest needs of a run's outcomes, taken up one by one: ten thousand of them never lie in memory at once."""

from collections import Counter
from collections.abc import Iterable, Mapping

from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.run import Outcome, Plan, PlanAction, PlannedAccount, SealedObject


class Tally:
    """Coverage, counts, calls and objects of the outcomes that were added."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.objects: list[SealedObject] = []
        self.calls = self.throttled = 0
        self._counts: Counter[str] = Counter()
        self._covered: dict[str, AccountCoverage] = {}
        for one in outcomes:
            self.add(one)

    def add(self, one: Outcome) -> None:
        """Take up an account's outcome, and let go of its cells."""
        self.objects += one.objects
        self.calls += one.calls
        self.throttled += one.throttled
        self._counts.update(dict(one.counts))
        self._covered[one.account] = AccountCoverage(
            account=one.account,
            status=one.status,
            reason=one.reason,
            identities=dict(one.counts).get("identities", 0),
            cells=len(one.cells),
            cells_ok=sum(cell.status is CellStatus.OK for cell in one.cells),
        )

    def coverage(self, plan: Plan) -> tuple[AccountCoverage, ...]:
        """How each planned account came out, as a manifest states it."""
        return tuple(_covered(one, self._covered.get(one.account)) for one in plan.accounts)

    def counts(self, context: Context | None, organization: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
        """All counts added up, those of the organization's own judgement too, and the calls all accounts share."""
        total = Counter(organization)
        total.update(self._counts)
        for cell in context.cells if context else ():
            if cell.collector is Collector.AWS_POLICIES:
                total[f"calls:{cell.collector}"] += sum(source.calls for source in cell.sources)
        return tuple(sorted(total.items()))


def _covered(planned: PlannedAccount, found: AccountCoverage | None) -> AccountCoverage:
    if planned.action is PlanAction.SKIP:
        return _unread(planned, "skipped", planned.reason)
    return found or _unread(planned, "unreachable", "no outcome of ours was committed")


def _unread(planned: PlannedAccount, status: str, reason: str | None) -> AccountCoverage:
    return AccountCoverage(account=planned.account, status=status, reason=reason, identities=0, cells=0, cells_ok=0)
