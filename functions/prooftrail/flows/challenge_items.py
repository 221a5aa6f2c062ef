"""What became of one identity between its sealed reading and a live one, and what AWS lists that no evidence has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self

import msgspec

from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.inventory.changes import disabled, read_whole
from prooftrail.inventory.replicas import folded_arns
from prooftrail.model import canonical
from prooftrail.model.canonical import timestamp
from prooftrail.model.iam import Root, User
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.reading import Cell
from prooftrail.model.snapshot import PersonRecord, Snapshot

from . import challenge_events, challenge_fields
from .challenge_fields import Difference, Verdict


class Outcome(StrEnum):
    """What a challenge of one item came to."""

    AGREES = "agrees"
    LATER = "later change"
    GONE = "gone since"
    NEW = "new since"
    MISMATCH = "MISMATCH"
    NOT_REREAD = "NOT RE-READ"


class Challenged(msgspec.Struct, frozen=True, kw_only=True):
    """One item. `read_at` is the earliest instant of its sealed reading, in run `seen_in`; None of what no run shows.

    `fields_same` counts the fields that are the same. `withheld`, `unknown_then` and `fields_not_reread` name those that
    were not compared: people nobody can name, what the scan could not tell, and what these credentials may not read.
    `events` are those of CloudTrail to look for between `read_at` and now.
    """

    id: str
    name: str
    kind: str
    account: str
    region: str
    seen_in: str | None
    read_at: datetime | None
    outcome: Outcome
    told: str
    events: tuple[str, ...] = ()
    fields_same: int = 0
    differences: tuple[Difference, ...] = ()
    withheld: tuple[str, ...] = ()
    unknown_then: tuple[str, ...] = ()
    fields_not_reread: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """An identity as it was sealed, with the snapshot it lies in and the people its pseudonyms are, as far as that is kept."""

    identity: Identity
    snapshot: Snapshot
    people: Mapping[str, str]
    run_id: str

    @classmethod
    def of(cls, identity: Identity, snapshot: Snapshot, people: Mapping[str, str], *, run_id: str) -> Self:
        """One identity of a snapshot."""
        return cls(identity=identity, snapshot=snapshot, people=people, run_id=run_id)

    @staticmethod
    def named(text: str, people: Mapping[str, str]) -> str:
        """The text with its people named."""
        return PSEUDONYM.sub(lambda found: people.get(found[0], found[0]), text)

    def reveal(self, text: str) -> str:
        """The text with its people named, where they are known."""
        return self.named(text, self.people)

    def since(self) -> datetime:
        """The earliest instant anything of it was read: what AWS dates after that came later."""
        dates = [_first_look(self.snapshot, self.identity)]
        generated = self.snapshot.account.report_generated_at
        if generated and isinstance(self.identity.facts, User | Root):
            dates.append(generated)
        if self.identity.carried_from:
            dates.append(canonical.tick_of(self.identity.carried_from))
        return min(dates)


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it was read now; `by_id` is by the ids people know."""

    snapshot: Snapshot
    people: Mapping[str, str]
    by_id: Mapping[str, Identity]

    @classmethod
    def of(cls, snapshot: Snapshot, people: Iterable[PersonRecord]) -> Self:
        """The account as `snapshot` has it, with what the pseudonyms of this reading stand for."""
        names = {one.pseudonym: one.text for one in people}
        by_id = {Sealed.named(one.id, names): one for one in snapshot.identities}
        by_id = {name.casefold(): one for name, one in by_id.items()} | by_id  # people write their names in any case
        return cls(snapshot=snapshot, people=names, by_id=by_id)

    def reveal(self, text: str) -> str:
        """The text with its people named."""
        return Sealed.named(text, self.people)


def challenged(sealed: Sealed, live: Live, *, now: datetime) -> Challenged:
    """One item of the sample against the account as it is now."""
    one = sealed.identity
    name = sealed.reveal(one.id)
    found = live.by_id.get(name) or live.by_id.get(name.casefold())
    if found is None:
        return _not_there(sealed, live)
    since = sealed.since()
    compared = challenge_fields.compare(
        challenge_fields.side(one, sealed.snapshot, sealed.reveal),
        challenge_fields.side(found, live.snapshot, live.reveal),
        since=since,
        now=now,
    )
    wrong = [each for each in compared.differences if each.verdict is Verdict.MISMATCH]
    outcome = Outcome.MISMATCH if wrong else Outcome.LATER if compared.differences else Outcome.AGREES
    said = {
        Outcome.AGREES: f"{compared.same} fields are the same",
        Outcome.LATER: "; ".join(dict.fromkeys(each.why for each in compared.differences)),
        Outcome.MISMATCH: f"undated: {_paths(wrong)}",
    }
    gaps = _gaps(live.snapshot, one) if compared.not_reread else ()
    return msgspec.structs.replace(
        _about(sealed, outcome, said[outcome]),
        events=tuple(dict.fromkeys(name for each in wrong for name in each.events)),
        fields_same=compared.same,
        differences=compared.differences,
        withheld=compared.withheld,
        unknown_then=compared.unknown_then,
        fields_not_reread=compared.not_reread,
        allow=gaps,
    )


def not_reread(sealed: Sealed, why: str, allow: tuple[str, ...] = ()) -> Challenged:
    """An item nobody could read again: that is no agreement."""
    return msgspec.structs.replace(_about(sealed, Outcome.NOT_REREAD, why), allow=allow)


def unlisted(snapshot: Snapshot, known: Collection[str], live: Live, wanted: Collection[Kind]) -> Iterator[Challenged]:
    """What AWS lists of the wanted kinds and the evidence does not: made since, or missed by it.

    `known` are the ids the evidence lists, with people named where they are known. A place that was not read whole then
    says so in the evidence, and what lies in it is not held against it; nor is a person's, where some are nameless.
    """
    folded = folded_arns(snapshot.identities)
    nameless = any(PSEUDONYM.search(one) for one in known)
    for one in live.snapshot.identities:
        unlike = one.kind not in wanted or live.reveal(one.id) in known or one.arn in folded
        if unlike or (nameless and PSEUDONYM.search(one.id)) or not read_whole(snapshot, one.collector, one.region):
            continue
        since = _first_look(snapshot, one)
        if one.created_at is None:
            outcome, told = Outcome.NEW, "AWS lists it and does not date it: the event shows when it was made"
        elif one.created_at > since:
            outcome, told = Outcome.NEW, f"created {timestamp(one.created_at)}, after the reading"
        else:
            told = f"created {timestamp(one.created_at)}, before the reading, and the evidence does not list it"
            outcome = Outcome.MISMATCH
        yield Challenged(
            id=live.reveal(one.id),
            name=live.reveal(one.name),
            kind=one.kind.value,
            account=one.account,
            region=one.region,
            seen_in=None,
            read_at=since,
            outcome=outcome,
            told=told,
            events=challenge_events.made(one),
        )


def _paths(found: Iterable[Difference]) -> str:
    return ", ".join(one.path.removeprefix("facts.") for one in found)


def _not_there(sealed: Sealed, live: Live) -> Challenged:
    one = sealed.identity
    if PSEUDONYM.search(sealed.reveal(one.id)):
        return not_reread(sealed, "its id names a person whom nobody can name any more: it cannot be found again")
    if disabled(live.snapshot, one.region):
        return not_reread(sealed, f"region {one.region} is not enabled any more")
    if one.region not in {"global", *live.snapshot.account.regions_read}:
        return not_reread(sealed, f"region {one.region} was not read again: add it to --regions")
    if one.arn in folded_arns(live.snapshot.identities):
        return not_reread(sealed, "it is listed as a replica of another secret now")
    if not read_whole(live.snapshot, one.collector, one.region):
        allow = _gaps(live.snapshot, one)
        return not_reread(sealed, f"{one.collector} in {one.region} was not read whole", allow)
    told = "AWS does not list it any more, and dates no deletion: the event shows when and by whom"
    return msgspec.structs.replace(_about(sealed, Outcome.GONE, told), events=challenge_events.gone(one))


def _about(sealed: Sealed, outcome: Outcome, told: str) -> Challenged:
    one = sealed.identity
    return Challenged(
        id=sealed.reveal(one.id),
        name=sealed.reveal(one.name),
        kind=one.kind.value,
        account=one.account,
        region=one.region,
        seen_in=sealed.run_id,
        read_at=sealed.since(),
        outcome=outcome,
        told=told,
    )


def _cells(snapshot: Snapshot, one: Identity) -> Iterator[Cell]:
    for cell in snapshot.cells:
        if (cell.collector, cell.region) == (one.collector, one.region):
            yield cell


def _first_look(snapshot: Snapshot, one: Identity) -> datetime:
    """When the place it lives in was first looked at, by AWS's clock where it told; else the run's own instant."""
    sources = (source for cell in _cells(snapshot, one) for source in cell.sources)
    return min((each.aws_date_from or each.observed_from for each in sources), default=snapshot.header.taken_at)


def _gaps(snapshot: Snapshot, one: Identity) -> tuple[str, ...]:
    """The actions that were refused where the item is listed, or in a source beside it."""
    own = [gap.api for cell in _cells(snapshot, one) for gap in cell.gaps]
    beside = [gap.api for cell in snapshot.cells if cell.region == one.region for gap in cell.gaps if not own]
    return tuple(dict.fromkeys(own or beside))
