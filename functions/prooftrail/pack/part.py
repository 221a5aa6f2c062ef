"""A part of a pack: it is shown each account once, and writes what it has to say at the end."""

from typing import Protocol

from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView


class Part(Protocol):
    """Made with the period and the place its files go to, then given every account, then finished."""

    def take(self, one: AccountView) -> None:
        """Look at one account; nothing of it may be held whole."""
        ...

    def finish(self, tally: Tally) -> None:
        """Write what is of the whole, and close every file."""
        ...
