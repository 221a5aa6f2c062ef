"""Which code is running: sealed with every run, so that another result can be told from other code."""

import hashlib
from pathlib import Path

import prooftrail
from prooftrail.evidence.manifest import Code

VERSION = "0.1.0"
"""The version of the package. Here, and not asked of an installation: a deployed function has none to ask, and what a
checkout was once installed as says nothing of the code at hand.
"""

LEFT_OUT = frozenset({"cli", "demo", "pack"})
"""Rooms that neither judge nor seal; no function is deployed with them."""


def this_code_of_packs() -> str:
    """The hash over the sources and tables that make a pack: over those that judge and seal, and over the pack's own."""
    return _sha256(LEFT_OUT - {"pack"}, frozenset({".py", ".toml", ".js", ".css"}))


def this_code(*, asset: str | None = None) -> Code:
    """The version, the hash over the sources and tables that judge and seal, and the hash of the deployed package.

    The same for a function and for an auditor's checkout or installation of one version: over every `.py` and `.toml`
    of the package outside LEFT_OUT, in order of path, with lines ended as Git keeps them.
    """
    return Code(version=VERSION, sha256=_sha256(LEFT_OUT, frozenset({".py", ".toml"})), asset=asset)


def _sha256(left_out: frozenset[str], kinds: frozenset[str]) -> str:
    root, total = Path(prooftrail.__file__).parent, hashlib.sha256()
    for place, path in sorted((one.relative_to(root).as_posix(), one) for one in root.rglob("*")):
        if path.suffix in kinds and place.partition("/")[0] not in left_out:
            content = path.read_bytes().replace(b"\r\n", b"\n")
            total.update(f"{place}\n".encode() + hashlib.sha256(content).digest())
    return total.hexdigest()
