"""The fourteen questions an auditor asks, each answered with numbers from the evidence, or said plainly what is missing."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from prooftrail.evidence.assurance import WORDS, Assurance
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import FindingStatus, ResultStatus, Tier
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.front.asked import ASKED
from prooftrail.pack.front.clauses import comparable, compensating, rows_beside, stories, went
from prooftrail.pack.front.page_one import Answered, Question
from prooftrail.pack.front.standing import Standing, accounts_in_words, shortened
from prooftrail.pack.registers.control_map import annex_ids, results_in_words, soa_lines
from prooftrail.pack.registers.operation import code_changes
from prooftrail.pack.registers.ticks import counts, schedule_kept
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_NOTHING_READ = "No account of this pack was ever read, so nothing can be shown."
_PROVES = "A notice that was sent proves sending, never receipt: interview those 34_interviews.csv names."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What every answer is made from."""

    period: PeriodView
    tally: Tally
    now: Standing


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How far a question is answered, in which words, and what is missing."""

    answered: Answered
    answer: str
    missing: str | None = None


type _Answering = Callable[[_Known], _Reply]


def questions(period: PeriodView, tally: Tally, now: Standing) -> tuple[Question, ...]:
    """All fourteen, in the order they are usually asked."""
    found, known = [], _Known(period=period, tally=tally, now=now)
    for number, ((asked, clause, files), reply) in enumerate(zip(ASKED, _REPLIES, strict=True), start=1):
        said = reply(known)
        found.append(
            Question(
                number=number,
                asked=asked,
                clause=clause,
                answered=said.answered,
                answer=said.answer,
                missing=said.missing,
                files=files,
            )
        )
    return tuple(found)


def _scope(of: _Known) -> _Reply:
    accounts, excluded = of.now.accounts, of.period.context.governance.scope.exclude
    held = sum(one.holds(of.period.as_of.taken_at) for one in excluded)
    said = (
        f"{accounts_in_words(accounts).capitalize()} ({counts(held, 'exclusion')} of scope.toml in force). "
        f"{counts(of.tally.identities, 'identity')} of {counts(len({kind for kind, _ in of.tally.by_kind}), 'kind')} are listed."
    )
    missing = []
    if not of.period.context.accounts_listed():
        missing.append("AWS did not list all accounts")
    if accounts.gaps or accounts.unread:
        missing.append(f"{counts(accounts.gaps + accounts.unread, 'account')} not read whole (24_gaps.csv)")
    if of.tally.unexplained:
        missing.append(f"{counts(len(of.tally.unexplained), 'difference')} of counts without an explanation")
    return _reply(said, missing)


def _risk(of: _Known) -> _Reply:
    if not of.tally.identities:
        return _Reply(answered=Answered.NOT_COVERED, answer=_NOTHING_READ, missing="a run that reads an account")
    tiers = {one: sum(n for (_, tier), n in of.tally.by_class.items() if tier == one.value) for one in Tier}
    scored, method = sum(tiers.values()), of.period.context.governance.thresholds.risk_method
    said = (
        f"{scored} of {counts(of.tally.identities, 'identity')} have a tier, "
        + ", ".join(f"{number} {tier.value}" for tier, number in sorted(tiers.items(), key=lambda one: -one[0].rank))
        + "; each row of file 04 gives impact, likelihood, factors and floors, so any identity can be followed from facts to tier."
    )
    said += _example(of)
    missing = [] if scored == of.tally.identities else [f"{of.tally.identities - scored} without a tier"]
    if method is None:
        missing.append("who approved the risk method (thresholds.toml has no [risk_method])")
    else:
        said += f" The method was approved by {method.approved_by} on {method.approved_on}, as declared."
    uncertain = of.tally.results["IDC-03", ResultStatus.NOT_TESTED] + of.tally.results["IDC-03", ResultStatus.FAIL]
    if uncertain:
        missing.append(f"certainty of tier or method in {counts(uncertain, 'result')} of IDC-03")
    return _reply(said, missing)


def _example(of: _Known) -> str:
    """The gravest identity, from its facts to its tier."""
    risk = of.tally.gathered.gravest
    if risk is None:
        return ""
    points = ", ".join(f"{one.name} {one.points}" for one in risk.factors) or "no factor"
    privilege = shortened(risk.privilege_why.rstrip("."), longest=120)
    why = f"impact {risk.impact} ({privilege}; {risk.environment.value}), likelihood {risk.likelihood} from {counts(risk.points, 'point')} ({points})"
    return f" For example {risk.identity}: {why}, tier {risk.tier.value}."


def _soa(of: _Known) -> _Reply:
    controls, lines = of.period.catalog.controls, soa_lines(of.period)
    ids = {name for one in controls for name in annex_ids(one)}
    said = f"{counts(len(controls), 'control')} answer to {counts(len(ids), 'id')} of Annex A; file 33 goes both ways. "
    if not lines:
        said += "No statement of applicability was supplied, so no line of it can be shown for any of them."
        return _Reply(answered=Answered.PARTLY, answer=said, missing="soa.toml: ask for the statement of applicability")
    covered = [lines[name] for name in ids if name in lines]
    whole = sum(one.applicable and bool(one.policy and one.control_owner) for one in covered)
    said += f"{len(covered)} of them have a line in soa.toml, {whole} an applicable one with policy and control owner."
    return _reply(
        said, [] if whole == len(ids) else [f"{counts(len(ids) - whole, 'line')} absent, incomplete or not applicable"]
    )


def _owners(of: _Known) -> _Reply:
    if not of.tally.identities:
        return _Reply(answered=Answered.NOT_COVERED, answer=_NOTHING_READ, missing="a run that reads an account")
    told = sum(one.sent_at is not None for one in of.period.notices)
    owned = of.tally.identities - of.tally.unowned
    said = (
        f"{owned} of {counts(of.tally.identities, 'identity')} have an owner by tag, registry or account, and file 32 says how "
        f"each is known. In the period {counts(told, 'notice')} went out and {counts(len(of.period.answers), 'answer')} came back."
    )
    missing = [f"an owner of {counts(of.tally.unowned, 'identity')}"] if of.tally.unowned else []
    if not of.period.context.governance.owners.owner:
        missing.append("owners.toml: only tags name owners, and nobody says whether they are still there")
    if not of.period.answers:
        missing.append(f"proof that owners know. {_PROVES}")
    return _reply(said, missing)


def _approval(of: _Known) -> _Reply:
    answer = "Not covered: creation events and approvals are not read, so no grant can be held against its approval."
    missing = "access requests with approver and time, and CloudTrail's creation events, for a sample of 02_identities_came_and_went.csv"
    return _Reply(answered=Answered.NOT_COVERED, answer=f"{answer} {went(of.period, of.tally)}", missing=missing)


def _leavers(of: _Known) -> _Reply:
    gone = [one for one in of.period.context.governance.owners.owner if not one.active]
    answer = "Not covered: no HR list is read, so there is no list of leavers to pick from."
    if gone:
        answer += f" owners.toml marks {counts(len(gone), 'owner')} as left; file 32 shows what is still theirs."
    missing = "the HR list of leavers of the period; hold each name against files 03 and 32"
    return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing=missing)


def _reviews(of: _Known) -> _Reply:
    answer = (
        "Not covered: this version records no access reviews. The population to hold one against is frozen in file 03: "
        f"{counts(of.tally.identities, 'identity')}, {counts(of.tally.gathered.privileged, 'administrator')} among them."
    )
    missing = "the last two reviews of privileged access, with decisions and what changed"
    return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing=missing)


def _rotation(of: _Known) -> _Reply:
    if not of.tally.identities:
        return _Reply(answered=Answered.NOT_COVERED, answer=_NOTHING_READ, missing="a run that reads an account")
    keys, secrets = (results_in_words(of.tally, [one]) for one in ("IDC-15", "IDC-17"))
    said = (
        f"File 11 has the age, limit and next due date of each key and secret: "
        f"{_rows_of(of.tally, Kind.ACCESS_KEY)}: {keys}; {_rows_of(of.tally, Kind.SECRET)}: {secrets}.{rows_beside(of.tally)}"
    )
    missing = "who rotated, and proof that the old one is dead: look its id up in CloudTrail"
    return _Reply(answered=Answered.PARTLY, answer=said, missing=missing)


def _rows_of(tally: Tally, kind: Kind) -> str:
    rows = sum(number for (one, _), number in tally.by_kind.items() if one == kind.value)
    return f"{counts(rows, 'row')} of {kind.value.replace('_', ' ')}s"


def _exceptions(of: _Known) -> _Reply:
    entries = of.period.context.governance.exceptions.exception
    if "exceptions.toml" in of.period.context.governance.absent:
        said = "exceptions.toml was not supplied: nothing is accepted here, and every failure counts."
        return _Reply(
            answered=Answered.PARTLY, answer=said, missing="whether deviations are accepted outside this product"
        )
    if not entries:
        return _Reply(answered=Answered.ANSWERED, answer="No exception is accepted: exceptions.toml has no entry.")
    found = ", ".join(f"{number} {status}" for status, number in sorted(of.now.exceptions.items()))
    said = f"{counts(len(entries), 'exception')}: {found}. {compensating(of.period, of.tally)} File 15 gives owner, approver, end and milestones."
    unverified = sum(one.assurance is None for one in entries)
    missing = (
        [f"proof of approval of {counts(unverified, 'exception')}: declared or by ticket, not verified"]
        if unverified
        else []
    )
    return _reply(said, missing)


def _failed(of: _Known) -> _Reply:
    if not of.period.runs:
        answer = "No run was made in the period, so nothing can be said of failures in it."
        return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing="a period with runs")
    verified = sum(n for (_, status), n in of.tally.findings.items() if status is FindingStatus.VERIFIED)
    said = (
        f"{counts(of.now.open, 'finding')} open, {of.now.overdue} of them overdue; {of.now.mended} seen fixed in the period, "
        f"{verified} verified on record. {stories(of.period, of.tally)}"
    )
    missing = "root cause, extent and corrective action: file 17 leaves those fields to the organization"
    return _Reply(answered=Answered.PARTLY, answer=said, missing=missing)


def _change(of: _Known) -> _Reply:
    level = assurance(of.period)
    said = f"Assurance: {level.value}: {WORDS[level]}. The chain has {counts(of.period.head.seq, 'slot')} after its genesis, and every object in it is named by hash. "
    missing = []
    if of.period.bucket:
        said += "The evidence is sealed in a bucket; integrity/object_lock_status.json says where this pack read it, and which lock was seen on each object, or why none was."
    else:
        said += "The evidence is sealed in a folder, which anyone with access to the machine can delete or replace; changes show only against a head from outside (integrity/object_lock_status.json)."
        missing.append("an object lock: a folder has none")
    if level not in (Assurance.TWO_ACCOUNTS, Assurance.WITNESSED):
        missing.append("a second account that holds or witnesses the evidence")
    records = len(of.period.custody)
    said += (
        f" 27_custody_log.csv holds {counts(records, 'custody record')} and {counts(len(of.period.answers), 'answer')}"
    )
    said += "." if records else ": no hold, sample or hand-over is recorded, which is not to say that there was none."
    if not of.period.words:
        missing.append("a word of the watchdog")
    if of.period.problems:
        missing.append(f"an explanation of {counts(len(of.period.problems), 'problem')} of the chain")
    return _reply(said, missing)


def _logs(of: _Known) -> _Reply:
    compared = of.tally.gathered.clocks_compared
    answer = "Logs are not covered: CloudTrail's settings and digests are not read. "
    missing = "CloudTrail's configuration and digest validation for the period"
    if not compared:
        answer += "Nor can clocks be compared: no answer with a date of AWS's was sealed."
        return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing=missing)
    apart = of.tally.gathered.clocks_apart_s
    answer += f"Clocks: in {counts(compared, 'reading')} AWS's own date stands beside ours, at most {counts(apart, 'second')} apart."
    return _Reply(answered=Answered.PARTLY, answer=answer, missing=missing)


def _checker(of: _Known) -> _Reply:
    if not of.period.runs:
        answer = f"No run was made in the period, so nothing was checked in it. {schedule_kept(of.period)}"
        return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing="a period with runs, and an internal audit")
    changes = code_changes(of.period)
    manual = sum(one.trigger is RunTrigger.MANUAL for one in of.period.runs)
    said = (
        f"{schedule_kept(of.period)} Code changed {counts(changes, 'time')} (file 23 has each version by hash), {counts(manual, 'run')} by hand. "
        f"File 38 says for each control and tick over how many accounts it operated. In the registers of this pack "
        f"{of.tally.count(ResultStatus.NOT_TESTED)} of {counts(of.now.results, 'result')} are stated as NOT_TESTED, "
        "and counts are held against independent ones in file 02."
    )
    missing = "approval and tests of each version of the scanner, and an internal audit of it"
    return _Reply(answered=Answered.PARTLY, answer=said, missing=missing)


def _management(of: _Known) -> _Reply:
    missing = "minutes of a management review in which these figures were shown"
    if not of.period.runs:
        answer = "No run was made in the period, so there is no figure of it to show anybody."
        return _Reply(answered=Answered.NOT_COVERED, answer=answer, missing=missing)
    answer = (
        f"File 26 has each indicator for each of {counts(len(of.period.runs), 'run')} with accounts read beside it, and a trend "
        f"where two runs saw the same accounts the same way{comparable(of.period)}. Whether management saw them is not known here."
    )
    return _Reply(answered=Answered.PARTLY, answer=answer, missing=missing)


def assurance(period: PeriodView) -> Assurance:
    """As the genesis declares it: only `verify` may say that heads were witnessed."""
    return Assurance.TWO_ACCOUNTS if period.assurance is Assurance.WITNESSED else period.assurance


def _reply(said: str, missing: list[str]) -> _Reply:
    answered = Answered.PARTLY if missing else Answered.ANSWERED
    return _Reply(answered=answered, answer=said, missing="; ".join(missing) or None)


_REPLIES: tuple[_Answering, ...] = (
    _scope,
    _risk,
    _soa,
    _owners,
    _approval,
    _leavers,
    _reviews,
    _rotation,
    _exceptions,
    _failed,
    _change,
    _logs,
    _checker,
    _management,
)
