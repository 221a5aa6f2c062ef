"""Says what each identity is and who acts through it, with the reason for both. UNDETERMINED is an answer.

A class that a tag or the registry declares wins over everything AWS shows, except where only AWS decides: the root, its
service-linked roles and the roles of Identity Center.
"""

from collections.abc import Iterable

import msgspec

from prooftrail.governance import Assignment, Governance
from prooftrail.governance.policy import folded, pattern
from prooftrail.model.iam import (
    AccessKey,
    OidcProvider,
    PermissionSetFacts,
    Role,
    Root,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import Basis, Classification, IdentityClass, Kind, Observed
from prooftrail.model.organization import Tag

from .context import OrgContext
from .entrants import Entrant, entrants
from .join import Joined
from .wording import listed, plain

HUMAN, NON_HUMAN, UNDETERMINED = IdentityClass.HUMAN, IdentityClass.NON_HUMAN, IdentityClass.UNDETERMINED

_BOTH = ("class", "kind")
_SERVICE_LINKED = "/aws-service-role/"
_IDENTITY_CENTER = "/aws-reserved/sso.amazonaws.com/"
_KINDS: dict[type, tuple[Kind, IdentityClass, str]] = {
    Root: (Kind.ROOT, HUMAN, "it is the root of the account"),
    SamlProvider: (Kind.SAML_PROVIDER, NON_HUMAN, "it is a SAML provider"),
    OidcProvider: (Kind.OIDC_PROVIDER, NON_HUMAN, "it is an OIDC provider"),
    ServerCertificate: (Kind.CERTIFICATE, NON_HUMAN, "it is a certificate"),
    Secret: (Kind.SECRET, NON_HUMAN, "it is a secret"),
    PermissionSetFacts: (Kind.PERMISSION_SET, HUMAN, "people take it on through Identity Center"),
}
_CREDENTIALS: dict[type, tuple[Kind, str]] = {
    AccessKey: (Kind.ACCESS_KEY, "it is an access key"),
    ServiceSpecificCredential: (Kind.SERVICE_SPECIFIC_CRED, "it is a credential for one service"),
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity is. `unknown` names what of kind and class a refused or outdated source leaves in doubt."""

    kind: Kind
    kind_reason: str
    classification: Classification
    unknown: tuple[str, ...] = ()


class Classifier:
    """Kinds and classes of the identities of one account."""

    def __init__(self, governance: Governance, context: OrgContext, account: str) -> None:
        tags, hints = governance.scope.tags, governance.scope.name_hints
        self._context = context
        self._home = account
        self._issuers = governance.ci_issuers
        self._class_keys = folded(tags.cls)
        self._classes = dict.fromkeys(folded(tags.human), HUMAN) | dict.fromkeys(folded(tags.non_human), NON_HUMAN)
        self._hints = [(one, pattern(one)) for one in (*hints.human, *hints.non_human)]

    def verdict(self, joined: Joined, *, parent: Verdict | None, assignments: Iterable[Assignment]) -> Verdict:
        """What `joined` is; `parent` is the verdict on the user a credential belongs to."""
        one = joined.observed
        inferred = self._inferred(joined, parent)
        if _only_aws_decides(one):
            return inferred
        declared = self._declared(one, assignments)
        verdict = inferred if declared is None else _declared_over(inferred, declared, one)
        return _in_doubt(verdict, one) if "tags" in joined.unknown else verdict

    def _inferred(self, joined: Joined, parent: Verdict | None) -> Verdict:
        one = joined.observed
        if isinstance(one.facts, User):
            return self._user(joined, one.facts)
        if isinstance(one.facts, Role):
            return self._role(one.facts, unread="facts.trust" in joined.unknown)
        if type(one.facts) in _CREDENTIALS:
            return _credential(one, parent)
        kind, cls, reason = _KINDS[type(one.facts)]
        return _verdict(kind, reason, cls, reason)

    def _user(self, joined: Joined, facts: User) -> Verdict:
        holds = joined.holdings
        hint = self._hint(joined.observed.name)
        if facts.password_enabled is None:
            why = joined.untold or "the credential report does not say whether it has a password"
            return _verdict(Kind.USER, why, UNDETERMINED, f"{why}{hint}", unknown=_BOTH)
        if facts.password_enabled and holds.keys:
            why = "it signs in with a password and holds an active key"
            return _verdict(Kind.HUMAN_USER, "it signs in with a password", UNDETERMINED, f"{why}{hint}")
        if facts.password_enabled:
            why = "it signs in with a password and holds no active key"
            return _verdict(Kind.HUMAN_USER, why, HUMAN, why)
        if holds.keys or holds.service_credentials:
            why = "it has no password and holds an active " + ("key" if holds.keys else "credential for one service")
            return _verdict(Kind.SERVICE_USER, why, NON_HUMAN, why)
        if holds.service_credentials is None:
            why = "it has neither a password nor an active key, and its credentials for services could not be listed"
            return _verdict(Kind.USER, why, UNDETERMINED, f"{why}{hint}", unknown=_BOTH)
        signs = any(one.active for one in facts.certificates or ())
        why = "it has neither a password nor an active key" + (", only a signing certificate" if signs else "")
        return _verdict(Kind.USER, why, UNDETERMINED, f"{why}{hint}")

    def _hint(self, name: str) -> str:
        match = next((text for text, hint in self._hints if hint.fullmatch(name)), None)
        return f" (its name matches {plain(match)}, which declares nothing by itself)" if match else ""

    def _role(self, facts: Role, *, unread: bool) -> Verdict:
        if facts.path.startswith(_SERVICE_LINKED):
            why = f"its path is {_SERVICE_LINKED}"
            return _verdict(Kind.ROLE_SERVICE_LINKED, why, NON_HUMAN, why)
        if facts.path.startswith(_IDENTITY_CENTER):
            why = f"its path is {_IDENTITY_CENTER}"
            return _verdict(Kind.ROLE_SSO, why, HUMAN, "people take it on through Identity Center")
        if unread:
            why = "its trust policy cannot be read, so who may take it on is not known"
            return _verdict(Kind.ROLE_CROSS_ACCOUNT, why, UNDETERMINED, why, unknown=_BOTH)
        found = entrants(facts.trust, home=self._home, context=self._context, ci_issuers=self._issuers)
        return self._by_entrants(found)

    def _by_entrants(self, found: tuple[Entrant, ...]) -> Verdict:
        present = [one for one in found if one.kind is not None]
        if not present:
            why = f"it trusts {listed(one.name for one in found)} and nobody else" if found else "it lets nobody in"
            return _verdict(Kind.ROLE_CROSS_ACCOUNT, why, UNDETERMINED, why)
        why = f"it trusts {listed(one.name for one in found)}"
        classes = {one.cls for one in present}
        cls = classes.pop() if len(classes) == 1 else UNDETERMINED
        if any(one.untold for one in present):
            why = f"{why}; {self._context.untold}"
            return _verdict(_kind_of(present), why, cls, why, unknown=() if self._context.complete else _BOTH)
        reason = why if cls is not UNDETERMINED else f"{why}, which does not tell people from software"
        return _verdict(_kind_of(present), why, cls, reason)

    def _declared(self, one: Observed, assignments: Iterable[Assignment]) -> tuple[IdentityClass, str] | None:
        for key in self._class_keys:
            for tag in one.tags or ():
                cls = self._class_of(tag, key)
                if cls is not None:
                    return cls, f"its tag {plain(tag.key)} says {plain(tag.value)}"
        entry = next((entry for entry in assignments if entry.cls is not None), None)
        if entry is None:
            return None
        return HUMAN if entry.cls == "human" else NON_HUMAN, f"owners.toml declares it: {entry.matches}"

    def _class_of(self, tag: Tag, key: str) -> IdentityClass | None:
        return self._classes.get(tag.value.strip().casefold()) if tag.key.strip().casefold() == key else None


def _verdict(
    kind: Kind, kind_reason: str, cls: IdentityClass, reason: str, *, unknown: tuple[str, ...] = ()
) -> Verdict:
    classification = Classification(cls=cls, basis=Basis.INFERRED, reason=reason)
    return Verdict(kind=kind, kind_reason=kind_reason, classification=classification, unknown=unknown)


def _kind_of(present: list[Entrant]) -> Kind:
    """The kind that all who are let in make together. Anyone outweighs all others, and an outsider an insider."""
    kinds = {one.kind for one in present if one.kind is not None}
    if Kind.ROLE_PUBLIC in kinds:
        return Kind.ROLE_PUBLIC
    if Kind.ROLE_THIRD_PARTY in kinds:
        kinds.discard(Kind.ROLE_CROSS_ACCOUNT)
    return kinds.pop() if len(kinds) == 1 else Kind.ROLE_MIXED


def _only_aws_decides(one: Observed) -> bool:
    reserved = (_SERVICE_LINKED, _IDENTITY_CENTER)
    return isinstance(one.facts, Root) or (isinstance(one.facts, Role) and one.facts.path.startswith(reserved))


def _credential(one: Observed, parent: Verdict | None) -> Verdict:
    """A credential is in the hands of whoever its user stands for, so it has its user's class."""
    kind, why = _CREDENTIALS[type(one.facts)]
    if parent is None:
        reason = "the user it belongs to is not listed"
        return _verdict(kind, why, UNDETERMINED, reason, unknown=("class",))
    of = parent.classification
    classification = Classification(cls=of.cls, basis=of.basis, reason=f"so is its user: {of.reason}")
    unknown = ("class",) if "class" in parent.unknown else ()
    return Verdict(kind=kind, kind_reason=why, classification=classification, unknown=unknown)


def _declared_over(inferred: Verdict, declared: tuple[IdentityClass, str], one: Observed) -> Verdict:
    """The declared class; a user's kind follows it, a role's kind stays what its trust makes it."""
    cls, why = declared
    contradicted = inferred.classification.cls not in (cls, UNDETERMINED)
    reason = f"{why}, although {inferred.classification.reason}" if contradicted else why
    classification = Classification(cls=cls, basis=Basis.DECLARED, reason=reason)
    if isinstance(one.facts, User):
        kind = Kind.HUMAN_USER if cls is HUMAN else Kind.SERVICE_USER
        return Verdict(kind=kind, kind_reason=why, classification=classification)
    unknown = tuple(name for name in inferred.unknown if name != "class")
    return msgspec.structs.replace(inferred, classification=classification, unknown=unknown)


def _in_doubt(verdict: Verdict, one: Observed) -> Verdict:
    """The verdict on something whose tags were not read: one of them may have declared another class."""
    doubtful = _BOTH if isinstance(one.facts, User) else ("class",)
    return msgspec.structs.replace(verdict, unknown=tuple(sorted({*verdict.unknown, *doubtful})))
