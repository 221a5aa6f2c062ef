"""Keeps people's addresses, owners' names and credential-shaped text out of everything but `people/` objects.

An address or owner becomes a keyed pseudonym (the same text always the same pseudonym, so that joins still work);
credential-shaped text becomes a keyed fingerprint and a sighting. Nobody without the deployment's key can test a
guess against either.
"""

import hmac
import html
import json
import math
import re
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from prooftrail.model.snapshot import PersonRecord, Sighting

PSEUDONYM = re.compile(r"person-[0-9a-f]{20}")
"""What a pseudonym looks like: valid in an ARN, a name, a tag value and a URL."""

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@(?:[^\W_](?:[\w-]{0,62})\.)+[^\W\d_]{2,24}")
_ENCODED_DOMAIN = re.compile(r"(?:%40|&#64;|&#x40;|\\u0040)((?:[^\W_](?:[\w-]{0,62})\.)+[^\W\d_]{2,24})", re.IGNORECASE)
_ENCODED_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_LONGEST_LOCAL = 64 * 3  # characters: the longest local part, every one of them percent-encoded
_LOCAL = re.compile(r"[\w.+'-]")
_XML_VALUE = re.compile(r"(?<=<Value>)[^<]+(?=</Value>)")
_JSON_VALUE = re.compile(r'("Value"\s*:\s*")((?:[^"\\]|\\.)*)')
_ENCODED_MARKS = ("%40", "&#", "\\u0040")
_DETECTORS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        "private_key",
        ("PRIVATE KEY-----",),
        # Bounded on purpose: a lone header in somebody's description must not swallow the rest of a wire body.
        re.compile(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
            r"(?:[^<\"]{0,8192}?-----END (?:[A-Z]+ )*PRIVATE KEY-----|(?:[A-Za-z0-9+/=\\\s]|%[0-9A-Fa-f]{2}){0,8192})"
        ),
    ),
    (
        "github_token",
        ("gho_", "ghp_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255})"),
    ),
    ("slack_token", ("xox",), re.compile(r"xox[abeprs]-[A-Za-z0-9-]{10,250}")),
    (
        "json_web_token",
        ("eyJ",),
        re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ),
    ("google_api_key", ("AIza",), re.compile(r"AIza[0-9A-Za-z_-]{35}")),
    ("stripe_key", ("k_live_",), re.compile(r"[rs]k_live_[0-9A-Za-z]{20,250}")),
    ("url_password", ("://",), re.compile(r"(?<=://)[^/\s:@\"'<>]{1,64}:[^/\s:@\"'<>]{3,128}(?=@)")),
    (
        "assigned_secret",
        ("assw", "ASSW", "ecret", "ECRET", "ey=", "ey:", "EY=", "EY:", "oken", "OKEN"),
        re.compile(
            r"(?i)(?<![\w:/.-])(?:password|passwd|secret|api[_-]?key|secret[_-]?access[_-]?key|token)"
            r"\s*[=:]\s*(?=[^\s\"'<>,;&{}]*\d)[^\s\"'<>,;&{}]{8,200}"
        ),
    ),
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_AWS_SECRET_LENGTH = 40
_AWS_SECRET_MIN_ENTROPY = 4.3  # bits a character: random keys lie near 4.8, paths made of words near 4
_REMEMBERED, _MOST_REMEMBERED = 120, 50_000  # short texts known to be clean: the same names come again and again
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
        token = "person-" + self._mac(b"person", text.casefold())[:20]
        with self._lock:
            self._people.add((token, text))
        return token

    def text(self, value: str, *, api: str = "", where: str = "") -> str:
        """`value` with every address and credential-shaped part replaced; sightings are kept under `api` and `where`."""
        return self._replace(value, api, where, {})

    def tree(self, value: Any, *, api: str) -> tuple[Any, dict[str, str]]:
        """A parsed response with its text replaced, and each replaced part with what stands for it now."""
        replaced: dict[str, str] = {}
        return self._walk(value, api, "", replaced), replaced

    def body(self, raw: str, replaced: dict[str, str], *, api: str) -> tuple[str, int]:
        """A wire body with the same parts replaced, in whichever encoding they stand there, and how many were.

        Addresses are found again by their shape, owners' names by standing alone in a value, credentials by any form
        they can take in XML, JSON or a percent-encoded document.
        """
        left: dict[str, str] = {}
        names = {plain: token for plain, token in replaced.items() if PSEUDONYM.fullmatch(token)}
        if names:
            raw = _XML_VALUE.sub(lambda match: _named(match[0], html.unescape(match[0]), names, left), raw)
            raw = _JSON_VALUE.sub(lambda match: match[1] + _named(match[2], _json_text(match[2]), names, left), raw)
        for plain, token in replaced.items():
            if plain not in names:
                raw = _replace_forms(raw, plain, token, left)
        raw = self._replace(raw, api, "body", left)
        if any(mark in raw for mark in _ENCODED_MARKS):
            raw = self._encoded(raw, left)
        return raw, len(left)

    def _encoded(self, raw: str, left: dict[str, str]) -> str:
        """Addresses whose `@` stands encoded, found by it and their domain; nothing else in the body is touched."""
        pieces, last = [], 0
        for found in _ENCODED_DOMAIN.finditer(raw):
            local = _encoded_local(raw[max(last, found.start() - _LONGEST_LOCAL) : found.start()])
            if local:
                pieces.append(raw[last : found.start() - len(local)])
                pieces.append(self._person(f"{urllib.parse.unquote(local)}@{found[1]}", left))
                last = found.end()
        return "".join(pieces) + raw[last:]

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
        out = {}
        for key, one in value.items():
            out[key] = self._walk(one, api, f"{label} {key}" if isinstance(one, str) else label, replaced)
            if key in _CALLED_BY and out[key] != one:
                self._revealed[out[key]] = one
        return out

    def _names_owner(self, value: dict[str, Any]) -> bool:
        key, text = value.get("Key"), value.get("Value")
        return (
            isinstance(key, str) and isinstance(text, str) and bool(text.strip()) and key.casefold() in self._owner_tags
        )

    def _replace(self, text: str, api: str, where: str, replaced: dict[str, str]) -> str:
        if text in self._clean:
            return text
        given = text
        if "@" in text:
            text = _ADDRESS.sub(lambda match: self._person(match[0], replaced), text)
        if _hinted(text):
            for detector, hints, pattern in _DETECTORS:
                if any(hint in text for hint in hints):
                    text = pattern.sub(self._replacing(detector, api, where, replaced), text)
        if len(text) >= _AWS_SECRET_LENGTH:
            text = _AWS_SECRET.sub(lambda match: self._aws_secret(match[0], api, where, replaced), text)
        if text is given and len(text) <= _REMEMBERED and len(self._clean) < _MOST_REMEMBERED:
            self._clean.add(text)
        return text

    def _replacing(
        self, detector: str, api: str, where: str, replaced: dict[str, str]
    ) -> Callable[[re.Match[str]], str]:
        return lambda match: self._credential(match[0], detector, api, where, replaced)

    def _person(self, address: str, replaced: dict[str, str]) -> str:
        replaced[address] = self.pseudonym(address)
        return replaced[address]

    def _aws_secret(self, text: str, api: str, where: str, replaced: dict[str, str]) -> str:
        looks_random = (
            any(c.isupper() for c in text)
            and any(c.islower() for c in text)
            and any(c.isdigit() for c in text)
            and _entropy(text) >= _AWS_SECRET_MIN_ENTROPY
        )
        return self._credential(text, "aws_secret_access_key", api, where, replaced) if looks_random else text

    def _credential(self, text: str, detector: str, api: str, where: str, replaced: dict[str, str]) -> str:
        if PSEUDONYM.search(text):
            return text
        mac = self._mac(b"credential", text)[:20]
        where = _ADDRESS.sub(lambda match: self.pseudonym(match[0]), where)
        with self._lock:
            self._sightings.add(
                Sighting(fingerprint=mac, detector=detector, length=len(text), api=api, where=where[:200])
            )
        replaced[text] = f"credential-{mac}"
        return replaced[text]

    def _mac(self, purpose: bytes, text: str) -> str:
        return hmac.new(self._secret, purpose + b"\0" + text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _hinted(text: str) -> bool:
    """A cheap look for anything a detector could begin with; one chain of literals, because every text passes here."""
    return (
        "://" in text
        or "oken" in text
        or "OKEN" in text
        or "ecret" in text
        or "ECRET" in text
        or "assw" in text
        or "ASSW" in text
        or "ey=" in text
        or "ey:" in text
        or "EY=" in text
        or "EY:" in text
        or "eyJ" in text
        or "xox" in text
        or "AIza" in text
        or "gh" in text
        or "github_pat_" in text
        or "k_live_" in text
        or "PRIVATE KEY-----" in text
    )


def _entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _encoded_local(head: str) -> str:
    """The local part that ends `head`, as it stands there, percent-encoded characters and all."""
    taken: list[str] = []
    for one in reversed(_ENCODED_CHARACTER.findall(head)):
        plain = urllib.parse.unquote(one, errors="replace") if len(one) > 1 else one
        if not (_LOCAL.fullmatch(plain) or plain == "\ufffd"):  # half of a multi-byte character is a letter's
            break
        taken.append(one)
    return "".join(reversed(taken))


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
    for form in _encodings(plain):
        if form in raw:
            raw, left[plain] = raw.replace(form, token), token
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
    )
    forms = (plain, xml, quoted_xml, json_text, ascii_json, percent, percent.lower(), loose, *twice)
    return tuple(dict.fromkeys(forms))
