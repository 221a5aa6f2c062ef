"""What the runs left behind: locks, the ledger, a verified and witnessed chain, and what nobody can do to it."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from e2e import deploying, notices
from e2e.organization import DENIED, MISSING, SEEDED, make_role, make_user
from e2e.proof import STAGE, Proof, StepFailed, expect, refused, session_keys
from e2e.servers import ROOT, clean_environment
from prooftrail.grants import USES, Role
from prooftrail.settings import RETENTION_DAYS

LACKING = frozenset({"outbound_federation", "server_certificates", "service_specific_credentials"})
"""What MiniStack cannot answer anywhere, and the scanner therefore states as not read."""

_OF_THE_SCANNER = ("Tick", "Start", "Scan", "Seal", "Tell", "Remind", "Notify")
_DIGEST: dict[str, Any] = {"Message": bytes(32), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
_DENIED = ("AccessDenied", "AccessDeniedException")


def lock_by_api(proof: Proof, assembly: str) -> str:
    """MiniStack drops a template's Object Lock configuration: the template's own is set by API, and read back."""
    resources = deploying.template(proof, assembly, "State")["Resources"]
    wanted = next(
        one["Properties"]
        for one in resources.values()
        if one["Type"] == "AWS::S3::Bucket" and one["Properties"].get("BucketName") == proof.evidence_bucket
    )
    expect("ObjectLockEnabled in the template", True, wanted["ObjectLockEnabled"])
    s3 = proof.client("s3", "evidence")
    try:
        s3.get_object_lock_configuration(Bucket=proof.evidence_bucket)
    except ClientError as error:
        dropped = error.response["Error"]["Code"]
        expect("what the emulator says of the lock before", "ObjectLockConfigurationNotFoundError", dropped)
    retention = wanted["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    s3.put_object_lock_configuration(Bucket=proof.evidence_bucket, ObjectLockConfiguration=configuration)
    seen = s3.get_object_lock_configuration(Bucket=proof.evidence_bucket)["ObjectLockConfiguration"]
    expect("the lock configuration read back", configuration, seen)
    return f"locked the bucket by API as the template says: {retention['Mode']}, {retention['Days']} days"


def fingerprint(proof: Proof, key: str = "signing") -> str:
    """SHA-256 of a key's public half, asked of KMS and not of the locker."""
    found = proof.client("kms", "evidence").get_public_key(KeyId=f"alias/prooftrail-{STAGE}-{key}")
    return hashlib.sha256(found["PublicKey"]).hexdigest()


def verified(proof: Proof, *, witnessed: bool) -> str:
    """`prooftrail verify s3://BUCKET --deep`, as a person would call it, with a fingerprint from outside the locker."""
    said = verify(proof)
    expect("the verdict", "intact", said["verdict"])
    expect("problems", [], said["problems"])
    expect("exit status", 0, said["exit_status"])
    expect("runs in the chain", len(proof.runs), said["runs"])
    expect("the assurance", "witnessed" if witnessed else "single account", said["assurance"])
    notes = sorted({one["fault"] for one in said["notes"]})
    return (
        f"verified {said['runs']} runs, {said['objects']} objects: {said['verdict']}, {said['assurance']}"
        f"{'; noted: ' + ', '.join(notes) if notes else ''}"
    )


def rederived(proof: Proof) -> str:
    """Judging every sealed snapshot again on this machine gives what the deployed functions sealed."""
    said = verify(proof, "--rederive")
    again = said["rederived"]
    expect(
        "verdict, problems and unconfirmed",
        ("intact", [], []),
        (said["verdict"], said["problems"], said["unconfirmed"]),
    )
    expect("runs judged again", len(proof.runs), again["runs"])
    expect("accounts that differ", 0, again["differing"])
    return f"judged {again['results']} results of {again['accounts']} accounts again: all agree"


def verify(proof: Proof, *more: str, keys: dict[str, str] | None = None) -> dict[str, Any]:
    """What the command prints as JSON."""
    arguments = ("verify", f"s3://{proof.evidence_bucket}", "--deep", "--fingerprint", fingerprint(proof), "--json")
    return prooftrail(proof, (*arguments, *more), keys)


def accounts_told_truly(proof: Proof) -> str:
    """Both accounts that could not be read are stated gaps with AWS's own reason; the others were read, none denied."""
    read = (*SEEDED, "evidence", "management", "tooling")
    asked = {role.split(":")[4] for role in proof.door.asked}
    expected = {proof.accounts[name] for name in (*read, DENIED, MISSING) if name != "tooling"}
    expect("accounts somebody wanted to read through the member role", sorted(expected), sorted(asked))
    for name in (DENIED, MISSING):
        told = _outcome(proof, name)
        expect(f"what is said of {name}", ("unreachable", True), (told["status"], "AccessDenied" in told["reason"]))
    for name in read:
        unread = {one["collector"]: one for one in _outcome(proof, name)["cells"] if one["status"] != "ok"}
        denied = [one for one in unread.values() if one["status"] == "denied" or "Denied" in str(one["reason"])]
        expect(f"cells of {name} that were denied", [], denied)
        if name in SEEDED:
            expect(f"cells of {name} that were not read whole", sorted(LACKING), sorted(unread))
            found = [one["items"] for one in _outcome(proof, name)["cells"] if one["collector"] == "contacts"]
            expect(f"contacts of {name} that were read", [1], found)
    return (
        f"{DENIED} and {MISSING} are unreachable with AccessDenied, {len(read)} accounts were read, none denied a call"
    )


def ledger_rows(proof: Proof) -> str:
    """The ledger holds a row for every run and for the people that were seeded."""
    table = proof.client("dynamodb", "tooling")
    runs = _rows(table, proof.table, "RUNS")
    expect("runs in the ledger", sorted(proof.runs), sorted(one["sk"]["S"] for one in runs))
    counts = {}
    for name in SEEDED:
        found = [one["sk"]["S"] for one in _rows(table, proof.table, f"ACC#{proof.accounts[name]}")]
        counts[name] = sum(one.startswith("ID#") for one in found)
        if counts[name] < 4:
            raise StepFailed(f"{name} has {counts[name]} identities in the ledger; its rows: {found[:40]}")
    expect(
        "rows of the account that was denied",
        [],
        [
            one["sk"]["S"]
            for one in _rows(table, proof.table, f"ACC#{proof.accounts[DENIED]}")
            if one["sk"]["S"].startswith("ID#")
        ],
    )
    return f"the ledger holds {len(runs)} runs and {counts} identities"


def untouchable(proof: Proof) -> str:
    """An administrator of the evidence account is refused by bucket policy, and root by Object Lock itself."""
    make_role(proof, "evidence", "administrator")
    administrator = proof.client_as("s3", "evidence", f"arn:aws:iam::{proof.accounts['evidence']}:role/administrator")
    root, bucket = proof.client("s3", "evidence"), proof.evidence_bucket
    key = "chain/00000001.json"
    version = next(
        one["VersionId"] for one in root.list_object_versions(Bucket=bucket, Prefix=key)["Versions"] if one["IsLatest"]
    )
    held = {"Bucket": bucket, "Key": key}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": tomorrow}
    by_policy: dict[str, Callable[[], Any]] = {
        "deleting a version": lambda: administrator.delete_object(**held, VersionId=version),
        "hiding it behind a delete marker": lambda: administrator.delete_object(**held),
        "bypassing governance": lambda: administrator.delete_object(
            **held, VersionId=version, BypassGovernanceRetention=True
        ),
        "writing over it": lambda: administrator.put_object(**held, Body=b"{}"),
        "writing a new manifest": lambda: administrator.put_object(
            Bucket=bucket, Key="chain/00000099.json", Body=b"{}", IfNoneMatch="*"
        ),
        "suspending versions": lambda: administrator.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
        "loosening the lock": lambda: administrator.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        ),
        "releasing a hold": lambda: administrator.put_object_legal_hold(**held, LegalHold={"Status": "OFF"}),
        "a lifecycle rule": lambda: administrator.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={
                "Rules": [{"ID": "x", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]
            },
        ),
    }
    by_lock: dict[str, Callable[[], Any]] = {
        "deleting a version as root": lambda: root.delete_object(**held, VersionId=version),
        "bypassing as root": lambda: root.delete_object(**held, VersionId=version, BypassGovernanceRetention=True),
        "shortening as root": lambda: root.put_object_retention(**held, VersionId=version, Retention=shorter),
        "downgrading as root": lambda: root.put_object_retention(
            **held,
            VersionId=version,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": tomorrow},
            BypassGovernanceRetention=True,
        ),
    }
    for what, attempt in (by_policy | by_lock).items():
        refused(what, _DENIED, attempt)
    return f"refused {len(by_policy)} attempts of an administrator by policy, {len(by_lock)} of root by Object Lock"


def legal_hold(proof: Proof) -> str:
    """The legal-hold role holds a run's objects by command; roles that are named take it, and users with MFA alone."""
    account = proof.accounts["evidence"]
    role = f"arn:aws:iam::{account}:role/prooftrail/Prooftrail-{STAGE}-LegalHold"
    own, take = proof.client("sts", "evidence"), {"RoleArn": role, "RoleSessionName": "e2e"}
    by_role = {}
    for name in ("counsel", "bystander"):
        make_role(proof, "evidence", name)
        by_role[name] = proof.client_with("sts", session_keys(own, f"arn:aws:iam::{account}:role/{name}"))
    refused("the legal-hold role by a role nobody named", _DENIED, partial(by_role["bystander"].assume_role, **take))
    clerk = proof.client_with("sts", make_user(proof, "evidence", "clerk"))
    refused("the legal-hold role by a user without MFA", _DENIED, partial(clerk.assume_role, **take))
    session_keys(clerk, role, SerialNumber=f"arn:aws:iam::{account}:mfa/clerk", TokenCode="123456")
    keys = session_keys(by_role["counsel"], role)
    scope = ("--run", proof.runs[0], "--reason", "end-to-end proof", "--case", "E2E-1", "--yes", "--json")
    said = prooftrail(proof, ("hold", f"s3://{proof.evidence_bucket}", *scope), keys)
    done = said["done"]
    expect(
        "versions held, gone, refused and not tried",
        (said["versions"], 0, 0, 0),
        (done["done"], done["gone"], done["refused"], done["untried"]),
    )
    held_now = proof.client("s3", "evidence").get_object_legal_hold(
        Bucket=proof.evidence_bucket, Key=f"outcome/{proof.runs[0]}/{proof.accounts[SEEDED[0]]}.json"
    )["LegalHold"]["Status"]
    expect("the hold of an object of that run", "ON", held_now)
    return f"{done['done']} versions are held, on record in {done['record']}"


def answered(proof: Proof) -> str:
    """Whoever is named for it acknowledges by command what an owner was told; nobody else takes the role, and it writes no more."""
    account, own = proof.accounts["evidence"], proof.client("sts", "evidence")
    role = f"arn:aws:iam::{account}:role/prooftrail/Prooftrail-{STAGE}-Answer"
    make_role(proof, "evidence", "lead")
    lead = proof.client_with("sts", session_keys(own, f"arn:aws:iam::{account}:role/lead"))
    bystander = proof.client_with("sts", session_keys(own, f"arn:aws:iam::{account}:role/bystander"))
    take = {"RoleArn": role, "RoleSessionName": "e2e"}
    refused("the role that answers by a role nobody named", _DENIED, partial(bystander.assume_role, **take))
    keys = session_keys(lead, role)
    matter, reason = notices.told_of(proof), "rotating on Thursday"
    prooftrail(proof, ("ack", f"s3://{proof.evidence_bucket}", matter, "--reason", reason, "--json"), keys)
    s3 = proof.client_with("s3", keys)
    for kind in ("notices", "custody", "chain"):
        refused(
            f"the answerer's writing of {kind}", _DENIED, partial(s3.put_object, **_new(proof.evidence_bucket, kind))
        )
    root = proof.client("s3", "evidence")
    (one,) = root.list_objects_v2(Bucket=proof.evidence_bucket, Prefix="answers/")["Contents"]
    body = json.loads(root.get_object(Bucket=proof.evidence_bucket, Key=one["Key"])["Body"].read())
    seen = (body["kind"], body["reason"], role.rpartition("/")[2] in body["who"], matter in body["matters"])
    expect("the answer that is sealed", ("acknowledged", reason, True, True), seen)
    return f"acknowledged {matter[:8]} under {body['who'].rpartition(':')[2]}, on record in {one['Key']}"


def apart(proof: Proof) -> str:
    """No step can do another's work: each role meets its own policy, the bucket's and the keys', and is let through once.

    MiniStack lets an account's root take a role that is meant for a service, which is how the proof gets these sessions.
    """
    bucket, tooling = (
        proof.evidence_bucket,
        f"arn:aws:iam::{proof.accounts['tooling']}:role/prooftrail/Prooftrail-{STAGE}-",
    )
    watch = f"arn:aws:iam::{proof.accounts['evidence']}:role/prooftrail/Prooftrail-{STAGE}-Watch"
    sessions = {role: session_keys(proof.client("sts", "tooling"), f"{tooling}{role}") for role in _OF_THE_SCANNER}
    sessions["Watch"] = session_keys(proof.client("sts", "evidence"), watch)
    raw = proof.client("s3", "evidence").list_object_versions(Bucket=bucket, Prefix="raw/", MaxKeys=1)["Versions"][0]
    people = proof.client("s3", "evidence").list_object_versions(Bucket=bucket, Prefix="people/", MaxKeys=1)[
        "Versions"
    ][0]
    attempts = 0
    for role, keys in sessions.items():
        s3, kms = proof.client_with("s3", keys), proof.client_with("kms", keys)
        for kind in sorted(set(RETENTION_DAYS) - set(USES[Role(role)].writes)):
            refused(f"{role}'s writing of {kind}", _DENIED, partial(s3.put_object, **_new(bucket, kind)))
            attempts += 1
        read = partial(s3.get_object, Bucket=bucket, Key=raw["Key"], VersionId=raw["VersionId"])
        refused(f"{role}'s reading of raw evidence", _DENIED, read)
        for name, signer in (("signing", "Seal"), ("witness", "Watch")):
            sign = partial(kms.sign, KeyId=proof.key_arn(name), **_DIGEST)
            if role != signer:
                refused(f"{role}'s signing with the {name} key", _DENIED, sign)
                attempts += 1
                continue
            sign()  # so that the refusals are known to be about who asks
        attempts += 1
        if role != "Remind":
            read = partial(s3.get_object, Bucket=bucket, Key=people["Key"], VersionId=people["VersionId"])
            refused(f"{role}'s reading of who people are", _DENIED, read)
            attempts += 1
    make_role(proof, "tooling", "administrator")
    own = session_keys(proof.client("sts", "tooling"), f"arn:aws:iam::{proof.accounts['tooling']}:role/administrator")
    attempts += notices.closed(proof, {role: keys for role, keys in sessions.items() if role != "Watch"}, own)
    return f"refused {attempts} attempts of {len(sessions)} roles at each other's work"


def tampering(proof: Proof) -> str:
    """What root can still do where no policy binds it shows: a second version, a delete marker, an object from nowhere."""
    root, bucket = proof.client("s3", "evidence"), proof.evidence_bucket
    outcome, plan, nowhere = (
        f"outcome/{proof.runs[0]}/{proof.accounts['tooling']}.json",
        f"plan/{proof.runs[0]}.jsonl",
        "raw/from/nowhere",
    )
    root.put_object(Bucket=bucket, Key=outcome, Body=b"{}")
    root.delete_object(Bucket=bucket, Key=plan)
    root.put_object(Bucket=bucket, Key=nowhere, Body=b"{}")
    said = verify(proof)
    found = sorted((one["fault"], one["where"]) for one in said["problems"])
    expect("the verdict after tampering", ("not intact", 1), (said["verdict"], said["exit_status"]))
    expect("what is wrong", sorted([("HIDDEN", plan), ("REPLACED", outcome), ("UNLISTED", nowhere)]), found)
    return "root replaced, hid and added an object: verify names each"


def _new(bucket: str, kind: str) -> dict[str, Any]:
    """A PutObject as the locker makes it, of something that is no evidence."""
    until = datetime.now(UTC) + timedelta(days=RETENTION_DAYS[kind], hours=1)
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    return {"Bucket": bucket, "Key": f"{kind}/forged", "Body": b"{}", "IfNoneMatch": "*"} | lock


def _outcome(proof: Proof, name: str) -> dict[str, Any]:
    """The newest run's outcome of an account, as it was sealed."""
    key = f"outcome/{proof.runs[-1]}/{proof.accounts[name]}.json"
    body = proof.client("s3", "evidence").get_object(Bucket=proof.evidence_bucket, Key=key)["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def _rows(table: Any, name: str, pk: str) -> list[dict[str, Any]]:
    pages = table.get_paginator("query").paginate(
        TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}}
    )
    return [row for page in pages for row in page["Items"]]


def prooftrail(proof: Proof, arguments: tuple[str, ...], keys: dict[str, str] | None) -> dict[str, Any]:
    """One call of the command line, with nothing of the caller's settings; its JSON."""
    home = proof.logs / "home-verify"
    home.mkdir(exist_ok=True)
    environment = clean_environment(home, proof.accounts["evidence"], proof.endpoint)
    environment |= {name.upper(): value for name, value in (keys or {}).items()}
    done = subprocess.run(
        [str(ROOT / ".venv/bin/prooftrail"), *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise StepFailed(
            f"prooftrail {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
        ) from error
    return found
