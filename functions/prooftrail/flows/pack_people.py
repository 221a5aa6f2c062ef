"""Who pseudonyms stand for, as far as `people/` objects of the runs a pack shows are kept and are what was sealed."""

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.view import Listed

from . import sealing
from .locker_history import Opened
from .pack_objects import PackObjects
from .pack_period import Bounds


class PackPeople:
    """Grows as accounts are opened, and of two spellings keeps the first; knows nobody where the pack is pseudonymised."""

    def __init__(self, objects: PackObjects, *, named: bool) -> None:
        self._objects, self._named = objects, named
        self._known: dict[str, str] = {}
        self._read: set[tuple[str, str]] = set()

    def of_period(self, found: Bounds, accounts: tuple[str, ...]) -> None:
        """Those of the run shown and of the organization in the whole period, then each account's newest."""
        self.add(layout.ORGANIZATION, found.as_of.run_id)
        for account in accounts:
            newest = self._objects.of(EvidenceKind.SNAPSHOT, account)[-1:]
            for run, _ in newest:
                self.add(account, run.run_id)
        for run in reversed(found.runs):
            self.add(layout.ORGANIZATION, run.run_id)

    def of_account(self, account: str, newest: Opened, listed: tuple[Listed, ...]) -> None:
        """Those of every run something of the account is shown from."""
        runs = {one.seen_in for one in listed} | {one.identity.carried_from or one.seen_in for one in listed}
        contacts = newest.snapshot.account.contacts if newest.snapshot else None
        for run_id in (newest.run.run_id, *sorted(runs, reverse=True)):
            self.add(account, run_id)
            self.add(layout.ORGANIZATION, run_id)
        for one in contacts or ():
            self.add(account, one.read_in)

    def add(self, account: str, run_id: str) -> None:
        """What the run's `people/` objects tell; nothing where they are gone or not what was sealed."""
        if not self._named or (account, run_id) in self._read:
            return
        self._read.add((account, run_id))
        for one in self._objects.of_run(EvidenceKind.PEOPLE, account, run_id):
            try:
                found = sealing.read_people(one[1].key, self._objects.read(one))
            except (EvidenceMissing, EvidenceUnreadable):
                continue
            for pseudonym, text in found.items():
                self._known.setdefault(pseudonym, text)

    def reveal(self, text: str) -> str:
        """The text with people named; a pseudonym nobody can resolve stays."""
        return PSEUDONYM.sub(lambda match: self._known.get(match[0], match[0]), text)
