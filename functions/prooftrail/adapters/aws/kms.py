"""Keys that never leave KMS: the one that signs, and the one fingerprints and pseudonyms are derived from."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.errors import AccessError, ConfigError
from prooftrail.evidence import envelope

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

FINGERPRINT_LABEL = b"prooftrail/fingerprint-key/1"
"""What the fingerprint key is the MAC of. Another label gives other pseudonyms for everybody, so it never changes."""

_WRONG_KEY = {"NotFoundException", "InvalidArnException", "InvalidKeyUsageException", "UnsupportedOperationException"}
_DENIED = {"AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId"}
_NOT_NOW = {"DisabledException", "KMSInvalidStateException", "KeyUnavailableException"}


class KmsSigner:
    """Signs with an asymmetric KMS key (ECC_NIST_P256, SIGN_VERIFY) through a client somebody else made.

    Raises ConfigError for a key of another kind, AccessError for what KMS refuses, with the action to allow.
    """

    def __init__(self, client: "KMSClient", key_arn: str) -> None:
        self._client = client
        self._key_arn = key_arn
        self._origin = key_arn
        self._public_key_pem: bytes | None = None

    def public_key_pem(self) -> bytes:
        """The public half, PEM, SubjectPublicKeyInfo; asked for once."""
        if self._public_key_pem is None:
            self._public_key_pem = self._ask_public_key()
        return self._public_key_pem

    def origin(self) -> str:
        """The key's own ARN, also where it is meant by an alias: an alias can be pointed at another key."""
        self.public_key_pem()
        return self._origin

    def sign(self, message: bytes) -> bytes:
        """A DER ECDSA signature over SHA-256 of `message`, which may be of any length: KMS is sent the digest only.

        By the very key whose public half is known, though an alias may have been pointed at another meanwhile. Raises
        AccessError for a signature that is not that key's: sealed once, it could never be mended.
        """
        pem = self.public_key_pem()
        with _speaking("kms:Sign", self._origin):
            signature = self._client.sign(
                KeyId=self._origin,
                Message=hashlib.sha256(message).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )["Signature"]
        if not envelope.holds(pem, signature, message):
            raise AccessError(
                f"{self._origin} gave a signature that its public key does not hold for: nothing was sealed."
            )
        return signature

    def _ask_public_key(self) -> bytes:
        with _speaking("kms:GetPublicKey", self._key_arn):
            answer = self._client.get_public_key(KeyId=self._key_arn)
        key = serialization.load_der_public_key(answer["PublicKey"])
        # The curve is read from the key itself, which is what verifiers will have.
        if not _is_p256(key) or answer["KeyUsage"] != "SIGN_VERIFY":
            kind = f"{answer.get('KeySpec', 'of another kind')} for {answer['KeyUsage']}"
            raise ConfigError(f"{self._key_arn} is {kind}: signatures need a KMS key ECC_NIST_P256 for SIGN_VERIFY.")
        named = answer.get("KeyId", "")
        self._origin = named if named.startswith("arn:") else self._key_arn
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _is_p256(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


class KmsFingerprintKey:
    """Derives the fingerprint key from a KMS key (HMAC_256, GENERATE_VERIFY_MAC): the same while that key lives.

    Raises ConfigError for a key of another kind, AccessError for what KMS refuses, with the action to allow.
    """

    def __init__(self, client: "KMSClient", key_arn: str) -> None:
        self._client = client
        self._key_arn = key_arn
        self._secret: bytes | None = None
        self._lock = threading.Lock()

    def secret(self) -> bytes:
        """The 32 bytes of HMAC-SHA-256 over a fixed label; KMS is asked once, by whichever thread comes first."""
        with self._lock:
            if self._secret is None:
                with _speaking("kms:GenerateMac", self._key_arn):
                    answer = self._client.generate_mac(
                        KeyId=self._key_arn, Message=FINGERPRINT_LABEL, MacAlgorithm="HMAC_SHA_256"
                    )
                self._secret = answer["Mac"]
            return self._secret


@contextlib.contextmanager
def _speaking(action: str, key_arn: str) -> Iterator[None]:
    """Turns what KMS refuses, by code, into a sentence."""
    try:
        yield
    except ClientError as refused:
        code = refused.response.get("Error", {}).get("Code", "")
        words = refused.response.get("Error", {}).get("Message", "no reason given")
        if code in _WRONG_KEY:
            raise ConfigError(f"{key_arn} is no key for {action} ({code}): check the ARN and its region.") from refused
        if code in _DENIED:
            raise AccessError(
                f"AWS refused {action} on {key_arn} ({code}): allow it in role and key policy."
            ) from refused
        if code in _NOT_NOW:
            raise AccessError(f"the key {key_arn} cannot be used now ({code}): enable it and run again.") from refused
        raise AccessError(f"KMS refused {action} on {key_arn}: {code}, {words}") from refused
    except BotoCoreError as failed:
        raise AccessError(f"KMS could not be asked for {action} on {key_arn}: {failed}") from failed
