"""How a trust policy is read, and what is no trust policy at all."""

from typing import Any

import pytest

from prooftrail.model.canonical import decode, encode
from prooftrail.model.trust import Condition, Principal, PrincipalType, TrustStatement, parse

ABSENT = object()


def test_a_statement_is_read_whole() -> None:
    text = encode(
        {
            "Statement": {
                "Sid": "s",
                "Effect": "Allow",
                "Principal": {"AWS": ["b", "a"]},
                "Action": "sts:AssumeRole",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}},
            }
        }
    ).decode()
    (one,) = parse(text)
    assert one == TrustStatement(
        effect="Allow",
        principals=(Principal(type=PrincipalType.AWS, value="a"), Principal(type=PrincipalType.AWS, value="b")),
        actions=("sts:AssumeRole",),
        conditions=(Condition(operator="Bool", key="aws:multifactorauthpresent", values=("true",)),),
        sid="s",
    )


@pytest.mark.parametrize(
    ("keys", "not_principals", "not_actions"),
    [
        (("Principal", "Action"), False, False),
        (("NotPrincipal", "Action"), True, False),
        (("Principal", "NotAction"), False, True),
        (("NotPrincipal", "NotAction"), True, True),
    ],
)
def test_what_is_negated_is_told_apart(keys: tuple[str, str], not_principals: bool, not_actions: bool) -> None:
    who, what = keys
    (one,) = parse(encode({"Statement": [{"Effect": "Allow", who: "*", what: "sts:*"}]}).decode())
    assert (one.not_principals, one.not_actions) == (not_principals, not_actions)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"Statement": ["s"]}',
        '{"Statement": [{"Principal": 1}]}',
        '{"Statement": [{"Principal": {"Robot": "r"}}]}',
        '{"Statement": [{"Condition": []}]}',
        '{"Statement": [{"Condition": {"StringEquals": "x"}}]}',
        "{}",
        "[" * 100_000,
        '{"statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}',
        '{"Statement": [], "Version": "2024-01-01"}',
        '{"Statement": [], "Version": ["2012-10-17"]}',
        '{"Statement": [], "Remark": "none"}',
        '{"Statement": [], "Statement": []}',
        '{"Statement": NaN}',
    ],
)
def test_what_is_no_trust_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own error is one
        parse(text)


def test_a_statement_whose_name_is_no_text_can_still_be_sealed() -> None:
    (one,) = parse('{"Statement": [{"Sid": 7, "Effect": "Allow", "Principal": "*", "Action": "*"}]}')
    assert decode(encode(one), TrustStatement) == one


GOOD = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def with_(**changed: Any) -> str:
    elements = {name: value for name, value in {**GOOD, **changed}.items() if value is not ABSENT}
    return encode({"Statement": [GOOD, elements]}).decode()


@pytest.mark.parametrize(
    "changed",
    [
        {"Effect": "allow"},
        {"Effect": ABSENT},
        {"Effect": ["Allow"]},
        {"effect": "Allow"},
        {"Principal": ABSENT},
        {"Principal": ABSENT, "Principle": "*"},
        {"Principal": None},
        {"Principal": "arn:aws:iam::111122223333:root"},
        {"Principal": ["*"]},
        {"Principal": {"aws": "*"}},
        {"Principal": {"*": "*"}},
        {"Principal": {"AWS": ""}},
        {"Principal": {"AWS": " *"}},
        {"Principal": {"AWS": None}},
        {"Principal": {"AWS": {"Ref": "x"}}},
        {"NotPrincipal": {"AWS": "*"}},
        {"Action": ABSENT},
        {"Action": None},
        {"Action": "AssumeRole"},
        {"Action": "sts:AssumeRole "},
        {"NotAction": "sts:TagSession"},
        {"Resource": "*"},
        {"Condition": None},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": None}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": [["o-example"]]}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a", "AWS:principalorgid": "o-b"}}},
    ],
)
def test_a_statement_that_is_not_as_aws_writes_it_lets_nobody_be_told_and_says_where(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^statement 2"):
        parse(with_(**changed))


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Principal":{"AWS":"1"},"Action":"sts:AssumeRole"}]}',
        '{"Statement":[{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}',
        '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*","AWS":"1"},"Action":"sts:AssumeRole"}]}',
    ],
)
def test_of_two_values_under_one_name_none_is_chosen(text: str) -> None:
    with pytest.raises(ValueError, match="stands twice in one object"):
        parse(text)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Sid": ""},
        {"Action": []},
        {"Principal": {}},
        {"Principal": {"AWS": []}},
        {"Condition": {}},
        {"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": []}}},
    ],
)
def test_what_aws_leaves_to_the_author_is_left_here_too(changed: dict[str, Any]) -> None:
    assert len(parse(with_(**changed))) == 2


@pytest.mark.parametrize("beside", [{}, {"Version": "2008-10-17"}, {"Version": "2012-10-17", "Id": "trust"}])
def test_a_version_and_a_name_may_stand_beside_the_statements(beside: dict[str, str]) -> None:
    assert len(parse(encode({"Statement": GOOD, **beside}).decode())) == 1
    assert parse(encode({"Statement": [], **beside}).decode()) == ()
