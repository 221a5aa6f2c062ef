"""Mutations of what a role may do and when it was last worn."""

from random import Random

from prooftrail.demo.estate.documents import allow, deny, service
from prooftrail.demo.reference.account import UNTOLD
from prooftrail.governance.registers import Privileged
from prooftrail.model.identity import Observed
from tests.judging.trial import (
    DAY,
    FAIL,
    FINE,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    TAGS,
    TODAY,
    Trial,
    approved,
    around,
    mutation,
    queue,
    verdict,
)

_SELF = ("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreateAccessKey", "iam:UpdateAssumeRolePolicy")


def worker(trial: Trial, name: str, **more: object) -> Observed:
    """A Lambda function's role in good order."""
    known = {"inline": [queue(trial)], "tags": TAGS, **more}
    return trial.made.role(name, service("lambda"), **known)  # type: ignore[arg-type]  # what a test changes


def register(trial: Trial, one: Observed, *, lapsed: bool = False) -> None:
    """Put one into the privileged register."""
    until = TODAY - DAY if lapsed else None
    trial.privileged.append(Privileged(identity=one.arn, reason="needed", **approved(until)))


def target(trial: Trial) -> Observed:
    """A registered administrator a path could lead to: a role Lambda may wear, and a user with a key."""
    found = next((one for one in trial.made.observed if one.name == "administrator"), None)
    if found is None:
        everything = [trial.made.aws_policy("AdministratorAccess")]
        found = trial.made.role("administrator", service("lambda"), attached=everything, tags=TAGS)
        register(trial, found)
        trial.made.user("administrator-user", attached=everything, tags=TAGS)
    return found


@mutation()
def role_falls_idle(trial: Trial, name: str, draw: Random) -> None:
    """A role that was worn once, and not since."""
    idle, past = around(90 * DAY, draw)
    trial.expect("IDC-08", worker(trial, name, age=max(idle, 100 * DAY) + DAY, used=idle), verdict(past))


@mutation()
def role_never_worn(trial: Trial, name: str, draw: Random) -> None:
    """Never worn counts from creation."""
    age, past = around(90 * DAY, draw)
    trial.expect("IDC-08", worker(trial, name, age=age, used=None), verdict(past))


@mutation()
def role_use_not_told(trial: Trial, name: str, draw: Random) -> None:
    """Nobody could say when an old role was last worn."""
    trial.readable = False
    trial.expect("IDC-08", worker(trial, name, age=draw.randrange(100, 300) * DAY, used=UNTOLD), NOT_TESTED)


@mutation()
def policy_widened_to_everything(trial: Trial, name: str, draw: Random) -> None:
    """Whoever may do everything is registered, or fails; whoever is cut down again is no administrator."""
    everything, fence = {"attached": [trial.made.aws_policy("AdministratorAccess")]}, trial.made.arn("policy/fence")
    if not any(one.arn == fence for one in trial.made.policies):
        trial.made.policy("fence", queue(trial))
    own = trial.made.policy(f"own-{name}", allow("*"))
    power = trial.made.aws_policy("PowerUserAccess")
    rights, entry, expected = draw.choice(
        (
            (everything, None, FAIL),
            (everything, "lapsed", FAIL),
            (everything, "live", PASS),
            ({"inline": [allow("*")]}, None, FAIL),
            ({"inline": [allow("iam:*")]}, None, FAIL),
            ({"attached": [own]}, None, FAIL),
            (everything | {"boundary": fence}, None, PASS),
            ({"inline": [allow("*"), deny("*")]}, None, PASS),
            ({"attached": [power]}, None, PASS),
        )
    )
    one = worker(trial, name, **rights)
    if entry:
        register(trial, one, lapsed=entry == "lapsed")
    trial.expect("IDC-20", one, expected)
    if expected is FAIL:
        trial.expect("IDC-21", one, NOT_APPLICABLE)


@mutation()
def policy_not_read(trial: Trial, name: str, draw: Random) -> None:
    """A policy or a boundary nobody could read decides nothing, and nothing is decided without it."""
    trial.readable = False
    if draw.random() < 0.5:
        one = worker(trial, name, attached=[trial.made.aws_policy(f"NobodyRead{draw.randrange(99)}")])
        trial.expect("IDC-20", one, NOT_TESTED)
        trial.expect("IDC-21", one, NOT_TESTED)
    else:
        everything = [trial.made.aws_policy("AdministratorAccess")]
        one = worker(trial, name, attached=everything, boundary=trial.made.arn("policy/nobody-read"))
        trial.expect("IDC-20", one, NOT_TESTED)


@mutation()
def path_opened(trial: Trial, name: str, draw: Random) -> None:
    """A published escalation path is open, closed by a Deny, or leads to nothing more."""
    admin = target(trial)
    through = allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")
    match draw.randrange(6):
        case 0 | 1:
            one, expected = worker(trial, name, inline=[allow(draw.choice(_SELF))]), FAIL
        case 2:
            one, expected = worker(trial, name, inline=[through]), FAIL
        case 3:
            action = draw.choice(_SELF)
            one, expected = worker(trial, name, inline=[allow(action, "sqs:*"), deny("iam:*")]), PASS
        case 4:
            to_admin = [allow("iam:PassRole", on=admin.arn), allow("lambda:CreateFunction", "lambda:InvokeFunction")]
            one, expected = worker(trial, name, inline=to_admin), FAIL
        case _:
            plain = next((each for each in trial.made.observed if each.name == "plain"), None) or worker(trial, "plain")
            to_plain = [allow("iam:PassRole", on=plain.arn), allow("lambda:CreateFunction", "lambda:InvokeFunction")]
            one, expected = worker(trial, name, inline=to_plain), PASS
    trial.expect("IDC-21", one, expected)


@mutation()
def writer_of_iam(trial: Trial, name: str, draw: Random) -> None:
    """Who may make identities is bounded, bound by a condition, or registered (ruling 14)."""
    writes = allow("iam:CreateUser", "sqs:*")
    limit, loose = trial.made.arn("policy/makers"), trial.made.arn("policy/loose")
    asked = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    if not any(one.arn == limit for one in trial.made.policies):
        trial.made.policy("makers", allow("iam:CreateUser", when=asked), allow("sqs:*"))
        trial.made.policy("loose", allow("*"))
    match draw.choice(("open", "bounded", "bounded by nothing", "registered", "conditioned", "no writer")):
        case "open":
            one, expected = worker(trial, name, inline=[writes]), (FAIL,)
        case "bounded":
            one, expected = worker(trial, name, inline=[writes], boundary=limit), (PASS,)
        case "bounded by nothing":
            one, expected = worker(trial, name, inline=[writes], boundary=loose), (FAIL,)
        case "registered":
            one, expected = worker(trial, name, inline=[writes]), (PASS,)
            register(trial, one)
        case "conditioned":
            one, expected = worker(trial, name, inline=[allow("iam:CreateUser", when=asked)]), (PASS,)
        case _:
            one, expected = worker(trial, name), FINE
    trial.expect("IDC-22", one, *expected)


@mutation()
def duties_joined(trial: Trial, name: str, draw: Random) -> None:
    """Who administers IAM may not silence the trail; evidence is produced in the account the scan runs from, not here."""
    write = allow("s3:PutObject")
    undo = draw.choice(("s3:BypassGovernanceRetention", "s3:DeleteObjectVersion", "s3:PutObjectRetention"))
    rights, expected = draw.choice(
        (
            ([write], PASS),
            ([allow(undo)], PASS),
            ([write, allow(undo), deny(undo)], PASS),
            ([write, allow(undo)], PASS),
            ([allow("iam:AttachRolePolicy", "cloudtrail:StopLogging")], FAIL),
        )
    )
    trial.expect("IDC-24", worker(trial, name, inline=rights), expected)


@mutation()
def role_renamed(trial: Trial, name: str, draw: Random) -> None:
    """A name, a path, the order of statements and tags: the same role, the same results."""
    letters = "".join(draw.choices("abcxyz=+.@_-", k=8))
    statements = [queue(trial), allow("logs:CreateLogStream"), allow("logs:PutLogEvents")]
    draw.shuffle(statements)
    tags = dict(draw.sample(sorted((TAGS | {"a": "1", "z": "2"}).items()), k=4))
    one = worker(trial, f"{name}{letters}", path=draw.choice(("/", "/svc/", "/a/b/")), inline=statements, tags=tags)
    for control in ("IDC-02", "IDC-08", "IDC-20", "IDC-21", "IDC-24"):
        trial.expect(control, one, PASS)
    for control in ("IDC-14", "IDC-22", "IDC-28", "IDC-29"):
        trial.expect(control, one, *FINE)
