"""Every check of the house by its control: what `evaluate` runs."""

from . import certificates, emergencies, keys, people, privilege, records, root, stored_secrets, trust, usage
from .saying import Check

_FAMILIES = (records, usage, root, people, keys, stored_secrets, certificates, emergencies, privilege, trust)


def _table() -> dict[str, Check]:
    found: dict[str, Check] = {}
    for family in _FAMILIES:
        for control, check in family.CHECKS.items():
            if control in found:
                raise ValueError(f"{control} has two checks, the second in {family.__name__}")
            found[control] = check
    return dict(sorted(found.items()))


CHECKS: dict[str, Check] = _table()
"""By control id. IDC-04 is judged by `evaluate` itself, after all of these; IDC-32 and IDC-35 by `organization`."""
