"""The watchdog's day and week: it looks at the head, leaves its signed word beside the chain, and says what it saw."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from prooftrail.errors import AlreadySealed
from prooftrail.evidence import envelope, layout, verify, witness
from prooftrail.evidence.findings import Problem
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.witness import MOST_TROUBLES, Earlier, Witness
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker, Signer
from prooftrail.settings import Retention

from . import head as chain_head
from . import watch_look, weekly_text
from .watch_look import LINKED, SIGNED, Look
from .weekly_text import Mail, ToldRun

_RUNS_TOLD = 7


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What one look came to. `broken` is what an alarm is for; `written` the word's name, None where there was no news.

    `head_age_hours` counts whole hours since the store took the head; None where there is none. `pending_key` is the
    fingerprint of a newer signing key that no rotation has brought in yet: a note, nothing broken. `exchanged_in` is the
    slot of the rotation that brought in the key in force; None for the genesis's own.
    """

    head: Head | None
    head_age_hours: int | None
    missed_ticks: tuple[datetime, ...]
    broken: tuple[Problem, ...]
    written: str | None
    words: int
    pending_key: str | None = None
    exchanged_in: int | None = None


class Watch:
    """Looks at the end of the chain and its own earlier words, and signs what it saw with a key of its own.

    Reads `chain/` and `witness/` and nothing else. `public_key` is a key of the chain as the watchdog knows it: of the
    signing key, never out of the locker. `before` gives the one in force before it, None where there is none: between
    the making of a key and the rotation that brings it in, that is the one that signs.
    """

    def __init__(
        self,
        *,
        locker: Locker,
        signer: Signer,
        public_key: bytes,
        clock: Clock,
        retention: Retention | None = None,
        before: Callable[[], bytes | None] | None = None,
    ) -> None:
        self._locker, self._signer, self._public_key, self._clock = locker, signer, public_key, clock
        self._before = before
        self._retention = retention or Retention()

    def __call__(self) -> Watched:
        """Look, and leave a word: for every head once, again each later day without a newer one, and whenever what is to
        be said changes.

        What is wrong is said and never raised; raises AccessError where the store or the key does not answer.
        """
        now = canonical.utc(self._clock.now())
        witness_key = self._signer.public_key_pem()
        seen = watch_look.look(self._locker, public_key=self._public_key, witness_key=witness_key, before=self._before)
        word = self._word(seen, now)
        written = self._say(word) if word and _news(word, seen) else None
        age = _age(seen, now)
        return Watched(
            head=seen.head,
            head_age_hours=None if age is None else age // timedelta(hours=1),
            missed_ticks=verify.silent_ticks(seen.chain, now),
            broken=tuple(one for one in seen.problems if one.breaks),
            written=written,
            words=len(seen.names) + (written is not None),
            pending_key=seen.pending,
            exchanged_in=seen.exchanged_in,
        )

    def _word(self, seen: Look, now: datetime) -> Witness | None:
        """The word to say; None where there is no chain and never was one."""
        head, last = seen.head, seen.last
        if head is None and last is None:
            return None
        at = head.seq if head else layout.Place(last.said.key).seq or 0 if last else 0
        key = witness.first_sight(at)
        newest, genesis, age = watch_look.last_manifest(seen.chain), seen.chain.genesis, _age(seen, now)
        found = witness.troubles(seen.problems)
        return Witness(
            key=key if key not in seen.names else witness.later(at, now),
            locker_id=genesis.locker_id() if genesis else None,
            head=head,
            stored_at=seen.slot.stored_at if seen.slot else None,
            checked_at=now,
            age_s=None if age is None else age // timedelta(seconds=1),
            signature_held=head is not None and watch_look.held(seen.problems, at, SIGNED),
            link_held=head is not None and watch_look.held(seen.problems, at, LINKED),
            previous_link_held=head is not None and watch_look.held(seen.problems, at - 1, LINKED | SIGNED),
            troubles=found[:MOST_TROUBLES],
            troubles_in_all=len(found),
            last_tick=newest.last_tick if newest else None,
            missed_ticks=verify.silent_ticks(seen.chain, now),
            previous=_earlier(seen),
            retain_until=self._retention.until(EvidenceKind.WITNESS, now),
            account=witness.account_of(self._signer.origin()),
            key_fingerprint=envelope.fingerprint(self._signer.public_key_pem()),
        )

    def _say(self, word: Witness) -> str | None:
        """Seal the word. A name taken in the meantime is another watch's, whose word stands; ours takes a later name."""
        names = (word.key, witness.later(layout.Place(word.key).seq or 0, word.checked_at))
        for key in dict.fromkeys(names):
            said = msgspec.structs.replace(word, key=key)
            body = witness.seal(said, keyid=said.key_fingerprint, sign=self._signer.sign)
            try:
                self._locker.put(key, body, retain_until=said.retain_until)
            except AlreadySealed:
                continue
            return key
        return None


def _age(seen: Look, now: datetime) -> timedelta | None:
    return max(now - seen.slot.stored_at, timedelta(0)) if seen.slot else None


def _earlier(seen: Look) -> Earlier | None:
    last = seen.last
    return Earlier(key=last.said.key, sha256=last.sha256, retain_until=last.said.retain_until) if last else None


def _news(word: Witness, seen: Look) -> bool:
    last = seen.last
    return last is None or last.said.says() != word.says() or last.said.checked_at.date() != word.checked_at.date()


class WeeklyWord:
    """The mail to the security team and the auditor: the head, the keys, the last runs, and how to check all that."""

    def __init__(
        self,
        *,
        locker: Locker,
        public_key: bytes,
        witness_key: bytes,
        clock: Clock,
        before: Callable[[], bytes | None] | None = None,
    ) -> None:
        self._locker, self._public_key, self._witness_key, self._clock = locker, public_key, witness_key, clock
        self._before = before

    def __call__(self) -> Mail:
        """Look again and put it into words. Writes nothing; raises AccessError where the store does not answer."""
        now = canonical.utc(self._clock.now())
        seen = watch_look.look(
            self._locker, public_key=self._public_key, witness_key=self._witness_key, before=self._before
        )
        last = seen.last
        return weekly_text.mail(
            weekly_text.Week(
                at=now,
                locker=self._locker.describe(),
                locker_id=seen.chain.genesis.locker_id() if seen.chain.genesis else None,
                head=seen.head,
                key_fingerprint=envelope.fingerprint(seen.public_key),
                witness_fingerprint=envelope.fingerprint(self._witness_key),
                witnessed=last.said if last else None,
                runs=None if seen.too_large else self._runs(seen.public_key),
                missed_ticks=verify.silent_ticks(seen.chain, now),
                broken=tuple(one for one in seen.problems if one.breaks),
                pending_key=seen.pending,
                exchanged_in=seen.exchanged_in,
            )
        )

    def _runs(self, public_key: bytes) -> Sequence[ToldRun]:
        """The last runs, newest first, as far as the chain holds."""
        back = chain_head.manifests_back(self._locker, public_key=public_key)
        # Each is told before the next is read: seven of a large organization's manifests are too many at once.
        told = (weekly_text.told(head, one) for head, one in back)
        return list(itertools.islice(told, _RUNS_TOLD))
