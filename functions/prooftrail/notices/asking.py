"""Who was asked before, and what somebody other than the owner can do: the words for each hop of a chain."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from prooftrail.model import canonical
from prooftrail.model.identity import Kind
from prooftrail.model.notice import AnswerKind, Asked, Hop

from . import advice, wording
from .cadence import HANDED_OVER
from .chain import NOBODY, UNOWNED
from .grouping import Thing
from .scene import Scene
from .wording import known, shown, wrapped


def asked_words(asked: Iterable[Asked], scene: Scene) -> list[str]:
    """`Ada (owner) on 2026-11-14 and 2026-11-17`, `Bo (deputy) could not be reached: left`; nothing where nobody was.

    Who could not be reached may be whoever a tag names, which anybody wrote.
    """
    days: dict[tuple[str, Hop], list[date]] = {}
    missed: dict[tuple[str, Hop], str] = {}
    for one in asked:
        who = (one.recipient, one.hop)
        if one.sent:
            days.setdefault(who, []).append(one.on)
        elif one.recipient:
            missed[who] = one.why or "no reason is on record"
    parts = [f"{_who(*who, scene, known)} on {_days(on)}" for who, on in days.items()]
    return parts + [f"{_who(*who, scene, shown)} could not be reached: {shown(why)}" for who, why in missed.items()]


def absent_words(absent: Iterable[tuple[Hop, str]]) -> list[str]:
    """`nobody owns it`, `no deputy or manager is named`: hops where nobody stands, by why; who has no owner has no deputy."""
    hops: dict[str, list[str]] = {}
    for hop, why in dict.fromkeys(absent):
        hops.setdefault(why, []).append(HOPS[hop])
    if UNOWNED in hops:
        hops.pop(NOBODY, None)
    return [_absent(some, why) for why, some in hops.items()]


def _absent(hops: list[str], why: str) -> str:
    if why == UNOWNED:
        return why
    return f"no {' or '.join(hops)} {'is named' if why == NOBODY else f'to ask: {shown(why)}'}"


def _days(on: Iterable[date]) -> str:
    return wording.listing([str(one) for one in sorted(set(on))])


def _who(recipient: str, hop: Hop, scene: Scene, write: Callable[..., str]) -> str:
    if recipient == scene.recipient:
        return "you"
    return f"{write(scene.names(recipient), longest=60)} ({HOPS[hop]})"


HOPS: dict[Hop, str] = {
    Hop.OWNER: "owner",
    Hop.DEPUTY: "deputy",
    Hop.MANAGER: "manager",
    Hop.CONTACT: "contact of the account",
    Hop.SECURITY: "security team",
}
"""A hop as a reader knows it."""

_SHUT = frozenset({*advice.USERS, *advice.ROLES, Kind.ACCESS_KEY, Kind.SERVICE_SPECIFIC_CRED})
"""What can be shut without deleting it: not a root, an account, the organization or what only holds a setting."""

_CAN: dict[Hop, str] = {
    Hop.DEPUTY: "Do it in the owner's place, or see that it is done.",
    Hop.MANAGER: "You need not do it yourself: have it done, or name somebody who can.",
    Hop.CONTACT: "See that it is done.",
    Hop.SECURITY: "You are the last to be asked: have it done, or have an exception approved.",
}

_MAY_SHUT: dict[Hop, str] = {
    Hop.CONTACT: "See that it is done. You may shut it to protect the account: that can be undone.",
    Hop.SECURITY: "You are the last to be asked: have it shut, or have an exception approved.",
}

_UNOWNED: dict[Hop, str] = {
    Hop.CONTACT: "Nobody is recorded as its owner. It is in your account: name who answers for it",
    Hop.SECURITY: "Nobody is recorded as its owner. See that the account's contact names one",
}

_OR_SHUT: dict[Hop, str] = {Hop.CONTACT: ", or shut it", Hop.SECURITY: ", or have it shut"}

_DISOWNED = "Somebody tagged it as not theirs: find who answers for it, and reassign it as shown below"


def role(thing: Thing, scene: Scene) -> Iterator[str]:
    """Why somebody other than the owner reads this, who was asked before, and what that person can do."""
    hop = thing.hop
    if hop is Hop.OWNER:
        return
    shut = thing.first.matters[0].kind in _SHUT
    asked = _asked(thing, scene)
    if thing.unowned and hop in _UNOWNED:
        words = f"{_UNOWNED[hop]}{_OR_SHUT[hop] if shut else ''}.{f' {asked}' if asked.startswith(_BEFORE) else ''}"
    elif thing.not_mine is not None:
        words = f"You get this as {HOPS[hop]}. {asked} {_DISOWNED}{', or have it shut' if shut else ''}."
    else:
        can = (shut and _MAY_SHUT.get(hop)) or _CAN[hop]
        words = f"You get this as {HOPS[hop]}. {asked} It is still open. {can}"
    yield from wrapped(words, "Your part: ")


_BEFORE = "Asked before: "


def _asked(thing: Thing, scene: Scene) -> str:
    """Who was asked before, or that nobody could be and why."""
    absent = absent_words((one.hop, one.why or NOBODY) for one in thing.asked if not one.sent and not one.recipient)
    if words := asked_words(thing.asked, scene):
        return f"{_BEFORE}{'; '.join(words + absent)}."
    return f"Nobody nearer could be asked{f': {"; ".join(absent)}' if absent else ''}."


def handed_over(thing: Thing, scene: Scene) -> Iterator[str]:
    """Who handed it over to the reader, when, and what they said."""
    entry = next((one.entry for one in thing.told if one.entry.step == HANDED_OVER), None)
    given = [one for one in scene.said.to(entry.matters[0]) if one.kind is AnswerKind.REASSIGNED] if entry else []
    if given:
        newest = given[-1]
        key = newest.who.partition(_KEY)[2]
        who = f"whoever holds the key {key[:_KEY_DIGITS]}" if key else shown(scene.names(newest.who), longest=200)
        reason = shown(scene.names(newest.reason), longest=wording.LONGEST_REASON).replace('"', "'")
        yield from wrapped(f'{who} on {canonical.utc(newest.at).date()}: "{reason}"', "Handed over by ")


_KEY, _KEY_DIGITS = "key:", 12
