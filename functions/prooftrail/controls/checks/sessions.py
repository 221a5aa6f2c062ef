"""IDC-30: how long a session lasts, of a role and, for people behind Identity Center, of their permission set.

A role Identity Center made always says twelve hours: its permission set decides, and has the row.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from prooftrail.controls.case import Case, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.identity_center import Reader, reader
from prooftrail.controls.verdict import Verdict
from prooftrail.model.iam import PermissionSetFacts, Role
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import SubjectType
from prooftrail.model.reading import Collector

from .saying import Said, Subject, held, untested

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_DEFAULT = timedelta(hours=1)  # sso-admin CreatePermissionSet without SessionDuration
_HOUR = timedelta(hours=1)


def idc_30(case: Case, control: Control) -> Iterator[Verdict]:
    """No session of people or third parties lasts longer than the tier allows; exactly the limit passes.

    A role of Identity Center is NOT_APPLICABLE where its permission set is judged, NOT_TESTED where nothing judges it.
    """
    behind = reader(case)
    for identity in case.of_kinds(control.kinds):
        if isinstance(identity.facts, Role):
            subject = Subject(case, control, identity, kind=SubjectType.ROLE)
            if identity.kind is Kind.ROLE_SSO:
                yield _of_identity_center(subject, behind)
            else:
                yield subject.verdict(_role(case, identity, identity.facts))
        elif isinstance(identity.facts, PermissionSetFacts):
            subject = Subject(case, control, identity, kind=SubjectType.PERMISSION_SET)
            yield subject.verdict(_permission_set(case, identity, identity.facts))


def _of_identity_center(subject: Subject, behind: Reader) -> Verdict:
    """A role that leaves its session to its permission set: judged there, or nowhere that this run could see."""
    words = f"its session is that of its permission set; {behind.why}"
    return subject.not_applicable(words) if behind.judged else subject.verdict(untested(words, behind.why))


def _role(case: Case, identity: Identity, facts: Role) -> Said:
    doubt = case.doubt(identity, "facts.max_session_s")
    if doubt or facts.max_session_s is None:
        why = case.gap(Collector.ROLE_SETTINGS)
        return untested("; ".join(filter(None, ("its longest session was not read", why))))
    return _within(case, identity, timedelta(seconds=facts.max_session_s), "a session lasts up to")


def _permission_set(case: Case, identity: Identity, facts: PermissionSetFacts) -> Said:
    if doubt := case.doubt(identity, "facts.session_duration"):
        return untested(doubt)
    if facts.session_duration is None:
        why = case.gap(Collector.PERMISSION_SETS)
        if why:
            return untested(f"how long its sessions last was not read: {why}")
        return _within(case, identity, _DEFAULT, "it sets no duration, so a session lasts AWS's default of")
    read = duration(facts.session_duration)
    if read is None:
        return untested("how long its sessions last is written in no form that can be read")
    return _within(case, identity, read, "a session lasts")


def duration(text: str) -> timedelta | None:
    """A duration as Identity Center writes it (ISO 8601: `PT1H30M`); None where it is no such thing."""
    found = _DURATION.fullmatch(text)
    parts = found.groups() if found else ()
    if not any(parts):
        return None
    days, hours, minutes, seconds = (int(one or 0) for one in parts)
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _within(case: Case, identity: Identity, lasts: timedelta, words: str) -> Said:
    compared = case.compare("IDC-30", "max_session_hours", identity.id, over=Over(lasts / _HOUR))
    told = _in_words(lasts)
    return held(compared, f"{words} {told}", value=told)


def _in_words(lasts: timedelta) -> str:
    minutes, seconds = divmod(int(lasts.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    counted = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    return " ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in counted if number) or "0 seconds"
