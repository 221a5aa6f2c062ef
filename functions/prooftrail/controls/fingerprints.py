"""The name of a finding, before it is one and for as long as it is."""

from prooftrail.model import canonical

_DIGITS = 32
"""128 bits: nobody makes two subjects of one name."""


def fingerprint(control: str, subject: str) -> str:
    """The same for as long as the control and the subject are, and nothing else counts."""
    return canonical.digest((control, subject))[:_DIGITS]
