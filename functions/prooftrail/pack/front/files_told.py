"""What each file of a pack is, in one sentence."""

from collections.abc import Iterable, Iterator

from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.registers.of_period import REQUEST_REGISTERS
from prooftrail.pack.registers.population_index import POPULATIONS_INDEX

_FILES = {
    "00_README.md": "Page one in plain text: this file.",
    "01_scope.json": "Accounts, units, regions, kinds of identity, exclusions, period and schedule.",
    "VERIFY.md": "How to verify, from outside the pack on, and what that does not prove.",
    "data_dictionary.csv": "Every column of every register: type, meaning, and why it is empty if it is.",
    "index.html": "The report to read, offline, in any browser.",
    "register.xlsx": "The registers of current state and intervals as a workbook.",
    "verify.py": "Checks the whole pack with Python alone; get another copy of it from elsewhere if you can.",
    "integrity/evidence_index.csv": "Every sealed object that rows cite: key, hashes, run, and where its copy lies.",
    "integrity/keys.json": "The keys that signed, since which slot, and where each comes from.",
    "integrity/object_lock_status.json": "The lock of each object as it was observed, or that nobody observed it.",
    "integrity/public_key.pem": "The public key of the chain; compare its fingerprint with one from outside.",
    "ocsf/compliance_findings.jsonl": "Results as OCSF Compliance Findings: what was not tested is status 2 Warning, an accepted deviation 99 Exception; nothing is written for what passed.",
    "oscal/assessment-plan.json": "The plan the OSCAL results refer to.",
    "oscal/assessment-results.json": "Results as OSCAL assessment results: an objective of which a part is not covered is never satisfied.",
    "oscal/component-definition.json": "The controls as an OSCAL component definition.",
    "oscal/poam.json": "Open findings and exceptions of the accounts of the run shown, as an OSCAL plan of action and milestones.",
}
_FOLDERS = (
    ("policy/", "The policy in force as sealed, the catalog of controls and the risk method."),
    ("evidence/", "Sealed objects as stored, in the layout of the locker."),
    ("populations/", "A complete list of one population, frozen to draw samples from."),
)
_STATEMENT = (
    "integrity/pack.json",
    "The pack's own statement: every other file by hash and size, signed where a key was at hand.",
)


def described(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every file but the JSON Lines twins, with a sentence; folders of many files once; the statement, written last, too."""
    tables = {f"{one.table.file}.csv": one.table for one in (*REGISTERS, *REQUEST_REGISTERS)}
    tables[f"{POPULATIONS_INDEX.file}.csv"] = POPULATIONS_INDEX
    known, told = set(names), set[str]()
    found: list[tuple[str, str]] = [_STATEMENT]
    for name in sorted(known):
        table = tables.get(name)
        if name.endswith(".jsonl") and f"{name.removesuffix('.jsonl')}.csv" in known:
            continue
        if table is not None:
            found.append((name, _first_sentence(table.about)))
        elif name in _FILES:
            found.append((name, _FILES[name]))
        else:
            folder = next((each for each in _FOLDERS if name.startswith(each[0])), (name, "Part of the pack."))
            if folder[0] not in told:
                told.add(folder[0])
                found.append(folder)
    yield from sorted(found)


def _first_sentence(about: str) -> str:
    first, dot, _ = about.partition(". ")
    return f"{first}." if dot else first
