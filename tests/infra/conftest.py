"""One synthesis for all tests of infrastructure: it takes longer than all of them."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.infra.synthesis import Assembly


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--regenerate-templates` writes the golden templates anew; the diff is the review."""
    parser.addoption("--regenerate-templates", action="store_true", help="write tests/golden/templates anew")


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> "Assembly":
    """All stacks of both stages, synthesized once, by the first test that asks."""
    from tests.infra.synthesis import synthesize

    return synthesize(tmp_path_factory.mktemp("assembly"))
