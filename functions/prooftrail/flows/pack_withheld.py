"""What a pseudonymised pack says in place of people in records that were not redacted when they were sealed."""

import re

import msgspec

from prooftrail.evidence import detectors
from prooftrail.evidence.answers import KEY
from prooftrail.evidence.custody import Custody
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.pack.view import PackAnswer

NAME, ADDRESS, FREE_TEXT = "(name withheld)", "(address withheld)", "(free text withheld)"

_SESSION = re.compile(r"(arn:[^:]*:sts::\d*:assumed-role/[^/]+/).+")
_USER = re.compile(r"(arn:[^:]*:iam::\d*:user/).+")


def who(text: str) -> str:
    """Who acted: account, role and key stay; the name of a session, a user or a login goes."""
    if text.startswith(KEY) or PSEUDONYM.fullmatch(text):
        return text
    for shape in (_SESSION, _USER):
        if match := shape.fullmatch(text):
            return match[1] + NAME
    return text if text.startswith("arn:") and "@" not in text else NAME


def custody(one: Custody) -> Custody:
    """A custody record without the person and without what somebody wrote freely."""
    return msgspec.structs.replace(
        one,
        who=who(one.who),
        reason=FREE_TEXT,
        reference=_without_addresses(one.reference),
        scope=_without_addresses(one.scope),
        refusals=tuple(map(_without_addresses, one.refusals)),
    )


def answer(one: PackAnswer) -> PackAnswer:
    """An answer without the person and the reason they wrote; `to` is a pseudonym already."""
    return msgspec.structs.replace(one, who=who(one.who), reason=FREE_TEXT)


def _without_addresses(text: str) -> str:
    return detectors.addresses(text, lambda _plain, _written: ADDRESS)
