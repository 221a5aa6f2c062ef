"""The composition root: puts the adapters together that an address names.

AWS's libraries are imported where an address calls for them: whoever reads a directory should not wait for them. So are
the checks, which only a scan and a second judgement need.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .options import Options
    from .reminding import ours, remind
    from .scanner import Deployment, check_stores, clock, doctor, embedded, governance, rederive
    from .stores import home_ledger, open_ledger, open_locker, pinned

__all__ = [
    "Deployment",
    "Options",
    "check_stores",
    "clock",
    "doctor",
    "embedded",
    "governance",
    "home_ledger",
    "open_ledger",
    "open_locker",
    "ours",
    "pinned",
    "rederive",
    "remind",
]

_ROOM_OF = {
    "Options": "options",
    **dict.fromkeys(("ours", "remind"), "reminding"),
    **dict.fromkeys(("home_ledger", "open_ledger", "open_locker", "pinned"), "stores"),
}


def __getattr__(name: str) -> Any:
    """A name from its room, which is opened now: a deployed function wants none of them, and waits for none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = importlib.import_module(f".{_ROOM_OF.get(name, 'scanner')}", __name__)
    globals()[name] = found = getattr(room, name)
    return found
