"""Accepted deviations: who accepted what until when, what compensates and whether that works, and how it ends."""

from collections.abc import Iterable, Iterator
from datetime import date

from prooftrail.controls.exceptions import faults
from prooftrail.governance.exceptions import AcceptedException, Milestone
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.pack.registers.columns import day, empty, instant, listing, number, text
from prooftrail.pack.registers.gathered_exceptions import Tested, called
from prooftrail.pack.registers.predicates import INFERRED
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

IN_FORCE, IN_PART, VOID, EXPIRED = "in force", "in force in part", "void", "expired"
NOT_YET, REMOVED = "not yet in effect", "removed from the policy"
NOTHING = "in order in form, and named by no result of this pack"

_EXCEPTIONS = Table(
    file="15_exceptions",
    title="Exceptions",
    about=(
        "One row for each entry of exceptions.toml as sealed with the run shown, expired and void ones too, and for each that "
        "the policy of the run before had and this one has not. Status is worked out for the run shown: an exception is in "
        "force where a sealed result rests on it. Approvals are as far verified as the column says."
    ),
    columns=(
        text("exception_id", "the entry's id"),
        text("identity_id", "whom it names: an id, an ARN pattern or a family"),
        text("control_id", "the control it deviates from"),
        text("reason", "why, in the organization's words"),
        text(
            "inherent_tier",
            "the tier scored in the run shown, the highest of what names it; empty where no result does or none has a tier",
        ),
        empty("residual_tier", "the tier that is left", "no residual tier is worked out by this version"),
        text("risk_owner", "who accepts the risk"),
        text("requester", "who asked for it"),
        text("approver", "who approved it"),
        day("approved_at", "when"),
        day("expires_at", "the last day it holds, UTC"),
        number("renewals", "how often it was renewed"),
        listing("compensating", "compensating controls, by SP 800-53 id and test"),
        listing("retirement_milestones", "the way out, each step with owner and dates"),
        day("next_milestone_due", "the first step that is not done"),
        text(
            "status",
            "in force (or in part), void, expired, not yet in effect, removed, or named by no result of this pack",
        ),
        day("closed_at", "the last day of an expired one"),
        listing("void_because", "everything that makes it void or unfit in form"),
        number("results_accepted", "results that rest on it in the run shown"),
        number("results_void", "failing results that it names and does not cover"),
        text("approval", "how far the approval is known to be the approver's"),
        text("ticket", "the reference in the organization's own system"),
        number("lasts_days", "from approval to the last day"),
        text("form_result", "what IDC-32 came to for it"),
        text("evidence_id", "the sealed assessment with that result"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
        text("accepted_at_tier", "the tier exceptions.toml says the risk was accepted at"),
        text("tier_difference", "whether the tier scored now is higher or lower than the one accepted, or the same"),
    ),
    questions=(9,),
    sheet="Exceptions",
)


def _exceptions(period: PeriodView, tally: Tally) -> Iterator[Row]:
    governance = period.context.governance
    known = {one.id for one in governance.exceptions.exception}
    before = period.context.governance_before
    removed = [one for one in (before.exceptions.exception if before else ()) if one.id not in known]
    for one in sorted(governance.exceptions.exception, key=lambda each: each.id):
        yield _exception(period, tally, one, status_of(period, tally, one))
    for one in sorted(removed, key=lambda each: each.id):
        yield _exception(period, tally, one, REMOVED)


def _exception(period: PeriodView, tally: Tally, one: AcceptedException, status: str) -> Row:
    gathered = tally.gathered
    excepted = gathered.excepted.get(one.id, [])
    form = gathered.forms.get(one.id)
    scored = max((each.result.tier for each in excepted if each.result.tier), key=lambda each: each.rank, default=None)
    return (
        one.id,
        one.identity,
        one.control,
        one.reason,
        scored.value if scored else None,
        None,
        one.risk_owner,
        one.requester,
        one.approver,
        one.approved_on,
        one.expires_on,
        one.renewals,
        tuple(called(each) for each in one.compensating),
        tuple(_step(each) for each in one.retirement),
        _next(one.retirement),
        status,
        one.expires_on if status == EXPIRED else None,
        tuple(dict.fromkeys(why_void(period, tally, one))),
        sum(each.result.status is ResultStatus.EXCEPTION for each in excepted),
        sum(each.result.status is ResultStatus.FAIL for each in excepted),
        one.approval,
        one.ticket,
        one.lasts_days,
        f"{form.result.status.value}: {form.result.reason}" if form else None,
        form.evidence if form else None,
        form.line if form else None,
        one.tier,
        _difference(scored, Tier(one.tier)),
    )


def _difference(scored: Tier | None, accepted: Tier) -> str | None:
    if scored is None:
        return None
    if scored is accepted:
        return "as accepted"
    return (
        f"{'HIGHER' if scored.rank > accepted.rank else 'lower'}: scored {scored.value}, accepted at {accepted.value}"
    )


def status_of(period: PeriodView, tally: Tally, one: AcceptedException) -> str:
    """How an exception stands in the run shown, as its sealed results and its own dates say."""
    today = canonical.utc(period.as_of.taken_at).date()
    excepted = tally.gathered.excepted.get(one.id, [])
    if one.expires_on < today:
        return EXPIRED
    if one.approved_on > today:
        return NOT_YET
    statuses = {each.result.status for each in excepted}
    if ResultStatus.EXCEPTION in statuses:
        return IN_PART if ResultStatus.FAIL in statuses else IN_FORCE
    if excepted or any(faults(one, period.context.governance, period.limits, period.as_of.taken_at)):
        return VOID
    return NOTHING


def why_void(period: PeriodView, tally: Tally, one: AcceptedException) -> Iterator[str]:
    """Everything that is wrong with it: in its form and people, and where a sealed result says that it does not hold."""
    if one.approved_on <= canonical.utc(period.as_of.taken_at).date():
        yield from faults(one, period.context.governance, period.limits, period.as_of.taken_at)
    for cited in tally.gathered.excepted.get(one.id, []):
        if cited.result.status is ResultStatus.FAIL:
            _, said, why = cited.result.reason.partition(f"Exception {one.id} is void: ")
            yield why.rstrip(".") if said else cited.result.reason.rstrip(".")
    for step in one.retirement:
        if step.done_on is None and step.due_on < canonical.utc(period.as_of.taken_at).date():
            yield f"milestone {step.what!r} was due on {step.due_on} and is not done"


def _step(one: Milestone) -> str:
    done = f"done {one.done_on}" if one.done_on else "not done"
    return f"{one.what} ({one.owner}, due {one.due_on}, {done})"


def _next(steps: Iterable[Milestone]) -> date | None:
    return min((one.due_on for one in steps if one.done_on is None), default=None)


_TESTS = Table(
    file="16_compensating_tests",
    title="Tests of compensating controls",
    about=(
        "One row for each exception, each result that names it in the run shown, and each compensating control: what the "
        "sealed results say of it. PASS says that the test passed in that run. INFERRED says that no result of the test "
        "itself is sealed and that it follows only from what became of the exception: hold it against the policies and "
        "lists named, for it is no test shown here. Where no failing result names the exception "
        "nothing was tested on its behalf, and the row says NOT_TESTED. At most 2,000 results of one exception are listed."
    ),
    columns=(
        text("exception_id", "the exception"),
        text("compensating_id", "the compensating control, by its SP 800-53 id and test"),
        text("sp80053", "its SP 800-53 id"),
        text("description", "what is tested"),
        text("test", "the control whose result counts, or the predicate"),
        text("result", "PASS, FAIL, NOT_TESTED or INFERRED"),
        instant("tested_at", "the run that tested it"),
        text("evidence_id", "the sealed assessment that says so"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
        text("identity_id", "the identity it was tested for"),
        text("subject", "the subject of the result that names the exception"),
        text("account_id", "its account"),
        text("reason", "what was found"),
    ),
    questions=(9,),
    sheet="Compensating tests",
)
_PREDICATES = {
    "network_condition": "a condition binds everything it may do to known networks",
    "boundary_attached": "a permissions boundary is attached",
    "restricted_owner": "its owner is a named person on the restricted list",
}


def _tests(period: PeriodView, tally: Tally) -> Iterator[Row]:
    for one in sorted(period.context.governance.exceptions.exception, key=lambda each: each.id):
        tested = tally.gathered.tested.get(one.id, [])
        for each in tested:
            yield (
                one.id,
                called(each.compensator),
                each.compensator.sp80053,
                _described(period, each.compensator.control, each.compensator.predicate),
                each.compensator.control or each.compensator.predicate,
                INFERRED if each.inferred else each.status.value,
                (each.cited or each.subject).at,
                (each.cited or each.subject).evidence,
                (each.cited or each.subject).line,
                each.subject.result.identity,
                each.subject.result.subject,
                each.subject.account,
                f"{each.reason} {_to_look_at(each)}" if each.inferred else each.reason,
            )
        if not tested:
            yield from _nothing_tested(period, one)
        if beyond := tally.gathered.excepted_beyond[one.id]:
            said = f"{beyond} more results name this exception and are not listed here; 07 has them"
            yield (one.id, *((None,) * 4), ResultStatus.NOT_TESTED.value, *((None,) * 6), said)


def _to_look_at(each: Tested) -> str:
    """Where the facts stand on which a predicate was decided, for whoever decides it again."""
    named = each.subject.result.identity or each.subject.result.subject
    if each.compensator.predicate == "restricted_owner":
        return f"Look at the owner of {named} in 03_identity_inventory, and at the restricted list in policy/."
    if each.compensator.predicate == "boundary_attached":
        return f"Look at the boundary of {named}, or of its user, in the sealed snapshot."
    return f"Look at the conditions of the policies of {named}, or of its user, in the sealed snapshot: every statement that allows anything must name known networks."


def _nothing_tested(period: PeriodView, one: AcceptedException) -> Iterator[Row]:
    said = "No failing result of the run shown names this exception, so nothing was tested on its behalf."
    for each in one.compensating:
        described = _described(period, each.control, each.predicate)
        row = (one.id, called(each), each.sp80053, described, each.control or each.predicate)
        yield (*row, ResultStatus.NOT_TESTED.value, None, None, None, None, None, None, said)
    if not one.compensating:
        said = "The exception names no compensating control."
        yield (one.id, *((None,) * 4), ResultStatus.NOT_TESTED.value, *((None,) * 6), said)


def _described(period: PeriodView, control: str | None, predicate: str | None) -> str | None:
    if control is None:
        return _PREDICATES.get(predicate or "")
    title = next((one.title for one in period.catalog.controls if one.id == control), None)
    return f"{control} passes for it: {title}" if title else f"{control} passes for it"


REGISTERS = (
    Register(table=_EXCEPTIONS, whole=_exceptions),
    Register(table=_TESTS, whole=_tests),
)
