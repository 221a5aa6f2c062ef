"""What an auditor's requests are understood as, and how far they are answered."""

from typing import Any

import pytest

from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.of_period import registers_asked_for
from prooftrail.pack.registers.request_words import words_of
from prooftrail.pack.table import Value
from prooftrail.pack.view import AccountView, PackOptions
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_period, an_account_view, an_unread_account_view, some_identities
from tests.builders.times import ACCOUNT, MEMBER, NOW, STRANGER
from tests.pack.period_rows import rows, tallied

KEY = some_identities()[0]


def answer(asked: str, *views: AccountView, **changes: Any) -> dict[str, Value]:
    options = PackOptions(since=NOW.date(), until=NOW.date(), requests=(("R1", asked),))
    period, tally = tallied(*views, options=options, **changes)
    tally.rows["07_identity_control_results"] = 8
    (row,) = rows("35", period, tally)
    assert (row["request_id"], row["asked"]) == ("R1", asked)
    return row


def test_a_pack_has_the_register_only_where_something_was_asked() -> None:
    assert "35_requests" not in {one.table.file for one in registers_asked_for(a_period())}


@pytest.mark.parametrize(
    ("asked", "meaning", "status"),
    [
        ("IDC-15", "control IDC-15", "partly"),
        ("idc15", "control IDC-15", "partly"),
        ("IDC-05", "control IDC-05", "not covered"),
        ("A.5.17", "A.5.17 (ISO/IEC 27001:2022)", "partly"),
        ("5.17", "A.5.17 (ISO/IEC 27001:2022)", "partly"),
        ("NHI-03", "NHI7:2025", "partly"),
        ("A.7.4", "framework id A.7.4", "not covered"),
        ("Q7", "question 7: ", "not covered"),
        ("question 1", "question 1: ", "answered"),
        ("07", "file 07", "answered"),
        ("07_identity_control_results.csv", "file 07", "answered"),
        ("10", "file 10", "not covered"),
        (ACCOUNT, f"account {ACCOUNT}", "answered"),
        (STRANGER, f"account {STRANGER}", "not covered"),
        (KEY.id, f"identity {KEY.id}", "answered"),
        (KEY.id.lower(), f"identity {KEY.id.lower()}", "answered"),
        ("ada", "identity ada", "answered"),
        ("jane", "owner jane", "answered"),
        ("Password policy", "control IDC-12", "not covered"),
        ("segregation of DUTIES", "control IDC-24", "not covered"),
        ("Access key rotation", "control IDC-15", "partly"),
        ("Exceptions register", "file 15 Exceptions", "answered"),
        ("Extract of the statement of applicability", "file 06 Extract", "answered"),
        ("all access keys", "population access-keys", "answered"),
        ("Non-human identities", "population non-human", "answered"),
        ("OIDC providers", "kind oidc_provider", "answered"),
    ],
)
def test_what_is_understood(asked: str, meaning: str, status: str) -> None:
    row = answer(asked)
    assert str(row["understood_as"]).startswith(meaning)
    assert row["status"] == status


@pytest.mark.parametrize(
    "asked", ["", "   ", "who is the boss?", "Q15", "Q0", "99", "=cmd()", "IDC-99 please", "the moon\x00"]
)
def test_what_is_not_understood_says_how_to_ask(asked: str) -> None:
    row = answer(asked)
    assert (row["status"], row["answered_by"], row["rows"]) in {("not understood", (), None), ("not covered", (), None)}
    assert row["note"]


@pytest.mark.parametrize(
    ("asked", "meaning", "words"),
    [
        ("Root user MFA", "perhaps control IDC-10", "(3 of 3 words: root, user, mfa)"),
        ("List of all access keys with age and last use", "perhaps population access-keys", "access, key"),
        ("Evidence that leavers are removed", "perhaps question 6", "(1 of 2 words: leaver)"),
        ("CloudTrail logging", "perhaps control IDC-33", "(1 of 1 words: logged)"),
        ("Access reviews, last two", "perhaps question 7", "(4 of 4 words"),
    ],
)
def test_a_guess_by_words_says_so_and_on_how_many_of_them_it_rests(asked: str, meaning: str, words: str) -> None:
    row = answer(asked)
    assert str(row["understood_as"]).startswith(meaning)
    assert row["status"] == "perhaps"
    assert str(row["note"]).startswith("a guess by words, to be confirmed: ")
    assert words in str(row["note"])


def test_several_ids_on_one_line_are_all_answered() -> None:
    row = answer(f"IDC-15, A.5.17; {ACCOUNT} and {KEY.id}")
    told = str(row["understood_as"])
    assert [told.count(one) for one in ("control IDC-15", "A.5.17 (ISO", f"account {ACCOUNT}", "identity ")] == [
        1,
        1,
        1,
        1,
    ]
    assert (row["rows"], row["status"]) == (None, "partly")
    assert "IDC-15: 2 rows of 07_identity_control_results.csv" in str(row["note"])
    assert "of it was understood" not in str(row["note"])


def test_a_line_with_a_fault_is_answered_and_marked() -> None:
    asked = (("R1", "Q1"), ("R1", "07"), ("", "Q1"), ("R4", ""))
    options = PackOptions(since=NOW.date(), until=NOW.date(), requests=asked)
    found = rows("35", *tallied(options=options))
    assert [(one["status"], one["fault"]) for one in found] == [
        ("answered", "its id stands 2 times"),
        ("answered", "its id stands 2 times"),
        ("answered", "it has no id"),
        ("not understood", "it has no text"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("List of all the Access Keys!", ("access", "key")),
        ("policies, address, bus, MFA; multi-factor", ("policy", "address", "bus", "mfa")),
        ("the of and", ()),
        ("\ud800 =cmd()", ("cmd",)),
    ],
)
def test_words_that_say_something_are_compared_in_the_singular(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_of_a_sentence_the_id_in_it_is_understood_and_the_answer_is_partial() -> None:
    row = answer("please show me file evidence for q1, thank you")
    assert str(row["understood_as"]).startswith("question 1: ")
    assert row["status"] == "partly"
    assert str(row["note"]).startswith("only Q1 of it was understood")


def test_rows_of_a_control_are_its_results() -> None:
    row = answer("IDC-15")
    assert row["rows"] == 2
    assert str(row["note"]).startswith("PASS 1, FAIL 1; IDC-15 not covered: ")
    assert row["answered_by"][:2] == ("07_identity_control_results.csv", "11_rotation.csv")  # type: ignore[index]


def test_rows_of_a_file_are_those_that_were_written() -> None:
    assert answer("07")["rows"] == 8
    assert answer("08")["rows"] is None


def test_a_control_without_a_tested_result_is_not_covered() -> None:
    untested = a_result(ResultStatus.NOT_TESTED, control="IDC-15", subject=KEY.id)
    assert answer("IDC-15", an_account_view(results=(untested,)))["status"] == "not covered"


def test_an_account_that_was_never_read_is_not_covered_and_says_why() -> None:
    row = answer(MEMBER, an_account_view(), an_unread_account_view())
    assert (row["status"], row["rows"]) == ("not covered", 0)
    assert row["note"] == "it was never read (AWS refuses sts:AssumeRole)"


def test_a_name_that_several_identities_have_is_answered_with_their_number() -> None:
    other = an_account_view(account=MEMBER)
    row = answer("ada", an_account_view(), other)
    assert (row["rows"], row["note"]) == (2, "2 identities go by it")


def test_a_question_that_is_not_covered_counts_no_rows() -> None:
    assert answer("Q7")["rows"] is None
