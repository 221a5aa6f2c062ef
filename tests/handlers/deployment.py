"""A deployment on this machine: the doors in this process, an organization on loopback, stores that enforce."""

import contextlib
import functools
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.session import Session

from prooftrail import grants, handlers
from prooftrail.demo.organization import SimulatedOrganization
from prooftrail.deployed import NEEDS, Deployed
from prooftrail.flows import notice_commits
from prooftrail.flows.sealing import Sealing
from prooftrail.grants import ROLE_OF, Key, Names, Role
from prooftrail.model import canonical
from prooftrail.model.judgement import Tier
from prooftrail.settings import RETENTION_DAYS
from prooftrail.wiring.deployed_stores import GOVERNANCE, DeployedStores
from tests import emulators
from tests.contracts.tables import create_table
from tests.emulators import REGION, Emulator, assert_loopback

PLACE = {"LocationConstraint": REGION}
EVERYBODY = """
[[owner]]
id = "soc"
name = "Security operations"
email = "soc@example.com"
kind = "team"
"""
_SPECS: Mapping[Key, dict[str, Any]] = {
    Key.SIGNING: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    Key.WITNESS: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    Key.FINGERPRINTS: {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    Key.NOTICES: {},
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step under its own credentials: the action as IAM names it, and what it was about.

    `rows` are the partitions of the table it names, which IAM knows as `dynamodb:LeadingKeys`.
    """

    role: Role
    door: str
    action: str
    about: str
    rows: frozenset[str] = frozenset()


@dataclass(slots=True)
class Deployment:
    """What is deployed, and what its steps have called so far. `clients` are the services clients were made of."""

    organization: SimulatedOrganization
    stores: Emulator
    settings: Deployed
    names: Names
    calls: set[Call] = field(default_factory=set)
    clients: list[str] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)
    door: str | None = None

    def call(self, door: str, event: object) -> dict[str, Any]:
        """Go through a door in a fresh container."""
        with self._container(door):
            return self._go(door, event)

    def warm(self, door: str, *events: object) -> list[list[str]]:
        """Go through a door event after event in one container; the services that clients were made of, for each.

        What is no event but can be called happens between two of them.
        """
        made = []
        with self._container(door):
            for event in events:
                self.clients.clear()
                if callable(event):
                    event()
                    continue
                self._go(door, event)
                made.append(sorted(self.clients))
        return made

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Other containers while one stays warm."""
        kept, handlers._wiring = handlers._wiring, functools.cache(handlers._wiring.__wrapped__)
        try:
            yield
        finally:
            handlers._wiring = kept

    def exchange_key(self) -> None:
        """What deploying a newer `signing_key_generation` does to the keys: a new one, and the one before by its alias."""
        kms = self.stores.kms()
        before = kms.describe_key(KeyId=str(self.settings.signing_key))["KeyMetadata"]["KeyId"]
        newest = kms.create_key(**_SPECS[Key.SIGNING])["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=self.names.alias(Key.PREVIOUS), TargetKeyId=before)
        kms.update_alias(AliasName=self.names.alias(Key.SIGNING), TargetKeyId=newest)
        self.meant |= {before: self.names.alias(Key.PREVIOUS), newest: self.names.alias(Key.SIGNING)}

    @contextlib.contextmanager
    def _container(self, door: str) -> Iterator[None]:
        """The settings that infrastructure gives a door, and nothing left of an earlier container."""
        given = {one: getattr(self.settings, one) for one in ("stage", "asset_sha256", *NEEDS[door])}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in Deployed(**given).variables().items():
                environment.setenv(name, value)
            handlers._wiring.cache_clear()
            try:
                yield
            finally:
                handlers._wiring.cache_clear()

    def _go(self, door: str, event: object) -> dict[str, Any]:
        self.door = door
        try:
            answer: dict[str, Any] = getattr(handlers, door)(event, None)
            return answer
        finally:
            self.door = None

    def lines(self, reference: Mapping[str, Any]) -> list[Any]:
        """A list between steps, as the state machine reads it."""
        body = self.stores.s3().get_object(Bucket=reference["bucket"], Key=reference["key"])["Body"].read()
        return [msgspec.json.decode(line) for line in body.splitlines()]

    def run(self, run_id: str, *, trigger: str = "schedule", cut_short: frozenset[str] = frozenset()) -> dict[str, Any]:
        """All steps of a run in the state machine's order; scans of `cut_short` end between their seals and their commit.

        Where there are any, so does sending notices, and is tried again.
        """
        event = {"run_id": run_id, "trigger": trigger}
        self.call("open_chain", event)
        started = self.call("start_run", event)
        for item in [] if started["already"] else self.lines(started["items"]):
            if item["account"] not in cut_short:
                self.call("scan_account", item)
                continue
            self._cut_short("scan_account", item, Sealing, "signed_outcome")
            self.call("record_failure", item | {"failure": {"Error": "States.Timeout"}})
        closed = self.call("close_run", {"run_id": run_id})
        if closed["untold"]["count"]:
            self.call("tell_accounts", {"Items": self.lines(closed["untold"])})
        self.call("record_run", {"run_id": run_id})
        for shard in self.call("plan_notices", {"run_id": run_id})["shards"]:
            if cut_short:
                self._cut_short("send_notices", shard, notice_commits, "end_body")
            self.call("send_notices", shard)
        return closed

    def _cut_short(self, door: str, event: object, where: object, step: str) -> None:
        """Go through a door whose container ends when it comes to `step`."""
        with pytest.MonkeyPatch.context() as ending:
            ending.setattr(where, step, _end)
            with pytest.raises(CutShort):
                self.call(door, event)


class CutShort(BaseException):
    """The container ends here."""


def _end(*_: object) -> bytes:
    raise CutShort


def ticks(count: int) -> list[str]:
    """The ids of the last ticks of an hourly schedule, oldest first."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # noqa: TID251 - the bucket's clock is the machine's
    return [canonical.run_id(now - timedelta(hours=back)) for back in reversed(range(count))]


@contextlib.contextmanager
def deployment(workdir: Path, *, accounts: int = 3, name: str = "test") -> Iterator[Deployment]:
    """A deployment with nothing in its stores yet, for as long as the `with` lasts."""
    first_day = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - as above
    with (
        emulators.no_aws_settings(),
        emulators.ministack(workdir) as stores,
        SimulatedOrganization(accounts=accounts, first_day=first_day) as organization,
        pytest.MonkeyPatch.context() as environment,
    ):
        defaults: Any = DeployedStores.__init__.__kwdefaults__
        environment.setitem(defaults, "governance", _governance(workdir / "governance", first_day))
        assert_loopback(stores.endpoint)
        assert_loopback(organization.endpoint_url)
        made = _made(stores, organization, name)
        for variable, value in _environment(stores, organization).items():
            environment.setenv(variable, value)
        environment.setattr(Session, "create_client", _recording(Session.create_client, made))
        yield made


def _governance(folder: Path, day: datetime) -> Path:
    """What ships, with a security team that is told of everything."""
    shutil.copytree(GOVERNANCE, folder)
    (folder / "owners.toml").write_text(EVERYBODY)
    opened = "".join(
        f'[[opened]]\ntier = "{tier}"\napproved_by = "soc"\napproved_on = {day:%Y-%m-%d}\n' for tier in reversed(Tier)
    )
    (folder / "notices.toml").write_text(f'security_team = "soc"\n{opened}')
    return folder


def _environment(stores: Emulator, organization: SimulatedOrganization) -> dict[str, str]:
    credentials = organization.credentials()
    given = {
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ENDPOINT_URL": organization.endpoint_url,
        "POWERTOOLS_SERVICE_NAME": "prooftrail-test",
    }
    return given | {f"AWS_ENDPOINT_URL_{one}": stores.endpoint for one in _STORED}


def _made(stores: Emulator, organization: SimulatedOrganization, name: str) -> Deployment:
    bucket, work, table = f"evidence-{name}", f"work-{name}", f"ledger-{name}"
    s3, kms = stores.s3(), stores.kms()
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=PLACE)  # type: ignore[arg-type]
    s3.create_bucket(Bucket=work, CreateBucketConfiguration=PLACE)  # type: ignore[arg-type]
    create_table(stores.dynamodb(), table)
    aliases, meant = {}, {}
    for key, spec in _SPECS.items():
        arn = kms.create_key(**spec)["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName=f"alias/prooftrail-{name}-{key}", TargetKeyId=arn)
        aliases[key] = f"{arn.rpartition(':')[0]}:alias/prooftrail-{name}-{key}"
        meant[arn.rpartition("/")[2]] = f"alias/prooftrail-{name}-{key}"
    states = stores.client("stepfunctions")
    machine = states.create_state_machine(
        name=f"run-{name}",
        definition='{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}',
        roleArn="arn:aws:iam::000000000000:role/any",
    )["stateMachineArn"]
    topic = stores.client("sns").create_topic(Name=f"watchdog-{name}")["TopicArn"]
    stores.client("sqs").create_queue(QueueName=grants.receipts_queue(name))
    settings = Deployed(
        stage=name,
        asset_sha256="a" * 64,
        evidence_account="000000000000",
        bucket=bucket,
        work_bucket=work,
        table=table,
        signing_key=aliases[Key.SIGNING],
        previous_signing_key=aliases[Key.SIGNING].replace(Key.SIGNING, Key.PREVIOUS),
        witness_key=aliases[Key.WITNESS],
        fingerprint_key=aliases[Key.FINGERPRINTS],
        role_name=f"{organization.role_path}{organization.role_name}".strip("/"),
        external_id=organization.external_id,
        organization_id=_organization_id(organization),
        regions=("us-east-1",),
        every_hours=1,
        at="00:00",
        lock_mode="GOVERNANCE",
        retention_days=dict(RETENTION_DAYS),
        state_machine=machine,
        topic=topic,
        notifier="sns",
        topic_prefix=grants.topic_prefix(name),
        receipts_queue=grants.receipts_queue(name),
        notices_key=aliases[Key.NOTICES],
    )
    names = Names(
        partition="aws",
        region=REGION,
        bucket=bucket,
        work_bucket=work,
        table_arn=table,
        stage=name,
        tooling_account=organization.management_account_id,
        evidence_account="000000000000",
        role_name=settings.role_name or "",
    )
    return Deployment(organization=organization, stores=stores, settings=settings, names=names, meant=meant)


def _organization_id(organization: SimulatedOrganization) -> str:
    from tests.demo.door import client

    return str(client(organization, "organizations").describe_organization()["Organization"]["Id"])


def _recording(create: Any, made: Deployment) -> Any:
    """A `create_client` whose clients say what they are asked, where a step asks under its own credentials."""

    def create_client(session: Session, service: str, *args: Any, **known: Any) -> Any:
        client = create(session, service, *args, **known)
        assert_loopback(client.meta.endpoint_url)
        if made.door is None:
            return client
        made.clients.append(service)
        credentials = session.get_credentials()
        if credentials is not None and credentials.method == "sts-assume-role":
            return client  # a member session: what it may do is the member role's

        def heard(params: dict[str, Any], model: Any, **_: Any) -> None:
            if made.door is not None:
                about, rows = (
                    _about(service, params, made.meant),
                    _rows(params) if service == "dynamodb" else frozenset(),
                )
                for action in _actions(service, model.name, params):
                    made.calls.add(Call(ROLE_OF[made.door], made.door, action, about, rows))

        client.meta.events.register("before-parameter-build", heard)
        return client

    return create_client


_STORED = ("S3", "DYNAMODB", "KMS", "SESV2", "SFN", "SNS", "SQS")
_S3 = {
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "ListObjectVersions": "s3:ListBucketVersions",
}
_PREFIX = {"sesv2": "ses", "sso-admin": "sso", "stepfunctions": "states"}


def _actions(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    if service == "s3" and operation == "GetObject":
        return ["s3:GetObjectVersion" if params.get("VersionId") else "s3:GetObject"]
    if service == "s3" and operation == "PutObject" and "ObjectLockMode" in params:
        return ["s3:PutObject", "s3:PutObjectRetention"]
    if service == "s3":
        return [_S3.get(operation, f"s3:{operation}")]
    if service == "sts" and operation == "AssumeRole" and "SourceIdentity" in params:
        return ["sts:AssumeRole", "sts:SetSourceIdentity"]
    return [f"{_PREFIX.get(service, service)}:{operation.removesuffix('Batch') if service == 'sqs' else operation}"]


def _about(service: str, params: Mapping[str, Any], meant: Mapping[str, str]) -> str:
    """Bucket and kind of evidence, alias of a key, table, topic, queue, machine; empty for what stands in no store of ours."""
    if service == "s3":
        kind = (params.get("Key") or params.get("Prefix") or "").partition("/")[0]
        return f"{params['Bucket']}/{kind}"
    if service == "kms":
        named = str(params["KeyId"]).rpartition(":")[2]
        return meant.get(named.removeprefix("key/"), named)
    named = ("TableName", "TopicArn", "SubscriptionArn", "Name", "QueueUrl", "FromEmailAddress", "stateMachineArn")
    return str(next((params[one] for one in named if one in params), ""))


def _rows(params: Mapping[str, Any]) -> frozenset[str]:
    """The partition keys that a call on the table names: an item's, those of a batch, or the one that is queried."""
    if "RequestItems" in params:
        asked = [body for table in params["RequestItems"].values() for one in table for body in one.values()]
        return frozenset((body.get("Item") or body["Key"])["pk"]["S"] for body in asked)
    if "KeyConditionExpression" in params:
        names = {name: short for short, name in params["ExpressionAttributeNames"].items()}
        (value,) = re.findall(rf"{names['pk']} = (:\w+)", params["KeyConditionExpression"])
        return frozenset({params["ExpressionAttributeValues"][value]["S"]})
    return frozenset({(params.get("Item") or params["Key"])["pk"]["S"]})
