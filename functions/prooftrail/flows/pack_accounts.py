"""Each account as the run shown left it: what was listed, what it came to, and what of that is gone or not what was sealed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence.context import Context
from prooftrail.model.judgement import Assessment, Findings
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.view import (
    UNPLANNED,
    AccountView,
    Evidence,
    Listed,
    PackOptions,
    PackRun,
    Presence,
    RunTransition,
)

from . import sealing
from .locker_history import LockerHistory, Opened, RunSummary, listed
from .pack_objects import PackObjects, Sealed, evidence, evidence_id
from .pack_people import PackPeople
from .pack_period import Bounds
from .pack_presences import Found, Presences, presence
from .pack_shortfalls import Shortfalls


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """The newest snapshot that can be believed, and everything it and older ones list."""

    newest: Opened
    listed: tuple[Listed, ...]


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    run: RunSummary
    sealed: Sealed
    assessment: Assessment
    findings: Findings | None = None
    findings_sealed: Sealed | None = None


class PackAccounts:
    """Opens one account at a time; nothing of it is kept but copies and who pseudonyms are."""

    def __init__(
        self,
        history: LockerHistory,
        objects: PackObjects,
        found: Bounds,
        options: PackOptions,
        *,
        people: PackPeople,
        context: Context,
        run_of: Callable[[RunSummary], PackRun],
    ) -> None:
        self._history, self._objects, self._found, self._options = history, objects, found, options
        self._people, self._context, self._run_of = people, context, run_of
        self._by_id = {one.id: one for one in context.accounts}
        self._presences = Presences(history, objects, found.runs)
        self._period = {one.run_id for one in found.runs}
        self._shortfalls = Shortfalls(history, objects, found)

    def account(self, account: str) -> AccountView:
        """One account."""
        as_of, wrong = self._found.as_of, list[str]()
        covered = self._history.coverage(as_of.run_id, account)
        read, judged = self._read(account, wrong), self._judged(account, wrong)
        transitions, unknown = self._transitions(account, wrong)
        presences = self._came_and_went(account, read, transitions)
        shortfalls = self._shortfalls.of(account, wrong)
        snapshot = read.newest.snapshot if read else None
        known = self._by_id.get(account) or (snapshot.account.account if snapshot else None)
        status = covered.status if covered else UNPLANNED
        reason = covered.reason if covered else f"run {as_of.run_id} did not plan for it"
        raw = self._copied(account, read, judged, wrong)
        view = AccountView(
            account=account,
            name=known.name if known else None,
            ou_path=known.ou_path if known else None,
            status=status,
            reason=reason,
            stale=read is None or read.newest.run != as_of or judged is None or judged.run != as_of,
            read_run=self._run_of(read.newest.run) if read else None,
            facts=snapshot.account if snapshot else None,
            cells=snapshot.cells if snapshot else (),
            reconciliations=snapshot.reconciliations if snapshot else (),
            listed=read.listed if read else (),
            transitions=transitions,
            changes_unknown=unknown,
            presences=presences.presences if covered else self._departed(account, read, presences.presences),
            shortfalls=shortfalls,
            snapshot=evidence((read.newest.run, read.newest.sealed), account) if read else None,
            raw=raw,
            unjudged=None if judged else _why_not(read is not None, reason or status, wrong),
            wrong=(*wrong, *presences.unsaid),
        )
        return self._with(judged, view)

    def organization(self) -> AccountView:
        """What only the whole run can show."""
        as_of, wrong = self._found.as_of, list[str]()
        gaps = self._history.manifest(as_of.run_id).organization_gaps
        judged = self._judged(layout.ORGANIZATION, wrong)
        transitions, unknown = self._transitions(layout.ORGANIZATION, wrong)
        raw = self._raw(layout.ORGANIZATION, as_of.run_id, wrong)
        view = AccountView(
            account=layout.ORGANIZATION,
            status="gaps" if gaps else "sealed",
            reason="; ".join(gaps) or None,
            stale=judged is None or judged.run != as_of,
            read_run=self._run_of(as_of),
            cells=self._context.cells,
            transitions=transitions,
            changes_unknown=unknown,
            shortfalls=self._shortfalls.of(layout.ORGANIZATION, wrong),
            raw=raw,
            unjudged=None if judged else _why_not(True, "", wrong),
            wrong=tuple(wrong),
        )
        return self._with(judged, view)

    def _with(self, judged: _Judged | None, view: AccountView) -> AccountView:
        if judged is None:
            return view
        held = judged.findings.held if judged.findings else ()
        return replace(
            view,
            judged_run=self._run_of(judged.run),
            risks={one.identity: one for one in judged.assessment.risks},
            results=judged.assessment.results,
            first_result_line=len(judged.assessment.lines()) - len(judged.assessment.results) + 1,
            findings=judged.findings.findings if judged.findings else (),
            held_since={(one.control, one.subject): one.since for one in held},
            assessment=evidence(judged.sealed, view.account),
            findings_object=evidence(judged.findings_sealed, view.account) if judged.findings_sealed else None,
        )

    # reading ----------------------------------------------------------------------------------------------------

    def _read(self, account: str, wrong: list[str]) -> _Read | None:
        opened: dict[str, tuple[bytes, tuple[int, ...]]] = {}
        snapshots = self._snapshots(account, opened)
        for newest in snapshots:
            if newest.snapshot is None:
                wrong.append(newest.wrong or newest.sealed.key)
                continue
            rows = list(listed(newest, chain([newest], snapshots)))
            used = [newest, *(at for _, at in rows)]
            shown = tuple(
                Listed(
                    identity=at.snapshot.identities[number],
                    seen_in=at.run.run_id,
                    evidence=evidence_id(at.sealed),
                    line=opened[at.run.run_id][1][number],
                )
                for number, at in rows
                if at.snapshot
            )
            for at in {one.run.run_id: one for one in used}.values():
                self._objects.keep(at.sealed, at.sealed.key, opened[at.run.run_id][0])
            return _Read(newest=newest, listed=shown)
        return None

    def _snapshots(self, account: str, opened: dict[str, tuple[bytes, tuple[int, ...]]]) -> Iterator[Opened]:
        """Newest first, each opened when its turn comes; `opened` takes its bytes and the lines of its identities."""
        for run, sealed in reversed(self._objects.of(EvidenceKind.SNAPSHOT, account)):
            try:
                body = self._objects.read((run, sealed), keep=False)
                snapshot, numbers = sealing.read_snapshot_lines(sealed.key, body)
                opened[run.run_id] = body, numbers
                yield Opened(run=run, sealed=sealed, snapshot=snapshot)
            except (EvidenceMissing, EvidenceUnreadable) as error:
                yield Opened(run=run, sealed=sealed, wrong=str(error))

    def _judged(self, account: str, wrong: list[str]) -> _Judged | None:
        for sealed in reversed(self._objects.of(EvidenceKind.ASSESSMENT, account)):
            run, one = sealed
            try:
                assessment = sealing.read_assessment(one.key, self._objects.read(sealed))
            except (EvidenceMissing, EvidenceUnreadable) as error:
                wrong.append(str(error))
                continue
            named = next(iter(self._objects.of_run(EvidenceKind.FINDINGS, account, run.run_id)), None)
            found = self._findings(named, run, wrong)
            return _Judged(run=run, sealed=sealed, assessment=assessment, findings=found, findings_sealed=named)
        return None

    def _findings(self, named: Sealed | None, run: RunSummary, wrong: list[str]) -> Findings | None:
        if named is None:
            wrong.append(f"run {run.run_id} sealed no findings with its results")
            return None
        try:
            return sealing.read_findings(named[1].key, self._objects.read(named))
        except (EvidenceMissing, EvidenceUnreadable) as error:
            wrong.append(str(error))
            return None

    def _transitions(self, account: str, wrong: list[str]) -> tuple[tuple[RunTransition, ...], tuple[str, ...]]:
        """The transitions of the period, and a sentence for each run whose changes nobody can tell."""
        found, unknown = list[RunTransition](), list[str]()
        mine = [one for one in self._objects.of(EvidenceKind.TRANSITIONS, account) if one[0].run_id in self._period]
        for (run, sealed), body in self._objects.read_each(mine):
            if isinstance(body, str):
                unknown.append(f"what changed in run {run.run_id} is not known: {body}")
                continue
            found += [
                RunTransition(run_id=run.run_id, at=run.taken_at, transition=one)
                for one in sealing.read_transitions(sealed.key, body)
            ]
        there = {one[0].run_id for one in mine}
        for run, _ in self._objects.of(EvidenceKind.ASSESSMENT, account):
            if run.run_id in self._period and run.run_id not in there:
                unknown.append(
                    f"what changed in run {run.run_id} is not known: it sealed no transitions with its results"
                )
        wrong += unknown
        return tuple(found), tuple(unknown)

    def _came_and_went(self, account: str, read: _Read | None, transitions: tuple[RunTransition, ...]) -> Found:
        if read is None:
            return Found()
        return self._presences.of(account, read.newest, tuple(one.identity for one in read.listed), transitions)

    def _departed(self, account: str, read: _Read | None, found: tuple[Presence, ...]) -> tuple[Presence, ...]:
        """Those of an account that the run shown did not plan for: gone with it where AWS's list of accounts was whole."""
        if read is None or account in self._by_id or not self._was_planned(account):
            return found
        known, went = {one.id: one for one in found}, self._left_in(account)
        for one in read.listed:
            identity = one.identity
            before = known.get(identity.id) or presence(identity.id, identity, None, None)
            known[identity.id] = msgspec.structs.replace(before, went=went, account_left=True)
        return tuple(known[one] for one in sorted(known))

    def _was_planned(self, account: str) -> bool:
        """True if a run of the period planned for it, or the last one before: what left earlier did not go in the period."""
        runs = (*self._found.runs, *((self._found.before,) if self._found.before else ()))
        return any(self._history.coverage(one.run_id, account) for one in runs)

    def _left_in(self, account: str) -> str | None:
        """The first run without the account whose list of accounts was whole; None where the run shown's was not."""
        if not self._context.accounts_listed():
            return None
        runs = [one for one in (*self._found.runs, self._found.as_of) if one.taken_at <= self._found.as_of.taken_at]
        planned = [one for one in runs if self._history.coverage(one.run_id, account)]
        after = planned[-1].taken_at if planned else None
        later = [one for one in runs if after is None or one.taken_at > after]
        whole = [one for one in later if not self._history.manifest(one.run_id).organization_gaps]
        return (whole[0] if whole else self._found.as_of).run_id

    # copying ----------------------------------------------------------------------------------------------------

    def _copied(
        self, account: str, read: _Read | None, judged: _Judged | None, wrong: list[str]
    ) -> tuple[Evidence, ...]:
        """Copy outcomes and what the views rest on; the raw objects of the run that read the account."""
        shown = {self._found.as_of.run_id}
        if judged:
            shown.add(judged.run.run_id)
        if read:
            shown.add(read.newest.run.run_id)
        for run_id in sorted(shown):
            self._keep(EvidenceKind.OUTCOME, account, run_id, wrong)
        if read is None:
            return ()
        self._people.of_account(account, read.newest, read.listed)
        if self._options.carried_raw:
            carried = {one.identity.carried_from or one.seen_in for one in read.listed} - {read.newest.run.run_id}
            for run_id in sorted(carried):
                self._raw(account, run_id, wrong)
        return self._raw(account, read.newest.run.run_id, wrong)

    def _raw(self, account: str, run_id: str, wrong: list[str]) -> tuple[Evidence, ...]:
        mine = self._objects.of_run(EvidenceKind.RAW, account, run_id)
        if self._objects.keeps:
            bad = [body for _, body in self._objects.read_each(mine) if isinstance(body, str)]
            if bad:
                wrong.append(f"{len(bad)} of {len(mine)} objects with AWS's answers to run {run_id}: {bad[0]}")
        return tuple(evidence(one, account) for one in mine)

    def _keep(self, kind: EvidenceKind, account: str, run_id: str, wrong: list[str]) -> None:
        if not self._objects.keeps:
            return
        for one in self._objects.of_run(kind, account, run_id):
            try:
                self._objects.read(one)
            except (EvidenceMissing, EvidenceUnreadable) as error:
                wrong.append(str(error))


def _why_not(was_read: bool, reason: str, wrong: list[str]) -> str:
    if wrong:
        return wrong[0]
    if not was_read:
        return f"it was never read ({reason})"
    return "no results of it are sealed: a defect kept it from being judged, as its outcome then says, or nothing was judged yet"
