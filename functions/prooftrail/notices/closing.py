"""The end of every mail: what else is open, how to answer, why it came, and how to tell it from a forged one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop

from . import wording
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
    """What is due and was not told in full, what else is open, and the command that lists it.

    Only to an `owner` it says that nothing else is open: of others it is not known.
    """
    yield _RULE
    if any(rest.values()):
        yield from wrapped(f"Due as well, not shown here: {by_tier(rest)}.", rest="")
    if any(besides.values()):
        yield from wrapped(f"Open besides, not due to be told today: {by_tier(besides)}.", rest="")
    elif owner and not any(rest.values()):
        yield "Nothing else of yours is open."
    yield "See more:"
    yield from wording.command(find, "  ")
    yield ""


def answers(locker: str, *, tags: bool) -> Iterator[str]:
    """How to say that it is being worked on, or is somebody else's; by its tag too, where a line shows how."""
    (place,) = wording.quoted([locker])
    yield "No reply to this mail is read. To answer, take the Id of a line."
    yield "It will be done, but not yet (others are not asked for a while):"
    yield from wording.command(["prooftrail", "ack", place, "ID", "--reason", "REASON"], "  ")
    yield "It is somebody else's:"
    yield from wording.command(["prooftrail", "reassign", place, "ID", "--to", "OWNER", "--reason", "REASON"], "  ")
    yield from wrapped(
        f"{'Or tag it as shown under Not yours. ' if tags else ''}Done? Nothing to answer: the next run sees it. No"
        " prooftrail command at hand? Your security team has it. AWS commands are for the account under Where.",
        rest="",
    )
    yield ""


def why(calls: Iterable[Call], scene: Scene) -> Iterator[str]:
    """Why this came to the reader: each hop, and what became of the hops before it."""
    hops: dict[Hop, list[str]] = {}
    handed = all(one.step == "handed over" for one in calls)
    for one in calls:
        before = hops.setdefault(one.hop, [])
        before += [step for step in one.route if step not in before]
    for hop in sorted(hops, key=lambda one: one.rank):
        tried = "; ".join(shown(scene.names(step)) for step in hops[hop][:_ROUTE])
        because = "it was handed over to you" if handed else _BECAUSE[hop]
        yield from wrapped(f"You get this mail because {because}{f' ({tried})' if tried else ''}.", rest="")


def why_weekly(week: Summary | None) -> Iterator[str]:
    """Why a mail came that is nothing but a summary."""
    whom = "the security team" if week and week.organization else "the contact of these accounts"
    yield from wrapped(f"You get this mail every week because you are {whom}.", rest="")


_ROUTE = 6


def trust() -> Iterator[str]:
    """How to tell this mail from one that fishes for passwords."""
    yield from wrapped(
        "We never ask for a password, a key or a code, and never link to a page to log in: a mail that does is not"
        " ours. Type commands where you are signed in already. Keep this mail to yourself: your mail service may add a"
        " link below that ends these mails for whoever follows it.",
        rest="",
    )
