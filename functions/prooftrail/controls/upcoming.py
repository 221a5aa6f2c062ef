"""What passes today and is going to fail: told to its owner before it does, never guessed where a date was not read."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prooftrail.governance.thresholds import ByTier
from prooftrail.model.canonical import utc
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Event, Result, ResultStatus, Upcoming

from .case import Case
from .checks.certificates import certificate_ending, expires
from .checks.endings import Ending
from .checks.keys import key_age, long_lived_endings, overlaps
from .checks.stored_secrets import secret_endings
from .checks.usage import TRACKED_DAYS, idle_credential, idle_role
from .due import severity
from .events import AHEAD
from .fingerprints import fingerprint
from .particulars import Particulars

_BEFORE_A_LIMIT = ByTier(critical=7, high=14, medium=14, low=30)
LEAD_DAYS: Mapping[Event, ByTier[int]] = {
    Event.ROTATION: _BEFORE_A_LIMIT,
    Event.UNUSED: _BEFORE_A_LIMIT,
    Event.FINDING: _BEFORE_A_LIMIT,
    Event.EXPIRY: ByTier(critical=60, high=45, medium=30, low=30),
}
"""How many days before it happens an owner hears of it first, by event and tier. Source: the risk model, section 6."""

EARLY_DAYS = ByTier(critical=0, high=0, medium=3, low=3)
"""How much earlier it may be told with a notice that is sent anyway, so how much earlier it must be known."""


def upcoming(case: Case, results: Iterable[Result], particulars: Particulars) -> Iterator[Upcoming]:
    """What of `results` passes and comes to its end within its lead time, counted in whole days (UTC).

    `due_at` is the last instant at which the control still passes, under the smallest limit the identity could have;
    for what expires, the expiry: IDC-19 begins to fail before it, by the warning its limit asks for. What is accepted,
    does not apply or was not tested is not upcoming.
    """
    for one in results:
        identity = case.by_id.get(one.identity or "") if one.control in AHEAD else None
        if identity is None or one.status is not ResultStatus.PASS:
            continue
        ending = min(_ENDINGS[one.control](case, identity), key=lambda each: each.at, default=None)
        if ending is not None and _near(case, one, ending, event := _event(case, one, identity, ending)):
            yield _told(case, one, identity, ending, event, particulars)


def _event(case: Case, one: Result, identity: Identity, ending: Ending) -> Event:
    """Where not the thing itself ends but the entry that justifies it, nothing expires: it becomes a finding."""
    event = AHEAD[one.control]
    return Event.FINDING if event is Event.EXPIRY and ending.at != expires(case, identity) else event


def _near(case: Case, one: Result, ending: Ending, event: Event) -> bool:
    tier = severity(one)
    lead = LEAD_DAYS[event].at(tier) + EARLY_DAYS.at(tier)
    days = (utc(ending.at).date() - utc(case.taken_at).date()).days
    return case.taken_at <= ending.at and days <= lead


def _told(
    case: Case, one: Result, identity: Identity, ending: Ending, event: Event, particulars: Particulars
) -> Upcoming:
    about = particulars.of(identity, one.subject)
    return Upcoming(
        fingerprint=fingerprint(one.control, one.subject),
        event=event,
        control=one.control,
        subject=one.subject,
        subject_type=one.subject_type,
        identity=identity.id,
        kind=identity.kind,
        arn=identity.arn,
        name=identity.name,
        family=identity.family,
        owner=identity.owner.value,
        tier=severity(one),
        due_at=ending.at,
        reason=one.reason,
        limit=ending.limit(case),
        used=about.used,
        person=about.person,
        not_mine=about.not_mine,
    )


def _idle_credential(case: Case, one: Identity) -> Iterator[Ending]:
    if running := idle_credential(case, one):
        yield running.ending(case, one)


def _idle_role(case: Case, one: Identity) -> Iterator[Ending]:
    """Nothing for a role of which no use is on record and whose limit AWS's memory does not reach: it is never said to fail."""
    running = idle_role(case, one)
    if running and (one.usage.last_used_at or _remembered(case, one)):
        yield running.ending(case, one)


def _remembered(case: Case, role: Identity) -> bool:
    limits = (case.limits.value("IDC-08", "unused_role_days", tier) for tier in case.tiers(role.id))
    return all(days <= TRACKED_DAYS for days in limits)


def _key(case: Case, one: Identity) -> Iterator[Ending]:
    running = key_age(case, one)
    yield from (each.ending(case, one) for each in (*([running] if running else ()), *overlaps(case, one)))


def _certificate(case: Case, one: Identity) -> Iterator[Ending]:
    if ending := certificate_ending(case, one):
        yield ending


_ENDINGS: Mapping[str, Callable[[Case, Identity], Iterator[Ending]]] = {
    "IDC-07": _idle_credential,
    "IDC-08": _idle_role,
    "IDC-15": _key,
    "IDC-16": long_lived_endings,
    "IDC-17": secret_endings,
    "IDC-19": _certificate,
}
