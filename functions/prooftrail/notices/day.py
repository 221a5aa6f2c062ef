"""What a day's planning is given and what it gives: the values that the ladder, the digest and the flows share."""

from collections.abc import Callable, Mapping
from datetime import date

import msgspec

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Answer, Asked, Hop, Matter, Reach, Told
from prooftrail.model.snapshot import AlternateContact

type Names = Callable[[str], str]
"""Puts the names people know in the place of the pseudonyms in a text; what nobody knows stays as it is."""


class Link(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One hop of a matter's chain. `recipient` None: nobody stands there, and `why` says so.

    `address` is the pseudonym of the address that is written to, or None with a `why` (`left`, `has no address`,
    `a tag names an address outside tag_domains`).
    """

    hop: Hop
    recipient: str | None
    address: str | None
    why: str | None = None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of notices. `confirms` is True where an address has to confirm before it can be written to (SNS).

    `reach` is by recipient, `contacts` by account (None or missing: not read). `answers` are those sealed before, oldest
    first.
    """

    on: date
    run_id: str
    confirms: bool
    reach: Mapping[str, Reach]
    contacts: Mapping[str, tuple[AlternateContact, ...] | None]
    answers: tuple[Answer, ...] = ()


class Call(msgspec.Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """One matter that one recipient is due to hear of today, because of `step`, as `hop` of its chain.

    `asked` is who was asked before, oldest first. `route` tells the hops before this one and why they are not told
    (`owner: left`), or that they were (`owner: told 2026-11-20`). `usage` False leaves out how a person uses it.
    `waiting` says that the address was not confirmed yet when this was planned.
    """

    recipient: str
    address: str
    hop: Hop
    step: str
    matter: Matter
    asked: tuple[Asked, ...] = ()
    route: tuple[str, ...] = ()
    usage: bool = True
    waiting: bool = False


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What the ladder makes of one owner's matters: whom to call, what is remembered, and what nobody can be told of.

    `open_matters` counts all by tier, by the recipient who hears of them as their owner: a digest says how many are open
    besides those it lists. `unreachable` names the owners who cannot be told themselves, and `account N` where nobody can
    be told of what nobody owns there.
    """

    calls: tuple[Call, ...]
    told: tuple[Told, ...]
    undeliverable: tuple[str, ...]
    open_matters: Mapping[str, Mapping[Tier, int]]
    unreachable: frozenset[str] = frozenset()
