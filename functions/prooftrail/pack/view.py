"""What a pack is made from: the period with its runs, and each account as the last run of it stood. Nothing is asked of anybody.

Texts in views may hold pseudonyms; `PeriodView.reveal` gives what is to be shown, which is the pseudonym itself where the
pack is pseudonymised or nobody knows any more whom it stands for. Every text that is shown goes through it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec

from prooftrail.controls.catalog import Catalog
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.context import Context
from prooftrail.evidence.custody import Custody
from prooftrail.evidence.keys_in_force import KeyInForce
from prooftrail.evidence.manifest import AccountCoverage, Code, Genesis, GovernanceInForce, Head
from prooftrail.governance.thresholds import Limits
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Finding, Result, Risk, Transition
from prooftrail.model.notice import NoticeItem
from prooftrail.model.reading import Cell, CellStatus, Collector, GapReason
from prooftrail.model.run import EvidenceKind, Schedule
from prooftrail.model.snapshot import AccountFacts, Reconciliation, RunTrigger

LATE_AFTER = timedelta(hours=6)
"""How long after its tick a run may be closed and still count as in time."""

READ = frozenset({"sealed", "gaps"})
"""How an account came out that something was read of."""
UNPLANNED = "unplanned"
CURRENT, LEFT = "current", "left or not planned"
"""What `account_status` of a row says: whether the run shown planned for the account."""


class PackOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `since` and `until` are days, both included, UTC. `accounts` None is all of them.

    `framework` is a key of `controls.crosswalk.FRAMEWORKS`. `requests` are the auditor's own (id, what is asked).
    """

    since: date
    until: date
    framework: str = "iso27001_2022"
    accounts: tuple[str, ...] | None = None
    pseudonymise: bool = False
    carried_raw: bool = False
    requests: tuple[tuple[str, str], ...] = ()


class PackRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run as its manifest states it. `counts` are the manifest's sums (`result:IDC-15:FAIL`, `tier:high`, ...).

    `coverage` and `counts` are of all accounts, whatever the pack is narrowed to. `witnessed_at` is when the watchdog says
    it first saw this manifest or a later one, None where no word pins it.
    """

    seq: int
    run_id: str
    tick: datetime | None
    taken_at: datetime
    trigger: RunTrigger
    caller: str | None
    started_at: datetime
    closed_at: datetime
    manifest_sha256: str
    code: Code
    governance: GovernanceInForce
    coverage: tuple[AccountCoverage, ...]
    counts: Mapping[str, int]
    missed_ticks: tuple[datetime, ...]
    organization_gaps: tuple[str, ...]
    calls: int
    throttled: int
    witnessed_at: datetime | None = None

    @property
    def scheduled(self) -> bool:
        """True for the run of a tick; a manual run satisfies none."""
        return self.trigger is RunTrigger.SCHEDULE and self.tick is not None

    @property
    def late(self) -> bool:
        """True for the run of a tick that was closed later than LATE_AFTER: it does not count as operated for it."""
        return self.tick is not None and self.closed_at - self.tick > LATE_AFTER


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed object that rows cite: `id` is `e-` and the first 16 digits of its stored SHA-256.

    `sha256` is of the uncompressed bytes. The copy in the pack lies at `evidence/` and the key, where it was taken along.
    """

    id: str
    key: str
    kind: EvidenceKind
    run_id: str
    seq: int
    account: str | None
    sha256: str
    stored_sha256: str
    size: int
    count: int
    version_id: str | None
    retain_until: datetime | None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An identity of an account, the run whose snapshot shows it, and its line there, once unpacked, counted from 1.

    `seen_in` is older than the account's `read_run` where the place it lives in could not be read since.
    """

    identity: Identity
    seen_in: str
    evidence: str
    line: int


class RunTransition(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A result that came out otherwise than in the run before, in the run that saw it."""

    run_id: str
    at: datetime
    transition: Transition


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that was not there all the period long.

    `came` is the first run that showed it, None where it was there when the period began; `went` the run whose complete
    reading showed it no more, None where it is there. `born_unseen` marks one known only from its results: its
    snapshot is gone or not believed, and name and kind are then None. `account_left` is true for one whose account is
    in no plan of the run shown: `went` None then says that nobody can tell whether it is there.
    `entered` is the run that read its account first, where runs of the period before it could not, `left` the run that
    could not read it any more: it stands among what runs counted between the two only, and was neither born nor gone then.
    """

    id: str
    name: str | None
    arn: str | None
    kind: str | None
    created_at: datetime | None
    came: str | None
    went: str | None
    born_unseen: bool = False
    account_left: bool = False
    entered: str | None = None
    left: str | None = None


class Refused(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one run did not read of one source of an account: one call and reason, however often it was refused.

    `api` and `reason` are None where the source has a status and no gap. `detail` is what was said first, of `times`;
    `items` is how many the source listed all the same: 0 says that nothing of it was seen.
    """

    collector: Collector
    region: str
    status: CellStatus
    items: int
    detail: str | None
    api: str | None = None
    reason: GapReason | None = None
    code: str | None = None
    times: int = 1


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of the period fell short of one account: it did not read it whole, or did not judge it.

    `status` is the manifest's (`gaps`, `unreachable`, `skipped` ..., `sealed` where only `judged` is false), or
    `unplanned`. `refused` None says that the run read it in part, and what it did not read cannot be told, because
    `unknown`. `evidence` is the id of the outcome that shows it.
    """

    run_id: str
    at: datetime
    status: str
    reason: str | None
    judged: bool
    refused: tuple[Refused, ...] | None = ()
    unknown: str | None = None
    evidence: str | None = None

    @property
    def read(self) -> bool:
        """True if the run read something of the account."""
        return self.status in READ


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account (or the organization as a whole, `account` = "organization") as of the last run of the period.

    `status` and `reason` are how that run came out for it (`sealed`, `gaps`, `unreachable`, `skipped`, `unplanned`).
    `read_run` is the run whose snapshot is shown, `judged_run` the one whose results are: older ones where that run could
    not, None where there is none; `stale` is True then. `first_result_line` is the line of the first of `results` in the
    unpacked assessment: the nth stands n lines below. `held_since` is the run since which a (control, subject)
    came to what it comes to now. `transitions` are those of the period, oldest first. `unjudged` says why there are no results.
    `shortfalls` are the runs of the period that did not read or judge it whole, oldest first.
    `wrong` are sentences about sealed objects that are gone or not what was sealed, `changes_unknown` those of transitions
    among them; `left_out` are about what is only not in the copy the pack is made from.
    """

    account: str
    name: str | None = None
    ou_path: str | None = None
    status: str
    reason: str | None = None
    stale: bool
    read_run: PackRun | None = None
    judged_run: PackRun | None = None
    facts: AccountFacts | None = None
    cells: tuple[Cell, ...] = ()
    reconciliations: tuple[Reconciliation, ...] = ()
    listed: tuple[Listed, ...] = ()
    risks: Mapping[str, Risk] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    first_result_line: int = 0
    findings: tuple[Finding, ...] = ()
    held_since: Mapping[tuple[str, str], str] = field(default_factory=dict)
    transitions: tuple[RunTransition, ...] = ()
    changes_unknown: tuple[str, ...] = ()
    presences: tuple[Presence, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    snapshot: Evidence | None = None
    assessment: Evidence | None = None
    findings_object: Evidence | None = None
    raw: tuple[Evidence, ...] = ()
    unjudged: str | None = None
    wrong: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def of_organization(self) -> bool:
        """True for what only the whole run can show."""
        return not self.account.isdigit()

    @property
    def left(self) -> bool:
        """True for an account that the run shown did not plan for: what is listed of it is what was last seen."""
        return self.status == UNPLANNED and not self.of_organization

    @property
    def account_status(self) -> str:
        """CURRENT, or LEFT: rows of both stand in the same registers, and only the first are counted."""
        return LEFT if self.left else CURRENT

    def identities(self) -> dict[str, Identity]:
        """Its identities by id."""
        return {one.identity.id: one.identity for one in self.listed}


class PackNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of the period; `recipient` and `address` may be pseudonyms. `status` as in `flows.notice_log`."""

    id: str
    run_id: str
    recipient: str
    address: str | None
    step: str
    items: tuple[NoticeItem, ...]
    status: str
    why: str | None
    state: str | None
    how: str | None
    message_id: str | None
    sent_at: datetime | None
    chained_in: int | None


class PackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An acknowledgement or a hand-over that was sealed in the period."""

    key: str
    kind: str
    who: str
    at: datetime
    matters: tuple[str, ...]
    reason: str
    to: str | None


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the watchdog: which head it saw, and when it and the store say so."""

    key: str
    seq: int
    sha256: str
    checked_at: datetime
    sha256_of_word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodView:
    """The period: its runs, what was due, what policy and code were in force, and everything that is of no one account.

    `runs` are those taken in the period, oldest first, manual ones too; `before` is the last one before it. `as_of` is the
    run whose state is shown: the newest at or before the period's end, which lies before its beginning where `runs` is empty.
    `ticks_due` are the schedule's in the period, of those that were over when the newest manifest of the locker was closed;
    `ticks_met` maps each of them that has a run to its run id. `clock` is that newest manifest's `closed_at`: nothing
    after it is known, and it is the only present a pack has. `people_known` is False where names are left as pseudonyms.
    `bucket`: the genesis names one, wherever this copy lies. `copy`: what a pull left out of it, where nothing is wrong.
    """

    options: PackOptions
    locker: str
    locker_id: str
    bucket: bool
    assurance: Assurance
    genesis: Genesis
    keys: tuple[KeyInForce, ...]
    head: Head
    head_run: str
    clock: datetime
    schedule: Schedule | None
    runs: tuple[PackRun, ...]
    before: PackRun | None
    as_of: PackRun
    ticks_due: tuple[datetime, ...]
    ticks_met: Mapping[datetime, str]
    context: Context
    catalog: Catalog
    limits: Limits
    accounts: tuple[str, ...]
    account_names: Mapping[str, str | None]
    notices: tuple[PackNotice, ...] = ()
    answers: tuple[PackAnswer, ...] = ()
    custody: tuple[tuple[str, Custody], ...] = ()
    words: tuple[Word, ...] = ()
    problems: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()
    reveal: Callable[[str], str] = str
    code_version: str = ""
    code_sha256: str = ""

    @property
    def people_known(self) -> bool:
        """False where the pack names people by their pseudonyms."""
        return not self.options.pseudonymise

    def run_of(self, run_id: str | None) -> PackRun | None:
        """The run of the period, the one before it or the one shown, by id."""
        every = (*self.runs, *((self.before,) if self.before else ()), self.as_of)
        return next((one for one in every if one.run_id == run_id), None)
