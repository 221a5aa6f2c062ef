"""What changed under the evidence: the scanner's code, the policy in force, and who touched the evidence itself."""

from collections.abc import Iterator
from itertools import pairwise

from prooftrail.pack.registers.columns import empty, instant, listing, number, text
from prooftrail.pack.registers.operation import in_order
from prooftrail.pack.table import ColumnType, Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PackRun, PeriodView

IN_FORCE, LOOSENED, OTHER = "in force at the start", "loosened", "tightened or other"

_SCANNER = Table(
    file="23_scanner_changes",
    title="Versions of the scanner",
    about=(
        "One row for each version of the code that ran in the period, or in the run before it, as the signed manifests state "
        "it: version, hash over the sources, and hash of the deployed package. Who approved a change and which tests it "
        "passed is in the organization's change record: ask for it by these hashes."
    ),
    columns=(
        text("version", "the version the code calls itself"),
        text("code_sha256", "hash over the sources and tables that judge and seal"),
        empty("change_ref", "the change record", "no change system is read; ask for it by the hash"),
        empty("approved_by", "who approved it", "no change system is read; ask for it by the hash"),
        empty(
            "deployed_at",
            "when it was deployed",
            "not collected; first_run is when it first sealed",
            ColumnType.INSTANT,
        ),
        empty("tests_ref", "the record of its tests", "no build system is read; ask for it by the hash"),
        text("asset", "hash of the deployed package; empty where nothing was deployed"),
        text("first_run", "its first run among those listed"),
        instant("first_run_at", "when that was"),
        text("last_run", "its last run among those listed"),
        instant("last_run_at", "when that was"),
        number("runs", "how many runs it made"),
    ),
    questions=(13,),
    sheet="Scanner changes",
)


def _scanner(period: PeriodView, _: Tally) -> Iterator[Row]:
    together: dict[tuple[str, str, str | None], list[PackRun]] = {}
    for run in in_order(period) or (period.as_of,):
        together.setdefault((run.code.version, run.code.sha256, run.code.asset), []).append(run)
    for (version, sha256, asset), runs in together.items():
        first, last = runs[0], runs[-1]
        yield (
            version,
            sha256,
            None,
            None,
            None,
            None,
            asset,
            first.run_id,
            first.taken_at,
            last.run_id,
            last.taken_at,
            len(runs),
        )


_GOVERNANCE = Table(
    file="31_governance_changes",
    title="Changes of policy",
    about=(
        "One row for the policy in force when the period began and for each run that was made under another one. What a change "
        "asks less of is named by the manifest of its first run; `tightened or other` says that nothing was loosened. "
        "policy/ holds the policy of the run shown."
    ),
    columns=(
        instant("at", "the run from which on it was in force"),
        text("run_id", "that run"),
        number("manifest_seq", "its slot in the chain"),
        text("from_sha256", "hash of the policy before"),
        text("to_sha256", "hash of the policy from then on"),
        text("change", "in force at the start, loosened, or tightened or other"),
        listing("loosened", "what it asks less of, a sentence each"),
        number("turned", "results that fail under the policy before and not under this one"),
        text("code_sha256", "hash of the code of that run"),
    ),
    questions=(11, 13),
    sheet="Policy changes",
)


def governance_changes(period: PeriodView) -> tuple[PackRun, ...]:
    """The runs of the period that were made under another policy than the run before, or whose manifest names a loosening."""
    runs, known = in_order(period), {one.run_id for one in period.runs}
    pairs = pairwise(runs)
    changed = {after.run_id for one, after in pairs if one.governance.sha256 != after.governance.sha256}
    return tuple(one for one in runs if one.run_id in known and (one.run_id in changed or one.governance.loosened))


def _governance(period: PeriodView, _: Tally) -> Iterator[Row]:
    runs = in_order(period) or (period.as_of,)
    before = {after.run_id: one for one, after in pairwise(runs)}
    changes = governance_changes(period)
    if not changes or changes[0].run_id != runs[0].run_id:
        yield _change(runs[0], None, IN_FORCE)
    for one in changes:
        yield _change(one, before.get(one.run_id), LOOSENED if one.governance.loosened else OTHER)


def _change(run: PackRun, before: PackRun | None, change: str) -> Row:
    return (
        run.taken_at,
        run.run_id,
        run.seq,
        before.governance.sha256 if before else None,
        run.governance.sha256,
        change,
        run.governance.loosened,
        run.governance.turned,
        run.code.sha256,
    )


_CUSTODY = Table(
    file="27_custody_log",
    title="Custody log",
    about=(
        "One row for each custody record and each answer sealed in the period: holds, releases, samples drawn, hand-overs, "
        "acknowledgements. Reading is not recorded by the locker itself; the access log of the evidence bucket would show it."
    ),
    columns=(
        instant("at", "when"),
        text("actor", "who: the caller as AWS named it, or the key that signed"),
        text("action", "what was done"),
        text("object", "with what: the scope, or how many matters"),
        text("result", "how it came out"),
        text("reason", "why"),
        text("reference", "the case, or whom it was handed to"),
        number("objects", "sealed objects in its scope, or matters answered for"),
        text("objects_sha256", "hash of the list of those objects"),
        text("head", "the head of the chain it was done under"),
        text("key", "where the record lies in the locker"),
    ),
    questions=(11,),
    sheet="Custody",
)


def _custody(period: PeriodView, _: Tally) -> Iterator[Row]:
    found: list[Row] = []
    for key, one in period.custody:
        result = "recorded before the act"
        if one.outcome_of:
            counted = ((one.done, "done"), (one.gone, "gone"), (one.refused, "refused"))
            result = ", ".join(f"{number} {word}" for number, word in counted if number is not None)
        head = str(one.head)
        found.append(
            (
                one.at,
                one.who,
                one.action.value,
                one.scope,
                result or "outcome recorded",
                one.reason,
                one.reference,
                one.objects,
                one.objects_sha256,
                head,
                key,
            )
        )
    for answer in period.answers:
        what = f"{len(answer.matters)} {'matter' if len(answer.matters) == 1 else 'matters'}"
        row = (answer.at, answer.who, answer.kind, what, "sealed", answer.reason, answer.to, len(answer.matters))
        found.append((*row, None, None, answer.key))
    yield from sorted(found, key=lambda row: (str(row[0]), str(row[-1])))


REGISTERS = (
    Register(table=_SCANNER, whole=_scanner),
    Register(table=_GOVERNANCE, whole=_governance),
    Register(table=_CUSTODY, whole=_custody),
)
