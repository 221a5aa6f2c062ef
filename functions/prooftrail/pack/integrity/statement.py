"""The pack's own statement: an in-toto statement of every file, sealed like a manifest and impossible to take for one."""

import base64
from collections.abc import Callable, Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric import utils

from prooftrail.evidence import envelope
from prooftrail.evidence.manifest import STATEMENT, Head, Subject
from prooftrail.model import canonical
from prooftrail.pack.files import Written
from prooftrail.pack.view import PeriodView

PATH = "integrity/pack.json"
PREDICATE = "urn:prooftrail:pack:1"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


class PackedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its path in the pack, SHA-256 and size in bytes."""

    path: str
    sha256: str
    size: int


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the pack was asked for; `accounts` is None for all of them, days are both included."""

    since: str
    until: str
    framework: str
    accounts: tuple[str, ...] | None
    pseudonymised: bool
    carried_raw: bool
    requests: tuple[tuple[str, str], ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """The code that made the pack."""

    version: str
    sha256: str


class PackStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack is and holds. `signed_by` is the fingerprint of the key that seals it, None where nobody does.

    `head` is the newest manifest of the locker, `as_of` the run whose state is shown; `known_until` when the head was
    closed: nothing later is known. `rows` counts each register's rows.
    """

    schema: str = "prooftrail.pack/1"
    locker: str
    locker_id: str
    head: Head
    head_run: str
    as_of: str
    known_until: str
    assurance: str
    options: Options
    tool: Tool
    signed_by: str | None
    rows: dict[str, int]
    files: tuple[PackedFile, ...]


class _Stated(msgspec.Struct, frozen=True, kw_only=True):
    type_: str = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: PackStatement


def statement(
    period: PeriodView, written: Mapping[str, Written], rows: Mapping[str, int], *, keyid: str | None
) -> bytes:
    """The canonical bytes of the statement over every file written so far: the same inputs give the same bytes."""
    asked = period.options
    files = tuple(PackedFile(path=path, sha256=one.sha256, size=one.size) for path, one in sorted(written.items()))
    said = PackStatement(
        locker=period.locker,
        locker_id=period.locker_id,
        head=period.head,
        head_run=period.head_run,
        as_of=period.as_of.run_id,
        known_until=canonical.timestamp(period.clock),
        assurance=period.assurance.value,
        options=Options(
            since=asked.since.isoformat(),
            until=asked.until.isoformat(),
            framework=asked.framework,
            accounts=asked.accounts,
            pseudonymised=asked.pseudonymise,
            carried_raw=asked.carried_raw,
            requests=asked.requests,
        ),
        tool=Tool(version=period.code_version, sha256=period.code_sha256),
        signed_by=keyid,
        rows=dict(sorted(rows.items())),
        files=files,
    )
    subject = tuple(Subject(name=one.path, digest={"sha256": one.sha256}) for one in files)
    return canonical.encode(_Stated(type_=STATEMENT, subject=subject, predicate_type=PREDICATE, predicate=said))


def sealed(body: bytes, *, keyid: str | None, sign: Callable[[bytes], bytes] | None) -> bytes:
    """The envelope of a pack's statement: signed with low s, so that there is one valid signature; or without any."""
    if sign is not None and keyid is not None:
        return envelope.sealed(body, keyid=keyid, sign=lambda message: low_s(sign(message)))
    return canonical.encode(
        {"payload": base64.b64encode(body).decode(), "payloadType": envelope.PAYLOAD_TYPE, "signatures": []}
    )


def low_s(signature: bytes) -> bytes:
    """The same ECDSA P-256 signature with the lower of its two values of s: both are valid, and a pack takes one."""
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, min(s, _ORDER - s))
