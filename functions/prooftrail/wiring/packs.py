"""Puts a pack together: which locker, which key signs it, and where it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.pack_directory import PackDirectory
from prooftrail.adapters.source_code import VERSION, this_code_of_packs
from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope
from prooftrail.evidence.pulled import LockState
from prooftrail.flows import head as chain_head
from prooftrail.flows.open_pack import OpenPack
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.view import PackOptions
from prooftrail.ports import Locker, Signer

from . import pulling, stores
from .options import BUCKET, Options

if TYPE_CHECKING:
    from prooftrail.flows.build_pack import BuiltPack, Progress


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


def whole_period(options: Options) -> tuple[date, date]:
    """The days of the locker's first and last run. Raises EvidenceError where it holds none."""
    from prooftrail.flows import pack_views  # noqa: PLC0415 - opening a pack's rooms takes a while, and others wait

    return pack_views.whole_period(stores.open_locker(options.locker, profile=options.profile))


def make_pack(
    options: Options,
    asked: PackOptions,
    place: Path,
    *,
    sign: bool = True,
    replace: bool = False,
    progress: "Progress | None" = None,
) -> MadePack:
    """Make the pack of the locker at `options.locker` into `place`, signed where a key of its chain is at hand.

    Raises ConfigError for a place inside the locker or the home, and for a `--signer` that is none of the chain's.
    """
    from prooftrail.flows.build_pack import Maker, build_pack  # noqa: PLC0415 - as above

    locker = stores.open_locker(options.locker, profile=options.profile)
    home = _home(options)
    _require_apart(place, options, home)
    chain_head.require_chain(locker)
    signer, unsigned = _signer(options, home, locker) if sign else (None, "it was asked for unsigned")
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
            lock_of=_locks(options.locker),
            said=_partial(options.locker),
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


def _locks(address: str) -> Callable[[str], LockState | None]:
    """The locks that were observed when the copy at `address` was taken out of its bucket."""
    observed = pulling.pulled_objects(address)
    return lambda key: observed[key].lock if key in observed else None


def _partial(address: str) -> tuple[str, ...]:
    """What must be said of a locker that is only a part of one."""
    record = pulling.pull_record(address)
    if record is None or (record.scope.whole and record.finished):
        return ()
    unfinished = "" if record.finished else ", and the pull has not finished"
    return (f"this pack was made from a partial copy of {record.bucket} ({record.scope.worded()}{unfinished})",)
