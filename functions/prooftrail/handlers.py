"""The Lambda doors: read the event strictly, call one flow, answer with references and numbers, and say so in one line.

Importing this asks nothing of the environment and brings none of AWS's libraries along: those come with the first
event, and what was made for it serves all that follow. An error leaves with its class for a name, so that the state
machine can tell what will pass from what will not.
"""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from prooftrail.errors import (
    ChainBroken,
    ClaimsOpen,
    ConfigError,
    EvidenceError,
    EvidenceMissing,
    LedgerError,
    ProoftrailError,
)
from prooftrail.events import (
    AccountEvent,
    ClosingEvent,
    Event,
    FailureEvent,
    RunEvent,
    ShardEvent,
    TellingEvent,
    TickEvent,
)
from prooftrail.model import canonical
from prooftrail.model.run import OutcomeStatus, PlanAction

if TYPE_CHECKING:
    from prooftrail.evidence.manifest import Head, Manifest
    from prooftrail.flows.close_run import Closed
    from prooftrail.wiring.deployed import DeployedWiring

type Answer = dict[str, Any]
type Handler = Callable[[object, object], Answer]

NAMESPACE = "Prooftrail"
"""Where our own metrics are; `service`, their one dimension, comes from the environment."""

_EXCHANGED = "this deployment has a newer signing key"
_TOLD = 10  # faults that a line names one by one


class Work:
    """What one unit of work has to say: its line, and its numbers for the alarms."""

    def __init__(self) -> None:
        self.line: dict[str, Any] = {}
        self.numbers: dict[str, float] = {}

    def note(self, **facts: object) -> None:
        """Put facts into the line."""
        self.line |= facts

    def count(self, **numbers: float) -> None:
        """Give numbers to the alarms, by their metric's name, and to the line."""
        self.numbers |= numbers
        self.line |= numbers


def _door[E: Event](event_type: type[E]) -> Callable[[Callable[[E, Work], Answer]], Handler]:
    """Makes a handler of a step: the event read first, one line and its metrics last, whatever happened between."""

    def made(step: Callable[[E, Work], Answer]) -> Handler:
        @functools.wraps(step)
        def handler(event: object, context: object) -> Answer:
            started, work = time.perf_counter(), Work()
            work.note(request_id=getattr(context, "aws_request_id", None))
            try:
                answer = step(_read(event_type, event, step.__name__), work)
            except Exception as error:
                # A defect's own words may hold anything; Lambda's report has them, the line does not.
                said = str(error) if isinstance(error, ProoftrailError) else "a defect of Prooftrail"
                work.note(error=type(error).__name__, detail=said)
                raise
            finally:
                _tell(step.__name__, work, ms=round((time.perf_counter() - started) * 1000))
            return answer

        return handler

    return made


def _read[E: Event](event_type: type[E], event: object, door: str) -> E:
    try:
        return msgspec.convert(event, event_type)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{door} cannot read its event: {error}. It takes {_fields(event_type)}.") from error


def _fields(event_type: type[Event]) -> str:
    named = [one.encode_name for one in msgspec.structs.fields(event_type)]
    return ", ".join(f"`{one}`" for one in named) or "an empty object"


def _tell(door: str, work: Work, *, ms: int) -> None:
    say = _logger().error if "error" in work.line else _logger().info
    say(door, ms=ms, **work.line)
    if work.numbers:
        metrics = _metrics()
        for name, value in work.numbers.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        metrics.flush_metrics()


@functools.cache
def _logger() -> Logger:
    return Logger(location=None)


@functools.cache
def _metrics() -> Metrics:
    return Metrics(namespace=NAMESPACE)


@functools.cache
def _wiring() -> "DeployedWiring":
    from prooftrail.wiring.deployed import DeployedWiring  # noqa: PLC0415

    return DeployedWiring.read()


@_door(TickEvent)
def tick(event: TickEvent, work: Work) -> Answer:
    """Start the run that is due, or one by hand."""
    if event.manual == (event.scheduled_time is not None):
        raise ConfigError("tick takes either `scheduled_time`, as the scheduler gives it, or `manual`: true.")
    if event.scheduled_time is not None and event.scheduled_time.tzinfo is None:
        raise ConfigError("`scheduled_time` has no zone: write it with a Z at the end.")
    ticked = _wiring().tick(event.scheduled_time)
    work.note(run=ticked.run_id, manual=event.manual, started=ticked.started)
    return {"run_id": ticked.run_id, "started": ticked.started}


def _standing[T](step: "Callable[[DeployedWiring], T]") -> T:
    """Take a step that stands on the chain; where it does not hold, once more with the keys asked for anew.

    A warm function may know a key from before it was exchanged.
    """
    try:
        return step(_wiring())
    except ChainBroken:
        _wiring().forget_keys()
        return step(_wiring())


def _under_the_newest_key[T](step: "Callable[[DeployedWiring], T]", work: Work) -> T:
    """Take a step that signs. Where our key is not yet the chain's, the one before it signs it in first."""
    try:
        return _standing(step)
    except ChainBroken:
        head = _wiring().turn_key(_EXCHANGED)
        if head is None:
            raise
        work.count(KeyExchanged=1)
        work.note(key_exchanged_in=head.seq)
        return step(_wiring())


@_door(RunEvent)
def open_chain(event: RunEvent, work: Work) -> Answer:
    """See that there is a chain to stand on, under the newest key there is: each run begins by asking which that is."""
    work.note(run=event.run_id)
    _wiring().forget_keys()
    end = _under_the_newest_key(lambda wiring: wiring.open_chain(wiring.founder), work)
    work.note(seq=end.head.seq, sha256=end.head.sha256)
    return {"seq": end.head.seq, "sha256": end.head.sha256}


@_door(RunEvent)
def start_run(event: RunEvent, work: Work) -> Answer:
    """Seal the context, commit the plan, and list the accounts to be scanned."""
    from prooftrail.flows.tick import run_named  # noqa: PLC0415

    wiring = _wiring()
    work.note(run=event.run_id, trigger=event.trigger)
    run = run_named(event.run_id, event.trigger, schedule=wiring.schedule, now=wiring.clock.now())
    started = _standing(lambda wiring: wiring.start_run(run))
    already = started.resumed and _standing(lambda wiring: wiring.start_run.closed(started.plan))
    todo = [one.account for one in started.plan.accounts if one.action is PlanAction.SCAN]
    listed = wiring.work.write(run.id, "accounts", ({"run_id": run.id, "account": one} for one in todo))
    gaps = sum(bool(one.gaps) for one in started.context.cells)
    work.note(accounts=len(todo), skipped=len(started.plan.accounts) - len(todo), gaps=gaps)
    work.note(resumed=started.resumed, already=already)
    items = {"bucket": listed.bucket, "key": listed.key}
    return {"run_id": run.id, "accounts": len(todo), "already": already, "items": items}


@_door(AccountEvent)
def scan_account(event: AccountEvent, work: Work) -> Answer:
    """Read, seal, judge and commit one account."""
    wiring = _wiring()
    work.note(run=event.run_id, account=event.account)
    planned = wiring.read_plan.account(event.run_id, event.account)
    run, context = wiring.read_plan.plan(event.run_id).header.run, wiring.read_plan.context(event.run_id)
    outcome = wiring.scan_account(planned, run=run, context=context)
    gaps = sum(bool(one.gaps) for one in outcome.cells)
    identities = dict(outcome.counts).get("identities", 0)
    work.note(status=outcome.status, identities=identities, cells=len(outcome.cells), gaps=gaps)
    work.note(calls=outcome.calls, throttled=outcome.throttled)
    return {"account": event.account, "status": outcome.status, "identities": identities, "gaps": gaps}


@_door(FailureEvent)
def record_failure(event: FailureEvent, work: Work) -> Answer:
    """Commit that an account could not be read, and why."""
    wiring = _wiring()
    work.note(run=event.run_id, account=event.account)
    planned = wiring.read_plan.account(event.run_id, event.account)
    outcome = wiring.record_failure(planned, run_id=event.run_id, error=event.failure.error, cause=event.failure.cause)
    work.note(status=outcome.status, reason=outcome.reason)
    return {"account": event.account, "status": outcome.status}


@_door(ClosingEvent)
def close_run(event: ClosingEvent, work: Work) -> Answer:
    """Put the signed manifest into the chain, and list what the ledger lacks."""
    work.note(run=event.run_id)
    plan, context = _wiring().read_plan.plan(event.run_id), _wiring().read_plan.context(event.run_id)
    closed = _under_the_newest_key(lambda wiring: wiring.close_run(plan, context), work)
    made, statuses = closed.manifest, [one.status for one in closed.manifest.coverage]
    unreachable = statuses.count(OutcomeStatus.UNREACHABLE)
    work.count(RunSealed=1, AccountsUnreachable=unreachable, AccountsWithGaps=statuses.count(OutcomeStatus.GAPS))
    work.count(MissedTicks=len(made.missed_ticks), AccountsNotListed=int(not context.accounts_listed()))
    work.note(seq=closed.head.seq, sha256=closed.head.sha256, gaps=made.gaps(), accounts=len(statuses))
    untold = _wiring().work.write(event.run_id, "untold", _untold(closed, work))
    work.note(untold=untold.count)
    said = {"seq": closed.head.seq, "sha256": closed.head.sha256, "gaps": made.gaps(), "unreachable": unreachable}
    return {"run_id": event.run_id, **said, "untold": msgspec.structs.asdict(untold)}


def _untold(closed: "Closed", work: Work) -> Iterator[object]:
    """What the ledger lacks. A ledger that cannot be told hides no run: `record_run` fails with the same sentence."""
    try:
        yield from _wiring().keep_ledger.untold(closed.head, closed.manifest)
    except (LedgerError, EvidenceError) as error:
        work.count(LedgerLag=1)
        work.note(ledger=str(error))


@_door(TellingEvent)
def tell_accounts(event: TellingEvent, work: Work) -> Answer:
    """Tell the ledger what is sealed of some accounts, each on its own: one that fails keeps none of the others back."""
    from prooftrail.flows.keep_ledger import Untold  # noqa: PLC0415

    keep, failed = _wiring().keep_ledger, list[ProoftrailError]()
    for one in event.items:
        try:
            keep.tell(Untold(account=one.account, key=one.key, sha256=one.sha256, earlier=one.earlier))
        except (LedgerError, EvidenceError) as error:
            failed.append(error)
    work.note(accounts=len(event.items), told=len(event.items) - len(failed))
    if failed:
        raise failed[0]
    return {"told": len(event.items)}


@_door(ClosingEvent)
def record_run(event: ClosingEvent, work: Work) -> Answer:
    """Write the run's row, once the ledger has all of the run."""
    work.note(run=event.run_id)
    head, made = _sealed(event.run_id)
    try:
        _wiring().keep_ledger.record(head, made)
    except LedgerError:
        work.count(LedgerLag=1)
        raise
    work.count(LedgerLag=0)
    return {"run_id": event.run_id, "seq": head.seq}


def _sealed(run_id: str) -> "tuple[Head, Manifest]":
    """The run in the chain, believed by the head that is pinned: this step has no key."""
    from prooftrail.flows import head as chain_head  # noqa: PLC0415

    locker, since = _wiring().locker, canonical.tick_of(run_id)
    found = chain_head.find_run(locker, run_id, since=since, public_key=None, at=_wiring().pin.recall())
    if found is None:
        raise EvidenceMissing(f"the manifest of run {run_id}", locker.describe())
    return found


@_door(ClosingEvent)
def plan_notices(event: ClosingEvent, work: Work) -> Answer:
    """Seal who is to be told what today, and name the shards to be sent, first those that earlier runs left open."""
    work.note(run=event.run_id)
    plan = _wiring().plan_notices(event.run_id)
    counts = Counter(dict(plan.counts))
    planned, to_send, unreachable = counts["planned"], counts["sent"], counts["unreachable"]
    work.count(NoticesPlanned=planned, NoticesHeld=planned - to_send)
    work.count(OwnersUnreachable=counts["unreachable_owners"], NoticesLate=len(plan.gaps))
    work.note(on=plan.on.isoformat(), shards=len(plan.shards), open=len(plan.unended), gaps=list(plan.gaps[:_TOLD]))
    todo = (*plan.unended, *((event.run_id, shard) for shard in range(len(plan.shards))))
    shards = [{"run_id": run_id, "shard": shard} for run_id, shard in todo]
    said = {"planned": planned, "to_send": to_send, "undeliverable": unreachable}
    return {"run_id": event.run_id, **said, "shards": shards}


@_door(ShardEvent)
def send_notices(event: ShardEvent, work: Work) -> Answer:
    """Send one shard, each notice once, while nobody else sends. In doubt, the state machine tries again when receipts tell."""
    work.note(run=event.run_id, shard=event.shard)
    try:
        with _wiring().sending():
            done = _wiring().send_notices(event.run_id, event.shard)
    except ClaimsOpen:
        work.count(NoticesInDoubt=1)
        raise
    work.count(NoticesInDoubt=0)
    if not done.already:
        work.count(NoticesSent=done.sent, NoticesFailed=done.failed)
    work.note(waiting=done.waiting, unreachable=done.unreachable, held=done.held, already=done.already)
    return {"run_id": event.run_id, "shard": event.shard, "sent": done.sent, "failed": done.failed}


@_door(Event)
def watch(_: Event, work: Work) -> Answer:
    """Look at the head and leave the watchdog's signed word; what is wrong is for the alarms, and no error."""
    _wiring().forget_keys()
    seen = _wiring().watch()
    age = {} if seen.head_age_hours is None else {"HeadAgeHours": seen.head_age_hours}
    work.count(WitnessWritten=int(seen.written is not None), MissedTicksSeen=len(seen.missed_ticks), **age)
    work.count(HeadBroken=len(seen.broken))
    work.note(head=str(seen.head) if seen.head else None, written=seen.written, words=seen.words)
    work.note(pending_key=seen.pending_key, exchanged_in=seen.exchanged_in)
    work.note(broken=[f"{one.fault} {one.where}: {one.detail}" for one in seen.broken[:_TOLD]])
    return {"head": str(seen.head) if seen.head else None, "written": seen.written, "broken": len(seen.broken)}


@_door(Event)
def weekly(_: Event, work: Work) -> Answer:
    """Mail the head and the fingerprints of the keys."""
    _wiring().forget_keys()
    mail = _wiring().weekly()
    sent = _wiring().topic.send(subject=mail.subject, text=mail.text)
    work.note(subject=mail.subject, sent=sent)
    return {"sent": sent}
