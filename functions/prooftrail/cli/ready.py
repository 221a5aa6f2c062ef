"""`prooftrail ready`: what there will be to show on the day of the audit, and what to do about it first."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, heads, render
from prooftrail.cli.arguments import AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.controls.crosswalk import FRAMEWORKS
from prooftrail.errors import ConfigError
from prooftrail.flows.locker_history import RunSummary
from prooftrail.flows.moments import end_of
from prooftrail.flows.ready import Asked
from prooftrail.flows.ready import ready as is_ready
from prooftrail.pack.readiness.actions import Action
from prooftrail.pack.readiness.readiness import WANTED_DAYS, ControlReadiness, DayLost, Ready, framework_named
from prooftrail.pack.view import PeriodView

_ACTIONS, _UNMOVABLE = 15, 8
_TEXT = 400


def ready(
    locker: LockerAddress,
    audit_date: Annotated[str, typer.Option("--audit-date", metavar="DATE", help="The day of the audit.")],
    framework: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only controls with ids in it, led by them: iso27001, soc2, ...")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The day from which operation counts; the first run's.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of operation to show by then.")] = WANTED_DAYS,
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Say how many days each control will have operated by the audit, what is lost for good, and what to do first.

    A day counts for a control if a scheduled run of it was sealed in time and tested the control: at least one result is
    other than NOT_TESTED. Results are those of the newest run. Nothing here says that a standard is met.
    """
    history = arguments.history(locker, profile)
    shown = history.run(as_of)
    asked = Asked(
        audit_day=_required(_day("--audit-date", audit_date)),
        since=_day("--from", since),
        as_of=None if as_of is None else shown,
        framework=_framework(framework),
        wanted_days=days,
    )
    now = _now(as_of, shown)
    found, period = is_ready(wiring.open_locker(locker, profile=profile), asked, now=now)
    if as_json:
        render.print_json(_as_json(found, period))
    else:
        _show(found, period)


def _required(value: date | None) -> date:
    if value is None:
        raise ConfigError("--audit-date takes a day like 2027-02-01.")
    return value


def _day(option: str, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value.strip())
    except ValueError:
        raise ConfigError(f"{option} takes a day like 2027-02-01, not {value!r}.") from None


def _now(as_of: str | None, shown: RunSummary) -> datetime:
    """The present that days are counted from: the clock's, the end of the day asked for, or when the run asked for was closed."""
    clock = wiring.clock().now()
    if as_of is None:
        return clock
    return min(clock, shown.closed_at if as_of == shown.run_id else end_of(as_of) - timedelta(microseconds=1))


def _framework(value: str | None) -> str | None:
    if value is None:
        return None
    if found := framework_named(value):
        return found
    raise ConfigError(f"--framework takes one of {', '.join(FRAMEWORKS)}, not {value!r}.")


def _as_json(one: Ready, period: PeriodView) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(one)
    for control, row in zip(one.controls, found["controls"], strict=True):
        row["by_then"] = control.by_then
    run = {"run_id": period.as_of.run_id, "taken_at": period.as_of.taken_at}
    return {"locker": period.locker, "as_of": run, "assurance": period.assurance} | found


def _show(one: Ready, period: PeriodView) -> None:
    console = render.console()
    title = f"Ready for an audit on {one.audit_day}?  As of run {period.as_of.run_id}, {render.moment(period.as_of.taken_at)}"
    console.print(render.heading(title))
    console.print(heads.worth(period.assurance))
    console.print(render.facts(_facts(one, period), labels=14))
    for note in one.notes:
        console.print(render.indented(Text(safe(note, longest=_TEXT), style="yellow"), 2))
    _actions(console, one)
    _controls(console, one)
    _lost(console, one)
    _unmovable(console, one)


def _facts(one: Ready, period: PeriodView) -> Iterator[tuple[str, str]]:
    if one.framework:
        yield "framework", f"{FRAMEWORKS[one.framework]}: {counted(len(one.controls), 'control')} with ids in it"
    yield "schedule", period.schedule.worded() if period.schedule else "none: no run is due"
    last = one.audit_day - timedelta(days=1)
    span = f"from {one.since} to {last}, the day before" if last >= one.since else f"none: counting begins {one.since}"
    yield "days", f"{one.of_days} with a due run, {span}"
    behind = one.of_days - one.days_left - len(one.lost)
    yield "so far", f"{behind} operated, {len(one.lost)} lost for all controls, {one.days_left} still to come"
    yield "to show", f"{counted(one.wanted_days, 'day')} of operation of each control (--days)"


def _actions(console: Console, one: Ready) -> None:
    console.print()
    console.print(render.heading(f"What to do first ({len(one.actions)}), by results it moves"))
    if not one.actions:
        console.print(Text("  nothing: no result fails, and none that could be tested was not", style="green"))
    for said in _last_days(one) if one.when == "before" else ():
        console.print(render.indented(Text(said, style="dim"), 2))
    for number, each in enumerate(one.actions[:_ACTIONS], 1):
        head = Text.assemble((f"{number:>4}  ", "dim"), (_moves(each), "bold"), "  ", _by(each, one))
        console.print(head, soft_wrap=True)
        console.print(render.indented(safe(each.what, longest=_TEXT), 6))
    if len(one.actions) > _ACTIONS:
        console.print(Text(f"      and {len(one.actions) - _ACTIONS} more: --json lists them", style="dim"))


def _last_days(one: Ready) -> Iterator[str]:
    """The last days on which doing it still shows something by the audit."""
    for shows in dict.fromkeys(each.shows for each in one.actions):
        last = next(each.start_by for each in one.actions if each.shows == shows)
        yield f"last day to still show {shows}: {last}" if last else f"too late to show {shows}"


def _moves(one: Action) -> str:
    kinds = [(one.failed, "FAIL"), (one.not_tested, "NOT_TESTED"), (one.stale, "stale"), (one.excepted, "EXCEPTION")]
    none = "not known how many" if one.moved is None else "no result that fails"
    said = " + ".join(f"{number} {word}" for number, word in kinds if number) or none
    controls = ", ".join(one.controls[:4]) + (f" +{len(one.controls) - 4}" if len(one.controls) > 4 else "")
    return ", ".join(each for each in (said, controls) if each)


def _by(one: Action, ready: Ready) -> Text:
    if one.overdue:
        return Text(f"overdue since {one.due}", style="red")
    days = [each for each in (one.due, one.start_by) if each]
    if not days:
        return Text("too late" if ready.when == "before" else "", style="red")
    return Text(f"by {min(days)}", style="yellow")


def _controls(console: Console, one: Ready) -> None:
    console.print()
    console.print(render.heading("Days of operation and today's results, by control"))
    led = one.framework is not None
    columns = (
        *((Col("IDS", 11),) if led else ()), Col("CONTROL", 7), Col("TITLE", 16, grows=1), Col("SO FAR", 6, right=True),
        Col("BY THEN", 9, right=True), Col("LOST", 4, right=True), Col("FAIL", 5, right=True),
        Col("EXC", 3, right=True), Col("NOT TESTED", 10, right=True), Col("PASS", 5, right=True),
    )  # fmt: skip
    console.print(table(columns, (_row(each, one, led) for each in one.controls), width=console.width))
    console.print(
        Text(
            "  BY THEN: days if nothing is missed, of all days due. LOST: its own and those lost for all.", style="dim"
        )
    )


def _row(each: ControlReadiness, one: Ready, led: bool) -> list[str | Text]:
    lost = len(each.lost) + len(one.lost)
    short = each.by_then < one.wanted_days or not each.testable
    by_then = f"{each.by_then}/{one.of_days}" if each.testable else "cannot"
    ids = f"{each.ids[0]} +{len(each.ids) - 1}" if len(each.ids) > 1 else "".join(each.ids)
    return [
        *((ids,) if led else ()),
        each.control,
        safe(each.title),
        f"{each.operated}" if each.testable else "-",
        Text(by_then, style="red" if short else "green"),
        Text(str(lost), style="red") if lost and each.testable else "-",
        Text(f"{each.failed:,}", style="red") if each.failed else "-",
        f"{each.exceptions:,}" if each.exceptions else "-",
        Text(f"{each.not_tested:,}", style="yellow") if each.not_tested else "-",
        f"{each.passed:,}" if each.passed else "-",
    ]


def _lost(console: Console, one: Ready) -> None:
    """What nothing mends, told together where cause and days are the same."""
    alike: dict[tuple[str, str], list[str]] = {}
    for cause, on in _by_cause(one.lost):
        alike[cause, _days(on)] = ["every control"]
    for each in one.controls:
        for cause, on in _by_cause(each.lost):
            alike.setdefault((cause, _days(on)), []).append(each.control)
        if each.empty:
            said = (
                f"on {counted(each.empty, 'day')} there was nothing of its kind to test: no day lost, and none to show"
            )
            alike.setdefault((said, ""), []).append(each.control)
        if not each.testable:
            why = f"cannot be tested by this version: {each.why_not or 'its source is not collected'}"
            alike.setdefault((why, ""), []).append(each.control)
    if not alike:
        return
    console.print()
    console.print(render.heading("Past mending: say it before the auditor finds it"))
    for (cause, days), controls in alike.items():
        said = f"{days}: {safe(cause)}" if days else safe(cause)
        console.print(render.indented(Text.assemble((f"{', '.join(controls)}  ", "bold"), said), 2))


def _by_cause(lost: tuple[DayLost, ...]) -> Iterator[tuple[str, list[date]]]:
    for cause in dict.fromkeys(one.cause for one in lost):
        yield cause, [one.on for one in lost if one.cause == cause]


def _days(days: list[date]) -> str:
    """Days as ranges, oldest first."""
    spans: list[list[date]] = []
    for one in sorted(days):
        if spans and (one - spans[-1][-1]).days == 1:
            spans[-1].append(one)
        else:
            spans.append([one])
    said = [f"{span[0]}" if len(span) == 1 else f"{span[0]} to {span[-1]} ({len(span)} days)" for span in spans]
    return ", ".join(said[:6]) + (f" and {len(said) - 6} more" if len(said) > 6 else "")


def _unmovable(console: Console, one: Ready) -> None:
    told = {each.control for each in one.controls if not each.testable}
    rows = [each for each in one.unmovable if not set(each.controls) <= told]
    if not rows:
        return
    total = sum(each.results for each in rows)
    console.print()
    console.print(
        render.heading(f"Not tested whatever you do: {counted(total, 'result')} that this version cannot test")
    )
    for each in rows[:_UNMOVABLE]:
        head = (", ".join(each.controls), "bold")
        console.print(
            render.indented(Text.assemble(head, f"  {counted(each.results, 'result')}: {safe(each.reason)}"), 2)
        )
    if len(rows) > _UNMOVABLE:
        left = counted(len(rows) - _UNMOVABLE, "more reason")
        console.print(Text(f"  and {left}: --json lists them", style="dim"))
