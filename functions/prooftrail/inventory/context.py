"""What must be known beyond the account to tell insiders from outsiders."""

from enum import StrEnum
from typing import Self

import msgspec

from prooftrail.model.account import OrganizationReadings


class Place(StrEnum):
    """Where an account stands, seen from the one that is judged. UNTOLD is an answer."""

    OWN = "own"
    INSIDE = "inside"
    OUTSIDE = "outside"
    UNTOLD = "untold"


class OrgContext(msgspec.Struct, frozen=True, kw_only=True):
    """The organization as far as a trust policy needs it.

    `organization` is None for a single account. Only a `complete` account list lets anyone be called an outsider;
    where it is not complete, tomorrow may tell more.
    """

    organization: str | None = None
    management_account: str | None = None
    accounts: frozenset[str] = frozenset()
    complete: bool = False
    partition: str = "aws"

    @classmethod
    def of(cls, readings: OrganizationReadings) -> Self:
        """The context that `readings` give; any gap in the account list makes it incomplete."""
        return cls(
            organization=readings.facts.id,
            management_account=readings.facts.management_account,
            accounts=frozenset(one.id for one in readings.accounts.items),
            complete=readings.accounts.complete,
            partition=readings.partition,
        )

    @property
    def untold(self) -> str:
        """Why inside and outside cannot be told, where they cannot."""
        if self.complete:
            return "there is no organization, so other accounts cannot be told inside or outside"
        return "the account list was not read completely, so inside and outside cannot be told"

    def place(self, account: str, *, home: str) -> Place:
        """Where `account` stands, seen from `home`. A gap in the account list makes nobody external."""
        if account == home:
            return Place.OWN
        if self.organization is None:
            return Place.UNTOLD
        if account in self.accounts or account == self.management_account:
            return Place.INSIDE
        return Place.OUTSIDE if self.complete else Place.UNTOLD

    def place_of_organization(self, organization: str) -> Place:
        """Where the accounts of `organization` stand; an organization's id is known without its account list."""
        if self.organization is None:
            return Place.UNTOLD
        return Place.INSIDE if organization == self.organization else Place.OUTSIDE
