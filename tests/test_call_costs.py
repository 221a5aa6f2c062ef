"""What a number of calls grows with, as a number and in words."""

import pytest

from prooftrail.call_costs import Cost, Per


@pytest.mark.parametrize(
    ("cost", "counts", "calls"),
    [
        (Cost(per=Per.ACCOUNT), {}, 1),
        (Cost(per=Per.ACCOUNT, times=2, every="a week"), {}, 2),
        (Cost(per=Per.REGION), {Per.REGION: 17}, 17),
        (Cost(per=Per.PRINCIPAL, page=1000), {Per.PRINCIPAL: 0}, 1),
        (Cost(per=Per.PRINCIPAL, page=1000), {Per.PRINCIPAL: 1000}, 1),
        (Cost(per=Per.PRINCIPAL, page=1000), {Per.PRINCIPAL: 1001}, 2),
        (Cost(per=Per.PROVIDER), {}, 0),
        (Cost(per=Per.USER, only="rarely"), {Per.USER: 500}, 0),
    ],
)
def test_a_cost_gives_the_calls_it_stands_for(cost: Cost, counts: dict[Per, int], calls: int) -> None:
    assert cost.calls(counts) == calls


def test_a_cost_reads_as_a_formula() -> None:
    assert str(Cost(per=Per.USER)) == "one for each user"
    assert str(Cost(per=Per.ACCOUNT, times=2, every="a week")) == "2 for each account, once a week"
    assert str(Cost(per=Per.ROLE, page=1000)) == "one for every 1,000 (role)"
    assert str(Cost(per=Per.USER, only="in leap years")) == "one for each user, only in leap years"
