"""Where each piece of evidence lies in a locker: kind first, so that each kind can be kept for its own time."""

import re
from datetime import datetime

from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind

ORGANIZATION = "organization"
"""Stands where an account id stands, for what belongs to the organization as a whole."""

JUDGED_KINDS = (EvidenceKind.ASSESSMENT, EvidenceKind.TRANSITIONS, EvidenceKind.FINDINGS)
"""Kinds that are derived from what was read; the organization as a whole has them too."""

DATA_KINDS = (EvidenceKind.RAW, EvidenceKind.SNAPSHOT, EvidenceKind.PEOPLE, *JUDGED_KINDS)
"""Kinds whose objects are named by their content, below a run and an account."""

_RUN = r"\d{8}T\d{6}Z"
_SHAPES = {
    EvidenceKind.CHAIN: re.compile(r"chain/(?P<seq>\d{8})\.json"),
    EvidenceKind.PLAN: re.compile(rf"plan/(?P<run>{_RUN})\.jsonl"),
    EvidenceKind.CONTEXT: re.compile(rf"context/(?P<run>{_RUN})/(?P<sha>[0-9a-f]{{64}})\.jsonl\.gz"),
    EvidenceKind.OUTCOME: re.compile(rf"outcome/(?P<run>{_RUN})/(?P<account>\d{{12}})\.json"),
    EvidenceKind.WITNESS: re.compile(rf"witness/(?P<seq>\d{{8}})(?:-{_RUN})?\.json"),
    EvidenceKind.CUSTODY: re.compile(rf"custody/{_RUN}-(?P<sha>[0-9a-f]{{64}})\.json"),
    EvidenceKind.ANSWERS: re.compile(rf"answers/{_RUN}-(?P<sha>[0-9a-f]{{64}})\.json"),
    EvidenceKind.NOTICES: re.compile(
        rf"notices/(?P<run>{_RUN})/(?:plan\.json|sent-\d{{3}}\.jsonl|(?P<sha>[0-9a-f]{{64}})\.jsonl\.gz)"
    ),
} | {
    kind: re.compile(rf"{kind}/(?P<run>{_RUN})/(?P<account>\d{{12}}|{ORGANIZATION})/(?P<sha>[0-9a-f]{{64}})\.jsonl\.gz")
    for kind in DATA_KINDS
}


def chain_key(seq: int) -> str:
    """The slot of the manifest with this sequence number."""
    return f"chain/{seq:08d}.json"


def plan_key(run_id: str) -> str:
    """The plan of a run: a fixed name, so that the first start wins."""
    return f"plan/{run_id}.jsonl"


def outcome_key(run_id: str, account: str) -> str:
    """The commit of an account in a run: a fixed name, so that the first attempt wins."""
    return f"outcome/{run_id}/{account}.json"


def context_key(run_id: str, sha256: str) -> str:
    """A context, named by its content; the plan says which one counts."""
    return f"context/{run_id}/{sha256}.jsonl.gz"


def data_key(kind: EvidenceKind, run_id: str, account: str, sha256: str) -> str:
    """A data object, named by the hash of its uncompressed bytes; the outcome says which ones count."""
    return f"{kind}/{run_id}/{account}/{sha256}.jsonl.gz"


def custody_key(at: datetime, sha256: str) -> str:
    """A custody record, named by its own time and the hash of its bytes."""
    return f"custody/{canonical.run_id(at)}-{sha256}.json"


def answer_key(at: datetime, sha256: str) -> str:
    """An answer, named by its own time and the hash of its bytes."""
    return f"answers/{canonical.run_id(at)}-{sha256}.json"


def notices_plan_key(run_id: str) -> str:
    """The commit of a day's notices: a fixed name, so that the first plan wins."""
    return f"notices/{run_id}/plan.json"


def notices_part_key(run_id: str, sha256: str) -> str:
    """A part of a day's notices, named by the hash of its uncompressed bytes; the plan says which ones count."""
    return f"notices/{run_id}/{sha256}.jsonl.gz"


def notices_sent_key(run_id: str, shard: int) -> str:
    """What became of a shard's notices: a fixed name, so that the first end wins."""
    return f"notices/{run_id}/sent-{shard:03d}.jsonl"


def run_prefixes(run_id: str) -> tuple[str, ...]:
    """Every prefix below which a run writes."""
    folders = (*DATA_KINDS, EvidenceKind.CONTEXT, EvidenceKind.OUTCOME)
    return (*(f"{kind}/{run_id}/" for kind in folders), plan_key(run_id))


class Place:
    """What a key says of the object under it; `kind` is None where no evidence is named like that."""

    def __init__(self, key: str) -> None:
        self.kind: EvidenceKind | None = None
        self.run_id: str | None = None
        self.account: str | None = None
        self.sha256: str | None = None
        self.seq: int | None = None
        for kind, shape in _SHAPES.items():
            if match := shape.fullmatch(key):
                named = match.groupdict()
                self.kind, self.run_id = kind, named.get("run")
                self.account, self.sha256 = named.get("account"), named.get("sha")
                self.seq = int(named["seq"]) if "seq" in named else None
