"""Tells how far a trust statement pins the tokens of an OIDC issuer: by audience, by subject, by the claims AWS checks.

AWS evaluates `aud`, `sub` and, for GitHub and CircleCI, some claims of their own as `<issuer>:<claim>`. Several
values of one condition each pass, so the weakest counts; several conditions hold together, so the strictest does.
For service accounts of EKS (ruling 12) the audience and the full `system:serviceaccount:NAMESPACE:NAME` count, for Pod
Identity the two request tags EKS sets. For Cognito the audience is the identity pool, and `amr` whether a user signed in.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec.structs import replace

from prooftrail.inventory.wording import listed, plain
from prooftrail.model.trust import TrustStatement

from .demands import Demand, Value, demands
from .entry import Comer, Pin, Way
from .subjects import NOTHING, Reach, form_of, github, github_claims, owner_in, weakest

_EKS_ISSUER = re.compile(r"(?:oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|oidc-eks\.[a-z0-9-]+\.api\.aws)(?:/|\Z)")
_EKS_SERVICE = re.compile(r"pods\.eks\.amazonaws\.com(?:\.cn)?")
STS_AUDIENCES = frozenset({"sts.amazonaws.com", "sts.amazonaws.com.cn"})
_COGNITO = "cognito-identity.amazonaws.com"
_SIGNED_IN, _GUEST = "authenticated", "unauthenticated"
_GITHUB_CLAIMS = frozenset(
    {"environment", "job_workflow_ref", "ref", "repository", "repository_id", "repository_owner", "repository_owner_id"}
)
_CIRCLECI_PROJECT = ("project-id", "oidc.circleci.com/project-id")
_SERVICE_ACCOUNT = "system:serviceaccount"
_POD_TAGS = ("aws:requesttag/kubernetes-namespace", "aws:requesttag/kubernetes-service-account")


def is_eks(issuer: str) -> bool:
    """True for the issuer of an EKS cluster."""
    return _EKS_ISSUER.match(issuer.lower()) is not None


def is_pod_identity(service: str) -> bool:
    """True for the service principal of EKS Pod Identity."""
    return _EKS_SERVICE.fullmatch(service) is not None


def by_token(issuer: str, statement: TrustStatement, denials: Iterable[TrustStatement], *, label: str) -> Way:
    """The way in for tokens of `issuer`: a cluster's service accounts, or whoever else the issuer speaks for."""
    prefix = f"{issuer.lower()}:"
    said = [one for one in demands(statement, denials) if one.key.startswith(prefix)]
    claims = [(one.key.removeprefix(prefix), one) for one in said]
    subjects = [one for name, one in claims if name == "sub"]
    audiences = [one for name, one in claims if name == "aud" and one.exact]
    way = Way(
        comer=Comer.OIDC,
        who=f"the OIDC issuer {plain(issuer)}",
        issuer=issuer,
        audience=bool(audiences),
        audiences=audiences[0].texts if audiences else (),
        subjects=subjects[0].texts if subjects else (),
        statement=label,
    )
    if is_eks(issuer):
        return _service_account(way, subjects, audiences)
    reach = _reach(issuer, claims)
    why = _missing(reach, subjects)
    if issuer.lower() == _COGNITO:
        reach, why = _of_a_pool(reach, claims, pool=bool(audiences))
    return replace(way, pin=_pin(reach), branch_pinned=reach.branch, unpinned_why=why, owners=reach.owners)


def by_pod(service: str, statement: TrustStatement, denials: Iterable[TrustStatement], *, label: str) -> Way:
    """The way in for pods: pinned where namespace and service account are both demanded by name."""
    said = demands(statement, denials)
    named = {key: next((one for one in said if one.key == key and one.exact), None) for key in _POD_TAGS}
    missing = [key.rpartition("kubernetes-")[2].replace("-", " ") for key in _POD_TAGS if named[key] is None]
    return Way(
        comer=Comer.EKS_POD_IDENTITY,
        who="pods of an EKS cluster, by Pod Identity",
        service=service,
        pin=Pin.NONE if missing else Pin.FULL,
        subjects=tuple(value for one in named.values() if one for value in one.texts),
        unpinned_why=f"no condition names the {' or the '.join(missing)}" if missing else None,
        statement=label,
    )


def _of_a_pool(reach: Reach, claims: list[tuple[str, Demand]], *, pool: bool) -> tuple[Reach, str | None]:
    """What a Cognito identity pool's users are held to, and what is missing: the pool, which is the audience, names them.

    Guests of a pool are anyone on the internet. `amr` tells them from users who signed in; where nothing asks for it
    whether the pool takes guests is not in the role, so it is counted that it does.
    """
    if not pool:
        return NOTHING, "no condition demands the identity pool as the audience"
    asked = [one for name, one in claims if name == "amr"]
    if reach.branch or any(all(_signed_in(value) for value in one.values) for one in asked if one.values):
        return Reach(owner=True, repository=True, branch=True), None
    said = f"amr may be {listed(asked[0].texts)}" if asked else f"no condition demands that amr be {_SIGNED_IN}"
    return NOTHING, f"{said}, so a guest of the identity pool may come in, which is anyone on the internet"


def _signed_in(value: Value) -> bool:
    """True if a token of a guest, whose `amr` is `unauthenticated`, cannot meet the value."""
    text = value.text.lower()
    return value.speaks and "${" not in text and not fnmatchcase(_GUEST, text.replace("[", "[[]"))


def _service_account(way: Way, subjects: list[Demand], audiences: list[Demand]) -> Way:
    pinned = any(one.exact and all(_is_full(text) for text in one.texts) for one in subjects)
    asked = f"the subject {listed(subjects[0].texts)}" if subjects else "no condition on the subject"
    return replace(
        way,
        comer=Comer.EKS_IRSA,
        who="service accounts of an EKS cluster",
        audience=any(set(one.texts) <= STS_AUDIENCES for one in audiences),
        pin=Pin.FULL if pinned else Pin.NONE,
        unpinned_why=None
        if pinned
        else f"{asked} fixes {'no' if subjects else 'a'} namespace and service account by name",
    )


def _is_full(subject: str) -> bool:
    beginning, _, name = subject.rpartition(":")
    kind, _, namespace = beginning.rpartition(":")
    return kind == _SERVICE_ACCOUNT and bool(namespace) and bool(name)


def _reach(issuer: str, claims: Iterable[tuple[str, Demand]]) -> Reach:
    """What all demands together fix, and the issuer's own URL with them."""
    read = form_of(issuer)
    found = [_of_issuer(issuer)]
    for name, one in claims:
        if name == "sub":
            found.append(weakest(read(value) for value in one.values))
        elif read is github and name in _GITHUB_CLAIMS:
            found.append(weakest(github_claims({name: (value.fixed, value.whole)}) for value in one.values))
        elif name in _CIRCLECI_PROJECT and one.exact:
            found.append(Reach(owner=True, repository=True))
    owners = sorted((one.owners for one in found if one.owners), key=lambda names: (len(names), names))
    together = Reach(
        owner=any(one.owner for one in found),
        repository=any(one.repository for one in found),
        branch=any(one.branch for one in found),
        workflow=any(one.workflow for one in found),
        owners=owners[0] if owners else (),
    )
    if not together.workflow:
        return together
    # A workflow at a fixed ref is the code that runs; who may call it is fixed only together with an owner.
    return Reach(owner=True, repository=together.owner, branch=together.owner, workflow=True, owners=together.owners)


def _of_issuer(issuer: str) -> Reach:
    owners = owner_in(issuer)
    return Reach(owner=True, owners=owners) if owners else NOTHING


def _pin(reach: Reach) -> Pin:
    if reach.repository:
        return Pin.FULL if reach.branch else Pin.REPOSITORY
    return Pin.OWNER if reach.owner else Pin.NONE


def _missing(reach: Reach, subjects: list[Demand]) -> str | None:
    asked = f"the subject {listed(subjects[0].texts)} fixes no" if subjects else "no condition on the subject fixes a"
    if reach.repository:
        return None if reach.branch else f"{asked} branch or environment"
    if reach.workflow:
        return "any repository may call the workflow it names"
    if reach.owner:
        return f"{asked} repository" + (", only an owner" if subjects else "")
    return f"{asked} owner and no repository" if subjects else f"{asked} repository or its owner"
