"""Which identities are kept for emergencies, what that spares them, and whether they were used as agreed (IDC-25)."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from prooftrail.controls.case import Case, Compared, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import matching
from prooftrail.governance.registers import BreakGlass
from prooftrail.inventory.wording import plain
from prooftrail.model.canonical import utc
from prooftrail.model.iam import AccessKey, Role, Root, Usage, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.model.reading import Collector

from .ages import on
from .holdings import has_password
from .saying import Check, Said, Subject, fails, held, named, passes, untested, usage_of
from .unlisted import listing_gap, unlisted

CONTROL = "IDC-25"
_BEFORE = timedelta(days=180)  # fixed, not the limit on drills: no limit that is tightened may excuse a use
_YEAR, _MOST_OCCASIONS = timedelta(days=365), 12


class Emergencies:
    """The break-glass register as it speaks of one account at `taken_at`.

    Users and roles alone count; the root is there in any case, and its use is judged by IDC-10. Of more than the limit
    allows, the first by id count.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._register = case.governance.registers.break_glass
        self._entries: dict[str, BreakGlass] = {}
        for one in case.snapshot.identities if self._register else ():
            entry = matching.first(self._register, one, case.taken_at) if isinstance(one.facts, User | Role) else None
            if entry is not None:
                self._entries[one.id] = entry
        self._place = {name: place for place, name in enumerate(sorted(self._entries), 1)}

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, identity: Identity) -> BreakGlass | None:
        """The entry that holds for it, None where there is none."""
        return self._entries.get(identity.id)

    def lapsed(self, identity: Identity) -> BreakGlass | None:
        """An entry that names it and holds no more, or not yet."""
        return matching.lapsed(self._register, identity, self._case.taken_at)

    def place(self, identity: Identity) -> int:
        """Its place among the registered identities, in the order of their ids, from 1."""
        return self._place[identity.id]

    def allowed(self, identity: Identity) -> Compared:
        """Its place among the registered identities of the account, held against how many there may be."""
        over = Over(self.place(identity))
        return self._case.compare(CONTROL, "max_break_glass_per_account", identity.id, over=over)

    def spares(self, identity: Identity | None) -> str | None:
        """Why unused and federation are no question for it: words, None where the register does not spare it."""
        entry = self.entry(identity) if identity else None
        if identity is None or entry is None or self.allowed(identity).status is not ResultStatus.PASS:
            return None
        until = f" until {entry.expires_on}" if entry.expires_on else ""
        return f"{named(identity)} is registered for emergencies{until}, and its use is judged by {CONTROL}"

    def occasions(self, identity: Identity) -> dict[date, str]:
        """The days up to the one that judges on which it was used on purpose, each with its record, lapsed entries' too."""
        naming = [entry for entry in self._register if matching.names(entry, identity)]
        today = utc(self._case.taken_at).date()
        held = (drill for entry in reversed(naming) for drill in reversed(entry.drills) if drill.on <= today)
        return {drill.on: drill.reference for drill in held}

    def drilled(self, identity: Identity) -> list[date]:
        """The days of its drills up to the day that judges; an incident is an occasion, and proves no drill."""
        today = utc(self._case.taken_at).date()
        naming = [entry for entry in self._register if matching.names(entry, identity)]
        return sorted({one.on for entry in naming for one in entry.drills if one.kind == "drill" and one.on <= today})

    def registered_on(self, identity: Identity) -> date:
        """The first day any entry named it."""
        return min(entry.approved_on for entry in self._register if matching.names(entry, identity))


def idc_25(case: Case, control: Control) -> Iterator[Verdict]:
    """Emergency identities are few, used on registered occasions only, and drilled.

    Every registered user and role has a row, whatever its kind; others of the listed kinds are NOT_APPLICABLE. A use
    counts from half a year before the day of registration on, so that registering it later wipes none, and belongs to an
    occasion of the same day in UTC. Only the last use of each credential is visible. Without any drill the interval counts from the day of registration; an incident excuses the
    use on its day and is no drill.
    """
    yield from unlisted(case, control, Collector.PRINCIPALS)
    register = Emergencies(case)
    listed = {one.id for one in case.of_kinds(control.kinds)}
    for one in case.snapshot.identities:
        if register.entry(one):
            yield _registered(Subject(case, control, one, kind=SubjectType.PRINCIPAL), one, register)
        elif one.id in listed:
            yield _unregistered(case, control, one, register)


def _unregistered(case: Case, control: Control, one: Identity, register: Emergencies) -> Verdict:
    if isinstance(one.facts, Root):
        subject = Subject(case, control, one, kind=SubjectType.ROOT)
        return subject.not_applicable("the root is there in any case, and its use is judged by IDC-10")
    subject = Subject(case, control, one, kind=SubjectType.PRINCIPAL)
    lapsed = register.lapsed(one)
    if lapsed is None:
        return subject.not_applicable(f"{named(one)} is not registered for emergencies")
    when = f"from {lapsed.approved_on}" + (f" until {lapsed.expires_on}" if lapsed.expires_on else "")
    return subject.not_applicable(f"{named(one)} was registered for emergencies only {when}")


def _registered(subject: Subject, one: Identity, register: Emergencies) -> Verdict:
    case = subject.case
    allowed = register.allowed(one)
    place = f"{named(one)} is number {register.place(one)} of {len(register)} registered for emergencies in the account"
    parts = [held(allowed, place, value=str(len(register)))]
    unlisted = listing_gap(case, Collector.PRINCIPALS)
    if unlisted:
        parts.append(untested(f"how many emergency identities there are is not known: {unlisted}", unlisted))
    parts += list(_uses(case, one, register))
    parts.append(_drilled(case, one, register))
    return subject.verdict(*parts, remarks=_remarks(case, one, register))


def _uses(case: Case, one: Identity, register: Emergencies) -> Iterator[Said]:
    occasions, since = register.occasions(one), register.registered_on(one) - _BEFORE
    seen: list[date] = []
    for what, usage in _credentials(case, one):
        if not usage.tracked:
            yield untested(f"when {what} was last used was not read")
        if usage.last_used_at is None:
            continue
        day = utc(usage.last_used_at).date()
        seen.append(day)
        if day >= since and day not in occasions:
            yield fails(f"{what} was used on {day}, and no drill or incident of that day is registered", value=str(day))
    unread = _keys_unread(case, one)
    if unread:
        yield untested(f"whether it holds more keys is not known: {unread}", unread)
    known = ", ".join(f"{day} ({plain(occasions[day])})" for day in sorted(set(seen)) if day in occasions)
    yield passes(
        f"its last use was registered: {known}" if known else "no use outside a registered occasion is on record"
    )


def _credentials(case: Case, one: Identity) -> Iterator[tuple[str, Usage]]:
    """Each of its credentials that could be used, with its last use."""
    if isinstance(one.facts, User):
        if has_password(case, one) is not False or one.usage.last_used_at:
            yield "its password", usage_of(case, one)
        for key in sorted(case.children(one), key=lambda each: each.id):
            if isinstance(key.facts, AccessKey):
                yield f"its key {key.id}", usage_of(case, key)
    else:
        yield "it", usage_of(case, one)


def _keys_unread(case: Case, one: Identity) -> str | None:
    return listing_gap(case, Collector.ACCESS_KEYS) if isinstance(one.facts, User) else None


def _drilled(case: Case, one: Identity, register: Emergencies) -> Said:
    today = utc(case.taken_at).date()
    last = max(register.drilled(one), default=None)
    since = last or min(register.registered_on(one), today)
    compared = case.compare(CONTROL, "drill_interval_days", one.id, over=Over((today - since).days))
    words = f"its last drill was on {last}" if last else f"no drill was held since it was registered on {since}"
    return held(compared, words, value=f"{(today - since).days} days")


def _remarks(case: Case, one: Identity, register: Emergencies) -> tuple[str, ...]:
    """What the register says is doubtful: so many occasions that they are the rule, a drill of which AWS shows no trace."""
    today = utc(case.taken_at).date()
    return (*_many(today, register.occasions(one)), *_untraced(case, one, register, today))


def _many(today: date, occasions: Iterable[date]) -> Iterator[str]:
    days = sum(day > today - _YEAR for day in occasions)
    if days > _MOST_OCCASIONS:
        yield f"{days} days of drills and incidents are registered within a year: that is no emergency any more"


def _untraced(case: Case, one: Identity, register: Emergencies, today: date) -> Iterator[str]:
    last = max((day for day in register.drilled(one) if day < today), default=None)
    uses: list[datetime] = [use.last_used_at for _, use in _credentials(case, one) if use.last_used_at]
    if last is None or any(utc(used).date() >= last for used in uses):
        return
    latest = f"the last use on record is of {on(max(uses))}" if uses else "no use is on record"
    yield f"AWS shows no use on or after {last}, the day of the last registered drill: {latest}"


CHECKS: dict[str, Check] = {"IDC-25": idc_25}
