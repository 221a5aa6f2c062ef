"""How the lines of a sample's items are told: where each stands, what is shown of it, and what is not there."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from prooftrail.evidence import layout
from prooftrail.model.iam import AccessKey, ServiceSpecificCredential
from prooftrail.model.run import SealedObject

from .identity_trail import Match, Proof
from .locker_history import AsOf, RunSummary

ACCOUNT_COLUMNS = ("account_id", "account")


def absent(proof: Proof, match: Match) -> tuple[str, ...]:
    """The objects of the run it was carried from, where they were not taken along."""
    if not proof.missing or proof.run_id == match.listed.seen_in.run_id:
        return ()
    return (proof.snapshot.key, *(one.key for one in proof.raw))


def older(match: Match, run: RunSummary) -> Iterator[str]:
    """The sentence for an item that an older run saw last."""
    seen = match.listed.seen_in.run_id
    if seen != run.run_id:
        yield f"run {run.run_id} could not read where it lives: this is how run {seen} saw it"


def run_of(proof: Proof) -> tuple[str, int, str]:
    """The run of a proof: its id, its slot and its manifest's hash."""
    return proof.run_id, proof.seq, proof.manifest_sha256


def place(sealed: SealedObject | None, run: RunSummary | tuple[str, int, str], line: int | None) -> dict[str, Any]:
    """Where a sealed line stands: the object with its hashes, the line, and the manifest that names it."""
    run_id, seq, manifest = run if isinstance(run, tuple) else (run.run_id, run.seq, run.manifest_sha256)
    return {
        "run_id": run_id,
        "key": sealed.key if sealed else None,
        "line": line,
        "sha256": sealed.sha256 if sealed else None,
        "stored_sha256": sealed.stored_sha256 if sealed else None,
        "manifest": layout.chain_key(seq),
        "manifest_sha256": manifest,
    }


def both(value: msgspec.Struct, view: AsOf) -> dict[str, Any]:
    """A record as it was sealed, and as people read it where that is not the same."""
    sealed = msgspec.to_builtins(value)
    shown = named(sealed, view)
    return {"sealed": sealed} if shown == sealed else {"sealed": sealed, "shown": shown}


def named(value: Any, view: AsOf) -> Any:
    """A sealed value with its people named, where that is known."""
    if isinstance(value, str):
        return view.reveal(value)
    if isinstance(value, dict):
        return {name: named(one, view) for name, one in value.items()}
    return [named(one, view) for one in value] if isinstance(value, list) else value


_SUMMARY = {
    "name": ("name",),
    "kind": ("kind",),
    "account": ACCOUNT_COLUMNS,
    "tier": ("tier", "inherent_tier"),
    "owner": ("owner_name", "owner_id", "owner"),
}


def summary_of_row(row: Mapping[str, str]) -> dict[str, str]:
    """What the population itself says of an item."""
    return {name: next((row[one] for one in columns if row.get(one)), "") for name, columns in _SUMMARY.items()}


def summary_of(match: Match, said: Mapping[str, Any]) -> dict[str, str]:
    """What its sealed lines say of an item, over what the population said."""
    one, reveal = match.identity, match.view.reveal
    own = [each for each in said["results"] if each["whose"] == "its own" and each["sealed"]["status"] == "FAIL"]
    failing = sorted({each["sealed"]["control"] for each in own})
    open_ = sum(
        each["sealed"]["status"] == "open" and each["sealed"].get("identity") == one.id for each in said["findings"]
    )
    holder = one.facts.user_name if isinstance(one.facts, AccessKey | ServiceSpecificCredential) else None
    found = {
        "name": reveal(f"of {holder}" if holder else one.name),
        "kind": one.kind.value,
        "account": one.account,
        "tier": said["risk"]["sealed"]["tier"] if said["risk"] else "",
        "owner": reveal(one.owner.value) if one.owner.value else "",
        "failing": ", ".join(failing),
        "open_findings": str(open_),
    }
    return {name: value for name, value in found.items() if value}
