"""A locker of one account and three runs, and packs of it, made by hand so that each test may be the forger it is about."""

import base64
import contextlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.evidence import layout, lines, manifest, witness
from prooftrail.evidence.keys_in_force import KeyInForce
from prooftrail.evidence.manifest import AccountCoverage, Genesis, GovernanceInForce, Head, Manifest, Rotation
from prooftrail.evidence.witness import Earlier, Witness
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Run, SealedObject
from prooftrail.pack.files import PackFiles, Sink, Written
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_pack
from prooftrail.pack.integrity.integrity import Integrity
from prooftrail.pack.registers.cells import csv_header, csv_record
from prooftrail.pack.registers.findings import FINDINGS
from prooftrail.pack.registers.inventory import INVENTORY, RISKS
from prooftrail.pack.registers.results import RESULTS
from prooftrail.pack.sampling import record as sample_record
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.record import Exclusion, Sample, SeedSource
from prooftrail.pack.table import Column, ColumnType, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import Evidence, PeriodView
from tests.builders.packs import a_pack_run, a_period
from tests.evidence.chains import DAY_1, Key, a_genesis, a_manifest

ACCOUNT = "111111111111"
KEY, OTHER_KEY, NEXT_KEY, WATCHDOG = Key(), Key(), Key(), Key()
USER, USER_ARN = "AIDAEXAMPLE1", f"arn:aws:iam::{ACCOUNT}:user/=cmd|calc"
ROLE, ROLE_ARN = "AROAEXAMPLE2", f"arn:aws:iam::{ACCOUNT}:role/ledger"
PERSON = "person-0123456789abcdef0123"
CONTROL = "IDC-15"


class Small:
    """A locker in memory: the sealed objects by key, and the chain, newest last."""

    def __init__(self, key: Key = KEY, *, watchdog: Key | None = WATCHDOG, **genesis: Any) -> None:
        known: dict[str, Any] = {"witness_public_key_pem": watchdog.pem.decode() if watchdog else None, **genesis}
        self.genesis: Genesis = msgspec.structs.replace(a_genesis(key), **known)
        self.key, self.watchdog = key, watchdog
        self.keys = [KeyInForce(since=0, fingerprint=key.fingerprint, pem=key.pem.decode(), origin="file")]
        self.files: dict[str, bytes] = {}
        self.manifests: list[Manifest] = []
        self.words: list[Witness] = []
        self._seal(self.genesis, 0)

    @property
    def head(self) -> Head:
        """The newest slot."""
        seq = max(int(one[6:14]) for one in self.files if one.startswith("chain/"))
        return Head(seq=seq, sha256=canonical.sha256(self.files[layout.chain_key(seq)]))

    def run(self, day: int, records: Mapping[EvidenceKind, list[Any]] | None = None, **changes: Any) -> Manifest:
        """Seal the run of a day, with the records of its one account."""
        run = Run.scheduled(DAY_1 + timedelta(days=day), None)
        objects = [self._store(kind, run.id, found) for kind, found in (records or the_records(run.id)).items()]
        since = self.keys[-1].since or None
        made = a_manifest(
            self.head.seq + 1, previous=self.head, genesis=self.genesis, run=run, objects=objects, key_since=since
        )
        coverage = (AccountCoverage(account=ACCOUNT, status="sealed", reason=None, identities=2, cells=1, cells_ok=1),)
        made = msgspec.structs.replace(made, **{"governance": the_policy(), "coverage": coverage, **changes})
        self._seal(made, made.seq)
        self.manifests.append(made)
        return made

    def rotate(self, key: Key = NEXT_KEY, signed_by: Key | None = None, possessed_by: Key | None = None) -> None:
        """Exchange the signing key; who else signs makes it a forged one."""
        seq = self.head.seq + 1
        made = Rotation(
            locker_id=self.genesis.locker_id(),
            seq=seq,
            previous=self.head,
            public_key_pem=key.pem.decode(),
            key_fingerprint=key.fingerprint,
            key_origin="file",
            reason="yearly",
            rotated_at=DAY_1,
            key_since=self.keys[-1].since or None,
        )
        possession = base64.b64encode((possessed_by or key).sign(made.to_be_signed())).decode()
        self._seal(msgspec.structs.replace(made, possession=possession), seq, signed_by)
        self.key = key
        self.keys.append(KeyInForce(since=seq, fingerprint=key.fingerprint, pem=key.pem.decode(), origin="file"))

    def word(self, at: datetime, key: Key | None = None, **changes: Any) -> Witness:
        """The watchdog's word about the head."""
        before = self.words[-1] if self.words else None
        name = witness.first_sight(self.head.seq)
        said = Witness(
            key=name if name not in self.files else witness.later(self.head.seq, at),
            locker_id=self.genesis.locker_id(),
            head=self.head,
            stored_at=None,
            checked_at=at,
            age_s=None,
            signature_held=True,
            link_held=True,
            previous_link_held=True,
            troubles=(),
            troubles_in_all=0,
            last_tick=None,
            missed_ticks=(),
            previous=Earlier(key=before.key, sha256=canonical.sha256(self.files[before.key]), retain_until=None)
            if before
            else None,
            retain_until=None,
            account=None,
            key_fingerprint=WATCHDOG.fingerprint,
        )
        said = msgspec.structs.replace(said, **changes)
        signer = key or WATCHDOG
        self.files[said.key] = witness.seal(said, keyid=signer.fingerprint, sign=signer.sign)
        self.words.append(said)
        return said

    def _store(self, kind: EvidenceKind, run_id: str, records: list[Any]) -> SealedObject:
        packed = lines.pack(
            msgspec.Raw(msgspec.json.encode(one)) for one in records
        )  # fields as they stand, not sorted
        key = layout.data_key(kind, run_id, ACCOUNT, packed.sha256)
        self.files[key] = packed.body
        return SealedObject(
            key=key,
            kind=kind,
            sha256=packed.sha256,
            stored_sha256=canonical.sha256(packed.body),
            size=len(packed.body),
            count=packed.count,
        )

    def _seal(self, content: Genesis | Manifest | Rotation, seq: int, key: Key | None = None) -> None:
        signer = key or self.key
        self.files[layout.chain_key(seq)] = manifest.seal(content, keyid=signer.fingerprint, sign=signer.sign)


@cache
def the_policy() -> GovernanceInForce:
    """The policy of the period that every pack here is made of."""
    return GovernanceInForce(sha256=a_period().context.governance.digest)


@cache
def the_catalog() -> str:
    """The SHA-256 of the map of controls that every run here was judged by."""
    return canonical.sha256(a_period().context.catalog.encode())


def the_records(run_id: str, *, carried_from: str | None = None) -> dict[EvidenceKind, list[Any]]:
    """What is sealed of the account: a user with a hostile name, a role, a failing result with a person in its reason."""
    identity = {"record": "identity", "account": ACCOUNT, "region": "global"}
    at = canonical.tick_of(run_id)
    result: dict[str, Any] = {
        "record": "result",
        "version": "1",
        "tier": "high",
        "value": "3",
        "limit": {"name": "n", "value": "1"},
    }
    return {
        EvidenceKind.SNAPSHOT: [
            {"record": "header", "run_id": run_id},
            identity | {"id": USER, "arn": USER_ARN, "name": "=cmd|calc", "kind": "human_user", "carried_from": carried_from},
            identity | {"id": ROLE, "arn": ROLE_ARN, "name": "ledger", "kind": "role_workload", "carried_from": None},
        ],
        EvidenceKind.ASSESSMENT: [
            {"record": "assessment", "run_id": run_id, "catalog_sha256": the_catalog()},
            {"record": "risk", "identity": USER, "impact": 4, "likelihood": 2, "points": 3, "tier": "high", "tier_from": "high",
             "factors": [{"name": "long_lived_key", "points": 3, "why": "an access key is active"}], "environment": "prod"},
            {"record": "risk", "identity": ROLE, "impact": 1, "likelihood": 1, "points": 0, "tier": "low", "tier_from": "low"},
            result | {"control": CONTROL, "subject": USER, "identity": USER, "status": "FAIL", "reason": f"{PERSON} has 3."},
            result | {"control": CONTROL, "subject": ROLE, "identity": ROLE, "status": "PASS", "reason": "It has none."},
        ],
        EvidenceKind.FINDINGS: [
            {"record": "findings", "run_id": run_id},
            {"record": "finding", "fingerprint": "f1", "control": CONTROL, "subject": USER, "reason": f"{PERSON} has 3.",
             "identity": USER, "status": "open", "exception": None, "due_at": canonical.timestamp(at - timedelta(hours=6)),
             "fixed_run": None, "name": None},
        ],
        EvidenceKind.RAW: [
            {"api": "iam:ListUsers", "region": "global", "parameters": [["MaxItems", "9"]], "status": 200,
             "request_id": "req-1", "date": "Sun, 01 Nov 2026 06:00:00 GMT", "body": f"<Id>{USER}</Id><Arn>{USER_ARN}</Arn>"},
            {"api": "iam:ListRoles", "region": "global", "parameters": [], "status": 200,
             "request_id": "req-2", "date": "Sun, 01 Nov 2026 06:00:01 GMT", "body": f"<Arn>{ROLE_ARN}</Arn>"},
        ],
        EvidenceKind.PEOPLE: [{"record": "person", "pseudonym": PERSON, "text": "Ada Byron"}],
    }  # fmt: skip


def a_locker(runs: int = 3, **known: Any) -> Small:
    """A locker of some runs, each seen by the watchdog an hour after it was closed."""
    made = Small(**known)
    for day in range(runs):
        closed = made.run(day).closed_at
        if made.watchdog:
            made.word(closed + timedelta(hours=1))
    return made


class Folder:
    """Satisfies PackFiles below a directory."""

    def __init__(self, root: Path) -> None:
        self.root, self.written = root, dict[str, Written]()

    @contextmanager
    def open(self, path: str) -> Iterator[Sink]:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            yield file
        body = place.read_bytes()
        self.written[path] = Written(sha256=canonical.sha256(body), size=len(body))

    def add(self, path: str, body: bytes) -> None:
        """One whole file."""
        with self.open(path) as file:
            file.write(body)


type Told = Callable[[dict[str, Any], dict[str, Any]], Any]
"""What a column says, of a sealed record and of the row of 03 of the same identity."""


def at(field: str) -> Told:
    """A field of the record, by its path."""

    def told(record: dict[str, Any], _: dict[str, Any]) -> Any:
        found: Any = record
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return told


def beside(column: str) -> Told:
    """What 03 says."""
    return lambda _, entry: entry.get(column)


def also_in_04(field: str) -> Told:
    """What the score of the identity says, which 03 repeats."""
    return lambda record, _: record["risk"].get(field)


REGISTERS: dict[str, tuple[Table, EvidenceKind, str, dict[str, Told]]] = {
    "03_identity_inventory": (
        INVENTORY, EvidenceKind.SNAPSHOT, "identity",
        {"identity_id": at("id"), "arn": at("arn"), "name": at("name"), "kind": at("kind"), "region": at("region"),
         "carried_from": at("carried_from"), "inherent_tier": also_in_04("tier"), "tier_at_least": also_in_04("tier_from"),
         "environment": also_in_04("environment")},
    ),
    "04_risk_register": (
        RISKS, EvidenceKind.ASSESSMENT, "risk",
        {"identity_id": at("identity"), "impact": at("impact"), "likelihood": at("likelihood"), "points": at("points"),
         "inherent_tier": at("tier"), "tier_at_least": at("tier_from"), "environment": at("environment"),
         "certain": lambda one, _: one["tier"] == one["tier_from"],
         "factors": lambda one, _: [f"{each['name']} +{each['points']}: {each['why']}" for each in one.get("factors", ())],
         **{one: beside(one) for one in ("name", "arn", "kind")}},
    ),
    "07_identity_control_results": (
        RESULTS, EvidenceKind.ASSESSMENT, "result",
        {"identity_id": at("identity"), "control_id": at("control"), "control_version": at("version"), "tier": at("tier"),
         "result": at("status"), "measured_value": at("value"), "threshold": at("limit.value"),
         "threshold_name": at("limit.name"), "reason": at("reason"), "subject": at("subject"),
         "name": lambda one, entry: entry.get("name", one["subject"]), "arn": beside("arn"), "kind": beside("kind")},
    ),
    "17_findings_capa": (
        FINDINGS, EvidenceKind.FINDINGS, "finding",
        {"nc_id": at("fingerprint"), "control_id": at("control"), "finding": at("reason"), "subject": at("subject"),
         "status": at("status"), "due": at("due_at"), "name": beside("name"), "overdue": lambda *_: True},
    ),
}  # fmt: skip
LISTS = ("factors", "floors", "possible_factors", "unknown", "escalation_paths", "not_covered", "gaps", "not_read")


def the_rows(locker: Small, register: str, *, reveal: Callable[[str], str]) -> list[dict[str, Any]]:
    """The rows of a register, each citing the sealed line it says what it says of."""
    table, kind, record, told = REGISTERS[register]
    shown = locker.manifests[-1]
    entries = {} if kind is EvidenceKind.SNAPSHOT else {
        one["identity_id"]: one for one in the_rows(locker, "03_identity_inventory", reveal=reveal)
    }  # fmt: skip
    risks = {one["identity"]: one for one, _, _ in _sealed(locker, EvidenceKind.ASSESSMENT, "risk")}
    rows = []
    for said, line, sealed in _sealed(locker, kind, record):
        said["risk"] = risks.get(said.get("id"), {})
        row: dict[str, Any] = {one.name: [] if one.name in LISTS else None for one in table.columns}
        entry = entries.get(said.get("identity"), {})
        row |= {name: _revealed(each(said, entry), reveal) for name, each in told.items()}
        cited = f"e-{sealed.stored_sha256[:16]}"
        run = sealed.key.split("/")[1]
        placed = {
            "account_id": ACCOUNT, "account_status": "current", "evidence_id": cited, "evidence_line": line,
            "stale": run != shown.run.id, "snapshot_id": cited, "last_seen": run, "judged_in_run": run,
            "computed_at": canonical.timestamp(canonical.tick_of(run)),
            "evaluated_at": canonical.timestamp(canonical.tick_of(run)),
        }  # fmt: skip
        rows.append(row | {name: value for name, value in placed.items() if name in row})
    return rows


def _revealed(value: Any, reveal: Callable[[str], str]) -> Any:
    return reveal(value) if isinstance(value, str) else value


def _sealed(locker: Small, kind: EvidenceKind, record: str) -> Iterator[tuple[dict[str, Any], int, SealedObject]]:
    """The records of a kind in the newest manifest that names any, each with its line and its object."""
    found = next((each for each in reversed(locker.manifests) if any(one.kind is kind for one in each.objects)), None)
    for one in (each for each in (found.objects if found else ()) if each.kind is kind):
        for number, line in enumerate(lines.unpack(one.key, locker.files[one.key]).splitlines(), 1):
            said = json.loads(line)
            if said["record"] == record:
                yield said, number, one


def _columns(rows: list[dict[str, Any]], name: str) -> tuple[Column, ...]:
    """The register's own columns, but for names that a test has changed."""
    known = {
        one.name: msgspec.structs.replace(one, type=ColumnType.TEXT)  # instants stand here as they are sealed
        if one.type in (ColumnType.INSTANT, ColumnType.DAY)
        else one
        for one in REGISTERS[name][0].columns
    }
    return tuple(known.get(one) or Column(name=one) for one in (rows[0] if rows else known))


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in row.values())


def write_register(files: Folder, name: str, rows: list[dict[str, Any]]) -> None:
    """The two forms of a register."""
    table = msgspec.structs.replace(REGISTERS[name][0], columns=_columns(rows, name))
    record = csv_record(table)
    files.add(f"{name}.csv", csv_header(table) + "".join(map(record, map(_cells, rows))).encode())
    files.add(f"{name}.jsonl", b"".join(msgspec.json.encode(one) + b"\n" for one in rows))


def the_period(locker: Small, **changes: Any) -> PeriodView:
    """The period as a flow would show it."""
    shown = locker.manifests[-1]
    known: dict[str, Any] = {
        "locker_id": locker.genesis.locker_id(),
        "genesis": locker.genesis,
        "keys": tuple(locker.keys),
        "head": locker.head,
        "head_run": shown.run.id,
        "as_of": a_pack_run(run_id=shown.run.id, seq=shown.seq, governance=shown.governance),
    }
    return a_period(**(known | changes))


type Change = Callable[[dict[str, list[dict[str, Any]]]], None]


def a_pack(
    root: Path,
    locker: Small | None = None,
    *,
    signed_by: Key | None = None,
    signed: bool = True,
    pseudonymised: bool = False,
    without: Iterable[str] = (),
    also: Mapping[str, bytes] | None = None,
    rows: Change | None = None,
    **period: Any,
) -> Path:
    """A pack of a locker. `without` are patterns of keys not taken along; `rows` may change what the registers say."""
    locker = locker or a_locker()
    files, left_out = Folder(root), re.compile("|".join(without) or "(?!)")
    kept = {key: body for key, body in locker.files.items() if not left_out.search(key)}
    if pseudonymised:
        kept = {key: body for key, body in kept.items() if not key.startswith("people/")}
    reveal = str if pseudonymised else (lambda text: text.replace(PERSON, "Ada Byron"))
    registers = {name: the_rows(locker, name, reveal=reveal) for name in REGISTERS}
    if rows:
        rows(registers)
    for name, found in registers.items():
        write_register(files, name, found)
    files.add("05_control_map.csv", f"control_id,iso\r\n{CONTROL},A.5.17; A.8.5\r\nIDC-20,A.5.18\r\n".encode())
    for key, body in (kept | dict(also or {})).items():
        files.add(f"evidence/{key}", body)
    finish(files, locker, registers, signed_by=(signed_by or locker.key) if signed else None, **period)
    return root


def finish(
    files: PackFiles, locker: Small, registers: Mapping[str, list[Any]], *, signed_by: Key | None, **period: Any
) -> None:
    """Integrity's part, over what lies there."""
    view = the_period(locker, **period)
    tally = Tally(view)
    tally.rows |= {name: len(found) for name, found in registers.items()}
    part = Integrity(
        view,
        files,
        sign=signed_by.sign if signed_by else None,
        public_key=signed_by.pem if signed_by else None,
    )
    for one in locker.manifests:
        for each in one.objects:
            part.add(_evidence(one, each), f"evidence/{each.key}" if f"evidence/{each.key}" in files.written else None)
    part.finish(tally)


def _evidence(by: Manifest, one: SealedObject) -> Evidence:
    return Evidence(
        id=f"e-{one.stored_sha256[:16]}",
        key=one.key,
        kind=one.kind,
        run_id=by.run.id,
        seq=by.seq,
        account=ACCOUNT,
        sha256=one.sha256,
        stored_sha256=one.stored_sha256,
        size=one.size,
        count=one.count,
        version_id=None,
        retain_until=None,
    )


def reseal(pack: Path, key: Key | None, *, fingerprint: str | None = None) -> None:
    """State the files of a pack as they lie there now, and sign that: what a forger with a key of his own would do."""
    path = pack / integrity_statement.PATH
    payload = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    found = sorted(one for one in pack.rglob("*") if one.is_file() and one != path)
    names = [(one.relative_to(pack).as_posix(), one.read_bytes()) for one in found]
    hashes = [(name, canonical.sha256(body), len(body)) for name, body in sorted(names)]
    payload["subject"] = [{"name": name, "digest": {"sha256": sha256}} for name, sha256, _ in hashes]
    payload["predicate"]["files"] = [{"path": name, "sha256": sha256, "size": size} for name, sha256, size in hashes]
    keyid = (fingerprint or key.fingerprint) if key else None
    payload["predicate"]["signed_by"] = keyid
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    path.write_bytes(integrity_statement.sealed(body, keyid=keyid, sign=key.sign if key else None))


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What verify.py answered."""

    status: int
    faults: dict[str, str]
    not_checked: tuple[str, ...]
    notes: tuple[str, ...]
    walk: str

    def blames(self, part: str) -> str:
        """What it says of the files whose name holds `part`; empty where it says nothing."""
        return "; ".join(what for where, what in self.faults.items() if part in where)


def verify(pack: Path, *asked: str) -> Said:
    """Run verify.py's own main in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = verify_pack.main([str(pack), "--json", *asked])
    said = json.loads(out.getvalue())
    faults: dict[str, str] = {}
    for one in said["faults"]:
        faults[one["file"]] = f"{faults[one['file']]}; {one['what']}" if one["file"] in faults else one["what"]
    return Said(
        status=status,
        faults=faults,
        not_checked=tuple(said["not_checked"]),
        notes=tuple(said["notes"]),
        walk="\n".join(said["walk"]),
    )


def a_sample(
    pack: Path,
    at: Path,
    *,
    size: int,
    strata: tuple[str, ...] = (),
    exclude: Mapping[str, str] | None = None,
    seed: str = "a seed",
    **changes: Any,
) -> Path:
    """A draw from the inventory, as `prooftrail sample` puts it on record, but for what is changed in it."""
    name = "03_identity_inventory"
    population = sample_record.read_population(name, (pack / f"{name}.csv").read_bytes())
    left_out = tuple(Exclusion(item_id=one, reason=why) for one, why in sorted((exclude or {}).items()))
    tier_at = next((number for number, one in enumerate(strata) if one in sample_record.TIER_COLUMNS), None)
    items = population.items(strata, without=[one.item_id for one in left_out])
    drawn = sampling.draw(items, n=size, seed=seed, population_sha256=population.sha256, tier_at=tier_at)
    made = Sample(
        id=sample_record.sample_id(population.sha256, seed=seed, n=size, strata=strata, exclusions=left_out),
        population_ref=f"{name}.csv",
        population_of="pack",
        population_sha256=population.sha256,
        item_column=population.item_column,
        rows=len(population.rows),
        n=size,
        seed=seed,
        seed_source=SeedSource.AUDITOR,
        seed_word=None,
        independent=True,
        independence="",
        strata=strata,
        shares=drawn.shares,
        selected=drawn.selected,
        exclusions=left_out,
        drawn_at=DAY_1,
        drawn_by="auditor",
        redo_by_hand=(),
    )
    at.write_bytes(msgspec.json.encode(msgspec.to_builtins(made) | changes))
    return at
