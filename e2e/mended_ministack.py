"""Starts MiniStack with its IAM checks on, after mending what its checks get wrong about several accounts.

Runs under the emulators' own interpreter, in a process of its own, with `AUTH=true`: MiniStack then checks signatures,
session tokens, identity, session, trust, bucket and key policies on every call. Each mend below makes one answer what
AWS would give; three are milder than AWS, and say so: `_as_if_by_tls`, `_asked_as_management` and `_with_a_code`.
`MANAGEMENT_ACCOUNT` names the organization's own account; mails that SNS would send lie in the file `MAILS`. Held to `ministack==1.5.33`: a mend that no longer fits stops the start.
"""

import json
import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from xml.etree import ElementTree as ET

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import account, iam, kms, organizations, s3, sns, stepfunctions, sts
from ministack.services.cloudformation import provisioners

MANAGEMENT = os.environ["MANAGEMENT_ACCOUNT"]
MAILS = Path(os.environ["MAILS"])
_with_mfa: ContextVar[bool] = ContextVar("with_mfa", default=False)
_YEAR_S = 365 * 24 * 3600
_DAY_S = 24 * 3600
_LOCKED = {"s3:object-lock-mode", "s3:object-lock-retain-until-date"}


def _replace(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts `make(what was there)` in its place; a name that is gone ends the start with the reason."""
    if not hasattr(module, name):
        raise SystemExit(f"{module.__name__}.{name} is gone: MiniStack has changed, look at this mend again")
    setattr(module, name, make(getattr(module, name)))


def _principal_arn(original: Any) -> Any:
    """aws:PrincipalArn of a role session is the role's ARN with its path; aws:MultiFactorAuthPresent what a user brought."""

    def resolve(key: str, context: Any) -> Any:
        if key.lower() == "aws:multifactorauthpresent" and _with_mfa.get() and ":user/" in context.principal_arn:
            return "true"  # a session of a role never carries the mark, whatever it brings
        if key.lower() == "aws:principalarn" and ":assumed-role/" in context.principal_arn:
            account, resource = context.principal_arn.split(":", 5)[4:]
            role = iam._roles.get_scoped(account, None, resource.split("/")[1])
            return role["Arn"] if role else context.principal_arn
        return original(key, context)

    return resolve


def _with_a_code(original: Any) -> Any:
    """An AssumeRole of a user that brings a device and a code counts as made with MFA; any code is taken."""

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        asked = parse_qs(body.decode(errors="replace")) if isinstance(body, bytes) else {}
        mark = _with_mfa.set("SerialNumber" in asked and "TokenCode" in asked)
        try:
            return await original(method, path, headers, body, query)
        finally:
            _with_mfa.reset(mark)

    return handle


def _organization_of(original: Any) -> Any:
    """Every account is in the one organization; MiniStack gives each account an organization of its own."""

    def of(_account: str) -> Any:
        return original(MANAGEMENT)

    return of


def _asked_as_management(original: Any) -> Any:
    """What a delegated administrator may ask of Organizations is answered as to the management account.

    To everyone, because MiniStack knows no delegation: that one was made is not shown.
    """

    async def handle(*request: Any) -> Any:
        with request_scope(MANAGEMENT, get_region()):
            return await original(*request)

    return handle


def _with_contacts(original: Any) -> Any:
    """Alternate contacts of the caller's own account, which MiniStack has none of: put and got, and not there until put."""
    held: dict[tuple[str, str], dict[str, str]] = {}

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if path not in ("/getAlternateContact", "/putAlternateContact"):
            return await original(method, path, headers, body, query)
        asked: dict[str, str] = json.loads(body)
        place, json_type = (get_account_id(), asked["AlternateContactType"]), {"Content-Type": "application/json"}
        if path == "/putAlternateContact":
            held[place] = asked
            return 200, json_type, b""
        if place not in held:
            return error_response_json("ResourceNotFoundException", "No such contact found.", 404)
        return 200, json_type, json.dumps({"AlternateContact": held[place]}).encode()

    return handle


class _LastYear:
    """The clock of Organizations: accounts joined a year ago, so that none counts as still onboarding."""

    @staticmethod
    def time() -> float:
        return time.time() - _YEAR_S


def _key_anywhere(original: Any) -> Any:
    """A key or alias ARN means that key, whichever account asks; policies decide afterwards."""

    def resolve(given: Any) -> Any:
        parts = str(given or "").split(":")
        if len(parts) == 6 and parts[2] == "kms" and parts[4] != get_account_id():
            with request_scope(parts[4], parts[3]):
                return original(given)
        return original(given)

    return resolve


def _key_owner(_original: Any) -> Any:
    """A key policy belongs to the key's account, not to whoever asks."""

    def policy(arn: str) -> tuple[str, str] | None:
        record = kms._resolve_key(arn)
        return (record.get("Policy") or "", record["Arn"].split(":")[4]) if record else None

    return policy


def _by_its_arn(original: Any) -> Any:
    """KMS checks policies against the key's ARN, also where the caller named an alias; contacts are the account's own."""

    def resource(service: str, *rest: Any) -> str:
        found: str = original(service, *rest)
        if service == "kms" and (record := kms._resolve_key(found)):
            return str(record["Arn"])
        if service == "account" and str(rest[1]).endswith("AlternateContact"):
            return f"arn:aws:account::{get_account_id()}:account"
        return found

    return resource


def _batch_as_its_members(original: Any) -> Any:
    """A batch of SQS is allowed by the action of its members: there is no other."""

    def action(service: str, *rest: Any, **named: Any) -> Any:
        found = original(service, *rest, **named)
        return found.removesuffix("Batch") if service == "sqs" and found else found

    return action


def _keys_in_the_body(original: Any) -> Any:
    """Condition keys MiniStack leaves out: kms:ResourceAliases, dynamodb:LeadingKeys, mode and days of a retention."""

    def context(service: str, action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        found: dict[str, Any] = original(service, action, body, *rest)
        if service == "kms":
            return found | _aliases(json.loads(body or b"{}").get("KeyId"))
        if service == "dynamodb":
            return found | _partitions(json.loads(body or b"{}"))
        if action == "s3:PutObjectRetention":
            asked = {one.tag.rpartition("}")[2]: one.text or "" for one in ET.fromstring(body)}
            return found | _lock(asked.get("Mode"), asked.get("RetainUntilDate"))
        return found

    return context


def _aliases(key: Any) -> dict[str, Any]:
    record = kms._resolve_key(key)
    if record is None:
        return {}
    region, account = record["Arn"].split(":")[3:5]
    with request_scope(account, region):
        aliases = [arn.split(":", 5)[5] for arn, found in kms._aliases.items() if found == record["KeyId"]]
    return {"kms:ResourceAliases": aliases} if aliases else {}


def _partitions(asked: dict[str, Any]) -> dict[str, Any]:
    """dynamodb:LeadingKeys: the partitions of the rows that a write names."""
    batches = [one for rows in asked.get("RequestItems", {}).values() if isinstance(rows, list) for one in rows]
    rows = [*(one["PutRequest"]["Item"] for one in batches if "PutRequest" in one)]
    rows += [asked.get("Item", {}), asked.get("Key", {})]
    found = sorted({row["pk"]["S"] for row in rows if "pk" in row})
    return {"dynamodb:LeadingKeys": found} if found else {}


def _lock(mode: str | None, until: str | None) -> dict[str, str]:
    found = {"s3:object-lock-mode": mode} if mode else {}
    if until:
        left_s = datetime.fromisoformat(until).timestamp() - time.time()
        found["s3:object-lock-retain-until-date"] = until
        found["s3:object-lock-remaining-retention-days"] = str(int(-(-left_s // _DAY_S)))
    return found


def _object_keys(original: Any) -> Any:
    """The condition keys of a PutObject that evidence policies rest on."""

    def context(action: str, query: Any, path: str, headers: Any) -> dict[str, Any]:
        found: dict[str, Any] = original(action, query, path, headers)
        if action != "s3:PutObject":
            return found
        found["s3:ObjectCreationOperation"] = "true"
        if headers.get("if-none-match"):
            found["s3:if-none-match"] = headers["if-none-match"]
        until = headers.get("x-amz-object-lock-retain-until-date")
        return found | _lock(headers.get("x-amz-object-lock-mode"), until)

    return context


def _retention_too(original: Any) -> Any:
    """A PutObject that brings a retention needs s3:PutObjectRetention as well, under the same conditions."""

    def enforce(key: str, action: str, service: str, region: str, **rest: Any) -> Any:
        denied = original(key, action, service, region, **rest)
        if denied is None and action == "s3:PutObject" and (rest.get("service_context") or {}).keys() & _LOCKED:
            return original(key, "s3:PutObjectRetention", service, region, **rest)
        return denied

    return enforce


def _foreign_caller(original: Any) -> Any:
    """Another account's bucket policy is held against the caller's role, not against its account's root."""

    def allows(owner: str, bucket: str, key: str, method: str, query: Any, caller: str, headers: Any = None) -> bool:
        if not caller:
            return bool(original(owner, bucket, key, method, query, caller, headers))
        path = f"/{bucket}/{key}" if key else f"/{bucket}"
        action = (
            f"s3:{iam_actions._s3_action(method, path, query) or ('PutObject' if method == 'PUT' else 'GetObject')}"
        )
        with request_scope(owner, get_region()):
            keys = iam_actions.s3_service_context(action, query, path, headers or {})
        context = iam_evaluator.EvalContext(
            principal_arn=iam_evaluator.caller_arn(),
            principal_type="AssumedRole" if ":assumed-role/" in iam_evaluator.caller_arn() else "Root",
            principal_account=caller,
            action=action,
            resource_arn=f"arn:aws:s3:::{path.lstrip('/')}",
            region=get_region(),
            service_context={name.lower(): value for name, value in keys.items()},
        )
        policy = s3._bucket_policies.get_scoped(owner, None, bucket)
        return bool(iam_evaluator.evaluate_resource_policy(policy, context).decision == "Allow")

    return allows


def _as_if_by_tls(original: Any) -> Any:
    """aws:SecureTransport is true: on AWS every call is; here the last step is loopback."""
    return lambda address, _secure: original(address, True)


def _by_its_metric(original: Any) -> Any:
    """An alarm over metric math is kept as one over the metric in it: it is there and tells somebody, never judged."""

    def record(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        if stated := [one["MetricStat"] for one in properties.get("Metrics", []) if "MetricStat" in one]:
            plain = {key: value for key, value in properties.items() if key != "Metrics"} | stated[0]["Metric"]
            properties = plain | {"Period": stated[0]["Period"], "Statistic": stated[0]["Stat"]}
        found: dict[str, Any] = original(name, properties)
        return found

    return record


def _asked_first(original: Any) -> Any:
    """An address hears nothing before it confirms, by the token in the mail that asks it; asked again, it gets another."""

    def subscribe(params: Any) -> Any:
        answer = original(params)
        topic = sns._topic_by_arn_any_scope(sns._normalize_arn(sns._p(params, "TopicArn")))
        wanted = ("email", sns._p(params, "Endpoint"))
        if sns._p(params, "Protocol") != "email" or topic is None:
            return answer
        (sub,) = [one for one in topic["subscriptions"] if (one["protocol"], one["endpoint"]) == wanted]
        if sub.get("asked") and sub["confirmed"]:
            return answer
        sub |= {"asked": True, "confirmed": False, "token": uuid4().hex}
        sub["attributes"]["PendingConfirmation"] = "true"
        _mail({"to": sub["endpoint"], "topic": topic["arn"], "token": sub["token"]})
        return (answer[0], answer[1], answer[2].replace(sub["arn"].encode(), b"pending confirmation"))

    return subscribe


def _no_arn_yet(original: Any) -> Any:
    """Who has not confirmed is listed as PendingConfirmation, and not by a subscription that is none yet."""

    def listed(params: Any) -> Any:
        topic = sns._topic_by_arn_any_scope(sns._normalize_arn(sns._p(params, "TopicArn")))
        pending = [one for one in (topic or {}).get("subscriptions", []) if not one["confirmed"]]
        arns = [one["arn"] for one in pending]
        for one in pending:
            one["arn"] = "PendingConfirmation"
        try:
            return original(params)
        finally:
            for one, arn in zip(pending, arns, strict=True):
                one["arn"] = arn

    return listed


def _into_mailboxes(original: Any) -> Any:
    """What a topic mails is kept, as whoever confirmed would read it."""

    def fanout(
        arn: str, message_id: str, message: str, subject: str, structure: str = "", *rest: Any, **named: Any
    ) -> Any:
        topic = sns._topic_by_arn_any_scope(arn)
        for sub in (topic or {}).get("subscriptions", []):
            if sub["protocol"] == "email" and sub["confirmed"] and sub.get("asked"):
                text = sns._resolve_message_for_protocol(message, structure, "email")
                _mail({"to": sub["endpoint"], "topic": arn, "id": message_id, "subject": subject, "text": text})
        return original(arn, message_id, message, subject, structure, *rest, **named)

    return fanout


def _mail(one: dict[str, str]) -> None:
    with MAILS.open("a") as mails:
        mails.write(json.dumps(one | {"at": datetime.now(UTC).isoformat()}) + "\n")


def _in_batches(original: Any) -> Any:
    """ItemBatcher: children of a Distributed Map get `{"Items": [...]}`; MiniStack gives each item a child of its own."""

    def run(state: dict[str, Any], raw: Any, effective: Any, *rest: Any) -> Any:
        context = rest[-1]
        if "ItemBatcher" not in state:
            return original(state, raw, effective, *rest)
        items = stepfunctions._read_map_items(state["ItemReader"], effective, context)
        size = state["ItemBatcher"]["MaxItemsPerBatch"]
        batches = [{"Items": items[at : at + size]} for at in range(0, len(items), size)]
        plain = {key: value for key, value in state.items() if key not in ("ItemBatcher", "ItemReader")}
        return original(plain | {"ItemsPath": "$.batches"}, raw, {"batches": batches}, *rest)

    return run


def mend() -> None:
    """All of the above."""
    _replace(stepfunctions, "_run_distributed_map", _in_batches)
    _replace(sns, "_subscribe", _asked_first)
    _replace(sns, "_list_subscriptions_by_topic", _no_arn_yet)
    _replace(sns, "_fanout", _into_mailboxes)
    _replace(provisioners, "_cw_metric_alarm_record", _by_its_metric)
    _replace(iam_evaluator, "_resolve_condition_key", _principal_arn)
    _replace(iam_evaluator, "_principal_org_id", _organization_of)
    _replace(sts, "handle_request", _with_a_code)
    _replace(organizations, "handle_request", _asked_as_management)
    _replace(account, "handle_request", _with_contacts)
    _replace(organizations, "time", lambda _time: _LastYear)
    _replace(kms, "_resolve_key", _key_anywhere)
    _replace(kms, "key_policy_for_arn", _key_owner)
    _replace(
        iam_actions, "_BOTOCORE_SERVICE_MAP", lambda known: known | {"account": ["account"]}
    )  # or nothing is checked
    _replace(iam_actions, "extract_resource_arn", _by_its_arn)
    _replace(iam_actions, "extract_iam_action", _batch_as_its_members)
    _replace(iam_actions, "request_tag_context", _keys_in_the_body)
    _replace(iam_actions, "_s3_object_context", _object_keys)
    _replace(iam_evaluator, "enforce", _retention_too)
    _replace(s3, "_foreign_bucket_allows", _foreign_caller)
    _replace(app, "pin_request_origin", _as_if_by_tls)


if __name__ == "__main__":
    mend()
    app.main()
