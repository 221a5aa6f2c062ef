"""The implementations that every contract is held against, each in a fresh place."""

from collections.abc import Iterator

import pytest

from tests import emulators
from tests.emulators import Emulator


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings() -> Iterator[None]:
    with emulators.no_aws_settings():
        yield


@pytest.fixture(scope="session")
def moto() -> Iterator[Emulator]:
    with emulators.moto() as server:
        yield server


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server
