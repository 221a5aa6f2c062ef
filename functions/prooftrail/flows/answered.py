"""What an answer is for: the finding, the identity or the family a person names, and every matter that is open of it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from prooftrail.errors import ConfigError
from prooftrail.governance import Governance
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Matter
from prooftrail.notices import matter
from prooftrail.notices.cadence import PAUSE_DAYS

from . import identity_trail
from .locker_history import AsOf, LockerHistory
from .locker_judgement import Judgements
from .owner_named import Asked

NOBODY = "none"
"""What is asked for to mean what nobody owns."""

_PART = re.compile(r"[0-9a-f]{8,64}")
_SHOWN = 5


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered for. `what` is `finding`, `findings`, `identity` or `family`, `label` what people call it.

    `matters` are the open ones of it that are meant, and those that are going to fail, the highest tier first: these and
    no later ones. `identities` are ids: of an identity itself, of a family its members with a matter. `family` is given
    where every member with a matter is meant.
    """

    what: str
    label: str
    matters: tuple[Matter, ...]
    identities: tuple[str, ...] = ()
    family: str | None = None

    def pauses(self, on: date) -> tuple[tuple[Tier, date], ...]:
        """Until when escalation pauses at least if it is answered for on that day, by tier, highest first.

        Counted from the day, or from the first due date of the tier where that is later.
        """
        tiers = sorted({one.tier for one in self.matters}, key=lambda one: -one.rank)
        due = {tier: min(one.due_at.date() for one in self.matters if one.tier is tier) for tier in tiers}
        return tuple((tier, max(on, due[tier]) + timedelta(days=PAUSE_DAYS[tier])) for tier in tiers)


class Answerable:
    """Everything that is open as of a run, to be found by what a person calls it; `secret` keys the pseudonyms, if known."""

    def __init__(
        self,
        history: LockerHistory,
        view: AsOf,
        found: Judgements,
        governance: Governance,
        *,
        secret: bytes | None = None,
    ) -> None:
        self._history, self._view, self._governance, self._secret = history, view, governance, secret
        self._matters = tuple({one.id: one for one in _matters(found, governance, view)}.values())

    def find(self, asked: str, *, control: str | None = None, owner: str | None = None) -> Meant:
        """What `asked` means: findings by fingerprint or its first eight digits, with commas, a family, or an identity.

        `control` and `owner` leave only matters of that control and owner (`none`: of nobody). A family answers for
        one owner at a time. Raises ConfigError where nobody answers to it, several do, or nothing of it is open.
        """
        text = asked.strip()
        found = self._findings(text) or self._family(text) or self._identity(text)
        left = self._narrowed(found.matters, control, owner)
        if found.family:
            self._of_one_owner(found.family, left)
            members = tuple(sorted({one.identity for one in left if one.identity}))
            whole = found.family if members == found.identities else None
            found = msgspec.structs.replace(found, identities=members, family=whole)
        return msgspec.structs.replace(found, matters=tuple(sorted(left, key=_pressing)))

    def _findings(self, text: str) -> Meant | None:
        parts = [one.strip().lower() for one in text.split(",") if one.strip()]
        if not parts or not all(map(_PART.fullmatch, parts)):
            return None
        if len(parts) == 1:
            one = self._finding(parts[0])
            return Meant(what="finding", label=self._named(one), matters=(one,)) if one else None
        found = {part: self._finding(part) for part in parts}
        if unknown := [part for part, one in found.items() if one is None]:
            raise ConfigError(f"no finding {_some(unknown)} is open as of run {self._view.run.run_id}.")
        matters = {one.id: one for one in found.values() if one}
        return Meant(what="findings", label=", ".join(one[:8] for one in matters), matters=tuple(matters.values()))

    def _finding(self, part: str) -> Matter | None:
        found = {one.id: one for one in self._matters if one.id.startswith(part)}
        if len(found) > 1:
            raise ConfigError(f"{part} begins {len(found)} findings ({_some(sorted(found))}): give more digits.")
        return next(iter(found.values()), None)

    def _family(self, text: str) -> Meant | None:
        found = [one for one in self._matters if one.family and text in (one.family, one.family.rpartition("#")[0])]
        families = sorted({one.family for one in found if one.family})
        if len(families) > 1:
            raise ConfigError(f"{len(families)} families are called {text!r}: name one of {_some(families)}.")
        if not found:
            return None
        members = tuple(sorted({one.identity for one in found if one.identity}))
        return Meant(what="family", label=families[0], matters=tuple(found), identities=members, family=families[0])

    def _narrowed(self, matters: tuple[Matter, ...], control: str | None, owner: str | None) -> tuple[Matter, ...]:
        left = tuple(one for one in matters if control in (None, one.control))
        if not left:
            known = sorted({one.control for one in matters})
            raise ConfigError(f"--control {control}: nothing of it is open for that control, but for {_some(known)}.")
        if owner is None:
            return left
        asked = Asked(owner, self._view, secret=self._secret)
        owners = {self._owner(one) for one in left}
        wanted: set[str | None] = {one for one in owners if one and asked.is_one_of(self._spellings(one))}
        if not wanted and owner.strip().casefold() == NOBODY:
            wanted = {None}
        theirs = tuple(one for one in left if self._owner(one) in wanted)
        if not theirs:
            raise ConfigError(f"--owner {owner!r}: nothing of it is open for that owner, but for {self._owners(left)}.")
        return theirs

    def _of_one_owner(self, family: str, matters: tuple[Matter, ...]) -> None:
        """A family may be of several owners, and who answers was told of one's: nobody speaks for the others by it."""
        if len(set(map(self._owner, matters))) > 1:
            raise ConfigError(
                f"what is open of family {family} has several owners: {self._owners(matters)}. Name the one you answer for"
                " with --owner."
            )

    def _owner(self, one: Matter) -> str | None:
        """Whose it is, by the id of the policy's owner where a tag names one."""
        known = self._governance.owner_of(one.owner) if one.owner else None
        return known.id if known else one.owner

    def _spellings(self, owner: str) -> tuple[str, ...]:
        known = self._governance.owner_of(owner)
        return known.spellings() if known else (owner,)

    def _owners(self, matters: tuple[Matter, ...]) -> str:
        ids = {self._owner(one) for one in matters}
        return _some(sorted(self._view.reveal(one) if one else NOBODY for one in ids))

    def _identity(self, text: str) -> Meant:
        matches = identity_trail.find(self._history, self._view, text)
        ids = sorted({one.identity.id for one in matches})
        if not ids:
            said = f"no open finding, family or identity answers to {text!r} as of run {self._view.run.run_id}"
            raise ConfigError(said + identity_trail.unread_instead(self._view, text))
        if len(ids) > 1:
            raise ConfigError(f"{len(ids)} identities answer to {text!r}: name one by its id, {_some(ids)}.")
        match, label = matches[0], self._view.reveal(matches[0].identity.name)
        theirs = {ids[0], *(one.identity.id for one in match.standing.listed if one.identity.parent == ids[0])}
        matters = tuple(one for one in self._matters if one.identity in theirs)
        if not matters:
            raise ConfigError(f"nothing is open for {label} ({ids[0]}) as of run {self._view.run.run_id}.")
        return Meant(what="identity", label=label, matters=matters, identities=tuple(ids))

    def _named(self, one: Matter) -> str:
        return f"{one.control} for {self._view.reveal(one.name)}"


def _matters(found: Judgements, governance: Governance, view: AsOf) -> Iterator[Matter]:
    """Every matter there is to be told of, as planning makes them."""
    for judged in found.everyone():
        for one in judged.findings.findings if judged.findings else ():
            if told := matter.of_finding(one, judged.account, judged.run.run_id):
                yield told
        for coming in judged.findings.upcoming if judged.findings else ():
            yield matter.of_upcoming(coming, judged.account, judged.run.run_id)
    yield from matter.of_exceptions(governance, view.run.taken_at.date(), view.run.run_id)


def _pressing(one: Matter) -> tuple[int, str, str, str]:
    return -one.tier.rank, one.control, one.account, one.id


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
