"""What a trust statement demands of one condition key before it lets anybody in: the values that pass, and nothing softer.

`ForAllValues` passes without its key, so does every operator that ends in `IfExists`: neither demands anything, and a
`Null` condition demands no value. A Deny that speaks of the same principals and the same ways in, with one negated
condition and nothing beside it but that it spares AWS services, demands what it spares.
"""

from collections.abc import Iterable, Iterator

import msgspec

from prooftrail.inventory.limits import EVER_PRESENT, assumed, barring, bars_everyone_of
from prooftrail.model.trust import Condition, PrincipalType, TrustStatement

_EQUAL = frozenset({"stringequals", "stringequalsignorecase", "arnequals"})
_LIKE = frozenset({"stringlike", "arnlike"})
_NOT_EQUAL = frozenset({"stringnotequals", "stringnotequalsignorecase"})
_NOT_LIKE = frozenset({"stringnotlike", "arnnotlike", "arnnotequals"})
_VARIABLE = "${"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One value that passes: its text, the literal beginning of it, and whether it is literal to its end."""

    text: str
    fixed: str

    @property
    def whole(self) -> bool:
        """True if nothing in it stands for other text."""
        return self.fixed == self.text

    @property
    def speaks(self) -> bool:
        """True if there is something to read in it: blanks, and characters without width, name nobody."""
        return any("!" <= one <= "~" for one in self.text)


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """One key of which one of `values` is demanded; a literal value is never empty or blank."""

    key: str
    values: tuple[Value, ...]

    @property
    def exact(self) -> bool:
        """True if every value is literal and says something."""
        return bool(self.values) and all(one.whole and one.speaks for one in self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as written."""
        return tuple(one.text for one in self.values)


def demands(statement: TrustStatement, denials: Iterable[TrustStatement]) -> tuple[Demand, ...]:
    """All that `statement` demands, by its own conditions and by the Deny statements beside it."""
    own = (found for one in statement.conditions if (found := _demanded(_read(one), equal=_EQUAL, like=_LIKE)))
    return (*own, *_spared(statement, denials))


def _spared(statement: TrustStatement, denials: Iterable[TrustStatement]) -> Iterator[Demand]:
    to_services = any(one.type is PrincipalType.SERVICE for one in statement.principals)
    for one in denials:
        if not bars_everyone_of(one, statement) or not assumed(statement) <= assumed(one):
            continue
        conditions = one.conditions if to_services else barring(one)
        if len(conditions) != 1:
            continue
        condition = conditions[0]
        # A negated operator is true without its key: then it denies, IfExists or not.
        plain = msgspec.structs.replace(condition, operator=_without_if_exists(condition.operator))
        if found := _demanded(plain, equal=_NOT_EQUAL, like=_NOT_LIKE, sets=("", "forallvalues")):
            yield found


def _demanded(
    condition: Condition, *, equal: frozenset[str], like: frozenset[str], sets: tuple[str, ...] = ("", "foranyvalue")
) -> Demand | None:
    prefix, _, operator = condition.operator.lower().rpartition(":")
    if prefix not in sets or operator not in equal | like:
        return None
    open_marks = (_VARIABLE,) if operator in equal and not operator.startswith("arn") else ("*", "?", _VARIABLE)
    return Demand(key=condition.key, values=tuple(_value(text, open_marks) for text in condition.values))


def _value(text: str, open_marks: tuple[str, ...]) -> Value:
    cuts = [at for mark in open_marks if (at := text.find(mark)) >= 0]
    return Value(text=text, fixed=text[: min(cuts)] if cuts else text)


def _read(condition: Condition) -> Condition:
    """The condition as it holds: what every request carries is demanded, IfExists or not."""
    if condition.key not in EVER_PRESENT:
        return condition
    return msgspec.structs.replace(condition, operator=_without_if_exists(condition.operator))


def _without_if_exists(operator: str) -> str:
    return operator[: -len("IfExists")] if operator.lower().endswith("ifexists") else operator
