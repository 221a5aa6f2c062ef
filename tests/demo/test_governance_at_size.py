"""The simulated organization's policy does not depend on its size, its day or its partition's name for things."""

import pytest

from prooftrail.governance import loosened, parse
from tests.demo.door import opened


@pytest.mark.parametrize("accounts", [1, 5])
def test_a_smaller_organization_has_the_same_policy(accounts):
    with opened(accounts=accounts) as small:
        few = small.governance_files()
    with opened() as whole:
        assert whole.governance_files() == few


def test_the_same_seed_gives_the_same_policy_and_no_day_loosens_it():
    with opened() as one:
        first = one.governance_files()
        one.set_day(5)
        assert one.governance_files() == first
    with opened() as other:
        assert other.governance_files() == first
    assert loosened(parse(first), parse(first)) == ()


def test_other_partitions_have_the_policy_in_their_own_names():
    with opened(partition="aws-us-gov") as organization:
        policy = parse(organization.governance_files())
    assert all(one.identity.startswith("arn:aws-us-gov:") for one in policy.exceptions.exception)
