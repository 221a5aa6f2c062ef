"""Which organization policies lower what an account's principals can do, and whether all that bind were read.

Only service control policies: a resource control policy speaks of access to the resources of a few services, to some
callers and never of IAM, so that it makes no principal less than it is.
Only an unconditional Deny on every resource lowers an answer. Never in the management account, which no service
control policy binds, and never for service-linked roles. A policy that allows less than everything (an allow list) is
not considered: the answer stays an upper bound.
"""

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.model.organization import Account, OrganizationPolicy
from prooftrail.model.reading import CellStatus, Collector

from .effective import on_everything
from .policy_document import NotAPolicy, Statement, parse

_BINDING = "SERVICE_CONTROL_POLICY"


class Guardrails(msgspec.Struct, frozen=True, kw_only=True):
    """The denies that bind an account, each with its policy's name; `considered` is false where none could be."""

    denies: tuple[tuple[str, Statement], ...] = ()
    considered: bool = False
    why_not: str | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The denies alone."""
        return tuple(one for _, one in self.denies)

    def lowering(self, bits: int, actions: frozenset[str]) -> tuple[str, ...]:
        """The names of the policies that deny one of the known actions, or of the patterns, a principal was allowed."""
        return tuple(sorted({name for name, one in self.denies if one.bits & bits or actions & set(one.actions)}))


def guardrails(account: Account, context: Context) -> Guardrails:
    """What binds this account. One policy that may bind and was not read leaves all of them out."""
    if context.organization.id is None:
        return Guardrails(why_not="there is no organization")
    if account.management or account.id == context.organization.management_account:
        return Guardrails(why_not="organization policies do not bind the management account")
    cell = next((one for one in context.cells if one.collector is Collector.ORGANIZATION_POLICIES), None)
    if cell is None or cell.status is not CellStatus.OK:
        return Guardrails(why_not="the organization's policies were not read whole")
    found: list[tuple[str, Statement]] = []
    for one in sorted(context.policies, key=lambda each: (each.name, each.id)):
        if one.type != _BINDING or not _may_bind(one, account):
            continue
        if one.document is None or one.targets is None:
            return Guardrails(why_not=f"policy {one.name} was not read")
        try:
            statements = parse(one.document, principals=True)
        except NotAPolicy as error:
            return Guardrails(why_not=f"policy {one.name} makes no sense: {error}")
        found += [(one.name, each) for each in statements if _lowers(each)]
    return Guardrails(denies=tuple(found), considered=True)


def _may_bind(policy: OrganizationPolicy, account: Account) -> bool:
    places = {account.id, *account.ou_ids}
    return policy.targets is None or any(one.id in places for one in policy.targets)


def _lowers(statement: Statement) -> bool:
    return not statement.allow and not statement.conditions and on_everything(statement) and not statement.not_resources
