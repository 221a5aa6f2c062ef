"""Bootstrap, deploy, update and destroy with the stock CDK command line, one account's credentials at a time."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from e2e import notices
from e2e.organization import REACHED
from e2e.proof import STAGE, Proof, StepFailed, expect, refused
from e2e.servers import REGION, ROOT, clean_environment
from prooftrail.settings import RETENTION_DAYS

STACKS: Mapping[str, tuple[str, ...]] = {
    "evidence": ("State", "Access", "Watchdog"),
    "tooling": ("Ledger", "Scanner"),
    "management": ("Management",),
}
"""Which account's administrator deploys what. Rollout, the StackSet, is left out: MiniStack refuses its type."""

_CDK_WITHIN_S = 300
_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def describe_stage(proof: Proof, *, minutes_ago: int, concurrency: int) -> None:
    """What cdk.json would hold for this organization. Ticks are hourly, the newest `minutes_ago` minutes before now."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    accounts = proof.accounts
    proof.stage |= {
        "region": REGION,
        "tooling_account": accounts["tooling"],
        "evidence_account": accounts["evidence"],
        "management_account": accounts["management"],
        "organization_id": proof.organization_id,
        "scan_regions": [REGION],
        "schedule": {"every_hours": 1, "at": f"{at:%H:%M}"},
        "lock_mode": "COMPLIANCE",
        "acknowledge_irreversible_days": max(RETENTION_DAYS.values()),
        "concurrency": concurrency,
        "external_id": "e2e-external-id",
        "addresses": {"security_team": ["security@example.com"], "auditors": ["auditor@example.com"]},
        "auditor": {
            "principal": f"arn:aws:iam::{accounts['firm']}:role/auditor",
            "external_id": "e2e-auditor",
            "until": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}",
        },
        "legal_hold_principals": [
            f"arn:aws:iam::{accounts['evidence']}:{one}" for one in ("role/counsel", "user/clerk")
        ],
        "answerers": [f"arn:aws:iam::{accounts['evidence']}:role/lead"],
        "architecture": architecture(),
    }


def architecture() -> str:
    """What this machine can run: MiniStack runs functions as processes of its own."""
    return _MACHINES[platform.machine()]


def package(proof: Proof) -> str:
    """A checkout whose governance is this organization's, and of it the functions' package for this machine.

    Built with the caller's own pip settings before anything is closed off; wheels are the repository's.
    """
    place = checkout(proof)
    for name in ("functions", "infra", "requirements"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", place)
    (ROOT / "build").mkdir(exist_ok=True)
    (place / "build").symlink_to(ROOT / "build")
    notices.govern(place / "functions" / "governance", (datetime.now(UTC) - timedelta(days=1)).date())
    done = subprocess.run(
        [sys.executable, "-m", "infra.bundling", "build", architecture()],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailed(f"the functions' package for {architecture()} was not built:\n{done.stderr[-2000:]}")
    return f"packaged the functions for {architecture()}: {done.stdout.split()[0][:16]}…"


def checkout(proof: Proof) -> Path:
    """The repository as this organization has it: with its own governance, and nothing else of its own."""
    return proof.logs / "checkout"


def bootstrap(proof: Proof) -> str:
    """The CDK's own roles and bucket in the three accounts that get stacks."""
    commands = {
        name: ("bootstrap", f"aws://{proof.accounts[name]}/{REGION}") for name in ("tooling", "evidence", "management")
    }
    _cdk_each(proof, "bootstrap", commands)
    return f"bootstrapped {len(commands)} accounts"


def synthesize(proof: Proof, assembly: str) -> str:
    """The templates and the functions' package, from the checkout's own app, with this stage in its context."""
    repository = json.loads((ROOT / "cdk.json").read_text())
    context = repository.get("context", {}) | {"stages": {STAGE: proof.stage}, "stage": STAGE}
    app = f"{sys.executable} {checkout(proof) / 'app.py'}"
    (proof.logs / "cdk.json").write_text(json.dumps({"app": app, "context": context}, indent=2))
    _wait(
        "synth",
        proof.logs / f"synth-{assembly}.log",
        _cdk(proof, "tooling", ("synth", "--quiet", "--output", assembly), proof.logs / f"synth-{assembly}.log"),
    )
    templates = sorted(path.name.split(".")[0] for path in (proof.logs / assembly).glob("*.template.json"))
    wanted = sorted(f"Prooftrail-{STAGE}-{one}" for group in STACKS.values() for one in group)
    expect("stacks of the app", [*wanted, f"Prooftrail-{STAGE}-Rollout"], sorted(templates, key=_rollout_last))
    return f"synthesized {len(templates)} stacks"


def deploy(proof: Proof, assembly: str, stacks: Mapping[str, tuple[str, ...]] = STACKS, *, leaves: str) -> str:
    """Deploys stacks, the accounts side by side: no stack refers to another. Each is in the status `leaves` then."""
    fixed = ("deploy", "--app", assembly, "--require-approval", "never")
    _cdk_each(proof, f"deploy-{assembly}", {name: (*fixed, *named(lasts)) for name, lasts in stacks.items()})
    for name, lasts in stacks.items():
        seen = {one["StackName"]: one["StackStatus"] for one in _stacks(proof, name)}
        expected = dict.fromkeys(named(lasts), leaves)
        expect(f"stacks in {name}", expected, {stack: seen.get(stack, "missing") for stack in expected})
    return f"deployed {sum(map(len, stacks.values()))} stacks"


def member_roles(proof: Proof, assembly: str) -> str:
    """The StackSet's own template as a stack in member accounts, as the StackSet would put it there."""
    rollout = template(proof, assembly, "Rollout")
    bodies = [
        one["Properties"]["TemplateBody"]
        for one in rollout["Resources"].values()
        if one["Type"] == "AWS::CloudFormation::StackSet"
    ]
    expect("StackSets in the Rollout stack", 1, len(bodies))
    for name in REACHED:
        proof.client("cloudformation", name).create_stack(
            StackName=f"StackSet-Prooftrail-{STAGE}", TemplateBody=bodies[0], Capabilities=["CAPABILITY_NAMED_IAM"]
        )
    for name in REACHED:
        proof.client("iam", name).get_role(RoleName="ProoftrailReader")
    return f"put the StackSet's template into {len(REACHED)} accounts"


def template(proof: Proof, assembly: str, stack: str) -> dict[str, Any]:
    """A synthesized template."""
    found: dict[str, Any] = json.loads(
        (proof.logs / assembly / f"Prooftrail-{STAGE}-{stack}.template.json").read_text()
    )
    return found


def protected(proof: Proof, assembly: str) -> str:
    """What must not go by mistake does not: deleting a stack the app protects is refused, State and Ledger above all."""
    found = _protected(proof, assembly)
    expect("State and Ledger are protected by the app", {"State", "Ledger"}, {"State", "Ledger"} & set(found))
    for last, name in found.items():
        delete = proof.client("cloudformation", name).delete_stack
        refused(f"deleting {last}", ("ValidationError",), partial(delete, StackName=named((last,))[0]))
    return f"termination protection holds {', '.join(found)}"


def _protected(proof: Proof, assembly: str) -> dict[str, str]:
    """The stacks that the app protects, each with the account it is in."""
    artifacts = json.loads((proof.logs / assembly / "manifest.json").read_text())["artifacts"]
    return {
        last: name
        for name, lasts in STACKS.items()
        for last in lasts
        if artifacts[named((last,))[0]].get("properties", {}).get("terminationProtection")
    }


def destroy(proof: Proof, assembly: str) -> str:
    """Tears everything down as an operator would: protection is lifted by hand first, and what is retained stays."""
    for last, name in _protected(proof, assembly).items():
        proof.client("cloudformation", name).update_termination_protection(
            StackName=named((last,))[0], EnableTerminationProtection=False
        )
    fixed = ("destroy", "--app", assembly, "--force")
    _cdk_each(proof, "destroy", {name: (*fixed, *named(lasts)) for name, lasts in STACKS.items()})
    for name, lasts in STACKS.items():
        left = [one["StackName"] for one in _stacks(proof, name) if one["StackName"] in named(lasts)]
        expect(f"stacks in {name} after destroy", [], left)
    return f"destroyed {sum(map(len, STACKS.values()))} stacks, protection lifted by hand"


def left(proof: Proof) -> str:
    """What destroy leaves: everything that is evidence or signs it, and nothing that acts."""
    for name in ("tooling", "evidence"):
        functions = [one["FunctionName"] for one in proof.client("lambda", name).list_functions()["Functions"]]
        expect(f"functions in {name}", [], functions)
        expect(f"schedules in {name}", [], proof.client("scheduler", name).list_schedules()["Schedules"])
    machines = proof.client("stepfunctions", "tooling").list_state_machines()["stateMachines"]
    expect("state machines", [], machines)
    staying: dict[str, list[str]] = {
        "buckets": [
            one["Name"]
            for name in ("evidence", "tooling")
            for one in proof.client("s3", name).list_buckets()["Buckets"]
        ],
        "tables": proof.client("dynamodb", "tooling").list_tables()["TableNames"],
        "keys": [
            one["AliasName"]
            for name in ("evidence", "tooling")
            for one in proof.client("kms", name).list_aliases()["Aliases"]
        ],
    }
    ours = {kind: sorted(one for one in found if f"prooftrail-{STAGE}-" in one) for kind, found in staying.items()}
    for kind, needed in (("buckets", proof.evidence_bucket), ("tables", proof.table)):
        if needed not in ours[kind]:
            raise StepFailed(f"{needed} went with its stack; left are {ours}")
    short = {kind: [_short(one, proof) for one in found] for kind, found in ours.items()}
    return "left: " + "; ".join(f"{kind} {', '.join(found)}" for kind, found in short.items())


def _short(name: str, proof: Proof) -> str:
    for account in proof.accounts.values():
        name = name.replace(f"-{account}-{REGION}", "")
    return name.removeprefix("alias/").removeprefix(f"prooftrail-{STAGE}-")


def named(lasts: tuple[str, ...]) -> tuple[str, ...]:
    """The full names of stacks."""
    return tuple(f"Prooftrail-{STAGE}-{one}" for one in lasts)


def _rollout_last(name: str) -> tuple[bool, str]:
    return name.endswith("Rollout"), name


def _stacks(proof: Proof, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = proof.client("cloudformation", name).describe_stacks()["Stacks"]
    return found


def _cdk_each(proof: Proof, step: str, commands: Mapping[str, tuple[str, ...]]) -> None:
    """One command for each account, side by side."""
    logs = {name: proof.logs / f"{step}-{name}.log" for name in commands}
    started = {name: _cdk(proof, name, command, logs[name]) for name, command in commands.items()}
    try:
        for name, process in started.items():
            _wait(f"{step} in {name}", logs[name], process)
    finally:
        for process in started.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _cdk(proof: Proof, account: str, command: tuple[str, ...], log: Path) -> "subprocess.Popen[bytes]":
    home = proof.logs / f"home-{account}"
    home.mkdir(exist_ok=True)
    environment = clean_environment(home, proof.accounts[account], proof.endpoint)
    # The package was built before, with the caller's own pip settings; jsii unpacks its libraries once a checkout.
    environment |= {"CDK_DISABLE_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(ROOT / "build" / "jsii")
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(ROOT / "node_modules/.bin/cdk"), *command, "--ci", "--no-notices", "--no-version-reporting"],
            cwd=proof.logs,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait(what: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    try:
        code = process.wait(timeout=_CDK_WITHIN_S)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise StepFailed(f"cdk {what} did not end within {_CDK_WITHIN_S} s; its log: {log}") from error
    if code != 0:
        tail = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-30:])
        raise StepFailed(f"cdk {what} ended with {code}; the end of {log}:\n{tail}")
