"""Who answers for what and what they were told: owners, notices, and whom to interview."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from prooftrail.controls.catalog import Control
from prooftrail.evidence import layout
from prooftrail.governance.policy import Owner
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop
from prooftrail.pack.registers.columns import day, instant, listing, number, text, truth
from prooftrail.pack.registers.control_map import annex_ids, soa_lines
from prooftrail.pack.registers.ticks import counts
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.tally import OwnerTally, Tally
from prooftrail.pack.view import PackAnswer, PackNotice, PeriodView

NOBODY = "nobody"
_MOST_ASKED = 3

_NOTIFICATIONS = Table(
    file="20_notifications",
    title="Notices",
    about=(
        "One row for each line of each notice that was planned in the period. A message id proves that the notice was sent, "
        "never that anybody received or read it; an acknowledgement is what its sender sealed below answers/."
    ),
    columns=(
        text("notification_id", "the notice: the hash of recipient, day and content"),
        listing("identity_id", "the identities the line is about"),
        text("owner_id", "who owned them by evidence; empty where nobody did or that is not in this pack"),
        text("kind", "what the line is about"),
        text("step", "the step of the ladder"),
        day("due_at", "the day by which it is due"),
        instant("sent_at", "when it was handed over; empty where it was not"),
        text("sns_message_id", "the message id where SNS sent it"),
        text("delivery_status", "sent (which is no receipt), failed, not known, not sent or not recorded"),
        instant("acknowledged_at", "the first acknowledgement or hand-over of one of its matters after it was planned"),
        text("escalation_level", "why this recipient hears of it: owner, deputy, manager, contact or security"),
        text("control_id", "the control"),
        text("tier", "the highest tier of the line"),
        listing("account_ids", "its accounts"),
        number("matters", "how many findings, or what will become one, the line tells of"),
        text("label", "what the line names"),
        text("recipient", "who was written to"),
        text("address", "where to"),
        text("run_id", "the run whose findings it tells"),
        text("why", "why it was not sent"),
        text("reach", "how the recipient could be reached when it was tried"),
        text("sent_by", "what sent it"),
        text("message_id", "the message id, whatever sent it"),
        number("chained_in", "the manifest that vouches for it; empty where none does yet"),
        text(
            "plan_key",
            "where the plan of the notices lies in the locker, which names the object this one is in; packs do not copy it",
        ),
    ),
    questions=(4, 10),
    sheet="Notices",
)


def _notifications(period: PeriodView, tally: Tally) -> Iterator[Row]:
    answered: dict[str, list[PackAnswer]] = defaultdict(list)
    for answer in sorted(period.answers, key=lambda one: (one.at, one.key)):
        for matter in answer.matters:
            answered[matter].append(answer)
    for one in sorted(period.notices, key=lambda each: (each.run_id, each.id)):
        for item in one.items:
            owners = (tally.gathered.owner_of_matter.get(each) for each in item.matters)
            yield (
                one.id,
                item.identities,
                one.recipient if item.hop is Hop.OWNER else next((each for each in owners if each), None),
                item.event.value,
                item.step,
                item.due_on,
                one.sent_at,
                one.message_id if one.how == "sns" else None,
                one.status,
                _acknowledged(one, item.matters, answered),
                item.hop.value,
                item.control,
                item.tier.value,
                item.accounts,
                len(item.matters),
                item.label,
                one.recipient,
                one.address,
                one.run_id,
                one.why,
                one.state,
                one.how,
                one.message_id,
                one.chained_in,
                layout.notices_plan_key(one.run_id),
            )


def _acknowledged(one: PackNotice, matters: Iterable[str], answered: dict[str, list[PackAnswer]]) -> datetime | None:
    if one.sent_at is None:
        return None
    later = (each.at for matter in matters for each in answered.get(matter, ()) if each.at >= one.sent_at)
    return min(later, default=None)


class OwnerOfPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """One owner: the entry of owners.toml, None for a name that only tags have, and all that is counted under any spelling."""

    token: str
    entry: Owner | None
    mine: OwnerTally
    last: PackNotice | None


def owners(period: PeriodView, tally: Tally) -> list[OwnerOfPeriod]:
    """Everyone owners.toml or a tag names, in order of the name they go by; other texts are as views have them."""
    governance = period.context.governance
    together: dict[str, OwnerTally] = {one.id: OwnerTally() for one in governance.owners.owner}
    entries = {one.id: one for one in governance.owners.owner}
    for token in sorted(tally.owners):
        known = governance.owner_of(token)
        _add(together.setdefault(known.id if known else token, OwnerTally()), tally.owners[token])
    told = dict(_last_told(period))
    found = []
    for token in sorted(together):
        entry = entries.get(token)
        names = entry.spellings() if entry else (token,)
        last = max((told[name] for name in names if name in told), key=_when, default=None)
        found.append(OwnerOfPeriod(token=token, entry=entry, mine=together[token], last=last))
    return sorted(found, key=lambda one: (period.reveal(one.token).casefold(), one.token))


def _add(into: OwnerTally, one: OwnerTally) -> None:
    into.identities += one.identities
    into.open += one.open
    into.overdue += one.overdue
    into.tiers.update(one.tiers)
    into.rungs.update(one.rungs)
    into.accounts |= one.accounts


def _last_told(period: PeriodView) -> Iterator[tuple[str, PackNotice]]:
    """Each recipient with the newest notice; older ones come first, so that a dict keeps it."""
    for one in sorted(period.notices, key=_when):
        yield one.recipient, one


def _when(one: PackNotice) -> tuple[str, str]:
    return one.run_id, one.id


_OWNERS = Table(
    file="32_owner_register",
    title="Owners",
    about=(
        "One row for each owner of owners.toml as sealed and for each name that only a tag knows, with what is theirs in the "
        "run shown, and one row for what nobody owns. Whether an owner knows is not proved by this: notices prove sending, "
        "and an interview or an acknowledgement proves more."
    ),
    columns=(
        text("owner_id", "the owner; `nobody` for what has none"),
        text("owner_name", "the name"),
        text("kind", "person or team"),
        truth("registered", "true if owners.toml has an entry"),
        truth("active", "false if owners.toml says that they left; empty where it has no entry"),
        text("deputy", "who stands in"),
        text("manager", "who is told next"),
        text("address", "where notices go"),
        number("identities", "identities that are theirs"),
        listing("by_tier", "those by tier"),
        number("open_findings", "open findings of them"),
        number("overdue_findings", "past due and without an exception"),
        number("accounts", "accounts in which they own something"),
        listing("account_ids", "which, the first twenty"),
        listing("whole_accounts", "accounts that are theirs as a whole, by owners.toml"),
        listing("known_by", "how the ownership is known, and of how many identities"),
        instant("last_told_at", "when the last notice of the period was handed over"),
        text("last_notice_status", "what became of the last notice of the period"),
        text("reach", "how they could be reached then"),
        text("evidence_id", "the sealed snapshot that shows one identity of theirs, as an example"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
    ),
    questions=(4,),
    sheet="Owners",
)


def _owners(period: PeriodView, tally: Tally) -> Iterator[Row]:
    for one in owners(period, tally):
        entry, mine, last = one.entry, one.mine, one.last
        yield (
            one.token,
            entry.name if entry else None,
            entry.kind if entry else None,
            entry is not None,
            entry.active if entry else None,
            _named(period, entry.deputy) if entry else None,
            _named(period, entry.manager) if entry else None,
            entry.mail_to if entry else None,
            mine.identities,
            _by_tier(mine.tiers),
            mine.open,
            mine.overdue,
            len(mine.accounts),
            tuple(sorted(mine.accounts)[:20]),
            entry.accounts if entry else (),
            tuple(f"{rung}: {number}" for rung, number in sorted(mine.rungs.items())),
            last.sent_at if last else None,
            last.status if last else None,
            last.state if last else None,
            *_cited(tally, entry.spellings() if entry else (one.token,)),
        )
    nobody = tally.gathered.unowned
    accounts = tuple(sorted(nobody.accounts)[:20])
    blank = (None,) * 4
    counted = (tally.unowned, _by_tier(nobody.tiers), nobody.open, nobody.overdue, len(nobody.accounts), accounts)
    yield (NOBODY, None, None, False, *blank, *counted, (), (), None, None, None, *_cited(tally, (None,)))


def _cited(tally: Tally, names: Iterable[str | None]) -> tuple[str | None, int | None]:
    """The evidence and line of one identity that is theirs under any of these names."""
    return next((tally.gathered.owned[one] for one in names if one in tally.gathered.owned), (None, None))


def _by_tier(tiers: Counter[str]) -> tuple[str, ...]:
    order = (*(one.value for one in reversed(Tier)), "not scored")
    return tuple(f"{tier} {tiers[tier]}" for tier in order if tiers[tier])


def _named(period: PeriodView, person: str | None) -> str | None:
    found = period.context.governance.owner_of(person) if person else None
    return found.name if found else person


_INTERVIEWS = Table(
    file="34_interviews",
    title="Whom to interview",
    about=(
        "For each control: who answers for it by soa.toml, the three owners with the most failing results of it, and who "
        "accepted a deviation from it. Names are those the sealed policy and tags give; what to ask is a proposal. Where "
        "nobody is named, the row says whom to find."
    ),
    columns=(
        text("control_id", "the control"),
        text("title", "its short title"),
        text("whom", "the person or team; empty where nobody is named"),
        text("why", "why they can answer"),
        text("ask", "what to ask"),
        number("failing", "failing results of the control that are theirs, where that is why they are asked"),
        text("reference", "the line of soa.toml, or the exception"),
    ),
    questions=(4, 9),
    sheet="Interviews",
)


def _interviews(period: PeriodView, tally: Tally) -> Iterator[Row]:
    for control in period.catalog.controls:
        found = [
            *_control_owners(period, control),
            *_failing_owners(period, tally, control),
            *_risk_owners(period, control),
        ]
        if not found:
            ask = "Who answers for this control, and where is that written down?"
            found = [(None, "nobody is named: neither soa.toml nor an owner of what fails", ask, None, None)]
        yield from ((control.id, control.title, *one) for one in found)


def _control_owners(period: PeriodView, control: Control) -> Iterator[Row]:
    lines = soa_lines(period)
    by_owner: dict[str, list[str]] = defaultdict(list)
    for name in annex_ids(control):
        line = lines.get(name)
        if line is not None and line.control_owner:
            by_owner[line.control_owner].append(name)
    ask = "How do you know that it holds, what did you do when it last did not, and where is that recorded?"
    if not control.testable:
        ask = f"This version tests none of it ({control.why_not}): what evidence of it do you have?"
    for owner, names in by_owner.items():
        yield (_named(period, owner), "control owner by soa.toml", ask, None, ", ".join(names))


def _failing_owners(period: PeriodView, tally: Tally, control: Control) -> Iterator[Row]:
    failing = tally.gathered.owners_failing.get(control.id, Counter())
    most = sorted(failing.items(), key=lambda one: (-one[1], one[0] or ""))
    for owner, count in [one for one in most if one[0]][:_MOST_ASKED]:
        ask = (
            f"{counts(count, 'result')} of this control {'fails' if count == 1 else 'fail'} for what is yours: did you know, "
            "what was done since, and by when is it mended?"
        )
        yield (_named(period, owner), "owns what fails most", ask, count, None)
    if count := failing.get(None, 0):
        ask = f"{counts(count, 'failing result')} of this control belong to nobody: who decides what becomes of them?"
        yield (None, "nobody owns it", ask, count, None)


def _risk_owners(period: PeriodView, control: Control) -> Iterator[Row]:
    for one in sorted(period.context.governance.exceptions.exception, key=lambda each: each.id):
        if one.control != control.id:
            continue
        ask = (
            f"You accepted exception {one.id} until {one.expires_on}: what did you weigh, what compensates meanwhile, how "
            "do you know that it works, and how does it end?"
        )
        yield (_named(period, one.risk_owner), "accepted the risk", ask, None, one.id)


REGISTERS = (
    Register(table=_NOTIFICATIONS, whole=_notifications),
    Register(table=_OWNERS, whole=_owners),
    Register(table=_INTERVIEWS, whole=_interviews),
)
