"""What every OSCAL document of a pack is written with: stable names, texts OSCAL allows, and arrays too large for memory.

Names of objects are uuid5 of what they stand for and nothing that changes, so the same identity, control, finding,
risk or sealed object has the same UUID in every pack. A document's own UUID follows from its content.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from prooftrail.evidence.assurance import WORDS
from prooftrail.model import canonical
from prooftrail.pack.files import PackFiles
from prooftrail.pack.registers.coverage import scope_of
from prooftrail.pack.report.text import visible
from prooftrail.pack.view import PeriodView

OSCAL_VERSION = "1.2.1"
NS = "urn:prooftrail:oscal:1"
"""The namespace of our own properties."""

_NAMESPACE = UUID("2f1e4a0e-57d1-5d7e-8f0c-0c6d1f0a9b11")
_BYTES = 16  # of a UUID
_NAMED = 30  # accounts or controls a remark names
_LONGEST = 2_000  # characters of one text: names of 64 KB serve nobody here, and the raw value is in the registers
_ACTIVE = re.compile(r"([\\`*\[\]<>{}])")
_encoder = msgspec.json.Encoder()


def object_uuid(kind: str, *names: str) -> str:
    """The UUID (version 5) of the one thing of this kind with these names, in every pack there will ever be."""
    made = hashlib.sha1(
        _NAMESPACE.bytes + "\n".join((kind, *names)).encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()
    variant = "89ab"[int(made[16], 16) & 3]
    return f"{made[:8]}-{made[8:12]}-5{made[13:16]}-{variant}{made[17:20]}-{made[20:32]}"


def packed(uuids: bytearray) -> Iterator[str]:
    """The UUIDs that were kept as sixteen bytes each."""
    for at in range(0, len(uuids), _BYTES):
        yield str(UUID(bytes=bytes(uuids[at : at + _BYTES])))


def pack(uuid: str) -> bytes:
    """A UUID in sixteen bytes."""
    return bytes.fromhex(uuid.replace("-", ""))


def token(text: str) -> str:
    """A control's or a parameter's id as OSCAL writes it: `IDC-15` is `idc-15`, `AC-2(3)` is `ac-2.3`."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower().replace("(", ".").replace(")", "")).strip("-")


def line(text: str) -> str:
    """`text` as an OSCAL string: one line, nothing unseen, no blank at either end; a hyphen where nothing is left."""
    if not (text.isascii() and text.isprintable()):
        text = visible(" ".join(text.split()))
    return _clipped(text.strip()) or "-"


def title(text: str) -> str:
    """`text` as a line of OSCAL markup that marks nothing up."""
    return _ACTIVE.sub(r"\\\1", line(text))


@lru_cache(maxsize=1024)  # most texts are those of the catalog
def prose(text: str) -> str:
    """`text` as OSCAL markup of one or more lines that marks nothing up: no link, no HTML, no insertion."""
    return "\n".join(_ACTIVE.sub(r"\\\1", visible(each)) for each in _clipped(text.strip()).split("\n")) or "-"


def props(**values: str | int | None) -> list[dict[str, str]]:
    """Properties in our namespace, of those that are known; `evidence_id` is written `evidence-id`."""
    return [
        {"name": name.replace("_", "-"), "ns": NS, "value": line(str(value))}
        for name, value in values.items()
        if value is not None and value != ""
    ]


def known(**members: Any) -> dict[str, Any]:
    """An object of those members that hold something, by OSCAL's names: `related_risks` is `related-risks`.

    OSCAL allows no empty array; absence is said by leaving out.
    """
    return {name.replace("_", "-"): value for name, value in members.items() if value is not None and value != []}


def metadata(period: PeriodView, named: str) -> dict[str, Any]:
    """The metadata of one document; `last-modified` is the close of the newest run, for a pack has no other present."""
    org = period.context.organization.id or "organization not known"
    return known(
        title=title(named),
        last_modified=canonical.timestamp(period.clock),
        version=line(f"{period.as_of.run_id} of head {period.head.seq}"),
        oscal_version=OSCAL_VERSION,
        props=props(
            head=str(period.head),
            locker_id=period.locker_id,
            assurance=period.assurance.value,
            period=f"{period.options.since} to {period.options.until}",
        )
        + scope_props(period),
        parties=[{"uuid": object_uuid("organization", org), "type": "organization", "name": line(org)}],
        remarks=prose(
            "These are results of automated tests and the sealed evidence behind them. Nothing here claims conformity"
            f" with a standard. How far to trust it: {period.assurance.value}, {WORDS[period.assurance]}."
            + (f"\n{told}" if (told := narrowing(period)) else "")
        ),
    )


def scope_props(period: PeriodView) -> list[dict[str, str]]:
    """What the pack is of: all accounts, or those it is narrowed to, each named."""
    asked = () if period.options.accounts is None else sorted(period.accounts)
    return [*props(scope=scope_of(period)), *(each for one in asked for each in props(scope_account=one))]


def narrowing(period: PeriodView) -> str:
    """The sentence that says a pack is narrowed, and to what; nothing where it has all accounts."""
    if period.options.accounts is None:
        return ""
    return (
        f"Narrowed on request to {first(sorted(period.accounts), 5)}, and to what is of the organization as a whole: nothing"
        " here speaks of any other account. Figures of runs are of all accounts."
    )


def first(names: list[str], most: int = _NAMED) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


class Spool:
    """An array that is written element by element and kept compressed, for memory holds no 50,000 identities' worth."""

    def __init__(self) -> None:
        self.count = 0
        self._ended = False
        self._zip = zlib.compressobj(1)
        self._kept: list[bytes] = []

    def add(self, element: Any) -> None:
        """Add one element."""
        data = _encoder.encode(element)
        self._keep(self._zip.compress(b",\n" + data if self.count else data))
        self.count += 1

    def chunks(self) -> Iterator[bytes]:
        """The whole array, in pieces; it takes no more elements then."""
        if not self._ended:
            self._keep(self._zip.flush())
            self._ended = True
        unzip = zlib.decompressobj()
        yield b"[\n"
        for each in self._kept:
            yield unzip.decompress(each)
        yield unzip.flush() + b"\n]"

    def _keep(self, data: bytes) -> None:
        if data:
            self._kept.append(data)


class Streamed(dict[str, Any]):
    """An object with arrays in it that are spools."""


def write_document(files: PackFiles, path: str, name: str, body: dict[str, Any]) -> str:
    """Write a document whose UUID is made of the rest of its content, and return that UUID."""
    digest = hashlib.sha256()
    for chunk in _stream(body):
        digest.update(chunk)
    uuid = object_uuid("document", name, digest.hexdigest())
    with files.open(path) as sink:
        for chunk in _stream(Streamed({name: Streamed({"uuid": uuid, **body})})):
            sink.write(chunk)
        sink.write(b"\n")
    return uuid


def _stream(value: Any) -> Iterator[bytes]:
    match value:
        case Spool():
            yield from value.chunks()
        case Streamed():
            members = ((key, each) for key, each in value.items() if not (isinstance(each, Spool) and not each.count))
            yield from _enclosed(b"{", (_member(key, each) for key, each in members), b"}")
        case [Streamed(), *_]:
            yield from _enclosed(b"[", map(_stream, value), b"]")
        case _:
            yield _encoder.encode(value)


def _member(key: str, value: Any) -> Iterator[bytes]:
    yield _encoder.encode(key) + b":"
    yield from _stream(value)


def _enclosed(begin: bytes, parts: Iterable[Iterable[bytes]], end: bytes) -> Iterator[bytes]:
    yield begin
    for at, part in enumerate(parts):
        if at:
            yield b",\n"
        yield from part
    yield end


def _clipped(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} [cut here: {len(text):,} characters in all]"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
