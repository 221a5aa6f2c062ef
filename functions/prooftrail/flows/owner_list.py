"""Who answers for what: every owner the registry or a tag names, what is theirs, and whether they can be reached."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from prooftrail.governance import Governance
from prooftrail.governance.policy import Owner
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Finding, FindingStatus, Tier
from prooftrail.model.notice import Reach, ReachState

from .locker_history import AsOf, Standing
from .locker_judgement import Judgements, findings

OUT_OF_REACH = (ReachState.BOUNCED, ReachState.UNSUBSCRIBED, ReachState.NO_ROUTE, ReachState.LEFT)
"""States in which nothing arrives; PENDING is waited for."""

type Held = list[tuple[Standing, Identity]]


class OwnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One owner as of a run. `registered` is False for a name that only tags know; `deputy` and `manager` are names.

    `state` is how notices reach them, `state_why` what is known of it (None of it was tried yet for PENDING without a
    date). `identities` counts what is theirs, `open`, `overdue` findings of it, `by_tier` the open ones, highest first.
    """

    id: str
    name: str
    kind: str | None
    registered: bool
    active: bool
    address: str | None
    state: ReachState
    state_why: str
    deputy: str | None
    manager: str | None
    accounts: tuple[str, ...]
    identities: int
    open: int
    overdue: int
    by_tier: tuple[tuple[Tier, int], ...]
    mailed_on: date | None

    @property
    def reachable(self) -> bool:
        """False where nothing arrives."""
        return self.state not in OUT_OF_REACH


class Unowned(msgspec.Struct, frozen=True, kw_only=True):
    """Identities that nobody owns, those of one family together."""

    label: str
    kind: str
    family: str | None
    accounts: tuple[str, ...]
    members: tuple[str, ...]
    tier: Tier | None


class OwnerLedger:
    """Everything about owners that one run shows: `reach` is how each stood when notices were last sent."""

    def __init__(
        self, view: AsOf, found: Judgements, governance: Governance, reach: Mapping[str, Reach], *, sends: bool
    ) -> None:
        self._view, self._governance, self._reach, self._sends = view, governance, reach, sends
        self.held: dict[str | None, Held] = defaultdict(list)
        for standing in view.standings:
            for one in standing.listed:
                self.held[one.identity.owner.value].append((standing, one.identity))
        self.findings: dict[str | None, list[Finding]] = defaultdict(list)
        for _, each in findings(found):
            if each.status is FindingStatus.OPEN:
                self.findings[each.owner].append(each)
        self._tiers = {risk.identity: risk.tier for judged in found.judged for risk in judged.assessment.risks}

    def owners(self) -> tuple[OwnerRow, ...]:
        """Every owner, those nobody can reach first, then by what is overdue and open, then by name."""
        registered = {one.id: one for one in self._governance.owners.owner}
        known = {*registered, *(one for one in self.held if one), *(one for one in self.findings if one)}
        made = [self._row(one, registered.get(one)) for one in known]
        return tuple(
            sorted(made, key=lambda one: (one.reachable, -one.overdue, -one.open, one.name.casefold(), one.id))
        )

    def unowned(self) -> tuple[Unowned, ...]:
        """What nobody owns, the highest tier first."""
        together: dict[str, Held] = defaultdict(list)
        for standing, one in self.held.get(None, []):
            together[one.family or one.id].append((standing, one))
        made = [self._unowned(members) for members in together.values()]
        return tuple(sorted(made, key=lambda one: (-(one.tier.rank if one.tier else -1), one.label.casefold())))

    def find(self, asked: str) -> tuple[OwnerRow, ...]:
        """The owners a person means: by id, name or address in any case; else those whose name holds the text."""
        wanted, rows = asked.strip().casefold(), self.owners()
        exact = [one for one in rows if wanted in _spelt(one)]
        return tuple(exact or [one for one in rows if any(wanted in text for text in _spelt(one))])

    def of(self, row: OwnerRow) -> tuple[Held, list[Finding]]:
        """What is theirs, and what of it is open."""
        tokens = [one for one in {*self.held, *self.findings} if one and self._view.reveal(one) == row.id]
        held = [each for one in tokens for each in self.held.get(one, [])]
        return held, [each for one in tokens for each in self.findings.get(one, [])]

    def _row(self, token: str, owner: Owner | None) -> OwnerRow:
        reveal, mine = self._view.reveal, self.findings.get(token, [])
        at, tiers = self._view.run.taken_at, Counter(one.severity for one in mine)
        state, why = self._state(token, owner)
        seen = self._reach.get(token)
        named = reveal(owner.name) if owner else reveal(token)
        return OwnerRow(
            id=reveal(token),
            name=named,
            kind=owner.kind if owner else None,
            registered=owner is not None,
            active=owner.active if owner else True,
            address=self._address(token, owner),
            state=state,
            state_why=why,
            deputy=self._named(owner.deputy) if owner else None,
            manager=self._named(owner.manager) if owner else None,
            accounts=owner.accounts if owner else (),
            identities=len(self.held.get(token, [])),
            open=len(mine),
            overdue=sum(one.exception is None and at > one.due_at for one in mine),
            by_tier=tuple((tier, tiers[tier]) for tier in reversed(Tier) if tiers[tier]),
            mailed_on=seen.mailed_on if seen else None,
        )

    def _state(self, token: str, owner: Owner | None) -> tuple[ReachState, str]:
        if owner is not None and not owner.active:
            return ReachState.LEFT, "has left: owners.toml says active = false"
        if self._address(token, owner) is None:
            said = "owners.toml gives neither route nor email" if owner else "a tag names it, owners.toml does not"
            return ReachState.NO_ROUTE, said
        seen = self._reach.get(token)
        if seen is not None:
            since = f"since {seen.since}" if seen.since else ""
            return seen.state, "; ".join(filter(None, (since, seen.detail))) or "as last asked"
        return (
            ReachState.PENDING,
            "not written to yet" if self._sends else "nothing has been sent by this deployment yet",
        )

    def _address(self, token: str, owner: Owner | None) -> str | None:
        if owner is not None:
            return self._view.reveal(owner.mail_to) if owner.mail_to else None
        text = self._view.reveal(token)
        domain = text.rpartition("@")[2].casefold()
        allowed = {one.casefold() for one in self._governance.notices.tag_domains}
        return text if "@" in text and domain in allowed else None

    def _named(self, token: str | None) -> str | None:
        return self._view.reveal(token) if token else None

    def _unowned(self, members: Held) -> Unowned:
        first = members[0][1]
        tiers = [self._tiers[one.id] for _, one in members if one.id in self._tiers]
        name = first.family.rpartition("#")[0] if first.family and len(members) > 1 else first.name
        return Unowned(
            label=self._view.reveal(name),
            kind=first.kind,
            family=first.family,
            accounts=tuple(sorted({standing.account for standing, _ in members})),
            members=tuple(sorted(one.id for _, one in members)),
            tier=max(tiers, key=lambda tier: tier.rank, default=None),
        )


def _spelt(one: OwnerRow) -> Iterable[str]:
    return [text.casefold() for text in (one.id, one.name, one.address) if text]
