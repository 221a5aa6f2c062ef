"""What owners are told: matters, the steps of the ladder, who was asked, the notices, what became of them, and answers.

Owners, addresses and names are pseudonyms here, as everywhere but in `people/`; what is sent is revealed text, of which
the hash is sealed. A notice that was published proves sending and never receipt.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from .identity import Kind
from .judgement import Event, Limit, Tier
from .run import SealedObject

# gc=False where a million are made.


class Hop(StrEnum):
    """Who is asked, nearest first. OWNER may be whoever a tag or the registry names."""

    OWNER = "owner"
    DEPUTY = "deputy"
    MANAGER = "manager"
    CONTACT = "contact"
    SECURITY = "security"

    @property
    def rank(self) -> int:
        """0 for the owner to 4 for the security team."""
        return _HOPS[self]


_HOPS = {one: rank for rank, one in enumerate(Hop)}


class Matter(msgspec.Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """One thing somebody is to be told of: an open finding, what will become one, or an exception that ends.

    `id` is the finding's fingerprint (of an exception, one made from its id). `failing` is False while it still passes,
    and for a certificate until it expires: `due_at` is its expiry then, also while its renewal is already a finding.
    `since` is when it began to fail (None while it passes), `since_before` that nobody saw it begin. `read_in` is the
    run that read its account: an older one than the run that tells means nobody knows whether it still holds. Matters are
    never sealed, and as arrays they wait in little room.
    """

    id: str
    event: Event
    control: str
    account: str
    subject: str
    identity: str | None
    kind: Kind | None
    arn: str | None
    name: str
    family: str | None
    owner: str | None
    tier: Tier
    failing: bool
    since: datetime | None
    since_before: bool
    due_at: datetime
    reason: str
    limit: Limit | None
    used: str | None
    person: bool
    not_mine: str | None
    read_in: str


class ReachState(StrEnum):
    """Whether somebody can be told. DIRECT needs no confirmation. BOUNCED is known where the notifier tells (SES does, SNS not)."""

    DIRECT = "direct"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    NO_ROUTE = "no route"
    LEFT = "left"


class Reach(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="reach"):
    """How one recipient can be reached, as last seen.

    `address` is the pseudonym of the address that was asked: another address begins anew. `asked_on` are the days it was
    invited to confirm, oldest first; `since` the day the state began; `mailed_on` the last day anything was sent.
    `held_since` is the first of the days in a row on which the cap kept them out, `weekly_on` the day their last summary of
    a week was sent. `tried_on` are the days, the first and the newest nine, on which asking or mailing it was refused or
    its address could not be named, with nothing between that went well; `detail` is what was said then.
    """

    recipient: str
    address: str | None
    state: ReachState
    asked_on: tuple[date, ...] = ()
    since: date | None = None
    mailed_on: date | None = None
    detail: str | None = None
    held_since: date | None = None
    weekly_on: date | None = None
    tried_on: tuple[date, ...] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One time somebody was told of a matter, or found unreachable (`sent` False, `why` says how)."""

    hop: Hop
    recipient: str
    on: date
    step: str
    sent: bool
    why: str | None = None


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over of a matter, and whose it was by evidence (`owner`, and `not_mine` the tag that denied it) when it was
    first taken into account: it holds until evidence says otherwise, and `to` is None from then on.
    """

    at: datetime
    to: str | None
    owner: str | None
    not_mine: str | None


class Told(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="told"):
    """What is remembered of a matter that somebody was told of, sealed with each day's plan.

    `failing` is whether it failed once, and `due_on` the earliest due date since: when it begins to fail, or is due earlier
    while there is time, the ladder begins anew, and `asked` stays. `steps` are those told by now, oldest first. `first_on`
    is the day this ladder was first told to anybody, or nobody was found who can be told: nobody farther is asked by days
    that were over before. `asked` holds the newest ten. `paused_until` and `answer` are of an acknowledgement or
    hand-over, which pauses escalation once (`paused`). `handed` is the newest hand-over.
    """

    matter: str
    owner: str | None
    event: Event
    failing: bool
    due_on: date
    steps: tuple[str, ...]
    first_on: date | None = None
    asked: tuple[Asked, ...] = ()
    paused: bool = False
    paused_until: date | None = None
    answer: str | None = None
    handed: HandOver | None = None


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of a notice: a matter, or the matters of one family that stand alike, told together.

    `step` is the ladder's (`first`, `T-7`, `due`, `overdue 3`, `again`, `handed over`), `hop` why this recipient hears of
    it. `due_on` is the earliest, `tier` the highest of the matters; `asked` is who was asked before, oldest first.
    """

    step: str
    hop: Hop
    tier: Tier
    due_on: date
    matters: tuple[Matter, ...]
    asked: tuple[Asked, ...] = ()


class Undelivered(StrEnum):
    """Why a notice is planned and not sent. What is held is planned again the next day; nothing is forgotten."""

    CLOSED = "its tier is not open yet"
    CAPPED = "the day's cap is reached"
    WAITING = "its address has not been confirmed yet"
    UNREACHABLE = "nobody of its chain can be reached"
    ALREADY = "one notice was sent today already"
    UNREMEMBERED = "what was told before cannot be read, so nothing is sent for a day"
    UNSETTLED = "an earlier notice is still being sent"
    LATE = "a newer run has been told of since, and the next one tells what is still due"


class NoticeItem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a sealed notice says of one line: which matters and accounts, at which step and hop, by when."""

    matters: tuple[str, ...]
    identities: tuple[str, ...]
    control: str
    event: Event
    accounts: tuple[str, ...]
    tier: Tier
    step: str
    hop: Hop
    due_on: date
    label: str


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="notice"):
    """One planned mail. `id` is the hash of recipient, day and content: the same plan again is the same notice.

    `route` tells the hops tried for it and why (`owner: left`, `deputy`); `subject` and `text` are redacted,
    `content_sha256` is of what is sent (subject, newline, text, UTF-8). `held` says why it is not sent, None if it is.
    `weekly` is True where it carries the weekly summary.
    """

    id: str
    on: date
    recipient: str
    address: str | None
    route: tuple[str, ...]
    step: str
    style: str
    subject: str
    text: str
    content_sha256: str
    items: tuple[NoticeItem, ...]
    held: Undelivered | None = None
    weekly: bool = False


class NoticesPart(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="notices"):
    """The first line of a part of a day's notices; `what` is `notices`, `told`, `reach` or `sent`, `part` counts from 0.

    `mac` is over all of a `sent` part, as in a run's plan; the others are named by hash.
    """

    schema: str = "prooftrail.notices/1"
    run_id: str
    on: date
    what: str
    part: int
    mac: str = ""


class NoticesPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A day's commit, `notices/RUN/plan.json`, written last: which parts count. `mac` is as in a run's plan.

    `shards` are the parts with notices, at most 2,000 recipients each; `told` and `reach` what was remembered before
    anything was sent today. `previous` is the run whose notices this day's memory follows, `follows` are all the runs that
    are in it, newest first, as far back as plans are looked for. `unended` are the shards, by run and number, of which it
    was not known what had become of them: they are settled before anything else is sent. `counts` are sums:
    planned, sent (to be), held by reason, `unreachable` (matters nobody can be told of), `unreachable_owners`, by tier and
    by hop; and what is to be sent today by item, as `step:first`, `step:reminder`, `step:escalated`.
    """

    schema: str = "prooftrail.notices-plan/1"
    run_id: str
    on: date
    planned_at: datetime
    previous: str | None
    shards: tuple[SealedObject, ...]
    told: tuple[SealedObject, ...]
    reach: tuple[SealedObject, ...]
    counts: tuple[tuple[str, int], ...]
    gaps: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    unended: tuple[tuple[str, int], ...] = ()
    mac: str = ""


NOT_KNOWN = "not known whether it was sent"
"""The error of a notice that was handed over, of which nothing was heard for so long that nobody waits any more."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="sent"):
    """What became of one notice: `message_id` where the notifier took it, else `error`. Sending is no receipt.

    `state` is the recipient's reach when it was tried, `hop` the nearest hop it spoke to, `how` the notifier (`sns`, `ses`,
    `console`). What is NOT_KNOWN counts as told: nobody is written to twice.
    """

    notice: str
    recipient: str
    state: ReachState
    hop: Hop
    how: str
    at: datetime
    message_id: str | None = None
    error: str | None = None

    @property
    def told(self) -> bool:
        """True if it may have arrived."""
        return self.message_id is not None or self.error == NOT_KNOWN


class AnswerKind(StrEnum):
    """What somebody who was told says."""

    ACKNOWLEDGED = "acknowledged"
    REASSIGNED = "reassigned"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An acknowledgement or a hand-over, sealed below `answers/`.

    `who` is the caller's ARN, or `key:` and the fingerprint of the key that signed. `matters` are findings' fingerprints,
    `identities` those meant by an identity or family. `to` is the new owner's pseudonym. `signature` is base64 of a DER
    ECDSA P-256 signature by `public_key_pem` over the canonical bytes with `signature` empty; both None where only AWS's
    record of the write vouches for `who`.
    """

    schema: str = "prooftrail.answer/1"
    kind: AnswerKind
    who: str
    at: datetime
    locker: str
    matters: tuple[str, ...]
    identities: tuple[str, ...] = ()
    reason: str
    to: str | None = None
    public_key_pem: str | None = None
    signature: str | None = None

    def to_be_signed(self) -> bytes:
        """What the key signs."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""), order="deterministic")
