"""One line of a notice as a block of text: what, by when, where, why, what was seen, what to do, who was asked before."""

from collections.abc import Iterator, MutableMapping
from datetime import date

import msgspec

from prooftrail.evidence import layout
from prooftrail.model import canonical
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event, Limit
from prooftrail.model.notice import Entry, Hop, Matter

from . import advice, wording
from .advice import Advice
from .asking import asked_words, role
from .day import Names
from .scene import Scene, account_label
from .wording import LONGEST_REASON, day, in_ascii, left, shown, wrapped

_RULE = "-" * wording.COLUMNS
_EXAMPLES = 3  # of a family
_DELETES = frozenset(
    {
        "delete-access-key",
        "delete-service-specific-credential",
        "delete-signing-certificate",
        "delete-server-certificate",
    }
)
_LAST_USED = "last used "
_SESSION = "max_session_hours"

_NOUNS: dict[Kind, str] = {
    **dict.fromkeys(advice.USERS, "user"),
    **dict.fromkeys(advice.ROLES, "role"),
    Kind.ROLE_SSO: "role",
    Kind.ROLE_SERVICE_LINKED: "role",
    Kind.PERMISSION_SET: "permission set",
    Kind.SECRET: "secret",
    Kind.CERTIFICATE: "server certificate",
    Kind.OIDC_PROVIDER: "OIDC provider",
    Kind.SAML_PROVIDER: "SAML provider",
}

_OF_USERS = {Kind.ACCESS_KEY: "access key", Kind.SERVICE_SPECIFIC_CRED: "service credential"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One entry and whether it may tell how a person uses it."""

    entry: Entry
    usage: bool

    @property
    def private(self) -> bool:
        """True if nothing may be said of how it is used."""
        return not self.usage and any(one.person for one in self.entry.matters)


def revealed(matter: Matter, names: Names) -> Matter:
    """The matter with the names people know, before anything is cut, quoted or wrapped."""
    return msgspec.structs.replace(
        matter,
        name=names(matter.name),
        arn=names(matter.arn) if matter.arn else None,
        family=names(matter.family) if matter.family else None,
        reason=names(matter.reason),
        used=names(matter.used) if matter.used else None,
        not_mine=names(matter.not_mine) if matter.not_mine else None,
    )


def label(matter: Matter, fields: advice.Fields) -> str:
    """What it is and its name: `access key AKIA... of user deploy`, `role ci`, `account 111122223333`."""
    name = shown(matter.name)
    if matter.event is Event.EXCEPTION:
        return f"exception {name}"
    if matter.kind is None and matter.identity is not None:
        return f"identity {name}"
    if matter.kind is None:
        return "the organization" if matter.account == layout.ORGANIZATION else f"account {matter.account}"
    if matter.kind is Kind.ROOT:
        return f"the root of account {matter.account}"
    if matter.kind in _OF_USERS:
        whose = f" of user {shown(fields['user'])}" if "user" in fields else ""
        return f"{_OF_USERS[matter.kind]} {name}{whose}"
    return f"{_NOUNS[matter.kind]} {name}"


def fields_of(matter: Matter, scene: Scene) -> dict[str, str]:
    """Everything a template may name, of a revealed matter."""
    found = advice.arn_fields(matter.arn)
    found |= {"name": matter.name, "account": matter.account, "locker": scene.locker, "owner_tag": scene.owner_tag}
    if matter.kind in advice.USERS:
        found["user"] = matter.name
    if matter.identity:
        found["id"] = matter.identity
        if matter.kind is Kind.ACCESS_KEY:
            found["key"] = matter.identity
    found |= _session(matter.limit)
    found["what"] = label(matter, found)
    return found


def _session(limit: Limit | None) -> dict[str, str]:
    hours = limit.value.partition(" ")[0] if limit and limit.name == _SESSION else ""
    if not hours.isdecimal():
        return {}
    return {"session_seconds": str(int(hours) * 3600), "session_duration": f"PT{int(hours)}H"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An entry ready to be written: its first matter revealed, what templates may name, and the advice for it."""

    told: Told
    matter: Matter
    fields: dict[str, str]
    todo: Advice
    task: str


def line(told: Told, scene: Scene) -> Line:
    """The entry as this scene writes it."""
    entry = told.entry
    matter, todo = revealed(entry.matters[0], scene.names), _advice(entry)
    fields = fields_of(matter, scene)
    if len(entry.matters) > 1:
        fields["what"] = _family(entry, matter)
    return Line(told=told, matter=matter, fields=fields, todo=todo, task=advice.filled(todo.task, fields))


def block(number: int, line: Line, scene: Scene, before: MutableMapping[tuple[str, str], int]) -> list[str]:
    """The lines of one entry. `before` holds, for each kind of task, the number of the entry that tells all its steps."""
    told, entry, todo = line.told, line.told.entry, line.todo
    key = (_control(entry), todo.task)
    lines = [_RULE, *_head(number, entry, scene), *wrapped(line.task, "   ", "   "), ""]
    lines += _where(entry, scene)
    lines += role(entry, scene)
    lines += wrapped(_why(told, todo), "Why: ")
    lines += _seen(told, line.matter, scene)
    first = before.setdefault(key, number)
    if first == number:
        lines += _steps(entry, line.matter, todo, line.fields)
    else:
        lines += _as_before(first, todo, line.fields)
    return [*lines, *_asked(entry, scene), f"Id: {_answer_id(entry)}", ""]


def glance(number: int, line: Line, scene: Scene) -> list[str]:
    """The entry on a line or two: how bad, how long, what to do."""
    entry = line.told.entry
    return wrapped(f"{entry.tier.upper()}, {left(entry.due_on, scene.on)}: {line.task}", f"{number}. ", "   ")


def _answer_id(entry: Entry) -> str:
    """What an answer names: the finding, or the family as it is sealed, as one word of a shell."""
    first = entry.matters[0]
    if len(entry.matters) == 1 or first.family is None or not wording.typable(first.family):
        return first.id
    return wording.quoted([first.family])[0]


def _advice(entry: Entry) -> Advice:
    first = entry.matters[0]
    limit = first.limit.name if first.limit else None
    return advice.advise(_control(entry), first.kind, limit=limit, reason=first.reason)


def _control(entry: Entry) -> str:
    return {Event.EXCEPTION: "IDC-32", Event.UNOWNED: "IDC-02"}.get(entry.matters[0].event, entry.matters[0].control)


def _why(told: Told, todo: Advice) -> str:
    general = advice.of_control(_control(told.entry))
    return (told.private and general.quiet) or todo.why or general.why


def _head(number: int, entry: Entry, scene: Scene) -> list[str]:
    late = entry.due_on < scene.on
    when = f"{'was due' if late else 'by'} {day(entry.due_on)}, {left(entry.due_on, scene.on)}"
    return wrapped(f"{entry.tier.upper()} - {when} - {step_words(entry)}", f"{number}. ", "   ")


def step_words(entry: Entry) -> str:
    """Which step of the ladder this is, for a reader."""
    if passed_on(entry):
        return "escalated to you"
    if entry.step == "handed over":
        return "handed over to you"
    return "first notice" if entry.step == "first" or not entry.asked else "reminder"


def passed_on(entry: Entry) -> bool:
    """True for what reached somebody because others did not act: not for what nobody owns, or says is not theirs."""
    first = entry.matters[0]
    return entry.hop is not Hop.OWNER and first.event is not Event.UNOWNED and first.not_mine is None


def _family(entry: Entry, matter: Matter) -> str:
    noun = _NOUNS.get(matter.kind, "identity") if matter.kind else "one"
    name = shown((matter.family or "").rpartition("#")[0] or matter.family or "?")
    many = "identities" if noun == "identity" else f"{noun}s"
    return f"{wording.counted(len(entry.matters), noun, many)} of the family {name}"


def _where(entry: Entry, scene: Scene) -> Iterator[str]:
    accounts = sorted({one.account for one in entry.matters})
    if len(accounts) == 1:
        yield from wrapped(account_label(accounts[0], scene), "Where: ")
    else:
        some = wording.listing([account_label(one, scene) for one in accounts], most=_EXAMPLES + 1)
        yield from wrapped(some, f"Where: {len(accounts)} accounts: ")
    if len(entry.matters) > 1:
        names = sorted({shown(scene.names(one.name)) for one in entry.matters[: 10 * _EXAMPLES]})[:_EXAMPLES]
        yield from wrapped(", ".join(names), "For example: ")


def _seen(told: Told, matter: Matter, scene: Scene) -> Iterator[str]:
    entry, limit = told.entry, matter.limit
    yield from wrapped(shown(_reason(told, matter), longest=LONGEST_REASON), "What we saw: ")
    if not matter.failing and matter.event is not Event.EXCEPTION:
        yield from wrapped(_ahead(entry), "What comes: ")
    stale = min(one.read_in for one in entry.matters)
    if stale < scene.run_id:
        since = canonical.tick_of(stale).date()
        yield from wrapped(f"Not confirmed since {since}: the account could not be read.")
    if matter.not_mine:
        yield from wrapped(shown(matter.not_mine), "Tagged as not theirs: ")
    if not told.private and matter.identity and len(entry.matters) == 1:
        yield from wrapped(shown(_used(matter.used, scene.on)), "Last use: ")
    if limit is not None:
        who = shown(scene.names(limit.set_by), longest=200)
        yield from wrapped(f"{limit.value} ({who})", "Limit: ")


def _used(used: str | None, today: date) -> str:
    """The last use as a day and how long ago that is; other words as they are."""
    if used is None:
        return "AWS does not tell it"
    on = used.removeprefix(_LAST_USED)
    try:
        days = (today - date.fromisoformat(on)).days
    except ValueError:
        return used
    ago = f"{wording.counted(days, 'day')} ago" if days > 0 else "today"
    return f"{on}, {ago}"


def _reason(told: Told, matter: Matter) -> str:
    if not told.private:
        return _without_limit(matter)
    return advice.of_control(_control(told.entry)).neutral if matter.failing else "It comes near its limit."


def _without_limit(matter: Matter) -> str:
    """The reason without its limit, which has a line of its own."""
    if matter.limit is None:
        return matter.reason
    said = f" ({matter.limit.set_by})"
    return matter.reason.replace(f"; the limit is {matter.limit.value}{said}", "").replace(said, "")


def _ahead(entry: Entry) -> str:
    if entry.matters[0].event is Event.EXPIRY:
        return f"on {day(entry.due_on)} it expires, and what relies on it stops."
    return f"from {day(entry.due_on)} on it is past its limit and counts as failing."


def _steps(entry: Entry, matter: Matter, todo: Advice, fields: advice.Fields) -> list[str]:
    lines = ["Do:"]
    if len(entry.matters) > 1:
        each = f"For each of them, best where they are all rolled out from; shown for {shown(matter.name)}:"
        lines = wrapped(each, "Do: ")
    lines += advice.told(todo.do, fields)
    lines += advice.undone(todo, fields)
    tagged = advice.not_mine(matter.kind, fields)
    if tagged and taggable(entry):
        lines += ["Not yours? Tag it (for REASON, write whose it is):", *wording.command(tagged)]
    return lines


def taggable(entry: Entry) -> bool:
    """True where the reader may say that it is not theirs: it is told to its owner, or to whoever stands in for one."""
    return entry.hop in (Hop.OWNER, Hop.DEPUTY) and entry.matters[0].event is not Event.UNOWNED


def _as_before(number: int, todo: Advice, fields: advice.Fields) -> Iterator[str]:
    """The commands for this one; the words to each step, and how to undo it, are those of an earlier entry.

    What deletes is left to the steps that say when: here it would stand right behind what only switches off.
    """
    typed = [(at, advice.typed(one.run, fields)) for at, one in enumerate(todo.do, 1) if one.run]
    lasting = [(at, words) for at, words in typed if words and (at == 1 or not _DELETES & set(words[:3]))]
    yield from wrapped(f"as in {number}, and so the undo.{' For this one:' if lasting else ''}", "Do: ")
    for at, words in lasting:
        lines = wording.command(words)
        yield f"  {at}. {lines[0].lstrip()}"
        yield from lines[1:]


def _asked(entry: Entry, scene: Scene) -> list[str]:
    """Who was asked before, on the owner's own lines; other hops read it in the sentence about their role."""
    if entry.hop is not Hop.OWNER:
        return []
    words = asked_words(entry.asked, scene)
    return wrapped(f"{words}." if words else "nobody; this is the first notice.", "Asked before: ")


def subject(text: str) -> str:
    """A subject line: ASCII and fewer than 100 characters."""
    return in_ascii(text)[: wording.LONGEST_SUBJECT]
