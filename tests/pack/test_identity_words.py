from datetime import datetime
from typing import Any

import msgspec
import pytest

from prooftrail.model.iam import AccessKey, OidcProvider, Role, SamlProvider, Secret, ServerCertificate, Usage
from prooftrail.model.identity import Identity
from prooftrail.model.trust import Condition, Principal, PrincipalType, TrustStatement
from prooftrail.pack.registers.identity_words import last_used, status_of, trust_summary
from tests.builders.judging_risk import a_key_of, a_person, a_worker
from tests.builders.times import NEVER, NOW, UNTOLD, days, used


def _statement(*principals: tuple[PrincipalType, str], **known: Any) -> TrustStatement:
    made: dict[str, Any] = {
        "effect": "Allow",
        "principals": tuple(Principal(type=kind, value=value) for kind, value in principals),
        "actions": ("sts:AssumeRole",),
        **known,
    }
    return TrustStatement(**made)


def _role(*trust: TrustStatement, document: str | None = "d") -> Identity:
    return msgspec.structs.replace(a_worker(), facts=Role(path="/", trust=trust, trust_document=document))


_ACCOUNT = (PrincipalType.AWS, "444455556666")
_LAMBDA = (PrincipalType.SERVICE, "lambda.amazonaws.com")
_ORG = Condition(operator="StringEquals", key="aws:principalorgid", values=("o-1", "o-2"))


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        (
            _role(_statement(_LAMBDA)),
            "Lets in the service lambda.amazonaws.com by sts:AssumeRole, without a condition.",
        ),
        (
            _role(_statement(_ACCOUNT, conditions=(_ORG,))),
            "Lets in whomever account 444455556666 lets by sts:AssumeRole, only if aws:principalorgid StringEquals o-1 or o-2.",
        ),
        (
            _role(_statement((PrincipalType.ANY, "*"))),
            "Lets in ANYBODY, in any account by sts:AssumeRole, without a condition.",
        ),
        (
            _role(_statement(_ACCOUNT, not_principals=True)),
            "Lets in everybody except whomever account 444455556666 lets by sts:AssumeRole, without a condition.",
        ),
        (
            _role(_statement(_LAMBDA), _statement(_ACCOUNT, effect="Deny")),
            "Lets in the service lambda.amazonaws.com by sts:AssumeRole, without a condition. 1 statement denies some of them.",
        ),
        (_role(_statement(_LAMBDA, actions=("sts:TagSession",))), "Lets nobody in."),
        (_role(), "Lets nobody in."),
        (_role(document=None), "Not known: its trust policy was not read."),
        (a_person(), None),
    ],
)
def test_a_trust_is_one_sentence_of_who_may_come_in_and_by_what(identity: Identity, said: str | None) -> None:
    assert trust_summary(identity) == said


def test_a_role_that_lets_in_many_names_a_few_and_counts_the_rest() -> None:
    many = [(PrincipalType.AWS, f"{number:012d}") for number in range(9)]

    assert " and 3 more by sts:AssumeRole" in str(trust_summary(_role(_statement(*many))))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (AccessKey(user_id=None, user_name="u", status="Active"), "active"),  # type: ignore[arg-type]
        (ServerCertificate(path="/", expires_at=NOW), "present"),
        (ServerCertificate(path="/", expires_at=NOW - days(0.001)), "expired"),
        (ServerCertificate(path="/", expires_at=None), "present"),
        (SamlProvider(valid_until=NOW - days(1)), "expired"),
        (Secret(rotation_enabled=False, deleted_at=NOW), "planned for deletion"),
        (Secret(rotation_enabled=False), "present"),
        (OidcProvider(), "present"),
    ],
)
def test_a_status_is_awss_word_or_what_the_dates_say(facts: Any, said: str) -> None:
    assert status_of(msgspec.structs.replace(a_worker(), facts=facts), NOW) == said


_TODAY = Usage(tracked=True, last_used_at=NOW, source="iam:GetAccessKeyLastUsed")


@pytest.mark.parametrize(
    ("password", "own", "key", "whole", "at", "said"),
    [
        (True, used(days(1)), None, True, NOW - days(1), "AWS"),
        (True, used(days(1)), _TODAY, True, NOW, "iam:GetAccessKeyLastUsed"),
        (False, NEVER, None, True, None, "it has nothing to sign in with"),
        (False, NEVER, None, False, None, "not known: AWS tells no use of it, or its source was not read"),
        (False, UNTOLD, NEVER, True, None, "AWS: no use on record"),
        (True, UNTOLD, NEVER, True, None, "not known: AWS tells no use of it, or its source was not read"),
        (True, UNTOLD, _TODAY, True, NOW, "iam:GetAccessKeyLastUsed; of some of its credentials not known"),
        (None, NEVER, NEVER, True, None, "AWS: no use on record"),
    ],
)
def test_the_last_use_of_a_user_is_that_of_its_password_or_of_any_key(
    password: bool | None, own: Usage, key: Usage | None, whole: bool, at: datetime | None, said: str
) -> None:
    user = a_person(password=password, usage=own)
    keys = [msgspec.structs.replace(a_key_of(user), usage=key)] if key else []

    assert last_used(user, keys, listed_whole=whole) == (at, said)
