"""Writes every register of the pack, as CSV and as JSON Lines, while the accounts go by once."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import msgspec

from prooftrail.pack.files import PackFiles, Sink
from prooftrail.pack.registers.cells import csv_header, csv_record, whole_unicode
from prooftrail.pack.registers.population_index import POPULATIONS_INDEX, PopulationIndex
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView

type Listener = Callable[[Table, Row], None]
"""Is told of every row as it is written."""

_BATCH = 2_000  # rows that are held before they are written
_encoder = msgspec.json.Encoder()


class Tables:
    """All registers in one pass: `take` writes what each account gives, `finish` what the whole does, and closes them.

    A register that gets no row still gets its files, with a header in the CSV. `tally.rows` is told how many rows each
    has, by the table's name; a register of the whole finds there those that were written before it. Raises
    ValueError for a row that has not a value for each column.
    """

    def __init__(
        self, period: PeriodView, files: PackFiles, registers: Iterable[Register], listeners: Sequence[Listener] = ()
    ) -> None:
        self._period, self._files, self._listeners = period, files, tuple(listeners)
        self._open = ExitStack()
        self._populations = PopulationIndex(period)
        with ExitStack() as stack:  # closes what was opened, if one of them cannot be
            self._written = [(one, self._writer(one.table, stack)) for one in registers]
            self._open = stack.pop_all()

    def take(self, one: AccountView) -> None:
        """Write the rows of one account."""
        try:
            self._populations.take(one)
            for register, writer in self._written:
                if register.each is not None:
                    writer.add(register.each(one, self._period))
        except BaseException as error:
            self._open.__exit__(type(error), error, error.__traceback__)
            raise

    def finish(self, tally: Tally) -> None:
        """Write what is of no one account, close every file, then the index of populations over the closed ones."""
        with self._open:
            tally.rows |= {register.table.file: writer.rows for register, writer in self._written}
            for register, writer in self._written:
                if register.whole is not None:
                    writer.add(register.whole(self._period, tally))
                    tally.rows[register.table.file] = writer.rows
                writer.flush()
        held = [register.table for register, _ in self._written if self._populations.holds(register.table)]
        if held:
            with ExitStack() as stack:
                index = self._writer(POPULATIONS_INDEX, stack)
                index.add(self._populations.rows(held, tally.rows, self._files.written))
                index.flush()
            tally.rows[POPULATIONS_INDEX.file] = index.rows

    def _writer(self, table: Table, stack: ExitStack) -> "_Writer":
        csv = stack.enter_context(self._files.open(f"{table.file}.csv"))
        jsonl = stack.enter_context(self._files.open(f"{table.file}.jsonl"))
        return _Writer(table, csv, jsonl, self._listeners)


class _Writer:
    """The two files of one register. Rows are held until there are enough of them to be worth writing."""

    def __init__(self, table: Table, csv: Sink, jsonl: Sink, listeners: tuple[Listener, ...]) -> None:
        self.rows = 0
        self._table, self._listeners = table, listeners
        self._csv, self._jsonl = csv, jsonl
        self._names = tuple(one.name for one in table.columns)
        self._record = csv_record(table)
        self._records: list[str] = []
        self._objects = bytearray()
        csv.write(csv_header(table))

    def add(self, rows: Iterable[Row]) -> None:
        """Write these rows, and tell whoever listens."""
        record, names, records, objects = self._record, self._names, self._records, self._objects
        for row in rows:
            try:
                records.append(record(row))
            except ValueError as error:
                raise ValueError(f"{self._table.file}: row {self.rows + 1}: {error}") from error
            _append(objects, names, row)
            self.rows += 1
            for listener in self._listeners:
                listener(self._table, row)
            if len(records) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._records:
            self._csv.write("".join(self._records).encode())
            self._jsonl.write(bytes(self._objects))
            self._records.clear()
            self._objects.clear()


def _append(objects: bytearray, names: tuple[str, ...], row: Row) -> None:
    """Add the row's JSON object and a newline; raw values, but for lone surrogates, which no file can hold."""
    start = len(objects)
    try:
        _encoder.encode_into(dict(zip(names, row, strict=True)), objects, start)
    except UnicodeEncodeError:
        _encoder.encode_into(dict(zip(names, map(whole_unicode, row), strict=True)), objects, start)
    objects += b"\n"
