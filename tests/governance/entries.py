"""Governance files that are sound, for tests to change one thing in."""

from prooftrail.governance import Governance, KnownControls, parse
from tests.builders.judging import defaults

OWNERS = """
[[owner]]
id = "jane"
name = "Jane Doe"
email = "jane@example.com"

[[owner]]
id = "payments"
name = "Payments team"
kind = "team"
"""
EXCEPTION = """
[[exception]]
id = "EX-1"
identity = "AIDAEXAMPLE0000000001"
control = "IDC-15"
reason = "The mainframe takes a new key once a year, ask ops@example.com"
tier = "medium"
requester = "Sam Poe"
risk_owner = "payments"
approver = "jane"
approved_on = 2026-11-02
expires_on = 2027-03-31
compensating = [
  { sp80053 = "AC-3", predicate = "network_condition" },
  { sp80053 = "AC-6(1)", control = "IDC-20" },
]
retirement = [{ what = "Replace the uploader", due_on = 2027-02-28, owner = "payments" }]
"""
THRESHOLD = """
[[threshold]]
control = "IDC-15"
name = "max_age_days"
values = { critical = 30, high = 45, medium = 60, low = 90 }
approved_by = "Jane Doe"
approved_on = 2026-11-02
effective_on = 2026-11-15
"""
REGISTERED = """
identity = "arn:aws:iam::*:role/platform-admin"
reason = "Builds the landing zone"
approved_by = "Jane Doe"
approved_on = 2026-11-02
"""
SUPPLIER = """
[[supplier]]
name = "Watcher Ltd"
accounts = ["777788889999"]
reason = "Watches"
approved_by = "Jane Doe"
approved_on = 2026-11-02
active_until = 2027-11-01
"""
LINE = '[[line]]\ncontrol = "A.5.18"\napplicable = true\njustification = "Rights exist"\n'
KNOWN = KnownControls(
    controls=frozenset(f"IDC-{number:02}" for number in range(1, 36)),
    exceptable=frozenset(f"IDC-{number:02}" for number in range(1, 36)) - {"IDC-04", "IDC-32"},
    thresholds=defaults(),
    risk_model="prooftrail-risk-1",
)


def registered(table: str, more: str = "") -> str:
    """One entry of a register."""
    return f"[[{table}]]{REGISTERED}{more}\n"


def policy(**files: str) -> Governance:
    """The policy of these files, by name without its ending, beside the owners above; checked against the control map."""
    return parse(of(**files), KNOWN)


def of(**files: str) -> dict[str, bytes]:
    """The same as bytes."""
    return {f"{name}.toml": text.encode() for name, text in ({"owners": OWNERS} | files).items()}
