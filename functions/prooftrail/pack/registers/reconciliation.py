"""02: how many of everything there are, held against counts of AWS's own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from prooftrail.inventory.wording import counted
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, Source
from prooftrail.model.snapshot import Reconciliation
from prooftrail.pack.registers.columns import account_status, filled, instant, listing, number, shown, text, truth
from prooftrail.pack.registers.counted import IN_PART, NOT_READ, WHOLE, cells_of, how_far, unread
from prooftrail.pack.table import Register, Row, Table, Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import CURRENT, AccountView, Evidence, PackRun, PeriodView

NOT_EXPLAINED = "NOT EXPLAINED"
ORGANIZATION = "organization"

RECONCILIATION = Table(
    file="02_population_reconciliation",
    title="Population and reconciliation",
    about=(
        "One row per count: each list of an account beside the count AWS gives independently; each source of an account"
        " and region without such a count; each account that was not read; and the accounts of the organization. An empty"
        " count is not zero: it was not made. Every request id and answer is in the sealed snapshot and in raw/."
    ),
    questions=(1, 6, 13),
    sheet="Reconciliation",
    columns=(
        text("account_id", "the account, or organization"),
        text("region", "the region; global for IAM and the like"),
        text("kind", "what was counted"),
        text("source_api", "the API it was counted by"),
        number("scanned_count", "how many were read, of a list read in part those seen; empty where nothing was"),
        number("independent_count", "how many AWS counts elsewhere; empty where there is no second count"),
        text("independent_source", "where the second count is from, or none and why"),
        number(
            "difference",
            "scanned less independent; empty without a second count, and where the list was not read whole",
        ),
        text("explanation", "why a difference is none, what was refused, or NOT EXPLAINED"),
        instant("scan_started", "when the first answer was asked for, by our clock"),
        instant("scan_completed", "when the last answer came, by our clock"),
        text("status", "how far the source was read: ok, partial, denied, throttled, late, unreachable, skipped ..."),
        text("request_ids_ref", "where AWS's request ids stand"),
        text("sha256", "SHA-256 of the unpacked snapshot that holds the list"),
        text("verdict", "agrees, explained, NOT EXPLAINED, no second count, read in part, or not read"),
        text("account_name", "the account's name"),
        listing("parameters", "what was asked for: the parameters all calls had in common"),
        number("calls", "calls made, every page of each"),
        text("caller", "who called, as the run states it"),
        instant("aws_date_from", "AWS's own date on the first answer; empty where it sent none"),
        instant("aws_date_to", "AWS's own date on the last answer"),
        text("run_id", "the run that read"),
        truth("stale", "true where this is not the run shown"),
        text("tool_version", "the version of the code that read"),
        text("tool_sha256", "the hash over its source"),
        text("evidence_id", "the sealed snapshot"),
        account_status(),
    ),
)

_IS_SECOND = "none: it is itself the second count of other lists"
_SETTING = "none: it is a setting of the account, and no list"
_ADDS = "none: it adds to what other lists count"
_NO_SECOND = {
    Collector.ACCOUNT_SUMMARY: _IS_SECOND,
    Collector.CREDENTIAL_REPORT: _IS_SECOND,
    Collector.PASSWORD_POLICY: _SETTING,
    Collector.OUTBOUND_FEDERATION: _SETTING,
    Collector.ORGANIZATION_FEATURES: _SETTING,
    Collector.CONTACTS: _SETTING,
    Collector.ROLE_SETTINGS: _ADDS,
    Collector.MFA_DEVICES: _ADDS,
    Collector.AWS_POLICIES: "none: AWS's own policies are read where they are used, and are no identities",
}
_WORST = tuple(CellStatus)


def _reconciliation(one: AccountView, period: PeriodView) -> Iterator[Row]:
    if one.read_run is None and not one.of_organization:
        yield _unread(one, period)
        return
    if one.stale and not one.of_organization and one.read_run != period.as_of:
        yield _unread(one, period)
    reading = _Reading(one, period)
    told: set[Collector] = set()
    for each in one.reconciliations:
        cells = cells_of(one, each)
        told |= {cell.collector for cell in cells}
        yield reading.reconciled(each, cells)
    cells = one.cells if one.cells or not one.of_organization else period.context.cells
    for cell in cells:
        if cell.collector not in told:
            yield reading.alone(cell)


def _unread(one: AccountView, period: PeriodView) -> Row:
    """The row of an account that the run shown did not read: nothing was counted, which is not zero."""
    run = period.as_of
    older = f"what follows is of run {one.read_run.run_id}" if one.read_run else "it was never read"
    reason = shown(period, one.reason) or f"run {run.run_id} did not read it"
    values: dict[str, Value] = {
        "account_id": one.account,
        "region": GLOBAL,
        "kind": "account",
        "source_api": "sts:AssumeRole",
        "independent_source": "none: the account was not read",
        "explanation": f"{reason}; {older}",
        "status": one.status,
        "verdict": "not read",
        "account_name": shown(period, one.name),
        "caller": shown(period, run.caller),
        "run_id": run.run_id,
        "stale": one.stale,
        "tool_version": run.code.version,
        "tool_sha256": run.code.sha256,
        "account_status": one.account_status,
    }
    return filled(RECONCILIATION, values)


class _Reading:
    """The rows of one account as one run read it."""

    def __init__(self, one: AccountView, period: PeriodView) -> None:
        self._one, self._period = one, period
        self._run: PackRun = one.read_run or period.as_of
        self._snapshot: Evidence | None = one.snapshot

    def reconciled(self, each: Reconciliation, cells: tuple[Cell, ...]) -> Row:
        """A count beside an independent one."""
        second, how = each.independent is not None, how_far(self._one, each)
        source = each.independent_source if second else f"none: {each.explained or 'AWS gives no second count of it'}"
        explanation = shown(self._period, each.explained) if second else None
        explanation = explanation or (NOT_EXPLAINED if each.difference else None)
        verdict, difference = _verdict(each, how), each.difference if second else None
        counted_here: int | None = each.counted
        if how != WHOLE:
            explanation, difference = self._refusal(each), None
            counted_here = each.counted if how == IN_PART else None
        first = [source for cell in cells for source in cell.sources if source.api in each.counted_by]
        sources = first or [source for cell in cells for source in cell.sources]
        status = max((cell.status for cell in cells), key=_WORST.index, default=None)
        counts = (counted_here, each.independent, source, difference, explanation)
        requests = self._requests(f"{each.counted_by} {each.independent_source}", self._one.cells)
        return self._row(GLOBAL, each.what, each.counted_by, counts, sources, status, verdict, requests)

    def _refusal(self, each: Reconciliation) -> str:
        """Why there is no count, or not a whole one: what each source that was not read to its end says."""
        return "; ".join(
            f"{cell.collector.value} is {cell.status.value}: {shown(self._period, cell.reason) or 'no reason was given'}"
            for cell in unread(self._one, each)
        )

    def alone(self, cell: Cell) -> Row:
        """A source no second count is held against."""
        name = cell.collector.value.replace("_", " ")
        read = cell.status in (CellStatus.OK, CellStatus.PARTIAL, CellStatus.LATE)
        source = _NO_SECOND.get(cell.collector, f"none: AWS gives no second count of {name}")
        apis = "; ".join(dict.fromkeys(each.api for each in cell.sources)) or None
        counts = (cell.items if read else None, None, source, None, shown(self._period, cell.reason))
        verdict = "no second count" if cell.status is CellStatus.OK else IN_PART if read else NOT_READ
        return self._row(
            cell.region, name, apis, counts, cell.sources, cell.status, verdict, self._requests(apis or "", (cell,))
        )

    def _row(
        self,
        region: str,
        kind: str,
        api: str | None,
        counts: tuple[Value, ...],
        sources: Iterable[Source],
        status: CellStatus | None,
        verdict: str,
        requests: str | None,
    ) -> Row:
        held, run, period = list(sources), self._run, self._period
        parameters = tuple(dict.fromkeys(f"{name}={value}" for each in held for name, value in each.parameters))
        return (
            self._one.account,
            region,
            kind,
            api,
            *counts,
            min((each.observed_from for each in held), default=None),
            max((each.observed_to for each in held), default=None),
            status.value if status else "no source states it",
            requests,
            self._snapshot.sha256 if self._snapshot else None,
            verdict,
            shown(period, self._one.name),
            tuple(shown(period, each) or "" for each in parameters),
            sum(each.calls for each in held),
            shown(period, run.caller),
            _least(each.aws_date_from for each in held),
            _most(each.aws_date_to for each in held),
            run.run_id,
            run != period.as_of,
            run.code.version,
            run.code.sha256,
            self._snapshot.id if self._snapshot else None,
            self._one.account_status,
        )

    def _requests(self, apis: str, cells: tuple[Cell, ...]) -> str | None:
        """How to find AWS's request ids of these APIs: the records that list them, and one of each to look for."""
        said = []
        for cell in cells:
            ids = [each for source in cell.sources if source.api in apis for each in source.request_ids]
            if ids:
                said.append(f"{cell.collector.value}/{cell.region} ({counted(len(ids), 'id')}, first {ids[0]})")
        name = self._snapshot.id if self._snapshot else f"context of run {self._run.run_id}"
        return f"{name}, sources.request_ids of record cell {', '.join(said)}" if said else None


def _verdict(each: Reconciliation, how: str) -> str:
    if how != WHOLE:
        return how
    if each.independent is None:
        return "no second count"
    if not each.difference:
        return "agrees"
    return "explained" if each.explained else NOT_EXPLAINED


def _least(dates: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in dates if each), default=None)


def _most(dates: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in dates if each), default=None)


def _organization(period: PeriodView, _: Tally) -> Iterator[Row]:
    """The accounts AWS lists against those the run shown read, and each reason why some were not."""
    run, context = period.as_of, period.context
    came_out = Counter(each.status for each in run.coverage)
    read = came_out["sealed"] + came_out["gaps"]
    listed = _listed(period)
    cell = next((each for each in context.cells if each.collector is Collector.ACCOUNTS), None)
    sources = list(cell.sources) if cell else []
    second = "organizations:ListAccounts" if listed is not None else "none: the list was not read to its end"
    values: dict[str, Value] = {
        "account_id": ORGANIZATION,
        "region": GLOBAL,
        "kind": "accounts",
        "source_api": "sts:AssumeRole and a reading of each",
        "scanned_count": read,
        "independent_count": listed,
        "independent_source": second,
        "difference": read - listed if listed is not None else None,
        "explanation": _account_words(period, came_out),
        "scan_started": run.started_at,
        "scan_completed": run.closed_at,
        "status": cell.status.value if cell else "no source states it",
        "request_ids_ref": f"context of run {run.run_id}, cells, accounts/global" if sources else None,
        "verdict": _account_verdict(read, listed, came_out),
        "calls": sum(each.calls for each in sources),
        "caller": shown(period, run.caller),
        "aws_date_from": _least(each.aws_date_from for each in sources),
        "aws_date_to": _most(each.aws_date_to for each in sources),
        "run_id": run.run_id,
        "stale": False,
        "tool_version": run.code.version,
        "tool_sha256": run.code.sha256,
        "account_status": CURRENT,
    }
    yield filled(RECONCILIATION, values)


def _listed(period: PeriodView) -> int | None:
    """How many accounts AWS lists; None where the list was not read to its end."""
    return len(period.context.accounts) if period.context.accounts_listed() else None


def _account_verdict(read: int, listed: int | None, came_out: Counter[str]) -> str:
    if listed is None:
        return "no second count"
    if read == listed:
        return "agrees"
    if listed - read != came_out["skipped"] + came_out["unreachable"]:
        return NOT_EXPLAINED
    return "not read" if came_out["unreachable"] else "explained"


def _account_words(period: PeriodView, came_out: Counter[str]) -> str:
    """What became of every account of the list: read, left out for a reason, or not reached."""
    states = Counter(each.state for each in period.context.accounts)
    known = {each.account for each in period.as_of.coverage}
    said = [f"{came_out['sealed']} read whole, {came_out['gaps']} with gaps"]
    skipped = Counter(each.reason or "no reason stated" for each in period.as_of.coverage if each.status == "skipped")
    said += [f"{number} left out: {shown(period, reason)}" for reason, number in sorted(skipped.items())]
    if came_out["unreachable"]:
        said.append(f"{came_out['unreachable']} NOT READ: unreachable, see 24_gaps")
    beside = sorted(each.id for each in period.context.accounts if each.id not in known)
    if beside:
        said.append(f"{len(beside)} listed and in no plan: {', '.join(beside[:5])}")
    if _account_verdict(came_out["sealed"] + came_out["gaps"], _listed(period), came_out) == NOT_EXPLAINED:
        said.append(NOT_EXPLAINED)
    said.append("AWS calls " + ", ".join(f"{states[each]} {each.value}" for each in AccountState if states[each]))
    return "; ".join(said)


RECONCILIATION_REGISTERS = (Register(table=RECONCILIATION, each=_reconciliation, whole=_organization),)
