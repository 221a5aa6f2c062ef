"""The functions' package for tests, built once and kept between sessions like any other build."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from infra.asset import Asset
from infra.bundling import Architecture, bundle


@cache
def package_of(architecture: Architecture) -> Asset:
    """The package. Wheels that cannot be had fail the test: a lock without one for arm64, which ships, looks the same."""
    return bundle(architecture=architecture)


def host_architecture() -> Architecture:
    """The architecture of this machine."""
    return "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"


def site_packages() -> Path:
    """Where the tests' own libraries are installed."""
    found = find_spec("awslambdaric")
    assert found is not None, "awslambdaric is not installed: run `make test`"
    return Path(str(found.origin)).parents[1]
