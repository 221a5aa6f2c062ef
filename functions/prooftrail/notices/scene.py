"""What all lines of one mail share: the day, its reader, and the names by which accounts and people are known."""

from collections.abc import Mapping
from datetime import date

import msgspec

from prooftrail.evidence import layout

from .answers import Answers
from .day import Names
from .wording import shown


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What every line of one mail shares. `names` reveals, or leaves pseudonyms as they are for the sealed copy.

    `said` are the answers of the day, which tell who handed something over.
    """

    on: date
    run_id: str
    recipient: str
    locker: str
    owner_tag: str
    accounts: Mapping[str, str | None]
    names: Names
    said: Answers = msgspec.field(default_factory=lambda: Answers(()))


def account_label(account: str, scene: Scene) -> str:
    """`payments-prod (account 111122223333)`; the number alone where nobody told its name."""
    if account == layout.ORGANIZATION:
        return "the organization as a whole"
    name = scene.accounts.get(account)
    return f"{shown(scene.names(name), longest=60)} (account {account})" if name else f"account {account}"


def account_name(account: str, scene: Scene) -> str:
    """`payments-prod`, or its number where nobody told its name."""
    name = scene.accounts.get(account)
    return shown(scene.names(name), longest=60) if name else f"account {account}"
