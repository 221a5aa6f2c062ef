"""Makes moto answer as AWS does, for as long as a `with` lasts.

One seam is enough: every response class of moto answers through `BaseResponse.call_action`. Calls to the services the
scanner reads are answered here, the rest by moto. Beside it moto's idea of "now", of whose key signed a request and
of when a key was last used follow the simulated clock.

What stays unlike AWS: no permission is looked at but trust policies and session policies; signatures are not checked;
nothing is throttled unless asked for; AWS-managed policies carry the texts moto was published with, and the details
list them only where attached; objects made over the API get moto's own ids; an account's report keeps its key slots
by position. Every connection serves one request.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from moto.account import urls as account_urls
from moto.account.responses import AccountResponse
from moto.core import responses as core_responses
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import XFormedDict
from moto.core.responses import BaseResponse
from moto.iam import models as iam_models
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.organizations import models as organizations_models
from moto.secretsmanager import models as secretsmanager_models
from moto.utilities.utils import get_partition

from prooftrail.demo.faults import Faults
from prooftrail.demo.mends import (
    contacts,
    credential_report,
    iam_account,
    iam_details,
    iam_lists,
    iam_policies,
    identity_center,
    organizations,
    regions,
    secrets,
    sts,
)
from prooftrail.demo.mends.call import Answer, Call, Refusal
from prooftrail.demo.mends.caller import account_in_key, caller_of
from prooftrail.demo.mends.wire import Wire, answered, refused
from prooftrail.demo.mends.world import Clock, World

SERVICES = frozenset({"iam", "sts", "organizations", "secretsmanager", "sso-admin", "account", "ec2"})
ANSWERS: Mapping[str, Answer] = {
    **iam_lists.ANSWERS,
    **iam_policies.ANSWERS,
    **iam_details.ANSWERS,
    **iam_account.ANSWERS,
    **credential_report.ANSWERS,
    **organizations.ANSWERS,
    **sts.ANSWERS,
    **secrets.ANSWERS,
    **identity_center.ANSWERS,
    **regions.ANSWERS,
    **contacts.ANSWERS,
}
# AWS keeps a key's last use in steps of a quarter of an hour.
_USE_STEP_S = 900
_UNSIGNED = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})

type MotoAnswer = Callable[[BaseResponse], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithful:
    """What is installed: the facts moto cannot hold, and the faults."""

    world: World
    faults: Faults


@contextmanager
def install(
    clock: Clock, *, report_delay: timedelta = timedelta(seconds=0.3), strangers: bool = True
) -> Iterator[Faithful]:
    """Mend moto in this process; on leaving, moto is as it was (its backends are the caller's to reset).

    Serves `mock_aws` and moto's server alike. Without `strangers` a key nobody was given is refused, as on AWS.
    """
    world = World(clock=clock, report_delay=report_delay, strangers=strangers)
    faults = Faults(world)
    utcnow = _naive_now(clock)
    with ExitStack() as undo:
        for owner, name, mended in (
            (BaseResponse, "call_action", _answering(world, faults, BaseResponse.call_action)),
            (iam_models, "get_account_id_from", _account_of),
            (iam_models, "mark_account_as_visited", _visits(world)),
            (iam_models, "utcnow", utcnow),
            (organizations_models, "utcnow", utcnow),
            (secretsmanager_models, "utcnow", utcnow),
            (secretsmanager_models, "time", SimpleNamespace(time=lambda: clock.now().timestamp())),
            (core_responses, "utcnow", utcnow),
        ):
            undo.enter_context(_swapped(owner, name, mended))
        account_urls.url_paths["{0}/listRegions$"] = AccountResponse.dispatch
        undo.callback(account_urls.url_paths.pop, "{0}/listRegions$")
        yield Faithful(world=world, faults=faults)


@contextmanager
def _swapped(owner: object, name: str, mended: object) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, mended)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _naive_now(clock: Clock) -> Callable[[], datetime]:
    """Moto keeps its times without a zone."""
    return lambda: clock.now().replace(tzinfo=None)


def _account_of(key_id: str) -> str:
    """The account number every key id carries; moto looks through all keys of all accounts instead."""
    account = account_in_key(key_id)
    return account if account is not None and account in iam_backends else DEFAULT_ACCOUNT_ID


def _visits(world: World) -> Callable[[str, str, str, str], None]:
    def visited(account_id: str, access_key: str, service: str, region: str) -> None:
        """Note the use of a key or of a role's session, at the tick: every run of a day leaves the same trace."""
        seconds = int(world.clock.tick.timestamp()) // _USE_STEP_S * _USE_STEP_S
        at = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        if account_id not in iam_backends:
            return
        iam = iam_backends[account_id][get_partition(region)]
        session = world.sessions.get(access_key)
        role = iam.roles.get(session.role_id) if session else None
        if role is not None:
            role.last_used = at
            role.last_used_region = region  # type: ignore[assignment]  # moto types it as always None
        elif key := iam.access_keys.get(access_key):
            key.last_used = AccessKeyLastUsed(timestamp=at, service=service, region=region)

    return visited


def _answering(world: World, faults: Faults, moto_answers: MotoAnswer) -> MotoAnswer:
    def call_action(response: BaseResponse) -> Any:
        # Moto has no public name for the operation of a request.
        operation = response._get_action() if response.service_name in SERVICES else None  # noqa: SLF001
        if operation is None or operation in _UNSIGNED:
            return moto_answers(response)
        call = _call(world, response, operation)
        try:
            return _answered(call, faults) or moto_answers(response)
        except Refusal as refusal:
            return refused(call, refusal)

    return call_action


def _call(world: World, response: BaseResponse, operation: str) -> Call:
    response.parse_parameters(response.normalized_request)
    params = response.params
    return Call(
        world=world,
        service=response.service_name or "",
        operation=operation,
        account=response.current_account,
        region=response.region,
        partition=response.partition,
        key_id=response.access_key,
        params=params.original_dict() if isinstance(params, XFormedDict) else params,
    )


def _answered(call: Call, faults: Faults) -> Wire | None:
    """The answer on the wire, or None where moto's own will do."""
    caller = caller_of(call)
    with call.world.lock:
        call.world.calls[call.account, call.action] += 1
    met = faults.meet(call, caller.arn)
    if caller.session and not sts.session_allows(caller.session, call.action):
        raise Refusal(
            "AccessDenied" if call.service in {"iam", "sts"} else "AccessDeniedException",
            f"User: {caller.arn} is not authorized to perform: {call.action} because no session policy allows it",
            status=403 if call.service in {"iam", "sts", "account", "ec2"} else 400,
        )
    if call.service == "organizations":
        organizations.guard(call)
    answer = ANSWERS.get(f"{call.service}:{call.operation}")
    if answer is None:
        return None
    with call.world.lock:
        status, headers, body = answered(call, answer(met.call))
    return status, headers, body[: len(body) // 2] if met.broken else body
