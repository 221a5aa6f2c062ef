"""Ids that are the same for the same seed, whatever else is made before or after."""

import base64
import uuid
from random import Random

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
_ACCOUNT_OFFSET = 1 << 39


class Identifiers:
    """Draws every id from the seed and the name of the thing it is for, never from what was drawn before."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def draw(self, *names: str) -> Random:
        """A generator of its own for the named thing."""
        return Random("/".join((str(self._seed), *names)))  # noqa: S311  # ids, no secrets

    def account(self, name: str, *, first_digit: str | None = None) -> str:
        """A twelve-digit account number."""
        digits = "".join(self.draw("account", name).choices("0123456789", k=11))
        return (first_digit or "123456789"[self.draw("first", name).randrange(9)]) + digits

    def unique(self, prefix: str, account: str, *names: str) -> str:
        """An IAM unique id, e.g. AIDA… or AROA… (21 characters), or an access key id AKIA… (20).

        Like AWS's own it carries the account number after the prefix.
        """
        number = int(account)
        packed = base64.b32encode((number // 2 + _ACCOUNT_OFFSET).to_bytes(5, "big")).decode()
        draw = self.draw(prefix, account, *names)
        odd = draw.choice(_BASE32[16:] if number % 2 else _BASE32[:16])
        length = 20 if prefix in {"AKIA", "ASIA"} else 21
        head = prefix + packed + odd
        return head + "".join(draw.choices(_BASE32, k=length - len(head)))

    def lower(self, length: int, *names: str) -> str:
        """Lower-case letters and digits, as in organization and secret ids."""
        return "".join(self.draw("lower", *names).choices(_LOWER, k=length))

    def hexadecimal(self, length: int, *names: str) -> str:
        """Hexadecimal digits, as in the names of Identity Center roles."""
        return "".join(self.draw("hex", *names).choices("0123456789abcdef", k=length))

    def uuid(self, *names: str) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self.draw("uuid", *names).getrandbits(128), version=4))
