"""Mutations of secrets, certificates and providers."""

from random import Random

from prooftrail.demo.reference.account import NEVER
from tests.judging.trial import (
    DAY,
    FAIL,
    FINE,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    SECOND,
    TAGS,
    Trial,
    around,
    mutation,
    verdict,
)


@mutation()
def value_ages(trial: Trial, name: str, draw: Random) -> None:
    """A secret's age is its present value's; turned by hand or by a function, used or not."""
    age, past = around(60 * DAY, draw)
    on = draw.random() < 0.7
    one = trial.made.secret(name, value=age, last_changed_at=trial.made.at - DAY, tags=TAGS, rotation_enabled=True)
    trial.expect("IDC-17", one, verdict(past))
    if on:
        trial.expect("IDC-18", one, PASS)


@mutation()
def value_age_not_told(trial: Trial, name: str, draw: Random) -> None:
    """The date of the last change is not the value's age."""
    one = trial.made.secret(
        name, value=None, age=draw.randrange(61, 400) * DAY, last_changed_at=trial.made.at - DAY, tags=TAGS
    )
    trial.readable = False
    trial.expect("IDC-17", one, NOT_TESTED)


@mutation()
def secret_of_a_service(trial: Trial, name: str, draw: Random) -> None:
    """Only a service that rotates what it owns spares the customer; any other owner does not."""
    age = draw.randrange(61, 300) * DAY
    owner, expected = draw.choice(
        (("rds", FINE), ("redshift", FINE), ("ecs-sc", FINE), ("appflow", (FAIL,)), ("events", (FAIL,)))
    )
    one = trial.made.secret(name, value=age, owning_service=owner, tags=TAGS)
    trial.expect("IDC-17", one, *expected)


@mutation()
def secret_planned_for_deletion(trial: Trial, name: str, draw: Random) -> None:
    """What is going needs no rotation."""
    age = draw.randrange(61, 300) * DAY
    one = trial.made.secret(name, value=age, used=age, deleted_at=trial.made.at - 2 * DAY, tags=TAGS)
    trial.expect("IDC-17", one, NOT_APPLICABLE)


@mutation()
def secret_falls_idle(trial: Trial, name: str, draw: Random) -> None:
    """A secret nobody reads any more, or never read."""
    idle, past = around(90 * DAY, draw)
    if draw.random() < 0.5:
        one = trial.made.secret(name, age=max(idle, 100 * DAY) + DAY, used=idle, tags=TAGS)
    else:
        one = trial.made.secret(name, age=idle, value=min(idle, 5 * DAY), used=NEVER, tags=TAGS)
    trial.expect("IDC-18", one, verdict(past))


@mutation()
def certificate_ends(trial: Trial, name: str, draw: Random) -> None:
    """A stored certificate is renewed before its last month, and never kept past its end."""
    left, expected = draw.choice(
        (
            (300 * DAY, PASS),
            (30 * DAY + SECOND, PASS),
            (30 * DAY - SECOND, FAIL),
            (DAY, FAIL),
            (-SECOND, FAIL),
            (-30 * DAY, FAIL),
        )
    )
    trial.expect("IDC-19", trial.made.certificate(name, expires=left, tags=TAGS), expected)


@mutation()
def metadata_ends(trial: Trial, name: str, draw: Random) -> None:
    """The metadata of a SAML provider ends like a certificate."""
    left, expected = draw.choice(((300 * DAY, PASS), (31 * DAY, PASS), (29 * DAY, FAIL), (-DAY, FAIL)))
    trial.expect("IDC-19", trial.made.saml_provider(name, valid=left, tags=TAGS), expected)


@mutation()
def secret_renamed(trial: Trial, name: str, draw: Random) -> None:
    """A name, a region, a description: the same results."""
    letters = "".join(draw.choices("abcxyz=+._-/", k=8))
    one = trial.made.secret(
        f"{name}/{letters}x", region=draw.choice(("us-east-1", "eu-west-1")), tags=TAGS, description="kept"
    )
    for control in ("IDC-02", "IDC-17", "IDC-18"):
        trial.expect(control, one, PASS)
