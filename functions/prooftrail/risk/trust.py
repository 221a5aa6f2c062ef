"""Tells who can come in through the trust of every role: each principal of each Allow statement as one way, conditions read.

Statements about anything but taking on the role let nobody in, and a Deny lets nobody in; what a Deny spares is read as
a condition. Sources: rulings 11, 12, 13 and 16; IAM, "JSON policy elements: Principal" and "Condition operators".
"""

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from prooftrail.evidence.context import Context
from prooftrail.inventory.context import OrgContext, Place
from prooftrail.inventory.limits import account_of, assumed, limited_to, services_limited
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import Role
from prooftrail.model.identity import Identity
from prooftrail.model.reading import Collector
from prooftrail.model.snapshot import Snapshot
from prooftrail.model.trust import Principal, PrincipalType, TrustStatement

from .demands import Demand, demands
from .entry import Comer, Entry, Way
from .external import OUTSIDERS, Neighbours
from .patterns import fixed_start
from .web_identity import by_pod, by_token, is_pod_identity

_UNIQUE_ID = re.compile(r"A[BCGINPRS][A-Z]{2}[A-Z0-9]{12,124}")
_ACCOUNT_LIST = "organizations:ListAccounts"
_INSIDE = frozenset({Place.OWN, Place.INSIDE})
_ARN, _ACCOUNT = "aws:principalarn", "aws:principalaccount"
_ORGANIZATION_KEYS = ("aws:principalorgid", "aws:principalorgpaths")
_OURS, _HERE = "${aws:resourceorgid}", "${aws:resourceaccount}"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_ARN_PARTS = 6
_TELLING = 3
"""Literal characters a name needs before its first wildcard, so that it is a name and not almost anything."""


def organization_of(context: Context) -> OrgContext:
    """The organization as far as a trust policy needs it.

    Only a gap in the list itself makes the list incomplete: tags and unit names that were refused hide no account.
    """
    listed = next((cell for cell in context.cells if cell.collector is Collector.ACCOUNTS), None)
    return OrgContext(
        organization=context.organization.id,
        management_account=context.organization.management_account,
        accounts=frozenset(one.id for one in context.accounts),
        complete=listed is not None and not any(gap.api == _ACCOUNT_LIST for gap in listed.gaps),
        partition=context.partition,
    )


def entries(snapshot: Snapshot, context: Context) -> dict[str, Entry]:
    """Who can come in through every role of the account, by role id."""
    header = snapshot.header
    doors = _Doors(
        Neighbours(context.governance, organization_of(context), home=header.account, at=header.taken_at),
    )
    return {one.id: _entry(one, one.facts, doors) for one in snapshot.identities if isinstance(one.facts, Role)}


def _entry(identity: Identity, facts: Role, doors: "_Doors") -> Entry:
    if not {"facts", "facts.trust"}.isdisjoint(identity.unknown):
        return Entry(role=identity.id, unread="its trust policy was not read, so who can come in is not known")
    return Entry(role=identity.id, ways=doors.ways(facts.trust))


class _Doors:
    """Reads the trust of the roles of one account."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._home, self._organization = neighbours.home, neighbours.organization

    def ways(self, trust: tuple[TrustStatement, ...]) -> tuple[Way, ...]:
        denials = tuple(one for one in trust if one.effect == "Deny")
        found: set[Way] = set()
        for number, one in enumerate(trust, start=1):
            if one.effect == "Allow" and assumed(one):
                label = plain(one.sid) if one.sid else f"statement {number}"
                found.update(self._let_in(one, denials, label))
        return tuple(sorted(found, key=lambda way: (way.comer, way.who, way.statement, repr(way))))

    def _let_in(self, one: TrustStatement, denials: tuple[TrustStatement, ...], label: str) -> Iterator[Way]:
        if one.not_principals:
            yield from self._anyone("everyone but the principals it lists", one, denials, label)
            return
        for who in one.principals:
            alone = replace(one, principals=(who,))  # a Deny may speak to one of several
            if who.type is PrincipalType.SERVICE:
                yield _service(who.value, alone, denials, label)
            elif who.type is PrincipalType.FEDERATED and who.value != "*":
                yield _federated(who.value, alone, denials, label)
            elif who.type is PrincipalType.ANY or ("*" in who.value and account_of(who.value) is None):
                yield from self._anyone("anyone", alone, denials, label)
            else:
                yield self._aws(who, alone, denials, label)

    def _aws(self, who: Principal, one: TrustStatement, denials: tuple[TrustStatement, ...], label: str) -> Way:
        if _UNIQUE_ID.fullmatch(who.value):
            return Way(comer=Comer.DELETED_PRINCIPAL, who=f"the deleted principal {who.value}", statement=label)
        account = account_of(who.value) if who.type is PrincipalType.AWS else None
        if account is None:
            name = f"the principal {plain(who.value)}, whose account cannot be told"
            return Way(comer=Comer.UNTOLD, who=name, statement=label)
        whole, said = _is_whole(who.value), demands(one, denials)
        resource = "" if whole else plain(who.value.rpartition(f":{account}:")[2])
        principals = _named(said) if whole else (who.value,)
        way = self._from(account, said, label, principals=principals, resource=resource)
        if way.comer in OUTSIDERS or way.comer is Comer.UNTOLD:
            places = limited_to(one, denials, home=self._home, context=self._organization)
            if places is not None and places <= _INSIDE:
                return _kept_inside(way, said)
        return way

    def _from(
        self, account: str, said: tuple[Demand, ...], label: str, *, principals: tuple[str, ...], resource: str = ""
    ) -> Way:
        comer, entry = self._neighbours.who(account)
        of = f"{resource} of " if resource else ""
        where = {
            Comer.OWN_ACCOUNT: "this account",
            Comer.INSIDE: f"account {account} of the organization",
            Comer.FORMER_MEMBER: f"account {account}, which is no longer in the organization",
            Comer.OUTSIDE_UNKNOWN: f"account {account} outside the organization",
            Comer.UNTOLD: f"account {account}",
        }
        named = f"account {account} of {plain(entry.name)}" if entry else where[comer]
        return Way(
            comer=comer,
            who=of + named,
            account=account,
            supplier=entry.name if entry else None,
            supplier_active=entry is None or self._neighbours.active(entry),
            external_id=any(one.key == "sts:externalid" and one.exact for one in said),
            whole_account=not principals,
            statement=label,
            principals=principals,
        )

    def _anyone(self, name: str, one: TrustStatement, denials: tuple[TrustStatement, ...], label: str) -> Iterator[Way]:
        places = limited_to(one, denials, home=self._home, context=self._organization)
        if places is None:
            yield Way(comer=Comer.ANYONE, who=name, statement=label)
            return
        said = demands(one, denials)
        limits = _limits(said)
        who = f"{name}, limited by condition"
        named = _named(said)
        door = Way(comer=Comer.ANYONE, who=who, limited=True, limited_by=limits, statement=label, principals=named)
        yield replace(door, whole_organization=self._whole_organization(said))
        meant = sorted(_accounts(said, self._home))
        accounts = [self._from(one, said, label, principals=principals) for one, principals in meant]
        if places <= _INSIDE:
            yield from (way for way in accounts if way.comer is Comer.INSIDE)
            return
        ways = [*accounts, *self._organizations(said, label)]
        if not any(way.comer in OUTSIDERS or way.comer is Comer.UNTOLD for way in ways):
            comer = Comer.OUTSIDE_UNKNOWN if Place.OUTSIDE in places else Comer.UNTOLD
            ways.append(Way(comer=comer, who=who, limited=True, limited_by=limits, statement=label, principals=named))
        yield from ways

    def _whole_organization(self, said: tuple[Demand, ...]) -> bool | None:
        """True if nothing but belonging to our organization, or to units of it, is asked; None if it may not be ours."""
        if any(one.values and all(map(_is_placed, one.texts)) for one in said if one.key in (_ARN, _ACCOUNT)):
            return False
        ours = self._organization.organization
        asked = {text.split("/", 1)[0] for one in said if one.key in _ORGANIZATION_KEYS for text in one.texts}
        if ours is None:
            return None if asked else False
        return ours in asked or any(one.lower() == _OURS for one in asked)

    def _organizations(self, said: tuple[Demand, ...], label: str) -> Iterator[Way]:
        """Everyone of another organization, which no register of accounts can name."""
        named = {text.split("/", 1)[0] for one in said if one.key in _ORGANIZATION_KEYS for text in one.texts}
        comers = {Place.OUTSIDE: Comer.OUTSIDE_UNKNOWN, Place.UNTOLD: Comer.UNTOLD}
        for name in sorted(named):
            comer = comers.get(self._organization.place_of_organization(name))
            if comer is not None:
                yield Way(comer=comer, who=f"anyone of the organization {plain(name)}", statement=label)


def _service(value: str, one: TrustStatement, denials: tuple[TrustStatement, ...], label: str) -> Way:
    if is_pod_identity(value):
        return by_pod(value, one, denials, label=label)
    if value == "*" and not services_limited(one):
        return Way(comer=Comer.ANYONE, who="every AWS service, for any account", statement=label)
    return Way(comer=Comer.SERVICE, who=f"the service {plain(value)}", service=value, statement=label)


def _federated(value: str, one: TrustStatement, denials: tuple[TrustStatement, ...], label: str) -> Way:
    if ":saml-provider/" in value:
        name = f"the SAML provider {plain(value.rpartition('/')[2])}"
        return Way(comer=Comer.SAML, who=name, issuer=value, statement=label)
    issuer = value.partition(":oidc-provider/")[2] or value
    return by_token(issuer, one, denials, label=label)


def _kept_inside(way: Way, said: tuple[Demand, ...]) -> Way:
    """A principal that may stand outside under a condition only insiders meet: an outsider cannot come in through it."""
    return Way(
        comer=Comer.INSIDE,
        who=f"{way.who}, only if it is one of the organization's own",
        whole_organization=None if way.whole_account and way.comer is Comer.UNTOLD else False,
        limited=True,
        limited_by=_limits(said),
        statement=way.statement,
    )


def _named(said: Iterable[Demand]) -> tuple[str, ...]:
    """The principals that conditions name, so that an account's root does not stand for all of it; empty if none are."""
    asked = (one.texts for one in said if one.key == _ARN and one.values)
    return min((texts for texts in asked if not any(map(_is_whole, texts))), default=())


def _accounts(said: Iterable[Demand], home: str) -> set[tuple[str, tuple[str, ...]]]:
    """The other accounts the limiting conditions name, each with the principals they mean; none for all of it."""
    found: set[tuple[str, tuple[str, ...]]] = set()
    for one in said:
        for text in one.texts if one.key in (_ARN, _ACCOUNT) else ():
            account = account_of(text)
            if account and account != home:
                found.add((account, () if one.key == _ACCOUNT or _is_whole(text) else (text,)))
    return found


def _is_placed(text: str) -> bool:
    """True if an account id or an ARN stands in one account, this one included."""
    return account_of(text) is not None or text.lower() == _HERE


def _is_whole(principal: str) -> bool:
    """True if an account id, an ARN or a pattern of ARNs means everyone of an account, or as good as everyone.

    It names somebody only in a fixed account, and by a name or a path of which one part is literal, or begins so.
    """
    parts = _VARIABLE.sub("*", principal).split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or not (parts[4].isascii() and parts[4].isdigit()):
        return True
    return not any(_is_name(one) for one in parts[5].split("/")[1:])


def _is_name(part: str) -> bool:
    fixed = fixed_start(part)
    return bool(part) and (fixed == part or len(fixed) >= _TELLING)


def _limits(said: Iterable[Demand]) -> tuple[str, ...]:
    keys = (_ARN, _ACCOUNT, *_ORGANIZATION_KEYS)
    return tuple(sorted({f"{one.key} {plain(', '.join(one.texts))}" for one in said if one.key in keys}))
