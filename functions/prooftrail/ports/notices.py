"""What sending notices needs of the outside world: a notifier, claims, and a place for letters on their way."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from prooftrail.model.notice import ReachState


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What asking an address to confirm came to: its state now, and what a person should know about it."""

    state: ReachState
    detail: str | None = None


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One notice as it is sent, in plain text. `id` is the notice's; nothing of it is kept but by the notifier."""

    id: str
    recipient: str
    address: str
    subject: str
    text: str


class Notifier(Protocol):
    """Sends notices. Whether one was taken is known by its receipt; whether it was read, by nobody."""

    @property
    def how(self) -> str:
        """`sns`, `ses` or `console`."""
        ...

    def state(self, recipient: str, address: str) -> Invitation:
        """How the recipient can be reached at the address now. Raises NoticeError where that cannot be asked."""
        ...

    def invite(self, recipient: str, address: str) -> Invitation:
        """Ask the address to confirm, again if it was asked before; nothing where none is needed. Raises NoticeError."""
        ...

    def send(self, letter: Letter) -> str:
        """Hand the letter over and give the notifier's id for it.

        Raises NoticeError where it was refused, and nothing was sent then. Any other end leaves it unknown: `receipts`
        tells later.
        """
        ...

    def receipts(self) -> Iterator[tuple[str, str]]:
        """What was taken since this was asked last, as notice and the notifier's id; asked before anything is sent again.

        Each is given until `forget`. Raises NoticeError where it cannot be told: then nothing is sent again.
        """
        ...

    def forget(self, notices: tuple[str, ...]) -> None:
        """Let go of receipts that are recorded."""
        ...


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who may send a notice: made before it is sent, completed after. `message_id` None while it is not known to be sent.

    `run` is the run on whose behalf it was claimed. An `error` says that nothing was sent.
    """

    notice: str
    run: str
    claimed_at: datetime
    message_id: str | None = None
    error: str | None = None


class Claims(Protocol):
    """Sees to it that no notice is sent twice: one claim a notice, by whoever comes first."""

    def claim(self, notice: str, *, run: str, at: datetime) -> Claim | None:
        """Claim it for us: None if it is ours now, else the claim that stands. Raises LedgerError."""
        ...

    def take_over(self, standing: Claim, *, run: str, at: datetime) -> bool:
        """Make a claim ours that was never completed, or that another run completed with an error.

        False for any other claim, and where it is not as it was seen any more.
        """
        ...

    def complete(self, notice: str, *, message_id: str | None, error: str | None) -> None:
        """Say what became of it; a completion with a message id stays, whatever is said later."""
        ...


class Letters(Protocol):
    """Holds revealed letters between planning and sending, outside the locker and not for long."""

    def write(self, run_id: str, shard: int, letters: Iterable[Letter]) -> None:
        """Keep the letters of a shard, in their order; again is the same as once."""
        ...

    def read(self, run_id: str, shard: int) -> Iterator[Letter]:
        """The letters of a shard. Raises NoticeError where they are gone."""
        ...

    def forget(self, run_id: str, shard: int) -> None:
        """Let go of the letters of a shard whose end is sealed; a place that does so by itself does nothing."""
        ...
