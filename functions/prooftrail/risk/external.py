"""Tells who an account outside this one is: a member, a supplier, our own other organization, a former member, or nobody we know.

Two sources decide: the organization's account list, and the organization's own `suppliers.toml`. A former member is
an account that the policy still names as one of ours (`owners.toml`, exclusions, environments) and that a complete
account list does not hold. No list of accounts AWS owns is built in: `suppliers.toml` names them with relation `aws`.
"""

from datetime import datetime

from prooftrail.governance import Governance
from prooftrail.governance.registers import Supplier
from prooftrail.inventory.context import OrgContext, Place

from .entry import Comer

_RELATIONS = {"supplier": Comer.SUPPLIER, "own_organization": Comer.OWN_ORGANIZATION, "aws": Comer.AWS_OWNED}
OUTSIDERS = frozenset({*_RELATIONS.values(), Comer.FORMER_MEMBER, Comer.OUTSIDE_UNKNOWN})
"""Everyone who stands outside the organization for certain."""


class Neighbours:
    """The accounts around one account, as far as the organization and its policy tell."""

    def __init__(self, governance: Governance, organization: OrgContext, *, home: str, at: datetime) -> None:
        self.organization, self.home, self._at = organization, home, at
        self._suppliers: dict[str, list[Supplier]] = {}
        for one in governance.suppliers.supplier:
            for account in one.accounts:
                self._suppliers.setdefault(account, []).append(one)
        self._ours = _named_as_ours(governance)

    def place(self, account: str) -> Place:
        """Where `account` stands; a gap in the account list makes nobody external."""
        return self.organization.place(account, home=self.home)

    def who(self, account: str) -> tuple[Comer, Supplier | None]:
        """Who comes from `account`, and the register's entry for it, one that holds before one that does not.

        A single account has no list to be outside of: there the register alone says who is a supplier.
        """
        place = self.place(account)
        if place is Place.OWN:
            return Comer.OWN_ACCOUNT, None
        if place is Place.INSIDE:
            return Comer.INSIDE, None
        entry = self._entry(account)
        if place is Place.UNTOLD and (entry is None or self.organization.organization is not None):
            return Comer.UNTOLD, None
        if entry is not None:
            return _RELATIONS.get(entry.relation, Comer.SUPPLIER), entry
        return (Comer.FORMER_MEMBER if account in self._ours else Comer.OUTSIDE_UNKNOWN), None

    def active(self, entry: Supplier) -> bool:
        """True from the entry's approval through the contract's last day."""
        return entry.holds(self._at)

    def _entry(self, account: str) -> Supplier | None:
        entries = self._suppliers.get(account, [])
        return next((one for one in entries if one.holds(self._at)), entries[0] if entries else None)


def _named_as_ours(governance: Governance) -> frozenset[str]:
    owners, scope, environments = governance.owners, governance.scope, governance.thresholds.environments
    named = [
        *(one.id for one in owners.account),
        *(account for one in owners.owner for account in one.accounts),
        *(one.account for one in owners.assign),
        *(one.account for one in scope.exclude),
        *(one.account for one in environments.assign),
    ]
    return frozenset(account for account in named if account)
