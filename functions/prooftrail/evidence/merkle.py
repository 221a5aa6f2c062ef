"""The Merkle tree hash of RFC 6962: one value that names a list of objects, in order."""

from collections.abc import Iterable
from hashlib import sha256


def root(leaves: Iterable[bytes]) -> str:
    """The tree hash of `leaves` in hexadecimal; of no leaves, SHA-256 of nothing. Source: RFC 6962 section 2.1."""
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) & ~1 :]
    return level[0].hex()
