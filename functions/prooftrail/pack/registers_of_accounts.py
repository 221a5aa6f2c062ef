"""The registers whose rows come from the accounts, one after the other."""

from .coming_and_going_registers import COMING_AND_GOING_REGISTERS
from .credential_registers import CREDENTIAL_REGISTERS
from .finding_registers import FINDING_REGISTERS
from .gap_registers import GAP_REGISTERS
from .interval_registers import INTERVAL_REGISTERS
from .inventory_registers import INVENTORY_REGISTERS
from .populations import POPULATION_REGISTERS
from .reconciliation_registers import RECONCILIATION_REGISTERS
from .result_registers import RESULT_REGISTERS
from .table import Register

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
