"""Asks AWS one question at a time in one account, keeps what came over the wire, and turns refusals into gaps.

The Observer is the only place where a call to a scanned account is made: paced, redacted, recorded. Collecting gathers
its answers and refusals into one Reading. Collectors stand on these two.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
from botocore.handlers import json_decode_policies
from botocore.parsers import ResponseParserError

from prooftrail.evidence.redaction import Redactor
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading, Source
from prooftrail.ports import Clock, RawResponse, RawSink

from .governor import Governors
from .questions import KEPT, THROTTLES, Answer, Api, Opening, Refused, reason_of
from .wire import SURROGATE, body_text, http_date, mended, printable, shown

__all__ = ["Api", "Collecting", "Observer", "Opening", "Refused"]  # all that a collector stands on

_LONGEST_DETAIL = 300  # characters of AWS's message that are kept
_SUBJECTS = (
    "UserName",
    "RoleName",
    "SecretId",
    "OpenIDConnectProviderArn",
    "AccountId",
    "AlternateContactType",
    "PolicyId",
    "PolicyArn",
    "ResourceId",
    "ParentId",
    "PermissionSetArn",
)
_TOKENS = ("Marker", "NextToken")  # opaque, and sent back as they came: redaction must not touch them


class Observer:
    """One account in one run, seen through one set of credentials; safe for many threads.

    `client_of(service, region)` gives a boto3 client; it is called once for each pair. `calls` and `throttled` count
    attempts, botocore's own retries among them.
    """

    def __init__(
        self,
        *,
        account: str,
        partition: str,
        client_of: Callable[[str, str], Any],
        home_region: str,
        governors: Governors,
        clock: Clock,
        raw: RawSink,
        redactor: Redactor,
    ) -> None:
        self.account, self.partition, self.home_region = account, partition, home_region
        self.redactor, self.clock = redactor, clock
        self._client_of, self._governors, self._raw = client_of, governors, raw
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._wire = threading.local()
        self.calls = self.throttled = 0

    def ask(self, api: Api, *, region: str = GLOBAL, opening: Opening | None = None, **parameters: Any) -> Answer:
        """The answer to one call, its text redacted; raises Refused where AWS gave none.

        What else goes wrong is a defect, or the account's credentials could not be renewed: that is raised as it is.
        """
        client = self._client(api.service, self.home_region if region == GLOBAL else region)
        self._wire.last = None
        try:
            data = getattr(client, api.method)(**parameters)
        except ClientError as error:
            raise self._refusal(api, region, parameters, error) from error
        except (ConnectionError, HTTPClientError) as error:
            raise self._failure(api, GapReason.UNREACHABLE, parameters, error) from error
        except ResponseParserError as error:
            raise self._failure(api, GapReason.UNREADABLE, parameters, error) from error
        except BotoCoreError as error:
            raise self._failure(api, GapReason.ERROR, parameters, error) from error
        return self._answer(api, region, parameters, data, opening)

    def _answer(
        self, api: Api, region: str, parameters: dict[str, Any], data: dict[str, Any], opening: Opening | None = None
    ) -> Answer:
        observed_at = self.clock.now()
        status, wire = self._wire.last or (0, b"")
        self._wire.last = None
        meta = data.pop("ResponseMetadata", {})
        tokens = {name: data.pop(name) for name in _TOKENS if name in data}
        if SURROGATE.search(wire):
            data = mended(data)
        opened = opening(data) if opening else {}
        clean, replaced = self.redactor.tree(data, api=api.name)
        headers = meta.get("HTTPHeaders", {})
        date = headers.get("date")
        answer = Answer(
            data={**clean, **tokens},
            parameters=self._shown(parameters),
            request_id=meta.get("RequestId") or headers.get("x-amzn-requestid"),
            date=http_date(date),
            observed_at=observed_at,
        )
        if wire and api.name in KEPT:
            text, encoding = body_text(wire, report=api.method == "get_credential_report")
            body, redactions = self.redactor.body(text, {**opened, **replaced}, api=api.name)
            self._raw.add(
                RawResponse(
                    api=api.name,
                    region=region,
                    account=self.account,
                    parameters=answer.parameters,
                    status=status,
                    request_id=answer.request_id,
                    date=date,
                    observed_at=observed_at,
                    body=body,
                    redactions=redactions,
                    encoding=encoding,
                )
            )
        return answer

    def _shown(self, parameters: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Call parameters as text that may be sealed."""
        return tuple((name, self.redactor.text(shown(value))) for name, value in sorted(parameters.items()))

    def _refusal(self, api: Api, region: str, parameters: dict[str, Any], error: ClientError) -> Refused:
        """The refusal in AWS's own words is evidence too; its code and message make the gap."""
        response: dict[str, Any] = dict(error.response)
        said = response.get("Error", {})
        code, message = said.get("Code") or "Unknown", said.get("Message") or ""
        gap = self._gap(api, reason_of(code), message or code, code, parameters)
        return Refused(gap, self._answer(api, region, parameters, response))

    def _failure(self, api: Api, reason: GapReason, parameters: dict[str, Any], error: Exception) -> Refused:
        return Refused(self._gap(api, reason, f"{type(error).__name__}: {error}", None, parameters))

    def _gap(self, api: Api, reason: GapReason, detail: str, code: str | None, parameters: dict[str, Any]) -> Gap:
        subject = next((str(parameters[name]) for name in _SUBJECTS if name in parameters), None)
        return Gap(
            api=api.name,
            reason=reason,
            code=code,
            detail=self.redactor.text(printable(detail))[:_LONGEST_DETAIL],
            subject=self.redactor.text(subject) if subject else None,
        )

    def _client(self, service: str, region: str) -> Any:
        client = self._clients.get((service, region))
        if client is not None:
            return client
        with self._lock:
            if (service, region) not in self._clients:
                client = self._client_of(service, region)
                self._listen(client, service)
                self._clients[(service, region)] = client
            return self._clients[(service, region)]

    def _listen(self, client: Any, service: str) -> None:
        """Stand at every attempt: before it leaves (its turn), when its bytes arrive, when it is judged."""
        governor = self._governors.of(self.account, service)

        def leave(**_: Any) -> None:
            self._wire.left_at = governor.acquire()
            with self._lock:
                self.calls += 1

        def arrived(response_dict: dict[str, Any], **_: Any) -> None:
            self._wire.last = (response_dict["status_code"], response_dict["body"])

        def judged(parsed_response: dict[str, Any] | None = None, **_: Any) -> None:
            if parsed_response is None:  # no answer came: that says nothing about pace
                return
            if parsed_response.get("Error", {}).get("Code") not in THROTTLES:
                governor.answered()
                return
            governor.refused(self._wire.left_at)
            with self._lock:
                self.throttled += 1

        client.meta.events.register("before-send", leave)
        client.meta.events.register("before-parse", arrived)
        client.meta.events.register("response-received", judged)
        # boto3 would open every policy document of an answer on its own; an Opening does it once for equal ones.
        client.meta.events.unregister("after-call.iam", json_decode_policies)


class Collecting[T]:
    """Gathers one Reading: items, gaps where AWS refused, and a Source for each API asked. Safe for many threads."""

    def __init__(self, observer: Observer, *, region: str = GLOBAL) -> None:
        self.observer, self.region = observer, region
        self._items: list[T] = []
        self._gaps: list[Gap] = []
        self._trails: dict[str, _Trail] = {}
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        """True as long as no gap stands."""
        return not self._gaps

    def ask(self, api: Api, **how: Any) -> dict[str, Any] | None:
        """One answer, or None where AWS refused (then a gap stands). Takes what `put` takes."""
        try:
            return self.put(api, **how)
        except Refused as refused:
            self.gap(refused.gap)
            return None

    def put(
        self, api: Api, *, absent: frozenset[str] = frozenset(), opening: Opening | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """One answer, for who decides for himself what a refusal means. Raises Refused and leaves no gap.

        A code in `absent` is an answer too ("there is none") and gives an empty one.
        """
        try:
            answer = self.observer.ask(api, region=self.region, opening=opening, **parameters)
        except Refused as refused:
            if refused.answer is None or refused.gap.code not in absent:
                raise
            self.note(api, refused.answer)
            return {}
        self.note(api, answer)
        return answer.data

    def pages(self, api: Api, **how: Any) -> Iterator[dict[str, Any]]:
        """Every page, until AWS has no more; a refusal ends it with a gap, so what came before is known to be partial.

        Takes what `sheets` takes.
        """
        try:
            yield from self.sheets(api, **how)
        except Refused as refused:
            self.gap(refused.gap)

    def sheets(
        self,
        api: Api,
        *,
        token: tuple[str, str] = ("Marker", "Marker"),
        absent: frozenset[str] = frozenset(),
        opening: Opening | None = None,
        **parameters: Any,
    ) -> Iterator[dict[str, Any]]:
        """Every page, for who decides for himself what a refusal means. Raises Refused and leaves no gap.

        `token` names the request's and the answer's paging members. An answer that says it is truncated and gives no
        way on, or gives one it gave before, is refused as TRUNCATED. A code in `absent` is one empty page.
        """
        request_token, answer_token = token
        seen: set[str] = set()
        onward: dict[str, str] = {}
        while True:
            page = self.put(api, absent=absent, opening=opening, **parameters, **onward)
            yield page
            following = page.get(answer_token)
            if not page.get("IsTruncated", following):
                return
            if not following:
                raise Refused(_truncated(api, "AWS said there is more and gave no way to it"))
            if following in seen:
                raise Refused(_truncated(api, "AWS gave the same page twice"))
            seen.add(following)
            onward = {request_token: following}

    def add(self, item: T) -> None:
        """Keep one item."""
        with self._lock:
            self._items.append(item)

    def gap(self, gap: Gap) -> None:
        """Keep one gap."""
        with self._lock:
            self._gaps.append(gap)

    def note(self, api: Api, answer: Answer | None) -> None:
        """Keep an answer's provenance, a refusal's too, and nothing else of it."""
        if answer is None:
            return
        with self._lock:
            if api.name not in self._trails:
                self._trails[api.name] = _Trail(answer)
            self._trails[api.name].follow(answer)

    def reading(self) -> Reading[T]:
        """The reading so far."""
        with self._lock:
            sources = tuple(trail.source(api, self.region) for api, trail in sorted(self._trails.items()))
            gaps = sorted(self._gaps, key=lambda gap: (gap.api, gap.subject or "", gap.reason))
            return Reading(items=tuple(self._items), gaps=tuple(gaps), sources=sources)


def _truncated(api: Api, detail: str) -> Gap:
    return Gap(api=api.name, reason=GapReason.TRUNCATED, detail=detail)


class _Trail:
    """Where one API's answers came from, summed up as they come."""

    def __init__(self, first: Answer) -> None:
        self._calls = 0
        self._common = {pair for pair in first.parameters if pair[0] not in _TOKENS}
        self._request_ids: list[str] = []
        self._from = self._to = first.observed_at
        self._dates: tuple[datetime, datetime] | None = None

    def follow(self, answer: Answer) -> None:
        self._calls += 1
        self._common.intersection_update(answer.parameters)
        if answer.request_id:
            self._request_ids.append(answer.request_id)
        self._from, self._to = min(self._from, answer.observed_at), max(self._to, answer.observed_at)
        if answer.date:
            first, last = self._dates or (answer.date, answer.date)
            self._dates = min(first, answer.date), max(last, answer.date)

    def source(self, api: str, region: str) -> Source:
        first, last = self._dates or (None, None)
        return Source(
            api=api,
            region=region,
            calls=self._calls,
            parameters=tuple(sorted(self._common)),
            request_ids=tuple(sorted(set(self._request_ids))),
            observed_from=self._from,
            observed_to=self._to,
            aws_date_from=first,
            aws_date_to=last,
        )
