"""Climbs the ladder that names an owner and a purpose, and says on which rung and where exactly it found each.

The rungs: a tag on the identity, a tag on the user or role it belongs to, the registry (`owners.toml`), the account's
tag or its owner in the registry. Nothing is guessed, and a placeholder names nobody. Source: ruling 10.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from prooftrail.governance import Assignment, Governance
from prooftrail.governance.policy import folded, pattern
from prooftrail.model.identity import Known, Observed, Rung
from prooftrail.model.organization import Account, Tag

from .wording import plain

type Question = Literal["owner", "purpose"]


class Registry:
    """The assignments of `owners.toml`, ready to be asked about the identities of one account."""

    def __init__(self, governance: Governance, account: str) -> None:
        entries = governance.owners.assign
        self._ids = {one.id: one for one in entries if one.id}
        self._families = {one.family: one for one in entries if one.family}
        self._arns = [(pattern(one.arn), one) for one in entries if one.arn]
        self._names = [(pattern(one.name), one) for one in entries if one.name and one.account == account]
        self._spellings = {text: one.id for one in governance.owners.owner for text in folded(one.spellings())}

    def assignments(self, one: Observed, family: str | None) -> Iterator[Assignment]:
        """Every assignment that matches: by id, by ARN, by family, by name; of one sort as the file lists them."""
        if one.id in self._ids:
            yield self._ids[one.id]
        yield from (entry for arns, entry in self._arns if arns.fullmatch(one.arn))
        if family in self._families:
            yield self._families[family]
        yield from (entry for names, entry in self._names if names.fullmatch(one.name))

    def owner(self, spelling: str) -> str:
        """The id of the owner that goes by `spelling`; the spelling itself where the registry does not know it."""
        return self._spellings.get(spelling.strip().casefold(), spelling.strip())


class Ladder:
    """Owners and purposes of the identities of one account."""

    def __init__(self, governance: Governance, registry: Registry, account: Account) -> None:
        self._registry = registry
        self._account = account
        self._none = governance.placeholders
        self._keys = {"owner": folded(governance.scope.tags.owner), "purpose": folded(governance.scope.tags.purpose)}
        owners, entries = governance.owners.owner, governance.owners.account
        self._account_owner = next(
            (one.id for one in owners if account.id in one.accounts),
            next((one.owner for one in entries if one.id == account.id and one.owner), None),
        )
        self._account_purpose = next((one.purpose for one in entries if one.id == account.id), None)

    def known(
        self, question: Question, one: Observed, *, parent: Observed | None, assignments: Iterable[Assignment]
    ) -> Known:
        """The owner or purpose of `one`; `assignments` are those of the identity and of its parent, strongest first."""
        return (
            self._tagged(question, one.tags, Rung.IDENTITY_TAG, one.arn)
            or (self._tagged(question, parent.tags, Rung.PRINCIPAL_TAG, parent.arn) if parent else None)
            or self._registered(question, assignments)
            or self._of_account(question)
            or Known()
        )

    def _tagged(self, question: Question, tags: tuple[Tag, ...] | None, rung: Rung, where: str) -> Known | None:
        if not tags:
            return None
        spelt = [(tag.key.strip().casefold(), tag) for tag in tags]
        for key in self._keys[question]:
            for name, tag in spelt:
                if name == key and tag.value.strip().casefold() not in self._none:
                    value = self._registry.owner(tag.value) if question == "owner" else tag.value.strip()
                    return Known(value=value, rung=rung, where=f"tag {plain(tag.key)} on {plain(where, longest=300)}")
        return None

    def _registered(self, question: Question, assignments: Iterable[Assignment]) -> Known | None:
        for one in assignments:
            value = one.owner if question == "owner" else one.purpose
            if value is not None:
                value = self._registry.owner(value) if question == "owner" else value
                return Known(value=value, rung=Rung.REGISTRY, where=f"owners.toml, assign: {one.matches}")
        return None

    def _of_account(self, question: Question) -> Known | None:
        account = self._account.id
        if tagged := self._tagged(question, self._account.tags, Rung.ACCOUNT, f"account {account}"):
            return tagged
        value = self._account_owner if question == "owner" else self._account_purpose
        if value is None:
            return None
        value = self._registry.owner(value) if question == "owner" else value
        return Known(value=value, rung=Rung.ACCOUNT, where=f"owners.toml: account {account}")
