"""Takes the life from what a mail client would make a link of unasked: places and addresses in names that anybody wrote."""

import re
import tomllib
from functools import cache
from importlib import resources

FILE = "endings.toml"

_ENDING = r"(?=(xn--[\w-]+|[^\W\d_]{2,})(?![\w-]))"
_JOINT = re.compile(rf"\.(?<=[\w-]\.){_ENDING}")
_STOPS = "\u3002\uff0e\uff61"  # other full stops that the name of a host may be written with
_ANY_JOINT = re.compile(rf"[.{_STOPS}](?<=[\w-][.{_STOPS}]){_ENDING}")


@cache
def _endings() -> frozenset[str]:
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)["endings"].split())


def without(text: str) -> str:
    """`text` with a blank before each ending of a host's name: `evil .com/x`, `help@evil .com`.

    What ends as no host does stays, as `ada.lovelace` and `owners.toml` do, unless it is part of an address.
    """
    if text.isascii():
        return _JOINT.sub(_parted, text) if "." in text else text
    return _ANY_JOINT.sub(_parted, text)


def _parted(found: re.Match[str]) -> str:
    text, ending = found.string, found[1].casefold()
    live = ending in _endings() or not ending.isascii() or ending.startswith("xn--")
    return f" {found[0]}" if live or "@" in text[text.rfind(" ", 0, found.start()) + 1 : found.start()] else found[0]
