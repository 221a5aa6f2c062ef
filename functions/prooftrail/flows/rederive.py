"""Judges sealed snapshots again under their sealed contexts, and holds what comes out against what was sealed.

Hashes say that nothing changed since it was sealed; this says that what was sealed follows from what was seen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout
from prooftrail.evidence.context import Context
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Code, Manifest
from prooftrail.model.judgement import Findings
from prooftrail.model.run import EvidenceKind, Plan, PlannedAccount, Pointer, SealedObject
from prooftrail.ports import Locker

from . import as_planned, judging, recount, sealing, substance
from .judging import Judge, Judged, previous_findings
from .lineage import Lineage

_WORDS = {
    EvidenceKind.ASSESSMENT: "the sealed results are not what snapshot and context give",
    EvidenceKind.TRANSITIONS: "the sealed transitions are not what the results and the findings before give",
    EvidenceKind.FINDINGS: "the sealed findings are not what the results and the findings before give",
}
_JUDGED_COUNTS = ("result:", "tier:", "finding:", "transition:", judging.LOOSENED)
_SHARED = (EvidenceKind.CONTEXT, EvidenceKind.PLAN)


class Rederived(msgspec.Struct, frozen=True, kw_only=True):
    """How much was judged again, and of how many accounts (the organization counts as one) something came out otherwise."""

    runs: int = 0
    accounts: int = 0
    results: int = 0
    differing: int = 0


class Rederive:
    """Judges runs of one locker again by the code at hand.

    Where another code sealed a run, words that differ are that code's. A status, a tier or a finding that differs may
    be that code's as well as somebody's hand, and is not confirmed.
    """

    def __init__(self, *, locker: Locker, judge: Judge, code: Code) -> None:
        self._locker, self._judge, self._code = locker, judge, code

    def __call__(
        self, manifests: tuple[Manifest, ...], sound: set[str], *, run_id: str | None = None
    ) -> tuple[Rederived, list[Problem]]:
        """Every account of every run, or of one; only objects in `sound` are opened. Nothing is raised for what differs."""
        total, problems, lineage = Rederived(), [], Lineage(manifests, self._locker)
        for one in manifests:
            if run_id in (None, one.run.id):
                again = _Run(one, sound, self._locker, self._judge, self._code, lineage)
                problems += list(again.problems())
                total = Rederived(
                    runs=total.runs + (again.accounts > 0),
                    accounts=total.accounts + again.accounts,
                    results=total.results + again.results,
                    differing=total.differing + again.differing,
                )
        return total, problems


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One account, or the organization, of one run: what it says of its judgement, and how it is judged again.

    `judge` gives everything a run derives, the counts included, from the findings before; it raises what judging raises.
    `counts` are those its outcome states, None for the organization, whose counts are the manifest's.
    """

    account: str
    pointer: Pointer | None
    unjudged: bool
    anew: bool
    judge: Callable[[Findings | None], tuple[Judged, dict[str, int]]]
    counts: dict[str, int] | None = None


class _Run:
    """One run, judged again."""

    def __init__(
        self, one: Manifest, sound: set[str], locker: Locker, judge: Judge, code: Code, lineage: Lineage
    ) -> None:
        self._one, self._locker, self._judge, self._code, self._lineage = one, locker, judge, code, lineage
        self._objects: dict[str, dict[EvidenceKind, SealedObject]] = defaultdict(dict)
        self._shared: dict[EvidenceKind, SealedObject] = {}
        for each in one.objects:
            account = layout.Place(each.key).account
            if each.key in sound and account:
                self._objects[account][each.kind] = each
            elif each.key in sound:
                self._shared[each.kind] = each
        self._damaged = bool(recount.missing(one, sound))
        self._head = 0
        self.accounts = self.results = self.differing = 0

    def problems(self) -> Iterator[Problem]:
        """Whatever came out otherwise, or could not be judged again."""
        unnamed = set(_SHARED) - {each.kind for each in self._one.objects}
        if unnamed:
            detail = f"its manifest names no {' and no '.join(sorted(unnamed))}, so nothing in it follows from anything"
            yield self._derived(detail)
        if not set(_SHARED) <= self._shared.keys():
            return  # gone or damaged: that is said already
        plan_at = self._shared[EvidenceKind.PLAN]
        try:
            context = sealing.context_of(self._locker, self._one)
            plan = sealing.read_plan(plan_at.key, self._body(plan_at))
        except EvidenceError as error:
            yield self._said(Fault.UNREADABLE, str(error))
            return
        yield from self._by_whom(context)
        yield from as_planned.problems(plan, context, ours=self._ours(context))
        if context.catalog:
            yield from self._everyone(plan, context)

    def _everyone(self, plan: Plan, context: Context) -> Iterator[Problem]:
        """Every account and the organization, each from the findings it had to take up."""
        self._head = plan.header.head_seq
        if misplaced := self._lineage.misplaced(self._one, plan):
            yield self._derived(misplaced, layout.plan_key(self._one.run.id))
        astray = self._astray(plan)
        for account, detail in astray.items():
            self.differing += 1
            yield self._derived(f"{_called(account)}: {detail}", layout.plan_key(self._one.run.id))
        if not self._damaged:
            yield from self._rootless()
        for asked in self._asked(plan, context):
            if asked.account not in astray:
                yield from self._again(asked, context)

    def _by_whom(self, context: Context) -> Iterator[Problem]:
        """Whether context and manifest name one code, and the catalog is that code's where it is the code at hand."""
        by, sealed = context.code, self._one.code
        if by != sealed:
            both = (
                f"its context was sealed by the code {substance.named(by)}, its manifest by {substance.named(sealed)}"
            )
            yield self._derived(both)
        if self._ours(context) and context.catalog != self._judge.text():
            yield self._derived("the catalog in its context is not that of the code that sealed it")
        elif not context.catalog and self._lineage.judged_before(self._one):
            yield self._derived("its context holds no catalog to be judged by, and an earlier run was judged")
        elif not context.catalog:
            yield self._said(Fault.NOT_JUDGED, f"run {self._one.run.id} was sealed before anything was judged")

    def _astray(self, plan: Plan) -> dict[str, str]:
        """What the plan lets begin from other findings than it had to, by account, with the sentence that says so."""
        pointers = {one.account: one.previous_findings for one in plan.accounts}
        pointers[layout.ORGANIZATION] = plan.header.previous_findings
        expected = self._lineage.pointers(plan)
        if expected is None:
            return {}  # the manifest before is gone: that is said already
        return {
            account: f"its findings follow from {_from(expected.get(account))}, and its plan takes up {_from(pointer)}"
            for account, pointer in pointers.items()
            if pointer != expected.get(account)
        }

    def _rootless(self) -> Iterator[Problem]:
        """What was judged of accounts nothing was read of."""
        for account, objects in sorted(self._objects.items()):
            judged = [objects[kind].key for kind in layout.JUDGED_KINDS if kind in objects]
            if judged and account != layout.ORGANIZATION and EvidenceKind.SNAPSHOT not in objects:
                yield self._derived(f"{_called(account)} has no snapshot that this could follow from", judged[0])

    def _asked(self, plan: Plan, context: Context) -> Iterator[_Asked]:
        for planned in plan.accounts:
            objects = self._objects[planned.account]
            if EvidenceKind.SNAPSHOT in objects and EvidenceKind.OUTCOME in objects:
                yield self._account(planned, context, objects[EvidenceKind.SNAPSHOT], objects[EvidenceKind.OUTCOME])
        yield self._organization(plan, context)

    def _account(
        self, planned: PlannedAccount, context: Context, snapshot_at: SealedObject, outcome_at: SealedObject
    ) -> _Asked:
        try:
            outcome = sealing.read_outcome(outcome_at.key, self._body(outcome_at))
        except EvidenceError:
            outcome = None  # not what an outcome looks like: a deep look says so
        stated = dict(outcome.counts) if outcome else {}

        def judge(previous: Findings | None) -> tuple[Judged, dict[str, int]]:
            snapshot, sha256 = sealing.read_snapshot(snapshot_at.key, self._body(snapshot_at)), snapshot_at.sha256
            judged = judging.account(self._judge, snapshot, context, snapshot_sha256=sha256, previous=previous)
            turned = judging.turned(self._judge, snapshot, context, snapshot_sha256=sha256, now=judged.assessment)
            return judged, judged.counts() | ({judging.LOOSENED: turned} if turned else {})

        return _Asked(
            account=planned.account,
            pointer=planned.previous_findings,
            unjudged=judging.NOT_JUDGED in stated,
            anew=any(one.startswith(judging.ANEW) for one in (outcome.notes if outcome else ())),
            judge=judge,
            counts=_judged_counts(stated) if outcome else None,
        )

    def _organization(self, plan: Plan, context: Context) -> _Asked:
        name, said = layout.ORGANIZATION, self._one.organization_gaps

        def judge(previous: Findings | None) -> tuple[Judged, dict[str, int]]:
            judged = judging.organization(self._judge, context, self._one.coverage, previous=previous)
            return judged, judged.counts()

        return _Asked(
            account=name,
            pointer=plan.header.previous_findings,
            unjudged=any(one.startswith(f"{name}: not judged") for one in said),
            anew=any(one.startswith(f"{name}: {judging.ANEW}") for one in said),
            judge=judge,
        )

    def _again(self, asked: _Asked, context: Context) -> Iterator[Problem]:
        """One account judged again; nothing its outcome says of itself is believed where it can be looked at."""
        previous, gone = previous_findings(self._locker, asked.pointer)
        if EvidenceKind.ASSESSMENT not in self._objects[asked.account]:
            yield from self._unjudged(asked, context, previous, gone)
            return
        self.accounts += 1
        if asked.anew and gone is None:
            there = "they are there, as they were sealed" if asked.pointer else "there were none"
            yield self._differs(asked, context, f"it says that {judging.ANEW}, and {there}")
            return
        if asked.anew:
            yield self._said(Fault.BEGUN_ANEW, f"{_called(asked.account)}: {gone}")
        elif asked.pointer is None and (lost := self._lost(asked.account)):
            yield lost
        try:
            judged, counts = asked.judge(previous)
        except Exception as error:  # noqa: BLE001  # other code, or a context nobody sealed like this: say so and go on
            yield self._differs(asked, context, f"it cannot be judged again: {type(error).__name__}: {error}")
            return
        yield from self._compared(asked, judged, counts, context, folded=asked.anew or gone is None)

    def _lost(self, account: str) -> Problem | None:
        """A note where an account is judged from nothing, because the run before did not know of it, and once was judged."""
        last = self._lineage.last_sealed(self._head, account)
        if last is None:
            return None
        detail = f"{_called(account)}: a run before did not plan it, so what run {last.run_id} found is not taken up"
        return self._said(Fault.BEGUN_ANEW, detail)

    def _unjudged(
        self, asked: _Asked, context: Context, previous: Findings | None, gone: str | None
    ) -> Iterator[Problem]:
        """What was read and not judged: only a defect is a reason, and it is looked for by judging."""
        folded = any(kind in self._objects[asked.account] for kind in layout.JUDGED_KINDS)
        if folded or not asked.unjudged:
            if not self._damaged:
                what = "findings and no results" if folded else "a catalog to be judged by and no results"
                yield self._derived(f"{_called(asked.account)} has {what}, and nothing says why")
            return
        detail = f"{_called(asked.account)} was not judged, because of a defect"
        if gone is not None:
            yield self._said(
                Fault.NOT_JUDGED, f"{detail}, it says; without the findings before nobody can tell: {gone}"
            )
            return
        try:
            asked.judge(previous)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was said
            if self._ours(context):
                yield self._said(Fault.NOT_JUDGED, detail)
            else:
                yield self._differs(asked, context, f"not judged, because of a defect; nor here: {error}")
            return
        yield self._differs(asked, context, "it says that a defect kept it from being judged, and it can be judged")

    def _compared(
        self, asked: _Asked, judged: Judged, counts: dict[str, int], context: Context, *, folded: bool
    ) -> Iterator[Problem]:
        """Results, and what was folded from them where the findings before are still there to fold with."""
        self.results += len(judged.assessment.results)
        reworded: tuple[str, SealedObject] | None = None
        for kind, packed in judged.packed() if folded else judged.packed()[:1]:
            sealed = self._objects[asked.account].get(kind)
            if sealed is not None and sealed.sha256 == packed.sha256:
                continue
            if sealed is None:
                if not self._damaged:
                    yield self._differs(asked, context, f"{_WORDS[kind]}: none are sealed")
                return
            detail, fault = self._difference(sealed, judged)
            if fault is not Fault.OTHER_CODE or self._ours(context):
                yield self._differs(asked, context, f"{_WORDS[kind]}: {detail}", sealed, fault=fault)
                return  # what is folded from other results is other, too
            reworded = reworded or (f"{_WORDS[kind]}: {detail}", sealed)
        if folded and asked.counts is not None and counts != asked.counts:
            yield self._differs(asked, context, "its outcome counts other results than were sealed")
        elif reworded:
            self.differing += 1
            yield self._said(Fault.OTHER_CODE, _by_other(asked, context, reworded[0]), reworded[1].key)

    def _difference(self, sealed: SealedObject, judged: Judged) -> tuple[str, Fault]:
        try:
            return substance.difference(sealed, self._body(sealed), judged, code=self._one.code)
        except EvidenceError as error:
            return str(error), Fault.NOT_CONFIRMED

    def _ours(self, context: Context) -> bool:
        """True if anything says that the code at hand sealed the run."""
        return self._code.sha256 in (context.code.sha256, self._one.code.sha256)

    def _differs(
        self,
        asked: _Asked,
        context: Context,
        detail: str,
        sealed: SealedObject | None = None,
        *,
        fault: Fault = Fault.NOT_CONFIRMED,
    ) -> Problem:
        """A difference in more than words: a fault by the code that sealed it, and by another nothing certain."""
        self.differing += 1
        where = sealed.key if sealed else layout.chain_key(self._one.seq)
        if fault is Fault.DERIVED or self._ours(context):
            return self._derived(f"{_called(asked.account)}: {detail}", where)
        return self._said(fault, _by_other(asked, context, detail), where)

    def _derived(self, detail: str, where: str | None = None) -> Problem:
        return self._said(Fault.DERIVED, detail, where)

    def _said(self, fault: Fault, detail: str, where: str | None = None) -> Problem:
        return Problem(fault=fault, where=where or layout.chain_key(self._one.seq), detail=detail)

    def _body(self, sealed: SealedObject) -> bytes:
        return self._locker.get(sealed.key, version_id=sealed.version_id)


def _by_other(asked: _Asked, context: Context, detail: str) -> str:
    return f"{_called(asked.account)}, sealed by other code (version {context.code.version}): {detail}"


def _called(account: str) -> str:
    return "the organization" if account == layout.ORGANIZATION else f"account {account}"


def _from(pointer: Pointer | None) -> str:
    return f"those of run {pointer.run_id}" if pointer else "none"


def _judged_counts(counts: dict[str, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if name.startswith(_JUDGED_COUNTS)}
