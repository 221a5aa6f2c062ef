"""What holds for every test: how long one takes is no result, on machines that others use too."""

from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("prooftrail", deadline=None)
settings.load_profile("prooftrail")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, at the end, what this machine could not test; with workers only the controller hears of all of it."""
    left = Counter(
        one.longrepr[2] for one in terminalreporter.stats.get("skipped", ()) if isinstance(one.longrepr, tuple)
    )
    for why, tests in sorted(left.items()):
        said = f"LEFT OUT: {tests} test{'' if tests == 1 else 's'}: {why.removeprefix('Skipped: ')}"
        terminalreporter.write_line(said, red=True, bold=True)
