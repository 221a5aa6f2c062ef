"""One deployment's choices, from cdk.json: typed, validated, with every wrong value named by its key."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from constructs import Node

from prooftrail import grants
from prooftrail.settings import RETENTION_DAYS, ROLE_NAME

from .choices import MOST_DAYS, Auditor, Cadence, Notices, Replica, locks, partition_of, people, place, scope
from .given import Given, StageError

__all__ = ["Auditor", "Cadence", "Notices", "Replica", "Stage", "StageError"]

_STAGE_NAME = r"[a-z](-?[a-z0-9])*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage. Accounts are 12 digits; ARNs are whole.

    `management_account` and `organization_id` are None where there is no organization: then one account is scanned.
    `scan_regions` None scans all enabled regions. `default_retention_days` is what the bucket locks an object for that
    was written without a date. `signing_key_generation` counts the signing keys there have been: the newest signs, the
    one before it signs it in. `security_team` and `auditors` are addresses; `key_administrators` are ARNs of roles and
    `legal_hold_principals` and `answerers` of roles and users in the evidence account (patterns allowed).
    """

    name: str
    region: str
    tooling_account: str
    evidence_account: str
    management_account: str | None = None
    organization_id: str | None = None
    organizational_units: tuple[str, ...] = ()
    stacksets_from: Literal["management", "tooling"] = "management"
    scan_regions: tuple[str, ...] | None = None
    schedule: Cadence = field(default_factory=lambda: Cadence(every_hours=24, at="05:00"))
    lock_mode: str = "GOVERNANCE"
    retention_days: dict[str, int] = field(default_factory=lambda: dict(RETENTION_DAYS))
    default_retention_days: int = min(RETENTION_DAYS.values())
    signing_key_generation: int = 1
    concurrency: int = 50
    role_name: str = ROLE_NAME
    external_id: str | None = None
    security_team: tuple[str, ...] = ()
    auditors: tuple[str, ...] = ()
    auditor: Auditor | None = None
    replica: Replica | None = None
    key_administrators: tuple[str, ...] = ()
    legal_hold_principals: tuple[str, ...] = ()
    answerers: tuple[str, ...] = ()
    notices: Notices = field(default_factory=Notices)
    architecture: Literal["arm64", "x86_64"] = "arm64"

    @property
    def partition(self) -> str:
        """The partition the region lies in."""
        return partition_of(self.region)

    @property
    def single_account(self) -> bool:
        """True where an administrator of the scanner's account is one of the evidence too."""
        return self.tooling_account == self.evidence_account

    @property
    def bucket(self) -> str:
        """The evidence bucket's name."""
        return f"prooftrail-{self.name}-evidence-{self.evidence_account}-{self.region}"

    @property
    def work_bucket(self) -> str:
        """The name of the bucket that holds lists of accounts between steps, beside the scanner."""
        return f"prooftrail-{self.name}-work-{self.tooling_account}-{self.region}"

    @property
    def logs_bucket(self) -> str:
        """The name of the bucket that takes the evidence bucket's access logs and inventory."""
        return f"prooftrail-{self.name}-logs-{self.evidence_account}-{self.region}"

    @property
    def work_logs_bucket(self) -> str:
        """The name of the bucket that takes the work bucket's access logs."""
        return f"prooftrail-{self.name}-worklogs-{self.tooling_account}-{self.region}"

    @property
    def longest_retention(self) -> int:
        """The most days any object is locked for: what COMPLIANCE makes irreversible."""
        return max(self.default_retention_days, *self.retention_days.values())

    @property
    def table(self) -> str:
        """The ledger table's name."""
        return f"prooftrail-{self.name}-ledger"

    @property
    def state_machine(self) -> str:
        """The state machine's name."""
        return f"prooftrail-{self.name}-run"

    def topic(self, name: str) -> str:
        """The name of a topic: `alarms` beside the scanner, `watchdog` beside the evidence."""
        return f"prooftrail-{self.name}-{name}"

    @property
    def topic_prefix(self) -> str:
        """How the names of owners' topics begin; a hyphen and a hash follow, and no topic of ours begins so beside them."""
        return grants.topic_prefix(self.name)

    @property
    def receipts_queue(self) -> str:
        """The name of the queue that holds which notices were taken."""
        return grants.receipts_queue(self.name)

    def role_arn(self, name: str) -> str:
        """The ARN of a role of the evidence account that no function takes: `Auditor`, `LegalHold`, `Answer`."""
        return f"arn:{self.partition}:iam::{self.evidence_account}:role/{grants.role_path(self.name, name)}"

    def arn(self, service: str, account: str, resource: str) -> str:
        """An ARN in this stage's partition and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{account}:{resource}"

    def names(self) -> grants.Names:
        """Where everything is, for policies."""
        return grants.Names(
            partition=self.partition,
            region=self.region,
            bucket=self.bucket,
            work_bucket=self.work_bucket,
            table_arn=self.arn("dynamodb", self.tooling_account, f"table/{self.table}"),
            stage=self.name,
            tooling_account=self.tooling_account,
            evidence_account=self.evidence_account,
            role_name=self.role_name,
            mail_from=self.notices.mail_from,
            extra={
                "states:StartExecution": self.arn("states", self.tooling_account, f"stateMachine:{self.state_machine}"),
                "sns:Publish": self.arn("sns", self.evidence_account, self.topic("watchdog")),
            },
        )

    @classmethod
    def of(cls, node: Node) -> Self:
        """The stage named by `-c stage=NAME`, or `dev`. Raises StageError."""
        name = node.try_get_context("stage") or "dev"
        stages = node.try_get_context("stages") or {}
        if name not in stages:
            raise StageError(f"stage {name!r} is not in cdk.json (there are: {', '.join(sorted(stages)) or 'none'}).")
        return cls.parse(name, stages[name])

    @classmethod
    def parse(cls, name: str, given: dict[str, Any]) -> Self:
        """A stage from its JSON. Raises StageError.

        `acknowledge_irreversible_days` is no part of the stage: in COMPLIANCE it must repeat the longest retention.
        """
        if not re.fullmatch(_STAGE_NAME, name):
            raise StageError(f"cdk.json stages.{name}: name a stage with small letters, digits and single hyphens.")
        if "owner" in name.split("-"):
            # prooftrail-prod-owner-* are the topics of stage prod's owners.
            raise StageError(f"cdk.json stages.{name}: leave `owner` out: names with it are those of owners' topics.")
        values = Given(f"stages.{name}", given)
        home = place(values)
        stage = cls(name=name, **home, **scope(values, home), **people(values, home), **locks(values))
        _acknowledged(stage, values)
        values.done()
        _fits(stage)
        return stage


def _acknowledged(stage: Stage, values: Given) -> None:
    """In COMPLIANCE somebody must have written down the days that nobody can take back."""
    key, longest = "acknowledge_irreversible_days", stage.longest_retention
    kinds = ", ".join(sorted(kind for kind, days in stage.retention_days.items() if days == longest))
    fix = (
        f"it must be {longest}, the longest retention ({kinds}). In COMPLIANCE nobody, root and AWS among them, can "
        "delete an object sooner; rehearse with lock_mode GOVERNANCE"
    )
    if stage.lock_mode == "COMPLIANCE" and not stage.security_team:
        raise StageError(f"cdk.json {values.path}.addresses.security_team names nobody: say who gets the alarms.")
    given = values.whole(key, 0, MOST_DAYS, default=0, what="days")
    if (stage.lock_mode == "COMPLIANCE" or given) and given != longest:
        raise values.wrong(key, fix)


def _fits(stage: Stage) -> None:
    """The longest names against what AWS takes."""
    roles = (*grants.Role, "Auditor", "LegalHold", "Answer", "Replication")
    limits = {
        63: (stage.bucket, stage.work_logs_bucket),
        64: tuple(grants.role_path(stage.name, one).rpartition("/")[2] for one in roles),
        80: (stage.state_machine, stage.receipts_queue),
    }
    for limit, names in limits.items():
        name = max(names, key=len)
        if len(name) > limit:
            raise StageError(
                f"cdk.json stages.{stage.name}: {name} has {len(name)} characters and AWS takes {limit}: "
                f"give the stage a name of {len(stage.name) - len(name) + limit} characters or fewer."
            )
