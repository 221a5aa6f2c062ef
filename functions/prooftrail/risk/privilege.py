"""What a principal can do, as values: the answer of `risk.permissions`, with the statements that make it true."""

import msgspec

from prooftrail.model.judgement import PrivilegeClass


class Grant(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One statement that makes something true: `policy` is an ARN, `inline NAME` or `group NAME: …`; `statement` its Sid or `statement 2`."""

    policy: str
    statement: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


class PathMatch(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One published escalation path whose every action is allowed.

    `needs_target` is true where nothing usable was seen to turn it into more privilege (ruling 15): it then counts one
    class lower. `targets` are the roles or policies it would reach, as far as they were seen.
    """

    id: str
    name: str
    needs_target: bool
    targets: tuple[str, ...]
    grants: tuple[Grant, ...]


class Privilege(msgspec.Struct, frozen=True, kw_only=True):
    """The most one principal can do; an upper bound, because session policies are invisible.

    `at_most` is above `cls` where a policy or boundary could not be read, and `unresolved` names it. `grants` make
    `cls` true. `writes_iam` and `network_bound` are None where an unread policy decides. `guardrails` name the
    organization policies that lowered the answer; `guardrails_considered` says whether there was anything to consider.
    `boundary_limits_iam` says whether its boundary leaves none of those changes to IAM free, None where it has none or
    that was not read. `conflicts` are the pairs of duties no single identity may hold (IDC-24), each with the actions that make it true.
    """

    principal: str
    cls: PrivilegeClass
    at_most: PrivilegeClass
    why: str
    grants: tuple[Grant, ...] = ()
    paths: tuple[PathMatch, ...] = ()
    possible_paths: tuple[str, ...] = ()
    writes_iam: bool | None = False
    iam_actions: tuple[str, ...] = ()
    boundary: str | None = None
    boundary_enforced: bool = False
    boundary_limits_iam: bool | None = None
    network_bound: bool | None = False
    conflicts: tuple[str, ...] = ()
    possible_conflicts: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    guardrails_considered: bool = False

    @property
    def known(self) -> bool:
        """True if every policy it rests on was read."""
        return not self.unresolved
