"""What DynamoDB refuses, in sentences: one form for the small items beside the ledger's rows."""

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError, LedgerError

FAILED_CONDITION = "ConditionalCheckFailedException"
_DENIED = {"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"}


@contextlib.contextmanager
def speaking(action: str, table: str) -> Iterator[None]:
    """Turns what DynamoDB refuses, by code: AccessError where the caller may not, LedgerError for anything else."""
    try:
        yield
    except ClientError as refused:
        code = code_of(refused)
        if code in _DENIED:
            raise AccessError(f"AWS refused {action} on {table} ({code}): allow it to this caller.") from refused
        if code == "ResourceNotFoundException":
            raise LedgerError(f"there is no table {table}: check the name, or deploy it.") from refused
        raise LedgerError(f"{table} refused {action} ({code}): run it again.") from refused
    except BotoCoreError as failed:
        raise AccessError(f"DynamoDB could not be asked for {action} on {table}: {failed}") from failed


def code_of(refused: ClientError) -> str:
    """AWS's own code for a refusal."""
    return str(refused.response.get("Error", {}).get("Code", ""))
