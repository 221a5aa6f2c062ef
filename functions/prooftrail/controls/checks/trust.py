"""Who can come in: third parties (IDC-26), pipelines (IDC-27), anyone (IDC-28), other environments (IDC-29), for how long (IDC-30)."""

from collections.abc import Iterator

from prooftrail.controls.case import Case, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.model.identity import Identity
from prooftrail.model.organization import Account
from prooftrail.risk.entry import Comer, Entry, Way
from prooftrail.risk.environment import Place, below_production, placed
from prooftrail.risk.external import OUTSIDERS
from prooftrail.risk.trust import organization_of

from .doors import by, important, listed, roles, subject_of, unread, untold
from .pipelines import idc_27
from .saying import Check, Said, fails, held, passes, untested
from .sessions import idc_30

_UNREGISTERED = (Comer.OUTSIDE_UNKNOWN, Comer.FORMER_MEMBER)


def idc_26(case: Case, control: Control) -> Iterator[Verdict]:
    """Everyone from outside is a supplier whose contract runs and, unless ours or AWS's own, brings an external id."""
    for identity, entry in roles(case, control, *OUTSIDERS, Comer.UNTOLD):
        subject = subject_of(case, control, identity)
        if entry.unread:
            yield subject.verdict(unread(entry))
            continue
        outside = [way for way in entry.ways if way.comer in OUTSIDERS]
        open_ways = [way for way in entry.ways if way.comer is Comer.UNTOLD]
        gone = [f"{by(way)} does not exist any more" for way in entry.ways if way.comer is Comer.DELETED_PRINCIPAL]
        public = [f"{by(way)} can come in, judged by IDC-28" for way in _unlimited(entry)]
        if not outside and not open_ways:
            nobody = ["no account outside the organization can come in"]
            yield subject.not_applicable("; ".join([*(public or nobody), *gone]))
            continue
        parts = [*_registered(case, identity, outside), *_with_external_id(case, identity, outside)]
        parts += [untested(f"{by(way)} may stand outside: {untold(case)}") for way in open_ways]
        yield subject.verdict(*parts, remarks=[*public, *gone])


def _unlimited(entry: Entry) -> list[Way]:
    """The ways by which anyone comes in: an external id, as any condition that names nobody, limits nothing."""
    return [way for way in entry.ways if way.comer is Comer.ANYONE and not way.limited]


def _registered(case: Case, identity: Identity, outside: list[Way]) -> Iterator[Said]:
    unknown = [way for way in outside if way.comer in _UNREGISTERED or not way.supplier_active]
    if unknown:
        number = len({way.account or way.who for way in unknown})
        compared = case.compare("IDC-26", "unregistered_external_accounts_allowed", identity.id, over=Over(number))
        words = "; ".join(_why_unregistered(case, way) for way in unknown)
        yield held(compared, words, value=f"{number} not registered")
    elif outside:
        yield passes(f"{listed(outside)} may come in and is registered in suppliers.toml")


def _why_unregistered(case: Case, way: Way) -> str:
    if way.supplier is None:
        return f"{by(way)} may come in and is in no entry of suppliers.toml"
    entries = [one for one in case.governance.suppliers.supplier if one.name == way.supplier]
    ended = next((one.active_until for one in entries if one.active_until), None)
    if ended is not None and ended < case.taken_at.date():
        return f"{by(way)} may come in although its contract ended on {ended}"
    return f"{by(way)} may come in although its entry in suppliers.toml is not in effect"


def _with_external_id(case: Case, identity: Identity, outside: list[Way]) -> Iterator[Said]:
    bare = [way for way in outside if way.comer is Comer.SUPPLIER and not way.external_id]
    if bare:
        compared = case.compare("IDC-26", "missing_external_id_allowed", identity.id, over=Over(len(bare)))
        yield held(compared, f"{listed(bare)} may come in without an external id", value=f"{len(bare)} without")


def idc_28(case: Case, control: Control) -> Iterator[Verdict]:
    """Nobody comes in merely by being somebody; into a critical or high role no whole account of the organization does, and not all of them."""
    for identity, entry in roles(case, control, Comer.ANYONE):
        subject = subject_of(case, control, identity)
        if entry.unread:
            yield subject.verdict(unread(entry))
            continue
        limited = [way for way in entry.ways if way.comer is Comer.ANYONE and way.limited]
        remarks = [f"{by(way)}: {', '.join(way.limited_by)}" for way in limited]
        parts = [_public(case, identity, entry), *_whole_accounts(case, identity, entry)]
        yield subject.verdict(*parts, remarks=remarks)


def _public(case: Case, identity: Identity, entry: Entry) -> Said:
    public = _unlimited(entry)
    if not public:
        return passes("no statement lets anyone in without a condition that limits them")
    compared = case.compare("IDC-28", "public_trust_allowed", identity.id, over=Over(len(public)))
    words = f"{listed(public)} may come in, and no condition limits who that is"
    return held(compared, words, value=f"{len(public)} without limit")


def _whole_accounts(case: Case, identity: Identity, entry: Entry) -> Iterator[Said]:
    doors = [way for way in entry.ways if way.whole_organization is not False]
    everyone = [way for way in doors if way.comer is Comer.ANYONE]
    accounts = [way for way in entry.ways if way.whole_account and way.comer in (Comer.INSIDE, Comer.UNTOLD)]
    accounts += [way for way in doors if way.comer is Comer.INSIDE]
    matters = important(case, identity)
    if not (accounts or everyone) or matters is False:
        return
    said = [f"all of {listed(accounts)} may come in, whomever that account allows"] if accounts else []
    if everyone:
        where = "from any account of the organization, or of a unit of it"
        said.append(f"{listed(everyone)} may come in {where}, whomever that account allows")
    words = "; ".join(said)
    if matters is None:
        yield untested(f"{words}, which a critical or high role must not allow, and its tier is not certain")
    elif not any(map(_surely_inside, [*accounts, *everyone])):
        yield untested(f"{words}, which a critical or high role must not allow anyone inside: {untold(case)}")
    else:
        tier = case.tier(identity.id)
        yield fails(f"{words}, and the role is {tier}: its trust must name the principals (control map, IDC-28)")


def _surely_inside(way: Way) -> bool:
    """True unless it may turn out that nobody of our organization comes in by it."""
    return way.whole_organization is True or (way.comer is Comer.INSIDE and way.whole_account)


def idc_29(case: Case, control: Control) -> Iterator[Verdict]:
    """No sandbox or non-production account may assume a role in production, or in the accounts that guard it."""
    here, edges = placed(case.account, case.context), _Edges(case)
    for identity, entry in roles(case, control, Comer.INSIDE, Comer.UNTOLD):
        subject = subject_of(case, control, identity)
        if below_production(here.environment):
            yield subject.not_applicable(f"this account is {here.environment}: {here.why}")
        elif entry.unread:
            yield subject.verdict(unread(entry))
        else:
            yield subject.verdict(*_isolated(case, identity, here, edges.into(entry, here)))


def _isolated(case: Case, identity: Identity, here: Place, found: "_Found") -> Iterator[Said]:
    sure, unsure = found
    if sure:
        compared = case.compare("IDC-29", "cross_env_edges_allowed", identity.id, over=Over(len(sure)))
        words = f"{'; '.join(sure[one] for one in sorted(sure))}, and this account is {here.environment}: {here.why}"
        yield held(compared, words, value=f"{len(sure)} from below production")
    yield from (untested(unsure[one]) for one in sorted(unsure))
    if not sure and not unsure:
        yield passes("no account outside production may come in")


type _Found = tuple[dict[str, str], dict[str, str]]


class _Edges:
    """The accounts below production that may come in: for certain, and perhaps; each by its id, in words."""

    def __init__(self, case: Case) -> None:
        self._case, self._home = case, case.account.id
        self._accounts = {one.id: one for one in case.context.accounts}
        self._places: dict[str, Place] = {}

    def into(self, entry: Entry, here: Place) -> _Found:
        sure: dict[str, str] = {}
        unsure: dict[str, str] = {}
        for way in entry.ways:
            if way.comer is Comer.INSIDE and way.account:
                self._told(way.account, by(way), sure, unsure)
            elif way.comer is Comer.UNTOLD:
                unsure[way.account or way.who] = f"the environment of {by(way)} cannot be told: {untold(self._case)}"
            elif way.comer is Comer.ANYONE and self._organization_wide(way):
                self._everyone(way, sure, unsure)
        if below_production(here.lowest):  # perhaps this account is below production itself
            why = "; ".join(here.doubts)
            return {}, {
                **unsure,
                **{one: f"{words}, but this account's is not certain: {why}" for one, words in sure.items()},
            }
        return sure, unsure

    def _told(self, account: str, who: str, sure: dict[str, str], unsure: dict[str, str]) -> None:
        there = self._place(account)
        if below_production(there.environment):
            sure[account] = f"{who} may come in and is {there.environment}: {there.why}"
        elif below_production(there.lowest):
            unsure[account] = f"whether {who} is production is not certain: {'; '.join(there.doubts)}"

    def _everyone(self, way: Way, sure: dict[str, str], unsure: dict[str, str]) -> None:
        if any(one.startswith("aws:principalorgpaths") for one in way.limited_by):
            unsure[way.who] = f"{by(way)} is limited to some units, and which environments they hold was not worked out"
            return
        organization = organization_of(self._case.context)
        if organization.organization is not None and not organization.complete:
            unsure[way.who] = f"which accounts {by(way)} lets in cannot be told: {untold(self._case)}"
        for account in sorted(self._accounts):
            if account != self._home:
                self._told(account, f"{by(way)}: account {account} of the organization", sure, unsure)

    def _organization_wide(self, way: Way) -> bool:
        """True if any account of the organization comes in; those a condition names are ways of their own."""
        return not way.limited or way.whole_organization is True

    def _place(self, account: str) -> Place:
        if account not in self._places:
            known = self._accounts.get(account) or Account(id=account)
            self._places[account] = placed(known, self._case.context)
        return self._places[account]


CHECKS: dict[str, Check] = {
    "IDC-26": idc_26,
    "IDC-27": idc_27,
    "IDC-28": idc_28,
    "IDC-29": idc_29,
    "IDC-30": idc_30,
}
