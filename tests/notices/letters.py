"""Matters, calls and the day they are told on, for the tests of texts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event, Limit, Tier
from prooftrail.model.notice import Asked, Entry, Hop, Matter
from prooftrail.notices import digest
from prooftrail.notices.day import Call, Day, Names
from prooftrail.notices.digest import Draft
from prooftrail.notices.scene import Scene

TODAY = date(2026, 11, 23)
RUN = "20261123T060000Z"
ACCOUNT, OTHER = "111122223333", "444455556666"
ACCOUNTS: Mapping[str, str | None] = {ACCOUNT: "payments-prod", OTHER: "payments-test"}
LOCKER = "s3://example-evidence"
ADA, BO, CY, OPS, SEC = "p-ada", "p-bo", "p-cy", "p-ops", "p-sec"
PEOPLE = {
    ADA: "Ada Lovelace",
    BO: "Bo Nilsson",
    CY: "Cy Okafor",
    OPS: "payments-ops@example.com",
    SEC: "security@example.com",
}
KEY = "AKIAIOSFODNN7EXAMPLE"
DEFAULT = "built-in default of the control map, not approved by the organization"
DAY = Day(on=TODAY, run_id=RUN, confirms=True, reach={}, contacts={})


def reveal(text: str) -> str:
    """The names the tests' people go by."""
    for token, name in PEOPLE.items():
        text = text.replace(token, name)
    return text


def at(days: int) -> datetime:
    """Six in the morning, that many days from today."""
    return datetime.combine(TODAY + timedelta(days=days), time(6), UTC)


def limit(name: str, value: str) -> Limit:
    """A limit nobody changed."""
    return Limit(name=name, value=value, set_by=DEFAULT)


def a_matter(due: int = 7, **known: Any) -> Matter:
    """An open finding of an old key, due in `due` days, unless told."""
    made: dict[str, Any] = {
        "id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "event": Event.ROTATION,
        "control": "IDC-15",
        "account": ACCOUNT,
        "subject": KEY,
        "identity": KEY,
        "kind": Kind.ACCESS_KEY,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/deploy",
        "name": KEY,
        "family": None,
        "owner": ADA,
        "tier": Tier.HIGH,
        "failing": True,
        "since": at(-7),
        "since_before": False,
        "due_at": at(due),
        "reason": f"Active key {KEY} of user deploy is 97 days old; the limit is 90 days ({DEFAULT}).",
        "limit": limit("max_age_days", "90 days"),
        "used": "last used 2026-11-21",
        "person": False,
        "not_mine": None,
        "read_in": RUN,
        **known,
    }
    return Matter(**made)


def a_role(name: str = "nightly-export", due: int = 21, **known: Any) -> Matter:
    """An open finding of a role nobody used."""
    made: dict[str, Any] = {
        "id": "1b" * 16,
        "event": Event.UNUSED,
        "control": "IDC-08",
        "subject": "AROAEXAMPLE0000000001",
        "identity": "AROAEXAMPLE0000000001",
        "kind": Kind.ROLE_WORKLOAD,
        "arn": f"arn:aws:iam::{known.get('account', ACCOUNT)}:role/{name}",
        "name": name,
        "tier": Tier.MEDIUM,
        "reason": f"Role {name} was last used 120 days ago; the limit is 90 days ({DEFAULT}).",
        "limit": limit("unused_role_days", "90 days"),
        "used": "last used 2026-07-26",
        **known,
    }
    return a_matter(due, **made)


def a_secret(name: str = "payments/db", due: int = 7, **known: Any) -> Matter:
    """An open finding of a secret whose value is old."""
    arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-AbCdEf"
    made: dict[str, Any] = {
        "id": "2c" * 16,
        "control": "IDC-17",
        "subject": arn,
        "identity": arn,
        "kind": Kind.SECRET,
        "arn": arn,
        "name": name,
        "reason": f"The value of secret {name} is 140 days old; the limit is 90 days ({DEFAULT}).",
        "used": "last used 2026-11-23",
        **known,
    }
    return a_matter(due, **made)


def a_call(matter: Matter | None = None, *, hop: Hop = Hop.OWNER, step: str = "first", **known: Any) -> Call:
    """Ada is called because of one matter."""
    made: dict[str, Any] = {"recipient": ADA, "address": "p-ada-mail", **known}
    return Call(matter=matter or a_matter(), hop=hop, step=step, **made)


def asked(days: int, recipient: str = ADA, hop: Hop = Hop.OWNER, **known: Any) -> Asked:
    """Somebody was told that many days ago."""
    made: dict[str, Any] = {"step": "first", "sent": True, **known}
    return Asked(hop=hop, recipient=recipient, on=TODAY - timedelta(days=days), **made)


def a_draft(*calls: Call, names: Names = reveal, day: Day = DAY, recipient: str = ADA, **known: Any) -> Draft:
    """The mail of these calls."""
    made: dict[str, Any] = {
        "style": "full",
        "accounts": ACCOUNTS,
        "open_matters": {},
        "held": None,
        "locker": LOCKER,
        **known,
    }
    return digest.compose(day, recipient, f"{recipient}-mail", calls, names=names, **made)


def lines(calls: Sequence[Call]) -> list[str]:
    """The letter's lines."""
    return a_draft(*calls).letter_text.splitlines()


def a_scene(names: Names = reveal, **known: Any) -> Scene:
    """What the lines of a mail to Ada share."""
    made: dict[str, Any] = {
        "on": TODAY,
        "run_id": RUN,
        "recipient": ADA,
        "locker": LOCKER,
        "owner_tag": "owner",
        "accounts": ACCOUNTS,
        **known,
    }
    return Scene(names=names, **made)


def an_entry(*matters: Matter, step: str = "first", hop: Hop = Hop.OWNER, **known: Any) -> Entry:
    """A line of a notice."""
    made: dict[str, Any] = {"tier": matters[0].tier, "due_on": matters[0].due_at.date(), **known}
    return Entry(step=step, hop=hop, matters=matters, **made)
