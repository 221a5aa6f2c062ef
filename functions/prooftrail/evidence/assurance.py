"""How much a sound chain is worth, by who could have forged it: the line that heads every report."""

from enum import StrEnum

from .manifest import Genesis


class Assurance(StrEnum):
    """Who could have made all of it up. TWO_ACCOUNTS becomes WITNESSED where every head was seen in time."""

    SELF_SIGNED = "self-signed"
    SINGLE_ACCOUNT = "single account"
    TWO_ACCOUNTS = "two accounts"
    WITNESSED = "witnessed"


WORDS = {
    Assurance.SELF_SIGNED: "signed with a key file: whoever holds it could have made all of this",
    Assurance.SINGLE_ACCOUNT: "an administrator of the signing account could forge what nobody else witnessed",
    Assurance.TWO_ACCOUNTS: "as the genesis says, evidence is in another account than the scanner; `verify` says what was witnessed",
    Assurance.WITNESSED: "another account, with a key of its own, saw each head within 48 h of its closing",
}
"""What each means, in a clause."""


def declared(genesis: Genesis | None) -> Assurance | None:
    """What the genesis alone lets one say, before anybody looks at witnesses; None without a genesis."""
    if genesis is None:
        return None
    if genesis.key_origin == "file":
        return Assurance.SELF_SIGNED
    apart = genesis.evidence_account not in (None, genesis.account)
    return Assurance.TWO_ACCOUNTS if apart else Assurance.SINGLE_ACCOUNT
