"""IDC-27: tokens of an OIDC issuer are taken from the intended repository, branch or service account only.

Pipelines are held to audience, repository and, where the tier asks, branch or environment; service accounts of EKS to
audience and full name (ruling 12). Which issuers, audiences and owners are intended, `registers.toml` says; where it
does not, that part reads "not supplied" and the rest decides.
"""

from collections.abc import Iterable, Iterator

import msgspec

from prooftrail.controls.case import Case, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance.registers import OidcIssuer
from prooftrail.inventory.wording import listed, plain
from prooftrail.model.iam import OidcProvider
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.risk.entry import Comer, Pin, Way
from prooftrail.risk.web_identity import STS_AUDIENCES, is_eks

from .doors import by, roles, subject_of, unread
from .saying import Said, Subject, fails, held, passes, untested

_TOKENS = (Comer.OIDC, Comer.EKS_IRSA, Comer.EKS_POD_IDENTITY)
_ONE_REPOSITORY = (Pin.FULL, Pin.REPOSITORY)
_NOT_SUPPLIED = "whether {} is intended was not supplied in registers.toml"


def idc_27(case: Case, control: Control) -> Iterator[Verdict]:
    """Audience and subject are pinned in every trust of an issuer, and an issuer takes no audience nobody intended."""
    register = _Register(case)
    for identity, entry in roles(case, control, *_TOKENS):
        subject = subject_of(case, control, identity)
        ways = [way for way in entry.ways if way.comer in _TOKENS]
        if entry.unread:
            yield subject.verdict(unread(entry))
        elif not ways:
            yield subject.not_applicable("no token of an OIDC issuer lets anybody in")
        else:
            open_ways = sum(way.comer is Comer.OIDC and way.pin not in _ONE_REPOSITORY for way in ways)
            parts = [part for way in ways for part in _pinned(case, identity, way, register, open_ways)]
            verdict = subject.verdict(*parts)
            yield _without(verdict, (way.issuer for way in ways if way.comer is Comer.OIDC), register)
    for identity in case.of_kinds(control.kinds):
        if isinstance(identity.facts, OidcProvider):
            yield _provider(case, control, identity, identity.facts, register)


def _pinned(case: Case, identity: Identity, way: Way, register: "_Register", open_ways: int) -> Iterator[Said]:
    if way.comer is Comer.EKS_POD_IDENTITY:
        yield _pods(way)
        return
    if not way.audience:
        yield fails(
            f"{by(way)}: no condition demands {'the audience of STS' if way.comer is Comer.EKS_IRSA else 'an audience'}"
        )
    if way.comer is Comer.EKS_IRSA:
        yield passes(f"{by(way)}: pinned to {listed(way.subjects)}") if way.pin is Pin.FULL else fails(_open(way))
        return
    yield _subject(case, identity, way, open_ways)
    yield from register.judged(way)


def _pods(way: Way) -> Said:
    if way.pin is Pin.FULL:
        return passes(f"{by(way)}: pinned to {listed(way.subjects)}")
    return untested(f"{_open(way)}, and which service accounts use the role is kept in EKS, which is not collected")


def _subject(case: Case, identity: Identity, way: Way, open_ways: int) -> Said:
    if way.pin not in _ONE_REPOSITORY:
        compared = case.compare("IDC-27", "wildcard_sub_allowed", identity.id, over=Over(open_ways))
        return held(compared, _open(way), value=listed(way.subjects) or "no subject")
    if way.pin is Pin.REPOSITORY:
        compared = case.compare("IDC-27", "branch_or_environment_pin_required", identity.id, over=bool)
        if compared.status is ResultStatus.PASS:
            named = listed(way.subjects) or "one repository"
            return passes(f"{by(way)}: pinned to {named}, and its tier asks for no branch or environment")
        return held(compared, _open(way), value=listed(way.subjects))
    return passes(f"{by(way)}: pinned to {listed(way.subjects) or 'its audience'}")


def _open(way: Way) -> str:
    return f"{by(way)}: {way.unpinned_why or 'its subject is not pinned'}"


def _without(verdict: Verdict, issuers: Iterable[str | None], register: "_Register") -> Verdict:
    """The verdict with what the organization did not supply about these issuers."""
    missing = [
        _NOT_SUPPLIED.format(plain(one)) for one in sorted(filter(None, set(issuers))) if not register.entries(one)
    ]
    return msgspec.structs.replace(verdict, not_covered=(*verdict.not_covered, *missing))


def _provider(case: Case, control: Control, identity: Identity, facts: OidcProvider, register: "_Register") -> Verdict:
    subject = Subject(case, control, identity, kind=SubjectType.PROVIDER)
    issuer = identity.arn.partition(":oidc-provider/")[2] or facts.url or identity.name
    doubt = case.doubt(identity, "facts.client_ids")
    if doubt or facts.client_ids is None:
        return subject.verdict(untested(doubt or "its audiences were not read"))
    remarks = _unlisted_issuer(issuer, register)
    verdict = subject.verdict(_audiences(issuer, facts.client_ids, register), remarks=remarks)
    return verdict if is_eks(issuer) else _without(verdict, (issuer,), register)


def _unlisted_issuer(issuer: str, register: "_Register") -> Iterator[str]:
    """A list of issuers that leaves one out is told, and decides nothing (ruling 12); a cluster's comes and goes."""
    if register.lists_any and not register.entries(issuer) and not is_eks(issuer):
        yield f"the issuer {plain(issuer)} is not among those registers.toml lists"


def _audiences(issuer: str, taken: tuple[str, ...], register: "_Register") -> Said:
    intended = STS_AUDIENCES if is_eks(issuer) else register.audiences(issuer)
    if intended is not None:
        beyond = [one for one in taken if one not in intended]
        if beyond:
            return fails(f"it takes the audience {listed(beyond)}, which nobody registered", value=listed(taken))
        return passes(f"it takes only the audience {listed(taken)}" if taken else "it takes no audience at all")
    if len(taken) > 1:
        return untested(f"it takes {len(taken)} audiences ({listed(taken)}); which are intended was not supplied")
    return passes(f"it takes one audience, {listed(taken)}" if taken else "it takes no audience at all")


class _Register:
    """The issuers `registers.toml` lists, as of the day that judges."""

    def __init__(self, case: Case) -> None:
        today = case.taken_at.date()
        self._entries = [one for one in case.governance.registers.oidc_issuer if one.approved_on <= today]

    @property
    def lists_any(self) -> bool:
        return bool(self._entries)

    def entries(self, issuer: str) -> list[OidcIssuer]:
        return [one for one in self._entries if _named(one.issuer) == _named(issuer)]

    def audiences(self, issuer: str) -> frozenset[str] | None:
        """The audiences intended for an issuer; None where no entry names any."""
        named = [one.audiences for one in self.entries(issuer)]
        return frozenset(name for names in named for name in names) if any(named) else None

    def judged(self, way: Way) -> Iterator[Said]:
        """What the register says of a way in; nothing where it does not list the issuer."""
        issuer = way.issuer or ""
        audiences = self.audiences(issuer)
        if audiences is not None and (beyond := [one for one in way.audiences if one not in audiences]):
            yield fails(f"{by(way)}: the audience {listed(beyond)} is not registered for this issuer")
        allowed = [name for one in self.entries(issuer) for name in one.owners]
        if not allowed:
            return
        if not way.owners:
            yield untested(
                f"{by(way)}: its conditions do not name the owner, and registers.toml lists the owners allowed"
            )
        elif beyond := [one for one in way.owners if not any(_same(one, other) for other in allowed)]:
            yield fails(f"{by(way)}: the owner {listed(beyond)} is not among those registered for this issuer")


def _named(issuer: str) -> str:
    return issuer.strip().casefold().removeprefix("https://").rstrip("/")


def _same(owner: str, allowed: str) -> bool:
    """True if both name one owner: by name, by immutable number, or as a group of which it is a subgroup."""
    one, other = owner.casefold(), allowed.casefold()
    name, _, number = one.partition("@")
    other_name, _, other_number = other.partition("@")
    if number and other_number:
        return number == other_number
    return one == other or one.startswith(f"{other}/") or name in (other_name, other_number) or number == other
