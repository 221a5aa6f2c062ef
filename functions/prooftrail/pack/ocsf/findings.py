"""Findings as OCSF 1.5.0 Compliance Findings (class 2003), one JSON object a line, for a SIEM or a security lake.

A line is written for each finding, for each result that could not be tested, and for each account nobody could judge.
What passed and never failed has no line: absence from this file is no statement. How statuses are mapped, by the
schema's own definitions (https://schema.ocsf.io/1.5.0/objects/compliance):

- FAIL is 3 Fail, PASS is 1 Pass.
- NOT_TESTED is 2 Warning: "the check did not yield a result due to missing information".
- EXCEPTION is 99 Other, called `Exception`: the test failed and somebody accepts it, which the schema has no word for.
- A result that is gone, or does not apply any more, is 99 Other, called by its name.

These choices were made by reading the schema; a SIEM's rule for what failed asks for `compliance.status_id` 3, and one for
what nobody could test for 2. The lines of an account that is not of the run shown any more carry
`unmapped.account_status` `unplanned`, and no count of page one has them.

Times are milliseconds of the Unix epoch. `metadata.uid` is stable: the same finding in the same run has the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import FRAMEWORKS, by_framework
from prooftrail.controls.fingerprints import fingerprint
from prooftrail.model import canonical
from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus, SubjectType
from prooftrail.pack.files import PackFiles
from prooftrail.pack.ocsf.terms import (
    ACTIVITIES,
    OF_USERS,
    SEVERITIES,
    STATUSES,
    WHOLES,
    evidence,
    labels,
    milliseconds,
    present,
    type_of,
)
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, Listed, PeriodView

PATH = "ocsf/compliance_findings.jsonl"
VERSION = "1.5.0"
CLASS = 2003

_NAMESPACE = UUID("5a0d4c0c-6a0e-5c1f-9a1b-3f0f5a7d2003")
_BATCH = 1 << 20  # bytes that are held before they are written

_SHOWN = (ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.NOT_TESTED)
_encoder = msgspec.json.Encoder()


class Ocsf:
    """A part of the pack: writes `ocsf/compliance_findings.jsonl` while the accounts go by."""

    def __init__(self, period: PeriodView, files: PackFiles) -> None:
        self._period, self._held = period, bytearray()
        self._open = ExitStack()
        self._sink = self._open.enter_context(files.open(PATH))

    def take(self, one: AccountView) -> None:
        """Write what was found in one account, or in the organization."""
        try:
            for event in _Account(self._period, one).events():
                _encoder.encode_into(event, self._held, len(self._held))
                self._held += b"\n"
                if len(self._held) > _BATCH:
                    self._flush()
        except BaseException as error:
            self._open.__exit__(type(error), error, error.__traceback__)
            raise

    def finish(self, tally: Tally) -> None:  # noqa: ARG002 - a part of the pack is finished with it
        """Close the file."""
        with self._open:
            self._flush()

    def _flush(self) -> None:
        self._sink.write(bytes(self._held))
        self._held.clear()


class _Account:
    """The events of one account."""

    def __init__(self, period: PeriodView, one: AccountView) -> None:
        self.period, self.one = period, one
        self.listed: Mapping[str, Listed] = {each.identity.id: each for each in one.listed}
        self.controls = {each.id: each for each in period.catalog.controls}
        self.at = (one.judged_run or period.as_of).taken_at
        self.cloud = present(
            provider="AWS",
            account=self._account(),
            org=present(uid=period.context.organization.id, ou_name=self._text(one.ou_path)) or None,
        )

    def events(self) -> Iterator[dict[str, Any]]:
        """One for each finding and each result that failed or was not tested; the account's own where nothing was judged."""
        if self.one.unjudged is not None:
            yield self._unjudged(self.one.unjudged)
        findings = {(each.control, each.subject): (at, each) for at, each in enumerate(self.one.findings)}
        for at, result in enumerate(self.one.results):
            place, finding = findings.pop((result.control, result.subject), (0, None))
            if finding is not None or result.status in _SHOWN:
                yield self._event(finding or result, result, at, finding, place)
        for place, finding in findings.values():
            yield self._event(finding, None, 0, finding, place)

    def _event(
        self, shown: Finding | Result, result: Result | None, at: int, finding: Finding | None, place: int
    ) -> dict[str, Any]:
        control, name = self.controls[shown.control], fingerprint(shown.control, shown.subject)
        status = result.status if result else ResultStatus.NOT_TESTED if _open(finding) else None
        activity = self._activity(result, finding)
        reason = self._text((result or shown).reason) or ""
        severity = SEVERITIES[finding.severity if finding else shown.tier]
        return {
            **self._head(activity, severity, name, self._time(finding)),
            "message": f"Not tested: {reason}" if status is ResultStatus.NOT_TESTED else reason,
            **_life(finding, status),
            "finding_info": self._info(control, name, reason, finding),
            "compliance": self._compliance(control, STATUSES[status], severity, result),
            "resources": [self._resource(shown, finding)],
            "evidences": self._evidences(result, at, finding, place, shown.identity),
            "unmapped": self._unmapped(result, finding),
        }

    def _unjudged(self, why: str) -> dict[str, Any]:
        name = fingerprint("account-not-judged", self.one.account)
        told = f"Nothing in this account was tested: {self._text(why)}"
        return {
            **self._head(2, SEVERITIES[None], name, self.at),
            "message": told,
            "status_id": 99,
            "status": "Not tested",
            "finding_info": {"uid": name, "title": "Account not judged", "desc": told, "types": ["Not tested"]},
            "compliance": {"control": "every control", "status_id": 2, "status": "Warning"},
            "resources": [self._whole(SubjectType.ACCOUNT, self.one.account)],
        }

    def _head(self, activity: int, severity: tuple[int, str], name: str, at: datetime) -> dict[str, Any]:
        run = self.one.judged_run or self.period.as_of
        event = uuid5(_NAMESPACE, f"{self.period.locker_id}/{self.one.account}/{name}/{run.run_id}/{activity}")
        return {
            "activity_id": activity,
            "activity_name": ACTIVITIES[activity],
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": CLASS,
            "class_name": "Compliance Finding",
            "type_uid": CLASS * 100 + activity,
            "type_name": f"Compliance Finding: {ACTIVITIES[activity]}",
            "severity_id": severity[0],
            "severity": severity[1],
            "time": milliseconds(at),
            "metadata": {
                "version": VERSION,
                "uid": str(event),
                "correlation_uid": run.run_id,
                "profiles": ["cloud"],
                "product": {"name": "Prooftrail", "vendor_name": "Prooftrail", "version": run.code.version},
            },
            "cloud": self.cloud,
        }

    def _activity(self, result: Result | None, finding: Finding | None) -> int:
        """Create where the judged run is the first to see it so, Close where it ended, Update for what goes on."""
        judged = self.one.judged_run.run_id if self.one.judged_run else None
        if finding is not None:
            if finding.status is not FindingStatus.OPEN:
                return 3
            return 1 if finding.opened_run == judged else 2
        since = self.one.held_since.get((result.control, result.subject)) if result else None
        return 1 if since == judged else 2

    def _time(self, finding: Finding | None) -> datetime:
        ended = finding.fixed_run if finding and finding.status is not FindingStatus.OPEN else None
        return canonical.tick_of(ended) if ended else self.at

    def _info(self, control: Control, name: str, reason: str, finding: Finding | None) -> dict[str, Any]:
        opened = milliseconds(finding.opened_at) if finding else None
        seen = milliseconds(canonical.tick_of(finding.last_seen_run)) if finding else None
        return present(
            uid=name,
            title=f"{control.id} {control.title}",
            desc=reason,
            types=[control.theme],
            data_sources=list(control.evidence),
            created_time=opened,
            first_seen_time=opened,
            last_seen_time=seen,
            modified_time=milliseconds(self._time(finding)),
        )

    def _compliance(
        self, control: Control, status: tuple[int, str], severity: tuple[int, str], result: Result | None
    ) -> dict[str, Any]:
        limit = result.limit if result else None
        shared = {"status_id": status[0], "status": status[1]}
        check = {
            "uid": control.id,
            "name": control.title,
            "version": control.version,
            "severity_id": severity[0],
            "severity": severity[1],
            **shared,
        }
        return present(
            control=f"{control.id} {control.title}",
            desc=control.statement,
            requirements=self._requirements(control),
            control_parameters=[{"name": limit.name, "value": limit.value}] if limit else None,
            checks=[check],
            **shared,
        )

    def _requirements(self, control: Control) -> list[str] | None:
        """What it answers to in the framework asked for and in SP 800-53; 05_control_map has the others."""
        asked = (self.period.options.framework, "sp800_53_r5")
        return [f"{FRAMEWORKS[key]} {each}" for key, each in by_framework(control) if key in asked] or None

    def _resource(self, shown: Finding | Result, finding: Finding | None) -> dict[str, Any]:
        if shown.subject_type in WHOLES:
            return self._whole(shown.subject_type, shown.subject)
        listed = self.listed.get(shown.identity) if shown.identity else None
        identity = listed.identity if listed else None
        kind = identity.kind if identity else finding.kind if finding else None
        owner = (finding.owner if finding else None) or (identity.owner.value if identity else None)
        name = identity.name if identity else finding.name if finding else None
        arn = identity.arn if identity else finding.arn if finding else None
        return present(
            uid=self._text(shown.subject if kind in OF_USERS else arn or shown.subject),
            name=self._text(name),
            type=type_of(kind),
            region=identity.region if identity else None,
            cloud_partition=self.period.context.partition,
            labels=labels(identity, kind),
            owner=self._owner(owner),
            data=present(
                subject=self._text(shown.subject), identity_id=self._text(shown.identity), arn=self._text(arn)
            ),
        )

    def _whole(self, kind: SubjectType, subject: str) -> dict[str, Any]:
        name = self._text(self.one.name) if kind is SubjectType.ACCOUNT else None
        return present(
            uid=self._text(subject), name=name, type=WHOLES[kind], cloud_partition=self.period.context.partition
        )

    def _owner(self, owner: str | None) -> dict[str, Any] | None:
        """Whoever answers for it, as governance or a tag names them: no account of AWS, and the type says so."""
        if owner is None:
            return None
        shown = self._text(owner)
        account = {"uid": shown, "name": shown, "type_id": 99, "type": "Owner as governance or a tag names them"}
        return {"uid": shown, "name": shown, "type_id": 99, "type": "Owner", "account": account}

    def _evidences(
        self, result: Result | None, at: int, finding: Finding | None, place: int, identity: str | None
    ) -> list[dict[str, Any]]:
        found = []
        if result and self.one.assessment:
            sealed = self.one.assessment
            found.append(evidence("result", sealed.id, self.one.first_result_line + at, sealed.key))
        if finding and self.one.findings_object:
            sealed = self.one.findings_object
            found.append(evidence("finding", sealed.id, place + 2, sealed.key))
        if (listed := self.listed.get(identity) if identity else None) is not None:
            found.append(evidence("identity", listed.evidence, listed.line))
        return found

    def _unmapped(self, result: Result | None, finding: Finding | None) -> dict[str, Any]:
        life = present(
            due_at=canonical.timestamp(finding.due_at),
            due_why=self._text(finding.due_why),
            opened_run=finding.opened_run,
            opened_before_first_run=finding.since_before,
            fixed_run=finding.fixed_run,
            fixed_why=self._text(finding.fixed_why),
            held_runs=finding.held,
            reopened=finding.reopened,
            unseen_since=finding.unseen_since,
            family=self._text(finding.family),
        ) if finding else {}  # fmt: skip
        told = present(
            result=result.status.value,
            tier=result.tier.value if result.tier else None,
            measured=self._text(result.value),
            limit_set_by=self._text(result.limit.set_by) if result.limit else None,
            exception=self._text(result.exception),
            gaps=[self._text(each) for each in result.gaps] or None,
        ) if result else {}  # fmt: skip
        stale = {"older_run_shown": True, "account_status": self.one.status} if self.one.stale else {}
        return life | told | stale

    def _account(self) -> dict[str, Any] | None:
        if self.one.of_organization:
            return None
        return present(uid=self.one.account, name=self._text(self.one.name), type_id=10, type="AWS Account")

    def _text(self, text: str | None) -> str | None:
        """`text` as it is to be shown, in whole Unicode: a lone surrogate has no UTF-8."""
        if text is None:
            return None
        shown = self.period.reveal(text)
        return shown if shown.isascii() else shown.encode("utf-8", "replace").decode()


def _open(finding: Finding | None) -> bool:
    """True for a finding that stands: where it has no result in this run, nobody could look, and nobody saw it mended."""
    return finding is not None and finding.status is FindingStatus.OPEN


def _life(finding: Finding | None, status: ResultStatus | None) -> dict[str, Any]:
    """Where the finding stands in its life; an accepted one is neither suppressed nor resolved."""
    if finding is not None and finding.status is not FindingStatus.OPEN:
        return {
            "status_id": 4,
            "status": "Resolved",
            "status_detail": f"{finding.status.value}: {finding.fixed_why or 'not said'}",
        }
    if status is ResultStatus.NOT_TESTED:
        return {"status_id": 99, "status": "Not tested", "status_detail": "could not be tested in this run"}
    if status is ResultStatus.EXCEPTION or (finding is not None and finding.exception):
        return {"status_id": 99, "status": "Risk accepted", "status_detail": "an exception is in force"}
    return {"status_id": 1, "status": "New"}
