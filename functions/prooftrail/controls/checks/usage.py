"""Which credentials and roles nobody uses any more: passwords, keys (IDC-07) and roles (IDC-08).

AWS keeps the last use only. A credential that was never used counts from its creation.
"""

from collections.abc import Iterator
from datetime import timedelta

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import AccessKey, Role, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import SubjectType
from prooftrail.model.reading import Collector

from .ages import in_days, on
from .emergencies import Emergencies
from .endings import Span
from .holdings import has_password, of_user, password_unread
from .saying import Check, Said, Subject, created, held, named, stated, untested, usage_of
from .unlisted import unlisted

TRACKED_DAYS = 400
"""How far back AWS tells when a role was last used (IAM User Guide, "Refine permissions using last accessed information")."""


def idc_07(case: Case, control: Control) -> Iterator[Verdict]:
    """Passwords and active keys are used; inactive keys are deleted in time.

    A password never used counts from its last change, a key from its creation; an inactive key from the first run that
    saw it so. Registered emergency users are NOT_APPLICABLE. AWS tells no use of service-specific credentials.
    """
    credentials = (Collector.PRINCIPALS, Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS)
    yield from unlisted(case, control, *credentials)
    register = Emergencies(case)
    for one in case.of_kinds(control.kinds):
        match one.facts:
            case User():
                yield _password(case, control, one, register)
            case AccessKey():
                yield _key(case, control, one, one.facts, register)
            case ServiceSpecificCredential():
                yield _service_specific(case, control, one, one.facts)


def _password(case: Case, control: Control, one: Identity, register: Emergencies) -> Verdict:
    subject = Subject(case, control, one, kind=SubjectType.CREDENTIAL, subject=f"{one.id}#password")
    name = named(one)
    spared = register.spares(one)
    if spared:
        return subject.not_applicable(spared)
    password = has_password(case, one)
    if password is None:
        return subject.verdict(password_unread(one))
    if not password:
        return subject.not_applicable(f"{name} has no password")
    return subject.verdict(_used(case, one, what=f"the password of {name}", begun="set"))


def _key(case: Case, control: Control, one: Identity, facts: AccessKey, register: Emergencies) -> Verdict:
    subject = Subject(case, control, one, kind=SubjectType.CREDENTIAL)
    spared = register.spares(case.parent(one))
    if spared:
        return subject.not_applicable(spared)
    if case.parent(one) is None and case.governance.registers.break_glass:
        return subject.verdict(
            untested(f"whether key {one.id} is an emergency user's is not known: its user was not listed")
        )
    if facts.status != "Active":
        return subject.verdict(_inactive(case, one, facts))
    what = f"active key {one.id}{of_user(case, one)}"
    return subject.verdict(_used(case, one, what=what, begun="created"))


def _used(case: Case, one: Identity, *, what: str, begun: str) -> Said:
    """The time since the last use, or since it was made where it was never used, held against the limit."""
    usage, running = usage_of(case, one), idle_credential(case, one)
    if not usage.tracked:
        return untested(f"when {what} was last used was not read")
    if running is None:
        return untested(f"{what} was never used, and when it was {begun} was not read")
    idle, compared = running.lasted(case), running.compared(case, one)
    span = in_days(idle, compared.limit)
    words = f"was last used {span} ago" if usage.last_used_at else f"was never used since it was {begun} {span} ago"
    return held(compared, f"{what} {words}", value=in_days(idle))


def idle_credential(case: Case, one: Identity) -> Span | None:
    """What IDC-07 counts for a password or key: an inactive key's time as such, else the time without use.

    None where that was not read, and for credentials of whose use AWS tells nothing.
    """
    match one.facts:
        case AccessKey(inactive_since=since) as facts if facts.status != "Active":
            left = stated(case, one, "facts.inactive_since", since)
            return Span(control="IDC-07", name="delete_after_disabled_days", since=left) if left else None
        case AccessKey():
            made = created(case, one)
        case User(password_changed_at=changed):
            made = stated(case, one, "facts.password_changed_at", changed)
        case _:
            return None
    usage = usage_of(case, one)
    begun = usage.last_used_at or made
    return Span(control="IDC-07", name="disable_after_days", since=begun) if usage.tracked and begun else None


def _inactive(case: Case, one: Identity, facts: AccessKey) -> Said:
    """How long an inactive key has been left lying (ruling 5)."""
    status = facts.status.lower()
    lying = idle_credential(case, one)
    if lying is None:
        return untested(f"since when key {one.id}{of_user(case, one)} is {status} is not known")
    idle, compared = lying.lasted(case), lying.compared(case, one)
    key, ago = f"key {one.id}{of_user(case, one)}", in_days(idle, compared.limit)
    words = f"{key} is {status} since at least {on(lying.since)}, {ago} ago, and is to be deleted"
    return held(compared, words, value=in_days(idle))


def _service_specific(case: Case, control: Control, one: Identity, facts: ServiceSpecificCredential) -> Verdict:
    subject = Subject(case, control, one, kind=SubjectType.CREDENTIAL)
    if facts.status != "Active":
        return subject.not_applicable(f"credential {one.id} is {facts.status.lower()}, and AWS tells no more of it")
    return subject.verdict(untested(f"AWS tells no last use of credentials for {plain(facts.service)}"))


def idc_08(case: Case, control: Control) -> Iterator[Verdict]:
    """Roles are used.

    A role without a recorded use was not used in the 400 days AWS tracks; if it is younger than that, never. Registered
    emergency roles are NOT_APPLICABLE.
    """
    yield from unlisted(case, control, Collector.PRINCIPALS)
    register = Emergencies(case)
    for one in case.of_kinds(control.kinds):
        if not isinstance(one.facts, Role):
            continue
        subject = Subject(case, control, one, kind=SubjectType.PRINCIPAL)
        spared = register.spares(one)
        if spared:
            yield subject.not_applicable(spared)
        else:
            yield subject.verdict(_role(case, one), remarks=_of_identity_center(one))


def _role(case: Case, one: Identity) -> Said:
    name = named(one)
    usage, running = usage_of(case, one), idle_role(case, one)
    if not usage.tracked:
        return untested(f"when {name} was last used was not read")
    if running is None:
        return untested(
            f"{name} was not used in the {TRACKED_DAYS} days AWS tracks, and when it was created was not read"
        )
    if usage.last_used_at is None:
        return _never(case, one, name, running)
    idle, compared = running.lasted(case), running.compared(case, one)
    return held(compared, f"{name} was last used {in_days(idle, compared.limit)} ago", value=in_days(idle))


def idle_role(case: Case, one: Identity) -> Span | None:
    """What IDC-08 counts: the time since the last use, since its creation where none is on record; None if not read."""
    usage = usage_of(case, one)
    since = usage.last_used_at or created(case, one)
    return Span(control="IDC-08", name="unused_role_days", since=since) if usage.tracked and since else None


def _never(case: Case, one: Identity, name: str, running: Span) -> Said:
    """No use on record: past the tracked days nobody knows whether it was used before them."""
    idle, tracked = running.lasted(case), timedelta(days=TRACKED_DAYS)
    least = case.compare("IDC-08", "unused_role_days", one.id, over=lambda limit: limit <= TRACKED_DAYS)
    most = running.compared(case, one)
    span = in_days(idle, most.limit)
    if idle <= tracked:
        return held(most, f"{name} was never used since it was created {span} ago", value=in_days(idle))
    words = f"{name} was not used in the {TRACKED_DAYS} days AWS tracks, and was created {span} ago"
    if least.status is most.status:
        return held(least, words, value=f"at least {TRACKED_DAYS} days")
    return untested(f"{words}; whether it was used within {most.limit.value} cannot be told")


def _of_identity_center(one: Identity) -> tuple[str, ...]:
    """What a person can do about a role that AWS owns."""
    if one.kind is not Kind.ROLE_SSO:
        return ()
    return ("it belongs to Identity Center, and goes when its permission set is no longer assigned to the account",)


CHECKS: dict[str, Check] = {"IDC-07": idc_07, "IDC-08": idc_08}
