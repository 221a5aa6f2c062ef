"""Whether the root of the account is locked down and left alone (IDC-10)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import matching
from prooftrail.inventory.wording import plain
from prooftrail.model.canonical import utc
from prooftrail.model.iam import Root
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import SubjectType

from .ages import age, in_days, on
from .saying import Check, Said, Subject, fails, held, passes, stated, untested, usage_of

_CENTRAL = "RootCredentialsManagement"


def idc_10(case: Case, control: Control) -> Iterator[Verdict]:
    """The root has no key and no certificate, has MFA or nothing to sign in with, and was not used of late.

    Either passes: no credential at all, or MFA without keys (ruling 11). A use younger than the limit fails unless a
    break-glass entry that names the root has an occasion of that day (UTC). Exactly the limit ago passes.
    Source: iam:GetAccountSummary, the root's row of the credential report.
    """
    for one in case.of_kinds(control.kinds):
        if isinstance(one.facts, Root):
            subject, facts = Subject(case, control, one, kind=SubjectType.ROOT), _as_read(case, one, one.facts)
            yield subject.verdict(_stored(facts), _signs_in(facts), _use(case, one, facts), remarks=_told(case))


def _as_read(case: Case, one: Identity, root: Root) -> Root:
    """The facts without those that are no statement."""
    names = ("password_enabled", "mfa_active", "access_keys_present", "certificates_present")
    told = {name: stated(case, one, f"facts.{name}", getattr(root, name)) for name in names}
    return msgspec.structs.replace(root, **told)


def _stored(root: Root) -> Said:
    """Keys and certificates: one that is seen fails, whatever of the rest was not read."""
    parts = {"access keys": root.access_keys_present, "signing certificates": root.certificates_present}
    there = [name for name, present in parts.items() if present]
    if there:
        return fails(f"the root has {' and '.join(there)}: delete them", value=" and ".join(there))
    unread = [name for name, present in parts.items() if present is None]
    if unread:
        return untested(f"whether the root has {' or '.join(unread)} was not read")
    return passes("the root has no access keys and no signing certificates")


def _signs_in(root: Root) -> Said:
    if root.password_enabled is False:
        return passes("it has no password")
    if root.mfa_active:
        return passes("it has MFA")
    if root.password_enabled and root.mfa_active is False:
        return fails("the root signs in with a password and without MFA", value="no MFA")
    if root.mfa_active is None:
        return untested("whether the root has MFA was not read")
    return untested("the root has no MFA, and whether it has a password was not read")


def _use(case: Case, one: Identity, root: Root) -> Said:
    """The last use; that nobody could ever use it is told by the report where it lists a root without credentials."""
    usage = usage_of(case, one)
    used = usage.last_used_at
    if used is None and usage.tracked:
        return passes("no use of it is on record")
    if used is None:
        reported = usage.source is not None and root.password_enabled is False and root.access_keys_present is False
        return passes("AWS keeps no use of it") if reported else untested("when the root was last used was not read")
    occasion = _occasion(case, one, used)
    since = age(used, case.taken_at)
    if occasion is not None:
        return passes(f"it was last used on {on(used)}, which is registered ({plain(occasion)})", value=in_days(since))
    compared = case.compare(
        "IDC-10", "root_last_used_min_age_days", one.id, over=lambda limit: since < timedelta(days=limit)
    )
    words = f"the root was last used on {on(used)}, {in_days(since)} ago, and no occasion of that day is registered"
    return held(compared, words, value=in_days(since), says="at least {} must have passed since")


def _occasion(case: Case, one: Identity, used: datetime) -> str | None:
    """The record of the day of the last use, where a break-glass entry for the root names one."""
    day = utc(used).date()
    entries = (entry for entry in case.governance.registers.break_glass if matching.names(entry, one))
    return next((drill.reference for entry in entries for drill in entry.drills if drill.on == day), None)


def _told(case: Case) -> tuple[str, ...]:
    features = case.snapshot.account.organization_features
    return ("the organization manages root credentials centrally",) if _CENTRAL in (features or ()) else ()


CHECKS: dict[str, Check] = {"IDC-10": idc_10}
