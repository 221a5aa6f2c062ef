"""The words of the schema an OCSF event is made of: its numbers, its captions, and the types of resources."""

from datetime import UTC, datetime, timedelta
from typing import Any

from prooftrail.model import canonical
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier

ACTIVITIES = {1: "Create", 2: "Update", 3: "Close"}
SEVERITIES = {
    None: (0, "Unknown"),
    Tier.LOW: (2, "Low"),
    Tier.MEDIUM: (3, "Medium"),
    Tier.HIGH: (4, "High"),
    Tier.CRITICAL: (5, "Critical"),
}
STATUSES = {
    ResultStatus.PASS: (1, "Pass"),
    ResultStatus.NOT_TESTED: (2, "Warning"),
    ResultStatus.FAIL: (3, "Fail"),
    ResultStatus.EXCEPTION: (99, "Exception"),
    ResultStatus.NOT_APPLICABLE: (99, "Not applicable"),
    None: (99, "Not there any more"),
}
TYPES = {
    Kind.ROOT: "Root user",
    Kind.ACCESS_KEY: "AWS::IAM::AccessKey",
    Kind.SERVICE_SPECIFIC_CRED: "AWS::IAM::ServiceSpecificCredential",
    Kind.PERMISSION_SET: "AWS::SSO::PermissionSet",
    Kind.SECRET: "AWS::SecretsManager::Secret",
    Kind.CERTIFICATE: "AWS::IAM::ServerCertificate",
    Kind.OIDC_PROVIDER: "AWS::IAM::OIDCProvider",
    Kind.SAML_PROVIDER: "AWS::IAM::SAMLProvider",
}
OF_USERS = (Kind.ACCESS_KEY, Kind.SERVICE_SPECIFIC_CRED)
"""Kinds that have no ARN of their own but their user's."""

WHOLES = {
    SubjectType.ACCOUNT: "AWS::Organizations::Account",
    SubjectType.ORGANIZATION: "AWS::Organizations::Organization",
    SubjectType.EXCEPTION: "Prooftrail exception",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """`at` as OCSF counts time."""
    return (canonical.utc(at) - _EPOCH) // _MS


def type_of(kind: Kind | None) -> str:
    """The type of resource a kind is, as CloudFormation calls it where it does."""
    if kind is None:
        return "AWS identity"
    if kind in TYPES:
        return TYPES[kind]
    return "AWS::IAM::Role" if kind.value.startswith("role_") else "AWS::IAM::User"


def labels(identity: Identity | None, kind: Kind | None) -> list[str] | None:
    """What the inventory says it is."""
    cls = [f"class:{identity.classification.cls.value}"] if identity else []
    return [*([f"kind:{kind.value}"] if kind else []), *cls] or None


def present(**values: Any) -> dict[str, Any]:
    """Only what is known: OCSF says absence by leaving out."""
    return {name: value for name, value in values.items() if value is not None}


def evidence(name: str, uid: str, line: int, key: str | None = None) -> dict[str, Any]:
    """Where it stands: the sealed object, and the line in it once it is unpacked, from 1."""
    return {"name": name, "data": present(evidence_id=uid, evidence_line=line, key=key)}
