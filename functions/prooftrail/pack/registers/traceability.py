"""Both ways between what a framework asks and the sealed results: what an auditor walks from either end."""

from collections import defaultdict
from collections.abc import Iterator

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import FRAMEWORKS, by_framework
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.columns import listing, number, text
from prooftrail.pack.registers.control_map import files_of, results_of
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_TRACEABILITY = Table(
    file="33_traceability",
    title="Traceability, both ways",
    about=(
        "From each id of a framework to the controls that answer to it, their results, the registers they stand in and "
        "one sealed result to pull; and from each control back to every id. The framework asked for comes first. "
        "`prooftrail trace` and verify.py follow the evidence id to the bytes."
    ),
    columns=(
        text("direction", "`requirement to evidence` or `control to requirements`"),
        text("framework", "the framework; empty for a control's row, which names all"),
        listing("framework_ids", "the id, or all ids a control answers to"),
        text("control_id", "the control"),
        text("title", "its short title"),
        number("pass", "results that passed in the run shown"),
        number("fail", "that failed"),
        number("exception", "that failed under an exception in force"),
        number("not_applicable", "that did not apply"),
        number("not_tested", "that could not be tested"),
        listing("registers", "the files of this pack it stands in"),
        text("example_identity", "identity of one result, a failing one where there is one"),
        text("example_subject", "its subject"),
        text("example_account", "its account"),
        text("example_result", "what it came to"),
        text("evidence_id", "the sealed assessment that holds it"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
        listing("not_covered", "the parts of the control that are not tested, each with the reason"),
    ),
    questions=(3, 13),
    sheet="Traceability",
)


def _traceability(period: PeriodView, tally: Tally) -> Iterator[Row]:
    wanted = period.options.framework
    keys = sorted(FRAMEWORKS, key=lambda one: (one != wanted, list(FRAMEWORKS).index(one)))
    answering: dict[tuple[str, str], list[Control]] = defaultdict(list)
    for control in period.catalog.controls:
        for key, name in by_framework(control):
            answering[key, name].append(control)
    for key in keys:
        for name in sorted((each for framework, each in answering if framework == key), key=_natural):
            for control in answering[key, name]:
                yield ("requirement to evidence", FRAMEWORKS[key], (name,), *_traced(control, tally))
    for control in period.catalog.controls:
        ids = sorted(by_framework(control), key=lambda one: keys.index(one[0]))
        named = tuple(f"{FRAMEWORKS[key].partition(' (')[0]} {name}" for key, name in ids)
        yield ("control to requirements", None, named, *_traced(control, tally))


def _traced(control: Control, tally: Tally) -> Row:
    found, shown = results_of(tally, [control.id]), tally.gathered.examples.get(control.id)
    return (
        control.id,
        control.title,
        *(found[one] for one in ResultStatus),
        tuple(f"{file}.csv" for file in files_of(control)),
        shown.result.identity if shown else None,
        shown.result.subject if shown else None,
        shown.account if shown else None,
        shown.result.status.value if shown else None,
        shown.evidence if shown else None,
        shown.line if shown else None,
        control.not_covered,
    )


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Ids in the order people number them: A.5.9 before A.5.15."""
    parts = "".join(one if one.isalnum() else " " for one in name).split()
    return tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in parts)


REGISTERS = (Register(table=_TRACEABILITY, whole=_traceability),)
