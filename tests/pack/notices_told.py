"""Notices, answers and findings that were mended, all about the first key of the builders."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from prooftrail.controls.fingerprints import fingerprint
from prooftrail.model.judgement import Event, Finding, FindingStatus, Tier
from prooftrail.model.notice import Hop, NoticeItem
from prooftrail.pack.view import PackAnswer, PackNotice
from tests.builders.packs import a_pack_run, an_account_view, some_identities
from tests.builders.times import ACCOUNT, NOW

KEY = some_identities()[0]


def an_item(**changes: Any) -> NoticeItem:
    """One line of a notice, about the first key."""
    made: dict[str, Any] = {
        "matters": (fingerprint("IDC-15", KEY.id),),
        "identities": (KEY.id,),
        "control": "IDC-15",
        "event": Event.ROTATION,
        "accounts": (ACCOUNT,),
        "tier": Tier.HIGH,
        "step": "first",
        "hop": Hop.OWNER,
        "due_on": NOW.date(),
        "label": "key",
    }
    return NoticeItem(**{**made, **changes})


def a_notice(**changes: Any) -> PackNotice:
    """A notice that SNS took."""
    made: dict[str, Any] = {
        "id": "n" * 32,
        "run_id": a_pack_run().run_id,
        "recipient": "jane",
        "address": "jane@example.com",
        "step": "first",
        "items": (an_item(),),
        "status": "sent",
        "why": None,
        "state": "confirmed",
        "how": "sns",
        "message_id": "m-1",
        "sent_at": NOW,
        "chained_in": None,
    }
    return PackNotice(**{**made, **changes})


def an_answer(**changes: Any) -> PackAnswer:
    """An acknowledgement of that line, an hour later."""
    made: dict[str, Any] = {
        "key": "answers/1.json",
        "kind": "acknowledged",
        "who": "arn:jane",
        "at": NOW + timedelta(hours=1),
        "matters": (fingerprint("IDC-15", KEY.id),),
        "reason": "seen to",
        "to": None,
    }
    return PackAnswer(**{**made, **changes})


def mended(**changes: Any) -> Finding:
    """A finding about the first key that was fixed a day ago and held."""
    failing = next(one for one in an_account_view().findings if one.control == "IDC-15")
    run = a_pack_run(-1)
    made: dict[str, Any] = {"status": FindingStatus.VERIFIED, "fixed_run": run.run_id, "held": 3, **changes}
    return replace(failing, **made)


def told(finding: Finding, at: datetime) -> PackNotice:
    """The notice of a finding."""
    return a_notice(items=(an_item(matters=(finding.fingerprint,)),), sent_at=at)
