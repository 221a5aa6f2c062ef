"""Columns and texts of registers, said shortly."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from prooftrail.model import canonical
from prooftrail.model.identity import Identity
from prooftrail.pack.table import Column, ColumnType, Row, Table, Value
from prooftrail.pack.view import CURRENT, LEFT, PeriodView

_PERSON = "person-"
NOT_SCORED = "not scored"


def text(name: str, about: str) -> Column:
    """A column of texts."""
    return Column(name=name, about=about)


def number(name: str, about: str) -> Column:
    """A column of whole numbers."""
    return Column(name=name, type=ColumnType.INTEGER, about=about)


def instant(name: str, about: str) -> Column:
    """A column of instants."""
    return Column(name=name, type=ColumnType.INSTANT, about=about)


def day(name: str, about: str) -> Column:
    """A column of days."""
    return Column(name=name, type=ColumnType.DAY, about=about)


def truth(name: str, about: str) -> Column:
    """A column of true and false."""
    return Column(name=name, type=ColumnType.BOOLEAN, about=about)


def listing(name: str, about: str) -> Column:
    """A column of lists."""
    return Column(name=name, type=ColumnType.LIST, about=about)


def empty(name: str, about: str, why: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    """A column auditors look for that no row of this version fills, and why."""
    return Column(name=name, type=kind, about=about, why_empty=why)


def account_status() -> Column:
    """Whether the run shown planned for the row's account: rows of both kinds stand in one register, one kind is counted."""
    return text("account_status", f"{CURRENT}; or {LEFT}: what was last seen there, which no count of page one has")


def filled(table: Table, values: Mapping[str, Value]) -> Row:
    """The row with these values, its other cells empty. Raises ValueError for a column the table does not have."""
    names = [one.name for one in table.columns]
    if unknown := sorted(values.keys() - set(names)):
        raise ValueError(f"{table.file} has no column {unknown[0]}")
    return tuple(values.get(one) for one in names)


def shown(period: PeriodView, said: str | None) -> str | None:
    """A text as it is to be shown; only one that may hold a pseudonym is looked through."""
    return period.reveal(said) if said is not None and _PERSON in said else said


def all_shown(period: PeriodView, said: Iterable[str]) -> tuple[str, ...]:
    """Texts as they are to be shown."""
    return tuple(period.reveal(one) if _PERSON in one else one for one in said)


def called(identity: Identity | None, subject: str) -> str:
    """What people call a subject: its identity's name, with the part of it that is meant; the subject where it has none."""
    if identity is None:
        return subject
    part = subject.removeprefix(identity.id)
    return f"{identity.name}{part}" if part.startswith("#") else identity.name


@lru_cache(maxsize=4096)
def instant_of(run_id: str | None) -> datetime | None:
    """The instant a run judges at, which its id names; None for no run. Rows ask for few runs, many times."""
    return canonical.tick_of(run_id) if run_id else None
