"""Starts executions of the state machine that carries a run from step to step."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError
from prooftrail.model.run import Run

if TYPE_CHECKING:
    from botocore.client import BaseClient

_THERE = "ExecutionAlreadyExists"


class StateMachine:
    """The state machine `arn`, through a client somebody else made. Satisfies flows.tick.Executions."""

    def __init__(self, client: "BaseClient", arn: str) -> None:
        self._client: Any = client
        self._arn = arn

    def start(self, run: Run) -> bool:
        """Start the run's execution under the run's id; False where one of that name was started before.

        Step Functions answers a second start with the same input as if it were the first while that one is under way.
        Source: StartExecution. Raises AccessError.
        """
        given = json.dumps({"run_id": run.id, "trigger": run.trigger}, sort_keys=True)
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=run.id, input=given)
        except ClientError as refused:
            code = refused.response.get("Error", {}).get("Code", "")
            if code == _THERE:
                return False
            raise AccessError(
                f"AWS refused states:StartExecution on {self._arn} ({code}): allow it to this step's role, or deploy the"
                " state machine."
            ) from refused
        except BotoCoreError as failed:
            raise AccessError(f"Step Functions could not be asked to start {self._arn}: {failed}") from failed
        return True
