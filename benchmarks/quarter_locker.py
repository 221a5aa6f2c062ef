"""Makes a locker of a quarter: `quarter_locker.py TARGET [IDENTITIES] [ACCOUNTS] [DAYS]`. For measuring packs alone.

One account of the usual mixture is judged for real and stands, under other account numbers and identifiers, for all. Each
day one result in a hundred identities turns, and every tenth day an identity comes and goes. What a pack of the whole
period reads is there as a run seals it: every manifest, the transitions of every run, all objects of the first and of the
last run, the snapshots of days on which something came; the rest is named by its manifests and was not kept.
"""

import hashlib
import re
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.controls import parsing
from prooftrail.controls.evaluate import judge
from prooftrail.controls.findings import fold
from prooftrail.demo.reference.organization import RUN, inside
from prooftrail.demo.reference.population import population
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage, Code, Genesis, GovernanceInForce, Head, Manifest
from prooftrail.model import canonical
from prooftrail.model.judgement import Result, ResultStatus, Transition
from prooftrail.model.run import EvidenceKind, Run, Schedule, SealedObject
from prooftrail.ports import RawResponse

DAILY = Schedule(every_hours=24, at="06:00")
_ID = re.compile(rb"\b(A(?:IDA|ROA|KIA|CCA|SCA|NPA|GPA)[A-Z0-9]{8,})\b")
_OWN = b"123456789012"
_TURNED = (ResultStatus.PASS, ResultStatus.FAIL)


class Template:
    """One account's sealed lines, to be printed for any other account and run."""

    def __init__(self, identities: int) -> None:
        made, context = population(identities)
        self.context: Context = msgspec.structs.replace(context, catalog=parsing.shipped())
        snapshot = made.snapshot(run=RUN, organization=inside(context.accounts), governance=context.governance)
        catalog = parsing.parse(self.context.catalog)
        assessment = judge(snapshot, self.context, catalog=catalog, snapshot_sha256="0" * 64)
        findings, _ = fold(None, snapshot, assessment, self.context, catalog)
        self.results: tuple[Result, ...] = assessment.results
        self.coming = snapshot.identities[-1].id
        self.identities = len(snapshot.identities)
        self.snapshot = _text(snapshot.lines())
        self.without = b"".join(one for one in self.snapshot.splitlines(True) if self.coming.encode() not in one)
        self.assessment, self.findings = _text(assessment.lines()), _text(findings.lines())
        answer = "\n".join(f"<member><Arn>{one.arn}</Arn><Id>{one.id}</Id></member>" for one in snapshot.identities)
        raw = RawResponse(
            api="iam:GetAccountAuthorizationDetails", region="global", account=_OWN.decode(), parameters=(), status=200,
            request_id="0", date=None, observed_at=RUN.taken_at, body=answer,
        )  # fmt: skip
        self.raw = _text([raw])


def _text(records: list[Any]) -> bytes:
    return b"".join(canonical.encode(one) + b"\n" for one in records)


def _for(text: bytes, account: str, run: str) -> bytes:
    """The lines as they are for another account (in its number and every identifier) and another run."""
    text = _ID.sub(lambda match: match[1][:-4] + account[-4:].encode(), text).replace(_OWN, account.encode())
    at = canonical.timestamp(canonical.tick_of(run)).encode()
    return text.replace(RUN.id.encode(), run.encode()).replace(canonical.timestamp(RUN.taken_at).encode(), at)


class Quarter:
    """Seals run after run into `target` and keeps only what a pack will read."""

    def __init__(self, target: Path, template: Template, accounts: int, days: int) -> None:
        self._locker, self._template, self._days = DirectoryLocker(target), template, days
        self._locker.create()
        self._signer = Home(Path(f"{target}-home")).create().signer()
        self._accounts = [f"{200_000_000_000 + one:012d}" for one in range(accounts)]
        self._pem = self._signer.public_key_pem()
        self._draw = Random(7)

    def make(self) -> None:
        """Every run, oldest first, the last one that of the template."""
        first = RUN.taken_at - timedelta(days=self._days - 1)
        genesis = Genesis(
            deployment_id="d" * 32, organization_id="o-example", account=self._accounts[0], partition="aws",
            locker="quarter", public_key_pem=self._pem.decode(), key_fingerprint=envelope.fingerprint(self._pem),
            key_origin="file", schedule=DAILY, created_at=first - timedelta(hours=1),
        )  # fmt: skip
        head = self._chain(0, genesis)
        for day in range(self._days):
            run = Run.scheduled(first + timedelta(days=day), None)
            head = self._chain(day + 1, self._manifest(genesis, run, head, day))

    def _chain(self, seq: int, content: Genesis | Manifest) -> Head:
        body = manifest.seal(content, keyid=envelope.fingerprint(self._pem), sign=self._signer.sign)
        self._locker.put(layout.chain_key(seq), body, retain_until=None)
        return Head(seq=seq, sha256=canonical.sha256(body))

    def _manifest(self, genesis: Genesis, run: Run, head: Head, day: int) -> Manifest:
        objects = tuple(sorted(self._objects(run, day)))
        counts = self._counts()
        return Manifest(
            locker_id=genesis.locker_id(), seq=day + 1, previous=head, run=run, schedule=DAILY, last_tick=run.tick,
            missed_ticks=(), started_at=run.taken_at, closed_at=run.taken_at + timedelta(minutes=20),
            code=Code(version="0.1.0", sha256="c" * 64), governance=GovernanceInForce(sha256=self._template.context.governance.digest),
            previous_verified=True, organization_gaps=(), counts=counts, objects=objects, superseded=(),
            coverage=tuple(
                AccountCoverage(account=one, status="sealed", reason=None, identities=self._template.identities, cells=30, cells_ok=30)
                for one in self._accounts
            ),
            merkle_root=manifest.objects_root(objects), calls=1000, throttled=0,
        )  # fmt: skip

    def _counts(self) -> tuple[tuple[str, int], ...]:
        found = {"identities": self._template.identities * len(self._accounts)}
        for one in self._template.results:
            key = f"result:{one.control}:{one.status}"
            found[key] = found.get(key, 0) + len(self._accounts)
        return tuple(sorted(found.items()))

    def _objects(self, run: Run, day: int) -> Iterator[SealedObject]:
        whole = day in (0, self._days - 1)
        names = {one: f"account-{one[-4:]}" for one in self._accounts}
        own = self._template.context.accounts[0]
        listed = tuple(msgspec.structs.replace(own, id=one, name=name) for one, name in names.items())
        context = msgspec.structs.replace(self._template.context, run=run, accounts=listed)
        yield self._sealed(EvidenceKind.CONTEXT, run, None, _text([context]), kept=whole)
        for number, account in enumerate(self._accounts):
            came = (day + number) % 10 == 0
            text = self._template.snapshot if came or day == self._days - 1 else self._template.without
            kinds = {
                EvidenceKind.SNAPSHOT: text,
                EvidenceKind.TRANSITIONS: self._turned(came, (day + number) % 10 == 1),
            }
            if whole:
                kinds |= {
                    EvidenceKind.ASSESSMENT: self._template.assessment,
                    EvidenceKind.FINDINGS: self._template.findings,
                    EvidenceKind.RAW: self._template.raw,
                }
            for kind, body in kinds.items():
                kept = whole or came or kind is EvidenceKind.TRANSITIONS
                yield self._sealed(kind, run, account, _for(body, account, run.id) if kept else body[:200], kept=kept)

    def _turned(self, came: bool, went: bool) -> bytes:
        many = max(self._template.identities // 100, 1)
        found = []
        for one in self._draw.sample(self._template.results, many):
            before = _TURNED[one.status is ResultStatus.PASS]
            found.append(_transition(one, before, one.status))
        of_it = [one for one in self._template.results if one.identity == self._template.coming]
        if came or went:
            found += [_transition(one, *((None, one.status) if came else (one.status, None))) for one in of_it]
        unique = {(one.control, one.subject): one for one in found}
        return _text([unique[key] for key in sorted(unique)])

    def _sealed(self, kind: EvidenceKind, run: Run, account: str | None, text: bytes, *, kept: bool) -> SealedObject:
        digest = hashlib.sha256(text).hexdigest()
        place = f"{kind}/{run.id}/{account}/{digest}" if account else f"{kind}/{run.id}/{digest}"
        engine = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = engine.compress(text) + engine.flush()
        if kept:
            self._locker.put(f"{place}.jsonl.gz", body, retain_until=None)
        return SealedObject(
            key=f"{place}.jsonl.gz", kind=kind, sha256=digest, stored_sha256=canonical.sha256(body), size=len(body), count=text.count(b"\n")
        )  # fmt: skip


def _transition(one: Result, before: ResultStatus | None, after: ResultStatus | None) -> Transition:
    return Transition(
        control=one.control, subject=one.subject, identity=one.identity, before=before, after=after, reason=one.reason
    )


def make(target: Path, identities: int = 50_000, accounts: int = 100, days: int = 92) -> None:
    """The locker at `target` and its key beside it."""
    Quarter(target, Template(identities // accounts), accounts, days).make()


if __name__ == "__main__":
    make(Path(sys.argv[1]), *map(int, sys.argv[2:]))
