"""A sealed town for all tests of a worker, copies of it to tamper with, and the command line itself."""

from pathlib import Path

import pytest

from prooftrail.cli import main
from tests.cli.lockers import Copy, Prooftrail, Said, Town, copied, four_days, words


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Four days of two accounts; nobody may change it."""
    return four_days(tmp_path_factory.mktemp("town"))


@pytest.fixture
def tampered(town: Town, tmp_path: Path) -> Copy:
    """A copy to tamper with."""
    return copied(town, tmp_path)


@pytest.fixture
def prooftrail(capsys: pytest.CaptureFixture[str]) -> Prooftrail:
    """Runs a command line as a shell would."""

    def run(*arguments: object) -> Said:
        code = main.main(words(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
