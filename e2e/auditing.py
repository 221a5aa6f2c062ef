"""The auditor's steps: a role that reads and nothing else takes the evidence away, and what it took proves itself."""

import json
import subprocess
import sys
from typing import Any

from e2e import evidence
from e2e.organization import make_role
from e2e.proof import STAGE, Proof, StepFailed, expect, refused, session_keys

_DENIED = ("AccessDenied", "AccessDeniedException")


def read_by_auditor(proof: Proof) -> str:
    """The auditor's role is enough to verify, and takes nobody without the external id."""
    make_role(proof, "firm", "auditor")
    firm = session_keys(proof.client("sts", "firm"), f"arn:aws:iam::{proof.accounts['firm']}:role/auditor")
    sts = proof.client_with("sts", firm)
    role = f"arn:aws:iam::{proof.accounts['evidence']}:role/prooftrail/Prooftrail-{STAGE}-Auditor"
    refused(
        "the auditor's role without its external id",
        _DENIED,
        lambda: sts.assume_role(RoleArn=role, RoleSessionName="e2e"),
    )
    keys = _keys(proof)
    said = evidence.verify(proof, keys=keys)
    expect("the verdict the auditor gets", ("intact", []), (said["verdict"], said["problems"]))
    s3 = proof.client_with("s3", keys)
    refused(
        "the auditor's writing",
        _DENIED,
        lambda: s3.put_object(Bucket=proof.evidence_bucket, Key="custody/x", Body=b"x", IfNoneMatch="*"),
    )
    return "the auditor's role verifies the locker, and cannot write to it"


def handed_over(proof: Proof) -> str:
    """The auditor's role pulls the bucket; the copy verifies, a pack is made of it, and the pack verifies by itself."""
    keys, here = _keys(proof), proof.logs
    copy, pack = here / "pulled", here / "pack"
    known = evidence.fingerprint(proof)
    pulled = evidence.prooftrail(
        proof, ("pull", f"s3://{proof.evidence_bucket}", str(copy), "--fingerprint", known, "--json"), keys
    )
    expect("what pull came to", (0, True, []), (pulled["exit_status"], pulled["origin_checked"], pulled["stops"]))
    expect("objects whose lock S3 showed", pulled["objects"], pulled["locks_observed"])
    said = evidence.prooftrail(proof, ("verify", str(copy), "--deep", "--fingerprint", known, "--json"), {})
    expect("the verdict on the copy", ("intact", []), (said["verdict"], said["problems"]))
    made = evidence.prooftrail(proof, ("pack", str(copy), "-o", str(pack), "--unsigned", "--json"), {})
    checked = _verify_py(str(pack), "--fingerprint", known, "--pack-sha256", made["statement_sha256"], "--rows")
    return (
        f"pulled {pulled['objects']} objects as the auditor, made a pack of {made['files']} files; its verify.py says"
        f" {checked['verdict']}"
    )


def _verify_py(pack: str, *more: str) -> dict[str, Any]:
    """What the verifier in the pack says, run as an auditor runs it: by itself."""
    done = subprocess.run(
        [sys.executable, "-I", f"{pack}/verify.py", pack, *more, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StepFailed(
            f"the pack's verify.py ended with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-500:]}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _keys(proof: Proof) -> dict[str, str]:
    """A session of the auditor's role, as the firm takes it."""
    firm = session_keys(proof.client("sts", "firm"), f"arn:aws:iam::{proof.accounts['firm']}:role/auditor")
    role = f"arn:aws:iam::{proof.accounts['evidence']}:role/prooftrail/Prooftrail-{STAGE}-Auditor"
    return session_keys(proof.client_with("sts", firm), role, ExternalId=proof.stage["auditor"]["external_id"])
