"""What makes a signature count: the approver's own key over exactly the entry that stands there, and for this purpose."""

import base64
import json
from pathlib import Path

import pytest

from prooftrail.errors import ConfigError
from prooftrail.governance import Governance, parse
from prooftrail.governance.parsing import bytes_to_sign
from prooftrail.governance.signature import BadSignature, verify
from prooftrail.model import canonical
from tests.governance.entries import EXCEPTION, KNOWN, of
from tests.governance.test_policy import REDACTOR

# Made by `ssh-keygen -Y sign` with keys that were thrown away: "public_key", "signature", "fingerprint" by type.
SIGNATURES: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "signatures.json").read_text())
KEYS = sorted(SIGNATURES)
MESSAGE = bytes_to_sign(EXCEPTION.encode(), "EX-1")


def signed(key: str = "ed25519", *, signature: str | None = None, signer: str = "jane", entry: str = EXCEPTION) -> str:
    """The exception with a signature, and the key it was made with."""
    made = SIGNATURES[key]
    text = signature or made["signature"]
    allowed = f'\n[[allowed_signer]]\nperson = "jane"\npublic_key = "{made["public_key"]}"\n'
    return f'{entry}\n[exception.signed]\nsigner = "{signer}"\nsignature = """{text}"""\n{allowed}'


def read(text: str) -> Governance:
    return parse(of(exceptions=text), KNOWN)


@pytest.mark.parametrize("key", KEYS)
def test_a_signature_of_ssh_keygen_counts_and_names_the_key_as_ssh_keygen_prints_it(key: str) -> None:
    made = SIGNATURES[key]
    assert verify(MESSAGE, made["signature"], made["public_key"]) == made["fingerprint"]
    assert read(signed(key)).exceptions.exception[0].approval == f"verified: SSH signature by key {made['fingerprint']}"


@pytest.mark.parametrize("key", KEYS)
def test_a_signature_over_other_bytes_does_not_count(key: str) -> None:
    made = SIGNATURES[key]
    with pytest.raises(BadSignature, match="changed after it was signed"):
        verify(MESSAGE + b" ", made["signature"], made["public_key"])


@pytest.mark.parametrize("key", KEYS)
def test_no_single_bit_of_a_signature_may_differ(key: str) -> None:
    made = SIGNATURES[key]
    begin, *body, end = made["signature"].strip().splitlines()
    octets = base64.b64decode("".join(body))
    for at in range(0, len(octets), 7):
        changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
        with pytest.raises(BadSignature):
            verify(MESSAGE, "\n".join((begin, base64.b64encode(changed).decode(), end)), made["public_key"])
        with pytest.raises(BadSignature):
            verify(MESSAGE, "\n".join((begin, base64.b64encode(octets[:at]).decode(), end)), made["public_key"])


@pytest.mark.parametrize("key", KEYS)
def test_nothing_may_stand_behind_a_signature(key: str) -> None:
    made = SIGNATURES[key]
    begin, *body, end = made["signature"].strip().splitlines()
    longer = base64.b64encode(base64.b64decode("".join(body)) + b"\0").decode()
    with pytest.raises(BadSignature, match="something stands behind its end"):
        verify(MESSAGE, "\n".join((begin, longer, end)), made["public_key"])


def test_a_signature_of_somebody_else_s_key_does_not_count() -> None:
    with pytest.raises(BadSignature, match="another key"):
        verify(MESSAGE, SIGNATURES["rsa"]["signature"], SIGNATURES["ed25519"]["public_key"])


def test_a_signature_made_for_another_purpose_does_not_count() -> None:
    made = SIGNATURES["ed25519"]
    with pytest.raises(BadSignature, match="ssh-keygen -Y sign -n prooftrail"):
        verify(MESSAGE, made["signature_for_git"], made["public_key"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2027-03-31", "2027-04-01"),
        ('tier = "medium"', 'tier = "high"'),
        ("IDC-20", "IDC-21"),
        ("Sam Poe", "Sam Poes"),
        ("2027-02-28", "2027-03-01"),
        ("AIDAEXAMPLE0000000001", "AIDAEXAMPLE0000000002"),
    ],
)
def test_whatever_is_changed_in_a_signed_entry_is_an_error_with_its_line(old: str, new: str) -> None:
    text = signed(entry=EXCEPTION.replace(old, new))
    line = text.splitlines().index("[exception.signed]") + 1
    says = f"exceptions.toml, line {line}: exception, entry 1: signed: its signature does not count: it does not fit"
    with pytest.raises(ConfigError, match=says):
        read(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (signed(signer="payments"), "'payments' signed, and the approver is 'jane': the approver has to sign"),
        (signed(signature="abc"), "it is not what `ssh-keygen -Y sign` writes"),
        (signed().partition("[[allowed_signer]]")[0], r"no \[\[allowed_signer\]\] is called 'jane'"),
        (signed().replace("ssh-ed25519 AAAA", "ssh-ed25519 !AAA"), "the public key is no base64"),
        (EXCEPTION + "assurance = 'verified'", "nobody may write 'assurance' here; remove it"),
    ],
)
def test_a_signature_that_cannot_count_is_an_error(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read(text)


@pytest.mark.parametrize(
    ("more", "reads"),
    [("", "declared, not verified"), ('ticket = "SEC-9"', "ticket SEC-9, not verified by us")],
)
def test_an_approval_without_a_signature_says_how_little_is_known_of_it(more: str, reads: str) -> None:
    assert read(EXCEPTION + more).exceptions.exception[0].approval == reads


def test_what_was_verified_stays_verified_when_names_are_replaced() -> None:
    sealed = read(signed()).redacted(REDACTOR)
    assert sealed.exceptions.exception[0].approval.startswith("verified: SSH signature by key SHA256:")
    assert canonical.decode(canonical.encode(sealed), Governance) == sealed
    assert "jane" not in canonical.encode(sealed).decode()


def test_keys_that_a_later_version_adds_leave_what_was_signed_as_it_is() -> None:
    assert bytes_to_sign((EXCEPTION + "\n# and a comment").encode(), "EX-1") == MESSAGE
    assert b"null" not in MESSAGE


def test_what_to_sign_can_be_asked_while_the_signature_is_wrong() -> None:
    assert bytes_to_sign(signed(entry=EXCEPTION.replace("medium", "low")).encode(), "EX-1") != MESSAGE
    with pytest.raises(ConfigError, match="has no exception 'EX-2'; it has EX-1"):
        bytes_to_sign(EXCEPTION.encode(), "EX-2")
    with pytest.raises(ConfigError, match=r"exceptions.toml is no TOML"):
        bytes_to_sign(b"[[exception", "EX-1")
