"""The evidence bucket's policy: who may write which kind, for how long it is kept, and what nobody may do.

Denials bind the account's administrators too. Three doors stay, each on purpose: CloudFormation's execution role may
change the policy and the bucket's settings, since a bucket nobody can configure can be neither updated nor replicated
later; the account's root user may always put or delete a bucket policy, whatever the policy says, and is the way back
after a mistake (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html), unless the service control
policy closes it; a member of the organization that is let in still needs an Allow of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prooftrail import grants
from prooftrail.grants import Role, Statement

from .stage import Stage

_WRITES = ("s3:PutObject", "s3:PutObjectRetention")
_SETTINGS = (
    "s3:DeleteBucketPolicy",
    "s3:PutBucket*",  # the policy, versioning, the lock, public access, ownership, logging among them
    "s3:PutEncryptionConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)


def statements(stage: Stage, *, deployer: str) -> list[Statement]:
    """All statements but the two about TLS, which CDK writes. `deployer` is the ARN of CloudFormation's role."""
    bucket = f"arn:{stage.partition}:s3:::{stage.bucket}"
    return [
        *_nothing_goes(bucket),
        _settings_stay(bucket, deployer),
        *_who_writes(stage, bucket),
        *_how_long(stage, bucket),
        _only_once(bucket),
        _nobody_holds(stage, bucket),
        _nobody_reads_wire_bodies(stage, bucket),
        _outsiders(stage, bucket),
        *_let_in(stage),
    ]


def writers_by_kind(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The ARNs of the roles that may write each kind of evidence. Custody records are the legal-hold role's."""
    names = stage.names()
    found = {kind: tuple(names.role_arn(role) for role in grants.writers(kind)) for kind in stage.retention_days}
    return found | {"custody": (*found["custody"], stage.role_arn("LegalHold"))}


def _nothing_goes(bucket: str) -> list[Statement]:
    """Nothing is deleted, and evidence takes no other change than those the later statements bound: not a tag either.

    What is not listed is denied, so that an action S3 invents tomorrow is denied today. InitiateReplication changes
    nothing here: it lets a copy that was asked for later catch up.
    """
    ends = ("s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion")
    known = {
        "NotAction": ["s3:Get*", "s3:List*", *_WRITES, "s3:InitiateReplication", "s3:PutObjectLegalHold"],
        "Resource": f"{bucket}/*",
    }
    return [
        _deny("NothingIsDeleted", ends, f"{bucket}/*"),
        {"Sid": "NothingElseIsDone", "Effect": "Deny", "Principal": {"AWS": "*"}, **known},
        _deny("TheBucketStays", ("s3:DeleteBucket",), bucket),
    ]


def _settings_stay(bucket: str, deployer: str) -> Statement:
    return _deny("SettingsStayAsDeployed", _SETTINGS, bucket, {"ArnNotEquals": {"aws:PrincipalArn": deployer}})


def _who_writes(stage: Stage, bucket: str) -> list[Statement]:
    """Each kind is its writers' alone, and there is nothing beside the kinds."""
    kinds = _grouped(writers_by_kind(stage))
    found = [
        _deny(
            f"OnlyTheirWriters{number}",
            _WRITES,
            _below(bucket, names),
            {"ArnNotEquals": {"aws:PrincipalArn": list(arns)}},
        )
        for number, (arns, names) in enumerate(kinds.items(), start=1)
    ]
    elsewhere = {"Action": ["s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]}
    places = {"NotResource": _below(bucket, stage.retention_days)}
    return [
        *found,
        {"Sid": "NothingLiesElsewhere", "Effect": "Deny", "Principal": {"AWS": "*"}, **elsewhere, **places},
    ]


def _how_long(stage: Stage, bucket: str) -> list[Statement]:
    """Each write asks for the stage's mode and for its kind's days, and no write for more than the longest retention.

    A writer asks for N days from a moment before S3 looks, so N - 1 whole days may remain; a clock that is ahead may
    leave a little over N. A write that names no mode is denied: the bucket's default would keep a manifest too short.
    Parts of a multipart upload name none, so that evidence is always written in one piece.
    """
    everything, remaining = f"{bucket}/*", "s3:object-lock-remaining-retention-days"
    mode = {"s3:object-lock-mode": stage.lock_mode}
    found = [
        _deny("EveryWriteIsLocked", ("s3:PutObject",), everything, {"StringNotEquals": mode}),
        _deny("EveryWriteSaysHowLong", ("s3:PutObject",), everything, {"Null": {remaining: "true"}}),
        _deny(
            "TheModeStays",
            ("s3:PutObjectRetention",),
            everything,
            {"StringNotEquals": mode, "Null": {"s3:object-lock-mode": "false"}},
        ),
        _deny(
            "NoLongerThanAcknowledged",
            _WRITES,
            everything,
            {"NumericGreaterThan": {remaining: str(stage.longest_retention + 1)}},
        ),
    ]
    for days, kinds in sorted(_grouped(stage.retention_days).items()):
        short = {"NumericLessThan": {remaining: str(days - 1)}}
        found.append(_deny(f"NotShorterThan{days}Days", _WRITES, _below(bucket, kinds), short))
    return found


def _only_once(bucket: str) -> Statement:
    """S3 itself is the sequencer: a name is written with `If-None-Match`, or not at all."""
    condition = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    return _deny("NothingIsWrittenOver", ("s3:PutObject",), f"{bucket}/*", condition)


def _nobody_holds(stage: Stage, bucket: str) -> Statement:
    """Putting a hold and releasing it are the same action, so only one role does either."""
    holder = {"ArnNotEquals": {"aws:PrincipalArn": stage.role_arn("LegalHold")}}
    return _deny("OnlyLegalHoldHolds", ("s3:PutObjectLegalHold",), f"{bucket}/*", holder)


def _nobody_reads_wire_bodies(stage: Stage, bucket: str) -> Statement:
    """No role of a function reads `raw/`, even if its own policy were widened."""
    functions = {"ArnEquals": {"aws:PrincipalArn": [stage.names().role_arn(role) for role in Role]}}
    return _deny("FunctionsNeverReadRaw", ("s3:GetObject*",), f"{bucket}/raw/*", functions)


def _outsiders(stage: Stage, bucket: str) -> Statement:
    """Whoever is neither of the organization nor of the two accounts stays out; AWS's own services are no principals."""
    keys: dict[str, Any] = {"aws:PrincipalAccount": sorted({stage.evidence_account, stage.tooling_account})}
    if stage.organization_id is not None:
        keys["aws:PrincipalOrgID"] = stage.organization_id
    condition = {"StringNotEquals": keys, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    return _deny("OutsidersStayOut", ("s3:*",), [bucket, f"{bucket}/*"], condition)


def _let_in(stage: Stage) -> list[Statement]:
    """What the functions' roles may do, said here too because the bucket may lie in another account.

    Roles of one account that may do the same share a statement.
    """
    names, found = stage.names(), dict[tuple[str, str, str], Statement]()
    for role in Role:
        arn = names.role_arn(role)
        account = arn.split(":")[4]
        for one in grants.locker_statements(role, names):
            shared = found.setdefault(
                (account, str(one["Action"]), str(one["Resource"])),
                one
                | {
                    "Sid": f"{role}{one['Sid']}",
                    "Principal": {"AWS": f"arn:{stage.partition}:iam::{account}:root"},
                    "Condition": {"ArnEquals": {"aws:PrincipalArn": []}},
                },
            )
            shared["Condition"]["ArnEquals"]["aws:PrincipalArn"].append(arn)
    return list(found.values())


def _grouped[Value](by_kind: Mapping[str, Value]) -> dict[Value, list[str]]:
    """Kinds that share a value, so that they share a statement: a bucket policy holds 20 KB."""
    found: dict[Value, list[str]] = {}
    for kind, value in sorted(by_kind.items()):
        found.setdefault(value, []).append(kind)
    return found


def _below(bucket: str, kinds: Iterable[str]) -> list[str]:
    return [f"{bucket}/{kind}/*" for kind in sorted(kinds)]


def _deny(
    sid: str, actions: Iterable[str], resource: str | list[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    statement = {"Sid": sid, "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": sorted(actions)}
    return statement | {"Resource": resource} | ({"Condition": dict(condition)} if condition else {})
