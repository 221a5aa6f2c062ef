"""What a user holds, as far as it was read: a password, active keys; each yes, no, or not known."""

from collections.abc import Iterable

from prooftrail.controls.case import Case
from prooftrail.model.iam import AccessKey, User
from prooftrail.model.identity import Identity
from prooftrail.model.reading import Collector

from .saying import Said, named, stated, untested
from .unlisted import listing_gap


def has_password(case: Case, user: Identity) -> bool | None:
    """Whether a user has a console password; None where the credential report does not say."""
    facts = user.facts
    return stated(case, user, "facts.password_enabled", facts.password_enabled) if isinstance(facts, User) else None


def password_unread(user: Identity) -> Said:
    """What a check says of a user whose password is neither there nor not there."""
    return untested(f"whether {named(user)} has a password is not known: the credential report says nothing of it")


def active_keys(case: Case, user: Identity) -> list[Identity]:
    """The active access keys of a user that were listed, oldest first; one of unknown age last."""
    return _active(case, case.children(user))


def active_keys_beside(case: Case, key: Identity) -> list[Identity]:
    """The other active keys of the same user, whether or not the user itself was listed."""
    user = case.parent(key)
    siblings = case.children(user) if user else [one for one in case.snapshot.identities if one.parent == key.parent]
    return [one for one in _active(case, siblings) if one.id != key.id]


def _active(case: Case, credentials: Iterable[Identity]) -> list[Identity]:
    found = [one for one in credentials if isinstance(one.facts, AccessKey) and one.facts.status == "Active"]
    return sorted(found, key=lambda one: (one.created_at is None, one.created_at or case.taken_at, one.id))


def active_slots(case: Case, user: Identity) -> int | None:
    """How many key slots of the credential report are active; None where it does not say."""
    facts = user.facts
    slots = stated(case, user, "facts.key_slots", facts.key_slots) if isinstance(facts, User) else None
    return None if slots is None else sum(active for active, _ in slots)


def has_active_key(case: Case, user: Identity) -> bool | None:
    """Whether a user holds an active access key; None where neither the list nor the report's slots say."""
    if active_keys(case, user):
        return True
    if listing_gap(case, Collector.ACCESS_KEYS) is None:
        return False
    slots = active_slots(case, user)
    return None if slots is None else slots > 0


def of_user(case: Case, credential: Identity) -> str:
    """` of deploy`: whose credential it is, nothing where its user is not listed."""
    user = case.parent(credential)
    return f" of {named(user)}" if user else ""
