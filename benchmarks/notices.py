"""Measures what a day's planning of notices takes: seconds and peak memory for 20,000 owners and 1,000,000 findings.

Each day of each size runs in a process of its own, over findings objects as they lie in a locker (packed lines, decoded
again), and seals into packed parts as a run does; files stand for the store. The first day tells everything at once; the
day after remembers it.
"""

import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.controls import parsing
from prooftrail.evidence import lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.lines import LineWriter
from prooftrail.evidence.manifest import Code, Head
from prooftrail.flows.notice_memory import Recalled
from prooftrail.flows.notice_planning import Planning
from prooftrail.flows.notice_sources import AccountFindings, findings_of
from prooftrail.governance import Governance
from prooftrail.governance.notices import Notices, Opening
from prooftrail.governance.policy import Owner, Owners
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Finding, FindingsHeader, FindingStatus, Limit, SubjectType, Tier
from prooftrail.model.notice import Answer, Notice, Reach, ReachState, Sent, Told
from prooftrail.model.organization import Account, OrganizationFacts
from prooftrail.model.run import Run
from prooftrail.notices.digest import Draft
from prooftrail.settings import NOTICE_SHARD

SIZES = ((100_000, 2_000), (1_000_000, 20_000))
PER_ACCOUNT = 100
_PART_LINES = 50_000  # as flows/notice_commits seals them
_AT = datetime(2026, 11, 20, 5, tzinfo=UTC)
_CONTROLS = ("IDC-15", "IDC-07", "IDC-08", "IDC-20", "IDC-21", "IDC-23", "IDC-13")
_KINDS = (Kind.ACCESS_KEY, Kind.SERVICE_USER, Kind.ROLE_WORKLOAD, Kind.ROLE_CICD)
_TIERS = (Tier.LOW, Tier.MEDIUM, Tier.MEDIUM, Tier.HIGH, Tier.HIGH, Tier.CRITICAL)
_MB = 1024
_DAYS = {"first day": date(2026, 11, 20), "day after": date(2026, 11, 21)}


def notices() -> list[dict[str, Any]]:
    """A row a size and day: seconds and megabytes of planning it."""
    found: list[dict[str, Any]] = []
    for findings, owners in SIZES:
        found += measured(findings, owners)
    return found


def _person(number: int) -> str:
    return f"person-{number:020x}"


def _findings(account: int, owners: int) -> list[FindingsHeader | Finding]:
    draw, run = random.Random(account), "20261120T050000Z"
    made: list[FindingsHeader | Finding] = [
        FindingsHeader(run_id=run, account=f"{account:012d}", taken_at=_AT, first_run=run)
    ]
    for number in range(PER_ACCOUNT):
        at = account * PER_ACCOUNT + number
        tier = draw.choice(_TIERS)
        made.append(
            Finding(
                fingerprint=f"{at:032x}",
                control=draw.choice(_CONTROLS),
                subject=f"AIDA{at:016d}",
                subject_type=SubjectType.PRINCIPAL,
                identity=f"AIDA{at:016d}",
                kind=draw.choice(_KINDS),
                arn=f"arn:aws:iam::{account:012d}:user/services/svc-{at}",
                name=f"svc-{at}",
                family=None,
                owner=_person(draw.randrange(owners)),
                status=FindingStatus.OPEN,
                severity=tier,
                tier=tier,
                reason=f"Active key of user svc-{at} is 410 days old and past what its tier allows.",
                opened_run=run,
                opened_at=_AT,
                since_before=True,
                due_at=_AT + timedelta(days=draw.randrange(1, 90)),
                due_why="",
                last_seen_run=run,
                limit=Limit(name="max_age_days", value="60 days", set_by="RISK-118, approved 2026-05-02"),
                used="last used 2026-11-19",
            )
        )
    return made


class _Synthetic:
    """A run whose every account holds findings of owners drawn at random."""

    locker_address = "s3://evidence"

    def __init__(self, folder: Path, findings: int, owners: int, on: date) -> None:
        self._folder, self._findings, self._owners = folder, findings, owners
        self._recalled = Recalled(None, None, None)  # type: ignore[arg-type]
        self.run = Run.scheduled(datetime(on.year, on.month, on.day, 5, tzinfo=UTC), None)
        self.context = self._context()

    def accounts(self) -> Iterator[AccountFindings]:
        for account in range(self._findings // PER_ACCOUNT):
            body = (self._folder / f"{account:012d}").read_bytes()
            yield findings_of(f"{account:012d}", self.run.id, "findings/x", body)

    def make(self) -> None:
        """Write every account's findings as they lie in a locker."""
        for account in range(self._findings // PER_ACCOUNT):
            packed = lines.pack(_findings(account, self._owners))
            (self._folder / f"{account:012d}").write_bytes(packed.body)

    def people(self, wanted: Mapping[tuple[str, str], frozenset[str]]) -> dict[str, str]:
        return {token: f"owner-{int(token[7:], 16)}@example.com" for token in frozenset[str]().union(*wanted.values())}

    def answers(self) -> tuple[Answer, ...]:
        return ()

    def remember(self, recalled: Recalled) -> None:
        """From now on this was told before."""
        self._recalled = recalled

    def memory(self, _on: date) -> Recalled:
        return self._recalled

    def _context(self) -> Context:
        openings = tuple(Opening(tier=str(one), approved_by="a", approved_on=date(2026, 1, 1)) for one in Tier)
        people = tuple(Owner(id=_person(one), name=_person(one), email=_person(one)) for one in range(self._owners))
        policy = Governance(
            owners=Owners(owner=people),
            notices=Notices(opened=openings, cap_per_day=100_000),
            pseudonymous=True,
        )
        accounts = tuple(
            Account(id=f"{one:012d}", name=f"account-{one}") for one in range(self._findings // PER_ACCOUNT)
        )
        return Context(
            run=self.run,
            partition="aws",
            caller_account=f"{0:012d}",
            caller_arn="arn:aws:iam::000000000000:role/scanner",
            organization=OrganizationFacts(),
            accounts=accounts,
            delegated_administrators=(),
            policies=(),
            cells=(),
            governance=policy,
            code=Code(version="0", sha256="0" * 64),
            previous=Head(seq=0, sha256="0" * 64),
            previous_verified=True,
            catalog=parsing.shipped(),
        )


class _Sink:
    """Packs what is made into parts, as a run seals it, and puts each away when it is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told, self._noticed = LineWriter(), LineWriter()
        self._rows = self._parts = 0
        self.mails, self.items, self.largest = 0, 0, 0

    def told(self, row: Told) -> None:
        self._told.add(row)
        self._rows += 1
        if self._rows == _PART_LINES:
            self._put("told")

    def recipient(self, _recipient: str, _reach: Reach | None, drafts: list[Draft]) -> None:
        for one in drafts:
            self._noticed.add(one.notice)
            self.mails += 1
            self.items += sum(len(each.matters) for each in one.notice.items)
            self.largest = max(self.largest, len(one.letter_text))
        if self.mails % NOTICE_SHARD == 0:
            self._put("notices")

    def finish(self) -> None:
        """Put away what is left."""
        self._put("told")
        self._put("notices")

    def _put(self, what: str) -> None:
        writer = self._told if what == "told" else self._noticed
        self._parts += 1
        (self._folder / f"{what}-{self._parts:04d}").write_bytes(writer.finish().body)
        if what == "told":
            self._told, self._rows = LineWriter(), 0
        else:
            self._noticed = LineWriter()


class _Yesterday(Recalled):
    """What the day before sealed, all of it sent; read part by part."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, None, None)  # type: ignore[arg-type]
        self._folder = folder
        self.previous = "20261120T050000Z"
        for one in self.notices():
            self.sent[one.id] = Sent(
                notice=one.id,
                recipient=one.recipient,
                state=ReachState.DIRECT,
                hop=one.items[0].hop,
                how="console",
                at=_AT,
                message_id="m",
            )

    def told(self) -> Iterator[Told]:
        yield from self._each("told", Told)

    def notices(self) -> Iterator[Notice]:
        yield from self._each("notices", Notice)

    def _each[T](self, what: str, kind: type[T]) -> Iterator[T]:
        decoder = msgspec.json.Decoder(kind)
        for part in sorted(self._folder.glob(f"{what}-*")):
            with gzip.open(part) as packed:
                yield from map(decoder.decode, packed)


def measured(findings: int, owners: int) -> list[dict[str, Any]]:
    """The first day and the day after it, each in a process of its own; findings are read as they lie in a locker."""
    with tempfile.TemporaryDirectory(prefix="prooftrail-bench-") as folder:
        _Synthetic(Path(folder), findings, owners, _DAYS["first day"]).make()
        return [json.loads(_in_its_own_process(findings, owners, folder, name)) for name in _DAYS]


def _in_its_own_process(*words: object) -> str:
    told = [sys.executable, __file__, *map(str, words)]
    return subprocess.run(told, check=True, stdout=subprocess.PIPE, text=True).stdout


def _measured(findings: int, owners: int, folder: Path, name: str) -> dict[str, Any]:
    day = _DAYS[name]
    sealed = folder / name
    sealed.mkdir()
    source, sink = _Synthetic(folder, findings, owners, day), _Sink(sealed)
    if name != "first day":
        source.remember(_Yesterday(folder / "first day"))
    began = time.process_time()
    totals = Planning(source, sink, on=day, confirms=False, opened=tuple(map(str, Tier)))()
    sink.finish()
    took = time.process_time() - began
    return {
        "findings": f"{findings:,}",
        "owners": f"{owners:,}",
        "day": name,
        "mails": f"{sink.mails:,}",
        "matters told": f"{sink.items:,}",
        "CPU s": round(took, 1),
        "longest mail KB": round(sink.largest / 1000, 1),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MB,
        "gaps": len(totals.gaps),
    }


if __name__ == "__main__":
    if len(sys.argv) == 3:  # findings and owners
        print(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        print(json.dumps(_measured(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])))
