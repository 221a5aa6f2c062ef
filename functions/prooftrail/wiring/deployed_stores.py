"""What a deployed function works with, from what its environment names: one client of each service, once."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.config import Config
from botocore.session import Session

import prooftrail
from prooftrail.adapters.source_code import this_code
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.deployed import Deployed
from prooftrail.errors import AccessError, ConfigError
from prooftrail.evidence.manifest import Code
from prooftrail.flows.sealing import Sealing
from prooftrail.model.run import Schedule
from prooftrail.ports import Clock
from prooftrail.settings import ROLE_NAME, Retention

if TYPE_CHECKING:
    from prooftrail.adapters.aws.dynamodb_ledger import DynamoDbLedger
    from prooftrail.adapters.aws.dynamodb_pin import DynamoDbPin
    from prooftrail.adapters.aws.kms import KmsFingerprintKey, KmsSigner
    from prooftrail.adapters.aws.s3_locker import LockMode, S3Locker
    from prooftrail.adapters.aws.sessions import Sessions
    from prooftrail.flows.control_map import ControlMap
    from prooftrail.governance import Governance

GOVERNANCE = Path(prooftrail.__file__).parents[1] / "governance"
"""The organization's policy, beside the package in what is deployed."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    user_agent_extra="prooftrail",
)
_ARN_PARTS = 6

type _Service = Literal["dynamodb", "kms", "s3", "sesv2", "sns", "sqs", "stepfunctions"]


class DeployedStores:
    """Stores, keys and sessions of one deployment. What a step does not need is neither made nor asked of the environment.

    Raises ConfigError naming the variable that is missing, when something is asked for.
    """

    def __init__(self, deployed: Deployed, *, clock: Clock | None = None, governance: Path = GOVERNANCE) -> None:
        self._deployed, self._clock, self._governance_at = deployed, clock or SystemClock(), governance
        self._clients: dict[tuple[str, str | None, Config], Any] = {}

    @property
    def clock(self) -> Clock:
        """The clock every step looks at."""
        return self._clock

    @cached_property
    def locker(self) -> "S3Locker":
        """The evidence bucket; without a lock mode its own default holds what is written."""
        from prooftrail.adapters.aws.s3_locker import S3Locker  # noqa: PLC0415

        mode = self._deployed.lock_mode
        if mode not in (None, "COMPLIANCE", "GOVERNANCE"):
            raise ConfigError(f"PROOFTRAIL_LOCK_MODE is {mode!r}: COMPLIANCE and GOVERNANCE are the modes there are.")
        return S3Locker(self._client("s3"), self._need("bucket"), mode=cast("LockMode | None", mode))

    @cached_property
    def sealing(self) -> Sealing:
        """Seals each kind for its own time, under this deployment's code."""
        secret = self._fingerprints.secret()
        return Sealing(self.locker, clock=self._clock, retention=self._retention, secret=secret)

    @cached_property
    def signer(self) -> "KmsSigner":
        """The key of the manifests."""
        return self._kms_signer("signing_key")

    @cached_property
    def signer_before(self) -> "KmsSigner":
        """The key of the manifests before the one in force; its alias is there once there was one."""
        return self._kms_signer("previous_signing_key")

    def key_before(self) -> bytes | None:
        """The public half of the key before the one in force; None where there never was one, or it is not to be had."""
        try:
            return self.signer_before.public_key_pem()
        except (ConfigError, AccessError):
            return None

    @cached_property
    def witness(self) -> "KmsSigner":
        """The watchdog's key."""
        return self._kms_signer("witness_key")

    @cached_property
    def schedule(self) -> Schedule:
        """When runs are due."""
        try:
            return Schedule(every_hours=self._need("every_hours"), at=self._need("at"))
        except ValueError as error:
            raise ConfigError(f"the schedule makes no sense: {error}. Correct it in cdk.json.") from error

    @property
    def _retention(self) -> Retention:
        return Retention(days=self._need("retention_days"))

    @cached_property
    def _fingerprints(self) -> "KmsFingerprintKey":
        from prooftrail.adapters.aws.kms import KmsFingerprintKey  # noqa: PLC0415

        arn = self._need("fingerprint_key")
        return KmsFingerprintKey(self._kms(arn), arn)

    @cached_property
    def pin(self) -> "DynamoDbPin":
        """The newest head this deployment has seen."""
        from prooftrail.adapters.aws.dynamodb_pin import DynamoDbPin  # noqa: PLC0415

        return DynamoDbPin(self._dynamodb, self._need("table"))

    @cached_property
    def _ledger(self) -> "DynamoDbLedger":
        from prooftrail.adapters.aws.dynamodb_ledger import DynamoDbLedger  # noqa: PLC0415

        return DynamoDbLedger(self._dynamodb, self._need("table"))

    @property
    def _dynamodb(self) -> Any:
        from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG  # noqa: PLC0415

        return self._client("dynamodb", config=CLIENT_CONFIG)

    @cached_property
    def _sessions(self) -> "Sessions":
        from prooftrail.adapters.aws.sessions import Sessions  # noqa: PLC0415

        given = self._deployed
        return Sessions(role_name=given.role_name or ROLE_NAME, external_id=given.external_id)

    @cached_property
    def _judge(self) -> "ControlMap":
        from prooftrail.flows.control_map import ControlMap  # noqa: PLC0415

        return ControlMap()

    @cached_property
    def _governance(self) -> "Governance":
        from .scanner import governance  # noqa: PLC0415

        return governance(self._governance_at if self._governance_at.is_dir() else None)

    @cached_property
    def _code(self) -> Code:
        return this_code(asset=self._deployed.asset_sha256)

    @cached_property
    def _session(self) -> Session:
        return Session()

    def _kms_signer(self, setting: str) -> "KmsSigner":
        from prooftrail.adapters.aws.kms import KmsSigner  # noqa: PLC0415

        arn = self._need(setting)
        return KmsSigner(self._kms(arn), arn)

    def _kms(self, arn: str) -> Any:
        _, region, _ = self._place_of(arn)
        return self._client("kms", region)

    @staticmethod
    def _place_of(arn: str) -> tuple[str, str, str]:
        """Partition, region and account of a key's or alias's ARN."""
        parts = arn.split(":")
        if len(parts) < _ARN_PARTS:
            raise ConfigError(f"{arn!r} is no ARN of a key or alias: deploy the function again.")
        return parts[1], parts[3], parts[4]

    def _client(self, service: _Service, region: str | None = None, config: Config = _CONFIG) -> Any:
        """The client of a service in one configuration, made once for as long as the function is warm."""
        if (service, region, config) not in self._clients:
            made = self._session.create_client(service, region_name=region, config=config)
            self._clients[service, region, config] = made
        return self._clients[service, region, config]

    def _need(self, name: str) -> Any:
        try:
            return self._deployed.need(name)
        except ValueError as error:
            raise ConfigError(str(error)) from error
