"""What may be asked of AWS, what comes back, and what its error codes mean for a reading."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from prooftrail.model.reading import Gap, GapReason
from prooftrail.permissions import PERMISSIONS, Place

THROTTLES = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
    "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException",
    "SlowDown", "PriorRequestNotComplete", "TransactionInProgressException", "EC2ThrottledException",
})  # fmt: skip
CREDENTIALS = frozenset({
    "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "ExpiredToken",
    "ExpiredTokenException", "AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "InvalidAccessKeyId",
})  # fmt: skip
"""Codes that speak of the credentials and not of the question: every further call would get the same."""
DENIALS = CREDENTIALS | frozenset({
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "UnauthorizedException",
    "NotAuthorized", "OptInRequired", "AccountNotManagementOrDelegatedAdministratorException",
})  # fmt: skip
MISSING_OPERATIONS = frozenset(
    {"UnknownOperationException", "InvalidAction", "NotImplemented", "NotImplementedException"}
)
KEPT = frozenset(one.action for one in PERMISSIONS if one.place in (Place.MEMBER, Place.ORGANIZATION))
"""The operations whose wire bodies become evidence: those we ask permission for, which read no value. Never STS."""

type Opening = Callable[[dict[str, Any]], dict[str, str]]
"""Opens what an answer holds in a wrapping that redaction cannot see through: changes the answer in place before it is
redacted, redacts what it takes out, and gives what it replaced."""


class Api(NamedTuple):
    """One AWS operation as boto3 names it."""

    service: str
    method: str

    @property
    def name(self) -> str:
        """The operation as IAM policies name it, e.g. `iam:ListAccessKeys`."""
        return _policy_name(self.service, self.method)


@cache
def _policy_name(service: str, method: str) -> str:
    operation = "".join(part.capitalize() for part in method.split("_"))
    for ours, theirs in (("Mfa", "MFA"), ("Saml", "SAML"), ("OpenIdConnect", "OpenIDConnect")):
        operation = operation.replace(ours, theirs)
    return f"{'sso' if service == 'sso-admin' else service}:{operation}"


class Answer(NamedTuple):
    """One answer, redacted, with the parameters as they may be shown, and when and under which name it came."""

    data: dict[str, Any]
    parameters: tuple[tuple[str, str], ...]
    request_id: str | None
    date: datetime | None
    observed_at: datetime


class Refused(Exception):
    """AWS did not answer the question; `gap` says why, `answer` is the refusal itself where one came. Never leaves the adapters."""

    def __init__(self, gap: Gap, answer: Answer | None = None) -> None:
        super().__init__(gap.detail)
        self.gap, self.answer = gap, answer


def reason_of(code: str) -> GapReason:
    """Why a call with this error code showed nothing; ERROR for a code that says none of the usual things."""
    if code in THROTTLES:
        return GapReason.THROTTLED
    if code in DENIALS:
        return GapReason.DENIED
    return GapReason.NOT_COVERED if code in MISSING_OPERATIONS else GapReason.ERROR
