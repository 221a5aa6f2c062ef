"""The credential report: asked for first, read last, and every cell of it turned into what AWS means by it."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import Report
from prooftrail.model.canonical import timestamp, utc
from prooftrail.model.iam import ReportRow
from prooftrail.model.reading import Gap, GapReason, Reading

from .credential_report_rows import Malformed, addresses, missing_columns, row_of, table
from .observer import Api, Collecting, Observer, Refused

GENERATE = Api("iam", "generate_credential_report")
GET_REPORT = Api("iam", "get_credential_report")

_COMPLETE = "COMPLETE"
_NONE_YET = frozenset({"ReportNotPresent", "CredentialReportNotPresentException"})
_EXPIRED = frozenset({"ReportExpired", "CredentialReportExpiredException"})
_IN_PROGRESS = frozenset({"ReportInProgress", "CredentialReportNotReadyException"})
_QUICK_S = (0.25, 0.5, 1.0)  # a small account's report is ready before anybody would notice a wait
_SLOW_S, _SLOWER, _SLOWEST_S = 2.0, 1.5, 10.0
_LONGEST_S = 300.0
_AHEAD = timedelta(hours=1)  # further than two clocks may be apart
_STALE = timedelta(hours=25)  # AWS makes a new one when asked four hours after the last: a day's grace, and an hour


class Requested(NamedTuple):
    """A report that was asked for: what AWS said to it (`state`, None where it refused), or the gap it left."""

    found: Collecting[Report]
    state: str | None
    refusal: Gap | None


def request_report(observer: Observer) -> Requested:
    """Ask AWS to make the report. A refusal is kept for later: a report that is there already may still be read.

    Source: IAM GenerateCredentialReport, which makes at most one in four hours and is free.
    """
    found: Collecting[Report] = Collecting(observer)
    return _request(found)


def read_report(
    requested: Requested,
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Reading[Report]:
    """The report as one item, as soon as AWS has it: asked at once, then after 0.25 s, ever more slowly, for 5 minutes.

    A report that is not ready by then is a NOT_READY gap; one that is there while making it was refused is no gap. One
    older than 25 hours is kept beside a NOT_READY gap that tells its age, one dated more than an hour ahead of the
    observer's clock beside a CLOCK gap. A column that is missing is an UNREADABLE gap naming it, and then there is no report; a row that makes no sense is
    one for its user. Source: IAM GetCredentialReport.
    """
    found = requested.found
    data = _fetch(requested, sleep=sleep, monotonic=monotonic)
    if data is not None:
        _parse(found, data)
    return found.reading()


def _request(found: Collecting[Report]) -> Requested:
    try:
        answer = found.put(GENERATE)
    except Refused as refused:
        return Requested(found, None, refused.gap)
    return Requested(found, answer.get("State"), None)


def _fetch(
    requested: Requested, *, sleep: Callable[[float], None], monotonic: Callable[[], float]
) -> dict[str, Any] | None:
    """The answer that holds the report; None where a gap says why there is none."""
    found, ends_at = requested.found, monotonic() + _LONGEST_S
    for wait_s in _waits():
        try:
            return found.put(GET_REPORT, opening=_Opening(found.observer.redactor))
        except Refused as refused:
            gap = refused.gap
        if gap.code not in _NONE_YET | _EXPIRED | _IN_PROGRESS:
            found.gap(gap)
            return None
        # Under way, a first report is "not present" too; after COMPLETE or a refusal it is not under way.
        if gap.code in _EXPIRED or (gap.code in _NONE_YET and requested.state in {_COMPLETE, None}):
            if requested.refusal and requested.refusal.reason is GapReason.DENIED:
                found.gap(requested.refusal)
                return None
            requested = _request(found)
        if monotonic() + wait_s > ends_at:
            found.gap(_not_ready(gap))
            return None
        sleep(wait_s)
    return None


def _waits() -> Iterator[float]:
    yield from _QUICK_S
    wait_s = _SLOW_S
    while True:
        yield wait_s
        wait_s = min(wait_s * _SLOWER, _SLOWEST_S)


def _not_ready(gap: Gap) -> Gap:
    detail = f"AWS had no finished report after {_LONGEST_S:.0f} s"
    return Gap(api=GET_REPORT.name, reason=GapReason.NOT_READY, detail=detail, code=gap.code)


class _Opening:
    """Takes the report out of its encoding, and lets the redactor learn the users' names as names."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, data: dict[str, Any]) -> dict[str, str]:
        content: bytes = data.get("Content", b"")
        data["Content"] = content.decode("utf-8", "replace")
        replaced: dict[str, str] = {}
        for name in addresses(data["Content"]):
            replaced |= self._redactor.tree({"UserName": name}, api=GET_REPORT.name)[1]
        return replaced


def _parse(found: Collecting[Report], data: dict[str, Any]) -> None:
    generated_at = data.get("GeneratedTime")
    try:
        columns, lines = table(data.get("Content", ""))
    except Malformed as error:
        return found.gap(_unreadable(str(error), None))
    missing = missing_columns(columns)
    if missing or generated_at is None:
        return found.gap(_unreadable(f"the report has no {', '.join(missing) or 'GeneratedTime'}", None))
    rows: list[ReportRow] = []
    for line in lines:
        try:
            rows.append(row_of(columns, line))
        except Malformed as error:
            found.gap(_unreadable(str(error), line[0]))
    made, now = utc(generated_at), found.observer.clock.now()
    for gap in _misdated(made, now):
        found.gap(gap)
    found.add(Report(generated_at=made, columns=columns, rows=tuple(rows)))
    return None


def _misdated(made: datetime, now: datetime) -> Iterator[Gap]:
    """What the report's own date says against it: rows of the day before yesterday, or of tomorrow, are not today's."""
    if made - now > _AHEAD:
        detail = f"the report is dated {timestamp(made)}, more than an hour after it was read at {timestamp(now)}"
        yield Gap(api=GET_REPORT.name, reason=GapReason.CLOCK, detail=detail)
    if now - made > _STALE:
        age = (now - made) // timedelta(hours=1)
        detail = f"the report of {timestamp(made)} is {age} hours old: AWS was asked for a new one and has made none"
        yield Gap(api=GET_REPORT.name, reason=GapReason.NOT_READY, detail=detail)


def _unreadable(detail: str, subject: str | None) -> Gap:
    return Gap(api=GET_REPORT.name, reason=GapReason.UNREADABLE, detail=detail, subject=subject)
