"""Credentials for the account to be read: the caller's own where it stands, else the member role, refreshed in time."""

import json
import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session
from botocore.utils import parse_timestamp

from prooftrail import permissions
from prooftrail.errors import AccessError, AccountUnreachable, ConfigError

from .whole import require_whole

type ClientOf = Callable[[str, str], Any]
"""Gives the client of (service, region); each is made anew, so whoever calls keeps them."""

_SESSION_S = 3600  # role chaining gives one hour at most
_LONGEST_SESSION_NAME = 64
_SOURCE_IDENTITY = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=20,
    user_agent_extra="prooftrail",
)
# Nobody should wait a minute to learn that there is no network.
_FIRST_CONTACT = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))
_PARTITION_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
_UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


class Caller(NamedTuple):
    """Who we are, as STS says."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition everything we may see lies in: `aws`, `aws-us-gov`, `aws-cn` and so on."""
        return self.arn.split(":")[1]

    def is_role(self, account: str, name: str) -> bool:
        """Whether these credentials are a session of that role (`name` without a path: a session's ARN has none)."""
        kind, _, rest = self.arn.split(":")[5].partition("/")
        return self.account == account and kind == "assumed-role" and rest.split("/")[0] == name


class Sessions:
    """Makes clients for any account, sharing one loader of AWS's service models; safe for many threads.

    `role_name` may hold a path (`prooftrail/ProoftrailReader`). `endpoint_url` is for emulators. `session_policy` None
    limits every member session to the actions this product calls, whatever the role itself may do. `region` is where
    AWS is asked when no region is meant; without one configured it follows from the caller's partition.
    `unattributed` holds the accounts whose trust policy would not take the run id as SourceIdentity: there only the
    session's name tells the run.
    """

    def __init__(
        self,
        *,
        role_name: str,
        external_id: str | None = None,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: dict[str, str] | None = None,
        session_policy: dict[str, Any] | None = None,
    ) -> None:
        if external_id is not None and not _EXTERNAL_ID.fullmatch(external_id):
            raise ConfigError("--external-id takes 2 to 1224 letters, digits and any of _+=,.@:/- (no blanks).")
        self._role_name, self._external_id, self._endpoint_url = role_name.strip("/"), external_id, endpoint_url
        self._policy = json.dumps(session_policy or permissions.session_policy(), separators=(",", ":"))
        self._profile = profile
        self._session = Session(profile=profile)
        self._session.set_config_variable("sts_regional_endpoints", "regional")
        if credentials:
            key, secret = credentials["aws_access_key_id"], credentials["aws_secret_access_key"]
            self._session.set_credentials(key, secret, credentials.get("aws_session_token"))
        try:
            self._session.get_scoped_config()
            self._configured: str | None = region or self._session.get_config_variable("region")
        except BotoCoreError as error:
            raise AccessError(f"No AWS session can be made: {_explained(error, profile)}") from error
        self._loader = self._session.get_component("data_loader")
        self._making, self._lock = threading.Lock(), threading.Lock()
        self._direct = self._clients(self._session)
        self._caller: Caller | None = None
        self._sts: Any = None
        self.region = self._configured or _PARTITION_REGIONS["aws"]
        self.unattributed: set[str] = set()

    def caller(self) -> Caller:
        """Who the credentials belong to, asked once. Raises AccessError where there are none or AWS does not know them."""
        with self._lock:
            if self._caller is None:
                self._caller = self._identify()
            return self._caller

    def direct(self) -> ClientOf:
        """Clients under the caller's own credentials."""
        return self._direct

    def member(self, account: str, *, partition: str, source_identity: str) -> ClientOf:
        """Clients under the member role of `account`; the role is assumed now, and again before it expires.

        A caller that is that role already reads with what it has: a role need not trust itself. Raises
        AccountUnreachable, with AWS's code, where the role cannot be assumed; a later refusal to renew is raised by
        the call that needed it, as botocore's own error. `source_identity` (the run id) stands in the account's
        CloudTrail beside every read. Source: STS AssumeRole.
        """
        if not _SOURCE_IDENTITY.fullmatch(source_identity):
            raise ConfigError(f"{source_identity!r} cannot be a SourceIdentity: 2 to 64 letters, digits and _+=,.@-.")
        if self.caller().is_role(account, self._role_name.rpartition("/")[2]):
            return self._direct
        arn = f"arn:{partition}:iam::{account}:role/{self._role_name}"

        def assume() -> dict[str, str]:
            return self._assume(account, arn, source_identity)

        try:
            first = assume()
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise AccountUnreachable(account, self._unreachable(arn, error), _code(error)) from error
        session = Session(profile=self._profile)
        session.register_component("data_loader", self._loader)
        session.register_component("credential_provider", _Refreshed(first, assume))
        return self._clients(session)

    def _identify(self) -> Caller:
        error: Exception | None = None
        for region in (self._configured,) if self._configured else _PARTITION_REGIONS.values():
            try:
                seen = self._made(self._session, "sts", region, _FIRST_CONTACT).get_caller_identity()
            except (BotoCoreError, ClientError, ResponseParserError) as refused:
                error = error or refused
                # A key is known in its own partition only, and nothing but asking tells which that is.
                if _code(refused) in _UNKNOWN_KEY:
                    continue
                break
            caller = Caller(seen["Account"], seen["Arn"])
            self.region = self._configured or _PARTITION_REGIONS.get(caller.partition, region)
            return caller
        raise AccessError(
            f"AWS does not say who we are (sts:GetCallerIdentity): {_explained(error, self._profile)}"
        ) from error

    def _assume(self, account: str, arn: str, source_identity: str) -> dict[str, str]:
        request: dict[str, Any] = {
            "RoleArn": arn,
            "RoleSessionName": f"prooftrail-{source_identity}"[:_LONGEST_SESSION_NAME],
            "DurationSeconds": _SESSION_S,
            "Policy": self._policy,
        }
        if self._external_id:
            request["ExternalId"] = self._external_id
        sts = self._sts_client()
        try:
            given = sts.assume_role(SourceIdentity=source_identity, **request)["Credentials"]
        except ClientError as refused:
            if _code(refused) != "AccessDenied":
                raise
            # A trust policy that allows sts:AssumeRole without sts:SetSourceIdentity refuses the whole call.
            given = sts.assume_role(**request)["Credentials"]
            self.unattributed.add(account)
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    def _sts_client(self) -> Any:
        with self._lock:
            if self._sts is None:
                self._sts = self._direct("sts", self.region)
            return self._sts

    def _clients(self, session: Session) -> ClientOf:
        require_whole(session)
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
        return lambda service, region: self._made(session, service, region, _CONFIG)

    def _made(self, session: Session, service: str, region: str, config: Config) -> Any:
        with self._making:  # threads may share clients, and not the session that makes them
            return session.create_client(service, region_name=region, endpoint_url=self._endpoint_url, config=config)

    def _unreachable(self, arn: str, error: Exception) -> str:
        code = _code(error)
        if code is None or code in _EXPIRED:
            return f"sts:AssumeRole on {arn}: {_explained(error, self._profile)}"
        if code == "AccessDenied":
            return (
                f"AWS refuses sts:AssumeRole on {arn} (AccessDenied). Either the role is not there, or its trust policy does "
                f"not let this caller in{' with this external id' if self._external_id else ''}, or the caller itself may "
                "not call sts:AssumeRole."
            )
        if code == "RegionDisabledException":
            return f"STS is not active in {self.region} for this account: activate it there, or give another --region."
        return f"AWS refuses sts:AssumeRole on {arn} ({code}): {_impersonal(error)}"


class _Refreshed:
    """Where botocore looks for a member session's credentials."""

    def __init__(self, first: dict[str, str], assume: Callable[[], dict[str, str]]) -> None:
        self._credentials = RefreshableCredentials.create_from_metadata(
            metadata=first, refresh_using=assume, method="sts-assume-role"
        )

    def load_credentials(self) -> RefreshableCredentials:
        return self._credentials


def timestamp(value: Any) -> datetime:
    """A time as AWS writes it. The usual ISO form is read by the standard library, at a twentieth of botocore's time:
    a large account has tens of thousands. Everything else is left to botocore.
    """
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            return parse_timestamp(value)
        if read.tzinfo is not None:
            return read
    return parse_timestamp(value)


def _code(error: Exception) -> str | None:
    return str(error.response.get("Error", {}).get("Code", "Unknown")) if isinstance(error, ClientError) else None


def _impersonal(error: Exception) -> str:
    """AWS's message without anybody's address: session names often are one."""
    text = error.response.get("Error", {}).get("Message", "") if isinstance(error, ClientError) else str(error)
    return re.sub(r"\S+@\S+", "(caller)", text)


def _explained(error: Exception | None, profile: str | None) -> str:
    """What went wrong before AWS could judge us, and what to do about it."""
    login = f"aws sso login --profile {profile}" if profile else "aws sso login"
    match error:
        case ProfileNotFound():
            return f"there is no AWS profile named {profile}: choose one that `aws configure list-profiles` shows."
        case NoCredentialsError() | PartialCredentialsError():
            return f"{error}: give --profile NAME, set AWS_PROFILE, or sign in with `{login}`."
        case SSOError() | LoginError() | TokenRetrievalError():
            return f"the sign-in session has expired or is not there: run `{login}` and try again."
        case ConnectionError() | HTTPClientError():
            return f"no answer ({_impersonal(error)}): check the network, the proxy, --region and AWS_ENDPOINT_URL."
        case ClientError():
            known = _REFUSALS.get(_code(error) or "")
            return known.format(code=_code(error), login=login) if known else f"{_code(error)}: {_impersonal(error)}"
    where = (
        "the proxy and AWS_ENDPOINT_URL" if isinstance(error, ResponseParserError) else "--profile and ~/.aws/config"
    )
    return f"{error}: check {where}."


_EXPIRED_FIX = "our own credentials have expired ({code}): renew them, for instance with `{login}`."
_UNKNOWN_FIX = "AWS does not know the access key ({code}): it was deleted, or --region lies in another partition."
_REFUSALS = {
    **dict.fromkeys(_EXPIRED, _EXPIRED_FIX),
    **dict.fromkeys(_UNKNOWN_KEY, _UNKNOWN_FIX),
    "SignatureDoesNotMatch": "the secret does not fit the access key, or this machine's clock is off ({code}).",
}
