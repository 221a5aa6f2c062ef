"""What a mail client would make a link of by itself is parted, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.notices.links import without
from prooftrail.notices.wording import known, shown


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("evil.com", "evil .com"),
        ("EVIL.COM", "EVIL .COM"),
        ("login.aws-signin.evil.com/reset?x=1", "login.aws-signin.evil .com/reset?x=1"),
        ("evil.com.", "evil .com."),
        ("(evil.co.uk)", "(evil .co .uk)"),
        ("evil.xn--p1ai", "evil .xn--p1ai"),
        ("зло.рф", "зло .рф"),
        ("evil\u3002com", "evil \u3002com"),
        ("help@evil.com", "help@evil .com"),
        ("help@evil.notyet", "help@evil .notyet"),
        ("help@evil.com and lambda.amazonaws.com", "help@evil .com and lambda.amazonaws .com"),
        ("evil .com", "evil .com"),
    ],
)
def test_the_name_of_a_host_is_parted_from_its_ending(text: str, parted: str) -> None:
    assert without(text) == parted
    assert shown(text) == parted
    assert known(text) == text


@pytest.mark.parametrize(
    "text",
    ["ada.lovelace", "owners.toml", "payments.prod", "It is so. It was.", "v1.2.3", "e.g.", "a..b", "x.", ".com"],
)
def test_what_no_client_makes_a_link_of_stays(text: str) -> None:
    assert without(text) == text


@given(st.text("ab.@/ -é\u3002", max_size=80).map(lambda text: text.replace("ab", "com")))
def test_parting_twice_changes_nothing_and_takes_nothing_away(text: str) -> None:
    once = without(text)
    assert without(once) == once
    assert once.replace(" ", "") == text.replace(" ", "")
