"""What `notices.toml` asks less of than before: who is no longer told, told later, told less, or written to besides."""

from collections.abc import Iterator

from .notices import Jurisdiction, Notices
from .policy import folded


def looser_notices(before: Notices, after: Notices) -> Iterator[str]:
    """Each way in which fewer are told, or with less, a sentence each; an address that may be written to besides is one."""
    yield from _openings(before, after)
    if after.cap_per_day < before.cap_per_day:
        yield f"at most {after.cap_per_day} notices are sent a day, {before.cap_per_day} before"
    if after.style == "minimal" and before.style != "minimal":
        yield "notices no longer say what is meant: their style is now minimal"
    if after.weekly_on == "never" and before.weekly_on != "never":
        yield "the weekly summary is no longer sent"
    if before.security_team and after.security_team is None:
        yield f"the security team is no longer the last to be asked: it was {before.security_team}"
    for domain in sorted(set(folded(after.tag_domains)) - set(folded(before.tag_domains))):
        yield f"any address at {domain} in an owner tag may now be written to"
    yield from _jurisdictions(before, after)


def _openings(before: Notices, after: Notices) -> Iterator[str]:
    now = {one.tier: one.from_day for one in after.opened}
    for one in before.opened:
        if one.tier not in now:
            yield f"notices of tier {one.tier} are no longer sent"
        elif now[one.tier] > one.from_day:
            yield f"notices of tier {one.tier} are sent from {now[one.tier]} on, {one.from_day} before"


def _jurisdictions(before: Notices, after: Notices) -> Iterator[str]:
    held = {one.name: one for one in before.jurisdiction}
    for one in after.jurisdiction:
        old = held.get(one.name)
        if old is None:
            yield f"in jurisdiction {one.name}, {_left_out(one)}"
            continue
        for what, was, now in (("manager", old.manager, one.manager), ("usage", old.usage, one.usage)):
            if was and not now:
                yield f"jurisdiction {one.name} now leaves out {_SAID[what]}"
        wider = sorted({*one.accounts, *one.owners} - {*old.accounts, *old.owners})
        yield from (f"jurisdiction {one.name} now holds for {each}" for each in wider)


_SAID = {"manager": "the manager", "usage": "how a person uses an identity"}


def _left_out(one: Jurisdiction) -> str:
    kept = {"manager": one.manager, "usage": one.usage}
    return f"{' and '.join(_SAID[what] for what, told in kept.items() if not told)} is now left out"
