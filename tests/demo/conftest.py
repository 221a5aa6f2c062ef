from collections.abc import Iterator

import pytest

from prooftrail.demo.organization import SimulatedOrganization
from tests.demo.door import opened


@pytest.fixture(scope="module")
def organization() -> Iterator[SimulatedOrganization]:
    """The whole organization on its first day; a module's tests share it and leave its day alone."""
    with opened() as it:
        yield it


@pytest.fixture
def moving() -> Iterator[SimulatedOrganization]:
    """An organization of the test's own, to move through days and to break."""
    with opened() as it:
        yield it
