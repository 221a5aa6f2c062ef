"""What an organization's policy says, as values: what is in scope, which tags count, who owns what.

Keys of tags match without regard to case; patterns know `*` and `?` only and match with regard to case.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Protocol, Self

import msgspec

from prooftrail.model import canonical

SCOPE, OWNERS = "scope.toml", "owners.toml"
FILES = (SCOPE, OWNERS)

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")]
OuId = Annotated[str, msgspec.Meta(pattern=r"^ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}\Z")]
ArnPattern = Annotated[str, msgspec.Meta(pattern=r"^arn:")]
ClassName = Annotated[str, msgspec.Meta(pattern=r"^(human|non-human)\Z")]

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


class Redacting(Protocol):
    """What replaces people's names: `evidence.redaction.Redactor`, seen from below."""

    def pseudonym(self, person: str) -> str:
        """The pseudonym of an address or owner."""
        ...

    def text(self, value: str) -> str:
        """The text with every address replaced."""
        ...


class Tags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tag keys name an owner, a purpose or a class, first listed first believed, and which values mean a class."""

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


class BreakGlass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity kept for emergencies, by id or ARN pattern."""

    identity: Text
    reason: Text
    approved_by: Text
    approved_on: date


class Ci(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Issuers that speak for build pipelines beside the built-in ones: a host, with or without a path; `*` in a label."""

    issuers: tuple[Text, ...] = ()


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scope.toml`."""

    tags: Tags = Tags()
    exclude: tuple[Exclusion, ...] = ()
    name_hints: NameHints = NameHints()
    break_glass: tuple[BreakGlass, ...] = ()
    ci: Ci = Ci()


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accountable person or team. `deputy` and `manager` are ids of other owners, `accounts` theirs as a whole."""

    id: Text
    name: Text
    email: Text | None = None
    deputy: Text | None = None
    manager: Text | None = None
    accounts: tuple[AccountId, ...] = ()

    def spellings(self) -> tuple[str, ...]:
        """Every text a tag may name this owner by."""
        return tuple(one for one in (self.id, self.email, self.name) if one)


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Owner, purpose or class of what it matches: one id, one ARN pattern, one family, or names in one account."""

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
    absent: tuple[str, ...] = ()
    pseudonymous: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical bytes of the parsed policy: comments and layout do not count."""
        return canonical.digest(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the policy must be told about it."""
        return tuple(f"{name} is absent: its built-in defaults apply" for name in self.absent)

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
        return msgspec.structs.replace(
            self,
            scope=_redacted_scope(self.scope, redactor),
            owners=_redacted_owners(self.owners, redactor),
            pseudonymous=True,
        )


def folded(values: Iterable[str]) -> tuple[str, ...]:
    """The texts as they are compared: without outer blanks, without regard to case."""
    return tuple(one.strip().casefold() for one in values)


def pattern(text: str) -> re.Pattern[str]:
    """A pattern, in which `*` stands for any text and `?` for any character; everything else for itself."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.S)


def _redacted_scope(scope: Scope, redactor: Redacting) -> Scope:
    replace, text = msgspec.structs.replace, redactor.text
    unnamed = (*PLACEHOLDERS, *scope.tags.placeholders)
    placeholders = sorted({*scope.tags.placeholders, *(redactor.pseudonym(one) for one in unnamed if one.strip())})
    hints = scope.name_hints
    return replace(
        scope,
        tags=replace(scope.tags, placeholders=tuple(placeholders)),
        exclude=tuple(
            replace(one, reason=text(one.reason), approved_by=redactor.pseudonym(one.approved_by))
            for one in scope.exclude
        ),
        name_hints=NameHints(human=tuple(map(text, hints.human)), non_human=tuple(map(text, hints.non_human))),
        break_glass=tuple(
            replace(
                one,
                identity=text(one.identity),
                reason=text(one.reason),
                approved_by=redactor.pseudonym(one.approved_by),
            )
            for one in scope.break_glass
        ),
    )


def _redacted_owners(owners: Owners, redactor: Redacting) -> Owners:
    replace, person, text = msgspec.structs.replace, _maybe(redactor.pseudonym), _maybe(redactor.text)
    return Owners(
        owner=tuple(
            replace(
                one,
                id=redactor.pseudonym(one.id),
                name=redactor.pseudonym(one.name),
                email=person(one.email),
                deputy=person(one.deputy),
                manager=person(one.manager),
            )
            for one in owners.owner
        ),
        assign=tuple(
            replace(
                one,
                id=text(one.id),
                arn=text(one.arn),
                family=text(one.family),
                name=text(one.name),
                owner=person(one.owner),
                purpose=text(one.purpose),
            )
            for one in owners.assign
        ),
        account=tuple(replace(one, owner=person(one.owner), purpose=text(one.purpose)) for one in owners.account),
    )


def _maybe(replace: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda one: None if one is None else replace(one)
