"""The functions' package for tests, built once and kept between sessions like any other build."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.asset import Asset
from infra.bundling import Architecture, BundleError, bundle


@cache
def package_of(architecture: Architecture) -> Asset:
    """The package; the test is skipped, and says why, only where its wheels cannot be fetched."""
    try:
        return bundle(architecture=architecture)
    except BundleError as error:
        if not str(error).startswith("pip cannot fetch"):
            raise
        pytest.skip(f"THE DEPLOYED PACKAGE IS NOT TESTED: {error}")


def host_architecture() -> Architecture:
    """The architecture of this machine."""
    return "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"


def site_packages() -> Path:
    """Where the tests' own libraries are installed."""
    found = find_spec("awslambdaric")
    assert found is not None, "awslambdaric is not installed: run `make test`"
    return Path(str(found.origin)).parents[1]
