"""What packs are tested on: small worlds judged for real, a locker somebody tampered with, and files kept in memory."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from prooftrail.errors import EvidenceMissing
from prooftrail.flows.control_map import ControlMap
from prooftrail.flows.pack_views import PackViews, open_views
from prooftrail.pack.view import AccountView, PackOptions
from prooftrail.ports import ObjectVersion
from tests.flows.world import World

NOVEMBER = PackOptions(since=date(2026, 11, 1), until=date(2026, 11, 30))


def judged_world() -> World:
    """A world whose accounts are judged by the shipped controls."""
    world = World()
    world.judge = ControlMap()  # type: ignore[assignment]
    return world


def run(world: World, *days: int) -> World:
    """Scheduled runs of those days."""
    for day in days:
        world.sweep()(world.day(day))
    return world


def views(locker: Any, first: int = 1, last: int = 30, **asked: Any) -> PackViews:
    """Views of a part of November 2026."""
    return open_views(locker, since=date(2026, 11, first), until=date(2026, 11, last), **asked)


def account(found: PackViews, name: str) -> AccountView:
    """One of the accounts."""
    return next(one for one in found.accounts() if one.account == name)


class Tampered:
    """A locker of which some objects are `lost` and others `changed`."""

    def __init__(self, inner: Any, *, lost: str = "", changed: str = "") -> None:
        self._inner, self._lost, self._changed = inner, lost, changed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        if self._lost and self._lost in key:
            raise EvidenceMissing(key, "the test's locker")
        body: bytes = self._inner.get(key, version_id=version_id)
        return body[:-1] + bytes([body[-1] ^ 1]) if self._changed and self._changed in key else body

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        for one in self._inner.versions(prefix):
            if not self._lost or self._lost not in one.key:
                yield one
