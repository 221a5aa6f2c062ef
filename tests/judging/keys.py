"""Mutations of access keys and of credentials for one service."""

from datetime import timedelta
from random import Random

from prooftrail.demo.reference.account import UNTOLD
from tests.judging.trial import (
    DAY,
    FAIL,
    FINE,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    PERSON,
    SECOND,
    TODAY,
    Trial,
    around,
    machine,
    mutation,
    verdict,
    without_creation,
)


@mutation()
def key_ages(trial: Trial, name: str, draw: Random) -> None:
    """A key grows old: past the limit of its tier it fails rotation, and nothing else."""
    age, past = around(60 * DAY, draw)
    user = machine(trial, name)
    key = trial.made.key(user, age=age)
    trial.justify(user)
    trial.expect("IDC-15", key, verdict(past))
    trial.expect("IDC-07", key, PASS)


@mutation()
def key_old_and_inactive(trial: Trial, name: str, draw: Random) -> None:
    """A limit on active keys says nothing of an inactive one (ruling 2)."""
    user = machine(trial, name)
    key = trial.made.key(user, age=timedelta(days=draw.randrange(90, 190)), active=False, inactive_for=2 * DAY)
    trial.expect("IDC-15", key, NOT_APPLICABLE)


@mutation()
def key_falls_idle(trial: Trial, name: str, draw: Random) -> None:
    """An active key that was used once, and not since."""
    idle, past = around(45 * DAY, draw)
    user = machine(trial, name)
    key = trial.made.key(user, age=max(idle, 50 * DAY) + DAY, used=idle)
    trial.expect("IDC-07", key, verdict(past))


@mutation()
def key_never_used(trial: Trial, name: str, draw: Random) -> None:
    """Never used counts from creation: neither used just now nor unused for ever."""
    age, past = around(45 * DAY, draw)
    key = trial.made.key(machine(trial, name), age=age, used=None)
    trial.expect("IDC-07", key, verdict(past))


@mutation()
def key_use_not_told(trial: Trial, name: str, draw: Random) -> None:
    """Nobody could say when an old key was last used: that is not "never", and not "just now"."""
    age = timedelta(days=draw.randrange(61, 190))
    user = machine(trial, name)
    key = trial.made.key(user, age=age, used=UNTOLD)
    trial.readable = False
    trial.expect("IDC-07", key, NOT_TESTED)
    trial.expect("IDC-15", key, FAIL)


@mutation()
def key_creation_not_told(trial: Trial, name: str, draw: Random) -> None:
    """Without a date there is no age."""
    user = machine(trial, name)
    key = trial.made.key(user, age=timedelta(days=draw.randrange(1, 190)), used=DAY)
    without_creation(trial, key)
    trial.readable = False
    trial.expect("IDC-15", key, NOT_TESTED)


@mutation()
def key_without_a_reason(trial: Trial, name: str, draw: Random) -> None:
    """A long-lived credential needs a live entry that says why no short-lived one serves (ruling 8)."""
    user = machine(trial, name)
    key = trial.made.key(user, age=timedelta(days=draw.randrange(1, 60)))
    match draw.choice(("registered", "absent", "lapsed")):
        case "registered":
            trial.justify(user, until=TODAY)
            trial.expect("IDC-16", key, PASS)
        case "lapsed":
            trial.justify(user, until=TODAY - timedelta(days=1))
            trial.expect("IDC-16", key, FAIL)
        case _:
            trial.expect("IDC-16", key, FAIL)


@mutation()
def key_lies_disabled(trial: Trial, name: str, draw: Random) -> None:
    """Disabled keys are to be deleted in time (ruling 5)."""
    since, past = around(30 * DAY, draw)
    user = machine(trial, name)
    key = trial.made.key(user, age=190 * DAY, active=False, inactive_for=since)
    trial.expect("IDC-07", key, verdict(past))


@mutation()
def second_key_stays(trial: Trial, name: str, draw: Random) -> None:
    """Two active keys are a rotation for as long as the overlap; past it the older one fails (ruling 4)."""
    since, past = around(5 * DAY, draw)
    user = machine(trial, name)
    older = trial.made.key(user, age=55 * DAY)
    newer = trial.made.key(user, age=min(since, 54 * DAY))
    trial.expect("IDC-15", older, verdict(past))
    trial.expect("IDC-15", newer, PASS)


@mutation()
def person_holds_a_key(trial: Trial, name: str, draw: Random) -> None:
    """People do not hold programmatic keys (IDC-14); an inactive one works for nobody."""
    user = machine(trial, name, tags=PERSON)
    active = draw.random() < 0.6
    trial.made.key(user, age=timedelta(days=draw.randrange(1, 60)), active=active, inactive_for=None if active else DAY)
    trial.expect("IDC-14", user, *((FAIL,) if active else FINE))


@mutation()
def service_credential_ends(trial: Trial, name: str, draw: Random) -> None:
    """A credential for one service carries an end, no further off than the limit, or a reason why it cannot."""
    user = machine(trial, name)
    life, past = around(90 * DAY, draw)
    never = draw.random() < 0.3
    credential = trial.made.service_credential(user, age=SECOND, expires=None if never else life - SECOND)
    if not never and not past:
        trial.justify(user)
    trial.expect("IDC-16", credential, verdict(never or past))


@mutation()
def key_renamed(trial: Trial, name: str, draw: Random) -> None:
    """A path, a name, another tag: nothing of that is a control's business."""
    path = draw.choice(("/", "/svc/", "/division/team/"))
    letters = "".join(draw.choices("abcxyz=+.@_-", k=8))
    user = machine(trial, f"{name}{letters}", path=path)
    key = trial.made.key(user, age=timedelta(days=draw.randrange(1, 40)))
    trial.justify(user)
    for control in ("IDC-07", "IDC-15", "IDC-16"):
        trial.expect(control, key, PASS)
    # A credential has its user's owner: one subject, one result, and a trace inherits it.
    for control in ("IDC-02", "IDC-14", "IDC-20", "IDC-21", "IDC-23"):
        trial.expect(control, user, PASS)
