"""What is remembered of a matter on a day before anybody is told: the round it is in, the hand-over that holds, the pause.

A round lasts while a matter fails. What whoever may tag can change (owner, tier, due date) neither begins one nor ends
one: else a tag that moves every day would keep everybody farther from hearing.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from msgspec.structs import replace

from prooftrail.model import canonical
from prooftrail.model.notice import Answer, AnswerKind, HandOver, Matter, Told

from . import cadence
from .chain import Chains

_LONGEST_LEAD = timedelta(days=90)  # nothing is told of what fails later


def remembered(before: Told | None, matter: Matter, said: tuple[Answer, ...], on: date, chains: Chains) -> Told:
    """The row of a matter today, after what was remembered of it and what was `said` about it, oldest first.

    An answer given before a matter began to fail, or came back, is spent, unless it was going to fail then. `on` is today.
    """
    due_on = matter.due_at.date()  # sealed in UTC
    row = _in_round(before, matter, due_on, on)
    if row.handed is not None:
        row = _held_to(row, row.handed, matter, chains)
    said = tuple(_standing(said, matter, before)) if said else said
    if said:
        row = _handed(row, matter, said)
    if (said or matter.not_mine) and not row.paused:
        row = _paused(row, matter, said, on)
    named = handed_to(row) or matter.owner
    if (row.owner, row.event) == (named, matter.event):
        return row
    return replace(row, owner=named, event=matter.event)


def handed_to(row: Told) -> str | None:
    """Whoever it is handed to; None if to nobody, or no longer."""
    return row.handed.to if row.handed else None


def _in_round(before: Told | None, one: Matter, due_on: date, on: date) -> Told:
    """The row, begun anew where the matter began to fail, came back, or is due earlier than ever while there is time."""
    if before is None:
        return Told(matter=one.id, owner=one.owner, event=one.event, failing=one.failing, due_on=due_on, steps=())
    if _came_back(before, one):
        fresh = Told(matter=one.id, owner=one.owner, event=one.event, failing=True, due_on=due_on, steps=())
        return replace(fresh, asked=before.asked)
    if one.failing and not before.failing:
        return replace(before, failing=True, due_on=due_on, steps=(), first_on=None)
    if before.due_on < on or due_on >= before.due_on:
        return before
    if (before.due_on - due_on).days > 1:
        return replace(before, due_on=due_on, steps=(), first_on=None)
    return before


def _came_back(before: Told, one: Matter) -> bool:
    """True if it was told of before it began to fail again."""
    if not (before.failing and one.failing and one.since and before.first_on):
        return False
    return before.first_on < one.since.date()


def _standing(said: Iterable[Answer], one: Matter, before: Told | None) -> Iterator[Answer]:
    """The answers of this round: since it fails, or since it was going to, where it did not fail when last looked at."""
    since = one.since
    if since is None or not one.failing or (before is not None and not before.failing):
        since = (
            canonical.utc(one.due_at if before is None else min(one.due_at, _midnight(before.due_on))) - _LONGEST_LEAD
        )
    return (each for each in said if canonical.utc(each.at) >= canonical.utc(since))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _held_to(row: Told, handed: HandOver, one: Matter, chains: Chains) -> Told:
    """The hand-over ended where its owner by evidence is another since, or a tag denies it that did not before."""
    if handed.to is None:
        return row
    denied = one.not_mine is not None and one.not_mine != handed.not_mine
    if denied or not chains.is_same(one.owner, handed.owner):
        return replace(row, handed=replace(handed, to=None))
    if handed.not_mine is not None and one.not_mine is None:
        return replace(row, handed=replace(handed, not_mine=None))  # set again, it is said anew
    return row


def _handed(row: Told, one: Matter, said: tuple[Answer, ...]) -> Told:
    """The newest hand-over, where it was not taken into account before. The first gives its new owner all the time there is."""
    given = [each for each in said if each.kind is AnswerKind.REASSIGNED and each.to]
    if not given or (row.handed is not None and given[-1].at <= row.handed.at):
        return row
    newest = given[-1]
    handed = HandOver(at=newest.at, to=newest.to, owner=one.owner, not_mine=one.not_mine)
    if row.handed is not None:
        return replace(row, handed=handed)
    return replace(row, handed=handed, steps=(), first_on=None)


def _paused(row: Told, matter: Matter, said: tuple[Answer, ...], on: date) -> Told:
    """Escalation paused from the day of the answer on; from today where a tag says that it is somebody else's.

    Not before it is due: nobody farther is asked until then, and an answer in good time must not be spent on it.
    """
    first = said[0] if said else None
    begins = min(on, canonical.utc(first.at).date()) if first else on
    until = max(begins, matter.due_at.date()) + timedelta(days=cadence.PAUSE_DAYS[matter.tier])
    answer = f"{said[-1].kind} {canonical.utc(said[-1].at).date()}" if said else "not theirs by a tag"
    return replace(row, paused=True, paused_until=until, answer=answer)
