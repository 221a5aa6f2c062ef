"""What a finished run comes to, in one screen: what was not read first, then what was."""

from typing import Any

import msgspec
from rich.text import Text

from prooftrail import wiring
from prooftrail.flows.remind_owners import Reminded
from prooftrail.flows.sweep import Swept
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.model.notice import Undelivered
from prooftrail.model.organization import Account

from . import render
from .render import counted

_LONGEST_LINE = 400
_GAPS = 3  # told one by one
_HELD = {f"held:{one.name.lower()}": str(one) for one in Undelivered}

_WORDS = {
    "sealed": "read whole",
    "gaps": "read with gaps",
    "unreachable": "unreachable",
    "skipped": "left out",
}


def show(swept: Swept, *, options: wiring.Options, elapsed_s: float) -> None:
    """Print the run's summary."""
    for line in lines(swept, options=options, elapsed_s=elapsed_s):
        render.console().print(Text(render.safe(line, longest=_LONGEST_LINE)), soft_wrap=True)


def lines(swept: Swept, *, options: wiring.Options, elapsed_s: float) -> list[str]:
    """The summary, line by line."""
    one = swept.manifest
    how = "scheduled" if one.run.tick else "manual"
    finished = "finished a run that was cut short: " if swept.resumed else ""
    if swept.already:
        return [
            f"run {one.run.id} was sealed already: nothing was asked, nothing was written",
            *_ledger(swept),
            *_reminded(swept.reminded),
            f"head        {swept.head}",
        ]
    return [
        f"{finished}run {one.run.id} ({how}), judged at {canonical.timestamp(one.run.taken_at)}",
        *_not_read(swept),
        *_limited(options),
        *_ledger(swept),
        f"accounts    {_accounts(swept)}",
        f"identities  {_identities(swept)}",
        *_judged(swept),
        *(f"missed      tick {canonical.timestamp(tick)} had no run" for tick in one.missed_ticks),
        *(f"loosened    {sentence}" for sentence in one.governance.loosened),
        *_turned(swept),
        *_reminded(swept.reminded),
        f"sealed      {len(one.objects)} objects, {sum(each.size for each in one.objects):,} bytes in {options.locker}"
        + (f"; {len(one.superseded)} superseded" if one.superseded else ""),
        f"asked       {one.calls} calls, {one.throttled} throttled, {_apart(swept)}{elapsed_s:.1f} s",
        f"head        {swept.head}",
        f"next        prooftrail verify {options.locker} --home {options.home_path()}",
    ]


def _limited(options: wiring.Options) -> list[str]:
    """A scan of some regions is no whole scan, however well it went."""
    named = options.region_list()
    return [f"NOT READ    secrets of any region but {', '.join(named)}: --regions left the others out"] if named else []


def _ledger(swept: Swept) -> list[str]:
    if swept.ledger_lags is None:
        return []
    return [
        f"LEDGER      was not told ({swept.ledger_lags}): the evidence is whole; `prooftrail ledger rebuild` mends it"
    ]


def _not_read(swept: Swept) -> list[str]:
    names = {one.id: one for one in swept.context.accounts}
    found = [
        f"NOT READ    {_account(each.account, names)}: {_WORDS.get(each.status, each.status)}, {each.reason}"
        for each in swept.manifest.coverage
        if each.status != "sealed"
    ]
    gaps = [f"NOT READ    {cell.collector}: {cell.reason}" for cell in swept.context.cells if cell.status != "ok"]
    return [*gaps, *found, *(f"FAILED      account {each.account}: {each.error}" for each in swept.failures)]


def _account(account: str, names: dict[str, Account]) -> str:
    name = names[account].name if account in names else None
    return f"account {account} ({name})" if name else f"account {account}"


def _accounts(swept: Swept) -> str:
    counts: dict[str, int] = {}
    for each in swept.manifest.coverage:
        counts[each.status] = counts.get(each.status, 0) + 1
    return ", ".join(f"{counts[status]} {word}" for status, word in _WORDS.items() if status in counts) or "none"


def _identities(swept: Swept) -> str:
    counts = dict(swept.manifest.counts)
    classes = [
        f"{counts.get('class:' + name, 0):,} {words}"
        for name, words in (("human", "human"), ("non_human", "non-human"), ("undetermined", "undetermined"))
    ]
    return f"{counts.get('identities', 0):,}: {', '.join(classes)}; {counts.get('owner:none', 0):,} without an owner"


def _judged(swept: Swept) -> list[str]:
    """Tiers, results and findings in numbers; what was not tested is as loud as what failed."""
    counts = dict(swept.manifest.counts)
    tiers = ", ".join(f"{counts.get(f'tier:{tier}', 0):,} {tier}" for tier in reversed(Tier))
    results = {
        status: sum(n for name, n in counts.items() if name.startswith("result:") and name.endswith(f":{status}"))
        for status in ResultStatus
    }
    told = ", ".join(f"{number:,} {render.label(status)}" for status, number in results.items() if number)
    opened = counts.get("finding:opened", 0)
    return [
        f"risk        {tiers}",
        f"results     {told or 'none'}",
        f"findings    {counts.get('finding:open', 0):,} open, {opened:,} of them opened by this run",
    ]


def _turned(swept: Swept) -> list[str]:
    turned = swept.manifest.governance.turned
    return [f"loosened    by all of it {turned:,} results fail no longer"] if turned else []


def _reminded(told: Reminded | None) -> list[str]:
    """What became of the day's notices; what went wrong with them is as loud as what was not read."""
    if told is None:
        return []
    wrong = [f"NOTICES     {told.error}"] if told.error else []
    if told.plan is None:
        return wrong
    counts = dict(told.plan.counts)
    lost = counts.get("unreachable_owners", 0)
    said = [
        f"{counts.get('planned', 0):,} planned, {_sent(told, counts)}",
        *(f"{counts[key]:,} held: {why}" for key, why in _HELD.items() if counts.get(key)),
        *([f"{counted(lost, 'owner')} out of reach"] if lost else []),
    ]
    gaps = [f"NOTICES     {one}" for one in told.plan.gaps[:_GAPS]]
    if len(told.plan.gaps) > _GAPS:
        gaps.append(f"NOTICES     and {len(told.plan.gaps) - _GAPS:,} more that is not known: `prooftrail notices`")
    return [*wrong, *_unknown(told), *gaps, f"notices     {'; '.join(said)}"]


def _unknown(told: Reminded) -> list[str]:
    number = sum(one.unknown for one in told.deliveries)
    what = "1 notice was" if number == 1 else f"{number:,} notices were"
    return (
        [f"NOTICES     it is not known whether {what} sent: none is sent again, and it counts as told"]
        if number
        else []
    )


def _sent(told: Reminded, counts: dict[str, int]) -> str:
    """`11 sent: 5 first, 4 reminders, 2 escalated`: what was to be sent, by how far up the ladder it is.

    What is escalated was passed on because nobody nearer acted in time. A mail may hold several things, or be cut short.
    """
    sent, wanted = sum(one.sent for one in told.deliveries), counts.get("sent", 0)
    first, again, passed_on = (counts.get(f"step:{one}", 0) for one in ("first", "reminder", "escalated"))
    number = first + again + passed_on
    words = f"{sent:,} of {wanted:,} sent" if sent < wanted else f"{sent:,} sent"
    if not number:
        return words
    things = f" with {counted(number, 'thing')}" if number != wanted else ""
    steps = (
        f"{first:,} first" if first else "",
        counted(again, "reminder") if again else "",
        f"{passed_on:,} escalated" if passed_on else "",
    )
    return f"{words}{things}: {', '.join(filter(None, steps))}"


def _reminded_json(told: Reminded | None) -> dict[str, Any] | None:
    if told is None:
        return None
    plan = told.plan
    return {
        "planned": dict(plan.counts) if plan else None,
        "previous": plan.previous if plan else None,
        "gaps": list(plan.gaps) if plan else [],
        "deliveries": [msgspec.structs.asdict(one) for one in told.deliveries],
        "error": told.error,
    }


def _apart(swept: Swept) -> str:
    """The calls for AWS's own policies, which are counted apart: a first run reads them all, later ones what is new."""
    policies = dict(swept.manifest.counts).get("calls:aws_policies", 0)
    return f"and {policies:,} for AWS's own policies, " if policies else ""


def as_json(swept: Swept) -> dict[str, Any]:
    """The run as data: where it stands in the chain, how every account came out, and the counts."""
    one = swept.manifest
    return {
        "run": one.run.id,
        "trigger": one.run.trigger,
        "taken_at": canonical.timestamp(one.run.taken_at),
        "resumed": swept.resumed,
        "already_sealed": swept.already,
        "ledger_lags": swept.ledger_lags,
        "head": str(swept.head),
        "accounts": [
            {"account": each.account, "status": each.status, "reason": each.reason, "identities": each.identities,
             "cells": each.cells, "cells_ok": each.cells_ok}
            for each in one.coverage
        ],
        "counts": dict(one.counts),
        "loosened": list(one.governance.loosened),
        "loosened_turned": one.governance.turned,
        "missed_ticks": [canonical.timestamp(tick) for tick in one.missed_ticks],
        "objects": len(one.objects),
        "bytes": sum(each.size for each in one.objects),
        "superseded": len(one.superseded),
        "calls": one.calls,
        "throttled": one.throttled,
        "notices": _reminded_json(swept.reminded),
        "failures": [{"account": each.account, "error": each.error} for each in swept.failures],
    }  # fmt: skip
