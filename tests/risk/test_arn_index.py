"""The ARNs a pattern names are found by index, and are exactly those it covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.risk.arn_index import ArnIndex
from prooftrail.risk.patterns import covers

HEAD = "arn:aws:iam::111122223333:role/"
NAMES = ("app-1", "app-2", "app-10", "x/app-1", "x/y/app-1", "admin", "a:b/admin", "zz", "Äpp")
ARNS = [HEAD + one for one in NAMES]
PIECES = st.sampled_from(["*", "?", "a", "pp-", "1", "/", ":", "role", "arn:aws:iam::", "111122223333", HEAD, "admin"])


@pytest.mark.parametrize(
    "pattern",
    ["*", "arn:*", f"{HEAD}*", f"{HEAD}app-*", f"{HEAD}app-?", f"{HEAD}*/app-1", "arn:aws:iam::*:role/app-1*", "*app-1",
     "arn:aws:iam::*:role/admin", "arn:*:iam::*:*", "arn:aws:s3:::*", "arn:aws:iam::999988887777:role/*", f"{HEAD}admin",
     f"{HEAD}nobody", "", "?rn:aws:iam::1*3:role/?pp-1"],
)  # fmt: skip
def test_a_pattern_finds_what_it_covers_in_order(pattern: str) -> None:
    assert ArnIndex(reversed(ARNS)).matching(pattern) == sorted(one for one in ARNS if covers(pattern, one))


@given(st.lists(PIECES, max_size=6).map("".join), st.booleans())
def test_an_index_and_a_look_at_everything_say_the_same(pattern: str, elsewhere: bool) -> None:
    arns = [*ARNS, "arn:aws:iam::999988887777:role/app-1"] if elsewhere else ARNS
    assert ArnIndex(arns).matching(pattern) == sorted(one for one in arns if covers(pattern, one))
