"""Secrets Manager: lists with every date AWS gives, versions with their own, and no value to anyone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.secretsmanager.models import (
    FakeSecret,
    ReplicaSecret,
    SecretsManagerBackend,
    _matches,
    secretsmanager_backends,
)

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_token
from prooftrail.demo.mends.caller import caller_of
from prooftrail.demo.mends.world import SecretFacts

type Secret = FakeSecret | ReplicaSecret


def _held(call: Call) -> SecretsManagerBackend:
    return secretsmanager_backends[call.account][call.region]


def _primary(secret: Secret) -> FakeSecret:
    return secret.source if isinstance(secret, ReplicaSecret) else secret


def _at(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


def _facts(call: Call, secret: Secret) -> SecretFacts:
    return call.world.beyond(call.account).secrets.get(_primary(secret).arn) or SecretFacts()


def _rotation(secret: FakeSecret, facts: SecretFacts) -> dict[str, Any]:
    """Nothing at all where rotation was never asked for: absence is how AWS says never."""
    if not secret.rotation_requested:
        return {}
    rules: dict[str, Any] = {"AutomaticallyAfterDays": secret.auto_rotate_after_days or None}
    return {
        "RotationEnabled": secret.rotation_enabled,
        "RotationLambdaARN": secret.rotation_lambda_arn or None,
        "RotationRules": rules | {"ScheduleExpression": facts.schedule},
        "LastRotatedDate": _at(secret.last_rotation_date),
        "NextRotationDate": _at(secret.next_rotation_date) if secret.rotation_enabled else None,
    }


def _row(call: Call, secret: Secret) -> dict[str, Any]:
    origin, facts = _primary(secret), _facts(call, secret)
    stages = {version: held["version_stages"] for version, held in secret.versions.items() if held["version_stages"]}
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description or None,
        "KmsKeyId": origin.kms_key_id,
        **_rotation(origin, facts),
        "LastChangedDate": _at(origin.last_changed_date),
        "LastAccessedDate": facts.accessed.get(call.region),
        "DeletedDate": facts.deleted or _at(origin.deleted_date),
        "Tags": secret.tags or [],
        "SecretVersionsToStages": stages or None,
        "OwningService": secret.owning_service,
        "CreatedDate": _at(origin.created_date),
        "PrimaryRegion": origin.region if origin.replicas else None,
    }


def _list_secrets(call: Call) -> Mapping[str, Any]:
    planned, filters = bool(call.params.get("IncludePlannedDeletion")), list(call.params.get("Filters") or ())
    held = [
        secret
        for secret in _held(call).secrets.values()
        if (planned or _primary(secret).deleted_date is None) and _matches(secret, filters)
    ]
    page, paging = page_by_token(call, held, lambda secret: secret.arn, cap=100)
    return {"SecretList": [_row(call, secret) for secret in page], **paging}


def _secret(call: Call) -> Secret:
    wanted = call.params["SecretId"]
    for secret in _held(call).secrets.values():
        if wanted in {secret.arn, secret.name}:
            return secret
    raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def _describe_secret(call: Call) -> Mapping[str, Any]:
    secret = _secret(call)
    row = _row(call, secret)
    row["VersionIdsToStages"] = row.pop("SecretVersionsToStages")
    # Here, other than in the list, AWS gives the day the secret will go.
    row["DeletedDate"] = _at(_primary(secret).deleted_date)
    replicas = [replica.config for replica in _primary(secret).replicas]
    return row | {"ReplicationStatus": replicas or None}


def _list_secret_version_ids(call: Call) -> Mapping[str, Any]:
    secret = _secret(call)
    dates = _facts(call, secret).version_dates
    deprecated = bool(call.params.get("IncludeDeprecated"))
    versions = [
        {
            "VersionId": version,
            "VersionStages": held["version_stages"] or None,
            "CreatedDate": dates.get(version) or _at(held.get("createdate")),
            "KmsKeyIds": ["DefaultEncryptionKey"],
        }
        for version, held in secret.versions.items()
        if held["version_stages"] or deprecated
    ]
    page, paging = page_by_token(call, versions, lambda version: str(version["VersionId"]), cap=100)
    return {"ARN": secret.arn, "Name": secret.name, "Versions": page, **paging}


def _no_value(call: Call) -> Mapping[str, Any]:
    """A scanner that asks for a value is broken: nobody here is ever given one."""
    raise Refusal(
        "AccessDeniedException",
        f"User: {caller_of(call).arn} is not authorized to perform: {call.action} "
        "with an explicit deny in an identity-based policy",
    )


ANSWERS: dict[str, Answer] = {
    "secretsmanager:ListSecrets": _list_secrets,
    "secretsmanager:DescribeSecret": _describe_secret,
    "secretsmanager:ListSecretVersionIds": _list_secret_version_ids,
    "secretsmanager:GetSecretValue": _no_value,
    "secretsmanager:BatchGetSecretValue": _no_value,
}
