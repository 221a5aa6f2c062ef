"""Who was asked before, and what somebody other than the owner can do: the words for each hop of a chain."""

from collections.abc import Iterable, Iterator
from datetime import date

from prooftrail.model.judgement import Event
from prooftrail.model.notice import Asked, Entry, Hop

from . import wording
from .scene import Scene
from .wording import shown, wrapped


def asked_words(asked: Iterable[Asked], scene: Scene) -> str:
    """`Ada (owner) on 2026-11-14 and 2026-11-17; Bo (deputy) could not be reached: left`; empty where nobody was."""
    days: dict[tuple[str, Hop], list[date]] = {}
    missed: dict[tuple[str, Hop], str] = {}
    for one in asked:
        who = (one.recipient, one.hop)
        if one.sent:
            days.setdefault(who, []).append(one.on)
        else:
            missed[who] = one.why or "no reason is on record"
    parts = [f"{_who(*who, scene)} on {wording.listing([str(one) for one in on])}" for who, on in days.items()]
    parts += [f"{_who(*who, scene)} could not be reached: {shown(why)}" for who, why in missed.items()]
    return "; ".join(parts)


def _who(recipient: str, hop: Hop, scene: Scene) -> str:
    if recipient == scene.recipient:
        return "you"
    return f"{shown(scene.names(recipient), longest=60)} ({HOPS[hop]})"


HOPS: dict[Hop, str] = {
    Hop.OWNER: "owner",
    Hop.DEPUTY: "deputy",
    Hop.MANAGER: "manager",
    Hop.CONTACT: "contact of the account",
    Hop.SECURITY: "security team",
}
"""A hop as a reader knows it."""

_CAN: dict[Hop, str] = {
    Hop.DEPUTY: "Do it in the owner's place, or see that it is done.",
    Hop.MANAGER: "You need not do it yourself: have it done, or name somebody who can.",
    Hop.CONTACT: "See that it is done. You may shut it to protect the account: that can be undone.",
    Hop.SECURITY: "You are the last to be asked: have it shut, or have an exception approved.",
}

_UNOWNED: dict[Hop, str] = {
    Hop.CONTACT: "Nobody is recorded as its owner. It is in your account: name who answers for it, or shut it.",
    Hop.SECURITY: "Nobody is recorded as its owner. See that the account's contact names one, or have it shut.",
}

_DISOWNED = (
    "Somebody tagged it as not theirs: find who answers for it, and reassign it as shown below, or have it shut."
)


def role(entry: Entry, scene: Scene) -> Iterator[str]:
    """Why somebody other than the owner reads this, who was asked before, and what that person can do."""
    if entry.hop is Hop.OWNER:
        return
    words = asked_words(entry.asked, scene)
    asked = f"Asked before: {words}." if words else "Nobody nearer could be asked."
    if entry.matters[0].event is Event.UNOWNED and entry.hop in _UNOWNED:
        yield from wrapped(f"{_UNOWNED[entry.hop]}{f' {asked}' if words else ''}", "Your part: ")
    elif entry.matters[0].not_mine is not None:
        yield from wrapped(f"You get this as {HOPS[entry.hop]}. {asked} {_DISOWNED}", "Your part: ")
    else:
        yield from wrapped(
            f"You get this as {HOPS[entry.hop]}. {asked} It is still open. {_CAN[entry.hop]}", "Your part: "
        )
