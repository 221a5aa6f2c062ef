"""Gathers what stands behind each item of a sample: its sealed lines with their places, and the objects they stand in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from prooftrail.controls import parsing
from prooftrail.controls.catalog import Catalog
from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.pack.registers.cells import unguarded
from prooftrail.pack.sampling.record import Population, Sample
from prooftrail.pack.sampling.sampling import Selected
from prooftrail.ports import Locker

from . import identity_trail, locker_inventory, locker_judgement, trace
from . import sample_telling as telling
from .identity_trail import Match, Proof
from .locker_history import AsOf, LockerHistory, RunSummary
from .locker_judgement import Judged, Judgements

_ACCOUNT = re.compile(r"\d{12}")


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the sample. `told` is its document; `summary` what a list of items shows of it; `missing` what is not there."""

    selected: Selected
    told: dict[str, Any]
    summary: dict[str, str]
    objects: tuple[SealedObject, ...]
    missing: tuple[str, ...]


class _Cited(msgspec.Struct, frozen=True, kw_only=True):
    """The line a population cites for an item, and the object it stands in."""

    told: dict[str, Any]
    sealed: SealedObject

    @property
    def identity(self) -> str | None:
        """The identity a result or a finding is about; None where the line is the identity's own, or about none."""
        named = self.told["sealed"].get("identity")
        return named if isinstance(named, str) else None

    @property
    def of_no_identity(self) -> bool:
        """True for a result or a finding about an account or the organization."""
        return self.told["sealed"].get("record") in ("result", "finding") and self.identity is None


class GatherEvidence:
    """Gathers from one locker, or the copy of one that lies in a pack, as of one run."""

    def __init__(self, locker: Locker, history: LockerHistory, run: RunSummary) -> None:
        self._locker, self._history, self._run = locker, history, run
        self._views: dict[str, tuple[AsOf, Judgements]] = {}
        self._sealed_by: dict[str, RunSummary] = {}
        self._catalog: Catalog | None = None
        self._ids: dict[str, tuple[RunSummary, SealedObject]] = {}

    def __call__(self, sample: Sample, population: Population) -> Iterator[Gathered]:
        """Each item, in the order of the sample. What cannot be gathered is said in `missing`, never raised."""
        rows = population.row_of()
        for one in sample.selected:
            row = dict(zip(population.columns, map(unguarded, rows[one.item_id]), strict=True))
            yield self._item(one, row)

    def copies(self, objects: Mapping[str, SealedObject]) -> Iterator[tuple[str, bytes | str]]:
        """The stored bytes of each object by key, or the sentence that says why there are none; the manifests last."""
        seqs: set[int] = set()
        for key in sorted(objects):
            run = self._sealed_by[key]
            seqs.add(run.seq)
            try:
                yield key, self._history.open(run, objects[key])
            except (EvidenceMissing, EvidenceUnreadable) as error:
                yield key, str(error)
        for seq in sorted({0, *seqs}):
            try:
                yield layout.chain_key(seq), self._locker.get(layout.chain_key(seq))
            except EvidenceError as error:
                yield layout.chain_key(seq), str(error)

    def _item(self, one: Selected, row: dict[str, str]) -> Gathered:
        head: dict[str, Any] = {"number": one.number, "item_id": one.item_id, "stratum": one.stratum, "rank": one.rank, "as_of_run": self._run.run_id, "population_row": row}  # fmt: skip
        line = self._cited(row)
        if line is not None:
            head["cited"] = line.told
        identity = (line.identity if line else None) or unguarded(one.item_id)
        match = self._match(identity, row)
        if isinstance(match, str):
            return self._without_identity(one, head, row, line, match)
        missing: list[str] = [*telling.older(match, self._run), *match.standing.disbelieved]
        proofs = identity_trail.proofs(self._history, match)
        absent = frozenset(each for proof in proofs for each in telling.absent(proof, match))
        missing += [each for proof in proofs for each in self._gone(proof, match)]
        judged, said = self._judged(match, missing)
        found = [*self._shared(), *([line.sealed] if line else ()), *self._of_proofs(proofs), *self._of_judged(judged)]
        objects = tuple({each.key: each for each in found}.values())
        told = {
            **head,
            "identity": self._identity(match, proofs),
            **said,
            "answers_of_aws": [msgspec.to_builtins(each) for proof in proofs for each in proof.raw_lines],
            "evidence": [self._described(each) for each in objects],
            "missing": missing,
        }
        return Gathered(
            selected=one,
            told=told,
            summary=telling.summary_of_row(row) | telling.summary_of(match, said),
            objects=tuple(each for each in objects if each.key not in absent),
            missing=tuple(missing),
        )

    def _without_identity(
        self, one: Selected, head: dict[str, Any], row: Mapping[str, str], line: "_Cited | None", why: str
    ) -> Gathered:
        """An item that is no identity that could be found: the line the population cites is all there is of it."""
        missing = () if line and line.of_no_identity else (why,)
        objects = () if line is None else (*self._shared(), line.sealed)
        described = [self._described(each) for each in objects]
        told = {**head, "identity": None, "evidence": described, "missing": missing}
        return Gathered(selected=one, told=told, summary=telling.summary_of_row(row), objects=objects, missing=missing)

    def _cited(self, row: Mapping[str, str]) -> "_Cited | None":
        """The sealed line the population itself cites; None where it cites none, or it cannot be opened."""
        name, number = row.get("evidence_id", ""), row.get("evidence_line", "")
        run, sealed = self._by_evidence_id().get(name, (None, None))
        if run is None or sealed is None or not number.isdecimal():
            return None
        try:
            lines_ = lines.unpack(sealed.key, self._history.open(run, sealed)).splitlines()
            said = msgspec.json.decode(lines_[int(number) - 1])
        except (EvidenceMissing, EvidenceUnreadable, IndexError, msgspec.DecodeError):
            return None
        self._of(sealed, run)
        told = {"place": telling.place(sealed, run, int(number)), "sealed": said}
        return _Cited(told=told, sealed=sealed)

    def _by_evidence_id(self) -> dict[str, tuple[RunSummary, SealedObject]]:
        if not self._ids:
            for run in self._history.runs:
                if run.taken_at <= self._run.taken_at:
                    named = self._history.manifest(run.run_id).objects
                    self._ids |= {f"e-{one.stored_sha256[:16]}": (run, one) for one in named}
        return self._ids

    def _match(self, item_id: str, row: Mapping[str, str]) -> Match | str:
        """The identity the item is, or the sentence that says that none is."""
        account = next((row[one] for one in telling.ACCOUNT_COLUMNS if _ACCOUNT.fullmatch(row.get(one, ""))), None)
        for each in [account] if account else sorted(self._history.accounts(self._run)):
            view, _ = self._view(each)
            for standing in view.standings:
                for listed in standing.listed:
                    if item_id in (listed.identity.id, view.reveal(listed.identity.id)):
                        return Match(listed=listed, standing=standing, view=view)
        where = f"account {account}" if account else "any account"
        return f"no sealed snapshot that could be opened lists {item_id!r} in {where} as of run {self._run.run_id}"

    def _view(self, account: str) -> tuple[AsOf, Judgements]:
        if account not in self._views:
            view = self._history.as_of(self._run, account=account)
            self._views[account] = view, locker_judgement.judgements(self._history, view)
        return self._views[account]

    def _gone(self, proof: Proof, match: Match) -> Iterator[str]:
        """What of a proof is not here. The run something was carried from is told in one sentence: packs leave it out."""
        if telling.absent(proof, match):
            yield (
                f"it was last asked for in run {proof.run_id} and carried from there: that run's raw answers are not here"
                " (packs take them along with --carried-raw, the locker has them)"
            )
        else:
            yield from (each.replace(f" in {self._locker.describe()}:", " here:") for each in proof.missing)

    def _judged(self, match: Match, missing: list[str]) -> tuple[Judged | None, dict[str, Any]]:
        view, found = self._view(match.identity.account)
        judged = found.of(match.identity.account)
        if judged is None:
            why = next((one.reason for one in found.unjudged), "it was not judged")
            missing.append(f"no risk, results or findings: {why}")
            return None, {"risk": None, "results": [], "findings": []}
        if judged.findings_wrong:
            missing.append(f"no findings: {judged.findings_wrong}")
        results, findings = trace.judged_of(self._history, match, judged, self._of_catalog())
        at = next((at for at, each in enumerate(judged.assessment.risks) if each.identity == match.identity.id), None)
        if at is None:
            missing.append("no risk: the sealed assessment scores no such identity")
        held = {
            (each.control, each.subject): line
            for line, each in enumerate(judged.findings.findings if judged.findings else (), 2)
        }
        said = {
            "risk": None
            if at is None
            else {
                "place": telling.place(judged.sealed, judged.run, at + 2),
                "sealed": msgspec.to_builtins(judged.assessment.risks[at]),
            },
            "results": [
                {
                    "place": msgspec.to_builtins(each.place),
                    "title": each.control.title,
                    "whose": each.whose,
                    "why_it_applies": each.applies,
                    **telling.both(each.result, view),
                }
                for each in results
            ],
            "findings": [
                {
                    "place": telling.place(judged.findings_sealed, judged.run, held[each.control, each.subject]),
                    **telling.both(each, view),
                }
                for each in findings
            ],
        }
        return judged, said

    def _identity(self, match: Match, proofs: tuple[Proof, ...]) -> dict[str, Any]:
        row = locker_inventory.row_of(match.listed, match.standing, match.view)
        return {
            "places": [telling.place(one.snapshot, telling.run_of(one), one.line) for one in proofs],
            "shown": msgspec.to_builtins(row),
            "sealed": msgspec.to_builtins(match.identity),
        }

    def _shared(self) -> Iterator[SealedObject]:
        """What every item rests on: the context of the run, with policy and catalog."""
        for one in self._history.manifest(self._run.run_id).objects:
            if one.kind is EvidenceKind.CONTEXT:
                yield self._of(one, self._run)

    def _of_proofs(self, proofs: tuple[Proof, ...]) -> Iterator[SealedObject]:
        runs = {one.run_id: one for one in self._history.runs}
        for proof in proofs:
            yield self._of(proof.snapshot, runs[proof.run_id])
            yield from (self._of(one, runs[proof.run_id]) for one in proof.raw)

    def _of_judged(self, judged: Judged | None) -> Iterator[SealedObject]:
        if judged:
            yield self._of(judged.sealed, judged.run)
            if judged.findings_sealed:
                yield self._of(judged.findings_sealed, judged.run)

    def _of(self, one: SealedObject, run: RunSummary) -> SealedObject:
        self._sealed_by[one.key] = run
        return one

    def _described(self, one: SealedObject) -> dict[str, Any]:
        run = self._sealed_by[one.key]
        named = self._history.manifest(run.run_id).objects
        return {
            "evidence_id": f"e-{one.stored_sha256[:16]}",
            **msgspec.to_builtins(one),
            "manifest": layout.chain_key(run.seq),
            "manifest_sha256": run.manifest_sha256,
            "number_in_manifest": next(at for at, each in enumerate(named, 1) if each.key == one.key),
        }

    def _of_catalog(self) -> Catalog:
        if self._catalog is None:
            try:
                text = locker_judgement.context_of(self._history, self._run).catalog
            except EvidenceError:
                text = ""
            self._catalog = parsing.parse(text or parsing.shipped())
        return self._catalog
