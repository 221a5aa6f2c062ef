"""What a pseudonymised pack says in place of people: places and keys stay, names go."""

from datetime import UTC, datetime

import pytest

from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.manifest import Head
from prooftrail.flows import pack_withheld
from prooftrail.pack.view import PackAnswer

AT = datetime(2026, 11, 1, tzinfo=UTC)
PERSON = "person-0123456789abcdef0123"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("arn:aws:sts::111111111111:assumed-role/Admin/jane", "arn:aws:sts::111111111111:assumed-role/Admin/(name withheld)"),
        ("arn:aws:iam::111111111111:user/jane", "arn:aws:iam::111111111111:user/(name withheld)"),
        ("arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:root"),
        ("arn:aws:sts::1:federated-user/jane@example.com", "(name withheld)"),
        ("jane", "(name withheld)"),
        ("jane@example.com", "(name withheld)"),
        ("", "(name withheld)"),
        ("key:" + "a" * 64, "key:" + "a" * 64),
        (PERSON, PERSON),
    ],
)  # fmt: skip
def test_who_acted_is_told_by_place_and_key_and_not_by_name(said: str, shown: str) -> None:
    assert pack_withheld.who(said) == shown


def test_of_a_custody_record_all_stays_but_people_and_free_text() -> None:
    record = Custody(
        action=CustodyAction.HOLD,
        who="jane",
        at=AT,
        locker="s3://evidence",
        head=Head(seq=1, sha256="0" * 64),
        scope="account 111111111111",
        reason="Jane asked",
        reference="case 7 (jane@example.com)",
        objects=3,
        objects_sha256="1" * 64,
    )
    shown = pack_withheld.custody(record)
    assert (shown.who, shown.reason) == ("(name withheld)", "(free text withheld)")
    assert shown.reference == "case 7 ((address withheld))"
    assert (shown.scope, shown.objects, shown.head, shown.at) == (record.scope, 3, record.head, AT)


def test_of_an_answer_the_matters_and_the_new_owner_stay() -> None:
    told = PackAnswer(
        key="answers/1", kind="reassigned", who="jane", at=AT, matters=("f",), reason="Jane left", to=PERSON
    )
    shown = pack_withheld.answer(told)
    assert (shown.who, shown.reason, shown.matters, shown.to) == (
        "(name withheld)",
        "(free text withheld)",
        ("f",),
        PERSON,
    )
