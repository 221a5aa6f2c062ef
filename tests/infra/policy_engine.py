"""Evaluates rendered policies as AWS does, as far as ours go: a Deny that applies wins, else an Allow is needed.

An operator, an element or an intrinsic function it does not know is an error, never "does not apply".
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Context = Mapping[str, str | list[str]]

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call: who (the ARN of a role, of a root user, or a service's name), what, on which ARN, with which keys."""

    by: str
    action: str
    on: str
    keys: Context = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """The keys AWS fills in itself, and those given, which win."""
        if not self.by.startswith("arn:"):
            return {"aws:PrincipalIsAWSService": "true", "aws:SecureTransport": "true", **self.keys}
        account = self.by.split(":")[4]
        own = {"aws:PrincipalArn": self.by, "aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false"}
        return {**own, "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **self.keys}


def allowed(policy: Mapping[str, Any], request: Request) -> bool:
    """Whether this policy alone lets the request through."""
    met = [one for one in policy["Statement"] if _applies(one, request)]
    return any(one["Effect"] == "Allow" for one in met) and not any(one["Effect"] == "Deny" for one in met)


def denied(policy: Mapping[str, Any], request: Request) -> set[str]:
    """The Sids of the Deny statements that apply: no other policy can overrule these."""
    return {one.get("Sid", "") for one in policy["Statement"] if one["Effect"] == "Deny" and _applies(one, request)}


def rendered(value: Any, arns: Mapping[str, str]) -> Any:
    """A value of a template with its intrinsic functions replaced; `arns` gives what a logical id stands for."""
    match value:
        case {"Fn::GetAtt": [str(logical), "Arn"]} | {"Ref": str(logical)}:
            return arns[logical]
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(rendered(one, arns) for one in parts)
        case dict():
            assert not any(key.startswith("Fn::") or key == "Ref" for key in value), value
            return {key: rendered(one, arns) for key, one in value.items()}
        case list():
            return [rendered(one, arns) for one in value]
        case _:
            return value


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    assert set(statement) <= _ELEMENTS, set(statement) - _ELEMENTS
    return (
        _names("Action", statement, lambda pattern: _like(pattern.lower(), request.action.lower()))
        and _names("Resource", statement, lambda pattern: _like(pattern, request.on))
        and ("Principal" not in statement or _is(statement["Principal"], request.by))
        and all(
            _holds(operator, key, _listed(wanted), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _names(element: str, statement: Mapping[str, Any], fits: Callable[[str], bool]) -> bool:
    if f"Not{element}" in statement:
        return not any(fits(one) for one in _listed(statement[f"Not{element}"]))
    return any(fits(one) for one in _listed(statement[element]))


def _is(principal: Any, by: str) -> bool:
    if principal == "*":
        return True
    ((kind, named),) = principal.items()
    if kind == "Service":
        return by in _listed(named)
    account = f"{':'.join(by.split(':')[:5])}:root"
    return any(one == "*" or (by.startswith("arn:") and one in (by, account)) for one in _listed(named))


def _holds(written: str, key: str, wanted: list[str], context: Context) -> bool:
    prefix, _, operator = written.rpartition(":")
    assert prefix in ("", "ForAllValues", "ForAnyValue"), f"the engine does not know {written}"
    spared, operator = operator.endswith("IfExists"), operator.removesuffix("IfExists")
    if operator == "Null":
        return (key not in context) == (wanted == ["true"])
    negated = "Not" in operator
    if key not in context:
        return spared or prefix == "ForAllValues" or (negated and prefix != "ForAnyValue")
    values = _listed(context[key])
    assert prefix or len(values) == 1, f"{key} has several values: {written} needs a prefix"
    some = all if prefix == "ForAllValues" else any
    return some(any(_one(operator.replace("Not", ""), one, value) for one in wanted) != negated for value in values)


def _one(operator: str, wanted: str, value: str) -> bool:
    match operator:
        case "StringEquals" | "Bool":
            return wanted == value
        case "StringLike" | "ArnLike" | "ArnEquals":  # the two Arn operators do the same
            return _like(wanted, value)
        case "NumericLessThan":
            return float(value) < float(wanted)
        case "NumericGreaterThan":
            return float(value) > float(wanted)
        case "DateLessThan":
            return value < wanted  # both written the same way, in UTC
    raise AssertionError(f"the engine does not know {operator}")


def _like(pattern: str, text: str) -> bool:
    assert "[" not in pattern
    return fnmatch.fnmatchcase(text, pattern)


def _listed(value: Any) -> list[str]:
    found: Iterable[Any] = value if isinstance(value, list) else [value]
    return [str(one) for one in found]
