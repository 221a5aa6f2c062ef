"""Which key signs which slot of a chain: the genesis's own, until a rotation that both keys signed brings in another."""

import base64
import binascii
from collections.abc import Iterator

import msgspec

from . import envelope, layout
from .envelope import Envelope
from .findings import Fault, Problem
from .manifest import ChainContent, Genesis, Rotation


class KeyInForce(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the chain and the slot that brought it in: 0 for the genesis's own, else a rotation's."""

    since: int
    fingerprint: str
    pem: str
    origin: str


class KeysInForce:
    """Checks signatures slot by slot, in order, and remembers no envelope.

    A key from outside (`outside`, PEM) must be one of the chain's: the first proves what follows by its signatures and
    rotations, a later one what came before by the hash it signed. A rotation that does not hold brings in no key.
    """

    def __init__(self, outside: bytes | None) -> None:
        self._outside, self._keys = outside, list[KeyInForce]()
        self._problems = list[Problem]()
        self._not_by_outside = list[int]()

    def saw(self, seq: int, content: ChainContent, sealed: Envelope) -> None:
        """Check what stands in slot `seq`; slots come in order."""
        if seq == 0 and isinstance(content, Genesis):
            self._keys.append(
                KeyInForce(
                    since=0,
                    fingerprint=content.key_fingerprint,
                    pem=content.public_key_pem,
                    origin=content.key_origin,
                )
            )
        if self._outside and not _signed(sealed, self._outside):
            self._not_by_outside.append(seq)
        pem = self._keys[-1].pem.encode() if self._keys else self._outside
        if pem is None:
            self._add(seq, "there is no genesis to take the key from: the signature is not checked")
        elif not _signed(sealed, pem):
            self._add(seq, "the signature is not that of the key in force over these bytes")
        elif isinstance(content, Rotation):
            self._rotate(seq, content)

    def finish(self) -> tuple[tuple[KeyInForce, ...], tuple[Problem, ...]]:
        """The keys of the chain, oldest first, and everything that is wrong with its signatures."""
        return tuple(self._keys), (*self._problems, *self._strangers())

    def _rotate(self, seq: int, one: Rotation) -> None:
        pem = one.public_key_pem.encode()
        if one.seq != seq or not _possessed(one):
            self._add(seq, "the new key did not sign its own rotation: it is not in force")
            return
        self._keys.append(
            KeyInForce(since=seq, fingerprint=envelope.fingerprint(pem), pem=one.public_key_pem, origin=one.key_origin)
        )

    def _strangers(self) -> Iterator[Problem]:
        """What a key from outside makes wrong that is none of the chain's."""
        if self._outside is None or not self._keys:
            return
        if envelope.fingerprint(self._outside) in {one.fingerprint for one in self._keys}:
            return
        first = self._keys[0].fingerprint
        detail = f"the genesis names the key {first[:16]}…, and nothing leads from it to the one that was given"
        yield Problem(fault=Fault.KEY, where=layout.chain_key(0), detail=detail)
        for seq in self._not_by_outside:
            detail = "the signature is not that of the key that was given over these bytes"
            yield Problem(fault=Fault.SIGNATURE, where=layout.chain_key(seq), detail=detail)

    def _add(self, seq: int, detail: str) -> None:
        self._problems.append(Problem(fault=Fault.SIGNATURE, where=layout.chain_key(seq), detail=detail))


def _signed(sealed: Envelope, pem: bytes) -> bool:
    try:
        return envelope.verified(sealed, pem)
    except ValueError:
        return False


def _possessed(one: Rotation) -> bool:
    try:
        signature = base64.b64decode(one.possession, validate=True)
        return envelope.holds(one.public_key_pem.encode(), signature, one.to_be_signed()) and (
            envelope.fingerprint(one.public_key_pem.encode()) == one.key_fingerprint
        )
    except (ValueError, binascii.Error):
        return False
