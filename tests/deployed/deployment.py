"""A deployment on an emulator: the stores and keys of a small stage, and the environment each door is given."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization

from prooftrail import grants
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.deployed import NEEDS, Deployed
from prooftrail.flows.verify_locker import Trust, Verified, VerifyLocker
from prooftrail.settings import RETENTION_DAYS
from tests.contracts.tables import create_table
from tests.deployed.runtime import Answer, Function
from tests.emulators import ACCESS_KEY, REGION, SECRET_KEY, Emulator, assert_loopback

type Run = Callable[[str, Mapping[str, str]], AbstractContextManager[Function]]

ACCOUNT = "000000000000"
ASSET_SHA256 = "a5" * 32
_PLACE: Any = {"LocationConstraint": REGION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One stage, told as its functions are told. One account scans itself, in one region."""

    server: Emulator
    told: Deployed
    run: Run
    doors: str = "prooftrail.handlers"

    def environment(self, door: str) -> dict[str, str]:
        """What the function of `door` is given: what its step needs, and where AWS is."""
        needed = {name: getattr(self.told, name) for name in ("stage", "asset_sha256", *NEEDS[door])}
        return Deployed(**needed).variables() | {
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "POWERTOOLS_SERVICE_NAME": f"prooftrail-{self.told.stage}",
            "POWERTOOLS_METRICS_NAMESPACE": "Prooftrail",
        }

    def function(self, door: str, **more: str) -> AbstractContextManager[Function]:
        """The function of a door, started cold."""
        return self.run(f"{self.doors}.{door}", self.environment(door) | more)

    def ask(self, door: str, event: Any, **more: str) -> Answer:
        """One event to a function that is started for it."""
        with self.function(door, **more) as function:
            return function.invoke(event)

    def locker(self) -> S3Locker:
        """The locker, for whoever only reads."""
        return S3Locker(self.server.s3(), self.told.bucket or "", mode=None)

    def verified(self) -> Verified:
        """What `verify` says of the locker, by the key's public half as KMS gives it."""
        der = self.server.kms().get_public_key(KeyId=self.told.signing_key or "")["PublicKey"]
        key = serialization.load_der_public_key(der)
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return VerifyLocker(locker=self.locker(), clock=SystemClock())(trust=Trust(public_key=pem), deep=True)

    def listed(self, reference: Mapping[str, Any]) -> bytes:
        """The list a payload refers to."""
        body = self.server.s3().get_object(Bucket=reference["bucket"], Key=reference["key"])["Body"]
        return body.read()


def deploy(server: Emulator, stage: str, run: Run) -> Deployment:
    """Make what the stacks make, under names of this stage alone."""
    assert_loopback(server.endpoint)
    bucket, work, table = f"prooftrail-{stage}-evidence", f"prooftrail-{stage}-work", f"prooftrail-{stage}-ledger"
    s3, kms = server.s3(), server.kms()
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=_PLACE)
    s3.create_bucket(Bucket=work, CreateBucketConfiguration=_PLACE)
    create_table(server.dynamodb(), table)
    arns = {}
    signs: Any = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    codes: Any = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
    for name, spec in {"signing": signs, "witness": signs, "fingerprints": codes, "notices": {}}.items():
        arns[name] = kms.create_key(**spec)["KeyMetadata"]["Arn"]
    server.client("sqs").create_queue(QueueName=grants.receipts_queue(stage))
    states = server.client("stepfunctions")
    machine = states.create_state_machine(
        name=f"prooftrail-{stage}-run",
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/prooftrail/Prooftrail-{stage}-States",
    )["stateMachineArn"]
    topic = server.client("sns").create_topic(Name=f"prooftrail-{stage}-watchdog")["TopicArn"]
    told = Deployed(
        stage=stage,
        asset_sha256=ASSET_SHA256,
        evidence_account=ACCOUNT,
        bucket=bucket,
        work_bucket=work,
        table=table,
        signing_key=arns["signing"],
        witness_key=arns["witness"],
        fingerprint_key=arns["fingerprints"],
        role_name="prooftrail/ProoftrailReader",
        regions=(REGION,),
        every_hours=24,
        at="05:00",
        lock_mode="GOVERNANCE",
        retention_days=dict(RETENTION_DAYS),
        state_machine=machine,
        topic=topic,
        notifier="sns",
        topic_prefix=grants.topic_prefix(stage),
        receipts_queue=grants.receipts_queue(stage),
        notices_key=arns["notices"],
    )
    return Deployment(server=server, told=told, run=run)


def without(deployment: Deployment, setting: str) -> Deployment:
    """The deployment as it would be if one setting had been forgotten."""
    forgotten: dict[str, Any] = {setting: None}
    return replace(deployment, told=replace(deployment.told, **forgotten))


def whole_run(deployment: Deployment, ask: Callable[[str, Any], Answer], run_id: str) -> None:
    """One manual run through every door, in order; `ask` sends an event to a door."""
    begun, closing = {"run_id": run_id, "trigger": "manual"}, {"run_id": run_id}
    item = {"run_id": run_id, "account": ACCOUNT}
    ask("tick", {"manual": True}).value()
    for door in ("open_chain", "start_run"):
        ask(door, begun).value()
    ask("scan_account", item).value()
    ask("record_failure", {**item, "failure": {"Error": "States.Timeout"}}).value()
    closed = ask("close_run", closing).value()
    untold = [json.loads(line) for line in deployment.listed(closed["untold"]).splitlines()]
    ask("tell_accounts", {"Items": untold}).value()
    ask("record_run", closing).value()
    planned = ask("plan_notices", closing).value()
    for shard in planned["shards"]:
        ask("send_notices", shard).value()
    assert ask("send_notices", {**closing, "shard": len(planned["shards"])}).refusal()[0] == "NoticeError"
    for door in ("watch", "weekly"):
        ask(door, {}).value()


def two_runs_now() -> tuple[str, str]:
    """The ids of two manual runs, a second ago and now."""
    now = datetime.now(UTC)  # noqa: TID251 - the emulator's clock is the machine's
    return f"{now - timedelta(seconds=1):%Y%m%dT%H%M%SZ}", f"{now:%Y%m%dT%H%M%SZ}"


def this_second() -> str:
    """A run id of a manual run, now: the emulator's clock is the machine's."""
    return two_runs_now()[1]
