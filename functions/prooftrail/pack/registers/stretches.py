"""From when to when something was not read: the runs of a period one after the other, and what each did not show of an account.

A gap begins with the run that first showed it and ends with the run that first read the place and did not. A run that did
not read the account at all ends no gap of one of its sources: nobody looked. Of the run before the period its manifest alone
is asked: a gap that it had began before the period, and one that it did not have was seen to begin.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.judgement import ResultStatus
from prooftrail.model.reading import GLOBAL, Collector
from prooftrail.pack.registers.refusals import refusals
from prooftrail.pack.view import READ, UNPLANNED, AccountView, PeriodView, Refused, Shortfall

NOT_JUDGED = "not judged"
SEEN, THERE = "seen to begin: the run before did not show it", "there in the first run looked at: nobody saw it begin"
BEFORE = "before the period"
NOT_KNOWN = "not known whether it began before the period"
_CELLS = "cells were not read whole: "  # the words of a manifest, before it names every source
_RUN = re.compile(r"\d{8}T\d{6}Z")

type Told = Callable[[Refused], str]
"""What is to be done about a refusal: of two with the same call, another remedy tells another cause."""


@dataclass(slots=True)
class Stretch:
    """One gap. `status` and `reason` are of an account as a whole; `refused` is of one of its sources, as last seen.

    `until` None: it lasts, as of the last run that looked. `ended_by` says what the account was read as then.
    """

    since: datetime
    run_id: str
    beginning: str
    status: str
    reason: str | None = None
    refused: Refused | None = None
    evidence: str | None = None
    runs: int = 1
    until: datetime | None = None
    ended_by: str | None = None


@dataclass(slots=True)
class _Run:
    run_id: str
    at: datetime
    short: Shortfall | None


def begun(
    period: PeriodView, since: datetime, had: bool | None, *, looked: bool = False, until: datetime | None = None
) -> tuple[datetime, str]:
    """`from` and `beginning` of a gap first shown at `since`: never before the period, unless it was over by then.

    `had` says whether the run before the period had it, None where that cannot be told; `looked` that a run of the period
    looked before `since` and did not see it.
    """
    start = (period.runs or (period.as_of,))[0].taken_at
    if since < start or not period.runs:
        return since if until is not None and until <= start else max(since, start), BEFORE
    if looked:
        return since, SEEN
    if period.before is None:
        return since, THERE
    return since, NOT_KNOWN if had is None else BEFORE if had else SEEN


def covered_before(period: PeriodView, account: str) -> AccountCoverage | None:
    """How the run before the period came out for an account; None where it did not plan for it, or there is none."""
    before = period.before
    return next((each for each in before.coverage if each.account == account), None) if before else None


def of_account(one: AccountView, period: PeriodView) -> list[Stretch]:
    """When the account as a whole was not read, or read and not judged; oldest first."""
    found: list[Stretch] = []
    last: Hashable = None
    for run in _runs(one, period):
        key, status = _account_state(run.short)
        if last is not None and key != last:
            found[-1].until, found[-1].ended_by = run.at, _came_out(run.short)
        if key is None:
            last = None
            continue
        if key == last:
            held = found[-1]
            held.runs, held.run_id = held.runs + 1, run.run_id
        else:
            looked = run.at > _first_at(one, period)
            had = None if looked else _had_state(one, period, key)
            since, beginning = begun(period, run.at, had, looked=looked)
            found.append(
                Stretch(since, run.run_id, beginning, status, evidence=run.short.evidence if run.short else None)
            )
        found[-1].reason = run.short.reason if run.short else None
        last = key
    return found


def of_sources(one: AccountView, period: PeriodView, told: Told) -> list[Stretch]:
    """When single sources of it were not read to their end, in order of beginning, source and region."""
    open_: dict[Hashable, Stretch] = {}
    done: list[Stretch] = []
    looked = False
    for run in _readings(one, period):
        current = _current(one, run)
        if current is None:
            continue
        keys = {_key(each, told): each for each in current}
        for key in [each for each in open_ if each not in keys]:
            ended = open_.pop(key)
            ended.until, ended.ended_by = (
                run.at,
                "read to its end" if not keys else "this was read, other things were not",
            )
            done.append(ended)
        for key, refused in keys.items():
            held = open_.get(key)
            if held is None:
                _, beginning = begun(period, run.at, _had_source(one, period, refused), looked=looked)
                held = open_[key] = Stretch(run.at, run.run_id, beginning, refused.status.value, runs=0)
            held.refused, held.run_id, held.runs = refused, run.run_id, held.runs + 1
            held.evidence = _evidence(one, run)
        looked = True
    for each in (*done, *open_.values()):
        if each.beginning == BEFORE:
            each.since, _ = begun(period, each.since, True, until=each.until)
    return sorted([*done, *open_.values()], key=_order)


def _had_state(one: AccountView, period: PeriodView, key: Hashable) -> bool | None:
    """True if the run before the period left the account in the same state; whether it judged it no manifest says."""
    covered = covered_before(period, one.account)
    if one.of_organization or (key == NOT_JUDGED and covered is not None and covered.status in READ):
        return None
    status, reason = (covered.status, covered.reason) if covered else (UNPLANNED, None)
    short = Shortfall(run_id="", at=period.as_of.taken_at, status=status, reason=reason, judged=True)
    return _account_state(short)[0] == key


def _had_source(one: AccountView, period: PeriodView, refused: Refused) -> bool | None:
    """True if the manifest before the period names the source with this status, False if it names it not at all.

    Of a source that is read in many regions it does not say in which it was refused.
    """
    covered = covered_before(period, one.account)
    if covered is None or covered.status not in READ:
        return None
    if covered.status == "sealed":
        return False if covered.cells == covered.cells_ok else None
    said, name = covered.reason or "", refused.collector.value
    if not re.search(rf"\b{name}\b", said):
        return False if _CELLS in said else None
    same = re.search(rf"\b{name} {refused.status.value}(?:,|$)", said)
    return True if same and refused.region == GLOBAL else None


def untested_from(since: datetime | None, one: AccountView, period: PeriodView) -> tuple[datetime | None, str | None]:
    """`from` and `beginning` of results that are NOT_TESTED since then; None where no findings say since when."""
    if since is None:
        return None, None
    short = {each.run_id: each for each in one.shortfalls}
    looked = any(run.taken_at < since and (run.run_id not in short or short[run.run_id].judged) for run in period.runs)
    before = covered_before(period, one.account)
    judged = one.of_organization or (before is not None and before.status in READ)
    return begun(period, since, False if judged else None, looked=looked)


def untested_since(period: PeriodView, control: str) -> datetime:
    """The first run of the period from which on every one, up to the one shown, had such a result of the control."""
    since = period.as_of.taken_at
    for run in reversed(period.runs):
        if not run.counts.get(f"result:{control}:{ResultStatus.NOT_TESTED.value}", 0):
            break
        since = run.taken_at
    return since


def older_shown(one: AccountView) -> dict[tuple[Collector, str], str]:
    """For each place of which an older snapshot is shown, the newest run it is shown as of."""
    read, found = one.read_run.run_id if one.read_run else None, dict[tuple[Collector, str], str]()
    for each in one.listed:
        if each.seen_in != read:
            place = each.identity.collector, each.identity.region
            found[place] = max(found.get(place, ""), each.seen_in)
    return found


def _order(one: Stretch) -> tuple[datetime, str, str, str]:
    refused = one.refused
    return (
        (one.since, refused.collector.value, refused.region, refused.api or "") if refused else (one.since, "", "", "")
    )


def _runs(one: AccountView, period: PeriodView) -> Iterator[_Run]:
    """The runs of the period, or the one shown where there are none; what the view says of the one shown stands."""
    short = {each.run_id: each for each in one.shortfalls}
    for run in period.runs or (period.as_of,):
        found = short.get(run.run_id)
        if found is None and run == period.as_of and one.status not in READ and not one.of_organization:
            found = Shortfall(run_id=run.run_id, at=run.taken_at, status=one.status, reason=one.reason, judged=False)
        yield _Run(run.run_id, run.taken_at, found)


def _readings(one: AccountView, period: PeriodView) -> Iterator[_Run]:
    """The same, and before them the older run whose reading is shown."""
    runs = list(_runs(one, period))
    read = one.read_run
    if read is not None and all(each.run_id != read.run_id for each in runs):
        yield _Run(read.run_id, read.taken_at, None)
    yield from runs


def _current(one: AccountView, run: _Run) -> Iterable[Refused] | None:
    """What a run did not read of it; None where it read nothing, or nobody can tell."""
    if one.read_run is not None and one.read_run.run_id == run.run_id:
        return [each for cell in one.cells for each in refusals(cell)]
    if run.short is None:
        return ()
    return run.short.refused if run.short.read else None


def _evidence(one: AccountView, run: _Run) -> str | None:
    if one.read_run is not None and one.read_run.run_id == run.run_id:
        return one.snapshot.id if one.snapshot else None
    return run.short.evidence if run.short else None


def _account_state(short: Shortfall | None) -> tuple[Hashable, str]:
    if short is None or (short.read and short.judged):
        return None, "sealed"
    if short.read:
        return NOT_JUDGED, NOT_JUDGED
    return (short.status, None if short.status == UNPLANNED else _RUN.sub("", short.reason or "")), short.status


def _came_out(short: Shortfall | None) -> str:
    if short is None:
        return "read whole"
    if short.read:
        return "read in part" if short.judged else "read and not judged"
    return short.status


def _first_at(one: AccountView, period: PeriodView) -> datetime:
    return next(_runs(one, period)).at


def _key(one: Refused, told: Told) -> Hashable:
    return one.collector, one.region, one.status, one.api, one.reason, told(one)
