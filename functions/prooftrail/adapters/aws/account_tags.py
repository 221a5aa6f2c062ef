"""The tags of an organization's accounts: the one thing that takes a call for each of them, some ten a second."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from prooftrail.model.organization import Account, Tag
from prooftrail.model.reading import Gap, GapReason

from .observer import Api, Collecting

LIST_TAGS = Api("organizations", "list_tags_for_resource")

_THREADS = 8
_LEFT = frozenset({"TargetNotFoundException"})

type Tags = tuple[Tag, ...] | None


def read_tags(accounts: Collecting[Account], ids: list[str], within: timedelta | None) -> dict[str, Tags]:
    """The tags of each account, None where they were not read: AWS refused, or `within` was over.

    Whoever may not read the first account's tags may read nobody's: the rest is not asked, and one gap says so.
    """
    clock = accounts.observer.clock
    until = clock.now() + within if within is not None else None
    first = _tags_of(accounts, ids[0])
    if first is None:
        return {}

    def asked(one: str) -> tuple[Tags, bool]:
        late = until is not None and clock.now() >= until
        return None if late else _tags_of(accounts, one), late

    with ThreadPoolExecutor(max_workers=_THREADS) as threads:
        rest = list(threads.map(asked, ids[1:]))
    if unasked := sum(late for _, late in rest):
        accounts.gap(_late(unasked, within))
    return {ids[0]: first, **{one: tags for one, (tags, _) in zip(ids[1:], rest, strict=True)}}


def _tags_of(accounts: Collecting[Account], account: str) -> Tags:
    pages = list(accounts.pages(LIST_TAGS, token=("NextToken", "NextToken"), absent=_LEFT, ResourceId=account))
    if not pages or pages[-1].get("NextToken") or "Tags" not in pages[0]:
        return None
    return tuple(sorted(Tag(key=tag["Key"], value=tag["Value"]) for page in pages for tag in page.get("Tags", [])))


def _late(accounts: int, within: timedelta | None) -> Gap:
    detail = f"the tags of {accounts:,} accounts were not asked for: the time for it ({within} h) was over"
    return Gap(api=LIST_TAGS.name, reason=GapReason.TRUNCATED, detail=detail)
