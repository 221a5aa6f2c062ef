"""How a check words what it found of one subject: parts with a status each, and the verdict they come to together."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from prooftrail.controls.case import Case, Compared
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.governance.thresholds import in_words
from prooftrail.inventory.wording import plain, sentence
from prooftrail.model.iam import Role, Secret, Usage, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Limit, ResultStatus, SubjectType

type Check = Callable[[Case, Control], Iterable[Verdict]]
"""One control's test of one account: a verdict for each of its subjects."""

PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE


UNTOLD = Usage(tracked=False)
_YES_OR_NO = frozenset(in_words("", value) for value in (True, False))


def stated[T](case: Case, identity: Identity, field: str, value: T) -> T | None:
    """`value` where the dotted field it comes from is a statement, None where that was not read."""
    return None if case.doubt(identity, field) else value


def usage_of(case: Case, identity: Identity) -> Usage:
    """When it was last used; untracked where that was not read."""
    return stated(case, identity, "usage", identity.usage) or UNTOLD


def created(case: Case, identity: Identity) -> datetime | None:
    """When it was created, None where that was not read."""
    return stated(case, identity, "created_at", identity.created_at)


_NOUNS: dict[type, str] = {User: "user", Role: "role", Secret: "secret"}


def named(identity: Identity) -> str:
    """What it is and its name, as AWS spells it: `user ada`, `role deploy`, `secret db`."""
    name = plain(identity.name)
    noun = _NOUNS.get(type(identity.facts))
    return f"{noun} {name}" if noun else name


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of a check came to, in words that stand in a sentence; `gap` is what was not read."""

    status: ResultStatus
    words: str
    value: str | None = None
    limit: Limit | None = None
    gap: str | None = None


def passes(words: str, *, value: str | None = None, limit: Limit | None = None) -> Said:
    """A part that was tested and is as it should be."""
    return Said(status=PASS, words=words, value=value, limit=limit)


def fails(words: str, *, value: str | None = None, limit: Limit | None = None) -> Said:
    """A part that was tested and is not as it should be."""
    return Said(status=FAIL, words=words, value=value, limit=limit)


def untested(words: str, gap: str | None = None) -> Said:
    """A part of which something was not read; `gap` says what, where `words` alone do not."""
    return Said(status=NOT_TESTED, words=words, gap=gap or words)


def held(compared: Compared, words: str, *, value: str | None = None, says: str = "the limit is {}") -> Said:
    """A value held against its limit: the fact, the limit, who set it; and what keeps it from being told.

    `says` words the limit where "the limit is 90 days" would not say which way it binds. What is merely required, or
    not, needs no words but who says so.
    """
    limit = compared.limit
    if compared.status is NOT_TESTED:
        why = compared.why or "its limit is not known"
        return Said(status=NOT_TESTED, words=f"{words}; {why}", value=value, limit=limit, gap=why)
    if limit.value in _YES_OR_NO:
        told = f"{words} ({limit.set_by})" if compared.status is FAIL else words
    else:
        told = f"{words}; {says.format(limit.value)} ({limit.set_by})"
    return Said(status=compared.status, words=told, value=value, limit=limit)


class Subject:
    """One subject of one control, and the verdicts that can be given on it.

    `identity` is the identity the subject is or belongs to; `subject` is its own name where that is another.
    """

    def __init__(
        self,
        case: Case,
        control: Control,
        identity: Identity | None,
        *,
        kind: SubjectType,
        subject: str | None = None,
    ) -> None:
        self.case, self.control, self.identity = case, control, identity
        self.kind = kind
        self.id = subject or (identity.id if identity else case.account.id)

    def verdict(self, *parts: Said, remarks: Iterable[str] = ()) -> Verdict:
        """The worst of the parts decides: a failure before what was not tested, that before a pass.

        The reason tells every part of the deciding status; a pass tells what was looked at, and then the remarks.
        """
        status = next(one for one in (FAIL, NOT_TESTED, PASS) if any(part.status is one for part in parts))
        deciding = [part for part in parts if part.status is status]
        words = [part.words for part in deciding] + ([] if status is NOT_TESTED else list(remarks))
        return self._given(
            status,
            "; ".join(words),
            value=next((part.value for part in deciding if part.value), None),
            limit=next((part.limit for part in deciding if part.limit), None),
            gaps=tuple(dict.fromkeys(part.gap for part in parts if part.gap)),
        )

    def not_applicable(self, words: str) -> Verdict:
        """The control lists the kind, and what it speaks of is not there."""
        return self._given(NOT_APPLICABLE, words)

    def _given(
        self,
        status: ResultStatus,
        words: str,
        *,
        value: str | None = None,
        limit: Limit | None = None,
        gaps: tuple[str, ...] = (),
    ) -> Verdict:
        return Verdict(
            subject=self.id,
            subject_type=self.kind,
            identity=self.identity.id if self.identity else None,
            status=status,
            reason=sentence(words),
            tier=self.case.tier(self.identity.id) if self.identity else None,
            value=value,
            limit=limit,
            gaps=gaps,
        )
