"""The package for this machine, unpacked once, and a place to run functions in."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import emulators
from tests.deployed import runtime
from tests.deployed.deployment import Run
from tests.deployed.package import host_architecture, package_of
from tests.emulators import Emulator


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings() -> Iterator[None]:
    with emulators.no_aws_settings():
        yield


@pytest.fixture(scope="session")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package lies unpacked; nothing can be written there, as in AWS."""
    root = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package_of(host_architecture()).path) as package:
        package.extractall(root)
    return root


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For logs, and the runtime client."""
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="session")
def run(task_root: Path, place: Path) -> Run:
    """Runs a handler of the package, by its dotted name, in a given environment and no other."""
    return lambda handler, environment: runtime.function(task_root, handler, environment, place=place)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server
