"""Words of a request: the pieces of it that may be names, and what in the pack is called by the words it has.

A title that is met word for word is understood. Anything less is said to be a guess, with the words it rests on.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

_APART = re.compile(r"[,;\n]")
_NAMELIKE = re.compile(r"[^\s,;\"'()<>]+")
_WORDS = re.compile(r"[a-z0-9]+")
_IN_NAMES = frozenset("-_/:@.")
_FILLERS = frozenset(
    _WORDS.findall(
        "a all an and any are as at by complete current do does each every evidence extract for from full get give have how i"
        " in is it its list me of on or our over per please population provide register report request required screenshot send"
        " show some supply that the their them there these they this those to us was we were what when where which who whom why"
        " with within you your"
    )
)
_SAME = {
    "multifactor": "mfa", "2fa": "mfa", "nonhuman": "nhi", "machine": "nhi", "bot": "nhi", "admin": "administrative",
    "administrator": "administrative", "privileged": "privilege", "vendor": "supplier", "stale": "unused",
    "dormant": "unused", "inactive": "unused", "cert": "certificate", "pipeline": "cicd", "attestation": "review",
    "recertification": "review", "rotated": "rotation", "rotate": "rotation", "logging": "logged",
    "cloudtrail": "logged", "waiver": "exception", "soa": "applicability", "sod": "segregation", "federated": "federation",
    "sso": "federation", "owned": "owner", "ownership": "owner", "offboarding": "leaver", "leave": "leaver",
    "onboarding": "joiner", "breakglass": "emergency",
}  # fmt: skip
_ENOUGH = 0.5
"""The share of the weight of the words asked that a guess must have; a word of a statement weighs half one of a title."""

_MOST_GUESSES = 3


class Titled(msgspec.Struct, frozen=True, kw_only=True):
    """Something a request may mean: how it is asked for, what it is called, and the words of its title and its statement."""

    ask: str
    called: str
    title: tuple[str, ...]
    statement: frozenset[str] = frozenset()


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What a request perhaps means: the words of it that were found there, and how many it has."""

    of: Titled
    found: tuple[str, ...]
    words: int

    def __str__(self) -> str:
        return f"{self.of.called} ({len(self.found)} of {self.words} words: {', '.join(self.found)})"


def titled(ask: str, called: str, title: str, statement: str = "") -> Titled:
    """A thing with its words ready to be compared."""
    return Titled(ask=ask, called=called, title=words_of(title), statement=frozenset(words_of(statement)))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text that say something, each once: in the singular, and of several that mean one the same."""
    plain = text.casefold().replace("multi-factor", "mfa").replace("non-human", "nhi").replace("ci/cd", "cicd")
    plain = plain.replace("break-glass", "emergency").replace("break glass", "emergency")
    found = (_singular(one) for one in _WORDS.findall(plain) if one not in _FILLERS)
    return tuple(dict.fromkeys(_SAME.get(one, one) for one in found))


def pieces_of(asked: str) -> tuple[str, ...]:
    """The parts of a request that may be a name in the pack, folded, the whole of it first."""
    return tuple(dict.fromkeys(one for one in map(folded, _pieces(asked)) if one))


def folded(text: str) -> str:
    """A name as names are compared: without blanks around it, and in one case."""
    return text.strip().casefold()


def exactly(candidates: Iterable[Titled], asked: str) -> Titled | None:
    """The first thing whose title has the words of the request and no others; None where none has, or it has none."""
    words = frozenset(words_of(asked))
    return next((one for one in candidates if words and frozenset(one.title) == words), None)


def guesses(candidates: Sequence[Titled], asked: str) -> tuple[Guess, ...]:
    """What the request perhaps means, the best first.

    Half of the weight of its words must be found, where a rare word weighs more, or a title of several words whole in it.
    """
    words = words_of(asked)
    common = Counter(word for one in candidates for word in {*one.title, *one.statement})
    weight = {word: 1 / (1 + common[word]) for word in words}
    whole = sum(weight.values())
    scored = []
    for at, one in enumerate(candidates):
        title = [word for word in words if word in one.title]
        more = [word for word in words if word in one.statement and word not in one.title]
        score = sum(weight[word] for word in title) + sum(weight[word] for word in more) / 2
        named = len(title) > 1 and len(title) == len(one.title)
        if whole and (named or score >= whole * _ENOUGH) and (title or len(more) > 1):
            found = tuple(word for word in words if word in title or word in more)
            near = len(title) / len(one.title) if one.title else 0
            scored.append((-score, -near, at, Guess(of=one, found=found, words=len(words))))
    return tuple(guess for *_, guess in sorted(scored, key=lambda each: each[:3])[:_MOST_GUESSES])


def _pieces(asked: str) -> Iterator[str]:
    yield asked
    yield from _APART.split(asked)
    for word in _NAMELIKE.findall(asked):
        bare = word.strip(".:?!")
        letters, digits = any(map(str.isalpha, bare)), sum(map(str.isdigit, bare))
        if _IN_NAMES & set(bare) or (digits and letters) or digits > 2:  # two are a file's number
            yield bare


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # not `ties`
        return f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:  # not `aws`
        return word[:-1]
    return word
