"""What of the control map an organization's policy may refer to."""

from prooftrail.governance import Governance, KnownControls
from prooftrail.governance.policy import THRESHOLDS
from prooftrail.risk.method import model

from .catalog import Catalog


def known_controls(catalog: Catalog) -> KnownControls:
    """The controls of `catalog`, those that may be excepted, every threshold with its default, and the risk model."""
    return KnownControls(
        controls=frozenset(one.id for one in catalog.controls),
        exceptable=frozenset(one.id for one in catalog.controls if one.exceptable),
        thresholds=catalog.defaults,
        risk_model=model().version,
    )


def without_effect(policy: Governance, catalog: Catalog) -> tuple[str, ...]:
    """A sentence for each limit the organization set that changes nothing in this version, in the order of the file."""
    idle = {(one.id, name): why for one in catalog.controls for name, why in one.without_effect.items()}
    named = dict.fromkeys((one.control, one.name) for one in policy.thresholds.threshold)
    return tuple(
        f"{THRESHOLDS}: {control} {name} has no effect in this version: {idle[control, name]}"
        for control, name in named
        if (control, name) in idle
    )
