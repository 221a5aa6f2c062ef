"""Whose chain is to begin: the account we stand in and its organization, as AWS itself names them."""

from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError, ConfigError

from .sessions import Sessions

_NOT_IN_USE = "AWSOrganizationsNotInUseException"


class Standing(NamedTuple):
    """An account, its partition, and the organization it is in; None where none was asked for."""

    account: str
    partition: str
    organization_id: str | None


def standing(sessions: Sessions, *, organization: bool) -> Standing:
    """Where the caller stands. With `organization`, not to learn it is an error and never None.

    Source: STS GetCallerIdentity, AWS Organizations DescribeOrganization. Raises AccessError, ConfigError.
    """
    caller = sessions.caller()
    found = _organization(sessions) if organization else None
    return Standing(caller.account, caller.partition, found)


def _organization(sessions: Sessions) -> str:
    action = "organizations:DescribeOrganization"
    try:
        client: Any = sessions.direct()("organizations", sessions.region)
        return str(client.describe_organization()["Organization"]["Id"])
    except ClientError as refused:
        code = refused.response.get("Error", {}).get("Code", "")
        if code == _NOT_IN_USE:
            raise ConfigError(
                f"account {sessions.caller().account} is in no organization, and cdk.json names one: remove organization_id, or"
                " deploy into an account of that organization."
            ) from refused
        raise AccessError(f"AWS refused {action} ({code}): allow it to this step's role.") from refused
    except BotoCoreError as failed:
        raise AccessError(f"AWS Organizations could not be asked for {action}: {failed}") from failed
