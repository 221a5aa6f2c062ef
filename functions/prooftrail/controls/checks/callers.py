"""Whether those whom a role lets in are people or software, as far as the role's own account can tell (IDC-14)."""

from collections.abc import Iterator

from prooftrail.controls.case import Case
from prooftrail.inventory.limits import account_of
from prooftrail.inventory.wording import listed, plain
from prooftrail.model.iam import Role, User
from prooftrail.model.identity import Identity, IdentityClass
from prooftrail.model.reading import Collector
from prooftrail.risk.entry import Comer, Way
from prooftrail.risk.patterns import covers, wild

from .unlisted import listing_gap

HUMAN, NON_HUMAN = IdentityClass.HUMAN, IdentityClass.NON_HUMAN
SOFTWARE = frozenset({Comer.SERVICE, Comer.OIDC, Comer.EKS_IRSA, Comer.EKS_POD_IDENTITY})
"""Ways only software takes."""

_IDENTITY_CENTER = ":role/aws-reserved/"
_ITS_SESSIONS = ":assumed-role/AWSReservedSSO_"
_SESSIONS = ":assumed-role/"


class Callers:
    """The users and roles of one account, as the trusts of its roles name them."""

    def __init__(self, case: Case) -> None:
        self._case = case
        principals = [one for one in case.snapshot.identities if isinstance(one.facts, User | Role)]
        self._by_arn = {one.arn: one for one in principals}
        self._roles = {one.name: one for one in principals if isinstance(one.facts, Role)}

    def are_people(self, way: Way) -> tuple[bool | None, str]:
        """Whether people come in this way, None where that is not known; and who that is, or why not, in words.

        People are whoever a SAML provider or Identity Center lets in, users that are persons, and anyone of an account
        or an organization of which nobody is named: people can be among them.
        """
        if way.comer is Comer.SAML:
            return True, way.who
        if way.whole_account or (way.comer is Comer.ANYONE and not way.principals):
            return True, way.who
        found = [(self._is_person(one), one) for one in way.principals]
        people = [one for (person, _), one in found if person]
        if people:
            return True, _told(way, people)
        doubts = [why for (person, why), _ in found if person is None]
        if doubts or not found:
            return None, f"{_told(way, way.principals)}: {'; '.join(doubts) or 'who that may be is not told'}"
        return False, _told(way, way.principals)

    def _is_person(self, arn: str) -> tuple[bool | None, str]:
        if _IDENTITY_CENTER in arn or _ITS_SESSIONS in arn:
            return True, ""
        if account_of(arn) != self._case.account.id:
            return None, "who acts through a principal of another account is not seen from here"
        named = list(self._named(arn))
        answers = {self._of(one) for one in named}
        if True in answers:
            return True, ""
        gap = listing_gap(self._case, Collector.PRINCIPALS)
        if not named or (gap and wild(arn)):
            return None, gap or f"no user or role of the account is {plain(arn)}"
        doubtful = [one.name for one in named if self._of(one) is None]
        if doubtful:
            return None, f"nothing tells whether {listed(doubtful)} stands for a person or for software"
        return False, ""

    def _named(self, arn: str) -> Iterator[Identity]:
        """The users and roles an ARN or a pattern names; a session of a role stands for the role."""
        session = arn.partition(_SESSIONS)[2]
        if session:
            names = session.partition("/")[0]
            yield from (one for name, one in self._roles.items() if covers(names, name))
        elif wild(arn):
            yield from (one for name, one in self._by_arn.items() if covers(arn, name))
        elif arn in self._by_arn:
            yield self._by_arn[arn]

    def _of(self, one: Identity) -> bool | None:
        """Whether a user or role is a person's; None where that is undetermined, or what may declare it was not read."""
        if self._case.doubt(one, "class", "tags"):
            return None
        return {HUMAN: True, NON_HUMAN: False}.get(one.classification.cls)


def _told(way: Way, principals: tuple[str, ...] | list[str]) -> str:
    """Who comes in, with the principals a condition names where the way alone would not say."""
    names = [plain(one.rpartition(":")[2]) for one in principals]
    return way.who if all(one in way.who for one in names) else f"{way.who} as {listed(names)}"
