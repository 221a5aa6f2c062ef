"""Is the record whole: the inventory (IDC-01), owner and purpose (IDC-02), the score (IDC-03), the controls that apply (IDC-04)?"""

from collections.abc import Iterable, Iterator, Mapping, Set

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.due import grace
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Owner
from prooftrail.governance.policy import folded
from prooftrail.inventory.wording import counted
from prooftrail.model.iam import PermissionSetFacts, Role, Secret
from prooftrail.model.identity import Identity, Kind, Rung
from prooftrail.model.judgement import Limit, ResultStatus, SubjectType, Tier
from prooftrail.model.reading import CellStatus, Collector, GapReason
from prooftrail.model.snapshot import Reconciliation

from .saying import Check
from .unlisted import listing_gap

_EVERYWHERE = (
    Collector.REGIONS,
    Collector.ACCOUNT_SUMMARY,
    Collector.PRINCIPALS,
    Collector.ROLE_SETTINGS,
    Collector.CREDENTIAL_REPORT,
    Collector.ACCESS_KEYS,
    Collector.MFA_DEVICES,
    Collector.SERVICE_SPECIFIC_CREDENTIALS,
    Collector.PASSWORD_POLICY,
    Collector.SAML_PROVIDERS,
    Collector.OIDC_PROVIDERS,
    Collector.SERVER_CERTIFICATES,
    Collector.OUTBOUND_FEDERATION,
)
"""The sources every account has; the others are asked only where they can answer.

Contacts are not among them, so that what was sealed before they were read still comes out as it was judged.
"""

_COUNTED_FROM = {
    "identity providers": (Collector.SAML_PROVIDERS, Collector.OIDC_PROVIDERS),
    "server certificates": (Collector.SERVER_CERTIFICATES,),
    "users and root against report rows": (Collector.PRINCIPALS, Collector.CREDENTIAL_REPORT),
    "sampled report rows": (),
    "regions": (Collector.REGIONS,),
}
"""Whose cells a count rests on; every other count rests on the principals."""

_NAMED = 4  # sources or counts named in one sentence; `gaps` names them all


def idc_01(case: Case, control: Control) -> Iterator[Verdict]:
    """Every source was read to its end and in time, and no count differs without explanation.

    One row for the account. A count whose own source was refused says nothing: it is a gap, not a difference.
    """
    counts = sorted(case.snapshot.reconciliations, key=lambda one: one.what)
    gaps, odd = tuple(sorted(_unread(case))), [one for one in counts if _differs(case, control, one)]
    limit = case.limits.described(control.id, "count_variance_allowed", Tier.CRITICAL)
    cells = len(case.snapshot.cells)
    value = f"{cells - sum(not _whole(one.status) for one in case.snapshot.cells)} of {cells} sources whole"
    if odd:
        told = "; ".join(
            f"{one.what}: {one.counted} listed, {one.independent} by {one.independent_source}" for one in odd
        )
        status, reason = ResultStatus.FAIL, f"The counts do not agree and nothing explains the difference ({told})."
    elif gaps:
        status = ResultStatus.NOT_TESTED
        reason = f"The inventory is not complete: {_some(gaps)}."
    else:
        explained = sum(bool(one.difference) for one in counts)
        more = f", {explained} of them with an explained difference" if explained else ""
        agree = f"{len(counts)} counts agree{more}"
        status, reason = ResultStatus.PASS, f"All {cells} sources were read to their end and in time, and {agree}."
    yield Verdict(
        subject=case.account.id,
        subject_type=SubjectType.ACCOUNT,
        identity=None,
        status=status,
        reason=reason,
        value=value,
        limit=limit,
        gaps=gaps,
    )


def _whole(status: CellStatus) -> bool:
    return status in (CellStatus.OK, CellStatus.DISABLED)


def _unread(case: Case) -> Iterator[str]:
    """Every source that was not read to its end, late ones and regions nobody asked among them."""
    there = {one.collector for one in case.snapshot.cells}
    yield from (f"{one} was not read" for one in _EVERYWHERE if one not in there)
    for one in case.snapshot.cells:
        if not _whole(one.status):
            yield f"{one.collector} in {one.region} is {one.status}" + (f": {one.reason}" if one.reason else "")
    asked = {one.region for one in case.snapshot.cells if one.collector is Collector.SECRETS}
    for region in sorted(set(case.snapshot.account.regions_enabled or ()) - asked):
        yield f"secrets in {region} were not asked for"


def _differs(case: Case, control: Control, one: Reconciliation) -> bool:
    """True if a count differs, nothing explains it, and what was counted had been read as far as AWS let us."""
    allowed = case.limits.value(control.id, "count_variance_allowed", Tier.CRITICAL)
    if one.explained is not None or abs(one.difference) <= allowed:
        return False
    sources = _COUNTED_FROM.get(one.what, (Collector.PRINCIPALS,))
    return not any(_refused(case, source) for source in sources)


def _refused(case: Case, collector: Collector) -> bool:
    """True if a cell misses something for another reason than the very difference that is judged."""
    cells = [one for one in case.snapshot.cells if one.collector is collector]
    gaps = [gap for one in cells for gap in one.gaps]
    unsaid = any(not _whole(one.status) and not one.gaps for one in cells)
    return not cells or unsaid or any(gap.reason is not GapReason.DISAGREES for gap in gaps)


def _some(texts: tuple[str, ...]) -> str:
    more = f" (and {len(texts) - _NAMED} more)" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more


def idc_02(case: Case, control: Control) -> Iterator[Verdict]:
    """One owner who is still here, and a purpose, for every identity but credentials, which have their user's.

    Tags that were not read leave both open (NOT_TESTED). An owner that owners.toml does not list passes, with the
    remark that nobody knows whether it is active. Ruling 10 says which rungs name an owner.
    """
    owners = {text: one for one in case.governance.owners.owner for text in folded(one.spellings())}
    for one in case.of_kinds(control.kinds):
        if made := _made_by_identity_center(case, one):
            yield made
            continue
        value = one.owner.value
        owner = owners.get(folded((value,))[0]) if value else None
        status, reason, remarks, gaps = _owned(case, one, owner)
        yield Verdict(
            subject=one.id,
            subject_type=SubjectType.IDENTITY,
            identity=one.id,
            status=status,
            reason=reason,
            tier=case.tier(one.id),
            value=value,
            limit=_grace(case, one, owner) if status is ResultStatus.FAIL else None,
            not_covered=remarks,
            gaps=gaps,
        )


def _grace(case: Case, one: Identity, owner: Owner | None) -> Limit:
    left = owner is not None and not owner.active
    return grace(case.limits, case.tier(one.id), left=left)


def _made_by_identity_center(case: Case, one: Identity) -> Verdict | None:
    """NOT_APPLICABLE for the SAML provider Identity Center keeps in every account: nobody else could own or tag it.

    Its name alone earns nothing: a role below the path that AWS reserves must trust it. NOT_TESTED where such a role may
    not have been listed.
    """
    if one.kind is not Kind.SAML_PROVIDER or not one.name.startswith(_OF_IDENTITY_CENTER):
        return None
    made = (role.facts for role in case.of_kinds((Kind.ROLE_SSO,)) if isinstance(role.facts, Role))
    status = ResultStatus.NOT_APPLICABLE
    reason = "Identity Center made it and keeps it: its roles come in through it, and nobody else can change it."
    gap = None
    if not any(one.arn == each.value for facts in made for said in facts.trust for each in said.principals):
        gap = listing_gap(case, Collector.PRINCIPALS)
        if gap is None:
            return None
        status, reason = ResultStatus.NOT_TESTED, f"Whether Identity Center made it and keeps it is not known: {gap}."
    return Verdict(
        subject=one.id,
        subject_type=SubjectType.IDENTITY,
        identity=one.id,
        status=status,
        reason=reason,
        tier=case.tier(one.id),
        gaps=(gap,) if gap else (),
    )


_OF_IDENTITY_CENTER = "AWSSSO_"


type _Said = tuple[ResultStatus, str, tuple[str, ...], tuple[str, ...]]


def _owned(case: Case, one: Identity, owner: Owner | None) -> _Said:
    value = one.owner.value
    remarks = tuple(_remarks(one, owner))
    if gap := _open_question(case, one):
        known = f" ({value} is named as its owner by a weaker source)" if value else ""
        asked = "who owns it" if value is None or one.kind is not Kind.PERMISSION_SET else "what it is for"
        return ResultStatus.NOT_TESTED, f"Nobody can say {asked}: {gap}{known}.", remarks, (gap,)
    if value is None:
        return ResultStatus.FAIL, f"It has no owner: {_NOWHERE}.", remarks, ()
    if owner is not None and not owner.active:
        reason = f"Its owner {value} (known by {one.owner.where}) has left according to owners.toml: hand it over."
        return ResultStatus.FAIL, reason, remarks, ()
    purpose = _purpose(one)
    if purpose is None:
        reason = (
            f"Its owner is {value} (known by {one.owner.where}), but nobody wrote down what it is for: {_PURPOSELESS}."
        )
        return ResultStatus.FAIL, reason, remarks, ()
    return ResultStatus.PASS, f"Its owner is {value} (known by {one.owner.where}); {purpose}.", remarks, ()


_NOWHERE = "no tag on it or its principal, no entry of owners.toml and no owner of the account names one"
_PURPOSELESS = "no tag, no entry of owners.toml and no description says"


_UNTAGGED = {
    Kind.PERMISSION_SET: "permission sets",
    Kind.SAML_PROVIDER: "SAML providers",
    Kind.CERTIFICATE: "certificates in IAM",
}
"""Kinds whose tags no list shows: never collected, which is no gap of this run."""


def _open_question(case: Case, one: Identity) -> str | None:
    """What was not read and could name another owner, or one at all; None where everything that counts was read."""
    if {"owner", "purpose"} & set(one.unknown):
        if one.kind not in _UNTAGGED:
            return "its tags were not read"
        if one.owner.value is None or _purpose(one) is None:
            return f"this version does not collect the tags of {_UNTAGGED[one.kind]}, and a tag could say"
        return None  # never collected, rather than refused: said as a remark
    weak = one.owner.rung in (Rung.NONE, Rung.ACCOUNT)
    if weak and case.account.tags is None and case.context.organization.id is not None:
        return "the tags of its account were not read"
    return None


def _remarks(one: Identity, owner: Owner | None) -> Iterator[str]:
    value = one.owner.value
    if one.kind in _UNTAGGED and "owner" in one.unknown:
        yield f"tags of {_UNTAGGED[one.kind]}: this version does not collect them"
    if value is None:
        return
    if owner is None:
        yield f"whether the owner is active: {value} is not in owners.toml, so nobody can tell"
    elif owner.kind == "team" and not (owner.manager or owner.deputy):
        yield f"who leads the team: not supplied, owners.toml names neither manager nor deputy of {value}"


def _purpose(one: Identity) -> str | None:
    """What it is for and how that is known, None where nobody said. The root is what every account has."""
    if one.purpose.value:
        return f"its purpose is known by {one.purpose.where}"
    if one.kind is Kind.ROOT:
        return "every account has a root"
    described = isinstance(one.facts, Role | Secret | PermissionSetFacts) and (one.facts.description or "").strip()
    return "its description says what it is for" if described else None


def idc_03(case: Case, control: Control) -> Iterator[Verdict]:
    """Every identity has a tier that nothing unread could change; the version of the method is the organization's row."""
    for one in case.of_kinds(control.kinds):
        risk = case.risks.get(one.id)
        gaps: tuple[str, ...] = ()
        if risk is None:
            status, reason = ResultStatus.NOT_TESTED, "It was not scored."
        elif risk.certain:
            status = ResultStatus.PASS
            reason = (
                f"Its tier is {risk.tier} (impact {risk.impact}, likelihood {risk.likelihood}), scored for this run."
            )
        else:
            gaps = risk.unknown
            why = "; ".join(gaps) if gaps else "something it rests on was not read"
            status = ResultStatus.NOT_TESTED
            reason = f"Its tier lies between {risk.tier_from} and {risk.tier}: {why}."
        yield _of(case, one, status, reason, value=str(risk.tier) if risk else None, gaps=gaps)


def idc_04(
    case: Case, control: Control, *, controls: Iterable[Control], judged: Mapping[str, Set[str]]
) -> Iterator[Verdict]:
    """Every control that asks something of the identity's kind gave a result; judged last, because it looks at the others.

    `judged` are the identities and subjects each control gave a row for. A credential is judged with its user and a
    user with its credentials, as `trace` shows them.
    """
    asking: dict[Kind, list[str]] = {
        kind: [one.id for one in controls if one.of_identities and one.id != control.id and kind in one.kinds]
        for kind in control.kinds
    }
    for one in case.of_kinds(control.kinds):
        names = {one.id, *(child.id for child in case.children(one))} | ({one.parent} if one.parent else set())
        wanted = asking[one.kind]
        gaps = tuple(f"{name} gave no result for it" for name in wanted if not names & judged.get(name, frozenset()))
        if "kind" in one.unknown:
            gaps = (*gaps, "its kind is not certain")
            status, reason = (
                ResultStatus.NOT_TESTED,
                f"Which controls apply to it is not certain: {one.kind_reason.rstrip('.')}.",
            )
        elif gaps:
            status, reason = ResultStatus.NOT_TESTED, f"Not every control that applies to it was judged: {_some(gaps)}."
        else:
            status = ResultStatus.PASS
            reason = f"{counted(len(wanted), 'control judges', 'controls judge')} identities of its kind ({one.kind}) one by one, and each gave a result."
        value = f"{len(wanted) - len(gaps)} of {len(wanted)} controls"
        yield _of(case, one, status, reason, value=value, gaps=gaps)


def _of(
    case: Case, one: Identity, status: ResultStatus, reason: str, *, value: str | None, gaps: tuple[str, ...]
) -> Verdict:
    return Verdict(
        subject=one.id,
        subject_type=SubjectType.IDENTITY,
        identity=one.id,
        status=status,
        reason=reason,
        tier=case.tier(one.id),
        value=value,
        gaps=gaps,
    )


CHECKS: dict[str, Check] = {"IDC-01": idc_01, "IDC-02": idc_02, "IDC-03": idc_03}
"""IDC-04 is no entry: `evaluate` judges it last, because it looks at the results of all others."""
