"""A fake that passes no contract proves nothing: every class under tests that could stand for one of the ports is found."""

import ast
from pathlib import Path
from typing import Any

import pytest

from prooftrail import ports
from prooftrail.ports import notices, pulling
from tests.contracts import fakes

TESTS = Path(__file__).parents[1]
CONTRACTS: dict[Any, tuple[type, str]] = {
    ports.Locker: (fakes.MemoryLocker, "test_locker_contract.py"),
    ports.Ledger: (fakes.MemoryLedger, "test_ledger_contract.py"),
    ports.Signer: (fakes.MemorySigner, "test_signer_contract.py"),
    ports.LegalHolds: (fakes.MemoryHolds, "test_hold_contract.py"),
    ports.FingerprintKey: (fakes.MemoryFingerprintKey, "test_signer_contract.py"),
    notices.Notifier: (fakes.MemoryNotifier, "test_notifier_contract.py"),
    notices.Claims: (fakes.MemoryClaims, "test_claims_contract.py"),
    pulling.EvidenceSource: (fakes.MemoryEvidence, "test_evidence_source_contract.py"),
    notices.Letters: (fakes.MemoryLetters, "test_letters_contract.py"),
}


def methods(of: type) -> frozenset[str]:
    return frozenset(name for name, value in vars(of).items() if callable(value) and not name.startswith("_"))


@pytest.mark.parametrize("port", CONTRACTS, ids=lambda port: port.__name__)
def test_a_class_in_the_tests_that_could_stand_for_a_port_is_the_one_that_passes_its_contract(port: type) -> None:
    fake, _ = CONTRACTS[port]
    standing_in = [
        f"{path.relative_to(TESTS)}: {node.name}"
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and methods(port) <= {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    ]

    assert standing_in == [f"contracts/fakes.py: {fake.__name__}"]


@pytest.mark.parametrize("port", CONTRACTS, ids=lambda port: port.__name__)
def test_the_contract_runs_on_the_fake(port: type) -> None:
    fake, suite = CONTRACTS[port]

    source = ast.parse((TESTS / "contracts" / suite).read_text(encoding="utf-8"))

    assert fake.__name__ in {node.id for node in ast.walk(source) if isinstance(node, ast.Name)}


def test_every_fake_belongs_to_a_port() -> None:
    defined = {
        value for value in vars(fakes).values() if isinstance(value, type) and value.__module__ == fakes.__name__
    }

    assert defined == {fake for fake, _ in CONTRACTS.values()}
