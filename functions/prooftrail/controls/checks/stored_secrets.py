"""Secrets: whether their values are renewed (IDC-17), and whether any lies unused or in plain sight (IDC-18)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from prooftrail.controls.case import Case, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import matching
from prooftrail.inventory.replicas import in_region
from prooftrail.inventory.wording import counted, listed, plain
from prooftrail.model.iam import AccessKey, Secret, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import Sighting

from .ages import age, in_days, older, on
from .endings import Ending, Span, lapse
from .saying import Check, Said, Subject, created, fails, held, named, passes, untested, usage_of
from .unlisted import unasked, unlisted

MANAGED_ROTATION = frozenset({"rds", "redshift", "ecs-sc"})
"""Services that rotate the secrets they own (Secrets Manager User Guide, "Managed rotation")."""

_DAY = timedelta(days=1)
_MIDNIGHT_PARTS = ("hour", "minute", "second", "microsecond")
_LONGEST_PLACE = 200  # characters of a place the redactor keeps
TEXTS = frozenset(
    {
        Collector.PRINCIPALS,
        Collector.ROLE_SETTINGS,
        Collector.ACCESS_KEYS,
        Collector.SERVICE_SPECIFIC_CREDENTIALS,
        Collector.SAML_PROVIDERS,
        Collector.OIDC_PROVIDERS,
        Collector.SERVER_CERTIFICATES,
        Collector.SECRETS,
        Collector.PERMISSION_SETS,
    }
)
"""The sources whose names, tags, descriptions and policies people write."""


def idc_17(case: Case, control: Control) -> Iterator[Verdict]:
    """The current value of a secret is younger than the limit, and rotated by itself where the tier asks for it.

    The age is the AWSCURRENT version's, never that of the last edit (ruling 9). A secret planned for deletion, one
    without a value and one its owning service rotates are NOT_APPLICABLE. Rotation that is switched off fails at
    critical and high tier unless it is registered as manual; below it is a remark. How young the value is never makes
    it "never rotated".
    """
    yield from unlisted(case, control, Collector.SECRETS)
    for one in case.of_kinds(control.kinds):
        if isinstance(one.facts, Secret):
            yield _rotation(case, one, one.facts, Subject(case, control, one, kind=SubjectType.SECRET))


def _rotation(case: Case, one: Identity, facts: Secret, subject: Subject) -> Verdict:
    name = named(one)
    if facts.deleted_at is not None:
        return subject.not_applicable(_planned(name, facts.deleted_at))
    if facts.owning_service in MANAGED_ROTATION:
        return subject.not_applicable(f"{name} belongs to {facts.owning_service}, which rotates it by itself")
    unread = not facts.value_age_known or case.doubt(one, "facts.value_created_at")
    if unread:
        return subject.verdict(untested(_undated(name, facts)), _automatic(case, one, facts))
    if facts.value_created_at is None:
        return subject.not_applicable(f"{name} holds no value")
    running = _value_age(facts.value_created_at)
    old, compared = running.lasted(case), running.compared(case, one)
    aged = held(compared, f"the value of {name} is {in_days(old, compared.limit)} old", value=in_days(old))
    return subject.verdict(aged, _automatic(case, one, facts), remarks=_remarks(case, one, facts, old))


def _value_age(made: datetime) -> Span:
    return Span(control="IDC-17", name="max_age_days", since=made)


def secret_endings(case: Case, one: Identity) -> Iterator[Ending]:
    """Until when a secret IDC-17 has nothing against stays so: its value's age, and the entry for rotation by hand.

    A value that its own rotation, not late so far, replaces a day before the limit or sooner does not grow too old.
    """
    facts = one.facts
    if not isinstance(facts, Secret) or facts.value_created_at is None:
        return
    too_old, rotates = _value_age(facts.value_created_at).ending(case, one), _rotates_at(case, one, facts)
    if rotates is None or not case.taken_at <= rotates + _DAY <= too_old.at:
        yield too_old
    asked = case.tiers(one.id)[-1].rank >= Tier.HIGH.rank
    if asked and not facts.rotation_enabled and not facts.owning_service:
        register = case.governance.registers.manual_rotation
        naming = [entry for entry in register if matching.names(entry, one)]
        if ending := lapse(naming, case.taken_at, "manual rotation"):
            yield ending


def _planned(name: str, at: datetime) -> str:
    return f"{name} is planned for deletion (AWS dates it {on(at)})"


def _undated(name: str, facts: Secret) -> str:
    """Why the age of a value is not known."""
    if facts.replica_of:
        return f"{name} is a replica, and its primary in {facts.replica_of} was not read"
    return f"when the current value of {name} was made was not read"


def _automatic(case: Case, one: Identity, facts: Secret) -> Said:
    """Automatic rotation, where the tier asks for it and no service owns the secret."""
    name = named(one)
    if facts.rotation_enabled:
        return passes("its rotation is automatic")
    if facts.owning_service:
        return passes(
            f"it belongs to {plain(facts.owning_service)}, which does not rotate it, and is judged by its age"
        )
    risk = case.risks.get(one.id)
    lowest, highest = (risk.tier_from, risk.tier) if risk else (Tier.LOW, Tier.CRITICAL)
    register = case.governance.registers.manual_rotation
    entry = matching.first(register, one, case.taken_at)
    if entry is not None:
        until = f" until {entry.expires_on}" if entry.expires_on else ""
        return passes(f"it is registered as rotated by hand{until}")
    if highest.rank < Tier.HIGH.rank:
        return passes("its rotation is switched off, which its tier allows")
    if lowest.rank < Tier.HIGH.rank:
        return untested(f"the rotation of {name} is switched off, and whether its tier allows that is not certain")
    lapsed = matching.lapsed(register, one, case.taken_at)
    entered = "its entry for rotation by hand does not hold" if lapsed else "it is not registered as rotated by hand"
    return fails(f"the rotation of {name} is switched off at tier {highest}, and {entered}", value="rotation off")


def _remarks(case: Case, one: Identity, facts: Secret, old: timedelta) -> Iterator[str]:
    """What its owner should know although it decides nothing: a rotation that is late, a limit that comes near."""
    due = _rotates_at(case, one, facts)
    if due and case.taken_at - due > _DAY:
        yield f"its rotation every {facts.rotate_after_days} days looks overdue since {on(due)}"
    tier = case.tier(one.id)
    if tier is None:
        return
    left = timedelta(days=case.limits.value("IDC-17", "max_age_days", tier)) - old
    warn = timedelta(days=case.limits.value("IDC-17", "warn_before_days", tier))
    if timedelta(0) <= left <= warn:
        yield f"it must be renewed within {in_days(left)}"


def _rotates_at(case: Case, one: Identity, facts: Secret) -> datetime | None:
    """When its automatic rotation is due next; None where it has none that counts in days."""
    last = facts.last_rotated_at or created(case, one)
    if not facts.rotation_enabled or not facts.rotate_after_days or last is None:
        return None
    return last + timedelta(days=facts.rotate_after_days)


def idc_18(case: Case, control: Control) -> Iterator[Verdict]:
    """No secret lies unused, and no credential in text where none belongs.

    A secret counts from its latest read over all of its regions, from its creation if it was never read; AWS tells the
    day of a read only, so the day's end counts. What a service rotates itself is its own to remove. Credential-shaped
    text fails the identity it stands at, whatever its kind; what belongs to none fails the account. Identities of other
    kinds have a row only where something was seen.
    """
    sightings, regions = _Sightings(case), unasked(case)
    for one in case.of_kinds(control.kinds):
        secret = isinstance(one.facts, Secret)
        subject = Subject(case, control, one, kind=SubjectType.SECRET if secret else SubjectType.IDENTITY)
        seen = sightings.of(one)
        if isinstance(one.facts, Secret) and one.facts.deleted_at is not None and not seen:
            yield subject.not_applicable(_planned(named(one), one.facts.deleted_at))
            continue
        parts = [_unused(case, one, one.facts, regions)] if isinstance(one.facts, Secret) else []
        yield subject.verdict(*parts, _plaintext(case, one, seen))
    for one in case.snapshot.identities:
        if one.kind not in control.kinds and (seen := sightings.of(one)):
            yield Subject(case, control, one, kind=SubjectType.IDENTITY).verdict(_plaintext(case, one, seen))
    yield _elsewhere(case, control, sightings.rest(), regions)


def _unused(case: Case, one: Identity, facts: Secret, regions: str | None) -> Said:
    name = named(one)
    if facts.deleted_at is not None:
        return passes(_planned(name, facts.deleted_at))
    if facts.owning_service in MANAGED_ROTATION:
        return passes(f"{name} belongs to {facts.owning_service}, which removes it when it is no longer needed")
    usage, since = usage_of(case, one), created(case, one)
    if not usage.tracked:
        return untested(f"when {name} was last read was not told")
    if usage.last_used_at is None and since is None:
        return untested(f"{name} was never read, and when it was created is not known")
    idle = _since_read(case, usage.last_used_at) if usage.last_used_at else age(since or case.taken_at, case.taken_at)
    compared = case.compare("IDC-18", "unused_secret_days", one.id, over=older(idle))
    span = in_days(idle, compared.limit)
    words = (
        f"{name} was last read {span} ago"
        if usage.last_used_at
        else f"{name} was never read since it was created {span} ago"
    )
    elsewhere = facts.replica_of is not None or case.doubt(one, "facts.replicas") is not None
    if compared.status is ResultStatus.FAIL and (elsewhere or regions):
        why = f" ({regions})" if regions else ""
        return untested(f"{words}; whether it is read in a region that was not seen is not known{why}")
    return held(compared, words, value=in_days(idle))


def _since_read(case: Case, read: datetime) -> timedelta:
    """The time since the last read, which is at least since the end of the day where AWS told the day alone."""
    is_day = not any(getattr(read, part) for part in _MIDNIGHT_PARTS)
    return age(read + _DAY if is_day else read, case.taken_at)


def _plaintext(case: Case, one: Identity, seen: list[Sighting]) -> Said:
    if seen:
        what = f"{counted(len(seen), 'credential')} in plain sight at {named(one)} ({_shown(seen)})"
        compared = case.compare("IDC-18", "plaintext_findings_allowed", one.id, over=Over(len(seen)))
        return held(compared, f"{what}: revoke, then rotate", value=str(len(seen)))
    unread = next((field for field in ("tags", "facts.description") if case.doubt(one, field)), None)
    if unread:
        return untested(f"whether a credential stands in its {unread.removeprefix('facts.')} is not known")
    return passes("no credential was seen in its tags, description and policies")


def _shown(seen: list[Sighting]) -> str:
    return listed(f"{one.detector} in {one.api} {one.where}".strip() for one in seen)


def _elsewhere(case: Case, control: Control, rest: list[Sighting], regions: str | None) -> Verdict:
    """The account's own row: text that belongs to no identity."""
    subject = Subject(case, control, None, kind=SubjectType.ACCOUNT)
    if rest:
        allowed = case.compare("IDC-18", "plaintext_findings_allowed", "", over=Over(len(rest)))
        words = f"{counted(len(rest), 'credential')} in plain sight ({_shown(rest)}): revoke, then rotate"
        return subject.verdict(held(allowed, words, value=str(len(rest))))
    unread = sorted(
        (one.collector, one.region)
        for one in case.snapshot.cells
        if one.collector in TEXTS and one.status is not CellStatus.OK
    )
    absent = case.gap(Collector.PRINCIPALS)
    gaps = [case.gap(*one) or "" for one in unread] or ([absent] if absent else [])
    gaps += [regions] if regions else []
    if gaps:
        return subject.verdict(
            *(untested(f"whether a credential stands in text is not known: {gap}", gap) for gap in gaps)
        )
    return subject.verdict(
        passes("no credential was seen in text of the account that belongs to no identity of its own")
    )


def _places(one: Identity) -> Iterator[str]:
    """Its ARN, and those of its replicas."""
    yield one.arn
    if isinstance(one.facts, Secret):
        yield from (in_region(one.arn, region) for region in one.facts.replicas)


class _Sightings:
    """Sightings by the identity they stand at: the place begins with its ARN, or with a user's name."""

    def __init__(self, case: Case) -> None:
        self._left: dict[str, list[Sighting]] = defaultdict(list)
        identities = case.snapshot.identities if case.snapshot.sightings else ()
        arns = {place: one.arn for one in identities for place in _places(one)}
        names = {one.name: one.arn for one in identities if isinstance(one.facts, User)}
        cut = {place[:_LONGEST_PLACE]: arn for place, arn in arns.items() if len(place) >= _LONGEST_PLACE}
        for seen in case.snapshot.sightings:
            first = seen.where.partition(" ")[0]
            arn = arns.get(first) or (names.get(first) if seen.api.startswith("iam:") else None)
            self._left[arn or cut.get(seen.where, "")].append(seen)

    def of(self, one: Identity) -> list[Sighting]:
        """Those at `one`; a second call finds none, so that each is told once. A credential's ARN is its user's."""
        return [] if isinstance(one.facts, AccessKey | ServiceSpecificCredential) else self._left.pop(one.arn, [])

    def rest(self) -> list[Sighting]:
        """Those nobody asked for."""
        return [seen for arn in sorted(self._left) for seen in self._left[arn]]


CHECKS: dict[str, Check] = {"IDC-17": idc_17, "IDC-18": idc_18}
