"""The one package that all functions share, built without Docker: the same inputs give the same content everywhere.

`python -m infra.bundling hash PATH` prints the hash of a package or of the directory it was unpacked to: the one that
every run's context carries. `python -m infra.bundling build arm64|x86_64` builds one and prints where it lies.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from infra.asset import Asset
from infra.content import ContentError, content_hash, zipped
from prooftrail import grants, permissions

type Architecture = Literal["arm64", "x86_64"]

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "lambda"
"""Where packages and wheels are kept between builds."""

LEFT_OUT = frozenset({"cli", "demo", "pack"})
"""Rooms of the package no function uses; the hash of the code leaves out the same."""

_PYTHON = (3, 13)
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
# Newest first, as pip prefers them. Amazon Linux 2023, under Lambda's Python 3.13, has glibc 2.34.
_LIBRARIES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
_CLIENTS = {"ses": "sesv2", "sso": "sso-admin", "states": "stepfunctions"}
_ALWAYS = frozenset({"dynamodb", "kms", "s3", "sts"})
_UNUSED_NAMES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "examples-1.json"})
_UNUSED_SUFFIXES = frozenset({".pyc", ".pyi"})
_PINNED = re.compile(r"^[A-Za-z0-9._-]+==", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class BundleError(RuntimeError):
    """The package cannot be built here; the message says why, and the fix."""


@cache
def services() -> frozenset[str]:
    """The services whose models the package needs, as botocore calls them: those of every action that is granted."""
    granted = [one.action for one in permissions.PERMISSIONS]
    granted += [action for use in grants.USES.values() for action in use.beside]
    return _ALWAYS | {_CLIENTS.get(prefix, prefix) for prefix in (action.partition(":")[0] for action in granted)}


def bundle(*, architecture: Architecture, into: Path = BUILT) -> Asset:
    """The package for one architecture, as a zip in `into`; what is there from the same inputs is not built again.

    Wheels are kept in `into` as well, and held against the lock's hashes each time. Raises BundleError.
    """
    _check_python()
    into.mkdir(parents=True, exist_ok=True)
    ours = dict(_ours())  # read once: what is edited meanwhile is the next package's
    package = into / f"prooftrail-{architecture}-{_inputs(architecture, ours)[:16]}.zip"
    if not package.exists():
        _say(f"building the functions' package for {architecture}")
        with tempfile.TemporaryDirectory(dir=into, prefix="building-") as scratch:
            tree, finished = Path(scratch) / "tree", Path(scratch) / package.name
            for wheel in _wheels(architecture, into):
                _unpack(wheel, tree)
            _write(ours, tree)
            _compile(tree)
            zipped(tree, finished)
            finished.replace(package)  # whoever builds the same at the same time finds it whole or not at all
    return Asset(path=package, sha256=content_hash(package), architecture=architecture)


def _check_python() -> None:
    if sys.implementation.name != "cpython" or sys.version_info[:2] != _PYTHON:
        raise BundleError(
            f"the functions run on CPython 3.13 and are compiled by the same, and this is {sys.implementation.name} "
            f"{sys.version.split()[0]}: run it with the .venv that `make` makes."
        )


def _lock() -> Path:
    return ROOT / "requirements" / "lambda.txt"


def _lock_hash() -> str:
    return hashlib.sha256(_lock().read_bytes()).hexdigest()[:16]


def _ours() -> Iterator[tuple[PurePosixPath, bytes]]:
    """Our own files by their place in the package, in order: the sources, their tables, and the governance."""
    for path in sorted((ROOT / "functions").rglob("*")):
        place = PurePosixPath(path.relative_to(ROOT / "functions").as_posix())
        ours = place.parts[0] == "prooftrail" and path.suffix in {".py", ".toml"} and place.parts[1] not in LEFT_OUT
        if ours or (place.parts[0] == "governance" and path.suffix == ".toml"):
            yield place, path.read_bytes()


def _inputs(architecture: Architecture, ours: Mapping[PurePosixPath, bytes]) -> str:
    """The hash of all that decides what the package holds. The compiler may differ between patch versions."""
    made_by = (_lock(), ROOT / "infra" / "bundling.py", ROOT / "infra" / "content.py")
    files = {PurePosixPath(one.name): one.read_bytes() for one in made_by} | dict(ours)
    total = hashlib.sha256(f"{architecture}\n{sys.version}\n{sorted(services())}\n".encode())
    for place, content in files.items():
        total.update(f"{place}\n".encode() + hashlib.sha256(content).digest())
    return total.hexdigest()


def _wheels(architecture: Architecture, into: Path) -> tuple[Path, ...]:
    """The wheels the lock names for this architecture, each held against its hashes; downloaded where need be."""
    lock, kept = _lock().read_text(), into / f"wheels-{architecture}-{_lock_hash()}"
    if not kept.exists():
        _say(f"fetching wheels for {architecture}")
        with tempfile.TemporaryDirectory(dir=into, prefix="fetching-") as scratch:
            _fetch(architecture, Path(scratch) / "wheels")
            if not kept.exists():
                (Path(scratch) / "wheels").replace(kept)
    allowed, wheels = set(_HASH.findall(lock)), tuple(sorted(kept.glob("*.whl")))
    if len(wheels) != len(wanted := _PINNED.findall(lock)):
        raise BundleError(
            f"{kept} holds {len(wheels)} wheels and requirements/lambda.txt names {len(wanted)}: delete it and try again."
        )
    for wheel in wheels:
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in allowed:
            raise BundleError(f"{wheel} is not what requirements/lambda.txt names: delete {kept} and try again.")
    return wheels


def _fetch(architecture: Architecture, into: Path) -> None:
    """Download by pip, which takes index and proxy from its own settings. Nothing is built: wheels or nothing."""
    platforms = [f"--platform={library}_{_MACHINES[architecture]}" for library in _LIBRARIES]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=3.13"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and a fixed command
        [*command, *platforms, f"--dest={into}", f"--requirement={_lock()}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BundleError(_refused(architecture, done.stderr))


def _refused(architecture: Architecture, said: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    reason = (lines or said.strip().splitlines()[-1:] or ["it did not say why"])[-1].rstrip(". ")
    if "No module named pip" in said:
        return f"{sys.executable} has no pip: run it with the .venv that `make` makes."
    return (
        f"pip cannot fetch the wheels of requirements/lambda.txt for {architecture} ({reason}): check the network and "
        f"pip's index (`{Path(sys.executable).name} -m pip config list`)."
    )


def _unpack(wheel: Path, tree: Path) -> None:
    """Put what a wheel installs for importing into `tree`, without what no function reads."""
    with zipfile.ZipFile(wheel) as opened:
        names = [PurePosixPath(one.filename) for one in opened.infolist() if not one.is_dir()]
        newest = _newest_models(names)
        for name in names:
            top, *rest = name.parts
            if top.endswith(".data"):
                if rest[0] in {"purelib", "platlib"}:
                    raise BundleError(f"{wheel.name} installs {name} out of place, which bundling does not know.")
                continue  # scripts and headers
            if _needed(name, newest):
                _write({name: opened.read(str(name))}, tree)


def _newest_models(names: Iterable[PurePosixPath]) -> dict[str, str]:
    """Each service's newest API version, the one botocore loads."""
    models = (one.parts for one in names if one.parts[:2] == ("botocore", "data") and len(one.parts) > 4)
    newest: dict[str, str] = {}
    for parts in models:
        newest[parts[2]] = max(parts[3], newest.get(parts[2], ""))
    return newest


def _needed(name: PurePosixPath, newest: dict[str, str]) -> bool:
    parts = name.parts
    if name.suffix in _UNUSED_SUFFIXES or name.name.removesuffix(".gz") in _UNUSED_NAMES or "tests" in parts[:-1]:
        return False
    if parts[:2] == ("botocore", "data") and len(parts) > 4:
        return parts[2] in services() and parts[3] == newest[parts[2]]
    if parts[:2] == ("boto3", "data") and len(parts) > 3:
        return parts[2] in services()
    return parts[:2] != ("boto3", "examples")


def _write(files: Mapping[PurePosixPath, bytes], tree: Path) -> None:
    for place, content in files.items():
        target = tree.joinpath(*place.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _compile(tree: Path) -> None:
    """Compile all, beside the sources: a function cannot write there, and loads compiled code three times as fast.

    Unchecked, because a function's files never change. In a process of its own and in fixed order: what else an
    interpreter holds shows in the bytes it writes.
    """
    command = [sys.executable, "-s", "-S", "-P", "-m", "compileall", "-q", "-f", "-j", "1"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and a fixed command
        [*command, "--invalidation-mode", "unchecked-hash", "-s", str(tree), str(tree)],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BundleError(f"a file of the package cannot be compiled: {(done.stdout + done.stderr).strip()[:500]}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 done, 1 what was named cannot be read or built, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m infra.bundling", description="The functions' package.")
    commands = parser.add_subparsers(dest="command", required=True)
    hashing = commands.add_parser("hash", help="print the hash of a package's content")
    hashing.add_argument("package", type=Path, help="a zip, or the directory it was unpacked to")
    building = commands.add_parser("build", help="build the package and print its hash and path")
    building.add_argument("architecture", choices=get_args(Architecture.__value__))
    building.add_argument("--into", type=Path, default=BUILT, help="where packages and wheels are kept")
    given = parser.parse_args(arguments)
    try:
        if given.command == "hash":
            sys.stdout.write(f"{content_hash(given.package)}\n")
        else:
            asset = bundle(architecture=given.architecture, into=given.into)
            sys.stdout.write(f"{asset.sha256}  {asset.path}\n")
    except (BundleError, ContentError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
