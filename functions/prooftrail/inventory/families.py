"""Gives identities that are one thing rolled out many times one family, by their shape and by nothing they claim.

A shape is the path and name, the trust and the policies with their documents, once the account's own id, regions,
UUIDs and hexadecimal ids are replaced. So the roles of CDK bootstrap, StackSets, Control Tower, Identity Center and
every other template come out without being listed here, and a member with one trust or permission more has another
shape. The id of *another* account is never replaced: a role that trusts a stranger is no member, whatever its name.

Every role has a family, if only its own. A user has one where its path or name holds the account's id, for only a
template does that. A family's id is its label for people and 64 bits of its shape, too many to make a lookalike for.
"""

import re
from collections.abc import Iterable

from prooftrail.model.canonical import digest
from prooftrail.model.iam import AttachedPolicy, InlinePolicy, ManagedPolicy, PolicyDocument, Role, User
from prooftrail.model.identity import Observed
from prooftrail.model.trust import TrustStatement

from .wording import plain

_SHAPE_DIGITS = 16
_LONGEST_LABEL = 80  # characters
_ACCOUNT_MARK = "<account>"
_UUID = r"(?P<uuid>[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})"
_REGION = (
    r"(?P<region>(?:us-gov|us-iso[a-z]?|eu-isoe|eusc-[a-z]{2}|[a-z]{2})"
    r"-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2})"
)
_HEX = (
    r"(?P<hex>(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}|[0-9A-F]{32})"
    r"|(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64})"
)
_MADE_BY_AWS = ":aws:policy/"
_CLOUDFORMATION_SUFFIX = re.compile(
    r"-(?=[0-9A-Za-z]{12,13}\Z)(?:(?=[0-9]*[A-Z])(?=[A-Z]*[0-9])[0-9A-Z]{12,13}"
    r"|(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[0-9A-Za-z]{12})\Z"
)


class Families:
    """The families of one account. `documents` and `policies` are what its principals refer to."""

    def __init__(self, account: str, documents: Iterable[PolicyDocument], policies: Iterable[ManagedPolicy]) -> None:
        self._variable = re.compile(
            rf"(?<![0-9A-Za-z])(?:{_UUID}|{_REGION}|{_HEX})(?![0-9A-Za-z])"
            rf"|(?<![0-9])(?P<account>{re.escape(account)})(?![0-9])"
        )
        self._texts = {one.sha256: one.text for one in documents}
        self._defaults = {one.arn: dict(one.versions).get(one.default_version) for one in policies}
        self._shapes: dict[str, str] = {}

    def of(self, one: Observed) -> str | None:
        """The family of a role, or of a user a template made; None for all others, and where a policy was not read."""
        facts = one.facts
        if isinstance(facts, Role):
            return self._family(one, "role", facts, self._trust(facts.trust))
        if isinstance(facts, User) and _ACCOUNT_MARK in self.template(facts.path + one.name):
            return self._family(one, "user", facts, [])
        return None

    def template(self, text: str) -> str:
        """`text` with everything replaced that differs from one account, region or roll-out to the next."""
        return self._variable.sub(_mark, text)

    def _family(self, one: Observed, sort: str, facts: Role | User, trust: list[object]) -> str | None:
        name = _CLOUDFORMATION_SUFFIX.sub("-<suffix>", self.template(one.name))
        attached, inline = self._attached(facts.attached), self._inline(facts.inline)
        if attached is None or inline is None:
            return None
        boundary = None if facts.boundary is None else self.template(facts.boundary)
        shape = digest([sort, self.template(facts.path), name, trust, attached, inline, boundary])
        return f"{plain(name, longest=_LONGEST_LABEL)}#{shape[:_SHAPE_DIGITS]}"

    def _trust(self, trust: Iterable[TrustStatement]) -> list[object]:
        """The statements without their names, in an order that does not depend on what was replaced."""
        return sorted((self._statement(one) for one in trust), key=digest)

    def _statement(self, one: TrustStatement) -> list[object]:
        return [
            one.effect,
            [one.not_principals, one.not_actions],
            sorted([who.type, self.template(who.value)] for who in one.principals),
            sorted(one.actions),
            sorted([c.operator, self.template(c.key), sorted(map(self.template, c.values))] for c in one.conditions),
        ]

    def _attached(self, attached: Iterable[AttachedPolicy]) -> list[list[str]] | None:
        """The managed policies by ARN and, where the account made them, by what they say; None if one was not read."""
        found = []
        for one in attached:
            made_by_aws = _MADE_BY_AWS in one.arn
            document = "" if made_by_aws else self._document(self._defaults.get(one.arn))
            if document is None:
                return None
            found.append([self.template(one.arn), document])
        return sorted(found)

    def _inline(self, inline: Iterable[InlinePolicy]) -> list[list[str]] | None:
        """The inline policies by name and what they say; None if one was not read."""
        found = []
        for one in inline:
            document = self._document(one.document)
            if document is None:
                return None
            found.append([self.template(one.name), document])
        return sorted(found)

    def _document(self, sha256: str | None) -> str | None:
        """The hash of a document's template; None where the document was not read."""
        if sha256 is None or sha256 not in self._texts:
            return None
        if sha256 not in self._shapes:
            self._shapes[sha256] = digest(self.template(self._texts[sha256]))
        return self._shapes[sha256]


def family_label(family: str) -> str:
    """The part of a family's id that people read: the template of its name. Two families may share it."""
    return family.rpartition("#")[0]


def _mark(found: re.Match[str]) -> str:
    return f"<{found.lastgroup}>"
