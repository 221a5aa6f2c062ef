"""Whether two texts name one person, however they are spelt: case, blanks, look-alike characters, "Doe, Jane", an address in <>."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

_ADDRESSED = re.compile(r"(.*)<([^<>]*)>\s*", re.S)


@lru_cache(maxsize=65_536)
def spellings_of(person: str) -> frozenset[str]:
    """Every form in which a text is compared with another: two texts that share one name the same person.

    NFKC without invisible characters, every run of blanks one blank, without regard to case; a surname before a comma
    also behind the rest; of `Name <address>` the name and the address too. Empty for a text of blanks.
    """
    text = _folded(person)
    forms = {text}
    if addressed := _ADDRESSED.fullmatch(text):
        forms |= {addressed[1].strip(), addressed[2].strip()}
    forms |= {f"{first.strip()} {last.strip()}" for last, comma, first in map(_parted, forms) if comma and first}
    return frozenset(forms - {""})


def speller(spellings: Iterable[str]) -> Callable[[str], str]:
    """What writes a person as `spellings` has it, if it is among them in another form; else in plain characters.

    A text that differs from one of `spellings` in case and outer blanks only stays as it is.
    """
    listed = list(spellings)
    known = {one.strip().casefold() for one in listed}
    by_form: dict[str, str] = {}
    for one in listed:
        for form in spellings_of(one):
            by_form.setdefault(form, one)

    def spelt(person: str) -> str:
        if person.strip().casefold() in known:
            return person
        forms = (by_form[form] for form in sorted(spellings_of(person)) if form in by_form)
        return next(forms, _plain(person) or person)

    return spelt


def _plain(text: str) -> str:
    """In the characters that look alike to a reader and to a machine, without those nobody sees."""
    shown = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return " ".join(shown.split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", _plain(text).casefold())


def _parted(name: str) -> tuple[str, str, str]:
    """A name at its only comma; without one, or with more, nothing stands behind it."""
    return name.partition(",") if name.count(",") == 1 else (name, "", "")
