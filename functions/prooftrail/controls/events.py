"""What a notice about a control is about: the one table for what fails and for what is going to."""

from collections.abc import Mapping

from prooftrail.model.judgement import Event, Finding

_OWNER = "IDC-02"
_FAILING: Mapping[str, Event] = {
    "IDC-07": Event.UNUSED,
    "IDC-08": Event.UNUSED,
    "IDC-15": Event.ROTATION,
    "IDC-17": Event.ROTATION,
    "IDC-19": Event.EXPIRY,
}

AHEAD: Mapping[str, Event] = {**_FAILING, "IDC-16": Event.EXPIRY}
"""The controls whose passing ends at an instant that is known before. A long-lived credential (IDC-16) ends, or the
entry that justifies it does; once it fails, it fails because nothing justifies it, and not because it expired.
"""


def event_of(finding: Finding) -> Event:
    """What a finding is told as. Only an identity nobody owns is UNOWNED, not one whose owner left or has no purpose."""
    if finding.control == _OWNER and finding.owner is None:
        return Event.UNOWNED
    return _FAILING.get(finding.control, Event.FINDING)
