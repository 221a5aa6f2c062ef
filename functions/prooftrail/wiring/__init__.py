"""The composition root: puts the adapters together that an address names.

AWS's libraries are imported where an address calls for them: whoever reads a directory should not wait for them. So are
the checks, which only a scan and a second judgement need.
"""

from .options import Options
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
    "pinned",
    "rederive",
]
