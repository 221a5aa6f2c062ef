"""The end of every mail: what else is open, how to answer, why it came, and how to tell it from a forged one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop

from . import wording
from .asking import absent_words
from .chain import NOBODY, UNOWNED
from .day import Call
from .scene import Scene
from .summary import Summary
from .wording import shown, wrapped

_RULE = "-" * wording.COLUMNS
_TIERS = tuple(sorted(Tier, key=lambda one: -one.rank))

_BECAUSE: dict[Hop, str] = {
    Hop.OWNER: "you are recorded as owner, by a tag or in owners.toml",
    Hop.DEPUTY: "owners.toml names you as deputy of the owner",
    Hop.MANAGER: "owners.toml names you as manager of the owner",
    Hop.CONTACT: "you are the contact of the account",
    Hop.SECURITY: "you are the security team",
}


def by_tier(numbers: Mapping[Tier, int]) -> str:
    """`2 critical, 10 low`."""
    return ", ".join(f"{numbers[tier]:,} {tier}" for tier in _TIERS if numbers.get(tier))


def others(rest: Mapping[Tier, int], besides: Mapping[Tier, int], find: Sequence[str], *, owner: bool) -> Iterator[str]:
    """What is due and not named today, what else is open, and the command that lists it.

    Only to an `owner` it says that nothing else is open: of others it is not known.
    """
    yield _RULE
    if more := sum(rest.values()):
        verb = "is due and follows" if more == 1 else "are due and follow"
        yield from wrapped(f"{more:,} more {verb} on the next days: {by_tier(rest)}.", rest="")
    if any(besides.values()):
        yield from wrapped(f"Open besides, not due to be told today: {by_tier(besides)}.", rest="")
    elif owner and not any(rest.values()):
        yield "Nothing else of yours is open."
    yield "See more:"
    yield from wording.command(find, "  ")
    yield ""


@lru_cache(maxsize=8)
def answers(locker: str, *, tags: bool) -> str:
    """How to say that it is being worked on, or is somebody else's; by its tag too, where a line shows how."""
    (place,) = wording.quoted([locker])
    lines = [
        "No reply to this mail is read. To answer, take the Id of a line, or",
        "several with commas between them.",
        "It will be done, but not yet (others are not asked for a while):",
        *wording.command(["prooftrail", "ack", place, "ID", "--reason", "'REASON'"], "  "),
        "It is somebody else's:",
        *wording.command(["prooftrail", "reassign", place, "ID", "--to", "OWNER", "--reason", "'REASON'"], "  "),
        *wrapped(
            f"{'Or tag it as shown under Not yours. ' if tags else ''}Done? Nothing to answer: the next run sees it."
            " No prooftrail command at hand? Your security team has it. AWS commands are for the account under Where.",
            rest="",
        ),
        "",
    ]
    return "\n".join(lines)


def why(calls: Iterable[Call], scene: Scene) -> Iterator[str]:
    """Why this came to the reader: each hop, and what became of the hops before it."""
    routes: dict[tuple[Hop, tuple[str, ...]], None] = {}
    handed = True
    for one in calls:
        handed = handed and one.step == "handed over"
        routes[one.hop, one.route] = None
    for hop in sorted({hop for hop, _ in routes}, key=lambda one: one.rank):
        tried = "; ".join(_tried(routes, hop, scene)[:_ROUTE])
        because = "it was handed over to you" if handed else _BECAUSE[hop]
        yield from wrapped(f"You get this mail because {because}{f' ({tried})' if tried else ''}.", rest="")


def _tried(routes: Iterable[tuple[Hop, tuple[str, ...]]], hop: Hop, scene: Scene) -> list[str]:
    """What became of the hops before it; of those told on several days the last day, and last where nobody stands."""
    steps = dict.fromkeys(step for of, route in routes if of is hop for step in route)
    last: dict[str, str] = {}
    absent: list[tuple[Hop, str]] = []
    for step in steps:
        before, _, why = step.partition(": ")
        if why in (NOBODY, UNOWNED):
            absent.append((Hop(before), why))
            continue
        name = before if why.startswith(_TOLD) else step
        last[name] = max(step, last.get(name, ""))
    return [shown(scene.names(step)) for step in last.values()] + absent_words(absent)


def why_weekly(week: Summary | None) -> Iterator[str]:
    """Why a mail came that is nothing but a summary."""
    whom = "the security team" if week and week.organization else "the contact of these accounts"
    yield from wrapped(f"You get this mail every week because you are {whom}.", rest="")


_ROUTE, _TOLD = 6, "told "


@cache
def trust() -> str:
    """How to tell this mail from one that fishes for passwords."""
    return "\n".join(
        wrapped(
            "We never ask for a password, a key or a code, and never link to a page to log in: a mail that does is not"
            " ours. Type commands where you are signed in already. Do not pass this mail on: your mail service may add a"
            " link below that ends these mails for whoever follows it.",
            rest="",
        )
    )
