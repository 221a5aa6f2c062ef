"""Assessment results: what was observed of whom, what that means for each control, and the runs the period had.

Each result that is FAIL, EXCEPTION or NOT_TESTED is an observation of its own; those that are PASS or NOT_APPLICABLE
are one observation for each control and status, with their number, and the remarks say so.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from prooftrail.controls.catalog import Control
from prooftrail.governance.exceptions import Compensator
from prooftrail.model import canonical
from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus, SubjectType
from prooftrail.pack.oscal.risks import Outcome, observation_uuid, risk, risk_uuid
from prooftrail.pack.oscal.subjects import (
    ORIGIN,
    account_component,
    account_uuid,
    evidence_resource,
    evidence_uuid,
    inventory_item,
    subject,
    tool,
    unlisted_item,
)
from prooftrail.pack.oscal.text import Spool, known, object_uuid, pack, packed, props, prose, title, token
from prooftrail.pack.registers.coverage import coverage_of, narrowed
from prooftrail.pack.registers.gathered_exceptions import Near, cited_in
from prooftrail.pack.registers.predicates import INFERRED, came_to
from prooftrail.pack.tally import UNPLANNED
from prooftrail.pack.view import AccountView, PackRun, PeriodView

SINGLE = (ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.NOT_TESTED)
"""Statuses each of whose results is an observation of its own."""

_OF_DEPARTED = " Last seen so: the account is not of the run shown any more, and nothing counts or plans for it."


class Observed:
    """Everything the accounts give, kept compressed until the documents are written."""

    def __init__(self, period: PeriodView) -> None:
        self.period = period
        self.controls = {one.id: one for one in period.catalog.controls}
        self.exceptions = {one.id: one for one in period.context.governance.exceptions.exception}
        self.observations, self.risks, self.planned, self.items = Spool(), Spool(), Spool(), Spool()
        self.components: list[dict[str, Any]] = [tool(period)]
        self.resources: dict[str, dict[str, Any]] = {}
        self.counts: Counter[tuple[str, ResultStatus]] = Counter()
        self.unjudged: list[str] = []
        self.left_out: list[str] = []
        self.departed: list[str] = []
        self.judged = self.stale = self.departed_open = 0
        self.observed_of: dict[str, bytearray] = defaultdict(bytearray)
        self.unseen: Counter[str] = Counter()
        self.risks_of: dict[str, bytearray] = defaultdict(bytearray)
        self.began = period.as_of.started_at

    def take(self, one: AccountView) -> Iterator[Finding]:
        """Keep what one account gives; yields its open findings, each of which is a risk to plan for.

        Those of an account that is not of the run shown any more are risks of the results too, marked, and are not yielded.
        """
        self.components.append(account_component(one, self.period))
        for each in (one.snapshot, one.assessment, one.findings_object, *one.raw):
            if each is not None:
                self.resources.setdefault(each.stored_sha256, evidence_resource(each))
        departed = one.status == UNPLANNED and not one.of_organization
        if departed:
            self.departed.append(one.account)
        elif one.unjudged is not None:
            (self.left_out if one.status == "skipped" else self.unjudged).append(one.account)
        else:
            self.stale += one.stale
            self.judged += not (one.stale or one.of_organization)
        if one.judged_run:
            self.began = min(self.began, one.judged_run.started_at)
        if one.unjudged is not None:
            self._unjudged(one, one.unjudged)
        self._results(one, counts=not departed)
        yield from self._risks(one, departed=departed)

    def came_to_something(self, control: str) -> bool:
        """True where a control was asked of anything it applies to, whether or not it could be tested."""
        return self.unseen[control] > 0 or any(
            self.counts[control, one] for one in ResultStatus if one is not ResultStatus.NOT_APPLICABLE
        )

    def _results(self, one: AccountView, *, counts: bool) -> None:
        seen: set[str] = set()
        for at, each in enumerate(one.results):
            self.counts[each.control, each.status] += counts
            if each.status not in SINGLE:
                continue
            uuid = observation_uuid(each.control, each.subject, one.account)
            self.observed_of[each.control] += pack(uuid) if counts else b""
            self.observations.add(self._observation(uuid, each, one, one.first_result_line + at))
            if each.identity is not None and each.subject_type is not SubjectType.EXCEPTION:
                seen.add(each.identity)
        listed = {each.identity.id: each for each in one.listed if each.identity.id in seen}
        for name in sorted(seen):
            found = listed.get(name)
            self.items.add(inventory_item(found, self.period) if found else unlisted_item(name, one, self.period))

    def _observation(self, uuid: str, result: Result, one: AccountView, at: int) -> dict[str, Any]:
        show, sealed = self.period.reveal, one.assessment
        judged = one.judged_run or self.period.as_of
        cited = {
            "href": f"#{evidence_uuid(sealed.stored_sha256)}",
            "description": f"line {at} of the assessment {sealed.id}, once unpacked",
            "props": props(evidence_line=at),
        } if sealed else {"description": "The sealed assessment is not there any more."}  # fmt: skip
        return known(
            uuid=uuid,
            title=title(f"{result.control} {result.status.value}: {show(result.subject)}"),
            description=prose(show(result.reason)),
            props=props(
                control=result.control,
                result=result.status.value,
                account=one.account,
                subject=show(result.subject),
                tier=result.tier.value if result.tier else None,
                measured=show(result.value) if result.value else None,
                limit=f"{result.limit.name} {result.limit.value}" if result.limit else None,
                exception=show(result.exception) if result.exception else None,
                held_since=one.held_since.get((result.control, result.subject)),
            ),
            methods=["TEST"],
            types=["control-objective" if result.status is ResultStatus.NOT_TESTED else "finding"],
            subjects=[subject(result, one, self.period)],
            relevant_evidence=[cited],
            collected=canonical.timestamp(judged.taken_at),
            remarks=prose(show("\n".join(f"Gap: {each}" for each in result.gaps))) if result.gaps else None,
        )

    def _unjudged(self, one: AccountView, why: str) -> None:
        named = "the organization" if one.of_organization else f"account {one.account}"
        self.observations.add(
            {
                "uuid": object_uuid("unjudged", one.account, self.period.as_of.run_id),
                "title": title(f"NOT_TESTED: {named}"),
                "description": prose(f"No control was tested in {named}: {self.period.reveal(why)}"),
                "props": props(result="NOT_TESTED", account=one.account),
                "methods": ["TEST"],
                "types": ["control-objective"],
                "subjects": [
                    {
                        "subject-uuid": account_uuid(one.account, self.period.context.organization.id),
                        "type": "component",
                    }
                ],
                "collected": canonical.timestamp(self.period.as_of.taken_at),
            }
        )

    def _risks(self, one: AccountView, *, departed: bool) -> Iterator[Finding]:
        """Keep the risks of one account; those of an account that left are told, and neither planned nor counted."""
        outcome = self._outcome(one)
        observed = {(each.control, each.subject) for each in one.results if each.status in SINGLE}
        for each in one.findings:
            if each.status is not FindingStatus.OPEN:
                continue
            self.risks_of[each.control] += b"" if departed else pack(risk_uuid(each, one.account))
            made = risk(
                each,
                self.controls[each.control],
                one.account,
                self.exceptions,
                outcome,
                self.period.reveal,
            )
            if departed:
                made["props"] += props(account_status=UNPLANNED)
                made["description"] += _OF_DEPARTED
                self.departed_open += 1
            else:
                self.planned.add(made)
            if (each.control, each.subject) in observed:
                made["related-observations"] = [
                    {"observation-uuid": observation_uuid(each.control, each.subject, one.account)}
                ]
            else:
                self.unseen[each.control] += not departed
            self.risks.add(made)
            if not departed:
                yield each

    def _outcome(self, one: AccountView) -> Outcome:
        """What compensating controls came to in an account, by the same reading as 16_compensating_tests."""
        excepted = {
            (each.control, each.subject): cited_in(one, at, each)
            for at, each in enumerate(one.results)
            if each.exception in self.exceptions
        }
        named = [self.exceptions[each.result.exception or ""] for each in excepted.values()]
        wanted = {each.control for entry in named for each in entry.compensating if each.control}
        identities = one.identities() if excepted else {}
        near = Near(one, wanted, identities)

        def came(each: Compensator, finding: Finding) -> str:
            cited = excepted.get((finding.control, finding.subject))
            if cited is None:
                return "no result"
            made = came_to(each, cited, near, identities, self.period)
            return INFERRED if made.inferred else made.status.value

        return came


def aggregated(seen: Observed, csv: str) -> Iterator[dict[str, Any]]:
    """One observation for each control and status of the results that are not told one by one."""
    for (control, status), number in sorted(seen.counts.items()):
        if status in SINGLE or not number:
            continue
        uuid = object_uuid("aggregated", control, status.value)
        seen.observed_of[control] += pack(uuid)
        yield {
            "uuid": uuid,
            "title": title(f"{control} {status.value}: {number:,} results"),
            "description": prose(f"{number:,} results of {control} are {status.value}. Each is a row of 07_identity_control_results."),
            "props": props(control=control, result=status.value, count=number),
            "methods": ["TEST"],
            "types": ["control-objective"],
            "relevant-evidence": [{"href": f"#{csv}", "description": "the register of every result"}],
            "collected": canonical.timestamp(seen.period.as_of.taken_at),
            "remarks": "Aggregated: these results are not observations of their own here.",
        }  # fmt: skip


def findings(seen: Observed) -> Iterator[dict[str, Any]]:
    """One finding for each control that came to anything but NOT_APPLICABLE."""
    for control in seen.period.catalog.controls:
        if not seen.came_to_something(control.id):
            continue
        counts = {status: seen.counts[control.id, status] for status in ResultStatus}
        state, reason, why = objective(control, counts, seen)
        yield known(
            uuid=object_uuid("finding", control.id),
            title=title(f"{control.id} {control.title}"),
            description=prose(", ".join(f"{number:,} {status.value}" for status, number in counts.items())),
            props=props(control=control.id, **{status.value.lower(): number for status, number in counts.items()}),
            origins=ORIGIN,
            target={
                "type": "objective-id",
                "target-id": f"{token(control.id)}_obj",
                "status": {"state": state, "reason": reason, "remarks": prose(why)},
            },
            related_observations=[{"observation-uuid": each} for each in packed(seen.observed_of[control.id])],
            related_risks=[{"risk-uuid": each} for each in packed(seen.risks_of[control.id])],
            remarks=prose("\n".join(f"Not covered: {each}" for each in control.not_covered)) if control.not_covered else None,
        )  # fmt: skip


def objective(control: Control, counts: dict[ResultStatus, int], seen: Observed) -> tuple[str, str, str]:
    """State, reason and a sentence. Satisfied is only what was tested whole, everywhere, in the run shown, and passed everywhere.

    Where no account shown was judged in that run, what the organization passed satisfies nothing: it had nobody to hold for.
    """
    everywhere = not control.of_organization
    left = "; ".join(control.not_covered)
    doubts = (
        (counts[ResultStatus.FAIL], "fail", "failing results"),
        (counts[ResultStatus.NOT_TESTED], "other", "results that could not be tested"),
        (len(seen.unjudged) if everywhere else 0, "other", "accounts that were not tested at all"),
        (seen.stale if everywhere else 0, "other", "accounts that are shown as an older run judged them"),
        (counts[ResultStatus.EXCEPTION], "other", "failing results that are accepted deviations"),
        (seen.unseen[control.id], "other", "open findings that could not be looked at again"),
    )
    found = [(reason, f"{what}: {number:,}") for number, reason, what in doubts if number]
    found += [] if seen.judged else [("other", "no account of this pack was tested in the run shown")]
    found += [("other", f"parts that are not covered: {left}")] if left else []
    if found:
        told = "; ".join(told for _, told in found)
        return "not-satisfied", found[0][0], f"{told[0].upper()}{told[1:]}."
    narrow = everywhere and seen.period.options.accounts is not None
    of = " This is of the accounts of this pack only." if narrow else ""
    return "satisfied", "pass", f"Every part of it is tested, and every result passed or does not apply.{of}"


def assessment_log(period: PeriodView) -> list[dict[str, Any]]:
    """An entry for each run of the period, and for each tick that has none."""
    missed = [one for one in period.ticks_due if one not in period.ticks_met]
    entries = [(one.taken_at, _run_entry(period, one)) for one in period.runs]
    entries += [
        (
            one,
            {
                "uuid": object_uuid("missed", period.locker_id, canonical.run_id(one)),
                "title": "A run was due and there is none",
                "start": canonical.timestamp(one),
                "props": props(tick=canonical.timestamp(one), operated="missed"),
            },
        )
        for one in missed
    ]
    return [entry for _, entry in sorted(entries, key=lambda each: each[0])]


def _run_entry(period: PeriodView, run: PackRun) -> dict[str, Any]:
    kind = "scheduled, closed late" if run.scheduled and run.late else run.trigger.value
    return {
        "uuid": object_uuid("run", period.locker_id, run.run_id),
        "title": title(f"Run {run.run_id} ({kind})"),
        "description": prose(f"{coverage_of(run).worded()}{narrowed(period)}."),
        "start": canonical.timestamp(run.started_at),
        "end": canonical.timestamp(run.closed_at),
        "props": props(run_id=run.run_id, manifest=f"{run.seq}:{run.manifest_sha256}", trigger=run.trigger.value),
        "logged-by": [{"party-uuid": object_uuid("organization", _organization(period))}],
    }


def _organization(period: PeriodView) -> str:
    return period.context.organization.id or "organization not known"
