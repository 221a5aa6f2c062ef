"""Puts a pack together: which locker, which key signs it, and where it goes."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.pack_directory import PackDirectory
from prooftrail.adapters.source_code import VERSION, this_code_of_packs
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Genesis, Head
from prooftrail.evidence.pulled import PullRecord
from prooftrail.flows import head as chain_head
from prooftrail.flows.open_pack import OpenPack
from prooftrail.model import canonical
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity.integrity import BUCKET as READ_FROM_BUCKET
from prooftrail.pack.integrity.integrity import COPY, DIRECTORY, Locks
from prooftrail.pack.view import PackOptions
from prooftrail.ports import Locker, Signer

from . import pulling, stores
from .options import BUCKET, Options

if TYPE_CHECKING:
    from prooftrail.flows.build_pack import BuiltPack, Progress
    from prooftrail.flows.pack_head import AskedHead


_READERS = 16  # objects that are read from a bucket at once


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePack:
    """A pack that lies at `place`: what it is made of, the SHA-256 of its statement, its files, and who signed it.

    `file_sha256` is of integrity/pack.json, the signed statement as it is stored. `key` is the fingerprint of the key that
    signed, None where nobody did; `unsigned` says why then.
    """

    place: Path
    built: "BuiltPack"
    sha256: str
    file_sha256: str
    files: int
    bytes: int
    key: str | None
    unsigned: str | None


def locker_name(address: str) -> str:
    """What a locker is called in the name of a pack."""
    return stores.bucket(address) if address.startswith(BUCKET) else Path(address).resolve().name


def whole_period(options: Options, head: "AskedHead | None" = None) -> tuple[date, date]:
    """The days of the locker's first and last run up to the head, of those that a copy was pulled for.

    Raises EvidenceError where it holds none, and for a head that it does not have.
    """
    from prooftrail.flows import pack_head, pack_views  # noqa: PLC0415 - opening a pack's rooms takes a while, and others wait

    locker = stores.open_locker(options.locker, profile=options.profile)
    if head is not None:
        chain_head.require_chain(locker)
        pack_head.require_head(locker, head)
    first, last = pack_views.whole_period(pack_head.LockerAt(locker, head))
    record, _ = _record(options.locker, locker)
    scope = record.scope if record else None
    since = max(first, scope.since) if scope and scope.since else first
    until = min(last, scope.until) if scope and scope.until else last
    return (since, until) if since <= until else (first, last)


def accounts_of_copy(options: Options) -> tuple[str, ...] | None:
    """The accounts a copy was pulled for; None where it was for all of them, and where it is no copy."""
    if options.locker.startswith(BUCKET):
        return None
    record, _ = _record(options.locker, stores.open_locker(options.locker))
    return tuple(sorted(record.scope.accounts)) if record and record.scope.accounts else None


def make_pack(
    options: Options,
    asked: PackOptions,
    place: Path,
    *,
    head: "AskedHead | None" = None,
    sign: bool = True,
    replace: bool = False,
    progress: "Progress | None" = None,
) -> MadePack:
    """Make the pack of the locker at `options.locker` into `place`, signed where the key in force at the head is at hand.

    Raises ConfigError for a place inside the locker or the home, and for a `--signer` that is none of the chain's.
    """
    from prooftrail.flows import pack_head  # noqa: PLC0415 - as above
    from prooftrail.flows.build_pack import Maker, build_pack  # noqa: PLC0415 - as above

    locker, locks = _opened(options)
    home = _home(options)
    _require_apart(place, options, home)
    chain_head.require_chain(locker)
    record, doubt = _record(options.locker, locker)
    if head is not None:
        pack_head.require_head(locker, head)
    cut = pack_head.LockerAt(locker, head)
    signer, unsigned = _signer(options, home, cut) if sign else (None, "it was asked for unsigned")
    pem = signer.public_key_pem() if signer else None
    maker = Maker(
        version=VERSION, code_sha256=this_code_of_packs(), sign=signer.sign if signer else None, public_key=pem
    )
    with PackDirectory(place, replace=replace) as files:
        built = build_pack(
            locker,
            asked,
            files,
            maker,
            head=head,
            locks=locks,
            copy=_partial(record, doubt),
            not_yet=lambda key: record is not None and not record.finished and _was_there(record, key),
            progress=progress,
        )
    return MadePack(
        place=place,
        built=built,
        sha256=OpenPack(DirectoryLocker(place)).sha256,
        file_sha256=files.written[integrity_statement.PATH].sha256,
        files=len(files.written),
        bytes=sum(one.size for one in files.written.values()),
        key=envelope.fingerprint(pem) if pem else None,
        unsigned=unsigned,
    )


def _home(options: Options) -> Home:
    if options.home is not None and not options.home.is_dir():
        raise ConfigError(f"there is no home directory at {options.home}: check --home, or leave it out.")
    return stores.home_of(options)


def _require_apart(place: Path, options: Options, home: Home) -> None:
    """A pack is no evidence and holds no keys: it lies neither in a locker or home, nor around one."""
    here = place.resolve()
    kept = {"home": home.path.resolve()}
    if not options.locker.startswith(BUCKET):
        kept["locker"] = Path(options.locker).resolve()
    for what, there in kept.items():
        if here == there or there in here.parents or (here in there.parents and there.exists() and here.exists()):
            raise ConfigError(
                f"-o {place} and the {what} at {there} lie in one another: name a directory apart from it."
            )


def _signer(options: Options, home: Home, locker: Locker) -> tuple[Signer | None, str | None]:
    """The key in force of the chain, where it is at hand; else why the pack is unsigned."""
    if options.signer is None and home.public_key_pem() is None:
        return None, f"there is no key at {home.path}"
    signer = stores.signer_of(options, home)
    key, known = envelope.fingerprint(signer.public_key_pem()), chain_head.signers(locker)
    if key in known and known[key] is None:
        return signer, None
    what = "was exchanged for another" if key in known else "is none of the chain's"
    if options.signer is not None:
        raise ConfigError(
            f"--signer {options.signer}: its key {key[:16]} {what}, and a pack is signed by the key in force. Name that"
            " one, or leave it unsigned with --unsigned."
        )
    return None, f"the key {key[:16]} of {home.path} {what}"


def _opened(options: Options) -> tuple[Locker, Locks]:
    """The locker, and the locks of what is read in it: S3's answers, or what a pull noted beside its copy."""
    if not options.locker.startswith(BUCKET):
        noted = pulling.pulled_objects(options.locker)
        locker = stores.open_locker(options.locker)
        where = COPY if _record(options.locker, locker)[0] else DIRECTORY
        return locker, Locks(
            read_from=where, of=lambda key: (noted[key].lock, noted[key].observed_at) if key in noted else None
        )
    from prooftrail.adapters.aws.s3_evidence import S3WithLocks, client_config  # noqa: PLC0415

    name = stores.bucket(options.locker)
    session = stores._session(options.profile)  # noqa: SLF001 - one way to make a session
    client = session.client("s3", config=client_config(_READERS), endpoint_url=options.endpoint_url)
    bucket = S3WithLocks(client, name)
    return bucket, Locks(
        read_from=READ_FROM_BUCKET, of=lambda key: (bucket.locks[key], None) if key in bucket.locks else None
    )


def _record(address: str, locker: Locker) -> tuple[PullRecord | None, str | None]:
    """What the last pull into the directory stated, if that is of this chain; else why nothing is believed of it."""
    record, unreadable = pulling.readable_record(address)
    if record is None:
        return None, unreadable
    misfit = record.misfit(_genesis(locker), lambda head: _has(locker, head))
    return (None, f"The record of a pull beside the locker is not believed: {misfit}") if misfit else (record, None)


def _genesis(locker: Locker) -> Genesis | None:
    try:
        found = manifest.read(layout.chain_key(0), locker.get(layout.chain_key(0)))
    except EvidenceError:
        return None
    return found if isinstance(found, Genesis) else None


def _has(locker: Locker, head: Head) -> bool:
    try:
        return canonical.sha256(locker.get(layout.chain_key(head.seq))) == head.sha256
    except (EvidenceError, ValueError):  # ValueError: no slot has that number
        return False


def _was_there(record: PullRecord, key: str) -> bool:
    """True if the pull did not find fault with the key: it may only not have come so far."""
    return key not in {one.where for one in record.stops} and key not in record.disposed


def _partial(record: PullRecord | None, doubt: str | None) -> tuple[str, ...]:
    """What must be said of a locker that is only a part of one; nothing where a pull left nothing out."""
    if record is None:
        return (doubt,) if doubt else ()
    if record.finished and not record.left_out:
        return ()
    said = f"This pack is made from a partial copy of {record.bucket} ({record.scope.worded()})"
    if record.left_out:
        one = record.left_out == 1
        objects = f"{record.left_out:,} sealed {'object' if one else 'objects'}"
        said += f", which leaves out {objects} that manifests name"
    return (said if record.finished else f"{said}; the pull has not finished, and what it did not bring is not shown",)
