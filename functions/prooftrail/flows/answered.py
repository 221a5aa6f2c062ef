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

_PART = re.compile(r"[0-9a-f]{8,64}")
_SHOWN = 5


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered for. `what` is `finding`, `identity` or `family`, `label` what people call it.

    `matters` are all open ones of it, and those that are going to fail, the highest tier first. `identities` are ids:
    of an identity itself, of a family its members with a matter.
    """

    what: str
    label: str
    matters: tuple[Matter, ...]
    identities: tuple[str, ...] = ()
    family: str | None = None

    def pauses(self, on: date) -> tuple[tuple[Tier, date], ...]:
        """Until when escalation pauses if it is answered for on that day, by tier, highest first."""
        tiers = sorted({one.tier for one in self.matters}, key=lambda one: -one.rank)
        return tuple((tier, on + timedelta(days=PAUSE_DAYS[tier])) for tier in tiers)


class Answerable:
    """Everything that is open as of a run, to be found by what a person calls it."""

    def __init__(self, history: LockerHistory, view: AsOf, found: Judgements, governance: Governance) -> None:
        self._history, self._view = history, view
        self._matters = tuple(_matters(found, governance, view))

    def find(self, asked: str) -> Meant:
        """What `asked` means: the fingerprint of a finding or its first eight digits, a family, or an identity.

        Raises ConfigError where nobody answers to it, several do, or nothing of it is open.
        """
        text = asked.strip()
        found = self._finding(text) or self._family(text) or self._identity(text)
        return msgspec.structs.replace(found, matters=tuple(sorted(found.matters, key=_pressing)))

    def _finding(self, text: str) -> Meant | None:
        if not _PART.fullmatch(text.lower()):
            return None
        found = {one.id: one for one in self._matters if one.id.startswith(text.lower())}
        if len(found) > 1:
            raise ConfigError(f"{text} begins {len(found)} findings ({_some(sorted(found))}): give more digits.")
        return next((Meant(what="finding", label=self._named(one), matters=(one,)) for one in found.values()), None)

    def _family(self, text: str) -> Meant | None:
        found = [one for one in self._matters if one.family and text in (one.family, one.family.rpartition("#")[0])]
        families = sorted({one.family for one in found if one.family})
        if len(families) > 1:
            raise ConfigError(f"{len(families)} families are called {text!r}: name one of {_some(families)}.")
        if not found:
            return None
        members = tuple(sorted({one.identity for one in found if one.identity}))
        return Meant(what="family", label=families[0], matters=tuple(found), identities=members, family=families[0])

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
