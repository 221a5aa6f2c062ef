"""Whether an owner of a sealed policy, who is a pseudonym there, is the one a person names."""

from collections.abc import Iterable

from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance, Owner
from prooftrail.governance.people import spellings_of
from prooftrail.governance.policy import folded

from .locker_history import AsOf


class Asked:
    """What a person calls an owner: an id, name or address, or a pseudonym; `secret` keys the locker's pseudonyms."""

    def __init__(self, text: str, view: AsOf, *, secret: bytes | None) -> None:
        self._view = view
        self._forms = set(spellings_of(text)) | set(folded((text,)))
        self._tokens = {text.strip()}
        if secret is not None:
            self._tokens.add(Redactor(secret).pseudonym(text))

    def is_one_of(self, spellings: Iterable[str]) -> bool:
        """True if one of these sealed spellings is meant."""
        texts = tuple(spellings)
        return bool(self._tokens & set(texts) or self._forms & _forms(texts, self._view))

    def among(self, policy: Governance) -> Owner | None:
        """The owner who is meant; who is named by the pseudonym itself comes first."""
        owners = policy.owners.owner
        exact = next((one for one in owners if self._tokens & set(one.spellings())), None)
        return exact or next((one for one in owners if self._forms & _forms(one.spellings(), self._view)), None)


def _forms(texts: Iterable[str], view: AsOf) -> set[str]:
    return {form for one in map(view.reveal, texts) for form in (*spellings_of(one), *folded((one,)))}
