"""The week's summary: who gets it on its day, or as soon after it as it can be sent, and of which accounts."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

import msgspec

from prooftrail.governance import Governance
from prooftrail.model.notice import Hop, Notice, Reach, ReachState, Undelivered
from prooftrail.notices import summary
from prooftrail.notices.chain import Chains
from prooftrail.notices.day import Day, Link
from prooftrail.notices.summary import Summary, Tallies

from .notice_seats import Reader

_REFUSING = (ReachState.BOUNCED, ReachState.UNSUBSCRIBED)
_OUT_OF_REACH = (*_REFUSING, ReachState.NO_ROUTE, ReachState.LEFT)
_REACHED = (ReachState.DIRECT, ReachState.CONFIRMED)
_WEEK = 7


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What came before a day: the day of the plan before it (None for none), and who was to get a summary then and did not.

    `lost` is True where not all of that plan can be read: then anybody may not have got theirs.
    """

    planned_on: date | None = None
    owed: AbstractSet[str] = frozenset()
    lost: bool = False


class Weekly:
    """The summaries of a day: of whoever was sent none since the policy's newest day of the week. Empty where none is due.

    The contact of accounts reads of theirs, the security team of the whole organization; who has nothing to read of gets
    none. On a later day than the policy's only those do whose summary was planned and not sent; all do where nothing was
    planned on that day or since, or that cannot be read. `unreachable` are those of `Planned`.
    """

    def __init__(
        self,
        day: Day,
        chains: Chains,
        governance: Governance,
        tallies: Tallies,
        unread: Sequence[str],
        before: Before,
        unreachable: AbstractSet[str] = frozenset(),
    ) -> None:
        self._day, self._tallies, self._unread, self._before = day, tallies, unread, before
        self._unreachable = unreachable
        self._addresses: dict[str, str] = {}
        self._accounts: dict[str, list[str] | None] = {}
        self._newest = newest_day(governance.notices.weekly_on, day.on)
        if self._newest is None:
            return
        for account in sorted({*tallies.accounts(), *unread}):
            self._read_by(chains.contact(account, day.contacts.get(chains.place(account))), account)
        self._read_by(chains.security(), "")

    def readers(self) -> Iterator[Reader]:
        """Who gets a summary today. The security team's is beside the cap: it is one mail, and nobody else sees the whole."""
        for recipient, address in sorted(self._addresses.items()):
            row = self._day.reach.get(recipient)
            if self.of(recipient) is not None:
                waiting = self._day.confirms and (row is None or row.state not in _REACHED)
                yield Reader(recipient, address, waiting, uncapped=self._accounts[recipient] is None)

    def of(self, recipient: str) -> Summary | None:
        """What the recipient reads today; None for nothing."""
        if recipient not in self._addresses or not self._is_due(recipient):
            return None
        accounts = self._accounts[recipient]
        found = summary.weekly(
            self._tallies,
            on=self._day.on,
            accounts=accounts,
            unread=self._unread,
            unreachable=self._out_of_reach() if accounts is None else None,
        )
        return found if _says_something(found) else None

    def _is_due(self, recipient: str) -> bool:
        newest, row = self._newest, self._day.reach.get(recipient)
        if newest is None or (row is not None and row.weekly_on is not None and row.weekly_on >= newest):
            return False
        before = self._before
        missed = before.lost or (before.planned_on is not None and before.planned_on < newest)
        if missed or newest == self._day.on:
            return True
        return recipient in before.owed and (row is None or row.state not in _REFUSING)

    def _read_by(self, link: Link, account: str) -> None:
        if link.recipient is None or link.address is None or link.hop not in (Hop.CONTACT, Hop.SECURITY):
            return
        self._addresses.setdefault(link.recipient, link.address)
        theirs = self._accounts.setdefault(link.recipient, [])
        if link.hop is Hop.SECURITY:
            self._accounts[link.recipient] = None
        elif theirs is not None:
            theirs.append(account)

    def _out_of_reach(self) -> list[str]:
        """Owners whom nothing reaches, and those with something open whom the ladder passed over, as who left."""
        lost = {one.recipient for one in self._day.reach.values() if one.state in _OUT_OF_REACH}
        return sorted(lost | {one for one in self._unreachable if not one.startswith("account ")})


def newest_day(weekly_on: str, on: date) -> date | None:
    """The newest day of the week called `weekly_on` that is not after `on`; None for `never`."""
    days = (on - timedelta(days=one) for one in range(_WEEK))
    return next((one for one in days if f"{one:%A}".lower() == weekly_on), None)


def is_owed(one: Notice, *, sent: bool) -> bool:
    """True if a notice was to bring a summary and did not; before anything is open none is due."""
    return one.weekly and not sent and one.held is not Undelivered.CLOSED


def with_weekly(row: Reach, *known: date | None) -> Reach:
    """The row with the newest day its recipient is known to have been sent a summary."""
    newest = max((one for one in (row.weekly_on, *known) if one is not None), default=None)
    return row if newest == row.weekly_on else msgspec.structs.replace(row, weekly_on=newest)


def _says_something(found: Summary) -> bool:
    """True if anything is open, late, without an owner or soon to fail, or could not be read."""
    total = found.total
    return bool(any((*total.open, *total.late, total.unowned, total.soon)) or found.unread)
