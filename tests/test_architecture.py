"""What the house promises of itself: small rooms, no partition in the code, no host in a lock, nothing at import."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "functions").rglob("*.py"), *(ROOT / "infra").rglob("*.py"), ROOT / "app.py"])
LONGEST_FILE = 350  # lines
READ_ALONE = {
    "functions/prooftrail/pack/integrity/verify_pack.py"
}  # an auditor is handed this one file, and reads and runs it alone
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [one for one in SOURCES if named(one) not in READ_ALONE], ids=named)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_name_says_what_a_file_is_about(path: Path) -> None:
    assert not VAGUE & set(re.split(r"[/.]", named(path)))


def _strings(tree: ast.AST) -> Iterator[str]:
    docs = {id(node.body[0].value) for node in ast.walk(tree) if hasattr(node, "body") and _documented(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def _documented(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr)


@pytest.mark.parametrize("path", [one for one in SOURCES if "demo" not in one.parts], ids=named)
def test_no_partition_is_written_into_the_code(path: Path) -> None:
    assert not [one for one in _strings(ast.parse(path.read_text())) if "arn:aws:" in one]


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=named)
def test_a_lock_file_names_no_host_and_hashes_everything(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pinned = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)


def test_the_command_line_starts_in_an_empty_environment_and_without_awss_libraries() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import prooftrail.cli.main, sys; print('boto3' in sys.modules, 'moto' in sys.modules)"],
        env={"PYTHONPATH": str(ROOT / "functions"), "PATH": os.environ.get("PATH", "")},  # noqa: TID251
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == ["False", "False"]
