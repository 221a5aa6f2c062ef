"""What is remembered of a day once it is known what was sent: whom each matter was told to, and how everybody stands."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from prooftrail.model.notice import Asked, Hop, Notice, Reach, Sent, Told

MOST_ASKED = 10
"""How many times are remembered of a matter: of each of the five hops the newest, and the newest that was sent, always fit."""


def step_told(hop: Hop, step: str) -> str:
    """How a step is remembered: the owner's by its name, another hop's with the hop before it."""
    return step if hop is Hop.OWNER else f"{hop}: {step}"


def remember(told: Mapping[str, Told], notices: Iterable[Notice], sent: Iterable[Sent]) -> dict[str, Told]:
    """`told` after what was sent of `notices`; what was not sent leaves no trace. Twice is the same as once.

    Only matters of `told` are remembered: every matter of a plan's notices has a row in that plan.
    """
    ends = {one.notice for one in sent if one.message_id}
    return with_heard(told, (each for one in notices if one.id in ends for each in heard(one)))


def heard(notice: Notice) -> Iterator[tuple[str, Asked]]:
    """Each matter of a notice that was sent, with who was told of it at which step."""
    for item in notice.items:
        asked = Asked(hop=item.hop, recipient=notice.recipient, on=notice.on, step=item.step, sent=True)
        for matter in item.matters:
            yield matter, asked


def with_heard(told: Mapping[str, Told], heard: Iterable[tuple[str, Asked]]) -> dict[str, Told]:
    """`told` after what was heard."""
    rows = dict(told)
    for matter, asked in heard:
        if matter in rows:
            rows[matter] = _after(rows[matter], asked)
    return rows


def reached(reach: Mapping[str, Reach], sent: Iterable[Sent], reached: Iterable[Reach]) -> dict[str, Reach]:
    """How everybody can be reached after a day: as found when it was sent, with the last day anything was."""
    rows = dict(reach) | {one.recipient: one for one in reached}
    for one in sent:
        row = rows.get(one.recipient)
        if one.message_id and row is not None:
            on = one.at.date()
            rows[one.recipient] = replace(row, mailed_on=max(on, row.mailed_on or on))
    return rows


def with_asked(asked: tuple[Asked, ...], one: Asked) -> tuple[Asked, ...]:
    """`asked` and one more; when they are too many the oldest goes that a newer one of the same kind makes superfluous.

    Of each hop the newest is always kept, and the newest time somebody was really told: whoever was out of reach since
    must not be told the same once more.
    """
    if one in asked:
        return asked
    kept = [*asked, one]
    while len(kept) > MOST_ASKED:
        of_each = {(each.hop, each.recipient, each.sent): place for place, each in enumerate(kept)}
        newest = {each.hop: place for place, each in enumerate(kept)}
        told = {each.hop: place for place, each in enumerate(kept) if each.sent}
        needed = {*newest.values(), *told.values()}
        passed = (place for place, each in enumerate(kept) if of_each[each.hop, each.recipient, each.sent] != place)
        missed = (place for place, each in enumerate(kept) if place not in needed and not each.sent)
        others = (place for place in range(len(kept)) if place not in needed)
        del kept[next(chain(passed, missed, others))]
    return tuple(kept)


def _after(row: Told, asked: Asked) -> Told:
    step = step_told(asked.hop, asked.step)
    steps = row.steps if step in row.steps else (*row.steps, step)
    return replace(row, steps=steps, first_on=row.first_on or asked.on, asked=with_asked(row.asked, asked))
