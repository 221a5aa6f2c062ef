"""What this pack does not know, most important first: nothing here is ever said by leaving it out."""

from collections import Counter
from collections.abc import Iterator

from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.front.page_one import NotCovered
from prooftrail.pack.front.standing import Standing, listed, shortened
from prooftrail.pack.registers.control_map import in_force
from prooftrail.pack.registers.period_gaps import days_after_clock
from prooftrail.pack.registers.ticks import TickState, counts, days_before_chain, shown, tick_name
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import UNPLANNED, PeriodView

_SHORT = {"unreachable": "not at all", "gaps": "in part", "skipped": "left out", UNPLANNED: "in no plan"}
_STATEMENTS = {"scope.toml": "exclusions", "owners.toml": "owners", "soa.toml": "the statement of applicability"}


def gaps(period: PeriodView, tally: Tally, now: Standing) -> tuple[str, ...]:
    """Sentences, each with a count."""
    return (
        *_period(period),
        *_chain(period, tally),
        *_accounts(period, tally, now),
        *_over_time(period),
        *_ticks(now),
        *_organization(period),
        *_reconciliation(tally),
        *_results(period, tally, now),
        *_policy(period),
        *_notices(period),
    )


def _period(period: PeriodView) -> Iterator[str]:
    if not period.runs:
        shown_ = f"{shown(period.as_of.taken_at)}, run {period.as_of.run_id}"
        yield f"0 runs were made in the period: no control operated in it. What is shown is the state of {shown_}."
    if days := days_before_chain(period):
        began = shown(period.genesis.created_at)
        yield f"{counts(days, 'day')} of the period {'lies' if days == 1 else 'lie'} before the chain began ({began}): nothing is known of them."
    if days := days_after_clock(period):
        yield f"{counts(days, 'day')} of the period not known: nothing is known after {shown(period.clock)}."
    if period.copy:
        yield shortened(period.copy[0])
    if period.options.accounts is not None:
        yield _narrowed(period)


def _narrowed(period: PeriodView) -> str:
    """To how many of the accounts of the run shown the pack is narrowed, and to how many that are not of that run."""
    known = {one.id for one in period.context.accounts}
    others = sum(one not in known for one in period.accounts)
    among = f"{len(period.accounts) - others} of {counts(len(known), 'account')}"
    if not others:
        return f"The pack is narrowed to {among}; run figures are of all of them."
    outside = "an account that is" if others == 1 else f"{others} accounts that are"
    outside += f" not among the {len(known)} of the run shown"
    both = f"{among} and to {outside}" if others < len(period.accounts) else outside
    return f"The pack is narrowed to {both}; run figures are of all of those {len(known)}."


def _chain(period: PeriodView, tally: Tally) -> Iterator[str]:
    if period.problems:
        number = counts(len(period.problems), "problem")
        yield f"{number} of the chain, first: {shortened(period.problems[0])}"
    wrong = list(dict.fromkeys(tally.wrong))
    if wrong:
        yield f"{counts(len(wrong), 'sealed object')} gone or not what was sealed, first: {shortened(wrong[0])}"


def _accounts(period: PeriodView, tally: Tally, now: Standing) -> Iterator[str]:
    accounts = now.accounts
    reasons = {one.account: one.reason or "no reason was given" for one in period.as_of.coverage}
    held = {
        status: [
            one.account for one in period.as_of.coverage if one.status == status and one.account in period.accounts
        ]
        for status in ("unreachable", "gaps", "skipped")
    }
    if accounts.unread:
        first = held["unreachable"][:1]
        why = f": {first[0]}: {shortened(reasons[first[0]])}" if first else ""
        yield f"{accounts.unread} of {counts(accounts.wanted, 'account')} could not be read in the run shown{why}"
    if accounts.gaps:
        said = listed([f"{one} ({shortened(reasons[one], longest=100)})" for one in held["gaps"]])
        yield f"{accounts.gaps} of {counts(accounts.wanted, 'account')} read in part: {said}."
    if tally.stale_identities:
        yield f"{tally.stale_identities} of {counts(tally.identities, 'identity')} are shown as an older run saw them."
    if accounts.skipped:
        said = listed([f"{one} ({shortened(reasons[one], longest=100)})" for one in held["skipped"]])
        yield f"{counts(accounts.skipped, 'account')} left out, by policy or by its state: {said}."
    if accounts.unplanned:
        gone = tally.departed
        known = f"{counts(accounts.unplanned, 'account')} known from earlier runs and not of the run shown any more"
        left = f"{counts(gone.identities, 'identity')}, {counts(gone.results, 'result')} and {counts(gone.open, 'open finding')}"
        yield f"{known}: registers list what was last seen there ({left}), and no count on this page has it but that of what went."
    unjudged = [one for one in tally.gathered.unjudged if one[0] not in held["unreachable"] + held["skipped"]]
    if unjudged:
        yield f"{counts(len(unjudged), 'account')} read and without a judgement, first {unjudged[0][0]}: {shortened(unjudged[0][1])}"


def _over_time(period: PeriodView) -> Iterator[str]:
    """What every run of the period did not read whole; the lines before speak of the run shown alone."""
    if len(period.runs) < 2:  # the one run is the one shown
        return
    short = {one: Counter[str]() for one in period.accounts}
    at: dict[str, set[str]] = {status: set() for status in _SHORT}
    for run in period.runs:
        status_of = {one.account: one.status for one in run.coverage}
        for account, found in short.items():
            status = status_of.get(account, UNPLANNED)
            if status in _SHORT:
                found[status] += 1
                at[status].add(run.run_id)
    runs = counts(len(period.runs), "run")
    for statuses, said in (
        (("unreachable", "gaps"), "not read whole"),
        (("skipped", UNPLANNED), "left out or in no plan"),
    ):
        them = {account: {one: found[one] for one in statuses if found[one]} for account, found in short.items()}
        ranked = sorted((-sum(found.values()), account) for account, found in them.items() if found)
        if ranked:
            on = len(set[str]().union(*(at[one] for one in statuses)))
            each = [
                f"{account} ({', '.join(f'{_SHORT[one]} {number}' for one, number in them[account].items())})"
                for _, account in ranked
            ]
            verb = "was" if len(ranked) == 1 else "were"
            yield (
                f"In the period {len(ranked)} of {counts(len(short), 'account')} {verb} {said} on {on} of {runs}: "
                f"{listed(each, most=5)}; 24_gaps.csv has each from when to when."
            )


def _ticks(now: Standing) -> Iterator[str]:
    days = [one.at for one in now.due]
    several = len({one.date() for one in days}) < len(days)
    for state, said in (
        (TickState.MISSED, "missed: what came and went between the runs around them was not seen"),
        (TickState.LATE, "met too late to count"),
    ):
        found = [tick_name(one.at, several=several) for one in now.due if one.state is state]
        if found:
            yield f"{counts(len(found), 'tick')} of the schedule {said} ({listed(found)})."


def _organization(period: PeriodView) -> Iterator[str]:
    unread = [gap for run in period.runs for gap in run.organization_gaps]
    if unread:
        runs = sum(bool(run.organization_gaps) for run in period.runs)
        yield f"{counts(runs, 'run')} did not read the organization whole, first: {shortened(unread[0])}"
    if not period.context.accounts_listed():
        yield "1 list is not complete: AWS did not tell all accounts of the organization, so who is missing is in no plan."


def _reconciliation(tally: Tally) -> Iterator[str]:
    if tally.unexplained:
        account, what, difference = tally.unexplained[0]
        number = counts(len(tally.unexplained), "count")
        yield f"{number} of the population without an explanation, first {what} in {account}, by {difference}."


def _results(period: PeriodView, tally: Tally, now: Standing) -> Iterator[str]:
    if now.untestable:
        number = f"{len(now.untestable)} of {counts(len(period.catalog.controls), 'control')}"
        yield f"{number} cannot be tested by this version: {', '.join(now.untestable)}."
    parts = [one for control in period.catalog.controls if control.testable for one in control.not_covered]
    if parts:
        yield f"{counts(len(parts), 'part')} of controls that are tested {'is' if len(parts) == 1 else 'are'} not covered: 05_control_map.csv names each with the reason."
    untested = tally.count(ResultStatus.NOT_TESTED)
    if untested:
        reasons = sorted(tally.not_tested.items(), key=lambda one: (-one[1], one[0]))
        most = shortened(reasons[0][0].rstrip("."), longest=160)
        yield f"{untested} of {counts(now.results, 'result')} NOT_TESTED, for {counts(len(reasons), 'reason')}; the commonest ({reasons[0][1]}): {most}."


def _policy(period: PeriodView) -> Iterator[str]:
    absent = period.context.governance.absent
    if absent:
        means = "; without " + ", ".join(
            f"{one} nothing is known of {_STATEMENTS[one]}" for one in absent if one in _STATEMENTS
        )
        said = means if any(one in _STATEMENTS for one in absent) else ""
        yield f"{counts(len(absent), 'policy file')} not supplied ({', '.join(absent)}){said}."
    limits = [(one.id, name) for one in period.catalog.controls for name in one.thresholds]
    approved = {(one.control, one.name) for control in period.catalog.controls for one in in_force(period, control.id)}
    default = sum(one not in approved for one in limits)
    if default:
        yield f"{default} of {counts(len(limits), 'limit')} are defaults of the control map that nobody in the organization approved."


def _notices(period: PeriodView) -> Iterator[str]:
    unknown = sum(one.status in ("not known", "not recorded") for one in period.notices)
    if unknown:
        yield f"{counts(unknown, 'notice')} of which nobody can say whether it was sent."


NOT_COVERED = (
    NotCovered(
        what="08 provisioning: approval before creation",
        why="this version reads neither CloudTrail nor an approval system",
        ask_instead="change or access requests with approver and time, and CloudTrail's creation events for a sample of file 02",
    ),
    NotCovered(
        what="09 deprovisioning",
        why="this version does not read CloudTrail",
        ask_instead="tickets of removals, and 02_identities_came_and_went.csv for what disappeared between runs",
    ),
    NotCovered(
        what="10 joiners, movers and leavers",
        why="this version reads no HR or identity-provider feed",
        ask_instead="the HR list of leavers of the period, to be held against files 03 and 32",
    ),
    NotCovered(
        what="12 proof that a revoked credential is dead",
        why="this version reads neither later use nor revocation lists",
        ask_instead="CloudTrail lookups of the old key ids in 11_rotation.csv",
    ),
    NotCovered(
        what="13 and 14 access reviews and their decisions",
        why="this version records no reviews yet",
        ask_instead="the last two reviews of privileged access with decisions, to be held against file 03",
    ),
    NotCovered(
        what="18 use of privileged access",
        why="this version does not read CloudTrail",
        ask_instead="CloudTrail's events of the administrators that file 04 names",
    ),
    NotCovered(
        what="19 authentication summary",
        why="this version reads last use only, and no sign-in events",
        ask_instead="sign-in logs of the identity provider and of the AWS console",
    ),
    NotCovered(
        what="21 incidents",
        why="this version reads no incident records",
        ask_instead="the incident register of the period, filtered by identity",
    ),
    NotCovered(
        what="management review minutes",
        why="they are no evidence AWS could give",
        ask_instead="minutes in which the figures of 26_metrics.csv were shown",
    ),
    NotCovered(
        what="internal audit reports",
        why="they are no evidence AWS could give",
        ask_instead="the last internal audit of access control and of this product",
    ),
)
"""What an auditor may expect and this version does not collect."""
