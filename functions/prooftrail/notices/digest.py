"""One recipient's mail of one day: families told together, most serious first, written once redacted and once revealed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from prooftrail.model import canonical
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Entry, Hop, Matter, Notice, NoticeItem, Undelivered

from . import closing, text, wording
from . import summary as weekly_summary
from .day import Call, Day, Names
from .scene import Scene
from .summary import Summary
from .text import Told
from .wording import counted, day, wrapped

FULL_LINES = 20
"""Entries a mail tells in full; the others are counted."""

_LABELLED = 80  # characters of a sealed label
_ID = 32  # hexadecimal digits: 128 bits
_MINIMAL = "minimal"


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
    Raises ValueError without any call and any summary: there is nothing to say.
    """
    if not calls and summary is None:
        raise ValueError(f"nothing to tell {recipient} on {on.on}")
    lines = _ordered(calls, on.on)
    items = tuple(_item(one.entry) for one in lines)
    sealed = Scene(
        on=on.on,
        run_id=on.run_id,
        recipient=recipient,
        locker=locker,
        owner_tag=owner_tag,
        accounts=accounts,
        names=_as_sealed,
    )
    mail = _Mail(lines, calls, open_matters, summary, style)
    letter_subject, letter_text = mail.subject(sealed), mail.text(msgspec.structs.replace(sealed, names=names))
    notice = Notice(
        id=_id(recipient, on.on, items, style, weekly=summary is not None),
        on=on.on,
        recipient=recipient,
        address=address,
        route=tuple(dict.fromkeys(step for one in calls for step in (*one.route, str(one.hop)))),
        step=lines[0].entry.step if lines else "weekly",
        style=style,
        subject=letter_subject,
        text=mail.text(sealed),
        content_sha256=canonical.sha256(f"{letter_subject}\n{letter_text}".encode()),
        items=items,
        held=held,
        weekly=summary is not None,
    )
    return Draft(notice=notice, letter_subject=letter_subject, letter_text=letter_text)


def _as_sealed(words: str) -> str:
    return words


def _id(recipient: str, on: date, items: tuple[NoticeItem, ...], style: str, *, weekly: bool) -> str:
    """The same for the same matters at the same steps, however their words are wrapped."""
    content = [
        [one.matters, one.control, one.event, one.tier, one.step, one.hop, one.due_on.isoformat()] for one in items
    ]
    return canonical.digest([recipient, on.isoformat(), style, weekly, content])[:_ID]


def _ordered(calls: Iterable[Call], today: date) -> list[Told]:
    """One entry a matter, or a family that stands alike; tier, then what is late, then the date, then the name."""
    together: dict[tuple[object, ...], list[Call]] = {}
    for one in sorted(calls, key=lambda call: (call.matter.account, call.matter.name, call.matter.id)):
        together.setdefault(_alike(one), []).append(one)
    return sorted((_told(alike) for alike in together.values()), key=lambda one: _place(one.entry, today))


def _alike(call: Call) -> tuple[object, ...]:
    matter = call.matter
    if matter.family is None:
        return (matter.id, call.step, call.hop)
    shared = matter.control, matter.event, matter.kind, matter.failing, matter.person
    return ("", matter.family, *shared, call.step, call.hop, call.usage)


def _told(calls: Sequence[Call]) -> Told:
    matters = tuple({call.matter.id: call.matter for call in calls}.values())
    entry = Entry(
        step=calls[0].step,
        hop=calls[0].hop,
        tier=max((one.tier for one in matters), key=lambda tier: tier.rank),
        due_on=min(_due(one) for one in matters),
        matters=matters,
        asked=tuple(dict.fromkeys(one for call in calls for one in call.asked)),
    )
    return Told(entry=entry, usage=all(call.usage for call in calls))


def _due(matter: Matter) -> date:
    return canonical.utc(matter.due_at).date()


def _place(entry: Entry, today: date) -> tuple[int, bool, date, str, str]:
    return -entry.tier.rank, entry.due_on >= today, entry.due_on, entry.matters[0].name, entry.matters[0].id


def _item(entry: Entry) -> NoticeItem:
    first = entry.matters[0]
    name = first.name if len(entry.matters) == 1 else f"{len(entry.matters)} of family {first.family}"
    return NoticeItem(
        matters=tuple(sorted(one.id for one in entry.matters)),
        identities=tuple(sorted({one.identity or one.subject for one in entry.matters})),
        control=first.control,
        event=first.event,
        accounts=tuple(sorted({one.account for one in entry.matters})),
        tier=entry.tier,
        step=entry.step,
        hop=entry.hop,
        due_on=entry.due_on,
        label=wording.shown(name, longest=_LABELLED),
    )


type _Written = tuple[list[str], list[str]]
"""An entry at a glance, and in full."""


class _Revealing:
    """Reveals, and remembers whether there was anything to reveal."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.changed = False

    def __call__(self, words: str) -> str:
        found = self._names(words)
        self.changed = self.changed or found != words
        return found


class _Mail:
    """What is written twice: as it is sent, then as it is sealed, which repeats what held nothing to reveal."""

    def __init__(
        self,
        lines: Sequence[Told],
        calls: Sequence[Call],
        open_matters: Mapping[Tier, int],
        summary: Summary | None,
        style: str,
    ) -> None:
        self._lines, self._calls, self._open = lines, calls, open_matters
        self._summary, self._minimal = summary, style == _MINIMAL
        self._before: dict[tuple[str, str], int] = {}
        self._plain: dict[int, _Written] = {}

    def subject(self, scene: Scene) -> str:
        """How many, by when, how bad; never a name, a key id or a secret's name."""
        if not self._lines:
            return weekly_summary.subject(self._summary) if self._summary else ""
        number, late = len(self._lines), self._late(scene.on)
        ahead = [one.entry.due_on for one in self._lines if one.entry.due_on >= scene.on]
        words = f"[Prooftrail] {number:,} to do" + (f" by {min(ahead)}" if ahead else "")
        return text.subject(words + (f", {len(late):,} late" if self._minimal and late else self._worst(late)))

    def _worst(self, late: Sequence[Told]) -> str:
        critical = [one for one in self._lines if one.entry.tier is Tier.CRITICAL]
        bad = [one for one in late if one.entry.tier is Tier.CRITICAL]
        if bad:
            return f", {len(bad):,} critical late"
        said = f", {len(late):,} late" if late else ""
        return f"{said}, {len(critical):,} critical" if critical else said

    @property
    def _owner(self) -> bool:
        return any(one.entry.hop is Hop.OWNER for one in self._lines)

    def _late(self, today: date) -> list[Told]:
        return [one for one in self._lines if one.entry.due_on < today]

    def text(self, scene: Scene) -> str:
        """The whole mail, ended with one line break."""
        return "\n".join(line.rstrip() for line in self._text(scene)).rstrip() + "\n"

    def _text(self, scene: Scene) -> Iterator[str]:
        if self._minimal:
            yield from self._only_where(scene)
            return
        if self._lines:
            yield from wrapped(self._opening(scene.on), rest="")
            yield ""
            yield from self._entries(scene)
            yield from closing.others(self._rest(), self._besides(), self._find(scene), owner=self._owner)
        if self._summary:
            yield from weekly_summary.told(self._summary, names=scene.names, labels=scene.accounts, locker=scene.locker)
            yield ""
        if self._lines:
            yield from closing.answers(scene.locker, tags=any(text.taggable(one.entry) for one in self._lines))
        yield from closing.why(self._calls, scene) if self._lines else closing.why_weekly(self._summary)
        yield from closing.trust()

    def _only_where(self, scene: Scene) -> Iterator[str]:
        if not self._lines:
            yield "The weekly summary is ready."
        else:
            yield from wrapped(self._opening(scene.on), rest="")
        yield ""
        yield "See it with:"
        yield from wording.command(["prooftrail", "findings", *wording.quoted([scene.locker]), "--open"], "  ")

    def _opening(self, today: date) -> str:
        number = len(self._lines)
        passed_on = sum(text.passed_on(one.entry) for one in self._lines)
        first = min(one.entry.due_on for one in self._lines)
        late = first < today
        which = ("It" if number == 1 else "The first") + (" was due on" if late else " is due on")
        when = f"{which} {day(first)}: {wording.left(first, today)}."
        things, need = counted(number, "thing"), "needs" if number == 1 else "need"
        if passed_on and not self._minimal:
            them = "it is" if number == 1 else "all are" if passed_on == number else f"{passed_on:,} of them"
            be = "" if number in (1, passed_on) else " is" if passed_on == 1 else " are"
            return f"{things} {need} you: {them}{be} passed on, for nobody nearer acted or could be asked. {when}"
        return f"{things} {need} you. {when}"

    def _entries(self, scene: Scene) -> Iterator[str]:
        """All entries on one screen, where there is more than one; then each in full."""
        full = [self._entry(number, one, scene) for number, one in enumerate(self._lines[:FULL_LINES], 1)]
        if len(self._lines) > 1:
            for glance, _ in full:
                yield from glance
            if len(self._lines) > FULL_LINES:
                yield f"and {len(self._lines) - FULL_LINES:,} more"
            yield ""
        for _, block in full:
            yield from block

    def _entry(self, number: int, told: Told, scene: Scene) -> _Written:
        """One entry at a glance and in full; what holds no pseudonym is written once for both copies."""
        if number in self._plain:
            return self._plain[number]
        revealing = _Revealing(scene.names)
        here = msgspec.structs.replace(scene, names=revealing)
        line = text.line(told, here)
        written = text.glance(number, line, here), text.block(number, line, here, self._before)
        if not revealing.changed:
            self._plain[number] = written
        return written

    def _rest(self) -> Mapping[Tier, int]:
        return Counter(one.entry.tier for one in self._lines[FULL_LINES:])

    def _besides(self) -> Mapping[Tier, int]:
        """What is open and not due to be told today, by tier."""
        told = Counter(matter.tier for one in self._lines for matter in one.entry.matters)
        return {tier: left for tier, number in self._open.items() if (left := number - told[tier]) > 0}

    def _find(self, scene: Scene) -> list[str]:
        """The command that lists what is theirs: by owner, by account for a contact, else all that is late."""
        words = ["prooftrail", "findings", *wording.quoted([scene.locker]), "--open"]
        entries = [one.entry for one in self._lines]
        accounts = {matter.account for one in entries for matter in one.matters}
        if self._owner:
            name = scene.names(scene.recipient)
            return [*words, "--owner", *wording.quoted([name])] if wording.typable(name) else words
        if len(accounts) == 1:
            return [*words, "--account", *wording.quoted(accounts)]
        return [*words[:-1], "--overdue"]
