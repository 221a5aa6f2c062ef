"""populations/index: what each population is, its hash, and whether it is complete; written once the lists are closed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prooftrail.model.reading import Cell, CellStatus, Collector
from prooftrail.pack.files import Written
from prooftrail.pack.registers.columns import number, text, truth
from prooftrail.pack.registers.populations import POPULATIONS, Population
from prooftrail.pack.table import Row, Table
from prooftrail.pack.view import AccountView, PeriodView

_FOLDER = "populations/"
_NAMED = 5  # accounts named in one reason
_ONLY_SOMEWHERE = frozenset({Collector.PERMISSION_SETS})
"""Sources that only the account has that manages them."""

POPULATIONS_INDEX = Table(
    file="populations/index",
    title="Populations",
    about=(
        "One row per population: the SHA-256 is of the CSV file as it lies here, so that a draw can name it. complete is"
        " true only if every account of the organization was read in the run shown and every source the list needs was"
        " read to its end."
    ),
    columns=(
        text("population", "its name, as `prooftrail sample --population` takes it"),
        text("what", "what an item is"),
        text("file", "the file it is in"),
        number("rows", "how many items it has"),
        text("sha256", "SHA-256 of the CSV file"),
        text("source_api", "the APIs it is listed by"),
        text("as_of_run", "the run it is the state of"),
        truth("complete", "true only if nothing it needs was left unread"),
        text("why_not", "why it is not complete; empty where it is"),
        number(
            "rows_of_accounts_left",
            "how many items of accounts that the run shown did not plan for are not in it: they are in no draw",
        ),
    ),
    questions=(1, 6),
)


class PopulationIndex:
    """Watches the accounts go by and remembers what keeps each population from being complete."""

    def __init__(self, period: PeriodView) -> None:
        self._period = period
        self._unread: dict[str, list[str]] = {}
        self._unjudged: list[str] = []
        self._cells: dict[Collector, list[str]] = {}
        self._older: dict[str, list[str]] = {}
        self._seen_somewhere: set[Collector] = set()
        self._regions: list[str] = []
        self._taken: set[str] = set()
        self._left: Counter[str] = Counter()

    def holds(self, table: Table) -> bool:
        """True for the table of a population."""
        return table.file.removeprefix(_FOLDER) in POPULATIONS and table.file.startswith(_FOLDER)

    def take(self, one: AccountView) -> None:
        """Remember how far one account was read."""
        shown = self._period.as_of.run_id
        if one.left:
            self._departed(one)
            return
        if one.judged_run is None or one.judged_run.run_id != shown or one.unjudged:
            self._unjudged.append(one.account)
        cells: dict[Collector, list[Cell]] = {}
        for cell in one.cells:
            cells.setdefault(cell.collector, []).append(cell)
        self._seen_somewhere |= cells.keys() & _ONLY_SOMEWHERE
        for collector, found in cells.items():
            if any(cell.status is not CellStatus.OK for cell in found):
                self._cells.setdefault(collector, []).append(one.account)
        if one.of_organization:
            return
        self._taken.add(one.account)
        if one.read_run is None or one.read_run.run_id != shown:
            self._unread.setdefault(one.status, []).append(one.account)
            return
        for collector in frozenset(Collector) - cells.keys() - _ONLY_SOMEWHERE:
            self._cells.setdefault(collector, []).append(one.account)
        enabled = one.facts.regions_enabled if one.facts else None
        if enabled is None or one.facts is None or set(enabled) - set(one.facts.regions_read):
            self._regions.append(one.account)

    def _departed(self, one: AccountView) -> None:
        self._left.update({each.name: _items(each, one, self._period) for each in POPULATIONS.values()})
        if self._period.context.organization.id is None:  # a run of one account says nothing of the others
            self._unread.setdefault(one.status, []).append(one.account)

    def rows(self, tables: Iterable[Table], rows: Mapping[str, int], written: Mapping[str, Written]) -> Iterator[Row]:
        """A row for each of these tables, whose files are closed."""
        for table in tables:
            one = POPULATIONS[table.file.removeprefix(_FOLDER)]
            why = "; ".join(self._why_not(one)) or None
            file = f"{table.file}.csv"
            sha256 = written[file].sha256
            run = self._period.as_of.run_id
            yield (
                one.name,
                one.what,
                file,
                rows[table.file],
                sha256,
                one.source_api,
                run,
                why is None,
                why,
                self._left[one.name],
            )

    def _why_not(self, one: Population) -> Iterator[str]:
        period = self._period
        if not period.context.accounts_listed():
            yield "the organization's accounts were not listed to the end"
        narrowed = {each.account for each in period.as_of.coverage} - self._taken
        if narrowed:
            yield f"this pack leaves out {_accounts(sorted(narrowed))}"
        for status, accounts in sorted(self._unread.items()):
            yield f"{_accounts(accounts)} not read in the run shown ({status})"
        for collector in one.needs:
            if collector in self._cells:
                yield f"{collector.value} not read whole in {_accounts(self._cells[collector])}"
            elif collector in _ONLY_SOMEWHERE and collector not in self._seen_somewhere:
                yield f"{collector.value} read in no account"
        if Collector.SECRETS in one.needs and self._regions:
            yield f"not every enabled region read in {_accounts(self._regions)}"
        if one.judged and self._unjudged:
            yield f"{_accounts(self._unjudged)} not judged in the run shown"


def _items(population: Population, one: AccountView, period: PeriodView) -> int:
    return sum(1 for _ in population.each(one, period))


def _accounts(accounts: list[str]) -> str:
    named = ", ".join(accounts[:_NAMED])
    more = len(accounts) - _NAMED
    which = "account" if len(accounts) == 1 else "accounts"
    return f"{len(accounts)} {which} ({named}{f' and {more} more' if more > 0 else ''})"
