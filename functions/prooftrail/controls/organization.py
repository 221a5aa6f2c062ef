"""Judges what only the whole run can show: accounts nobody could read, the approved method, applicability, exceptions, the chain.

Everything else is judged account by account; a control of which nothing can be tested, and whose only subject is the
organization, is stated once, here.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from prooftrail.evidence import layout
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.governance.thresholds import Limits
from prooftrail.inventory.wording import sentence
from prooftrail.model import canonical
from prooftrail.model.judgement import (
    Assessment,
    AssessmentHeader,
    Result,
    ResultStatus,
    SubjectType,
)
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import CellStatus
from prooftrail.risk.method import model

from .catalog import Catalog, Control
from .checks.exceptions import exceptions_form
from .results import result, untestable
from .verdict import Verdict

JUDGED = ("IDC-01", "IDC-03", "IDC-04", "IDC-32", "IDC-35")
"""The controls with a row about the organization as a whole, beside those of which nothing can be tested."""

type _Judge = Callable[[], Iterator[Verdict]]

_JOINING_DAYS = 2  # DESIGN section 7: an account that joined less than 48 h ago is onboarding
_SKIPPED, _SEALED, _GAPS, _ONBOARDING = "skipped", "sealed", "gaps", "onboarding"


def judge_organization(context: Context, coverage: tuple[AccountCoverage, ...], *, catalog: Catalog) -> Assessment:
    """The results about the organization as a whole, sorted by control and subject; `coverage` is what the run reached.

    An account that was read has its own IDC-01 row in its own assessment, and none here. Raises ValueError where a
    control judges one subject twice: a defect.
    """
    whole = _Whole(context, coverage, catalog)
    results: dict[tuple[str, str], Result] = {}
    for control in catalog.controls:
        for verdict in whole.verdicts(control):
            key = (control.id, verdict.subject)
            if key in results:
                raise ValueError(f"{control.id} judges {verdict.subject} twice")
            results[key] = result(control, verdict)
    return Assessment(
        header=AssessmentHeader(
            run_id=context.run.id,
            account=layout.ORGANIZATION,
            taken_at=context.run.taken_at,
            snapshot=None,
            catalog_version=catalog.version,
            catalog_sha256=catalog.sha256,
            model_version=model().version,
            governance_sha256=context.governance.digest,
            code_sha256=context.code.sha256,
            notes=context.governance.notes,
        ),
        results=tuple(one for _, one in sorted(results.items())),
    )


class _Whole:
    """The organization of one run."""

    def __init__(self, context: Context, coverage: tuple[AccountCoverage, ...], catalog: Catalog) -> None:
        self._context, self._coverage, self._catalog = context, coverage, catalog
        self._at: datetime = context.run.taken_at
        self._accounts = {one.id: one for one in context.accounts}
        self._limits = Limits(catalog.defaults, context.governance.thresholds, self._at)
        self._judges: dict[str, _Judge] = {
            "IDC-01": self._inventory,
            "IDC-03": self._method,
            "IDC-04": self._applicability,
            "IDC-32": lambda: exceptions_form(self._context, self._limits),
            "IDC-35": self._chain,
        }

    def verdicts(self, control: Control) -> Iterator[Verdict]:
        """What `control` comes to for the organization and its parts; nothing where only accounts are judged."""
        if not control.testable:
            if control.of_organization:
                yield untestable(control, layout.ORGANIZATION, SubjectType.ORGANIZATION)
        elif control.id in self._judges:
            yield from self._judges[control.id]()

    def _inventory(self) -> Iterator[Verdict]:
        """IDC-01: every account of the organization is known and was planned; those that were not read, one by one."""
        unread = sorted(
            f"{one.collector} is {one.status}" + (f": {one.reason}" if one.reason else "")
            for one in self._context.cells
            if one.status not in (CellStatus.OK, CellStatus.DISABLED)
        )
        planned = {one.account for one in self._coverage}
        missed = sorted(one.id for one in self._context.accounts if one.id not in planned and _active(one))
        if missed:
            words = f"{len(missed)} active accounts were not even planned: {', '.join(missed)}"
            status = ResultStatus.FAIL
        elif unread:
            words, status = f"the organization was not read whole: {'; '.join(unread)}", ResultStatus.NOT_TESTED
        else:
            words = f"the list of accounts was read to its end, and each of the {len(planned)} was planned"
            status = ResultStatus.PASS
        yield _row(status, words, value=f"{len(planned)} accounts planned", gaps=tuple(unread))
        yield from (found for one in self._coverage if (found := self._account(one)))

    def _account(self, one: AccountCoverage) -> Verdict | None:
        """The row of an account without a snapshot; None for one that was read, which judges itself."""
        if one.status in (_SEALED, _GAPS):
            return None
        account, why = self._accounts.get(one.account), one.reason or "no reason was given"
        gaps: tuple[str, ...] = ()
        if one.status == _SKIPPED:
            status, words = ResultStatus.NOT_APPLICABLE, f"it was left out: {why}"
        elif account is not None and not _active(account):
            status, words = ResultStatus.NOT_APPLICABLE, f"it was not read ({why}), and its state is {account.state}"
        elif self._onboarding(one, account):
            status, gaps = ResultStatus.NOT_TESTED, (why,)
            words = f"it joined less than {_JOINING_DAYS * 24} hours ago and could not be read yet: {why}"
        else:
            status, words = ResultStatus.FAIL, f"it is active and could not be read: {why}"
        return Verdict(
            subject=one.account,
            subject_type=SubjectType.ACCOUNT,
            identity=None,
            status=status,
            reason=sentence(words),
            value="no snapshot",
            gaps=gaps,
        )

    def _onboarding(self, one: AccountCoverage, account: Account | None) -> bool:
        joined = account.joined_at if account else None
        young = joined is not None and (self._at - joined).total_seconds() < _JOINING_DAYS * 86_400
        return one.status == _ONBOARDING or young

    def _method(self) -> Iterator[Verdict]:
        """IDC-03: the version of the risk method that scored is the one that was approved."""
        approved, used = self._context.governance.thresholds.risk_method, model().version
        if approved is None:
            words = f"identities were scored by {used}; approval of the risk method: not supplied"
            yield _row(ResultStatus.NOT_TESTED, words, value=used, gaps=("thresholds.toml has no [risk_method]",))
            return
        by = f"approved by {approved.approved_by} on {approved.approved_on}, in effect from {approved.effective_on}"
        if approved.version != used:
            words = f"identities were scored by {used}, but the approved method is {approved.version} ({by})"
            yield _row(ResultStatus.FAIL, words, value=used)
        elif approved.effective_on > canonical.utc(self._at).date():
            yield _row(
                ResultStatus.FAIL, f"identities were scored by {used}, which is not in effect yet ({by})", value=used
            )
        else:
            yield _row(ResultStatus.PASS, f"identities were scored by {used} ({by})", value=used)

    def _applicability(self) -> Iterator[Verdict]:
        """IDC-04: the statement of applicability has an applicable line, with policy and owner, for what is operated."""
        soa = self._context.governance.soa
        if not soa.line:
            words = (
                "the statement of applicability was not supplied, so nobody can say which policy each control serves"
            )
            yield _row(ResultStatus.NOT_TESTED, words, gaps=("soa.toml has no lines",))
            return
        lines = {one.control: one for one in soa.line}
        operated = {
            each
            for one in self._catalog.controls
            if one.testable
            for each in one.crosswalk.iso27001_2022
            if each.startswith("A.")
        }
        faults = []
        for name in sorted(operated, key=_place):
            line = lines.get(name)
            if line is None:
                faults.append(f"{name} has no line")
            elif not line.applicable:
                faults.append(f"{name} is said not to apply although controls of it are operated")
            elif line.policy is None or line.control_owner is None:
                lacking = [
                    word for word, one in (("policy", line.policy), ("control owner", line.control_owner)) if not one
                ]
                faults.append(f"{name} names no {' and no '.join(lacking)}")
        value = f"{len(operated) - len(faults)} of {len(operated)} lines"
        if faults:
            yield _row(
                ResultStatus.FAIL,
                f"the statement of applicability (soa.toml) has gaps: {'; '.join(faults)}",
                value=value,
            )
        else:
            yield _row(
                ResultStatus.PASS, f"soa.toml has policy and owner for all {len(operated)} Annex A lines", value=value
            )

    def _chain(self) -> Iterator[Verdict]:
        """IDC-35: the evidence this run stands on held when it was verified."""
        before = f"manifest {self._context.previous.seq}"
        if self._context.previous_verified:
            yield _row(
                ResultStatus.PASS, f"the chain up to {before} verified before this run stood on it", value=before
            )
        else:
            yield _row(ResultStatus.FAIL, f"the chain up to {before} did not verify when this run began", value=before)


def _active(account: Account) -> bool:
    """UNKNOWN counts as active: what nobody could classify is judged as if it mattered."""
    return account.state in (AccountState.ACTIVE, AccountState.UNKNOWN)


def _row(status: ResultStatus, words: str, *, value: str | None = None, gaps: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        subject=layout.ORGANIZATION,
        subject_type=SubjectType.ORGANIZATION,
        identity=None,
        status=status,
        reason=sentence(words),
        value=value,
        gaps=gaps,
    )


def _place(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removeprefix("A.").split("."))
