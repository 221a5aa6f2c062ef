"""Whom OSCAL's observations speak of, and the sealed objects they rest on: identities, accounts, the tool, back-matter."""

from collections.abc import Iterator
from typing import Any

from prooftrail.model.judgement import Result, SubjectType
from prooftrail.pack.files import Written
from prooftrail.pack.oscal.text import known, line, object_uuid, props, prose, title
from prooftrail.pack.view import AccountView, Evidence, Listed, PackRun, PeriodView

TOOL = object_uuid("tool", "prooftrail")
ORIGIN = [{"actors": [{"type": "tool", "actor-uuid": TOOL}]}]
_MEDIA = {".gz": "application/gzip", ".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv"}


def identity_uuid(identity: str) -> str:
    """The inventory item of an identity, by its AWS unique id."""
    return object_uuid("identity", identity)


def account_uuid(account: str, organization: str | None) -> str:
    """The component of an account; of the organization for what belongs to no account."""
    return object_uuid("account", account if account.isdigit() else organization or account)


def tool(period: PeriodView) -> dict[str, Any]:
    """Prooftrail itself, as the component that observed."""
    return known(
        uuid=TOOL,
        type="software",
        title="Prooftrail",
        description="Reads identities from AWS, tests controls on them and seals what it read and found.",
        props=props(version=period.code_version, code_sha256=period.code_sha256),
        status={"state": "operational"},
    )


def account_component(one: AccountView, period: PeriodView) -> dict[str, Any]:
    """An account, or the organization, as a component with how it came out."""
    named = f"AWS account {one.account}" if not one.of_organization else "AWS organization"
    name = period.reveal(one.name) if one.name else None
    told = (
        f"Shown as the run {one.judged_run.run_id} judged it." if one.judged_run else "No run of this pack judged it."
    )
    why = period.reveal(one.reason) if one.reason else None
    return known(
        uuid=account_uuid(one.account, period.context.organization.id),
        type="service",
        title=title(f"{named} ({name})" if name else named),
        description=prose(told),
        props=props(
            account=one.account, coverage=one.status, reason=why, unit=period.reveal(one.ou_path or "") or None
        ),
        status={"state": "operational" if one.status in ("sealed", "gaps") else "other"},
    )


def planned_component(account: str, period: PeriodView) -> dict[str, Any]:
    """An account a narrowed pack is of, or the organization, by the name the results have for it."""
    name = period.account_names.get(account)
    shown = period.reveal(name) if name else None
    named = f"AWS account {account}" if account.isdigit() else "AWS organization"
    return {
        "uuid": account_uuid(account, period.context.organization.id),
        "type": "service",
        "title": title(f"{named} ({shown})" if shown else named),
        "description": "What this pack is of. How it came out is in the assessment results.",
        "props": props(account=account),
        "status": {"state": "other", "remarks": "A plan says nothing of its state."},
    }


def inventory_item(listed: Listed, period: PeriodView) -> dict[str, Any]:
    """An identity, with what a person needs to find it in AWS."""
    one = listed.identity
    show = period.reveal
    return {
        "uuid": identity_uuid(one.id),
        "description": prose(f"{one.kind.value} {show(one.name)} in account {one.account}"),
        "props": props(
            identity_id=show(one.id),
            arn=show(one.arn),
            account=one.account,
            region=one.region,
            kind=one.kind.value,
            **{"class": one.classification.cls.value},
            owner=show(one.owner.value) if one.owner.value else None,
            evidence_id=listed.evidence,
            evidence_line=listed.line,
        ),
    }


def unlisted_item(identity: str, one: AccountView, period: PeriodView) -> dict[str, Any]:
    """An identity that results speak of and no snapshot of this pack shows."""
    return {
        "uuid": identity_uuid(identity),
        "description": prose(f"An identity of account {one.account} that the snapshot shown does not list."),
        "props": props(identity_id=period.reveal(identity), account=one.account),
    }


def subject(result: Result, one: AccountView, period: PeriodView) -> dict[str, Any]:
    """Of whom a result speaks."""
    if result.identity is not None and result.subject_type is not SubjectType.EXCEPTION:
        return {"subject-uuid": identity_uuid(result.identity), "type": "inventory-item"}
    return {"subject-uuid": account_uuid(one.account, period.context.organization.id), "type": "component"}


def evidence_uuid(stored_sha256: str) -> str:
    """The back-matter resource of a sealed object."""
    return object_uuid("evidence", stored_sha256)


def evidence_resource(one: Evidence) -> dict[str, Any]:
    """A sealed object as it lies in the pack, by the hash of its stored bytes."""
    where = "of the organization" if not one.account or not one.account.isdigit() else f"of account {one.account}"
    return {
        "uuid": evidence_uuid(one.stored_sha256),
        "title": line(f"{one.kind.value} {where} in run {one.run_id}"),
        "props": props(
            evidence_id=one.id, sha256_unpacked=one.sha256, lines=one.count, manifest=one.seq, version_id=one.version_id
        ),
        "rlinks": [rlink(f"evidence/{one.key}", one.stored_sha256)],
    }


def manifest_resource(run: PackRun) -> dict[str, Any]:
    """The signed manifest of a run."""
    return {
        "uuid": evidence_uuid(run.manifest_sha256),
        "title": line(f"signed manifest {run.seq} of run {run.run_id}"),
        "rlinks": [rlink(f"evidence/chain/{run.seq:08d}.json", run.manifest_sha256)],
    }


def head_resource(period: PeriodView) -> dict[str, Any]:
    """The newest manifest of the locker when the pack was made."""
    return {
        "uuid": evidence_uuid(period.head.sha256),
        "title": line(f"head of the chain: signed manifest {period.head.seq} of run {period.head_run}"),
        "rlinks": [rlink(f"evidence/chain/{period.head.seq:08d}.json", period.head.sha256)],
    }


def file_resource(path: str, told: str, written: Written | None) -> dict[str, Any]:
    """Another file of the pack."""
    return {
        "uuid": object_uuid("file", path),
        "title": line(told),
        "rlinks": [rlink(path, written.sha256 if written else None)],
    }


def rlink(path: str, sha256: str | None) -> dict[str, Any]:
    """A link to a file of the pack from within `oscal/`, with the hash of its bytes where that is known."""
    media = next((kind for end, kind in _MEDIA.items() if path.endswith(end)), "application/octet-stream")
    hashes = [{"algorithm": "SHA-256", "value": sha256}] if sha256 else None
    return known(href=f"../{path}", media_type=media, hashes=hashes)


def manifests(period: PeriodView) -> Iterator[dict[str, Any]]:
    """The head, then the manifest of each run of the period and of the run shown, each once."""
    seen = {period.head.sha256}
    yield head_resource(period)
    for run in (*period.runs, period.as_of):
        if run.manifest_sha256 not in seen:
            seen.add(run.manifest_sha256)
            yield manifest_resource(run)
