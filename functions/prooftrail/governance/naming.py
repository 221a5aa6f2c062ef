"""Whether the words an entry names an identity by can name one, and name it rather than everything there is."""

import re

_ARN_PARTS = 6
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,127}")  # IAM: unique identifiers
_FAMILY = re.compile(r".+#[0-9a-f]{16}", re.S)
_ACCOUNT = re.compile(r"[0-9]{12}")
_LITERAL = re.compile(r"[^*?]{3}")
_TYPE = re.compile(r"[:/]")
_WAYS = "write AWS's unique id (AIDA...), an ARN pattern (arn:...), or a family with its hash as `prooftrail inventory --family` prints it"


def misnamed(text: str, *, accounts: bool = False) -> str | None:
    """Why `text` is no way to name identities in a register or an exception, with the fix; None where it is one.

    `accounts` says that the id of an account names something too.
    """
    if text.startswith("arn:"):
        return blanket(text)
    if _UNIQUE_ID.fullmatch(text) or _FAMILY.fullmatch(text) or (accounts and _ACCOUNT.fullmatch(text)):
        return None
    return f"{text!r} matches nothing, ever: {_WAYS}."


def blanket(pattern: str) -> str | None:
    """Why an ARN pattern names too much, with the fix; None where it is narrow enough.

    It has all six parts of an ARN, and names one account exactly or, behind the type (`role/`, `secret:`), at least
    three characters in a row of a path or name.
    """
    parts = pattern.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return f"{pattern!r} leaves out parts of an ARN: write all six, like arn:PARTITION:iam::*:role/platform-*."
    account, resource = parts[4], parts[5]
    _, *names = _TYPE.split(resource, maxsplit=1)
    if _ACCOUNT.fullmatch(account) or any(_LITERAL.search(one) for one in names):
        return None
    return (
        f"{pattern!r} names everything of its sort in every account: write the account, or at least three characters of the"
        " name behind the type, like role/platform-*."
    )
