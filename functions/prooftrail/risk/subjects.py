"""How far the subject of a pipeline's token is fixed, in the form its issuer writes it.

The forms are those the issuers document: GitHub `repo:OWNER/REPO:ref:REF` and, with immutable numbers,
`repo:OWNER@ID/REPO@ID:…`, or claims its owner chose (`repository_owner_id:…`); GitLab
`project_path:GROUP/PROJECT:ref_type:TYPE:ref:REF`; CircleCI `org/ID/project/ID/user/ID/…`; Bitbucket
`{REPOSITORY}:{ENVIRONMENT}:{STEP}`; HCP Terraform `organization:O:project:P:workspace:W:run_phase:R`; Buildkite
`organization:O:pipeline:P:ref:REF:…`; Azure `sc://ORGANIZATION/PROJECT/CONNECTION`. Of any other issuer only a subject
that is literal to its end fixes anything.

Only what stands before the first wildcard counts, separator included: `repo:acme*` also admits `acme-evil`, and
`repo:acme/app*` every repository of acme whose name begins so.
"""

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from .demands import Value

_UUID = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_WILD = re.compile(r"[*?]|\$\{")
_LONE = frozenset({"pull_request"})


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far one subject, or one claim, is fixed: its owner, its repository, its branch or environment, its workflow.

    `owners` are named as the token names them. A workflow is a called file at a fixed ref: whoever calls it runs it.
    """

    owner: bool = False
    repository: bool = False
    branch: bool = False
    workflow: bool = False
    owners: tuple[str, ...] = ()


NOTHING = Reach()
type _Claims = Mapping[str, tuple[str, bool]]


def form_of(issuer: str) -> Callable[[Value], Reach]:
    """The reader of this issuer's subjects; an issuer nobody knows is read by how its subjects begin."""
    host, _, path = issuer.lower().partition("/")
    if host.startswith("token.actions.") or path == "_services/token":
        return github
    if host == "terraform.io" or host.endswith(".terraform.io"):
        return terraform
    return _BY_HOST.get(host, _by_beginning)


def owner_in(issuer: str) -> tuple[str, ...]:
    """The one customer an issuer's own URL speaks for; empty where all its customers share it."""
    host, _, path = issuer.lower().partition("/")
    parts = path.split("/")
    if host == "oidc.circleci.com" and parts[0] == "org" and len(parts) > 1:
        return (parts[1],)
    if host == "api.bitbucket.org" and "workspaces" in parts[:-1]:
        return (parts[parts.index("workspaces") + 1],)
    if host in ("vstoken.dev.azure.com", "token.actions.githubusercontent.com") and parts[0]:
        return (parts[0],)
    return ()


def weakest(reaches: Iterable[Reach]) -> Reach:
    """What several values that each pass fix together: only what every one of them fixes."""
    every = tuple(reaches)
    if not every:
        return NOTHING
    owners = {name for one in every for name in one.owners}
    return Reach(
        owner=all(one.owner for one in every),
        repository=all(one.repository for one in every),
        branch=all(one.branch for one in every),
        workflow=all(one.workflow for one in every),
        owners=tuple(sorted(owners)) if all(one.owners for one in every) else (),
    )


def github(subject: Value) -> Reach:
    """GitHub Actions, by name or with immutable numbers, or with the claims an organization chose."""
    return github_claims(_claims(subject))


def github_claims(claims: _Claims) -> Reach:
    """What these claims of a GitHub token fix; each is its value and whether that is literal to its end."""
    path, whole = claims.get("repo") or claims.get("repository") or ("", False)
    owner, slash, name = path.partition("/")
    names = [owner] if owner and slash else []
    by_owner = [claims[one] for one in ("repository_owner", "repository_owner_id") if one in claims]
    names += [value for value, complete in by_owner if complete and value]
    number, fixed = claims.get("repository_id", ("", False))
    called, at_a_ref = claims.get("job_workflow_ref", ("", False))
    repository = bool((slash and owner and name and whole) or (number and fixed))
    return Reach(
        owner=bool(names) or repository,
        repository=repository,
        branch=any(_said(claims, one) for one in ("ref", "environment")),
        workflow=bool(at_a_ref and "@" in called),
        owners=tuple(sorted(set(names))),
    )


def gitlab(subject: Value) -> Reach:
    """GitLab, with the whole path of the project and a ref of one type."""
    claims = _claims(subject)
    path, whole = claims.get("project_path", ("", False))
    group, slash, project = path.rpartition("/")
    repository = bool((slash and group and project and whole) or _said(claims, "project_id"))
    on_ref = _said(claims, "ref_type") and _said(claims, "ref")
    return Reach(
        owner=bool(slash and group) or repository,
        repository=repository,
        branch=on_ref or _said(claims, "environment"),
        owners=(group,) if slash and group else (),
    )


def circleci(subject: Value) -> Reach:
    """CircleCI, whose organizations, projects and users are UUIDs; the second form of its token adds the ref."""
    parts = subject.fixed.split("/")
    complete = parts if subject.whole else parts[:-1]
    organization = complete[1] if len(complete) > 1 and complete[0] == "org" else ""
    project = bool(organization) and len(complete) > 3 and complete[2] == "project" and bool(complete[3])
    _, said, ref = subject.text.partition("/vcs-ref/")
    return Reach(
        owner=bool(organization),
        repository=project,
        branch=bool(said and ref) and not _WILD.search(ref),
        owners=(organization,) if organization else (),
    )


def bitbucket(subject: Value) -> Reach:
    """Bitbucket, whose repositories, environments and steps are UUIDs in braces; its workspace is in the issuer."""
    found = _UUID.match(subject.fixed)
    return Reach(
        owner=bool(found),
        repository=bool(found),
        branch=bool(found and _UUID.search(subject.text, found.end())),
    )


def terraform(subject: Value) -> Reach:
    """HCP Terraform: a workspace is one environment of one configuration, so a fixed workspace fixes both."""
    parts = subject.text.split(":")
    said = dict(zip(parts[::2], parts[1::2], strict=False)) if not _WILD.search(parts[0]) else {}
    organization = said.get("organization", "")
    owned = bool(organization) and not _WILD.search(organization) and parts[0] == "organization"
    workspace = said.get("workspace", "")
    fixed = owned and bool(workspace) and not _WILD.search(workspace)
    return Reach(owner=owned, repository=fixed, branch=fixed, owners=(organization,) if owned else ())


def buildkite(subject: Value) -> Reach:
    """Buildkite, whose pipelines stand for repositories."""
    claims = _claims(subject)
    organization, owned = claims.get("organization", ("", False))
    owned = owned and bool(organization)
    return Reach(
        owner=owned,
        repository=owned and _said(claims, "pipeline"),
        branch=_said(claims, "ref"),
        owners=(organization,) if owned else (),
    )


def azure(subject: Value) -> Reach:
    """Azure Pipelines: a service connection of one project is used by the pipelines it was opened to."""
    if not subject.fixed.startswith("sc://"):
        return anything(subject)
    parts = subject.fixed.removeprefix("sc://").split("/")
    owned, fixed = len(parts) > 1 and bool(parts[0]), subject.whole and len(parts) == 3 and all(parts)
    return Reach(owner=owned, repository=fixed, branch=fixed, owners=(parts[0],) if owned else ())


def anything(subject: Value) -> Reach:
    """Any issuer whose form is not known: a subject that is literal to its end names one subject, nothing else does."""
    named = subject.whole and subject.speaks
    return Reach(owner=named, repository=named, branch=named)


def _by_beginning(subject: Value) -> Reach:
    if subject.text.startswith("repo:"):
        return github(subject)
    if subject.text.startswith("project_path:"):
        return gitlab(subject)
    if subject.text.startswith("organization:") and ":workspace:" in subject.text:
        return terraform(subject)
    return anything(subject)


def _claims(subject: Value) -> dict[str, tuple[str, bool]]:
    """The `key:value` pairs before the first wildcard; the last of them is complete only if nothing follows it."""
    parts = subject.fixed.split(":")
    found: dict[str, tuple[str, bool]] = {}
    at = 0
    while at < len(parts):
        if parts[at] in _LONE:
            at += 1
            continue
        if at + 1 < len(parts):
            found.setdefault(parts[at], (parts[at + 1], at + 2 < len(parts) or subject.whole))
        at += 2
    return found


def _said(claims: _Claims, name: str) -> bool:
    value, complete = claims.get(name, ("", False))
    return bool(value) and complete


_BY_HOST: dict[str, Callable[[Value], Reach]] = {
    "gitlab.com": gitlab,
    "oidc.circleci.com": circleci,
    "api.bitbucket.org": bitbucket,
    "agent.buildkite.com": buildkite,
    "vstoken.dev.azure.com": azure,
}
