"""Who may do what, over every policy of every template: held here because emulators and reviewers let it slip."""

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from infra.stage import Stage
from prooftrail import grants, permissions
from prooftrail.grants import Key, Role
from prooftrail.settings import CLAIM_ROWS, LEDGER_ROWS
from tests.infra.policies import (
    Statement,
    identity_statements,
    listed,
    meets,
    resource_statements,
    roles,
    trust_statements,
)
from tests.infra.policy_engine import Request, allowed
from tests.infra.stages import a_stage
from tests.infra.synthesis import DEV, PROD, Assembly

AUDITOR = "Prooftrail-{stage}-Auditor"
"""The one role that may read what AWS sent: an auditor walks from a result back to it."""

DANGEROUS = (
    "ec2:GetPasswordData",
    "iam:AttachRolePolicy",
    "iam:CreateAccessKey",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "kms:CreateGrant",
    "kms:Encrypt",
    "kms:ReEncryptFrom",
    "lambda:GetFunction",
    "lambda:UpdateFunctionCode",
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
"""What no role of ours may do anywhere, by name or by wildcard."""

OURS_BESIDE = {
    "dynamodb:UpdateItem": "says what became of a notice that was claimed",
    "kms:Decrypt": "SNS's own way to encrypt a letter for whoever publishes it, held to the key of notices",
    "kms:GenerateDataKey": "the same",
    "s3:GetObject": "the day's letters, out of the work bucket",
    "ses:SendEmail": "a letter, where the stage tells owners through SES",
    "sns:CreateTopic": "an owner's own topic, once there is something to tell",
    "sns:GetSubscriptionAttributes": "whether a subscription would get what is published",
    "sns:GetTopicAttributes": "whether an owner's topic still has the policy it was made with",
    "sns:ListSubscriptionsByTopic": "whether an address was confirmed, and that nobody else listens",
    "sns:Publish": "a letter to an owner, and the weekly word to the auditor, who has no other way to hear of a new head",
    "sns:SetTopicAttributes": "gives an owner's topic its policy again",
    "sns:Subscribe": "asks an address to confirm, and lets the topic leave receipts",
    "sns:Unsubscribe": "puts off whoever listens in on an owner's topic",
    "sqs:DeleteMessage": "lets go of a receipt that is sealed",
    "sqs:ReceiveMessage": "asks which notices were taken before any is sent again",
    "states:StartExecution": "the tick, which starts a run under the run's own name",
}
"""Actions in grants that are in no list of `permissions`, because no flow calls them from a shell."""

NO_SOURCE = {
    "lambda.amazonaws.com": "Lambda sends no source when it takes a function's role",
    "s3.amazonaws.com": "S3 documents no source for live replication",
}
"""Services that cannot be held to an account or ARN in a trust policy, each with the reason."""


def stages(assembly: Assembly) -> list[Stage]:
    return list(assembly.stages.values())


def role_name(stage: Stage, role: str) -> str:
    return grants.role_path(stage.name, role).rpartition("/")[2]


def of_stage(statements: list[Statement], stage: Stage) -> list[Statement]:
    return [one for one in statements if one.stack.startswith(f"Prooftrail-{stage.name}-")]


def holders(statements: list[Statement], action: str, arn: str) -> set[str]:
    """The roles that a statement allows `action` on `arn`, conditions not counted in their favour."""
    return {one.holder for one in statements if one.allows(action) and one.reaches(arn)}


def object_arn(stage: Stage, kind: str) -> str:
    return f"arn:{stage.partition}:s3:::{stage.bucket}/{kind}/20261122T050000Z/{stage.tooling_account}/0.jsonl.gz"


def test_no_role_can_delete_evidence_or_lift_its_lock_so_no_writer_can(assembly: Assembly) -> None:
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        bucket = f"arn:{stage.partition}:s3:::{stage.bucket}"
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"):
            assert holders(statements, action, object_arn(stage, "chain")) == set(), action
        for action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"):
            assert holders(statements, action, bucket) == set(), action


@pytest.mark.parametrize("kind", sorted(PROD.retention_days))
def test_each_kind_of_evidence_is_written_by_the_roles_that_make_it_alone(assembly: Assembly, kind: str) -> None:
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        found = holders(of_stage(statements, stage), "s3:PutObject", object_arn(stage, kind))
        expected = {role_name(stage, role) for role in grants.writers(kind)}
        if person := {"answers": "Answer", "custody": "LegalHold"}.get(kind):
            expected.add(role_name(stage, person))
        assert found - expected == set()
        assert {role_name(stage, role) for role in grants.writers(kind)} <= found


def test_nobody_but_the_auditor_reads_what_aws_sent(assembly: Assembly) -> None:
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        mine, raw = of_stage(statements, stage), object_arn(stage, "raw")
        readers = holders(mine, "s3:GetObject", raw) | holders(mine, "s3:GetObjectVersion", raw)
        auditor = {AUDITOR.format(stage=stage.name)} if stage.auditor else set()
        assert readers == auditor


def test_no_value_is_read_by_any_role(assembly: Assembly) -> None:
    """Wildcards count: `s3:Get*` allows what `s3:GetObject` does. Objects are ours to read, in our own buckets alone."""
    for stage in stages(assembly):
        for one in of_stage(identity_statements(assembly), stage):
            for value in permissions.VALUE_READING:
                if one.allows(value):
                    assert _is_ours(one, stage, value), one


def _is_ours(one: Statement, stage: Stage, value: str) -> bool:
    """Whether what a statement lets be read is our own: evidence, lists between steps, a notice, or the way to a member."""
    if value.startswith("s3:"):
        start = f"arn:{stage.partition}:s3:::"
        ours = tuple(f"{start}{name}/" for name in (stage.bucket, stage.work_bucket, f"{stage.logs_bucket}/inventory"))
        return all(resource.startswith(ours) for resource in one.resources)
    if value.startswith("sts:"):
        return one.holder == role_name(stage, Role.SCAN)
    return _decrypts_our_notices(one, stage, value)


def _decrypts_our_notices(one: Statement, stage: Stage, action: str) -> bool:
    """The one value that is ours to read: what our own topics are encrypted with, by the key's own ARN or its alias."""
    keys = f"arn:{stage.partition}:kms:{stage.region}:"
    by_arn = all(resource.startswith((keys, "<")) and "*" not in resource for resource in one.resources)
    by_its_alias = one.holder == role_name(stage, Role.NOTIFY) and one.conditions == by_alias(stage, Key.NOTICES)
    return action == "kms:Decrypt" and (by_arn or by_its_alias)


def test_nothing_dangerous_is_allowed_by_name_or_by_wildcard(assembly: Assembly) -> None:
    found = {
        (one.holder, action) for one in identity_statements(assembly) for action in DANGEROUS if one.allows(action)
    }
    assert found == set()


def test_no_statement_allows_everything_a_service_can(assembly: Assembly) -> None:
    for one in identity_statements(assembly):
        if one.effect == "Allow":
            assert not one.negated, one
            assert [action for action in one.actions if action == "*" or action.endswith(":*")] == [], one


def test_every_wildcard_in_an_action_is_a_known_one(assembly: Assembly) -> None:
    found = {
        action
        for one in identity_statements(assembly)
        if one.effect == "Allow"
        for action in one.actions
        if "*" in action or "?" in action
    }
    assert found == set()


def test_no_role_takes_a_policy_that_somebody_else_writes(assembly: Assembly) -> None:
    assert {
        one.name: one.properties["ManagedPolicyArns"]
        for one in roles(assembly)
        if "ManagedPolicyArns" in one.properties
    } == {}


def test_every_role_has_a_fixed_path_and_a_name_where_policies_elsewhere_rely_on_it(assembly: Assembly) -> None:
    """A role that a service takes for itself needs no name: nothing outside its stack speaks of it."""
    for one in roles(assembly):
        assert one.properties.get("Path") == "/prooftrail/", one.logical_id
        (trust,) = one.properties["AssumeRolePolicyDocument"]["Statement"]
        service = trust["Principal"].get("Service")
        named = one.name.startswith(("Prooftrail-prod-", "Prooftrail-dev-")) or one.name == "ProoftrailReader"
        assert named or service in {"scheduler.amazonaws.com", "states.amazonaws.com"}, one


def test_no_name_is_given_to_two_roles_of_one_stage(assembly: Assembly) -> None:
    """Two stages may share accounts, and one stage's stacks may."""
    names = [one.name for one in roles(assembly) if "RoleName" in one.properties and one.name != "ProoftrailReader"]
    assert len(names) == len(set(names))


def test_a_service_takes_a_role_for_our_own_account_only(assembly: Assembly) -> None:
    for one in trust_statements(assembly):
        for service in listed((one.principal or {}).get("Service", [])):
            if service in NO_SOURCE:
                continue
            keys = {key for condition in one.conditions.values() for key in condition}
            assert {"aws:SourceAccount", "aws:SourceArn"} & keys, f"{one.holder} in {one.stack}: {service}"


def test_every_trust_in_an_account_is_held_to_a_role_by_condition(assembly: Assembly) -> None:
    for one in trust_statements(assembly):
        principal = one.principal or {}
        assert set(principal) <= {"AWS", "Service"}, one
        if "AWS" in principal and "root" in json.dumps(principal["AWS"]):
            conditions = json.dumps(one.conditions)
            assert "aws:PrincipalArn" in conditions or "sts:ExternalId" in conditions, one


def test_only_the_scan_role_takes_other_roles_and_only_the_member_role(assembly: Assembly) -> None:
    for stage in stages(assembly):
        takers = [one for one in of_stage(identity_statements(assembly), stage) if one.allows("sts:AssumeRole")]
        assert {one.holder for one in takers} == {role_name(stage, Role.SCAN)}
        for one in takers:
            assert one.resources == (f"arn:{stage.partition}:iam::*:role/{stage.role_name}",)


def test_only_the_sealer_and_the_watchdog_sign_each_with_its_own_keys(assembly: Assembly) -> None:
    """The sealer has the key before this one too, which signs its successor in."""
    for stage in stages(assembly):
        signers = [one for one in of_stage(identity_statements(assembly), stage) if one.allows("kms:Sign")]
        held = sorted((one.holder, json.dumps(one.conditions)) for one in signers)
        allowed = ((Role.SEAL, Key.SIGNING), (Role.SEAL, Key.PREVIOUS), (Role.WATCH, Key.WITNESS))
        assert held == sorted((role_name(stage, role), json.dumps(by_alias(stage, key))) for role, key in allowed)


def by_alias(stage: Stage, key: Key) -> dict[str, Any]:
    """The condition that holds a statement to one key."""
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": stage.names().alias(key)}}


def test_a_key_that_signs_lets_no_account_sign_by_policies_of_its_own_alone(assembly: Assembly) -> None:
    """Otherwise whoever may write policies in the evidence account could sign a chain of their own."""
    keys = {
        (stack, f"AWS::KMS::Key {name}")
        for stack, name, key in assembly.every("AWS::KMS::Key")
        if key["Properties"].get("KeyUsage") == "SIGN_VERIFY"
    }
    assert len(keys) == sum(stage.signing_key_generation + 1 for stage in stages(assembly))
    allowing = [
        one for one in resource_statements(assembly) if (one.stack, one.holder) in keys and one.allows("kms:Sign")
    ]
    assert {(one.stack, one.holder) for one in allowing} == keys
    for one in allowing:
        assert list(one.conditions["ArnEquals"]) == ["aws:PrincipalArn"], one


@pytest.mark.parametrize(
    ("kind", "document", "limit"),
    [
        ("AWS::IAM::Role", "AssumeRolePolicyDocument", 2_048),
        ("AWS::S3::BucketPolicy", "PolicyDocument", 20_480),
        ("AWS::KMS::Key", "KeyPolicy", 32_768),
        ("AWS::SNS::TopicPolicy", "PolicyDocument", 30_720),
    ],
)
def test_every_policy_fits_its_limit_with_a_tenth_to_spare(
    assembly: Assembly, kind: str, document: str, limit: int
) -> None:
    sizes = {f"{stack} {name}": _size(one["Properties"][document]) for stack, name, one in assembly.every(kind)}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > limit * 0.9} == {}


def test_the_policies_of_a_role_fit_their_limit_together_with_a_tenth_to_spare(assembly: Assembly) -> None:
    sizes = {
        f"{one.stack} {one.name}": sum(_size(each["PolicyDocument"]) for each in one.properties["Policies"])
        for one in roles(assembly)
    }
    assert {name: size for name, size in sizes.items() if size > 10_240 * 0.9} == {}


def _size(document: dict[str, Any]) -> int:
    """Characters, blanks left out, as AWS counts; references are about as long as what they stand for."""
    return len(json.dumps(document, separators=(",", ":")))


def test_no_resource_of_ours_is_open_to_the_world(assembly: Assembly) -> None:
    for one in resource_statements(assembly):
        if one.effect == "Allow" and _anyone(one.principal):
            assert one.conditions, one


def _anyone(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, dict) and "*" in listed(principal.get("AWS", [])))


@pytest.mark.parametrize("stage", [PROD, DEV], ids=lambda one: one.name)
@pytest.mark.parametrize("role", list(Role))
def test_a_function_may_do_what_grants_give_its_role(assembly: Assembly, stage: Stage, role: Role) -> None:
    given = _by_action(of_stage(identity_statements(assembly), stage), role_name(stage, role))
    for statement in _allowing(role, stage):
        for action in listed(statement["Action"]):
            assert set(listed(statement["Resource"])) <= given[action], action


@pytest.mark.parametrize("role", list(Role))
def test_every_action_of_grants_is_listed_with_a_why(role: Role) -> None:
    known = {one.action for one in permissions.PERMISSIONS} | set(OURS_BESIDE)
    actions = {action for statement in _allowing(role, PROD) for action in listed(statement["Action"])}
    assert actions - known == set()


def test_every_why_beside_the_list_is_needed() -> None:
    keys = {action for use in grants.USES.values() for action in use.keys.get(Key.NOTICES, ())}
    extra = keys.union(*((*use.beside, *use.letters, *use.table) for use in grants.USES.values()))
    assert set(OURS_BESIDE) <= extra - {one.action for one in permissions.PERMISSIONS}


def _allowing(role: Role, stage: Stage) -> list[dict[str, Any]]:
    return [one for one in grants.role_policy(role, stage.names()) if one["Effect"] == "Allow"]


def _by_action(statements: list[Statement], holder: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in statements:
        if one.holder == holder and one.effect == "Allow":
            for action in one.actions:
                found[action] |= set(one.resources)
    return found


@pytest.mark.parametrize(
    ("pattern", "value", "same"),
    [
        ("s3:*", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject*", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectVersion", False),
        ("*", "kms:Sign", True),
        ("arn:aws:s3:::locker/raw/*", "arn:aws:s3:::locker/raw/a", True),
        ("arn:aws:s3:::locker/*", "arn:aws:s3:::locker/raw/a", True),
        ("arn:aws:s3:::locker/rawest/*", "arn:aws:s3:::locker/raw/a", False),
    ],
)
def test_patterns_are_met_as_iam_meets_them(pattern: str, value: str, same: bool) -> None:
    assert meets(pattern, value) is same


def a_role(statement: dict[str, Any], trust: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A role as somebody might add it one day."""
    lambdas = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    return {
        "Path": "/prooftrail/",
        "RoleName": "Prooftrail-prod-Added",
        "AssumeRolePolicyDocument": {"Statement": [trust or lambdas]},
        "Policies": [{"PolicyName": "Added", "PolicyDocument": {"Statement": [{"Effect": "Allow"} | statement]}}],
    } | properties


EVIDENCE = f"arn:aws:s3:::{PROD.bucket}"
FROM_EVENTS = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
FROM_AN_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::1:root"}}}


@pytest.mark.parametrize(
    ("added", "check"),
    [
        (a_role({"Action": "s3:Delete*", "Resource": "*"}), "no_role_can_delete_evidence"),
        (a_role({"Action": "s3:PutBucketPolicy", "Resource": EVIDENCE}), "no_role_can_delete_evidence"),
        (a_role({"Action": "s3:Get*", "Resource": f"{EVIDENCE}/*"}), "nobody_but_the_auditor"),
        (a_role({"NotAction": "iam:*", "Resource": "*"}), "nobody_but_the_auditor"),
        (a_role({"Action": "secretsmanager:Get*", "Resource": "*"}), "no_value_is_read"),
        (a_role({"Action": "S3:GETOBJECT", "Resource": "arn:aws:s3:::*"}), "no_value_is_read"),
        (a_role({"Action": "kms:Decrypt", "Resource": "*"}), "no_value_is_read"),
        (a_role({"Action": "sts:AssumeRole", "Resource": "*"}), "no_value_is_read"),
        (a_role({"Action": "iam:Pass*", "Resource": "*"}), "nothing_dangerous"),
        (a_role({"Action": "*", "Resource": "*"}), "no_statement_allows_everything"),
        (a_role({"Action": ["iam:*"], "Resource": "*"}), "no_statement_allows_everything"),
        (a_role({"Action": "iam:List*", "Resource": "*"}), "every_wildcard_in_an_action"),
        (a_role({}, ManagedPolicyArns=["arn:aws:iam::aws:policy/Any"]), "no_role_takes_a_policy"),
        (a_role({}, Path="/"), "every_role_has_a_fixed_path"),
        (a_role({}, FROM_EVENTS), "a_service_takes_a_role"),
        (a_role({}, FROM_AN_ACCOUNT), "every_trust_in_an_account"),
        (a_role({"Action": "sts:AssumeRole", "Resource": "*"}), "only_the_scan_role"),
        (a_role({"Action": "kms:Si*", "Resource": "*"}), "only_the_sealer"),
    ],
)
def test_each_of_these_checks_sees_what_it_is_there_to_see(
    assembly: Assembly, added: dict[str, Any], check: str
) -> None:
    (found,) = [value for name, value in globals().items() if name.startswith(f"test_{check}")]
    found(assembly)
    one_more = {"Prooftrail-prod-Added": {"Resources": {"Added": {"Type": "AWS::IAM::Role", "Properties": added}}}}
    with pytest.raises(AssertionError):
        found(replace(assembly, templates=assembly.templates | one_more))


def test_the_scanner_itself_may_never_read_a_value_in_its_own_account() -> None:
    names = a_stage().names()
    denied = {role: _denied(grants.role_policy(role, names)) for role in grants.Role}
    spared = {"kms:Decrypt", "kms:ReEncrypt*", "s3:GetObject*", "sts:AssumeRole*"}
    assert denied.pop(grants.Role.SCAN) == set(permissions.VALUE_READING) - spared
    assert set().union(*denied.values()) == set()


PINNED, TOLD = "HEAD", ["ACCOUNTS", "ACC#111122223333", "RUNS", "RUN#20261122T050000Z", "UID#AIDAEXAMPLE"]


@pytest.mark.parametrize(
    ("named", "spared"),
    [
        *(([one], True) for one in TOLD),
        (TOLD, True),
        ([PINNED], False),
        ([*TOLD, PINNED], False),
        (["HEADS"], False),
        (["ACCOUNTSX"], False),
        (None, False),
    ],
)
def test_who_tells_the_ledger_writes_every_row_but_the_pinned_head(named: list[str] | None, spared: bool) -> None:
    """Otherwise the step that writes rows could forget the head that was seen, and a chain cut short would look whole."""
    names = PROD.names()
    policy = {"Statement": grants.role_policy(Role.TELL, names)}
    keys = {} if named is None else {"dynamodb:LeadingKeys": named}
    for action, lets in (("PutItem", spared), ("BatchWriteItem", spared), ("GetItem", True), ("Query", True)):
        request = Request(by=names.role_arn(Role.TELL), action=f"dynamodb:{action}", on=names.table_arn, keys=keys)
        assert allowed(policy, request) is lets, action


def test_no_role_but_the_sealers_writes_the_table_without_being_held_to_rows(assembly: Assembly) -> None:
    writes = (
        "BatchWriteItem",
        "DeleteItem",
        "PutItem",
        "UpdateItem",
        "PartiQLDelete",
        "PartiQLInsert",
        "PartiQLUpdate",
    )
    for stage in stages(assembly):
        mine = of_stage(identity_statements(assembly), stage)
        writing = [one for one in mine if any(one.allows(f"dynamodb:{action}") for action in writes)]
        assert {one.holder: one.conditions for one in writing} == {
            role_name(stage, Role.SEAL): {},
            role_name(stage, Role.TELL): _held_to(LEDGER_ROWS),
            role_name(stage, Role.NOTIFY): _held_to(CLAIM_ROWS),
        }
        assert len(writing) == 3


def _held_to(rows: tuple[str, ...]) -> dict[str, Any]:
    key = "dynamodb:LeadingKeys"
    return {"ForAllValues:StringLike": {key: list(rows)}, "Null": {key: "false"}}


def test_owners_topics_and_receipts_are_the_senders_alone(assembly: Assembly) -> None:
    """Whoever plans cannot send, and whoever sends cannot read who people are beside the day's letters."""
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        mine, sender = of_stage(statements, stage), {role_name(stage, Role.NOTIFY)}
        topic = stage.arn("sns", stage.tooling_account, f"{stage.topic_prefix}-{'0' * 32}")
        for action in ("Publish", "Subscribe", "CreateTopic", "ListSubscriptionsByTopic", "SetTopicAttributes"):
            assert holders(mine, f"sns:{action}", topic) == sender, action
        for action in ("DeleteTopic", "AddPermission", "RemovePermission", "ConfirmSubscription"):
            assert holders(mine, f"sns:{action}", topic) == set(), action
        queue = stage.arn("sqs", stage.tooling_account, stage.receipts_queue)
        for action in ("ReceiveMessage", "DeleteMessage"):
            assert holders(mine, f"sqs:{action}", queue) == sender, action
        for action in ("SendMessage", "PurgeQueue", "DeleteQueue"):
            assert holders(mine, f"sqs:{action}", queue) == set(), action  # a forged receipt keeps a notice back
        for name in ("alarms", "watchdog"):
            others = holders(mine, "sns:Publish", stage.arn("sns", stage.tooling_account, stage.topic(name)))
            assert sender & others == set(), name


def test_people_are_known_to_who_writes_to_them_the_auditor_and_who_answers(assembly: Assembly) -> None:
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        readers = holders(of_stage(statements, stage), "s3:GetObjectVersion", object_arn(stage, "people"))
        people = {"Auditor"} if stage.auditor else set()
        people |= {"Answer"} if stage.answerers else set()
        assert readers - {role_name(stage, "Replication")} == {role_name(stage, one) for one in (Role.REMIND, *people)}


@pytest.mark.parametrize(
    ("role", "action", "lets"),
    [
        (Role.REMIND, "s3:PutObject", True),
        (Role.REMIND, "s3:GetObject", False),
        (Role.NOTIFY, "s3:GetObject", True),
        (Role.NOTIFY, "s3:PutObject", False),
        (Role.SCAN, "s3:GetObject", False),
        (Role.TELL, "s3:GetObject", False),
    ],
)
def test_letters_pass_from_who_plans_to_who_sends(role: Role, action: str, lets: bool) -> None:
    names = PROD.names()
    letter = f"arn:aws:s3:::{PROD.work_bucket}/letters/20261122T050000Z/000.jsonl.gz"
    policy = {"Statement": grants.role_policy(role, names)}
    assert allowed(policy, Request(by=names.role_arn(role), action=action, on=letter)) is lets


def test_the_state_machine_reads_lists_and_no_letters(assembly: Assembly) -> None:
    statements = identity_statements(assembly)
    for stage in stages(assembly):
        mine = of_stage(statements, stage)
        letter = f"arn:{stage.partition}:s3:::{stage.work_bucket}/letters/a"
        assert holders(mine, "s3:GetObject", letter) == {role_name(stage, Role.NOTIFY)}


def test_no_function_is_denied_what_lambda_decrypts_its_environment_with(assembly: Assembly) -> None:
    """Lambda does it as the function's role, through a grant of the key; a denial beats any grant, and nothing starts."""
    takers = {
        one.name
        for one in roles(assembly)
        if "lambda.amazonaws.com" in json.dumps(one.properties["AssumeRolePolicyDocument"])
    }
    assert takers == {role_name(stage, role) for stage in stages(assembly) for role in Role}
    denying = [one for one in identity_statements(assembly) if one.holder in takers and one.effect == "Deny"]
    assert denying
    for one in denying:
        assert not one.negated, one
        assert [action for action in one.actions if meets(action, "kms:Decrypt")] == [], one


def _denied(statements: list[dict[str, Any]]) -> set[str]:
    return {action for one in statements if one["Effect"] == "Deny" for action in one["Action"]}
