import functools
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prooftrail import handlers
from tests import emulators
from tests.flows.world import World
from tests.handlers.doors import Steps

_numbers = itertools.count(1)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """The doors over a small world in memory."""
    made = Steps(World())
    with emulators.no_aws_settings():
        # A logger lives as long as the process and writes to the output it met first: each test has its own.
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"prooftrail-{next(_numbers)}")
        monkeypatch.setattr(handlers, "_wiring", functools.lru_cache(maxsize=0)(made.wiring))  # keeps nothing
        handlers._logger.cache_clear()
        handlers._metrics.cache_clear()
        yield made
    handlers._logger.cache_clear()
    handlers._metrics.cache_clear()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What the doors have written since it was asked last, line by line."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
