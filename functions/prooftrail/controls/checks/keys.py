"""Long-lived credentials: how old active access keys are (IDC-15), and why there are any at all (IDC-16)."""

from collections.abc import Iterator
from datetime import datetime

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import matching
from prooftrail.governance.registers import Legacy
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import AccessKey, CertificateSlot, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import SubjectType, Tier
from prooftrail.model.reading import Collector

from .ages import age, in_days, older, on
from .endings import Ending, Span, lapse
from .holdings import active_keys_beside, active_slots, of_user
from .saying import PASS, Check, Said, Subject, created, fails, held, named, passes, stated, untested
from .unlisted import listing_gap, unlisted


def idc_15(case: Case, control: Control) -> Iterator[Verdict]:
    """Each active key is younger than its limit, and two of one user overlap no longer than allowed.

    Beyond the overlap the older of the two fails (ruling 4): it began when the newer was created. An inactive key is
    NOT_APPLICABLE. Whether another key is active may be told by the credential report where the keys were not listed.
    """
    yield from unlisted(case, control, Collector.ACCESS_KEYS)
    for one in case.of_kinds(control.kinds):
        if not isinstance(one.facts, AccessKey):
            continue
        subject = Subject(case, control, one, kind=SubjectType.CREDENTIAL)
        if one.facts.status != "Active":
            yield subject.not_applicable(f"key {one.id}{of_user(case, one)} is {one.facts.status.lower()}")
        else:
            yield subject.verdict(_age(case, one), *_overlap(case, one))


def _age(case: Case, one: Identity) -> Said:
    key, running = f"active key {one.id}{of_user(case, one)}", key_age(case, one)
    if running is None:
        return untested(f"when {key} was created was not read")
    old, compared = running.lasted(case), running.compared(case, one)
    return held(compared, f"{key} is {in_days(old, compared.limit)} old", value=in_days(old))


def key_age(case: Case, one: Identity) -> Span | None:
    """The age of a key, None where it was not read."""
    born = created(case, one)
    return Span(control="IDC-15", name="max_age_days", since=born) if born else None


def overlaps(case: Case, one: Identity) -> Iterator[Span]:
    """How long a key has been active beside each newer one of its user, as far as both ages were read."""
    for other in active_keys_beside(case, one):
        mine, theirs = created(case, one), created(case, other)
        if mine and theirs and (mine, one.id) < (theirs, other.id):
            yield _beside(theirs)


def _beside(newer: datetime) -> Span:
    return Span(control="IDC-15", name="two_active_keys_overlap_days", since=newer)


def _overlap(case: Case, one: Identity) -> Iterator[Said]:
    """What a second active key of the same user means for this one; nothing where there is none."""
    others = active_keys_beside(case, one)
    user, unread = case.parent(one), listing_gap(case, Collector.ACCESS_KEYS)
    if not others and unread and (user is None or active_slots(case, user) != 1):
        yield untested(f"whether its user holds another active key is not known: {unread}", unread)
    for other in others:
        yield from _with(case, one, other)


def _with(case: Case, one: Identity, other: Identity) -> Iterator[Said]:
    mine, theirs = created(case, one), created(case, other)
    if mine is None or theirs is None:
        yield untested(f"which of the active keys {one.id} and {other.id} is older is not known")
    elif (mine, one.id) < (theirs, other.id):
        yield _older_than_other(case, one, other, theirs)


def _older_than_other(case: Case, one: Identity, other: Identity, since: datetime) -> Said:
    running = _beside(since)
    both, compared = running.lasted(case), running.compared(case, one)
    words = (
        f"key {one.id} is still active {in_days(both, compared.limit)} after {other.id} of the same user was created"
    )
    return held(compared, words, value=in_days(both))


def idc_16(case: Case, control: Control) -> Iterator[Verdict]:
    """Each active long-lived credential is in the legacy register, which says why nothing short-lived can serve.

    The entry names the credential or its user (ruling 8). A credential for one service that expires within the limit is
    not long-lived; at critical and high tier the register does not stand in for its expiry. Signing certificates are
    judged by the report's slots; SSH keys are not collected.
    """
    holders = (Collector.PRINCIPALS, Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS)
    yield from unlisted(case, control, *holders)
    for one in case.of_kinds(control.kinds):
        subject = Subject(case, control, one, kind=SubjectType.CREDENTIAL)
        if isinstance(one.facts, AccessKey):
            yield _key(case, one, one.facts, subject)
        elif isinstance(one.facts, ServiceSpecificCredential):
            yield _service_specific(case, one, one.facts, subject)
        elif isinstance(one.facts, User):
            yield from _certificates(case, control, one, one.facts)


def _key(case: Case, one: Identity, facts: AccessKey, subject: Subject) -> Verdict:
    name = f"key {one.id}{of_user(case, one)}"
    if facts.status != "Active":
        return subject.not_applicable(f"{name} is {facts.status.lower()}")
    return subject.verdict(_justified(case, one, f"active {name}"))


def _entry(case: Case, one: Identity) -> Legacy | None:
    register, user = case.governance.registers.legacy, case.parent(one)
    entry = matching.first(register, one, case.taken_at)
    return entry or (matching.first(register, user, case.taken_at) if user else None)


def _justified(case: Case, one: Identity, what: str, *, fault: str = "is long-lived") -> Said:
    entry = _entry(case, one)
    if entry is not None:
        until = f" until {entry.expires_on}" if entry.expires_on else ""
        return passes(f"{what} is in the legacy register{until}: {plain(entry.reason)}", value="registered")
    register, user = case.governance.registers.legacy, case.parent(one)
    lapsed = matching.lapsed(register, one, case.taken_at) or (
        matching.lapsed(register, user, case.taken_at) if user else None
    )
    if _userless(case, one):
        return untested(f"whether the legacy register names the user of {what} is not known: that user was not listed")
    if lapsed is None:
        return fails(f"{what} {fault}, and the legacy register does not say why", value="not registered")
    when = f"from {lapsed.approved_on}" + (f" until {lapsed.expires_on}" if lapsed.expires_on else "")
    return fails(f"{what} {fault}, and its entry in the legacy register holds only {when}", value="lapsed")


def _userless(case: Case, one: Identity) -> bool:
    """True for a credential whose user was not listed, where an entry of the register might name that user."""
    credential = isinstance(one.facts, AccessKey | ServiceSpecificCredential)
    return credential and case.parent(one) is None and bool(case.governance.registers.legacy)


def _service_specific(case: Case, one: Identity, facts: ServiceSpecificCredential, subject: Subject) -> Verdict:
    name = f"credential {one.id}{of_user(case, one)} for {plain(facts.service)}"
    if facts.status != "Active":
        return subject.not_applicable(f"{name} is {facts.status.lower()}")
    if case.doubt(one, "facts.expires_at"):
        return subject.verdict(untested(f"whether {name} expires was not read"))
    if facts.expires_at is not None and facts.expires_at <= case.taken_at:
        return subject.not_applicable(f"{name} expired on {on(facts.expires_at)}")
    expiry = _expiry(case, one, name, facts.expires_at)
    if expiry.status is PASS:
        return subject.verdict(expiry)
    return subject.verdict(_instead(case, one, name, expiry))


def _expiry(case: Case, one: Identity, name: str, expires_at: datetime | None) -> Said:
    """The whole life it was given, from creation to expiry; what is left of it where its creation was not read."""
    if expires_at is None:
        return fails(f"{name} never expires", value="never")
    born = created(case, one)
    life = age(born or case.taken_at, expires_at)
    compared = case.compare("IDC-16", "service_specific_max_lifetime_days", one.id, over=older(life))
    if born is None and compared.status is PASS:
        return untested(f"{name} expires on {on(expires_at)}, and when it was created was not read")
    words = f"{name} lives {in_days(life, compared.limit)}, until {on(expires_at)}"
    return held(compared, words, value=in_days(life))


def _instead(case: Case, one: Identity, name: str, expiry: Said) -> Said:
    """What the legacy register makes of a credential without an expiry within the limit."""
    if _entry(case, one) is None:
        asked = expiry.value == "never" or _userless(case, one)
        return _justified(case, one, name, fault="never expires") if asked else expiry
    risk = case.risks.get(one.id)
    lowest, highest = (risk.tier_from, risk.tier) if risk else (Tier.LOW, Tier.CRITICAL)
    if highest.rank < Tier.HIGH.rank:
        return _justified(case, one, name)
    if lowest.rank >= Tier.HIGH.rank:
        return expiry
    return untested(f"{name} is in the legacy register, which is not enough at the tier it may have ({highest})")


def long_lived_endings(case: Case, one: Identity) -> Iterator[Ending]:
    """What ends of a credential IDC-16 has nothing against: itself, where it expires, or what justifies it.

    A credential that expires within its limit needs no entry of the register, and none of its entries counts.
    """
    facts = one.facts
    if isinstance(facts, ServiceSpecificCredential) and facts.expires_at:
        expiry = _expiry(case, one, one.id, facts.expires_at)
        yield Ending(at=facts.expires_at, by=expiry.limit if expiry.status is PASS else None)
        if expiry.status is PASS:
            return
    user = case.parent(one)
    named_by = [each for each in (one, user) if each]
    register = case.governance.registers.legacy
    naming = [entry for entry in register if any(matching.names(entry, each) for each in named_by)]
    if ending := lapse(naming, case.taken_at, "legacy"):
        yield ending


def _certificates(case: Case, control: Control, one: Identity, facts: User) -> Iterator[Verdict]:
    """The signing certificates of a user, by their slots; one row where it has none, or where the report says nothing."""
    slots = stated(case, one, "facts.certificates", facts.certificates)
    name = named(one)
    if slots is None:
        subject = _certificate(case, control, one, None)
        yield subject.verdict(untested(f"whether {name} holds a signing certificate is not known"))
    elif not slots:
        yield _certificate(case, control, one, None).not_applicable(f"{name} holds no signing certificate")
    for slot in slots or ():
        subject, what = _certificate(case, control, one, slot), f"signing certificate {slot.slot} of {name}"
        if slot.active:
            yield subject.verdict(_justified(case, one, f"active {what}"))
        else:
            yield subject.not_applicable(f"{what} is inactive")


def _certificate(case: Case, control: Control, one: Identity, slot: CertificateSlot | None) -> Subject:
    name = f"{one.id}#certificate-{slot.slot}" if slot else f"{one.id}#certificates"
    return Subject(case, control, one, kind=SubjectType.CREDENTIAL, subject=name)


CHECKS: dict[str, Check] = {"IDC-15": idc_15, "IDC-16": idc_16}
