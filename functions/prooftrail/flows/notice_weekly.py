"""The week's summary: who gets it on its day, and of which accounts."""

from collections.abc import Iterator, Sequence

from prooftrail.governance import Governance
from prooftrail.model.notice import Hop, ReachState
from prooftrail.notices import summary
from prooftrail.notices.chain import Chains
from prooftrail.notices.day import Day, Link
from prooftrail.notices.summary import Summary, Tallies

_OUT_OF_REACH = (ReachState.BOUNCED, ReachState.UNSUBSCRIBED, ReachState.NO_ROUTE, ReachState.LEFT)
_REACHED = (ReachState.DIRECT, ReachState.CONFIRMED)


class Weekly:
    """The summaries of a day: empty but on the policy's day of the week.

    The contact of accounts reads of theirs, the security team of the whole organization.
    """

    def __init__(
        self, day: Day, chains: Chains, governance: Governance, tallies: Tallies, unread: Sequence[str]
    ) -> None:
        self._day, self._tallies, self._unread = day, tallies, unread
        self._addresses: dict[str, str] = {}
        self._accounts: dict[str, list[str] | None] = {}
        if governance.notices.weekly_on != f"{day.on:%A}".lower():
            return
        for account in sorted({*tallies.accounts(), *unread}):
            self._read_by(chains.contact(account, day.contacts.get(chains.place(account))), account)
        self._read_by(chains.security(), "")

    def readers(self) -> Iterator[tuple[str, str, bool]]:
        """Recipient, address, and whether the address has yet to be confirmed."""
        for recipient, address in sorted(self._addresses.items()):
            row = self._day.reach.get(recipient)
            yield recipient, address, self._day.confirms and (row is None or row.state not in _REACHED)

    def of(self, recipient: str) -> Summary | None:
        """What the recipient reads today; None for nothing."""
        if recipient not in self._addresses:
            return None
        accounts = self._accounts[recipient]
        return summary.weekly(
            self._tallies,
            on=self._day.on,
            accounts=accounts,
            unread=self._unread,
            unreachable=self._out_of_reach() if accounts is None else None,
        )

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
        return [one.recipient for one in self._day.reach.values() if one.state in _OUT_OF_REACH]
