"""Walks the proof both ways: from an identity to the controls, limits and bytes behind its results, and back from a control.

Nothing is asked of AWS, and nothing is believed that no manifest names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from prooftrail.controls.catalog import Catalog, Control
from prooftrail.governance import Governance
from prooftrail.governance.soa import SoaLine
from prooftrail.governance.thresholds import Limits
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Finding, Limit, Result, ResultStatus, Risk, SubjectType, Tier
from prooftrail.model.run import SealedObject

from .identity_trail import Match, Trail, trail
from .locker_history import AsOf, LockerHistory, RunSummary, Standing
from .locker_judgement import Judged, Judgements, identities_of, name_of

type Inheritance = Literal["its own", "of its user", "of its credential", "of its account", "of the organization"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sealed line stands: the object, its hashes, the line once unpacked, and its place in the manifest."""

    run_id: str
    seq: int
    manifest_sha256: str
    key: str
    sha256: str
    stored_sha256: str
    number: int
    of: int
    line: int | None


class TracedResult(msgspec.Struct, frozen=True, kw_only=True):
    """One result, why the control applies, and where the sealed line is. `whose` says from whom it is inherited."""

    result: Result
    control: Control
    whose: Inheritance
    applies: str
    place: Place


class IdentityTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything from an identity down to the bytes AWS sent: risk, results, findings, and the trail with its proofs."""

    trail: Trail
    risk: Risk | None
    unjudged: str | None
    results: tuple[TracedResult, ...]
    findings: tuple[Finding, ...]


class Judgable(msgspec.Struct, frozen=True, kw_only=True):
    """A result seen from its control: who it is about, and where the sealed line is."""

    result: Result
    account: str
    name: str
    arn: str | None
    place: Place


class ControlTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything from a control to its results: the limits in force and who set them, the statement of applicability,
    the count of each result, every result that is no PASS, and one sample walked all the way to the raw response."""

    control: Control
    answers_to: tuple[str, ...]
    limits: tuple[tuple[Tier, Limit], ...]
    soa: tuple[SoaLine, ...]
    counts: tuple[tuple[ResultStatus, int], ...]
    results: tuple[Judgable, ...]
    sample: Trail | None


def of_identity(history: LockerHistory, match: Match, found: Judgements, catalog: Catalog) -> IdentityTrace:
    """The walk from one identity. Results of its user, its credentials, its account and the organization are inherited."""
    identity = match.identity
    judged = found.of(identity.account)
    if judged is None:
        why = next((one.reason for one in found.unjudged if one.account == identity.account), "it was not judged")
        return IdentityTrace(trail=trail(history, match), risk=None, unjudged=why, results=(), findings=())
    results, findings = judged_of(history, match, judged, catalog)
    return IdentityTrace(
        trail=trail(history, match),
        risk=next((one for one in judged.assessment.risks if one.identity == identity.id), None),
        unjudged=None,
        results=results,
        findings=findings,
    )


def judged_of(
    history: LockerHistory, match: Match, judged: Judged, catalog: Catalog
) -> tuple[tuple[TracedResult, ...], tuple[Finding, ...]]:
    """The results and findings of one identity and of what it inherits from, its own first."""
    identity = match.identity
    relations = _relations(match.standing, identity)
    results = [
        TracedResult(
            result=one,
            control=catalog.control(one.control),
            whose=whose,
            applies=_applies(catalog.control(one.control), one, relations, match.standing),
            place=place_of(history, judged, one),
        )
        for one in judged.assessment.results
        if (whose := _whose(one, identity, relations)) is not None
    ]
    held = judged.findings.findings if judged.findings else ()
    found = tuple(one for one in held if _concerns(one, identity, relations))
    return tuple(sorted(results, key=lambda one: (_ORDER.index(one.whose), one.result.control))), found


_ORDER: tuple[Inheritance, ...] = (
    "its own",
    "of its credential",
    "of its user",
    "of its account",
    "of the organization",
)


def _relations(standing: Standing, identity: Identity) -> dict[str, Inheritance]:
    """Whose results this identity inherits, by id: its credentials', or its user's."""
    related: dict[str, Inheritance] = {identity.id: "its own"}
    for one in identities_of(standing).values():
        if one.parent == identity.id and one.id != identity.id:
            related[one.id] = "of its credential"
    if identity.parent and identity.parent != identity.id:
        related[identity.parent] = "of its user"
    return related


def _whose(one: Result, identity: Identity, relations: Mapping[str, Inheritance]) -> Inheritance | None:
    if one.identity is not None:
        return relations.get(one.identity)
    return "of its account" if one.subject == identity.account else None


def _concerns(one: Finding, identity: Identity, relations: Mapping[str, Inheritance]) -> bool:
    """As results are inherited, so are the findings that come of them."""
    return one.identity in relations if one.identity else one.subject == identity.account


def _applies(control: Control, one: Result, relations: Mapping[str, Inheritance], standing: Standing) -> str:
    if one.identity is None and SubjectType.ACCOUNT not in control.subject:
        return f"{control.id} has a row for the account in place of what could not be listed in it"
    if one.identity is None:
        return f"{control.id} speaks of every account"
    about = identities_of(standing).get(one.identity)
    kind = about.kind if about else "its kind"
    return f"{control.id} speaks of every {kind}" if relations.get(one.identity) else f"{control.id} lists {kind}"


def place_of(history: LockerHistory, judged: Judged, one: Result) -> Place:
    """Where a result's line is sealed."""
    return _place(history, judged.run, judged.sealed, judged.line_of.get((one.control, one.subject)))


def _place(history: LockerHistory, run: RunSummary, sealed: SealedObject, line: int | None) -> Place:
    named = history.manifest(run.run_id).objects
    return Place(
        run_id=run.run_id,
        seq=run.seq,
        manifest_sha256=run.manifest_sha256,
        key=sealed.key,
        sha256=sealed.sha256,
        stored_sha256=sealed.stored_sha256,
        number=next(at for at, each in enumerate(named, 1) if each.key == sealed.key),
        of=len(named),
        line=line,
    )


def of_control(
    history: LockerHistory, as_of: AsOf, found: Judgements, control: Control, *, catalog_limits: Limits, policy: Governance,
    answers_to: Iterable[str],
) -> ControlTrace:  # fmt: skip
    """The walk from one control back to everything it was judged on."""
    judgables = tuple(_judgables(history, as_of, found, control))
    counts = Counter(one.result.status for one in judgables)
    annex_a = set(control.crosswalk.iso27001_2022)
    return ControlTrace(
        control=control,
        answers_to=tuple(answers_to),
        limits=tuple(
            (tier, catalog_limits.described(control.id, name, tier))
            for name in control.thresholds
            for tier in reversed(Tier)
        ),
        soa=tuple(one for one in policy.soa.line if one.control in annex_a),
        counts=tuple((status, counts[status]) for status in ResultStatus if counts[status]),
        results=judgables,
        sample=_sample(history, as_of, judgables),
    )


def _judgables(history: LockerHistory, as_of: AsOf, found: Judgements, control: Control) -> Iterator[Judgable]:
    standings = {one.account: one for one in as_of.standings}
    for judged in found.everyone():
        mine = [one for one in judged.assessment.results if one.control == control.id]
        if not mine:
            continue
        listed, at = identities_of(standings.get(judged.account)), place_of(history, judged, mine[0])
        for one in mine:
            identity = listed.get(one.identity) if one.identity else None
            yield Judgable(
                result=one,
                account=judged.account,
                name=name_of(identity, one.subject, as_of),
                arn=as_of.reveal(identity.arn) if identity else None,
                place=msgspec.structs.replace(at, line=judged.line_of.get((one.control, one.subject))),
            )


_WALKED = (ResultStatus.FAIL, ResultStatus.EXCEPTION, ResultStatus.PASS, ResultStatus.NOT_TESTED)


def _sample(history: LockerHistory, as_of: AsOf, judgables: tuple[Judgable, ...]) -> Trail | None:
    """The first result about an identity, a failing one before others, walked to the raw response."""
    by_account = {one.account: one for one in as_of.standings}
    for status in _WALKED:
        for one in judgables:
            standing = by_account.get(one.account)
            if one.result.status is not status or one.result.identity is None or standing is None:
                continue
            listed = next((each for each in standing.listed if each.identity.id == one.result.identity), None)
            if listed:
                return trail(history, Match(listed=listed, standing=standing, view=as_of))
    return None
