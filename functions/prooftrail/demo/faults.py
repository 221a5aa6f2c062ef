"""What goes wrong on purpose, before an operation answers, with the errors AWS itself gives."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from threading import Lock

from prooftrail.demo.mends.call import Call, Cut, Refusal
from prooftrail.demo.mends.world import World

EVERY_ACCOUNT = "*"

# (code, HTTP status) of a denial and of a throttled call, as each service writes them.
_DENIED = {
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "account": ("AccessDeniedException", 403),
}
_THROTTLED = {
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "account": ("TooManyRequestsException", 429),
    "organizations": ("TooManyRequestsException", 400),
}


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float


class _Break:
    """Half a body, then the end."""


@dataclass(frozen=True, slots=True)
class _Cap:
    rows: int


type _Kind = Refusal | Cut | _Wait | _Break | _Cap | Callable[[], object]


@dataclass(slots=True, kw_only=True)
class _Fault:
    account: str
    operation: str
    kind: _Kind
    user: str | None = None
    times: int | None = None

    def meets(self, call: Call) -> bool:
        if self.account not in {EVERY_ACCOUNT, call.account, _target(call)} or self.times == 0:
            return False
        if self.user is not None and call.params.get("UserName") != self.user:
            return False
        named = {f"{call.service}:{call.operation}", call.action}
        return any(fnmatchcase(name, self.operation) for name in named)


def _target(call: Call) -> str | None:
    """The account a role is assumed in: a fault for AssumeRole may name either side."""
    arn = call.params.get("RoleArn") if call.action == "sts:AssumeRole" else None
    return str(arn).split(":")[4] if arn and str(arn).count(":") >= 5 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The call after its faults: perhaps with shorter pages, perhaps with only half a body to come."""

    call: Call
    broken: bool


class Faults:
    """Faults by account (or `*`) and operation (`iam:ListUsers`, `iam:*`, `*`); the newest refusal wins.

    A fault given `times` is spent after so many calls; otherwise it lasts until `clear`.
    """

    def __init__(self, world: World) -> None:
        self._world, self._held, self._lock = world, list[_Fault](), Lock()

    def deny(self, account: str, operation: str, user: str | None = None) -> None:
        """Refuse for want of permission; with `user` only where the call names that IAM user."""
        self._add(account, operation, Refusal("denied", "is not authorized to perform"), user=user)

    def throttle(self, account: str, operation: str, times: int | None = None) -> None:
        """Answer "slow down": the first `times` calls, or every call."""
        self._add(account, operation, Refusal("throttled", "Rate exceeded"), times=times)

    def fail(self, account: str, operation: str, code: str, http_status: int, times: int | None = None) -> None:
        """Answer with the given error code and status."""
        self._add(account, operation, Refusal(code, f"{code} was asked for.", status=http_status), times=times)

    def truncate(self, account: str, operation: str, *, keep: int | None = None, silently: bool = False) -> None:
        """End every list early, after `keep` rows (half, if None). The next page is refused; if `silently`, IAM
        says there is more and gives no marker, and a JSON service does not even say so."""
        self._add(account, operation, Cut(keep=keep, silent=silently))

    def short_pages(self, account: str, operation: str, at_most: int) -> None:
        """Give fewer rows a page than asked for, as AWS may, and the marker to go on."""
        self._add(account, operation, _Cap(at_most))

    def break_body(self, account: str, operation: str, times: int | None = None) -> None:
        """Answer 200 with only the first half of the body."""
        self._add(account, operation, _Break(), times=times)

    def slow(self, account: str, operation: str, seconds: float) -> None:
        """Let every such call wait before it is answered."""
        self._add(account, operation, _Wait(seconds))

    def before(self, account: str, operation: str, act: Callable[[], object], times: int | None = 1) -> None:
        """Do something to the organization just before the answer: a user is born while someone pages."""
        self._add(account, operation, act, times=times)

    def delay_report_forever(self, account: str) -> None:
        """Keep the account's credential report in the making."""
        self._world.stuck_reports.add(account)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._held.clear()
        self._world.stuck_reports.clear()

    def meet(self, call: Call, caller_arn: str) -> Met:
        """What the call runs into: raises the refusal, waits, acts; returns the call as it goes on."""
        broken, met = False, call
        for fault in self._spent_by(call):
            match fault.kind:
                case Refusal() as refusal:
                    raise _said(refusal, call, caller_arn)
                case Cut() as cut:
                    met = replace(met, cut=cut)
                case _Cap(rows):
                    met = replace(met, page_cap=rows)
                case _Wait(seconds):
                    time.sleep(seconds)
                case _Break():
                    broken = True
                case act:
                    act()
        return Met(call=met, broken=broken)

    def _add(
        self, account: str, operation: str, kind: _Kind, *, user: str | None = None, times: int | None = None
    ) -> None:
        with self._lock:
            self._held.insert(0, _Fault(account=account, operation=operation, kind=kind, user=user, times=times))

    def _spent_by(self, call: Call) -> list[_Fault]:
        with self._lock:
            met = [fault for fault in self._held if fault.meets(call)]
            for fault in met:
                if fault.times is not None:
                    fault.times -= 1
        # A refusal comes last, so that what is to happen before it does happen.
        return sorted(met, key=lambda fault: isinstance(fault.kind, Refusal))


def _said(refusal: Refusal, call: Call, caller_arn: str) -> Refusal:
    if refusal.code == "denied":
        code, status = _DENIED.get(call.service, ("AccessDeniedException", 400))
        text = f"User: {caller_arn} {refusal.message}: {call.action}"
        return Refusal(code, text, status=status)
    if refusal.code == "throttled":
        code, status = _THROTTLED.get(call.service, ("ThrottlingException", 400))
        return Refusal(code, refusal.message, status=status)
    return Refusal(refusal.code, refusal.message, status=refusal.status)
