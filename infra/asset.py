"""The code that all functions share, as it is uploaded: where it lies and the hash of what is in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One bundle for one architecture. `path` is a directory or a zip; `sha256` is over its content, not its bytes as
    packed, so that two machines give the same.
    """

    path: Path
    sha256: str
    architecture: Literal["arm64", "x86_64"]
