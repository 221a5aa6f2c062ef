"""What an organization's policy says, as values: what is in scope, which tags count, who owns what.

Keys of tags match without regard to case; patterns know `*` and `?` only and match with regard to case.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import ClassVar, Self

import msgspec
from msgspec.structs import replace

from prooftrail.model import canonical

from .exceptions import Exceptions
from .notices import Notices
from .people import speller, spellings_of
from .redacting import Redacting, without_names
from .registers import Registers, Suppliers
from .soa import Soa
from .thresholds import Thresholds
from .words import AccountId, ArnPattern, ClassName, OuId, OwnerKind, Text

SCOPE, OWNERS = "scope.toml", "owners.toml"
THRESHOLDS, REGISTERS, SUPPLIERS = "thresholds.toml", "registers.toml", "suppliers.toml"
SOA, EXCEPTIONS, NOTICES = "soa.toml", "exceptions.toml", "notices.toml"
_MAILTO = "mailto:"
_MAIL = re.compile(r"person-[0-9a-f]{20}|[^@\s<>:,;]+@[^@\s<>:,;]+")  # policies sealed before may hold other routes
FILES = (SCOPE, OWNERS, THRESHOLDS, REGISTERS, SUPPLIERS, SOA, EXCEPTIONS, NOTICES)

CI_ISSUERS = (
    "agent.buildkite.com",
    "api.bitbucket.org",
    "app.terraform.io",
    "gitlab.com",
    "oidc.circleci.com",
    "token.actions.githubusercontent.com",
    "vstoken.dev.azure.com",
)
"""OIDC issuers that speak for build pipelines and for nobody else; `scope.toml` adds to them."""

PLACEHOLDERS = ("", "-", "--", "?", "n/a", "na", "none", "null", "tba", "tbd", "todo", "unassigned", "unknown")
"""Tag values that stand where a value is missing; `scope.toml` adds to them."""


class Tags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tag keys name an owner, a purpose or a class, first listed first believed, and which values mean a class."""

    PLAIN: ClassVar[tuple[str, ...]] = ("owner", "purpose", "cls", "human", "non_human", "placeholders")

    owner: tuple[Text, ...] = ("owner", "owner-email", "owner_email", "owneremail", "team")
    purpose: tuple[Text, ...] = ("purpose", "business-purpose", "use-case")
    cls: tuple[Text, ...] = msgspec.field(
        default=("identity-class", "identity_class", "identityclass", "identity-type"), name="class"
    )
    human: tuple[Text, ...] = ("human", "person")
    non_human: tuple[Text, ...] = ("non-human", "non_human", "nonhuman", "machine", "service", "workload")
    placeholders: tuple[str, ...] = ()


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account or organizational unit that is not scanned through `expires_on` (UTC), for a stated reason."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    account: AccountId | None = None
    ou: OuId | None = None
    reason: Text
    approved_by: Text
    approved_on: date
    expires_on: date | None = None

    @property
    def subject(self) -> str:
        """What is excluded."""
        return f"account {self.account}" if self.account else f"organizational unit {self.ou}"

    def holds(self, at: datetime) -> bool:
        """True from the day of approval through the last day, both included, in UTC."""
        today = canonical.utc(at).date()
        return self.approved_on <= today and (self.expires_on is None or today <= self.expires_on)


class NameHints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name patterns that suggest a class and declare nothing: they are quoted in a reason, and decide no class."""

    human: tuple[Text, ...] = ()
    non_human: tuple[Text, ...] = ()


class Ci(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Issuers that speak for build pipelines beside the built-in ones: a host, with or without a path; `*` in a label."""

    issuers: tuple[Text, ...] = ()


# Policies sealed before that have the list here still and must stay readable: `parsing` refuses unknown keys of files.
class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """`scope.toml`. Its break-glass list moved to `registers.toml`."""

    tags: Tags = Tags()
    exclude: tuple[Exclusion, ...] = ()
    name_hints: NameHints = NameHints()
    ci: Ci = Ci()


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accountable person or team. `deputy` and `manager` are ids of other owners, `accounts` theirs as a whole.

    `active` false says they left: what they own must be handed over. `route` is the address notices go to, if not `email`.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("id", "name", "email", "deputy", "manager", "route")

    id: Text
    name: Text
    email: Text | None = None
    deputy: Text | None = None
    manager: Text | None = None
    accounts: tuple[AccountId, ...] = ()
    kind: OwnerKind = "person"
    active: bool = True
    route: Text | None = None

    @property
    def mail_to(self) -> str | None:
        """The address notices go to: the route's, else `email`; of a redacted policy its pseudonym. None if there is none."""
        told = (one.strip().removeprefix(_MAILTO) for one in (self.route, self.email) if one)
        return next(filter(_MAIL.fullmatch, told), None)

    def spellings(self) -> tuple[str, ...]:
        """Every text a tag may name this owner by."""
        return tuple(one for one in (self.id, self.email, self.name) if one)


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Owner, purpose or class of what it matches: one id, one ARN pattern, one family, or names in one account."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("owner",)

    id: Text | None = None
    arn: ArnPattern | None = None
    family: Text | None = None
    account: AccountId | None = None
    name: Text | None = None
    owner: Text | None = None
    purpose: Text | None = None
    cls: ClassName | None = msgspec.field(default=None, name="class")

    @property
    def matches(self) -> str:
        """What it matches, in words."""
        if self.account:
            return f"account {self.account} name {self.name}"
        key = "id" if self.id else "arn" if self.arn else "family"
        return f"{key} {self.id or self.arn or self.family}"


class AccountEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Owner or purpose of a whole account, which is what its identities fall back to."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("owner",)

    id: AccountId
    owner: Text | None = None
    purpose: Text | None = None


class Owners(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`owners.toml`."""

    owner: tuple[Owner, ...] = ()
    assign: tuple[Assignment, ...] = ()
    account: tuple[AccountEntry, ...] = ()


class Governance(msgspec.Struct, frozen=True, kw_only=True):
    """The organization's policy. `absent` names the files that were not given, whose defaults stand instead.

    `pseudonymous` is True once people's names were replaced: only then may it be sealed.
    """

    scope: Scope = Scope()
    owners: Owners = Owners()
    thresholds: Thresholds = Thresholds()
    registers: Registers = Registers()
    suppliers: Suppliers = Suppliers()
    soa: Soa = Soa()
    exceptions: Exceptions = Exceptions()
    notices: Notices = Notices()
    absent: tuple[str, ...] = ()
    pseudonymous: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical bytes of the parsed policy: comments and layout do not count."""
        return canonical.digest(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the policy must be told about it."""
        return tuple(f"{name} is {absence(name)}" for name in self.absent)

    @property
    def ci_issuers(self) -> tuple[str, ...]:
        """All issuers that speak for build pipelines."""
        return tuple(sorted({*CI_ISSUERS, *self.scope.ci.issuers}))

    @property
    def placeholders(self) -> frozenset[str]:
        """Values that count as none, case-folded; after `redacted` their pseudonyms too."""
        return frozenset(folded((*PLACEHOLDERS, *self.scope.tags.placeholders)))

    def excluded(self, account: str, ou_ids: Iterable[str], at: datetime) -> Exclusion | None:
        """The exclusion that holds for an account at `at`, its own before that of a unit above it; None if in scope."""
        holding = [one for one in self.scope.exclude if one.holds(at)]
        units = set(ou_ids)
        own = (one for one in holding if one.account == account)
        return next(own, next((one for one in holding if one.ou in units), None))

    def redacted(self, redactor: Redacting) -> Self:
        """The same policy with pseudonyms for owners, approvers and addresses: it can be sealed, and still matches.

        Owner tags hold pseudonyms by then, those of placeholders too. A second call changes nothing.
        """
        if self.pseudonymous:
            return self
        tags = self.scope.tags
        unnamed = (one for one in (*PLACEHOLDERS, *tags.placeholders) if one.strip())
        placeholders = tuple(sorted({*tags.placeholders, *map(redactor.pseudonym, unnamed)}))
        named = without_names(self._one_spelling(), redactor, speller(self._spellings()))
        scope = replace(named.scope, tags=replace(tags, placeholders=placeholders))
        return replace(named, scope=scope, pseudonymous=True)

    def owner_of(self, person: str) -> Owner | None:
        """The owner a text names by id, name or e-mail; None where `owners.toml` has none.

        One that is spelt the same but for case comes before one that is spelt otherwise (`people.spellings_of`).
        """
        wanted, owners = folded((person,))[0], self.owners.owner
        exact = (one for one in owners if wanted in folded(one.spellings()))
        forms = spellings_of(person)
        near = (one for one in owners if any(forms & spellings_of(text) for text in one.spellings()))
        return next(exact, None) or next(near, None)

    def same_person(self, one: str, other: str) -> bool:
        """True if both texts name one person: the same however spelt, or two names of one owner."""
        if folded((one,)) == folded((other,)) or spellings_of(one) & spellings_of(other):
            return True
        owner = self.owner_of(one)
        return owner is not None and owner == self.owner_of(other)

    def _spellings(self) -> Iterator[str]:
        return (text for one in self.owners.owner for text in one.spellings())

    def _one_spelling(self) -> Self:
        """The policy in which whoever approved his own request is called the same both times: pseudonyms cannot tell.

        Routes are plain addresses in it: one that is also somebody's e-mail has one pseudonym.
        """
        held = self.exceptions
        entries = tuple(
            replace(one, requester=one.approver) if self.same_person(one.requester, one.approver) else one
            for one in held.exception
        )
        routed = tuple(replace(one, route=one.route and one.mail_to) for one in self.owners.owner)
        owners = replace(self.owners, owner=routed)
        return replace(self, owners=owners, exceptions=replace(held, exception=entries))


def absence(name: str) -> str:
    """What it means that a file is not there."""
    return "absent: nothing is sent, and what would be is planned all the same" if name == NOTICES else _ABSENT


_ABSENT = "absent: its built-in defaults apply"


def folded(values: Iterable[str]) -> tuple[str, ...]:
    """The texts as they are compared: without outer blanks, without regard to case."""
    return tuple(one.strip().casefold() for one in values)


def pattern(text: str) -> re.Pattern[str]:
    """A pattern, in which `*` stands for any text and `?` for any character; everything else for itself."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.S)
