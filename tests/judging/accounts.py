"""Accounts drawn at random, with ages about every limit, for properties that must hold of any account."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from prooftrail.demo.estate.documents import (
    Statement,
    allow,
    deny,
    external_id,
    principal,
    saml,
    service,
    trust,
    web_identity,
)
from prooftrail.demo.reference.account import NEVER, UNTOLD
from prooftrail.governance.registers import BreakGlass, Drill, Privileged, Supplier
from prooftrail.model.iam import MfaKind, PasswordPolicy, Usage
from tests.judging.trial import (
    DAY,
    LEAVER,
    MACHINE,
    NONPROD,
    OWNER,
    PERSON,
    SECOND,
    STRANGER,
    TAGS,
    TICKLE,
    TODAY,
    VENDOR,
    Trial,
    approved,
    queue,
)

_NUMBERS = (1, 2, 3, 5, 7, 14, 28, 30, 44, 45, 60, 89, 90, 120, 179, 180, 365, 400, 700)
_GITHUB = "token.actions.githubusercontent.com"
_CLUSTER = "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def age(draw: Random) -> timedelta:
    """An age on, before or after one of the days that limits are made of."""
    return draw.choice(_NUMBERS) * DAY + draw.choice((timedelta(0), -SECOND, TICKLE, DAY))


def use(draw: Random) -> timedelta | Usage | None:
    """A last use: some time ago, never, or not told."""
    return draw.choice((age(draw), age(draw), age(draw), None, NEVER, UNTOLD))


def tags(draw: Random) -> dict[str, str]:
    """Tags that name an owner and a purpose, or do not."""
    return draw.choice(
        (TAGS, TAGS, MACHINE, PERSON, {}, {"owner": LEAVER, "purpose": "x"}, {"owner": OWNER}, {"owner": "stranger"})
    )


def furnish(trial: Trial, draw: Random) -> None:
    """Fill the account with a handful of everything."""
    made = trial.made
    made.root_mfa, made.root_key = draw.random() < 0.7, draw.random() < 0.2
    made.passwords = PasswordPolicy(
        set=draw.random() < 0.8, minimum_length=draw.choice((8, 14, 20)), reuse_prevention=draw.choice((None, 5, 24))
    )
    made.group("senders", inline=[_rights(trial, draw)])
    made.oidc_provider(_GITHUB, "sts.amazonaws.com", tags=tags(draw))
    made.oidc_provider(_CLUSTER, "sts.amazonaws.com", tags=tags(draw))
    fill: tuple[Callable[[Trial, Random, int], None], ...] = (_user, _role, _role, _secret, _certificate, _saml)
    for number in range(draw.randrange(3, 12)):
        draw.choice(fill)(trial, draw, number)
    trial.suppliers.append(
        Supplier(name="W", accounts=(VENDOR,), reason="w", approved_by="c", approved_on=TODAY - 90 * DAY)
    )


def _user(trial: Trial, draw: Random, number: int) -> None:
    born, password = age(draw), draw.choice((None, age(draw)))
    user = trial.made.user(
        f"user-{number}",
        age=born,
        tags=tags(draw),
        groups=draw.choice(([], ["senders"])),
        inline=draw.choice(([], [_rights(trial, draw)])),
        password=password,
        signed_in=use(draw),
        mfa=draw.choice((None, MfaKind.VIRTUAL, MfaKind.FIDO)),
    )
    for _ in range(draw.randrange(3)):
        active = draw.random() < 0.7
        trial.made.key(user, age=age(draw), used=use(draw), active=active, inactive_for=None if active else age(draw))
    if draw.random() < 0.2:
        trial.made.service_credential(user, age=age(draw), expires=draw.choice((None, age(draw))))
    if draw.random() < 0.3:
        trial.justify(user)
    if draw.random() < 0.15:
        drills = (Drill(on=TODAY - draw.randrange(1, 300) * DAY, reference="D"),)
        trial.break_glass.append(BreakGlass(identity=user.arn, reason="b", drills=drills, **_kept()))


def _role(trial: Trial, draw: Random, number: int) -> None:
    role = trial.made.role(
        f"role-{number}",
        *_door(trial, draw),
        age=age(draw),
        used=use(draw),
        tags=tags(draw),
        attached=draw.choice(([], [], [trial.made.aws_policy(draw.choice(("AdministratorAccess", "ReadOnlyAccess")))])),
        inline=[_rights(trial, draw) for _ in range(draw.randrange(3))],
        boundary=draw.choice((None, None, None, trial.made.policy(f"fence-{number}", _rights(trial, draw)).arn)),
        session_s=draw.choice((3600, 14400, 28800, 43200)),
    )
    if draw.random() < 0.2:
        trial.privileged.append(Privileged(identity=role.arn, reason="p", **_kept()))


def _secret(trial: Trial, draw: Random, number: int) -> None:
    more: dict[str, Any] = {"owning_service": draw.choice((None, None, "rds", "appflow"))}
    if draw.random() < 0.15:
        more["deleted_at"] = trial.made.at - DAY
    trial.made.secret(
        f"secret-{number}",
        age=700 * DAY,
        value=draw.choice((None, age(draw), age(draw))),
        used=use(draw),
        tags=tags(draw),
        rotation_enabled=draw.random() < 0.7,
        **more,
    )


def _certificate(trial: Trial, draw: Random, number: int) -> None:
    trial.made.certificate(f"certificate-{number}", expires=age(draw) * draw.choice((1, 1, -1)), tags=tags(draw))


def _saml(trial: Trial, draw: Random, number: int) -> None:
    trial.made.saml_provider(f"saml-{number}", valid=age(draw), tags=tags(draw))


def _rights(trial: Trial, draw: Random) -> Statement:
    return draw.choice(
        (
            queue(trial),
            queue(trial),
            allow("s3:GetObject"),
            allow("secretsmanager:GetSecretValue"),
            allow("*"),
            allow("iam:*"),
            allow("iam:CreateUser"),
            allow("iam:PutRolePolicy"),
            allow("iam:PassRole", "lambda:*"),
            allow("s3:PutObject", "s3:DeleteObjectVersion"),
            deny("iam:*"),
            deny("s3:*"),
            deny("*", when={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/28"}}),
        )
    )


def _door(trial: Trial, draw: Random) -> list[Statement]:
    hub = web_identity(trial.made.arn(f"oidc-provider/{_GITHUB}"), equals={"aud": "sts.amazonaws.com"})
    wide = {"sub": draw.choice(("repo:a/*", "repo:a/b:*", "repo:a/b:ref:refs/heads/main"))}
    pinned = web_identity(trial.made.arn(f"oidc-provider/{_GITHUB}"), equals={"aud": "sts.amazonaws.com"}, like=wide)
    pod = web_identity(
        trial.made.arn(f"oidc-provider/{_CLUSTER}"),
        equals={"aud": "sts.amazonaws.com", "sub": "system:serviceaccount:a:b"},
    )
    return draw.choice(
        (
            [service("lambda")],
            [service("lambda")],
            [principal(trial.made.arn("root"))],
            [principal(trial.made.arn("root", account=NONPROD))],
            [principal(trial.made.arn("root", account=VENDOR), when=external_id("x"))],
            [principal(trial.made.arn("root", account=draw.choice((VENDOR, STRANGER))))],
            [principal("*")],
            [principal("*", when={"StringEquals": {"aws:PrincipalOrgID": "o-reference01"}})],
            [hub],
            [pinned],
            [pod],
            [trust({"Service": "pods.eks.amazonaws.com"}, Action=["sts:AssumeRole", "sts:TagSession"])],
            [saml(trial.made.arn("saml-provider/idp"), "https://signin.aws.amazon.com/saml")],
            [service("lambda"), principal(trial.made.arn("root"))],
        )
    )


def _kept() -> dict[str, Any]:
    return dict(approved(None))
