"""What the controls ask and answer to: the control map, the extract of the statement of applicability, traceability."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import by_framework
from prooftrail.governance.soa import SoaLine
from prooftrail.governance.thresholds import Threshold, in_words
from prooftrail.model.judgement import FindingStatus, ResultStatus, Tier
from prooftrail.pack.registers.annex_a import TITLES, TOUCHED
from prooftrail.pack.registers.columns import day, listing, number, text, truth
from prooftrail.pack.registers.gathered_exceptions import Cited
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

NO_LINE = "no line was supplied"
NO_SOA = "no statement of applicability was supplied (soa.toml has no lines)"
_OWN_FILES = {
    "IDC-01": ("02_population_reconciliation", "24_gaps"),
    "IDC-02": ("32_owner_register",),
    "IDC-03": ("04_risk_register",),
    "IDC-04": ("05_control_map", "06_soa_extract"),
    "IDC-15": ("11_rotation",),
    "IDC-16": ("11_rotation",),
    "IDC-17": ("11_rotation",),
    "IDC-19": ("11_rotation",),
    "IDC-26": ("22_suppliers",),
    "IDC-32": ("15_exceptions", "16_compensating_tests"),
    "IDC-35": ("29_runs", "27_custody_log"),
}
_EVERY = ("07_identity_control_results", "17_findings_capa", "28_operating_effectiveness", "30_result_intervals")


def soa_lines(period: PeriodView) -> dict[str, SoaLine]:
    """The lines of the statement of applicability in force, by Annex A id."""
    return {one.control: one for one in period.context.governance.soa.line}


def annex_ids(control: Control) -> tuple[str, ...]:
    """The Annex A ids a control answers to, without the clauses."""
    return tuple(one for one in control.crosswalk.iso27001_2022 if one.startswith("A."))


def files_of(control: Control) -> tuple[str, ...]:
    """The registers in which a control's evidence stands, its own first."""
    return (*_OWN_FILES.get(control.id, ()), *_EVERY)


def place(name: str) -> tuple[int, ...]:
    """Where an id of the standard stands in it: clauses first, then Annex A, by number."""
    numbers = tuple(int(part) for part in name.removeprefix("A.").split(".") if part.isdigit())
    return (1 if name.startswith("A.") else 0, *numbers)


def in_force(period: PeriodView, control: str) -> tuple[Threshold, ...]:
    """The limits of a control that the organization set and that hold for the run shown, by name."""
    at, found = period.as_of.taken_at, dict[str, Threshold]()
    for one in sorted(period.context.governance.thresholds.threshold, key=lambda each: each.effective_on):
        if one.control == control and one.holds(at):
            found[one.name] = one
    return tuple(found[name] for name in sorted(found))


_CONTROL_MAP = Table(
    file="05_control_map",
    title="Control map",
    about=(
        "One row for each control of the catalog in force in the run shown: what it asks, of which kinds of identity, "
        "within which limits and who set them. Statements are the product's own words. Policy, owner and approval come "
        "from soa.toml and thresholds.toml as sealed; a cell is empty where those files say nothing."
    ),
    columns=(
        text("control_id", "the control"),
        text("version", "its version in the catalog"),
        text("title", "its short title"),
        text("statement", "what it asks, in the product's own words"),
        listing("policy_ref", "the policies soa.toml names for the Annex A ids it answers to"),
        listing("control_owner", "who answers for it, as soa.toml says for those ids"),
        listing("kinds", "the kinds of identity it speaks about"),
        text("test_ref", "where the test is: the check and the hash of the code that ran it"),
        listing("thresholds_by_tier", "each limit at critical, high, medium and low, and who set it"),
        text("review_interval_by_tier", "days between reviews at critical, high, medium and low"),
        listing("evidence_types", "the kinds of evidence it rests on"),
        listing("iso", "clauses and Annex A ids of ISO/IEC 27001:2022"),
        listing("csf", "ids of NIST CSF 2.0"),
        listing("sp80053", "ids of NIST SP 800-53 r5"),
        listing("owasp_nhi", "ids of the OWASP NHI Top 10 2025"),
        listing("ai_rmf", "ids of NIST AI RMF 1.0, by analogy but for AI workloads"),
        listing("cis", "ids of the CIS AWS Foundations Benchmark, by version"),
        listing("soa_ref", "the lines of soa.toml that exist for it"),
        listing("effective_from", "since when the limits the organization set are in effect"),
        listing("approved_by", "who approved those limits"),
        listing("approved_at", "the days on which they did"),
        text("theme", "the group it belongs to"),
        listing("subjects", "what one result of it speaks about"),
        truth("testable", "false where this version can test no part of it"),
        text("why_not_testable", "why it cannot be tested"),
        listing("parts_covered", "the parts of it that are tested"),
        listing("parts_not_covered", "the parts that are not, each with the reason"),
        listing("limits_without_effect", "limits that this version holds nothing against, with the reason"),
        text("nonconformity", "what counts as a failure"),
        listing("compensating", "SP 800-53 ids that may compensate"),
        listing("soc2", "SOC 2 criteria"),
        listing("pci_dss", "PCI DSS 4 requirements"),
        listing("nis2", "NIS2 references"),
        text("catalog_version", "version of the catalog"),
        text("catalog_sha256", "hash of the catalog"),
    ),
    questions=(3,),
    sheet="Controls",
)


def _control_map(period: PeriodView, _: Tally) -> Iterator[Row]:
    lines = soa_lines(period)
    for one in period.catalog.controls:
        supplied = [lines[name] for name in annex_ids(one) if name in lines]
        limits, walk = in_force(period, one.id), one.crosswalk
        yield (
            one.id,
            one.version,
            one.title,
            one.statement,
            _once(each.policy for each in supplied),
            _once(each.control_owner for each in supplied),
            tuple(each.value for each in one.kinds),
            f"check {one.id} of code {period.as_of.code.sha256[:16]}" if one.testable else None,
            thresholds_by_tier(period, one),
            _by_tier({tier: str(one.review_days.at(tier)) for tier in Tier}),
            one.evidence,
            walk.iso27001_2022,
            walk.csf_2_0,
            walk.sp800_53_r5,
            walk.owasp_nhi_2025,
            walk.ai_rmf_1_0,
            tuple(each for key, each in by_framework(one) if key == "cis_aws"),
            tuple(each.control for each in supplied),
            _once(f"{each.name}: {each.effective_on}" for each in limits),
            _once(each.approved_by for each in limits),
            _once(str(each.approved_on) for each in limits),
            one.theme,
            tuple(each.value for each in one.subject),
            one.testable,
            one.why_not,
            tuple(each.what for each in one.parts if each.covered),
            one.not_covered,
            tuple(f"{name}: {why}" for name, why in sorted(one.without_effect.items())),
            one.nonconformity,
            one.compensating,
            walk.soc2,
            walk.pci_dss_4,
            walk.nis2,
            period.catalog.version,
            period.catalog.sha256,
        )


def thresholds_by_tier(period: PeriodView, control: Control) -> tuple[str, ...]:
    """Each limit of a control as results state it: its value at each tier, and who set it."""
    found = []
    for name in sorted(control.thresholds):
        values = {tier: in_words(name, period.limits.value(control.id, name, tier)) for tier in Tier}
        set_by = period.limits.described(control.id, name, Tier.CRITICAL).set_by
        found.append(f"{name}: {_by_tier(values)} ({set_by})")
    return tuple(found)


def _by_tier(values: Mapping[Tier, str]) -> str:
    if len(set(values.values())) == 1:
        return f"{values[Tier.LOW]} at every tier"
    return ", ".join(f"{tier.value} {values[tier]}" for tier in reversed(Tier))


_SOA = Table(
    file="06_soa_extract",
    title="Extract of the statement of applicability",
    about=(
        "One row for each line of soa.toml as sealed with the run shown, and for each Annex A id that a control of the map "
        "answers to and that has no line. Results are those of the controls that answer to it, in the accounts of this "
        "pack. A passing result says that a test passed, never that the requirement is met: a line is tested in part "
        "where a part of a control is not covered, and touched where the controls only relate to it."
    ),
    columns=(
        text("annex_a_id", "the id in Annex A of ISO/IEC 27001:2022"),
        text("title", "its short title"),
        truth("applicable", "what the organization decided; empty where no line was supplied"),
        text("reason", "its justification, or that no line was supplied"),
        text("status", "tested, tested in part, touched, not tested, or that no control of the map answers to it"),
        listing("control_ids", "the controls of the map that answer to it"),
        listing("evidence_refs", "files of this pack, and one sealed result as an example: evidence id and line"),
        text("last_result", "how many results of each status those controls have in the run shown"),
        number("open_ncs", "open findings of those controls without an exception in force or with one"),
        text("policy", "the policy the line names"),
        text("control_owner", "who answers for it, by the line"),
        text("risk_owner", "who owns the risk, by the line"),
        text("acceptance_criteria", "by which the risk owner accepts a risk, by the line"),
        text("soa_version", "version of the statement"),
        text("soa_approved_by", "who approved the statement"),
        day("soa_approved_on", "and when"),
        listing("tested_by", "the controls that test something it asks for, and came to a result"),
        listing("touched_by", "the controls that only relate to it, and came to a result"),
        listing("not_covered", "the parts of its controls that are not tested, each with the reason"),
        text("evidence_id", "one sealed result as an example, a failing one where there is one: the assessment"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
    ),
    questions=(3,),
    sheet="SoA extract",
)


def _soa(period: PeriodView, tally: Tally) -> Iterator[Row]:
    lines, soa = soa_lines(period), period.context.governance.soa
    answering: dict[str, list[Control]] = defaultdict(list)
    for control in period.catalog.controls:
        for name in annex_ids(control):
            answering[name].append(control)
    for name in sorted({*lines, *answering}, key=place):
        line, controls = lines.get(name), answering.get(name, [])
        shown = _example(controls, tally)
        tested, touched = _tested(name, controls, tally)
        yield (
            name,
            TITLES.get(name),
            line.applicable if line else None,
            line.justification if line else (NO_LINE if lines else NO_SOA),
            _status(controls, tested, touched),
            tuple(one.id for one in controls),
            _references(controls, shown),
            results_in_words(tally, [one.id for one in controls]) if controls else None,
            open_findings(tally, [one.id for one in controls]) if controls else None,
            line.policy if line else None,
            line.control_owner if line else None,
            line.risk_owner if line else None,
            line.acceptance if line else None,
            soa.version if line else None,
            soa.approved_by if line else None,
            soa.approved_on if line else None,
            tested,
            touched,
            left_of(controls),
            shown.evidence if shown else None,
            shown.line if shown else None,
        )


def _tested(name: str, controls: list[Control], tally: Tally) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The controls that came to something: those that test what the id asks, and those that only relate to it."""
    found = [one.id for one in controls if sum(results_of(tally, [one.id]).values()) - _untested(tally, one.id)]
    beside = TOUCHED.get(name, ())
    return tuple(one for one in found if one not in beside), tuple(one for one in found if one in beside)


def _status(controls: list[Control], tested: tuple[str, ...], touched: tuple[str, ...]) -> str:
    if not controls:
        return "no control of the map answers to it"
    if not tested:
        return "touched: no control tests what it asks" if touched else "not tested"
    whole = len(tested) == len(controls) and not left_of(controls)
    return "tested" if whole else "tested in part"


def left_of(controls: Iterable[Control]) -> tuple[str, ...]:
    """What is not tested of some controls: a control as a whole, or the parts of it that are not covered, with the reason."""
    found = []
    for one in controls:
        if not one.testable:
            found.append(f"{one.id}: all of it: {one.why_not}")
        else:
            found += [f"{one.id}: {each}" for each in one.not_covered]
    return tuple(found)


def _untested(tally: Tally, control: str) -> int:
    return tally.results[control, ResultStatus.NOT_TESTED]


def _example(controls: list[Control], tally: Tally) -> Cited | None:
    examples = (tally.gathered.examples.get(one.id) for one in controls)
    return next((one for one in examples if one is not None and one.evidence), None)


def _references(controls: list[Control], shown: Cited | None) -> tuple[str, ...]:
    files = dict.fromkeys(f"{file}.csv" for one in controls for file in files_of(one))
    return (*files, *((f"{shown.evidence} line {shown.line}",) if shown else ()))


def results_of(tally: Tally, controls: Iterable[str]) -> dict[ResultStatus, int]:
    """How many results of each status some controls have in the run shown."""
    wanted = tuple(controls)
    return {one: sum(tally.results[control, one] for control in wanted) for one in ResultStatus}


def results_in_words(tally: Tally, controls: Iterable[str]) -> str:
    """`PASS 12, FAIL 3`, or that there is no result."""
    found = results_of(tally, controls)
    return ", ".join(f"{status.value} {number}" for status, number in found.items() if number) or "no result"


def open_findings(tally: Tally, controls: Iterable[str]) -> int:
    """How many findings of some controls are open."""
    return sum(tally.findings[one, FindingStatus.OPEN] for one in controls)


def _once(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if one))


REGISTERS = (
    Register(table=_CONTROL_MAP, whole=_control_map),
    Register(table=_SOA, whole=_soa),
)
