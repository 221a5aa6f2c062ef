"""What a pack tells beside the accounts: the watchdog's words, custody records, notices and answers of a period."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.evidence import custody, envelope, layout, witness, witnessed
from prooftrail.evidence.custody import Custody
from prooftrail.evidence.findings import Problem
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.view import PackAnswer, PackNotice, PackOptions, Word
from prooftrail.ports import Locker, ObjectVersion

from . import answers
from .locker_history import LockerHistory
from .notice_log import NoticeDay, NoticeLog, status_of
from .pack_objects import PackObjects
from .pack_period import edges


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The watchdog's words that hold, when each slot was first pinned by one, and what is wrong with others."""

    words: tuple[Word, ...]
    pinned: dict[int, datetime]
    problems: tuple[Problem, ...]


def witnesses(locker: Locker, history: LockerHistory, objects: PackObjects) -> Seen:
    """The watchdog's words, believed by the key the genesis names, each copied as it is stored."""
    files = [_word_file(locker, one) for one in locker.versions("witness/") if _is(one, EvidenceKind.WITNESS)]
    for one in files:
        if one.body is not None:
            objects.keep(None, one.key, one.body)
    chain = history.chain
    store = witnessed.Store(keeps_time=locker.keeps_time, slots=_slots(locker))
    pem = chain.genesis.witness_public_key_pem if chain.genesis else None
    found, problems = witnessed.believed(chain, files, key=_key(pem), store=store)
    words = tuple(
        Word(
            key=one.said.key,
            seq=one.said.head.seq,
            sha256=one.said.head.sha256,
            checked_at=one.said.checked_at,
            sha256_of_word=one.sha256,
        )
        for one in sorted(found, key=lambda one: (one.said.checked_at, one.said.key))
        if one.said.head is not None
    )
    return Seen(words=words, pinned=witnessed.pinned_at(chain, found), problems=tuple(problems))


def custody_records(
    locker: Locker, objects: PackObjects, *, named: bool
) -> tuple[tuple[tuple[str, Custody], ...], tuple[str, ...]]:
    """Every custody record, oldest first, and what cannot be read; copied where people may be `named`."""
    found: list[tuple[str, Custody]] = []
    wrong: list[str] = []
    for one in _first(locker, "custody/", EvidenceKind.CUSTODY):
        try:
            body = _custody_body(locker, one)
            found.append((one.key, custody.read(one.key, body)))
        except EvidenceError as error:
            wrong.append(f"a custody record cannot be shown: {error}")
            continue
        if named:
            objects.keep(None, one.key, body)
    return tuple(sorted(found, key=lambda one: one[0])), tuple(wrong)


def notices(
    locker: Locker, history: LockerHistory, options: PackOptions, accounts: tuple[str, ...]
) -> tuple[tuple[PackNotice, ...], tuple[str, ...]]:
    """The notices of the period's days, and what of them cannot be read; narrowed to the accounts where some were asked for."""
    log = NoticeLog(locker, history)
    mine = frozenset(accounts) if options.accounts is not None else None
    found: list[PackNotice] = []
    wrong: list[str] = []
    for day in log.days(first=options.since, last=options.until):
        if isinstance(day, str):
            wrong.append(day)
            continue
        wrong += day.wrong
        found += _notices(day, mine)
    return tuple(found), tuple(wrong)


def answers_given(locker: Locker, options: PackOptions) -> tuple[tuple[PackAnswer, ...], tuple[str, ...]]:
    """The answers given in the period that count, oldest first, and a sentence on each that does not."""
    since, until = edges(options)
    found = answers.answers(locker, since)
    mine = tuple(
        PackAnswer(
            key=key,
            kind=one.kind.value,
            who=one.who,
            at=one.at,
            matters=one.matters,
            reason=one.reason,
            to=one.to,
        )
        for key, one, _ in found.items
        if one.at < until
    )
    return mine, found.gaps


def _notices(day: NoticeDay, mine: frozenset[str] | None) -> Iterator[PackNotice]:
    for one in sorted(day.notices, key=lambda each: each.id):
        items = tuple(each for each in one.items if mine is None or mine & set(each.accounts))
        if not items and one.items:
            continue
        end = day.sent.get(one.id)
        status, why = status_of(one, end)
        yield PackNotice(
            id=one.id,
            run_id=day.plan.run_id,
            recipient=one.recipient,
            address=one.address,
            step=one.step,
            items=items,
            status=status,
            why=why,
            state=end.state.value if end else None,
            how=end.how if end else None,
            message_id=end.message_id if end else None,
            sent_at=end.at if end and end.message_id else None,
            chained_in=day.chained_in,
        )


def _custody_body(locker: Locker, one: ObjectVersion) -> bytes:
    if one.size > custody.LARGEST:
        raise EvidenceError(f"{one.key} has {one.size:,} bytes, and no custody record is so large.")
    return locker.get(one.key, version_id=one.version_id)


def _word_file(locker: Locker, one: ObjectVersion) -> witnessed.File:
    body = None
    if not one.delete_marker and one.size <= witness.LARGEST:
        try:
            body = locker.get(one.key, version_id=one.version_id)
        except EvidenceError:
            body = None
    return witnessed.File(key=one.key, stored_at=one.stored_at, body=body, delete_marker=one.delete_marker)


def _key(pem: str | None) -> witnessed.Key:
    try:
        return witnessed.Key(
            pem=pem.encode() if pem else None,
            fingerprint=envelope.fingerprint(pem.encode()) if pem else None,
            told=False,
        )
    except ValueError:
        return witnessed.Key(pem=None, fingerprint=None, told=False)


def _slots(locker: Locker) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for one in locker.versions("chain/"):
        seq = layout.Place(one.key).seq
        if seq is not None and not one.delete_marker:
            found.setdefault(seq, one.stored_at)
    return found


def _is(one: ObjectVersion, kind: EvidenceKind) -> bool:
    return layout.Place(one.key).kind is kind


def _first(locker: Locker, prefix: str, kind: EvidenceKind) -> Iterator[ObjectVersion]:
    """The version written first of each key."""
    before = ""
    for one in locker.versions(prefix):
        if not one.delete_marker and one.key != before and _is(one, kind):
            before = one.key
            yield one
