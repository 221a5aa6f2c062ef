"""The simulated organization, judged under its own policy, shows every kind of result where its story says so."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from prooftrail import wiring
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import AssessmentLine, Result, ResultStatus
from prooftrail.model.run import Run, Schedule
from prooftrail.model.snapshot import Line
from tests.demo.door import opened

DAILY = Schedule(every_hours=24, at="06:00")


class Told:
    """The results of one run, by control and by the name of the identity, a credential's under its user's."""

    def __init__(self, locker: Path) -> None:
        identities = {one.id: one for one in _lines(locker / "snapshot", Line) if isinstance(one, Identity)}
        self.results: dict[tuple[str, str], list[Result]] = defaultdict(list)
        for one in _lines(locker / "assessment", AssessmentLine):
            found = identities.get(one.identity or "") if isinstance(one, Result) else None
            if isinstance(one, Result) and found is not None:
                user = identities.get(found.parent or "", found)
                self.results[one.control, user.name].append(one)

    def of(self, control: str, name: str) -> set[ResultStatus]:
        """What a control came to for one identity or its credentials."""
        return {one.status for one in self.results[control, name]}

    def why(self, control: str, name: str) -> str:
        """All the reasons for it."""
        return " ".join(one.reason for one in self.results[control, name])


def _lines(folder: Path, as_type: object) -> Iterator[object]:
    decoder = msgspec.json.Decoder(as_type)
    for path in sorted(folder.rglob("*.gz")):
        yield from map(decoder.decode, gzip.decompress(path.read_bytes()).splitlines())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole organization on its first day, scanned and judged under its own policy."""
    folder = tmp_path_factory.mktemp("judged")
    policy = folder / "governance"
    policy.mkdir()
    with opened() as organization:
        for name, text in organization.governance_files().items():
            (policy / name).write_bytes(text)
        options = wiring.Options(
            locker=str(folder / "evidence"),
            home=folder / "home",
            organization=True,
            role_name=f"prooftrail/{organization.role_name}",
            external_id=organization.external_id,
            governance=policy,
            endpoint_url=organization.endpoint_url,
            credentials=organization.credentials(),
            schedule=DAILY,
        )
        deployment = wiring.embedded(options, clock=organization)
        deployment.sweep(Run.scheduled(organization.set_day(1), None))
    return Told(folder / "evidence")


PASS, FAIL, EXCEPTION = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.EXCEPTION
NOT_APPLICABLE, NOT_TESTED = ResultStatus.NOT_APPLICABLE, ResultStatus.NOT_TESTED

STORY = (
    ("IDC-15", "svc-card-vault", PASS),
    ("IDC-15", "svc-billing-export", FAIL),
    ("IDC-15", "svc-hsm-bridge", EXCEPTION),
    ("IDC-16", "svc-hsm-bridge", PASS),
    ("IDC-16", "svc-trial-export", FAIL),
    ("IDC-02", "svc-trial-export", FAIL),
    ("IDC-02", "dave.dyer", FAIL),
    ("IDC-07", "svc-legacy-ftp", FAIL),
    ("IDC-07", "svc-key-two-unused", FAIL),
    ("IDC-07", "break-glass-1", NOT_APPLICABLE),
    ("IDC-13", "break-glass-1", NOT_APPLICABLE),
    ("IDC-25", "break-glass-1", PASS),
    ("IDC-25", "break-glass-2", FAIL),
    ("IDC-11", "ops,second.column", FAIL),
    ("IDC-14", "svc-console", FAIL),
    ("IDC-17", "payments/ledger-api", FAIL),
    ("IDC-19", "shop-legacy", FAIL),
    ("IDC-20", "playground", FAIL),
    ("IDC-21", "deploy-helper", FAIL),
    ("IDC-22", "deploy-helper", FAIL),
    ("IDC-26", "vendor-monitoring", PASS),
    ("IDC-26", "vendor-backup", FAIL),
    ("IDC-27", "github-app-main", PASS),
    ("IDC-27", "github-ledger-prod", PASS),
    ("IDC-27", "github-any-repository", FAIL),
    ("IDC-27", "github-anyone", FAIL),
    ("IDC-27", "eks-etl-loader", PASS),
    ("IDC-27", "eks-anything", FAIL),
    ("IDC-27", "eks-pod-reports", NOT_TESTED),
    ("IDC-27", "eks-pod-ledger", PASS),
    ("IDC-28", "quick-test", FAIL),
    ("IDC-28", "org-wide-traces", PASS),
    ("IDC-30", "DataEngineer", FAIL),
)


@pytest.mark.parametrize(("control", "name", "status"), STORY, ids=[f"{one[0]} {one[1]}" for one in STORY])
def test_what_the_story_promises_is_what_is_judged(told: Told, control: str, name: str, status: ResultStatus) -> None:
    assert status in told.of(control, name), told.why(control, name)


def test_an_exception_that_expired_is_void_and_says_so(told: Told) -> None:
    assert FAIL in told.of("IDC-15", "svc-two-active")
    assert "EXC-1987 is void: it expired" in told.why("IDC-15", "svc-two-active")


def test_an_exception_whose_compensator_fails_is_void_and_says_why(told: Told) -> None:
    assert "EXC-2052 is void: its compensating control AC-6 (IDC-20) does not hold" in told.why(
        "IDC-26", "vendor-backup"
    )
