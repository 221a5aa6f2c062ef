"""Makes a pack: every part sees each account once, the evidence is copied as it is read, and the statement comes last.

The same locker and options give the same bytes, on any machine and any day: nothing here asks for the time.
"""

from collections.abc import Callable

import msgspec

from prooftrail.model.run import SealedObject
from prooftrail.pack.files import PackFiles
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.integrity.integrity import DIRECTORY, Integrity, Locks
from prooftrail.pack.part import Part
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PackOptions, PeriodView
from prooftrail.pack.workbook.workbook import Workbook
from prooftrail.ports import Locker

from .locker_history import LockerHistory
from .pack_head import AskedHead, LockerAt, RecordsAt, is_of_bucket, require_head
from .pack_views import PackViews

type Progress = Callable[[int, int, str], None]
"""Told of every step: how many are done, of how many, and what is next."""


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a pack: the code, and the key that signs it, None where nobody does (`public_key` is its PEM)."""

    version: str
    code_sha256: str
    sign: Callable[[bytes], bytes] | None = None
    public_key: bytes | None = None


class BuiltPack(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: the period, what was counted, page one, and how many objects of evidence lie in it.

    `not_chained` counts custody records, answers and notices in the locker that no manifest up to the pack's head names.
    """

    period: PeriodView
    tally: Tally
    page_one: PageOne
    evidence: int
    evidence_bytes: int
    not_chained: int = 0


def build_pack(
    locker: Locker,
    options: PackOptions,
    files: PackFiles,
    maker: Maker,
    *,
    head: AskedHead | None = None,
    locks: Locks | None = None,
    copy: tuple[str, ...] = (),
    not_yet: Callable[[str], bool] = lambda _: False,
    progress: Progress | None = None,
) -> BuiltPack:
    """Make the pack of a locker's period into `files`, one account in memory at a time.

    It is bound to `head` (None: the newest): of what was sealed after it, or lies there without a manifest's name, it has
    nothing. `locks` are as somebody observed them; `copy` is what must be said of a locker that is a part of one, `not_yet`
    true for what a pull did not come to. Raises ConfigError and EvidenceError as PackViews does, before anything but chain
    and records was written.
    """
    from prooftrail.pack.front.front import front  # noqa: PLC0415

    told = progress or _nobody
    copies = _Copies(files)
    told(0, 0, "reading the chain")
    code = maker.version, maker.code_sha256
    if head is not None:
        require_head(locker, head)
    at = LockerAt(locker, head, not_yet=not_yet)
    history = LockerHistory(at)
    records = RecordsAt(at, history, bucket=is_of_bucket(history))
    views = PackViews(
        at,
        options,
        keep=copies.keep,
        version=code[0],
        code_sha256=code[1],
        copy=copy,
        history=history,
        records=records,
    )
    period = views.period
    tally, made = Tally(period), parts(period, files)
    steps = len(period.accounts) + 2
    for done, one in enumerate(views.accounts()):
        told(done, steps, f"account {one.account}" if not one.of_organization else "the organization")
        tally.take(one)
        for part in made:
            part.take(one)
        del one  # the next is about to be read
    told(steps - 1, steps, "the whole")
    for part in made:
        part.finish(tally)
    seen = locks or Locks(read_from=DIRECTORY)
    integrity = Integrity(period, files, sign=maker.sign, public_key=maker.public_key, read_from=seen.read_from)
    for sealed in views.objects(copies.keys):
        integrity.add(sealed, copies.path_of(sealed.key), seen.of(sealed.key))
    integrity.finish(tally)
    told(steps, steps, "done")
    return BuiltPack(
        period=period,
        tally=tally,
        page_one=front(period, tally),
        evidence=len(copies.keys),
        evidence_bytes=copies.size,
        not_chained=records.not_chained(),
    )


def parts(period: PeriodView, files: PackFiles) -> tuple[Part, ...]:
    """The parts of a pack in the order they are finished; what counts rows comes before what tells of them."""
    from prooftrail.pack.front.readme import Readme  # noqa: PLC0415
    from prooftrail.pack.front.scope import Scope  # noqa: PLC0415
    from prooftrail.pack.ocsf.findings import Ocsf  # noqa: PLC0415
    from prooftrail.pack.oscal.oscal import Oscal  # noqa: PLC0415
    from prooftrail.pack.registers.everything import REGISTERS  # noqa: PLC0415
    from prooftrail.pack.registers.of_period import REQUEST_REGISTERS  # noqa: PLC0415
    from prooftrail.pack.registers.tables import Tables  # noqa: PLC0415
    from prooftrail.pack.report.report import Report  # noqa: PLC0415

    workbook = Workbook(period, files)
    return (
        Tables(period, files, (*REGISTERS, *(REQUEST_REGISTERS if period.options.requests else ())), (workbook.row,)),
        Scope(period, files),
        Oscal(period, files),
        Ocsf(period, files),
        _Listening(workbook),
        Report(period, files),
        Readme(period, files),
    )


class _Listening:
    """A part that hears rows as they are written, and needs no account itself."""

    def __init__(self, part: Workbook) -> None:
        self._part = part

    def take(self, one: AccountView) -> None:
        """Its rows came already."""

    def finish(self, tally: Tally) -> None:
        """Write it."""
        self._part.finish(tally)


class _Copies:
    """Writes every object of evidence once, under its own key."""

    def __init__(self, files: PackFiles) -> None:
        self._files, self.keys, self.size = files, set[str](), 0

    def keep(self, _: SealedObject | None, key: str, body: bytes) -> None:
        """Copy an object as it is stored."""
        if key in self.keys:
            return
        with self._files.open(_path(key)) as file:
            file.write(body)
        self.keys.add(key)
        self.size += len(body)

    def path_of(self, key: str) -> str | None:
        """Where the copy of an object lies; None where it was not taken along."""
        return _path(key) if key in self.keys else None


def _path(key: str) -> str:
    return f"evidence/{key}"


def _nobody(_done: int, _of: int, _what: str) -> None:
    return None
