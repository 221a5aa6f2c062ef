"""Which code is running: sealed with every run, so that another result can be told from other code."""

import hashlib
from importlib import metadata
from pathlib import Path

import prooftrail
from prooftrail.evidence.manifest import Code


def this_code() -> Code:
    """The version and the hash over every source file of the package, its tables (TOML) among them, in order of path."""
    root, total = Path(prooftrail.__file__).parent, hashlib.sha256()
    for one in sorted([*root.rglob("*.py"), *root.rglob("*.toml")]):
        total.update(f"{one.relative_to(root).as_posix()}\n".encode() + hashlib.sha256(one.read_bytes()).digest())
    return Code(version=metadata.version("prooftrail"), sha256=total.hexdigest())
