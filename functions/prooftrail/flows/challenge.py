"""Reads a sample of the newest run's identities again, live and with the auditor's own credentials, and holds each against AWS.

Only what the scan itself calls is called, and nothing of it reads a value. What could not be read again is counted apart
and never as agreement.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec

from prooftrail.errors import AccountUnreachable, ConfigError, EvidenceError
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.redaction import Redactor
from prooftrail.inventory import assemble
from prooftrail.model import canonical
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.sampling import Item
from prooftrail.ports import AccountSource, Clock, RawResponse, Target

from . import locker_judgement
from .carry import carry_of
from .challenge_items import Challenged, Live, Outcome, Sealed, challenged, not_reread, unlisted
from .locker_history import AsOf, Listed, LockerHistory, RunSummary
from .scan_account import org_context

POPULATIONS: dict[str, frozenset[Kind]] = {
    "all": frozenset(Kind),
    "access-keys": frozenset({Kind.ACCESS_KEY}),
    "users": frozenset({Kind.HUMAN_USER, Kind.SERVICE_USER, Kind.USER}),
    "roles": frozenset(one for one in Kind if one.value.startswith("role_")),
    "secrets": frozenset({Kind.SECRET}),
}
"""What may be challenged, by name."""

_AT_ONCE = 4


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be held against AWS. `seed` None takes the head's SHA-256, which whoever sealed it knew before."""

    size: int
    population: str = "all"
    seed: str | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] | None = None
    assumes: bool = False


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenge came to. `items` are the sample, in its order; `extra` what AWS lists and the evidence does not.

    `began` and `ended` are of the live reading; `unreached` tells for each account why nothing was read in it. `accounts` are
    those it was narrowed to; none for all.
    """

    run: RunSummary
    head: Head
    who: str
    began: datetime
    ended: datetime
    population: str
    items_in_all: int
    asked: int
    seed: str
    independent: bool
    items: tuple[Challenged, ...]
    extra: tuple[Challenged, ...]
    read: tuple[str, ...]
    unreached: tuple[tuple[str, str], ...]
    accounts: tuple[str, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many items of the sample came to this."""
        return sum(one.outcome is outcome for one in self.items)

    @property
    def mismatches(self) -> int:
        """How many things nothing explains, those that the evidence does not list among them."""
        return sum(one.outcome is Outcome.MISMATCH for one in (*self.items, *self.extra))

    @property
    def reread(self) -> int:
        """How many items of the sample were read again."""
        return len(self.items) - self.count(Outcome.NOT_REREAD)

    @property
    def proves_little(self) -> bool:
        """True if fewer than half of the sample was read again."""
        return 2 * self.reread < len(self.items)


class ChallengeLocker:
    """Challenges one locker. `secret` keys the pseudonyms of the live reading and is thrown away after it.

    `account` and `who` are the auditor's own, as STS says.
    """

    def __init__(
        self, *, history: LockerHistory, source: AccountSource, account: str, who: str, secret: bytes, clock: Clock
    ) -> None:
        self._history, self._source, self._account, self._who = history, source, account, who
        self._secret, self._clock = secret, clock

    def __call__(self, run: RunSummary, ask: Ask, *, watch: Callable[[str], None] = lambda _: None) -> Challenge:
        """Draw, read again, compare. Raises ConfigError where there is nothing to draw from."""
        head = self._history.chain.head
        if head is None:
            raise EvidenceError("this chain has no head: there is nothing to challenge.")
        view = self._history.as_of(run)
        sealed = self._population(view, ask)
        chosen = _drawn(sealed, ask, head)
        began = canonical.utc(self._clock.now())
        context = locker_judgement.context_of(self._history, run)
        accounts = sorted({one.identity.account for one in chosen})
        now = Run.manual(began, None)
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            read = dict(
                zip(accounts, pool.map(lambda one: self._read(one, now, context, ask, watch), accounts), strict=True)
            )
        ended = canonical.utc(self._clock.now())
        return Challenge(
            run=run,
            head=head,
            who=self._who,
            began=began,
            ended=ended,
            population=ask.population,
            accounts=ask.accounts,
            items_in_all=len(sealed),
            asked=ask.size,
            seed=ask.seed or head.sha256,
            independent=ask.seed is not None,
            items=tuple(self._item(one, read[one.identity.account], ended) for one in chosen),
            extra=tuple(self._extra(view, read, ask)),
            read=tuple(one for one in accounts if isinstance(read[one], Live)),
            unreached=tuple((one, why) for one, why in read.items() if isinstance(why, str)),
        )

    def _population(self, view: AsOf, ask: Ask) -> list[Listed]:
        known = {one.account for one in view.standings}
        if unknown := sorted(set(ask.accounts) - known):
            raise ConfigError(f"--account {unknown[0]}: run {view.run.run_id} knows no such account.")
        found = [
            one
            for standing in view.standings
            if not ask.accounts or standing.account in ask.accounts
            for one in standing.listed
            if one.identity.kind in POPULATIONS[ask.population]
        ]
        if not found:
            raise ConfigError(f"run {view.run.run_id} lists nothing of population {ask.population}: choose another.")
        return found

    def _read(self, account: str, run: Run, context: Context, ask: Ask, watch: Callable[[str], None]) -> "Live | str":
        """The account as AWS shows it now, or why it does not."""
        direct = account == self._account
        if not direct and not ask.assumes:
            return "these credentials stand in another account: name a role to take there with --role-name"
        watch(account)
        redactor = Redactor(self._secret, context.governance.scope.tags.owner)
        target = Target(
            account=account,
            direct=direct,
            organization_level=direct and account == context.caller_account and context.organization.id is not None,
            regions=ask.regions,
        )
        carry = carry_of(None, run=run, account=account, policies=context.managed_policies)
        try:
            readings = self._source.read(target, run=run, carry=carry, raw=_Forgets(), redactor=redactor)
        except AccountUnreachable as unreachable:
            return unreachable.detail
        snapshot = assemble.assemble(
            readings,
            account=_account(context, account),
            run=run,
            context=org_context(context),
            governance=context.governance,
        )
        return Live.of(snapshot, redactor.people())

    def _item(self, listed: Listed, live: "Live | str", now: datetime) -> Challenged:
        sealed = self._sealed(listed.identity, listed.seen_in)
        if isinstance(live, str):
            return not_reread(sealed, f"account {listed.identity.account}: {live}")
        return challenged(sealed, live, now=now)

    def _sealed(self, identity: Identity, seen_in: RunSummary) -> Sealed:
        snapshot = self._snapshot(identity.account, seen_in)
        people = self._history.people(seen_in, identity.account)
        return Sealed.of(identity, snapshot, people, run_id=seen_in.run_id)

    def _snapshot(self, account: str, run: RunSummary) -> Snapshot:
        """The whole snapshot, documents too: a standing is without them."""
        opened = next(self._history.opened(account, run, newest_first=True))
        if opened.snapshot is None:
            raise EvidenceError(opened.wrong or f"the snapshot of {account} in run {run.run_id} cannot be opened.")
        return opened.snapshot

    def _extra(self, view: AsOf, read: dict[str, "Live | str"], ask: Ask) -> Iterator[Challenged]:
        """What AWS lists of this population in the accounts that were read again, and the evidence does not."""
        for standing in view.standings:
            live = read.get(standing.account)
            if isinstance(live, Live) and standing.read_in is not None:
                snapshot = self._snapshot(standing.account, standing.read_in)
                known = frozenset(view.reveal(one.identity.id) for one in standing.listed)
                wanted = POPULATIONS[ask.population]
                yield from unlisted(snapshot, known, live, wanted)


class _Forgets:
    """Takes wire bodies and keeps none: a challenge compares, and leaves nothing behind."""

    def add(self, response: RawResponse) -> None:
        """Let it go."""


def _drawn(sealed: Iterable[Listed], ask: Ask, head: Head) -> list[Listed]:
    by_id = {one.identity.id: one for one in sealed}
    frozen = canonical.digest(sorted(by_id))
    drawn = sampling.draw(
        (Item(id=one) for one in by_id), n=ask.size, seed=ask.seed or head.sha256, population_sha256=frozen
    )
    return [by_id[one.item_id] for one in drawn.selected]


def _account(context: Context, account: str) -> Account:
    return next((one for one in context.accounts if one.id == account), Account(id=account, state=AccountState.UNKNOWN))
