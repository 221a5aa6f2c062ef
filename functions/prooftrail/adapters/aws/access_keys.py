"""Access keys: whose slots in the credential report changed is asked about, everybody else's keys are carried over."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from prooftrail.model.account import CarriedKeys, Carry, Report
from prooftrail.model.canonical import utc
from prooftrail.model.iam import AccessKey, KeySlot, ReportRow, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading

from .iam_each import each
from .iam_key_slots import disagreement, is_active, match, second
from .iam_principals import GET_DETAILS, Principals
from .observer import Api, Collecting, Observer

LIST_KEYS = Api("iam", "list_access_keys")
LAST_USED = Api("iam", "get_access_key_last_used")

_GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_SAMPLE = 10
_NOT_APPLICABLE = "N/A"


class KeysRead(NamedTuple):
    """The access keys, and the ids of the users whose report row was held against a live answer."""

    reading: Reading[Observed]
    sampled: tuple[str, ...]


def read_access_keys(observer: Observer, *, principals: Principals, report: Reading[Report], carry: Carry) -> KeysRead:
    """Every access key of every user, sorted by id.

    A user is asked about (ListAccessKeys) if the report has no row of him, could not be read or bears a date that cannot
    be today's, or if the slots in his row are not those `carry` holds his keys for. A user with empty slots has no keys and is not asked about: a key
    made since the report was made is seen with the next one. Everybody else's keys are carried, with `carried_from`
    and today's usage. Ten users drawn by `carry.seed` are asked about all the same, and a row that a live answer
    contradicts is a DISAGREES gap unless the report's age explains it.

    A key's last use is that of its slot; GetAccessKeyLastUsed is asked where no single slot fits. A user who is gone by
    now has no keys and leaves no gap. A key's `arn` is its user's: AWS gives keys none.
    Source: IAM ListAccessKeys, GetAccessKeyLastUsed, GetCredentialReport.
    """
    return _Keys(observer, report, carry).read(principals)


class _Known(NamedTuple):
    """A user with what the report and the previous snapshot know of his keys."""

    user: Observed
    row: ReportRow | None
    carried: CarriedKeys | None

    @property
    def slots(self) -> tuple[KeySlot, ...]:
        """The filled slots of his row."""
        return tuple(one for one in self.row.keys if one.active or one.rotated_at) if self.row else ()

    @property
    def changed(self) -> bool:
        """Whether his keys are not those the previous snapshot holds, or nothing tells."""
        if self.row is None:
            return True
        dated = [(one.active, one.rotated_at) for one in self.slots if one.rotated_at]
        if self.carried is None or not len(self.carried.keys) == len(self.slots) == len(dated):
            return bool(self.slots)
        return sorted(dated) != sorted(self.carried.slots)


class _Keys:
    """One account's keys in the making; what it asks, it may ask from many threads."""

    def __init__(self, observer: Observer, report: Reading[Report], carry: Carry) -> None:
        self._observer, self._carry = observer, carry
        self._found: Collecting[Observed] = Collecting(observer)
        self._report = _of_today(report)
        self._live: dict[str, tuple[Observed, ...]] = {}
        self._gone: set[str] = set()
        self._last_use: dict[str, Usage | None] = {}

    def read(self, principals: Principals) -> KeysRead:
        if not principals.listed:
            self._found.gap(_users_unknown(principals.reading))
        known = self._known(principals)
        drawn = self._drawn(known)
        each(self._found, [one for one in known if one.changed or one.user.id in drawn], self._ask)
        compared = [one for one in known if one.user.id in drawn and one.user.id in self._live]
        for one in compared:
            self._compare(one)
        keys = sorted((pair for one in known for pair in self._keys(one)), key=lambda pair: pair[0].id)
        each(self._found, [key for key, slot in keys if slot is None], self._ask_last_use)
        for key, slot in keys:
            self._add(key, slot)
        return KeysRead(self._found.reading(), tuple(sorted(one.user.id for one in compared)))

    def _known(self, principals: Principals) -> list[_Known]:
        rows = {row.user: row for row in self._report.rows} if self._report else {}
        return [
            _Known(user, _own(rows.get(user.name), user), self._carry.keys.get(user.id)) for user in principals.users
        ]

    def _drawn(self, known: list[_Known]) -> frozenset[str]:
        """Ten users with a row, in an order nobody knew before the run and anyone can repeat after it."""
        seed = self._carry.seed.encode()
        ids = [one.user.id for one in known if one.row]
        return frozenset(sorted(ids, key=lambda one: hmac.new(seed, one.encode(), sha256).digest())[:_SAMPLE])

    def _ask(self, one: _Known) -> None:
        name = self._observer.redactor.reveal(one.user.name)
        pages = list(self._found.sheets(LIST_KEYS, absent=_GONE, UserName=name))
        if {} in pages:  # that is a user deleted since he was listed: what was carried for him went with him
            self._gone.add(one.user.id)
        else:
            rows = [row for page in pages for row in page.get("AccessKeyMetadata", ())]
            self._live[one.user.id] = tuple(_key(one.user, row) for row in rows)

    def _compare(self, one: _Known) -> None:
        """Hold a row against the live answer: carried keys rest on rows, so rows must deserve it."""
        if self._report is None:
            return
        generated_at, seen_at = self._report.generated_at, self._observer.clock.now()
        keys = self._live[one.user.id]
        detail = disagreement(keys, one.slots, generated_at=generated_at, seen_at=seen_at)
        if detail:
            gap = Gap(api=LIST_KEYS.name, reason=GapReason.DISAGREES, detail=detail, subject=one.user.name)
            self._found.gap(gap)

    def _keys(self, one: _Known) -> list[tuple[Observed, KeySlot | None]]:
        """A user's keys, live where he was asked about, each with its slot; None where no single slot fits."""
        if one.user.id in self._gone:
            return []
        live = self._live.get(one.user.id)
        keys = live if live is not None else self._carried(one)
        fit = self._slots(keys, one)
        return [(key if live is not None else _switched(key, fit.get(key.id)), fit.get(key.id)) for key in keys]

    def _slots(self, keys: tuple[Observed, ...], one: _Known) -> dict[str, KeySlot]:
        if self._report is None:
            return {}
        uses = {key.id: key.usage.last_used_at for key in one.carried.keys if key.usage.tracked} if one.carried else {}
        return match(keys, one.slots, generated_at=self._report.generated_at, uses=uses)

    def _carried(self, one: _Known) -> tuple[Observed, ...]:
        if one.carried is None or one.changed:
            return ()
        run_id = self._carry.run_id
        return tuple(
            msgspec.structs.replace(key, arn=one.user.arn, carried_from=key.carried_from or run_id)
            for key in one.carried.keys
        )

    def _ask_last_use(self, key: Observed) -> None:
        answer = self._found.put(LAST_USED, absent=_GONE, AccessKeyId=key.id)
        self._last_use[key.id] = _usage(answer["AccessKeyLastUsed"]) if "AccessKeyLastUsed" in answer else None

    def _add(self, key: Observed, slot: KeySlot | None) -> None:
        """Keep a key with its use; one that was gone when its use was asked about is left out."""
        usage = slot.usage if slot else self._last_use.get(key.id, Usage(tracked=False))
        if usage is not None:
            self._found.add(msgspec.structs.replace(key, usage=usage))


def _of_today(report: Reading[Report]) -> Report | None:
    """The report, unless something is wrong with all of it: its age, say. A gap of one row is that row's alone."""
    whole = all(gap.subject is not None for gap in report.gaps)
    return report.items[0] if report.items and whole else None


def _own(row: ReportRow | None, user: Observed) -> ReportRow | None:
    """The user's row; not that of a former user of the same name."""
    if row is None or row.created_at is None or user.created_at is None:
        return row
    return row if second(row.created_at) == second(user.created_at) else None


def _key(user: Observed, row: Mapping[str, Any]) -> Observed:
    return Observed(
        id=row["AccessKeyId"],
        arn=user.arn,
        region=GLOBAL,
        name=row["AccessKeyId"],
        created_at=utc(row["CreateDate"]) if "CreateDate" in row else None,
        tags=(),  # AWS has no tags on keys
        facts=AccessKey(user_id=user.id, user_name=user.name, status=row["Status"]),
        usage=Usage(tracked=False),
        parent=user.id,
    )


def _switched(key: Observed, slot: KeySlot | None) -> Observed:
    """A carried key in the state its slot shows."""
    if slot is None or not isinstance(key.facts, AccessKey) or slot.active == is_active(key):
        return key
    facts = msgspec.structs.replace(key.facts, status="Active" if slot.active else "Inactive")
    return msgspec.structs.replace(key, facts=facts)


def _usage(last: Mapping[str, Any]) -> Usage:
    return Usage(
        tracked=True,  # no date means no use since IAM began to track, on 2015-04-22
        last_used_at=utc(last["LastUsedDate"]) if last.get("LastUsedDate") else None,
        service=_told(last.get("ServiceName")),
        region=_told(last.get("Region")),
        source=LAST_USED.name,
    )


def _told(text: str | None) -> str | None:
    return None if text == _NOT_APPLICABLE else text


def _users_unknown(principals: Reading[Observed]) -> Gap:
    """The gap that stands for the keys of users nobody listed."""
    first = next((gap for gap in principals.gaps if gap.api == GET_DETAILS.name), None)
    return Gap(
        api=GET_DETAILS.name,
        reason=first.reason if first else GapReason.ERROR,
        code=first.code if first else None,
        detail="not all users were listed, so nobody was asked about the keys of the others",
    )
