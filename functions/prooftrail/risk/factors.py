"""Which factors of the risk model an identity has, which nobody could tell, and on which fact each rests.

A factor is present only on a fact that was read. What a refused source could have shown is possible. Factors this
version cannot collect (`not_covered` in model.toml) are neither.
"""

from datetime import datetime, timedelta
from typing import Any

from prooftrail.governance.thresholds import LimitKey
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import AccessKey, Role, Root, Secret, ServiceSpecificCredential, User
from prooftrail.model.identity import Basis, Identity, IdentityClass, Kind

from .gathering import ROTATION, UNUSED, Gathering, Span
from .surroundings import Surroundings
from .trust_factors import gather_trust

MANAGED_ROTATION = frozenset({"rds", "redshift", "ecs-sc"})
"""Services that rotate the secrets they own themselves; the owner of any other secret must."""

KEY_AGE, SECRET_AGE = ("IDC-15", "max_age_days"), ("IDC-17", "max_age_days")
SIGN_IN_UNUSED, ROLE_UNUSED = ("IDC-07", "disable_after_days"), ("IDC-08", "unused_role_days")
SECRET_UNUSED = ("IDC-18", "unused_secret_days")
_LONG_LIVED = ("long_lived_key", "service_cred_no_expiry")


def gather(one: Identity, around: Surroundings) -> Gathering:
    """The facts behind the factors of any identity; a credential whose user is not listed has those of an unread user."""
    to = Gathering()
    match one.facts:
        case User():
            _user(one, around, to)
        case Root():
            _root(one, to)
        case Role():
            _role(one, around, to)
        case Secret():
            _secret(one, one.facts, around, to)
        case AccessKey() | ServiceSpecificCredential():
            _orphan(one, around, to)
        case _:
            pass
    _owner(one, around, to)
    _exposed(one, around, to)
    return to


def _owner(one: Identity, around: Surroundings, to: Gathering) -> None:
    """Every rung of the ladder names an owner; one that is not read may name somebody, or somebody who left."""
    doubt = "owner" in one.unknown or around.account_tags_unread
    why = one.owner.where or "tags that could name an owner were not read"
    if one.owner.value is None:
        to.told(not doubt, "owner_missing", why if doubt else "nobody is named as its owner")
    elif one.owner.value in around.inactive:
        to.told(not doubt, "owner_inactive", f"owners.toml says that {one.owner.value} is not active any more")
    elif doubt and around.inactive:
        to.maybe("owner_inactive", why)


def _exposed(one: Identity, around: Surroundings, to: Gathering) -> None:
    certain, maybe = around.exposed(one)
    for seen in certain:
        to.sure("plaintext_secret", f"text shaped like a credential ({seen.detector}) at {plain(seen.where)}")
    for seen in maybe:
        why = f"text shaped like a credential ({seen.detector}) at {plain(seen.where)}, a name that several things bear"
        to.maybe("plaintext_secret", why)
    unread = [field for field in ("tags", "facts.description", "facts.trust") if field in one.unknown]
    if unread:
        fields = " and ".join(field.removeprefix("facts.") for field in unread)
        to.maybe("plaintext_secret", f"its {fields} could not be searched for credentials")


def _said(one: Identity, name: str) -> Any:
    """A fact as it was read; None for one that is no statement."""
    return None if f"facts.{name}" in one.unknown else getattr(one.facts, name)


def _user(one: Identity, around: Surroundings, to: Gathering) -> None:
    _password(one, around, to)
    for child in around.children(one):
        _credential(child, around, to)
    if around.keys.over(one):
        _hidden_keys(one, around, to)
    if around.service_credentials.over(one):
        why = f"its credentials for one service could not be listed: {around.service_credentials.why}"
        to.maybe("service_cred_no_expiry", why)
    _network(one, around, to)


def _password(one: Identity, around: Surroundings, to: Gathering) -> None:
    enabled = _said(one, "password_enabled")
    if enabled is False:
        return
    why = "it has a console password" if enabled else "whether it has a password was not read"
    to.told(bool(enabled), "iam_user_password", why)
    declared = one.classification.basis is Basis.DECLARED and one.classification.cls is IdentityClass.NON_HUMAN
    if declared and one.kind is Kind.SERVICE_USER:
        to.told(bool(enabled), "human_use_of_nhi", f"{one.classification.reason}, and {why}")
    mfa = _mfa(one)
    if not mfa:
        missing = "no MFA device" if mfa is False else "whether it has MFA was not read"
        to.told(bool(enabled) and mfa is False, "password_without_mfa", f"{why}; {missing}")
    begun = (_said(one, "password_changed_at") if enabled else None) or one.created_at
    _unused(one, begun, around, to, limit=SIGN_IN_UNUSED, what="console password", certain=bool(enabled))


def _mfa(one: Identity) -> bool | None:
    """True where the report or the list of devices shows one; False only where neither does and both were read."""
    active, devices = _said(one, "mfa_active"), _said(one, "mfa_devices")
    if active or devices:
        return True
    return None if active is None or "facts.mfa_devices" in one.unknown else False


def _credential(one: Identity, around: Surroundings, to: Gathering) -> None:
    """What one listed credential of a user gives. When a credential for one service was used is told by no API."""
    if isinstance(one.facts, AccessKey) and one.facts.status == "Active":
        to.sure("long_lived_key", f"access key {one.id} is active")
        to.age(ROTATION, KEY_AGE, _age(one.created_at, around.taken_at), f"access key {one.id} was created")
        _unused(one, one.created_at, around, to, limit=SIGN_IN_UNUSED, what=f"access key {one.id}")
    if isinstance(one.facts, ServiceSpecificCredential) and one.facts.status == "Active" and not one.facts.expires_at:
        to.sure("service_cred_no_expiry", f"credential {one.id} for {one.facts.service} never expires")


def _hidden_keys(one: Identity, around: Surroundings, to: Gathering) -> None:
    """Keys nobody could list: the report shows those it knew, and no key is older than its user."""
    why = f"its access keys could not be listed: {around.keys.why}"
    for _, born in (slot for slot in _said(one, "key_slots") or () if slot[0]):
        to.sure("long_lived_key", "the credential report shows an active access key")
        to.age(ROTATION, KEY_AGE, _age(born, around.taken_at), "an access key was created")
    to.maybe("long_lived_key", why)
    _, oldest = _age(one.created_at, around.taken_at)
    to.age(ROTATION, KEY_AGE, (timedelta(), oldest), "an access key that could not be listed was created")
    if not around.break_glass(one):
        to.age(UNUSED, SIGN_IN_UNUSED, (timedelta(), oldest), "an access key that could not be listed was last used")


def _network(one: Identity, around: Surroundings, to: Gathering) -> None:
    """Only somebody who holds a long-lived credential can carry it to another network."""
    held = to.has(*_LONG_LIVED)
    privilege = around.privileges.get(one.id)
    bound = privilege.network_bound if privilege else None
    if held is False or bound:
        return
    why = "no policy binds its credentials to a network"
    if bound is None:
        why = "whether a policy binds its credentials to a network was not read"
    to.told(held is True and bound is False, "no_network_condition", why)


def _orphan(one: Identity, around: Surroundings, to: Gathering) -> None:
    """A credential whose user was not listed: its own facts, and everything an unread user could add."""
    _credential(one, around, to)
    why = "the user it belongs to is not listed"
    for factor in (*_LONG_LIVED, "iam_user_password", "password_without_mfa", "no_network_condition"):
        to.maybe(factor, why)


def _root(one: Identity, to: Gathering) -> None:
    """The root's own credentials. Its use is judged by IDC-10, and no policy binds its keys to a network."""
    password, mfa = _said(one, "password_enabled"), _said(one, "mfa_active")
    keys, certificates = _said(one, "access_keys_present"), _said(one, "certificates_present")
    for held, what in ((password, "a password"), (keys, "an access key"), (certificates, "a signing certificate")):
        if held is not False:
            to.told(bool(held), "root_credentials", f"it has {what}" if held else f"whether it has {what} was not read")
    slots = _said(one, "key_slots") or ()
    if keys and slots and not any(active for active, _ in slots):
        pass  # inactive keys are credentials, and open nothing
    elif keys is not False:
        to.told(bool(keys), "long_lived_key", "it has an access key" if keys else "whether it has one was not read")
    if password is not False and not mfa:
        known = bool(password) and mfa is False
        why = "it has a password and no MFA" if known else "whether it has a password and MFA was not read"
        to.told(known, "password_without_mfa", why)


def _role(one: Identity, around: Surroundings, to: Gathering) -> None:
    """A role AWS has no use of on record was not used in the 400 days it looks back, or since it was created."""
    unread = "facts.trust" in one.unknown
    gather_trust(None if unread else around.entries.get(one.id), around, to)
    if one.kind is not Kind.ROLE_SERVICE_LINKED:  # used by its service whenever that has something to do
        _unused(one, one.created_at, around, to, limit=ROLE_UNUSED, what="role")


def _secret(one: Identity, facts: Secret, around: Surroundings, to: Gathering) -> None:
    """Its value's age and its last access over all regions it is held in; one that is planned for deletion has neither."""
    if facts.deleted_at is not None:
        return
    unread = "facts.value_created_at" in one.unknown
    owner = (facts.owning_service or "").partition(".")[0].casefold()
    if owner not in MANAGED_ROTATION and (unread or facts.value_created_at):
        _, oldest = _age(one.created_at, around.taken_at)
        span = (timedelta(), oldest) if unread else _age(facts.value_created_at, around.taken_at)
        to.age(ROTATION, SECRET_AGE, span, "its value was set")
    whole = "facts.replicas" not in one.unknown  # a region that was not read may have served it since
    _unused(one, one.created_at, around, to, limit=SECRET_UNUSED, what="secret", certain=whole)


def _unused(
    one: Identity,
    begun: datetime | None,
    around: Surroundings,
    to: Gathering,
    *,
    limit: LimitKey,
    what: str,
    certain: bool = True,
) -> None:
    """Never used counts from `begun`. Untracked, or not `certain`: last used at some time between then and now.

    What is registered for emergencies is meant to lie unused.
    """
    if around.break_glass(one):
        return
    last, tracked = one.usage.last_used_at, one.usage.tracked and "usage" not in one.unknown
    at_least, at_most = _age(last or begun, around.taken_at)
    if last:
        told = f"{what} was last used"
    elif tracked:
        told = f"{what} has no use on record and was created"
    else:
        told = f"{what}, whose use is not known, was created"
    to.age(UNUSED, limit, (at_least if tracked and certain else timedelta(), at_most), told)


def _age(since: datetime | None, taken_at: datetime) -> Span:
    """The bounds of an age; zero for what lies ahead of `taken_at`, unbounded where its beginning is unknown."""
    if since is None:
        return timedelta(), None
    age = max(taken_at - since, timedelta())
    return age, age
