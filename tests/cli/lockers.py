"""A locker in a directory as four days of sweeps leave it, with a home beside it, and what others could do to it."""

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Head
from prooftrail.flows.control_map import ControlMap
from prooftrail.flows.sweep import Swept
from prooftrail.model.account import AccountReadings, RoleSettings
from prooftrail.model.iam import Role, Secret, Usage
from prooftrail.model.identity import Observed
from prooftrail.ports import RawResponse
from tests import builders
from tests.contracts.fakes import MemorySigner
from tests.flows.world import DAY_1, HOME, MEMBER, World

ESCAPE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202egnp.exe"
MARKUP = "<img src=x onerror=alert(1)>[red]"
FORMULA = "=HYPERLINK(0)"
FLOOD = "A" * 65536
DAYS = ("20261101T060000Z", "20261102T060000Z", "20261103T060000Z", "20261104T060000Z")


class Town(World):
    """Two accounts read by fakes and sealed into a directory; `more` is what is listed beside the users."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root, self.address, self.home = root, root / "evidence", root / "home"
        home, locker = Home(self.home).create(), DirectoryLocker(self.address)
        locker.create()
        self.locker, self.ledger = locker, SqliteLedger(home.ledger)  # type: ignore[assignment]
        self.signer, self.fingerprints, self.pin = home.signer(), home.fingerprint_key(), home  # type: ignore[assignment]
        self.judge = ControlMap()  # type: ignore[assignment]
        self.more: dict[str, list[Observed]] = {HOME: [], MEMBER: []}

    def run(self, day: int) -> Swept:
        """One scheduled run."""
        return self.sweep()(self.day(day))

    def home_head(self) -> Head:
        """The head the home remembers."""
        found = Home(self.home).recall()
        assert found is not None
        return found

    def _readings(self, account: str, names: list[str]) -> AccountReadings:
        found = super()._readings(account, names)
        roles = [one for one in self.more[account] if isinstance(one.facts, Role)]
        secrets = [one for one in self.more[account] if isinstance(one.facts, Secret)]
        principals = found.principals
        if not principals.gaps:
            principals = msgspec.structs.replace(principals, items=(*principals.items, *roles))
        counted = msgspec.structs.replace(
            found.summary_after,
            items=tuple(
                msgspec.structs.replace(one, value=len(roles)) if one.name == "Roles" else one
                for one in found.summary_after.items
            ),
        )
        return msgspec.structs.replace(
            found,
            summary_before=counted,
            summary_after=counted,
            principals=principals,
            role_settings=builders.a_reading(*map(_settings, roles), sources=()),
            secrets=(("us-east-1", builders.a_reading(*secrets, sources=())),),
            documents=tuple(one for role in roles if (one := builders.trust_document_of(role))),
        )

    def _raw(self, account: str, names: list[str]) -> RawResponse:
        body = " ".join(f"<UserName>{name}</UserName><UserId>AIDA{account[0]}{name}</UserId>" for name in names)
        return msgspec.structs.replace(super()._raw(account, names), body=body)


def four_days(root: Path) -> Town:
    """Day 1: all is read. Day 2: the member's users and roles are refused. Day 3: the member is unreachable.

    Day 4: all is read again; in the member svc-deploy has left and carol has come.
    """
    town = Town(root)
    town.users = {HOME: ["ada", "kim@example.com"], MEMBER: ["bob", "svc-deploy", FORMULA]}
    stranger = builders.statement(
        {"AWS": "arn:aws:iam::999999999999:root"}, condition={"StringEquals": {"sts:ExternalId": "x-1"}}
    )
    hostile = builders.a_role("playground", trust=stranger, account=MEMBER, description=f"{MARKUP} {ESCAPE}")
    flooded = builders.a_secret(
        "vault", region="us-east-1", account=MEMBER, tags={"owner": FORMULA, "note": FLOOD}, description=ESCAPE
    )
    used = builders.a_role("worker", account=MEMBER, usage=_used(DAY_1 - timedelta(days=412)))
    town.more[MEMBER] = [hostile, flooded, used]
    town.run(1)
    town.refused = {MEMBER}
    town.run(2)
    town.refused, town.unreachable = set(), {MEMBER}
    town.run(3)
    town.unreachable = set()
    town.users[MEMBER] = ["bob", FORMULA, "carol"]
    town.run(4)
    return town


def _settings(role: Observed) -> RoleSettings:
    description = role.facts.description if isinstance(role.facts, Role) else None
    return RoleSettings(role_id=role.id, max_session_s=3600, description=description)


def _used(at: datetime) -> Usage:
    return Usage(tracked=True, last_used_at=at, service=None, region="us-east-1")


ASSURANCE = "assurance: self-signed: signed with a key file: whoever holds it could have made all of this"
"""The line under the head of every report on a town."""


class Copy(NamedTuple):
    """A copy of a town's locker and home, to do things to."""

    address: Path
    home: Path

    def change(self, name: str, by: Callable[[bytes], bytes]) -> None:
        """Write other bytes under a name."""
        path = self.address / name
        body = by(path.read_bytes())
        path.chmod(0o644)
        path.write_bytes(body)

    def add(self, name: str, body: bytes) -> None:
        """Write a new file."""
        path = self.address / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def remove(self, name: str) -> None:
        """Delete a file."""
        (self.address / name).unlink()

    def first(self, prefix: str) -> str:
        """The first name below a prefix."""
        return min(str(one.relative_to(self.address)) for one in (self.address / prefix).rglob("*") if one.is_file())

    def resign(self, seq: int, signer: MemorySigner) -> None:
        """The same manifest, signed by another key."""
        key = layout.chain_key(seq)
        content = manifest.read(key, (self.address / key).read_bytes())
        keyid = envelope.fingerprint(signer.public_key_pem())
        self.change(key, lambda _: manifest.seal(content, keyid=keyid, sign=signer.sign))


def copied(town: Town, to: Path) -> Copy:
    """A copy below `to`."""
    shutil.copytree(town.address, to / "evidence")
    shutil.copytree(town.home, to / "home")
    return Copy(to / "evidence", to / "home")


class Said(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


type Prooftrail = Callable[..., Said]


def words(arguments: Sequence[object]) -> list[str]:
    """Arguments as a shell would pass them."""
    return [str(one) for one in arguments]
