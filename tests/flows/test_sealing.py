"""What is sealed is read back whole, and what an older version sealed too."""

import gzip
import json
from typing import Any

import pytest

from prooftrail.evidence import lines
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Code
from prooftrail.flows import sealing, substance
from prooftrail.flows.judging import Judged
from prooftrail.model.judgement import Findings, FindingStatus, ResultStatus, Tier
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.model.snapshot import AlternateContact
from tests.builders import a_run, days, replaced, used
from tests.builders.judging_findings import Days, a_result, an_assessment
from tests.builders.judging_people import role

KEY = "findings/one"
NEWER = {"limit", "used", "person", "not_mine", "expires_at", "contacts"}


def some_findings() -> Findings:
    """One that is open, one that is upcoming, the contacts of the account, and what each result was."""
    idle, story = role(usage=used(days(40))), Days()
    contact = AlternateContact(type="SECURITY", name="person-1", email="person-2", read_in=a_run().id)
    passing = a_result(ResultStatus.PASS, subject=idle.id)
    story.day(passing, a_result(control="IDC-20", subject=idle.id), identities=[idle], facts={"contacts": (contact,)})
    assert story.findings is not None
    return story.findings


def of_an_older_version(found: Findings) -> bytes:
    """The same findings as the version sealed them that told nobody."""
    told = [json.loads(line) for line in lines.unpack(KEY, lines.pack(found.lines()).body).splitlines()]
    kept = [{name: value for name, value in one.items() if name not in NEWER} for one in told]
    return gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in kept if one["record"] != "upcoming"))


def test_findings_come_back_with_what_is_upcoming_and_with_the_contacts() -> None:
    found = some_findings()
    assert [len(each) for each in (found.findings, found.upcoming, found.held)] == [1, 1, 2]
    assert sealing.read_findings(KEY, lines.pack(found.lines()).body) == found


def test_findings_of_an_older_version_are_read_with_nothing_to_tell_beside_them() -> None:
    found = some_findings()
    bare = replaced(found.findings[0], limit=None, used=None)
    header = replaced(found.header, contacts=None)
    assert sealing.read_findings(KEY, of_an_older_version(found)) == replaced(
        found, header=header, findings=(bare,), upcoming=()
    )


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, Fault.OTHER_CODE),
        ({"reason": "It is otherwise.", "used": "never used"}, Fault.OTHER_CODE),
        ({"status": FindingStatus.FIXED}, Fault.NOT_CONFIRMED),
        ({"severity": Tier.LOW}, Fault.NOT_CONFIRMED),
        ({"owner": "person-9"}, Fault.NOT_CONFIRMED),
    ],
)
def test_older_findings_differ_from_what_comes_out_now_only_in_what_they_did_not_tell(
    changed: dict[str, Any], fault: Fault
) -> None:
    found = some_findings()
    now = replaced(found, findings=(replaced(found.findings[0], **changed),))
    judged = Judged(assessment=an_assessment(), findings=now, transitions=())
    sealed = SealedObject(key=KEY, kind=EvidenceKind.FINDINGS, sha256="0" * 64, stored_sha256="0" * 64, size=1, count=1)
    code = Code(version="0.1.0", sha256="c" * 64)
    _, said = substance.difference(sealed, of_an_older_version(found), judged, code=code)
    assert said is fault
