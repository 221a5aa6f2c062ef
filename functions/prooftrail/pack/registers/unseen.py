"""In which runs of a period a subject had no result, because its account or the source that lists it was not read then.

Told by the subject's own source where that is known: a role is listed by `principals`, a secret by `secrets` of its
region. Of a subject whose source nobody knows any more it is told per account, and said so.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from prooftrail.inventory.wording import counted
from prooftrail.model.identity import HOME, Kind
from prooftrail.model.reading import Collector
from prooftrail.pack.view import READ, AccountView, PackRun, PeriodView, Refused, Shortfall

type Home = tuple[Collector, str | None]
"""The source that lists an identity, and its region where that source is read region by region."""

_NAMED = 5  # days named in one sentence
_LISTING = frozenset(HOME.values())
_REGIONAL = frozenset({Collector.SECRETS})
_OF_KIND = {
    Kind.ROOT: Collector.CREDENTIAL_REPORT,
    Kind.ACCESS_KEY: Collector.ACCESS_KEYS,
    Kind.SERVICE_SPECIFIC_CRED: Collector.SERVICE_SPECIFIC_CREDENTIALS,
    Kind.PERMISSION_SET: Collector.PERMISSION_SETS,
    Kind.CERTIFICATE: Collector.SERVER_CERTIFICATES,
    Kind.OIDC_PROVIDER: Collector.OIDC_PROVIDERS,
    Kind.SAML_PROVIDER: Collector.SAML_PROVIDERS,
    Kind.SECRET: Collector.SECRETS,
}
_ARN_REGION = 3  # the part of an ARN that names the region


class Missing(NamedTuple):
    """How many runs gave no result, and a sentence on them and on those that may have given none; None where all gave one."""

    runs: int = 0
    why: str | None = None


class _Blind(NamedTuple):
    """One run that did not see something: `sure` where nothing of it was seen, `home` None for the whole account."""

    at: datetime
    sure: bool
    why: str
    home: Home | None = None


_NOTHING = Missing()


class Unseen:
    """What the runs of the period did not see of one account."""

    def __init__(self, one: AccountView, period: PeriodView) -> None:
        self._one = one
        self._blind = sorted(_blind(one, period), key=lambda each: each.at)
        self._homes: dict[str, Home] | None = None
        self._told: dict[tuple[Home | None, bool, datetime | None, datetime | None], Missing] = {}

    def between(self, identity: str | None, start: datetime | None, end: datetime | None) -> Missing:
        """Of a subject of this identity (None for the account itself), after the run of `start` and before that of `end`."""
        if not self._blind:
            return _NOTHING
        home = self._home(identity) if identity else None
        lost = identity is not None and home is None
        key = home, lost, start, end
        if key not in self._told:
            within = [each for each in self._blind if (not start or each.at > start) and (not end or each.at < end)]
            mine = [each for each in within if lost or each.home is None or (home and _same(each.home, home))]
            self._told[key] = _missing(mine, lost=lost)
        return self._told[key]

    def _home(self, identity: str) -> Home | None:
        if self._homes is None:
            self._homes = dict(_homes(self._one))
        return self._homes.get(identity)


def _blind(one: AccountView, period: PeriodView) -> Iterator[_Blind]:
    short = {each.run_id: each for each in one.shortfalls}
    for run in period.runs:
        found = short.get(run.run_id)
        if found is not None:
            yield from _of_shortfall(found)
        elif not was_read(one, run):
            yield _Blind(run.taken_at, True, "the account was not read")


def _of_shortfall(one: Shortfall) -> Iterator[_Blind]:
    if not one.read or not one.judged:
        said = "the account was read and not judged" if one.read else f"the account was not read ({one.status})"
        yield _Blind(one.at, True, said)
        return
    if one.refused is None:
        yield _Blind(one.at, False, "what was not read of the account then cannot be told")
    for each in one.refused or ():
        if each.collector in _LISTING:
            yield _Blind(one.at, not each.items, _words(each), (each.collector, each.region))


def _words(one: Refused) -> str:
    name = one.collector.value.replace("_", " ")
    return f"{name} {'was' if not one.items else 'was in part'} {one.status.value}"


def was_read(one: AccountView, run: PackRun) -> bool:
    """True if the run read something of the account, as its manifest states; the organization is read by every run."""
    if one.of_organization:
        return True
    at = bisect_left(run.coverage, one.account, key=lambda each: each.account)  # manifests list accounts in order
    found = run.coverage[at] if at < len(run.coverage) else None
    return found is not None and found.account == one.account and found.status in READ


def _homes(one: AccountView) -> Iterator[tuple[str, Home]]:
    for each in one.presences:
        if each.kind is not None:
            collector = _OF_KIND.get(Kind(each.kind), Collector.PRINCIPALS)
            parts = (each.arn or "").split(":")
            region = parts[_ARN_REGION] if collector in _REGIONAL and len(parts) > _ARN_REGION else None
            yield each.id, (collector, region)
    for listed in one.listed:
        identity = listed.identity
        collector = HOME[type(identity.facts)]
        yield identity.id, (collector, identity.region if collector in _REGIONAL else None)


def _same(blind: Home, home: Home) -> bool:
    return blind[0] is home[0] and (home[1] is None or blind[1] == home[1])


def _missing(found: list[_Blind], *, lost: bool) -> Missing:
    """What these come to; of a run that is named twice the surer word counts."""
    sure: dict[datetime, str] = {}
    perhaps: dict[datetime, str] = {}
    for each in found:
        (sure if each.sure and (each.home is None or not lost) else perhaps).setdefault(each.at, each.why)
    perhaps = {at: why for at, why in perhaps.items() if at not in sure}
    said = []
    if sure:
        said.append(f"no result for it in {counted(len(sure), 'run')} ({_days(sure)})")
    if perhaps:
        said.append(f"perhaps no result for it in {counted(len(perhaps), 'run')} ({_days(perhaps)})")
    if said and lost:
        said.append("told per account, for the source that listed it is not known any more")
    return Missing(len(sure), "; ".join(said) or None)


def _days(found: dict[datetime, str]) -> str:
    named = [f"{at:%Y-%m-%d}: {why}" for at, why in sorted(found.items())[:_NAMED]]
    more = len(found) - _NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
