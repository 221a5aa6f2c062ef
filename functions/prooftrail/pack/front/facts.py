"""The ten facts that matter most, by how grave they are; each is worked out from what was read, whichever way it comes out."""

from collections.abc import Iterator

from prooftrail.model.judgement import FindingStatus, ResultStatus, Tier
from prooftrail.pack.front.page_one import KeyFact
from prooftrail.pack.front.standing import Standing, listed, shortened
from prooftrail.pack.registers.changes import governance_changes
from prooftrail.pack.registers.coverage import narrowed
from prooftrail.pack.registers.metrics import percent
from prooftrail.pack.registers.ticks import TickState, counts, of_accounts, several_a_day
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

BAD, UNKNOWN, NOTE, GOOD = "bad", "unknown", "note", "good"
_MOST = 10
_GRAVITY = (BAD, UNKNOWN, NOTE, GOOD)

_CONTROLS = (
    ("IDC-15", "Access keys past a limit of rotation"),
    ("IDC-21", "Identities with an open way to administrator rights"),
    ("IDC-10", "Root users that break the rules for root"),
    ("IDC-11", "People with a password and without MFA as asked"),
    ("IDC-26", "Roles that let in a third party that is not registered, or without an external id"),
    ("IDC-27", "Ways in for build pipelines that are not pinned"),
    ("IDC-17", "Secrets past their limit of rotation"),
    ("IDC-12", "Accounts whose password policy is too weak"),
)
_RESULTS, _FINDINGS = "07_identity_control_results.csv", "17_findings_capa.csv"


def facts(period: PeriodView, tally: Tally, now: Standing) -> tuple[KeyFact, ...]:
    """The first ten of all that can be said: bad ones first, then what is unknown (never left out), then notes, then good ones."""
    found = [
        *_chain(period, tally),
        *_public(tally),
        *_overdue(tally, now),
        *_administrators(tally),
        *_operated(period, now),
        *_policy(period),
        *_exceptions(now),
        *_unexplained(tally),
        *_unowned(tally),
        *_controls(tally),
        *_unread(tally, now),
        *_untested(tally, now),
        *_no_failures(tally),
        *_open(tally, now),
        *_mended(now),
    ]
    ranked = [one for _, one in sorted(enumerate(found), key=lambda one: (_GRAVITY.index(one[1].tone), one[0]))]
    first, unknown = ranked[:_MOST], [one for one in ranked if one.tone == UNKNOWN]
    if unknown and unknown[0] not in first:
        first[-1] = unknown[0]
    return tuple(first)


def _fact(tone: str, text: str, file: str) -> KeyFact:
    return KeyFact(tone=tone, text=text, file=file)


def _chain(period: PeriodView, tally: Tally) -> Iterator[KeyFact]:
    wrong = list(dict.fromkeys((*period.problems, *tally.wrong)))
    if wrong:
        said = f"{counts(len(wrong), 'thing')} in the locker {'is' if len(wrong) == 1 else 'are'} not as sealed: "
        yield _fact(BAD, said + shortened(wrong[0]), "24_gaps.csv")


def _public(tally: Tally) -> Iterator[KeyFact]:
    roles = tally.gathered.public_roles
    if roles:
        named = listed([f"{name} in {account}" for account, name in sorted(roles)])
        text = f"{counts(len(roles), 'role')} {'lets' if len(roles) == 1 else 'let'} anyone in: {named}."
        yield _fact(BAD, text, "03_identity_inventory.csv")
    elif tally.identities:
        yield _fact(GOOD, "No role that was read lets anyone in.", "03_identity_inventory.csv")


def _overdue(tally: Tally, now: Standing) -> Iterator[KeyFact]:
    if now.overdue:
        by = ", ".join(f"{tally.overdue[one.value]} {one.value}" for one in reversed(Tier) if tally.overdue[one.value])
        yield _fact(BAD, f"{now.overdue} of {now.open} open findings are past their due date ({by}).", _FINDINGS)
    elif now.open:
        yield _fact(GOOD, f"None of {counts(now.open, 'open finding')} is past its due date.", _FINDINGS)


def _administrators(tally: Tally) -> Iterator[KeyFact]:
    all_, alone = tally.gathered.privileged, tally.gathered.privileged_unowned
    file = "04_risk_register.csv"
    if alone:
        verb = "has" if alone == 1 else "have"
        yield _fact(BAD, f"{alone} of {counts(all_, 'administrator')} {verb} no owner.", file)
    elif all_:
        yield _fact(GOOD, f"Each of {counts(all_, 'administrator')} has an owner by evidence.", file)


def _operated(period: PeriodView, now: Standing) -> Iterator[KeyFact]:
    due = sum(one.state.value != "before the chain began" for one in now.due)
    if now.missed or now.late:
        text = f"Of {counts(due, 'run')} that {'was' if due == 1 else 'were'} due {now.missed} had no run and {now.late} came too late."
        yield _fact(BAD, text, "28_operating_effectiveness.csv")
    elif due:
        yield _in_time(period, now, due)
    elif period.runs:
        made = counts(len(period.runs), "run")
        text = f"No tick of a schedule was due in the period: nobody can say whether the {made} made in it were all that should be."
        yield _fact(UNKNOWN, text, "29_runs.csv")
    else:
        yield _fact(UNKNOWN, "No run was made in the period, so no control operated in it.", "29_runs.csv")


def _in_time(period: PeriodView, now: Standing, due: int) -> KeyFact:
    said = f"All {counts(due, 'run')} due in the period were made in time"
    part = [one for one in now.due if one.state is TickState.IN_TIME and one.in_part]
    if not part:
        return _fact(GOOD, f"{said}, and read every account whole{narrowed(period)}.", "29_runs.csv")
    least = of_accounts(part, several=several_a_day(period))
    text = f"{said}, {len(part)} of them over part of the accounts ({least}){narrowed(period)}."
    return _fact(NOTE, text, "38_operation_by_tick.csv")


def _policy(period: PeriodView) -> Iterator[KeyFact]:
    loosened = [one for one in governance_changes(period) if one.governance.loosened]
    if loosened:
        items = sum(len(one.governance.loosened) for one in loosened)
        turned = sum(one.governance.turned for one in loosened)
        said = f"Policy was loosened {counts(len(loosened), 'time')} in the period ({counts(items, 'item')})"
        text = f"{said}, which turned {counts(turned, 'failing result')}."
        text = f"{text.removesuffix('.')}{narrowed(period)}."
        yield _fact(BAD if turned else NOTE, text, "31_governance_changes.csv")


def _exceptions(now: Standing) -> Iterator[KeyFact]:
    total = sum(now.exceptions.values())
    if now.doubtful:
        verb = "does" if now.doubtful == 1 else "do"
        parts = ", ".join(f"{number} {status}" for status, number in sorted(now.exceptions.items()))
        text = f"{now.doubtful} of {counts(total, 'exception')} {verb} not hold, or not everywhere ({parts})."
        yield _fact(BAD, text, "15_exceptions.csv")


def _controls(tally: Tally) -> Iterator[KeyFact]:
    for control, what in _CONTROLS:
        failed = tally.results[control, ResultStatus.FAIL]
        passed, excepted = tally.results[control, ResultStatus.PASS], tally.results[control, ResultStatus.EXCEPTION]
        tested = failed + passed + excepted
        if tested:
            under = f", and {excepted} more under an exception" if excepted else ""
            tone = BAD if failed else NOTE if excepted else GOOD
            yield _fact(tone, f"{what}: {failed or 'none'} of {tested} tested{under} ({control}).", _RESULTS)


def _unexplained(tally: Tally) -> Iterator[KeyFact]:
    if tally.unexplained:
        account, what, difference = tally.unexplained[0]
        number = counts(len(tally.unexplained), "count")
        text = f"{number} of the population {'differs' if len(tally.unexplained) == 1 else 'differ'} and nobody can say why, first {what} in {account} by {difference}."
        yield _fact(BAD, text, "02_population_reconciliation.csv")


def _unowned(tally: Tally) -> Iterator[KeyFact]:
    file = "32_owner_register.csv"
    if tally.unowned:
        share = percent(tally.unowned, tally.identities)
        yield _fact(BAD, f"{tally.unowned} of {counts(tally.identities, 'identity')} ({share}) have no owner.", file)
    elif tally.identities:
        yield _fact(GOOD, f"Each of {counts(tally.identities, 'identity')} has an owner by evidence.", file)


def _unread(tally: Tally, now: Standing) -> Iterator[KeyFact]:
    accounts = now.accounts
    if accounts.unread:
        text = f"{accounts.unread} of {counts(accounts.wanted, 'account')} to be read could not be: what is in them is not known."
        yield _fact(UNKNOWN, text, "24_gaps.csv")
    if tally.stale_identities:
        text = f"{tally.stale_identities} of {counts(tally.identities, 'identity')} are shown as an older run saw them."
        yield _fact(UNKNOWN, text, "03_identity_inventory.csv")


def _untested(tally: Tally, now: Standing) -> Iterator[KeyFact]:
    untested = tally.count(ResultStatus.NOT_TESTED)
    if untested:
        text = f"{untested} of {counts(now.results, 'result')} could not be tested; {counts(len(now.untestable), 'control')} cannot be tested at all by this version."
        yield _fact(UNKNOWN, text, _RESULTS)
    elif not now.results:
        yield _fact(UNKNOWN, "There is no result of any control.", _RESULTS)


def _no_failures(tally: Tally) -> Iterator[KeyFact]:
    if tally.count(ResultStatus.PASS) and not tally.count(ResultStatus.FAIL, ResultStatus.EXCEPTION):
        text = "Nothing fails, which is not credible in an estate of any size: ask how limits and scope were set."
        yield _fact(NOTE, text, _RESULTS)


def _open(tally: Tally, now: Standing) -> Iterator[KeyFact]:
    if now.open:
        found = tally.open_by_severity
        by = ", ".join(f"{found[one.value]} {one.value}" for one in reversed(Tier) if found[one.value])
        fixed = sum(number for (_, status), number in tally.findings.items() if status is not FindingStatus.OPEN)
        yield _fact(NOTE, f"{counts(now.open, 'finding')} open ({by}), {fixed} on record as mended.", _FINDINGS)


def _mended(now: Standing) -> Iterator[KeyFact]:
    file = "36_mended_failures.csv"
    if now.stories:
        yield _fact(GOOD, f"{counts(now.stories, 'failure')} found, told, fixed and verified in the period.", file)
    elif now.mended:
        text = f"{counts(now.mended, 'failure')} fixed in the period, none of them told and verified yet."
        yield _fact(NOTE, text, file)
