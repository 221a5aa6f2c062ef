"""An organization of a few people, and the days on which they are told: for the tests of the chain and the ladder."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from prooftrail.governance import Governance
from prooftrail.governance.notices import Notices
from prooftrail.governance.policy import Owner, Owners
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Answer, AnswerKind, Hop, Matter, Notice, NoticeItem, Reach, ReachState, Sent, Told
from prooftrail.model.organization import Account
from prooftrail.model.snapshot import AlternateContact
from prooftrail.notices import ladder, memory
from prooftrail.notices.chain import Chains
from prooftrail.notices.day import Call, Day, Planned
from tests.notices.letters import ACCOUNT, ADA, BO, CY, SEC, TODAY, a_matter

OPS = "p-ops-mail"
CONTACT = AlternateContact(type="SECURITY", name=None, email=OPS, read_in="r")


def mail(person: str) -> str:
    """A pseudonym of somebody's address: `Owner.mail_to` takes it for one."""
    return f"person-{sum(map(ord, person)):020x}"


def an_owner(id: str, **known: Any) -> Owner:  # noqa: A002  # as the field is called
    return Owner(id=id, name=f"name of {id}", **{"email": mail(id), **known})


ORDINARY = (an_owner(ADA, deputy=BO, manager=CY), an_owner(BO), an_owner(CY), an_owner(SEC))


def a_policy(*owners: Owner, **known: Any) -> Governance:
    notices = Notices(**{"security_team": SEC, **known})
    return Governance(owners=Owners(owner=owners or ORDINARY), notices=notices)


def chains(policy: Governance | None = None, names: Callable[[str], str] = lambda text: text, **account: Any) -> Chains:
    return Chains(policy or a_policy(), [Account(id=ACCOUNT, **account)], names=names)


def on(day: int) -> date:
    return TODAY + timedelta(days=day)


def moment(day: int) -> datetime:
    return datetime.combine(on(day), time(6), UTC)


def lasting(due: int, **known: Any) -> Matter:
    """A matter that begins on day 0."""
    return a_matter(due, **{"since": moment(0), **known})


def a_day(day: int, reach: Iterable[Reach] = (), **known: Any) -> Day:
    made = {"confirms": False, "contacts": {ACCOUNT: (CONTACT,)}, **known}
    return Day(on=on(day), run_id="r", reach={one.recipient: one for one in reach}, **made)


def lost(person: str) -> Reach:
    return Reach(recipient=person, address=mail(person), state=ReachState.UNSUBSCRIBED, since=on(-9))


def plan(day: Day, matters: Iterable[Matter], told: Mapping[str, Told], policy: Governance | None = None) -> Planned:
    policy = policy or a_policy()
    return ladder.plan_matters(day, tuple(matters), told, chains(policy))


def after(day: Day, planned: Planned, sends: Callable[[str], bool] = lambda _: True) -> dict[str, Told]:
    """What is remembered once the mails were sent to those that `sends` says."""
    by_recipient: dict[str, list[Call]] = {}
    for one in planned.calls:
        by_recipient.setdefault(one.recipient, []).append(one)
    notices = [_notice(day.on, who, calls) for who, calls in by_recipient.items()]
    sent = [sent_of(one) for one in notices if sends(one.recipient)]
    return memory.remember({one.matter: one for one in planned.told}, notices, sent)


def told_over(days: Iterable[int], matter: Matter, policy: Governance | None = None, **known: Any) -> list[str]:
    """Who is called on which day over those days, everything sent: `0 owner first`."""
    told: Mapping[str, Told] = {}
    lines = []
    for number in days:
        day = a_day(number, **known)
        planned = plan(day, (matter,), told, policy)
        lines += [f"{number} {one.hop} {one.step}" for one in planned.calls]
        told = after(day, planned)
    return lines


def a_notice(on_day: date, recipient: str, *items: tuple[str, Hop, str]) -> Notice:
    """A notice of those matters, hops and steps."""
    return Notice(
        id=f"{recipient} {on_day}", on=on_day, recipient=recipient, address="a", route=(), step="", style="full",
        subject="", text="", content_sha256="", items=tuple(_item(*one) for one in items),
    )  # fmt: skip


def _notice(on_day: date, recipient: str, calls: list[Call]) -> Notice:
    return a_notice(on_day, recipient, *((one.matter.id, one.hop, one.step) for one in calls))


def _item(matter: str, hop: Hop, step: str) -> NoticeItem:
    return NoticeItem(
        matters=(matter,), identities=(), control="", event=Event.FINDING, accounts=(), tier=Tier.LOW, step=step,
        hop=hop, due_on=TODAY, label="",
    )  # fmt: skip


def sent_of(one: Notice, **known: Any) -> Sent:
    """The notice was taken."""
    made = {"message_id": "m", **known}
    at = datetime.combine(one.on, time(7), UTC)
    return Sent(
        notice=one.id, recipient=one.recipient, state=ReachState.DIRECT, hop=Hop.OWNER, how="sns", at=at, **made
    )


def an_answer(day: int, **known: Any) -> Answer:
    """Somebody says they know of it."""
    made = {"kind": AnswerKind.ACKNOWLEDGED, "who": "w", "locker": "l", "matters": (), "identities": (), "reason": "r"}
    return Answer(at=moment(day), **{**made, **known})


def handed(day: int, matter: Matter, to: str = BO) -> Answer:
    """Somebody hands it over on that day."""
    return an_answer(day, kind=AnswerKind.REASSIGNED, matters=(matter.id,), to=to)


def days_of(days: Iterable[int], make: Callable[[int], Matter], *said: Answer, **known: Any) -> list[str]:
    """Who is called on which day of what is another matter every day, everything sent: `0 p-ada owner first`."""
    told: Mapping[str, Told] = {}
    lines = []
    for number in days:
        day = a_day(number, answers=tuple(one for one in said if one.at <= moment(number)), **known)
        planned = plan(day, (make(number),), told)
        lines += [f"{number} {one.recipient} {one.hop} {one.step}" for one in planned.calls]
        told = after(day, planned)
    return lines
