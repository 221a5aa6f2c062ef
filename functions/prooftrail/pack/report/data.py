"""What the report needs of each account, packed while the accounts go by: a row of JSON for each identity, texts once.

450,000 results of 50,000 identities are one letter each; only what is no pass has its sentence, shared where it is the same
but for the identity's own name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from prooftrail.model.judgement import Finding, FindingStatus, Result, ResultStatus, Risk
from prooftrail.model.reading import CellStatus
from prooftrail.pack.report.facts import facts_of
from prooftrail.pack.report.intervals import intervals
from prooftrail.pack.report.text import PLACE, script_json, visible
from prooftrail.pack.view import AccountView, Listed, PeriodView

LETTERS = {
    ResultStatus.PASS: "P",
    ResultStatus.FAIL: "F",
    ResultStatus.EXCEPTION: "E",
    ResultStatus.NOT_APPLICABLE: "A",
    ResultStatus.NOT_TESTED: "T",
}
"""What each result is in a row; a control that did not ask this identity is `-`."""

_WORST = {letter: at for at, letter in enumerate("FTEPA-")}
_TOLD = frozenset("FTE")
_SHORTEST = 4  # a name that is shorter is not worth a place


class Pool:
    """Texts by number, each held once, in the order they were first told."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}

    def at(self, text: str) -> int:
        """The number of a text."""
        return self._at.setdefault(text, len(self._at))

    @property
    def texts(self) -> list[str]:
        """All of them."""
        return list(self._at)


class Rows:
    """Rows of JSON in one piece of memory."""

    def __init__(self) -> None:
        self.count = 0
        self.body = bytearray()

    def add(self, row: list[object]) -> None:
        """One more row."""
        if self.count:
            self.body += b",\n"
        self.body += script_json(row)
        self.count += 1


class Gathered:
    """All that the report shows of single accounts and identities."""

    def __init__(self, period: PeriodView) -> None:
        self.period = period
        self.control_at = {one.id: at for at, one in enumerate(period.catalog.controls)}
        self.texts, self.owners, self.families, self.kinds, self.runs = Pool(), Pool(), Pool(), Pool(), Pool()
        self.identities, self.others, self.presences, self.intervals = Rows(), Rows(), Rows(), Rows()
        self.accounts: list[list[object]] = []
        self._risks: dict[tuple[object, ...], int] = {}
        self._results = 0

    @property
    def risks(self) -> list[tuple[object, ...]]:
        """Every different risk, by number."""
        return list(self._risks)

    def take(self, one: AccountView) -> None:
        """Pack one account, or the organization."""
        at = len(self.accounts)
        results: dict[str | None, list[tuple[int, Result]]] = defaultdict(list)
        for number, each in enumerate(one.results):
            results[each.identity].append((number, each))
        due = {(each.control, each.subject): each for each in one.findings if each.status is FindingStatus.OPEN}
        held = _Held(self, one, due)
        listed = {each.identity.id for each in one.listed}
        for shown in one.listed:
            self.identities.add(self._identity(at, one, shown, held, results.get(shown.identity.id, ())))
        failing = self._others(at, one, held, (pair for key in results if key not in listed for pair in results[key]))
        self._history(at, one)
        self.accounts.append(self._account(one, failing))
        self._results += len(one.results)

    def shown(self, text: str) -> str:
        """A text of a view as it is shown."""
        return visible(self.period.reveal(text))

    def text(self, text: str, name: str = "") -> int:
        """The number of a text as shown, with a place where it tells `name` (as shown)."""
        shown = self.shown(text)
        return self.texts.at(shown.replace(name, PLACE) if len(name) >= _SHORTEST else shown)

    def run(self, run_id: str | None) -> int:
        """The number of a run, -1 for none."""
        return -1 if run_id is None else self.runs.at(run_id)

    def _account(self, one: AccountView, failing: int) -> list[object]:
        whole = sum(each.status is CellStatus.OK for each in one.cells)
        return [
            visible(one.account),
            self.shown(one.name or ""),
            self.shown(one.ou_path or ""),
            one.status,
            self.shown(one.reason or one.unjudged or ""),
            int(one.stale),
            self.run(one.read_run.run_id if one.read_run else None),
            self.run(one.judged_run.run_id if one.judged_run else None),
            [visible(one.snapshot.id), visible(one.snapshot.key)] if one.snapshot else None,
            [visible(one.assessment.id), visible(one.assessment.key)] if one.assessment else None,
            self._results,
            one.first_result_line,
            len(one.listed),
            failing,
            whole,
            len(one.cells),
        ]

    def _identity(
        self, at: int, one: AccountView, listed: Listed, held: "_Held", results: Iterable[tuple[int, Result]]
    ) -> list[object]:
        identity = listed.identity
        name, risk = self.shown(identity.name), one.risks.get(identity.id)
        owner, purpose, cls = identity.owner, identity.purpose, identity.classification
        where = f"{owner.rung.value.replace('_', ' ')}: {owner.where or 'no place'}" if owner.value else ""
        letters, lines, told = held.pack(results, name)
        stale = one.stale or listed.seen_in != (one.read_run.run_id if one.read_run else None)
        return [
            visible(identity.id),
            name,
            at,
            self.kinds.at(identity.kind.value),
            ("human", "non_human", "undetermined").index(cls.cls.value),
            risk.tier.rank if risk else -1,
            self._risk(risk, name) if risk else -1,
            -1 if owner.value is None else self.owners.at(self.shown(owner.value)),
            self.text(where, name),
            self.families.at(self.shown(identity.family)) if identity.family else -1,
            _seconds(identity.created_at),
            _seconds(identity.usage.last_used_at) if identity.usage.tracked else -1,
            self.text(identity.arn, name),
            listed.line,
            self.run(listed.seen_in) if stale else -1,
            letters,
            lines,
            told,
            self.text(purpose.value or "", name),
            visible(identity.parent) if identity.parent else 0,
            self.text(f"{cls.basis.value}: {cls.reason}", name),
            self.text(identity.kind_reason, name),
            [self.text(each, name) for each in facts_of(identity)],
            visible(listed.evidence) if one.snapshot is None or listed.evidence != one.snapshot.id else 0,
        ]

    def _risk(self, risk: Risk, name: str) -> int:
        def texts(found: Iterable[str]) -> tuple[int, ...]:
            return tuple(self.text(each, name) for each in found)

        key = (
            risk.tier_from.rank,
            risk.impact,
            risk.likelihood,
            risk.points,
            risk.privilege.value,
            risk.privilege_at_most.value,
            self.text(risk.privilege_why, name),
            risk.environment.value,
            self.text(risk.environment_why, name),
            texts(f"{each.name.replace('_', ' ')} (+{each.points}): {each.why}" for each in risk.factors),
            texts(risk.floors),
            texts(risk.unknown),
            visible(risk.inherited_from) if risk.inherited_from else 0,
        )
        return self._risks.setdefault(key, len(self._risks))

    def _others(self, at: int, one: AccountView, held: "_Held", results: Iterable[tuple[int, Result]]) -> int:
        """Results of what is no listed identity: accounts, the organization, exceptions. Counts all that fail."""
        for number, each in sorted(results, key=lambda pair: pair[0]):
            control, letter = self.control_at.get(each.control, -1), LETTERS[each.status]
            row: list[object] = [visible(each.subject), each.subject_type.value, at, control, letter]
            self.others.add([*row, one.first_result_line + number, held.reason(each, ""), *held.life(each)])
        return sum(each.status is ResultStatus.FAIL for each in one.results)

    def _history(self, at: int, one: AccountView) -> None:
        for each in one.presences:
            name, kind = self.shown(each.name or ""), each.kind or ""
            came, went = self.run(each.came or each.entered), self.run(each.went)
            away = int(each.account_left or each.left is not None)
            self.presences.add([visible(each.id), name, kind, at, _seconds(each.created_at), came, went, away])
        for span in intervals(one, self.period):
            control, began, ended = self.control_at.get(span.control, -1), self.run(span.began), self.run(span.ended)
            reason = self.text(span.reason)
            subject, identity = visible(span.subject), visible(span.identity) if span.identity else 0
            after = LETTERS[span.status] if span.status else "-"
            told = [self.text(each) if each else -1 for each in (span.beginning, span.doubt)]
            self.intervals.add([control, subject, identity, at, began, ended, after, reason, *told])


class _Held:
    """What is told of single results of one account: sentences, since when, and until when they are to be mended."""

    def __init__(self, gathered: Gathered, one: AccountView, due: Mapping[tuple[str, str], Finding]) -> None:
        self._gathered, self._one, self._due = gathered, one, due

    def pack(self, results: Iterable[tuple[int, Result]], name: str) -> tuple[str, object, list[int]]:
        """Letters by control, the lines they stand on (the first alone where they follow each other), and what is told."""
        gathered, letters, lines, told = self._gathered, ["-"] * len(self._gathered.control_at), {}, list[int]()
        for number, each in results:
            control, letter = gathered.control_at.get(each.control), LETTERS[each.status]
            if control is None:
                continue
            if _WORST[letter] < _WORST[letters[control]]:
                letters[control], lines[control] = letter, self._one.first_result_line + number
            if letter in _TOLD:
                told += (control, self.reason(each, name), *self.life(each))
        ordered = [lines[one] for one in sorted(lines)]
        if ordered and ordered == list(range(ordered[0], ordered[0] + len(ordered))):
            return "".join(letters), ordered[0], told
        return "".join(letters), ordered, told

    def reason(self, each: Result, name: str) -> int:
        """The sentence of a result."""
        return self._gathered.text(each.reason, name)

    def life(self, each: Result) -> tuple[int, int]:
        """The run since which it is so, -1 where none says; and when it is due (seconds), 0 where nothing is open."""
        key = (each.control, each.subject)
        finding = self._due.get(key)
        return self._gathered.run(self._one.held_since.get(key)), _seconds(finding.due_at) if finding else 0


def _seconds(at: datetime | None) -> int:
    """Seconds since 1970, 0 for none."""
    return 0 if at is None else int(at.timestamp())
