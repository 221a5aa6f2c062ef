"""Which role of a deployment may do what: each step of a run has a role of its own, and none more than its step calls.

A leaf beside `permissions`: that one says what an action is for and what it costs, this one who may use it and where.
Infrastructure renders identity policies and the evidence bucket's policy from here; a test holds it against the calls
each step really makes, in both directions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from prooftrail import permissions
from prooftrail.permissions import Permission, Place
from prooftrail.settings import CLAIM_ROWS, LEDGER_ROWS

type Statement = dict[str, Any]

_ON_NO_TOPIC = ("sns:GetSubscriptionAttributes", "sns:Unsubscribe")
"""It is about a subscription, which is no resource that a policy can name."""


class Role(StrEnum):
    """The roles that functions take. SEAL opens the chain and closes runs; WATCH lives where the evidence does.

    REMIND plans what owners are told, NOTIFY tells them.
    """

    TICK = "Tick"
    START = "Start"
    SCAN = "Scan"
    SEAL = "Seal"
    TELL = "Tell"
    REMIND = "Remind"
    NOTIFY = "Notify"
    WATCH = "Watch"


class Key(StrEnum):
    """The keys of a deployment; each has the alias `alias/prooftrail-STAGE-NAME`.

    PREVIOUS is the signing key before the one in force, once there was one: it signs its successor in, and nothing else.
    """

    SIGNING = "signing"
    PREVIOUS = "signing-previous"
    WITNESS = "witness"
    FINGERPRINTS = "fingerprints"
    NOTICES = "notices"


_READ_OBJECT = ("s3:GetObjectRetention", "s3:GetObjectVersion")
_WRITE_OBJECT = ("s3:PutObject", "s3:PutObjectRetention")
_LIST = ("s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions")
_READ_TABLE = ("dynamodb:GetItem", "dynamodb:Query")
_JUDGED = ("assessment", "findings", "transitions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one role does in the stores. `writes` and `reads` are kinds of evidence: the prefixes of a locker.

    `rows` are the partitions of the table its writes are held to, as patterns; where empty, it may pin the head too.
    `work` says what it does in the work bucket, which holds lists of accounts between steps and no evidence, `letters` what
    it does there where letters lie on their way. `topics` are done to owners' topics, `receipts` to the queue they leave
    receipts in, `mail` in the name of the address that notices come from, where that is SES's.
    `calls` are the permissions it uses besides, `extra` single actions that stand in no place.
    """

    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    keys: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    work: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    calls: tuple[Permission, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Its actions outside the stores that are in no list of `permissions`: no flow calls them from a shell."""
        return (*self.extra, *self.topics, *self.receipts, *self.mail)


# The scanner's own account is read without a session policy, so that what no member session may do is denied here too;
# but for reading evidence and entering accounts, which are granted by name, and for KMS: Lambda decrypts a function's
# environment as the function's own role, by a grant, and a denial would beat the grant and stop every cold start. No role
# is allowed to decrypt but by the topic's key, so that KMS lets nothing else be read.
_SPARED = ("kms:Decrypt", "kms:ReEncrypt*", "s3:GetObject*", "sts:AssumeRole*")
_NEVER = tuple(one for one in permissions.VALUE_READING if one not in _SPARED)
_PUBLIC = ("kms:GetPublicKey",)
_MAC = ("kms:GenerateMac",)
# What SNS does with a topic's key for whoever publishes, in their name.
_THROUGH_SNS = ("kms:Decrypt", "kms:GenerateDataKey")
# What is asked of the organization before its accounts, and what only while the account is read that may ask it.
_AT_ONCE = tuple(one for one in permissions.at(Place.ORGANIZATION) if one.action.startswith("organizations:"))
_WITH_AN_ACCOUNT = tuple(one for one in permissions.at(Place.ORGANIZATION) if one not in _AT_ONCE)
# The scanner's own account is read with its own credentials; which policies AWS manages is asked once, at the start.
_OWN_ACCOUNT = tuple(one for one in permissions.at(Place.MEMBER) if one.action != "iam:ListPolicies")

USES: Mapping[Role, Use] = {
    Role.TICK: Use(extra=("states:StartExecution",)),
    Role.START: Use(
        writes=("context", "people", "plan", "raw"),
        reads=("chain", "context", "plan"),
        table=("dynamodb:GetItem",),
        keys={Key.SIGNING: _PUBLIC, Key.FINGERPRINTS: _MAC},
        work=("s3:PutObject",),
        calls=_AT_ONCE,
        extra=("iam:GetPolicyVersion", "iam:ListPolicies", "sts:GetCallerIdentity"),
    ),
    Role.SCAN: Use(
        writes=("outcome", "people", "raw", "snapshot", *_JUDGED),
        reads=("context", "findings", "outcome", "plan", "snapshot"),
        keys={Key.FINGERPRINTS: _MAC},
        calls=(*_OWN_ACCOUNT, *_WITH_AN_ACCOUNT, *permissions.at(Place.SCANNER)),
    ),
    Role.SEAL: Use(
        writes=("chain", *_JUDGED),
        reads=("answers", "chain", "context", "custody", "notices", "outcome", "plan", "snapshot", *_JUDGED),
        table=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        keys={
            Key.SIGNING: ("kms:GetPublicKey", "kms:Sign"),
            Key.PREVIOUS: ("kms:GetPublicKey", "kms:Sign"),
            Key.WITNESS: _PUBLIC,
            Key.FINGERPRINTS: _MAC,
        },
        work=("s3:PutObject",),
        extra=("organizations:DescribeOrganization", "sts:GetCallerIdentity"),
    ),
    Role.TELL: Use(
        reads=("chain", "outcome", "snapshot"),
        table=("dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        rows=LEDGER_ROWS,
    ),
    # The one role of a function that reads who people are, and it sends nothing.
    Role.REMIND: Use(
        writes=("notices",),
        reads=("answers", "chain", "context", "findings", "notices", "people", "plan"),
        table=("dynamodb:GetItem",),
        keys={Key.FINGERPRINTS: _MAC},
        letters=("s3:PutObject",),
    ),
    # The one role that sends: it reads the day's letters, and of the evidence what was planned.
    Role.NOTIFY: Use(
        writes=("notices",),
        reads=("notices",),
        table=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        rows=CLAIM_ROWS,
        keys={Key.FINGERPRINTS: _MAC, Key.NOTICES: _THROUGH_SNS},
        letters=("s3:GetObject",),
        topics=(
            "sns:CreateTopic",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:Publish",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:Unsubscribe",
        ),
        receipts=("sqs:DeleteMessage", "sqs:ReceiveMessage"),
        mail=("ses:SendEmail",),
    ),
    Role.WATCH: Use(
        writes=("witness",),
        reads=("chain", "witness"),
        keys={Key.SIGNING: _PUBLIC, Key.PREVIOUS: _PUBLIC, Key.WITNESS: ("kms:GetPublicKey", "kms:Sign")},
        extra=("sns:Publish",),
    ),
}
"""Every role's use of the stores. No role deletes evidence or reads `raw`, only REMIND reads `people`, only SEAL signs."""

ANSWERS = Use(
    writes=("answers",),
    reads=("answers", "assessment", "chain", "context", "findings", "notices", "people", "snapshot"),
)
"""What somebody who acknowledges or hands over may do in the evidence bucket: a person, never a function."""


ROLE_OF: Mapping[str, Role] = {
    "tick": Role.TICK,
    "open_chain": Role.SEAL,
    "start_run": Role.START,
    "scan_account": Role.SCAN,
    "record_failure": Role.SCAN,
    "close_run": Role.SEAL,
    "tell_accounts": Role.TELL,
    "record_run": Role.TELL,
    "plan_notices": Role.REMIND,
    "send_notices": Role.NOTIFY,
    "watch": Role.WATCH,
    "weekly": Role.WATCH,
}
"""The role that each door takes. Doors of one role share it: it is what their step may do, not who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Where a deployment's things are, as ARNs, so that policies can name them.

    `keys` gives each key's account and region; a key is meant by its alias, because its id is AWS's choice. `extra`
    gives the resource of each action that stands in no place (`states:StartExecution`, `sns:Publish`). `mail_from` is
    the address that notices come from, None where SNS sends them.
    """

    partition: str
    region: str
    bucket: str
    work_bucket: str
    table_arn: str
    stage: str
    tooling_account: str
    evidence_account: str
    role_name: str
    extra: Mapping[str, str] = field(default_factory=dict)
    mail_from: str | None = None

    def key_account(self, key: Key) -> str:
        """Keys that sign live with the evidence, the others beside the scanner."""
        signs = (Key.SIGNING, Key.PREVIOUS, Key.WITNESS)
        return self.evidence_account if key in signs else self.tooling_account

    def alias(self, key: Key) -> str:
        """The alias a key is meant by."""
        return f"alias/prooftrail-{self.stage}-{key}"

    def alias_arn(self, key: Key) -> str:
        """The alias's ARN, which KMS takes for the key across accounts."""
        return f"arn:{self.partition}:kms:{self.region}:{self.key_account(key)}:{self.alias(key)}"

    def tooling_arn(self, service: str, resource: str) -> str:
        """The ARN of something beside the scanner."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.tooling_account}:{resource}"

    def role_arn(self, role: Role) -> str:
        """A role's ARN. Names are fixed, so that policies in other accounts can name a role before it is there."""
        account = self.evidence_account if role is Role.WATCH else self.tooling_account
        return f"arn:{self.partition}:iam::{account}:role/{role_path(self.stage, role)}"


def role_path(stage: str, role: str) -> str:
    """The path and name of a role: `prooftrail/Prooftrail-STAGE-NAME`."""
    return f"prooftrail/Prooftrail-{stage}-{role}"


def topic_prefix(stage: str) -> str:
    """How the names of owners' topics begin; a hyphen and a hash follow."""
    return f"prooftrail-{stage}-owner"


def receipts_queue(stage: str) -> str:
    """The name of the queue that owners' topics, or SES's events, leave receipts in."""
    return f"prooftrail-{stage}-receipts"


def role_policy(role: Role, names: Names) -> list[Statement]:
    """The statements of a role's own policy: its use of the stores and the calls of its step, and nothing else."""
    use = USES[role]
    found = [*locker_statements(role, names)]
    found += _table_statements(use, names)
    for key, actions in use.keys.items():
        found.append(_key_statement(key, actions, names))
    if use.work:
        found.append(_allow("Work", use.work, f"arn:{names.partition}:s3:::{names.work_bucket}/*"))
    found += _notice_statements(use, names)
    found += permissions.statements(use.calls, sid="Reads", partition=names.partition, role_name=names.role_name)
    for number, action in enumerate(use.extra, start=1):
        found.append(_allow(f"Calls{number}", (action,), names.extra.get(action, "*")))
    if any(one.place is Place.MEMBER for one in use.calls):
        found.append({"Sid": "NeverReadValues", "Effect": "Deny", "Action": list(_NEVER), "Resource": "*"})
    return found


def locker_statements(role: Role, names: Names) -> list[Statement]:
    """What a role may do in the evidence bucket, as its own policy and the bucket's both say it."""
    return sealed_statements(USES[role], names)


def sealed_statements(use: Use, names: Names) -> list[Statement]:
    """What a use means in the evidence bucket, also that of a person (`ANSWERS`)."""
    bucket = f"arn:{names.partition}:s3:::{names.bucket}"
    found = []
    if use.writes:
        found.append(_allow("Seals", _WRITE_OBJECT, _below(bucket, use.writes)))
    if use.reads:
        found.append(_allow("ReadsSealed", _READ_OBJECT, _below(bucket, use.reads)))
        found.append(_allow("ListsSealed", _LIST, bucket))
    return found


def writers(kind: str) -> tuple[Role, ...]:
    """The roles that may write one kind of evidence."""
    return tuple(role for role, use in USES.items() if kind in use.writes)


def _below(bucket: str, kinds: Iterable[str]) -> list[str]:
    return [f"{bucket}/{kind}/*" for kind in sorted(kinds)]


def _table_statements(use: Use, names: Names) -> list[Statement]:
    """What it may do to the table. A write that is held to rows names at least one partition, and none beside them."""
    reads = [one for one in use.table if one in _READ_TABLE]
    writes = [one for one in use.table if one not in _READ_TABLE]
    found = []
    if reads:
        found.append(_allow("ReadsLedger", reads, names.table_arn))
    if writes:
        found.append(_allow("WritesLedger", writes, names.table_arn))
    if writes and use.rows:
        key = "dynamodb:LeadingKeys"
        found[-1]["Condition"] = {"ForAllValues:StringLike": {key: list(use.rows)}, "Null": {key: "false"}}
    return found


def _notice_statements(use: Use, names: Names) -> list[Statement]:
    """Letters, owners' topics, the queue of receipts, and mail by SES where notices go that way."""
    found = []
    if use.letters:
        found.append(_allow("Letters", use.letters, f"arn:{names.partition}:s3:::{names.work_bucket}/letters/*"))
    if use.topics:
        on_topics = [one for one in use.topics if one not in _ON_NO_TOPIC]
        found.append(_allow("Topics", on_topics, names.tooling_arn("sns", f"{topic_prefix(names.stage)}-*")))
        found.append(_allow("Subscriptions", [one for one in use.topics if one in _ON_NO_TOPIC], "*"))
    if use.receipts:
        found.append(_allow("Receipts", use.receipts, names.tooling_arn("sqs", receipts_queue(names.stage))))
    if use.mail and names.mail_from is not None:
        senders = [names.tooling_arn("ses", one) for one in ("configuration-set/*", "identity/*")]
        found.append(
            _allow("Mail", use.mail, senders) | {"Condition": {"StringEquals": {"ses:FromAddress": names.mail_from}}}
        )
    return found


def _key_statement(key: Key, actions: tuple[str, ...], names: Names) -> Statement:
    resource = f"arn:{names.partition}:kms:{names.region}:{names.key_account(key)}:key/*"
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.alias(key)}}
    return _allow(f"{key.title().replace('-', '')}Key", actions, resource) | {"Condition": condition}


def _allow(sid: str, actions: Iterable[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


LEGAL_HOLD = ("s3:GetObjectLegalHold", "s3:PutObjectLegalHold")
"""What whoever places and lists legal holds may do besides reading the chain and writing `custody/`: a person, never a function."""
