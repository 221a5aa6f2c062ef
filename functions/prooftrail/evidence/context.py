"""The inputs all accounts of a run share, sealed once: results are a function of a snapshot and of this."""

import msgspec

from prooftrail.governance import Governance
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.organization import Account, DelegatedAdministrator, OrganizationFacts, OrganizationPolicy
from prooftrail.model.reading import Cell, Collector
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Sighting

from .manifest import Code, Head

LIST_ACCOUNTS = "organizations:ListAccounts"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The organization as read for a run, the governance in force, the code, and whether the head before held.

    `managed_policies` are those AWS manages, by ARN and version. `governance_before` is the policy of the run before,
    only where it differs: what a loosening turned is counted by it. `catalog` is the control catalog as it was read
    (TOML); empty in evidence from before anything was judged.
    """

    schema: str = "prooftrail.context/1"
    run: Run
    partition: str
    caller_account: str
    caller_arn: str
    organization: OrganizationFacts
    accounts: tuple[Account, ...]
    delegated_administrators: tuple[DelegatedAdministrator, ...]
    policies: tuple[OrganizationPolicy, ...]
    cells: tuple[Cell, ...]
    governance: Governance
    code: Code
    previous: Head
    previous_verified: bool
    sightings: tuple[Sighting, ...] = ()
    managed_policies: tuple[AwsManagedPolicy, ...] = ()
    governance_before: Governance | None = None
    catalog: str = ""

    def accounts_listed(self) -> bool:
        """Whether AWS told all accounts of the organization. Where it did not, who is missing is in no plan."""
        listed = (one for one in self.cells if one.collector is Collector.ACCOUNTS)
        return not any(gap.api == LIST_ACCOUNTS for cell in listed for gap in cell.gaps)
