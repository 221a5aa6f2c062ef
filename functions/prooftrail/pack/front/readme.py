"""00_README.md and data_dictionary.csv: page one in plain Markdown, how to verify first, and what every column means."""

import re
from collections.abc import Iterable, Iterator

from prooftrail.pack.files import PackFiles
from prooftrail.pack.front.files_told import described
from prooftrail.pack.front.front import front
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.registers.cells import csv_text, whole_unicode
from prooftrail.pack.registers.columns import text
from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.registers.of_period import REQUEST_REGISTERS
from prooftrail.pack.registers.population_index import POPULATIONS_INDEX
from prooftrail.pack.table import Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView

README, DICTIONARY = "00_README.md", "data_dictionary.csv"
_MARKS = re.compile(r"[\\`*\[\]<>|~$]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|&(?=#|[A-Za-z]+;)")
_LINKS = re.compile(r"(?i)(?<=[a-z])(:)(?=//)|(?<=www)(\.)")
_STARTS = re.compile(r"^(?:[#+=-]|\d+[.)])")

_GLOSSARY = (
    ("assurance", "who could have made all of it up; verify.py says whether what is declared holds"),
    ("catalog", "the control map as it was in force, with its hash; policy/ holds it"),
    ("chain", "signed manifests, one a run, each naming the one before by its hash"),
    ("evidence id", "`e-` and the first 16 digits of the SHA-256 of a sealed object as stored; the line counts from 1"),
    ("EXCEPTION", "a test failed, and an accepted exception that holds covers it"),
    ("FAIL", "a test failed, and nothing covers it"),
    ("finding", "a failing result with a life: opened, fixed, verified, perhaps reopened"),
    ("gap", "something that was not read, not tested or not known; no gap is ever counted as good"),
    ("genesis", "the first object of the chain: whose evidence it is and which key signs it"),
    ("late", "the run of a tick that was closed more than 6 hours after it; it does not count as operated"),
    ("NOT_APPLICABLE", "the control does not speak about this subject, and the reason says why"),
    ("NOT_TESTED", "nobody knows: a source was refused, or this version does not collect it; neither pass nor fail"),
    ("PASS", "a test passed; that is no statement of conformity with any standard"),
    (
        "pseudonym",
        "`person-` and 20 digits stand for a name, where it was asked for or where nobody knows the name any more",
    ),
    ("run shown", "the newest run at or before the end of the period: all current state is as of it"),
    ("tick", "a time at which the schedule asks for a run; a manual run satisfies none"),
    ("tier", "how much harm an identity could do and how easily: critical, high, medium or low"),
    ("witness", "a watchdog in another account that signs which manifests it saw, and when"),
)

_DICTIONARY = Table(
    file="data_dictionary",
    title="Data dictionary",
    about="One row for each column of each register.",
    columns=(
        text("file", "the register"),
        text("column", "the column"),
        text("type", "what it holds; lists are joined by `; ` in CSV"),
        text("about", "what it means"),
        text("why_empty", "why no row of this version has a value there"),
    ),
)


class Readme:
    """Writes both once every account went by and every other file but the pack's own statement is closed."""

    def __init__(self, period: PeriodView, files: PackFiles) -> None:
        self._period, self._files = period, files

    def take(self, one: AccountView) -> None:
        """Nothing of single accounts is needed."""

    def finish(self, tally: Tally) -> None:
        """Write the data dictionary, then the README that lists it."""
        with self._files.open(DICTIONARY) as file:
            file.write("".join(dictionary(self._period)).encode())
        page = front(self._period, tally)
        names = sorted({*self._files.written, README})
        with self._files.open(README) as file:
            file.write("".join(f"{line}\n" for line in readme(page, names, tally)).encode())


def tables(period: PeriodView) -> tuple[Table, ...]:
    """Every table of the pack, in order of file."""
    registers = (*REGISTERS, *(REQUEST_REGISTERS if period.options.requests else ()))
    return tuple(sorted((POPULATIONS_INDEX, *(one.table for one in registers)), key=lambda one: one.file))


def dictionary(period: PeriodView) -> Iterator[str]:
    """The data dictionary as CSV records."""
    yield ",".join(one.name for one in _DICTIONARY.columns) + "\r\n"
    for table in (*tables(period), _DICTIONARY):
        for column in table.columns:
            row: Row = (f"{table.file}.csv", column.name, column.type.value, column.about, column.why_empty)
            yield ",".join(csv_text(str(one)) if one is not None else "" for one in row) + "\r\n"


def readme(page: PageOne, names: Iterable[str], tally: Tally) -> Iterator[str]:
    """The lines of the README; every text of the page is escaped."""
    yield from (f"# {plain(page.title)}", "", begun(page.verdict), "")
    yield from _verify()
    yield from ("## Assurance", "", f"**{plain(page.assurance)}**: {plain(page.assurance_means)}", "")
    yield from _period(page)
    yield from _listed("## Known gaps, most important first", page.gaps or ("None: nothing was left unread.",))
    yield from _facts(page)
    yield from _questions(page)
    yield from _not_covered(page)
    yield from _files(names, tally)
    yield from ("## Words", "", *(f"- **{word}**: {means}." for word, means in _GLOSSARY), "")
    yield from ("## What this pack is made from", "", "| what | value |", "|---|---|")
    yield from (f"| {plain(name)} | {plain(value)} |" for name, value in page.identification)


def _verify() -> Iterator[str]:
    yield "## How to verify: begin outside this pack"
    yield ""
    yield "1. Ask somebody other than whoever gave you this pack for the fingerprint of the signing key, by another way (a letter, a telephone call, your notes of an earlier visit), and for a head of the chain that they saw."
    yield "2. Run `python3 -I verify.py . --fingerprint FINGERPRINT --expect-head SEQ:SHA256 --rows` in this folder, with a verify.py from elsewhere if you can; it needs Python 3.9 and `openssl` or `cryptography`."
    yield "3. Follow one row to the bytes AWS sent, `python3 -I verify.py . --row 07:1`, and one requirement to its evidence, `python3 -I verify.py . --control A.5.18`; VERIFY.md says what this does not prove."
    yield ""


def _period(page: PageOne) -> Iterator[str]:
    yield from ("## Period, scope and coverage", "")
    yield f"- Period: {plain(page.period)}."
    yield f"- State shown: {plain(page.as_of)}."
    yield f"- Schedule: {plain(page.operated)}"
    yield from (f"- Scope: {plain(one)}" for one in page.scope)
    yield from (f"- Coverage: {plain(one)}" for one in page.coverage)
    yield ""


def _listed(heading: str, found: Iterable[str]) -> Iterator[str]:
    yield from (heading, "")
    yield from (f"{number}. {begun(one)}" for number, one in enumerate(found, start=1))
    yield ""


def _facts(page: PageOne) -> Iterator[str]:
    yield from ("## What matters most", "", "| | fact | file |", "|---|---|---|")
    yield from (f"| {plain(one.tone)} | {plain(one.text)} | `{one.file}` |" for one in page.facts)
    yield ""


def _questions(page: PageOne) -> Iterator[str]:
    yield from ("## Fourteen questions", "")
    for one in page.questions:
        yield f"**{one.number}. {plain(one.asked)}** ({plain(one.clause)})"
        yield ""
        yield f"*{one.answered.value}*. {plain(one.answer)}"
        yield ""
        if one.missing:
            yield f"Missing: {plain(one.missing.rstrip('.'))}."
            yield ""
        yield f"Files: {', '.join(f'`{each}`' for each in one.files)}"
        yield ""


def _not_covered(page: PageOne) -> Iterator[str]:
    yield from ("## Not covered by this version", "", "| what | why | ask instead for |", "|---|---|---|")
    for one in page.not_covered:
        yield f"| {plain(one.what)} | {plain(one.why)} | {plain(one.ask_instead)} |"
    yield ""


def _files(names: Iterable[str], tally: Tally) -> Iterator[str]:
    yield from (
        "## Files",
        "",
        "Each CSV file has a JSON Lines twin with raw values; data_dictionary.csv explains every column.",
        "",
    )
    yield from ("| file | rows | what it is |", "|---|---|---|")
    for name, about in described(names):
        rows = tally.rows.get(name.removesuffix(".csv")) if name.endswith(".csv") else None
        yield f"| `{name}` | {'' if rows is None else rows} | {plain(about)} |"
    yield ""


def plain(said: str) -> str:
    """A text as Markdown shows it letter by letter: on one line, without markup, links or HTML of its own."""
    line = " ".join(str(whole_unicode(said)).split())
    return _LINKS.sub(_escaped, _MARKS.sub(_escaped, line))


def begun(said: str) -> str:
    """The same where a paragraph or the item of a list begins with it, so that it begins no heading or list of its own."""
    return _STARTS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", plain(said))


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"
