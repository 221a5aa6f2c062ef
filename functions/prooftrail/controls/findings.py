"""Folds the results of a run into findings with a life, and tells every result that differs from the one before.

A finding is a control and a subject, whatever else changes: opened, open, fixed, verified, reopened. Only what was seen
moves it: a subject that could not be tested keeps its finding, and one that is not listed is gone only if the place
that lists it was read to its end. Sources: the issue's "Results and findings", control IDC-34.
"""

from collections.abc import Iterator

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import Limits
from prooftrail.model import canonical
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import (
    Assessment,
    Finding,
    Findings,
    FindingsHeader,
    FindingStatus,
    Held,
    Result,
    ResultStatus,
    SubjectType,
    Transition,
    Upcoming,
)
from prooftrail.model.snapshot import Snapshot

from .case import Case
from .catalog import Catalog
from .due import due, severity
from .fingerprints import fingerprint
from .particulars import Particulars
from .upcoming import upcoming
from .whereabouts import Whereabouts

type Key = tuple[str, str]
"""A control's id and a subject."""

FAILING = (ResultStatus.FAIL, ResultStatus.EXCEPTION)
"""What keeps a finding open: an exception is a failure somebody accepted, and stays one."""


def _together(one: Finding | Upcoming | Held) -> tuple[str, str, str]:
    """By identity first: a thousand of its id, name and reasons stand close, and pack to a third of the bytes."""
    return one.identity or one.subject, one.control, one.subject


def fold(
    previous: Findings | None, snapshot: Snapshot | None, assessment: Assessment, context: Context, catalog: Catalog
) -> tuple[Findings, tuple[Transition, ...]]:
    """The findings after this assessment, and every result that differs from the one `previous` holds, both sorted.

    `snapshot` is None for the organization as a whole. Folding the same run once more changes nothing. The first run
    of an account tells no transition. Raises ValueError for the findings of another account.
    """
    header = assessment.header
    if previous is not None and previous.header.account != header.account:
        raise ValueError(f"findings of {previous.header.account} cannot be followed by those of {header.account}")
    folding = _Folding(previous, snapshot, assessment, context, catalog)
    findings = Findings(
        header=FindingsHeader(
            run_id=header.run_id,
            account=header.account,
            taken_at=header.taken_at,
            first_run=folding.first_run,
            contacts=snapshot.account.contacts if snapshot else None,
        ),
        findings=tuple(sorted(folding.findings(), key=_together)),
        upcoming=tuple(sorted(folding.upcoming(), key=_together)),
        held=tuple(sorted(folding.held(), key=_together)),
    )
    return findings, tuple(sorted(folding.transitions(), key=_key)) if previous is not None else ()


def _risk_owners(policy: Governance) -> dict[str, str]:
    """Who answers for the risk of each exception: the registered owner's id, by whichever name the entry calls them."""
    found: dict[str, str] = {}
    for one in policy.exceptions.exception:
        owner = policy.owner_of(one.risk_owner)
        found[one.id] = owner.id if owner else one.risk_owner
    return found


def _key(one: Held | Transition | Result | Finding) -> Key:
    return one.control, one.subject


class _Folding:
    """One assessment against the findings before it."""

    def __init__(
        self,
        previous: Findings | None,
        snapshot: Snapshot | None,
        assessment: Assessment,
        context: Context,
        catalog: Catalog,
    ) -> None:
        thresholds = context.governance.thresholds
        self._run, self._at = assessment.header.run_id, assessment.header.taken_at
        self.first_run = previous.header.first_run if previous else self._run
        self._first_at = canonical.tick_of(self.first_run)
        self._again = previous is not None and previous.header.run_id == self._run
        self._limits = Limits(catalog.defaults, thresholds, self._at)
        self._verified_after = thresholds.verified_after_runs
        self._results = {_key(one): one for one in assessment.results}
        self._before = {_key(one): one for one in previous.held} if previous else {}
        self._open_before = {_key(one): one for one in previous.findings} if previous else {}
        self._where = Whereabouts(snapshot, context)
        self._risk_owners = _risk_owners(context.governance)
        self._case = _case(snapshot, context, self._limits, assessment) if snapshot else None
        self._particulars = Particulars(self._case) if self._case else None

    def upcoming(self) -> Iterator[Upcoming]:
        """What passes in this run and is going to fail."""
        if self._case and self._particulars:
            yield from upcoming(self._case, self._results.values(), self._particulars)

    def held(self) -> Iterator[Held]:
        """What every (control, subject) came to when it was last judged; what is gone is dropped."""
        for key, one in self._results.items():
            before = self._before.get(key)
            since = before.since if before and before.status is one.status else self._run
            yield Held(control=one.control, subject=one.subject, identity=one.identity, status=one.status, since=since)
        yield from (one for key, one in self._before.items() if key not in self._results and not self._gone(key, one))

    def transitions(self) -> Iterator[Transition]:
        """Results that differ, subjects judged for the first time, and subjects that are gone."""
        for key, one in self._results.items():
            before = self._before.get(key)
            if before is None or before.status is not one.status:
                yield _transition(key, before, one, one.reason)
        for key, before in self._before.items():
            if key not in self._results and (why := self._gone(key, before)):
                yield _transition(key, before, None, why)

    def findings(self) -> Iterator[Finding]:
        """Every finding there ever was, as it stands after this run."""
        for key, one in self._results.items():
            before = self._open_before.get(key)
            if one.status in FAILING:
                yield self._failing(one, before)
            elif before is not None:
                yield self._unseen(before) if one.status is ResultStatus.NOT_TESTED else self._good(one, before)
        for key, before in self._open_before.items():
            if key not in self._results:
                yield self._absent(key, before)

    def _failing(self, one: Result, before: Finding | None) -> Finding:
        if before is None:
            return self._opened(one)
        reopened = before.status is not FindingStatus.OPEN
        returned = before.status is FindingStatus.VERIFIED  # one good run buys no time: only a fix that held does
        lapsed = before.exception is not None and one.status is ResultStatus.FAIL
        anew = due(one, self._at, self._limits)
        moves = returned or (anew.at > before.due_at if lapsed else anew.at < before.due_at)
        return msgspec.structs.replace(
            self._described(before, one),
            status=FindingStatus.OPEN,
            due_at=anew.at if moves else before.due_at,
            due_why=anew.why if moves else before.due_why,
            fixed_run=None,
            fixed_why=None,
            held=0,
            reopened=before.reopened + reopened,
            returned_at=self._at if returned else before.returned_at,
        )

    def _opened(self, one: Result) -> Finding:
        when = due(one, self._at, self._limits)
        blank = Finding(
            fingerprint=fingerprint(one.control, one.subject),
            control=one.control,
            subject=one.subject,
            subject_type=one.subject_type,
            identity=one.identity,
            kind=None,
            arn=None,
            name=None,
            family=None,
            owner=None,
            status=FindingStatus.OPEN,
            severity=severity(one),
            tier=one.tier,
            reason=one.reason,
            opened_run=self._run,
            opened_at=self._at,
            since_before=self._unwitnessed(one),
            due_at=when.at,
            due_why=when.why,
            last_seen_run=self._run,
        )
        return self._described(blank, one)

    def _described(self, finding: Finding, one: Result) -> Finding:
        """The finding with what this run says of its subject."""
        identity = self._where.identity(one.identity)
        return msgspec.structs.replace(
            finding,
            subject_type=one.subject_type,
            identity=one.identity,
            severity=severity(one),
            tier=one.tier,
            reason=one.reason,
            last_seen_run=self._run,
            unseen_since=None,
            exception=one.exception if one.status is ResultStatus.EXCEPTION else None,
            limit=one.limit,
            **_of(identity, self._owner(one, identity)),
            **self._told(finding, identity),
        )

    def _owner(self, one: Result, identity: Identity | None) -> str | None:
        """Who is told: of an exception whoever answers for its risk, and not who owns the account it is judged in."""
        if one.subject_type is SubjectType.EXCEPTION:
            return self._risk_owners.get(one.subject)
        return self._where.owner(identity)

    def _told(self, before: Finding, identity: Identity | None) -> dict[str, object]:
        """What whoever is told wants to know of the identity; tags that were not read say what they said before."""
        if identity is None or self._particulars is None:
            return {"used": None, "person": False, "not_mine": None, "expires_at": None}
        told = self._particulars.of(identity, before.subject)
        return {
            "used": told.used,
            "person": told.person,
            "not_mine": told.not_mine if told.not_mine_read else before.not_mine,
            "expires_at": told.expires_at,
        }

    def _unwitnessed(self, one: Result) -> bool:
        """True if the subject was there before the first run and never came to anything else since."""
        before = self._before.get(_key(one))
        if before is not None and (before.status is not ResultStatus.NOT_TESTED or before.since != self.first_run):
            return False
        identity = self._where.identity(one.identity)
        if identity is None or identity.created_at is None:
            return self._run == self.first_run or before is not None
        return identity.created_at <= self._first_at

    def _good(self, one: Result, before: Finding) -> Finding:
        return self._fixed(self._seen(before, one), one.reason)

    def _seen(self, before: Finding, one: Result) -> Finding:
        return msgspec.structs.replace(
            before, tier=one.tier, last_seen_run=self._run, unseen_since=None, exception=None
        )

    def _fixed(self, before: Finding, why: str) -> Finding:
        """Fixed when first seen so; each further run that sees it so counts, until governance calls it verified."""
        if before.status is FindingStatus.OPEN:
            return msgspec.structs.replace(
                before, status=FindingStatus.FIXED, fixed_run=self._run, fixed_why=why, held=0, exception=None
            )
        held = before.held + (not self._again)
        verified = before.status is FindingStatus.VERIFIED or held >= self._verified_after
        return msgspec.structs.replace(
            before, status=FindingStatus.VERIFIED if verified else FindingStatus.FIXED, held=held
        )

    def _unseen(self, before: Finding) -> Finding:
        return msgspec.structs.replace(before, unseen_since=before.unseen_since or self._run)

    def _absent(self, key: Key, before: Finding) -> Finding:
        why = self._gone(key, before)
        if why is None:
            return self._unseen(before)
        return self._fixed(msgspec.structs.replace(before, unseen_since=None), why)

    def _gone(self, key: Key, one: Held | Finding) -> str | None:
        """Why a subject without a result is gone, None where that cannot be said."""
        return self._where.gone(one.identity, control=key[0])


def _case(snapshot: Snapshot, context: Context, limits: Limits, assessment: Assessment) -> Case:
    """What the checks looked at, as far as endings and last uses are told from it: who may do what is not asked again."""
    risks = {one.identity: one for one in assessment.risks}
    return Case(snapshot, context, limits=limits, privileges={}, entries={}, risks=risks)


def _transition(key: Key, before: Held | None, after: Result | None, reason: str) -> Transition:
    one = after or before
    return Transition(
        control=key[0],
        subject=key[1],
        identity=one.identity if one else None,
        before=before.status if before else None,
        after=after.status if after else None,
        reason=reason,
    )


def _of(identity: Identity | None, owner: str | None) -> dict[str, object]:
    if identity is None:
        return {"owner": owner}
    return {
        "kind": identity.kind,
        "arn": identity.arn,
        "name": identity.name,
        "family": identity.family,
        "owner": owner,
    }
