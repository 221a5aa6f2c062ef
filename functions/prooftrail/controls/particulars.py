"""What somebody who is told of an identity wants to know beside the result: its last use, whose it is, who says it is not theirs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from prooftrail.model.iam import AccessKey, Role, Root, Secret, Usage, User
from prooftrail.model.identity import Identity, IdentityClass, Kind
from prooftrail.model.reading import Collector

from .case import Case
from .checks.ages import age, on
from .checks.certificates import expires
from .checks.holdings import has_password
from .checks.saying import UNTOLD, created, usage_of
from .checks.unlisted import listing_gap
from .checks.usage import TRACKED_DAYS

NOT_MINE = "prooftrail:not-mine"
"""The key, in any case, of the tag by which somebody says that an identity is not theirs; any value counts, an empty one too."""

UNKNOWN, NEVER = "last use not known", "never used"


class Told(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """As in a finding. `not_mine_read` is False where tags were not read, so that what stood there before still counts."""

    used: str | None
    person: bool
    not_mine: str | None
    not_mine_read: bool
    expires_at: datetime | None


class Particulars:
    """Of the identities of one account."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[tuple[str, str], Told] = {}

    def of(self, one: Identity, subject: str) -> Told:
        """What is told of `subject`, which is the identity itself or something that belongs to it."""
        key = one.id, subject
        if key not in self._known:
            self._known[key] = self._told(one, subject)
        return self._known[key]

    def _told(self, one: Identity, subject: str) -> Told:
        held = [each for each in (one, self._case.parent(one)) if each]
        tags = [tag for each in held for tag in each.tags or () if tag.key.strip().casefold() == NOT_MINE]
        unlisted = one.parent is not None and len(held) == 1 and one.parent != one.id
        return Told(
            used=self._used(one, subject),
            person=any(_person(each) for each in held),
            not_mine=tags[0].value if tags else None,
            not_mine_read=bool(tags) or not (unlisted or any(self._case.doubt(each, "tags") for each in held)),
            expires_at=expires(self._case, one),
        )

    def _used(self, one: Identity, subject: str) -> str | None:
        """The last use in words; None where AWS tells none of its kind."""
        usages = list(self._usages(one, subject))
        if not usages:
            return None
        if not all(each.tracked for each in usages):
            return UNKNOWN
        last = max((each.last_used_at for each in usages if each.last_used_at), default=None)
        return f"last used {on(last)}" if last else self._unused(one)

    def _usages(self, one: Identity, subject: str) -> Iterator[Usage]:
        match one.facts:
            case AccessKey() | Role() | Secret() | Root():
                yield usage_of(self._case, one)
            case User() if subject == f"{one.id}#password":
                yield usage_of(self._case, one)
            case User() if subject == one.id:
                yield from self._of_user(one)
            case _:
                return

    def _of_user(self, user: Identity) -> Iterator[Usage]:
        """Of a user as a whole, that of its password and of every key: what was not listed may have been used since."""
        password = has_password(self._case, user)
        if password is not False:
            yield usage_of(self._case, user) if password else UNTOLD
        if self._keys_unlisted:
            yield UNTOLD
        yield from (
            usage_of(self._case, each) for each in self._case.children(user) if isinstance(each.facts, AccessKey)
        )

    @cached_property
    def _keys_unlisted(self) -> bool:
        return listing_gap(self._case, Collector.ACCESS_KEYS) is not None

    def _unused(self, one: Identity) -> str:
        """AWS forgets the use of a role: of one that is older than its memory nobody can say `never`."""
        born, remembered = created(self._case, one), timedelta(days=TRACKED_DAYS)
        if isinstance(one.facts, Role) and (born is None or age(born, self._case.taken_at) > remembered):
            return f"not used in the {TRACKED_DAYS} days AWS tracks"
        return NEVER


def _person(one: Identity) -> bool:
    """True for a human, and for a user who signs in: nobody knows that it is not one."""
    return one.classification.cls is IdentityClass.HUMAN or one.kind is Kind.HUMAN_USER
