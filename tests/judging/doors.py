"""Mutations of who may come in: suppliers, pipelines, pods, anyone, other environments, and for how long."""

from random import Random
from typing import Any

from prooftrail.demo.estate.documents import Statement, external_id, principal, trust, web_identity
from prooftrail.demo.reference.account import ReferenceAccount
from prooftrail.demo.reference.organization import MANAGEMENT, ORGANIZATION, TICK
from prooftrail.governance.registers import Supplier
from prooftrail.model.identity import Observed
from prooftrail.model.organization import PermissionSet
from tests.judging.trial import (
    DAY,
    FAIL,
    NONPROD,
    NOT_TESTED,
    PASS,
    STRANGER,
    TAGS,
    TODAY,
    VENDOR,
    Trial,
    an_account,
    mutation,
    queue,
)

GITHUB = "token.actions.githubusercontent.com"
CLUSTER = "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
AUDIENCE = {"aud": "sts.amazonaws.com"}


def door(trial: Trial, name: str, *who: Statement, **more: Any) -> Observed:
    """A small role, entered as `who` says."""
    return trial.made.role(name, *who, **{"inline": [queue(trial)], "tags": TAGS, **more})


def root_of(account: str) -> str:
    """An account as a whole."""
    return f"arn:aws:iam::{account}:root"


@mutation(alone=True)
def supplier_changes(trial: Trial, name: str, draw: Random) -> None:
    """A supplier is registered, under contract, and brings an external id."""
    asked = external_id(f"id-{draw.randrange(10**9)}")
    registered = {"name": "Watchers", "accounts": (VENDOR,), "reason": "watches", "approved_by": "ciso"}
    started = {"approved_on": TODAY - 90 * DAY}
    live, over = started | {"active_until": TODAY}, started | {"active_until": TODAY - DAY}
    when: dict[str, Any] | None
    who, when, known, expected = draw.choice(
        (
            (VENDOR, asked, live, PASS),
            (VENDOR, asked, started, PASS),
            (VENDOR, None, live, FAIL),
            (VENDOR, asked, over, FAIL),
            (VENDOR, asked, None, FAIL),
            (STRANGER, asked, live, FAIL),
            (VENDOR, external_id(""), live, FAIL),
            (VENDOR, {"StringLike": {"sts:ExternalId": "*"}}, live, FAIL),
            (VENDOR, {"ForAllValues:StringEquals": {"sts:ExternalId": "word"}}, live, FAIL),
            (VENDOR, {"StringEqualsIfExists": {"sts:ExternalId": "word"}}, live, FAIL),
        )
    )
    if known is not None:
        trial.suppliers.append(Supplier(**registered, **known))  # type: ignore[arg-type]  # what a test changes
    trial.expect("IDC-26", door(trial, name, principal(root_of(who), when=when)), expected)


@mutation()
def subject_widened(trial: Trial, name: str, draw: Random) -> None:
    """A pipeline's token names audience, repository and branch, by equality or a pattern that fixes them."""
    provider = trial.made.arn(f"oidc-provider/{GITHUB}")
    if not any(one.arn == provider for one in trial.made.observed):
        trial.made.oidc_provider(GITHUB, "sts.amazonaws.com", tags=TAGS)
    branch = {"sub": "repo:acme/app:ref:refs/heads/main"}
    good: tuple[Statement, ...] = (
        web_identity(provider, equals=AUDIENCE | branch),
        web_identity(provider, equals=AUDIENCE | {"sub": "repo:acme/app:environment:production"}),
        web_identity(provider, equals=AUDIENCE | {"sub": "repo:acme@98/app@55:environment:production"}),
        web_identity(provider, equals=AUDIENCE, like=branch),
    )
    wide = ("repo:*", "repo:acme/*", "*", "repo:acme*", "repo:*/app:*", "repo:acme/app:*", "repo:acme/app*")
    set_wise = {
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
        "ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:acme/app:ref:refs/heads/main"},
    }
    bad: tuple[Statement, ...] = (
        *(web_identity(provider, equals=AUDIENCE, like={"sub": one}) for one in wide),
        web_identity(provider, equals=AUDIENCE),
        web_identity(provider, equals=branch),
        web_identity(provider, equals=AUDIENCE, like={"sub": ["repo:acme/app:ref:refs/heads/main", "repo:evil/*"]}),
        trust({"Federated": provider}, when=set_wise, Action="sts:AssumeRoleWithWebIdentity"),
    )
    if draw.random() < 0.4:
        trial.expect("IDC-27", door(trial, name, draw.choice(good)), PASS)
    else:
        trial.expect("IDC-27", door(trial, name, draw.choice(bad)), FAIL)


@mutation()
def pod_unpinned(trial: Trial, name: str, draw: Random) -> None:
    """A pod's token names audience and one full service account; Pod Identity says who by conditions, or not at all."""
    provider = trial.made.arn(f"oidc-provider/{CLUSTER}")
    if not any(one.arn == provider for one in trial.made.observed):
        trial.made.oidc_provider(CLUSTER, "sts.amazonaws.com", tags=TAGS)
    account = {"sub": "system:serviceaccount:etl:loader"}
    by_tags = {
        "aws:RequestTag/kubernetes-namespace": "etl",
        "aws:RequestTag/kubernetes-service-account": "loader",
    }
    pods, actions = {"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"]
    who, expected = draw.choice(
        (
            (web_identity(provider, equals=AUDIENCE | account), PASS),
            (web_identity(provider, equals=account), FAIL),
            (web_identity(provider, equals=AUDIENCE), FAIL),
            (web_identity(provider, equals=AUDIENCE, like={"sub": "system:serviceaccount:*:*"}), FAIL),
            (web_identity(provider, equals=AUDIENCE, like={"sub": "system:serviceaccount:etl:*"}), FAIL),
            (trust(pods, when={"StringEquals": by_tags}, Action=actions), PASS),
            (trust(pods, Action=actions), NOT_TESTED),
        )
    )
    trial.expect("IDC-27", door(trial, name, who), expected)


@mutation()
def opened_to_anyone(trial: Trial, name: str, draw: Random) -> None:
    """Anyone at all is never let in; anyone of the organization may be."""
    ours, outside = {"aws:PrincipalOrgID": ORGANIZATION}, {"AWS:principalorgid": ORGANIZATION}
    barred = [principal("*"), trust({"AWS": "*"}, when={"StringNotEquals": outside}, Effect="Deny")]
    others = trust({"Service": "*"}, when={"StringNotEquals": outside}, Effect="Deny")
    who, expected = draw.choice(
        (
            ([principal("*")], FAIL),
            ([principal("*"), others], FAIL),
            ([trust("*")], FAIL),
            ([principal("*", when=external_id("hunter2"))], FAIL),
            ([principal("*", when={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ours"}})], FAIL),
            ([principal("*", when={"ForAllValues:StringEquals": ours})], FAIL),
            ([principal("*", when={"StringEquals": ours})], PASS),
            ([principal("*", when={"StringEquals": outside})], PASS),
            (barred, PASS),
        )
    )
    trial.expect("IDC-28", door(trial, name, *who), expected)


@mutation()
def other_environment(trial: Trial, name: str, draw: Random) -> None:
    """What is not production does not enter production."""
    who, expected = draw.choice(((NONPROD, FAIL), (trial.made.id, PASS)))
    trial.expect("IDC-29", door(trial, name, principal(f"arn:aws:iam::{who}:role/builder")), expected)


@mutation()
def session_lengthened(trial: Trial, name: str, draw: Random) -> None:
    """Eight hours at most, here; what ListRoles did not say is not known."""
    seconds, expected = draw.choice(
        ((3600, PASS), (8 * 3600, PASS), (8 * 3600 + 1, FAIL), (12 * 3600, FAIL), (7 * 3600, PASS))
    )
    who = principal(f"arn:aws:iam::{trial.made.id}:role/operator")
    trial.expect("IDC-30", door(trial, name, who, session_s=seconds), expected)


@mutation(alone=True)
def settings_refused(trial: Trial, name: str, draw: Random) -> None:
    """Without ListRoles nobody knows how long a session lasts."""
    who = principal(f"arn:aws:iam::{trial.made.id}:role/operator")
    one = door(trial, name, who, session_s=draw.choice((3600, 43200)))
    trial.made.without_answer("role_settings")
    trial.readable = False
    trial.expect("IDC-30", one, NOT_TESTED)


@mutation(alone=True)
def permission_set_lengthened(trial: Trial, name: str, draw: Random) -> None:
    """A permission set's own session is judged, never the twelve hours of the roles it leaves."""
    trial.made = ReferenceAccount(an_account(MANAGEMENT), at=TICK)
    duration, expected = draw.choice(
        (("PT1H", PASS), ("PT8H", PASS), ("PT8H1S", FAIL), ("PT12H", FAIL), ("PT30M", PASS), (None, NOT_TESTED))
    )
    instance = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    arn = f"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{draw.getrandbits(64):016x}"
    one = PermissionSet(
        arn=arn, instance_arn=instance, name=name, created_at=TICK - 90 * DAY, session_duration=duration
    )
    trial.made.sets = (one,)
    if duration is None:
        trial.made.without_answer("permission_sets", shown=True)
        trial.readable = False
    trial.expect("IDC-30", arn, expected)
