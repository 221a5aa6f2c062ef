"""Mutations of people, of break-glass users, of owners, of the root and of the password policy."""

from datetime import timedelta
from random import Random

from prooftrail.governance.registers import BreakGlass, Drill
from prooftrail.model.iam import MfaKind, PasswordPolicy
from prooftrail.model.identity import Observed
from tests.judging.trial import (
    DAY,
    FAIL,
    LEAVER,
    MACHINE,
    NOT_APPLICABLE,
    NOT_TESTED,
    OWNER,
    PASS,
    PERSON,
    TAGS,
    TODAY,
    Trial,
    approved,
    around,
    machine,
    mutation,
    queue,
    verdict,
)


def person(trial: Trial, name: str, **more: object) -> Observed:
    """Somebody who signs in with a password and a second factor, and may do what a group may."""
    if not trial.made.groups:
        trial.made.group("senders", inline=[queue(trial)])
    known = {
        "tags": PERSON,
        "groups": ["senders"],
        "password": 10 * DAY,
        "signed_in": DAY,
        "mfa": MfaKind.VIRTUAL,
        **more,
    }
    return trial.made.user(name, **known)  # type: ignore[arg-type]  # what a test changes


@mutation()
def second_factor_removed(trial: Trial, name: str, draw: Random) -> None:
    """A password works alone: MFA fails. Without a password there is nothing to protect."""
    match draw.choice(("with", "without", "fido", "no password")):
        case "with":
            trial.expect("IDC-11", person(trial, name), PASS)
        case "fido":
            trial.expect("IDC-11", person(trial, name, mfa=MfaKind.FIDO), PASS)
        case "without":
            trial.expect("IDC-11", person(trial, name, mfa=None), FAIL)
        case _:
            trial.expect("IDC-11", person(trial, name, password=None), NOT_APPLICABLE)


@mutation(alone=True)
def report_refused(trial: Trial, name: str, draw: Random) -> None:
    """Without the report nobody knows of a password, of its use, or of MFA."""
    user = person(trial, name, mfa=None if draw.random() < 0.5 else MfaKind.VIRTUAL)
    trial.made.without_answer("report")
    trial.readable = False
    trial.expect("IDC-11", user, NOT_TESTED)
    trial.expect("IDC-07", user, NOT_TESTED)


@mutation()
def password_falls_idle(trial: Trial, name: str, draw: Random) -> None:
    """A password that was used once, and not since."""
    idle, past = around(45 * DAY, draw)
    user = person(trial, name, password=idle + 10 * DAY, signed_in=idle)
    trial.expect("IDC-07", user, verdict(past))


@mutation()
def password_never_used(trial: Trial, name: str, draw: Random) -> None:
    """Never used counts from the day the password was set."""
    age, past = around(45 * DAY, draw)
    trial.expect("IDC-07", person(trial, name, password=age, signed_in=None), verdict(past))


@mutation()
def person_outside_federation(trial: Trial, name: str, draw: Random) -> None:
    """People come through Identity Center or SAML: an IAM user with a password is a deviation."""
    trial.expect("IDC-13", person(trial, name, age=timedelta(days=draw.randrange(1, 290))), FAIL)


@mutation(alone=True)
def emergency_user(trial: Trial, name: str, draw: Random) -> None:
    """A registered break-glass user is spared what would end it, keeps MFA, and is used in drills only."""
    mfa, drilled = draw.random() < 0.5, draw.random() < 0.5
    user = person(
        trial,
        name,
        password=300 * DAY,
        signed_in=timedelta(days=draw.randrange(20, 90)),
        mfa=MfaKind.FIDO if mfa else None,
    )
    used = trial.made.rows[user.id].password_usage.last_used_at
    assert used is not None
    drills = [Drill(on=used.date(), reference="D-1")] if drilled else [Drill(on=TODAY - 8 * DAY, reference="D-1")]
    trial.break_glass.append(BreakGlass(identity=user.arn, reason="emergencies", drills=tuple(drills), **approved()))
    trial.expect("IDC-07", user, NOT_APPLICABLE)
    trial.expect("IDC-13", user, NOT_APPLICABLE)
    trial.expect("IDC-11", user, PASS if mfa else FAIL)
    trial.expect("IDC-25", user, PASS if drilled else FAIL)


@mutation()
def rights_given_to_a_user(trial: Trial, name: str, draw: Random) -> None:
    """Rights come from groups; a policy of the user's own, inline or attached, is a deviation."""
    match draw.choice(("group", "inline", "attached")):
        case "group":
            trial.expect("IDC-23", machine(trial, name), PASS)
        case "inline":
            trial.expect("IDC-23", machine(trial, name, inline=[queue(trial)]), FAIL)
        case _:
            own = trial.made.policy(f"own-{name}", queue(trial))
            trial.expect("IDC-23", machine(trial, name, attached=[own]), FAIL)


@mutation()
def machine_gets_a_password(trial: Trial, name: str, draw: Random) -> None:
    """Software does not sign in: declared non-human, a password fails IDC-14, and IDC-13 leaves it alone (ruling 7)."""
    user = machine(trial, name, password=timedelta(days=draw.randrange(1, 40)), signed_in=None, mfa=MfaKind.VIRTUAL)
    trial.expect("IDC-14", user, FAIL)
    trial.expect("IDC-13", user, NOT_APPLICABLE)


@mutation()
def owner_lost(trial: Trial, name: str, draw: Random) -> None:
    """No owner, a placeholder, somebody who left, or no purpose: nobody answers for it."""
    kept = draw.choice(
        (
            (TAGS, PASS),
            (TAGS | {"Cost-Center": "42", "note": "x"}, PASS),
            ({"purpose": "takes orders"}, FAIL),
            ({"purpose": "takes orders", "owner": draw.choice(("tbd", "N/A", "-", "unknown"))}, FAIL),
            ({"purpose": "takes orders", "owner": LEAVER}, FAIL),
            ({"owner": OWNER}, FAIL),
            ({"owner": OWNER, "purpose": "todo"}, FAIL),
        )
    )
    tags, expected = kept
    match draw.choice(("user", "role", "secret", "certificate")):
        case "user":
            one = machine(trial, name, tags=tags | {"identity-class": MACHINE["identity-class"]})
        case "role":
            one = trial.made.role(name, inline=[queue(trial)], tags=tags)
        case "secret":
            one = trial.made.secret(name, tags=tags)
        case _:
            one = trial.made.certificate(name, expires=300 * DAY, tags=tags)
    trial.expect("IDC-02", one, expected)


@mutation(alone=True)
def root_unlocked(trial: Trial, name: str, draw: Random) -> None:
    """The root has MFA and no key, or fails; what was not read is not said."""
    trial.made.role(name, inline=[queue(trial)], tags=TAGS)
    trial.made.root_mfa, trial.made.root_key = draw.random() < 0.6, draw.random() < 0.4
    root = trial.made.arn("root")
    if draw.random() < 0.3:
        trial.made.without_answer("report", "summary")
        trial.readable = False
        trial.expect("IDC-10", root, NOT_TESTED)
    else:
        trial.expect("IDC-10", root, verdict(trial.made.root_key or not trial.made.root_mfa))


@mutation(alone=True)
def password_policy_weakened(trial: Trial, name: str, draw: Random) -> None:
    """Where passwords exist the account's policy meets the limits: 14 characters, 24 remembered."""
    with_password = draw.random() < 0.8
    person(trial, name, password=10 * DAY if with_password else None)
    length, remembered = draw.choice((8, 13, 14, 15, 32)), draw.choice((None, 5, 23, 24))
    unset = draw.random() < 0.2
    weak = unset or length < 14 or (remembered or 0) < 24
    trial.made.passwords = (
        PasswordPolicy(set=False)
        if unset
        else PasswordPolicy(set=True, minimum_length=length, reuse_prevention=remembered)
    )
    expected = verdict(weak) if with_password else NOT_APPLICABLE
    if with_password and draw.random() < 0.2:
        trial.made.without_answer("password_policy")
        trial.readable, expected = False, NOT_TESTED
    trial.expect("IDC-12", trial.made.id, expected)
