"""Every step calls what its role may call, and its role may call what the step calls: a run is made and listened to."""

from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from prooftrail import permissions
from prooftrail.adapters.aws.dynamodb_pin import PIN
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.aws.sending_lease import LEASE_ROW
from prooftrail.flows import head as chain_head
from prooftrail.flows.sealing import context_of
from prooftrail.grants import USES, Key, Role
from prooftrail.model import canonical
from prooftrail.permissions import Place
from prooftrail.settings import LEDGER_ROWS
from tests.handlers.deployment import Call, Deployment, deployment, ticks

_SHOWN_IN_AN_ANSWER = "s3:GetObjectRetention"
"""Not called in a run without a race: S3 tells the date with the object only to whoever may ask for it, and who loses the
race for a commit asks."""

_WRITE_ROWS = ("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

_CALLED_BY_SNS = {(Key.NOTICES, "kms:Decrypt"), (Key.NOTICES, "kms:GenerateDataKey")}
"""What SNS calls in the name of whoever publishes to an encrypted topic; we never do."""

_NOT_PUT_TO_USE = {
    Role.START: {"organizations:ListAccountsForParent"},  # the simulation sends paths with its accounts
    Role.SCAN: {
        "ec2:DescribeRegions",  # only where account:ListRegions is refused
        "iam:GetAccessKeyLastUsed",  # only where the report leaves a slot open
        "iam:GetOpenIDConnectProvider",  # the scanner's own account has no such provider here
        "iam:GetPolicy",  # only where the run could not list what AWS manages
        "iam:GetPolicyVersion",
        "secretsmanager:ListSecretVersionIds",  # the scanner's own account has no secret here
    },
}
"""What a run of the simulation gives no cause for; `tests/test_permissions.py` holds each against the code that calls it."""

_ONLY_ELSEWHERE = {
    "ses:SendEmail": "where notices go through SES, by configuration",
    "sns:SetTopicAttributes": "where an owner's topic has another policy than it was made with",
    "sns:Unsubscribe": "where somebody else listens on an owner's topic, or an address changed",
}
"""What the sending role has for what does not happen here; `tests/adapters/aws` has it happen."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two runs, the first with a scan cut short, a custody record and a new key between them, and everything asked twice."""
    with deployment(tmp_path_factory.mktemp("ministack")) as it:
        first, second = ticks(2)
        members = sorted(set(it.organization.account_ids().values()) - {it.organization.management_account_id})
        it.run(first, cut_short=frozenset(members[:1]))
        _custody(it)
        it.exchange_key()
        assert it.call("watch", {})["broken"] == 0
        _answer(it)
        it.run(second)
        item = {"run_id": second, "account": members[0]}
        it.call("scan_account", item)
        it.call("start_run", {"run_id": second, "trigger": "schedule"})
        it.call("watch", {})
        it.call("weekly", {})
        it.call("tick", {"scheduled_time": canonical.timestamp(canonical.tick_of(second))})
        yield it


def _custody(made: Deployment) -> None:
    _write(made, "custody")


def _answer(made: Deployment) -> None:
    _write(made, "answers")


def _write(made: Deployment, kind: str) -> None:
    """Something that a person writes. It makes no sense, and is read to see that."""
    body = b"{}"
    at = canonical.run_id(datetime.now(UTC))  # noqa: TID251 - the bucket's clock is the machine's
    key = f"{kind}/{at}-{canonical.sha256(body)}.json"
    made.stores.s3().put_object(Bucket=str(made.settings.bucket), Key=key, Body=body)


def calls(made: Deployment, role: Role, *actions: str) -> Iterator[Call]:
    return (one for one in made.calls if one.role is role and one.action in actions)


def kinds(made: Deployment, role: Role, action: str) -> set[str]:
    """Kinds of evidence the role did this to, in the evidence bucket."""
    asked = (one.about.partition("/") for one in calls(made, role, action))
    return {kind for bucket, _, kind in asked if bucket == made.settings.bucket}


ROLES = pytest.mark.parametrize("role", list(Role))


@ROLES
def test_a_role_may_write_the_kinds_of_evidence_its_steps_write(made: Deployment, role: Role) -> None:
    assert kinds(made, role, "s3:PutObject") == set(USES[role].writes)
    assert kinds(made, role, "s3:PutObjectRetention") == set(USES[role].writes)


@ROLES
def test_a_role_may_read_the_kinds_of_evidence_its_steps_read(made: Deployment, role: Role) -> None:
    assert kinds(made, role, "s3:GetObjectVersion") == set(USES[role].reads)


@ROLES
def test_a_role_writes_lists_for_the_next_step_only_where_it_may(made: Deployment, role: Role) -> None:
    asked = {one.action for one in made.calls if one.role is role and one.about == f"{made.settings.work_bucket}/work"}
    assert asked == set(USES[role].work)


@ROLES
def test_a_role_puts_and_takes_letters_only_where_it_may(made: Deployment, role: Role) -> None:
    asked = {
        one.action for one in made.calls if one.role is role and one.about == f"{made.settings.work_bucket}/letters"
    }
    assert asked == set(USES[role].letters)


@ROLES
def test_a_role_may_do_to_the_table_what_its_steps_do(made: Deployment, role: Role) -> None:
    asked = {one.action for one in made.calls if one.role is role and one.action.startswith("dynamodb:")}
    assert asked == set(USES[role].table)


@pytest.mark.parametrize("role", [role for role, use in USES.items() if use.rows])
def test_a_role_whose_writes_are_held_to_rows_of_the_table_writes_them_all_and_no_other(
    made: Deployment, role: Role
) -> None:
    written, held_to = [one.rows for one in calls(made, role, *_WRITE_ROWS)], USES[role].rows
    assert all(written)
    named = set().union(*written)
    assert {one for one in named if not any(fnmatchcase(one, row) for row in held_to)} == set()
    assert {row for row in held_to if not any(fnmatchcase(one, row) for one in named)} == set()


def test_only_who_sends_takes_the_lease_and_gives_it_back(made: Deployment) -> None:
    touching = {(one.role, one.door, one.action) for one in made.calls if LEASE_ROW in one.rows}
    assert touching == {(Role.NOTIFY, "send_notices", f"dynamodb:{one}Item") for one in ("Put", "Update")}


def test_the_head_is_pinned_by_who_seals_and_by_no_other_role(made: Deployment) -> None:
    touching = {(one.role, one.action) for one in made.calls if PIN in one.rows}
    assert touching == {
        (Role.START, "dynamodb:GetItem"),
        (Role.SEAL, "dynamodb:GetItem"),
        (Role.SEAL, "dynamodb:PutItem"),
        (Role.TELL, "dynamodb:GetItem"),
        (Role.REMIND, "dynamodb:GetItem"),
    }
    assert not any(fnmatchcase(PIN, row) for row in LEDGER_ROWS)


@ROLES
def test_a_role_may_use_the_keys_its_steps_use(made: Deployment, role: Role) -> None:
    asked = {(one.about, one.action) for one in made.calls if one.role is role and one.action.startswith("kms:")}
    stage = made.settings.stage
    granted = {(key, one) for key, does in USES[role].keys.items() for one in does} - _CALLED_BY_SNS
    assert asked == {(f"alias/prooftrail-{stage}-{key}", one) for key, one in granted}


@ROLES
def test_a_role_may_ask_aws_what_its_steps_ask(made: Deployment, role: Role) -> None:
    stores = ("s3:", "kms:", "dynamodb:")
    asked = {one.action for one in made.calls if one.role is role and not one.action.startswith(stores)}
    granted = {one.action for one in USES[role].calls} | set(USES[role].beside)
    assert asked <= granted
    elsewhere = set(_ONLY_ELSEWHERE) if role is Role.NOTIFY else set()
    assert granted - asked == _NOT_PUT_TO_USE.get(role, set()) | elsewhere


@ROLES
def test_in_buckets_a_step_does_nothing_but_write_read_and_list(made: Deployment, role: Role) -> None:
    asked = {one.action for one in made.calls if one.role is role and one.action.startswith("s3:")}
    known = {
        "s3:PutObject",
        "s3:PutObjectRetention",
        "s3:GetObjectVersion",
        "s3:ListBucketVersions",
        _SHOWN_IN_AN_ANSWER,
        *USES[role].letters,
    }
    assert asked <= known


def test_what_the_simulation_gives_no_cause_for_is_granted_for_a_reason() -> None:
    reasons = {one.action for place in (Place.MEMBER, Place.ORGANIZATION) for one in permissions.at(place) if one.why}
    assert set().union(*_NOT_PUT_TO_USE.values()) <= reasons


def test_only_the_closing_role_signs_manifests_and_no_role_reads_what_aws_sent() -> None:
    assert [role for role, use in USES.items() if "kms:Sign" in use.keys.get(Key.SIGNING, ())] == [Role.SEAL]
    assert [role for role, use in USES.items() if "raw" in use.reads] == []


def test_a_run_whose_scan_was_cut_short_names_what_it_left_behind_and_why_the_account_is_missing(
    made: Deployment,
) -> None:
    from prooftrail.evidence import manifest

    body = made.stores.s3().get_object(Bucket=str(made.settings.bucket), Key="chain/00000001.json")["Body"].read()
    sealed = manifest.read("chain/00000001.json", body)
    assert isinstance(sealed, manifest.Manifest)
    missing = [(one.status, one.reason) for one in sealed.coverage if one.status != "sealed"]
    assert missing == [("unreachable", "the scan did not end in the time it is given (States.Timeout)")]
    left = {one.key.partition("/")[0] for one in sealed.superseded}
    assert left == {"assessment", "findings", "people", "raw", "snapshot", "transitions"}
    assert sealed.code.asset == made.settings.asset_sha256


@pytest.mark.parametrize("door", ["start_run", "close_run", "record_run", "watch", "tick"])
def test_a_warm_function_makes_no_client_twice(made: Deployment, door: str) -> None:
    run_id = ticks(1)[0]
    event: dict[str, object] = {
        "start_run": {"run_id": run_id, "trigger": "schedule"},
        "watch": {},
        "tick": {"scheduled_time": canonical.timestamp(canonical.tick_of(run_id))},
    }.get(door, {"run_id": run_id})
    cold, warm = made.warm(door, event, event)
    assert cold == sorted(set(cold)) != []
    assert warm == []


def test_a_warm_scan_makes_clients_of_the_account_alone(made: Deployment) -> None:
    run_id = canonical.run_id(datetime.now(UTC))  # noqa: TID251 - as above
    made.call("start_run", {"run_id": run_id, "trigger": "manual"})
    first, second = sorted(set(made.organization.account_ids().values()) - {made.organization.management_account_id})
    cold, warm = made.warm("scan_account", *({"run_id": run_id, "account": one} for one in (first, second)))
    assert {"kms", "s3", "sts"} <= set(cold)
    assert {"kms", "s3", "sts"}.isdisjoint(warm)
    assert {"account", "iam"} <= set(warm)


def test_the_genesis_names_the_keys_themselves_the_watchdog_and_both_accounts(made: Deployment) -> None:
    from prooftrail.evidence import manifest

    body = made.stores.s3().get_object(Bucket=str(made.settings.bucket), Key="chain/00000000.json")["Body"].read()
    genesis = manifest.read("chain/00000000.json", body)
    assert isinstance(genesis, manifest.Genesis)
    assert genesis.account == made.organization.management_account_id
    assert genesis.organization_id == made.settings.organization_id
    assert genesis.evidence_account == made.settings.evidence_account
    assert ":key/" in genesis.key_origin
    assert (genesis.witness_public_key_pem or "").startswith("-----BEGIN PUBLIC KEY-----")
    assert genesis.witness_public_key_pem != genesis.public_key_pem


def test_every_context_and_every_manifest_name_the_asset_that_was_deployed(made: Deployment) -> None:
    locker = S3Locker(made.stores.s3(), str(made.settings.bucket))
    manifests = chain_head.read_chain(locker, public_key=None).manifests
    contexts = [context_of(locker, one) for one in manifests]
    assert [one.run.id for one in contexts] == ticks(2)
    assert {one.code.asset for one in (*manifests, *contexts)} == {made.settings.asset_sha256}
