"""Finds people's addresses and credential-shaped parts in text; `redaction` says what becomes of them.

Whoever writes a description, a tag or a policy decides how long our work takes. So every pattern takes time linear in
the text whatever is in it: repeats are bounded or possessive, and nothing long is tried again from the next character.
"""

import math
import re
import urllib.parse
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple


class Detector(NamedTuple):
    """A shape of credentials: its name, lower-case text one of which stands in each, and the pattern.

    Where the pattern has a group, that is the credential, and the rest only tells that it is one.
    """

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


REPLACED = re.compile(r"(?:person|credential)-[0-9a-f]{20}")
"""What stands where something was replaced; never replaced again."""

_DOMAIN = (
    r"((?:[^\W_][\w-]{0,62}\.){1,16}[^\W\d_]{2,24})"  # ends in letters: user@localhost and user@10.0.0.1 are hosts
)
_ADDRESS = re.compile(
    # The first class lets the engine skip to where an `@` can be, in whatever encoding.
    r"[@\N{FULLWIDTH COMMERCIAL AT}%&\\](?:(?<=@)|(?<=\N{FULLWIDTH COMMERCIAL AT})"
    r"|(?<=%)(?:(?:25){0,2}40|5[Cc](?:%5[Cc]){0,3}u0040|[Ee][Ff]%[Bb][Cc]%[Aa]0)"
    r"|(?<=&)(?:(?:amp;)?#(?:0{0,4}64|[xX]0{0,4}40)|commat);"
    r"|(?<=\\)\\{0,3}u(?:0040|[fF][fF]20))" + _DOMAIN
)
_LOCAL = re.compile(r"[\w.+'-]")
_PERCENT = re.compile(r"%(?:25)?[0-9A-Fa-f]{2}")
_ESCAPED = re.compile(r"\\u[0-9A-Fa-f]{4}")
_LONGEST_LOCAL = 64

_QUOTE = r"(?:\\{0,3}[\"']|&quot;|&#39;|&apos;)?"
_TOKEN_START = r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))"

URL_PASSWORD = Detector(
    "url_password",
    ("://",),
    re.compile(r"://([^/\s:@\"'<>]{1,64}+:[^/\s:@\"'<>]{3,128}+)(?=@|%40)"),
)
SHAPES = (
    Detector(
        "private_key",
        ("private key-----",),
        # Bounded on purpose: a lone header in somebody's description must not swallow the rest of a wire body, and
        # the body of a key ends where the next five dashes are.
        re.compile(
            r"-----BEGIN (?:[A-Z]{1,16} ){0,4}PRIVATE KEY-----"
            r"(?:(?>[^<\"-]|-(?!----)){0,8192}+-----END (?:[A-Z]{1,16} ){0,4}PRIVATE KEY-----"
            r"|(?>[A-Za-z0-9+/=\\\s]|%[0-9A-Fa-f]{2}){0,8192}+)"
        ),
    ),
    Detector(
        "github_token",
        ("gho_", "ghp_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"g(?:h[pousr]_[A-Za-z0-9]{36,255}+|ithub_pat_[A-Za-z0-9_]{40,255}+)"),
    ),
    Detector(
        "gitlab_token",
        ("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-"),
        re.compile(r"(?<![\w-])gl(?:pat|ptt|dt|rt|cbt)-[\w.-]{20,250}+"),
    ),
    Detector("slack_token", ("xox",), re.compile(r"xox[abeprs]-[A-Za-z0-9-]{10,250}+")),
    Detector(
        "ai_api_key",
        ("sk-",),
        re.compile(r"(?<![\w-])sk-(?:(?:proj|svcacct|admin|ant)-[\w-]{16,250}+|[A-Za-z0-9]{40,64}+)"),
    ),
    Detector(
        "json_web_token",
        ("eyj",),
        # The left anchor has each run of characters tried once, not from every `eyJ` in it.
        re.compile(
            _TOKEN_START + r"eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+",
        ),
    ),
    Detector("google_api_key", ("aiza",), re.compile(r"AIza[0-9A-Za-z_-]{35}")),
    Detector("stripe_key", ("k_live_",), re.compile(r"[rs]k_live_[0-9A-Za-z]{20,250}+")),
    Detector(
        "authorization_header",
        ("bearer", "uthorization"),
        re.compile(
            rf"(?ai)(?:authorization{_QUOTE}\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}(?:bearer|basic|token)\s{{1,4}}"
            r"(?=[\w.~+/-]{0,199}?\d)|(?<!\w)bearer\s{1,4}(?=[\w.~+/-]{16})(?=[\w.~+/-]{0,199}?\d))"
            r"([\w.~+/-]{8,4096}+={0,2})"
        ),
    ),
)
ASSIGNED = Detector(
    "assigned_secret",
    ("assw", "ecret", "oken", "pikey", "pi_key", "pi-key"),
    # The value is looked at, not taken: when this name turns out to assign nothing, the next may stand within it.
    re.compile(
        r"(?ai)(?:passw(?:or)?d|secret(?:[_-]?(?:access[_-]?)?key)?|api[_-]?key|token)"
        rf"(?P<closed>{_QUOTE})(?P<sign>\s{{0,4}}(?:=>?|:)\s{{0,4}}{_QUOTE})"
        r"(?=[^\s\"'<>,;&{}\d]{0,199}\d)(?=(?P<value>(?>[^\s\"'<>,;&{}\\]|\\(?![\"'])){8,200}+))"
    ),
)
DETECTORS = (URL_PASSWORD, *SHAPES, ASSIGNED)

_NAME_BEFORE = re.compile(r"[\w.-]*\Z")
_LONGEST_NAME = 64
_PAGING = ("next", "pagination", "continuation", "request")  # NextToken, ClientRequestToken: AWS's own, and no secret
_REFERENCE = re.compile(r"arn:|https?://|(?:person|credential)-[0-9a-f]{20}")
_SECRET_PATH = re.compile(r"[^/]*/|.*-[A-Za-z0-9?]{6}\Z|.*\*")

_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_AWS_SECRET_LENGTH = 40
_AWS_SECRET_MIN_ENTROPY = 4.3  # bits a character: random keys lie near 4.8, paths made of words near 4
_AWS_SECRET_MIN_RUNS = 14  # random keys have 14 to 30 words, numbers and signs; paths of words fewer
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[+/]")


def hints_shape(low: str) -> bool:
    """A cheap look for anything one of `SHAPES` could begin with, in lower case; one chain of literals, for every text
    passes here."""
    return (
        "://" in low
        or "eyj" in low
        or "xox" in low
        or "aiza" in low
        or "gh" in low
        or "gl" in low
        or "sk-" in low
        or "github_pat_" in low
        or "k_live_" in low
        or "bearer" in low
        or "uthorization" in low
        or "private key-----" in low
    )


def hints_assignment(low: str) -> bool:
    """The same for a name that tells of a secret, which many a text of Secrets Manager holds."""
    return "oken" in low or "ecret" in low or "assw" in low or "pikey" in low or "pi_key" in low or "pi-key" in low


def addresses(text: str, replace: Callable[[str, str], str]) -> str:
    """`text` with `replace(plain address, address as written)` for every address, however its `@` is written.

    Each is found by its `@` and domain, and its local part by walking back from there.
    """
    pieces: list[str] = []
    last = 0
    for found in _ADDRESS.finditer(text):
        start = _local_start(text, last, found.start())
        local = text[start : found.start()]
        if local and not REPLACED.fullmatch(local):
            pieces += text[last:start], replace(f"{_plain(local)}@{found[1]}", text[start : found.end()])
            last = found.end()
    return "".join(pieces) + text[last:] if pieces else text


def may_hold_address(text: str) -> bool:
    """A cheap look for an `@` in any encoding."""
    return (
        "@" in text
        or "\N{FULLWIDTH COMMERCIAL AT}" in text
        or ("%" in text and ("40" in text or "%EF%BC%A0" in text.upper()))
        or ("&" in text and ("&#" in text or "&amp;#" in text or "&commat;" in text))
        or ("\\" in text and ("u0040" in text or "uff20" in text.lower()))
    )


def _local_start(text: str, first: int, end: int) -> int:
    """Where the local part that ends at `end` starts, but not before `first`; `end` where there is none."""
    at = end
    for _ in range(_LONGEST_LOCAL):
        before = _one_before(text, first, at)
        if before == at:
            break
        at = before
    # In a JSON string's escape, as `\n`, the letter is no part of the name.
    return at + 1 if at < end and at > first and text[at - 1] == "\\" and text[at] in "nrtbf" else at


def _one_before(text: str, first: int, at: int) -> int:
    """Where the character of a local part that ends at `at` starts; `at` where the one there cannot be in one."""
    for length, shape in ((6, _ESCAPED), (5, _PERCENT), (3, _PERCENT)):
        if at - length >= first and text[at - length] in "%\\" and shape.fullmatch(text, at - length, at):
            one = _plain(text[at - length : at])
            # Half of a multi-byte character is a letter's.
            return at - length if one == "\ufffd" or _LOCAL.fullmatch(one) else at
    return at - 1 if at > first and _LOCAL.match(text, at - 1) else at


def _plain(local: str) -> str:
    if "\\" in local:
        local = _ESCAPED.sub(lambda match: chr(int(match[0][2:], 16)), local)
    for _ in range(2):
        local = urllib.parse.unquote(local, errors="replace") if "%" in local else local
    return local


def credentials(text: str, detector: Detector, replace: Callable[[str, str], str]) -> str:
    """`text` with every credential of this shape replaced by `replace(credential, all that was recognized)`."""

    def found(match: re.Match[str]) -> str:
        return replace(match[match.lastindex or 0], match[0])

    return detector.pattern.sub(found, text)


def assigned(text: str, replace: Callable[[str, str], str]) -> str:
    """`text` with `replace(value, name and value)` for every value that is given to a name as `password` or `x_token`."""
    pieces: list[str] = []
    last = 0
    for at in _names(text):
        found = ASSIGNED.pattern.match(text, max(0, at - 1))
        if found and found.start() >= last and not _refers(found):
            pieces += text[last : found.start()], replace(found["value"], found[0] + found["value"])
            last = found.end("value")
    return "".join(pieces) + text[last:] if pieces else text


def _names(text: str) -> list[int]:
    """Where a name that tells of a secret can stand, in order."""
    low = text.replace("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "I").lower()  # else as lower case it is two
    places: list[int] = []
    for hint in ASSIGNED.hints:
        at = low.find(hint)
        while at >= 0:
            places.append(at)
            at = low.find(hint, at + 1)
    return sorted(places)


def _refers(found: re.Match[str]) -> bool:
    """Whether this is an identifier, a part of one, or a member of AWS's answers, and gives nobody a secret."""
    text, start, value, tight = found.string, found.start(), found["value"], found["sign"] == ":"
    if tight and start and text[start - 1] in ":/":
        return True  # as most ARNs of secrets
    if _REFERENCE.search(value):
        return True
    head = text[max(0, start - _LONGEST_NAME) : start]
    name = _NAME_BEFORE.search(head)
    prefix = name[0] if name else ""
    if prefix.casefold().endswith(_PAGING):
        return True
    if (tight or (found["closed"] and ":" in found["sign"])) and head[: len(head) - len(prefix)].endswith((":", "/")):
        return True  # arn:…:function:get-token:…, repo:acme/secret:ref:…, "aws:RequestTag/token": "…"
    return tight and not prefix and found[0].casefold() == "secret:" and bool(_SECRET_PATH.match(value))


def aws_secrets(text: str, replace: Callable[[str, str], str]) -> str:
    """`text` with every secret access key of AWS replaced: 40 characters at random, which no path or digest is."""
    if len(text) < _AWS_SECRET_LENGTH:
        return text
    return _AWS_SECRET.sub(lambda found: replace(found[0], found[0]) if _random(found[0]) else found[0], text)


def _random(text: str) -> bool:
    return (
        any(c.isupper() for c in text)
        and any(c.islower() for c in text)
        and any(c.isdigit() for c in text)
        and len(_RUN.findall(text)) >= _AWS_SECRET_MIN_RUNS
        and -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) >= _AWS_SECRET_MIN_ENTROPY
    )
