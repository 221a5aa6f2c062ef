"""One request as AWS sees it, its refusal, and the two ways AWS pages an answer."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prooftrail.demo.mends.world import World

# IAM policies and CloudTrail name this service otherwise than the SDK does.
ACTION_PREFIX = {"sso-admin": "sso"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An answer that ends too early: after `keep` rows (None: half), honestly announced unless `silent`."""

    keep: int | None
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who asks what: `account` is the one the signing key belongs to, `service` as the SDK names it."""

    world: World
    service: str
    operation: str
    account: str
    region: str
    partition: str
    key_id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    page_cap: int | None = None
    cut: Cut | None = None

    @property
    def action(self) -> str:
        """The name an IAM policy has for this call, e.g. `sso:ListInstances`."""
        return f"{ACTION_PREFIX.get(self.service, self.service)}:{self.operation}"

    def arn(self, service: str, resource: str) -> str:
        """A global (region-less) ARN in the caller's own account."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


type Answer = Callable[[Call], Mapping[str, Any]]


class Refusal(Exception):
    """AWS's own error; `status` None means: as the service's model says for this code, else 400."""

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


_CUT_MARKER = "the-rest-is-lost"


def page_by_marker[T](
    call: Call, items: Iterable[T], key: Callable[[T], str], *, default: int = 100
) -> tuple[list[T], dict[str, Any]]:
    """IAM's paging: one page and its `IsTruncated`/`Marker`. Rows born between two pages neither shift nor repeat others."""
    page, marker, more = _page(call, items, key, limit=_max_items(call, default), after=_opened(call, "Marker"))
    return page, {"IsTruncated": more, **({"Marker": marker} if marker else {})}


def page_by_token[T](
    call: Call, items: Iterable[T], key: Callable[[T], str], *, cap: int, default: int | None = None
) -> tuple[list[T], dict[str, Any]]:
    """The paging of JSON services: one page and its `NextToken`, absent on the last page."""
    limit = min(int(call.params.get("MaxResults") or default or cap), cap)
    page, token, _ = _page(call, items, key, limit=limit, after=_opened(call, "NextToken"))
    return page, {"NextToken": token} if token else {}


def _page[T](
    call: Call, items: Iterable[T], key: Callable[[T], str], *, limit: int, after: str
) -> tuple[list[T], str | None, bool]:
    rest = sorted((item for item in items if key(item) > after), key=key)
    page = rest[: min(limit, call.page_cap or limit)]
    if call.cut and rest:
        keep = len(page) // 2 if call.cut.keep is None else call.cut.keep
        return page[:keep], None if call.cut.silent else _sealed(_CUT_MARKER), True
    more = len(page) < len(rest)
    return page, _sealed(key(page[-1])) if more else None, more


def _max_items(call: Call, default: int) -> int:
    asked = int(call.params.get("MaxItems") or default)
    if asked > 1000:
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{asked}' at 'maxItems' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        )
    return asked


def _sealed(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _opened(call: Call, name: str) -> str:
    given = call.params.get(name)
    if not given:
        return ""
    try:
        key = base64.urlsafe_b64decode(given).decode()
    except (binascii.Error, UnicodeDecodeError):
        key = _CUT_MARKER
    if key == _CUT_MARKER:
        raise Refusal(*_BAD_MARKER.get(call.service, ("ValidationException", "The token is not valid.")))
    return key


_BAD_MARKER = {
    "iam": ("ValidationError", "Invalid Marker."),
    "organizations": ("InvalidInputException", "You provided a value that does not match the required pattern."),
    "secretsmanager": ("InvalidNextTokenException", "The NextToken value is invalid."),
}
