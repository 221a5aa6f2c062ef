"""What to do about a failing control: why it matters, the steps in order, how to undo; read from `advice.toml`.

Commands are made word by word, and what stands in for a field becomes one quoted word: no name turns into a command.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

import msgspec

from prooftrail.controls.particulars import NOT_MINE
from prooftrail.model.identity import Kind

from . import wording

FILE = "advice.toml"

USERS = (Kind.HUMAN_USER, Kind.SERVICE_USER, Kind.USER)
ROLES = tuple(one for one in Kind if one.startswith("role_") and one not in (Kind.ROLE_SSO, Kind.ROLE_SERVICE_LINKED))
"""Roles that belong to the account: those of Identity Center and of AWS services cannot be edited or tagged by it."""

ANY, ALL = "any", "all"
_GROUPS: dict[str, tuple[Kind, ...]] = {"users": USERS, "roles": ROLES}
_FIELD = re.compile(r"\{(\w+)\}")
_ARN_PARTS = 6
_BRACES = len("{}")

type Fields = Mapping[str, str]
"""What stands in for the fields of a template; a field that is not known is not there."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do: what in words, and the command for it where there is one.

    `when` says that it is not simply the next to do: `if` one of several, or for some only, so its command never stands
    without its words; `later` once something else has shown that it may be, so it stands in the full steps only.
    """

    say: str = ""
    run: str = ""
    when: Literal["", "if", "later"] = ""


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about one control for some kinds; `limit` and `says` narrow it to one way of failing.

    `limit` is the name of the threshold that was broken, `says` words of which the finding's reason holds one. `settles`
    are the other controls that no longer fail on the same thing once all of it is done; `all` are all of them. `undo`
    gives back what stood before, of every step that changes anything, or says in words how, or that nothing does.
    """

    kinds: tuple[str, ...]
    task: str
    do: tuple[Step, ...]
    undo: tuple[Step, ...] | str
    why: str = ""
    limit: str | None = None
    says: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()

    def of(self, kind: Kind | None) -> bool:
        """True if it speaks of this kind."""
        return any(one == ANY or (kind is not None and kind in _GROUPS.get(one, (one,))) for one in self.kinds)

    @property
    def key(self) -> str:
        """What tells it from the other entries of its control: things with the same one have the same steps and undo."""
        return " ".join((self.task, *self.kinds, self.limit or "", *self.says))


class ControlAdvice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The advice of one control; `why` is the usual reason.

    `neutral` says what is wrong without how anybody uses it, and `quiet` takes the place of a `why` that would say it.
    """

    id: str
    neutral: str
    why: str
    quiet: str = ""
    advice: tuple[Advice, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: tuple[str, ...]
    control: tuple[ControlAdvice, ...]


_UNADVISED = ControlAdvice(
    id="",
    neutral="It does not meet the control.",
    why="the organization asks for it, and it is not so",
    advice=(
        Advice(
            kinds=(ANY,),
            task="Mend {what}",
            do=(Step(say="Mend what stands under What we saw. This control is newer than this text."),),
            undo="keep what stood before you change it",
        ),
    ),
)


@cache
def _file() -> _File:
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File)


@cache
def every() -> dict[str, ControlAdvice]:
    """All advice by control. Raises ValueError for a file that is not as it should be: a defect."""
    return {one.id: one for one in _file().control}


@cache
def _ranks() -> dict[str, int]:
    return {control: rank for rank, control in enumerate(_file().order)}


def rank(control: str) -> int:
    """How decisive what is to be done about a control is, 0 first; one this version does not know comes last."""
    return _ranks().get(control, len(_ranks()))


def decisive(control: str, one: Advice) -> int:
    """How far forward its steps stand among those for one thing, 0 first: what ends the thing overtakes all but the first."""
    return min(rank(control), 1) if ALL in one.settles else rank(control)


def settles(one: Advice, control: str) -> bool:
    """True if doing it leaves nothing of that other control to do; what comes first in the order is never settled."""
    return control in one.settles or (ALL in one.settles and rank(control) > 0)


def of_control(control: str) -> ControlAdvice:
    """The advice of a control; a sealed finding of one this version does not know gets a general one."""
    return every().get(control, _UNADVISED)


def advise(control: str, kind: Kind | None, *, limit: str | None, reason: str) -> Advice:
    """What to do about this way of failing: the first entry that fits the kind, the limit and the reason."""
    for one in _fitting(control, kind, limit):
        if not one.says or any(words in reason for words in one.says):
            return one
    return _UNADVISED.advice[0]


@lru_cache(maxsize=2_000)
def _fitting(control: str, kind: Kind | None, limit: str | None) -> tuple[Advice, ...]:
    return tuple(one for one in of_control(control).advice if one.of(kind) and one.limit in (None, limit))


def filled(template: str, fields: Fields) -> str:
    """A sentence with its fields; what is not known is told as `?`."""
    names = _fields(template)
    if len(names) == 1:
        return template.replace(f"{{{names[0]}}}", wording.shown(fields.get(names[0], "?")))
    return _FIELD.sub(lambda found: wording.shown(fields.get(found[1], "?")), template) if names else template


@cache
def _fields(template: str) -> tuple[str, ...]:
    """The fields in a sentence, as often as they stand there."""
    return tuple(_FIELD.findall(template))


@cache
def _words(template: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The words of a command, each with the fields in it."""
    return tuple((word, tuple(_FIELD.findall(word))) for word in template.split())


def typed(template: str, fields: Fields) -> list[str] | None:
    """The words of a command, each safe to paste; None where a field is not known or cannot be typed."""
    words: list[str] = []
    for word, names in _words(template):
        if not names:
            words.append(word)
            continue
        for name in names:
            if not wording.typable(fields.get(name, "")):
                return None
        whole = len(names) == 1 and len(word) == len(names[0]) + _BRACES
        value = fields[names[0]] if whole else _FIELD.sub(lambda found: fields[found[1]], word)
        (safe,) = wording.quoted((value,))
        if value.startswith("-") and words and words[-1].startswith("--"):
            words[-1] = f"{words[-1]}={safe}"  # or the CLI would take it for another option
        else:
            words.append(safe)
    return words


_NO_COMMAND = "(Its name cannot be typed into a command safely. Find it in the console, in the account under Where.)"


def told(steps: Sequence[Step], fields: Fields) -> list[str]:
    """The steps, numbered, as lines of text."""
    lines: list[str] = []
    for number, one in enumerate(steps, 1):
        fold = wording.wrapped if "{" in one.say else wording.folded
        lines += fold(filled(one.say, fields), f"  {number}. ", "     ")
        lines += _ran(one.run, fields)
    return lines


def told_briefly(steps: Sequence[Step], fields: Fields) -> list[str]:
    """The commands alone, with the numbers of their steps, for whoever read the words of them before.

    A command that is for some only keeps its words, and so do the steps it is one of; what comes later is left out.
    """
    choices = any(one.when == "if" and one.run for one in steps)
    lines: list[str] = []
    for number, one in enumerate(steps, 1):
        if one.when == "if" and choices:
            lines += [*wording.wrapped(filled(one.say, fields), f"  {number}. ", "     "), *_ran(one.run, fields)]
        elif not one.when and one.run and (words := typed(one.run, fields)):
            first, *rest = wording.command(words)
            lines += [f"  {number}. {first.lstrip()}", *rest]
    return lines


def _ran(run: str, fields: Fields) -> list[str]:
    if not run:
        return []
    words = typed(run, fields)
    return wording.wrapped(_NO_COMMAND, "     ", "     ") if words is None else wording.command(words)


def in_short(one: Advice, fields: Fields, *, many: bool) -> str:
    """The task as half a sentence about what was named before: `replace it by a role`."""
    words = filled(one.task, {**fields, "what": "them" if many else "it"})
    return words[:1].lower() + words[1:]


def undone(one: Advice, fields: Fields) -> list[str]:
    """How to undo it, as lines of text."""
    if isinstance(one.undo, str):
        return wording.wrapped(filled(one.undo, fields), "Undo: ")
    if len(one.undo) == 1 and not one.undo[0].say:
        return ["Undo:", *_ran(one.undo[0].run, fields)]
    return ["Undo:", *told(one.undo, fields)]


_NOT_MINE: dict[str, str] = {
    **dict.fromkeys(USERS, "aws iam tag-user --user-name {user}"),
    **dict.fromkeys((Kind.ACCESS_KEY, Kind.SERVICE_SPECIFIC_CRED), "aws iam tag-user --user-name {user}"),
    **dict.fromkeys(ROLES, "aws iam tag-role --role-name {name}"),
    Kind.SECRET: "aws secretsmanager tag-resource --secret-id {name} --region {region}",
    Kind.OIDC_PROVIDER: "aws iam tag-open-id-connect-provider --open-id-connect-provider-arn {arn}",
}
"""How each kind is tagged; the others have no tag that is read."""


def not_mine(kind: Kind | None, fields: Fields) -> list[str] | None:
    """The command that tags it as somebody else's; None for kinds whose tags are not read, or that cannot be typed."""
    template = _NOT_MINE.get(kind) if kind else None
    return typed(f"{template} --tags Key={NOT_MINE},Value=REASON", fields) if template else None


def arn_fields(arn: str | None) -> dict[str, str]:
    """What an ARN tells: `arn`, `partition`, `region`, `instance_arn` of a permission set, `user` of a user's."""
    parts = (arn or "").split(":", _ARN_PARTS - 1)
    if arn is None or len(parts) != _ARN_PARTS:
        return {}
    found = {"arn": arn, "partition": parts[1], "region": parts[3]}
    kind, _, rest = parts[5].partition("/")
    if kind == "user":
        found["user"] = rest.rpartition("/")[2]
    elif kind == "permissionSet":
        found["instance_arn"] = f"arn:{parts[1]}:sso:::instance/{rest.partition('/')[0]}"
    return {name: value for name, value in found.items() if value}
