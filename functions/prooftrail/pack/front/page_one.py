"""Page one: how much to trust it, what it covers, what it does not, the ten facts that matter most, and the auditor's questions."""

from enum import StrEnum

import msgspec


class Answered(StrEnum):
    """How far this pack answers a question."""

    ANSWERED = "answered"
    PARTLY = "partly"
    NOT_COVERED = "not covered"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One of the fourteen questions, in our words: the answer in one or two sentences, the files behind it, what is missing."""

    number: int
    asked: str
    clause: str
    answered: Answered
    answer: str
    missing: str | None
    files: tuple[str, ...]


class KeyFact(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ten facts: how grave (`good`, `note`, `bad`, `unknown`), the sentence with its numbers, and the file behind it."""

    tone: str
    text: str
    file: str


class NotCovered(msgspec.Struct, frozen=True, kw_only=True):
    """Something an auditor may expect and this version does not collect, said once."""

    what: str
    why: str
    ask_instead: str


class PageOne(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on page one, revealed, in the order it is read: the same in README, report and workbook.

    `verdict` is one sentence on what the pack is and is not. `operated` is one sentence: runs due, met, late, missed.
    `gaps` are sentences, most important first, each with a count; empty only if nothing whatever was left unread.
    """

    title: str
    verdict: str
    assurance: str
    assurance_means: str
    period: str
    as_of: str
    scope: tuple[str, ...]
    operated: str
    coverage: tuple[str, ...]
    gaps: tuple[str, ...]
    facts: tuple[KeyFact, ...]
    questions: tuple[Question, ...]
    not_covered: tuple[NotCovered, ...]
    identification: tuple[tuple[str, str], ...]
