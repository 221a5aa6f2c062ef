"""How people come in: MFA (IDC-11), the password policy (IDC-12), federation (IDC-13), and the line to software (IDC-14)."""

from collections.abc import Iterator

from prooftrail.controls.case import Case, Compared
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.inventory.wording import counted, listed
from prooftrail.model.iam import MfaKind, PasswordPolicy, Role, User
from prooftrail.model.identity import Basis, Identity, IdentityClass
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.model.reading import Collector
from prooftrail.risk.entry import Comer, Entry

from .allowances import Tally, counted_together, tally
from .callers import SOFTWARE, Callers
from .emergencies import Emergencies
from .holdings import has_active_key, has_password, password_unread
from .saying import FAIL, PASS, Check, Said, Subject, fails, held, named, passes, stated, untested
from .unlisted import listing_gap, unlisted

_SHORTEST_AWS_ALLOWS = 6


def _users(case: Case, control: Control) -> Iterator[tuple[Identity, User, Subject]]:
    for one in case.of_kinds(control.kinds):
        if isinstance(one.facts, User):
            yield one, one.facts, Subject(case, control, one, kind=SubjectType.PRINCIPAL)


def idc_11(case: Case, control: Control) -> Iterator[Verdict]:
    """Users with a password have MFA, and a FIDO security key where their tier asks for one.

    The credential report decides whether there is MFA; where it says no and a device is listed, the two disagree.
    """
    yield from unlisted(case, control, Collector.PRINCIPALS)
    for one, facts, subject in _users(case, control):
        password = has_password(case, one)
        if password is None:
            yield subject.verdict(password_unread(one))
        elif not password:
            yield subject.not_applicable(f"{named(one)} has no password")
        else:
            yield subject.verdict(_mfa(case, one, facts), _resistant(case, one, facts))


def _mfa(case: Case, one: Identity, facts: User) -> Said:
    name = named(one)
    active = stated(case, one, "facts.mfa_active", facts.mfa_active)
    if active is None:
        return untested(f"whether {name} has MFA was not read")
    if not active and facts.mfa_devices:
        return untested(f"the credential report says that {name} has no MFA, and a device of it is listed")
    has = f"{name} signs in with a password and {'with' if active else 'without'} MFA"
    compared = case.compare("IDC-11", "mfa_required", one.id, over=lambda required: bool(required) and not active)
    words = has if compared.status is PASS else f"{has}, which its tier requires"
    return held(compared, words, value="MFA" if active else "no MFA")


def _resistant(case: Case, one: Identity, facts: User) -> Said:
    """A security key that is seen is enough; none seen counts only where the devices were read."""
    devices = facts.mfa_devices or ()
    name, kinds = named(one), sorted({device.kind for device in devices})
    keyed = MfaKind.FIDO in kinds
    unread = not keyed and (facts.mfa_devices is None or case.doubt(one, "facts.mfa_devices"))
    compared = case.compare(
        "IDC-11", "phishing_resistant_required", one.id, over=lambda required: bool(required) and not keyed
    )
    if keyed:
        return passes("a FIDO security key is among its devices", value="fido")
    if compared.status is PASS:
        return passes("its tier asks for no security key")
    if unread:
        return untested(f"whether a device of {name} is a FIDO security key was not read")
    seen = f"its devices are {listed(kinds)}" if kinds else "no device of it is listed"
    return held(
        compared, f"{name} has no FIDO security key, which its tier requires: {seen}", value=listed(kinds) or None
    )


def idc_12(case: Case, control: Control) -> Iterator[Verdict]:
    """Where a user has a password, the account's policy asks for its length and remembers enough of them.

    It is held against the limits of every user who has, or may have, a password. Without a policy AWS's default
    applies, which fails. The root's password is under no policy.
    """
    subject = Subject(case, control, None, kind=SubjectType.ACCOUNT)
    signing = {one.id: has_password(case, one) for one in case.snapshot.identities if isinstance(one.facts, User)}
    with_password = sorted(name for name, has in signing.items() if has)
    unread = listing_gap(case, Collector.PRINCIPALS) or case.gap(Collector.CREDENTIAL_REPORT)
    unsaid = any(has is None for has in signing.values())
    if not with_password and (unread or unsaid):
        why = unread or "the credential report says nothing of some users"
        yield subject.verdict(untested(f"whether any user of the account has a password is not known: {why}", why))
    elif not with_password:
        yield subject.not_applicable("no user of the account has a password")
    else:
        maybe = sorted(name for name, has in signing.items() if has is None) + ([""] if unread else [])
        yield subject.verdict(*_policy(case, with_password, maybe))


def _policy(case: Case, certain: list[str], maybe: list[str]) -> Iterator[Said]:
    policy = case.snapshot.account.password_policy
    users = counted(len(certain), "user")
    if policy is None:
        why = case.gap(Collector.PASSWORD_POLICY) or "password_policy was not read"
        yield untested(f"{users} may sign in with a password, and the password policy is not known: {why}", why)
    elif not policy.set:
        yield fails(
            f"the account has no password policy, so AWS's default applies to {users} with a password", value="none"
        )
    else:
        yield from _strength(case, policy, certain, maybe)


def _strength(case: Case, policy: PasswordPolicy, certain: list[str], maybe: list[str]) -> Iterator[Said]:
    length = _SHORTEST_AWS_ALLOWS if policy.minimum_length is None else policy.minimum_length
    remembered = policy.reuse_prevention or 0
    for name, measured, words in (
        ("min_length", length, f"the password policy asks for {counted(length, 'character')}"),
        ("reuse_prevention", remembered, f"the password policy remembers {counted(remembered, 'password')}"),
    ):
        yield held(
            _strictest(case, name, measured, certain, maybe),
            words,
            value=str(measured),
            says="at least {} are required",
        )


def _strictest(case: Case, name: str, measured: int, certain: list[str], maybe: list[str]) -> Compared:
    """FAIL if it is too weak for one who has a password; PASS only if it is enough for all who may have one."""

    def compared(user: str) -> Compared:
        return case.compare("IDC-12", name, user, over=lambda least: measured < least)

    every = [compared(user) for user in (*certain, *maybe)]
    broken = next((one for one in every[: len(certain)] if one.status is FAIL), None)
    unsure = next((one for one in every if one.status is not PASS), None)
    if broken or unsure is None:
        return broken or every[0]
    why = unsure.why or "it is too weak for a user of whom it is not known whether there is a password"
    return Compared(status=ResultStatus.NOT_TESTED, limit=unsure.limit, why=why)


def idc_13(case: Case, control: Control) -> Iterator[Verdict]:
    """No IAM user is a person's: none has a password, and none is declared human.

    Users declared non-human are judged by IDC-14 (ruling 7); registered emergency users are NOT_APPLICABLE. How many
    the limit allows is held against all of the account, so either all of them pass or none.
    """
    yield from unlisted(case, control, Collector.PRINCIPALS)
    register = Emergencies(case)
    users = list(_users(case, control))
    people = {one.id: _is_person(case, one) for one, _, _ in users if not register.spares(one)}
    number = tally(people.values(), unlisted=listing_gap(case, Collector.PRINCIPALS) is not None)
    for one, _, subject in users:
        spared = register.spares(one)
        if spared:
            yield subject.not_applicable(spared)
        elif people[one.id] is True:
            yield subject.verdict(_person(case, one, number))
        elif people[one.id] is False:
            yield subject.not_applicable(_no_person(case, one))
        else:
            yield subject.verdict(_may_be_person(case, one))


def _is_declared(case: Case, one: Identity, cls: IdentityClass) -> bool:
    """Declared, by a tag or the registry, and nothing unread that would outrank it."""
    said = one.classification
    return said.cls is cls and said.basis is Basis.DECLARED and not _may_be_declared(case, one)


def _may_be_declared(case: Case, one: Identity) -> bool:
    """Whether something nobody read may declare another class."""
    if case.doubt(one, "tags"):
        return True
    is_told = one.classification.basis is Basis.DECLARED or has_password(case, one)
    return bool(is_told and case.doubt(one, "class"))


def _is_person(case: Case, one: Identity) -> bool | None:
    """Whether IDC-13 speaks of a user; None where its password or the tag that declares it was not read."""
    if _may_be_declared(case, one):
        return None
    if _is_declared(case, one, IdentityClass.HUMAN):
        return True
    return False if _is_declared(case, one, IdentityClass.NON_HUMAN) else has_password(case, one)


def _person(case: Case, one: Identity, number: Tally) -> Said:
    name = named(one)
    why = f"{name} signs in with a password" if has_password(case, one) else f"{name} is declared to be a person's"
    words = f"{why} and is an IAM user: people are to come in through federation"
    compared = counted_together(case, "IDC-13", "iam_human_users_allowed", one.id, number)
    return held(compared, f"{words}; the account has {number.certain} of them", value=str(number.certain))


def _no_person(case: Case, one: Identity) -> str:
    name = named(one)
    if _is_declared(case, one, IdentityClass.NON_HUMAN):
        return f"{name} is declared to be software's, and is judged by IDC-14"
    return f"{name} has no password"


def _may_be_person(case: Case, one: Identity) -> Said:
    if has_password(case, one) is None:
        return password_unread(one)
    return untested(f"the tags that may declare whether {named(one)} is a person's were not read")


def idc_14(case: Case, control: Control) -> Iterator[Verdict]:
    """No user is both a person's and software's, and no role for software lets people in.

    A password and an active key on one user cross the line whoever it stands for: whichever it is, one of the two is
    wrong. How many may cross it is held against all of the account, so either all of them pass or none.
    """
    yield from unlisted(case, control, Collector.PRINCIPALS)
    callers, listed_kinds = Callers(case), case.of_kinds(control.kinds)
    found = [(one, _crossing(case, one, callers)) for one in listed_kinds if isinstance(one.facts, User | Role)]
    gap = listing_gap(case, Collector.PRINCIPALS)
    number = tally((_crosses(said) for _, said in found), unlisted=gap is not None)
    for one, said in found:
        subject = Subject(case, control, one, kind=SubjectType.PRINCIPAL)
        if isinstance(said, str):
            yield subject.verdict(_crossed(case, one, said, number))
        elif said:
            yield subject.verdict(*said)
        else:
            yield subject.not_applicable(f"{named(one)} has neither a password nor an active access key")


type _Crossing = str | tuple[Said, ...]
"""How an identity crosses the line between people and software, in words; else what is said of it, if anything."""


def _crosses(said: _Crossing) -> bool | None:
    if isinstance(said, str):
        return True
    return None if any(part.status is ResultStatus.NOT_TESTED for part in said) else False


def _crossed(case: Case, one: Identity, words: str, number: Tally) -> Said:
    more = f"; the account has {number.certain} such identities" if number.certain > 1 else ""
    compared = counted_together(case, "IDC-14", "allowed", one.id, number)
    return held(compared, f"{words}{more}", value=str(number.certain))


def _crossing(case: Case, one: Identity, callers: Callers) -> _Crossing:
    return _shared_user(case, one) if isinstance(one.facts, User) else _shared_role(case, one, callers)


def _shared_user(case: Case, one: Identity) -> _Crossing:
    password, key, name = has_password(case, one), has_active_key(case, one), named(one)
    if password and key:
        whose = "whether a person or software uses it, one of the two is wrong"
        return f"{name} has a password and an active access key: {whose}"
    if key and _is_declared(case, one, IdentityClass.HUMAN):
        return f"{name} is a person's and holds an active access key"
    if password and _is_declared(case, one, IdentityClass.NON_HUMAN):
        return f"{name} is declared to be software's and has a password"
    if password is False and key is False:
        return ()
    return tuple(_alone(case, one, password, key))


def _alone(case: Case, one: Identity, password: bool | None, key: bool | None) -> Iterator[Said]:
    """A user with one of the two at most, as far as was read."""
    name = named(one)
    if password is None:
        yield password_unread(one)
    if key is None:
        why = listing_gap(case, Collector.ACCESS_KEYS) or "access_keys was not read"
        yield untested(f"whether {name} holds an active access key is not known: {why}", why)
    if _may_be_declared(case, one):
        yield untested(f"the tags that may declare whose {name} is were not read")
    yield passes(f"{name} has {'a password and no active access key' if password else 'an active key and no password'}")


def _shared_role(case: Case, one: Identity, callers: Callers) -> _Crossing:
    entry = case.entries.get(one.id)
    name = named(one)
    unread = case.doubt(one, "facts.trust")
    if entry is None or entry.unread or unread:
        why = (entry.unread if entry else None) or unread or "its trust was not read"
        return (untested(f"who may take on {name} is not known: {why}", why),)
    return _let_in(one, entry, callers)


def _let_in(one: Identity, entry: Entry, callers: Callers) -> _Crossing:
    name = named(one)
    software = [way.who for way in entry.ways if way.comer in SOFTWARE]
    if not software:
        return (passes(f"{name} lets in no service, pipeline or pod that would share it with people"),)
    others = [way for way in entry.ways if way.comer not in SOFTWARE and way.comer is not Comer.DELETED_PRINCIPAL]
    told = [callers.are_people(way) for way in others]
    people = [who for is_people, who in told if is_people]
    if people:
        return f"{name} lets in software ({listed(software)}) and people ({listed(people)})"
    unknown = [why for is_people, why in told if is_people is None]
    if unknown:
        words = f"whether {name} lets in people beside software ({listed(software)}) is not known"
        return tuple(untested(f"{words}: {why}", why) for why in unknown)
    return (passes(f"{name} lets in software alone ({listed([*software, *(who for _, who in told)])})"),)


CHECKS: dict[str, Check] = {"IDC-11": idc_11, "IDC-12": idc_12, "IDC-13": idc_13, "IDC-14": idc_14}
