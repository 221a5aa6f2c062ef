"""The registers whose rows come from the accounts, one after the other."""

from prooftrail.pack.registers.coming_and_going import COMING_AND_GOING_REGISTERS
from prooftrail.pack.registers.credentials import CREDENTIAL_REGISTERS
from prooftrail.pack.registers.findings import FINDING_REGISTERS
from prooftrail.pack.registers.gaps import GAP_REGISTERS
from prooftrail.pack.registers.intervals import INTERVAL_REGISTERS
from prooftrail.pack.registers.inventory import INVENTORY_REGISTERS
from prooftrail.pack.registers.populations import POPULATION_REGISTERS
from prooftrail.pack.registers.reconciliation import RECONCILIATION_REGISTERS
from prooftrail.pack.registers.results import RESULT_REGISTERS
from prooftrail.pack.table import Register

ACCOUNT_REGISTERS: tuple[Register, ...] = (
    *COMING_AND_GOING_REGISTERS,
    *RECONCILIATION_REGISTERS,
    *INVENTORY_REGISTERS,
    *RESULT_REGISTERS,
    *CREDENTIAL_REGISTERS,
    *FINDING_REGISTERS,
    *GAP_REGISTERS,
    *INTERVAL_REGISTERS,
    *POPULATION_REGISTERS,
)
"""In the order of their files."""
