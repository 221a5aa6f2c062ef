"""Which identities are one thing rolled out many times, and which only look like it."""

from collections.abc import Callable
from typing import Any

import pytest

from prooftrail.inventory.families import Families, family_label
from prooftrail.model.iam import AttachedPolicy, InlinePolicy, ManagedPolicy, PolicyDocument
from prooftrail.model.identity import Observed
from tests.builders import (
    ACCOUNT,
    MANAGEMENT,
    MEMBER,
    STRANGER,
    a_gap,
    a_key,
    a_reading,
    a_role,
    a_secret,
    a_snapshot,
    a_user,
    account_root,
    document,
    oidc,
    saml,
    statement,
    the,
)

READ_ONLY = AttachedPolicy(arn="arn:aws:iam::aws:policy/ReadOnlyAccess", name="ReadOnlyAccess")


def family(one: Observed, *, account: str = ACCOUNT, documents: Any = (), policies: Any = ()) -> str:
    found = Families(account, documents, policies).of(one)
    assert found is not None
    return found


def label(one: Observed, **known: Any) -> str:
    return family_label(family(one, **known))


def allowing(resource: str) -> PolicyDocument:
    return document({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]})


HERE = {
    "account": ACCOUNT,
    "region": "eu-west-1",
    "long": "0" * 15 + "a" * 17,
    "short": "0123456789abcdef",
    "upper": "0A" * 16,
    "uuid": "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
}
THERE = {
    "account": MEMBER,
    "region": "us-gov-west-1",
    "long": "b" * 31 + "1",
    "short": "9" * 16,
    "upper": "7C" * 16,
    "uuid": "00000000-2fa1-11d2-883f-0016d3cca427",
}


def cdk(at: dict[str, str]) -> Observed:
    return a_role(f"cdk-hnb659fds-deploy-role-{at['account']}-{at['region']}", trust=account_root(at["account"]))


def stack_set(at: dict[str, str]) -> Observed:
    return a_role(f"stacksets-exec-{at['long']}", trust=account_root(MANAGEMENT))


def control_tower(_: dict[str, str]) -> Observed:
    return a_role("AWSControlTowerExecution", trust=account_root(MANAGEMENT))


def identity_center(at: dict[str, str]) -> Observed:
    provider = saml(f"AWSSSO_{at['short']}_DO_NOT_DELETE", at["account"])
    path = f"/aws-reserved/sso.amazonaws.com/{at['region']}/"
    return a_role(f"AWSReservedSSO_AdministratorAccess_{at['short']}", path=path, trust=provider)


def pod(at: dict[str, str]) -> Observed:
    return a_role("pod", trust=oidc(f"oidc.eks.{at['region']}.amazonaws.com/id/{at['upper']}", at["account"]))


def with_uuid(at: dict[str, str]) -> Observed:
    return a_role(f"app-{at['uuid']}")


@pytest.mark.parametrize(
    ("made", "template"),
    [
        (cdk, "cdk-hnb659fds-deploy-role-<account>-<region>"),
        (stack_set, "stacksets-exec-<hex>"),
        (control_tower, "AWSControlTowerExecution"),
        (identity_center, "AWSReservedSSO_AdministratorAccess_<hex>"),
        (pod, "pod"),
        (with_uuid, "app-<uuid>"),
    ],
)
def test_what_a_template_made_in_two_accounts_is_one_family(
    made: Callable[[dict[str, str]], Observed], template: str
) -> None:
    assert family(made(HERE)) == family(made(THERE), account=MEMBER)
    assert label(made(HERE)) == template


def test_a_family_can_be_read_and_holds_sixty_four_bits_of_its_shape() -> None:
    text, _, shape = family(a_role("worker")).rpartition("#")
    assert text == "worker"
    assert len(shape) == 16
    assert set(shape) <= set("0123456789abcdef")


BASE: dict[str, Any] = {"trust": [account_root(MANAGEMENT)], "attached": (READ_ONLY,)}


@pytest.mark.parametrize(
    "departure",
    [
        {"trust": [account_root(MANAGEMENT), account_root(STRANGER)]},
        {"trust": [account_root(STRANGER)]},
        {"trust": [account_root(MANAGEMENT, condition={"StringEquals": {"sts:ExternalId": "x"}})]},
        {"trust": [account_root(MANAGEMENT, action=["sts:AssumeRole", "sts:TagSession"])]},
        {"trust": [statement({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, key="NotPrincipal")]},
        {"attached": ()},
        {"attached": (READ_ONLY, AttachedPolicy(arn="arn:aws:iam::aws:policy/AdministratorAccess", name="A"))},
        {"boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        {"path": "/lookalike/"},
    ],
)
def test_a_member_that_departs_has_another_shape(departure: dict[str, Any]) -> None:
    assert family(a_role(**BASE)) != family(a_role(**{**BASE, **departure}))


def test_a_lookalike_that_trusts_a_stranger_where_members_trust_themselves_is_no_member() -> None:
    member = a_role("cdk-deploy-" + ACCOUNT, trust=account_root(ACCOUNT))
    lookalike = a_role("cdk-deploy-" + ACCOUNT, trust=account_root(STRANGER))
    assert label(member) == label(lookalike)
    assert family(member) != family(lookalike)


def test_what_inline_policies_say_counts_and_where_they_say_it_does_not() -> None:
    def role(account: str, resource: str) -> tuple[Observed, PolicyDocument]:
        said = allowing(resource)
        return a_role(account=account, inline=(InlinePolicy(name="p", document=said.sha256),)), said

    here, said_here = role(ACCOUNT, f"arn:aws:s3:::assets-{ACCOUNT}-eu-west-1/*")
    there, said_there = role(MEMBER, f"arn:aws:s3:::assets-{MEMBER}-us-east-1/*")
    more, said_more = role(ACCOUNT, "*")
    shared = family(here, documents=[said_here])
    assert shared == family(there, account=MEMBER, documents=[said_there])
    assert shared != family(more, documents=[said_more])


def test_what_a_policy_of_the_account_says_counts_behind_the_same_name() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p"

    def shaped(resource: str) -> str:
        said = allowing(resource)
        made = ManagedPolicy(
            id="ANPA", arn=arn, name="p", path="/", default_version="v2", created_at=None, updated_at=None,
            versions=(("v1", "0" * 64), ("v2", said.sha256)),
        )  # fmt: skip
        return family(a_role(attached=(AttachedPolicy(arn=arn, name="p"),)), documents=[said], policies=[made])

    assert shaped("a") != shaped("b")
    assert shaped("a") == shaped("a")


def test_where_a_policy_was_not_read_the_family_is_unknown() -> None:
    attached = (AttachedPolicy(arn=f"arn:aws:iam::{ACCOUNT}:policy/p", name="p"),)
    for one in (a_role(attached=attached), a_role(inline=(InlinePolicy(name="p", document="0" * 64),))):
        found = the(a_snapshot(one), "worker")
        assert found.family is None
        assert "family" in found.unknown


def test_the_order_of_statements_principals_and_policies_makes_no_family() -> None:
    one = a_role(trust=[account_root(ACCOUNT), account_root(MANAGEMENT)])
    other = a_role(account=STRANGER, trust=[account_root(MANAGEMENT), account_root(STRANGER)])
    assert family(one) == family(other, account=STRANGER)


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("MyStack-Handler-1A2B3C4D5E6F", "MyStack-Handler-<suffix>"),
        ("MyStack-Handler-aB3dE5gH7jK9", "MyStack-Handler-<suffix>"),
        ("MyStack-Handler-ABCDEFGHIJKL", "MyStack-Handler-ABCDEFGHIJKL"),
        ("payments-production", "payments-production"),
        ("deadbeef-worker", "deadbeef-worker"),
        ("abcdef12-worker", "<hex>-worker"),
        ("team-a-west-1", "team-a-west-1"),
        ("x-eu-west-1a", "x-eu-west-1a"),
        (f"x{ACCOUNT}", "x<account>"),
        (f"x9{ACCOUNT}", f"x9{ACCOUNT}"),
        (f"for-{MEMBER}", f"for-{MEMBER}"),
    ],
)
def test_only_what_differs_by_itself_is_replaced_in_a_label(name: str, template: str) -> None:
    assert label(a_role(name)) == template


def test_a_hostile_name_makes_a_harmless_label() -> None:
    found = label(a_role("<b>\x1b[31m\u202e" + "x" * 500))
    assert found.isascii()
    assert found.isprintable()
    assert len(found) <= 80


def test_only_users_that_a_template_made_have_a_family() -> None:
    assert label(a_user(f"ci-{ACCOUNT}")) == "ci-<account>"
    for one in (a_user(), a_key(), a_secret()):
        assert Families(ACCOUNT, (), ()).of(one) is None


def test_a_role_and_a_user_of_one_name_are_no_family() -> None:
    assert family(a_role(f"ci-{ACCOUNT}", trust=[])) != family(a_user(f"ci-{ACCOUNT}"))


def test_a_gap_elsewhere_does_not_take_a_role_its_family() -> None:
    role = a_role()
    snapshot = a_snapshot(role, principals=a_reading(role, gaps=[a_gap(subject="another")]))
    assert the(snapshot, "worker").family == family(role)
