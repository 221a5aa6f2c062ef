"""Where an account stands: sandbox, non-production, production, or the accounts that guard all others.

The management account and delegated administrators are told by AWS and nothing overrides that. Then the account's own
entry in thresholds.toml, that of its nearest organizational unit, its environment tag, and the default. A log archive
or a security tooling account is known by its entry or its tag.
"""

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance.policy import folded
from prooftrail.inventory.wording import plain
from prooftrail.model.judgement import Environment
from prooftrail.model.organization import Account
from prooftrail.model.reading import CellStatus, Collector

SANDBOX, NONPROD, PROD, SECURITY = Environment
_RANKS = {one: rank for rank, one in enumerate(Environment)}
_ADMINISTRATORS_API = "organizations:ListDelegatedAdministrators"

_SPELT = {
    PROD: "prod production prd live",
    NONPROD: "nonprod non-prod non_prod non-production dev development test testing qa uat staging stage stg"
    " preprod pre-prod integration",
    SANDBOX: "sandbox sbx playground experiment",
    SECURITY: "security infosec security-tooling log-archive log_archive logarchive audit management core"
    " security_or_management",
}
_WORDS = {word: environment for environment, words in _SPELT.items() for word in words.split()}
"""What the value of an environment tag means, unless thresholds.toml says otherwise."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account stands: `environment` is the highest the facts allow, `lowest` the lowest.

    `sensitive` says whether a unit above it is on the list of sensitive ones; None where its units were not read.
    `doubts` say what was not read.
    """

    environment: Environment
    lowest: Environment
    why: str
    sensitive: bool | None = False
    doubts: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """True if nothing unread could place it elsewhere."""
        return self.environment is self.lowest


def environment_of(account: Account, context: Context) -> tuple[Environment, str, bool]:
    """The environment, why in words, and whether that is certain; where it is not, the highest the facts allow."""
    place = placed(account, context)
    return place.environment, place.why, place.certain


def placed(account: Account, context: Context) -> Place:
    """Where `account` stands, between which bounds, and what was not read that would tell."""
    if told := _told_by_aws(account, context):
        return Place(environment=SECURITY, lowest=SECURITY, why=told, sensitive=_sensitive(account, context))
    found = _Looking(account, context).found()
    unread = _administrators_unread(context)
    could = {*found.could, *([SECURITY] if unread else [])}
    doubts = (*found.doubts, *([unread] if unread else []))
    highest = max(could, key=_RANKS.__getitem__)
    why = found.why
    if highest is not found.environment:
        why = f"not ruled out, because {'; '.join(doubts)}; else {_named(found.environment)}: {found.why}"
    return Place(
        environment=highest,
        lowest=min(could, key=_RANKS.__getitem__),
        why=why,
        sensitive=_sensitive(account, context),
        doubts=doubts,
    )


def below_production(environment: Environment) -> bool:
    """True for sandbox and non-production."""
    return _RANKS[environment] < _RANKS[PROD]


def _named(environment: Environment) -> str:
    return environment.replace("_", " ")


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    environment: Environment
    why: str
    could: frozenset[Environment]
    doubts: tuple[str, ...]


class _Looking:
    """Climbs from the account's own entry to the default, and remembers what it could not look at."""

    def __init__(self, account: Account, context: Context) -> None:
        self._account, self._alone = account, alone(context)
        self._by = context.governance.thresholds.environments
        self._could: set[Environment] = set()
        self._doubts: list[str] = []

    def found(self) -> _Found:
        """The environment the facts that were read give, and every other one that what was not read could give."""
        environment, why = self._entry() or self._unit() or self._tag() or self._default()
        could = frozenset({environment, *self._could})
        return _Found(environment=environment, why=why, could=could, doubts=tuple(self._doubts))

    def _entry(self) -> tuple[Environment, str] | None:
        own = next((one for one in self._by.assign if one.account == self._account.id), None)
        return (Environment(own.environment), "thresholds.toml says so of this account") if own else None

    def _unit(self) -> tuple[Environment, str] | None:
        units = {one.ou: Environment(one.environment) for one in reversed(self._by.assign) if one.ou}
        if units and _units_unread(self._account, self._alone):
            self._could |= set(units.values())
            self._doubts.append("which organizational unit it is in was not read")
            return None
        nearest = next((one for one in reversed(self._account.ou_ids) if one in units), None)
        return (units[nearest], f"thresholds.toml says so of its organizational unit {nearest}") if nearest else None

    def _tag(self) -> tuple[Environment, str] | None:
        keys = folded(self._by.tags)
        if self._account.tags is None and keys and not self._alone:
            self._could |= set(Environment)
            self._doubts.append("its tags were not read")
        meant = self._meanings()
        for key in keys:
            for tag in self._account.tags or ():
                value = tag.value.strip().casefold()
                if tag.key.strip().casefold() == key and value in meant:
                    return meant[value], f"its tag {plain(tag.key)} says {plain(tag.value)}"
        return None

    def _meanings(self) -> dict[str, Environment]:
        own = {
            value: Environment(entry.environment)
            for entry in reversed(self._by.assign)
            for value in folded(entry.values)
        }
        return _WORDS | own

    def _default(self) -> tuple[Environment, str]:
        return Environment(self._by.default), "no entry, unit or tag says what it is, so the default counts"


def _told_by_aws(account: Account, context: Context) -> str | None:
    if account.management or account.id == context.organization.management_account:
        return "it is the organization's management account"
    administers = next((one for one in context.delegated_administrators if one.account == account.id), None)
    if administers is None:
        return None
    services = ", ".join(administers.services or ())
    return f"it administers {services or 'services'} for the organization"


def _administrators_unread(context: Context) -> str | None:
    """Why any account could be a delegated administrator, or the management account; None where both lists were read.

    Which services an administrator administers may be unread: that hides no administrator.
    """
    if alone(context):
        return None
    if context.organization.management_account is None:
        return "which account manages the organization was not read"
    cell = next((one for one in context.cells if one.collector is Collector.DELEGATED_ADMINISTRATORS), None)
    whole = cell is not None and (
        cell.status is CellStatus.OK or (bool(cell.gaps) and all(gap.api != _ADMINISTRATORS_API for gap in cell.gaps))
    )
    return None if whole else "the delegated administrators were not read"


def _sensitive(account: Account, context: Context) -> bool | None:
    sensitive = context.governance.thresholds.environments.sensitive_ous
    if not sensitive:
        return False
    if _units_unread(account, alone(context)):
        return None
    return not set(sensitive).isdisjoint(account.ou_ids)


def _units_unread(account: Account, alone: bool) -> bool:
    """Every account of an organization sits in its root at least."""
    return not account.ou_ids and not alone


def alone(context: Context) -> bool:
    """True for an account that stands in no organization: nothing above it was there to be read."""
    accounts = next((one for one in context.cells if one.collector is Collector.ACCOUNTS), None)
    return context.organization.id is None and accounts is not None and accounts.status is CellStatus.OK
