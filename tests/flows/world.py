"""A small world for the flows: sources that say what a test tells them to, and stores that can break between writes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from prooftrail.errors import AccountUnreachable
from prooftrail.evidence.manifest import Code, Head
from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.keep_ledger import KeepLedger
from prooftrail.flows.open_chain import OpenChain
from prooftrail.flows.rederive import Rederive
from prooftrail.flows.remind_owners import RemindOwners
from prooftrail.flows.scan_account import ScanAccount
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.start_run import StartRun
from prooftrail.flows.sweep import Sweep
from prooftrail.flows.tell_ledger import TellLedger
from prooftrail.flows.verify_locker import Trust, Verified, VerifyLocker
from prooftrail.governance import Governance
from prooftrail.model import canonical
from prooftrail.model.account import (
    AccountReadings,
    Carry,
    Count,
    OrganizationReadings,
    OutboundFederation,
    PasswordPolicy,
    Report,
)
from prooftrail.model.iam import AccessKey, AwsManagedPolicy, KeySlot, ReportRow, Usage, User
from prooftrail.model.identity import Observed
from prooftrail.model.organization import Account, AccountState, OrganizationFacts, Tag
from prooftrail.model.reading import Gap, GapReason, Reading, Source
from prooftrail.model.run import Run, Schedule
from prooftrail.ports import Locker, RawResponse, RawSink, Target
from prooftrail.settings import Retention
from tests.builders.judging_keys import KeyJudge
from tests.contracts.fakes import MemoryFingerprintKey, MemoryLedger, MemoryLocker, MemorySigner

DAY_1 = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
DAILY = Schedule(every_hours=24, at="06:00")
HOME, MEMBER = "111111111111", "222222222222"
CODE = Code(version="test", sha256="0" * 64)


class StillClock:
    """Stands where it was put."""

    def __init__(self, at: datetime = DAY_1) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Pin:
    """Remembers a head in memory."""

    def __init__(self) -> None:
        self.head: Head | None = None

    def recall(self) -> Head | None:
        return self.head

    def remember(self, head: Head, *, locker_id: str) -> None:
        if self.head is None or head.seq >= self.head.seq:
            self.head = head


class Killed(BaseException):
    """The process dies here; nothing may catch it."""


class Dying:
    """A locker or ledger that dies before or after its n-th write, as a killed process does."""

    def __init__(self, inner: object, budget: Callable[[], None], writes: frozenset[str]) -> None:
        self._inner, self._budget, self._writes = inner, budget, writes

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name not in self._writes:
            return found

        def write(*args: object, **known: object) -> object:
            self._budget()
            done = found(*args, **known)
            self._budget()
            return done

        return write


class World:
    """An organization of two accounts whose users are what `users` says, read by fakes, sealed into memory."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.locker: Locker = MemoryLocker(now=self.clock.now)
        self.ledger = MemoryLedger()
        self.signer, self.fingerprints, self.pin = MemorySigner(), MemoryFingerprintKey(), Pin()
        self.users: dict[str, list[str]] = {HOME: ["ada"], MEMBER: ["bob", "svc-deploy"]}
        self.unreachable: set[str] = set()
        self.refused: set[str] = set()
        self.states: dict[str, AccountState] = {}
        self.joined: dict[str, datetime] = {}
        self.organization_gaps: tuple[Gap, ...] = ()
        self.governance = Governance()
        self.judge = KeyJudge()
        self.code = CODE
        self.published = {"arn:aws:iam::aws:policy/ReadOnlyAccess": "v1"}
        self.unlisted: tuple[Gap, ...] = ()
        self.shown: list[str] = []
        self.keys_off: set[str] = set()
        self.reads = 0

    # the two sources -------------------------------------------------------------------------------------------

    def read(self, *args: object, **known: object) -> object:
        """Both sources in one: an account where a target is given, else the organization."""
        return self._account(*args, **known) if args else self._organization(**known)  # type: ignore[arg-type]

    def _organization(
        self, *, run: Run, raw: RawSink, redactor: Redactor, known: tuple[AwsManagedPolicy, ...]
    ) -> OrganizationReadings:
        accounts = tuple(
            Account(
                id=one,
                name=f"acct-{one[0]}",
                state=self.states.get(one, AccountState.ACTIVE),
                joined_at=self.joined.get(one),
            )
            for one in sorted(self.users)
        )
        return OrganizationReadings(
            caller_account=HOME,
            caller_arn=f"arn:aws:sts::{HOME}:assumed-role/scanner/jane@example.com",
            partition="aws",
            facts=OrganizationFacts(id="o-example", management_account=HOME),
            accounts=Reading(
                items=accounts, gaps=self.organization_gaps, sources=(self._source("organizations:ListAccounts"),)
            ),
            delegated_administrators=Reading(),
            policies=Reading(),
            aws_policies=self._published(known),
        )

    def _published(self, known: tuple[AwsManagedPolicy, ...]) -> Reading[AwsManagedPolicy]:
        texts = {(one.arn, one.version): one for one in known}
        self.shown = [arn for arn, version in self.published.items() if (arn, version) not in texts]
        read = [
            AwsManagedPolicy(arn=arn, version=version, text=f'{{"Version":"{version}"}}')
            for arn, version in self.published.items()
        ]
        source = rewritten(self._source("iam:ListPolicies"), calls=1 + len(self.shown))
        return Reading(items=() if self.unlisted else tuple(read), gaps=self.unlisted, sources=(source,))

    def _account(self, target: Target, *, run: Run, carry: Carry, raw: RawSink, redactor: Redactor) -> AccountReadings:
        self.reads += 1
        self.carried = carry
        if target.account in self.unreachable:
            raise AccountUnreachable(target.account, "sts:AssumeRole: no such role", "AccessDenied")
        names = [redactor.text(name) for name in self.users[target.account]]
        raw.add(self._raw(target.account, names))
        return self._readings(target.account, names)

    def _readings(self, account: str, names: list[str]) -> AccountReadings:
        denied = self._gap("iam:GetAccountAuthorizationDetails") if account in self.refused else ()
        users = () if denied else tuple(_user(account, name) for name in names)
        counts = tuple(
            Count(name=name, value=value)
            for name, value in (("Users", len(names)), ("Roles", 0), ("Groups", 0), ("Policies", 0))
        )
        return AccountReadings(
            account=account,
            regions=Reading(items=("us-east-1",), sources=(self._source("account:ListRegions"),)),
            regions_read=("us-east-1",),
            summary_before=Reading(items=counts),
            summary_after=Reading(items=counts),
            principals=Reading(items=users, gaps=denied, sources=(self._source("iam:GetAccountAuthorizationDetails"),)),
            groups=(),
            policies=(),
            documents=(),
            role_settings=Reading(),
            report=Reading(
                items=(
                    Report(
                        generated_at=self.clock.now(),
                        columns=("user",),
                        rows=tuple(_row(account, name) for name in names),
                    ),
                )
            ),
            access_keys=Reading(items=tuple(_key(account, name, off=name in self.keys_off) for name in names)),
            mfa=Reading(),
            service_credentials=Reading(),
            password_policy=Reading(items=(PasswordPolicy(set=False),)),
            saml_providers=Reading(),
            oidc_providers=Reading(),
            server_certificates=Reading(),
            outbound_federation=Reading(items=(OutboundFederation(enabled=False),)),
            secrets=(("us-east-1", Reading()),),
            contacts=Reading(),
            contacts_read_in=canonical.run_id(self.clock.now()),
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
            calls=7,
        )

    def _gap(self, api: str) -> tuple[Gap, ...]:
        return (Gap(api=api, reason=GapReason.DENIED, detail="not authorized", code="AccessDenied"),)

    def _source(self, api: str) -> Source:
        now = self.clock.now()
        return Source(
            api=api, region="global", calls=1, observed_from=now, observed_to=now, aws_date_from=now, aws_date_to=now
        )

    def _raw(self, account: str, names: list[str]) -> RawResponse:
        return RawResponse(
            api="iam:GetAccountAuthorizationDetails", region="global", account=account, parameters=(), status=200,
            request_id=f"r-{self.reads}", date=None, observed_at=self.clock.now(), body=" ".join(names),
        )  # fmt: skip

    # the flows --------------------------------------------------------------------------------------------------

    def sweep(
        self, *, locker: Locker | None = None, ledger: MemoryLedger | None = None, remind: RemindOwners | None = None
    ) -> Sweep:
        """A fresh process over the same stores."""
        locker, ledger = locker or self.locker, ledger or self.ledger
        sealing = Sealing(locker, clock=self.clock, retention=Retention(), secret=self.fingerprints.secret())
        tell = TellLedger(locker=locker, ledger=ledger)
        scan = ScanAccount(
            locker=locker, sealing=sealing, source=self, judge=self.judge, tell=tell, fingerprints=self.fingerprints, regions=None, code=self.code, clock=self.clock
        )  # fmt: skip
        open_chain = OpenChain(
            locker=locker, sealing=sealing, signer=self.signer, pin=self.pin, schedule=DAILY, clock=self.clock
        )
        start = StartRun(
            locker=locker, sealing=sealing, signer=self.signer, pin=self.pin, organization=self, fingerprints=self.fingerprints,
            governance=self.governance, judge=self.judge, schedule=DAILY, role_name="prooftrail/ProoftrailReader", code=self.code, clock=self.clock,
            open_chain=open_chain,
        )  # fmt: skip
        close = CloseRun(
            locker=locker, sealing=sealing, signer=self.signer, pin=self.pin, keep=KeepLedger(locker=locker, ledger=ledger, tell=tell), judge=self.judge, code=self.code, clock=self.clock
        )  # fmt: skip
        return Sweep(start=start, scan=scan, close=close, workers=1, remind=remind)

    def day(self, number: int) -> Run:
        """Move the clock to the tick of a day, counted from one, and give its run."""
        tick = DAY_1 + timedelta(days=number - 1)
        self.clock.at = tick + timedelta(seconds=5)
        return Run.scheduled(tick, None)

    def verify(self, *, deep: bool = True, rederive: bool = False, code: Code = CODE) -> Verified:
        """Verify the locker with the key known from outside, and judge it again by `code` if asked to."""
        again = Rederive(locker=self.locker, judge=self.judge, code=code) if rederive else None
        return VerifyLocker(locker=self.locker, clock=self.clock)(
            trust=Trust(public_key=self.signer.public_key_pem()), deep=deep, rederive=again
        )

    def names(self, prefix: str = "") -> Iterator[str]:
        """The keys in the locker."""
        return (one.key for one in self.locker.versions(prefix))


def _ids(account: str, name: str) -> tuple[str, str]:
    return f"AIDA{account[0]}{name}", f"arn:aws:iam::{account}:user/{name}"


def _user(account: str, name: str) -> Observed:
    user_id, arn = _ids(account, name)
    tags = (Tag(key="purpose", value="tests"),)
    return Observed(
        id=user_id, arn=arn, region="global", name=name, created_at=DAY_1 - timedelta(days=90), tags=tags,
        facts=User(path="/"), usage=Usage(tracked=False),
    )  # fmt: skip


def _row(account: str, name: str) -> ReportRow:
    _, arn = _ids(account, name)
    created = DAY_1 - timedelta(days=90)
    slot = KeySlot(slot=1, active=True, rotated_at=created, usage=Usage(tracked=True))
    return ReportRow(
        arn=arn, user=name, created_at=created, password_enabled=False, password_usage=Usage(tracked=False),
        password_changed_at=None, password_next_rotation=None, mfa_active=False, keys=(slot,), certificates=(),
    )  # fmt: skip


def _key(account: str, name: str, *, off: bool) -> Observed:
    user_id, arn = _ids(account, name)
    return Observed(
        id=f"AKIA{account[0]}{name}", arn=arn, region="global", name=f"AKIA{account[0]}{name}",
        created_at=DAY_1 - timedelta(days=90), tags=None, parent=user_id,
        facts=AccessKey(user_id=user_id, user_name=name, status="Inactive" if off else "Active"), usage=Usage(tracked=True),
    )  # fmt: skip


def rewritten[T: msgspec.Struct](value: T, **known: object) -> T:
    """A value with some fields changed."""
    return msgspec.structs.replace(value, **known)
