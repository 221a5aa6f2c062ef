"""`notices.toml`: who is told, how much, from when on. Without it nothing is sent; what would be is planned all the same."""

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from prooftrail.model import canonical

from .words import AccountId, Style, Text, TierName, Weekday

CAP = 500
"""Notices a day, unless the organization sets another number."""

TIERS = ("critical", "high", "medium", "low")
"""Highest first: in this order tiers are opened."""


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier whose notices are sent from `opens_on` on (UTC; `approved_on` where left out), never before it is approved."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    tier: TierName
    approved_by: Text
    approved_on: date
    opens_on: date | None = None
    ticket: Text | None = None

    @property
    def from_day(self) -> date:
        """The first day, in UTC, on which its notices are sent: the later of both."""
        return max(self.approved_on, self.opens_on or self.approved_on)

    def holds(self, at: datetime) -> bool:
        """True from that day on."""
        return self.from_day <= canonical.utc(at).date()


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where managers are not told (`manager` false), and how a person uses an identity is not (`usage` false).

    It holds for what lies in `accounts` and for what `owners` (ids) own.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("owners",)

    name: Text
    accounts: tuple[AccountId, ...] = ()
    owners: tuple[Text, ...] = ()
    manager: bool = False
    usage: bool = False


class Notices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`notices.toml`. `security_team` is the id of an owner, the last to be asked.

    `tag_domains` are the domains of addresses in owner tags that may be written to although no `[[owner]]` has them.
    `weekly_on` is the day of the summary to account contacts and the security team.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("security_team",)
    PLAIN: ClassVar[tuple[str, ...]] = ("tag_domains", "style", "weekly_on")

    security_team: Text | None = None
    style: Style = "full"
    tag_domains: tuple[Text, ...] = ()
    cap_per_day: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = CAP
    weekly_on: Weekday = "monday"
    opened: tuple[Opening, ...] = ()
    jurisdiction: tuple[Jurisdiction, ...] = ()

    def open_tiers(self, at: datetime) -> tuple[str, ...]:
        """The tiers whose notices are sent at `at`, highest first."""
        held = {one.tier for one in self.opened if one.holds(at)}
        return tuple(tier for tier in TIERS if tier in held)

    def bound(self, owner: str | None, account: str) -> tuple[Jurisdiction, ...]:
        """The jurisdictions that what `owner` has in `account` lies in."""
        return tuple(one for one in self.jurisdiction if account in one.accounts or (owner in one.owners and owner))
