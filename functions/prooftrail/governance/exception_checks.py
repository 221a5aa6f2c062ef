"""What types cannot tell of `exceptions.toml`: references, compensating controls, and whether signatures hold."""

from collections.abc import Iterator

import msgspec

from . import signature
from .entry_checks import unknown_control
from .exceptions import AcceptedException, AllowedSigner, Compensator, Exceptions
from .known import KnownControls
from .naming import misnamed
from .policy import EXCEPTIONS, Governance, folded
from .scope_checks import unknown_owner
from .signature import BadSignature
from .toml_lines import Path
from .wrong import Wrong, twice, unmatchable


def check_exceptions(policy: Governance, known: KnownControls | None) -> Iterator[Wrong]:
    """What is wrong among the exceptions and the keys that may sign them."""
    held = policy.exceptions
    for at, one in enumerate(held.exception):
        path: Path = ("exception", at)
        yield from unknown_control(EXCEPTIONS, (*path, "control"), one.control, known)
        if known and one.control in known.controls - known.exceptable:
            said = f"{one.control} cannot be excepted: it guards the others; mend what fails instead."
            yield Wrong(file=EXCEPTIONS, path=(*path, "control"), says=said)
        if bad_name := misnamed(one.identity, accounts=True):
            yield Wrong(file=EXCEPTIONS, path=(*path, "identity"), says=bad_name)
        yield from _form(path, one, policy)
        for place, each in enumerate(one.compensating):
            yield from _compensator((*path, "compensating", place), each, one, known)
    yield from twice(EXCEPTIONS, [(("exception", at), one.id) for at, one in enumerate(held.exception)], "id", _RENAME)
    patterns = ((("exception", at, "identity"), one.identity) for at, one in enumerate(held.exception))
    yield from unmatchable(EXCEPTIONS, ((path, text) for path, text in patterns if text.startswith("arn:")))
    for at, signer in enumerate(held.allowed_signer):
        yield from _signer(("allowed_signer", at), signer)
    keys: list[tuple[Path, str]] = [
        (("allowed_signer", at), " ".join(one.public_key.split()[:2])) for at, one in enumerate(held.allowed_signer)
    ]
    yield from twice(EXCEPTIONS, keys, "public key", "a key belongs to one person")


def verified(policy: Governance) -> tuple[Governance, tuple[Wrong, ...]]:
    """The policy with what its signatures prove, which holds only before names in it are replaced; and those that fail."""
    wrong: list[Wrong] = []
    entries: list[AcceptedException] = []
    for at, one in enumerate(policy.exceptions.exception):
        try:
            entries.append(_assured(one, policy))
        except BadSignature as bad:
            said = f"its signature does not count: {bad}. Sign `prooftrail governance bytes {one.id}` again."
            wrong.append(Wrong(file=EXCEPTIONS, path=("exception", at, "signed"), says=said))
    # A key's comment is often an address, and is no part of the key.
    signers = tuple(
        msgspec.structs.replace(one, public_key=" ".join(one.public_key.split()[:2]))
        for one in policy.exceptions.allowed_signer
    )
    held = Exceptions(exception=tuple(entries), allowed_signer=signers)
    return msgspec.structs.replace(policy, exceptions=held), tuple(wrong)


_RENAME = "give one of them another"


def _form(path: Path, one: AcceptedException, policy: Governance) -> Iterator[Wrong]:
    if one.expires_on < one.approved_on:
        said = f"expires_on {one.expires_on} lies before approved_on {one.approved_on}; correct one."
        yield Wrong(file=EXCEPTIONS, path=(*path, "expires_on"), says=said)
    if not one.compensating:
        yield Wrong(file=EXCEPTIONS, path=(*path, "compensating"), says="name at least one compensating control.")
    if not one.retirement:
        said = "name at least one milestone of the way out: what, due_on and owner."
        yield Wrong(file=EXCEPTIONS, path=(*path, "retirement"), says=said)
    yield from unknown_owner(EXCEPTIONS, (*path, "risk_owner"), one.risk_owner, policy)
    for at, step in enumerate(one.retirement):
        yield from unknown_owner(EXCEPTIONS, (*path, "retirement", at, "owner"), step.owner, policy)
    if one.signed and not policy.same_person(one.signed.signer, one.approver):
        said = f"{one.signed.signer!r} signed, and the approver is {one.approver!r}: the approver has to sign."
        yield Wrong(file=EXCEPTIONS, path=(*path, "signed"), says=said)


def _compensator(path: Path, each: Compensator, one: AcceptedException, known: KnownControls | None) -> Iterator[Wrong]:
    if (each.control is None) == (each.predicate is None):
        said = "test it by exactly one of control (whose result must pass) or predicate."
        yield Wrong(file=EXCEPTIONS, path=path, says=said)
    if each.control == one.control:
        yield Wrong(file=EXCEPTIONS, path=path, says="the excepted control cannot compensate itself; name another.")
    yield from unknown_control(EXCEPTIONS, (*path, "control"), each.control, known)


def _signer(path: Path, signer: AllowedSigner) -> Iterator[Wrong]:
    try:
        signature.key_blob(signer.public_key)
    except BadSignature as bad:
        yield Wrong(file=EXCEPTIONS, path=(*path, "public_key"), says=f"{bad}.")


def _assured(one: AcceptedException, policy: Governance) -> AcceptedException:
    """The entry with what its signature proves. Raises BadSignature."""
    if one.signed is None:
        return one
    wanted = folded((one.signed.signer,))
    keys = [each.public_key for each in policy.exceptions.allowed_signer if folded((each.person,)) == wanted]
    if not keys:
        raise BadSignature(f"no [[allowed_signer]] is called {one.signed.signer!r}")
    failed: BadSignature | None = None
    for key in keys:
        try:
            print_of = signature.verify(signature.signed_bytes(one), one.signed.signature, key)
        except BadSignature as bad:
            failed = bad
        else:
            return msgspec.structs.replace(one, assurance=f"verified: SSH signature by key {print_of}")
    raise failed or BadSignature("no key fits")
