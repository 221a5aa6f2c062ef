"""Keeps people's addresses, owners' names and credential-shaped text out of everything but `people/` objects.

An address or owner becomes a keyed pseudonym (the same text always the same pseudonym, so that joins still work);
credential-shaped text becomes a keyed fingerprint and a sighting. Nobody without the deployment's key can test a
guess against either.
"""

import hmac
import html
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

from prooftrail.evidence import contact_details, detectors
from prooftrail.model.snapshot import PersonRecord, Sighting

PSEUDONYM = re.compile(r"person-[0-9a-f]{20}")
"""What a pseudonym looks like: valid in an ARN, a name, a tag value and a URL."""

_XML_VALUE = re.compile(r"(?<=<Value>)[^<]+(?=</Value>)")
_JSON_VALUE = re.compile(r'("Value"\s*:\s*")((?:[^"\\]|\\.)*)')
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_REMEMBERED, _MOST_REMEMBERED = 120, 50_000  # short texts known to be clean: the same names come again and again
_SHORTEST_AWS_SECRET = 40
_SHORTEST = 6  # no address and no credential is shorter
_CALLED_BY = ("UserName", "ARN")  # members whose text AWS is asked by again: IAM users, and secrets by their ARN
_NAMES = ("Arn", "ARN", "RoleName", "UserName", "Name", "Id")


class Redactor:
    """Replaces personal and credential-shaped text, and remembers what for.

    One redactor serves one account in one run, from any number of threads. `owner_tags` are the tag keys (any case)
    whose whole value names an owner.
    """

    def __init__(self, secret: bytes, owner_tags: Iterable[str] = ()) -> None:
        self._secret = secret
        self._owner_tags = {key.casefold() for key in owner_tags}
        self._people: set[tuple[str, str]] = set()
        self._sightings: set[Sighting] = set()
        self._revealed: dict[str, str] = {}
        self._lock = threading.Lock()
        self._clean: set[str] = set()
        self._tokens: dict[str, str] = {}

    def people(self) -> tuple[PersonRecord, ...]:
        """What every pseudonym given so far stands for, sorted; belongs in a `people/` object and nowhere else."""
        with self._lock:
            return tuple(PersonRecord(pseudonym=token, text=text) for token, text in sorted(self._people))

    def sightings(self) -> tuple[Sighting, ...]:
        """Every place where credential-shaped text stood, sorted."""
        with self._lock:
            found = list(self._sightings)
        return tuple(sorted(found, key=lambda one: (one.api, one.where, one.detector, one.fingerprint)))

    def reveal(self, name: str) -> str:
        """The name AWS knows under a redacted one, for calls that need it; a name that was not redacted is itself."""
        return self._revealed.get(name, name)

    def pseudonym(self, person: str) -> str:
        """The pseudonym of an address or owner: the same for every spelling that differs in case or outer blanks only."""
        text = person.strip()
        token = self._tokens.get(text)
        if token is None:
            token = "person-" + self._mac(b"person", text.casefold())[:20]
            with self._lock:
                self._people.add((token, text))
                self._tokens[text] = token
        return token

    def text(self, value: str, *, api: str = "", where: str = "") -> str:
        """`value` with every address and credential-shaped part replaced; sightings are kept under `api` and `where`."""
        return self._replace(value, api, where, {})

    def tree(self, value: Any, *, api: str) -> tuple[Any, dict[str, str]]:
        """A parsed response with its text replaced, and each replaced part with what stands for it now."""
        replaced: dict[str, str] = {}
        if api == contact_details.API:
            value, _ = contact_details.without_details(value, self.pseudonym)
        return self._walk(value, api, "", replaced), replaced

    def body(self, raw: str, replaced: dict[str, str], *, api: str) -> tuple[str, int]:
        """A wire body with the same parts replaced, in whichever encoding they stand there, and how many were.

        Addresses are found again by their shape, owners' names by standing alone in a value, credentials by any form
        they can take in XML, JSON or a percent-encoded document, and an account's contacts by the names of their members.
        """
        left: dict[str, str] = {}
        details = 0
        if api == contact_details.API:
            raw, details = contact_details.body_without_details(raw, self.pseudonym)
        names = {plain: token for plain, token in replaced.items() if PSEUDONYM.fullmatch(token)}
        if names:
            raw = _XML_VALUE.sub(lambda match: _named(match[0], html.unescape(match[0]), names, left), raw)
            raw = _JSON_VALUE.sub(lambda match: match[1] + _named(match[2], _json_text(match[2]), names, left), raw)
        for plain, token in replaced.items():
            if plain not in names or ("@" not in plain and _is_address(plain)):
                raw = _replace_forms(raw, plain, token, left)
        raw = self._replace(raw, api, "body", left)
        return raw, len(left) + details

    def _walk(self, value: Any, api: str, where: str, replaced: dict[str, str]) -> Any:
        if isinstance(value, str):
            return self._replace(value, api, where, replaced) if len(value) >= _SHORTEST else value
        if isinstance(value, dict):
            return self._walk_map(value, api, where, replaced)
        if isinstance(value, list):
            return [self._walk(one, api, where, replaced) for one in value]
        return value

    def _walk_map(self, value: dict[str, Any], api: str, where: str, replaced: dict[str, str]) -> dict[str, Any]:
        if self._names_owner(value):
            token = self.pseudonym(value["Value"])
            replaced[value["Value"]] = token
            return {**value, "Value": token}
        label = next((value[name] for name in _NAMES if isinstance(value.get(name), str)), where)
        out: dict[str, Any] = {}
        for name, one in value.items():
            # AWS's own names are among the clean ones after the first answer; keys that people wrote may say anything.
            key = name if name in self._clean else self._key(name, out, api, label, replaced)
            out[key] = self._walk(one, api, f"{label} {key}" if isinstance(one, str) else label, replaced)
            if key in _CALLED_BY and out[key] != one:
                self._revealed[out[key]] = one
        return out

    def _key(self, name: str, taken: dict[str, Any], api: str, where: str, replaced: dict[str, str]) -> str:
        """The key of a map, redacted; keys that differed still do."""
        key = self._replace(name, api, where, replaced)
        return f"{key}.{len(taken)}" if key in taken else key

    def _names_owner(self, value: dict[str, Any]) -> bool:
        key, text = value.get("Key"), value.get("Value")
        return (
            isinstance(key, str) and isinstance(text, str) and bool(text.strip()) and key.casefold() in self._owner_tags
        )

    def _replace(self, text: str, api: str, where: str | None, replaced: dict[str, str]) -> str:
        """The text redacted. Without a `where` nothing is kept as a sighting."""
        if text in self._clean:
            return text
        given, low = text, text.lower()
        is_hinted = detectors.hints_shape(low)
        # Before addresses: the password and the host of a URL look like one.
        if is_hinted and "://" in low:
            text = self._credentials(text, (detectors.URL_PASSWORD,), low, api, where, replaced)
        if detectors.may_hold_address(text):
            text = self._addresses(text, replaced)
        if is_hinted:
            text = self._credentials(text, detectors.SHAPES, low, api, where, replaced)
        if len(text) >= _SHORTEST_AWS_SECRET:
            text = detectors.aws_secrets(text, self._replacing("aws_secret_access_key", api, where, replaced))
        if detectors.hints_assignment(low):
            text = detectors.assigned(text, self._replacing(detectors.ASSIGNED.name, api, where, replaced))
        if text is given and len(text) <= _REMEMBERED and len(self._clean) < _MOST_REMEMBERED:
            self._clean.add(text)
        return text

    def _addresses(self, text: str, replaced: dict[str, str]) -> str:
        def person(plain: str, written: str) -> str:
            replaced[written] = self.pseudonym(plain)
            return replaced[written]

        return detectors.addresses(text, person)

    def _credentials(
        self,
        text: str,
        shapes: Iterable[detectors.Detector],
        low: str,
        api: str,
        where: str | None,
        replaced: dict[str, str],
    ) -> str:
        for detector in shapes:
            if any(hint in low for hint in detector.hints):
                text = detectors.credentials(text, detector, self._replacing(detector.name, api, where, replaced))
        return text

    def _replacing(
        self, detector: str, api: str, where: str | None, replaced: dict[str, str]
    ) -> Callable[[str, str], str]:
        """What puts a fingerprint in the place of a credential and leaves the rest of what was recognized."""

        def replace(credential: str, recognized: str) -> str:
            if detectors.REPLACED.search(credential):
                return recognized
            token = f"credential-{self._sighted(credential, detector, api, where)}"
            start = recognized.rindex(credential)
            # Known by all of it: a short value alone may stand elsewhere in a body and mean something else there.
            replaced[recognized] = recognized[:start] + token + recognized[start + len(credential) :]
            return replaced[recognized]

        return replace

    def _sighted(self, credential: str, detector: str, api: str, where: str | None) -> str:
        """The credential's fingerprint, kept as a sighting."""
        mac = self._mac(b"credential", credential)[:20]
        if where is not None:
            place = self._replace(where, api, None, {})  # a name may hold the very credential
            with self._lock:
                self._sightings.add(
                    Sighting(fingerprint=mac, detector=detector, length=len(credential), api=api, where=place[:200])
                )
        return mac

    def _mac(self, purpose: bytes, text: str) -> str:
        return hmac.digest(self._secret, purpose + b"\0" + text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _is_address(text: str) -> bool:
    return detectors.addresses(text, lambda _plain, _written: "") == ""


def _named(raw: str, plain: str, names: dict[str, str], left: dict[str, str]) -> str:
    if plain not in names:
        return raw
    left[plain] = names[plain]
    return names[plain]


def _json_text(escaped: str) -> str:
    try:
        return str(json.loads(f'"{escaped}"'))
    except ValueError:
        return escaped


def _replace_forms(raw: str, plain: str, token: str, left: dict[str, str]) -> str:
    for form, stand_in in zip(_encodings(plain), _encodings(token), strict=True):
        if form in raw:
            raw, left[plain] = raw.replace(form, stand_in), token
    return raw


def _encodings(plain: str) -> tuple[str, ...]:
    """The forms a text takes in a wire body: as it is, XML-escaped, JSON-escaped (both ways), percent-encoded (both ways)."""
    xml = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted_xml = xml.replace('"', "&quot;").replace("'", "&#39;")
    ascii_json, json_text = json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]
    percent = urllib.parse.quote(plain, safe="")
    loose = urllib.parse.quote(plain)
    twice = (
        json.dumps(json_text)[1:-1],
        urllib.parse.quote(json_text, safe=""),
        urllib.parse.quote(ascii_json, safe=""),
        urllib.parse.quote(json_text),
        urllib.parse.quote(ascii_json),
    )
    lower = _PERCENT.sub(lambda match: match[0].lower(), percent)
    return (plain, xml, quoted_xml, json_text, ascii_json, percent, lower, loose, *twice)
