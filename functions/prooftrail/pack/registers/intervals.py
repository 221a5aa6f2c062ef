"""30: since when each result is what it is, and until when it was: failures with a beginning and an end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time

from prooftrail.model.judgement import FindingStatus, Result, ResultStatus
from prooftrail.pack.registers.columns import account_status, called, instant, instant_of, number, shown, text, truth
from prooftrail.pack.registers.results import FAILING, findings_by_subject
from prooftrail.pack.registers.unseen import Unseen, was_read
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView, RunTransition

_OPEN = (ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.NOT_TESTED)
_NOBODY_SAW = "failing when first seen; nobody saw it begin"
_FIRST_SEEN = "so when first seen; nobody saw it begin"
_UNREAD = "the transitions of a run could not be read, so another result may lie between: {}"
_AFTER_UNTESTED = "it was not tested before; nobody saw it begin"
_OUT_OF_SIGHT = "it has no result in the run shown: nobody could look since, so whether it still stands is not known"
_BROKEN = "it does not follow from what was held before: a run's transitions are missing, or were not read"

INTERVALS = Table(
    file="30_result_intervals",
    title="Result intervals",
    about=(
        "One row per stretch of time in which a control came to one result for one subject: for every subject whose"
        " result changed in the period, all its stretches; for every other one that is FAIL, EXCEPTION or NOT_TESTED now,"
        " the present one. Results that passed all the period long have no row here and one in 07. A stretch begins with"
        " the run that first saw it and ends with the run that first saw another: what happened between runs is not known. A run in which the"
        " account, or the source that lists the subject, was not read whole makes a stretch over it uncertain."
    ),
    questions=(10,),
    sheet="Intervals",
    columns=(
        text("control_id", "the control"),
        text("subject", "what was judged"),
        text("identity_id", "the identity the subject is or belongs to"),
        text("account_id", "the account, or organization"),
        text("name", "what people call the subject; its id where it is gone"),
        text("status", "what the control came to in this stretch"),
        text("from_run", "the run that first saw it; empty where that was before the period and is not known"),
        instant("from_at", "the instant of that run"),
        text("to_run", "the run that first saw another result, or the subject gone; empty while it holds"),
        instant("to_at", "the instant of that run"),
        truth("open_ended", "true where it holds as of the last judgement"),
        truth("before_period", "true where it began before the period"),
        text("beginning", "seen to begin, first judged, before the period, or so when first seen; nobody saw it begin"),
        text("ended_by", "the result that followed, or gone; empty while it holds"),
        text(
            "reason", "what the run that began it said; of one that began before the period and holds, what is said now"
        ),
        text("end_reason", "what the run that ended it said"),
        number(
            "runs_not_judged",
            "runs of the period in this stretch without a result for it: its account or the source that lists it was not"
            " read then, or nothing was judged",
        ),
        truth(
            "certain", "false where a run was not read or something is missing, so that another result may lie between"
        ),
        text("uncertain_why", "why it is not certain"),
        text("finding_id", "its finding in 17_findings_capa"),
        text("evidence_id", "the sealed assessment that shows what holds now; empty for what ended"),
        number("evidence_line", "its line there"),
        text(
            "transition_ref", "where below evidence/ the transition that ended it is sealed, or the one that began it"
        ),
        truth("stale", "true where the run shown did not judge the account: what holds is what an older run saw"),
        account_status(),
    ),
)


class Life:
    """When results of an account began that no transition of the period began, and in which words that is said.

    Register and report both ask here, so that they say the same of the same failure.
    """

    def __init__(self, one: AccountView, period: PeriodView) -> None:
        self._findings = findings_by_subject(one)
        judged = (run.run_id for run in period.runs if was_read(one, run))
        self._first = next(judged, None) if period.before is None else None
        self._began = datetime.combine(period.options.since, time.min, tzinfo=UTC)

    def from_run(self, key: tuple[str, str], status: ResultStatus, since: str | None) -> str | None:
        """The run it began with: what holds knows it, else its finding, else the first of all that judged the account.

        A finding tells when it began to fail, and not when that was accepted.
        """
        finding = self._findings.get(key)
        if since is None and finding and status is ResultStatus.FAIL and not finding.reopened:
            return finding.opened_run
        return since or self._first

    def before_period(self, at: datetime | None) -> bool:
        """True for what began before the period, or nobody knows when."""
        return at is None or at < self._began

    def beginning(self, key: tuple[str, str], status: ResultStatus, from_run: str | None) -> str:
        """How far that run is its beginning."""
        finding, at = self._findings.get(key), instant_of(from_run)
        unseen = finding is not None and finding.since_before and finding.opened_run == from_run
        if unseen or (from_run is not None and from_run == self._first):
            return _NOBODY_SAW if status in FAILING else _FIRST_SEEN
        return "first judged" if at is not None and not self.before_period(at) else "before the period"


@dataclass(slots=True)
class _Stretch:
    """One stretch; `came` began it and `went` ended it, None where no transition of the period did. `unseen` has no result now."""

    status: ResultStatus
    from_run: str | None
    came: RunTransition | None
    went: RunTransition | None
    broken: bool = False
    unseen: bool = False


def _intervals(one: AccountView, period: PeriodView) -> Iterator[Row]:
    account = _Account(one, period)
    changed: dict[tuple[str, str], list[RunTransition]] = {}
    for each in one.transitions:
        changed.setdefault((each.transition.control, each.transition.subject), []).append(each)
    out_of_sight = {key: each for key, each in account.out_of_sight().items() if key not in changed}
    for key in sorted({*changed, *filter(account.failing, account.results), *out_of_sight}):
        unseen = out_of_sight.get(key)
        moves, since = changed.get(key, []), one.held_since.get(key)
        for stretch in [unseen] if unseen else _stretches(moves, account.now(key), since):
            yield account.row(key, stretch)


def _stretches(moves: list[RunTransition], now: ResultStatus | None, since: str | None) -> Iterator[_Stretch]:
    """The stretches of one subject, oldest first; `now` is what it comes to, None where it is not judged any more."""
    if not moves:
        if now is not None:
            yield _Stretch(now, since, None, None, broken=since is None)
        return
    first = moves[0]
    if first.transition.before is not None:
        yield _Stretch(first.transition.before, None, None, first)
    for came, went in zip(moves, (*moves[1:], None), strict=True):
        status = came.transition.after
        if status is None:
            continue
        follows = went.transition.before if went else now
        yield _Stretch(status, came.run_id, came, went, broken=follows is not status)


class _Account:
    """What the stretches of one account are told by."""

    def __init__(self, one: AccountView, period: PeriodView) -> None:
        self._one, self._period = one, period
        self._identities, self._findings = one.identities(), findings_by_subject(one)
        self._names = {each.id: each.name for each in one.presences if each.name}
        self.results: dict[tuple[str, str], tuple[Result, int]] = {
            (each.control, each.subject): (each, line) for line, each in enumerate(one.results, one.first_result_line)
        }
        self._unread = next(iter(one.changes_unknown), None)
        self._unseen = Unseen(one, period)
        self._life = Life(one, period)
        self._about: Row = (one.judged_run != period.as_of, one.account_status)

    def failing(self, key: tuple[str, str]) -> bool:
        """True for what does not pass now."""
        return self.results[key][0].status in _OPEN

    def out_of_sight(self) -> dict[tuple[str, str], _Stretch]:
        """What is open and has no result any more: nobody could look since."""
        return {
            key: _Stretch(
                ResultStatus.EXCEPTION if each.exception else ResultStatus.FAIL,
                each.opened_run,
                None,
                None,
                unseen=True,
            )
            for key, each in self._findings.items()
            if each.status is FindingStatus.OPEN and key not in self.results
        }

    def now(self, key: tuple[str, str]) -> ResultStatus | None:
        """What it comes to; None where it is not judged any more."""
        found = self.results.get(key)
        return found[0].status if found else None

    def row(self, key: tuple[str, str], stretch: _Stretch) -> Row:
        """One stretch as a row."""
        period, came, went = self._period, stretch.came, stretch.went
        known, last, held = came or went, went or came, went is None
        result, line = self.results.get(key, (None, None))
        identity_id = known.transition.identity if known else result.identity if result else None
        identity = self._identities.get(identity_id) if identity_id else None
        from_run = stretch.came.run_id if stretch.came else self._life.from_run(key, stretch.status, stretch.from_run)
        from_at = instant_of(from_run)
        missing = self._unseen.between(identity_id, from_at, went.at if went else None)
        why = self._doubt(stretch) or missing.why
        finding = self._findings.get(key)
        said = came.transition.reason if came else result.reason if result and held else None
        return (
            key[0],
            shown(period, key[1]),
            shown(period, identity_id),
            self._one.account,
            shown(period, called(identity, key[1]) if identity else self._names.get(identity_id or "", key[1])),
            stretch.status.value,
            from_run,
            from_at,
            went.run_id if went else None,
            went.at if went else None,
            held,
            came is None and self._life.before_period(from_at),
            self._beginning(key, stretch, from_run),
            (went.transition.after.value if went.transition.after else "gone") if went else None,
            shown(period, said),
            shown(period, went.transition.reason) if went else None,
            missing.runs,
            why is None,
            shown(period, why),
            finding.fingerprint if finding else None,
            self._one.assessment.id if held and self._one.assessment else None,
            line if held and self._one.assessment else None,
            f"transitions/{last.run_id}/{self._one.account}/" if last else None,
            *self._about,
        )

    def _beginning(self, key: tuple[str, str], stretch: _Stretch, from_run: str | None) -> str:
        if stretch.came is not None:
            before = stretch.came.transition.before
            return _AFTER_UNTESTED if _untested(stretch) else "first judged" if before is None else "seen to begin"
        return self._life.beginning(key, stretch.status, from_run)

    def _doubt(self, stretch: _Stretch) -> str | None:
        if self._unread:
            return _UNREAD.format(self._unread)
        if stretch.unseen:
            return _OUT_OF_SIGHT
        if _untested(stretch):
            return _AFTER_UNTESTED
        return _BROKEN if stretch.broken else None


def _untested(stretch: _Stretch) -> bool:
    """True for what began after nobody could test: when it began in that time is not known."""
    before = stretch.came.transition.before if stretch.came else None
    return before is ResultStatus.NOT_TESTED and stretch.status is not ResultStatus.NOT_TESTED


INTERVAL_REGISTERS = (Register(table=INTERVALS, each=_intervals),)
