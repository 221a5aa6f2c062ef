"""What can go wrong, as a tree; every message says what, which, and what to do, and never a secret.

ProoftrailError
├── ConfigError            a setting, option or governance file is wrong
├── AccessError            AWS, or the operating system, refused what the command cannot do without
│   └── AccountUnreachable not one call can be made in an account
├── EvidenceError          a locker cannot be used as it is
│   ├── AlreadySealed      the name is taken; the first writer won
│   ├── EvidenceMissing    the object is not there
│   │   └── NotInThisCopy  a pull left it out
│   ├── EvidenceUnreadable the bytes are there and make no sense
│   └── ChainBroken        the signed chain does not hold
├── LedgerError            the ledger refused or disagrees
└── NoticeError            a notice could not be sent, or an address not be asked
    ├── ClaimsOpen         nobody knows yet whether some notices were sent
    └── SendingElsewhere   somebody else is sending
"""


class ProoftrailError(Exception):
    """Base of every error a person may be shown; `str()` of it is one sentence for that person."""


class ConfigError(ProoftrailError):
    """A setting, option or governance file is wrong; the message names the key and the fix."""


class AccessError(ProoftrailError):
    """Something the command cannot do without was refused; the message names it and what to grant."""


class AccountUnreachable(AccessError):
    """Not one call can be made in an account: no role, no trust, no answer. `code` is AWS's own, where it gave one."""

    def __init__(self, account: str, detail: str, code: str | None = None) -> None:
        super().__init__(f"account {account} cannot be read: {detail}")
        self.account = account
        self.detail = detail
        self.code = code


class EvidenceError(ProoftrailError):
    """A locker cannot be used as it is."""


class AlreadySealed(EvidenceError):
    """An object of that name exists already; the first writer won and nothing was written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is already sealed: the first writer won, and nothing was written.")
        self.key = key


class EvidenceMissing(EvidenceError):
    """The object is not in the locker."""

    def __init__(self, key: str, where: str) -> None:
        super().__init__(
            f"{key} is not in {where}: check the locker's address, or verify the locker to see what is gone."
        )
        self.key = key


class NotInThisCopy(EvidenceMissing):
    """The object is not in this copy, because the pull that made it did not want it."""

    def __init__(self, key: str, where: str, scope: str, source: str) -> None:
        super().__init__(key, where)
        self.args = (f"{key} is not in this copy of {source}, which was pulled for {scope}.",)


class EvidenceUnreadable(EvidenceError):
    """The object is there, and its bytes are not what its kind promises."""


class ChainBroken(EvidenceError):
    """The signed chain does not hold; nothing may be appended to it."""


class LedgerError(ProoftrailError):
    """The ledger refused a write or does not agree with the locker."""


class NoticeError(ProoftrailError):
    """A notice could not be sent or an address not be asked; nothing was sent, and the message says why."""


class ClaimsOpen(NoticeError):
    """Whether some notices were sent is not known yet: everything else is done, and the same step again ends it later."""


class SendingElsewhere(NoticeError):
    """Another execution of this deployment sends: nothing was sent here, and the same step again does it later."""
