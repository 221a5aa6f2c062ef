"""Answers and refusals in the bytes AWS sends: members, shapes and statuses come from botocore's service model."""

import json
import uuid
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from moto.core.model import ServiceModel
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from prooftrail.demo.mends.call import Call, Refusal

type Wire = tuple[int, dict[str, str], str | bytes]


def answered(call: Call, result: Mapping[str, Any]) -> Wire:
    """`result`, keyed as in the service model, as a 200 in the service's own protocol."""
    model = get_service_model(call.service)
    request_id = str(uuid.uuid4())
    serializer = get_serializer_class(model.service_name, model.protocol)(
        operation_model=model.operation_model(call.operation), context=SerializationContext(request_id)
    )
    wire = serializer.serialize(result)
    return wire["status_code"], {**wire["headers"], "x-amzn-requestid": request_id}, wire["body"]


def refused(call: Call, refusal: Refusal) -> Wire:
    """The refusal in the service's own protocol, with the status its model gives for the code."""
    model = get_service_model(call.service)
    request_id = str(uuid.uuid4())
    status = refusal.status or _status(model, refusal.code)
    headers = {"x-amzn-requestid": request_id}
    if model.protocol in {"query", "ec2"}:
        body = _ec2_error(refusal, request_id) if model.protocol == "ec2" else _query_error(refusal, request_id, status)
        return status, headers | {"Content-Type": "text/xml"}, body
    if model.protocol == "rest-json":
        headers |= {"Content-Type": "application/json", "x-amzn-errortype": refusal.code}
        return status, headers, json.dumps({"message": refusal.message})
    headers["Content-Type"] = "application/x-amz-json-1.1"
    return status, headers, json.dumps({"__type": refusal.code, "Message": refusal.message})


def _status(model: ServiceModel, code: str) -> int:
    for shape in model.error_shapes:
        error = shape.metadata.get("error", {})
        if code in {shape.name, error.get("code")}:
            return int(error.get("httpStatusCode", 400))
    return 400


def _query_error(refusal: Refusal, request_id: str, status: int) -> str:
    blame = "Sender" if status < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{blame}</Type><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _ec2_error(refusal: Refusal, request_id: str) -> str:
    return (
        f"<Response><Errors><Error><Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    )
