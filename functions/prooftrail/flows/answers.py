"""Answers to notices: what they are for, how one is sealed, and which of those in a locker may be believed."""

import contextlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import get_close_matches

import msgspec

from prooftrail.errors import AccessError, AlreadySealed, ConfigError, EvidenceError, EvidenceUnreadable
from prooftrail.evidence import answers as sealed_answers
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Genesis
from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance, Owner
from prooftrail.model import canonical
from prooftrail.model.notice import Answer, AnswerKind
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker, ObjectVersion, Signer
from prooftrail.settings import Retention

from . import head as chain_head
from .answered import Meant
from .locker_history import AsOf
from .owner_named import Asked

_APART = timedelta(hours=1)  # how far the clock of who answers and the store's may differ
_LEFT_OUT = "(address left out)"


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of a locker, oldest first, each with its key and whether a key signed it; `gaps` tell which do not count.

    What is in a bucket, signed or not, rests on who may write `answers/` there, which its policy says.
    """

    items: tuple[tuple[str, Answer, bool], ...] = ()
    gaps: tuple[str, ...] = ()


def answers(locker: Locker, since: datetime, policy: Governance | None = None) -> Answers:
    """Every answer given at `since` or later that can be believed; of the others one sentence each.

    Not believed is what is not what its name tells or bears a signature that does not hold, what was given in another
    locker, or what the store received more than an hour before or after it is dated. A directory does not say who wrote
    into it: there only the chain's own keys are heard, each until it was exchanged. With the `policy` in force, sealed,
    nothing is handed to who is no active owner of it.
    """
    found: list[tuple[str, Answer, bool]] = []
    gaps: list[str] = []
    ear: _Ear | None = None
    for one in _listed(locker, since):
        ear = ear or _Ear(locker, policy)
        try:
            answer = _read(locker, one)
        except EvidenceError as error:
            gaps.append(f"an answer does not count: {error}")
            continue
        if why := ear.doubt(one, answer):
            gaps.append(f"an answer does not count: {one.key} {why}.")
        else:
            found.append((one.key, answer, sealed_answers.signed(answer)))
    return Answers(items=tuple(found), gaps=tuple(gaps))


def locker_id(locker: Locker) -> str:
    """The name every manifest of the locker's chain carries. Raises EvidenceError where there is no genesis."""
    genesis = manifest.read(layout.chain_key(0), locker.get(layout.chain_key(0)))
    if not isinstance(genesis, Genesis):
        raise EvidenceUnreadable(
            f"{layout.chain_key(0)} of {locker.describe()} is no genesis: run `prooftrail verify`."
        )
    return genesis.locker_id()


def keyed_with(policy: Governance, secret: bytes) -> bool:
    """True if the pseudonyms of a sealed policy were made with this secret: those of its placeholders tell."""
    return Redactor(secret).pseudonym("unknown") in policy.placeholders


def _listed(locker: Locker, since: datetime) -> Iterator[ObjectVersion]:
    """The version written first of each answer from that second on; keys stand in the order of their time."""
    first, before = f"answers/{canonical.run_id(since)}", ""
    for one in locker.versions("answers/"):
        if one.key >= first and one.key != before and not one.delete_marker:
            before = one.key
            if layout.Place(one.key).kind is EvidenceKind.ANSWERS:
                yield one


def _read(locker: Locker, one: ObjectVersion) -> Answer:
    if one.size > sealed_answers.LARGEST:
        raise EvidenceError(f"{one.key} has {one.size:,} bytes, and no answer is so large.")
    return sealed_answers.read(one.key, locker.get(one.key, version_id=one.version_id))


class _Ear:
    """What an answer is held against: the locker's name, the chain's keys where nothing else vouches, and who is an owner."""

    def __init__(self, locker: Locker, policy: Governance | None) -> None:
        self._keeps_time, self._here = locker.keeps_time, locker_id(locker)
        self._signers = {} if locker.keeps_time else chain_head.signers(locker)
        self._owners = {one.id for one in policy.owners.owner if one.active} if policy else None

    def doubt(self, one: ObjectVersion, answer: Answer) -> str | None:
        """Why an answer whose signature holds does not count; None where it does."""
        if answer.locker != self._here:
            return "was given in another locker"
        if self._keeps_time and abs(one.stored_at - answer.at) > _APART:
            return "is dated more than an hour from when the store received it"
        if not self._keeps_time and (why := self._stranger(answer)):
            return why
        if self._owners is not None and answer.to is not None and answer.to not in self._owners:
            return "hands over to somebody who is no active owner of the policy in force"
        return None

    def _stranger(self, answer: Answer) -> str | None:
        key = sealed_answers.key_of(answer)
        if key is None:
            return "is signed by nobody, and a directory does not say who wrote it"
        if key not in self._signers:
            return "is signed with a key that is none of the chain's, and a directory does not say who wrote it"
        until = self._signers[key]
        if until is not None and answer.at > until:
            return "is signed with a key of the chain that was exchanged before"
        return None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is on record under `key`; `again` where the same had been said in the same second."""

    key: str
    answer: Answer
    again: bool


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: `signer` where there is one, for a key speaks for itself alone; else the caller, by the ARN AWS gives.

    `secret` keys the locker's pseudonyms; None where it is not at hand.
    """

    arn: str | None
    signer: Signer | None
    secret: bytes | None


class SayAnswer:
    """Seals answers into one locker."""

    def __init__(
        self, *, locker: Locker, voice: Voice, clock: Clock, retention: Retention, keep_days: int | None = None
    ) -> None:
        self._locker, self._voice, self._clock = locker, voice, clock
        self._retention, self._keep_days = retention, keep_days

    def __call__(self, meant: Meant, kind: AnswerKind, *, reason: str, to: Owner | None = None) -> Said:
        """Seal an acknowledgement or hand-over of what is meant; the same in the same second is the same answer.

        Raises ConfigError for a reason that would put an address in the clear, AccessError where it may not be written.
        """
        answer = self._signed(
            Answer(
                kind=kind,
                who=self._who(),
                at=canonical.utc(self._clock.now()).replace(microsecond=0),
                locker=locker_id(self._locker),
                matters=tuple(sorted({one.id for one in meant.matters})),
                identities=meant.identities,
                reason=self._reason(reason),
                to=to.id if to else None,
            )
        )
        earlier = self._said_already(answer)
        if earlier:
            return earlier
        key, body = sealed_answers.sealed(answer)
        again = False
        try:
            self._locker.put(key, body, retain_until=self._until(answer.at))
        except AlreadySealed:
            again = True
        except AccessError as refused:
            raise AccessError(
                f"{self._locker.describe()} takes no answer from {self._voice.arn or 'you'}: only who may write answers/"
                f" can give one, kept as long as the stage says (--keep-days). {refused}"
            ) from refused
        return Said(key=key, answer=answer, again=again)

    def _who(self) -> str:
        if self._voice.signer is not None:
            return sealed_answers.KEY + envelope.fingerprint(self._voice.signer.public_key_pem())
        if self._voice.arn is None:
            raise ConfigError("nobody is known to answer: give --home or --signer.")
        redacted = self._redactor().text(self._voice.arn)
        if self._voice.secret is not None or redacted == self._voice.arn:
            return redacted
        return f"{self._voice.arn.rpartition('/')[0]}/{_LEFT_OUT}"  # an e-mail address as the name of a session

    def _reason(self, reason: str) -> str:
        redacted = self._redactor().text(reason)
        if self._voice.secret is None and (redacted != reason or "@" in reason):
            raise ConfigError(
                "--reason holds an address, or what looks like a credential, and the key of pseudonyms is not at hand to"
                " replace it: leave it out, or name the home of this locker with --home."
            )
        return redacted

    def _redactor(self) -> Redactor:
        return Redactor(self._voice.secret or b"\0" * 32)

    def _signed(self, answer: Answer) -> Answer:
        signer = self._voice.signer
        if signer is None:
            return answer
        bare = msgspec.structs.replace(answer, public_key_pem=signer.public_key_pem().decode())
        signature = b64encode(signer.sign(bare.to_be_signed())).decode()
        return msgspec.structs.replace(bare, signature=signature)

    def _said_already(self, answer: Answer) -> Said | None:
        """The same, said in this second: a signature differs each time it is made, so hashes cannot tell."""
        bare = msgspec.structs.replace(answer, signature=None)
        for one in self._locker.versions(f"answers/{canonical.run_id(answer.at)}-"):
            with contextlib.suppress(EvidenceError):
                there = _read(self._locker, one)
                if msgspec.structs.replace(there, signature=None) == bare:
                    return Said(key=one.key, answer=there, again=True)
        return None

    def _until(self, at: datetime) -> datetime | None:
        if self._keep_days is not None:
            return at + timedelta(days=self._keep_days)
        return self._retention.until(EvidenceKind.ANSWERS, at)


def new_owner(policy: Governance, asked: str, view: AsOf, *, secret: bytes | None) -> Owner:
    """The owner of a sealed policy whom a person calls `asked`: by id, name or address, or the pseudonym of the id.

    Raises ConfigError for nobody, naming those that are close, and for who has left.
    """
    owners, found = policy.owners.owner, Asked(asked, view, secret=secret).among(policy)
    if found is None:
        known = sorted({view.reveal(text) for one in owners if one.active for text in (one.id, one.name)})
        near = get_close_matches(asked, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`prooftrail owners` lists them."
        raise ConfigError(f"--to {asked!r}: no owner of the newest sealed policy is called so; {hint}")
    if not found.active:
        raise ConfigError(f"--to {asked!r}: {view.reveal(found.name)} has left; name somebody who is there.")
    return found
