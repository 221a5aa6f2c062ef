"""Page one: what the pack is worth, what it covers and does not, the ten facts that matter most, and the auditor's questions."""

import re
from collections.abc import Callable, Iterator

import msgspec

from prooftrail.controls.crosswalk import FRAMEWORKS
from prooftrail.evidence.assurance import WORDS
from prooftrail.model.identity import IdentityClass
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.front.facts import facts
from prooftrail.pack.front.gaps import NOT_COVERED, gaps
from prooftrail.pack.front.page_one import KeyFact, PageOne, Question
from prooftrail.pack.front.questions import assurance, questions
from prooftrail.pack.front.standing import Standing, accounts_in_words, listed, standing
from prooftrail.pack.registers.coverage import coverage_of
from prooftrail.pack.registers.metrics import percent
from prooftrail.pack.registers.ticks import counts, results_of, schedule_kept, shown
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_KEY_FILE = "file"
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def front(period: PeriodView, tally: Tally) -> PageOne:
    """Page one of the pack, its texts revealed, on one line each and without unseen characters; `tally` has taken up all."""
    now = standing(period, tally)

    def reveal(text: str) -> str:
        return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", " ".join(period.reveal(text).split()))

    level = assurance(period)
    whose = period.context.organization.id or f"account {period.context.caller_account}"
    return PageOne(
        title=f"Evidence of AWS identities of {whose}, {period.options.since} to {period.options.until}",
        verdict=reveal(_verdict(period, now)),
        assurance=level.value,
        assurance_means=_assurance_means(period),
        period=f"{period.options.since} to {period.options.until}, both days included, UTC",
        as_of=_as_of(period),
        scope=tuple(map(reveal, _scope(period, tally, now))),
        operated=schedule_kept(period),
        coverage=tuple(_coverage(period, tally, now)),
        gaps=tuple(map(reveal, gaps(period, tally, now))),
        facts=tuple(_fact(one, reveal) for one in facts(period, tally, now)),
        questions=tuple(_question(one, reveal) for one in questions(period, tally, now)),
        not_covered=NOT_COVERED,
        identification=tuple((name, reveal(value)) for name, value in _identification(period)),
    )


def _verdict(period: PeriodView, now: Standing) -> str:
    if not now.accounts.read and not now.results:
        return (
            "This pack holds what was sealed, which is nothing about any identity: no account was read. It claims no "
            "conformity with any standard."
        )
    if not period.runs:
        return (
            f"No run was made in the period: this pack shows what run {period.as_of.run_id} left before it, and nothing "
            "operated since as far as is known; it claims no conformity with any standard."
        )
    runs = counts(len(period.runs), "run")
    return (
        f"This pack shows what {counts(len(period.catalog.controls), 'control')} came to for the identities that {runs} of the "
        "period could read, with the sealed evidence behind each line; it claims no conformity with any standard, and a "
        "result of PASS says that one test passed."
    )


def _assurance_means(period: PeriodView) -> str:
    said = f"{WORDS[assurance(period)]}; only verify.py, with a fingerprint from outside this pack, says whether that holds"
    if period.words:
        newest = max(period.words, key=lambda one: (one.seq, one.key))
        number = counts(len(period.words), "word")
        said += f". {number} of a watchdog lie beside the chain, the newest about slot {newest.seq} at {shown(newest.checked_at)}"
    return f"{said}."


def _as_of(period: PeriodView) -> str:
    run = period.as_of
    said = f"run {run.run_id} of {shown(run.taken_at)} (manifest {run.seq})"
    if period.runs:
        return said
    return f"{said}, which is the last one before the period: none was made in it"


def _of_pack(now: Standing) -> str:
    gone = now.accounts.unplanned
    said = counts(now.accounts.known, "account")
    return f"{said}, {gone} of them known from earlier runs and not of that plan" if gone else said


def _scope(period: PeriodView, tally: Tally, now: Standing) -> Iterator[str]:
    known = period.context.accounts
    whose = period.context.organization.id
    where = f"organization {whose}" if whose else "a single account, no organization"
    planned = coverage_of(period.as_of)
    yield (
        f"AWS listed {counts(len(known), 'account')} of {where} in the run shown; its plan had {planned.to_read} to be read and "
        f"{planned.left_out} left out. This pack has {_of_pack(now)}."
    )
    if period.options.accounts is not None:
        yield f"Narrowed on request to {listed(sorted(period.accounts), most=5)}."
    regions = tally.gathered.regions_read
    if regions:
        yield f"{counts(len(regions), 'region')} were read for what is regional: {', '.join(sorted(regions))}."
    by_class = ", ".join(f"{tally.of_class(one)} {one.value.replace('_', '-')}" for one in IdentityClass)
    kinds = {kind for kind, _ in tally.by_kind}
    yield f"{counts(tally.identities, 'identity')} of {counts(len(kinds), 'kind')}: {by_class}."
    for one in period.context.governance.scope.exclude:
        if one.holds(period.as_of.taken_at):
            yield f"Excluded: {one.subject} ({one.reason}; approved by {one.approved_by} on {one.approved_on})."


def _coverage(period: PeriodView, tally: Tally, now: Standing) -> Iterator[str]:
    yield f"{accounts_in_words(now.accounts).capitalize()}."
    gathered = tally.gathered
    yield f"{gathered.cells_whole} of {counts(gathered.cells_read, 'source')} of those accounts were read to their end."
    if now.results:
        passed, failed = tally.count(ResultStatus.PASS), tally.count(ResultStatus.FAIL)
        excepted, other = tally.count(ResultStatus.EXCEPTION), tally.count(ResultStatus.NOT_APPLICABLE)
        untested = tally.count(ResultStatus.NOT_TESTED)
        yield (
            f"{counts(now.results, 'result')}: {passed} PASS, {failed} FAIL, {excepted} EXCEPTION, {other} NOT_APPLICABLE, "
            f"{untested} NOT_TESTED ({percent(untested, now.results)})."
        )
    else:
        yield "No control gave any result for these accounts."
    if period.options.accounts is None:
        yield _reconciled(period, tally, now)


def _reconciled(period: PeriodView, tally: Tally, now: Standing) -> str:
    """Whether what is listed is what the signed manifest counts, with both numbers."""
    manifest = period.as_of
    identities, results = manifest.counts.get("identities", 0), sum(results_of(manifest).values())
    older, judged = tally.stale_identities, now.results - tally.gathered.stale_results
    current = tally.gathered.current_identities
    if (current, judged) == (identities, results):
        said = f"The signed manifest of the run shown counts the same: {counts(identities, 'identity')}, {counts(results, 'result')}"
    else:
        said = (
            f"The signed manifest of the run shown counts {counts(identities, 'identity')} and {counts(results, 'result')}; "
            f"this pack lists {current} and {judged} of that run"
        )
    apart = tally.identities - current
    more = f"; {counts(apart, 'identity')} of accounts that an older run read come on top" if apart else ""
    carried = f"; {older} are shown as an older run saw them" if older else ""
    return f"{said}{more}{carried}."


def _identification(period: PeriodView) -> Iterator[tuple[str, str]]:
    run, governance = period.as_of, period.context.governance
    yield "locker", period.locker
    yield "locker id (hash of the genesis)", period.locker_id
    yield "head of the chain", str(period.head)
    yield "run of the head", period.head_run
    yield "newest knowledge", shown(period.clock)
    yield "run shown", run.run_id
    yield "its manifest", f"{run.seq}:{run.manifest_sha256}"
    yield "code that ran it", f"{run.code.version} {run.code.sha256}"
    yield "code that made this pack", f"{period.code_version} {period.code_sha256}".strip() or "not stated"
    yield (
        "policy in force",
        f"{run.governance.sha256}"
        + (f", version {governance.thresholds.version}" if governance.thresholds.version else ""),
    )
    yield "catalog of controls", f"{period.catalog.version} {period.catalog.sha256}"
    yield (
        "key of the genesis",
        f"{period.genesis.key_fingerprint} ({'a key file' if period.genesis.key_origin == _KEY_FILE else period.genesis.key_origin})",
    )
    yield "keys in force", ", ".join(f"from slot {one.since}: {one.fingerprint}" for one in period.keys)
    yield "account that scans", period.genesis.account
    yield "account of the evidence", period.genesis.evidence_account or "not declared to be another"
    yield "schedule", period.schedule.worded() if period.schedule else "none declared"
    yield "framework asked for", FRAMEWORKS.get(period.options.framework, period.options.framework)
    yield "people", _people(period)


def _people(period: PeriodView) -> str:
    if period.people_known:
        return "named"
    return (
        "owners, contacts and mail addresses stand as pseudonyms; names of IAM users, roles and secrets, their ARNs and free "
        "text of AWS and of policy do not, and may hold people's names"
    )


def _fact(one: KeyFact, reveal: Callable[[str], str]) -> KeyFact:
    return msgspec.structs.replace(one, text=reveal(one.text))


def _question(one: Question, reveal: Callable[[str], str]) -> Question:
    missing = reveal(one.missing) if one.missing else None
    return msgspec.structs.replace(one, answer=reveal(one.answer), missing=missing)
