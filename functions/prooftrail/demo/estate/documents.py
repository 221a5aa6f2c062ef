"""Policy documents: who may come in (trust) and what they may do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

type Statement = dict[str, Any]

EC2_IN_CHINA = "ec2.amazonaws.com.cn"


def document(*statements: Statement) -> str:
    """The statements as one policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, on: str | Sequence[str] = "*", when: Mapping[str, Any] | None = None) -> Statement:
    """A permission."""
    resource = on if isinstance(on, str) else list(on)
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": dict(when)} if when else {})


def deny(*actions: str, on: str = "*", when: Mapping[str, Any] | None = None) -> Statement:
    """A denial."""
    return allow(*actions, on=on, when=when) | {"Effect": "Deny"}


def trust(principal: Mapping[str, Any] | str, *, when: Mapping[str, Any] | None = None, **more: Any) -> Statement:
    """Someone who may assume the role with sts:AssumeRole; `more` overrides members, e.g. `Action`."""
    stated = principal if isinstance(principal, str) else dict(principal)
    statement: Statement = {"Effect": "Allow", "Principal": stated, "Action": "sts:AssumeRole"}
    return statement | ({"Condition": dict(when)} if when else {}) | more


def service(*names: str, when: Mapping[str, Any] | None = None) -> Statement:
    """AWS services by short name, e.g. `lambda`, or by full principal."""
    principals = [name if "." in name else f"{name}.amazonaws.com" for name in names]
    return trust({"Service": principals[0] if len(principals) == 1 else principals}, when=when)


def principal(arn: str | Sequence[str], *, when: Mapping[str, Any] | None = None) -> Statement:
    """AWS principals: an account root, a role, or `*`."""
    return trust({"AWS": arn if isinstance(arn, str) else list(arn)}, when=when)


def web_identity(provider_arn: str, *, equals: Mapping[str, Any], like: Mapping[str, Any] | None = None) -> Statement:
    """An OIDC provider, with conditions on the token; keys without a colon are claims of the provider's own."""
    host = provider_arn.split("oidc-provider/")[1]
    tests = {"StringEquals": equals, "StringLike": like or {}}
    when = {op: {f"{host}:{claim}": value for claim, value in keys.items()} for op, keys in tests.items() if keys}
    return trust({"Federated": provider_arn}, when=when, Action="sts:AssumeRoleWithWebIdentity")


def saml(provider_arn: str, audience: str, *, tag_session: bool = False) -> Statement:
    """A SAML provider, as the console or Identity Center writes it."""
    actions = ["sts:AssumeRoleWithSAML", *(["sts:TagSession"] if tag_session else [])]
    action: Any = actions if tag_session else actions[0]
    return trust({"Federated": provider_arn}, when={"StringEquals": {"SAML:aud": audience}}, Action=action)


def external_id(value: str) -> dict[str, dict[str, str]]:
    """The condition that asks for an external id."""
    return {"StringEquals": {"sts:ExternalId": value}}
