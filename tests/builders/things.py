"""What collectors list: users, roles, keys, secrets and the trust between them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from prooftrail.model import trust as trusts
from prooftrail.model.canonical import encode, sha256
from prooftrail.model.iam import (
    AccessKey,
    PolicyDocument,
    Role,
    Secret,
    SecretVersion,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
    User,
)
from prooftrail.model.identity import Facts, Observed
from prooftrail.model.organization import Tag
from prooftrail.model.reading import GLOBAL
from tests.builders.times import ACCOUNT, LONG, MONTH, NEVER, NOW, REGION, TEN_DAYS, UNTOLD, ago, days, tagged


def a_user(
    name: str = "ada",
    *,
    account: str = ACCOUNT,
    id: str | None = None,  # noqa: A002
    path: str = "/",
    age: timedelta = LONG,
    tags: Mapping[str, str] | None = {},
    **facts: Any,
) -> Observed:
    """A user as the bulk reading lists it, without anything the credential report would say."""
    return Observed(
        id=id or f"AIDA{name.upper():X<17}",
        arn=f"arn:aws:iam::{account}:user{path}{name}",
        region=GLOBAL,
        name=name,
        created_at=NOW - age,
        tags=tagged(tags),
        facts=User(path=path, **facts),
        usage=UNTOLD,
    )


def statement(
    principal: Any,
    action: Any = "sts:AssumeRole",
    *,
    effect: str = "Allow",
    condition: Mapping[str, Any] | None = None,
    key: str = "Principal",
) -> dict[str, Any]:
    """One statement of a trust policy, as AWS writes it."""
    found = {"Effect": effect, key: principal, "Action": action}
    return found if condition is None else {**found, "Condition": dict(condition)}


def service(*names: str) -> dict[str, Any]:
    """A statement that trusts AWS services."""
    return statement({"Service": [f"{name}.amazonaws.com" for name in names]})


def account_root(account: str, **more: Any) -> dict[str, Any]:
    """A statement that trusts an account as a whole."""
    return statement({"AWS": f"arn:aws:iam::{account}:root"}, **more)


def oidc(issuer: str, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """A statement that trusts an OIDC issuer."""
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    return statement({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", **more)


def saml(name: str = "okta", account: str = ACCOUNT) -> dict[str, Any]:
    """A statement that trusts a SAML provider."""
    return statement({"Federated": f"arn:aws:iam::{account}:saml-provider/{name}"}, "sts:AssumeRoleWithSAML")


def document(policy: Any) -> PolicyDocument:
    """A policy document as the snapshot holds it."""
    text = encode(policy).decode()
    return PolicyDocument(sha256=sha256(text.encode()), text=text)


def trust_document(*statements: dict[str, Any]) -> PolicyDocument:
    """A trust policy of these statements."""
    return document({"Version": "2012-10-17", "Statement": list(statements)})


def a_role(
    name: str = "worker",
    *,
    trust: Iterable[dict[str, Any]] | dict[str, Any] | None = None,
    account: str = ACCOUNT,
    id: str | None = None,  # noqa: A002
    path: str = "/",
    age: timedelta = LONG,
    tags: Mapping[str, str] | None = {},
    usage: Usage = NEVER,
    **facts: Any,
) -> Observed:
    """A role; trusted by Lambda unless `trust` says otherwise."""
    listed = [trust] if isinstance(trust, dict) else list(trust) if trust is not None else [service("lambda")]
    written = trust_document(*listed)
    known = {"trust": trusts.parse(written.text), "trust_document": written.sha256, **facts}
    return Observed(
        id=id or f"AROA{name.upper():X<17}",
        arn=f"arn:aws:iam::{account}:role{path}{name}",
        region=GLOBAL,
        name=name,
        created_at=NOW - age,
        tags=tagged(tags),
        facts=Role(path=path, **known),
        usage=usage,
    )


def a_key(
    user: Observed | None = None,
    *,
    age: timedelta = MONTH,
    id: str = "AKIAEXAMPLE000000001",  # noqa: A002
    active: bool = True,
    usage: Usage = UNTOLD,
    carried_from: str | None = None,
) -> Observed:
    """An access key of `user`, of whose use the collector read nothing."""
    owner = user or a_user()
    return Observed(
        id=id,
        arn=owner.arn,
        region=GLOBAL,
        name=id,
        created_at=NOW - age,
        tags=(),
        facts=AccessKey(user_id=owner.id, user_name=owner.name, status="Active" if active else "Inactive"),
        usage=usage,
        parent=owner.id,
        carried_from=carried_from,
    )


def a_service_credential(
    user: Observed | None = None,
    *,
    active: bool = True,
    id: str = "ACCAEXAMPLE000000001",  # noqa: A002
    expires_at: datetime | None = None,
) -> Observed:
    """A service-specific credential, which names its user and not the user's id."""
    owner = user or a_user()
    facts = ServiceSpecificCredential(
        user_id=None,
        user_name=owner.name,
        service="codecommit.amazonaws.com",
        status="Active" if active else "Inactive",
        expires_at=expires_at,
    )
    return Observed(
        id=id,
        arn=f"{owner.arn}/{id}",
        region=GLOBAL,
        name=id,
        created_at=ago(days(30)),
        tags=None,
        facts=facts,
        usage=UNTOLD,
    )


def a_secret(
    name: str = "db",
    *,
    region: str = REGION,
    account: str = ACCOUNT,
    tags: Mapping[str, str] | None = {},
    usage: Usage = NEVER,
    value_age: timedelta | None = TEN_DAYS,
    **facts: Any,
) -> Observed:
    """A secret in one region, whose value is ten days old unless `value_age` says otherwise (None: not known)."""
    arn = f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"
    made = None if value_age is None else NOW - value_age
    version = SecretVersion(id="v1", stages=("AWSCURRENT",), created_at=made)
    known = {
        "rotation_enabled": False,
        "versions": (version,),
        "value_created_at": made,
        "value_age_known": made is not None,
        **facts,
    }
    return Observed(
        id=arn,
        arn=arn,
        region=region,
        name=name,
        created_at=ago(days(100)),
        tags=tagged(tags),
        facts=Secret(**known),
        usage=usage,
    )


def a_certificate(name: str = "edge", *, expires_at: datetime | None = None) -> Observed:
    """A server certificate in IAM."""
    return Observed(
        id=f"ASCA{name.upper():X<17}",
        arn=f"arn:aws:iam::{ACCOUNT}:server-certificate/{name}",
        region=GLOBAL,
        name=name,
        created_at=ago(days(100)),
        tags=(),
        facts=ServerCertificate(path="/", expires_at=expires_at),
        usage=UNTOLD,
    )


def something(facts: Facts, *, arn: str, name: str = "thing", tags: tuple[Tag, ...] | None = ()) -> Observed:
    """Any other thing, by its facts."""
    return Observed(
        id=arn, arn=arn, region=GLOBAL, name=name, created_at=ago(days(50)), tags=tags, facts=facts, usage=UNTOLD
    )
