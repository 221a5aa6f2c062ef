"""One account of any size with everything an account may hold, in the mixture of a large and ordinary one."""

from datetime import timedelta
from random import Random

from prooftrail.demo.estate.documents import allow, deny, external_id, principal, service, web_identity
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.registers import Legacy, Registers, Supplier, Suppliers
from prooftrail.model.iam import AttachedPolicy, MfaKind
from prooftrail.model.identity import Observed

from .account import ReferenceAccount
from .organization import OUTSIDER, TICK, account, aws_managed, context

_OWN, _PEER = "123456789012", "210987654321"
_GITHUB = "token.actions.githubusercontent.com"
_DAY = timedelta(days=1)
_SINCE = TICK.date() - timedelta(days=300)
_AWS = ("AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "AmazonS3ReadOnlyAccess", "SecurityAudit",
        "AmazonDynamoDBFullAccess", "AmazonSQSFullAccess", "CloudWatchLogsFullAccess")  # fmt: skip
_ROUND = 25  # identities that one round of the mixture makes


def population(size: int, *, seed: int = 7) -> tuple[ReferenceAccount, Context]:
    """An account of about `size` identities, and the context of its run; the same seed makes the same account."""
    listed = (account(_OWN, environment="prod"), account(_PEER, environment="nonprod"))
    made = ReferenceAccount(listed[0], at=TICK)
    draw = Random(seed)  # noqa: S311 - names and ages, no secrets
    policies = [
        *(made.aws_policy(name) for name in _AWS),
        *(made.policy(f"team-{number}", *_rights(draw, number)) for number in range(40)),
    ]
    for number in range(20):
        made.group(f"team-{number}", attached=draw.sample(policies[1:], k=2))
    made.oidc_provider(_GITHUB, "sts.amazonaws.com")
    for number in range(size // _ROUND):
        _round(made, draw, number, policies)
    return made, context(listed, governance=_governance(), policies=aws_managed(*_AWS))


def _governance() -> Governance:
    owners = tuple(Owner(id=f"team-{number}", name=f"Team {number}", active=number != 7) for number in range(12))
    legacy = tuple(
        Legacy(
            identity=f"arn:aws:iam::*:user/svc-{number}*", reason="an appliance", approved_by="c", approved_on=_SINCE
        )
        for number in range(1, 6)
    )
    supplier = Supplier(name="Watchers", accounts=(OUTSIDER,), reason="watches", approved_by="c", approved_on=_SINCE)
    return Governance(
        owners=Owners(owner=owners),
        registers=Registers(legacy=legacy),
        suppliers=Suppliers(supplier=(supplier,)),
        pseudonymous=True,
    )


def _rights(draw: Random, number: int) -> list[dict[str, object]]:
    """A policy as people write them: a few actions on a few resources, now and then too much, now and then a denial."""
    reads = allow(
        "s3:GetObject", "s3:ListBucket", "dynamodb:Query", on=[f"arn:aws:s3:::team-{number}/*", "*"][: 1 + number % 2]
    )
    writes = allow("sqs:*", "sns:Publish", "logs:Put*", on=f"arn:aws:sqs:us-east-1:{_OWN}:team-{number}-*")
    secrets = allow("secretsmanager:GetSecretValue", on=f"arn:aws:secretsmanager:*:{_OWN}:secret:team-{number}/*")
    odd = draw.choice((deny("iam:*"), allow("iam:PassRole", "lambda:*"), allow("kms:Decrypt"), deny("s3:DeleteObject")))
    return [reads, writes, secrets, odd]


def _tags(draw: Random) -> dict[str, str]:
    return {} if draw.random() < 0.2 else {"owner": f"team-{draw.randrange(12)}", "purpose": "orders", "app": "shop"}


def _round(made: ReferenceAccount, draw: Random, number: int, policies: list[AttachedPolicy]) -> None:
    """Twenty-five identities: five users, six keys, nine roles, four secrets, a certificate."""
    for of in range(5):
        user = _user(made, draw, f"svc-{number}-{of}" if of else f"person-{number}", person=not of)
        if of:
            made.key(
                user, age=draw.randrange(1, 500) * _DAY, used=None if draw.random() < 0.1 else draw.randrange(90) * _DAY
            )
        if of in (1, 2):
            made.key(user, age=draw.randrange(1, 90) * _DAY, active=draw.random() < 0.5, inactive_for=5 * _DAY)
    for of in range(9):
        _role(made, draw, f"role-{number}-{of}", of, policies)
    for of in range(4):
        age = draw.randrange(1, 700) * _DAY
        made.secret(f"team/{number}-{of}", age=age, value=min(age, draw.randrange(1, 200) * _DAY), tags=_tags(draw))
    made.certificate(f"edge-{number}", expires=draw.randrange(-20, 300) * _DAY, tags=_tags(draw))


def _user(made: ReferenceAccount, draw: Random, name: str, *, person: bool) -> Observed:
    mfa = MfaKind.VIRTUAL if draw.random() < 0.9 else None
    password = draw.randrange(1, 300) * _DAY if person else None
    return made.user(
        name,
        tags=_tags(draw),
        groups=[f"team-{draw.randrange(20)}"],
        password=password,
        signed_in=draw.randrange(90) * _DAY,
        mfa=mfa if person else None,
    )


def _role(made: ReferenceAccount, draw: Random, name: str, sort: int, policies: list[AttachedPolicy]) -> None:
    web = web_identity(
        made.arn(f"oidc-provider/{_GITHUB}"),
        equals={"aud": "sts.amazonaws.com", "sub": f"repo:acme/app-{sort}:environment:{name}"},
    )
    doors = {
        5: principal(made.arn("root", account=_PEER)),
        6: principal(made.arn("root", account=OUTSIDER), when=external_id(name)),
        7: web,
        8: principal(made.arn("root")),
    }
    made.role(
        name,
        doors.get(sort, service(draw.choice(("lambda", "ec2", "ecs-tasks", "glue")))),
        age=draw.randrange(1, 900) * _DAY,
        used=None if draw.random() < 0.1 else draw.randrange(200) * _DAY,
        tags=_tags(draw),
        attached=draw.sample(policies, k=2),
        inline=[allow("sqs:SendMessage", "s3:PutObject", on=f"arn:aws:sqs:us-east-1:{_OWN}:{name}")],
        session_s=draw.choice((3600, 14400, 43200)),
    )
