"""Opens policy documents out of IAM's answers: equal ones once, redacted string by string, named by their hash."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import unquote

import msgspec

from prooftrail.evidence.redaction import Redactor
from prooftrail.model import canonical, strict_json, trust
from prooftrail.model.iam import PolicyDocument

from .wire import mended

_ENTITIES = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies", "Roles")
_NAMES = ("UserName", "GroupName", "RoleName", "PolicyName")
_LISTS = (
    ("UserPolicyList", "PolicyDocument"),
    ("GroupPolicyList", "PolicyDocument"),
    ("RolePolicyList", "PolicyDocument"),
    ("PolicyVersionList", "Document"),
)


class Documents:
    """An Opening for GetAccountAuthorizationDetails, ListRoles and GetPolicyVersion: puts a PolicyDocument where AWS sent encoded text.

    Redacting the parsed document and not its text keeps one string's contents from swallowing its neighbours. Text
    that is no JSON stays as it is and is named by its hash all the same; `readable` tells.
    """

    def __init__(self, redactor: Redactor, *, api: str) -> None:
        self._redactor, self._api = redactor, api
        self._opened: dict[str, tuple[PolicyDocument, dict[str, str]]] = {}
        self._trusts: dict[str, tuple[trust.TrustStatement, ...]] = {}
        self._unreadable: set[str] = set()

    def __call__(self, data: dict[str, Any]) -> dict[str, str]:
        """Open every document of a page, in place; gives what redaction replaced in them."""
        replaced: dict[str, str] = {}
        for owner, holder, key in _places(data):
            holder[key], parts = self._open(holder[key], owner)
            replaced |= parts
        return replaced

    def readable(self, document: PolicyDocument) -> bool:
        """Whether the document is JSON that says one thing only."""
        return document.sha256 not in self._unreadable

    def trust(self, document: PolicyDocument) -> tuple[trust.TrustStatement, ...]:
        """The statements of a trust policy, parsed once for equal documents. Raises ValueError where it is none."""
        if document.sha256 not in self._trusts:
            try:
                self._trusts[document.sha256] = trust.parse(document.text)
            except (AttributeError, TypeError) as error:  # JSON of a shape no policy has
                raise ValueError(str(error)) from error
        return self._trusts[document.sha256]

    def _open(self, encoded: str, owner: str) -> tuple[PolicyDocument, dict[str, str]]:
        if encoded not in self._opened:
            text, parts = self._redacted(unquote(encoded), owner)
            self._opened[encoded] = PolicyDocument(sha256=canonical.sha256(text.encode()), text=text), parts
        return self._opened[encoded]

    def _redacted(self, text: str, owner: str) -> tuple[str, dict[str, str]]:
        try:
            parsed = _parsed(text)
        except ValueError:
            clean, replaced = self._redactor.tree({"Name": owner, "Document": mended(text)}, api=self._api)
            self._unreadable.add(canonical.sha256(clean["Document"].encode()))
            return clean["Document"], replaced
        clean, replaced = self._redactor.tree({"Name": owner, "Document": parsed}, api=self._api)
        return canonical.encode(clean["Document"]).decode(), replaced


def _parsed(text: str) -> Any:
    strict_json.read(text)  # refuses a name that stands twice; the readers below keep one of its values and say nothing
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return mended(json.loads(text))  # takes lone surrogates, which the stricter one does not


def _places(data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every document of an answer: whose it is, the map it stands in, and under which key."""
    for entity in chain.from_iterable(data.get(name, ()) for name in _ENTITIES):
        owner = next((entity[name] for name in _NAMES if name in entity), "")
        if "AssumeRolePolicyDocument" in entity:
            yield owner, entity, "AssumeRolePolicyDocument"
        for listed, key in _LISTS:
            for one in entity.get(listed, ()):
                if key in one:
                    yield owner, one, key
        for profile in entity.get("InstanceProfileList", ()):
            profile.pop("Roles", None)  # the role it stands in, once more
    version = data.get("PolicyVersion", {})
    if "Document" in version:
        yield "", version, "Document"
