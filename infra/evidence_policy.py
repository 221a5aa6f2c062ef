"""The evidence bucket's policy: who may write which kind, for how long it is kept, and what nobody may do.

Denials bind the account's administrators too. Three doors stay, each on purpose: CloudFormation's execution role may
change the policy and the bucket's settings, since a bucket nobody can configure can be neither updated nor replicated
later; the account's root user may always put or delete a bucket policy, whatever the policy says, and is the way back
after a mistake (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html), unless the service control
policy closes it; a member of the organization that is let in still needs an Allow of its own.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from prooftrail import grants
from prooftrail.grants import Role, Statement

from .stage import Stage, StageError

MOST_BYTES = 20_480
"""Amazon S3, "Bucket policies": the size of a bucket's policy."""

PEOPLES = {"answers": "Answer", "custody": "LegalHold"}
"""What people write, each kind by the role for it."""

_NOBODY = {"Effect": "Deny", "Principal": "*"}
_READS = ("s3:GetObject*",)
_WRITES = ("s3:PutObject", "s3:PutObjectRetention")
_DATED = (
    "s3:PutObject*",
)  # in one word: the others of that name, a legal hold among them, bring no days to be compared
_SETTINGS = (
    "s3:DeleteBucketPolicy",
    "s3:Put*Configuration",  # of encryption, inventory, lifecycle, replication among them
    "s3:PutBucket*",  # the policy, versioning, the lock, public access, ownership, logging among them
)


def statements(stage: Stage, *, deployer: str) -> list[Statement]:
    """All statements but the two about TLS, which CDK writes. `deployer` is the ARN of CloudFormation's role."""
    bucket = f"arn:{stage.partition}:s3:::{stage.bucket}"
    return [
        *_nothing_goes(bucket),
        settings_stay(bucket, deployer),
        *_who_writes(stage, bucket),
        *_how_long(stage, bucket),
        _only_once(bucket),
        _nobody_holds(stage, bucket),
        *_no_function_reads_back(stage, bucket),
        _outsiders(stage, bucket),
        *_let_in(stage, bucket),
    ]


def require_fit(stage: Stage, document: Mapping[str, Any]) -> None:
    """Raises StageError where the bucket's policy as rendered is longer than S3 takes, which is told only while it deploys."""
    arn = f"arn:{stage.partition}:s3:::{stage.bucket}"
    size = len(json.dumps(_written(document, arn), separators=(",", ":")).encode())
    if size > MOST_BYTES:
        raise StageError(
            f"cdk.json stages.{stage.name}: the evidence bucket's policy has {size:,} bytes and S3 takes {MOST_BYTES:,}: "
            "give several kinds in retention_days the same days, or the stage a shorter name."
        )


def _written(value: Any, arn: str) -> Any:
    """The document with each reference, all of which mean the bucket, written out."""
    match value:
        case {"Fn::GetAtt": _}:
            return arn
        case {"Fn::Join": [str() as between, list() as parts]}:
            return between.join(_written(one, arn) for one in parts)
        case Mapping():
            return {key: _written(one, arn) for key, one in value.items()}
        case list():
            return [_written(one, arn) for one in value]
        case _:
            return value


def writers_by_kind(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The ARNs of the roles that may write each kind of evidence. Custody records and answers are people's."""
    names = stage.names()
    found = {kind: tuple(names.role_arn(role) for role in grants.writers(kind)) for kind in stage.retention_days}
    return found | {kind: (*found[kind], stage.role_arn(role)) for kind, role in PEOPLES.items()}


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
        {"Sid": "NothingElseIsDone", **_NOBODY, **known},
        _deny("TheBucketStays", ("s3:DeleteBucket",), bucket),
    ]


def settings_stay(bucket: str, deployer: str) -> Statement:
    """A bucket's settings are changed by deploying alone. `bucket` is its ARN, `deployer` that of CloudFormation's role."""
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
    elsewhere = {"Action": "s3:PutObject*", "NotResource": _below(bucket, stage.retention_days)}
    return [*found, {"Sid": "NothingLiesElsewhere", **_NOBODY, **elsewhere}]


def _how_long(stage: Stage, bucket: str) -> list[Statement]:
    """Each write asks for the stage's mode and for its kind's days, neither fewer nor more: nobody can undo too many.

    A writer asks for N days from a moment before S3 looks, so N - 1 whole days may remain; a clock that is ahead may
    leave a little over N, which makes N + 1 rounded up. A write that names no mode is denied: the bucket's default would
    keep a manifest too short.
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
    ]
    for days, kinds in sorted(_grouped(stage.retention_days).items()):
        below = _below(bucket, kinds)
        short, long = (
            {"NumericLessThan": {remaining: str(days - 1)}},
            {"NumericGreaterThan": {remaining: str(days + 1)}},
        )
        found += [
            _deny(f"AtLeast{days}Days", _DATED, below, short),
            _deny(f"AtMost{days}Days", _DATED, below, long),
        ]
    return found


def _only_once(bucket: str) -> Statement:
    """S3 itself is the sequencer: a name is written with `If-None-Match`, or not at all."""
    condition = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    return _deny("NothingIsWrittenOver", ("s3:PutObject",), f"{bucket}/*", condition)


def _nobody_holds(stage: Stage, bucket: str) -> Statement:
    """Putting a hold and releasing it are the same action, so only one role does either."""
    holder = {"ArnNotEquals": {"aws:PrincipalArn": stage.role_arn("LegalHold")}}
    return _deny("OnlyLegalHoldHolds", ("s3:PutObjectLegalHold",), f"{bucket}/*", holder)


def _no_function_reads_back(stage: Stage, bucket: str) -> list[Statement]:
    """No role of a function reads what AWS sent or whom a pseudonym means, even if its own policy were widened.

    But for the one that writes letters to people, which has to know their addresses; it sends none itself.
    """
    names = stage.names()
    others = [names.role_arn(role) for role in Role if role is not Role.REMIND]
    return [
        _deny("FunctionsNeverReadBack", _READS, _below(bucket, ("people", "raw")), _by(others)),
        _deny("LettersNeedNoMore", _READS, f"{bucket}/raw/*", _by([names.role_arn(Role.REMIND)])),
    ]


def _outsiders(stage: Stage, bucket: str) -> Statement:
    """Whoever is neither of the organization nor of the two accounts stays out; AWS's own services are no principals."""
    keys: dict[str, Any] = {"aws:PrincipalAccount": sorted({stage.evidence_account, stage.tooling_account})}
    if stage.organization_id is not None:
        keys["aws:PrincipalOrgID"] = stage.organization_id
    condition = {"StringNotEquals": keys, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    return _deny("OutsidersStayOut", ("s3:*",), [bucket, f"{bucket}/*"], condition)


def _let_in(stage: Stage, bucket: str) -> list[Statement]:
    """What the functions' roles may do, said here too because the bucket may lie in another account.

    Roles that may do the same share a statement. All writers share one: which kinds are whose, `OnlyTheirWriters` says.
    """
    names, found = stage.names(), dict[tuple[str, str], Statement]()
    accounts = sorted({stage.evidence_account, stage.tooling_account})
    roots = {"AWS": [f"arn:{stage.partition}:iam::{account}:root" for account in accounts]}
    for role in Role:
        for one in grants.locker_statements(role, names):
            resource = f"{bucket}/*" if set(one["Action"]) == set(_WRITES) else one["Resource"]
            shared = found.setdefault(
                (str(one["Action"]), str(resource)),
                {
                    **one,
                    "Sid": f"{one['Sid']}{len(found) + 1}",
                    "Resource": resource,
                    "Principal": roots,
                    "Condition": {"ArnEquals": {"aws:PrincipalArn": []}},
                },
            )
            shared["Condition"]["ArnEquals"]["aws:PrincipalArn"].append(names.role_arn(role))
    return list(found.values())


def _by(arns: list[str]) -> dict[str, Any]:
    return {"ArnEquals": {"aws:PrincipalArn": arns}}


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
    named = sorted(actions)
    statement = {"Sid": sid, **_NOBODY, "Action": named if len(named) > 1 else named[0]}
    return statement | {"Resource": resource} | ({"Condition": dict(condition)} if condition else {})
