"""Refuses good answers that are not whole: botocore takes an empty, half or bare one for an answer that holds nothing."""

import json
import re
from typing import Any

from botocore.parsers import ResponseParserError
from botocore.session import Session

_JSON, _XML = frozenset({"json", "rest-json"}), frozenset({"query", "ec2"})
# What lists or counts everything there is: whatever is absent from it will be called gone.
_LISTING = re.compile(r"List\w+|DescribeRegions|GetAccountAuthorizationDetails|GetAccountSummary")


def require_whole(session: Session) -> None:
    """Make every client of `session` raise ResponseParserError for a good answer that is not whole.

    Whole is a body (none of the operations we call may go without), in JSON an object read to its end, in XML the
    operation's result wrapper, and for an operation that lists: its list, empty or not. Of several lists one is enough,
    because a page may hold one kind of thing alone. XML that breaks off is refused by botocore, with the same error.
    """
    session.register("before-parse", _require_body)
    session.register("after-call", _require_list)


def _require_body(**arrived: Any) -> None:
    response, operation = arrived["response_dict"], arrived["operation_model"]
    if response["status_code"] >= 300 or operation.output_shape is None or operation.has_streaming_output:
        return
    body, protocol = response["body"], operation.service_model.metadata["protocol"]
    if protocol in _JSON:
        _require_object(operation.name, body)
    elif protocol in _XML:
        _require_result(operation, body)


def _require_object(name: str, body: bytes) -> None:
    if not body.strip():
        raise ResponseParserError(f"the answer to {name} is empty")
    try:
        read = json.loads(body)
    except ValueError as broken:
        raise ResponseParserError(f"the answer to {name} is not whole JSON ({broken})") from broken
    if not isinstance(read, dict):
        raise ResponseParserError(f"the answer to {name} is no JSON object")


def _require_result(operation: Any, body: bytes) -> None:
    """botocore looks the wrapper up unasked, and its KeyError would be taken for a defect of ours."""
    if not body.strip():
        raise ResponseParserError(f"the answer to {operation.name} is empty")
    wrapper = operation.output_shape.serialization.get("resultWrapper")
    if wrapper and not re.search(rb"[<:]" + wrapper.encode() + rb"[\s/>]", body):
        raise ResponseParserError(f"the answer to {operation.name} has no {wrapper}")


_MAY_BE_SILENT = frozenset({"ListOrganizationsFeatures"})
"""Answers of which nobody has recorded what AWS sends where there is nothing to list."""


def _require_list(**called: Any) -> None:
    operation = called["model"]
    if called["http_response"].status_code >= 300 or not _LISTING.fullmatch(operation.name):
        return
    if operation.name in _MAY_BE_SILENT:
        return
    shape = operation.output_shape
    lists = [name for name, member in shape.members.items() if member.type_name in {"list", "map"}] if shape else []
    if lists and all(called["parsed"].get(name) is None for name in lists):
        raise ResponseParserError(f"the answer to {operation.name} has no {' and no '.join(lists)}")
