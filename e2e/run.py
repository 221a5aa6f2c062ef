"""`make e2e`: bootstraps, deploys, runs, updates, verifies and destroys Prooftrail in an organization on this machine.

Prints one line a step, with its seconds. Ends with 0, or at the first step that sees something else than it has to,
with 1 and what was expected, what was seen and where the logs are. See README.md beside this file for what is shown.
"""

import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from e2e import auditing, deploying, evidence, notices, organization, running, watching
from e2e.proof import Proof, StepFailed, timed
from e2e.servers import Door, forget_the_callers_settings, free_port, ministack

MANAGEMENT: Final = "100000000001"
AUDITING_FIRM: Final = "900000000009"
UPDATED: Final = {"tooling": ("Scanner",)}
type Step = tuple[str, Callable[[], str]]


def steps(proof: Proof) -> Iterator[Step]:
    """The steps in order, each with its name; a step may use what the ones before it left in `proof`."""
    yield "package", lambda: deploying.package(proof)
    yield "organization", lambda: organization.make(proof)
    yield "identities", lambda: organization.seed(proof)
    yield "bootstrap", lambda: deploying.bootstrap(proof)
    deploying.describe_stage(proof, minutes_ago=30, concurrency=3)
    yield "synthesize", lambda: deploying.synthesize(proof, "first")
    yield "member roles", lambda: deploying.member_roles(proof, "first")
    yield "deploy", lambda: deploying.deploy(proof, "first", leaves="CREATE_COMPLETE")
    yield "lock", lambda: evidence.lock_by_api(proof, "first")
    yield "alarms", lambda: watching.alarms(proof)
    first, second = running.newest_tick(proof, hours_before=1), running.newest_tick(proof)
    yield "first run", lambda: running.run(proof, first)
    yield "gaps", lambda: evidence.accounts_told_truly(proof)
    yield "verify", lambda: evidence.verified(proof, witnessed=False)
    yield "asked", lambda: notices.asked(proof)
    yield "confirm", lambda: notices.confirm(proof)
    yield "same tick", lambda: running.again(proof, first)
    yield "change", lambda: organization.join_late(proof, "payments")
    yield "next tick", lambda: running.run(proof, second)
    yield "told", lambda: notices.told(proof)
    yield "watchdog", lambda: watching.witness(proof)
    yield "verify", lambda: evidence.verified(proof, witnessed=True)
    yield "legal hold", lambda: evidence.legal_hold(proof)
    yield "answer", lambda: evidence.answered(proof)
    deploying.describe_stage(proof, minutes_ago=1, concurrency=2)
    yield "synthesize", lambda: deploying.synthesize(proof, "second")
    yield "update", lambda: deploying.deploy(proof, "second", UPDATED, leaves="UPDATE_COMPLETE")
    yield "updated", lambda: running.deployed_change(proof, concurrency=2)
    yield "third run", lambda: running.run(proof, running.newest_tick(proof))
    yield "told once", lambda: notices.again(proof)
    yield "watchdog", lambda: watching.witness(proof)
    yield "verify", lambda: evidence.verified(proof, witnessed=True)
    yield "judge again", lambda: evidence.rederived(proof)
    yield "auditor", lambda: auditing.read_by_auditor(proof)
    yield "handed over", lambda: auditing.handed_over(proof)
    yield "ledger", lambda: evidence.ledger_rows(proof)
    yield "refusals", lambda: evidence.untouchable(proof)
    yield "roles", lambda: evidence.apart(proof)
    yield "mail", lambda: watching.weekly_mail(proof)
    yield "protection", lambda: deploying.protected(proof, "second")
    yield "destroy", lambda: deploying.destroy(proof, "second")
    yield "what is left", lambda: deploying.left(proof)
    yield "verify", lambda: evidence.verified(proof, witnessed=True)
    yield "tampering", lambda: evidence.tampering(proof)


def main() -> int:
    """0 where every step saw what it had to, 1 at the first that did not."""
    forget_the_callers_settings()
    logs = Path(tempfile.mkdtemp(prefix="prooftrail-e2e-"))
    port = free_port()
    door = Door(port)
    with (
        timed() as whole,
        door.open(),
        ministack(logs, management=MANAGEMENT, sts=door.endpoint, port=port) as endpoint,
    ):
        proof = Proof(endpoint=endpoint, door=door, logs=logs)
        proof.accounts |= {"management": MANAGEMENT, "firm": AUDITING_FIRM}
        for name, step in steps(proof):
            with timed() as seconds:
                try:
                    said = step()
                except (StepFailed, ClientError, BotoCoreError, LookupError, OSError, ValueError) as error:
                    proof.keep_logs()
                    _say(f"FAILED {name:<14} {seconds():6.1f} s\n{_in_words(error)}\nlogs: {logs}")
                    return 1
            _say(f"{name:<14} {seconds():6.1f} s  {said}")
        _say(f"all of it in {whole():.0f} s")
    shutil.rmtree(logs)
    return 0


def _in_words(error: Exception) -> str:
    """An error that is no step's own says what it is, and where it came from."""
    if isinstance(error, StepFailed):
        return str(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
