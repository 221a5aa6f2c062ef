"""What policy documents would allow one principal that held nothing else: the answer to `explain-policy FILE`.

There is no account to look at: a path counts as soon as its actions are allowed somewhere, unless it needs a running
resource or a role that may be assumed. `${aws:username}` is the principal itself.
"""

import re
from collections.abc import Iterable

import msgspec

from prooftrail.model.judgement import PrivilegeClass

from .account_graph import AccountGraph
from .asker import ITSELF, Asker
from .classes import reached
from .duties import duties
from .effective import Effective, Held, Home
from .escalation import paths
from .permissions import ONE_LOWER
from .policy_document import parse
from .privilege import Grant, Privilege
from .requester import bound

_PARTITION = re.compile(r"\barn:(aws[a-z-]*):")
_OWN_NAME = re.compile(r"\$\{\s*aws:username[^}]*\}", re.IGNORECASE)


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed: the class, the published paths (those that only lack a target again apart), and the statements."""

    subject: str
    privilege: PrivilegeClass
    at_most: PrivilegeClass
    why: str
    paths: tuple[str, ...]
    needs_target: tuple[str, ...]
    possible_paths: tuple[str, ...]
    statements: tuple[Grant, ...]
    targets: dict[str, tuple[str, ...]]
    writes_iam: bool | None
    conflicts: tuple[str, ...]
    unresolved: tuple[str, ...]
    guardrails: tuple[str, ...]
    guardrails_considered: bool


def of_documents(documents: Iterable[tuple[str, str]]) -> Privilege:
    """What (name, text) documents allow together. Raises NotAPolicy where one is none."""
    held, listed = [], list(documents)
    partition = next((one for _, text in listed for one in _PARTITION.findall(text)), "aws")
    for name, text in listed:
        for one in parse(_OWN_NAME.sub(ITSELF, text)):
            spoken = bound(one, None)
            if spoken is not None:
                held.append(Held(policy=name, statement=spoken))
    effective = Effective(held, home=Home(partition))
    own = next((one.resource for action in ("iam:CreateAccessKey", "iam:CreateLoginProfile")
                for one in effective.scopes(action) if one.resource.endswith(f"/{ITSELF}")), None)  # fmt: skip
    base, held_duties = reached(effective, own=own), duties(effective, own=own)
    graph = AccountGraph((), seen=False)
    found, _ = paths(Asker(requester=None, effective=effective, base_class=base.cls, graph=graph))
    found = [] if base.cls is PrivilegeClass.ADMIN else found
    full = [one for one in found if not one.needs_target]
    cls, why, grants = base.cls, base.why, base.grants
    if full:
        cls, why = PrivilegeClass.PRIVESC, f"it completes {', '.join(one.id for one in full)}"
        grants = tuple(sorted({grant for one in full for grant in one.grants}))
    elif found and cls.rank < ONE_LOWER.rank:
        cls, why = ONE_LOWER, f"{', '.join(one.id for one in found)} would give it more, if a target for it exists"
        grants = tuple(sorted({grant for one in found for grant in one.grants}))
    return Privilege(
        principal="policy",
        cls=cls,
        at_most=cls,
        why=why,
        grants=grants,
        paths=tuple(found),
        writes_iam=bool(held_duties.iam_actions),
        iam_actions=held_duties.iam_actions,
        boundary_enforced=held_duties.boundary_enforced,
        network_bound=held_duties.network_bound,
        conflicts=held_duties.conflicts,
    )


def explained(subject: str, one: Privilege) -> Explained:
    """A privilege as `explain-policy` prints it."""
    return Explained(
        subject=subject,
        privilege=one.cls,
        at_most=one.at_most,
        why=one.why,
        paths=tuple(path.id for path in one.paths),
        needs_target=tuple(path.id for path in one.paths if path.needs_target),
        possible_paths=one.possible_paths,
        statements=tuple(sorted({*one.grants, *(grant for path in one.paths for grant in path.grants)})),
        targets={path.id: path.targets for path in one.paths if path.targets},
        writes_iam=one.writes_iam,
        conflicts=one.conflicts or one.possible_conflicts,
        unresolved=one.unresolved,
        guardrails=one.guardrails,
        guardrails_considered=one.guardrails_considered,
    )
