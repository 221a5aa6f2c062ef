"""What a statement says to one principal: its variables replaced, and conditions on who asks decided.

`${aws:username}` and its like are known of a user; a role has no user name, and a pattern with it matches nothing unless
it says what else (`${aws:username, 'anyone'}`). A variable nobody knows (a principal tag) is taken as anything in an Allow and as nothing in a Deny: an upper bound.
"""

import re
from collections.abc import Mapping
from functools import cached_property

import msgspec

from .conditions import holds
from .policy_document import PERSONAL_KEYS, Statement

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Requester(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A principal as conditions and variables see it; `user_name` is None for a role."""

    arn: str
    id: str
    account: str
    user_name: str | None = None

    @property
    def is_user(self) -> bool:
        """True for an IAM user."""
        return self.user_name is not None

    @cached_property
    def sessions(self) -> str | None:
        """How the ARNs of a role's sessions begin; None for a user."""
        if self.is_user or ":role/" not in self.arn:
            return None
        head, _, name = self.arn.partition(":role/")
        return f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/"

    @cached_property
    def known(self) -> Mapping[str, str | None]:
        """The values of the keys that say who asks. A role's sessions have ids nobody can tell beforehand."""
        found: dict[str, str | None] = {
            "aws:principalarn": self.arn,
            "aws:principalaccount": self.account,
            "aws:username": self.user_name,
        }
        return {**found, "aws:userid": self.id} if self.is_user else found


def bound(statement: Statement, requester: Requester | None) -> Statement | None:
    """The statement as it speaks to this principal; None where it does not speak to it at all.

    Without a requester nothing is known of who asks: variables stay open, and so do conditions.
    """
    known = {} if requester is None else requester.known
    decided = [(one, holds(one, known) if one.key in PERSONAL_KEYS else None) for one in statement.conditions]
    if any(outcome is False for _, outcome in decided):
        return None
    resources = [_replaced(one, statement, known) for one in statement.resources]
    left = tuple(one for one in resources if one is not None)
    if not left and not statement.not_resources:
        return None
    return msgspec.structs.replace(
        statement, resources=left, conditions=tuple(one for one, outcome in decided if outcome is None)
    )


def _replaced(pattern: str, statement: Statement, known: Mapping[str, str | None]) -> str | None:
    """The pattern with its variables filled in; None where it can match nothing."""
    if "${" not in pattern or not statement.variables:
        return pattern
    widens = statement.allow != statement.not_resources
    meant = {one: _meant(one, known) for one in _VARIABLE.findall(pattern)}
    if any(one is None for one in meant.values()) or (not widens and "*" in meant.values()):
        return None
    return _VARIABLE.sub(lambda match: meant[match[1]] or "", pattern)


def _meant(variable: str, known: Mapping[str, str | None]) -> str | None:
    """What stands for a variable: `*` where nobody can tell; None where it is absent and no default is given."""
    name, _, default = variable.partition(",")
    key = name.strip().lower()
    if key not in known:
        return "*"
    return known[key] if known[key] is not None else default.strip().strip("'") or None
