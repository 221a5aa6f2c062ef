"""What all lines of one mail share: the day, its reader, and the names by which accounts and people are known."""

from collections.abc import Mapping
from datetime import date

import msgspec

from prooftrail.evidence import layout

from .day import Names
from .wording import shown


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What every line of one mail shares. `names` reveals, or leaves pseudonyms as they are for the sealed copy."""

    on: date
    run_id: str
    recipient: str
    locker: str
    owner_tag: str
    accounts: Mapping[str, str | None]
    names: Names


def account_label(account: str, scene: Scene) -> str:
    """`payments-prod (account 111122223333)`; the number alone where nobody told its name."""
    if account == layout.ORGANIZATION:
        return "the organization as a whole"
    name = scene.accounts.get(account)
    return f"{shown(scene.names(name), longest=60)} (account {account})" if name else f"account {account}"
