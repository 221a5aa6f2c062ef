"""Every register of a pack, in the order of its file's name."""

from prooftrail.pack.registers.of_accounts import ACCOUNT_REGISTERS
from prooftrail.pack.registers.of_period import PERIOD_REGISTERS
from prooftrail.pack.table import Register

REGISTERS: tuple[Register, ...] = tuple(sorted((*ACCOUNT_REGISTERS, *PERIOD_REGISTERS), key=lambda one: one.table.file))
"""What `Tables` writes in every pack; registers that hang on options come beside."""
