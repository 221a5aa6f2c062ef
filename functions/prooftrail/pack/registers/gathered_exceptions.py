"""What the sealed results say of exceptions: which results name one, and what each compensating control came to there."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import msgspec

from prooftrail.governance.exceptions import Compensator
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Result, ResultStatus
from prooftrail.pack.view import AccountView

_VOID = "does not hold: "


class Cited(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One result, when it was judged, and where it can be looked up: the sealed assessment and its line, counted from 1."""

    account: str
    result: Result
    at: datetime | None
    evidence: str | None
    line: int | None


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What one compensating control came to for one excepted subject; `status` is PASS, FAIL or NOT_TESTED.

    `inferred` is True where no sealed result says so: it follows only from what the exception itself came to.
    """

    subject: Cited
    compensator: Compensator
    status: ResultStatus
    reason: str
    cited: Cited | None = None
    inferred: bool = False


class Near:
    """The results of the controls that compensate, as an exception looks for them: nearest to the identity first."""

    def __init__(self, one: AccountView, wanted: set[str], identities: Mapping[str, Identity]) -> None:
        self._of: dict[tuple[str, str | None], list[Cited]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        self._identities = identities
        if not wanted:
            return
        for at, result in enumerate(one.results):
            if result.control in wanted and result.status is not ResultStatus.NOT_APPLICABLE:
                self._of[result.control, result.identity or f"={result.subject}"].append(cited_in(one, at, result))
        for each in identities.values():
            if each.parent and each.parent != each.id:
                self._children[each.parent].append(each.id)

    def results(self, control: str, cited: Cited) -> list[Cited]:
        """What `control` came to for the subject's identity, else the user it belongs to, else all credentials of it."""
        mine = cited.result.identity
        if mine is None:
            return self._of.get((control, f"={cited.result.subject}"), [])
        identity = self._identities.get(mine)
        parent = identity.parent if identity is not None and identity.parent != mine else None
        for group in ([mine], [parent] if parent else [], self._children.get(mine, [])):
            if found := [each for one in group for each in self._of.get((control, one), [])]:
                return sorted(found, key=lambda each: each.result.subject)
        return []


def called(each: Compensator) -> str:
    """A compensating control as a sealed reason names it."""
    return f"{each.sp80053} ({each.control or (each.predicate or '').replace('_', ' ')})"


def tested(each: Compensator, cited: Cited, near: Near) -> Tested:
    """What the sealed results say of one compensating control where the exception was applied or was void."""
    found = near.results(each.control, cited) if each.control else []
    bad = next((one for one in found if one.result.status is not ResultStatus.PASS), None)
    shown = bad or (found[0] if found else None)
    if shown is not None:
        untested = shown.result.status is ResultStatus.NOT_TESTED
        failed = ResultStatus.NOT_TESTED if untested else ResultStatus.FAIL
        status = ResultStatus.PASS if bad is None else failed
        return Tested(subject=cited, compensator=each, status=status, reason=shown.result.reason, cited=shown)
    status, reason, inferred = _as_said(each, cited)
    return Tested(subject=cited, compensator=each, status=status, reason=reason, cited=cited, inferred=inferred)


def _as_said(each: Compensator, cited: Cited) -> tuple[ResultStatus, str, bool]:
    """What the reason of the excepted result says of it, and whether that is only inferred from its saying nothing against it."""
    if cited.result.status is ResultStatus.EXCEPTION:
        return ResultStatus.PASS, "The exception was applied, which it is only while this holds.", True
    _, said, rest = cited.result.reason.partition(f"its compensating control {called(each)} {_VOID}")
    if not said:
        if each.control:
            return ResultStatus.NOT_TESTED, "No result of it for this subject is sealed.", False
        return (
            ResultStatus.PASS,
            "The exception is void for another reason; nothing is said against this control.",
            True,
        )
    why = rest.partition("; its compensating control ")[0].strip()
    untested = why.startswith((ResultStatus.NOT_TESTED.value, "no result of it"))
    return (ResultStatus.NOT_TESTED if untested else ResultStatus.FAIL), why, False


def cited_in(one: AccountView, at: int, result: Result) -> Cited:
    sealed = one.assessment
    return Cited(
        account=one.account,
        result=result,
        at=one.judged_run.taken_at if one.judged_run else None,
        evidence=sealed.id if sealed else None,
        line=one.first_result_line + at if sealed else None,
    )
