"""How a trust policy is read, and what is no trust policy at all."""

import pytest

from prooftrail.model.canonical import decode, encode
from prooftrail.model.trust import Condition, Principal, PrincipalType, TrustStatement, parse


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
    ],
)
def test_what_is_no_trust_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own error is one
        parse(text)


def test_a_statement_whose_name_is_no_text_can_still_be_sealed() -> None:
    (one,) = parse('{"Statement": [{"Sid": 7, "Effect": "Allow", "Principal": "*", "Action": "*"}]}')
    assert decode(encode(one), TrustStatement) == one
