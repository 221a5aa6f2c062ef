"""One recipient's mail of one day: families told together, most serious first, written once redacted and once revealed."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from prooftrail.model import canonical
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Notice, NoticeItem, Undelivered

from . import answers, grouping
from .day import Call, Day, Names
from .mail import Mail
from .scene import Scene
from .summary import Summary

_ID = 32  # hexadecimal digits: 128 bits


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as it is sealed, and the letter as it is sent: the same lines with the names people know."""

    notice: Notice
    letter_subject: str
    letter_text: str


def compose(
    on: Day,
    recipient: str,
    address: str,
    calls: Sequence[Call],
    *,
    style: str,
    names: Names,
    accounts: Mapping[str, str | None],
    open_matters: Mapping[Tier, int],
    held: Undelivered | None,
    locker: str,
    summary: Summary | None = None,
    owner_tag: str = "owner",
) -> Draft:
    """The one mail of `recipient` on that day. Composing twice gives the same bytes, in whatever order the calls come.

    `accounts` are names by number, None where nobody told one. `open_matters` counts all that is the recipient's by tier,
    the listed ones included. `locker` is its address as a person types it, `owner_tag` the tag that names an owner here.
    Only what is named counts as told: what is merely counted stays due. Raises ValueError without any call and any summary: there is nothing to say.
    """
    if not calls and summary is None:
        raise ValueError(f"nothing to tell {recipient} on {on.on}")
    lines = grouping.ordered(calls, on.on)
    scene = Scene(
        on=on.on,
        run_id=on.run_id,
        recipient=recipient,
        locker=locker,
        owner_tag=owner_tag,
        accounts=accounts,
        names=names,
        said=answers.of(on),
    )
    mail = Mail(scene, lines, calls, open_matters, summary, style)
    subject = mail.subject()
    text, letter = mail.texts()
    items = grouping.items(mail.told())
    notice = Notice(
        id=_id(recipient, on.on, items, style, weekly=summary is not None),
        on=on.on,
        recipient=recipient,
        address=address,
        route=tuple(dict.fromkeys(step for one in calls for step in (*one.route, str(one.hop)))),
        step=lines[0].entry.step if lines else "weekly",
        style=style,
        subject=subject,
        text=text,
        content_sha256=canonical.sha256(f"{subject}\n{letter}".encode()),
        items=items,
        held=held,
        weekly=summary is not None,
    )
    return Draft(notice=notice, letter_subject=subject, letter_text=letter)


def _id(recipient: str, on: date, items: tuple[NoticeItem, ...], style: str, *, weekly: bool) -> str:
    """The same for the same matters at the same steps, however their words are wrapped."""
    content = [[one.matters, one.control, one.event, one.tier, one.step, one.hop, one.due_on] for one in items]
    return canonical.digest([recipient, on, style, weekly, content])[:_ID]
