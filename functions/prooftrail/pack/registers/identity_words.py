"""Says of one identity what a register shows: how it signs in, who may come in by it, which credentials it has, how it stands."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from prooftrail.inventory.limits import assumed
from prooftrail.inventory.wording import counted
from prooftrail.model.iam import (
    AccessKey,
    OidcProvider,
    Role,
    Root,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import Identity
from prooftrail.model.trust import Principal, PrincipalType, TrustStatement

ACTIVE = "Active"
_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")
_PRINCIPALS_AT_MOST = 6  # named in one sentence
_WHO = {
    PrincipalType.AWS: "",
    PrincipalType.SERVICE: "the service ",
    PrincipalType.FEDERATED: "whoever signs in through ",
    PrincipalType.CANONICAL_USER: "the canonical user ",
    PrincipalType.ANY: "",
}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity signs in with: how many are active, since when the oldest is, and both in words.

    `active` is None where a part was not read, `oldest` where no date is known; both where it has no credentials by nature.
    """

    active: int | None = None
    oldest: datetime | None = None
    words: str | None = None


def mfa(identity: Identity) -> str | None:
    """`on` with the kinds of device, `none`, or `unknown`; None for what cannot have one."""
    match identity.facts:
        case User(mfa_active=on, mfa_devices=devices, password_enabled=password):
            kinds = ", ".join(sorted({one.kind.value for one in devices or ()}))
            none = "none (no password)" if password is False else "none"
            return "unknown" if on is None else f"on ({kinds})" if on and kinds else "on" if on else none
        case Root(mfa_active=on):
            return "unknown" if on is None else "on" if on else "none"
        case _:
            return None


def status_of(identity: Identity, at: datetime) -> str:
    """How it stands: active or not where AWS has such a word, `expired`, `planned for deletion`, else `present`."""
    match identity.facts:
        case AccessKey(status=status):
            return status.lower()
        case ServiceSpecificCredential(status=status, expires_at=end):
            return "expired" if end is not None and end <= at else status.lower()
        case ServerCertificate(expires_at=end) | SamlProvider(valid_until=end):
            return "expired" if end is not None and end < at else "present"
        case Secret(deleted_at=planned):
            return "planned for deletion" if planned else "present"
        case _:
            return "present"


def last_used(identity: Identity, children: Iterable[Identity], *, listed_whole: bool) -> tuple[datetime | None, str]:
    """The last use, and which API told it; of a user by its password or any of its keys.

    Without a use the text says which of two it is: none on record, or not known.
    """
    usages = [identity.usage]
    if isinstance(identity.facts, User):
        keys = [one.usage for one in children if isinstance(one.facts, AccessKey)]
        usages = [*([] if identity.facts.password_enabled is False else usages), *keys]
        if not usages and listed_whole:
            return None, "it has nothing to sign in with"
        listed_whole = listed_whole and bool(usages)
    else:
        listed_whole = True
    told = [one for one in usages if one.last_used_at is not None]
    blind = not listed_whole or not all(one.tracked for one in usages)
    if told:
        newest = max(told, key=lambda one: (one.last_used_at, one.source or ""))
        return (
            newest.last_used_at,
            f"{newest.source or 'AWS'}{'; of some of its credentials not known' if blind else ''}",
        )
    if blind:
        return None, "not known: AWS tells no use of it, or its source was not read"
    return None, f"{usages[0].source or 'AWS'}: no use on record"


def trust_summary(identity: Identity) -> str | None:
    """Who may come in, by what and under which condition, in one sentence; None for what nobody assumes."""
    match identity.facts:
        case Role(trust=trust, trust_document=document):
            if not trust and document is None:
                return "Not known: its trust policy was not read."
            said = [_let_in(one) for one in trust if one.effect == "Allow" and assumed(one)]
            denied = sum(1 for one in trust if one.effect == "Deny")
            barred = f" {counted(denied, 'statement denies', 'statements deny')} some of them." if denied else ""
            return f"Lets in {'; and '.join(said)}.{barred}" if said else "Lets nobody in."
        case OidcProvider(url=url, client_ids=audiences):
            whose = "audiences not read" if audiences is None else ", ".join(audiences) or "no audience"
            return f"Vouches for tokens of {url or 'an issuer that was not read'}, for {whose}."
        case SamlProvider():
            return "Vouches for people its SAML metadata speaks for."
        case _:
            return None


def _let_in(one: TrustStatement) -> str:
    named = [_principal(each) for each in one.principals[:_PRINCIPALS_AT_MOST]]
    more = len(one.principals) - len(named)
    who = ", ".join(named) + (f" and {more} more" if more else "") or "nobody"
    who = f"everybody except {who}" if one.not_principals else who
    ways = ", ".join(one.actions)
    ways = f"any action except {ways}" if one.not_actions else ways
    limits = " and ".join(f"{each.key} {each.operator} {' or '.join(each.values)}" for each in one.conditions)
    return f"{who} by {ways}" + (f", only if {limits}" if limits else ", without a condition")


def _principal(one: Principal) -> str:
    if one.value == "*":
        return "ANYBODY, in any account"
    account = _ACCOUNT.fullmatch(one.value) if one.type is PrincipalType.AWS else None
    return f"whomever account {account[1]} lets" if account else f"{_WHO[one.type]}{one.value}"


def credentials(identity: Identity, children: Iterable[Identity], *, listed_whole: bool) -> Credentials:
    """What it signs in with. `children` are the keys and credentials of a user; `listed_whole` that all of them were read."""
    match identity.facts:
        case User() as user:
            return _of_user(identity, user, tuple(children), listed_whole=listed_whole)
        case Root() as root:
            return _of_root(root)
        case AccessKey(status=status) | ServiceSpecificCredential(status=status):
            active = status == ACTIVE
            return Credentials(active=int(active), oldest=identity.created_at if active else None, words=status.lower())
        case Secret(value_created_at=made):
            return Credentials(active=1, oldest=made, words="the secret's current value")
        case ServerCertificate():
            return Credentials(active=1, oldest=identity.created_at, words="the certificate")
        case _:
            return Credentials()


def _of_user(identity: Identity, user: User, children: tuple[Identity, ...], *, listed_whole: bool) -> Credentials:
    active = [one for one in children if isinstance(one.facts, AccessKey | ServiceSpecificCredential)]
    active = [one for one in active if status_is_active(one)]
    certificates = [one for one in user.certificates or () if one.active]
    known = listed_whole and user.password_enabled is not None and user.certificates is not None
    dates = [one.created_at for one in active] + [one.rotated_at for one in certificates]
    dates += [user.password_changed_at or identity.created_at] if user.password_enabled else []
    whole = known and None not in dates
    words = ", ".join(_of_user_words(user, children, len(certificates)))
    return Credentials(
        active=len(active) + len(certificates) + bool(user.password_enabled) if known else None,
        oldest=min((one for one in dates if one), default=None) if whole else None,
        words=words if listed_whole else f"{words}; not every credential was listed",
    )


def status_is_active(identity: Identity) -> bool:
    """True for a key or credential that AWS calls active."""
    return isinstance(identity.facts, AccessKey | ServiceSpecificCredential) and identity.facts.status == ACTIVE


def _of_user_words(user: User, children: tuple[Identity, ...], certificates: int) -> Iterator[str]:
    enabled = user.password_enabled
    yield "password not known" if enabled is None else "password" if enabled else "no password"
    keys = [one for one in children if isinstance(one.facts, AccessKey)]
    others = [one for one in children if isinstance(one.facts, ServiceSpecificCredential)]
    for found, name in ((keys, "access key"), (others, "service-specific credential")):
        active = sum(map(status_is_active, found))
        if active:
            yield counted(active, f"active {name}")
        if len(found) > active:
            yield counted(len(found) - active, f"inactive {name}")
    if user.certificates is None:
        yield "signing certificates not known"
    elif certificates:
        yield counted(certificates, "active signing certificate")


def _of_root(root: Root) -> Credentials:
    """A root's keys come without a count where only the account summary tells of them."""
    parts = (root.password_enabled, root.access_keys_present, root.certificates_present)
    names = ("password", "access keys", "certificates")
    said = [name if has else f"{name} not known" for name, has in zip(names, parts, strict=True) if has is not False]
    keys = sum(1 for active, _ in root.key_slots if active) if root.key_slots is not None else None
    none = parts == (False, False, False)
    known = root.password_enabled is not None and root.certificates_present is False and keys is not None
    active = 0 if none else int(bool(root.password_enabled)) + (keys or 0) if known else None
    return Credentials(active=active, words=", ".join(said) or "none")


def children_of(identities: Iterable[Identity]) -> dict[str, list[Identity]]:
    """The credentials of each user, by the user's id."""
    found: dict[str, list[Identity]] = {}
    for one in identities:
        if one.parent and one.parent != one.id:
            found.setdefault(one.parent, []).append(one)
    return found
