"""Which policies every user and role holds, with their documents: inline, attached, through groups, and the boundary.

A document that is not there, or is no policy, is named as unresolved. It is never taken for one that allows nothing:
it might allow everything, and it might hold the Deny that takes everything away.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.model.iam import AttachedPolicy, Group, InlinePolicy, ManagedPolicy, Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import Snapshot

from .effective import Held
from .policy_document import NotAPolicy, Statement, parse
from .requester import Requester, bound

_FIELDS = ("facts.attached", "facts.inline", "facts.groups")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One policy: how a grant names it, what it is remembered by, and its text; None where it was not read."""

    label: str
    key: str
    text: str | None


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What one principal holds. `policies` are those that could be read, in a fixed order; `key` names the set.

    `boundary` is None where it has none, `boundary_unread` says why one it has counts for nothing. `unresolved` names
    every other policy that could not be read. `personal` is true where some statement means something else for each.
    """

    requester: Requester
    identity: str
    policies: tuple[tuple[str, tuple[Statement, ...]], ...]
    key: tuple[str, ...]
    personal: bool
    boundary: tuple[Statement, ...] | None = None
    boundary_arn: str | None = None
    boundary_unread: str | None = None
    unresolved: tuple[str, ...] = ()

    def held(self) -> Iterator[Held]:
        """Every statement as it speaks to this principal."""
        for label, statements in self.policies:
            for one in statements:
                spoken = bound(one, self.requester) if one.personal else one
                if spoken is not None:
                    yield Held(policy=label, statement=spoken)

    def ceiling(self) -> tuple[Statement, ...] | None:
        """The boundary as it speaks to this principal."""
        if self.boundary is None:
            return None
        spoken = (bound(one, self.requester) if one.personal else one for one in self.boundary)
        return tuple(one for one in spoken if one is not None)


class Shelf:
    """The documents of one account: customer-managed and inline from its snapshot, AWS's from the run's context."""

    def __init__(self, snapshot: Snapshot, context: Context) -> None:
        self._texts = {one.sha256: one.text for one in snapshot.documents}
        self.policies: Mapping[str, ManagedPolicy] = {one.arn: one for one in snapshot.policies}
        self._aws = {one.arn: one.text for one in snapshot.aws_policies if one.text is not None}
        self._aws |= {one.arn: one.text for one in context.managed_policies if one.text is not None}
        self.groups: Mapping[str, Group] = {one.name: one for one in snapshot.groups}
        self.account = snapshot.header.account

    def managed(self, arn: str) -> Piece:
        """A managed policy's default version."""
        own = self.policies.get(arn)
        if own is None:
            return Piece(label=arn, key=arn, text=self._aws.get(arn))
        return Piece(label=arn, key=arn, text=self._texts.get(dict(own.versions).get(own.default_version, "")))

    def holding(self, identity: Identity) -> Holding:
        """Everything a user or role holds."""
        facts = identity.facts
        if not isinstance(facts, User | Role):
            raise TypeError("only users and roles hold policies")
        pieces, missing = list(self._own(facts.attached, facts.inline)), [*_untold(identity)]
        for name in facts.groups if isinstance(facts, User) else ():
            group = self.groups.get(name)
            if group is None:
                missing.append(f"group {name} was not read")
            else:
                pieces += self._own(group.attached, group.inline, through=name)
        return self._collected(identity, facts, pieces, missing)

    def of_group(self, group: Group) -> Holding:
        """What a member of the group gets from it, for whoever joins."""
        return _assembled(
            Requester(arn=group.arn, id=group.id, account=self.account),
            group.id,
            list(self._own(group.attached, group.inline)),
            [],
        )

    def _own(
        self, attached: Iterable[AttachedPolicy], inline: Iterable[InlinePolicy], through: str | None = None
    ) -> Iterator[Piece]:
        before = f"group {through}: " if through else ""
        for one in attached:
            piece = self.managed(one.arn)
            yield msgspec.structs.replace(piece, label=f"{before}{piece.label}")
        for each in inline:
            label = f"{before}inline {each.name}"
            yield Piece(label=label, key=f"{label} {each.document}", text=self._texts.get(each.document))

    def _collected(self, identity: Identity, facts: User | Role, pieces: list[Piece], missing: list[str]) -> Holding:
        requester = Requester(
            arn=identity.arn,
            id=identity.id,
            account=self.account,
            user_name=identity.name if isinstance(facts, User) else None,
        )
        found = _assembled(requester, identity.id, pieces, missing)
        if "facts.boundary" in identity.unknown:
            return msgspec.structs.replace(found, boundary_unread="whether it has a permissions boundary was not read")
        if facts.boundary is None:
            return found
        statements, why = _read(self.managed(facts.boundary))
        return msgspec.structs.replace(
            found,
            boundary=statements,
            boundary_arn=facts.boundary,
            boundary_unread=None if statements is not None else f"boundary {facts.boundary} {why}",
            key=(*found.key, f"boundary {facts.boundary}"),
            personal=found.personal or any(one.personal for one in statements or ()),
        )


def _untold(identity: Identity) -> Iterator[str]:
    for field in _FIELDS:
        if any(one == field or field.startswith(f"{one}.") for one in identity.unknown):
            yield f"{field.removeprefix('facts.')} of {identity.name} was not read"


def _assembled(requester: Requester, identity: str, pieces: list[Piece], missing: list[str]) -> Holding:
    policies, personal = [], False
    for one in sorted(pieces, key=lambda piece: (piece.label, piece.key)):
        statements, why = _read(one)
        if statements is None:
            missing.append(f"{one.label} {why}")
            continue
        policies.append((one.label, statements))
        personal = personal or any(each.personal for each in statements)
    return Holding(
        requester=requester,
        identity=identity,
        policies=tuple(policies),
        key=tuple(sorted(one.key for one in pieces)),
        personal=personal,
        unresolved=tuple(sorted(set(missing))),
    )


def _read(piece: Piece) -> tuple[tuple[Statement, ...] | None, str]:
    if piece.text is None:
        return None, "was not read"
    try:
        return parse(piece.text), ""
    except NotAPolicy as error:
        return None, f"makes no sense: {error}"
