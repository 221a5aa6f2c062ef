"""The auditor's own requests: what each was understood as, which files answer it, and how far."""

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import find, looks_like_an_id
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.front.asked import ASKED
from prooftrail.pack.front.page_one import Answered
from prooftrail.pack.front.questions import questions
from prooftrail.pack.front.standing import standing
from prooftrail.pack.registers.columns import listing, number, text
from prooftrail.pack.registers.control_map import files_of, results_in_words, results_of
from prooftrail.pack.registers.people import owners
from prooftrail.pack.registers.populations import POPULATIONS
from prooftrail.pack.registers.request_words import Titled, exactly, folded, guesses, pieces_of, titled, words_of
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

ANSWERED, PARTLY, NOT_COVERED, NOT_UNDERSTOOD = "answered", "partly", "not covered", "not understood"
PERHAPS = "perhaps"
_RESULTS = "07_identity_control_results"
_QUESTION = re.compile(r"(?:Q|QUESTION )\s?(1[0-4]|[1-9])")
_FILE = re.compile(r"(?:FILE )?(\d{2})(?:[_. ].*)?")
_ACCOUNT = re.compile(r"\d{12}")
_WORD = re.compile(
    r"IDC-\d{1,2}|A\.[5-8]\.\d{1,2}|Q1[0-4]\b|Q[1-9]\b|NHI\d{1,2}(?::2025)?|[A-Z]{2}-\d{1,2}(?:\(\d{1,2}\))?|\d{12}"
)
_POPULATION, _KIND = "population ", "kind "
_HOW = (
    "not understood: ask by control (IDC-15, or its title), framework id (A.5.18), question (Q7), file (07, or its title), "
    "population, kind of identity, account id, identity id, identity name or owner"
)

FILES = {
    "01": "01_scope",
    "02": "02_population_reconciliation",
    "03": "03_identity_inventory",
    "04": "04_risk_register",
    "05": "05_control_map",
    "06": "06_soa_extract",
    "07": _RESULTS,
    "11": "11_rotation",
    "15": "15_exceptions",
    "16": "16_compensating_tests",
    "17": "17_findings_capa",
    "20": "20_notifications",
    "22": "22_suppliers",
    "23": "23_scanner_changes",
    "24": "24_gaps",
    "26": "26_metrics",
    "27": "27_custody_log",
    "28": "28_operating_effectiveness",
    "29": "29_runs",
    "30": "30_result_intervals",
    "31": "31_governance_changes",
    "32": "32_owner_register",
    "33": "33_traceability",
    "34": "34_interviews",
    "35": "35_requests",
    "36": "36_mended_failures",
    "37": "37_families",
    "38": "38_operation_by_tick",
}
"""The registers of a pack by the number people know them by."""

UNCOLLECTED = ("08", "09", "10", "12", "13", "14", "18", "19", "21")
"""Numbers of files that this version does not make: it does not collect what they would hold."""

_REQUESTS = Table(
    file="35_requests",
    title="Requests",
    about=(
        "One row for each request that was handed in: what it was understood as, the files of this pack that answer it, how "
        "many rows of the first of them do, and how far. `answered` says that the pack holds what was asked for; what it says "
        "of it is for the auditor to judge. `perhaps` says that it was guessed by words, which the note names. A line of the "
        "list with a fault is kept, and `fault` says which."
    ),
    columns=(
        text("request_id", "the request's own id"),
        text("asked", "what was asked, as handed in"),
        text("understood_as", "what it was understood as"),
        listing("answered_by", "the files that answer it, the first one first"),
        number("rows", "rows of the first file about it, where they were counted"),
        text("status", "answered, partly, not covered, perhaps or not understood"),
        text("note", "what is missing, or what was found"),
        text("fault", "what is wrong with the line of the list: no id, no text, or an id that stands twice"),
    ),
    sheet="Requests",
)


class _Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What a request means and how far it is answered."""

    meaning: str
    files: tuple[str, ...] = ()
    rows: int | None = None
    status: str
    note: str | None = None


def _requests(period: PeriodView, tally: Tally) -> Iterator[Row]:
    times, things = Counter(name for name, _ in period.options.requests), _things(period)
    for name, asked in period.options.requests:
        one = understood(period, tally, asked, things)
        yield (name or None, asked, one.meaning or None, one.files, one.rows, one.status, one.note, _fault(name, asked, times))  # fmt: skip


def _fault(name: str, asked: str, times: Counter[str]) -> str | None:
    """What is wrong with a line of the list; it is answered all the same as far as it can be."""
    said = ["it has no id"] if not name else [f"its id stands {times[name]} times"] if times[name] > 1 else []
    said += [] if asked.strip() else ["it has no text"]
    return "; ".join(said) or None


def understood(period: PeriodView, tally: Tally, asked: str, things: tuple[Titled, ...]) -> _Understood:
    """What a request means: the whole of it, else a title it has the words of, else every id in it, else a guess that says so."""
    if not asked.strip():
        return _Understood(meaning="", status=NOT_UNDERSTOOD, note="the line asks nothing")
    whole = _one(period, tally, asked.strip())
    if whole is not None:
        return whole
    if met := exactly(things, asked):
        return _thing(period, tally, met)
    return _several(period, tally, asked) or _guessed(period, tally, things, asked)


def _several(period: PeriodView, tally: Tally, asked: str) -> _Understood | None:
    """Every id and name in a text, each once; None where there is none."""
    found: dict[str, tuple[str, _Understood]] = {}
    for word in dict.fromkeys((*_WORD.findall(asked.upper()), *pieces_of(asked))):
        one = _one(period, tally, word) if _WORD.fullmatch(word) else _known(period, tally, word)
        if one is not None and one.status != NOT_UNDERSTOOD:
            found.setdefault(one.meaning.casefold(), (word, one))
    if not found:
        return None
    words, met = zip(*found.values(), strict=True)
    left = asked.casefold()
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word.casefold(), " ")
    statuses = {one.status for one in met}
    status = statuses.pop() if len(statuses) == 1 else PARTLY
    only = f"only {', '.join(words)} of it was understood" if words_of(left) else None
    notes = [
        f"{word}: {one.note}" if one.note and len(met) > 1 else one.note for word, one in zip(words, met, strict=True)
    ]
    counted = [f"{word}: {one.rows} rows of {one.files[0]}" for word, one in zip(words, met, strict=True) if one.files and one.rows is not None]  # fmt: skip
    return _Understood(
        meaning="; ".join(one.meaning for one in met),
        files=tuple(dict.fromkeys(file for one in met for file in one.files)),
        rows=met[0].rows if len(met) == 1 else None,
        status=PARTLY if only and status == ANSWERED else status,
        note="; ".join(filter(None, (only, *(counted if len(met) > 1 else ()), *notes))) or None,
    )


def _known(period: PeriodView, tally: Tally, asked: str) -> _Understood | None:
    """What goes by a piece of a text: an id some control answers to, an identity or an owner; never a mere likeness."""
    if named := find(period.catalog, asked):
        return _controls(tally, named.heading, named.controls, named.note)
    return _identity(tally, asked) or _owner(period, tally, asked)


def _things(period: PeriodView) -> tuple[Titled, ...]:
    """Everything with a title that a request may mean, what is most likely meant first."""
    from prooftrail.pack.registers.everything import REGISTERS as EVERY  # noqa: PLC0415 - they are made of these

    populations = [
        titled(f"{_POPULATION}{one}", f"population {one}", f"{one}{more}")
        for one in POPULATIONS
        for more in ("", " identities")
    ]
    registers = [
        titled(one.table.file[:2], f"file {one.table.file[:2]} {one.table.title}", one.table.title)
        for one in EVERY
        if one.table.file[:2] in FILES
    ]
    controls = [titled(one.id, f"{one.id} {one.title}", one.title, one.statement) for one in period.catalog.controls]
    kinds = [titled(f"{_KIND}{one.value}", f"kind {one.value}", one.value.replace("_", " ")) for one in Kind]
    asked = [titled(f"Q{at}", f"question {at}", text) for at, (text, *_) in enumerate(ASKED, 1)]
    return (*controls, *registers, *populations, *kinds, *asked)


def _thing(period: PeriodView, tally: Tally, one: Titled) -> _Understood:
    if one.ask.startswith(_POPULATION):
        name = f"populations/{one.ask.removeprefix(_POPULATION)}"
        note = "populations/index.csv says whether it is complete"
        files = (f"{name}.csv", "populations/index.csv")
        return _Understood(meaning=one.called, files=files, rows=tally.rows.get(name), status=ANSWERED, note=note)
    if one.ask.startswith(_KIND):
        kind = one.ask.removeprefix(_KIND)
        rows = sum(number for (each, _), number in tally.by_kind.items() if each == kind)
        files = ("03_identity_inventory.csv", f"{_RESULTS}.csv")
        return _Understood(
            meaning=one.called, files=files, rows=rows, status=ANSWERED, note=f"rows whose kind is {kind}"
        )
    found = _one(period, tally, one.ask)
    if found is None:
        raise ValueError(f"{one.ask} is nothing that can be asked for")
    return msgspec.structs.replace(found, meaning=one.called) if one.ask in FILES else found


def _guessed(period: PeriodView, tally: Tally, things: tuple[Titled, ...], asked: str) -> _Understood:
    best = guesses(things, asked)
    if not best:
        return _Understood(meaning="", status=NOT_UNDERSTOOD, note=_HOW)
    one = _thing(period, tally, best[0].of)
    said = f"a guess by words, to be confirmed: {best[0]}"
    said += f"; or {'; or '.join(map(str, best[1:]))}" if len(best) > 1 else ""
    note = f"{said}. If it is meant, it is {one.status}" + (f": {one.note}" if one.note else "")
    return msgspec.structs.replace(one, meaning=f"perhaps {one.meaning}", status=PERHAPS, note=note)


def _one(period: PeriodView, tally: Tally, asked: str) -> _Understood | None:
    upper = asked.upper()
    if question := _QUESTION.fullmatch(upper):
        return _question(period, tally, int(question[1]))
    if (file := _FILE.fullmatch(upper)) and (file[1] in FILES or file[1] in UNCOLLECTED):
        return _file(tally, file[1])
    if _ACCOUNT.fullmatch(asked):
        return _account(period, tally, asked)
    return _named(period, tally, asked)


def _named(period: PeriodView, tally: Tally, asked: str) -> _Understood | None:
    if named := find(period.catalog, asked):
        return _controls(tally, named.heading, named.controls, named.note)
    if known := _identity(tally, asked) or _owner(period, tally, asked):
        return known
    if looks_like_an_id(asked):
        note = "no control of the map answers to this id"
        return _Understood(meaning=f"framework id {asked.upper()}", status=NOT_COVERED, note=note)
    return None


def _question(period: PeriodView, tally: Tally, wanted: int) -> _Understood:
    found = questions(period, tally, standing(period, tally))[wanted - 1]
    status = {Answered.ANSWERED: ANSWERED, Answered.PARTLY: PARTLY, Answered.NOT_COVERED: NOT_COVERED}[found.answered]
    first = found.files[0].partition(".")[0] if found.files else ""
    note = f"{found.answer} Missing: {found.missing}." if found.missing else found.answer
    return _Understood(
        meaning=f"question {wanted}: {found.asked}",
        files=found.files,
        rows=None if status == NOT_COVERED else tally.rows.get(first),
        status=status,
        note=note,
    )


def _file(tally: Tally, wanted: str) -> _Understood:
    if wanted in UNCOLLECTED:
        note = "this version does not collect what it would hold; page one says what to ask for instead"
        return _Understood(meaning=f"file {wanted}", status=NOT_COVERED, note=note)
    name = FILES[wanted]
    kind = "json" if wanted == "01" else "csv"
    return _Understood(meaning=f"file {wanted}", files=(f"{name}.{kind}",), rows=tally.rows.get(name), status=ANSWERED)


def _account(period: PeriodView, tally: Tally, asked: str) -> _Understood:
    if asked not in tally.gathered.accounts:
        listed = any(one.id == asked for one in period.context.accounts)
        note = "it is in the organization and not in this pack" if listed else "no account of this id was listed"
        return _Understood(meaning=f"account {asked}", status=NOT_COVERED, note=note)
    rows = _rows_of(tally, asked)
    unread: str | None = dict(tally.gathered.unjudged).get(asked)
    coverage = {one.account: one for one in period.as_of.coverage}.get(asked)
    whole = coverage is not None and coverage.status == "sealed"
    gone = "it is not of the run shown any more"
    reason: str | None = unread or (None if whole else coverage.reason if coverage else gone)
    status = ANSWERED if whole and not unread else PARTLY if rows else NOT_COVERED
    files = ("03_identity_inventory.csv", f"{_RESULTS}.csv", "02_population_reconciliation.csv", "24_gaps.csv")
    return _Understood(meaning=f"account {asked}", files=files, rows=rows, status=status, note=reason)


def _controls(tally: Tally, meaning: str, controls: tuple[Control, ...], note: str | None) -> _Understood:
    ids = [one.id for one in controls]
    found = results_of(tally, ids)
    tested = sum(found.values()) - found[ResultStatus.NOT_TESTED]
    files = tuple(
        f"{file}.csv" for file in dict.fromkeys((_RESULTS, *(each for one in controls for each in files_of(one))))
    )
    missing = [f"{one.id} cannot be tested: {one.why_not}" for one in controls if not one.testable]
    missing += [f"{one.id} not covered: {each}" for one in controls if one.testable for each in one.not_covered]
    status = PARTLY if missing or found[ResultStatus.NOT_TESTED] else ANSWERED
    status = status if tested else NOT_COVERED
    said = [results_in_words(tally, ids), *missing, *((note,) if note else ())]
    by = f"{meaning}: {', '.join(ids)}" if [meaning] != ids else f"control {meaning}"
    return _Understood(meaning=by, files=files, rows=sum(found.values()), status=status, note="; ".join(said))


def _rows_of(tally: Tally, asked: str) -> int:
    found = tally.gathered.asked.get(folded(asked))
    return found["03_identity_inventory"] if found else 0


def _identity(tally: Tally, asked: str) -> _Understood | None:
    rows = _rows_of(tally, asked)
    if not rows:
        return None
    files = ("03_identity_inventory.csv", "04_risk_register.csv", f"{_RESULTS}.csv", "30_result_intervals.csv")
    note = None if rows == 1 else f"{rows} identities go by it"
    return _Understood(meaning=f"identity {asked}", files=files, rows=rows, status=ANSWERED, note=note)


def _owner(period: PeriodView, tally: Tally, asked: str) -> _Understood | None:
    wanted = asked.casefold()
    for one in owners(period, tally):
        spelt = one.entry.spellings() if one.entry else (one.token,)
        if wanted in {period.reveal(each).casefold() for each in spelt}:
            files = ("32_owner_register.csv", "03_identity_inventory.csv", "20_notifications.csv")
            return _Understood(meaning=f"owner {asked}", files=files, rows=1, status=ANSWERED)
    return None


REGISTERS = (Register(table=_REQUESTS, whole=_requests),)
