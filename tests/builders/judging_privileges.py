"""An account whose principals hold policies: users, roles, groups, and the documents behind them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from prooftrail.evidence.context import Context
from prooftrail.model import trust as trusts
from prooftrail.model.canonical import sha256
from prooftrail.model.iam import (
    AttachedPolicy,
    AwsManagedPolicy,
    Group,
    InlinePolicy,
    ManagedPolicy,
    PolicyDocument,
    Role,
    User,
)
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.organization import OrganizationPolicy, PolicyTarget
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.permissions import privileges
from prooftrail.risk.privilege import Privilege
from tests.builders import judging
from tests.builders.snapshots import an_identity
from tests.builders.times import ACCOUNT, MANAGEMENT

_TEXTS: dict[str, str] = {}


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """One Allow statement, on everything unless told."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """One Deny statement, on everything unless told."""
    return {**allow(*actions, on=on, **more), "Effect": "Deny"}


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def _kept(text: str) -> str:
    name = sha256(text.encode())
    _TEXTS[name] = text
    return name


def inline(name: str, text: str) -> InlinePolicy:
    """An inline policy."""
    return InlinePolicy(name=name, document=_kept(text))


def arn(sort: str, name: str) -> str:
    """The ARN of something of the account."""
    return f"arn:aws:iam::{ACCOUNT}:{sort}/{name}"


def attached(*arns: str) -> tuple[AttachedPolicy, ...]:
    """Attachments of managed policies."""
    return tuple(AttachedPolicy(arn=one, name=one.rpartition("/")[2]) for one in arns)


def managed(name: str, text: str, *, older: Iterable[str] = ()) -> ManagedPolicy:
    """A customer-managed policy whose default version is `text`."""
    versions = [(f"v{at}", _kept(one)) for at, one in enumerate((*older, text), start=1)]
    return ManagedPolicy(
        id=f"ANPA{name.upper()}",
        arn=arn("policy", name),
        name=name,
        path="/",
        default_version=versions[-1][0],
        created_at=None,
        updated_at=None,
        versions=tuple(versions),
    )


def group(name: str, *statements: Mapping[str, Any], attached: tuple[AttachedPolicy, ...] = ()) -> Group:
    """A group with one inline policy."""
    own = (inline("own", policy(*statements)),) if statements else ()
    return Group(
        id=f"AGPA{name}", arn=arn("group", name), name=name, path="/", created_at=None, attached=attached, inline=own
    )


def user(
    name: str = "ada",
    *statements: Mapping[str, Any],
    unknown: tuple[str, ...] = (),
    kind: Kind = Kind.SERVICE_USER,
    **facts: Any,
) -> Identity:
    """A user with one inline policy of these statements."""
    own = (inline("own", policy(*statements)),) if statements else ()
    known = {"path": "/", "inline": own, "password_enabled": False, **facts}
    return an_identity(User(**known), id=f"AIDA{name}", arn=arn("user", name), name=name, kind=kind, unknown=unknown)


def role(
    name: str = "worker",
    *statements: Mapping[str, Any],
    trusts: Iterable[str] = ("lambda",),
    unknown: tuple[str, ...] = (),
    kind: Kind = Kind.ROLE_WORKLOAD,
    **facts: Any,
) -> Identity:
    """A role with one inline policy; `trusts` are services, `account` for its own account, or ARNs."""
    own = (inline("own", policy(*statements)),) if statements else ()
    known = {"path": "/", "inline": own, "trust": _trust(trusts), "trust_document": "0" * 64, **facts}
    path = known["path"]
    return an_identity(
        Role(**known), id=f"AROA{name}", arn=arn("role", f"{path[1:]}{name}"), name=name, kind=kind, unknown=unknown
    )


def _trust(who: Iterable[str]) -> tuple[trusts.TrustStatement, ...]:
    statements = []
    for one in who:
        if one == "account":
            principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        elif one.startswith("arn:"):
            principal = {"AWS": one}
        else:
            principal = {"Service": f"{one}.amazonaws.com"}
        statements.append({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    return trusts.parse(json.dumps({"Statement": statements}))


def an_account(
    *identities: Identity,
    policies: Iterable[ManagedPolicy] = (),
    groups: Iterable[Group] = (),
    lost: Iterable[str] = (),
    **known: Any,
) -> Snapshot:
    """A snapshot of these principals with every document they name, but those of the `lost` texts."""
    gone = {sha256(one.encode()) for one in lost}
    kept, listed = tuple(policies), tuple(groups)
    wanted = {one.document for each in identities for one in getattr(each.facts, "inline", ())}
    wanted |= {one.document for each in listed for one in each.inline}
    wanted |= {name for each in kept for _, name in each.versions}
    documents = tuple(PolicyDocument(sha256=one, text=_TEXTS[one]) for one in sorted(wanted - gone))
    return judging.judged_snapshot(*identities, policies=kept, groups=listed, documents=documents, **known)


def a_context(
    *, managed_policies: Mapping[str, str | None] | None = None, guardrails: Iterable[OrganizationPolicy] = (),
    status: CellStatus = CellStatus.OK, **known: Any,
) -> Context:  # fmt: skip
    """The context of a run that read AWS's policies and the organization's."""
    cell = Cell(account=MANAGEMENT, region=GLOBAL, collector=Collector.ORGANIZATION_POLICIES, status=status, items=0)
    listed = tuple(
        AwsManagedPolicy(arn=one, version="v1", text=text) for one, text in sorted((managed_policies or {}).items())
    )
    return judging.a_context(managed_policies=listed, policies=tuple(guardrails), cells=(cell,), **known)


def a_guardrail(
    *statements: Mapping[str, Any], name: str = "stop", on: str = ACCOUNT, sort: str = "SERVICE_CONTROL_POLICY",
    **known: Any,
) -> OrganizationPolicy:  # fmt: skip
    """An organization policy bound to an account, a unit or the root."""
    made = {"document": policy(*statements), "targets": (PolicyTarget(id=on, type="ACCOUNT"),), **known}
    return OrganizationPolicy(id=f"p-{name}", arn=f"arn:aws:organizations:::p-{name}", name=name, type=sort,
                              aws_managed=False, **made)  # fmt: skip


def what_it_can_do(one: Identity, *others: Identity, context: Context | None = None, **account: Any) -> Privilege:
    """What one principal can do in an account with these others."""
    return privileges(an_account(one, *others, **account), context or a_context())[one.id]
