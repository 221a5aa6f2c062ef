"""Who is asked about a matter, nearest first: owner, deputy, manager, the account's contact, the security team."""

import re
from collections.abc import Iterable, Iterator

from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.governance import Governance
from prooftrail.governance.notices import Jurisdiction
from prooftrail.governance.policy import Owner, folded
from prooftrail.model.judgement import Event
from prooftrail.model.notice import Hop, Matter
from prooftrail.model.organization import Account
from prooftrail.model.snapshot import AlternateContact

from .day import Link, Names

LEFT, NO_ADDRESS, NOBODY = "left", "has no address", "nobody is named"
UNOWNED, NOT_THEIRS = "nobody owns it", "says it is not theirs"
OUTSIDE = "a tag names an address outside tag_domains"
UNKNOWN = "owners.toml has no such owner"
NO_TEAM = "notices.toml names no security team"

_MOST_CHAINS = 50_000
_CONTACTS = ("SECURITY", "OPERATIONS")
_LONGEST_ADDRESS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")

type Contacts = tuple[AlternateContact, ...] | None


class Chains:
    """The chains of one run's matters. `governance` is the sealed policy, with pseudonyms for people.

    `names` gives the address behind a pseudonym, whose domain decides whether a tag may be written to.
    """

    def __init__(self, governance: Governance, accounts: Iterable[Account], *, names: Names) -> None:
        self._policy, self._names = governance.notices, names
        self._accounts = {one.id: one for one in accounts}
        self._domains = frozenset(folded(self._policy.tag_domains))
        owners = governance.owners.owner
        self._owners = {text: one for one in reversed(owners) for text in folded(_spelt(one))}
        self._owners |= {one.id.strip().casefold(): one for one in owners}
        self._owner_keys, self._none = folded(governance.scope.tags.owner), governance.placeholders
        self._of_account = {one.id: one.owner for one in reversed(governance.owners.account) if one.owner}
        self._of_account |= {account: one.id for one in reversed(owners) for account in one.accounts}
        self._management = next((one.id for one in self._accounts.values() if one.management), None)
        self._near: dict[tuple[str | None, str], tuple[Link, ...]] = {}
        self._far: dict[str, tuple[Contacts, Link]] = {}
        self._last = self._team()

    def of(self, matter: Matter, contacts: Contacts, owner: str | None = None) -> tuple[Link, ...]:
        """The chain of a matter; everybody stands in it once, where they are nearest. `owner` is whoever it was handed to.

        What nobody owns, or somebody says is not theirs, has its account's contact and the security team only. A hop
        whom nobody fills stays, with the reason, but a manager where the jurisdiction leaves managers out does not.
        `contacts` are those of its account, of the management account where it is about the organization.
        """
        named = owner or matter.owner
        last = self.contact(matter.account, contacts), self._last
        if not is_for_both(matter, owner):
            return _once((*self._nearer(named, matter.account), *last))
        if not matter.not_mine:
            return _once(last)
        refused = self._person(Hop.OWNER, named)
        return _once(_refused(link) if _is_one(link, refused) else link for link in last)

    def nearest(self, matter: Matter, owner: str | None = None) -> Link:
        """The first of the chain of what is not for both; `owner` as above."""
        return self._nearer(owner or matter.owner, matter.account)[0]

    def is_same(self, one: str | None, other: str | None) -> bool:
        """True if two texts name one owner, however a tag spells them."""
        if one == other:
            return True
        known = self._known(one)
        return known is not None and known is self._known(other)

    def bound(self, named: str | None, account: str) -> tuple[Jurisdiction, ...]:
        """The jurisdictions that what somebody has in an account lies in, however a tag spells who it is."""
        if not self._policy.jurisdiction:
            return ()
        owner = self._known(named)
        return self._policy.bound(owner.id if owner else named, account)

    def place(self, account: str) -> str:
        """The account whose contacts answer for `account`: the management account for the organization as a whole."""
        return (self._management or account) if account == ORGANIZATION else account

    def contact(self, account: str, contacts: Contacts) -> Link:
        """Whom an account's matters go to: its security or operations contact, its owner, else its own address.

        Whoever left or has no address is passed over for the next; without any the hop is empty.
        """
        known = self._far.get(account)
        if known is None or known[0] is not contacts:
            found = next((link for link in self._candidates(account, contacts) if link.address), None)
            known = self._far[account] = contacts, found or _nobody(Hop.CONTACT, NOBODY)
        return known[1]

    def security(self) -> Link:
        """The security team of `notices.toml`."""
        return self._last

    def _team(self) -> Link:
        team = self._policy.security_team
        return _nobody(Hop.SECURITY, NO_TEAM) if team is None else self._person(Hop.SECURITY, team)

    def _nearer(self, named: str | None, account: str) -> tuple[Link, ...]:
        """The owner and who is asked in their place, which is the same in every account unless a jurisdiction says else."""
        key = (named, account if self._policy.jurisdiction else "")
        found = self._near.get(key)
        if found is None:
            if len(self._near) >= _MOST_CHAINS:
                self._near.clear()
            found = self._near[key] = tuple(self._persons(named, account))
        return found

    def _persons(self, named: str | None, account: str) -> Iterator[Link]:
        yield self._person(Hop.OWNER, named) if named else _nobody(Hop.OWNER, UNOWNED)
        owner = self._known(named)
        yield self._person(Hop.DEPUTY, owner.deputy if owner else None)
        if all(one.manager for one in self.bound(named, account)):
            yield self._person(Hop.MANAGER, owner.manager if owner else None)

    def _candidates(self, account: str, contacts: Contacts) -> Iterator[Link]:
        by_type = {one.type: one.email for one in reversed(contacts or ())}
        for kind in _CONTACTS:
            if kind in by_type:
                yield self._address(by_type[kind])
        known = self._accounts.get(self.place(account))
        if known is None:
            return
        for tag in self._tagged(known):
            yield self._person(Hop.CONTACT, tag)
        if known.id in self._of_account:
            yield self._person(Hop.CONTACT, self._of_account[known.id])
        if known.email:
            yield self._address(known.email)

    def _tagged(self, account: Account) -> Iterator[str]:
        spelt = [(tag.key.strip().casefold(), tag.value.strip()) for tag in account.tags or ()]
        for key in self._owner_keys:
            yield from (value for name, value in spelt if name == key and value.casefold() not in self._none)

    def _address(self, email: str) -> Link:
        """The contact at an address AWS gave: the registered owner it belongs to, else the address itself."""
        if self._known(email):
            return self._person(Hop.CONTACT, email)
        return Link(hop=Hop.CONTACT, recipient=email, address=email)

    def _person(self, hop: Hop, named: str | None) -> Link:
        """Somebody a policy or tag names; a tag's own address only within `tag_domains`."""
        if not named:
            return _nobody(hop, NOBODY)
        owner = self._known(named)
        if owner is None:
            why = self._unwritable(named)
            return Link(hop=hop, recipient=named, address=None if why else named, why=why)
        address = owner.mail_to if owner.active else None
        why = None if address else NO_ADDRESS if owner.active else LEFT
        return Link(hop=hop, recipient=owner.id, address=address, why=why)

    def _known(self, named: str | None) -> Owner | None:
        return self._owners.get(named.strip().casefold()) if named else None

    def _unwritable(self, tag: str) -> str | None:
        """Why a tag that no owner has may not be written to; None where it may."""
        text = self._names(tag).strip()
        found = _ADDRESS.fullmatch(text) if len(text) <= _LONGEST_ADDRESS else None
        if found is None:
            return UNKNOWN
        return None if found[1].casefold() in self._domains else OUTSIDE


def is_for_both(matter: Matter, owner: str | None) -> bool:
    """True where the account's contact and the security team are asked at once: no owner, or one who says it is not theirs.

    Whoever it was handed to since (`owner`) is asked first again.
    """
    return owner is None and (matter.event is Event.UNOWNED or matter.not_mine is not None)


def _spelt(one: Owner) -> tuple[str, ...]:
    return (*one.spellings(), *((one.mail_to,) if one.mail_to else ()))


def _nobody(hop: Hop, why: str) -> Link:
    return Link(hop=hop, recipient=None, address=None, why=why)


def _refused(link: Link) -> Link:
    return Link(hop=link.hop, recipient=None, address=None, why=NOT_THEIRS)


def _is_one(link: Link, other: Link) -> bool:
    """True if both are one person, or one mailbox."""
    if link.recipient is None or other.recipient is None:
        return False
    return link.recipient == other.recipient or (link.address is not None and link.address == other.address)


def _once(links: Iterable[Link]) -> tuple[Link, ...]:
    """Everybody where they stand nearest: asking them again as somebody else would ask nobody new, nor would their mailbox."""
    kept, seen = list[Link](), set[str]()
    for link in links:
        spelt = {link.recipient, link.address} - {None} if link.recipient is not None else set()
        if not spelt & seen:
            kept.append(link)
            seen |= {one for one in spelt if one}
    return tuple(kept)
