"""What stands on the wire, as text that can be read, redacted and sealed."""

import base64
import binascii
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a surrogate pair in JSON. Only where one stands in a body can text need mending."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CONTENT = re.compile(r"(<Content>)(.*?)(</Content>)", re.S)


def printable(text: str) -> str:
    """`text` on one line, without what a terminal would obey."""
    return _UNPRINTABLE.sub(" ", text)


def shown(value: Any) -> str:
    """A call parameter as a person would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def http_date(text: str | None) -> datetime | None:
    """The instant of a `Date` header; None where there is none or it is none."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def mended(value: Any) -> Any:
    """A parsed answer with lone surrogates replaced: they have no UTF-8 and could not be sealed."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {mended(key): mended(one) for key, one in value.items()}
    if isinstance(value, list):
        return [mended(one) for one in value]
    return value


def body_text(wire: bytes, *, report: bool) -> tuple[str, str]:
    """A wire body as text, and how to read it.

    A credential report's base64 content is opened ("credential_report"), because addresses in it could not be redacted
    otherwise; anything else is "text" as it came.
    """
    text = wire.decode("utf-8", "replace")
    if not report:
        return text, "text"
    try:
        opened = _CONTENT.sub(lambda m: m[1] + base64.b64decode(m[2]).decode("utf-8", "replace") + m[3], text)
    except binascii.Error:
        return text, "text"
    return opened, "credential_report"
