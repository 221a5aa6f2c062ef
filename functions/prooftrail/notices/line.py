"""A thing as it is going to be written: what it is called, what is to be done about it first, and what else."""

import msgspec

from prooftrail.evidence import layout
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event, Limit
from prooftrail.model.notice import Entry, Matter

from . import advice, wording
from .advice import Advice
from .day import Names
from .grouping import Thing, Told
from .scene import Scene
from .wording import shown

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


def named(matter: Matter, names: Names) -> Matter:
    """The matter with the names people know in name, ARN and family, before anything is cut, quoted or wrapped."""
    name = names(matter.name)
    arn = names(matter.arn) if matter.arn else matter.arn
    family = names(matter.family) if matter.family else matter.family
    if name == matter.name and arn == matter.arn and family == matter.family:
        return matter
    return msgspec.structs.replace(matter, name=name, arn=arn, family=family)


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
    """Everything a template may name, of a named matter."""
    found = advice.arn_fields(matter.arn)
    found |= {"name": matter.name, "account": matter.account, "locker": scene.locker, "owner_tag": scene.owner_tag}
    found["today"] = scene.on.isoformat()
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


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a thing beside the one whose steps are told: what else is to be done, in short."""

    told: Told
    task: str
    settled: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A thing ready to be written: its most decisive entry, whose first matter is named, and what else there is."""

    thing: Thing
    told: Told
    matter: Matter
    fields: dict[str, str]
    todo: Advice
    task: str
    others: tuple[Other, ...]


def line(thing: Thing, scene: Scene) -> Line:
    """The thing as this scene writes it."""
    ranked = [(one, _advice(one.entry)) for one in thing.told]
    if len(ranked) > 1:
        ranked.sort(key=_decisive)
    told, todo = ranked[0]
    matter = named(told.first, scene.names)
    fields = fields_of(matter, scene)
    many = len(thing.matters) > 1
    if many:
        fields["what"] = _family(told.entry, matter)
    others = (
        Other(
            told=one,
            task=advice.in_short(also, fields, many=many),
            settled=advice.settles(todo, control_of(one.first)),
        )
        for one, also in ranked[1:]
    )
    return Line(
        thing=thing,
        told=told,
        matter=matter,
        fields=fields,
        todo=todo,
        task=advice.filled(todo.task, fields),
        others=tuple(others),
    )


def _decisive(one: tuple[Told, Advice]) -> tuple[bool, int, str]:
    """What fails already comes before what does not, whatever is to be done."""
    told, todo = one
    return not told.first.failing, advice.decisive(control_of(told.first), todo), told.first.id


def _advice(entry: Entry) -> Advice:
    first = entry.matters[0]
    limit = first.limit.name if first.limit else None
    return advice.advise(control_of(first), first.kind, limit=limit, reason=first.reason)


def control_of(matter: Matter) -> str:
    """The control whose advice is for it: what ends or has no owner is told as such, whatever it came from."""
    return _CONTROLS.get(matter.event, matter.control)


_CONTROLS = {Event.EXCEPTION: "IDC-32", Event.UNOWNED: "IDC-02"}


def _family(entry: Entry, matter: Matter) -> str:
    noun = _NOUNS.get(matter.kind, "identity") if matter.kind else "one"
    name = shown((matter.family or "").rpartition("#")[0] or matter.family or "?")
    many = "identities" if noun == "identity" else f"{noun}s"
    return f"{wording.counted(len(entry.matters), noun, many)} of the family {name}"
